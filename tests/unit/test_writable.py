"""Which of several database hosts is meant."""

import pytest

from crossdock.embedded import writable

ONE = "postgresql://user:p%40ss@db.example:5432/crossdock"
TWO = "postgresql://user:p%40ss@first:5432,second:5432/crossdock"


@pytest.mark.parametrize(
    "dsn", [ONE, ONE + "?host=/run/postgresql", TWO + "?target_session_attrs=any", "postgresql:///crossdock?host=/run"]
)
def test_a_url_that_leaves_no_choice_stays_as_it_is(dsn: str) -> None:
    assert writable(dsn) == dsn


def test_of_several_hosts_the_one_that_takes_writes_is_meant() -> None:
    assert writable(TWO) == TWO + "?target_session_attrs=read-write"
    several = "postgresql:///crossdock?host=first,second&port=5432,5433"
    assert writable(several) == several + "&target_session_attrs=read-write"
