"""Processes of the benchmark: `python -m crossdock.cli.bench.child ROLE ARGUMENTS`.

Each says one line of JSON when it is ready, and those that measure say their result in a second one.
"""

import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import uvloop

from crossdock import exactjson, ids, telemetry
from crossdock import settings as environment
from crossdock.cases import functions as people
from crossdock.cases import messages
from crossdock.cases.hooks import People
from crossdock.cli import compose, working
from crossdock.cli.bench import enterprise, nullserver
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine.functions import Functions
from crossdock.engine.webcalls import WebCalls
from crossdock.engine.worker import Worker
from crossdock.errors import SetupError
from crossdock.events import correlation, envelope, inbox
from crossdock.flow.outcomes import Done, Invocation
from crossdock.outbound import Client, Request, Response
from crossdock.settings import Settings
from crossdock.tower import projection


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def _dsn(settings: Settings) -> str:
    if settings.database_url is None:
        raise SetupError("Expected CROSSDOCK_DATABASE_URL. This is a process of `crossdock bench`, which sets it.")
    return settings.database_url


# ── a worker ────────────────────────────────────────────────────────────────────────────────────────────────────


class NullStep:
    """A remote system that answers at once, in this process."""

    system = "erp"

    async def perform(self, call: Invocation) -> Done:
        return Done({"ok": True, "key": call.key})

    async def probe(self, call: Invocation) -> Done:
        return Done({"ok": True, "key": call.key})


async def worker() -> None:
    """The shipped worker with its catalogue, projections and duties, and one function more that costs nothing."""
    settings, _ = environment.read()
    db = await Database.open(_dsn(settings), max_size=settings.database_connections)
    clock = Clock()
    http = Client()
    web = WebCalls(http.send)
    catalogue = {
        **people.catalogue(compose.rulebook(), messages.load()), "http": web, "openapi": web, "erp.step": NullStep(),
    }  # fmt: skip
    made = Worker(db, Functions(catalogue, {}), clock, People(), [projection.project], duties=compose.duties(db, clock))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, made.stop)
    working.settle()
    _say(worker=str(made.id))
    try:
        await made.run()
    finally:
        await http.close()
        await db.close()


# ── null servers and HTTP alone ─────────────────────────────────────────────────────────────────────────────────


async def null() -> None:
    await nullserver.serve(nullserver.nothing, lambda url: _say(url=url))


async def systems() -> None:
    await nullserver.serve(enterprise.respond, lambda url: _say(url=url))


async def http_only(
    url: str, sequence: list[list[str]], concurrency: int, seconds: float, start_at: float, keyed: bool = True
) -> None:
    """The product's HTTP client, doing nothing but the sequence of calls, so many at a time."""
    async with Client([url]) as client:
        _say(ready=True)
        await asyncio.sleep(max(0.0, start_at - time.time()))
        began = time.perf_counter()
        end = began + seconds
        spent: list[float] = []

        async def one(number: int) -> None:
            n = 0
            while (before := time.perf_counter()) < end:
                n += 1
                for step, (method, path, body) in enumerate(sequence):
                    key = {"Idempotency-Key": f"{number}/{n}/{step}"} if keyed else {}
                    headers = {"Content-Type": "application/json", **key}
                    answer = await client.send(
                        Request(method=method, url=url + path, headers=headers, body=body.encode())
                    )
                    if not isinstance(answer, Response):
                        raise SetupError(f"The null server did not answer: {answer}")
                spent.append(time.perf_counter() - before)

        await asyncio.gather(*(one(n) for n in range(concurrency)))
        _say(sequences=len(spent), seconds=time.perf_counter() - began, spent=spent)


# ── callers ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def caller(
    url: str, path: str, key: str, body: Any, connections: int, seconds: float, warm_s: float = 1.0
) -> None:
    """Posts to the gateway on so many connections, one request after the other on each; only 200 counts."""
    content = exactjson.dumps(body)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    async with Client([url]) as client:
        _say(ready=True)
        spent: list[float] = []
        other: dict[str, int] = {}
        began = time.perf_counter() + warm_s
        end = began + seconds

        async def one() -> None:
            while (before := time.perf_counter()) < end:
                answer = await client.send(Request(method="POST", url=url + path, headers=headers, body=content))
                now = time.perf_counter()
                if isinstance(answer, Response) and answer.status == 200:
                    if began <= before and now <= end:
                        spent.append(now - before)
                else:
                    word = str(answer.status) if isinstance(answer, Response) else str(answer.kind)
                    other[word] = other.get(word, 0) + 1

        await asyncio.gather(*(one() for _ in range(connections)))
        _say(answered=len(spent), seconds=seconds, spent=spent, other=other)


class Ends:
    """When each instance ended, as a listener hears of it: after the commit."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.heard = asyncio.Event()

    async def listen(self, db: Database) -> Any:
        connection = await db.dedicated()
        await connection.add_listener("bench_ended", self._note)
        return connection

    def _note(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self.at[str(payload)] = time.perf_counter()
        self.heard.set()

    async def until(self, wanted: set[str], within_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not wanted <= self.at.keys():
                    self.heard.clear()
                    await self.heard.wait()


async def _paced(rate: float, seconds: float, act: Callable[[int], Awaitable[None]], seed: int) -> None:
    """Calls at random moments, `rate` a second on average, whether or not the ones before are through."""
    chance = random.Random(seed)
    began = time.perf_counter()
    due, n = 0.0, 0
    tasks: set[asyncio.Task[None]] = set()
    while due < seconds:
        await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
        task = asyncio.ensure_future(act(n))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        due += chance.expovariate(rate)
        n += 1
    if tasks:
        await asyncio.gather(*tasks)


async def starter(
    tenants: list[str], definition: list[str], input: Any, rate: float, seconds: float, skip_s: float = 1.0
) -> None:
    """Starts instances at a steady rate; how long each took from before its start to the commit of its end."""
    settings, _ = environment.read()
    db = await Database.open(_dsn(settings), max_size=8)
    ends = Ends()
    listening = await ends.listen(db)
    _say(ready=True)
    started: dict[str, float] = {}
    namespace, name, version = definition
    began = time.perf_counter()

    async def one(n: int) -> None:
        tenant, instance = tenants[n % len(tenants)], ids.new()
        started[str(instance)] = time.perf_counter()
        async with db.transaction(tenant) as tx:
            now = await inbox.business_now(tx)
            await correlation.start(tx, tenant, instance, (namespace, name, version), input, f"P-{n}", now)

    await _paced(rate, seconds, one, seed=5)
    await ends.until(set(started), 60)
    spent = [ends.at[i] - t for i, t in started.items() if i in ends.at and t - began >= skip_s]
    _say(started=len(started), ended=sum(i in ends.at for i in started), spent=spent)
    await listening.close()
    await db.close()


async def waker(wakes: list[list[str]], rate: float) -> None:
    """Sends the one event that each of these instances waits for; from the event's commit to its end's.

    wakes: [tenant, instance, order].
    """
    settings, _ = environment.read()
    db = await Database.open(_dsn(settings), max_size=8)
    ends = Ends()
    listening = await ends.listen(db)
    _say(ready=True)
    sent: dict[str, float] = {}
    before: dict[str, float] = {}

    async def one(n: int) -> None:
        if n >= len(wakes):
            return
        tenant, instance, order = wakes[n]
        before[instance] = time.perf_counter()
        async with db.transaction(tenant) as tx:
            now = await inbox.business_now(tx)
            event = envelope.make("bench.go", subject=order, data={"order": order}, now=now, source="/bench")
            await inbox.receive(tx, tenant, event)
        sent[instance] = time.perf_counter()

    await _paced(rate, len(wakes) / rate, one, seed=6)
    wanted = {str(UUID(i)) for i in sent}
    await ends.until(wanted, 60)
    _say(
        sent=len(sent),
        woken=len(wanted & ends.at.keys()),
        after_commit=[max(0.0, ends.at[i] - t) for i, t in sent.items() if i in ends.at],
        whole=[ends.at[i] - before[i] for i in sent if i in ends.at],
    )
    await listening.close()
    await db.close()


ROLES: Mapping[str, Callable[..., Awaitable[None]]] = {
    "worker": worker, "null": null, "systems": systems, "http-only": http_only, "caller": caller, "starter": starter,
    "waker": waker,
}  # fmt: skip


def main() -> None:
    role, arguments = sys.argv[1], json.loads(sys.argv[2])
    telemetry.log_json(level="WARNING")
    with suppress(KeyboardInterrupt):
        uvloop.run(_run(ROLES[role](**arguments)))


async def _run(work: Awaitable[None]) -> None:
    await work


if __name__ == "__main__":
    main()
