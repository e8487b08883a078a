"""Receiving over AS2: opened, stored with its receipt in one transaction, then answered.

The same Message-ID is answered with the same receipt, byte for byte, and stored once. What is refused is told so in its
receipt, and nothing of it is kept: its sender has it. What comes between two ends that no channel has is refused, too,
and goes into quarantine as it is. Asynchronous receipts for what we sent end here.
"""

import asyncio
import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Database, Tx
from crossdock.events.inbox import business_now
from crossdock.partners.transports import certificates, desk, handing, quarantine, store, taking
from crossdock.partners.transports.as2 import cms, message, mime, receipt
from crossdock.partners.transports.as2.message import Refused, Station
from crossdock.partners.transports.desk import Desk
from crossdock.partners.transports.model import Channel, Kind, PickedUp, Secrets, Unknown, safe_name
from crossdock.partners.transports.quarantine import Stranger
from crossdock.partners.transports.settings import As2, read
from crossdock.partners.transports.store import SQL

log = logging.getLogger(__name__)

IN_THREAD_BYTES = 16 * 1024  # opening a larger message leaves the event loop to a thread
# Of a message in quarantine: by these it is opened, and its receipt written, once its sender is known.
OPENED_WITH = (
    "content-type", "content-transfer-encoding", "content-disposition", "mime-version", "subject", "date",
    "disposition-notification-to", "disposition-notification-options",
)  # fmt: skip
GENERIC = As2(our_id="unknown", their_id="unknown", mdn_signed=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back now. receipt_id: stored, and to be carried out after the answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    receipt_id: UUID | None = None


async def station(tx: Tx, channel: Channel, secrets: Secrets) -> Station:
    """Raises ChannelTrouble when a key is missing."""
    own = await certificates.ours(tx, channel.tenant_id, secrets(channel.tenant_id))
    theirs = await certificates.theirs(tx, channel.tenant_id, channel.partner or "")
    return Station(read(channel), own, theirs, channel.max_bytes)


async def receive(
    db: Database,
    tenant_id: str,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Secrets,
    people: Desk,
    may_keep: Callable[[], bool] = lambda: True,
) -> Answer:
    """headers: of the request, with lower-case names. tenant_id exists. may_keep: whether another message of a stranger
    goes into quarantine; the answer to it is the same."""
    sender, receiver = receipt.addressed(headers)
    identifier = message.message_id(headers.get("message-id", ""))
    if not sender or not receiver or not identifier:
        return _plain(400, "Expected the headers AS2-From, AS2-To and Message-ID.")
    about_ours = receipt.is_receipt(headers.get("content-type", ""), body)
    async with db.transaction(tenant_id) as tx:
        channel = await channel_between(tx, tenant_id, sender, receiver)
        if channel is None:
            if not about_ours and may_keep():
                await _set_aside(tx, tenant_id, headers, body, sender, receiver, identifier)
            return _stranger(headers, sender, receiver, identifier)
        known = await station(tx, channel, secrets)
        before = await tx.fetchrow(SQL["arrived"], tenant_id, channel.id, taking.known_by(identifier))
    if about_ours:
        return await _receipt(db, channel, known, headers, body, people)
    asked = receipt.wanted(headers)
    try:
        opened, item = await opened_as(channel, known, headers, body, identifier, asked.algorithm)
    except Refused as e:
        if may_keep():
            async with db.transaction(tenant_id) as tx:
                await _set_aside(tx, tenant_id, headers, body, sender, receiver, identifier, f"It was refused: {e}")
        await _tell(db, channel, identifier, e, people)
        made = receipt.write(known, sender, identifier, asked, error=e.modifier, text=str(e))
        return await _given(known, asked, made, None, authenticated=False)
    if before is not None and before["outcome"] == "stored":
        return await _repeated(db, channel, item, before["answer"], asked)
    made = receipt.write(known, sender, identifier, asked, mic=opened.mic)
    kept = _kept(asked, made)
    receipt_id = await taking.keep(db, channel, item, answer=exactjson.text(kept), answer_due=bool(asked.url))
    if receipt_id is None:  # the same message, at the same moment
        async with db.transaction(tenant_id) as tx:
            before = await tx.fetchrow(SQL["arrived"], tenant_id, channel.id, taking.known_by(identifier))
        return await _repeated(db, channel, item, before["answer"] if before else None, asked)
    async with db.transaction(tenant_id) as tx:
        await tx.execute(SQL["worked"], tenant_id, channel.id)
        if asked.url:
            await store.run_soon(tx, tenant_id, channel.id)
    return await _given(known, asked, made, receipt_id, authenticated=True)


async def channel_between(tx: Tx, tenant_id: str, sender: str, receiver: str) -> Channel | None:
    """The one that is enabled and has these two ends."""
    for channel in await store.of_kind(tx, tenant_id, Kind.AS2):
        if _ends(channel) == (sender, receiver):
            return channel
    return None


def _ends(channel: Channel) -> tuple[str, str]:
    settings: As2 = read(channel)
    return settings.their_id, settings.our_id


async def opened_as(
    channel: Channel, known: Station, headers: Mapping[str, str], body: bytes, identifier: str, algorithm: str
) -> tuple[message.Opened, PickedUp]:
    """The document in a message on this channel. Raises Refused."""
    if not channel.takes:
        raise Refused("unexpected-processing-error", "No documents are taken on this way.")
    opened = await _opened(known, headers, body, algorithm)
    item = PickedUp(
        key=identifier,
        name=safe_name(opened.filename or f"{identifier}.edi"),
        raw=opened.payload,
        size_bytes=len(opened.payload),
        at=None,
        sender=known.settings.their_id,
        partner=channel.partner,
    )
    if reason := taking.refusal(channel, item):
        raise Refused("unexpected-processing-error", reason)
    return opened, item


async def taken_up(
    channel: Channel, known: Station, headers: Mapping[str, str], body: bytes, identifier: str
) -> tuple[PickedUp, str]:
    """A message out of quarantine, and the receipt with which it is answered should it come again. Raises Refused."""
    asked = receipt.wanted(headers)
    opened, item = await opened_as(channel, known, headers, body, identifier, asked.algorithm)
    made = receipt.write(known, known.settings.their_id, identifier, asked, mic=opened.mic)
    return item, exactjson.text(_kept(asked, made))


async def _set_aside(
    tx: Tx, tenant_id: str, headers: Mapping[str, str], body: bytes, sender: str, receiver: str, identifier: str,
    refused: str = "",
) -> None:  # fmt: skip
    """As it was posted: only its partner's channel can open it. What has no room is left with its sender."""
    named = [c for c in await store.find(tx, tenant_id) if c.kind is Kind.AS2 and _ends(c) == (sender, receiver)]
    resting = named[0].id if named else None
    usual = f"The channel {resting} is disabled." if resting else "No AS2 channel goes between these two ends."
    reason = refused or usual
    stranger = Stranger(
        way=Kind.AS2.value, channel=resting, sender=sender, receiver=receiver, reason=reason,
        name=safe_name(headers.get("subject", "") or f"{identifier}.as2"), key=identifier, raw=body,
        headers={k: headers[k] for k in OPENED_WITH if k in headers},
    )  # fmt: skip
    if why := await quarantine.keep(tx, tenant_id, stranger):
        log.warning("an AS2 message of a stranger is not kept: %s", why)


async def _opened(known: Station, headers: Mapping[str, str], body: bytes, algorithm: str) -> message.Opened:
    if len(body) > IN_THREAD_BYTES:
        return await asyncio.to_thread(message.open_, known, headers, body, algorithm)
    return message.open_(known, headers, body, algorithm)


def _plain(status: int, text: str) -> Answer:
    return Answer(status, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())


def _stranger(headers: Mapping[str, str], sender: str, receiver: str, identifier: str) -> Answer:
    """Nobody vouches for it, and its sender learns so. Unsigned: whose station would sign?"""
    text = f"AS2-From {sender[:80]!r} and AS2-To {receiver[:80]!r} are no two ends of a way here."
    asked = receipt.wanted(headers)
    if not asked.receipt or asked.url:
        return _plain(403, text)
    nobody = Station(GENERIC)
    made = receipt.write(nobody, sender, identifier, asked, error="unknown-trading-relationship", text=text)
    return Answer(200, made[0], made[1])


async def _given(
    known: Station, asked: receipt.Wanted, made: tuple[dict[str, str], bytes], receipt_id: UUID | None, *,
    authenticated: bool,
) -> Answer:  # fmt: skip
    """With the answer, or by itself: an address that a sender names is used only when the sender is known to be it."""
    if not asked.receipt:
        return Answer(200 if authenticated else 400, {}, b"", receipt_id)
    if asked.url and authenticated:
        return Answer(200, {}, b"", receipt_id)
    if asked.url and urlsplit(asked.url).hostname != urlsplit(known.settings.url).hostname:
        return Answer(400, {}, b"", receipt_id)
    return Answer(200, made[0], made[1], receipt_id)


def _kept(asked: receipt.Wanted, made: tuple[dict[str, str], bytes]) -> dict[str, Any]:
    return {"url": asked.url, "headers": made[0], "body": base64.b64encode(made[1]).decode()}


async def _repeated(
    db: Database, channel: Channel, item: PickedUp, answer: str | None, asked: receipt.Wanted
) -> Answer:
    """RFC 4130: the same Message-ID is answered as it was."""
    if answer is None or not asked.receipt:
        return Answer(200)
    kept = exactjson.loads(answer)
    if kept["url"]:
        async with db.transaction(channel.tenant_id) as tx:
            await tx.execute(SQL["answer_again"], channel.tenant_id, channel.id, taking.known_by(item.key))
            await store.run_soon(tx, channel.tenant_id, channel.id)
        return Answer(200)
    return Answer(200, kept["headers"], base64.b64decode(kept["body"]))


async def _tell(db: Database, channel: Channel, identifier: str, why: Refused, people: Desk) -> None:
    async with db.transaction(channel.tenant_id) as tx:
        trouble = desk.refused(channel, f"message {identifier}", str(why))
        await people.open(tx, channel.tenant_id, trouble, await business_now(tx))


async def _receipt(
    db: Database, channel: Channel, known: Station, headers: Mapping[str, str], body: bytes, people: Desk
) -> Answer:
    """An asynchronous receipt: it settles the delivery that it names, once."""
    try:
        found = await asyncio.to_thread(receipt.read, known, headers, body)
    except (mime.Malformed, cms.Unverified) as e:
        log.warning("an AS2 receipt of %s cannot be believed: %s", channel.id, e)
        return _plain(400, f"The receipt cannot be believed: {e}.")
    async with db.transaction(channel.tenant_id) as tx:
        row = await tx.fetchrow(SQL["of_message"], channel.tenant_id, found.about)
        if row is None or row["channel_id"] != channel.id:
            return _plain(404, "No message of ours bears this Message-ID.")
        if row["state"] in {"sending", "unknown"} and row["mic"]:
            outcome = receipt.judge(found, known, row["mic"], body)
            if not isinstance(outcome, Unknown):
                await handing.settle(tx, channel, row["document_id"], row["number"], outcome, people)
    return Answer(200)
