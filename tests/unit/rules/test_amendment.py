"""A buyer's change weighed against its order."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.amendment import merge, weigh

LINE = {"line": "1", "items": [{"scheme": "supplier", "value": "A"}], "description": "", "quantity": 10, "unit": "EA",
        "unit_price": Decimal("2.50"), "requested_on": None}  # fmt: skip
ORDER = {"order": "SO-1", "lines": [LINE, {**LINE, "line": "2"}], "ship_to": {"name": "Shop"}, "requested_on": None,
         "stated_total": 50}  # fmt: skip


def ask(*lines: dict[str, Any], sequence: str = "", **head: Any) -> dict[str, Any]:
    return {"sequence": sequence, "lines": list(lines), **head}


def one(line: str = "1", action: str = "change", **what: Any) -> dict[str, Any]:
    return {"line": line, "action": action, **what}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (one("9", quantity=1), "unknown-line"),
        (one("1", "add", quantity=1, unit="EA", items=LINE["items"]), "line-exists"),
        (one("3", "add", quantity=1, unit="EA"), "incomplete"),
        (one("3", "add", quantity=0, unit="EA", items=LINE["items"]), "incomplete"),
        (one(quantity=-1), "negative"),
        (one(), "nothing"),
    ],
)
def test_what_cannot_be_changed_is_refused_with_its_reason(wanted: dict[str, Any], code: str):
    found = weigh(ORDER, ask(wanted), {}, "")
    [verdict] = found["verdicts"]
    assert (found["accepted"], verdict["accepted"], verdict["code"]) == (False, False, code)
    assert verdict["reason"]
    assert found["order"]["lines"] == ORDER["lines"]


def test_the_rest_of_a_change_is_taken():
    found = weigh(
        ORDER, ask(one(quantity=4), one("9", "cancel"), one("2", "cancel"), requested_on="2026-05-01"), {}, ""
    )
    assert [v["accepted"] for v in found["verdicts"]] == [True, False, True]
    assert [(n["line"], n["quantity"]) for n in found["order"]["lines"]] == [("1", 4)]
    assert (found["order"]["requested_on"], found["order"]["stated_total"], found["cancels"]) == (
        "2026-05-01",
        None,
        False,
    )


def test_nothing_is_changed_after_the_hand_over():
    found = weigh(ORDER, ask(one(quantity=4), ship_to={"name": "Other"}), {}, "handed-over")
    assert (found["accepted"], found["order"]["ship_to"], found["verdicts"][0]["code"]) == (
        False, {"name": "Shop"}, "handed-over",
    )  # fmt: skip


def test_an_order_without_lines_is_cancelled():
    assert weigh(ORDER, ask(one("1", "cancel"), one("2", quantity=0)), {}, "")["cancels"]


CHANGES = st.lists(
    st.tuples(st.sampled_from("12"), st.integers(0, 30)), min_size=1, max_size=5
)  # one line each, numbered as they were sent


@given(CHANGES, st.randoms(use_true_random=False))
def test_changes_come_to_the_same_order_in_whatever_order_they_arrive(sent: list[tuple[str, int]], chance: Any):
    changes = [ask(one(line, quantity=q + 1), sequence=str(n)) for n, (line, q) in enumerate(sent, 1)]

    def applied(some: list[dict[str, Any]]) -> Any:
        order, seen, before = ORDER, {}, []
        for change in some:
            found = weigh(order, change, seen, "")
            order, seen, before = found["order"], found["sequences"], merge(before, found["changed"])
        return order["lines"], sorted(before, key=lambda n: n["line"])

    mixed = list(changes)
    chance.shuffle(mixed)
    assert applied(mixed) == applied(changes)


def whole(*lines: dict[str, Any]) -> dict[str, Any]:
    return {**ask(*lines), "whole": True}


def test_a_change_that_says_the_whole_order_cancels_what_it_leaves_out():
    same = one("1", "replace", quantity=Decimal("10.0"), unit="EA", unit_price=Decimal("2.5"), items=LINE["items"])
    new = one("3", "replace", quantity=2, unit="EA", items=[{"scheme": "supplier", "value": "B"}])
    found = weigh(ORDER, whole(same, new), {}, "")
    assert [(v["line"], v["action"], v["accepted"]) for v in found["verdicts"]] == [
        ("1", "none", True), ("3", "add", True), ("2", "cancel", True),
    ]  # fmt: skip
    assert [(n["line"], n["quantity"]) for n in found["order"]["lines"]] == [("1", 10), ("3", 2)]


@pytest.mark.parametrize(
    "wanted",
    [
        {"quantity": 11},
        {"unit_price": Decimal("2.51")},
        {"unit": "CS"},
        {"requested_on": "2026-05-01"},
        {"items": [{"scheme": "supplier", "value": "B"}]},
    ],
)
def test_a_line_of_a_whole_order_is_changed_by_whatever_differs(wanted: dict[str, Any]):
    found = weigh(
        ORDER, whole(one("1", "replace", **{"quantity": 10, "unit": "EA", **wanted}), one("2", "none")), {}, ""
    )
    assert [v["action"] for v in found["verdicts"]] == ["replace", "none"]
    [(name, value)] = wanted.items()
    assert found["order"]["lines"][0][name] == value


def test_a_whole_order_without_lines_cancels_it():
    assert weigh(ORDER, whole(), {}, "")["cancels"]
