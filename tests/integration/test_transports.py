"""Channels: each thing that comes is stored once and acknowledged after that, whatever dies in between."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.channels import BOLTS, T, declare, listed, order, rows, run

from crossdock.cli.silence import ChannelDesk
from crossdock.db import Database
from crossdock.errors import Conflict, PartnerError
from crossdock.outbound import Client, Guard
from crossdock.partners import intake
from crossdock.partners.transports import running, store, taking
from crossdock.partners.transports.folder import WatchedFolder
from crossdock.partners.transports.model import Channel, ChannelTrouble, Direction, Fate, Kind, PickedUp
from crossdock.partners.transports.opening import Opener


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


@pytest.fixture
async def opener(db: Database, tmp_path: Path) -> AsyncIterator[Opener]:
    async with Client() as http:
        yield Opener(tmp_path, lambda _: {}, http, Guard(), db)


def folder(**more: Any) -> Channel:
    fields: dict[str, Any] = {"direction": Direction.BOTH, "partner": "bolts", **more}
    return Channel(tenant_id=T, id="files", kind=Kind.FOLDER, settings={"path": "bolts", "settle_s": 0}, **fields)


def put(tmp_path: Path, name: str, raw: bytes) -> Path:
    directory = tmp_path / T / "bolts"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(raw)
    return directory


# ── a watched folder ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_is_stored_and_then_moved_away(db: Database, opener: Opener, tmp_path: Path) -> None:
    directory = put(tmp_path, "order.edi", order())
    await declare(db, folder())
    assert await run(db, opener) == running.Ran(taken=1, handed_over=1)
    [document] = await listed(db)
    assert (document["status"], document["partner"], document["po"]) == ("accepted", "bolts", "4500012")
    assert (directory / "done" / "order.edi").read_bytes() == order()
    assert [p.name for p in directory.iterdir() if p.is_file()] == []
    # the 997 of what came went out on the same way
    [answer] = (directory / "out").iterdir()
    assert b"~AK1*PO*1" in answer.read_bytes()
    assert await run(db, opener) == running.Ran(), "nothing is taken or sent twice"


async def test_the_same_file_again_is_moved_away_and_not_taken_again(
    db: Database, opener: Opener, tmp_path: Path
) -> None:
    await declare(db, folder())
    directory = put(tmp_path, "order.edi", order())
    await run(db, opener)
    put(tmp_path, "order.edi", order())
    assert (await run(db, opener)).repeated == 1
    assert len(await listed(db)) == 1
    assert len(list((directory / "done").iterdir())) == 2, "the first copy is not overwritten"


async def test_files_that_are_being_written_are_left_alone(db: Database, opener: Opener, tmp_path: Path) -> None:
    directory = put(tmp_path, "a.edi.tmp", order())
    put(tmp_path, ".hidden", order())
    put(tmp_path, "b.part", order())
    (tmp_path / "secret").write_bytes(order(9, "STOLEN"))
    (directory / "link.edi").symlink_to(tmp_path / "secret")
    fresh = folder()
    await declare(db, replace(fresh, settings={"path": "bolts", "settle_s": 3600}))
    put(tmp_path, "c.edi", order())
    assert (await run(db, opener)).taken == 0
    stable = directory / "c.edi"
    os.utime(stable, (stable.stat().st_atime - 7200, stable.stat().st_mtime - 7200))
    assert (await run(db, opener)).taken == 1
    assert sorted(p.name for p in directory.iterdir() if p.is_file()) == [".hidden", "a.edi.tmp", "b.part", "link.edi"]


async def test_a_file_beyond_the_limit_is_set_aside_and_told_once(db: Database, opener: Opener, tmp_path: Path) -> None:
    directory = put(tmp_path, "large.edi", order())
    put(tmp_path, "empty.edi", b"")
    await declare(db, folder(max_bytes=len(order()) - 1))
    assert (await run(db, opener)).refused == 2
    assert sorted(p.name for p in (directory / "quarantine").iterdir()) == ["empty.edi", "large.edi"]
    assert await listed(db) == []
    told = await rows(db, "select reason from crossdock.cases where kind = 'file-refused' order by title")
    assert ["at most" in c["reason"] for c in told] == [False, True]
    # allowed to be larger, the same file is taken
    await declare(db, folder())
    (directory / "quarantine" / "large.edi").rename(directory / "large.edi")
    assert (await run(db, opener)).taken == 1


@pytest.mark.parametrize("died_after", ["storing", "claiming"])
async def test_a_death_between_storing_and_moving_loses_nothing_and_doubles_nothing(
    db: Database, opener: Opener, tmp_path: Path, died_after: str
) -> None:
    put(tmp_path, "order.edi", order())
    channel = await declare(db, folder())
    transport = WatchedFolder(tmp_path, channel)
    [item] = [i async for i in transport.pick_up()]  # claimed, and then this process dies
    if died_after == "storing":
        assert await taking.keep(db, channel, item) is not None  # committed, neither moved nor decoded
    ran = await run(db, opener)
    assert ran.taken + ran.repeated == 1
    assert await intake.resume(db, T) == (1 if died_after == "storing" else 0)
    [document] = await listed(db)
    assert document["status"] == "accepted"
    assert len(await rows(db, "select 1 from crossdock.receipt")) == 1


async def test_what_was_stored_and_not_carried_out_is_finished_without_a_restart(db: Database, tmp_path: Path) -> None:
    put(tmp_path, "order.edi", order())
    channel = await declare(db, folder())
    [item] = [i async for i in WatchedFolder(tmp_path, channel).pick_up()]
    await taking.keep(db, channel, item)
    now = await db.pool.fetchval("select crossdock.now()")
    assert await intake.finish_left(db, now - timedelta(seconds=60)) == 0, "its process may still be at it"
    assert await intake.finish_left(db, now + timedelta(seconds=1)) == 1
    assert [d["status"] for d in await listed(db)] == ["accepted"]


async def test_nothing_is_moved_before_it_is_committed(db: Database, tmp_path: Path) -> None:
    put(tmp_path, "order.edi", order())
    channel = await declare(db, folder())
    stored: list[int] = []

    class Watching(WatchedFolder):
        async def settle(self, item: PickedUp, fate: Fate) -> None:
            stored.append(
                len(await rows(db, "select 1 from crossdock.arrival a join crossdock.receipt using (receipt_id)"))
            )
            await super().settle(item, fate)

    transport = Watching(tmp_path, channel)
    async for item in transport.pick_up():
        await taking.take(db, channel, item, transport)
    assert stored == [1]


async def test_two_processes_take_a_file_once(db: Database, tmp_path: Path) -> None:
    for n in range(20):
        put(tmp_path, f"{n}.edi", order(n + 1, f"PO-{n}"))
    channel = await declare(db, folder())
    one, two = WatchedFolder(tmp_path, channel), WatchedFolder(tmp_path, channel)
    taken: list[str] = []
    first, second = one.pick_up(), two.pick_up()
    for source in (first, second, first, second):
        async for item in source:
            taken.append(item.name)
            break
    taken += [i.name async for i in first] + [i.name async for i in second]
    assert len(set(taken)) == 20


async def test_a_channel_runs_in_one_process_at_a_time(db: Database, opener: Opener) -> None:
    await declare(db, folder())
    async with db.transaction(T) as tx:
        assert await store.claim(tx, T, "files", 60, by_hand=False) is not None
    assert await running.run(db, T, "files", opener, ChannelDesk()) is None
    assert await db.pool.fetch("select * from crossdock.channels_due()") == []


async def test_trouble_is_one_case_that_closes_when_the_channel_works(
    db: Database, opener: Opener, tmp_path: Path
) -> None:
    await declare(db, folder())
    (tmp_path / T).mkdir()
    (tmp_path / T / "bolts").write_text("a file where the folder should be")
    for n in range(1, 5):
        assert "bolts" in (await run(db, opener)).trouble
        found = await rows(db, "select status from crossdock.cases where kind = 'channel-failing'")
        assert [r["status"] for r in found] == ([] if n < 3 else ["open"])
    (tmp_path / T / "bolts").unlink()
    assert (await run(db, opener)).trouble == ""
    [case] = await rows(db, "select status from crossdock.cases where kind = 'channel-failing'")
    assert case["status"] == "closed"


async def test_a_tenant_cannot_leave_its_directory(db: Database, opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "castell").mkdir()
    channel = await declare(db, replace(folder(), settings={"path": "../castell"}))
    with pytest.raises(ChannelTrouble, match="own directory"):
        await opener(channel)


# ── declaring ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_declared_is_checked(db: Database) -> None:
    wrong = [
        replace(folder(), settings={"path": "x", "pasword": "y"}),
        replace(folder(), settings={}),
        replace(folder(), partner=None),
        replace(folder(), partner="nobody"),
        replace(folder(), id="No Good"),
        replace(folder(), every_s=0),
        replace(folder(), kind=Kind.SFTP, settings={"host": "h", "user": "u"}),
    ]
    for channel in wrong:
        with pytest.raises(PartnerError):
            await declare(db, channel)


async def test_a_partner_gets_its_documents_on_one_way(db: Database) -> None:
    await declare(db, folder())
    with pytest.raises(Conflict, match="files already"):
        await declare(db, replace(folder(), id="second"))
    async with db.transaction(T) as tx:
        await store.enable(tx, T, "files", False, "test")
    await declare(db, replace(folder(), id="second"))
    async with db.transaction(T) as tx:
        with pytest.raises(Conflict, match="second already"):
            await store.enable(tx, T, "files", True, "test")


async def test_another_tenant_sees_no_channel_and_no_arrival(db: Database, opener: Opener, tmp_path: Path) -> None:
    put(tmp_path, "order.edi", order())
    await declare(db, folder())
    await run(db, opener)
    async with db.transaction("castell") as tx:
        assert await store.find(tx, T) == []
        assert await store.arrivals(tx, T) == []
        assert await store.deliveries(tx, T) == []


# ── the duty and the command line ───────────────────────────────────────────────────────────────────────────────────


async def test_a_worker_runs_what_is_due_and_waits_for_none_of_it(db: Database, opener: Opener, tmp_path: Path) -> None:
    put(tmp_path, "order.edi", order())
    await declare(db, folder())
    crew = running.Crew(db, opener, ChannelDesk())
    await crew.duty()
    await crew.idle()
    assert [d["status"] for d in await listed(db)] == ["accepted"]
    async with db.transaction(T) as tx:
        [channel] = await store.find(tx, T)
    assert channel.last_success_at is not None
    assert await db.pool.fetch("select * from crossdock.channels_due()") == [], "the next run is later"
    await crew.close()
