"""The audit trail shows every change that somebody made behind our back, whatever it was that they changed."""

from decimal import Decimal

import asyncpg
import pytest

from crossdock import audit
from crossdock.db import Database

TENANT = "norrland"


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "actor = 'eve'",
        "action = 'approval.approved'",
        "object_id = 'AP-9'",
        "detail = '{\"amount\": 1.11}'",
        "hash = repeat('0', 64)",
        "link = 9",
    ],
)
async def test_a_sealed_row_that_was_changed_in_any_of_its_parts_breaks_the_chain(
    database: Database, admin_dsn: str, change: str
) -> None:
    async with database.transaction(TENANT) as tx:
        for n in range(4):
            await audit.record(tx, TENANT, "ann", "approval.rejected", f"AP-{n}", {"amount": Decimal("1.10")})
        assert await audit.seal(tx, TENANT) == 4
        assert (await audit.verify(tx, TENANT)).broken_at is None
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute(f"update crossdock.audit set {change} where link = 3")
    await admin.close()
    async with database.transaction(TENANT) as tx:
        assert (await audit.verify(tx, TENANT)).broken_at == 3


async def test_a_sealed_row_that_was_taken_out_breaks_the_chain(database: Database, admin_dsn: str) -> None:
    async with database.transaction(TENANT) as tx:
        for n in range(4):
            await audit.record(tx, TENANT, "ann", "hold.place", f"HD-{n}", {})
        await audit.seal(tx, TENANT)
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute("delete from crossdock.audit where link = 2")
    await admin.close()
    async with database.transaction(TENANT) as tx:
        assert (await audit.verify(tx, TENANT)).broken_at == 2
