"""No expression runs away: work, depth and space are bounded, and the bound is reported as such."""

import sys
from types import FrameType
from typing import Any

import pytest

from crossdock.flow import jq
from crossdock.flow.jq.limits import Meter

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


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ('test("^(a+)+$")', "a" * 50_000 + "!", False),
        ('test("(a*)*b")', "a" * 50_000, False),
        ('test("(a|aa)+$")', "a" * 50_000 + "b", False),
        ('test("(x+x+)+y")', "x" * 50_000, False),
        ('test("(.*a){20}")', "a" * 3_000, True),
        ('[match("a*a*a*a*a*a*b"; "g")] | length', "a" * 20_000, 0),
        ('test("^(([a-z])+.)+[A-Z]([a-z])+$")', "a" * 50_000, False),
        ('gsub("(?<y>a+)+$"; "") | length', "a" * 50_000 + "\n", 1),
        ('gsub(""; "x") | length', "a" * 20_000, 40_001),
        ('[splits("a*")] | length', "a" * 20_000, 3),
    ],
)
def test_a_hostile_pattern_takes_linear_time(source: str, text: str, expected: Any) -> None:
    """Each would take longer than the universe where patterns backtrack."""
    assert jq.compile(source).evaluate(text, {}) == expected


@pytest.mark.parametrize(
    "source", ['test("(((a{30}){30}){30})")', 'test("a{1000}{1000}")', f'test("{"a" * 1_001}")', 'test("(" * 500)']
)
def test_a_pattern_that_would_grow_is_refused(source: str) -> None:
    with pytest.raises(jq.EvaluationError):
        jq.compile(source).evaluate("a", {})


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 100_000, "[" * 300 + "]" * 300])
def test_json_within_the_data_is_bounded_as_the_data_is(text: str) -> None:
    with pytest.raises(jq.EvaluationError):
        jq.compile("fromjson | tojson").evaluate(text, {})


STEPS = 20_000
MOST_CALLS = 40  # Python calls for one step; the costliest of those below takes about half of it


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("[range(infinite)]", None),
        ("until(false; . + 1)", 0),
        ("[repeat(1)]", 1),
        ("def f: f; f", 0),
        ("[recurse(. + 1)]", 0),
        ("def f: if . > 0 then (. - 1 | f) else range(infinite) end; [90 | f]", None),
        ("[combinations]", [[1, 2]] * 40),
        ("[1, 2] | [combinations(30)]", None),
        ("[walk(.) | walk(.) | walk(.)]", [[1] * 1_000] * 1_000),
        ("reduce range(infinite) as $i (0; . + $i)", None),
        ("[foreach range(infinite) as $i (0; . + $i; [., $i])]", None),
        ("[range(infinite) as $a | range(infinite) as $b | [$a, $b]]", None),
        ("[limit(1000000000; range(infinite) | tostring)]", None),
        ("[.[] as [$a, $b] | {a: $a, b: $b}] | group_by(.a) | map(unique_by(.b))", [[1, 2]] * 300_000),
        ("[paths]", [[[1] * 100] * 100] * 100),
        ("[tostream]", [[1] * 1_000] * 1_000),
        ('[scan("a")]', "a" * 100_000),
        ('[match(""; "g")]', "\n" * 100_000),
        ('[splits("b")]', "ab" * 100_000),
        ("[getpath(paths)]", [[1] * 1_000] * 1_000),
        ("(.. | numbers) |= . + 1", [[1] * 1_000] * 1_000),
        ("[.[][] += 1]", [[1] * 1_000] * 1_000),
        ("label $out | foreach range(infinite) as $i (0; . + 1; if . < 0 then break $out else empty end)", None),
        ("[transpose]", [[1] * 1_000] * 1_000),
        ("[.. | tojson]", [[1] * 1_000] * 1_000),
        ("[range(1000) as $i | range(1000)] | sort_by(-.) | unique", None),
    ],
)
def test_what_a_step_costs_is_bounded(monkeypatch: pytest.MonkeyPatch, source: str, value: Any) -> None:
    """So that the bound on steps is one on time: counted in Python calls, which every machine makes alike."""
    monkeypatch.setattr(Meter, "left", STEPS)
    expression = jq.compile(source)
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        with pytest.raises(jq.LimitExceeded):
            expression.evaluate(value, {})
    finally:
        sys.setprofile(None)
    assert calls < MOST_CALLS * STEPS


def test_a_stopped_expression_can_be_evaluated_again() -> None:
    expression = jq.compile("[range(.)] | length")
    with pytest.raises(jq.LimitExceeded):
        expression.evaluate(10**9, {})
    assert expression.evaluate(10, {}) == 10
