"""Clocks on business calendars, look-ups and slots, in the transactions of a real database."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from crossdock import audit, exactjson, ids
from crossdock.cases import approvals, calendars, casework, functions, holds, messages, pausing, sla, tables, throttle
from crossdock.cases.hooks import People
from crossdock.db import Database, Tx
from crossdock.engine import columns
from crossdock.engine.turn import Turn
from crossdock.errors import Conflict, NotFound, PartnerError
from crossdock.flow.outcomes import Begun, Done, Failed, Invocation, Parked, Transactional
from crossdock.rules import Rulebook, reference

T = "norrland"
FRIDAY = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)  # 16:00 in Stockholm
H = timedelta(hours=1)
WEEK = {day: ["08:00-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
SITE = {"name": "site/north", "time_zone": "Europe/Stockholm", "hours": WEEK, "cutoffs": {"ship": "15:00"}}


async def instance(tx: Tx, order: str = "SO-1", tenant: str = T) -> UUID:
    await tx.execute(
        "insert into crossdock.definition (tenant_id, namespace, name, version, hash, source)"
        " values ($1, 'n', 'w', '1', '', '') on conflict do nothing",
        tenant,
    )
    instance_id = ids.new()
    await tx.execute(
        "insert into crossdock.instance (tenant_id, instance_id, namespace, name, version, business_key, traceparent)"
        " values ($1, $2, 'n', 'w', '1', $3, '')",
        tenant, instance_id, order,
    )  # fmt: skip
    return instance_id


async def call(
    tx: Tx, function: str, arguments: Any, instance_id: UUID, at: str = "/do/0/x#1", now: datetime = FRIDAY,
    order: str = "SO-1", tenant: str = T,
) -> Begun:  # fmt: skip
    # a new one each time: what look-ups remember is of one process, which knows one database
    found = functions.catalogue(Rulebook([]), messages.load())[function]
    assert isinstance(found, Transactional)
    invocation = Invocation(
        tenant_id=tenant, instance_id=instance_id, at=at, key=f"{instance_id}{at}", function=function,
        arguments=arguments, business_key=order, now=now,
    )  # fmt: skip
    return await found.start(tx, invocation)


async def heard(tx: Tx, instance_id: UUID) -> list[Any]:
    rows = await tx.fetch(
        "select kind, body from crossdock.fact where tenant_id = $1 and instance_id = $2 order by fact_id",
        T, instance_id,
    )  # fmt: skip
    return [(r["kind"], exactjson.loads(r["body"])) for r in rows]


async def told(tx: Tx) -> list[str]:
    rows = await tx.fetch("select type from crossdock.event where tenant_id = $1 order by seq", T)
    return [r["type"].removeprefix("crossdock.") for r in rows if ".sla." in r["type"]]


async def clock(tx: Tx, key: str = "ship") -> sla.Clock:
    [found] = [c for c in await sla.of_order(tx, T, "SO-1") if c.key == key]
    return found


# ── calendars ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_calendar_is_kept_by_version_and_every_change_is_in_the_audit_trail(database: Database) -> None:
    async with database.transaction(T) as tx:
        first, new = await calendars.put(tx, T, SITE, "ann", FRIDAY)
        assert (first.version, new) == (1, True)
        assert (await calendars.put(tx, T, SITE, "bob", FRIDAY))[1] is False
        closed = {**SITE, "closures": [{"on": "2026-03-09"}]}
        assert (await calendars.put(tx, T, closed, "bob", FRIDAY))[0].version == 2
        assert (await calendars.get(tx, T, "site/north", 1)).closed_for(date(2026, 3, 9)) is None
        assert (await calendars.get(tx, T, "site/north")).closed_for(date(2026, 3, 9)) == "closed"
        assert [s.put_by for s in await calendars.every(tx, T)] == ["bob"]
        assert [e.actor for e in await audit.entries(tx, T, object_id="site/north")] == ["bob", "ann"]
        with pytest.raises(PartnerError):
            await calendars.put(tx, T, {**SITE, "time_zone": "Sweden"}, "ann", FRIDAY)
        with pytest.raises(PartnerError):
            await calendars.put(tx, T, {**SITE, "name": "always"}, "ann", FRIDAY)
    async with database.transaction("castell") as tx:
        assert await calendars.every(tx, "castell") == []
        with pytest.raises(NotFound):
            await calendars.get(tx, T, "site/north")  # row security decides, not the name of the tenant


@pytest.mark.parametrize("table", ["calendar", "reference_table", "reference_row", "run_policy"])
async def test_what_was_put_cannot_be_edited(database: Database, table: str) -> None:
    async with database.transaction(T) as tx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.execute(f"update crossdock.{table} set put_by = 'x'" if table != "reference_row"
                             else "update crossdock.reference_row set body = '{}'")  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "due_at"),
    [
        ({"due_in": "PT2H"}, "2026-03-09T08:00:00+00:00"),  # an hour on Friday, one on Monday
        ({"by": "cut-off", "cutoff": "ship"}, "2026-03-09T14:00:00+00:00"),  # Friday's was at 15:00
        ({"business_days": 1, "cutoff": "ship"}, "2026-03-10T16:00:00+00:00"),
        ({"business_days": 1}, "2026-03-09T16:00:00+00:00"),
        ({"due_on": "2026-03-07"}, "2026-03-09T16:00:00+00:00"),  # a Saturday: Monday's closing
        ({"due_on": "2026-03-10", "grace": "PT1H"}, "2026-03-11T08:00:00+00:00"),
    ],
)
async def test_a_clock_is_due_by_the_sites_calendar(database: Database, arguments: dict[str, Any], due_at: str) -> None:
    async with database.transaction(T) as tx:
        await calendars.put(tx, T, SITE, "ann", FRIDAY)
        names = ["site/none", "site/north", "always"]
        begun = await call(tx, "sla-start", {"key": "ship", "calendar": names, **arguments}, await instance(tx))
        assert begun == Done({"key": "ship", "due_at": due_at, "calendar": "site/north", "calendar_version": 1})


async def test_the_same_words_bind_cases_and_approvals(database: Database) -> None:
    async with database.transaction(T) as tx:
        await calendars.put(tx, T, SITE, "ann", FRIDAY)
        instance_id = await instance(tx)
        on = {"calendar": "site/north", "due_in": "PT2H"}
        await call(tx, "case", {"kind": "k", "queue": "q", "title": "t", **on}, instance_id)
        await call(tx, "approval", {"title": "t", **on, "expires_in": "PT10H"}, instance_id, "/do/0/y#1")
        [case] = (await casework.find(tx, T, casework.Filter())).items
        [approval] = (await approvals.find(tx, T)).items
        assert case.due_at == approval.due_at == datetime(2026, 3, 9, 8, tzinfo=UTC)
        assert approval.expires_at == datetime(2026, 3, 9, 16, tzinfo=UTC)
        assert await sla.due(tx, T, datetime(2026, 3, 9, 15, 59, tzinfo=UTC)) == 0
        assert await sla.due(tx, T, datetime(2026, 3, 9, 16, 0, tzinfo=UTC)) == 1
        assert [b["output"]["outcome"] for _, b in await heard(tx, instance_id)] == ["expired"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"due_in": "PT1H", "calendar": "site/south"}, "name a calendar of the tenant, found 'site/south'"),
        ({"by": "cut-off", "calendar": "site/north"}, r"a cut-off of calendar 'site/north' \(ship\), found 'order'"),
        ({"due_in": "PT1H", "calendar": "closed"}, "expected calendar 'closed' to open within 3 years"),
        ({"business_days": 2}, "expected `calendar` beside `business_days`"),
        ({"due_in": "P90000D", "calendar": "site/north"}, "within 40 years"),
    ],
)  # fmt: skip
async def test_a_promise_that_cannot_be_counted_is_refused_and_starts_nothing(
    database: Database, arguments: dict[str, Any], said: str
) -> None:
    async with database.transaction(T) as tx:
        await calendars.put(tx, T, SITE, "ann", FRIDAY)
        await calendars.put(tx, T, {**SITE, "name": "closed", "hours": {}}, "ann", FRIDAY)
        begun = await call(tx, "sla-start", {"key": "ship", **arguments}, await instance(tx))
        assert isinstance(begun, Failed)
        assert re.search(said, begun.error.detail), begun.error.detail
        assert await sla.of_order(tx, T, "SO-1") == []


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────

CLOCK = {"key": "ship", "calendar": "site/north", "due_in": "PT8H", "pause_on_hold": True,
         "on_breach": {"kind": "late", "queue": "logistics"}}  # fmt: skip


async def test_a_clock_warns_and_breaks_each_once_while_the_workflow_goes_on(database: Database) -> None:
    async with database.transaction(T) as tx:
        await calendars.put(tx, T, SITE, "ann", FRIDAY)
        begun = await call(tx, "sla-start", {**CLOCK, "warn_before": "PT2H"}, await instance(tx))
        assert isinstance(begun, Done)  # it never parks
        monday = datetime(2026, 3, 9, 7, tzinfo=UTC)  # 08:00: one of eight hours is gone
        assert (await clock(tx)).due_at == monday + 7 * H
        for moment, things in ((5 * H - H / 60, 0), (5 * H, 1), (6 * H, 0), (7 * H, 1), (8 * H, 0)):
            assert await sla.due(tx, T, monday + moment) == things, moment
        assert await told(tx) == ["sla.warned", "sla.breached"]
        assert (await casework.find(tx, T, casework.Filter())).total == 1


async def test_a_clock_stands_still_while_its_order_is_held_and_goes_on_with_what_was_left(database: Database) -> None:
    async with database.transaction(T) as tx:
        await calendars.put(tx, T, SITE, "ann", FRIDAY)
        await call(tx, "sla-start", CLOCK, await instance(tx))
        hold = await holds.place(tx, T, "order", "SO-1", kind="k", reason="credit", by="ann", now=FRIDAY)
        assert (await clock(tx)).status == "paused"
        tuesday = datetime(2026, 3, 10, 10, tzinfo=UTC)
        assert await sla.due(tx, T, tuesday) == 0
        await holds.release(tx, T, hold.hold_id, "ann", "", tuesday)
        now = await clock(tx)
        # eight hours were left: six until 17:00 on Tuesday, two on Wednesday
        assert (now.status, now.due_at) == ("running", datetime(2026, 3, 11, 9, tzinfo=UTC))
        assert await told(tx) == ["sla.paused", "sla.resumed"]


async def test_a_step_parked_on_a_customers_hold_pauses_the_orders_clocks_until_it_goes_on(database: Database) -> None:
    async with database.transaction(T) as tx:
        await call(tx, "sla-start", {"key": "ship", "due_in": "PT8H", "pause_on_hold": True}, await instance(tx))
        await call(tx, "sla-start", {"key": "pay", "due_in": "PT8H"}, await instance(tx))
        hold = await holds.place(tx, T, "customer", "C-1", kind="k", reason="credit", by="ann", now=FRIDAY)
        waiting = await instance(tx)
        assert isinstance(await call(tx, "hold", {"customer": "C-1"}, waiting, now=FRIDAY + H), Parked)
        assert [(await clock(tx, k)).status for k in ("ship", "pay")] == ["paused", "running"]
        await holds.release(tx, T, hold.hold_id, "ann", "", FRIDAY + 3 * H)
        assert (await clock(tx)).due_at == FRIDAY + 10 * H
        await holds.place(tx, T, "customer", "C-1", kind="k", reason="credit", by="ann", now=FRIDAY + 3 * H)
        await call(tx, "hold", {"customer": "C-1"}, waiting, "/do/1/x#1", FRIDAY + 3 * H)
        await People().withdraw(tx, T, waiting, "/do/1/x#1", FRIDAY + 4 * H)  # cancelled while it was held
        assert (await clock(tx)).due_at == FRIDAY + 11 * H


async def test_a_clock_started_on_an_order_that_is_held_stands_still_at_once(database: Database) -> None:
    async with database.transaction(T) as tx:
        await holds.place(tx, T, "order", "SO-1", kind="k", reason="credit", by="ann", now=FRIDAY)
        await call(tx, "sla-start", {"key": "ship", "due_in": "PT8H", "pause_on_hold": True}, await instance(tx))
        assert (await clock(tx)).status == "paused"
        stopped = await call(tx, "sla-stop", {"key": "ship"}, await instance(tx), now=FRIDAY + 100 * H)
        assert stopped == Done({"key": "ship", "kept": True})


async def test_a_workflow_pauses_a_clock_for_its_own_reason_beside_a_hold(database: Database) -> None:
    async with database.transaction(T) as tx:
        me = await instance(tx)
        await call(tx, "sla-start", {"key": "ship", "due_in": "PT8H", "pause_on_hold": True}, me)
        assert await call(tx, "sla-pause", {"key": "ship"}, me, now=FRIDAY + H) == Done({"key": "ship", "paused": True})
        hold = await holds.place(tx, T, "order", "SO-1", kind="k", reason="credit", by="ann", now=FRIDAY + 2 * H)
        resumed = await call(tx, "sla-resume", {"key": "ship"}, me, now=FRIDAY + 3 * H)
        assert resumed == Done({"key": "ship", "due_at": None})  # the hold still stands
        await holds.release(tx, T, hold.hold_id, "ann", "", FRIDAY + 5 * H)
        assert (await clock(tx)).due_at == FRIDAY + 12 * H
        assert await call(tx, "sla-pause", {"key": "none"}, me) == Done({"key": "none", "paused": None})


async def test_a_broken_promise_is_not_mended_by_standing_still_and_a_warned_one_stays_warned(
    database: Database,
) -> None:
    async with database.transaction(T) as tx:
        await call(tx, "sla-start", {"key": "ship", "due_in": "PT8H"}, await instance(tx))
        assert await sla.due(tx, T, FRIDAY + 7 * H) == 1
        assert await pausing.pause(tx, T, "SO-1", "ship", "r", FRIDAY + 7 * H)
        await pausing.resume(tx, T, "SO-1", "ship", "r", FRIDAY + 9 * H)
        assert (await clock(tx)).status == "warned"
        assert await sla.due(tx, T, FRIDAY + 9 * H) == 0
        assert await pausing.pause(tx, T, "SO-1", "ship", "r", FRIDAY + 10 * H) is False
        assert await sla.due(tx, T, FRIDAY + 10 * H) == 1
        assert await told(tx) == ["sla.warned", "sla.paused", "sla.resumed", "sla.breached"]


@pytest.mark.parametrize("status", ["completed", "faulted", "cancelled"])
async def test_an_instance_that_ends_takes_its_clocks_with_it(database: Database, status: str) -> None:
    async with database.transaction(T) as tx:
        me, other = await instance(tx), await instance(tx)
        await call(tx, "sla-start", {"key": "ship", "due_in": "PT1H"}, me)
        await call(tx, "sla-start", {"key": "held", "due_in": "PT1H"}, me)
        await pausing.pause(tx, T, "SO-1", "held", "r", FRIDAY)
        await call(tx, "sla-start", {"key": "other", "due_in": "PT1H"}, other)
        await tx.execute(
            "update crossdock.instance set status = $3, ended_at = $4 where tenant_id = $1 and instance_id = $2",
            T, me, status, FRIDAY,
        )  # fmt: skip
        assert {c.key: c.status for c in await sla.of_order(tx, T, "SO-1")} == {
            "ship": "stopped", "held": "stopped", "other": "running",
        }  # fmt: skip
        assert await sla.due(tx, T, FRIDAY + 2 * H) == 1  # the other's breach alone


# ── look-ups ─────────────────────────────────────────────────────────────────────────────────────────────────────


def skus(factor: str, effective_from: datetime | None = None) -> reference.Table:
    return reference.read_csv(
        f"customer,theirs,sku,factor\nC-1,X1,A-1,{factor}\n", "skus", ["customer", "theirs"],
        {c: reference.Kind.TEXT for c in ("customer", "theirs", "sku")} | {"factor": reference.Kind.DECIMAL},
        effective_from,
    )  # fmt: skip


KEY = {"customer": "C-1", "theirs": "X1"}
MISSING = {"customer": "C-1", "theirs": "X2"}


async def test_a_look_up_gives_the_row_exactly_and_names_the_edition(database: Database) -> None:
    async with database.transaction(T) as tx:
        me = await instance(tx)
        assert await tables.put(tx, T, skus("0.10"), "ann", FRIDAY) == (1, True)
        assert await tables.put(tx, T, skus("0.10"), "ann", FRIDAY) == (1, False)
        found = await call(tx, "lookup", {"table": "skus", "key": KEY}, me)
        assert isinstance(found, Done)
        assert found.output == {
            "found": True, "table": "skus", "edition": 1,
            "value": {"customer": "C-1", "theirs": "X1", "sku": "A-1", "factor": Decimal("0.10")},
        }  # fmt: skip
        assert str(found.output["value"]["factor"]) == "0.10"
        assert await call(tx, "lookup", {"table": "skus", "key": ["C-1", "X1"]}, me) == found


async def test_an_edition_counts_from_its_time_and_an_earlier_one_stays_to_be_asked(database: Database) -> None:
    async with database.transaction(T) as tx:
        me = await instance(tx)
        await tables.put(tx, T, skus("1"), "ann", FRIDAY)
        await tables.put(tx, T, skus("2", FRIDAY + 5 * H), "ann", FRIDAY)

        async def factor(now: datetime = FRIDAY, **more: Any) -> Any:
            begun = await call(tx, "lookup", {"table": "skus", "key": KEY, **more}, me, now=now)
            assert isinstance(begun, Done)
            return begun.output["value"]["factor"]

        assert [await factor(), await factor(FRIDAY + 5 * H)] == [1, 2]
        assert await factor(FRIDAY + 9 * H, as_of=(FRIDAY + 4 * H).isoformat()) == 1
        assert await factor(FRIDAY, edition=2) == 2


async def test_a_row_that_is_not_there_fails_defaults_or_asks(database: Database) -> None:
    async with database.transaction(T) as tx:
        me = await instance(tx)
        await tables.put(tx, T, skus("1"), "ann", FRIDAY)
        wanted = {"table": "skus", "key": MISSING}
        failed = await call(tx, "lookup", wanted, me)
        assert isinstance(failed, Failed)
        assert (failed.error.status, failed.error.detail) == (
            404, """expected a row ["C-1","X2"] in table 'skus', edition 1, found none""",
        )  # fmt: skip
        default = await call(tx, "lookup", {**wanted, "default": {"sku": None}}, me)
        assert default == Done({"found": False, "value": {"sku": None}, "table": "skus", "edition": 1})
        for table, key in (("nosuch", MISSING), ("skus", "X1"), ("skus", {"theirs": "X1"})):
            assert isinstance(await call(tx, "lookup", {"table": table, "key": key}, me), Failed)


async def test_a_person_adds_the_row_or_gives_it_once_or_gives_up(database: Database) -> None:
    wanted = {"table": "skus", "key": MISSING, "missing": "case"}
    async with database.transaction(T) as tx:
        me = await instance(tx)
        await tables.put(tx, T, skus("1"), "ann", FRIDAY)
        for n in range(3):
            assert isinstance(await call(tx, "lookup", wanted, me, f"/do/{n}/x#1"), Parked)
        cases = sorted((await casework.find(tx, T, casework.Filter())).items, key=lambda c: c.number)
    with pytest.raises(Conflict, match="still has no row"):
        async with database.transaction(T) as tx:
            await casework.resolve(tx, T, cases[0].case_id, "again", "ann", FRIDAY)
    async with database.transaction(T) as tx:
        text = "customer,theirs,sku,factor\nC-1,X2,B-2,3\n"
        await tables.put(
            tx, T, reference.read_csv(text, "skus", ["customer", "theirs"], skus("1").columns), "ann", FRIDAY
        )
        await casework.resolve(tx, T, cases[0].case_id, "again", "ann", FRIDAY + H)
        await casework.resolve(tx, T, cases[1].case_id, "use", "ann", FRIDAY + H, data={"sku": "C-3"})
        await casework.resolve(tx, T, cases[2].case_id, "give-up", "ann", FRIDAY + H, note="unknown article")
        (_, row), (_, once), (kind, gone) = await heard(tx, me)
        assert (row["output"]["value"]["sku"], row["output"]["edition"]) == ("B-2", 2)
        assert (once["output"]["value"]["sku"], once["output"]["edition"]) == ("C-3", None)
        assert (kind, gone["error"]["detail"]) == ("CallFailed", "unknown article")


async def test_what_is_remembered_is_by_tenant_and_edition(database: Database) -> None:
    memory = tables.Memory(2)
    for tenant, factor in ((T, "1"), ("castell", "2")):
        async with database.transaction(tenant) as tx:
            await tables.put(tx, tenant, skus(factor), "ann", FRIDAY)
    for _ in range(2):
        for tenant, factor in ((T, 1), ("castell", 2)):
            async with database.transaction(tenant) as tx:
                edition = await tables.get(tx, tenant, "skus", FRIDAY)
                row = await memory.row(tx, tenant, edition, edition.key(KEY))
                assert row["factor"] == factor
                row["factor"] = None  # a copy: nobody else sees it
    assert memory.hits == 2


# ── slots ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_slots_are_spaced_in_the_order_of_asking(database: Database) -> None:
    pace = {"key": "labels", "limit": 3, "per": "PT1M"}
    async with database.transaction(T) as tx:
        begun = [await call(tx, "throttle", pace, await instance(tx)) for _ in range(4)]
        assert begun[0] == Done({"key": "labels", "slot_at": FRIDAY.isoformat(), "waited_ms": 0})
        assert all(isinstance(b, Parked) for b in begun[1:])
        assert await throttle.release(tx, T, FRIDAY + timedelta(seconds=19.9)) == 0
        assert await throttle.release(tx, T, FRIDAY + timedelta(seconds=40)) == 2
        assert await throttle.release(tx, T, FRIDAY + timedelta(seconds=59.9)) == 0
        assert await throttle.release(tx, T, FRIDAY + timedelta(seconds=60)) == 1
        later = await call(tx, "throttle", pace, await instance(tx), now=FRIDAY + timedelta(hours=1))
        assert isinstance(later, Done)


async def test_a_burst_goes_together_after_a_quiet_time(database: Database) -> None:
    async with database.transaction(T) as tx:
        pace = {"key": "k", "limit": 60, "per": "PT1M", "burst": 3}
        begun = [await call(tx, "throttle", pace, await instance(tx)) for _ in range(5)]
        assert [type(b) for b in begun] == [Done, Done, Done, Parked, Parked]
        assert await throttle.release(tx, T, FRIDAY + timedelta(seconds=1)) == 1


async def test_who_would_wait_too_long_is_refused_and_spends_nothing(database: Database) -> None:
    async with database.transaction(T) as tx:
        pace = {"key": "k", "limit": 1, "per": "PT1M", "max_wait": "PT1M"}
        begun = [await call(tx, "throttle", pace, await instance(tx)) for _ in range(4)]
        assert [type(b) for b in begun] == [Done, Parked, Failed, Failed]
        again = await call(tx, "throttle", {**pace, "max_wait": "PT2M"}, await instance(tx))
        assert isinstance(again, Parked)


async def test_who_is_cancelled_gives_its_slot_to_nobody_and_nobody_loses_one(database: Database) -> None:
    async with database.transaction(T) as tx:
        pace = {"key": "k", "limit": 1, "per": "PT1M"}
        callers = [await instance(tx) for _ in range(3)]
        for caller in callers:
            await call(tx, "throttle", pace, caller)
        await People().withdraw(tx, T, callers[1], "/do/0/x#1", FRIDAY)
        assert await throttle.release(tx, T, FRIDAY + timedelta(minutes=1)) == 0
        assert await throttle.release(tx, T, FRIDAY + timedelta(minutes=2)) == 1
        assert len(await heard(tx, callers[2])) == 1
        assert await heard(tx, callers[1]) == []


async def test_simulated_time_may_jump_to_the_next_slot(database: Database) -> None:
    async with database.transaction(T) as tx:
        for _ in range(2):
            await call(tx, "throttle", {"key": "k", "limit": 1, "per": "PT1M"}, await instance(tx))
    assert await sla.next_due(database) == FRIDAY + timedelta(minutes=1)
    assert await sla.run_due(database, FRIDAY + timedelta(minutes=1)) == 1
    assert await sla.next_due(database) is None


async def test_tenants_do_not_share_a_pace(database: Database) -> None:
    for tenant in (T, "castell"):
        async with database.transaction(tenant) as tx:
            mine = await instance(tx, tenant=tenant)
            assert isinstance(
                await call(tx, "throttle", {"key": "k", "limit": 1, "per": "P1D"}, mine, tenant=tenant), Done
            )


def test_paced_calls_that_commit_together_take_their_keys_in_one_order() -> None:
    def turn(key: str) -> Turn:
        instance_id = ids.new()
        asked = Invocation(
            tenant_id=T, instance_id=instance_id, at="/do/0/x#1", key="k", function="throttle",
            arguments={"key": key, "limit": 1, "per": "PT1M"}, business_key="", now=FRIDAY,
        )  # fmt: skip
        made = Turn(T, instance_id, 0, FRIDAY)
        made.begin = [(functions.Throttle(), asked)]
        return made

    here, there = columns.keys([turn("labels"), turn("mails")]), columns.keys([turn("mails"), turn("labels")])
    assert here == there == sorted(here)
    assert len(here) == 2


async def test_a_clock_that_a_turn_has_in_hand_does_not_hold_up_what_is_due(database: Database) -> None:
    """As when its instance is just ending: that turn may want, next, what the look at what is due has locked."""
    async with database.transaction(T) as tx:
        for key in ("pick", "ship"):
            await sla.start(tx, T, "SO-1", key, FRIDAY + H, FRIDAY, warn_at=Decimal(1))
    async with asyncio.timeout(20), database.transaction(T) as turn:
        await turn.execute("update crossdock.sla_clock set on_breach = '{}' where tenant_id = $1 and key = 'pick'", T)
        assert await sla.run_due(database, FRIDAY + 2 * H) == 1
    async with database.transaction(T) as tx:
        assert [(await clock(tx, key)).status for key in ("pick", "ship")] == ["running", "breached"]
    assert await sla.run_due(database, FRIDAY + 2 * H) == 1
