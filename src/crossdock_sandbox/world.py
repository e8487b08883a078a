"""The seeded distributors: who buys, what is stocked where, who supplies it and at what price.

Everything follows from (seed, tenant): the same pair gives the same world to the last cent. `Distributor` is the
sandbox's own neutral description; each system tells the part it knows in its own words, and `GET /{tenant}/_seed`
shows the whole to whoever makes up orders. `read` takes a distributor of somebody else's making in that same shape.
"""

import re
from collections import Counter
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import msgspec

from .catalogues import CATALOGUES, Catalogue

CENT = Decimal("0.01")

TIER_SHARE = {"A": Decimal("0.88"), "B": Decimal("0.94"), "C": Decimal("1.00")}
# Room for a good day's orders of a customer of the tier; the low-credit ones run out within a few orders.
CREDIT_LIMIT = {"A": Decimal(150_000), "B": Decimal(60_000), "C": Decimal(30_000)}
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "DKK", "NOK", "SEK")  # what the systems trade in; two digits each
NOTIFY_CODES = ("ORDCONF", "BACKORD", "SHIP", "INV", "DLV", "CANC", "DELAY")


class Site(msgspec.Struct, frozen=True):
    site: str
    name: str
    city: str
    region: str
    postal_code: str
    country: str


class ShipTo(msgspec.Struct, frozen=True):
    name: str
    lines: tuple[str, ...]
    city: str
    region: str
    postal_code: str
    country: str


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: str
    name: str
    tier: str
    terms_days: int
    currency: str
    language: str
    email: str
    notify_mode: str
    notify_on: tuple[str, ...]
    credit_limit: Decimal
    opening_exposure: Decimal
    opening_overdue: Decimal  # part of the exposure
    on_hold: bool
    low_credit: bool
    gln: str
    duns: str
    ship_to: ShipTo
    contract_prices: dict[str, Decimal]  # SKU -> price per EA
    item_numbers: dict[str, str]  # the customer's own number -> SKU
    pay_days_after_due: int


class Supplier(msgspec.Struct, frozen=True):
    supplier_id: str
    name: str
    lead_days: int
    site: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    gtin: str
    manufacturer_number: str
    description: str
    base_unit: str
    sales_unit: str
    units: dict[str, int]  # unit -> pieces
    list_price: Decimal  # per EA, like every price here
    cost: Decimal
    weight_kg: Decimal
    tier_prices: dict[str, Decimal]
    substitutes: tuple[str, ...]
    supplier_id: str
    stock: dict[str, int]  # site -> pieces on hand at the start


class Distributor(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    name: str
    seed: int
    currency: str
    domain: str
    sites: tuple[Site, ...]
    customers: tuple[Customer, ...]
    suppliers: tuple[Supplier, ...]
    items: tuple[Item, ...]

    def price(self, customer: Customer, item: Item, unit: str) -> Decimal:
        """What the customer pays per `unit`: contract price, else the tier's, times the pieces in the unit."""
        each = customer.contract_prices.get(item.sku) or item.tier_prices[customer.tier]
        return each * item.units[unit]


TENANTS = tuple(CATALOGUES)


def build(seed: int, tenant: str) -> Distributor:
    catalogue = CATALOGUES[tenant]
    random = Random(f"{seed} {tenant}")
    sites = tuple(Site(*site) for site in catalogue.sites)
    suppliers = tuple(
        Supplier(f"S-{number:02d}", name, random.randint(2, 9), random.choice(sites).site)
        for number, name in enumerate(catalogue.suppliers, start=1)
    )
    items = _items(random, catalogue, sites, suppliers)
    first, second = catalogue.customer_words
    names = random.sample([f"{one} {other}" for one in first for other in second], 40)
    customers = tuple(_customer(random, catalogue, number, name, items) for number, name in enumerate(names, start=1))
    return Distributor(
        tenant=tenant,
        name=catalogue.name,
        seed=seed,
        currency=catalogue.currency,
        domain=catalogue.domain,
        sites=sites,
        customers=customers,
        suppliers=suppliers,
        items=items,
    )


_decoder = msgspec.json.Decoder(Distributor)


def read(raw: bytes) -> Distributor:
    """A distributor as JSON in the shape that `_seed` shows.

    Raises ValueError naming everything that does not fit together: a system that met it at work would only stumble.
    """
    world = _decoder.decode(raw)
    wrong = list(_misfits(world))
    if wrong:
        more = f"; and {len(wrong) - 20} more" if len(wrong) > 20 else ""
        raise ValueError("; ".join(wrong[:20]) + more)
    return world


def _misfits(world: Distributor) -> Iterable[str]:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", world.tenant):
        yield f"tenant: expected small letters, digits and hyphens, found {world.tenant!r}"
    if world.currency not in CURRENCIES:
        yield f"currency: expected one of {', '.join(CURRENCIES)}, found {world.currency!r}"
    sites = [site.site for site in world.sites]
    suppliers = [supplier.supplier_id for supplier in world.suppliers]
    skus = [item.sku for item in world.items]
    numbers = [customer.customer_id for customer in world.customers]
    lists = {"sites": sites, "suppliers": suppliers, "items": skus, "customers": numbers}
    for name, ids in lists.items():
        if not ids:
            yield f"{name}: expected at least one"
        yield from (f"{name}: {twice} is there {n} times" for twice, n in Counter(ids).items() if n > 1)
    known, tiers = set(skus), {customer.tier for customer in world.customers}
    for supplier in world.suppliers:
        if supplier.site not in sites:
            yield f"supplier {supplier.supplier_id}: there is no site {supplier.site}"
    for item in world.items:
        name = f"item {item.sku}"
        if set(item.stock) != set(sites):
            yield f"{name}: expected stock at {sorted(sites)}, found {sorted(item.stock)}"
        if item.supplier_id not in suppliers:
            yield f"{name}: there is no supplier {item.supplier_id}"
        if not {item.base_unit, item.sales_unit} <= set(item.units):
            yield f"{name}: base and sales unit are among its units"
        if min([*item.stock.values(), *item.units.values()]) < 0 or item.weight_kg < 0:
            yield f"{name}: stock, units and weight are not negative"
        if not tiers <= set(item.tier_prices):
            yield f"{name}: expected a price for the tiers {sorted(tiers)}, found {sorted(item.tier_prices)}"
        if not set(item.substitutes) <= known:
            yield f"{name}: its substitutes are items"
    for customer in world.customers:
        name = f"customer {customer.customer_id}"
        if customer.currency != world.currency:
            yield f"{name}: trades in {customer.currency}, the distributor in {world.currency}"
        if not {*customer.contract_prices, *customer.item_numbers.values()} <= known:
            yield f"{name}: contract prices and item numbers are of items"


def check_digit(digits: str) -> str:
    """GS1 General Specifications 7.9: weights 3, 1, 3 … from the right, up to the next multiple of ten."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _items(
    random: Random, catalogue: Catalogue, sites: tuple[Site, ...], suppliers: tuple[Supplier, ...]
) -> tuple[Item, ...]:
    drafts: list[tuple[str, str]] = []  # (family, description)
    for family, (nouns, kinds, sizes) in catalogue.families.items():
        drafts += [(family, f"{kind} {noun} {size}") for noun in nouns for kind in kinds for size in sizes]
    drafts = sorted(random.sample(drafts, 300))
    skus = [f"{catalogue.sku_prefix}-{catalogue.first_sku + n}" for n in range(len(drafts))]
    families: dict[str, list[str]] = {}
    for sku, (family, _) in zip(skus, drafts, strict=True):
        families.setdefault(family, []).append(sku)

    items: list[Item] = []
    for number, (sku, (family, description)) in enumerate(zip(skus, drafts, strict=True)):
        low, high = catalogue.cost_range[family]
        cost = (Decimal(random.randint(low, high)) / 100).quantize(CENT)
        list_price = _cents(cost * Decimal(random.randint(132, 168)) / 100)
        case = random.choice((6, 10, 12, 24, 48))
        units = {"EA": 1, "CS": case}
        if random.random() < 0.4:
            units["PK"] = random.choice([pieces for pieces in (2, 3, 4, 5, 6, 12) if case % pieces == 0])
        body = f"{catalogue.gs1_prefix}{catalogue.first_sku + number}"
        others = [other for other in families[family] if other != sku]
        items.append(
            Item(
                sku=sku,
                gtin=body + check_digit(body),
                manufacturer_number=f"{random.choice('ABDFGHKMPRT')}{random.randint(100, 999)}-{number:04d}",
                description=description,
                base_unit="EA",
                sales_unit="CS" if random.random() < 0.5 else "EA",
                units=units,
                list_price=list_price,
                cost=cost,
                weight_kg=(Decimal(random.randint(30, 900)) / 1000).quantize(Decimal("0.001")),
                tier_prices={tier: _cents(list_price * share) for tier, share in TIER_SHARE.items()},
                substitutes=tuple(sorted(random.sample(others, min(len(others), random.choice((0, 1, 1, 2)))))),
                supplier_id=random.choice(suppliers).supplier_id,
                stock=_stock(random, case, sites),
            )
        )
    return tuple(items)


def _stock(random: Random, case: int, sites: tuple[Site, ...]) -> dict[str, int]:
    # One item in eight is scarce everywhere, so that a day of orders meets real shortages.
    most = 3 if random.random() < 0.125 else 60
    return {site.site: case * random.randint(0 if most == 3 else 12, most) for site in sites}


def _customer(random: Random, catalogue: Catalogue, number: int, name: str, items: tuple[Item, ...]) -> Customer:
    tier = "A" if number <= 8 else "B" if number <= 22 else "C"
    city, region, postal_code, country = random.choice(catalogue.towns)
    low_credit = number in (7, 15, 21, 27, 33, 38)
    limit = Decimal(random.randint(18, 40) * 100) if low_credit else CREDIT_LIMIT[tier]
    exposure = _cents(limit * random.randint(0, 20) / 100)
    overdue = _cents(exposure * random.randint(20, 70) / 100) if number in (5, 15, 19, 24, 30, 36) else Decimal("0.00")
    mode = random.choices(("ALL", "SEL", "NONE"), (7, 2, 1))[0]
    slug = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())[:14]
    company = catalogue.gs1_prefix.lstrip("0")
    gln = company + f"{number:0{12 - len(company)}d}"
    contracted = random.sample(items, {"A": 20, "B": 8, "C": number % 3}[tier])
    return Customer(
        customer_id=f"C-{number:04d}",
        name=name,
        tier=tier,
        terms_days=random.choice((14, 30, 30, 45, 60)),
        currency=catalogue.currency,
        language=random.choice(catalogue.languages),
        email=f"purchasing@{slug}{number}.example",
        notify_mode=mode,
        notify_on=tuple(code for code in NOTIFY_CODES if random.random() < 0.5) if mode == "SEL" else (),
        credit_limit=limit.quantize(CENT),
        opening_exposure=exposure,
        opening_overdue=overdue,
        on_hold=number in (12, 29),
        low_credit=low_credit,
        gln=gln + check_digit(gln),
        duns=f"{random.randint(10_000_000, 99_999_999)}{number % 10}",
        ship_to=ShipTo(
            name, (f"{random.choice(catalogue.streets)} {random.randint(1, 180)}",), city, region, postal_code, country
        ),
        contract_prices={
            item.sku: max(
                _cents(item.tier_prices[tier] * random.randint(80, 95) / 100), _cents(item.cost * Decimal("1.03"))
            )
            for item in contracted
        },
        item_numbers={
            f"{slug[:3].upper()}{random.randint(10_000, 99_999)}{place:02d}": item.sku
            for place, item in enumerate(random.sample(items, 30))
        },
        pay_days_after_due=random.randint(-4, 10),
    )


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
