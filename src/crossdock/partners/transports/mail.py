"""What a mail brings: its attachments, and who sent it.

A sender is believed as the mail server in front of us believes it. `authenticated_by` names that server; then only a
mail that passed DMARC there counts as its sender's. Without it a sender is what `From` says, which anybody can write:
right for a mailbox that only authenticated partners can reach.
"""

import hashlib
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from typing import Any

from crossdock.partners.transports.model import Channel, PickedUp, safe_name
from crossdock.partners.transports.settings import Imap, Smtp

MOST_ATTACHMENTS = 50
# A mail holds its attachments in base64, which makes four of three bytes, and lines.
OVERHEAD = 1.5
SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}


@dataclass(frozen=True, slots=True)
class Mail:
    """sender: the address of From, in lower case; partner: whose that is, None when nobody's."""

    identifier: str
    sender: str
    partner: str | None
    items: tuple[PickedUp, ...] = field(default=())


def read(raw: bytes, channel: Channel, s: Imap | Smtp, at: Any = None) -> Mail:
    """Never raises for what a mail holds. One without attachments brings one item that says so."""
    message: Message = message_from_bytes(raw, policy=policy.default)
    identifier = _header(message, "message-id").strip("<> ")[:300] or hashlib.sha256(raw).hexdigest()
    sender = _sender(message)
    partner = _partner(message, sender, s)
    parts = _attachments(message)
    subject = safe_name(_header(message, "subject"))
    if not parts or len(parts) > MOST_ATTACHMENTS:
        problem = (
            f"Expected at most {MOST_ATTACHMENTS} attachments, found {len(parts)}."
            if parts
            else "Expected a document as an attachment, found a mail without one."
        )
        item = PickedUp(
            key=f"{identifier}/-", name=subject, raw=b"", size_bytes=0, at=at, sender=sender or "nobody",
            partner=partner, problem=problem,
        )  # fmt: skip
        return Mail(identifier, sender, partner, (item,))
    items: list[PickedUp] = []
    for n, part in enumerate(parts):
        content = _content(part)
        whole = len(content) <= channel.max_bytes
        items.append(
            PickedUp(
                key=f"{identifier}/{n}/{hashlib.sha256(content).hexdigest()}",
                name=safe_name(_filename(part) or f"{subject}-{n + 1}"),
                raw=content if whole else None,
                size_bytes=len(content),
                at=at,
                sender=sender or "nobody",
                partner=partner,
            )
        )
    return Mail(identifier, sender, partner, tuple(items))


def _header(message: Message, name: str) -> str:
    try:
        return str(message.get(name, "") or "")
    except (ValueError, IndexError, AttributeError, TypeError):  # what the standard library trips over in odd headers
        return ""


def _sender(message: Message) -> str:
    """ "" when there is none, or more than one: then nobody is meant."""
    found = [address for _, address in getaddresses([_header(message, "from")]) if "@" in address]
    return found[0].lower()[:320] if len(found) == 1 and len(message.get_all("from", [])) == 1 else ""


def _partner(message: Message, sender: str, s: Imap | Smtp) -> str | None:
    if not sender or (s.authenticated_by and not _passed(message, s.authenticated_by)):
        return None
    known = {address.lower(): partner for address, partner in s.senders.items()}
    return known.get(sender) or known.get("@" + sender.partition("@")[2])


def _passed(message: Message, server: str) -> bool:
    """RFC 8601: the results that our own server wrote; it removes those that came under its name."""
    try:
        results = [str(r) for r in message.get_all("authentication-results", [])]
    except (ValueError, IndexError, AttributeError, TypeError):
        return False
    ours = [r for r in results if r.split(";")[0].split()[:1] == [server]]
    # the first is the latest
    return bool(ours) and re.search(r"(?:^|[;\s])dmarc\s*=\s*pass\b", ours[0], re.IGNORECASE) is not None


def _attachments(message: Message) -> list[Message]:
    """Everything that is a file: has a name, or is neither text nor a picture in the text."""
    found: list[Message] = []
    for part in message.walk():
        type_ = part.get_content_type()
        if part.is_multipart() or type_ in SIGNATURES:
            continue
        disposition = part.get_content_disposition()
        if disposition == "inline" and part.get_content_maintype() == "image":
            continue
        named = bool(_filename(part)) or disposition == "attachment"
        if named or part.get_content_maintype() not in {"text", "image"}:
            found.append(part)
    return found


def _filename(part: Message) -> str:
    try:
        return part.get_filename("") or ""
    except (ValueError, IndexError, AttributeError, TypeError):
        return ""


def _content(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""
