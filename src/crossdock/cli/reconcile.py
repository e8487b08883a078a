"""`crossdock reconcile`: compare an order, or all that had documents since a day, now."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from crossdock import exactjson
from crossdock.cli.differences import Desk
from crossdock.cli.work import Tenant, in_tenant
from crossdock.db import Tx
from crossdock.errors import CrossdockError, NotFound, SetupError
from crossdock.events.inbox import business_now
from crossdock.partners.reconciling import duty, store
from crossdock.partners.reconciling.model import Comparison


def register(app: typer.Typer) -> None:
    @app.command("reconcile")
    def reconcile(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        order: Annotated[str, typer.Argument(help="An order number, ours or the buyer's")] = "",
        since: Annotated[str, typer.Option(help="Each order that a document came for since this day")] = "",
        tenant: Tenant = "",
    ) -> None:
        """Compare orders with every document about them: one JSON object a line; exit code 1 when any disagrees."""
        try:
            found = in_tenant(tenant, _work(order, since))
        except CrossdockError as e:
            typer.echo(str(e), err=True)
            raise typer.Exit(2) from e
        for line in found:
            typer.echo(exactjson.text(line))
        raise typer.Exit(1 if any(line["differences"] for line in found) else 0)


def _work(order: str, since: str) -> Any:
    if bool(order) == bool(since):
        raise SetupError(f"Expected an order number, or --since with a day; found {'both' if order else 'neither'}.")
    try:
        when = datetime.fromisoformat(since).replace(tzinfo=UTC) if since else None
    except ValueError:
        raise SetupError(f"Expected a day such as 2026-03-01 for --since, found {since!r}.") from None

    async def work(tx: Tx, tenant_id: str) -> list[dict[str, Any]]:
        now = await business_now(tx)
        if when is not None:
            return [_told(row, c) for row, c in await duty.since(tx, tenant_id, when, Desk(), now)]
        found = [_told(row, c) for row, c in await duty.of(tx, tenant_id, order, Desk(), now)]
        if not found:
            raise NotFound(f"Expected an order that documents are about, found none under {order!r}.")
        return found + await _families(tx, tenant_id, found, now)

    return work


async def _families(tx: Tx, tenant_id: str, found: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The sum of each order for several places, behind its parts."""
    sums: dict[str, dict[str, Any]] = {}
    for line in found:
        if line["side"] == "seller":
            name = await store.family(tx, tenant_id, line["order"])
            if name and name not in sums:
                whole = await store.of_order(tx, tenant_id, name, now)
                told = [d for d in whole["differences"] if not d["told"]]
                kept = ("order", "po", "partner", "side", "state", "currency", "totals")
                members = [m["order"] for m in whole["members"]]
                sums[name] = {k: whole[k] for k in kept} | {
                    "money": f"{whole['money']:f}", "members": members, "differences": told,
                }  # fmt: skip
    return list(sums.values())


def _told(chain: Any, c: Comparison) -> dict[str, Any]:
    return {
        "order": chain["order_no"],
        "po": chain["po"],
        "partner": chain["partner_id"],
        "side": chain["side"],
        "state": c.state.value,
        "money": f"{c.money:f}",
        "currency": chain["currency"],
        "differences": store.plain(d for d in c.differences if not d.told),
        "changes": exactjson.plain(c.changes),
    }
