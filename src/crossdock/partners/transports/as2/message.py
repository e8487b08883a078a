"""One AS2 message: written to be sent, and opened when it came.

The message integrity check (MIC) is over what was signed, headers included; over the decrypted entity when it was only
encrypted; over the content alone when it was neither (RFC 4130 7.3.1). Compression may lie inside or outside of the
signature (RFC 5402); the MIC is over what the signature is over.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate

from cryptography import x509

from crossdock.partners.transports.as2 import cms, mime
from crossdock.partners.transports.settings import As2

MOST_LAYERS = 5  # encrypted, compressed, signed, compressed, the document
SIGNATURE_TYPES = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
ENVELOPE_TYPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
EDI_TYPES = {"application/edi-x12": "application/EDI-X12", "application/edifact": "application/EDIFACT"}
MESSAGE_ID = re.compile(r"^<?([\x21-\x3b=\x3f-\x7e]{1,250})>?$")


class Refused(Exception):
    """What an MDN says after `error:` (RFC 4130 7.4.3), and what we say to people."""

    def __init__(self, modifier: str, detail: str) -> None:
        super().__init__(detail)
        self.modifier = modifier


@dataclass(frozen=True, slots=True)
class Station:
    """Both ends as one channel knows them. theirs: certificates that count for their signatures, the one to encrypt to
    first. own: ours, the one to sign with first."""

    settings: As2
    own: Sequence[cms.Identity] = field(repr=False, default=())
    theirs: Sequence[x509.Certificate] = ()
    max_bytes: int = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """On its way out. mic: any of these digests, parted by semicolons, is right in its receipt."""

    headers: Mapping[str, str]
    body: bytes
    mic: str


@dataclass(frozen=True, slots=True)
class Opened:
    payload: bytes
    filename: str
    mic: str
    signed: bool
    encrypted: bool


def mic(content: bytes, algorithm: str) -> str:
    """`base64, algorithm`"""
    digest = hashlib.new(algorithm, content).digest()
    return f"{base64.b64encode(digest).decode()}, {hyphened(algorithm)}"


def same_mic(one: str, other: str) -> bool:
    """Whether one is among the others. Names of algorithms are written in several ways."""

    def parts(text: str) -> tuple[str, str]:
        value, _, name = text.partition(",")
        return value.strip(), re.sub(r"[^a-z0-9]", "", name.lower())

    return parts(one) in [parts(o) for o in other.split(";")]


def hyphened(algorithm: str) -> str:
    """RFC 5751 writes sha-256; sha1 stays."""
    return algorithm if algorithm == "sha1" else algorithm.replace("sha", "sha-")


def plain_algorithm(name: str) -> str:
    """As hashlib knows it; "" for one that we do not."""
    found = re.sub(r"[^a-z0-9]", "", name.lower())
    return found if found in cms.DIGESTS else ""


def named(as2_id: str) -> str:
    """AS2-From and AS2-To: quoted when it is no plain token (RFC 4130 6.2)."""
    if re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", as2_id):
        return as2_id
    return '"' + as2_id.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unnamed(header: str) -> str:
    text = header.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def message_id(header: str) -> str:
    """Without its angle brackets; "" when it is none."""
    found = MESSAGE_ID.match(header.strip())
    return found[1].rstrip(">") if found else ""


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(station: Station, payload: bytes, media_type: str, filename: str, identifier: str) -> Message:
    """Raises ValueError naming the certificate that is missing."""
    s = station.settings
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
    content = EDI_TYPES.get(media_type, media_type)
    head = {
        "Content-Type": content,
        "Content-Transfer-Encoding": "binary",
        "Content-Disposition": f'attachment; filename="{safe}"',
    }
    inner = mime.entity(head, payload)
    # RFC 5402: of what is compressed and not signed, over the uncompressed entity
    checked = inner if s.encrypt or s.compress else payload
    headers, body = head, payload
    if s.compress:
        headers, body = _wrapped("compressed-data", "smime.p7z", cms.compress(inner))
        inner = mime.entity(headers, body)
    if s.sign:
        if not station.own:
            raise ValueError("expected a certificate of ours with its key, to sign with")
        checked = inner
        signature = cms.sign(inner, station.own[0], s.digest)
        algorithm = s.digest if s.digest != "sha1" else "sha256"
        type_, body = mime.multipart(
            "signed",
            [inner, _signature(signature)],
            protocol="application/pkcs7-signature",
            micalg=hyphened(algorithm),
        )
        headers = {"Content-Type": type_}
        inner = mime.entity(headers, body)
    if s.encrypt:
        if not station.theirs:
            raise ValueError("expected a certificate of the partner, to encrypt to")
        headers, body = _wrapped("enveloped-data", "smime.p7m", cms.encrypt(inner, station.theirs[0], s.cipher))
    digests = [_digest(s)] if s.mdn_signed else [_digest(s), "sha1"]  # RFC 4130: SHA-1 where nothing is agreed
    told = "; ".join(mic(checked, d) for d in dict.fromkeys(digests))
    return Message({**_addressed(s, identifier), **headers}, body, told)


def _digest(s: As2) -> str:
    return s.digest if s.digest != "sha1" or not s.sign else "sha256"


def _wrapped(smime_type: str, filename: str, der: bytes) -> tuple[dict[str, str], bytes]:
    head = {
        "Content-Type": f'application/pkcs7-mime; smime-type={smime_type}; name="{filename}"',
        "Content-Transfer-Encoding": "binary",
        "Content-Disposition": f'attachment; filename="{filename}"',
    }
    return head, der


def _signature(der: bytes) -> bytes:
    head = {
        "Content-Type": 'application/pkcs7-signature; name="smime.p7s"',
        "Content-Transfer-Encoding": "base64",
        "Content-Disposition": 'attachment; filename="smime.p7s"',
    }
    return mime.entity(head, base64.encodebytes(der).replace(b"\n", b"\r\n"))


def signed_entity(station: Station, inner: bytes, digest: str) -> tuple[str, bytes]:
    """(content type, body) of an entity of ours with a signature, as a receipt is."""
    signature = cms.sign(inner, station.own[0], digest)
    algorithm = digest if digest != "sha1" else "sha256"
    parts = [inner, _signature(signature)]
    return mime.multipart("signed", parts, protocol="application/pkcs7-signature", micalg=hyphened(algorithm))


def _addressed(s: As2, identifier: str) -> dict[str, str]:
    headers = {
        "AS2-Version": "1.2",
        "AS2-From": named(s.our_id),
        "AS2-To": named(s.their_id),
        "Message-ID": f"<{identifier}>",
        "Date": formatdate(usegmt=True),
        "Subject": "EDI",
        "MIME-Version": "1.0",
    }
    if s.mdn != "none":
        headers["Disposition-Notification-To"] = s.mdn_url or "edi@crossdock.invalid"
        if s.mdn_signed:
            headers["Disposition-Notification-Options"] = (
                "signed-receipt-protocol=optional, pkcs7-signature; "
                f"signed-receipt-micalg=optional, {hyphened(_digest(s))}"
            )
    if s.mdn == "async":
        headers["Receipt-Delivery-Option"] = s.mdn_url
    return headers


# ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Layers:
    """What was taken off so far."""

    signed: bool = False
    encrypted: bool = False
    compressed: bool = False


def open_(station: Station, headers: Mapping[str, str], body: bytes, algorithm: str) -> Opened:
    """Down to the document, layer by layer. algorithm: of the MIC, as the sender asks for it. Raises Refused.

    What was encrypted and is not verified fails in one way, whatever went wrong within: told apart, bad padding and a
    bad signature would let anybody who recorded a message have it deciphered by our answers to altered copies.
    """
    layers = _Layers()
    try:
        return _open(station, mime.of_request(headers, body), algorithm, layers)
    except cms.NotForUs:
        raise Refused("decryption-failed", "It is not encrypted to a certificate of ours.") from None
    except (mime.Malformed, cms.Undecryptable, cms.Uncompressible, cms.Unverified) as e:
        if layers.encrypted and not layers.signed:
            raise Refused(
                "authentication-failed",
                "It is encrypted to a certificate of ours; it is damaged, or not signed with one that we hold of you.",
            ) from e
        match e:
            case mime.Malformed():
                raise Refused("unexpected-processing-error", f"The message cannot be read: {e}.") from e
            case cms.Undecryptable():
                raise Refused("decryption-failed", "It does not decrypt.") from e
            case cms.Uncompressible():
                raise Refused("decompression-failed", f"It cannot be decompressed: {e}.") from e
            case cms.Unverified():
                raise Refused("authentication-failed", f"Its signature does not hold: {e}.") from e


def _open(station: Station, entity: mime.Entity, algorithm: str, layers: _Layers) -> Opened:
    checked: bytes | None = None
    s = station.settings
    for _ in range(MOST_LAYERS):
        if entity.type in ENVELOPE_TYPES:
            kind = entity.parameter("smime-type").lower()
            if kind == "compressed-data":
                layers.compressed = True
                entity = mime.parse(cms.decompress(entity.content(), station.max_bytes))
            elif not layers.encrypted:
                layers.encrypted = True
                entity = mime.parse(cms.decrypt(entity.content(), station.own))
            else:
                break
        elif entity.type == "multipart/signed" and not layers.signed:
            # RFC 4130 7.4.3: the algorithm of the MIC is that of the signature, whatever else is asked for
            algorithm = plain_algorithm(entity.parameter("micalg")) or algorithm
            entity, checked = _verified(station, entity)
            layers.signed = True
        else:
            break
    if s.require_signature and not layers.signed:
        if layers.encrypted:
            raise cms.Unverified("it has no signature")
        raise Refused("insufficient-message-security", "Expected a signed message, found one without a signature.")
    if s.require_encryption and not layers.encrypted:
        raise Refused("insufficient-message-security", "Expected an encrypted message, found one in the clear.")
    payload = entity.content()
    if len(payload) > station.max_bytes:
        raise Refused("unexpected-processing-error", f"Expected at most {station.max_bytes} bytes.")
    if checked is None:
        checked = entity.raw if layers.encrypted or layers.compressed else payload
    return Opened(payload, entity.filename, mic(checked, algorithm), layers.signed, layers.encrypted)


def _verified(station: Station, entity: mime.Entity) -> tuple[mime.Entity, bytes]:
    parts = entity.parts()
    if len(parts) != 2 or parts[1].type not in SIGNATURE_TYPES:
        raise mime.Malformed("expected a part and its signature")
    content, signature = parts
    weak = station.settings.digest == "sha1"
    try:
        cms.verify(content.raw, signature.content(), station.theirs, sha1=weak)
        return content, content.raw
    except cms.Unverified:
        rewritten = mime.canonical(content.raw)
        if rewritten == content.raw:
            raise
        cms.verify(rewritten, signature.content(), station.theirs, sha1=weak)
        return mime.parse(rewritten), rewritten
