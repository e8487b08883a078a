"""A table in the making: what is wrong, where, and what to do; its trace, cell by cell; its cases."""

from importlib.resources import files
from typing import Any

import pytest

from crossdock import exactjson
from crossdock.rules import Rulebook, checking, tracing
from crossdock.rules.tracing import Held

TABLES = files("crossdock.library").joinpath("tables")
NAMES = sorted(t.name[: -len(".tests.json")] for t in TABLES.iterdir() if t.name.endswith(".tests.json"))
BIG = {"tier": "C", "total": 60000, "limit": 100000, "exposure": 0, "overdue": 0, "on_hold": False}


def credit() -> dict[str, Any]:
    return exactjson.loads(TABLES.joinpath("credit.json").read_bytes())


def grid(document: dict[str, Any]) -> dict[str, Any]:
    return next(n for n in document["nodes"] if n["type"] == "decisionTableNode")["content"]


@pytest.mark.parametrize(
    ("cell", "words"),
    [("<< 5", "one operator"), ("'A", "Close the quotation"), ("Tier A", "quotation marks"), ("> ", "never match")],
)
def test_a_cell_that_does_not_compile_is_named_with_row_column_and_what_to_do(cell: str, words: str) -> None:
    document = credit()
    grid(document)["rules"][2]["tier"] = cell
    found = checking.check("credit", document)
    (remark,) = found.remarks
    assert (remark.severity, remark.node, remark.row, remark.column) == ("error", "credit", "large", "tier")
    assert remark.expected.startswith("a condition")
    assert words in remark.fix
    assert "stack" not in remark.found.lower()
    assert found.table is None


def test_a_column_without_a_name_and_an_expression_that_is_broken_are_found_in_their_places() -> None:
    document = credit()
    grid(document)["outputs"][1]["field"] = ""
    document["nodes"][1]["content"]["expressions"][0]["value"] = "max([1,"
    where = {(r.node, r.row, r.column) for r in checking.check("credit", document).remarks}
    assert where == {("credit", "", "to_role"), ("exposure", "over", "")}


@pytest.mark.parametrize("junk", [None, [], "x", {}, {"nodes": 5}, {"nodes": [{"type": "decisionTableNode"}, 7]}])
def test_anything_is_answered_with_remarks(junk: Any) -> None:
    found = checking.check("credit", junk)
    assert found.table is None
    assert found.remarks


@pytest.mark.parametrize("name", NAMES)
def test_the_cells_of_a_trace_agree_with_what_the_engine_decided(name: str) -> None:
    document = exactjson.loads(TABLES.joinpath(f"{name}.json").read_bytes())
    table = checking.check(name, document).table
    assert table is not None
    book = Rulebook([table])
    for case in exactjson.loads(TABLES.joinpath(f"{name}.tests.json").read_bytes()):
        for seen in tracing.trace(book, name, case["input"]).tables:
            policy = next(n for n in document["nodes"] if n["id"] == seen.node)["content"]["hitPolicy"]
            matching = [r.id for r in seen.rows if r.matches]
            assert (matching[:1] if policy == "first" else matching) == [r.id for r in seen.rows if r.hit]


def test_a_trace_shows_which_cells_did_not_let_a_row_decide() -> None:
    table = checking.check("credit", credit()).table
    assert table is not None
    told = tracing.trace(Rulebook([table]), "credit", BIG)
    rows = {r.id: r for r in told.tables[0].rows}
    assert [r for r, row in rows.items() if row.hit] == ["large"]
    held = {c.column: c.held for c in rows["far-over"].cells}
    assert (held["on_hold"], held["percent"], held["tier"]) == (Held.YES, Held.NO, Held.ANY)
    assert rows["clear"].matches, "it would have hit if no row above had"
    assert told.computed == {"over": 0, "percent": 0}
    assert told.tables[0].values["percent"] == 0


def test_a_case_that_fails_says_what_it_expected_and_what_it_found() -> None:
    table = checking.check("credit", credit()).table
    assert table is not None
    case = {"name": "large", "input": BIG, "hit": ["clear"], "expect": {"decision": "auto", "nothing": 1}}
    missing = {"name": "missing", "input": {"tier": "A"}}
    first, second = tracing.trials(Rulebook([table]), table, [case, missing])
    assert first.differences == (
        "hit: expected clear, found large",
        'decision: expected "auto", found "approve"',
        "nothing: expected 1, found no such output",
    )
    assert "total" in second.differences[0]
