"""What a person says about a document that did not get through: what it should have said."""

import hashlib
from uuid import UUID

from crossdock import ids
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, NotFound
from crossdock.events import inbox
from crossdock.partners import deciding
from crossdock.partners.intake import carrying, reading
from crossdock.partners.intake.effects import Publish
from crossdock.partners.intake.keeping import kept
from crossdock.partners.intake.results import DocumentResult, result
from crossdock.partners.model import MAX_BYTES, Decoded, Status

SQL = queries("crossdock.partners", "intake.sql")


async def carry_out_corrected(
    tx: Tx,
    tenant_id: str,
    original_id: UUID,
    raw: bytes,
    by: str,
    *,
    publish: Publish = inbox.receive,
    dry_run: bool = False,
) -> tuple[DocumentResult, Decoded]:
    """The document that `raw` says instead of a held or rejected one, which becomes `replaced`.

    Its bytes are those of the original's file with a correction; only the document at the original's place is carried
    out. It is judged like any other, but its interchange is not compared: it would meet its original. Raises NotFound,
    or Conflict when the original is neither held nor rejected (any more). dry_run: judges only.
    """
    original = await tx.fetchrow(SQL["held"], tenant_id, original_id)
    if original is None:
        raise NotFound("No such inbound document.")
    if original["status"] not in {Status.HELD, Status.REJECTED}:
        raise Conflict(f"The document is {original['status']}; only one that is held or rejected can be corrected.")
    before = await tx.fetchrow(SQL["receipt"], tenant_id, original["receipt_id"])
    if before is None:
        raise NotFound("Its bytes are gone.")
    documents = await reading.documents_of(tx, tenant_id, {**dict(before), "bytes": raw})
    place = int(original["place"])
    if place >= len(documents) or len(raw) > MAX_BYTES:
        raise Conflict("The correction cuts the file into other documents; ask the sender to correct it.")
    document = documents[place]
    known = await reading.known(tx, tenant_id, [document], lock=not dry_run)
    verdict = deciding.decide([document], known, released=frozenset())[0]
    if dry_run:
        return result(verdict, before["filename"]), document
    sha256, receipt_id = hashlib.sha256(raw).digest(), ids.new()
    await tx.execute(SQL["store_raw"], tenant_id, sha256, raw, len(raw))
    received_at = await tx.fetchval(
        SQL["store_receipt"], tenant_id, receipt_id, sha256, before["filename"], kept(f"edit:{by}"),
        before["partner_id"], before["manual"], before["adopt"],
    )  # fmt: skip
    await tx.execute(SQL["close_receipt"], tenant_id, receipt_id)
    receipt = {**dict(before), "receipt_id": receipt_id, "sha256": sha256, "received_at": received_at}
    if not before["manual"]:  # of one typed in, who typed it in is still asked for four eyes
        receipt["channel"] = kept(f"edit:{by}")
    await tx.execute(SQL["replaced"], tenant_id, original_id)
    done = await carrying.record(tx, tenant_id, receipt, verdict, [], publish)
    await tx.execute(SQL["corrects"], tenant_id, done.document_id, original_id)
    return done, document
