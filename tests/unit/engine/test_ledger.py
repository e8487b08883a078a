"""What was simulated before is not simulated again, as long as it is the same source."""

from collections import Counter
from pathlib import Path

import pytest

from crossdock.engine.simulation import ledger as ledgers
from crossdock.engine.simulation import seeds
from crossdock.engine.simulation.ledger import Ledger
from crossdock.engine.simulation.world import Report
from crossdock.errors import SetupError


def report(seed: int) -> Report:
    return Report(seed, 100, Counter({"before load": 100}), Counter({"lease lost": 2}), 7, 1.5, 99)


def test_seeds_that_are_done_are_known_to_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = Ledger.read(path, 16, 100)
    first.add(report(3))
    first.add(report(4))
    again = Ledger.read(path, 16, 100)
    assert again.done == {3: report(3), 4: report(4)}
    assert Ledger.read(path, 8, 100).done == {}, "other runs"


def test_another_source_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger.read(path, 16, 100).add(report(3))
    monkeypatch.setattr(ledgers, "fingerprint", lambda: "another")
    assert Ledger.read(path, 16, 100).done == {}


def test_a_line_that_was_cut_off_is_run_again_and_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger.read(path, 16, 100).add(report(3))
    Ledger.read(path, 16, 100).add(report(4))
    path.write_text(path.read_text()[:-40])
    cut = Ledger.read(path, 16, 100)
    assert set(cut.done) == {3}
    cut.add(report(4))
    assert set(Ledger.read(path, 16, 100).done) == {3, 4}


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("shopping list\nmilk\n")
    with pytest.raises(SetupError, match="Expected a ledger"):
        Ledger.read(path, 16, 100)


async def test_a_run_that_was_done_starts_no_server_and_has_its_totals(tmp_path: Path) -> None:
    ledger = Ledger.read(tmp_path / "ledger.jsonl", 16, 100)
    for seed in (5, 6):
        ledger.add(report(seed))
    summary = await seeds.simulate(
        5, instances=16, crash_points=200, processes=2, on_progress=lambda _: None, ledger=ledger
    )
    assert (summary.seeds, summary.from_ledger, summary.crash_points, summary.instances) == (2, 2, 200, 14)
    assert summary.deaths == Counter({"before load": 200})
