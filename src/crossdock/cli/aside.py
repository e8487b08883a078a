"""A duty that waits for somebody outside, beside the duties that must not wait.

A worker does its duties one after the other, several times a second. One that talks to a mail server or a webhook may
wait for as long as its time-outs let it, and clocks would stand still meanwhile. Such a one is begun here and left to
itself: it is never under way twice, and ends with its worker.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

log = logging.getLogger(__name__)


class Aside:
    """Calling it begins the duty, unless it is still under way; it never waits for it."""

    def __init__(self, what: str, duty: Callable[[], Awaitable[object]]) -> None:
        self._what = what
        self._duty = duty
        self._task: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._once())

    async def _once(self) -> None:
        try:
            await self._duty()
        except Exception:
            # also when the database is away, which ends the round of a duty that is waited for: it is tried again
            log.exception("%s failed; it is tried again", self._what)

    async def close(self) -> None:
        """Ends it. What it had not written down it does once more, next time or in another worker."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
