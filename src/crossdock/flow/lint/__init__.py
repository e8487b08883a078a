"""The linter of definitions: what is wrong, what will be regretted, and where, to the column.

`lint` gives everything validation finds (errors) and what the rules in `rules` find beyond it. A comment
`# crossdock: ignore CODE` on a line, or alone on the line before, silences a warning or a hint there;
`# crossdock: ignore-file CODE` silences it in the file.
"""

from collections.abc import Collection, Sequence

from crossdock.errors import Finding
from crossdock.flow import jsonlike, program, yaml12
from crossdock.flow.dataflow import Fallback
from crossdock.flow.lint import expressions, inputs, order, practice, traps, undoing
from crossdock.flow.lint.remarks import Book, Remark
from crossdock.flow.lint.report import shown
from crossdock.flow.lint.rules import RULES, Rule, Severity

__all__ = ["RULES", "Remark", "Rule", "Severity", "lint", "shown"]


def lint(
    source: str | bytes,
    filename: str,
    functions: Collection[str] | None = None,
    fallback: Fallback = None,
    findings: Sequence[Finding] | None = None,
) -> list[Remark]:
    """All remarks in the order of the file.

    functions: names in the catalogue `crossdock`; None leaves calls of it unchecked.
    fallback: passed to jq.compile; without one, an expression outside the native subset is an error.
    findings: what a wider validation found; None asks for that of the language alone.
    """
    text = source if isinstance(source, str) else source.decode("utf-8-sig", "replace")
    parsed = yaml12.read(source, filename)
    book = Book(parsed, text)
    book.take(program.validate(source, filename, fallback) if findings is None else findings)
    traps.check(book, text)
    definition = jsonlike.mapping(parsed.value)
    if definition is not None:
        order.check(book, definition)
        practice.check(book, definition, functions)
        undoing.check(book, definition, functions)
        expressions.check(book, definition)
        inputs.check(book, definition)
    return book.settled()
