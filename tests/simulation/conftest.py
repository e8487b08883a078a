"""A database for simulated worlds, on the server of the run."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import asyncpg
import pytest

from crossdock.engine.simulation import seeds
from crossdock.engine.simulation.loop import VirtualLoop
from crossdock.engine.simulation.seeds import Failure
from crossdock.engine.simulation.wires import Net, net_to
from crossdock.engine.simulation.world import Report

Simulated: TypeAlias = Callable[..., Report | Failure]
InNet: TypeAlias = Callable[[Callable[[Net], Awaitable[object]]], object]


@pytest.fixture
def dsns(server: object) -> Iterator[tuple[str, str]]:
    """(as the application, as a superuser) of a fresh database."""
    name = f"sim_{uuid.uuid4().hex[:12]}"

    async def admin(sql: str) -> None:
        connection = await asyncpg.connect(server.admin("postgres"))  # type: ignore[attr-defined]
        await connection.execute(sql)
        await connection.close()

    asyncio.run(admin(f"create database {name} template {server.template}"))  # type: ignore[attr-defined]
    yield server.app(name), server.admin(name)  # type: ignore[attr-defined]
    asyncio.run(admin(f"drop database if exists {name} with (force)"))


@pytest.fixture
def in_net(dsns: tuple[str, str]) -> InNet:
    """Runs something on a virtual loop, with a net to the database."""

    def run(work: Callable[[Net], Awaitable[object]]) -> object:
        async def whole() -> object:
            async with net_to(*dsns) as net:
                return await work(net)

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(whole())

    return run


@pytest.fixture
def simulated(in_net: InNet) -> Simulated:
    """Runs one seed. before: SQL that a superuser runs first."""

    def run(seed: int, *, instances: int = 12, crash_points: int, before: str = "") -> Report | Failure:
        async def work(net: Net) -> Report | Failure:
            if before:
                await net.admin.execute(before)
            return await seeds.one(net, seed, instances=instances, crash_points=crash_points)

        return in_net(work)  # type: ignore[return-value]

    return run
