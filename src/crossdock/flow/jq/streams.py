"""How outputs flow: the parts of an expression that do not care what flows through them.

A `Run` takes one thing and the environment and gives the things that come out, lazily, so that `first`, `limit` and
`label` stop what they need no more of. In value mode a thing is a value; in path mode it is a pair (path, value). All
functions here serve both, which is why `.a | first(.b, .c)` can be read and assigned to alike.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from itertools import islice
from typing import Any, Final, TypeAlias, cast

from crossdock.flow.jq.faults import EvaluationError, LimitExceeded
from crossdock.flow.jq.limits import METER, Env, too_deep
from crossdock.flow.jq.values import NUMBERS, fail, truth, whole

Thing: TypeAlias = Any
Run: TypeAlias = Callable[[Thing, Env], Iterable[Thing]]
Values: TypeAlias = Callable[[Thing, Env], Iterable[Any]]
Binder: TypeAlias = Callable[[Any, Env], Iterable[Env]]

WALK_LEVELS: Final = 50_000  # suspended visits of one walk, about half a kilobyte each
MOST_OUTPUTS: Final = 2**62  # beyond any meter; what Python's slices can count to


class BreakTo(Exception):
    """`break $label` on its way to its label."""

    def __init__(self, token: object) -> None:
        self.token = token


def nothing(thing: Thing, env: Env) -> Iterable[Thing]:
    return ()


def pipe(left: Run, right: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        for middle in left(thing, env):
            yield from right(middle, env)

    return run


def comma(parts: list[Run]) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        for part in parts:
            yield from part(thing, env)

    return run


def choose(condition: Values, then: Run, otherwise: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        for decided in condition(thing, env):
            yield from (then if truth(decided) else otherwise)(thing, env)

    return run


def select(condition: Values) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        for decided in condition(thing, env):
            if truth(decided):
                yield thing

    return run


def alternative(left: Run, right: Run, value_of: Callable[[Thing], Any]) -> Run:
    """All outputs of left that are true; the right when there is none. Errors of the left are errors."""

    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        found = False
        for output in left(thing, env):
            if truth(value_of(output)):
                found = True
                yield output
        if not found:
            yield from right(thing, env)

    return run


def attempt(body: Run, handler: Values | None, lift: Callable[[Any], Thing]) -> Run:
    """`try body catch handler`; lift makes a thing of what the handler gives."""

    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        try:
            yield from body(thing, env)
        except LimitExceeded:
            raise
        except EvaluationError as error:
            caught = error.value
        else:
            return
        if handler is not None:
            for output in handler(caught, env):
                yield lift(output)

    return run


def bind(source: Values, binder: Binder, body: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        meter = env.get(METER)
        for item in source(thing, env):
            for bound in binder(item, env):
                if meter is not None:  # in a recursion every level binds again for every output
                    meter.spend(1)
                yield from body(thing, bound)

    return run


def reduce(source: Values, binder: Binder, start: Run, update: Run, empty: Thing) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        meter = env[METER]
        for state in start(thing, env):
            for item in source(thing, env):
                for bound in binder(item, env):
                    meter.spend(1)
                    # the last output is the new state; without one it is null
                    current, state = state, empty
                    for output in update(current, bound):
                        state = output
            yield state

    return run


def foreach(source: Values, binder: Binder, start: Run, update: Run, extract: Run | None, empty: Thing) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        meter = env[METER]
        for state in start(thing, env):
            for item in source(thing, env):
                for bound in binder(item, env):
                    meter.spend(1)
                    current, state = state, empty
                    for output in update(current, bound):
                        state = output
                        if extract is None:
                            yield output
                        else:
                            yield from extract(output, bound)

    return run


def label(key: str, body: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        token = object()
        try:
            yield from body(thing, {**env, key: token})
        except BreakTo as leaving:
            if leaving.token is not token:
                raise

    return run


def break_to(key: str) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        raise BreakTo(env[key])

    return run


# named loops


class _Move(IntEnum):
    """What a visit to one thing asks for: give an output, go into a child, or go into the last child there is."""

    GIVE = 0
    ENTER = 1
    LEAVE_TO = 2


_Visit: TypeAlias = Callable[[Thing, Env], Iterator[tuple[_Move, Thing]]]


def _walk(visit: _Visit) -> Run:
    """Depth first and lazily, with a stack of its own; a loop that only leaves to its successor needs no stack."""

    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        meter = env[METER]
        levels = [visit(thing, env)]
        while levels:
            for move, reached in levels[-1]:
                if move is _Move.GIVE:
                    yield reached
                    continue
                meter.spend(1)
                if move is _Move.LEAVE_TO:
                    levels.pop()
                elif len(levels) >= WALK_LEVELS:
                    raise too_deep()
                levels.append(visit(reached, env))
                break
            else:
                levels.pop()

    return run


def _enter(children: Iterable[Thing], *, last: bool) -> Iterator[tuple[_Move, Thing]]:
    # one known child, and nothing to do after it
    if last and isinstance(children, tuple) and len(children) == 1:
        yield _Move.LEAVE_TO, children[0]
        return
    for child in cast(Iterable[Thing], children):
        yield _Move.ENTER, child


def recurse(step: Run) -> Run:
    """The thing, then what step makes of it, and so on, parents before children."""

    def visit(thing: Thing, env: Env) -> Iterator[tuple[_Move, Thing]]:
        yield _Move.GIVE, thing
        yield from _enter(step(thing, env), last=True)

    return _walk(visit)


def while_(condition: Values, step: Run) -> Run:
    def visit(thing: Thing, env: Env) -> Iterator[tuple[_Move, Thing]]:
        outcomes = condition(thing, env)
        for decided in outcomes:
            if truth(decided):
                yield _Move.GIVE, thing
                yield from _enter(step(thing, env), last=type(outcomes) is tuple)

    return _walk(visit)


def until(condition: Values, step: Run) -> Run:
    def visit(thing: Thing, env: Env) -> Iterator[tuple[_Move, Thing]]:
        outcomes = condition(thing, env)
        for decided in outcomes:
            if truth(decided):
                yield _Move.GIVE, thing
            else:
                yield from _enter(step(thing, env), last=type(outcomes) is tuple)

    return _walk(visit)


def repeat(body: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        meter = env[METER]
        while True:
            meter.spend(1)
            yield from body(thing, env)

    return run


def first(body: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        for output in body(thing, env):
            yield output
            return

    return run


def last(body: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        found: tuple[Thing, ...] = ()
        for output in body(thing, env):
            found = (output,)
        yield from found

    return run


def limit(counts: Values, body: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        for count in counts(thing, env):
            wanted = _count(count, "limit doesn't support negative count")
            if wanted:
                yield from islice(body(thing, env), wanted)

    return run


def skip(counts: Values, body: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        for count in counts(thing, env):
            passed = _count(count, "skip doesn't support negative count")
            yield from islice(body(thing, env), passed, None)

    return run


def nth(counts: Values, body: Run) -> Run:
    def run(thing: Thing, env: Env) -> Iterator[Thing]:
        for count in counts(thing, env):
            at = _count(count, "nth doesn't support negative indices")
            yield from islice(body(thing, env), at, at + 1)

    return run


def _count(value: Any, complaint: str) -> int:
    if type(value) not in NUMBERS:
        raise fail("Expected a number of outputs, found something else")
    if value < 0:
        raise fail(complaint)
    count = whole(value)
    # jq counts down and stops at or below zero, so a fraction takes one more
    return min(count if count == value else count + 1, MOST_OUTPUTS)
