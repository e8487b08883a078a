"""What is owed is awaited from its cause on; silence is a case, and every expectation ends in one way."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.integration.test_agreements import OFFICE, agreed, order, sent

from crossdock import exactjson
from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, PurchaseOrder
from crossdock.cases import calendars
from crossdock.cli import compose
from crossdock.cli.silence import Desk
from crossdock.clock import Clock, set_to
from crossdock.db import Database, Tx
from crossdock.errors import Conflict, NotFound, PartnerError
from crossdock.events import envelope, inbox
from crossdock.events.relay import Relay
from crossdock.partners import intake
from crossdock.partners.agreements import expectations, silence, store, windows
from crossdock.partners.agreements.expectations import Cause
from crossdock.partners.agreements.terms import Direction, Owes
from crossdock.partners.sending import purchases

T, OTHER = "norrland", "castell"
FRIDAY = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
H = timedelta(hours=1)
BUYER = agreed(
    {"document": "850", "direction": "in", "expects": [{"document": "855", "within": "PT4H"}]},
    {
        "document": "shipment",
        "direction": "out",
        "expects": [{"document": "POD", "within": "PT72H", "calendar": "always"}],
    },
)
SUPPLIER: dict[str, Any] = {
    "id": "mill", "name": "Mill", "customer_id": "S-1", "identifiers": [{"scheme": "ZZ", "value": "BOLTS"}],
    "agreements": [
        {"document": "855", "direction": "in"}, {"document": "856", "direction": "in"},
        {"document": "850", "direction": "out", "expects": [
            {"document": "855", "within": "PT24H"}, {"document": "856", "by": "requested_on"}, {"document": "810"},
        ]},
    ],
}  # fmt: skip


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, FRIDAY, 0)
    async with database.transaction(T) as tx:
        await calendars.put(tx, T, OFFICE, "ann", FRIDAY)
    return database


async def put(db: Database, document: dict[str, Any], tenant: str = T) -> None:
    async with db.transaction(tenant) as tx:
        await store.put(tx, tenant, document, "ann", FRIDAY)


async def take(db: Database, raw: bytes) -> intake.DocumentResult:
    [got] = await intake.receive(db, T, raw, "document.edi", "test")
    assert got.status == "accepted", got.errors
    return got


async def watched(db: Database, tenant: str = T, **wanted: Any) -> list[dict[str, Any]]:
    async with db.transaction(tenant) as tx:
        return [e for e in await expectations.page(tx, tenant, **wanted) if e["document"] != "acknowledgement"]


async def cases(db: Database, tenant: str = T) -> list[tuple[str, str]]:
    async with db.transaction(tenant) as tx:
        rows = await tx.fetch("select title, status from crossdock.cases where tenant_id = $1 order by number", tenant)
    return [(r["title"], r["status"]) for r in rows]


async def look(db: Database, at: datetime) -> int:
    return await silence.run_due(db, Desk(), at)


async def ordered(db: Database, subject: str = "PO-1", at: datetime = FRIDAY, **more: Any) -> None:
    """An 850 of ours to the supplier."""
    async with db.transaction(T) as tx:
        cause = Cause(partner_id="mill", document="850", direction=Direction.OUT, subject=subject, **more)
        await expectations.open(tx, T, cause, at)


async def answered(db: Database, subject: str, at: datetime, document: str = "855") -> int:
    async with db.transaction(T) as tx:
        return await expectations.arrived(tx, T, "mill", document, Owes.THEM, [subject], "", None, at)


async def tell(db: Database, type_: str, **data: Any) -> None:
    async with db.transaction(T) as tx:
        event = envelope.make(f"crossdock.{type_}", subject=data["order"], data=data, now=FRIDAY, source="test")
        await inbox.receive(tx, T, event)
    relay = Relay(db, [expectations.observe])
    while await relay.once():
        pass


def response(po: str, control: int, usage: str = "P") -> bytes:
    body = f"ST*855*0001~BAK*00*AC*{po}*20260301~PO1*1*10*EA*12.5**VP*SKU-1~ACK*IA*10*EA~CTT*1~SE*6*0001~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260306*0900*U*00401*{control:09d}*0*{usage}*>~"
        f"GS*PR*BOLTS*NORRLAND*20260306*0900*{control}*X*004010~{body}GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


async def test_what_a_supplier_owes_is_awaited_from_the_order_on(db: Database):
    await put(db, SUPPLIER)
    dates = {expectations.Day.REQUESTED: datetime(2026, 3, 20, tzinfo=UTC).date()}
    for _ in range(2):  # a repeated cause opens nothing
        await ordered(db, dates=dates)
    found = {e["document"]: e for e in await watched(db)}
    assert {k: (e["owed_by"], e["due_at"], e["basis"]["basis"]) for k, e in found.items()} == {
        "855": ("them", FRIDAY + 24 * H, "contract"),
        "856": ("them", datetime(2026, 3, 21, tzinfo=UTC), "contract"),
        "810": ("them", None, "unknown"),
    }


async def test_an_order_to_a_supplier_awaits_its_answers_in_the_transaction_that_writes_it(db: Database):
    await put(db, SUPPLIER)
    item = ItemId(scheme=ItemScheme.SUPPLIER, value="SKU-1")
    line = OrderLine(number="1", items=(item,), quantity=Decimal(10), unit="EA", unit_price=Decimal(2))
    order_ = PurchaseOrder(
        number="PO-1", ordered_on=FRIDAY.date(), requested_on=FRIDAY.date(), currency="USD", lines=(line,)
    )
    async with db.transaction(T) as tx:
        await purchases.send(tx, T, "mill", order_, FRIDAY, key="k", by="ann")
        found = await expectations.page(tx, T)
    assert {(e["document"], e["cause"], e["due_at"]) for e in found} == {
        ("acknowledgement", "850", FRIDAY + 24 * H),
        ("855", "850", FRIDAY + 24 * H),
        ("856", "850", datetime(2026, 3, 7, tzinfo=UTC)),
        ("810", "850", None),
    }


async def test_silence_is_a_case_when_the_window_closes_and_an_answer_closes_it(db: Database):
    await put(db, SUPPLIER)
    await ordered(db)
    assert await silence.next_due(db) == FRIDAY + 24 * H
    assert await look(db, FRIDAY + 24 * H - timedelta(seconds=1)) == 0
    assert await look(db, FRIDAY + 24 * H) == 1
    assert await look(db, FRIDAY + 25 * H) == 0
    assert await cases(db) == [("mill owes us the 855 for PO-1", "open")]
    await set_to(db.pool, FRIDAY + 30 * H, 0)
    await take(db, response("PO-1", 1))
    [late] = await watched(db, state="fulfilled")
    assert (late["document"], late["late"], late["by_id"] is not None) == ("855", True, True)
    assert await look(db, FRIDAY + 30 * H) == 1
    assert await cases(db) == [("mill owes us the 855 for PO-1", "closed")]


async def test_a_worker_looks_by_itself(db: Database):
    """Its duties are asked several times a second; the clock is ours."""
    await put(db, SUPPLIER)
    await ordered(db)
    clock = Clock()
    duties = compose.duties(db, clock)
    for at, expected in ((FRIDAY + 24 * H - timedelta(seconds=1), 0), (FRIDAY + 24 * H, 1)):
        await set_to(db.pool, at, 0)
        await clock.refresh(db.pool)
        for duty in duties:
            await duty()
        assert len(await cases(db)) == expected


async def test_an_answer_in_time_is_no_case(db: Database):
    await put(db, SUPPLIER)
    await ordered(db)
    await take(db, response("PO-1", 1))
    assert await look(db, FRIDAY + 100 * H) == 0
    assert [e["state"] for e in await watched(db) if e["document"] == "855"] == ["fulfilled"]


async def test_a_test_document_answers_nothing_and_causes_nothing(db: Database):
    await put(db, SUPPLIER)
    await ordered(db)
    await take(db, response("PO-1", 1, usage="T"))
    assert {e["state"] for e in await watched(db)} == {"open"}
    await put(db, {**BUYER, "identifiers": [{"scheme": "ZZ", "value": "NUTS"}]})
    await take(db, order(sender="NUTS", usage="T"))
    assert await watched(db, partner="bolts") == []


async def test_what_we_owe_is_a_case_too_and_sending_it_closes_it(db: Database):
    await put(db, BUYER)
    order_no = (await take(db, order())).order
    [owed] = await watched(db)
    assert (owed["owed_by"], owed["due_at"], owed["basis"]["calendar"]) == ("us", FRIDAY + 68 * H, "office")
    assert await look(db, FRIDAY + 68 * H) == 1
    assert await cases(db) == [("We owe bolts the 855 for SO-10001", "open")]
    await sent(db, order_no)
    await look(db, FRIDAY + 69 * H)
    assert [s for _, s in await cases(db)] == ["closed"]


async def test_proof_of_delivery_is_awaited_of_what_was_shipped(db: Database):
    await put(db, BUYER)
    order_no = (await take(db, order())).order
    for _ in range(2):
        await tell(db, "shipment.shipped", order=order_no, shipment="SH-1", tracking="1Z1")
    await tell(db, "shipment.shipped", order=order_no, shipment="SH-2", tracking="1Z2")
    await tell(db, "tracking.delivered", order=order_no, tracking="1Z1")
    pods = {e["subject"]: e["state"] for e in await watched(db) if e["document"] == "POD"}
    assert pods == {"1Z1": "fulfilled", "1Z2": "open"}
    await look(db, FRIDAY + 72 * H)
    assert ("bolts owes us the POD for SO-10001", "open") in await cases(db)


async def test_a_cancelled_order_is_awaited_no_longer(db: Database):
    await put(db, BUYER)
    order_no = (await take(db, order())).order
    await look(db, FRIDAY + 100 * H)
    await tell(db, "order.cancelled", order=order_no, reason="x")
    assert [(e["state"], e["note"]) for e in await watched(db)] == [("cancelled", "the order was cancelled")]
    await look(db, FRIDAY + 100 * H)
    assert [s for _, s in await cases(db)] == ["closed"]


async def test_a_person_cancels_once_and_says_why(db: Database):
    await put(db, SUPPLIER)
    await ordered(db)
    one = UUID((await watched(db))[0]["id"])
    async with db.transaction(T) as tx:
        with pytest.raises(PartnerError):
            await expectations.cancel(tx, T, one, " ", "ann", FRIDAY)
        assert (await expectations.cancel(tx, T, one, "by telephone", "ann", FRIDAY))["state"] == "cancelled"
        with pytest.raises(Conflict):
            await expectations.cancel(tx, T, one, "again", "ann", FRIDAY)


async def test_a_window_is_learned_from_enough_and_shown_with_its_evidence(db: Database):
    await put(db, {**SUPPLIER, "calendar": "office"})
    for n in range(windows.MINIMUM):
        assert [e["due_at"] for e in await watched(db, subject=f"PO-{n}") if e["document"] == "810"] == []
        await ordered(db, f"PO-{n}")
        [invoice] = [e for e in await watched(db, subject=f"PO-{n}") if e["document"] == "810"]
        assert (invoice["due_at"], invoice["basis"]["basis"]) == (None, "unknown")
        await answered(db, f"PO-{n}", FRIDAY + 69 * H, "810")  # Friday 15:00 to Monday 12:00: five open hours
    await ordered(db, "PO-X")
    [learned] = [e for e in await watched(db, subject="PO-X") if e["document"] == "810"]
    assert learned["basis"] == {
        "basis": "learned", "agreement": "850 out", "sample": windows.MINIMUM, "quantile": Decimal("0.95"),
        "median_hours": 5.0, "quantile_hours": 5.0, "window_hours": 6.25, "calendar": "office", "calendar_version": 1,
    }  # fmt: skip
    assert learned["due_at"] == datetime(2026, 3, 9, 13, 15, tzinfo=UTC)
    async with db.transaction(T) as tx:
        [habit] = await expectations.habits(tx, T, "mill")
    assert (habit["kind"], habit["sample"], habit["window_hours"]) == ("invoice", windows.MINIMUM, 6.25)


async def test_another_tenant_sees_and_ends_nothing(db: Database):
    await put(db, SUPPLIER)
    await put(db, {**SUPPLIER, "calendar": []}, OTHER)
    await ordered(db)
    assert await watched(db, OTHER) == []
    one = UUID((await watched(db))[0]["id"])
    async with db.transaction(OTHER) as tx:
        with pytest.raises(NotFound):
            await expectations.cancel(tx, OTHER, one, "x", "carl", FRIDAY)
        assert await expectations.arrived(tx, OTHER, "mill", "855", Owes.THEM, ["PO-1"], "", None, FRIDAY) == 0
    await look(db, FRIDAY + 24 * H)
    assert await cases(db, OTHER) == []


async def test_what_is_rolled_back_is_not_awaited(db: Database):
    await put(db, SUPPLIER)
    cause = Cause(partner_id="mill", document="850", direction=Direction.OUT, subject="PO-1")

    async def dies() -> None:
        async with db.transaction(T) as tx:
            assert await expectations.open(tx, T, cause, FRIDAY) == 3
            raise RuntimeError("the process dies")

    with pytest.raises(RuntimeError):
        await dies()
    assert await watched(db) == []


class Dying(Desk):
    """A desk whose process dies at its n-th case."""

    def __init__(self, at: int) -> None:
        self.left = at

    async def missing(self, tx: Tx, tenant_id: str, awaited: dict[str, Any], now: datetime) -> UUID:
        made = await super().missing(tx, tenant_id, awaited, now)
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("the process dies")
        return made


@pytest.mark.parametrize("seed", range(4))
async def test_every_expectation_ends_in_exactly_one_way(db: Database, seed: int):
    """Causes, answers, cancellations and looks in any order, repeated, with a worker that dies in between."""
    chance = random.Random(seed)
    await put(db, {**SUPPLIER, "agreements": [{
        "document": "850", "direction": "out", "expects": [{"document": "855", "within": "PT10H"}],
    }]})  # fmt: skip
    at, told = FRIDAY, Counter[str]()
    subjects = [f"PO-{n}" for n in range(12)]
    for _ in range(120):
        at += timedelta(minutes=chance.randrange(60))
        subject = chance.choice(subjects)
        match chance.choice(("order", "order", "answer", "cancel", "look", "die")):
            case "order":
                await ordered(db, subject, at, order_no=subject)
            case "answer":
                told["fulfilled"] += await answered(db, subject, at)
            case "cancel":
                async with db.transaction(T) as tx:
                    told["cancelled"] += await expectations.cancel_of_orders(tx, T, [subject], "x", at)
            case "look":
                await look(db, at)
            case _:
                try:
                    await silence.run_due(db, Dying(chance.randrange(1, 3)), at)
                except RuntimeError:
                    continue
    at += 11 * H
    await look(db, at)
    found = await watched(db, limit=500)
    assert len(found) == len({e["subject"] for e in found})
    ends = Counter(e["state"] for e in found)
    assert ends["open"] == 0
    assert (ends["fulfilled"], ends["cancelled"]) == (told["fulfilled"], told["cancelled"])
    async with db.transaction(T) as tx:
        rows = await tx.fetch(
            "select case_id, status, evidence::text as evidence from crossdock.cases where tenant_id = $1", T
        )
    status = {exactjson.loads(r["evidence"])["id"]: r["status"] for r in rows}
    assert len(status) == len(rows)  # one case at most
    for e in found:
        # overdue: an open case; once overdue and ended: a closed one; else none
        expected = "open" if e["state"] == "overdue" else "closed" if e["case_id"] else None
        assert status.get(e["id"]) == expected, e


async def test_one_silent_network_keeps_no_other_tenant_waiting(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(silence, "BATCH", 3)
    monkeypatch.setattr(silence, "MOST_ROUNDS", 1)
    await put(db, SUPPLIER)
    await put(db, SUPPLIER, OTHER)
    for n in range(10):
        await ordered(db, f"PO-{n}")
    async with db.transaction(OTHER) as tx:
        await expectations.open(
            tx, OTHER, Cause(partner_id="mill", document="850", direction=Direction.OUT, subject="PO-1"), FRIDAY
        )
    await look(db, FRIDAY + 24 * H)
    assert (len(await cases(db)), len(await cases(db, OTHER))) == (3, 1)


async def test_a_look_walks_an_index(db: Database):
    async with db.transaction(T) as tx:
        await tx.execute("set local enable_seqscan = off")
        plan = "\n".join(r[0] for r in await tx.fetch(f"explain {expectations.SQL['due']}", T, FRIDAY, 10))
    assert "expectation_due" in plan


async def test_an_order_to_a_partner_in_test_says_so_and_names_both_as_its_profile_does(db: Database):
    item = ItemId(scheme=ItemScheme.SUPPLIER, value="SKU-1")
    line = OrderLine(number="1", items=(item,), quantity=Decimal(10), unit="EA", unit_price=Decimal(2))
    order_ = PurchaseOrder(number="PO-1", ordered_on=FRIDAY.date(), currency="USD", lines=(line,))
    sent: list[tuple[str, str, bool]] = []
    for mode in ("test", "production"):
        await put(db, {**SUPPLIER, "mode": mode, "ours": [{"scheme": "01", "value": "BUYER"}]})
        async with db.transaction(T) as tx:
            made = await purchases.send(tx, T, "mill", order_, FRIDAY, key=mode, by="ann")
            row = await tx.fetchrow(
                "select sender, receiver, test from crossdock.document where tenant_id = $1 and document_id = $2",
                T, made.document_id,
            )  # fmt: skip
            assert row is not None
            sent.append(tuple(row))
    assert sent == [("01:BUYER", "ZZ:BOLTS", True), ("01:BUYER", "ZZ:BOLTS", False)]
