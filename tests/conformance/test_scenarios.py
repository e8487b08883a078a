"""The interpreter against the specification's conformance kit, and against our scenarios in the same grammar."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crossdock.flow import program

from . import steps
from .conftest import web_calls
from .gherkin import Scenario
from .hosts import Host, InMemory

KIT = 21  # scenarios of the kit at DSL 1.0.3: fewer means that some were not found


@pytest.fixture
async def memory(origin: str) -> AsyncIterator[Host]:
    async with web_calls(origin) as web:
        yield InMemory(web)


async def test_kit_scenario(kit_scenario: Scenario, memory: Host) -> None:
    await steps.play(kit_scenario, memory)


async def test_own_scenario(own_scenario: Scenario, memory: Host) -> None:
    await steps.play(own_scenario, memory)


@pytest.fixture
def dsl() -> Path:
    folder = os.environ.get("CROSSDOCK_DSL")
    if not folder:
        pytest.skip("NOT RUN: CROSSDOCK_DSL is not set")
    return Path(folder)


def test_the_whole_kit_is_found(dsl: Path) -> None:
    text = "".join(path.read_text() for path in (dsl / "ctk").glob("*.feature"))
    assert text.count("Scenario:") >= KIT


def test_every_example_of_the_specification_is_valid(dsl: Path) -> None:
    examples = sorted((dsl / "examples").glob("*.yaml"))
    assert len(examples) > 50
    findings = [str(f) for path in examples for f in program.validate(path.read_bytes(), path.name)]
    assert findings == []
