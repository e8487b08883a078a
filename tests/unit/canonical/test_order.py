"""An order's own arithmetic."""

from decimal import Decimal

from crossdock.canonical.order import OrderLine, PurchaseOrder


def line(quantity: str, price: str | None) -> OrderLine:
    return OrderLine(
        number="1",
        items=(),
        quantity=Decimal(quantity),
        unit="EA",
        unit_price=None if price is None else Decimal(price),
    )


def test_a_line_is_quantity_times_price_to_the_last_digit() -> None:
    assert line("3", "0.10").amount == Decimal("0.30")
    assert line("0.7", "0.1").amount == Decimal("0.07")
    assert line("123456789", "1234567.891234").amount == Decimal("152415787654250.887626")


def test_an_order_with_a_line_without_price_has_no_total() -> None:
    def total(*lines: OrderLine) -> Decimal | None:
        return PurchaseOrder(number="PO-1", currency="EUR", lines=lines).total

    assert total(line("1", "0.1"), line("1", "0.2")) == Decimal("0.3")
    assert total(line("1", "0.1"), line("1", None)) is None
