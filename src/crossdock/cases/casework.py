"""Cases: what cannot go on by itself, with a reason, the money at risk, a clock, and the actions that end it.

    open ⇄ snoozed      open, snoozed → closed      closed → open (unless a workflow was answered by it)

Whoever opens one says what it is about; the tenant's tables (crossdock.cases.routing) say whose it is, when it is due
and how urgent. A cause that goes away closes its case, unless somebody is at it: then it says so, and closes later.

A case of a workflow may hold a parked call: its resolution is the call's answer `{action, data, note, by}`. A case
about a call whose effect nobody could tell settles that call: it happened, with this output, or it did not. One that
holds a look-up answers it with a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from crossdock import audit, exactjson, ids, telemetry
from crossdock.cases import common, learning, lookups, places, presence, repairing, routing, rulings
from crossdock.cases.clusters import cause
from crossdock.db import Database, Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events import inbox
from crossdock.flow.facts import Error
from crossdock.flow.faults import COMMUNICATION
from crossdock.flow.outcomes import Done, Failed

SQL = queries("crossdock.cases", "casework.sql")
SEVERITIES = ("critical", "high", "medium", "low")
DETAIL_LIMIT = 4000
RESCORE_AFTER = timedelta(minutes=10)  # of business time: what is a matter of hours is ranked to a few minutes
RESCORED_AT_ONCE = 500
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # when something without a time is due; casework.sql says the same


class Status(StrEnum):
    OPEN = "open"
    SNOOZED = "snoozed"
    CLOSED = "closed"


# From → where to, by what is done. Anything else is a Conflict.
TRANSITIONS: Mapping[tuple[Status, str], Status] = {
    (Status.OPEN, "assign"): Status.OPEN,
    (Status.SNOOZED, "assign"): Status.SNOOZED,
    (Status.OPEN, "comment"): Status.OPEN,
    (Status.SNOOZED, "comment"): Status.SNOOZED,
    (Status.CLOSED, "comment"): Status.CLOSED,
    (Status.OPEN, "snooze"): Status.SNOOZED,
    (Status.SNOOZED, "snooze"): Status.SNOOZED,
    (Status.SNOOZED, "wake"): Status.OPEN,
    (Status.OPEN, "resolve"): Status.CLOSED,
    (Status.SNOOZED, "resolve"): Status.CLOSED,
    (Status.OPEN, "withdraw"): Status.CLOSED,
    (Status.SNOOZED, "withdraw"): Status.CLOSED,
    (Status.CLOSED, "reopen"): Status.OPEN,
    (Status.OPEN, "link"): Status.OPEN,
    (Status.SNOOZED, "link"): Status.SNOOZED,
    (Status.CLOSED, "link"): Status.CLOSED,
    (Status.OPEN, "merge"): Status.CLOSED,
    (Status.SNOOZED, "merge"): Status.CLOSED,
    (Status.CLOSED, "unmerge"): Status.OPEN,
    (Status.OPEN, "clear"): Status.OPEN,
    (Status.SNOOZED, "clear"): Status.SNOOZED,
}


class Answers(StrEnum):
    """What the resolution of a case does to the call it holds."""

    WORKFLOW = "workflow"
    OUTCOME = "outcome"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One action that ends a case. effect: what happens then, in a sentence. needs_input: `data` is edited first."""

    id: str
    label: str
    effect: str = ""
    needs_input: bool = False


HAPPENED = Offer(
    id="happened", label="It did happen", effect="The call counts as done with the output given", needs_input=True
)
NOT_HAPPENED = Offer(id="not-happened", label="It did not happen", effect="The call fails, and may be made again")
CLOSE = Offer(id="close", label="Close", effect="The case is closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What to open. key: opened once while open. holds: the task run whose call it holds, and how it answers."""

    kind: str
    queue: str
    title: str
    severity: str = "medium"
    detail: str = ""
    reason: str = ""
    order: str = ""
    customer_id: str = ""
    customer: str = ""
    money: Decimal | None = None
    currency: str = ""
    evidence: Any = None
    data: Any = None
    editable: Sequence[str] = ()
    actions: Sequence[Offer] = (CLOSE,)
    due_at: datetime | None = None
    site: str = ""
    partner: str = ""
    promised_on: date | None = None
    key: str | None = None
    incident_id: UUID | None = None
    instance_id: UUID | None = None
    at: str | None = None
    answers: Answers | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    case_id: UUID
    number: str
    kind: str
    severity: str
    title: str
    detail: str
    reason: str
    order: str
    customer_id: str
    customer: str
    money: Decimal | None
    currency: str
    queue: str
    team: str
    owner: str | None
    tier: str
    promised_on: date | None
    site: str
    partner: str
    priority: int
    priority_why: list[dict[str, Any]]
    placed_by: dict[str, Any] | None
    calendar: str | None
    clocked_by: dict[str, Any] | None
    overdue_at: datetime | None
    merged_into: UUID | None
    reopened: int
    clearing: str | None
    status: Status
    snoozed_until: datetime | None
    evidence: Any
    data: Any
    editable: list[str]
    actions: list[dict[str, Any]]
    comments: list[dict[str, Any]]
    history: list[dict[str, Any]]
    incident_id: UUID | None
    instance_id: UUID | None
    at: str | None
    answers: Answers | None
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    resolution: str | None
    resolved_by: str | None
    note: str | None

    def breached(self, now: datetime) -> bool:
        return self.due_at is not None and (self.closed_at or now) > self.due_at

    def summary(self, now: datetime) -> dict[str, Any]:
        """One item of the list, as the API shows it."""
        return {
            "id": str(self.case_id), "number": self.number, "kind": self.kind, "severity": self.severity,
            "title": self.title, "detail": self.detail, "reason": self.reason, "order": self.order,
            "customer": self.customer or self.customer_id, "money": None if self.money is None else str(self.money),
            "currency": self.currency, "queue": self.queue, "team": self.team, "owner": self.owner,
            "status": self.status.value, "priority": self.priority, "priority_why": self.priority_why,
            "tier": self.tier, "promised_on": self.promised_on, "partner": self.partner, "site": self.site,
            "opened_at": self.opened_at, "due_at": self.due_at, "breached": self.breached(now),
            "incident": None if self.incident_id is None else str(self.incident_id), "actions": self.actions,
        }  # fmt: skip

    def full(self, now: datetime) -> dict[str, Any]:
        """The page of one case."""
        return {
            **self.summary(now), "customer_id": self.customer_id, "snoozed_until": self.snoozed_until,
            "evidence": self.evidence, "editable": self.editable, "data": self.data, "comments": self.comments,
            "history": self.history, "closed_at": self.closed_at, "resolution": self.resolution,
            "resolved_by": self.resolved_by, "note": self.note,
            "instance": None if self.instance_id is None else str(self.instance_id), "placed_by": self.placed_by,
            "calendar": self.calendar, "clocked_by": self.clocked_by, "reopened": self.reopened,
            "merged_into": None if self.merged_into is None else str(self.merged_into), "clearing": self.clearing,
        }  # fmt: skip


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def open_case(tx: Tx, tenant_id: str, new: New, now: datetime, *, by: str = common.SYSTEM) -> Case:
    """Opens a case, or gives the one that is open already under the same key."""
    if new.key is not None and (same := await tx.fetchrow(SQL["same"], tenant_id, new.order, new.key)):
        return case_of(same)
    number = await common.number(tx, tenant_id, "EX")  # locks the counter: cases of a tenant are placed one by one
    severity = new.severity if new.severity in SEVERITIES else "medium"
    book = await rulings.current(tx, tenant_id)
    known = await routing.about(
        tx, tenant_id, kind=new.kind, queue=new.queue, severity=severity, reason=new.reason, order=new.order,
        customer_id=new.customer_id, customer=new.customer, money=new.money, currency=new.currency,
        site=new.site or places.site_of(new.evidence, new.data), partner=new.partner, promised_on=new.promised_on,
        incident_id=new.incident_id,
    )  # fmt: skip
    placed = await routing.place(tx, tenant_id, book, known, now)
    timed = routing.Clocked(new.due_at) if new.due_at else await routing.clock(
        tx, tenant_id, book, known, placed.team, now
    )  # fmt: skip
    scored = routing.score(book, known, placed.team, now, due_at=timed.due_at, opened_at=now, reopened=0)
    history = [{"at": now, "by": by, "what": "opened"}]
    if placed.owner:
        history.append({"at": now, "by": common.SYSTEM, "what": f"given to {placed.owner} of {placed.team}"})
    row = await tx.fetchrow(
        SQL["open"], tenant_id, ids.new(), number, new.kind, severity, new.title[:500], new.detail[:DETAIL_LIMIT],
        new.reason[:DETAIL_LIMIT], new.order, known.customer_id, known.customer, known.money, known.currency, new.queue,
        exactjson.text(new.evidence if new.evidence is not None else {}),
        None if new.data is None else exactjson.text(new.data), exactjson.text(list(new.editable)),
        exactjson.text(list(new.actions)), exactjson.text(history), new.key,
        new.incident_id, new.instance_id, new.at, new.answers, now, timed.due_at, placed.team, placed.owner,
        known.tier, known.promised_on, known.site, known.partner, scored.priority, exactjson.text(list(scored.why)),
        exactjson.text(placed.by), timed.calendar and timed.calendar.name, timed.calendar and timed.calendar.version,
        timed.by and exactjson.text(timed.by),
    )  # fmt: skip
    if row is None:  # opened by another transaction since we looked
        row = await tx.fetchrow(SQL["same"], tenant_id, new.order, new.key)
    case = case_of(row)
    found = cause.of(
        case.kind, customer=case.customer_id or case.customer, reason=case.reason, detail=case.detail,
        evidence=case.evidence, data=case.data,
    )  # fmt: skip
    await tx.execute(SQL["cause"], tenant_id, case.case_id, found.key, exactjson.text(found))
    telemetry.cases_opened.add(kind=case.kind)
    facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind, "severity": case.severity,
             "queue": case.queue, "team": case.team, "owner": case.owner, "title": case.title, "money": case.money,
             "priority": case.priority, "due_at": case.due_at}  # fmt: skip
    await common.publish(tx, tenant_id, "case.opened", case.order, now, facts)
    return case


# ── what people do ───────────────────────────────────────────────────────────────────────────────────────────────


async def assign(tx: Tx, tenant_id: str, case_id: UUID, owner: str | None, by: str, now: datetime) -> Case:
    case = await take(tx, tenant_id, case_id, "assign")
    what = f"assigned to {owner}" if owner else "unassigned"
    return await save(tx, tenant_id, replace(case, owner=owner), by, now, "assign", what)


async def snooze(tx: Tx, tenant_id: str, case_id: UUID, until: datetime, by: str, now: datetime) -> Case:
    """Raises PartnerError when `until` is not in the future."""
    if until <= now:
        finding = Finding(
            "case.snooze", "/until", f"a time after {now.isoformat()}", until.isoformat(), "Choose a later time"
        )
        raise PartnerError([finding])
    case = await take(tx, tenant_id, case_id, "snooze")
    changed = replace(case, status=Status.SNOOZED, snoozed_until=until)
    return await save(tx, tenant_id, changed, by, now, "snooze", f"snoozed until {until.isoformat()}")


async def comment(tx: Tx, tenant_id: str, case_id: UUID, text: str, by: str, now: datetime) -> Case:
    case = await take(tx, tenant_id, case_id, "comment")
    said = {"at": now, "by": by, "text": text[:DETAIL_LIMIT]}
    return await save(tx, tenant_id, replace(case, comments=[*case.comments, said]), by, now, "comment", "commented")


async def resolve(
    tx: Tx, tenant_id: str, case_id: UUID, action: str, by: str, now: datetime, *, data: Any = None, note: str = ""
) -> Case:
    """Ends a case by one of its actions, and answers the call it holds.

    data: what was edited, as members of the case's data; only what `editable` names may differ.
    Raises Conflict when it is closed, PartnerError when the action or an edit is not offered.
    """
    case = await take(tx, tenant_id, case_id, "resolve")
    offered = {offer["id"]: offer for offer in case.actions}
    if action not in offered:
        expected = ", ".join(offered)
        raise PartnerError(
            [Finding("case.action", "/action", f"one of {expected}", action, "Choose an action offered")]
        )
    edited = _edited(case, data)
    what = f"resolved: {action}"
    if case.answers is not Answers.LOOKUP and (
        learned := await learning.learn(
            tx, tenant_id, case_id, case.number, case.order, case.data, edited, by, note, now
        )
    ):
        what += f"; proposed that {learned}"
    changed = replace(
        case, status=Status.CLOSED, closed_at=now, resolution=action, resolved_by=by, note=note, data=edited
    )
    saved = await save(tx, tenant_id, changed, by, now, "resolve", what, note=note)
    await _answer(tx, tenant_id, saved, action, by, note, data)
    facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind, "action": action, "note": note}
    await common.publish(tx, tenant_id, "case.resolved", case.order, now, {**facts, "by": by, "resolved_by": by})
    return saved


async def reopen(tx: Tx, tenant_id: str, case_id: UUID, by: str, now: datetime) -> Case:
    """Raises Conflict when its resolution has answered a workflow: that cannot be taken back."""
    case = await take(tx, tenant_id, case_id, "reopen")
    if case.answers is not None:
        raise Conflict(f"{case.number} answered its process with {case.resolution!r}; a new case is needed")
    if case.merged_into is not None:
        raise Conflict(f"{case.number} is merged into another case; undo that first")
    changed = replace(
        case, status=Status.OPEN, closed_at=None, resolution=None, resolved_by=None, snoozed_until=None,
        reopened=case.reopened + 1, clearing=None,
    )  # fmt: skip
    saved = await save(tx, tenant_id, changed, by, now, "reopen", "reopened")
    facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind, "by": by}
    await common.publish(tx, tenant_id, "case.reopened", case.order, now, facts)
    return saved


# ── what happens by itself ───────────────────────────────────────────────────────────────────────────────────────


async def withdraw(tx: Tx, tenant_id: str, instance_id: UUID, at: str | None, now: datetime) -> int:
    """Closes the cases that hold a call nobody waits for any more; returns how many."""
    rows = await tx.fetch(SQL["parked"], tenant_id, instance_id, at)
    for row in rows:
        await _withdraw(tx, tenant_id, case_of(row), now, "withdrawn: its process no longer asks")
    return len(rows)


async def close_of_incident(tx: Tx, tenant_id: str, incident_id: UUID, now: datetime) -> int:
    rows = await tx.fetch(SQL["of_incident"], tenant_id, incident_id)
    for row in rows:
        await _clear(tx, tenant_id, case_of(row), now, "closed: the system is back")
    return len(rows)


async def close_technical(tx: Tx, tenant_id: str, instance_id: UUID, now: datetime) -> int:
    """Closes the cases that say an instance is stuck or failed: it was taken up again."""
    rows = await tx.fetch(SQL["technical"], tenant_id, instance_id)
    for row in rows:
        await _clear(tx, tenant_id, case_of(row), now, "closed: the instance was taken up again")
    return len(rows)


async def close_by_system(tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None:
    """Closes a case whose cause went away; one that is closed already stays as it is.

    One that somebody works on stays open, says that its cause is gone, and closes when nobody is there any more.
    """
    row = await tx.fetchrow(SQL["locked"], tenant_id, case_id)
    if row is not None and row["status"] != Status.CLOSED:
        await _clear(tx, tenant_id, case_of(row), now, what)


async def clear_order(
    tx: Tx, tenant_id: str, order: str, kinds: Sequence[str], what: str, now: datetime
) -> int:  # fmt: skip
    """The same for the open cases of an order that are of these kinds and that no process waits for."""
    rows = await tx.fetch(SQL["of_order_kinds"], tenant_id, order, list(kinds))
    for row in rows:
        await _clear(tx, tenant_id, case_of(row), now, what)
    return len(rows)


async def close_cleared(tx: Tx, tenant_id: str, now: datetime) -> int:
    """Closes what was left open because somebody worked on it, and whom nobody is at any more."""
    rows = await tx.fetch(SQL["cleared"], tenant_id)
    for row in rows:
        case = case_of(row)
        await _withdraw(tx, tenant_id, case, now, case.clearing or "")
    return len(rows)


async def wake_one(tx: Tx, tenant_id: str, case_id: UUID, by: str, now: datetime) -> Case:
    """Ends a snooze before its time."""
    case = await take(tx, tenant_id, case_id, "wake")
    changed = replace(case, status=Status.OPEN, snoozed_until=None)
    return await save(tx, tenant_id, changed, by, now, "wake", "woken up")


async def wake(tx: Tx, tenant_id: str, now: datetime) -> int:
    rows = await tx.fetch(SQL["awake"], tenant_id, now)
    for row in rows:
        changed = replace(case_of(row), status=Status.OPEN, snoozed_until=None)
        await save(tx, tenant_id, changed, common.SYSTEM, now, "wake", "snooze ended")
    return len(rows)


async def rescore(tx: Tx, tenant_id: str, now: datetime, limit: int = RESCORED_AT_ONCE) -> int:
    """Works out anew how urgent open cases are, those first that were worked out longest ago; and says which clocks ran
    out. Returns how many were looked at.
    """
    rows = await tx.fetch(SQL["stale"], tenant_id, now - RESCORE_AFTER, limit)
    book = await rulings.current(tx, tenant_id)
    for row in rows:
        case = case_of(row)
        known = await _about(tx, tenant_id, case)
        scored = routing.score(
            book, known, case.team, now, due_at=case.due_at, opened_at=case.opened_at, reopened=case.reopened
        )
        ran_out = case.overdue_at is None and case.due_at is not None and case.due_at <= now
        await tx.execute(
            SQL["scored"], tenant_id, case.case_id, scored.priority, exactjson.text(list(scored.why)), now,
            known.tier, known.promised_on, now if ran_out else None,
        )  # fmt: skip
        if ran_out:
            facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind, "team": case.team,
                     "owner": case.owner, "due_at": case.due_at}  # fmt: skip
            await common.publish(tx, tenant_id, "case.overdue", case.order, now, facts)
    return len(rows)


async def run_due(db: Database, now: datetime) -> int:
    """`rescore` and `close_cleared` for each tenant that has something to look at."""
    done = 0
    for row in await db.pool.fetch("select * from crossdock.cases_stale($1) as tenant_id", now - RESCORE_AFTER):
        async with db.transaction(row["tenant_id"]) as tx:
            done += await rescore(tx, row["tenant_id"], now)
            done += await close_cleared(tx, row["tenant_id"], now)
    return done


async def _about(tx: Tx, tenant_id: str, case: Case) -> routing.About:
    return await routing.about(
        tx, tenant_id, kind=case.kind, queue=case.queue, severity=case.severity, reason=case.reason, order=case.order,
        customer_id=case.customer_id, customer=case.customer, money=case.money, currency=case.currency, site=case.site,
        partner=case.partner, promised_on=None, incident_id=case.incident_id,
    )  # fmt: skip


async def _clear(tx: Tx, tenant_id: str, case: Case, now: datetime, what: str) -> None:
    """The cause of a case is gone: it closes, unless somebody is at it."""
    there = [p.user for p in await presence.at(tx, tenant_id, case.case_id)]
    if not there:
        await _withdraw(tx, tenant_id, case, now, what)
    elif case.clearing is None:
        said = f"{what}; left open while {', '.join(there)} works on it"
        await save(tx, tenant_id, replace(case, clearing=what), common.SYSTEM, now, "clear", said)
        facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind, "what": what, "there": there}
        await common.publish(tx, tenant_id, "case.cleared", case.order, now, facts)


async def awaken(tx: Tx, tenant_id: str, case_id: UUID, now: datetime) -> None:
    """Ends the snooze of one case before its time; one that is awake stays so."""
    row = await tx.fetchrow(SQL["locked"], tenant_id, case_id)
    if row is not None and row["status"] == Status.SNOOZED:
        changed = replace(case_of(row), status=Status.OPEN, snoozed_until=None)
        await save(tx, tenant_id, changed, common.SYSTEM, now, "wake", "snooze ended")


async def _withdraw(tx: Tx, tenant_id: str, case: Case, now: datetime, what: str) -> None:
    changed = replace(case, status=Status.CLOSED, closed_at=now, resolution="withdrawn", resolved_by=common.SYSTEM)
    await save(tx, tenant_id, changed, common.SYSTEM, now, "withdraw", what)
    facts = {"case": str(case.case_id), "number": case.number, "kind": case.kind}
    await common.publish(tx, tenant_id, "case.withdrawn", case.order, now, facts)


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """owner: a user's name, or "none"; None: any."""

    status: str | None = None
    queue: str | None = None
    kind: str | None = None
    owner: str | None = None
    incident_id: UUID | None = None
    order: str | None = None
    q: str | None = None
    team: str | None = None
    site: str | None = None


class Sort(StrEnum):
    """rank: what is most urgent by the table first. due: what is due first, and what has no time last."""

    RANK = "rank"
    DUE = "due"
    NEWEST = "newest"


async def find(
    tx: Tx, tenant_id: str, wanted: Filter, *, limit: int = 50, cursor: str | None = None, sort: Sort = Sort.NEWEST
) -> common.Page[Case]:
    search = f"%{wanted.q}%" if wanted.q else None
    filters = (
        wanted.status, wanted.queue, wanted.kind, wanted.owner, wanted.incident_id, wanted.order, search, wanted.team,
        wanted.site,
    )  # fmt: skip
    after = common.read_cursor(cursor)
    rows = [case_of(r) for r in await tx.fetch(SQL[sort.value], tenant_id, *filters, *after, limit + 1)]
    total: int = await tx.fetchval(SQL["count"], tenant_id, *filters)
    return common.page(rows, limit, total, lambda c: (_place(c, sort), c.case_id))


def _place(case: Case, sort: Sort) -> datetime:
    """What a page is sorted by, as a time: a cursor holds one. Ranks count the minutes before the end of time."""
    match sort:
        case Sort.RANK:
            return NEVER - timedelta(minutes=case.priority)
        case Sort.DUE:
            return case.due_at or NEVER
        case Sort.NEWEST:
            return case.opened_at


async def get(tx: Tx, tenant_id: str, case_id: UUID) -> Case:
    row = await tx.fetchrow(SQL["one"], tenant_id, case_id)
    if row is None:
        raise NotFound("No such case")
    return case_of(row)


# ── within ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def take(tx: Tx, tenant_id: str, case_id: UUID, doing: str) -> Case:
    row = await tx.fetchrow(SQL["locked"], tenant_id, case_id)
    if row is None:
        raise NotFound("No such case")
    case = case_of(row)
    if (case.status, doing) not in TRANSITIONS:
        by = f" by {case.resolved_by}" if case.resolved_by else ""
        raise Conflict(f"{case.number} is {case.status.value}{by}; it cannot be given '{doing}' now")
    return case


async def save(
    tx: Tx, tenant_id: str, case: Case, by: str, now: datetime, action: str, what: str, *, note: str = ""
) -> Case:
    history = [*case.history, {"at": now, "by": by, "what": what}]
    row = await tx.fetchrow(
        SQL["save"], tenant_id, case.case_id, case.owner, case.status, case.snoozed_until,
        None if case.data is None else exactjson.text(case.data), exactjson.text(case.comments),
        exactjson.text(history), case.closed_at, case.resolution, case.resolved_by, case.note, case.answers,
        case.team, case.merged_into, case.reopened, case.clearing,
    )  # fmt: skip
    detail = {"order": case.order, "what": what} | ({"note": note} if note else {})
    await audit.record(tx, tenant_id, by, f"case.{action}", case.number, detail)
    return case_of(row)


async def _answer(tx: Tx, tenant_id: str, case: Case, action: str, by: str, note: str, data: Any) -> None:
    if case.answers is None or case.instance_id is None or case.at is None:
        return
    match case.answers:
        case Answers.WORKFLOW:
            given = case.data if data is not None else None
            outcome = Done({"action": action, "data": given, "note": note or None, "by": by})
        case Answers.OUTCOME if action == HAPPENED.id:
            outcome = Done(data if data is not None else {})
        case Answers.LOOKUP:
            outcome = await lookups.outcome(tx, tenant_id, case.evidence, case.data, action, note, by)
        case Answers.OUTCOME:
            outcome = Failed(Error(COMMUNICATION, 502, "The call had no effect", note or f"found by {by}"))
    await inbox.answer(tx, tenant_id, case.instance_id, case.at, outcome)


def _edited(case: Case, data: Any) -> Any:
    """The case's data with the edits. Raises PartnerError for each edit outside the editable pointers, or that does not
    fit what the case repairs."""
    if data is None or case.answers is Answers.OUTCOME:
        return case.data
    stored: Any = case.data
    if not isinstance(data, dict) or not isinstance(stored, dict):
        finding = Finding(
            "case.data", "/data", "the members to change", type(cast("object", data)).__name__, "Send an object"
        )
        raise PartnerError([finding])
    before = cast("dict[str, Any]", stored)
    after = before | exactjson.plain(data)
    wrong = [p for p in _differences(before, after, "") if not any(_within(p, e) for e in case.editable)]
    if wrong:
        expected = ", ".join(case.editable) or "nothing"
        raise PartnerError(
            [
                Finding("case.editable", f"/data{p}", f"changes in {expected}", "another", "Leave it as it was")
                for p in wrong
            ]
        )
    if unfit := repairing.findings(case.kind, before, after):
        raise PartnerError(unfit)
    return after


def _within(pointer: str, editable: str) -> bool:
    return pointer == editable or pointer.startswith(editable.rstrip("/") + "/")


def _differences(before: Any, after: Any, pointer: str) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        one, two = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        keys = sorted({*one, *two})
        return [p for k in keys for p in _differences(one.get(k), two.get(k), f"{pointer}/{k}")]
    return [] if before == after else [pointer or "/"]


def case_of(row: Any) -> Case:
    return Case(
        case_id=row["case_id"], number=row["number"], kind=row["kind"], severity=row["severity"], title=row["title"],
        detail=row["detail"], reason=row["reason"], order=row["order_no"], customer_id=row["customer_id"],
        customer=row["customer"], money=row["money"], currency=row["currency"], queue=row["queue"], owner=row["owner"],
        team=row["team"], tier=row["tier"], promised_on=row["promised_on"], site=row["site"], partner=row["partner"],
        priority=row["priority"], priority_why=common.json_of(row["priority_why"]),
        placed_by=common.json_of(row["placed_by"]), calendar=row["calendar"],
        clocked_by=common.json_of(row["clocked_by"]), overdue_at=row["overdue_at"], merged_into=row["merged_into"],
        reopened=row["reopened"], clearing=row["clearing"],
        status=Status(row["status"]), snoozed_until=row["snoozed_until"], evidence=common.json_of(row["evidence"]),
        data=common.json_of(row["data"]), editable=common.json_of(row["editable"]),
        actions=common.json_of(row["actions"]), comments=common.json_of(row["comments"]),
        history=common.json_of(row["history"]), incident_id=row["incident_id"], instance_id=row["instance_id"],
        at=row["at"], answers=None if row["answers"] is None else Answers(row["answers"]), opened_at=row["opened_at"],
        due_at=row["due_at"], closed_at=row["closed_at"], resolution=row["resolution"], resolved_by=row["resolved_by"],
        note=row["note"],
    )  # fmt: skip
