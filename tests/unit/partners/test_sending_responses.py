"""What we tell of an order adds up to it, in X12 and EDIFACT, to the last digit."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.identifiers import check_digit
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order import Address, ItemId, ItemScheme, OrderLine, Party, PartyRole, PurchaseOrder
from crossdock.canonical.response import LineStatus, OrderResponse, ResponseStatus
from crossdock.errors import PartnerError
from crossdock.partners import Context, Severity, decode
from crossdock.partners.edi import outbound
from crossdock.partners.maps import edi as maps
from crossdock.partners.profiles import Identifier
from crossdock.partners.sending import responses
from crossdock.partners.sending.responses import Bill, Billed, Despatch, Goods, Package, Promised, Response
from crossdock.partners.x12.write import Address as Wire
from crossdock.partners.x12.write import Numbers

HERE = Wire(sender=Identifier("ZZ", "CROSSDOCK"), receiver=Identifier("14", "4012345000009"))
NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
TODAY = NOW.date()
SYNTAXES = ("x12", "edifact")
CENT = Decimal("0.01")


def order(*quantities: Decimal, price: Decimal | None = Decimal("12.50")) -> PurchaseOrder:
    return PurchaseOrder(
        number="4500000042",
        ordered_on=date(2026, 3, 1),
        currency="USD",
        parties=(
            Party(
                role=PartyRole.SHIP_TO,
                id="4012345000009",
                scheme="gln",
                address=Address(name="Dock 5", lines=("1 Dock Rd",), city="Athens", region="GA", postal_code="30603"),
            ),
        ),
        lines=tuple(
            OrderLine(
                number=str(n),
                items=(
                    ItemId(scheme=ItemScheme.BUYER, value=f"B-{n}"),
                    ItemId(scheme=ItemScheme.SUPPLIER, value=f"S{n}"),
                ),
                description="Bolt M8",
                quantity=q,
                unit="EA",
                unit_price=price,
            )
            for n, q in enumerate(quantities, 1)
        ),
    )


def through(syntax: str, kind: str, content: maps.Canonical) -> maps.Canonical:
    """As the partner reads it: written, and decoded without a fault."""
    names = {"response": ("855", "ordrsp"), "despatch": ("856", "desadv"), "invoice": ("810", "invoic")}
    written = outbound.document(f"{syntax}-{names[kind][syntax == 'edifact']}", content)
    if syntax == "x12":
        raw = outbound.x12([written], HERE, Numbers(interchange=1, group=1, sets=(1,)), NOW)
    else:
        raw = outbound.edifact_interchange([written], HERE, 1, [1], NOW)
    [read] = decode(raw, "told", Context(adopt=True))
    assert [i for i in read.issues if i.severity is not Severity.NOTE or i.ack] == [], raw
    assert read.content is not None
    return read.content


PART = st.integers(0, 5000).map(lambda n: Decimal(n) / 10)
PRICE = st.integers(0, 10**7).map(lambda n: Decimal(n) / 1000)


@st.composite
def promises(draw: st.DrawFn) -> tuple[PurchaseOrder, Response]:
    told: list[Promised] = []
    for n in range(1, draw(st.integers(1, 4)) + 1):
        parts = draw(st.tuples(PART, PART, PART, PART).filter(any))
        a, b, c, r = parts
        price = draw(st.none() | PRICE)
        told.append(Promised(line=str(n), accepted=a, backordered=b, cancelled=c, rejected=r, unit_price=price))
    made = order(*(p.accepted + p.backordered + p.cancelled + p.rejected for p in told))
    return made, Response(number="SO-10001", lines=tuple(told))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_response_tells_of_every_ordered_piece_once(syntax: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(promises())
    def check(drawn: tuple[PurchaseOrder, Response]) -> None:
        made, state = drawn
        said = through(syntax, "response", responses.response(made, state, TODAY, words=syntax == "x12"))
        assert isinstance(said, OrderResponse)
        assert (said.order_number, said.number) == (made.number, "SO-10001")
        for line, told, promised in zip(made.lines, said.lines, state.lines, strict=True):
            assert told.quantity == line.quantity == sum((o.quantity or 0) for o in told.outcomes)
            assert {o.unit for o in told.outcomes} == {line.unit}
            assert told.unit_price == (line.unit_price if promised.unit_price is None else promised.unit_price)
            later = [o.quantity for o in told.outcomes if o.status is LineStatus.BACKORDERED]
            assert later == [promised.backordered] * bool(promised.backordered)

    check()


@pytest.mark.parametrize(
    ("promised", "codes"),
    [
        (Promised(line="1", accepted=Decimal(10)), ["IA"]),
        (Promised(line="1", accepted=Decimal(6), backordered=Decimal(4)), ["IA", "IB"]),
        (Promised(line="1", accepted=Decimal(6), rejected=Decimal(4)), ["IQ", "IR"]),
        (Promised(line="1", accepted=Decimal(10), unit_price=Decimal("12.51")), ["IP"]),
        (Promised(line="1", accepted=Decimal(10), substitute="S9"), ["IS"]),
        (Promised(line="1", cancelled=Decimal(10)), ["ID"]),
        (Promised(line="1", backordered=Decimal(10)), ["IB"]),
    ],
)
def test_the_code_of_a_line_says_what_became_of_it(promised: Promised, codes: list[str]) -> None:
    content = responses.response(order(Decimal(10)), Response(lines=(promised,)), TODAY)
    written = outbound.document("x12-855", content)
    assert [row[1][0] for row in written.rows if row[0][0] == "ACK"] == codes


def test_the_header_says_whether_all_is_as_ordered() -> None:
    def status(*told: Promised) -> ResponseStatus | None:
        return responses.response(order(*[Decimal(10)] * len(told)), Response(lines=told), TODAY).status

    whole, none = Promised(line="1", accepted=Decimal(10)), Promised(line="1", rejected=Decimal(10))
    assert status(whole) is ResponseStatus.ACCEPTED
    assert status(none) is ResponseStatus.REJECTED
    assert status(whole, Promised(line="2", backordered=Decimal(10))) is ResponseStatus.CHANGED


def test_a_response_that_does_not_add_up_is_refused_by_line() -> None:
    made = order(Decimal(10), Decimal(5), Decimal(1))
    told = (Promised(line="1", accepted=Decimal(9)), Promised(line="2", accepted=Decimal(6), rejected=Decimal(-1)))
    with pytest.raises(PartnerError) as refused:
        responses.response(made, Response(lines=told), TODAY)
    assert [(f.code, f.where) for f in refused.value.findings] == [
        ("response.line.quantity", "lines/1"),
        ("response.line.quantity", "lines/2"),
        ("response.line.missing", "lines/3"),
    ]
    with pytest.raises(PartnerError, match="twice"):
        responses.response(order(Decimal(9)), Response(lines=(told[0], told[0])), TODAY)


def label(n: int) -> str:
    digits = f"0401234500{n:07d}"
    return digits + check_digit(digits)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_despatch_advice_names_every_shipped_piece_in_its_package(syntax: str) -> None:
    goods = st.lists(
        st.builds(Goods, line=st.sampled_from(["1", "2", "3"]), quantity=st.integers(1, 10**6).map(Decimal)),
        min_size=1,
        max_size=3,
    ).map(tuple)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(goods, max_size=4), goods)
    def check(packed: list[tuple[Goods, ...]], loose: tuple[Goods, ...]) -> None:
        made = order(Decimal(5), Decimal(6), Decimal(7))
        state = Despatch(
            shipment="SH-100",
            shipped_on=TODAY,
            tracking="1Z999",
            carrier="UPSN",
            packages=tuple(Package(sscc=label(n), lines=g) for n, g in enumerate(packed)),
            lines=loose,
        )
        told = through(syntax, "despatch", responses.despatch(made, state, NOW, levels=syntax == "x12"))
        assert isinstance(told, DespatchAdvice)
        wanted = [(label(n), g.line, g.quantity) for n, inside in enumerate(packed) for g in inside]
        wanted += [("", g.line, g.quantity) for g in loose]
        assert [(x.sscc, x.item.line, x.item.quantity) for x in told.lines()] == wanted
        assert {x.order_number for x in told.lines()} == {made.number}

    check()


def test_what_cannot_be_shipped_is_refused() -> None:
    state = Despatch(
        shipment="SH-1",
        shipped_on=TODAY,
        packages=(Package(sscc=label(1)[:-1] + "x", lines=(Goods(line="9", quantity=Decimal(0)),)),),
    )
    with pytest.raises(PartnerError) as refused:
        responses.despatch(order(Decimal(1)), state, NOW)
    assert [f.code for f in refused.value.findings] == ["line.unknown", "line.quantity", "despatch.sscc"]
    with pytest.raises(PartnerError, match="at least one line"):
        responses.despatch(order(Decimal(1)), Despatch(shipment="SH-1", shipped_on=TODAY), NOW)


def bill(quantities: list[Decimal], prices: list[Decimal], tax: Decimal) -> Bill:
    lines = tuple(
        Billed(line=str(n), quantity=q, unit_price=p, amount=(q * p).quantize(CENT, ROUND_HALF_UP))
        for n, (q, p) in enumerate(zip(quantities, prices, strict=True), 1)
    )
    net = sum((b.amount for b in lines), Decimal(0))
    return Bill(invoice="INV-7", issued_on=TODAY, lines=lines, net=net, tax=tax, total=net + tax, shipment="SH-1")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_invoice_asks_for_exactly_what_was_billed(syntax: str) -> None:
    money = st.integers(0, 10**6).map(lambda n: Decimal(n) / 100)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(PART.filter(bool), PRICE), min_size=1, max_size=5), money)
    def check(lines: list[tuple[Decimal, Decimal]], tax: Decimal) -> None:
        billed = bill([q for q, _ in lines], [p for _, p in lines], tax)
        made, kind = order(*(q for q, _ in lines)), "vat" if syntax == "edifact" else "state_and_local"
        told = through(syntax, "invoice", responses.invoice(made, billed, tax_kind=kind))
        assert isinstance(told, Invoice)
        assert (told.stated_total, told.stated_net) == (billed.total, billed.net)
        assert [(x.quantity, x.unit_price) for x in told.lines] == lines
        assert list(told.differences()) == []

    check()


def test_an_invoice_whose_sums_disagree_is_refused() -> None:
    right = bill([Decimal(3)], [Decimal("0.335")], Decimal("0.10"))
    assert right.total == Decimal("1.11")
    lines = (Billed(line="1", quantity=Decimal(3), unit_price=Decimal("0.335"), amount=Decimal("1.00")),)
    wrong = Bill(invoice="I", issued_on=TODAY, lines=lines, net=Decimal("1.01"), tax=Decimal("0.10"), total=Decimal(1))
    with pytest.raises(PartnerError) as refused:
        responses.invoice(order(Decimal(3)), wrong)
    assert [f.code for f in refused.value.findings] == ["invoice.line.amount", "invoice.net", "invoice.total"]
