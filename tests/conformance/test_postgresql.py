"""The same scenarios on the durable host: one worker and one database for all, a tenant for each.

After each scenario every history is folded and compared with the stored state.
"""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from crossdock.db import Database

from . import steps
from .conftest import web_calls
from .gherkin import Scenario
from .hosts import Durable, Host

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def postgresql(server: Any, origin: str) -> AsyncIterator[Host]:
    name = f"t_{uuid.uuid4().hex[:16]}"
    maintenance = await asyncpg.connect(server.admin("postgres"))
    await maintenance.execute(f"create database {name} template {server.template}")
    admin = await asyncpg.connect(server.admin(name))
    db = await Database.open(server.app(name))
    async with web_calls(origin) as web, Durable(db, admin, web) as host:
        yield host
    db.pool.terminate()
    await admin.close()
    await maintenance.execute(f"drop database if exists {name} with (force)")
    await maintenance.close()


async def test_kit_scenario(kit_scenario: Scenario, postgresql: Host) -> None:
    await steps.play(kit_scenario, postgresql)


async def test_own_scenario(own_scenario: Scenario, postgresql: Host) -> None:
    await steps.play(own_scenario, postgresql)
