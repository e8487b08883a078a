"""What decoding yields: documents, and everything that is wrong with them, in the partner's own words.

A `Decoded` is one business document of a file (or the file itself, when no document can be seen in it). It is a plain
value: nothing here reads a database or a clock. An `Issue` says whether a fault rejects the document, holds it for a
person, or is only worth a note.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order import PurchaseOrder
from crossdock.canonical.remittance import RemittanceAdvice
from crossdock.canonical.transport import FreightInvoice
from crossdock.errors import Finding
from crossdock.partners.agreements.terms import Agreement, Direction
from crossdock.partners.profiles import Identifier, Profile

if TYPE_CHECKING:
    from crossdock.partners.edifact.contrl import Contrl
    from crossdock.partners.lineage import Origin
    from crossdock.partners.maps.canonical import Canonical
    from crossdock.partners.maps.editions import Book, ReadBy
    from crossdock.partners.tabular.map import TableMap
    from crossdock.partners.x12.acknowledge import Acknowledgement

# Larger files are refused whole: an order file of this size is a mistake, and decoding holds it in memory.
MAX_BYTES = 32 * 1024 * 1024
SHOWN = 80  # characters of a partner's value that an error repeats


class Format(StrEnum):
    X12 = "x12"
    EDIFACT = "edifact"
    JSON = "json"
    CSV = "csv"  # also tab-separated and the like
    XLSX = "xlsx"
    XML = "xml"
    MANUAL = "manual"
    UNKNOWN = "unknown"


class Status(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    HELD = "held"
    REJECTED = "rejected"
    REPLACED = "replaced"  # a person corrected it; the corrected one points at it
    SENT = "sent"  # outbound: written, and ready for the partner to collect


class Severity(StrEnum):
    ERROR = "error"  # the document is rejected; its sender must correct it
    HOLD = "hold"  # a person of ours decides
    NOTE = "note"  # said, and nothing else


@dataclass(frozen=True, slots=True)
class Issue:
    """ack: the acknowledgement code that tells the sender, such as `AK4 5 373 8` or `UCM 4 29`; "" if none does."""

    severity: Severity
    finding: Finding
    ack: str = ""

    def plain(self) -> dict[str, str]:
        f = self.finding
        found = {"code": f.code, "where": f.where, "expected": f.expected, "found": f.found, "fix": f.fix}
        return {**found, "ack": self.ack} if self.ack else found


def error(code: str, where: str, expected: str, found: str, fix: str, ack: str = "") -> Issue:
    return Issue(Severity.ERROR, Finding(code, where, expected, found, fix), ack)


def hold(code: str, where: str, expected: str, found: str, fix: str, ack: str = "") -> Issue:
    return Issue(Severity.HOLD, Finding(code, where, expected, found, fix), ack)


def note(code: str, where: str, expected: str, found: str, fix: str, ack: str = "") -> Issue:
    return Issue(Severity.NOTE, Finding(code, where, expected, found, fix), ack)


def shown(value: object) -> str:
    """A partner's value as an error repeats it: printable, quoted, bounded."""
    text = str(value)
    short = text if len(text) <= SHOWN else f"{text[: SHOWN - 20]}… ({len(text)} characters)"
    return "'" + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in short) + "'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interchange:
    """The envelope a document came in. index: its place in the file; digest: of its content without line ends."""

    index: int
    sender: Identifier
    receiver: Identifier
    control: str
    digest: str
    test: bool

    @property
    def key(self) -> str:
        return "|".join((str(self.sender), str(self.receiver), self.control))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """One business document. order is None unless every mandatory part of it was understood."""

    index: int
    format: Format
    type: str = ""  # 850, ORDERS, order, OrderRequest, …; "" when no document can be seen
    sender: Identifier | None = None
    receiver: Identifier | None = None
    partner: Profile | None = None
    customer_id: str = ""
    interchange: Interchange | None = None
    group_control: str = ""
    set_control: str = ""
    test: bool = False
    order: PurchaseOrder | None = None
    issues: tuple[Issue, ...] = ()
    content: "Canonical | None" = None  # what it says, when it is no order
    acknowledgement: "Acknowledgement | Contrl | None" = None
    parsed: Any = None
    read_by: "ReadBy | None" = None  # the map and guide; None where the format has neither
    trail: "tuple[Origin, ...]" = ()  # where each field came from, when the context asks for it

    def of(self, severity: Severity) -> tuple[Issue, ...]:
        return tuple(i for i in self.issues if i.severity is severity)

    @property
    def version(self) -> str:
        """As agreements name it: 004010, D:96A; "" where the format has none."""
        parsed: dict[str, Any] = self.parsed or {}
        match self.format:
            case Format.X12:
                return str((parsed.get("group") or {"version": ""})["version"])
            case Format.EDIFACT if segments := parsed.get("segments"):
                named: list[str] = segments[0]["elements"][1:2] if segments[0]["id"] == "UNH" else []
                return ":".join(named[0].split(":")[1:3]) if named else ""
            case _:
                return ""

    @property
    def agreement(self) -> Agreement | None:
        """What is agreed with its sender about it."""
        return self.partner.agreed(self.type, Direction.IN, self.version) if self.partner else None

    @property
    def po(self) -> str:
        """The buyer's order number that the document is about, where it names one."""
        if self.order is not None:
            return self.order.number
        return getattr(self.content, "order_number", "")

    @property
    def total(self) -> Decimal | None:
        if self.order is not None:
            return self.order.total
        match self.content:
            case Invoice(stated_total=total):
                return total
            case RemittanceAdvice(amount=total):
                return total
            case FreightInvoice(stated_total=total):
                return total
            case _:
                return None

    @property
    def lines(self) -> int | None:
        if self.order is not None:
            return len(self.order.lines)
        if isinstance(self.content, DespatchAdvice):
            return sum(1 for _ in self.content.lines())
        if isinstance(self.content, RemittanceAdvice):
            return sum(len(e.items) for e in self.content.entities)
        found = getattr(self.content, "lines", None)
        return None if found is None else len(found)

    @property
    def currency(self) -> str | None:
        said = self.order.currency if self.order is not None else getattr(self.content, "currency", "")
        return said or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What decoding needs to know of the tenant.

    partner: the sender, as the operator or the channel says it; then the document's own sender is not looked up.
    adopt: an unknown sender becomes a trial partner instead of a reason to hold.
    book: the tenant's own versions of maps; None: the library's. trace: say where each field came from.
    """

    profiles: tuple[Profile, ...] = ()
    maps: Mapping[str, "TableMap"] = field(default_factory=dict[str, "TableMap"])
    partner: Profile | None = None
    adopt: bool = False
    manual: bool = False
    currency: str = "USD"
    max_bytes: int = MAX_BYTES
    book: "Book | None" = None
    trace: bool = False
