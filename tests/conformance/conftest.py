"""Finds the scenarios, serves what they call, and says at the end how many ran."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from crossdock.engine.webcalls import WebCalls
from crossdock.outbound import Client, Request, Response, TransportProblem

from . import servers
from .gherkin import Scenario, scenarios

OWN = Path(__file__).parent / "kit"


def kit() -> list[Scenario]:
    """The scenarios of the specification's conformance kit, read where they lie."""
    folder = os.environ.get("CROSSDOCK_DSL")
    if not folder:
        return []
    return [s for path in sorted(Path(folder, "ctk").glob("*.feature")) for s in scenarios(path)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kit_scenario" in metafunc.fixturenames:
        metafunc.parametrize("kit_scenario", kit(), ids=str)
    if "own_scenario" in metafunc.fixturenames:
        own = [s for path in sorted(OWN.glob("*.feature")) for s in scenarios(path)]
        metafunc.parametrize("own_scenario", own, ids=str)


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    with servers.serving() as url:
        yield url


@asynccontextmanager
async def web_calls(origin: str) -> AsyncIterator[WebCalls]:
    """Calls over real HTTP; every public host is played by the local server."""
    client = Client(allow=[origin])

    async def send(request: Request) -> Response | TransportProblem:
        url = urlsplit(request.url)
        headers = {**request.headers, "X-Original-Host": url.hostname or ""}
        return await client.send(replace(request, url=origin + request.url.partition(url.netloc)[2], headers=headers))

    yield WebCalls(send)
    await client.close()


HOSTS = {"memory": "test_scenarios.py", "PostgreSQL": "test_postgresql.py"}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Counts what was reported as passed, so that it holds however many processes ran the tests."""
    passed = terminalreporter.stats.get("passed", [])
    for host, file in HOSTS.items():
        ran = {kind: sum(f"{file}::test_{kind}_scenario[" in r.nodeid for r in passed) for kind in ("kit", "own")}
        kit_ran = f"{ran['kit']} scenarios" if os.environ.get("CROSSDOCK_DSL") else "NOT RUN (CROSSDOCK_DSL is not set)"
        terminalreporter.write_line(f"conformance: {kit_ran} of the kit, {ran['own']} of our own, {host}")
    examples = sum("test_examples.py::test_an_example" in r.nodeid for r in passed)
    ran_them = f"{examples}" if os.environ.get("CROSSDOCK_DSL") else "NOT RUN (CROSSDOCK_DSL is not set)"
    terminalreporter.write_line(f"conformance: {ran_them} examples of the specification")
    if not os.environ.get("CROSSDOCK_CORPUS"):
        terminalreporter.write_line("corpus: NOT RUN (CROSSDOCK_CORPUS is not set)")
    for report in passed:
        for name, value in report.user_properties:
            if name == "corpus":
                terminalreporter.write_line(f"corpus: {value}")
