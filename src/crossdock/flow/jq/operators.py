"""The closures that run most: field paths, arithmetic and comparison with short ways for the common kinds."""

# A JSON value is Any by nature and is looked at by its exact type, which narrows it to containers of unknown parts:
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

import operator
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, DecimalException
from typing import Any, Final, TypeAlias

from crossdock.flow.jq import values
from crossdock.flow.jq.access import field, get
from crossdock.flow.jq.limits import DIGITS, INTEGER_BOUND, METER, Env, Meter, meter_of, too_long
from crossdock.flow.jq.values import EXACT_NUMBERS, bounded, canonical

Single: TypeAlias = Callable[[Any, Env], Any]
Operation: TypeAlias = Callable[[Any, Any, Meter], Any]

_RAW: Final[dict[str, Operation]] = {
    "+": values.add,
    "-": values.subtract,
    "*": values.multiply,
    "/": values.divide,
    "%": values.remainder,
}


def _tidied(operation: Operation) -> Operation:
    def run(left: Any, right: Any, meter: Meter) -> Any:
        result = operation(left, right, meter)
        return canonical(result) if type(result) is Decimal else result

    return run


_TIDY: Final = {op: _tidied(operation) for op, operation in _RAW.items()}
_COMPARE: Final[dict[str, Operation]] = {
    "==": values.equal,
    "!=": lambda left, right, meter: not values.equal(left, right, meter),
    "<": values.less,
    ">": lambda left, right, meter: values.less(right, left, meter),
    "<=": lambda left, right, meter: not values.less(right, left, meter),
    ">=": lambda left, right, meter: not values.less(left, right, meter),
}


def arithmetic(op: str, *, tidy: bool) -> Operation:
    return (_TIDY if tidy else _RAW)[op]


def comparison(op: str) -> Operation:
    return _COMPARE[op]


def fields(base: Single | None, names: tuple[str, ...]) -> Single:
    """`.a.b.c` from the input, or from what base gives."""
    if base is None and len(names) == 1:
        name = names[0]

        def only(value: Any, env: Env) -> Any:
            return value.get(name) if type(value) is dict else field(value, name)

        return only
    if base is None:

        def path(value: Any, env: Env) -> Any:
            for name in names:
                value = value.get(name) if type(value) is dict else field(value, name)
            return value

        return path
    start = base
    if len(names) == 1:
        name = names[0]

        def member(value: Any, env: Env) -> Any:
            found = start(value, env)
            return found.get(name) if type(found) is dict else field(found, name)

        return member

    def based(value: Any, env: Env) -> Any:
        value = start(value, env)
        for name in names:
            value = value.get(name) if type(value) is dict else field(value, name)
        return value

    return based


def each_of(source: Callable[[Any, Env], Iterable[Any]], operation: Single) -> Callable[[Any, Env], Iterator[Any]]:
    return lambda value, env: (operation(item, env) for item in source(value, env))


def element(target: Single, index: int) -> Single:
    """`target[3]`"""

    def run(value: Any, env: Env) -> Any:
        container = target(value, env)
        if type(container) is list:
            return container[index] if -len(container) <= index < len(container) else None
        return get(container, index, meter_of(env))

    return run


def preferred_to(left: Single, constant: Any) -> Single:
    """`left // "a constant"`"""

    def run(value: Any, env: Env) -> Any:
        found = left(value, env)
        return constant if found is None or found is False else found

    return run


def preferred(left: Single, right: Single) -> Single:
    """`left // right`"""

    def run(value: Any, env: Env) -> Any:
        found = left(value, env)
        return right(value, env) if found is None or found is False else found

    return run


def binary(op: str, operation: Operation, left: Single, right: Single, *, tidy: bool) -> Single:
    if op in _COMPUTE:
        return _computation(op, operation, left, right, tidy=tidy)
    if op == "==":

        def equal(value: Any, env: Env) -> Any:
            y, x = right(value, env), left(value, env)
            if type(x) is str and type(y) is str:
                return x == y
            return operation(x, y, meter_of(env))

        return equal

    def other(value: Any, env: Env) -> Any:
        y, x = right(value, env), left(value, env)
        return operation(x, y, meter_of(env))

    return other


_COMPUTE: Final[dict[str, tuple[Callable[[int, int], int], Callable[[Any, Any], Decimal]]]] = {
    "+": (operator.add, values.EXACT.add),
    "-": (operator.sub, values.EXACT.subtract),
    "*": (operator.mul, values.EXACT.multiply),
}


def _computation(op: str, operation: Operation, left: Single, right: Single, *, tidy: bool) -> Single:
    """`+ - *` with short ways for two ints and for decimals; all else goes to the operation."""
    whole, fractional = _COMPUTE[op]
    adds = op == "+"

    def compute(value: Any, env: Env) -> Any:
        y, x = right(value, env), left(value, env)
        kind_x, kind_y = type(x), type(y)
        if adds and kind_x is dict and kind_y is dict:  # `$context + {…}`: how every step hands on what it learned
            meter = env.get(METER)
            if meter is not None:
                meter.spend((len(x) + len(y)) >> 6)
            return {**x, **y}
        if kind_x is int and kind_y is int:
            result = whole(x, y)
            return result if -INTEGER_BOUND < result < INTEGER_BOUND else bounded(result)
        if kind_x in EXACT_NUMBERS and kind_y in EXACT_NUMBERS:
            try:
                exact = fractional(x, y)
            except DecimalException:
                raise too_long("a number in digits", DIGITS) from None
            return canonical(exact) if tidy else exact
        return operation(x, y, meter_of(env))

    return compute


def with_constant(op: str, operation: Operation, left: Single, constant: Any) -> Single:
    """The right side is written in the expression: `.status == "open"`, `.qty > 10`."""
    kind = type(constant)
    if kind is str and op in ("==", "!="):
        wanted = op == "=="

        def same_text(value: Any, env: Env) -> bool:
            return (left(value, env) == constant) is wanted

        return same_text
    if kind is int and op in _INTEGER_COMPARE:
        compare = _INTEGER_COMPARE[op]

        def against(value: Any, env: Env) -> Any:
            x = left(value, env)
            if type(x) is int or type(x) is Decimal:
                return compare(x, constant)
            return operation(x, constant, meter_of(env))

        return against

    def run(value: Any, env: Env) -> Any:
        return operation(left(value, env), constant, meter_of(env))

    return run


_INTEGER_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def interpolation(pieces: tuple[str | Single, ...], write: Callable[[Any, Meter], str]) -> Single:
    plain = write is values.as_text

    def run(value: Any, env: Env) -> str:
        parts: list[str] = []
        for piece in pieces:
            if isinstance(piece, str):
                parts.append(piece)
                continue
            found = piece(value, env)
            if plain and type(found) is str:
                parts.append(found)
            elif plain and type(found) is int:
                parts.append(str(found))
            else:
                parts.append(write(found, meter_of(env)))
        return "".join(parts)

    return run
