"""A fix of many cases, from its preview to its end, or back.

    previewed → running (or asked, while a second person decides) → done
    running → stopped, when too many failed → running, when somebody goes on
    running, stopped, done → undoing → undone      previewed, asked, running, stopped → cancelled

The preview carries the fix out on every case and rolls it back, so it says what would happen and not what somebody
thought would. Its token is the hash of all it shows. The runner first makes what is changed once for all, then settles
one case a transaction, its effect and its outcome together: a crash loses nothing and doubles nothing, and any worker
goes on. A case that is not what was shown is skipped and said.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from crossdock import audit, exactjson, ids
from crossdock.cases import approvals, casework, common
from crossdock.cases.casework import Case
from crossdock.cases.fixes import back, lasting, radius, ruling
from crossdock.cases.fixes import fix as fixes
from crossdock.cases.fixes.back import Foreseen
from crossdock.cases.fixes.carrying import SQL, Asked, Blocked, Desk, Done, Effect, StillWrong, carry_out
from crossdock.cases.fixes.fix import DecisionRow, Fix
from crossdock.cases.fixes.radius import Radius
from crossdock.db import PASSING, Database, Tx
from crossdock.engine import operations
from crossdock.engine.hooks import Crash, Point, never
from crossdock.errors import Conflict, CrossdockError, Finding, NotFound, PartnerError
from crossdock.events.inbox import business_now

log = logging.getLogger(__name__)

MOST = 1000  # cases a fix: each is carried out once for its preview
STOP_AFTER = 5  # failures that were not foreseen
BUDGET_S = 0.5  # of one call of the runner, which shares its process with others
STATUSES = ("left", "waiting", "done", "skipped", "failed", "cancelled", "undone", "called-back", "stands")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """counts: cases by what became of them. detail: why it stopped, what undoing it did."""

    fix_id: UUID
    fix: Fix
    cause_key: str
    title: str
    reason: str
    token: str
    radius: Radius
    stop_after: int
    status: str
    detail: str
    asked_by: str
    approval_id: UUID | None
    previewed_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    undone_by: str | None
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """outcome: as previewed: solved, fails, blocked. status: what became of it."""

    case_id: UUID
    number: str
    title: str
    order: str
    money: Decimal | None
    currency: str
    outcome: str
    status: str
    detail: str
    effects: list[Effect]
    at: datetime | None


# ── the preview ──────────────────────────────────────────────────────────────────────────────────────────────────


class _Back(Exception):
    """Rolls back what was only tried."""


async def preview(
    tx: Tx, tenant_id: str, desk: Desk, cause_key: str, fix: Fix, by: str, reason: str, *,
    only: Sequence[UUID] | None = None, stop_after: int = STOP_AFTER,
) -> Job:  # fmt: skip
    """What the fix would do to each open case of a cause, or to those chosen of it; nothing is changed.

    Raises PartnerError for a fix that is wrong in itself, for no cases, and for more than MOST.
    """
    fixes.check(fix)
    if not reason.strip():
        raise PartnerError([Finding("fix.reason", "/reason", "why it is done", "nothing", "Say it in a few words.")])
    now = await business_now(tx)
    rows = await tx.fetch(SQL["chosen"], tenant_id, cause_key, None if only is None else list(only), MOST + 1)
    cases = [casework.case_of(r) for r in rows]
    if not cases or len(cases) > MOST:
        found, text = ("none", "It is solved already.") if not cases else ("more", "Choose some of them.")
        raise PartnerError([Finding("fix.cases", "/cases", f"1 to {MOST} open cases", found, text)])
    shown: list[tuple[Case, str, str, Sequence[Effect]]] = []
    taken = {r["case_id"]: r for r in await tx.fetch(SQL["under_way"], tenant_id, [c.case_id for c in cases])}
    asked = Asked(fix=fix, by=by, reason=reason[:2000], now=now)
    rule: ruling.OfLate | None = None
    try:
        async with tx.transaction():
            waiting = [c.instance_id for c in cases if c.instance_id is not None]
            # who publishes is asked when it is done; here nobody does, since it is rolled back
            made = await lasting.make(
                tx, tenant_id, fix, by, now, reason[:500], instances=waiting, publisher=common.SYSTEM
            )
            if isinstance(fix, DecisionRow):
                rule = await ruling.of_late(tx, tenant_id, fix, made)
            for case in cases:
                if (other := taken.get(case.case_id)) is not None:
                    shown.append((case, "blocked", _taken(other), ()))
                    continue
                shown.append((case, *await _tried(tx, tenant_id, desk, case, asked)))
            raise _Back
    except _Back:
        pass
    kind = fixes.kind(fix)
    reach = radius.of(kind, shown, rule)
    told = [[str(c.case_id), mark(c), outcome, text, [e.what for e in effects]] for c, outcome, text, effects in shown]
    token = hashlib.sha256(exactjson.canonical([fixes.plain(fix), stop_after, sorted(told)])).hexdigest()
    fix_id = ids.new()
    await tx.execute(SQL["forget_previews"], tenant_id, now)
    await tx.execute(
        SQL["new"], tenant_id, fix_id, kind, exactjson.text(fixes.plain(fix)), cause_key, cases[0].title,
        reason[:2000], token, exactjson.text(reach), stop_after, by, now,
    )  # fmt: skip
    items = [
        (c.case_id, n, mark(c), outcome, "waiting" if outcome == "solved" else "left", text[:2000],
         exactjson.text([{"what": e.what, "lasting": e.lasting} for e in effects]))
        for n, (c, outcome, text, effects) in enumerate(shown)
    ]  # fmt: skip
    await tx.execute(SQL["new_items"], tenant_id, fix_id, *(list(column) for column in zip(*items, strict=True)))
    return await get(tx, tenant_id, fix_id)


async def _tried(
    tx: Tx, tenant_id: str, desk: Desk, case: Case, asked: Asked
) -> tuple[str, str, Sequence[Effect]]:  # fmt: skip
    """What carrying it out came to; by then it is rolled back."""
    done: Done | None = None
    try:
        async with tx.transaction():
            done = await carry_out(tx, tenant_id, desk, case, asked)
            raise _Back
    except _Back:
        assert done is not None
        return "solved", done.text, done.effects
    except StillWrong as wrong:
        return "fails", str(wrong), ()
    except Blocked as blocked:
        return "blocked", str(blocked), ()
    except CrossdockError as other:
        return "changed", str(other), ()


def _taken(other: Any) -> str:
    """One case is in one fix at a time: asked for twice, it would wait for two people and be done by one."""
    stands = {"asked": "waits for a second person", "stopped": "has stopped, and can go on or be cancelled"}
    return f"{other['asked_by']}'s fix ({other['kind']}) of it {stands.get(other['status'], 'is under way')}"


def mark(case: Case) -> str:
    """Of a case as it was shown: anything done to it since makes another."""
    told = [case.status.value, len(case.history), len(case.comments), case.evidence, case.data]
    return hashlib.sha256(exactjson.canonical(told)).hexdigest()[:32]


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def start(tx: Tx, tenant_id: str, fix_id: UUID, token: str, by: str, *, typed: int | None = None) -> Job:
    """Asks for what was previewed, or goes on with one that stopped; the same a second time changes nothing.

    typed: how many cases, as a person typed it, where the radius asks for it. Raises Conflict for another token.
    """
    row = await _locked(tx, tenant_id, fix_id)
    if row["token"] != token:
        raise Conflict("The token is not that of this preview: look at it again.")
    reach = msgspec.convert(exactjson.loads(row["radius"]), Radius, strict=False)
    now = await business_now(tx)
    if row["status"] == "stopped":
        await tx.execute(SQL["move"], tenant_id, fix_id, "running", "", now)
        await audit.record(tx, tenant_id, by, "fix.go-on", str(fix_id), {})
    if row["status"] == "previewed":
        if not reach.cases:
            raise Conflict("It would solve no case.")
        if reach.typed and typed != reach.cases:
            found = "nothing" if typed is None else str(typed)
            text = "Type how many cases it would change."
            raise PartnerError([Finding("fix.typed", "/typed", str(reach.cases), found, text)])
        detail = {
            "fix": exactjson.loads(row["fix"]), "cause": row["cause_key"], "reason": row["reason"], "token": token,
            "cases": reach.cases, "money": {c: str(m) for c, m in reach.money.items()},
        }  # fmt: skip
        status = "running"
        if reach.approval:
            status = "asked"
            request = approvals.Request(
                kind="bulk-fix", title=f"Fix {reach.cases} cases: {row['kind']}", data=detail, role=reach.approval,
                amount=max(reach.money.values(), default=None), currency=_currency(reach), not_by=(by,),
                reason=reach.why_approval, rule=radius.TABLE,
            )  # fmt: skip
            approval = await approvals.request(tx, tenant_id, request, now)
            await tx.execute(SQL["ask_approval"], tenant_id, fix_id, approval.approval_id)
        await tx.execute(SQL["move"], tenant_id, fix_id, status, "", now)
        await audit.record(tx, tenant_id, by, "fix.start", str(fix_id), {**detail, "status": status})
    return await get(tx, tenant_id, fix_id)


def _currency(reach: Radius) -> str:
    return max(reach.money, key=lambda c: reach.money[c], default="")


async def cancel(tx: Tx, tenant_id: str, fix_id: UUID, by: str) -> Job:
    """No further case is touched; what was done stays done."""
    row = await _locked(tx, tenant_id, fix_id)
    if row["status"] in ("previewed", "asked", "running", "stopped"):
        now = await business_now(tx)
        await tx.execute(SQL["cancel_items"], tenant_id, fix_id)
        await tx.execute(SQL["move"], tenant_id, fix_id, "cancelled", f"by {by}", now)
        await audit.record(tx, tenant_id, by, "fix.cancel", str(fix_id), {})
    return await get(tx, tenant_id, fix_id)


async def foresee_undo(tx: Tx, tenant_id: str, fix_id: UUID, *, call_back: bool = True) -> list[Foreseen]:
    """What undoing would do to each case, nothing of it done. Raises NotFound."""
    job = await get(tx, tenant_id, fix_id)
    return await back.foresee_all(tx, tenant_id, fix_id, job.fix, call_back=call_back)


async def undo(tx: Tx, tenant_id: str, fix_id: UUID, by: str, reason: str, *, call_back: bool = True) -> Job:
    """Takes back what can be: what it changed once for all, then the cases, the last first. Raises Conflict.

    call_back: orders that it set going and that are not released yet are cancelled; otherwise they go on.
    """
    row = await _locked(tx, tenant_id, fix_id)
    if row["status"] in ("undoing", "undone"):
        return await get(tx, tenant_id, fix_id)
    if row["status"] not in ("running", "stopped", "done", "cancelled") or row["started_at"] is None:
        raise Conflict(f"The fix is {row['status']}: nothing of it is done that could be undone.")
    await tx.execute(SQL["cancel_items"], tenant_id, fix_id)
    await tx.execute(SQL["undo"], tenant_id, fix_id, by, call_back, reason[:500])
    await audit.record(tx, tenant_id, by, "fix.undo", str(fix_id), {"reason": reason[:500], "call_back": call_back})
    return await get(tx, tenant_id, fix_id)


async def _locked(tx: Tx, tenant_id: str, fix_id: UUID) -> Any:
    row = await tx.fetchrow(SQL["locked"], tenant_id, fix_id)
    if row is None:
        raise NotFound("No such fix; a preview is kept for a day.")
    return row


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def get(tx: Tx, tenant_id: str, fix_id: UUID) -> Job:
    """Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, fix_id)
    if row is None:
        raise NotFound("No such fix; a preview is kept for a day.")
    return await _job(tx, row)


async def newest(tx: Tx, tenant_id: str, limit: int = 50) -> list[Job]:
    """Those that were asked for."""
    return [await _job(tx, r) for r in await tx.fetch(SQL["newest"], tenant_id, limit)]


async def items(
    tx: Tx, tenant_id: str, fix_id: UUID, status: str | None = None, *, limit: int = 100, offset: int = 0
) -> list[Item]:
    rows = await tx.fetch(SQL["items"], tenant_id, fix_id, status, limit, offset)
    return [
        Item(
            case_id=r["case_id"], number=r["number"], title=r["title"], order=r["order_no"], money=r["money"],
            currency=r["currency"], outcome=r["outcome"], status=r["status"], detail=r["detail"],
            effects=msgspec.convert(exactjson.loads(r["effects"]), list[Effect]), at=r["at"],
        )
        for r in rows
    ]  # fmt: skip


async def _job(tx: Tx, row: Any) -> Job:
    counts = {r["status"]: r["n"] for r in await tx.fetch(SQL["counts"], row["tenant_id"], row["fix_id"])}
    return Job(
        fix_id=row["fix_id"], fix=msgspec.convert(exactjson.loads(row["fix"]), Fix), cause_key=row["cause_key"],
        title=row["title"], reason=row["reason"], token=row["token"],
        radius=msgspec.convert(exactjson.loads(row["radius"]), Radius, strict=False), stop_after=row["stop_after"],
        status=row["status"], detail=row["detail"], asked_by=row["asked_by"], approval_id=row["approval_id"],
        previewed_at=row["previewed_at"], started_at=row["started_at"], ended_at=row["ended_at"],
        undone_by=row["undone_by"], counts={word: counts.get(word, 0) for word in STATUSES},
    )  # fmt: skip


# ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def run_due(db: Database, desk: Desk, *, crash: Crash = never) -> int:
    """Goes on with every fix that was asked for, for a moment; returns how many steps it made.

    One step of each in turn, so that nobody's fix waits for the end of another's.
    """
    steps, until = 0, monotonic() + BUDGET_S
    due = [(r["tenant_id"], r["fix_id"]) for r in await db.pool.fetch("select * from crossdock.fixes_due()")]
    while due:
        left: list[tuple[str, UUID | None]] = []
        for tenant_id, fix_id in due:
            if fix_id is None:
                steps += await _go_on(db, tenant_id)
                continue
            try:
                async with db.transaction(tenant_id) as tx:
                    more = await _step(tx, tenant_id, fix_id, desk)
                    crash(Point.BEFORE_COMMIT)
            except PASSING:
                raise
            except asyncpg.PostgresError:
                log.exception("fix %s cannot go on now; the others do", fix_id, extra={"tenant": tenant_id})
                continue
            crash(Point.AFTER_COMMIT)
            if more:
                steps += 1
                left.append((tenant_id, fix_id))
        due = left
        if monotonic() > until:
            break
    return steps


async def _step(tx: Tx, tenant_id: str, fix_id: UUID, desk: Desk) -> bool:
    """One step: an answer looked for, the lasting change made, a case settled, or a case taken back. False: no more."""
    row = await tx.fetchrow(SQL["taken"], tenant_id, fix_id)
    if row is None:
        return False
    fix: Fix = msgspec.convert(exactjson.loads(row["fix"]), Fix)
    now = await business_now(tx)
    if row["status"] == "asked":
        return await _answered(tx, tenant_id, row, now)
    if row["status"] == "undoing":
        return await _take_back(tx, tenant_id, row, fix, now)
    if row["made"] is None:
        return await _make(tx, tenant_id, row, fix, now)
    item = await tx.fetchrow(SQL["next_waiting"], tenant_id, fix_id)
    if item is None:
        await tx.execute(SQL["move"], tenant_id, fix_id, "done", "", now)
        return False
    asked = Asked(fix=fix, by=row["asked_by"], reason=row["reason"], now=now, fix_id=fix_id)
    if not await _settle(tx, tenant_id, item, desk, asked):
        return False
    counts = {r["status"]: r["n"] for r in await tx.fetch(SQL["counts"], tenant_id, fix_id)}
    if counts.get("failed", 0) >= row["stop_after"] and counts.get("waiting", 0):
        text = f"stopped: {counts['failed']} cases were not solved as they were shown"
        await tx.execute(SQL["move"], tenant_id, fix_id, "stopped", text, now)
        await audit.record(tx, tenant_id, common.SYSTEM, "fix.stopped", str(fix_id), {"failed": counts["failed"]})
        return False
    return True


async def _answered(tx: Tx, tenant_id: str, row: Any, now: datetime) -> bool:
    approval = await approvals.get(tx, tenant_id, row["approval_id"])
    if approval.status is approvals.Status.PENDING:
        return False
    if approval.status is approvals.Status.APPROVED:
        await tx.execute(SQL["move"], tenant_id, row["fix_id"], "running", "", now)
        return True
    await tx.execute(SQL["cancel_items"], tenant_id, row["fix_id"])
    text = f"{approval.number} is {approval.status.value}"
    await tx.execute(SQL["move"], tenant_id, row["fix_id"], "cancelled", text, now)
    return False


async def _make(tx: Tx, tenant_id: str, row: Any, fix: Fix, now: datetime) -> bool:
    try:
        async with tx.transaction():
            given = await _published(tx, tenant_id, row) if isinstance(fix, DecisionRow) else {}
            made = await lasting.make(tx, tenant_id, fix, row["asked_by"], now, row["reason"][:500], **given)
    except CrossdockError as wrong:
        await tx.execute(SQL["move"], tenant_id, row["fix_id"], "stopped", f"stopped: {wrong}"[:2000], now)
        return False
    await tx.execute(SQL["made"], tenant_id, row["fix_id"], exactjson.text(made))
    return True


async def _published(tx: Tx, tenant_id: str, row: Any) -> dict[str, Any]:
    """For a row of a decision table: who publishes it, against what it was shown, and for which processes."""
    rule = msgspec.convert(exactjson.loads(row["radius"]), Radius, strict=False).rule
    publisher = row["asked_by"]
    if rule is not None and rule.four_eyes and row["approval_id"] is not None:
        publisher = (await approvals.get(tx, tenant_id, row["approval_id"])).decided_by
    found = await tx.fetch(SQL["waiting_instances"], tenant_id, row["fix_id"])
    instances = [r["instance_id"] for r in found]
    return {"instances": instances, "publisher": publisher, "against": rule.against if rule is not None else None}


async def _settle(tx: Tx, tenant_id: str, item: Any, desk: Desk, asked: Asked) -> bool:
    """One case; what it refuses leaves nothing behind, and does not stop the others. False: not now, but soon."""
    status, detail, effects = "done", "", None
    try:
        async with tx.transaction():
            case = casework.case_of(await tx.fetchrow(SQL["lock_case"], tenant_id, item["case_id"]))
            if mark(case) != item["mark"]:
                by = f" by {case.resolved_by}" if case.resolved_by else ""
                raise Conflict(f"{case.number} is {case.status.value}{by}, and not as it was shown")
            done = await carry_out(tx, tenant_id, desk, case, asked)
            detail = done.text
            effects = exactjson.text([{"what": e.what, "lasting": e.lasting} for e in done.effects])
            about = {"fix": str(asked.fix_id), "kind": fixes.kind(asked.fix), "text": done.text}
            await audit.record(tx, tenant_id, asked.by, "fix.case", case.number, about)
    except operations.Busy:  # a worker has its process in hand, for a moment
        return False
    except Conflict as changed:
        status, detail = "skipped", str(changed)
    except (StillWrong, Blocked, CrossdockError) as wrong:
        status, detail = "failed", str(wrong)
    except PASSING:
        raise
    except Exception as wrong:  # a row that nobody can read, a bug of ours: this case stands, the others go on
        log.exception("case %s of fix %s failed", item["case_id"], asked.fix_id, extra={"tenant": tenant_id})
        status, detail = "failed", f"{type(wrong).__name__}: {wrong}"
    await tx.execute(
        SQL["settle"], tenant_id, item["fix_id"], item["case_id"], status, detail[:2000], effects, asked.now
    )
    return True


# ── back ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _take_back(tx: Tx, tenant_id: str, row: Any, fix: Fix, now: datetime) -> bool:
    """First what it changed once for all, so that nothing new is read by it; then one case a step."""
    fix_id: UUID = row["fix_id"]
    by = str(row["undone_by"])
    if row["made"] is not None and exactjson.loads(row["made"]):
        text = await lasting.take_back(tx, tenant_id, fix, exactjson.loads(row["made"]), by, now)
        await tx.execute(SQL["made"], tenant_id, fix_id, "{}")
        await tx.execute(SQL["move"], tenant_id, fix_id, "undoing", text, now)
        return True
    item = await tx.fetchrow(SQL["next_done"], tenant_id, fix_id)
    if item is None:
        await tx.execute(SQL["move"], tenant_id, fix_id, "undone", row["detail"], now)
        return False
    case = casework.case_of(await tx.fetchrow(SQL["lock_case"], tenant_id, item["case_id"]))
    seen = await back.take_back(
        tx, tenant_id, case, item, fix_id, fix, by=by, reason=row["undo_reason"], call_back=row["call_back"], now=now
    )
    await tx.execute(SQL["settle"], tenant_id, fix_id, case.case_id, seen.becomes, seen.text[:2000], None, now)
    return True


# ── events that handed-over cases wait for ───────────────────────────────────────────────────────────────────────


async def _go_on(db: Database, tenant_id: str) -> int:
    """Cases whose system of record has spoken go on, or come back to a person."""
    async with db.transaction(tenant_id) as tx:
        rows = await tx.fetch(SQL["to_go_on"], tenant_id)
        now = await business_now(tx)
        for row in rows:
            await tx.execute(SQL["waited"], tenant_id, row["case_id"])
            found = await tx.fetchrow(SQL["lock_case"], tenant_id, row["case_id"])
            if found is None or found["status"] == casework.Status.CLOSED:
                continue
            said = f"{row['system']} has said {row['type']} ({row['came']})"
            if row["action"]:
                await casework.resolve(tx, tenant_id, row["case_id"], row["action"], row["asked_by"], now, note=said)
            else:
                await casework.comment(tx, tenant_id, row["case_id"], said, common.SYSTEM, now)
                await casework.awaken(tx, tenant_id, row["case_id"], now)
        return len(rows)
