"""X12: what is read, what is said about it, and what is answered."""

from datetime import datetime
from decimal import Decimal

import pytest

from crossdock.canonical.order import ItemScheme, PartyRole, Purpose
from crossdock.partners import Context, Decoded, Severity, decode
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.x12 import acknowledge, tokens

HEAD = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260102*0900*U*00401*000000007*0*P*>~"
GS = "GS*PO*SENDERGS*RECEIVERGS*20260102*0900*7*X*004010~"
BODY = (
    "BEG*00*SA*PO-1**20260102~CUR*BY*EUR~REF*DP*038~ITD*01*3*2**10**30~DTM*002*20260110~DTM*001*20260120~"
    "N9*L1*NOTE~MSG*Ring the bell~"
    "N1*BY*Buyer*91*C-9~N1*ST*Dock 5*92*N1~N2*North~N3*1 Dock Rd*Gate 2~N4*ATHENS*GA*30603~"
    "PO1*10*16*CA*12.34**BP*000111*VP*SKU-1*UP*002840022228~PID*F****Chips~"
    "PO1*20*2.5*EA***EN*4006381333931~CTP**NET*0.10~DTM*002*20260111~"
)
END = "GE*1*7~IEA*1*000000007~"


def x12(body: str = BODY, *, gs: str = GS, head: str = HEAD, end: str = END, ctt: str = "CTT*2~AMT*TT*197.69~") -> str:
    inner = body + ctt
    count = inner.count("~") + 2
    return f"{head}{gs}ST*850*0001~{inner}SE*{count}*0001~{end}"


def read(text: str | bytes, **context: object) -> list[Decoded]:
    raw = text.encode() if isinstance(text, str) else text
    return decode(raw, "f.edi", Context(adopt=True, **context))  # type: ignore[arg-type]


def errors(document: Decoded) -> list[str]:
    return [i.finding.code for i in document.of(Severity.ERROR)]


def answer(document: Decoded) -> str:
    assert isinstance(document.acknowledgement, acknowledge.Acknowledgement)
    return acknowledge.write(document.acknowledgement, acknowledge.Numbers(41, 42), datetime(2026, 1, 3, 10, 30))


def test_an_850_reads_as_the_order_its_sender_meant():
    [d] = read(x12())
    assert d.issues == ()
    order = d.order
    assert order is not None
    assert (order.number, order.purpose, order.currency) == ("PO-1", Purpose.ORIGINAL, "EUR")
    assert (str(order.ordered_on), str(order.requested_on), str(order.cancel_after)) == (
        "2026-01-02",
        "2026-01-10",
        "2026-01-20",
    )
    assert (order.payment_terms_days, order.notes) == (30, "Ring the bell")
    assert order.references == {"DP": "038", "L1": "NOTE"}
    assert order.stated_total == order.total == Decimal("197.69")
    first, second = order.lines
    assert [(i.scheme, i.value) for i in first.items] == [
        (ItemScheme.BUYER, "000111"),
        (ItemScheme.SUPPLIER, "SKU-1"),
        (ItemScheme.GTIN, "002840022228"),
    ]
    assert (first.number, first.quantity, first.unit, first.unit_price) == ("10", 16, "CA", Decimal("12.34"))
    assert first.description == "Chips"
    assert (second.unit_price, str(second.requested_on)) == (Decimal("0.10"), "2026-01-11")
    ship_to = order.party(PartyRole.SHIP_TO)
    assert ship_to is not None
    assert ship_to.address.name == "Dock 5 North"
    assert (ship_to.address.lines, ship_to.address.country) == (("1 Dock Rd", "Gate 2"), "US")


@pytest.mark.parametrize(
    "change",
    [
        lambda t: "\ufeff" + t,
        lambda t: "\r\n  " + t,
        lambda t: t.replace("~", "~\n"),
        lambda t: t.replace("~", "\r\n"),
        lambda t: t.replace("~", "\n"),
        lambda t: t.replace("*", "\t"),
        lambda t: t.replace("*", "|").replace("~", "…"),
        lambda t: t + "\x1a\0\r\n",
        lambda t: t.replace("SENDER         ", "SENDER").replace("          ", ""),
        lambda t: t.replace("*>~", "*~\n", 1).replace("~GS", "~\nGS").replace("004010~", "004010~\n"),
        lambda t: "\n".join(t[i : i + 80] for i in range(0, len(t), 80)),
    ],
    ids=["bom", "blanks", "lines", "crlf", "lf", "tabs", "ellipsis", "ctrl-z", "short", "no-isa16", "wrapped"],
)
def test_what_is_found_in_the_wild_reads_the_same(change):
    [plain], [changed] = read(x12()), read(change(x12()))
    assert changed.order == plain.order
    assert errors(changed) == []
    assert changed.interchange is not None
    assert plain.interchange is not None
    assert changed.interchange.control == plain.interchange.control


def test_cp1252_is_read_where_utf8_is_broken():
    [d] = read(x12(BODY.replace("Dock 5", "Café")).encode("cp1252"))
    assert d.order is not None
    assert d.order.parties[1].address.name == "Café North"


def test_segments_know_their_byte_even_in_wide_text():
    raw = ("\ufeff" + x12(BODY.replace("Buyer", "Bücher & Söhne"))).encode()
    [interchange], _ = tokens.read(raw)
    for s in interchange.segments:
        assert raw[s.offset :].decode().startswith(s.id)


def test_wrapped_text_keeps_its_byte_offsets():
    text = x12()
    raw = "\r\n".join(text[i : i + 80] for i in range(0, len(text), 80)).encode()
    [interchange], _ = tokens.read(raw)
    for s in interchange.segments:
        assert raw[s.offset :].replace(b"\r\n", b"").decode().startswith(s.id)


def test_the_repetition_separator_counts_only_from_00402():
    old, new = x12(), x12(head=HEAD.replace("*U*00401", "*^*00501"), gs=GS.replace("004010", "005010"))
    assert tokens.read(old.encode())[0][0].delimiters.repetition == ""
    assert tokens.read(new.encode())[0][0].delimiters.repetition == "^"
    assert read(new)[0].order == read(old)[0].order


def test_several_interchanges_and_sets_are_documents_in_order():
    two = x12() + x12(head=HEAD.replace("000000007", "000000008"), end=END.replace("000000007", "000000008"))
    assert [(d.index, d.interchange.control if d.interchange else "") for d in read(two)] == [
        (0, "000000007"),
        (1, "000000008"),
    ]


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (lambda t: t.replace("SE*", "XX*"), "x12.se.missing", "AK5*R*2"),
        (lambda t: t.replace("SE*22", "SE*9"), "x12.se01.count", "AK5*R*4~"),
        (lambda t: t.replace("*0001~GE", "*0002~GE"), "x12.se02.control", "AK5*R*3~"),
        (lambda t: t.replace("GE*1*", "GE*3*"), "x12.ge01.count", "AK9*R*3*1*0*5~"),
        (lambda t: t.replace("GE*1*7", "GE*1*8"), "x12.ge02.control", "AK9*R*1*1*0*4~"),
        (lambda t: t.replace("GE*1*7~", ""), "x12.ge.missing", "AK9*R*1*1*0*3~"),
        (lambda t: t.replace("004010", "009999"), "x12.gs08.version", "AK9*R*1*1*0*2~"),
        (
            lambda t: t.replace("IEA*1*000000007", "IEA*1*000000009"),
            "x12.iea02.control",
            "TA1*000000007*260102*0900*R*001~",
        ),
        (lambda t: t.replace("IEA*1", "IEA*2"), "x12.iea01.count", "*R*021~"),
        (lambda t: t.replace("IEA*1*000000007~", ""), "x12.iea.missing", "*R*023~"),
        (lambda t: t.replace(GS, "").replace("GE*1*7~", ""), "x12.gs.missing", "*R*024~"),
        (
            lambda t: t.replace("BEG*00*SA*PO-1**20260102~", "").replace("SE*22", "SE*21"),
            "x12.beg.missing",
            "AK3*BEG*2**3~AK5*R*5~",
        ),
        (
            lambda t: t.replace("PO-1**20260102", "PO-1**20261340"),
            "x12.beg05.date",
            "AK3*BEG*2**8~AK4*5*373*8*20261340~AK5*R*5~",
        ),
        (lambda t: t.replace("PO1*10*16", "PO1*10*1O0"), "x12.po102.character", "AK4*2*330*6*1O0~"),
        (lambda t: t.replace("BEG*00", "BEG*99"), "x12.beg01.code", "AK4*1*353*7*99~"),
        (lambda t: t.replace("*VP*SKU-1", "*VP*"), "x12.po109.condition", "AK4*9*234*2~"),
        (lambda t: t.replace("CUR*BY*EUR", "CUR*BY*EURO"), "x12.cur02.long", "AK4*2*100*5*EURO~"),
        (
            lambda t: t.replace("BEG*00*SA*PO-1**20260102~", "BEG*00*SA***20260102~"),
            "x12.beg03.missing",
            "AK4*3*324*1~",
        ),
    ],
)
def test_each_fault_is_named_and_acknowledged_by_its_code(change, code, told):
    d = read(change(x12()))[0]
    assert code in errors(d)
    assert told in answer(d)
    where = next(i.finding for i in d.issues if i.finding.code == code)
    assert where.expected
    assert where.found
    assert where.fix
    assert "byte" in where.where


def test_all_faults_are_reported_not_only_the_first():
    text = x12().replace("PO1*10*16", "PO1*10*x").replace("PO1*20*2.5", "PO1*20*y").replace("IEA*1", "IEA*4")
    assert errors(read(text)[0]) == ["x12.iea01.count", "x12.po102.character", "x12.po102.character"]


def test_the_second_set_of_one_number_is_refused_and_the_first_accepted():
    one = x12()
    start, stop = one.index("ST*850"), one.index("GE*1")
    first, second = read(one[:stop] + one[start:stop] + one[stop:].replace("GE*1", "GE*2"))
    assert errors(first) == []
    assert errors(second) == ["x12.st02.duplicate"]
    assert "AK5*A~AK2*850*0001~AK5*R*23~AK9*P*2*2*1~" in answer(first)


def test_a_segment_we_do_not_know_is_accepted_with_errors():
    [d] = read(x12(BODY.replace("CUR*BY*EUR~", "CUR*BY*EUR~BAL*M*J9*4.44~")))
    assert errors(d) == []
    assert d.order is not None
    assert "AK3*BAL*4**6~AK5*E*5~AK9*E*1*1*1~" in answer(d)


def test_a_forgotten_terminator_is_said_as_such():
    [d] = read(x12().replace("~", "~\n").replace("PID*F****Chips~\n", "PID*F****Chips\n"))
    [finding] = [i.finding for i in d.issues if i.finding.code.startswith("x12.pid")]
    assert finding.found == "PO1 directly after it"


def test_an_acknowledgement_is_never_acknowledged():
    text = HEAD.replace("*0*P", "*1*P") + GS.replace("GS*PO", "GS*FA") + "ST*997*0001~AK1*PO*1~SE*3*0001~" + END
    [d] = read(text)
    assert d.type == "997"
    assert d.acknowledgement is None


def test_a_requested_ta1_says_that_all_is_well():
    [d] = read(x12(head=HEAD.replace("*0*P", "*1*P")))
    assert "TA1*000000007*260102*0900*A*000~GS*FA*" in answer(d)


def test_a_997_reads_back_as_x12_addressed_to_the_sender():
    back = tokens.read(answer(read(x12())[0]).encode())[0][0].segments
    isa = back[0]
    assert (isa.at(5), isa.at(6), isa.at(8), isa.at(13)) == ("ZZ", "RECEIVER", "SENDER", "000000041")
    assert [s.id for s in back] == ["ISA", "GS", "ST", "AK1", "AK2", "AK5", "AK9", "SE", "GE", "IEA"]
    assert back[1].elements[:3] == ("FA", "RECEIVERGS", "SENDERGS")


def test_what_an_order_cannot_hold_yet_waits_for_a_person():
    [several] = read(x12(BODY.replace("PID*F****Chips~", "SCH*8*EA***002*20260110~SCH*8*EA***002*20260210~")))
    [count] = read(x12(ctt="CTT*3~"))
    held = [[i.finding.code for i in d.of(Severity.HOLD)] for d in (several, count)]
    assert held == [["order.line.schedules"], ["x12.ctt01.count"]]


def test_currency_is_the_partners_where_the_document_names_none():
    partner = Profile(id="p", name="P", customer_id="C-1", identifiers=(Identifier("ZZ", "SENDER"),), currency="CAD")
    [d] = decode(x12(BODY.replace("CUR*BY*EUR~", "")).encode(), "f", Context(profiles=(partner,)))
    assert d.order is not None
    assert (d.order.currency, d.customer_id) == ("CAD", "C-1")


def test_a_huge_element_is_one_bounded_error():
    [d] = read(x12(BODY.replace("Dock 5", "X" * 300_000)))
    assert errors(d) == ["x12.n102.long"]
    assert all(len(str(i.finding)) < 600 for i in d.issues)
    assert len(answer(d)) < 1000


def test_text_between_two_interchanges_does_not_swallow_the_second():
    two = HEAD.replace("000000007", "000000008"), END.replace("000000007", "000000008")
    first, second = read(x12() + "-- end of message 1 --\n" + x12(head=two[0], end=two[1]))
    assert "x12.segment.outside" in errors(first)
    assert errors(second) == []
    assert second.order is not None


def split(sdq: str) -> Decoded:
    [d] = read(x12(f"BEG*00*SA*PO-1**20260102~CUR*BY*EUR~PO1*1*192*EA*1**VP*SKU-1~{sdq}", ctt="CTT*1~"))
    return d


def test_quantities_by_destination_are_read() -> None:
    d = split("SDQ*EA*92*0001*120*0002*72~")
    assert d.order is not None
    assert [(s.ship_to, s.scheme, s.quantity, s.unit) for s in d.order.lines[0].splits] == [
        ("0001", "assigned_by_buyer", 120, "EA"),
        ("0002", "assigned_by_buyer", 72, "EA"),
    ]
    assert d.of(Severity.HOLD) == ()


@pytest.mark.parametrize("sdq", ["SDQ*EA*92*0001*10~", "SDQ*KG*92*0001*192~"])
def test_places_that_do_not_add_up_to_their_line_are_told(sdq: str) -> None:
    assert "order.line.splits" in {i.finding.code for i in split(sdq).of(Severity.HOLD)}


def test_places_may_be_counted_in_another_unit_of_the_line() -> None:
    assert "order.line.splits" not in {i.finding.code for i in split("SDQ*DZ*92*0001*10*0002*6~").issues}
