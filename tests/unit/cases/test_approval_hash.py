"""What an approval binds to."""

from decimal import Decimal

import pytest

from crossdock.cases.approvals import hash_of


@pytest.mark.parametrize(("asked", "read"), [("60000", "6E+4"), ("1200000", "1.2E+6"), ("0", "0E+3"), ("10", "1E+1")])
def test_a_round_amount_is_the_same_however_the_database_writes_it(asked: str, read: str) -> None:
    assert hash_of("Credit", Decimal(asked), {}) == hash_of("Credit", Decimal(read), {})


def test_another_amount_or_none_is_another_approval() -> None:
    hashes = {hash_of("Credit", amount, {}) for amount in (None, Decimal(0), Decimal("6E+4"), Decimal("60000.01"))}
    assert len(hashes) == 4
