"""Which documents are about which order, and the comparison of one order with all of them.

A document joins its chain in the transaction that stores it, which also says that the chain is to be compared; `duty`
does that. A chain begins with the first document about an order: orders that nobody answers cost nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec

from crossdock import exactjson
from crossdock.canonical import splitting
from crossdock.canonical.change import OrderChange
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice, InvoiceKind
from crossdock.canonical.order import Party, PartyRole, PurchaseOrder
from crossdock.canonical.parts import party
from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.canonical.remittance import RemittanceAdvice
from crossdock.canonical.response import OrderResponse
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.partners.reconciling import families, matching, statements
from crossdock.partners.reconciling.model import Comparison, Difference, Kind, Side, State, Statement, Terms, Units

T = TypeVar("T")
SQL = queries("crossdock.partners.reconciling", "reconciling.sql")
CLASSES: Mapping[str, type[Any]] = {
    Kind.ORDER: PurchaseOrder,
    Kind.CHANGE: OrderChange,
    Kind.RESPONSE: OrderResponse,
    Kind.DESPATCH: DespatchAdvice,
    Kind.INVOICE: Invoice,
    Kind.CREDIT: Invoice,
    Kind.RECEIPT: ReceiptAdvice,
    Kind.REMITTANCE: RemittanceAdvice,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The order that a chain is about."""

    document_id: UUID
    side: Side
    partner_id: str
    order_no: str
    po: str
    currency: str


def kind_of(said: object) -> Kind | None:
    """None: it is not about an order, or says nothing that could be compared."""
    match said:
        case OrderChange():
            return Kind.CHANGE
        case OrderResponse():
            return Kind.RESPONSE
        case DespatchAdvice():
            return Kind.DESPATCH
        case Invoice(kind=InvoiceKind.CREDIT_NOTE):
            return Kind.CREDIT
        case Invoice(kind=InvoiceKind.PRO_FORMA):
            return None
        case Invoice():
            return Kind.INVOICE
        case ReceiptAdvice():
            return Kind.RECEIPT
        case RemittanceAdvice():
            return Kind.REMITTANCE
        case _:
            return None


# ── joining ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def join(tx: Tx, tenant_id: str, order: Order, part_id: UUID, kind: Kind, now: datetime) -> None:
    """A document is about an order; said twice, it changes nothing."""
    await tx.execute(
        SQL["join"],
        *(tenant_id, order.document_id, order.side, order.partner_id, order.order_no, order.po, order.currency),
        *(part_id, kind, now),
    )


async def arrived(
    tx: Tx,
    tenant_id: str,
    said: object,
    part_id: UUID,
    partner_id: str,
    customer_id: str,
    now: datetime,
    *,
    only: Collection[str] = (),
) -> bool:
    """A partner's document joins the chains of the orders that it is about.

    Responses, despatch advices and invoices of a partner are about orders that we sent to it; receipts and payments
    about its orders to us. only: of several orders under one number those that it speaks of, where that is known.
    Returns False when it is about orders, and we have none of them.
    """
    kind = kind_of(said)
    if kind is None:
        return True
    numbers = statements.orders(said)
    if isinstance(said, RemittanceAdvice):
        rows = await tx.fetch(SQL["billed"], tenant_id, partner_id, statements.invoices(said))
        side = Side.SELLER
    elif kind in {Kind.RECEIPT, Kind.CHANGE}:
        rows, side = await tx.fetch(SQL["sold"], tenant_id, customer_id, numbers), Side.SELLER
    else:
        rows, side = await tx.fetch(SQL["bought"], tenant_id, partner_id, numbers), Side.BUYER
    if isinstance(said, ReceiptAdvice) and len(rows) > 1:
        rows = await _received(tx, tenant_id, said, rows)
    for row in (r for r in rows if not only or r["order_no"] in only):
        await join(tx, tenant_id, _order(row, side), part_id, kind, now)
    return bool(rows)


async def _received(tx: Tx, tenant_id: str, said: ReceiptAdvice, rows: Sequence[Any]) -> Sequence[Any]:
    """Of orders under one number those whose goods came: by the shipment that the receipt names, else by its place."""
    named = statements.shipments(said)
    about = await tx.fetch(SQL["shipped"], tenant_id, [r["document_id"] for r in rows], named) if named else []
    if shipped := {r["about"] for r in about}:
        return [r for r in rows if r["document_id"] in shipped]
    place = party(said.parties, PartyRole.SHIP_TO)
    if place is None or not place.id:
        return rows
    return [r for r in rows if splitting.same_place(_ship_to(r["canonical"]), place.scheme, place.id)] or rows


def _ship_to(canonical: str) -> Party | None:
    return _convert(canonical, PurchaseOrder).party(PartyRole.SHIP_TO)


def _order(row: Any, side: Side) -> Order:
    return Order(
        document_id=row["document_id"],
        side=side,
        partner_id=row["partner_id"],
        order_no=row["order_no"],
        po=row["po"],
        currency=row["currency"] or "",
    )


async def learn_units(
    tx: Tx, tenant_id: str, order_id: UUID, lines: Iterable[tuple[str, Decimal, Decimal]], base: str
) -> None:
    """What the process knows of each line: its number, the quantity ordered, and how many of `base` that is."""
    rows = [(tenant_id, order_id, line, base, ordered, counted) for line, ordered, counted in lines]
    if rows:
        await tx.executemany(SQL["learn_unit"], rows)


# ── what was agreed ─────────────────────────────────────────────────────────────────────────────────────────────────


async def terms(tx: Tx, tenant_id: str, partner_id: str) -> Terms:
    """As the partner's file says; else as they were saved before files said it; else nothing is overlooked."""
    said = await tx.fetchval(SQL["agreed"], tenant_id, partner_id)
    if said is None:
        said = await tx.fetchval(SQL["terms"], tenant_id, partner_id)
    return Terms() if said is None else read_terms(exactjson.loads(said))


async def save_terms(tx: Tx, tenant_id: str, partner_id: str, agreed: Terms) -> None:
    await tx.execute(SQL["save_terms"], tenant_id, partner_id, exactjson.text(asdict(agreed)))


def read_terms(data: Mapping[str, Any]) -> Terms:
    """Raises PartnerError naming what is wrong with them."""
    unknown = sorted(set(data) - set(Terms.__dataclass_fields__))
    findings = [
        Finding("terms.key", f"terms#/{k}", f"one of {', '.join(Terms.__dataclass_fields__)}", k, "Remove it.")
        for k in unknown
    ]
    try:
        agreed = msgspec.convert({k: v for k, v in data.items() if k not in unknown}, Terms, strict=False)
    except msgspec.ValidationError as e:
        raise PartnerError([*findings, Finding("terms.value", "terms", "numbers", str(e), "Correct it.")]) from e
    negative = [k for k, v in asdict(agreed).items() if not isinstance(v, bool) and v < 0]
    findings += [Finding("terms.value", f"terms#/{k}", "zero or more", "less", "Correct it.") for k in negative]
    if findings:
        raise PartnerError(findings)
    return agreed


# ── comparing ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def compared(tx: Tx, tenant_id: str, chain: Any, today: date) -> tuple[Comparison, list[Any]]:
    """The order of a chain with everything about it, and the documents as rows. Writes nothing."""
    rows = await tx.fetch(SQL["parts"], tenant_id, chain["document_id"])
    changes = any(row["kind"] == Kind.CHANGE for row in rows)
    family = await tx.fetch(SQL["siblings"], tenant_id, chain["document_id"]) if changes else []
    orders = [_convert(r["canonical"], PurchaseOrder) for r in family]
    own = next((_convert(r["canonical"], PurchaseOrder) for r in rows if r["kind"] == Kind.ORDER), None)
    said = [(row, _read(row, chain["po"], own, orders)) for row in rows]
    order = next((s for row, s in said if row["kind"] == "order" and s is not None), None)
    if order is None:
        raise NotFound("The order is gone.")
    units = Units()
    for u in await tx.fetch(SQL["units"], tenant_id, chain["document_id"]):
        units.learn(u["line"], u["unit"], Fraction(u["ordered"]) / Fraction(u["counted"]))
    agreed = await terms(tx, tenant_id, chain["partner_id"])
    rest = [s for row, s in said if row["kind"] != "order" and s is not None]
    return matching.compare(Side(chain["side"]), order, rest, agreed, today, units), rows


def _read(row: Any, po: str, own: PurchaseOrder | None, family: Sequence[PurchaseOrder]) -> Statement | None:
    """family: where the order is one of several for one purchase order, of which a change says something each."""
    shape = CLASSES.get(row["kind"])
    if shape is None or row["canonical"] is None:
        return None
    said = _convert(row["canonical"], shape)
    if isinstance(said, OrderChange) and own is not None and family:
        said = splitting.share(said, own, family)
    return statements.of(str(row["document_id"]), said, po)


def _convert(canonical: str, shape: type[T]) -> T:
    return msgspec.convert(exactjson.loads(canonical), shape, strict=False)


async def of_order(tx: Tx, tenant_id: str, order_no: str, now: datetime) -> dict[str, Any]:
    """The chain of one of our orders, as it is now; of one for several places, all of its parts added up.

    Raises NotFound.
    """
    rows = await tx.fetch(SQL["family"], tenant_id, order_no)
    if rows and rows[0]["family"] == order_no:
        return await _whole(tx, tenant_id, rows, now)
    chain = await tx.fetchrow(SQL["of_order"], tenant_id, order_no)
    chain = chain or await tx.fetchrow(SQL["order"], tenant_id, order_no)
    if chain is None:
        raise NotFound("No such order.")
    return await _told(tx, tenant_id, chain, now)


async def family(tx: Tx, tenant_id: str, order_no: str) -> str | None:
    """The number of the order for several places that an order belongs to."""
    rows = await tx.fetch(SQL["family"], tenant_id, order_no)
    return rows[0]["family"] if rows else None


async def _whole(tx: Tx, tenant_id: str, rows: Sequence[Any], now: datetime) -> dict[str, Any]:
    """Each part compared alone, and their sum. Documents about several of them are there once."""
    today = now.astimezone(UTC).date()
    found = [(row, *await compared(tx, tenant_id, row, today)) for row in rows]
    documents = {r["document_id"]: _document(r) for _, _, about in found for r in about}
    first, whole = rows[0], families.together([(row["order_no"], c) for row, c, _ in found])
    members = [_member(row) | {"state": c.state.value, "money": c.money} for row, c, _ in found]
    about = {**dict(first), "order_no": first["family"], "case_id": None, "checked_at": None}
    return _shown(about, whole, list(documents.values()), members)


def _member(row: Any) -> dict[str, Any]:
    """One of the orders that an order for several places came to, as it was last compared."""
    return {
        "chain": str(row["document_id"]),
        "order": row["order_no"],
        "ship_to": row["ship_to"],
        "state": row["state"],
        "money": row["money"],
        "case": str(row["case_id"]) if row["case_id"] else None,
    }


async def one(tx: Tx, tenant_id: str, chain_id: UUID, now: datetime) -> dict[str, Any]:
    chain = await tx.fetchrow(SQL["one"], tenant_id, chain_id)
    if chain is None:
        raise NotFound("No such chain.")
    return await _told(tx, tenant_id, chain, now)


async def _told(tx: Tx, tenant_id: str, chain: Any, now: datetime) -> dict[str, Any]:
    found, rows = await compared(tx, tenant_id, chain, now.astimezone(UTC).date())
    members = await tx.fetch(SQL["family"], tenant_id, chain["order_no"]) if chain["side"] == Side.SELLER else []
    shown = _shown(chain, found, [_document(row) for row in rows], [_member(m) for m in members])
    return {**shown, "family": members[0]["family"] if members else None}


def _shown(
    chain: Any, found: Comparison, documents: list[dict[str, Any]], members: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "chain": str(chain["document_id"]),
        "order": chain["order_no"],
        "po": chain["po"],
        "side": chain["side"],
        "partner": chain["partner_id"],
        "currency": chain["currency"],
        "state": found.state.value,
        "money": found.money,
        "case": str(chain["case_id"]) if chain["case_id"] else None,
        "checked_at": chain["checked_at"],
        "again_on": found.again_on,
        "documents": documents,
        "lines": [_line(n) for n in found.lines],
        "totals": asdict(found.totals),
        "differences": [asdict(d) for d in found.differences],
        "changes": [asdict(c) for c in found.changes],
        "family": chain["order_no"] if members else None,
        "members": members,
    }


def _document(row: Any) -> dict[str, Any]:
    said: dict[str, Any] = exactjson.loads(row["canonical"]) if row["canonical"] else {}
    return {
        "document": str(row["document_id"]),
        "kind": row["kind"],
        "type": row["type"],
        "direction": row["direction"],
        "number": row["number"] or str(said.get("number") or said.get("order_number") or ""),
        "status": row["state"] or row["status"],
        "at": row["received_at"],
    }


def _line(line: Any) -> dict[str, Any]:
    facts = asdict(line)
    facts["items"] = [{"scheme": i.scheme.value, "value": i.value} for i in line.items]
    facts["differences"] = list(line.differences)
    return facts


async def page(
    tx: Tx,
    tenant_id: str,
    *,
    state: str | None = None,
    partner: str | None = None,
    side: str | None = None,
    q: str | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Newest first, as they were last compared."""
    for name, value, words in (("state", state, list(State)), ("side", side, list(Side))):
        if value is not None and value not in words:
            text = "Choose one of them."
            raise PartnerError([Finding(f"chain.{name}", name, ", ".join(words), value, text)])
    pattern = f"%{q.replace('%', '').replace('_', '')}%" if q else None
    rows = await tx.fetch(SQL["page"], tenant_id, state, partner, side, pattern, limit)
    return [summary(r) for r in rows]


def summary(row: Any) -> dict[str, Any]:
    found = cast("list[dict[str, Any]]", exactjson.loads(row["differences"]))
    return {
        "chain": str(row["document_id"]),
        "order": row["order_no"],
        "po": row["po"],
        "side": row["side"],
        "partner": row["partner_id"],
        "currency": row["currency"],
        "state": row["state"],
        "money": row["money"],
        "differences": len(found),
        "case": str(row["case_id"]) if row["case_id"] else None,
        "opened_at": row["opened_at"],
        "checked_at": row["checked_at"],
    }


def plain(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    return [{**asdict(d), "documents": list(d.documents)} for d in differences]
