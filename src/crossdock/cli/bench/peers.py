"""Other durable engines, in an environment of their own, on the same database server.

The environment `.bench-venv` and the scripts stand beside the source tree; an installed package has neither, and then
says so. What cannot be installed or run is reported as NOT RUN with the reason; it never fails the rest.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import asyncpg

from crossdock.cli.bench.lab import Lab, tool

ROOT = Path(__file__).parents[4]
SCRIPTS = ROOT / "benchmarks"
HOME = ROOT / ".bench-venv"
INSTALL_S = 300


class NotRun(Exception):
    """Why a peer could not be measured."""


async def environment() -> Path:
    """The peers' Python, installed when it is not there yet. Raises NotRun."""
    wanted = SCRIPTS / "requirements.txt"
    if not wanted.is_file():
        raise NotRun(f"{wanted} is not there: peers are compared from a source tree only")
    python, done = HOME / "bin" / "python", HOME / ".installed"
    if done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime:
        return python
    await _do([sys.executable, "-m", "venv", str(HOME)], INSTALL_S)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    await _do([*pip, "-r", str(wanted)], INSTALL_S)
    done.touch()
    return python


async def workflows_per_s(lab: Lab, peer: str, number: int, processes: int) -> dict[str, Any]:
    """Six null steps, so many workflows, in a database of the peer's own. Raises NotRun."""
    python = await environment()
    database = f"peer_{peer}"
    admin = await asyncpg.connect(lab.server.admin_dsn_of("postgres"))
    try:
        await admin.execute(f"drop database if exists {database} with (force)")
        await admin.execute(f"create database {database}")
        dsn = lab.server.admin_dsn_of(database)
        if peer == "absurd":
            await _do([str(python.parent / "absurdctl"), "init", "-d", dsn], 60)
        out = await _do([str(python), str(SCRIPTS / f"peer_{peer}.py"), dsn, str(number), str(processes)], 300)
        return json.loads(out.strip().splitlines()[-1])
    finally:
        await admin.execute(f"drop database if exists {database} with (force)")
        await admin.close()


# The peers' packages come last, so that nothing of theirs takes the place of one of ours.
_BESIDE = """import runpy, sys
sys.path.append(sys.argv[1])
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")"""


async def expressions(script: Path, answer: Path) -> dict[str, Any]:
    """What a script that compares expressions writes, run with the peers' packages in reach. Raises NotRun."""
    await environment()
    packages = next((HOME / "lib").glob("python*/site-packages"), HOME)
    await _do([sys.executable, "-c", _BESIDE, str(packages), str(script), "--json", str(answer)], 300)
    return json.loads(await asyncio.to_thread(answer.read_bytes))


async def _do(command: list[str], within_s: float) -> str:
    """Standard output. Raises NotRun with the end of standard error."""
    postgres = tool("psql").parent  # absurdctl calls it
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PATH": f"{postgres}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), within_s)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise NotRun(f"{Path(command[0]).name} took longer than {within_s:.0f} s") from None
    if process.returncode:
        words = err.decode(errors="replace").strip().splitlines()[-3:]
        raise NotRun(f"{Path(command[0]).name} ended with status {process.returncode}: {' / '.join(words)[-400:]}")
    return out.decode()
