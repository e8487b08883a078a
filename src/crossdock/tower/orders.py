"""Orders to read: the list with its filters, and one order with everything that belongs to it."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crossdock import exactjson, policy, telemetry
from crossdock.cases import approvals, casework, holds
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.partners import documents
from crossdock.tower import around, cursors, timeline
from crossdock.tower.board import Drawings

SQL = queries("crossdock.tower", "orders.sql")

STATUSES = ("open", "waiting", "in_case", "closed", "cancelled", "rejected")
FAR = "9999-12-31"
# What the list can be sorted by: expression and type. None of them is ever null, so a page can end anywhere.
SORTS: Mapping[str, tuple[str, str]] = {
    "received_at": ("received_at", "timestamptz"),
    "order": ("lpad(order_no, 40)", "text"),
    "customer": ("lower(customer_name)", "text"),
    "po": ("lower(po)", "text"),
    "status": ("status", "text"),
    "stage": ("coalesce(stage, '')", "text"),
    "total": ("worth", "numeric"),
    "promised_on": (f"coalesce(promised_on, '{FAR}'::date)", "date"),
}
DEFAULT_SORT = "-received_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """own: only this customer's orders, for a partner."""

    status: str | None = None
    stage: str | None = None
    customer: str | None = None
    channel: str | None = None
    late: bool | None = None
    q: str | None = None
    own: str | None = None
    process: str | None = None
    version: str | None = None
    site: str | None = None
    partner: str | None = None
    type: str | None = None
    risk: bool | None = None

    def values(self) -> tuple[Any, ...]:
        like = cursors.like(self.q)
        stage = None if self.process else self.stage
        return (self.status, stage, self.customer, self.channel, self.late, like, self.own)

    def more(self, values: list[Any]) -> str:
        """Further conditions; what they compare with is added to `values`. Those of a process read where its
        instances stand, so that a stage's orders are found without looking at all others.
        """
        said: list[str] = []

        def add(condition: str, *given: Any) -> None:
            places = [f"${len(values) + n + 1}" for n in range(len(given))]
            values.extend(given)
            said.append(condition.format(*places))

        if self.process:
            add(SQL["standing_in"], self.process, self.version, self.stage)
        if self.site:
            add("{} = any (sites)", self.site)
        if self.partner:
            add("partner_id = {}", self.partner)
        if self.type:
            add("order_type = {}", self.type)
        if self.risk is not None:
            add(f"{'' if self.risk else 'not '}{SQL['risky']}")
        return "".join(f" and {condition}" for condition in said)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """From where one looks: business time and the tenant's own day."""

    now: datetime
    today: date
    drawings: Drawings


@dataclass(frozen=True, slots=True)
class Page:
    items: list[dict[str, Any]]
    next: str | None
    total: int


async def find(
    tx: Tx, tenant_id: str, wanted: Filter, view: View, *, sort: str = DEFAULT_SORT, limit: int = 50,
    cursor: str | None = None, count: bool = True,
) -> Page:  # fmt: skip
    """One page of the list. sort: a name of SORTS, with - before it for descending; unknown ones are refused."""
    down, name = sort.startswith("-"), sort.removeprefix("-")
    if name not in SORTS:
        expected = ", ".join(SORTS)
        raise PartnerError([Finding("list.sort", "?sort", f"one of {expected}", sort[:40], "Choose one of these")])
    expression, type_ = SORTS[name]
    after = cursors.read(cursor, sort)
    way, beyond = ("desc", "<") if down else ("asc", ">")
    values: list[Any] = [tenant_id, view.today, *wanted.values(), *after, limit + 1]
    more = wanted.more(values)
    rows = await tx.fetch(
        f"{SQL['base']} select *, ({expression})::text as sort_value from o {SQL['wanted']}{more}"
        f" and ($10::text is null or ({expression}, order_no) {beyond} ($10::text::{type_}, $11::text))"
        f" order by {expression} {way}, order_no {way} limit $12",
        *values,
    )  # fmt: skip
    total = 0
    if count:
        counted: list[Any] = [tenant_id, view.today, *wanted.values()]
        more = wanted.more(counted)
        total = await tx.fetchval(f"{SQL['base']} {SQL['count']} {SQL['wanted']}{more}", *counted)
    shown = rows[:limit]
    after_this = (
        cursors.make(sort, shown[-1]["sort_value"], shown[-1]["order_no"]) if len(rows) > limit and shown else None
    )
    return Page(await summaries(tx, tenant_id, shown, view), after_this, total)


async def some(tx: Tx, tenant_id: str, orders: Sequence[str], view: View) -> list[dict[str, Any]]:
    """These orders as the list shows them; those that are not there are left out."""
    rows = await tx.fetch(f"{SQL['base']} {SQL['some']}", tenant_id, view.today, list(orders))
    return await summaries(tx, tenant_id, rows, view)


async def summaries(tx: Tx, tenant_id: str, rows: Sequence[Any], view: View) -> list[dict[str, Any]]:
    mains = {r["business_key"]: r for r in await tx.fetch(SQL["mains"], tenant_id, [r["order_no"] for r in rows])}
    items: list[dict[str, Any]] = []
    for row in rows:
        main = mains.get(row["order_no"])
        definition = None if main is None else (main["namespace"], main["name"], main["version"])
        stage = row["stage"] or ""
        label = await view.drawings.label(tx, tenant_id, definition, stage)
        items.append(_summary(row, stage, label, view.now))
    return items


def _summary(row: Any, stage: str, label: str, now: datetime) -> dict[str, Any]:
    ended: datetime = row["ended_at"] or now
    return {
        "order": row["order_no"], "po": row["po"], "customer_id": row["customer_id"], "customer": row["customer_name"],
        "channel": row["channel"], "status": row["status"], "stage": stage, "stage_label": label,
        "total": row["worth"], "currency": row["currency"], "lines": row["lines"], "received_at": row["received_at"],
        "promised_on": row["promised_on"], "late": bool(row["late"]),
        "age_s": max(0, int((ended - row["received_at"]).total_seconds())), "shipments": row["shipments"],
        "open_cases": row["open_cases"],
    }  # fmt: skip


async def owner(tx: Tx, tenant_id: str, order: str, own: str | None = None) -> tuple[str, str | None]:
    """(customer, outcome) of an order. Raises NotFound also for another customer's, when `own` is given."""
    row = await tx.fetchrow(SQL["owner"], tenant_id, order)
    if row is None or (own is not None and row["customer_id"] != own):
        raise NotFound("No such order")
    return row["customer_id"], row["outcome"]


async def worth(tx: Tx, tenant_id: str, orders: Sequence[str]) -> Decimal:
    return await tx.fetchval(SQL["money_of"], tenant_id, list(orders))


async def export(tx: Tx, tenant_id: str, wanted: Filter, view: View, sort: str) -> AsyncIterator[str]:
    """The list as CSV, a page at a time. Texts that a spreadsheet would calculate are marked as text."""
    columns = (
        "order", "po", "customer_id", "customer", "channel", "status", "stage_label", "total", "currency", "lines",
        "received_at", "promised_on", "late", "shipments", "open_cases",
    )  # fmt: skip
    yield _row(columns)
    cursor: str | None = None
    while True:
        page = await find(tx, tenant_id, wanted, view, sort=sort, limit=500, cursor=cursor, count=False)
        yield "".join(_row([_cell(item[c]) for c in columns]) for item in page.items)
        cursor = page.next
        if cursor is None:
            return


def _row(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)  # RFC 4180
    return out.getvalue()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat(timespec="seconds")
        case str() if value[:1] in ("=", "+", "-", "@", "\t", "\r"):
            return "'" + value
        case _:
            return str(value)


# ── one order ───────────────────────────────────────────────────────────────────────────────────────────────────


async def detail(tx: Tx, tenant_id: str, order: str, view: View, who: policy.Principal) -> dict[str, Any]:
    """Everything about an order, as this person may see it. Raises NotFound.

    A partner sees its own orders, and of them what concerns it: no costs, calls, decisions, cases or names of ours.
    """
    partner = who.role is policy.Role.PARTNER
    row = await tx.fetchrow(
        f"{SQL['base']} {SQL['one']}", tenant_id, view.today, order, who.partner_id or "" if partner else None
    )
    if row is None:
        raise NotFound("No such order")
    summary = (await summaries(tx, tenant_id, [row], view))[0]
    lines = [_line(r) for r in await tx.fetch(SQL["lines"], tenant_id, order)]
    papers = [documents.summary(r) for r in await tx.fetch(SQL["documents"], tenant_id, order)]
    instances = await tx.fetch(SQL["instances"], tenant_id, order)
    told = await timeline.read(tx, tenant_id, order, papers)
    whole: dict[str, Any] = {
        **summary, "ship_to": exactjson.loads(row["ship_to"]) or None, "requested_on": row["requested_on"],
        "lines": lines, "money": _money(row), "documents": papers, "messages": told.messages,
        "trace_id": telemetry.trace_id(row["traceparent"]) or None, "earlier": told.earlier,
    }  # fmt: skip
    if partner:
        return {
            **whole, "money": {**whole["money"], "margin": None},
            "timeline": [i for i in told.items if i["kind"] in timeline.FOR_PARTNERS], "calls": [], "decisions": [],
            "approvals": [], "cases": [], "holds": [], "instances": [], "trace_id": None,
        }  # fmt: skip
    cases = await casework.find(tx, tenant_id, casework.Filter(order=order), limit=200)
    asked = await approvals.find(tx, tenant_id, order=order, limit=200)
    skus = {str(line["sku"]) for line in lines if line["sku"]}
    stops = await holds.of_order(tx, tenant_id, order, row["customer_id"], skus)
    return {
        **whole,
        "timeline": told.items, "calls": told.calls, "decisions": told.decisions,
        "approvals": [a.view(who) for a in asked.items], "cases": [c.summary(view.now) for c in cases.items],
        # a hold on the customer or an item that was over before the order came did not concern it
        "holds": [h.view() for h in stops if h.released_at is None or h.released_at >= row["received_at"]],
        "instances": [
            {"id": str(i["instance_id"]), "definition": i["name"], "version": i["version"], "status": i["status"],
             "stage": i["stage"] or None}
            for i in instances
        ],
    }  # fmt: skip


async def earlier(
    tx: Tx, tenant_id: str, order: str, who: policy.Principal, before: datetime | None, limit: int
) -> timeline.Told:
    """One page of its story, as this person may see it. Raises NotFound."""
    partner = who.role is policy.Role.PARTNER
    await owner(tx, tenant_id, order, (who.partner_id or "") if partner else None)
    papers = [documents.summary(r) for r in await tx.fetch(SQL["documents"], tenant_id, order)]
    told = await timeline.read(tx, tenant_id, order, papers, before=before, limit=limit)
    if not partner:
        return told
    items = [i for i in told.items if i["kind"] in timeline.FOR_PARTNERS]
    return timeline.Told(items, [], [], told.messages, told.earlier)


async def surroundings(tx: Tx, tenant_id: str, order: str, view: View, who: policy.Principal) -> around.Around:
    """What lies around it, as this person may see it. Raises NotFound."""
    partner = who.role is policy.Role.PARTNER
    own = (who.partner_id or "") if partner else None
    row = await tx.fetchrow(f"{SQL['base']} {SQL['one']}", tenant_id, view.today, order, own)
    if row is None:
        raise NotFound("No such order")
    found = await around.read(tx, tenant_id, order, row["po"], row["customer_id"], row["currency"])
    if not partner:
        return found
    for shipment in found.goods.shipments:
        shipment.site = ""
    kept = {name: found.counts[name] for name in ("events", "documents", "messages")}
    return around.Around(found.goods, kept, found.related, found.quotes, None)


def _line(row: Any) -> dict[str, Any]:
    """Quantities in the unit that was ordered; the warehouse counts in base units."""
    ordered: Decimal = row["ordered"]
    base: Decimal | None = row["base_quantity"]

    def in_unit(quantity: Decimal) -> str:
        if base is None or not base or base == ordered:
            return quantity_text(quantity)
        return quantity_text(quantity * ordered / base)

    return {
        "line": row["line"], "sku": row["sku"] or None, "description": row["description"],
        "ordered": quantity_text(ordered), "unit": row["unit"], "unit_price": row["unit_price"],
        "amount": row["amount"], "reserved": in_unit(row["reserved"]), "shipped": in_unit(row["shipped"]),
        "invoiced": in_unit(row["invoiced"]), "backordered": in_unit(row["backordered"]),
    }  # fmt: skip


def quantity_text(value: Decimal) -> str:
    """Without trailing zeros or exponent; parts of a unit to four places."""
    rounded = round(value, 4)
    return f"{rounded.normalize():f}" if rounded else "0"


def _money(row: Any) -> dict[str, Any]:
    invoiced, paid = row["invoiced"], row["paid"]
    known = row["total"] is not None and row["cost"] is not None
    return {
        "ordered": row["worth"], "invoiced": invoiced, "tax": row["tax"], "paid": paid, "open": invoiced - paid,
        "margin": row["total"] - row["cost"] if known else None,
    }  # fmt: skip
