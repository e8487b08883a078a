"""Documents of every type we write, damaged: no exception, no hang, bounded findings, bounded memory, linear time.

A sample of each canonical type is written by its map, and what leaves is damaged a little. `make test-mutated` damages
a million; the fast suite some thousands. A seed is shown with each failure, and gives the same documents again.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from crossdock.partners import Context, decode
from crossdock.partners.maps.canonical import Canonical

from .test_any_bytes import SAMPLES, mutated
from .test_maps import KINDS, written

SEED = int(os.environ.get("CROSSDOCK_SEED", "20261123"))
MANY = int(os.environ.get("CROSSDOCK_MUTATED", "1000000"))
SLOWEST_S = 2.0  # of processor time for one small document; most take a thousandth of it
GROWTH_MB = 64  # of resident memory over the whole run


@cache
def sample(map_id: str) -> bytes:
    """One document of a type: the last of a few that the strategy gives, which is not the emptiest."""
    found: list[bytes] = []

    @settings(
        max_examples=8, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )  # fmt: skip
    @given(KINDS[map_id])
    def keep(content: Canonical) -> None:
        found.append(written(map_id, content))

    keep()
    return max(found, key=len)[:20_000]


def peak_mb() -> float:
    # not ru_maxrss: it counts what the process was before exec, and would hide growth up to that
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) / 1024


def damage(name: str, raw: bytes, count: int, seed: int) -> None:
    chance = random.Random(f"{seed}/{name}")
    context = Context(adopt=True)
    for turn in range(count):
        bad = mutated(raw, chance)
        began = time.process_time()
        try:
            documents = decode(bad, "f", context)
        except Exception as e:
            raise AssertionError(f"seed {seed}, {name}, turn {turn}: {bad!r}") from e
        spent = time.process_time() - began
        assert documents, (seed, name, turn)
        assert spent < SLOWEST_S, (seed, name, turn, spent, bad)
        for d in documents:
            assert len(d.issues) < 2000, (seed, name, turn)


NAMES = [*KINDS, *SAMPLES]


def original(name: str) -> bytes:
    return SAMPLES[name] if name in SAMPLES else sample(name)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_documents_of_every_type_never_raise(name: str) -> None:
    damage(name, original(name), 100, SEED)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_million_damaged_documents(name: str, record_property: Callable[[str, object], None]) -> None:
    raw = original(name)
    count = -(-MANY // len(NAMES))
    damage(name, raw, min(count, 2_000), SEED + 1)
    before = peak_mb()
    damage(name, raw, count - min(count, 2_000), SEED)
    assert peak_mb() - before < GROWTH_MB
    record_property("corpus", f"{name}: {count} damaged documents, seed {SEED}")


def repeated(name: str, times: int) -> bytes:
    """A document whose lines are there so many times, counts of its trailers left wrong."""
    raw = original(name)
    end = b"'" if name.startswith("edifact") else b"~"
    segments = raw.split(end)
    return end.join([*segments[:2], *(segments[2:-3] * times), *segments[-3:]])


def calls(raw: bytes) -> int:
    """How many functions reading it calls: work that is the same on every machine, however busy."""
    number = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        decode(raw, "f", Context(adopt=True))
    finally:
        sys.setprofile(None)
    return number


@pytest.mark.parametrize("name", ["x12-850", "x12-860", "x12-214", "edifact-orders", "edifact-recadv"])
def test_work_grows_with_the_size_and_not_with_its_square(name: str) -> None:
    small, large = repeated(name, 20), repeated(name, 80)
    calls(small)  # what is read and compiled once is not counted
    growth = len(large) / len(small)
    assert calls(large) < 1.25 * growth * calls(small)
