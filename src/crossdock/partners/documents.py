"""Documents to read: found by the numbers they bear, listed by filter, and one with its bytes, tree and content.

People look for a document by what they have in hand: a purchase order, an invoice, a bill of lading, the label of a
package, a control number. These stand in the table `document_key` (migration 0023), written in the transaction that
stores the document. A text finds the numbers that begin or end with it, so that the last digits of a label will do.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.errors import NotFound

SQL = queries("crossdock.partners", "intake.sql")
LISTS = queries("crossdock.partners", "documents.sql")
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


MOST_COUNTED = 10_000  # a longer list is said to be that long: nobody pages so far, and counting all is slow
MOST_MATCHED = 10_000  # documents looked at for one text


class By(StrEnum):
    """What a number is. ANY: a text that may be any of them."""

    ANY = "any"
    PO = "po"
    ORDER = "order"  # our own number
    INVOICE = "invoice"
    SHIPMENT = "shipment"
    BOL = "bol"
    SSCC = "sscc"
    TRACKING = "tracking"
    CONTROL = "control"  # of the interchange, the group or the set
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which documents. status: of one we sent, its state. since: from then on; until: before. numbers: all of them."""

    type: str | None = None
    status: str | None = None
    partner: str | None = None
    direction: str | None = None
    order: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    test: bool | None = None
    numbers: tuple[tuple[By, str], ...] = ()

    @property
    def columns(self) -> tuple[Any, ...]:
        return (
            *(self.type, self.status, self.partner, self.direction, self.order),
            *(self.since, self.until, self.test),
        )


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
    """As `find`. q: any number that begins or ends with it."""
    numbers = ((By.ANY, q),) if q and q.strip() else ()
    wanted = Wanted(
        type=type, status=status, partner=partner, direction=direction, order=order, numbers=numbers
    )  # fmt: skip
    return await find(tx, tenant_id, wanted, limit=limit, cursor=cursor)


async def find(tx: Tx, tenant_id: str, wanted: Wanted, *, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
    """{items, next, total}, newest first. cursor: `next` of the page before; an unreadable one starts anew."""
    place = _cursor(cursor)
    asked = [(n, by, text) for n, (by, typed) in enumerate(wanted.numbers) for by, text in spellings(by, typed)]
    if asked:
        values = (*wanted.columns, *place, limit + 1, *map(list, zip(*asked, strict=True)), MOST_MATCHED)
        rows = await tx.fetch(LISTS["found"], tenant_id, *values)
        total = rows[0]["matches"] if rows else 0
    else:
        rows = await tx.fetch(LISTS["list"], tenant_id, *wanted.columns, *place, limit + 1)
        total = await tx.fetchval(LISTS["count"], tenant_id, *wanted.columns, MOST_COUNTED)
    more = rows[limit - 1] if len(rows) > limit else None
    mark = f"{more['received_at'].isoformat()}~{more['document_id']}" if more else None
    return {"items": [summary(r) for r in rows[:limit]], "next": mark, "total": total}


def spellings(by: By, typed: str) -> list[tuple[By, str]]:
    """As the numbers are kept (document_key_value in migration 0023), however somebody wrote them.

    A control number is the same with and without its leading zeros; an SSCC with and without blanks and its (00).
    """
    text = typed.strip().upper().replace("\0", "")
    found = [(by, (text.lstrip("0") or text) if by is By.CONTROL else text)]
    digits = re.sub(r"[\s()]", "", text)
    if by in {By.ANY, By.SSCC} and re.fullmatch(r"(00)?\d{18}", digits):
        found.append((By.SSCC, digits[-18:]))
    if by is By.ANY and re.fullmatch(r"0+[1-9]\d*", text):
        found.append((By.CONTROL, text.lstrip("0")))
    return list(dict.fromkeys(found))


def _cursor(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    try:
        at, _, document_id = (cursor or "").partition("~")
        return datetime.fromisoformat(at), UUID(document_id)
    except ValueError:
        return None, None


def summary(row: Any) -> dict[str, Any]:
    """state, number, deadline: of a document we sent. found: the number by which it was found."""
    kind: str | None = row.get("found_kind")
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
        "control": row.get("interchange_control"),
        "state": row.get("state"),
        "number": row.get("number"),
        "deadline": row.get("deadline"),
        "found": {"kind": kind, "value": row["found_value"]} if kind else None,
    }


async def one(tx: Tx, tenant_id: str, document_id: UUID) -> dict[str, Any]:
    """Everything about a document. Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such document.")
    answers = await tx.fetch(SQL["answers_of"], tenant_id, row["receipt_id"]) if row["receipt_id"] else []
    parts = await tx.fetch(SQL["parts_of"], tenant_id, document_id)
    return {
        **summary(row),
        "errors": exactjson.loads(row["errors"]),
        "notes": exactjson.loads(row["notes"]),
        "channel": row["channel"],
        "sender": row["sender"],
        "receiver": row["receiver"],
        "purpose": row["purpose"],
        "raw": _raw(row),
        "parsed": exactjson.loads(row["parsed"]) if row["parsed"] else None,
        "canonical": exactjson.loads(row["canonical"]) if row["canonical"] else None,
        "read_by": exactjson.loads(row["read_by"]) if row["read_by"] else None,
        "corrects": str(row["corrects"]) if row["corrects"] else None,
        "part_of": str(row["part_of"]) if row["part_of"] else None,
        "parts": [{"document": str(p["document_id"]), "order": p["order_no"], "ship_to": p["ship_to"]} for p in parts],
        "acknowledgements": [str(r[0]) for r in answers],
        "released_by": row["released_by"],
        "released_at": row["released_at"],
    }


def _raw(row: Any) -> dict[str, Any]:
    raw: bytes = row["bytes"]
    shown: dict[str, Any] = {"size_bytes": row["size_bytes"], "media_type": media_type(row["format"])}
    text = as_text(raw, row["format"])
    if text is None:
        shown["base64"] = base64.b64encode(raw).decode() if len(raw) <= MAX_TEXT else None
    return {**shown, "text": text}


def as_text(raw: bytes, format: str) -> str | None:
    """For a page to show; None when it is no text."""
    if format == "xlsx" or b"\0" in raw[:1000]:
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    text = text[:MAX_TEXT]
    return _SECRET.sub(r"\1…", text) if format == "xml" else text


# Of cXML; the bytes are kept as they came, and shown to nobody on a page.
_SECRET = re.compile(
    r"(<(?:\w+:)?(?:SharedSecret|Digest)\b[^>]*>).*?(?=</(?:\w+:)?(?:SharedSecret|Digest)\s*>|\Z)", re.S
)


def media_type(format: str) -> str:
    return MEDIA.get(format, "application/octet-stream")


async def raw(tx: Tx, tenant_id: str, document_id: UUID) -> tuple[bytes, str, str]:
    """(bytes, media type, file name) exactly as received or sent. Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, document_id)
    if row is None:
        raise NotFound("No such document.")
    return row["bytes"], media_type(row["format"]), row["filename"]
