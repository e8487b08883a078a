"""What cases come from: the same cause whatever differs from order to order, another where one fix would not do."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.cases.clusters import cause


def failed(system: str, task: str, detail: str, **more: Any) -> Any:
    error = {"type": "https://x/errors/communication", "status": 409, "title": f"{system} refused", "detail": detail,
             "instance": f"/do/1/try/0/{task}#3", "system": system, "code": "conflict", **more}  # fmt: skip
    return cause.of("call-failed", customer="C-1", evidence={"error": error, "phase": "reserve"})


def invalid(order: str, item: str = "X-1", problem: str = "unknown_item", customer: str = "C-1") -> Any:
    evidence = {
        "violations": [{"code": "unknown-item", "text": "The item is not in the catalogue", "lines": ["1"]}],
        "lines": [{"line": "1", "sku": None, "problem": problem}, {"line": "2", "sku": "A", "problem": None}],
    }
    first = {"line": "1", "items": [{"scheme": "buyer", "value": item}], "unit": "CT", "quantity": Decimal(3)}
    data = {"lines": [first, {"line": "2", "items": [{"scheme": "supplier", "value": order}]}]}
    return cause.of("order-invalid", customer=customer, reason=f"order {order}", evidence=evidence, data=data)


def held(where: str, found: str, partner: str = "acme", code: str = "map.code") -> Any:
    finding = {
        "code": code,
        "where": where,
        "expected": "a code we have a meaning for",
        "found": found,
        "fix": "Add it",
    }
    told = {"document": "d", "partner": partner, "format": "x12", "type": "855", "po": "4711", "findings": [finding]}
    return cause.of("inbound-held", evidence=told)


def test_what_differs_from_order_to_order_does_not_make_another_cause() -> None:
    one = failed(
        "wms", "reserve", "No stock for SO-10007 at 2026-03-02T10:11:12Z (request 01a7f3c2-1111-4222-8333-0123456789ab)"
    )
    two = failed(
        "wms", "reserve", "No stock for SO-99 at 2026-03-09T01:02:03Z (request 99a7f3c2-1111-4222-8333-0123456789ff)"
    )
    assert one.key == two.key
    assert invalid("SO-1").key == invalid("SO-2").key
    assert held("segment 12, BAK02", "'ZZ'").key == held("segment 40, BAK02", "'ZZ'").key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (failed("wms", "reserve", "Conflict"), failed("erp", "reserve", "Conflict", title="wms refused")),
        (failed("wms", "reserve", "Conflict"), failed("wms", "ship", "Conflict")),
        (failed("wms", "reserve", "Conflict"), failed("wms", "reserve", "Conflict", code="locked")),
        (invalid("SO-1", "X-1"), invalid("SO-1", "X-2")),
        (invalid("SO-1", "X-1"), invalid("SO-1", "X-1", customer="C-2")),
        (held("segment 12, BAK02", "'ZZ'"), held("segment 12, BAK02", "'YY'")),
        (held("segment 12, BAK02", "'ZZ'"), held("segment 12, ACK01", "'ZZ'")),
        (held("segment 12, BAK02", "'ZZ'"), held("segment 12, BAK02", "'ZZ'", partner="bolts")),
    ],
    ids=["system", "task", "code", "item", "customer", "value", "field", "partner"],
)  # fmt: skip
def test_causes_that_one_fix_would_not_clear_stay_apart_though_they_share_their_words(one: Any, other: Any) -> None:
    assert one.error == other.error
    assert one.key != other.key


def test_a_cause_names_what_a_fix_could_be_about() -> None:
    found = invalid("SO-1")
    assert (found.partner, found.rule, found.field, found.subject) == ("C-1", "unknown-item", "line.item", "X-1")
    code = held("segment 12, BAK02", "'ZZ'")
    assert (code.partner, code.system, code.subject, code.rule) == ("acme", "x12 855", "ZZ", "map.code")
    table = cause.of("lookup-missing", evidence={"table": "carriers", "edition": 3, "key": {"code": "UPSN"}})
    assert (table.field, table.subject) == ("carriers", "UPSN")
    technical = cause.of("instance-faulted", evidence={"instance": "i", "detail": "Wrong (400) no 7 at /do/1/reserve"})
    assert (technical.field, technical.error) == ("reserve", "Wrong (#) no #")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["violations", "findings", "error", "key", "table", "differences", "function", "system", "rule", "detail"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON) | JSON, JSON, st.text(max_size=60))
def test_any_evidence_has_a_cause_and_the_same_one_twice(evidence: Any, data: Any, text: str) -> None:
    one = cause.of("k", customer="c", reason=text, evidence=evidence, data=data)
    assert one == cause.of("k", customer="c", reason=text, evidence=evidence, data=data)
    assert len(one.key) == 16


@given(st.text(max_size=80), st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_never_make_another_cause(text: str, one: int, two: int) -> None:
    assert cause.words(f"{text} no {one} left") == cause.words(f"{text} no {two} left")
