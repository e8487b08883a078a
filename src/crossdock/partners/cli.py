"""`crossdock intake PATH…`: files into documents, one JSON object for each business document.

The composition root calls `register` with what only it can make: a database. A dry run asks for none.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

from crossdock import exactjson
from crossdock.db import Database
from crossdock.errors import CrossdockError, Finding, SetupError
from crossdock.partners import intake, profiles, wording
from crossdock.partners.agreements import cli as agreements
from crossdock.partners.crossref import cli as crossref
from crossdock.partners.deciding import Known, Verdict
from crossdock.partners.edi import cli as edi
from crossdock.partners.intake import DocumentResult
from crossdock.partners.maps import cli as maps_cli
from crossdock.partners.model import MAX_BYTES, Context, Decoded, Format, Issue, Status, error
from crossdock.partners.sending import cli as sending
from crossdock.partners.tabular import map as maps

OpenDatabase: TypeAlias = Callable[[], Awaitable[Database]]


def register(app: typer.Typer, open_database: OpenDatabase, mail: agreements.Mail) -> None:
    """Adds the commands. open_database: migrated and running, started if none runs; the command closes it."""
    edi.register(app)
    maps_cli.register(app, open_database)
    crossref.register(app, open_database)
    sending.register(app, open_database)
    agreements.register(app, open_database, mail)

    @app.command("intake")
    def command(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        paths: Annotated[list[Path], typer.Argument(help="Files and folders", metavar="PATH…")],
        json: Annotated[bool, typer.Option("--json", help="One JSON object per document, a line each")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge only; store nothing")] = False,
        tenant: Annotated[str, typer.Option(help="Whose partners and orders; needed when there are several")] = "",
        partner: Annotated[str, typer.Option(help="The sender of these files, when they do not say")] = "",
        adopt: Annotated[
            bool, typer.Option("--adopt-partners", help="Make unknown senders trial partners instead of holding")
        ] = False,
    ) -> None:
        """Take in partner documents: X12, EDIFACT, JSON, CSV and XLSX."""
        try:
            results = asyncio.run(_take(paths, open_database, dry_run, tenant, partner, adopt, json))
        except CrossdockError as e:
            typer.echo(str(e), err=True)
            raise typer.Exit(2) from e
        if not json:
            _print(results)


async def _take(
    paths: Iterable[Path],
    open_database: OpenDatabase,
    dry_run: bool,
    tenant: str,
    partner: str,
    adopt: bool,
    as_json: bool,
) -> list[DocumentResult]:
    files = list(_files(paths))
    if dry_run:
        own = intake.named((), partner) if partner else None
        ctx, known = Context(profiles=profiles.shipped(), maps=maps.shipped(), partner=own, adopt=adopt), Known()

        async def one(raw: bytes, name: str) -> list[DocumentResult]:
            return intake.preview(raw, name, ctx, known)

        return await _each(files, one, as_json)
    database = await open_database()
    try:
        tenant_id = _tenant(await database.tenant_ids(), tenant)

        async def stored(raw: bytes, name: str) -> list[DocumentResult]:
            return await intake.receive(database, tenant_id, raw, name, "cli", partner=partner or None, adopt=adopt)

        return await _each(files, stored, as_json)
    finally:
        await database.close()


def _tenant(known: list[str], asked: str) -> str:
    if asked in known:
        return asked
    if not asked and len(known) == 1:
        return known[0]
    choices = ", ".join(known) or "none yet; `crossdock tenant add` makes one"
    raise SetupError(f"Expected --tenant to be one of {choices}; found {asked or 'nothing'}.")


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as given, and all below folders in the order of their names; hidden ones are not documents."""
    for path in paths:
        if path.is_dir():
            below = (p for p in path.rglob("*") if p.is_file())
            yield from sorted(p for p in below if not any(x.startswith(".") for x in p.relative_to(path).parts))
        else:
            yield path


async def _each(
    files: list[Path], take: Callable[[bytes, str], Awaitable[list[DocumentResult]]], as_json: bool
) -> list[DocumentResult]:
    results: list[DocumentResult] = []
    for path in files:
        # names are bytes here, not always of UTF-8; what is none is shown and stored as \xff
        name = os.fsencode(path).decode(errors="backslashreplace")
        try:
            raw = _read(path)
        except OSError as e:
            found = [_unreadable(name, e)]
        else:
            found = await take(raw, name)
        results += found
        if as_json:
            for r in found:
                sys.stdout.buffer.write(exactjson.dumps(r.plain()) + b"\n")
            sys.stdout.buffer.flush()
    return results


def _read(path: Path) -> bytes:
    """The bytes; of a file beyond the limit just enough to be refused."""
    with path.open("rb") as f:
        return f.read(MAX_BYTES + 1)


def _unreadable(name: str, e: OSError) -> DocumentResult:
    reason = e.strerror or type(e).__name__
    issue: Issue = error("file.unreadable", name, "a file that can be read", reason, "Check the path and its rights.")
    document = Decoded(index=0, format=Format.UNKNOWN, issues=(issue,))
    return intake.result(Verdict(document=document, status=Status.REJECTED, issues=(issue,)), name)


def _print(results: list[DocumentResult]) -> None:
    console = Console()
    table = Table("file", "type", "status", "order", "PO", "lines", "total", "reason", box=None, pad_edge=False)
    colours = {"accepted": "green", "duplicate": "yellow", "held": "yellow", "rejected": "red"}
    for r in results:
        reason = _reason(r)
        status = f"[{colours.get(r.status.value, '')}]{r.status.value}[/]"
        name = Path(r.file).name + (f" #{r.index + 1}" if r.index else "")
        table.add_row(
            *(name, r.type or r.format, status, r.order or "", r.po or "", str(r.lines or "")),
            *(_money(r.total, r.currency), reason),
        )
    console.print(table)
    counts = {s: sum(r.status is s for r in results) for s in Status}
    said = ", ".join(f"{n} {s.value}" for s, n in counts.items() if n)
    console.print(f"{len(results)} documents: {said or 'none'}")


def _reason(r: DocumentResult) -> str:
    if not r.errors:
        return r.notes[0]["fix"] if r.test and r.notes else ""
    first = r.errors[0]
    more = f" (and {len(r.errors) - 1} more)" if len(r.errors) > 1 else ""
    finding = Finding(*(first[part] for part in ("code", "where", "expected", "found", "fix")))
    return wording.sentence(finding) + more


def _money(total: Decimal | None, currency: str | None) -> str:
    return "" if total is None else f"{total:,.2f} {currency or ''}"
