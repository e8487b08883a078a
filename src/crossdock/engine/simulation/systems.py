"""What workers call in a simulation: systems of the two kinds there are, and a ledger of what they really did.

One kind honours keys: told twice, it does it once and answers as before. The other does it each time it is told. Both
answer late, say no for now, are down, or do it and lose the answer. What a system does follows from the seed, the key
and how often it was asked, whichever worker asks.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from crossdock.engine.simulation.wires import Life
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Absent, Done, Failed, Invocation, Parked, Performed, Probed, Retry, Unknown

BUSY = Error("https://example.org/busy", 429, "Busy")
WRONG = Error("https://example.org/wrong", 422, "Refused")

SLOW = 0.1  # of the requests take long until they arrive: longer than a renewal and than others wait for its notice
SLOWEST_S = 3.0
TROUBLE_S = 0.1  # for so long the database then takes no turn of the same worker, whose lease it goes on renewing
KEYED = "erp"  # honours keys
KEYLESS = "wms"
OPERATIONS = [f"{system}.{verb}" for system in (KEYED, KEYLESS) for verb in ("do", "undo", "try")]


@dataclass
class Ledger:
    """By (tenant, key): how often it was asked, how often it had its effect, and what was asked for."""

    seed: int
    asked: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    effects: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    arguments: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    other_arguments: list[str] = field(default_factory=list[str])
    down: set[str] = field(default_factory=set[str])
    calm: bool = False

    def effect(self, call: Invocation) -> None:
        key = (call.tenant_id, call.key)
        told = self.arguments.setdefault(key, call.arguments)
        if told != call.arguments:
            self.other_arguments.append(f"{key}: first {told}, then {call.arguments}")
        if call.function.startswith(KEYED) and self.effects[key]:
            return
        self.effects[key] += 1

    def chance(self, call: Invocation) -> random.Random:
        key = (call.tenant_id, call.key)
        self.asked[key] += 1
        at = call.key.removeprefix(str(call.instance_id))
        return random.Random(f"{self.seed} {call.tenant_id} {call.business_key} {at} {self.asked[key]}")


@dataclass
class System:
    """One system as one worker reaches it."""

    system: str
    ledger: Ledger
    life: Life

    async def perform(self, call: Invocation) -> Performed:
        chance = self.ledger.chance(call)
        life, calm = self.life, self.ledger.calm
        life.pass_by("before effect")
        await asyncio.sleep(chance.expovariate(200))
        await life.stalled()
        if chance.random() < SLOW:
            life.net.count["slow request"] += 1
            if chance.random() < 0.5:
                life.turns_fail_until = life.net.loop.time() + TROUBLE_S
            await asyncio.sleep(chance.random() * SLOWEST_S)
            await life.stalled()
        life.pass_by("before effect")
        if self.system in self.ledger.down and not calm:
            return Failed(BUSY, Retry.OUTAGE)
        weights = [98, 2, 0, 0, 0] if calm else [70, 10, 6, 12, 2]
        what = chance.choices(["done", "busy", "lost-before", "lost-after", "down"], weights)[0]
        refuses = call.function.endswith(".try") and _share(call) < 0.5
        if refuses and what in ("done", "lost-after"):
            return Failed(WRONG)
        if what == "busy":
            return Failed(BUSY, Retry.LATER, timedelta(seconds=chance.choice([0, 30])))
        if what == "down":
            return Failed(BUSY, Retry.OUTAGE)
        if what != "lost-before":
            self.ledger.effect(call)
            life.net.say(self.system, f"did {call.tenant_id} {call.business_key} {_at(call)}")
        await asyncio.sleep(chance.expovariate(200))
        await life.stalled()
        return Done({"did": call.key}) if what == "done" else Unknown("the connection broke")

    async def probe(self, call: Invocation) -> Probed:
        chance = self.ledger.chance(call)
        self.life.pass_by("during probe")
        await asyncio.sleep(chance.expovariate(200))
        await self.life.stalled()
        self.life.pass_by("during probe")
        if not self.ledger.calm and chance.random() < 0.1:
            return Unknown("no answer")
        return Done({"did": call.key}) if self.ledger.effects[call.tenant_id, call.key] else Absent()


class Ask:
    """A function that parks; the simulation answers for the person."""

    async def start(self, tx: Any, call: Invocation) -> Parked:
        return Parked("a person")


def _share(call: Invocation) -> float:
    return random.Random(call.key).random()


def _at(call: Invocation) -> str:
    return call.key.removeprefix(str(call.instance_id))
