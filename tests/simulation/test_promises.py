"""Workers die at seeded points on a virtual clock, over the real database; every promise of the engine holds.

`make simulate` and CI run thousands of deaths; here are a few, and that a seed can be run again.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from crossdock.engine.hooks import Point
from crossdock.engine.simulation import systems
from crossdock.engine.simulation.seeds import Failure
from crossdock.engine.simulation.world import Report

from .conftest import Simulated

SEED = int(os.environ.get("CROSSDOCK_SIMULATION_SEED", "1"))


def kept(came: Report | Failure) -> Report:
    assert isinstance(came, Report), f"{came.invariant}: {came.detail}\n{came.replay}"
    return came


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_promises_hold_while_workers_die(simulated: Simulated, seed: int) -> None:
    report = kept(simulated(seed, crash_points=40))
    assert report.crash_points >= 40
    assert report.instances >= 12


@pytest.mark.parametrize("seed", [SEED + 20, SEED + 21])
def test_promises_hold_while_requests_are_slow_and_the_database_takes_no_turns(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(systems, "SLOW", 0.5)
    report = kept(simulated(seed, crash_points=15))
    assert report.faults["slow request"] >= 10
    assert report.faults["database error"] >= 5


def test_the_same_seed_does_the_same_twice(simulated: Simulated) -> None:
    first, second = (kept(simulated(SEED + 7, crash_points=25)) for _ in range(2))
    assert first.digest == second.digest
    assert (first.deaths, first.faults) == (second.deaths, second.faults)


def test_another_seed_does_something_else(simulated: Simulated) -> None:
    first, second = (kept(simulated(SEED + n, crash_points=5)) for n in (8, 9))
    assert first.digest != second.digest


def test_what_is_told_to_stop_leaves_no_server_and_goes_on_where_it_stopped() -> None:
    """SIGTERM after the first seed: its processes, its server and its directory are gone, the ledger is whole."""
    base = Path(tempfile.mkdtemp(prefix="crossdock-told-"))
    base.chmod(0o755)  # the server's account must be able to walk here
    ledger = base / "ledger.jsonl"
    command = [
        sys.executable, "-m", "crossdock.cli", "simulate", "--crash-points", "100000", "--processes", "1",
        "--ledger", str(ledger),
    ]  # fmt: skip
    try:
        with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(base)}, stderr=subprocess.PIPE) as running:
            while running.poll() is None and not (ledger.exists() and ledger.read_bytes()):
                with suppress(subprocess.TimeoutExpired):
                    running.wait(0.2)
            running.send_signal(signal.SIGTERM)
            assert running.wait(60) == 130, running.stderr and running.stderr.read()
        assert [p.name for p in base.iterdir()] == ["ledger.jsonl"]
        assert ledger.read_bytes().endswith(b"\n")
    finally:
        shutil.rmtree(base)


@pytest.mark.slow
def test_workers_die_at_every_point_and_meet_every_fault() -> None:
    """As a user runs it: the command, its processes, its own server."""
    ran = subprocess.run(
        [sys.executable, "-m", "crossdock.cli", "simulate", "--seed", "1", "--crash-points", "1500", "--json"],
        capture_output=True, check=False, timeout=1200,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()
    result = json.loads(ran.stdout)
    assert result["failure"] is None
    assert result["crash_points"] >= 1500
    assert {*map(str, Point), "before effect", "during probe", "before COMMIT", "after COMMIT"} <= set(result["deaths"])
    assert {
        "worker stalled", "lease lost", "connection lost", "connection lost at a commit", "database error",
        "notification lost", "event sent again", "answer given again", "fact out of place", "clock step",
        "clock set back", "system down", "waits for a lock",
    } <= set(result["faults"])  # fmt: skip
