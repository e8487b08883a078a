"""A tenant's own alert rules: kept as written, looked at with every check.

What a figure is comes from the board's own strip, so that an alert and the page never disagree. An objective counts
its orders in the read side (docs/kpi.md says which).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg

from crossdock import audit, exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.tower import kpis
from crossdock.tower.alerts import documents
from crossdock.tower.alerts.documents import Burn, Objective, Rule, Threshold

SQL = queries("crossdock.tower.alerts", "rules.sql")
VIEWS = {
    "open_orders": "/orders?status=open", "cycle_time": "/orders?status=open", "otif": "/orders?late=true",
    "exceptions": "/exceptions", "approvals": "/approvals", "at_risk": "/at-risk",
}  # fmt: skip
MOST_RULES = 100  # of a tenant: each is looked at every few seconds


@dataclass(frozen=True, slots=True)
class Stored:
    """since: when what it watches began to be wrong; None while it is right. error: why it watches nothing."""

    name: str
    document: Any
    since: datetime | None
    put_by: str
    put_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a rule finds now."""

    rule: Rule
    detail: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A rule that cannot be followed, and why."""

    name: str
    error: str


async def put(tx: Tx, tenant_id: str, document: Any, by: str, now: datetime) -> Rule:
    """Adds or replaces the rule of that name. Raises PartnerError with everything that is wrong with it."""
    made = documents.rule(document)
    await tx.execute(SQL["put"], tenant_id, made.name, exactjson.text(document), by, now)
    if (found := await tx.fetchval(SQL["count"], tenant_id)) > MOST_RULES:
        fix = "Remove one that nobody acts upon."
        raise PartnerError([Finding("alert-rule", "/", f"at most {MOST_RULES} rules", str(found), fix)])
    await audit.record(tx, tenant_id, by, "alert-rule.put", made.name, {"document": document})
    return made


async def remove(tx: Tx, tenant_id: str, name: str, by: str) -> None:
    """Raises NotFound."""
    if await tx.fetchval(SQL["remove"], tenant_id, name) is None:
        raise NotFound(f"No alert rule {name!r}")
    await audit.record(tx, tenant_id, by, "alert-rule.remove", name, {})


async def every(tx: Tx, tenant_id: str) -> list[Stored]:
    return [
        Stored(r["name"], exactjson.loads(r["document"]), r["since"], r["put_by"], r["put_at"], r["error"])
        for r in await tx.fetch(SQL["all"], tenant_id)
    ]


async def wrong(tx: Tx, tenant_id: str, now: datetime) -> list[Wrong | Unread]:
    """What the tenant's rules find, of what has lasted long enough; and which of them cannot be followed.

    A rule that this version does not understand watches nothing, and keeps no other from watching.
    """
    found: list[Wrong | Unread] = []
    figures = Figures()
    for s in await every(tx, tenant_id):
        try:
            rule = documents.rule(s.document)
            async with tx.transaction():  # whatever fails in the database here fails here alone
                detail, lasting = await _look(tx, tenant_id, rule, figures, now)
        except (PartnerError, LookupError, ArithmeticError, asyncpg.DataError) as e:
            error = str(e)[:500] or type(e).__name__
            found.append(Unread(s.name, error))
            if error != s.error:
                await tx.execute(SQL["error"], tenant_id, s.name, error)
            continue
        since = (s.since or now) if detail else None
        if since != s.since or s.error:
            await tx.execute(SQL["since"], tenant_id, s.name, since)
        if detail and since is not None and now - since >= lasting:
            found.append(Wrong(rule, detail))
    return found


async def preview(tx: Tx, tenant_id: str, document: Any, now: datetime) -> str:
    """What a rule would find now, in words; empty when nothing is wrong. Raises PartnerError."""
    detail, _ = await _look(tx, tenant_id, documents.rule(document), Figures(), now)
    return detail


def view(rule: Rule) -> str:
    """The page that shows what the rule watches."""
    match rule.watch:
        case Threshold() as t:
            return VIEWS.get(t.kpi, "/")
        case Burn() as b:
            return "/orders?late=true" if b.objective is Objective.DELIVERED_BY_PROMISE else "/orders?status=open"


class Figures:
    """The board's own strip, read once a look and only when a rule asks."""

    def __init__(self) -> None:
        self._known: Mapping[str, kpis.Kpi] | None = None

    async def of(self, tx: Tx, tenant_id: str, key: str, now: datetime) -> kpis.Kpi:
        if self._known is None:
            self._known = {k.key: k for k in await kpis.strip(tx, tenant_id, now)}
        return self._known[key]


async def _look(tx: Tx, tenant_id: str, rule: Rule, figures: Figures, now: datetime) -> tuple[str, timedelta]:
    """What is wrong, in words, and for how long it has to last."""
    match rule.watch:
        case Threshold() as t:
            return _beyond(t, await figures.of(tx, tenant_id, t.kpi, now)), t.lasting
        case Burn() as b:
            return await _burning(tx, tenant_id, b, now), timedelta(0)


def _beyond(t: Threshold, kpi: kpis.Kpi) -> str:
    """What is wrong, in words; empty when nothing is."""
    if not t.beyond(Decimal(kpi.value) if kpi.value is not None else None):
        return ""
    limit = f"above {t.above}" if t.above is not None else f"below {t.below}"
    unit = {"percent": " %", "hours": " h"}.get(kpi.unit, "")
    return f"{kpi.label} stands at {kpi.value}{unit}, {limit}{unit}."


async def _burning(tx: Tx, tenant_id: str, b: Burn, now: datetime) -> str:
    name = {Objective.RELEASED_WITHIN: "released_within", Objective.DELIVERED_BY_PROMISE: "delivered_by_promise"}
    words: list[str] = []
    for window in (b.long, b.short):
        given: list[Any] = [tenant_id, now, now - window]
        if b.objective is Objective.RELEASED_WITHIN:
            given.append(b.within)
        row = await tx.fetchrow(SQL[name[b.objective]], *given)
        assert row is not None
        rate = b.rate(row["judged"], row["bad"])
        if rate < b.burn or not row["bad"]:
            return ""
        words.append(f"{row['bad']} of {row['judged']} orders in {_hours(window)} ({rate:.1f} ×)")
    return f"Errors come faster than {b.target} % allows: {', '.join(words)}."


def _hours(span: timedelta) -> str:
    minutes = span / timedelta(minutes=1)
    return f"{minutes:g} min" if minutes < 120 else f"{minutes / 60:g} h"
