"""What operators do to instances, on the durable host: nothing is lost, nothing is made twice, history still folds."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from crossdock import audit, exactjson, ids
from crossdock.clock import Clock
from crossdock.db import Tx
from crossdock.engine import operations
from crossdock.engine.definitions import Programs
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Point, Silent
from crossdock.engine.live import FACTS
from crossdock.engine.operations import Command, Kind, Selection, jobs
from crossdock.engine.operations.command import Repeat
from crossdock.engine.worker import Worker
from crossdock.errors import Conflict, PartnerError
from crossdock.flow import restart
from crossdock.flow import state as states
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Absent, Done, Failed, Unknown

from .conftest import TENANT, Host, Remote

REFUSED = Failed(Error("https://crossdock.dev/errors/refused", 422, "Refused", "no such site"))

ORDER = """
document: {dsl: '1.0.3', namespace: test, name: order, version: '1.0.0'}
do:
  - reserve:
      call: wms.reserve@crossdock
      with: {sku: '${ .sku }'}
      metadata: {crossdock: {compensate: {function: wms.cancel, arguments: {of: '${ $output.of.sku }'}}}}
      export: {as: '${ {reserved: .} }'}
  - heard:
      listen:
        to:
          one:
            with: {type: test.paid}
            correlate: {order: {from: '${ .data.order }', expect: '${ $workflow.input.order }'}}
  - book:
      input: {from: '${ {site: "M"} }'}
      call: carrier.book@crossdock
      with: {site: '${ .site }'}
"""
NEXT = ORDER.replace("1.0.0", "1.1.0").replace("- reserve:", "- log: {set: '${ . }'}\n  - reserve:")
BROKEN = ORDER.replace("1.0.0", "2.0.0").replace("test.paid", "test.settled")


@dataclass
class Told(Silent):
    faults: list[str] = field(default_factory=list)
    closed: list[UUID] = field(default_factory=list)

    async def faulted(
        self, tx: Tx, tenant_id: str, instance_id: UUID, business_key: str, detail: str, now: datetime
    ) -> None:
        self.faults.append(detail)

    async def reopened(self, tx: Tx, tenant_id: str, instance_id: UUID, now: datetime) -> None:
        self.closed.append(instance_id)


@dataclass
class Desk:
    """An operator's desk beside a host whose systems are in the test's hands."""

    host: Host
    wms: Remote = field(default_factory=lambda: Remote(system="wms"))
    cancel: Remote = field(default_factory=lambda: Remote(system="wms"))
    carrier: Remote = field(default_factory=lambda: Remote(system="carrier"))
    told: Told = field(default_factory=Told)
    programs: Programs = field(default_factory=Programs)

    async def do(self, i: UUID, kind: Kind, *, mark: str | None = None, **more: Any) -> operations.Preview:
        async with self.host.db.transaction(TENANT) as tx:
            command = Command(kind=kind, **more)
            return await operations.perform(tx, TENANT, i, command, "ana", self.programs, self.told, mark=mark)

    async def look(self, i: UUID, kind: Kind, **more: Any) -> operations.Preview:
        async with self.host.db.transaction(TENANT) as tx:
            return await operations.preview(tx, TENANT, i, Command(kind=kind, **more), self.programs)

    async def many(self, command: Command, **selection: Any) -> tuple[jobs.Job, list[operations.Preview]]:
        async with self.host.db.transaction(TENANT) as tx:
            return await operations.preview_many(tx, TENANT, Selection(**selection), command, "ana", self.programs)

    async def apply(self, job: jobs.Job) -> None:
        async with self.host.db.transaction(TENANT) as tx:
            await operations.apply(tx, TENANT, job.job_id, job.token, "ana")

    async def job(self, job: jobs.Job) -> jobs.Job:
        async with self.host.db.transaction(TENANT) as tx:
            return await operations.get_job(tx, TENANT, job.job_id)

    async def start(self, order: str = "SO-1", source: str = ORDER) -> UUID:
        d = await self.host.publish(source)
        return await self.host.start(d, {"sku": "A", "order": order}, order)

    async def pay(self, order: str = "SO-1") -> None:
        assert await self.host.send("test.paid", {"order": order}, id=f"paid-{order}") == "accepted"

    async def status(self, i: UUID) -> str:
        return str((await self.host.instance(i))["status"])

    async def faulted(self, order: str = "SO-1") -> UUID:
        """Reserved and paid; the carrier refused."""
        self.carrier.performed.append(REFUSED)
        i = await self.start(order)
        await self.pay(order)
        await self.host.run()
        assert await self.status(i) == "faulted"
        return i

    async def folds(self, i: UUID) -> bool:
        async with self.host.db.transaction(TENANT) as tx:
            facts = [
                msgspec.convert(exactjson.loads(r["fact"]), FACTS[r["kind"]])
                for r in await tx.fetch(
                    "select kind, fact from crossdock.history where instance_id = $1 order by seq", i
                )
            ]
            row = await tx.fetchrow("select name, version, state from crossdock.instance where instance_id = $1", i)
            assert row is not None
            known = {v: await self.programs.get(tx, TENANT, "test", row["name"], v) for v in ("1.0.0", row["version"])}
        state = restart.fold(known.__getitem__, row["version"], facts)
        return state is not None and states.canonical(state) == states.canonical(states.load(row["state"]))


@pytest.fixture
async def desk(host: Host) -> Desk:
    desk = Desk(host)
    host.functions = {"wms.reserve": desk.wms, "wms.cancel": desk.cancel, "carrier.book": desk.carrier}
    host.hooks = desk.told
    return desk


async def test_a_suspended_instance_stands_still_and_hears_everything_in_order_once_resumed(desk: Desk) -> None:
    i = await desk.start()
    await desk.host.run()
    await desk.do(i, Kind.SUSPEND, reason="look")
    await desk.host.run()
    assert await desk.status(i) == "suspended"
    await desk.pay()
    await desk.host.run()
    assert desk.carrier.asked == []
    await desk.do(i, Kind.SUSPEND, reason="again")  # a second time changes nothing
    await desk.do(i, Kind.RESUME)
    await desk.host.run()
    assert (await desk.status(i), len(desk.carrier.asked)) == ("completed", 1)
    assert await desk.folds(i)


async def test_a_call_in_flight_finishes_is_recorded_and_moves_nothing_before_the_instance_is_resumed(
    desk: Desk,
) -> None:
    async def meanwhile(_: object) -> None:
        desk.wms.before = None
        await desk.do(i, Kind.SUSPEND)

    desk.wms.before = meanwhile
    await desk.host.publish(ORDER)
    await desk.pay()
    i = await desk.start()
    await desk.host.run()
    assert await desk.status(i) == "suspended"
    calls = await desk.host.rows("select at, state from crossdock.call where instance_id = $1", i)
    assert [c["state"] for c in calls] == ["done"]
    assert desk.carrier.asked == []
    await desk.do(i, Kind.RESUME)
    await desk.host.run()
    assert (await desk.status(i), len(desk.wms.asked)) == ("completed", 1)
    assert await desk.folds(i)


async def test_a_call_in_doubt_is_looked_up_while_suspended_and_made_again_only_afterwards(desk: Desk) -> None:
    async def meanwhile(_: object) -> None:
        desk.wms.before = None
        await desk.do(i, Kind.SUSPEND)

    desk.wms.before, desk.wms.performed, desk.wms.probed = meanwhile, [Unknown("cut")], [Absent()]
    i = await desk.start()
    async with desk.host.working():
        await desk.host.until(lambda: suspended(desk, i))
        await desk.host.later(minutes=5)
        await desk.host.until(lambda: answered(desk, i, "retry"))
    assert [a[0] for a in desk.wms.asked] == ["perform", "probe"]
    await desk.do(i, Kind.RESUME)
    await desk.pay()
    await desk.host.run()
    assert [a[0] for a in desk.wms.asked] == ["perform", "probe", "perform"]
    assert await desk.status(i) == "completed"


async def suspended(desk: Desk, i: UUID) -> bool:
    return await desk.status(i) == "suspended"


async def answered(desk: Desk, i: UUID, state: str) -> bool:
    rows = await desk.host.rows("select state from crossdock.call where instance_id = $1", i)
    return [r["state"] for r in rows] == [state]


async def test_a_faulted_instance_is_retried_with_edited_data_and_ends_once_more(desk: Desk) -> None:
    i = await desk.faulted()
    shown = await desk.look(i, Kind.RETRY, data={"site": "N"})
    assert [(line.task, line.fate, line.new_key) for line in shown.lines] == [("book", "repeat", True)]
    await desk.do(i, Kind.RETRY, data={"site": "N"}, mark=shown.mark)
    assert desk.told.closed == [i]
    await desk.host.run()
    keys = [a[1].removeprefix(str(i)) for a in desk.carrier.asked]
    assert keys == ["/do/2/book#1", "/do/2/book#2"]
    assert len(desk.wms.asked) == 1, "the reservation stands, and is not made again"
    assert await desk.status(i) == "completed"
    assert await desk.folds(i)
    async with desk.host.db.transaction(TENANT) as tx:
        record = (await audit.entries(tx, TENANT, object_id=str(i)))[0]
    assert (record.actor, record.action) == ("ana", "instance.retry")
    assert record.detail["command"]["data"] == {"site": "N"}
    assert "input" in record.detail["before"]


@pytest.mark.parametrize("point", list(Point))
async def test_a_retry_whose_turn_breaks_off_is_applied_once_and_its_call_made_once(desk: Desk, point: Point) -> None:
    i = await desk.faulted()
    await desk.do(i, Kind.RETRY, data={"site": "N"})
    # what was recorded as asked, and of which nobody here has heard, is looked up before anything is made again
    desk.carrier.probed.append(Done({"ok": True}) if point is Point.AFTER_EFFECT else Absent())
    broken = False

    def crash(where: Point) -> None:
        nonlocal broken
        if where is point and not broken:
            broken = True
            raise RuntimeError("broken off")

    worker = Worker(desk.host.db, Functions(desk.host.functions, {}), Clock(), desk.told, crash=crash)
    running = asyncio.create_task(worker.run())

    async def went() -> bool:
        return broken

    await desk.host.until(went)
    worker.stop()
    await asyncio.wait({running})  # a worker that cannot read what it claimed ends with the error
    await desk.host.run()
    assert await desk.status(i) == "completed"
    made = [a[1].removeprefix(str(i)) for a in desk.carrier.asked if a[0] == "perform"]
    assert made == ["/do/2/book#1", "/do/2/book#2"]
    restarts = await desk.host.rows("select 1 from crossdock.history where instance_id = $1 and kind = 'Restarted'", i)
    assert len(restarts) == 1
    assert await desk.folds(i)


async def test_what_was_previewed_is_done_or_nothing_is(desk: Desk) -> None:
    i = await desk.faulted()
    shown = await desk.look(i, Kind.RETRY)
    await desk.do(i, Kind.RETRY)
    with pytest.raises(Conflict, match="changed since"):
        await desk.do(i, Kind.RETRY, mark=shown.mark)
    await desk.host.run()
    assert [a[1].removeprefix(str(i)) for a in desk.carrier.asked] == ["/do/2/book#1", "/do/2/book#2"]


async def test_a_restart_takes_effects_and_events_from_the_record_unless_told_to_repeat(desk: Desk) -> None:
    i = await desk.faulted()
    shown = await desk.look(i, Kind.RESTART, at="reserve")
    assert {line.task: line.fate for line in shown.lines} == {"reserve": "reuse", "book": "repeat"}
    await desk.do(i, Kind.RESTART, at="reserve")
    await desk.host.run()
    assert (await desk.status(i), len(desk.wms.asked), len(desk.carrier.asked)) == ("completed", 1, 2)
    assert await desk.folds(i)
    j = await desk.faulted("SO-2")
    await desk.do(j, Kind.RESTART, at="reserve", repeat=Repeat.ALL)
    await desk.host.run()
    assert [a[1].removeprefix(str(j)) for a in desk.wms.asked[1:]] == ["/do/0/reserve#1", "/do/0/reserve#2"]
    assert await desk.status(j) == "completed"


async def test_a_restart_is_refused_while_an_outcome_is_unknown(desk: Desk) -> None:
    i = await desk.faulted()
    async with desk.host.db.transaction(TENANT) as tx:
        await tx.execute("update crossdock.call set state = 'unknown' where at = '/do/0/reserve#1'")
    with pytest.raises(Conflict, match="outcome is not known"):
        await desk.do(i, Kind.RESTART, at="reserve")
    await desk.do(i, Kind.RETRY)  # which leaves the reservation alone
    await desk.host.run()
    assert len(desk.carrier.asked) == 2


async def test_cancelling_undoes_what_was_done_or_leaves_it_standing(desk: Desk) -> None:
    i, j = await desk.start("SO-1"), await desk.start("SO-2")
    await desk.host.run()
    shown = await desk.look(i, Kind.CANCEL, reason="wrong", compensate=True)
    assert ("reserve", "undo", "undone by wms.cancel") in [(line.task, line.fate, line.why) for line in shown.lines]
    shown = await desk.look(j, Kind.CANCEL, reason="wrong")
    assert {line.task: line.fate for line in shown.lines} == {"reserve": "stands", "heard": "stops"}
    await desk.do(i, Kind.CANCEL, reason="wrong", compensate=True)
    await desk.do(j, Kind.CANCEL, reason="wrong")
    await desk.host.run()
    assert [await desk.status(x) for x in (i, j)] == ["cancelled", "cancelled"]
    assert [a[1] for a in desk.cancel.asked] == [f"{i}/do/0/reserve#1~undo"]
    assert await desk.host.rows("select 1 from crossdock.subscription") == []
    assert await desk.folds(i)
    with pytest.raises(Conflict, match="found cancelled"):
        await desk.do(i, Kind.RETRY)


async def test_an_instance_goes_on_in_the_version_it_was_migrated_to(desk: Desk) -> None:
    i = await desk.start()
    await desk.host.run()
    await desk.host.publish(NEXT)
    await desk.do(i, Kind.MIGRATE, version="1.1.0")
    await desk.pay()
    await desk.host.run()
    assert ((await desk.host.instance(i))["version"], await desk.status(i)) == ("1.1.0", "completed")
    assert [a[1] for a in desk.carrier.asked] == [f"{i}/do/3/book#1"]
    assert await desk.folds(i)


async def test_a_migration_that_would_break_names_what_breaks_and_changes_nothing(desk: Desk) -> None:
    i = await desk.start()
    await desk.host.run()
    await desk.host.publish(BROKEN)
    with pytest.raises(Conflict, match=r"a listener for test\.paid, found one for test\.settled"):
        await desk.do(i, Kind.MIGRATE, version="2.0.0")
    with pytest.raises(PartnerError, match="a published version"):
        await desk.look(i, Kind.MIGRATE, version="9.9.9")
    assert (await desk.host.instance(i))["version"] == "1.0.0"


# ── many ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_many_are_retried_by_filter_and_one_that_changed_meanwhile_is_skipped_and_said(desk: Desk) -> None:
    found = [await desk.faulted(f"SO-{n}") for n in range(3)]
    await desk.start("SO-9")
    job, shown = await desk.many(Command(kind=Kind.RETRY), status="faulted", order="SO-*")
    assert job.counts["waiting"] == len(shown) == 3
    await desk.do(found[1], Kind.RETRY)
    await desk.apply(job)
    await desk.apply(job)  # the same a second time changes nothing
    while await operations.run_due(desk.host.db, desk.programs, desk.told):
        pass
    ended = await desk.job(job)
    assert (ended.status, ended.counts["done"], ended.counts["skipped"]) == ("done", 2, 1)
    await desk.host.run()
    assert [await desk.status(i) for i in found] == ["completed"] * 3
    assert len(desk.carrier.asked) == 6, "each once more, none twice"
    async with desk.host.db.transaction(TENANT) as tx:
        items = await jobs.items(tx, TENANT, job.job_id, "skipped")
        with pytest.raises(Conflict, match="token"):
            await operations.apply(tx, TENANT, job.job_id, "0" * 64, "ana")
    assert [(s.instance_id, s.detail) for s in items] == [
        (found[1], "It has changed since it was previewed: look at it again.")
    ]


class Killed(BaseException):
    """As if the process were gone: nothing catches it."""


@pytest.mark.parametrize("point", [Point.BEFORE_COMMIT, Point.AFTER_COMMIT])
async def test_a_runner_that_dies_mid_way_loses_nothing_and_doubles_nothing(desk: Desk, point: Point) -> None:
    found = [await desk.faulted(f"SO-{n}") for n in range(3)]
    job, _ = await desk.many(Command(kind=Kind.RETRY), status="faulted")
    await desk.apply(job)
    deaths = 0

    def die(at: Point) -> None:
        nonlocal deaths
        if at is point and deaths < 4:
            deaths += 1
            raise Killed

    for _ in range(12):
        try:
            await operations.run_due(desk.host.db, desk.programs, desk.told, crash=die)
        except Killed:
            continue
    assert deaths >= 3
    assert (await desk.job(job)).counts["done"] == 3
    facts = await desk.host.rows("select instance_id from crossdock.fact where kind = 'Restarted'")
    assert sorted(f["instance_id"] for f in facts) == sorted(found)
    await desk.host.run()
    assert len(desk.carrier.asked) == 6
    async with desk.host.db.transaction(TENANT) as tx:
        records = [await audit.entries(tx, TENANT, object_id=str(i), action="instance.retry") for i in found]
    assert [len(r) for r in records] == [1, 1, 1]


async def test_a_cancelled_job_touches_no_further_instance(desk: Desk) -> None:
    i = await desk.faulted()
    job, _ = await desk.many(Command(kind=Kind.RETRY), status="faulted")
    await desk.apply(job)
    async with desk.host.db.transaction(TENANT) as tx:
        await operations.cancel_job(tx, TENANT, job.job_id, "ana")
    assert await operations.run_due(desk.host.db, desk.programs, desk.told) == 0
    assert (await desk.job(job)).counts["cancelled"] == 1
    assert await desk.status(i) == "faulted"


async def test_a_job_needs_a_selection_that_finds_something(desk: Desk) -> None:
    with pytest.raises(PartnerError, match="a filter or instances"):
        await desk.many(Command(kind=Kind.SUSPEND))
    with pytest.raises(PartnerError, match="found none"):
        await desk.many(Command(kind=Kind.SUSPEND), status="faulted")


async def test_lists_find_by_task_error_and_age(desk: Desk) -> None:
    i = await desk.faulted("SO-1")
    j = await desk.start("SO-2")
    await desk.host.run()

    async def found(**selection: Any) -> list[UUID]:
        async with desk.host.db.transaction(TENANT) as tx:
            now = await tx.fetchval("select crossdock.now()")
            rows = await operations.select(tx, TENANT, Selection(**selection), now, limit=9)
        prints.update(r.fingerprint for r in rows if r.fingerprint)
        return [r.instance_id for r in rows]

    prints: set[str] = set()
    assert await found(task="book") == [i]
    assert await found(task="heard") == [j]
    assert await found(fingerprint=prints.pop()) == [i]
    assert await found(order="SO-*", status="running") == [j]
    assert await found(q="so-2") == [j]
    assert await found(older_h=1) == []
    await desk.host.later(hours=2)
    assert await found(older_h=1) == [j, i]


async def test_an_answer_that_comes_after_the_end_is_recorded_and_leaves_the_end_as_it_was(desk: Desk) -> None:
    async def meanwhile(_: object) -> None:
        desk.wms.before = None
        await desk.do(i, Kind.CANCEL, reason="now")
        await desk.host.until(lambda: ended(desk, i))

    desk.wms.before = meanwhile
    i = await desk.start()
    await desk.host.run()
    row = await desk.host.instance(i)
    assert (row["status"], row["output"]) == ("cancelled", {"reason": "now"})
    assert row["ended_at"] is not None
    calls = await desk.host.rows("select state, abandoned from crossdock.call where instance_id = $1", i)
    assert calls == [{"state": "done", "abandoned": True}]


async def ended(desk: Desk, i: UUID) -> bool:
    return await desk.status(i) == "cancelled"


async def _job_of_another(desk: Desk, command: str, items: int) -> UUID:
    """A running job of another tenant, of instances that are gone."""
    job_id = ids.new()
    async with desk.host.db.transaction("castell") as tx:
        await tx.execute(
            "insert into crossdock.operation_job (tenant_id, job_id, kind, command, selection, token, status, asked_by,"
            " started_at) values ('castell', $1, 'retry', $2, '{}', 't', 'running', 'bo', '2026-01-01')",
            job_id, command,
        )  # fmt: skip
        for n in range(items):
            await tx.execute(
                "insert into crossdock.operation_item (tenant_id, job_id, instance_id, ordinal, mark, status)"
                " values ('castell', $1, $2, $3, 'm', 'waiting')",
                job_id, ids.new(), n,
            )  # fmt: skip
    return job_id


async def _items_of_another(desk: Desk, job_id: UUID) -> list[tuple[str, str]]:
    async with desk.host.db.transaction("castell") as tx:
        return [(i["status"], i["detail"]) for i in await tx.fetch(
            "select status, detail from crossdock.operation_item where job_id = $1 order by ordinal", job_id
        )]  # fmt: skip


async def test_the_jobs_of_two_tenants_go_on_in_turn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BUDGET_S", 0.0)  # a round and no more
    for n in range(2):
        await desk.faulted(f"SO-{n}")
    job, _ = await desk.many(Command(kind=Kind.RETRY), status="faulted")
    await desk.apply(job)
    theirs = await _job_of_another(desk, exactjson.text(Command(kind=Kind.RETRY)), items=50)  # began long before
    assert await operations.run_due(desk.host.db, desk.programs, desk.told) == 2
    assert (await desk.job(job)).counts["done"] == 1
    assert [s for s, _ in await _items_of_another(desk, theirs)].count("waiting") == 49


async def test_an_instance_of_a_job_that_cannot_be_read_does_not_stop_the_others(desk: Desk) -> None:
    await desk.faulted("SO-1")
    job, _ = await desk.many(Command(kind=Kind.RETRY), status="faulted")
    await desk.apply(job)
    theirs = await _job_of_another(desk, '{"kind": "explode"}', items=2)
    while await operations.run_due(desk.host.db, desk.programs, desk.told):
        pass
    assert (await desk.job(job)).status == "done"
    [first, second] = await _items_of_another(desk, theirs)
    assert first[0] == second[0] == "failed"
    assert "explode" in first[1]
