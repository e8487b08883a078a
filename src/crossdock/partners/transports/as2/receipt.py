"""The receipt (MDN, RFC 3798 as RFC 4130 uses it): written for what came, and read for what we sent.

A receipt says *processed* once the bytes are committed, never before. One for a message of ours counts only if its
signature holds, where we asked for one, and if it names the digest of what we sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from email.utils import formatdate

from crossdock import ids
from crossdock.partners.transports.as2 import cms, mime
from crossdock.partners.transports.as2.message import (
    SIGNATURE_TYPES,
    Station,
    message_id,
    named,
    plain_algorithm,
    same_mic,
    signed_entity,
    unnamed,
)
from crossdock.partners.transports.model import Delivered, Handover, Rejected, Unknown


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the sender asks for. algorithm: of the MIC. url: where it goes by itself; "" is with the answer."""

    receipt: bool
    signed: bool
    algorithm: str
    url: str


def wanted(headers: Mapping[str, str]) -> Wanted:
    """headers: lower-case names. The first digest of its list that we know; SHA-256 where it names none (RFC 4130
    would take SHA-1, which nobody should)."""
    options = headers.get("disposition-notification-options", "")
    listed = re.search(r"signed-receipt-micalg\s*=\s*([^;]*)", options, re.IGNORECASE)
    names = [plain_algorithm(n) for n in listed[1].split(",")] if listed else []
    algorithm = next((n for n in names if n), "sha256")
    url = headers.get("receipt-delivery-option", "").strip()
    return Wanted(
        receipt="disposition-notification-to" in headers,
        signed="pkcs7-signature" in options.lower(),
        algorithm=algorithm,
        url=url if url.lower().startswith(("http://", "https://")) else "",
    )


def write(
    station: Station, to: str, about: str, asked: Wanted, *, mic: str = "", error: str = "", text: str = ""
) -> tuple[dict[str, str], bytes]:
    """(headers, body). about: the Message-ID that it answers; error: a disposition modifier; "": processed."""
    ours = station.settings.our_id
    disposition = f"processed/error: {error}" if error else "processed"
    said = text or "The message was received and stored. What its content brings about is told by other documents."
    human = mime.entity({"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "8bit"},
                        said.replace("\n", " ").encode() + b"\r\n")  # fmt: skip
    lines = [
        "Reporting-UA: Crossdock",
        f"Original-Recipient: rfc822; {named(ours)}",
        f"Final-Recipient: rfc822; {named(ours)}",
        f"Original-Message-ID: <{about}>",
        f"Disposition: automatic-action/MDN-sent-automatically; {disposition}",
        *([f"Received-Content-MIC: {mic}"] if mic else []),
    ]
    machine = mime.entity(
        {"Content-Type": "message/disposition-notification", "Content-Transfer-Encoding": "7bit"},
        "\r\n".join([*lines, ""]).encode(),
    )
    type_, body = mime.multipart("report", [human, machine], report_type="disposition-notification")
    if asked.signed and station.own:
        inner = mime.entity({"Content-Type": type_}, body)
        type_, body = signed_entity(station, inner, asked.algorithm)
    headers = {
        "AS2-Version": "1.2",
        "AS2-From": named(ours),
        "AS2-To": named(to),
        "Message-ID": f"<{ids.new()}@mdn.crossdock>",
        "Date": formatdate(usegmt=True),
        "MIME-Version": "1.0",
        "Content-Type": type_,
    }
    return headers, body


# ── what came for what we sent ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Read:
    about: str
    disposition: str
    mic: str
    signed: bool
    text: str


_REPORT = re.compile(rb"^content-type:\s*multipart/report", re.IGNORECASE | re.MULTILINE)


def is_receipt(content_type: str, body: bytes) -> bool:
    """Signed or not, by its type: of a signed one by that of its first part."""
    lowered = content_type.strip().lower()
    if lowered.startswith("multipart/signed"):
        head = re.split(rb"\r?\n\r?\n", body[:4096].lstrip(), maxsplit=1)[0]
        return _REPORT.search(head) is not None
    return lowered.startswith("multipart/report")


def read(station: Station, headers: Mapping[str, str], body: bytes) -> Read:
    """Raises mime.Malformed when it is no receipt, cms.Unverified when its signature does not hold."""
    entity, signed = mime.of_request(headers, body), False
    if entity.type == "multipart/signed":
        parts = entity.parts()
        if len(parts) != 2 or parts[1].type not in SIGNATURE_TYPES:
            raise mime.Malformed("expected a receipt and its signature")
        cms.verify(
            parts[0].raw, parts[1].content(), station.theirs, sha1=station.settings.digest == "sha1"
        )  # fmt: skip
        entity, signed = parts[0], True
    if entity.type != "multipart/report":
        raise mime.Malformed(f"expected a receipt (multipart/report), found {entity.type}")
    fields = text = None
    for part in entity.parts():
        if part.type == "message/disposition-notification":
            fields = HeaderParser().parsestr(part.content().decode("latin-1").lstrip())
        elif part.type == "text/plain" and text is None:
            text = part.content().decode("utf-8", "replace").strip()
    if fields is None or "disposition" not in fields:
        raise mime.Malformed("expected a disposition, found none")
    return Read(
        about=message_id(str(fields.get("original-message-id", ""))),
        disposition=" ".join(str(fields["disposition"]).split()),
        mic=str(fields.get("received-content-mic", "")),
        signed=signed,
        text=(text or "")[:500],
    )


def judge(found: Read, station: Station, sent_mic: str, raw: bytes) -> Handover:
    """What a receipt of ours means for the document that was sent."""
    said = found.disposition.rpartition(";")[2].strip().lower()
    if station.settings.mdn_signed and not found.signed:
        return Unknown("Expected a signed receipt, found one without a signature.")
    if not said.startswith("processed") or "/error" in said or "/failure" in said:
        return Rejected(f"{found.disposition}. {found.text}".strip(), raw)
    if not same_mic(found.mic, sent_mic):
        return Rejected(f"Expected a receipt for the digest {sent_mic}, found {found.mic or 'none'}.", raw)
    return Delivered(detail=found.disposition, mic=found.mic, receipt=raw)


def addressed(headers: Mapping[str, str]) -> tuple[str, str]:
    """(from, to) of a request with lower-case header names."""
    return unnamed(headers.get("as2-from", "")), unnamed(headers.get("as2-to", ""))
