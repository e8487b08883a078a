"""Large parts of an instance's data: cut out once, named by what they hold, put back as they were."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from crossdock import exactjson
from crossdock.errors import CrossdockBug
from crossdock.flow import state as states
from crossdock.flow.facts import CallCompleted
from crossdock.flow.payloads import MARK, Payloads, TooLarge, outline
from crossdock.flow.state import Again, Around, Listened, Loop, Race, Recorded, Run, State, Status

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def order(lines: int = 3000) -> dict[str, Any]:
    return {
        "order": "SO-1", "customer": {"id": "C-7"},
        "lines": [{"sku": f"A-{n}", "quantity": n, "price": Decimal("1.10")} for n in range(lines)],
    }  # fmt: skip


def state_of(input: Any, **more: Any) -> State:
    return State(status=Status.RUNNING, instance_id="i", started_at=NOW, input=input, context=None, **more)


def read_again(data: bytes, stored: dict[str, bytes]) -> tuple[State, Payloads]:
    payloads = Payloads(stored)
    return states.load(data, payloads), payloads


def test_a_large_document_is_named_in_the_state_and_comes_back_exact() -> None:
    whole = order()
    state = msgspec.structs.replace(state_of(whole), context={"order": whole, "stage": "priced"})
    payloads = Payloads()
    stored = states.dump(state, payloads)
    assert len(stored) < 2000
    assert len(payloads.fresh) == 1
    restored, _ = read_again(stored, payloads.fresh)
    assert restored == state
    assert str(restored.input["lines"][0]["price"]) == "1.10"
    assert restored.input["lines"] is restored.context["order"]["lines"]


def test_what_a_turn_did_not_touch_is_neither_encoded_nor_kept_again() -> None:
    whole = order()
    payloads = Payloads()
    stored = states.dump(state_of(whole), payloads)
    for n in range(4):
        payloads.fresh = {}
        stored = states.dump(msgspec.structs.replace(state_of(whole), context={"order": whole, "n": n}), payloads)
        assert payloads.fresh == {}
    _, again = read_again(stored, dict(payloads.fresh) | _all(whole))
    assert again.fresh == {}


def _all(*values: Any) -> dict[str, bytes]:
    payloads = Payloads()
    for value in values:
        payloads.light(value)
    return payloads.fresh


def test_a_reloaded_state_is_written_again_without_its_large_parts() -> None:
    whole = order()
    first = Payloads()
    stored = states.dump(msgspec.structs.replace(state_of(whole), context={"order": whole}), first)
    restored, second = read_again(stored, first.fresh)
    assert states.dump(restored, second) == stored
    assert second.fresh == {}
    third = Payloads()  # the same content, other objects: the same name
    assert states.dump(msgspec.structs.replace(state_of(order()), context={"order": order()}), third)
    assert third.fresh.keys() == first.fresh.keys()


def test_a_small_state_has_the_bytes_it_always_had() -> None:
    state = msgspec.structs.replace(state_of(order(3)), context={"a": {MARK: "0" * 64, "bytes": 1}})
    payloads = Payloads()
    assert states.dump(state, payloads) == states.dump(state)
    assert payloads.fresh == {}
    assert states.load(states.dump(state)) == state


def test_all_that_runs_remember_is_kept_apart_and_comes_back() -> None:
    a, b, c, d, e, f = (order(2000 + n) for n in range(6))
    heard = Listened([], [], [a], [True], [], [b], [c], False, False, ["1"])
    runs = (
        Run(1, 0, 0, "/do/0#1", NOW, None, a, memory=heard, vars={"it": d, "n": 1}),
        Run(2, 1, 1, "/do/1#1", NOW, a, b, memory=Race([None, e], 1)),
        Run(3, 1, 2, "/do/2#1", NOW, a, b, memory=Loop(d["lines"], 3), vars={"each": d["lines"][3]}),
        Run(4, 1, 3, "/do/3#1", NOW, a, b, memory=Around([1], 1, f)),
    )
    again = Again({"/do/0#1": Recorded(a, {"given": b}, [c])}, ["/do/0#2"])
    state = state_of(a, runs=runs, again=again)
    payloads = Payloads()
    stored = states.dump(state, payloads)
    assert len(stored) < 4000
    assert len(payloads.fresh) == 6
    restored, _ = read_again(stored, payloads.fresh)
    assert restored == state


def test_a_state_that_names_payloads_is_not_read_without_them() -> None:
    payloads = Payloads()
    stored = states.dump(state_of(order()), payloads)
    with pytest.raises(exactjson.DecodeError):
        states.load(stored)
    with pytest.raises(CrossdockBug):
        states.load(stored, Payloads())
    shown = states.outline(stored)
    assert shown.input["lines"]["bytes"] > 64 * 1024


def test_a_fact_names_what_the_state_names() -> None:
    output = order()
    payloads = Payloads()
    states.dump(state_of(output), payloads)
    kept = dict(payloads.fresh)
    text = payloads.text(CallCompleted("/do/0#1", {"answer": output}, NOW))
    assert payloads.fresh == kept
    assert len(text) < 400
    fact = msgspec.convert(Payloads(kept).value(text), CallCompleted)
    assert fact == CallCompleted("/do/0#1", {"answer": output}, NOW)


def test_a_small_change_beside_a_large_part_writes_no_large_part() -> None:
    lines = order()["lines"]
    payloads = Payloads()
    for n in range(3):
        payloads.fresh = {}
        payloads.text({"lines": lines, "n": n})
        assert len(payloads.fresh) == (1 if n == 0 else 0)


def test_a_forged_name_stays_the_data_it_is() -> None:
    secret = Payloads()
    secret.text(order())
    (digest,) = secret.fresh
    forged = {"a": {MARK: digest, "bytes": 1}, "b": [{MARK: [{MARK: digest}]}], MARK: None, "c": {MARK: [1]}}
    writer = Payloads()
    text = writer.text(forged)
    assert Payloads(secret.fresh).value(text) == forged  # though the payload is at hand
    large = {"forged": forged, "rest": order()}
    text = writer.text(large)
    assert Payloads(writer.fresh | secret.fresh).value(text) == large
    assert outline(exactjson.loads(Payloads().text(forged))) == forged


def test_a_part_beyond_all_measure_is_refused_with_its_size() -> None:
    payloads = Payloads(limit=100, most=1000)
    with pytest.raises(TooLarge, match="at most 1000 bytes"):
        payloads.text({"lines": ["x" * 99] * 20})
    with pytest.raises(TooLarge):  # also in pieces
        payloads.text({"a": {str(n): "x" * 150 for n in range(10)}})


KEYS = some.sampled_from(["a", "b", "lines", MARK, "bytes"])
VALUES = some.recursive(
    some.one_of(some.none(), some.booleans(), some.integers(), some.text(max_size=30), some.just("x" * 40)),
    lambda inner: some.one_of(some.lists(inner, max_size=7), some.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=40,
)


@given(some.lists(VALUES, min_size=1, max_size=3), some.integers(min_value=30, max_value=200))
@settings(max_examples=300, deadline=None)
def test_whatever_is_cut_out_is_put_back(values: list[Any], limit: int) -> None:
    writer = Payloads(limit=limit)
    texts = [writer.text(v) for v in values for _ in (1, 2)]
    reader = Payloads(writer.fresh, limit=limit)
    assert [reader.value(t) for t in texts] == [v for v in values for _ in (1, 2)]


@given(VALUES, VALUES, some.integers(min_value=30, max_value=400))
@settings(max_examples=300, deadline=None)
def test_a_state_in_parts_equals_the_whole(input: Any, other: Any, limit: int) -> None:
    run = Run(1, 0, 0, "/do#1", NOW, input, [other, input], vars={"it": other}, memory=Race([input, None], 1))
    state = msgspec.structs.replace(state_of(input), context={"in": input, "other": other}, runs=(run,))
    writer = Payloads(limit=limit)
    stored = states.dump(state, writer)
    assert states.dump(state, writer) == stored
    restored = states.load(stored, Payloads(writer.fresh, limit=limit))
    assert restored == state
    assert states.canonical(restored) == states.canonical(state)
