"""A short storm of kills. `make test-kills` is one of two minutes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("kills.py")


@pytest.mark.slow
def test_kills_of_every_kind_lose_no_acknowledged_order_and_double_no_effect(tmp_path: Path) -> None:
    told = tmp_path / "out.json"
    options = f"--seconds 20 --orders 20 --seed 5 --every 1.5 --json {told}"
    done = subprocess.run(
        [sys.executable, SCRIPT, *options.split()], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    report = json.loads(told.read_text())
    assert min(report["kills"][target] for target in ("worker", "gateway", "postmaster", "backend")) >= 1
    assert (report["acknowledged"], report["lost"], report["doubled"]) == (20, 0, 0)
    unknown = report["unknown"]
    assert unknown["resolved"] + unknown["in_case"] == unknown["total"]
    assert report["without_owner"] == []
