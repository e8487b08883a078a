"""Named functions that take expressions, and assignment: what runs its arguments rather than receives their values."""

# A JSON value is Any by nature and is looked at by its exact type, which narrows it to containers of unknown parts:
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from crossdock.flow.jq import access, builtins, limits, operators, patterns, syntax, values
from crossdock.flow.jq.faults import EvaluationError
from crossdock.flow.jq.limits import METER, Env, meter_of
from crossdock.flow.jq.paths import pointer
from crossdock.flow.jq.scope import Scope
from crossdock.flow.jq.streams import Run
from crossdock.flow.jq.values import NUMBERS, canonical, exact, fail, truth

if TYPE_CHECKING:
    from crossdock.flow.jq.compiler import Compiler, Filter, One
    from crossdock.flow.jq.syntax import Node

Arguments = tuple["Node", ...]


# map, select, sums


def mapped(compiler: Compiler, source: Filter, body: Node, scope: Scope) -> One:
    """`[source[] | body]`, where select, if it comes first, filters within the same loop."""
    from crossdock.flow.jq.compiler import One, as_many, collected

    compiler.loops = True
    condition: Callable[[Any, Env], Any] | None = None
    only = source.run if isinstance(source, One) else None
    match body:
        case syntax.Call("select", (test,), _) if ("select", 1) not in scope.functions:
            decide, rest = compiler.filter(test, scope), cast("Node", syntax.Identity())
        case syntax.Pipe(syntax.Call("select", (test,), _), after) if ("select", 1) not in scope.functions:
            decide, rest = compiler.filter(test, scope), after
        case _:
            decide, rest = None, body
    if isinstance(decide, One) and only is not None:
        condition = decide.run
    else:
        rest = body
    inner = compiler.filter(rest, scope)
    if only is None:
        return One(lambda value, env: collected(_through(as_many(source), as_many(inner), value, env)))
    read = only

    run = inner.run
    if isinstance(inner, One):
        return One(_each_mapped(read, run) if condition is None else _each_selected(read, condition, run, rest))

    def items(value: Any, env: Env) -> Iterable[Any]:
        found = access.elements(read(value, env))
        env[METER].spend(1 + len(found))
        return found

    if condition is None:
        return One(lambda value, env: collected(out for item in items(value, env) for out in run(item, env)))
    test = condition
    return One(
        lambda value, env: collected(
            out for item in items(value, env) if truth(test(item, env)) for out in run(item, env)
        )
    )


# the two that run most have their questions written out: a call costs as much as what it would ask


def _each_mapped(read: operators.Single, run: operators.Single) -> operators.Single:
    def mapped_(value: Any, env: Env) -> list[Any]:
        found = read(value, env)
        items = found if type(found) is list else access.elements(found)
        meter = env[METER]
        meter.left -= 1 + len(items)
        if meter.left < 0:
            meter.spend(0)
        return [run(item, env) for item in items]

    return mapped_


def _each_selected(
    read: operators.Single, test: operators.Single, run: operators.Single, rest: Node
) -> operators.Single:
    whole = isinstance(rest, syntax.Identity)

    def selected(value: Any, env: Env) -> list[Any]:
        found = read(value, env)
        items = found if type(found) is list else access.elements(found)
        meter = env[METER]
        meter.left -= 1 + len(items)
        if meter.left < 0:
            meter.spend(0)
        if whole:
            return [item for item in items if (told := test(item, env)) is not None and told is not False]
        return [run(item, env) for item in items if (told := test(item, env)) is not None and told is not False]

    return selected


def _through(source: Run, body: Run, value: Any, env: Env) -> Iterator[Any]:
    for container in source(value, env):
        items = access.elements(container)
        env[METER].spend(1 + len(items))
        for item in items:
            yield from body(item, env)


def _map(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import One

    compiler.count_constructor()
    return mapped(compiler, One(lambda value, env: value), arguments[0], scope)


def total_of(compiler: Compiler, source: Node, scope: Scope) -> Filter:
    """`add(source)`"""
    from crossdock.flow.jq.compiler import Many, One

    untidied = _untidied(compiler, source, scope)
    if untidied is not None:
        return One(lambda value, env: values.total(untidied(value, env), meter_of(env)))
    body = compiler.filter(source, scope)
    run = body.run
    if isinstance(body, Many):
        return One(lambda value, env: values.total(run(value, env), meter_of(env)))
    return body


def _untidied(compiler: Compiler, source: Node, scope: Scope) -> Run | None:
    """`.[] | a * b` with its results as computed: what is summed at once needs no tidying of its own."""
    from crossdock.flow.jq.compiler import One

    match source:
        case syntax.Pipe(syntax.Each() as each, syntax.Arithmetic() as body):
            item = compiler.binary(body, scope, exact=False)
            if isinstance(item, One):
                return operators.each_of(compiler.filter(each, scope).run, item.run)
        case _:
            pass
    return None


def _add(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    return total_of(compiler, arguments[0], scope)


# questions


def _quantifier(*, wanted: bool) -> Callable[[Run], Callable[[Any, Env], bool]]:
    def over(run: Run) -> Callable[[Any, Env], bool]:
        def decide(value: Any, env: Env) -> bool:
            for output in run(value, env):
                if truth(output) is wanted:
                    return wanted
            return not wanted

        return decide

    return over


def _any_all(*, wanted: bool, generated: bool) -> Form:
    over = _quantifier(wanted=wanted)

    def form(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
        from crossdock.flow.jq.compiler import One

        source: Node = arguments[0] if generated else syntax.Each(syntax.Identity())
        return One(over(compiler.many(syntax.Pipe(source, arguments[-1]), scope)))

    return form


# errors


def _error(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import One, each_output

    def raise_(value: Any, env: Env) -> Any:
        raise EvaluationError(value, value if type(value) is str else values.dumps(value, meter_of(env)))

    if not arguments:
        return One(raise_)
    return each_output(compiler.filter(arguments[0], scope), raise_)


# ordering by an expression


def _by(function: Callable[..., Any], complaint: str) -> Form:
    def form(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
        from crossdock.flow.jq.compiler import One

        compiler.loops = True
        key = compiler.filter(arguments[0], scope)
        run = key.run
        single = isinstance(key, One)

        def ordered(value: Any, env: Env) -> Any:
            items = access.elements(value)
            env[METER].spend(1 + len(items))
            # jq sorts by the array of all outputs; one output alone orders just as its array does
            keys = [run(item, env) if single else list(run(item, env)) for item in items]
            if type(value) is not list:
                raise fail(f"{values.described(value)} {complaint}")
            return function(value, keys, env[METER])

        return One(ordered)

    return form


# ranges


def _range(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import Many, combinations

    compiler.loops = True
    zero, one = syntax.Literal(0), syntax.Literal(1)
    bounds: tuple[Node, ...] = (zero, *arguments, one) if len(arguments) == 1 else (*arguments, one)[:3]
    runs = [compiler.many(bound, scope) for bound in bounds]

    def run(value: Any, env: Env) -> Iterator[Any]:
        for start, end, by in combinations(runs, value, env):
            if not {type(start), type(end), type(by)} <= NUMBERS:
                if len(arguments) < 3:
                    raise fail("Range bounds must be numeric")
                raise fail("Range bounds and step must be numeric")
            yield from _counting(exact(start), exact(end), exact(by), env[METER])

    return Many(run)


def _counting(start: Any, end: Any, by: Any, meter: limits.Meter) -> Iterator[Any]:
    if type(start) is int and type(end) is int and by == 1:
        while start < end:
            stop = min(end, start + 256)
            meter.spend(stop - start)
            yield from range(start, stop)
            start = stop
    elif by:
        while start < end if by > 0 else start > end:
            meter.spend(1)
            yield start
            start = values.add(start, by, meter)
            if type(start) is not int:
                start = canonical(start)


# paths


def _path(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import Many

    run = pointer(compiler, arguments[0], scope)
    return Many(lambda value, env: (list(path) for path, _ in run(value, env)))


def _del(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import One

    run = pointer(compiler, arguments[0], scope)
    return One(lambda value, env: access.delete_paths(value, [path for path, _ in run(value, env)], meter_of(env)))


def _map_values(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import One

    compiler.loops = True
    run = compiler.many(arguments[0], scope)

    def mapped_values(value: Any, env: Env) -> Any:
        env[METER].spend(1 + len(access.elements(value)))
        kept = [(key, out) for key, item in access.keyed(value) for out in _first(run, item, env)]
        return dict(kept) if type(value) is dict else [out for _, out in kept]

    return One(mapped_values)


def _first(run: Run, value: Any, env: Env) -> Iterable[Any]:
    for output in run(value, env):
        return (output,)
    return ()


def _with_entries(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import One

    inner = mapped(compiler, One(lambda value, env: builtins.to_entries(value)), arguments[0], scope).run
    return One(lambda value, env: builtins.from_entries(inner(value, env)))


def assignment(compiler: Compiler, node: syntax.Assign, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import Many, One

    compiler.count_constructor()
    run = pointer(compiler, node.paths, scope)
    if node.op == "|=":
        update = compiler.many(node.value, scope)
        return One(lambda value, env: _updated(run, update, value, env))
    right = compiler.filter(node.value, scope)
    change = _change(node.op)

    def assigned(value: Any, new: Any, env: Env) -> Any:
        meter = meter_of(env)
        result = value
        for path, _ in run(value, env):
            result = access.put_path(result, path, change(result, path, new, meter), meter)
        return result

    only = right.run
    if isinstance(right, One):
        return One(lambda value, env: assigned(value, only(value, env), env))

    def each(value: Any, env: Env) -> Iterator[Any]:
        for new in only(value, env):
            yield assigned(value, new, env)

    return Many(each)


def _change(op: str) -> Callable[[Any, access.Path, Any, limits.Meter], Any]:
    if op == "=":
        return lambda result, path, new, meter: new
    if op == "//=":

        def prefer(result: Any, path: access.Path, new: Any, meter: limits.Meter) -> Any:
            old = access.get_path(result, path, meter)
            return old if truth(old) else new

        return prefer
    operation = operators.arithmetic(op.removesuffix("="), tidy=True)
    return lambda result, path, new, meter: operation(access.get_path(result, path, meter), new, meter)


def _updated(run: Run, update: Run, value: Any, env: Env) -> Any:
    """The first output replaces the part; without one, the part goes."""
    meter = meter_of(env)
    result = value
    gone: list[access.Path] = []
    for path, _ in run(value, env):
        found = _first(update, access.get_path(result, path, meter), env)
        if found:
            (new,) = found
            result = access.put_path(result, path, new, meter)
        else:
            gone.append(path)
    return access.delete_paths(result, gone, meter)


# regular expressions


def _known_pattern(arguments: Arguments) -> None:
    """A pattern written in the expression is looked at now, so that what RE2 lacks goes to the library."""
    from crossdock.flow.jq.compiler import NotNative

    pattern, flags = arguments[0], arguments[-1] if len(arguments) > 1 else syntax.Literal(None)
    if isinstance(pattern, syntax.Literal) and isinstance(pattern.value, str):
        text = flags.value if isinstance(flags, syntax.Literal) else ""
        try:
            patterns.compiled(pattern.value, text if isinstance(text, str) else "")
        except patterns.NoEqual as missing:
            raise NotNative(f"{missing} in a regular expression") from None
        except EvaluationError:
            pass  # wrong at any time; `try` may be waiting for it


def _matching(*, test: bool) -> Form:
    def form(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
        from crossdock.flow.jq.compiler import Many, One, combinations

        _known_pattern(arguments)
        compiler.loops = True
        filters = [compiler.filter(argument, scope) for argument in arguments]
        if test and all(isinstance(filter_, One) for filter_ in filters):
            pattern, flags = filters[0].run, filters[1].run if len(filters) > 1 else _none

            def decide(value: Any, env: Env) -> bool:
                wanted = _pattern_and_flags(pattern(value, env), flags(value, env), len(filters))
                return bool(patterns.find(value, *wanted, env[METER], test=True))

            return One(decide)
        runs = [compiler.many(argument, scope) for argument in arguments]
        runs.reverse()

        def run(value: Any, env: Env) -> Iterator[Any]:
            for chosen in combinations(runs, value, env):
                chosen.reverse()
                wanted = _pattern_and_flags(chosen[0], chosen[1] if len(chosen) > 1 else None, len(chosen))
                found = patterns.find(value, *wanted, env[METER], test=test)
                if test:
                    yield bool(found)
                else:
                    yield from found

        return Many(run)

    return form


def _none(value: Any, env: Env) -> None:
    return None


def _pattern_and_flags(pattern: Any, flags: Any, given: int) -> tuple[Any, Any]:
    """Alone, the pattern may also be an array [pattern, flags]."""
    if given > 1 or type(pattern) is str:
        return pattern, flags
    if type(pattern) is list and pattern:
        parts = cast(list[Any], pattern)
        return parts[0], parts[1] if len(parts) > 1 else None
    raise fail(f"{values.kind(pattern)} not a string or array")


def _split(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
    from crossdock.flow.jq.compiler import Many, combinations

    _known_pattern(arguments)
    compiler.loops = True
    runs = [compiler.many(argument, scope) for argument in arguments]

    def run(value: Any, env: Env) -> Iterator[Any]:
        for pattern, flags in combinations(runs, value, env):
            yield patterns.split(value, pattern, flags, env[METER])

    return Many(run)


def _substitution(*, every: bool) -> Form:
    def form(compiler: Compiler, arguments: Arguments, scope: Scope) -> Filter:
        from crossdock.flow.jq.compiler import Many, combinations

        pattern, replacement, *flags = arguments
        given: Node = flags[0] if flags else syntax.Literal("")
        _known_pattern((pattern, given))
        compiler.loops = True
        runs = [compiler.many(node, scope) for node in (pattern, given)]
        replace = compiler.many(replacement, scope)

        def run(value: Any, env: Env) -> Iterator[Any]:
            for source, chosen in combinations(runs, value, env):
                wanted = values.add(chosen, "g", env[METER]) if every else chosen
                yield from _substituted(value, patterns.find(value, source, wanted, env[METER]), replace, env)

        return Many(run)

    return form


def _substituted(text: str, matches: list[dict[str, Any]], replace: Run, env: Env) -> Iterator[Any]:
    """One text per output of the replacement, which sees the named captures as an object."""
    meter = env[METER]
    results: list[Any] = []
    at = 0
    for match in matches:
        captured = {part["name"]: part["string"] for part in match["captures"] if part["name"] is not None}
        gap = text[at : match["offset"]]
        for index, new in enumerate(replace(captured, env)):
            if index == len(results):
                results.append(None)
            results[index] = values.add(results[index], values.add(gap, new, meter), meter)
        at = match["offset"] + match["length"]
    if not results:
        yield text
    for result in results:
        yield values.add(result, text[at:], meter)


Form = Callable[["Compiler", Arguments, Scope], "Filter"]

VALUE_FORMS: Final[dict[tuple[str, int], Form]] = {
    ("map", 1): _map,
    ("map_values", 1): _map_values,
    ("with_entries", 1): _with_entries,
    ("add", 1): _add,
    ("any", 1): _any_all(wanted=True, generated=False),
    ("any", 2): _any_all(wanted=True, generated=True),
    ("all", 1): _any_all(wanted=False, generated=False),
    ("all", 2): _any_all(wanted=False, generated=True),
    ("error", 0): _error,
    ("error", 1): _error,
    ("sort_by", 1): _by(builtins.sort_by_keys, "cannot be sorted, as it is not an array"),
    ("group_by", 1): _by(builtins.group_by_keys, "cannot be sorted, as it is not an array"),
    ("unique_by", 1): _by(builtins.unique_by_keys, "cannot be sorted, as it is not an array"),
    ("min_by", 1): _by(builtins.smallest, "cannot be iterated over"),
    ("max_by", 1): _by(builtins.largest, "cannot be iterated over"),
    ("range", 1): _range,
    ("range", 2): _range,
    ("range", 3): _range,
    ("path", 1): _path,
    ("del", 1): _del,
    ("test", 1): _matching(test=True),
    ("test", 2): _matching(test=True),
    ("match", 1): _matching(test=False),
    ("match", 2): _matching(test=False),
    ("split", 2): _split,
    ("sub", 2): _substitution(every=False),
    ("sub", 3): _substitution(every=False),
    ("gsub", 2): _substitution(every=True),
    ("gsub", 3): _substitution(every=True),
}
