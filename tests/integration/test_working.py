"""A worker's process outlives its database: it starts the embedded server again, waits, and goes on."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from crossdock import embedded
from crossdock.db import PASSING

PATIENCE_S = 60


async def _workers(dsn: str) -> list[int]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("select pid from crossdock.worker where lease_until > clock_timestamp()")
        return [r["pid"] for r in rows]
    finally:
        await connection.close()


async def _until_registered(dsn: str, pid: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                if await _workers(dsn) == [pid]:
                    return
            except (*PASSING, asyncpg.UndefinedTableError):
                pass  # it is not there yet, or not again
            await asyncio.sleep(0.05)


@pytest.fixture
def data() -> Iterator[Path]:
    """Not in pytest's own directory: as root, the database's account must be able to walk there."""
    base = Path(tempfile.mkdtemp(prefix="crossdock-working-"))
    base.chmod(0o755)
    yield base / "data"
    shutil.rmtree(base, ignore_errors=True)


async def test_a_worker_starts_its_killed_database_again_and_goes_on(data: Path, tmp_path: Path) -> None:
    others = {k: v for k, v in os.environ.items() if not k.startswith("CROSSDOCK_")}
    log = tmp_path / "worker.log"
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock.cli", "worker", "--ready-line",
            stdout=asyncio.subprocess.PIPE, stderr=sink, env={**others, "CROSSDOCK_DATA": str(data)},
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        assert line, log.read_text()
        assert json.loads(line)["worker"]
        server = await embedded.ensure(data)  # joins it
        dsn = server.admin_dsn_of("crossdock")
        await _until_registered(dsn, process.pid)
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)

        async with asyncio.timeout(PATIENCE_S):
            while server.pid in (None, killed):
                await asyncio.sleep(0.05)
        connection = await _connected(dsn)
        await connection.execute("delete from crossdock.worker")  # whatever was registered before
        await connection.close()
        await _until_registered(dsn, process.pid)
        assert process.returncode is None
        assert "gives way to a new one" in log.read_text()
        await server.release()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _connected(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await asyncpg.connect(dsn)
            except PASSING:
                await asyncio.sleep(0.05)
