"""A PunchOutSetupRequest: which visit a buyer begins, and the PunchOutSetupResponse that opens the shop. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from lxml import etree

from crossdock.errors import PartnerError
from crossdock.partners.maps.xml import place
from crossdock.partners.model import Issue, error, shown
from crossdock.partners.numbers import amount
from crossdock.partners.profiles import Identifier
from crossdock.partners.xml.cxml import Envelope
from crossdock.partners.xml.safe import Element

REQUEST = "PunchOutSetupRequest"
MOST_ITEMS, MOST_NAMED, LONGEST = 1_000, 50, 200
LONGEST_URL = 2_000


class Operation(StrEnum):
    CREATE = "create"  # a new cart
    EDIT = "edit"  # one taken home before
    INSPECT = "inspect"  # look at one, and change nothing
    SOURCE = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One that the buyer asks to see, or has in the cart already. auxiliary: ours, from the cart it was taken with."""

    item: str
    auxiliary: str = ""
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """post_to: where the buyer's browser takes the cart. cookie: the buyer's own name of the visit, given back as it
    is. named: what the buyer tells besides (Extrinsic), such as who shops."""

    operation: Operation
    cookie: str
    post_to: str
    sender: Identifier
    receiver: Identifier
    test: bool
    selected: str = ""
    ship_to: str = ""  # the number of the address, as the buyer has it
    items: tuple[Item, ...] = ()
    named: tuple[tuple[str, str], ...] = ()


def read(e: Envelope, sender: Identifier) -> Setup:
    """Raises PartnerError naming everything that stands in the way."""
    request = e.request
    assert request is not None, "asked only about a request"
    issues = list(e.issues)
    operation = (request.get("operation") or "").strip()
    if operation not in set(Operation):
        words = ", ".join(Operation)
        at = place(request, "operation")
        issues.append(error("cxml.punchout.operation", at, f"one of {words}", shown(operation), "Send one of them."))
    cookie = _text(request, "BuyerCookie")
    if not 0 < len(cookie) <= LONGEST:
        at, expected = place(request, below="BuyerCookie"), f"a cookie of at most {LONGEST} characters"
        text = "Send the name by which you know the visit again."
        issues.append(error("cxml.punchout.cookie", at, expected, shown(cookie or "none"), text))
    post_to = _text(request, "BrowserFormPost/URL")
    # the buyer's browser goes there with the cart; an address of another kind would be run as a script
    if not post_to.startswith(("https://", "http://")) or len(post_to) > LONGEST_URL:
        at, text = place(request, below="BrowserFormPost/URL"), "Send the page that takes the cart."
        issues.append(error("cxml.punchout.post", at, "an address with https", shown(post_to or "none"), text))
    items = [_item(x, issues) for x in request.findall("ItemOut")[:MOST_ITEMS]]
    if issues:
        raise PartnerError([i.finding for i in issues])
    address = request.find("ShipTo/Address")
    return Setup(
        operation=Operation(operation),
        cookie=cookie,
        post_to=post_to,
        sender=sender,
        receiver=e.receivers[0] if e.receivers else Identifier("", ""),
        test=e.test,
        selected=_text(request, "SelectedItem/ItemID/SupplierPartID")[:LONGEST],
        ship_to=(address.get("addressID") or "")[:LONGEST] if address is not None else "",
        items=tuple(items),
        named=tuple(
            ((x.get("name") or "")[:LONGEST], (x.text or "").strip()[:LONGEST])
            for x in request.findall("Extrinsic")[:MOST_NAMED]
        ),
    )


def _item(element: Element, issues: list[Issue]) -> Item:
    said = (element.get("quantity") or "").strip()
    quantity = amount(said) if said else None
    if said and quantity is None:
        at, text = place(element, "quantity"), "Send digits with a point before the decimals."
        issues.append(error("xml.number", at, "a quantity", shown(said), text))
    return Item(
        item=_text(element, "ItemID/SupplierPartID")[:LONGEST],
        auxiliary=_text(element, "ItemID/SupplierPartAuxiliaryID")[:LONGEST],
        quantity=quantity,
    )


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def start_page(shop: str, token: str) -> str:
    """The address at which the shop begins the visit; the token opens it, and is good for this visit only."""
    return f"{shop}{'&' if '?' in shop else '?'}punchout={token}"


def response(url: str) -> Element:
    """What stands beside the Status of the answer."""
    found = etree.Element("PunchOutSetupResponse")
    etree.SubElement(etree.SubElement(found, "StartPage"), "URL").text = url
    return found
