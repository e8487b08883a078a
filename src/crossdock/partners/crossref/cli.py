"""`crossdock xref list|load|export|proposals|accept|reject`: what partners call otherwise than we."""

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
from crossdock.partners.crossref import store

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
        lines(run(tenant, lambda tx, t: store.proposals(tx, t, partner=partner or None)))

    def decide(tenant: str, proposal: UUID, accepted: bool, by: str) -> None:
        async def work(tx: Tx, tenant_id: str) -> None:
            await store.decide(tx, tenant_id, proposal, accepted, by or getpass.getuser(), await business_now(tx))

        run(tenant, work)
        typer.echo("Accepted." if accepted else "Rejected.")

    @group.command("accept")
    def accept(proposal: UUID, tenant: Tenant = "", by: By = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Make a proposal an entry, used from now on."""
        decide(tenant, proposal, True, by)

    @group.command("reject")
    def reject(proposal: UUID, tenant: Tenant = "", by: By = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Turn a proposal down."""
        decide(tenant, proposal, False, by)
