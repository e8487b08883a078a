"""A stated policy plays the people, through the same functions and with its own name in the trail."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock import audit
from crossdock.cases import approvals, autopilot, casework, holds, teams
from crossdock.db import Database, Tx

T = "norrland"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=12)
POLICY = autopilot.load()


async def ask(tx: Tx, kind: str, percent: Any, amount: Any) -> approvals.Approval:
    new = approvals.Request(kind=kind, title="t", data={"percent": percent}, amount=Decimal(amount), order="SO-1")
    return await approvals.request(tx, T, new, NOW)


@pytest.mark.parametrize(
    ("kind", "percent", "amount", "outcome"),
    [
        ("credit", 25, 25000, "approved"),
        ("credit", Decimal("25.01"), 100, "rejected"),
        ("credit", 0, 25001, "rejected"),
        ("credit", None, 10, "rejected"),
        ("price", 5, 10, "approved"),
        ("price", Decimal("5.5"), 10, "rejected"),
        ("something-else", 0, 1, "pending"),
    ],
)
async def test_approvals_are_decided_by_the_first_rule_that_fits(
    database: Database, kind: str, percent: Any, amount: int, outcome: str
) -> None:
    async with database.transaction(T) as tx:
        made = await ask(tx, kind, percent, amount)
    await autopilot.decide_all(database, T, POLICY, LATER)
    async with database.transaction(T) as tx:
        decided = await approvals.get(tx, T, made.approval_id)
        assert decided.status == outcome
        if outcome != "pending":
            assert decided.decided_by == "policy:demo-approvers"
            assert (await audit.entries(tx, T))[0].actor == "policy:demo-approvers"


async def test_it_takes_the_time_a_person_would(database: Database) -> None:
    async with database.transaction(T) as tx:
        await ask(tx, "credit", 1, 1)
    due = await autopilot.next_due(database, T, POLICY)
    assert due is not None
    assert due == NOW + timedelta(minutes=25)
    assert (await autopilot.decide_all(database, T, POLICY, due - timedelta(seconds=1))).total == 0
    assert (await autopilot.decide_all(database, T, POLICY, due)).total == 1
    assert await autopilot.next_due(database, T, POLICY) is None


async def open_case(database: Database, kind: str, *actions: str, **more: Any) -> casework.Case:
    offers = tuple(casework.Offer(id=a, label=a) for a in actions)
    async with database.transaction(T) as tx:
        new = casework.New(kind=kind, queue="q", title="t", order="SO-1", actions=offers, **more)
        return await casework.open_case(tx, T, new, NOW)


async def test_a_fault_is_retried_three_times_and_then_cancelled(database: Database) -> None:
    chosen: list[str | None] = []
    for _ in range(4):
        case = await open_case(database, "call-failed", "retry", "cancel")
        await autopilot.decide_all(database, T, POLICY, LATER)
        async with database.transaction(T) as tx:
            chosen.append((await casework.get(tx, T, case.case_id)).resolution)
    assert chosen == ["retry", "retry", "retry", "cancel"]


LINE = {"line": "1", "items": [{"scheme": "buyer", "value": "OLD"}], "quantity": 2, "unit": "EA"}


def invalid(code: str, substitutes: list[str] | None = None) -> dict[str, Any]:
    return {
        "evidence": {
            "violations": [{"code": code, "lines": ["1"], "text": "x"}],
            "lines": [{"line": "1", "substitutes": substitutes or []}],
        },
        "data": {"requested_on": "2020-01-01", "stated_total": 5, "lines": [LINE]},
        "editable": ["/requested_on", "/stated_total", "/lines"],
    }


@pytest.mark.parametrize(
    ("code", "substitutes", "action", "changed"),
    [
        ("date-past", None, "resubmit", {"requested_on": None}),
        ("total", None, "resubmit", {"stated_total": None}),
        ("unknown-item", ["NEW"], "resubmit", {"lines": [{**LINE, "items": [{"scheme": "supplier", "value": "NEW"}]}]}),
        ("unknown-item", None, "reject", {}),
        ("margin", None, "reject", {}),
    ],
)
async def test_an_invalid_order_is_corrected_where_the_policy_says_how(
    database: Database, code: str, substitutes: list[str] | None, action: str, changed: dict[str, Any]
) -> None:
    facts = invalid(code, substitutes)
    case = await open_case(database, "order-invalid", "resubmit", "reject", **facts)
    await autopilot.decide_all(database, T, POLICY, LATER)
    async with database.transaction(T) as tx:
        resolved = await casework.get(tx, T, case.case_id)
    assert resolved.resolution == action
    assert resolved.data == facts["data"] | changed


async def test_what_a_person_has_taken_over_or_no_rule_names_stays(database: Database) -> None:
    owned = await open_case(database, "call-failed", "retry", "cancel")
    doubt = await open_case(database, "unknown-outcome", "happened", "not-happened")
    async with database.transaction(T) as tx:
        await casework.assign(tx, T, owned.case_id, "ann", "ann", NOW)
    assert (await autopilot.decide_all(database, T, POLICY, LATER)).total == 0
    async with database.transaction(T) as tx:
        assert (await casework.get(tx, T, owned.case_id)).status == "open"
        assert (await casework.get(tx, T, doubt.case_id)).status == "open"


async def test_a_hold_is_released_after_its_time(database: Database) -> None:
    async with database.transaction(T) as tx:
        placed = await holds.place(tx, T, "item", "A", kind="quality", reason="r", by="ann", now=NOW)
    assert (await autopilot.decide_all(database, T, POLICY, NOW + timedelta(hours=3))).holds == 0
    assert (await autopilot.decide_all(database, T, POLICY, NOW + timedelta(hours=4))).holds == 1
    async with database.transaction(T) as tx:
        assert (await holds.get(tx, T, placed.hold_id)).released_by == "policy:demo-approvers"


async def test_what_a_table_gave_to_somebody_is_still_the_policys(database: Database) -> None:
    """A case has an owner from the first minute; that is none who has taken it over."""
    async with database.transaction(T) as tx:
        await tx.execute(
            "insert into crossdock.app_user (user_name, display_name, password_hash) values ('ann', 'Ann', '')"
        )
        await tx.execute(
            "insert into crossdock.membership (tenant_id, user_name, role) values ($1, 'ann', 'coordinator')", T
        )
        await teams.put(tx, T, "order-desk", "", "", ["ann"], "ada", NOW)
    given = await open_case(database, "call-failed", "retry", "cancel")
    assert given.owner == "ann"
    assert (await autopilot.decide_all(database, T, POLICY, LATER)).cases == 1
