"""The cart that a shop returns, as the PunchOutOrderMessage that the buyer takes home. Pure.

Amounts are exact and add up: the total is that of the lines, each rounded to the cent as it will be billed. Prices,
units and our item numbers come back in the order that the buyer then sends, so they are written as the shop said them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from lxml import etree

from crossdock.errors import Finding, PartnerError
from crossdock.partners.model import shown
from crossdock.partners.xml.safe import Element

CENT = Decimal("0.01")
_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """classification: of the UNSPSC, which cXML asks for. auxiliary: for the shop to know the line again."""

    item: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    description: str
    classification: str
    auxiliary: str = ""
    buyer_item: str = ""
    manufacturer: str = ""
    manufacturer_item: str = ""

    @property
    def amount(self) -> Decimal:
        return (self.quantity * self.unit_price).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """Without lines the visit ends with nothing. editable: whether the buyer may come back to change it."""

    currency: str
    lines: tuple[Line, ...] = ()
    shipping: Decimal | None = None
    tax: Decimal | None = None
    editable: bool = True

    @property
    def total(self) -> Decimal:
        """Of the lines: shipping and tax are told beside it."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))


def order_message(cart: Cart, cookie: str) -> Element:
    """Raises PartnerError naming what a cart cannot have."""
    findings = [*_wrong(cart)]
    if findings:
        raise PartnerError(findings)
    root = etree.Element("PunchOutOrderMessage")
    etree.SubElement(root, "BuyerCookie").text = cookie
    allowed = "edit" if cart.editable else "create"
    header = etree.SubElement(root, "PunchOutOrderMessageHeader", operationAllowed=allowed)
    _money(etree.SubElement(header, "Total"), cart.total, cart.currency)
    for name, value in (("Shipping", cart.shipping), ("Tax", cart.tax)):
        if value is not None:
            part = etree.SubElement(header, name)
            _money(part, value, cart.currency)
            _described(part, name)
    for line in cart.lines:
        root.append(_item(line, cart.currency))
    return root


def _item(line: Line, currency: str) -> Element:
    item = etree.Element("ItemIn", quantity=f"{line.quantity:f}")
    number = etree.SubElement(item, "ItemID")
    _said(number, "SupplierPartID", line.item)
    _said(number, "SupplierPartAuxiliaryID", line.auxiliary)
    _said(number, "BuyerPartID", line.buyer_item)
    detail = etree.SubElement(item, "ItemDetail")
    _money(etree.SubElement(detail, "UnitPrice"), line.unit_price, currency)
    _described(detail, line.description)
    etree.SubElement(detail, "UnitOfMeasure").text = line.unit
    etree.SubElement(detail, "Classification", domain="UNSPSC").text = line.classification
    _said(detail, "ManufacturerPartID", line.manufacturer_item)
    if line.manufacturer:
        etree.SubElement(detail, "ManufacturerName").text = line.manufacturer
    return item


def _money(parent: Element, value: Decimal, currency: str) -> None:
    etree.SubElement(parent, "Money", currency=currency).text = f"{value:f}"


def _described(parent: Element, text: str) -> None:
    described = etree.SubElement(parent, "Description")
    described.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    described.text = text


def _said(parent: Element, name: str, text: str) -> None:
    if text:
        etree.SubElement(parent, name).text = text


def _wrong(cart: Cart) -> Iterator[Finding]:
    for place, line in enumerate(cart.lines):
        at = f"/lines/{place}"
        if line.quantity <= 0:
            text = "Leave the line out."
            yield Finding("cart.quantity", f"{at}/quantity", "a quantity above 0", f"{line.quantity:f}", text)
        if line.unit_price < 0:
            yield Finding(
                "cart.price", f"{at}/unit_price", "a price of 0 or more", f"{line.unit_price:f}", "Correct it."
            )
        for name, text in _texts(line):
            if _NEVER.search(text):
                fix = "Remove it; XML has no way to write it."
                yield Finding("cart.character", f"{at}/{name}", "characters that XML has", shown(text), fix)


def _texts(line: Line) -> Sequence[tuple[str, str]]:
    names = ("item", "unit", "description", "auxiliary", "buyer_item", "manufacturer", "manufacturer_item")
    return [(name, getattr(line, name)) for name in names]
