"""Live updates: a change reaches the pages of its tenant, with no connection held for any of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from crossdock import clock, exactjson
from crossdock.clock import Clock
from crossdock.gateway.server import serve
from crossdock.gateway.services import Services
from crossdock.settings import Settings


class Page:
    """An open stream, read line by line."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._text = ""

    async def next(self) -> tuple[str, Any]:
        """The next event, as (name, data); ("end", None) when the stream is over."""
        while True:
            while "\n\n" in self._text:
                block, _, self._text = self._text.partition("\n\n")
                fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":")
                if "event" in fields:
                    return fields["event"], exactjson.loads(fields["data"])
            chunk = await self._reader.read_chunk()
            if chunk is None:
                return "end", None
            self._text += bytes(chunk).decode()

    async def until(self, name: str) -> Any:
        async with asyncio.timeout(15):
            while True:
                found, data = await self.next()
                if found == name:
                    return data
                assert found != "end", f"the stream ended before {name}"


@contextlib.asynccontextmanager
async def page(browser: Any) -> AsyncIterator[Page]:
    headers = {"Cookie": browser.cookie} if browser.cookie else {"Authorization": f"Bearer {browser.key}"}
    request = browser.http.get(browser.base + "/api/stream").headers(headers)
    async with request.streamed_read_buffer_limit(0).build_streamed() as response:
        assert response.status == 200
        opened = Page(response.body_reader)
        await opened.until("clock")
        yield opened


async def test_a_change_reaches_the_pages_of_its_tenant_alone(gateway: Any) -> None:
    ours, theirs = await gateway.as_("cora"), await gateway.as_("carl")
    async with page(ours) as mine, page(theirs) as other:
        things = await gateway.things("norrland")
        assert (await mine.until("order"))["order"] == things.order
        changed = await mine.until("case")
        assert changed["id"] == things.case
        assert (await ours.get(f"/api/orders/{things.order}")).json["open_cases"] == 1, "told after it can be seen"
        await mine.until("kpis")
        await gateway.tell("order.validated", "SO-1", tenant="castell")
        await gateway.hand_on()
        assert (await other.until("order"))["order"] == "SO-1"


async def test_counts_of_stages_are_told_as_they_change(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    things = await gateway.things("norrland")
    async with page(browser) as mine:
        async with gateway.db.transaction("norrland") as tx:
            await tx.execute("update crossdock.instance set stage = 'credit' where business_key = $1", things.order)
        await gateway.tell("order.validated", things.order)
        await gateway.hand_on()
        while True:  # the first tells all counts, as they were when the page came
            changed = {c["node"]: c for c in await mine.until("flow")}
            if changed.get("credit") == {"node": "credit", "count": 1, "late": 0}:
                break
        flow = (await browser.get("/api/flow")).json
        assert next(n for n in flow["nodes"] if n["id"] == "credit")["count"] == 1


async def test_business_time_is_told_when_it_is_set(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    async with page(browser) as mine:
        connection = await gateway.db.dedicated()
        try:
            await clock.set_to(connection, clock.datetime(2030, 1, 1, tzinfo=clock.UTC), 60.0)
        finally:
            await connection.close()
        told = await mine.until("clock")
        assert (told["rate"], told["now"][:4]) == (60, "2030")
        assert (await browser.get("/api/now")).json["now"].startswith("2030-01-01T")


async def test_a_partner_hears_the_clock_and_nothing_of_others(gateway: Any) -> None:
    partner = await gateway.key("partner", partner="C-0008")
    viewer = await gateway.as_("vera")
    async with page(partner) as theirs, page(viewer) as ours:
        await gateway.things("norrland")
        await ours.until("order")
        connection = await gateway.db.dedicated()
        try:
            await clock.set_to(connection, clock.datetime(2030, 1, 1, tzinfo=clock.UTC), 1.0)
        finally:
            await connection.close()
        name, _ = await asyncio.wait_for(theirs.next(), 15)
        assert name == "clock", "the order came before it"


async def test_nobody_listens_without_signing_in(gateway: Any) -> None:
    assert (await gateway.browser().get("/api/stream")).status == 401


async def test_streams_hold_no_database_connection(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(30):  # the pool has ten connections
            await stack.enter_async_context(page(browser))
        assert (await browser.get("/api/orders")).status == 200
        async with gateway.db.transaction("norrland") as tx:
            listening = await tx.fetchval("select count(*) from pg_stat_activity where datname = current_database()")
    assert listening <= 12


async def test_a_shutdown_does_not_wait_for_open_streams(gateway: Any) -> None:
    stop = asyncio.Event()
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    services = Services(db=gateway.db, clock=Clock(), settings=Settings(port=0))
    serving = asyncio.create_task(serve(services, "127.0.0.1", 0, address.set_result, stop=stop))
    browser = await gateway.as_("cora")
    browser.base = await address
    async with page(browser) as mine:
        stop.set()
        async with asyncio.timeout(3):
            while (await mine.next())[0] != "end":
                pass
            await serving


async def test_a_lost_connection_is_made_again_and_pages_look_anew(gateway: Any, admin_dsn: str) -> None:
    browser = await gateway.as_("cora")
    async with page(browser) as mine:
        import asyncpg

        admin = await asyncpg.connect(admin_dsn)
        try:
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and query ilike 'listen%' or query ilike '%clock'"
            )
        finally:
            await admin.close()
        assert (await mine.until("order"))["order"] is None, "something may have changed"
