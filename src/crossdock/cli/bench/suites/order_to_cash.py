"""Orders a second through the shipped order-to-cash process, beside its HTTP calls alone.

The systems are null servers that speak the sandbox's wire formats and answer at once. An order comes in as an event;
what its warehouse, carrier and bank tell is there as soon as the process listens. The yardstick makes the very requests
of one such order, recorded, with the same client in as many processes, as many at a time as workers have in hand.
"""

import asyncio
import json
import statistics
import time
from importlib.resources import files

from crossdock.cli.bench import enterprise, figures
from crossdock.cli.bench.lab import Site
from crossdock.cli.bench.run import Run
from crossdock.errors import SetupError
from crossdock.events import envelope, inbox
from crossdock.outbound import Client, Request, Response

WORKERS = 2
IN_HAND = 64  # sequences at a time in each process of the yardstick
WARM = 20
CHUNK = 20


async def run(run: Run) -> None:
    async with run.lab.site() as site:
        _, told = await site.child("systems")
        url = told["url"]
        for system, vendor in enterprise.SYSTEMS.items():
            await site.connect(system, vendor, f"{url}/{system}")
        workflows = files("crossdock.library").joinpath("workflows")
        for name in ("backorder", "order-to-cash"):
            await site.publish(workflows.joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
        first = await _orders(site, 0, 1)
        await site.shipped_workers(WORKERS)
        await _closed(site, first)
        sequence = await _recorded(url)
        await _drain(site, 1, WARM)
        await site.settle()
        rate = WARM / await _drain(site, WARM + 1, WARM)
        done = 2 * WARM + 1
        rates: list[float] = []
        alone: list[float] = []
        for _ in range(run.size.repeats):
            at = time.time() + 1.5
            clients = [
                (await site.child("http-only", url=url, sequence=sequence, concurrency=IN_HAND,
                                  seconds=run.size.seconds, start_at=at))[0]
                for _ in range(WORKERS)
            ]  # fmt: skip
            only = await run.watch("its HTTP calls alone", asyncio.gather(*(site.told(c) for c in clients)))
            alone.append(sum(o["sequences"] / o["seconds"] for o in only))
            number = max(WARM, min(5000, round(rate * run.size.seconds * 1.5)))
            seconds = await run.watch(f"order-to-cash, {number} orders", _drain(site, done, number))
            done += number
            rate = number / seconds
            rates.append(rate)
            run.say(f"  {rate:.1f} orders/s; HTTP alone {alone[-1]:.0f}/s")
        steps = await site.admin.fetchval("select count(*) from crossdock.history") / done
        run.result.ratios["order_to_cash_to_http_only"] = figures.ratio(rates, alone)
        run.result.headline["order_to_cash_per_s"] = round(statistics.median(rates), 1)
        run.result.figures |= {
            "workers": WORKERS, "http_calls_an_order": len(sequence), "facts_an_order": round(steps, 1),
            "orders_per_s": figures.summary(rates), "http_only_per_s": figures.summary(alone), "orders": done,
        }  # fmt: skip
        bars = [["order-to-cash", statistics.median(rates)], ["its HTTP calls alone", statistics.median(alone)]]
        run.result.plots.append({"kind": "bars", "title": "Orders per second", "bars": bars})


async def _orders(site: Site, first: int, number: int) -> list[str]:
    """Tells of so many orders, and of all that happens to them."""
    tenant = site.tenants[0]
    names = [f"SO-{first + n:07}" for n in range(number)]
    for at in range(0, number, CHUNK):
        async with site.db.transaction(tenant) as tx:
            now = await inbox.business_now(tx)
            for name in names[at : at + CHUNK]:
                facts = [("crossdock.order.received", {"order": enterprise.order(name)}), *enterprise.story(name)]
                for kind, data in facts:
                    event = envelope.make(kind, subject=name, data=data, now=now, source="/bench")
                    await inbox.receive(tx, tenant, event)
    return names


async def _drain(site: Site, first: int, number: int) -> float:
    """Seconds from the first of the orders to the end of the last, with the workers at work while they come in."""
    began = time.perf_counter()
    names = await _orders(site, first, number)
    await _closed(site, names)
    return time.perf_counter() - began


async def _closed(site: Site, names: list[str]) -> None:
    """Waits until all is done; each order must have been closed."""
    await site.until_idle()
    closed = await site.admin.fetchval(
        "select count(*) from crossdock.instance where business_key = any($1) and name = 'order-to-cash'"
        " and status = 'completed' and output->>'outcome' = 'closed'",
        names,
    )
    if closed != len(names):
        stages = await site.admin.fetch(
            "select status, stage, left(error::text, 200) e, count(*) from crossdock.instance"
            " where business_key = any($1) group by 1, 2, 3", names,
        )  # fmt: skip
        raise SetupError(f"Expected {len(names)} orders to be closed, found {closed}: {[tuple(s) for s in stages]}")


async def _recorded(url: str) -> list[list[str]]:
    """The requests of the first order, in their order."""
    async with Client([url]) as client:
        answer = await client.send(Request(method="GET", url=f"{url}/_seen"))
    assert isinstance(answer, Response)
    seen: list[list[str]] = json.loads(answer.body)
    if not seen:
        raise SetupError("Expected the first order to make HTTP calls, found none")
    return seen
