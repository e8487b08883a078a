"""`crossdock table`: decision tables of a tenant from the command line, as docs/editing.md tells it.

Exit codes: 0 done or nothing wrong, 1 `check` found what keeps it from being published, 2 the file is not one.
"""

import getpass
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from crossdock import exactjson
from crossdock.cases import decisiontables as tables
from crossdock.cases.editions import LIBRARY, version_text
from crossdock.cli.work import As, Tenant, in_tenant
from crossdock.db import Tx
from crossdock.events.inbox import business_now

app = typer.Typer(no_args_is_help=True, help="Decision tables of a tenant: check, save, publish, take back.")


def register(commands: typer.Typer) -> None:
    commands.add_typer(app, name="table")


Name = Annotated[str, typer.Argument(help="The table's name.")]
File = Annotated[Path, typer.Argument(help="A file as `export` writes it.", exists=True, dir_okay=False)]
Note = Annotated[str, typer.Option(help="Why.")]


@app.command("list")
def list_(tenant: Tenant = "") -> None:
    """Every table with what is in force and its draft."""

    async def work(tx: Tx, chosen: str) -> str:
        found = await tables.every(tx, chosen)
        return "\n".join(
            f"{t['name']:24} {_called(t['in_force']):10} {'draft ' + version_text(t['draft']) if t['draft'] else '':14}"
            f" {t['title']}"
            for t in found
        )

    typer.echo(in_tenant(tenant, work))


@app.command()
def export(
    name: Name, version: Annotated[int, typer.Option(help="Which; none: the one in force.")] = -1, tenant: Tenant = ""
) -> None:
    """Print a version with its test cases."""

    async def work(tx: Tx, chosen: str) -> str:
        force = await tables.in_force(tx, chosen, name) if version < 0 else version
        found = await tables.get(tx, chosen, name, LIBRARY if force is None else force)
        content = {"name": name, "version": found.version, "document": found.document, "tests": found.tests}
        return exactjson.indented(content).decode().rstrip()

    typer.echo(in_tenant(tenant, work))


@app.command()
def check(name: Name, file: File, tenant: Tenant = "") -> None:
    """Say what is wrong with a file, run its test cases; stores nothing."""
    document, tests = _read(file)

    async def work(tx: Tx, chosen: str) -> tables.Checked:
        force = await tables.in_force(tx, chosen, name)
        before = None if force is None else (await tables.get(tx, chosen, name, force)).document
        return tables.check(await tables.book(tx, chosen), name, document, tests, before)

    found = in_tenant(tenant, work)
    for r in found.remarks:
        place = "/".join(p for p in (r.node, r.row, r.column) if p) or r.where
        typer.echo(f"{r.severity}: {place}: expected {r.expected}, found {r.found}. {r.fix}")
    for t in found.tried:
        typer.echo(f"{'FAIL' if t.differences else 'ok  '}  {t.name}")
        for line in t.differences:
            typer.echo(f"      {line}")
    for f in found.why_not:
        typer.echo(f"not to be published: {f.where}: expected {f.expected}, found {f.found}. {f.fix}")
    raise typer.Exit(1 if found.why_not else 0)


@app.command()
def save(name: Name, file: File, note: Note = "", tenant: Tenant = "", by: As = "") -> None:
    """Save a file as the table's draft."""
    document, tests = _read(file)

    async def work(tx: Tx, chosen: str) -> str:
        now = await business_now(tx)
        made = await tables.save_draft(tx, chosen, name, document, tests, _who(by), now, note=note)
        return f"{name} {version_text(made.version)} is saved as a draft"

    typer.echo(in_tenant(tenant, work))


@app.command()
def publish(
    name: Name, version: Annotated[int, typer.Argument(help="Its number; 0: the library's.")], note: Note = "",
    tenant: Tenant = "", by: As = "",
) -> None:  # fmt: skip
    """Put a version in force for what begins from now on."""

    async def work(tx: Tx, chosen: str) -> str:
        await tables.publish(tx, chosen, name, version, _who(by), await business_now(tx), note=note)
        return f"{name}: {_called(version)} is in force"

    typer.echo(in_tenant(tenant, work))


@app.command()
def undo(name: Name, note: Note = "", tenant: Tenant = "", by: As = "") -> None:
    """Put the version before in force again."""

    async def work(tx: Tx, chosen: str) -> str:
        now_in_force = await tables.step_back(tx, chosen, name, _who(by), await business_now(tx), note=note)
        return f"{name}: {_called(now_in_force)} is in force again"

    typer.echo(in_tenant(tenant, work))


def _read(file: Path) -> tuple[Any, list[Any]]:
    try:
        given = exactjson.loads(file.read_bytes())
    except (exactjson.DecodeError, UnicodeDecodeError) as e:
        typer.echo(f"Expected JSON in {file}, found {e}.", err=True)
        raise typer.Exit(2) from None
    if isinstance(given, dict) and "document" in given:
        content = cast("dict[str, Any]", given)
        return content["document"], cast("list[Any]", content.get("tests") or [])
    return cast("Any", given), []


def _called(version: int | None) -> str:
    return "none" if version is None else version_text(version) if version else "library"


def _who(by: str) -> str:
    return by or getpass.getuser()
