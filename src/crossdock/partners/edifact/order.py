"""What an ORDERS must have to become an order of ours, beyond what its guide asks."""

from collections.abc import Sequence

from crossdock.canonical import splitting
from crossdock.canonical.order import PartyRole, PurchaseOrder, Purpose
from crossdock.partners.edi import checks
from crossdock.partners.edifact.tokens import Segment
from crossdock.partners.jsonorder import change, other_customer, uneven
from crossdock.partners.model import Issue, error, hold, note, shown
from crossdock.partners.numbers import amount
from crossdock.partners.profiles import ANY, Profile


def _place(segment: Segment, name: str = "") -> str:
    return f"{name or segment.id} (segment {segment.index + 1} of the file, byte {segment.offset})"


def customer(order: PurchaseOrder | None) -> str:
    """The buyer by the number we gave it (NAD+BY with agency 91); "" when it is known by another."""
    buyer = order.party(PartyRole.BUYER) if order else None
    return buyer.id if buyer and buyer.scheme == "assigned_by_seller" else ""


def judge(order: PurchaseOrder, segments: Sequence[Segment], partner: Profile | None) -> list[Issue]:
    """Lines, quantities and item numbers; control totals; whether the sender may order for the customer it names."""
    header = segments[0]
    issues: list[Issue] = []
    if order.purpose is Purpose.CHANGE:
        issues.append(change(_place(header, "BGM 1225")))
    if not order.lines:
        text = "Send at least one line."
        issues.append(error("order.lines", _place(header), "LIN, an order line", "none", text))
    lines = [s for s in segments if s.id == "LIN"]
    seen: set[str] = set()
    for line, at in zip(order.lines, lines, strict=False):
        here = f"Line {line.number}: {_place(at)}"
        if line.number in seen:
            text = "Number the lines differently."
            issues.append(error("order.line.number", here, "a line number used once", shown(line.number), text))
        seen.add(line.number)
        if line.quantity <= 0:
            text = "Send QTY+21 with a quantity above 0, or leave the line out."
            issues.append(error("order.line.quantity", here, "a quantity above 0", shown(line.quantity), text))
        if splitting.uneven(line):
            issues.append(uneven(line, here, "QTY+11 of each LOC+7"))
        if not line.items:
            text = "Send a GTIN (SRV or EN), our number (SA) or yours (IN)."
            issues.append(error("order.line.item", here, "an item number we can tell", "none", text))
    issues += _totals(order, segments)
    issues += checks.digits(order, _place(header))
    if not any(s.id == "CUX" for s in segments):
        text = f"Read as {order.currency}, as agreed with the sender."
        issues.append(note("order.currency.assumed", _place(header), "CUX", "none", text))
    named = customer(order)
    if partner is not None and partner.customer_id == ANY and not named:
        issues.append(other_customer(_place(header), partner, named))
    return issues


def _totals(order: PurchaseOrder, segments: Sequence[Segment]) -> list[Issue]:
    issues: list[Issue] = []
    for s in segments:
        if s.id != "CNT":
            continue
        stated = amount(s.at(1, 2).replace(",", "."))
        if s.at(1) == "2" and stated is not None and stated != len(order.lines):
            text = "Ask the buyer whether a line is missing, then release it."
            expected = f"{len(order.lines)}, the number of lines"
            issues.append(hold("edi.lines.count", _place(s), expected, shown(s.at(1, 2)), text))
        if s.at(1) == "1" and stated is not None and stated != (total := sum(line.quantity for line in order.lines)):
            text = "Many senders cut this sum; the quantities of the lines count."
            expected = f"{total}, the sum of the quantities"
            issues.append(note("edi.quantity.sum", _place(s), expected, shown(s.at(1, 2)), text))
    if order.stated_total is not None and order.total is not None and order.stated_total != order.total:
        expected = f"{order.total}, the sum of quantity × price"
        text = "Both are kept; validation compares them."
        issues.append(note("order.total", "MOA", expected, str(order.stated_total), text))
    return issues
