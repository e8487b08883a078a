"""The figures of the board against a second, plain implementation that reads nothing but the event log.

Random orders live through random days: split shipments, backorders, broken promises, people who decide and programs
that do, cancellations at any step, invoices before and after the last touch. What the pages show is then computed
again from the raw events, order by order, without the read side and without SQL.
"""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crossdock import exactjson
from crossdock.events import envelope, inbox
from crossdock.events.relay import Relay
from crossdock.tower import kpis, projection

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
        self.tell("order.delivered", delivered_at=self.at.isoformat(), complete=not split)
        if split and rng.random() < 0.7:
            self.tell("order.released", promised_on=(self.at.date() + timedelta(days=5)).isoformat())
            self.tell("order.shipped", lines=[{**p, "quantity": p["quantity"] - p["quantity"] // 2} for p in parts])
            self.tell("order.invoiced", total=60, tax=10)
            self.tell("order.delivered", delivered_at=self.at.isoformat(), complete=True)
        if rng.random() < 0.6:
            self.tell("order.paid", amount=120)
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
            case "order.shipped":
                for n in data["lines"]:
                    o.shipped[n["line"]] += Decimal(n["quantity"])
            case "order.invoiced":
                o.invoiced = o.invoiced or at
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
    kept = [
        o for o in due
        if o.completed and o.completed.astimezone(ZONE).date() <= (o.promised or o.wanted or date.min)
        and all(o.shipped[line] >= quantity for line, quantity in o.ordered.items())
    ]  # fmt: skip
    spans = [(o.released - o.received) / HOUR for o in orders if o.received and o.released and o.released > since]
    billed = [o for o in orders if o.invoiced and o.invoiced > since]
    untouched = [o for o in billed if not o.touches_to_invoice]
    return {
        "open_orders": str(sum(not o.ended for o in orders)),
        "otif": _percent(len(kept), len(due)),
        "cycle_time": str(Decimal(str(median(spans))).quantize(Decimal("0.01"))) if spans else None,
        "touchless": _percent(len(untouched), len(billed)),
    }


def _percent(part: int, whole: int) -> str | None:
    return str((Decimal(part) * 100 / whole).quantize(Decimal("0.1"))) if whole else None


# ── the comparison ──────────────────────────────────────────────────────────────────────────────────────────────


def _moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


@pytest.mark.parametrize("seed", range(6))
async def test_the_board_and_a_plain_reading_of_the_log_give_the_same_figures(story: Any, seed: int) -> None:
    rng = random.Random(seed)
    async with story.db.transaction(TENANT) as tx:
        await tx.execute("update crossdock.tenant set time_zone = $1 where tenant_id = $2", ZONE.key, TENANT)
    now = BEGIN + timedelta(days=18)  # in the midst of things: what comes later has not been told
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
        shown = {k.key: k.value for k in await kpis.strip(tx, TENANT, now)}
    log = [exactjson.loads(r["body"]) for r in rows]
    again = figures(read(log), now)
    assert {k: shown[k] for k in again} == again
    assert len(log) == len(told)
    assert all(again.values()), "each figure was put to the test"
