"""SFTP both ways over real connections: our client against asyncssh's own server, and partners' clients (asyncssh, and
OpenSSH where it is installed) against ours."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from tests.integration.channels import BOLTS, T, answered_order, declare, listed, order, rows, run

from crossdock.cli.silence import ChannelDesk
from crossdock.db import Database
from crossdock.outbound import Client, Guard
from crossdock.partners import intake
from crossdock.partners.transports import sftp, store, taking
from crossdock.partners.transports.model import Channel, ChannelTrouble, Direction, Kind
from crossdock.partners.transports.opening import Opener
from crossdock.partners.transports.sftpserver import Attempts, Served, hashed


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


# ── the client ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Remote:
    """A partner's server: a folder of this machine behind asyncssh's own SFTP server."""

    root: Path
    port: int
    host_key: asyncssh.SSHKey
    user_key: asyncssh.SSHKey
    db: Database
    http: Client

    @property
    def opener(self) -> Opener:
        vault = {"key": self.user_key.export_private_key().decode()}
        return Opener(None, lambda _: vault, self.http, Guard(judge=lambda _: None), self.db)

    def channel(self, **more: Any) -> Channel:
        settings: dict[str, Any] = {
            "host": "127.0.0.1", "port": self.port, "user": "norrland", "host_keys": [public(self.host_key)],
            "key_secret": "key", "fetch_from": "/out", "put_into": "/in", **more,
        }  # fmt: skip
        return Channel(
            tenant_id=T, id="files", kind=Kind.SFTP, direction=Direction.BOTH, partner="bolts", settings=settings
        )  # fmt: skip


@pytest.fixture
async def remote(db: Database, tmp_path: Path) -> AsyncIterator[Remote]:
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path.parent / "authorized").write_text(public(user_key))
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=str(tmp_path.parent / "authorized"),
        sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=str(tmp_path).encode()),
    )  # fmt: skip
    async with Client() as http:
        yield Remote(tmp_path, server.get_port(), host_key, user_key, db, http)
    server.close()
    await server.wait_closed()


async def test_files_are_fetched_once_and_ours_are_put_whole(remote: Remote) -> None:
    db = remote.db
    (remote.root / "out" / "order.edi").write_bytes(order(7, "PO-7"))
    (remote.root / "out" / ".hidden").write_bytes(b"x")
    (remote.root / "out" / "half.edi.filepart").write_bytes(b"x")
    await declare(db, remote.channel(done="/done"))
    await answered_order(db)
    ran = await run(db, remote.opener)
    # the 855, and the 997s of both orders
    assert (ran.trouble, ran.taken, ran.handed_over) == ("", 1, 3)
    assert (remote.root / "done" / "order.edi").read_bytes() == order(7, "PO-7")
    assert sorted(p.name for p in (remote.root / "out").iterdir()) == [".hidden", "half.edi.filepart"]
    put = sorted(p.name for p in (remote.root / "in").iterdir())
    assert [n.split("-")[0] for n in put] == ["855", "997", "997"]
    assert {d["state"] for d in await rows(db, "select state from crossdock.sending")} == {"sent"}
    (remote.root / "out" / "order.edi").write_bytes(order(7, "PO-7"))
    ran = await run(db, remote.opener)
    assert (ran.taken, ran.repeated, ran.handed_over) == (0, 1, 0)
    assert len(await rows(db, "select 1 from crossdock.arrival")) == 1


async def test_a_file_that_is_too_large_is_set_aside_over_there(remote: Remote) -> None:
    (remote.root / "out" / "big.edi").write_bytes(order())
    await declare(remote.db, replace(remote.channel(quarantine="/refused"), max_bytes=50))
    assert (await run(remote.db, remote.opener)).refused == 1
    assert (remote.root / "refused" / "big.edi").exists()


async def test_a_death_between_storing_and_removing_is_made_good(remote: Remote) -> None:
    (remote.root / "out" / "order.edi").write_bytes(order())
    channel = await declare(remote.db, remote.channel())
    opener = remote.opener
    client = await sftp.open_(channel, opener.secrets(T), opener.guard)
    async for item in client.pick_up():
        assert await taking.keep(remote.db, channel, item) is not None
        break  # and here the process dies
    await client.close()
    assert (await run(remote.db, opener)).repeated == 1
    assert list((remote.root / "out").iterdir()) == []
    assert await intake.resume(remote.db, T) == 1
    assert [d["status"] for d in await listed(remote.db)] == ["accepted"]


async def test_another_host_key_is_not_believed(remote: Remote) -> None:
    other = public(asyncssh.generate_private_key("ssh-ed25519"))
    channel = await declare(remote.db, remote.channel(host_keys=[other]))
    with pytest.raises(ChannelTrouble, match="host keys"):
        await remote.opener(channel)
    assert "host keys" in (await run(remote.db, remote.opener)).trouble


async def test_an_internal_address_is_not_reached_unless_the_operator_allows_it(remote: Remote) -> None:
    channel = await declare(remote.db, remote.channel())
    with pytest.raises(ChannelTrouble, match="this machine"):
        await replace(remote.opener, guard=Guard())(channel)


# ── the server ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Ours:
    served: Served
    port: int
    key: asyncssh.SSHKey
    key_file: Path

    def connect(self, user: str = f"{T}.bolts", **more: Any) -> Any:
        options: dict[str, Any] = {"client_keys": [self.key], **more}
        return asyncssh.connect("127.0.0.1", self.port, username=user, known_hosts=None, config=None, **options)


@pytest.fixture
async def ours(db: Database, tmp_path: Path) -> AsyncIterator[Ours]:
    host = tmp_path / "host_key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(host)
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "id")
    (tmp_path / "id").chmod(0o600)
    settings = {"user": "bolts", "keys": [public(key)], "password_hash": hashed("correct horse")}
    await declare(
        db, Channel(tenant_id=T, id="login", kind=Kind.SFTP_LOGIN, direction=Direction.BOTH, partner="bolts",
                    settings=settings, max_bytes=100_000),
    )  # fmt: skip
    served = Served(db, ChannelDesk())
    port = await served.start("127.0.0.1", 0, host)
    yield Ours(served, port, key, tmp_path / "id")
    await served.close()


async def test_an_upload_is_stored_before_its_close_is_answered(ours: Ours, db: Database) -> None:
    async with ours.connect() as connection, connection.start_sftp_client() as client:
        assert sorted(await client.listdir("/")) == [".", "..", "in", "out"]
        f = await client.open("in/order.edi", "wb")
        await f.write(order())
        assert await rows(db, "select 1 from crossdock.receipt") == []
        await f.close()
        assert len(await rows(db, "select 1 from crossdock.receipt")) == 1, "committed when close returns"
        # the same again is one, whole files only
        async with client.open("/in/order.edi", "wb") as again:
            await again.write(order())
    await ours.served.idle()
    [document] = await listed(db)
    assert (document["status"], document["partner"], document["po"]) == ("accepted", "bolts", "4500012")


async def test_an_upload_that_breaks_off_leaves_nothing(ours: Ours, db: Database) -> None:
    connection = await ours.connect()
    client = await connection.start_sftp_client()
    f = await client.open("/in/order.edi", "wb")
    await f.write(order())
    await f.stat()  # the server has it all
    connection.abort()
    await connection.wait_closed()
    async with ours.connect() as second, second.start_sftp_client() as client:
        assert sorted(await client.listdir("/in")) == [".", ".."]
    assert await rows(db, "select 1 from crossdock.receipt") == []


async def test_a_temporary_name_is_stored_when_it_gets_its_own(ours: Ours, db: Database) -> None:
    async with ours.connect() as connection, connection.start_sftp_client() as client:
        async with client.open("/in/order.edi.filepart", "wb") as f:
            await f.write(order())
        assert await rows(db, "select 1 from crossdock.receipt") == []
        assert (await client.stat("/in/order.edi.filepart")).size == len(order())
        await client.rename("/in/order.edi.filepart", "/in/order.edi")
    [arrival] = await rows(db, "select name from crossdock.arrival")
    assert arrival["name"] == "order.edi"


async def test_what_is_offered_is_delivered_once_it_is_removed(ours: Ours, db: Database) -> None:
    await answered_order(db)
    async with ours.connect() as connection, connection.start_sftp_client() as client:
        names = sorted(n for n in await client.listdir("/out") if not n.startswith("."))
        assert [n.split("-")[0] for n in names] == ["855", "997"]
        async with client.open(f"/out/{names[0]}", "rb") as f:
            assert b"~ST*855*" in await f.read()
        assert {r["state"] for r in await rows(db, "select state from crossdock.sending")} == {"written"}
        for name in names:
            await client.remove(f"/out/{name}")
        assert sorted(await client.listdir("/out")) == [".", ".."]
    assert {r["state"] for r in await rows(db, "select state from crossdock.sending")} == {"sent"}


async def test_a_login_reaches_nothing_else(ours: Ours, db: Database) -> None:
    async with ours.connect() as connection:
        with pytest.raises((asyncssh.Error, OSError)):
            await asyncio.wait_for(connection.run("id", check=True), 10)
        with pytest.raises(asyncssh.Error):
            await connection.open_connection("127.0.0.1", 22)
        async with connection.start_sftp_client() as client:
            for path in ("/etc/passwd", "../../etc/passwd", "/in/../../etc/passwd", "/out/missing", "/other"):
                with pytest.raises(asyncssh.SFTPError):
                    await client.open(path, "rb")
            for attempt in (
                client.mkdir("/new"), client.symlink("/etc/passwd", "/in/x"), client.open("/out/x", "wb"),
                client.open("/x", "wb"), client.remove("/in/none"), client.rename("/out/x", "/in/y"),
            ):  # fmt: skip
                with pytest.raises(asyncssh.SFTPError):
                    await attempt
            with pytest.raises(asyncssh.SFTPError, match="100000"):
                async with client.open("/in/big.edi", "wb") as f:
                    await f.write(bytes(100_001))
            with pytest.raises(asyncssh.SFTPError, match="empty"):
                async with client.open("/in/empty.edi", "wb"):
                    pass
    assert await rows(db, "select 1 from crossdock.receipt") == []


async def test_only_the_partner_is_let_in(ours: Ours, db: Database) -> None:
    async with ours.connect(client_keys=None, password="correct horse"):
        pass
    other = asyncssh.generate_private_key("ssh-ed25519")
    for user, options in (
        (f"{T}.bolts", {"client_keys": [other]}),
        (f"{T}.bolts", {"client_keys": None, "password": "wrong"}),
        ("castell.bolts", {}),
        (f"{T}.nobody", {"client_keys": None, "password": "correct horse"}),
        ("root", {}),
    ):
        with pytest.raises(asyncssh.PermissionDenied):
            await ours.connect(user, **options)
    async with db.transaction(T) as tx:
        await store.enable(tx, T, "login", False, "test")
    with pytest.raises(asyncssh.PermissionDenied):
        await ours.connect()


def test_an_address_that_fails_too_often_is_not_let_in_to_try() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    for _ in range(10):
        assert not attempts.barred("a")
        attempts.failed("a")
    assert attempts.barred("a")
    assert not attempts.barred("b")
    now = 61.0
    assert not attempts.barred("a")


@pytest.mark.skipif(shutil.which("sftp") is None, reason="NOT RUN: no OpenSSH client here")
async def test_openssh_puts_and_gets(ours: Ours, db: Database, tmp_path: Path) -> None:
    await answered_order(db)
    (tmp_path / "order.edi").write_bytes(order(8, "PO-8"))
    batch = f"put {tmp_path}/order.edi /in/order.edi\nls /out\nget /out/855* {tmp_path}/\nrm /out/855*\n"
    process = await asyncio.create_subprocess_exec(
        "sftp", "-b", "-", "-P", str(ours.port), "-i", str(ours.key_file), "-o", "StrictHostKeyChecking=no", "-o",
        "UserKnownHostsFile=/dev/null", "-F", "/dev/null", f"{T}.bolts@127.0.0.1",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(batch.encode()), 30)
    assert process.returncode == 0, (out, err)
    await ours.served.idle()
    assert {d["po"] for d in await listed(db)} == {"4500012", "PO-8"}
    assert len(list(tmp_path.glob("855*"))) == 1
    told = await rows(db, "select state from crossdock.sending where type = '855'")
    assert [r["state"] for r in told] == ["sent"]
