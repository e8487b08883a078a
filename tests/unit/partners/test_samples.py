"""Every map of the library reads and writes the samples beside it as a person has agreed that it should."""

from pathlib import Path

import pytest

from crossdock.partners.maps import samples
from crossdock.partners.maps.editions import Language, shipped, shipped_ids


def beside(map_id: str) -> Path:
    found = [p for root in samples.library() for p in root.rglob(f"{map_id}.samples")]
    assert len(found) == 1, f"{map_id} has no samples"
    return found[0]


@pytest.mark.parametrize("map_id", shipped_ids())
def test_a_shipped_map_says_of_its_samples_what_is_expected(map_id: str):
    edition = shipped(map_id)
    results = list(samples.run(edition, beside(map_id)))
    assert [r.plain() for r in results if not r.passed] == []
    wanted = {"in"} if edition.language is Language.TABLE else {"in", "out"}
    assert {r.direction for r in results} == wanted


def test_no_samples_lie_beside_a_map_that_is_none():
    folders = {p.name.removesuffix(".samples") for root in samples.library() for p in root.rglob("*.samples")}
    assert folders == set(shipped_ids())


def test_a_sample_that_differs_is_told_by_its_field(tmp_path: Path):
    source = beside("x12-850")
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes().replace(b"PO-4711", b"PO-4712", 1))
    (tmp_path / "usual.in.json").write_bytes((source / "usual.in.json").read_bytes())
    failed = [r for r in samples.run(shipped("x12-850"), tmp_path) if not r.passed]
    assert "/documents/0/canonical/number" in [d.pointer for r in failed for d in r.differences]
