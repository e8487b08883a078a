"""Group commit: the turns of many instances in one transaction, without a barrier.

Turns queue; each of two connections takes what is there and commits it while the other gathers, so a lone turn
commits at once and a busy worker commits dozens together. A turn that runs code of others (an approval, an incident)
commits alone, and so does every turn of a batch that failed: one bad turn never takes its neighbours with it.

Order within the transaction: the worker row (the fence), advisory keys, instance rows, then everything else.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from crossdock import exactjson, ids, telemetry
from crossdock.db import Database, Tx, enter_tenants, queries
from crossdock.engine import calls
from crossdock.engine.hooks import Crash, Hooks, Point, never
from crossdock.engine.turn import Mail, Turn
from crossdock.engine.vitals import Timed, spans
from crossdock.events import correlation, envelope
from crossdock.flow import correlation as filters
from crossdock.flow.facts import RunChild
from crossdock.flow.outcomes import Done, Failed, Parked

SQL = queries("crossdock.engine", "engine.sql")
log = logging.getLogger(__name__)

BATCH = 64  # beyond it a commit takes longer than it saves
CONNECTIONS = 2  # one lockstep batch idles half the machine (docs/measured.md)


@dataclass(slots=True)
class Committed:
    """kept: False when another worker owns the instance now; nothing of the turn was written."""

    kept: bool
    mail: list[Mail] = field(default_factory=list[Mail])
    parked: bool = False


class Committer:
    def __init__(self, db: Database, worker_id: UUID, hooks: Hooks, crash: Crash = never) -> None:
        self._db = db
        self._worker_id = worker_id
        self._hooks = hooks
        self._crash = crash
        self._queue: deque[tuple[Turn, asyncio.Future[Committed]]] = deque()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._span = spans()
        self.commits = 0
        self.turns = 0

    async def __aenter__(self) -> "Committer":
        self._tasks = [asyncio.create_task(self._run(), name=f"committer-{n}") for n in range(CONNECTIONS)]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, future in self._queue:
            future.cancel()

    async def submit(self, turn: Turn) -> Committed:
        """Writes the turn with others. Raises what its own transaction raised; its neighbours are not touched."""
        future: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self._queue.append((turn, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            while not self._queue:
                self._wake.clear()
                await self._wake.wait()
            await self._flush(self._take())

    def _take(self) -> list[tuple[Turn, asyncio.Future[Committed]]]:
        batch = [self._queue.popleft()]
        while self._queue and len(batch) < BATCH and not batch[-1][0].alone and not self._queue[0][0].alone:
            batch.append(self._queue.popleft())
        return batch

    async def _flush(self, batch: list[tuple[Turn, asyncio.Future[Committed]]]) -> None:
        try:
            results = await self._commit([turn for turn, _ in batch])
        except Exception as error:
            if len(batch) > 1:
                log.warning("a batch of %d turns failed (%s); committing them one by one", len(batch), error)
                for one in batch:
                    await self._flush([one])
                return
            if isinstance(error, asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
                await self._flush(batch)  # rolled back whole: writing the same rows again is safe
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

    async def _commit(self, turns: list[Turn]) -> list[Committed]:
        self.commits += 1
        self.turns += len(turns)
        tenants = sorted({t.tenant_id for t in turns})
        # A batch is of many orders: its span hangs below the first one, and says how many there are.
        with Timed(), self._span("commit", turns[0].traceparent, turns=len(turns)):
            return await self._commit_for(tenants, turns)

    async def _commit_for(self, tenants: list[str], turns: list[Turn]) -> list[Committed]:
        async with self._db.transaction(*tenants) as tx:
            results = await write(tx, self._worker_id, turns, self._hooks)
            self._crash(Point.BEFORE_COMMIT)
        return results


async def write(tx: Tx, worker_id: UUID, turns: list[Turn], hooks: Hooks) -> list[Committed]:
    """Writes the turns that this worker still owns."""
    if await tx.fetchval(SQL["hold_worker"], worker_id) is None:
        return [Committed(kept=False) for _ in turns]
    await correlation.lock(
        tx, ((t.tenant_id, correlation.key_of(f)) for t in turns for _, fs in t.subscribe for f in fs)
    )
    rows = await tx.fetch(
        SQL["lock_instances"], [t.tenant_id for t in turns], [t.instance_id for t in turns], worker_id
    )
    revisions = {(r["tenant_id"], r["instance_id"]): r["revision"] for r in rows}
    mine = [t for t in turns if revisions.get((t.tenant_id, t.instance_id)) == t.base_revision]
    if mine:
        await _write_rows(tx, mine)
        for turn in mine:
            if turn.alone:
                # What others publish here (an approval asked for, an incident) belongs to this order's trace.
                with telemetry.span("begin", turn.traceparent or None):
                    await _write_alone(tx, turn, hooks)
    results = await _finish(tx, worker_id, mine) if mine else {}
    return [results.get((t.tenant_id, t.instance_id), Committed(kept=False)) for t in turns]


async def _many(tx: Tx, name: str, rows: Sequence[Sequence[Any]]) -> None:
    """One statement for all rows, as one array a column."""
    if rows:
        await tx.execute(SQL[name], *(list(column) for column in zip(*rows, strict=True)))


async def _write_rows(tx: Tx, turns: list[Turn]) -> None:
    text = exactjson.text
    await _many(tx, "save", [
        (t.tenant_id, t.instance_id, t.base_revision + 1, t.state, t.status, t.stage, t.now,
         t.now if t.ended else None,
         text(t.ended.output) if t.ended and t.ended.error is None else None,
         text(t.ended.error) if t.ended and t.ended.error is not None
         else text({"detail": t.stuck}) if t.stuck else None,
         t.business_key)
        for t in turns
    ])  # fmt: skip
    await _many(tx, "consume", [(t.tenant_id, t.instance_id, f) for t in turns for f in t.consumed])
    await _many(tx, "remember", [
        (t.tenant_id, t.instance_id, seq, t.now, type(fact).__name__, text(fact), trace.decode())
        for t in turns for seq, fact, trace in t.history
    ])  # fmt: skip
    await _many(tx, "unsubscribe", [(t.tenant_id, t.instance_id, at) for t in turns for at in t.unsubscribe])
    await _subscribe(tx, turns)
    for t in turns:
        for event in t.unheard:
            await correlation.put_back(tx, t.tenant_id, t.instance_id, event, t.now)
    await _many(
        tx, "clear_timers", [(t.tenant_id, t.instance_id, *key) for t in turns for key in sorted(t.clear_timers)]
    )
    await _many(tx, "set_timers", [
        (t.tenant_id, t.instance_id, at, timer, due) for t in turns for (at, timer), due in t.set_timers.items()
    ])  # fmt: skip
    await _many(tx, "record_calls", [
        (t.tenant_id, t.instance_id, c.at, c.function, c.system, text(c.arguments), text(c.undo) if c.undo else None,
         c.state, c.called_at, c.answered_at, c.duration_ms,
         text(c.output) if c.state == "done" else None, text(c.error) if c.error else None)
        for t in turns for c in t.new_calls
    ])  # fmt: skip
    await _many(tx, "update_calls", [
        (t.tenant_id, t.instance_id, c.at, c.state, c.attempt, c.abandoned, c.answered_at, c.duration_ms,
         text(c.output) if c.state == "done" else None, text(c.error) if c.error else None)
        for t in turns for c in t.call_changes.values()
    ])  # fmt: skip
    await _many(tx, "record_attempts", [
        (t.tenant_id, t.instance_id, a.at, a.attempt, a.outcome, a.probe, a.detail[:2000], a.tried_at, a.duration_ms)
        for t in turns for a in t.attempts
    ])  # fmt: skip
    await _many(tx, "mark_undone", [(t.tenant_id, t.instance_id, at) for t in turns for at in t.undone])
    await _many(tx, "forget_waits", [(t.tenant_id, t.instance_id) for t in turns if t.ended])
    emits = [
        (t.tenant_id, e["source"], e["id"], e["type"], str(e.get("subject") or ""), envelope.time_of(e, t.now), text(e))
        for t in turns for e in t.emits
    ]  # fmt: skip
    if emits:
        await _many(tx, "emit", emits)
        await tx.execute("select pg_notify('crossdock_outbox', '')")


async def _subscribe(tx: Tx, turns: list[Turn]) -> None:
    rows: list[tuple[Any, ...]] = []
    wanted: dict[tuple[UUID, str, int], Any] = {}
    for t in turns:
        for at, fs in t.subscribe:
            for ordinal, f in enumerate(fs):
                key = correlation.key_of(f)
                rows.append(
                    (
                        t.tenant_id,
                        t.instance_id,
                        at,
                        ordinal,
                        key.type,
                        key.path,
                        key.value,
                        correlation.encode_filter(f),
                    )
                )
                wanted[t.instance_id, at, ordinal] = (t, f)
    if not rows:
        return
    await _many(tx, "subscribe", rows)
    early = await tx.fetch(SQL["early_for"], *(list(c) for c in zip(*(r[:7] for r in rows), strict=True)))
    taken: dict[tuple[str, int, UUID], UUID] = {}
    for row in early:
        turn, f = wanted[row["instance_id"], row["at"], row["ordinal"]]
        event = exactjson.loads(row["body"])
        # An early event goes to the first listener that asks for it, and to no other.
        copy = (turn.tenant_id, row["seq"], row["only_for"])
        if copy in taken or not filters.matches(f, event):
            continue
        taken[copy] = row["instance_id"]
        body = exactjson.text({"at": row["at"], "event": event, "now": turn.now})
        await tx.execute(SQL["deliver"], turn.tenant_id, row["instance_id"], "EventReceived", body)
    await _many(tx, "early_taken", [(t, seq, by) for (t, seq, _), by in sorted(taken.items())])


async def _write_alone(tx: Tx, turn: Turn, hooks: Hooks) -> None:
    """What runs code of others: with this one tenant, in the turn's own transaction."""
    tenant_id, instance_id = turn.tenant_id, turn.instance_id
    await enter_tenants(tx, (tenant_id,))
    for at in turn.withdrawn:
        await hooks.withdraw(tx, tenant_id, instance_id, at, turn.now)
        for child in await tx.fetch(SQL["children"], tenant_id, instance_id, at):
            await _deliver(
                tx,
                tenant_id,
                child["instance_id"],
                "CancelRequested",
                {"reason": "abandoned by its parent", "now": turn.now},
            )
    for function, call in turn.begin:
        match await function.start(tx, call):
            case Parked():
                pass
            case Done(output):
                await _deliver(
                    tx, tenant_id, instance_id, "CallCompleted", {"at": call.at, "output": output, "now": turn.now}
                )
            case Failed(error=error):
                await _deliver(
                    tx, tenant_id, instance_id, "CallFailed", {"at": call.at, "error": error, "now": turn.now}
                )
    for system, at in turn.unheld:
        await tx.execute(SQL["forget_held"], tenant_id, system, instance_id, at)
    for system in sorted(turn.recovered):
        await recover(tx, tenant_id, system, turn.now, hooks)
    for held in turn.held:
        await tx.execute(SQL["hold_call"], tenant_id, held.system, instance_id, held.call.at, turn.now)
        await tx.execute(
            SQL["open_outage"], tenant_id, held.system, turn.now, turn.now + calls.canary_delay(0), held.detail
        )
        await hooks.held(tx, held.call, held.system, held.detail)
    for call in turn.asked:
        await hooks.unresolved(tx, call.invocation, call.system, "probes could not tell")
    for child in turn.children:
        await _start_child(tx, turn, child)
    if turn.stuck:
        await tx.execute(SQL["suspend"], tenant_id, instance_id, exactjson.text({"detail": turn.stuck}))
        await hooks.stuck(tx, tenant_id, instance_id, turn.business_key, turn.stuck, turn.now)
    if turn.ended:
        await _end(tx, turn, hooks)


async def _start_child(tx: Tx, turn: Turn, child: RunChild) -> None:
    version = child.version
    if version in ("", "latest"):
        version = await tx.fetchval(SQL["latest_version"], turn.tenant_id, child.namespace, child.name)
    known = version and await tx.fetchrow(SQL["definition"], turn.tenant_id, child.namespace, child.name, version)
    if not known:
        detail = f"expected a published workflow {child.namespace}/{child.name}:{child.version}, found none"
        error = {"type": "https://serverlessworkflow.io/spec/1.0.0/errors/configuration", "status": 400,
                 "title": "Unknown workflow", "detail": detail, "instance": child.at}  # fmt: skip
        if child.awaited:
            await _deliver(
                tx, turn.tenant_id, turn.instance_id, "ChildFailed", {"at": child.at, "error": error, "now": turn.now}
            )
        return
    await correlation.start(
        tx, turn.tenant_id, ids.derived(str(turn.instance_id), child.at), (child.namespace, child.name, version),
        child.input, turn.business_key, turn.now,
        parent=(turn.instance_id, child.at) if child.awaited else None, traceparent=turn.traceparent,
    )  # fmt: skip


async def _end(tx: Tx, turn: Turn, hooks: Hooks) -> None:
    assert turn.ended is not None
    tenant_id, instance_id = turn.tenant_id, turn.instance_id
    if turn.ended.error is not None and turn.parent is None:
        e = turn.ended.error
        await hooks.faulted(
            tx,
            tenant_id,
            instance_id,
            turn.business_key,
            f"{e.title or e.type} ({e.status}) {e.detail} at {e.instance}",
            turn.now,
        )
    if turn.parent is None:
        return
    parent_id, at = turn.parent
    if turn.ended.error is None:
        await _deliver(
            tx, tenant_id, parent_id, "ChildCompleted", {"at": at, "output": turn.ended.output, "now": turn.now}
        )
    else:
        await _deliver(tx, tenant_id, parent_id, "ChildFailed", {"at": at, "error": turn.ended.error, "now": turn.now})


async def recover(tx: Tx, tenant_id: str, system: str, now: datetime, hooks: Hooks) -> None:
    """The system answered: closes its outage, and every held call tries again."""
    if await tx.fetchval(SQL["close_outage"], tenant_id, system) is None:
        return
    for row in sorted(await tx.fetch(SQL["held_calls"], tenant_id, system), key=lambda r: r["instance_id"]):
        await _deliver(tx, tenant_id, row["instance_id"], "Attempt", {"at": row["at"]})
    await hooks.recovered(tx, tenant_id, system, now)


async def _deliver(tx: Tx, tenant_id: str, instance_id: UUID, kind: str, body: Any) -> None:
    await tx.execute(SQL["deliver"], tenant_id, instance_id, kind, exactjson.text(body))


async def _finish(tx: Tx, worker_id: UUID, turns: list[Turn]) -> dict[tuple[str, UUID], Committed]:
    """Reads the mail that came meanwhile, and gives back the leases of those that have nothing left to do."""
    await enter_tenants(tx, sorted({t.tenant_id for t in turns}))
    tenants, instances = [t.tenant_id for t in turns], [t.instance_id for t in turns]
    results = {(t.tenant_id, t.instance_id): Committed(kept=True) for t in turns}
    for row in await tx.fetch(SQL["mail"], tenants, instances):
        results[row["tenant_id"], row["instance_id"]].mail.append(
            Mail(row["fact_id"], row["kind"], exactjson.loads(row["body"]))
        )
    parked = [t for t in turns if t.park and not results[t.tenant_id, t.instance_id].mail]
    for t in parked:
        results[t.tenant_id, t.instance_id].parked = True
    if parked:
        await tx.execute(SQL["park"], [t.tenant_id for t in parked], [t.instance_id for t in parked], worker_id)
    return results
