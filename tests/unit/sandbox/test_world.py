"""The seeded distributors are whole, plausible and the same every time."""

from decimal import Decimal

import msgspec
import pytest

from crossdock_sandbox import world
from crossdock_sandbox.app import Sandbox
from crossdock_sandbox.clock import Clock
from crossdock_sandbox.wire import exact_strings

DISTRIBUTORS = {tenant: world.build(7, tenant) for tenant in world.TENANTS}


@pytest.fixture(params=world.TENANTS)
def distributor(request: pytest.FixtureRequest) -> world.Distributor:
    return DISTRIBUTORS[request.param]


def test_same_seed_gives_the_same_world_to_the_byte(distributor: world.Distributor) -> None:
    again = world.build(7, distributor.tenant)
    assert msgspec.json.encode(again) == msgspec.json.encode(distributor)


def test_another_seed_gives_another_world(distributor: world.Distributor) -> None:
    assert world.build(8, distributor.tenant) != distributor


def test_a_distributor_has_the_promised_size(distributor: world.Distributor) -> None:
    counts = [
        len(part) for part in (distributor.sites, distributor.customers, distributor.suppliers, distributor.items)
    ]
    assert counts == [3, 40, 12, 300]
    assert {customer.tier for customer in distributor.customers} == {"A", "B", "C"}
    assert any(customer.on_hold for customer in distributor.customers)
    assert any(customer.low_credit for customer in distributor.customers)
    assert len({customer.name for customer in distributor.customers}) == 40


def test_every_gtin_and_gln_carries_its_right_check_digit(distributor: world.Distributor) -> None:
    numbers = [item.gtin for item in distributor.items] + [customer.gln for customer in distributor.customers]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        # The GS1 definition: with weights 3 and 1 from the right, all digits together make a multiple of ten.
        weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
        assert weighted % 10 == 0, number
    assert {len(item.gtin) for item in distributor.items} == {14}


@pytest.mark.parametrize("number", ["6291041500213", "10614141000415"])
def test_check_digit_of_numbers_printed_by_gs1(number: str) -> None:
    assert world.check_digit(number[:-1]) == number[-1]


def test_prices_are_whole_cents_and_nobody_buys_below_cost(distributor: world.Distributor) -> None:
    for item in distributor.items:
        for price in (item.list_price, item.cost, *item.tier_prices.values()):
            assert price == price.quantize(Decimal("0.01")) > 0
        assert item.cost < item.tier_prices["A"] <= item.tier_prices["B"] <= item.tier_prices["C"] == item.list_price
    items = {item.sku: item for item in distributor.items}
    for customer in distributor.customers:
        assert all(price > items[sku].cost for sku, price in customer.contract_prices.items())


def test_references_within_the_world_hold(distributor: world.Distributor) -> None:
    skus = {item.sku for item in distributor.items}
    suppliers = {supplier.supplier_id for supplier in distributor.suppliers}
    sites = {site.site for site in distributor.sites}
    for item in distributor.items:
        assert set(item.substitutes) <= skus - {item.sku}
        assert item.supplier_id in suppliers
        assert set(item.stock) == sites
        assert item.units["EA"] == 1
        assert all(item.units["CS"] % pieces == 0 for pieces in item.units.values())
    for customer in distributor.customers:
        assert set(customer.item_numbers.values()) <= skus
        assert customer.opening_overdue <= customer.opening_exposure <= customer.credit_limit
    assert {supplier.site for supplier in distributor.suppliers} <= sites


def test_some_items_are_scarce_everywhere(distributor: world.Distributor) -> None:
    scarce = [item for item in distributor.items if max(item.stock.values()) <= 3 * item.units["CS"]]
    assert 15 <= len(scarce) <= 75


def test_a_world_is_read_in_the_shape_in_which_it_is_shown(distributor: world.Distributor) -> None:
    assert world.read(exact_strings(distributor)) == distributor


def test_a_world_that_does_not_fit_together_is_refused_with_every_misfit() -> None:
    told = msgspec.json.decode(exact_strings(DISTRIBUTORS["castell"]))
    told["tenant"] = "Harrow & Co"
    told["currency"] = "JPY"  # has no cents
    told["items"][0]["stock"] = {"RNO": 3}
    told["items"][1]["supplier_id"] = "S-99"
    told["items"][2]["tier_prices"].pop("B")
    told["customers"][0]["currency"] = "GBP"
    told["customers"][1]["contract_prices"]["NONE"] = "1.00"
    told["customers"].append(told["customers"][2])
    with pytest.raises(ValueError, match="tenant: ") as refused:
        world.read(msgspec.json.encode(told))
    for told_wrong in (
        "'Harrow & Co'",
        "found 'JPY'",
        "customers: C-0003 is there 2 times",
        "expected stock at ['ATL', 'CMH', 'RNO'], found ['RNO']",
        "there is no supplier S-99",
        "found ['A', 'C']",
        "trades in GBP, the distributor in JPY",
        "customer C-0002: contract prices",
    ):
        assert told_wrong in str(refused.value)


def test_a_given_world_stands_beside_the_seeded_ones_or_in_the_place_of_one() -> None:
    harrow = msgspec.structs.replace(DISTRIBUTORS["castell"], tenant="harrow")
    other = msgspec.structs.replace(DISTRIBUTORS["norrland"], name="Another")
    sandbox = Sandbox(secret="worlds", seed=7, clock=Clock(rate=0), worlds=[harrow, other])
    assert set(sandbox.enterprises) == {*world.TENANTS, "harrow"}
    assert sandbox.enterprises["norrland"].distributor.name == "Another"
