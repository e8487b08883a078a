"""UBL and cXML written, and read back as they were: amounts, quantities, numbers and dates are the same."""

from dataclasses import replace as changed
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.partners.trade import (
    CENTS,
    CURRENCY,
    DAY,
    MIXED,
    NUMBER,
    PRICE,
    QUANTITY,
    SSCC,
    UNIT,
    addresses,
    blank_or,
    numbered,
    several,
)

from crossdock.canonical.change import ChangeAction, ChangeLine, OrderChange
from crossdock.canonical.despatch import DespatchAdvice, Mark, Unit
from crossdock.canonical.invoice import Invoice, InvoiceKind, InvoiceLine
from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, PartyRole, PurchaseOrder
from crossdock.canonical.order import Party as OrderParty
from crossdock.canonical.parts import Adjustment, AdjustmentKind, Party, Reference, Tax
from crossdock.canonical.response import LineStatus, OrderResponse, Outcome, ResponseLine, ResponseStatus
from crossdock.errors import PartnerError
from crossdock.partners import Context, Decoded, Severity, decode
from crossdock.partners.profiles import Identifier
from crossdock.partners.xml import write

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
US, THEM = Identifier("networkid", "AN01"), Identifier("duns", "123456789")
SYNTAXES = pytest.mark.parametrize("syntax", ["ubl", "cxml"])
ITEMS = st.builds(
    lambda ours, theirs: (
        ItemId(scheme=ItemScheme.BUYER, value=theirs),
        ItemId(scheme=ItemScheme.SUPPLIER, value=ours),
    ),
    NUMBER,
    NUMBER,
)


def parties(*roles: str):
    return st.tuples(
        *(
            st.builds(
                Party,
                role=st.just(role),
                id=st.text("0123456789", min_size=2, max_size=13),
                scheme=st.sampled_from(["gln", "duns"]),
                address=addresses(3),
            )
            for role in roles
        )
    )


def sent(content, syntax: str, *, test: bool = False) -> Decoded:
    written = write.document(write.map_of(content, syntax), content)
    if syntax == "ubl":
        raw = write.ubl(written)
    else:
        raw = write.cxml_request(written, sender=US, receiver=THEM, payload="p-1@us", now=NOW, test=test)
    [found] = decode(raw, "", Context(adopt=True))
    assert [i.finding for i in found.issues if i.severity is Severity.ERROR] == []
    return found


def said(lines):
    return [(x.number, x.quantity, x.unit, x.unit_price, frozenset(x.items), x.description) for x in lines]


RESPONSES = st.builds(
    OrderResponse,
    order_number=NUMBER,
    status=st.sampled_from([ResponseStatus.ACCEPTED, ResponseStatus.CHANGED, ResponseStatus.REJECTED]),
    number=NUMBER,
    issued_on=DAY,
    ordered_on=DAY,
    currency=CURRENCY,
    parties=parties("supplier", "buyer"),
    lines=numbered(
        st.builds(
            ResponseLine,
            items=ITEMS,
            description=blank_or(MIXED),
            quantity=QUANTITY,
            unit=UNIT,
            unit_price=PRICE,
            status=st.sampled_from([LineStatus.ACCEPTED, LineStatus.CHANGED, LineStatus.REJECTED]),
        )
    ),
)


@SYNTAXES
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_response_comes_back_as_it_was_sent(syntax, data):
    response = data.draw(RESPONSES)
    back = sent(response, syntax).content
    assert isinstance(back, OrderResponse)
    for name in ("order_number", "status", "number", "issued_on", "ordered_on", "currency"):
        assert getattr(back, name) == getattr(response, name)
    numbers = [(x.number, x.quantity, x.unit, x.unit_price) for x in back.lines]
    assert numbers == [(x.number, x.quantity, x.unit, x.unit_price) for x in response.lines]
    statuses = [x.status or x.outcomes[0].status for x in back.lines]
    assert statuses == [x.status for x in response.lines]
    if syntax == "ubl":
        assert said(back.lines) == said(response.lines)
        assert back.parties == response.parties


CHANGES = st.builds(
    OrderChange,
    order_number=NUMBER,
    number=NUMBER,
    purpose=st.just("change"),
    sequence=NUMBER,
    changed_on=DAY,
    currency=CURRENCY,
    parties=parties("buyer", "supplier"),
    lines=numbered(
        st.builds(
            ChangeLine,
            action=st.sampled_from([ChangeAction.ADD, ChangeAction.CANCEL, ChangeAction.CHANGE, ChangeAction.NONE]),
            quantity=QUANTITY,
            unit=UNIT,
            unit_price=PRICE,
            items=ITEMS,
            description=blank_or(MIXED),
        )
    ),
)


@settings(max_examples=30, deadline=None)
@given(change=CHANGES, purpose=st.sampled_from(["change", "replacement", "cancellation"]))
def test_a_change_comes_back_as_it_was_sent(change: OrderChange, purpose: str):
    if purpose == "replacement":
        lines = tuple(changed(line, action=ChangeAction.REPLACE) for line in change.lines)
        change = changed(change, purpose=purpose, lines=lines)
    elif purpose == "cancellation":
        change = changed(change, purpose=purpose, lines=(), sequence="", currency="")
    back = sent(change, "ubl").content
    assert isinstance(back, OrderChange)
    for name in ("order_number", "number", "purpose", "sequence", "changed_on", "parties"):
        assert getattr(back, name) == getattr(change, name)
    assert said(back.lines) == said(change.lines)
    assert [line.action for line in back.lines] == [line.action for line in change.lines]


TAX = st.builds(
    Tax,
    kind=st.just("vat"),
    percent=st.just(Decimal(20)),
    category=st.just("S"),
    basis=st.just(Decimal(100)),
    amount=st.just(Decimal(20)),
)


@st.composite
def invoices(draw, syntax):
    """Line amounts have two decimals: what cannot be written exactly is refused, and that is another test."""
    line = st.builds(
        InvoiceLine,
        items=ITEMS,
        description=blank_or(MIXED),
        quantity=st.integers(1, 9999).map(Decimal),
        unit=UNIT,
        unit_price=CENTS,
        references=st.builds(lambda n: (Reference(kind="order_line", value=n),), NUMBER),
    )
    code = st.just("shipping") if syntax == "cxml" else st.sampled_from(["FC", "ABL"])
    charge = st.builds(Adjustment, kind=st.just(AdjustmentKind.CHARGE), code=code, amount=CENTS)
    return draw(
        st.builds(
            Invoice,
            number=NUMBER,
            kind=st.sampled_from([InvoiceKind.INVOICE, InvoiceKind.CREDIT_NOTE]),
            issued_on=DAY,
            order_number=NUMBER,
            currency=CURRENCY,
            parties=parties("supplier", "buyer") if syntax == "ubl" else st.just(()),
            lines=numbered(line),
            adjustments=several(charge, 1),
            taxes=several(TAX, 1),
            notes=several(MIXED, 1),
        )
    )


@SYNTAXES
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_an_invoice_comes_back_with_every_amount(syntax, data):
    invoice = data.draw(invoices(syntax))
    back = sent(invoice, syntax).content
    assert isinstance(back, Invoice)
    for name in ("number", "kind", "issued_on", "order_number", "currency", "parties", "notes"):
        assert getattr(back, name) == getattr(invoice, name), name
    assert [(t.percent, t.amount, t.basis) for t in back.taxes] == [
        (t.percent, t.amount, t.basis) for t in invoice.taxes
    ]
    assert said(back.lines) == said(invoice.lines)
    assert [x.references for x in back.lines] == [x.references for x in invoice.lines]
    assert [a.signed for a in back.adjustments] == [a.signed for a in invoice.adjustments]
    assert back.stated_total == invoice.due == back.due
    assert list(back.differences()) == []


@st.composite
def despatches(draw):
    item = st.builds(
        Unit,
        level=st.just("item"),
        line=st.sampled_from(["1", "2", "30"]),
        items=ITEMS,
        description=blank_or(MIXED),
        quantity=QUANTITY,
        unit=UNIT,
    )
    pack = st.builds(
        Unit,
        level=st.just("pack"),
        marks=st.builds(lambda v: (Mark(kind="sscc", value=v),), SSCC),
        units=several(item, 3, 1),
    )
    order = st.builds(Unit, level=st.just("order"), order_number=NUMBER, units=several(pack | item, 2, 1))
    orders_ = draw(st.lists(order, min_size=1, max_size=3, unique_by=lambda o: o.order_number))
    shipment = Unit(level="shipment", parties=draw(parties("ship_from", "ship_to")), units=tuple(orders_))
    return DespatchAdvice(number=draw(NUMBER), issued_on=draw(DAY), units=(shipment,))


@SYNTAXES
@settings(max_examples=30, deadline=None)
@given(despatch=despatches())
def test_a_despatch_comes_back_with_every_item_in_its_order_and_package(syntax, despatch):
    def items(of: DespatchAdvice):
        found = list(of.lines())
        return [
            (x.order_number, x.sscc, x.item.line, frozenset(x.item.items), x.item.quantity, x.item.unit) for x in found
        ]

    back = sent(despatch, syntax).content
    assert isinstance(back, DespatchAdvice)
    assert (back.number, back.issued_on) == (despatch.number, despatch.issued_on)
    assert items(back) == items(despatch)


ORDER_LINES = numbered(
    st.builds(
        OrderLine,
        number=st.just("1"),
        items=ITEMS,
        description=blank_or(MIXED),
        quantity=QUANTITY,
        unit=UNIT,
        unit_price=PRICE,
        requested_on=DAY,
    )
)


@settings(max_examples=30, deadline=None)
@given(number=NUMBER, day=DAY, currency=CURRENCY, lines=ORDER_LINES)
def test_an_order_comes_back_with_its_lines(number, day, currency, lines):
    who = tuple(OrderParty(role=r, id="12", scheme="gln") for r in (PartyRole.BUYER, PartyRole.SUPPLIER))
    order = PurchaseOrder(number=number, ordered_on=day, currency=currency, parties=who, lines=lines)
    back = sent(order, "ubl").order
    assert back is not None
    assert said(back.lines) == said(lines)
    assert [x.requested_on for x in back.lines] == [x.requested_on for x in lines]
    assert (back.number, back.ordered_on, back.currency, back.parties) == (number, day, currency, who)


INVOICE = Invoice(
    number="I-1",
    issued_on=date(2026, 1, 2),
    currency="EUR",
    parties=(Party(role="supplier", id="1"), Party(role="buyer", id="2")),
    lines=(InvoiceLine(number="1", quantity=Decimal(3), unit="EA", unit_price=Decimal("0.3333"), description="A"),),
)


def test_a_line_is_rounded_to_cents_and_its_price_is_not():
    back = sent(INVOICE, "ubl").content
    assert isinstance(back, Invoice)
    assert back.lines[0].unit_price == Decimal("0.3333")
    assert (back.lines[0].stated_amount, back.stated_total) == (Decimal("1.00"), Decimal("1.00"))


def test_what_ubl_cannot_say_is_refused_with_the_fields_name():
    third = changed(INVOICE, stated_total=Decimal("1.001"))
    with pytest.raises(PartnerError) as e:
        write.document("ubl-invoice", third)
    assert [(f.code, f.where) for f in e.value.findings] == [("map.digits", "/stated_total")]
    wrong = changed(INVOICE, stated_total=Decimal("7.00"))
    with pytest.raises(PartnerError) as e:
        write.document("ubl-invoice", wrong)
    assert {f.code for f in e.value.findings} == {"ubl.br-co-16"}


def test_a_charge_that_cxml_has_no_place_for_is_refused_and_not_dropped():
    charged = changed(INVOICE, adjustments=(Adjustment(kind=AdjustmentKind.CHARGE, code="X9", amount=Decimal(1)),))
    with pytest.raises(PartnerError) as e:
        write.document("cxml-invoicedetailrequest", charged)
    assert "/adjustments/0/amount" in {f.where for f in e.value.findings}


def test_what_is_left_out_is_told():
    written = write.document("ubl-invoice", changed(INVOICE, references=(Reference(kind="promotion", value="P"),)))
    assert "/references/0/value" in written.left_out


def test_backordered_quantities_are_said_in_both():
    response = OrderResponse(
        order_number="PO-1",
        number="R-1",
        issued_on=date(2026, 1, 2),
        status=ResponseStatus.CHANGED,
        parties=(Party(role="supplier", id="1"), Party(role="buyer", id="2")),
        lines=(
            ResponseLine(
                number="1",
                quantity=Decimal(10),
                unit="EA",
                outcomes=(
                    Outcome(status=LineStatus.ACCEPTED, quantity=Decimal(6), unit="EA"),
                    Outcome(status=LineStatus.BACKORDERED, quantity=Decimal(4), unit="EA"),
                ),
            ),
        ),
    )
    ubl, cxml = sent(response, "ubl").content, sent(response, "cxml").content
    assert isinstance(ubl, OrderResponse)
    assert isinstance(cxml, OrderResponse)
    assert cxml.lines[0].outcomes == response.lines[0].outcomes
    assert ubl.lines[0].quantity == Decimal(6)
    assert [(o.status, o.quantity) for o in ubl.lines[0].outcomes] == [(LineStatus.BACKORDERED, Decimal(4))]


def test_a_written_test_request_is_a_test():
    assert sent(INVOICE, "cxml", test=True).test
    assert str(sent(INVOICE, "cxml").sender) == "networkid:AN01"
