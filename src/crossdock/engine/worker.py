"""A worker: claims instances that have something to do, drives each until it waits, and keeps its lease alive.

Workers share nothing but the database. Each instance in hand has one task of its own, so turns of one instance never
overlap; what they write meets in the committer. Loops beside it: the lease, the dead, the timers, the outages, the
relay. Any worker may do any of them at any time; locks in the database keep two from doing the same.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from crossdock import exactjson, ids, telemetry
from crossdock.clock import CHANNEL as CLOCK_CHANNEL
from crossdock.clock import Clock, Stopwatch
from crossdock.db import PASSING, Database, queries
from crossdock.engine import compensation, payloads, timers
from crossdock.engine.committer import Committed, Committer
from crossdock.engine.definitions import Programs
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Crash, Hooks, Point, never
from crossdock.engine.live import OPERATORS, Answer, Live
from crossdock.engine.turn import CallState, OpenCall, Over, Turn, mail_of
from crossdock.engine.vitals import EVERY_S, Vitals, spans
from crossdock.errors import CrossdockError
from crossdock.events import outbox
from crossdock.events.relay import Projection, Relay
from crossdock.flow import state as states
from crossdock.flow.outcomes import Done, Invocation, Unknown

SQL = queries("crossdock.engine", "engine.sql")
log = logging.getLogger(__name__)

LEASE = timedelta(seconds=6)
RENEW_S = 1.5
NOTICES_S = RENEW_S + 0.5  # until a worker that others buried while it lived has noticed, and cut its requests off
LIVE = 128  # instances in hand: more only lengthens the queue in front of the committer
RESERVE = 16  # and so many more, one of each tenant that has nothing in hand
OTHERS_S = 0.05  # how often those are looked for while hands are full
ROOM = 16  # claim when at least so many fit: a claim costs the same for one and for many
APART_S = 0.003  # between two claims: what becomes ready one by one meanwhile is claimed together, by fewer workers
POLL_S = 0.5  # a lost notification costs at most this
LAST_WORDS_S = 5.0  # for giving leases back at the end; longer than a commit, shorter than anybody's patience
STRIKES = 3  # failed turns before an instance is set aside for a person


Duty: TypeAlias = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Stats:
    turns: int = 0
    claimed: int = 0
    calls: int = 0
    refused: int = 0  # turns that lost their lease
    call_s: float = 0.0
    apply_s: float = 0.0


class Buried(CrossdockError):
    """This worker stalled for longer than its lease, and others took over."""


class Worker:
    def __init__(
        self,
        db: Database,
        functions: Functions,
        clock: Clock,
        hooks: Hooks,
        projections: list[Projection] | None = None,
        *,
        duties: Sequence[Duty] = (),
        crash: Crash = never,
    ) -> None:
        """duties: what else time brings about, asked several times a second.

        crash: raises where a test wants us dead.
        """
        self.id = ids.new()
        self.stats = Stats()
        self._db = db
        self._functions = functions
        self._clock = clock
        self._hooks = hooks
        self._duties = duties
        self._crash = crash
        self._relay = Relay(db, projections or [])
        self._vitals = Vitals(db, self.id)
        self._span = spans()
        self._fallback = ProcessFallback()  # its child starts with the first expression that needs it
        self._programs = Programs(self._fallback)
        self._committer = Committer(db, self.id, hooks, crash)
        self._live: dict[tuple[str, UUID], Live] = {}
        self._wakes: dict[tuple[str, UUID], asyncio.Event] = {}
        self._mailed: set[tuple[str, UUID]] = set()
        self._strikes: dict[tuple[str, UUID], int] = {}
        self._orphans: dict[tuple[str, UUID], Live] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests: dict[tuple[str, UUID], set[asyncio.Task[None]]] = {}
        self._looked_for_others = 0.0
        self._ready = asyncio.Event()
        self._outbox = asyncio.Event()
        self._clocked = asyncio.Event()
        self._stopping = asyncio.Event()
        self._ending = False
        self._leased_until = 0.0  # monotonic, and never later than what the database has

    async def run(self) -> None:
        """Works until `stop()`; then finishes what is in hand and gives the leases back."""
        await self._register()
        listener = await self._listen()
        try:
            async with self._committer, asyncio.TaskGroup() as group:
                loops = [
                    group.create_task(self._until_the_end(loop), name=loop.__name__)
                    for loop in (
                        self._renew,
                        self._bury,
                        self._fire_timers,
                        self._try_outages,
                        self._hand_on,
                        self._do_duties,
                        self._report,
                        self._refresh_statistics,
                        self._watch(listener),
                    )
                ]
                await self._claim()
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=10)
                self._ending = True
                for task in loops:
                    task.cancel()
        finally:
            cut_off = self._cut_off()
            with suppress(Exception):
                await listener.close(timeout=LAST_WORDS_S)
            self._fallback.close()
            if not cut_off:  # else nobody is to look for their effects at once: the lease runs out by itself
                with suppress(*PASSING):  # as it does where the database is out of reach
                    async with asyncio.timeout(LAST_WORDS_S):
                        await self._retire()

    async def _until_the_end(self, loop: Callable[[], Awaitable[None]]) -> None:
        """One loop. Its end is that of all: a cancellation alone may be lost, where what it interrupts is just done."""
        try:
            await loop()
        finally:
            self._ending = True

    def stop(self) -> None:
        self._stopping.set()
        self._ready.set()

    # ── being alive ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _register(self) -> None:
        self._leased_until = monotonic() + LEASE.total_seconds()
        await self._db.pool.execute(SQL["register_worker"], self.id, socket.gethostname(), os.getpid(), LEASE)

    def _cut_off(self) -> bool:
        """Ends what is in hand. Whether requests were under way: their effects are in doubt."""
        doubtful = bool(self._requests)
        for task in self._tasks:
            task.cancel()
        return doubtful

    async def _retire(self) -> None:
        tenants = await self._db.tenant_ids()
        async with self._db.transaction(*tenants) as tx:
            await tx.execute(SQL["retire"], self.id)  # the worker's row first, as for whoever buries it
            await tx.execute(SQL["release_leases"], self.id)

    async def _renew(self) -> None:
        while not self._ending:
            await asyncio.sleep(RENEW_S)
            asked_at = monotonic()
            try:
                async with asyncio.timeout(max(RENEW_S, self._leased_until - asked_at)):
                    renewed = await self._db.pool.fetchval(SQL["renew"], self.id, LEASE)
            except TimeoutError as error:
                self._cut_off()
                self._db.pool.terminate()  # what waits for an answer that cannot come waits no longer
                raise Buried(f"worker {self.id} could not renew its lease before it ran out") from error
            if renewed is None:
                # Others have our instances. What is in hand would be refused, and a call of ours may be theirs to
                # probe: stop at once, and begin anew under another name.
                self._cut_off()
                raise Buried(f"worker {self.id} was declared dead by another")
            self._leased_until = asked_at + LEASE.total_seconds()
            for key, live in list(self._orphans.items()):
                if key not in self._live and not self._under_way(live):
                    await self._release(live)
                    self._orphans.pop(key, None)

    async def _bury(self) -> None:
        while not self._ending:
            moved = await self._db.pool.fetchval("select crossdock.bury_dead()")
            if moved:
                log.warning("took over %d instances of a worker that stopped", moved)
                self._ready.set()
            await asyncio.sleep(1)

    async def _listen(self) -> "asyncpg.Connection[asyncpg.Record]":
        connection = await self._db.dedicated()
        await connection.add_listener("crossdock_mail", lambda _c, _p, _ch, payload: self._note_mail(str(payload)))
        for channel, event in (
            ("crossdock_ready", self._ready), (outbox.CHANNEL, self._outbox), (CLOCK_CHANNEL, self._clocked)
        ):  # fmt: skip
            await connection.add_listener(channel, lambda _c, _p, _ch, _payload, event=event: event.set())
        await self._clock.refresh(connection)
        return connection

    def _note_mail(self, payload: str) -> None:
        holder, tenant_id, instance_id = payload.split(" ")
        if holder == str(self.id):
            key = (tenant_id, UUID(instance_id))
            self._mailed.add(key)
            if wake := self._wakes.get(key):
                wake.set()

    def _watch(self, listener: "asyncpg.Connection[asyncpg.Record]") -> Callable[[], Any]:
        async def watch_clock() -> None:
            while not self._ending:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._clocked.wait(), 1)
                self._clocked.clear()
                await self._clock.refresh(listener)
                self._timers_due.set()

        self._timers_due = asyncio.Event()
        return watch_clock

    # ── claiming and driving ────────────────────────────────────────────────────────────────────────────────────

    async def _claim(self) -> None:
        while not (self._stopping.is_set() or self._ending):
            room = LIVE - len(self._live)
            self._ready.clear()
            asked_at = monotonic()
            claimed = await (self._claim_some(room) if room >= ROOM else self._claim_others())
            # Of t tenants each is given at most room / t at once: where that left any, 2 √room - 2 were claimed. What
            # another had locked meanwhile is seen with the next instance that comes or goes, or after POLL_S.
            if claimed * claimed < room or not claimed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ready.wait(), POLL_S)
            if (early_s := asked_at + APART_S - monotonic()) > 0:
                await asyncio.sleep(early_s)

    async def _claim_some(self, room: int) -> int:
        return await self._claimed(await self._db.pool.fetch(SQL["take"], self.id, room, None))

    async def _claim_others(self) -> int:
        """With hands full: the first of each tenant that has nothing in hand, into places that are kept for them."""
        room = LIVE + RESERVE - len(self._live)
        if room <= 0 or time.monotonic() - self._looked_for_others < OTHERS_S:
            return 0
        self._looked_for_others = time.monotonic()
        busy = sorted({tenant_id for tenant_id, _ in self._live})
        return await self._claimed(await self._db.pool.fetch(SQL["take"], self.id, room, busy))

    async def _claimed(self, rows: Sequence[Any]) -> int:
        if not rows:
            return 0
        self._crash(Point.AFTER_CLAIM)
        for live in await self._load(rows):
            self._take(live)
        self.stats.claimed += len(rows)
        return len(rows)

    async def _load(self, rows: Sequence[Any]) -> list[Live]:
        """Makes of each row what it stands for. One that cannot be read is set aside, and its neighbours are not."""
        lives: list[Live] = []
        unreadable: list[tuple[Any, Exception]] = []
        for r in rows:
            try:
                lives.append(await self._read(r))
            except (*PASSING, asyncpg.PostgresError):  # says nothing about the row
                raise
            except Exception as error:
                unreadable.append((r, error))
        for r, error in unreadable:
            await self._set_aside((r["tenant_id"], r["instance_id"]), r, error)
        return lives

    async def _read(self, r: Any) -> Live:
        tenant_id, instance_id = r["tenant_id"], r["instance_id"]
        now = self._clock.now()
        program = self._programs.known(tenant_id, r["namespace"], r["name"], r["version"])
        tables_at = r["tables_at"]
        tables_known = self._functions.tables.known(tenant_id, tables_at)
        calls: list[Any] = []
        large = payloads.Payloads()
        named = r["state"] is not None and payloads.NAMED in r["state"]
        if program is None or not tables_known or r["open"] or named:
            async with self._db.transaction(tenant_id) as tx:
                program = await self._programs.get(tx, tenant_id, r["namespace"], r["name"], r["version"])
                if not tables_known:
                    await self._functions.tables.learn(tx, tenant_id)
                if r["open"]:
                    calls = await tx.fetch(SQL["open_calls"], [tenant_id], [instance_id])
                large = await payloads.read(tx, tenant_id, instance_id, [r["state"], *(c["arguments"] for c in calls)])
        live = Live(
            tenant_id=tenant_id,
            instance_id=instance_id,
            program=program,
            functions=self._functions,
            clock=self._clock.now,
            revision=r["revision"],
            state=states.load(r["state"], large) if r["state"] is not None else None,
            business_key=r["business_key"],
            traceparent=r["traceparent"],
            parent=(r["parent_id"], r["parent_at"]) if r["parent_id"] else None,
            ended=r["ended"],
            over=Over(r["ended_at"], r["output"], r["error"]) if r["ended"] else None,
            stage=r["stage"],
            tables_at=tables_at,
            suspended=r["status"] == "suspended",
            payloads=large,
        )
        live.calls |= {c["at"]: _open_call(c, live, now) for c in calls}
        if r["fact_ids"]:
            live.absorb([mail_of(*m) for m in zip(r["fact_ids"], r["kinds"], r["bodies"], strict=True)])
        live.resume()
        return live

    async def _set_aside(self, key: tuple[str, UUID], row: Any, error: Exception) -> None:
        """Its definition, state or mail cannot be read: it stands still, with all it has, until a person has looked."""
        log.error("%s/%s cannot be read and is set aside", *key, exc_info=error)
        tenant_id, instance_id = key
        if row["status"] == "running":
            turn = Turn(tenant_id, instance_id, row["revision"], self._clock.now(), stage=row["stage"])
            turn.status, turn.business_key = "suspended", row["business_key"]
            turn.stuck = f"it cannot be read: {type(error).__name__}: {error}"[:2000]
            await self._committer.submit(turn)
        async with self._db.transaction(tenant_id) as tx:
            await tx.execute(
                "delete from crossdock.lease where tenant_id = $1 and instance_id = $2 and worker_id = $3",
                tenant_id, instance_id, self.id,
            )  # fmt: skip

    def _take(self, live: Live) -> None:
        key = (live.tenant_id, live.instance_id)
        self._live[key] = live
        self._wakes[key] = asyncio.Event()
        task = asyncio.create_task(self._drive(key, live))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drive(self, key: tuple[str, UUID], live: Live) -> None:
        """Turns of one instance until it waits for something that is not in our hands."""
        words = {"tenant": live.tenant_id, "instance": str(live.instance_id), "order": live.business_key}
        try:
            # its calls run in tasks that are made within, and so carry the same words
            with telemetry.bound(**words, trace=telemetry.trace_id(live.traceparent)):
                if live.taken_over:  # its worker may live: a clock was set, and its lease ran out before its time
                    await asyncio.sleep(NOTICES_S)
                try:
                    while await self._one_turn(key, live):
                        pass
                    self._strikes.pop(key, None)
                except asyncio.CancelledError:
                    raise
                except Exception as error:
                    self._orphans[key] = live  # until the set-back is through: the lease is ours, and nobody drives
                    if isinstance(error, PASSING):
                        log.warning("the database failed a turn (%s); it is tried again", error)
                    else:
                        await self._set_back(key, live, error)
                        del self._orphans[key]
        finally:
            self._live.pop(key, None)
            self._wakes.pop(key, None)
            self._mailed.discard(key)
            self._ready.set()

    async def _one_turn(self, key: tuple[str, UUID], live: Live) -> bool:
        wake = self._wakes[key]
        if live.suspended and not live.has_work and not live.in_flight:
            live.mail.clear()
            await self._release(live)
            return False
        if not live.has_work and live.in_flight:
            if key not in self._mailed:
                await wake.wait()
            wake.clear()
            if key in self._mailed:
                self._mailed.discard(key)
                await self._fetch_mail(live)
            if not live.has_work:
                return True
        with self._span(live.span_name, live.traceparent, instance=live.instance_text):
            began = monotonic()
            # Expressions outside the compiled subset are waited for: not by everybody.
            turn = live.turn() if live.program.native else await asyncio.to_thread(live.turn)
            self.stats.apply_s += monotonic() - began
            committed = await self._commit(live, turn)
        if committed is None:
            return False
        if committed.parked:
            return False
        if not live.suspended and not live.has_work and not live.in_flight and live.compensating is not None:
            return await self._compensate(live, live.compensating)
        return True

    async def _commit(self, live: Live, turn: Turn) -> Committed | None:
        self.stats.turns += 1
        committed = await self._committer.submit(turn)
        if not committed.kept:
            # Lost the lease, or our own commit went through and its answer did not: read it again either way.
            self.stats.refused += 1
            await self._release(live)
            return None
        telemetry.advances.add(definition=live.program.name)
        live.absorb(committed.mail)
        self._crash(Point.AFTER_COMMIT)
        for call in turn.perform:
            self._send(live, call)
        return committed

    async def _compensate(self, live: Live, call: OpenCall) -> bool:
        """One step of undoing: the next effect in reverse order, or the report when nothing is left."""
        async with self._db.transaction(live.tenant_id) as tx:
            step = await compensation.next_step(tx, live.tenant_id, live.instance_id)
        match step:
            case compensation.Undo(of, function, arguments):
                return await self._commit(live, live.undo(of, function, arguments)) is not None
            case compensation.Report() as report:
                answer = Answer(call.invocation.at, Done(report.output), False, self._clock.now(), 0.0)
                live.answers.append(answer)
                return True

    async def _fetch_mail(self, live: Live) -> None:
        async with self._db.transaction(live.tenant_id) as tx:
            rows = await tx.fetch(SQL["mail"], [live.tenant_id], [live.instance_id])
        live.absorb([mail_of(r["fact_id"], r["kind"], r["body"]) for r in rows])

    async def _release(self, live: Live) -> None:
        """Gives an instance back without having written anything; others will find its mail.

        Only when its requests are over: whoever takes it will look whether they had their effect, and would do again
        what one that is still on its way does a moment later.
        """
        if under_way := self._under_way(live):
            await asyncio.wait(under_way)
        async with self._db.transaction(live.tenant_id) as tx:
            if live.suspended:  # instance row first: an operator's word that is on its way is seen below
                await tx.execute(SQL["lock_one"], live.tenant_id, live.instance_id)
            gone = await tx.fetchval(
                "delete from crossdock.lease where tenant_id = $1 and instance_id = $2 and worker_id = $3 returning 1",
                live.tenant_id, live.instance_id, self.id,
            )  # fmt: skip
            waits = live.suspended and not await tx.fetchval(
                SQL["operators_mail"], live.tenant_id, live.instance_id, sorted(OPERATORS)
            )
            if gone and not waits:
                await tx.execute(SQL["ready_again"], live.tenant_id, live.instance_id)

    def _under_way(self, live: Live) -> set[asyncio.Task[None]]:
        return self._requests.get((live.tenant_id, live.instance_id), set())

    async def _set_back(self, key: tuple[str, UUID], live: Live, error: Exception) -> None:
        """A turn that raised: tried again from the database, then set aside for a person, never dropped."""
        strikes = self._strikes[key] = self._strikes.get(key, 0) + 1
        log.error("turn of %s/%s failed (%d of %d)", *key, strikes, STRIKES, exc_info=error)
        if strikes < STRIKES:
            await self._release(live)
            return
        self._strikes.pop(key, None)
        async with self._db.transaction(live.tenant_id) as tx:
            revision = await tx.fetchval(
                "select revision from crossdock.instance where tenant_id = $1 and instance_id = $2", *key
            )
        turn = Turn(live.tenant_id, live.instance_id, revision, self._clock.now(), stage=live.stage, status="suspended")
        turn.business_key = live.business_key
        turn.stuck = f"{type(error).__name__}: {error}"[:2000]
        turn.consumed = live.toggled  # it was resumed, and cannot go on: not again without being told
        try:
            await self._committer.submit(turn)
            live.suspended = True
        finally:
            await self._release(live)

    # ── calls ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _send(self, live: Live, call: OpenCall) -> None:
        key = (live.tenant_id, live.instance_id)
        task = asyncio.create_task(self._perform(live, call))
        self._tasks.add(task)
        self._requests.setdefault(key, set()).add(task)

        def over(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            under_way = self._requests[key]
            under_way.discard(task)
            if not under_way:
                del self._requests[key]

        task.add_done_callback(over)

    async def _perform(self, live: Live, call: OpenCall) -> None:
        invocation = call.invocation
        probe = call.state is CallState.UNKNOWN
        remote = self._functions.remote(live.tenant_id, invocation.function)
        watch = Stopwatch()
        tried_at = self._clock.now()
        named: tuple[str, ...] = ()
        try:
            task = live.program.task(invocation.at)
            named = task.secrets if task else ()
            filled = self._functions.filled(invocation, named)
            if remote is None:
                outcome = Unknown(f"no connector performs {invocation.function} any more")
            elif monotonic() > self._leased_until:
                # A process that stood still (a paused machine, a cut network): others may have taken this call over.
                outcome = Unknown("not sent by this worker, whose lease had run out")
            elif not isinstance(filled, Invocation):
                outcome = Unknown("its secret is gone") if probe else filled
            elif probe:
                outcome = await remote.probe(filled)
            else:
                outcome = await remote.perform(filled)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # A connector must classify; what it let through may have had its effect.
            log.exception("connector of %s raised", invocation.function)
            outcome = Unknown(f"{type(error).__name__}: {error}")
        outcome = self._functions.hidden(invocation, named, outcome)
        self._crash(Point.AFTER_EFFECT)
        outage = False
        if probe and isinstance(outcome, Unknown):
            outage = await self._is_out(live.tenant_id, call.system)
        live.answers.append(Answer(invocation.at, outcome, probe, tried_at, watch.ms, outage))
        self.stats.calls += 1
        self.stats.call_s += watch.ms / 1000
        if wake := self._wakes.get((live.tenant_id, live.instance_id)):
            wake.set()

    async def _is_out(self, tenant_id: str, system: str) -> bool:
        async with self._db.transaction(tenant_id) as tx:
            return await tx.fetchval(SQL["any_outage"], tenant_id, system) is not None

    # ── what wakes the waiting ──────────────────────────────────────────────────────────────────────────────────

    async def _fire_timers(self) -> None:
        while not self._ending:
            fired = await timers.fire(self._db, self._clock.now)
            if not fired:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._timers_due.wait(), 0.25)
                self._timers_due.clear()

    async def _try_outages(self) -> None:
        while not self._ending:
            await timers.try_outages(self._db, self._hooks, self._clock.now)
            await asyncio.sleep(0.25)

    async def _do_duties(self) -> None:
        while not self._ending:
            for duty in self._duties:
                try:
                    await duty()
                except PASSING:
                    raise
                except Exception:
                    # What one duty cannot do (a row that it cannot read) keeps no order from being worked on.
                    log.exception("a duty of this worker failed; the others go on, and it is tried again")
            await asyncio.sleep(0.25)

    async def _refresh_statistics(self) -> None:
        """Plans made while a table was small cost ten times as much once it is not."""
        while not self._ending:
            await self._db.pool.fetchval("select crossdock.refresh_statistics()")
            await asyncio.sleep(1)

    async def _report(self) -> None:
        while not self._ending:
            await self._vitals.once()
            await asyncio.sleep(EVERY_S)

    async def _hand_on(self) -> None:
        while not self._ending:
            if not await self._relay.once():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._outbox.wait(), POLL_S)
                self._outbox.clear()


async def living(db: Database) -> int:
    """How many workers hold a lease now."""
    return await db.pool.fetchval("select count(*) from crossdock.worker where lease_until > clock_timestamp()")


def _open_call(row: Any, live: Live, now: datetime) -> OpenCall:
    return OpenCall(
        Invocation(
            tenant_id=live.tenant_id,
            instance_id=live.instance_id,
            at=row["at"],
            key=f"{live.instance_id}{row['at']}",
            function=row["function"],
            arguments=live.payloads.value(row["arguments"]),
            business_key=live.business_key,
            attempt=row["attempt"],
            now=now,
            metadata={"canary": True} if row["held"] else {},
            traceparent=live.traceparent,
        ),
        row["system"],
        CallState(row["state"]),
        abandoned=row["abandoned"],
        probes=row["probes"],
        undo=exactjson.loads(row["undo"]) if row["undo"] else None,
        waits=row["timed"] or row["held"],
    )
