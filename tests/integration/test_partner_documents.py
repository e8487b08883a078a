"""Documents that are no X12 orders, on PostgreSQL: kept as what they say, answered, and numbered without gaps."""

import asyncio
from typing import Any

import pytest

from crossdock.db import Database
from crossdock.partners import documents, intake, numbering
from crossdock.partners.profiles import Identifier, Profile

TENANT = "norrland"
BOLTS = Profile(
    id="bolts",
    name="Bolts & Co",
    customer_id="C-0007",
    identifiers=(Identifier("ZZ", "BOLTS"), Identifier("14", "4012345000009")),
    acknowledgement="999",
)
ORDERS = (
    "UNB+UNOC:3+4012345000009:14+NORRLAND:ZZ+260101:1200+{reference}++++1'UNH+1+ORDERS:D:96A:UN'BGM+220+{po}+9'"
    "DTM+137:20260101:102'CUX+2:EUR:9'LIN+1++4012345678901:SRV'QTY+21:8:PCE'PRI+AAA:1.25'UNS+S'UNT+9+1'"
    "UNZ+1+{reference}'"
)


def advice(control: int) -> bytes:
    body = "BSN*00*S-1*20260102*0900~HL*1**S~HL*2*1*O~PRF*4500012~HL*3*2*I~LIN**VP*SKU-1~SN1**4*EA~CTT*3~"
    sets = f"ST*856*0001~{body}SE*10*0001~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*^*00501*{control:09d}*0*P*>~"
        f"GS*SH*BOLTS*NORRLAND*20260102*0900*{control}*X*005010~{sets}GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(TENANT) as tx:
        await intake.save_profile(tx, TENANT, BOLTS)
    return database


async def take(db: Database, raw: bytes) -> list[intake.DocumentResult]:
    return await intake.receive(db, TENANT, raw, "document.edi", "test")


async def sent(db: Database, type_: str) -> list[dict[str, Any]]:
    async with db.transaction(TENANT) as tx:
        page = await documents.page(tx, TENANT, direction="out", type=type_)
        return [await documents.one(tx, TENANT, i["id"]) for i in reversed(page["items"])]


async def test_a_ship_notice_is_kept_as_what_it_says_and_answered_as_agreed(db: Database):
    [got] = await take(db, advice(1))
    assert (got.status, got.type, got.order, got.po, got.lines) == ("accepted", "856", None, None, 1)
    assert got.document_id is not None
    async with db.transaction(TENANT) as tx:
        one = await documents.one(tx, TENANT, got.document_id)
    [shipment] = one["canonical"]["units"]
    assert shipment["units"][0]["order_number"] == "4500012"
    [answer] = await sent(db, "999")
    assert "ST*999*0001*005010X231A1~AK1*SH*1*005010~AK2*856*0001~IK5*A~AK9*A*1*1*1~" in answer["raw"]["text"]


async def test_an_edifact_order_becomes_one_of_ours_and_a_contrl(db: Database):
    [got] = await take(db, ORDERS.format(reference="R1", po="PO-1").encode())
    assert (got.status, got.order, got.po, got.currency) == ("accepted", "SO-10001", "PO-1", "EUR")
    [again] = await take(db, ORDERS.format(reference="R2", po="PO-1").encode())
    assert (again.status, again.order) == ("duplicate", "SO-10001")
    [reused] = await take(db, ORDERS.format(reference="R1", po="PO-2").encode())
    assert (reused.status, reused.errors[0]["code"]) == ("held", "edifact.unb0020.reused")
    answers = [a["raw"]["text"] for a in await sent(db, "CONTRL")]
    assert ["UCI+R1+" in answers[0], "+7'UCM+1+ORDERS:D:96A:UN+7'" in answers[0]] == [True, True]
    assert "+4+26+UNB+5'" in answers[2]
    # numbered without gaps, for this pair alone
    assert ["UNZ+1+1'" in answers[0], "UNZ+1+2'" in answers[1], "UNZ+1+3'" in answers[2]] == [True, True, True]


async def test_a_number_that_was_not_used_is_given_again(db: Database):
    class Failure(Exception):
        pass

    async def take_one(receiver: str = "ZZ:BOLTS") -> numbering.Taken:
        async with db.transaction(TENANT) as tx:
            return await numbering.take(tx, TENANT, "ZZ:NORRLAND", receiver, messages=2)

    assert await take_one() == numbering.Taken(1, 1, (1, 2))

    async def fail() -> None:
        async with db.transaction(TENANT) as tx:
            await numbering.take(tx, TENANT, "ZZ:NORRLAND", "ZZ:BOLTS", messages=2)
            raise Failure

    with pytest.raises(Failure):
        await fail()
    assert await take_one() == numbering.Taken(2, 2, (3, 4))
    assert await take_one("ZZ:OTHER") == numbering.Taken(1, 1, (1, 2))


async def test_numbers_taken_at_the_same_time_have_no_gap_and_no_double(db: Database):
    async def take_one() -> int:
        async with db.transaction(TENANT) as tx:
            return (await numbering.take(tx, TENANT, "ZZ:NORRLAND", "ZZ:BOLTS", messages=1)).interchange

    taken = await asyncio.gather(*(take_one() for _ in range(20)))
    assert sorted(taken) == list(range(1, 21))
