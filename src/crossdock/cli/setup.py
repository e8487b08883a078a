"""Tenants and users from the command line, and the first of them at the first start.

Passwords are generated, shown this once and kept as hashes. A tenant gets the shipped workflows in the transaction that
makes it, so there is none without them.
"""

import getpass
import re
import secrets
import zoneinfo
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from crossdock import audit, exactjson
from crossdock import settings as environment
from crossdock.cli import compose
from crossdock.db import Database, Tx, enter_tenants, queries
from crossdock.errors import Conflict, SetupError
from crossdock.gateway import identity
from crossdock.policy import Role

SQL = queries("crossdock.cli", "setup.sql")

FIRST_TENANT = "main"
FIRST_USER = "admin"
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line")]


@dataclass(frozen=True, slots=True)
class FirstUser:
    name: str
    password: str
    tenants: tuple[str, ...]


async def first_start(db: Database) -> FirstUser | None:
    """Where nobody may sign in yet: an administrator of every tenant, and a tenant if there is none. Else None."""
    async with db.transaction() as tx:
        await tx.execute(SQL["one_at_a_time"])
        if await tx.fetchval(SQL["anybody"]):
            return None
        tenants = [r[0] for r in await tx.fetch("select crossdock.tenant_ids()")]
        if not tenants:
            tenants = [FIRST_TENANT]
            await add_tenant(tx, FIRST_TENANT, "Main", "USD", "UTC", "system:first-start")
        await enter_tenants(tx, tenants)
        password = new_password()
        roles: dict[str, tuple[str, Decimal | None]] = {t: (Role.ADMIN.value, None) for t in tenants}
        await _keep_user(tx, FIRST_USER, "Administrator", password, roles, "system:first-start")
    return FirstUser(FIRST_USER, password, tuple(tenants))


async def add_tenant(tx: Tx, tenant_id: str, name: str, currency: str, time_zone: str, by: str) -> None:
    """A tenant with the shipped workflows. Raises SetupError for values that cannot be, Conflict when it exists."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", tenant_id):
        raise SetupError(f"Expected a tenant of a-z, 0-9 and -, at most 40 and a letter first; found {tenant_id!r}.")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise SetupError(f"Expected --currency to be an ISO 4217 code such as EUR, found {currency!r}.")
    if time_zone not in zoneinfo.available_timezones():
        raise SetupError(f"Expected --time-zone to be an IANA name such as Europe/Stockholm, found {time_zone!r}.")
    await enter_tenants(tx, [tenant_id])
    if await tx.fetchval(SQL["add_tenant"], tenant_id, name, currency, time_zone) is None:
        raise Conflict(f"There is a tenant {tenant_id!r} already; `crossdock tenant list` shows it.")
    await compose.publish_library(tx, tenant_id)
    await audit.record(tx, tenant_id, by, "tenant.add", tenant_id, {"name": name, "currency": currency})


def new_password() -> str:
    return secrets.token_urlsafe(12)


async def _keep_user(
    tx: Tx, user: str, name: str, password: str, roles: dict[str, tuple[str, Decimal | None]], by: str
) -> bool:
    new = await identity.keep_user(tx, user, name, identity.hashed(password), roles)
    for tenant_id, (role, limit) in roles.items():
        await audit.record(tx, tenant_id, by, "user.role", user, {"role": role, "limit": limit and str(limit)})
    return new


async def add_user(
    db: Database, user: str, tenant_id: str, role: Role, limit: Decimal | None, name: str, by: str
) -> str | None:
    """Gives somebody a role in a tenant. Returns the password of a new user, None of one who has one."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._@+-]{1,79}", user):
        raise SetupError(f"Expected a user name of a-z, 0-9 and ._@+-, 2 to 80 of them; found {user!r}.")
    known = await db.tenant_ids()
    if tenant_id not in known:
        raise SetupError(f"Expected --tenant to be one of {', '.join(known) or 'none yet'}; found {tenant_id!r}.")
    if limit is not None and not (limit.is_finite() and limit >= 0):
        raise SetupError(f"Expected --limit to be an amount of at least 0, found {limit}.")
    password = new_password()
    async with db.transaction(tenant_id) as tx:
        new = await _keep_user(tx, user, name, password, {tenant_id: (role.value, limit)}, by)
    return password if new else None


# ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────


def register(app: typer.Typer) -> None:
    tenant = typer.Typer(
        no_args_is_help=True, help="Companies that share this installation and see nothing of another."
    )
    tenant.command("add")(_tenant_add)
    tenant.command("list")(_tenant_list)
    app.add_typer(tenant, name="tenant")
    user = typer.Typer(no_args_is_help=True, help="People who may sign in.")
    user.command("add")(_user_add)
    user.command("list")(_user_list)
    user.command("reset-password")(_reset_password)
    app.add_typer(user, name="user")
    app.command("migrate")(_migrate)


def _tenant_add(
    tenant_id: Annotated[str, typer.Argument(help="Short name: a-z, 0-9 and -", metavar="NAME_ID")],
    name: Annotated[str, typer.Option(help="As people read it")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR")],
    time_zone: Annotated[str, typer.Option(help="IANA name, such as Europe/Stockholm")] = "UTC",
) -> None:
    """Make a tenant with the shipped workflows."""

    async def do(db: Database) -> None:
        async with db.transaction(tenant_id) as tx:
            await add_tenant(tx, tenant_id, name, currency, time_zone, getpass.getuser())

    _do(do)
    typer.echo(f"Tenant {tenant_id} is there; workers that run take it in by themselves.", err=True)


def _tenant_list(as_json: Json = False) -> None:
    """All tenants."""
    _list(SQL["tenants"], ["tenant", "name", "currency", "time_zone"], as_json)


def _user_add(
    user: Annotated[str, typer.Argument(help="Name to sign in with", metavar="USER")],
    tenant: Annotated[str, typer.Option(help="Where the role is given")],
    role: Annotated[str, typer.Option(help="viewer, coordinator, approver or admin")],
    limit: Annotated[str, typer.Option(help="Most money one approval may be about; without it, any")] = "",
    name: Annotated[str, typer.Option(help="As people read it")] = "",
) -> None:
    """Give somebody a role in a tenant. A new user's password is printed, this once."""
    roles = [r.value for r in Role if r is not Role.PARTNER]  # a partner is of one customer; keys are made for those
    if role not in roles:
        raise SetupError(f"Expected --role to be one of {', '.join(roles)}; found {role!r}.")
    try:
        amount = Decimal(limit) if limit else None
    except ArithmeticError as e:
        raise SetupError(f"Expected --limit to be an amount such as 5000, found {limit!r}.") from e

    async def do(db: Database) -> str | None:
        return await add_user(db, user.lower(), tenant, Role(role), amount, name or user, getpass.getuser())

    if password := _do(do):
        typer.echo(password)
    else:
        typer.echo(f"{user} was there already, keeps the password, and is {role} of {tenant} now.", err=True)


def _user_list(as_json: Json = False) -> None:
    """All users and their roles."""
    _list(SQL["users"], ["user", "name", "tenant", "role", "limit"], as_json)


def _reset_password(name: Annotated[str, typer.Argument(help="User name")]) -> None:
    """Give a user a new password, shown once; sessions end."""

    async def do(db: Database) -> str:
        return await identity.reset_password(db, name)

    typer.echo(_do(do))


def _migrate() -> None:
    """Bring the database to this version."""

    async def do(db: Database) -> None:
        typer.echo("The database is at this version.", err=True)

    _do(do)


def _do(work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        settings, _ = environment.read()
        opened = await compose.open_database(settings, lambda text: typer.echo(text, err=True))
        try:
            return await work(opened.db)
        finally:
            await opened.close()

    return uvloop.run(whole())


def _list(query: str, columns: list[str], as_json: bool) -> None:
    async def do(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(*await db.tenant_ids()) as tx:
            return [dict(row) for row in await tx.fetch(query)]

    rows = _do(do)
    if as_json:
        for row in rows:
            typer.echo(exactjson.text(row))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row[c] or "") for c in columns))
    Console().print(table)
