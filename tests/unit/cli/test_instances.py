"""What `--where` means."""

from uuid import UUID

import pytest

from crossdock.cli.instances import selection
from crossdock.engine.operations import Selection
from crossdock.errors import SetupError

ONE = UUID(int=7)


def test_conditions_become_a_selection() -> None:
    where = ["status=faulted", "order=SO-1*", "task=book", "error=3f2a91c07b44", "older=90m", f"id={ONE}"]
    assert selection(where) == Selection(
        status="faulted", order="SO-1*", task="book", fingerprint="3f2a91c07b44", older_h=1.5, ids=[ONE]
    )
    assert selection(["older=5d"]).older_h == 120
    assert selection([], [ONE]).ids == [ONE]
    assert selection([]).empty


@pytest.mark.parametrize("condition", ["colour=red", "status", "status=", "older=soon", "id=7", "older=5"])
def test_a_condition_that_is_none_is_named(condition: str) -> None:
    with pytest.raises(SetupError, match=condition.partition("=")[2] or condition):
        selection([condition])
