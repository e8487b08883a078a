"""A webhook that runs a workflow of three HTTP calls and answers with its result, on 16 connections.

The caller posts to `POST /api/workflows/…/run` of the shipped gateway with a key; the instance is started durably, two
shipped workers make the three calls with a commit after each, and the reply is the workflow's output. Beside it the
same client makes the four requests to the null server and nothing else.
"""

import statistics
import time

from crossdock.cli.bench import figures
from crossdock.cli.bench.lab import http_definition, order
from crossdock.cli.bench.run import Run
from crossdock.gateway import identity

CONNECTIONS = 16
CALLS = 3
WORKERS = 2
WARM = 100


async def run(run: Run) -> None:
    async with run.lab.site() as site:
        _, told = await site.child("null")
        url = told["url"]
        await site.allow(url)
        definition = await site.publish(http_definition("three-http", f"{url}/step", CALLS))
        key = await identity.add_key(site.db, site.tenants[0], "bench", "coordinator")
        _, served = await site.tree.start("gateway", "crossdock.cli", "serve", "--port", "0", "--ready-line")
        await site.shipped_workers(WORKERS)
        await site.drain(definition, WARM, order())
        await site.settle()
        rates: list[float] = []
        alone: list[float] = []
        spent: list[float] = []
        others: dict[str, int] = {}
        for _ in range(run.size.repeats):
            seconds = run.size.seconds
            sequence = [["POST", "/step", '{"id": "SO-1", "step": 1, "total": 100}']] * (CALLS + 1)
            baseline, _ = await site.child(
                "http-only", url=url, sequence=sequence, concurrency=CONNECTIONS, seconds=seconds,
                start_at=time.time(),
            )  # fmt: skip
            only = await run.watch("HTTP alone", site.told(baseline))
            alone.append(only["sequences"] / only["seconds"])
            caller, _ = await site.child(
                "caller", url=served["url"], path="/api/workflows/bench/three-http/run", key=key, body=order(),
                connections=CONNECTIONS, seconds=seconds,
            )  # fmt: skip
            answered = await run.watch("webhook, three calls, reply", site.told(caller))
            rates.append(answered["answered"] / answered["seconds"])
            spent += answered["spent"]
            for word, number in answered["other"].items():
                others[word] = others.get(word, 0) + number
            await site.until_idle()
            run.say(f"  {rates[-1]:.0f} replies/s; HTTP alone {alone[-1]:.0f}/s")
        run.result.ratios["webhook3_to_http_only"] = figures.ratio(rates, alone)
        run.result.headline["webhook3_per_s"] = round(statistics.median(rates), 1)
        run.result.figures |= {
            "connections": CONNECTIONS, "calls": CALLS, "workers": WORKERS, "replies_per_s": figures.summary(rates),
            "http_only_per_s": figures.summary(alone), "latency": figures.latency(spent), "not_200": others,
        }  # fmt: skip
        bars = [["webhook, 3 durable calls, reply", statistics.median(rates)], ["HTTP alone", statistics.median(alone)]]
        run.result.plots.append(
            {"kind": "bars", "title": "Webhook with reply, 16 connections: per second", "bars": bars}
        )
