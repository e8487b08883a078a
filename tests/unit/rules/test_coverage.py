"""What can be said of rows without running them: unreachable, impossible, overlapping, missing."""

import json
from decimal import Decimal
from typing import Any

import pytest
import zen
from hypothesis import given
from hypothesis import strategies as st

from crossdock import exactjson
from crossdock.rules import Rulebook, checking, coverage

SCHEMA = {
    "type": "object",
    "required": ["tier", "total", "urgent"],
    "properties": {
        "tier": {"type": "string"},
        "total": {"type": "number"},
        "urgent": {"type": "boolean"},
        "weight": {"type": "number"},
    },
}


def table(*rows: dict[str, str], policy: str = "first", outputs: tuple[str, ...] = ("answer",)) -> dict[str, Any]:
    """A table over tier, total, urgent and weight; `answer` is each row's number unless it says so."""
    rules = [{"_id": f"r{n}", "to_answer": f"{n}", **row} for n, row in enumerate(rows)]
    content = {
        "hitPolicy": policy,
        "inputs": [{"id": i, "name": i, "field": i} for i in ("tier", "total", "urgent", "weight")],
        "outputs": [{"id": f"to_{o}", "name": o, "field": o} for o in outputs],
        "rules": rules,
    }
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "content": {"schema": json.dumps(SCHEMA)}},
            {"id": "t", "type": "decisionTableNode", "name": "t", "content": content},
            {"id": "out", "type": "outputNode", "name": "out", "content": {}},
        ],
        "edges": [{"id": "1", "sourceId": "in", "targetId": "t"}, {"id": "2", "sourceId": "t", "targetId": "out"}],
    }


def said(document: dict[str, Any]) -> list[tuple[str, str]]:
    found = checking.check("t", document)
    assert found.table is not None, found.remarks
    return [(r.code.removeprefix("rules."), r.row) for r in found.remarks]


def test_a_row_below_one_that_takes_all_it_matches_is_unreachable() -> None:
    assert said(table({"total": "> 10"}, {"total": "> 20", "tier": "'A'"}, {})) == [("unreachable-row", "r1")]


def test_a_row_that_several_rows_take_together_is_unreachable() -> None:
    rows = ({"urgent": "true", "total": "< 5"}, {"urgent": "true", "total": ">= 5"}, {"urgent": "true"}, {})
    assert ("unreachable-row", "r2") in said(table(*rows))


def test_a_row_whose_conditions_no_value_meets_is_named() -> None:
    assert ("impossible-row", "r0") in said(table({"total": "> 10 and < 5"}, {}))


def test_what_no_row_decides_is_named_with_the_values() -> None:
    found = checking.check("t", table({"total": "< 10"}, {"total": "> 10"}))
    (gap,) = [r for r in found.remarks if r.code == "rules.gap"]
    assert gap.found == "no row for total: 10"


def test_an_input_that_may_be_missing_is_a_gap_where_only_its_values_are_decided() -> None:
    found = checking.check("t", table({"weight": "< 10"}, {"weight": ">= 10"}))
    assert [r.found for r in found.remarks if r.code == "rules.gap"] == ["no row for weight: nothing"]


def test_rows_that_cross_and_answer_differently_are_named_and_those_that_answer_alike_are_not() -> None:
    assert said(table({"tier": "'A'"}, {"total": "> 5"}, {})) == [("overlap", "r1")]
    assert said(table({"tier": "'A'", "to_answer": "1"}, {"total": "> 5", "to_answer": "1"}, {})) == []


def test_an_exception_above_its_rule_is_how_tables_are_written_and_is_not_named() -> None:
    assert said(table({"tier": "'A'", "total": "> 5"}, {"total": "> 5"}, {})) == []


def test_a_table_that_collects_has_neither_gaps_nor_unreachable_rows() -> None:
    assert said(table({"tier": "'A'"}, {"tier": "'A'"}, policy="collect")) == []


def test_a_cell_that_cannot_be_read_is_neither_taken_to_hold_nor_to_fail() -> None:
    assert said(table({"tier": "startsWith($, 'A')"}, {"tier": "'AB'"}, {})) == [("overlap", "r1")]
    assert said(table({"tier": "startsWith($, 'A')"}, {"tier": "startsWith($, 'A')", "total": "> 1"}, {})) == [
        ("unreachable-row", "r1")
    ]
    assert said(table({"tier": "startsWith($, 'A')"})) == [], "no gap is claimed where such a cell decides"


NUMBERS = st.integers(-3, 3).map(str) | st.sampled_from(["0.5", "-1.5", "2.25"])
CELLS = st.one_of(
    st.builds("{} {}".format, st.sampled_from([">", ">=", "<", "<=", "==", "!="]), NUMBERS),
    st.builds("{}{}..{}{}".format, st.sampled_from("[("), NUMBERS, NUMBERS, st.sampled_from("])")),
    st.builds("> {} and <= {}".format, NUMBERS, NUMBERS),
    st.lists(st.sampled_from(["'A'", "'B'", '"C"']), min_size=1, max_size=3, unique=True).map(", ".join),
    st.sampled_from(["!= 'A'", "in ['A', 'B']", "true", "false", "null", "1", "'A'", ""]),
)
VALUES: list[Any] = [None, True, False, "A", "B", "C", "D", "", *(n / 4 for n in range(-16, 17))]


@given(CELLS)
def test_a_cell_is_read_as_the_engine_evaluates_it(cell: str) -> None:
    condition = coverage.read(cell)
    for value in VALUES:
        if condition is None:
            continue
        assert not isinstance(condition, coverage.Opaque)
        try:
            held = zen.evaluate_unary_expression(cell, {"$": value})
        except RuntimeError:
            held = False  # it does not match
        exact = exactjson.loads(exactjson.dumps(value))
        number = not isinstance(exact, bool) and isinstance(exact, int)
        sample = Decimal(exact) if number else exact
        assert coverage.holds(condition, sample) == held, (cell, value)


ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "total": st.sampled_from(["> 1", "<= 1", "[0..2]", "== 1", "> 0 and < 2"]),
            "tier": st.sampled_from(["'A'", "'A', 'B'", "!= 'A'"]),
            "urgent": st.sampled_from(["true", "false"]),
        },
    ),
    min_size=1,
    max_size=6,
)
INPUTS = [
    {"tier": tier, "total": total, "urgent": urgent}
    for tier in ("A", "B", "C")
    for total in (-1, 0, Decimal("0.5"), 1, Decimal("1.5"), 2, 3)
    for urgent in (True, False)
]


@given(ROWS)
def test_what_is_said_of_rows_is_true_of_every_input(rows: list[dict[str, str]]) -> None:
    found = checking.check("t", table(*rows))
    assert found.table is not None
    book = Rulebook([found.table])
    answers = [book.evaluate("t", value) for value in INPUTS]
    hit = {h.rule for a in answers for h in a.hit}
    never = {r.row for r in found.remarks if r.code in ("rules.unreachable-row", "rules.impossible-row")}
    gaps = any(r.code == "rules.gap" for r in found.remarks)
    assert never == {f"r{n}" for n in range(len(rows))} - hit
    assert gaps == any(not a.hit for a in answers)


@pytest.mark.parametrize("cell", ["$ > 5", "> total", "len($) > 2", "a or b"])
def test_what_is_more_than_a_comparison_is_a_condition_of_its_own(cell: str) -> None:
    assert isinstance(coverage.read(cell), coverage.Opaque | coverage.Numbers)
