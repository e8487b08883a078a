"""How data moves: expressions, templates with expressions inside, schemas, and the variables they see.

Everything is compiled once, when the definition is loaded. A value is treated as immutable from the moment it enters:
constant parts of a template and passed-on documents are shared, never copied.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, TypeAlias, cast
from urllib.parse import quote

import jsonschema
from jsonschema.validators import Draft202012Validator, extend  # pyright: ignore[reportUnknownVariableType]

from crossdock.flow import durations, faults, jq, jsonlike
from crossdock.flow.facts import Error

Variables: TypeAlias = Mapping[str, Any]
Fallback: TypeAlias = Any  # what jq.compile takes for expressions outside the native subset

NONE: Variables = {}
# "$context, $input, $output, $secrets, $task, $workflow, $runtime, $authorization": the arguments every runtime gives.
STANDARD = ("context", "input", "output", "task", "workflow", "runtime", "secrets", "authorization")


@dataclass(frozen=True, slots=True)
class Template:
    """A value of the definition, ready to be evaluated: a constant, an expression, or a structure that holds some.

    needs: the names of variables that its expressions read, so that only those are prepared.
    """

    needs: frozenset[str]
    evaluate: Callable[[Any, Variables], Any]
    constant: bool
    source: Any  # as written


def constant(value: Any) -> Template:
    return Template(frozenset(), lambda _value, _variables: value, True, value)


class Compiler:
    """Compiles expressions; reports the ones that do not parse through `problem(pointer, source, message)`."""

    def __init__(self, problem: Callable[[str, str, str], None], fallback: Fallback = None) -> None:
        self._problem = problem
        self._fallback = fallback
        self.native = True
        self._read: list[tuple[str, frozenset[str]]] = []

    def read_since(self) -> list[tuple[str, frozenset[str]]]:
        """(pointer, variables) of every expression compiled since this was last asked."""
        read, self._read = self._read, []
        return read

    def expression(self, source: Any, pointer: str) -> Template:
        """An expression with or without `${ }`, as in `when`, `if`, `in`, `while`."""
        text = str(source)
        inner = jq.strip(text)
        return self._expression(text if inner is None else inner, pointer, source)

    def template(self, value: Any, pointer: str) -> Template:
        """Any value; texts of the form `${ … }` are expressions, everything else is literal."""
        if isinstance(value, str):
            inner = jq.strip(value)
            if inner is None and jq.left_open(value):
                self._problem(pointer, value, "it begins with ${ and never ends: the closing } is missing")
            return constant(value) if inner is None else self._expression(inner, pointer, value)
        if (members := jsonlike.mapping(value)) is not None:
            return self._mapping(members, pointer)
        if (items := jsonlike.sequence(value)) is not None:
            return self._sequence(items, pointer)
        return constant(value)

    def shape(self, value: Any, pointer: str) -> Template:
        """`as` and `from`: a text is an expression even without `${ }`, a structure is a template."""
        return self.expression(value, pointer) if isinstance(value, str) else self.template(value, pointer)

    def _expression(self, source: str, pointer: str, written: Any) -> Template:
        try:
            compiled = jq.compile(source, self._fallback)
        except jq.ExpressionError as error:
            self._problem(pointer, source, str(error))
            return constant(None)
        self.native = self.native and compiled.native
        needs = frozenset(name.removeprefix("$") for name in compiled.variables)
        self._read.append((pointer, needs))
        run = compiled.evaluate

        def evaluate(value: Any, variables: Variables) -> Any:
            try:
                return run(value, variables)
            except jq.EvaluationError as error:
                raise faults.expression(f"{source}: {error}"[:2000]) from error
            except (RecursionError, OverflowError, ArithmeticError) as error:
                raise faults.expression(f"{source}: {type(error).__name__}"[:2000]) from error

        return Template(needs, evaluate, False, written)

    def _mapping(self, value: dict[str, Any], pointer: str) -> Template:
        parts = {k: self.template(v, f"{pointer}/{escape(k)}") for k, v in value.items()}
        if all(part.constant for part in parts.values()):
            return constant(value)
        needs = frozenset[str]().union(*(part.needs for part in parts.values()))
        pairs = tuple((k, part.evaluate) for k, part in parts.items())
        return Template(needs, lambda v, variables: {k: f(v, variables) for k, f in pairs}, False, value)

    def _sequence(self, value: list[Any], pointer: str) -> Template:
        parts = [self.template(v, f"{pointer}/{i}") for i, v in enumerate(value)]
        if all(part.constant for part in parts):
            return constant(value)
        needs = frozenset[str]().union(*(part.needs for part in parts))
        functions = tuple(part.evaluate for part in parts)
        return Template(needs, lambda v, variables: [f(v, variables) for f in functions], False, value)


def escape(key: str) -> str:
    """A key as JSON pointer segment (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def truthy(value: Any) -> bool:
    return value is not None and value is not False  # jq's truth: everything but null and false


def duration(template: Template, value: Any, variables: Variables) -> Any:
    """The timedelta a duration template yields. Raises an expression error when it is no duration."""
    result = template.evaluate(value, variables)
    parsed = durations.parse(result)
    if parsed is None:
        raise faults.expression(f"Expected a duration ({{ minutes: 5 }} or PT5M), found {str(result)[:100]!r}.")
    return parsed


_PLACE = re.compile(r"\{([A-Za-z_][\w.-]*)\}")


def endpoint(uri: str, value: Any) -> str:
    """A URI template with its `{name}` places filled from the top-level members of the task's input (RFC 6570)."""
    if "{" not in uri:
        return uri

    def fill(found: re.Match[str]) -> str:
        item = jsonlike.member(value, found[1])
        if item is None or isinstance(item, dict | list):
            raise faults.expression(f"Expected a plain value '{found[1]}' in the task's input for {uri}, found none.")
        if isinstance(item, bool):
            item = "true" if item else "false"
        return quote(str(item), safe="")

    return _PLACE.sub(fill, uri)


def moment(at: datetime) -> dict[str, Any]:
    """A dateTimeDescriptor of the language."""
    utc = at.astimezone(timezone.utc)  # noqa: UP017
    ms = int(utc.timestamp() * 1000)
    return {
        "iso8601": utc.isoformat().replace("+00:00", "Z"),
        "epoch": {"seconds": ms // 1000, "milliseconds": ms},
    }


# ── schemas ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_integer(_checker: Any, value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, Decimal) and value == value.to_integral_value())


_exact_types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
# jsonschema makes its validator classes at run time, so they have no static type.
_validator_class = cast("Any", extend(Draft202012Validator, type_checker=_exact_types))


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema of the definition; `check` raises a validation error that names each wrong place."""

    _validator: Any

    def check(self, value: Any, what: str) -> None:
        if self._validator.is_valid(value):
            return
        problems: list[str] = []
        for error in self._validator.iter_errors(value):
            place = "/" + "/".join(str(p) for p in error.absolute_path)
            problems.append(f"{place.rstrip('/') or '/'}: {str(error.message)[:200]}")
            if len(problems) == 10:  # enough to act on; a document can be wrong in thousands of places
                break
        raise faults.validation(f"{what} does not fit its schema. " + "; ".join(problems))


def errors(document: Any, value: Any) -> list[jsonschema.ValidationError]:
    """Everything wrong with a value by a JSON Schema, with the exact numbers of this program."""
    return sorted(_validator_class(document).iter_errors(value), key=lambda e: [str(p) for p in e.absolute_path])


def schema(document: Any) -> Schema | str:
    """The compiled schema, or why it is not one."""
    try:
        _validator_class.check_schema(document)
    except jsonschema.SchemaError as error:
        return str(error.message)[:200]
    return Schema(_validator_class(document))


def instance(error: Error, pointer: str) -> Error:
    """The error with its origin set, if nobody set it yet."""
    if error.instance:
        return error
    return Error(error.type, error.status, error.title, error.detail, pointer, error.extra)
