"""Remarks as text for people: the place, what is wrong, the line with the word underlined, and the way out."""

from collections.abc import Sequence

from crossdock.flow.lint.remarks import Remark

_WIDEST = 140  # of a shown source line; a longer one is cut around the place


def shown(remarks: Sequence[Remark], source: str) -> str:
    """The remarks about one file, each with its source line."""
    lines = source.splitlines()
    return "\n\n".join(_one(remark, lines) for remark in remarks)


def _one(remark: Remark, lines: Sequence[str]) -> str:
    head = f"{remark.file}:{remark.line}:{remark.column}: {remark.severity}: {remark.code}"
    said = [head, f"  expected {remark.expected}, found {remark.found}"]
    if 0 < remark.line <= len(lines):
        text, column = _cut(lines[remark.line - 1].replace("\t", " "), remark.column - 1, remark.length)
        number = str(remark.line)
        margin = " " * len(number)
        underline = "^" * max(1, min(remark.length, len(text) - column))
        said += [f"  {margin} |", f"  {number} | {text}", f"  {margin} | {' ' * column}{underline}"]
    said.append(f"  fix: {remark.fix}")
    return "\n".join(said)


def _cut(text: str, column: int, length: int) -> tuple[str, int]:
    if len(text) <= _WIDEST:
        return text, column
    start = max(0, min(column - 40, len(text) - _WIDEST))
    if start:
        return "…" + text[start : start + _WIDEST], column - start + 1
    return text[:_WIDEST] + "…", column
