"""A tenant or a system that is new is connected while workers and gateway run."""

from pathlib import Path

import pytest

from crossdock.cli import compose, connections
from crossdock.connect import config
from crossdock.connect.config import SystemConfig
from crossdock.db import Database
from crossdock.engine.functions import Functions
from crossdock.settings import Settings

T = "norrland"


def wms(tenant: str, secret: Path) -> SystemConfig:
    return SystemConfig(
        tenant=tenant, system="wms", vendor="sandbox.wms", base_url="https://wms.example", key=f"file:{secret}",
        webhook_secret=f"file:{secret}",
    )  # fmt: skip


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text("k3y\n")
    return file


async def test_a_new_system_and_a_new_tenant_are_connected_without_a_restart(database: Database, secret: Path) -> None:
    links = compose.connected(database, Settings())
    functions = Functions({}, await links.changed() or {})
    assert not any(n.startswith("wms.") for n in functions.names(T))
    assert await links.changed() is None, "nothing is connected anew while nothing changes"
    async with database.transaction(T) as tx:
        await compose.connect_system(tx, wms(T, secret))
    functions.connect(await links.changed() or {})
    assert any(n.startswith("wms.") for n in functions.names(T))
    assert not any(n.startswith("wms.") for n in functions.names("castell"))
    async with database.transaction("castell") as tx:
        await compose.connect_system(tx, wms("castell", secret))
    functions.connect(await links.changed() or {})
    assert any(n.startswith("wms.") for n in functions.names("castell"))
    await links.close()


async def test_what_cannot_be_connected_leaves_all_as_it_was_and_says_so_once(
    database: Database, secret: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "LOOK_EVERY_S", 0.0)
    async with database.transaction(T) as tx:
        await compose.connect_system(tx, wms(T, secret))
    links = compose.connected(database, Settings())
    functions = Functions({}, await links.changed() or {})
    before = functions.names(T)
    async with database.transaction("castell") as tx:
        await compose.connect_system(tx, SystemConfig(
            tenant="castell", system="wms", vendor="no-such-vendor", base_url="https://x.example", key=f"file:{secret}"
        ))  # fmt: skip
    await links.follow(functions.connect)
    await links.follow(functions.connect)
    assert functions.names(T) == before
    assert len([r for r in caplog.records if "cannot be connected" in r.message]) == 1
    async with database.transaction("castell") as tx:
        await compose.connect_system(tx, wms("castell", secret))
    await links.follow(functions.connect)
    assert functions.names("castell") == before, "put right, it is connected"
    await links.close()


async def test_the_webhooks_of_a_new_system_are_believed_without_a_restart(
    database: Database, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOOK_EVERY_S", 0.0)
    services = await compose.gateway(database, Settings())
    assert await services.webhook_secret(T, "wms") == ""
    async with database.transaction(T) as tx:
        await compose.connect_system(tx, wms(T, secret))
    assert await services.webhook_secret(T, "wms") == config.from_environment(f"file:{secret}") == "k3y"
    assert await services.webhook_secret("castell", "wms") == ""
