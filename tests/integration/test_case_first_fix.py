"""How many exceptions are solved at the first go: the figure against a plain reading of the event log."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crossdock import clock, exactjson
from crossdock.cases import casework, linking
from crossdock.cases.casework import Status
from crossdock.db import Database
from crossdock.tower import scorecard

T = "norrland"
BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


async def days_of_work(db: Database, rng: random.Random) -> None:
    """Exceptions of a few orders and kinds, opened, solved, reopened, merged and closed by themselves in any order."""
    known: list[UUID] = []
    at = BEGIN
    for _ in range(80):
        at += timedelta(minutes=rng.choice((7, 90, 600, 1900)))
        async with db.transaction(T) as tx:
            if not known or rng.random() < 0.35:
                kind, order = rng.choice(("shipment-late", "call-failed")), f"SO-{rng.randrange(15)}"
                new = casework.New(kind=kind, queue="logistics", title="wrong", order=order)
                known.append((await casework.open_case(tx, T, new, at)).case_id)
                continue
            case = await casework.get(tx, T, rng.choice(known))
            others = [c for c in known if c != case.case_id]
            match rng.choice(("resolve", "resolve", "resolve", "reopen", "merge", "system")):
                case "resolve" if case.status is Status.OPEN:
                    await casework.resolve(tx, T, case.case_id, "close", "ann", at)
                case "reopen" if case.status is Status.CLOSED and case.merged_into is None:
                    await casework.reopen(tx, T, case.case_id, "bo", at)
                case "merge" if case.status is Status.OPEN and others:
                    into = await casework.get(tx, T, rng.choice(others))
                    if into.status is Status.OPEN:
                        await linking.merge(tx, T, case.case_id, into.case_id, "ann", at)
                case "system" if case.status is Status.OPEN:
                    await casework.close_by_system(tx, T, case.case_id, "closed: it is gone", at)
                case _:
                    pass


def first_fixes(log: list[Mapping[str, Any]], since: datetime, until: datetime) -> tuple[int, int]:
    """(at the first go, solved), case by case from what was published."""
    opened: dict[str, tuple[datetime, str, str]] = {}
    closed: dict[str, tuple[datetime, str]] = {}
    again: set[str] = set()
    for event in log:
        what, data, at = event["type"], event["data"], datetime.fromisoformat(event["time"])
        case = data.get("case", "")
        match what.removeprefix("crossdock.case."):
            case "opened":
                opened[case] = (at, data["kind"], data["order"])
            case "resolved" | "withdrawn" | "merged" as how:
                closed[case] = (at, how)
            case "reopened":
                again.add(case)
                closed.pop(case)
            case _:
                pass
    solved = {c: at for c, (at, how) in closed.items() if how == "resolved" and since <= at < until}
    came_back = {
        c
        for c, at in solved.items()
        for other, (later, kind, order) in opened.items()
        if other != c and (kind, order) == opened[c][1:] and at < later <= at + timedelta(days=7)
    }
    return len(set(solved) - again - came_back), len(solved)


@pytest.mark.parametrize("seed", range(3))
async def test_the_figure_and_a_plain_reading_of_the_log_agree(database: Database, seed: int) -> None:
    await days_of_work(database, random.Random(seed))
    period = scorecard.Period(BEGIN.date() + timedelta(days=2), BEGIN.date() + timedelta(days=25))
    async with database.transaction() as tx:
        await clock.set_to(tx, BEGIN + timedelta(days=60), 0)
    async with database.transaction(T) as tx:
        rows = await tx.fetch("select body from crossdock.event where tenant_id = $1 order by seq", T)
        wanted = scorecard.Wanted(tenant_id=T, zone="UTC", period=period)
        shown = {m.figure.key: m for m in (await scorecard.card(tx, wanted)).measured}["first_fix"]
    log = [exactjson.loads(r["body"]) for r in rows]
    midnight = datetime(BEGIN.year, BEGIN.month, BEGIN.day, tzinfo=UTC)
    good, solved = first_fixes(log, midnight + timedelta(days=2), midnight + timedelta(days=25))
    again = good, solved
    if again == (0, 0) or again[0] in (0, again[1]):
        pytest.fail("the figure was not put to the test")
    assert shown.value == (Decimal(good) * 100 / solved).quantize(Decimal("0.1"))
    assert shown.population == solved
