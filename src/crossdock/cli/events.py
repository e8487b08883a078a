"""Events from the command line: those that could not be handed on, and handing them on again."""

import getpass
from time import monotonic
from typing import Annotated, Any

import typer

from crossdock import exactjson
from crossdock.cli.work import As, Json, Tenant, in_tenant, show, with_tenant
from crossdock.db import Database, Tx
from crossdock.errors import SetupError
from crossdock.events import dead
from crossdock.tower import rebuilding


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Events: those that could not be handed on, and what is made of them."
    )
    app.add_typer(group, name="events")

    @group.command("dead")
    def _dead(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        tenant: Tenant = "", limit: Annotated[int, typer.Option(min=1, max=1000)] = 100, json: Json = False
    ) -> None:
        """Dead letters, oldest first, with what was wrong."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            return [exactjson.plain(d) for d in await dead.find(tx, chosen, limit=limit)]

        show(in_tenant(tenant, work), ["seq", "type", "subject", "reason", "at"], json)

    @group.command("replay")
    def _replay(  # pyright: ignore[reportUnusedFunction]
        seqs: Annotated[list[int] | None, typer.Argument(help="Numbers that `events dead` shows")] = None,
        everything: Annotated[bool, typer.Option("--all", help="The oldest thousand")] = False,
        tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Hand on again what could not be; asked twice, it is done once."""
        if bool(seqs) == everything:
            raise SetupError("Expected numbers of dead letters or --all, and not both; see `crossdock events dead`.")

        async def work(tx: Tx, chosen: str) -> tuple[int, int]:
            done = await dead.replay(tx, chosen, seqs or None, by or getpass.getuser())
            return len(done), await dead.count(tx, chosen)

        done, left = in_tenant(tenant, work)
        typer.echo(f"{done} handed on again, {left} left.")

    @group.command("discard")
    def _discard(  # pyright: ignore[reportUnusedFunction]
        seqs: Annotated[list[int], typer.Argument(help="Numbers that `events dead` shows")],
        reason: Annotated[str, typer.Option(help="Why nobody needs them; the audit trail keeps it")],
        tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Let dead letters be, with a reason; the events themselves stay in the log."""

        async def work(tx: Tx, chosen: str) -> tuple[int, int]:
            done = await dead.discard(tx, chosen, seqs, reason, by or getpass.getuser())
            return len(done), await dead.count(tx, chosen)

        done, left = in_tenant(tenant, work)
        typer.echo(f"{done} discarded, {left} left.")

    @group.command("rebuild")
    def _rebuild(tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Make the order view anew from the event log, some orders at a time, while everything goes on."""

        async def work(db: Database, chosen: str) -> rebuilding.Done:
            return await rebuilding.rebuild(db, chosen)

        began = monotonic()
        done: rebuilding.Done = with_tenant(tenant, work)
        rate = done.events / max(monotonic() - began, 0.001)
        typer.echo(f"{done.orders} orders made anew from {done.events} events, {rate:.0f} events/s.")
