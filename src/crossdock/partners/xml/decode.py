"""An XML file into documents: UBL by its namespace, cXML by its envelope; what no map reads waits for a person."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from crossdock.canonical import splitting
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order import PurchaseOrder, Purpose
from crossdock.partners import lineage, profiles
from crossdock.partners.edi import checks
from crossdock.partners.jsonorder import other_customer, uneven
from crossdock.partners.lineage import InElement, Origin
from crossdock.partners.maps import xml as maps
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.maps.editions import Book, read_by
from crossdock.partners.maps.xml import CAC, CBC, UBL_BASE, Reading, local, place, places
from crossdock.partners.model import Context, Decoded, Format, Interchange, Issue, Severity, error, hold, note, shown
from crossdock.partners.profiles import ANY, Identifier, Profile
from crossdock.partners.xml import changes, cxml, safe, shapes, totals
from crossdock.partners.xml.safe import Element

# Document types that a declared map reads, and for UBL the party that sends them.
UBL = {
    "Order": "BuyerCustomerParty",
    "OrderChange": "BuyerCustomerParty",
    "OrderCancellation": "BuyerCustomerParty",
    "OrderResponse": "SellerSupplierParty",
    "OrderResponseSimple": "SellerSupplierParty",
    "DespatchAdvice": "DespatchSupplierParty",
    "Invoice": "AccountingSupplierParty",
    "CreditNote": "AccountingSupplierParty",
}
CXML = frozenset({"OrderRequest", "ConfirmationRequest", "ShipNoticeRequest", "InvoiceDetailRequest"})
MAX_SHOWN = 5_000  # elements of the parsed tree kept for people
MAX_TEXT = 500


def decode(raw: bytes, context: Context) -> list[Decoded]:
    tree = safe.read(raw)
    kind = safe.kind(tree.names)
    if tree.root is None:
        issues = (tree.issue,) if tree.issue else ()
        parsed = {"elements": [{"depth": d, "name": n[:200]} for d, n in tree.names]}
        return [_decoded(kind, context, None, None, issues=issues, parsed=parsed)]
    parsed = {"elements": list(_elements(tree.root))}
    if local(tree.root) == "cXML":
        return [_cxml(tree.root, kind, context, parsed)]
    namespace = f"{UBL_BASE}:{kind}-2"
    if kind in UBL and tree.root.tag == f"{{{namespace}}}{kind}":
        return [_ubl(tree.root, kind, context, parsed)]
    issues = (_unsupported(tree.root, f"XML {kind}"),)
    return [_decoded(kind, context, None, context.partner, issues=issues, parsed=parsed)]


def _unsupported(root: Element, found: str) -> Issue:
    known = f"UBL 2 ({', '.join(UBL)}) or cXML ({', '.join(sorted(CXML))})"
    text = "No map reads this document yet; it waits for a person."
    return hold("type.unsupported", place(root), known, found, text)


def _decoded(kind: str, context: Context, sender: Identifier | None, partner: Profile | None, **more: Any) -> Decoded:
    return Decoded(index=0, format=Format.XML, type=kind, sender=sender, partner=partner or context.partner, **more)


def _partner(context: Context, sender: Identifier | None) -> Profile | None:
    if context.partner is not None or sender is None:
        return context.partner
    found = profiles.find(context.profiles, sender)
    return profiles.adopted(sender) if found is None and context.adopt else found


def _elements(root: Element) -> Iterator[dict[str, Any]]:
    """The tree as people see it, without secrets."""
    waiting: list[tuple[int, Element]] = [(1, root)]
    count = 0
    while waiting and count < MAX_SHOWN:
        depth, element = waiting.pop()
        if not isinstance(element.tag, str):
            continue
        count += 1
        name = local(element)
        shown_: dict[str, Any] = {"depth": depth, "name": name[:200], "line": element.sourceline or 1}
        text = (element.text or "").strip()
        if text:
            shown_["text"] = "…" if name in cxml.SECRETS else text[:MAX_TEXT]
        if element.attrib:
            shown_["attributes"] = {
                maps.bare(str(k))[:100]: str(v)[:MAX_TEXT] for k, v in list(element.attrib.items())[:50]
            }
        yield shown_
        waiting += [(depth + 1, c) for c in reversed(list(element))]


# --- UBL ------------------------------------------------------------------------------------------------------------


def _ubl(root: Element, kind: str, context: Context, parsed: Any) -> Decoded:
    role = UBL[kind]
    senders = list(_identifiers(root, role))
    sender = next((s for s in senders if profiles.find(context.profiles, s)), senders[0] if senders else None)
    partner = _partner(context, sender)
    buys = role == "BuyerCustomerParty"
    named = _said(root, "BuyerCustomerParty", "SupplierAssignedAccountID") if buys else ""
    return _read(root, kind, f"ubl-{kind.lower()}", context, partner, sender, named=named, parsed=parsed)


def _identifiers(root: Element, role: str) -> Iterator[Identifier]:
    """By what the party is known, the surest first."""
    party = next(iter(root.iterfind(f"{{{CAC}}}{role}/{{{CAC}}}Party")), None)
    account = _said(root, role, "SupplierAssignedAccountID")
    if account and role == "BuyerCustomerParty":
        yield Identifier(profiles.CUSTOMER, account)
    if party is None:
        return
    ways = (
        ("EndpointID", "endpoint"),
        ("PartyIdentification/ID", "party"),
        ("PartyTaxScheme/CompanyID", "vat"),
        ("PartyLegalEntity/CompanyID", "registration"),
        ("PartyName/Name", "name"),
        ("PartyLegalEntity/RegistrationName", "name"),
    )
    for path, scheme in ways:
        *parts, last = path.split("/")
        for element in party.iterfind("/".join([*(f"{{{CAC}}}{p}" for p in parts), f"{{{CBC}}}{last}"])):
            value = (element.text or "").strip()
            if value:
                yield Identifier((element.get("schemeID") or "").strip()[:60] or scheme, value[:200])


def _said(root: Element, *path: str) -> str:
    *parts, last = path
    return (root.findtext("/".join([*(f"{{{CAC}}}{p}" for p in parts), f"{{{CBC}}}{last}"])) or "").strip()


# --- cXML -----------------------------------------------------------------------------------------------------------


def _cxml(root: Element, kind: str, context: Context, parsed: Any) -> Decoded:
    e = cxml.envelope(root)
    sender = e.sender(context.profiles)
    partner = _partner(context, sender)
    request = e.request
    if request is None or kind not in CXML:
        issues = (_unsupported(root, f"cXML {kind}"),)
        return _decoded(kind, context, sender, partner, issues=issues, parsed=parsed, test=e.test)
    interchange = e.interchange(sender) if sender else None
    return _read(
        request, kind, f"cxml-{kind.lower()}", context, partner, sender, parsed=parsed, interchange=interchange,
        before=e.issues, test=e.test,
    )  # fmt: skip


# --- both -----------------------------------------------------------------------------------------------------------


def _read(
    root: Element,
    kind: str,
    map_id: str,
    context: Context,
    partner: Profile | None,
    sender: Identifier | None,
    *,
    parsed: Any,
    named: str = "",
    interchange: Interchange | None = None,
    before: tuple[Issue, ...] = (),
    test: bool = False,
) -> Decoded:
    declared = (context.book or Book()).find(map_id, partner.id if partner else "")
    r = maps.read(declared.xml, root)
    trail = _trail(r) if context.trace else ()
    content = convert(r, (partner.currency if partner else "") or context.currency)
    issues = [*before, *r.issues]
    order: PurchaseOrder | None = None
    if isinstance(content, PurchaseOrder):
        issues += _judge(r, content, partner, named)
        issues += checks.digits(content, place(r.root))
        if content.purpose is Purpose.CHANGE:
            content, trail = changes.whole(content, r.facts), changes.trail(trail)
        else:
            order = content
    elif content is not None:
        issues += _checked(r, content)
    if test:
        text = "It was checked and answered; it has no business effect."
        issues.append(note("cxml.test", place(root), "deploymentMode production", "'test'", text))
    failed = any(i.severity is Severity.ERROR for i in issues)
    return _decoded(
        kind,
        context,
        sender,
        partner,
        customer_id=profiles.customer(partner, named)[0],
        interchange=interchange,
        receiver=interchange.receiver if interchange else None,
        test=test,
        order=None if failed else order,
        content=None if failed or order is not None else content,
        issues=tuple(issues),
        parsed=parsed,
        read_by=read_by(declared),
        trail=trail,
    )


def _trail(r: Reading) -> tuple[Origin, ...]:
    """By pointers of the canonical document; facts that are checked and not kept have none."""
    after = lineage.moved(lambda d: shapes.after_reading(replace(r, data=d, issues=[])), r.data)
    return tuple(
        Origin(after[pointer], InElement(places.path(o.element), o.attribute, o.element.sourceline or 1))
        for pointer, o in r.trail.items()
        if pointer in after
    )


def convert(r: Reading, currency: str = "") -> Canonical | None:
    """The canonical object; None, and a reason, when it lacks what the object must have."""
    data = shapes.after_reading(r)
    if r.map.object is PurchaseOrder and not data.get("currency"):
        data["currency"] = currency
        text = f"Read as {currency}, as agreed with the sender."
        r.report(note("order.currency.assumed", place(r.root), "a currency", "none", text))
    try:
        return msgspec.convert(data, r.map.object)
    except msgspec.ValidationError as e:
        if not any(i.severity is Severity.ERROR for i in r.issues):
            text = "Ask the sender for it, or agree on a map that does without."
            expected = f"what a {r.map.object.__name__} must have"
            r.report(hold("map.incomplete", place(r.root), expected, str(e), text))
        return None


def _checked(r: Reading, content: Canonical) -> list[Issue]:
    issues = checks.check(content, place(r.root))
    operation = r.facts.get("operation", "new")
    if operation != "new":
        text = "A person decides what it changes of the document before."
        issues.append(hold("cxml.operation", r.where("$operation"), "new", shown(operation), text))
    if isinstance(content, Invoice) and r.map.syntax.name == "ubl":
        customization = (r.root.findtext(f"{{{CBC}}}CustomizationID") or "").strip()
        issues = [i for i in issues if i.finding.code != "invoice.amount"]  # told below, by rule and place
        issues += totals.check(r, content, customization)
    return issues


def _judge(r: Reading, order: PurchaseOrder, partner: Profile | None, named: str) -> list[Issue]:
    """Lines, quantities and item numbers; totals; whether the sender may order for the customer it names."""
    issues: list[Issue] = []
    header = place(r.root)
    seen: set[str] = set()
    for at, line in enumerate(order.lines):
        here = f"Line {line.number}: {r.where(f'/lines/{at}/quantity')}"
        if line.number in seen:
            text = "Number the lines differently."
            issues.append(error("order.line.number", here, "a line number used once", shown(line.number), text))
        seen.add(line.number)
        if line.quantity <= 0 and f"/lines/{at}/quantity" in r.trail:
            text = "Send a quantity above 0, or leave the line out."
            issues.append(error("order.line.quantity", here, "a quantity above 0", shown(line.quantity), text))
        if not line.items:
            text = "Send our item number, yours, or a GTIN."
            issues.append(error("order.line.item", here, "an item number we can tell", "none", text))
        if splitting.uneven(line):
            issues.append(uneven(line, here, "Delivery/Quantity"))
        if days := splitting.several_days(line):
            text = "Split the line by date with the buyer, or enter the order by hand."
            found = ", ".join(d.isoformat() for d in days)
            issues.append(hold("order.line.schedules", here, "one delivery date for each place of a line", found, text))
    if order.stated_total is not None and order.total is not None:
        extra = sum((r.facts[n] for n in ("charges", "shipping", "tax") if n in r.facts), start=order.total)
        if order.stated_total not in {order.total, extra}:
            expected = f"{order.total:f}, the sum of quantity × price"
            text = "Both are kept; validation compares them."
            issues.append(note("order.total", r.where("/stated_total"), expected, f"{order.stated_total:f}", text))
    for name in ("charges", "shipping", "tax"):
        if r.facts.get(name):
            where, text = r.where(f"${name}"), "It is kept in the document; our own prices decide what is billed."
            issues.append(note(f"order.{name}", where, "prices of lines only", f"{r.facts[name]:f}", text))
    if partner is not None and partner.customer_id == ANY and not named:
        issues.append(other_customer(header, partner, named))
    return issues
