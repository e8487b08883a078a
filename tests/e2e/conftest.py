"""The control tower in a real browser, against a real server.

The browser is Debian's Chromium, driven by Playwright: nothing is downloaded. A machine without one fails, with the
command that installs it, because a suite that quietly skips proves nothing. The server is `crossdock demo` on a free
port; CROSSDOCK_E2E_URL, _USER, _PASSWORD and _DATA point the same tests at a server that already runs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(os.environ.get("CROSSDOCK_E2E_SHOTS", ROOT / "test-results" / "screens"))
START_S = 240  # the first start on a cold machine initialises a database and seeds two tenants
WAIT_MS = 15_000


@dataclass(frozen=True, slots=True)
class Server:
    """data: of the demo, where it is one on this machine."""

    url: str
    user: str
    password: str
    data: Path | None = None


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("CROSSDOCK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.fail("There is no Chromium on this machine. Run: apt-get install -y chromium", pytrace=False)
    flags = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage "
        "--disable-background-networking --disable-component-update --disable-sync"
    )
    return {**browser_type_launch_args, "executable_path": chromium, "args": flags.split()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "viewport": {"width": 1440, "height": 900},
        "reduced_motion": "reduce",
        "locale": "en-US",
        "timezone_id": "UTC",
    }


@pytest.fixture(scope="session")
def server_url() -> Iterator[Server]:
    """A running server with a simulated day's orders in it, and who may sign in."""
    if url := os.environ.get("CROSSDOCK_E2E_URL"):
        user = os.environ.get("CROSSDOCK_E2E_USER", "admin")
        data = os.environ.get("CROSSDOCK_E2E_DATA")
        yield Server(url.rstrip("/"), user, os.environ.get("CROSSDOCK_E2E_PASSWORD", ""), Path(data) if data else None)
        return
    crossdock = Path(sys.executable).with_name("crossdock")
    with tempfile.TemporaryDirectory(prefix="crossdock-e2e-") as scratch:
        os.chmod(scratch, 0o755)  # as root, the database's unprivileged user must reach its data below
        ready, log = Path(scratch) / "ready.json", Path(scratch) / "log"
        command = (
            f"{crossdock} demo --speed 0 --orders 60 --port 0 --no-browser --ready-file {ready} --data {scratch}/data"
        )
        with log.open("wb") as out:
            demo = subprocess.Popen(command.split(), cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
            try:
                yield replace(_await_ready(demo, ready, log), data=Path(scratch) / "data")
            finally:
                demo.terminate()
                try:
                    demo.wait(60)
                except subprocess.TimeoutExpired:
                    demo.kill()


def _await_ready(demo: subprocess.Popen[bytes], ready: Path, log: Path) -> Server:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and demo.poll() is None:
        if ready.is_file() and (text := ready.read_text()).rstrip().endswith("}"):
            answer = json.loads(text)
            return Server(answer["url"].rstrip("/"), answer["user"], answer["password"])
        time.sleep(0.2)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
    how = f"was not ready after {START_S} s" if demo.poll() is None else f"ended with exit status {demo.poll()}"
    pytest.fail(f"`crossdock demo` {how}:\n{tail}", pytrace=False)


@pytest.fixture(scope="session")
def base_url(server_url: Server) -> str:
    return server_url.url


@pytest.fixture(scope="session")
def signed_in(browser: Browser, browser_context_args: dict[str, Any], server_url: Server) -> Any:
    """The cookies of one sign-in through the form, shared by every test that is not about signing in."""
    context = browser.new_context(**{**browser_context_args, "base_url": server_url.url})
    page = context.new_page()
    page.goto("/sign-in")
    sign_in(page, server_url)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def tower(browser: Browser, browser_context_args: dict[str, Any], signed_in: Any) -> Iterator[Page]:
    """A page of a person who has signed in. An exception in the page's own code fails the test."""
    context = browser.new_context(**{**browser_context_args, "storage_state": signed_in})
    page, errors = watched(context)
    yield page
    context.close()
    assert errors == []


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    errors: list[str] = []
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    page.on("pageerror", lambda e: errors.append(str(e)))
    return page, errors


def sign_in(page: Page, server: Server) -> None:
    page.get_by_label("User").fill(server.user)
    page.get_by_label("Password", exact=True).fill(server.password)
    page.get_by_role("button", name="Sign in").click()
    # a password is hashed slowly on purpose, and on a loaded machine more so
    expect(page.get_by_role("navigation", name="Main")).to_be_visible(timeout=4 * WAIT_MS)


def goto(page: Page, path: str, scheme: str | None = None) -> None:
    """Opens a page. Never waits for a quiet network: the live stream keeps it busy for ever."""
    query = f"{'&' if '?' in path else '?'}scheme={scheme}" if scheme else ""
    page.goto(path + query, wait_until="domcontentloaded")


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}.png")


def api(page: Page, path: str) -> Any:
    """What the server says to the signed-in person: tests choose their subject by it."""
    answer = page.request.get(f"/api{path}")
    assert answer.ok, f"GET /api{path}: {answer.status} {answer.text()[:300]}"
    return answer.json()
