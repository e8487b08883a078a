"""Edit one value of a document that is held or rejected, and send it through again.

The bytes that came stay as they are, and so does the document, as `replaced`. The corrected bytes are a file of their
own, read and judged like any other; the document made of them points at its original, and each edit is kept: who, when,
where, from, to, why. What a person corrected may suggest a cross-reference; it is proposed, and used by nobody until it
is accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Finding, PartnerError
from crossdock.events import inbox
from crossdock.partners import intake, splicing
from crossdock.partners.crossref import learning
from crossdock.partners.crossref import proposals as proposed
from crossdock.partners.intake import DocumentResult, Publish
from crossdock.partners.lineage import Place
from crossdock.partners.maps import replaying
from crossdock.partners.maps.replaying import Change
from crossdock.partners.model import Format

SQL = queries("crossdock.partners", "intake.sql")
MAX_EDITS = 20


@dataclass(frozen=True, slots=True)
class Edit:
    """A value at a place of the file, or (pointer) where a field of the canonical document came from."""

    value: str
    pointer: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """An edit that was made. pointer: "" when the place is that of no field that was read."""

    place: Place
    pointer: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """changes: of the canonical document. proposals: cross-references that the edits suggest."""

    result: DocumentResult
    edits: tuple[Made, ...]
    canonical: Any
    changes: tuple[Change, ...]
    proposals: tuple[UUID, ...] = ()


async def preview(tx: Tx, tenant_id: str, document_id: UUID, edits: Sequence[Edit]) -> Corrected:
    """What would come of it. Changes nothing. Raises PartnerError for an edit that cannot be made."""
    row, raw, made, before = await _edited(tx, tenant_id, document_id, edits)
    result, document = await intake.carry_out_corrected(tx, tenant_id, row["document_id"], raw, "", dry_run=True)
    after = _plain(document)
    return Corrected(result, made, after, tuple(replaying.differences(before, after)))


async def resubmit(
    tx: Tx, tenant_id: str, document_id: UUID, edits: Sequence[Edit], reason: str, by: str,
    *, publish: Publish = inbox.receive,
) -> Corrected:  # fmt: skip
    """Carries out the corrected document. Raises Conflict when the original is neither held nor rejected any more."""
    if not reason.strip():
        raise PartnerError([Finding("edit.reason", "/reason", "why it is corrected", "nothing", "Say why.")])
    now = await inbox.business_now(tx)
    _, raw, made, before = await _edited(tx, tenant_id, document_id, edits)
    result, document = await intake.carry_out_corrected(tx, tenant_id, document_id, raw, by, publish=publish)
    for number, edit in enumerate(made, 1):
        await tx.execute(
            SQL["store_edit"], tenant_id, result.document_id, number, exactjson.text(_shown(edit.place)), edit.pointer,
            edit.before, edit.after, reason[:2000], by, now,
        )  # fmt: skip
    proposals: list[UUID] = []
    for edit in made:
        evidence = {
            "document": str(result.document_id), "original": str(document_id), "field": edit.pointer,
            "where": str(edit.place), "from": edit.before, "to": edit.after, "why": reason[:500], "by": by, "at": now,
        }  # fmt: skip
        known = before or _plain(document)
        suggested = learning.of_value(known, edit.pointer, edit.before, edit.after)
        if suggested is None or document.partner is None:
            continue
        found = await proposed.propose(tx, tenant_id, document.partner.id, suggested.entry, evidence, now)
        if found is not None:
            proposals.append(found)
    detail = {
        "original": str(document_id), "document": str(result.document_id), "status": result.status.value,
        "reason": reason[:500],
        "edits": [{"field": e.pointer, "where": str(e.place), "from": e.before, "to": e.after} for e in made],
    }  # fmt: skip
    await audit.record(tx, tenant_id, by, "document.correct", result.order or str(document_id), detail)
    after = _plain(document)
    return Corrected(result, made, after, tuple(replaying.differences(before, after)), tuple(proposals))


async def edits(tx: Tx, tenant_id: str, document_id: UUID) -> dict[str, Any]:
    """Every correction that led to a document, and the one that replaced it. Raises NotFound."""
    await replaying.stored(tx, tenant_id, document_id)
    rows = await tx.fetch(SQL["edits"], tenant_id, document_id)
    later: UUID | None = await tx.fetchval(SQL["corrected_by"], tenant_id, document_id)
    listed = [{**dict(r), "place": exactjson.loads(r["place"]), "original": r["corrects"]} for r in rows]
    return {"edits": listed, "corrected_by": str(later) if later else None}


async def _edited(
    tx: Tx, tenant_id: str, document_id: UUID, edits: Sequence[Edit]
) -> tuple[Any, bytes, tuple[Made, ...], Any]:
    """The original's row, its file with the edits, the edits as made, and the canonical document before them."""
    if not 0 < len(edits) <= MAX_EDITS:
        raise PartnerError([Finding("edit.none", "/edits", f"1 to {MAX_EDITS} edits", str(len(edits)), "Correct it.")])
    row, _ = await replaying.stored(tx, tenant_id, document_id)
    if row["direction"] != "in":
        raise PartnerError([Finding("edit.sent", "the document", "one that came in", "one we sent", "Reissue it.")])
    trail = await replaying.lineage(tx, tenant_id, document_id)
    raw, made = row["bytes"], list[Made]()
    before = exactjson.loads(row["canonical"]) if row["canonical"] else None
    by_pointer = {o.pointer: o.place for o in trail}
    by_place = {o.place: o.pointer for o in trail}
    for at, edit in enumerate(edits):
        place = edit.place or by_pointer.get(edit.pointer)
        if place is None:
            text = "Give the place in the file: the finding names it."
            raise PartnerError([Finding("edit.pointer", f"/edits/{at}/pointer", "a field that was read from the file",
                                        edit.pointer or "nothing", text)])  # fmt: skip
        pointer = edit.pointer or by_place.get(place, "")
        raw, was = splicing.splice(raw, Format(row["format"]), place, edit.value)
        made.append(Made(place, pointer, was, edit.value))
    if raw == row["bytes"]:
        raise PartnerError([Finding("edit.same", "/edits", "another value", "the same", "Change something.")])
    return row, raw, tuple(made), before


def _plain(document: Any) -> Any:
    said = document.order if document.order is not None else document.content
    return None if said is None else exactjson.plain(said)


def _shown(place: Place) -> dict[str, Any]:
    told: dict[str, Any] = exactjson.plain(place)
    return {"where": str(place), **told}
