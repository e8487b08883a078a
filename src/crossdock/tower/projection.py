"""From events to the order view. One function an event type, which says what to write; unknown types change nothing.

Runs in the relay's transaction, in a tenant's order of events. Every event is counted once (table projected), and
with its commit the open pages hear of it (channel crossdock_changed). `rebuild` makes the view anew from the log.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias, cast
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.events import envelope
from crossdock.tower import numbers

SQL = queries("crossdock.tower", "projection.sql")

CHANNEL = "crossdock_changed"
PREFIX = "crossdock."

STAGES = frozenset(
    {"validated", "credit-cleared", "allocated", "backordered", "released", "shipped", "invoiced", "delivered", "paid"}
)
ENDS = {"closed": "closed", "cancelled": "cancelled", "rejected": "rejected"}
# Who is not a person: policies that play one, the program itself, workflows, and other programs with a key.
MACHINES = ("policy:", "system", "workflow:", "key:")
# Under which heading the open pages hear of an event, by its area.
AREAS = {
    "order": "order", "shipment": "order", "tracking": "order", "payment": "order", "supplier": "order",
    "stock": "order", "backorder": "order", "hold": "order", "return": "order", "dispute": "order",
    "delivery": "order", "claim": "order", "promise": "order", "case": "case", "incident": "case", "sla": "case",
    "approval": "approval", "alert": "alert",
}  # fmt: skip

Data: TypeAlias = dict[str, Any]
# Of the event (type, event, data): the statements that it comes to, in their order.
Handler: TypeAlias = Callable[[str, Mapping[str, Any], Data], list["Write"]]


class Write(NamedTuple):
    """A statement about an order, and its values after the tenant and the order."""

    order: str
    statement: str
    values: tuple[Any, ...] = ()


async def project(
    tx: Tx, tenant_id: str, events: Sequence[tuple[int, Mapping[str, Any]]], *, tell: bool = True
) -> None:
    """The relay's projection. tell: whether open pages hear of it."""
    ours: dict[int, tuple[str, Mapping[str, Any], Data]] = {}
    for seq, event in events:
        type_ = str(event["type"])
        if type_.startswith(PREFIX):
            given = event.get("data")
            ours[seq] = (type_, event, cast("Data", given) if isinstance(given, dict) else {})
    if not ours:
        return
    told = [changed(tenant_id, *parts) if tell else "" for parts in ours.values()]
    new = {row["seq"] for row in await tx.fetch(SQL["first_time"], tenant_id, list(ours), told)}
    writes: list[Write] = []
    for seq, (type_, event, data) in ours.items():
        if seq in new and (handler := _handler(type_)) is not None:
            writes += handler(type_, event, data)
        if seq in new and (found := numbers.keys(type_.removeprefix(PREFIX), data)):
            writes.append(Write(_order(event, data), "numbers", _columns(found)))
    for statement, rows in _together(writes):
        await tx.executemany(SQL[statement], [(tenant_id, w.order, *w.values) for w in rows])


def _together(writes: Sequence[Write]) -> Iterator[tuple[str, list[Write]]]:
    """Writes of one statement together, where that leaves the writes about each order in their order."""
    waiting: dict[str, deque[Write]] = {}
    for w in writes:
        waiting.setdefault(w.order, deque()).append(w)
    while waiting:
        statement = Counter(queue[0].statement for queue in waiting.values()).most_common(1)[0][0]
        rows: list[Write] = []
        for order, queue in list(waiting.items()):
            while queue and queue[0].statement == statement:
                rows.append(queue.popleft())
            if not queue:
                del waiting[order]
        yield statement, rows


async def rebuild(tx: Tx, tenant_id: str) -> int:
    """Makes a tenant's view anew from its event log; returns how many events were read."""
    await tx.execute(SQL["forget"], tenant_id)
    last = read = 0
    while rows := await tx.fetch(SQL["log"], tenant_id, last):
        await project(tx, tenant_id, [(row["seq"], exactjson.loads(row["body"])) for row in rows])
        last, read = rows[-1]["seq"], read + len(rows)
    return read


def changed(tenant_id: str, type_: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """What the open pages hear: {tenant, area, id, order} as JSON, or "" when no page shows it."""
    area = AREAS.get(type_.removeprefix(PREFIX).partition(".")[0])
    if area is None:
        return ""
    word: Data = {"tenant": tenant_id, "area": area, "order": _order(event, data)}
    match area:
        case "case":
            word["id"] = data.get("case") or ""
        case "approval":
            word["id"] = data.get("approval") or ""
        case "alert":
            word |= {k: data.get(k) for k in ("id", "at", "title", "state", "link")}
        case _:
            word["id"] = word["order"]
    return exactjson.text(word)


def _handler(type_: str) -> Handler | None:
    area, _, what = type_.removeprefix(PREFIX).partition(".")
    match area:
        case "order" if what == "received":
            return _received
        case "order" if what == "priced":
            return _priced
        case "order" if what in STAGES:
            return _stage
        case "order" if what in ENDS:
            return _ended
        case "order" if what == "changed":
            return _changed
        case "backorder" if what in ("released", "closed"):
            return _backorder
        case "tracking" if what == "exception":
            return _trouble
        case "shipment" if what == "picked":
            return _picked
        case "supplier" if what == "delayed":
            return _stock_expected
        case "milestone" if what == "reached":
            return _milestone
        case "case" | "approval" | "hold":
            return _tally
        case _:
            return None


def _order(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    named = data.get("order")
    return named if isinstance(named, str) and named else str(event.get("subject") or "")


def _when(event: Mapping[str, Any]) -> datetime:
    return envelope.time_of(event, datetime.now(UTC))


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _date(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None


def _rows(value: Any) -> list[Data]:
    """Some data have a count where others have the lines."""
    return cast("list[Data]", value) if isinstance(value, list) else []


def _received(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    o = data["order"]
    order = str(o["order"])
    lines = _rows(o.get("lines"))
    document = o.get("document")
    header = Write(
        order, "received", (
            o.get("po") or "", o.get("customer_id") or "", o.get("channel") or "",
            UUID(document) if document else None, o.get("currency") or "", _stated(o, lines), len(lines),
            exactjson.text(o.get("ship_to") or {}), _date(o.get("requested_on")), _when(event),
            str(event.get("traceparent") or ""), str(o.get("type") or ("part" if o.get("family") else "standard")),
        ),
    )  # fmt: skip
    rows = [
        (str(n["line"]), _sku(n), n.get("description") or "", n.get("unit") or "", _number(n["quantity"]),
         _number(n.get("unit_price")))
        for n in lines
    ]  # fmt: skip
    return [header, Write(order, "received_lines", _columns(rows))] if rows else [header]


def _columns(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


def _stated(order: Mapping[str, Any], lines: list[Data]) -> Decimal | None:
    """What the customer says that it comes to: the total, else the sum of lines that all name a price."""
    said = _number(order.get("stated_total"))
    prices = [(_number(n["quantity"]), _number(n.get("unit_price"))) for n in lines]
    amounts = [q * p for q, p in prices if q is not None and p is not None]
    return sum(amounts, Decimal(0)) if said is None and amounts and len(amounts) == len(lines) else said


def _sku(line: Mapping[str, Any]) -> str:
    items = _rows(line.get("items")) or [{}]
    ours = next((i for i in items if i.get("scheme") == "supplier"), items[0])
    return str(ours.get("value") or "")


def _priced(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    lines = _rows(data.get("lines"))
    order = _order(event, data)
    # amount and cost are of the whole line (erp.priceOrder)
    costs = [c for n in lines if (c := _number(n.get("cost"))) is not None]
    header = Write(
        order, "priced", (
            _number(data.get("total")), sum(costs, Decimal(0)) if costs else None, str(data.get("customer_id") or ""),
            str(data.get("currency") or ""), _when(event), len(lines),
        ),
    )  # fmt: skip
    rows = [
        (str(n["line"]), str(n.get("sku") or ""), str(n.get("description") or ""), str(n.get("unit") or ""),
         _number(n.get("quantity")) or Decimal(0), _number(n.get("base_quantity")), _number(n.get("unit_price")),
         _number(n.get("amount")), _number(n.get("cost")))
        for n in lines
    ]  # fmt: skip
    if not rows:
        return [header]
    others = Write(order, "drop_other_lines", ([r[0] for r in rows],))
    return [header, others, Write(order, "priced_lines", _columns(rows))]


def _stage(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    stage = type_.rpartition(".")[2]
    order = _order(event, data)
    reached = _reached(order, stage, event, data)
    match stage:
        case "allocated":
            parts = [line for r in _rows(data.get("reservations")) for line in _rows(r.get("lines"))]
            sites = _from_sites(order, _rows(data.get("reservations")), anew=True)
            return [reached, *_add(order, parts, reserved=1), *sites]
        case "released":
            return [reached, *_from_sites(order, _rows(data.get("shipments")))]
        case "backordered":
            return [reached, *_add(order, _rows(data.get("lines")), backordered=1)]
        case "shipped":
            return [reached, *_add(order, _rows(data.get("lines")), shipped=1)]
        case "invoiced":
            return [reached, *_add(order, _rows(data.get("lines")), invoiced=1)]
        case _:
            return [reached]


def _reached(order: str, stage: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> Write:
    amount = data.get("amount") if stage == "paid" else data.get("total")
    at = _when(event)
    if stage == "delivered" and isinstance(said := data.get("delivered_at"), str):
        at = envelope.time_of({"time": said}, at)  # when the carrier handed it over, not when we heard of it
    return Write(
        order, "reached", (
            stage, at, _number(amount), _number(data.get("tax")), _date(data.get("promised_on")),
            data.get("complete") is True,
        ),
    )  # fmt: skip


def _from_sites(order: str, parts: list[Data], *, anew: bool = False) -> list[Write]:
    """anew: nothing is left of the sites that it had before."""
    units: Counter[str] = Counter()
    for part in parts:
        if site := str(part.get("site") or ""):
            units[site] += sum(int(Decimal(str(n.get("quantity") or 0))) for n in _rows(part.get("lines")))
    if not units:
        return []
    service = next((str(p["service"]) for p in parts if p.get("service")), "")
    first = min(units, key=lambda s: (-units[s], s))
    return [Write(order, "from_sites", (first, sorted(units), service, anew))]


def _picked(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    order = _order(event, data)
    return [_reached(order, "picked", event, data)]


def _milestone(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    """Of those that processes name themselves, picking has no event of its own."""
    return [_reached(_order(event, data), "picked", event, {})] if data.get("name") == "picked" else []


def _stock_expected(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    return [Write(_order(event, data), "stock_expected", (_date(data.get("promised_on")),))]


def _add(
    order: str, lines: list[Data], *, reserved: int = 0, shipped: int = 0, invoiced: int = 0, backordered: int = 0
) -> list[Write]:
    """Adds each line's quantity, times the given signs, to the four quantities."""
    if not lines:
        return []
    given = [Decimal(str(line.get("quantity") or 0)) for line in lines]
    columns = [[q * sign for q in given] for sign in (reserved, shipped, invoiced, backordered)]
    return [Write(order, "add_lines", ([str(line["line"]) for line in lines], *columns))]


def _backorder(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    order = _order(event, data)
    if type_.endswith("released"):
        added = _add(order, _rows(data.get("lines")), reserved=1, backordered=-1)
        return [*added, _reached(order, "released", event, data), *_from_sites(order, [data])]
    return [Write(order, "none_backordered")]


def _ended(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    return [Write(_order(event, data), "ended", (ENDS[type_.rpartition(".")[2]], _when(event)))]


def _changed(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    """Everything was taken back, and is prepared anew."""
    return [Write(_order(event, data), "taken_back")]


def _trouble(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    order = _order(event, data)
    damaged = "damage" in str(data.get("reason") or "").lower()
    eta = _date(data.get("expected_on") or data.get("eta") or data.get("promised_on"))
    held_up = Write(order, "held_up", (_when(event), eta))
    return [held_up, Write(order, "damaged")] if damaged else [held_up]


def _tally(type_: str, event: Mapping[str, Any], data: Data) -> list[Write]:
    order = _order(event, data)
    by = str(data.get("by") or "")
    human = 1 if by and not by.startswith(MACHINES) else 0
    deltas = {
        "crossdock.case.opened": (1, 0, 0),
        "crossdock.case.reopened": (1, 0, human),
        "crossdock.case.resolved": (-1, 0, human),
        "crossdock.case.withdrawn": (-1, 0, 0),
        "crossdock.case.merged": (-1, 0, human),
        "crossdock.case.unmerged": (1, 0, human),
        "crossdock.approval.requested": (0, 1, 0),
        "crossdock.approval.decided": (0, -1, human),
        "crossdock.approval.voted": (0, 0, human),
        "crossdock.approval.withdrawn": (0, -1, 0),
        "crossdock.hold.placed": (0, 0, human),
        "crossdock.hold.released": (0, 0, human),
    }
    return [Write(order, "tally", deltas[type_])] if type_ in deltas and order else []
