"""The one transaction, seen from outside."""

import asyncpg
import pytest

from crossdock.db import Database


async def test_a_transaction_sees_only_its_tenants(database: Database):
    async with database.transaction("norrland") as tx:
        assert [r["tenant_id"] for r in await tx.fetch("select tenant_id from crossdock.tenant")] == ["norrland"]
    async with database.transaction() as tx:
        assert await tx.fetch("select tenant_id from crossdock.tenant") == []
    assert await database.tenant_ids() == ["castell", "norrland"]


async def test_a_row_for_another_tenant_is_refused(database: Database):
    async with database.transaction("norrland") as tx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.execute("insert into crossdock.tenant (tenant_id, name) values ('intruder', 'x')")


async def test_tenants_end_with_their_transaction(database: Database):
    async with database.pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("select set_config('crossdock.tenants', 'norrland', true)")
        assert await connection.fetch("select tenant_id from crossdock.tenant") == []


async def test_a_connection_forgets_whose_it_was(app_dsn: str):
    one = await Database.open(app_dsn, max_size=1)  # so that it is the same connection
    async with one.transaction("norrland") as tx:
        assert await tx.fetchval("select count(*) from crossdock.tenant") == 1
    async with one.pool.acquire() as connection:
        assert await connection.fetch("select tenant_id from crossdock.tenant") == []
    await one.close()
