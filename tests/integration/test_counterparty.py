"""An independent trading partner (mock-edi) reads what we write and answers; we read and acknowledge its answers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from mockedi.testing import Mock

from crossdock.canonical.acknowledgement import FunctionalAcknowledgement
from crossdock.canonical.acknowledgement import Outcome as Verdict
from crossdock.canonical.change import ChangeAction, ChangeLine, OrderChange
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order import Address, ItemId, ItemScheme, OrderLine, Party, PartyRole, PurchaseOrder
from crossdock.canonical.response import LineStatus, OrderResponse, Outcome, ResponseLine, ResponseStatus
from crossdock.partners import Context, Decoded, Severity, decode
from crossdock.partners.edi import outbound
from crossdock.partners.profiles import Identifier
from crossdock.partners.x12 import acknowledge
from crossdock.partners.x12 import write as x12

NOW = datetime(2026, 11, 23, 9, 0)
ORDER = PurchaseOrder(
    number="4500000042",
    ordered_on=date(2026, 11, 20),
    currency="USD",
    parties=(
        Party(
            role=PartyRole.SHIP_TO,
            id="4012345000009",
            scheme="gln",
            address=Address(
                name="Dock 5", lines=("1 Dock Rd",), city="Athens", region="GA", postal_code="30603", country="US"
            ),
        ),
    ),
    lines=(
        OrderLine(
            number="1",
            items=(ItemId(scheme=ItemScheme.SUPPLIER, value="WIDGET-001"),),
            quantity=Decimal(100),
            unit="EA",
            unit_price=Decimal("12.50"),
        ),
        OrderLine(
            number="2",
            items=(ItemId(scheme=ItemScheme.SUPPLIER, value="BOLT*9"),),  # with what delimits elements elsewhere
            quantity=Decimal(7),
            unit="EA",
            unit_price=Decimal("0.35"),
        ),
    ),
)


@pytest.fixture
def partner() -> Iterator[Any]:
    with Mock.start() as mock:
        yield mock


def answers(partner: Any) -> dict[str, Decoded]:
    """What the partner sent, each read without a fault."""
    partner.settle()
    found: dict[str, Decoded] = {}
    for message in partner.mailbox():
        [d] = decode(message["payload"].encode(), "answer", Context(adopt=True))
        assert d.of(Severity.ERROR) == (), message["payload"]
        found[d.type] = d
    return found


def address(name: str) -> x12.Address:
    return x12.Address(sender=Identifier("ZZ", name), receiver=Identifier("ZZ", "MOCKEDI"), test=True)


def check(response: Decoded, advice: Decoded, invoice: Decoded) -> None:
    assert isinstance(response.content, OrderResponse)
    assert [line.quantity for line in response.content.lines] == [100, 7]
    assert isinstance(advice.content, DespatchAdvice)
    [line] = advice.content.lines()
    assert (line.order_number, line.item.quantity) == (response.content.order_number, 100)
    assert isinstance(invoice.content, Invoice)
    assert invoice.content.stated_total == invoice.content.due == Decimal("1250.00")


def test_an_order_in_x12_is_answered_and_its_answers_are_acknowledged(partner: Any):
    document = outbound.document("x12-850", ORDER)
    sent = partner.send(outbound.x12([document], address("ACME"), x12.Numbers(interchange=1, group=1, sets=(1,)), NOW))
    assert sent["accepted"]
    got = answers(partner)
    told = got["997"].content
    assert isinstance(told, FunctionalAcknowledgement)
    assert told.groups[0].outcome is Verdict.ACCEPTED
    check(got["855"], got["856"], got["810"])
    said = got["855"].content
    assert isinstance(said, OrderResponse)
    assert [o.status for line in said.lines for o in line.outcomes] == [LineStatus.ACCEPTED, LineStatus.REJECTED]
    numbers = count(50)
    for kind in ("855", "856", "810"):
        plan, n = got[kind].acknowledgement, next(numbers)
        assert isinstance(plan, acknowledge.Acknowledgement)
        text = acknowledge.write(plan, acknowledge.Numbers(n, n), NOW)
        assert partner.send(text.encode())["accepted"], text


def test_an_order_in_edifact_is_answered(partner: Any):
    partner.post("/_mock/partners", {"id": "EUROCO", "dialect": "EDIFACT"})
    # its code list has PCE, not EA
    order = replace(ORDER, lines=tuple(replace(line, unit="PCE") for line in ORDER.lines))
    document = outbound.document("edifact-orders", order)
    assert partner.send(outbound.edifact_interchange([document], address("EUROCO"), 1, [1], NOW))["accepted"]
    got = answers(partner)
    told = got["CONTRL"].content
    assert isinstance(told, FunctionalAcknowledgement)
    assert [s.outcome for s in told.sets] == [Verdict.ACCEPTED]
    check(got["ORDRSP"], got["DESADV"], got["INVOIC"])


@pytest.mark.parametrize(("dialect", "kind"), [("X12", "860"), ("EDIFACT", "ORDCHG")])
def test_a_buyers_change_is_read_and_its_answer_is_accepted(partner: Any, dialect: str, kind: str) -> None:
    partner.post("/_mock/partners", {"id": "SUPPLIER", "dialect": dialect, "role": "supplier"})
    lines = [{"sku": "WIDGET-001", "quantity": 100, "price": "12.50"}]
    assert partner.post("/_mock/purchase", {"partner": "SUPPLIER", "po_number": "P-1", "lines": lines}).status == 201
    asked = {"partner": "SUPPLIER", "lines": [{"line": "1", "quantity": 80}]}
    assert partner.post("/_mock/purchase/P-1/change", asked).status == 200
    change = answers(partner)[kind].content
    assert isinstance(change, OrderChange)
    assert (change.order_number, change.cancels) == ("P-1", False)
    [line] = change.lines
    assert (line.number, line.action, line.new_quantity) == ("1", ChangeAction.CHANGE, 80)
    assert line.new_price == Decimal("12.50")

    accepted = Outcome(status=LineStatus.ACCEPTED, quantity=line.quantity, unit=line.unit)
    response = OrderResponse(
        order_number="P-1",
        sequence=change.sequence if dialect == "X12" else "",
        status=ResponseStatus.ACCEPTED,
        number="SO-1",
        issued_on=date(2026, 11, 23),
        ordered_on=date(2026, 11, 23),
        currency="USD",
        lines=(
            ResponseLine(
                number="1",
                items=line.items,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                action=line.action if dialect == "X12" else None,
                status=LineStatus.ACCEPTED if dialect == "EDIFACT" else None,
                outcomes=(accepted,),
            ),
        ),
    )
    who = address("SUPPLIER")
    if dialect == "X12":
        document = outbound.document("x12-865", response)
        raw = outbound.x12([document], who, x12.Numbers(interchange=7, group=7, sets=(7,)), NOW)
    else:
        document = outbound.document("edifact-ordrsp", response)
        raw = outbound.edifact_interchange([document], who, 7, [7], NOW)
    assert partner.send(raw)["accepted"], raw
    answer = answers(partner)["997" if dialect == "X12" else "CONTRL"].content
    assert isinstance(answer, FunctionalAcknowledgement)
    told = answer.groups[0].sets if dialect == "X12" else answer.sets
    assert [s.outcome for s in told] == [Verdict.ACCEPTED]


def test_our_change_of_an_order_is_read_by_its_seller(partner: Any) -> None:
    line = ChangeLine(
        number="1",
        action=ChangeAction.CHANGE,
        quantity=Decimal(80),
        unit="EA",
        unit_price=Decimal("12.50"),
        items=ORDER.lines[0].items,
    )
    change = OrderChange(order_number=ORDER.number, sequence="1", ordered_on=ORDER.ordered_on, lines=(line,))
    for number, (map_id, content) in enumerate((("x12-850", ORDER), ("x12-860", change)), 1):
        document = outbound.document(map_id, content)
        numbers = x12.Numbers(interchange=number, group=number, sets=(number,))
        assert partner.send(outbound.x12([document], address("ACME"), numbers, NOW))["accepted"]
    told = answers(partner)["997"].content  # the last one it sent
    assert isinstance(told, FunctionalAcknowledgement)
    assert [(s.type, s.outcome) for s in told.groups[0].sets] == [("860", Verdict.ACCEPTED)]
