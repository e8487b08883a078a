"""What becomes of each document: accepted, duplicate, held or rejected; and what business effect it has.

Pure: what the tenant has seen before is given as `Known`. Duplicates are told at two levels. An interchange whose
number its sender has used before is a duplicate when it says the same, and held when it says something else. A purchase
order whose number its customer has used before likewise, by the agreement with the partner. A fault of the document
itself wins over both: the sender must correct it first.

Test interchanges have no effect and are compared within their own file only: a partner in testing sends the same number
until it is right.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from crossdock import exactjson
from crossdock.canonical import splitting
from crossdock.canonical.change import OrderChange
from crossdock.canonical.order import PurchaseOrder, Purpose
from crossdock.partners.model import Decoded, Format, Issue, Severity, Status, hold, shown
from crossdock.partners.profiles import Duplicates

OrderKey: TypeAlias = tuple[str, str, str]  # customer, purchase order, purpose

# A person may overrule these; the others need the cause removed (a partner added, a cancelled order found).
OVERRULED = frozenset(
    {
        "x12.isa13.reused",
        "edifact.unb0020.reused",
        "cxml.payloadid.reused",
        "cxml.operation",
        "order.po.reused",
        "x12.ctt01.count",
        "edi.lines.count",
        "customer.other",
        "order.line.schedules",
        "agreement.none",
        "gs1.digit",
        "quote.closed",
    }
)


MOST_PLACES_TOLD = 20
# Under which references a buyer names a quote of ours: JSON, X12 REF01, EDIFACT RFF 1153, XML.
QUOTED = ("quote", "PR", "AAG", "quotation")
PART = "part/"  # purpose of the orders that one for several places comes to, in crossdock.purchase_order


class Effect(StrEnum):
    ORDER = "order"
    CANCELLATION = "cancellation"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Seen:
    digest: str
    order_no: str


@dataclass(frozen=True, slots=True)
class Member:
    """One of the orders that an order for several places came to."""

    order_no: str
    order: PurchaseOrder


@dataclass(frozen=True, slots=True)
class Offered:
    """A quote that an order names. open: it can be accepted, and has not been."""

    quote: str
    revision: int
    customer_id: str
    open: bool
    state: str
    order_no: str = ""


@dataclass(slots=True)
class Known:
    """Numbers used before: interchange key → digest, and order key → its content and our number.

    quotes: those that the orders name, by number.

    families: what orders for several places came to, by customer and purchase order.
    """

    interchanges: dict[str, str] = field(default_factory=dict[str, str])
    orders: dict[OrderKey, Seen] = field(default_factory=dict[OrderKey, Seen])
    families: Mapping[tuple[str, str], Sequence[Member]] = field(
        default_factory=dict[tuple[str, str], Sequence[Member]]
    )
    quotes: dict[str, Offered] = field(default_factory=dict[str, Offered])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """order_no: of the order a duplicate repeats or a cancellation names; a new order gets its number when stored.

    quote: the one that a new order accepts. parts: of a new order for several places, one for each.
    shares: what a change of such an order says of each part.
    """

    document: Decoded
    status: Status
    issues: tuple[Issue, ...]
    effect: Effect | None = None
    order_no: str = ""
    digest: str = ""
    repeats: bool = False  # its interchange number was used before
    parts: tuple[PurchaseOrder, ...] = ()
    shares: tuple[tuple[str, OrderChange], ...] = ()
    quote: Offered | None = None

    @property
    def errors(self) -> tuple[Issue, ...]:
        return tuple(i for i in self.issues if i.severity is not Severity.NOTE)

    @property
    def notes(self) -> tuple[Issue, ...]:
        return tuple(i for i in self.issues if i.severity is Severity.NOTE)


# Fields that orders stored before they existed were compared without; empty, they still say nothing.
LATER = frozenset({"splits", "adjustments", "taxes"})  # and the day of a split


def digest(order: PurchaseOrder) -> str:
    plain = exactjson.plain(order)
    for part in (plain, *plain["lines"]):
        for name in LATER & part.keys():
            if not part[name]:
                del part[name]
        for split in part.get("splits", ()):
            if split["requested_on"] is None:
                del split["requested_on"]
    return hashlib.sha256(exactjson.canonical(plain)).hexdigest()


def key(document: Decoded) -> OrderKey | None:
    if isinstance(document.content, OrderChange):
        change = document.content
        return document.customer_id, change.order_number, _purpose(change)
    if document.order is None:
        return None
    return document.customer_id, document.order.number, document.order.purpose.value


def decide(documents: list[Decoded], known: Known, *, released: frozenset[str] | None = None) -> list[Verdict]:
    """One verdict for each document, in order; `known` learns what this file uses.

    released: the reasons for which a document was held that a person now lets go; of these, those in OVERRULED hold
    it no longer. Its interchange is not compared again: it would meet itself.
    """
    tests: dict[str, str] = {}  # interchange numbers of test interchanges of this file
    states = _interchanges(documents, known, tests) if released is None else {}
    released = (released or frozenset()) & OVERRULED
    return [_one(d, known, states, released) for d in documents]


def _interchanges(documents: list[Decoded], known: Known, tests: dict[str, str]) -> dict[int, str]:
    """For each interchange of the file: new, same or other."""
    states: dict[int, str] = {}
    for document in documents:
        interchange = document.interchange
        if interchange is None or interchange.index in states:
            continue
        seen = tests if document.test else known.interchanges
        before = seen.get(interchange.key)
        states[interchange.index] = "new" if before is None else "same" if before == interchange.digest else "other"
        inside = [d for d in documents if d.interchange is not None and d.interchange.index == interchange.index]
        # an interchange that was rejected as a whole may be corrected and sent again under its number
        if before is None and interchange.control and any(not d.of(Severity.ERROR) for d in inside):
            seen[interchange.key] = interchange.digest
    return states


def _one(document: Decoded, known: Known, states: dict[int, str], released: frozenset[str]) -> Verdict:
    issues = [_overruled(i) if i.finding.code in released else i for i in document.issues]
    state = states.get(document.interchange.index, "new") if document.interchange else "new"
    if any(i.severity is Severity.ERROR for i in issues):
        return Verdict(document=document, status=Status.REJECTED, issues=tuple(issues), repeats=state == "same")
    if state == "same":
        issues.append(_repeated(document))
        status = Status.DUPLICATE
        seen = known.orders.get(key(document) or ("", "", ""))
        order_no = seen.order_no if seen else ""
        return Verdict(document=document, status=status, issues=tuple(issues), order_no=order_no, repeats=True)
    if state == "other":
        issues.append(_reused(document))
    if any(i.severity is Severity.HOLD for i in issues):
        return Verdict(document=document, status=Status.HELD, issues=tuple(issues), repeats=state == "other")
    if document.order is not None and (lost := _placeless(document, document.order)):
        return Verdict(document=document, status=Status.HELD, issues=(*issues, *lost))
    if isinstance(document.content, OrderChange) and not document.test:
        return _change(document, document.content, issues, known)
    if document.test or document.order is None:
        return Verdict(document=document, status=Status.ACCEPTED, issues=tuple(issues))
    return _order(document, document.order, issues, known, released)


def _order(
    document: Decoded, order: PurchaseOrder, issues: list[Issue], known: Known, released: frozenset[str]
) -> Verdict:
    content = digest(order)
    at = (document.customer_id, order.number, order.purpose.value)
    before = known.orders.get(at)
    if before is not None and "order.po.reused" not in released:
        policy = document.partner.duplicates if document.partner else Duplicates.COMPARE
        if document.agreement is not None:
            policy = document.agreement.duplicates or policy
        same = policy is Duplicates.DROP or (policy is Duplicates.COMPARE and before.digest == content)
        issues.append(_order_again(order, before, same))
        status = Status.DUPLICATE if same else Status.HELD
        return Verdict(document=document, status=status, issues=tuple(issues), order_no=before.order_no)
    if order.purpose is Purpose.CANCELLATION:
        original = known.orders.get((document.customer_id, order.number, Purpose.ORIGINAL.value))
        if original is None:
            issues.append(_unknown_order(document, order.number, "cancel"))
            return Verdict(document=document, status=Status.HELD, issues=tuple(issues))
        known.orders[at] = Seen(content, original.order_no)
        return Verdict(
            document=document,
            status=Status.ACCEPTED,
            issues=tuple(issues),
            effect=Effect.CANCELLATION,
            order_no=original.order_no,
            digest=content,
        )
    offered = known.quotes.get(quoted(order))
    if offered is not None and offered.customer_id != document.customer_id:
        offered = None  # not this customer's: as good as unknown
    if offered is not None and not offered.open:
        if "quote.closed" not in released:
            issues.append(_closed(offered))
            return Verdict(document=document, status=Status.HELD, issues=tuple(issues))
        offered = None
    known.orders[at] = Seen(content, "")
    if offered is not None:
        # a second order of this file that names it finds it closed
        known.quotes[offered.quote] = replace(offered, open=False, state="ordered")
        return Verdict(
            document=document,
            status=Status.ACCEPTED,
            issues=tuple(issues),
            effect=Effect.ORDER,
            digest=content,
            quote=offered,
        )
    parts = splitting.divide(order, document.partner.places if document.partner else ())
    if len(parts) == 1:  # all of it to one place, whether its lines say so or its head
        document = replace(document, order=parts[0])
    return Verdict(
        document=document,
        status=Status.ACCEPTED,
        issues=tuple(issues),
        effect=Effect.ORDER,
        digest=content,
        parts=parts if len(parts) > 1 else (),
    )


def quoted(order: PurchaseOrder) -> str:
    """The quote of ours that an order names; empty where it names none."""
    return next((order.references[k].strip() for k in QUOTED if order.references.get(k)), "")


def _closed(offered: Offered) -> Issue:
    became = f"{offered.state} as {offered.order_no}" if offered.order_no else offered.state
    return hold(
        "quote.closed",
        "the quote it names",
        "a quote that stands open, in time",
        f"{shown(offered.quote)}, {became}",
        "Ask what is meant; released, it is a new order at the customer's ordinary prices.",
    )


def _placeless(document: Decoded, order: PurchaseOrder) -> list[Issue]:
    """Places that only have a number: goods would go nowhere, or to the customer's own address."""
    if not splitting.is_split(order) or order.purpose is Purpose.CANCELLATION:
        return []
    known = document.partner.places if document.partner else ()
    return [
        hold(
            "order.split.place",
            f"ship-to {p.id}",
            "a place whose address we know",
            shown(f"{p.scheme} {p.id}".strip()),
            "Add it to `places` of the partner, or ask the buyer to send its address (N1, NAD); then release this.",
        )
        for p in splitting.places(order, known)
        if p is not None and p.id and not p.address.city
    ][:MOST_PLACES_TOLD]


def _purpose(change: OrderChange) -> str:
    """Under what a change is remembered: its sequence among those of its order, else what it says."""
    if change.cancels:
        return Purpose.CANCELLATION.value
    return f"change/{change.sequence or content_digest(change)[:16]}"


def content_digest(change: OrderChange) -> str:
    return hashlib.sha256(exactjson.canonical(change)).hexdigest()


def _change(document: Decoded, change: OrderChange, issues: list[Issue], known: Known) -> Verdict:
    """A change is an event of its order. The same again is a duplicate; a sequence used for something else is held."""
    content = content_digest(change)
    at = (document.customer_id, change.order_number, _purpose(change))
    before = known.orders.get(at)
    if before is not None:
        same = before.digest == content
        issues.append(_change_again(change, before, same))
        status = Status.DUPLICATE if same else Status.HELD
        return Verdict(document=document, status=status, issues=tuple(issues), order_no=before.order_no)
    original = known.orders.get((document.customer_id, change.order_number, Purpose.ORIGINAL.value))
    if original is None:
        issues.append(_unknown_order(document, change.order_number, "change"))
        return Verdict(document=document, status=Status.HELD, issues=tuple(issues))
    family = known.families.get((document.customer_id, change.order_number), ())
    orders = [m.order for m in family]
    if family and not change.cancels and (why := splitting.undivided(change, orders))[0]:
        issues.append(_undivided(*why))
        return Verdict(document=document, status=Status.HELD, issues=tuple(issues), order_no=original.order_no)
    known.orders[at] = Seen(content, original.order_no)
    shares = ((m.order_no, splitting.share(change, m.order, orders)) for m in family)
    return Verdict(
        document=document,
        status=Status.ACCEPTED,
        issues=tuple(issues),
        effect=Effect.CANCELLATION if change.cancels else Effect.CHANGE,
        order_no=original.order_no,
        digest=content,
        shares=tuple((order_no, s) for order_no, s in shares if s is not None),
    )


def _undivided(line: str, why: str) -> Issue:
    return hold(
        "order.change.split",
        f"line {line}",
        "how much of it goes to which place of the order",
        why,
        "Ask the buyer to say it by place (SDQ, LOC with QTY), or to send another order.",
    )


def _change_again(change: OrderChange, before: Seen, same: bool) -> Issue:
    named = f"change {shown(change.sequence)} of {shown(change.order_number)}"
    if same:
        text = "Nothing to do: the first one counts."
        return hold("order.change.duplicate", "change number", "a new change", f"{named}, sent before", text)
    return hold(
        "order.change.reused",
        "change number",
        "a number used once for each change of an order",
        f"{named}, used before with other content",
        "Ask for the change under the next number; which of the two is meant cannot be told.",
    )


def _overruled(issue: Issue) -> Issue:
    return Issue(Severity.NOTE, issue.finding, issue.ack) if issue.severity is Severity.HOLD else issue


def _number(document: Decoded) -> str:
    i = document.interchange
    return f"{i.control} from {i.sender}" if i else ""


def _named(document: Decoded) -> tuple[str, str, str]:
    """Code, place and acknowledgement of a number used again."""
    if document.format is Format.EDIFACT:
        return "edifact.unb0020", "UNB 0020", "UCI 4 26"
    if document.format is Format.XML:
        return "cxml.payloadid", "/cXML/@payloadID", ""
    return "x12.isa13", "ISA13", "TA1 R 025"


def _repeated(document: Decoded) -> Issue:
    code, where, ack = _named(document)
    text = "Nothing to do if it was sent twice; a new order needs a new interchange number."
    return hold(f"{code}.duplicate", where, "an interchange number used once", shown(_number(document)), text, ack)


def _reused(document: Decoded) -> Issue:
    code, where, ack = _named(document)
    return hold(
        f"{code}.reused",
        where,
        "an interchange number used once",
        f"{shown(_number(document))}, used before with other content",
        "Send it with a new number; or release it here, if it is a new document.",
        ack,
    )


def _order_again(order: PurchaseOrder, before: Seen, same: bool) -> Issue:
    name = f"our order {before.order_no}" if before.order_no else "another order of this file"
    if same:
        text = "Nothing to do: the first one counts."
        return hold("order.po.duplicate", "order number", "a new order", f"{shown(order.number)}, as {name}", text)
    return hold(
        "order.po.reused",
        "order number",
        "an order number this customer has not used",
        f"{shown(order.number)}, used for {name} with other content",
        "Ask whether it is a new order, a correction or an error; release it only as a new order.",
    )


def _unknown_order(document: Decoded, number: str, what: str) -> Issue:
    return hold(
        "order.unknown",
        "order number",
        f"an order of customer {document.customer_id or 'unknown'} to {what}",
        shown(number),
        "It is carried out by itself once that order is here; else ask which order is meant.",
    )
