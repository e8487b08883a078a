"""An independent trading partner (mock-edi) reads what we write and answers; we read and acknowledge its answers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from mockedi.testing import Mock

from crossdock.canonical.acknowledgement import FunctionalAcknowledgement, Outcome
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order import Address, ItemId, ItemScheme, OrderLine, Party, PartyRole, PurchaseOrder
from crossdock.canonical.response import LineStatus, OrderResponse
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
    assert told.groups[0].outcome is Outcome.ACCEPTED
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
    assert [s.outcome for s in told.sets] == [Outcome.ACCEPTED]
    check(got["ORDRSP"], got["DESADV"], got["INVOIC"])
