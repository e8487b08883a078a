"""Documents read and written by a map that is not in force: the preview of a draft, and what it would change.

`preview` shows one document as a map makes it, with lineage. `compare` reads what is stored twice, by the maps in force
and with the changed one, and tells the documents of which the canonical form or a finding differs; of what we sent, the
bytes. Nothing is stored, no number is taken, and no transaction is open while documents are decoded.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from lxml import etree

from crossdock import exactjson
from crossdock.db import Database, Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.partners import deciding, intake
from crossdock.partners.deciding import Known, Verdict
from crossdock.partners.decoding import decode
from crossdock.partners.edi import outbound
from crossdock.partners.lineage import Origin, leaves
from crossdock.partners.maps import store
from crossdock.partners.maps.canonical import OBJECTS, Canonical
from crossdock.partners.maps.editions import Book, Edition, Language
from crossdock.partners.model import Context, Decoded
from crossdock.partners.xml import write as xml_write

SQL = queries("crossdock.partners.maps", "replay.sql")
BATCH = 25
MAX_FIELDS = 50  # of one document that are listed as different
MAX_PASTED = 2_000_000
MOST_SHOWN = 50  # documents of a pasted file


@dataclass(frozen=True, slots=True)
class Shown:
    """One document as a map reads it."""

    verdict: Verdict

    @property
    def document(self) -> Decoded:
        return self.verdict.document

    @property
    def canonical(self) -> Any:
        return _canonical(self.document)

    @property
    def lineage(self) -> tuple[Origin, ...]:
        return self.document.trail


@dataclass(frozen=True, slots=True)
class Change:
    """A field, by JSON pointer (of what we send: `segment 4` or `line 4`); None where it is not said."""

    pointer: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stored document, and what a changed map makes of it otherwise. error: why it could not be read or written."""

    document_id: UUID
    direction: str
    type: str
    partner: str | None
    po: str | None
    received_at: datetime
    fields: tuple[Change, ...] = ()
    appeared: tuple[dict[str, str], ...] = ()
    gone: tuple[dict[str, str], ...] = ()

    @property
    def differs(self) -> bool:
        return bool(self.fields or self.appeared or self.gone)


def _canonical(document: Decoded) -> Any:
    said = document.order if document.order is not None else document.content
    return None if said is None else exactjson.plain(said)


# --- one document ---------------------------------------------------------------------------------------------------


def read(raw: bytes, filename: str, context: Context, edition: Edition) -> list[Shown]:
    """The documents of a file as a map reads them, whoever sent them."""
    book = (context.book or Book()).with_edition(edition)
    chosen = replace(context, book=book, trace=True)
    if edition.language is Language.TABLE and context.partner is not None and context.partner.map:
        chosen = replace(chosen, partner=replace(context.partner, map=edition.id))
    return [Shown(v) for v in deciding.decide(decode(raw, filename, chosen), Known())]


async def reading(raw: bytes, filename: str, context: Context, edition: Edition) -> list[Shown]:
    """As `read`, beside the event loop."""
    return await asyncio.to_thread(read, raw, filename, context, edition)


def write(canonical: Any, edition: Edition) -> str:
    """A canonical document as a map writes it, without its envelope: a segment a line, or the element.

    Raises PartnerError naming every field that the format cannot take.
    """
    if edition.language is Language.TABLE:
        text = "Choose a map of documents that we send."
        raise PartnerError([Finding("map.direction", edition.id, "a map that writes", "a map of tables", text)])
    try:
        content: Canonical = msgspec.convert(canonical, OBJECTS[edition.object], strict=False)
    except msgspec.ValidationError as e:
        text = "Correct it; the fields are those of the canonical document."
        raise PartnerError([Finding("map.source", "/canonical", f"a {edition.object}", str(e), text)]) from e
    if edition.language is Language.XML:
        written = xml_write.document(edition.id, content, edition.xml)
        return etree.tostring(written.element, encoding="unicode", pretty_print=True)
    rows = outbound.document(edition.id, content, edition.edi).rows
    return "".join(f"{line}\n" for line in _lines(rows, edition.syntax))


def _lines(rows: tuple[tuple[tuple[str, ...], ...], ...], syntax: str) -> Iterator[str]:
    element, component, end = ("*", ">", "~") if syntax == "x12" else ("+", ":", "'")
    for row in rows:
        yield element.join(component.join(parts) for parts in row) + end


async def lineage(tx: Tx, tenant_id: str, document_id: UUID) -> list[Origin]:
    """Of a stored document, by the map that read it then; of one we sent, as its receiver reads it. Raises NotFound."""
    row = await tx.fetchrow(SQL["document"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such document.")
    context = await _context(tx, tenant_id, row)
    if row["read_by"] is not None:
        known = exactjson.loads(row["read_by"])
        if known["version"]:
            edition = await store.edition(tx, tenant_id, known["map"], known["version"])
            context = replace(context, book=(context.book or Book()).with_edition(edition))
        else:
            kept = {k: e for k, e in (context.book or Book()).editions.items() if k[0] != known["map"]}
            context = replace(context, book=Book(kept))
    documents = await asyncio.to_thread(decode, row["bytes"], row["filename"], replace(context, trace=True))
    place = int(row["place"])
    return list(documents[place].trail) if place < len(documents) else []


async def stored(tx: Tx, tenant_id: str, document_id: UUID) -> tuple[Any, Context]:
    """A stored document's row and what its reading needs. Raises NotFound."""
    row = await tx.fetchrow(SQL["document"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such document.")
    return row, await _context(tx, tenant_id, row)


async def _context(tx: Tx, tenant_id: str, row: Any) -> Context:
    """Its sender as it is known now; a stranger is read like anybody, for only the reading is of interest."""
    base = await intake.context(tx, tenant_id, None, True, row["manual"])
    return _of(base, row)


def _of(base: Context, row: Any) -> Context:
    wanted = row["said_partner"] or (row["partner_id"] if row["direction"] == "in" else None)
    partner = next((p for p in base.profiles if p.id == wanted), None)
    return replace(base, partner=partner, manual=row["manual"])


# --- all that is stored ---------------------------------------------------------------------------------------------


async def compare(
    db: Database,
    tenant_id: str,
    edition: Edition,
    *,
    documents: int,
    partner: str | None = None,
    seconds: float | None = None,
    started: Callable[[int], None] = lambda _: None,
) -> AsyncIterator[Replayed]:
    """Each of the newest documents that the map reads or writes, the newest first.

    partner: only its documents. seconds: stops by then. started: told how many there will be.
    """
    until = None if seconds is None else time.monotonic() + seconds
    formats, type_ = _matching(edition)
    async with db.transaction(tenant_id) as tx:
        base = await intake.context(tx, tenant_id, None, True)
        started(min(documents, await tx.fetchval(SQL["how_many"], tenant_id, formats, type_, partner)))
    at: datetime | None = None
    after: UUID | None = None
    left = documents
    while left > 0 and (until is None or time.monotonic() < until):
        async with db.transaction(tenant_id) as tx:
            rows = await tx.fetch(SQL["traffic"], tenant_id, formats, type_, partner, at, after, min(BATCH, left))
        for row in rows:
            yield await asyncio.to_thread(_replayed, row, _of(base, row), edition)
            if until is not None and time.monotonic() > until:
                return
        if len(rows) < min(BATCH, left):
            return
        left -= len(rows)
        at, after = rows[-1]["received_at"], rows[-1]["document_id"]


def _matching(edition: Edition) -> tuple[list[str], str | None]:
    """Formats and type of the documents that a map reads."""
    match edition.syntax:
        case "x12" | "edifact":
            return [edition.syntax], edition.type
        case "table":
            return ["csv", "xlsx"], None
        case _:
            return ["xml"], edition.type


def _replayed(row: Any, context: Context, edition: Edition) -> Replayed:
    bare = Replayed(row["document_id"], row["direction"], row["type"], row["partner_id"], row["po"], row["received_at"])
    if row["direction"] == "out":
        return _written(bare, row, context, edition)
    before = decode(row["bytes"], row["filename"], context)
    after = read(row["bytes"], row["filename"], context, edition)
    place = int(row["place"])
    if place >= len(before) or place >= len(after):
        count = Change("documents of the file", len(before), len(after))
        return replace(bare, fields=(count,)) if len(before) != len(after) else bare
    one, two = before[place], after[place].document
    told, tells = ([i.plain() for i in d.issues] for d in (one, two))
    return replace(
        bare,
        fields=tuple(differences(_canonical(one), _canonical(two))),
        appeared=tuple(f for f in tells if f not in told),
        gone=tuple(f for f in told if f not in tells),
    )


def _written(bare: Replayed, row: Any, context: Context, edition: Edition) -> Replayed:
    """Of what we sent: the segments, as the map in force and as the changed one writes them now."""
    content = exactjson.loads(row["canonical"])
    now = (context.book or Book()).find(edition.id, row["partner_id"] or "")
    texts: list[list[str]] = []
    wrong: list[tuple[dict[str, str], ...]] = []
    for chosen in (now, edition):
        try:
            texts.append(write(content, chosen).splitlines())
            wrong.append(())
        except PartnerError as e:
            texts.append([])
            wrong.append(tuple(
                {"code": f.code, "where": f.where, "expected": f.expected, "found": f.found, "fix": f.fix}
                for f in e.findings
            ))  # fmt: skip
    name = "segment" if edition.language is Language.EDI else "line"
    lines = [
        Change(f"{name} {at + 1}", b, a)
        for at in range(max(map(len, texts)))
        if (b := _at(texts[0], at)) != (a := _at(texts[1], at))
    ]
    return replace(
        bare,
        fields=tuple(lines[:MAX_FIELDS]),
        appeared=tuple(f for f in wrong[1] if f not in wrong[0]),
        gone=tuple(f for f in wrong[0] if f not in wrong[1]),
    )


def _at(lines: list[str], place: int) -> str | None:
    return lines[place] if place < len(lines) else None


def differences(before: Any, after: Any) -> Iterator[Change]:
    """Fields of two canonical documents, by pointer; at most MAX_FIELDS."""
    one, two = dict(leaves(before)), dict(leaves(after))
    found = 0
    for pointer in dict.fromkeys([*one, *two]):
        if one.get(pointer) != two.get(pointer):
            found += 1
            if found > MAX_FIELDS:
                return
            yield Change(pointer, one.get(pointer), two.get(pointer))
