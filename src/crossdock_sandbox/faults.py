"""Faults on demand: what goes wrong, where, how often and when in business time.

`down` drops the connection before anything happens; `error` and `throttle` refuse before anything happens; `slow` and
`lost-response` do the work and then fail to say so in time, which is what makes an outcome unknown. The two webhook
kinds are applied by the courier. A `slow` call takes effect first on purpose: an effect that arrived after its
caller's time-out and probe could be told from a fresh one by nobody.
"""

from datetime import datetime
from enum import StrEnum
from itertools import count
from random import Random
from typing import Annotated

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Kind(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    ERROR = "error"
    THROTTLE = "throttle"
    LOST_RESPONSE = "lost-response"
    DUPLICATE_WEBHOOK = "duplicate-webhook"
    REORDER_WEBHOOK = "reorder-webhook"


BEFORE_EFFECT = (Kind.DOWN, Kind.THROTTLE, Kind.ERROR)
AFTER_EFFECT = (Kind.SLOW, Kind.LOST_RESPONSE)


class Order(msgspec.Struct, kw_only=True, rename={"from_at": "from"}):
    """A fault as ordered at the control interface."""

    tenant: str
    system: str
    kind: Kind
    rate: float = 1.0
    count: int | None = None
    operation: str | None = None
    from_at: Moment | None = None
    until: Moment | None = None
    delay_s: float | None = None


class Fault(Order, kw_only=True, rename={"from_at": "from"}):
    id: str
    hits: int = 0

    def active(self, now: datetime) -> bool:
        return (
            (self.from_at is None or self.from_at <= now)
            and (self.until is None or now < self.until)
            and (self.count is None or self.hits < self.count)
        )


class Faults:
    """All faults of the sandbox, listed in the order they were placed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"faults {seed}")
        self._numbers = count(1)
        self._faults: dict[str, Fault] = {}
        self._places: dict[tuple[str, str], list[Fault]] = {}

    def place(self, order: Order) -> Fault:
        fault = Fault(**msgspec.structs.asdict(order), id=f"f-{next(self._numbers)}")
        self._faults[fault.id] = fault
        self._places.setdefault((fault.tenant, fault.system), []).append(fault)
        return fault

    def listed(self) -> list[Fault]:
        return list(self._faults.values())

    def lift(self, *, id: str | None = None, tenant: str | None = None, system: str | None = None) -> list[Fault]:
        """Remove the faults that match; without arguments, all of them."""
        gone = [
            fault
            for fault in self._faults.values()
            if id in (None, fault.id) and tenant in (None, fault.tenant) and system in (None, fault.system)
        ]
        for fault in gone:
            del self._faults[fault.id]
            self._places[fault.tenant, fault.system].remove(fault)
        return gone

    def strike(self, tenant: str, system: str, kinds: tuple[Kind, ...], operation: str, now: datetime) -> Fault | None:
        """The fault that hits this call, if one does; the hit is counted."""
        for fault in self._places.get((tenant, system), ()):
            if (
                fault.kind in kinds
                and fault.operation in (None, operation)
                and fault.active(now)
                and self._random.random() < fault.rate
            ):
                fault.hits += 1
                return fault
        return None

    def outage(self, tenant: str, system: str, now: datetime) -> bool:
        """Whether the whole system is down, so that it sends nothing either."""
        return any(
            fault.kind is Kind.DOWN
            and fault.operation is None
            and fault.rate >= 1
            and fault.count is None
            and fault.active(now)
            for fault in self._places.get((tenant, system), ())
        )
