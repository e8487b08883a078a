"""The doctor finds what is broken, says what to do, and leaves the patient as it was."""

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from crossdock.gateway import doctor
from crossdock.gateway.doctor import Check
from crossdock.settings import Settings


@pytest.fixture
def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def settings(app_dsn: str, admin_dsn: str, free_port: int) -> Settings:
    return Settings(database_url=app_dsn, database_admin_url=admin_dsn, port=free_port)


@pytest.fixture
async def admin(admin_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(admin_dsn)
    yield connection
    await connection.close()


async def found(settings: Settings, name: str) -> Check:
    return next(c for c in await doctor.examine(settings) if c.name == name)


async def test_a_sound_installation_has_nothing_wrong(settings: Settings):
    wrong = [c for c in await doctor.examine(settings) if not c.ok and c.name != "control tower"]
    assert wrong == []


async def test_a_used_port_is_named_with_the_program_that_has_it(settings: Settings):
    with socket.create_server(("127.0.0.1", settings.port)):
        check = await found(settings, "port")
    assert not check.ok
    assert f":{settings.port} is used by" in check.found
    assert "CROSSDOCK_PORT" in check.fix


async def test_pending_migrations_are_named(settings: Settings, admin: asyncpg.Connection):
    await admin.execute("delete from crossdock.migration where name = (select max(name) from crossdock.migration)")
    check = await found(settings, "migrations")
    assert not check.ok
    assert check.found.startswith("1 pending: 00")


async def test_an_application_role_that_owns_a_table_is_wrong(settings: Settings, admin: asyncpg.Connection):
    await admin.execute("create table public.mine (n int); alter table public.mine owner to crossdock_app")
    check = await found(settings, "role")
    assert not check.ok
    assert "owns 1 tables" in check.found


async def test_a_superuser_as_application_is_wrong(settings: Settings, admin_dsn: str):
    check = await found(Settings(database_url=admin_dsn, port=settings.port), "role")
    assert not check.ok
    assert "above row security" in check.found


async def test_an_unreachable_database_is_wrong_and_its_password_stays_secret(tmp_path: Path):
    checks = await doctor.examine(Settings(database_url=f"postgresql://u:hush@/x?host={tmp_path}", port=0))
    check = next(c for c in checks if c.name == "database")
    assert not check.ok
    assert "hush" not in doctor.render(checks)


async def test_a_missing_data_directory_is_not_created(tmp_path: Path):
    checks = await doctor.examine(Settings(data=tmp_path / "none", port=0))
    assert not (tmp_path / "none").exists()
    assert "not initialised yet" in next(c for c in checks if c.name == "database").found


async def test_the_report_is_json_and_exits_1_when_something_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("CROSSDOCK_PROT", "80")
    text, status = await doctor.report(tmp_path / "none", json=True)
    report = json.loads(text)
    assert status == 1
    assert report["ok"] is False
    slip = next(c for c in report["checks"] if c["name"] == "settings")
    assert slip["found"] == "CROSSDOCK_PROT is not a setting of Crossdock; see docs/settings.md"


async def test_a_setting_that_does_not_parse_is_the_whole_report(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CROSSDOCK_PORT", "eighty")
    text, status = await doctor.report(None, json=False)
    assert status == 1
    assert "CROSSDOCK_PORT" in text
