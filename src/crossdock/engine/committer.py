"""Group commit: the turns of many instances in one transaction, without a barrier.

Turns queue; one connection takes what is there and commits it while the next batch gathers, and when that is large a
second one helps, so a lone turn commits at once and a busy worker commits dozens together. A turn that reaches beyond
its own instance (an incident, a child) commits alone, and so does every turn of a batch that failed: one bad turn never
takes its neighbours with it.

What a batch writes goes to the database as one call (`columns`, and `write_turns` in the migrations), which is its own
transaction when nothing else belongs to it: a lone turn costs one round trip.

Order within the transaction: the worker row (the fence), advisory keys, instance rows, then everything else.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg

from crossdock import exactjson, ids, telemetry
from crossdock.db import Database, Tx, enter_tenants, queries
from crossdock.engine import calls, columns, payloads
from crossdock.engine.hooks import Crash, Hooks, Point, never
from crossdock.engine.turn import Mail, Turn, mail_of
from crossdock.engine.vitals import Timed, spans
from crossdock.events import correlation
from crossdock.flow import correlation as filters
from crossdock.flow import faults
from crossdock.flow.facts import Error, RunChild
from crossdock.flow.outcomes import Done, Failed, Parked

SQL = queries("crossdock.engine", "engine.sql")
log = logging.getLogger(__name__)

BATCH = 64  # beyond it a commit takes longer than it saves
REFUSED = "XD001"  # raised by write_turns: other workers own these instances now
CONNECTIONS = 2  # one lockstep batch idles half the machine (docs/measured.md)
SECOND = 8  # so many turns are worth a transaction beside the one under way: one costs as much as some ten turns in it


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
        self._sharing = 0  # batches under way that more turns could have joined
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
        if self._worth_it:
            self._wake.set()
        return await future

    @property
    def _worth_it(self) -> bool:
        """Whether what waits is to be committed now, and not when the batch under way is through."""
        return bool(self._queue) and (not self._sharing or len(self._queue) >= SECOND)

    async def _run(self) -> None:
        while True:
            while not self._worth_it:
                self._wake.clear()
                await self._wake.wait()
            batch = self._take()
            shared = not batch[0][0].alone
            self._sharing += shared
            try:
                await self._flush(batch)
            finally:
                self._sharing -= shared

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
        # A batch is of many orders: its span hangs below the first one, and says how many there are.
        with Timed(), self._span("commit", turns[0].traceparent, turns=len(turns)):
            # By instance: the order in which everybody locks their rows.
            mine = dict(sorted(enumerate(turns), key=lambda t: t[1].instance_id.int))
            results: dict[int, Committed] = {}
            while mine:
                try:
                    results |= zip(mine, await self._commit_for(list(mine.values())), strict=True)
                    break
                except asyncpg.PostgresError as error:
                    if error.sqlstate != REFUSED:
                        raise
                    places = list(mine)
                    for n in str(error.detail).split(","):
                        del mine[places[int(n) - 1]]
            return [results.get(place) or Committed(kept=False) for place in range(len(turns))]

    async def _commit_for(self, turns: list[Turn]) -> list[Committed]:
        """Commits these turns, or none of them: then it raises, with REFUSED and the places of those not ours."""
        written, listeners = columns.of(turns)
        large = [(t.tenant_id, t.instance_id, t.payloads) for t in turns if t.payloads and t.payloads.fresh]
        if not large and not any(t.together for t in turns) and self._crash is never:
            async with self._db.pool.acquire() as connection:  # one statement is its own transaction
                rows = await _write(connection, self._worker_id, turns, written, finish=True)
        else:
            async with self._db.transaction() as tx:
                rows = await _write(tx, self._worker_id, turns, written, finish=False)
                await payloads.keep(tx, large)
                await _write_rest(tx, turns, rows, listeners, self._hooks)
                rows = await _finish(tx, self._worker_id, turns)
                self._crash(Point.BEFORE_COMMIT)
        for _, _, stored in large:
            stored.fresh = {}
        return _results(turns, rows)


async def _write(
    tx: Tx, worker_id: UUID, turns: list[Turn], written: list[Any], *, finish: bool
) -> list[asyncpg.Record]:
    """One call of write_turns: the rows it gives back."""
    tenants = ",".join(sorted({t.tenant_id for t in turns}))
    return await tx.fetch(columns.WRITE, worker_id, tenants, finish, columns.keys(turns), *written)


async def _write_rest(
    tx: Tx, turns: list[Turn], rows: list[asyncpg.Record], listeners: list[columns.Listener], hooks: Hooks
) -> None:
    """What a batch does seldom: undone effects, events given back, early events, and code of others."""
    for t in turns:
        if t.over is not None:
            await tx.execute(SQL["keep_end"], t.tenant_id, t.instance_id, t.over.at, t.over.output, t.over.error)
    undone = [(t.tenant_id, t.instance_id, at) for t in turns for at in t.undone]
    if undone:
        await tx.execute(SQL["mark_undone"], *(list(column) for column in zip(*undone, strict=True)))
    for turn in turns:
        for event in turn.unheard:
            await correlation.put_back(tx, turn.tenant_id, turn.instance_id, event, turn.now)
    await _give_early(tx, rows, listeners)
    entered = ""
    answers: list[tuple[str, UUID, str, str]] = []
    for turn in turns:
        if turn.begin or turn.alone:
            if turn.tenant_id != entered:  # code of others sees this one tenant
                await enter_tenants(tx, (turn.tenant_id,))
                entered = turn.tenant_id
            # What others publish here (an approval asked for, an incident) belongs to this order's trace.
            with telemetry.span("begin", turn.traceparent or None):
                if turn.alone:
                    await _write_alone(tx, turn, hooks)
                answers += await _begin(tx, turn)
    if answers:
        await enter_tenants(tx, sorted({a[0] for a in answers}))
        await tx.execute(SQL["answer_own"], *(list(column) for column in zip(*answers, strict=True)))


async def _give_early(tx: Tx, rows: list[asyncpg.Record], listeners: list[columns.Listener]) -> None:
    """Events that came before their listener: each goes to the first that asks for it, and to no other."""
    taken: set[tuple[str, int, UUID]] = set()
    for row in rows:
        place: int = row["n"]
        turn, at, f = listeners[place - 1]
        event = exactjson.loads(row["body"])
        copy = (turn.tenant_id, row["seq"], turn.instance_id if row["what"] == "kept" else correlation.ANYBODY)
        if copy in taken or not filters.matches(f, event):
            continue
        taken.add(copy)
        await _deliver(
            tx, turn.tenant_id, turn.instance_id, "EventReceived", {"at": at, "event": event, "now": turn.now}
        )
        await tx.execute(SQL["early_taken"], [turn.tenant_id], [row["seq"]], [turn.instance_id])


async def _write_alone(tx: Tx, turn: Turn, hooks: Hooks) -> None:
    """What reaches beyond the instance: with this one tenant, in the turn's own transaction."""
    tenant_id, instance_id = turn.tenant_id, turn.instance_id
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
    for fact in turn.postponed:
        await _deliver(tx, tenant_id, instance_id, type(fact).__name__, fact)
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


async def _begin(tx: Tx, turn: Turn) -> list[tuple[str, UUID, str, str]]:
    """Runs the functions that the turn calls; gives what they answered at once, for its mailbox."""
    answers: list[tuple[str, UUID, str, str]] = []
    for function, call in turn.begin:
        match await function.start(tx, call):
            case Parked():
                continue
            case Done(output):
                kind, body = "CallCompleted", {"at": call.at, "output": output, "now": turn.now}
            case Failed(error=error):
                kind, body = "CallFailed", {"at": call.at, "error": error, "now": turn.now}
        answers.append((turn.tenant_id, turn.instance_id, kind, exactjson.text(body)))
    return answers


async def _start_child(tx: Tx, turn: Turn, child: RunChild) -> None:
    version = child.version
    if version in ("", "latest"):
        version = await tx.fetchval(SQL["latest_version"], turn.tenant_id, child.namespace, child.name)
    known = version and await tx.fetchrow(SQL["definition"], turn.tenant_id, child.namespace, child.name, version)
    if not known:
        detail = f"expected a published workflow {child.namespace}/{child.name}:{child.version}, found none"
        error = {"type": faults.CONFIGURATION, "status": 400,
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
    error = turn.ended.error
    if turn.ended.status == "cancelled":  # it has no output that the parent could go on with
        reason = cast("dict[str, str]", turn.ended.output)["reason"]
        error = Error(faults.RUNTIME, 499, "The child was cancelled", reason)
    if error is None:
        kind, body = "ChildCompleted", {"at": at, "output": turn.ended.output, "now": turn.now}
    else:
        kind, body = "ChildFailed", {"at": at, "error": error, "now": turn.now}
    await _deliver(tx, tenant_id, parent_id, kind, body)


async def recover(tx: Tx, tenant_id: str, system: str, now: datetime, hooks: Hooks) -> None:
    """The system answered: closes its outage, and every held call tries again."""
    if await tx.fetchval(SQL["close_outage"], tenant_id, system) is None:
        return
    for row in sorted(await tx.fetch(SQL["held_calls"], tenant_id, system), key=lambda r: r["instance_id"]):
        await _deliver(tx, tenant_id, row["instance_id"], "Attempt", {"at": row["at"]})
    await hooks.recovered(tx, tenant_id, system, now)


async def _deliver(tx: Tx, tenant_id: str, instance_id: UUID, kind: str, body: Any) -> None:
    await tx.execute(SQL["deliver"], tenant_id, instance_id, kind, exactjson.text(body))


async def _finish(tx: Tx, worker_id: UUID, turns: list[Turn]) -> list[asyncpg.Record]:
    """Reads the mail that came meanwhile, and gives back the leases of those that have nothing left to do."""
    await enter_tenants(tx, sorted({t.tenant_id for t in turns}))
    return await tx.fetch(
        "select * from crossdock.finish_turns($1, $2, $3, $4)",
        worker_id, [t.tenant_id for t in turns], [t.instance_id for t in turns], [t.park for t in turns],
    )  # fmt: skip


def _results(turns: list[Turn], rows: list[asyncpg.Record]) -> list[Committed]:
    results = [Committed(kept=True) for _ in turns]
    for row in rows:
        place: int = row["n"]
        results[place - 1].mail.append(mail_of(row["seq"], row["kind"], row["body"]))
    for turn, result in zip(turns, results, strict=True):
        result.parked = turn.park and not result.mail
    return results
