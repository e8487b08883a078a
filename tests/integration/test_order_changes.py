"""A buyer's change: an event of its order, once; waiting for an order that is not here; answered by an 865."""

from typing import Any
from uuid import UUID

import pytest
from tests.integration.test_order_documents import AGREED, told
from tests.integration.test_sending import BOLTS, NOW, T, purchase, take, text, x12

from crossdock import exactjson
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.flow.outcomes import Done
from crossdock.partners import intake
from crossdock.partners.reconciling import store as chains


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


def change(control: int, sequence: str, *lines: str, po: str = "4500012", purpose: str = "04") -> bytes:
    body = "".join(f"POC*{n}~" for n in lines)
    return x12("860", "PC", f"BCH*{purpose}*SA*{po}**{sequence}*20260101*****20260302~{body}CTT*{len(lines)}~", control)


async def got(db: Database, raw: bytes) -> intake.DocumentResult:
    [found] = await intake.receive(db, T, raw, "change.edi", "test")
    return found


async def events(db: Database, type_: str) -> list[dict[str, Any]]:
    async with db.transaction(T) as tx:
        rows = await tx.fetch(
            "select body from crossdock.event where tenant_id = $1 and type = $2 order by seq", T, type_
        )
    return [exactjson.loads(r["body"])["data"] for r in rows]


async def test_a_change_is_an_event_of_its_order(db: Database):
    order = (await take(db, purchase())).order
    found = await got(db, change(2, "1", "1*QD*6**EA*12.5**VP*SKU-1", "2*AI*4**EA*3**VP*SKU-2"))
    assert (found.status, found.order, found.errors) == ("accepted", order, ())
    [heard] = await events(db, "crossdock.order.change-requested")
    assert (heard["order"], heard["change"]["sequence"], heard["change"]["document"]) == (
        order,
        "1",
        str(found.document_id),
    )
    assert [(n["line"], n["action"], n["quantity"], n["unit_price"]) for n in heard["change"]["lines"]] == [
        ("1", "quantity_down", 6, None), ("2", "add", 4, 3),
    ]  # fmt: skip
    async with db.transaction(T) as tx:
        chain = await chains.of_order(tx, T, order or "", NOW)
    assert [d["kind"] for d in chain["documents"]] == ["order", "change"]


async def test_the_same_change_again_changes_nothing_and_another_under_its_number_is_held(db: Database):
    await take(db, purchase())
    await got(db, change(2, "1", "1*QD*6**EA*12.5**VP*SKU-1"))
    again = await got(db, change(3, "1", "1*QD*6**EA*12.5**VP*SKU-1"))
    other = await got(db, change(4, "1", "1*QD*7**EA*12.5**VP*SKU-1"))
    later = await got(db, change(5, "2", "1*QD*7**EA*12.5**VP*SKU-1"))
    assert [d.status for d in (again, other, later)] == ["duplicate", "held", "accepted"]
    assert [e["code"] for e in other.errors] == ["order.change.reused"]
    assert [h["change"]["sequence"] for h in await events(db, "crossdock.order.change-requested")] == ["1", "2"]


async def test_what_comes_before_its_order_waits_for_it(db: Database):
    early = await got(db, change(2, "1", "1*QD*6**EA*12.5**VP*SKU-1"))
    cancel = await got(db, change(3, "2", purpose="01"))
    assert [d.status for d in (early, cancel)] == ["held", "held"]
    assert [e["code"] for e in early.errors] == ["order.unknown"]
    other = await got(db, change(4, "1", "1*QD*6**EA*12.5**VP*SKU-1", po="OTHER"))
    order = (await take(db, purchase(5))).order
    [heard] = await events(db, "crossdock.order.change-requested")
    assert heard["order"] == order
    assert [h["order"] for h in await events(db, "crossdock.order.cancellation-requested")] == [order]
    async with db.transaction(T) as tx:
        rows = await tx.fetch("select document_id, status, released_by from crossdock.document where type = '860'")
    assert {(r["document_id"], r["status"], r["released_by"]) for r in rows} == {
        (early.document_id, "accepted", "system:order"), (cancel.document_id, "accepted", "system:order"),
        (other.document_id, "held", None),
    }  # fmt: skip


async def test_a_change_is_answered_line_by_line(db: Database):
    order = (await take(db, purchase())).order
    verdicts = [
        {"line": "1", "action": "quantity_down", "accepted": True, "quantity": 6, "unit": "EA"},
        {
            "line": "9",
            "action": "cancel",
            "accepted": False,
            "reason": "The order has no such line",
            "code": "unknown-line",
        },
    ]
    facts = {"sequence": "3", "verdicts": verdicts, "changed": [{"line": "1", "quantity": 6}], "agreed": AGREED}
    done = await told(db, order, "change", facts)
    assert isinstance(done, Done)
    raw = await text(db, UUID(done.output["document"]))
    assert done.output["type"] == "865"
    assert "BCA*00*AC*4500012**3*20260101***SO-10001*20260302*20260302~" in raw
    assert "POC*1*QD*6**EA*12.5**VP*SKU-1~ACK*IA*6*EA~" in raw
    assert "POC*9*DI*0**EA~ACK*IR*0*EA~" in raw


async def test_the_chain_shows_what_a_change_altered(db: Database):
    order = (await take(db, purchase())).order
    await got(db, change(2, "3", "1*QD*6**EA*12.5**VP*SKU-1", "2*AI*4**EA*3**VP*SKU-2"))
    verdicts = [
        {"line": "1", "action": "quantity_down", "accepted": True, "quantity": 6, "unit": "EA"},
        {"line": "2", "action": "add", "accepted": False, "quantity": 4, "unit": "EA", "reason": "No such item"},
    ]
    facts = {"sequence": "3", "verdicts": verdicts, "changed": [{"line": "1", "quantity": 6}], "agreed": AGREED}
    async with db.transaction(T) as tx:
        before = await chains.of_order(tx, T, order or "", NOW)
    assert isinstance(await told(db, order, "change", facts), Done)
    async with db.transaction(T) as tx:
        after = await chains.of_order(tx, T, order or "", NOW)
    assert [(c["line"], c["fate"], c["quantity_before"], c["quantity_after"]) for c in before["changes"]] == [
        ("1", "asked", 10, 6), ("2", "asked", None, 4),
    ]  # fmt: skip
    assert [(c["line"], c["fate"], c["quantity_before"], c["quantity_after"]) for c in after["changes"]] == [
        ("1", "taken", 10, 6), ("2", "refused", None, 4),
    ]  # fmt: skip
    assert ([n["ordered"] for n in before["lines"]], [n["ordered"] for n in after["lines"]]) == ([10], [6])
