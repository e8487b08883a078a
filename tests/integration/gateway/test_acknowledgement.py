"""Nobody is told that something was taken before it is committed."""

from typing import Any

import asyncpg
import pytest

SHIPPED: dict[str, Any] = {
    "event_id": "w-1", "event_type": "shipment.shipped", "occurred_at": "2026-03-02T09:00:00Z", "order_ref": "SO-10001",
    "shipment_no": "L-000001", "site_code": "LUL", "tracking_no": "1ZN",
    "lines": [{"line_ref": "1", "item_code": "NF-1", "qty": 3}],
}  # fmt: skip
# What the statements did is fine; the commit is what fails, as a full disk or a lost primary would have it.
NO_COMMIT = """
create function crossdock.no_commit() returns trigger language plpgsql as
$$ begin raise exception using errcode = 'disk_full', message = 'no space left'; end $$;
create constraint trigger no_commit after insert on crossdock.{table} deferrable initially deferred
for each row execute function crossdock.no_commit()
"""


@pytest.fixture
async def admin(admin_dsn: str) -> Any:
    connection = await asyncpg.connect(admin_dsn)
    yield connection
    await connection.close()


async def test_a_webhook_whose_commit_fails_is_not_acknowledged(
    gateway: Any, admin: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await admin.execute(NO_COMMIT.format(table="event"))
    assert (await gateway.webhook("norrland", "wms", SHIPPED)).status == 503
    await admin.execute("drop trigger no_commit on crossdock.event")
    assert (await gateway.webhook("norrland", "wms", SHIPPED)).json["events"][0]["status"] == "accepted"


async def test_a_file_whose_commit_fails_is_not_acknowledged(
    gateway: Any, admin: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    browser = await gateway.as_("cora")
    await admin.execute(NO_COMMIT.format(table="receipt"))
    assert (await browser.post("/api/intake?filename=order.json", {"po": "1"})).status == 503
    assert await admin.fetchval("select count(*) from crossdock.raw") == 0
