"""The main job from the command line: a small bad day, run to its last payment, with a worker killed in the middle."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

KEYS = {
    "orders_in", "closed", "cancelled", "waiting", "in_case", "lost", "duplicate_effects", "balanced", "seconds"
}  # fmt: skip


@pytest.fixture
def walkable() -> Iterator[Path]:
    """As root, the database's own account must be able to walk here; pytest closes its directories at each start."""
    with tempfile.TemporaryDirectory(prefix="crossdock-day-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_a_small_day_with_a_killed_worker_balances(walkable: Path) -> None:
    crossdock = Path(sys.executable).with_name("crossdock")
    result = walkable / "out.json"
    options = f"--once --crash --orders 24 --port 0 --data {walkable / 'data'} --json {result}"
    done = subprocess.run(
        [str(crossdock), "demo", *options.split()], capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(result.read_bytes())
    assert set(told) >= KEYS
    assert told["balanced"]
    assert told["killed_worker"]
    assert told["orders_in"] == 24
    ended = told["closed"] + told["cancelled"] + told["rejected"] + told["in_case"] + told["waiting"]
    assert ended == 24 + told["orders_of_quotes"]
    assert told["orders_of_quotes"] == told["after_sales"]["quote-to-order"]["ordered"] > 0
    assert sum(told["after_sales"]["customer-onboarding"].values()) == 4
    assert told["entered_by_hand"] > 0
    assert told["lost"] == told["duplicate_effects"] == 0
