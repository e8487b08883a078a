"""A sandbox served over real HTTP on a free port, a receiver for its webhooks, and a caller that checks every answer
against the system's own OpenAPI document."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
import uvicorn
from pyreqwest.client import Client, ClientBuilder

from crossdock_sandbox.app import Sandbox, derived_key
from crossdock_sandbox.clock import Clock
from crossdock_sandbox.control import openapi
from crossdock_sandbox.server import cut, listen, running

SECRET = "a shared secret"
START = datetime(2026, 11, 23, 8, tzinfo=UTC)  # a Monday

HEADERS: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "erp": lambda tenant, key: ("APIKey", key),
    "wms": lambda tenant, key: ("X-Wms-Token", key),
    "carrier": lambda tenant, key: ("Authorization", f"Bearer {key}"),
    "tax": lambda tenant, key: ("Authorization", "Basic " + base64.b64encode(f"{tenant}:{key}".encode()).decode()),
    "payment": lambda tenant, key: ("Authorization", f"Bearer {key}"),
    "supplier": lambda tenant, key: ("X-Portal-Key", key),
    "helpdesk": lambda tenant, key: ("X-Helpdesk-Token", key),
    "mail": lambda tenant, key: ("X-Mail-Server-Token", key),
    "crm": lambda tenant, key: ("X-Crm-Session", key),
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: Any


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    @property
    def system(self) -> str:
        return self.path.rsplit("/", 1)[1]

    @property
    def kind(self) -> str:
        """The event's type in the words of its system."""
        match self.event:
            case {"event_type": kind} | {"event": kind} | {"type": kind} | {"tracking": {"event": {"code": kind}}}:
                return kind
        raise AssertionError(self.event)


@dataclass
class Hooks:
    """Where webhooks arrive. `statuses` are answered first, one per request; then 202."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.received.append(Received(scope["path"], headers, body))
        status = self.statuses.pop(0) if self.statuses else 202
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def kinds(self) -> list[str]:
        return [received.kind for received in self.received]


class Outside:
    """Everything outside the sandbox: calls its systems and its control interface."""

    def __init__(self, base_url: str, client: Client, hooks: Hooks) -> None:
        self.base_url, self._client, self.hooks = base_url, client, hooks

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Call a system (path /tenant/system/…); its answer must be what its document says."""
        _, tenant, system, local = path.split("/", 3)
        name, value = HEADERS[system](tenant, derived_key(SECRET, f"api:{tenant}:{system}"))
        sent = {name: value, "Content-Type": "application/json"}
        if key is not None:
            sent["Idempotency-Key"] = key
        answer = await self.raw(method, path, body, sent | (headers or {}))
        check(system, method, "/" + local.partition("?")[0], answer)
        return answer

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.raw(method, path, body, {"X-Sandbox-Control": derived_key(SECRET, "control")})
        assert answer.status < 300, answer
        return answer.content

    async def raw(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        request = self._client.request(method, self.base_url + path).headers(headers)
        if body is not None:
            request = request.body_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
        response = await request.build().send()
        content = bytes(await response.bytes())
        return Answer(response.status, dict(response.headers), json.loads(content) if content else None)

    async def good(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        answer = await self.call(method, path, body, key=key)
        assert answer.status < 300, answer
        return answer.content

    async def ledger(self, system: str, order: str, effect: str | None = None, tenant: str = "norrland") -> list[Any]:
        entries = (await self.control("GET", f"/{tenant}/{system}/_ledger?order={order}"))["entries"]
        return [entry for entry in entries if effect in (None, entry["effect"])]

    async def set_time(self, business: datetime | str) -> None:
        moment = business if isinstance(business, str) else business.isoformat()
        await self.control("PUT", "/_clock", {"real_origin": START.isoformat(), "business_origin": moment, "rate": 0})

    async def advance(self, **time: float) -> None:
        """Jump by so much business time and wait until every webhook has been taken."""
        now = datetime.fromisoformat((await self.control("GET", "/_clock"))["now"])
        await self.set_time(now + timedelta(**time))
        await self.settle()

    async def settle(self) -> Any:
        async with asyncio.timeout(20):
            while (state := await self.control("GET", "/_next"))["busy"]:
                await asyncio.sleep(0.002)  # a poll of the public interface, bounded by the time-out above
        return state


def check(system: str, method: str, path: str, answer: Answer) -> None:
    """The answer's body against the schema that the document gives for this operation and status."""
    document = json.loads(openapi(system))
    operation = None
    for template, operations in document["paths"].items():
        parts, given = template.split("/"), path.split("/")
        fits = len(parts) == len(given) and all(p == g or p.startswith("{") for p, g in zip(parts, given, strict=True))
        if fits and method.lower() in operations:
            operation = operations[method.lower()]
    if operation is None or str(answer.status) not in operation["responses"]:
        assert answer.status >= 400, answer
        (content,) = document["components"]["responses"]["Error"]["content"].items()
    else:
        (content,) = operation["responses"][str(answer.status)]["content"].items()
    media_type, body = content
    assert answer.headers["content-type"] == media_type
    schema = {**body["schema"], "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.content)


def check_webhook(received: Received) -> None:
    """Signature over the exact bytes, id header, and a body as the document of the system describes it."""
    _, _, tenant, system = received.path.split("/")
    secret = derived_key(SECRET, f"webhook:{tenant}:{system}")
    expected = hmac.new(secret.encode(), received.body, hashlib.sha256).hexdigest()
    assert received.headers["x-signature"] == f"sha256={expected}"
    assert received.headers["x-event-id"] in received.body.decode()
    document = json.loads(openapi(system))
    schemas = [
        hook["post"]["requestBody"]["content"]["application/json"]["schema"] for hook in document["webhooks"].values()
    ]
    schema = {"oneOf": schemas, "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(received.event)


@contextlib.asynccontextmanager
async def receiving(hooks: Hooks) -> AsyncGenerator[Hooks]:
    bound = listen("127.0.0.1", 0)
    hooks.url = f"http://127.0.0.1:{bound.getsockname()[1]}/hooks/{{tenant}}/{{system}}"
    server = uvicorn.Server(uvicorn.Config(hooks, lifespan="off", ws="none", log_level="warning"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield hooks
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        cut(server)
        bound.close()


@pytest.fixture
async def hooks() -> AsyncGenerator[Hooks]:
    async with receiving(Hooks()) as hooks:
        yield hooks


@pytest.fixture
async def outside(hooks: Hooks) -> AsyncGenerator[Outside]:
    sandbox = Sandbox(secret=SECRET, seed=7, clock=Clock(START, rate=0), hooks_url=hooks.url, give_up_s=0.5)
    client = ClientBuilder().timeout(timedelta(seconds=5)).no_proxy().build()
    async with running(sandbox) as base_url:
        yield Outside(base_url, client, hooks)
    await client.close()


@pytest.fixture
def webhook_check() -> Callable[[Received], None]:
    return check_webhook


@pytest.fixture
def bodies() -> dict[str, Any]:
    """One good body per operation with an effect, all for order SO-1 of norrland."""
    return {
        "/norrland/erp/api/SalesOrders": {
            "ExtRef": "SO-1",
            "CustPO": "4500012",
            "CustNo": "C-0001",
            "Curr": "EUR",
            "Items": [
                {"Pos": "1", "MatNo": "N-10001", "Qty": "2", "UoM": "CS", "NetPrice": "12.50", "NetValue": "25.00"},
                {"Pos": "2", "MatNo": "N-10002", "Qty": "5", "UoM": "EA", "NetPrice": "1.10", "NetValue": "5.50"},
            ],
            "NetValue": "30.50",
        },
        "/norrland/erp/api/Invoices": {
            "ExtRef": "SO-1",
            "DeliveryRef": "L-000001",
            "CustNo": "C-0001",
            "Curr": "EUR",
            "PayTermDays": 30,
            "Items": [{"Pos": "1", "MatNo": "N-10001", "Qty": "2", "NetPrice": "12.50", "NetValue": "25.00"}],
            "NetValue": "25.00",
            "TaxValue": "6.25",
            "GrossValue": "31.25",
        },
        "/norrland/wms/v1/reservations": {
            "order_ref": "SO-1",
            "site_code": "UME",
            "lines": [{"line_ref": "1", "item_code": "N-10001", "qty": 2}],
        },
        "/norrland/carrier/api/v2/shipments": {
            "shipment": {
                "reference": {"order": "SO-1", "facilityCode": "UME"},
                "serviceCode": "GROUND",
                "destination": {
                    "contactName": "Fjällets Livs",
                    "streetLines": ["Storgatan 1"],
                    "city": "Kiruna",
                    "stateOrProvince": "BD",
                    "postalCode": "98131",
                    "countryCode": "SE",
                },
                "weight": {"value": 12.5, "unit": "KG"},
            }
        },
        "/norrland/payment/v1/payment_requests": {
            "amount": 3125,
            "currency": "eur",
            "customer_ref": "C-0001",
            "invoice_ref": "0090000001",
            "order_ref": "SO-1",
            "due_date": "2026-12-23",
        },
        "/norrland/supplier/purchase-orders": {
            "buyer-reference": "SO-1",
            "supplier-code": "S-03",
            "deliver-to": "UME",
            "items": [{"line": "1", "part-number": "N-10001", "quantity": 40}],
        },
        "/norrland/helpdesk/api/v2/tickets": {
            "ticket": {"subject": "Late", "comment": {"body": "Where is it?"}, "external_id": "SO-1"}
        },
        "/norrland/mail/email": {
            "To": "purchasing@fjallets.example",
            "Subject": "Your order is on its way",
            "TextBody": "Tack för din beställning",
            "Tag": "shipped",
            "Metadata": {"order": "SO-1", "language": "sv"},
        },
        "/norrland/crm/v3/proposals": {
            "inquiry": "SO-1",
            "revision": 1,
            "customerNumber": "C-0001",
            "total": {"value": "25.00", "currencyCode": "EUR"},
            "validThrough": "2026-12-23",
            "positions": [
                {
                    "position": "1",
                    "product": "N-10001",
                    "count": "2",
                    "packaging": "CS",
                    "price": {"value": "12.50", "currencyCode": "EUR"},
                }
            ],
        },
    }
