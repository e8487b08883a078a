"""No expression runs away: work, depth and space are bounded, and the bound is reported as such."""

import pytest

from crossdock.flow import jq

DOUBLING = "reduce range(100) as $i ([]; [., .])"


@pytest.mark.parametrize(
    "source",
    [
        "[range(infinite)]",
        "last(range(0; infinite; 2))",
        "[recurse(. + 1)]",
        "until(false; . + 1)",
        "[while(true; . + 1)]",
        "[repeat(1)]",
        "def f: f; f",
        "def f: 1 + f; f",
        "def f(g): f(g | g); f(.)",
        "[limit(1000000000; repeat(1))]",
        "[range(2000) as $a | range(2000) as $b | 1]",
        "reduce range(10000000) as $i (0; . + $i)",
        "try until(false; . + 1) catch 0",
        "first(repeat(empty))",
    ],
)
def test_a_loop_without_end_is_stopped(source: str) -> None:
    with pytest.raises(jq.LimitExceeded):
        jq.compile(source).evaluate(0, {})


@pytest.mark.parametrize(
    "source",
    [
        '"x" * 1e12',
        'reduce range(100) as $i ("x"; . + .)',
        "reduce range(100) as $i ([1]; . + .)",
        "[.[range(0; 10)] = 1] | .[1e15] = 1",
        "[] | .[900000000] = 1",
        "pow(10; 1e6)",
        "pow(7; 100000)",
        "reduce range(100) as $i (10; . * .)",
        "reduce range(100) as $i (1.5; . * .)",
        "[limit(100; recurse(. * 1e50))] | last",
        "1e3999 * 1e3999",
        "1e-3999 / 1e3999 / 1e3999 | 1 / .",
        "exp10 | exp10 | exp10 | exp10",
    ],
)
def test_values_do_not_outgrow_memory(source: str) -> None:
    with pytest.raises(jq.EvaluationError):
        jq.compile(source).evaluate(3, {})


@pytest.mark.parametrize(
    "source",
    [
        DOUBLING,
        f"{DOUBLING} | tojson",
        f"{DOUBLING} == ({DOUBLING})",
        f"[{DOUBLING}, ({DOUBLING})] | sort",
        f"{DOUBLING} | flatten",
        f"{DOUBLING} | [..] | length",
        f"{DOUBLING} | contains({DOUBLING})",
        f"{DOUBLING} | [paths]",
        f"{DOUBLING} | walk(.)",
        " | ".join(["[., .]"] * 60),
        "reduce range(1000) as $i (0; [.])",
        "reduce range(1000) as $i (0; [.]) | tojson",
    ],
)
def test_a_value_of_many_shared_parts_is_refused_rather_than_walked(source: str) -> None:
    with pytest.raises(jq.LimitExceeded):
        jq.compile(source).evaluate(None, {})


@pytest.mark.parametrize(
    "source",
    [
        "(" * 10_000,
        "[" * 1_000 + "]" * 1_000,
        "-" * 10_000 + "1",
        "1" + " + 1" * 10_000,
        ".a" * 5_000,
        "." + " | ." * 5_000,
        "try " * 5_000 + "1",
        "if 1 then 2 " + "elif 1 then 2 " * 5_000 + "end",
        '"\\(' * 1_000,
        "." + "[0]" * 5_000,
        "." + "?" * 5_000,
        ". as " + "[" * 1_000,
        "def f: " * 1_000,
        "9" * 5_000,
        "1e999999",
        "." * 100_000,
    ],
)
def test_an_expression_too_deep_or_too_long_is_refused_when_compiled(source: str) -> None:
    with pytest.raises(jq.ExpressionError):
        jq.compile(source)


def test_a_long_flat_expression_is_no_deep_one() -> None:
    assert jq.compile(f"[{', '.join(str(n) for n in range(2_000))}] | add").evaluate(None, {}) == 1_999_000
    assert jq.compile(" // ".join(["null"] * 100 + ["1"])).evaluate(None, {}) == 1


def test_recursion_to_a_useful_depth_works() -> None:
    deep = None
    for _ in range(60):
        deep = {"child": deep, "n": 1}
    count = "def count: if . == null then 0 else 1 + (.child | count) end; count"
    assert jq.compile(count).evaluate(deep, {}) == 60
    assert jq.compile("[.. | .n? // empty] | length").evaluate(deep, {}) == 60


def test_a_hostile_pattern_takes_linear_time() -> None:
    assert jq.compile('test("^(a+)+$")').evaluate("a" * 5_000 + "!", {}) is False


def test_a_stopped_expression_can_be_evaluated_again() -> None:
    expression = jq.compile("[range(.)] | length")
    with pytest.raises(jq.LimitExceeded):
        expression.evaluate(10**9, {})
    assert expression.evaluate(10, {}) == 10
