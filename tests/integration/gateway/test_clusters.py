"""Exceptions by cause over REST: documents that wait for a person among them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.integration.gateway.test_corrections import purchase, taken

from crossdock.cases import casework
from crossdock.cases.clusters import documents, store
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.events import inbox

T = "norrland"


def failed(n: int, system: str, detail: str = "No stock", **more: Any) -> casework.New:
    error = {"type": "x", "status": 409, "title": "refused", "detail": f"{detail} for SO-{n}", "instance": "/do/1/go#1",
             "system": system}  # fmt: skip
    return casework.New(
        kind="call-failed", queue="integration", title=f"SO-{n}", order=f"SO-{n}", money=Decimal("10.50"),
        currency="EUR", evidence={"error": error}, **more,
    )  # fmt: skip


async def look(gateway: Any) -> None:
    await documents.run_due(gateway.db, gateway.clock.now())


async def test_cases_of_one_cause_are_one_cluster_and_one_error_text_with_two_causes_is_two(gateway: Any) -> None:
    async with gateway.db.transaction(T) as tx:
        now = await inbox.business_now(tx)
        for n in range(5):
            await casework.open_case(tx, T, failed(n, "wms", due_at=now + timedelta(hours=n)), now)
        for n in range(5, 8):
            await casework.open_case(tx, T, failed(n, "erp"), now)
        alone = await casework.open_case(tx, T, failed(8, "wms", "Wrong site"), now)
    vera = await gateway.as_("vera")
    found = (await vera.get("/api/clusters")).json
    assert [(c["cases"], c["cause"]["system"]) for c in found["items"]] == [(5, "wms"), (3, "erp")]
    assert (found["clusters"], found["alone"], found["cases"]) == (2, 1, 9)
    assert len({c["cause"]["error"] for c in found["items"]}) == 1
    first = found["items"][0]
    assert (first["money"], first["free"], sum(first["opened"])) == ({"EUR": "52.50"}, 5, 5)
    assert first["due_at"] == now.isoformat().replace("+00:00", "Z")
    assert (await vera.get(f"/api/clusters/{first['key']}")).json == first
    members = (await vera.get(f"/api/clusters/{first['key']}/cases")).json
    assert [m["order"] for m in members] == [f"SO-{n}" for n in range(5)], "what is due first comes first"
    single = (await vera.get("/api/clusters?alone=true")).json
    assert [c["title"] for c in single["items"]] == [alone.title]
    carl = await gateway.as_("carl")
    assert (await carl.get("/api/clusters")).json["cases"] == 0
    assert (await carl.get(f"/api/clusters/{first['key']}")).status == 404


async def test_a_document_that_waits_for_a_person_is_a_case_until_it_is_carried_out(gateway: Any) -> None:
    refused = await taken(gateway, purchase(quantity="0"))
    second = await taken(gateway, purchase(2, "PO-2", quantity="0"))
    assert {refused.status, second.status} == {"rejected"}
    await look(gateway)
    cora = await gateway.as_("cora")
    [found] = (await cora.get("/api/clusters")).json["items"]
    assert (found["cases"], found["kind"], found["cause"]["partner"]) == (2, "inbound-rejected", "bolts")
    await look(gateway)
    assert len((await cora.get("/api/cases?status=open")).json["items"]) == 2, "a second look opens none again"
    edit = {"edits": [{"place": {"segment": "PO1", "index": 5, "element": 2}, "value": "10"}], "reason": "ten"}
    assert (await cora.post(f"/api/documents/{refused.document_id}/resubmit", edit)).status == 200
    await look(gateway)
    [left] = (await cora.get("/api/cases?status=open")).json["items"]
    assert "PO-2" in left["title"], "the corrected one's case is closed by itself"


async def test_causes_of_cases_of_before_are_told_later(database: Database) -> None:
    await Clock().refresh(database.pool)
    async with database.transaction(T) as tx:
        now = await inbox.business_now(tx)
        for n in range(2):
            await casework.open_case(tx, T, failed(n, "wms"), now)
        await tx.execute("update crossdock.cases set cause_key = null, cause = null")
        assert (await store.find(tx, T, now)).cases == 0
    assert await documents.run_due(database, now) == 2
    async with database.transaction(T) as tx:
        [found] = (await store.find(tx, T, now)).items
    assert found.cases == 2
    assert await documents.run_due(database, now) == 0
