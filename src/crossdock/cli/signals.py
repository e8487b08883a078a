"""A command that is told to stop ends in order: what it started is stopped, what it keeps for itself is removed."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def until_signal(work: Coroutine[Any, Any, T], interrupted: T) -> T:
    """What work gives, or `interrupted` once SIGINT or SIGTERM has cancelled it."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return interrupted
