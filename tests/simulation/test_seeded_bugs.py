"""The simulation is worth what it catches: bugs put into the host on purpose, each found within a few seeds.

A bug is either code that does it wrong, or a trigger that loses what the host has written.
"""

import asyncio
from typing import Any

import pytest

from crossdock.engine import definitions
from crossdock.engine.live import ATTEMPT, Live
from crossdock.engine.simulation import invariants, systems, world
from crossdock.engine.simulation.seeds import Failure
from crossdock.engine.turn import CallState, Mail
from crossdock.engine.worker import Worker

from .conftest import Simulated

SEEDS = range(1, 7)
DEATHS = 60  # a seed: all six together are a fraction of what CI runs

FORGETS = """
create function sim.forget() returns trigger language plpgsql as
$$ begin if random() < {share} then return null; end if; return new; end $$;
create trigger forget before insert on crossdock.{table} for each row execute function sim.forget()
"""


def found(simulated: Simulated, **how: Any) -> set[str]:
    """The promises that broke, until one did. `before` is run with the first seed only."""
    for seed in SEEDS:
        came = simulated(seed, crash_points=DEATHS, **how)
        if isinstance(came, Failure):
            assert f"--seed {seed} " in came.replay
            assert came.trace
            return {came.invariant}
        how.pop("before", None)
    return set()


def test_a_call_of_a_dead_worker_that_is_repeated_blindly(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resume(self: Live) -> None:
        for call in self.calls.values():
            if call.state is CallState.SENT:
                self.mail.append(Mail(-1, ATTEMPT, {"at": call.invocation.at}))

    monkeypatch.setattr(Live, "resume", resume)
    assert found(simulated) & {invariants.ONE_EFFECT, invariants.ORPHAN}


def test_an_instance_given_back_while_its_request_is_under_way(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systems, "SLOW", 0.5)
    monkeypatch.setattr(Worker, "_under_way", lambda *_: set())  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    assert found(simulated) == {invariants.ONE_EFFECT}


def test_a_call_that_leaves_before_it_is_recorded(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Worker._commit  # pyright: ignore[reportPrivateUsage]

    async def eager(self: Worker, live: Live, turn: Any) -> Any:
        for call in turn.perform:
            task = asyncio.create_task(self._perform(live, call))  # pyright: ignore[reportPrivateUsage]
            self._tasks.add(task)  # pyright: ignore[reportPrivateUsage]
        turn.perform = []
        return await whole(self, live, turn)

    monkeypatch.setattr(Worker, "_commit", eager)
    assert found(simulated)


def test_an_instance_that_goes_on_in_the_newest_version(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    async def get(_self: object, _tx: object, _tenant: str, _namespace: str, name: str, _version: str) -> Any:
        return world.PROGRAMS[name, world.VERSIONS[1]]

    monkeypatch.setattr(definitions.Programs, "get", get)
    assert found(simulated) & {invariants.PINNED, invariants.FOLD}


@pytest.mark.parametrize(
    ("table", "share", "promises"),
    [
        ("early", 1.0, {invariants.LOST}),
        ("timer", 0.1, {invariants.ORPHAN, invariants.LOST, invariants.REST}),
        ("history", 0.05, {invariants.FOLD}),
        ("ready", 0.1, {invariants.UNREAD, invariants.ORPHAN}),
        ("subscription", 0.1, {invariants.ORPHAN, invariants.LOST, invariants.REST}),
    ],
)
def test_rows_that_are_lost(simulated: Simulated, table: str, share: float, promises: set[str]) -> None:
    assert found(simulated, before=FORGETS.format(table=table, share=share)) & promises
