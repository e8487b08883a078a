"""A canonical document as UBL or cXML: written by its map, read back, and refused when it came back another.

What we write is read again as a partner would read it. If an amount, quantity, number or date came back changed or not
at all, the document is refused with the field's name; what the format merely has no place for is listed with it.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from lxml import etree

from crossdock.canonical.change import OrderChange
from crossdock.canonical.invoice import Invoice, InvoiceKind
from crossdock.errors import Finding, PartnerError
from crossdock.partners.maps import xml as maps
from crossdock.partners.maps.canonical import Canonical, plain
from crossdock.partners.maps.xml import CBC, Map
from crossdock.partners.model import Severity
from crossdock.partners.profiles import Identifier
from crossdock.partners.xml import cxml, shapes, totals
from crossdock.partners.xml.decode import convert
from crossdock.partners.xml.safe import Element

# What a partner acts upon: these come back as they were, or nothing is written.
BINDING = frozenset({"unit_price", "quantity", "amount", "percent", "order_number", "currency", "stated_total"})
MAPS = {
    ("PurchaseOrder", "ubl"): "ubl-order",
    ("PurchaseOrder", "cxml"): "cxml-orderrequest",
    ("OrderChange", "ubl"): "ubl-orderchange",
    ("OrderResponse", "ubl"): "ubl-orderresponse",
    ("OrderResponse", "cxml"): "cxml-confirmationrequest",
    ("DespatchAdvice", "ubl"): "ubl-despatchadvice",
    ("DespatchAdvice", "cxml"): "cxml-shipnoticerequest",
    ("Invoice", "ubl"): "ubl-invoice",
    ("Invoice", "cxml"): "cxml-invoicedetailrequest",
}


@dataclass(frozen=True, slots=True)
class Written:
    """left_out: pointers of what the partner's format has no place for."""

    map: Map
    element: Element
    left_out: tuple[str, ...]


def document(map_id: str, content: Canonical, declared: Map | None = None, *, message: str = "") -> Written:
    """declared: a map other than the library's. message: the payloadID of the cXML order that it is about.

    Raises PartnerError naming every field that the format cannot take, or that its rules refuse.
    """
    m = declared or maps.load(map_id)
    if not isinstance(content, m.object):
        text = "Choose the map of this kind of document."
        where, found = f"map {map_id}", type(content).__name__
        raise PartnerError([Finding("map.object", where, m.object.__name__, found, text)])
    data, facts = shapes.before_writing(content, m.syntax.name, message)
    element, findings = maps.write(m, data, facts)
    if findings:
        raise PartnerError(findings)
    reading = maps.read(m, etree.fromstring(etree.tostring(element)))
    told = deepcopy(reading.data)
    again = convert(reading, str(data.get("currency", "")))
    refused = [i.finding for i in reading.issues if i.severity is not Severity.NOTE]
    if again is not None and m.root in {"Invoice", "CreditNote"}:
        customization = element.findtext(f"{{{CBC}}}CustomizationID") or ""
        checked = totals.check(reading, again, customization) if isinstance(again, Invoice) else ()
        refused += [i.finding for i in checked if i.severity is Severity.ERROR]
    if refused or again is None:
        raise PartnerError(refused)
    if "currency" not in told:  # no amount in the document: no currency either
        data.pop("currency", None)
    lost = [f for f in _changed(data, told, "") if f.where.rpartition("/")[2] in BINDING]
    if lost:
        raise PartnerError(lost)
    return Written(m, element, tuple(f.where for f in _changed(plain(content), plain(again), "")))


def map_of(content: Canonical, syntax: str) -> str:
    """The map that writes this document as `ubl` or `cxml`. Raises PartnerError when there is none."""
    match content, syntax:
        case Invoice(kind=InvoiceKind.CREDIT_NOTE), "ubl":
            return "ubl-creditnote"
        case OrderChange(cancels=True), "ubl":
            return "ubl-ordercancellation"
        case _ if (found := MAPS.get((type(content).__name__, syntax))) is not None:
            return found
        case _:
            names = ", ".join(sorted(f"{name} as {way}" for name, way in MAPS))
            found = f"{type(content).__name__} as {syntax}"
            raise PartnerError([Finding("map.none", "the document", f"one of {names}", found, "Send it another way.")])


def _changed(before: Any, after: Any, at: str) -> Iterator[Finding]:
    """Fields that are not, or are something else, on the other side."""
    if isinstance(before, dict):
        found = cast(dict[str, Any], after) if isinstance(after, dict) else {}
        for key, value in cast(dict[str, Any], before).items():
            yield from _changed(value, found.get(key), f"{at}/{key}")
    elif isinstance(before, list):
        others = list(cast(list[Any], after)) if isinstance(after, list) else []
        values = cast(list[Any], before)
        for place, value in enumerate(values):
            if value in others:
                continue  # wherever it came back: some formats keep an order of their own
            other = others[place] if place < len(others) else None
            yield from _changed(value, other, f"{at}/{place}")
    elif before != after and not (before == "" and after is None):
        text = "Leave it out, or agree with the partner how it is said."
        shown_before = f"{before:f}" if isinstance(before, Decimal) else str(before)[:80]
        yield Finding("map.changed", at, shown_before, "nothing" if after is None else str(after)[:80], text)


def ubl(written: Written) -> bytes:
    return etree.tostring(written.element, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def cxml_request(
    written: Written, *, sender: Identifier, receiver: Identifier, payload: str, now: datetime, test: bool = False
) -> bytes:
    """In its envelope. payload: unique to this message, and the same when it is sent again."""
    return cxml.wrapped(written.element, sender=sender, receiver=receiver, payload=payload, now=now, test=test)
