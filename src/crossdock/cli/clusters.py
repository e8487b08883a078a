"""`crossdock clusters`: exceptions by cause, and fixes of all that share one."""

from typing import Annotated, Any

import typer

from crossdock import exactjson
from crossdock.cases.clusters import store
from crossdock.cli.work import Json, Tenant, in_tenant, show
from crossdock.db import Tx
from crossdock.events.inbox import business_now


def register(app: typer.Typer) -> None:
    app.add_typer(group(), name="clusters")


def shown(found: store.Cluster) -> dict[str, Any]:
    """One line: what it comes from, how many, what is at risk, whose clock runs out first."""
    c = found.cause
    about = " ".join(filter(None, (c.partner, c.system, c.field, c.rule, c.subject)))
    money = ", ".join(f"{amount:f} {currency}".strip() for currency, amount in sorted(found.money.items()))
    return {
        **exactjson.plain(found), "money": money, "about": about or c.error, "due": found.due_at, "kind": found.kind,
    }  # fmt: skip


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Exceptions by cause, and fixes of all that share one.")

    @app.command("list")
    def _list(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        alone: Annotated[bool, typer.Option("--alone", help="Those that share their cause with no other")] = False,
        kind: Annotated[str, typer.Option(help="Of one kind only")] = "",
        tenant: Tenant = "", json: Json = False,
    ) -> None:  # fmt: skip
        """The largest first."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            now = await business_now(tx)
            found = await store.find(tx, chosen, now, kind=kind or None, alone=alone, limit=500)
            return [shown(c) for c in found.items]

        show(in_tenant(tenant, work), ["key", "cases", "kind", "about", "money", "due"], json)

    @app.command("show")
    def _show(key: str, tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """The open exceptions of one cause, the most urgent first."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            now = await business_now(tx)
            return [exactjson.plain(c.summary(now)) for c in await store.members(tx, chosen, key, limit=1000)]

        show(in_tenant(tenant, work), ["number", "severity", "title", "order", "owner", "due_at", "id"], json)

    return app
