"""The envelope of cXML: who sends to whom, which message, and the Response that answers it over HTTP.

`SharedSecret` and `Digest` are not read here (`proving` compares the first): what nobody reads nobody logs.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from crossdock.errors import Finding
from crossdock.partners.maps.xml import local, place
from crossdock.partners.model import Interchange, Issue, Severity, Status, error
from crossdock.partners.profiles import Identifier, Profile, find
from crossdock.partners.xml.safe import Element

SECRETS = frozenset({"SharedSecret", "Digest"})
# Credential domains differ in their letters' case between senders; an identifier has one spelling.
DOMAINS = {"networkid": "networkid", "duns": "duns", "gln": "gln"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """request: the element that a map reads, None for what is no request. senders: every credential of From."""

    payload: str
    senders: tuple[Identifier, ...]
    receivers: tuple[Identifier, ...]
    request: Element | None
    test: bool
    issues: tuple[Issue, ...]

    def sender(self, partners: Iterable[Profile]) -> Identifier | None:
        """The first credential that is one of our partners, else the first."""
        known = tuple(partners)
        return next((s for s in self.senders if find(known, s)), self.senders[0] if self.senders else None)

    def interchange(self, sender: Identifier) -> Interchange | None:
        """payloadID is one message's and is sent again with it (cXML, `payloadID`): so it is told apart by it."""
        if not self.payload or self.request is None:
            return None
        said = etree.tostring(self.request, method="c14n2", strip_text=True, with_comments=False)
        receiver = self.receivers[0] if self.receivers else Identifier("", "")
        digest = hashlib.sha256(said).hexdigest()
        return Interchange(
            index=0, sender=sender, receiver=receiver, control=self.payload[:200], digest=digest, test=self.test
        )


def envelope(root: Element) -> Envelope:
    request = next((c for c in root.iterchildren() if local(c) in {"Request", "Message", "Response"}), None)
    inside = None
    if request is not None and local(request) != "Response":
        inside = next((c for c in request.iterchildren() if isinstance(c.tag, str) and local(c) != "Status"), None)
    issues: list[Issue] = []
    payload = (root.get("payloadID") or "").strip()
    if not payload:
        text = "Give every message a payloadID of its own, and the same when it is sent again."
        issues.append(error("cxml.payloadid", place(root, "payloadID"), "a payloadID", "none", text))
    senders = tuple(_credentials(root, "From"))
    if not senders:
        text = "Name the sender by a Credential with its domain."
        expected = "Header/From/Credential with an Identity"
        issues.append(error("cxml.from", place(root, below="Header/From/Credential/Identity"), expected, "none", text))
    return Envelope(
        payload=payload,
        senders=senders,
        receivers=tuple(_credentials(root, "To")),
        request=inside,
        test=request is not None and (request.get("deploymentMode") or "").lower() == "test",
        issues=tuple(issues),
    )


def _credentials(root: Element, name: str) -> Iterable[Identifier]:
    for credential in root.iterfind(f"Header/{name}/Credential"):
        identity = (credential.findtext("Identity") or "").strip()
        domain = (credential.get("domain") or "").strip()
        if identity:
            yield Identifier(DOMAINS.get(domain.lower(), domain), identity)


# --- the answer -----------------------------------------------------------------------------------------------------

# cXML, `Status`: 200 carried out, 406 a document that is not acceptable, 409 conflicts with what was sent before,
# 202 stored and waiting, 500 our own fault (and only then is it sent again).
CODES = {
    Status.ACCEPTED: (200, "OK"),
    Status.DUPLICATE: (200, "OK"),
    Status.HELD: (202, "Accepted"),
    Status.REJECTED: (406, "Not Acceptable"),
    Status.SENT: (200, "OK"),
}
MAX_TOLD = 20
ROOT_WITHIN = 4096


def is_cxml(raw: bytes) -> bool:
    """By its root, wherever a declaration, a DOCTYPE and comments let it begin."""
    return re.search(rb"<cXML[\s>]", raw[:ROOT_WITHIN]) is not None


def answer(status: Status, issues: Iterable[Issue], payload: str, now: datetime) -> tuple[int, bytes]:
    """(code, Response document) for what became of a request. payload: the identifier of this answer."""
    return respond(status, [i.finding for i in issues if i.severity is not Severity.NOTE], payload, now)


def respond(status: Status, findings: Sequence[Finding], payload: str, now: datetime) -> tuple[int, bytes]:
    """As `answer`, for what was stored of a request: the findings that held or rejected it."""
    code, text = CODES[status]
    faults = [str(f) for f in findings]
    if any(f.code.endswith((".reused", ".duplicate")) for f in findings) and status is Status.HELD:
        code, text = 409, "Conflict"
    return code, said(code, text, "\n".join(_safe(f) for f in faults[:MAX_TOLD]), payload, now)


def said(code: int, text: str, detail: str, payload: str, now: datetime, inside: Element | None = None) -> bytes:
    """A Response document. inside: what answers the request beside the Status."""
    root = etree.Element("cXML", payloadID=payload, timestamp=now.isoformat(timespec="seconds"))
    response = etree.SubElement(root, "Response")
    element = etree.SubElement(response, "Status", code=str(code), text=text)
    element.text = detail or None
    if inside is not None:
        response.append(inside)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def refused(payload: str, now: datetime) -> bytes:
    """The same whatever is wrong: who guesses learns nothing."""
    detail = "The credentials of the Sender are not those that were agreed upon."
    return said(401, "Unauthorized", detail, payload, now)


def _safe(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


# --- written --------------------------------------------------------------------------------------------------------


def wrapped(
    request: Element, *, sender: Identifier, receiver: Identifier, payload: str, now: datetime, test: bool
) -> bytes:
    """A request in its envelope. The shared secret is the transport's to add, where the receiver asks for one."""
    root = _envelope(sender, receiver, payload, now)
    etree.SubElement(root, "Request", deploymentMode="test" if test else "production").append(request)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def message(
    inside: Element, *, sender: Identifier, receiver: Identifier, payload: str, now: datetime, test: bool
) -> bytes:
    """What asks for no answer, such as the cart of a punch-out, in its envelope."""
    root = _envelope(sender, receiver, payload, now)
    etree.SubElement(root, "Message", deploymentMode="test" if test else "production").append(inside)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _envelope(sender: Identifier, receiver: Identifier, payload: str, now: datetime) -> Element:
    root = etree.Element("cXML", payloadID=payload, timestamp=now.isoformat(timespec="seconds"), version="1.2.060")
    header = etree.SubElement(root, "Header")
    for name, who in (("From", sender), ("To", receiver), ("Sender", sender)):
        credential = etree.SubElement(etree.SubElement(header, name), "Credential", domain=_domain(who))
        etree.SubElement(credential, "Identity").text = who.value
    etree.SubElement(header[-1], "UserAgent").text = "Crossdock"
    return root


def _domain(who: Identifier) -> str:
    return {"networkid": "NetworkId", "duns": "DUNS", "gln": "GLN"}.get(who.scheme, who.scheme)
