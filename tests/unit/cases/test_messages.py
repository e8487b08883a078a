from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crossdock import exactjson, ids
from crossdock.cases import functions, messages
from crossdock.flow.outcomes import Done, Failed, Invocation
from crossdock.rules import Rulebook

TEMPLATES = messages.load()
FACTS = exactjson.plain(
    {
        "order": "SO-1", "po": "4711", "currency": "EUR", "total": Decimal("1234567.5"), "promised_on": "2026-03-09",
        "lines": [{"line": "1", "sku": "NF-7", "description": "Bolt", "quantity": Decimal("2.50"), "unit": "CS"}],
        "tracking": "1Z", "reason": "strike", "signed_by": "Bo", "invoice": "I-1", "customer": "ACME",
        "quote": "Q-1", "customer_id": "C-1", "terms": 30, "revision": 2, "valid_on": "2026-03-20", "link": "https://x.example/q",
        "name": "ACME", "application": "A-1", "wanted": "a tax certificate", "until_on": "2026-03-20",
    }
)  # fmt: skip


# What the process that sends a message always knows.
NEVER_MISSING: dict[str, Any] = {
    "po": "4711", "order": "SO-1", "invoice": "I-1", "tracking": "1Z", "quote": "Q-1", "application": "A-1",
    "customer": "ACME", "customer_id": "C-1", "terms": 30, "reason": "prices have changed",
    "valid_on": "2026-03-20", "until_on": "2026-03-20", "wanted": "a tax certificate",
    "link": "https://x.example/q", "total": Decimal("10.00"), "currency": "EUR",
}  # fmt: skip


def call(function: str, arguments: Any) -> Done | Failed:
    found = functions.catalogue(Rulebook([]), TEMPLATES)[function]
    invocation = Invocation(
        tenant_id="t", instance_id=ids.new(), at="/do/0/x#1", key="k", function=function, arguments=arguments,
        now=datetime(2026, 3, 2, tzinfo=UTC),
    )  # fmt: skip
    return found.evaluate(invocation)  # type: ignore[union-attr]


def message(**arguments: Any) -> dict[str, Any]:
    result = call("message", arguments)
    assert isinstance(result, Done), result
    return result.output


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("moment", messages.MOMENTS)
def test_every_moment_reads_well_in_every_language_with_all_facts_and_with_none(language: str, moment: str) -> None:
    for data in (FACTS, NEVER_MISSING):
        made = message(moment=moment, language=language, data=data)
        assert made["subject"]
        assert "{" not in made["subject"] + made["body"]
        assert "\n\n\n" not in made["body"]
        assert len(made["body"]) > 50


@pytest.mark.parametrize(
    ("language", "total", "day"),
    [
        ("en", "1,234,567.50 EUR", "9 Mar 2026"),
        ("de", "1.234.567,50 EUR", "09.03.2026"),
        ("sv", "1\u00a0234\u00a0567,50 EUR", "2026-03-09"),
    ],
)
def test_amounts_and_dates_are_written_as_the_language_writes_them(language: str, total: str, day: str) -> None:
    body = message(moment="confirmed", language=language, data=FACTS)["body"]
    assert total in body
    assert day in body
    assert ("2.5 CS" if language == "en" else "2,5 CS") in body


def test_a_line_without_its_fact_is_left_out() -> None:
    body = message(moment="delayed", language="en", data={"po": "1", "order": "SO-1"})["body"]
    assert "expect" not in body
    assert "None" not in body


@pytest.mark.parametrize(("language", "used"), [("de-AT", "de"), ("fr", "en"), ("SV", "sv"), ("", "en")])
def test_an_unknown_language_falls_back_to_english(language: str, used: str) -> None:
    assert message(moment="shipped", language=language, data=FACTS)["language"] == used


@pytest.mark.parametrize(
    ("notify", "wanted"),
    [("all", True), ("none", False), (None, True), (["shipped"], True), (["delivered"], False), ([], False)],
)
def test_the_customer_says_what_they_want_to_hear(notify: Any, wanted: bool) -> None:
    assert message(moment="shipped", notify=notify, data=FACTS)["wanted"] is wanted


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("message", {"moment": "nosuch", "data": {}}),
        ("message", {}),
        ("decision", {"decision": "nosuch"}),
        ("decision", []),
        ("price-lines", {"stated": [{}], "priced": []}),
        ("bill-lines", {"lines": 5}),
        ("agree-prices", {"lines": []}),
        ("allocate", {"strategy": "nosuch"}),
        ("allocate", {"strategy": "nearest", "lines": [{"line": "1"}], "availability": [{"site": "a"}]}),
    ],
)
def test_what_cannot_be_computed_fails_the_call_instead_of_the_worker(function: str, arguments: Any) -> None:
    assert isinstance(call(function, arguments), Failed)
