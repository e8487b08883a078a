"""Order, response, despatch, receipt, invoice and payment compared: what agrees, and what each difference is worth."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.order import ItemId, ItemScheme
from crossdock.canonical.receipt import ReceiptAdvice, ReceiptLine
from crossdock.partners.reconciling import statements
from crossdock.partners.reconciling.matching import compare
from crossdock.partners.reconciling.model import (
    Became,
    Comparison,
    Kind,
    Paid,
    Said,
    Side,
    State,
    Statement,
    Terms,
    Units,
)

DAY = date(2026, 3, 2)
SHIPS, BILLS = DAY + timedelta(3), DAY + timedelta(4)
TODAY = DAY + timedelta(5)
TERMS = Terms()


def item(n: int) -> tuple[ItemId, ...]:
    return (ItemId(scheme=ItemScheme.SUPPLIER, value=f"SKU-{n}"),)


def line(n: int, quantity: Any, price: Any = None, **more: Any) -> Said:
    price = None if price is None else Decimal(price)
    amount = None if price is None else Decimal(quantity) * price
    facts: dict[str, Any] = {"line": str(n), "items": item(n), "unit": "EA", "amount": amount, **more}
    return Said(quantity=Decimal(quantity), price=price, **facts)


def said(kind: Kind, number: str, lines: Sequence[Said], **more: Any) -> Statement:
    return Statement(document=f"{kind.value}/{number}", kind=kind, number=number, lines=tuple(lines), **more)


def ordered(*lines: tuple[int, str]) -> Statement:
    rows = [line(n, q, p, on=DAY + timedelta(5)) for n, (q, p) in enumerate(lines, 1)]
    return said(Kind.ORDER, "4711", rows, currency="USD")


def shipped(number: str, *lines: tuple[int, Any], on: date = SHIPS) -> Statement:
    return said(Kind.DESPATCH, number, [line(n, q) for n, q in lines], on=on)


def billed(number: str, *lines: tuple[int, Any, str], about: str = "") -> Statement:
    rows = [line(n, q, p) for n, q, p in lines]
    total = sum((Decimal(q) * Decimal(p) for _, q, p in lines), Decimal(0))
    named = frozenset({about} if about else ())
    return said(Kind.INVOICE, number, rows, on=BILLS, currency="USD", total=total, about=named)


def receipt(*lines: tuple[int, Any], about: str = "S1") -> Statement:
    return said(Kind.RECEIPT, "R1", [line(n, q) for n, q in lines], about=frozenset({about}))


def payment(invoice: str, amount: Any, *reasons: str) -> Statement:
    return said(Kind.REMITTANCE, "T1", [], paid=(Paid(invoice=invoice, amount=Decimal(amount), reasons=reasons),))


def look(order: Statement, *rest: Statement, side: Side = Side.SELLER, terms: Terms = TERMS, **more: Any) -> Comparison:
    return compare(side, order, rest, terms, more.pop("today", TODAY), **more)


def found(c: Comparison) -> list[tuple[str, str, Decimal]]:
    return [(d.code, d.line, d.money) for d in c.differences if not d.told]


ORDER = ordered((10, "5.00"), (4, "12.50"))
WHOLE = (shipped("S1", (1, 10), (2, 4)), billed("I1", (1, 10, "5.00"), (2, 4, "12.50"), about="S1"))


def test_a_chain_that_agrees_is_clear():
    c = look(ORDER, *WHOLE)
    assert (c.state, c.differences, c.totals.billed) == (State.CLEAR, (), Decimal("100.00"))
    assert [(n.ordered, n.shipped, n.invoiced, n.invoiced_amount) for n in c.lines] == [
        (10, 10, 10, Decimal("50.00")),
        (4, 4, 4, Decimal("50.00")),
    ]


def test_what_is_still_to_come_is_open_and_no_difference():
    c = look(ORDER, shipped("S1", (1, 6)), billed("I1", (1, 6, "5.00"), about="S1"))
    assert (c.state, c.differences) == (State.OPEN, ())
    assert c.again_on == DAY + timedelta(6)  # when the rest is late


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        # more was billed than left
        ([shipped("S1", (1, 9), (2, 4)), WHOLE[1]], "invoiced.more 1 5.00"),
        # less was billed than left, and the invoice names the shipment
        ([WHOLE[0], billed("I1", (1, 8, "5.00"), (2, 4, "12.50"), about="S1")], "invoiced.less 1 10.00"),
        ([WHOLE[0], billed("I1", (1, 10, "5.01"), (2, 4, "12.50"), about="S1")], "invoiced.price 1 0.10"),
        ([WHOLE[0], billed("I1", (1, 10, "4.99"), (2, 4, "12.50"), about="S1")], "invoiced.price 1 0.10"),
        ([shipped("S1", (1, 11), (2, 4)), billed("I1", (1, 11, "5.00"), (2, 4, "12.50"))], "shipped.more 1 5.00"),
        ([shipped("S1", (1, 10), on=DAY + timedelta(6)), shipped("S2", (2, 4)), WHOLE[1]], "shipped.date 1 50.00"),
        ([*WHOLE, said(Kind.INVOICE, "I2", [line(9, 1, "3.00")], total=Decimal(3))], "line.unknown 9 3.00"),
        ([*WHOLE, receipt((1, 9), (2, 4))], "received.less 1 5.00"),
        ([*WHOLE, receipt((1, 12), (2, 4))], "received.more 1 10.00"),
        ([*WHOLE, payment("I1", 97, "01 damaged")], "paid.less  3.00"),
        ([*WHOLE, payment("I1", 101)], "paid.more  1.00"),
    ],
)  # fmt: skip
def test_each_difference_is_found_once_with_its_money(rest: list[Statement], expected: str):
    c = look(ORDER, *rest)
    assert ", ".join(f"{code} {n} {money}" for code, n, money in found(c)) == expected
    assert c.money == sum((money for _, _, money in found(c)), Decimal(0))


def test_silence_becomes_a_difference_when_its_time_is_over():
    late = DAY + timedelta(30)
    nothing = look(ORDER, today=DAY)
    assert (nothing.state, nothing.again_on) == (State.OPEN, DAY + timedelta(6))
    assert found(look(ORDER, today=late)) == [("shipped.less", "1", Decimal(50)), ("shipped.less", "2", Decimal(50))]
    unbilled = look(ORDER, WHOLE[0], today=TODAY)
    assert (unbilled.state, unbilled.again_on) == (State.OPEN, SHIPS + timedelta(6))
    assert [d[0] for d in found(look(ORDER, WHOLE[0], today=late))] == ["invoiced.less", "invoiced.less"]
    # a partner that tells what it received, and does not
    receipts = replace(TERMS, receipts=True)
    assert [d[0] for d in found(look(ORDER, *WHOLE, today=late, terms=receipts))] == ["received.less"] * 2
    assert found(look(ORDER, *WHOLE, today=late)) == []


def test_a_later_document_clears_what_was_wrong():
    short = billed("I1", (1, 8, "5.00"), (2, 4, "12.50"), about="S1")
    assert found(look(ORDER, WHOLE[0], short)) == [("invoiced.less", "1", Decimal("10.00"))]
    assert found(look(ORDER, WHOLE[0], short, billed("I2", (1, 2, "5.00"), about="S1"))) == []
    # the same number again: a corrected invoice
    assert found(look(ORDER, WHOLE[0], short, WHOLE[1])) == []
    dear = billed("I1", (1, 10, "5.50"), (2, 4, "12.50"), about="S1")
    assert found(look(ORDER, WHOLE[0], dear)) == [("invoiced.price", "1", Decimal("5.00"))]
    half = said(Kind.CREDIT, "C1", [line(1, 10, "0.30")], total=Decimal(3), about=frozenset({"I1"}))
    assert found(look(ORDER, WHOLE[0], dear, half)) == [("invoiced.price", "1", Decimal("2.00"))]
    rest = said(Kind.CREDIT, "C2", [line(1, 10, "0.20")], total=Decimal(2), about=frozenset({"I1"}))
    assert found(look(ORDER, WHOLE[0], dear, half, rest)) == []
    assert found(look(ORDER, WHOLE[0], dear, half, rest, payment("I1", 100))) == []
    too_much = said(Kind.CREDIT, "C3", [line(1, 1, "1.00")], total=Decimal(1))
    assert found(look(ORDER, WHOLE[0], dear, half, rest, too_much)) == [("credited.more", "1", Decimal("1.00"))]


def test_what_a_short_receipt_was_not_billed_for_costs_nobody_anything():
    open_ = look(ORDER, WHOLE[0], receipt((1, 9), (2, 4)), side=Side.BUYER)
    assert found(open_) == [("received.less", "1", Decimal("5.00"))]
    honest = billed("I1", (1, 9, "5.00"), (2, 4, "12.50"))
    assert found(look(ORDER, WHOLE[0], receipt((1, 9), (2, 4)), honest, side=Side.BUYER)) == []


def test_a_receipt_counts_what_can_be_used():
    advice = ReceiptAdvice(
        number="R-1", despatch_number="S1", order_number="4711",
        lines=(
            ReceiptLine(number="1", items=item(1), received=Decimal(10), rejected=Decimal(2), unit="EA"),
            ReceiptLine(number="2", items=item(2), received=Decimal(4), unit="EA"),
        ),
    )  # fmt: skip
    heard = statements.of("d", advice, "4711")
    assert heard is not None
    assert found(look(ORDER, *WHOLE, heard)) == [("received.less", "1", Decimal("10.00"))]


def test_our_own_word_is_told_and_a_suppliers_is_a_difference():
    half = [
        line(1, 6, "5.25", became=Became.ACCEPTED, on=DAY + timedelta(8)),
        line(1, 2, "5.25", became=Became.BACKORDERED),
        line(1, 2, "5.25", became=Became.REFUSED),
        line(2, 4, "12.50", became=Became.ACCEPTED),
    ]
    answer = said(Kind.RESPONSE, "", half)
    ours, theirs = look(ORDER, answer), look(ORDER, answer, side=Side.BUYER)
    assert found(ours) == []
    worth = [
        ("promised.date", "1", Decimal(30)),
        ("promised.price", "1", Decimal(2)),
        ("promised.quantity", "1", Decimal(10)),
    ]
    assert [(d.code, d.line, d.money) for d in ours.differences] == worth
    assert found(theirs) == worth
    # what we promised is what is shipped and billed
    rest = [shipped("S1", (1, 8), (2, 4)), billed("I1", (1, 8, "5.25"), (2, 4, "12.50"), about="S1")]
    assert (look(ORDER, answer, *rest).state, found(look(ORDER, answer, *rest))) == (State.CLEAR, [])
    assert [d[0] for d in found(look(ORDER, answer, *rest, side=Side.BUYER)) if d[0].startswith("inv")] == [
        "invoiced.price"
    ]


def test_units_are_converted_exactly_and_an_unknown_one_is_told():
    order = said(Kind.ORDER, "1", [Said(line="1", items=item(1), quantity=Decimal(2), unit="CS", price=Decimal(10))])
    units = Units()
    units.learn("1", "EA", Fraction(1, 24))
    parts = [said(Kind.DESPATCH, f"S{n}", [line(1, q)], on=SHIPS) for n, q in enumerate((7, 17, 24))]
    bill = said(Kind.INVOICE, "I", [line(1, 48, "0.416667", amount=Decimal("20.00"))], on=BILLS, total=Decimal("20.00"))
    c = look(order, *parts, bill, units=units)
    assert (c.state, c.differences, c.lines[0].shipped) == (State.CLEAR, (), 2)
    assert found(look(order, *parts, units=Units()))[0] == ("unit.unknown", "1", Decimal(0))


def test_tolerances_overlook_what_was_agreed():
    order = ordered((100, "5.00"))
    rest = [shipped("S", (1, 102)), billed("I", (1, 102, "5.04"), about="S")]
    assert len(found(look(order, *rest))) == 2
    wide = Terms(quantity_percent=Decimal(2), price_percent=Decimal(1))
    assert found(look(order, *rest, terms=wide)) == []
    assert found(look(order, *rest, terms=Terms(amount=Decimal(50)))) == []
    assert found(look(order, shipped("S", (1, 100), on=DAY + timedelta(7)), terms=Terms(days=2))) == []


def test_partners_number_their_own_lines_and_name_our_items():
    advice = said(Kind.DESPATCH, "S", [Said(line="001", items=item(2), quantity=Decimal(4), unit="EA")], on=SHIPS)
    assert [n.shipped for n in look(ORDER, advice).lines] == [0, 4]
    bare = said(Kind.DESPATCH, "S", [Said(line="001", quantity=Decimal(4), unit="C62")], on=SHIPS)
    assert [n.shipped for n in look(ORDER, bare).lines] == [4, 0]
    other = said(Kind.DESPATCH, "S", [Said(line="1", items=item(7), quantity=Decimal(4), unit="EA")], on=SHIPS)
    assert found(look(ORDER, other))[0][:2] == ("line.unknown", "1")


def test_another_currency_is_told():
    assert found(look(ORDER, WHOLE[0], replace(WHOLE[1], currency="EUR"))) == [("currency", "", Decimal("100.00"))]


# ── properties ──────────────────────────────────────────────────────────────────────────────────────────────────────

prices = st.decimals("0.01", "500", places=2)
rows = st.lists(st.tuples(st.integers(1, 400), prices), min_size=1, max_size=5)


@st.composite
def chains(draw: st.DrawFn) -> tuple[Statement, list[Statement], list[tuple[int, Decimal]]]:
    """An order, delivered and billed in any number of parts, all of it right."""
    wanted = draw(rows)
    order = ordered(*((q, str(p)) for q, p in wanted))
    rest: list[Statement] = []
    left = {n: q for n, (q, _) in enumerate(wanted, 1)}
    while any(left.values()):
        part = {n: draw(st.integers(0, q)) for n, q in left.items() if q}
        part = {n: q for n, q in part.items() if q} or {n: q for n, q in left.items() if q}
        name = str(len(rest))
        rest.append(shipped(f"S{name}", *part.items()))
        rest.append(billed(f"I{name}", *((n, q, str(wanted[n - 1][1])) for n, q in part.items()), about=f"S{name}"))
        left = {n: q - part.get(n, 0) for n, q in left.items()}
    return order, rest, [(q, p) for q, p in wanted]


@given(chains(), st.randoms(use_true_random=False))
def test_any_split_of_shipments_and_invoices_has_the_same_totals_and_no_difference(
    chain: tuple[Statement, list[Statement], list[tuple[int, Decimal]]], chance: Any
):
    order, rest, wanted = chain
    whole = look(
        order,
        shipped("S", *((n, q) for n, (q, _) in enumerate(wanted, 1))),
        billed("I", *((n, q, str(p)) for n, (q, p) in enumerate(wanted, 1)), about="S"),
    )
    chance.shuffle(rest)
    parts = look(order, *rest)
    assert (whole.state, parts.state, parts.differences) == (State.CLEAR, State.CLEAR, ())
    assert parts.totals == whole.totals
    assert [replace(n, differences=()) for n in parts.lines] == list(whole.lines)


@given(chains(), st.data())
def test_any_single_error_is_found_with_its_exact_money(
    chain: tuple[Statement, list[Statement], list[tuple[int, Decimal]]], data: st.DataObject
):
    order, rest, _ = chain
    at = data.draw(st.sampled_from([i for i, s in enumerate(rest) if s.kind is Kind.INVOICE]))
    bill = rest[at]
    k = data.draw(st.integers(0, len(bill.lines) - 1))
    row = bill.lines[k]
    assert row.quantity is not None
    assert row.price is not None
    what = data.draw(st.sampled_from(["price", "quantity"]))
    if what == "price":
        off = data.draw(st.decimals("0.01", "9.99", places=2))
        wrong, money = replace(row, price=row.price + off, amount=row.quantity * (row.price + off)), row.quantity * off
    else:
        off = Decimal(data.draw(st.integers(1, 50)))
        wrong = replace(row, quantity=row.quantity + off, amount=(row.quantity + off) * row.price)
        money = off * row.price
    rest[at] = replace(bill, lines=(*bill.lines[:k], wrong, *bill.lines[k + 1 :]))
    c = look(order, *rest)
    code = "invoiced.price" if what == "price" else "invoiced.more"
    assert found(c) == [(code, row.line, money)]
    # and a credit over just that amount clears it
    credit = said(Kind.CREDIT, "C", [replace(row, quantity=Decimal(1), price=money, amount=money)])
    assert found(look(order, *rest, credit)) == []


@given(chains(), st.data())
def test_goods_that_leave_late_are_worth_what_they_cost(
    chain: tuple[Statement, list[Statement], list[tuple[int, Decimal]]], data: st.DataObject
):
    order, rest, wanted = chain
    at = data.draw(st.sampled_from([i for i, s in enumerate(rest) if s.kind is Kind.DESPATCH]))
    late = data.draw(st.integers(1, 60))
    rest[at] = replace(rest[at], on=DAY + timedelta(5 + late))
    c = look(order, *rest)
    expected = {n.line: n.quantity * wanted[int(n.line) - 1][1] for n in rest[at].lines if n.quantity is not None}
    assert {d.line: d.money for d in c.differences} == expected
    assert {d.code for d in c.differences} == {"shipped.date"}
