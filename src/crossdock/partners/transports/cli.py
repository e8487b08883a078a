"""`crossdock channel …`: the ways by which documents come and go, as JSON."""

import asyncio
import getpass
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import typer
from argon2 import PasswordHasher

from crossdock import exactjson
from crossdock.db import Database
from crossdock.errors import CrossdockError, NotFound, SetupError
from crossdock.partners.transports import certificates, handing, quarantine, releasing, running, store
from crossdock.partners.transports.desk import Desk
from crossdock.partners.transports.model import Channel, Direction, Kind, wrong
from crossdock.partners.transports.opening import Opener
from crossdock.partners.transports.quarantine import State

OpenDatabase: TypeAlias = Callable[[], Awaitable[Database]]
# What only the composition root can make: how channels are opened, and where their trouble is told.
Means: TypeAlias = Callable[[Database], AbstractAsyncContextManager[tuple[Opener, Desk]]]
Work: TypeAlias = Callable[[Database, str], Awaitable[Any]]
Tenant = Annotated[str, typer.Option(help="Whose channels; needed when there are several tenants")]
Item = Annotated[UUID, typer.Argument(help="As `quarantine list` shows it", metavar="ID")]
Name = Annotated[str, typer.Argument(help="The channel", metavar="CHANNEL")]


def register(app: typer.Typer, open_database: OpenDatabase, means: Means) -> None:
    channels = typer.Typer(
        no_args_is_help=True, help="Ways by which documents come and go: folders, SFTP, AS2, mail, S3."
    )
    app.add_typer(channels, name="channel")
    _declaring(channels, open_database)
    _working(channels, open_database, means)
    _looking(channels, open_database, means)
    _certificates(channels, open_database, means)
    _quarantine(channels, open_database, means)
    _passwords(channels)


def _declaring(channels: typer.Typer, open_database: OpenDatabase) -> None:
    @channels.command("add")
    def add(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        name: Name,
        kind: Annotated[Kind, typer.Argument(help="How documents travel")],
        direction: Annotated[Direction, typer.Option(help="For us")] = Direction.IN,
        partner: Annotated[str, typer.Option(help="Whose it is; without one, documents or senders say")] = "",
        set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, a value as JSON or text")] = None,
        settings: Annotated[Path | None, typer.Option(help="The same as a JSON file")] = None,
        every: Annotated[int, typer.Option(help="Seconds between two runs")] = 30,
        max_bytes: Annotated[int, typer.Option(help="Larger files are refused")] = 32 * 1024 * 1024,
        only_agreed: Annotated[
            bool, typer.Option("--only-agreed", help="Send by it only what an agreement sends by it")
        ] = False,
        tenant: Tenant = "",
    ) -> None:
        """Declare a channel, or replace it. docs/transports.md lists the settings of each kind."""
        given: dict[str, Any] = exactjson.loads(settings.read_bytes()) if settings else {}
        given |= dict(map(_pair, set_ or []))

        async def work(db: Database, tenant_id: str) -> Any:
            channel = Channel(
                tenant_id=tenant_id, id=name, kind=kind, direction=direction, partner=partner or None, settings=given,
                every_s=every, max_bytes=max_bytes, usual=not only_agreed,
            )  # fmt: skip
            async with db.transaction(tenant_id) as tx:
                await store.add(tx, channel, _me())
                return store.shown(await store.one(tx, tenant_id, name))

        _run(open_database, tenant, work)

    def switch(on: bool, name: str, tenant: str) -> None:
        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                await store.enable(tx, tenant_id, name, on, _me())
                return store.shown(await store.one(tx, tenant_id, name))

        _run(open_database, tenant, work)

    @channels.command("enable")
    def enable(name: Name, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Let it run again."""
        switch(True, name, tenant)

    @channels.command("disable")
    def disable(name: Name, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Stop it; what it has brought stays."""
        switch(False, name, tenant)


def _working(channels: typer.Typer, open_database: OpenDatabase, means: Means) -> None:
    @channels.command("test")
    def test(name: Name, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Connect and look; move nothing."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                channel = await store.one(tx, tenant_id, name)
            async with means(db) as (open_, _):
                return {"channel": name, "works": True, "found": await running.test(channel, open_)}

        _run(open_database, tenant, work)

    @channels.command("run")
    def run(name: Name, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Run it once now, also when it is disabled."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                await store.one(tx, tenant_id, name)
            async with means(db) as (open_, desk):
                ran = await running.run(db, tenant_id, name, open_, desk, by_hand=True)
            if ran is None:
                raise SetupError(f"{name} runs elsewhere just now.")
            if ran.trouble:
                raise SetupError(ran.trouble)
            return {"channel": name, **asdict(ran)}

        _run(open_database, tenant, work)

    @channels.command("resend")
    def resend(  # pyright: ignore[reportUnusedFunction]
        document: Annotated[UUID, typer.Argument(help="As `channel deliveries` shows it")], tenant: Tenant = ""
    ) -> None:
        """Send once more what is unknown, refused or failed, as the same message."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with means(db) as (_, desk), db.transaction(tenant_id) as tx:
                return await handing.again(tx, tenant_id, document, _me(), desk)

        _run(open_database, tenant, work)


def _looking(channels: typer.Typer, open_database: OpenDatabase, means: Means) -> None:
    @channels.command("list")
    def list_(tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Channels, with how they fare."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                return [store.shown(c) | await handing.fares(tx, c) for c in await store.find(tx, tenant_id)]

        _run(open_database, tenant, work)

    @channels.command("arrivals")
    def arrivals(  # pyright: ignore[reportUnusedFunction]
        name: Annotated[str, typer.Argument(help="Only of this channel")] = "", tenant: Tenant = ""
    ) -> None:
        """What came, newest first, with the documents in it; what was refused, and why."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                return await store.arrivals(tx, tenant_id, name or None)

        _run(open_database, tenant, work)

    @channels.command("deliveries")
    def deliveries(  # pyright: ignore[reportUnusedFunction]
        name: Annotated[str, typer.Argument(help="Only of this channel")] = "",
        state: Annotated[str, typer.Option(help="sending, delivered, failed, unknown or refused")] = "",
        tenant: Tenant = "",
    ) -> None:
        """What was sent, newest first."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                return await store.deliveries(tx, tenant_id, name or None, state or None)

        _run(open_database, tenant, work)


def _quarantine(channels: typer.Typer, open_database: OpenDatabase, means: Means) -> None:
    group = typer.Typer(no_args_is_help=True, help="What came from senders whom nobody knows.")
    channels.add_typer(group, name="quarantine")

    @group.command("list")
    def list_(  # pyright: ignore[reportUnusedFunction]
        q: Annotated[str, typer.Argument(help="Part of sender, name, way or reason")] = "",
        state: Annotated[State | None, typer.Option(help="Only these")] = State.KEPT,
        tenant: Tenant = "",
    ) -> None:
        """Newest first, and how much room is left."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                found = await quarantine.page(tx, tenant_id, state=state, q=q)
                return {"items": found, "room": await quarantine.room(tx, tenant_id)}

        _run(open_database, tenant, work)

    @group.command("raw")
    def raw(  # pyright: ignore[reportUnusedFunction]
        id: Item, file: Annotated[Path, typer.Argument(help="Where its bytes go")], tenant: Tenant = ""
    ) -> None:
        """Write its bytes to a new file."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                row = await quarantine.one(tx, tenant_id, id)
            if row["bytes"] is None:
                raise NotFound("Its bytes are gone.")
            try:
                with file.open("xb") as f:
                    f.write(row["bytes"])
            except OSError as e:
                raise SetupError(f"Expected to write {file}: {e.strerror}.") from e
            return {"id": str(id), "file": str(file), "size_bytes": row["size_bytes"]}

        _run(open_database, tenant, work)

    @group.command("release")
    def release(  # pyright: ignore[reportUnusedFunction]
        id: Item, partner: Annotated[str, typer.Argument(help="Whose it is; of AS2 its channel says so")] = "",
        tenant: Tenant = "",
    ) -> None:  # fmt: skip
        """Take it in as if its channel had known the sender."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with means(db) as (opener, _):
                done = await releasing.release(db, tenant_id, id, partner, _me(), opener.secrets)
            return [r.plain() for r in done]

        _run(open_database, tenant, work)

    @group.command("discard")
    def discard(  # pyright: ignore[reportUnusedFunction]
        id: Item, reason: Annotated[str, typer.Argument(help="Why; it stays with its row")], tenant: Tenant = ""
    ) -> None:
        """Delete its bytes; who sent it and why it went stays."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                await quarantine.discard(tx, tenant_id, id, reason, _me())
                return quarantine.shown(await quarantine.one(tx, tenant_id, id))

        _run(open_database, tenant, work)


def _passwords(channels: typer.Typer) -> None:
    @channels.command("hash-password")
    def hash_password() -> None:  # pyright: ignore[reportUnusedFunction]
        """Ask for a password, and print what `password_hash` of an SFTP login holds."""
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        typer.echo(PasswordHasher().hash(password))


def _certificates(channels: typer.Typer, open_database: OpenDatabase, means: Means) -> None:
    group = typer.Typer(no_args_is_help=True, help="Certificates of partners, and ours, for AS2.")
    channels.add_typer(group, name="certificate")

    @group.command("add")
    def add(  # pyright: ignore[reportUnusedFunction]
        file: Annotated[Path, typer.Argument(help="In PEM", exists=True, dir_okay=False)],
        partner: Annotated[str, typer.Option(help="Whose it is; without one, ours")] = "",
        key_secret: Annotated[str, typer.Option(help="Of ours: the name of its private key in the vault")] = "",
        valid_from: Annotated[datetime | None, typer.Option("--from", help="Send with it from then on (UTC)")] = None,
        tenant: Tenant = "",
    ) -> None:
        """Add a certificate beside those there are. Received is with each of them, at once."""

        async def work(db: Database, tenant_id: str) -> Any:
            at = valid_from.replace(tzinfo=UTC) if valid_from else None
            async with means(db) as (opener, _), db.transaction(tenant_id) as tx:
                fingerprint = await certificates.add(
                    tx, tenant_id, partner, file.read_text(encoding="utf-8"), _me(), key_secret=key_secret,
                    secrets=opener.secrets(tenant_id), valid_from=at,
                )  # fmt: skip
            return {"fingerprint": fingerprint}

        _run(open_database, tenant, work)

    @group.command("list")
    def list_(tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """All certificates, the one to send with first of each partner's."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                return [h.plain() for h in await certificates.held(tx, tenant_id)]

        _run(open_database, tenant, work)

    @group.command("withdraw")
    def withdraw(  # pyright: ignore[reportUnusedFunction]
        fingerprint: str, partner: Annotated[str, typer.Option(help="Whose it is; without one, ours")] = "",
        tenant: Tenant = "",
    ) -> None:  # fmt: skip
        """Believe and use a certificate no longer."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                await certificates.withdraw(tx, tenant_id, partner, fingerprint, _me())
            return {"fingerprint": fingerprint, "withdrawn": True}

        _run(open_database, tenant, work)

    @group.command("create")
    def create(  # pyright: ignore[reportUnusedFunction]
        name: Annotated[str, typer.Argument(help="As the certificate calls us")],
        key_file: Annotated[Path, typer.Option(help="Where the private key goes: a file of the vault, TENANT/NAME")],
        certificate_file: Annotated[Path, typer.Option(help="Where the certificate goes; partners get it")],
        days: Annotated[int, typer.Option(min=1, max=3650)] = 730,
    ) -> None:
        """Make a private key and a self-signed certificate. Neither file may be there already."""
        key, pem = certificates.self_signed(name, days)
        try:
            with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
                f.write(key)
            with certificate_file.open("x") as f:
                f.write(pem)
        except OSError as e:
            typer.echo(f"Expected to write {e.filename}: {e.strerror}.", err=True)
            raise typer.Exit(2) from e


def _pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise wrong("--set", "KEY=VALUE", text, "Write it so.")
    try:
        return key, exactjson.loads(value.encode())
    except exactjson.DecodeError:
        return key, value


def _me() -> str:
    return f"cli:{getpass.getuser()}"


def _run(open_database: OpenDatabase, tenant: str, work: Work) -> None:
    async def whole() -> Any:
        async with _tenant_of(open_database, tenant) as (db, tenant_id):
            return await work(db, tenant_id)

    try:
        typer.echo(exactjson.text(asyncio.run(whole())))
    except CrossdockError as e:
        typer.echo(str(e), err=True)
        raise typer.Exit(2) from e


@asynccontextmanager
async def _tenant_of(open_database: OpenDatabase, tenant: str) -> AsyncGenerator[tuple[Database, str]]:
    db = await open_database()
    try:
        known = await db.tenant_ids()
        if tenant not in known and (tenant or len(known) != 1):
            choices = ", ".join(known) or "none yet; `crossdock tenant add` makes one"
            raise SetupError(f"Expected --tenant to be one of {choices}; found {tenant or 'nothing'}.")
        yield db, tenant or known[0]
    finally:
        await db.close()
