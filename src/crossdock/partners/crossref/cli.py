"""`crossdock xref list|load|export|proposals|proposal|accept|reject|undo`: what partners call otherwise than we."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from crossdock import exactjson
from crossdock.db import Database, Tx
from crossdock.errors import SetupError
from crossdock.events.inbox import business_now
from crossdock.partners.crossref import proposals as proposed
from crossdock.partners.crossref import store
from crossdock.partners.crossref.proposals import Choice

Tenant = Annotated[str, typer.Option(help="Whose partners; needed when there are several")]
By = Annotated[str, typer.Option("--as", help="Your name, for the audit trail")]
Partner = Annotated[str, typer.Option(help="Only this partner's")]


def register(app: typer.Typer, open_database: Callable[[], Awaitable[Database]]) -> None:
    group = typer.Typer(no_args_is_help=True, help="What partners call otherwise: item numbers, units, ship-tos.")
    app.add_typer(group, name="xref")

    def run(tenant: str, work: Callable[[Tx, str], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            db = await open_database()
            try:
                known = await db.tenant_ids()
                if tenant not in known and (tenant or len(known) != 1):
                    raise SetupError(f"Expected --tenant to be one of {', '.join(known)}; found {tenant or 'nothing'}.")
                chosen = tenant or known[0]
                async with db.transaction(chosen) as tx:
                    return await work(tx, chosen)
            finally:
                await db.close()

        return asyncio.run(whole())

    def lines(found: list[dict[str, Any]]) -> None:
        for row in found:
            typer.echo(exactjson.text(row))

    @group.command("list")
    def list_(partner: Partner = "", tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction] - typer keeps it
        """As JSON, a line each."""
        lines(run(tenant, lambda tx, t: store.page(tx, t, partner=partner or None, limit=store.MAX_LINES)))

    @group.command("export")
    def export(partner: Partner = "", tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """As CSV, which `load` takes again."""
        typer.echo(run(tenant, lambda tx, t: store.export(tx, t, partner or None)), nl=False)

    @group.command("load")
    def load(  # pyright: ignore[reportUnusedFunction]
        file: Annotated[Path, typer.Argument(help="CSV, or - for standard input")], tenant: Tenant = "", by: By = ""
    ) -> None:
        """Enter or replace each line of a CSV; all of them or, if one is wrong, none."""
        try:
            text = (sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as e:
            raise SetupError(f"Expected a file of UTF-8 that can be read, found {file}: {e}.") from e

        async def work(tx: Tx, tenant_id: str) -> int:
            return await store.load(tx, tenant_id, text, by or getpass.getuser(), await business_now(tx))

        typer.echo(f"{run(tenant, work)} entries")

    @group.command("proposals")
    def proposals(partner: Partner = "", tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """What corrections suggest and nobody has decided, with its evidence."""
        lines(run(tenant, lambda tx, t: proposed.find(tx, t, partner=partner or None)))

    @group.command("proposal")
    def proposal_(proposal: UUID, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """One proposal with its evidence, and the held documents that would be read otherwise."""

        async def work(tx: Tx, tenant_id: str) -> dict[str, Any]:
            found = await proposed.one(tx, tenant_id, proposal)
            return {**found, "waiting": await proposed.waiting(tx, tenant_id, found)}

        lines([run(tenant, work)])

    def decide(tenant: str, proposal: UUID, by: str, choice: Choice) -> None:
        async def work(tx: Tx, tenant_id: str) -> None:
            who, now = by or getpass.getuser(), await business_now(tx)
            await proposed.carry_out(tx, tenant_id, proposal, choice, who, now)

        run(tenant, work)
        typer.echo({"accept": "Accepted.", "reject": "Rejected.", "undo": "Taken back."}[choice])

    @group.command("accept")
    def accept(proposal: UUID, tenant: Tenant = "", by: By = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Make a proposal an entry, used from now on."""
        decide(tenant, proposal, by, Choice.ACCEPT)

    @group.command("reject")
    def reject(proposal: UUID, tenant: Tenant = "", by: By = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Turn a proposal down."""
        decide(tenant, proposal, by, Choice.REJECT)

    @group.command("undo")
    def undo(proposal: UUID, tenant: Tenant = "", by: By = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Take a decision back: it is proposed again, and the entry is as it was before."""
        decide(tenant, proposal, by, Choice.UNDO)
