"""Documents we send: written under their numbers, collected, answered, overdue, and sent again."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from typer.testing import CliRunner

from crossdock import audit, exactjson, ids
from crossdock.canonical.identifiers import check_digit
from crossdock.cases import casework
from crossdock.cli.silence import Desk
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.errors import Conflict, NotFound
from crossdock.flow.outcomes import Done, Failed, Invocation
from crossdock.partners import documents, intake
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.sending import cli, outbox, overdue, store
from crossdock.partners.sending.function import DocumentSend

T = "norrland"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
BOLTS = Profile(
    id="bolts",
    name="Bolts & Co",
    customer_id="C-0007",
    identifiers=(Identifier("ZZ", "BOLTS"), Identifier("14", "4012345000009")),
)
ORDERS = (
    "UNB+UNOC:3+4012345000009:14+NORRLAND:ZZ+260101:1200+R1'UNH+1+ORDERS:D:96A:UN'BGM+220+PO-E+9'"
    "DTM+137:20260101:102'CUX+2:EUR:9'LIN+1++4012345678901:SRV'QTY+21:10:PCE'PRI+AAA:1.25'UNS+S'UNT+9+1'UNZ+1+R1'"
)
SPLIT = {"lines": [{"line": "1", "accepted": 6, "backordered": 4}]}


def x12(kind: str, function: str, body: str, control: int, version: str = "004010") -> bytes:
    count = body.count("~") + 2
    sets = f"ST*{kind}*0001~{body}SE*{count}*0001~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*P*>~"
        f"GS*{function}*BOLTS*NORRLAND*20260102*0900*{control}*X*{version}~{sets}GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


def purchase(control: int = 1, po: str = "4500012") -> bytes:
    return x12("850", "PO", f"BEG*00*SA*{po}**20260101~PO1*1*10*EA*12.5**VP*SKU-1~CTT*1~", control)


def acknowledgement(control: int, group: int, set_: int, code: str, kind: str = "855", function: str = "PR") -> bytes:
    outcome = {"A": "A*1*1*1", "E": "E*1*1*1", "R": "R*1*1*0"}[code]
    body = f"AK1*{function}*{group}~AK2*{kind}*{set_:04d}~AK5*{code}{'*5' if code != 'A' else ''}~AK9*{outcome}~"
    return x12("997", "FA", body, control)


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, NOW, 0)
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


async def take(db: Database, raw: bytes) -> intake.DocumentResult:
    [got] = await intake.receive(db, T, raw, "document.edi", "test")
    assert got.status == "accepted", got.errors
    return got


async def call(
    db: Database, order: str | None, state: dict[str, Any], kind: str = "response", instance: UUID | None = None
) -> Any:
    asked = Invocation(
        tenant_id=T, instance_id=instance or ids.new(), at="/do/0/tell", key=f"{instance or ids.new()}/do/0/tell",
        function="document-send", arguments={"kind": kind, "state": state}, business_key=order or "", now=NOW,
    )  # fmt: skip
    async with db.transaction(T) as tx:
        return await DocumentSend().start(tx, asked)


async def sent(db: Database, order: str | None, state: dict[str, Any] = SPLIT, kind: str = "response") -> UUID:
    done = await call(db, order, state, kind)
    assert isinstance(done, Done)
    assert done.output["sent"], done
    return UUID(done.output["document"])


async def one(db: Database, document: UUID) -> dict[str, Any]:
    async with db.transaction(T) as tx:
        return await store.one(tx, T, document)


async def text(db: Database, document: UUID) -> str:
    async with db.transaction(T) as tx:
        return (await documents.raw(tx, T, document))[0].decode()


async def look(db: Database, at: datetime) -> int:
    return await overdue.run_due(db, Desk(), at)


async def cases(db: Database) -> list[tuple[str, str]]:
    async with db.transaction(T) as tx:
        rows = await tx.fetch("select kind, status from crossdock.cases where tenant_id = $1 order by number", T)
    return [(r["kind"], r["status"]) for r in rows]


async def again(db: Database, document: UUID, way: str) -> dict[str, Any]:
    async with db.transaction(T) as tx:
        if way == "reissue":
            return await store.reissue(tx, T, document, "ann", NOW)
        return await store.again(tx, T, document, way, "ann", NOW)


async def test_a_workflow_tells_the_buyer_once_and_under_the_next_numbers(db: Database):
    order = (await take(db, purchase())).order
    instance = ids.new()
    first = await call(db, order, SPLIT, instance=instance)
    assert isinstance(first, Done)
    assert (first.output["type"], first.output["deadline"]) == ("855", "2026-03-03T08:00:00+00:00")
    assert await call(db, order, SPLIT, instance=instance) == first
    raw = await text(db, UUID(first.output["document"]))
    assert "BAK*00*AC*4500012*20260101****SO-10001*20260302~" in raw
    assert "PO1*1*10*EA*12.5**VP*SKU-1~ACK*IA*6*EA~ACK*IB*4*EA~" in raw
    async with db.transaction(T) as tx:
        shown = await store.page(tx, T, q="4500012")
        told = await audit.entries(tx, T, action="document.send")
    assert [(s["state"], s["partner"], s["order"]) for s in shown] == [("written", "bolts", "SO-10001")]
    assert [e.object_id for e in told] == ["SO-10001"]
    second = await one(db, await sent(db, order))
    assert second["control"] == first.output["control"] + 1


async def test_what_cannot_be_written_fails_the_call_and_takes_no_number(db: Database):
    order = (await take(db, purchase())).order
    before = (await one(db, await sent(db, order)))["control"]
    refused = await call(db, order, {"lines": [{"line": "1", "accepted": 9}]})
    assert isinstance(refused, Failed)
    assert "expected 10 EA" in str(refused.error.detail)
    line = {"line": "1", "quantity": 1, "unit_price": 1, "amount": 1}
    tax = Decimal("0.001")  # an 810 says its total in cents
    bill = {"invoice": "I-1", "issued_on": "2026-03-02", "lines": [line], "net": 1, "tax": tax, "total": 1 + tax}
    unwritable = await call(db, order, bill, kind="invoice")
    assert isinstance(unwritable, Failed)
    assert (await one(db, await sent(db, order)))["control"] == before + 1


async def test_an_order_that_no_partner_sent_has_nobody_to_tell(db: Database):
    done = await call(db, "SO-404", SPLIT)
    assert isinstance(done, Done)
    assert done.output["sent"] is False


@pytest.mark.parametrize(("code", "state"), [("A", "accepted"), ("E", "accepted_with_errors"), ("R", "rejected")])
async def test_a_997_moves_the_document_it_answers_and_no_other(db: Database, code: str, state: str):
    order = (await take(db, purchase())).order
    other, document = await sent(db, order), await sent(db, order)
    numbers = await one(db, document)
    await take(db, acknowledgement(2, numbers["group"], numbers["message"], code))
    after = await one(db, document)
    assert (after["state"], [a["outcome"] for a in after["answers"]]) == (state, [state])
    assert (await one(db, other))["state"] == "written"
    # the first word counts; a contradiction is kept
    await take(db, acknowledgement(3, numbers["group"], numbers["message"], "R" if code == "A" else "A"))
    again_ = await one(db, document)
    assert (again_["state"], [a["counted"] for a in again_["answers"]]) == (state, [True, False])
    await look(db, NOW)
    assert await cases(db) == ([("document-rejected", "open")] if code == "R" else [])


async def test_an_acknowledgement_of_nothing_of_ours_is_noted(db: Database):
    got = await take(db, acknowledgement(2, 77, 1, "A"))
    assert [n["code"] for n in got.notes] == ["sending.unknown"]


async def test_another_tenants_acknowledgement_moves_nothing(db: Database):
    document = await sent(db, (await take(db, purchase())).order)
    numbers = await one(db, document)
    async with db.transaction("castell") as tx:
        await intake.save_profile(tx, "castell", BOLTS)
    raw = acknowledgement(2, numbers["group"], numbers["message"], "A")
    [got] = await intake.receive(db, "castell", raw, "a.edi", "test")
    assert [n["code"] for n in got.notes] == ["sending.unknown"]
    assert (await one(db, document))["state"] == "written"
    async with db.transaction("castell") as tx:
        with pytest.raises(NotFound):
            await store.one(tx, "castell", document)


async def test_silence_is_one_case_and_a_late_answer_closes_it(db: Database):
    document = await sent(db, (await take(db, purchase())).order)
    assert await overdue.next_due(db) == NOW + timedelta(hours=24)
    assert await look(db, NOW + timedelta(hours=23, minutes=59)) == 0
    late = NOW + timedelta(hours=24)
    assert await look(db, late) == 1
    assert await look(db, late) == 0
    assert (await one(db, document))["state"] == "overdue"
    assert await cases(db) == [("document-overdue", "open")]
    numbers = await one(db, document)
    await take(db, acknowledgement(2, numbers["group"], numbers["message"], "A"))
    assert await look(db, late) == 1
    assert (await cases(db), (await one(db, document))["state"]) == ([("document-overdue", "closed")], "accepted")


async def test_a_partner_that_never_acknowledges_is_never_overdue(db: Database):
    async with db.transaction(T) as tx:
        await store.save_terms(tx, T, "bolts", None)
    await sent(db, (await take(db, purchase())).order)
    assert await overdue.next_due(db) is None
    assert await look(db, NOW + timedelta(days=400)) == 0


async def test_what_is_offered_is_collected_once_and_from_a_folder_whole(db: Database, tmp_path: Path):
    document = await sent(db, (await take(db, purchase())).order)
    raw = await text(db, document)
    async with db.transaction(T) as tx:
        with pytest.raises(NotFound):
            await outbox.collected(tx, T, document, "http", NOW, partner_id="others")
    later = NOW + timedelta(hours=3)
    assert await outbox.deliver(db, T, tmp_path, later) == 2
    assert await outbox.deliver(db, T, tmp_path, later) == 0
    found = sorted((tmp_path / "bolts").iterdir())
    assert [f.name for f in found] == ["855-bolts-000000002.edi", "997-bolts-000000001.edi"]
    assert found[0].read_text() == raw
    after = await one(db, document)
    assert (after["state"], after["sent_at"], after["history"][0]["channel"]) == ("sent", later, "folder")
    # the time to answer counts from when there was something to read
    assert after["deadline"] == later + timedelta(hours=24)


async def test_retry_and_replay_send_the_same_bytes_and_a_reissue_has_new_numbers(db: Database, tmp_path: Path):
    order = (await take(db, purchase())).order
    document = await sent(db, order)
    raw = await text(db, document)
    with pytest.raises(Conflict):
        await again(db, document, "retry")  # it is offered still
    await outbox.deliver(db, T, tmp_path, NOW)
    for way in ("retry", "replay"):
        async with db.transaction(T) as tx:
            asked = await store.preview(tx, T, document, way)
        assert (asked["allowed"], asked["same_numbers"], asked["becomes"]) == (True, True, "written")
        assert (await one(db, document))["state"] == "sent"  # a preview changes nothing
        assert (await again(db, document, way))["state"] == "written"
        assert await outbox.deliver(db, T, tmp_path, NOW) == 1
    shown = await one(db, document)
    assert ([h["kind"] for h in shown["history"]], await text(db, document)) == (["first", "retry", "replay"], raw)

    await look(db, NOW + timedelta(days=2))
    new = await again(db, document, "reissue")
    old = await one(db, document)
    assert (old["state"], old["reissued_by"], new["reissues"]) == ("replaced", new["document"], old["document"])
    assert new["control"] == old["control"] + 1
    changed = await text(db, UUID(new["document"]))
    assert changed != raw
    assert [s for s in changed.split("~") if s[:3] in {"BAK", "PO1", "ACK"}] == [
        s for s in raw.split("~") if s[:3] in {"BAK", "PO1", "ACK"}
    ]
    with pytest.raises(Conflict):
        await again(db, document, "replay")
    await look(db, NOW)
    assert await cases(db) == [("document-overdue", "closed")]
    async with db.transaction(T) as tx:
        told = [e.action for e in await audit.entries(tx, T, actor="ann")]
    assert told == ["document.reissue", "document.send", "document.replay", "document.retry"]


def label(n: int) -> str:
    digits = f"0401234500{n:07d}"
    return digits + check_digit(digits)


async def test_a_ship_notice_is_found_by_its_sscc_and_an_invoice_by_its_number(db: Database):
    order = (await take(db, purchase())).order
    packed = {"sscc": label(1), "lines": [{"line": "1", "quantity": 6}]}
    advice = await sent(
        db, order, {"shipment": "SH-1", "shipped_on": "2026-03-02", "packages": [packed]}, kind="despatch"
    )
    raw = await text(db, advice)
    assert f"HL*3*2*P*1~MAN*GM*{label(1)}~HL*4*3*I*0~LIN*1*VP*SKU-1~SN1**6*EA**10*EA~CTT*4~" in raw
    line = {"line": "1", "quantity": 6, "unit_price": Decimal("12.5"), "amount": 75}
    bill = {"invoice": "INV-1", "issued_on": "2026-03-02", "lines": [line], "net": 75, "tax": 6, "total": 81}
    invoice = await sent(db, order, bill, kind="invoice")
    assert "IT1*1*6*EA*12.5**VP*SKU-1~TDS*8100*7500~TXI*LS*6~" in await text(db, invoice)
    async with db.transaction(T) as tx:
        assert [s["document"] for s in await store.page(tx, T, q=label(1))] == [str(advice)]
        assert [s["document"] for s in await store.page(tx, T, q="INV-1")] == [str(invoice)]


@pytest.mark.parametrize(("action", "state"), [("7", "accepted"), ("4", "rejected"), ("8", "received")])
async def test_an_edifact_order_is_answered_and_its_contrl_moves_the_answer(db: Database, action: str, state: str):
    document = await sent(db, (await take(db, ORDERS.encode())).order)
    raw = await text(db, document)
    assert "QTY+21:10:PCE'QTY+113:6:PCE'QTY+83:4:PCE'" in raw
    numbers = await one(db, document)
    uci = f"UCI+{numbers['control']}+NORRLAND:ZZ+4012345000009:14+{'7' if action == '7' else action}'"
    ucm = f"UCM+{numbers['message']}+ORDRSP:D:96A:UN+7'" if action == "7" else ""
    body = f"UNH+1+CONTRL:D:3:UN'{uci}{ucm}UNT+{4 if ucm else 3}+1'"
    await take(db, f"UNB+UNOC:3+4012345000009:14+NORRLAND:ZZ+260303:1200+R2'{body}UNZ+1+R2'".encode())
    assert (await one(db, document))["state"] == state


async def test_cases_of_silence_can_be_worked_like_others(db: Database):
    await sent(db, (await take(db, purchase())).order)
    await look(db, NOW + timedelta(days=2))
    async with db.transaction(T) as tx:
        [row] = await tx.fetch("select case_id from crossdock.cases where tenant_id = $1", T)
        case = await casework.get(tx, T, row["case_id"])
    assert case.title == "855 SO-10001 to bolts (number 2) has not been acknowledged in time"
    assert (case.queue, case.order) == ("partners", "SO-10001")


async def test_the_command_line_previews_and_sends_again(db: Database, app_dsn: str, tmp_path: Path):
    document = await sent(db, (await take(db, purchase())).order)
    app = typer.Typer()
    cli.register(app, lambda: Database.open(app_dsn))

    async def ran(*words: str) -> Any:
        given = ["documents", *words, "--tenant", T]
        done = await asyncio.to_thread(CliRunner().invoke, app, given)
        return exactjson.loads(done.stdout) if done.exit_code == 0 else done.exit_code

    assert await ran("deliver", str(tmp_path)) == {"delivered": 2}
    assert [s["state"] for s in await ran("sent", "4500012")] == ["sent"]
    assert (await ran("replay", str(document), "--dry-run"))["becomes"] == "written"
    assert [s["tries"] for s in await ran("sent", "--state", "sent")] == [1, 1]
    assert (await ran("replay", str(document)))["tries"] == 2
    assert await ran("retry", str(document)) == 2  # it is offered still
    assert (await ran("reissue", str(document)))["reissues"] == str(document)
    assert await ran("sent", "--state", "nonsense") == 2
