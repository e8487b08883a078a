"""`crossdock partner …`: partners and what is agreed with them, put and taken out as one YAML file each."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from crossdock import exactjson
from crossdock.db import Database, Tx
from crossdock.errors import CrossdockError, PartnerError, SetupError
from crossdock.events.inbox import business_now
from crossdock.outbound.mail import Mailer
from crossdock.partners import profiles
from crossdock.partners.agreements import certification, expectations, mailing, store, terms

OpenDatabase: TypeAlias = Callable[[], Awaitable[Database]]
Work: TypeAlias = Callable[[Tx, str], Awaitable[Any]]
Outside: TypeAlias = Callable[[Database, str], Awaitable[Any]]
# How mail leaves, and our own address.
Mail: TypeAlias = Callable[[], tuple[Mailer, str]]
Tenant = Annotated[str, typer.Option(help="Whose partners; needed when there are several")]
As = Annotated[str, typer.Option("--as", help="Your name, for the audit trail")]
Note = Annotated[str, typer.Option(help="Why it is changed")]
Partner = Annotated[str, typer.Argument(help="Its id, as `partner list` shows it")]
File = Annotated[Path, typer.Argument(help="YAML or JSON", exists=True, dir_okay=False)]


class Run:
    """Carries out the work of a command in one transaction of the tenant, and prints what it gives."""

    def __init__(self, open_database: OpenDatabase) -> None:
        self._open = open_database

    def __call__(self, tenant: str, work: Work) -> None:
        async def within(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                return await work(tx, tenant_id)

        self.outside(tenant, within)

    def outside(self, tenant: str, work: Outside) -> None:
        """Work that commits by itself, because something outside follows from it."""
        try:
            given = asyncio.run(self._with(tenant, work))
        except PartnerError as e:
            for finding in e.findings:
                typer.echo(str(finding), err=True)
            raise typer.Exit(2) from e
        except CrossdockError as e:
            typer.echo(str(e), err=True)
            raise typer.Exit(2) from e
        if isinstance(given, str):
            typer.echo(given, nl=not given.endswith("\n"))
            return
        for row in given:
            typer.echo(exactjson.text(row))

    async def _with(self, tenant: str, work: Outside) -> Any:
        db = await self._open()
        try:
            known = await db.tenant_ids()
            if tenant not in known and (tenant or len(known) != 1):
                choices = ", ".join(known) or "none yet; `crossdock tenant add` makes one"
                raise SetupError(f"Expected --tenant to be one of {choices}; found {tenant or 'nothing'}.")
            return await work(db, tenant or known[0])
        finally:
            await db.close()


def register(app: typer.Typer, open_database: OpenDatabase, mail: Mail) -> None:
    group = typer.Typer(no_args_is_help=True, help="Trading partners: profile, identifiers, agreements.")
    app.add_typer(group, name="partner")
    run = Run(open_database)
    _files(group, run)
    _awaited(group, run)
    _onboarding(group, run, mail)
    agreements = typer.Typer(no_args_is_help=True, help="What is agreed about one document, direction and version.")
    group.add_typer(agreements, name="agreement")
    _agreements(agreements, run)


def _files(group: typer.Typer, run: Run) -> None:
    @group.command("list")
    def _list(tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction] - typer keeps it
        """All partners, a line of JSON each."""

        async def work(tx: Tx, tenant_id: str) -> Any:
            return [
                {"partner": s.profile.id, "name": s.profile.name, "mode": s.profile.mode, "version": s.version,
                 "agreements": [str(a) for a in s.profile.agreements], "last_document_at": last}
                for s, last in await store.every(tx, tenant_id)
            ]  # fmt: skip

        run(tenant, work)

    @group.command("show")
    def _show(  # pyright: ignore[reportUnusedFunction]
        partner: Partner, version: Annotated[int, typer.Option(help="Of its file; 0 is the current one")] = 0,
        tenant: Tenant = "",
    ) -> None:  # fmt: skip
        """A partner's file as YAML; `partner put` takes it back."""

        async def work(tx: Tx, tenant_id: str) -> Any:
            return store.exported((await store.get(tx, tenant_id, partner, version or None)).profile)

        run(tenant, work)

    @group.command("versions")
    def _versions(partner: Partner, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Who put which version when, the newest first."""

        async def work(tx: Tx, tenant_id: str) -> Any:
            return await store.versions(tx, tenant_id, (await store.get(tx, tenant_id, partner)).profile.id)

        run(tenant, work)

    @group.command("put")
    def _put(  # pyright: ignore[reportUnusedFunction]
        files: Annotated[list[Path], typer.Argument(help="YAML or JSON", exists=True, dir_okay=False)],
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge the files only; no database is asked")] = False,
        note: Note = "", by: As = "", tenant: Tenant = "",
    ) -> None:  # fmt: skip
        """Make each file the current version of its partner; all of them or none."""

        def read(path: Path) -> Any:
            return store.imported(path.read_bytes(), path.name)

        if dry_run:
            _judge(files)
            return

        async def work(tx: Tx, tenant_id: str) -> Any:
            now, told = await business_now(tx), list[dict[str, Any]]()
            for path in files:
                stored, new = await store.put(tx, tenant_id, read(path), _who(by), now, note=note, where=path.name)
                told.append({"partner": stored.profile.id, "version": stored.version, "changed": new})
            return told

        run(tenant, work)


def _awaited(group: typer.Typer, run: Run) -> None:
    @group.command("awaited")
    def _list(  # pyright: ignore[reportUnusedFunction]
        partner: Annotated[str, typer.Argument(help="Only this partner's")] = "",
        state: Annotated[str, typer.Option(help="open, overdue, fulfilled or cancelled")] = "open",
        tenant: Tenant = "",
    ) -> None:  # fmt: skip
        """Answers that partners owe us and we them, the newest first, a line of JSON each."""

        async def work(tx: Tx, tenant_id: str) -> Any:
            return await expectations.page(tx, tenant_id, state=state or None, partner=partner or None, limit=500)

        run(tenant, work)


def _onboarding(group: typer.Typer, run: Run, mail: Mail) -> None:
    @group.command("invite")
    def _invite(  # pyright: ignore[reportUnusedFunction]
        partner: Partner,
        email: Annotated[str, typer.Option(help="To whom it goes; without one, to the partner's contact")] = "",
        days: Annotated[int, typer.Option(min=1, max=30, help="How long it can be used")] = 7,
        send: Annotated[bool, typer.Option("--send", help="Mail it; else send the link yourself")] = False,
        language: Annotated[str, typer.Option(help="Of the mail: en, de or sv")] = "en",
        by: As = "", tenant: Tenant = "",
    ) -> None:  # fmt: skip
        """Make a link with which a partner sets up its own account, once; it is shown this once."""

        async def work(db: Database, tenant_id: str) -> Any:
            mailer, address = mail()
            made = await mailing.invite(
                db, tenant_id, partner, _who(by), mailer, address,
                email=email, lasts=timedelta(days=days), language=language, send=send,
            )  # fmt: skip
            told = {"mailed_to": made.to, "mail_error": made.error} if send else {}
            return [{"link": mailing.link("", made.invited), "expires_at": made.invited.expires_at, **told}]

        run.outside(tenant, work)

    @group.command("checklist")
    def _checklist(partner: Partner, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """How far a partner is on its way to production, a line of JSON for each point."""

        async def work(tx: Tx, tenant_id: str) -> Any:
            found = await certification.progress(tx, tenant_id, partner)
            head = {"partner": partner, "state": found.state, "started_at": found.started_at, "live_at": found.live_at}
            return [head, *({"title": i.title, "done": i.done, "needed": i.needed} for i in found.items)]

        run(tenant, work)

    @group.command("approve")
    def _approve(partner: Partner, by: As = "", tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Let a partner whose checklist is green go live."""

        async def work(tx: Tx, tenant_id: str) -> Any:
            await certification.approve(tx, tenant_id, partner, _who(by), await business_now(tx))
            return [{"partner": partner, "state": certification.State.LIVE}]

        run(tenant, work)


def _judge(files: list[Path]) -> None:
    wrong = False
    for path in files:
        try:
            profiles.parse(store.imported(path.read_bytes(), path.name), path.name)
        except PartnerError as e:
            wrong = True
            for finding in e.findings:
                typer.echo(str(finding), err=True)
        else:
            typer.echo(f"{path.name}: good")
    if wrong:
        raise typer.Exit(2)


Document = Annotated[str, typer.Argument(help="850, ORDERS, …")]
Way = Annotated[terms.Direction, typer.Argument(help="in: they send it; out: we do")]
Release = Annotated[str, typer.Argument(help="004010, D:96A, …; none: of each version")]


def _agreements(group: typer.Typer, run: Run) -> None:
    @group.command("list")
    def _list(partner: Partner, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """A partner's agreements, a line of JSON each."""

        async def work(tx: Tx, tenant_id: str) -> Any:
            return [terms.plain(a) for a in (await store.get(tx, tenant_id, partner)).profile.agreements]

        run(tenant, work)

    @group.command("put")
    def _put(partner: Partner, file: File, note: Note = "", by: As = "", tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Add an agreement, or replace the one of its document, direction and version."""

        async def work(tx: Tx, tenant_id: str) -> Any:
            given = store.imported(file.read_bytes(), file.name)
            now = await business_now(tx)
            stored, new = await store.put_agreement(tx, tenant_id, partner, given, _who(by), now, note=note)
            return [{"partner": partner, "version": stored.version, "changed": new}]

        run(tenant, work)

    def drop(partner: str, key: tuple[str, str, str], by: str, tenant: str) -> None:
        async def work(tx: Tx, tenant_id: str) -> Any:
            stored = await store.drop_agreement(tx, tenant_id, partner, key, _who(by), await business_now(tx))
            return [{"partner": partner, "version": stored.version, "changed": True}]

        run(tenant, work)

    @group.command("remove")
    def _remove(  # pyright: ignore[reportUnusedFunction]
        partner: Partner, document: Document, direction: Way, version: Release = "", by: As = "", tenant: Tenant = "",
    ) -> None:  # fmt: skip
        """Take an agreement out of a partner's file; earlier versions keep it."""
        drop(partner, (document, direction.value, version), by, tenant)


def _who(by: str) -> str:
    return by or f"cli:{getpass.getuser()}"
