"""How a table decides about one input: which row hit, and of every other row which cells did not let it.

The answer is the engine's own. Beside it every cell of every row is evaluated alone, on the values that its table saw,
so that a row above the hit shows the cell that refused, and a row below it whether it would have hit as well.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import zen

from crossdock import exactjson
from crossdock.rules.evaluation import Answer, Rulebook, RulebookError
from crossdock.rules.numbers import inward, outward
from crossdock.rules.table import Table

MOST_CELLS = 20_000
# zen's own annotations leave the type of its contexts open
_evaluate = cast("Callable[[str, dict[str, Any]], Any]", zen.evaluate_expression)  # pyright: ignore[reportUnknownMemberType]
_holds = cast("Callable[[str, dict[str, Any]], bool]", zen.evaluate_unary_expression)  # pyright: ignore[reportUnknownMemberType]


class Held(StrEnum):
    """ANY: the cell is empty. WRONG: it cannot be evaluated on this value, and so does not match."""

    YES = "yes"
    NO = "no"
    ANY = "any"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Cell:
    column: str
    text: str
    held: Held
    why: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """hit: it decided. matches: all its cells hold, whether or not a row above it decided."""

    id: str
    description: str
    hit: bool
    matches: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One table of the document. values: by column, what its cells were held against."""

    node: str
    values: Mapping[str, Any]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """computed: what expression nodes added to the input before, by name."""

    answer: Answer
    tables: tuple[Seen, ...]
    computed: Mapping[str, Any]


def trace(book: Rulebook, name: str, value: Any, version: str | None = None) -> Trace:
    """Raises RulebookError, as evaluating does."""
    answer, raw = book.traced(name, value, version)
    document = outward(book.table(name, version).document)
    hit = {h.rule for h in answer.hit}
    seen: list[Seen] = []
    computed: dict[str, Any] = {}
    for node in document["nodes"]:
        step = raw.get(str(node["id"]))
        if step is None:
            continue  # a switch went another way
        match node["type"]:
            case "expressionNode":
                output = step.get("output")
                keys = [str(e.get("key")) for e in node["content"].get("expressions", [])]
                if isinstance(output, dict):
                    there = cast("dict[str, Any]", output)
                    computed |= {k: inward(there[k]) for k in keys if k in there}
            case "decisionTableNode":
                seen.append(_table(node, step.get("input"), hit))
            case _:
                pass
    return Trace(answer, tuple(seen), computed)


def _table(node: Mapping[str, Any], given: Any, hit: set[str]) -> Seen:
    content = node["content"]
    context = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    inputs = cast("Sequence[Mapping[str, Any]]", content.get("inputs", []))
    values = {str(c["id"]): _value(c, context) for c in inputs}
    rows = cast("Sequence[Mapping[str, Any]]", content.get("rules", []))
    shown = rows[: max(1, MOST_CELLS // max(1, len(inputs)))]
    made: list[Row] = []
    for rule in shown:
        cells = tuple(_cell(c, rule, context, values[str(c["id"])]) for c in inputs)
        ident = str(rule.get("_id", ""))
        matches = all(c.held in (Held.YES, Held.ANY) for c in cells)
        made.append(Row(ident, str(rule.get("_description", "")), ident in hit, matches, cells))
    return Seen(str(node["id"]), {k: inward(v) for k, v in values.items() if v is not _FAILED}, tuple(made))


_FAILED = object()


def _value(column: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
    if not column.get("field"):
        return None
    try:
        return _evaluate(str(column["field"]), dict(context))
    except RuntimeError:
        return _FAILED


def _cell(column: Mapping[str, Any], rule: Mapping[str, Any], context: Mapping[str, Any], value: Any) -> Cell:
    ident = str(column["id"])
    text = str(rule.get(ident) or "")
    if not text.strip():
        return Cell(ident, text, Held.ANY)
    if value is _FAILED:
        return Cell(ident, text, Held.WRONG, "the column's expression has no value here")
    try:
        against = {**context, "$": value}
        held = _holds(text, against) if column.get("field") else _evaluate(text, dict(context)) is True
    except RuntimeError as e:
        return Cell(ident, text, Held.WRONG, str(e).split("\n", 1)[0][:200])
    return Cell(ident, text, Held.YES if held else Held.NO)


# ── test cases ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Tried:
    """differences: empty when it decided as expected."""

    name: str
    hit: tuple[str, ...]
    output: Mapping[str, Any]
    differences: tuple[str, ...]


def trials(book: Rulebook, table: Table, cases: Iterable[Mapping[str, Any]]) -> list[Tried]:
    """Plays the cases that stand beside a table: {name, input, hit: [rule], expect: {output: value}}."""
    told: list[Tried] = []
    for n, case in enumerate(cases):
        name = str(case.get("name") or f"case {n + 1}")
        try:
            answer = book.evaluate(table.name, case.get("input"), table.version)
        except RulebookError as e:
            told.append(Tried(name, (), {}, (str(e),)))
            continue
        hit = tuple(h.rule for h in answer.hit)
        said: list[str] = []
        if "hit" in case and list(hit) != case["hit"]:
            said.append(f"hit: expected {_list(case['hit'])}, found {_list(hit)}")
        expected = cast("Mapping[str, Any]", case.get("expect") or {})
        for key, wanted in expected.items():
            if key not in answer.output:
                said.append(f"{key}: expected {wanted!r}, found no such output")
            elif answer.output[key] != wanted:
                said.append(f"{key}: expected {_text(wanted)}, found {_text(answer.output[key])}")
        told.append(Tried(name, hit, answer.output, tuple(said)))
    return told


def _list(rules: Any) -> str:
    return ", ".join(str(r) for r in rules) if isinstance(rules, list | tuple) and rules else "no row"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _text(value: Any) -> str:
    return exactjson.text(value)[:200]
