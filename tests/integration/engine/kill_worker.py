"""A worker process for test_kill: `python kill_worker.py DSN LEDGER SEED`. Its one system keeps a file as its ledger.

The system honours keys, as a good one does: a key that is in the file has had its effect and is answered again. Its
answers take a moment, during which a SIGKILL leaves an effect that nobody has heard of.
"""

import asyncio
import fcntl
import os
import random
import signal
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import uvloop

from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine import worker as host
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.worker import Worker
from crossdock.flow.outcomes import Absent, Done, Invocation, Probed


@dataclass
class FileLedger:
    """One line an effect: its key. Shared by processes, under a lock of the file."""

    path: Path
    chance: random.Random
    system: str = "erp"
    known: set[str] = field(default_factory=set)
    read_to: int = 0

    async def perform(self, call: Invocation) -> Done:
        with self.path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.catch_up(file.fileno())
            if call.key not in self.known:
                file.seek(0, os.SEEK_END)
                file.write(call.key.encode() + b"\n")
        await asyncio.sleep(self.chance.random() * 0.02)
        return Done({"did": call.key})

    async def probe(self, call: Invocation) -> Probed:
        with self.path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            self.catch_up(file.fileno())
        return Done({"did": call.key}) if call.key in self.known else Absent()

    def catch_up(self, descriptor: int) -> None:
        while data := os.pread(descriptor, 1 << 20, self.read_to):
            whole = data[: data.rfind(b"\n") + 1]
            self.known.update(whole.decode().split())
            self.read_to += len(whole)
            if not whole:
                return


async def main(dsn: str, ledger: str, seed: str) -> None:
    # The dead are buried soon, so that the test is quick; under load a living one may be too, which must not matter.
    host.LEASE, host.RENEW_S = timedelta(seconds=4), 0.4
    db = await Database.open(dsn, max_size=6)
    system = FileLedger(Path(ledger), random.Random(seed))
    worker = Worker(db, Functions({"erp.first": system, "erp.second": system}, {}), Clock(), Silent())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    print(worker.id, flush=True)
    await worker.run()
    await db.close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
