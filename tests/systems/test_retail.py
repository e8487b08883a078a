"""A few real invoices, from their rows to paid. `make retail` runs a thousand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("retail.py")


@pytest.mark.slow
def test_real_invoices_balance_to_the_penny(tmp_path: Path) -> None:
    if not os.environ.get("CROSSDOCK_DATA_SETS"):
        pytest.skip("NOT RUN: CROSSDOCK_DATA_SETS is not set")
    told = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, SCRIPT, "--invoices", "30", "--json", told], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(told.read_text())
    assert (report["orders_in"], report["open"], report["findings"], report["unexplained"]) == (30, 0, [], [])
    assert report["documents"] == {"accepted": 30, "held order.unknown": report["credit_notes"]}


def test_without_the_data_it_says_that_it_has_not_run() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "CROSSDOCK_DATA_SETS"}
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "NOT RUN")
