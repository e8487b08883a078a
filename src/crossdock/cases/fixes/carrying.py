"""What a fix does to one case. The preview does exactly this, and rolls it back.

A case is of one of a few shapes, by what it holds: an inbound document, a parked call of a process, a look-up that
found no row, an effect of which nobody knows whether it happened, an instance that cannot go on, or nothing. For each
pair of fix and shape there is one way, or none. The invariant: no effect is made twice. So an effect that is in doubt
blocks everything that would ask for it again, a document that was carried out is not carried out anew, and an instance
is retried only from the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never, cast
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.cases import casework, decisiontables
from crossdock.cases.casework import Answers, Case
from crossdock.cases.clusters import documents
from crossdock.cases.fixes import ordered, ruling
from crossdock.cases.fixes.fix import (
    AcceptPrice,
    Cancel,
    CrossReference,
    DecisionRow,
    EachItsOwn,
    Fix,
    HandOver,
    MapEntry,
    ReSource,
    Restart,
    Retry,
    RetryWith,
    Skip,
    Substitute,
    TableRow,
)
from crossdock.db import Tx, queries
from crossdock.engine import operations
from crossdock.engine.definitions import Programs
from crossdock.engine.hooks import Hooks
from crossdock.engine.operations import Command, Kind
from crossdock.errors import Conflict, NotFound, PartnerError
from crossdock.events import envelope, inbox
from crossdock.partners import correcting, intake
from crossdock.partners.correcting import Edit
from crossdock.partners.model import Status

SQL = queries("crossdock.cases.fixes", "fixes.sql")
ORDERS = "/crossdock/gateway"  # as a cancellation asked for at the order, so that both are one event

# The actions of workflows that mean the same, whatever they are called; the first that a case offers is taken.
AGAIN = ("retry", "resubmit", "again", "recall")
WITHOUT = ("by-hand", "done", "settled", "repaired", "accept", "close", "gone")
AWAY = ("cancel", "reject")


class Shape(StrEnum):
    DOCUMENT = "document"
    PROCESS = "process"
    LOOKUP = "lookup"
    DOUBT = "doubt"
    INSTANCE = "instance"
    OTHER = "other"


class StillWrong(Exception):
    """It would fail again; the text says why."""


class Blocked(Exception):
    """It is not done: an effect would be made twice, or the fix is none for such a case."""


@dataclass(frozen=True, slots=True)
class Effect:
    """what: of many cases the same words, so that they are counted. lasting: it cannot be taken back."""

    what: str
    lasting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """text: what became of the case. order: that it concerns."""

    text: str
    order: str = ""
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What carrying out needs beside the transaction."""

    programs: Programs
    hooks: Hooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """fix_id: the job's; a preview has none."""

    fix: Fix
    by: str
    reason: str
    now: datetime
    fix_id: UUID | None = None


def shape(case: Case) -> Shape:
    match case.answers:
        case Answers.WORKFLOW:
            return Shape.PROCESS
        case Answers.LOOKUP:
            return Shape.LOOKUP
        case Answers.OUTCOME:
            return Shape.DOUBT
        case None:
            pass
    if case.kind in (documents.HELD, documents.REJECTED):
        return Shape.DOCUMENT
    if case.kind in ("instance-stuck", "instance-faulted") and case.instance_id is not None:
        return Shape.INSTANCE
    return Shape.OTHER


async def carry_out(tx: Tx, tenant_id: str, desk: Desk, case: Case, asked: Asked) -> Done:
    """Does it, in this transaction. Raises StillWrong, Blocked, or Conflict when the case is not what it was."""
    if case.status is casework.Status.CLOSED:
        raise Conflict(f"{case.number} is closed" + (f" by {case.resolved_by}" if case.resolved_by else ""))
    match asked.fix:
        case CrossReference() | MapEntry() | TableRow() | Retry():
            return await _again(tx, tenant_id, desk, case, asked)
        case DecisionRow():
            return await _decide_anew(tx, tenant_id, desk, case, asked, asked.fix.table)
        case RetryWith():
            return await _again_with(tx, tenant_id, desk, case, asked, asked.fix)
        case EachItsOwn():
            return await _own(tx, tenant_id, desk, case, asked, asked.fix)
        case Restart() | ReSource():
            return await _operate(tx, tenant_id, desk, case, asked, Command(kind=Kind.RESTART, at=asked.fix.task))
        case Substitute():
            lines = ordered.substituted(case, asked.fix.item, asked.fix.by)
            return await _resubmit(tx, tenant_id, case, asked, lines)
        case AcceptPrice():
            return await _resolve(tx, tenant_id, case, asked, (asked.fix.basis,), "the order goes on")
        case Skip():
            return await _skip(tx, tenant_id, case, asked)
        case Cancel():
            return await _cancel(tx, tenant_id, desk, case, asked)
        case HandOver():
            return await _hand_over(tx, tenant_id, case, asked, asked.fix)
        case _:
            assert_never(asked.fix)


# ── again ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _again(tx: Tx, tenant_id: str, desk: Desk, case: Case, asked: Asked) -> Done:
    match shape(case):
        case Shape.DOCUMENT:
            return await _read_again(tx, tenant_id, case, asked)
        case Shape.PROCESS if isinstance(asked.fix, CrossReference):
            return await _resubmit(tx, tenant_id, case, asked, ordered.translated(case, asked.fix))
        case Shape.PROCESS:
            await _no_doubt(tx, tenant_id, case)
            return await _resolve(tx, tenant_id, case, asked, AGAIN, "its step is made again")
        case Shape.LOOKUP:
            return await _resolve(tx, tenant_id, case, asked, AGAIN, "the table is asked again")
        case Shape.INSTANCE:
            return await _operate(tx, tenant_id, desk, case, asked, Command(kind=Kind.RETRY, reason=asked.reason))
        case Shape.DOUBT:
            raise Blocked(_doubt(case))
        case Shape.OTHER:
            raise Blocked("Nothing waits that could be tried again: look at it, or skip it.")


async def _again_with(tx: Tx, tenant_id: str, desk: Desk, case: Case, asked: Asked, fix: RetryWith) -> Done:
    match shape(case):
        case Shape.DOCUMENT:
            edits = [Edit(v if isinstance(v, str) else exactjson.text(v), pointer) for pointer, v in fix.data.items()]
            return await _read_again(tx, tenant_id, case, asked, edits)
        case Shape.PROCESS:
            await _no_doubt(tx, tenant_id, case)
            return await _resolve(tx, tenant_id, case, asked, AGAIN, "it is checked again as corrected", fix.data)
        case Shape.LOOKUP:
            return await _resolve(tx, tenant_id, case, asked, ("use",), "the values given are used once", fix.data)
        case Shape.INSTANCE:
            command = Command(kind=Kind.RETRY, reason=asked.reason, data=fix.data)
            return await _operate(tx, tenant_id, desk, case, asked, command)
        case Shape.DOUBT:
            raise Blocked(_doubt(case))
        case Shape.OTHER:
            raise Blocked("Nothing waits that could be tried again: look at it, or skip it.")


async def _own(tx: Tx, tenant_id: str, desk: Desk, case: Case, asked: Asked, fix: EachItsOwn) -> Done:
    """What somebody said of this case."""
    data, action = fix.answers.get(str(case.case_id)), fix.actions.get(str(case.case_id))
    if action is None:
        if data is None:
            raise Blocked("Nobody said an answer for it.")
        return await _again_with(tx, tenant_id, desk, case, asked, RetryWith(data=data))
    if action in AWAY:
        raise Blocked("An order is not ended in a list of answers: cancel it by itself, or its cluster.")
    if shape(case) is not Shape.PROCESS:
        raise Blocked("No process asks here what it is to do.")
    await _no_doubt(tx, tenant_id, case)
    return await _resolve(tx, tenant_id, case, asked, (action,), "as somebody said of it", data)


def _doubt(case: Case) -> str:
    e = cast("Mapping[str, Any]", case.evidence)
    return f"{e.get('function')} may have happened in {e.get('system')}; made again, it would happen twice"


async def _no_doubt(tx: Tx, tenant_id: str, case: Case) -> None:
    """Raises Blocked while a call of the instance may have had its effect and nobody knows."""
    row = await tx.fetchrow(SQL["in_doubt"], tenant_id, case.instance_id)
    if row is not None:
        text = f"{row['function']} in {row['system']} is {row['state']}: wait until its outcome is known"
        raise Blocked(f"{text}, or it would happen twice")


async def _resolve(
    tx: Tx, tenant_id: str, case: Case, asked: Asked, actions: Sequence[str], does: str, data: Any = None
) -> Done:
    """By the first of these actions that the case offers."""
    offered = {str(a["id"]): a for a in case.actions}
    action = next((a for a in actions if a in offered), None)
    if action is None:
        raise Blocked(f"It offers {', '.join(offered) or 'nothing'}; none of them means this.")
    try:
        await casework.resolve(
            tx, tenant_id, case.case_id, action, asked.by, asked.now, data=data, note=asked.reason
        )  # fmt: skip
    except PartnerError as wrong:
        raise StillWrong(str(wrong)) from None
    except Conflict as still:
        if shape(case) is Shape.LOOKUP:
            raise StillWrong(str(still)) from None
        raise
    label = str(offered[action].get("label") or action)
    effects = (Effect(f"A process is answered: {label}", lasting=True),) if case.answers is not None else ()
    return Done(text=f"{label}: {does}", order=case.order, effects=effects)


async def _resubmit(tx: Tx, tenant_id: str, case: Case, asked: Asked, found: ordered.Corrected | str) -> Done:
    """An order with corrected lines goes back to be checked, unless what else is wrong would stop it again."""
    if isinstance(found, str):
        raise Blocked(found)
    if found.left:
        raise StillWrong(f"It would be refused again: {'; '.join(found.left)}")
    done = await _resolve(tx, tenant_id, case, asked, ("resubmit",), found.text, {"lines": found.lines})
    return Done(text=done.text, order=done.order, effects=done.effects)


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────


async def _read_again(tx: Tx, tenant_id: str, case: Case, asked: Asked, edits: Sequence[Edit] = ()) -> Done:
    """With the partners, maps and cross-references of this moment."""
    document_id = UUID(str(cast("Mapping[str, Any]", case.evidence)["document"]))
    row = await tx.fetchrow(SQL["document"], tenant_id, document_id)
    if row is None:
        raise Conflict("The document is not there any more.")
    if row["status"] not in (Status.HELD, Status.REJECTED):
        order = f" as order {row['order_no']}" if row["order_no"] else ""
        raise Blocked(f"The document is {row['status']}{order}: carried out again, it would have its effect twice")
    told: list[str] = []

    async def publish(inner: Tx, tenant: str, event: Mapping[str, Any]) -> object:
        told.append(str(event["type"]))
        return await inbox.receive(inner, tenant, event)

    try:
        if edits:
            corrected = await correcting.resubmit(
                tx, tenant_id, document_id, edits, asked.reason, asked.by, publish=publish
            )
            result = corrected.result
        elif row["status"] == Status.HELD:
            result = await intake.release(tx, tenant_id, document_id, asked.by, publish=publish)
        else:
            raw: bytes = row["bytes"]
            result, _ = await intake.carry_out_corrected(tx, tenant_id, document_id, raw, asked.by, publish=publish)
    except (Conflict, PartnerError) as still:  # it was held or rejected a moment ago: what stands in its way is said
        raise StillWrong(str(still).removeprefix("It cannot be carried out yet. ")) from None
    if result.status not in (Status.ACCEPTED, Status.DUPLICATE):
        raise StillWrong(
            "; ".join(f"{e['where']}: expected {e['expected']}, found {e['found']}" for e in result.errors)
        )
    await casework.close_by_system(
        tx, tenant_id, case.case_id, f"closed by {asked.by}: {result.status.value}", asked.now
    )
    order = result.order or ""
    effects = [Effect(_EFFECTS.get(t, f"An event {t} is published"), lasting=True) for t in told]
    text = f"It becomes {result.status.value}" + (f", order {order}" if order else "")
    return Done(text=text, order=order, effects=tuple(effects))


BEGINS = "An order begins"
_EFFECTS = {
    "crossdock.order.received": BEGINS,
    "crossdock.order.change-requested": "A change of an order is asked for",
    "crossdock.order.cancellation-requested": "A cancellation of an order is asked for",
}


# ── instances ────────────────────────────────────────────────────────────────────────────────────────────────────


async def _decide_anew(tx: Tx, tenant_id: str, desk: Desk, case: Case, asked: Asked, table: str) -> Done:
    """Its process goes back to where it asked the table, and decides by the tables in force now (decision 43).

    What it answers is evaluated here as the process will evaluate it: on what it asked, with the table as it is now.
    """
    if case.instance_id is None or shape(case) not in (Shape.PROCESS, Shape.INSTANCE):
        raise Blocked(_doubt(case) if shape(case) is Shape.DOUBT else "No process waits here for what a table decides.")
    await _no_doubt(tx, tenant_id, case)
    question = await ruling.asked(tx, tenant_id, case.instance_id, table)
    if question is None:
        raise Blocked(f"Its process has not asked the table {table}.")
    ruled = ruling.decide(await decisiontables.book(tx, tenant_id), question)
    if ruled.error or not ruled.changed:
        raise StillWrong(ruled.error or f"{table} would answer the same, by its row {ruled.hit}")
    command = Command(kind=Kind.RESTART, at=question.at, reason=asked.reason)
    done = await _operate(tx, tenant_id, desk, case, asked, command, anew=True)
    if shape(case) is Shape.PROCESS:
        what = f"closed by {asked.by}: decided anew by {table}/{ruled.hit}"
        await casework.close_by_system(tx, tenant_id, case.case_id, what, asked.now)
    name = question.at.partition("#")[0].rpartition("/")[2]
    return Done(
        text=f"{table}/{ruled.hit}: {ruled.text}; its process goes on from {name}", order=case.order or done.order,
        effects=(Effect(f"A process goes on otherwise: {ruled.text}", lasting=True),
                 *(e for e in done.effects if e.lasting)),
    )  # fmt: skip


async def _operate(
    tx: Tx, tenant_id: str, desk: Desk, case: Case, asked: Asked, command: Command, *, anew: bool = False
) -> Done:  # fmt: skip
    """From the record only: what would be made a second time blocks it. anew: by the tables in force now."""
    if case.instance_id is None or shape(case) is Shape.DOUBT:
        raise Blocked(_doubt(case) if shape(case) is Shape.DOUBT else "No process belongs to it.")
    try:
        shown = await operations.preview(tx, tenant_id, case.instance_id, command, desk.programs, anew=anew)
        if shown.refused:
            raise Blocked("; ".join(shown.refused))
        twice = [n for n in shown.lines if n.fate == "repeat" and n.state == "done"]
        if twice:
            raise Blocked("; ".join(f"{n.function} in {n.system} is done, and would be made twice" for n in twice))
        await operations.perform(
            tx, tenant_id, case.instance_id, command, asked.by, desk.programs, desk.hooks, mark=shown.mark,
            job=asked.fix_id, anew=anew,
        )  # fmt: skip
    except (PartnerError, NotFound) as wrong:
        raise StillWrong(str(wrong)) from None
    made = [n for n in shown.lines if n.fate == "repeat"]
    effects = [Effect(f"{n.function} is asked of {n.system or 'the host'}", lasting=bool(n.system)) for n in made]
    undone = [Effect(f"{n.function} is undone in {n.system}", lasting=True) for n in shown.lines if n.fate == "undo"]
    name = command.at or "what failed"
    text = "It is cancelled, and undone" if command.kind is Kind.CANCEL else f"It goes on from {name}"
    return Done(text=text, order=shown.record.order, effects=(*effects, *undone))


# ── away ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _skip(tx: Tx, tenant_id: str, case: Case, asked: Asked) -> Done:
    if shape(case) is Shape.DOUBT:
        raise Blocked("Only who has looked in the other system can say whether it happened.")
    if shape(case) is Shape.LOOKUP:
        raise Blocked("Its process cannot go on without the row.")
    return await _resolve(tx, tenant_id, case, asked, WITHOUT, "somebody has seen to it")


async def _cancel(tx: Tx, tenant_id: str, desk: Desk, case: Case, asked: Asked) -> Done:
    """By the case's own way out, else by asking the order's process, else by the instance itself."""
    offered = {str(a["id"]) for a in case.actions}
    if case.answers is Answers.WORKFLOW and offered & set(AWAY):
        await _no_doubt(tx, tenant_id, case)
        return await _resolve(tx, tenant_id, case, asked, AWAY, "what was done is undone, and the customer is told")
    order = await order_of(tx, tenant_id, case)
    running = await tx.fetchrow(SQL["running_order"], tenant_id, order) if order else None
    if running is not None:
        await ask_to_end(tx, tenant_id, order, asked.reason, asked.by, asked.now)
        if case.answers is None:
            await casework.close_by_system(tx, tenant_id, case.case_id, f"closed by {asked.by}: cancelled", asked.now)
        return Done(
            text=f"Order {order} is asked to end", order=order,
            effects=(Effect("An order is cancelled, and what was done is undone", lasting=True),),
        )  # fmt: skip
    if case.instance_id is not None:
        command = Command(kind=Kind.CANCEL, compensate=True, reason=asked.reason)
        return await _operate(tx, tenant_id, desk, case, asked, command)
    raise Blocked("No order of it is under way.")


async def ask_to_end(tx: Tx, tenant_id: str, order: str, reason: str, by: str, now: datetime) -> None:
    """As a cancellation at the order: its process undoes what was done, the last first, and tells the customer."""
    ident = str(ids.derived(tenant_id, "cancel", order))  # asked twice, by whomever, it is the same event
    data = {"order": order, "reason": reason, "by": by}
    event = envelope.make(
        "crossdock.order.cancellation-requested", subject=order, data=data, now=now, source=ORDERS, id=ident,
    )  # fmt: skip
    await inbox.receive(tx, tenant_id, event)
    await audit.record(tx, tenant_id, by, "order.cancel", order, {"reason": reason})


async def order_of(tx: Tx, tenant_id: str, case: Case) -> str:
    if case.order or shape(case) is not Shape.DOCUMENT:
        return case.order
    document_id = UUID(str(cast("Mapping[str, Any]", case.evidence)["document"]))
    row = await tx.fetchrow(SQL["document"], tenant_id, document_id)
    return (row["order_no"] or "") if row is not None else ""


async def _hand_over(tx: Tx, tenant_id: str, case: Case, asked: Asked, fix: HandOver) -> Done:
    """The case sleeps until the event of its order comes, or its time is over."""
    if not case.order:
        raise Blocked("It is about no order, so no event of a system could be told to be its own.")
    until = asked.now + timedelta(hours=fix.within_h)
    offered = {str(a["id"]) for a in case.actions}
    then = next((a for a in (*AGAIN, *WITHOUT) if a in offered), "")
    if shape(case) is Shape.DOUBT:
        then = ""  # its probe or a person settles it; the event only brings it back
    await tx.execute(
        SQL["wait"], tenant_id, case.case_id, fix.system, fix.event, case.order, then, asked.by, asked.now, until
    )
    what = f"handed to {fix.system}: waits for {fix.event}"
    await casework.snooze(tx, tenant_id, case.case_id, until, asked.by, asked.now)
    await casework.comment(tx, tenant_id, case.case_id, f"{what}. {asked.reason}".strip(), asked.by, asked.now)
    return Done(text=f"It waits for {fix.event} of {case.order} until {until:%Y-%m-%d %H:%M} UTC", order=case.order)


def follow_up(case: Case, fix_id: UUID, text: str) -> casework.New:
    """The case that stands for one whose answer cannot be taken back."""
    return casework.New(
        kind="fix-undone", queue=case.queue, severity=case.severity, title=f"{case.title} (a fix was taken back)"[:500],
        reason="A fix of many cases was taken back; this one had answered its process", detail=text, order=case.order,
        customer_id=case.customer_id, customer=case.customer, money=case.money, currency=case.currency,
        evidence={"fix": str(fix_id), "case": case.number, "resolution": case.resolution, "was": case.evidence},
        actions=(casework.Offer(id="done", label="Seen to", effect="The case is closed"),),
        key=f"fix-undone/{fix_id}/{case.case_id}",
    )  # fmt: skip
