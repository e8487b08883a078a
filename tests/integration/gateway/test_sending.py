"""Sent documents over HTTP: a partner collects its own, and people send again after a preview."""

from typing import Any
from uuid import UUID

import pytest

from crossdock import ids
from crossdock.flow.outcomes import Done, Invocation
from crossdock.partners import intake
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.sending.function import DocumentSend

T = "norrland"
ORDER = (
    f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*000000001*0*P*>~"
    "GS*PO*BOLTS*NORRLAND*20260102*0900*1*X*004010~ST*850*0001~BEG*00*SA*4500012**20260101~"
    "PO1*1*10*EA*12.5**VP*SKU-1~CTT*1~SE*5*0001~GE*1*1~IEA*1*000000001~"
)


@pytest.fixture
async def document(gateway: Any) -> UUID:
    bolts = Profile(id="bolts", name="Bolts", customer_id="C-0007", identifiers=(Identifier("ZZ", "BOLTS"),))
    async with gateway.db.transaction(T) as tx:
        await intake.save_profile(tx, T, bolts)
    [got] = await intake.receive(gateway.db, T, ORDER.encode(), "order.edi", "test")
    async with gateway.db.transaction(T) as tx:
        now = await tx.fetchval("select crossdock.now()")
        call = Invocation(
            tenant_id=T, instance_id=ids.new(), at="/do/0", key="k/do/0", function="document-send", now=now,
            arguments={"kind": "response", "state": {"lines": [{"line": "1", "accepted": 10}]}},
            business_key=got.order or "",
        )  # fmt: skip
        done = await DocumentSend().start(tx, call)
    assert isinstance(done, Done)
    return UUID(done.output["document"])


async def test_a_partner_collects_its_own_documents_and_nobody_elses(gateway: Any, document: UUID) -> None:
    mine, other = await gateway.key("partner", partner="C-0007"), await gateway.key("partner", partner="C-0008")
    own, offered = (await mine.get("/api/partner/outbox")).json  # the 997 of its order came first
    assert (own["type"], own["number"]) == ("997", "000000001")
    assert (offered["document"], offered["type"], offered["po"]) == (str(document), "855", "4500012")
    assert (await other.get("/api/partner/outbox")).status == 403  # it is no trading partner
    assert (await other.post(f"/api/partner/outbox/{document}/collected", {})).status == 403
    raw = await mine.get(f"/api/documents/{document}/raw")
    assert raw.status == 200
    assert len((await mine.get("/api/partner/outbox")).json) == 2  # until it says that it has it
    assert (await mine.post(f"/api/partner/outbox/{own['document']}/collected", {})).status == 200
    for _ in range(2):
        assert (await mine.post(f"/api/partner/outbox/{document}/collected", {})).status == 200
    assert (await mine.get("/api/partner/outbox")).json == []
    assert (await mine.get("/api/sent-documents")).status == 403


async def test_a_document_is_sent_again_after_a_preview_by_those_who_may(gateway: Any, document: UUID) -> None:
    viewer, coordinator = await gateway.key("viewer"), await gateway.key("coordinator")
    partner = await gateway.key("partner", partner="C-0007")
    await partner.post(f"/api/partner/outbox/{document}/collected", {})
    address = f"/api/sent-documents/{document}"
    assert (await viewer.get(address)).json["state"] == "sent"
    assert (await viewer.post(f"{address}/replay", {})).status == 403
    shown = (await coordinator.get(f"{address}/replay")).json
    assert (shown["allowed"], shown["same_numbers"], shown["becomes"]) == (True, True, "written")
    assert (await coordinator.post(f"{address}/replay", {})).json["tries"] == 2
    assert (await coordinator.post(f"{address}/replay", {})).status == 409  # it is offered still
    new = (await coordinator.post(f"{address}/reissue", {})).json
    assert new["reissues"] == str(document)
    states = {s["document"]: s["state"] for s in (await viewer.get("/api/sent-documents?q=4500012")).json}
    assert states == {str(document): "replaced", new["document"]: "written"}


async def test_a_document_we_sent_is_found_beside_those_received(gateway: Any, document: UUID) -> None:
    viewer = await gateway.key("viewer")
    sent = (await viewer.get(f"/api/sent-documents/{document}")).json
    for query in (f"control={sent['control']}", f"control={sent['group']}&direction=out", "po=4500012&status=written"):
        [found] = (await viewer.get(f"/api/documents?type=855&{query}")).json["items"]
        assert (found["id"], found["direction"], found["state"]) == (str(document), "out", "written")
        assert found["deadline"] == sent["deadline"]
