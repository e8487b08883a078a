"""The manifest is evidence: what its writers write, our codecs, which share no code with them, read back exactly."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest

from crossdock.canonical.order import ItemScheme, PartyRole, PurchaseOrder, Purpose
from crossdock.cli import day
from crossdock.partners import decoding
from crossdock.partners.model import Context, Decoded, Format
from crossdock.partners.profiles import Identifier, Profile

from .conftest import MORNING

COUNT = 300


@pytest.fixture(scope="module")
def made(seeds: dict[str, dict[str, Any]]) -> day.Day:
    return day.make(seeds, COUNT, MORNING, 7)


def context(seed: dict[str, Any]) -> Context:
    """What the tenant knows of its partners: each customer by its DUNS number and its customer number."""
    return Context(
        currency=seed["currency"],
        profiles=tuple(
            Profile(
                id=c["customer_id"].lower(), name=c["name"], customer_id=c["customer_id"], currency=c["currency"],
                identifiers=(Identifier("01", c["duns"]), Identifier("customer", c["customer_id"])),
            )
            for c in seed["customers"]
        ),
    )  # fmt: skip


def read(delivery: day.Delivery, seeds: dict[str, dict[str, Any]]) -> list[Decoded]:
    return decoding.decode(delivery.raw, delivery.filename, context(seeds[delivery.tenant]))


def as_read(order: PurchaseOrder) -> list[tuple[str, str, str, Decimal, Decimal | None]]:
    return [
        (n.number, next(i.value for i in n.items if i.scheme is ItemScheme.SUPPLIER), n.unit, n.quantity, n.unit_price)
        for n in order.lines
    ]


def as_meant(order: day.Order) -> list[tuple[str, str, str, Decimal, Decimal | None]]:
    return [(n.line, n.sku, n.unit, Decimal(n.quantity), n.stated) for n in order.lines]


def test_the_same_seed_gives_the_same_day_to_the_byte(seeds: dict[str, dict[str, Any]], made: day.Day) -> None:
    assert day.make(seeds, COUNT, MORNING, 7) == made
    assert day.make(seeds, COUNT, MORNING, 8).orders != made.orders


def test_every_order_is_sent_once_and_repeats_are_named_as_such(made: day.Day) -> None:
    assert len(made.orders) == COUNT
    sent = [o.identity for d in made.deliveries if not d.repeats for o in d.orders]
    assert sorted(sent) == sorted(o.identity for o in made.orders)
    assert len(set(sent)) == COUNT
    originals = {d.raw for d in made.deliveries if not d.repeats}
    repeats = [d for d in made.deliveries if d.repeats]
    assert repeats
    assert all(d.raw in originals and not d.orders for d in repeats)


def test_the_day_has_every_channel_and_every_trouble(made: day.Day) -> None:
    assert {o.channel for o in made.orders} == {"x12", "json", "csv"}
    assert {o.deviation for o in made.orders} == {"", "within", "beyond"}
    assert any(o.shortage for o in made.orders)
    assert any(o.unknown_item for o in made.orders)
    cancelled = {o.identity for o in made.orders if o.cancelled}
    assert {d.cancels.identity for d in made.deliveries if d.cancels} == cancelled
    assert {f.kind for f in made.faults} >= {"down", "error", "throttle", "lost-response", "duplicate-webhook"}


@pytest.mark.parametrize("channel", ["x12", "json", "csv"])
def test_every_document_reads_back_as_exactly_what_was_meant(
    channel: str, made: day.Day, seeds: dict[str, dict[str, Any]]
) -> None:
    seen = 0
    for delivery in made.deliveries:
        if not delivery.orders or delivery.orders[0].channel != channel:
            continue
        documents = read(delivery, seeds)
        assert [d.issues for d in documents] == [()] * len(delivery.orders)
        assert {d.format for d in documents} == {Format(channel)}
        by_po = {d.po: d for d in documents}
        for order in delivery.orders:
            decoded = by_po[order.po]
            assert decoded.order is not None
            assert as_read(decoded.order) == as_meant(order)
            assert decoded.customer_id == order.customer
            assert decoded.order.purpose is Purpose.ORIGINAL
            assert (decoded.order.number, decoded.order.currency) == (order.po, order.currency)
            assert decoded.order.requested_on is not None
            assert decoded.order.requested_on.isoformat() == order.requested_on
            assert decoded.total == sum((n.stated * n.quantity for n in order.lines), Decimal(0))
            ship_to = decoded.order.party(PartyRole.SHIP_TO)
            assert ship_to is not None
            assert ship_to.address.postal_code == order.ship_to["postal_code"]
            seen += 1
    assert seen > COUNT / 10


def test_a_cancellation_reads_back_as_a_cancellation_of_its_order(
    made: day.Day, seeds: dict[str, dict[str, Any]]
) -> None:
    cancellations = [d for d in made.deliveries if d.cancels]
    assert cancellations
    for delivery in cancellations:
        assert delivery.cancels is not None
        [decoded] = read(delivery, seeds)
        assert decoded.order is not None
        assert decoded.order.purpose is Purpose.CANCELLATION
        assert (decoded.po, decoded.customer_id) == (delivery.cancels.po, delivery.cancels.customer)


def test_quantities_and_prices_of_the_manifest_agree_with_the_seed(
    made: day.Day, seeds: dict[str, dict[str, Any]]
) -> None:
    for order in made.orders:
        items = {i["sku"]: i for i in seeds[order.tenant]["items"]}
        customer = next(c for c in seeds[order.tenant]["customers"] if c["customer_id"] == order.customer)
        for n in order.lines[1:] if order.unknown_item else order.lines:
            item = items[n.sku]
            pieces = int(item["units"][n.unit])
            each = customer["contract_prices"].get(n.sku) or item["tier_prices"][customer["tier"]]
            assert n.base_quantity == n.quantity * pieces
            assert n.contract == Decimal(each) * pieces
            assert n.stated <= n.contract if order.deviation else n.stated == n.contract


@pytest.mark.parametrize("name", ["quantity", "stated", "sku", "unit"])
def test_a_changed_line_changes_the_document(name: str, made: day.Day, seeds: dict[str, dict[str, Any]]) -> None:
    order = next(o for o in made.orders if o.channel == "x12")
    n = order.lines[0]
    assert name in {f.name for f in fields(n)}
    other = {"quantity": n.quantity + 1, "stated": n.stated + Decimal("0.01"), "sku": "OTHER-1", "unit": "BX"}[name]
    changed = replace(order, lines=(replace(n, **{name: other}), *order.lines[1:]))
    for write in (day.x12, day.as_json):
        raw = [write(o, seeds[o.tenant], MORNING, 1) for o in (order, changed)]
        assert raw[0] != raw[1]
        [decoded] = decoding.decode(raw[1], "changed", context(seeds[order.tenant]))
        assert decoded.order is not None
        assert as_read(decoded.order) == as_meant(changed)
