"""The process tree of one installation: gateway, workers, and in the demo the sandbox.

Children are started in their own session, so that Ctrl-C reaches only the parent, who stops them in order. A worker
that dies is started again; the work it held moves to others by itself.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crossdock import exactjson
from crossdock.errors import SetupError

STOP_S = 20


@dataclass(slots=True)
class Child:
    name: str
    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.returncode is None


@dataclass(slots=True)
class Tree:
    """Children of this process, stopped in reverse order of their start."""

    logs: Path
    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list[Child])

    async def start(self, name: str, module: str, *args: str, ready: bool = True) -> tuple[Child, dict[str, object]]:
        """Starts `python -m module args`; waits for one JSON line on its standard output when `ready`.

        Raises SetupError with the end of the child's log when it ends before it is ready.
        """
        log = self.logs / f"{name}.log"
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *args,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=sink,
                env={**os.environ, **self.environment}, start_new_session=True, limit=1 << 20,
            )  # fmt: skip
        child = Child(name, process, log)
        self.children.append(child)
        told: dict[str, object] = {}
        if ready:
            assert process.stdout is not None
            line = await process.stdout.readline()
            if not line:
                await process.wait()
                tail = log.read_text(errors="replace")[-1500:]
                raise SetupError(f"{name} ended with status {process.returncode} before it was ready:\n{tail}")
            told = exactjson.loads(line)
        return child, told

    async def stop(self) -> None:
        """Asks each to stop, last started first, and ends those that do not."""
        for child in reversed(self.children):
            if not child.alive:
                continue
            with contextlib.suppress(ProcessLookupError):
                child.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(child.process.wait(), STOP_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    child.process.kill()
                await child.process.wait()

    def kill(self, child: Child) -> None:
        """SIGKILL, as a power cut would."""
        child.process.kill()
