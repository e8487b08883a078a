"""Expressions that compile and do not say what was meant."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crossdock.flow import jq, jsonlike
from crossdock.flow.dataflow import escape
from crossdock.flow.jq import parser, syntax
from crossdock.flow.jq.syntax import Node
from crossdock.flow.lint.inputs import BARE
from crossdock.flow.lint.remarks import Book
from crossdock.flow.lint.undoing import PLACE

_CONDITIONS: Final = frozenset({"when", "exceptWhen", "if", "while", "until"})
# Texts for people and machines that are no data of the workflow.
_PROSE: Final = ("/document", "/use/catalogs")


class _Nowhere:
    """A library that is never asked: it only makes expressions compile that need one."""

    def evaluate_all(self, source: str, value: Any, variables: Mapping[str, Any]) -> list[Any]:
        raise jq.EvaluationError("nothing is evaluated here")


def check(book: Book, definition: Mapping[str, Any]) -> None:
    for pointer, key, text in _texts(definition, ""):
        inner = jq.strip(text)
        if inner is None and key not in BARE:
            if "${" in text and "}" in text.partition("${")[2] and not pointer.startswith(_PROSE):
                fix = f"Write the whole text as one expression: '${{ \"{_interpolated(text)}\" }}'."
                expected = "a text, or an expression that is all of it"
                book.add("flow.partial-expression", pointer, expected, repr(text[:60]), fix)
            continue
        source = text if inner is None else inner
        try:
            expression = jq.compile(source, _Nowhere())
            tree = parser.parse(source)
        except jq.ExpressionError:
            continue  # validation has said so
        if not expression.native and PLACE not in pointer:  # there it does not run at all, and `undoing` says so
            fix = "Say it with functions of the native subset (docs/decisions/0005-expressions.md)."
            found = f"{source[:60]!r}, which runs in the jq library"
            book.add("flow.fallback-expression", pointer, "an expression that runs natively", found, fix)
        if key in _CONDITIONS:
            _condition(book, pointer, source, tree)


def _condition(book: Book, pointer: str, source: str, tree: Node) -> None:
    if any(isinstance(node, syntax.Assign) and node.op == "=" for node in _nodes(tree)):
        fix = "Write == to compare."
        book.add("flow.assignment-as-condition", pointer, "a comparison", f"{source[:60]!r}, which assigns", fix)
        return
    # `until: false` is how one says that a listener never has enough
    meant = pointer.endswith("/until") and source in {"true", "false"}
    if not meant and not any(isinstance(node, _READS) for node in _nodes(tree)):
        fix = "Refer to the data, or remove the condition."
        book.add("flow.constant-condition", pointer, "a condition on the data", repr(source[:60]), fix)


_READS: Final = (syntax.Identity, syntax.Variable, syntax.Index, syntax.Each, syntax.Slice, syntax.Call, syntax.Format)


def _nodes(tree: Node) -> Iterator[Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(syntax.parts(node))


def _interpolated(text: str) -> str:
    """`Dear ${ .name }!` as `Dear \\(.name)!`, cut where it is long."""
    parts: list[str] = []
    rest = text[:200]
    while "${" in rest:
        before, _, after = rest.partition("${")
        inside, closed, rest = after.partition("}")
        parts += [before, f"\\({inside.strip()})" if closed else ""]
    return "".join([*parts, rest]).replace('"', '\\"')


def _texts(value: Any, pointer: str, key: str = "") -> Iterator[tuple[str, str, str]]:
    """(pointer, key it stands under, text) of every text."""
    if isinstance(value, str):
        yield pointer, key, value
    for name, item in (jsonlike.mapping(value) or {}).items():
        if name != "schema":
            yield from _texts(item, f"{pointer}/{escape(name)}", name)
    for i, item in enumerate(jsonlike.sequence(value) or []):
        yield from _texts(item, f"{pointer}/{i}", "")
