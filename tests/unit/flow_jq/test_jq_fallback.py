"""The jq library in its own process: it answers, it is stopped, it comes back, and it sees nothing outside."""

from collections.abc import Iterator

import pytest

from crossdock.engine.fallback import ProcessFallback
from crossdock.flow import jq


@pytest.fixture(scope="module")
def library() -> Iterator[ProcessFallback]:
    with ProcessFallback(deadline_s=0.5) as fallback:
        yield fallback


def test_what_is_not_native_runs_in_the_library(library: ProcessFallback) -> None:
    expression = jq.compile(". as [$a] ?// $a | $a + $x  # a comment at the end", library)
    assert not expression.native
    assert expression.variables == {"x"}
    assert expression.evaluate_all([1], {"x": 2, "unused": 3}) == [3]
    assert expression.evaluate(4, {"x": 2}) == 6
    assert jq.compile('test("\\\\bmüller\\\\b"; "i")', library).evaluate("Frau Müller kam", {}) is True


def test_an_error_of_the_expression_is_an_evaluation_error(library: ProcessFallback) -> None:
    with pytest.raises(jq.EvaluationError, match="out of stock"):
        jq.compile('sin | error("out of stock")', library).evaluate(1, {})


@pytest.mark.parametrize("source", ["[range(infinite) | sin]", "0 | sin | until(false; . + 1)", "def f: sin | f; f"])
def test_a_missed_deadline_stops_the_expression_and_the_next_one_runs(library: ProcessFallback, source: str) -> None:
    with pytest.raises(jq.LimitExceeded):
        jq.compile(source, library).evaluate(0, {})
    assert jq.compile("cos", library).evaluate(0, {}) == 1


def test_names_that_reach_outside_are_shadowed_even_if_the_parser_let_them_pass(library: ProcessFallback) -> None:
    assert library.evaluate_all("$ENV", None, {}) == [None]
    for source in ("env", "now", "input", "[inputs]", "halt", "halt_error", "halt_error(3)", "localtime", "modulemeta"):
        with pytest.raises(jq.EvaluationError, match="blocked"):
            library.evaluate_all(source, None, {})
