"""Fixes of many cases under deaths, failures, second persons and waits: nothing is done twice, nothing is lost."""

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.integration.gateway.test_corrections import BOLTS, purchase
from tests.integration.gateway.test_fixes import DESK, T, invalid, run

from crossdock import ids
from crossdock.cases import approvals, casework
from crossdock.cases.casework import Answers
from crossdock.cases.clusters import documents, store
from crossdock.cases.fixes import awaited, jobs
from crossdock.cases.fixes import fix as fixes
from crossdock.cases.hooks import REPAIRED
from crossdock.db import Database
from crossdock.engine.hooks import Point
from crossdock.errors import CrossdockError
from crossdock.events import inbox
from crossdock.events.relay import Relay
from crossdock.partners import intake

DOUBT = "/do/doubt"


class Died(Exception):
    """The process ends here."""


async def repeated(gateway: Any, count: int) -> list[str]:
    """Orders that are held because their numbers were used before with other content; let go, each begins an order."""
    async with gateway.db.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    found: list[str] = []
    for n in range(1, count + 1):
        await intake.receive(gateway.db, T, purchase(n, f"PO-{n}"), f"{n}.edi", "test")
        [done] = await intake.receive(gateway.db, T, purchase(500 + n, f"PO-{n}", quantity="11"), f"{n}b.edi", "test")
        assert done.status == "held", done
        found.append(str(done.document_id))
    await documents.run_due(gateway.db, gateway.clock.now())
    return found


async def open_cases(gateway: Any, *new: casework.New) -> list[casework.Case]:
    async with gateway.db.transaction(T) as tx:
        now = await inbox.business_now(tx)
        return [await casework.open_case(tx, T, n, now) for n in new]


def doubtful(n: int, instance: UUID) -> casework.New:
    return casework.New(
        kind="unknown-outcome", queue="integration", title=f"Did it happen? {n}", order=f"SO-{n}",
        evidence={"function": "carrier.book", "system": "carrier", "key": f"k{n}"}, data={},
        actions=(casework.HAPPENED, casework.NOT_HAPPENED, casework.CLOSE), instance_id=instance, at=f"{DOUBT}#{n}",
        answers=Answers.OUTCOME,
    )  # fmt: skip


async def keys(db: Database) -> list[str]:
    async with db.transaction(T) as tx:
        now = await inbox.business_now(tx)
        found = await store.find(tx, T, now, limit=100)
        alone = await store.find(tx, T, now, alone=True, limit=100)
    return [c.key for c in (*found.items, *alone.items)]


async def fixed(db: Database, key: str, fix: fixes.Fix, *, by: str = "cora", **more: Any) -> jobs.Job:
    """Previewed and asked for."""
    async with db.transaction(T) as tx:
        job = await jobs.preview(tx, T, DESK, key, fix, by, "because", **more)
        if not job.radius.cases:
            return job
        return await jobs.start(tx, T, job.fix_id, job.token, by, typed=job.radius.cases)


async def effects(db: Database) -> Counter[str]:
    """What was done: orders begun, by their documents, and calls answered, by their places."""
    async with db.transaction(T) as tx:
        begun = await tx.fetch("select id from crossdock.event where tenant_id = $1 and type = $2", T,
                               "crossdock.order.received")  # fmt: skip
        told = await tx.fetch("select body ->> 'at' as at, instance_id from crossdock.fact where tenant_id = $1", T)
        cancelled = await tx.fetch("select id from crossdock.event where tenant_id = $1 and type = $2", T,
                                   "crossdock.order.cancellation-requested")  # fmt: skip
    return Counter(
        [f"order {r['id']}" for r in begun] + [f"answer {r['at']}" for r in told if r["at"]]
        + [f"cancel {r['id']}" for r in cancelled]
    )  # fmt: skip


ANY: list[fixes.Fix] = [
    fixes.Retry(),
    fixes.Skip(),
    fixes.Substitute(item="X-1", by="NF-1"),
    fixes.CrossReference(partner="bolts", entry="unit", theirs="CT", ours="CS"),
    fixes.CrossReference(partner="", entry="sku", qualifier="buyer", theirs="X-1", ours="NF-1"),
    fixes.AcceptPrice(basis="stated"),
    fixes.Cancel(),
    fixes.RetryWith(data={"lines": []}),
    fixes.HandOver(system="erp", event="crossdock.order.changed"),
]


@pytest.mark.parametrize("seed", range(4))
async def test_no_fix_makes_an_effect_twice_whatever_is_fixed_undone_and_killed(gateway: Any, seed: int) -> None:
    rnd = random.Random(seed)
    things = await gateway.things()
    held = await repeated(gateway, 4)
    instance = UUID(things.instance)
    await open_cases(gateway, *(invalid(n, instance) for n in range(4)), *(doubtful(n, instance) for n in range(3)))
    before = await effects(gateway.db)
    started: list[UUID] = []
    deaths = 0

    def crash(_point: Point) -> None:
        if rnd.random() < 0.15:
            raise Died

    for _ in range(14):
        known = await keys(gateway.db)
        match rnd.choice(["fix", "fix", "fix", "undo", "run", "wake"]):
            case "fix" if known:
                try:
                    job = await fixed(gateway.db, rnd.choice(known), rnd.choice(ANY))
                    started.append(job.fix_id)
                except CrossdockError:
                    pass
            case "undo" if started:
                try:
                    async with gateway.db.transaction(T) as tx:
                        await jobs.undo(tx, T, rnd.choice(started), "cora", "wrong")
                except CrossdockError:
                    pass
            case "wake":
                async with gateway.db.transaction(T) as tx:
                    await casework.wake(tx, T, gateway.clock.now() + timedelta(days=2))
            case _:
                pass
        for _ in range(rnd.randrange(3)):
            try:
                await jobs.run_due(gateway.db, DESK, crash=crash)
            except Died:
                deaths += 1
    await run(gateway)
    made = await effects(gateway.db) - before
    assert {what: n for what, n in made.items() if n > 1} == {}
    assert not any(what.startswith(f"answer {DOUBT}") for what in made), "nobody but a person says what happened"
    assert sum(what.startswith("order ") for what in made) <= len(held)
    async with gateway.db.transaction(T) as tx:
        open_ = await tx.fetchval("select count(*) from crossdock.fix where status in ('running', 'undoing')")
    assert open_ == 0, f"after {deaths} deaths everything that was asked for has ended"


async def test_a_job_goes_on_where_its_process_died(gateway: Any) -> None:
    held = await repeated(gateway, 6)
    [key] = await keys(gateway.db)
    before = await effects(gateway.db)
    job = await fixed(gateway.db, key, fixes.Retry())
    steps = 0

    def crash(point: Point) -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise Died

    with pytest.raises(Died):
        await jobs.run_due(gateway.db, DESK, crash=crash)
    async with gateway.db.transaction(T) as tx:
        half = await jobs.get(tx, T, job.fix_id)
    assert 0 < half.counts["done"] < 6
    await run(gateway)
    async with gateway.db.transaction(T) as tx:
        whole = await jobs.get(tx, T, job.fix_id)
    assert (whole.status, whole.counts["done"]) == ("done", 6)
    made = await effects(gateway.db) - before
    assert made == Counter({f"order {d}": 1 for d in held})


async def test_an_effect_in_doubt_is_never_asked_for_again(gateway: Any) -> None:
    things = await gateway.things()
    await open_cases(gateway, *(doubtful(n, UUID(things.instance)) for n in range(3)))
    [key] = [k for k in await keys(gateway.db)][:1]
    for fix in (fixes.Retry(), fixes.RetryWith(data={"x": 1}), fixes.Skip(), fixes.Restart(task="reserve")):
        job = await fixed(gateway.db, key, fix)
        assert job.radius.outcomes == {"blocked": 3}, fix
        assert job.status == "previewed"
    [why] = (await fixed(gateway.db, key, fixes.Retry())).radius.blocked
    assert why.what == "carrier.book may have happened in carrier; made again, it would happen twice"


def missing(n: int, instance: UUID, code: str = "UPSN") -> casework.New:
    return casework.New(
        kind="lookup-missing", queue="integration", title=f"Table carriers has no row for {code}", order=f"SO-{n}",
        evidence={"table": "carriers", "edition": 1, "key": {"code": code}}, data={"code": code, "scac": None},
        editable=["/scac"], actions=(casework.Offer(id="again", label="Look it up again"),), instance_id=instance,
        at=f"/do/look#{n}", answers=Answers.LOOKUP,
    )  # fmt: skip


async def carriers(gateway: Any, *rows: str) -> None:
    ada = await gateway.as_("ada", T)
    table = {"name": "carriers", "keys": ["code"], "columns": {"code": "text", "scac": "text"},
             "rows": [{"code": r, "scac": f"S-{r}"} for r in rows]}  # fmt: skip
    assert (await ada.send("PUT", "/api/reference-tables", table)).status == 200


async def test_one_row_of_a_table_answers_all_that_missed_it_and_is_taken_out_again(gateway: Any) -> None:
    things = await gateway.things()
    await carriers(gateway, "DHL")
    await open_cases(gateway, *(missing(n, UUID(things.instance)) for n in range(5)))
    ada = await gateway.as_("ada", T)
    cluster = next(c for c in (await ada.get("/api/clusters")).json["items"] if c["kind"] == "lookup-missing")
    offer = (await ada.get(f"/api/clusters/{cluster['key']}/offers")).json[0]
    assert offer == {
        "kind": "table-row", "fix": {"table": "carriers", "row": {"code": "UPSN", "scac": None}}, "choices": {},
    }  # fmt: skip
    path = f"/api/clusters/{cluster['key']}/fixes"
    retried = (await ada.post(path, {"fix": {"kind": "retry"}, "reason": "look"})).json
    assert retried["radius"]["outcomes"] == {"fails": 5}, "without the row nothing would be found"
    fix = {"kind": "table-row", "table": "carriers", "row": {"code": "UPSN", "scac": "UPSN"}}
    seen = (await ada.post(path, {"fix": fix, "reason": "UPS, next day"})).json
    assert seen["radius"]["outcomes"] == {"solved": 5}
    cora = await gateway.as_("cora")
    assert (await cora.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})).status == 403
    await ada.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})
    await run(gateway)
    assert (await ada.get(f"/api/fixes/{seen['id']}")).json["counts"]["done"] == 5
    assert (await ada.get("/api/reference-tables/carriers/rows")).json["version"] == 2
    await ada.post(f"/api/fixes/{seen['id']}/undo", {"reason": "no such carrier"})
    await run(gateway)
    back = (await ada.get(f"/api/fixes/{seen['id']}")).json
    assert (back["status"], back["detail"]) == ("undone", "The row is taken out again: edition 3.")
    assert [r["code"] for r in (await ada.get("/api/reference-tables/carriers/rows")).json["items"]] == ["DHL"]


async def test_it_stops_when_too_many_are_not_solved_as_they_were_shown_and_goes_on_when_told(gateway: Any) -> None:
    things = await gateway.things()
    await carriers(gateway, "UPSN")
    await open_cases(gateway, *(missing(n, UUID(things.instance)) for n in range(5)))
    [key] = [k for k in await keys(gateway.db)][:1]
    job = await fixed(gateway.db, key, fixes.Retry(), stop_after=2)
    assert job.radius.outcomes == {"solved": 5}
    await carriers(gateway, "DHL")  # somebody took the row out meanwhile
    await run(gateway)
    async with gateway.db.transaction(T) as tx:
        stopped = await jobs.get(tx, T, job.fix_id)
        assert (stopped.status, stopped.counts["failed"], stopped.counts["waiting"]) == ("stopped", 2, 3)
        assert "still has no row" in (await jobs.items(tx, T, job.fix_id, "failed"))[0].detail
    await carriers(gateway, "UPSN", "DHL")
    async with gateway.db.transaction(T) as tx:
        await jobs.start(tx, T, job.fix_id, job.token, "cora")
    await run(gateway)
    async with gateway.db.transaction(T) as tx:
        ended = await jobs.get(tx, T, job.fix_id)
    assert ended.counts["done"] >= 1, "what is left is tried"


async def test_a_second_person_agrees_to_what_the_table_says_or_nothing_is_done(gateway: Any) -> None:
    things = await gateway.things()
    await open_cases(gateway, *(invalid(n, UUID(things.instance)) for n in range(6)))
    cora, app = await gateway.as_("cora"), await gateway.as_("app")
    cluster = next(c for c in (await cora.get("/api/clusters")).json["items"] if c["kind"] == "order-invalid")
    asked = {"fix": {"kind": "cancel"}, "reason": "the customer is gone"}
    for outcome, status, done in (("rejected", "cancelled", 0), ("approved", "done", 6)):
        seen = (await cora.post(f"/api/clusters/{cluster['key']}/fixes", asked)).json
        assert seen["radius"]["approval"] == "approver"
        started = (await cora.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})).json
        assert started["status"] == "asked"
        await run(gateway)
        assert (await cora.get(f"/api/fixes/{seen['id']}")).json["counts"]["done"] == 0
        approval = (await app.get(f"/api/approvals/{started['approval']}")).json
        assert (approval["kind"], approval["amount"]) == ("bulk-fix", "600.00")
        given = {"outcome": outcome, "note": "seen", "hash": approval["hash"]}
        assert (await cora.post(f"/api/approvals/{started['approval']}/decide", given)).status == 403
        assert (await app.post(f"/api/approvals/{started['approval']}/decide", given)).status == 200
        await run(gateway)
        ended = (await cora.get(f"/api/fixes/{seen['id']}")).json
        assert (ended["status"], ended["counts"]["done"]) == (status, done)
    async with gateway.db.transaction(T) as tx:
        assert (await approvals.find(tx, T, status="pending", limit=10)).total <= 1


async def test_a_case_that_was_handed_over_goes_on_with_the_event_of_its_order(gateway: Any) -> None:
    things = await gateway.things()
    error = {"status": 409, "title": "erp refused", "detail": "blocked", "instance": "/do/1/book#1", "system": "erp"}
    await open_cases(gateway, *(
        casework.New(
            kind="call-failed", queue="integration", title="erp refused", order=f"SO-9{n}", evidence={"error": error},
            money=Decimal(5), currency="EUR", actions=(casework.Offer(id="retry", label="Try again"),),
            instance_id=UUID(things.instance), at=f"/do/ask#{n}", answers=Answers.WORKFLOW,
        ) for n in range(2)
    ))  # fmt: skip
    [key] = [k for k in await keys(gateway.db)][:1]
    await fixed(gateway.db, key, fixes.HandOver(system="erp", event="crossdock.order.unblocked", within_h=8))
    await run(gateway)
    cora = await gateway.as_("cora")
    asleep = (await cora.get("/api/cases?status=snoozed")).json["items"]
    assert {c["order"] for c in asleep} == {"SO-90", "SO-91"}
    relay = Relay(gateway.db, [awaited.observe])
    for kind, order in (("order.other", "SO-90"), ("order.unblocked", "SO-92"), ("order.unblocked", "SO-91")):
        await gateway.tell(kind, order, id=str(ids.new()))
    while await relay.once():
        pass
    await run(gateway)
    assert [c["order"] for c in (await cora.get("/api/cases?status=snoozed")).json["items"]] == ["SO-90"]
    made = await effects(gateway.db)
    assert (made["answer /do/ask#0"], made["answer /do/ask#1"]) == (0, 1)


async def test_an_instance_is_retried_only_from_its_record(gateway: Any) -> None:
    things = await gateway.things()
    await open_cases(gateway, casework.New(
        kind="instance-faulted", queue="integration", title="ended", order=things.order,
        evidence={"instance": things.instance, "detail": "Refused (422) no at /do/1/book"}, actions=(REPAIRED,),
        instance_id=UUID(things.instance),
    ))  # fmt: skip
    [key] = [k for k in await keys(gateway.db)][-1:]
    async with gateway.db.transaction(T) as tx:
        rows = await tx.fetch("select cause_key from crossdock.cases where kind = 'instance-faulted'")
    job = await fixed(gateway.db, rows[0]["cause_key"], fixes.Retry())
    assert job.radius.outcomes == {"blocked": 1}
    assert "expected an instance that is faulted" in job.radius.blocked[0].what, key
