"""What the suites here share: the servers' directory, and what a machine must have for a test to mean anything."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import postgres


@pytest.fixture
def base() -> Iterator[Path]:
    with postgres.directory() as found:
        yield found


@pytest.fixture
def real_postgres() -> Path:
    """The folder of PostgreSQL's programs."""
    found = postgres.binaries()
    if found is None:
        pytest.skip("NOT RUN: no PostgreSQL with pg_basebackup here (apt-get install postgresql)")
    if os.geteuid() == 0 and postgres.account() is None:
        pytest.skip("NOT RUN: root needs an account to run PostgreSQL as (postgres or crossdock)")
    return found


@pytest.fixture
def root() -> None:
    """Whoever may mount and make networks."""
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: needs root, for mounts and network namespaces")


@pytest.fixture
def namespaces(root: None) -> None:
    """Network namespaces joined by a bridge."""
    if shutil.which("ip") is None:
        pytest.skip("NOT RUN: no `ip` here (apt-get install iproute2)")
    probe = "xdprobe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    if made.returncode == 0:
        subprocess.run(["ip", "netns", "del", probe], check=False)
        veth = ["ip", "link", "add", "xdprobe0", "type", "veth", "peer", "name", "xdprobe1"]
        made = subprocess.run(veth, capture_output=True, text=True, check=False)
        subprocess.run(["ip", "link", "del", "xdprobe0"], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"NOT RUN: this machine lets nobody make network namespaces ({made.stderr.strip()})")
