"""What one turn of one instance writes: rows only, gathered in memory, committed together with other turns.

A turn applies some facts to an instance. Nothing in it has happened until the committer says so; calls that it
commands are performed only after that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

import msgspec

from crossdock import exactjson
from crossdock.flow.facts import Error, EventFilter, Fact, RunChild
from crossdock.flow.outcomes import Invocation, Transactional
from crossdock.flow.payloads import Payloads

RETRY_TIMER = "~attempt"
UNDO_SUFFIX = "~undo"


class CallState(StrEnum):
    """States of a call; docs/states.md has the transitions."""

    SENT = "sent"  # with the remote system, or about to be: after a crash, unknown
    RETRY = "retry"  # a passing fault without effect; its timer tries again
    OUTAGE = "outage"  # its system is down; resumes with the system
    UNKNOWN = "unknown"  # may have had its effect; its timer probes
    ASKED = "asked"  # probes could not tell; a case asks a person
    PARKED = "parked"  # accepted by a function that answers later
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class OpenCall:
    """A call without an answer yet, as the worker that holds the instance knows it.

    waits: as it was read, its timer or the incident of its system will bring it back.
    """

    invocation: Invocation
    system: str
    state: CallState
    abandoned: bool = False
    probes: int = 0
    undo: Mapping[str, Any] | None = None
    waits: bool = False


class Mail(msgspec.Struct, frozen=True):
    """One row of the mailbox: a fact for the interpreter, or a word of the host to itself (kind Attempt)."""

    fact_id: int
    kind: str
    body: Mapping[str, Any]


def mail_of(fact_id: int, kind: str, body: str) -> Mail:
    """One row of the mailbox. A body that cannot be read makes the turn fail that applies it, and nothing before."""
    try:
        return Mail(fact_id, kind, exactjson.loads(body))
    except exactjson.DecodeError:
        return Mail(fact_id, kind, cast("Mapping[str, Any]", None))


class CallRow(msgspec.Struct, frozen=True):
    at: str
    function: str
    system: str
    arguments: Any
    undo: Mapping[str, Any] | None
    state: CallState
    called_at: datetime
    answered_at: datetime | None = None
    duration_ms: float | None = None
    output: Any = None
    error: Error | None = None


class CallChange(msgspec.Struct, frozen=True):
    at: str
    state: CallState
    attempt: int
    abandoned: bool
    answered_at: datetime | None = None
    duration_ms: float | None = None
    output: Any = None
    error: Error | None = None


class AttemptRow(msgspec.Struct, frozen=True):
    at: str
    attempt: int
    outcome: str  # done, failed, unknown, absent
    probe: bool
    detail: str
    tried_at: datetime
    duration_ms: float | None


class Held(msgspec.Struct, frozen=True):
    """A call that waits for its system to come back."""

    call: Invocation
    system: str
    detail: str


class Ended(msgspec.Struct, frozen=True):
    status: str  # completed, faulted, cancelled
    output: Any = None
    error: Error | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """How an instance ended, as it is stored: output and error as JSON."""

    at: datetime
    output: str | None
    error: str | None


class Turn(msgspec.Struct):
    tenant_id: str
    instance_id: UUID
    base_revision: int
    now: datetime
    state: bytes | None = None
    stage: str = ""
    status: str = "running"
    business_key: str = ""
    traceparent: str = ""
    consumed: list[int] = []
    history: list[tuple[int, Fact, bytes]] = []  # seq, fact, trace
    subscribe: list[tuple[str, tuple[EventFilter, ...]]] = []
    unheard: list[Mapping[str, Any]] = []
    unsubscribe: list[str] = []
    set_timers: dict[tuple[str, str], datetime] = {}
    clear_timers: set[tuple[str, str]] = set()
    new_calls: list[CallRow] = []
    call_changes: dict[str, CallChange] = {}
    attempts: list[AttemptRow] = []
    undone: list[str] = []
    emits: list[dict[str, Any]] = []
    children: list[RunChild] = []
    begin: list[tuple[Transactional, Invocation]] = []
    withdrawn: list[str] = []
    held: list[Held] = []
    unheld: list[tuple[str, str]] = []
    recovered: set[str] = set()
    asked: list[OpenCall] = []
    postponed: list[Fact] = []  # outcomes that a suspended instance hears later
    stuck: str | None = None
    ended: Ended | None = None
    over: Over | None = None  # it had ended before this turn, which only settles a call: its end stays as it was
    parent: tuple[UUID, str] | None = None
    perform: list[OpenCall] = []
    park: bool = False
    payloads: Payloads | None = None  # what is too large to be written with each row that holds it

    @property
    def alone(self) -> bool:
        """Whether its transaction touches other instances or systems, whose rows others may lock in another order.

        Functions that write what belongs to their own order (`begin`) share: whatever fails is committed one by one.
        """
        return bool(
            self.postponed or self.withdrawn or self.held or self.recovered or self.asked or self.stuck
            or self.children or self.unheld or (self.ended and (self.parent or self.ended.error))
        )  # fmt: skip

    @property
    def together(self) -> bool:
        """Whether it needs more than the one call that writes rows, in the same transaction."""
        return bool(self.subscribe or self.unheard or self.undone or self.over or self.begin or self.alone)
