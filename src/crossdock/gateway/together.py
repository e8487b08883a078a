"""Answers that several callers share: of one question at most one is worked out at a time, and one more waits.

Whoever asks gets an answer that was begun after the question, so that nobody reads what was true before their own
change; all who ask while one is worked out share the next. A hundred open boards cost as much as two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Together:
    """Keys name a question whole: the tenant, and everything that the answer depends on."""

    def __init__(self) -> None:
        self._working: dict[Hashable, asyncio.Task[Any]] = {}
        self._waiting: dict[Hashable, asyncio.Task[Any]] = {}

    async def ask(self, key: Hashable, answer: Callable[[], Awaitable[T]]) -> T:
        """What `answer` gives, ours or that of one who asks the same; what it raises, each of them hears."""
        task = self._waiting.get(key)
        if task is None:
            task = self._waiting[key] = asyncio.create_task(self._next(key, self._working.get(key), answer))
        return await asyncio.shield(task)  # who goes away does not take it from the others

    async def _next(self, key: Hashable, before: asyncio.Task[Any] | None, answer: Callable[[], Awaitable[T]]) -> T:
        if before is not None:
            await asyncio.wait([before])
        # who asks from here on may have changed something that this answer does not see
        task = self._working[key] = self._waiting.pop(key)
        try:
            return await answer()
        finally:
            if self._working.get(key) is task:
                del self._working[key]
