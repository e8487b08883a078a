"""Connections to the real database as workers of a simulation have them.

Each statement travels to the server and its answer travels back, for a time drawn from the seed. On the way it may be
lost, fail as the database may fail, or find its worker dead. What the database does in between is real.

Notifications are caught before PostgreSQL sends them (`sim.pg_notify` raises them as messages), because the moment at
which it would is not ours to decide: they are handed to the listeners of the living after the commit, each after its
own delay, or never. `sim.clock_timestamp` is the loop's time, so that leases run out in virtual time.
"""

import asyncio
import contextvars
import random
import zlib
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import asyncpg

from crossdock.db import APP_ROLE, SERVER_SETTINGS, Database, queries
from crossdock.engine.hooks import Point
from crossdock.engine.simulation.loop import VirtualLoop

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    _Connection = asyncpg.Connection

EPOCH = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday
MARK = "sim.notify"
POOL = 6  # connections of one worker
TICK_S = 0.25  # the database's clock is as exact as this
# Real time must not end anything: how long a machine takes is not in the seed.
OURS = {
    "search_path": "sim, public, pg_catalog", "idle_in_transaction_session_timeout": "0", "statement_timeout": "0",
    "client_connection_check_interval": "0",
}  # fmt: skip

# `clock_timestamp` and `pg_notify` of the product's statements and functions become ours. Functions that choose their
# own path are given ours in front of it.
SHADOWS = """
create schema sim;
grant usage on schema sim to public;
create table sim.clock (at timestamptz not null);
insert into sim.clock values ('2026-03-02 08:00+00');
grant select on sim.clock to public;
create function sim.clock_timestamp() returns timestamptz language sql volatile as 'select at from sim.clock';
create function sim.pg_notify(channel text, payload text) returns void language plpgsql volatile as $$
begin raise info using message = 'sim.notify' || chr(31) || channel || chr(31) || payload; end $$;
do $$ declare f regprocedure; path text; begin
  for f, path in select p.oid::regprocedure, substr(c, length('search_path=') + 1)
                 from pg_proc p, unnest(p.proconfig) c
                 where p.pronamespace = 'crossdock'::regnamespace and c like 'search_path=%' loop
    execute format('alter function %s set search_path = sim, %s, pg_catalog', f, path);
  end loop;
end $$;
"""

_NAMES = {
    text: name
    for file in (("crossdock.engine", "engine.sql"), ("crossdock.events", "events.sql"))
    for name, text in queries(*file).items()
}


def name_of(query: str) -> str:
    """A statement's name in its file, or its first words."""
    if found := _NAMES.get(query):
        return found
    words = query.split()[:4]
    # asyncpg numbers its savepoints through all connections
    return " ".join(words[:-1] if "asyncpg_" in words[-1] else words).rstrip(";")


def _ordered(query: str) -> bool:
    return "order by" in query or "from crossdock.tenant_ids" in query or "* from crossdock." in query


def _shuffled(rows: list[Any], seed: int) -> list[Any]:
    """Where no order was asked for, the one they come in is the planner's whim, and here the seed's."""
    rows.sort(key=lambda row: repr(tuple(row)))
    random.Random(seed).shuffle(rows)
    return rows


class Died(BaseException):
    """What a worker's death raises: no Exception, so that nothing in its way catches and mends it."""


@dataclass(slots=True)
class Trace:
    """What happened, latest last: (virtual second, who, what)."""

    lines: deque[tuple[float, str, str]] = field(default_factory=lambda: deque[tuple[float, str, str]](maxlen=4000))
    digest: int = 0

    def add(self, at: float, who: str, what: str) -> None:
        self.lines.append((at, who, what))
        self.digest = zlib.crc32(f"{at:.6f} {who} {what}".encode(), self.digest)


@dataclass(slots=True)
class Faults:
    """How often, of 1: per statement where nothing else is said."""

    error: float = 0.0  # serialization failure, deadlock, statement time-out: rolled back by the server
    lost: float = 0.0  # the connection breaks; at a commit nobody knows which way
    deaf: float = 0.0  # a notification that does not arrive
    twice: float = 0.0  # one that arrives two times
    slow: float = 0.0  # a statement that takes a second


CALM = Faults()
ROUGH = Faults(error=0.001, lost=0.001, deaf=0.05, twice=0.02, slow=0.001)

WRITE = "crossdock.write_turns"
_ERRORS = ("40001", "40P01", "57014", "53300")  # serialization, deadlock, statement time-out, too many connections
_LIFE: contextvars.ContextVar["Life | None"] = contextvars.ContextVar("life", default=None)


class Life:
    """One worker process: everything of it ends at the same moment, and from then on nothing of it reaches anybody.

    It dies when it comes to `where` for the fuse-th time, or after `longest` places of any kind; 0 is never.
    """

    def __init__(
        self, net: "Net", name: str, chance: random.Random, *, where: str = "", fuse: int = 0, longest: int = 0
    ) -> None:
        self.net = net
        self.name = name
        self.chance = chance
        self.where = where
        self.fuse = fuse
        self.longest = longest
        self.over = asyncio.Event()
        self.died_at = ""
        self.stalled_until = 0.0
        self.turns_fail_until = 0.0
        self.lines: dict[Wire, None] = {}  # ordered, unlike sets: so must be all that is walked through here
        self.ears: list[Ear] = []
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.born = 0  # tasks so far

    def point(self, point: Point) -> None:
        """The worker's crash hook."""
        self.pass_by(str(point))

    def pass_by(self, where: str) -> None:
        """Somewhere it matters. Raises Died when this is where it ends, or when it has ended."""
        if self.over.is_set():
            raise Died(where)
        if not self.longest:
            return
        self.longest -= 1
        self.fuse -= where == self.where
        if self.longest == 0 or (where == self.where and self.fuse == 0):
            self.die(where)
            raise Died(where)

    def die(self, where: str) -> None:
        self.died_at = where
        self.net.say(self.name, f"† {where}")
        self.over.set()

    async def stalled(self) -> None:
        """Sleeps for as long as the process stands still."""
        while (left := self.stalled_until - self.net.loop.time()) > 0:  # noqa: ASYNC110 - this is what takes the time
            await asyncio.sleep(left + self.chance.expovariate(1000))  # its tasks do not all wake at one moment

    async def bury(self) -> None:
        """What the kernel does: its tasks are gone, its connections are closed, open transactions roll back."""
        me = asyncio.current_task()
        while pending := [t for t in self.tasks if not t.done() and t is not me]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=1)
        # all at once: one may wait for a lock that another of them holds
        await asyncio.gather(*[self.net.apart(wire.wash()) for wire in list(self.lines)])

    def run(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """A task whose children, however deep, belong to this life."""
        context = contextvars.copy_context()
        context.run(_LIFE.set, self)
        return self.net.loop.create_task(work, context=context)


class Wire(_Connection):
    """A connection, lent to one life after another. Without a life it behaves as any other."""

    net: "Net"
    life: Life | None = None
    lost: bool = False
    paced: bool = True
    said: list[tuple[str, str]]
    turn: asyncio.Lock
    under_way: "asyncio.Task[Any] | None" = None

    # asyncpg's own two funnels: every statement goes through one of them.

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        if args:
            return await super().execute(query, *args, timeout=timeout)
        return await self._travel(query, lambda: super(Wire, self).execute(query))

    async def _execute(self, query: str, args: Any, limit: int, timeout: float | None, **how: Any) -> Any:
        execute = cast("Callable[..., Awaitable[Any]]", super()._execute)  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue] - not in the stubs
        result = await self._travel(query, lambda: execute(query, args, limit, None, **how))
        if self.life is not None and isinstance(result, list) and not _ordered(query):
            return _shuffled(cast("list[Any]", result), self.life.longest)
        return cast("Any", result)

    def _process_log_message(self, fields: dict[str, str], last_query: str) -> None:
        mark, *rest = fields["M"].split("\x1f")
        if mark == MARK and (rest[0], rest[1]) not in self.said:  # PostgreSQL folds equal ones of a transaction, too
            self.said.append((rest[0], rest[1]))

    @property
    def in_transaction(self) -> bool:
        return self._protocol.is_in_transaction()  # pyright: ignore

    @property
    def in_disorder(self) -> bool:
        """A transaction object was left without its end having been seen."""
        return self._top_xact is not None

    async def _travel(self, query: str, statement: Callable[[], Awaitable[Any]]) -> Any:
        life = self.life
        if life is None:
            async with self.turn:  # the surroundings share one
                if self.paced:  # no two statements at one moment: whose answer is first would decide
                    await asyncio.sleep(self.net.chance.expovariate(10_000))
                return await self.net.at_server(self, statement)
        name = name_of(query)
        if life.over.is_set():
            raise Died(name)
        if self.lost:
            raise asyncpg.InterfaceError("connection is closed")
        net, chance = self.net, life.chance
        # everything is drawn before it leaves: which answer comes first must not change what is drawn for whom
        out, fate, sent = chance.expovariate(800), chance.random(), chance.random() < 0.5
        back = chance.expovariate(1000) if chance.random() < 0.3 else 0.0  # what happens before it is known
        faults = net.faults
        if fate < faults.slow and name != "renew":  # which would be taken for a worker that is cut off, after its lease
            out += chance.random() * 2
        fate -= faults.slow
        life.pass_by(f"before {name}" if name in _LANDMARKS else "before a statement")
        try:
            await asyncio.sleep(out)
            await life.stalled()
        except asyncio.CancelledError:
            if life.over.is_set() and sent:  # it had left: the server will do it all the same
                self.under_way = net.apart(net.at_server(self, statement))
            raise
        if life.over.is_set():
            raise Died(name)
        if self.lost:
            raise asyncpg.InterfaceError("connection is closed")
        net.say(life.name, name)
        turned_down = WRITE in query and net.loop.time() < life.turns_fail_until
        if turned_down or (0 <= fate < faults.error and name not in ("BEGIN", "ROLLBACK", "COMMIT")):
            net.count["database error"] += 1
            code = chance.choice(_ERRORS[2:] if turned_down else _ERRORS)
            statement = lambda: super(Wire, self).execute(  # noqa: E731
                f"do $$ begin raise exception using errcode = '{code}', message = 'simulated'; end $$"
            )
        fate -= faults.error
        lost = 0 <= fate < faults.lost
        if lost and (sent or name != "COMMIT"):
            await self._lose(name, "before")
        try:
            # shielded: a statement that the server has cannot be called back
            self.under_way = net.apart(net.at_server(self, statement))
            result = await asyncio.shield(self.under_way)
        except asyncio.CancelledError:
            self.lost = True
            raise
        if lost:
            await self._lose(name, "after")
        life.pass_by(f"after {name}" if name in _LANDMARKS else "after a statement")
        if back:
            await asyncio.sleep(back)
            await life.stalled()
            if life.over.is_set():
                raise Died(name)
        return result

    async def _lose(self, name: str, when: str) -> None:
        self.lost = True
        self.net.count["connection lost at a commit" if name == "COMMIT" else "connection lost"] += 1
        assert self.life is not None
        self.net.say(self.life.name, f"connection lost {when} {name}")
        if self.in_transaction:
            await self.net.at_server(self, lambda: super(Wire, self).execute("rollback"))
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    async def wash(self) -> None:
        """Ends what its last owner left open, and gives it to the next."""
        life, self.life = self.life, None
        if life is not None:
            life.lines.pop(self, None)
        if self.under_way is not None:
            with suppress(Exception):
                await self.under_way
            self.under_way = None
        if self.in_transaction:
            await self.execute("rollback")
        self._top_xact = None  # of a transaction that nobody left in order
        self.lost = False
        self.said.clear()
        self.net.free.append(self)


# Statements whose neighbourhood is a place of death of its own.
_LANDMARKS = {"COMMIT", "hold_worker", "lock_instances", "fire_timers", "outbox_done", "take", "register_worker"}


class _Acquired:
    """`async with pool.acquire() as connection`."""

    def __init__(self, pool: "LifePool") -> None:
        self._pool = pool

    async def __aenter__(self) -> Wire:
        self._wire = await self._pool.take()
        return self._wire

    async def __aexit__(self, *_: object) -> None:
        self._pool.give(self._wire)

    def __await__(self) -> Any:
        return self._pool.take().__await__()


class LifePool:
    """What the product asks of asyncpg.Pool, over wires that outlive their users."""

    def __init__(self, net: "Net", life: Life) -> None:
        self._net = net
        self._life = life
        self._room = asyncio.Semaphore(POOL)

    def acquire(self, **_: Any) -> _Acquired:
        return _Acquired(self)

    async def take(self) -> Wire:
        await self._room.acquire()
        if self._life.over.is_set():
            raise Died("acquire")
        wire = await self._net.wire()
        if self._life.over.is_set():
            self._net.free.append(wire)
            raise Died("acquire")
        wire.life = self._life
        self._life.lines[wire] = None
        return wire

    def give(self, wire: Wire) -> None:
        self._room.release()
        if wire.life is self._life and not self._life.over.is_set():
            self._life.lines.pop(wire, None)
            wire.life = None
            if wire.lost or wire.in_transaction or wire.in_disorder:
                self._net.apart(wire.wash())
            else:
                self._net.free.append(wire)

    async def release(self, wire: Wire, **_: Any) -> None:
        self.give(wire)

    def terminate(self) -> None:
        """Every connection is gone at once; what waits on one fails."""
        for wire in self._life.lines:
            wire.lost = True

    async def fetch(self, *args: Any, **kwargs: Any) -> Any:
        async with self.acquire() as wire:
            return await wire.fetch(*args, **kwargs)

    async def fetchrow(self, *args: Any, **kwargs: Any) -> Any:
        async with self.acquire() as wire:
            return await wire.fetchrow(*args, **kwargs)

    async def fetchval(self, *args: Any, **kwargs: Any) -> Any:
        async with self.acquire() as wire:
            return await wire.fetchval(*args, **kwargs)

    async def execute(self, *args: Any, **kwargs: Any) -> Any:
        async with self.acquire() as wire:
            return await wire.execute(*args, **kwargs)

    async def executemany(self, *args: Any, **kwargs: Any) -> Any:
        async with self.acquire() as wire:
            return await wire.executemany(*args, **kwargs)


class Ear:
    """A listening connection of one life: notifications come over the net, statements over a wire."""

    def __init__(self, pool: LifePool, life: Life) -> None:
        self._pool = pool
        self._life = life
        self._callbacks: dict[str, list[Callable[..., None]]] = {}
        life.ears.append(self)

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None:
        self._callbacks.setdefault(channel, []).append(callback)

    async def remove_listener(self, channel: str, callback: Callable[..., None]) -> None:
        self._callbacks.get(channel, []).remove(callback)

    def hear(self, channel: str, payload: str) -> None:
        if not self._life.over.is_set():
            for callback in self._callbacks.get(channel, []):
                callback(self, 0, channel, payload)

    def is_closed(self) -> bool:
        return self._life.over.is_set()

    async def close(self, **_: Any) -> None:
        if self in self._life.ears:
            self._life.ears.remove(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)  # fetch, fetchrow, fetchval, execute


class LifeDatabase(Database):
    """The product's database as one life has it."""

    def __init__(self, net: "Net", life: Life) -> None:
        pool = LifePool(net, life)
        super().__init__(cast("Any", pool), "simulated")
        self._life_pool = pool
        self._net = net
        self._life = life

    async def renew(self) -> None:
        self._life_pool.terminate()
        self._life_pool = LifePool(self._net, self._life)
        self.pool = cast("Any", self._life_pool)

    async def dedicated(self) -> Any:
        return Ear(self._life_pool, self._life)


class Net:
    """All that lies between the lives of one process and its database."""

    def __init__(self, loop: VirtualLoop, app_dsn: str, admin_dsn: str) -> None:
        self.loop = loop
        self._app_dsn = app_dsn
        self._admin_dsn = admin_dsn
        self.free: deque[Wire] = deque()
        self.all: list[Wire] = []
        self.lives: dict[str, Life] = {}
        self.faults = CALM
        self.count: Counter[str] = Counter()
        self.trace = Trace()
        self.chance = random.Random(0)
        self.began = 0.0  # when this seed began
        self.step_s = 0.0  # by how much the database's clock was set forward
        self._at_server: dict[Wire, bool] = {}  # → whether it waits for a lock
        self._told = 0.0
        self._looking = False
        self._connecting = asyncio.Lock()
        self._apart: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Shadows the database's clock and notifications, once, and connects."""
        self.admin = await self._connect(self._admin_dsn, app=False)
        if not await self.admin.fetchval("select to_regnamespace('sim') is not null"):
            await self.admin.execute(SHADOWS)
        self._monitor = await self._connect(self._admin_dsn, app=False)
        self._teller = await self._connect(self._admin_dsn, app=False)
        self._monitor.paced = self._teller.paced = False  # they work while time stands still
        self.loop.set_task_factory(_adopt)
        self.loop.on_stall(self._stalled)

    async def close(self) -> None:
        self.loop.on_stall(None)
        for wire in [*self.all, self.admin, self._monitor, self._teller]:
            wire.terminate()

    def born(self, life: Life) -> None:
        self.lives[life.name] = life

    def gone(self, life: Life) -> None:
        self.lives.pop(life.name, None)

    def say(self, who: str, what: str) -> None:
        self.trace.add(self.loop.time() - self.began, who, what)

    @property
    def now(self) -> datetime:
        """What the database's clock says."""
        return EPOCH + timedelta(seconds=self.loop.time() + self.step_s)

    def apart(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """A task that belongs to no life."""
        context = contextvars.copy_context()
        context.run(_LIFE.set, None)
        task = self.loop.create_task(work, context=context)
        self._apart.add(task)
        task.add_done_callback(self._apart.discard)
        return task

    async def wire(self) -> Wire:
        async with self._connecting:  # one after the other: which is open first must not decide anything
            if self.free:
                return self.free.pop()  # the one used last has its statements prepared
            made = await self._connect(self._app_dsn, app=True)
            self.all.append(made)
            return made

    async def _connect(self, dsn: str, *, app: bool) -> Wire:
        self.loop.leave()
        try:
            settings = {**SERVER_SETTINGS, **OURS}
            made = await asyncpg.connect(
                dsn, connection_class=Wire, server_settings=settings, max_cached_statement_lifetime=0
            )  # fmt: skip
        finally:
            self.loop.back()
        made.net, made.said, made.turn = self, [], asyncio.Lock()
        if app:
            await made.execute(f"set role {APP_ROLE}")
        return made

    # ── at the server: the only real waiting ────────────────────────────────────────────────────────────────────

    async def at_server(self, wire: Wire, statement: Callable[[], Awaitable[Any]]) -> Any:
        """The statement itself. Time stands still until it is answered, unless it waits for a lock."""
        if self.loop.time() - self._told > TICK_S and wire not in (self._teller, self._monitor):
            self._told = self.loop.time()
            await self._teller.execute("update sim.clock set at = $1", self.now)
        held_locks = wire.in_transaction
        self._at_server[wire] = False
        self.loop.leave()
        try:
            return await statement()
        finally:
            waited = self._at_server.pop(wire)
            if not waited:
                self.loop.back()
            if not wire.in_transaction:
                if held_locks or waited:
                    self._look_again()
                self._publish(wire)

    def _publish(self, wire: Wire) -> None:
        said, wire.said = wire.said, []
        for channel, payload in said:
            for life in self.lives.values():
                fate, delay = self.chance.random(), self.chance.expovariate(1000)
                if fate < self.faults.deaf:
                    self.count["notification lost"] += 1
                    continue
                times = 2 if fate > 1 - self.faults.twice else 1
                for ear in life.ears:
                    for n in range(times):
                        self.loop.call_later(delay * (1 + n), ear.hear, channel, payload)

    def _look_again(self) -> None:
        """A transaction ended: who waited for its locks is at work again."""
        for wire, waits in self._at_server.items():
            if waits:
                self._at_server[wire] = False
                self.loop.leave()

    def _stalled(self) -> None:
        if not self._looking and self._at_server:
            self._looking = True
            self.apart(self._look())

    async def _look(self) -> None:
        try:
            self.loop.leave()
            try:
                rows = await self._monitor.fetch("select pid from pg_locks where not granted")
            finally:
                self.loop.back()
            for wire, waits in list(self._at_server.items()):
                if not waits and wire.get_server_pid() in {r[0] for r in rows}:
                    self._at_server[wire] = True
                    self.count["waits for a lock"] += 1
                    self.loop.back()
        finally:
            self._looking = False


class _Task(asyncio.Task[Any]):
    """Task groups keep their tasks in a set: its order must not hang on where in memory they lie."""

    def __init__(self, number: int, work: Any, **how: Any) -> None:
        self._number = number
        super().__init__(work, **how)

    def __hash__(self) -> int:
        return self._number


def _adopt(loop: asyncio.AbstractEventLoop, work: Any, *, context: contextvars.Context | None = None) -> Any:
    """Every task knows whose life it belongs to."""
    life = (context or contextvars.copy_context()).get(_LIFE, None)
    if life is None:
        return asyncio.Task(work, loop=loop, context=context)
    life.born += 1
    task = _Task(life.born, work, loop=loop, context=context)
    life.tasks[task] = None
    task.add_done_callback(lambda t: life.tasks.pop(t, None))
    return task


@asynccontextmanager
async def net_to(app_dsn: str, admin_dsn: str) -> AsyncGenerator[Net]:
    """A net of the running virtual loop."""
    net = Net(cast("VirtualLoop", asyncio.get_running_loop()), app_dsn, admin_dsn)
    await net.open()
    try:
        yield net
    finally:
        await net.close()
