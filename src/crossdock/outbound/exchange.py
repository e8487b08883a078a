"""What goes out, what comes back, and what is kept of both.

An Exchange is the record of one request and what came of it, for the page that shows an order's calls. It is made
without secrets: no caller ever sees the unredacted pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crossdock import exactjson, telemetry

MAX_RECORDED = 16_384  # characters of a body that are kept: enough for an order of 100 lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """credentials: headers too, but never shown or recorded, whatever their names; nor are their values elsewhere."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    credentials: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = b""
    timeout: timedelta | None = None  # total; None: the client's
    traceparent: str = ""  # "": the current span's
    labels: Mapping[str, str] = field(default_factory=dict[str, str])  # for the recorder: tenant, system, order, …


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """status: any, also a redirect, which is never followed. headers: lower-case names, repeats joined by a comma."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Sent(StrEnum):
    """Whether the other side may have acted on the request."""

    NO = "no"  # certainly not: it never left
    YES = "yes"  # certainly received: an answer began to arrive
    UNKNOWN = "unknown"


class Kind(StrEnum):
    INVALID = "invalid"  # no HTTP request: a header with a line break in it
    REFUSED = "refused"  # by our own guard
    RESOLUTION = "resolution"
    CONNECTION = "connection"  # no connection came about: refused, unreachable, TLS
    TIMEOUT = "timeout"
    LOST = "lost"  # the connection ended before the answer did
    MALFORMED = "malformed"  # not HTTP
    TOO_LARGE = "too_large"
    CLOSED = "closed"  # this client was closed meanwhile


@dataclass(frozen=True, slots=True)
class TransportProblem:
    kind: Kind
    sent: Sent
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came of it, redacted. Bodies are JSON values where they were JSON, else text, cut short."""

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: Any
    status: int | None
    response_headers: Mapping[str, str]
    response_body: Any
    problem: str | None
    started_at: datetime
    duration: timedelta
    labels: Mapping[str, str]
    trace_id: str


def record(
    request: Request, answer: Response | TransportProblem, started_at: float, seconds: float, trace_id: str
) -> Exchange:
    """started_at: Unix time."""
    heard = isinstance(answer, Response)
    return Exchange(
        method=request.method,
        url=redact_url(request.url),
        request_headers=telemetry.redact(request.headers) | dict.fromkeys(request.credentials, telemetry.REDACTED),
        request_body=readable(_without(request.body, request.credentials)),
        status=answer.status if heard else None,
        response_headers=telemetry.redact(answer.headers) if heard else {},
        response_body=readable(_without(answer.body, request.credentials)) if heard else None,
        problem=None if heard else f"{answer.kind}: {telemetry.redact_text(answer.detail)}",
        started_at=datetime.fromtimestamp(started_at, UTC),
        duration=timedelta(seconds=seconds),
        labels=request.labels,
        trace_id=trace_id,
    )


def _without(body: bytes, credentials: Mapping[str, str]) -> bytes:
    """The body without our own credentials, which some systems echo when they refuse them."""
    for value in credentials.values():
        secret = value.rpartition(" ")[2].encode()  # "Bearer x": x
        if len(secret) >= 6:
            body = body.replace(secret, telemetry.REDACTED.encode())
    return body


def readable(body: bytes) -> Any:
    """A body as one may show it: redacted, cut to MAX_RECORDED, and only its size where it is not text."""
    if not body:
        return None
    if len(body) <= MAX_RECORDED:
        try:
            return telemetry.redact(exactjson.loads(body))
        except exactjson.DecodeError:
            pass  # not JSON: shown as text
    try:
        text = body[: MAX_RECORDED * 4].decode()
    except UnicodeDecodeError:
        return f"[{len(body)} bytes]"
    cut = text[:MAX_RECORDED]
    return telemetry.redact_text(cut) + (f" … [{len(body)} bytes in all]" if len(cut) < len(text) else "")


def redact_url(url: str) -> str:
    """The URL without user:password@ and without the values of secret parameters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return telemetry.redact_text(url)
    query = parts.query
    if query:
        pairs = parse_qsl(query, keep_blank_values=True)
        if any(telemetry.secret_name(name) for name, _ in pairs):
            query = urlencode([(n, telemetry.REDACTED if telemetry.secret_name(n) else v) for n, v in pairs])
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query))
