"""`crossdock xref`: what partners call otherwise, loaded, proposed, decided and taken back."""

import asyncio
from pathlib import Path

import typer
from typer.testing import CliRunner

from crossdock import exactjson
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.partners.crossref import cli, proposals
from crossdock.partners.crossref.translate import Entry, Kind

T = "norrland"


async def run(database: Database, *arguments: str) -> tuple[int, str]:
    app = typer.Typer()

    async def opened() -> Database:
        return await Database.open(database.dsn)

    cli.register(app, opened)
    app.command("other")(lambda: None)
    result = await asyncio.to_thread(CliRunner().invoke, app, ["xref", *arguments, "--tenant", T])
    return result.exit_code, result.stdout


async def test_a_proposal_is_seen_accepted_and_taken_back(database: Database, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("partner,kind,qualifier,theirs,ours\nbolts,unit,,CT,BX\n")
    assert (await run(database, "load", str(table)))[1] == "1 entries\n"
    async with database.transaction(T) as tx:
        entry = Entry(Kind.UNIT, "", "CT", "CS")
        made = await proposals.propose(tx, T, "bolts", entry, {"by": "cora", "why": "cases"}, Clock().now())
    [listed] = [exactjson.loads(line) for line in (await run(database, "proposals"))[1].splitlines()]
    assert (listed["id"], listed["theirs"], listed["ours"], listed["standing"]) == (str(made), "CT", "CS", "BX")
    seen = exactjson.loads((await run(database, "proposal", str(made)))[1])
    assert (seen["evidence"], seen["waiting"]) == ([{"by": "cora", "why": "cases"}], [])

    async def ours() -> list[str]:
        return [exactjson.loads(line)["ours"] for line in (await run(database, "list"))[1].splitlines()]

    for command, said, read in (
        ("accept", "Accepted.", "CS"),
        ("undo", "Taken back.", "BX"),
        ("reject", "Rejected.", "BX"),
    ):
        assert (await run(database, command, str(made), "--as", "ann")) == (0, f"{said}\n")
        assert await ours() == [read]
    assert (await run(database, "accept", str(made)))[0] != 0, "it is decided"
