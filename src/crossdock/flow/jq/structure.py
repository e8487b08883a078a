"""The parts of a tree that mean the same for values and for paths, built over streams.py.

A `Mode` says how a part is read as things (`step`) and how as plain values (`values`): in value mode the two are one,
in path mode a thing is a pair (path, value).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

from crossdock.flow.jq import streams, syntax
from crossdock.flow.jq.faults import ExpressionError
from crossdock.flow.jq.limits import CALL_FRAMES, FAR, FRAMES, METER, Env, too_deep
from crossdock.flow.jq.scope import Argument, Defined, Parameter, Scope
from crossdock.flow.jq.streams import Binder, Run, Values, choose

if TYPE_CHECKING:
    from crossdock.flow.jq.compiler import Compiler
    from crossdock.flow.jq.syntax import Node

__all__ = ["FORMS", "VALUES", "Mode", "choose", "defined"]


class Mode(Protocol):
    empty: Any

    def step(self, compiler: Compiler, node: Node, scope: Scope) -> Run: ...
    def values(self, compiler: Compiler, node: Node, scope: Scope) -> Values: ...
    def value_of(self, thing: Any) -> Any: ...
    def lift(self, value: Any) -> Any: ...
    def of(self, body: Defined | Argument) -> Run | None: ...
    def keep(self, body: Defined | Argument, run: Run) -> None: ...


class _Values:
    """A thing is a value."""

    empty: Any = None

    def step(self, compiler: Compiler, node: Node, scope: Scope) -> Run:
        return compiler.many(node, scope)

    values = step

    def value_of(self, thing: Any) -> Any:
        return thing

    def lift(self, value: Any) -> Any:
        return value

    def of(self, body: Defined | Argument) -> Run | None:
        return body.values

    def keep(self, body: Defined | Argument, run: Run) -> None:
        body.values = run

    def build(self, compiler: Compiler, node: Node, scope: Scope) -> Run:
        return build(self, compiler, node, scope)

    def invoke(self, compiler: Compiler, meaning: Defined | Parameter, node: syntax.Call, scope: Scope) -> Run:
        return invoke(self, compiler, meaning, node, scope)


VALUES: Final = _Values()


def build(mode: Mode, compiler: Compiler, node: Node, scope: Scope) -> Run:
    """The run of a structural part; anything else is a mistake of the caller."""
    match node:
        case syntax.Pipe(left, right):
            return streams.pipe(mode.step(compiler, left, scope), mode.step(compiler, right, scope))
        case syntax.Comma(parts):
            return streams.comma([mode.step(compiler, part, scope) for part in parts])
        case syntax.If(condition, then, otherwise):
            return streams.choose(
                mode.values(compiler, condition, scope),
                mode.step(compiler, then, scope),
                mode.step(compiler, otherwise or syntax.Identity(), scope),
            )
        case syntax.Alternative(left, right):
            return streams.alternative(
                mode.step(compiler, left, scope), mode.step(compiler, right, scope), mode.value_of
            )
        case syntax.Try(body, handler):
            caught = None if handler is None else compiler.many(handler, scope)
            return streams.attempt(mode.step(compiler, body, scope), caught, mode.lift)
        case syntax.Bind(source, patterns, body):
            binder, inner = _binder(compiler, patterns, scope)
            return streams.bind(mode.values(compiler, source, scope), binder, mode.step(compiler, body, inner))
        case syntax.Reduce(source, patterns, start, update):
            compiler.amplifies = compiler.loops = True
            binder, inner = _binder(compiler, patterns, scope)
            return streams.reduce(
                mode.values(compiler, source, scope),
                binder,
                mode.step(compiler, start, scope),
                mode.step(compiler, update, inner),
                mode.empty,
            )
        case syntax.Foreach(source, patterns, start, update, extract):
            compiler.amplifies = compiler.loops = True
            binder, inner = _binder(compiler, patterns, scope)
            return streams.foreach(
                mode.values(compiler, source, scope),
                binder,
                mode.step(compiler, start, scope),
                mode.step(compiler, update, inner),
                None if extract is None else mode.step(compiler, extract, inner),
                mode.empty,
            )
        case syntax.Label(name, body):
            key = compiler.key("label " + name)
            return streams.label(key, mode.step(compiler, body, scope.with_label(name, key)))
        case syntax.Break(name, offset):
            if name not in scope.labels:
                raise ExpressionError(f"Expected a label ${name} around this break, found none", offset)
            return streams.break_to(scope.labels[name])
        case syntax.Define(function, body):
            return mode.step(compiler, body, defined(function, scope))
        case syntax.Call():
            return FORMS[node.name, len(node.arguments)](mode, compiler, node.arguments, scope)
        case _:
            raise AssertionError(node)


def _binder(compiler: Compiler, patterns: tuple[syntax.Pattern, ...], scope: Scope) -> tuple[Binder, Scope]:
    from crossdock.flow.jq.compiler import NotNative, binder

    pattern, *alternatives = patterns
    if alternatives:
        raise NotNative("the alternative patterns of '?//'")
    return binder(compiler, pattern, scope)


# functions


def defined(function: syntax.Function, scope: Scope) -> Scope:
    """The scope in which the function is known, to itself too."""
    body = Defined(function, scope)
    arity = len(function.parameters)
    inner = scope.with_function(function.name, arity, body)
    body.scope = inner
    return inner


def invoke(mode: Mode, compiler: Compiler, meaning: Defined | Parameter, node: syntax.Call, scope: Scope) -> Run:
    compiler.loops = compiler.amplifies = True
    if isinstance(meaning, Parameter):
        return _argument_call(mode, compiler, meaning.key)
    return _function_call(mode, compiler, meaning, node, scope)


def _argument_call(mode: Mode, compiler: Compiler, key: str) -> Run:
    def run(thing: Any, env: Env) -> Iterable[Any]:
        argument: Argument = env[key]
        body = mode.of(argument)
        if body is None:
            body = mode.step(compiler, argument.node, argument.scope)
            mode.keep(argument, body)
        frames = env.get(FRAMES, 0) + argument.frames
        if frames > CALL_FRAMES:
            raise too_deep()
        return body(thing, {**argument.env, FRAMES: frames})

    return run


def _function_call(mode: Mode, compiler: Compiler, function: Defined, node: syntax.Call, scope: Scope) -> Run:
    _prepare(mode, compiler, function)
    by_name: list[tuple[str, Node, Run, int]] = []
    by_value: list[tuple[str, Values]] = []
    for parameter, key, argument in zip(function.function.parameters, function.keys, node.arguments, strict=True):
        before, compiler.deepest = compiler.deepest, compiler.depth
        values = compiler.many(argument, scope)
        by_name.append((key, argument, values, compiler.deepest - compiler.depth + 1))
        compiler.deepest = max(before, compiler.deepest)
        if parameter.startswith("$"):
            by_value.append((parameter + key, mode.values(compiler, argument, scope)))

    def run(thing: Any, env: Env) -> Iterator[Any]:
        env[METER].spend(1)
        frames = env.get(FRAMES, 0) + function.frames
        if frames > CALL_FRAMES:
            raise too_deep()
        inner = {**env, FRAMES: frames}
        for key, argument, values, height in by_name:
            inner[key] = Argument(argument, scope, values, env, height)
        body = mode.of(function)
        assert body is not None
        if not by_value:
            if frames < FAR:
                yield from body(thing, inner)
                return
            # far down, what an output costs is its way up
            for output in body(thing, inner):
                env[METER].spend(1)
                yield output
            return
        for bound in _bound(by_value, thing, env, inner):
            yield from body(thing, bound)

    return run


def _bound(parameters: list[tuple[str, Values]], thing: Any, env: Env, inner: Env) -> Iterator[Env]:
    """Every choice of values for the parameters; the first varies slowest."""
    (key, values), rest = parameters[0], parameters[1:]
    for value in values(thing, env):
        extended = {**inner, key: value}
        if rest:
            yield from _bound(rest, thing, env, extended)
        else:
            yield extended


def _prepare(mode: Mode, compiler: Compiler, function: Defined) -> None:
    """Compiles the body once per mode. A call within the body finds the run when it happens."""
    if mode.of(function) is not None:
        return
    scope = function.scope
    keys: list[str] = []
    for at, parameter in enumerate(function.function.parameters):
        name = parameter.removeprefix("$")
        key = function.keys[at] if function.keys else compiler.key(name)
        keys.append(key)
        scope = scope.with_function(name, 0, Parameter(key))
        if parameter.startswith("$"):
            scope = scope.with_variable(name, parameter + key)
    function.keys = tuple(keys)
    mode.keep(function, _unfinished)
    depth, deepest = compiler.depth, compiler.deepest
    # the frames that one call adds: the height of its body, and the call itself
    compiler.depth = compiler.deepest = 0
    body = mode.step(compiler, function.function.body, scope)
    function.frames = max(function.frames, compiler.deepest + 1)
    compiler.depth, compiler.deepest = depth, deepest
    mode.keep(function, body)


def _unfinished(thing: Any, env: Env) -> Iterable[Any]:
    raise AssertionError("a function ran while it was compiled")


# named parts

_Form = Callable[[Mode, "Compiler", "tuple[Node, ...]", Scope], Run]


def _empty(mode: Mode, compiler: Compiler, arguments: tuple[Node, ...], scope: Scope) -> Run:
    return streams.nothing


def _select(mode: Mode, compiler: Compiler, arguments: tuple[Node, ...], scope: Scope) -> Run:
    return streams.select(mode.values(compiler, arguments[0], scope))


def _looping(build_run: Callable[[Run], Run]) -> _Form:
    def form(mode: Mode, compiler: Compiler, arguments: tuple[Node, ...], scope: Scope) -> Run:
        compiler.amplifies = compiler.loops = True
        return build_run(mode.step(compiler, arguments[0], scope))

    return form


def _recurse(mode: Mode, compiler: Compiler, arguments: tuple[Node, ...], scope: Scope) -> Run:
    compiler.loops = True
    children = syntax.Each(syntax.Identity(), optional=True)
    return streams.recurse(mode.step(compiler, children, scope))


def _conditional_loop(build_run: Callable[[Values, Run], Run]) -> _Form:
    def form(mode: Mode, compiler: Compiler, arguments: tuple[Node, ...], scope: Scope) -> Run:
        compiler.amplifies = compiler.loops = True
        return build_run(mode.values(compiler, arguments[0], scope), mode.step(compiler, arguments[1], scope))

    return form


def _single(build_run: Callable[[Run], Run]) -> _Form:
    return lambda mode, compiler, arguments, scope: build_run(mode.step(compiler, arguments[0], scope))


def _counted(build_run: Callable[[Values, Run], Run]) -> _Form:
    return lambda mode, compiler, arguments, scope: build_run(
        mode.values(compiler, arguments[0], scope), mode.step(compiler, arguments[1], scope)
    )


FORMS: Final[dict[tuple[str, int], _Form]] = {
    ("empty", 0): _empty,
    ("select", 1): _select,
    ("recurse", 0): _recurse,
    ("recurse", 1): _looping(streams.recurse),
    ("repeat", 1): _looping(streams.repeat),
    ("while", 2): _conditional_loop(streams.while_),
    ("until", 2): _conditional_loop(streams.until),
    ("first", 1): _single(streams.first),
    ("last", 1): _single(streams.last),
    ("limit", 2): _counted(streams.limit),
    ("skip", 2): _counted(streams.skip),
    ("nth", 2): _counted(streams.nth),
}
