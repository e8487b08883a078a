"""The three-way balance finds what it is there to find: each fault is seeded, and caught by name."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.cli import balance

from .conftest import Records, balanced, seed_of

ONE, TWO = "SO-0", "SO-1"  # closed in one parcel, and in two
CANCELLED = "SO-5"


def found(records: Records, *words: str) -> balance.Report:
    """The report, when one of its findings has all these words."""
    report = records.compare()
    assert not report.balanced
    assert any(all(w in f for w in words) for f in report.findings), report.findings
    return report


def store(records: Records, order: str, **changes: Any) -> None:
    records.stored = [replace(s, **changes) if s.order == order else s for s in records.stored]


def test_a_day_that_went_well_is_balanced(records: Records) -> None:
    report = records.compare()
    assert report.findings == []
    assert (report.lost, report.duplicate_effects, report.mispriced) == (0, 0, 0)
    assert {s.outcome for s in records.stored} == {"closed", "cancelled"}
    assert len(records.entries("invoice", TWO)) == 2


# ── missing ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_that_never_reached_the_store_is_lost(records: Records) -> None:
    gone = records.stored.pop(0)
    report = found(records, gone.po, gone.customer, "sent, and not in the store")
    assert report.lost == 1


def test_a_shipment_missing_in_the_warehouse_is_found(records: Records) -> None:
    records.remove(records.entries("shipment", ONE, "1")[0])
    found(records, ONE, "line 1", "the warehouse shipped 0")


@pytest.mark.parametrize("outcome", ["closed", None])
def test_a_missing_invoice_is_found_while_the_order_is_open_too(records: Records, outcome: str | None) -> None:
    store(records, ONE, outcome=outcome)
    for entry in [*records.entries("invoice", ONE), *records.entries("invoice-line", ONE)]:
        records.remove(entry)
    found(records, ONE, "the ERP invoiced 0, the store says")


def test_a_parcel_that_nobody_carries_is_found(records: Records) -> None:
    records.remove(records.entries("booking", ONE)[0])
    found(records, ONE, "1 parcels left A, 0 are booked")


def test_goods_that_were_bought_and_never_came_in_are_found(records: Records) -> None:
    records.remove(records.entries("receipt", TWO)[0])
    found(records, TWO, "0 came in")


# ── doubled ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("effect", "system"),
    [("reservation", "wms"), ("invoice", "erp"), ("booking", "carrier"), ("sales-order", "erp"), ("shipment", "wms")],
)
def test_a_doubled_effect_is_found_and_counted(records: Records, effect: str, system: str) -> None:
    records.double(records.entries(effect, ONE)[0])
    report = found(records, f"{system}: 2 active {effect}", ONE)
    assert report.duplicate_effects == 1


def test_an_order_stored_twice_is_found_and_counted(records: Records) -> None:
    records.stored.append(replace(records.stored[0], order="SO-99"))
    assert found(records, "sent once, stored as").duplicate_effects == 1


def test_a_payment_taken_twice_is_found(records: Records) -> None:
    records.double(records.entries("payment", ONE)[0])
    found(records, ONE, "paid for invoice")


def test_what_may_be_told_many_times_is_no_doubled_effect(records: Records) -> None:
    records.double(records.entries("message", ONE)[0])
    assert records.compare().balanced


# ── mis-priced ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_billed_a_cent_a_piece_too_high_is_found_though_all_totals_agree(records: Records) -> None:
    line = records.entries("invoice-line", ONE)[0]
    more = Decimal("0.01") * line["quantity"]
    assert more >= Decimal("0.02")
    line["amount"] += more
    for effect in ("invoice", "payment-request", "payment"):
        records.entries(effect, ONE)[0]["amount"] += more
    records.entries("invoice", ONE)[0]["detail"]["net"] += more
    before = next(s for s in records.stored if s.order == ONE)
    store(records, ONE, invoiced=before.invoiced + more, paid=before.paid + more)
    report = found(records, ONE, f"line {line['line']}", "billed")
    assert report.mispriced == 1


def test_lines_of_one_order_are_not_billed_at_two_kinds_of_price(records: Records) -> None:
    order = next(o for o, s in zip(records.manifest, records.stored, strict=True) if s.order == ONE)
    lower = tuple(replace(n, stated=n.contract - Decimal("0.50")) for n in order.lines)
    assert len(lower) > 1
    records.manifest[0] = replace(order, lines=lower, deviation="within")
    assert records.compare().balanced  # at contract price, all of them
    line = records.entries("invoice-line", ONE, "1")[0]
    line["amount"] = lower[0].stated * lower[0].quantity
    assert found(records, ONE, "line 1", "billed").mispriced == 1


def test_an_invoice_that_is_not_the_sum_of_its_lines_is_found(records: Records) -> None:
    records.entries("invoice", ONE)[0]["detail"]["tax"] += Decimal("1.00")
    found(records, ONE, "has lines of")


def test_an_invoice_in_another_currency_is_found(records: Records) -> None:
    records.entries("invoice", ONE)[0]["currency"] = "JPY"
    found(records, ONE, "JPY")


# ── what should not be there ────────────────────────────────────────────────────────────────────────────────────


def test_an_order_that_nobody_sent_is_found(records: Records) -> None:
    unsent = records.manifest.pop(0)
    found(records, unsent.po, "in the store, and never sent")
    found(records, ONE, "effects of an order that nobody sent")


@pytest.mark.parametrize("status", ["held", None])
def test_a_cancelled_order_with_stock_reserved_is_found(records: Records, status: str | None) -> None:
    records.entries("reservation", CANCELLED)[0].update(state="active", status=status)
    found(records, CANCELLED, "cancelled, and stock is still reserved")


@pytest.mark.parametrize("effect", ["sales-order", "booking"])
def test_a_cancelled_order_with_an_effect_left_is_found(records: Records, effect: str) -> None:
    records.entries(effect, CANCELLED)[0]["state"] = "active"
    found(records, CANCELLED, f"still has an active {effect}")


def test_a_cancelled_order_that_counts_as_paid_is_found(records: Records) -> None:
    store(records, CANCELLED, paid=Decimal("10.00"))
    found(records, CANCELLED, "10.00 paid")


@pytest.mark.parametrize("what", ["invoiced", "paid"])
def test_sums_of_store_and_systems_that_differ_are_found(records: Records, what: str) -> None:
    before = getattr(next(s for s in records.stored if s.order == TWO), what)
    store(records, TWO, **{what: before + Decimal("0.02")})
    found(records, TWO, "the store says")


def test_another_tenants_ledger_does_not_count(records: Records) -> None:
    records.ledgers["castell", "erp"] = records.ledgers.pop(("norrland", "erp"))
    found(records, "castell SO-0", "nobody sent")


# ── any single fault ────────────────────────────────────────────────────────────────────────────────────────────

SEEDS = {"norrland": seed_of("norrland")}
WHOLE = balanced(SEEDS)
# A message and a ticket may be told any number of times; freight stands in one record only.
BY_NATURE = {"message", "ticket"}


def _entries(records: Records) -> list[dict[str, Any]]:
    return [e for es in records.ledgers.values() for e in es if e["state"] == "active" and e["effect"] not in BY_NATURE]


def _drop_order(r: Records, rng: random.Random) -> str:
    gone = r.manifest.pop(rng.randrange(len(r.manifest)))
    return f"{gone.po} missing in the manifest"


def _drop_stored(r: Records, rng: random.Random) -> str:
    return f"{r.stored.pop(rng.randrange(len(r.stored))).order} missing in the store"


def _double_order(r: Records, rng: random.Random) -> str:
    twice = rng.choice(r.manifest)
    r.manifest.append(twice)
    return f"{twice.po} twice in the manifest"


def _double_stored(r: Records, rng: random.Random) -> str:
    twice = rng.choice(r.stored)
    r.stored.append(replace(twice, order=twice.order + "-again"))
    return f"{twice.order} twice in the store"


def _change_line(r: Records, rng: random.Random) -> str:
    at = rng.choice([n for n, s in enumerate(r.stored) if s.outcome == "closed"])
    order = r.manifest[at]
    n = rng.choice(order.lines)
    if rng.random() < 0.5:
        other = replace(n, base_quantity=n.base_quantity + rng.choice([-1, 1, 7]))
    else:
        more = Decimal(rng.choice([-2, 2, 300])) / 100
        other = replace(n, stated=n.stated + more, contract=n.contract + more)
    r.manifest[at] = replace(order, lines=tuple(other if x is n else x for x in order.lines))
    return f"{order.po} line {n.line} {n} → {other} in the manifest"


def _change_stored(r: Records, rng: random.Random) -> str:
    at = rng.randrange(len(r.stored))
    s, more = r.stored[at], Decimal(rng.choice([-2, 2, 5000])) / 100
    match rng.choice(["shipped", "invoiced", "paid"]):
        case "shipped":
            line = rng.choice(sorted(s.shipped) or ["1"])
            changed = replace(s, shipped={**s.shipped, line: s.shipped.get(line, Decimal(0)) + rng.choice([-1, 1])})
        case "invoiced":
            changed = replace(s, invoiced=s.invoiced + more)
        case _:
            changed = replace(s, paid=s.paid + more)
    r.stored[at] = changed
    return f"{s} → {changed} in the store"


def _drop_entry(r: Records, rng: random.Random) -> str:
    entry = rng.choice(_entries(r))
    r.remove(entry)
    return f"without {entry}"


def _double_entry(r: Records, rng: random.Random) -> str:
    entry = rng.choice(_entries(r))
    r.double(entry)
    return f"twice {entry}"


def _change_entry(r: Records, rng: random.Random) -> str:
    entry = rng.choice(_entries(r))
    amount = None if entry["effect"] == "booking" else entry["amount"]
    if amount is not None and (entry["quantity"] is None or rng.random() < 0.5):
        entry["amount"] = amount + Decimal(rng.choice([-2, 2, 999])) / 100
    elif entry["quantity"] is not None:
        entry["quantity"] += rng.choice([-1, 1, 12])
    else:
        entry["site"] = "C"  # a booking: of the wrong site
    return f"changed {entry}"


FAULTS: list[Callable[[Records, random.Random], str]] = [
    _drop_order, _drop_stored, _double_order, _double_stored, _change_line, _change_stored,
    _drop_entry, _double_entry, _change_entry,
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(FAULTS), st.integers(0, 2**32))
def test_any_single_fault_in_any_record_is_found(fault: Callable[[Records, random.Random], str], seed: int) -> None:
    records = WHOLE.copy()
    what = fault(records, random.Random(seed))
    report = records.compare()
    assert not report.balanced, what
