"""The arithmetic of a quote: the customer's prices less a discount, what is earned on it, and what an order changes.

Prices are rounded to the cent by unit, so that what is quoted can be billed; an amount is the rounded price times the
quantity. The margin is of the whole quote, in per cent of its total with one decimal.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from crossdock.rules.pricing import money

WHOLE = Decimal(100)
TENTH = Decimal("0.1")


def lines(priced: Sequence[Mapping[str, Any]], discount_percent: Decimal) -> dict[str, Any]:
    """Of the lines of erp.priceOrder, what the customer is offered.

    Returns {lines: [{line, sku, description, quantity, unit, base_price, unit_price, amount}], problems: [{line,
    problem}], total, before, cost, margin_percent}: before is the total at the customer's own prices.
    Raises ValueError for a discount that is none.
    """
    if not 0 <= discount_percent < WHOLE:
        raise ValueError(f"expected a discount from 0 to below 100 per cent, found {discount_percent}")
    offered: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    before = cost = total = Decimal(0)
    for n in priced:
        if n.get("problem") or n.get("unit_price") is None:
            problems.append({"line": str(n["line"]), "problem": n.get("problem") or "no_price"})
            continue
        quantity, base = Decimal(n["quantity"]), Decimal(n["unit_price"])
        price = money(base * (WHOLE - discount_percent) / WHOLE)
        amount = money(price * quantity)
        offered.append(
            {
                "line": str(n["line"]), "sku": n["sku"], "description": n.get("description") or "",
                "quantity": quantity, "unit": n["unit"], "base_price": base, "unit_price": price, "amount": amount,
            }
        )  # fmt: skip
        before += money(base * quantity)
        cost += Decimal(n.get("cost") or 0)
        total += amount
    margin = ((total - cost) * WHOLE / total).quantize(TENTH, ROUND_HALF_UP) if total else Decimal(0)
    return {
        "lines": offered, "problems": problems, "total": total, "before": before, "cost": cost,
        "margin_percent": margin,
    }  # fmt: skip


def differences(quoted: Sequence[Mapping[str, Any]], ordered: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a customer's order says otherwise than the quote that it names.

    quoted: lines of the quote. ordered: canonical order lines. They are the same line where they name the same item by
    our number, else by their line number. A price that the order does not state is the quote's.
    Returns {differences: [{line, what, quoted, ordered}]}; what is missing, added, quantity, unit or price.
    """
    found: list[dict[str, Any]] = []
    left = [dict(n) for n in ordered]
    for q in quoted:
        own = next((n for n in left if str(q["sku"]) in _numbers(n)), None)
        own = own or next((n for n in left if str(n["line"]) == str(q["line"]) and not _named(n, quoted)), None)
        line = str(q["line"])
        if own is None:
            found.append({"line": line, "what": "missing", "quoted": q["quantity"], "ordered": None})
            continue
        left.remove(own)
        if Decimal(own["quantity"]) != Decimal(q["quantity"]):
            found.append({"line": line, "what": "quantity", "quoted": q["quantity"], "ordered": own["quantity"]})
        if own["unit"] != q["unit"]:
            found.append({"line": line, "what": "unit", "quoted": q["unit"], "ordered": own["unit"]})
        price = own.get("unit_price")
        if price is not None and Decimal(price) != Decimal(q["unit_price"]):
            found.append({"line": line, "what": "price", "quoted": q["unit_price"], "ordered": price})
    found += [{"line": str(n["line"]), "what": "added", "quoted": None, "ordered": n["quantity"]} for n in left]
    return {"differences": found}


def _numbers(line: Mapping[str, Any]) -> set[str]:
    return {str(i["value"]) for i in line.get("items") or () if i.get("scheme") == "supplier"}


def _named(line: Mapping[str, Any], quoted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it names another of the quoted items by our number."""
    return bool(_numbers(line) & {str(q["sku"]) for q in quoted})
