"""The life of a worker's process: one worker after another, on a database that may go away and come back.

A worker that loses its database or its lease is over: what it had in hand is others' now. The process begins anew
under another name, at once when it was declared dead, else after a pause that grows while the trouble lasts. Each
pause says why, in one line. On the embedded server the process also starts the server again when it has died.
"""

import asyncio
import gc
import logging
import os
import random
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import uvloop

from crossdock import exactjson, telemetry
from crossdock import settings as environment
from crossdock.cli import compose
from crossdock.db import PASSING, Database, Unavailable, why
from crossdock.engine.worker import Buried
from crossdock.errors import SetupError
from crossdock.settings import Settings

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
LIVED_WELL_S = 30.0  # a worker that lived so long met new trouble, not the same again
START_WITHIN_S = 60.0  # at its start a process waits so long for the database; then its supervisor should know


def say(text: str) -> None:
    """To the person who started the process."""
    print(text, file=sys.stderr)


def settings() -> Settings:
    """The settings of this process; what is odd about them is said."""
    found, warnings = environment.read()
    for warning in warnings:
        say(warning)
    return found


def run_worker(*, ready_line: bool = False) -> None:
    """`crossdock worker`: until SIGTERM. ready_line: the first worker says its id on standard output."""
    found = settings()
    telemetry.log_json(level=found.log_level.upper())

    async def do(db: Database, settings: Settings) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)

        def ready(worker_id: str) -> None:
            nonlocal ready_line
            if ready_line:
                print(exactjson.text({"worker": worker_id}), flush=True)
                ready_line = False

        await keep_working(db, settings, stopping, ready)

    run_traced("worker", found.otlp_url is not None, do)


def run_traced(service: str, spans: bool, do: Callable[[Database, Settings], Awaitable[Any]]) -> None:
    """Runs with traces. spans: whether this process makes spans, which costs CPU; identifiers flow anyway."""
    url = settings().otlp_url
    if url:
        os.environ.setdefault("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    stop = telemetry.trace_to(f"crossdock-{service}") if spans else None
    try:
        uvloop.run(_for_long(do))
    finally:
        if stop:
            stop()


async def _for_long(do: Callable[[Database, Settings], Awaitable[Any]]) -> Any:
    found = settings()
    async with opened(found, say) as database:
        return await do(database.db, found)


async def keep_working(
    db: Database, settings: Settings, stopping: asyncio.Event, ready: Callable[[str], None] = lambda _: None
) -> None:
    """Works until told to stop. ready: told the first worker's id."""
    pause_s = FIRST_PAUSE_S
    while not stopping.is_set():
        began = time.monotonic()
        try:
            await _one_worker(db, settings, stopping, ready)
        except (ExceptionGroup, Buried, *PASSING) as error:
            causes = _leaves(error)
            bugs = [e for e in causes if not isinstance(e, (Buried, *PASSING))]
            if bugs:
                log.error("a worker ended by a fault of ours", exc_info=error)
            if time.monotonic() - began > LIVED_WELL_S:
                pause_s = FIRST_PAUSE_S
            buried = any(isinstance(e, Buried) for e in causes)
            wait_s = 0.0 if buried else pause_s * random.uniform(0.7, 1.3)  # not all in step
            log.warning("the worker gives way to a new one in %.1f s: %s", wait_s, _words(causes))
            pause_s = pause_s if buried else min(pause_s * 2, LONGEST_PAUSE_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), wait_s)
            await db.renew()
        else:
            return


def settle() -> None:
    """What was loaded at the start stays for good: the garbage collector need not walk through it again and again.

    Nearly all that a worker makes goes by reference counts, and a collection every 700 objects was a tenth of its
    processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _one_worker(db: Database, settings: Settings, stopping: asyncio.Event, ready: Callable[[str], None]) -> None:
    made, http = await compose.worker(db, settings)
    settle()
    running = asyncio.create_task(made.run())
    told = asyncio.create_task(stopping.wait())
    ready(str(made.id))
    try:
        await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
        made.stop()
        await running
    finally:
        told.cancel()
        await http.close()


def _leaves(error: Exception) -> list[Exception]:
    if not isinstance(error, ExceptionGroup):
        return [error]
    group = cast("ExceptionGroup[Exception]", error)
    return [leaf for inner in group.exceptions for leaf in _leaves(inner)]


def _words(causes: list[Exception]) -> str:
    """Each reason once, in the order in which they came, with what was said about the first."""
    reasons = "; ".join(dict.fromkeys(str(e) if isinstance(e, Buried) else why(e) for e in causes))
    said = next((str(e) for e in causes if not isinstance(e, (Buried, Unavailable)) and str(e)), "")
    return f"{reasons} ({said})" if said else reasons


@asynccontextmanager
async def opened(settings: Settings, say: Callable[[str], None]) -> AsyncGenerator[compose.Opened]:
    """The database for a process that stays: waited for at the start, and kept running where it is the embedded one."""
    database = await _patiently(lambda: compose.open_database(settings, say), say)
    server = database.located.server
    keeping = asyncio.create_task(server.keep_running()) if server is not None else None
    try:
        yield database
    finally:
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        await database.close()


async def _patiently(
    open_database: Callable[[], Awaitable[compose.Opened]], say: Callable[[str], None]
) -> compose.Opened:
    """A database that is starting, full of connections or failing over is waited for. Raises the last SetupError."""
    began, pause_s = time.monotonic(), FIRST_PAUSE_S
    while True:
        try:
            return await open_database()
        except SetupError as error:
            cause = error.__cause__
            if not isinstance(cause, PASSING) or time.monotonic() - began > START_WITHIN_S:
                raise
        except PASSING as error:
            cause = error
            if time.monotonic() - began > START_WITHIN_S:
                raise SetupError(
                    f"The database cannot be used: {why(error)}. `crossdock doctor` looks closer."
                ) from error
        say(f"Waiting for the database: {why(cause)} ({cause})")
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
