"""Maps as people write them: overlays, what is wrong with them and where, samples for their CI."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner

from crossdock import exactjson
from crossdock.partners import Context, decode
from crossdock.partners.edi import outbound
from crossdock.partners.lineage import InSegment, leaves, member
from crossdock.partners.maps import checking, cli, editions, overlay, replaying
from crossdock.partners.maps.editions import Book, shipped, shipped_data, shipped_ids, shipped_source
from crossdock.partners.profiles import Identifier
from crossdock.partners.x12.write import Address, Numbers

from . import trade

OVERLAY = "over: x12-855\nchange:\n  - at: PO1 > PO1\n    with: {4: null}\n  - {at: REF, remove: true}\n"
ORDER = (
    f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*000000001*0*P*>~"
    "GS*PO*BOLTS*NORRLAND*20260102*0900*1*X*004010~ST*850*0001~BEG*00*SA*PO1**20260101~"
    "N1*ST*Shop*92*12~N3*A st~PO1*1*10*EA*12.50**VP*SKU-1*BP*X1~CTT*1~SE*7*0001~GE*1*1~IEA*1*000000001~"
).encode()


HERE = Address(sender=Identifier("ZZ", "CROSSDOCK"), receiver=Identifier("14", "4012345000009"))
NOW = datetime(2026, 3, 4, 5, 6)


def enveloped(written: outbound.Written) -> bytes:
    if written.map.guide.syntax == "x12":
        return outbound.x12([written], HERE, Numbers(interchange=7, group=8, sets=(9,)), NOW)
    return outbound.edifact_interchange([written], HERE, 7, [9], NOW)


@pytest.mark.parametrize("map_id", shipped_ids())
def test_the_checker_finds_nothing_wrong_with_the_librarys_maps(map_id: str) -> None:
    checked = checking.check(shipped_source(map_id), f"{map_id}.yaml", map_id)
    assert checked.remarks == ()
    assert checked.edition(0).digest == shipped(map_id).digest


@pytest.mark.parametrize("map_id", shipped_ids())
def test_an_overlay_that_changes_nothing_says_what_its_base_says(map_id: str) -> None:
    checked = checking.check(f"over: {map_id}\n", "o.yaml")
    assert checked.remarks == ()
    assert checked.edition(0).digest == shipped(map_id).digest
    assert checking.differences(checked) == []


def test_an_overlay_changes_what_it_names_and_nothing_else() -> None:
    checked = checking.check(OVERLAY, "o.yaml")
    assert checked.remarks == ()
    assert [(d.at, d.after) for d in checking.differences(checked)] == [("REF", None), ("PO1 > PO1 > 4", None)]
    assert shipped_data("x12-855") == checking.check(shipped_source("x12-855"), "b").declared, "the base is as it was"


def test_rules_are_put_before_after_and_at_the_end() -> None:
    base = {"rules": [{"A": {"1": "x"}}, {"L": {"rules": [{"B": {"1": "y"}}]}}]}
    done = overlay.apply(base, {"change": [
        {"at": "A", "before": [{"C": {}}], "after": [{"D": {}}]},
        {"at": "L", "append": [{"E": {}}]},
        {"at": "", "append": [{"F": {}}]},
        {"at": "L > B", "with": {"1": None, "2": "z"}},
    ]})  # fmt: skip
    assert done.findings == []
    assert [next(iter(r)) for r in done.data["rules"]] == ["C", "A", "D", "L", "F"]
    assert done.data["rules"][3]["L"]["rules"] == [{"B": {"2": "z"}}, {"E": {}}]


def test_a_table_differs_by_its_keys() -> None:
    checked = checking.check(
        "over: orders\ncolumns: {quantity: {headers: [menge], required: true}, notes: null}\n", "o"
    )
    assert checked.remarks == ()
    [read] = decode(b"po,sku,menge,notes\nA1,S1,4,n\n", "f", Context(book=Book().with_edition(checked.edition(1))))
    assert read.order is not None
    assert (read.order.lines[0].quantity, read.order.notes) == (4, "")
    assert read.read_by is not None
    assert (read.read_by.map, read.read_by.version) == ("orders", 1)


@pytest.mark.parametrize(
    ("text", "line", "path", "says"),
    [
        ("over: x12-999999", 1, "/over", "a map of the library"),
        ("over: x12-855\nchange:\n- {at: XX, remove: true}", 3, "/change/0/at", "one of BAK"),
        ("over: x12-855\nchange:\n- at: PO1 > PO1\n  with:\n    3: unti", 5, "/change/0/with/3", "a field of"),
        ("over: x12-855\nchange:\n- at: PO1 > PO1\n  with: {3: unit|furlong}", 4, "/change/0/with/3", "or a table"),
        ("over: x12-855\nchange:\n- {at: PO1, append: [{ZZZ: {1: text}}]}", 3, "/change/0/append/0/ZZZ", "a segment"),
        ("over: x12-855\ntables: {response: {A: 1}}", 2, "/tables/response/A", "a word"),
        ("id: m\nguide: x12-855\nobject: Nothing\nrules: []", 3, "/object", "OrderResponse"),
        ("id: m\nguide: x12-855\nobject: OrderResponse\nrules:\n- BAK: {99: number}", 5, "/rules/0/BAK/99", "1 to"),
        ("id: m\nsyntax: ubl\nroot: X\nobject: Invoice\nrules:\n- ID: 'number|no'", 6, "/rules/0/ID", "or a table"),
        ("id: m\nsyntax: ubl\nroot: X\nobject: Invoice\nrules:\n- A: {use: nobody}", 6, "/rules/0/A/use", "a part"),
        ("id: m\ncolumns: {po: [po]}", 2, "/columns", "a column for"),
        ("id: m", 1, "", "guide"),
        ("[]", 1, "", "an object"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_line_and_path(text: str, line: int, path: str, says: str) -> None:
    checked = checking.check(text, "m.yaml")
    assert checked.complete is None
    told = [r for r in checked.remarks if (r.line, r.path) == (line, path)]
    assert any(says in r.finding.expected for r in told), checked.remarks


def test_parts_that_use_themselves_or_grow_without_end_are_refused() -> None:
    head = "id: m\nsyntax: ubl\nroot: X\nobject: Invoice\nrules: [{A: {use: p0}}]\nparts:\n"
    assert checking.check(head + "  p0: [{A: {use: p0}}]\n", "m").complete is None
    grows = "".join(f"  p{n}: [{{A: {{use: p{n + 1}}}}}, {{B: {{use: p{n + 1}}}}}]\n" for n in range(60))
    assert checking.check(f"{head}{grows}  p60: [{{ID: number}}]\n", "m").complete is None


def test_what_a_version_takes_from_the_library_is_written_into_it() -> None:
    complete = editions.complete(shipped_data("ubl-invoice"))
    assert complete["tables"]
    assert "party" in complete["parts"]
    assert editions.parse(exactjson.loads(exactjson.text(complete))) == shipped("ubl-invoice").declared


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(trade.responses("x12"))
def test_a_map_of_ones_own_reads_back_what_it_writes(content: Any) -> None:
    """decode∘encode under an overlay that swaps two elements: the identity, as with the library's map."""
    text = "over: x12-855\nchange:\n- at: BAK\n  with: {5: number, 8: release}\n"
    edition = checking.check(text, "o").edition(1)
    written = outbound.document(edition.id, content, edition.edi)
    raw = enveloped(written)
    [read] = decode(raw, "f", Context(adopt=True, book=Book().with_edition(edition)))
    assert read.content == content
    assert read.read_by is not None
    assert read.read_by.version == 1


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(trade.despatches("edifact"))
def test_every_origin_points_at_the_text_of_its_field(content: Any) -> None:
    """Through the change of shape from segments to packages too."""
    raw = enveloped(outbound.document("edifact-desadv", content))
    [read] = decode(raw, "f", Context(adopt=True, trace=True))
    canonical = exactjson.plain(read.content)
    assert read.trail
    known = dict(leaves(canonical))
    for origin in read.trail:
        assert origin.pointer in known, origin
        assert isinstance(origin.place, InSegment)
        assert raw[origin.place.offset :].lstrip().startswith(origin.place.segment.encode())
        value = member(canonical, origin.pointer)
        if origin.pointer.endswith("/items/0/value"):
            text = raw[origin.place.offset :].split(b"'")[0].decode()
            assert re.sub(r"\?(.)", r"\1", text).find(str(value)) >= 0


def test_a_preview_of_the_direction_out_names_what_cannot_be_written() -> None:
    [seen] = replaying.read(ORDER, "f", Context(adopt=True), shipped("x12-850"))
    assert "PO1*1*10*EA*12.5**VP*SKU-1*BP*X1~" in replaying.write(seen.canonical, shipped("x12-850")).splitlines()


# ── samples ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    (tmp_path / "x12-850.yaml").write_text("over: x12-850\nchange:\n- at: PO1 > PO1\n  with: {4: null}\n")
    samples = tmp_path / "x12-850.samples"
    samples.mkdir()
    (samples / "first.in.edi").write_bytes(ORDER)
    [seen] = replaying.read(ORDER, "f", Context(adopt=True), shipped("x12-850"))
    (samples / "first.out.json").write_bytes(exactjson.dumps(seen.canonical))
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    nobody: Callable[[], Awaitable[Any]] = lambda: (_ for _ in ()).throw(AssertionError)  # noqa: E731 - no database here
    cli.register(app, nobody)
    app.command("other")(lambda: None)
    result = CliRunner().invoke(app, ["map", *arguments])
    return result.exit_code, result.stdout


def test_samples_pass_once_their_expectation_is_written_and_fail_when_the_map_changes(maps: Path) -> None:
    status, said = run("test", str(maps))
    assert status == 1
    assert "first.in.json" in said
    assert run("test", str(maps), "--update")[0] == 0
    expected = exactjson.loads((maps / "x12-850.samples" / "first.in.json").read_bytes())
    [document] = expected["documents"]
    assert (document["status"], document["read_by"]) == ("accepted", "x12-850")
    assert document["canonical"]["lines"][0]["unit_price"] is None
    assert "PO1*1*10*EA***VP*SKU-1*BP*X1~" in (maps / "x12-850.samples" / "first.out.txt").read_text()
    assert run("test", str(maps))[0] == 0
    (maps / "x12-850.yaml").write_text("over: x12-850\n")
    status, said = run("test", str(maps / "x12-850.yaml"), "--json")
    assert status == 1
    results = [exactjson.loads(line) for line in said.splitlines()]
    assert [(r["direction"], r["passed"]) for r in results] == [("in", False), ("out", False)]
    [price] = results[0]["differences"]
    assert (price["pointer"], price["expected"], str(price["found"])) == (
        "/documents/0/canonical/lines/0/unit_price", None, "12.50",
    )  # fmt: skip


def test_a_map_that_is_wrong_fails_the_run(maps: Path) -> None:
    (maps / "x12-850.yaml").write_text("over: nothing\n")
    status, said = run("test", str(maps))
    assert status == 1
    assert "x12-850.yaml:1:1 /over" in said
