"""What was recorded by earlier builds is replayed by this one: the same commands, the same states."""

from pathlib import Path

import pytest

from . import folding
from .record import shipped


def test_there_are_histories() -> None:
    assert len(folding.files()) >= 10


@pytest.mark.parametrize("path", folding.files(), ids=lambda p: p.name.partition(".")[0])
def test_a_recorded_run_is_replayed_as_it_was(path: Path) -> None:
    assert list(folding.differences(folding.read(path))) == []


def test_every_shipped_workflow_is_recorded_in_its_present_version() -> None:
    """One that is not: `python -m tests.histories.record`; those of earlier versions stay."""
    assert shipped().keys() - {p.name.partition(".")[0] for p in folding.files()} == set()


def test_a_command_that_is_not_the_recorded_one_is_a_difference() -> None:
    history = folding.read(folding.FOLDER / "retry.json")
    steps = history["instances"][0]["steps"]
    at = next(n for n, s in enumerate(steps) if s["commands"])
    steps[at]["commands"][0][1]["at"] = "/do/0/elsewhere#1"
    assert any(f"fact {at + 1} " in said and "expected commands" in said for said in folding.differences(history))


def test_a_fact_that_is_missing_is_a_difference() -> None:
    history = folding.read(folding.FOLDER / "retry.json")
    del history["instances"][0]["steps"][1]
    assert list(folding.differences(history))
