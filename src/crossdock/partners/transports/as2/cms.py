"""Cryptographic messages (RFC 5652): signatures, envelopes, compression (RFC 3274), as far as AS2 needs them.

Signing and enveloping are `cryptography`'s own builders. It has no verification, and opens fewer envelopes than
partners send, so those two are here: `asn1crypto` reads the structure, `cryptography` does all the arithmetic. A
signature counts only if it is made by a certificate that we hold for this partner; certificates inside a message are
not believed. SHA-1 and triple DES are read, because partners still use them, where the channel says so.
"""

import hmac
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from asn1crypto import cms as _cms  # pyright: ignore[reportMissingTypeStubs]
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import pkcs7

# asn1crypto has no types; what is read from it is checked here and leaves as bytes.
cms: Any = _cms

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - read where the channel says so
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_SIGNING: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_CIPHERS = {"aes128": algorithms.AES128, "aes256": algorithms.AES256}


class Unverified(Exception):
    """The signature is not one of the partner's over this content."""


class Undecryptable(Exception):
    """It does not decrypt, or not in a way that we read. Which step failed is never said: an oracle would be."""


class NotForUs(Undecryptable):
    """It names no certificate of ours as its recipient; that much it says in the clear."""


class Uncompressible(Exception):
    """It does not decompress, or to more than is allowed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate of ours with its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    def __repr__(self) -> str:  # the key is shown nowhere
        return f"Identity({self.certificate.subject.rfc4514_string()})"


def private_key(pem: str) -> PrivateKey:
    """Raises ValueError for anything but an RSA or elliptic-curve key in PEM without a passphrase."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError("expected an RSA or elliptic-curve key")
    return key


# ── signatures ──────────────────────────────────────────────────────────────────────────────────────────────────────


def sign(content: bytes, own: Identity, digest: str) -> bytes:
    """A detached signature as DER. `digest` sha1 is for reading only: then SHA-256 is used."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(own.certificate, own.key, _SIGNING.get(digest, hashes.SHA256()))
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])


def verify(
    content: bytes, signature: bytes, trusted: Sequence[x509.Certificate], *, sha1: bool = False
) -> x509.Certificate:
    """The certificate that signed, one of `trusted`. Raises Unverified, saying what was expected."""
    try:
        info = cms.ContentInfo.load(signature, strict=True)
        if info["content_type"].native != "signed_data":
            raise Unverified("expected a signature (SignedData)")
        signers = list(info["content"]["signer_infos"])
        for signer in signers:
            for certificate in trusted:
                if _names(signer["sid"], certificate):
                    _check(content, signer, certificate, sha1)
                    return certificate
    except (ValueError, TypeError, KeyError, RecursionError) as e:
        raise Unverified("the signature cannot be read") from e
    raise Unverified("it is not signed with a certificate that we hold of this partner")


def _names(sid: Any, certificate: x509.Certificate) -> bool:
    """Whether a signer or recipient identifier means this certificate."""
    if sid.name == "issuer_and_serial_number":
        issuer: bytes = sid.chosen["issuer"].dump()
        same = sid.chosen["serial_number"].native == certificate.serial_number
        return same and issuer == certificate.issuer.public_bytes()
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return bool(sid.chosen.native == extension.value.digest)


def _check(content: bytes, signer: Any, certificate: x509.Certificate, sha1: bool) -> None:
    name = str(signer["digest_algorithm"]["algorithm"].native)
    if name not in DIGESTS or (name == "sha1" and not sha1):
        raise Unverified(f"signed with the digest {name}, which is not accepted")
    digest = DIGESTS[name]
    hasher = hashes.Hash(digest)
    hasher.update(content)
    signed = content
    attributes = signer["signed_attrs"]
    if attributes:
        found: dict[str, Any] = {str(a["type"].native): a["values"][0].native for a in attributes}
        # RFC 5652 5.4: "the message-digest attribute … MUST be present" and equals the digest of the content
        if not hmac.compare_digest(bytes(found.get("message_digest") or b""), hasher.finalize()):
            raise Unverified("the content is not what was signed")
        if found.get("content_type") != "data":
            raise Unverified("the signature is not one of data")
        # RFC 5652 5.4: the signature is over the DER of the attributes as SET OF, not under their [0] tag
        signed = b"\x31" + attributes.dump()[1:]
    public = certificate.public_key()
    algorithm = signer["signature_algorithm"]
    try:
        match public, algorithm.signature_algo:
            case rsa.RSAPublicKey(), "rsassa_pkcs1v15":
                public.verify(signer["signature"].native, signed, rsa_padding.PKCS1v15(), digest)
            case rsa.RSAPublicKey(), "rsassa_pss":
                salt = int(algorithm["parameters"]["salt_length"].native)
                public.verify(
                    signer["signature"].native, signed, rsa_padding.PSS(rsa_padding.MGF1(digest), salt), digest
                )
            case ec.EllipticCurvePublicKey(), "ecdsa":
                public.verify(signer["signature"].native, signed, ec.ECDSA(digest))
            case _:
                raise Unverified("signed by a method that is not accepted")
    except InvalidSignature:
        raise Unverified("the signature is not by the key of this certificate") from None


# ── envelopes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def encrypt(content: bytes, recipient: x509.Certificate, cipher: str) -> bytes:
    """An envelope for an RSA certificate, as DER. Raises ValueError for another kind of key."""
    if not isinstance(recipient.public_key(), rsa.RSAPublicKey):
        raise ValueError("expected a certificate with an RSA key, to encrypt to")
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(recipient)
    builder = builder.set_content_encryption_algorithm(_CIPHERS[cipher])
    return builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def decrypt(envelope: bytes, own: Sequence[Identity]) -> bytes:
    """With whichever certificate of ours it is encrypted to. Raises Undecryptable."""
    try:
        info = cms.ContentInfo.load(envelope, strict=True)
        if info["content_type"].native != "enveloped_data":
            raise Undecryptable
        for recipient in info["content"]["recipient_infos"]:
            if recipient.name != "ktri":
                continue
            for identity in own:
                if isinstance(identity.key, rsa.RSAPrivateKey) and _names(
                    recipient.chosen["rid"], identity.certificate
                ):
                    key = _content_key(recipient.chosen, identity.key)
                    return _content(info["content"]["encrypted_content_info"], key)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Undecryptable from None
    raise NotForUs


def _content_key(recipient: Any, key: rsa.RSAPrivateKey) -> bytes:
    algorithm = recipient["key_encryption_algorithm"]
    wrapped: bytes = recipient["encrypted_key"].native
    match str(algorithm["algorithm"].native):
        case "rsaes_pkcs1v15" | "rsa":
            return key.decrypt(wrapped, rsa_padding.PKCS1v15())
        case "rsaes_oaep":
            digest = DIGESTS[str(algorithm["parameters"]["hash_algorithm"]["algorithm"].native)]
            mgf = algorithm["parameters"]["mask_gen_algorithm"]["parameters"]["algorithm"].native
            return key.decrypt(wrapped, rsa_padding.OAEP(rsa_padding.MGF1(DIGESTS[str(mgf)]), digest, None))
        case _:
            raise Undecryptable


def _content(info: Any, key: bytes) -> bytes:
    algorithm = info["content_encryption_algorithm"]
    if algorithm.encryption_mode != "cbc":
        raise Undecryptable
    vector: bytes = algorithm.encryption_iv
    match algorithm.encryption_cipher:
        case "aes":
            cipher, block = algorithms.AES(key), 128
        case "tripledes":
            cipher, block = TripleDES(key), 64
        case _:
            raise Undecryptable
    decryptor = Cipher(cipher, modes.CBC(vector)).decryptor()
    padded = decryptor.update(info["encrypted_content"].native) + decryptor.finalize()
    unpadder = padding.PKCS7(block).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


# ── compression ─────────────────────────────────────────────────────────────────────────────────────────────────────


def compress(content: bytes) -> bytes:
    """RFC 3274, as DER."""
    data = cms.CompressedData(
        {
            "version": "v0",
            "compression_algorithm": {"algorithm": "zlib"},
            "encap_content_info": {"content_type": "data", "content": zlib.compress(content)},
        }
    )
    dumped: bytes = cms.ContentInfo({"content_type": "compressed_data", "content": data}).dump()
    return dumped


def decompress(compressed: bytes, most: int) -> bytes:
    """Raises Uncompressible, also when more than `most` bytes would come of it."""
    try:
        info = cms.ContentInfo.load(compressed, strict=True)
        if info["content_type"].native != "compressed_data":
            raise Uncompressible("expected compressed data")
        packed: bytes = info["content"]["encap_content_info"]["content"].native
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(packed, most + 1)
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error) as e:
        raise Uncompressible("it does not decompress") from e
    if len(content) > most:
        raise Uncompressible(f"it decompresses to more than {most} bytes")
    if not unpacking.eof:
        raise Uncompressible("it ends too early")
    return content
