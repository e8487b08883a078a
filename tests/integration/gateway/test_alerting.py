"""Alert rules of a tenant, and whom they tell: in company, in their hours, and again when it could not be told."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP

from crossdock.cases import calendars
from crossdock.cli import compose
from crossdock.clock import Clock
from crossdock.errors import PartnerError
from crossdock.outbound import Client
from crossdock.outbound.mail import Mailer
from crossdock.tower import alerts
from crossdock.tower.alerts import notices, rules
from crossdock.tower.alerts.documents import Channel
from crossdock.tower.alerts.notices import Messenger, Notice, Untold

TENANT = "norrland"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
NO_MAIL = Mailer(None, None)
MANY = {"name": "too-many", "title": "Too many open orders", "watch": {"kpi": "open_orders", "above": 0}}


@dataclass
class Heard:
    """Keeps what it is told; refuses while `deaf`."""

    deaf: str = ""
    told: list[tuple[str, UUID, list[Notice]]] = field(default_factory=list[tuple[str, UUID, list[Notice]]])

    async def tell(self, tenant_id: str, channel: Channel, batch: UUID, notices: Sequence[Notice]) -> None:
        if self.deaf:
            raise Untold(self.deaf)
        self.told.append((channel.name, batch, list(notices)))

    def words(self) -> list[list[str]]:
        return [[f"{n.what}: {n.title}" for n in notices] for _, _, notices in self.told]


async def put(story: Any, *rules_: Any, channels: Sequence[Any] = (), now: datetime = MORNING) -> None:
    async with story.db.transaction(TENANT) as tx:
        for document in rules_:
            await rules.put(tx, TENANT, document, "ada", now)
        for document in channels:
            await notices.put(tx, TENANT, document, "ada", now)


async def check(story: Any, now: datetime) -> list[str]:
    await story.project()
    async with story.db.transaction(TENANT) as tx:
        await alerts.check(tx, TENANT, now)
        return [a["title"] for a in await alerts.recent(tx, TENANT) if (a["kind"], a["state"]) == ("rule", "firing")]


def desk(**more: Any) -> dict[str, Any]:
    return {"name": "desk", "means": "chat", "secret": "room", "kinds": ["rule"], **more}


async def test_a_figure_beyond_its_limit_fires_when_it_has_lasted_and_ends_when_it_is_right(story: Any) -> None:
    slow = {**MANY, "watch": {**MANY["watch"], "for": "PT15M"}}  # pyright: ignore[reportGeneralTypeIssues]
    await put(story, slow)
    await story.received()
    assert await check(story, MORNING + HOUR) == []
    assert await check(story, MORNING + HOUR + timedelta(minutes=14)) == []
    assert await check(story, MORNING + HOUR + timedelta(minutes=15)) == ["Too many open orders"]
    await story.tell("order.closed")
    assert await check(story, MORNING + 2 * HOUR) == []
    async with story.db.transaction(TENANT) as tx:
        assert [r.since for r in await rules.every(tx, TENANT)] == [None]


async def test_a_figure_without_data_is_no_failure(story: Any) -> None:
    await put(story, {"name": "late", "watch": {"kpi": "cycle_time", "above": 1}},
              {"name": "otif", "watch": {"kpi": "otif", "below": 97}})  # fmt: skip
    assert await check(story, MORNING) == []


async def test_errors_that_come_faster_than_allowed_fire_while_both_windows_see_them(story: Any) -> None:
    watch = {
        "objective": "released_within",
        "within": "PT2H",
        "target": 90,
        "burn": 5,
        "long": "PT12H",
        "short": "PT3H",
    }
    await put(story, {"name": "slow", "watch": watch})
    await story.received()  # at nine, and never released
    assert await check(story, MORNING + 2 * HOUR) == [], "its two hours are not over"
    assert await check(story, MORNING + 4 * HOUR) == ["slow"]
    async with story.db.transaction(TENANT) as tx:
        found = next(a for a in await alerts.recent(tx, TENANT))
    assert found["detail"] == (
        "Errors come faster than 90 % allows: 1 of 1 orders in 12 h (10.0 ×), 1 of 1 orders in 3 h (10.0 ×)."
    )
    assert await check(story, MORNING + 10 * HOUR) == [], "the short window has seen none for long"


async def test_an_order_released_in_time_uses_up_nothing(story: Any) -> None:
    await put(story, {"name": "slow", "watch": {"objective": "released_within", "within": "PT2H", "target": 90}})
    await story.received()
    await story.tell("order.released", shipments=[], promised_on="2026-03-04")
    assert await check(story, MORNING + 5 * HOUR) == []


async def test_a_promise_that_is_broken_counts_when_its_day_is_over(story: Any) -> None:
    watch = {"objective": "delivered_by_promise", "target": 90, "long": "P7D", "short": "P7D"}
    await put(story, {"name": "broken", "watch": watch})
    await story.received()  # wanted on the fifth of March
    assert await check(story, datetime(2026, 3, 5, 20, tzinfo=UTC)) == []
    assert await check(story, datetime(2026, 3, 6, 8, tzinfo=UTC)) == ["broken"]


async def test_what_fires_within_a_minute_is_told_together_and_its_end_as_well(story: Any) -> None:
    other = {"name": "any", "title": "Any open order", "watch": {"kpi": "open_orders", "above": 0}}
    await put(story, MANY, other, channels=[desk(), desk(name="loud", severity="critical")])
    await story.received()
    heard = Heard()
    await check(story, MORNING + HOUR)
    assert await notices.run_due(story.db, heard, MORNING + HOUR) == 0, "in company: not yet"
    soon = MORNING + HOUR + timedelta(minutes=1)
    assert await notices.run_due(story.db, heard, soon) == 2
    await story.tell("order.closed")
    await check(story, MORNING + 3 * HOUR)
    await notices.run_due(story.db, heard, MORNING + 4 * HOUR)
    assert heard.words() == [
        ["fired: Any open order", "fired: Too many open orders"],
        ["resolved: Any open order", "resolved: Too many open orders"],
    ]
    assert {name for name, _, _ in heard.told} == {"desk"}, "the other channel hears only what is critical"
    assert await notices.run_due(story.db, heard, MORNING + 9 * HOUR) == 0


async def test_what_is_over_before_anybody_was_told_is_not_told(story: Any) -> None:
    await put(story, MANY, channels=[desk(group="PT2H")])
    await story.received()
    await check(story, MORNING + HOUR)
    await story.tell("order.closed")
    await check(story, MORNING + 2 * HOUR)
    heard = Heard()
    await notices.run_due(story.db, heard, MORNING + 9 * HOUR)
    assert heard.told == []


async def test_outside_its_hours_a_channel_waits_for_the_morning(story: Any) -> None:
    office = {"name": "office", "time_zone": "UTC", "hours": {"monday": ["08:00-17:00"], "tuesday": ["08:00-17:00"]}}
    async with story.db.transaction(TENANT) as tx:
        await calendars.put(tx, TENANT, office, "ada", MORNING)
    grave = {**MANY, "name": "grave", "title": "Grave", "severity": "critical"}
    await put(story, MANY, grave, channels=[desk(hours=["office"]), desk(name="night", group="PT0S")])
    await story.received()
    night, heard = MORNING + 14 * HOUR, Heard()
    await check(story, night)
    await notices.run_due(story.db, heard, night)
    # what is critical does not wait, and takes along what waits there anyway
    assert sorted((name, len(told)) for name, _, told in heard.told) == [("desk", 2), ("night", 2)]


async def test_a_quiet_channel_tells_in_the_morning_what_the_night_brought(story: Any) -> None:
    office = {"name": "office", "time_zone": "UTC", "hours": {"tuesday": ["08:00-17:00"]}}
    async with story.db.transaction(TENANT) as tx:
        await calendars.put(tx, TENANT, office, "ada", MORNING)
    await put(story, MANY, channels=[desk(hours="office")])
    await story.received()
    await check(story, MORNING + 14 * HOUR)
    heard = Heard()
    assert await notices.run_due(story.db, heard, MORNING + 23 * HOUR) == 0
    assert await notices.run_due(story.db, heard, MORNING + 24 * HOUR) == 1


async def test_what_cannot_be_told_is_tried_again_with_the_same_name_and_given_up_after_a_day(story: Any) -> None:
    await put(story, MANY, channels=[desk(group="PT0S")])
    await story.received()
    now, heard = MORNING + HOUR, Heard(deaf="expected an answer 2xx, found 500")
    await check(story, now)
    batches: set[Any] = set()
    for _ in range(5):
        assert await notices.run_due(story.db, heard, now) == 0
        now += notices.LAST_RETRY
        async with story.db.transaction(TENANT) as tx:
            batches |= {r["batch"] for r in await tx.fetch("select batch from crossdock.alert_message")}
    heard.deaf = ""
    assert await notices.run_due(story.db, heard, now) == 1
    assert {batch for _, batch, _ in heard.told} == batches, "one name, however often it was tried"
    await put(story, {**MANY, "name": "again"}, channels=[desk(group="PT0S")], now=now)
    await check(story, now)
    heard.deaf = "gone"
    for _ in range(notices.ATTEMPTS):
        await notices.run_due(story.db, heard, now)
        now += notices.LAST_RETRY
    async with story.db.transaction(TENANT) as tx:
        [shown] = await notices.every(tx, TENANT)
    assert (shown.waiting, shown.failed, shown.error) == (0, 1, "gone")


async def test_a_channel_with_a_secret_that_is_none_keeps_no_other_from_being_told(story: Any) -> None:
    await put(story, MANY, channels=[desk(name="a-broken", group="PT0S"), desk(name="b-well", group="PT0S")])
    await story.received()
    await check(story, MORNING + HOUR)
    heard = Heard()

    class Breaking(Heard):
        async def tell(self, tenant_id: str, channel: Channel, batch: UUID, notices: Sequence[Notice]) -> None:
            if channel.name == "a-broken":
                raise ValueError("the secret whsec_!!! is no base64")
            await heard.tell(tenant_id, channel, batch, notices)

    assert await notices.run_due(story.db, Breaking(), MORNING + HOUR) == 1
    async with story.db.transaction(TENANT) as tx:
        errors = {c.name: c.error for c in await notices.every(tx, TENANT)}
    assert errors == {"a-broken": "it could not be told: ValueError", "b-well": ""}


async def test_one_tenants_alerts_are_told_to_no_other(story: Any) -> None:
    await put(story, MANY, channels=[desk(group="PT0S")])
    async with story.db.transaction("castell") as tx:
        await notices.put(tx, "castell", desk(group="PT0S"), "eve", MORNING)
    await story.received()
    await check(story, MORNING + HOUR)
    heard: list[str] = []

    class Listening(Heard):
        async def tell(self, tenant_id: str, channel: Channel, batch: UUID, notices: Sequence[Notice]) -> None:
            heard.append(tenant_id)

    await notices.run_due(story.db, Listening(), MORNING + HOUR)
    assert heard == [TENANT]


# ── the real means ──────────────────────────────────────────────────────────────────────────────────────────────


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@asynccontextmanager
async def mail_server(box: Mailbox) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def receiver(status: int = 200) -> AsyncIterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    got: list[tuple[dict[str, str], bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", got


def notice(**more: Any) -> Notice:
    found: dict[str, Any] = {"what": "fired", "severity": alerts.Severity.CRITICAL, "title": "Orders stand",
                             "detail": "Since nine", "link": "/orders", "at": MORNING, **more}  # fmt: skip
    return Notice(**found)


BATCH = UUID("11111111-2222-3333-4444-555555555555")


async def test_mail_says_in_its_subject_what_is_wrong_and_links_to_it(story: Any) -> None:
    box = Mailbox()
    async with mail_server(box) as port, Client([]) as client:
        out = Messenger(
            client, lambda _: {}, Mailer(f"smtp://127.0.0.1:{port}", "crossdock@example.com"), "https://x.example"
        )
        channel = {"name": "m", "means": "mail", "to": ["ada@example.com", "bo@example.com"]}
        two = [notice(), notice(what="resolved", title="Carrier\r\nBcc: eve@example.com", link="")]
        await out.tell(TENANT, documents(channel), BATCH, two)
    [(to, mail)] = box.mails
    assert to == ["ada@example.com", "bo@example.com"]
    assert mail["Subject"] == "[Crossdock] Critical: Orders stand (and 1 more)"
    assert mail["Message-ID"] == f"<{BATCH}@example.com>"
    text = mail.get_content()
    assert "https://x.example/orders" in text
    assert "Over: Carrier" in text


async def test_a_password_is_not_sent_over_a_connection_that_anybody_can_read() -> None:
    box = Mailbox()
    async with mail_server(box) as port, Client([]) as client:
        out = Messenger(client, lambda _: {}, Mailer(f"smtp://ada:secret@127.0.0.1:{port}", "c@example.com"), "")
        with pytest.raises(Untold):
            await out.tell(
                TENANT, documents({"name": "m", "means": "mail", "to": ["a@example.com"]}), BATCH, [notice()]
            )
    assert box.mails == []


async def test_a_webhook_is_signed_and_named_so_that_a_repeated_one_is_known() -> None:
    async with receiver() as (url, got), Client([url]) as client:
        out = Messenger(client, lambda t: {"hook": f"key of {t}"}, NO_MAIL, "https://x.example")
        channel = documents({"name": "w", "means": "webhook", "url": f"{url}/in", "secret": "hook"})
        for _ in range(2):
            await out.tell(TENANT, channel, BATCH, [notice()])
    (headers, body), again = got
    traced = {"traceparent"}  # each try is a span of its own
    assert {k: v for k, v in again[0].items() if k not in traced} == {
        k: v for k, v in headers.items() if k not in traced
    }
    assert again[1] == body
    assert headers["webhook-id"] == str(BATCH)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"key of norrland", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(body)
    assert (told["tenant"], told["alerts"][0]["link"]) == (TENANT, "https://x.example/orders")


async def test_a_chat_gets_text_and_its_address_stays_a_secret() -> None:
    async with receiver(status=500) as (url, got), Client([url]) as client:
        out = Messenger(client, lambda _: {"room": f"{url}/T0/B0/verysecret"}, NO_MAIL, "")
        channel = documents({"name": "c", "means": "chat", "secret": "room"})
        with pytest.raises(Untold, match="found 500") as refused:
            await out.tell(TENANT, channel, BATCH, [notice()])
    assert json.loads(got[0][1])["text"].startswith("*Critical: Orders stand*")
    assert "verysecret" not in str(refused.value)
    async with Client([]) as closed:  # an internal address, which nobody allowed
        out = Messenger(closed, lambda _: {"room": f"{url}/T0/B0/verysecret"}, NO_MAIL, "")
        with pytest.raises(Untold) as refused:
            await out.tell(TENANT, channel, BATCH, [notice()])
    assert "verysecret" not in str(refused.value)


async def test_what_the_operator_did_not_provide_is_named() -> None:
    async with Client([]) as client:
        out = Messenger(client, lambda _: {}, NO_MAIL, "")
        for document, word in (
            ({"name": "m", "means": "mail", "to": ["a@example.com"]}, "CROSSDOCK_SMTP_URL"),
            ({"name": "c", "means": "chat", "secret": "room"}, "'room'"),
        ):
            with pytest.raises(Untold, match=word):
                await out.tell(TENANT, documents(document), BATCH, [notice()])


def documents(document: Any) -> Channel:
    return alerts.channel(document)


# ── REST ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_rules_and_channels_are_written_by_admins_and_tested_the_real_way(gateway: Any) -> None:
    admin, viewer = await gateway.key("admin"), await gateway.key("viewer")
    made = await admin.send("PUT", "/api/alert-rules/late", {"watch": {"kpi": "otif", "below": 97}})
    assert (made.status, made.json["document"]["name"], made.json["since"]) == (200, "late", None)
    wrong = await admin.send("PUT", "/api/alert-rules/late", {"watch": {"kpi": "profit", "below": 97}})
    assert (wrong.status, wrong.json["findings"][0]["where"]) == (422, "/watch/kpi")
    assert (await admin.send("PUT", "/api/alert-rules/late", {"name": "other", "watch": {}})).status == 422
    assert (await viewer.send("PUT", "/api/alert-rules/late", {"watch": {"kpi": "otif", "below": 97}})).status == 403
    assert (await admin.send("PUT", "/api/alert-channels/desk", {"means": "chat", "secret": "room"})).status == 200
    assert (await viewer.get("/api/alert-channels")).status == 403
    assert [r["name"] for r in (await viewer.get("/api/alert-rules")).json["items"]] == ["late"]
    assert (await admin.post("/api/alert-channels/desk/test")).status == 202
    heard = Heard()
    assert await notices.run_due(gateway.db, heard, datetime.now(UTC) + HOUR) == 1
    assert heard.words() == [["fired: A test of desk"]]
    [channel] = (await admin.get("/api/alert-channels")).json["items"]
    assert (channel["waiting"], channel["failed"], channel["told_at"] is not None) == (0, 0, True)
    other = await gateway.key("admin", "castell")
    assert (await other.get("/api/alert-rules")).json["items"] == []
    assert (await other.send("DELETE", "/api/alert-rules/late")).status == 404
    assert (await other.post("/api/alert-channels/desk/test")).status == 404
    for path in ("/api/alert-rules/late", "/api/alert-channels/desk"):
        assert (await admin.send("DELETE", path)).status == 204
        assert (await admin.send("DELETE", path)).status == 404


async def test_a_tenant_has_at_most_so_many_rules(story: Any) -> None:
    with pytest.raises(PartnerError, match="100 rules"):
        await put(story, *({**MANY, "name": f"n{n}"} for n in range(101)))


async def test_a_rule_that_is_no_longer_understood_keeps_no_other_rule_and_no_other_tenant(gateway: Any) -> None:
    """Stored by an earlier version, say; the first tenant's comes before all others."""
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    right = {"name": "few", "title": "Too few orders", "watch": {"kpi": "open_orders", "below": 5}}
    unknown = '{"name": "aged", "watch": {"kpi": "gone", "above": 1}}'
    broken = (unknown, '{"name": "aged"}', "7", '{"watch": {"objective": 1}}')
    for document in broken:
        for tenant in ("castell", "norrland"):
            async with gateway.db.transaction(tenant) as tx:
                await rules.put(tx, tenant, {**right, "name": "aged"}, "ann", now)
                await rules.put(tx, tenant, right, "ann", now)
                await tx.execute("update crossdock.alert_rule set document = $1 where name = 'aged'", document)
        await alerts.check_all(gateway.db, now)
        for tenant in ("castell", "norrland"):
            ada = await gateway.as_("ada", tenant)
            told = (await ada.get("/api/alerts")).json["items"]
            firing = {a["title"]: a["link"] for a in told if a["state"] == "firing"}
            assert firing["Too few orders"] == "/orders?status=open"
            assert firing["The alert rule aged watches nothing: it is not understood"] == "/alerts"
            shown = {r["name"]: r["error"] for r in (await ada.get("/api/alert-rules")).json["items"]}
            assert shown["few"] == ""
            assert "expected" in shown["aged"]
    async with gateway.db.transaction("norrland") as tx:
        await rules.put(tx, "norrland", {**right, "name": "aged"}, "ann", now)
    await alerts.check_all(gateway.db, now)
    ada = await gateway.as_("ada", "norrland")
    assert {r["error"] for r in (await ada.get("/api/alert-rules")).json["items"]} == {""}


async def test_a_channel_that_is_no_longer_understood_keeps_no_other_from_being_told(gateway: Any) -> None:
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    async with gateway.db.transaction("norrland") as tx:
        for name in ("aged", "desk"):
            document = {"name": name, "means": "mail", "to": ["a@example.com"], "group": "PT0S"}
            await notices.put(tx, "norrland", document, "ann", now)
        await tx.execute("""update crossdock.alert_channel set document = '{"means": "fax"}' where name = 'aged'""")
        await rules.put(tx, "norrland", {"name": "few", "watch": {"kpi": "open_orders", "below": 5}}, "ann", now)
    await alerts.check_all(gateway.db, now)
    async with gateway.db.transaction("norrland") as tx:
        assert [r["channel"] for r in await tx.fetch("select channel from crossdock.alert_message")] == ["desk"]


async def test_a_rule_is_tried_before_it_watches(gateway: Any) -> None:
    ada = await gateway.as_("ada", "norrland")
    tried = await ada.post("/api/alert-rules/few/preview", {"watch": {"kpi": "open_orders", "below": 5}})
    assert (tried.json["wrong"], "below 5" in tried.json["detail"]) == (True, True)
    assert (await ada.post("/api/alert-rules/few/preview", {"watch": {"kpi": "exceptions", "above": 5}})).json == {
        "wrong": False, "detail": ""
    }  # fmt: skip
    wrong = await ada.post("/api/alert-rules/few/preview", {"watch": {"kpi": "x", "above": 5, "below": 6}})
    assert [f["where"] for f in wrong.json["findings"]] == ["/watch/kpi", "/watch"]
    assert (await ada.get("/api/alert-rules")).json["total"] == 0


async def test_a_channel_that_never_answers_does_not_hold_up_the_next_duty(story: Any) -> None:
    await put(story, MANY, channels=[desk(group="PT0S")])
    await story.received()
    await check(story, MORNING + HOUR)
    clock = Clock()  # long past that morning
    knocked, held = asyncio.Event(), list[asyncio.StreamWriter]()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        knocked.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Client([url]) as client:
        out = Messenger(client, lambda _: {"room": f"{url}/room"}, NO_MAIL, "")
        told = compose.telling(story.db, out, clock)
        await told()
        async with asyncio.timeout(60):
            await knocked.wait()
        # somebody waits for an answer now, and the clocks of this worker go on
        for duty in compose.duties(story.db, clock):
            await duty()
        await told()
        assert len(held) == 1, "it is under way once"
        await told.close()
        for writer in held:
            writer.close()
    async with story.db.transaction(TENANT) as tx:
        assert [r["state"] for r in await tx.fetch("select state from crossdock.alert_message")] == ["waiting"]
