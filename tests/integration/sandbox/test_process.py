"""The sandbox as its own process: says where it is, runs on its own clock, stops when told."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from crossdock_sandbox.app import derived_key

SRC = Path(__file__).parents[3] / "src"


def start(*arguments: str, secret: str | None = "process") -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    environment.pop("CROSSDOCK_SANDBOX_SECRET", None)
    if secret is not None:
        environment["CROSSDOCK_SANDBOX_SECRET"] = secret
    command = [sys.executable, "-m", "crossdock_sandbox", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def control(base_url: str, path: str) -> dict[str, object]:
    headers = {"X-Sandbox-Control": derived_key("process", "control")}
    with urllib.request.urlopen(urllib.request.Request(base_url + path, headers=headers), timeout=5) as response:
        return json.load(response)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_its_address_serves_and_stops_cleanly(number: signal.Signals) -> None:
    process = start("--port", "0", "--seed", "7", "--rate", "0", "--business-origin", "2026-11-23T08:00:00")
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        assert ready["pid"] == process.pid
        assert control(ready["base_url"], "/_clock")["now"] == "2026-11-23T08:00:00Z"
        assert control(ready["base_url"], "/castell/_seed")["currency"] == "USD"
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
    finally:
        process.kill()
        process.wait()


def test_without_a_secret_it_does_not_start() -> None:
    process = start(secret=None)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "CROSSDOCK_SANDBOX_SECRET" in errors
