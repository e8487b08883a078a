"""What lies beside a case: attachments of people and of mails.

The bytes are kept once for each content (claim check, table raw). What a file is, its bytes say and not its name or its
sender; anything that a browser could run is only ever handed out as bytes to be saved.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import ids
from crossdock.cases import casework
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError

SQL = queries("crossdock.cases", "files.sql")

MOST_BYTES = 10_000_000
MOST_FILES = 100  # beside one case
NAME_CHARACTERS = 150
BYTES = "application/octet-stream"
_MARKS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),  # and what is made of it: XLSX, DOCX
    (b"\x1f\x8b", "application/gzip"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),  # old office files, Outlook messages
)
_ACTIVE = re.compile(rb"<\s*(?:!doctype|html|script|svg|iframe|object|embed|\?xml|body|head)\b", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """message_id: the mail that brought it or took it along."""

    file_id: UUID
    case_id: UUID
    message_id: UUID | None
    name: str
    media_type: str
    size_bytes: int
    added_by: str
    added_at: datetime


def sniff(content: bytes) -> str:
    """What the bytes are. Text that a browser could run, and what is not known, are only bytes."""
    for mark, media_type in _MARKS:
        if content.startswith(mark):
            return media_type
    head = content[:4096]
    if _ACTIVE.search(head) or b"\0" in head:
        return BYTES
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return BYTES
    return "text/plain"


def safe_name(name: str) -> str:
    """A name to be saved under: no path, no control or direction characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c) not in ("Cf", "Cc", "Cs"))
    return _UNSAFE.sub("_", shown).strip(". ")[-NAME_CHARACTERS:] or "file"


async def add(tx: Tx, tenant_id: str, case_id: UUID, name: str, content: bytes, by: str, now: datetime) -> File:
    """Raises PartnerError for one that is empty or too large, Conflict when there are too many."""
    if not content or len(content) > MOST_BYTES:
        finding = Finding("case.file", "body", f"1 to {MOST_BYTES} bytes", f"{len(content)}", "Send a smaller file")
        raise PartnerError([finding])
    case = await casework.take(tx, tenant_id, case_id, "comment")
    if await tx.fetchval(SQL["count"], tenant_id, case_id) >= MOST_FILES:
        raise Conflict(f"{case.number} has {MOST_FILES} files; remove some first")
    kept = await keep(tx, tenant_id, case_id, None, name, content, by, now)
    await casework.save(tx, tenant_id, case, by, now, "attach", f"attached {kept.name}")
    return kept


async def keep(
    tx: Tx, tenant_id: str, case_id: UUID, message_id: UUID | None, name: str, content: bytes, by: str, now: datetime
) -> File:
    digest = hashlib.sha256(content).digest()
    await tx.execute(SQL["raw"], tenant_id, digest, content, len(content))
    row = await tx.fetchrow(
        SQL["add"], tenant_id, ids.new(), case_id, message_id, safe_name(name), sniff(content), len(content), digest,
        by, now,
    )  # fmt: skip
    return _file(row)


async def of_case(tx: Tx, tenant_id: str, case_id: UUID) -> list[File]:
    """With those of what was merged into it, the oldest first."""
    return [_file(r) for r in await tx.fetch(SQL["of_case"], tenant_id, case_id)]


async def content(tx: Tx, tenant_id: str, case_id: UUID, file_id: UUID) -> tuple[File, bytes]:
    """Raises NotFound."""
    row = await tx.fetchrow(SQL["content"], tenant_id, case_id, file_id)
    if row is None:
        raise NotFound("No such file")
    return _file(row), row["bytes"]


async def remove(tx: Tx, tenant_id: str, case_id: UUID, file_id: UUID, by: str, now: datetime) -> None:
    """It is shown no more. What a mail brought stays: it is part of what was said. Raises NotFound, Conflict."""
    found, _ = await content(tx, tenant_id, case_id, file_id)
    if found.message_id is not None:
        raise Conflict("What came or went with a mail stays with it")
    case = await casework.take(tx, tenant_id, case_id, "comment")
    await tx.execute(SQL["remove"], tenant_id, file_id, now)
    await casework.save(tx, tenant_id, replace(case), by, now, "detach", f"removed {found.name}")


def _file(row: Any) -> File:
    return File(
        file_id=row["file_id"], case_id=row["case_id"], message_id=row["message_id"], name=row["name"],
        media_type=row["media_type"], size_bytes=row["size_bytes"], added_by=row["added_by"], added_at=row["added_at"],
    )  # fmt: skip
