"""Property: an expression gives here what it gives in libjq, or fails in both.

Intended differences, kept out of what is generated or evened out before comparing:
- numbers are exact here and doubles there: values stay where doubles are exact (small integers, quarters; up to 2^53
  where nothing is computed), and division is by powers of two;
- there is no negative zero here;
- the wording of errors that come from reading JSON or regular expressions, so `catch` handlers give a constant;
- `nan` and what is blocked (`env`, `now`, `input`, …);
- a computed pattern that RE2 has no equal for;
- `todate` of a year before 1 or after 9999;
- more than 200 nested levels;
- what `path(f)` makes of a computed value: an error in both, but libjq's jq-defined functions (`scan`, `to_entries`, …)
  raise it from within, where a `?` inside f swallows it. So what is pointed at comes from `POINTERS`;
- a variable where a path is wanted: an error here; there it passes when its value is the very input (`$v | ($v) |= .`),
  so what is pointed at holds no bare variable;
- `last(f)`, `reduce` and `foreach` as paths: an error there, the path of their result here.
"""

import os
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

import jq as library
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from crossdock.flow import jq

# documents


def quarters(n: int) -> int | Decimal:
    value = Decimal(n) / 4
    return int(value) if value == int(value) else value


KEYS = st.sampled_from(["a", "b", "c", "key", "value", "name", "é", "x y"])
TEXTS = st.one_of(
    st.sampled_from(
        ["", "a", "b", "abc", "a,b", "x y", "Ünïcode", "日本", "1", "0.25", " pad ", "aXbX", "null", '"', "😀"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4),
)
SMALL = st.one_of(st.integers(-9, 20), st.integers(-40, 40).map(quarters))
WIDE = st.one_of(SMALL, st.integers(-(2**53), 2**53))


def documents(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    leaves = st.one_of(st.none(), st.booleans(), numbers, TEXTS)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
        max_leaves=8,
    )


# expressions

ATOMS = [
    ".", ".a", ".b", ".a.b", ".a?", ".[0]", ".[-1]?", ".[]", ".[]?", ".a[]?", '.["key"]', ".[1:]?", ".[:-1]?",
    ".[1:2]", "..", "1", "2", "0", "-1", "0.25", '"a"', '"abc"', '"x y"', "null", "true", "false", "[]", "{}", "$v",
    "$w", "empty", "[1,2,3]", '{"a":1}', "[.[]?]", "length?", "keys?", "not", "type", "tojson", "tostring", "first?",
    "last?", "add?", "[paths]", "(.a, .b)", "(1, 2)", "ascii_downcase?", "to_entries?", "from_entries?", "reverse?",
    "sort?", "unique?", "min?", "max?", "flatten?", "any?", "all?", "tonumber?", "explode?", "[range(3)]",
    "transpose?", "[..]", "values", "nulls", "strings", "numbers", "arrays", "objects", "scalars", "iterables",
    "booleans", "@json", "@text", "@html", "@uri", "@base64", "@csv?", "@tsv?", "@sh?", "trim?", "utf8bytelength?",
    "floor?", "ceil?", "round?", "abs?", "fabs?", "keys_unsorted?", "[splits(\",\")]?", "ascii_upcase?", "error?",
    "has(\"a\")?", "has(0)?", "tojson|fromjson", "[tostream]", "[limit(3; .[]?)]", "combinations?", "isempty(.[]?)",
    "implode?", "$v.a?", "ltrimstr(\"a\")?", "[match(\"[a-z]\"; \"g\").string]?", "test(\"b\")?",
    "sub(\"(?<l>[a-z])\"; \"<\\(.l)>\")?", "gsub(\"a|X\"; \"-\")?", "[scan(\"[a-z]\")]?", "split(\",\")?",
    "join(\",\")?", "getpath([\"a\",\"b\"])?", "tojson|length", "[splits(\"X\"; \"i\")]?",
    "capture(\"(?<first>.)(?<second>.)?\")?", "rindex(\"a\")?", "index(\"a\")?", "indices(1)?", "(1425599621|todate)",
    "(\"2015-03-05T23:51:47Z\"|fromdate)", "(0|gmtime)", "walk(.)", "del(.a)?", "del(.[0])?",
]  # fmt: skip
UNARY = [
    "map({})", "map({})?", "select({})", "[{}]", "({})", "({} | not)", "-({})", "try ({})", 'try ({}) catch "caught"',
    "[.[]? | {}]", "map_values({})", "sort_by({})?", "group_by({})?", "unique_by({})?", "min_by({})?", "max_by({})?",
    "any({})?", "all({})?", "first({})", "last({})", "[limit(2; {})]", "isempty({})", "with_entries({})?",
    "[paths({})]", "[limit(4; recurse({}))]", "[limit(8; recurse({}; type == \"number\"))]",
    "[limit(8; while(length? // 0 | . < 3; {}))]", "add({})?", '"<\\({})>"', '@json "<\\({})>"', '@base64 "\\({})"',
    "{{a: {}}}", "{{a: {}, b: 1}}", '{{"k": {}, $v}}', "{{(\"a\", \"b\"): {}}}",
    "reduce ({}) as $x (0; . + ($x | length? // 0))", "[foreach ({}) as $x (null; $x; [.])]", "({}) as $x | [$x, .]",
    "({}) as [$x] | $x", "({}) as {{a: $x}} | $x", "({}) as {{$a, b: [$b]}} | [$a, $b]", "def f: {}; f",
    "def f(g): g | g; f({})", "def f($x): [$x, x]; f({})", "tojson | {}", "[label $out | ({}, break $out, 1)]",
    "if {} then 1 else 2 end", "if {} then . end", "to_entries? | {}",
    "[until(type != \"number\" or . > 10; . + 3)?, {}]", "[.[]?, {}]", "walk({})?", "has({})?", "contains({})?",
    "inside({})?", "index({})?", "indices({})?", "getpath([{}])?", "[range({})?]", "flatten({})?", "startswith({})?",
    "ltrimstr({})?", "join({})?", "split({})?", "nth({})?", ".[{}]?", ".[{}:]?", ".[:{}]?", "ascii_downcase? | {}",
    "[.[{}]?]", "bsearch({})?", "in({{\"a\": 1}})? , {}", "tostring | {}", "[skip(1; {})]", "IN({})", "[{}] | add?",
    "map({}) | add?", "[{}] | length", "[{}] | sort", "[{}] | unique", "[.[]? | select({})]", "map(select({}))?",
    "fromjson? | {}", "(.a | {})?", "setpath([\"a\"]; {})?", "setpath([0]; {})?", "(({}) | tojson)",
    "[{}] | transpose?",
]  # fmt: skip
BINARY = [
    "{} | {}", "{}, {}", "({}) + ({})", "({}) - ({})", "({}) * ({})", "({}) == ({})", "({}) != ({})", "({}) < ({})",
    "({}) <= ({})", "({}) > ({})", "({}) >= ({})", "({}) and ({})", "({}) or ({})", "({}) // ({})", "[({}) | {}]",
    "try ({}) catch ({} | \"caught\")", "{{a: ({}), b: ({})}}", "if {} then {} else 0 end",
    "reduce ({}) as $x (.; ({}) | . as $y | [$y, $x])", "[foreach ({}) as [$x] (0; {}; [., $x])]",
    "({}) as $x | ({})", '"\\({}) \\({})"', "[limit(1; {}), {}]", "first({}, {})", "[.[{}:{}]?]", "any({}; {})",
    "all({}; {})", "def f: {}; ({}) | f", "def f(g; $x): g + $x; f({}; {})?", "[range({}; {})?]", "({}) % ({})",
    "sub(\"a|X\"; {}, {})?", "({}) as {{$a}} | ({})", "setpath([\"a\", {}]; {})?", "[splits(\"X|,\"; \"i\") | {}, {}]?",
    "({}) / 2 | {}",
    "IN({}; {})", "[while(type == \"number\" and . < 5; . + 1)] | {}, {}",
]  # fmt: skip
POINTERS = [
    ".", ".a", ".a.b", ".[0]", ".[]", ".[]?", "..", "(.a, .b)", "(.a // .b)", "first(.[]?)", ".[1:]", ".[:-1]?",
    ".[-1]", 'getpath(["a", "b"])', "(if .a? then .a else . end)", "limit(1; .[]?)", "empty", ".a?",
    "(.[]? | numbers)", "recurse", "(.. | numbers)", "(.a | .[0])?", ".[]?.a?", "(try .a)", ".b[1]?",
    '(("a", "b") as $k | .[$k])', "nth(1; .[]?)", "(label $f | (.[]?, break $f))", "(.[]? | values)",
    "(def p: .a?; p)", "(def q(f): f | f; q(.[]?))", "(def r($k): .[$k]?; r(0, 1))", "skip(1; .[]?)",
    "recurse(.[]?; true)", "error?", ".[0:2]?", "until(type != \"array\" or . == []; .[0])", "keys?", "1", "[$v]",
]  # fmt: skip
POINTING = [
    "({p}) |= ({e})", "({p}) = ({e})", "({p}) += ({e})", "({p}) -= ({e})", "({p}) //= ({e})", "({p}) *= ({e})",
    "del({p})", "[path({p})]", "pick({p})?", "[paths | select({e})]", "({p} | {p}) |= ({e})", "del({p}, {p})",
    "[path({p} | select({e}))]", "({p} // {p}) = ({e})", "[path(if {e} then {p} else {p} end)]",
    "del({p} | select({e}))", "[path(first({p}, {p}))]", "reduce path({p}) as $x (.; delpaths([$x]))",
    "[getpath(path({p}))]", "({p} | select({e})) |= empty", "to_entries? | {e}", "({p})? = ({e})", "(({p}) | {e})",
    "limit(1; {p}) |= ({e})", "({p}) |= (., {e})", "({p}) |= empty", "({p}) %= ({e})",
]  # fmt: skip
UNCOMPUTED = re.compile(
    r"[-+*%/]|add|abs|length|floor|ceil|round|tonumber|fromjson|range|recurse|foreach|reduce|gmtime|date"
)


def expressions(atoms: list[str], unary: list[str], binary: list[str], pointing: list[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(atoms),
        lambda inner: st.one_of(
            st.builds(str.format, st.sampled_from(unary), inner),
            st.builds(str.format, st.sampled_from(binary), inner, inner),
            st.builds(
                lambda text, pointer, value: text.format(p=pointer, e=value),
                st.sampled_from(pointing),
                st.sampled_from(POINTERS),
                inner,
            ),
        ),
        max_leaves=5,
    )


COMPUTING = expressions(ATOMS, UNARY, BINARY, POINTING)
ARRANGING = expressions(
    *([text for text in part if not UNCOMPUTED.search(text)] for part in (ATOMS, UNARY, BINARY, POINTING))
)


# comparing

VARIABLES: dict[str, Any] = {"v": {"a": 1, "b": [2, "two"]}, "w": "word"}


@lru_cache(maxsize=64)
def library_program(source: str) -> Any:
    # the library fixes variables when it compiles
    return library.compile(source, args=VARIABLES)


def in_library(source: str, document: Any) -> list[Any] | str:
    try:
        return library_program(source).input_value(as_floats(document)).all()
    except ValueError as error:
        return f"fails: {error}"


def here(expression: jq.Expression, document: Any) -> list[Any] | str:
    try:
        return expression.evaluate_all(document, VARIABLES)
    except jq.EvaluationError as error:
        return f"fails: {error}"


def as_floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    return value


def comparable(value: Any) -> Any:
    """Numbers by value, objects with their order, text without negative zeros."""
    match value:
        case bool() | None:
            return value
        case int() | float() | Decimal() if abs(value) > 2**53:
            return ("number", float(value))  # exact here, and a double there
        case int() | float() | Decimal():
            return ("number", Decimal(repr(value) if isinstance(value, float) else value).normalize() + 0)
        case str():
            return re.sub(r"-0(?![.\d])", "0", value)
        case list():
            return [comparable(item) for item in value]
        case _:
            return ("object", [(comparable(key), comparable(item)) for key, item in value.items()])


def agree(source: str, documents_: list[Any]) -> None:
    try:
        expression = jq.compile(source)
    except jq.ExpressionError:
        with pytest.raises(ValueError, match="compile error"):
            library_program(source)
        return
    for document in documents_:
        before = comparable(document)
        ours, theirs = here(expression, document), in_library(source, document)
        if isinstance(theirs, str) or isinstance(ours, str):
            assert isinstance(theirs, str), (source, document, ours, theirs)
            assert isinstance(ours, str), (source, document, ours, theirs)
        else:
            assert comparable(ours) == comparable(theirs), (source, document, ours, theirs)
        assert comparable(document) == before, f"{source} changed its input"


SETTINGS = settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)


@SETTINGS
@given(COMPUTING, st.lists(documents(SMALL), min_size=5, max_size=5))
def test_an_expression_that_computes_agrees_with_libjq(source: str, documents_: list[Any]) -> None:
    agree(source, documents_)


@settings(SETTINGS, max_examples=300)
@given(ARRANGING, st.lists(documents(WIDE), min_size=5, max_size=5))
def test_an_expression_that_only_arranges_agrees_with_libjq_up_to_2_to_the_53(
    source: str, documents_: list[Any]
) -> None:
    agree(source, documents_)


# `make test-expressions`: 200,000 pairs. A failing round is found again with its CROSSDOCK_SEED and its number.
SEED = int(os.environ.get("CROSSDOCK_SEED", "1"))


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(40))
def test_5_000_more_pairs_agree_with_libjq(turn: int) -> None:
    number = SEED * 1000 + turn

    @seed(number)
    @settings(SETTINGS, max_examples=700, database=None)
    @given(COMPUTING, st.lists(documents(SMALL), min_size=5, max_size=5))
    def computing(source: str, documents_: list[Any]) -> None:
        agree(source, documents_)

    @seed(number)
    @settings(SETTINGS, max_examples=300, database=None)
    @given(ARRANGING, st.lists(documents(WIDE), min_size=5, max_size=5))
    def arranging(source: str, documents_: list[Any]) -> None:
        agree(source, documents_)

    computing()
    arranging()
