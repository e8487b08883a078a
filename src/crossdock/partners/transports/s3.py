"""S3, or any store that speaks its interface: list, get, store, then move or delete; put.

Requests are signed here (AWS Signature Version 4, some thirty lines) and sent by the guarded HTTP client, so that an
endpoint which a tenant configures is judged like any other address. An object is there whole or not at all, which is
what the protocol promises; it is known again by its key and entity tag.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from lxml import etree

from crossdock.outbound import Client, Request, Response, TransportProblem
from crossdock.partners.transports.folder import UNFINISHED
from crossdock.partners.transports.model import (
    LOST_AFTER_S,
    Channel,
    ChannelTrouble,
    Delivered,
    Fate,
    Handover,
    Inbound,
    Outbound,
    Parcel,
    PickedUp,
    safe_name,
    secret,
)
from crossdock.partners.transports.settings import S3, read

SERVICE = "s3"
PAGE = 1000
TIMEOUT = timedelta(seconds=60)
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs. Never shown."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        return "Keys(…)"


def signed(
    method: str, url: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, region: str, keys: Keys,
    now: datetime,
) -> dict[str, str]:  # fmt: skip
    """The headers that authorise a request. url: without query, its path encoded as `path_of` does."""
    parts = urlsplit(url)
    stamp, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    digest = hashlib.sha256(body).hexdigest()
    given = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    given |= {k.lower(): " ".join(v.split()) for k, v in headers.items()}
    names = ";".join(sorted(given))
    canonical = "\n".join(
        [
            method,
            parts.path or "/",
            canonical_query(query),
            *(f"{name}:{given[name]}" for name in sorted(given)),
            "",
            names,
            digest,
        ]
    )
    scope = f"{day}/{region}/{SERVICE}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys.secret}".encode()
    for part in (day, region, SERVICE, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"AWS4-HMAC-SHA256 Credential={keys.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {"x-amz-content-sha256": digest, "x-amz-date": stamp, "authorization": authorization}


def canonical_query(query: Mapping[str, str]) -> str:
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))


def path_of(bucket: str, key: str) -> str:
    return f"/{bucket}" + (f"/{quote(key, safe='/-_.~')}" if key else "")


class Bucket:
    def __init__(self, channel: Channel, secrets: Mapping[str, Any], http: Client) -> None:
        s: S3 = read(channel)
        self._channel = channel
        self._s = s
        self._http = http
        self._keys = Keys(
            secret(secrets, s.key_id_secret, "key_id_secret"), secret(secrets, s.key_secret, "key_secret")
        )
        self.inbound: Inbound | None = self
        self.outbound: Outbound | None = self
        self.repeatable, self.receipt_within_s, self.unknown_repeats = True, LOST_AFTER_S, 0  # a key is one object

    async def check(self) -> str:
        found = await self._list(self._s.fetch_prefix, 100)
        more = " or more" if len(found) == 100 else ""
        return f"{len(found)}{more} objects lie under {self._s.fetch_prefix!r} of {self._s.bucket}"

    async def close(self) -> None:
        return

    # ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def pick_up(self) -> AsyncIterator[PickedUp]:
        aside = tuple(p for p in (self._s.done_prefix, self._s.quarantine_prefix, self._s.put_prefix) if p)
        for key, etag, size in await self._list(self._s.fetch_prefix, PAGE):
            inside = any(key.startswith(p) and len(p) > len(self._s.fetch_prefix) for p in aside)
            if inside or key.endswith("/") or key.lower().endswith(UNFINISHED):
                continue
            raw = None
            if size <= self._channel.max_bytes:
                # what was listed, or nothing: an object that changed since is found by the next run
                answer = await self._send("GET", key, headers={"if-match": etag}, also={404, 412})
                if answer.status != 200:
                    continue
                raw, size = answer.body, len(answer.body)
            name = safe_name(key)
            yield PickedUp(key=f"{etag}/{key}", name=name, raw=raw, size_bytes=size, at=key)

    async def settle(self, item: PickedUp, fate: Fate) -> None:
        key = str(item.at)
        into = self._s.quarantine_prefix if fate is Fate.REFUSED else self._s.done_prefix
        if into:
            rest = key.removeprefix(self._s.fetch_prefix).lstrip("/")
            source = path_of(self._s.bucket, key)
            done = await self._send("PUT", into + rest, headers={"x-amz-copy-source": source}, also={404})
            if done.status == 404:
                return  # moved before
        await self._send("DELETE", key, also={404})

    async def _list(self, prefix: str, most: int) -> list[tuple[str, str, int]]:
        """(key, entity tag, size), in the order of their keys."""
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(most)}
        answer = await self._send("GET", "", query=query)
        try:
            root = etree.fromstring(answer.body, _PARSER)
        except etree.XMLSyntaxError as e:
            raise ChannelTrouble(f"{self._s.url} answered with no list of objects: {e}.") from e
        found: list[tuple[str, str, int]] = []
        for entry in root.iterfind("{*}Contents"):
            size = entry.findtext("{*}Size") or "0"
            tag = (entry.findtext("{*}ETag") or "").strip()
            found.append((entry.findtext("{*}Key") or "", tag, int(size) if size.isdigit() else 0))
        return found

    # ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def hand_over(self, parcel: Parcel) -> Handover:
        key = self._s.put_prefix + safe_name(parcel.filename)
        await self._send("PUT", key, headers={"content-type": parcel.media_type}, body=parcel.raw)
        return Delivered(detail=f"{self._s.bucket}/{key}")

    # ── the wire ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _send(
        self, method: str, key: str, *, query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, body: bytes = b"", also: set[int] | None = None,
    ) -> Response:  # fmt: skip
        """Raises ChannelTrouble for any answer but 2xx and those of `also`: an object put twice is one object."""
        url = self._s.url.rstrip("/") + path_of(self._s.bucket, key)
        # signatures are dated by the real clock, whatever business time says
        given = signed(method, url, query or {}, headers or {}, body, self._s.region, self._keys, datetime.now(UTC))
        authorization = given.pop("authorization")
        answer = await self._http.send(
            Request(
                method=method,
                url=url + (f"?{canonical_query(query)}" if query else ""),
                headers={**(headers or {}), **given},
                credentials={"authorization": authorization},
                body=body,
                timeout=TIMEOUT,
                labels={"tenant": self._channel.tenant_id, "channel": self._channel.id},
            )
        )
        if isinstance(answer, TransportProblem):
            raise ChannelTrouble(f"{self._s.url}: {answer.kind}: {answer.detail}")
        if not 200 <= answer.status < 300 and answer.status not in (also or set()):
            said = answer.body[:300].decode("utf-8", "replace")
            raise ChannelTrouble(f"{method} {self._s.bucket}/{key}: expected 2xx, found {answer.status}: {said}")
        # a copy may fail after its 200 has begun
        if method == "PUT" and b"<Error>" in answer.body[:500]:
            raise ChannelTrouble(f"{method} {self._s.bucket}/{key}: {answer.body[:300].decode('utf-8', 'replace')}")
        return answer
