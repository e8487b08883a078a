"""The figures of the board and the scorecard against a second, plain implementation that reads only the event log.

Random orders live through random days: split shipments, backorders, broken promises, people who decide and programs
that do, cancellations at any step, invoices before and after the last touch. What the pages show is then computed
again from the raw events, order by order, without the read side and without SQL.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crossdock import clock, exactjson
from crossdock.events import envelope, inbox
from crossdock.events.relay import Relay
from crossdock.tower import kpis, projection, rebuilding, scorecard

TENANT = "norrland"
ZONE = ZoneInfo("Europe/Stockholm")
BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


# ── orders that could have been ─────────────────────────────────────────────────────────────────────────────────


class Day:
    """Tells the events of one order, in its order of time."""

    def __init__(self, rng: random.Random, number: int) -> None:
        self.rng = rng
        self.order = f"SO-{number:05}"
        self.at = BEGIN + timedelta(minutes=rng.randrange(20 * 24 * 60))
        self.events: list[dict[str, Any]] = []

    def tell(self, type_: str, **data: Any) -> None:
        self.at += timedelta(minutes=self.rng.choice((1, 7, 45, 300, 1500, 4000)))
        event = envelope.make(
            f"crossdock.{type_}", subject=self.order, data={"order": self.order, **data}, now=self.at, source="day",
            id=f"{self.order}/{len(self.events)}",
        )  # fmt: skip
        self.events.append(exactjson.plain(event))

    def touch(self) -> None:
        if self.rng.random() < 0.25:
            by = self.rng.choice(("ada", "bo", "policy:credit", "key:shop", "workflow:x", "system"))
            self.tell(self.rng.choice(("hold.placed", "hold.released", "case.resolved", "approval.decided")), by=by)
        if self.rng.random() < 0.1:
            self.tell("case.opened", case="c", by="workflow:x")

    def left(self) -> bool:
        """It ends here, or nothing more is heard of it."""
        if self.rng.random() < 0.08:
            self.tell(self.rng.choice(("order.cancelled", "order.rejected")))
            return True
        return self.rng.random() < 0.05

    def live(self) -> list[dict[str, Any]]:
        rng = self.rng
        wanted = self.at.date() + timedelta(days=rng.randrange(1, 9)) if rng.random() < 0.9 else None
        lines = [
            {"line": str(n), "quantity": rng.randrange(1, 30), "unit": "EA", "items": []}
            for n in range(1, rng.randrange(2, 5))
        ]
        channel = rng.choice(("json", "x12", "manual"))
        day = wanted.isoformat() if wanted else None
        given = {"order": self.order, "channel": channel, "requested_on": day, "lines": lines}
        self.tell("order.received", **{"order": given})
        if channel == "manual":
            self.tell("hold.placed", by="ada")
        self.touch()
        if self.left():
            return self.events
        priced = [{**n, "base_quantity": n["quantity"] * rng.choice((1, 12))} for n in lines]
        self.tell("order.priced", total=100, currency="EUR", lines=priced)
        self.touch()
        if self.left():
            return self.events
        if rng.random() < 0.3:
            self.tell("order.backordered", lines=[])
        if rng.random() < 0.8:
            self.tell("order.allocated", reservations=[])
        promise = (self.at.date() + timedelta(days=rng.randrange(0, 6))).isoformat() if rng.random() < 0.8 else None
        self.tell("order.released", promised_on=promise, shipments=[])
        self.touch()
        parts = [{"line": n["line"], "quantity": n["base_quantity"]} for n in priced]
        split = rng.random() < 0.3
        first = [{**p, "quantity": p["quantity"] // 2} for p in parts] if split else parts
        if rng.random() < 0.1:
            first = first[:-1]  # a line is forgotten, and nobody sends it after
        self.tell("order.shipped", lines=first)
        if self.left():
            return self.events
        self.tell("order.invoiced", total=60, tax=10)
        self.touch()
        if rng.random() < 0.1:
            self.tell("tracking.exception", reason=rng.choice(("DAMAGED", "late truck")))
        self.tell("order.delivered", delivered_at=self.at.isoformat(), complete=not split)
        if split and rng.random() < 0.7:
            self.tell("order.released", promised_on=(self.at.date() + timedelta(days=5)).isoformat())
            self.tell("order.shipped", lines=[{**p, "quantity": p["quantity"] - p["quantity"] // 2} for p in parts])
            self.tell("order.invoiced", total=60, tax=10)
            self.tell("order.delivered", delivered_at=self.at.isoformat(), complete=True)
        if rng.random() < 0.6:
            self.tell("order.paid", amount=rng.choice((60, 120, 150)))
            self.tell("order.closed")
        return self.events


# ── the plain implementation ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Seen:
    """What the log says of one order."""

    received: datetime | None = None
    wanted: date | None = None
    promised: date | None = None  # first
    ordered: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    shipped: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    released: datetime | None = None
    invoiced: datetime | None = None
    completed: datetime | None = None
    ended: datetime | None = None
    outcome: str = ""
    touches: int = 0
    touches_to_invoice: int = 0
    cases: int = 0
    damaged: bool = False
    allocated: datetime | None = None
    backordered: datetime | None = None
    first_shipped: datetime | None = None
    invoiced_money: int = 0
    paid_money: int = 0
    last_paid: datetime | None = None

    @property
    def day(self) -> date | None:
        return self.promised or self.wanted

    @property
    def kept(self) -> bool:
        return bool(
            self.completed and self.day and self.completed.astimezone(ZONE).date() <= self.day
            and all(self.shipped[line] >= quantity for line, quantity in self.ordered.items())
        )  # fmt: skip


def read(log: list[Mapping[str, Any]]) -> list[Seen]:
    orders: dict[str, Seen] = defaultdict(Seen)
    for event in log:
        what, data, at = event["type"].removeprefix("crossdock."), event["data"], datetime.fromisoformat(event["time"])
        o = orders[event["subject"]]
        match what:
            case "order.received":
                given = data["order"]
                o.received = at
                o.wanted = date.fromisoformat(given["requested_on"]) if given["requested_on"] else None
                o.ordered = {n["line"]: Decimal(n["quantity"]) for n in given["lines"]}
                touched = given["channel"] == "manual"
                o.touches, o.touches_to_invoice = int(touched), int(touched)
            case "order.priced":
                o.ordered = {n["line"]: Decimal(n["base_quantity"]) for n in data["lines"]}
            case "order.released":
                o.released = o.released or at
                if o.promised is None and data.get("promised_on"):
                    o.promised = date.fromisoformat(data["promised_on"])
            case "case.opened":
                o.cases += 1
            case "tracking.exception":
                o.damaged = o.damaged or data["reason"] == "DAMAGED"
            case "order.allocated":
                o.allocated = o.allocated or at
            case "order.backordered":
                o.backordered = o.backordered or at
            case "order.paid":
                o.paid_money += data["amount"]
                o.last_paid = at
            case "order.shipped":
                o.first_shipped = o.first_shipped or at
                for n in data["lines"]:
                    o.shipped[n["line"]] += Decimal(n["quantity"])
            case "order.invoiced":
                o.invoiced = o.invoiced or at
                o.invoiced_money += data["total"]
            case "order.delivered" if data["complete"]:
                o.completed = o.completed or datetime.fromisoformat(data["delivered_at"])
            case "order.closed" | "order.cancelled" | "order.rejected":
                o.outcome, o.ended = what.partition(".")[2], at
            case "hold.placed" | "hold.released" | "case.resolved" | "approval.decided":
                if not data["by"].startswith(("policy:", "system", "workflow:", "key:")):
                    o.touches += 1
                    o.touches_to_invoice += o.invoiced is None
            case _:
                pass
    return [o for o in orders.values() if o.received]


def figures(orders: list[Seen], now: datetime) -> dict[str, str | None]:
    since = now - WEEK
    today, first_day = now.astimezone(ZONE).date(), since.astimezone(ZONE).date()
    due = [
        o for o in orders
        if (day := o.promised or o.wanted) and first_day <= day < today and o.outcome not in ("cancelled", "rejected")
    ]  # fmt: skip
    kept = [o for o in due if o.kept]
    spans = [(o.released - o.received) / HOUR for o in orders if o.received and o.released and o.released > since]
    billed = [o for o in orders if o.invoiced and o.invoiced > since]
    untouched = [o for o in billed if not o.touches_to_invoice]
    return {
        "open_orders": str(sum(not o.ended for o in orders)),
        "otif": _percent(len(kept), len(due)),
        "cycle_time": str(Decimal(str(median(spans))).quantize(Decimal("0.01"))) if spans else None,
        "touchless": _percent(len(untouched), len(billed)),
    }


def card(orders: list[Seen], since: date, until: date, now: datetime) -> dict[str, tuple[str | None, int, int]]:
    """By figure: its value, how many could be judged, how many it is about."""
    begin, end = (datetime(d.year, d.month, d.day, tzinfo=ZONE) for d in (since, until))

    def within(at: datetime | None) -> bool:
        return at is not None and begin <= at < end

    owed = [o for o in orders if o.outcome not in ("cancelled", "rejected")]
    due = [o for o in owed if o.day and since <= o.day < until]
    undated = [o for o in orders if not o.day and within(o.completed)]
    went = {
        "otif": (due, undated, [o for o in due if o.kept]),
        "perfect": (due, undated, [o for o in due if o.kept and not o.cases and not o.damaged]),
        "touchless": _of([o for o in orders if within(o.invoiced)], lambda o: not o.touches_to_invoice),
        "exceptions": _of([o for o in orders if within(o.received)], lambda o: bool(o.cases)),
        "lost": _of([o for o in orders if within(o.ended)], lambda o: o.outcome != "closed"),
        "backorders": _of(
            [o for o in orders if within(min((t for t in (o.allocated, o.backordered) if t), default=None))],
            lambda o: bool(o.backordered),
        ),
    }
    shipped = [o for o in orders if within(o.first_shipped)]
    fresh = [o for o in shipped if o.first_shipped and not o.invoiced and now <= o.first_shipped + 24 * HOUR]
    judged = [o for o in shipped if o not in fresh]
    late = [o for o in judged if o.first_shipped and (not o.invoiced or o.invoiced > o.first_shipped + 24 * HOUR)]
    went["late_invoices"] = (judged, fresh, late)
    made: dict[str, tuple[str | None, int, int]] = {
        key: (_percent(len(hits), len(known)), len(known), len(known) + len(unknown))
        for key, (known, unknown, hits) in went.items()
    }
    released = [o for o in orders if within(o.released)]
    delivered = [o for o in orders if within(o.completed)]
    settled = [o for o in orders if within(o.last_paid) and o.paid_money >= o.invoiced_money]
    for key, those, unit, times in (
        ("release_time", released, HOUR, [(o.received, o.released) for o in released]),
        ("delivery_time", delivered, 24 * HOUR, [(o.received, o.completed) for o in delivered]),
        ("cash_time", settled, 24 * HOUR, [(o.invoiced, o.last_paid) for o in settled]),
    ):
        spans = [(b - a) / unit for a, b in times if a and b]
        middle = str(Decimal(str(median(spans))).quantize(Decimal("0.01"))) if spans else None
        made[key] = (middle, len(spans), len(those))
    return made


def _of(those: list[Seen], hit: Callable[[Seen], bool]) -> tuple[list[Seen], list[Seen], list[Seen]]:
    return those, [], [o for o in those if hit(o)]


def _percent(part: int, whole: int) -> str | None:
    return str((Decimal(part) * 100 / whole).quantize(Decimal("0.1"))) if whole else None


# ── the comparison ──────────────────────────────────────────────────────────────────────────────────────────────


def _moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


async def _told(story: Any, seed: int, now: datetime) -> list[Any]:
    """The log after a random story, of which the read side has heard."""
    rng = random.Random(seed)
    async with story.db.transaction(TENANT) as tx:
        await tx.execute("update crossdock.tenant set time_zone = $1 where tenant_id = $2", ZONE.key, TENANT)
    told = sorted((e for n in range(60) for e in Day(rng, n).live()), key=_moment)
    told = [e for e in told if _moment(e) < now]
    async with story.db.transaction(TENANT) as tx:
        for event in told:
            await inbox.receive(tx, TENANT, event)
    relay = Relay(story.db, [projection.project])
    while await relay.once():
        pass
    async with story.db.transaction(TENANT) as tx:
        rows = await tx.fetch("select body from crossdock.event where tenant_id = $1 order by seq", TENANT)
    log = [exactjson.loads(r["body"]) for r in rows]
    assert len(log) == len(told)
    return log


NOW = BEGIN + timedelta(days=18)  # in the midst of things: what comes later has not been told


@pytest.mark.parametrize("seed", range(6))
async def test_the_board_and_a_plain_reading_of_the_log_give_the_same_figures(story: Any, seed: int) -> None:
    log = await _told(story, seed, NOW)
    async with story.db.transaction(TENANT) as tx:
        shown = {k.key: k.value for k in await kpis.strip(tx, TENANT, NOW)}
    again = figures(read(log), NOW)
    assert {k: shown[k] for k in again} == again
    assert all(again.values()), "each figure was put to the test"


@pytest.mark.parametrize("seed", range(2))
async def test_the_hours_behind_the_figures_are_those_of_a_plain_reading(story: Any, seed: int) -> None:
    """Read in the midst of the story, so that orders came, were billed and ended in the hours that are drawn."""
    log = await _told(story, seed, NOW)
    orders = read(log)
    for now in (NOW, *sorted(o.ended for o in orders if o.ended)[-20::4]):
        async with story.db.transaction(TENANT) as tx:
            shown = {k.key: k.series for k in await kpis.strip(tx, TENANT, now)}
        first = now.replace(minute=0, second=0, microsecond=0) - 23 * HOUR
        hours = [(first + n * HOUR, first + (n + 1) * HOUR) for n in range(24)]
        assert shown["open_orders"] == [
            sum(1 for o in orders if o.received and o.received < t and (o.ended is None or o.ended >= t))
            for _, t in hours
        ]
        spans = [
            [(o.released - o.received) / HOUR for o in orders if o.received and o.released and h <= o.released < t]
            for h, t in hours
        ]
        assert shown["cycle_time"] == pytest.approx([median(s) for s in spans if s])
        billed = [[o for o in orders if o.invoiced and h <= o.invoiced < t] for h, t in hours]
        assert shown["touchless"] == [
            round(100 * sum(not o.touches_to_invoice for o in b) / len(b), 1) for b in billed if b
        ]


async def test_the_rows_that_the_board_counts_follow_the_view_also_when_it_is_made_anew(story: Any) -> None:
    await _told(story, 3, NOW)
    wanted = (
        "select order_no, case when completed_at is null then coalesce(promised_on, requested_on) end as due_on, "
        "coalesce(total, stated_total) as value, customer_id, partner_id, channel, order_type, sites, received_at "
        "from crossdock.order_view where outcome is null order by order_no"
    )
    kept = (
        "select order_no, due_on, value, customer_id, partner_id, channel, order_type, sites, received_at "
        "from crossdock.open_order order by order_no"
    )

    async def both() -> tuple[list[Any], list[Any]]:
        async with story.db.transaction(TENANT) as tx:
            return [tuple(r) for r in await tx.fetch(wanted)], [tuple(r) for r in await tx.fetch(kept)]

    view, rows = await both()
    assert rows == view
    assert 0 < len(rows) < 60, "some are over"
    done = await rebuilding.rebuild(story.db, TENANT)
    assert done.orders > len(rows)
    assert await both() == (view, view)
    async with story.db.transaction("elsewhere") as tx:
        assert await tx.fetchval("select count(*) from crossdock.open_order") == 0


@pytest.mark.parametrize("seed", range(6))
async def test_the_scorecard_and_a_plain_reading_of_the_log_give_the_same_figures(story: Any, seed: int) -> None:
    log = await _told(story, seed, NOW)
    async with story.db.transaction() as tx:
        await clock.set_to(tx, NOW, 0)
    period = scorecard.Period((BEGIN + timedelta(days=4)).date(), (BEGIN + timedelta(days=16)).date())
    wanted = scorecard.Wanted(tenant_id=TENANT, zone=ZONE.key, period=period)
    async with story.db.transaction(TENANT) as tx:
        measured = (await scorecard.card(tx, wanted)).measured
    shown = {m.figure.key: (None if m.value is None else str(m.value), m.known, m.population) for m in measured}
    again = card(read(log), period.since, period.until, NOW)
    assert {k: shown[k] for k in again} == again
    earlier = card(read(log), period.before().since, period.before().until, NOW)
    before = {m.figure.key: None if m.before is None else str(m.before) for m in measured}
    assert {k: before[k] for k in earlier} == {k: v[0] for k, v in earlier.items()}
    assert sum(v[0] is not None for v in again.values()) >= 9, "the figures were put to the test"
