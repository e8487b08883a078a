"""Looks at the orders that are due: plans them anew where what the plan was made of has changed, forecasts, says how
grave it is, opens a case where the table says so, and closes it when the risk is over.

An order is due when something happened to it (observing), or when time alone may change its risk: then the moment was
written down when it was looked at last (`look_at`). Nothing else is read; a tenant without anything due costs one
look into an index. A plan is never changed: with another promise, site, service, stock or carrier's day it gets a new
version that says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from crossdock import exactjson
from crossdock.cases import casework, common, rulings
from crossdock.cases.casework import Offer
from crossdock.db import Database, Tx, queries
from crossdock.rules import RulebookError, businesstime, planning
from crossdock.rules.businesstime import NeverOpen, TooFar
from crossdock.rules.planning import Forecast, Plan, Reached, Step
from crossdock.tower.jeopardy import ways, words
from crossdock.tower.jeopardy.ways import Given, World

SQL = queries("crossdock.tower.jeopardy", "jeopardy.sql")

BATCH = 200
BATCHES = 20  # of one tenant at a time: the others wait for their turn
KIND = "promise-at-risk"
KEY = "jeopardy"
GRAVE = ("high", "critical", "missed")
SOONEST = timedelta(minutes=1)
TIGHT = timedelta(hours=2)  # open time left from which the shipped table says "watch"
MOST_DAYS_LATE = 999
AGREED = Offer(id="done", label="Seen to", effect="The exception is closed; it is not opened again for this risk")


@dataclass(frozen=True, slots=True)
class Risk:
    """What was found about one order. look_at: None when time changes nothing."""

    level: str
    step: str = ""
    rule: str = ""
    reason: str = ""
    promised_on: date | None = None
    expected_on: date | None = None
    expected: Sequence[dict[str, Any]] = ()
    days_late: int = 0
    could: Sequence[dict[str, Any]] = ()
    look_at: datetime | None = None
    case: bool = False
    severity: str = "medium"
    queue: str = "order-desk"


@dataclass(frozen=True, slots=True)
class Planned:
    """steps: the plan as it is kept. plan: None where nothing is promised."""

    given: Given
    basis: str
    plan: Plan | None
    steps: Sequence[dict[str, Any]]


async def run_due(db: Database, now: datetime) -> int:
    """Looks at what is due in each tenant; returns how many orders it looked at."""
    looked = 0
    for row in await db.pool.fetch(SQL["tenants"], now):
        tenant_id = row["tenant_id"]
        for _ in range(BATCHES):
            async with db.transaction(tenant_id) as tx:
                found = await look(tx, tenant_id, now)
            looked += found
            if found < BATCH:
                break
    return looked


async def look(tx: Tx, tenant_id: str, now: datetime, limit: int = BATCH) -> int:
    """Looks at the next orders that are due in one tenant."""
    rows = await tx.fetch(SQL["due"], tenant_id, now, limit)
    if not rows:
        return 0
    w = await ways.world(tx, tenant_id)
    plans: list[tuple[Any, ...]] = []
    risks: list[tuple[Any, ...]] = []
    for row in rows:
        if not row["known"]:
            await tx.execute(SQL["forget"], tenant_id, row["order_no"])
        elif row["outcome"] is not None or row["completed_at"] is not None:
            await _over(tx, tenant_id, row, now)
        else:
            version, made = row["plan_version"], planned(w, row)
            if made is not None and made.basis != row["basis"]:
                version += 1
                plans.append(_plan_row(tenant_id, row, version, made, now))
            risk = Risk("none") if made is None else judge(w, row, made, now)
            risks.append(await _risk_row(tx, tenant_id, w, row, version, risk, now))
    if plans:
        await tx.executemany(SQL["plan"], plans)
    if risks:
        await tx.executemany(SQL["risk"], risks)
    return len(rows)


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────────


def planned(w: World, row: Any) -> Planned | None:
    """None where a calendar never opens: nothing can be said about the order."""
    given = ways.given(w, row)
    promised = row["promised_on"] or row["requested_on"]
    basis = exactjson.text(
        {
            "promised_on": promised, "site": given.site, "service": given.lead.service, "lead_days": given.lead.days,
            "short": row["short"] > 0, "stock_on": _stock_on(w, row) if row["short"] > 0 else None,
            "eta_on": row["eta_on"] if row["last_shipped_at"] is not None else None,
            "held_up": row["held_up_at"] is not None,
            "calendars": [f"{c.name} {c.version}" for c in (given.way.site, given.way.carrier, given.way.receiving)],
        }
    )  # fmt: skip
    try:
        if promised is None:
            at = planning.forecast(given.way, Reached(), row["received_at"]).at
            return Planned(given, basis, None, [{"step": s.value, "by": at[s]} for s in Step if s in at])
        plan = planning.plan(given.way, promised)
    except (NeverOpen, TooFar, OverflowError):
        return None
    return Planned(given, basis, plan, [{"step": s.value, "by": plan.by[s]} for s in Step])


def _plan_row(tenant_id: str, row: Any, version: int, made: Planned, now: datetime) -> tuple[Any, ...]:
    promised = row["promised_on"] or row["requested_on"]
    at = made.plan.by[Step.DELIVERED] if made.plan else None
    return (
        tenant_id, row["order_no"], version, now, _changed(row["basis"], made.basis, row), promised, at,
        made.given.site, made.given.lead.service, made.given.lead.days, made.basis, exactjson.text(list(made.steps)),
        exactjson.text(made.given.assumed),
    )  # fmt: skip


def _changed(before: str | None, after: str, row: Any) -> str:
    """Why there is another version, in words."""
    if before is None:
        return (
            "Promised" if row["promised_on"] else "Requested" if row["requested_on"] else "Received; nothing promised"
        )
    old, new = (cast("dict[str, Any]", exactjson.loads(b)) for b in (before, after))
    differ = {name for name in new if old.get(name) != new[name]}
    said: list[str] = []
    if "promised_on" in differ:
        said.append(f"Promise moved from {old['promised_on']} to {new['promised_on']}")
    if "site" in differ:
        said.append(f"Ships from {new['site']}")
    if "service" in differ:
        said.append(f"Goes as {new['service']}")
    elif "lead_days" in differ and "site" not in differ:
        said.append(f"The carrier needs {new['lead_days']} working days")
    if "short" in differ:
        said.append("Waits for stock" if new["short"] else "All of it is there")
    if "stock_on" in differ and new["stock_on"]:
        said.append(f"Stock is expected on {new['stock_on']}")
    if "eta_on" in differ and new["eta_on"]:
        said.append(f"The carrier says {new['eta_on']}")
    if "held_up" in differ:
        said.append("The carrier has trouble" if new["held_up"] else "The parcel goes on")
    if "calendars" in differ and "site" not in differ:
        said.append("A calendar changed")
    return "; ".join(said) or "What it was made of changed"


def _stock_on(w: World, row: Any) -> date | None:
    """When what is missing comes: as the supplier said, else when purchasing was promised it at the latest."""
    if row["stock_on"] is not None:
        return row["stock_on"]
    return None if row["stock_clock"] is None else row["stock_clock"].astimezone(w.zone).date()


# ── the risk ─────────────────────────────────────────────────────────────────────────────────────────────────────


def reached(w: World, row: Any) -> Reached:
    """How far all of the order is: what is short or not shipped yet holds the rest back."""
    at: dict[Step, datetime] = {}
    stamps = {
        Step.VALIDATED: row["validated_at"], Step.CREDIT: row["credit_cleared_at"], Step.RELEASED: row["released_at"],
        Step.PICKED: row["picked_at"], Step.SHIPPED: row["last_shipped_at"],
    }  # fmt: skip
    short = row["short"] > 0
    for step, moment in stamps.items():
        if moment is None or (short and step in (Step.RELEASED, Step.PICKED, Step.SHIPPED)):
            continue
        if step is Step.SHIPPED and row["unshipped"] > 0:
            continue
        at[step] = moment
    if row["invoiced_at"] is not None:
        at[Step.INVOICED] = row["invoiced_at"]
    shipped = Step.SHIPPED in at
    held_up = ways.held_up_days(w, row) if shipped and row["held_up_at"] is not None else 0
    return Reached(at, _stock_on(w, row) if short else None, row["eta_on"] if shipped else None, held_up)


def judge(w: World, row: Any, made: Planned, now: datetime) -> Risk:
    far = reached(w, row)
    step = words.waiting_for(far)
    promised = row["promised_on"] or row["requested_on"]
    if made.plan is None or promised is None:
        return Risk("none", step=step.value)
    over = now.astimezone(w.zone).date() > promised
    known = not (row["short"] > 0 and far.stock_on is None)
    day_over = datetime.combine(promised + timedelta(days=1), time.min, w.zone).astimezone(UTC)
    if not known:
        risk = _ruled(w, row, step, known=False, over=over, days_late=0, left=None)
        reason = words.breached(row, promised, None) if over else words.unknown(row, promised)
        look = day_over if day_over > now else now + timedelta(days=1)
        return _with(risk, step, promised, None, (), 0, reason, (), look)
    way = made.given.way
    try:
        seen = planning.forecast(way, far, now)
        latest = made.plan.latest(way, far)
        late = _days_late(way, promised, seen.deliver_on)
        left = None if late or step is Step.DELIVERED else businesstime.between(way.site, now, max(now, latest))
    except (NeverOpen, TooFar, OverflowError):
        return Risk("none", step=step.value)
    risk = _ruled(w, row, step, known=True, over=over, days_late=late, left=left)
    if over:
        reason = words.breached(row, promised, seen.deliver_on)
    elif late:
        reason = words.why(row, made.given, made.plan, seen, far, now)
    else:
        reason = words.tight(made.given, latest, step) if risk.level != "none" and step is not Step.DELIVERED else ""
    could = _could(w, row, made, far, step, now) if late and not over else ()
    expected = [{"step": s.value, "at": seen.at[s]} for s in Step if s in seen.at]
    look = _look_at(made, seen, latest, step, day_over, late, now)
    return _with(risk, step, promised, seen.deliver_on, expected, late, reason, could, look)


def _ruled(w: World, row: Any, step: Step, *, known: bool, over: bool, days_late: int, left: timedelta | None) -> Risk:
    hours = None if left is None else Decimal(int(left.total_seconds())) / 3600
    value = {
        "known": known, "breached": over, "days_late": days_late, "tier": row["tier"], "step": step.value,
        "hours_left": None if hours is None else round(hours, 3), "money": row["worth"],
        "channel": row["channel"] or "",
    }  # fmt: skip
    try:
        answer = w.book.evaluate(rulings.JEOPARDY, value)
    except RulebookError as e:
        # A table that cannot decide hides no risk.
        level = "missed" if over else "high" if days_late or not known else "none"
        return Risk(level, rule=f"the table cannot decide: {e}"[:300])
    out = answer.output
    level = str(out.get("level"))
    return Risk(
        level if level in rulings.LEVELS else "high", rule=answer.hit[0].rule if answer.hit else "",
        case=out.get("case") is True, severity=str(out.get("severity") or "medium"),
        queue=str(out.get("queue") or "order-desk"),
    )  # fmt: skip


def _with(
    risk: Risk, step: Step, promised: date, expected_on: date | None, expected: Sequence[dict[str, Any]], late: int,
    reason: str, could: Sequence[dict[str, Any]], look_at: datetime,
) -> Risk:  # fmt: skip
    return Risk(
        risk.level, step.value, risk.rule, reason, promised, expected_on, expected, late, could, look_at, risk.case,
        risk.severity, risk.queue,
    )  # fmt: skip


def _days_late(way: planning.Way, promised: date, expected: date) -> int:
    """Days on which the customer takes goods in, from the promised to the expected one."""
    late, day = 0, promised
    while day < expected and late < MOST_DAYS_LATE:
        day += timedelta(days=1)
        late += businesstime.is_business_day(way.receiving, day)
    return late


def _look_at(
    made: Planned, seen: Forecast, latest: datetime, step: Step, day_over: datetime, late: int, now: datetime
) -> datetime:
    """The next moment at which time alone may change the risk."""
    assert made.plan is not None, "nothing promised is not looked at"
    site, instant = made.given.way.site, timedelta(seconds=1)
    end = businesstime.closing(made.given.way.receiving, seen.deliver_on) + instant
    moments = [day_over, end]
    if step is not Step.DELIVERED:
        if late:
            moments.append(businesstime.closing(site, seen.ship_on) + instant)
            moments.append(planning.cutoff(site, seen.ship_on) + instant)
        else:
            moments += [latest + instant, latest - TIGHT]
            if latest > now:
                moments.append(businesstime.before(site, latest, TIGHT) + instant)
            moments.append(made.plan.by[step] + instant)
    coming = [m for m in moments if m > now]
    return max(min(coming, default=now + timedelta(days=1)), now + SOONEST)


def _could(w: World, row: Any, made: Planned, far: Reached, step: Step, now: datetime) -> Sequence[dict[str, Any]]:
    """Ways that would bring it earlier. Proposals only: nothing is booked."""
    if step is Step.DELIVERED:
        return ({"kind": "tell", "text": "Tell the customer the new day", "expected_on": None},)
    found: list[dict[str, Any]] = []
    given = made.given
    now_expected = planning.forecast(given.way, far, now).deliver_on
    service, tried = given.lead.faster, {given.lead.service}
    while service and service not in tried:
        tried.add(service)
        found += _if_better(w, row, far, now, now_expected, site=given.site, service=service)
        service = ways.given(w, row, given.site, service).lead.faster
    if step in (Step.VALIDATED, Step.CREDIT, Step.RELEASED):
        for site in w.sites:
            if site != given.site:
                found += _if_better(w, row, far, now, now_expected, site=site, service=row["service"] or "")
    found.sort(key=lambda f: str(f["expected_on"]))
    return (*found[:3], {"kind": "tell", "text": "Tell the customer the new day", "expected_on": None})


def _if_better(
    w: World, row: Any, far: Reached, now: datetime, than: date, *, site: str, service: str
) -> list[dict[str, Any]]:
    other = ways.given(w, row, site, service)
    try:
        day = planning.forecast(other.way, far, now).deliver_on
    except (NeverOpen, TooFar, OverflowError):
        return []
    if day >= than:
        return []
    if service and service != (row["service"] or ""):
        return [{"kind": "service", "service": other.lead.service, "expected_on": day,
                 "text": f"Send it as {other.lead.service}: delivery on {words.day(day)}"}]  # fmt: skip
    return [{"kind": "site", "site": site, "expected_on": day,
             "text": f"Ship it from {site}, if it has the goods: delivery on {words.day(day)}"}]  # fmt: skip


# ── what follows ─────────────────────────────────────────────────────────────────────────────────────────────────


async def _risk_row(
    tx: Tx, tenant_id: str, w: World, row: Any, version: int, risk: Risk, now: datetime
) -> tuple[Any, ...]:
    order, currency = row["order_no"], row["currency"] or w.currency
    case_id: UUID | None = row["case_id"]
    if risk.level in ("none", "watch"):
        if case_id is not None:
            await casework.close_by_system(tx, tenant_id, case_id, "closed: it is expected in time again", now)
            case_id = None
    elif risk.case and case_id is None:
        case = await casework.open_case(tx, tenant_id, _case(row, risk, version, currency), now)
        case_id = case.case_id
    if (risk.level in GRAVE) != (row["level"] in GRAVE) and risk.level != "missed" and row["level"] != "missed":
        facts = {
            "level": risk.level, "reason": risk.reason, "promised_on": risk.promised_on, "money": row["worth"],
            "expected_on": risk.expected_on, "plan": version,
        }  # fmt: skip
        what = "promise.at-risk" if risk.level in GRAVE else "promise.recovered"
        await common.publish(tx, tenant_id, what, order, now, {k: v for k, v in facts.items() if v is not None})
    return (
        tenant_id, order, risk.look_at, version, risk.level, risk.step, risk.rule, risk.reason, risk.promised_on,
        risk.expected_on, exactjson.text(list(risk.expected)), risk.days_late, row["worth"], currency,
        exactjson.text(list(risk.could)), row["since"] if risk.level == row["level"] and row["since"] else now, case_id,
        now, False,
    )  # fmt: skip


def _case(row: Any, risk: Risk, version: int, currency: str) -> casework.New:
    order = row["order_no"]
    return casework.New(
        kind=KIND, queue=risk.queue, severity=risk.severity, order=order, key=KEY, reason=risk.reason,
        title=f"Order {order}: {risk.reason}", customer_id=row["customer_id"], customer=row["customer"] or "",
        money=row["worth"], currency=currency, site=row["site"], promised_on=risk.promised_on,
        evidence={
            "promised_on": risk.promised_on, "expected_on": risk.expected_on, "days_late": risk.days_late,
            "step": risk.step, "rule": risk.rule, "plan": version, "could": list(risk.could),
        },
        actions=(AGREED,),
    )  # fmt: skip


async def _over(tx: Tx, tenant_id: str, row: Any, now: datetime) -> None:
    if row["case_id"] is not None:
        what = (
            "closed: it is delivered" if row["completed_at"] is not None else f"closed: the order is {row['outcome']}"
        )
        await casework.close_by_system(tx, tenant_id, row["case_id"], what, now)
    await tx.execute(SQL["over"], tenant_id, row["order_no"], now)
