"""What goes into the interpreter (facts, past tense) and what comes out of it (commands, imperative).

A task run is named by `at`: the JSON pointer of the task in its definition, then `#` and how many-eth run of that
task in this instance it is, from 1: `/do/1/release/try/4/price#2`. It is the same on every replay, so that
`instance/at` serves as the idempotency key of a call.

Both unions are closed: hosts match on them and end with `assert_never`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec

At: TypeAlias = str


class Error(msgspec.Struct, frozen=True):
    """An error of the workflow language (RFC 9457). type: URI, status: HTTP-like number, instance: task pointer."""

    type: str
    status: int
    title: str = ""
    detail: str = ""
    instance: str = ""
    extra: Mapping[str, Any] = {}


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Started(msgspec.Struct, frozen=True):
    """instance_id: what `$workflow.id`, ids of emitted events and jitter are made of."""

    input: Any
    now: datetime
    instance_id: str = ""


class CallCompleted(msgspec.Struct, frozen=True):
    at: At
    output: Any
    now: datetime


class CallFailed(msgspec.Struct, frozen=True):
    at: At
    error: Error
    now: datetime


class EventReceived(msgspec.Struct, frozen=True):
    """An event for the listener at `at`. The host has matched type and correlation keys; the interpreter checks all."""

    at: At
    event: Mapping[str, Any]  # CloudEvent in JSON form
    now: datetime


class TimerFired(msgspec.Struct, frozen=True):
    at: At
    timer: str  # the name given in SetTimer
    now: datetime


class ChildCompleted(msgspec.Struct, frozen=True):
    at: At
    output: Any
    now: datetime


class ChildFailed(msgspec.Struct, frozen=True):
    at: At
    error: Error
    now: datetime


class CancelRequested(msgspec.Struct, frozen=True):
    """compensate: undo first what was done, last first. force: stop, even while that is under way."""

    reason: str
    now: datetime
    compensate: bool = False
    force: bool = False


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Call(msgspec.Struct, frozen=True):
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
    metadata: Mapping[str, Any] = {}
    secrets: tuple[str, ...] = ()


class Correlation(msgspec.Struct, frozen=True):
    """One `correlate` entry: `path` is the expression on the event; `expect` its wanted value, already evaluated.

    expect None: the first event binds the value for the listeners that follow.
    """

    name: str
    path: str
    expect: Any = None


class EventFilter(msgspec.Struct, frozen=True):
    """type and the other literal attributes of `with` that an event must have, and its correlation."""

    attributes: Mapping[str, Any]  # at least {"type": …} where the definition gives it; literals only
    correlations: tuple[Correlation, ...] = ()

    @property
    def type(self) -> str | None:
        return self.attributes.get("type")


class Subscribe(msgspec.Struct, frozen=True):
    """Deliver every event that passes one of the filters as EventReceived, until Unsubscribe; early ones first."""

    at: At
    filters: tuple[EventFilter, ...]


class Unsubscribe(msgspec.Struct, frozen=True):
    at: At


class SetTimer(msgspec.Struct, frozen=True):
    """Answer with TimerFired at `due`. `timer` tells several timers of one task run apart."""

    at: At
    timer: str
    due: datetime


class ClearTimer(msgspec.Struct, frozen=True):
    at: At
    timer: str


class Emit(msgspec.Struct, frozen=True):
    """Publish a CloudEvent. id, source and time are filled in by the host where the definition gives none."""

    at: At
    event: Mapping[str, Any]


class RunChild(msgspec.Struct, frozen=True):
    """Start another workflow; answer with ChildCompleted or ChildFailed when `awaited`, else never."""

    at: At
    namespace: str
    name: str
    version: str
    input: Any
    awaited: bool


class Abandon(msgspec.Struct, frozen=True):
    """The call or child at `at` no longer matters here (a lost race, a time-out); its outcome may still happen."""

    at: At


class Complete(msgspec.Struct, frozen=True):
    output: Any


class Fail(msgspec.Struct, frozen=True):
    error: Error


class Cancel(msgspec.Struct, frozen=True):
    reason: str


Command: TypeAlias = (
    Call | Subscribe | Unsubscribe | SetTimer | ClearTimer | Emit | RunChild | Abandon | Complete | Fail | Cancel
)


# ── what operators do: facts like all others, so that folding history still gives the stored state ────────────────


class Suspended(msgspec.Struct, frozen=True):
    """Nothing moves from here on; the host keeps what comes. The interpreter only remembers that it happened."""

    reason: str
    now: datetime


class Resumed(msgspec.Struct, frozen=True):
    now: datetime


class Begin(msgspec.Struct, frozen=True):
    """A task that is to start: below the open run `parent`, with `raw` as its input."""

    parent: int
    pointer: str
    raw: Any


class Restarted(msgspec.Struct, frozen=True):
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


class Migrated(msgspec.Struct, frozen=True):
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


class Trace(msgspec.Struct, frozen=True):
    """One thing that happened within a step, for the history page and the lifecycle events."""

    at: At
    kind: str  # task-started, -completed, -faulted, -retried, -skipped, -cancelled; switched, caught, ignored
    detail: str = ""


ZERO = timedelta(0)
