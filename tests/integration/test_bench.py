"""`crossdock bench` measures what it says: its copies are instances, and one suite's failure is not another's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from crossdock import ids
from crossdock.cli.bench import clones, command
from crossdock.cli.bench.child import NullStep
from crossdock.cli.bench.lab import null_definition
from crossdock.cli.bench.run import Run, Size
from crossdock.cli.bench.suites import ONLY_WHEN_ASKED, SUITES, waiting
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.worker import Worker
from crossdock.errors import SetupError
from crossdock.events import correlation, envelope, inbox

TENANT = "norrland"
TINY = Size("quick", repeats=1, seconds=1, waiting=(600, 700), soak_s=10, tenants=3)


@asynccontextmanager
async def working(db: Database) -> AsyncIterator[None]:
    worker = Worker(db, Functions({"erp.step": NullStep()}, {}), Clock(), Silent())
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


async def idle(db: Database) -> None:
    async with asyncio.timeout(30):
        while await db.pool.fetchval("select crossdock.busy()"):  # nobody tells of it
            await asyncio.sleep(0.01)


async def original(db: Database, source: str, input: Any) -> clones.Original:
    async with db.transaction(TENANT) as tx:
        published = await definitions.publish(tx, TENANT, source)
        definition = (published.namespace, published.name, published.version)
        key, instance = "B-000000001", ids.new()
        await correlation.start(tx, TENANT, instance, definition, input, key, await inbox.business_now(tx))
    return clones.Original(TENANT, instance, key)


async def test_a_copy_of_a_waiting_instance_hears_its_own_event_and_no_other(
    database: Database, admin_dsn: str
) -> None:
    first = await original(database, waiting.DEFINITION, {"id": "B-000000001"})
    async with working(database):
        await idle(database)
        admin = await asyncpg.connect(admin_dsn)
        copies = await clones.multiply(admin, [first], 4, 1)
        assert len({c.instance_id for c in copies} | {first.instance_id}) == 5
        woken = copies[2]
        async with database.transaction(TENANT) as tx:
            event = envelope.make(
                "bench.go",
                subject=woken.key,
                data={"order": woken.key},
                now=await inbox.business_now(tx),
                source="/test",
            )
            await inbox.receive(tx, TENANT, event)
        await idle(database)
        rows = await admin.fetch("select instance_id, status, output::text as output from crossdock.instance")
        await admin.close()
    assert {r["instance_id"] for r in rows if r["status"] == "completed"} == {woken.instance_id}
    assert {r["status"] for r in rows if r["instance_id"] != woken.instance_id} == {"running"}


async def test_copies_that_were_never_begun_run_to_their_ends_with_keys_of_their_own(
    database: Database, admin_dsn: str
) -> None:
    first = await original(database, null_definition("two", 2), {"order": {"id": "B-000000001", "lines": []}})
    admin = await asyncpg.connect(admin_dsn)
    await clones.multiply(admin, [first], 3, 1)
    async with working(database):
        await idle(database)
    keys = [r[0] for r in await admin.fetch("select output->>'key' from crossdock.call where state = 'done'")]
    ended = await admin.fetchval("select count(*) from crossdock.instance where status = 'completed'")
    await admin.close()
    assert (ended, len(keys), len(set(keys))) == (4, 8, 8)


async def test_a_suite_that_fails_is_reported_and_the_next_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(_: Run) -> None:
        raise SetupError("no such machine")

    async def working_(run: Run) -> None:
        run.result.ratios["six_steps_to_dbos"] = 26.0

    monkeypatch.setattr(command, "SUITES", {"bad": failing, "good": working_})
    found = await command.measure(["bad", "good"], TINY)
    assert [s["status"] for s in found["suites"].values()] == ["failed", "ok"]
    assert "no such machine" in found["suites"]["bad"]["error"]
    assert next(g for g in found["goals"] if g["figure"] == "six_steps_to_dbos")["met"] == "firm"


@pytest.mark.slow
@pytest.mark.parametrize("suite", [s for s in SUITES if s not in ONLY_WHEN_ASKED | {"expressions"}])
async def test_every_suite_runs(suite: str) -> None:
    found = await command.measure([suite], TINY)
    assert found["suites"][suite]["status"] == "ok", found["suites"][suite]
    assert found["ratios"] or found["headline"]


async def test_a_suite_that_hangs_is_ended_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hanging(_: Run) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(command, "SUITES", {"stuck": hanging})
    found = await command.measure(["stuck"], replace(TINY, limit_s=0.1))
    assert found["suites"]["stuck"]["status"] == "failed"
    assert "TimeoutError" in found["suites"]["stuck"]["error"]
