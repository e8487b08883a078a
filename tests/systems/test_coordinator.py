"""A small day of a coordinator. `make coordinator-day` plays 5,000 orders."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from . import troubles

SCRIPT = Path(__file__).with_name("coordinator.py")


@pytest.mark.slow
def test_every_order_in_trouble_goes_on_as_its_customer_meant_it(tmp_path: Path) -> None:
    told = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, SCRIPT, "--orders", "60", "--exceptions", "40", "--json", told],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(told.read_text())
    assert (report["orders_known"], report["not_as_meant"], report["open_at_the_end"]) == (60, [], [])
    assert (report["most_unowned_at_a_look"], report["past_clock_unseen"]) == (0, [])
    assert report["actions"]["undo"] == 1, "one bulk fix was wrong, and was taken back"


def test_the_day_has_what_it_is_for() -> None:
    day = troubles.make(5000, 400, 7, datetime(2026, 3, 2, tzinfo=UTC))
    assert (len(day.orders), day.counts.total()) == (5000, 400)
    assert sum(troubles.ALONE.values()) * 3 >= 400, "at least a third are alone"
    numbers = [number for _, number in day.truth.items if number == troubles.RENUMBERED]
    meant = {sku for (_, number), sku in day.truth.items.items() if number == troubles.RENUMBERED}
    assert (len(numbers), len(meant)) == (2, 2), "one number, two customers, two items"
    assert day.truth.wrong, "a first answer that is wrong"
