"""The scorecard from the command line: figures of a period, what they are worth, and the reports that are mailed."""

import getpass
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from crossdock import exactjson
from crossdock.cli.alerting import Files
from crossdock.cli.reference import document_of
from crossdock.cli.work import As, Json, Tenant, in_tenant, show
from crossdock.db import Tx
from crossdock.errors import Finding, PartnerError
from crossdock.events.inbox import business_now
from crossdock.tower import scorecard
from crossdock.tower.scorecard import Period, Wanted, reports, tables, value

Since = Annotated[str, typer.Option(help="First day, such as 2026-03-02; without it the last seven that are over")]
Until = Annotated[str, typer.Option(help="The day after the last")]
Channel = Annotated[str, typer.Option(help="Only orders that came by this channel, such as x12")]
Customer = Annotated[str, typer.Option(help="Only this customer's")]
Site = Annotated[str, typer.Option(help="Only orders that ship from this site")]
Xlsx = Annotated[Path | None, typer.Option(help="Write a workbook here")]
Csv = Annotated[Path | None, typer.Option(help="Write a table here")]


def register(app: typer.Typer) -> None:
    _figures(app)
    group = typer.Typer(no_args_is_help=True, help="Reports of figures by mail.")
    app.add_typer(group, name="report")
    _reports(group)


async def wanted(
    tx: Tx, tenant: str, since: str, until: str, channel: str = "", customer: str = "", site: str = ""
) -> Wanted:
    """Raises PartnerError for a day that is none."""
    zone = await tx.fetchval("select time_zone from crossdock.tenant where tenant_id = $1", tenant)
    today = (await business_now(tx)).astimezone(ZoneInfo(zone)).date()
    period = Period.given(_day(since, "--since"), _day(until, "--until"), today, 7)
    return Wanted(
        tenant_id=tenant,
        zone=zone,
        period=period,
        channel=channel or None,
        customer=customer or None,
        site=site or None,
    )


def _day(text: str, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as wrong:
        raise PartnerError([Finding("period.day", option, "a day such as 2026-03-02", text, "Correct it")]) from wrong


def _figures(app: typer.Typer) -> None:
    @app.command("scorecard")
    def _scorecard(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        since: Since = "", until: Until = "", channel: Channel = "", customer: Customer = "", site: Site = "",
        csv: Csv = None, xlsx: Xlsx = None, tenant: Tenant = "", json: Json = False,
    ) -> None:  # fmt: skip
        """Figures of a period, each with its uncertainty, target and the period before."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            asked = await wanted(tx, chosen, since, until, channel, customer, site)
            found = await scorecard.card(tx, asked)
            rows = tables.rows_of(found.measured)
            if csv is not None:
                csv.write_text("\ufeff" + tables.as_csv(tables.HEAD, rows), encoding="utf-8")
            if xlsx is not None:
                xlsx.write_bytes(tables.workbook(found, asked, await business_now(tx)))
            return [exactjson.plain(dict(zip(tables.HEAD, row, strict=True))) for row in rows]

        shown = in_tenant(tenant, work)
        show(shown, ["figure", "value", "unit", "low_95", "high_95", "change", "target", "met", "judged", "of"], json)

    @app.command("value")
    def _value(since: Since = "", until: Until = "", tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """What it is worth: the period against the recorded baseline, at the entered prices."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            made = await value.ledger(tx, await wanted(tx, chosen, since, until))
            lines: list[dict[str, Any]] = [exactjson.plain(n) for n in made.lines]
            total = {"label": "Together, less what Crossdock costs", "money": made.net, "money_low": made.gross_low}
            return [*lines, exactjson.plain(total | {"money_high": made.gross_high})]

        shown = in_tenant(tenant, work)
        show(shown, ["label", "actual", "expected", "saved", "price", "money", "money_low", "money_high"], json)


def _reports(group: typer.Typer) -> None:
    @group.command("list")
    def _list(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """Reports, when they are sent next, and why one was not."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            return [exactjson.plain(r) for r in await reports.every(tx, chosen)]

        show(in_tenant(tenant, work), ["name", "next_at", "sent_at", "attempts", "error", "put_by"], json)

    @group.command("put")
    def _put(files: Files, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Adds or replaces reports."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            now = await business_now(tx)
            return [
                exactjson.plain(await reports.put(tx, chosen, document_of(f), by or getpass.getuser(), now))
                for f in files
            ]

        show(in_tenant(tenant, work), ["name", "next_at"], False)

    @group.command("remove")
    def _remove(name: str, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Removes a report."""

        async def work(tx: Tx, chosen: str) -> None:
            await reports.remove(tx, chosen, name, by or getpass.getuser())

        in_tenant(tenant, work)

    @group.command("send")
    def _send(name: str, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Has a running worker send it now; its usual time stays."""

        async def work(tx: Tx, chosen: str) -> None:
            await reports.send_now(tx, chosen, name, by or getpass.getuser(), await business_now(tx))

        in_tenant(tenant, work)
