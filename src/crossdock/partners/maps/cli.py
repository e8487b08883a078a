"""`crossdock map list|show|test|diff|save|activate|undo`: maps in files for one's own CI, and in a tenant.

`test` needs no database. `diff` reads stored documents and stores nothing. Exit status: 0 as wished, 1 a sample or
document that differs, 2 something that cannot be done.
"""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from crossdock import exactjson
from crossdock.db import Database, Tx
from crossdock.errors import SetupError
from crossdock.events.inbox import business_now
from crossdock.partners.maps import checking, replaying, samples, store
from crossdock.partners.maps.checking import Checked
from crossdock.partners.maps.editions import Edition, shipped_ids, shipped_source
from crossdock.partners.maps.replaying import Replayed

OpenDatabase = Callable[[], Awaitable[Database]]
Tenant = Annotated[str, typer.Option(help="Whose maps and documents; needed when there are several")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per result, a line each")]
SHARED = "codes"  # tables and parts that the library's maps share: no map
SHOWN = 5  # fields of a document that are listed for people


def register(app: typer.Typer, open_database: OpenDatabase) -> None:
    group = typer.Typer(no_args_is_help=True, help="Maps between partners' documents and ours.")
    app.add_typer(group, name="map")

    def in_tenant(tenant: str, work: Callable[[Database, str], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            db = await open_database()
            try:
                return await work(db, _one(await db.tenant_ids(), tenant))
            finally:
                await db.close()

        return asyncio.run(whole())

    def in_transaction(tenant: str, work: Callable[[Tx, str], Awaitable[Any]]) -> Any:
        async def inside(db: Database, tenant_id: str) -> Any:
            async with db.transaction(tenant_id) as tx:
                return await work(tx, tenant_id)

        return in_tenant(tenant, inside)

    @group.command("list")
    def list_(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction] - typer keeps it
        """The library's maps and the tenant's own, and which versions are in force."""
        rows: list[dict[str, Any]] = in_transaction(tenant, store.every)
        if json:
            for found in rows:
                _line(found)
        else:
            table = Table("map", "reads", "into", "directions", "in force", "draft", box=None, pad_edge=False)
            for m in rows:
                force = ", ".join(f"{a['partner_id'] or 'all'}: {a['version']}" for a in m["in_force"]) or "library"
                ways = "/".join(m["directions"])
                table.add_row(m["id"], f"{m['syntax']} {m['type']}", m["object"], ways, force, str(m["draft"] or ""))
            Console().print(table)

    @group.command("show")
    def show(  # pyright: ignore[reportUnusedFunction]
        map_id: Annotated[str, typer.Argument(metavar="MAP")],
        version: Annotated[int, typer.Option(help="One of your own; 0 is the library's")] = 0,
        versions: Annotated[bool, typer.Option("--versions", help="List its versions and activations")] = False,
        tenant: Tenant = "",
    ) -> None:
        """A map as it is written."""
        if versions:

            async def both(tx: Tx, tenant_id: str) -> list[dict[str, Any]]:
                return [*await store.versions(tx, tenant_id, map_id), *await store.history(tx, tenant_id, map_id)]

            for row in in_transaction(tenant, both):
                _line(row)
            return
        if version == 0:
            if map_id not in shipped_ids():
                raise SetupError(f"Expected a map of the library, found {map_id!r}; `crossdock map list` names them.")
            typer.echo(shipped_source(map_id), nl=False)
            return
        typer.echo(in_transaction(tenant, lambda tx, t: store.source(tx, t, map_id, version)), nl=False)

    @group.command("test")
    def test(  # pyright: ignore[reportUnusedFunction]
        files: Annotated[
            list[Path] | None, typer.Argument(help="Maps, or folders of them; none: the library's", metavar="FILE…")
        ] = None,
        json: Json = False,
        update: Annotated[bool, typer.Option("--update", help="Write what is found as what is expected")] = False,
    ) -> None:
        """Check maps and run the samples beside them. Exits 1 when a map is wrong or a sample differs."""
        failed = count = 0
        for file in _maps(files or samples.library()):
            checked = _checked(file)
            if checked.complete is None:
                failed += 1
                _say_wrong(file, checked, json)
                continue
            for result in samples.run(checked.edition(0), samples.folder(file), update=update):
                count += 1
                failed += not result.passed
                _say_sample(file, checked, result, json)
        if not json:
            typer.echo(f"{count} samples, {failed} failed")
        raise typer.Exit(1 if failed else 0)

    @group.command("diff")
    def diff(  # pyright: ignore[reportUnusedFunction]
        file: Annotated[Path, typer.Argument(help="The changed map")],
        documents: Annotated[int, typer.Option(min=1, help="How many of the newest stored documents")] = 1000,
        partner: Annotated[str, typer.Option(help="Only documents of this partner")] = "",
        tenant: Tenant = "",
        json: Json = False,
    ) -> None:
        """Replay stored documents against a changed map; list those that it reads or writes otherwise. Exits 1 then."""
        edition = _checked(file).edition(0)
        differing = in_tenant(tenant, lambda db, t: _compared(db, t, edition, documents, partner, json))
        raise typer.Exit(1 if differing else 0)

    @group.command("save")
    def save(  # pyright: ignore[reportUnusedFunction]
        file: Path,
        note: Annotated[str, typer.Option(help="Why")] = "",
        tenant: Tenant = "",
        by: Annotated[str, typer.Option("--as", help="Your name, for the audit trail")] = "",
    ) -> None:
        """Save a file as its map's draft. It changes nothing until it is activated."""
        text = _text(file)
        checked = _checked(file)

        async def work(tx: Tx, tenant_id: str) -> int:
            now = await business_now(tx)
            return await store.save_draft(tx, tenant_id, checked, text, by or getpass.getuser(), now, note=note)

        typer.echo(f"{checked.id}: version {in_transaction(tenant, work)} is a draft.")

    @group.command("activate")
    def activate(  # pyright: ignore[reportUnusedFunction]
        map_id: Annotated[str, typer.Argument(metavar="MAP")],
        version: Annotated[int, typer.Argument(help="0 goes back to the library's")],
        partner: Annotated[str, typer.Option(help="Only for this partner")] = "",
        note: Annotated[str, typer.Option(help="Why")] = "",
        tenant: Tenant = "",
        by: Annotated[str, typer.Option("--as", help="Your name, for the audit trail")] = "",
    ) -> None:
        """Put a version in force, for all partners or for one."""

        async def work(tx: Tx, tenant_id: str) -> None:
            now, who = await business_now(tx), by or getpass.getuser()
            await store.activate(tx, tenant_id, map_id, version, who, now, partner=partner, note=note)

        in_transaction(tenant, work)
        typer.echo(f"{map_id}: version {version} is in force for {partner or 'all partners'}.")

    @group.command("undo")
    def undo(  # pyright: ignore[reportUnusedFunction]
        map_id: Annotated[str, typer.Argument(metavar="MAP")],
        partner: Annotated[str, typer.Option(help="Only for this partner")] = "",
        tenant: Tenant = "",
        by: Annotated[str, typer.Option("--as", help="Your name, for the audit trail")] = "",
    ) -> None:
        """Take the last activation back: what was in force before is so again."""

        async def work(tx: Tx, tenant_id: str) -> int:
            now, who = await business_now(tx), by or getpass.getuser()
            return await store.step_back(tx, tenant_id, map_id, who, now, partner=partner)

        typer.echo(f"{map_id}: version {in_transaction(tenant, work)} is in force for {partner or 'all partners'}.")


def _one(known: list[str], asked: str) -> str:
    if asked in known:
        return asked
    if not asked and len(known) == 1:
        return known[0]
    raise SetupError(f"Expected --tenant to be one of {', '.join(known) or 'none yet'}; found {asked or 'nothing'}.")


def _maps(files: list[Path]) -> Iterator[Path]:
    for file in files:
        found = sorted(file.rglob("*.yaml")) if file.is_dir() else [file]
        yield from (f for f in found if f.stem != SHARED)


def _text(file: Path) -> str:
    try:
        return file.read_bytes()[: checking.MAX_BYTES + 1].decode("utf-8-sig")
    except OSError as e:
        raise SetupError(f"Expected a file that can be read, found {file}: {e.strerror}.") from e
    except UnicodeDecodeError as e:
        raise SetupError(f"Expected UTF-8 in {file}, found byte {e.start} of another encoding.") from e


def _checked(file: Path) -> Checked:
    return checking.check(_text(file), str(file))


def _line(value: Any) -> None:
    sys.stdout.buffer.write(exactjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()


def _say_wrong(file: Path, checked: Checked, json: bool) -> None:
    found = [str(r.finding) for r in checked.remarks]
    if json:
        _line({"map": str(file), "sample": None, "passed": False, "differences": [], "findings": found})
        return
    for text in found:
        typer.echo(text)


def _say_sample(file: Path, checked: Checked, result: samples.Result, json: bool) -> None:
    if json:
        _line({"map": str(file), **result.plain()})
        return
    word = "updated" if result.updated else "ok" if result.passed else "FAILED"
    typer.echo(f"{checked.id} {result.name} ({result.direction}): {word}")
    for d in result.differences:
        typer.echo(f"  {d.pointer}: expected {_value(d.before)}, found {_value(d.after)}")
    for f in result.findings:
        typer.echo(f"  {f}")


def _value(value: Any) -> str:
    text = exactjson.text(value)
    return text if len(text) <= 80 else text[:79] + "…"


async def _compared(db: Database, tenant_id: str, edition: Edition, documents: int, partner: str, json: bool) -> int:
    """How many documents differ."""
    differing = replayed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replaying", total=None)
        async for found in replaying.compare(
            db, tenant_id, edition, documents=documents, partner=partner or None,
            started=lambda total: bar.update(task, total=total),
        ):  # fmt: skip
            replayed += 1
            bar.advance(task)
            if found.differs:
                differing += 1
                _line(_plain(found)) if json else _say_document(found)
    if not json:
        typer.echo(f"{replayed} documents replayed, {differing} differ")
    return differing


def _plain(found: Replayed) -> dict[str, Any]:
    return {
        "document": str(found.document_id), "direction": found.direction, "type": found.type,
        "partner": found.partner, "po": found.po, "received_at": found.received_at,
        "fields": [{"pointer": c.pointer, "before": c.before, "after": c.after} for c in found.fields],
        "appeared": list(found.appeared), "gone": list(found.gone),
    }  # fmt: skip


def _say_document(found: Replayed) -> None:
    of = f" of {found.partner}" if found.partner else ""
    typer.echo(f"{found.type} {found.po or ''}{of}, {found.received_at:%Y-%m-%d %H:%M} ({found.document_id})")
    for c in found.fields[:SHOWN]:
        typer.echo(f"  {c.pointer}: {_value(c.before)} → {_value(c.after)}")
    if len(found.fields) > SHOWN:
        typer.echo(f"  and {len(found.fields) - SHOWN} more fields")
    for word, told in (("appears", found.appeared), ("is gone", found.gone)):
        for f in told[:SHOWN]:
            typer.echo(f"  {word}: {f['code']} at {f['where']}")
