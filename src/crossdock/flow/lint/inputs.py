"""Paths into the input that its schema does not have.

A definition that declares `input.schema` says what it can rely on; a path outside of it is null when it runs, and is
most often a misspelling. What an expression yields is followed as far as it can be told: through fields, `[]`, `map`,
`select`, alternatives and constructed objects. Where it cannot, nothing is said.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from crossdock.flow import jq, jsonlike
from crossdock.flow.dataflow import escape
from crossdock.flow.jq import parser, syntax
from crossdock.flow.jq.syntax import Node
from crossdock.flow.lint import tasks
from crossdock.flow.lint.remarks import Book
from crossdock.flow.lint.tasks import Listed, Seen

# Where an expression needs no `${ }`.
BARE: Final = frozenset({"as", "from", "when", "exceptWhen", "if", "in", "while", "until"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand somewhere: one of `schemas`, whose local references are looked up in `whole`."""

    schemas: tuple[Any, ...]
    whole: Any = None


Known: TypeAlias = Shape | None  # None: anything


@dataclass(frozen=True, slots=True)
class Sees:
    """What is known of the values an expression can read."""

    dot: Known = None
    variables: Mapping[str, Known] = field(default_factory=dict[str, Known])


def check(book: Book, definition: Mapping[str, Any]) -> None:
    raw = _declared(definition.get("input"))
    whole: dict[str, Known] = {"workflow": _object({"input": raw}) if raw is not None else None}
    walker = _Walker(book, whole)
    given = walker.taken(definition.get("input"), "/input", raw, {})
    exported = any("export" in task.raw or _foreach_exports(task) for task in tasks.every(definition))
    if not exported:  # the context stays what it was at the start
        whole["context"] = given
    metadata = jsonlike.member(jsonlike.member(definition.get("document"), "metadata"), "crossdock")
    walker.texts(metadata, "/document/metadata/crossdock", Sees(given, whole))
    for i, root in enumerate(tasks.roots(definition)):
        walker.tasks(root, given if i == 0 else None)
    walker.texts(definition.get("output"), "/output", Sees(None, {**whole, "input": given}))


def _foreach_exports(task: Seen) -> bool:
    return jsonlike.member(task.raw.get("foreach"), "export") is not None


def _declared(part: Any) -> Known:
    schema = jsonlike.member(part, "schema")
    document = jsonlike.member(schema, "document")
    return None if document is None else Shape((document,), document)


class _Walker:
    """Follows the input down to the tasks that surely receive it."""

    def __init__(self, book: Book, variables: Mapping[str, Known]) -> None:
        self.book = book
        self.variables = variables

    def taken(self, part: Any, pointer: str, raw: Known, variables: Mapping[str, Known]) -> Known:
        """What `input.from` makes of the raw input."""
        raw = _declared(part) or raw
        taken = jsonlike.member(part, "from")
        if taken is None:
            return raw
        if isinstance(taken, str):
            return self.text(taken, f"{pointer}/from", Sees(raw, {**self.variables, **variables}), bare=True)
        self.texts(taken, f"{pointer}/from", Sees(raw, {**self.variables, **variables}))
        return None

    def tasks(self, found: Listed, given: Known) -> None:
        targets = {str(then) for task in found.tasks for then in _thens(task)}
        for i, task in enumerate(found.tasks):
            # the first task receives what the list does, unless something leads back to it
            first = found.branches or (i == 0 and task.name not in targets)
            self.task(task, given if first else None)

    def task(self, task: Seen, given: Known) -> None:
        here = task.pointer
        self.texts(task.raw.get("if"), f"{here}/if", Sees(given, self.variables), bare=True)
        given = self.taken(task.raw.get("input"), f"{here}/input", given, {})
        inside = Sees(given, {**self.variables, "input": given})
        after = Sees(None, {**self.variables, "input": given})
        bodies = {body.pointer for body in tasks.bodies(task)}
        for key, value in task.raw.items():
            place = f"{here}/{escape(key)}"
            match key:
                case "if" | "input":
                    pass
                case "output" | "export" | "foreach":
                    self.texts(value, place, after, skip=bodies)
                case "listen":
                    self._listen(value, place, inside)
                case "metadata":
                    # an undoing call sees the output of the call it undoes
                    ours = jsonlike.mapping(jsonlike.member(value, "crossdock")) or {}
                    told = {name: item for name, item in ours.items() if name != "compensate"}
                    self.texts(told, f"{place}/crossdock", inside)
                case _:
                    self.texts(value, place, inside, skip=bodies)
        for body in tasks.bodies(task):
            receives = task.kind in {"do", "fork"} or body.pointer.endswith("/try")
            self.tasks(body, given if receives else None)

    def _listen(self, value: Any, pointer: str, sees: Sees) -> None:
        """Of a listener only what it waits for is asked of the input; all else is asked of events."""
        for path, item in _within(value, pointer):
            if path.endswith("/expect") or ("/with/" in path and not path.endswith("/data")):
                self.texts(item, path, sees)

    def texts(
        self,
        value: Any,
        pointer: str,
        sees: Sees,
        *,
        skip: "set[str] | frozenset[str]" = frozenset(),
        bare: bool = False,
    ) -> None:
        """Every expression in a part of the definition, but not in the lists of tasks below."""
        if pointer in skip:
            return
        if isinstance(value, str):
            self.text(value, pointer, sees, bare=bare)
        elif (members := jsonlike.mapping(value)) is not None:
            for key, item in members.items():
                if key != "schema":
                    here = f"{pointer}/{escape(key)}"
                    self.texts(item, here, sees, skip=skip, bare=key in BARE and isinstance(item, str))
        else:
            for i, item in enumerate(jsonlike.sequence(value) or []):
                self.texts(item, f"{pointer}/{i}", sees, skip=skip)

    def text(self, text: str, pointer: str, sees: Sees, *, bare: bool = False) -> Known:
        inner = jq.strip(text)
        if inner is None and not bare:
            return None
        try:
            tree = parser.parse(text if inner is None else inner)
        except (jq.ExpressionError, RecursionError):
            return None

        def missing(name: str, among: list[str], how: str) -> None:
            self._missing(pointer, name, among, how)

        return _Reader(missing, sees.variables).read(tree, sees.dot)

    def _missing(self, pointer: str, name: str, among: list[str], how: str) -> None:
        near = difflib.get_close_matches(name, among, n=1)
        known = f"Known here: {', '.join(sorted(among)[:12])}." if among else "It has no fields."
        code = "flow.undeclared-input-field" if how == "open" else "flow.forbidden-input-field"
        found = f"'{name}'" if how != "scalar" else f"'{name}' of a value that has no fields"
        fix = f"Did you mean '{near[0]}'?" if near else f"{known} Correct the path, or declare it in the schema."
        self.book.add(code, pointer, "a field that the input's schema has", found, fix, at=name)


def _thens(task: Seen) -> list[Any]:
    return [
        task.raw.get("then"),
        jsonlike.member(task.raw.get("catch"), "then"),
        *(case.get("then") for _, case, _ in tasks.cases(task)),
    ]


def _within(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    for key, item in (jsonlike.mapping(value) or {}).items():
        yield f"{pointer}/{escape(key)}", item
        yield from _within(item, f"{pointer}/{escape(key)}")
    for i, item in enumerate(jsonlike.sequence(value) or []):
        yield from _within(item, f"{pointer}/{i}")


# ── what an expression yields ────────────────────────────────────────────────────────────────────────────────────


class _Reader:
    """Follows an expression over schemas; tells `missing(name, known names, how)` for each field that is not there."""

    def __init__(self, missing: Callable[[str, list[str], str], None], variables: Mapping[str, Known]) -> None:
        self._missing = missing
        self._variables = dict(variables)

    def read(self, node: Node, dot: Known) -> Known:
        match node:
            case syntax.Identity():
                return dot
            case syntax.Variable(name):
                return self._variables.get(name)
            case syntax.Index(target, key, _):
                under = self.read(target, dot)
                match key:
                    case syntax.Literal(str(name)):
                        return self._member(under, name)
                    case syntax.Literal(int()):
                        return _items(under)
                    case _:
                        self.read(key, dot)
                        return _items(under)
            case syntax.Slice(target, _, _):
                return self.read(target, dot)
            case syntax.Each(target, _):
                return _items(self.read(target, dot))
            case syntax.Pipe(left, right):
                return self.read(right, self.read(left, dot))
            case syntax.Alternative(left, right):
                return _either(self.read(left, dot), self.read(right, dot))
            case syntax.If(condition, then, otherwise):
                self.read(condition, dot)
                return _either(self.read(then, dot), self.read(otherwise, dot) if otherwise is not None else dot)
            case syntax.ObjectOf(entries):
                return self._object(entries, dot)
            case syntax.ArrayOf(body):
                inner = None if body is None else self.read(body, dot)
                return None if inner is None else Shape(({"type": "array", "items": {"shape": inner}},))
            case syntax.Call("map", (body,)):
                inner = self.read(body, _items(dot))
                return None if inner is None else Shape(({"type": "array", "items": {"shape": inner}},))
            case syntax.Call("select", (condition,)):
                self.read(condition, dot)
                return dot
            case syntax.Call(name, arguments) if name in _ON_ITEMS and len(arguments) == 1:
                self.read(arguments[0], _items(dot))
                return dot if name in _KEEPS else None
            case syntax.Call("first" | "last", ()):
                return _items(dot)
            case syntax.Bind(source, (syntax.VariablePattern(name),), body):
                outer = self._variables.get(name)
                self._variables[name] = self.read(source, dot)
                found = self.read(body, dot)
                self._variables[name] = outer
                return found
            case syntax.Bind() | syntax.Reduce() | syntax.Foreach() | syntax.Define() | syntax.Call() | syntax.Assign():
                return None  # what its parts see cannot be told
            case _:
                for part in syntax.parts(node):
                    self.read(part, dot)
                return None

    def _object(self, entries: tuple[tuple[Node, Node], ...], dot: Known) -> Known:
        members: dict[str, Known] = {}
        for key, value in entries:
            found = self.read(value, dot)
            if isinstance(key, syntax.Literal) and isinstance(key.value, str):
                members[key.value] = found
            else:
                self.read(key, dot)
                return None
        return _object(members)

    def _member(self, under: Known, name: str) -> Known:
        if under is None:
            return None
        found: list[Known] = []
        refused: list[tuple[list[str], str]] = []
        for schema in _alternatives(under):
            got = _property(schema, name)
            if isinstance(got, _Refused):
                refused.append((got.known, got.how))
            else:
                found.append(_shape(got, under.whole))
        if not found:
            known = sorted({n for names, _ in refused for n in names})
            hows = [how for _, how in refused]
            if refused:
                self._missing(name, known, "open" if "open" in hows else hows[0])
            return None
        return None if None in found else _either(*found)


# functions whose argument sees the elements; those that keep the elements as they are
_ON_ITEMS: Final = frozenset({"any", "all", "sort_by", "group_by", "unique_by", "min_by", "max_by", "map_values"})
_KEEPS: Final = frozenset({"sort_by", "unique_by"})


@dataclass(frozen=True, slots=True)
class _Refused:
    """how: forbidden (the schema is closed), scalar (a value without fields), open (not mentioned)."""

    known: list[str]
    how: str


def _object(members: Mapping[str, Known]) -> Shape:
    """What a constructed object looks like: these members and no others."""
    inner = {name: {"shape": shape} for name, shape in members.items()}
    return Shape(({"type": "object", "properties": inner, "additionalProperties": False},))


def _shape(schema: Any, whole: Any) -> Known:
    inner = jsonlike.member(schema, "shape")
    if isinstance(inner, Shape):  # what an expression built
        return inner
    return None if schema is None or schema is True or schema == {} else Shape((schema,), whole)


def _either(*shapes: Known) -> Known:
    """One of them; what is known of both only if their references mean the same."""
    if any(shape is None for shape in shapes):
        return None
    known = [shape for shape in shapes if shape is not None]
    wholes = [shape.whole for shape in known if shape.whole is not None]
    if any(whole is not wholes[0] for whole in wholes):
        return None
    return Shape(tuple(schema for shape in known for schema in shape.schemas), wholes[0] if wholes else None)


def _alternatives(shape: Shape) -> Iterator[Any]:
    """The schemas one by one, with references and `anyOf`, `oneOf` followed."""
    waiting = [(schema, 0) for schema in shape.schemas]
    while waiting:
        schema, depth = waiting.pop(0)
        given = jsonlike.mapping(schema)
        if given is None or depth > 20:
            yield True
        elif isinstance(reference := given.get("$ref"), str):
            waiting.append((_referred(shape.whole, reference), depth + 1))
        elif "anyOf" in given or "oneOf" in given:
            options = jsonlike.sequence(given.get("anyOf") or given.get("oneOf")) or []
            waiting += [(option, depth + 1) for option in options]
        else:
            yield given


def _referred(whole: Any, reference: str) -> Any:
    if not reference.startswith("#/"):
        return True
    for part in reference[2:].split("/"):
        whole = jsonlike.member(whole, part.replace("~1", "/").replace("~0", "~"))
    return True if whole is None else whole


def _property(schema: Any, name: str) -> Any:
    """The schema of a field; True when anything may stand there; a refusal."""
    given = jsonlike.mapping(schema)
    if given is None or given.keys() & {"allOf", "if", "patternProperties", "dependentSchemas", "not", "$dynamicRef"}:
        return True
    kind = given.get("type")
    kinds = {kind} if isinstance(kind, str) else set(kind or ())
    if kinds and "object" not in kinds:
        return _Refused([], "scalar") if not kinds & {"null"} else True
    properties = jsonlike.mapping(given.get("properties"))
    if properties is not None and name in properties:
        return properties[name]
    rest = given.get("additionalProperties", given.get("unevaluatedProperties"))
    if rest is False:
        return _Refused(list(properties or ()), "forbidden")
    if rest is not None:
        return rest
    if properties is None or name in (given.get("required") or ()):
        return True
    return _Refused([*properties, *(given.get("required") or ())], "open")


def _items(shape: Known) -> Known:
    """What stands in an array, or under the keys of an object."""
    if shape is None:
        return None
    found: list[Known] = []
    for schema in _alternatives(shape):
        given = jsonlike.mapping(schema)
        if given is None or "items" not in given or "prefixItems" in given:
            return None
        found.append(_shape(given["items"], shape.whole))
    return None if None in found or not found else _either(*found)
