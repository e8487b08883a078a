"""Divides order lines over sites by a sourcing strategy. Pure arithmetic: what it is given, it gives back in parts.

For every line: the sum of what the sites get and what is short equals what was asked. No site gets more of an item
than it has, however many lines ask for it.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_UP, Decimal
from enum import StrEnum
from typing import Any

GRAM = Decimal("0.001")


class Strategy(StrEnum):
    ONE_SITE = "one-site"  # the site that covers most, so that the customer gets one delivery if possible
    NEAREST = "nearest"  # fewest transit days first
    CHEAPEST = "cheapest"  # lowest carriage first


def allocate(
    strategy: Strategy,
    lines: Sequence[Mapping[str, Any]],
    availability: Sequence[Mapping[str, Any]],
    rates: Sequence[Mapping[str, Any]],
    *,
    sites_at_most: int = 99,
    split_lines: bool = True,
    weights: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Who ships what.

    lines: {line, sku, quantity} in base units, quantities positive and whole.
    availability: {sku, site, available}. rates: {site, price, transit_days}; a site without a rate comes last.
    sites_at_most: after so many sites the rest is short. split_lines: False ships a line from one site or not at all.
    weights: {line, base_quantity, weight_kg} of whole lines, for the weight of what each site ships.
    Returns {sites: [{site, weight_kg, lines: [{line, sku, quantity}]}], short: [{line, sku, quantity}]}.
    """
    stock: dict[str, dict[str, Decimal]] = {}
    for row in availability:
        at_site = stock.setdefault(str(row["site"]), {})
        at_site[row["sku"]] = at_site.get(row["sku"], Decimal(0)) + max(Decimal(row["available"]), Decimal(0))
    rate = {str(row["site"]): row for row in rates}
    far = Decimal("1e9")

    def coverage(site: str) -> Decimal:
        left = dict(stock[site])
        covered = Decimal(0)
        for line in lines:
            part = min(left.get(line["sku"], Decimal(0)), Decimal(line["quantity"]))
            left[line["sku"]] = left.get(line["sku"], Decimal(0)) - part
            covered += part
        return covered

    def preference(site: str) -> tuple[Decimal, Decimal, Decimal, str]:
        days = Decimal(rate[site]["transit_days"]) if site in rate else far
        price = Decimal(rate[site]["price"]) if site in rate else far
        most = -coverage(site)
        match strategy:
            case Strategy.ONE_SITE:
                return (most, price, days, site)
            case Strategy.NEAREST:
                return (days, price, most, site)
            case Strategy.CHEAPEST:
                return (price, days, most, site)

    wanted = [(line, Decimal(line["quantity"])) for line in lines]
    sites: list[dict[str, Any]] = []
    for site in sorted(stock, key=preference):
        if len(sites) >= sites_at_most:
            break
        left, given, still = dict(stock[site]), list[dict[str, Any]](), list[tuple[Mapping[str, Any], Decimal]]()
        for line, quantity in wanted:
            part = min(left.get(line["sku"], Decimal(0)), quantity)
            if not split_lines and part < quantity:
                part = Decimal(0)
            if part > 0:
                left[line["sku"]] -= part
                given.append({"line": line["line"], "sku": line["sku"], "quantity": part})
            if quantity > part:
                still.append((line, quantity - part))
        if given:
            sites.append({"site": site, "weight_kg": _weight(given, weights), "lines": given})
            wanted = still
    short = [{"line": line["line"], "sku": line["sku"], "quantity": quantity} for line, quantity in wanted]
    return {"sites": sites, "short": short}


def _weight(parts: Sequence[Mapping[str, Any]], weights: Sequence[Mapping[str, Any]]) -> Decimal:
    """Each part's share of its line's weight, rounded up to a gram; a line without a weight weighs nothing."""
    known = {str(w["line"]): w for w in weights}
    total = Decimal(0)
    for part in parts:
        whole = known.get(str(part["line"]), {})
        if whole.get("weight_kg") and whole.get("base_quantity"):
            total += Decimal(whole["weight_kg"]) * part["quantity"] / Decimal(whole["base_quantity"])
    return total.quantize(GRAM, ROUND_UP)
