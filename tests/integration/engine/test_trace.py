"""One trace follows an order: from its bytes, through its event and its workflow, out to the system that is called."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crossdock import exactjson, telemetry
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.vitals import Vitals
from crossdock.engine.webcalls import WebCalls
from crossdock.engine.worker import Worker
from crossdock.flow.outcomes import Invocation, Parked, Performed, Probed
from crossdock.outbound import Client
from crossdock.partners import intake
from crossdock.partners.profiles import Identifier, Profile

from .conftest import TENANT, Host

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = "0af7651916cd43dd8448eb211c80319c"

WORKFLOWS = [
    """
document: {dsl: '1.0.3', namespace: test, name: traced, version: '1.0.0'}
schedule: {on: {one: {with: {type: crossdock.order.received}}}}
input: {from: '${ .[0].data }'}
do:
  - price:
      call: http
      with: {method: post, endpoint: '%s/price', body: {order: '${ .order.order }'}}
  - child: {run: {workflow: {namespace: test, name: traced-child, version: '1.0.0', input: {}}}}
""",
    """
document: {dsl: '1.0.3', namespace: test, name: traced-child, version: '1.0.0'}
do:
  - tell: {emit: {event: {with: {type: test.told}}}}
""",
]
BUYER = Profile(id="c7", name="Bolts & Co", customer_id="C-0007", identifiers=(Identifier("customer", "C-0007"),))
ORDER = {
    "customer_id": "C-0007", "po": "4500012", "currency": "EUR",
    "ship_to": {"name": "Bolts", "lines": ["1 Dock Rd"], "city": "Athens", "postal_code": "30603", "country": "US"},
    "lines": [{"line": "1", "sku": "SKU-1", "quantity": 10, "unit": "EA", "unit_price": "2.50"}],
}  # fmt: skip


@asynccontextmanager
async def price_server() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """A real HTTP server that remembers the headers it was sent."""
    heard: list[dict[str, str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = dict(line.lower().split(": ", 1) for line in head if line)
        await reader.readexactly(int(headers.get("content-length", "0")))
        heard.append(headers)
        body = b'{"price": 2.50}'
        head_out = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(head_out.encode() + b"connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}", heard


@pytest.fixture
def logged() -> Any:
    """What the process logs, as it would stand in its log file."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(telemetry.JsonFormatter())
    log = logging.getLogger("test.trace")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    log.removeHandler(handler)


class Talking:
    """WebCalls that say what they do."""

    system = "web"

    def __init__(self, inner: WebCalls) -> None:
        self._inner = inner

    async def perform(self, call: Invocation) -> Performed:
        logging.getLogger("test.trace").info("asking for the price")
        return await self._inner.perform(call)

    async def probe(self, call: Invocation) -> Probed:
        return await self._inner.probe(call)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans of this process. OpenTelemetry lets a process set its provider once; this test gives it back."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


async def test_one_trace_follows_an_order_from_its_bytes_to_the_system_that_is_called(
    host: Host, spans: InMemorySpanExporter, logged: Any
) -> None:
    async with price_server() as (url, heard):
        client = Client([url])
        for source in WORKFLOWS:
            await host.publish(source % url if "%s" in source else source)
        async with host.db.transaction(TENANT) as tx:
            await intake.save_profile(tx, TENANT, BUYER)
        with telemetry.span("POST /api/intake", PARENT):
            [taken] = await intake.receive(host.db, TENANT, exactjson.dumps(ORDER), "order.json", "test")
        assert taken.status == "accepted"
        host.functions = {"http": Talking(WebCalls(client.send))}
        await host.run()
        await client.close()

    events = await host.rows("select type, body from crossdock.event order by seq")
    traces = {r["type"]: telemetry.trace_id(exactjson.loads(r["body"]).get("traceparent", "")) for r in events}
    assert traces == {"crossdock.order.received": TRACE, "test.told": TRACE}
    instances = await host.rows("select name, status, traceparent, business_key from crossdock.instance order by name")
    assert [(r["name"], r["status"]) for r in instances] == [("traced", "completed"), ("traced-child", "completed")]
    assert {telemetry.trace_id(r["traceparent"]) for r in instances} == {TRACE}
    assert [telemetry.trace_id(h["traceparent"]) for h in heard] == [TRACE]
    [line] = logged()
    assert (line["tenant"], line["trace"], line["order"]) == (TENANT, TRACE, taken.order)
    assert line["instance"] in {
        str(r["instance_id"]) for r in await host.rows("select instance_id from crossdock.instance")
    }
    ours = [s for s in spans.get_finished_spans() if s.context and trace.format_trace_id(s.context.trace_id) == TRACE]
    assert {s.name for s in ours} >= {"intake", "advance traced", "advance traced-child", "commit", "http POST"}


class Waits:
    """A function that publishes in the advance's transaction, as an approval does, and parks."""

    async def start(self, tx: Any, call: Invocation) -> Parked:
        from crossdock.events import outbox

        await outbox.publish(tx, call.tenant_id, {"type": "test.asked", "subject": call.business_key})
        return Parked("a person")


async def test_what_is_published_in_an_advance_belongs_to_the_trace_of_its_instance(host: Host) -> None:
    source = """
document: {dsl: '1.0.3', namespace: test, name: asks, version: '1.0.0'}
do:
  - ask: {call: ask@crossdock, with: {}}
"""
    host.functions = {"ask": Waits()}
    i = await host.start(await host.publish(source), {})
    await host.run()
    [event] = await host.rows("select body from crossdock.event")
    own = (await host.instance(i))["traceparent"]
    assert telemetry.trace_id(own) == i.hex  # nobody traced it before: it begins a trace of its own
    assert telemetry.trace_id(exactjson.loads(event["body"])["traceparent"]) == i.hex


async def test_a_worker_keeps_its_metrics_in_a_row_and_only_the_first_counts_the_backlog(host: Host) -> None:
    d = await host.publish(
        "document: {dsl: '1.0.3', namespace: test, name: noop, version: '1.0.0'}\ndo: [{a: {set: {b: 1}}}]"
    )
    for n in range(3):
        await host.start(d, {}, f"SO-{n}")
    team = [Worker(host.db, Functions({}, {}), Clock(), Silent()) for _ in range(2)]
    first, second = sorted(team, key=lambda w: w.id)
    for worker in (first, second):
        await worker._register()
    await host.db.pool.execute(
        "insert into crossdock.metric_snapshot values ('gone', clock_timestamp() - interval '2 minutes', '[]')"
    )
    seen: dict[str, float] = {}
    for worker in (first, second):
        await Vitals(host.db, worker.id).once()
        seen[f"worker-{worker.id}"] = await ready_of(host.db, f"worker-{worker.id}")
    assert list(seen.values()) == [3, 0]
    rows = await host.db.pool.fetch("select process from crossdock.metric_snapshot")
    assert {r["process"] for r in rows} == set(seen)


async def ready_of(db: Database, process: str) -> float:
    body = await db.pool.fetchval("select body from crossdock.metric_snapshot where process = $1", process)
    families = msgspec.json.decode(body, type=list[telemetry.Family])
    backlog = next(f for f in families if f.name == "crossdock_backlog")
    return next(value for _, labels, value in backlog.samples if labels == {"queue": "ready"})


async def test_advances_and_commits_are_counted_while_a_worker_runs(host: Host) -> None:
    before = telemetry.snapshot()
    d = await host.publish(
        "document: {dsl: '1.0.3', namespace: test, name: counted, version: '1.0.0'}\ndo: [{a: {set: {b: 1}}}]"
    )
    await host.start(d, {})
    async with host.working() as (worker,):
        await host.idle()
        process = f"worker-{worker.id}"

        async def told() -> bool:
            query = "select exists (select from crossdock.metric_snapshot where process = $1)"
            return await host.db.pool.fetchval(query, process)

        await host.until(told)
    text = telemetry.exposition([telemetry.snapshot()])
    assert 'crossdock_advances_total{definition="counted"} 1' in text
    assert telemetry.exposition([before]).count("crossdock_commit_seconds_count") == 1
    assert "crossdock_commit_seconds_count 0" not in text
