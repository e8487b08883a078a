"""Turns a tree into closures.

A compiled part is `One` when it always gives exactly one output, so that most of an ordinary expression is plain
function calls, and `Many` when it may give none or several, lazily. This module has the closures for values; the parts
that serve values and paths alike are in structure.py, paths in paths.py, named functions in forms.py and builtins.py.
"""

# A JSON value is Any by nature and is looked at by its exact type, which narrows it to containers of unknown parts:
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, assert_never

from crossdock.flow.jq import access, forms, limits, operators, prelude, structure, syntax
from crossdock.flow.jq.builtins import PLAIN, WALKING
from crossdock.flow.jq.faults import EvaluationError, ExpressionError
from crossdock.flow.jq.limits import METER, Env, meter_of
from crossdock.flow.jq.scope import Defined, Scope
from crossdock.flow.jq.streams import Binder, Run
from crossdock.flow.jq.strings import FORMATS
from crossdock.flow.jq.syntax import Node
from crossdock.flow.jq.values import NUMBERS, described, fail, negate, truth, whole

Single: TypeAlias = Callable[[Any, Env], Any]


@dataclass(frozen=True, slots=True)
class One:
    run: Single


@dataclass(frozen=True, slots=True)
class Many:
    run: Run


Filter: TypeAlias = One | Many


class NotNative(Exception):
    """The expression is right, but only the jq library can run it; the text says which part."""


# Reaching outside the expression: the clock, the environment, other inputs, the process, files
BLOCKED: Final = frozenset(
    """
    env now input inputs input_filename input_line_number halt halt_error stderr localtime strflocaltime
    get_search_list modulemeta get_prog_origin get_jq_origin $ENV $__prog_args
    """.split()  # noqa: SIM905  a list of words, read as one
)
# What the library knows beyond this compiler
LIBRARY: Final = frozenset(
    """
    acos/0 acosh/0 asin/0 asinh/0 atan/0 atan2/2 atanh/0 builtins/0 cbrt/0 copysign/2 cos/0 cosh/0 drem/2 erf/0 erfc/0
    expm1/0 fdim/2 fma/3 fmax/2 fmin/2 fmod/2 frexp/0 gamma/0 hypot/2 j0/0 j1/0 jn/2 ldexp/2 lgamma/0 lgamma_r/0
    log1p/0 logb/0 modf/0 nan/0 nearbyint/0 nextafter/2 nexttoward/2 remainder/2 rint/0 scalb/2 scalbln/2
    significand/0 sin/0 sinh/0 tan/0 tanh/0 tgamma/0 y0/0 y1/0 yn/2
    """.split()  # noqa: SIM905
)


def check_names(tree: Node) -> None:
    """Refuses what is blocked or unknown, also in parts that would never be compiled or would run elsewhere."""
    called: list[syntax.Call] = []
    read: list[syntax.Variable] = []
    defined: set[str] = set()
    bound: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        match node:
            case syntax.Call():
                called.append(node)
            case syntax.Define(function, _):
                defined.add(function.name)
                defined.update(parameter.removeprefix("$") for parameter in function.parameters)
                bound.update(parameter.removeprefix("$") for parameter in function.parameters)
                waiting.append(function.body)
            case syntax.Variable():
                read.append(node)
            case syntax.Bind(_, patterns, _) | syntax.Reduce(_, patterns, _, _) | syntax.Foreach(_, patterns, _, _, _):
                bound.update(syntax.bound(patterns))
            case _:
                pass
        waiting.extend(syntax.parts(node))
    for variable in read:
        if "$" + variable.name in BLOCKED and variable.name not in bound:
            raise _blocked(variable)
    for node in called:
        signature = (node.name, len(node.arguments))
        if node.name in defined or signature in structure.FORMS or signature in forms.VALUE_FORMS:
            continue
        if signature in PLAIN or signature in WALKING or prelude.defines(*signature):
            continue
        if f"{node.name}/{len(node.arguments)}" not in LIBRARY:
            raise _unknown(node)


def _blocked(node: syntax.Variable) -> ExpressionError:
    return ExpressionError(
        f"Expected a variable of the workflow, found ${node.name}, which is blocked: "
        "an expression sees nothing outside its workflow",
        node.offset,
    )


def _unknown(node: syntax.Call) -> ExpressionError:
    if node.name in BLOCKED:
        return ExpressionError(
            f"Expected a function of the data alone, found {node.name}, which is blocked: "
            "an expression reads no clock, environment, file or further input",
            node.offset,
        )
    return ExpressionError(f"Expected a known function, found {node.name}/{len(node.arguments)}", node.offset)


class Compiler:
    """Compiles one expression. Afterwards `variables`, `loops` and `amplifies` say what it uses."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.loops = False
        self.amplifies = False
        self.constructors = 0
        self.depth = 0
        self.deepest = 0
        self._keys = 0
        self._prelude: dict[tuple[str, int], Defined] = {}

    def key(self, name: str) -> str:
        self._keys += 1
        return f"{name}:{self._keys}"

    def filter(self, node: Node, scope: Scope) -> Filter:
        with _Deeper(self):
            return self._filter(node, scope)

    def many(self, node: Node, scope: Scope) -> Run:
        return as_many(self.filter(node, scope))

    def _filter(self, node: Node, scope: Scope) -> Filter:
        match node:
            case syntax.Identity():
                return One(lambda value, env: value)
            case syntax.Literal(constant):
                return One(lambda value, env: constant)
            case syntax.Variable():
                return self.variable(node, scope)
            case syntax.Index():
                return self.index(node, scope)
            case syntax.Slice():
                return self.slice(node, scope)
            case syntax.Each(target, optional):
                return self.each(self.filter(target, scope), optional)
            case syntax.Pipe(left, right):
                return self.pipe(left, right, scope)
            case syntax.Negate(body):
                return each_output(self.filter(body, scope), lambda value, env: negate(value))
            case syntax.Arithmetic() | syntax.Compare():
                return self.binary(node, scope)
            case syntax.And(left, right):
                return self.logical(left, right, scope, stop=False)
            case syntax.Or(left, right):
                return self.logical(left, right, scope, stop=True)
            case syntax.If(condition, then, otherwise):
                return self.conditional(condition, then, otherwise, scope)
            case syntax.Alternative(left, right):
                first, second = self.filter(left, scope), self.filter(right, scope)
                if isinstance(first, One) and isinstance(right, syntax.Literal):
                    return One(operators.preferred_to(first.run, right.value))
                if isinstance(first, One) and isinstance(second, One):
                    return One(operators.preferred(first.run, second.run))
                return Many(structure.VALUES.build(self, node, scope))
            case syntax.Bind():
                return self.bind(node, scope)
            case syntax.Reduce():
                return self.reduce(node, scope)
            case syntax.Define(function, body):
                return self.filter(body, structure.defined(function, scope))
            case syntax.Call():
                return self.call(node, scope)
            case syntax.ArrayOf(body):
                return self.array(body, scope)
            case syntax.ObjectOf():
                return self.object(node, scope)
            case syntax.Text():
                return self.text(node, scope)
            case syntax.Format(name):
                write = FORMATS[name]
                return One(lambda value, env: write(value, meter_of(env)))
            case syntax.Assign():
                return self.assign(node, scope)
            case syntax.Comma() | syntax.Try() | syntax.Foreach() | syntax.Label() | syntax.Break():
                return Many(structure.VALUES.build(self, node, scope))
            case _:
                assert_never(node)

    # reading

    def variable(self, node: syntax.Variable, scope: Scope) -> One:
        key = self.variable_key(node, scope)

        def read(value: Any, env: Env) -> Any:
            try:
                return env[key]
            except KeyError:
                raise EvaluationError(f"Expected a variable ${key}, found none of that name") from None

        return One(read)

    def variable_key(self, node: syntax.Variable, scope: Scope) -> str:
        if node.name in scope.variables:
            return scope.variables[node.name]
        if "$" + node.name in BLOCKED:
            raise _blocked(node)
        if node.name == "__loc__" or "::" in node.name:
            raise NotNative(f"${node.name}")
        self.variables.add(node.name)
        return node.name

    def index(self, node: syntax.Index, scope: Scope) -> Filter:
        names, base = _field_chain(node)
        if names:
            target = None if isinstance(base, syntax.Identity) else self.filter(base, scope)
            if isinstance(target, Many):
                return Many(operators.each_of(target.run, operators.fields(None, names)))
            return One(operators.fields(target.run if target else None, names))
        keys, targets = self.filter(node.key, scope), self.filter(node.target, scope)
        literal = node.key.value if isinstance(node.key, syntax.Literal) else None
        if type(literal) is int and isinstance(targets, One) and not node.optional:
            return One(operators.element(targets.run, literal))
        if isinstance(keys, One) and isinstance(targets, One) and not node.optional:
            return One(_subscript(targets.run, keys.run))
        optional, all_keys, all_targets = node.optional, as_many(keys), as_many(targets)

        def run(value: Any, env: Env) -> Iterator[Any]:
            for key in all_keys(value, env):
                for target in all_targets(value, env):
                    try:
                        found = access.get(target, key, meter_of(env))
                    except EvaluationError:
                        if not optional:
                            raise
                    else:
                        yield found

        return Many(run)

    def slice(self, node: syntax.Slice, scope: Scope) -> Filter:
        empty = syntax.Literal(None)
        parts = [self.filter(part, scope) for part in (node.start or empty, node.end or empty, node.target)]
        if all(isinstance(part, One) for part in parts) and not node.optional:
            start, end, target = (part.run for part in parts)
            return One(
                lambda value, env: access.get(
                    target(value, env), access.slice_key(start(value, env), end(value, env)), meter_of(env)
                )
            )
        starts, ends, targets = (as_many(part) for part in parts)
        optional = node.optional

        def run(value: Any, env: Env) -> Iterator[Any]:
            for start in starts(value, env):
                for end in ends(value, env):
                    for target in targets(value, env):
                        try:
                            found = access.get(target, access.slice_key(start, end), meter_of(env))
                        except EvaluationError:
                            if not optional:
                                raise
                        else:
                            yield found

        return Many(run)

    def each(self, target: Filter, optional: bool) -> Many:
        self.loops = True
        targets = as_many(target)

        def run(value: Any, env: Env) -> Iterator[Any]:
            for container in targets(value, env):
                if optional and type(container) not in (list, dict):
                    continue
                items = access.elements(container)
                env[METER].spend(1 + len(items))
                yield from items

        if isinstance(target, Many) or optional:
            return Many(run)
        only = target.run

        def run_one(value: Any, env: Env) -> Iterable[Any]:
            items = access.elements(only(value, env))
            env[METER].spend(1 + len(items))
            return items

        return Many(run_one)

    # combining

    def pipe(self, left: Node, right: Node, scope: Scope) -> Filter:
        if isinstance(right, syntax.Call) and (right.name, len(right.arguments)) == ("add", 0) and not scope.functions:
            summed = self.sum(left, scope)
            if summed is not None:
                return summed
        first, second = self.filter(left, scope), self.filter(right, scope)
        if isinstance(first, Many):
            if isinstance(second, Many):
                from_, to = first.run, second.run

                def run(value: Any, env: Env) -> Iterator[Any]:
                    for middle in from_(value, env):
                        yield from to(middle, env)

                return Many(run)
            return Many(operators.each_of(first.run, second.run))
        before, after = first.run, second.run
        if isinstance(left, syntax.Identity):
            return second
        composed: Callable[[Any, Env], Any] = lambda value, env: after(before(value, env), env)  # noqa: E731
        return One(composed) if isinstance(second, One) else Many(composed)

    def sum(self, left: Node, scope: Scope) -> Filter | None:
        """`map(f) | add` and `[f] | add` without the array between."""
        match left:
            case syntax.Pipe(before, syntax.Call("map", (body,), _)):
                source: Node = syntax.Pipe(syntax.Each(before), body)
            case syntax.Call("map", (body,), _):
                source = syntax.Pipe(syntax.Each(syntax.Identity()), body)
            case syntax.ArrayOf(body) if body is not None:
                source = body
            case _:
                return None
        return forms.total_of(self, source, scope)

    def binary(self, node: syntax.Arithmetic | syntax.Compare, scope: Scope, *, exact: bool = True) -> Filter:
        """exact=False leaves a fractional result as computed, for an outer operation to tidy."""
        left, right = self.operand(node.left, node, scope), self.operand(node.right, node, scope)
        if isinstance(node, syntax.Arithmetic):
            operation = operators.arithmetic(node.op, tidy=exact)
        else:
            operation = operators.comparison(node.op)
        if isinstance(left, One) and isinstance(right, One):
            if isinstance(node.right, syntax.Literal):
                return One(operators.with_constant(node.op, operation, left.run, node.right.value))
            return One(operators.binary(node.op, operation, left.run, right.run, tidy=exact))
        lefts, rights = as_many(left), as_many(right)

        def run(value: Any, env: Env) -> Iterator[Any]:
            for second in rights(value, env):
                for first in lefts(value, env):
                    yield operation(first, second, meter_of(env))

        return Many(run)

    def operand(self, node: Node, parent: syntax.Arithmetic | syntax.Compare, scope: Scope) -> Filter:
        if isinstance(node, syntax.Arithmetic) and isinstance(parent, syntax.Arithmetic) and parent.op in "+-*":
            with _Deeper(self):
                return self.binary(node, scope, exact=False)
        return self.filter(node, scope)

    def logical(self, left: Node, right: Node, scope: Scope, *, stop: bool) -> Filter:
        """and (stop=False), or (stop=True): the right side is not looked at when the left is `stop`."""
        first, second = self.filter(left, scope), self.filter(right, scope)
        if isinstance(first, One) and isinstance(second, One):
            before, after = first.run, second.run
            if stop:
                return One(lambda value, env: truth(before(value, env)) or truth(after(value, env)))
            return One(lambda value, env: truth(before(value, env)) and truth(after(value, env)))
        lefts, rights = as_many(first), as_many(second)

        def run(value: Any, env: Env) -> Iterator[bool]:
            for decided in lefts(value, env):
                if truth(decided) is stop:
                    yield stop
                else:
                    for other in rights(value, env):
                        yield truth(other)

        return Many(run)

    def conditional(self, condition: Node, then: Node, otherwise: Node | None, scope: Scope) -> Filter:
        decide = self.filter(condition, scope)
        yes, no = self.filter(then, scope), self.filter(otherwise or syntax.Identity(), scope)
        if isinstance(decide, One):
            test, single = decide.run, isinstance(yes, One) and isinstance(no, One)
            if_true, if_false = (yes.run, no.run) if single else (as_many(yes), as_many(no))

            def run(value: Any, env: Env) -> Any:
                decided = test(value, env)
                return (if_false if decided is None or decided is False else if_true)(value, env)

            return One(run) if single else Many(run)
        return Many(structure.choose(as_many(decide), as_many(yes), as_many(no)))

    def bind(self, node: syntax.Bind, scope: Scope) -> Filter:
        if len(node.patterns) == 1 and isinstance(pattern := node.patterns[0], syntax.VariablePattern):
            source = self.filter(node.source, scope)
            key = self.key(pattern.name)
            body = self.filter(node.body, scope.with_variable(pattern.name, key))
            if isinstance(source, One):
                read, inner = source.run, body.run
                bound: Callable[[Any, Env], Any] = lambda value, env: inner(value, {**env, key: read(value, env)})  # noqa: E731
                return One(bound) if isinstance(body, One) else Many(bound)
        return Many(structure.VALUES.build(self, node, scope))

    def reduce(self, node: syntax.Reduce, scope: Scope) -> Filter:
        self.amplifies = self.loops = True
        start = self.filter(node.start, scope)
        if isinstance(start, One) and len(node.patterns) == 1:
            pattern = node.patterns[0]
            if isinstance(pattern, syntax.VariablePattern):
                key = self.key(pattern.name)
                update = self.filter(node.update, scope.with_variable(pattern.name, key))
                if isinstance(update, One):
                    return One(_fold(self.many(node.source, scope), key, start.run, update.run))
        run = structure.VALUES.build(self, node, scope)
        if isinstance(start, One):
            return One(lambda value, env: next(iter(run(value, env))))
        return Many(run)

    def assign(self, node: syntax.Assign, scope: Scope) -> Filter:
        return forms.assignment(self, node, scope)

    def call(self, node: syntax.Call, scope: Scope) -> Filter:
        name, arity = node.name, len(node.arguments)
        meaning = scope.functions.get((name, arity))
        if meaning is not None:
            return Many(structure.VALUES.invoke(self, meaning, node, scope))
        if (form := forms.VALUE_FORMS.get((name, arity))) is not None:
            return form(self, node.arguments, scope)
        if (name, arity) in structure.FORMS:
            return Many(structure.VALUES.build(self, node, scope))
        if (plain := PLAIN.get((name, arity))) is not None:
            return self.builtin(plain, node.arguments, scope, walks=False)
        if (walking := WALKING.get((name, arity))) is not None:
            return self.builtin(walking, node.arguments, scope, walks=True)
        return Many(structure.VALUES.invoke(self, self.library_function(node), node, scope))

    def library_function(self, node: syntax.Call) -> Defined:
        """A function of the prelude. Raises for names that mean nothing here, or only to the library."""
        name, arity = node.name, len(node.arguments)
        if prelude.defines(name, arity):
            if (name, arity) not in self._prelude:
                function = prelude.function(name, arity)
                self._prelude[name, arity] = structure.defined(function, Scope()).functions[name, arity]  # type: ignore[assignment]
            return self._prelude[name, arity]
        if f"{name}/{arity}" in LIBRARY:
            raise NotNative(f"the function {name}")
        raise _unknown(node)

    def builtin(
        self, function: Callable[..., Any], arguments: tuple[Node, ...], scope: Scope, *, walks: bool
    ) -> Filter:
        filters = [self.filter(argument, scope) for argument in arguments]
        if all(isinstance(filter_, One) for filter_ in filters):
            return One(_applied(function, [filter_.run for filter_ in filters], walks=walks))
        # as in jq, the last argument varies slowest
        runs = [as_many(filter_) for filter_ in reversed(filters)]

        def run(value: Any, env: Env) -> Iterator[Any]:
            for chosen in combinations(runs, value, env):
                chosen.reverse()
                yield function(value, *chosen, meter_of(env)) if walks else function(value, *chosen)

        return Many(run)

    # building

    def array(self, body: Node | None, scope: Scope) -> One:
        if body is None:
            return One(lambda value, env: [])
        self.count_constructor()
        match body:
            case syntax.Pipe(syntax.Each(target, False), rest):
                return forms.mapped(self, self.filter(target, scope), rest, scope)
            case syntax.Comma(parts):
                listed = [self.filter(part, scope) for part in parts]
                if all(isinstance(part, One) for part in listed):
                    runs = tuple(part.run for part in listed)
                    return One(lambda value, env: [each(value, env) for each in runs])
                inner = self.filter(body, scope)
            case _:
                inner = self.filter(body, scope)
        run = inner.run
        if isinstance(inner, One):
            return One(lambda value, env: [run(value, env)])
        return One(lambda value, env: collected(run(value, env)))

    def object(self, node: syntax.ObjectOf, scope: Scope) -> Filter:
        self.count_constructor()
        entries = [(self.filter(key, scope), self.filter(value, scope)) for key, value in node.entries]
        names = [key.value if isinstance(key, syntax.Literal) else None for key, _ in node.entries]
        if all(isinstance(value, One) for _, value in entries):
            if all(name is not None for name in names):
                return One(
                    _members(
                        [(name, node) for name, (_, node) in zip(names, node.entries, strict=True)],
                        [value.run for _, value in entries],
                    )
                )
            if all(isinstance(key, One) for key, _ in entries):
                computed = tuple((key.run, value.run) for key, value in entries)
                return One(lambda value, env: {_key(key(value, env)): run(value, env) for key, run in computed})
        parts = [as_many(part) for pair in entries for part in pair]

        def run(value: Any, env: Env) -> Iterator[dict[str, Any]]:
            for chosen in combinations(parts, value, env):
                yield {_key(chosen[at]): chosen[at + 1] for at in range(0, len(chosen), 2)}

        return Many(run)

    def text(self, node: syntax.Text, scope: Scope) -> Filter:
        write = FORMATS[node.format]
        filters = [None if isinstance(part, str) else self.filter(part, scope) for part in node.parts]
        if all(filter_ is None or isinstance(filter_, One) for filter_ in filters):
            pieces = tuple(
                part if isinstance(part, str) else filter_.run  # type: ignore[union-attr]
                for part, filter_ in zip(node.parts, filters, strict=True)
            )
            return One(operators.interpolation(pieces, write))
        # the last interpolation varies slowest
        runs = [as_many(filter_) for filter_ in reversed(filters) if filter_ is not None]

        def run(value: Any, env: Env) -> Iterator[str]:
            meter = meter_of(env)
            for chosen in combinations(runs, value, env):
                yield "".join(part if isinstance(part, str) else write(chosen.pop(), meter) for part in node.parts)

        return Many(run)

    def count_constructor(self) -> None:
        # a chain of constructors can double a value with each; a few cannot make it dangerous
        self.constructors += 1
        if self.constructors > 16:
            self.amplifies = True


class _Deeper:
    """Counts how deep the tree is, which bounds the stack of the compiler and of the evaluation."""

    __slots__ = ("compiler",)

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler

    def __enter__(self) -> None:
        compiler = self.compiler
        compiler.depth += 1
        compiler.deepest = max(compiler.deepest, compiler.depth)
        if compiler.depth > limits.SYNTAX_DEPTH:
            raise ExpressionError(f"Expected at most {limits.SYNTAX_DEPTH} nested parts, found more")

    def __exit__(self, *_: object) -> None:
        self.compiler.depth -= 1


def as_many(filter_: Filter) -> Run:
    if isinstance(filter_, Many):
        return filter_.run
    run = filter_.run
    return lambda value, env: (run(value, env),)


def each_output(filter_: Filter, operation: Single) -> Filter:
    run = filter_.run
    if isinstance(filter_, Many):
        return Many(operators.each_of(run, operation))
    return One(lambda value, env: operation(run(value, env), env))


def collected(items: Iterable[Any]) -> list[Any]:
    found = list(items)
    if len(found) > limits.LENGTH:
        raise limits.too_long("an array in elements", limits.LENGTH)
    return found


def combinations(runs: list[Run], value: Any, env: Env) -> Iterator[list[Any]]:
    """Every choice of one output per run; the first varies slowest."""
    if not runs:
        yield []
        return
    for first in runs[0](value, env):
        for rest in combinations(runs[1:], value, env):
            yield [first, *rest]


def _field_chain(node: Node) -> tuple[tuple[str, ...], Node]:
    """`.a.b.c` as its names and what they start from."""
    names: list[str] = []
    while isinstance(node, syntax.Index) and not node.optional:
        match node.key:
            case syntax.Literal(str(name)):
                names.append(name)
                node = node.target
            case _:
                break
    return tuple(reversed(names)), node


def _subscript(target: Single, key: Single) -> Single:
    def run(value: Any, env: Env) -> Any:
        index = key(value, env)
        container = target(value, env)
        if type(container) is dict and type(index) is str:
            return container.get(index)
        if type(container) is list and type(index) in NUMBERS:
            index = whole(index)
            return container[index] if -len(container) <= index < len(container) else None
        return access.get(container, index, meter_of(env))

    return run


def _applied(function: Callable[..., Any], arguments: list[Single], *, walks: bool) -> Single:
    match arguments:
        case []:
            if walks:
                return lambda value, env: function(value, meter_of(env))
            return lambda value, env: function(value)
        case [only]:
            if walks:
                return lambda value, env: function(value, only(value, env), meter_of(env))
            return lambda value, env: function(value, only(value, env))
        case _:
            if walks:
                return lambda value, env: function(value, *[run(value, env) for run in arguments], meter_of(env))
            return lambda value, env: function(value, *[run(value, env) for run in arguments])


def _fold(source: Run, key: str, start: Single, update: Single) -> Single:
    def run(value: Any, env: Env) -> Any:
        meter = env[METER]
        state = start(value, env)
        scope = dict(env)
        # one environment for all rounds: a round is over, with all it started, before the next begins
        for item in source(value, env):
            meter.spend(1)
            scope[key] = item
            state = update(state, scope)
        return state

    return run


def _members(written: list[tuple[Any, Node]], runs: list[Single]) -> Single:
    """An object of named members. Constants are laid out once; a copy keeps the order of all names."""
    names = [name for name, _ in written]
    constants = [node.value if isinstance(node, syntax.Literal) else None for _, node in written]
    computed = tuple(
        (name, run) for (name, node), run in zip(written, runs, strict=True) if not isinstance(node, syntax.Literal)
    )
    if len(computed) == len(runs) or len(set(names)) < len(names):
        pairs = tuple(zip(names, runs, strict=True))
        return lambda value, env: {name: run(value, env) for name, run in pairs}
    blank = dict(zip(names, constants, strict=True))
    if not computed:
        return lambda value, env: blank.copy()

    def made(value: Any, env: Env) -> Any:
        members = blank.copy()
        for name, run in computed:
            members[name] = run(value, env)
        return members

    return made


def _key(value: Any) -> str:
    if type(value) is not str:
        raise fail(f"Cannot use {described(value)} as object key")
    return value


def binder(compiler: Compiler, pattern: syntax.Pattern, scope: Scope) -> tuple[Binder, Scope]:
    """What binds a pattern's variables, and the scope in which they are known."""
    match pattern:
        case syntax.VariablePattern(name):
            key = compiler.key(name)
            return lambda value, env: ({**env, key: value},), scope.with_variable(name, key)
        case syntax.ArrayPattern(items):
            inner: list[Binder] = []
            for item in items:
                bind, scope = binder(compiler, item, scope)
                inner.append(bind)
            return _array_binder(inner), scope
        case syntax.ObjectPattern(entries):
            steps: list[tuple[Run, str | None, Binder | None]] = []
            for key_node, name, item in entries:
                keys = compiler.many(key_node, scope)
                variable = None
                bind = None
                if name is not None:
                    variable = compiler.key(name)
                    scope = scope.with_variable(name, variable)
                if item is not None:
                    bind, scope = binder(compiler, item, scope)
                steps.append((keys, variable, bind))
            return _object_binder(steps), scope
        case _:
            assert_never(pattern)


def _array_binder(items: list[Binder]) -> Binder:
    def run(value: Any, env: Env) -> list[Env]:
        found: list[Env] = [env]
        for at, bind in enumerate(items):
            part = access.get(value, at, meter_of(env))
            found = [inner for outer in found for inner in bind(part, outer)]
        return found

    return run


def _object_binder(steps: list[tuple[Run, str | None, Binder | None]]) -> Binder:
    def run(value: Any, env: Env) -> list[Env]:
        found: list[Env] = [env]
        for keys, variable, bind in steps:
            extended: list[Env] = []
            for outer in found:
                for key in keys(value, outer):
                    part = access.get(value, _key(key), meter_of(env))
                    inner = {**outer, variable: part} if variable is not None else outer
                    extended.extend(bind(part, inner) if bind is not None else (inner,))
            found = extended
        return found

    return run
