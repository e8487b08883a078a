"""HTTP with us as the client: each document is posted to the partner's address.

`X-Document-Id` is the same for a retry. Where the partner tells repeated ones by it (`repeatable`), what was lost is
posted again; elsewhere a lost answer is a question for a person.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from crossdock.outbound import Client, Request, Sent, TransportProblem
from crossdock.partners.transports.model import (
    LOST_AFTER_S,
    Channel,
    ChannelTrouble,
    Delivered,
    Handover,
    Inbound,
    Outbound,
    Parcel,
    Rejected,
    Unknown,
    safe_name,
    secret,
)
from crossdock.partners.transports.settings import Http, read

TRY_LATER = {408, 425, 429, 503}


class HttpPost:
    def __init__(self, channel: Channel, secrets: Mapping[str, Any], http: Client) -> None:
        self._channel = channel
        self._s: Http = read(channel)
        self._http = http
        self._secrets = secrets
        self.inbound: Inbound | None = None
        self.outbound: Outbound | None = self
        self.repeatable, self.receipt_within_s, self.unknown_repeats = self._s.repeatable, LOST_AFTER_S, 0

    async def check(self) -> str:
        """Asks whether somebody answers; posts nothing."""
        answer = await self._http.send(Request(method="OPTIONS", url=self._s.url, credentials=self._credentials()))
        if isinstance(answer, TransportProblem):
            raise ChannelTrouble(f"{self._s.url}: {answer.kind}: {answer.detail}")
        return f"{self._s.url} answers ({answer.status} to OPTIONS)"

    async def close(self) -> None:
        return

    def _credentials(self) -> dict[str, str]:
        name = self._s.authorization_secret
        return {"authorization": secret(self._secrets, name, "authorization_secret")} if name else {}

    async def hand_over(self, parcel: Parcel) -> Handover:
        answer = await self._http.send(
            Request(
                method="POST",
                url=self._s.url,
                headers={
                    **self._s.headers,
                    "content-type": parcel.media_type,
                    "content-disposition": f'attachment; filename="{_ascii(parcel.filename)}"',
                    "x-document-id": parcel.message_id,
                },
                credentials=self._credentials(),
                body=parcel.raw,
                timeout=timedelta(seconds=self._s.timeout_s),
                labels={"tenant": self._channel.tenant_id, "channel": self._channel.id},
            )
        )
        if isinstance(answer, TransportProblem):
            if answer.sent is Sent.NO or self._s.repeatable:
                raise ChannelTrouble(f"{self._s.url}: {answer.kind}: {answer.detail}")
            return Unknown(f"It was posted, and no answer came back: {answer.kind}: {answer.detail}.")
        said = answer.body[:300].decode("utf-8", "replace")
        if 200 <= answer.status < 300:
            return Delivered(detail=f"{answer.status}")
        if answer.status in TRY_LATER or (answer.status >= 500 and self._s.repeatable):
            raise ChannelTrouble(f"{self._s.url} answered {answer.status}: {said}")
        if answer.status >= 500:
            return Unknown(f"{self._s.url} answered {answer.status}; it may have taken it. {said}")
        return Rejected(f"{self._s.url} answered {answer.status}: {said}")


def _ascii(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in safe_name(name))
