import copy
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import exactjson
from crossdock.errors import PartnerError
from crossdock.rules import Rulebook, RulebookError, load
from crossdock.rules.numbers import LostDigits, inward, outward

SCHEMA = exactjson.text({"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}})


def document(cell: str = "> 100", output: str = "'big'", kind: str = "decisionTableNode") -> dict[str, Any]:
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": "total", "field": "total"}],
        "outputs": [{"id": "size", "field": "size"}, {"id": "double", "field": "double"}],
        "rules": [
            {"_id": "r1", "_description": "Large", "total": cell, "size": output, "double": "total * 2"},
            {"_id": "r2", "_description": "Else", "total": "", "size": "'small'", "double": "total / 3"},
        ],
    }
    return {
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", "content": {"schema": SCHEMA}},
            {"id": "t", "name": "t", "type": kind, "content": content},
            {"id": "out", "name": "out", "type": "outputNode", "content": {}},
        ],
        "edges": [
            {"id": "1", "type": "edge", "sourceId": "in", "targetId": "t"},
            {"id": "2", "type": "edge", "sourceId": "t", "targetId": "out"},
        ],
    }


def codes(doc: dict[str, Any]) -> set[str]:
    with pytest.raises(PartnerError) as e:
        load("t", "1", exactjson.dumps(doc))
    return {f.code for f in e.value.findings}


def rulebook(**how: str) -> Rulebook:
    return Rulebook([load("t", "1", exactjson.dumps(document(**how)))])


def test_the_rule_that_hit_is_named() -> None:
    answer = rulebook().evaluate("t", {"total": Decimal("100.10")})
    assert answer.output == {"size": "big", "double": Decimal("200.2")}
    assert [(h.rule, h.description) for h in answer.hit] == [("r1", "Large")]


@pytest.mark.parametrize("cell", ["> 5", "< 0", "'a', 'b'", "[1..5]", "$ > 1 and $ < 3", "not in ['a']", ""])
def test_a_good_cell_is_published(cell: str) -> None:
    assert load("t", "1", exactjson.dumps(document(cell))).rules == {"r1": "Large", "r2": "Else"}


@pytest.mark.parametrize("cell", ["<< 5", "foo bar", "> 5 5", "[1..", "nosuch($)"])
def test_a_cell_that_would_never_match_is_refused(cell: str) -> None:
    assert codes(document(cell)) == {"rules.cell"}


def test_a_broken_output_cell_is_refused() -> None:
    assert codes(document(output="'big")) == {"rules.cell"}


@pytest.mark.parametrize("kind", ["functionNode", "customNode", "http"])
def test_a_function_node_is_refused(kind: str) -> None:
    assert codes(document(kind=kind)) == {"rules.node-kind"}


def test_a_column_that_is_both_input_and_output_is_refused() -> None:
    doc = document()
    doc["nodes"][1]["content"]["outputs"][0]["id"] = "total"
    assert "rules.column-id" in codes(doc)


def test_a_table_must_say_what_it_needs() -> None:
    doc = document()
    doc["nodes"][0]["content"] = {}
    assert codes(doc) == {"rules.schema"}


def test_everything_wrong_is_said_at_once() -> None:
    doc = document("<< 5", "'x")
    doc["edges"][0]["targetId"] = "nowhere"
    assert codes(doc) == {"rules.cell", "rules.edge"}


@pytest.mark.parametrize("source", [b"", b"[]", b"{", b'"x"', b"\xff\xfe", b"{}"])
def test_bytes_that_are_no_table_are_refused(source: bytes) -> None:
    with pytest.raises(PartnerError):
        load("t", "1", source)


def test_a_missing_input_is_reported_and_never_reaches_the_last_rule() -> None:
    with pytest.raises(RulebookError, match="'total' is a required property") as e:
        rulebook().evaluate("t", {"amount": 5})
    assert e.value.code == "input"


def test_an_input_that_is_too_large_is_refused() -> None:
    with pytest.raises(RulebookError) as e:
        rulebook().evaluate("t", {"total": 1, "more": "x" * 300_000})
    assert e.value.code == "input-size"


def test_a_number_with_too_many_digits_is_refused_instead_of_rounded() -> None:
    with pytest.raises(RulebookError, match="/total"):
        rulebook().evaluate("t", {"total": Decimal("12345678901234.567")})


def test_a_result_that_was_not_rounded_in_the_table_is_refused() -> None:
    with pytest.raises(RulebookError, match="round it") as e:
        rulebook().evaluate("t", {"total": 10})
    assert e.value.code == "output-number"


def test_an_unknown_table_or_version_is_named() -> None:
    with pytest.raises(RulebookError, match="No decision table"):
        rulebook().evaluate("nosuch", {})
    with pytest.raises(RulebookError, match="has versions"):
        rulebook().evaluate("t", {"total": 1}, "9")


def test_the_version_of_an_instance_is_pinned_while_a_newer_one_is_published() -> None:
    newer = load("t", "2", exactjson.dumps(document("> 1000")))
    book = Rulebook([load("t", "1", exactjson.dumps(document())), newer])
    assert book.evaluate("t", {"total": 300}, "1").output["size"] == "big"
    assert book.evaluate("t", {"total": 300}).output["size"] == "small"


def test_a_decision_node_calls_another_table_and_its_hits_are_told() -> None:
    caller = document()
    caller["nodes"][1] = {"id": "t", "name": "t", "type": "decisionNode", "content": {"key": "t"}}
    outer = load("outer", "1", exactjson.dumps(caller))
    answer = Rulebook([load("t", "1", exactjson.dumps(document())), outer]).evaluate("outer", {"total": 300})
    assert answer.output["size"] == "big"
    assert [h.rule for h in answer.hit] == ["r1"]


def test_a_decision_node_that_calls_nothing_is_refused() -> None:
    caller = document()
    caller["nodes"][1] = {"id": "t", "name": "t", "type": "decisionNode", "content": {"key": "nosuch"}}
    with pytest.raises(PartnerError, match="nosuch"):
        Rulebook([load("outer", "1", exactjson.dumps(caller))])


def test_shipped_tables_survive_a_broken_copy() -> None:
    """Any single cell that is made nonsense is found."""
    source = files("crossdock.library").joinpath("tables", "credit.json").read_bytes()
    good = exactjson.loads(source)
    table = next(i for i, n in enumerate(good["nodes"]) if n["type"] == "decisionTableNode")
    for row, rule in enumerate(good["nodes"][table]["content"]["rules"]):
        for key in rule:
            if not key.startswith("_"):
                doc = copy.deepcopy(good)
                doc["nodes"][table]["content"]["rules"][row][key] = "<<"
                assert codes(doc) == {"rules.cell"}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3))
def test_money_crosses_the_boundary_and_comes_back_equal(amount: Decimal) -> None:
    assert inward(outward(amount)) == amount


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_crosses_exactly_or_is_refused(number: Decimal) -> None:
    try:
        crossed = inward(outward({"n": number}))["n"]
    except LostDigits:
        return
    assert crossed == number
