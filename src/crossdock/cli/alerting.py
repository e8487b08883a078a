"""Alerts from the command line: what fires, the rules that watch, the channels that tell.

Documents are YAML or JSON (docs/alerts.md); what is put is checked whole and recorded in the audit trail.
"""

import getpass
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from crossdock import exactjson
from crossdock.cli.reference import document_of
from crossdock.cli.work import As, Json, Tenant, in_tenant, show
from crossdock.db import Tx
from crossdock.events.inbox import business_now
from crossdock.tower import alerts
from crossdock.tower.alerts import notices, rules

Files = Annotated[list[Path], typer.Argument(help="YAML or JSON files, or - for standard input")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="What fires, the rules that watch, the channels that tell.")
    app.add_typer(group, name="alerts")
    _looking(group)
    _writing(group)


def _looking(group: typer.Typer) -> None:
    @group.command("list")
    def _list(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction] - typer keeps it
        """What fires now, and what did of late."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            return exactjson.plain(await alerts.recent(tx, chosen))

        show(in_tenant(tenant, work), ["at", "state", "severity", "kind", "title", "detail"], json)

    @group.command("rules")
    def _rules(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """The tenant's own rules."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            return [exactjson.plain(r) | {"watch": _member(r.document, "watch")} for r in await rules.every(tx, chosen)]

        show(in_tenant(tenant, work), ["name", "watch", "since", "put_by", "put_at", "error"], json)

    @group.command("channels")
    def _channels(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """Whom alerts are told, what waits there, and why it does."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            return [
                exactjson.plain(c) | {"means": _member(c.document, "means")} for c in await notices.every(tx, chosen)
            ]

        show(in_tenant(tenant, work), ["name", "means", "waiting", "failed", "told_at", "error"], json)


def _member(document: Any, name: str) -> Any:
    """Of what an earlier version stored, too."""
    return cast("dict[str, Any]", document).get(name) if isinstance(document, dict) else None


def _writing(group: typer.Typer) -> None:
    @group.command("put-rule")
    def _put_rule(files: Files, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Add or replace rules, all of them or none."""
        documents = [document_of(f) for f in files]

        async def work(tx: Tx, chosen: str) -> list[str]:
            now = await business_now(tx)
            return [(await rules.put(tx, chosen, d, by or getpass.getuser(), now)).name for d in documents]

        typer.echo(f"Watching: {', '.join(in_tenant(tenant, work))}")

    @group.command("put-channel")
    def _put_channel(files: Files, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Add or replace channels, all of them or none."""
        documents = [document_of(f) for f in files]

        async def work(tx: Tx, chosen: str) -> list[str]:
            now = await business_now(tx)
            return [(await notices.put(tx, chosen, d, by or getpass.getuser(), now)).name for d in documents]

        typer.echo(f"Telling: {', '.join(in_tenant(tenant, work))}")

    @group.command("remove-rule")
    def _remove_rule(name: str, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """What it fired is over with the next check."""
        in_tenant(tenant, lambda tx, chosen: rules.remove(tx, chosen, name, by or getpass.getuser()))

    @group.command("remove-channel")
    def _remove_channel(name: str, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """With what waits there."""
        in_tenant(tenant, lambda tx, chosen: notices.remove(tx, chosen, name, by or getpass.getuser()))

    @group.command("test")
    def _test(name: str, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Have the workers tell a test on a channel; `crossdock alerts channels` shows what came of it."""

        async def work(tx: Tx, chosen: str) -> None:
            now = await business_now(tx)
            await notices.test(tx, chosen, name, by or getpass.getuser(), now)

        in_tenant(tenant, work)
        typer.echo(f"A test is on its way to {name}.")
