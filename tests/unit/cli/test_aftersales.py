"""Returns and credits balance against what was asked for, what came and what was billed; a seeded fault is found."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crossdock.cli import aftersales

from .conftest import Records, send_back

ONE = "SO-0"
OTHERS = "SO-5"  # cancelled


def tier(records: Records, number: str, letter: str) -> None:
    at = next(n for n, s in enumerate(records.stored) if s.order == number)
    records.manifest[at] = replace(records.manifest[at], tier=letter)


@pytest.fixture
def returned(records: Records) -> Records:
    tier(records, ONE, "B")
    send_back(records, ONE)
    return records


def finds(records: Records, *words: str) -> None:
    findings = records.compare().findings
    assert any(all(w in f for w in words) for f in findings), findings


@pytest.mark.parametrize(
    ("letter", "reason", "grade", "fee"),
    [
        ("B", "unwanted", "as-new", 15), ("A", "unwanted", "as-new", 0), ("C", "unwanted", "opened", 15),
        ("C", "unwanted", "damaged", 15), ("C", "wrong-item", "as-new", 0),
    ],
)  # fmt: skip
def test_a_return_by_the_terms_balances(records: Records, letter: str, reason: str, grade: str, fee: int) -> None:
    tier(records, ONE, letter)
    send_back(records, ONE, reason, grade, fee)
    assert records.compare().findings == []


def change(effect: str, **words: Any) -> Callable[[Records], None]:
    def do(records: Records) -> None:
        records.entries(effect, ONE)[-1].update(words)

    return do


def gone(effect: str) -> Callable[[Records], None]:
    return lambda records: records.remove(records.entries(effect, ONE)[-1])


def doubled(effect: str) -> Callable[[Records], None]:
    return lambda records: records.double(records.entries(effect, ONE)[-1])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (change("request", status="open"), ("has no answer",)),
        (gone("request"), ("which nobody asked for",)),
        (change("rma", quantity=2), ("2 announced", "wrote of 1")),
        (gone("rma"), ("came back of 0 announced",)),
        (gone("put-away"), ("was put away",)),
        (gone("credit-note"), ("the ERP credited 0",)),
        (gone("credit-line"), ("is not its lines and its tax",)),
        (doubled("credit-note"), ("2 active credit-note",)),
        (doubled("put-away"), ("2 active put-away",)),
        (change("credit-line", quantity=2), ("2 credited", "wrote of 1")),
        (change("credit-line", amount=Decimal("99999")), ("by the terms",)),
        (change("put-away", detail={"grade": "opened", "place": "refurbish"}), ("by the terms",)),
        (lambda r: tier(r, ONE, "A"), ("by the terms",)),
    ],
)
def test_each_fault_is_found(returned: Records, fault: Callable[[Records], None], words: tuple[str, ...]) -> None:
    assert returned.compare().balanced
    fault(returned)
    finds(returned, *words)


def test_a_store_that_says_otherwise_is_found(returned: Records) -> None:
    returned.stored = [replace(s, credited=Decimal("0.01")) if s.order == ONE else s for s in returned.stored]
    finds(returned, "the store says 0.01")


def test_a_return_that_went_nowhere_is_found(returned: Records) -> None:
    for effect in ("rma", "return-receipt", "put-away", "credit-note", "credit-line"):
        gone(effect)(returned)
    returned.stored = [replace(s, credited=Decimal(0)) for s in returned.stored]
    finds(returned, "neither announced nor credited")


def test_goods_credited_that_should_have_come_back_are_found(returned: Records) -> None:
    for effect in ("rma", "return-receipt", "put-away"):
        gone(effect)(returned)
    finds(returned, "credited without its goods")


def test_a_credit_of_a_cancelled_order_is_found(records: Records) -> None:
    tenant = records.stored[0].tenant
    words = {"order": OTHERS, "purpose": "1/I", "amount": Decimal(1), "detail": {"tax": Decimal(0)}}
    records.write(tenant, "erp", "credit-note", "K-1", **words)
    finds(records, OTHERS, "still has an active credit-note")


@pytest.mark.parametrize(
    ("reason", "letter", "amount", "days", "expected"),
    [
        ("damaged", "C", "24.99", 30, aftersales.Terms(False, False, True, 0)),
        ("damaged", "C", "25", 30, aftersales.Terms(False, False, False, 0)),
        ("damaged", "C", "24", 31, aftersales.Terms(False, True, False, 0)),
        ("unwanted", "A", "5000", 30, aftersales.Terms(False, False, False, 0)),
        ("unwanted", "A", "5000.01", 30, aftersales.Terms(False, True, False, 15)),
        ("unwanted", "A", "10", 31, aftersales.Terms(False, True, False, 25)),
        ("unwanted", "A", "10", 91, aftersales.Terms(True, True, False, 0)),
    ],
)
def test_the_terms_are_those_of_the_shipped_table(
    reason: str, letter: str, amount: str, days: int, expected: aftersales.Terms
) -> None:
    assert aftersales.terms(reason, letter, Decimal(amount), days) == expected
