"""What is wrong now. An alert fires once, and is over by itself.

    flow          no order was released for a while, though some wait for nothing but the flow
    incident      a system is down for long
    outbox        events wait to be handed on, more than usual
    dead-letters  events could not be handed on
    rule          what a rule of the tenant's own watches (tower.alerts.rules)
    rule-unread   a rule of the tenant's own that this version does not understand, and so watches nothing

Limits are the tenant's (settings.alerts): flow_minutes, incident_minutes, outbox, dead_letters. Without flow_minutes
the limit is ten times the tenant's own recent gap between two releases, between half an hour and four hours.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crossdock import exactjson, ids
from crossdock.db import PASSING, Database, Tx, queries
from crossdock.events import outbox
from crossdock.tower.alerts import notices, rules
from crossdock.tower.alerts.documents import Severity

SQL = queries("crossdock.tower.alerts", "alerts.sql")
log = logging.getLogger(__name__)

DAY = timedelta(hours=24)
GAPS = 10
LEAST, MOST = timedelta(minutes=30), timedelta(hours=4)
INCIDENT = timedelta(minutes=30)
OUTBOX = 1000
DEAD_LETTERS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong now. kind and key say whether it is the same as before."""

    kind: str
    key: str = ""
    title: str
    detail: str = ""
    link: str = ""
    severity: Severity = Severity.WARNING


async def check(tx: Tx, tenant_id: str, now: datetime) -> int:
    """Fires what is wrong and has not fired, ends what is right again; returns how many changed."""
    limits = await _limits(tx, tenant_id)
    wrong = {(t.kind, t.key): t for t in await _troubles(tx, tenant_id, limits, now)}
    firing = {(r["kind"], r["key"]): r for r in await tx.fetch(SQL["firing"], tenant_id)}
    changed = 0
    for at, trouble in wrong.items():
        if at not in firing:
            changed += await _fire(tx, tenant_id, trouble, now)
    for at, row in firing.items():
        if at not in wrong:
            changed += await _resolve(tx, tenant_id, row, now)
    return changed


async def check_all(db: Database, now: datetime) -> int:
    """`check` for each tenant, in a transaction each; trouble with one keeps no other from being looked at."""
    changed = 0
    for tenant_id in await db.tenant_ids():
        try:
            async with db.transaction(tenant_id) as tx:
                changed += await check(tx, tenant_id, now)
        except PASSING:
            raise  # the database itself: the next look finds the same
        except Exception:
            log.exception("alerts of %s could not be looked at", tenant_id)
    return changed


async def recent(tx: Tx, tenant_id: str) -> list[dict[str, Any]]:
    """As the API shows them: firing ones first, then the newest."""
    return [
        {"id": str(r["alert_id"]), "at": r["fired_at"], "kind": r["kind"], "title": r["title"], "detail": r["detail"],
         "state": "firing" if r["resolved_at"] is None else "resolved", "resolved_at": r["resolved_at"],
         "link": r["link"] or None, "severity": r["severity"]}
        for r in await tx.fetch(SQL["recent"], tenant_id)
    ]  # fmt: skip


async def _limits(tx: Tx, tenant_id: str) -> Mapping[str, Any]:
    stored = await tx.fetchval(SQL["settings"], tenant_id)
    found = exactjson.loads(stored) if stored else None
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType] - keys of JSON are text


async def _troubles(tx: Tx, tenant_id: str, limits: Mapping[str, Any], now: datetime) -> list[Trouble]:
    found: list[Trouble] = []
    flow = await tx.fetchrow(SQL["flow"], tenant_id, now)
    if flow is not None and flow["stuck"]:
        limit = _minutes(limits, "flow_minutes") or usual(flow["released"])
        quiet_since = max(t for t in (flow["released_at"], flow["since"]) if t is not None)
        if now - quiet_since > limit:
            found.append(
                Trouble(
                    kind="flow",
                    severity=Severity.CRITICAL,
                    title=f"No order was released for {_span(now - quiet_since)}; {flow['stuck']} wait",
                    detail=f"Expected a release within {_span(limit)}. Orders with exceptions, approvals or holds are "
                    "not counted.",
                    link="/orders?status=open",
                )
            )
    since = now - (_minutes(limits, "incident_minutes") or INCIDENT)
    for row in await tx.fetch(SQL["incidents"], tenant_id, since):
        title = f"{row['system']} does not answer for {_span(now - row['opened_at'])} ({row['number']})"
        found.append(
            Trouble(kind="incident", key=str(row["incident_id"]), title=title, link=f"/incidents/{row['incident_id']}")
        )
    backlog = await tx.fetchrow(SQL["backlog"], tenant_id)
    assert backlog is not None
    if backlog["outbox"] > _count(limits, "outbox", OUTBOX):
        found.append(Trouble(kind="outbox", title=f"{backlog['outbox']} events wait to be handed on"))
    if backlog["dead_letters"] > _count(limits, "dead_letters", DEAD_LETTERS):
        found.append(Trouble(kind="dead-letters", title=f"{backlog['dead_letters']} events could not be handed on"))
    for w in await rules.wrong(tx, tenant_id, now):
        match w:
            case rules.Wrong(rule, detail):
                found.append(
                    Trouble(
                        kind="rule",
                        key=rule.name,
                        title=rule.title,
                        detail=detail,
                        severity=rule.severity,
                        link=rules.view(rule),
                    )
                )
            case rules.Unread(name, error):
                title = f"The alert rule {name} watches nothing: it is not understood"
                found.append(Trouble(kind="rule-unread", key=name, title=title, detail=error, link="/alerts"))
    return found


def usual(released: int) -> timedelta:
    """How long a silence is worth a word, for a tenant that released so many orders in the last day."""
    return MOST if not released else min(MOST, max(LEAST, GAPS * DAY / released))


def _minutes(limits: Mapping[str, Any], name: str) -> timedelta | None:
    value = limits.get(name)
    return timedelta(minutes=float(value)) if isinstance(value, int | float) and value > 0 else None


def _count(limits: Mapping[str, Any], name: str, default: int) -> int:
    value = limits.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


async def _fire(tx: Tx, tenant_id: str, t: Trouble, now: datetime) -> int:
    alert_id = await tx.fetchval(
        SQL["fire"], tenant_id, ids.new(), t.kind, t.key, t.title, t.detail, t.link, now, t.severity
    )
    if alert_id is None:
        return 0
    await notices.queue(tx, tenant_id, alert_id, "fired", t.kind, t.severity, now)
    await _publish(tx, tenant_id, "fired", "firing", alert_id, t.title, t.link, now)
    return 1


async def _resolve(tx: Tx, tenant_id: str, row: Any, now: datetime) -> int:
    if await tx.fetchval(SQL["resolve"], tenant_id, row["alert_id"], now) is None:
        return 0
    await notices.queue(tx, tenant_id, row["alert_id"], "resolved", row["kind"], Severity(row["severity"]), now)
    await _publish(tx, tenant_id, "resolved", "resolved", row["alert_id"], row["title"], row["link"], now)
    return 1


async def _publish(
    tx: Tx, tenant_id: str, what: str, state: str, alert_id: Any, title: str, link: str, now: datetime
) -> None:
    data = {"id": str(alert_id), "at": now, "title": title, "state": state, "link": link or None}
    await outbox.publish(
        tx, tenant_id, {"type": f"crossdock.alert.{what}", "subject": "", "data": exactjson.plain(data)}
    )
