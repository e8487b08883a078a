"""The promises of the engine, each as a question to the database and to the ledger of the systems.

`now` holds at every moment, also between a death and its burial; `finally_` when all has come to rest. A broken
promise is raised with the instance it was broken to, so that its story can be told.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from crossdock import exactjson
from crossdock.db import queries
from crossdock.engine.live import FACTS
from crossdock.engine.simulation import workflows
from crossdock.engine.simulation.systems import KEYED, Ledger
from crossdock.engine.simulation.wires import Wire
from crossdock.flow import interpreter
from crossdock.flow import state as states
from crossdock.flow.program import Program

SQL = queries("crossdock.engine.simulation", "invariants.sql")

LOST = "an acknowledged instance is there, and in the end has ended"
ORPHAN = "every waiting instance has a timer, subscription, held or parked call, or child"
UNREAD = "who has mail is being worked on, or will be"
OWNED = "a lease belongs to a worker that can be buried"
HELD = "a held call belongs to an outage that will be tried"
STUCK = "no fault of the surroundings sets an instance aside"
ONE_EFFECT = "each key has at most one effect"
SAME_CALL = "a key always asks for the same thing"
KNOWN = "an effect is known to the instance that wanted it"
UNDONE = "what was done and can be undone is undone when its instance is cancelled"
ONE_END = "exactly one terminal event, and one terminal status"
REST = "nothing is left when all has ended"
FOLD = "folding history gives the stored state"
TENANT = "no tenant sees another's data"
PINNED = "an instance runs the version it was started with"


class Broken(AssertionError):
    """invariant: in words. instance: (tenant, id) of the one it was broken to, where it can be told."""

    def __init__(self, invariant: str, detail: str, instance: tuple[str, UUID] | None = None) -> None:
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant
        self.detail = detail
        self.instance = instance


@dataclass(frozen=True, slots=True)
class Begun:
    """What was acknowledged: this instance of this version exists."""

    tenant_id: str
    instance_id: UUID
    name: str
    version: str
    order: str


AT_ONCE = {"orphans": ORPHAN, "unread": UNREAD, "unowned": OWNED, "unwoken": HELD, "suspended": STUCK}


async def now(admin: Wire, ledger: Ledger) -> None:
    """What holds at every moment. Raises Broken."""
    for query, invariant in AT_ONCE.items():
        for row in await admin.fetch(SQL[query]):
            raise Broken(invariant, str(dict(row)), (row["tenant_id"], row["instance_id"]))
    _effects(ledger)


def _effects(ledger: Ledger) -> None:
    for (tenant_id, key), n in ledger.effects.items():
        if n > 1:
            raise Broken(ONE_EFFECT, f"{key} had {n} effects", (tenant_id, UUID(key[:36])))
    if ledger.other_arguments:
        raise Broken(SAME_CALL, ledger.other_arguments[0])


async def finally_(
    admin: Wire, ledger: Ledger, begun: Mapping[tuple[str, UUID], Begun], programs: Mapping[tuple[str, str], Program]
) -> None:
    """What holds when nothing is left to do. Raises Broken."""
    await now(admin, ledger)
    instances = {(r["tenant_id"], r["instance_id"]): r for r in await admin.fetch(SQL["instances"])}
    for key, one in begun.items():
        there = instances.get(key)
        if there is None:
            raise Broken(LOST, f"{one} is not there", key)
        if there["version"] != one.version or there["name"] != one.name:
            raise Broken(PINNED, f"{one} is {there['name']}:{there['version']}", key)
    for key, row in instances.items():
        if row["status"] != "completed" or row["ended_at"] is None:
            raise Broken(LOST, f"{row['name']} of {row['business_key']} is {row['status']}", key)
    left = {r["t"]: r["n"] for r in await admin.fetch(SQL["left"]) if r["n"]}
    if left:
        raise Broken(REST, str(left))
    await _ends(admin, instances)
    await _calls(admin, ledger, instances, programs)
    await _folds(admin, instances, programs)


async def _ends(admin: Wire, instances: Mapping[tuple[str, UUID], Any]) -> None:
    ends: Counter[tuple[str, UUID]] = Counter()
    for row in await admin.fetch(SQL["done_events"]):
        key = (row["tenant_id"], UUID(row["id"][:36]))
        data = json.loads(row["body"])["data"]
        ends[key] += 1
        if data["tenant"] != row["tenant_id"] or key not in instances:
            raise Broken(TENANT, f"the event {row['id']} of {row['tenant_id']} says {data}", key)
        if data["version"] != instances[key]["version"]:
            raise Broken(PINNED, f"an instance of {instances[key]['version']} ended as {data['version']}", key)
    for key in instances:
        if ends[key] != 1:
            raise Broken(ONE_END, f"{ends[key]} terminal events", key)


async def _calls(
    admin: Wire,
    ledger: Ledger,
    instances: Mapping[tuple[str, UUID], Any],
    programs: Mapping[tuple[str, str], Program],
) -> None:
    del programs
    known: set[tuple[str, str]] = set()
    for row in await admin.fetch(SQL["calls"]):
        key = (row["tenant_id"], row["instance_id"])
        if row["state"] not in ("done", "failed"):
            raise Broken(REST, f"the call {row['at']} is {row['state']}", key)
        given = json.loads(row["arguments"])
        if given.get("tenant", row["tenant_id"]) != row["tenant_id"]:
            raise Broken(TENANT, f"{row['at']} of {row['tenant_id']} was called with {given}", key)
        if given.get("version", instances[key]["version"]) != instances[key]["version"]:
            raise Broken(PINNED, f"{row['at']} was called by version {given}", key)
        name = (row["tenant_id"], f"{row['instance_id']}{row['at']}")
        if row["state"] == "done" and row["system"]:
            known.add(name)
            if not ledger.effects[name]:
                raise Broken(KNOWN, f"{row['at']} counts as done, and {row['system']} knows nothing of it", key)
        if row["state"] == "done" and row["undoes"] and not row["undone"]:
            raise Broken(UNDONE, f"{row['at']} was done and not undone", key)
    for name, n in ledger.effects.items():
        if n and name not in known:
            raise Broken(
                KNOWN, f"{name[1]} was done, and its instance believes it was not", (name[0], UUID(name[1][:36]))
            )


async def _folds(
    admin: Wire, instances: Mapping[tuple[str, UUID], Any], programs: Mapping[tuple[str, str], Program]
) -> None:
    told: defaultdict[tuple[str, UUID], list[Any]] = defaultdict(list)
    for row in await admin.fetch(SQL["history"]):
        told[row["tenant_id"], row["instance_id"]].append(row)
    for key, row in instances.items():
        facts = told[key]
        starts = sum(r["kind"] == "Started" for r in facts)
        if starts != 1:
            raise Broken(FOLD, f"{starts} starts in the history", key)
        state: states.State | None = None
        for r in facts:
            fact = msgspec.convert(exactjson.loads(r["fact"]), FACTS[r["kind"]])
            state = interpreter.advance(programs[row["name"], row["version"]], state, fact).state
        if state is None or states.dump(state) != states.dump(states.load(row["state"])):
            raise Broken(FOLD, f"{len(facts)} facts fold to something else", key)


def keyed(function: str) -> bool:
    """Whether the system behind a function honours keys."""
    return function.startswith(KEYED)


async def story(admin: Wire, tenant_id: str, instance_id: UUID, last: int = 30) -> list[dict[str, Any]]:
    """The last facts of an instance, as its history has them."""
    rows = await admin.fetch(SQL["one_history"], tenant_id, instance_id)
    return [
        {"kind": r["kind"], "at": r["at"].isoformat(), "fact": json.loads(r["fact"]), "trace": json.loads(r["trace"])}
        for r in rows[-last:]
    ]


NAMES = workflows.NAMES
