"""AS2 messages: signed, sealed, compressed and opened; and read by an implementation that is not ours (OpenSSL)."""

import random
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from crossdock.partners.transports.as2 import cms, message, mime, receipt
from crossdock.partners.transports.as2.message import Refused, Station
from crossdock.partners.transports.certificates import self_signed
from crossdock.partners.transports.model import Delivered, Rejected, Unknown
from crossdock.partners.transports.settings import As2

OPENSSL = shutil.which("openssl")
EDI = b"ISA*00*~GS*PO~\r\nIEA*1~\n\x00\xff--=_boundary\r\n"


def identity(name: str) -> tuple[cms.Identity, str, str]:
    key, certificate = self_signed(name, 30)
    return cms.Identity(x509.load_pem_x509_certificate(certificate.encode()), cms.private_key(key)), key, certificate


US, US_KEY, US_PEM = identity("us")
THEM, THEM_KEY, THEM_PEM = identity("them")
STRANGER, _, _ = identity("stranger")


def ends(**settings: Any) -> tuple[Station, Station]:
    """Both ends of one way: ours and theirs."""
    ours = As2(our_id="US", their_id="THEM Inc", url="https://them.example/as2", **settings)
    theirs = msgspec.structs.replace(ours, our_id="THEM Inc", their_id="US")
    return Station(ours, (US,), (THEM.certificate,)), Station(theirs, (THEM,), (US.certificate,))


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {k.lower(): v for k, v in headers.items()}


def sent(station: Station, payload: bytes = EDI) -> message.Message:
    return message.write(station, payload, "application/edi-x12", "order 1.edi", "m1@us")


LAYERS = [(sign, encrypt, compress) for sign in (0, 1) for encrypt in (0, 1) for compress in (0, 1)]


@pytest.mark.parametrize(("sign", "encrypt", "compress"), LAYERS)
def test_what_was_sent_is_opened_with_the_same_digest(sign: int, encrypt: int, compress: int):
    wanted = {"require_signature": bool(sign), "require_encryption": bool(encrypt)}
    us, them = ends(sign=bool(sign), encrypt=bool(encrypt), compress=bool(compress), **wanted)
    out = sent(us)
    opened = message.open_(them, lowered(out.headers), out.body, "sha256")
    assert opened.payload == EDI
    assert opened.filename == "order_1.edi"
    assert (opened.signed, opened.encrypted) == (bool(sign), bool(encrypt))
    assert message.same_mic(opened.mic, out.mic)
    if encrypt:
        assert b"ISA*" not in out.body


@given(st.binary(max_size=3000))
def test_any_bytes_come_through(payload: bytes):
    us, them = ends(encrypt=False, require_encryption=False)
    out = message.write(us, payload, "application/edifact", "x", "m@us")
    assert message.open_(them, lowered(out.headers), out.body, "sha256").payload == payload


TYPES = (
    "application/pkcs7-mime; smime-type=enveloped-data",
    "application/pkcs7-mime; smime-type=compressed-data",
    'multipart/signed; boundary="b"',
    "text/plain",
    "x",
)


@given(st.binary(max_size=600), st.sampled_from(TYPES))
def test_any_bytes_are_opened_or_refused(body: bytes, type_: str):
    _, them = ends()
    with pytest.raises(Refused):
        message.open_(them, {"content-type": type_}, body, "sha256")


@pytest.mark.parametrize(
    ("change", "modifier"),
    [
        ("another signer", "authentication-failed"),
        ("content changed", "authentication-failed"),
        ("not signed", "authentication-failed"),
        ("not encrypted", "insufficient-message-security"),
        ("encrypted to another", "decryption-failed"),
        ("cut short", "authentication-failed"),
        ("a bomb", "decompression-failed"),
    ],
)
def test_what_does_not_hold_is_refused_with_the_word_for_it(change: str, modifier: str):
    us, them = ends()
    payload = EDI
    match change:
        case "another signer":
            us = replace(us, own=(STRANGER,))
        case "not signed":
            us, _ = ends(sign=False)
        case "not encrypted":
            us, _ = ends(encrypt=False)
        case "encrypted to another":
            us = replace(us, theirs=(STRANGER.certificate,))
        case "a bomb":
            us, them = ends(compress=True)
            payload = bytes(50_000_000)
        case _:
            us, them = ends(encrypt=change == "cut short", require_encryption=change == "cut short")
    out = sent(us, payload)
    body = out.body
    if change == "content changed":
        body = body.replace(b"GS*PO", b"GS*XX")
    if change == "cut short":
        body = body[:-16]
    with pytest.raises(Refused) as refused:
        message.open_(them, lowered(out.headers), body, "sha256")
    assert refused.value.modifier == modifier


@pytest.mark.parametrize("require_signature", [True, False])
def test_altered_copies_of_an_encrypted_message_are_answered_in_one_way(require_signature: bool):
    """Bad padding, bad structure and a bad signature told apart would let anybody decipher what was recorded."""
    us, them = ends(require_signature=require_signature)
    out = sent(us, EDI)
    rng = random.Random(4)
    told: set[tuple[str, str]] = set()
    for n in range(300):
        body = bytearray(out.body)
        at = len(body) - 1 - (n % 64 if n < 128 else rng.randrange(len(out.body) // 2))
        body[at] ^= rng.randrange(1, 256)
        with pytest.raises(Refused) as refused:
            message.open_(them, lowered(out.headers), bytes(body), "sha256")
        told.add((refused.value.modifier, str(refused.value)))
    assert len(told) == 1
    assert {modifier for modifier, _ in told} == {"authentication-failed"}


def test_a_certificate_inside_of_the_message_is_not_believed():
    """The signature is right, and by a certificate that comes with it: anybody can make one."""
    signature = cms.sign(EDI, STRANGER, "sha256")
    with pytest.raises(cms.Unverified):
        cms.verify(EDI, signature, [US.certificate])
    assert cms.verify(EDI, signature, [US.certificate, STRANGER.certificate]) == STRANGER.certificate


def test_old_and_new_certificates_hold_side_by_side():
    us, them = ends()
    new, _, _ = identity("us again")
    both = replace(them, theirs=(us.own[0].certificate, new.certificate), own=(STRANGER, *them.own))
    for signer in (us.own[0], new):
        out = sent(replace(us, own=(signer,)))
        assert message.open_(both, lowered(out.headers), out.body, "sha256").payload == EDI


# ── receipts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def answered(them: Station, out: message.Message, **more: Any) -> tuple[dict[str, str], bytes]:
    asked = receipt.wanted(lowered(out.headers))
    opened = message.open_(them, lowered(out.headers), out.body, asked.algorithm)
    headers, body = receipt.write(them, "US", "m1@us", asked, **{"mic": opened.mic, **more})
    return lowered(headers), body


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512", "sha1"])
def test_a_receipt_settles_what_it_names(digest: str):
    us, them = ends(digest=digest)
    out = sent(us)
    headers, body = answered(them, out)
    assert receipt.is_receipt(headers["content-type"], body)
    found = receipt.read(us, headers, body)
    assert (found.about, found.signed) == ("m1@us", True)
    assert isinstance(receipt.judge(found, us, out.mic, body), Delivered)


def test_the_digest_of_a_signed_message_is_that_of_its_signature_whatever_is_asked_for():
    us, them = ends(digest="sha512")
    out = sent(us)
    opened = message.open_(them, lowered(out.headers), out.body, "sha256")
    assert opened.mic.endswith("sha-512")
    assert message.same_mic(opened.mic, out.mic)


def test_a_receipt_for_something_else_or_of_an_error_is_a_refusal_and_an_unsigned_one_says_nothing():
    us, them = ends()
    out = sent(us)
    for more in ({"mic": message.mic(b"other", "sha256")}, {"mic": ""}, {"error": "decryption-failed", "mic": ""}):
        headers, body = answered(them, out, **more)
        assert isinstance(receipt.judge(receipt.read(us, headers, body), us, out.mic, body), Rejected)
    headers, body = receipt.write(
        replace(them, own=()), "US", "m1@us", receipt.wanted(lowered(out.headers)), mic=out.mic
    )
    assert isinstance(receipt.judge(receipt.read(us, lowered(headers), body), us, out.mic, body), Unknown)


def test_a_forged_receipt_is_not_believed():
    us, them = ends()
    out = sent(us)
    headers, body = answered(them, out)
    with pytest.raises(cms.Unverified):
        receipt.read(us, headers, body.replace(b"processed", b"PROCESSED"))
    headers, body = receipt.write(
        replace(them, own=(STRANGER,)), "US", "m1@us", receipt.wanted(lowered(out.headers)), mic=out.mic
    )
    with pytest.raises(cms.Unverified):
        receipt.read(us, lowered(headers), body)


def test_names_with_blanks_and_quotes_are_quoted_and_read_back():
    for name in ("ACME", "ACME Inc", 'A "B" \\ C'):
        assert message.unnamed(message.named(name)) == name
    assert message.named("ACME") == "ACME"


def test_a_line_break_cannot_become_a_header():
    with pytest.raises(ValueError, match="line break"):
        mime.entity({"Content-Type": "text/plain\r\nBcc: x"}, b"")


# ── OpenSSL as the other side ───────────────────────────────────────────────────────────────────────────────────────

independent = pytest.mark.skipif(OPENSSL is None, reason="NOT RUN: no openssl here")


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run([str(OPENSSL), *arguments], input=given, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    for name, text in {"us.pem": US_PEM, "us.key": US_KEY, "them.pem": THEM_PEM, "them.key": THEM_KEY}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@independent
def test_openssl_opens_and_verifies_what_we_write(keys: Path):
    us, _ = ends()
    out = sent(us)
    (keys / "m.der").write_bytes(out.body)
    inner = openssl("cms", "-decrypt", "-inform", "DER", "-in", str(keys / "m.der"), "-recip", str(keys / "them.pem"),
                    "-inkey", str(keys / "them.key"))  # fmt: skip
    part, signature = mime.parse(inner).parts()
    (keys / "part").write_bytes(part.raw)
    (keys / "sig").write_bytes(signature.content())
    openssl("cms", "-verify", "-inform", "DER", "-in", str(keys / "sig"), "-content", str(keys / "part"), "-binary",
            "-CAfile", str(keys / "us.pem"), "-purpose", "any", "-out", str(keys / "out"))  # fmt: skip
    assert mime.parse((keys / "out").read_bytes()).content() == EDI


@independent
@pytest.mark.parametrize("cipher", ["-aes128", "-aes256", "-des3"])
@pytest.mark.parametrize("options", [["-md", "sha256"], ["-md", "sha512", "-keyopt", "rsa_padding_mode:pss"],
                                     ["-md", "sha384", "-keyid"]])  # fmt: skip
def test_we_open_and_verify_what_openssl_writes(keys: Path, cipher: str, options: list[str]):
    """Triple DES, PSS, subject key identifiers: as partners' products write them."""
    inner = mime.entity({"Content-Type": "application/EDI-X12"}, EDI)
    (keys / "part").write_bytes(inner)
    signed = openssl("cms", "-sign", "-in", str(keys / "part"), "-binary", "-outform", "DER", "-signer",
                     str(keys / "them.pem"), "-inkey", str(keys / "them.key"), *options)  # fmt: skip
    assert cms.verify(inner, signed, [THEM.certificate]) == THEM.certificate
    type_, body = mime.multipart(
        "signed", [inner, mime.entity({"Content-Type": "application/pkcs7-signature"}, signed)]
    )
    whole = mime.entity({"Content-Type": type_}, body)
    (keys / "whole").write_bytes(whole)
    padding = ["-keyopt", "rsa_padding_mode:oaep"] if "-keyid" in options else []
    sealed = openssl("cms", "-encrypt", "-in", str(keys / "whole"), "-binary", "-outform", "DER", cipher, "-recip",
                     str(keys / "us.pem"), *padding)  # fmt: skip
    us, _ = ends()
    opened = message.open_(us, {"content-type": "application/pkcs7-mime; smime-type=enveloped-data"}, sealed, "sha256")
    assert opened.payload == EDI
    assert opened.mic == message.mic(inner, "sha256")


@independent
def test_sha1_is_read_only_where_the_channel_says_so(keys: Path):
    (keys / "part").write_bytes(EDI)
    signed = openssl("cms", "-sign", "-in", str(keys / "part"), "-binary", "-outform", "DER", "-md", "sha1", "-signer",
                     str(keys / "them.pem"), "-inkey", str(keys / "them.key"))  # fmt: skip
    with pytest.raises(cms.Unverified, match="sha1"):
        cms.verify(EDI, signed, [THEM.certificate])
    assert cms.verify(EDI, signed, [THEM.certificate], sha1=True)
