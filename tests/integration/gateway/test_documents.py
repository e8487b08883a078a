"""Documents over HTTP: found by every number they bear, as a list and as a table, and never another tenant's."""

import csv
import io
from typing import Any

import pytest

from crossdock.partners import intake
from crossdock.partners.documents import By, spellings
from crossdock.partners.profiles import Identifier, Profile

T = "norrland"
SSCC = "106141411234567897"


def x12(kind: str, function: str, body: str, control: int) -> bytes:
    sets = f"ST*{kind}*0001~{body}SE*{body.count('~') + 2}*0001~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*P*>~"
        f"GS*{function}*BOLTS*NORRLAND*20260102*0900*{control}*X*004010~{sets}GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


FILES = {
    "order.edi": x12("850", "PO", "BEG*00*SA*4500012**20260101~PO1*1*10*EA*12.5**VP*SKU-1~CTT*1~", 4711),
    "notice.edi": x12(
        "856", "SH",
        f"BSN*00*S-90817*20260102*0900*0001~HL*1**S~REF*BM*BOL-5566~HL*2*1*O~PRF*4500099~HL*3*2*P~MAN*GM*00{SSCC}~"
        "HL*4*3*I~LIN**VP*SKU-1~SN1**4*EA~CTT*4~", 4712,
    ),
    "invoice.edi": x12(
        "810", "IN", "BIG*20260105*INV-2026-7*20260101*4500012~IT1*1*10*EA*12.5**VP*SKU-1~TDS*12500~CTT*1~", 4713
    ),
    "=cmd.edi": b"no document at all",
}  # fmt: skip


@pytest.fixture
async def stored(gateway: Any) -> None:
    bolts = Profile(id="bolts", name="Bolts", customer_id="C-0007", identifiers=(Identifier("ZZ", "BOLTS"),))
    async with gateway.db.transaction(T) as tx:
        await intake.save_profile(tx, T, bolts)
    for name, raw in FILES.items():
        await intake.receive(gateway.db, T, raw, name, "test")


FINDS = [
    ("po=4500012", {"order.edi", "invoice.edi"}),
    ("po=4500099", {"notice.edi"}),
    ("invoice=inv-2026", {"invoice.edi"}),
    ("shipment=90817", {"notice.edi"}),
    ("bol=5566", {"notice.edi"}),
    (f"sscc=00{SSCC}", {"notice.edi"}),
    ("sscc=%2800%29+1+0614141+123456789+7", {"notice.edi"}),
    ("sscc=67897", {"notice.edi"}),
    ("control=000004713", {"invoice.edi"}),
    ("q=4713", {"invoice.edi"}),
    ("q=000004713", {"invoice.edi"}),
    (f"q=00{SSCC}", {"notice.edi"}),
    ("q=BOL-5566", {"notice.edi"}),
    ("q=SO-10001", {"order.edi"}),
    ("q=notice", {"notice.edi"}),
    ("q=45000&type=810", {"invoice.edi"}),
    ("po=4500012&invoice=INV-2026-7", {"invoice.edi"}),
    ("po=4500012&bol=BOL-5566", set[str]()),
    ("partner=bolts&status=accepted", {"order.edi", "notice.edi", "invoice.edi"}),
    ("partner=others", set[str]()),
    ("status=rejected", {"=cmd.edi"}),
]


@pytest.mark.parametrize(("query", "files"), FINDS)
async def test_a_document_is_found_by_the_numbers_it_bears(
    gateway: Any, stored: None, query: str, files: set[str]
) -> None:
    found = (await (await gateway.key("viewer")).get(f"/api/documents?direction=in&{query}")).json
    assert {d["filename"] for d in found["items"]} == files
    assert found["total"] == len(files)


async def test_the_list_says_by_which_number_it_found_one(gateway: Any, stored: None) -> None:
    [found] = (await (await gateway.key("viewer")).get("/api/documents?direction=in&q=67897")).json["items"]
    assert found["found"] == {"kind": "sscc", "value": SSCC}
    [bill] = (await (await gateway.key("viewer")).get("/api/documents?q=INV-2026")).json["items"]
    assert (bill["total"], bill["control"]) == ("125.00", "000004713")


async def test_pages_of_what_was_found_follow_each_other(gateway: Any, stored: None) -> None:
    viewer = await gateway.key("viewer")
    first = (await viewer.get("/api/documents?direction=in&po=45000&limit=2")).json
    rest = (
        await viewer.get(f"/api/documents?direction=in&po=45000&limit=2&cursor={first['next'].replace('+', '%2B')}")
    ).json
    assert [d["filename"] for d in first["items"] + rest["items"]] == ["invoice.edi", "notice.edi", "order.edi"]
    assert (first["total"], rest["next"]) == (3, None)


async def test_days_are_those_of_the_tenant_and_both_belong(gateway: Any, stored: None) -> None:
    viewer = await gateway.key("viewer")
    async with gateway.db.transaction(T) as tx:
        today = await tx.fetchval(
            "select (crossdock.now() at time zone t.time_zone)::date from crossdock.tenant t where tenant_id = $1", T
        )
    assert (await viewer.get(f"/api/documents?direction=in&since={today}&until={today}")).json["total"] == 4
    assert (await viewer.get("/api/documents?direction=in&until=2001-01-01")).json["total"] == 0
    assert (await viewer.get("/api/documents?direction=in&since=2001-01-01&until=9999-12-31")).status == 422


async def test_the_table_for_a_spreadsheet_holds_the_same_and_no_formula(gateway: Any, stored: None) -> None:
    viewer = await gateway.key("viewer")
    answer = await viewer.get("/api/documents.csv?direction=in")
    assert answer.headers["content-disposition"] == 'attachment; filename="documents.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert [r["filename"] for r in rows] == ["'=cmd.edi", "invoice.edi", "notice.edi", "order.edi"]
    assert (rows[1]["po"], rows[1]["total"], rows[1]["control"]) == ("4500012", "125.00", "000004713")
    few = (await viewer.get(f"/api/documents.csv?sscc={SSCC}")).body.decode().splitlines()
    assert len(few) == 2


async def test_another_tenant_and_another_partner_find_nothing(gateway: Any, stored: None) -> None:
    carl, other = await gateway.as_("carl"), await gateway.key("partner", partner="C-0008")
    mine = await gateway.key("partner", partner="C-0007")
    for query in ("q=4500012", f"sscc={SSCC}", "control=4711"):
        assert (await carl.get(f"/api/documents?{query}")).json["items"] == []
        assert (await other.get(f"/api/documents?{query}")).status == 403  # it is no trading partner
        assert (await mine.get(f"/api/documents?{query}")).json["items"]
    assert "4500012" not in (await carl.get("/api/documents.csv")).body.decode()
    async with gateway.db.transaction("castell") as tx:
        assert await tx.fetchval("select count(*) from crossdock.document_key") == 0


async def test_the_back_fill_gives_the_keys_that_storing_gave(gateway: Any, stored: None) -> None:
    async with gateway.db.transaction(T) as tx:
        kept = await tx.fetch(
            "select document_id, kind, value from crossdock.document_key join crossdock.document using "
            "(tenant_id, document_id) where direction = 'in' order by 1, 2, 3"
        )
        anew = await tx.fetch(
            'select d.document_id, k.kind, k.value collate "C" as value from crossdock.document d '
            "cross join crossdock.document_keys(d) k where d.direction = 'in' order by 1, 2, 3"
        )
    assert kept == anew
    assert {r["kind"] for r in kept} >= {"po", "order", "invoice", "shipment", "bol", "sscc", "control", "set", "file"}


def test_numbers_are_compared_however_they_are_written() -> None:
    assert spellings(By.CONTROL, " 000000042 ") == [(By.CONTROL, "42")]
    assert spellings(By.ANY, "0042") == [(By.ANY, "0042"), (By.CONTROL, "42")]
    assert spellings(By.ANY, f"(00) {SSCC}")[1] == (By.SSCC, SSCC)
    assert spellings(By.PO, "po 1") == [(By.PO, "PO 1")]
    assert spellings(By.CONTROL, "000") == [(By.CONTROL, "000")]
