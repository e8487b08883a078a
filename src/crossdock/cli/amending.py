"""`crossdock order`: change or cancel an order for its customer. The same rules as on the page and by REST."""

import getpass
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from crossdock import ids
from crossdock.cli.work import As, Tenant, in_tenant
from crossdock.db import Tx
from crossdock.errors import SetupError
from crossdock.events.inbox import business_now
from crossdock.tower import amending

Lines = Annotated[list[str] | None, typer.Option("--line", help="LINE=QUANTITY; may be repeated")]
Prices = Annotated[list[str] | None, typer.Option("--price", help="LINE=UNIT PRICE; may be repeated")]
Drop = Annotated[list[str] | None, typer.Option("--drop", help="A line to take off; may be repeated")]
Reason = Annotated[str, typer.Option(help="Why; the customer may be told")]
Only = Annotated[bool, typer.Option("--preview", help="Say what would happen and change nothing")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Change or cancel an order for its customer.")
    app.add_typer(group, name="order")

    @group.command("change")
    def _change(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        order: str, line: Lines = None, price: Prices = None, drop: Drop = None,
        requested_on: Annotated[str, typer.Option(help="The day it is wanted on, as 2026-03-31")] = "",
        reason: Reason = "", preview: Only = False, key: Annotated[str, typer.Option(help="Makes it repeatable")] = "",
        tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Change quantities, prices, lines or the day of an order."""
        wanted = amending.Wanted(lines=_lines(line or [], price or [], drop or []), requested_on=_day(requested_on))
        typer.echo(in_tenant(tenant, _work(order, wanted, reason, preview, key, by)))

    @group.command("cancel")
    def _cancel(  # pyright: ignore[reportUnusedFunction]
        order: str, reason: Reason = "", preview: Only = False,
        key: Annotated[str, typer.Option(help="Makes it repeatable")] = "", tenant: Tenant = "", by: As = "",
    ) -> None:  # fmt: skip
        """Cancel an order."""
        typer.echo(in_tenant(tenant, _work(order, amending.Wanted(cancel=True), reason, preview, key, by)))


def _work(order: str, wanted: amending.Wanted, reason: str, only: bool, key: str, by: str) -> Any:
    if not only and not reason:
        raise SetupError("Expected --reason, found none. Say why the order is changed, or --preview.")

    async def work(tx: Tx, chosen: str) -> str:
        if only:
            return "\n".join(_told(await amending.preview(tx, chosen, order, wanted)))
        ident, status = await amending.ask(
            tx, chosen, order, wanted, reason=reason, by=by or getpass.getuser(), key=key or str(ids.new()),
            now=await business_now(tx),
        )  # fmt: skip
        return f"{order}: {status} as {ident}"

    return work


def _told(shown: amending.Preview) -> Iterable[str]:
    yield f"{shown.why} ({shown.rule})"
    yield f"worth {shown.before} {shown.currency} now, {shown.after} then"
    if shown.approval:
        yield "somebody else must agree"
    for n in shown.lines:
        if (n.quantity, n.unit_price) != (n.new_quantity, n.new_unit_price) or not n.accepted:
            said = f"line {n.line}: {n.quantity} at {n.unit_price} becomes {n.new_quantity} at {n.new_unit_price}"
            yield said if n.accepted else f"line {n.line}: refused: {n.reason}"


def _lines(quantities: list[str], prices: list[str], drops: list[str]) -> list[amending.LineChange]:
    wanted: dict[str, dict[str, Any]] = {}
    for given, name in ((quantities, "quantity"), (prices, "unit_price")):
        for text in given:
            line, _, value = text.partition("=")
            wanted.setdefault(line, {})[name] = _number(text, value)
    for line in drops:
        wanted.setdefault(line, {})["cancel"] = True
    return [amending.LineChange(line=line, **more) for line, more in wanted.items()]


def _number(text: str, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise SetupError(f"Expected LINE=NUMBER with a number of zero or more such as 1=12, found {text!r}.")
    return number


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as e:
        raise SetupError(f"Expected --requested-on as 2026-03-31, found {text!r}.") from e
