"""What is checked of a document once it is understood, whatever syntax it came in.

Counts and sums that a document states of itself, and check digits. A count that disagrees with the lines holds a
document that moves goods or money: a line may be missing. A sum or a check digit that disagrees is a note: too many
senders cut or mistake them, and what counts is in the lines.
"""

from collections.abc import Iterator
from decimal import Decimal

from crossdock.canonical import identifiers
from crossdock.canonical.change import OrderChange
from crossdock.canonical.despatch import DespatchAdvice, Level
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order import ItemId, ItemScheme
from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.canonical.remittance import RemittanceAdvice
from crossdock.canonical.response import OrderResponse
from crossdock.canonical.stock import InventoryReport, WarehouseOrder, WarehouseShipAdvice
from crossdock.canonical.transport import FreightInvoice
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.model import Issue, hold, note

WRONG_DIGIT = "gs1.digit"
MAX_DIGIT_NOTES = 20  # of one document; a catalogue of wrong check digits helps nobody


def check(content: Canonical, where: str) -> list[Issue]:
    """where: how the document's header is named."""
    issues: list[Issue] = []
    match content:
        case OrderResponse() | OrderChange():
            quantities = [line.quantity for line in content.lines]
            issues += _count(content.stated_lines, len(content.lines), where)
            issues += _sum(content.stated_quantity, quantities, where)
        case DespatchAdvice():
            units = list(content.walk())
            items = [u for u in units if u.level == Level.ITEM]
            # senders count levels (HL) or items
            if content.stated_lines not in {None, len(units), len(items)}:
                issues += _count(content.stated_lines, len(units), where)
            issues += _sum(content.stated_quantity, [u.quantity for u in items], where)
        case Invoice():
            issues += _count(content.stated_lines, len(content.lines), where)
            issues += _money(content, where)
        case InventoryReport():
            issues += _count(content.stated_lines, len(content.lines), where)
        case WarehouseOrder():
            issues += _sum(content.stated_quantity, [line.quantity for line in content.lines], where)
        case WarehouseShipAdvice():
            issues += _sum(content.stated_quantity, [line.shipped for line in content.lines], where)
            issues += _short(content, where)
        case ReceiptAdvice():
            issues += _count(content.stated_lines, len(content.lines), where)
            issues += _sum(content.stated_quantity, [line.received for line in content.lines], where)
        case FreightInvoice():
            issues += _charged(content, where)
        case RemittanceAdvice():
            issues += _remitted(content, where)
        case _:
            pass
    return issues + digits(content, where)


def digits(content: Canonical, where: str) -> list[Issue]:
    """Wrong check digits, as notes: what they mean for this partner, its agreement says (`decoding`)."""
    text = "It is used as written; the agreement may silence this, or hold such documents (check_digits)."
    faults = dict.fromkeys(_digits(content))
    return [
        note(WRONG_DIGIT, where, "a right check digit", fault, text)
        for _, fault in zip(range(MAX_DIGIT_NOTES), faults, strict=False)
    ]


def _count(stated: int | None, found: int, where: str) -> list[Issue]:
    if stated is None or stated == found:
        return []
    text = "Ask the sender whether a line is missing, then release it."
    return [hold("edi.lines.count", where, f"{found}, the number of lines", str(stated), text)]


def _sum(stated: Decimal | None, parts: list[Decimal | None], where: str) -> list[Issue]:
    total = sum((p for p in parts if p is not None), Decimal(0))
    if stated is None or stated == total:
        return []
    text = "Many senders cut this sum; the quantities of the lines count."
    return [note("edi.quantity.sum", where, f"{total}, the sum of the quantities", str(stated), text)]


def _money(content: Invoice, where: str) -> Iterator[Issue]:
    for d in content.differences():
        text = "Both are kept; reconciliation compares them with the order and the goods."
        yield note("invoice.amount", where, f"{d.computed:f} as {d.what}", f"{d.stated:f}", text)


def _short(content: WarehouseShipAdvice, where: str) -> Iterator[Issue]:
    for place, line in enumerate(content.lines, 1):
        if line.ordered is None or line.shipped is None or not line.difference:
            continue
        if abs(line.ordered - line.shipped) != abs(line.difference):
            text = "Ask the warehouse which of the three is right."
            name = f"Line {line.number or place}: {where}"
            expected = f"{line.ordered - line.shipped}, ordered less shipped"
            yield note("warehouse.difference", name, expected, str(line.difference), text)


def _remitted(content: RemittanceAdvice, where: str) -> Iterator[Issue]:
    made = content.itemised
    if content.entities and made is not None and made != content.amount:
        text = "Both are kept; the difference is told when the payment is matched."
        yield note("remittance.total", where, f"{made}, the sum of its items", str(content.amount), text)


def _charged(content: FreightInvoice, where: str) -> Iterator[Issue]:
    charged = content.charged
    if charged is not None and content.stated_total is not None and charged != content.stated_total:
        text = "Both are kept; freight audit compares them with the tender."
        yield note("freight.total", where, f"{charged:f}, the sum of its charges", f"{content.stated_total:f}", text)


def _digits(content: Canonical) -> Iterator[str]:
    """What is wrong with the GTINs, SSCCs and GLNs it names."""
    items: list[ItemId] = []
    places = [(p.scheme, p.id) for p in getattr(content, "parties", ())]
    if isinstance(content, DespatchAdvice):
        for unit in content.walk():
            items += unit.items
            places += [(p.scheme, p.id) for p in unit.parties]
            if unit.sscc and (fault := identifiers.sscc_fault(unit.sscc)):
                yield fault
    else:
        for line in getattr(content, "lines", ()):
            items += getattr(line, "items", ())
            places += [(s.scheme, s.ship_to) for s in getattr(line, "splits", ())]
            package = getattr(line, "package", "")
            # a warehouse may write a mark of its own there
            if len(identifiers.sscc(package)) == identifiers.SSCC_LENGTH and (fault := identifiers.sscc_fault(package)):
                yield fault
    for item in items:
        if item.scheme is ItemScheme.GTIN and (fault := identifiers.gtin_fault(item.value)):
            yield fault
    for scheme, value in dict.fromkeys(places):
        if scheme == "gln" and value and (fault := identifiers.gln_fault(value)):
            yield fault
