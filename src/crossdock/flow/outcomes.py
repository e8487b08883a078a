"""The calling contract between the host and whoever performs a call: what is asked, and what can come of it.

Three kinds of function implement it. They are told apart by which protocol they satisfy:

* `Immediate`: a pure computation, such as a decision table. Evaluated within the advance.
* `Transactional`: writes rows in the transaction of the advance, such as an approval. It may park: the answer is
  then written by whoever decides it, through events.inbox, in that decider's own transaction.
* `Remote`: reaches another system between two transactions. Every transport error is an Unknown outcome, and an
  unknown outcome is probed before anything is tried again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, runtime_checkable
from uuid import UUID

import msgspec

from crossdock.flow.facts import Error


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """One call of one task run. `key` is the same at every attempt: `instance/at`."""

    tenant_id: str
    instance_id: UUID
    at: str
    key: str
    function: str
    arguments: Any
    business_key: str = ""  # the order number
    attempt: int = 1
    now: datetime
    metadata: Mapping[str, Any] = {}
    traceparent: str = ""
    tables_at: int = 0  # which of the tenant's decision tables were in force when the instance began


class Retry(StrEnum):
    NEVER = "never"  # refused, or wrong: the workflow hears of it at once
    LATER = "later"  # a passing fault that had no effect: 429, 503 with no effect, connection refused
    OUTAGE = "outage"  # the system is down (circuit open): the call waits with its incident until the system is back


class Done(msgspec.Struct, frozen=True):
    output: Any


class Failed(msgspec.Struct, frozen=True):
    """It certainly had no effect."""

    error: Error
    retry: Retry = Retry.NEVER
    retry_after: timedelta | None = None


class Unknown(msgspec.Struct, frozen=True):
    """It may or may not have had its effect; `detail` says what was seen."""

    detail: str


class Absent(msgspec.Struct, frozen=True):
    """Probed: the effect did not happen, so the same call may be made again."""


class Parked(msgspec.Struct, frozen=True):
    """Accepted; the answer comes later as a fact. `reference` is what it waits for (`approval/7f3…`)."""

    reference: str


Performed: TypeAlias = Done | Failed | Unknown
Probed: TypeAlias = Done | Absent | Unknown
Begun: TypeAlias = Done | Failed | Parked


@runtime_checkable
class Immediate(Protocol):
    def evaluate(self, call: Invocation) -> Done | Failed: ...


@runtime_checkable
class Transactional(Protocol):
    async def start(self, tx: Any, call: Invocation) -> Begun:
        """tx: the transaction (asyncpg connection) of the advance, with the one tenant set."""
        ...


@runtime_checkable
class Sharing(Protocol):
    """A transactional function that writes rows which other instances write, too. Many instances commit together, so
    it says beforehand which advisory locks stand for those rows: all are taken in one order, before any row."""

    async def start(self, tx: Any, call: Invocation) -> Begun: ...

    def locks(self, call: Invocation) -> Iterable[int]: ...


@runtime_checkable
class Remote(Protocol):
    @property
    def system(self) -> str:
        """Which system it reaches: the unit of budgets, circuit breakers and incidents."""
        ...

    async def perform(self, call: Invocation) -> Performed: ...

    async def probe(self, call: Invocation) -> Probed: ...
