"""Numbers of documents: what was written is what is read, digit for digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import exactjson


@pytest.mark.parametrize("text", ["0.10", "1.005", "123456789012345678.123456789", "-0.00"])
def test_a_fraction_keeps_every_digit(text: str) -> None:
    read = exactjson.loads(text)
    assert isinstance(read, Decimal)
    assert str(read) == text
    assert exactjson.text(read) == text


def test_an_integer_of_any_size_stays_one() -> None:
    assert exactjson.loads("376104250021234569") == 376104250021234569
    assert exactjson.text({"sscc": 376104250021234569}) == '{"sscc":376104250021234569}'


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**15), max_value=10**15))
def test_any_amount_survives_a_round_trip(amount: Decimal) -> None:
    assert exactjson.loads(exactjson.dumps({"amount": amount}))["amount"] == amount
