"""Every example of the specification runs against local stand-ins, or refuses with a reason. NOT RUN without them.

A row says what the example is given and what must come of it: completed, waiting (for ever), or the fault's status.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.engine.memory import Event

from .conftest import web_calls
from .hosts import Asked, InMemory

FOLDER = os.environ.get("CROSSDOCK_DSL")
EXAMPLES = sorted(Path(FOLDER, "examples").glob("*.yaml")) if FOLDER else []
pytestmark = pytest.mark.skipif(not EXAMPLES, reason="NOT RUN: CROSSDOCK_DSL is not set")

CLIENT = {"client": {"id": "workflow-runtime-id", "secret": "workflow-runtime-secret"}, "grant": "client_credentials"}
VITALS = "com.fake-hospital.vitals.measurements"
HOT = {"type": f"{VITALS}.temperature", "data": {"temperature": 39}}
FAST = {"type": f"{VITALS}.bpm", "data": {"bpm": 130}}
PET: dict[str, Any] = {"petId": 1, "token": "t"}
INPUTS: dict[str, Any] = {
    "call-http-redirect": {"searchQuery": "Luke"},
    "call-http-query-headers-expressions": {"searchQuery": "Luke"},
    "call-http-query-parameters": {"searchQuery": "Luke"},
    "conditional-task": {"customer": {"age": 30}, "bet": {"on": "us"}},
    "for": {"pets": [{"id": 1, "name": "Milou"}]},
    "listen-to-one": {"carId": 7},
    "listen-to-any-forever-foreach": {"roomId": 1},
    "star-wars-homeworld": {"id": 1},
    "schedule-event-driven": [
        {"data": {"patient": {"id": 1, "name": "A", "room": {"number": 2}, "vitals": {"bpm": 30}}}}
    ],
    "set": [{"data": {"size": "M", "fill": "red"}}],
    "set-expression": [{"data": {"patient": {"id": 1}}}],
    "try-catch-then": {"petId": 9},
    "switch-then-string": {"orderType": "electronic"},
    "run-subflow": {"user": {"name": "Ada"}},
}
SENSOR = {"source": "https://my.home.com/sensor", "roomid": "kitchen"}
SENT: dict[str, list[dict[str, Any]]] = {
    "accumulate-room-readings": [
        {**SENSOR, "type": "my.home.sensors.temperature", "data": {"reading": 20}},
        {**SENSOR, "type": "my.home.sensors.humidity", "data": {"reading": 60}},
    ],
    "listen-to-one": [{"type": "com.virtual-wf-powered-race.events.race.started.v1", "data": {"carId": 7}}],
    "listen-to-all": [HOT, FAST],
    "listen-to-all read-envelope": [HOT, FAST],
    "listen-to-any-filter": [FAST],
    "listen-to-any": [{"type": "x"}],
    "listen-to-any-until-condition": [{"type": "x", "data": n} for n in range(4)],
    "listen-to-any-until-consumed": [HOT, {"type": "com.fake-hospital.patient.checked-out"}],
    "listen-to-any-forever-foreach": [{"type": "gossip", "data": {"of": "ships", "roomId": 1}}],
}
CHILDREN = {
    "run-subflow": (
        "document: { dsl: '1.0.3', namespace: test, name: register-customer, version: '0.1.0' }\n"
        "do: [ { register: { set: { registered: true } } } ]"
    )
}
# What does not complete, and why.
REFUSED, OFF = 501, 400  # by design; unless a policy of the tenant allows it (docs/language.md)
OUTCOMES: dict[str, str | int] = {
    "accumulate-room-readings": 400,  # asks a list of events for .data: a listener gives a list
    "call-custom-function-inline": 404,  # there is no pet 69
    "do-multiple": 400,  # its second task wants the petId of the input, and gets the first one's output
    "listen-to-any-forever-foreach": "waiting",
    "listen-to-one": 400,  # wants carId of a list of events
    "raise-inline": 500,
    "raise-reusable": 500,
}


def expected(name: str) -> str | int:
    if name.startswith(("call-asyncapi", "call-grpc", "call-mcp", "call-custom-function-cataloged")):
        return REFUSED
    if name.startswith(("run-container", "run-script", "run-shell", "run-return")):
        return OFF
    return OUTCOMES.get(name, "completed")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
async def test_an_example_runs_or_says_why_not(path: Path, origin: str) -> None:
    asked = Asked(main=path.read_text(), given=INPUTS.get(path.stem, PET), children=[])
    asked.values["mySecret"] = {"authority": "http://keycloak/realms/fake-authority", **CLIENT}
    asked.children += [CHILDREN[path.stem]] if path.stem in CHILDREN else []
    for n, event in enumerate(SENT.get(path.stem, [])):
        whole = {"specversion": "1.0", "id": str(n), "source": "https://x.example", **event}
        asked.events.append(Event(whole, timedelta(minutes=n + 1)))
    async with web_calls(origin) as web:
        ran = await InMemory(web).run(asked)
    outcome = ran.error.status if ran.error is not None else ran.status
    assert outcome == expected(path.stem), (ran.status, ran.error)
    if outcome in {REFUSED, OFF}:
        assert ran.error is not None
        assert ran.error.detail, "a refusal says what is refused"
