"""What the host tells others in the transaction where it happens; cases implements it, the composition root joins them.

Beside them the points at which a test may let a worker die: between any two of them nothing is promised to anybody.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias
from uuid import UUID

from crossdock.db import Tx
from crossdock.flow.outcomes import Invocation


class Hooks(Protocol):
    async def held(self, tx: Tx, call: Invocation, system: str, detail: str) -> None:
        """A call waits because its system is down: its order belongs to the incident (opened here if none is)."""
        ...

    async def recovered(self, tx: Tx, tenant_id: str, system: str, now: datetime) -> None:
        """The system answered again; every held call resumes by itself."""
        ...

    async def unresolved(self, tx: Tx, call: Invocation, system: str, detail: str) -> None:
        """Probes cannot tell whether the call had its effect: a person is asked."""
        ...

    async def stuck(
        self, tx: Tx, tenant_id: str, instance_id: UUID, business_key: str, detail: str, now: datetime
    ) -> None:
        """The host could not advance an instance: a technical case."""
        ...

    async def faulted(
        self, tx: Tx, tenant_id: str, instance_id: UUID, business_key: str, detail: str, now: datetime
    ) -> None:
        """An instance ended with an error that nothing in it caught."""
        ...

    async def reopened(self, tx: Tx, tenant_id: str, instance_id: UUID, now: datetime) -> None:
        """An operator set a stuck or faulted instance going again, or ended it: nobody need look at it any more."""
        ...

    async def withdraw(self, tx: Tx, tenant_id: str, instance_id: UUID, at: str, now: datetime) -> None:
        """What was asked of people for this task run is asked no more."""
        ...


class Silent:
    """Tells nobody: for the hosts of tests and benchmarks."""

    async def held(self, tx: Tx, call: Invocation, system: str, detail: str) -> None: ...
    async def recovered(self, tx: Tx, tenant_id: str, system: str, now: datetime) -> None: ...
    async def unresolved(self, tx: Tx, call: Invocation, system: str, detail: str) -> None: ...
    async def stuck(
        self, tx: Tx, tenant_id: str, instance_id: UUID, business_key: str, detail: str, now: datetime
    ) -> None: ...
    async def faulted(
        self, tx: Tx, tenant_id: str, instance_id: UUID, business_key: str, detail: str, now: datetime
    ) -> None: ...
    async def reopened(self, tx: Tx, tenant_id: str, instance_id: UUID, now: datetime) -> None: ...
    async def withdraw(self, tx: Tx, tenant_id: str, instance_id: UUID, at: str, now: datetime) -> None: ...


class Point(StrEnum):
    """Where a worker can die such that it matters."""

    AFTER_CLAIM = "after-claim"  # the leases are ours, and nothing is read yet
    BEFORE_COMMIT = "before-commit"  # everything is written, nothing is durable
    AFTER_COMMIT = "after-commit"  # the calls are recorded, none has left
    AFTER_EFFECT = "after-effect"  # the other system has done it, and nobody here has heard


Crash: TypeAlias = Callable[[Point], None]


def never(_point: Point) -> None:
    """What is passed outside of tests: nobody dies on purpose."""
