"""Records golden histories, once.

    python -m tests.histories.record                 the runs of runs.py and the scenarios of each shipped workflow's
                                                     present version that have no file yet
    python -m tests.histories.record --orders 60     and orders of a day at an installation, from its PostgreSQL

A file that is there is never written again (`--again NAME` does, for one that was wrong from the start): what it holds
is what instances in the field have in their databases. What the interpreter makes of a run is printed in short; look
at it before you commit, for from then on it is right by definition.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import uvloop
from tests.histories import folding, runs
from tests.systems import installation
from tests.systems.installation import CLOSES, MORNING, OPENS, PATIENCE, Installation

from crossdock import __version__, embedded, exactjson
from crossdock.cli import flowtest
from crossdock.engine import scenarios
from crossdock.engine.live import FACTS
from crossdock.engine.memory import Memory
from crossdock.engine.scenarios.stage import Stage
from crossdock.flow import program as programs
from crossdock.flow.facts import Fact

DATABASE = "crossdock_histories"
# One order of each kind, by what its row in the store says; the first that fits. The files without a version in their
# name are of order-to-cash 1.0.0.
CLOSED = "outcome = 'closed' and "
TROUBLED = (
    "exists (select from crossdock.instance i join crossdock.attempt a using (tenant_id, instance_id)"
    " where i.tenant_id = o.tenant_id and i.business_key = o.order_no and a.outcome = 'failed')"
)
KINDS = {
    "otc-straight": (
        "Paid, and nobody had to touch it.",
        CLOSED + "cases = 0 and approvals = 0 and backordered_at is null and shipments = 1",
    ),
    "otc-backorder": ("A line was short: it was bought, and shipped later.", CLOSED + "backordered_at is not null"),
    "otc-approval": ("Somebody had to approve.", CLOSED + "approvals > 0 and backordered_at is null"),
    "otc-case": ("A case was opened, and resolved.", CLOSED + "cases > 0 and backordered_at is null"),
    "otc-cancelled": ("The customer thought again.", "outcome = 'cancelled'"),
    "otc-rejected": ("Refused.", "outcome = 'rejected'"),
    "otc-outage": ("A system was down: the call was made again once it was back.", CLOSED + TROUBLED),
}


class Listening(Memory):
    """The in-memory host; remembers which facts each instance heard, in order."""

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self.heard: dict[str, list[Fact]] = defaultdict(list)

    def _apply(self, instance_id: str, fact: Fact) -> None:
        self.heard[instance_id].append(fact)
        super()._apply(instance_id, fact)

    def definition(self, instance_id: str) -> str:
        return folding.name_of(self._instances[instance_id].program)


class Attentive(Listening, Stage):
    """The same of a scenario's stage."""


async def of_run(run: runs.Run) -> folding.History:
    compiled = [programs.load(source, run.name) for source in run.definitions]
    memory = Listening(run.handler(), programs=compiled)
    await memory.run(compiled[-1], run.given, events=run.events, cancel_after=run.cancel_after)
    told = [folding.Told(i, memory.definition(i), facts) for i, facts in memory.heard.items()]
    return folding.record(run.about, __version__, run.definitions, told)


def of_operated(about: str, source: str, facts: Sequence[Fact]) -> folding.History:
    name = folding.name_of(programs.load(source, "operated"))
    return folding.record(about, __version__, [source], [folding.Told("operated", name, facts)])


async def of_workflow(path: Path) -> folding.History:
    """Every scenario that ships beside a workflow: together they run each of its tasks."""
    loaded = scenarios.load(path)
    functions = flowtest.computing(loaded)
    sources = [p.read_text(encoding="utf-8") for p in (*loaded.children, loaded.definition)]
    compiled = [programs.load(source, path.name) for source in sources]
    told: list[folding.Told] = []
    for scenario in loaded.file.scenarios:
        stage = Attentive(loaded, scenario, compiled[-1], compiled[:-1], functions)
        played = await stage.play()
        assert not played.trouble, (scenario.name, played.trouble)
        told += [folding.Told(f"{scenario.name}: {i}", stage.definition(i), facts) for i, facts in stage.heard.items()]
    about = f"The scenarios that ship beside {folding.name_of(compiled[-1])}."
    return folding.record(about, __version__, list(dict.fromkeys(sources)), told)


def shipped() -> dict[str, Path]:
    """Scenario files of the shipped workflows, by the names of their histories."""
    found: dict[str, Path] = {}
    for path in sorted(Path(str(files("crossdock.library"))).joinpath("workflows").glob("*.test.yaml")):
        definition = path.with_name(path.name.replace(".test.yaml", ".yaml"))
        version = programs.load(definition.read_bytes(), definition.name).version
        found[f"{definition.stem}-{version.replace('.', '-')}"] = path
    return found


async def of_orders(count: int, wanted: set[str]) -> dict[str, folding.History]:
    """A day at an installation, run to its last payment; then one order of each kind, with its children."""
    with tempfile.TemporaryDirectory(prefix="crossdock-histories-") as name:
        base = Path(name)
        base.chmod(0o755)
        async with embedded.running(base / "data") as server:
            await installation.fresh(server.admin_dsn, DATABASE)
            admin_dsn, app_dsn = server.admin_dsn_of(DATABASE), server.app_dsn(DATABASE)
            async with installation.opened(admin_dsn, app_dsn, base, orders=count, seed=7) as house:
                await house.start_gateway()
                await house.start_worker()
                rate = (CLOSES - OPENS).total_seconds() / (count / 2)
                await house.set_clock(OPENS, rate)
                await house.feed(house.plan.deliveries, rate)
                await house.run_on(MORNING + PATIENCE)
                return {_named(k): h for k in sorted(wanted) if (h := await _order(house, k))}


def _named(kind: str) -> str:
    """The file of a kind of order under the version of order-to-cash that is shipped now; those before it stay."""
    shipped = files("crossdock.library").joinpath("workflows", "order-to-cash.yaml").read_bytes()
    return f"{kind}-{programs.load(shipped.decode(), 'order-to-cash.yaml').version.replace('.', '-')}"


async def _order(house: Installation, kind: str) -> folding.History | None:
    about, condition = KINDS[kind]
    found = await house.rows(
        f"select tenant_id, order_no from crossdock.order_view o where {condition} order by order_no limit 1"
    )
    if not found:
        print(f"{kind}: no such order in this day", file=sys.stderr)
        return None
    tenant, order = found[0]
    instances = await house.rows(
        "select instance_id, namespace, name, version, source from crossdock.instance "
        "join crossdock.definition using (tenant_id, namespace, name, version) "
        "where tenant_id = $1 and business_key = $2 order by started_at, instance_id", tenant, order,
    )  # fmt: skip
    told = [
        folding.Told(str(i["instance_id"]), f"{i['namespace']}/{i['name']}:{i['version']}", await _facts(house, i[0]))
        for i in instances
    ]
    sources = list(dict.fromkeys(i["source"] for i in instances))
    return folding.record(f"Order-to-cash. {about}", __version__, sources, told)


async def _facts(house: Installation, instance_id: Any) -> list[Fact]:
    rows = await house.rows("select kind, fact from crossdock.history where instance_id = $1 order by seq", instance_id)
    assert {r["kind"] for r in rows} <= set(FACTS)
    return [folding.fact_of(r["kind"], exactjson.loads(r["fact"])) for r in rows]


async def main(orders: int, again: list[str]) -> None:
    there = {p.name.partition(".")[0] for p in folding.files()} - set(again)
    histories = {run.name: await of_run(run) for run in runs.RUNS if run.name not in there}
    histories |= {name: of_operated(*made) for name, made in runs.operated().items() if name not in there}
    histories |= {name: await of_workflow(path) for name, path in shipped().items() if name not in there}
    if orders and (wanted := {k for k in KINDS if _named(k) not in there}):
        histories |= await of_orders(orders, wanted)
    for name, history in histories.items():
        path = folding.write(name, history)
        ends = [step["commands"][-1:] for one in history["instances"] for step in one["steps"][-1:]]
        facts = sum(len(one["steps"]) for one in history["instances"])
        print(f"{path.name}: {len(history['instances'])} instances, {facts} facts, last commands {str(ends)[:160]}")
        for difference in folding.differences(folding.read(path)):
            raise SystemExit(f"{path.name} does not replay: {difference}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=0, help="of a day at an installation; 0: none")
    parser.add_argument("--again", action="append", default=[], metavar="NAME")
    options = parser.parse_args()
    uvloop.run(main(options.orders, options.again))
