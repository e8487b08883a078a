"""Canonical documents by chance: what the property tests write, read back and compare."""

from dataclasses import replace as changed
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from crossdock.canonical.change import ChangeAction, ChangeLine, OrderChange
from crossdock.canonical.despatch import DespatchAdvice, Mark, Unit
from crossdock.canonical.identifiers import check_digit
from crossdock.canonical.invoice import Invoice, InvoiceKind, InvoiceLine
from crossdock.canonical.order import Address, ItemId, ItemScheme, OrderLine, PartyRole, PurchaseOrder, Purpose
from crossdock.canonical.order import Party as OrderParty
from crossdock.canonical.parts import (
    Adjustment,
    AdjustmentKind,
    Carrier,
    Counted,
    Dated,
    Equipment,
    Package,
    Party,
    Reference,
    Tax,
    Terms,
)
from crossdock.canonical.remittance import Deduction, Direction, Entity, RemittanceAdvice, RemittedItem
from crossdock.canonical.response import (
    LineStatus,
    OrderResponse,
    Outcome,
    ResponseLine,
    ResponseStatus,
)
from crossdock.canonical.stock import (
    InventoryLine,
    InventoryReport,
    WarehouseLine,
    WarehouseOrder,
    WarehouseShipAdvice,
    WarehouseShipLine,
)

# Names as people write them, delimiters of both syntaxes among them; blanks at the ends mean nothing in a document.
LETTERS = "ABCXYZabcxyz0123456789 .,-/&'+:?*~>^|()#äöüßéñ"
MIXED = st.text(LETTERS, min_size=1, max_size=30).map(lambda t: " ".join(t.split())).filter(bool)
NUMBER = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789-", min_size=1, max_size=14).map(lambda t: t.strip("-") or "X")
DAY = st.dates(date(2000, 1, 1), date(2039, 12, 31))
QUANTITY = st.decimals("0.001", "999999.999", places=3)
PRICE = st.decimals("0", "99999.9999", places=4)
CENTS = st.decimals("0", "9999999.99", places=2)
PERCENT = st.decimals("0", "99.99", places=2)
UNIT = st.sampled_from(["EA", "CA", "PC", "BX", "KG"])
CURRENCY = st.sampled_from(["USD", "EUR", "SEK", "JPY"])
GTIN = st.text("0123456789", min_size=12, max_size=12).map(lambda t: t + check_digit(t))
SSCC = st.text("0123456789", min_size=17, max_size=17).map(lambda t: t + check_digit(t))


def none_or(strategy):
    return st.none() | strategy


def blank_or(strategy):
    return st.just("") | strategy


def several(strategy, most=3, least=0):
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


ITEMS = several(
    st.builds(ItemId, scheme=st.sampled_from([ItemScheme.SUPPLIER, ItemScheme.BUYER]), value=NUMBER)
    | st.builds(ItemId, scheme=st.just(ItemScheme.GTIN), value=GTIN),
    least=1,
)
DATES = several(st.builds(Dated, kind=st.sampled_from(["delivery_requested", "shipped", "delivered"]), on=DAY))
REFERENCES = several(
    st.builds(Reference, kind=st.sampled_from(["bill_of_lading", "carrier_reference", "contract"]), value=NUMBER)
)


def addresses(most_lines=4):
    return st.builds(
        Address,
        name=MIXED,
        lines=several(MIXED, most_lines),
        city=blank_or(st.text("ABCDEF ", min_size=2, max_size=12).map(str.strip).filter(lambda t: len(t) > 1)),
        region=st.just(""),
        postal_code=blank_or(st.text("0123456789", min_size=3, max_size=9)),
        country=blank_or(st.sampled_from(["DE", "SE", "CA"])),
    )


PARTIES = several(
    st.builds(
        Party,
        role=st.sampled_from(["buyer", "ship_to", "ship_from", "supplier", "Q1"]),
        id=st.text("0123456789", min_size=2, max_size=13),
        scheme=st.sampled_from(["gln", "duns", "assigned_by_buyer"]),
        address=addresses(),
    )
)
ADJUSTMENTS = several(
    st.builds(
        Adjustment,
        kind=st.sampled_from(AdjustmentKind),
        code=st.sampled_from(["C310", "D240", "G830"]),
        amount=CENTS,
        text=blank_or(MIXED),
    ),
    2,
)
TAXES = several(st.builds(Tax, kind=st.just("vat"), percent=PERCENT, amount=none_or(CENTS)), 2)


def numbered(line):
    """Lines numbered 1, 2, …, as most do."""
    return st.lists(line, min_size=1, max_size=4).map(
        lambda lines: tuple(changed(x, number=str(n)) for n, x in enumerate(lines, 1))
    )


def orders(syntax):
    # N404 is left out inside the United States, and read as meant
    return st.builds(
        PurchaseOrder,
        number=NUMBER,
        purpose=st.sampled_from([Purpose.ORIGINAL, Purpose.CANCELLATION]),
        ordered_on=DAY,
        currency=CURRENCY,
        parties=several(
            st.builds(
                OrderParty,
                role=st.sampled_from(PartyRole),
                id=st.text("0123456789", min_size=2, max_size=13),
                scheme=st.sampled_from(["gln", "assigned_by_buyer"]),
                address=addresses(),
            )
        ),
        lines=numbered(
            st.builds(
                OrderLine,
                number=st.just("1"),
                items=ITEMS,
                description=blank_or(MIXED),
                quantity=QUANTITY,
                unit=UNIT,
                unit_price=none_or(PRICE),
                requested_on=none_or(DAY),
            )
        ),
        requested_on=none_or(DAY),
        cancel_after=none_or(DAY),
        ship_not_before=none_or(DAY),
        payment_terms_days=none_or(st.integers(0, 365)),
        references=st.dictionaries(st.sampled_from(["DP", "CT"]), NUMBER, max_size=2),
        notes=several(MIXED, 2).map("\n".join),
        stated_total=none_or(CENTS),
    )


def responses(syntax):
    statuses = [LineStatus.ACCEPTED, LineStatus.BACKORDERED, LineStatus.CANCELLED]
    outcome = st.builds(Outcome, status=st.sampled_from(statuses), quantity=QUANTITY, unit=UNIT)
    if syntax == "x12":
        outcome = st.builds(
            Outcome,
            status=st.sampled_from([*statuses, LineStatus.REJECTED, LineStatus.SUBSTITUTED]),
            quantity=QUANTITY,
            unit=UNIT,
            dated=st.just("shipped"),
            on=DAY,
            items=ITEMS,
        ) | st.builds(Outcome, status=st.just(LineStatus.REJECTED), code=st.sampled_from(["R1", "R3"]))
    return st.builds(
        OrderResponse,
        order_number=NUMBER,
        status=st.sampled_from([ResponseStatus.ACCEPTED, ResponseStatus.CHANGED, ResponseStatus.REJECTED]),
        number=NUMBER,
        issued_on=DAY,
        ordered_on=DAY,
        currency=CURRENCY,
        references=REFERENCES,
        dates=DATES,
        parties=PARTIES,
        lines=numbered(
            st.builds(
                ResponseLine,
                items=ITEMS,
                description=blank_or(MIXED),
                quantity=QUANTITY,
                unit=UNIT,
                unit_price=PRICE,
                outcomes=several(outcome).map(
                    # EDIFACT has a kind of quantity each: they are written in the order of the map
                    lambda found: (
                        found if syntax == "x12" else tuple(sorted(found, key=lambda o: statuses.index(o.status)))
                    )
                ),
                references=REFERENCES,
                dates=DATES,
            )
        ),
        stated_total=none_or(CENTS) if syntax == "edifact" else st.none(),
    )


CHANGES = st.builds(
    OrderChange,
    order_number=NUMBER,
    purpose=st.sampled_from(["change", "cancellation"]),
    sequence=st.sampled_from(["1", "2"]),
    ordered_on=DAY,
    changed_on=DAY,
    currency=CURRENCY,
    references=REFERENCES,
    dates=DATES,
    parties=PARTIES,
    lines=numbered(
        st.builds(
            ChangeLine,
            action=st.sampled_from(
                [ChangeAction.ADD, ChangeAction.CANCEL, ChangeAction.QUANTITY_UP, ChangeAction.PRICE]
            ),
            quantity=QUANTITY,
            open_quantity=none_or(QUANTITY),
            unit=UNIT,
            unit_price=none_or(PRICE),
            items=ITEMS,
            description=blank_or(MIXED),
        )
    ),
)


def invoices(syntax):
    return st.builds(
        Invoice,
        number=NUMBER,
        kind=st.sampled_from([InvoiceKind.INVOICE, InvoiceKind.CREDIT_NOTE]),
        issued_on=DAY,
        order_number=NUMBER,
        ordered_on=DAY,
        currency=CURRENCY,
        references=REFERENCES,
        dates=DATES,
        parties=PARTIES,
        terms=several(st.builds(Terms, kind=st.just("01"), due_on=none_or(DAY), net_days=st.integers(0, 180)), 1),
        lines=numbered(
            st.builds(
                InvoiceLine,
                quantity=QUANTITY,
                unit=UNIT,
                unit_price=PRICE,
                stated_amount=none_or(CENTS) if syntax == "edifact" else st.none(),
                items=ITEMS,
                description=blank_or(MIXED),
                adjustments=ADJUSTMENTS,
                taxes=TAXES,
                references=REFERENCES,
                dates=DATES,
            )
        ),
        adjustments=ADJUSTMENTS,
        taxes=TAXES,
        notes=several(MIXED, 2),
        stated_total=CENTS,
    )


@st.composite
def despatches(draw, syntax):
    """Shipment, orders, packs, items for X12; shipment, packs, items for EDIFACT, whose items name their order."""
    item = st.builds(
        Unit,
        level=st.just("item"),
        order_number=NUMBER if syntax == "edifact" else st.just(""),
        line=st.sampled_from(["1", "2", "30"]),
        items=ITEMS,
        description=blank_or(MIXED),
        quantity=QUANTITY,
        unit=UNIT,
        ordered=none_or(QUANTITY),
    ).map(lambda u: u if u.ordered is None else changed(u, ordered_unit="EA"))
    pack = st.builds(
        Unit,
        level=st.just("pack"),
        marks=several(st.builds(Mark, kind=st.just("sscc"), value=SSCC), 1, 1),
        units=several(item, 3, 1),
    )
    order = st.builds(Unit, level=st.just("order"), order_number=NUMBER, units=several(pack | item, 2, 1))
    shipment = st.builds(
        Unit,
        level=st.just("shipment"),
        references=REFERENCES,
        dates=DATES,
        parties=PARTIES,
        carriers=several(st.builds(Carrier, id=NUMBER, scheme=st.just("scac"), mode=st.just("road"), name=MIXED), 1),
        equipment=several(st.builds(Equipment, kind=st.just("TL"), number=NUMBER), 1),
        packages=several(st.builds(Package, code=st.just("CTN25"), count=st.integers(1, 99).map(Decimal)), 1)
        if syntax == "x12"
        else st.just(()),
        units=several(order if syntax == "x12" else pack, 3, 1),
    )
    return draw(
        st.builds(
            DespatchAdvice,
            number=NUMBER.map(lambda n: n.ljust(2, "0")),
            issued_on=DAY,
            issued_at=st.just("0930"),
            units=shipment.map(lambda u: (u,)),
        )
    )


INVENTORIES = st.builds(
    InventoryReport,
    number=NUMBER,
    kind=st.just("MM"),
    reported_on=DAY,
    parties=PARTIES,
    dates=DATES,
    lines=numbered(
        st.builds(
            InventoryLine,
            items=ITEMS,
            description=blank_or(MIXED),
            unit_price=none_or(PRICE),
            quantities=several(
                st.builds(Counted, kind=st.sampled_from(["available", "on_hand"]), value=QUANTITY, unit=UNIT)
            ),
            references=REFERENCES,
        )
    ),
)
CARRIERS = st.builds(Carrier, id=st.just("UPSN"), name=MIXED, mode=st.just("road"), terms=st.just("PP"))
WAREHOUSE_ORDERS = (
    st.builds(
        WarehouseOrder,
        number=NUMBER,
        order_number=NUMBER,
        parties=PARTIES,
        references=REFERENCES,
        dates=several(st.builds(Dated, kind=st.sampled_from(["ship_requested", "delivery_requested"]), on=DAY)),
        notes=several(st.builds(Reference, kind=st.just("WHI"), text=MIXED)),
        carrier=none_or(CARRIERS),
        lines=numbered(
            st.builds(
                WarehouseLine,
                quantity=QUANTITY,
                unit=UNIT,
                items=ITEMS.map(lambda items: items[:2]),
                lot=blank_or(NUMBER),
                descriptions=several(MIXED, 2),
                references=REFERENCES,
            )
        ),
        stated_quantity=none_or(QUANTITY),
    )
    # W76 asks for the quantity wherever a weight stands, and a unit beside it
    .map(
        lambda o: o if o.stated_quantity is None else changed(o, stated_weight=Decimal("12.5"), stated_weight_unit="LB")
    )
)


WAREHOUSE_ADVICES = st.builds(
    WarehouseShipAdvice,
    number=NUMBER,
    kind=st.just("F"),
    shipped_on=DAY,
    shipment=NUMBER,
    order_number=NUMBER,
    parties=PARTIES,
    references=REFERENCES,
    carrier=none_or(CARRIERS),
    lines=numbered(
        st.builds(
            WarehouseShipLine,
            package=blank_or(SSCC),
            status=st.just("CC"),
            ordered=QUANTITY,
            shipped=QUANTITY,
            unit=UNIT,
            items=ITEMS.map(lambda items: items[:3]),
            lot=blank_or(NUMBER),
            descriptions=several(MIXED, 2),
        )
    ),
    stated_quantity=none_or(QUANTITY),
)
REMITTANCES = st.builds(
    RemittanceAdvice,
    amount=CENTS,
    handling=st.just("I"),
    direction=st.sampled_from(Direction),
    method=st.just("ACH"),
    paid_on=DAY,
    number=NUMBER,
    trace_kind=st.just("1"),
    currency=CURRENCY,
    references=REFERENCES,
    parties=PARTIES,
    entities=several(
        st.builds(
            Entity,
            number=st.sampled_from(["1", "2"]),
            items=several(
                st.builds(
                    RemittedItem,
                    number=NUMBER,
                    paid=CENTS,
                    gross=CENTS,
                    discount=none_or(CENTS),
                    references=REFERENCES,
                    dates=DATES,
                    deductions=several(
                        st.builds(
                            Deduction, amount=CENTS.map(lambda a: -a), reason=st.just("59"), references=REFERENCES
                        )
                    ),
                )
            ),
        ),
        2,
        1,
    ),
)
