"""An order for several places: one order for each, from intake to the last document, under one customer's number."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.integration.test_order_changes import change, events
from tests.integration.test_order_documents import told
from tests.integration.test_sending import BOLTS, NOW, T, text, x12
from tests.unit.partners.test_xml import order as ubl_order

from crossdock import exactjson
from crossdock.canonical.order import Address, Party, PartyRole
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.flow.outcomes import Done
from crossdock.partners import documents, intake
from crossdock.partners.profiles import Profile
from crossdock.partners.reconciling import store as chains

STORES = {
    "0001": Address(
        lines=("1 First St",), name="Store 1", city="Austin", region="TX", postal_code="73301", country="US"
    ),
    "0002": Address(
        name="Store 2", lines=("2 Second St",), city="Boise", region="ID", postal_code="83701", country="US"
    ),
}
PLACES = tuple(Party(role=PartyRole.SHIP_TO, id=k, scheme="assigned_by_buyer", address=a) for k, a in STORES.items())
SHOP = Profile(id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=BOLTS.identifiers, places=PLACES)
LINES = "PO1*1*192*EA*1.25**VP*SKU-1~SDQ*EA*92*0001*120*0002*72~PO1*2*5*DZ*3**VP*SKU-2~SDQ*EA*92*0002*60~"
EDIFACT = (
    "UNB+UNOC:3+4012345000009:14+NORRLAND:ZZ+260101:1200+R1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-E+9'"
    "DTM+137:20260101:102'NAD+DP+0003::92++DEPOT 3+5 QUAI+LYON++69001+FR'CUX+2:EUR:9'"
    "LIN+1++4012345678901:SRV'QTY+21:10:PCE'PRI+AAA:1.25'LOC+7+0003::92'QTY+11:4:PCE'LOC+7+0001::92'QTY+11:6:PCE'"
    "UNS+S'UNT+14+1'UNZ+1+R1'"
)


def order(control: int = 1, lines: str = LINES, head: str = "", foot: str = "") -> bytes:
    count = lines.count("PO1*")
    return x12("850", "PO", f"BEG*00*SA*4500012**20260101~{head}{lines}CTT*{count}~{foot}", control)


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, SHOP)
    return database


async def came(db: Database, raw: bytes) -> intake.DocumentResult:
    [found] = await intake.receive(db, T, raw, "order.edi", "test")
    return found


async def received(db: Database) -> list[dict[str, Any]]:
    return [e["order"] for e in await events(db, "crossdock.order.received")]


def quantities(order: dict[str, Any]) -> dict[str, Decimal]:
    return {n["line"]: Decimal(n["quantity"]) for n in order["lines"]}


async def test_each_place_gets_an_order_of_its_own_and_nothing_is_lost(db: Database):
    found = await came(db, order())
    assert (found.status, found.order, found.parts) == ("accepted", "SO-10001", ("SO-10001-1", "SO-10001-2"))
    first, second = await received(db)
    assert [(o["order"], o["family"], o["po"], o["ship_to_id"]) for o in (first, second)] == [
        ("SO-10001-1", "SO-10001", "4500012", "0001"), ("SO-10001-2", "SO-10001", "4500012", "0002"),
    ]  # fmt: skip
    assert [o["ship_to"]["city"] for o in (first, second)] == ["Austin", "Boise"]
    assert (quantities(first), quantities(second)) == ({"1": 120}, {"1": 72, "2": 5})  # 60 pieces are 5 dozen
    assert {n["line"]: n["unit"] for n in second["lines"]} == {"1": "EA", "2": "DZ"}


async def test_all_of_it_to_one_place_is_one_order_to_that_place(db: Database):
    found = await came(db, order(lines="PO1*1*192*EA*1.25**VP*SKU-1~SDQ*EA*92*0002*192~"))
    assert (found.order, found.parts) == ("SO-10001", ())
    [only] = await received(db)
    assert (only["order"], only["ship_to"]["city"], quantities(only)) == ("SO-10001", "Boise", {"1": 192})


async def test_a_line_that_is_not_split_goes_to_the_orders_own_ship_to(db: Database):
    head = "N1*ST*Depot*92*0009~N3*9 Ninth St~N4*Reno*NV*89501*US~"
    await came(db, order(lines="PO1*1*7*EA*1**VP*SKU-3~" + LINES.replace("PO1*1*", "PO1*3*"), head=head))
    assert [(o["ship_to"]["city"], quantities(o)) for o in await received(db)] == [
        ("Reno", {"1": 7}), ("Austin", {"3": 120}), ("Boise", {"3": 72, "2": 5}),
    ]  # fmt: skip


async def test_an_edifact_order_names_its_places_by_loc(db: Database):
    found = await came(db, EDIFACT.encode())
    assert (found.status, found.parts) == ("accepted", ("SO-10001-1", "SO-10001-2")), found.errors
    assert [(o["ship_to"]["city"], quantities(o)) for o in await received(db)] == [
        ("LYON", {"1": 4}), ("Austin", {"1": 6}),
    ]  # fmt: skip


async def test_a_ubl_order_names_its_places_and_days_by_delivery(db: Database):
    def goes(quantity: str, place: str, day: str) -> str:
        where = f"<cac:DeliveryLocation><c:ID>{place}</c:ID></cac:DeliveryLocation>"
        when = f"<cac:RequestedDeliveryPeriod><c:StartDate>{day}</c:StartDate></cac:RequestedDeliveryPeriod>"
        return f'<cac:Delivery><c:Quantity unitCode="C62">{quantity}</c:Quantity>{where}{when}</cac:Delivery>'

    deliveries = goes("4", "0001", "2026-03-02") + goes("8", "0002", "2026-03-09")
    raw = ubl_order().replace("7300010000001", "4012345000009").replace('"0088"', '"14"')
    found = await came(db, raw.replace("\n<cac:Price>", f"{deliveries}\n<cac:Price>").encode())
    assert (found.status, found.parts) == ("accepted", ("SO-10001-1", "SO-10001-2")), found.errors
    assert [(o["ship_to"]["city"], o["lines"][0]["requested_on"], quantities(o)) for o in await received(db)] == [
        ("Austin", "2026-03-02", {"1": 4}), ("Boise", "2026-03-09", {"1": 8}),
    ]  # fmt: skip


async def test_a_place_without_an_address_waits_until_somebody_says_where_it_is(db: Database):
    held = await came(db, order(lines="PO1*1*5*EA*1**VP*SKU-1~SDQ*EA*92*0001*2*0044*3~"))
    assert (held.status, [(e["code"], e["where"]) for e in held.errors]) == (
        "held", [("order.split.place", "ship-to 0044")],
    )  # fmt: skip
    assert await received(db) == []
    assert held.document_id is not None
    more = Profile(
        id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=SHOP.identifiers,
        places=(*PLACES, Party(role=PartyRole.SHIP_TO, id="0044", address=Address(city="Ely", country="US"))),
    )  # fmt: skip
    async with db.transaction(T) as tx:
        await intake.save_profile(tx, T, more)
        done = await intake.release(tx, T, held.document_id, "ana")
    assert done.parts == ("SO-10001-1", "SO-10001-2")
    assert [(o["ship_to"]["city"], quantities(o)) for o in await received(db)] == [
        ("Austin", {"1": 2}),
        ("Ely", {"1": 3}),
    ]


async def test_places_that_do_not_add_up_are_held(db: Database):
    held = await came(db, order(lines="PO1*1*5*EA*1**VP*SKU-1~SDQ*EA*92*0001*2*0002*2~"))
    assert [e["code"] for e in held.errors] == ["order.line.splits"]


async def test_the_same_order_again_is_a_duplicate_of_the_whole(db: Database):
    await came(db, order())
    again = await came(db, order(2))
    other = await came(db, order(3, lines=LINES.replace("0001*120*0002*72", "0001*72*0002*120")))
    assert (again.status, again.order, other.status) == ("duplicate", "SO-10001", "held")
    assert len(await received(db)) == 2


async def test_a_stated_total_beyond_the_lines_is_seen_once(db: Database):
    found = await came(db, order(foot="AMT*TT*300~"))
    assert found.status == "accepted", found.errors
    totals = [Decimal(o["stated_total"]) for o in await received(db)]
    assert (sum(totals), totals[1]) == (300, 72 * Decimal("1.25") + 15)


async def test_a_change_reaches_the_orders_that_it_speaks_of(db: Database):
    await came(db, order())
    raw = change(2, "1", "1*QD*180**EA*1.25**VP*SKU-1~SDQ*EA*92*0001*100*0002*80", "2*DI*0**DZ*3**VP*SKU-2")
    found = await came(db, raw)
    assert found.status == "accepted", found.errors
    heard = await events(db, "crossdock.order.change-requested")
    told_of = {h["order"]: [(n["line"], n["action"], n["quantity"]) for n in h["change"]["lines"]] for h in heard}
    assert told_of == {
        "SO-10001-1": [("1", "quantity_down", 100)],
        "SO-10001-2": [("1", "quantity_down", 80), ("2", "cancel", 0)],
    }
    # a line of one place needs no word of where it goes
    alone = await came(db, change(3, "2", "2*QI*6**DZ*3**VP*SKU-2"))
    assert alone.status == "accepted", alone.errors
    *_, last = await events(db, "crossdock.order.change-requested")
    assert (last["order"], last["change"]["lines"][0]["quantity"]) == ("SO-10001-2", 6)
    async with db.transaction(T) as tx:
        first, second = [await chains.of_order(tx, T, n, NOW) for n in ("SO-10001-1", "SO-10001-2")]
    assert [[d["kind"] for d in c["documents"]] for c in (first, second)] == [
        ["order", "change"], ["order", "change", "change"],
    ]  # fmt: skip


async def test_a_change_that_cannot_be_divided_waits_for_a_person(db: Database):
    await came(db, order())
    unclear = await came(db, change(2, "1", "1*QD*180**EA*1.25**VP*SKU-1"))
    elsewhere = await came(db, change(3, "2", "1*QI*200**EA*1.25**VP*SKU-1~SDQ*EA*92*0001*100*0009*100"))
    assert [(d.status, [e["code"] for e in d.errors]) for d in (unclear, elsewhere)] == [
        ("held", ["order.change.split"])
    ] * 2
    assert await events(db, "crossdock.order.change-requested") == []


async def test_a_cancellation_of_the_order_cancels_each_part(db: Database):
    await came(db, order())
    await came(db, change(2, "1", purpose="01"))
    heard = await events(db, "crossdock.order.cancellation-requested")
    assert [h["order"] for h in heard] == ["SO-10001-1", "SO-10001-2"]


async def test_each_part_is_answered_despatched_and_billed_alone(db: Database):
    await came(db, order())
    agreed = [{"line": "1", "quantity": 72, "unit": "EA", "base_quantity": 72, "unit_price": "1.25"},
              {"line": "2", "quantity": 5, "unit": "DZ", "base_quantity": 60, "unit_price": "3"}]  # fmt: skip
    gone = [{"line": "1", "quantity": 72}, {"line": "2", "quantity": 60}]
    answered = await told(db, "SO-10001-2", "response", {"agreed": agreed, "gone": gone})
    assert isinstance(answered, Done)
    raw = await text(db, UUID(answered.output["document"]))
    [bak] = [e for e in raw.split("~") if e.startswith("BAK")]
    assert "*4500012*20260101*" in bak
    assert "N1*ST*Store 2*92*0002~" in raw
    assert "Store 1" not in raw
    assert "Austin" not in raw
    assert [s for s in raw.split("~") if s.startswith("PO1")] == [
        "PO1*1*72*EA*1.25**VP*SKU-1",
        "PO1*2*5*DZ*3**VP*SKU-2",
    ]
    shipped = {"agreed": agreed, "shipment": "SH-2", "lines": gone, "at": "2026-03-02T08:00:00Z"}
    assert isinstance(await told(db, "SO-10001-2", "despatch", shipped), Done)
    bill = {"agreed": agreed, "shipment": "SH-2", "invoice": "INV-2", "net": "105.00", "tax": "0", "total": "105.00",
            "lines": [{"line": "1", "quantity": 72, "unit_price": "1.25", "amount": "90.00"},
                      {"line": "2", "quantity": 60, "unit_price": "0.25", "amount": "15.00"}]}  # fmt: skip
    assert isinstance(await told(db, "SO-10001-2", "invoice", bill), Done)
    async with db.transaction(T) as tx:
        first, second = [await chains.of_order(tx, T, n, NOW) for n in ("SO-10001-1", "SO-10001-2")]
        found = await documents.page(tx, T, q="4500012")
        whole = await chains.of_order(tx, T, "SO-10001", NOW)
    assert (first["state"], second["state"], whole["state"]) == ("open", "clear", "open")
    assert (whole["order"], [(m["order"], m["ship_to"], m["state"]) for m in whole["members"]]) == (
        "SO-10001", [("SO-10001-1", "0001", "open"), ("SO-10001-2", "0002", "clear")],
    )  # fmt: skip
    assert [(n["line"], n["ordered"], n["shipped"], n["invoiced_amount"]) for n in whole["lines"]] == [
        ("1", 192, 72, 90), ("2", 5, 5, 15),
    ]  # fmt: skip
    assert (whole["totals"]["ordered"], whole["totals"]["invoiced"], first["family"]) == (255, 105, "SO-10001")
    assert [d["type"] for d in whole["documents"]] == ["850", "850", "855", "856", "810"]
    assert [d["kind"] for d in first["documents"]] == ["order"]
    assert [d["type"] for d in second["documents"]] == ["850", "855", "856", "810"]
    assert {d["order"] for d in found["items"]} == {"SO-10001", "SO-10001-1", "SO-10001-2"}


async def test_a_receipt_joins_the_order_whose_goods_came(db: Database):
    await came(db, order())
    agreed = [{"line": "1", "quantity": 72, "unit": "EA", "base_quantity": 72, "unit_price": "1.25"},
              {"line": "2", "quantity": 5, "unit": "DZ", "base_quantity": 60, "unit_price": "3"}]  # fmt: skip
    gone = [{"line": "1", "quantity": 72}, {"line": "2", "quantity": 60}]
    shipped = {"agreed": agreed, "shipment": "SH-2", "lines": gone, "at": "2026-03-02T08:00:00Z"}
    assert isinstance(await told(db, "SO-10001-2", "despatch", shipped), Done)
    lines = "RCD*1*70*EA*2*EA*2*EA*01~LIN**VP*SKU-1~RCD*2*60*EA~LIN**VP*SKU-2~"
    found = await came(
        db, x12("861", "RC", f"BRA*R-1*20260303*00*1~REF*SI*SH-2~DTM*050*20260303~PRF*4500012~{lines}CTT*2~", 5)
    )
    assert (found.status, found.errors, found.type) == ("accepted", (), "861")
    # without the shipment's number, by its place
    await came(db, x12("861", "RC", "BRA*R-2*20260303*00*1~PRF*4500012~N1*ST**92*0001~RCD*1*120*EA~LIN**VP*SKU-1~", 6))
    async with db.transaction(T) as tx:
        first, second = [await chains.of_order(tx, T, n, NOW) for n in ("SO-10001-1", "SO-10001-2")]
    assert [[d["number"] for d in c["documents"] if d["kind"] == "receipt"] for c in (first, second)] == [
        ["R-2"],
        ["R-1"],
    ]
    assert [(n["line"], n["shipped"], n["received"]) for n in second["lines"]] == [("1", 72, 70), ("2", 5, 5)]
    assert [(d["code"], d["line"], d["found"]) for d in second["differences"]] == [("received.less", "1", "70")]


async def test_the_list_shows_the_document_that_came_and_not_its_parts(db: Database):
    await came(db, order())
    async with db.transaction(T) as tx:
        listed = await documents.page(tx, T)
        [whole] = [d for d in listed["items"] if d["direction"] == "in"]
        one = await documents.one(tx, T, UUID(whole["id"]))
    assert (listed["total"], whole["order"]) == (len(listed["items"]), "SO-10001")
    assert [(p["order"], p["ship_to"]) for p in one["parts"]] == [("SO-10001-1", "0001"), ("SO-10001-2", "0002")]
    assert exactjson.text(one["canonical"]).count('"0001"') == 1
