"""What holds for every table of every migration, and how migrations run."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from crossdock import migrations
from crossdock.errors import SetupError

# Tables of the installation, not of a tenant. A new one is argued for here.
WITHOUT_TENANT = {
    "alembic_version",  # the tool's own mark
    "migration",  # which files were applied
    "clock",  # one business time for all, so that simulated days agree
    "worker",  # a process works for all tenants
    "app_user",  # a person may work for several tenants; to which they belong is a tenant's row
    "metric_snapshot",  # the operator's numbers; its labels name no tenant
}

TABLES = """
select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
         as of_tenant
from pg_class c where c.relnamespace = 'crossdock'::regnamespace and c.relkind in ('r', 'p')
"""

INDEXES = """
select c.relname as table, i.indexrelid::regclass::text as index, i.indisprimary as primary,
       (select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum = i.indkey[0]) as first
from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'crossdock'::regnamespace and c.relkind in ('r', 'p')
  and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
"""

# Under row security only operators that cannot leak what they compare reach an index: text's do, arrays' do not.
UNUSABLE = """
select distinct x.indexrelid::regclass::text as index, o.opcname::text as operators
from pg_index x join pg_class c on c.oid = x.indrelid
cross join lateral unnest(x.indclass::oid[]) as k(opclass) join pg_opclass o on o.oid = k.opclass
where c.relnamespace = 'crossdock'::regnamespace and c.relrowsecurity and not exists (
  select from pg_amop a join pg_operator p on p.oid = a.amopopr join pg_proc f on f.oid = p.oprcode
  where a.amopfamily = o.opcfamily and a.amoplefttype = o.opcintype and f.proleakproof)
"""

OWNED = """
select 'relation ' || relname from pg_class where relowner = 'crossdock_app'::regrole
union all select 'function ' || proname from pg_proc where proowner = 'crossdock_app'::regrole
union all select 'schema ' || nspname from pg_namespace where nspowner = 'crossdock_app'::regrole
union all select 'type ' || typname from pg_type where typowner = 'crossdock_app'::regrole
union all select 'schema it may create in: ' || nspname from pg_namespace
  where has_schema_privilege('crossdock_app', oid, 'create') and nspname !~ '^pg_'
union all select 'role it belongs to: ' || rolname from pg_roles
  where pg_has_role('crossdock_app', oid, 'member') and rolname <> 'crossdock_app'
union all select 'attribute of ' || rolname from pg_roles
  where rolname in ('crossdock_app', 'crossdock_login', 'crossdock_dispatch')
  and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
"""


@pytest.fixture
async def admin(admin_dsn: str):
    connection = await asyncpg.connect(admin_dsn)
    yield connection
    await connection.close()


async def test_every_table_belongs_to_a_tenant_or_says_why_not(admin: asyncpg.Connection):
    tables = await admin.fetch(TABLES)
    assert {r["relname"] for r in tables if not r["of_tenant"]} == WITHOUT_TENANT


async def test_row_security_is_enabled_and_forced_on_every_tenants_table(admin: asyncpg.Connection):
    open_ = [
        r["relname"]
        for r in await admin.fetch(TABLES)
        if r["of_tenant"] and not (r["relrowsecurity"] and r["relforcerowsecurity"])
    ]
    assert open_ == []


async def test_every_key_and_index_begins_with_the_tenant(admin: asyncpg.Connection):
    indexes = await admin.fetch(INDEXES)
    assert [f"{r['table']}: {r['index']}" for r in indexes if r["first"] != "tenant_id"] == []
    with_key = {r["table"] for r in indexes if r["primary"]}
    assert {r["relname"] for r in await admin.fetch(TABLES) if r["of_tenant"]} - with_key == set()


async def test_row_security_lets_every_index_be_used(admin: asyncpg.Connection):
    assert [f"{r['index']}: {r['operators']}" for r in await admin.fetch(UNUSABLE)] == []


async def test_the_application_owns_nothing_and_may_create_nothing(admin: asyncpg.Connection):
    assert [r[0] for r in await admin.fetch(OWNED)] == []


# A function with its owner's rights: it must not take a caller's temporary table for ours, nor be anybody's to call.
DEFINERS = """
select p.oid::regprocedure::text as function,
       coalesce((select substr(c, length('search_path=') + 1) from unnest(p.proconfig) c
                 where c like 'search_path=%'), '') as path,
       exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
               where a.grantee = 0 and a.privilege_type = 'EXECUTE') as anybodys
from pg_proc p where p.pronamespace = 'crossdock'::regnamespace and p.prosecdef order by 1
"""


async def test_functions_with_rights_of_their_own_look_at_temporary_tables_last_and_are_nobody_elses(
    admin: asyncpg.Connection,
):
    found = await admin.fetch(DEFINERS)
    assert len(found) >= 17
    assert [r["function"] for r in found if r["path"].split(", ")[-1] != "pg_temp"] == []
    assert [r["function"] for r in found if r["anybodys"]] == []


async def test_a_function_of_a_migration_to_come_is_narrow_whatever_its_file_says(
    admin: asyncpg.Connection, admin_dsn: str
):
    sql = "create function crossdock.to_come() returns int language sql security definer as 'select 1'"
    to_come = migrations.Migration("9997_to_come", sql, "x")
    assert await migrations.migrate(admin_dsn, files=[*migrations.known(), to_come]) == ("9997_to_come",)
    [found] = [r for r in await admin.fetch(DEFINERS) if r["function"] == "crossdock.to_come()"]
    assert (found["path"], found["anybodys"]) == ("crossdock, pg_temp", False)
    for role, function, may in (
        ("crossdock_app", "to_come()", True),
        ("crossdock_app", "oldest_needed(timestamptz)", False),
        ("crossdock_app", "narrow_functions()", False),
    ):
        asked = f"crossdock.{function}"
        assert await admin.fetchval("select has_function_privilege($1, $2, 'execute')", role, asked) is may, function


# --- running them ---------------------------------------------------------------------------------------------------


async def _empty(admin: asyncpg.Connection, admin_dsn: str) -> str:
    """A second, empty database beside the test's own; dropped with the server."""
    name = f"{admin_dsn.partition('?')[0].rpartition('/')[2]}_empty"
    await admin.execute(f"create database {name}")
    return admin_dsn.replace(f"/{name.removesuffix('_empty')}", f"/{name}")


async def test_many_processes_may_migrate_at_once(admin: asyncpg.Connection, admin_dsn: str):
    dsn = await _empty(admin, admin_dsn)
    done = await asyncio.gather(*(migrations.migrate(dsn) for _ in range(4)))
    assert sorted(done)[-1] == tuple(m.name for m in migrations.known())
    assert sorted(done)[:-1] == [()] * 3


async def test_a_migrated_database_costs_a_start_next_to_nothing(admin_dsn: str, app_dsn: str):
    before = time.perf_counter()
    assert await migrations.migrate(admin_dsn, app_dsn) == ()
    assert time.perf_counter() - before < 0.3


async def test_a_failing_migration_leaves_nothing_of_itself(admin: asyncpg.Connection, admin_dsn: str):
    good = migrations.Migration("9997_good", "create table crossdock.whole (n int)", "x")
    broken = migrations.Migration("9998_broken", "create table crossdock.half (n int);\nselect 1 +;", "x")
    with pytest.raises(SetupError, match=r"9998_broken\.sql:2 failed"):
        await migrations.migrate(admin_dsn, files=[*migrations.known(), good, broken])
    assert not await admin.fetchval("select to_regclass('crossdock.half') is not null")
    assert (await migrations.status(admin_dsn)).ahead == ("9997_good",)
    mended = migrations.Migration("9998_broken", "create table crossdock.half (n int)", "y")
    assert await migrations.migrate(admin_dsn, files=[*migrations.known(), good, mended]) == ("9998_broken",)
    assert await admin.fetchval("select version_num from crossdock.alembic_version") == "9998_broken"


async def test_an_applied_file_that_changed_is_refused(admin: asyncpg.Connection, admin_dsn: str):
    await admin.execute("update crossdock.migration set sha256 = 'other' where name = '0001_base'")
    with pytest.raises(SetupError, match=r"forward only: sql/0001_base.sql"):
        await migrations.migrate(admin_dsn)


async def test_a_new_file_before_an_applied_one_is_refused(admin: asyncpg.Connection, admin_dsn: str):
    await admin.execute("delete from crossdock.migration where name = '0001_base'")
    with pytest.raises(SetupError, match=r"0001_base.sql sorts before"):
        await migrations.migrate(admin_dsn)


async def test_the_old_version_goes_on_with_a_database_that_is_ahead(admin: asyncpg.Connection, admin_dsn: str):
    await admin.execute("insert into crossdock.migration (name, sha256) values ('9999_of_the_next_version', 'x')")
    assert await migrations.migrate(admin_dsn) == ()
    assert (await migrations.status(admin_dsn)).ahead == ("9999_of_the_next_version",)


async def test_an_unreachable_database_is_named_without_its_password(tmp_path: Path):
    with pytest.raises(SetupError, match="cannot be reached") as e:
        await migrations.migrate(f"postgresql://u:secret@/crossdock?host={tmp_path}")
    assert "secret" not in str(e.value)
