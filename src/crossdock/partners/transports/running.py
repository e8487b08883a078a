"""Running channels: each by one process at a time, for a bounded time, and its trouble is told, never raised.

    crew = Crew(db, open_channel, desk)
    await crew.duty()        # starts what is due beside what runs already, and waits for none of it
    await crew.close()

A run ends before its lease does, so that a process that stands still does not do what another has taken over.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from crossdock.db import PASSING, Database
from crossdock.errors import CrossdockError
from crossdock.events.inbox import business_now
from crossdock.partners import intake
from crossdock.partners.transports import desk, handing, store, taking
from crossdock.partners.transports.as2.sending import As2
from crossdock.partners.transports.desk import Desk
from crossdock.partners.transports.model import Channel, ChannelTrouble, Fate, Inbound, Transport
from crossdock.partners.transports.store import SQL

log = logging.getLogger(__name__)

LEASE_S, RUN_S = 120.0, 100.0
ITEMS = 100  # taken in one run; the next one begins at once when there are more
AT_ONCE = 4
LOOK_EVERY_S = 1.0
EXPIRY_EVERY_S = 3600.0
LEFT_EVERY_S, LEFT_AFTER = 30.0, timedelta(seconds=60)
WARN_BEFORE = timedelta(days=30)

Open: TypeAlias = Callable[[Channel], Awaitable[Transport]]
"""Connects. Raises ChannelTrouble."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did. trouble: why it ended early; "" when it did not."""

    taken: int = 0
    repeated: int = 0
    refused: int = 0
    handed_over: int = 0
    trouble: str = ""


async def run(
    db: Database, tenant_id: str, channel_id: str, open_: Open, people: Desk, *, by_hand: bool = False
) -> Ran | None:
    """One run. None: it runs elsewhere, or is disabled (by_hand runs it all the same)."""
    async with db.transaction(tenant_id) as tx:
        claimed = await store.claim(tx, tenant_id, channel_id, LEASE_S, by_hand=by_hand)
    if claimed is None:
        return None
    channel, owner = claimed
    try:
        async with asyncio.timeout(RUN_S):
            ran = await _run(db, channel, open_, people)
    except PASSING as error:
        if not isinstance(error, TimeoutError | OSError):
            raise  # the database is away: the lease runs out by itself
        ran = Ran(trouble=f"Expected the run to end within {RUN_S:.0f} s, found {type(error).__name__} {error}".strip())
    except CrossdockError as error:
        ran = Ran(trouble=str(error))
    except Exception as error:  # the edge: a fault of ours in one channel keeps no other from running
        log.exception("the channel %s of %s failed", channel.id, tenant_id)
        ran = Ran(trouble=f"A fault of Crossdock ({type(error).__name__}); its log tells more.")
    await _end(db, channel, owner, ran, people)
    return ran


async def _run(db: Database, channel: Channel, open_: Open, people: Desk) -> Ran:
    transport = await open_(channel)
    try:
        taken = repeated = refused = handed = 0
        if channel.takes and transport.inbound is not None:
            async for fate in _take(db, channel, transport.inbound, people):
                taken += fate is Fate.STORED
                repeated += fate is Fate.REPEATED
                refused += fate is Fate.REFUSED
        if channel.hands_over and transport.outbound is not None:
            handed = await handing.hand_over(db, channel, transport.outbound, people)
        if isinstance(transport, As2):
            await transport.answer_due()
        return Ran(taken, repeated, refused, handed)
    finally:
        await transport.close()


async def _take(db: Database, channel: Channel, inbound: Inbound, people: Desk) -> AsyncGenerator[Fate]:
    """The fate of each thing that was there, up to ITEMS of them."""
    count = 0
    async for item in inbound.pick_up():
        done = await taking.take(db, channel, item, inbound)
        if done.fate is Fate.REFUSED:
            async with db.transaction(channel.tenant_id) as tx:
                trouble = desk.refused(channel, item.name, done.reason)
                await people.open(tx, channel.tenant_id, trouble, await business_now(tx))
        yield done.fate
        count += 1
        if count == ITEMS:
            return


async def _end(db: Database, channel: Channel, owner: UUID, ran: Ran, people: Desk) -> None:
    """Gives the lease back, and tells people once of a trouble that lasts."""
    async with db.transaction(channel.tenant_id) as tx:
        if not ran.trouble:
            more = ran.taken + ran.repeated + ran.refused >= ITEMS
            await tx.execute(SQL["done"], channel.tenant_id, channel.id, owner, more)
            if channel.case_id is not None:
                await people.close(
                    tx, channel.tenant_id, channel.case_id, "closed: the channel works again", await business_now(tx)
                )
            return
        row = await tx.fetchrow(SQL["failed"], channel.tenant_id, channel.id, owner, ran.trouble[:1000])
        if row is not None and row["failures"] >= desk.TELL_AFTER_FAILURES and row["case_id"] is None:
            trouble = desk.failing(channel, row["failures"], ran.trouble[:1000])
            case_id = await people.open(tx, channel.tenant_id, trouble, await business_now(tx))
            await tx.execute(SQL["told"], channel.tenant_id, channel.id, case_id)


async def test(channel: Channel, open_: Open) -> str:
    """Connects and looks; moves nothing. Raises ChannelTrouble."""
    try:
        async with asyncio.timeout(RUN_S):
            transport = await open_(channel)
            try:
                return await transport.check()
            finally:
                await transport.close()
    except TimeoutError:
        raise ChannelTrouble(f"Expected an answer within {RUN_S:.0f} s, found none.") from None


async def warn_of_expiry(db: Database, people: Desk) -> int:
    """One case for each certificate that ends soon and has no successor; returns how many."""
    told = 0
    now = await db.pool.fetchval("select crossdock.now()")
    for row in await db.pool.fetch("select * from crossdock.certificates_expiring($1) as tenant_id", now + WARN_BEFORE):
        tenant_id = row["tenant_id"]
        async with db.transaction(tenant_id) as tx:
            for c in await tx.fetch(SQL["expiring"], tenant_id, now + WARN_BEFORE):
                trouble = desk.expiring(c["partner_id"], c["fingerprint"], c["subject"], c["not_after"])
                case_id = await people.open(tx, tenant_id, trouble, now)
                await tx.execute(SQL["certificate_told"], tenant_id, c["partner_id"], c["fingerprint"], case_id)
                told += 1
    return told


class Crew:
    """The channels that this process runs now."""

    def __init__(self, db: Database, open_: Open, people: Desk) -> None:
        self._db = db
        self._open = open_
        self._people = people
        self._tasks: dict[tuple[str, str], asyncio.Task[Ran | None]] = {}
        self._looked_at = 0.0
        self._warned_at = 0.0
        self._finished_at = time.monotonic()

    async def duty(self) -> None:
        """Starts what is due; waits for nothing that talks to a partner."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        if not self._warned_at or time.monotonic() - self._warned_at > EXPIRY_EVERY_S:
            self._warned_at = time.monotonic()
            await warn_of_expiry(self._db, self._people)
        if time.monotonic() - self._finished_at > LEFT_EVERY_S:
            self._finished_at = time.monotonic()
            await intake.finish_left(self._db, await self._db.pool.fetchval("select crossdock.now()") - LEFT_AFTER)
        self._forget_ended()
        if len(self._tasks) >= AT_ONCE:
            return
        for row in await self._db.pool.fetch("select * from crossdock.channels_due()"):
            at = (row["tenant_id"], row["channel_id"])
            if at not in self._tasks and len(self._tasks) < AT_ONCE:
                self._tasks[at] = asyncio.create_task(run(self._db, *at, self._open, self._people))

    def _forget_ended(self) -> None:
        for at, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[at]
                if not task.cancelled() and (error := task.exception()) is not None:
                    log.warning("a run of the channel %s ended early: %s", at[1], error)

    async def idle(self) -> None:
        """Until nothing runs: for tests, and for an orderly end."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            self._forget_ended()

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await self.idle()
