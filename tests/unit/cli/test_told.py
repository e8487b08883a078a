"""Documents a buyer was sent, against what happened: each seeded error is found, and nothing else."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crossdock.cli import told
from crossdock.cli.balance import Report, Stored
from crossdock.cli.day import Line, Order
from crossdock.cli.told import Told

LINE = Line(
    line="1", sku="A", gtin="", customer_item=None, unit="CS", quantity=2, base_quantity=48, stated=Decimal(24),
    contract=Decimal(24),
)  # fmt: skip
ORDER = Order(
    tenant="t", customer="C-1", po="4711", currency="USD", channel="x12", lines=(LINE,), requested_on="2026-01-09",
    ship_to={},
)  # fmt: skip
STORED = Stored("t", "SO-1", "C-1", "4711", "closed", {"1": Decimal(48)}, Decimal("60.00"), Decimal("60.00"))
LEDGERS: Any = {
    ("t", "wms"): [
        {"state": "active", "effect": "shipment", "order": "SO-1", "reference": r, "line": "1", "quantity": q,
         "status": "shipped"} for r, q in (("L-1", 41), ("L-2", 7))
    ],
    ("t", "erp"): [{"state": "active", "effect": "invoice", "order": "SO-1", "reference": "I-1", "amount": 60}],
}  # fmt: skip


def document(kind: str, number: str, *parts: tuple[str, str], total: str | None = None, refused: bool = False) -> Told:
    lines = {"1": tuple((Decimal(q), unit) for q, unit in parts)} if parts else {}
    amount = None if total is None else Decimal(total)
    return Told(tenant="t", order="SO-1", kind=kind, number=number, lines=lines, total=amount, refused=refused)


RIGHT = [
    document("response", "SO-1"),
    document("despatch", "L-1", ("1", "CS"), ("17", "EA")),
    document("despatch", "L-2", ("7", "EA")),
    document("invoice", "I-1", total="60.00"),
]


def findings(documents: list[Told], stored: Stored = STORED, ledgers: Any = LEDGERS) -> list[str]:
    report = Report()
    assert told.compare(report, [ORDER], [stored], ledgers, documents) == len(documents)
    return report.findings


def test_what_was_told_is_what_happened():
    assert findings(RIGHT) == []


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        (RIGHT[1:], "never answered"),
        ([document("response", "SO-1", refused=True), *RIGHT[1:]], "nothing comes"),
        ([RIGHT[0], RIGHT[1], RIGHT[3]], "7 left in L-2, its buyer was told 0"),
        ([*RIGHT, document("despatch", "L-3", ("1", "EA"))], "0 left in L-3, its buyer was told 1"),
        ([*RIGHT[:3], document("invoice", "I-1", total="60.01")], "is over 60, its buyer was told 60.01"),
        (RIGHT[:3], "is over 60, its buyer was told None"),
        ([*RIGHT, RIGHT[3]], "told twice of I-1"),
    ],
)
def test_each_error_is_found(documents: list[Told], words: str):
    [found] = findings(documents)
    assert words in found


def test_an_order_that_ends_without_goods_has_neither():
    ended = replace(STORED, outcome="cancelled", shipped={}, invoiced=Decimal(0), paid=Decimal(0))
    assert findings([document("response", "SO-1", refused=True)], ended, {}) == []
    [found] = findings([document("response", "SO-1"), RIGHT[0]], ended, {})
    assert "says goods come" in found
