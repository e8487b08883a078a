"""Agreements kept by version, and what they do: deadlines of acknowledgements, documents held, tests kept apart."""

import asyncio
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from typer.testing import CliRunner

from crossdock import audit, exactjson, ids
from crossdock.cases import calendars
from crossdock.clock import set_to
from crossdock.db import Database
from crossdock.errors import Conflict, NotFound, PartnerError
from crossdock.flow.outcomes import Done, Invocation
from crossdock.outbound.mail import Mailer
from crossdock.partners import intake
from crossdock.partners.agreements import cli, windows
from crossdock.partners.agreements import store as agreements
from crossdock.partners.sending import outbox, store
from crossdock.partners.sending.function import DocumentSend

T, OTHER = "norrland", "castell"
FRIDAY = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
OFFICE = {
    "name": "office", "time_zone": "UTC",
    "hours": {d: ["08:00-16:00"] for d in ("monday", "tuesday", "wednesday", "thursday", "friday")},
}  # fmt: skip
BOLTS: dict[str, Any] = {
    "id": "bolts", "name": "Bolts & Co", "customer_id": "C-0007", "calendar": "office",
    "identifiers": [{"scheme": "ZZ", "value": "BOLTS"}, {"scheme": "ZZ", "value": "BOLTST", "environment": "test"}],
}  # fmt: skip


def agreed(*agreements: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {**BOLTS, "agreements": list(agreements), **changed}


def order(control: int = 1, po: str = "4500012", *, sender: str = "BOLTS", usage: str = "P") -> bytes:
    body = f"ST*850*0001~BEG*00*SA*{po}**20260101~PO1*1*10*EA*12.5**VP*SKU-1~CTT*1~SE*5*0001~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*{usage}*>~"
        f"GS*PO*{sender}*NORRLAND*20260102*0900*{control}*X*004010~{body}GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


@pytest.fixture
async def db(database: Database) -> Database:
    await set_to(database.pool, FRIDAY, 0)
    async with database.transaction(T) as tx:
        await calendars.put(tx, T, OFFICE, "ann", FRIDAY)
    return database


async def put(db: Database, document: dict[str, Any], tenant: str = T, **more: Any) -> int:
    async with db.transaction(tenant) as tx:
        return (await agreements.put(tx, tenant, document, "ann", FRIDAY, **more))[0].version


async def take(db: Database, raw: bytes) -> intake.DocumentResult:
    [got] = await intake.receive(db, T, raw, "document.edi", "test")
    return got


async def sent(db: Database, order_no: str | None) -> dict[str, Any]:
    arguments = {"kind": "response", "state": {"lines": [{"line": "1", "accepted": 10}]}}
    call = Invocation(
        tenant_id=T, instance_id=ids.new(), at="/do/0", key=f"{ids.new()}/do/0", function="document-send", now=FRIDAY,
        arguments=arguments, business_key=order_no or "",
    )  # fmt: skip
    async with db.transaction(T) as tx:
        done = await DocumentSend().start(tx, call)
        assert isinstance(done, Done)
        return await store.one(tx, T, UUID(done.output["document"]))


async def test_a_file_is_kept_by_version_and_an_old_one_stays(db: Database):
    assert await put(db, agreed()) == 1
    assert await put(db, agreed()) == 1  # the same changes nothing
    assert await put(db, agreed({"document": "850", "direction": "in"}), note="the first") == 2
    async with db.transaction(T) as tx:
        assert [a.document for a in (await agreements.get(tx, T, "bolts")).profile.agreements] == ["850"]
        assert (await agreements.get(tx, T, "bolts", 1)).profile.agreements == ()
        assert [v["note"] for v in await agreements.versions(tx, T, "bolts")] == ["the first", ""]
        told = await audit.entries(tx, T, action="partner.put")
        with pytest.raises(NotFound):
            await agreements.get(tx, T, "bolts", 3)
    assert [(e.actor, e.object_id, e.detail["version"]) for e in told] == [("ann", "bolts", 2), ("ann", "bolts", 1)]


async def test_who_changed_an_older_version_is_told(db: Database):
    await put(db, agreed())
    await put(db, agreed(name="Bolts"), base=1)
    with pytest.raises(Conflict, match="Version 2"):
        await put(db, agreed(name="Bolts AB"), base=1)


async def test_an_agreement_is_put_and_taken_out_by_itself(db: Database):
    await put(db, agreed())
    async with db.transaction(T) as tx:
        for tests in (1, 2):
            await agreements.put_agreement(
                tx, T, "bolts", {"document": "850", "direction": "in", "tests": tests}, "ann", FRIDAY
            )
        [kept] = (await agreements.get(tx, T, "bolts")).profile.agreements
        assert kept.tests == 2
        with pytest.raises(NotFound, match="850 in"):
            await agreements.drop_agreement(tx, T, "bolts", ("855", "out", ""), "ann", FRIDAY)
        await agreements.drop_agreement(tx, T, "bolts", kept.key, "ann", FRIDAY)
        assert (await agreements.get(tx, T, "bolts")).version == 4


async def test_what_belongs_to_another_partner_or_is_not_there_is_refused(db: Database):
    await put(db, agreed())
    other = {**BOLTS, "id": "nuts", "calendar": "nowhere"}
    guides = [{"document": "850", "direction": "in", "guide": g} for g in ("x12-999999", "x12-855")]
    guides[1]["version"] = "004010"
    with pytest.raises(PartnerError) as e:
        await put(db, {**other, "agreements": guides})
    assert {f.code for f in e.value.findings} == {
        "partner.identifier.taken", "partner.customer.taken", "partner.calendar", "partner.guide",
    }  # fmt: skip
    assert await put(db, {**BOLTS, "calendar": []}, OTHER) == 1  # another tenant's own partner


async def test_another_tenant_sees_none_of_it(db: Database):
    await put(db, agreed())
    async with db.transaction(OTHER) as tx:
        assert await agreements.every(tx, OTHER) == []
        with pytest.raises(NotFound):
            await agreements.get(tx, OTHER, "bolts")
        assert await tx.fetchval("select count(*) from crossdock.partner_version") == 0


@pytest.mark.parametrize(
    ("acknowledged", "deadline", "basis"),
    [
        ("PT4H", "2026-03-09T11:00:00+00:00", "contract"),  # one hour on Friday, three on Monday
        ({"within": "PT4H", "calendar": "always"}, "2026-03-06T19:00:00+00:00", "contract"),
        ({"business_days": 1}, "2026-03-09T16:00:00+00:00", "contract"),
        ("never", None, "contract"),
        ("learned", None, "unknown"),
    ],
)
async def test_what_was_agreed_says_by_when_a_document_is_acknowledged(
    db: Database, acknowledged: Any, deadline: str | None, basis: str
):
    await put(db, agreed(
        {"document": "850", "direction": "in"},
        {"document": "855", "direction": "out", "acknowledged": acknowledged},
    ))  # fmt: skip
    document = await sent(db, (await take(db, order())).order)
    assert (document["deadline"].isoformat() if document["deadline"] else None) == deadline
    assert document["basis"]["basis"] == basis


async def test_the_time_of_acknowledgements_is_learned_from_those_before(db: Database):
    told = {"document": "855", "direction": "out", "acknowledged": "learned"}
    await put(db, agreed({"document": "850", "direction": "in"}, told))
    order_no = (await take(db, order())).order
    for n in range(windows.MINIMUM):
        document = await sent(db, order_no)
        assert (document["deadline"], document["basis"]["basis"]) == (None, "unknown"), n
        async with db.transaction(T) as tx:  # Friday 15:00 to Monday 09:00: two open hours
            await tx.execute(
                "update crossdock.sending set sent_at = $2, answered_at = $3, state = 'accepted' "
                "where document_id = $1",
                UUID(document["document"]), FRIDAY, FRIDAY + timedelta(hours=66),
            )  # fmt: skip
    learned = await sent(db, order_no)
    assert learned["deadline"] == datetime(2026, 3, 9, 10, 0, tzinfo=UTC)  # two hours, and one of margin
    assert (learned["basis"]["sample"], learned["basis"]["window_hours"]) == (windows.MINIMUM, 3.0)


async def test_without_an_agreement_it_is_a_day(db: Database):
    await put(db, agreed())
    document = await sent(db, (await take(db, order())).order)
    assert (document["deadline"], document["basis"]) == (FRIDAY + timedelta(hours=24), {"basis": "usual"})


async def test_the_time_counts_from_when_the_partner_has_it(db: Database):
    await put(
        db,
        agreed({"document": "850", "direction": "in"}, {"document": "855", "direction": "out", "acknowledged": "PT4H"}),
    )
    document = await sent(db, (await take(db, order())).order)
    monday = FRIDAY + timedelta(days=3)
    async with db.transaction(T) as tx:
        await outbox.collected(tx, T, UUID(document["document"]), "http", monday)
        after = await store.one(tx, T, UUID(document["document"]))
    assert after["deadline"] == datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


async def test_an_order_that_was_not_agreed_upon_is_held_until_somebody_lets_it_go(db: Database):
    await put(db, agreed({"document": "850", "direction": "in", "version": "005010"}))
    got = await take(db, order())
    assert (got.status, [e["code"] for e in got.errors]) == ("held", ["agreement.none"])
    assert got.document_id
    async with db.transaction(T) as tx:
        released = await intake.release(tx, T, got.document_id, "ann")
    assert (released.status, released.order) == ("accepted", "SO-10001")


async def test_a_held_order_is_taken_once_it_is_agreed_upon(db: Database):
    await put(db, agreed({"document": "850", "direction": "in", "version": "005010"}))
    got = await take(db, order())
    await put(db, agreed({"document": "850", "direction": "in"}))
    assert got.document_id
    async with db.transaction(T) as tx:
        assert (await intake.release(tx, T, got.document_id, "ann")).order == "SO-10001"


@pytest.mark.parametrize(("sender", "usage"), [("BOLTS", "T"), ("BOLTST", "P"), ("BOLTST", "T")])
async def test_a_test_never_becomes_an_order(db: Database, sender: str, usage: str):
    await put(db, agreed({"document": "850", "direction": "in"}))
    got = await take(db, order(sender=sender, usage=usage))
    assert (got.status, got.test, got.order) == ("accepted", True, None)
    async with db.transaction(T) as tx:
        for table in ("purchase_order", "event", "interchange"):
            assert await tx.fetchval(f"select count(*) from crossdock.{table}") == 0, table


async def test_the_agreement_says_what_a_repeated_number_means(db: Database):
    await put(db, agreed({"document": "850", "direction": "in", "duplicates": "hold"}))
    await take(db, order(1))
    again = await take(db, order(2))
    assert (again.status, [e["code"] for e in again.errors]) == ("held", ["order.po.reused"])


def notes_from(element: str) -> dict[str, Any]:
    """A map of orders that says so in its lines: where it stands, it was read by this one."""
    shipped = files("crossdock.library").joinpath("partners", "maps", "x12-850.yaml").read_text()
    assert "REF: {each: references, 1: kind, 2: value}" in shipped
    changed = shipped.replace("1: kind, 2: value}", f"1: kind, {element}: value}}", 1)
    return dict(agreements.imported(changed.encode(), "x12-850.yaml"))


async def read_by(db: Database, raw: bytes) -> tuple[str, int]:
    got = await take(db, raw)
    async with db.transaction(T) as tx:
        by = await tx.fetchval("select read_by::text from crossdock.document where document_id = $1", got.document_id)
    found = exactjson.loads(by)
    return found["map"], found["version"]


async def test_a_pinned_map_reads_this_partner_whatever_is_in_force(db: Database):
    async with db.transaction(T) as tx:
        await intake.save_map(tx, T, notes_from("3"))
        await intake.save_map(tx, T, notes_from("2"))
    await put(db, agreed({"document": "850", "direction": "in", "map": {"id": "x12-850", "version": "1"}}))
    assert await read_by(db, order(1, "P-1")) == ("x12-850", 1)
    await put(db, agreed({"document": "850", "direction": "in", "map": {"id": "x12-850", "version": "0"}}))
    assert await read_by(db, order(2, "P-2")) == ("x12-850", 0)
    await put(db, agreed({"document": "850", "direction": "in", "map": "x12-850"}))
    assert await read_by(db, order(3, "P-3")) == ("x12-850", 2)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"id": "x12-850", "version": "9"}, "in a version that there is"),
        ({"id": "x12-850", "version": "newest"}, "a number"),
        ({"id": "nowhere"}, "a map of the library"),
        ({"id": "x12-855"}, "a map of the 850"),
    ],
)
async def test_a_map_that_is_not_there_is_refused(db: Database, named: dict[str, str], expected: str):
    with pytest.raises(PartnerError) as e:
        await put(db, agreed({"document": "850", "direction": "in", "map": named}))
    assert [expected in f.expected for f in e.value.findings] == [True]


async def test_the_command_line_puts_shows_and_lists(db: Database, app_dsn: str, tmp_path: Path):
    app = typer.Typer()

    async def opened() -> Database:
        return await Database.open(app_dsn)

    cli.register(app, opened, lambda: (Mailer(None, None), ""))

    def run(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, [*words, *(["--tenant", T] if "--dry-run" not in words else [])])
        assert done.exit_code == status, done.output
        return done.output

    file, wrong = tmp_path / "bolts.yaml", tmp_path / "wrong.yaml"
    file.write_text(exactjson.text(agreed({"document": "850", "direction": "in"})))
    wrong.write_text("id: bolts\nname: [x]\n")

    async def there(*words: str, status: int = 0) -> str:
        return await asyncio.to_thread(run, *words, status=status)

    assert "partner.missing" in await there("partner", "put", str(wrong), "--dry-run", status=2)
    assert await there("partner", "put", str(file), "--dry-run") == "bolts.yaml: good\n"
    assert exactjson.loads(await there("partner", "put", str(file))) == {
        "partner": "bolts",
        "version": 1,
        "changed": True,
    }
    file.write_text(await there("partner", "show", "bolts"))
    assert exactjson.loads(await there("partner", "put", str(file)))["changed"] is False
    extra = tmp_path / "855.yaml"
    extra.write_text("document: '855'\ndirection: out\nacknowledged: PT4H\n")
    assert exactjson.loads(await there("partner", "agreement", "put", "bolts", str(extra)))["version"] == 2
    listed = (await there("partner", "agreement", "list", "bolts")).splitlines()
    assert [exactjson.loads(line)["document"] for line in listed] == ["850", "855"]
    assert exactjson.loads(await there("partner", "agreement", "remove", "bolts", "855", "out"))["version"] == 3
    assert exactjson.loads(await there("partner", "list"))["agreements"] == ["850 in"]
    assert "No partner" in await there("partner", "show", "nuts", status=2)
    assert await there("partner", "awaited", "--state", "overdue") == ""
    assert "open, overdue" in await there("partner", "awaited", "--state", "late", status=2)
    assert "Nobody has invited" in await there("partner", "checklist", "bolts", status=2)
    file.write_text(exactjson.text(agreed({"document": "850", "direction": "in"}, mode="test")))
    await there("partner", "put", str(file))
    assert exactjson.loads(await there("partner", "invite", "bolts"))["link"].startswith("/invitation#norrland.")
    lines = [exactjson.loads(line) for line in (await there("partner", "checklist", "bolts")).splitlines()]
    assert (lines[0]["state"], lines[1]["done"], lines[1]["needed"]) == ("testing", 0, 1)
    assert "not ready" in await there("partner", "approve", "bolts", status=2)
