"""What is to undo a call: `metadata.crossdock.compensate: {function, arguments}`.

It is kept as written beside the call and read when something is undone, which may be never, and then in a hurry. So it
is looked at as if it were a task of its own: what it calls, its keys, and its expressions, which see the output of
the call they undo (`.` and `$output`) and nothing else, and run natively or not at all.
"""

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from crossdock.flow import jq, jsonlike
from crossdock.flow.dataflow import escape
from crossdock.flow.lint import tasks
from crossdock.flow.lint.remarks import Book
from crossdock.flow.reading import describe

PLACE: Final = "/metadata/crossdock/compensate"
_KEYS: Final = ("function", "arguments")
_NAMED: Final = re.compile(r"^(?P<name>[A-Za-z][\w.-]*?)(?::[\w.+-]+)?(?:@(?P<catalog>[\w-]+))?$")
_SEES: Final = "An undoing call sees what the call gave, as `.` and `$output`. Add what it needs to the call's output."


def check(book: Book, definition: Mapping[str, Any], functions: Collection[str] | None) -> None:
    """functions: names in the catalogue `crossdock`; None leaves what is called unchecked."""
    ours = jsonlike.mapping(jsonlike.member(definition.get("use"), "functions")) or {}
    for task in tasks.every(definition):
        told = jsonlike.mapping(jsonlike.member(task.raw.get("metadata"), "crossdock")) or {}
        undo = told.get("compensate")
        # validation says that beside anything but a call there is nothing to undo
        if undo is not None and task.kind == "call":
            _undo(book, undo, f"{task.pointer}{PLACE}", ours, functions)


def _undo(book: Book, undo: Any, here: str, ours: Collection[str], functions: Collection[str] | None) -> None:
    given = jsonlike.mapping(undo)
    if given is None:
        fix = "Write `compensate: { function: erp.cancelSalesOrder, arguments: { … } }`."
        book.add("flow.compensate", here, "a mapping of function and arguments", describe(undo), fix)
        return
    for key in given:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            fix = f"Did you mean '{near[0]}'?" if near else _no_such(key)
            book.add("flow.unknown-key", f"{here}/{escape(key)}", "a key of compensate", f"'{key}'", fix)
    if "function" not in given:
        book.add("flow.missing-key", here, "'function' in compensate", "none", "Add `function:`, what undoes the call.")
    else:
        _function(book, given["function"], f"{here}/function", ours, functions)
    arguments = given.get("arguments", {})
    if jsonlike.mapping(arguments) is None and not isinstance(arguments, str):
        fix = "Write `name: value` pairs."
        book.add("flow.kind", f"{here}/arguments", "a mapping of arguments", describe(arguments), fix)
    _expressions(book, arguments, f"{here}/arguments")


def _no_such(key: str) -> str:
    if key == "then":
        return "Remove it: an undoing call leads nowhere; the effect before is undone next."
    if key == "with":
        return "Write `arguments:`."
    return "Remove it; function and arguments are all there is."


def _function(
    book: Book, function: Any, pointer: str, ours: Collection[str], functions: Collection[str] | None
) -> None:
    found = _NAMED.match(function) if isinstance(function, str) else None
    if found is None:
        fix = "Write the name of an operation; it is not evaluated."
        book.add("flow.compensate", pointer, "the name of an operation", describe(function), fix)
    elif found["catalog"] not in {None, "crossdock", "default"}:
        fix = "Only the catalogue 'crossdock' is served."
        book.add("flow.unsupported", pointer, "a function of the catalogue", f"'{function}'", fix)
    elif functions is not None and found["name"] not in functions:
        if function in ours:
            fix = "Name the operation itself: functions of use.functions are tasks, and no task runs when undoing."
        else:
            near = difflib.get_close_matches(found["name"], functions, n=1)
            fix = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(sorted(functions))}."
        book.add("flow.unknown-catalogue-function", pointer, "a catalogue function", f"'{function}'", fix)


def _expressions(book: Book, value: Any, pointer: str) -> None:
    if isinstance(value, str):
        _expression(book, value, pointer)
    for key, item in (jsonlike.mapping(value) or {}).items():
        _expressions(book, item, f"{pointer}/{escape(key)}")
    for i, item in enumerate(jsonlike.sequence(value) or []):
        _expressions(book, item, f"{pointer}/{i}")


def _expression(book: Book, text: str, pointer: str) -> None:
    source = jq.strip(text)
    if source is None:
        if jq.left_open(text):
            fix = "Close it with }."
            book.add("flow.expression", pointer, "an expression", f"{text[:60]!r}, which is never closed", fix)
        return
    try:
        # no library stands by when something is undone
        variables = jq.compile(source).variables
    except jq.ExpressionError as wrong:
        fix = "Correct the expression; it runs natively, without the jq library."
        book.add("flow.expression", pointer, "an expression that runs when the call is undone", str(wrong), fix)
        return
    for name in sorted(variables):
        if name.removeprefix("$") != "output":
            found = f"${name.removeprefix('$')}"
            book.add("flow.unknown-variable", pointer, "a variable in scope ($output)", found, _SEES, at=found)
