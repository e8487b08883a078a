"""One seed after another, in several processes, until enough workers have died or a promise was broken.

Each process has a database of its own on one throwaway server, and works with a fixed hash seed, so that a seed does
the same in every process and on every day: what the failure report names can be run again alone.
"""

import asyncio
import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import asyncpg

from crossdock import embedded, exactjson, migrations
from crossdock.engine.simulation import invariants
from crossdock.engine.simulation.invariants import Broken
from crossdock.engine.simulation.ledger import Ledger
from crossdock.engine.simulation.loop import VirtualLoop
from crossdock.engine.simulation.wires import Net, net_to
from crossdock.engine.simulation.world import Report, World
from crossdock.errors import CrossdockBug

DEATHS_A_SEED = 100  # a failing seed is run again in a few seconds
INSTANCES = 16
LIMIT_S = 600  # real time of one seed: it takes a few seconds, so this one turns in circles
LAST_LINES = 60
FRAMES = 8
# Nothing of it is kept, so the disk need not be waited for; and nothing but us shall move rows about.
OPTIONS = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off",
    "shared_buffers": "64MB", "max_connections": "200", "deadlock_timeout": "50ms",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """A broken promise. trace: (virtual second, who, what), latest last; story: the instance's last facts."""

    seed: int
    invariant: str
    detail: str
    replay: str
    tenant: str | None = None
    instance: str | None = None
    trace: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])
    story: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass(slots=True)
class Summary:
    """Of all seeds. deaths: by place, faults: by kind."""

    first_seed: int
    seeds: int = 0
    from_ledger: int = 0  # of these seeds, run before
    crash_points: int = 0
    instances: int = 0
    virtual_s: float = 0.0
    seconds: float = 0.0
    deaths: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    earlier: int = 0  # deaths of those run before
    digests: dict[int, int] = field(default_factory=dict[int, int])
    failure: Failure | None = None

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.crash_points += report.crash_points
        self.instances += report.instances
        self.virtual_s += report.virtual_s
        self.deaths += report.deaths
        self.faults += report.faults
        self.digests[report.seed] = report.digest

    def as_json(self) -> dict[str, Any]:
        shown = {k: v for k, v in asdict(self).items() if k != "digests"}
        shown["deaths"], shown["faults"] = dict(self.deaths.most_common()), dict(self.faults.most_common())
        ran = self.crash_points - self.earlier
        shown["crash_points_per_s"] = round(ran / self.seconds, 1) if self.seconds else None
        return shown


@dataclass(frozen=True, slots=True)
class Databases:
    """Databases of one throwaway server, empty and migrated: (as the application, as a superuser)."""

    dsns: Sequence[tuple[str, str]]


async def one(net: Net, seed: int, *, instances: int, crash_points: int) -> Report | Failure:
    """Runs one seed to its end."""
    world = World(net, seed, instances=instances, crash_points=crash_points)
    try:
        async with _limited():
            return await world.run()
    except Exception as error:
        at = error.instance if isinstance(error, Broken) else None
        story: list[dict[str, Any]] = []
        if at is not None:
            with suppress(asyncpg.PostgresError):
                story = await invariants.story(net.admin, *at)
        return Failure(
            seed,
            error.invariant if isinstance(error, Broken) else "the host ends only where it may",
            error.detail if isinstance(error, Broken) else _told(error),
            f"crossdock simulate --seed {seed} --instances {instances} --crash-points {crash_points}",
            at[0] if at else None,
            str(at[1]) if at else None,
            list(net.trace.lines)[-LAST_LINES:],
            story,
        )


def _told(error: BaseException) -> str:
    """The innermost reasons of an error, and where they arose."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return "; ".join(_told(e) for e in group.exceptions)
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    return f"{type(error).__name__}: {error} ({where})"


@asynccontextmanager
async def _limited() -> AsyncGenerator[None]:
    """Real time: virtual time stands still in a loop that never sleeps."""

    def too_long(*_: object) -> None:
        raise CrossdockBug(f"Expected the seed to end within {LIMIT_S} s, found it still at work")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# ── the processes ───────────────────────────────────────────────────────────────────────────────────────────────────


def _directory() -> Path:
    """The server's account must be able to walk here."""
    directory = Path(tempfile.mkdtemp(prefix="crossdock-simulation-"))
    directory.chmod(0o755 if os.geteuid() == 0 else 0o700)
    return directory


@asynccontextmanager
async def databases(count: int) -> AsyncGenerator[Databases]:
    """A server of our own in a directory that is removed at the end."""
    directory = _directory()
    try:
        async with embedded.running(directory, options=OPTIONS) as server:
            admin = await asyncpg.connect(server.admin_dsn)
            try:
                await admin.execute("create database sim_template")
                await migrations.migrate(server.admin_dsn_of("sim_template"), server.app_dsn("sim_template"))
                for n in range(count):
                    await admin.execute(f"create database sim_{n} template sim_template")
            finally:
                await admin.close()
            yield Databases([(server.app_dsn(f"sim_{n}"), server.admin_dsn_of(f"sim_{n}")) for n in range(count)])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def a_seed_of(crash_points: int) -> int:
    """How many die in each seed, when so many are to die in all."""
    return min(DEATHS_A_SEED, crash_points)


async def simulate(
    first_seed: int,
    *,
    instances: int = INSTANCES,
    crash_points: int,
    processes: int,
    on_progress: Callable[[Summary], None],
    ledger: Ledger | None = None,
) -> Summary:
    """Runs seeds from first_seed on until so many workers have died, or one fails.

    ledger: has the seeds that are done, which are counted and not run again, and gets those that are run.
    """
    a_seed = a_seed_of(crash_points)
    wanted = range(first_seed, first_seed + math.ceil(crash_points / a_seed))
    summary = Summary(first_seed)
    known = ledger.done if ledger is not None else {}
    for seed in wanted:
        if (report := known.get(seed)) is not None:
            summary.add(report)
    summary.from_ledger, summary.earlier = summary.seeds, summary.crash_points
    left = [seed for seed in wanted if seed not in known]
    if not left:
        return summary
    on_progress(summary)
    processes = min(processes, len(left))
    shares = [left[n::processes] for n in range(processes)]

    def keep(report: Report) -> None:
        summary.add(report)
        if ledger is not None:
            ledger.add(report)
        on_progress(summary)

    began = time.perf_counter()
    async with databases(processes) as found:
        tasks = [
            asyncio.create_task(_process(dsns, share, instances, a_seed, summary, keep))
            for dsns, share in zip(found.dsns, shares, strict=True)
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                if (error := task.exception()) is not None and not isinstance(error, _Stop):
                    raise error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    summary.seconds = time.perf_counter() - began
    return summary


class _Stop(Exception):
    """No error: the first failure ends the others."""


async def _process(
    dsns: tuple[str, str], seeds: list[int], instances: int, crash_points: int, summary: Summary,
    done: Callable[[Report], None],
) -> None:  # fmt: skip
    """One child; its orders come on its standard input, since they hold passwords."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crossdock.engine.simulation",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 26,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        orders = {"dsns": dsns, "seeds": seeds, "instances": instances, "crash_points": crash_points}
        child.stdin.write(json.dumps(orders).encode() + b"\n")
        await child.stdin.drain()
        async for line in child.stdout:
            told = json.loads(line)
            if "failure" in told:
                summary.failure = Failure(**told["failure"])
                raise _Stop
            report = told["report"]
            report["deaths"], report["faults"] = Counter(report["deaths"]), Counter(report["faults"])
            done(Report(**report))
        if await child.wait():
            raise CrossdockBug(f"A process of the simulation ended with status {child.returncode}")
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def child() -> None:
    """A process of `simulate`: orders in on one line, a line out for each seed."""
    orders = json.loads(sys.stdin.readline())

    async def work() -> None:
        async with net_to(*orders["dsns"]) as net:
            for seed in orders["seeds"]:
                came = await one(net, seed, instances=orders["instances"], crash_points=orders["crash_points"])
                line = exactjson.text({("failure" if isinstance(came, Failure) else "report"): came})
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
                if isinstance(came, Failure):
                    return

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work())
