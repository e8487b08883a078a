"""Documents to read: lists by filter, and one with its bytes, tree, canonical order and errors."""

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.errors import NotFound

SQL = queries("crossdock.partners", "intake.sql")
MEDIA = {
    "x12": "application/edi-x12",
    "edifact": "application/edifact",
    "json": "application/json",
    "manual": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
}
MAX_TEXT = 1_000_000  # characters of raw text shown in a page; the whole is fetched as bytes


async def page(
    tx: Tx,
    tenant_id: str,
    *,
    type: str | None = None,
    status: str | None = None,
    partner: str | None = None,
    direction: str | None = None,
    order: str | None = None,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """{items, next, total}, newest first. cursor: `next` of the page before; an unreadable one starts anew."""
    pattern = f"%{q.replace('%', '').replace('_', '')}%" if q else None
    filters = (tenant_id, type, status, partner, direction, order, pattern)
    at, after = _cursor(cursor)
    rows = await tx.fetch(SQL["list"], *filters, at, after, limit + 1)
    total = await tx.fetchval(SQL["count"], *filters)
    items = [summary(r) for r in rows[:limit]]
    more = rows[limit - 1] if len(rows) > limit else None
    mark = f"{more['received_at'].isoformat()}~{more['document_id']}" if more else None
    return {"items": items, "next": mark, "total": total}


def _cursor(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    try:
        at, _, document_id = (cursor or "").partition("~")
        return datetime.fromisoformat(at), UUID(document_id)
    except ValueError:
        return None, None


def summary(row: Any) -> dict[str, Any]:
    return {
        "id": str(row["document_id"]),
        "type": row["type"],
        "format": row["format"],
        "direction": row["direction"],
        "status": row["status"],
        "test": row["test"],
        "partner": row["partner_id"],
        "partner_name": row["partner_name"],
        "customer_id": row["customer_id"],
        "filename": row["filename"],
        "order": row["order_no"],
        "po": row["po"],
        "total": None if row["total"] is None else f"{row['total']:f}",
        "currency": row["currency"],
        "lines": row["lines"],
        "received_at": row["received_at"],
        "errors": row["errors"],
    }


async def one(tx: Tx, tenant_id: str, document_id: UUID) -> dict[str, Any]:
    """Everything about a document. Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such document.")
    answers = await tx.fetch(SQL["answers_of"], tenant_id, row["receipt_id"]) if row["receipt_id"] else []
    return {
        **summary(row),
        "errors": exactjson.loads(row["errors"]),
        "notes": exactjson.loads(row["notes"]),
        "channel": row["channel"],
        "sender": row["sender"],
        "receiver": row["receiver"],
        "control": row["interchange_control"],
        "purpose": row["purpose"],
        "raw": _raw(row),
        "parsed": exactjson.loads(row["parsed"]) if row["parsed"] else None,
        "canonical": exactjson.loads(row["canonical"]) if row["canonical"] else None,
        "acknowledgements": [str(r[0]) for r in answers],
        "released_by": row["released_by"],
        "released_at": row["released_at"],
    }


def _raw(row: Any) -> dict[str, Any]:
    raw: bytes = row["bytes"]
    shown: dict[str, Any] = {"size_bytes": row["size_bytes"], "media_type": media_type(row["format"]), "text": None}
    if row["format"] == "xlsx" or b"\0" in raw[:1000]:
        return {**shown, "base64": base64.b64encode(raw).decode() if len(raw) <= MAX_TEXT else None}
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return {**shown, "text": text[:MAX_TEXT]}


def media_type(format: str) -> str:
    return MEDIA.get(format, "application/octet-stream")


async def raw(tx: Tx, tenant_id: str, document_id: UUID) -> tuple[bytes, str, str]:
    """(bytes, media type, file name) exactly as received or sent. Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such document.")
    return row["bytes"], media_type(row["format"]), row["filename"]
