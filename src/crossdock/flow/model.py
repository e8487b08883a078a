"""A definition, compiled: one immutable Task per task of the file, numbered, with its transitions resolved.

Tasks live in one flat tuple and name each other by index, so that a state holds small integers and a restored
instance needs nothing but the program. A list of tasks is a contiguous run of indexes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from crossdock.flow.dataflow import Schema, Template

# Flow directives; every other `then` is the index of a task in the same list.
CONTINUE, EXIT, END = -1, -2, -3
NOTHING = -1


@dataclass(frozen=True, slots=True)
class Body:
    """A list of tasks: `size` consecutive indexes from `first`."""

    first: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every task may have, whatever it does."""

    index: int
    pointer: str  # /do/1/release/try/4/price
    name: str
    following: int = NOTHING  # the next task of the list
    then: int = CONTINUE
    condition: Template | None = None
    input_schema: Schema | None = None
    input_from: Template | None = None
    output_as: Template | None = None
    output_schema: Schema | None = None
    export_as: Template | None = None
    export_schema: Schema | None = None
    timeout: Template | None = None
    metadata: Template | None = None  # metadata.crossdock, without compensate
    compensate: Any = None  # metadata.crossdock.compensate, as written
    stage: str | None = None
    scoped: bool = False  # an enclosing task binds variables (each, at, as, item)
    definition: Mapping[str, Any]
    secrets: tuple[str, ...] = ()  # names of secrets that its expressions use
    keeps: bool = False  # its input is read again after it has started
    origin: str = ""  # of a task that extensions stand around: the pointer that authors know it by

    @property
    def reference(self) -> str:
        """Where the task stands in the file."""
        return self.origin or self.pointer


@dataclass(frozen=True, slots=True)
class Do:
    body: Body


@dataclass(frozen=True, slots=True)
class Set:
    value: Template


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    when: Template | None
    then: int


@dataclass(frozen=True, slots=True)
class Switch:
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class For:
    each: str
    at: str
    items: Template
    condition: Template | None  # `while`
    body: Body


@dataclass(frozen=True, slots=True)
class Fork:
    branches: Body
    compete: bool


@dataclass(frozen=True, slots=True)
class Backoff:
    kind: str  # constant, linear, exponential
    factor: float = 2.0
    ceiling: Template | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    when: Template | None
    except_when: Template | None
    delay: Template | None
    backoff: Backoff
    attempts: int | None
    attempt_duration: Template | None
    duration: Template | None
    jitter: tuple[Template, Template] | None


@dataclass(frozen=True, slots=True)
class Catch:
    matching: Mapping[str, Any]  # errors.with
    name: str  # as
    when: Template | None
    except_when: Template | None
    retry: Retry | None
    body: Body | None
    then: int | None


@dataclass(frozen=True, slots=True)
class Try:
    body: Body
    catch: Catch


@dataclass(frozen=True, slots=True)
class Raise:
    error: Template


@dataclass(frozen=True, slots=True)
class Emit:
    event: Template


@dataclass(frozen=True, slots=True)
class Wait:
    duration: Template


@dataclass(frozen=True, slots=True)
class Call:
    """`function` is http, openapi, or a catalogue function without version and catalogue."""

    function: str
    arguments: Template
    uri: bool = False  # arguments.endpoint is a URI template to fill


@dataclass(frozen=True, slots=True)
class Use:
    """A call of a function defined in `use.functions`: its task is compiled anew below this one."""

    arguments: Template
    body: Body


@dataclass(frozen=True, slots=True)
class RunWorkflow:
    namespace: str
    name: str
    version: str
    input: Template | None
    awaited: bool


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Valid, but this runtime does not do it; running it faults."""

    what: str


@dataclass(frozen=True, slots=True)
class Extension:
    when: Template | None
    before: Body
    after: Body


@dataclass(frozen=True, slots=True)
class Extended:
    """A task with its extensions around it; what the task itself does is the task at `inner`."""

    extensions: tuple[Extension, ...]
    inner: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """One `correlate` entry: `path` on the event; `expect` None lets the first event bind the value."""

    name: str
    path: str
    expect: Template | None


@dataclass(frozen=True, slots=True)
class Filter:
    """One event filter. `attributes` is evaluated when the listener subscribes, `data` on each event's data."""

    attributes: Template
    data: Template | None
    correlate: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class Strategy:
    """kind: one, any, all."""

    kind: str
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Foreach:
    item: str
    at: str
    body: Body
    output_as: Template | None
    output_schema: Schema | None
    export_as: Template | None
    export_schema: Schema | None


@dataclass(frozen=True, slots=True)
class Listen:
    to: Strategy
    until: Template | None
    until_events: Strategy | None
    read: str  # data, envelope, raw
    foreach: Foreach | None


Action: TypeAlias = (
    Do
    | Set
    | Switch
    | For
    | Fork
    | Try
    | Raise
    | Emit
    | Wait
    | Call
    | Use
    | RunWorkflow
    | Unsupported
    | Listen
    | Extended
)


@dataclass(frozen=True, slots=True)
class Task:
    common: Common
    action: Action


@dataclass(frozen=True, slots=True)
class Schedule:
    """When instances start by themselves; at most one of every, after, cron, on is set.

    time_zone: of `cron`. misfire: what becomes of missed times (flow.schedules). read: of `on`.
    """

    every: timedelta | None = None
    after: timedelta | None = None
    cron: str | None = None
    on: Strategy | None = None
    read: str = "envelope"
    time_zone: str = "UTC"
    misfire: str = "once"

    @property
    def timed(self) -> bool:
        return self.every is not None or self.after is not None or self.cron is not None
