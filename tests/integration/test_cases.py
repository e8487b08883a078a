"""Cases, approvals, holds, incidents, clocks and audit on a real database, with a stand-in for a parked instance."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crossdock import audit, exactjson, ids
from crossdock.cases import approvals, casework, functions, holds, incidents, messages, sla
from crossdock.cases.hooks import People
from crossdock.db import Database, Tx
from crossdock.engine.hooks import Hooks
from crossdock.errors import Conflict, NotFound, PartnerError, Refused
from crossdock.flow.outcomes import Begun, Done, Failed, Invocation, Parked, Transactional
from crossdock.policy import Principal, Role
from crossdock.rules import Rulebook

T = "norrland"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
APPROVER = Principal(name="vera", role=Role.APPROVER, tenant_id=T, approval_limit=Decimal(5000))


def catalogue() -> Mapping[str, Any]:
    return functions.catalogue(Rulebook([]), messages.load())


async def instance(tx: Tx, order: str = "SO-1") -> UUID:
    """A running instance that waits, as the engine would have left it."""
    await tx.execute(
        "insert into crossdock.definition (tenant_id, namespace, name, version, hash, source)"
        " values ($1, 'n', 'w', '1', '', '') on conflict do nothing",
        T,
    )
    instance_id = ids.new()
    await tx.execute(
        "insert into crossdock.instance (tenant_id, instance_id, namespace, name, version, business_key, traceparent)"
        " values ($1, $2, 'n', 'w', '1', $3, '')",
        T, instance_id, order,
    )  # fmt: skip
    return instance_id


async def call(
    tx: Tx, function: str, arguments: Any, instance_id: UUID | None = None, at: str = "/do/0/x#1", order: str = "SO-1"
) -> tuple[Begun, UUID]:
    instance_id = instance_id or await instance(tx, order)
    found = catalogue()[function]
    assert isinstance(found, Transactional)
    invocation = Invocation(
        tenant_id=T, instance_id=instance_id, at=at, key=f"{instance_id}{at}", function=function, arguments=arguments,
        business_key=order, now=NOW,
    )  # fmt: skip
    return await found.start(tx, invocation), instance_id


async def heard(tx: Tx, instance_id: UUID) -> list[Any]:
    """What the instance was told: (kind, body) of each fact."""
    rows = await tx.fetch(
        "select kind, body from crossdock.fact where tenant_id = $1 and instance_id = $2 order by fact_id",
        T,
        instance_id,
    )
    return [(r["kind"], exactjson.loads(r["body"])) for r in rows]


async def published(tx: Tx) -> list[str]:
    rows = await tx.fetch("select type from crossdock.event where tenant_id = $1 order by seq", T)
    return [r["type"].removeprefix("crossdock.") for r in rows]


CASE = {
    "kind": "order-invalid", "queue": "order-desk", "title": "Order SO-1 is wrong", "severity": "high",
    "data": {"lines": [], "currency": "USD"}, "editable": ["/lines"],
    "actions": [{"id": "resubmit", "label": "Check again", "needs_input": True}, {"id": "reject", "label": "Reject"}],
    "money": Decimal("120.50"), "due_in": "PT4H",
}  # fmt: skip


async def the_case(tx: Tx) -> casework.Case:
    [case] = (await casework.find(tx, T, casework.Filter())).items
    return case


# ── cases ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_most_urgent_comes_first_and_what_has_no_deadline_last_page_by_page(database: Database) -> None:
    async with database.transaction(T) as tx:
        for title, hours in (("never", None), ("later", 8), ("soon", 1), ("also never", None)):
            due_at = None if hours is None else NOW + timedelta(hours=hours)
            new = casework.New(kind="order-invalid", queue="order-desk", title=title, due_at=due_at)
            await casework.open_case(tx, T, new, NOW)
        seen: list[str] = []
        cursor = None
        while True:
            page = await casework.find(tx, T, casework.Filter(), limit=1, cursor=cursor, sort=casework.Sort.DUE)
            seen += [c.title for c in page.items]
            if (cursor := page.next) is None:
                break
        assert seen == ["soon", "later", "never", "also never"]


async def test_a_case_parks_its_call_and_its_resolution_answers_it(database: Database) -> None:
    async with database.transaction(T) as tx:
        begun, instance_id = await call(tx, "case", CASE)
        assert isinstance(begun, Parked)
        case = await the_case(tx)
        assert (case.number, case.order, case.money, case.due_at) == (
            "EX-1001", "SO-1", Decimal("120.50"), NOW + timedelta(hours=4),
        )  # fmt: skip
        item = {"scheme": "supplier", "value": "NF-7"}
        fixed = {"lines": [{"line": "1", "items": [item], "quantity": 2, "unit": "EA"}]}
        await casework.resolve(tx, T, case.case_id, "resubmit", "ann", LATER, data=fixed, note="substitute")
        [(kind, body)] = await heard(tx, instance_id)
        assert kind == "CallCompleted"
        assert body["output"] == {
            "action": "resubmit", "data": {**fixed, "currency": "USD"}, "note": "substitute", "by": "ann",
        }  # fmt: skip
        assert await published(tx) == ["case.opened", "case.resolved"]
        assert [e.action for e in await audit.entries(tx, T, object_id="EX-1001")] == ["case.resolve"]


async def test_an_edit_outside_the_editable_members_is_refused(database: Database) -> None:
    async with database.transaction(T) as tx:
        _, instance_id = await call(tx, "case", CASE)
        case = await the_case(tx)
        with pytest.raises(PartnerError) as e:
            await casework.resolve(tx, T, case.case_id, "resubmit", "ann", LATER, data={"currency": "EUR"})
        assert e.value.findings[0].where == "/data/currency"
        assert await heard(tx, instance_id) == []


async def test_an_edit_that_does_not_fit_an_order_is_refused_where_it_is_made(database: Database) -> None:
    async with database.transaction(T) as tx:
        _, instance_id = await call(tx, "case", CASE)
        case = await the_case(tx)
        wrong = {"lines": [{"line": "1", "items": [{"scheme": "ours", "value": "N"}], "quantity": 2, "unit": "EA"}]}
        with pytest.raises(PartnerError) as e:
            await casework.resolve(tx, T, case.case_id, "resubmit", "ann", LATER, data=wrong)
        [finding] = e.value.findings
        assert (finding.where, finding.found) == ("/data/lines/0/items/0/scheme", "ours")
        assert "supplier" in finding.expected
        assert finding.fix
        assert (await heard(tx, instance_id), (await the_case(tx)).status) == ([], casework.Status.OPEN)


async def test_a_case_is_resolved_once_and_only_by_an_action_offered(database: Database) -> None:
    async with database.transaction(T) as tx:
        await call(tx, "case", CASE)
        case = await the_case(tx)
        with pytest.raises(PartnerError):
            await casework.resolve(tx, T, case.case_id, "delete", "ann", LATER)
        await casework.resolve(tx, T, case.case_id, "reject", "ann", LATER)
        with pytest.raises(Conflict, match="closed by ann"):
            await casework.resolve(tx, T, case.case_id, "resubmit", "bob", LATER)
        with pytest.raises(Conflict, match="answered its process"):
            await casework.reopen(tx, T, case.case_id, "bob", LATER)


async def test_two_people_at_once_give_one_answer(database: Database) -> None:
    async with database.transaction(T) as tx:
        _, instance_id = await call(tx, "case", CASE)
        case = await the_case(tx)

    async def resolve(by: str) -> bool:
        try:
            async with database.transaction(T) as tx:
                await casework.resolve(tx, T, case.case_id, "reject", by, LATER)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(resolve("ann"), resolve("bob"))) == [False, True]
    async with database.transaction(T) as tx:
        assert len(await heard(tx, instance_id)) == 1


async def test_a_case_that_does_not_wait_is_opened_once_while_it_is_open(database: Database) -> None:
    async with database.transaction(T) as tx:
        quick = {**CASE, "wait": False, "key": "carrier/1"}
        first, _ = await call(tx, "case", quick)
        second, _ = await call(tx, "case", quick)
        assert isinstance(first, Done)
        assert first == second
        case = await the_case(tx)
        await casework.resolve(tx, T, case.case_id, "reject", "ann", LATER)
        await casework.reopen(tx, T, case.case_id, "ann", LATER)
        await casework.resolve(tx, T, case.case_id, "reject", "ann", LATER)
        third, _ = await call(tx, "case", quick)
        assert third != first
        assert (await published(tx)).count("case.opened") == 2


async def test_assign_comment_snooze_and_wake(database: Database) -> None:
    async with database.transaction(T) as tx:
        await call(tx, "case", CASE)
        ident = (await the_case(tx)).case_id
        await casework.assign(tx, T, ident, "ann", "ann", NOW)
        await casework.comment(tx, T, ident, "asked the customer", "ann", NOW)
        with pytest.raises(PartnerError):
            await casework.snooze(tx, T, ident, NOW, "ann", NOW)
        await casework.snooze(tx, T, ident, LATER, "ann", NOW)
        assert await sla.due(tx, T, NOW) == 0
        assert await sla.due(tx, T, LATER) == 1
        case = await casework.get(tx, T, ident)
        assert (case.status, case.owner, case.comments[0]["text"]) == ("open", "ann", "asked the customer")
        assert [h["what"] for h in case.history][-1] == "snooze ended"
        assert not case.breached(NOW)
        assert case.breached(NOW + timedelta(hours=5))


async def test_lists_filter_search_and_turn_pages(database: Database) -> None:
    async with database.transaction(T) as tx:
        for n in range(7):
            await call(tx, "case", {**CASE, "title": f"Trouble {n}", "queue": "a" if n % 2 else "b"}, order=f"SO-{n}")
        seen: list[str] = []
        cursor = None
        while True:
            page = await casework.find(tx, T, casework.Filter(status="open"), limit=3, cursor=cursor)
            assert page.total == 7
            seen += [c.number for c in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert sorted(seen) == [f"EX-{1001 + n}" for n in range(7)]
        assert (await casework.find(tx, T, casework.Filter(queue="a"))).total == 3
        assert (await casework.find(tx, T, casework.Filter(q="trouble 4"))).total == 1
        assert (await casework.find(tx, T, casework.Filter(owner="none"))).total == 7
        assert (await casework.find(tx, T, casework.Filter(owner="ann"))).total == 0
        with pytest.raises(PartnerError):
            await casework.find(tx, T, casework.Filter(), cursor="nonsense")


async def test_numbers_are_counted_in_each_tenant_and_nobody_sees_the_other(database: Database) -> None:
    async with database.transaction(T) as tx:
        await call(tx, "case", CASE)
        ident = (await the_case(tx)).case_id
    async with database.transaction("castell") as tx:
        other = await casework.open_case(tx, "castell", casework.New(kind="k", queue="q", title="t"), NOW)
        assert other.number == "EX-1001"
        with pytest.raises(NotFound):
            await casework.get(tx, "castell", ident)
        with pytest.raises(NotFound):
            await casework.get(tx, T, ident)  # naming the tenant does not help: row security decides
        assert (await casework.find(tx, T, casework.Filter())).total == 0


async def test_a_call_with_wrong_arguments_fails_and_opens_nothing(database: Database) -> None:
    async with database.transaction(T) as tx:
        for function, arguments in (
            ("case", {"kind": "x"}),
            ("case", [1]),
            ("case", {**CASE, "due_in": "soon"}),
            ("approval", {}),
            ("approval", {"title": "t", "amount": "12"}),
            ("sla-start", {"key": "k"}),
            ("sla-stop", {}),
            ("milestone", {}),
            ("hold", {"items": "all"}),
        ):
            begun, _ = await call(tx, function, arguments)
            assert isinstance(begun, Failed), function
        assert await published(tx) == []


# ── approvals ────────────────────────────────────────────────────────────────────────────────────────────────────

APPROVAL = {
    "kind": "credit", "title": "Credit for ACME", "role": "approver", "amount": Decimal("4999.90"), "currency": "USD",
    "data": {"over": Decimal("10.50"), "tier": "B"}, "not_by": ["ann", None], "due_in": "PT8H",
}  # fmt: skip


async def the_approval(tx: Tx) -> approvals.Approval:
    [approval] = (await approvals.find(tx, T)).items
    return approval


async def test_an_approval_answers_its_workflow_once(database: Database) -> None:
    async with database.transaction(T) as tx:
        begun, instance_id = await call(tx, "approval", APPROVAL)
        assert isinstance(begun, Parked)
        a = await the_approval(tx)
        assert a.number == "AP-1001"
        assert a.hash == approvals.hash_of("Credit for ACME", Decimal("4999.90"), APPROVAL["data"])
        assert a.view(APPROVER)["can_decide"] is True
        await approvals.decide(tx, T, a.approval_id, APPROVER, "approved", LATER, hash=a.hash, note="fine")
        [(kind, body)] = await heard(tx, instance_id)
        assert kind == "CallCompleted"
        assert {k: body["output"][k] for k in ("outcome", "by", "note")} == {
            "outcome": "approved", "by": "vera", "note": "fine",
        }  # fmt: skip
        with pytest.raises(Conflict, match="approved by vera already"):
            await approvals.decide(tx, T, a.approval_id, APPROVER, "rejected", LATER, hash=a.hash)
        assert await published(tx) == ["approval.requested", "approval.decided"]
        [entry] = await audit.entries(tx, T, object_id="AP-1001")
        assert (entry.actor, entry.action, entry.detail["hash"]) == ("vera", "approval.approved", a.hash)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (Principal(name="ann", role=Role.APPROVER, tenant_id=T), "Four eyes"),
        (Principal(name="eve", role=Role.COORDINATOR, tenant_id=T), "asks for the role approver"),
        (Principal(name="max", role=Role.APPROVER, tenant_id=T, approval_limit=Decimal(100)), "above your limit"),
        (Principal(name="vera", role=Role.APPROVER, tenant_id="castell"), "another tenant"),
    ],
)
async def test_who_must_not_decide_is_told_why(database: Database, who: Principal, why: str) -> None:
    async with database.transaction(T) as tx:
        _, instance_id = await call(tx, "approval", APPROVAL)
        a = await the_approval(tx)
        assert why in a.view(who)["why_not"]
        with pytest.raises(Refused, match=why):
            await approvals.decide(tx, T, a.approval_id, who, "approved", LATER, hash=a.hash)
        assert await heard(tx, instance_id) == []


async def test_what_was_seen_is_what_is_decided(database: Database) -> None:
    async with database.transaction(T) as tx:
        await call(tx, "approval", APPROVAL)
        a = await the_approval(tx)
        with pytest.raises(Conflict, match="not what you saw"):
            await approvals.decide(tx, T, a.approval_id, APPROVER, "approved", LATER, hash="0" * 64)
        with pytest.raises(PartnerError):
            await approvals.decide(tx, T, a.approval_id, APPROVER, "void", LATER, hash=a.hash)


def test_the_hash_sees_every_digit_and_no_order_of_members() -> None:
    one = approvals.hash_of("t", Decimal("1.10"), {"a": 1, "b": [Decimal("2.5")]})
    assert one == approvals.hash_of("t", Decimal("1.10"), {"b": [Decimal("2.5")], "a": 1})
    assert one != approvals.hash_of("t", Decimal("1.11"), {"a": 1, "b": [Decimal("2.5")]})
    assert one != approvals.hash_of("t", Decimal("1.10"), {"a": 1, "b": [Decimal("2.50001")]})


async def test_an_approval_expires_and_says_so(database: Database) -> None:
    async with database.transaction(T) as tx:
        _, instance_id = await call(tx, "approval", {**APPROVAL, "expires_in": "PT1H"})
        a = await the_approval(tx)
        with pytest.raises(Conflict, match="expired"):
            await approvals.decide(tx, T, a.approval_id, APPROVER, "approved", LATER, hash=a.hash)
        assert await sla.due(tx, T, LATER) == 1
        [(_, body)] = await heard(tx, instance_id)
        assert body["output"]["outcome"] == "expired"


async def test_a_cancelled_instance_asks_nobody_any_more(database: Database) -> None:
    async with database.transaction(T) as tx:
        _, instance_id = await call(tx, "approval", APPROVAL, at="/do/0/a#1")
        await call(tx, "case", CASE, instance_id, at="/do/0/b#1")
        await call(tx, "case", {**CASE, "wait": False}, instance_id, at="/do/0/c#1")
        await call(tx, "sla-start", {"key": "ship/1", "due_in": "PT1H"}, instance_id, at="/do/0/d#1")
        people: Hooks = People()
        await people.withdraw(tx, T, instance_id, "/do/0/a#1", LATER)
        assert (await the_approval(tx)).status == "void"
        assert (await casework.find(tx, T, casework.Filter(status="open"))).total == 2
        await people.withdraw(tx, T, instance_id, None, LATER)
        [left] = (await casework.find(tx, T, casework.Filter(status="open"))).items
        assert left.answers is None, "what people were only told stays"
        assert await heard(tx, instance_id) == []
        assert await sla.due(tx, T, NOW + timedelta(days=9)) == 0
        assert (await published(tx))[-2:] == ["approval.withdrawn", "case.withdrawn"]


# ── holds ────────────────────────────────────────────────────────────────────────────────────────────────────────

ORDER = {"customer": "C-1", "items": ["A", "B"], "sites": ["north"]}


async def hold(tx: Tx, scope: str, key: str, **more: Any) -> holds.Hold:
    return await holds.place(tx, T, scope, key, kind="quality", reason="recall", by="ann", now=NOW, **more)


async def test_no_hold_lets_the_order_pass(database: Database) -> None:
    async with database.transaction(T) as tx:
        await hold(tx, "item", "Z")
        await hold(tx, "customer", "C-2")
        begun, _ = await call(tx, "hold", ORDER)
        assert begun == Done({"held": False})


@pytest.mark.parametrize(("scope", "key"), [("order", "SO-1"), ("customer", "C-1"), ("item", "B"), ("site", "north")])
async def test_a_hold_of_any_scope_stops_the_order_until_it_is_released(
    database: Database, scope: str, key: str
) -> None:
    async with database.transaction(T) as tx:
        placed = await hold(tx, scope, key)
        begun, instance_id = await call(tx, "hold", ORDER)
        assert isinstance(begun, Parked)
        assert (await holds.get(tx, T, placed.hold_id)).orders == 1
        _, went_on = await holds.release(tx, T, placed.hold_id, "bob", "tested", LATER)
        assert went_on == 1
        [(_, body)] = await heard(tx, instance_id)
        assert body["output"] == {"held": True, "released_by": "bob", "note": "tested"}
        with pytest.raises(Conflict):
            await holds.release(tx, T, placed.hold_id, "bob", "again", LATER)


async def test_holds_stack(database: Database) -> None:
    async with database.transaction(T) as tx:
        one, two = await hold(tx, "item", "A"), await hold(tx, "customer", "C-1", expires_at=NOW + timedelta(hours=2))
        _, instance_id = await call(tx, "hold", ORDER)
        _, other = await call(tx, "hold", {"items": ["A"]}, order="SO-2")
        assert (await holds.release(tx, T, one.hold_id, "bob", "", LATER))[1] == 1
        assert await heard(tx, instance_id) == []
        assert len(await heard(tx, other)) == 1
        assert await sla.due(tx, T, NOW + timedelta(hours=2)) == 1
        assert len(await heard(tx, instance_id)) == 1
        assert (await holds.get(tx, T, two.hold_id)).status == "expired"


async def test_a_release_and_a_parking_at_once_lose_no_order(database: Database) -> None:
    for n in range(10):
        async with database.transaction(T) as tx:
            placed = await hold(tx, "item", f"I{n}")
            instance_id = await instance(tx, f"SO-{n}")

        async def park(item: str = f"I{n}", who: UUID = instance_id) -> Begun:
            async with database.transaction(T) as tx:
                return (await call(tx, "hold", {"items": [item]}, who))[0]

        async def free(ident: UUID = placed.hold_id) -> None:
            async with database.transaction(T) as tx:
                await holds.release(tx, T, ident, "bob", "", LATER)

        begun, _ = await asyncio.gather(park(), free())
        async with database.transaction(T) as tx:
            assert isinstance(begun, Done) or len(await heard(tx, instance_id)) == 1


async def test_a_hold_needs_a_scope_a_key_and_a_reason(database: Database) -> None:
    async with database.transaction(T) as tx:
        with pytest.raises(PartnerError) as e:
            await holds.place(tx, T, "planet", " ", kind="k", reason="", by="ann", now=NOW, expires_at=NOW)
        assert [f.where for f in e.value.findings] == ["/scope", "/key", "/reason", "/expires_at"]


# ── incidents and doubts ─────────────────────────────────────────────────────────────────────────────────────────


def remote(order: str, instance_id: UUID) -> Invocation:
    return Invocation(
        tenant_id=T, instance_id=instance_id, at="/do/0/book#1", key=f"{instance_id}/do/0/book#1",
        function="carrier.book", arguments={"order": order}, business_key=order, now=NOW,
    )  # fmt: skip


async def test_an_outage_is_one_incident_that_people_hear_of_once(database: Database) -> None:
    people = People()
    async with database.transaction(T) as tx:
        for n in range(3):
            await people.held(tx, remote(f"SO-{n}", await instance(tx, f"SO-{n}")), "carrier", "connection refused")
        [incident] = (await incidents.find(tx, T)).items
        assert (incident.number, incident.state, incident.orders) == ("IN-1001", "open", 3)
        assert await sla.due(tx, T, NOW + timedelta(minutes=14)) == 0
        assert await sla.due(tx, T, NOW + timedelta(minutes=15)) == 1
        assert await sla.due(tx, T, NOW + timedelta(minutes=30)) == 0
        [case] = (await casework.find(tx, T, casework.Filter(incident_id=incident.incident_id))).items
        assert "3 orders wait" in case.title
        await people.recovered(tx, T, "carrier", LATER)
        await people.recovered(tx, T, "carrier", LATER)
        resolved, orders = await incidents.get(tx, T, incident.incident_id)
        assert (resolved.state, orders) == ("resolved", ["SO-0", "SO-1", "SO-2"])
        assert (await casework.get(tx, T, case.case_id)).status == "closed"
        kinds = [t for t in await published(tx) if t.startswith("incident")]
        assert kinds == ["incident.opened", "incident.resolved"]
        await people.held(tx, remote("SO-9", await instance(tx, "SO-9")), "carrier", "again")
        assert (await incidents.find(tx, T, status="open")).items[0].number == "IN-1002"


async def test_many_orders_are_told_of_at_once(database: Database) -> None:
    async with database.transaction(T) as tx:
        for n in range(incidents.TELL_AT_ORDERS):
            assert await sla.due(tx, T, NOW) == 0
            await incidents.held(tx, T, "wms", f"SO-{n}", "timeout", NOW)
        assert await sla.due(tx, T, NOW) == 1


@pytest.mark.parametrize(("action", "kind"), [("happened", "CallCompleted"), ("not-happened", "CallFailed")])
async def test_a_doubt_is_settled_by_a_person(database: Database, action: str, kind: str) -> None:
    people = People()
    async with database.transaction(T) as tx:
        instance_id = await instance(tx)
        await people.unresolved(tx, remote("SO-1", instance_id), "carrier", "no answer")
        await people.withdraw(tx, T, instance_id, "/do/0/book#1", NOW)
        case = await the_case(tx)
        assert case.status == "open", "undoing still needs to know"
        await casework.resolve(tx, T, case.case_id, action, "ann", LATER, data={"tracking": "1Z"}, note="looked")
        [(heard_kind, body)] = await heard(tx, instance_id)
        assert heard_kind == kind
        if kind == "CallCompleted":
            assert body["output"] == {"tracking": "1Z"}


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────

CLOCK = {"key": "ship/1Z", "due_in": "PT4H", "on_breach": {"kind": "shipment-late", "queue": "logistics", "money": 5}}


async def test_a_clock_warns_then_opens_one_case_then_closes_it_when_it_happens_after_all(database: Database) -> None:
    async with database.transaction(T) as tx:
        await call(tx, "sla-start", CLOCK)
        assert await sla.due(tx, T, NOW + timedelta(hours=2)) == 0
        assert await sla.due(tx, T, NOW + timedelta(hours=3)) == 1
        assert await sla.due(tx, T, NOW + timedelta(hours=4)) == 1
        assert await sla.due(tx, T, NOW + timedelta(hours=5)) == 0
        case = await the_case(tx)
        assert (case.kind, case.queue, case.money, case.status) == ("shipment-late", "logistics", 5, "open")
        stopped, _ = await call(tx, "sla-stop", {"key": "ship/1Z"})
        assert isinstance(stopped, Done)
        assert (await casework.get(tx, T, case.case_id)).status == "closed"
        assert [t for t in await published(tx) if t.startswith("sla")] == ["sla.warned", "sla.breached"]


async def test_a_promise_that_is_kept_makes_no_noise(database: Database) -> None:
    async with database.transaction(T) as tx:
        await call(tx, "sla-start", CLOCK)
        assert await call(tx, "sla-stop", {"key": "ship/1Z"}) is not None
        assert await sla.due(tx, T, NOW + timedelta(days=1)) == 0
        again, _ = await call(tx, "sla-stop", {"key": "nosuch"})
        assert again == Done({"key": "nosuch", "kept": None})
        assert await published(tx) == []


async def test_a_date_is_due_at_its_end_plus_grace(database: Database) -> None:
    async with database.transaction(T) as tx:
        begun, _ = await call(tx, "sla-start", {"key": "k", "due_on": "2026-03-10", "grace": "P1D", "due_in": "PT1H"})
        assert begun == Done({"key": "k", "due_at": "2026-03-12T00:00:00+00:00"})


async def test_a_worker_finds_what_is_due_in_every_tenant(database: Database) -> None:
    for tenant in (T, "castell"):
        async with database.transaction(tenant) as tx:
            await sla.start(tx, tenant, "SO-1", "k", LATER, NOW, on_breach={"kind": "late"})
    first = await sla.next_due(database)
    assert first == NOW + timedelta(minutes=45)
    assert await sla.run_due(database, NOW) == 0
    assert await sla.run_due(database, LATER) == 2
    assert await sla.next_due(database) is None


# ── audit ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_chain_is_whole_until_a_row_is_changed(database: Database, admin_dsn: str) -> None:
    async with database.transaction(T) as tx:
        for n in range(5):
            await audit.record(tx, T, "ann", "case.resolve", f"EX-{n}", {"amount": Decimal("1.10")})
        assert (await audit.verify(tx, T)).unsealed == 5
        assert await audit.seal(tx, T) == 5
        assert await audit.seal(tx, T) == 0
        await audit.record(tx, T, "bob", "hold.place", "HD-1", {})
        report = await audit.verify(tx, T)
        assert (report.sealed, report.unsealed, report.broken_at) == (5, 1, None)
    import asyncpg

    admin = await asyncpg.connect(admin_dsn)
    await admin.execute("update crossdock.audit set actor = 'eve' where link = 3")
    await admin.close()
    async with database.transaction(T) as tx:
        assert (await audit.verify(tx, T)).broken_at == 3


async def test_the_application_cannot_rewrite_the_trail(database: Database) -> None:
    import asyncpg

    for statement in ("update crossdock.audit set actor = 'x'", "delete from crossdock.audit"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction(T) as tx:
                await tx.execute(statement)
