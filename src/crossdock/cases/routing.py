"""What the tables say about a case: whose it is, when it must be ended, how urgent it is and why.

    place → team and owner      clock → due on a business calendar      score → 0…100 with every reason

`about` gathers what the rules may look at: the case itself, its order, the customer, the promise, the partner. The
rank is a function of time; `casework.rescore` works it out anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from crossdock.cases import calendars, rulings, teams
from crossdock.db import Tx, queries
from crossdock.flow import durations
from crossdock.rules import Answer, Rulebook, RulebookError, businesstime
from crossdock.rules.calendars import Calendar

SQL = queries("crossdock.cases", "routing.sql")

MOST = 100
# When the table cannot decide: the severity alone, so that nothing urgent drops to the end.
FALLBACK: Mapping[str, int] = {"critical": 80, "high": 60, "medium": 40, "low": 20}
SIGNS: Mapping[str, str] = {"EUR": "€", "USD": "$", "GBP": "£"}
_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A case as the rules see it. promise_at: the end of the promised day where the tenant is. orders: how many it
    holds up, of an incident.
    """

    kind: str
    queue: str
    severity: str
    reason: str
    customer_id: str
    customer: str
    tier: str
    site: str
    partner: str
    money: Decimal | None
    currency: str
    promised_on: date | None
    promise_at: datetime | None
    orders: int

    def inputs(self, team: str) -> dict[str, Any]:
        return {
            "kind": self.kind, "queue": self.queue, "severity": self.severity, "reason": self.reason[:500],
            "customer": self.customer_id, "tier": self.tier, "site": self.site, "partner": self.partner, "team": team,
            "money": self.money, "money_text": _money(self.money, self.currency),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """by: {table, version, rule, because} of the rule that decided."""

    team: str
    owner: str | None
    by: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clocked:
    due_at: datetime | None
    calendar: Calendar | None = None
    by: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """why: [{points, because, rule}], the weightiest first; what lies beyond 100 is not counted."""

    priority: int
    why: Sequence[Mapping[str, Any]] = field(default_factory=tuple[Mapping[str, Any], ...])


async def about(
    tx: Tx, tenant_id: str, *, kind: str, queue: str, severity: str, reason: str, order: str, customer_id: str,
    customer: str, money: Decimal | None, currency: str, site: str, partner: str, promised_on: date | None,
    incident_id: UUID | None,
) -> About:  # fmt: skip
    """What is given, and what the tenant's records add to it."""
    row = await tx.fetchrow(SQL["about"], tenant_id, order, customer_id, incident_id)
    assert row is not None, "the tenant is there"
    promised = promised_on or row["promised_on"]
    at_risk = row["total"] if money is None and order else money
    return About(
        kind=kind, queue=queue, severity=severity, reason=reason, customer_id=customer_id or row["customer_id"],
        customer=customer or row["customer"], tier=row["tier"], site=site or row["site"],
        partner=partner or row["partner"],
        money=at_risk, currency=currency or row["currency"], promised_on=promised,
        promise_at=None if promised is None else _end_of(promised, row["time_zone"]), orders=row["orders"],
    )  # fmt: skip


# ── whose it is ──────────────────────────────────────────────────────────────────────────────────────────────────


async def place(tx: Tx, tenant_id: str, book: Rulebook, case: About, now: datetime) -> Placed:
    """The team and somebody of it who is there; where nobody is, the team named for that, and at last anybody."""
    try:
        answer = book.evaluate(rulings.ASSIGNMENT, {**rulings.SAMPLE, **case.inputs(case.queue)})
        team, how = str(answer.output.get("team") or case.queue), str(answer.output.get("how") or rulings.WAYS[0])
        named, otherwise = str(answer.output.get("owner") or ""), str(answer.output.get("otherwise") or "")
        by = _hit(answer)
    except RulebookError as e:
        team, how, named, otherwise = case.queue, rulings.WAYS[0], "", ""
        by = {"table": rulings.ASSIGNMENT, "version": "", "rule": "", "because": f"by its queue: {e}"[:300]}
    if named and await teams.known(tx, tenant_id, named):
        return Placed(team, named, by | {"how": "named"})
    if owner := await teams.next_of(tx, tenant_id, team, how, now):
        return Placed(team, owner, by | {"how": how})
    if otherwise and otherwise != team and (owner := await teams.next_of(tx, tenant_id, otherwise, how, now)):
        return Placed(otherwise, owner, by | {"how": how, "instead_of": team})
    if found := await teams.anybody(tx, tenant_id, now):
        return Placed(found[0], found[1], by | {"how": "least-loaded", "instead_of": team})
    return Placed(team, None, by | {"how": "nobody"})


# ── when it is due ───────────────────────────────────────────────────────────────────────────────────────────────


async def clock(tx: Tx, tenant_id: str, book: Rulebook, case: About, team: str, now: datetime) -> Clocked:
    """Counted in the open hours of the calendar that the table names, else the team's, else the tenant's."""
    try:
        answer = book.evaluate(rulings.CLOCK, {**rulings.SAMPLE, **case.inputs(team)})
    except RulebookError as e:
        return Clocked(None, by={"table": rulings.CLOCK, "version": "", "rule": "", "because": str(e)[:300]})
    span = durations.parse(answer.output.get("within"))
    if span is None:
        return Clocked(None)
    of_team = str(await tx.fetchval(SQL["calendar_of"], tenant_id, team) or "")
    wanted = [str(answer.output.get("calendar") or ""), of_team, f"team/{team}", "default", calendars.ALWAYS]
    calendar = await calendars.first(tx, tenant_id, [w for w in wanted if w])
    assert calendar is not None, "around the clock is always there"
    by = dict(_hit(answer)) | {"within": str(answer.output["within"])}
    try:
        return Clocked(businesstime.add(calendar, now, span), calendar, by)
    except (businesstime.NeverOpen, businesstime.TooFar) as e:  # of a calendar that never opens: plain time
        return Clocked(now + span, None, by | {"because": f"{by['because']}; {e}"[:300]})


# ── how urgent it is ─────────────────────────────────────────────────────────────────────────────────────────────


def score(
    book: Rulebook,
    case: About,
    team: str,
    now: datetime,
    *,
    due_at: datetime | None,
    opened_at: datetime,
    reopened: int,
) -> Scored:
    promise = None if case.promise_at is None else case.promise_at - now
    left = None if due_at is None else due_at - now
    age = now - opened_at
    given = {
        **rulings.SAMPLE, **case.inputs(team), "orders": case.orders, "reopened": reopened,
        "hours_to_promise": _hours(promise), "promise_text": _span(promise), "hours_to_due": _hours(left),
        "clock_text": _span(left), "age_hours": _hours(age), "age_text": _span(age),
    }  # fmt: skip
    try:
        answer = book.evaluate(rulings.PRIORITY, given)
        rows = cast("list[dict[str, Any]]", answer.output.get("result") or [])
        why = [
            {"points": int(row["points"]), "because": str(row["because"]), "rule": hit.rule}
            for row, hit in zip(rows, answer.hit, strict=False)
        ]
    except (RulebookError, ArithmeticError, KeyError, TypeError, ValueError) as e:
        because = f"{case.severity} severity; the table could not decide: {e}"[:300]
        return Scored(FALLBACK.get(case.severity, 40), ({"points": FALLBACK.get(case.severity, 40),
                                                          "because": because, "rule": ""},))  # fmt: skip
    why.sort(key=lambda w: -int(str(w["points"])))
    total = sum(int(str(w["points"])) for w in why)
    return Scored(max(0, min(MOST, total)), tuple(why))


# ── within ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _hit(answer: Answer) -> dict[str, Any]:
    hit = answer.hit[0] if answer.hit else None
    return {
        "table": answer.table, "version": answer.version, "rule": hit.rule if hit else "",
        "because": hit.description if hit else "",
    }  # fmt: skip


def _end_of(day: date, zone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)


def _hours(span: timedelta | None) -> Decimal | None:
    return None if span is None else (Decimal(int(span.total_seconds())) / _HOUR).quantize(Decimal("0.001"))


def _span(span: timedelta | None) -> str:
    """3 h, 2 d, 40 min: the length, without its sign."""
    if span is None:
        return ""
    minutes = abs(int(span.total_seconds())) // 60
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _money(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return ""
    sign = SIGNS.get(currency, f"{currency} " if currency else "")
    return f"{sign}{amount.quantize(Decimal(1)):,}"
