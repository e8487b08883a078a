"""Compiling and evaluating one expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import DecimalException
from typing import Any, Final, Protocol

from crossdock.flow.jq import parser, usage
from crossdock.flow.jq.compiler import Compiler, NotNative, One, check_names
from crossdock.flow.jq.faults import EvaluationError, ExpressionError, LimitExceeded
from crossdock.flow.jq.limits import METER, Meter, too_deep
from crossdock.flow.jq.scope import Scope
from crossdock.flow.jq.streams import BreakTo, Run
from crossdock.flow.jq.values import check_size

_RUNTIME_EXPRESSION: Final = re.compile(r"\s*\$\{(.*)\}\s*", re.DOTALL)


class FallbackEvaluator(Protocol):
    """Runs an expression outside this engine, within a deadline."""

    def evaluate_all(self, source: str, value: Any, variables: Mapping[str, Any]) -> list[Any]:
        """All outputs. Raises EvaluationError for an error of the expression and for a missed deadline."""
        ...


class Expression:
    """One compiled expression; may be kept and evaluated any number of times, from any thread.

    native: it runs here. Otherwise it runs in the fallback, where integers beyond 2^53 lose digits and fractions are
    binary.
    variables: names it reads, without the sign. fields: paths it reads, such as `.order.id` or `$context.tier`, as far
    as they can be told from the text.
    """

    __slots__ = ("_all", "_first", "fields", "native", "source", "variables")

    def __init__(
        self,
        source: str,
        *,
        native: bool,
        variables: frozenset[str],
        fields: frozenset[str],
        first: Callable[[Any, Mapping[str, Any]], Any],
        every: Callable[[Any, Mapping[str, Any]], list[Any]],
    ) -> None:
        self.source = source
        self.native = native
        self.variables = variables
        self.fields = fields
        self._first = first
        self._all = every

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def evaluate(self, value: Any, variables: Mapping[str, Any]) -> Any:
        """The first output, or None when there is none. Raises EvaluationError."""
        try:
            return self._first(value, variables)
        except RecursionError:
            raise too_deep() from None
        except (MemoryError, OverflowError, DecimalException) as error:
            raise LimitExceeded(f"Expected a result within bounds, found {type(error).__name__}") from None

    def evaluate_all(self, value: Any, variables: Mapping[str, Any]) -> list[Any]:
        """All outputs. Raises EvaluationError."""
        try:
            return self._all(value, variables)
        except RecursionError:
            raise too_deep() from None
        except (MemoryError, OverflowError, DecimalException) as error:
            raise LimitExceeded(f"Expected a result within bounds, found {type(error).__name__}") from None


def compile(source: str, fallback: FallbackEvaluator | None = None) -> Expression:
    """The expression, ready to run.

    Raises ExpressionError where the text is wrong, names something blocked or unknown, or needs the jq library while
    there is no fallback.
    """
    compiler = Compiler()
    try:
        tree = parser.parse(source)
        check_names(tree)
        reads = usage.read_by(tree)
    except RecursionError:  # the bounds on nesting leave room for a caller's stack, but not for any stack
        raise ExpressionError("Expected a shallower expression: too many nested parts") from None
    try:
        compiled = compiler.filter(tree, Scope())
    except RecursionError:
        raise ExpressionError("Expected a shallower expression: too many nested parts") from None
    except NotNative as part:
        if fallback is None:
            raise ExpressionError(f"Expected an expression that runs natively, found {part}") from None
        return _outside(source, reads, fallback)
    run = compiled.run
    single = isinstance(compiled, One)
    first = _first_of(run, single=single)
    every = _all_of(run, single=single)
    if compiler.loops:
        first, every = _metered(first), _metered(every)
    if compiler.amplifies:
        first, every = _checked(first), _checked(every)
    return Expression(
        source,
        native=True,
        variables=frozenset(compiler.variables),
        fields=reads.fields,
        first=first,
        every=every,
    )


def strip(text: str) -> str | None:
    """The inside of `${ … }`, or None when the text is not a runtime expression."""
    match = _RUNTIME_EXPRESSION.fullmatch(text)
    return match[1].strip() if match else None


def left_open(text: str) -> bool:
    """Whether it begins as a runtime expression does and lacks the end: it would be taken for a text."""
    text = text.strip()
    return text.startswith("${") and not text.endswith("}") and text.count("{") > text.count("}")


def _outside(source: str, reads: usage.Usage, fallback: FallbackEvaluator) -> Expression:
    def every(value: Any, variables: Mapping[str, Any]) -> list[Any]:
        return fallback.evaluate_all(source, value, {name: variables.get(name) for name in sorted(reads.variables)})

    def first(value: Any, variables: Mapping[str, Any]) -> Any:
        return next(iter(every(value, variables)), None)

    return Expression(source, native=False, variables=reads.variables, fields=reads.fields, first=first, every=every)


_Evaluate = Callable[[Any, Mapping[str, Any]], Any]


def _first_of(run: Callable[[Any, Any], Any], *, single: bool) -> _Evaluate:
    if single:
        return run

    def first(value: Any, variables: Mapping[str, Any]) -> Any:
        for output in run(value, variables):
            return output
        return None

    return first


def _all_of(run: Run, *, single: bool) -> _Evaluate:
    if single:
        return lambda value, variables: [run(value, variables)]
    return lambda value, variables: list(run(value, variables))


def _metered(evaluate: _Evaluate) -> _Evaluate:
    def run(value: Any, variables: Mapping[str, Any]) -> Any:
        try:
            return evaluate(value, {**variables, METER: Meter()})
        except BreakTo:
            raise EvaluationError("break") from None

    return run


def _checked(evaluate: _Evaluate) -> _Evaluate:
    def run(value: Any, variables: Mapping[str, Any]) -> Any:
        result = evaluate(value, variables)
        check_size(result)
        return result

    return run
