"""Connectors against the running sandbox enterprise: each operation, each fault, each probe."""

import asyncio
import hashlib
import hmac
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from crossdock import exactjson
from crossdock.connect import catalogue, roles, sandbox
from crossdock.connect.breaker import BreakerLimits, State
from crossdock.connect.operation import Operation
from crossdock.connect.registry import operations
from crossdock.connect.sandbox import webhooks
from crossdock.flow.outcomes import Absent, Done, Failed, Invocation, Remote, Retry, Unknown
from crossdock.outbound import Client, Exchange, Request, Response

SECRET = "integration-test"
TENANT = "norrland"
PROJECT = Path(__file__).parents[2]


@dataclass
class Enterprise:
    """The sandbox process, and what its webhooks said."""

    base_url: str = ""
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list[tuple[str, dict[str, str], bytes]])
    client: Client = field(default_factory=Client)
    orders: int = 0

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        key = hmac.new(SECRET.encode(), b"control", hashlib.sha256).hexdigest()
        headers = {"X-Sandbox-Control": key, "Content-Type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self.client.send(Request(method=method, url=self.base_url + path, headers=headers, body=content))
        assert isinstance(answer, Response), answer
        assert answer.status < 300, answer
        return exactjson.loads(answer.body) if answer.body else None

    async def fault(self, system: str, kind: str, **more: Any) -> None:
        await self.control("POST", "/_faults", {"tenant": TENANT, "system": system, "kind": kind, **more})

    async def ledger(self, system: str, order: str) -> list[dict[str, Any]]:
        return (await self.control("GET", f"/{TENANT}/{system}/_ledger?order={order}"))["entries"]

    def order(self) -> str:
        self.orders += 1
        return f"SO-{10000 + self.orders}"


async def _hear(enterprise: Enterprise, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            enterprise.heard.append((first.split()[1].rsplit("/", 1)[1], headers, body))
            writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


@pytest.fixture
async def enterprise() -> AsyncIterator[Enterprise]:
    this = Enterprise()
    hooks = await asyncio.start_server(lambda r, w: _hear(this, r, w), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{hooks.sockets[0].getsockname()[1]}/hooks/{{tenant}}/{{system}}"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "crossdock_sandbox", "--port", "0", "--seed", "7", "--hooks-url", url),
        *("--rate", "0", "--business-origin", "2026-11-23T08:00:00Z"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "CROSSDOCK_SANDBOX_SECRET": SECRET, "PYTHONPATH": str(PROJECT / "src")},
    )
    try:
        assert process.stdout is not None
        this.base_url = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))["base_url"]
        this.client = Client([this.base_url])
        yield this
        await this.client.close()
    finally:
        process.terminate()
        await process.wait()
        hooks.close()


@dataclass
class Calls:
    """The operations of one tenant, called as the engine does."""

    enterprise: Enterprise
    client: Client
    remotes: dict[str, Operation]
    exchanges: list[Exchange]
    breaker: list[tuple[str, State]]
    instance: UUID = field(default_factory=uuid4)
    made: int = 0

    def call(self, function: str, arguments: Any) -> Invocation:
        self.made += 1
        at = f"/do/{self.made}/call#1"
        order = arguments.get("order", "")
        return Invocation(
            tenant_id=TENANT,
            instance_id=self.instance,
            at=at,
            key=f"{self.instance}{at}",
            function=function,
            arguments=exactjson.plain(arguments),
            business_key=order,
            now=datetime(2026, 11, 23, 8, tzinfo=UTC),
        )

    async def do(self, function: str, **arguments: Any) -> Any:
        performed = await self.remotes[function].perform(self.call(function, arguments))
        assert isinstance(performed, Done), performed
        shape = roles.OPERATIONS[function].result
        assert isinstance(msgspec.convert(performed.output, shape), shape)
        return performed.output


@pytest.fixture
async def calls(enterprise: Enterprise) -> AsyncIterator[Calls]:
    kept: list[Exchange] = []
    states: list[tuple[str, State]] = []
    limits = BreakerLimits(consecutive=3, cool_off_s=0.2)
    configs = [
        msgspec.structs.replace(config, timeout_s=1.0, breaker=limits)
        for config in sandbox.configs(enterprise.base_url, [TENANT])
    ]
    async with Client([enterprise.base_url], record=kept.append) as client:
        remotes = operations(
            configs,
            client,
            secrets=sandbox.secrets(SECRET, str),
            on_breaker=lambda tenant, system, state, detail: states.append((system, state)),
        )
        yield Calls(enterprise, client, remotes, kept, states)


SHIP_TO = {
    "name": "Acme AB",
    "lines": ["Storgatan 1"],
    "city": "Umeå",
    "region": "AC",
    "postal_code": "903 26",
    "country": "SE",
}


@dataclass
class Goods:
    """A customer and an item that the sandbox sells, as the catalogue gives them."""

    customer: str
    currency: str
    terms_days: int
    sku: str
    site: str


async def goods(calls: Calls) -> Goods:
    customer, item = "C-0001", None
    found = await calls.do("erp.customer", customer_id=customer)
    seed = await calls.enterprise.control("GET", f"/{TENANT}/_seed")
    item, site = next(
        (item, site) for item in seed["items"] for site, on_hand in item["stock"].items() if int(on_hand) >= 50
    )
    return Goods(customer, found["currency"], found["terms_days"], item["sku"], site)


async def test_an_order_goes_through_every_system(calls: Calls) -> None:
    enterprise = calls.enterprise
    order, g = enterprise.order(), await goods(calls)

    credit = await calls.do("erp.creditExposure", customer_id=g.customer)
    assert credit["customer_id"] == g.customer
    wanted = [
        {"line": "1", "items": [{"scheme": "supplier", "value": g.sku}], "quantity": 10, "unit": "EA"},
        {"line": "2", "items": [{"scheme": "buyer", "value": "no-such"}], "quantity": 1, "unit": "EA"},
        {"line": "3", "items": [{"scheme": "supplier", "value": g.sku}], "quantity": 1, "unit": "XX"},
    ]
    priced = await calls.do("erp.priceOrder", customer_id=g.customer, currency=g.currency, lines=wanted)
    assert [line["problem"] for line in priced["lines"]] == [None, "unknown_item", "unknown_unit"]
    line = priced["lines"][0]
    assert line["amount"] == line["unit_price"] * 10 == priced["total"]
    assert line["base_quantity"] == 10

    sold = {"line": "1", "sku": g.sku, "quantity": 10, "unit_price": line["unit_price"], "amount": line["amount"]}
    sales = await calls.do(
        "erp.createSalesOrder",
        order=order,
        po="45001",
        customer_id=g.customer,
        currency=g.currency,
        lines=[{**sold, "unit": "EA"}],
        total=line["amount"],
    )
    stock = await calls.do("wms.availability", skus=[g.sku])
    assert {row["site"] for row in stock["items"]} == {"LUL", "UME", "SUN"}
    few = [{"line": "1", "sku": g.sku, "quantity": 10}]
    reserved = await calls.do("wms.reserve", order=order, site=g.site, lines=few)
    assert reserved["lines"] == [{"line": "1", "sku": g.sku, "reserved": 10, "short": 0}]
    rate = await calls.do("carrier.rate", site=g.site, ship_to=SHIP_TO, weight_kg=line["weight_kg"])
    booked = await calls.do(
        "carrier.book",
        order=order,
        site=g.site,
        service=rate["service"],
        ship_to=SHIP_TO,
        weight_kg=line["weight_kg"],
    )
    assert booked["price"] == rate["price"]
    shipment = await calls.do(
        "wms.release",
        order=order,
        reservation=reserved["reservation"],
        site=g.site,
        ship_to=SHIP_TO,
        service=rate["service"],
        tracking=booked["tracking"],
    )
    taxed = await calls.do(
        "tax.quote",
        order=order,
        ship_to=SHIP_TO,
        currency=g.currency,
        lines=[{"line": "1", "sku": g.sku, "amount": line["amount"]}],
    )
    total = line["amount"] + taxed["tax"]
    invoice = await calls.do(
        "erp.createInvoice",
        order=order,
        shipment=shipment["shipment"],
        customer_id=g.customer,
        currency=g.currency,
        terms_days=g.terms_days,
        lines=[sold],
        net=line["amount"],
        tax=taxed["tax"],
        total=total,
    )
    assert invoice["total"] == total
    await calls.do(
        "payment.request",
        order=order,
        invoice=invoice["invoice"],
        customer_id=g.customer,
        amount=total,
        currency=g.currency,
        due_on=invoice["due_on"],
    )
    bought = await calls.do("supplier.order", order=order, lines=few)
    assert bought["promised_on"]
    await calls.do("helpdesk.openTicket", order=order, subject="Late", body="Please look", severity="critical")
    await calls.do(
        "notification.send",
        order=order,
        to="ada@acme.example",
        moment="confirmed",
        language="sv",
        subject="Tack",
        body="Vi har tagit emot er order.",
    )
    effects = {
        entry["effect"]
        for system in ("erp", "wms", "carrier", "payment", "supplier", "helpdesk", "mail")
        for entry in await enterprise.ledger(system, order)
    }
    assert effects == {
        *("sales-order", "sales-order-line", "invoice", "invoice-line", "reservation", "shipment", "booking"),
        *("payment-request", "purchase-order", "ticket", "message"),
    }
    (entry,) = [e for e in await enterprise.ledger("erp", order) if e["effect"] == "invoice"]
    assert entry["amount"] == total
    assert sales["sales_order"]
    assert not any(value in repr(calls.exchanges) for value in _keys())


async def test_what_was_done_can_be_undone(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    few = [{"line": "1", "sku": g.sku, "quantity": 2}]
    done = [(name, await calls.do(name, **arguments)) for name, arguments in _effects(order, g)]
    reserved = await calls.do("wms.reserve", order=order, site=g.site, lines=few, purpose="backorder")
    tracking = dict(done)["carrier.book"]["tracking"]
    release = {
        "order": order, "reservation": reserved["reservation"], "site": g.site, "ship_to": SHIP_TO,
        "service": "GROUND", "tracking": tracking,
    }  # fmt: skip
    done += [("wms.reserve", reserved), ("wms.release", await calls.do("wms.release", **release))]
    for name, output in reversed(done):
        undo = roles.undo(name, output, "cancelled by the customer")
        if undo is None:
            continue
        function, arguments = undo
        call = calls.call(function, arguments)
        assert isinstance(await calls.remotes[function].probe(call), Absent)
        first = await calls.remotes[function].perform(call)
        assert isinstance(first, Done), first
        assert await calls.remotes[function].perform(call) == first  # undoing twice is undoing once
        assert await calls.remotes[function].probe(call) == first
    for system in ("erp", "wms", "carrier", "supplier"):
        entries = await calls.enterprise.ledger(system, order)
        assert {e["state"] for e in entries} == {"cancelled"}, system


def _effects(order: str, g: Goods) -> list[tuple[str, dict[str, Any]]]:
    """One call of each operation that has an effect and needs no other before it."""
    price = Decimal("4.20")
    sold = {"line": "1", "sku": g.sku, "quantity": 2, "unit_price": price, "amount": 2 * price}
    few = [{"line": "1", "sku": g.sku, "quantity": 2}]
    head = {"order": order, "customer_id": g.customer, "currency": g.currency}
    return [
        ("erp.createSalesOrder", {**head, "po": "45", "lines": [{**sold, "unit": "EA"}], "total": 2 * price}),
        (
            "erp.createInvoice",
            {
                **{**head, "order": f"{order}-I"},
                **{"shipment": "L-1", "terms_days": 30, "lines": [sold]},
                **{"net": 2 * price, "tax": 0, "total": 2 * price},
            },
        ),
        ("wms.reserve", {"order": order, "site": g.site, "lines": few}),
        (
            "carrier.book",
            {"order": order, "site": g.site, "service": "GROUND", "ship_to": SHIP_TO, "weight_kg": Decimal("1.5")},
        ),
        ("payment.request", {**head, "invoice": "9001", "amount": Decimal("12.50"), "due_on": "2026-12-23"}),
        ("supplier.order", {"order": order, "lines": few}),
        ("helpdesk.openTicket", {"order": order, "subject": "S", "body": "B"}),
        (
            "notification.send",
            {"order": order, "to": "a@b.example", "moment": "shipped", "language": "sv", "subject": "S", "body": "B"},
        ),
    ]


EFFECTS = [
    *("erp.createSalesOrder", "erp.createInvoice", "wms.reserve", "carrier.book", "payment.request"),
    *("supplier.order", "helpdesk.openTicket", "notification.send"),
]


async def _each_effect(
    calls: Calls, check: Callable[[Remote, Invocation, str], Awaitable[None]], functions: Sequence[str] = EFFECTS
) -> None:
    g = await goods(calls)
    for function in functions:
        arguments = dict(_effects(calls.enterprise.order(), g))[function]
        await check(calls.remotes[function], calls.call(function, arguments), arguments["order"])


async def test_a_lost_response_is_unknown_and_the_probe_finds_the_effect(calls: Calls) -> None:
    async def check(remote: Remote, call: Invocation, order: str) -> None:
        assert isinstance(await remote.probe(call), Absent)
        await calls.enterprise.fault(remote.system, "lost-response", count=1)
        assert isinstance(await remote.perform(call), Unknown), call.function
        found = await remote.probe(call)
        assert isinstance(found, Done), (call.function, found)
        shape = roles.OPERATIONS[call.function].result
        assert isinstance(msgspec.convert(found.output, shape), shape)
        if call.function != "wms.reserve":  # which would reserve again: that is why it is probed
            assert await remote.perform(call) == found
        entries = await calls.enterprise.ledger(remote.system, order)
        assert len({(e["effect"], e["line"]) for e in entries}) == len(entries), call.function

    await _each_effect(calls, check)


async def test_a_lost_release_is_found_by_its_reservation(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    reserved = await calls.do(
        "wms.reserve", order=order, site=g.site, lines=[{"line": "1", "sku": g.sku, "quantity": 2}]
    )
    release = {
        "order": order, "reservation": reserved["reservation"], "site": g.site, "ship_to": SHIP_TO,
        "service": "GROUND", "tracking": "1ZN-TEST",
    }  # fmt: skip
    remote, call = calls.remotes["wms.release"], calls.call("wms.release", release)
    assert isinstance(await remote.probe(call), Absent)
    await calls.enterprise.fault("wms", "lost-response", count=1)
    assert isinstance(await remote.perform(call), Unknown)
    found = await remote.probe(call)
    assert isinstance(found, Done)
    assert found.output["shipment"].startswith("L-")


async def test_two_reservations_that_look_alike_are_for_a_person(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    arguments = {"order": order, "site": g.site, "lines": [{"line": "1", "sku": g.sku, "quantity": 1}]}
    await calls.do("wms.reserve", **arguments)
    await calls.do("wms.reserve", **arguments)
    remote = calls.remotes["wms.reserve"]
    assert isinstance(await remote.probe(calls.call("wms.reserve", arguments)), Unknown)
    other = {**arguments, "purpose": "backorder"}
    assert isinstance(await remote.probe(calls.call("wms.reserve", other)), Absent)


async def test_a_slow_answer_is_unknown_and_the_probe_finds_the_effect(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    _, arguments = (_effects(order, g))[2]
    remote, call = calls.remotes["wms.reserve"], calls.call("wms.reserve", arguments)
    await calls.enterprise.fault("wms", "slow", count=1, delay_s=3)
    assert isinstance(await remote.perform(call), Unknown)
    assert isinstance(await remote.probe(call), Done)


async def test_a_throttled_call_comes_back_when_it_is_told_to(calls: Calls) -> None:
    async def check(remote: Remote, call: Invocation, order: str) -> None:
        await calls.enterprise.fault(remote.system, "throttle", count=1, delay_s=3)
        performed = await remote.perform(call)
        assert isinstance(performed, Failed)
        assert (performed.retry, performed.error.status) == (Retry.LATER, 429)
        assert performed.retry_after == timedelta(seconds=3)
        # Told to rest, the next call waits here, not there.
        again = await remote.perform(call)
        assert isinstance(again, Failed)
        assert again.retry is Retry.LATER
        assert again.retry_after is not None
        assert again.retry_after <= timedelta(seconds=3)
        assert await calls.enterprise.ledger(remote.system, order) == []

    # One operation of each system: a rest that one of them was asked for holds for all.
    await _each_effect(calls, check, [f for f in EFFECTS if f != "erp.createInvoice"])


async def test_an_error_without_effect_is_for_later(calls: Calls) -> None:
    async def check(remote: Remote, call: Invocation, order: str) -> None:
        await calls.enterprise.fault(remote.system, "error", count=1)
        performed = await remote.perform(call)
        assert isinstance(performed, Failed), performed
        assert (performed.retry, performed.error.status) == (Retry.LATER, 503)
        assert performed.error.extra["code"]
        assert isinstance(await remote.perform(call), Done)

    await _each_effect(calls, check)


async def test_reading_is_repeated_not_probed(calls: Calls) -> None:
    await calls.enterprise.fault("erp", "down", count=1)
    remote, call = calls.remotes["erp.customer"], calls.call("erp.customer", {"customer_id": "C-0001"})
    performed = await remote.perform(call)
    assert isinstance(performed, Failed)
    assert performed.retry is Retry.LATER
    assert isinstance(await remote.probe(call), Absent)
    assert isinstance(await remote.perform(call), Done)


async def test_a_system_that_is_down_opens_its_circuit_and_one_call_finds_it_back(calls: Calls) -> None:
    order, g = calls.enterprise.order(), await goods(calls)
    _, arguments = (_effects(order, g))[3]
    remote, call = calls.remotes["carrier.book"], calls.call("carrier.book", arguments)
    await calls.enterprise.fault("carrier", "down")
    assert [type(await remote.perform(call)) for _ in range(3)] == [Unknown] * 3
    assert calls.breaker == [("carrier", State.OPEN)]
    sent = len(calls.exchanges)
    held = await remote.perform(call)
    assert isinstance(held, Failed)
    assert held.retry is Retry.OUTAGE
    assert held.retry_after is not None
    assert held.retry_after <= timedelta(seconds=0.2)
    assert isinstance(await remote.probe(call), Unknown)
    assert len(calls.exchanges) == sent  # nothing went out
    assert not calls.remotes["carrier.book"].available(TENANT)
    await calls.do("erp.customer", customer_id=g.customer)  # the other systems go on

    assert isinstance(await _after(remote.probe, call, held.retry_after), Unknown)  # the canary found it still down
    assert calls.breaker[1:] == [("carrier", State.HALF_OPEN), ("carrier", State.OPEN)]
    await calls.enterprise.control("DELETE", f"/_faults?tenant={TENANT}&system=carrier")
    assert isinstance(await _after(remote.probe, call, timedelta(seconds=0.2)), Absent)
    assert calls.breaker[3:] == [("carrier", State.HALF_OPEN), ("carrier", State.CLOSED)]
    assert isinstance(await remote.perform(call), Done)


async def _after(ask: Callable[[Invocation], Awaitable[Any]], call: Invocation, wait: timedelta) -> Any:
    """The cool-off is real time, and short."""
    await asyncio.sleep(wait.total_seconds() + 0.01)
    return await ask(call)


async def test_refusals_say_what_the_system_said(calls: Calls) -> None:
    g = await goods(calls)

    async def refused(function: str, **arguments: Any) -> Failed:
        performed = await calls.remotes[function].perform(calls.call(function, arguments))
        assert isinstance(performed, Failed), performed
        assert performed.retry is Retry.NEVER
        return performed

    unknown = await refused("erp.customer", customer_id="C-9999")
    assert (unknown.error.status, unknown.error.extra["code"]) == (404, "F2/153")
    nowhere = await refused("carrier.rate", site="XXX", ship_to=SHIP_TO, weight_kg=1)
    assert (nowhere.error.status, nowhere.error.extra["code"]) == (422, "FACILITY.CODE.UNKNOWN")
    odd = await refused("wms.reserve", order="SO-1", site=g.site, lines=[{"line": "1", "sku": "NO", "quantity": 1}])
    assert (odd.error.status, odd.error.extra["code"]) == (422, "E4221")
    gone = await refused("wms.cancelShipment", shipment="L-999999")
    assert gone.error.status == 404
    one = {"line": "1", "sku": g.sku, "quantity": 1}
    taxed = {"order": "SO-1", "currency": "EUR", "lines": [{"line": "1", "sku": g.sku, "amount": 1}]}
    tax = await refused("tax.quote", ship_to={"country": "XX"}, **taxed)
    assert (tax.error.status, tax.error.extra["code"]) == (422, "InvalidAddressError")
    bought = await refused("supplier.order", order="SO-1", supplier_id="S-99", lines=[one])
    assert (bought.error.status, bought.error.extra["code"]) == (404, "unknown-supplier")
    post = {"order": "SO-1", "moment": "shipped", "language": "sv", "subject": "S", "body": "B"}
    mail = await refused("notification.send", to="nobody", **post)
    assert (mail.error.status, mail.error.extra["code"]) == (422, "300")
    blank = await refused("helpdesk.openTicket", order="SO-1", subject="", body="B")
    assert blank.error.status == 422
    assert "subject" in blank.error.detail
    half = {**one, "quantity": Decimal("0.5")}
    unsaid = await refused("wms.reserve", order="SO-1", site=g.site, lines=[half])
    assert unsaid.error.extra["where"] == "/lines/0/quantity"
    pay = {"order": "SO-1", "invoice": "1", "customer_id": g.customer, "currency": "EUR", "due_on": "2026-12-01"}
    cents = await refused("payment.request", amount=Decimal("1.005"), **pay)
    assert cents.error.extra["where"] == "/amount"


async def test_a_wrong_key_is_an_authentication_error(enterprise: Enterprise) -> None:
    async with Client([enterprise.base_url]) as client:
        remotes = operations(sandbox.configs(enterprise.base_url, [TENANT]), client, secrets=lambda reference: "wrong")
        calls = Calls(enterprise, client, remotes, [], [])
        reads = {
            "erp.customer": {"customer_id": "C-0001"},
            "wms.availability": {"skus": ["N-10001"]},
            "carrier.rate": {"site": "LUL", "ship_to": SHIP_TO, "weight_kg": 1},
            "tax.quote": {"order": "SO-1", "ship_to": SHIP_TO, "currency": "EUR", "lines": []},
        }
        for function, arguments in reads.items():
            performed = await remotes[function].perform(calls.call(function, arguments))
            assert isinstance(performed, Failed)
            assert performed.error.type.endswith("/authentication")


async def test_another_tenants_call_finds_no_connection(calls: Calls) -> None:
    stranger = Invocation(
        tenant_id="stranger",
        instance_id=uuid4(),
        at="/do/0",
        key="k",
        function="erp.customer",
        arguments={"customer_id": "C-0001"},
        now=datetime(2026, 11, 23, tzinfo=UTC),
    )
    performed = await calls.remotes["erp.customer"].perform(stranger)
    assert isinstance(performed, Failed)
    assert performed.error.type.endswith("/configuration")
    assert calls.exchanges == []


async def test_the_catalogue_has_every_customer_and_item(calls: Calls) -> None:
    (config,) = [c for c in sandbox.configs(calls.enterprise.base_url, [TENANT]) if c.system == "erp"]
    found = await catalogue.fetch(config, calls.client, secrets=sandbox.secrets(SECRET, str))
    assert (len(found.customers), len(found.items)) == (40, 300)
    assert all(item.unit in item.units and item.units["EA"] == 1 for item in found.items)


async def test_webhooks_become_the_events_of_the_order(calls: Calls) -> None:
    enterprise, order, g = calls.enterprise, calls.enterprise.order(), await goods(calls)
    few = [{"line": "1", "sku": g.sku, "quantity": 2}]
    reserved = await calls.do("wms.reserve", order=order, site=g.site, lines=few)
    booked = await calls.do(
        "carrier.book", order=order, site=g.site, service="GROUND", ship_to=SHIP_TO, weight_kg=Decimal("1.5")
    )
    await calls.do(
        "wms.release",
        order=order,
        reservation=reserved["reservation"],
        site=g.site,
        ship_to=SHIP_TO,
        service="GROUND",
        tracking=booked["tracking"],
    )
    pay = {"order": order, "invoice": "9001", "customer_id": g.customer, "currency": g.currency}
    await calls.do("payment.request", amount=Decimal("12.50"), due_on="2026-12-23", **pay)
    await calls.do("supplier.order", order=order, lines=few)
    await enterprise.fault("carrier", "duplicate-webhook")
    clock = await enterprise.control("GET", "/_clock")
    later = {**clock, "business_origin": "2027-03-01T08:00:00Z", "rate": 0}
    later.pop("now")
    await enterprise.control("PUT", "/_clock", exactjson.plain(later))
    while (await enterprise.control("GET", "/_next"))["busy"]:
        await asyncio.sleep(0.01)  # the sandbox tells by itself when all is sent
    resolve = sandbox.secrets(SECRET, str)
    events = [
        event
        for system, headers, body in enterprise.heard
        for event in webhooks.translate(
            TENANT, system, headers, body, secret=resolve(f"sandbox-webhook:{TENANT}:{system}")
        )
    ]
    kinds = [event["type"].removeprefix("crossdock.") for event in events]
    assert {"shipment.picked", "shipment.packed", "shipment.shipped", "payment.received"} <= set(kinds)
    assert {"tracking.departed", "tracking.in-transit", "tracking.delivered"} <= set(kinds)
    assert {"supplier.confirmed", "supplier.shipped", "stock.received"} <= set(kinds)
    assert "system.unrecognised" not in kinds
    assert all(event["data"]["order"] == event["subject"] == order for event in events)
    tracking = [event["id"] for event in events if event["type"].startswith("crossdock.tracking")]
    assert len(tracking) == 2 * len(set(tracking))  # each came twice, under one id
    (paid,) = [event["data"] for event in events if event["type"] == "crossdock.payment.received"]
    assert (paid["amount"], paid["currency"], paid["invoice"]) == (Decimal("12.50"), "EUR", "9001")


def _keys() -> list[str]:
    resolve = sandbox.secrets(SECRET, str)
    return [resolve(f"sandbox-api:{TENANT}:{system}") for system in sandbox.SYSTEMS]
