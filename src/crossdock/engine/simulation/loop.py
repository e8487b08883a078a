"""An event loop on virtual time: what sleeps is woken at once, in the order in which it would have been.

Time moves only when nothing is left to do and nothing is under way outside of this process. A statement that the
database is working on holds time still, so that how fast it answers decides nothing; the answer's own delay is drawn
from the seed. The one exception is a statement that waits for a lock: only others can end its wait, so time goes on
for them. Whether it does is asked of the database itself, by whoever sets `on_stall`.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

LOOK_S = 0.002  # real time without an answer after which we ask whether it waits for a lock


class _Selector(selectors.DefaultSelector):
    """Lets virtual time pass where another selector would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.outside = 0  # statements the database is working on
        self.on_stall: Callable[[], None] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []  # something is ready; answers of the outside are read when it is done
        if self.outside:
            events = super().select(LOOK_S)
            if not events and self.on_stall is not None:
                self.on_stall()
            return events
        if timeout is None:
            return super().select(LOOK_S)
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its `time()` is virtual seconds since it was made."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)
        self.set_exception_handler(_quiet)

    def time(self) -> float:
        return self._virtual.now

    def leave(self) -> None:
        """Something began outside: time stands still until `back`."""
        self._virtual.outside += 1

    def back(self) -> None:
        self._virtual.outside -= 1

    def on_stall(self, act: Callable[[], None] | None) -> None:
        """What to do when the outside does not answer at once."""
        self._virtual.on_stall = act


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tasks of the dead end with errors that nobody reads. Anything else is said as usual."""
    if "never retrieved" not in str(context.get("message", "")):
        loop.default_exception_handler(context)
