"""Guides: loops, limits, qualifiers, trees; and the code each acknowledgement has for each fault."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from crossdock.canonical.acknowledgement import FunctionalAcknowledgement, Outcome
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.order import PurchaseOrder
from crossdock.canonical.response import OrderResponse
from crossdock.partners import Context, Decoded, Severity, decode
from crossdock.partners.edi import guide
from crossdock.partners.edi.faults import CODES, Codes, Kind
from crossdock.partners.edifact import contrl
from crossdock.partners.x12 import acknowledge
from crossdock.partners.x12 import guide as x12_guide

HEAD = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260102*0900*U*00501*000000007*0*P*>~"
SHIPMENT = (
    "BSN*00*S-1*20260102*0900*0001~HL*1**S*1~TD1*CTN25*2****G*45.5*LB~TD5*B*2*JBHT*M*J.B. Hunt~REF*BM*B-77~"
    "DTM*011*20260102~N1*SF*Warehouse*UL*4012345000009~HL*2*1*O*1~PRF*PO-1***20251201~"
    "HL*3*2*P*1~MAN*GM*000123456000000018~HL*4*3*I*0~LIN*1*UP*012345678905*LT*L-9~SN1**4*EA**5*EA~"
    "HL*5*2*P*1~MAN*GM*00123456000000025~HL*6*5*I*0~LIN*2*VP*SKU-2~SN1**6*EA~CTT*6*10~"
)
RESPONSE = (
    "BAK*00*AC*PO-1*20260101~CUR*SE*EUR~DTM*068*20260110~PO1*1*16*CA*12.34**VP*SKU-1~ACK*IA*10*CA*068*20260110~"
    "ACK*IB*6*CA~PO1*2*4*EA*1**VP*SKU-2~ACK*R1~CTT*2~"
)


def x12(kind: str, function: str, body: str, version: str = "004010") -> str:
    count = body.count("~") + 2
    group = f"GS*{function}*S*R*20260102*0900*7*X*{version}~"
    return f"{HEAD}{group}ST*{kind}*0001~{body}SE*{count}*0001~GE*1*7~IEA*1*000000007~"


def edifact(kind: str, body: str, unb: str = "UNB+UNOC:3+A:14+B:14+260101:1200+R1++++1'") -> str:
    count = body.count("'") + 2
    return f"UNA:+.? '{unb}UNH+1+{kind}:D:96A:UN'{body}UNT+{count}+1'UNZ+1+R1'"


ORDERS = "BGM+220+PO-1+9'DTM+137:20260101:102'NAD+BY+4012345000009::9'LIN+1++4012345678901:SRV'QTY+21:8:PCE'UNS+S'"


def read(text: str) -> Decoded:
    return decode(text.encode(), "f", Context(adopt=True))[0]


def errors(d: Decoded) -> list[str]:
    return [i.finding.code for i in d.of(Severity.ERROR)]


def functional(d: Decoded, kind: str = "997") -> str:
    assert isinstance(d.acknowledgement, acknowledge.Acknowledgement)
    return acknowledge.write(d.acknowledgement, acknowledge.Numbers(1, 2, (3,)), datetime(2026, 1, 3), kind)


def control(d: Decoded) -> str:
    assert isinstance(d.acknowledgement, contrl.Contrl)
    return contrl.write(d.acknowledgement, 5, 6, datetime(2026, 1, 3)).decode()


def test_a_shipment_is_the_tree_its_levels_name():
    d = read(x12("856", "SH", SHIPMENT))
    assert errors(d) == []
    said = d.content
    assert isinstance(said, DespatchAdvice)
    first, second = said.lines()
    # the application identifier (00) in front of an SSCC is no part of it
    assert (first.order_number, first.sscc, first.item.quantity, first.item.ordered) == (
        "PO-1",
        "000123456000000018",
        Decimal(4),
        Decimal(5),
    )
    assert (second.sscc, second.item.items[0].value) == ("00123456000000025", "SKU-2")
    assert [u.level for u in said.walk()] == ["shipment", "order", "pack", "item", "pack", "item"]
    assert [(a.kind, a.value) for a in first.item.attributes] == [("LT", "L-9")]
    shipment = said.units[0]
    assert (shipment.packages[0].weight, shipment.carriers[0].id) == (Decimal("45.5"), "JBHT")


@pytest.mark.parametrize(
    ("change", "code", "rejects"),
    [
        (("HL*4*3*I", "HL*4*9*I"), "x12.hl02.tree", True),  # names a parent that does not exist
        (("HL*5*2*P", "HL*3*2*P"), "x12.hl01.tree", True),  # a number used twice
        (("HL*5*2*P*1", "HL*5*2*P*0"), "x12.hl04.tree", False),  # says it has no children, and has
        (("HL*2*1*O", "HL*2**O"), "x12.hl03.tree", False),  # an order at the top
    ],
)
def test_levels_that_do_not_fit_are_told(change: tuple[str, str], code: str, rejects: bool):
    d = read(x12("856", "SH", SHIPMENT.replace(*change)))
    assert code in {i.finding.code for i in d.issues}
    assert (code in errors(d)) == rejects
    if rejects:
        assert "AK3*HL*" in functional(d)


def test_several_outcomes_of_a_line_are_kept_apart():
    d = read(x12("855", "PR", RESPONSE))
    assert errors(d) == []
    assert isinstance(d.content, OrderResponse)
    first, second = d.content.lines
    assert [(o.status, o.quantity, str(o.on)) for o in first.outcomes] == [
        ("accepted", 10, "2026-01-10"),
        ("backordered", 6, "None"),
    ]
    assert [(o.status, o.code) for o in second.outcomes] == [("rejected", "R1")]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda b: b.replace("BAK*00*AC*PO-1*20260101~", ""), "AK3*BAK*2**3~"),
        (lambda b: b.replace("CUR*SE*EUR~", "CUR*SE*EUR~CUR*SE*EUR~"), "AK3*CUR*4**5~"),
        (lambda b: b.replace("CUR*SE*EUR~", "XYZ*1~CUR*SE*EUR~"), "AK3*XYZ*3**6~"),
        (lambda b: b.replace("CUR*SE*EUR~DTM*068*20260110~", "DTM*068*20260110~CUR*SE*EUR~"), "AK3*CUR*4**7~"),
        (lambda b: b.replace("CTT*2~", "CTT*2~ACK*IA~"), "AK3*ACK*11**2~"),
        (lambda b: b.replace("*PO-1*", "**"), "AK4*3*324*1~"),
        (lambda b: b.replace("ACK*IB*6*CA", "ACK*IB*6"), "AK4*3*355*2~"),
        (lambda b: b.replace("CTT*2", "CTT*2*1*1*LB*1*CF*x*y"), "AK4*8**3*y~"),
        (lambda b: b.replace("CUR*SE*EUR", "CUR*SE*EU"), "AK4*2*100*4*EU~"),
        (lambda b: b.replace("CUR*SE*EUR", "CUR*SE*EURO"), "AK4*2*100*5*EURO~"),
        (lambda b: b.replace("*16*CA", "*1o*CA"), "AK4*2*330*6*1o~"),
        (lambda b: b.replace("BAK*00*AC", "BAK*00*QQ"), "AK4*2*587*7*QQ~"),
        (lambda b: b.replace("DTM*068*20260110", "DTM*068*20260230"), "AK4*2*373*8*20260230~"),
        (lambda b: b.replace("DTM*068*20260110", "DTM*068*20260110*9999"), "AK4*3*337*9*9999~"),
    ],
)
def test_each_fault_has_its_code_in_997_and_999(change: Callable[[str], str], told: str):
    d = read(x12("855", "PR", change(RESPONSE), "005010"))
    text = functional(d)
    assert told in text
    guided = functional(d, "999")
    assert told.replace("AK3*", "IK3*").replace("AK4*", "IK4*") in guided
    assert "ST*999*0003*005010X231A1~AK1*PR*7*005010~AK2*855*0001~" in guided
    assert "~IK5*" in guided
    # our own acknowledgements are read by the guide we hold others to
    for written in (text, guided):
        back = read(written)
        assert errors(back) == []
        assert isinstance(back.content, FunctionalAcknowledgement)


def test_a_999_is_written_only_from_005010_on():
    assert "ST*997*" in functional(read(x12("855", "PR", RESPONSE)), "999")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t, "UCI+R1+A:14+B:14+7'UCM+1+ORDERS:D:96A:UN+7'UNT"),
        (lambda t: t.replace("UNT+8+1", "UNT+9+1"), "UCM+1+ORDERS:D:96A:UN+4+29'UNT"),
        (lambda t: t.replace("UNT+8+1", "UNT+8+2"), "UCM+1+ORDERS:D:96A:UN+4+28'UNT"),
        (lambda t: t.replace("UNZ+1+R1", "UNZ+2+R1"), "UCI+R1+A:14+B:14+4+29'UNT"),
        (lambda t: t.replace("UNZ+1+R1'", ""), "UCI+R1+A:14+B:14+4+13+UNZ'UNT"),
        (lambda t: t.replace("BGM+220+PO-1+9'", "").replace("UNT+8", "UNT+7"), "UCS+2+13'"),
        (lambda t: t.replace("UNS+S'", "UNS+S'UNS+S'").replace("UNT+8", "UNT+9"), "UCS+8+35'"),
        (lambda t: t.replace("QTY+21:8", "QTY+21:8x"), "UCS+6'UCD+37+1:2'"),
        (lambda t: t.replace("NAD+BY+", "NAD+BYER+"), "UCS+4'UCD+39+1'"),
        (lambda t: t.replace("UNS+S", "UNS+Q"), "UCS+7'UCD+12+1'"),
        (lambda t: t.replace("DTM+137:20260101:102", "DTM"), "UCS+3'UCD+13+1'"),
    ],
)
def test_contrl_tells_each_fault_by_its_code(change: Callable[[str], str], told: str):
    d = read(change(edifact("ORDERS", ORDERS)))
    text = control(d)
    assert told in text
    back = read(text)
    assert (back.type, errors(back)) == ("CONTRL", [])
    assert isinstance(back.content, FunctionalAcknowledgement)
    wanted = Outcome.REJECTED if "UCI+R1+A:14+B:14+4" in text else Outcome.ACCEPTED
    assert back.content.interchanges[0].outcome is wanted
    assert back.acknowledgement is None  # never acknowledge an acknowledgement


def test_a_sound_interchange_is_acknowledged_only_when_the_sender_asks():
    d = read(edifact("ORDERS", ORDERS, "UNB+UNOC:3+A:14+B:14+260101:1200+R1'"))
    assert (errors(d), d.acknowledgement) == ([], None)


def test_the_table_of_codes_is_complete():
    assert set(CODES) == set(Kind)
    assert CODES[Kind.MISSING] == Codes("3", "3", "13")
    assert CODES[Kind.REPEATED] == Codes("5", "5", "35")
    assert CODES[Kind.LOOP_REPEATED] == Codes("4", "4", "36")
    assert CODES[Kind.COMPONENTS] == Codes("3", "13", "16")


def test_orders_reads_as_a_purchase_order():
    body = ORDERS.replace("LIN+1", "DTM+2:20260110:102'RFF+CT:K-9'CUX+2:EUR:9'LIN+1").replace(
        "UNS+S'", "PRI+AAA:1.25'PIA+5+SKU?+1:SA'UNS+S'MOA+86:10'CNT+2:1'"
    )
    d = read(edifact("ORDERS", body))
    order = d.order
    assert isinstance(order, PurchaseOrder)
    assert errors(d) == []
    assert (order.number, order.currency, str(order.requested_on)) == ("PO-1", "EUR", "2026-01-10")
    assert (order.total, order.stated_total) == (Decimal("10.00"), Decimal(10))
    assert [(i.scheme, i.value) for i in order.lines[0].items] == [("gtin", "4012345678901"), ("supplier", "SKU+1")]


def test_a_partners_guide_may_ask_for_more():
    declared = guide.parse(
        {
            "id": "acme-855",
            "syntax": "x12",
            "set": "855",
            "function": "PR",
            "versions": "00",
            "structure": [
                "ST M1",
                "BAK M1",
                "REF[1=DP] M1",
                "REF[1=IA] 1",
                {"PO1": {"max": 1, "segments": ["PO1 M1"]}},
                "SE M1",
            ],
            "segments": {"PO1": {"codes": {6: ["VP"]}}},
        }
    )
    from crossdock.partners.x12 import envelope, tokens

    body = "BAK*00*AC*PO-1*20260101~REF*IA*1~PO1*1*1*EA*1**UP*012345678905~PO1*2*1*EA*1**VP*A~"
    [interchange] = tokens.read(x12("855", "PR", body).encode())[0]
    [one] = envelope.check(interchange).groups[0].sets
    told = [(f.issue.finding.code, f.code) for f in x12_guide.check(declared, one, ">")]
    assert told == [("x12.ref.missing", "3"), ("x12.po106.code", "7"), ("x12.po1.repeated", "4")]
