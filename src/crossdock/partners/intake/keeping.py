"""The row of a document that came; text and JSON of strangers, as PostgreSQL can keep it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.partners.model import Decoded, Status

SQL = queries("crossdock.partners", "intake.sql")


async def keep(
    tx: Tx,
    tenant_id: str,
    receipt: Any,
    d: Decoded,
    document_id: UUID,
    status: Status,
    order_no: str,
    *,
    partner: str | None,
    total: Decimal | None,
    currency: str | None,
    lines: int | None,
    errors: Sequence[Mapping[str, str]] = (),
    notes: Sequence[Mapping[str, str]] = (),
) -> None:
    """The row of a document that came."""
    await tx.execute(
        SQL["store_document"],
        *(tenant_id, document_id, receipt["receipt_id"], d.index, "in", d.format.value),
        *(kept(d.type) or d.format.value, status.value, d.test, receipt["sha256"], receipt["filename"]),
        *(receipt["channel"], partner, kept(d.customer_id) or None),
        *(kept(str(d.sender)) if d.sender else None, kept(str(d.receiver)) if d.receiver else None),
        *(kept(d.interchange.control) if d.interchange else None, kept(d.set_control) or None),
        *(order_no or None, kept(d.po) or None, d.order.purpose.value if d.order else None),
        *(total, currency, lines, kept_json(exactjson.text(errors)), kept_json(exactjson.text(notes))),
        *(exactjson.text(d.parsed) if d.parsed is not None else None, canonical(d), None, receipt["received_at"]),
        exactjson.text(d.read_by) if d.read_by else None,
    )


def kept(value: str) -> str:
    """As PostgreSQL can keep it: it has no NUL, and no half of a surrogate pair."""
    return value.replace("\0", "\u2400").encode("utf-8", "replace").decode()


def kept_json(json: str) -> str:
    """As kept, for JSON."""
    return json.replace("\\u0000", "\\u2400")


def canonical(document: Decoded) -> str | None:
    said = document.order if document.order is not None else document.content
    return kept_json(exactjson.text(said)) if said is not None else None
