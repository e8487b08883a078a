"""What a change asks of each line, whatever word its action has."""

from datetime import date
from decimal import Decimal

import pytest

from crossdock.canonical.change import ChangeAction, ChangeLine, OrderChange
from crossdock.canonical.order import OrderLine, PurchaseOrder, Split
from crossdock.canonical.parts import Dated
from crossdock.partners.deciding import digest

DAY = date(2026, 12, 1)


def line(action: ChangeAction) -> ChangeLine:
    return ChangeLine(
        number="2",
        action=action,
        quantity=Decimal(7),
        unit="EA",
        unit_price=Decimal("1.25"),
        dates=(Dated(kind="delivered", on=date(2026, 1, 1)), Dated(kind="delivery_requested", on=DAY)),
    )


@pytest.mark.parametrize(
    ("action", "quantity", "price", "day"),
    [
        (ChangeAction.ADD, 7, "1.25", DAY),
        (ChangeAction.CHANGE, 7, "1.25", DAY),
        (ChangeAction.REPLACE, 7, "1.25", DAY),
        (ChangeAction.CANCEL, 0, None, None),
        (ChangeAction.QUANTITY_UP, 7, None, None),
        (ChangeAction.QUANTITY_DOWN, 7, None, None),
        (ChangeAction.PRICE, None, "1.25", None),
        (ChangeAction.RESCHEDULE, None, None, DAY),
        (ChangeAction.NONE, None, None, None),
    ],
)
def test_a_line_asks_for_what_its_action_speaks_of(
    action: ChangeAction, quantity: int | None, price: str | None, day: date | None
) -> None:
    asked = line(action)
    assert asked.new_quantity == quantity
    assert asked.new_price == (None if price is None else Decimal(price))
    assert asked.new_day == day


def test_a_cancellation_is_of_the_whole_order() -> None:
    assert OrderChange(order_number="P1", purpose="cancellation").cancels
    assert not OrderChange(order_number="P1", lines=(line(ChangeAction.CANCEL),)).cancels


def test_the_digest_of_an_order_without_splits_is_what_it_was_before_there_were_any() -> None:
    bare = OrderLine(number="1", items=(), quantity=Decimal("1.50"), unit="EA")
    order = PurchaseOrder(number="P", currency="EUR", lines=(bare,))
    assert digest(order) == "261825dd61a26aa82355264d6e73cfd08b171db0b77e65a9af4bace49bbcd414"
    split = OrderLine(
        number="1",
        items=(),
        quantity=Decimal("1.50"),
        unit="EA",
        splits=(Split(ship_to="0001", quantity=Decimal("1.50")),),
    )
    assert digest(PurchaseOrder(number="P", currency="EUR", lines=(split,))) != digest(order)
