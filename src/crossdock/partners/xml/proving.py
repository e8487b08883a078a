"""Who sends a cXML message: its `SharedSecret`, compared with the one that was agreed with the partner.

The secret of a partner lies in the vault, as those of channels do; its profile names it (`shared_secret`). Compared are
digests of both, in a time that tells nothing; a sender whom we do not know is compared as well, with nothing it could
match. This is the one place that reads a shared secret: it is in no value that leaves this module, and in no log.
"""

import hashlib
import hmac
import secrets as chance
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from crossdock.partners import profiles
from crossdock.partners.maps.xml import local
from crossdock.partners.profiles import Profile
from crossdock.partners.xml import cxml, safe
from crossdock.partners.xml.safe import Element

NOBODYS = chance.token_bytes(32)  # what a sender without a secret is compared with


class Proof(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    UNASKED = "unasked"  # nothing was agreed to show; who may send is its channel's to say
    UNSET = "unset"  # our fault: the vault has no secret of the name that the profile says


@dataclass(frozen=True, slots=True)
class Sender:
    """A message whose sender was looked at. partner None: nobody we know. root: never to be shown, it has secrets."""

    root: Element
    envelope: cxml.Envelope
    partner: Profile | None
    proof: Proof


def look(
    raw: bytes, known: Iterable[Profile], secrets: Mapping[str, Any], partner: Profile | None = None
) -> Sender | None:
    """partner: as its channel knows it; None: the one that `From` names. Returns None for what is no cXML."""
    root = safe.read(raw).root
    if root is None or local(root) != "cXML":
        return None
    e = cxml.envelope(root)
    if partner is None:
        own = tuple(known)
        sender = e.sender(own)
        partner = profiles.find(own, sender) if sender is not None else None
    return Sender(root, e, partner, _proof(root, partner, secrets))


def _proof(root: Element, partner: Profile | None, secrets: Mapping[str, Any]) -> Proof:
    given = root.findtext("Header/Sender/Credential/SharedSecret") or ""
    name = partner.shared_secret if partner is not None else ""
    agreed = secrets.get(name) if name else None
    matches = [hmac.compare_digest(_digest(given), _digest(text)) for text in _texts(agreed)]
    if partner is None or not name:
        hmac.compare_digest(_digest(given), NOBODYS)
        return Proof.WRONG if partner is None else Proof.UNASKED
    if not matches:
        return Proof.UNSET
    return Proof.RIGHT if any(matches) else Proof.WRONG


def _texts(agreed: Any) -> list[str]:
    """A secret, or several that hold at once while one replaces another: `{"old": …, "new": …}`."""
    found: list[Any] = list(cast("Mapping[str, Any]", agreed).values()) if isinstance(agreed, Mapping) else [agreed]
    return [text for text in found if isinstance(text, str) and text]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
