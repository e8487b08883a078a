"""What one may send, and how often one may try: sizes of bodies, the one character that no text may hold, and attempts
to sign in."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossdock.cases import files
from crossdock.gateway import problems
from crossdock.partners import bench
from crossdock.partners.model import MAX_BYTES

BODY = 1024 * 1024
# so that intake itself says what is too large, in a partner's words
BODIES = {"/api/intake": MAX_BYTES + 1, "/api/test-bench": bench.MAX_BYTES + 1}
DISCARDED = 64 * 1024 * 1024  # of a body that is refused; who sends more is cut off
DISCARDED_WITHIN_S = 20.0
FILES = re.compile(r"/api/cases/[^/]+/files")
FILE_BYTES = files.MOST_BYTES + 1
AS2 = "/as2/"
AS2_BYTES = MAX_BYTES * 3 // 2  # a document in base64 with its signature
CXML = "/cxml/"
CXML_BYTES = 8 * 1024 * 1024  # read before its sender is believed
RAW = (AS2, CXML)  # bytes that are no JSON of ours

# PostgreSQL keeps no NUL in text. In JSON it is a byte, or an escape whose backslash is not itself escaped.
NUL_IN_JSON = re.compile(rb"\x00|(?<!\\)(?:\\\\)*\\u0000")
NO_NUL = "Text may not hold the character NUL (U+0000). Leave it out and send it again."

ATTEMPTS = 30  # of one address; people behind one proxy share it, and each account has its own lock besides
WINDOW_S = 60.0
ADDRESSES = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Attempts:
    """A bucket of attempts for each address, filled again evenly; the addresses seen longest ago are forgotten."""

    def __init__(
        self, most: int = ATTEMPTS, window_s: float = WINDOW_S, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._rate, self._now = most, most / window_s, now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allows(self, address: str) -> bool:
        """Takes one, if there is one."""
        try:
            self.take(address)
        except problems.TooMany:
            return False
        return True

    def take(self, address: str) -> None:
        """Raises problems.TooMany when the bucket is empty."""
        now = self._now()
        bucket = self._buckets.pop(address, None) or _Bucket(self._most, now)
        bucket.left = min(self._most, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        self._buckets[address] = bucket
        while len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            raise problems.TooMany((1 - bucket.left) / self._rate)
        bucket.left -= 1


async def discard(receive: Receive) -> None:
    """Reads on what nobody wants, within bounds. Whoever is still sending would else find the connection reset, and
    never read the answer; and one that asked first (Expect: 100-continue) is answered without this."""
    left = DISCARDED
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARDED_WITHIN_S):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return


def _of_bytes(path: str) -> bool:
    """Whether a body is a file, of which nothing is asked but its length."""
    return path in BODIES or path.startswith(RAW) or FILES.fullmatch(path) is not None


def _most(path: str) -> int:
    if path.startswith(AS2):
        return AS2_BYTES
    if path.startswith(CXML):
        return CXML_BYTES
    return FILE_BYTES if FILES.fullmatch(path) else BODIES.get(path, BODY)


class BodyLimit:
    """Refuses a body that is too large as soon as that is known: by its declared length, else while it arrives.

    The connection ends with the answer: what is still on the way is nobody's request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = _most(scope["path"])
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > most:
            if (b"expect", b"100-continue") not in scope["headers"]:
                await discard(receive)
            answer = problems.problem(413, "Too large", f"At most {most} bytes are taken here.")
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > most:
                    if message.get("more_body"):
                        await discard(receive)
                    detail = f"Too large: at most {most} bytes are taken here."
                    raise HTTPException(413, detail, {"Connection": "close"})
            return message

        await self._app(scope, counted, send)


class NoNul:
    """Refuses NUL in the path, the query and JSON, before anybody looks it up or stores it.

    Files of partners are judged by intake, in a partner's words.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            await problems.problem(422, "What was sent is not right", NO_NUL)(scope, receive, send)
            return
        body = bytearray()

        async def read() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                body.extend(message.get("body", b""))  # at most BODY, as BodyLimit counts
                if not message.get("more_body") and NUL_IN_JSON.search(body):
                    raise HTTPException(422, NO_NUL)
            return message

        await self._app(scope, receive if _of_bytes(scope["path"]) else read, send)
