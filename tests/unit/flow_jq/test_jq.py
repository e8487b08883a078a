"""Expressions by behaviour, where libjq is no judge: exact numbers, messages, what is read, what is blocked."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from crossdock.flow import jq


def first(source: str, value: Any = None, **variables: Any) -> Any:
    return jq.compile(source).evaluate(value, variables)


# numbers


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("106141412345678908 + 1", 106141412345678909),  # an SSCC-18, beyond a double
        ("123456789012345678901234567890 * 3 - 1", 370370367037037036703703703669),
        ("0.1 + 0.2", Decimal("0.3")),
        ("19.99 * 3", Decimal("59.97")),
        ("10.50 * 2", 21),
        ("7 / 2", Decimal("3.5")),
        ("6 / 2", 3),
        ("1 / 3", Decimal("0.3333333333333333333333333333")),
        ("[0.10, 0.20, 0.30] | add", Decimal("0.6")),
        ("-7 % 3", -1),
        ("pow(2; 200)", 2**200),
        ("2.5 | round", 3),
        ("-2.5 | round", -3),
        ('"106141412345678908" | tonumber', 106141412345678908),
        ('"\\(0.1 + 0.2)"', "0.3"),
        ("[1.10, 10.50 * 2] | tojson", "[1.10,21]"),
        ("16 | sqrt", 4),
    ],
)
def test_numbers_are_exact(source: str, expected: Any) -> None:
    found = first(source)
    assert (found, type(found)) == (expected, type(expected))


def test_a_float_is_read_as_the_decimal_it_shows() -> None:
    assert first(".a + .b", {"a": 0.1, "b": 0.2}) == Decimal("0.3")
    assert first(".a == .b", {"a": 0.1, "b": Decimal("0.1")}) is True


def test_true_is_not_one_and_false_is_not_zero() -> None:
    assert first("[1 == true, [0] == [false], ([true, 1] | unique | length)]") == [False, False, 2]


# results


def test_evaluate_gives_the_first_output_or_none() -> None:
    assert first(".[]", [4, 5]) == 4
    assert first("empty") is None
    assert jq.compile(".[]").evaluate_all([4, 5], {}) == [4, 5]


def test_inputs_are_never_changed() -> None:
    document = {"lines": [{"qty": 1}, {"qty": 2}], "tags": ["a"]}
    assert first(".lines[].qty += 1 | del(.tags) | .new = 1", document) == {"lines": [{"qty": 2}, {"qty": 3}], "new": 1}
    assert document == {"lines": [{"qty": 1}, {"qty": 2}], "tags": ["a"]}


def test_sums_of_arrays_leave_the_arrays_alone() -> None:
    document = [[1], [2], [3]]
    assert first("add", document) == [1, 2, 3]
    assert document == [[1], [2], [3]]


def test_variables_may_be_any_mapping_and_inner_ones_do_not_leak() -> None:
    class Variables(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return {"x": 1}[name]

        def __iter__(self) -> Any:
            return iter(("x",))

        def __len__(self) -> int:
            return 1

    expression = jq.compile("[$x, (5 as $x | $x), (def f: $x; 7 as $x | f), ([8][] as $x | $x), $x]")
    assert expression.evaluate(None, Variables()) == [1, 5, 1, 8, 1]


def test_recursion_finds_the_arguments_of_its_own_call() -> None:
    assert first("def f(g; $n): if $n == 0 then g else f(g + $n; $n - 1) end; f(100; 3)") == 106
    assert first("def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; 20 | fac") == 2432902008176640000


# what an expression tells of itself


def test_an_expression_names_the_variables_and_fields_it_reads() -> None:
    expression = jq.compile(
        "{id: .order.id, tier: $context.customer.tier, n: (.order.lines | map(.qty) | add), x: (.a as $y | $y.b)}"
    )
    assert expression.native
    assert expression.variables == {"context"}
    assert expression.fields == {".order.id", "$context.customer.tier", ".order.lines", ".order.lines[].qty", ".a"}


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("${ .a }", ".a"),
        ("${.a}", ".a"),
        ("  ${ { a: 1 } }\n", "{ a: 1 }"),
        (".a", None),
        ("x ${ .a }", None),
        ("${ .a } y", None),
        ("", None),
    ],
)
def test_strip_takes_the_inside_of_a_runtime_expression(text: str, inside: str | None) -> None:
    assert jq.strip(text) == inside


# errors


@pytest.mark.parametrize(
    ("source", "offset", "message"),
    [
        (".a +", 4, "Expected an expression, found the end of the expression (column 5)"),
        ("{a: 1", 5, "Expected ',', found the end of the expression (column 6)"),
        ("[1, 2", 5, "Expected ']', found the end of the expression (column 6)"),
        (".a b", 3, "Expected an operator or the end of the expression, found 'b' (column 4)"),
        ("1 < 2 < 3", 6, "Expected brackets: '<' cannot follow another of its kind (column 7)"),
        ('"abc', 0, "Expected '\"' that closes the string, found the end of the expression (column 1)"),
        ("if . then 1", 11, "Expected 'elif', 'else' or 'end', found the end of the expression (column 12)"),
        (".a | nonsense(1)", 5, "Expected a known function, found nonsense/1 (column 6)"),
        ("break $out", 0, "Expected a label $out around this break, found none (column 1)"),
        ("{a: 1, @json}", 7, "Expected a text after '@json', found none: a format alone is no key (column 8)"),
        ("{(1): 2}", 1, "Expected a text as object key, found another constant (column 2)"),
        ("", 0, "Expected an expression, found the end of the expression (column 1)"),
    ],
)
def test_a_wrong_expression_says_what_was_expected_and_where(source: str, offset: int, message: str) -> None:
    with pytest.raises(jq.ExpressionError) as caught:
        jq.compile(source)
    assert (caught.value.offset, str(caught.value)) == (offset, message)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (".a", 'Cannot index number with string ("a")'),
        (".[]", "Cannot iterate over number (5)"),
        ('. + "x"', 'number (5) and string ("x") cannot be added'),
        (". / 0", "number (5) and number (0) cannot be divided because the divisor is zero"),
        ("[] - {a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}",
         'array ([]) and object ({"a":[1,2,3,4,5,6,7,8,9,1...}) cannot be subtracted'),
("error({code: 1})", '{"code":1}'),
        ("false | contains(true)", "boolean (false) and boolean (true) cannot have their containment checked"),
        ("$missing", "Expected a variable $missing, found none of that name"),
    ],
)  # fmt: skip
def test_a_failing_expression_speaks_as_jq_does(source: str, message: str) -> None:
    with pytest.raises(jq.EvaluationError) as caught:
        first(source, 5)
    assert str(caught.value) == message


def test_catch_receives_the_error_value() -> None:
    assert first("try error({code: 7}) catch .code") == 7
    assert first('[.[] | try (if . == 2 then error("no") else . end) catch "caught \\(.)"]', [1, 2]) == [1, "caught no"]


@pytest.mark.parametrize(
    "source",
    ["env", "$ENV", "$ENV.PATH", "now", "input", "[inputs]", "halt", "halt_error", "input_filename", "localtime",
     '"%H" | strflocaltime("%H")', "try now catch 0", "def f: env; 1", "get_search_list"],
)  # fmt: skip
def test_nothing_outside_the_workflow_can_be_read(source: str) -> None:
    with pytest.raises(jq.ExpressionError, match="blocked"):
        jq.compile(source)


@pytest.mark.parametrize("source", ['import "a" as a; .', 'include "a"; .', "modulemeta"])
def test_modules_cannot_be_loaded(source: str) -> None:
    with pytest.raises(jq.ExpressionError):
        jq.compile(source)


def test_a_function_of_ones_own_may_have_a_blocked_name() -> None:
    assert first("def now: 5; now") == 5


# what only the library can do


class Library:
    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, dict[str, Any]]] = []

    def evaluate_all(self, source: str, value: Any, variables: Mapping[str, Any]) -> list[Any]:
        self.calls.append((source, value, dict(variables)))
        return [1, 2]


@pytest.mark.parametrize(
    "source", ["sin", ". as [$a] ?// $a | $a", 'test("\\\\bx")', 'test("(?=x)")', "[nan]", "$__loc__"]
)
def test_what_is_not_native_needs_a_fallback(source: str) -> None:
    with pytest.raises(jq.ExpressionError, match="natively"):
        jq.compile(source)
    library = Library()
    expression = jq.compile(source, library)
    assert not expression.native
    assert expression.evaluate(3, {"unused": 1}) == 1
    assert expression.evaluate_all(3, {}) == [1, 2]
    assert [call[:2] for call in library.calls] == [(source, 3), (source, 3)]


def test_the_fallback_receives_only_the_variables_that_are_read() -> None:
    library = Library()
    jq.compile("sin + $x", library).evaluate(1, {"x": 2, "secret": 3})
    assert library.calls[0][2] == {"x": 2}


def test_a_fallback_does_not_open_what_is_blocked() -> None:
    with pytest.raises(jq.ExpressionError, match="blocked"):
        jq.compile("sin | env", Library())


# regular expressions and dates


def test_classes_in_patterns_mean_unicode() -> None:
    assert first('[match("\\\\w+"; "g").string]', "Ærø 42 日本") == ["Ærø", "42", "日本"]
    assert first('gsub("\\\\s+"; " ")', "a\u00a0 b\tc") == "a b c"


def test_a_dollar_sign_also_stands_before_a_last_line_break() -> None:
    assert first('[test("a$"), test("a$"; "n"), ([match("$"; "g").offset])]', "a\n") == [True, True, [1, 2]]


def test_dates_are_written_and_read_in_utc() -> None:
    assert first("todate", 1425599621) == "2015-03-05T23:53:41Z"
    assert first("fromdate", "2015-03-05T23:53:41Z") == 1425599621
    assert first('strptime("%d %B %Y") | mktime | strftime("%A, %F")', "5 March 2015") == "Thursday, 2015-03-05"
    with pytest.raises(jq.EvaluationError, match="does not match format"):
        first('strptime("%Y")', "March")
