"""Documents about an order are compared as they come; what disagrees is one case, which a later document closes."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import typer
from tests.integration.test_sending import BOLTS, NOW, T, purchase, sent, take, x12
from typer.testing import CliRunner

from crossdock import exactjson
from crossdock.cases import casework
from crossdock.cli import differences, reconcile
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.errors import NotFound, PartnerError
from crossdock.partners import intake
from crossdock.partners.reconciling import duty, store
from crossdock.partners.reconciling.model import Terms

ALL = {"lines": [{"line": "1", "accepted": 10, "ship_on": "2026-03-03"}]}


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


async def look(db: Database, at: datetime = NOW) -> int:
    return await duty.run_due(db, differences.Desk(), at)


async def chain(db: Database, order: str | None, at: datetime = NOW) -> dict[str, Any]:
    async with db.transaction(T) as tx:
        return await store.of_order(tx, T, order or "", at)


async def cases(db: Database) -> list[tuple[str, str, Decimal]]:
    async with db.transaction(T) as tx:
        found = await casework.find(tx, T, casework.Filter(kind="documents-differ"))
    return [(c.reason, c.status.value, c.money or Decimal(0)) for c in reversed(found.items)]


def bill(number: str, quantity: int, price: str = "12.5", shipment: str = "SH-1") -> dict[str, Any]:
    amount = quantity * Decimal(price)
    line = {"line": "1", "quantity": quantity, "unit_price": Decimal(price), "amount": amount}
    facts = {"invoice": number, "issued_on": "2026-03-04", "lines": [line], "net": amount, "total": amount}
    return {**facts, "shipment": shipment}


def shipment(quantity: int, number: str = "SH-1") -> dict[str, Any]:
    return {"shipment": number, "shipped_on": "2026-03-03", "lines": [{"line": "1", "quantity": quantity}]}


async def test_a_sale_from_its_order_to_its_payment_agrees(db: Database):
    order = (await take(db, purchase())).order
    assert (await chain(db, order))["state"] == "open"  # nothing is about it yet
    assert await look(db) == 0
    await sent(db, order, ALL)
    await sent(db, order, shipment(10), kind="despatch")
    assert await look(db) == 1
    assert await look(db) == 0
    await sent(db, order, bill("I-1", 10), kind="invoice")
    await take(db, x12("820", "RA", "BPR*I*125*C*CHK************20260310~TRN*1*T-1~ENT*1~RMR*IV*I-1**125*125~", 5))
    c = await chain(db, order)
    assert (c["state"], c["differences"], c["totals"]["paid"]) == ("clear", [], 125)
    assert [(d["kind"], d["number"], d["direction"]) for d in c["documents"]] == [
        ("order", "4500012", "in"), ("response", "SO-10001", "out"), ("despatch", "SH-1", "out"),
        ("invoice", "I-1", "out"), ("remittance", "T-1", "in"),
    ]  # fmt: skip
    await look(db)
    assert await cases(db) == []
    async with db.transaction(T) as tx:
        assert [(s["state"], s["order"]) for s in await store.page(tx, T)] == [("clear", order)]
        with pytest.raises(PartnerError):
            await store.page(tx, T, state="nonsense")


async def test_a_difference_is_one_case_that_follows_the_documents_and_closes_itself(db: Database):
    order = (await take(db, purchase())).order
    await sent(db, order, ALL)
    await sent(db, order, shipment(8), kind="despatch")
    await sent(db, order, bill("I-1", 10), kind="invoice")
    await look(db)
    assert await cases(db) == [("invoiced.more", "open", Decimal(25))]
    async with db.transaction(T) as tx:
        [case] = (await casework.find(tx, T, casework.Filter(kind="documents-differ"))).items
    assert case.title == "The documents about bolts's order 4500012 disagree: Line 1: 8 EA shipped, 10 invoiced."
    assert (case.order, case.queue, len(case.evidence["documents"])) == (order, "reconciliation", 2)
    # paid in part: what is found is another thing, and so is its case
    await take(db, x12("820", "RA", "BPR*I*100*C*CHK************20260310~TRN*1*T-1~ENT*1~RMR*IV*I-1**100*100~", 5))
    await look(db)
    assert await cases(db) == [
        ("invoiced.more", "closed", Decimal(25)), ("paid.less, invoiced.more", "open", Decimal(50)),
    ]  # fmt: skip
    await sent(db, order, shipment(2, "SH-2"), kind="despatch")
    await take(db, x12("820", "RA", "BPR*I*25*C*CHK************20260311~TRN*1*T-2~ENT*1~RMR*IV*I-1**25*25~", 6))
    await look(db)
    assert [status for _, status, _ in await cases(db)] == ["closed", "closed"]
    assert (await chain(db, order))["state"] == "clear"


async def test_silence_is_found_when_its_time_is_over(db: Database):
    order = (await take(db, purchase())).order
    await sent(db, order, ALL)
    await look(db)
    assert await duty.next_due(db) == datetime(2026, 3, 4, tzinfo=UTC)
    assert await look(db, datetime(2026, 3, 4, tzinfo=UTC)) == 1
    assert await cases(db) == [("shipped.less", "open", Decimal(125))]
    await sent(db, order, shipment(10), kind="despatch")
    await sent(db, order, bill("I-1", 10), kind="invoice")
    await look(db, NOW + timedelta(days=3))
    assert await cases(db) == [("shipped.less", "closed", Decimal(125))]


async def test_a_case_that_a_person_closed_stays_closed_until_something_else_is_found(db: Database):
    order = (await take(db, purchase())).order
    await sent(db, order, shipment(9), kind="despatch")
    await sent(db, order, bill("I-1", 10), kind="invoice")
    await look(db)
    async with db.transaction(T) as tx:
        [case] = (await casework.find(tx, T, casework.Filter(kind="documents-differ"))).items
        await casework.resolve(tx, T, case.case_id, "accept", "ann", NOW)
    await sent(db, order, ALL)
    await look(db)
    assert [status for _, status, _ in await cases(db)] == ["closed"]
    await sent(db, order, bill("I-2", 1, shipment="SH-9"), kind="invoice")
    await look(db)
    assert await cases(db) == [("invoiced.more", "closed", Decimal("12.5")), ("invoiced.more", "open", Decimal(25))]


async def test_the_partners_file_says_what_is_overlooked(db: Database):
    order = (await take(db, purchase())).order
    tolerant = replace(BOLTS, tolerances=Terms(quantity_percent=Decimal("20"), days=10))
    async with db.transaction(T) as tx:
        await intake.save_profile(tx, T, tolerant)
        assert await store.terms(tx, T, "bolts") == tolerant.tolerances
    await sent(db, order, shipment(8), kind="despatch")
    await sent(db, order, bill("I-1", 9), kind="invoice")
    await look(db)
    assert await cases(db) == []
    # a narrower version counts from the next comparison on
    async with db.transaction(T) as tx:
        await intake.save_profile(tx, T, replace(BOLTS, tolerances=Terms(quantity_percent=Decimal(5), days=10)))
    await sent(db, order, bill("I-2", 1), kind="invoice")
    await look(db)
    assert [code for code, _, _ in await cases(db)] == ["invoiced.more"]


async def test_what_was_agreed_is_overlooked(db: Database):
    order = (await take(db, purchase())).order
    async with db.transaction(T) as tx:
        await store.save_terms(tx, T, "bolts", Terms(quantity_percent=Decimal(30), days=10))
        assert (await store.terms(tx, T, "bolts")).quantity_percent == 30
        assert await store.terms(tx, T, "others") == Terms()
    for wrong in ({"days": -1}, {"days": "x"}, {"weeks": 1}):
        with pytest.raises(PartnerError):
            store.read_terms(wrong)
    await sent(db, order, shipment(8), kind="despatch")
    await sent(db, order, bill("I-1", 10), kind="invoice")
    await look(db)
    assert await cases(db) == []


async def test_another_tenant_and_a_test_see_nothing_of_it(db: Database):
    order = (await take(db, purchase())).order
    await sent(db, order, ALL)
    async with db.transaction("castell") as tx:
        assert await store.page(tx, "castell") == []
        with pytest.raises(NotFound):
            await store.of_order(tx, "castell", order or "", NOW)
    got = await take(db, x12("820", "RA", "BPR*I*1*C*CHK************20260310~TRN*1*T-1~ENT*1~RMR*IV*NONE**1*1~", 9))
    assert [n["code"] for n in got.notes] == ["chain.unknown"]


async def test_the_command_line_compares_now(db: Database, monkeypatch: pytest.MonkeyPatch, admin_dsn: str):
    order = (await take(db, purchase())).order
    await sent(db, order, shipment(9), kind="despatch")
    await sent(db, order, bill("I-1", 10), kind="invoice")
    app = typer.Typer()
    app.callback()(lambda: None)
    reconcile.register(app)
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", admin_dsn)

    async def ran(*words: str) -> tuple[int, list[Any]]:
        done = await asyncio.to_thread(CliRunner().invoke, app, ["reconcile", *words, "--tenant", T])
        return done.exit_code, [exactjson.loads(line) for line in done.stdout.splitlines()]

    code, [told] = await ran(order or "")
    assert (code, told["state"], told["money"]) == (1, "differs", "12.50")
    assert [d["code"] for d in told["differences"]] == ["invoiced.more"]
    assert (await ran("4500012"))[0] == 1
    assert len((await ran("--since", "2026-01-01"))[1]) == 1
    assert await ran("--since", "2027-01-01") == (0, [])
    assert [(await ran(*words))[0] for words in ((), ("SO-404",), ("--since", "soon"))] == [2, 2, 2]
    assert [status for _, status, _ in await cases(db)] == ["open"]
