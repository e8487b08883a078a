"""Between what an XML document says, rule by rule, and the shape of the canonical object: both ways.

Maps move fields; here stands what fields alone cannot tell. A despatch is a list of lines in XML and a tree of units
for us; a price may be for a hundred; the lines of a cXML invoice lie in groups by order; a cXML credit memo writes its
amounts below zero.
"""

from collections.abc import Iterable
from decimal import Decimal, Inexact, localcontext
from itertools import groupby
from typing import Any

from crossdock.canonical.invoice import Invoice
from crossdock.partners.maps.canonical import Canonical, plain
from crossdock.partners.maps.paths import Plain
from crossdock.partners.maps.xml import Reading
from crossdock.partners.model import hold
from crossdock.partners.xml import deliveries

SIGNED = ("quantity", "stated_amount")
CREDIT = "credit_note"
MOVED = frozenset({"lines", "order_number", "ordered_on"})  # of a cXML document, into its portions


def after_reading(r: Reading) -> Plain:
    """The data as the canonical object has it."""
    match r.map.object.__name__:
        case "PurchaseOrder":
            return _order(r)
        case "OrderResponse":
            return _response(r)
        case "OrderChange":
            return _change(r)
        case "DespatchAdvice":
            return _despatch(r)
        case "Invoice":
            return _invoice(r)
        case _:
            return r.data


# --- order ----------------------------------------------------------------------------------------------------------


def _order(r: Reading) -> Plain:
    data = r.data
    references: dict[str, str] = {}
    for found in data.pop("references", ()):
        references.setdefault(found["kind"], found["value"])
    data["references"] = references
    data["notes"] = "\n".join(data.pop("notes", ()))
    for party in data.get("parties", ()):
        # where it is known by its electronic address alone, that is its number
        endpoint = next((x for x in party.get("references", ()) if x.get("kind") == "endpoint"), None)
        if endpoint is not None and not party.get("id"):
            party["id"], party["scheme"] = endpoint.get("value", ""), endpoint.get("text", "")
    for place, line in enumerate(data.setdefault("lines", []), 1):
        line.setdefault("number", str(place))
        line.setdefault("items", [])
        line.setdefault("quantity", Decimal(0))  # judged as none
        line.setdefault("unit", "")
        _price_of_one(r, line, place - 1)
    deliveries.settle(r, data)
    return data


def _price_of_one(r: Reading, line: Plain, place: int) -> None:
    basis = line.pop("price_basis", None)
    price = line.get("unit_price")
    if basis is None or basis == 1 or price is None:
        return
    single = _single(price, basis)
    if single is not None:
        line["unit_price"] = single
        return
    where = r.where(f"/lines/{place}/price_basis")
    text = "Ask for the price of one unit, or agree how it is rounded."
    expected = "a price that can be told exactly for one unit"
    r.report(hold("order.line.price_basis", where, expected, f"{price:f} for {basis:f}", text))


def _single(price: Decimal, basis: Decimal) -> Decimal | None:
    """The price of one; None when it has no end."""
    if basis <= 0:
        return None
    with localcontext(prec=28) as exact:
        exact.traps[Inexact] = True
        try:
            found = (price / basis).normalize()
        except Inexact:
            return None
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found


# --- change ---------------------------------------------------------------------------------------------------------

# UBL has one word for all of them: changed, to what the line says.
_CHANGED = frozenset({"quantity_up", "quantity_down", "price", "reschedule"})


def _change(r: Reading) -> Plain:
    """UBL 2.1, 2.3.3.4: an order change reflects the entire state of the order. Where lines carry a status code, those
    say what becomes of them, and a line that is not named stays as it is."""
    data = r.data
    if r.map.root == "OrderCancellation":
        data["purpose"] = "cancellation"
        return data
    lines: list[Plain] = data.get("lines", [])
    coded = any("action" in line for line in lines)
    data["purpose"] = "change" if coded or not lines else "replacement"
    for place, line in enumerate(lines):
        line.setdefault("action", "change" if coded else "replace")
        _price_of_one(r, line, place)
    deliveries.settle(r, data)
    return data


def _from_change(data: Plain) -> Plain:
    for line in data.get("lines", ()):
        if line["action"] in _CHANGED or (line["action"] == "replace" and data.get("purpose") != "replacement"):
            line["action"] = "change"
        elif line["action"] == "replace":
            del line["action"]
        if "quantity" in line and "unit_price" in line:
            line["stated_amount"] = (line["quantity"] * line["unit_price"]).quantize(Decimal("0.01"))
    return data


# --- response -------------------------------------------------------------------------------------------------------


def _response(r: Reading) -> Plain:
    data = r.data
    for line in data.get("lines", ()):
        if "backordered" in line:
            quantity = line.pop("backordered")
            line["outcomes"] = [{"status": "backordered", "quantity": quantity, "unit": line.get("unit", "")}]
        if "substitute" in line:
            found = {"status": "substituted", "items": [{"scheme": "supplier", "value": line.pop("substitute")}]}
            line.setdefault("outcomes", []).append(found)
        for outcome in line.get("outcomes", ()):
            for name, kind in (("shipped_on", "shipped"), ("delivered_on", "delivery_estimated")):
                if name in outcome:
                    outcome["dated"], outcome["on"] = kind, outcome.pop(name)
            if "unit_price" in outcome:
                line.setdefault("unit_price", outcome.pop("unit_price"))
            if part := outcome.pop("supplier_part", ""):
                line.setdefault("items", [{"scheme": "supplier", "value": part}])
            if outcome.get("status") != "substituted" and "items" in outcome:
                line.setdefault("items", outcome.pop("items"))
    return data


# --- despatch -------------------------------------------------------------------------------------------------------


def _despatch(r: Reading) -> Plain:
    """A shipment, its orders, their packages, and the items in them; items in no package lie in their order."""
    data = r.data
    lines: list[Plain] = data.pop("lines", [])
    dates: dict[str, Any] = {}
    for portion in data.pop("portions", ()):
        number = portion.get("order_number", "")
        if "ordered_on" in portion:
            dates[number] = portion["ordered_on"]
        found = portion.get("lines") or [None]  # a portion without items: the whole order
        lines += [{**(line or {"whole": True}), "order_number": number} for line in found]
    whole = data.pop("order_number", "")
    orders: list[Plain] = []
    for number, same in groupby(lines, lambda x: x.get("order_number") or whole):
        order: Plain = {"level": "order", "order_number": number, "units": _packed(same)}
        if (on := dates.get(number) or data.get("ordered_on")) is not None:
            order["ordered_on"] = on
        orders.append(order)
    data.pop("ordered_on", None)
    inside = {m["value"] for o in orders for u in o["units"] for m in u.get("marks", ())}
    marks: list[str] = [p["sscc"] for p in data.pop("packs", ()) if p.get("sscc")]
    packs: list[Plain] = [{"level": "pack", "marks": [_sscc(m)]} for m in marks if m not in inside]
    shipment: Plain = {"level": "shipment", **data.pop("shipment", {}), "units": [*orders, *packs]}
    return {**data, "units": [shipment]}


def _sscc(value: str) -> Plain:
    return {"kind": "sscc", "value": value}


def _packed(lines: Iterable[Plain]) -> list[Plain]:
    units: list[Plain] = []
    for sscc, same in groupby(lines, lambda x: x.get("sscc", "")):
        items = [
            {"level": "item", **{k: v for k, v in x.items() if k not in {"sscc", "order_number"}}}
            for x in same
            if not x.get("whole")
        ]
        units += [{"level": "pack", "marks": [_sscc(sscc)], "units": items}] if sscc else items
    return units


def _lines_of(content: Plain) -> tuple[Plain, list[Plain]]:
    """The inverse: what is said of the shipment, and its items with their order and package."""
    lines: list[Plain] = []

    def walk(unit: Plain, order: str, on: Any, sscc: str) -> None:
        order, on = unit.get("order_number") or order, unit.get("ordered_on") or on
        sscc = next((m["value"] for m in unit.get("marks", ()) if m.get("kind") == "sscc"), sscc)
        if unit.get("level") == "item":
            below = [m for u in unit.get("units", ()) for m in u.get("marks", ()) if m.get("kind") == "sscc"]
            line = {k: v for k, v in unit.items() if k not in {"units", "level", "marks", "order_number", "ordered_on"}}
            found = {"order_number": order, "ordered_on": on, "sscc": sscc or next((m["value"] for m in below), "")}
            lines.append({**line, **{k: v for k, v in found.items() if v}})
            return
        if unit.get("level") == "order" and not unit.get("units"):
            lines.append({"order_number": order, "whole": True, **({"ordered_on": on} if on else {})})
        for child in unit.get("units", ()):
            walk(child, order, on, sscc)

    units: list[Plain] = content.get("units", [])
    nothing: Plain = {}
    head = next((u for u in units if u.get("level") == "shipment"), nothing)
    for unit in units:
        walk(unit, "", None, "")
    return {k: v for k, v in head.items() if k not in {"units", "level"}}, lines


# --- invoice --------------------------------------------------------------------------------------------------------


def _invoice(r: Reading) -> Plain:
    data = r.data
    if r.map.root == "CreditNote":
        data.setdefault("kind", CREDIT)
    lines: list[Plain] = data.setdefault("lines", [])
    for portion in data.pop("portions", ()):
        number = portion.get("order_number", "")
        data.setdefault("order_number", number)
        if "ordered_on" in portion:
            data.setdefault("ordered_on", portion["ordered_on"])
        if "payload" in portion and not number:
            data.setdefault("references", []).append({"kind": "order_message", "value": portion["payload"]})
        for line in portion.get("lines", ()):
            if number and number != data["order_number"]:
                line.setdefault("references", []).append({"kind": "order", "value": number})
            lines.append(line)
    if r.map.syntax.name == "cxml" and data.get("kind") == CREDIT:
        _turned(data)
    for line in lines:
        tax = line.pop("tax_amount", None)
        if tax is not None and not line.get("taxes"):
            line["taxes"] = [{"kind": "all", "amount": tax}]
    return data


def _turned(data: Plain) -> None:
    """Amounts of a credit memo with the other sign: cXML writes them below zero, we never do."""
    for name in ("stated_total", "stated_tax", "prepaid"):
        if name in data:
            data[name] = -data[name]
    for line in data.get("lines", ()):
        for name in (*SIGNED, "tax_amount"):
            if name in line:
                line[name] = -line[name]
        _turned_parts(line)
    _turned_parts(data)


def _turned_parts(data: Plain) -> None:
    for tax in data.get("taxes", ()):
        for name in ("amount", "basis"):
            if name in tax:
                tax[name] = -tax[name]
    for adjustment in data.get("adjustments", ()):
        if "amount" in adjustment:
            adjustment["amount"] = -adjustment["amount"]


# --- writing --------------------------------------------------------------------------------------------------------


def before_writing(content: Canonical, syntax: str, message: str = "") -> tuple[Plain, Plain]:
    """The data as the maps have it, and the facts that the format states besides. message: the order's, for cXML."""
    data: Plain = plain(content)
    match type(content).__name__:
        case "PurchaseOrder":
            data["references"] = [{"kind": k, "value": v} for k, v in data.get("references", {}).items()]
            data["notes"] = data["notes"].split("\n") if data.get("notes") else []
            for line in data.get("lines", ()):
                if syntax == "ubl" and "unit_price" in line:
                    line["stated_amount"] = (line["quantity"] * line["unit_price"]).quantize(Decimal("0.01"))
            if syntax == "ubl":
                deliveries.tell(data)
            return data, {"lines": sum((x.get("stated_amount", Decimal(0)) for x in data["lines"]), Decimal(0))}
        case "OrderResponse":
            return _from_response(data, syntax), {"operation": "new", "payload": message}
        case "OrderChange":
            changed = _from_change(data)
            deliveries.tell(changed)
            return changed, {
                "lines": sum((x.get("stated_amount", Decimal(0)) for x in data.get("lines", ())), Decimal(0))
            }
        case "DespatchAdvice":
            return _about(_from_despatch(data, syntax), message), {"operation": "new"}
        case "Invoice" if isinstance(content, Invoice):
            written, facts = _from_invoice(data, content, syntax)
            return _about(written, message, content.order_number), facts
        case _:
            return data, {}


def _about(data: Plain, message: str, order_number: str = "") -> Plain:
    """Names the order's message beside its number, as cXML's OrderReference asks for. order_number "": the only one."""
    portions: list[Plain] = data.get("portions", []) if message else []
    numbers = {p.get("order_number", "") for p in portions}
    about = order_number or (numbers.pop() if len(numbers) == 1 else "")
    for portion in portions:
        if about and portion.get("order_number") == about:
            portion["payload"] = message
    return data


def _from_response(data: Plain, syntax: str) -> Plain:
    lines: list[Plain] = []
    for line in data.get("lines", ()):
        outcomes: list[Plain] = line.pop("outcomes", [])
        if syntax == "cxml":
            status = line.pop("status", None)
            if not outcomes and status:
                outcomes = [{"status": status, "quantity": line.get("quantity"), "unit": line.get("unit", "")}]
            for o in outcomes:
                dated = o.pop("dated", "")
                o.setdefault("quantity", line.get("quantity"))
                o.setdefault("unit", line.get("unit", ""))
                if "on" in o:
                    o["shipped_on" if dated.startswith("ship") else "delivered_on"] = o.pop("on")
                if "unit_price" in line:
                    o["unit_price"] = line["unit_price"]
            if outcomes:
                line.pop("unit_price", None)  # said by each outcome
            lines.append({**line, "outcomes": outcomes})
            continue
        lines += _ubl_outcomes(line, outcomes)
    data["lines"] = lines
    return data


def _ubl_outcomes(line: Plain, outcomes: list[Plain]) -> list[Plain]:
    """UBL says one thing of a line, and besides what is backordered and substituted; more are more lines."""
    main = [o for o in outcomes if o["status"] not in {"backordered", "substituted"}]
    for o in outcomes:
        if o["status"] == "backordered" and "quantity" in o:
            line["backordered"] = o["quantity"]
            line.setdefault("status", "changed")
        if o["status"] == "substituted" and o.get("items"):
            line["substitute"] = o["items"][0]["value"]
            line.setdefault("status", "changed")
    if not main:
        return [line]
    made: list[Plain] = []
    for o in main:
        one = {**line, "status": o["status"]}
        for name in ("quantity", "unit"):
            if o.get(name):
                one[name] = o[name]
        if "on" in o:
            one["dates"] = [*line.get("dates", ()), {"kind": "delivery_promised", "on": o["on"]}]
        made.append(one)
    return made


def _from_despatch(data: Plain, syntax: str) -> Plain:
    head, lines = _lines_of(data)
    data.pop("units", None)
    data["shipment"] = head
    orders = {x.get("order_number", "") for x in lines}
    if syntax == "ubl":
        if len(orders) == 1:
            data["order_number"] = next(iter(orders))
        data["lines"] = [
            {"shipped_line": str(place), **{k: v for k, v in x.items() if k != "ordered_on"}}
            for place, x in enumerate((x for x in lines if not x.get("whole")), 1)
        ]
        return data
    portions: list[Plain] = []
    for number, same in groupby(lines, lambda x: x.get("order_number", "")):
        inside = list(same)
        items = [{k: v for k, v in x.items() if k not in MOVED} for x in inside if not x.get("whole")]
        portion: Plain = {"order_number": number, "lines": items}
        if (on := inside[0].get("ordered_on")) is not None:
            portion["ordered_on"] = on
        portions.append(portion)
    data["portions"] = portions
    return data


def _from_invoice(data: Plain, content: Invoice, syntax: str) -> tuple[Plain, Plain]:
    lines: list[Plain] = data.get("lines", [])
    for line, own in zip(lines, content.lines, strict=True):
        if own.stated_amount is None and own.amount is not None:
            adjusted = own.amount + sum((a.signed for a in own.adjustments), Decimal(0))
            line["stated_amount"] = adjusted.quantize(Decimal("0.01"))
    net = sum((x.get("stated_amount", Decimal(0)) for x in lines), Decimal(0))
    taken = sum((-a.signed for a in content.adjustments if a.signed < 0), Decimal(0))
    added = sum((a.signed for a in content.adjustments if a.signed > 0), Decimal(0))
    tax = data.get("stated_tax")
    if tax is None:
        parts = [t.amount for t in content.taxes if t.amount is not None]
        tax = sum(parts, Decimal(0))
    without = net - taken + added
    data.setdefault("stated_tax", tax)
    data.setdefault("stated_total", without + tax - data.get("prepaid", Decimal(0)) + data.get("rounding", Decimal(0)))
    facts: Plain = {"lines": net, "without_tax": without, "with_tax": without + tax, "operation": "new"}
    facts |= {"allowances": taken or None, "charges": added or None, "gross": without + tax}
    if syntax == "ubl":
        categories = {(t.get("category"), t.get("percent")) for t in data.get("taxes", ())}
        if len(categories) == 1:  # BR-32, BR-37: an allowance or charge names its tax; of several we do not guess
            [(category, percent)] = categories
            for adjustment in data.get("adjustments", ()):
                adjustment |= {k: v for k, v in (("tax_category", category), ("tax_percent", percent)) if v is not None}
        return data, facts
    portions: list[Plain] = []
    usual = content.order_number

    def order_of(line: Plain) -> str:
        return next((x["value"] for x in line.get("references", ()) if x["kind"] == "order"), usual)

    for number, same in groupby(lines, order_of):
        portion: Plain = {"order_number": number, "lines": list(same)}
        if number == usual and content.ordered_on is not None:
            portion["ordered_on"] = content.ordered_on
        portions.append(portion)
    for line in lines:
        amounts = [t["amount"] for t in line.get("taxes", ()) if "amount" in t]
        if amounts:
            line["tax_amount"] = sum(amounts, Decimal(0))
    if data.get("kind") == CREDIT:
        _turned(data)
        facts |= {k: -facts[k] for k in ("lines", "gross")}
    return {**{k: v for k, v in data.items() if k not in MOVED}, "portions": portions}, facts
