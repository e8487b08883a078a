"""What people decide, from the command line: approvals, cases, holds. The same rules as on the page.

The operator of the machine acts as an administrator of the tenant, under the name given with --as, and every decision
is in the audit trail under that name.
"""

import getpass
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from crossdock import exactjson, policy
from crossdock import settings as environment
from crossdock.cases import approvals, asking, casework, decisiontables, delegations, holds
from crossdock.cli import compose
from crossdock.db import Database, Tx
from crossdock.errors import SetupError
from crossdock.events.inbox import business_now

Tenant = Annotated[str, typer.Option(help="Tenant; needed when there are several")]
As = Annotated[str, typer.Option("--as", help="Your name, for the audit trail")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
Note = Annotated[str, typer.Option(help="Why")]


def register(app: typer.Typer) -> None:
    for name, group in (
        ("approvals", _approvals()),
        ("cases", _cases()),
        ("holds", _holds()),
    ):
        app.add_typer(group, name=name)


def in_tenant(tenant: str, work: Callable[[Tx, str], Awaitable[Any]]) -> Any:
    """Runs the work in one transaction of the tenant."""

    async def once(db: Database, chosen: str) -> Any:
        async with db.transaction(chosen) as tx:
            return await work(tx, chosen)

    return with_tenant(tenant, once)


def with_tenant(tenant: str, work: Callable[[Database, str], Awaitable[Any]]) -> Any:
    """Runs work that makes transactions of its own."""

    async def whole() -> Any:
        settings, _ = environment.read()
        opened = await compose.open_database(settings, lambda text: typer.echo(text, err=True))
        try:
            tenants = await opened.db.tenant_ids()
            chosen = tenant or (tenants[0] if len(tenants) == 1 else "")
            if chosen not in tenants:
                raise SetupError(f"Expected --tenant to be one of {', '.join(tenants) or 'none'}, found {tenant!r}.")
            return await work(opened.db, chosen)
        finally:
            await opened.close()

    return uvloop.run(whole())


def show(rows: list[dict[str, Any]], columns: list[str], as_json: bool) -> None:
    if as_json:
        for row in rows:
            typer.echo(exactjson.text(row))
        return
    if not rows:
        typer.echo("Nothing here.")
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row.get(c) or "") for c in columns))
    Console().print(table)


def _operator(name: str, tenant: str) -> policy.Principal:
    return policy.Principal(name=name or getpass.getuser(), role=policy.Role.ADMIN, tenant_id=tenant)


def _approvals() -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="What waits for a decision.")

    @group.command("list")
    def _list(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction] - typer keeps it
        """Pending approvals."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            page = await approvals.find(tx, chosen, status="pending", limit=500)
            return [exactjson.plain(a.view(_operator("", chosen))) for a in page.items]

        show(in_tenant(tenant, work), ["number", "title", "order", "amount", "currency", "role", "id"], json)

    @group.command("decide")
    def _decide(  # pyright: ignore[reportUnusedFunction]
        approval: UUID, outcome: Annotated[str, typer.Argument(help="approved or rejected")],
        note: Note = "", tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Approve or reject what is asked, exactly as it stands now."""

        async def work(tx: Tx, chosen: str) -> str:
            asked = await approvals.get(tx, chosen, approval)
            decided = await approvals.decide(
                tx, chosen, approval, _operator(by, chosen), outcome, await business_now(tx), hash=asked.hash,
                note=note, way="cli",
            )  # fmt: skip
            return f"{decided.number}: {decided.status}"

        typer.echo(in_tenant(tenant, work))

    @group.command("delegations")
    def _delegations(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """Who stands in for whom."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            now = await business_now(tx)
            return [exactjson.plain(d.view(now)) for d in await delegations.every(tx, chosen, now)]

        show(in_tenant(tenant, work), ["giver", "taker", "from_at", "until_at", "limit", "kinds", "state", "id"], json)

    @group.command("delegate")
    def _delegate(  # pyright: ignore[reportUnusedFunction]
        giver: Annotated[str, typer.Argument(help="Who is away")],
        taker: Annotated[str, typer.Argument(help="Who stands in")],
        days: Annotated[int, typer.Option(min=1, max=366, help="For so many days from now")] = 7,
        limit: Annotated[str, typer.Option(help="Up to this amount; never more than the giver's limit")] = "",
        kind: Annotated[list[str] | None, typer.Option(help="Of this kind; may be repeated; none: all")] = None,
        reason: Annotated[str, typer.Option(help="Why")] = "", tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Let somebody decide for a person who is away."""
        if limit and not limit.replace(".", "", 1).isdigit():
            raise SetupError(f"Expected --limit to be an amount such as 5000, found {limit!r}.")

        async def work(tx: Tx, chosen: str) -> str:
            now = await business_now(tx)
            made = await delegations.make(
                tx, chosen, giver, taker, now, now + timedelta(days=days), _operator(by, chosen), now,
                limit=Decimal(limit) if limit else None, kinds=kind or [], reason=reason,
            )  # fmt: skip
            return f"{made.taker} stands in for {made.giver} until {made.until_at:%Y-%m-%d %H:%M} UTC"

        typer.echo(in_tenant(tenant, work))

    @group.command("table")
    def _table(  # pyright: ignore[reportUnusedFunction]
        file: Annotated[Path | None, typer.Argument(help="A decision table (JDM) to put; none: show it")] = None,
        tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Show or replace the table that says who is asked."""
        document = exactjson.loads(file.read_bytes()) if file else None

        async def work(tx: Tx, chosen: str) -> str:
            if document is None:
                return exactjson.indented((await asking.current(tx, chosen)).document).decode()
            now = await business_now(tx)
            who = by or getpass.getuser()
            await decisiontables.adopt(tx, chosen, asking.TABLE, document, "", who, now)
            version = await asking.put(tx, chosen, document, "", who, now)
            return f"The table of approvals is version {version} now"

        typer.echo(in_tenant(tenant, work))

    return group


def _cases() -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Exceptions that need a person.")

    @group.command("list")
    def _list(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """Open cases, the most urgent first."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            now = await business_now(tx)
            page = await casework.find(tx, chosen, casework.Filter(status="open"), limit=500, sort=casework.Sort.RANK)
            return [exactjson.plain(c.summary(now)) for c in page.items]

        show(
            in_tenant(tenant, work),
            ["number", "priority", "severity", "title", "order", "team", "owner", "due_at", "id"],
            json,
        )

    @group.command("resolve")
    def _resolve(  # pyright: ignore[reportUnusedFunction]
        case: UUID, action: Annotated[str, typer.Argument(help="One of the actions that the case offers")],
        note: Note = "", data: Annotated[str, typer.Option(help="Corrected data as JSON")] = "",
        tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Carry out one of a case's actions."""

        async def work(tx: Tx, chosen: str) -> str:
            who = by or getpass.getuser()
            given = exactjson.loads(data) if data else None
            done = await casework.resolve(tx, chosen, case, action, who, await business_now(tx), note=note, data=given)
            return f"{done.number}: {done.status}"

        typer.echo(in_tenant(tenant, work))

    return group


def _holds() -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="What stops orders, customers, items, sites or partners.")

    @group.command("list")
    def _list(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """Active holds."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            page = await holds.find(tx, chosen, status="active", limit=500)
            return [exactjson.plain(h.view()) for h in page.items]

        show(in_tenant(tenant, work), ["number", "scope", "key", "kind", "reason", "placed_by", "orders", "id"], json)

    @group.command("place")
    def _place(  # pyright: ignore[reportUnusedFunction]
        scope: Annotated[str, typer.Argument(help="order, customer, item, site or partner")],
        key: Annotated[str, typer.Argument(help="Which one")],
        reason: Annotated[str, typer.Option(help="Why")],
        kind: Annotated[str, typer.Option(help="credit, quality, compliance, …")] = "commercial",
        role: Annotated[str, typer.Option(help="Who may release it")] = "coordinator",
        tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Stop orders, those to come as well, until it is released."""

        async def work(tx: Tx, chosen: str) -> str:
            placed = await holds.place(
                tx, chosen, scope, key, kind=kind, reason=reason, by=by or getpass.getuser(),
                now=await business_now(tx), release_role=role,
            )  # fmt: skip
            return f"{placed.number} stands"

        typer.echo(in_tenant(tenant, work))

    @group.command("release")
    def _release(  # pyright: ignore[reportUnusedFunction]
        hold: UUID, note: Note = "", tenant: Tenant = "", by: As = ""
    ) -> None:
        """End a hold; the orders that waited for it go on."""

        async def work(tx: Tx, chosen: str) -> str:
            ended, orders = await holds.release(tx, chosen, hold, by or getpass.getuser(), note, await business_now(tx))
            return f"{ended.number}: released, {orders} orders go on"

        typer.echo(in_tenant(tenant, work))

    return group
