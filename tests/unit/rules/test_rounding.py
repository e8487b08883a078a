"""Cents: half up, as on an invoice, and never by way of a binary fraction."""

from decimal import Decimal

import pytest

from crossdock.rules.pricing import compare, money


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("2.665", "2.67"), ("2.675", "2.68"), ("-0.005", "-0.01"), ("1.0049999", "1.00")],
)
def test_half_a_cent_is_rounded_up_as_on_an_invoice(amount: str, rounded: str) -> None:
    assert money(Decimal(amount)) == Decimal(rounded)


def test_a_stated_line_is_rounded_once_and_exactly() -> None:
    stated = [{"line": "1", "quantity": 3, "unit": "EA", "unit_price": Decimal("0.335")}]
    assert compare(stated, [])["lines"][0]["stated_amount"] == Decimal("1.01")
