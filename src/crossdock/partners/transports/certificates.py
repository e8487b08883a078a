"""Certificates: of partners, to verify and to encrypt, and our own, whose private keys lie in the vault.

Several hold at once, so that a new one can be laid beside the old (roll-over): what comes is checked against each that
is not withdrawn and not past its end; what goes out uses the newest whose `valid_from` has come. Nothing here shows a
key, and no table holds one.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from crossdock import audit
from crossdock.db import Tx
from crossdock.errors import NotFound
from crossdock.events.inbox import business_now
from crossdock.partners import intake
from crossdock.partners.transports.as2 import cms
from crossdock.partners.transports.model import ChannelTrouble, wrong
from crossdock.partners.transports.store import SQL

OURS = ""
KEY_BITS = 3072
MOST_PEM = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """usable: may be sent with now. Anything that is listed and not withdrawn may be received with."""

    partner: str
    fingerprint: str
    certificate: x509.Certificate
    key_secret: str
    valid_from: datetime
    not_after: datetime
    withdrawn: bool
    usable: bool

    def plain(self) -> dict[str, Any]:
        return {
            "partner": self.partner or None,
            "fingerprint": self.fingerprint,
            "subject": self.certificate.subject.rfc4514_string(),
            "key_secret": self.key_secret or None,
            "valid_from": self.valid_from,
            "not_after": self.not_after,
            "withdrawn": self.withdrawn,
            "usable": self.usable,
        }


async def add(
    tx: Tx,
    tenant_id: str,
    partner: str,
    pem: str,
    by: str,
    *,
    key_secret: str = "",
    secrets: Mapping[str, Any] | None = None,
    valid_from: datetime | None = None,
) -> str:
    """Adds a certificate; returns its fingerprint. partner "": our own, with the name of its key in the vault.

    Raises PartnerError when it is no certificate, has ended, or its key is not the one that the vault holds.
    """
    certificate = load(pem)
    now = await business_now(tx)
    if certificate.not_valid_after_utc <= now:
        raise wrong("certificate", "one that holds now", certificate.not_valid_after_utc.isoformat(), "Get a new one.")
    if partner == OURS:
        if not key_secret:
            raise wrong("key_secret", "the name of its private key in the vault", "", "Name it.")
        _matching(certificate, key_secret, secrets or {})
    else:
        await intake.context(tx, tenant_id, partner, False)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    await tx.execute(
        SQL["add_certificate"],
        *(tenant_id, partner, fingerprint, certificate.public_bytes(serialization.Encoding.PEM).decode()),
        *(certificate.subject.rfc4514_string()[:500], key_secret or None),
        *(max(valid_from or now, certificate.not_valid_before_utc), certificate.not_valid_after_utc, by),
    )
    detail = {"partner": partner or None, "not_after": certificate.not_valid_after_utc}
    await audit.record(tx, tenant_id, by, "certificate.add", fingerprint, detail)
    return fingerprint


def load(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem[:MOST_PEM].encode())
    except ValueError as e:
        raise wrong("certificate", "a certificate in PEM", pem[:40], "Export it as PEM (BEGIN CERTIFICATE).") from e


def _matching(certificate: x509.Certificate, key_secret: str, secrets: Mapping[str, Any]) -> None:
    try:
        key = cms.private_key(str(secrets[key_secret]))
    except KeyError:
        raise wrong("key_secret", "a secret of the vault", key_secret, "Lay the key down there first.") from None
    except (ValueError, TypeError) as e:
        raise wrong("key_secret", "a private key in PEM, without a passphrase", key_secret, str(e)) from e
    if key.public_key() != certificate.public_key():
        raise wrong("key_secret", "the private key of this certificate", key_secret, "They do not belong together.")


async def held(tx: Tx, tenant_id: str, partner: str | None = None) -> list[Held]:
    """Of a partner ("" is us; None: of all), the one to send with first."""
    rows = await tx.fetch(SQL["certificates"], tenant_id, partner, await business_now(tx))
    return [
        Held(
            partner=r["partner_id"],
            fingerprint=r["fingerprint"],
            certificate=load(r["pem"]),
            key_secret=r["key_secret"] or "",
            valid_from=r["valid_from"],
            not_after=r["not_after"],
            withdrawn=r["withdrawn_at"] is not None,
            usable=r["usable"],
        )
        for r in rows
    ]


async def withdraw(tx: Tx, tenant_id: str, partner: str, fingerprint: str, by: str) -> None:
    """Nothing is believed or encrypted with it any more. Raises NotFound."""
    rows = await tx.fetch(SQL["withdraw_certificate"], tenant_id, partner, fingerprint.lower().replace(":", ""))
    if not rows:
        raise NotFound("No such certificate, or it is withdrawn already.")
    await audit.record(tx, tenant_id, by, "certificate.withdraw", fingerprint, {"partner": partner or None})


async def theirs(tx: Tx, tenant_id: str, partner: str) -> list[x509.Certificate]:
    """To verify with, the one to encrypt with first."""
    now = await business_now(tx)
    return [h.certificate for h in await held(tx, tenant_id, partner) if not h.withdrawn and h.not_after > now]


async def ours(tx: Tx, tenant_id: str, secrets: Mapping[str, Any]) -> list[cms.Identity]:
    """To decrypt with, the one to sign with first. Past its end, what was encrypted to it is still read."""
    found: list[cms.Identity] = []
    for h in await held(tx, tenant_id, OURS):
        if h.withdrawn:
            continue
        try:
            key = await asyncio.to_thread(cms.private_key, str(secrets[h.key_secret]))
        except (KeyError, ValueError, TypeError):
            text = f"Expected the private key of our certificate in the vault, named {h.key_secret!r}; found none."
            raise ChannelTrouble(text) from None
        found.append(cms.Identity(h.certificate, key))
    return found


def self_signed(name: str, days: int, now: datetime | None = None) -> tuple[str, str]:
    """(private key, certificate) in PEM: most AS2 partners exchange such."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    begins = now or datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=True, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - timedelta(minutes=5))
        .not_valid_after(begins + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()
