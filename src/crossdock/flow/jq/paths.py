"""Where an expression points to: the left side of an assignment, `path(…)`, `del(…)`, `paths`.

In this mode a thing is a pair (path, value). A value that was computed rather than found has no path (None); it may
decide and be dropped, but reading into it or ending on it is an error, as in jq.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from crossdock.flow.jq import access, structure, syntax
from crossdock.flow.jq.access import Path
from crossdock.flow.jq.faults import EvaluationError
from crossdock.flow.jq.limits import METER, Env, meter_of
from crossdock.flow.jq.scope import Argument, Defined, Scope
from crossdock.flow.jq.streams import Run, Values

if TYPE_CHECKING:
    from crossdock.flow.jq.compiler import Compiler
    from crossdock.flow.jq.syntax import Node


class _Paths:
    empty: Any = (None, None)

    def step(self, compiler: Compiler, node: Node, scope: Scope) -> Run:
        compiler.depth += 1
        compiler.deepest = max(compiler.deepest, compiler.depth)
        try:
            return self._step(compiler, node, scope)
        finally:
            compiler.depth -= 1

    def _step(self, compiler: Compiler, node: Node, scope: Scope) -> Run:
        match node:
            case syntax.Identity():
                return lambda thing, env: (thing,)
            case syntax.Index(target, key, optional):
                return _index(self.step(compiler, target, scope), self.values(compiler, key, scope), optional)
            case syntax.Slice(target, start, end, optional):
                empty = syntax.Literal(None)
                starts = self.values(compiler, start or empty, scope)
                ends = self.values(compiler, end or empty, scope)
                return _index(self.step(compiler, target, scope), _slices(starts, ends), optional)
            case syntax.Each(target, optional):
                compiler.loops = True
                return _each(self.step(compiler, target, scope), optional)
            case (
                syntax.Pipe()
                | syntax.Comma()
                | syntax.If()
                | syntax.Alternative()
                | syntax.Try()
                | syntax.Bind()
                | syntax.Reduce()
                | syntax.Foreach()
                | syntax.Label()
                | syntax.Break()
                | syntax.Define()
            ):
                return structure.build(self, compiler, node, scope)
            case syntax.Call():
                return self.call(compiler, node, scope)
            case _:
                return self.computed(compiler, node, scope)

    def call(self, compiler: Compiler, node: syntax.Call, scope: Scope) -> Run:
        from crossdock.flow.jq import prelude

        signature = (node.name, len(node.arguments))
        meaning = scope.functions.get(signature)
        if meaning is not None:
            return structure.invoke(self, compiler, meaning, node, scope)
        if signature in structure.FORMS:
            return structure.build(self, compiler, node, scope)
        if signature == ("getpath", 1):
            return _getpath(self.values(compiler, node.arguments[0], scope))
        if prelude.defines(*signature):
            return structure.invoke(self, compiler, compiler.library_function(node), node, scope)
        return self.computed(compiler, node, scope)

    def computed(self, compiler: Compiler, node: Node, scope: Scope) -> Run:
        values = self.values(compiler, node, scope)
        return lambda thing, env: ((None, value) for value in values(thing, env))

    def values(self, compiler: Compiler, node: Node, scope: Scope) -> Values:
        run = compiler.many(node, scope)
        return lambda thing, env: run(thing[1], env)

    def value_of(self, thing: Any) -> Any:
        return thing[1]

    def lift(self, value: Any) -> Any:
        return (None, value)

    def of(self, body: Defined | Argument) -> Run | None:
        return body.paths

    def keep(self, body: Defined | Argument, run: Run) -> None:
        body.paths = run


PATHS: Final = _Paths()


def pointer(compiler: Compiler, node: Node, scope: Scope) -> Run:
    """From a value, the (path, value) pairs the expression points to."""
    run = PATHS.step(compiler, node, scope)

    def found(value: Any, env: Env) -> Iterator[tuple[Path, Any]]:
        for path, part in run(((), value), env):
            if path is None:
                raise access.not_a_path(part)
            yield path, part

    return found


def _index(targets: Run, keys: Values, optional: bool) -> Run:
    def run(thing: Any, env: Env) -> Iterator[Any]:
        for key in keys(thing, env):
            for path, value in targets(thing, env):
                if path is None:
                    raise access.not_a_path(value, f"access element {access.brief(key)} of")
                try:
                    part = access.get(value, key, meter_of(env))
                except EvaluationError:
                    if not optional:
                        raise
                else:
                    yield (*path, key), part

    return run


def _slices(starts: Values, ends: Values) -> Values:
    def run(thing: Any, env: Env) -> Iterator[Any]:
        for start in starts(thing, env):
            for end in ends(thing, env):
                yield access.slice_key(start, end)

    return run


def _each(targets: Run, optional: bool) -> Run:
    def run(thing: Any, env: Env) -> Iterator[Any]:
        for path, value in targets(thing, env):
            if path is None:
                raise access.not_a_path(value, "iterate through")
            if optional and type(value) not in (list, dict):
                continue
            items = access.keyed(value)
            env[METER].spend(1 + len(items) * (1 + (len(path) >> 3)))
            for key, item in items:
                yield (*path, key), item

    return run


def _getpath(keys: Values) -> Run:
    def run(thing: Any, env: Env) -> Iterator[Any]:
        path, value = thing
        for wanted in keys(thing, env):
            if path is None:
                raise access.not_a_path(value, f"access element {access.brief(wanted)} of")
            added = access.as_path(wanted)
            yield (*path, *added), access.get_path(value, added, meter_of(env))

    return run
