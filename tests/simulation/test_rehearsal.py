"""What `crossdock simulate --definition` tells: a queue grows while a system is down, and is worked off afterwards."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from crossdock.cli import rehearse
from crossdock.cli.app import app
from crossdock.cli.flowtest import computing
from crossdock.cli.rehearse import Asked
from crossdock.engine import scenarios
from crossdock.engine.simulation import chart, rehearsal
from crossdock.engine.simulation.rehearsal import Effect, Rehearsal, noticed
from crossdock.errors import SetupError
from crossdock.flow import program as programs

SHIP = """
document: {dsl: '1.0.3', namespace: shop, name: ship, version: '1.0.0'}
do:
  - book:
      call: carrier.book@crossdock
      with: {order: '${ .order }'}
      timeout: {after: {hours: 2}}
  - print: {call: wms.release@crossdock, with: {}}
  - tell: {emit: {event: {with: {type: shop.shipped}}}}
"""


def rehearsed(tmp_path: Path, *, outages: Sequence[str] = ("carrier=1h@2h",), **options: object) -> Rehearsal:
    path = tmp_path / "ship.yaml"
    path.write_text(SHIP)
    given = tmp_path / "order.json"
    given.write_text('{"order": "SO-1"}')
    asked = Asked(definition=str(path), rate="60/h", lasts="6h", outages=outages, **options)  # type: ignore[arg-type]
    loaded, scenario = rehearsal.alone(path, json.loads(given.read_text()))
    program = programs.load(SHIP, "ship.yaml")
    return asyncio.run(rehearsal.rehearse(loaded, scenario, program, [], computing(loaded), rehearse.plan_of(asked)))


def effect(found: Rehearsal) -> Effect:
    (one,) = found.effects
    return one


def at(found: Rehearsal, hours: float) -> int:
    """Calls of the carrier that wait or are under way, about then."""
    curve = found.hurt.systems["carrier"].curve
    return next(n for moment, n in reversed(curve) if moment <= hours * 3600)


def test_the_queue_grows_during_the_outage_and_is_worked_off_afterwards(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, budgets=["carrier=2/min"])
    assert at(found, 1.9) <= 5
    assert 5 < at(found, 2.3) < at(found, 2.6) < at(found, 2.95)
    assert effect(found).most_waiting > 40
    assert at(found, 5.5) <= 8
    caught_up_s = effect(found).caught_up_s
    assert caught_up_s is not None
    # an hour's 60 calls and what arrives meanwhile, at two a minute against one that arrives
    assert 45 * 60 < caught_up_s < 120 * 60
    assert found.normal.systems["carrier"].most < 8


def test_double_capacity_shortens_the_catching_up(tmp_path: Path) -> None:
    single, double = (
        effect(rehearsed(tmp_path, durations=["carrier=100s"], capacities=[f"carrier={n}"])).caught_up_s for n in (2, 4)
    )
    assert single is not None
    assert double is not None
    assert double < single / 1.5


def test_a_bigger_budget_shortens_the_catching_up(tmp_path: Path) -> None:
    small, big = (effect(rehearsed(tmp_path, budgets=[f"carrier={n}/min"])).caught_up_s for n in (2, 4))
    assert small is not None
    assert big is not None
    assert big < small / 1.5


def test_promises_that_an_outage_breaks_are_counted_and_those_of_usual_days_are_none(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, outages=["carrier=3h@1h"])
    assert found.normal.missed == {}
    assert found.hurt.missed["timeout book"] > 10
    assert found.hurt.ended["faulted"] == found.hurt.missed["timeout book"]
    assert found.normal.ended == {"completed": found.normal.instances}


def test_time_in_system_is_longer_with_the_outage_and_the_same_for_other_systems(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, outages=["carrier=1h@2h"])
    assert found.hurt.took.p95 > found.normal.took.p95 + 600
    assert found.hurt.reached["shop.shipped"].p95 > found.normal.reached["shop.shipped"].p95 + 600
    assert found.normal.systems["carrier"].waited.p95 < 1
    assert found.hurt.systems["wms"].calls == found.normal.systems["wms"].calls


def test_a_system_that_refuses_now_and_then_is_tried_again(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, outages=[], failures=["carrier=0.3"])
    assert found.normal.ended == {"completed": found.normal.instances}
    assert found.normal.took.p95 >= 4  # two seconds, then as many again
    assert found.effects == []


def test_the_same_seed_rehearses_the_same(tmp_path: Path) -> None:
    assert rehearsed(tmp_path) == rehearsed(tmp_path)
    assert rehearsed(tmp_path) != rehearsed(tmp_path, seed=2)


def test_an_outage_is_noticed_by_the_next_try() -> None:
    minute = 60
    assert noticed(0, 30) == minute
    assert noticed(0, 2 * minute) == 3 * minute  # after one minute, then two more
    assert noticed(0, 100 * minute) == 105 * minute  # every quarter of an hour at last


def test_order_to_cash_is_rehearsed_through_a_carriers_outage(tmp_path: Path) -> None:
    plot = tmp_path / "outage.svg"
    ran = CliRunner().invoke(
        app,
        ["simulate", "--definition", "order-to-cash", "--outage", "carrier=4h", "--rate", "6/h", "--for", "12h",
         "--budget", "carrier=1/min", "--plot", str(plot), "--json"],
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert found["trouble"] == []
    assert found["normal"]["ended"] == found["hurt"]["ended"] == {"completed": found["normal"]["instances"]}
    (one,) = found["effects"]
    assert one["most_waiting"] > 3 * found["normal"]["systems"]["carrier"]["most"]
    assert one["caught_up_s"] > 0
    released = "crossdock.order.released"
    assert found["hurt"]["reached"][released]["p95"] > found["normal"]["reached"][released]["p95"] + 3600
    ElementTree.parse(plot)


def test_the_report_for_people_shows_the_curve(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, budgets=["carrier=2/min"])
    lines = chart.text(found.hurt.systems["carrier"].curve, found.horizon_s, [(7200, 10800)])
    assert "█" in lines[chart.HEIGHT - 1]
    assert "▔" in lines[-2]
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"outages": ["carrier"]}, "--outage like carrier=4h"),
        ({"outages": ["carrier=soon"]}, "--outage to be a time"),
        ({"rate": "fast"}, "--rate to be a rate"),
        ({"budgets": ["carrier=0/min"]}, "--budget to be a rate"),
        ({"capacities": ["carrier=none"]}, "--capacity to be a number"),
        ({"failures": ["carrier=2"]}, "--fails to be a number"),
        ({"lasts": "-1h"}, "--for to be a time"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_was_expected(options: dict[str, object], expected: str) -> None:
    with pytest.raises(SetupError, match=expected):
        rehearse.plan_of(Asked(definition="x", **options))  # type: ignore[arg-type]


def test_a_definition_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(SetupError, match=r"backorder, .*order-to-cash"):
        rehearse.find("order-to-crash")


def test_an_iso_duration_is_understood() -> None:
    assert rehearse.plan_of(Asked(definition="x", lasts="PT90M")).lasts == timedelta(minutes=90)


def test_scenarios_beside_the_definition_answer_the_calls() -> None:
    path = rehearse.find("order-to-cash")
    assert scenarios.load(path.with_name("order-to-cash.test.yaml")).file.calls["carrier.book"]
