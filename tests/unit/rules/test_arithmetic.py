from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.allocation import Strategy, allocate
from crossdock.rules.pricing import agree, bill, compare

SKUS = ["A", "B", "C"]
lines = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 50)), min_size=1, max_size=6).map(
    lambda rows: [{"line": str(i), "sku": s, "quantity": Decimal(q)} for i, (s, q) in enumerate(rows)]
)
stock = st.lists(
    st.tuples(st.sampled_from(SKUS), st.sampled_from(["north", "south", "west"]), st.integers(-3, 80)), max_size=9
).map(lambda rows: [{"sku": s, "site": site, "available": Decimal(q)} for s, site, q in rows])
rates = st.lists(st.sampled_from(["north", "south", "west"]), unique=True).map(
    lambda sites: [{"site": s, "price": Decimal(len(s)), "transit_days": i} for i, s in enumerate(sites)]
)


@given(st.sampled_from(list(Strategy)), lines, stock, rates, st.integers(0, 3), st.booleans())
def test_allocation_gives_back_exactly_what_was_asked_and_never_more_than_there_is(
    strategy: Strategy, asked: list[Any], there: list[Any], carriage: list[Any], most: int, split: bool
) -> None:
    plan = allocate(strategy, asked, there, carriage, sites_at_most=most, split_lines=split)
    parts = [p for s in plan["sites"] for p in s["lines"]] + plan["short"]
    for line in asked:
        assert sum(p["quantity"] for p in parts if p["line"] == line["line"]) == line["quantity"]
    for site in plan["sites"]:
        for sku in SKUS:
            given_out = sum(p["quantity"] for p in site["lines"] if p["sku"] == sku)
            has = sum(max(r["available"], 0) for r in there if r["site"] == site["site"] and r["sku"] == sku)
            assert given_out <= has
    assert len(plan["sites"]) <= most
    assert all(p["quantity"] > 0 for p in parts)


def row(sku: str, site: str, n: int) -> dict[str, Any]:
    return {"sku": sku, "site": site, "available": n}


def test_each_strategy_chooses_its_site() -> None:
    asked = [{"line": "1", "sku": "A", "quantity": 5}, {"line": "2", "sku": "B", "quantity": 5}]
    there = [row("A", "north", 5), row("A", "south", 9), row("B", "south", 9), row("A", "west", 9), row("B", "west", 1)]
    carriage = [
        {"site": "north", "price": 9, "transit_days": 1},
        {"site": "south", "price": 8, "transit_days": 3},
        {"site": "west", "price": 2, "transit_days": 2},
    ]

    def sites(strategy: Strategy) -> list[str]:
        return [s["site"] for s in allocate(strategy, asked, there, carriage)["sites"]]

    assert sites(Strategy.ONE_SITE) == ["south"]
    assert sites(Strategy.NEAREST) == ["north", "west", "south"]
    assert sites(Strategy.CHEAPEST) == ["west", "south"]


def test_the_lower_of_stated_and_contract_price_is_charged_line_by_line() -> None:
    stated = [
        {"line": "1", "quantity": Decimal(10), "unit": "EA", "unit_price": Decimal("1.90")},
        {"line": "2", "quantity": Decimal(10), "unit": "EA", "unit_price": Decimal("3.00")},
        {"line": "3", "quantity": Decimal(1), "unit": "CS", "unit_price": None},
    ]
    priced = [
        {"line": str(n), "sku": f"S{n}", "unit_price": p, "amount": a, "base_quantity": q, "cost": 1, "weight_kg": 2}
        for n, p, a, q in ((1, 2, 20, 10), (2, Decimal("2.50"), 25, 10), (3, 12, 12, 12))
    ]
    found = compare(stated, priced)
    assert (found["stated_total"], found["contract_total"], found["weight_kg"]) == (61, 57, 6)
    assert agree(found["lines"], "contract")["total"] == 57
    assert [line["amount"] for line in agree(found["lines"], "stated")["lines"]] == [19, 25, 12]


def test_a_line_the_system_did_not_price_is_an_unknown_item() -> None:
    [line] = compare([{"line": "9", "quantity": 1, "unit": "EA"}], [])["lines"]
    assert line["problem"] == "unknown_item"
    assert compare([{"line": "9", "quantity": 1, "unit": "EA"}], [])["stated_total"] is None


@given(st.decimals("0.01", "99999", places=2), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_bills_of_parts_add_up_to_the_agreed_amount(amount: Decimal, parts: list[int]) -> None:
    agreed = [{"line": "1", "sku": "A", "quantity": 1, "unit": "CS", "base_quantity": sum(parts), "amount": amount}]
    billed: list[dict[str, Any]] = []
    for part in parts:
        result = bill(agreed, [{"line": "1", "sku": "A", "quantity": part}], billed)
        assert result["net"] >= 0
        for line in result["lines"]:
            assert abs(line["unit_price"] * line["quantity"] - line["amount"]) <= Decimal("0.0051")
        billed += result["lines"]
    assert sum(b["amount"] for b in billed) == amount


def test_each_site_carries_its_share_of_the_weight() -> None:
    asked = [{"line": "1", "sku": "A", "quantity": 6}]
    there = [row("A", "north", 4), row("A", "south", 4)]
    weights = [{"line": "1", "base_quantity": 9, "weight_kg": Decimal("4.5")}]
    plan = allocate(Strategy.NEAREST, asked, there, [], weights=weights)
    assert [s["weight_kg"] for s in plan["sites"]] == [2, 1]
