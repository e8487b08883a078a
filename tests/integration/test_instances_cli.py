"""`crossdock instances` against a database: a preview that does nothing, then the same command that does it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from crossdock import ids
from crossdock.cli import instances
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.worker import Worker
from crossdock.events import correlation, inbox

LISTEN = """
document: {dsl: '1.0.3', namespace: test, name: hear, version: '1.0.0'}
do:
  - hear: {listen: {to: {one: {with: {type: test.shipped}}}}}
"""


@pytest.fixture
def run(admin_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, list[Any]]]:
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", admin_dsn)

    def invoke(*arguments: str) -> tuple[int, list[Any]]:
        got = CliRunner().invoke(instances.group(), [*arguments, "--tenant", "norrland", "--json"])
        assert got.exception is None or isinstance(got.exception, SystemExit), got.output
        return got.exit_code, [json.loads(line) for line in got.stdout.splitlines()]

    return invoke


async def work(dsn: str, *, start: int = 0) -> None:
    """Starts instances, and lets a worker do all there is to do."""
    db = await Database.open(dsn)
    async with db.transaction("norrland") as tx:
        p = await definitions.publish(tx, "norrland", LISTEN)
        for n in range(start):
            now = await inbox.business_now(tx)
            name = (p.namespace, p.name, p.version)
            await correlation.start(tx, "norrland", ids.new(), name, {}, f"SO-{n}", now)
    worker = Worker(db, Functions({}, {}), Clock(), Silent())
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(30):
        while await db.pool.fetchval("select crossdock.busy()"):
            await asyncio.sleep(0.01)
    worker.stop()
    await task
    await db.close()


def test_many_are_suspended_by_filter_after_a_preview_that_changes_nothing(
    run: Callable[..., tuple[int, list[Any]]], app_dsn: str
) -> None:
    asyncio.run(work(app_dsn, start=3))
    where = ("--where", "order=SO-*", "--where", "task=hear")
    status, shown = run("suspend", *where, "--preview")
    assert (status, len(shown[0]["instances"])) == (0, 3)
    assert {line["fate"] for p in shown[0]["instances"] for line in p["lines"]} == {"waits"}
    asyncio.run(work(app_dsn))
    assert [i["status"] for i in run("list")[1]] == ["running"] * 3
    status, told = run("suspend", *where, "--yes", "--reason", "look", "--as", "ana")
    assert (status, told[-1]["status"], told[-1]["counts"]["done"]) == (0, "done", 3)
    asyncio.run(work(app_dsn))
    found = run("list", "--where", "status=suspended")[1]
    assert len(found) == 3
    status, told = run("cancel", found[0]["instance_id"], "--reason", "wrong", "--no-compensate", "--yes")
    assert status == 0
    asyncio.run(work(app_dsn))
    assert run("show", found[0]["instance_id"])[1][0]["status"] == "cancelled"
    assert [(j["kind"], j["status"], j["by"]) for j in run("jobs")[1]][-1] == ("suspend", "done", "ana")


def test_what_cannot_be_done_ends_with_status_1_and_says_why(
    run: Callable[..., tuple[int, list[Any]]], app_dsn: str
) -> None:
    asyncio.run(work(app_dsn, start=1))
    status, shown = run("retry", "--where", "order=SO-0", "--yes")
    assert status == 1
    assert "found running" in shown[0]["instances"][0]["refused"][0]
