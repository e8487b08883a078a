"""`crossdock map` against a tenant: a changed map is compared with stored traffic, saved and put in force."""

import asyncio
from pathlib import Path

import typer
from typer.testing import CliRunner

from crossdock import exactjson
from crossdock.db import Database
from crossdock.partners import intake
from crossdock.partners.maps import cli

T = "norrland"
ROWS = b"customer,po,sku,qty,unit\nC-0007,A1,S1,4,EA\n"


async def run(database: Database, *arguments: str) -> tuple[int, str]:
    app = typer.Typer()

    async def opened() -> Database:
        return await Database.open(database.dsn)

    cli.register(app, opened)
    app.command("other")(lambda: None)

    result = await asyncio.to_thread(CliRunner().invoke, app, ["map", *arguments])
    return result.exit_code, result.stdout


async def test_a_changed_map_is_compared_saved_and_put_in_force(database: Database, tmp_path: Path) -> None:
    await intake.receive(database, T, ROWS, "orders.csv", "test", adopt=True)
    changed = tmp_path / "orders.yaml"
    changed.write_text("over: orders\ncolumns: {quantity: {headers: [qty], required: true}, unit: null}\n")
    status, said = await run(database, "diff", str(changed), "--tenant", T, "--json")
    assert (status, said) == (0, ""), "the default is the unit that the file says"
    changed.write_text("over: orders\ncolumns: {unit: null}\ndefaults: {unit: CS}\n")
    status, said = await run(database, "diff", str(changed), "--tenant", T, "--json")
    [found] = [exactjson.loads(line) for line in said.splitlines()]
    assert status == 1
    assert found["fields"] == [{"pointer": "/lines/0/unit", "before": "EA", "after": "CS"}]
    assert (await run(database, "save", str(changed), "--tenant", T))[1] == "orders: version 1 is a draft.\n"
    assert (await run(database, "activate", "orders", "1", "--tenant", T))[0] == 0
    assert (await run(database, "diff", str(changed), "--tenant", T))[1] == "1 documents replayed, 0 differ\n"
    assert "all: 1" in (await run(database, "list", "--tenant", T))[1]
    status, said = await run(database, "undo", "orders", "--tenant", T)
    assert (status, said) == (0, "orders: version 0 is in force for all partners.\n")
    assert "1 documents replayed, 1 differ" in (await run(database, "diff", str(changed), "--tenant", T))[1]
