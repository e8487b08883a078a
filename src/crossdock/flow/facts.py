"""What goes into the interpreter (facts, past tense) and what comes out of it (commands, imperative).

A task run is named by `at`: the JSON pointer of the task in its definition, then `#` and how many-eth run of that
task in this instance it is, from 1: `/do/1/release/try/4/price#2`. It is the same on every replay, so that
`instance/at` serves as the idempotency key of a call.

Both unions are closed: hosts match on them and end with `assert_never`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

At: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Error:
    """An error of the workflow language (RFC 9457). type: URI, status: HTTP-like number, instance: task pointer."""

    type: str
    status: int
    title: str = ""
    detail: str = ""
    instance: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Started:
    """instance_id: what `$workflow.id`, ids of emitted events and jitter are made of."""

    input: Any
    now: datetime
    instance_id: str = ""


@dataclass(frozen=True, slots=True)
class CallCompleted:
    at: At
    output: Any
    now: datetime


@dataclass(frozen=True, slots=True)
class CallFailed:
    at: At
    error: Error
    now: datetime


@dataclass(frozen=True, slots=True)
class EventReceived:
    """An event for the listener at `at`. The host has matched type and correlation keys; the interpreter checks all."""

    at: At
    event: Mapping[str, Any]  # CloudEvent in JSON form
    now: datetime


@dataclass(frozen=True, slots=True)
class TimerFired:
    at: At
    timer: str  # the name given in SetTimer
    now: datetime


@dataclass(frozen=True, slots=True)
class ChildCompleted:
    at: At
    output: Any
    now: datetime


@dataclass(frozen=True, slots=True)
class ChildFailed:
    at: At
    error: Error
    now: datetime


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """compensate: undo first what was done, last first. force: stop, even while that is under way."""

    reason: str
    now: datetime
    compensate: bool = False
    force: bool = False


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Call:
    """Do this, and answer with CallCompleted or CallFailed at the same `at`.

    function: `http`, `openapi`, or the name of a catalogue function or role operation without version and catalogue
    (`erp.priceOrder`, `approval`, `decision`).
    arguments: evaluated. metadata: the task's `metadata.crossdock`, evaluated where it holds expressions
    except `compensate`, whose expressions are kept as written, since they see the output of this call.
    secrets: names of the secrets whose marks in `arguments` flow.secrets.fill replaces when the call is made.
    """

    at: At
    function: str
    arguments: Any
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correlation:
    """One `correlate` entry: `path` is the expression on the event; `expect` its wanted value, already evaluated.

    expect None: the first event binds the value for the listeners that follow.
    """

    name: str
    path: str
    expect: Any = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """type and the other literal attributes of `with` that an event must have, and its correlation."""

    attributes: Mapping[str, Any]  # at least {"type": …} where the definition gives it; literals only
    correlations: tuple[Correlation, ...] = ()

    @property
    def type(self) -> str | None:
        return self.attributes.get("type")


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Deliver every event that passes one of the filters as EventReceived, until Unsubscribe; early ones first."""

    at: At
    filters: tuple[EventFilter, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    at: At


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Answer with TimerFired at `due`. `timer` tells several timers of one task run apart."""

    at: At
    timer: str
    due: datetime


@dataclass(frozen=True, slots=True)
class ClearTimer:
    at: At
    timer: str


@dataclass(frozen=True, slots=True)
class Emit:
    """Publish a CloudEvent. id, source and time are filled in by the host where the definition gives none."""

    at: At
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunChild:
    """Start another workflow; answer with ChildCompleted or ChildFailed when `awaited`, else never."""

    at: At
    namespace: str
    name: str
    version: str
    input: Any
    awaited: bool


@dataclass(frozen=True, slots=True)
class Abandon:
    """The call or child at `at` no longer matters here (a lost race, a time-out); its outcome may still happen."""

    at: At


@dataclass(frozen=True, slots=True)
class Complete:
    output: Any


@dataclass(frozen=True, slots=True)
class Fail:
    error: Error


@dataclass(frozen=True, slots=True)
class Cancel:
    reason: str


Command: TypeAlias = (
    Call | Subscribe | Unsubscribe | SetTimer | ClearTimer | Emit | RunChild | Abandon | Complete | Fail | Cancel
)


# ── what operators do: facts like all others, so that folding history still gives the stored state ────────────────


@dataclass(frozen=True, slots=True)
class Suspended:
    """Nothing moves from here on; the host keeps what comes. The interpreter only remembers that it happened."""

    reason: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Resumed:
    now: datetime


@dataclass(frozen=True, slots=True)
class Begin:
    """A task that is to start: below the open run `parent`, with `raw` as its input."""

    parent: int
    pointer: str
    raw: Any


@dataclass(frozen=True, slots=True)
class Restarted:
    """The instance goes on from an earlier moment; flow.restart makes it, and says what becomes of each call.

    at: the task run that is begun again. state: the instance as it stood then, in its stored form.
    begin: tasks to start, in order. timers and listens: what was open then and is not open now.
    answered: open calls and children of that moment whose recorded outcome is taken at once.
    """

    at: At
    now: datetime
    state: str
    begin: tuple[Begin, ...] = ()
    timers: tuple[SetTimer, ...] = ()
    listens: tuple[At, ...] = ()
    answered: tuple[At, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Migrated:
    """From here on another version runs; flow.migrate makes it. The program given with it is already the new one.

    tasks: by the position of an open run in the state, the number of its task in the new version.
    counts: of the new version's tasks. Task runs that are open keep their `at`, by which everybody knows them.
    """

    of: str
    to: str
    now: datetime
    tasks: tuple[int, ...]
    counts: tuple[int, ...]


Fact: TypeAlias = (
    Started
    | CallCompleted
    | CallFailed
    | EventReceived
    | TimerFired
    | ChildCompleted
    | ChildFailed
    | CancelRequested
    | Suspended
    | Resumed
    | Restarted
    | Migrated
)


# ── trace ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing that happened within a step, for the history page and the lifecycle events."""

    at: At
    kind: str  # task-started, -completed, -faulted, -retried, -skipped, -cancelled; switched, caught, ignored
    detail: str = ""


ZERO = timedelta(0)
