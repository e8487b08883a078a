"""Calendars, reference tables and dead letters over REST: kept by version, audited, and each tenant's own."""

from typing import Any

from crossdock.events import dead, inbox
from crossdock.events.relay import Relay

WEEK = {day: ["08:00-17:00"] for day in ("monday", "tuesday")}
CALENDAR = {"name": "site/north", "time_zone": "Europe/Stockholm", "hours": WEEK}
TABLE = {
    "name": "their-skus", "keys": ["sku"], "columns": {"sku": "text", "factor": "decimal"},
    "rows": [{"sku": f"A-{n}", "factor": "1.10"} for n in range(3)],
}  # fmt: skip


async def test_a_calendar_is_put_read_and_keeps_its_versions(gateway: Any) -> None:
    ada, carl = await gateway.as_("ada", "norrland"), await gateway.as_("carl")
    assert (await ada.send("PUT", "/api/calendars", CALENDAR)).json == {
        "name": "site/north", "version": 1, "changed": True
    }  # fmt: skip
    assert (await ada.send("PUT", "/api/calendars", CALENDAR)).json["changed"] is False
    later = {**CALENDAR, "title": "North"}
    assert (await ada.send("PUT", "/api/calendars", later)).json["version"] == 2
    [now] = (await ada.get("/api/calendars?name=site/north")).json
    assert (now["version"], now["title"], now["put_by"], now["document"]) == (2, "North", "ada", later)
    versions = (await ada.get("/api/calendars?name=site/north&versions=true")).json
    assert [v["version"] for v in versions] == [2, 1]
    assert (await carl.get("/api/calendars?name=site/north&versions=true")).json == []
    wrong = await ada.send("PUT", "/api/calendars", {**CALENDAR, "hours": {"funday": []}})
    assert wrong.status == 422
    assert wrong.json["findings"]
    actions = [r["action"] for r in (await ada.get("/api/audit?actor=ada")).json["items"]]
    assert actions.count("calendar.put") == 2


async def test_a_table_is_put_and_read_by_edition_digit_for_digit(gateway: Any) -> None:
    ada, carl = await gateway.as_("ada", "norrland"), await gateway.as_("carl")
    assert (await ada.send("PUT", "/api/reference-tables", TABLE)).json["version"] == 1
    more = {**TABLE, "rows": [*TABLE["rows"], {"sku": "B", "factor": "0.12345678901234567890"}]}
    assert (await ada.send("PUT", "/api/reference-tables", more)).json == {
        "name": "their-skus", "version": 2, "changed": True
    }  # fmt: skip
    editions = (await ada.get("/api/reference-tables?name=their-skus")).json
    assert [(e["version"], e["rows"], e["keys"]) for e in editions] == [(2, 4, ["sku"]), (1, 3, ["sku"])]
    page = (await ada.get("/api/reference-tables/their-skus/rows?limit=2&offset=2")).json
    assert (page["version"], [r["sku"] for r in page["items"]], page["left"]) == (2, ["A-2", "B"], 0)
    assert page["items"][1]["factor"] == "0.12345678901234567890"
    assert (await ada.get("/api/reference-tables/their-skus/rows?version=1")).json["left"] == 0
    assert (await carl.get("/api/reference-tables/their-skus/rows")).status == 404
    assert (await carl.get("/api/reference-tables")).json == []
    wrong = await ada.send("PUT", "/api/reference-tables", {**TABLE, "keys": ["nosuch"]})
    assert wrong.json["findings"][0]["where"] == "/keys"


async def test_only_an_administrator_puts_them(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    assert (await cora.send("PUT", "/api/calendars", CALENDAR)).status == 403
    assert (await cora.send("PUT", "/api/reference-tables", TABLE)).status == 403


async def test_a_dead_letter_is_handed_on_again_once_by_who_may(gateway: Any) -> None:
    broken = True
    taken: list[str] = []

    async def projection(_tx: object, _tenant: str, events: Any) -> None:
        if broken and any(e["type"] == "shop.seen" for _, e in events):
            raise ValueError("no such column")
        taken.extend(e["id"] for _, e in events)

    relay = Relay(gateway.db, [projection])
    async with gateway.db.transaction("norrland") as tx:
        event = {"specversion": "1.0", "id": "e-1", "source": "/shop", "type": "shop.seen", "data": {}}
        await inbox.receive(tx, "norrland", event)
    while await relay.once():
        pass
    cora, carl, vera = await gateway.as_("cora"), await gateway.as_("carl"), await gateway.as_("vera")
    [letter] = (await cora.get("/api/dead-letters")).json["items"]
    assert (letter["type"], letter["id"], letter["listeners"]) == ("shop.seen", "e-1", False)
    assert "no such column" in letter["reason"]
    path = f"/api/dead-letters/{letter['seq']}/replay"
    assert (await carl.get("/api/dead-letters")).json == {"items": [], "total": 0}
    assert (await carl.post(path)).status == 404
    assert (await vera.post(path)).status == 403
    assert (await cora.post(path)).json == {"seqs": [letter["seq"]], "left": 0}
    assert (await cora.post(path)).status == 404, "it is in the outbox again"
    while await relay.once():
        pass
    assert (await cora.get("/api/dead-letters")).json["total"] == 1, "nothing was mended"
    broken = False
    assert (await cora.post("/api/dead-letters/replay", {})).json == {"seqs": [letter["seq"]], "left": 0}
    assert (await cora.post("/api/dead-letters/replay", {})).json["seqs"] == []
    while await relay.once():
        pass
    assert taken.count("e-1") == 1
    ada = await gateway.as_("ada", "norrland")
    records = (await ada.get("/api/audit?actor=cora&action=event.replay")).json["items"]
    assert [r["object"] for r in records] == [str(letter["seq"])] * 2


async def test_what_listeners_had_is_not_given_to_them_again(gateway: Any) -> None:
    """A projection failed; who listens has heard the event, and is not asked again."""
    async with gateway.db.transaction("norrland") as tx:
        event = {"specversion": "1.0", "id": "e-2", "source": "/shop", "type": "shop.seen", "data": {}}
        await inbox.receive(tx, "norrland", event)
    async with gateway.db.transaction("norrland") as tx:
        seq = await tx.fetchval("select seq from crossdock.event where id = 'e-2'")
        await tx.execute("delete from crossdock.outbox")
        for listeners in (False, True):
            await tx.execute(dead.SQL["dead_letter"], "norrland", seq, "wrong", listeners)
            if not listeners:
                await dead.replay(tx, "norrland", [seq], "ada")
                assert await tx.fetchval("select correlate from crossdock.outbox") is False
                await tx.execute("delete from crossdock.outbox")
        assert await dead.replay(tx, "norrland", None, "ada") == [seq]
        assert await tx.fetchval("select correlate from crossdock.outbox") is True


async def test_handing_on_again_is_previewed_and_what_nobody_needs_is_discarded_with_a_reason(gateway: Any) -> None:
    async with gateway.db.transaction("norrland") as tx:
        for n in range(30):
            event = {"specversion": "1.0", "id": f"e-{n}", "source": "/shop", "type": "shop.seen", "data": {}}
            await inbox.receive(tx, "norrland", event)
        await tx.execute(
            "insert into crossdock.dead_letter (tenant_id, seq, reason, listeners) "
            "select tenant_id, seq, 'wrong', id = 'e-0' from crossdock.event where type = 'shop.seen'"
        )
    cora, vera = await gateway.as_("cora"), await gateway.as_("vera")
    letters = (await cora.get("/api/dead-letters")).json["items"]
    seqs = [x["seq"] for x in letters]
    assert (await vera.post("/api/dead-letters/preview", {"seqs": seqs})).status == 403
    seen = (await cora.post("/api/dead-letters/preview", {"seqs": seqs[:2]})).json
    assert [(x["taken"], x["heard"]) for x in seen] == [(True, 0), (True, 0)]
    assert (await cora.get("/api/dead-letters")).json["total"] == 30, "a preview hands nothing on"
    body = {"seqs": seqs, "reason": "a test of the shop"}
    assert (await cora.post("/api/dead-letters/discard", body)).status == 422, "how many is to be typed"
    assert (await cora.post("/api/dead-letters/discard", {"seqs": seqs[:1], "reason": " "})).status == 422
    done = (await cora.post("/api/dead-letters/discard", {**body, "typed": 30})).json
    assert (done["seqs"], done["left"]) == (seqs, 0)
    ada = await gateway.as_("ada", "norrland")
    records = (await ada.get("/api/audit?action=event.discard&limit=100")).json["items"]
    assert len(records) == 30
    assert records[0]["detail"]["reason"] == "a test of the shop"
