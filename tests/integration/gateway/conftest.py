"""A gateway on a free port, spoken to over HTTP, on the test's own database with two tenants."""

import asyncio
import contextlib
import importlib.resources
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyreqwest.client import Client as Http
from pyreqwest.client import ClientBuilder

from crossdock import exactjson
from crossdock.cases import approvals, casework, incidents
from crossdock.clock import Clock
from crossdock.connect.sandbox.webhooks import signature
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.events import envelope, inbox
from crossdock.events.relay import Relay
from crossdock.gateway import identity
from crossdock.gateway.server import serve
from crossdock.gateway.services import Services
from crossdock.settings import Settings
from crossdock.tower import projection

WORKFLOWS = importlib.resources.files("crossdock.library").joinpath("workflows")
PASSWORD = "correct horse battery"
SECRETS = {("norrland", "wms"): "s-norrland-wms", ("castell", "wms"): "s-castell-wms"}
# what operators laid down for channels and partners
VAULT = {"norrland": {"bolts-cxml": "open sesame", "nuts-cxml": {"old": "first", "new": "second"}}}
# one person of each role in norrland; ada works in both tenants, carl in castell alone
PEOPLE: dict[str, dict[str, tuple[str, Decimal | None]]] = {
    "ada": {"norrland": ("admin", None), "castell": ("admin", None)},
    "cora": {"norrland": ("coordinator", None)},
    "app": {"norrland": ("approver", Decimal(5000))},
    "vera": {"norrland": ("viewer", None)},
    "carl": {"castell": ("admin", None)},
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return exactjson.loads(self.body)


class Browser:
    """Somebody's HTTP client: keeps the cookie, and sends the header that changes need."""

    def __init__(self, http: Http, base: str) -> None:
        self.http = http
        self.base = base
        self.cookie = ""
        self.key = ""

    async def send(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None,
        headers: Mapping[str, str] | None = None, bare: bool = False,
    ) -> Answer:  # fmt: skip
        """bare: without the header that a change needs."""
        sent = {**({} if bare else {"X-Crossdock": "1"}), **(headers or {})}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        content = raw
        if body is not None:
            content = exactjson.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        request = self.http.request(method, self.base + path).headers(sent)
        if content is not None:
            request = request.body_bytes(content)
        response = await request.build().send()
        answer = Answer(
            response.status, {k.lower(): v for k, v in response.headers.items()}, bytes(await response.bytes())
        )
        if given := answer.headers.get("set-cookie"):
            self.cookie = given.split(";")[0]
        return answer

    async def get(self, path: str) -> Answer:
        return await self.send("GET", path)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return await self.send("POST", path, {} if body is None and "raw" not in more else body, **more)

    async def sign_in(self, user: str, password: str = PASSWORD, tenant: str | None = None) -> "Browser":
        answer = await self.post("/api/session", {"user": user, "password": password, "tenant": tenant})
        assert answer.status == 204, answer.body
        return self


@dataclass(frozen=True, slots=True)
class Things:
    """One of everything in one tenant."""

    order: str
    document: str
    case: str
    approval: str
    hash: str
    hold: str
    incident: str
    instance: str


ORDER: dict[str, Any] = {
    "customer_id": "C-0007",
    "po": "PO-SECRET-77",
    "currency": "EUR",
    "requested_on": "2099-03-20",
    "ship_to": {"name": "Secret Bolts AB", "lines": ["Hamngatan 1"], "city": "Umeå", "country": "SE"},
    "lines": [{"sku": "NF-1", "quantity": "10", "unit": "CS", "unit_price": "2.50"}],
}


async def webhook_secret(tenant: str, system: str) -> str:
    return SECRETS.get((tenant, system), "")


@dataclass(frozen=True, slots=True)
class Gateway:
    base: str
    http: Http
    db: Database
    clock: Clock

    async def things(self, tenant: str = "norrland", user: str = "ada") -> Things:
        """Made as they come about: an order by hand, work asked for by its process, a hold by a person."""
        async with self.db.transaction(tenant) as tx:
            for name in ("backorder", "order-to-cash"):
                await definitions.publish(tx, tenant, WORKFLOWS.joinpath(f"{name}.yaml").read_text(), name)
        browser = await self.as_(user, tenant)
        entered = (await browser.post("/api/orders", ORDER)).json
        assert entered["status"] == "accepted", entered
        order = entered["order"]
        async with self.db.transaction(tenant) as tx:
            now = await inbox.business_now(tx)
            new = casework.New(
                kind="order-invalid", queue="order-desk", title=f"{order}: wrong", order=order,
                customer="Secret Bolts AB", money=Decimal("25.00"), currency="EUR",
                data={"quantity": Decimal("1.5"), "note": "x"},
                editable=["/quantity"], actions=(casework.Offer(id="go", label="Go"), casework.CLOSE),
            )  # fmt: skip
            case = await casework.open_case(tx, tenant, new, now)
            asked = approvals.Request(
                kind="credit", title=f"Credit for {order}", data={"total": Decimal("25.00")}, order=order,
                amount=Decimal("25.00"), currency="EUR", not_by=("cora",),
            )  # fmt: skip
            approval = await approvals.request(tx, tenant, asked, now)
            incident = await incidents.held(tx, tenant, "carrier", order, "no answer", now)
            instance = await tx.fetchval("select instance_id from crossdock.instance where business_key = $1", order)
        placed = await browser.post(
            "/api/holds", {"scope": "customer", "key": "C-0007", "kind": "commercial", "reason": "Secret dispute"}
        )
        await self.hand_on()
        return Things(
            order, entered["document"], str(case.case_id), str(approval.approval_id), approval.hash,
            placed.json["id"], str(incident), str(instance),
        )  # fmt: skip

    async def tell(
        self, type: str, order: str, *, tenant: str = "norrland", at: datetime | None = None, id: str | None = None,
        source: str = "test", **data: Any,
    ) -> None:  # fmt: skip
        """An event about an order, as a process or a system would bring it."""
        async with self.db.transaction(tenant) as tx:
            now = at or await inbox.business_now(tx)
            event = envelope.make(
                f"crossdock.{type}", subject=order, data={"order": order, **data}, now=now, source=source, id=id
            )
            await inbox.receive(tx, tenant, event)

    def browser(self) -> Browser:
        return Browser(self.http, self.base)

    async def as_(self, user: str, tenant: str | None = None) -> Browser:
        return await self.browser().sign_in(user, tenant=tenant)

    async def key(self, role: str, tenant: str = "norrland", partner: str | None = None) -> Browser:
        browser = self.browser()
        browser.key = await identity.add_key(self.db, tenant, f"{role}-key", role, partner)
        return browser

    async def hand_on(self) -> None:
        """What the relay does in a worker, until nothing is left."""
        relay = Relay(self.db, [projection.project])
        while await relay.once():
            pass

    async def webhook(self, tenant: str, system: str, body: Any, secret: str | None = None) -> Answer:
        raw = exactjson.dumps(body)
        key = SECRETS.get((tenant, system), "") if secret is None else secret
        headers = {"X-Signature": signature(key, raw), "Content-Type": "application/json"}
        return await self.browser().send("POST", f"/hooks/{tenant}/{system}", raw=raw, headers=headers, bare=True)


# ── one order's story, told as the shipped workflows, the systems and cases publish it ──────────────────────────────

TENANT = "norrland"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
D = Decimal


def part(line: str, quantity: int, **more: Any) -> dict[str, Any]:
    """Of a shipment, reservation or invoice; quantities are in base units."""
    return {"line": line, "sku": f"NF-{line}", "quantity": quantity, **more}


class Story:
    """Tells events about one order, an hour apart, and has them projected."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.at = MORNING
        self.order = "SO-10001"
        self.seq = 0

    async def tell(self, type: str, *, source: str = "https://crossdock.dev/order-to-cash", **data: Any) -> None:
        self.at += timedelta(hours=1)
        self.seq += 1
        said = {"order": self.order, **data}
        async with self.db.transaction(TENANT) as tx:
            event = envelope.make(
                f"crossdock.{type}",
                subject=self.order,
                data=said,
                now=self.at,
                source=source,
                id=f"{self.order}/{self.seq}",
            )
            await inbox.receive(tx, TENANT, exactjson.plain(event))

    async def project(self) -> None:
        relay = Relay(self.db, [projection.project])
        while await relay.once():
            pass
        async with self.db.transaction(TENANT) as tx:
            assert await tx.fetchval("select count(*) from crossdock.dead_letter") == 0

    async def view(self) -> dict[str, Any]:
        await self.project()
        async with self.db.transaction(TENANT) as tx:
            return dict(await tx.fetchrow("select * from crossdock.order_view where order_no = $1", self.order) or {})

    async def lines(self) -> dict[str, dict[str, Any]]:
        await self.project()
        async with self.db.transaction(TENANT) as tx:
            rows = await tx.fetch("select * from crossdock.order_line_view where order_no = $1", self.order)
        return {r["line"]: dict(r) for r in rows}

    # ── the events, as they come ────────────────────────────────────────────────────────────────────────────────

    async def received(self, channel: str = "json") -> None:
        items = {"items": [{"scheme": "supplier", "value": "NF-1"}], "description": "Bolt", "unit_price": D("2.50")}
        order: dict[str, Any] = {
            "order": self.order,
            "po": "45",
            "channel": channel,
            "document": None,
            "received_at": "2026-03-02T08:00:00Z",
            "customer_id": "C-1",
            "currency": "EUR",
            "ship_to": {"city": "Umeå"},
            "requested_on": "2026-03-05",
            "cancel_after": None,
            "stated_total": D("50.00"),
            "lines": [
                {**items, "line": "1", "quantity": D(2), "unit": "CS"},
                {**items, "line": "2", "quantity": D(5), "unit": "EA"},
            ],
        }
        await self.tell("order.received", source="/crossdock/intake", **{"order": order})

    async def priced(self) -> None:
        """Amount and cost are of the whole line; a case has 12."""
        first = part("1", 2, unit="CS", base_quantity=24, cost=D("30.00"), unit_price=D("25.00"), amount=D("50.00"))
        second = part("2", 5, unit="EA", base_quantity=5, cost=None, unit_price=D("1.00"), amount=D("5.00"))
        totals: dict[str, Any] = {
            "total": D("55.00"),
            "contract_total": D("55.00"),
            "stated_total": D("50.00"),
            "cost": D("30.00"),
        }
        await self.tell("order.priced", currency="EUR", basis="contract", rule="r1", **totals, lines=[first, second])

    async def until_released(self) -> None:
        await self.received()
        await self.tell("order.validated", lines=2, total=D("55.00"), currency="EUR")
        await self.priced()
        await self.tell("order.credit-cleared", decision="auto", rule="r2", total=D("55.00"), currency="EUR")
        reservations = [
            {"reservation": "R-1", "site": "LUL", "lines": [part("1", 14)]},
            {"reservation": "R-2", "site": "UME", "lines": [part("1", 10), part("2", 3)]},
        ]
        short = [part("2", 2)]
        await self.tell("order.allocated", reservations=reservations, short=short, strategy="nearest", rule="r3")
        await self.tell("order.backordered", lines=short)
        shipment = {"shipment": "L-1", "site": "LUL", "tracking": "T1", "promised_on": "2026-03-04", "shipped": False}
        await self.tell("order.released", shipments=[shipment], promised_on="2026-03-04")

    async def until_closed(self) -> None:
        await self.until_released()
        one = {"shipment": "L-1", "site": "LUL", "tracking": "T1"}
        await self.tell("shipment.shipped", source="wms", **one, lines=[part("1", 24), part("2", 3)])
        await self.tell("order.shipped", **one, lines=[part("1", 24), part("2", 3)])
        billed = [part("1", 24, unit_price=D("2.083333"), amount=D("50.00")), part("2", 3, unit_price=1, amount=3)]
        await self.invoiced("I-1", D("53.00"), D("13.25"), billed)
        at = "2026-03-04T10:00:00.000+00:00"
        await self.tell("order.delivered", tracking="T1", delivered_at=at, signed_by="B", complete=False)
        two = {"shipment": "L-2", "site": "SUN", "tracking": "T2"}
        other = {"source": "https://crossdock.dev/backorder"}
        await self.tell("backorder.released", **other, **two, promised_on="2026-03-12", lines=[part("2", 2)])
        await self.tell("backorder.closed", **other, outcome="filled", reason=None, left=[])
        await self.tell("order.shipped", **two, lines=[part("2", 2)])
        await self.invoiced("I-2", D(2), D("0.50"), [part("2", 2, unit_price=1, amount=D("2.00"))])
        at = "2026-03-12T10:00:00Z"
        await self.tell("order.delivered", tracking="T2", delivered_at=at, signed_by="B", complete=True)
        await self.tell("order.paid", invoice="I-1", payment="py_1", amount=D("66.25"), currency="EUR")
        await self.tell("order.paid", invoice="I-2", payment="py_2", amount=D("2.50"), currency="EUR")
        await self.tell("order.closed", invoiced=D("68.75"), invoices=["I-1", "I-2"], currency="EUR")

    async def invoiced(self, invoice: str, net: Decimal, tax: Decimal, lines: list[dict[str, Any]]) -> None:
        totals: dict[str, Any] = {"net": net, "tax": tax, "total": net + tax}
        await self.tell("order.invoiced", invoice=invoice, currency="EUR", **totals, due_on="2026-04-01", lines=lines)


@pytest.fixture
def story(database: Database) -> Story:
    return Story(database)


@pytest.fixture(scope="session")
def hashed() -> dict[str, str]:
    """argon2 is slow on purpose: one hash serves all people of all tests."""
    return {PASSWORD: identity.hashed(PASSWORD)}


@pytest.fixture
async def gateway(database: Database, hashed: dict[str, str]) -> AsyncIterator[Gateway]:
    for user, roles in PEOPLE.items():
        await identity.add_user(database, user, user.capitalize(), hashed[PASSWORD], roles, is_hash=True)
    clock = Clock()
    services = Services(
        db=database,
        clock=clock,
        settings=Settings(port=0),
        webhook_secret=webhook_secret,
        vault=lambda tenant: VAULT.get(tenant, {}),
    )
    stop = asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(services, "127.0.0.1", 0, address.set_result, stop=stop))
    await asyncio.wait({serving, address}, return_when=asyncio.FIRST_COMPLETED)
    if not address.done():
        await serving
    http = ClientBuilder().build()
    yield Gateway(address.result(), http, database, clock)
    stop.set()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(serving, 10)
    await http.close()
