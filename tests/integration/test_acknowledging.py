"""Our own acknowledgements go through the outbox like business documents, and nobody waits for an answer to them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crossdock.cli.silence import Desk
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.errors import Conflict
from crossdock.partners import documents, intake
from crossdock.partners.agreements import store as agreements
from crossdock.partners.sending import outbox, overdue, store

T = "norrland"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FILE: dict[str, Any] = {
    "id": "bolts", "name": "Bolts", "customer_id": "C-7",
    "identifiers": [{"scheme": "ZZ", "value": "BOLTS"}, {"scheme": "14", "value": "4012345000009"}],
}  # fmt: skip
EDIFACT = (
    "UNB+UNOC:3+4012345000009:14+NORRLAND:ZZ+260101:1200+R1++++1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-E+9'"
    "DTM+137:20260101:102'CUX+2:EUR:9'LIN+1++4012345678901:SRV'QTY+21:10:PCE'PRI+AAA:1.25'UNS+S'UNT+9+1'UNZ+1+R1'"
)


def order(control: int = 1, *, version: str = "004010", usage: str = "P", sets: int = 1, count: int = 1) -> bytes:
    """count: what IEA claims; a wrong one rejects the interchange."""
    body = "".join(
        f"ST*850*{n:04d}~BEG*00*SA*PO-{control}-{n}**20260101~PO1*1*10*EA*12.5**VP*SKU-1~CTT*1~SE*5*{n:04d}~"
        for n in range(1, sets + 1)
    )
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00501*{control:09d}*0*{usage}*>~"
        f"GS*PO*BOLTS*NORRLAND*20260102*0900*{control}*X*{version}~{body}GE*{sets}*{control}~IEA*{count}*{control:09d}~"
    ).encode()


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    await put(database, FILE)
    return database


async def put(db: Database, file: dict[str, Any]) -> None:
    async with db.transaction(T) as tx:
        await agreements.put(tx, T, file, "ann", NOW)


async def take(db: Database, raw: bytes) -> list[intake.DocumentResult]:
    return await intake.receive(db, T, raw, "document.edi", "test")


async def sent(db: Database) -> list[dict[str, Any]]:
    async with db.transaction(T) as tx:
        return await store.page(tx, T)


async def test_content_that_cannot_be_used_is_told_by_an_aperak_where_that_is_agreed(db: Database):
    agreed = {"document": "ORDERS", "direction": "in", "refusals": "APERAK"}
    await put(db, {**FILE, "agreements": [agreed, {"document": "ORDRSP", "direction": "out", "version": "D:96A"}]})
    wrong = EDIFACT.replace("QTY+21:10:PCE", "QTY+21:0:PCE").encode()
    assert [d.status for d in await take(db, wrong)] == ["rejected"]
    async with db.transaction(T) as tx:
        waiting = {s["type"]: s for s in await outbox.waiting(tx, T, "bolts")}
        assert sorted(waiting) == ["APERAK", "CONTRL"]
        raw, _, _ = await documents.raw(tx, T, waiting["APERAK"]["document_id"])
    assert b"RFF+ACW:PO-E'RFF+AGO:R1'" in raw
    assert b"ERC+QTY'FTX+AAO+++Line 1?: " in raw
    [told] = [s for s in await sent(db) if s["type"] == "APERAK"]
    assert told["deadline"] is None, "nobody acknowledges it"


@pytest.mark.parametrize(
    ("raw", "agreed", "kind"),
    [
        (order(), None, "997"),
        (order(version="005010"), {"document": "850", "acknowledgement": "999"}, "999"),
        (order(count=2), None, "TA1"),
        (EDIFACT.encode(), None, "CONTRL"),
        (order(usage="T"), None, "997"),
    ],
)
async def test_each_waits_in_the_outbox_under_its_own_numbers(
    db: Database, raw: bytes, agreed: dict[str, str] | None, kind: str
):
    if agreed is not None:
        await put(db, {**FILE, "agreements": [{**agreed, "direction": "in"}]})
    [got] = await take(db, raw)
    [own] = await sent(db)
    assert (own["type"], own["state"], own["deadline"], own["test"]) == (kind, "written", None, got.test)
    async with db.transaction(T) as tx:
        shown = await store.one(tx, T, UUID(own["document"]))
        raw_out = (await documents.raw(tx, T, UUID(own["document"])))[0].decode()
    assert (shown["about"], shown["number"]) == (str(got.document_id), "R1" if kind == "CONTRL" else "000000001")
    assert str(shown["control"]) in raw_out
    assert [h["by_whom"] for h in shown["history"]] == ["system:acknowledgement"]


async def test_an_interchange_is_answered_once_however_many_documents_it_has(db: Database):
    assert len(await take(db, order(sets=3))) == 3
    assert [s["type"] for s in await sent(db)] == ["997"]


async def test_who_wants_none_gets_none(db: Database):
    none = {"document": "850", "direction": "in", "acknowledgement": "none"}
    await put(db, {**FILE, "agreements": [none]})
    await take(db, order())
    assert await sent(db) == []
    # and one that was agreed upon comes though the partner else wants none
    await put(db, {**FILE, "acknowledge": False, "agreements": [{**none, "acknowledgement": "997"}]})
    await take(db, order(2))
    assert [s["type"] for s in await sent(db)] == ["997"]


async def test_it_is_handed_over_and_never_overdue(db: Database, tmp_path: Path):
    await take(db, order())
    assert await outbox.deliver(db, T, tmp_path, NOW) == 1
    assert await outbox.deliver(db, T, tmp_path, NOW) == 0
    assert await overdue.run_due(db, Desk(), NOW + timedelta(days=400)) == 0
    assert [s["state"] for s in await sent(db)] == ["sent"]
    assert [f.name for f in (tmp_path / "bolts").iterdir()] == ["997-bolts-000000001.edi"]


async def test_it_is_replayed_with_the_same_bytes_and_never_said_anew(db: Database, tmp_path: Path):
    await take(db, order())
    await outbox.deliver(db, T, tmp_path, NOW)
    own = UUID((await sent(db))[0]["document"])
    async with db.transaction(T) as tx:
        asked = await store.preview(tx, T, own, "reissue")
        assert (asked["allowed"], "replay it" in asked["reason"]) == (False, True)
        assert (await store.preview(tx, T, own, "replay"))["allowed"] is True
        with pytest.raises(Conflict, match="replay it"):
            await store.reissue(tx, T, own, "ann", NOW)
        await store.again(tx, T, own, "replay", "ann", NOW)
    assert await outbox.deliver(db, T, tmp_path, NOW) == 1


async def test_a_stranger_is_answered_once_it_is_a_partner(db: Database):
    await put(db, {**FILE, "identifiers": [{"scheme": "ZZ", "value": "OTHER"}]})
    held = await take(db, order(sets=2))
    assert ({h.status for h in held}, await sent(db)) == ({"held"}, [])
    await put(db, FILE)
    for h in held:
        assert h.document_id
        async with db.transaction(T) as tx:
            await intake.release(tx, T, h.document_id, "ann")
    assert [s["type"] for s in await sent(db)] == ["997"]
