"""A quote's arithmetic, and what an order says otherwise."""

from decimal import Decimal

import pytest

from crossdock.rules import quoting

PRICED = [
    {"line": "1", "sku": "A", "description": "Bolt", "quantity": Decimal(3), "unit": "EA",
     "unit_price": Decimal("3.33"),
     "cost": Decimal("5.00"), "problem": None},
    {"line": "2", "sku": None, "quantity": Decimal(1), "unit": "EA", "unit_price": None, "problem": "unknown_item"},
]  # fmt: skip


def line(number: str, sku: str, quantity: int = 3, price: str | None = "3.16", unit: str = "EA") -> dict[str, object]:
    items = [{"scheme": "supplier", "value": sku}]
    return {"line": number, "items": items, "quantity": quantity, "unit": unit,
            "unit_price": price and Decimal(price)}  # fmt: skip


def test_the_discount_comes_off_the_unit_price_so_that_what_is_quoted_can_be_billed() -> None:
    found = quoting.lines(PRICED, Decimal(5))
    (offered,) = found["lines"]
    assert (offered["unit_price"], offered["amount"]) == (Decimal("3.16"), Decimal("9.48"))
    assert found["problems"] == [{"line": "2", "problem": "unknown_item"}]
    assert (found["before"], found["total"], found["margin_percent"]) == (
        Decimal("9.99"), Decimal("9.48"), Decimal("47.3"),
    )  # fmt: skip


@pytest.mark.parametrize("discount", [Decimal(100), Decimal(-1)])
def test_a_discount_that_is_none_is_refused(discount: Decimal) -> None:
    with pytest.raises(ValueError, match="0 to below 100"):
        quoting.lines(PRICED, discount)


def test_an_order_is_the_quote_whatever_its_line_numbers_and_without_prices() -> None:
    quoted = quoting.lines(PRICED, Decimal(5))["lines"]
    assert quoting.differences(quoted, [line("10", "A", price=None)]) == {"differences": []}


def test_every_difference_is_named() -> None:
    quoted = [{"line": "1", "sku": "A", "quantity": 3, "unit": "EA", "unit_price": Decimal("3.16")},
              {"line": "2", "sku": "B", "quantity": 1, "unit": "EA", "unit_price": Decimal(1)}]  # fmt: skip
    ordered = [line("1", "A", 4, "3.00", "CS"), line("9", "C")]
    found = quoting.differences(quoted, ordered)["differences"]
    assert [(d["line"], d["what"]) for d in found] == [
        ("1", "quantity"), ("1", "unit"), ("1", "price"), ("2", "missing"), ("9", "added"),
    ]  # fmt: skip
