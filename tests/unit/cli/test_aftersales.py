"""Returns and credits balance against what was asked for, what came and what was billed; a seeded fault is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from crossdock.cli import aftersales
from crossdock.rules import Rulebook, load
from crossdock.rules.table import version_of

from .conftest import Records, dispute, note, remark, send_back

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


def test_goods_that_were_never_sent_are_announced_called_off_and_not_credited(returned: Records) -> None:
    for effect in ("return-receipt", "put-away", "credit-note", "credit-line"):
        gone(effect)(returned)
    change("rma", state="cancelled")(returned)
    returned.stored = [replace(s, credited=Decimal(0)) for s in returned.stored]
    assert returned.compare().findings == []


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
    ("letter", "asked", "given"),
    [("C", "9.99", "9.99"), ("C", "10.50", "0"), ("A", "99", "99"), ("B", "99", "0")],
)
def test_a_dispute_by_the_terms_balances(records: Records, letter: str, asked: str, given: str) -> None:
    worth_enough(records, ONE)
    tier(records, ONE, letter)
    dispute(records, ONE, Decimal(asked), Decimal(given))
    assert records.compare().findings == []


@pytest.mark.parametrize(("letter", "asked", "given"), [("C", "9.99", "0"), ("B", "99", "99"), ("A", "99", "50")])
def test_a_dispute_against_the_terms_is_found(records: Records, letter: str, asked: str, given: str) -> None:
    worth_enough(records, ONE)
    tier(records, ONE, letter)
    dispute(records, ONE, Decimal(asked), Decimal(given))
    finds(records, "dispute 2001", "by the terms")


def worth_enough(records: Records, number: str) -> None:
    """A first line that is worth more than any of the disputes here, whatever the seed gave."""
    assert records.entries("invoice-line", number)[0]["amount"] >= 100


def test_a_remark_on_the_proof_of_delivery_that_was_credited_and_claimed_balances(records: Records) -> None:
    remark(records, ONE)
    assert records.compare().findings == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (gone("credit-line"), ("by the proof",)),
        (gone("remark"), ("a credit for POD-", "nobody asked for")),
        (change("remark", quantity=2), ("by the proof 2",)),
        (doubled("credit-note"), ("2 active credit-note",)),
    ],
)
def test_each_fault_of_a_remark_is_found(
    records: Records, fault: Callable[[Records], None], words: tuple[str, ...]
) -> None:
    remark(records, ONE)
    fault(records)
    finds(records, *words)


def test_claims_that_fit_no_remark_are_found(records: Records) -> None:
    tenant = records.stored[0].tenant
    words = {"order": ONE, "purpose": "POD-T", "amount": Decimal(20)}
    records.write(tenant, "carrier", "claim", "FC9", **words)
    finds(records, "a claim for POD-T", "no receiver")


def test_a_carrier_that_pays_more_than_it_was_asked_for_is_found(records: Records) -> None:
    net = remark(records, ONE)
    words = {"order": ONE, "purpose": f"POD-T{ONE}-0", "amount": net + 1}
    records.write(records.stored[0].tenant, "carrier", "claim-payment", "FC8", **words)
    finds(records, "the carrier paid")


def test_lines_credited_for_two_reasons_are_never_credited_beyond_what_was_billed(returned: Records) -> None:
    line = returned.entries("credit-line", ONE)[0]["line"]
    billed = next(e for e in returned.entries("invoice-line", ONE, line))
    note(returned, ONE, "3001", line, int(billed["quantity"]), billed["amount"])
    finds(returned, "that were billed")


@pytest.mark.parametrize("reason", ["damaged", "wrong-item", "unwanted"])
@pytest.mark.parametrize("letter", ["A", "B"])
@pytest.mark.parametrize("days", [0, 30, 31, 90, 91])
def test_the_terms_written_twice_are_the_same_terms(reason: str, letter: str, days: int) -> None:
    source = files("crossdock.library").joinpath("tables", "return-policy.json").read_bytes()
    table = Rulebook([load("return-policy", version_of(source), source)])
    for amount in ("1", "24.99", "25", "5000", "5000.01"):
        today = (date(2026, 1, 5) + timedelta(days=days)).isoformat()
        given = {
            "reason": reason,
            "tier": letter,
            "amount": Decimal(amount),
            "invoiced_on": "2026-01-05",
            "today": today,
        }
        said = table.evaluate("return-policy", given).output
        ours = aftersales.terms(reason, letter, Decimal(amount), days)
        assert ours.refused == (said["decision"] == "refuse")
        assert ours.refusable == (said["decision"] != "accept")
        if not ours.refused:
            assert (ours.keep, ours.fee) == (said["goods"] == "keep", said["fee_percent"])


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
