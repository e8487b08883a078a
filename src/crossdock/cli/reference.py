"""What workflows refer to, from the command line: business calendars, reference tables, and who may run programs.

Files are YAML, JSON or CSV; `-` is standard input or output. Everything put is checked whole, kept by version and
recorded in the audit trail under the name given with --as.
"""

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock import exactjson
from crossdock.cases import calendars, programs, tables
from crossdock.cli.work import As, Json, Tenant, in_tenant, show
from crossdock.db import Tx
from crossdock.errors import PartnerError, SetupError
from crossdock.events.inbox import business_now
from crossdock.flow import yaml12
from crossdock.rules import reference
from crossdock.rules.reference import Kind

FileIn = Annotated[Path, typer.Argument(help="A file, or - for standard input")]


def register(app: typer.Typer) -> None:
    for name, group in (("calendar", _calendars()), ("lookup", _lookups()), ("programs", _programs())):
        app.add_typer(group, name=name)


def _text(path: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as e:
        raise SetupError(f"Expected a file that can be read, found {path}: {e.strerror}.") from e
    except UnicodeDecodeError as e:
        raise SetupError(f"Expected UTF-8 in {path}, found byte {e.start} of another encoding.") from e


def document_of(path: Path) -> Any:
    """The YAML or JSON document in a file, `-` for standard input. Raises SetupError, PartnerError."""
    source = yaml12.read(_text(path), str(path))
    if source.findings:
        raise PartnerError(list(source.findings))
    return source.value


def _calendars() -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="When sites, carriers and the company work.")

    @group.command("list")
    def _list(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction] - typer keeps it
        """The calendars of a tenant, at their current versions."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            return [
                {"name": s.calendar.name, "version": s.calendar.version, "title": s.calendar.title,
                 "time_zone": s.calendar.zone.key, "holidays": s.calendar.country, "put_by": s.put_by,
                 "put_at": s.put_at.isoformat()}
                for s in await calendars.every(tx, chosen)
            ]  # fmt: skip

        show(in_tenant(tenant, work), ["name", "version", "title", "time_zone", "holidays", "put_by", "put_at"], json)

    @group.command("show")
    def _show(  # pyright: ignore[reportUnusedFunction]
        name: str, tenant: Tenant = "",
        version: Annotated[int, typer.Option(help="An earlier version")] = 0,
    ) -> None:  # fmt: skip
        """A calendar as JSON, as it was put: a file that `put` takes again."""

        async def work(tx: Tx, chosen: str) -> Any:
            return (await calendars.document(tx, chosen, name, version or None)).document

        typer.echo(exactjson.text(in_tenant(tenant, work)))

    @group.command("put")
    def _put(files: list[Path], tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Make files the current versions of their calendars; all of them or, if one is wrong, none."""
        documents = [document_of(path) for path in files]

        async def work(tx: Tx, chosen: str) -> list[str]:
            now = await business_now(tx)
            put = [await calendars.put(tx, chosen, d, by or getpass.getuser(), now) for d in documents]
            return [f"{c.name}: version {c.version}{'' if new else ', unchanged'}" for c, new in put]

        for line in in_tenant(tenant, work):
            typer.echo(line)

    return group


def _lookups() -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Reference tables that workflows look up.")

    @group.command("list")
    def _list(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """All editions of the tables, the newest of each first."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            return [
                {"table": x.edition.name, "edition": x.edition.version, "rows": x.edition.rows,
                 "keys": ", ".join(x.edition.keys), "effective_from": x.edition.effective_from.isoformat(),
                 "put_by": x.put_by, "put_at": x.put_at.isoformat()}
                for x in await tables.every(tx, chosen)
            ]  # fmt: skip

        show(in_tenant(tenant, work), ["table", "edition", "rows", "keys", "effective_from", "put_by", "put_at"], json)

    @group.command("show")
    def _show(  # pyright: ignore[reportUnusedFunction]
        table: str, tenant: Tenant = "",
        edition: Annotated[int, typer.Option(help="An edition; otherwise the one in effect")] = 0,
    ) -> None:  # fmt: skip
        """A table as CSV, digit for digit: a file that `put` takes again."""

        async def work(tx: Tx, chosen: str) -> str:
            found = await tables.get(tx, chosen, table, await business_now(tx), edition or None)
            return reference.write_csv(found.columns, await tables.rows_of(tx, chosen, found))

        typer.echo(in_tenant(tenant, work), nl=False)

    @group.command("put")
    def _put(  # pyright: ignore[reportUnusedFunction]
        file: FileIn,
        table: Annotated[str, typer.Option(help="Name of the table, for CSV")] = "",
        key: Annotated[str, typer.Option(help="Key columns, for CSV: sku or customer,sku")] = "",
        types: Annotated[str, typer.Option(help="Kinds of columns, for CSV: factor:decimal,packs:integer")] = "",
        effective_from: Annotated[str, typer.Option("--from", help="When it takes effect: 2026-12-24T00:00:00Z")] = "",
        tenant: Tenant = "",
        by: As = "",
    ) -> None:
        """Publish an edition of a table from CSV (with --table), YAML or JSON.

        Keys and kinds that are not given are those of the edition before.
        """
        since = _moment(effective_from)
        text = _text(file) if table else ""
        document = None if table else document_of(file)

        async def work(tx: Tx, chosen: str) -> str:
            if document is not None:
                read = reference.read(document)
            else:
                before = await tables.latest(tx, chosen, table)
                kinds = _kinds(types) if types or before is None else before[0]
                keys = key.split(",") if key or before is None else list(before[1])
                read = reference.read_csv(text, table, [k.strip() for k in keys if k.strip()], kinds, since)
            version, new = await tables.put(tx, chosen, read, by or getpass.getuser(), await business_now(tx))
            return f"{read.name}: edition {version}, {len(read.rows)} rows{'' if new else ', unchanged'}"

        typer.echo(in_tenant(tenant, work))

    return group


def _moment(given: str) -> datetime | None:
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as e:
        raise SetupError(f"Expected --from to be a time such as 2026-12-24T00:00:00Z, found {given!r}.") from e
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _kinds(given: str) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for part in filter(None, given.split(",")):
        column, _, kind = part.strip().partition(":")
        if kind not in list(Kind):
            raise SetupError(f"Expected --types as column:kind with a kind of {', '.join(Kind)}; found {part!r}.")
        kinds[column] = Kind(kind)
    return kinds


def _programs() -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help="Which workflows may run shells and scripts: none by default.")

    @group.command("show")
    def _show(tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """The policy in force."""

        async def work(tx: Tx, chosen: str) -> str:
            now = await programs.current(tx, chosen)
            return now.text if now and now.text.strip() else "// Nothing is permitted."

        typer.echo(in_tenant(tenant, work))

    @group.command("allow")
    def _allow(file: FileIn, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Make a file of Cedar policies what the tenant permits; an empty file permits nothing again."""
        text = _text(file)

        async def work(tx: Tx, chosen: str) -> int:
            return await programs.put(tx, chosen, text, by or getpass.getuser(), await business_now(tx))

        typer.echo(f"Version {in_tenant(tenant, work)} is in force.")

    return group
