"""The scorecard over HTTP: a period's figures with what is behind them, targets, tables, and what it is worth."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from crossdock import clock
from crossdock.events import envelope, inbox
from crossdock.outbound.mail import Mailer
from crossdock.tower.scorecard import reports
from crossdock.tower.scorecard.measure import wilson

from .test_alerting import Mailbox, mail_server

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WEEK = "since=2026-03-02&until=2026-03-09"
PRICES = {
    "currency": "EUR", "cost_per_hour": "60", "minutes_per_touch": "5", "minutes_per_exception": "10",
    "minutes_per_rework": "0", "minutes_per_escalation": "0", "minutes_per_upkeep": "0", "cost_per_breach": "0",
    "interest_percent": "0", "monthly_cost": "30.40",
}  # fmt: skip


@pytest.fixture
async def told(gateway: Any) -> Any:
    """Ten orders of one week: nine kept their day, three had an exception, one was touched, one is an X12 one."""
    async with gateway.db.transaction() as tx:
        await clock.set_to(tx, NOON, 0)
        await tx.execute("update crossdock.tenant set time_zone = 'UTC'")
    for n in range(10):
        order, day = f"SO-{n}", datetime(2026, 3, 3, 8, tzinfo=UTC)
        lines = [{"line": "1", "quantity": 1, "unit": "EA", "items": []}]
        given: dict[str, Any] = {
            "order": order, "channel": "x12" if n == 0 else "json", "requested_on": "2026-03-05", "lines": lines,
            "customer_id": f"C-{n % 2}",
        }  # fmt: skip
        event = envelope.make("crossdock.order.received", subject=order, data={"order": given}, now=day, source="test")
        async with gateway.db.transaction("norrland") as tx:
            await inbox.receive(tx, "norrland", event)
        if n < 3:
            await gateway.tell("case.opened", order, at=day, case=f"c{n}", by="workflow:x")
        if n == 4:
            await gateway.tell("hold.released", order, at=day, by="cora")
        await gateway.tell("order.shipped", order, at=day + timedelta(hours=2), lines=[{"line": "1", "quantity": 1}])
        await gateway.tell("order.invoiced", order, at=day + timedelta(hours=3), total=60, tax=10)
        late = day + timedelta(days=4 if n == 9 else 1)
        await gateway.tell("order.delivered", order, at=late, delivered_at=late.isoformat(), complete=True)
    await gateway.hand_on()
    return gateway


async def test_each_figure_says_how_many_it_comes_from_how_sure_it_is_and_what_it_was_before(told: Any) -> None:
    ada = await told.as_("ada", "norrland")
    card = (await ada.get(f"/api/scorecard?{WEEK}")).json
    assert (card["since"], card["until"], card["time_zone"], card["behind_s"]) == ("2026-03-02", "2026-03-09", "UTC", 0)
    by_key = {f["key"]: f for f in card["items"]}
    otif = by_key["otif"]
    assert (otif["value"], otif["known"], otif["population"], otif["completeness"]) == ("90.0", 10, 10, "100.0")
    assert (otif["low"], otif["high"], otif["small"]) == ("59.6", "98.2", True)  # Wilson, of 9 of 10
    assert (otif["target"], otif["met"], otif["before"], otif["change"]) == ("97", False, None, None)
    assert otif["series"] == [{"day": "2026-03-05", "value": "90.0"}]
    assert (by_key["exceptions"]["value"], by_key["touchless"]["value"]) == ("30.0", "90.0")
    assert by_key["perfect"]["value"] == "60.0"
    assert by_key["cash_time"]["value"] is None
    after = (await ada.get("/api/scorecard?since=2026-03-09&until=2026-03-16")).json
    then = next(f for f in after["items"] if f["key"] == "otif")
    assert (then["value"], then["before"]) == (None, "90.0")


async def test_behind_a_figure_stand_its_orders_the_worst_first(told: Any) -> None:
    ada = await told.as_("ada", "norrland")
    first = (await ada.get(f"/api/scorecard/otif?{WEEK}&limit=4")).json
    assert (first["total"], first["items"][0]["order"], first["items"][0]["hit"]) == (10, "SO-9", False)
    rows, page = list(first["items"]), first
    while page["next"]:
        page = (await ada.get(f"/api/scorecard/otif?{WEEK}&limit=4&cursor={page['next']}")).json
        rows += page["items"]
    assert len({r["order"] for r in rows}) == 10
    assert [r["hit"] for r in rows] == [False] + [True] * 9
    narrow = (await ada.get(f"/api/scorecard/exceptions?{WEEK}&channel=x12")).json
    assert [r["order"] for r in narrow["items"]] == ["SO-0"]
    of_one = (await ada.get(f"/api/scorecard/exceptions?{WEEK}&customer=C-1")).json
    assert (of_one["total"], [r["order"] for r in of_one["items"] if r["hit"]]) == (5, ["SO-1"])


async def test_every_figure_can_be_asked_for_one_site(told: Any) -> None:
    async with told.db.transaction("norrland") as tx:
        await tx.execute(
            "update crossdock.order_view set site = 'UME', sites = '{UME,LUL}' where order_no in ('SO-1', 'SO-9')"
        )
    ada = await told.as_("ada", "norrland")
    for site, known in (("UME", 2), ("LUL", 2), ("RNO", 0)):
        card = {f["key"]: f for f in (await ada.get(f"/api/scorecard?{WEEK}&site={site}")).json["items"]}
        assert (card["otif"]["known"], card["exceptions"]["population"], card["touchless"]["population"]) == (
            known,
        ) * 3
    behind = (await ada.get(f"/api/scorecard/otif?{WEEK}&site=UME")).json
    assert [r["order"] for r in behind["items"]] == ["SO-9", "SO-1"]


async def test_a_target_of_ones_own_takes_the_place_of_the_usual_one(told: Any) -> None:
    ada = await told.as_("ada", "norrland")
    assert (await ada.send("PUT", "/api/scorecard/otif/target", {"value": 80})).status == 204
    figure = (await ada.get(f"/api/scorecard?{WEEK}")).json["items"][0]
    assert (figure["target"], figure["own_target"], figure["met"]) == ("80", True, True)
    assert (await ada.send("PUT", "/api/scorecard/otif/target", {"value": None})).status == 204
    assert (await ada.get(f"/api/scorecard?{WEEK}")).json["items"][0]["target"] is None
    wrong = await ada.send("PUT", "/api/scorecard/otif/target", {"value": 101})
    assert (wrong.status, wrong.json["findings"][0]["expected"]) == (422, "a number from 0 to 100 (percent)")
    assert (await ada.send("PUT", "/api/scorecard/nosuch/target", {"value": 1})).status == 404
    other = await told.as_("ada", "castell")
    assert (await other.get(f"/api/scorecard?{WEEK}")).json["items"][0]["target"] == "97"


async def test_the_tables_hold_the_same_figures(told: Any) -> None:
    ada = await told.as_("ada", "norrland")
    shown = {f["label"]: f["value"] for f in (await ada.get(f"/api/scorecard?{WEEK}")).json["items"]}
    answer = await ada.get(f"/api/scorecard.csv?{WEEK}")
    assert 'filename="scorecard-2026-03-02-to-2026-03-08.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert {r["figure"]: r["value"] or None for r in rows} == shown
    book = CalamineWorkbook.from_filelike(io.BytesIO((await ada.get(f"/api/scorecard.xlsx?{WEEK}")).body))
    head, *body = book.get_sheet_by_name("Scorecard").to_python()
    values = {r[0]: r[1] for r in body}
    assert head[:2] == ["figure", "value"]
    assert {k: None if v == "" else Decimal(str(v)) for k, v in values.items()} == {
        k: None if v is None else Decimal(v) for k, v in shown.items()
    }
    behind = list(csv.DictReader(io.StringIO((await ada.get(f"/api/scorecard/otif/rows.csv?{WEEK}")).body.decode())))
    assert len(behind) == 10


@pytest.mark.parametrize("days", ["since=2026-03-09&until=2026-03-02", "since=2020-01-01&until=2026-01-01"])
async def test_a_period_that_is_none_says_what_was_expected(gateway: Any, days: str) -> None:
    answer = await (await gateway.as_("ada", "norrland")).get(f"/api/scorecard?{days}")
    assert answer.status == 422
    assert answer.json["findings"][0]["expected"].startswith("from 1 to 400 days")


@pytest.mark.parametrize("days", ["since=9999-12-31", "until=0001-01-01", "since=0001-01-01&until=0001-01-05"])
async def test_a_day_at_the_end_of_time_is_refused(gateway: Any, days: str) -> None:
    ada = await gateway.as_("ada", "norrland")
    for path in ("scorecard", "scorecard.csv", "scorecard/otif", "value"):
        answer = await ada.get(f"/api/{path}?{days}")
        assert answer.status == 422, path
        assert answer.json["findings"][0]["expected"] == "a day of the years 1970 to 2999"


async def test_what_it_is_worth_is_the_baseline_less_what_was_at_the_entered_prices(told: Any) -> None:
    ada = await told.as_("ada", "norrland")
    bare = (await ada.get(f"/api/value?{WEEK}")).json
    assert (bare["baseline"], bare["gross"], bare["net"], bare["assumptions"]["version"]) == (None, None, None, 0)
    assert (bare["effort"]["orders"], bare["effort"]["touches"], bare["effort"]["exceptions"]) == ("10", "1", "3")
    assert (await ada.send("PUT", "/api/value/assumptions", PRICES)).status == 204
    effort = {
        "orders": 100, "touches": 200, "exceptions": 50, "rework": 0, "breaches": 0, "delayed_money_days": 0,
        "escalations": 0, "upkeep": 0,
    }  # fmt: skip
    stated = {"since": "2026-01-01", "until": "2026-02-01", "effort": effort, "note": "the old desk's own count"}
    assert (await ada.send("PUT", "/api/value/baseline", stated)).status == 204
    made = (await ada.get(f"/api/value?{WEEK}")).json
    lines = {n["key"]: n for n in made["lines"]}
    # 2 touches an order were 20 for ten orders; one is left: 19 × 5 minutes at 60 an hour
    assert (lines["touches"]["expected"], lines["touches"]["saved"], lines["touches"]["money"]) == (
        "20.00", "19.00", "95.00",
    )  # fmt: skip
    # 5 orders with an exception were to be expected, 3 came: 2 × 10 minutes
    assert lines["exceptions"]["money"] == "20.00"
    assert (lines["touches"]["money_low"], lines["touches"]["money_high"]) == ("85.20", "104.80")
    assert (made["gross"], made["cost"], made["net"]) == ("115.00", "7.00", "108.00")
    assert Decimal(made["gross_low"]) < Decimal(made["gross"]) < Decimal(made["gross_high"])
    assert (made["baseline"]["body"]["note"], made["baseline"]["put_by"]) == ("the old desk's own count", "ada")
    history = (await ada.get("/api/value/history")).json["items"]
    assert {(h["what"], h["version"]) for h in history} == {("assumptions", 1), ("baseline", 1)}


async def test_a_baseline_is_measured_from_a_period_that_is_recorded(told: Any) -> None:
    ada = await told.as_("ada", "norrland")
    days = {"since": "2026-03-02", "until": "2026-03-09"}
    assert (await ada.send("PUT", "/api/value/baseline", days)).status == 204
    made = (await ada.get(f"/api/value?{WEEK}")).json
    assert made["baseline"]["body"]["source"] == "measured"
    assert {n["saved"] for n in made["lines"]} == {"0.00"}  # against itself nothing was saved
    empty = await ada.send("PUT", "/api/value/baseline", {"since": "2025-03-02", "until": "2025-03-09"})
    assert (empty.status, empty.json["findings"][0]["code"]) == (422, "value.empty")
    wrong = await ada.send("PUT", "/api/value/assumptions", {**PRICES, "cost_per_hour": -1})
    assert (wrong.status, wrong.json["findings"][0]["where"]) == (422, "the assumptions.cost_per_hour")


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Against the values that Newcombe gives (1998, Statistics in Medicine 17, table I)."""
    for hits, n, low, high in ((81, 263, "25.5", "36.6"), (15, 148, "6.2", "16.0"), (0, 20, "0.0", "16.1")):
        assert wilson(hits, n) == (Decimal(low), Decimal(high))
    assert wilson(29, 29)[1] == Decimal("100.0")


# ── reports by mail ─────────────────────────────────────────────────────────────────────────────────────────────

WEEKLY = {"to": ["lead@example.com"], "every": "week", "weekday": 1, "at": "07:00", "days": 8}


async def test_a_report_is_mailed_at_its_hour_with_a_workbook_and_once(told: Any) -> None:
    ada = await told.as_("ada", "norrland")
    put = await ada.send("PUT", "/api/reports/weekly", WEEKLY)
    assert (put.status, put.json["next_at"]) == (200, "2026-03-16T07:00:00Z")
    box = Mailbox()
    async with mail_server(box) as port:
        mailer = Mailer(f"smtp://127.0.0.1:{port}", "crossdock@example.com")
        assert await reports.run_due(told.db, mailer, "https://x.example", NOON) == 0
        assert (await ada.post("/api/reports/weekly/send")).status == 202
        assert await reports.run_due(told.db, mailer, "https://x.example", NOON) == 1
        assert await reports.run_due(told.db, mailer, "https://x.example", NOON) == 0
    [(to, mail)] = box.mails
    assert to == ["lead@example.com"]
    assert mail["Subject"] == "[Crossdock] Norrland Fasteners: weekly, 2026-03-02 to 2026-03-09"
    text = mail.get_body(("plain",)).get_content()
    assert "On time, in full: 90.0 %; target 97 %, missed; 10 orders due, between 59.6 and 98.2" in text
    assert "https://x.example/figures?since=2026-03-02&until=2026-03-10" in text
    [file] = mail.iter_attachments()
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.get_content()))
    assert book.sheet_names == ["Scorecard", "Days", "About"]
    [kept] = (await ada.get("/api/reports")).json["items"]
    assert (kept["sent_at"], kept["next_at"], kept["error"]) == ("2026-03-10T12:00:00Z", "2026-03-16T07:00:00Z", "")


async def test_a_report_that_cannot_be_sent_says_why_and_is_tried_again(told: Any) -> None:
    ada = await told.as_("ada", "norrland")
    await ada.send("PUT", "/api/reports/weekly", WEEKLY)
    monday = datetime(2026, 3, 16, 7, 0, tzinfo=UTC)
    nobody = Mailer(None, None)
    assert await reports.run_due(told.db, nobody, "", monday) == 0
    [kept] = (await ada.get("/api/reports")).json["items"]
    assert (kept["attempts"], kept["sent_at"]) == (1, None)
    assert "CROSSDOCK_SMTP_URL" in kept["error"]
    assert await reports.run_due(told.db, nobody, "", monday + timedelta(seconds=30)) == 0
    assert (await ada.get("/api/reports")).json["items"][0]["attempts"] == 1
    now = monday
    for _ in range(reports.ATTEMPTS):
        now += timedelta(hours=5)
        await reports.run_due(told.db, nobody, "", now)
    [kept] = (await ada.get("/api/reports")).json["items"]
    assert kept["attempts"] == reports.ATTEMPTS
    assert kept["next_at"] == "2026-03-23T07:00:00Z"  # given up until then


async def test_a_report_that_is_no_longer_understood_keeps_no_other_waiting(told: Any) -> None:
    ada, other = await told.as_("ada", "norrland"), await told.as_("ada", "castell")
    for browser in (ada, other):
        for name in ("a", "b"):
            await browser.send("PUT", f"/api/reports/{name}", WEEKLY)
    async with told.db.transaction("castell") as tx:  # as another version may have written it
        await tx.execute('update crossdock.report set document = \'{"name": "a", "every": "year"}\' where name = \'a\'')
    monday = datetime(2026, 3, 16, 7, 0, tzinfo=UTC)
    box = Mailbox()
    async with mail_server(box) as port:
        mailer = Mailer(f"smtp://127.0.0.1:{port}", "crossdock@example.com")
        assert await reports.run_due(told.db, mailer, "", monday) == 3
    first, second = (await other.get("/api/reports")).json["items"]
    assert (first["sent_at"], first["next_at"]) == (None, "2026-03-17T07:00:00Z")
    assert "could not be written" in first["error"]
    assert second["sent_at"] == "2026-03-16T07:00:00Z"


async def test_a_report_that_is_none_says_what_was_expected(gateway: Any) -> None:
    ada = await gateway.as_("ada", "norrland")
    for wrong, where in (({"to": []}, "to"), ({"at": "7"}, "at"), ({"every": "year"}, "every"), ({"to": ["x"]}, "to")):
        answer = await ada.send("PUT", "/api/reports/r", {**WEEKLY, **wrong})
        assert answer.status == 422
        assert where in answer.json["findings"][0]["where"]
    assert (await ada.send("DELETE", "/api/reports/r")).status == 404
    cora = await gateway.as_("cora", "norrland")
    assert (await cora.send("PUT", "/api/reports/r", WEEKLY)).status == 403


def test_the_hour_of_a_report_is_the_tenants_own_also_when_the_clocks_change() -> None:
    monthly = reports.read({"name": "m", "to": ["a@b"], "every": "month", "day": 1, "at": "06:30"})
    assert monthly.next(NOON, "Europe/Stockholm").astimezone(UTC) == datetime(2026, 4, 1, 4, 30, tzinfo=UTC)
    daily = reports.read({"name": "d", "to": ["a@b"], "every": "day", "at": "06:30"})
    summer = datetime(2026, 3, 29, 3, tzinfo=UTC)  # the day on which it begins there
    assert daily.next(summer, "Europe/Stockholm").astimezone(UTC) == datetime(2026, 3, 29, 4, 30, tzinfo=UTC)
