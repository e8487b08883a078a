"""What a suite is given and what it gives."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from crossdock.cli.bench import machine
from crossdock.cli.bench.figures import Figures
from crossdock.cli.bench.lab import Lab


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done. seconds: of one measurement. waiting: numbers of parked instances. soak_s: of steady load."""

    name: str
    repeats: int
    seconds: float
    waiting: tuple[int, ...]
    soak_s: float
    tenants: int = 1000
    limit_s: float = 400  # of one suite: one that hangs is reported, and the others run


QUICK = Size("quick", repeats=1, seconds=2, waiting=(1_000, 5_000), soak_s=20, tenants=20)
DEFAULT = Size("default", repeats=3, seconds=4, waiting=(10_000, 100_000), soak_s=60)
FULL = Size("full", repeats=5, seconds=8, waiting=(10_000, 100_000, 1_000_000), soak_s=3600, limit_s=3 * 3600)


@dataclass(slots=True)
class Result:
    """figures: everything. ratios and headline: what goals are held against. not_run: what could not be, and why."""

    figures: Figures = field(default_factory=dict[str, Any])
    ratios: dict[str, float | None] = field(default_factory=dict[str, "float | None"])
    headline: dict[str, float] = field(default_factory=dict[str, float])
    not_run: dict[str, str] = field(default_factory=dict[str, str])
    plots: list[Figures] = field(default_factory=list[Figures])


@dataclass(slots=True)
class Run:
    """One run of one suite."""

    lab: Lab
    size: Size
    say: Callable[[str], None]
    result: Result = field(default_factory=Result)
    watched: list[Figures] = field(default_factory=list[Figures])

    async def watch(self, what: str, work: Awaitable[Any]) -> Any:
        """Awaits the work, and keeps what else the machine was busy with meanwhile."""
        watch = machine.Watch()
        try:
            return await work
        finally:
            seen = watch.stop()
            self.watched.append({"what": what, **seen})
            with suppress(BrokenPipeError):
                self.say(f"  {what}: {seen['seconds']} s, others used {seen['others_share']:.0%}")


Suite: TypeAlias = Callable[[Run], Awaitable[None]]
