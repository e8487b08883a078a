"""A day of orders with troubles put in on purpose, and what is right for each: a manifest of its own.

Made from a seed and the sandbox's distributor alone; nothing here asks Crossdock anything. Most orders are clean. Some
share a cause with others (a number that a customer gave an item overnight, last year's prices, a clock that stands
wrong), some share the words of their error but not their cause, and at least a third of those in trouble are alone.

What a person finds out by a telephone call (which item is meant, how many were wanted) is in `Truth`.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from crossdock.cli import day
from crossdock_sandbox import world

TENANT = "castell"
CENT = Decimal("0.01")
NIGHT_H = 5.6  # when overnight batches come in, before anybody is there
STOCK, CREDIT = 60, 4000  # times what the sandbox's distributor has: neither shall decide about a clean order
SMALL_CREDIT = Decimal(400)

# Of 400 exceptions. The first word of a key is the trouble; what stands after it is the place of its customer.
TOGETHER = {
    "number 1": 55,  # an item that the customer has renumbered
    "number 2": 25,  # two customers use one number for two different items: one text, two causes
    "number 3": 25,
    "number 4": 35,  # the answer that is given first is wrong
    "prices 5": 36,  # below contract, within what an approver may allow
    "past 6": 28,  # a system whose clock stands wrong
    "unit 8": 28,  # a unit the item is not sold in
    "ask 9": 18,  # far below contract
}
ALONE = {"typo": 72, "none": 18, "past": 18, "place": 14, "credit": 14, "ask": 14}


@dataclass(slots=True)
class Truth:
    """What is right, by what a person can see: (customer, number) → SKU; PO → its orders as they were meant."""

    items: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    wrong: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])  # answered first
    meant: dict[str, day.Order] = field(default_factory=dict[str, day.Order])
    troubles: dict[str, str] = field(default_factory=dict[str, str])  # PO → which


@dataclass(frozen=True, slots=True)
class Troubled:
    """world: the distributor as JSON for the sandbox. orders: as they were sent."""

    world: bytes
    deliveries: list[day.Delivery]
    orders: list[day.Order]
    truth: Truth
    counts: Counter[str]


def distributor(seed: int) -> world.Distributor:
    """The sandbox's, with stock and credit for a large day, but for the last few customers, who have little credit."""
    usual = world.build(seed, TENANT)
    customers = tuple(
        msgspec.structs.replace(
            c, on_hold=False, low_credit=False, opening_overdue=Decimal(0), opening_exposure=Decimal(0),
            credit_limit=SMALL_CREDIT if n >= len(usual.customers) - 3 else c.credit_limit * CREDIT,
        )
        for n, c in enumerate(usual.customers)
    )  # fmt: skip
    items = tuple(
        msgspec.structs.replace(i, stock={s: max(have, 12) * STOCK for s, have in i.stock.items()}) for i in usual.items
    )
    return msgspec.structs.replace(usual, customers=customers, items=items)


def make(orders: int, exceptions: int, seed: int, morning: datetime) -> Troubled:
    """A day with `orders` orders, about `exceptions` of them in trouble; fewer than 40 would leave clusters out."""
    rng = random.Random(seed)
    distributor_ = distributor(seed)
    raw = msgspec.json.encode(distributor_)
    seeded: dict[str, Any] = msgspec.json.decode(raw)
    seeded["seed"] = seed
    customers = seeded["customers"]
    spare = customers[10:-3]  # of whom no cluster is known
    plan = list(_planned(exceptions, len(spare)))
    truth = Truth()
    made: list[tuple[datetime, day.Order]] = []
    for n, (trouble, place) in enumerate(plan):
        alone = place < 0
        if trouble == "credit":
            customer = customers[-1 - n % 3]
        else:
            customer = spare[n % len(spare)] if alone else customers[place]
        clean = _order(rng, seeded, customer, n, morning)
        channel = {"none": "x12", "place": "json", "past": "json"}.get(trouble, clean.channel)
        clean = replace(clean, channel=channel)
        sent = MAKERS[trouble](rng, seeded, clean, truth, alone)
        truth.meant[clean.po], truth.troubles[clean.po] = clean, trouble
        hour = _hour(rng) if alone else NIGHT_H + rng.random() * 0.3
        made.append((morning + timedelta(hours=hour), sent))
    for n in range(len(plan), orders):
        customer = rng.choice(customers[:-3])
        order = _order(rng, seeded, customer, n, morning)
        truth.meant[order.po] = order
        made.append((morning + timedelta(hours=_hour(rng)), order))
    made.sort(key=lambda m: (m[0], m[1].po))
    deliveries = [_delivery(order, seeded, at, number) for number, (at, order) in enumerate(made, 1)]
    return Troubled(raw, deliveries, [o for _, o in made], truth, Counter(t for t, _ in plan))


def _planned(exceptions: int, spare: int) -> Iterator[tuple[str, int]]:
    """Each trouble with its customer's place; -1 for one that is alone."""
    share = Decimal(exceptions) / 400
    for key, count in TOGETHER.items():
        trouble, place = key.split()
        for _ in range(max(3, int(count * share))):
            yield trouble, int(place)
    for trouble, count in ALONE.items():
        for _ in range(max(1, int(count * share))):
            yield trouble, -1


def _hour(rng: random.Random) -> float:
    peak = rng.choice([8.5, 8.5, 11.0, 14.5, 14.5, 16.0])
    return min(17.5, max(6.0, rng.gauss(peak, 1.4)))


def _order(rng: random.Random, seed: dict[str, Any], customer: dict[str, Any], n: int, morning: datetime) -> day.Order:
    """One with nothing wrong: known items, their sales units, the contract's prices."""
    lines: list[day.Line] = []
    for number, item in enumerate(rng.sample(seed["items"], rng.choices([1, 2, 3], [5, 4, 2])[0]), 1):
        unit = item["sales_unit"] if rng.random() < 0.4 else item["base_unit"]
        pieces, quantity = int(item["units"][unit]), rng.randint(1, 4)
        each = Decimal(customer["contract_prices"].get(item["sku"]) or item["tier_prices"][customer["tier"]])
        lines.append(
            day.Line(
                line=str(number), sku=item["sku"], gtin=item["gtin"], customer_item=None, unit=unit, quantity=quantity,
                base_quantity=quantity * pieces, stated=each * pieces, contract=each * pieces,
            )
        )  # fmt: skip
    return day.Order(
        tenant=TENANT, customer=customer["customer_id"], po=f"77{seed['seed'] % 10}{n:06d}",
        currency=seed["currency"], channel=("x12", "x12", "json", "csv")[int(customer["customer_id"][-2:]) % 4],
        lines=tuple(lines), requested_on=(morning + timedelta(days=rng.randint(5, 12))).date().isoformat(),
        ship_to=customer["ship_to"], tier=customer["tier"],
    )  # fmt: skip


# ── the troubles ────────────────────────────────────────────────────────────────────────────────────────────────

Maker = Callable[[random.Random, dict[str, Any], day.Order, Truth, bool], day.Order]
RENUMBERED = "ZX-0042"


def _with_first(order: day.Order, **changed: Any) -> day.Order:
    return replace(order, lines=(replace(order.lines[0], **changed), *order.lines[1:]))


def _number(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    """All of one customer mean one item by it. Two customers use the same number for different ones."""
    items = seed["items"]
    place = int(clean.customer[-2:])
    item, other = items[place * 3], items[place * 3 + 1]
    customer = next(c for c in seed["customers"] if c["customer_id"] == clean.customer)
    each = Decimal(customer["contract_prices"].get(item["sku"]) or item["tier_prices"][customer["tier"]])
    number = RENUMBERED if place in (3, 4) else f"NEW-{place:04d}"
    truth.items[clean.customer, number] = item["sku"]
    if place == 5:
        truth.wrong[clean.customer, number] = other["sku"]
    quantity = clean.lines[0].quantity
    return _with_first(
        clean, sku=number, gtin="", unit=item["base_unit"], base_quantity=quantity, stated=each, contract=each
    )


def _typo(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    """As people get numbers wrong: a revision behind it, a key struck twice, a letter for a digit, a digit left out."""
    right = clean.lines[0].sku
    known = {i["sku"] for i in seed["items"]}
    at = rng.randrange(3, len(right))
    wrong = rng.choice([
        f"{right}{rng.choice('ABQX')}", f"{right}-{rng.randint(1, 9)}", right[:at] + right[at] + right[at:],
        right.replace("0", "O", 1), right[:at] + right[at + 1 :],
    ])  # fmt: skip
    if wrong in known or (clean.customer, wrong) in truth.items:
        wrong = f"{right}Z{rng.randint(1, 9)}"
    truth.items[clean.customer, wrong] = right
    return _with_first(clean, sku=wrong, gtin="")


def _prices(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    return _below(clean, Decimal("0.94"))


def _ask(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    return _below(clean, Decimal("0.70"))


def _below(clean: day.Order, factor: Decimal) -> day.Order:
    """Enough of it that the difference is worth a question."""
    lines = tuple(
        replace(
            n, quantity=n.quantity * 20, base_quantity=n.base_quantity * 20,
            stated=(n.contract * factor).quantize(CENT, ROUND_HALF_UP),
        )
        for n in clean.lines
    )  # fmt: skip
    return replace(clean, lines=lines, deviation="beyond")


def _past(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    return replace(clean, requested_on="2016-03-09")


def _unit(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    """One item, in bags; pieces are meant."""
    item = seed["items"][200]
    customer = next(c for c in seed["customers"] if c["customer_id"] == clean.customer)
    each = Decimal(customer["contract_prices"].get(item["sku"]) or item["tier_prices"][customer["tier"]])
    quantity = clean.lines[0].quantity
    return _with_first(
        clean, sku=item["sku"], gtin=item["gtin"], unit="BG", base_quantity=quantity, stated=each, contract=each
    )


def _none(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    return _with_first(clean, quantity=0, base_quantity=0)


def _place(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    return replace(clean, ship_to={**clean.ship_to, "city": "", "lines": []})


def _credit(rng: random.Random, seed: dict[str, Any], clean: day.Order, truth: Truth, alone: bool) -> day.Order:
    """Worth a little more than its customer's limit."""
    first = clean.lines[0]
    quantity = max(1, int(SMALL_CREDIT * Decimal("1.2") / first.contract))
    pieces = first.base_quantity // first.quantity
    return replace(clean, lines=(replace(first, quantity=quantity, base_quantity=quantity * pieces),))


MAKERS: dict[str, Maker] = {
    "number": _number, "typo": _typo, "prices": _prices, "ask": _ask, "past": _past, "unit": _unit, "none": _none,
    "place": _place, "credit": _credit,
}  # fmt: skip


def _delivery(order: day.Order, seed: dict[str, Any], at: datetime, number: int) -> day.Delivery:
    match order.channel:
        case "x12":
            raw, suffix = day.x12(order, seed, at, number), "edi"
        case "csv":
            raw, suffix = day.as_csv([order]), "csv"
        case _:
            raw, suffix = day.as_json(order, seed, at, number), "json"
    return day.Delivery(at=at, tenant=TENANT, filename=f"{order.po}.{suffix}", raw=raw, orders=(order,))
