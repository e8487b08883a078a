"""Whose a case is, when it must be ended, how urgent it is and why: by the tenant's tables, on a real database."""

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock.cases import calendars, casework, causes, presence, rulings, teams
from crossdock.cases.presence import Doing
from crossdock.db import Database, Tx
from crossdock.errors import PartnerError
from crossdock.events import envelope, inbox

T = "norrland"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
PEOPLE = ("ann", "bo", "cy")


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(T, "castell") as tx:
        for user in PEOPLE:
            await tx.execute(
                "insert into crossdock.app_user (user_name, display_name, password_hash) values ($1, $1, '')", user
            )
            await tx.execute(
                "insert into crossdock.membership (tenant_id, user_name, role) values ($1, $2, 'coordinator')", T, user
            )
        await tx.execute(
            "insert into crossdock.catalogue_customer (tenant_id, customer_id, name, tier, body)"
            " values ($1, 'C-1', 'Bolts AB', 'A', '{}')", T,
        )  # fmt: skip
    return database


async def order(tx: Tx, number: str, *, promised: str = "2026-03-02", total: str = "12400") -> None:
    await tx.execute(
        "insert into crossdock.order_view (tenant_id, order_no, customer_id, currency, total, promised_on, received_at,"
        " updated_at) values ($1, $2, 'C-1', 'EUR', $3, $4, $5, $5)",
        T, number, Decimal(total), datetime.fromisoformat(promised).date(), NOW,
    )  # fmt: skip


async def opened(tx: Tx, n: int = 1, now: datetime = NOW, **given: Any) -> casework.Case:
    said: dict[str, Any] = {"kind": "order-invalid", "queue": "order-desk", "title": f"wrong {n}", **given}
    return await casework.open_case(tx, T, casework.New(**said), now)


async def team(tx: Tx, name: str = "order-desk", *members: str, calendar: str = "") -> None:
    await teams.put(tx, T, name, "", calendar, list(members), "ada", NOW)


def words(case: casework.Case) -> list[str]:
    return [f"{w['because']} +{w['points']}" for w in case.priority_why]


# ── rank ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_rank_is_the_sum_of_reasons_that_it_names(db: Database) -> None:
    evening = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)  # the tenant is in UTC: its day ends in four hours
    async with db.transaction(T) as tx:
        await order(tx, "SO-1")
        case = await opened(tx, order="SO-1", severity="high", now=evening + timedelta(hours=1))
    assert words(case) == ["promise in 3 h +25", "€12,400 at risk +22", "high severity +20", "A customer +15"]
    assert case.priority == 82
    assert (case.tier, case.promised_on, case.customer, case.money) == (
        "A", datetime(2026, 3, 2).date(), "Bolts AB", Decimal(12400),
    )  # fmt: skip


async def test_a_rank_rises_as_the_promise_comes_near_and_the_clock_runs_out_once(db: Database) -> None:
    async with db.transaction(T) as tx:
        await order(tx, "SO-1", promised="2026-03-04", total="500")
        case = await opened(tx, order="SO-1", severity="low", due_at=NOW + timedelta(hours=4))
        early = case.priority
        assert await casework.rescore(tx, T, NOW + timedelta(minutes=5)) == 0, "not yet stale"
        assert await casework.rescore(tx, T, NOW + timedelta(hours=60)) == 1
        late = await casework.get(tx, T, case.case_id)
        assert late.overdue_at == NOW + timedelta(hours=60)
        assert "promise in 3 h +25" in words(late)
        assert "clock 56 h over +15" not in words(late), "days are told as days"
        assert "clock 2 d over +15" in words(late)
        assert late.priority > early
        assert await casework.rescore(tx, T, NOW + timedelta(hours=61)) == 1
        types = [r["type"] for r in await tx.fetch("select type from crossdock.event where tenant_id = $1", T)]
        assert types.count("crossdock.case.overdue") == 1


async def test_the_queue_is_sorted_by_rank_page_by_page(db: Database) -> None:
    async with db.transaction(T) as tx:
        for n, severity in enumerate(("low", "critical", "medium", "high", "medium")):
            await opened(tx, n, severity=severity)
        seen: list[str] = []
        cursor = None
        while True:
            page = await casework.find(tx, T, casework.Filter(), limit=2, cursor=cursor, sort=casework.Sort.RANK)
            seen += [c.severity for c in page.items]
            if (cursor := page.next) is None:
                break
        assert seen == ["critical", "high", "medium", "medium", "low"]


async def test_a_tenants_own_table_ranks_from_its_next_case_on_and_no_other_tenants(db: Database) -> None:
    _, text = rulings.shipped(rulings.PRIORITY)
    async with db.transaction(T, "castell") as tx:
        document = copy.deepcopy((await rulings.get(tx, T, rulings.PRIORITY)).document)
        document["nodes"][1]["content"]["rules"][0]["to_points"] = "99"
        made = await rulings.put(tx, T, rulings.PRIORITY, document, "ada", NOW)
        assert (made.version, (await rulings.get(tx, "castell", rulings.PRIORITY)).put_by) == ("2", "")
        case = await opened(tx, severity="critical")
        assert case.priority == 99
        assert text != "", "the shipped table stays"


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        (rulings.PRIORITY, {"to_points": "1 +"}, "rules.cell"),
        (rulings.PRIORITY, {"severity": "'medium'", "to_points": "'many'"}, "case-rules"),
        (rulings.ASSIGNMENT, {"kind": "", "to_team": "''"}, "case-rules"),
        (rulings.ASSIGNMENT, {"kind": "", "to_how": "'dice'"}, "case-rules"),
        (rulings.CLOCK, {"kind": "", "to_within": "'soon'"}, "case-rules"),
    ],
)
async def test_a_table_that_could_not_decide_is_refused(
    db: Database, name: str, change: dict[str, str], code: str
) -> None:
    async with db.transaction(T) as tx:
        document = copy.deepcopy((await rulings.get(tx, T, name)).document)
        document["nodes"][1]["content"]["rules"][0] |= change
        with pytest.raises(PartnerError) as refused:
            await rulings.put(tx, T, name, document, "ada", NOW)
        assert {f.code for f in refused.value.findings} == {code}
        assert (await rulings.get(tx, T, name)).version == "1"


async def test_a_table_that_fails_on_a_case_keeps_it_not_from_being_opened(db: Database) -> None:
    async with db.transaction(T) as tx:
        for name in rulings.OF_CASES:  # each asks for an input that only the sample of its check has
            document = copy.deepcopy((await rulings.get(tx, T, name)).document)
            document["nodes"][0]["content"]["schema"] = (
                '{"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["order-invalid"]}}}'
            )
            await rulings.put(tx, T, name, document, "ada", NOW)
        case = await opened(tx, kind="outage", severity="high")
        assert (case.priority, case.team, case.due_at) == (60, "order-desk", None)
        assert "could not decide" in case.priority_why[0]["because"]


# ── whose it is ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_turns_go_round_the_team_and_skip_who_is_away(db: Database) -> None:
    async with db.transaction(T) as tx:
        await team(tx, "order-desk", "ann", "bo", "cy")
        await teams.away(tx, T, "bo", NOW + timedelta(days=1), "bo")
        owners = [(await opened(tx, n)).owner for n in range(4)]
        back = await opened(tx, 5, now=NOW + timedelta(days=2))
    assert owners == ["ann", "cy", "ann", "cy"]
    assert back.owner == "ann", "bo is there again, and ann's turn comes first"


async def test_much_money_goes_to_who_has_least_open(db: Database) -> None:
    async with db.transaction(T) as tx:
        await team(tx, "order-desk", "ann", "bo")
        for n in range(3):
            case = await opened(tx, n)
            await casework.assign(tx, T, case.case_id, "ann", "ann", NOW)
        case = await opened(tx, 9, money=Decimal(20000), currency="EUR")
    assert case.owner == "bo"
    assert case.placed_by is not None
    assert (case.placed_by["rule"], case.placed_by["how"]) == ("large", "least-loaded")


async def test_nobody_is_left_without_an_owner_while_anybody_is_there(db: Database) -> None:
    async with db.transaction(T) as tx:
        assert (await opened(tx, 0)).owner is None, "there are no teams yet"
        await team(tx, "integration", "cy")
        await team(tx, "partners")
        case = await opened(tx, 1, queue="partners")
        assert (case.team, case.owner) == ("integration", "cy")
        assert case.placed_by is not None
        assert (case.placed_by["rule"], case.placed_by["instead_of"]) == ("partners", "partners")
        await team(tx, "order-desk", "bo")
        assert (await opened(tx, 2, queue="partners")).owner == "bo", "the team that the rule names instead"


async def test_a_team_takes_only_people_who_may_work_on_cases(db: Database) -> None:
    async with db.transaction(T) as tx:
        with pytest.raises(PartnerError) as refused:
            await teams.put(tx, T, "order-desk", "", "nowhere", ["ann", "mallory"], "ada", NOW)
    assert [f.where for f in refused.value.findings] == ["/members/1", "/calendar"]


# ── when it is due ───────────────────────────────────────────────────────────────────────────────────────────────

DESK = {
    "name": "desk", "time_zone": "UTC",
    "hours": {d: "08:00-16:00" for d in ("monday", "tuesday", "wednesday", "thursday", "friday")},
}  # fmt: skip


async def test_a_clock_runs_in_the_open_hours_of_the_team(db: Database) -> None:
    friday = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)
    async with db.transaction(T) as tx:
        await calendars.put(tx, T, DESK, "ada", NOW)
        await team(tx, "order-desk", "ann", calendar="desk")
        case = await opened(tx, severity="critical", now=friday)
        outage = await opened(tx, 2, kind="outage", severity="critical", now=friday)
        said = await opened(tx, 3, due_at=friday + timedelta(hours=1), now=friday)
    assert (case.calendar, case.due_at) == ("desk", datetime(2026, 3, 9, 10, 0, tzinfo=UTC)), "two hours of Monday"
    assert case.clocked_by is not None
    assert (case.clocked_by["rule"], case.clocked_by["within"]) == ("critical", "PT4H")
    assert (outage.calendar, outage.due_at) == ("always", friday + timedelta(hours=2))
    assert (said.calendar, said.due_at, said.clocked_by) == (None, friday + timedelta(hours=1), None)


# ── what closes by itself ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_cause_that_goes_away_closes_its_case_but_never_under_somebodys_hands(db: Database) -> None:
    async with db.transaction(T) as tx:
        one = await opened(tx, 1, order="SO-1", kind="message-failed")
        two = await opened(tx, 2, order="SO-1", kind="shipment-late", key="late")
        await presence.come(tx, T, two.case_id, "ann", Doing.EDITS)
        event = {"type": "crossdock.order.cancelled", "subject": "SO-1", "time": NOW.isoformat(), "data": {}}
        await causes.observe(tx, T, [(1, event)])
        assert (await casework.get(tx, T, one.case_id)).status == casework.Status.CLOSED
        held = await casework.get(tx, T, two.case_id)
        assert (held.status, held.clearing) == (casework.Status.OPEN, "closed: the order was cancelled")
        assert "left open while ann works on it" in held.history[-1]["what"]
        assert await casework.close_cleared(tx, T, NOW) == 0
        await presence.leave(tx, T, two.case_id, "ann")
        assert await casework.close_cleared(tx, T, NOW) == 1
        closed = await casework.get(tx, T, two.case_id)
        assert (closed.status, closed.resolved_by) == (casework.Status.CLOSED, "system")
        await causes.observe(tx, T, [(1, event)])


async def test_who_falls_silent_is_gone(db: Database) -> None:
    async with db.transaction(T) as tx:
        case = await opened(tx)
        there = await presence.come(tx, T, case.case_id, "ann", Doing.LOOKS)
        assert [p.view() for p in there] == [{"user": "ann", "doing": "looks"}]
        await presence.come(tx, T, case.case_id, "bo", Doing.LOOKS, gone_after=timedelta(0))
        assert [p.user for p in await presence.at(tx, T, case.case_id)] == ["ann"]
        await presence.forget(tx, T)
        assert await tx.fetchval("select count(*) from crossdock.case_presence") == 1


def test_every_kind_that_is_opened_says_what_closes_it() -> None:
    assert all(sentence for sentence in causes.CLEARS.values())
    cleared = {kind for kinds, _ in causes.BY_EVENT.values() for kind in kinds} - {"sla-breach"}
    assert cleared <= set(causes.CLEARS)


async def test_a_case_is_at_the_site_of_its_order_and_goes_to_that_sites_team(db: Database) -> None:
    async with db.transaction(T) as tx:
        await order(tx, "SO-1")
        for type_, data in (
            ("crossdock.order.allocated", {"order": "SO-1", "reservations": [{"reservation": "R-1", "site": "ATL"}]}),
            ("crossdock.shipment.shipped", {"order": "SO-1", "shipment": "SH-1", "site": "RNO"}),
        ):
            case = await opened(tx, order="SO-1", key=type_)
            event = envelope.make(type_, subject="SO-1", data=data, now=NOW, source="/test", id=type_)
            await inbox.receive(tx, T, event)
        assert (case.site, (await opened(tx, 2, order="SO-1", key="third")).site) == ("ATL", "RNO")
        document = copy.deepcopy(next(r.document for r in await rulings.every(tx, T) if r.name == rulings.ASSIGNMENT))
        rules = document["nodes"][1]["content"]["rules"]
        rules.insert(0, {**rules[-1], "_id": "atlanta", "_description": "Atlanta's own", "site": "'ATL'",
                         "to_team": "'atlanta'"})  # fmt: skip
        await rulings.put(tx, T, rulings.ASSIGNMENT, document, "ada", NOW)
        at = await opened(tx, 3, evidence={"site": "ATL"})
        assert (at.team, at.site) == ("atlanta", "ATL")
        found = await casework.find(tx, T, casework.Filter(site="ATL"))
        assert {c.case_id for c in found.items} == {at.case_id, case.case_id}
