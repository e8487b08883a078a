"""Edited data is held against the schema of what it repairs: what is wrong, where, and only what the edit brought."""

from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from crossdock import exactjson
from crossdock.cases import repairing
from crossdock.connect import roles

LINE = {
    "line": "1", "items": [{"scheme": "buyer", "value": "X-1"}], "description": "", "quantity": Decimal("2.5"),
    "unit": "EA", "unit_price": None, "requested_on": None,
}  # fmt: skip
ORDER: dict[str, Any] = {
    "customer_id": "C-1", "currency": "EUR", "requested_on": "2026-03-09", "cancel_after": None, "ship_to": None,
    "stated_total": Decimal("12.50"), "lines": [LINE],
}  # fmt: skip


def told(after: dict[str, Any], before: Any = ORDER, kind: str = "order-invalid") -> list[tuple[str, str, str]]:
    return [(f.where, f.expected, f.found) for f in repairing.findings(kind, before, after)]


def line(**changed: Any) -> dict[str, Any]:
    return {**ORDER, "lines": [{**LINE, **changed}]}


def without(name: str) -> dict[str, Any]:
    return {**ORDER, "lines": [{k: v for k, v in LINE.items() if k != name}]}


@pytest.mark.parametrize(
    ("after", "where", "expected", "found"),
    [
        (line(items=[{"scheme": "ours", "value": "A"}]), "/data/lines/0/items/0/scheme",
         "one of supplier, buyer, gtin, manufacturer, quotation", "ours"),
        (line(items=[{"scheme": "supplier"}]), "/data/lines/0/items/0/value", "the member value", "nothing"),
        (line(items=[]), "/data/lines/0/items", "entries, at least 1", "[]"),
        (line(quantity="ten"), "/data/lines/0/quantity", "a number", "ten"),
        (line(quantity=-1), "/data/lines/0/quantity", "at least 0", "-1"),
        (line(quantity=True), "/data/lines/0/quantity", "a number", "true"),
        (without("unit"), "/data/lines/0/unit", "the member unit", "nothing"),
        (line(unit_price="12"), "/data/lines/0/unit_price", "a number, or nothing", "12"),
        (line(requested_on="2026-02-30"), "/data/lines/0/requested_on", "a day as 2026-12-31", "2026-02-30"),
        ({**ORDER, "requested_on": "tomorrow"}, "/data/requested_on", "a day as 2026-12-31", "tomorrow"),
        ({**ORDER, "customer_id": ""}, "/data/customer_id", "characters, at least 1", ""),
        ({**ORDER, "ship_to": {"country": "Sweden"}}, "/data/ship_to/country", "a country as SE", "Sweden"),
        ({**ORDER, "ship_to_id": 7}, "/data/ship_to_id", "a text, or nothing", "7"),
        ({**ORDER, "lines": []}, "/data/lines", "entries, at least 1", "[]"),
        ({**ORDER, "lines": [LINE, LINE]}, "/data/lines/1/line", "a number that no other line has", "1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_place(after: Any, where: str, expected: str, found: str) -> None:
    assert (where, expected, found) in told(after)


def test_a_misspelt_member_is_named_with_those_that_there_are() -> None:
    [(where, expected, found)] = told({**ORDER, "ship_to": {"town": "Lund"}})
    assert (where, found) == ("/data/ship_to/town", "town")
    assert "city" in expected


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert len(told(line(quantity="ten", unit=""))) == 2


@pytest.mark.parametrize(
    "after",
    [
        line(items=[{"scheme": "supplier", "value": "NF-1"}]), {**ORDER, "requested_on": None},
        {**ORDER, "ship_to": {"name": "A", "lines": ["Road 1"], "city": "Lund", "country": "SE"}},
        {**ORDER, "stated_total": None}, line(quantity=0),
    ],
)  # fmt: skip
def test_what_fits_is_taken(after: Any) -> None:
    assert told(after) == []


def test_what_came_in_odd_and_is_left_as_it_was_is_not_complained_of() -> None:
    odd = {**ORDER, "lines": [{**LINE, "unit": ""}, {**LINE, "line": "2"}]}
    mended = {**odd, "lines": [odd["lines"][0], {**LINE, "line": "2", "unit": "CS"}]}
    assert told(mended, odd) == []
    worse = {**odd, "lines": [odd["lines"][0], {**LINE, "line": "2", "unit": ""}]}
    assert [w for w, _, _ in told(worse, odd)] == ["/data/lines/1/unit"]


def test_a_kind_without_a_schema_takes_what_its_pointers_allow() -> None:
    assert told({"anything": 1}, {}, "inventory-difference") == []


def test_the_schema_knows_the_schemes_that_systems_are_asked_by() -> None:
    schema = exactjson.loads(files("crossdock.library").joinpath("cases", "data.schema.json").read_bytes())
    named = schema["$defs"]["line"]["properties"]["items"]["items"]["properties"]["scheme"]["enum"]
    assert set(named) == set(roles.ItemNumber.__annotations__["scheme"].__args__)
