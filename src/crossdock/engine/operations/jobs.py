"""Bulk operations that survive the process that runs them.

A preview is kept with a mark for each instance, and its token is the hash of them all: what is asked for is exactly
what was shown. The runner settles one instance a transaction, its fact, its audit record and its outcome together, so
a crash loses nothing and doubles nothing; any worker goes on. An instance that changed meanwhile is skipped and said.
"""

import hashlib
import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

import msgspec

from crossdock import audit, exactjson, ids
from crossdock.db import PASSING, Database, Tx
from crossdock.engine.definitions import Programs
from crossdock.engine.hooks import Crash, Hooks, Point, never
from crossdock.engine.operations import previewing as previews
from crossdock.engine.operations import reading
from crossdock.engine.operations.command import Command, check
from crossdock.engine.operations.previewing import Preview
from crossdock.engine.operations.reading import SQL, Selection
from crossdock.engine.operations.single import Busy, perform
from crossdock.errors import Conflict, CrossdockError, Finding, NotFound, PartnerError
from crossdock.events.inbox import business_now

log = logging.getLogger(__name__)

MOST, MOST_PLANNED = 10_000, 2_000  # instances a job; of those whose histories are folded
TRIES = 40  # of an instance that a worker has in hand
BUDGET_S = 0.5  # of one call of the runner, which shares its process with others
ITEMS = ("refused", "waiting", "done", "skipped", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Job:
    """counts: instances by what became of them. fates: in a fresh preview, calls by what would become of them."""

    job_id: UUID
    command: Command
    selection: Selection
    token: str
    status: str
    asked_by: str
    previewed_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Item:
    instance_id: UUID
    order: str
    definition: str
    status: str
    detail: str
    at: datetime | None


async def preview_many(
    tx: Tx, tenant_id: str, selection: Selection, command: Command, by: str, known: Programs
) -> tuple[Job, list[Preview]]:
    """A job that waits to be asked for by its token, and what it would do to each instance.

    Raises PartnerError for a command that is wrong, or a selection that is empty or too large.
    """
    check(command)
    most = MOST_PLANNED if command.plans else MOST
    if selection.empty:
        raise _wrong("selection", "a filter or instances", "nothing", "Say which instances are meant.")
    now = await business_now(tx)
    found = await reading.select(tx, tenant_id, selection, now, limit=most + 1)
    if not found or len(found) > most:
        fix = "Narrow the filter." if found else "Look at the list with the same filter."
        raise _wrong("selection", f"1 to {most} instances", f"{'more' if found else 'none'}", fix)
    shown: list[Preview] = []
    for one in found:
        record = await reading.read(tx, tenant_id, one.instance_id)
        try:
            shown.append(await previews.make(tx, record, command, known, now))
        except PartnerError as wrong:
            shown.append(Preview(record, command, tuple(str(f) for f in wrong.findings), (), ()))
    digest = hashlib.sha256(exactjson.canonical([msgspec.to_builtins(command), sorted(p.mark for p in shown)]))
    job_id, token = ids.new(), digest.hexdigest()
    await tx.execute(SQL["forget_previews"], tenant_id)
    await tx.execute(
        SQL["new_job"], tenant_id, job_id, command.kind.value, exactjson.text(command), exactjson.text(selection),
        token, by,
    )  # fmt: skip
    rows = [
        (p.record.instance_id, n, p.mark, "refused" if p.refused else "waiting", "; ".join(p.refused)[:2000])
        for n, p in enumerate(shown)
    ]
    await tx.execute(SQL["new_items"], tenant_id, job_id, *(list(column) for column in zip(*rows, strict=True)))
    return await get_job(tx, tenant_id, job_id), shown


def _wrong(where: str, expected: str, found: str, fix: str) -> PartnerError:
    return PartnerError([Finding(f"operation.{where}", f"/{where}", expected, found, fix)])


async def apply(tx: Tx, tenant_id: str, job_id: UUID, token: str, by: str) -> Job:
    """Asks for what was previewed. The same a second time changes nothing. Raises Conflict for another token."""
    row = await tx.fetchrow(SQL["locked_job"], tenant_id, job_id)
    if row is None:
        raise NotFound("no such job; a preview is kept for a day")
    if row["token"] != token:
        raise Conflict("The token is not that of this preview: look at it again.")
    if row["status"] == "previewed":
        await tx.execute(SQL["start_job"], tenant_id, job_id, by)
        detail = {"command": exactjson.loads(row["command"]), "selection": exactjson.loads(row["selection"]),
                  "token": token}  # fmt: skip
        await audit.record(tx, tenant_id, by, "instances.job", str(job_id), detail)
    return await get_job(tx, tenant_id, job_id)


async def cancel_job(tx: Tx, tenant_id: str, job_id: UUID, by: str) -> Job:
    """No further instance is touched; what was done stays done."""
    row = await tx.fetchrow(SQL["locked_job"], tenant_id, job_id)
    if row is None:
        raise NotFound("no such job")
    if row["status"] in ("previewed", "running"):
        await tx.execute(SQL["cancel_items"], tenant_id, job_id)
        await tx.execute(SQL["end_job"], tenant_id, job_id, "cancelled")
        await audit.record(tx, tenant_id, by, "instances.job.cancelled", str(job_id), {})
    return await get_job(tx, tenant_id, job_id)


async def get_job(tx: Tx, tenant_id: str, job_id: UUID) -> Job:
    row = await tx.fetchrow(SQL["job"], tenant_id, job_id)
    if row is None:
        raise NotFound("no such job")
    return await _job(tx, row)


async def find_jobs(tx: Tx, tenant_id: str, limit: int = 50) -> list[Job]:
    """Those that were asked for, newest first."""
    return [await _job(tx, row) for row in await tx.fetch(SQL["jobs"], tenant_id, limit)]


async def items(
    tx: Tx, tenant_id: str, job_id: UUID, status: str | None = None, *, limit: int = 100, offset: int = 0
) -> list[Item]:
    rows = await tx.fetch(SQL["items"], tenant_id, job_id, status, limit, offset)
    return [Item(r["instance_id"], r["business_key"], r["name"], r["status"], r["detail"], r["at"]) for r in rows]


async def _job(tx: Tx, row: Any) -> Job:
    counts = {r["status"]: r["n"] for r in await tx.fetch(SQL["counts"], row["tenant_id"], row["job_id"])}
    return Job(
        job_id=row["job_id"],
        command=msgspec.convert(exactjson.loads(row["command"]), Command),
        selection=msgspec.convert(exactjson.loads(row["selection"]), Selection, strict=False),
        token=row["token"],
        status=row["status"],
        asked_by=row["asked_by"],
        previewed_at=row["previewed_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        counts={word: counts.get(word, 0) for word in ITEMS},
    )


# ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def run_due(db: Database, known: Programs, hooks: Hooks, *, crash: Crash = never) -> int:
    """Goes on with every job that was asked for, for a moment; returns how many instances it settled.

    One instance of each tenant in turn, and one of each in any case: nobody's job waits for the end of another's.
    """
    settled, until = 0, monotonic() + BUDGET_S
    jobs: dict[str, deque[UUID]] = {}
    for row in await db.pool.fetch("select * from crossdock.running_jobs()"):
        jobs.setdefault(row["tenant_id"], deque()).append(row["job_id"])
    while jobs:
        for tenant_id in list(jobs):
            settled += await _settle_first(db, tenant_id, jobs[tenant_id], known, hooks, crash)
            if not jobs[tenant_id]:
                del jobs[tenant_id]
        if monotonic() > until:
            break
    return settled


async def _settle_first(
    db: Database, tenant_id: str, jobs: deque[UUID], known: Programs, hooks: Hooks, crash: Crash
) -> int:
    """One instance of the first of these jobs that has one; those without leave the queue."""
    while jobs:
        try:
            async with db.transaction(tenant_id) as tx:
                if await _settle_one(tx, tenant_id, jobs[0], known, hooks):
                    crash(Point.BEFORE_COMMIT)
                    settled = True
                else:
                    settled = False
        except PASSING:
            raise
        except Exception:
            log.exception("job %s cannot go on now; the others do", jobs[0], extra={"tenant": tenant_id})
            settled = False
        if settled:
            crash(Point.AFTER_COMMIT)
            return 1
        jobs.popleft()
    return 0


async def _settle_one(tx: Tx, tenant_id: str, job_id: UUID, known: Programs, hooks: Hooks) -> bool:
    """One instance of the job. False when another runs it, or it is at its end, or what is left must wait."""
    job = await tx.fetchrow(SQL["run_job"], tenant_id, job_id)
    if job is None:
        return False
    item = await tx.fetchrow(SQL["next_item"], tenant_id, job_id)
    if item is None:
        await tx.execute(SQL["end_job"], tenant_id, job_id, "done")
        return False
    instance_id: UUID = item["instance_id"]
    status, detail = "done", ""
    try:
        async with tx.transaction():  # what one instance refuses leaves nothing behind, and does not stop the others
            command = msgspec.convert(exactjson.loads(job["command"]), Command)
            done = await perform(
                tx, tenant_id, instance_id, command, job["asked_by"], known, hooks, mark=item["mark"], job=job_id
            )
            detail = done.outcome
    except Busy as busy:
        status, detail = ("waiting" if item["tries"] < TRIES else "skipped"), str(busy)
    except Conflict as changed:
        status, detail = "skipped", str(changed)
    except CrossdockError as wrong:
        status, detail = "failed", str(wrong)
    except PASSING:
        raise
    except Exception as wrong:  # a row that nobody can read, a bug of ours: this instance stands, the others go on
        log.exception("instance %s of job %s failed", instance_id, job_id, extra={"tenant": tenant_id})
        status, detail = "failed", f"{type(wrong).__name__}: {wrong}"
    await tx.execute(SQL["settle_item"], tenant_id, job_id, instance_id, status, detail[:2000])
    return status != "waiting"
