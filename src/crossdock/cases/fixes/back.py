"""Taking a fix back: its cases are there again, and the orders it set going are called back while they still can be.

    called-back   the order it set going has not been released: it is cancelled, and what was done for it is undone
    undone        the case is there again, or waits for nobody any more
    stands        it cannot be taken back, and the text says because of what; a case `fix-undone` says it to people

What becomes of a case is decided by `foresee` alone, so that whoever undoes is shown beforehand what will be done.
Release to the warehouse is where it ends: from there on goods are in hand, and an order is ended by people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from crossdock import audit, exactjson
from crossdock.cases import casework
from crossdock.cases.casework import Case
from crossdock.cases.fixes.carrying import BEGINS, SQL, Effect, ask_to_end, follow_up, order_of
from crossdock.cases.fixes.fix import Cancel, Fix
from crossdock.db import Tx

RELEASES = ("wms.release",)  # calls after which goods are in hand
Outcome = Literal["called-back", "undone", "stands"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """becomes: see above. text: what will be done, or because of what it cannot be. order: that it is about."""

    case_id: UUID
    number: str
    title: str
    order: str
    becomes: Outcome
    text: str


async def foresee_all(tx: Tx, tenant_id: str, fix_id: UUID, fix: Fix, *, call_back: bool) -> list[Foreseen]:
    """What undoing would do to each case that is done, in the order in which it would be done."""
    found: list[Foreseen] = []
    for item in await tx.fetch(SQL["all_done"], tenant_id, fix_id):
        row = await tx.fetchrow(SQL["a_case"], tenant_id, item["case_id"])
        found.append(await foresee(tx, tenant_id, casework.case_of(row), _effects(item), fix, call_back=call_back))
    return found


async def foresee(
    tx: Tx, tenant_id: str, case: Case, effects: Sequence[Effect], fix: Fix, *, call_back: bool
) -> Foreseen:  # fmt: skip
    order = await order_of(tx, tenant_id, case)

    def told(becomes: Outcome, text: str) -> Foreseen:
        return Foreseen(
            case_id=case.case_id, number=case.number, title=case.title, order=order, becomes=becomes, text=text
        )

    if case.status is not casework.Status.CLOSED:
        return told("undone", f"{case.number} waits for nobody any more")
    set_going = case.answers is not None or any(e.what == BEGINS for e in effects)
    asked_of_order = any(e.what != BEGINS and "an order is asked for" in e.what for e in effects)
    if isinstance(fix, Cancel):
        return told("stands", f"cannot be taken back because {order or case.number} was asked to end")
    if not set_going:
        if asked_of_order:
            return told("stands", f"cannot be taken back because its order was told what the document says ({order})")
        return told("undone", f"{case.number} is open again")
    if not order:
        return told("stands", "cannot be taken back because its process, which is no order's, has gone on")
    row = await tx.fetchrow(SQL["stands"], tenant_id, order, list(RELEASES))
    assert row is not None, "one row, whatever is there"
    if row["released_at"] is not None:
        when = f"{row['released_at']:%Y-%m-%d %H:%M} UTC"
        return told("stands", f"cannot be taken back because {order} was released to the warehouse at {when}")
    if row["running"] is None:
        if row["ended_at"] is not None:
            return told("stands", f"cannot be taken back because {order} has ended")
        return told("stands", f"cannot be taken back yet because {order} has not begun: cancel it when it has")
    if case.answers is not None and row["running"] != case.instance_id:
        return told("stands", f"cannot be taken back because a process beside {order} was answered, and has gone on")
    if not call_back:
        return told("stands", f"{order} goes on, as was chosen")
    return told("called-back", f"{order} is asked to end; what was done for it is undone, and the customer is told")


async def take_back(
    tx: Tx, tenant_id: str, case: Case, item: Any, fix_id: UUID, fix: Fix, *, by: str, reason: str, call_back: bool,
    now: datetime,
) -> Foreseen:  # fmt: skip
    """One case, as it was foreseen; what stands is said to people by a case of its own."""
    seen = await foresee(tx, tenant_id, case, _effects(item), fix, call_back=call_back)
    done = str(item["detail"])
    match seen.becomes:
        case "called-back":
            why = f"A fix was taken back. {reason}".strip()
            await ask_to_end(tx, tenant_id, seen.order, why, by, now)
            seen = await _there_again(tx, tenant_id, case, seen, fix_id, done, by, now)
        case "undone" if case.status is casework.Status.CLOSED:
            seen = await _there_again(tx, tenant_id, case, seen, fix_id, done, by, now)
        case "undone":
            await tx.execute(SQL["waited"], tenant_id, case.case_id)  # handed over, and waits no more
        case "stands":
            new = follow_up(case, fix_id, f"It {seen.text}. What was done: {done}")
            opened = await casework.open_case(tx, tenant_id, new, now, by=by)
            seen = _with(seen, "stands", f"{seen.text}; see {opened.number}")
    about = {"fix": str(fix_id), "becomes": seen.becomes, "text": seen.text, "order": seen.order}
    await audit.record(tx, tenant_id, by, "fix.back", case.number, about)
    return seen


async def _there_again(
    tx: Tx, tenant_id: str, case: Case, seen: Foreseen, fix_id: UUID, done: str, by: str, now: datetime
) -> Foreseen:
    """A case that answered no process is open again; of another, a new one says what became of it."""
    if case.answers is not None:
        new = follow_up(case, fix_id, f"What was done: {done}. Now: {seen.text}. Decide what is to become of it.")
        opened = await casework.open_case(tx, tenant_id, new, now, by=by)
        return _with(seen, seen.becomes, f"{seen.text}; see {opened.number}")
    try:
        async with tx.transaction():
            await casework.reopen(tx, tenant_id, case.case_id, by, now)
    except asyncpg.UniqueViolationError:
        return _with(seen, seen.becomes, f"{seen.text}; another open case says the same by now")
    told = f"The fix {fix_id} is taken back: {seen.text}. What was done: {done}"
    await casework.comment(tx, tenant_id, case.case_id, told, by, now)
    return seen


def _with(seen: Foreseen, becomes: Outcome, text: str) -> Foreseen:
    return Foreseen(
        case_id=seen.case_id, number=seen.number, title=seen.title, order=seen.order, becomes=becomes, text=text
    )


def _effects(item: Any) -> list[Effect]:
    return msgspec.convert(exactjson.loads(item["effects"]), list[Effect])
