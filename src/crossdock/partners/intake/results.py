"""What became of a document, as it is told: the same words in the command line, in REST and on the pages."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from crossdock.partners.deciding import Verdict
from crossdock.partners.model import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentResult:
    """What became of one document. document_id is None in a dry run; order is ours, po the buyer's number."""

    document_id: UUID | None
    file: str
    index: int
    format: str
    type: str
    status: Status
    order: str | None
    po: str | None
    lines: int | None
    total: Decimal | None
    currency: str | None
    partner: str | None
    test: bool
    errors: tuple[dict[str, str], ...]
    notes: tuple[dict[str, str], ...]
    parts: tuple[str, ...] = ()  # our orders, where it goes to several places: one for each

    def plain(self) -> dict[str, Any]:
        """As the command line and REST give it: money as text."""
        return {
            "file": self.file,
            "index": self.index,
            "type": self.type or self.format,
            "status": self.status.value,
            "order": self.order,
            "lines": self.lines,
            "total": None if self.total is None else f"{self.total:f}",
            "currency": self.currency,
            "errors": list(self.errors),
            "notes": list(self.notes),
            "po": self.po,
            "format": self.format,
            "partner": self.partner,
            "test": self.test,
            "document": str(self.document_id) if self.document_id else None,
            "parts": list(self.parts),
        }


def result(verdict: Verdict, filename: str, document_id: UUID | None = None, order_no: str = "") -> DocumentResult:
    d = verdict.document
    return DocumentResult(
        document_id=document_id,
        file=filename,
        index=d.index,
        format=d.format.value,
        type=d.type,
        status=verdict.status,
        order=order_no or verdict.order_no or None,
        po=d.po or None,
        lines=d.lines,
        total=d.total,
        currency=d.currency if d.total is not None or d.order is not None else None,
        partner=d.partner.id if d.partner else None,
        test=d.test,
        errors=tuple(i.plain() for i in verdict.errors),
        notes=tuple(i.plain() for i in verdict.notes),
        parts=tuple(part_number(order_no, n) for n in range(1, len(verdict.parts) + 1)) if order_no else (),
    )


def part_number(order_no: str, place: int) -> str:
    """Of the orders that one for several places comes to: SO-10001-1, SO-10001-2, … of SO-10001."""
    return f"{order_no}-{place}"
