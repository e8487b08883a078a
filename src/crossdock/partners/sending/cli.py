"""`crossdock documents …`: what became of what we sent, and sending it again; each way is previewed by --dry-run."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import typer

from crossdock import exactjson
from crossdock.db import Database, Tx
from crossdock.errors import CrossdockError, PartnerError, SetupError
from crossdock.events.inbox import business_now
from crossdock.partners import jsonorder
from crossdock.partners.model import Context
from crossdock.partners.sending import outbox, payments, purchases, store

OpenDatabase: TypeAlias = Callable[[], Awaitable[Database]]
Tenant = Annotated[str, typer.Option(help="Whose documents; needed when there are several")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing")]
Document = Annotated[UUID, typer.Argument(help="Its id, as `documents sent` shows it")]


def register(app: typer.Typer, open_database: OpenDatabase) -> None:
    documents = typer.Typer(help="Documents we sent to partners: what became of them, and sending one again.")
    app.add_typer(documents, name="documents")

    def run(tenant: str, work: Callable[[Database, str], Awaitable[Any]]) -> None:
        try:
            typer.echo(exactjson.text(asyncio.run(_with(open_database, tenant, work))))
        except CrossdockError as e:
            typer.echo(str(e), err=True)
            raise typer.Exit(2) from e

    @documents.command("sent")
    def sent(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        q: Annotated[str, typer.Argument(help="Part of a PO, invoice, shipment, control number or SSCC")] = "",
        state: Annotated[str, typer.Option(help="written, sent, accepted, rejected, overdue, …")] = "",
        tenant: Tenant = "",
    ) -> None:
        """List sent documents as JSON, newest first."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                return await store.page(tx, tenant_id, state=state or None, q=q or None)

        run(tenant, work)

    @documents.command("order")
    def order(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        file: Annotated[Path, typer.Argument(help="Our order as JSON (docs/intake.md); `po` is our number")],
        partner: Annotated[str, typer.Option(help="The supplier, a trading partner")],
        tenant: Tenant = "",
    ) -> None:
        """Send an order of ours to a supplier, in the format agreed with it. The same file again changes nothing."""
        raw = file.read_bytes()

        async def work(db: Database, tenant_id: str) -> Any:
            [found] = jsonorder.decode(raw, Context(adopt=True))
            if found.order is None:
                raise PartnerError([i.finding for i in found.issues])
            async with db.transaction(tenant_id) as tx:
                now = await business_now(tx)
                key = f"purchase/{partner}/{found.order.number}"
                made = await purchases.send(tx, tenant_id, partner, found.order, now, key=key, by=getpass.getuser())
                return {"document": str(made.document_id), "type": made.type, "control": made.control}

        run(tenant, work)

    @documents.command("pay")
    def pay(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        file: Annotated[Path, typer.Argument(help="The payment as JSON (docs/sending.md): number, paid_on, invoices")],
        partner: Annotated[str, typer.Option(help="The supplier, a trading partner")],
        dry_run: DryRun = False,
        tenant: Tenant = "",
    ) -> None:
        """Tell a supplier which of its invoices we pay (820). The same file again changes nothing."""
        raw = file.read_bytes()

        async def work(db: Database, tenant_id: str) -> Any:
            payment = payments.read(exactjson.loads(raw))
            async with db.transaction(tenant_id) as tx:
                now, by = await business_now(tx), f"cli:{getpass.getuser()}"
                if dry_run:
                    return await payments.preview(tx, tenant_id, partner, payment, now)
                key = payments.key_of(partner, payment)
                made = await payments.send(tx, tenant_id, partner, payment, now, key=key, by=by)
                return {"document": str(made.document_id), "type": made.type, "control": made.control}

        run(tenant, work)

    @documents.command("retry")
    def retry(document: Document, dry_run: DryRun = False, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Offer a document once more: its delivery failed."""
        run(tenant, _again(document, "retry", dry_run))

    @documents.command("replay")
    def replay(document: Document, dry_run: DryRun = False, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Send the same bytes under the same numbers: the partner lost them."""
        run(tenant, _again(document, "replay", dry_run))

    @documents.command("reissue")
    def reissue(document: Document, dry_run: DryRun = False, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Write the same content under new numbers: the partner could not use the first."""
        run(tenant, _again(document, "reissue", dry_run))

    @documents.command("deliver")
    def deliver(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        folder: Annotated[Path, typer.Argument(help="Where partners' folders are")],
        partner: Annotated[str, typer.Option(help="Only this partner's")] = "",
        tenant: Tenant = "",
    ) -> None:
        """Put everything offered into FOLDER/PARTNER/, each file whole or not at all."""

        async def work(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                now = await business_now(tx)
            return {"delivered": await outbox.deliver(db, tenant_id, folder, now, partner or None)}

        run(tenant, work)


async def _with(open_database: OpenDatabase, tenant: str, work: Callable[[Database, str], Awaitable[Any]]) -> Any:
    db = await open_database()
    try:
        known = await db.tenant_ids()
        if tenant not in known and (tenant or len(known) != 1):
            choices = ", ".join(known) or "none yet; `crossdock tenant add` makes one"
            raise SetupError(f"Expected --tenant to be one of {choices}; found {tenant or 'nothing'}.")
        return await work(db, tenant or known[0])
    finally:
        await db.close()


def _again(document: UUID, way: str, dry_run: bool) -> Callable[[Database, str], Awaitable[Any]]:
    async def work(db: Database, tenant_id: str) -> Any:
        async with db.transaction(tenant_id) as tx:
            return await (store.preview(tx, tenant_id, document, way) if dry_run else _done(tx, tenant_id))

    async def _done(tx: Tx, tenant_id: str) -> Any:
        now, by = await business_now(tx), f"cli:{getpass.getuser()}"
        if way == "reissue":
            return await store.reissue(tx, tenant_id, document, by, now)
        return await store.again(tx, tenant_id, document, way, by, now)

    return work
