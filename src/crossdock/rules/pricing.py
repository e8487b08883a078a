"""The arithmetic of an order's money: what was stated beside what the contract says, and what a shipment bills.

Amounts are Decimal with the currency's two places, rounded half up as an invoice is. Billing in parts never drifts:
the last part of a line bills what is left of its amount, so the parts always add up to the whole.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
PRICE_DIGITS = Decimal("0.000001")  # what ERPs take: a case of 24 at 10.00 costs 0.416667 a piece


def money(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def compare(stated: Sequence[Mapping[str, Any]], priced: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Joins an order's lines with the priced ones.

    stated: canonical order lines {line, quantity, unit, unit_price|None}. priced: lines of erp.priceOrder.
    Returns {lines, stated_total, contract_total, weight_kg}. stated_total counts a line without a stated price at
    its contract amount, and is None when no line states a price.
    """
    by_line = {str(p["line"]): p for p in priced}
    lines: list[dict[str, Any]] = []
    for line in stated:
        found = by_line.get(str(line["line"]), {})
        quantity = Decimal(line["quantity"])
        own, contract = line.get("unit_price"), found.get("unit_price")
        amount = found.get("amount")
        if amount is None and contract is not None:
            amount = money(Decimal(contract) * quantity)
        lines.append(
            {
                "line": str(line["line"]),
                "sku": found.get("sku"),
                "description": found.get("description") or line.get("description", ""),
                "quantity": quantity,
                "unit": line["unit"],
                "base_quantity": found.get("base_quantity"),
                "stated_price": own,
                "contract_price": contract,
                "stated_amount": None if own is None else money(Decimal(own) * quantity),
                "contract_amount": amount,
                "cost": found.get("cost"),
                "weight_kg": found.get("weight_kg"),
                "substitutes": found.get("substitutes") or [],
                "problem": found.get("problem") if found else "unknown_item",
            }
        )
    states = any(line["stated_price"] is not None for line in lines)
    contract_total = sum((Decimal(line["contract_amount"] or 0) for line in lines), Decimal(0))
    stated_total = sum(
        (
            Decimal((line["contract_amount"] if line["stated_amount"] is None else line["stated_amount"]) or 0)
            for line in lines
        ),
        Decimal(0),
    )
    return {
        "lines": lines,
        "stated_total": stated_total if states else None,
        "contract_total": contract_total,
        "weight_kg": sum((Decimal(line["weight_kg"] or 0) for line in lines), Decimal(0)),
    }


def agree(lines: Sequence[Mapping[str, Any]], basis: str) -> dict[str, Any]:
    """The prices that hold: those of the contract, or the lower of stated and contract line by line.

    Returns {lines: [{line, sku, description, quantity, unit, base_quantity, unit_price, amount, cost, weight_kg}],
    total}.
    """
    agreed: list[dict[str, Any]] = []
    for line in lines:
        price, amount = line["contract_price"], line["contract_amount"]
        # A customer who states more than the contract gets the contract's price, whatever the basis is.
        if basis == "stated" and line["stated_amount"] is not None and line["stated_amount"] < amount:
            price, amount = line["stated_price"], line["stated_amount"]
        kept = ("line", "sku", "description", "quantity", "unit", "base_quantity", "cost", "weight_kg")
        agreed.append({**{k: line[k] for k in kept}, "unit_price": price, "amount": amount})
    return {"lines": agreed, "total": sum((Decimal(line["amount"]) for line in agreed), Decimal(0))}


def bill(
    lines: Sequence[Mapping[str, Any]], shipped: Sequence[Mapping[str, Any]], billed: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What a shipment bills: each line's share of its agreed amount, by base quantity.

    lines: as agreed. shipped: {line, sku, quantity} in base units. billed: lines of earlier invoices
    {line, quantity, amount}. Returns {lines: [{line, sku, quantity, unit_price, amount}], net}.
    """
    agreed = {str(line["line"]): line for line in lines}
    before: dict[str, tuple[Decimal, Decimal]] = {}
    for part in billed:
        quantity, amount = before.get(str(part["line"]), (Decimal(0), Decimal(0)))
        before[str(part["line"])] = (quantity + Decimal(part["quantity"]), amount + Decimal(part["amount"]))
    together: dict[str, Decimal] = {}
    for part in shipped:
        together[str(part["line"])] = together.get(str(part["line"]), Decimal(0)) + Decimal(part["quantity"])
    result: list[dict[str, Any]] = []
    for number, quantity in together.items():
        if quantity <= 0 or number not in agreed:
            continue
        line = agreed[number]
        whole, total = Decimal(line["base_quantity"] or line["quantity"]), Decimal(line["amount"])
        done, paid = before.get(number, (Decimal(0), Decimal(0)))
        # Billed so far and now, rounded as one: parts cannot drift from the whole by their roundings.
        amount = money(total * (done + quantity) / whole) - paid
        unit_price = _unit_price(total / whole, amount, quantity)
        result.append(
            {
                "line": number,
                "sku": line["sku"],
                "quantity": quantity,
                "unit_price": unit_price,
                "amount": amount,
            }
        )
    return {"lines": result, "net": sum((r["amount"] for r in result), Decimal(0))}


def _unit_price(agreed: Decimal, amount: Decimal, quantity: Decimal) -> Decimal:
    """The price per base unit as agreed, unless its product is not the amount billed: then what this part comes to."""
    price = agreed.quantize(PRICE_DIGITS, ROUND_HALF_UP)
    if abs(price * quantity - amount) > CENT / 2:
        price = (amount / quantity).quantize(PRICE_DIGITS, ROUND_HALF_UP)
    return price.normalize() + 0  # + 0: no exponent, 1E+1 becomes 10
