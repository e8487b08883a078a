"""Does this event pass this filter? One answer for the interpreter, the durable host and the in-memory one.

Correlation values are compared as business keys: by their text, so that the order number 4711 in one system's event
is the "4711" of another's. A missing or null value correlates with nothing.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from crossdock.flow import jq, jsonlike
from crossdock.flow.facts import Correlation, EventFilter

_NONE: Mapping[str, Any] = {}


def matches(wanted: EventFilter, event: Mapping[str, Any]) -> bool:
    """Whether the event (CloudEvent in JSON form) has the filter's attributes and correlates."""
    for name, value in wanted.attributes.items():
        if not contains(event.get(name), value):
            return False
    return all(correlates(entry, event) for entry in wanted.correlations)


def correlates(wanted: Correlation, event: Mapping[str, Any]) -> bool:
    found = key(path_value(wanted.path, event))
    return found is not None and (wanted.expect is None or found == key(wanted.expect))


def compiled_condition(condition: str) -> jq.Expression | None:
    """The condition, ready to run; None when it is not of the native subset."""
    inner = jq.strip(condition)
    return compiled(condition if inner is None else inner)


def holds(condition: str, event: Mapping[str, Any]) -> bool:
    """Whether the event's data meets a filter's condition (jq, with or without `${ }`); one that fails is not met."""
    if not condition:
        return True
    expression = compiled_condition(condition)
    if expression is None:
        return False
    try:
        found = expression.evaluate(event.get("data"), _NONE)
    except (jq.EvaluationError, RecursionError, ArithmeticError):
        return False
    return found is not None and found is not False


def path_value(path: str, event: Mapping[str, Any]) -> Any:
    """What the expression `path` yields on the event; None where it yields nothing or fails."""
    expression = compiled(path)
    if expression is None:
        return None
    try:
        return expression.evaluate(event, _NONE)
    except (jq.EvaluationError, RecursionError, ArithmeticError):
        return None


def key(value: Any) -> str | None:
    """The text of a business key: what an index of waiting listeners is made of. None correlates with nothing."""
    match value:
        case str():
            return value or None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return format(value.normalize(), "f")
        case _:
            return None


def contains(found: Any, wanted: Any) -> bool:
    """Equality, except that a mapping may have more members than wanted."""
    members = jsonlike.mapping(wanted)
    if members is not None:
        there = jsonlike.mapping(found)
        return there is not None and all(name in there and contains(there[name], v) for name, v in members.items())
    return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


@lru_cache(maxsize=1024)
def compiled(path: str) -> jq.Expression | None:
    """The path, ready to run; None when it is not of the native subset."""
    try:
        return jq.compile(path)
    except jq.ExpressionError:
        return None
