"""A cXML order sent again with `type="update"`: the canonical change that it is.

cXML has no change of its own: an update is the whole order as it is from now on, under the number of the order that it
replaces (`orderVersion` counts them, `DocumentReference` names the message before). So it becomes a change whose lines
are all that the order has, and the order's process weighs it against what it has by then. `type="delete"` needs nothing
of this: it is an order whose purpose is to be cancelled.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from crossdock.canonical.change import ChangeAction, ChangeLine, OrderChange
from crossdock.canonical.order import OrderLine, PurchaseOrder
from crossdock.canonical.parts import Dated, Party, Reference
from crossdock.partners.lineage import Origin

REQUESTED = "/dates/0/on"


def whole(order: PurchaseOrder, facts: Mapping[str, Any]) -> OrderChange:
    """facts: of the map; `version` of the order, and `replaces`, the message before."""
    references = [Reference(kind=k, value=v) for k, v in order.references.items()]
    if replaces := facts.get("replaces"):
        references.append(Reference(kind="order_message", value=str(replaces)))
    return OrderChange(
        order_number=order.number,
        purpose="replacement",
        sequence=str(facts.get("version") or ""),
        changed_on=order.ordered_on,
        currency=order.currency,
        references=tuple(references),
        dates=_wanted(order.requested_on),
        parties=tuple(Party(role=p.role.value, id=p.id, scheme=p.scheme, address=p.address) for p in order.parties),
        lines=tuple(_line(line) for line in order.lines),
        adjustments=order.adjustments,
        taxes=order.taxes,
        notes=tuple(order.notes.split("\n")) if order.notes else (),
        stated_total=order.stated_total,
    )


def _line(line: OrderLine) -> ChangeLine:
    return ChangeLine(
        number=line.number,
        action=ChangeAction.REPLACE,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        items=line.items,
        description=line.description,
        dates=_wanted(line.requested_on),
        adjustments=line.adjustments,
        taxes=line.taxes,
        splits=line.splits,
    )


def _wanted(on: date | None) -> tuple[Dated, ...]:
    return (Dated(kind="delivery_requested", on=on),) if on is not None else ()


def trail(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """Of the order's fields, as the change has them."""
    return tuple(Origin(_moved(o.pointer), o.place) for o in origins)


def _moved(pointer: str) -> str:
    head, _, last = pointer.rpartition("/")
    match head, last:
        case "", "number":
            return "/order_number"
        case "", "ordered_on":
            return "/changed_on"
        case _, "requested_on":
            return f"{head}{REQUESTED}"
        case _:
            return pointer
