"""A database whose owner is no superuser: forced row security binds that owner too, and upkeep runs in its name."""

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from crossdock import migrations
from crossdock.db import Database

LIFE = """
insert into crossdock.tenant (tenant_id, name) values ('acme', 'Acme');
insert into crossdock.definition (tenant_id, namespace, name, version, hash, source)
  values ('acme', 'n', 'w', '1.0.0', '', '');
insert into crossdock.instance (tenant_id, instance_id, namespace, name, version)
  values ('acme', gen_random_uuid(), 'n', 'w', '1.0.0');
insert into crossdock.history (tenant_id, instance_id, seq, at, kind, fact, trace)
  select tenant_id, instance_id, 1, crossdock.now(), 'Started', '{}', '[]' from crossdock.instance;
"""


@pytest.fixture
async def owned(server) -> AsyncIterator[Database]:
    name = f"o_{uuid.uuid4().hex[:16]}"
    super_ = await asyncpg.connect(server.admin("postgres"))
    await super_.execute(f"create role {name} login createrole password 'owner'")
    await super_.execute(f"grant crossdock_app, crossdock_dispatch to {name} with admin option")
    await super_.execute(f"create database {name} owner {name}")
    try:
        inside = await asyncpg.connect(server.admin(name))
        await inside.execute(f"set session authorization {name}")
        for file in migrations.known():
            await inside.execute(file.sql)
        await inside.close()
        database = await Database.open(server.app(name))
        yield database
        database.pool.terminate()
    finally:
        await super_.execute(f"drop database if exists {name} with (force)")
        await super_.execute(f"drop owned by {name}")
        await super_.execute(f"drop role {name}")
        await super_.close()


async def test_upkeep_sees_what_it_moves_and_spares_what_lives(owned: Database) -> None:
    async with owned.transaction("acme") as tx:
        await tx.execute(LIFE)
    made = await owned.pool.fetch("select * from crossdock.make_months()")
    assert len(made) == 3
    async with owned.transaction("acme") as tx:
        assert await tx.fetchval("select tableoid::regclass::text from crossdock.history") != "crossdock.history_other"
    assert await owned.pool.fetch("select * from crossdock.drop_months(now() + interval '60 days')") == []
    async with owned.transaction("acme") as tx:
        assert await tx.fetchval("select count(*) from crossdock.history") == 1, "its instance runs"
        await tx.execute("update crossdock.instance set status = 'completed', ended_at = crossdock.now()")
    assert len(await owned.pool.fetch("select * from crossdock.drop_months(now() + interval '60 days')")) >= 1
    async with owned.transaction("acme") as tx:
        assert await tx.fetchval("select count(*) from crossdock.history") == 0
    assert await owned.pool.fetchval("select crossdock.refresh_statistics()") >= 0
