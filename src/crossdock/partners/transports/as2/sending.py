"""Sending over AS2: one request, and what its answer means.

Nothing is sent again by itself when the answer is lost: the partner may have the document. What is sent once more, by a
person or because the channel allows it, bears the same Message-ID, and a partner that has it answers with the receipt
that it gave before.
"""

import asyncio
import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from crossdock import exactjson
from crossdock.db import Database
from crossdock.outbound import Client, Request, Response, Sent, TransportProblem
from crossdock.partners.transports.as2 import cms, message, mime, receipt
from crossdock.partners.transports.as2.message import Station
from crossdock.partners.transports.model import (
    LOST_AFTER_S,
    Channel,
    ChannelTrouble,
    Delivered,
    Handover,
    Inbound,
    Outbound,
    Parcel,
    Pending,
    Rejected,
    Unknown,
    secret,
)
from crossdock.partners.transports.store import SQL

HEADERS = ("as2-version", "as2-from", "as2-to", "message-id", "date", "subject", "mime-version")
TRY_LATER = {429, 503}


class As2:
    """One channel's way out, and its receipts that go by themselves. What comes, comes by the gateway."""

    def __init__(
        self, db: Database, channel: Channel, station: Station, http: Client, secrets: Mapping[str, Any]
    ) -> None:
        self._db = db
        self._channel = channel
        self._station = station
        self._http = http
        self._secrets = secrets
        s = station.settings
        self.inbound: Inbound | None = None
        self.outbound: Outbound | None = self
        self.repeatable = False
        self.receipt_within_s = max(LOST_AFTER_S, float(s.mdn_within_s) if s.mdn == "async" else 0.0)
        self.unknown_repeats = s.unknown_repeats

    async def check(self) -> str:
        """Writes a message and sends none."""
        s = self._station.settings
        try:
            await asyncio.to_thread(message.write, self._station, b"", "application/EDI-X12", "test", "test@crossdock")
        except ValueError as e:
            raise ChannelTrouble(str(e)) from e
        if not self._station.own and (s.require_encryption or s.mdn_signed):
            raise ChannelTrouble("Expected a certificate of ours with its key; add one.")
        if not self._station.theirs and s.require_signature:
            raise ChannelTrouble("Expected a certificate of the partner; add one.")
        ends = min((c.not_valid_after_utc for c in self._station.theirs), default=None)
        until = f"; the partner's first certificate ends on {ends:%Y-%m-%d}" if ends else ""
        return f"certificates are there, and a message can be written{until}. Nothing was sent."

    async def close(self) -> None:
        return

    async def hand_over(self, parcel: Parcel) -> Handover:
        s = self._station.settings
        try:
            written = await asyncio.to_thread(
                message.write, self._station, parcel.raw, parcel.media_type, parcel.filename, parcel.message_id
            )
        except ValueError as e:
            raise ChannelTrouble(str(e)) from e
        async with self._db.transaction(self._channel.tenant_id) as tx:
            at = (self._channel.tenant_id, parcel.document_id, parcel.number)
            await tx.execute(SQL["digest"], *at, written.mic)
        answer = await self._http.send(
            Request(
                method="POST",
                url=s.url,
                headers=written.headers,
                credentials=self._credentials(),
                body=written.body,
                timeout=timedelta(seconds=s.timeout_s),
                labels={"tenant": self._channel.tenant_id, "channel": self._channel.id},
            )
        )
        if isinstance(answer, TransportProblem):
            if answer.sent is Sent.NO:
                raise ChannelTrouble(f"{s.url}: {answer.kind}: {answer.detail}")
            return Unknown(f"It was sent, and no answer came back: {answer.kind}: {answer.detail}.")
        return self._judged(answer, written.mic)

    def _credentials(self) -> dict[str, str]:
        name = self._station.settings.authorization_secret
        return {"Authorization": secret(self._secrets, name, "authorization_secret")} if name else {}

    def _judged(self, answer: Response, mic: str) -> Handover:
        s = self._station.settings
        if answer.status in TRY_LATER:
            raise ChannelTrouble(f"{s.url} answered {answer.status}: it takes nothing now.")
        if 300 <= answer.status < 500:
            return Rejected(f"{s.url} answered {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}")
        if answer.status >= 500:
            return Unknown(f"{s.url} answered {answer.status}; it may have stored the message.")
        if s.mdn == "none":
            return Delivered(detail=f"HTTP {answer.status}; no receipt was asked for", mic=mic)
        if receipt.is_receipt(answer.headers.get("content-type", ""), answer.body):
            try:
                found = receipt.read(self._station, answer.headers, answer.body)
            except (mime.Malformed, cms.Unverified) as e:
                return Unknown(f"The receipt cannot be believed: {e}.")
            return receipt.judge(found, self._station, mic, answer.body)
        if s.mdn == "async":
            return Pending(detail="sent; its receipt comes by itself", mic=mic)
        return Unknown(f"{s.url} answered {answer.status} without a receipt.")

    # ── receipts of ours that go by themselves ───────────────────────────────────────────────────────────────────

    async def answer_due(self) -> int:
        """Posts the receipts that were asked for asynchronously; a lost one goes again, which harms nobody."""
        tenant_id, done = self._channel.tenant_id, 0
        async with self._db.transaction(tenant_id) as tx:
            rows = await tx.fetch(SQL["answers_due"], tenant_id, self._channel.id)
        for row in rows:
            answer = exactjson.loads(row["answer"])
            posted = await self._http.send(
                Request(
                    method="POST",
                    url=answer["url"],
                    headers=answer["headers"],
                    body=base64.b64decode(answer["body"]),
                    timeout=timedelta(seconds=self._station.settings.timeout_s),
                )
            )
            if not isinstance(posted, Response) or posted.status >= 300:
                why = posted.detail if isinstance(posted, TransportProblem) else f"status {posted.status}"
                raise ChannelTrouble(f"A receipt could not be given to {answer['url']}: {why}")
            async with self._db.transaction(tenant_id) as tx:
                await tx.execute(SQL["answered"], tenant_id, self._channel.id, row["key"])
            done += 1
        return done
