"""Intake on PostgreSQL: raw bytes first, duplicates at two levels, numbers, events, 997s, release, resume."""

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crossdock import exactjson
from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, Party, PartyRole, PurchaseOrder
from crossdock.db import Database, Tx
from crossdock.errors import Conflict, NotFound, PartnerError
from crossdock.partners import documents, intake
from crossdock.partners.profiles import Identifier, Profile

TENANT = "norrland"
BOLTS = Profile(id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=(Identifier("ZZ", "BOLTS"),))


def x12(po: str = "4500012", control: int = 1, *, purpose: str = "00", test: str = "P", quantity: str = "10") -> bytes:
    sets = (
        f"ST*850*0001~BEG*{purpose}*SA*{po}**20260102~CUR*BY*USD~DTM*002*20260110~"
        "N1*ST*Bolts & Co North*92*N1~N3*1 Dock Rd~N4*ATHENS*GA*30603~"
        f"PO1*1*{quantity}*EA*2.50**VP*SKU-1*BP*77~PID*F****Hex bolt~CTT*1~SE*11*0001~"
    )
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*{test}*>~"
        f"GS*PO*BOLTSGS*NORRLANDGS*20260102*0900*{control}*X*004010~{sets}GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


class Published:
    """Takes the place of the inbox, and remembers what it was given."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    async def __call__(self, tx: Tx, tenant_id: str, event: Mapping[str, Any]) -> str:
        self.events.append(event)
        return "accepted"


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(TENANT) as tx:
        await intake.save_profile(tx, TENANT, BOLTS)
    return database


async def take(db: Database, raw: bytes, published: Published, **more: Any) -> list[intake.DocumentResult]:
    return await intake.receive(db, TENANT, raw, "order.edi", "test", publish=published, **more)


async def test_an_850_becomes_a_numbered_order_an_event_and_a_997(db: Database, published: Published):
    [got] = await take(db, x12(), published)
    assert (got.status, got.order, got.po, got.lines, got.total, got.currency) == (
        "accepted",
        "SO-10001",
        "4500012",
        1,
        Decimal("25.00"),
        "USD",
    )
    [event] = published.events
    assert (event["type"], event["subject"], event["id"]) == (
        "crossdock.order.received",
        "SO-10001",
        str(got.document_id),
    )
    order = event["data"]["order"]
    assert order["customer_id"] == "C-0007"
    assert order["channel"] == "x12"
    assert order["requested_on"] == "2026-01-10"
    assert order["ship_to"]["city"] == "ATHENS"
    assert order["lines"][0]["items"] == [{"scheme": "supplier", "value": "SKU-1"}, {"scheme": "buyer", "value": "77"}]
    assert order["lines"][0]["quantity"] * order["lines"][0]["unit_price"] == Decimal("25.00")
    async with db.transaction(TENANT) as tx:
        one = await documents.one(tx, TENANT, _id(got))
        assert one["raw"]["text"] == x12().decode()
        assert one["canonical"]["number"] == "4500012"
        assert [s["id"] for s in one["parsed"]["segments"]][:2] == ["ST", "BEG"]
        [ack] = one["acknowledgements"]
        text = (await documents.one(tx, TENANT, UUID(ack)))["raw"]["text"]
    assert "AK1*PO*1~AK2*850*0001~AK5*A~AK9*A*1*1*1~" in text
    assert text.startswith("ISA*00*          *00*          *ZZ*NORRLAND       *ZZ*BOLTS          *")


def _id(got: intake.DocumentResult) -> UUID:
    assert got.document_id is not None
    return got.document_id


async def test_the_same_interchange_again_is_a_duplicate_and_is_told_so(db: Database, published: Published):
    await take(db, x12(), published)
    [again] = await take(db, x12().replace(b"~", b"~\r\n"), published)
    assert (again.status, again.order) == ("duplicate", "SO-10001")
    assert again.errors[0]["code"] == "x12.isa13.duplicate"
    assert len(published.events) == 1
    async with db.transaction(TENANT) as tx:
        page = await documents.page(tx, TENANT, type="TA1")
        one = await documents.one(tx, TENANT, UUID(page["items"][0]["id"]))
    assert "TA1*000000001*" in one["raw"]["text"]
    assert "*R*025~" in one["raw"]["text"]


async def test_the_same_number_with_other_bytes_is_held_until_released(db: Database, published: Published):
    await take(db, x12(), published)
    [other] = await take(db, x12("4500099"), published)
    assert (other.status, other.errors[0]["code"]) == ("held", "x12.isa13.reused")
    async with db.transaction(TENANT) as tx:
        done = await intake.release(tx, TENANT, _id(other), "ann", publish=published)
    assert (done.status, done.order) == ("accepted", "SO-10002")
    assert [e["subject"] for e in published.events] == ["SO-10001", "SO-10002"]
    async with db.transaction(TENANT) as tx:
        with pytest.raises(Conflict):
            await intake.release(tx, TENANT, _id(other), "ann", publish=published)
        assert (await documents.one(tx, TENANT, _id(other)))["released_by"] == "ann"


async def test_a_purchase_order_sent_again_under_a_new_interchange_number(db: Database, published: Published):
    await take(db, x12(control=1), published)
    [same] = await take(db, x12(control=2), published)
    [changed] = await take(db, x12(control=3, quantity="12"), published)
    assert (same.status, same.order, same.errors[0]["code"]) == ("duplicate", "SO-10001", "order.po.duplicate")
    assert (changed.status, changed.order, changed.errors[0]["code"]) == ("held", "SO-10001", "order.po.reused")
    assert len(published.events) == 1


async def test_two_arrivals_of_one_order_at_once_start_one_order(db: Database, published: Published):
    got = await asyncio.gather(*(take(db, x12(control=n), published) for n in range(1, 9)))
    assert sorted(r[0].status for r in got) == ["accepted"] + ["duplicate"] * 7
    assert len(published.events) == 1


async def test_a_cancellation_names_the_order_it_cancels(db: Database, published: Published):
    [early] = await take(db, x12(control=1, purpose="01"), published)
    assert (early.status, early.errors[0]["code"]) == ("held", "order.unknown")
    await take(db, x12(control=2), published)
    # it waited for its order, and is carried out with it
    assert published.events[-1]["type"] == "crossdock.order.cancellation-requested"
    assert published.events[-1]["data"]["order"] == "SO-10001"
    [again] = await take(db, x12(control=3, purpose="01"), published)
    assert (again.status, again.order) == ("duplicate", "SO-10001")


async def test_a_test_interchange_is_answered_and_has_no_effect(db: Database, published: Published):
    for _ in range(2):
        [got] = await take(db, x12(test="T"), published)
        assert (got.status, got.order, got.test) == ("accepted", None, True)
        assert "x12.isa15.test" in [n["code"] for n in got.notes]
    assert published.events == []
    async with db.transaction(TENANT) as tx:
        assert (await documents.page(tx, TENANT, type="997"))["total"] == 2


async def test_an_unknown_sender_is_held_and_released_once_it_is_a_partner(database: Database, published: Published):
    [got] = await take(database, x12(), published)
    assert (got.status, got.order) == ("held", None)
    assert got.errors[0]["code"] == "partner.unknown"
    assert "ZZ:BOLTS" in got.errors[0]["fix"]
    async with database.transaction(TENANT) as tx:
        with pytest.raises(Conflict):
            await intake.release(tx, TENANT, _id(got), "ann", publish=published)
        await intake.save_profile(tx, TENANT, BOLTS)
        done = await intake.release(tx, TENANT, _id(got), "ann", publish=published)
        assert (done.status, done.order) == ("accepted", "SO-10001")
        one = await documents.one(tx, TENANT, _id(got))
    assert (one["status"], one["order"], one["errors"]) == ("accepted", "SO-10001", [])
    assert len(one["acknowledgements"]) == 1


async def test_an_adopted_sender_is_a_trial_partner_from_then_on(database: Database, published: Published):
    [got] = await take(database, x12(), published, adopt=True)
    assert (got.status, got.partner) == ("accepted", "zz-bolts")
    [next_] = await take(database, x12("4500013", 2), published)
    assert (next_.status, next_.partner) == ("accepted", "zz-bolts")


async def test_bytes_left_by_a_crash_are_carried_out_later(db: Database, published: Published):
    async def crash(*_: Any) -> None:
        raise RuntimeError("killed between the two commits")

    with pytest.raises(RuntimeError):
        await intake.receive(db, TENANT, x12(), "order.edi", "test", publish=crash)
    async with db.transaction(TENANT) as tx:
        assert (await documents.page(tx, TENANT))["total"] == 0
    assert await intake.resume(db, TENANT, publish=published) == 1
    assert await intake.resume(db, TENANT, publish=published) == 0
    assert len(published.events) == 1
    async with db.transaction(TENANT) as tx:
        page = await documents.page(tx, TENANT, direction="in")
    assert [i["status"] for i in page["items"]] == ["accepted"]


async def test_a_dry_run_stores_nothing(db: Database, published: Published):
    [got] = await take(db, x12(), published, dry_run=True)
    assert (got.status, got.document_id) == ("accepted", None)
    async with db.transaction(TENANT) as tx:
        assert await tx.fetchval("select count(*) from crossdock.raw") == 0


async def test_a_manual_order_takes_the_same_path(db: Database, published: Published):
    order = PurchaseOrder(
        number="P-1",
        currency="USD",
        parties=(Party(role=PartyRole.BUYER, id="C-0042"),),
        lines=(
            OrderLine(
                number="1",
                items=(ItemId(scheme=ItemScheme.SUPPLIER, value="SKU-9"),),
                quantity=Decimal("3"),
                unit="EA",
                unit_price=Decimal("0.10"),
                requested_on=date(2026, 2, 1),
            ),
        ),
    )
    got = await intake.receive_manual(db, TENANT, order, "ann", publish=published)
    assert (got.status, got.order, got.format, got.total) == ("accepted", "SO-10001", "manual", Decimal("0.30"))
    data = published.events[0]["data"]["order"]
    assert (data["channel"], data["customer_id"], data["entered_by"]) == ("manual", "C-0042", "ann")
    bad = await intake.receive_manual(db, TENANT, {"po": "P-2", "lines": []}, "ann", publish=published)
    assert bad.status == "rejected"


async def test_odd_bytes_are_stored_and_answered(db: Database, published: Published):
    for raw in (
        b"",
        b"\0\0\0",
        b'{"po":"a\\u0000b","customer_id":"C-1","lines":[{"sku":"x\\u0000","quantity":1}]}',
        b'{"po":"1","customer_id":"C-1","lines":[{"sku":"x","quantity":1e999999}]}',
        x12().replace(b"Hex", b"H\0x"),
        x12().replace(b"BOLTS  ", b"B\x00LTS  "),
        b"PK\x03\x04 no workbook",
        b"[" * 5000,
    ):
        got = await take(db, raw, published, adopt=True)
        assert all(r.document_id and r.status in {"rejected", "held", "accepted"} for r in got), raw
        async with db.transaction(TENANT) as tx:
            for r in got:
                await documents.one(tx, TENANT, _id(r))
                assert (await documents.raw(tx, TENANT, _id(r)))[0] == raw


async def test_documents_are_listed_by_filter_and_page(db: Database, published: Published):
    for n in range(1, 6):
        await take(db, x12(f"45{n}", n), published)
    async with db.transaction(TENANT) as tx:
        first = await documents.page(tx, TENANT, type="850", limit=3)
        rest = await documents.page(tx, TENANT, type="850", limit=3, cursor=first["next"])
        found = await documents.page(tx, TENANT, q="453")
        by_order = await documents.page(tx, TENANT, order="SO-10002")
    assert [i["po"] for i in first["items"] + rest["items"]] == ["455", "454", "453", "452", "451"]
    assert (first["total"], rest["next"]) == (5, None)
    assert [i["po"] for i in found["items"]] == ["453"]
    assert [i["total"] for i in by_order["items"]] == ["25.00"]


async def test_another_tenant_sees_none_of_it(db: Database, published: Published):
    [got] = await take(db, x12(), published)
    async with db.transaction("castell") as tx:
        with pytest.raises(NotFound):
            await documents.one(tx, TENANT, _id(got))
        assert (await documents.page(tx, "castell"))["total"] == 0
    [theirs] = await intake.receive(db, "castell", x12(), "o.edi", "test", adopt=True, publish=published)
    assert (theirs.status, theirs.order) == ("accepted", "SO-10001")


async def test_a_partner_that_is_none_is_refused_before_anything_is_stored(db: Database, published: Published):
    with pytest.raises(PartnerError):
        await take(db, b"po,sku,qty\n1,A,2\n", published, partner="nobody")
    [got] = await take(db, b"po,sku,qty\n1,A,2\n", published, partner="bolts")
    assert (got.status, got.order) == ("accepted", "SO-10001")


async def test_a_declared_map_of_the_tenant_reads_its_table(db: Database, published: Published):
    declared = {"id": "odd", "columns": {"po": "Ref", "customer": "Who", "buyer_item": "Thing", "quantity": "How many"}}
    async with db.transaction(TENANT) as tx:
        await intake.save_map(tx, TENANT, {**declared, "defaults": {"unit": "CS"}})
    raw = b"Ref\tWho\tThing\tHow many\nR1\tC-0007\tA\t2\nR1\tC-0007\tB\t3\nR2\tC-0007\tA\t1\n"
    got = await take(db, raw, published)
    assert [(g.status, g.po, g.lines) for g in got] == [("accepted", "R1", 2), ("accepted", "R2", 1)]
    assert exactjson.plain(published.events[0]["data"])["order"]["lines"][0]["unit"] == "CS"


async def test_events_reach_the_inbox_by_default(db: Database):
    [got] = await intake.receive(db, TENANT, x12(), "o.edi", "test")
    async with db.transaction(TENANT) as tx:
        stored = await tx.fetchval("select count(*) from crossdock.event where id = $1", str(got.document_id))
    assert stored == 1
