"""The one HTTP client.

Every transport error is an unknown outcome, unless it is certain that nothing left: the guard refused, the name did
not resolve, no connection came about. The library reports a connection that was lost after sending as a connection
error too, so its error class decides nothing; the layer named in its causes does.

Nothing is ever sent twice by itself, no redirect is followed, no proxy or cookie is used.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from opentelemetry.trace import SpanKind
from pyreqwest.client import Client as Pool
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import (
    BodyDecodeError,
    BuilderError,
    ClientClosedError,
    DecodeError,
    DetailedPyreqwestError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.response import Response as Answer

from crossdock import __version__, telemetry
from crossdock.outbound.exchange import Exchange, Kind, Request, Response, Sent, TransportProblem, record
from crossdock.outbound.guard import Guard, Refusal, Route

MAX_BODY = 8 * 1024 * 1024
PIN_S = 60.0  # how long a judged address is used before the name is resolved and judged again
MAX_POOLS = 256  # origins with open connections; the least recently used one is closed beyond it

_PLAIN_ORIGIN = re.compile(r"(https?://[a-z0-9.-]+(?::[0-9]+)?)(?=[/?]|\Z)")

Recorder = Callable[[Exchange], None]


@dataclass(slots=True)
class _Pinned:
    pool: Pool
    address: str
    judged_at: float


class Client:
    """allow: origins that may be internal. record: gets every exchange, redacted, as soon as it is over.

    max_body: bytes of an answer, after decompression. The time-outs are for connecting, for any one read, and for
    the whole exchange unless the request states its own.
    """

    def __init__(
        self,
        allow: Sequence[str] = (),
        *,
        connect_timeout: timedelta = timedelta(seconds=3),
        read_timeout: timedelta = timedelta(seconds=10),
        timeout: timedelta = timedelta(seconds=15),
        max_body: int = MAX_BODY,
        idle_per_host: int = 64,
        record: Recorder | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._guard = guard or Guard(allow)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._timeout = timeout
        self._max_body = max_body
        self._idle_per_host = idle_per_host
        self._record = record
        self._open = self._builder().build()  # for exempt origins and literal addresses: nothing to pin
        self._pinned: OrderedDict[str, _Pinned] = OrderedDict()
        self._failures: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        pools = [self._open, *(p.pool for p in self._pinned.values())]
        self._pinned.clear()
        for pool in pools:
            await pool.close()

    async def send(self, request: Request) -> Response | TransportProblem:
        """Sends once. Raises nothing but cancellation, after which the outcome is unknown as well."""
        started_at, start = time.time(), time.perf_counter()
        if not telemetry.traced():
            traceparent = request.traceparent or telemetry.traceparent()
            answer = await self._send(request, traceparent)
            self._keep_record(request, answer, started_at, start, traceparent)
            return answer
        with telemetry.span(
            f"http {request.method}",
            request.traceparent or None,
            kind=SpanKind.CLIENT,
            **{"http.request.method": request.method, **{f"crossdock.{k}": v for k, v in request.labels.items()}},
        ) as span:
            traceparent = telemetry.traceparent() or request.traceparent
            answer = await self._send(request, traceparent)
            if isinstance(answer, Response):
                span.set_attribute("http.response.status_code", answer.status)
            else:
                telemetry.mark_failed(span, f"{answer.kind}: {answer.detail}")
        self._keep_record(request, answer, started_at, start, traceparent)
        return answer

    def _keep_record(
        self, request: Request, answer: Response | TransportProblem, started_at: float, start: float, traceparent: str
    ) -> None:
        if self._record is not None:
            seconds = time.perf_counter() - start
            self._record(record(request, answer, started_at, seconds, telemetry.trace_id(traceparent)))

    async def _send(self, request: Request, traceparent: str) -> Response | TransportProblem:
        pool = await self._pool(request.url)
        if isinstance(pool, TransportProblem):
            return pool
        heard = False
        try:
            builder = pool.request(request.method, request.url).timeout(request.timeout or self._timeout)
            if traceparent:
                builder = builder.header("traceparent", traceparent)
            for name, value in request.headers.items():
                builder = builder.header(name, value, is_sensitive=telemetry.secret_name(name))
            for name, value in request.credentials.items():
                builder = builder.header(name, value, is_sensitive=True)
            if request.body:
                builder = builder.body_bytes(request.body)
            # No read-ahead: the head is an answer by itself, and tells that the request arrived.
            async with builder.streamed_read_buffer_limit(0).build_streamed() as answer:
                heard = True
                body = await self._body(answer)
                if body is None:
                    return TransportProblem(
                        Kind.TOO_LARGE, Sent.YES, f"expected an answer of at most {self._max_body} bytes, found more"
                    )
                return Response(status=answer.status, headers=_headers(answer), body=body)
        except ValueError as problem:  # also BuilderError: nothing was built, hence nothing sent
            if heard or (isinstance(problem, PyreqwestError) and not isinstance(problem, BuilderError)):
                raise
            return TransportProblem(Kind.INVALID, Sent.NO, str(problem))
        except PyreqwestError as problem:
            return self._problem(problem, heard=heard, url=request.url)

    async def _body(self, answer: Answer) -> bytes | None:
        """The whole body, or None as soon as it exceeds the limit: an endless stream ends here."""
        stated = answer.get_header("content-length")
        if stated is not None and stated.isdigit() and int(stated) > self._max_body:
            return None
        reader, chunks, size = answer.body_reader, list[bytes](), 0
        while (chunk := await reader.read_chunk()) is not None:
            size += len(chunk)
            if size > self._max_body:
                return None
            chunks.append(bytes(chunk))
        return b"".join(chunks)

    # ── pools ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _pool(self, url: str) -> Pool | TransportProblem:
        origin = _origin(url)
        known = self._pinned.get(origin)
        if known is not None and time.monotonic() - known.judged_at < PIN_S:
            self._pinned.move_to_end(origin)
            return known.pool
        if origin in self._guard.allowed:  # exempt, and plainly written: what `route` would find out by parsing
            return self._open
        route = await self._guard.route(url)
        if isinstance(route, Refusal):
            kind = Kind.RESOLUTION if route.temporary else Kind.REFUSED
            return TransportProblem(kind, Sent.NO, route.detail)
        return self._pin(route) if route.addresses else self._open

    def _pin(self, route: Route) -> Pool:
        known = self._pinned.get(route.origin)
        if known is not None and known.address in route.addresses:
            known.judged_at = time.monotonic()
            return known.pool
        address = route.addresses[self._failures.get(route.origin, 0) % len(route.addresses)]
        pool = self._builder().resolve(route.host, address, route.port).build()
        self._pinned[route.origin] = _Pinned(pool, address, time.monotonic())
        if len(self._pinned) > MAX_POOLS:
            # Dropped, not closed: a request under way on it may finish.
            old, _ = self._pinned.popitem(last=False)
            self._failures.pop(old, None)
        return pool

    def _builder(self) -> ClientBuilder:
        return (
            ClientBuilder()
            .runtime_multithreaded(False)
            .no_proxy()
            .follow_redirects(False)
            .referer(False)
            .connect_timeout(self._connect_timeout)
            .read_timeout(self._read_timeout)
            .timeout(self._timeout)
            .pool_max_idle_per_host(self._idle_per_host)
            .user_agent(f"crossdock/{__version__}")
        )

    def _problem(self, problem: PyreqwestError, *, heard: bool, url: str) -> TransportProblem:
        causes = _causes(problem)
        detail = causes[-1] if causes else problem.message
        # hyper's own layer for "no connection": name, TCP and TLS come before the first byte of a request.
        if any("client error (Connect)" in cause for cause in causes):
            self._unpin(_origin(url))
            return TransportProblem(Kind.CONNECTION, Sent.NO, detail)
        sent = Sent.YES if heard else Sent.UNKNOWN
        match problem:
            case RequestTimeoutError():
                return TransportProblem(Kind.TIMEOUT, sent, "no complete answer in time")
            case ClientClosedError():
                return TransportProblem(Kind.CLOSED, sent, detail)
            case BodyDecodeError():
                return TransportProblem(Kind.LOST, sent, detail)
            case DecodeError():
                return TransportProblem(Kind.MALFORMED, Sent.YES, detail)
            case _:
                return TransportProblem(Kind.LOST, sent, detail)

    def _unpin(self, origin: str) -> None:
        # The next attempt judges anew and takes the host's next address.
        if self._pinned.pop(origin, None) is not None:
            self._failures[origin] = self._failures.get(origin, 0) + 1


def _origin(url: str) -> str:
    """The origin of a plainly written URL, else "". Anything odd (`http:///x`, `http:\\x`, user@) is parsed in full:
    what this pattern takes for the host must be what the library takes for it, or a judged route could be misused."""
    plain = _PLAIN_ORIGIN.match(url)
    return plain[1] if plain else ""


def _causes(problem: PyreqwestError) -> list[str]:
    if not isinstance(problem, DetailedPyreqwestError):
        return []
    return [cause["message"] for cause in problem.details.get("causes") or []]


def _headers(answer: Answer) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in answer.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
