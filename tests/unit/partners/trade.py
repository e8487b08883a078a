"""Canonical documents by chance: what the property tests write, read back and compare."""

from dataclasses import replace as changed
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from crossdock.canonical.acknowledgement import ApplicationAcknowledgement, ApplicationError, DocumentOutcome
from crossdock.canonical.acknowledgement import Outcome as Verdict
from crossdock.canonical.change import ChangeAction, ChangeLine, OrderChange
from crossdock.canonical.despatch import DespatchAdvice, Mark, Unit
from crossdock.canonical.identifiers import check_digit
from crossdock.canonical.invoice import Invoice, InvoiceKind, InvoiceLine
from crossdock.canonical.order import Address, ItemId, ItemScheme, OrderLine, PartyRole, PurchaseOrder, Purpose, Split
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
from crossdock.canonical.receipt import ReceiptAdvice, ReceiptException, ReceiptLine
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
from crossdock.canonical.transport import (
    Consignment,
    FreightCharge,
    FreightInvoice,
    FreightLine,
    Goods,
    LoadTender,
    Place,
    StatusEvent,
    Stop,
    StopOrder,
    TenderResponse,
    TransportStatus,
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


SPLITS = several(
    st.builds(
        Split,
        ship_to=st.text("0123456789", min_size=2, max_size=6),
        scheme=st.sampled_from(["gln", "assigned_by_buyer"]),
        quantity=QUANTITY,
        unit=UNIT,
    ),
    25,
)


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
                splits=SPLITS,
                adjustments=ADJUSTMENTS,
                taxes=TAXES if syntax == "x12" else st.just(()),
            )
        ),
        adjustments=ADJUSTMENTS,
        taxes=TAXES if syntax == "x12" else st.just(()),
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


def changes(syntax):
    words = [ChangeAction.ADD, ChangeAction.CANCEL, ChangeAction.CHANGE, ChangeAction.NONE]
    if syntax == "x12":
        words += [ChangeAction.QUANTITY_UP, ChangeAction.PRICE, ChangeAction.RESCHEDULE, ChangeAction.REPLACE]
    return st.builds(
        OrderChange,
        order_number=NUMBER,
        number=blank_or(NUMBER) if syntax == "x12" else NUMBER,
        purpose=st.sampled_from(["change", "cancellation", "replacement"]),
        release=blank_or(NUMBER),
        sequence=st.sampled_from(["1", "2"]),
        ordered_on=DAY,
        changed_on=DAY,
        currency=CURRENCY,
        references=REFERENCES,
        dates=DATES,
        parties=PARTIES,
        adjustments=ADJUSTMENTS,
        taxes=TAXES if syntax == "x12" else st.just(()),
        notes=several(MIXED, 2),
        lines=numbered(
            st.builds(
                ChangeLine,
                action=st.sampled_from(words),
                quantity=QUANTITY,
                open_quantity=none_or(QUANTITY),
                unit=UNIT,
                unit_price=none_or(PRICE),
                items=ITEMS,
                description=blank_or(MIXED),
                references=REFERENCES,
                dates=DATES,
                adjustments=ADJUSTMENTS,
                taxes=TAXES if syntax == "x12" else st.just(()),
                splits=SPLITS,
            )
        ),
    )


def answered(response):
    """As the answer to a change (X12 865): each line says what it answers."""
    lines = tuple(changed(line, action=ChangeAction.CHANGE) for line in response.lines)
    return changed(response, sequence="2", changed_on=date(2026, 3, 4), lines=lines)


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
SHORT = MIXED.map(lambda t: t[:20].strip() or "X")
TRANSFERS = st.builds(
    WarehouseShipAdvice,
    number=NUMBER,
    kind=st.just("F"),
    shipped_on=DAY,
    shipment=NUMBER,
    order_number=NUMBER,
    parties=PARTIES,
    references=REFERENCES,
    notes=several(st.builds(Reference, kind=st.just("WHI"), text=MIXED)),
    carrier=none_or(CARRIERS),
    lines=several(
        st.builds(
            WarehouseShipLine,
            shipped=QUANTITY,
            unit=UNIT,
            items=ITEMS.map(lambda items: items[:3]),
            descriptions=several(MIXED, 2),
            references=REFERENCES,
        ),
        least=1,
    ),
    stated_quantity=none_or(QUANTITY),
)


def receipts(syntax):
    x12 = syntax == "x12"
    line = st.builds(
        ReceiptLine,
        package=st.just("") if x12 else blank_or(SSCC),
        order_number=st.just("") if x12 else NUMBER,
        items=ITEMS.map(lambda items: items[:3]),
        description=blank_or(MIXED),
        lot=blank_or(NUMBER) if x12 else st.just(""),
        received=st.decimals("0.01", "99999.99", places=2),
        accepted=st.none() if x12 else none_or(QUANTITY),
        rejected=st.none() if x12 else none_or(QUANTITY),
        despatched=st.none() if x12 else none_or(QUANTITY),
        ordered=st.none() if x12 else none_or(QUANTITY),
        unit=UNIT,
        exceptions=several(
            st.builds(ReceiptException, condition=st.sampled_from(["damaged", "short", "over"]), quantity=QUANTITY).map(
                lambda e: changed(e, unit="EA") if x12 else e
            )
        ),
        references=REFERENCES,
        dates=st.just(()) if x12 else DATES,
    )
    return st.builds(
        ReceiptAdvice,
        number=NUMBER.map(lambda n: n[:12]),
        kind=st.just("F") if x12 else st.just(""),
        issued_on=st.none() if x12 else DAY,
        received_on=DAY,
        order_number=NUMBER,
        despatch_number=NUMBER,
        references=REFERENCES,
        dates=st.just(()) if x12 else DATES,
        parties=PARTIES.filter(bool),
        carrier=none_or(
            st.builds(Carrier, id=st.just("UPSN"), name=MIXED, mode=st.just("road"))
            if x12
            else st.builds(Carrier, id=NUMBER, scheme=st.just("scac"), mode=st.just("road"), name=MIXED)
        ),
        notes=several(st.builds(Reference, kind=st.just("AAI"), text=MIXED)),
        lines=several(line, least=1) if x12 else numbered(line),
        stated_quantity=none_or(st.decimals("1", "9999", places=0)) if x12 else st.none(),
    )


def receiving():
    """861: what is kept and what goes back, and what is in question beside it."""
    line = st.builds(
        ReceiptLine,
        package=blank_or(SSCC),
        order_number=blank_or(NUMBER),
        order_line=st.just(""),
        items=ITEMS.map(lambda items: items[:3]),
        description=blank_or(MIXED),
        accepted=st.decimals("0.01", "99999.99", places=2),
        rejected=none_or(QUANTITY),
        unit=UNIT,
        exceptions=several(
            st.builds(ReceiptException, condition=st.sampled_from(["damaged", "short", "over"]), quantity=QUANTITY,
                      unit=UNIT)
        ),
        references=REFERENCES,
        dates=DATES,
    )  # fmt: skip
    return st.builds(
        ReceiptAdvice,
        number=NUMBER,
        kind=st.sampled_from(["1", "2"]),
        issued_on=DAY,
        received_on=none_or(DAY),
        order_number=blank_or(NUMBER),
        despatch_number=blank_or(NUMBER),
        references=REFERENCES,
        dates=DATES,
        parties=PARTIES,
        carrier=none_or(
            st.builds(Carrier, id=st.just("UPSN"), scheme=st.just("scac"), mode=st.just("road"), name=MIXED)
        ),
        lines=numbered(line),
    )


LOADED = several(st.builds(Equipment, kind=st.just("TL"), initial=st.just("ABCD"), number=st.just("1234")), 2)
GOODS_DATES = several(
    st.builds(
        Dated, kind=st.sampled_from(["ship_requested", "delivery_requested"]), on=DAY, time=blank_or(st.just("0930"))
    ),
    2,
)
TENDERS = st.builds(
    LoadTender,
    number=NUMBER,
    purpose=st.sampled_from(["original", "change", "cancellation"]),
    carrier_id=st.just("ABCD"),
    terms=st.just("PP"),
    references=REFERENCES,
    dates=GOODS_DATES,
    parties=PARTIES,
    equipment=LOADED,
    notes=several(st.builds(Reference, kind=st.just("GEN"), text=MIXED)),
    stops=numbered(
        st.builds(
            Stop,
            reason=st.sampled_from(["load", "unload"]),
            text=blank_or(MIXED),
            references=REFERENCES,
            dates=GOODS_DATES,
            parties=PARTIES,
            goods=several(st.builds(Goods, number=st.just("1"), description=MIXED, commodity=blank_or(NUMBER)), 2),
            orders=several(st.builds(StopOrder, order_number=NUMBER, quantity=QUANTITY, unit=UNIT), 2),
        )
    ),
    stated_charge=none_or(CENTS),
)
ANSWERS = st.builds(
    TenderResponse,
    number=NUMBER,
    carrier_id=st.just("ABCD"),
    answered_on=none_or(DAY),
    answer=st.sampled_from(["accepted", "declined", "countered"]),
    references=REFERENCES,
    dates=GOODS_DATES,
    equipment=LOADED.map(lambda e: e[:1]),
    notes=several(MIXED, 2),
    stops=several(st.builds(Stop, number=st.just("1"), reason=st.just("load"), references=REFERENCES), 2),
)
FREIGHT = st.builds(
    FreightInvoice,
    number=NUMBER,
    shipment=NUMBER,
    terms_code=st.just("PP"),
    issued_on=DAY,
    carrier_id=st.just("ABCD"),
    currency=CURRENCY,
    references=REFERENCES,
    dates=GOODS_DATES,
    parties=PARTIES,
    equipment=LOADED,
    notes=several(SHORT, 2),
    lines=numbered(
        st.builds(
            FreightLine,
            descriptions=several(MIXED, 2),
            packages=none_or(st.integers(1, 99).map(Decimal)),
            charges=several(
                st.builds(
                    FreightCharge,
                    amount=st.decimals("-99999.99", "99999.99", places=2),
                    code=st.sampled_from(["FUE", ""]),
                ),
                3,
            ),
            references=REFERENCES,
        ).map(lambda line: line if line.packages is None else changed(line, package="PLT"))
    ),
    stated_total=CENTS,
)


def statuses(syntax):
    x12 = syntax == "x12"
    if x12:
        event = st.builds(
            StatusEvent,
            status=st.sampled_from(["en_route", "delivered", "refused"]),
            reason=st.just("NS"),
            on=DAY,
            time=st.just("0930"),
            zone=st.just("LT"),
            place=st.builds(Place, city=st.just("ATHENS"), region=st.just("GA"), country=st.just("US")),
            equipment=LOADED.map(lambda e: e[:1]),
        )
    else:
        place = st.builds(
            Place, kind=st.sampled_from(["loading", "delivery"]), id=st.just("USNYC"), name=MIXED, dates=DATES
        )
        event = st.builds(
            StatusEvent,
            status=st.sampled_from(["en_route", "delivered", "departed"]),
            text=blank_or(MIXED),
            on=none_or(DAY),
            place=place.map(lambda p: changed(p, dates=())),
            carrier=none_or(st.builds(Carrier, id=NUMBER, scheme=st.just("scac"), mode=st.just("road"), name=MIXED)),
            references=REFERENCES,
            dates=DATES,
            equipment=several(st.builds(Equipment, kind=st.just("CN"), number=NUMBER), 2),
        ).flatmap(
            # the places of a journey stand below its transport
            lambda e: st.just(e) if e.carrier is None else several(place, 2).map(lambda p: changed(e, places=p))
        )
    return st.builds(
        TransportStatus,
        number=NUMBER,
        kind=st.just("") if x12 else st.just("23"),
        shipment=NUMBER,
        carrier_id=st.just("ABCD") if x12 else st.just(""),
        issued_on=st.none() if x12 else DAY,
        references=REFERENCES,
        parties=PARTIES,
        notes=several(SHORT, 2) if x12 else several(MIXED, 2),
        consignments=numbered(
            st.builds(Consignment, references=REFERENCES if x12 else st.just(()), events=several(event, 3, 1))
        ),
    )


ADVICES = st.builds(
    ApplicationAcknowledgement,
    number=NUMBER,
    status=st.just("00"),
    issued_on=DAY,
    parties=PARTIES,
    documents=several(
        st.builds(
            DocumentOutcome,
            outcome=st.sampled_from([Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_ERRORS, Verdict.REJECTED]),
            kind=st.just("order"),
            number=NUMBER,
            group=st.just("17"),
            control=st.just("0001"),
            type=st.just("850"),
            references=REFERENCES,
            errors=several(
                st.builds(
                    ApplicationError,
                    code=st.sampled_from(["007", "812"]),
                    texts=several(MIXED, 1),
                    segment=blank_or(st.just("PO1")),
                    position=none_or(st.integers(1, 99)),
                    value=blank_or(MIXED),
                    notes=several(MIXED, 2),
                )
            ),
        ),
        3,
        1,
    ),
)


def stocks():
    """As an INVRPT says it: without prices."""

    def told(line):
        quantities = tuple(changed(q, kind="on_hand") for q in line.quantities)
        return changed(line, unit_price=None, quantities=quantities)

    return INVENTORIES.map(lambda r: changed(r, kind="35", lines=tuple(told(line) for line in r.lines)))
