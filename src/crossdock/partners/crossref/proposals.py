"""Proposed cross-references: a correction suggests an entry with its evidence, a person accepts or rejects it.

    proposed → accepted, rejected        accepted, rejected → proposed (taken back)

Nothing is learned by itself: a proposal changes no document until it is accepted. `waiting` says beforehand which
documents would be read otherwise. Taking an acceptance back puts the entry that stood before in its place again;
documents that were read meanwhile stay as they were read. Every decision is audited.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, NotFound
from crossdock.partners.crossref import learning, store
from crossdock.partners.crossref.learning import Suggestion
from crossdock.partners.crossref.translate import Entry, Kind
from crossdock.partners.decoding import decode
from crossdock.partners.maps import replaying
from crossdock.partners.maps.replaying import Change
from crossdock.partners.model import Decoded

SQL = queries("crossdock.partners.crossref", "proposals.sql")
MAX_EVIDENCE = 50
MAX_WAITING = 50  # held documents that are looked at
MAX_BYTES = 4 * 1024 * 1024  # of a file that is read once more in the transaction of a correction
NOTE = "learned from a correction"


class Choice(StrEnum):
    """What a person may do with a proposal."""

    ACCEPT = "accept"
    REJECT = "reject"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held document that would be read otherwise. fields: of its canonical form."""

    document_id: UUID
    type: str
    po: str | None
    received_at: datetime
    fields: tuple[Change, ...]


# ── made ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def propose(
    tx: Tx, tenant_id: str, partner_id: str, entry: Entry, evidence: dict[str, Any], now: datetime
) -> UUID | None:
    """A proposal, or further evidence for the one that is open. None when the entry stands already."""
    key = (partner_id, entry.kind.value, entry.qualifier, entry.theirs)
    standing = await tx.fetchrow(store.SQL["entry"], tenant_id, *key)
    if standing is not None and standing["ours"] == entry.ours:
        return None
    same = await tx.fetchrow(SQL["proposed"], tenant_id, *key, entry.ours)
    if same is not None:
        listed = [*exactjson.loads(same["evidence"]), evidence][-MAX_EVIDENCE:]
        await tx.execute(SQL["add_evidence"], tenant_id, same["proposal_id"], exactjson.text(listed))
        return same["proposal_id"]
    proposal_id = ids.new()
    await tx.execute(SQL["propose"], tenant_id, proposal_id, *key, entry.ours, exactjson.text([evidence]), now)
    return proposal_id


async def of_order(
    tx: Tx, tenant_id: str, order_no: str, before: Any, after: Any, evidence: dict[str, Any], now: datetime
) -> list[Suggestion]:
    """Proposes what the correction of an order suggests, and says it; nothing for an order that no partner sent.

    before, after: as learning.of_order has them.
    """
    row = await tx.fetchrow(SQL["ordered_by"], tenant_id, order_no)
    if row is None or row["size_bytes"] is None or row["size_bytes"] > MAX_BYTES:
        return []
    document = await _as_written(tx, tenant_id, row["document_id"])
    if document is None or document.order is None or document.partner is None:
        return []
    proposed: list[Suggestion] = []
    for found in learning.of_order(document.order, before, after):
        told = {
            "document": str(row["document_id"]), "field": found.field, "from": found.was, "to": found.became,
            "at": now, **evidence,
        }  # fmt: skip
        if await propose(tx, tenant_id, document.partner.id, found.entry, told, now) is not None:
            proposed.append(found)
    return proposed


async def _as_written(tx: Tx, tenant_id: str, document_id: UUID) -> Decoded | None:
    """A stored document as its partner wrote it, by the maps of today and without cross-references; None when one of
    us typed it in."""
    row, context = await replaying.stored(tx, tenant_id, document_id)
    if row["manual"]:
        return None
    documents = await asyncio.to_thread(decode, row["bytes"], row["filename"], context)
    place = int(row["place"])
    return documents[place] if place < len(documents) else None


# ── seen ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def find(
    tx: Tx, tenant_id: str, *, state: str | None = "proposed", partner: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Open ones first, then the latest. standing: what we read for theirs today."""
    return [_plain(r) for r in await tx.fetch(SQL["find"], tenant_id, state, partner, None, limit)]


async def one(tx: Tx, tenant_id: str, proposal_id: UUID) -> dict[str, Any]:
    """Raises NotFound."""
    rows = await tx.fetch(SQL["find"], tenant_id, None, None, proposal_id, 1)
    if not rows:
        raise NotFound("No such proposal.")
    return _plain(rows[0])


def _plain(row: Any) -> dict[str, Any]:
    evidence = exactjson.loads(row["evidence"])
    return {**dict(row), "id": str(row["proposal_id"]), "partner": row["partner_id"], "evidence": evidence}


def entry_of(row: Any) -> Entry:
    return Entry(Kind(row["kind"]), row["qualifier"], row["theirs"], row["ours"], False)


async def waiting(tx: Tx, tenant_id: str, proposal: Any) -> list[Waiting]:
    """Of the newest MAX_WAITING held documents of the partner, those that would be read otherwise."""
    entry, found = entry_of(proposal), list[Waiting]()
    for held in await tx.fetch(SQL["held"], tenant_id, proposal["partner_id"], MAX_WAITING):
        row, context = await replaying.stored(tx, tenant_id, held["document_id"])
        if len(row["bytes"]) > MAX_BYTES:
            continue
        documents = await asyncio.to_thread(decode, row["bytes"], row["filename"], context)
        place = int(row["place"])
        if place >= len(documents):
            continue
        today, then = await _both(tx, tenant_id, documents[place], entry)
        fields = tuple(replaying.differences(today, then))
        if fields:
            kind = documents[place].type or row["type"]
            found.append(Waiting(row["document_id"], kind, row["po"], row["received_at"], fields))
    return found


async def _both(tx: Tx, tenant_id: str, document: Decoded, entry: Entry) -> tuple[Any, Any]:
    both = [*await store.read(tx, tenant_id, [document]), *await store.read(tx, tenant_id, [document], also=[entry])]
    said = [d.order if d.order is not None else d.content for d in both]
    return exactjson.plain(said[0]), exactjson.plain(said[1])


# ── decided ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def carry_out(tx: Tx, tenant_id: str, proposal_id: UUID, choice: Choice, by: str, now: datetime) -> None:
    """As `decide` and `take_back` say."""
    match choice:
        case Choice.UNDO:
            await take_back(tx, tenant_id, proposal_id, by, now)
        case Choice.ACCEPT | Choice.REJECT:
            await decide(tx, tenant_id, proposal_id, choice is Choice.ACCEPT, by, now)
        case _:
            assert_never(choice)


async def decide(tx: Tx, tenant_id: str, proposal_id: UUID, accepted: bool, by: str, now: datetime) -> None:
    """Raises NotFound, and Conflict when it was decided already."""
    row = await _locked(tx, tenant_id, proposal_id)
    if row["state"] != "proposed":
        raise Conflict(f"It was {row['state']} by {row['decided_by']}.")
    state = "accepted" if accepted else "rejected"
    standing = await _standing(tx, tenant_id, row) if accepted else None
    kept = None if standing is None else exactjson.text(dict(standing))
    await tx.execute(SQL["decide"], tenant_id, proposal_id, state, by, now, kept)
    if accepted:
        await _put(tx, tenant_id, row["partner_id"], entry_of(row), by, now, NOTE)
    await _audited(tx, tenant_id, row, state, by)


async def take_back(tx: Tx, tenant_id: str, proposal_id: UUID, by: str, now: datetime) -> None:
    """It is proposed again, and the entry as it was before its acceptance.

    Raises NotFound; Conflict when it is not decided, when the entry was changed since, or when the same is proposed
    once more by now.
    """
    row = await _locked(tx, tenant_id, proposal_id)
    if row["state"] == "proposed":
        raise Conflict("It is not decided; there is nothing to take back.")
    key = (row["partner_id"], row["kind"], row["qualifier"], row["theirs"])
    if await tx.fetchrow(SQL["proposed"], tenant_id, *key, row["ours"]) is not None:
        raise Conflict("The same is proposed again by now. Decide that one.")
    if row["state"] == "accepted":
        standing = await _standing(tx, tenant_id, row)
        if standing is None or standing["ours"] != row["ours"] or standing["entered_at"] != row["decided_at"]:
            who = f" by {standing['entered_by']}" if standing is not None else ""
            raise Conflict(f"The cross-reference was changed since{who}. Edit it instead.")
        if row["replaced"] is None:
            await store.remove(tx, tenant_id, *key, by)
        else:
            before = exactjson.loads(row["replaced"])
            entry = replace(entry_of(before), written=before["written"])
            await _put(tx, tenant_id, row["partner_id"], entry, by, now, before["note"])
    await tx.execute(SQL["decide"], tenant_id, proposal_id, "proposed", None, None, None)
    await _audited(tx, tenant_id, row, "taken-back", by)


async def _locked(tx: Tx, tenant_id: str, proposal_id: UUID) -> Any:
    row = await tx.fetchrow(SQL["locked"], tenant_id, proposal_id)
    if row is None:
        raise NotFound("No such proposal.")
    return row


async def _standing(tx: Tx, tenant_id: str, row: Any) -> Any:
    return await tx.fetchrow(
        store.SQL["entry"], tenant_id, row["partner_id"], row["kind"], row["qualifier"], row["theirs"]
    )


async def _put(tx: Tx, tenant_id: str, partner_id: str, entry: Entry, by: str, now: datetime, note: str) -> None:
    """It becomes what we write only where nothing else of theirs is."""
    key = (tenant_id, partner_id, entry.kind.value, entry.ours, entry.qualifier, entry.theirs)
    written = not await tx.fetchval(store.SQL["has_written"], *key)
    await store.put(tx, tenant_id, partner_id, replace(entry, written=written), by, now, note)


async def _audited(tx: Tx, tenant_id: str, row: Any, what: str, by: str) -> None:
    detail = {"kind": row["kind"], "theirs": row["theirs"], "ours": row["ours"]}
    await audit.record(tx, tenant_id, by, f"cross-reference.{what}", str(row["proposal_id"]), detail)
