"""Locks that the kernel keeps: they end with the last process that holds them, however it died.

flock(2) belongs to the open file, so a descriptor inherited by the server's processes stays locked until the last of
them is gone. That answers "does a server live?" without trusting a process number, which may be anybody's by now.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from crossdock.errors import SetupError

# Between two looks at a lock or a socket: short beside a start (130 ms), long beside a look (50 µs).
LOOK_AGAIN_S = 0.02


class FileLock:
    """One open lock file. Not reentrant; closing it releases it."""

    def __init__(self, path: Path) -> None:
        # O_NOFOLLOW: root opens these in directories that belong to other accounts.
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as e:
            raise SetupError(f"The lock file {path} cannot be opened: {e.strerror}. Give another --data.") from e
        if os.geteuid() == 0:  # whoever owns the directory must be able to lock, too
            owner = path.parent.stat()
            os.fchown(self.fd, owner.st_uid, owner.st_gid)

    def exclusive(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    def shared(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that another process does, and of which no event tells."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(LOOK_AGAIN_S)


@asynccontextmanager
async def exclusive(path: Path) -> AsyncGenerator[None]:
    """Waits until this process alone holds the lock, without blocking the event loop."""
    lock = FileLock(path)
    try:
        await until(lock.exclusive)
        yield
    finally:
        lock.close()


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock now."""
    if not path.exists():
        return True
    lock = FileLock(path)
    try:
        return lock.exclusive()
    finally:
        lock.close()
