"""The sandbox as its own process: says where it is, runs on its own clock, stops when told."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from crossdock_sandbox import world
from crossdock_sandbox.app import derived_key
from crossdock_sandbox.wire import exact_strings

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


def test_a_world_from_a_file_is_served_and_a_broken_one_is_named(tmp_path: Path) -> None:
    harrow = msgspec.structs.replace(world.build(7, "castell"), tenant="harrow", name="Harrow Gifts")
    file, broken = tmp_path / "harrow.json", tmp_path / "broken.json"
    file.write_bytes(exact_strings(harrow))
    broken.write_text('{"tenant": "harrow"}')
    process = start("--world", str(file))
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["tenants"] == ["norrland", "castell", "harrow"]
        assert control(ready["base_url"], "/harrow/_seed")["name"] == "Harrow Gifts"
    finally:
        process.kill()
        process.wait()
    refused = start("--world", str(broken))
    _, errors = refused.communicate(timeout=10)
    assert refused.returncode == 2
    assert f"--world {broken}: Object missing required field" in errors


async def test_with_a_running_clock_things_happen_by_themselves(outside, bodies) -> None:
    """Ten hours of business per real second: a purchase order is confirmed without anybody setting the clock."""
    await outside.good("POST", "/norrland/supplier/purchase-orders", bodies["/norrland/supplier/purchase-orders"])
    now = datetime.now(UTC).isoformat()
    setting = {"real_origin": now, "business_origin": "2026-11-23T08:00:00Z", "rate": 36_000}
    await outside.control("PUT", "/_clock", setting)
    async with asyncio.timeout(10):
        while not outside.hooks.received:
            await asyncio.sleep(0.01)  # waiting for real time to pass is what this test is about
    assert outside.hooks.kinds() == ["po-confirmed"]


async def test_bytes_that_are_no_http_do_not_disturb_it(outside) -> None:
    host, port = outside.base_url.removeprefix("http://").split(":")
    for garbage in (b"\x00\xff\xfe\r\n\r\n", b"GET /%ff%00/\xc3 HTTP/1.1\r\n\r\n", b"POST / HTTP/9.9\r\n" * 50):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(garbage)
        writer.write_eof()
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
    for path in (
        "/%ff/%00/x",
        "/norrland/erp/api/Items/%F0%9F%98%80%ff",
        "/norrland/erp/api/Items?top=%ff&skip=-1&&&=;",
    ):
        answer = await outside.raw("GET", path, None, {})
        assert answer.status == 401
    assert (await outside.raw("GET", "/_health", None, {})).content == {"ok": True}
