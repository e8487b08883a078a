"""Entries by partner: used in what comes and what we send, entered one by one or loaded. Every change is audited."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crossdock import audit
from crossdock.canonical.order import ItemScheme
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.partners.crossref import translate
from crossdock.partners.crossref.translate import Entries, Entry, Kind
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.model import Decoded, note, shown

SQL = queries("crossdock.partners.crossref", "crossref.sql")
MAX_LINES = 100_000
MAX_VALUE = 80
MAX_NAMES = 20_000  # values of one document that are looked up
MAX_NOTES = 20
COLUMNS = ("partner", "kind", "qualifier", "theirs", "ours", "written", "note")


# ── in use ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def read(tx: Tx, tenant_id: str, documents: Sequence[Decoded], *, also: Sequence[Entry] = ()) -> list[Decoded]:
    """The documents with our names in them, and a note for each entry that was used. also: entries as if they stood."""
    return [await _read(tx, tenant_id, d, also) for d in documents]


async def _read(tx: Tx, tenant_id: str, d: Decoded, also: Sequence[Entry]) -> Decoded:
    content = d.order if d.order is not None else d.content
    if content is None or d.partner is None:
        return d
    known = await _entries(tx, tenant_id, d.partner.id, content, "of", also)
    if known is None:
        return d
    if d.order is not None:
        changed = replace(d, order=translate.ours(d.order, known))
    else:
        changed = replace(d, content=translate.ours(d.content, known))
    notes = (
        note("xref.applied", f"{e.kind.value} {e.qualifier}".strip(), shown(e.ours), shown(e.theirs),
             "It is read as our name; correct the cross-reference if it is wrong.")
        for e in known.used
    )  # fmt: skip
    return replace(changed, issues=(*changed.issues, *list(notes)[:MAX_NOTES]))


async def write(tx: Tx, tenant_id: str, partner_id: str, content: Canonical) -> Canonical:
    """A document of ours with the partner's names."""
    known = await _entries(tx, tenant_id, partner_id, content, "to")
    return content if known is None else translate.theirs(content, known)


async def _entries(
    tx: Tx, tenant_id: str, partner_id: str, content: Canonical, way: str, also: Sequence[Entry] = ()
) -> Entries | None:
    """None when nothing is known of what it says."""
    wanted = list(dict.fromkeys(translate.names(content)))[:MAX_NAMES]
    if not wanted:
        return None
    kinds, values = [k.value for k, _ in wanted], [v.replace("\0", "") for _, v in wanted]
    rows = await tx.fetch(SQL[way], tenant_id, partner_id, kinds, values)
    return translate.entries([*(_entry(r) for r in rows), *also]) if rows or also else None


def _entry(row: Any) -> Entry:
    return Entry(Kind(row["kind"]), row["qualifier"], row["theirs"], row["ours"], row["written"])


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def checked(kind: str, qualifier: str, theirs: str, ours: str, written: bool = True, where: str = "/") -> Entry:
    """Raises PartnerError naming each part that is wrong."""
    findings: list[Finding] = []

    def say(name: str, expected: str, found: str) -> None:
        findings.append(Finding("xref.wrong", f"{where}{name}", expected, found[:80] or "nothing", "Correct it."))

    if kind not in set(Kind):
        say("kind", f"one of {', '.join(Kind)}", kind)
    if kind == Kind.SKU and qualifier not in set(ItemScheme):
        say("qualifier", f"whose number it is: {', '.join(ItemScheme)}", qualifier)
    if kind == Kind.UNIT and qualifier:
        say("qualifier", "nothing, for a unit", qualifier)
    for name, value in (("theirs", theirs), ("ours", ours)):
        if not value.strip() or len(value) > MAX_VALUE or not value.isprintable():
            say(name, f"a text of 1 to {MAX_VALUE} characters", value)
    if findings:
        raise PartnerError(findings)
    return Entry(Kind(kind), qualifier, theirs.strip(), ours.strip(), written)


async def put(tx: Tx, tenant_id: str, partner_id: str, entry: Entry, by: str, now: datetime, note_: str = "") -> None:
    """Enters or replaces. Of several of theirs with one meaning, the last that is to be written is written."""
    key = (partner_id, entry.kind.value, entry.ours, entry.qualifier, entry.theirs)
    if entry.written:
        await tx.execute(SQL["unwrite"], tenant_id, *key)
    await tx.execute(
        SQL["put"], tenant_id, partner_id, entry.kind.value, entry.qualifier, entry.theirs, entry.ours, entry.written,
        note_[:2000], by, now,
    )  # fmt: skip
    detail = {"partner": partner_id or None, "kind": entry.kind.value, "theirs": entry.theirs, "ours": entry.ours}
    await audit.record(tx, tenant_id, by, "cross-reference.put", f"{entry.kind.value} {entry.theirs}", detail)


async def remove(tx: Tx, tenant_id: str, partner_id: str, kind: str, qualifier: str, theirs: str, by: str) -> None:
    """Raises NotFound."""
    gone: str | None = await tx.fetchval(SQL["remove"], tenant_id, partner_id, kind, qualifier, theirs)
    if gone is None:
        raise NotFound("No such cross-reference.")
    detail = {"partner": partner_id or None, "kind": kind, "theirs": theirs, "ours": gone}
    await audit.record(tx, tenant_id, by, "cross-reference.remove", f"{kind} {theirs}", detail)


async def page(
    tx: Tx, tenant_id: str, *, partner: str | None = None, kind: str | None = None, q: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:  # fmt: skip
    pattern = f"%{q.replace('%', '').replace('_', '')}%" if q else None
    rows = await tx.fetch(SQL["page"], tenant_id, partner, kind, pattern, limit)
    return [{**dict(r), "partner": r["partner_id"]} for r in rows]


async def export(tx: Tx, tenant_id: str, partner: str | None = None) -> str:
    """As CSV; `load` reads it back."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in await page(tx, tenant_id, partner=partner, limit=MAX_LINES):
        writer.writerow([str(row[c]).lower() if c == "written" else row[c] for c in COLUMNS])
    return out.getvalue()


async def load(tx: Tx, tenant_id: str, text: str, by: str, now: datetime) -> int:
    """All lines of a CSV with a header, or, if one is wrong, none. Returns how many. Raises PartnerError."""
    rows, findings = list(_rows(text)), list[Finding]()
    entries: list[tuple[str, Entry, str]] = []
    for number, row in rows:
        try:
            written = (row.get("written") or "true").strip().lower() != "false"
            entry = checked(
                row.get("kind") or "", row.get("qualifier") or "", row.get("theirs") or "", row.get("ours") or "",
                written, f"line {number}, ",
            )  # fmt: skip
            entries.append(((row.get("partner") or "").strip(), entry, row.get("note") or ""))
        except PartnerError as e:
            findings += e.findings
    if findings:
        raise PartnerError(findings[:50])
    for partner, entry, remark in entries:
        await put(tx, tenant_id, partner, entry, by, now, remark)
    return len(entries)


def _rows(text: str) -> Iterable[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    names = set(reader.fieldnames or ())
    if missing := {"kind", "theirs", "ours"} - names or names - set(COLUMNS):
        expected = f"a header with columns of {', '.join(COLUMNS)}; kind, theirs and ours must be there"
        found = ", ".join(sorted(missing))
        raise PartnerError([Finding("xref.header", "line 1", expected, found, "Correct the header.")])
    for number, row in enumerate(reader, 2):
        if number > MAX_LINES:
            raise PartnerError([Finding("xref.size", f"line {number}", f"at most {MAX_LINES}", "more", "Split it.")])
        yield number, {k: v for k, v in row.items() if isinstance(k, str) and isinstance(v, str)}  # pyright: ignore[reportUnnecessaryIsInstance] - None for cells beyond the header
