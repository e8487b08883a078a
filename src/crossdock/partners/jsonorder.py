"""Orders as JSON, by the schema library/partners/order.schema.json; manual entry takes the same path."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, cast

import jsonschema

from crossdock import exactjson
from crossdock.canonical import splitting
from crossdock.canonical.order import Address, ItemId, ItemScheme, OrderLine, Party, PartyRole, PurchaseOrder, Purpose
from crossdock.partners import profiles
from crossdock.partners.lineage import InMember, Origin
from crossdock.partners.model import Context, Decoded, Format, Issue, error, hold, note, shown
from crossdock.partners.numbers import amount, bounded
from crossdock.partners.profiles import CUSTOMER, Identifier

MAX_ORDERS = 20_000
MAX_ISSUES = 200


@cache
def schema() -> Any:
    return exactjson.loads(files("crossdock.library").joinpath("partners", "order.schema.json").read_bytes())


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(schema())


def decode(raw: bytes, context: Context) -> list[Decoded]:
    text = raw.removeprefix(b"\xef\xbb\xbf").strip(b"\0\x1a \t\r\n")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "replace").encode()
    format_ = Format.MANUAL if context.manual else Format.JSON
    try:
        value: Any = exactjson.loads(text)
    except (exactjson.DecodeError, RecursionError, UnicodeDecodeError) as e:
        return [Decoded(index=0, format=format_, partner=context.partner, issues=(_malformed(text, e),))]
    found: Any = value
    if (whole := _object(value)) is not None and "lines" not in whole:
        found = whole.get("orders", whole)
    listed = isinstance(found, list)
    documents = cast("list[Any]", found) if listed else [found]  # an element of JSON may be anything
    if not documents or len(documents) > MAX_ORDERS:
        issue = error("order.none", "/", f"1 to {MAX_ORDERS} orders", str(len(documents)), "Send orders as documented.")
        return [Decoded(index=0, format=format_, partner=context.partner, issues=(issue,))]
    base = "/orders" if found is not value else ""
    return [_document(d, i, f"{base}/{i}" if listed else "", context, format_) for i, d in enumerate(documents)]


def _malformed(text: bytes, e: Exception) -> Issue:
    where = "the file"
    if (found := re.search(r"byte (\d+)", str(e))) is not None:
        before = text[: int(found[1])]
        column = len(before) - before.rfind(b"\n")
        where = f"line {before.count(10) + 1}, column {column}"
    what = str(e) or type(e).__name__
    return error("json.malformed", where, "JSON", shown(what), "Send the whole document; it may be cut off.")


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType] - keys of JSON are text


def _document(value: Any, index: int, base: str, context: Context, format_: Format) -> Decoded:
    issues: list[Issue] = []
    given = _object(value)
    if given is None or not ({"po", "lines"} & set(given)):
        held = hold(
            "type.unsupported",
            base or "/",
            "an order with `po` and `lines`",
            shown(", ".join(given)[:60] if given is not None else type(value).__name__),
            "Send orders as documented in docs/intake.md; this document waits for a person.",
        )
        return Decoded(index=index, format=format_, partner=context.partner, issues=(held,), parsed=_tree(value))
    order, named = None, ""
    issues += _schema_issues(given, base)
    if not issues:
        order = _order(given, base, issues, context)
    if isinstance(given.get("customer_id"), str):
        named = str(given["customer_id"])
    sender = Identifier(CUSTOMER, named[:80]) if named else None
    partner = context.partner
    if partner is None and sender is not None:
        partner = profiles.find(context.profiles, sender)
        if partner is None and (context.adopt or context.manual):
            partner = profiles.adopted(sender)
    customer_id, allowed = profiles.customer(partner, named)
    if not allowed:
        issues.append(other_customer(f"{base}/customer_id", partner, named))
    return Decoded(
        index=index,
        format=format_,
        type="order",
        sender=sender,
        partner=partner,
        customer_id=customer_id,
        order=order,
        issues=tuple(issues),
        parsed=_tree(value),
        trail=tuple(_trail(given, base, order)) if context.trace and order is not None else (),
    )


# Where the canonical order and our JSON call a field differently.
_OWN = {"number": "po", "stated_total": "total"}
_HEADER = (
    "number", "ordered_on", "currency", "requested_on", "cancel_after", "ship_not_before", "payment_terms_days",
    "notes", "stated_total",
)  # fmt: skip
_LINE = ("quantity", "unit", "unit_price", "description", "requested_on")


def _trail(given: Mapping[str, Any], base: str, order: PurchaseOrder) -> Iterator[Origin]:
    for name in _HEADER:
        if (own := _OWN.get(name, name)) in given:
            yield Origin(f"/{name}", InMember(f"{base}/{own}"))
    for name in order.references:
        step = name.replace("~", "~0").replace("/", "~1")
        yield Origin(f"/references/{step}", InMember(f"{base}/references/{step}"))
    for place, party in enumerate(order.parties):
        for name in given.get(party.role.value) or ():
            yield Origin(f"/parties/{place}/address/{name}", InMember(f"{base}/{party.role.value}/{name}"))
    for place, (line, said) in enumerate(zip(order.lines, given["lines"], strict=True)):
        at = f"{base}/lines/{place}"
        if "line" in said:
            yield Origin(f"/lines/{place}/number", InMember(f"{at}/line"))
        for name in _LINE:
            if name in said:
                yield Origin(f"/lines/{place}/{name}", InMember(f"{at}/{name}"))
        first = 1 if said.get("sku") else 0
        for item in range(len(line.items)):
            member = f"{at}/sku" if item < first else f"{at}/items/{item - first}/value"
            yield Origin(f"/lines/{place}/items/{item}/value", InMember(member))


def other_customer(where: str, partner: profiles.Profile | None, named: str) -> Issue:
    """A partner may order for itself; for others only when its profile says so."""
    own = partner.customer_id if partner else ""
    expected = "a customer number" if own == profiles.ANY else f"{own}, the sender's customer number"
    return hold(
        "customer.other", where, expected, shown(named), "Check who ordered, then release it, or correct the profile."
    )


def _tree(value: Any) -> Any:
    text = exactjson.dumps(value)
    return value if len(text) <= 1_000_000 else {"text": text[:1_000_000].decode("utf-8", "ignore")}


def _schema_issues(value: Mapping[str, Any], base: str) -> list[Issue]:
    found: list[Issue] = []
    try:
        for e in _validator().iter_errors(value):
            if len(found) >= MAX_ISSUES:
                break
            found.append(_schema_issue(e, base))
    except RecursionError:
        found.append(error("json.depth", base or "/", "a document of few levels", "too many", "Send it flat."))
    return sorted(found, key=lambda i: i.finding.where)


def _schema_issue(e: Any, base: str) -> Issue:
    pointer = base + "".join(f"/{p}" for p in e.absolute_path)
    instance: Any = e.instance
    match e.validator:
        case "required":
            missing = next((n for n in e.validator_value if n not in instance), "")
            return error("json.missing", f"{pointer}/{missing}", f"the field {missing}", "nothing", "Add it.")
        case "anyOf" if "quantity" in (_object(instance) or {}):
            return error("order.line.item", pointer, "`sku` or `items`", "neither", "Say which item is ordered.")
        case "additionalProperties":
            known = set(e.schema.get("properties", ()))
            unknown = sorted(str(k) for k in instance if k not in known)
            text = ", ".join(sorted(known))
            return error(
                "json.unknown", pointer or "/", f"only {text}", shown(", ".join(unknown)), "Remove or rename it."
            )
        case "type" | "anyOf":
            kind = e.validator_value if e.validator == "type" else "an address, or null"
            words = kind if isinstance(kind, str) else " or ".join(kind)
            return error("json.type", pointer or "/", words, shown(instance), "Correct the value.")
        case "pattern":
            text = "a date as 2026-12-31" if "d{4}" in e.validator_value else f"text like {e.validator_value}"
            return error("json.pattern", pointer, text, shown(instance), "Correct the value.")
        case "enum":
            return error(
                "json.word", pointer, f"one of {', '.join(e.validator_value)}", shown(instance), "Use one of these."
            )
        case _:
            rule = f"{e.validator} {e.validator_value}"
            return error("json.value", pointer or "/", rule, shown(instance), "Correct the value.")


def _order(value: Mapping[str, Any], base: str, issues: list[Issue], context: Context) -> PurchaseOrder | None:
    def number(v: Any, pointer: str, least: str) -> Decimal | None:
        """None when there is none; a fault when it is no number or below what makes sense."""
        if v is None or v == "":
            return None
        got = amount(v) if isinstance(v, str) else None if isinstance(v, bool) else bounded(v)
        if got is None or got < 0 or (least == "above 0" and got == 0):
            if len(issues) < MAX_ISSUES:
                issues.append(error("json.number", pointer, f"a number {least}", shown(v), "Correct the number."))
            return None
        return got

    def day(v: Any, pointer: str) -> date | None:
        if not v:
            return None
        try:
            return date.fromisoformat(v)
        except ValueError:
            issues.append(error("json.date", pointer, "a date of the calendar", shown(v), "Correct the date."))
            return None

    lines: list[OrderLine] = []
    numbers: set[str] = set()
    for i, line in enumerate(value["lines"]):
        at = f"{base}/lines/{i}"
        items = [ItemId(scheme=ItemScheme(x["scheme"]), value=x["value"].strip()) for x in line.get("items", ())]
        if line.get("sku"):
            items.insert(0, ItemId(scheme=ItemScheme.SUPPLIER, value=line["sku"].strip()))
        quantity = number(line["quantity"], f"{at}/quantity", "above 0")
        if quantity is None and line["quantity"] == "":
            issues.append(error("json.number", f"{at}/quantity", "a number above 0", "''", "Fill the quantity."))
        name = str(line.get("line", i + 1))[:20]
        if name in numbers:
            issues.append(
                error("order.line.number", f"{at}/line", "a line number used once", shown(name), "Number lines apart.")
            )
        numbers.add(name)
        lines.append(
            OrderLine(
                number=name,
                items=tuple(items),
                description=line.get("description") or "",
                quantity=quantity or Decimal(0),
                unit=line.get("unit", "EA").strip().upper(),
                unit_price=number(line.get("unit_price"), f"{at}/unit_price", "of 0 or more"),
                requested_on=day(line.get("requested_on"), f"{at}/requested_on"),
            )
        )
    currency = value.get("currency") or (context.partner.currency if context.partner else "") or context.currency
    order = PurchaseOrder(
        number=value["po"].strip(),
        purpose=Purpose(value.get("purpose", "original")),
        ordered_on=day(value.get("ordered_on"), f"{base}/ordered_on"),
        currency=currency,
        parties=_parties(value),
        lines=tuple(lines),
        requested_on=day(value.get("requested_on"), f"{base}/requested_on"),
        cancel_after=day(value.get("cancel_after"), f"{base}/cancel_after"),
        ship_not_before=day(value.get("ship_not_before"), f"{base}/ship_not_before"),
        payment_terms_days=value.get("payment_terms_days"),
        references=dict(value.get("references") or {}),
        notes=value.get("notes") or "",
        stated_total=number(value.get("total"), f"{base}/total", "of 0 or more"),
    )
    if not order.number:
        issues.append(error("json.missing", f"{base}/po", "an order number", "blanks", "Fill it."))
    if any(i.severity == "error" for i in issues):
        return None
    if order.purpose is Purpose.CHANGE:
        issues.append(change(f"{base}/purpose"))
    if order.stated_total is not None and order.total is not None and order.stated_total != order.total:
        text = f"{order.total}, the sum of quantity × price"
        fix = "Both are kept; validation compares them."
        issues.append(note("order.total", f"{base}/total", text, str(order.stated_total), fix))
    return order


def change(where: str) -> Issue:
    text = "Agree on the change with the buyer; apply it by hand, or cancel and enter the order anew."
    return hold("order.change", where, "a new order or a cancellation", "a change", text)


def uneven(line: OrderLine, where: str, how: str) -> Issue:
    """The places of a line do not add up to it. how: where the sender says what goes to each."""
    return hold(
        "order.line.splits",
        where,
        f"{line.quantity} {line.unit}, the quantity of the line, over all places",
        splitting.uneven(line),
        f"Correct the quantity of the line or those of its places ({how}).",
    )


def _parties(value: Mapping[str, Any]) -> tuple[Party, ...]:
    roles = (("ship_to", PartyRole.SHIP_TO), ("bill_to", PartyRole.BILL_TO))
    parties: list[Party] = []
    for key, role in roles:
        if given := value.get(key):
            words: dict[str, Any] = {**given, "lines": tuple(given.get("lines", ()))}
            parties.append(Party(role=role, address=Address(**words)))
    return tuple(parties)
