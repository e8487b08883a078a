"""Which rows of a decision table can never hit, which hit the same, and what no row decides: where that is decidable.

Each column is cut into the fewest values that its cells can tell apart: `> 5` and `<= 10` cut numbers into five parts,
`'A'` and `'B'` cut texts into three. A row is then a box, and rows are compared by taking boxes from boxes. A cell that
is more than a comparison is a condition of its own that may hold or not: what follows from that is true whatever it
says, and a gap is reported only where no such cell is involved. Columns are taken to be independent of each other, so
that a gap may be one that cannot occur; that is why gaps are hints.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, cast

MOST_BOXES = 4000  # a table that needs more is left undecided: half a second
MOST_OVERLAPS = 20
_NUMBER = r"-?\d+(?:\.\d+)?"
_COMPARED = re.compile(rf"^(?:\$\s*)?(>=|<=|>|<|==|!=)\s*({_NUMBER})$")
_RANGE = re.compile(rf"^([\[(])\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*([\])])$")
_WORD = re.compile(r"""^(?:'([^'\\]*)'|"([^"\\]*)")$""")
_LISTED = re.compile(r"""^in\s*\[(.*)\]$""", re.DOTALL)
_UNLIKE = re.compile(r"""^!=\s*(?:'([^'\\]*)'|"([^"\\]*)")$""")


@dataclass(frozen=True, slots=True)
class Warned:
    """severity: warning or hint. row: the id of the row it is about, or ""."""

    severity: str
    code: str
    where: str
    node: str
    row: str
    expected: str
    found: str
    fix: str


# ── what a cell says ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers between two bounds; None: without end."""

    low: Decimal | None
    low_in: bool
    high: Decimal | None
    high_in: bool

    def has(self, n: Decimal) -> bool:
        above = self.low is None or n > self.low or (self.low_in and n == self.low)
        return above and (self.high is None or n < self.high or (self.high_in and n == self.high))


@dataclass(frozen=True, slots=True)
class Numbers:
    """others: what is no number meets it, too, as `!= 5` is met by a text."""

    spans: tuple[Span, ...]
    others: bool = False

    def has(self, n: Decimal) -> bool:
        return any(s.has(n) for s in self.spans)


@dataclass(frozen=True, slots=True)
class Words:
    """words: those it matches, or with `unlike` those it does not."""

    words: frozenset[str]
    unlike: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool


@dataclass(frozen=True, slots=True)
class Nothing:
    """null"""


@dataclass(frozen=True, slots=True)
class Opaque:
    text: str


Condition: TypeAlias = Numbers | Words | Truth | Nothing | Opaque


def read(text: str) -> Condition | None:
    """What a cell says; None: anything goes."""
    text = text.strip()
    if not text:
        return None
    if text in ("true", "false", "== true", "== false"):
        return Truth(text.endswith("true"))
    if text in ("null", "== null"):
        return Nothing()
    if (spans := _spans(text)) is not None:
        return Numbers(spans, others=text.startswith("!="))
    if unlike := _UNLIKE.match(text):
        return Words(frozenset({_first(unlike.groups())}), unlike=True)
    listed = _LISTED.match(text)
    parts = [p.strip() for p in (listed[1] if listed else text.removeprefix("==")).split(",")]
    words = [_WORD.match(p) for p in parts]
    if all(words):
        return Words(frozenset(_first(w.groups()) for w in words if w))
    numbers = [_spans(f"== {p}") for p in parts]
    if all(numbers):
        return Numbers(tuple(s for n in numbers for s in n or ()))
    return Opaque(text)


def _first(groups: Sequence[str | None]) -> str:
    return next(g for g in groups if g is not None)


def _spans(text: str) -> tuple[Span, ...] | None:
    if found := _RANGE.match(text):
        return (Span(Decimal(found[2]), found[1] == "[", Decimal(found[3]), found[4] == "]"),)
    if re.fullmatch(_NUMBER, text):
        text = f"== {text}"
    if " and " in text:
        both = [_spans(part.strip()) for part in text.split(" and ")]
        if any(b is None or len(b) != 1 for b in both):
            return None
        met = cast("list[tuple[Span, ...]]", both)[0][0]
        for (other,) in cast("list[tuple[Span]]", both[1:]):
            met = _meet(met, other)
        return (met,)
    found = _COMPARED.match(text)
    if found is None:
        return None
    n = Decimal(found[2])
    match found[1]:
        case ">" | ">=":
            return (Span(n, found[1] == ">=", None, False),)
        case "<" | "<=":
            return (Span(None, False, n, found[1] == "<="),)
        case "==":
            return (Span(n, True, n, True),)
        case _:
            return (Span(None, False, n, False), Span(n, False, None, False))


def _meet(a: Span, b: Span) -> Span:
    low, low_in = a.low, a.low_in
    if b.low is not None and (low is None or b.low > low or (b.low == low and not b.low_in)):
        low, low_in = b.low, b.low_in
    high, high_in = a.high, a.high_in
    if b.high is not None and (high is None or b.high < high or (b.high == high and not b.high_in)):
        high, high_in = b.high, b.high_in
    return Span(low, low_in, high, high_in)


# ── columns and boxes ───────────────────────────────────────────────────────────────────────────────────────────

Box: TypeAlias = tuple[int, ...]  # for each dimension the set of its parts, as bits


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a column's values: how it is shown, and a value out of it. low, high: of numbers, its two ends."""

    shown: str
    sample: Any
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class _Column:
    label: str
    parts: tuple[_Part, ...]

    @property
    def all(self) -> int:
        return (1 << len(self.parts)) - 1

    def mask(self, condition: Condition | None) -> int:
        if condition is None or isinstance(condition, Opaque):
            return self.all
        return sum(1 << n for n, part in enumerate(self.parts) if holds(condition, part.sample))


_OTHER = "\0other"  # stands for every text that no cell names


def holds(condition: Condition, sample: Any) -> bool:
    match condition:
        case Numbers():
            return condition.has(sample) if isinstance(sample, Decimal) else condition.others
        case Words(words, unlike):
            return (isinstance(sample, str) and sample in words) != unlike
        case Truth(value):
            return sample is value
        case Nothing():
            return sample is None
        case Opaque():
            return True


def _column(label: str, conditions: Sequence[Condition], kind: Any, words: Sequence[str] | None, *, missing: bool):
    """kind: the type that the schema states, None when it says nothing: then what the cells speak of."""
    numbers = [s for c in conditions if isinstance(c, Numbers) for s in c.spans]
    named = {w for c in conditions if isinstance(c, Words) for w in c.words}
    parts: list[_Part] = []
    if kind in ("number", "integer") or (kind is None and numbers):
        cuts = sorted({b for s in numbers for b in (s.low, s.high) if b is not None})
        parts += _between(cuts)
    if kind == "string" or (kind is None and any(isinstance(c, Words) for c in conditions)):
        parts += [_Part(f"'{w}'", w) for w in sorted({*named, *(words or ())})]
        if words is None:
            parts.append(_Part("any other text", _OTHER))
    if kind == "boolean" or (kind is None and any(isinstance(c, Truth) for c in conditions)):
        parts += [_Part("true", True), _Part("false", False)]
    if missing or any(isinstance(c, Nothing) for c in conditions):
        parts.append(_Part("nothing", None))
    return _Column(label, tuple(parts or [_Part("anything", _OTHER)]))


def _between(cuts: Sequence[Decimal]) -> list[_Part]:
    if not cuts:
        return [_Part("any number", Decimal(0))]
    parts = [_Part(f"< {cuts[0]}", cuts[0] - 1, "", f"< {cuts[0]}")]
    for n, cut in enumerate(cuts):
        parts.append(_Part(f"{cut}", cut, f">= {cut}", f"<= {cut}"))
        if n + 1 < len(cuts):
            above = cuts[n + 1]
            parts.append(_Part(f"between {cut} and {above}", (cut + above) / 2, f"> {cut}", f"< {above}"))
    return [*parts, _Part(f"> {cuts[-1]}", cuts[-1] + 1, f"> {cuts[-1]}", "")]


class _TooMany(Exception):
    pass


def _without(box: Box, others: Sequence[Box]) -> list[Box]:
    """What is left of a box. Raises _TooMany."""
    left = [box]
    for other in others:
        rest: list[Box] = []
        for one in left:
            rest += _minus(one, other)
            if len(rest) > MOST_BOXES:
                raise _TooMany
        left = rest
        if not left:
            break
    return left


def _minus(a: Box, b: Box) -> list[Box]:
    if not all(x & y for x, y in zip(a, b, strict=True)):
        return [a]
    found: list[Box] = []
    inner = list(a)
    for n, (x, y) in enumerate(zip(a, b, strict=True)):
        if outside := x & ~y:
            found.append((*inner[:n], outside, *a[n + 1 :]))
        inner[n] = x & y
    return found


# ── what is said ────────────────────────────────────────────────────────────────────────────────────────────────


def warnings(node: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Warned]:
    """Of one decision table that compiles. schema: of the input; what is computed before is not in it."""
    content: Mapping[str, Any] = node["content"]
    ident, rows = str(node["id"]), list(content.get("rules", []))
    columns, boxes, free = _boxes(content, schema)
    first = content.get("hitPolicy") == "first"
    said: list[Warned] = []
    dead: set[int] = set()

    def say(severity: str, code: str, n: int | None, expected: str, found: str, fix: str) -> None:
        where = f"/rules/{n}" if n is not None else "/rules"
        row = str(rows[n].get("_id", "")) if n is not None else ""
        said.append(Warned(severity, f"rules.{code}", where, ident, row, expected, found, fix))

    try:
        for n, box in enumerate(boxes):
            if not all(box):
                dead.add(n)
                say("warning", "impossible-row", n, "a row that can hit", "a condition that no value meets",
                    "Mend the condition that leaves nothing, or remove the row")  # fmt: skip
            elif first and not _without(box, boxes[:n]):
                dead.add(n)
                before = _named(rows, [m for m in range(n) if _meet_boxes(boxes[m], box) and m not in dead])
                say("warning", "unreachable-row", n, "a row that can hit",
                    f"everything it matches is taken by {before}",
                    "Move it above them, narrow them, or remove it")  # fmt: skip
        if first:
            for n, m in _overlaps(boxes, rows, content, dead):
                met = tuple(x & y for x, y in zip(boxes[n], boxes[m], strict=True))
                say("hint", "overlap", m, "rows that tell apart, or an order that is meant",
                    f"it and {_named(rows, [n])} both match {_shown(met, columns)}; the upper one decides",
                    "Narrow one of them where the order is not meant")  # fmt: skip
            full: Box = (*(c.all for c in columns), *([3] * free))
            gaps = [g for g in _without(full, boxes) if all(bits == 3 for bits in g[len(columns) :])]
            for gap in gaps[:5]:
                say("hint", "gap", None, "a row for every input", f"no row for {_shown(gap, columns)}",
                    "Add a row for it, or a last row without conditions")  # fmt: skip
    except _TooMany:
        say("hint", "undecided", None, "a table whose rows can be compared", "more combinations than are looked at",
            "Nothing is wrong with that; split the table to have it looked at")  # fmt: skip
    return said


def _boxes(content: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[list[_Column], list[Box], int]:
    """(columns, the box of each row, number of cells that are conditions of their own)."""
    inputs, rows = list(content.get("inputs", [])), list(content.get("rules", []))
    properties = cast("Mapping[str, Any]", schema.get("properties") or {})
    required = set(cast("Sequence[str]", schema.get("required") or ()))
    read_cells = [[_cell(row, column) for column in inputs] for row in rows]
    columns: list[_Column] = []
    for n, column in enumerate(inputs):
        name = str(column.get("field") or "")
        stated: Any = properties.get(name)
        kind = stated.get("type") if isinstance(stated, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        words: Any = stated.get("enum") if isinstance(stated, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        known = kind if isinstance(kind, str) else None
        conditions = [c for row in read_cells if (c := row[n]) is not None]
        missing = known is not None and name not in required
        label = str(column.get("name") or name)
        listed = [w for w in cast("list[Any]", words) if isinstance(w, str)] if isinstance(words, list) else None
        columns.append(_column(label, conditions, known, listed, missing=missing))
    opaque = sorted({(n, c.text) for row in read_cells for n, c in enumerate(row) if isinstance(c, Opaque)})
    boxes = [
        (
            *(column.mask(row[n]) for n, column in enumerate(columns)),
            *(1 if isinstance(c := row[n], Opaque) and c.text == text else 3 for n, text in opaque),
        )
        for row in read_cells
    ]
    return columns, boxes, len(opaque)


def _cell(row: Mapping[str, Any], column: Mapping[str, Any]) -> Condition | None:
    text = str(row.get(str(column.get("id"))) or "")
    if not column.get("field"):  # a condition that names its own inputs
        return Opaque(text) if text.strip() else None
    return read(text)


def _meet_boxes(a: Box, b: Box) -> bool:
    return all(x & y for x, y in zip(a, b, strict=True))


def _within(a: Box, b: Box) -> bool:
    return all(x & y == x for x, y in zip(a, b, strict=True))


def _overlaps(boxes: Sequence[Box], rows: Sequence[Mapping[str, Any]], content: Mapping[str, Any], dead: set[int]):
    """Pairs (upper, lower) that cross and answer differently. An exception above its rule is how tables are written."""
    outputs = [str(c.get("id")) for c in content.get("outputs", [])]
    answers = [tuple(str(r.get(o) or "") for o in outputs) for r in rows]
    found: list[tuple[int, int]] = []
    for m, lower in enumerate(boxes):
        for n in range(m):
            crossing = _meet_boxes(boxes[n], lower) and not _within(boxes[n], lower) and not _within(lower, boxes[n])
            if crossing and n not in dead and m not in dead and answers[n] != answers[m]:
                found.append((n, m))
    return found[:MOST_OVERLAPS]


def _named(rows: Sequence[Mapping[str, Any]], which: Sequence[int]) -> str:
    names = [f"row {n + 1} ({rows[n].get('_id', '')})" for n in which[:3]]
    return ", ".join(names) + (f" and {len(which) - 3} more" if len(which) > 3 else "")


def _shown(box: Box, columns: Sequence[_Column]) -> str:
    told: list[str] = []
    for bits, column in zip(box, columns, strict=False):
        if bits == column.all:
            continue
        parts = _runs([p if bits >> n & 1 else None for n, p in enumerate(column.parts)])
        told.append(f"{column.label}: {' or '.join(parts[:3])}{' …' if len(parts) > 3 else ''}")
    return "; ".join(told) or "any input"


def _runs(parts: Sequence[_Part | None]) -> list[str]:
    """As people say it: neighbours among numbers are one range."""
    found: list[str] = []
    run: list[_Part] = []
    for part in [*parts, None]:
        if part is not None and isinstance(part.sample, Decimal):
            run.append(part)
            continue
        if run:
            ends = [end for end in (run[0].low, run[-1].high) if end]
            found.append(run[0].shown if len(run) == 1 else " and ".join(ends) or "any number")
            run = []
        if part is not None:
            found.append(part.shown)
    return found
