"""Entries by partner, and proposals: a correction suggests an entry with its evidence, a person accepts or rejects it.

Nothing is learned by itself: a proposal changes no document until it is accepted. Every change is audited.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.canonical.order import ItemScheme
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.partners.crossref import translate
from crossdock.partners.crossref.translate import ASSIGNED, Entries, Entry, Kind
from crossdock.partners.lineage import member
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.model import Decoded, note, shown

SQL = queries("crossdock.partners.crossref", "crossref.sql")
MAX_LINES = 100_000
MAX_VALUE = 80
MAX_NAMES = 20_000  # values of one document that are looked up
MAX_NOTES = 20
COLUMNS = ("partner", "kind", "qualifier", "theirs", "ours", "written", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person corrected that an entry could have told. evidence: document, place, who, when, why."""

    partner_id: str
    kind: Kind
    qualifier: str
    theirs: str
    ours: str
    evidence: dict[str, Any]


# ── in use ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def read(tx: Tx, tenant_id: str, documents: Sequence[Decoded]) -> list[Decoded]:
    """The documents with our names in them, and a note for each entry that was used."""
    return [await _read(tx, tenant_id, d) for d in documents]


async def _read(tx: Tx, tenant_id: str, d: Decoded) -> Decoded:
    content = d.order if d.order is not None else d.content
    if content is None or d.partner is None:
        return d
    known = await _entries(tx, tenant_id, d.partner.id, content, "of")
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


async def _entries(tx: Tx, tenant_id: str, partner_id: str, content: Canonical, way: str) -> Entries | None:
    """None when nothing is known of what it says."""
    wanted = list(dict.fromkeys(translate.names(content)))[:MAX_NAMES]
    if not wanted:
        return None
    kinds, values = [k.value for k, _ in wanted], [v.replace("\0", "") for _, v in wanted]
    rows = await tx.fetch(SQL[way], tenant_id, partner_id, kinds, values)
    return translate.entries(_entry(r) for r in rows) if rows else None


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


# ── learned from corrections ────────────────────────────────────────────────────────────────────────────────────────


def learned(
    before: Any, pointer: str, was: str, became: str, partner_id: str, evidence: dict[str, Any]
) -> Correction | None:
    """The entry that a correction of one canonical value suggests; None where it suggests none.

    before: the canonical document as plain JSON, before the correction.
    """
    steps, of = pointer.split("/"), pointer.rpartition("/")[0]
    scheme = str(member(before, f"{of}/scheme") or "")
    kind: Kind | None = None
    if steps[-1] == "unit":
        kind, scheme = Kind.UNIT, ""
    elif steps[-1] == "value" and len(steps) > 3 and steps[-3] == "items" and scheme in set(ItemScheme):
        kind = Kind.SKU
    elif steps[-1] == "id" and "parties" in steps and member(before, f"{of}/role") == translate.SHIP_TO:
        kind = Kind.SHIP_TO
    if kind is None or not was or not became or was == became:
        return None
    if kind is Kind.SHIP_TO and scheme == ASSIGNED:
        return None  # a number of ours that was mistyped
    return Correction(partner_id=partner_id, kind=kind, qualifier=scheme, theirs=was, ours=became, evidence=evidence)


async def propose(tx: Tx, tenant_id: str, correction: Correction, now: datetime) -> UUID | None:
    """A proposal, or further evidence for the one that is open. None when the entry is there already."""
    c = correction
    entry = (c.partner_id, c.kind.value, c.qualifier, c.theirs)
    if await tx.fetchval(SQL["known"], tenant_id, *entry) == c.ours:
        return None
    same = await tx.fetchrow(SQL["proposed"], tenant_id, *entry, c.ours)
    if same is not None:
        evidence = [*exactjson.loads(same["evidence"]), c.evidence][-50:]
        await tx.execute(SQL["add_evidence"], tenant_id, same["proposal_id"], exactjson.text(evidence))
        return same["proposal_id"]
    proposal_id = ids.new()
    await tx.execute(SQL["propose"], tenant_id, proposal_id, *entry, c.ours, exactjson.text([c.evidence]), now)
    return proposal_id


async def proposals(
    tx: Tx, tenant_id: str, *, state: str | None = "proposed", partner: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    rows = await tx.fetch(SQL["proposals"], tenant_id, state, partner, limit)
    return [
        {**dict(r), "id": str(r["proposal_id"]), "partner": r["partner_id"], "evidence": exactjson.loads(r["evidence"])}
        for r in rows
    ]


async def decide(tx: Tx, tenant_id: str, proposal_id: UUID, accepted: bool, by: str, now: datetime) -> None:
    """Raises NotFound, and Conflict when it was decided already."""
    row = await tx.fetchrow(SQL["proposal"], tenant_id, proposal_id)
    if row is None:
        raise NotFound("No such proposal.")
    if row["state"] != "proposed":
        raise Conflict(f"It was {row['state']} by {row['decided_by']}.")
    state = "accepted" if accepted else "rejected"
    await tx.execute(SQL["decide"], tenant_id, proposal_id, state, by, now)
    if accepted:
        written = not await tx.fetchval(
            SQL["has_written"], tenant_id, row["partner_id"], row["kind"], row["ours"], row["qualifier"], row["theirs"]
        )
        entry = Entry(Kind(row["kind"]), row["qualifier"], row["theirs"], row["ours"], written)
        await put(tx, tenant_id, row["partner_id"], entry, by, now, "learned from a correction")
    detail = {"kind": row["kind"], "theirs": row["theirs"], "ours": row["ours"]}
    await audit.record(tx, tenant_id, by, f"cross-reference.{state}", str(proposal_id), detail)
