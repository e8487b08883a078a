"""What an instance is between two facts: which tasks are open, on what they wait, and the data they need.

A State is immutable to its callers and independent of the process that made it. It names tasks by number and shares
documents: the order that five nested tasks hold is stored once.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from crossdock import exactjson
from crossdock.flow.facts import At


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


class Filter(msgspec.Struct, frozen=True, array_like=True):
    attributes: dict[str, Any]
    expects: list[Any]


Memory: TypeAlias = Loop | Race | Attempt | Listened | None


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

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(Waiting(run.at, run.wait, run.detail, run.started) for run in self.runs if run.wait is not None)

    @property
    def timers(self) -> tuple[tuple[At, str], ...]:
        """(at, timer) of every timer that is set."""
        return tuple((run.at, timer) for run in self.runs for timer in run.timers)


# ── stored form ──────────────────────────────────────────────────────────────────────────────────────────────────


class _Stored(msgspec.Struct, array_like=True):
    """Version 1. Documents of runs, input and context are numbers into `documents` where they are containers."""

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


_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(_Stored, float_hook=Decimal).decode
_VERSION = 1


def dump(state: State) -> bytes:
    """The state as JSON. Raises nothing: facts bring JSON values, and expressions make no others."""
    documents: list[Any] = []
    places: dict[int, int] = {}

    def put(value: Any) -> Any:
        # A container becomes [n]; anything else stays. No stored value is a one-number list of its own: those are
        # containers and so become [n] too.
        if type(value) is not dict and type(value) is not list:
            return value
        identity = id(value)  # pyright: ignore[reportUnknownArgumentType]
        place = places.get(identity)
        if place is None:
            place = places[identity] = len(documents)
            documents.append(value)
        return [place]

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
            run.memory,
            run.vars,
        )
        for run in state.runs
    ]
    stored = _Stored(
        _VERSION,
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
    )
    return _encode(stored)


def load(data: bytes | str) -> State:
    """The inverse of `dump`. Raises exactjson.DecodeError when the bytes are not a stored state."""
    stored = _decode(data)
    if stored.version != _VERSION:
        raise exactjson.DecodeError(f"Expected state version {_VERSION}, found {stored.version}.")
    documents = stored.documents

    def get(value: Any) -> Any:
        return documents[value[0]] if type(value) is list else value

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
            run.memory,
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
    )


def canonical(state: State) -> bytes:
    """Equal states give equal bytes, however their documents came to be shared: for comparing a fold with the store."""
    return exactjson.canonical(state)


def status_word(state: State) -> str:
    return state.status.value
