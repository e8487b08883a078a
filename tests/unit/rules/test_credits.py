"""Credits follow what was billed: never more of it, and all of it to the cent when everything comes back."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules import credits

D = Decimal


def invoice(number: str, tax: str, **lines: tuple[str, str]) -> dict[str, Any]:
    rows = [{"line": n.lstrip("l"), "sku": "A", "quantity": D(q), "amount": D(a)} for n, (q, a) in lines.items()]
    net = sum((r["amount"] for r in rows), D(0))
    return {
        "invoice": number, "shipment": f"S{number}", "customer_id": "C-1", "currency": "USD",
        "invoiced_on": "2026-01-05", "net": net, "tax": D(tax), "total": net + D(tax), "lines": rows,
    }  # fmt: skip


def test_a_line_billed_in_parts_comes_back_from_its_first_invoice_on():
    invoices = [invoice("I-1", "1", l1=("4", "40")), invoice("I-2", "2", l1=("6", "60.01"))]
    claim = credits.creditable(invoices, [], [{"line": "1", "quantity": 5}])
    assert (claim["shipment"], claim["lines"][0]["quantity"], claim["amount"]) == ("SI-1", 5, D("50.00"))
    made = credits.notes(invoices, [], [{"line": "1", "quantity": 5, "percent": 100}])["notes"]
    assert [(n["invoice"], n["lines"][0]["quantity"], n["net"]) for n in made] == [
        ("I-1", 4, D("40.00")), ("I-2", 1, D("10.00")),
    ]  # fmt: skip
    assert [n["tax"] for n in made] == [D("1.00"), D("0.33")]


def test_what_was_credited_before_or_never_billed_cannot_come_back():
    invoices = [invoice("I-1", "0", l1=("4", "40"))]
    before = [
        {"invoice": "I-1", "net": D(30), "tax": D(0), "lines": [{"line": "1", "quantity": D(3), "amount": D(30)}]}
    ]
    claim = credits.creditable(invoices, before, [{"line": "1", "quantity": 4}, {"line": "9", "quantity": 1}])
    assert [(n["line"], n["quantity"], n["amount"]) for n in claim["lines"]] == [("1", 1, D("10.00"))]
    assert claim["refused"] == [{"line": "1", "quantity": 3}, {"line": "9", "quantity": 1}]
    with pytest.raises(ValueError, match="line 1: 2 to be credited"):
        credits.notes(invoices, before, [{"line": "1", "quantity": 2, "percent": 100}])


def test_money_given_without_goods_is_not_given_again_with_them():
    invoices = [invoice("I-1", "0", l1=("4", "40"))]
    before = [
        {"invoice": "I-1", "net": D(15), "tax": D(0), "lines": [{"line": "1", "quantity": D(0), "amount": D(15)}]}
    ]
    made = credits.notes(invoices, before, [{"line": "1", "quantity": 4, "percent": 100}])
    assert made["total"] == D("25.00")


def test_money_off_a_line_states_no_pieces_and_leaves_them_creditable():
    invoices = [invoice("I-1", "8", l1=("4", "40"))]
    made = credits.notes(invoices, [], [{"line": "1", "quantity": 0, "amount": D("3.33"), "percent": 50}])["notes"]
    assert [(n["lines"][0]["quantity"], n["net"], n["tax"]) for n in made] == [(0, D("1.67"), D("0.33"))]
    assert credits.creditable(invoices, made, [{"line": "1", "quantity": 4}])["lines"][0]["quantity"] == 4
    whole = credits.notes(invoices, made, [{"line": "1", "amount": D(100), "percent": 100}])
    assert whole["total"] == D("46.00")  # no more than is left


def test_nothing_at_no_per_cent_makes_no_note():
    assert credits.notes([invoice("I-1", "0", l1=("4", "40"))], [], [{"line": "1", "quantity": 4, "percent": 0}]) == {
        "notes": [], "total": 0,
    }  # fmt: skip


@given(
    pieces=st.lists(st.integers(1, 7), min_size=1, max_size=6),
    amount=st.decimals("0.01", "99999", places=2),
    rate=st.sampled_from(["0", "0.06", "0.19", "0.25"]),
)
def test_all_pieces_credited_one_return_after_another_are_the_whole_invoice(
    pieces: list[int], amount: Decimal, rate: str
):
    amount += sum(pieces) * D("0.01")  # a piece is worth a cent: of less than half a one no credit can be written
    tax = (amount * D(rate)).quantize(D("0.01"))
    invoices = [invoice("I-1", str(tax), l1=(str(sum(pieces)), str(amount)))]
    given_: list[dict[str, Any]] = []
    for quantity in pieces:
        given_ += credits.notes(invoices, given_, [{"line": "1", "quantity": quantity, "percent": 100}])["notes"]
        assert sum((n["tax"] for n in given_), D(0)) <= tax
    assert sum((n["net"] for n in given_), D(0)) == amount
    assert sum((n["tax"] for n in given_), D(0)) == tax


@given(
    parts=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 100)), min_size=1, max_size=5),
    amount=st.decimals("0.01", "99999", places=2),
)
def test_no_mixture_of_conditions_credits_more_than_was_billed(parts: list[tuple[int, int]], amount: Decimal):
    whole = sum(q for q, _ in parts)
    invoices = [invoice("I-1", "3.33", l1=(str(whole), str(amount)))]
    lines = [{"line": "1", "quantity": q, "percent": p} for q, p in parts]
    made = credits.notes(invoices, [], lines)
    net = sum((n["net"] for n in made["notes"]), D(0))
    assert net <= amount
    assert abs(net - sum((amount * q / whole * p / 100 for q, p in parts), D(0))) <= D("0.01") * len(parts)
