"""What an instance is between two facts: which tasks are open, on what they wait, and the data they need.

A State is immutable to its callers and independent of the process that made it. It names tasks by number and shares
documents: the order that five nested tasks hold is stored once.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias, cast

import msgspec

from crossdock import exactjson
from crossdock.flow.facts import At
from crossdock.flow.payloads import MARK, NAMED, Payloads
from crossdock.flow.payloads import outline as payload_outline


class Status(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAULTED = "faulted"
    CANCELLED = "cancelled"


class Wait(StrEnum):
    CALL = "call"
    EVENT = "event"
    TIMER = "timer"
    CHILD = "child"


class Waiting(msgspec.Struct, frozen=True):
    """One open task run that nothing but a fact can move on. `detail`: function, event types, or timer."""

    at: At
    kind: Wait
    detail: str
    since: datetime


# ── what a run of a composite task remembers ─────────────────────────────────────────────────────────────────────


class Loop(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    items: list[Any]
    i: int


class Race(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """Outputs of a fork's branches by position, and how many are still open."""

    outputs: list[Any]
    open: int


class Attempt(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    """phase: 0 trying, 1 waiting to retry, 2 handling. failures: of the body so far."""

    phase: int
    failures: int
    since: datetime


class Listened(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """consumed: events as read, or iteration outputs; slots: which filters of `all` have had theirs.

    filters and until: attributes and expectations as evaluated on subscribing, in the order of the definition.
    pending: consumed events whose iteration has not begun; busy: one is running; closing: no more are taken.
    """

    filters: list["Filter"]
    until: list["Filter"]
    consumed: list[Any]
    slots: list[bool]
    until_slots: list[bool]
    outputs: list[Any]
    pending: list[Any]
    busy: bool
    closing: bool
    seen: list[str]


class Around(msgspec.Struct, frozen=True, array_like=True, tag="x"):
    """chosen: the extensions that apply; step: lists begun so far, the task itself among them; output and then: its."""

    chosen: list[int]
    step: int
    output: Any = None
    then: int = -1


class Filter(msgspec.Struct, frozen=True, array_like=True):
    attributes: dict[str, Any]
    expects: list[Any]


Memory: TypeAlias = Loop | Race | Attempt | Listened | Around | None


class Run(msgspec.Struct, frozen=True, array_like=True):
    """One open run of a task. `raw` and `input`: before and after input.from. `vars`: what its children see."""

    id: int
    parent: int
    task: int
    at: At
    started: datetime
    raw: Any
    input: Any
    wait: Wait | None = None
    detail: str = ""
    timers: tuple[str, ...] = ()
    memory: Memory = None
    vars: dict[str, Any] | None = None


class Recorded(msgspec.Struct, frozen=True, array_like=True):
    """What came of a task run before the instance went back to an earlier moment.

    output and given: of a call or a child, and with what it was made; events: what a listener heard.
    """

    output: Any = None
    given: Any = None
    events: list[Any] = []


class Again(msgspec.Struct, frozen=True, array_like=True):
    """Of an instance that was restarted: outcomes taken instead of asking again, and numbers of runs not to reuse."""

    recorded: dict[At, Recorded] = {}
    burnt: list[At] = []


class State(msgspec.Struct, frozen=True, kw_only=True):
    """An instance at rest. `input` is raw ($workflow.input); `context` is $context."""

    status: Status
    instance_id: str
    started_at: datetime
    input: Any
    context: Any
    output: Any = None  # of the workflow, once completed
    error: dict[str, Any] | None = None  # once faulted
    stage: str | None = None
    business_key: str = ""
    search: dict[str, Any] = {}
    correlations: dict[str, str] = {}
    counts: tuple[int, ...] = ()  # by task: how many runs it has had
    next_id: int = 1
    runs: tuple[Run, ...] = ()  # by id, so parents come before children
    again: Again | None = None

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(Waiting(run.at, run.wait, run.detail, run.started) for run in self.runs if run.wait is not None)

    @property
    def timers(self) -> tuple[tuple[At, str], ...]:
        """(at, timer) of every timer that is set."""
        return tuple((run.at, timer) for run in self.runs for timer in run.timers)


# ── stored form ──────────────────────────────────────────────────────────────────────────────────────────────────


class _Stored(msgspec.Struct, array_like=True):
    """Versions 1 and 2. Documents of runs, input and context are numbers into `documents` where they are containers.

    joints: (document, path in it, document that belongs there): parts that several documents share.
    """

    version: int
    status: Status
    instance_id: str
    started_at: datetime
    input: Any
    context: Any
    output: Any
    error: dict[str, Any] | None
    stage: str | None
    business_key: str
    search: dict[str, Any]
    correlations: dict[str, str]
    counts: tuple[int, ...]
    next_id: int
    runs: list[Run]
    documents: list[Any]
    joints: list[tuple[int, list[str | int], int]]
    again: Again | None = None


_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(_Stored, float_hook=Decimal).decode
# Version 2 is written where version 1 would be large: its documents may name payloads, and what runs remember and see
# is in documents too.
_WHOLE, _LIGHT = 1, 2


def dump(state: State, payloads: Payloads | None = None) -> bytes:
    """The state as JSON: facts bring JSON values, and expressions make no others.

    payloads: of this instance; large parts of the state are kept there, and named here. Without them all is told here.
    Raises TooLarge when a part is larger than payloads may be.
    """
    if payloads is None:
        return _whole(state)
    if not payloads.knows and len(data := _whole(state)) <= payloads.limit:
        return data
    data = _light(state, payloads)
    payloads.turned()
    return data if NAMED in data else _whole(state)


def _whole(state: State) -> bytes:
    stored, places = _gathered(state, _WHOLE)
    _share(stored, places)
    return _encode(stored)


def _light(state: State, payloads: Payloads) -> bytes:
    stored, places = _gathered(state, _LIGHT)
    for number, document in enumerate(stored.documents):
        light = stored.documents[number] = payloads.light(document)
        if light is not document:
            places[id(light)] = number
    _share(stored, places)
    return _encode(stored)


def _gathered(state: State, version: int) -> tuple[_Stored, dict[int, int]]:
    """The stored form before parts are shared, and the number of each document by identity."""
    documents: list[Any] = []
    places: dict[int, int] = {}

    def put(value: Any) -> Any:
        # A container becomes [n]; anything else stays. No stored value is a one-number list of its own: those are
        # containers and so become [n] too.
        if type(value) is not dict and type(value) is not list:
            return value
        return [_place(cast("object", value), documents, places)]

    if version == _LIGHT:
        runs = [_run(run, put) for run in state.runs]
    else:
        runs = [
            Run(
                run.id,
                run.parent,
                run.task,
                run.at,
                run.started,
                put(run.raw),
                put(run.input),
                run.wait,
                run.detail,
                run.timers,
                # a loop's items are a document too: usually the lines of the order that the context holds
                Loop(put(run.memory.items), run.memory.i) if type(run.memory) is Loop else run.memory,
                run.vars,
            )
            for run in state.runs
        ]
    stored = _Stored(
        version,
        state.status,
        state.instance_id,
        state.started_at,
        put(state.input),
        put(state.context),
        put(state.output),
        state.error,
        state.stage,
        state.business_key,
        state.search,
        state.correlations,
        state.counts,
        state.next_id,
        runs,
        documents,
        [],
        state.again if version == _WHOLE else _again(state.again, put),
    )
    return stored, places


def _run(run: Run, each: Callable[[Any], Any]) -> Run:
    """The run with each value that it holds replaced: by its document's number, or by the document."""
    memory: Memory
    match run.memory:
        case Loop(items, i):
            memory = Loop(each(items), i)
        case Race(outputs, still_open):
            memory = Race([each(o) for o in outputs], still_open)
        case Listened() as heard:
            memory = msgspec.structs.replace(
                heard,
                consumed=[each(c) for c in heard.consumed],
                outputs=[each(o) for o in heard.outputs],
                pending=[each(p) for p in heard.pending],
            )
        case Around() as around:
            memory = msgspec.structs.replace(around, output=each(around.output))
        case Attempt() | None:
            memory = run.memory
    seen = None if run.vars is None else {name: each(value) for name, value in run.vars.items()}
    return msgspec.structs.replace(run, raw=each(run.raw), input=each(run.input), memory=memory, vars=seen)


def _again(again: Again | None, each: Callable[[Any], Any]) -> Again | None:
    if again is None:
        return None
    recorded = {
        at: Recorded(each(r.output), each(r.given), [each(event) for event in r.events])
        for at, r in again.recorded.items()
    }
    return Again(recorded, again.burnt)


def _place(value: object, documents: list[Any], places: dict[int, int]) -> int:
    place = places.get(id(value))
    if place is None:
        place = places[id(value)] = len(documents)
        documents.append(value)
    return place


# How deep the search for shared parts goes, and past which length a list is a table of rows: the order in an event's
# data and in the context is found, its lines are not gone through.
_DEPTH, _ROWS = 3, 4


def _share(stored: _Stored, places: dict[int, int]) -> None:
    """Give every part that occurs twice a document of its own, and cut it out of the others."""
    documents = stored.documents
    seen = set(places)
    shared: list[Any] = []
    for document in documents:
        _shared_parts(document, _DEPTH, seen, shared)
    if not shared:
        return
    for part in shared:
        _place(part, documents, places)
    for number, document in enumerate(documents):
        documents[number] = _cut(document, _DEPTH, number, [], places, stored.joints)


def _children(value: Any) -> list[tuple[str | int, Any]]:
    if type(value) is dict:
        # what names a payload has no parts
        return list(cast("dict[str, Any]", value).items()) if MARK not in value else []
    return list(enumerate(cast("list[Any]", value))) if len(value) <= _ROWS else []


def _shared_parts(value: Any, depth: int, seen: set[int], shared: list[Any]) -> None:
    children: Iterable[Any]
    if type(value) is dict:
        if MARK in value:
            return
        children = cast("dict[str, Any]", value).values()
    elif len(value) <= _ROWS:
        children = value
    else:
        return
    for child in children:
        if (type(child) is dict or type(child) is list) and child:
            if id(child) in seen:  # pyright: ignore[reportUnknownArgumentType]
                shared.append(child)
            else:
                seen.add(id(child))  # pyright: ignore[reportUnknownArgumentType]
                if depth > 1:
                    _shared_parts(child, depth - 1, seen, shared)


def _cut(
    value: Any,
    depth: int,
    number: int,
    path: list[str | int],
    places: dict[int, int],
    joints: list[tuple[int, list[str | int], int]],
) -> Any:
    """The value with null where another document belongs; copied only along the way there."""
    result: Any = value
    for name, child in _children(value):
        if (type(child) is not dict and type(child) is not list) or not child:
            continue
        place = places.get(id(child))  # pyright: ignore[reportUnknownArgumentType]
        here = [*path, name]
        if place is not None:
            joints.append((number, here, place))
            kept = None
        else:
            kept = _cut(child, depth - 1, number, here, places, joints) if depth > 1 else child  # pyright: ignore[reportUnknownVariableType]
        if kept is not child:
            if result is value:
                result = value.copy()
            result[name] = kept
    return result


def load(data: bytes | str, payloads: Payloads | None = None) -> State:
    """The inverse of `dump`. Raises exactjson.DecodeError when the bytes are not a stored state.

    payloads: those that it names, where it names any (payloads.named_in).
    """
    stored = _decode(data)
    if stored.version not in (_WHOLE, _LIGHT):
        raise exactjson.DecodeError(f"Expected state version {_WHOLE} or {_LIGHT}, found {stored.version}.")
    if stored.version == _LIGHT:
        if payloads is None:
            raise exactjson.DecodeError("Expected the payloads of a state that names some, found none.")
        stored.documents = [payloads.whole(document) for document in stored.documents]
    return _restored(stored)


def outline(data: bytes | str) -> State:
    """The state for people to look at: where it names payloads, their names and sizes are what it holds."""
    stored = _decode(data)
    if stored.version == _LIGHT:
        stored.documents = [payload_outline(document) for document in stored.documents]
    return _restored(stored)


def _restored(stored: _Stored) -> State:
    documents = stored.documents
    for number, path, place in stored.joints:
        *way, last = path
        holder = documents[number]
        for name in way:
            holder = holder[name]
        holder[last] = documents[place]

    def get(value: Any) -> Any:
        return documents[value[0]] if type(value) is list else value

    if stored.version == _LIGHT:
        runs = tuple(_run(run, get) for run in stored.runs)
    else:
        runs = tuple(
            Run(
                run.id,
                run.parent,
                run.task,
                run.at,
                run.started,
                get(run.raw),
                get(run.input),
                run.wait,
                run.detail,
                run.timers,
                Loop(get(run.memory.items), run.memory.i) if type(run.memory) is Loop else run.memory,
                run.vars,
            )
            for run in stored.runs
        )
    return State(
        status=stored.status,
        instance_id=stored.instance_id,
        started_at=stored.started_at,
        input=get(stored.input),
        context=get(stored.context),
        output=get(stored.output),
        error=stored.error,
        stage=stored.stage,
        business_key=stored.business_key,
        search=stored.search,
        correlations=stored.correlations,
        counts=stored.counts,
        next_id=stored.next_id,
        runs=runs,
        again=stored.again if stored.version == _WHOLE else _again(stored.again, get),
    )


def canonical(state: State) -> bytes:
    """Equal states give equal bytes, however their documents came to be shared: for comparing a fold with the store."""
    return exactjson.canonical(state)


def status_word(state: State) -> str:
    return state.status.value
