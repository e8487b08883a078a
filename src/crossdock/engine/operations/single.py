"""Doing it to one instance: the preview again under its lock, then a fact in its mailbox, and an audit record.

Facts are delivered, and the worker applies them at the instance's next turn; only a migration is written here, since
the worker that holds an instance holds its program too: it is done while nobody has the instance in hand.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crossdock import audit, exactjson
from crossdock.db import Tx
from crossdock.engine import payloads
from crossdock.engine.definitions import Programs
from crossdock.engine.hooks import Hooks
from crossdock.engine.live import FACTS_A_TURN
from crossdock.engine.operations import previewing as previews
from crossdock.engine.operations import reading
from crossdock.engine.operations.command import Command, Kind, check
from crossdock.engine.operations.previewing import Preview
from crossdock.engine.operations.reading import SQL
from crossdock.errors import Conflict, CrossdockBug
from crossdock.events.inbox import business_now
from crossdock.flow import interpreter
from crossdock.flow import state as states
from crossdock.flow.facts import CancelRequested, Migrated, Restarted, Resumed, Suspended

BUSY = "A worker has it in hand: try again in a moment, or suspend it first."


class Busy(Conflict):
    """A worker has it in hand; in a moment it will stand still, or it is to be suspended first."""


async def preview(
    tx: Tx, tenant_id: str, instance_id: UUID, command: Command, known: Programs, *, anew: bool = False
) -> Preview:  # fmt: skip
    """What would come of it. anew: as in `perform`. Raises NotFound; PartnerError when the command or its data is
    wrong."""
    check(command)
    record = await reading.read(tx, tenant_id, instance_id)
    return await previews.make(tx, record, command, known, await business_now(tx), anew=anew)


async def perform(
    tx: Tx, tenant_id: str, instance_id: UUID, command: Command, by: str, known: Programs, hooks: Hooks, *,
    mark: str | None = None, job: UUID | None = None, anew: bool = False,
) -> Preview:  # fmt: skip
    """Does it, in this transaction.

    mark: of the preview that was looked at; None: whatever it is now. job: the bulk job it belongs to.
    anew: a restart after which it decides by the decision tables that are in force now (decision 43), also of an
    instance that runs and stands still.
    Raises Conflict when it cannot be done or is not what was shown, Busy when a migration or what is decided anew must
    wait.
    """
    check(command)
    record = await reading.read(tx, tenant_id, instance_id, lock=True)
    now = await business_now(tx)
    shown = await previews.make(tx, record, command, known, now, anew=anew)
    if mark is not None and shown.mark != mark:
        raise Conflict("It has changed since it was previewed: look at it again.")
    if shown.refused:
        raise Conflict("; ".join(shown.refused))
    detail: dict[str, Any] = {"command": msgspec.to_builtins(command), "mark": shown.mark, "counts": shown.counts()}
    if anew:
        detail["tables_at"] = await _repin(tx, record)
    await _act(tx, shown, now, hooks)
    if shown.before:
        detail["before"] = shown.before  # with what the command says: the lineage of edited data
    if job is not None:
        detail["job"] = str(job)
    await audit.record(tx, tenant_id, by, f"instance.{command.kind.value}", str(instance_id), detail)
    return shown


async def _act(tx: Tx, shown: Preview, now: datetime, hooks: Hooks) -> None:
    record, command = shown.record, shown.command
    match command.kind:
        case Kind.SUSPEND:
            if record.status == "running":
                await _deliver(tx, record.tenant_id, record.instance_id, Suspended(command.reason, now))
        case Kind.RESUME:
            if record.status == "suspended":
                await _deliver(tx, record.tenant_id, record.instance_id, Resumed(now))
                await hooks.reopened(tx, record.tenant_id, record.instance_id, now)
        case Kind.CANCEL:
            await _cancel(tx, record.tenant_id, record.instance_id, command, now)
            await hooks.reopened(tx, record.tenant_id, record.instance_id, now)
        case Kind.RETRY | Kind.RESTART:
            assert isinstance(shown.act, Restarted)
            body = exactjson.text(shown.act)
            if not await tx.fetchval(SQL["reopen"], record.tenant_id, record.instance_id, "Restarted", body):
                raise CrossdockBug("an instance under lock changed its status")
            await hooks.reopened(tx, record.tenant_id, record.instance_id, now)
        case Kind.MIGRATE:
            assert isinstance(shown.act, Migrated)
            await _migrate(tx, shown, shown.act, now)


async def _deliver(tx: Tx, tenant_id: str, instance_id: UUID, fact: Suspended | Resumed | CancelRequested) -> None:
    await tx.fetchval(SQL["deliver"], tenant_id, instance_id, type(fact).__name__, exactjson.text(fact))


async def _cancel(tx: Tx, tenant_id: str, instance_id: UUID, command: Command, now: datetime) -> None:
    """Its children first, all the way down: what they did later is undone earlier."""
    if command.compensate:
        for child in await tx.fetch(SQL["children"], tenant_id, instance_id):
            if child["status"] in ("running", "suspended"):
                await _cancel(tx, tenant_id, child["instance_id"], command, now)
    fact = CancelRequested(command.reason, now, compensate=command.compensate, force=command.force)
    await _deliver(tx, tenant_id, instance_id, fact)


async def _repin(tx: Tx, record: reading.Record) -> int:
    """The tables of this moment, and it stands still until its restart is read. Returns the number of the tables."""
    # A worker that has it in hand has its tables in hand, too. With its row locked, nobody can claim it meanwhile.
    if await tx.fetchval(SQL["at_work"], record.tenant_id, record.instance_id):
        raise Busy(BUSY)
    return await tx.fetchval(SQL["repin"], record.tenant_id, record.instance_id)


async def _migrate(tx: Tx, shown: Preview, fact: Migrated, now: datetime) -> None:
    record = shown.record
    assert record.state is not None
    # With its row locked, nobody can claim it: a claim needs a ready row, and whoever makes one locks the row first.
    if await tx.fetchval(SQL["at_work"], record.tenant_id, record.instance_id):
        raise Busy(BUSY)
    step = interpreter.migrated(states.load(record.state, record.payloads), fact)
    last: int = await tx.fetchval(SQL["last_seq"], record.tenant_id, record.instance_id)
    seq = max(last, record.revision * FACTS_A_TURN) + 1
    await tx.execute(
        SQL["remember"], record.tenant_id, record.instance_id, seq, now, "Migrated", exactjson.text(fact),
        exactjson.text(step.trace),
    )  # fmt: skip
    state = states.dump(step.state, record.payloads)
    await payloads.keep(tx, [(record.tenant_id, record.instance_id, record.payloads)])
    await tx.execute(SQL["migrate"], record.tenant_id, record.instance_id, fact.to, state)
