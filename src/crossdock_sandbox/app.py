"""The HTTP face: one ASGI application for all systems of all tenants, and the way of one request through it.

A request is read (bounded in size and time), met by a fault if one is due, checked for its key, routed, answered from
memory if its idempotency key is known, and otherwise handled whole in one synchronous call. What may then still go
wrong, by a fault, is the answer.
"""

import asyncio
import hashlib
import hmac
import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from .clock import Agenda, Clock
from .control import Control
from .enterprise import SYSTEMS, Enterprise
from .faults import AFTER_EFFECT, BEFORE_EFFECT, Faults, Kind
from .webhooks import Courier
from .wire import Call, Common, Dialect, Refused, Route, refused
from .world import TENANTS, Distributor, build

log = logging.getLogger("crossdock_sandbox")

# ASGI's own vocabulary is untyped dictionaries; they stay within this module.
Scope = Mapping[str, Any]

BODY_LIMIT_BYTES = 1 << 20
BODY_TIMEOUT_S = 10.0
SLOW_S = 30.0
UNSAFE = frozenset({"POST", "PUT", "DELETE"})


def derived_key(secret: str, purpose: str) -> str:
    """The key of one purpose, so that one secret serves all systems and none can be had from another."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


class Dropped(Exception):
    """The connection shall end without an answer."""


class Table:
    """The routes of one system, found by method and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in routes:
            if "{" in route.path:
                self._patterns.setdefault(tuple(route.path.split("/")), {})[route.method] = route
            else:
                self._exact.setdefault(route.path, {})[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        by_method = self._exact.get(path)
        arguments: dict[str, str] = {}
        if by_method is None:
            parts = path.split("/")
            for pattern, candidates in self._patterns.items():
                if len(pattern) == len(parts) and all(
                    p == part or (part and p.startswith("{")) for p, part in zip(pattern, parts, strict=True)
                ):
                    arguments = {p[1:-1]: part for p, part in zip(pattern, parts, strict=True) if p.startswith("{")}
                    by_method = candidates
                    break
        if by_method is None:
            raise refused(Common.NO_ROUTE, f"There is no {path} here")
        if method not in by_method:
            raise refused(Common.NO_METHOD, f"{path} takes {', '.join(by_method)}, not {method}")
        return by_method[method], arguments


class Place:
    """One system of one tenant as the outside meets it."""

    def __init__(self, tenant: str, dialect: Dialect, routes: Iterable[Route], key: str) -> None:
        self.tenant = tenant
        self.dialect = dialect
        self.table = Table(routes)
        header, value = dialect.credential(tenant, key)
        self.header, self.credential = header.encode(), value.encode()
        self.answers: dict[str, tuple[bytes, int, bytes]] = {}  # idempotency key -> (request digest, status, body)


class Sandbox:
    """hooks_url: where webhooks go, with {tenant} and {system} in it; None sends none.
    worlds: distributors beside the seeded ones; one of the same name takes the seeded one's place.
    """

    def __init__(
        self,
        *,
        secret: str,
        seed: int,
        clock: Clock,
        hooks_url: str | None = None,
        give_up_s: float = 900.0,
        worlds: Iterable[Distributor] = (),
    ) -> None:
        given = {world.tenant: world for world in worlds}
        distributors = {**{tenant: build(seed, tenant) for tenant in TENANTS if tenant not in given}, **given}
        self.agenda = Agenda(clock)
        self.faults = Faults(seed)
        webhook_secrets = {
            (tenant, system): derived_key(secret, f"webhook:{tenant}:{system}")
            for tenant in distributors
            for system in SYSTEMS
        }
        self.courier = Courier(
            self.agenda, self.faults, hooks_url, lambda tenant, system: webhook_secrets[tenant, system], give_up_s
        )
        self.enterprises = {
            tenant: Enterprise(world, self.agenda, self.courier) for tenant, world in distributors.items()
        }
        self.control = Control(
            self.agenda, self.faults, self.courier, self.enterprises, derived_key(secret, "control").encode()
        )
        self._places = {
            (tenant, name): Place(tenant, system.dialect, system.routes, derived_key(secret, f"api:{tenant}:{name}"))
            for tenant, enterprise in self.enterprises.items()
            for name, system in enterprise.systems.items()
        }

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        try:
            status, body, extra = await self._answer(scope, receive)
        except Dropped:
            # Reset the connection as a dead host's router would; then wait for the server to notice.
            scope["state"]["transport"].abort()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        replaced = {name for name, _ in extra}
        headers = [header for header in headers if header[0] not in replaced] + extra
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})

    async def _answer(self, scope: Scope, receive: Any) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        path: str = scope["path"]
        tenant, _, rest = path[1:].partition("/")
        system, _, local = rest.partition("/")
        place = self._places.get((tenant, system))
        if place is None or local.startswith("_"):
            try:
                body = await _read(scope, receive)
            except Refused as refusal:
                return refusal.status, b'{"error":"The body is too large or too slow"}', []
            headers = dict(scope["headers"])
            return (*self.control.answer(scope["method"], path, _query(scope), headers, body), [])

        try:
            return await self._serve(place, scope, "/" + local, receive)
        except Refused as refusal:
            status, body = place.dialect.refusal(refusal)
            extra = [(b"content-type", place.dialect.error_type.encode())]
            if isinstance(refusal, Throttled):
                extra.append((b"retry-after", str(refusal.retry_after_s).encode()))
            return status, body, extra

    async def _serve(
        self, place: Place, scope: Scope, path: str, receive: Any
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        method: str = scope["method"]
        body = await _read(scope, receive)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        self.agenda.run_due()
        now = self.agenda.clock.now()

        try:
            route, arguments = place.table.find(method, path)
        except Refused:
            if self.faults.outage(place.tenant, place.dialect.system, now):
                raise Dropped from None
            raise
        self._meet_fault(place, route)
        if not hmac.compare_digest(headers.get(place.header, b""), place.credential):
            raise refused(Common.UNAUTHENTICATED, f"The header {place.header.decode()} does not hold a valid key")

        key = headers.get(b"idempotency-key", b"").decode("latin-1") if method in UNSAFE else ""
        extra: list[tuple[bytes, bytes]] = []
        digest = b""
        known = None
        if key and place.dialect.honours_keys:
            if len(key) > 255:
                raise refused(Common.INVALID, "An Idempotency-Key has at most 255 characters", "Idempotency-Key")
            digest = hashlib.blake2b(b"\x1f".join((method.encode(), path.encode(), body)), digest_size=16).digest()
            known = place.answers.get(key)
            if known is not None and known[0] != digest:
                raise refused(Common.KEY_REUSED, "This Idempotency-Key was used with another request")
        if known is not None:
            _, status, content = known
            extra.append((b"idempotent-replayed", b"true"))
        else:
            status, content = self._handle(place, route, Call(arguments, _query(scope), body, now))
            if digest:
                place.answers[key] = (digest, status, content)

        fault = self.faults.strike(place.tenant, place.dialect.system, AFTER_EFFECT, route.operation, now)
        if fault is not None and fault.kind is Kind.LOST_RESPONSE:
            raise Dropped
        if fault is not None:
            await _dawdle(receive, SLOW_S if fault.delay_s is None else fault.delay_s)
        return status, content, extra

    def _handle(self, place: Place, route: Route, call: Call) -> tuple[int, bytes]:
        try:
            reply = route.handle(call)
            return reply.status, place.dialect.encode(reply.content)
        except Refused:
            raise
        except Exception:
            # The edge: a bug of the sandbox is an honest 500 in the system's words, with the trace in the log.
            log.exception("%s/%s %s failed", place.tenant, place.dialect.system, route.operation)
            raise refused(Common.BROKEN, "Internal error") from None

    def _meet_fault(self, place: Place, route: Route) -> None:
        now = self.agenda.clock.now()
        fault = self.faults.strike(place.tenant, place.dialect.system, BEFORE_EFFECT, route.operation, now)
        if fault is None:
            return
        if fault.kind is Kind.DOWN:
            raise Dropped
        if fault.kind is Kind.THROTTLE:
            raise Throttled(math.ceil(1 if fault.delay_s is None else fault.delay_s))
        raise refused(Common.UNAVAILABLE, "The service is temporarily unavailable")


class Throttled(Refused):
    def __init__(self, retry_after_s: int) -> None:
        super().__init__(429, Common.THROTTLED, f"Too many requests; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


async def _read(scope: Scope, receive: Any) -> bytes:
    """The whole body, or a refusal when it is too large or does not come."""
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Dropped
                chunk: bytes = message.get("body", b"")
                size += len(chunk)
                if size > BODY_LIMIT_BYTES:
                    raise refused(Common.TOO_LARGE, f"The body is larger than {BODY_LIMIT_BYTES} bytes")
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except TimeoutError:
        raise refused(Common.TOO_SLOW, f"The body did not arrive within {BODY_TIMEOUT_S:g} s") from None


async def _dawdle(receive: Any, delay_s: float) -> None:
    """Keep the caller waiting, but not longer than the caller stays."""
    try:
        async with asyncio.timeout(delay_s):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
    raise Dropped


def _query(scope: Scope) -> dict[str, str]:
    text: bytes = scope["query_string"]
    if not text:
        return {}
    try:
        return dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=50, errors="replace"))
    except ValueError:
        return {}
