"""The test bench: what would become of a file, told without its coming in."""

from typing import Any

import pytest

from crossdock.partners import bench, intake
from crossdock.partners.profiles import Identifier, Profile

T = "norrland"
TABLES = ("raw", "receipt", "document", "interchange", "purchase_order", "number", "control_number", "early")


def x12(body: str, control: int = 7, sender: str = "BOLTS") -> bytes:
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*P*>~"
        f"GS*PO*{sender}*NORRLAND*20260102*0900*{control}*X*004010~ST*850*0001~{body}SE*{body.count('~') + 2}*0001~"
        f"GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


GOOD = "BEG*00*SA*4500012**20260101~PO1*1*10*EA*12.5**VP*SKU-1~CTT*1~"
WRONG = "BEG*00*SA*4500013**20260101~PO1*1*ten*EA*12.5**VP*SKU-1~CTT*1~"


@pytest.fixture
async def coordinator(gateway: Any) -> Any:
    bolts = Profile(id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=(Identifier("ZZ", "BOLTS"),))
    async with gateway.db.transaction(T) as tx:
        await intake.save_profile(tx, T, bolts)
    return await gateway.key("coordinator")


async def rows(gateway: Any) -> dict[str, int]:
    async with gateway.db.transaction(T) as tx:
        return {t: await tx.fetchval(f"select count(*) from crossdock.{t}") for t in TABLES}


async def try_out(browser: Any, raw: bytes, query: str = "") -> Any:
    return await browser.post(f"/api/test-bench?filename=a.edi{query}", raw=raw)


async def test_a_file_is_judged_and_answered_and_nothing_of_it_stays(gateway: Any, coordinator: Any) -> None:
    before = await rows(gateway)
    told = (await try_out(coordinator, x12(GOOD))).json
    [document] = told["documents"]
    assert (document["status"], document["partner_name"], document["po"]) == ("accepted", "Bolts & Co", "4500012")
    assert (document["order"], document["document"], document["total"]) == (None, None, "125.0")
    assert document["canonical"]["lines"][0]["items"][0]["value"] == "SKU-1"
    assert document["parsed"]["segments"][1]["elements"][2] == "4500012"
    assert told["raw"] == x12(GOOD).decode()
    [answer] = told["answers"]
    assert (answer["type"], answer["about"]) == ("997", "000000007")
    assert "AK2*850*0001~AK5*A~AK9*A*1*1*1~" in answer["text"]
    assert await rows(gateway) == before


async def test_the_answer_is_the_one_that_intake_gives_then(gateway: Any, coordinator: Any) -> None:
    await intake.receive(gateway.db, T, x12(GOOD, control=6), "first.edi", "test")
    for body in (WRONG, GOOD.replace("4500012", "4500014")):
        raw = x12(body, control=9)
        told = (await try_out(coordinator, raw)).json
        [got] = await intake.receive(gateway.db, T, raw, "a.edi", "test")
        [document] = told["documents"]
        assert document["status"] == got.status
        assert [e["where"] for e in document["errors"]] == [e["where"] for e in got.errors]
        page = (await coordinator.get("/api/documents?direction=out&type=997")).json["items"][0]
        true = (await coordinator.get(f"/api/documents/{page['id']}")).json["raw"]["text"]
        # all but the minute at which it was written
        assert told["answers"][0]["text"].split("~")[2:] == true.split("~")[2:]
        assert told["answers"][0]["filename"] == page["filename"]


async def test_a_number_used_before_is_seen(gateway: Any, coordinator: Any) -> None:
    await intake.receive(gateway.db, T, x12(GOOD), "first.edi", "test")
    told = (await try_out(coordinator, x12(GOOD))).json
    assert (told["documents"][0]["status"], told["documents"][0]["order"]) == ("duplicate", "SO-10001")
    assert "TA1*000000007*" in told["answers"][0]["text"]


async def test_a_stranger_is_named_and_gets_no_answer(coordinator: Any) -> None:
    told = (await try_out(coordinator, x12(GOOD, sender="NOBODY"))).json
    assert [e["code"] for e in told["documents"][0]["errors"]] == ["partner.unknown"]
    assert told["answers"] == []
    as_bolts = (await try_out(coordinator, x12(GOOD, sender="NOBODY"), "&partner=bolts")).json
    assert as_bolts["documents"][0]["status"] == "accepted"
    assert (await try_out(coordinator, x12(GOOD), "&partner=nobody")).status == 422


async def test_what_is_no_document_or_too_large_is_said_in_words(coordinator: Any) -> None:
    for raw, code in ((b"", "file.empty"), (b"\0\1\2", "file.unknown"), (b"x" * (bench.MAX_BYTES + 1), "file.size")):
        [document] = (await try_out(coordinator, raw)).json["documents"]
        assert (document["status"], document["errors"][0]["code"]) == ("rejected", code)
        assert document["errors"][0]["fix"]


async def test_of_many_documents_the_first_are_shown(coordinator: Any) -> None:
    raw = b"\n".join(x12(GOOD.replace("4500012", f"45{n}"), control=n) for n in range(1, bench.MAX_DOCUMENTS + 3))
    told = (await try_out(coordinator, raw)).json
    assert (len(told["documents"]), told["count"]) == (bench.MAX_DOCUMENTS, bench.MAX_DOCUMENTS + 2)
    controls = [a["filename"] for a in told["answers"]]
    assert len(set(controls)) == bench.MAX_DOCUMENTS + 2, "each answer has a number of its own"


async def test_a_partner_tries_its_own_and_a_viewer_none(gateway: Any, coordinator: Any) -> None:
    mine, viewer = await gateway.key("partner", partner="C-0007"), await gateway.key("viewer")
    told = (await try_out(mine, x12(GOOD, sender="NOBODY"), "&partner=others")).json
    assert told["documents"][0]["partner"] == "bolts"
    assert (await try_out(viewer, x12(GOOD))).status == 403
    carl = await gateway.as_("carl")
    assert [e["code"] for e in (await try_out(carl, x12(GOOD))).json["documents"][0]["errors"]] == ["partner.unknown"]
