"""Tenants and users from the command line, and the first of them at the first start."""

import asyncio
import json
from datetime import timedelta

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from crossdock.cli import setup
from crossdock.cli.app import app
from crossdock.db import Database
from crossdock.errors import SetupError
from crossdock.gateway import identity


def test_a_tenant_and_a_user_are_made_and_the_user_signs_in(
    app_dsn: str, admin_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", app_dsn)
    monkeypatch.setenv("CROSSDOCK_DATABASE_ADMIN_URL", admin_dsn)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    made = run("tenant", "add", "oslo", "--name", "Oslo Bolts", "--currency", "NOK")
    assert made.exit_code == 0, made.output
    assert run("tenant", "add", "oslo", "--name", "Oslo Bolts", "--currency", "NOK").exit_code != 0
    tenants = [json.loads(line) for line in run("tenant", "list", "--json").stdout.splitlines()]
    assert [t["tenant"] for t in tenants] == ["castell", "norrland", "oslo"]
    added = run("user", "add", "Astrid", "--tenant", "oslo", "--role", "approver", "--limit", "5000")
    assert added.exit_code == 0, added.output
    again = run("user", "add", "astrid", "--tenant", "norrland", "--role", "viewer")
    assert (again.exit_code, again.stdout) == (0, "")
    wrong = run("user", "add", "astrid", "--tenant", "norrland", "--role", "king")
    assert isinstance(wrong.exception, SetupError)
    users = [json.loads(line) for line in run("user", "list", "--json").stdout.splitlines()]
    assert [(u["user"], u["tenant"], u["role"], u["limit"]) for u in users] == [
        ("astrid", "norrland", "viewer", None),
        ("astrid", "oslo", "approver", "5000"),
    ]

    async def sign_in() -> int:
        db = await Database.open(app_dsn)
        try:
            assert await identity.sign_in(db, "astrid", added.stdout.strip(), timedelta(hours=1), "oslo")
            async with db.transaction("oslo") as tx:
                return await tx.fetchval("select count(*) from crossdock.definition")
        finally:
            await db.close()

    assert asyncio.run(sign_in()) > 0  # the shipped workflows are published


async def test_the_first_start_makes_one_administrator_and_later_ones_make_none(database: Database) -> None:
    first = await setup.first_start(database)
    assert first is not None
    assert first.tenants == ("castell", "norrland")
    assert await identity.sign_in(database, first.name, first.password, timedelta(hours=1), "norrland")
    assert await setup.first_start(database) is None


async def test_where_there_is_no_tenant_the_first_start_makes_one(database: Database, admin_dsn: str) -> None:
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute("delete from crossdock.tenant")
    await admin.close()
    first = await setup.first_start(database)
    assert first is not None
    assert first.tenants == (setup.FIRST_TENANT,) == tuple(await database.tenant_ids())
