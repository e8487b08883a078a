"""A change that one of ours makes for a customer: what it would come to, and asking for it.

What is previewed is what the process would be told: the order's lines as they were last priced, each weighed as a
partner's own change is (crossdock.rules.amendment), and the table `order-change`, which says what may still be done at
the step the order is at and who agrees. Asking writes one event; the process `order-change` does the rest. Between the
two the order may move on: the process that owns it has the last word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from crossdock import audit, exactjson, ids
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events import envelope, inbox
from crossdock.rules import Rulebook, amendment, load
from crossdock.rules.table import version_of

SQL = queries("crossdock.tower", "amending.sql")
SOURCE = "/crossdock/gateway"
TABLE = "order-change"
NONE = Decimal(0)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """quantity and unit_price: what the line shall have from now on; None: as it is."""

    line: str
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    cancel: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """cancel: the whole order; then nothing else counts."""

    cancel: bool = False
    lines: Sequence[LineChange] = ()
    requested_on: date | None = None
    ship_to: Mapping[str, Any] | None = None

    def change(self, document: str) -> dict[str, Any]:
        """In the words of crossdock.order.change-requested (docs/intake.md)."""
        return {
            "document": document,
            "requested_on": self.requested_on and self.requested_on.isoformat(),
            "ship_to": self.ship_to,
            "lines": [
                {
                    "line": n.line, "action": "cancel" if n.cancel or n.quantity == 0 else "change",
                    "quantity": n.quantity, "unit_price": n.unit_price,
                }
                for n in self.lines
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    line: str
    sku: str
    description: str
    unit: str
    quantity: Decimal
    new_quantity: Decimal
    unit_price: Decimal | None
    new_unit_price: Decimal | None
    accepted: bool
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """way: free, recall, return or refuse. rise: by how much the order is worth more; discount: how far below its
    prices. why: the table's rule in words."""

    order: str
    customer_id: str
    customer: str
    currency: str
    step: str
    way: str
    approval: bool
    rule: str
    why: str
    before: Decimal
    after: Decimal
    rise: Decimal
    discount: Decimal
    lines: list[PreviewLine] = field(default_factory=list[PreviewLine])


async def preview(tx: Tx, tenant_id: str, order: str, wanted: Wanted) -> Preview:
    """Raises NotFound, and PartnerError where nothing is wanted."""
    head = await tx.fetchrow(SQL["head"], tenant_id, order)
    if head is None:
        raise NotFound("No such order")
    if not (wanted.cancel or wanted.lines or wanted.requested_on or wanted.ship_to):
        raise PartnerError([Finding("change.empty", "/", "a change", "nothing", "Say what shall be otherwise")])
    rows = await tx.fetch(SQL["lines"], tenant_id, order)
    lines = {str(r["line"]): r for r in rows}
    facts: dict[str, Any] = {
        "lines": [
            {"line": n, "quantity": r["ordered"], "unit": r["unit"], "unit_price": r["unit_price"], "items": []}
            for n, r in lines.items()
        ]
    }
    weighed = amendment.weigh(facts, wanted.change(""), {}, "")
    said = {v["line"]: v for v in weighed["verdicts"]}
    after = {} if wanted.cancel else {str(n["line"]): n for n in weighed["order"]["lines"]}
    shown: list[PreviewLine] = []
    for number in (*lines, *(n for n in said if n not in lines)):
        row, now, verdict = lines.get(number), after.get(number), said.get(number)
        if row is None:
            shown.append(_unknown(number, verdict or {}))
            continue
        shown.append(
            PreviewLine(
                line=number,
                sku=row["sku"],
                description=row["description"],
                unit=row["unit"],
                quantity=row["ordered"],
                new_quantity=NONE if now is None else Decimal(now["quantity"]),
                unit_price=row["unit_price"],
                new_unit_price=row["unit_price"] if now is None else now["unit_price"],
                accepted=verdict is None or verdict["accepted"],
                reason=verdict["reason"] if verdict else None,
            )
        )
    before_total = sum((_worth(n.quantity, n.unit_price) for n in shown), NONE)
    after_total = sum((_worth(n.new_quantity, n.new_unit_price) for n in shown), NONE)
    discount = sum(
        (
            _worth(n.new_quantity, n.unit_price - n.new_unit_price)
            for n in shown
            if n.unit_price is not None and n.new_unit_price is not None and n.new_unit_price < n.unit_price
        ),
        NONE,
    )
    step = _step(head)
    rise = after_total - before_total
    ruled = _table().evaluate(TABLE, {"step": step, "cancel": wanted.cancel, "rise": rise, "discount": discount})
    return Preview(
        order=order, customer_id=head["customer_id"], customer=head["customer"], currency=head["currency"], step=step,
        way=ruled.output["way"], approval=ruled.output["approval"], rule=ruled.hit[0].rule,
        why=ruled.hit[0].description, before=before_total, after=after_total, rise=rise, discount=discount, lines=shown,
    )  # fmt: skip


async def ask(
    tx: Tx, tenant_id: str, order: str, wanted: Wanted, *, reason: str, by: str, key: str, now: datetime
) -> tuple[str, str]:
    """(id, accepted or duplicate). key: the same one again is the same change. Raises Conflict where it is refused."""
    shown = await preview(tx, tenant_id, order, wanted)
    ident = str(ids.derived(tenant_id, "order-change", order, key))
    if shown.way == "refuse":
        raise Conflict(f"{order} cannot be changed: {shown.why}")
    wrong = [n for n in shown.lines if not n.accepted]
    if wrong and not wanted.cancel:
        raise PartnerError(
            [Finding("change.line", f"/lines/{n.line}", "a line that can be so", n.line, n.reason or "") for n in wrong]
        )
    data = {
        "order": order, "cancel": wanted.cancel, "step": shown.step, "by": by, "reason": reason,
        "customer_id": shown.customer_id, "customer": shown.customer, "currency": shown.currency,
        "before": shown.before, "after": shown.after, "rise": shown.rise, "discount": shown.discount,
        "change": None if wanted.cancel else wanted.change(ident),
    }  # fmt: skip
    event = envelope.make(
        "crossdock.order.change-asked", subject=order, data=exactjson.plain(data), now=now, source=SOURCE, id=ident
    )
    status = await inbox.receive(tx, tenant_id, event)
    if status == "accepted":
        await audit.record(
            tx, tenant_id, by, "order.change", order, {"reason": reason, "way": shown.way, "approval": shown.approval}
        )
    return ident, status


@cache
def _table() -> Rulebook:
    source = files("crossdock.library").joinpath("tables", f"{TABLE}.json").read_bytes()
    return Rulebook([load(TABLE, version_of(source), source)])


def _step(head: Any) -> str:
    if head["outcome"] is not None:
        return "over"
    if head["shipped_at"] is not None:
        return "shipped"
    return "released" if head["released_at"] is not None else "preparing"


def _worth(quantity: Decimal, price: Decimal | None) -> Decimal:
    return (quantity * (price or NONE)).quantize(CENT)


def _unknown(number: str, verdict: Mapping[str, Any]) -> PreviewLine:
    return PreviewLine(
        line=number, sku="", description="", unit="", quantity=NONE, new_quantity=NONE, unit_price=None,
        new_unit_price=None, accepted=False, reason=verdict.get("reason"),
    )  # fmt: skip
