"""Pacing across all workers: at most so many per so long, in the order of asking, in business time.

One row per key holds when the next slot is free. Asking takes the row, computes a slot and moves the row on, within
the turn that asks; whoever need not wait goes on at once, anybody else parks until its slot comes. Nobody polls for a
slot of its own: a worker's look at what is due gives all slots that have come. Slots are spaced by `per / limit`
(rounded up to the microsecond); a `burst` lets so many go together after a quiet time (a token bucket of that size).

An instance that is cancelled while it waits gives its slot to nobody, and nobody loses one. A call is let go at its
slot or up to a look (a quarter of a second) later, never earlier.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries

SQL = queries("crossdock.cases", "throttle.sql")

AT_ONCE = 500  # slots given in one look: the next comes a quarter of a second later
LONGEST_KEY = 200
MOST = 1_000_000  # a limit or burst above it is no pacing
FASTEST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """limit per `per`, `burst` of them at once after a quiet time. max_wait: refuse rather than wait longer."""

    key: str
    limit: int
    per: timedelta
    burst: int = 1
    max_wait: timedelta | None = None

    @property
    def interval(self) -> timedelta:
        us = -(-(self.per // FASTEST) // self.limit)  # rounded up: never more than the limit
        return timedelta(microseconds=max(1, us))


@dataclass(frozen=True, slots=True)
class Slot:
    at: datetime
    free_at: datetime


def slot(pace: Pace, free_at: datetime, now: datetime) -> Slot:
    """The slot of whoever asks now, and when the key is free after it."""
    ahead = (pace.burst - 1) * pace.interval
    return Slot(max(now, free_at - ahead), max(now, free_at) + pace.interval)


def lock(tenant_id: str, key: str) -> int:
    """The advisory lock of a key, for the order in which turns that commit together take several."""
    digest = hashlib.blake2b(f"pace\0{tenant_id}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


async def ask(tx: Tx, tenant_id: str, instance_id: UUID, at: str, pace: Pace, now: datetime) -> Slot | None:
    """A slot, spent and waited for when it lies in the future; None, and nothing spent, when it is too far away."""
    free_at = await tx.fetchval(SQL["hold_pace"], tenant_id, pace.key, now)
    given = slot(pace, free_at, now)
    if pace.max_wait is not None and given.at - now > pace.max_wait:
        return None
    await tx.execute(SQL["advance_pace"], tenant_id, pace.key, given.free_at)
    if given.at > now:
        await tx.execute(SQL["wait"], tenant_id, instance_id, at, pace.key, now, given.at)
    return given


def output(key: str, asked_at: datetime, slot_at: datetime) -> Mapping[str, Any]:
    """What the call gives: its slot, and how long it waited for it in seconds."""
    waited = (slot_at - asked_at) // timedelta(milliseconds=1)
    return {"key": key, "slot_at": slot_at.isoformat(), "waited_ms": waited}


async def release(tx: Tx, tenant_id: str, now: datetime) -> int:
    """Lets those go whose slots have come."""
    due = await tx.fetch(SQL["due"], tenant_id, now, AT_ONCE)
    if not due:
        return 0
    taken = await tx.fetch(SQL["take"], tenant_id, [r["instance_id"] for r in due], [r["at"] for r in due])
    taken.sort(key=lambda r: (r["slot_at"], r["instance_id"]))
    bodies = [
        exactjson.text({"at": r["at"], "output": output(r["key"], r["asked_at"], r["slot_at"]), "now": now})
        for r in taken
    ]
    await tx.execute(SQL["answer"], tenant_id, [r["instance_id"] for r in taken], bodies)
    return len(taken)


async def withdraw(tx: Tx, tenant_id: str, instance_id: UUID, at: str | None) -> None:
    """The task run no longer waits; its slot stays spent."""
    await tx.execute(SQL["withdraw"], tenant_id, instance_id, at)
