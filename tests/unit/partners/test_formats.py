"""JSON, tables, EDIFACT, XML, and telling them apart."""

import io
import zipfile
from decimal import Decimal

import pytest

from crossdock import exactjson
from crossdock.canonical.order import PartyRole, Purpose
from crossdock.errors import PartnerError
from crossdock.partners import Context, Decoded, Format, Severity, decode, profiles, sniff
from crossdock.partners.intake import written
from crossdock.partners.profiles import ANY, Identifier, Mode, Profile
from crossdock.partners.tabular import map as maps

ORDER = {
    "customer_id": "C-0001",
    "po": "4500012",
    "currency": "USD",
    "requested_on": "2026-01-10",
    "ship_to": {
        "name": "Dock",
        "lines": ["1 Rd"],
        "city": "Athens",
        "region": "GA",
        "postal_code": "30603",
        "country": "US",
    },
    "lines": [{"line": "1", "sku": "SKU-1", "quantity": 3, "unit": "EA", "unit_price": Decimal("0.10")}],
}


def read(raw: bytes | str, **context: object) -> list[Decoded]:
    data = raw.encode() if isinstance(raw, str) else raw
    return decode(data, "f", Context(**{"adopt": True, **context}))  # type: ignore[arg-type]


def codes(d: Decoded, severity: Severity = Severity.ERROR) -> list[tuple[str, str]]:
    return [(i.finding.code, i.finding.where) for i in d.of(severity)]


def json(**changes: object) -> bytes:
    return exactjson.dumps({**ORDER, **changes})


def test_a_json_order_is_read_exactly_and_written_back_the_same():
    [d] = read(json())
    assert d.issues == ()
    assert d.order is not None
    assert d.order.total == Decimal("0.30")
    assert d.customer_id == "C-0001"
    ship_to = d.order.party(PartyRole.SHIP_TO)
    assert ship_to is not None
    assert ship_to.address.city == "Athens"
    [again] = read(exactjson.dumps(written(d.order)))
    assert again.order == d.order


def test_several_json_orders_are_documents_of_one_file():
    assert [d.po for d in read(exactjson.dumps({"orders": [ORDER, {**ORDER, "po": "2"}]}))] == ["4500012", "2"]
    assert [d.po for d in read(exactjson.dumps([ORDER]))] == ["4500012"]


def test_each_json_fault_has_its_pointer():
    line = {"quantity": "x", "unit_price": -1, "sku": "A"}
    [d] = read(exactjson.dumps([{**ORDER, "lines": [line, {"sku": "B", "quantity": 0}], "requested_on": "2026-02-30"}]))
    assert codes(d) == [
        ("json.number", "/0/lines/0/quantity"),
        ("json.number", "/0/lines/0/unit_price"),
        ("json.number", "/0/lines/1/quantity"),
        ("json.date", "/0/requested_on"),
    ]
    [d] = read(exactjson.dumps({"po": "1", "lines": [{"quantity": 1}], "extra": 1}))
    assert codes(d) == [("json.unknown", "/"), ("order.line.item", "/lines/0")]


def test_broken_json_says_where():
    [d] = read('{"po": "1",\n "lines": [}')
    assert codes(d) == [("json.malformed", "line 2, column 12")]


@pytest.mark.parametrize("number", ["1e999999", "1E-999999", "123456789012345678", "NaN", '"1e5"', "true"])
def test_numbers_no_order_needs_are_refused(number: str):
    [d] = read('{"customer_id":"C","po":"1","lines":[{"sku":"A","quantity":%s}]}' % number)  # noqa: UP031
    assert d.order is None
    assert len(d.of(Severity.ERROR)) == 1


def test_a_partner_orders_for_itself_unless_it_may_name_others():
    own = Profile(id="p", name="P", customer_id="C-0002")
    hub = Profile(id="h", name="H", customer_id=ANY)
    [other] = read(json(), partner=own)
    assert codes(other, Severity.HOLD) == [("customer.other", "/customer_id")]
    [named] = read(json(), partner=hub)
    assert (named.issues, named.customer_id) == ((), "C-0001")


CSV = "PO Number,Customer,Item,Qty,UoM,Unit Price\nP1,C-1,A-01,2,EA,1.50\nP1,C-1,00012,1,CS,10\nP2,C-1,B,5,EA,\n"


def test_rows_with_one_order_number_are_one_order():
    first, second = read(CSV)
    assert first.order is not None
    assert (first.po, first.total, [x.items[0].value for x in first.order.lines]) == ("P1", 13, ["A-01", "00012"])
    assert (second.po, second.total) == ("P2", None)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.encode("utf-8-sig"),
        lambda t: t.encode("utf-16"),
        lambda t: t.replace(",", ";").encode(),
        lambda t: t.replace(",", "\t").replace("\n", "\r\n").encode(),
        lambda t: ("Orders of the week,,,,,\n\n" + t).encode(),
        lambda t: t.replace("PO Number", "P.O. number").replace("Qty", "QTY").encode(),
        lambda t: t.replace("A-01", '"A-01"').encode(),
    ],
    ids=["bom", "utf16", "semicolon", "tab", "title", "header", "quotes"],
)
def test_dialects_read_the_same(change):
    assert [d.order for d in read(change(CSV))] == [d.order for d in read(CSV)]


def test_decimal_commas_and_german_dates_are_read_by_their_map():
    text = "Bestellnummer;Kunde;Artikel;Menge;Preis;Liefertermin;Bezeichnung\nB1;K1;A;1.250,5;0,10;31.12.2026;Größe\n"
    [d] = read(text.encode("cp1252"))
    assert d.issues == ()
    assert d.order is not None
    line = d.order.lines[0]
    assert (line.quantity, line.unit_price, str(line.requested_on)) == (
        Decimal("1250.5"),
        Decimal("0.10"),
        "2026-12-31",
    )
    assert (line.description, d.order.currency) == ("Größe", "EUR")


def test_each_fault_of_a_table_names_row_and_column():
    bad = CSV.replace("A-01,2", "A-01,two").replace("00012,1,CS,10", ",1,CS,x") + "P3,C-1,D,-1,EA,1\n"
    first, _, third = read(bad)
    assert codes(first) == [
        ("order.line.quantity", "row 2, column 'Qty'"),
        ("order.line.item", "row 3, column 'Item'"),
        ("order.line.price", "row 3, column 'Unit Price'"),
    ]
    assert codes(third) == [("order.line.quantity", "row 5, column 'Qty'")]


def test_a_table_no_map_knows_is_held_not_guessed():
    [d] = read("a,b,c\n1,2,3\n")
    assert codes(d, Severity.HOLD) == [("map.unknown", "row 1")]


def test_a_cancelling_number_cancels_what_it_names():
    rows = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    [d] = read(rows + "C489449,22087,BUNTING,-12,2009-12-01 10:33:00,2.95,16321,Australia\n")
    assert d.order is not None
    assert (d.order.purpose, d.po, d.order.lines[0].quantity) == (Purpose.CANCELLATION, "489449", 12)


def test_invoices_of_online_retail_are_orders_to_the_customers_own_address():
    head = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    sale = "489434,79323P,PINK CHERRY LIGHTS,12,2009-12-01 07:45:00,6.75,13085,United Kingdom\n"
    gift = "489434,22076,6 RIBBONS,1,2009-12-01 07:45:00,0.0,13085,United Kingdom\n"
    back = "C489449,22087,PAPER BUNTING,-12,2009-12-01 10:33:00,2.95,16321,Australia\n"
    bought, returned = (d.order for d in read(head + sale + gift + back))
    assert bought is not None
    assert returned is not None
    assert (bought.number, bought.currency, bought.party(PartyRole.SHIP_TO)) == ("489434", "GBP", None)
    assert [(n.quantity, n.unit, n.unit_price) for n in bought.lines] == [(12, "EA", Decimal("6.75")), (1, "EA", 0)]
    assert (returned.number, returned.purpose, returned.lines[0].quantity) == ("489449", Purpose.CANCELLATION, 12)


def test_a_map_with_mistakes_says_them_all():
    with pytest.raises(PartnerError) as e:
        maps.parse({"id": "x", "columns": {"po": "A", "price": "B"}, "decimal": "!", "cancellation": "("}, "x.yaml")
    assert len(e.value.findings) == 5


def xlsx(rows: list[list[object]]) -> bytes:
    """A minimal workbook: inline strings and numbers."""

    def cell(c: object) -> str:
        return f'<c t="inlineStr"><is><t>{c}</t></is></c>' if isinstance(c, str) else f"<c><v>{c}</v></c>"

    sheet = "".join(f"<row>{''.join(cell(c) for c in r)}</row>" for r in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>'
        '<sheet name="Orders" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_a_workbook_keeps_item_numbers_as_text():
    raw = xlsx(
        [["PO", "Customer", "SKU", "Qty", "Price"], ["P1", "C-1", 85048, 12, 6.95], [4711, "C-1", "007", 1, 0.1]]
    )
    first, second = read(raw)
    assert (first.format, first.issues) == (Format.XLSX, ())
    assert first.order is not None
    assert second.order is not None
    assert (first.order.lines[0].items[0].value, first.total) == ("85048", Decimal("83.40"))
    assert (second.po, second.order.lines[0].items[0].value, second.total) == ("4711", "007", Decimal("0.1"))


def test_a_broken_workbook_is_a_clear_error():
    [d] = read(xlsx([["PO"]])[:200])
    assert codes(d) == [("xlsx.broken", "the file")]


EDIFACT = (
    "UNA:+.? 'UNB+UNOC:3+4012345000009:14+8711111000006:14+260101:1200+REF1'UNH+1+ORDERS:D:96A:UN'"
    "BGM+220+PO?+1+9'DTM+137:20260101:102'IMD+F++:::It?'s 5?:1 bolt'LIN+1++4012345678901:SRV'QTY+21:8:PCE'UNS+S'"
    "UNT+8+1'UNZ+1+REF1'"
)


@pytest.mark.parametrize(
    ("change", "ack"),
    [
        (lambda t: t, ""),
        (lambda t: t.replace("'", "'\r\n"), None),
        (lambda t: t.replace("UNT+8", "UNT+9"), "UCM 4 29"),
        (lambda t: t.replace("UNT+8+1", "UNT+8+2"), "UCM 4 28"),
        (lambda t: t.replace("UNZ+1+REF1", "UNZ+1+X"), "UCI 4 28"),
        (lambda t: t.replace("UNZ+1+", "UNZ+3+"), "UCI 4 29"),
        (lambda t: t.replace("UNZ+1+REF1'", ""), "UCI 4 13/UNZ"),
        (lambda t: t.replace("UNT+8+1'", ""), "UCM 4 13"),
    ],
)
def test_edifact_envelopes_are_checked_and_a_sound_order_is_read(change, ack):
    d = read(change(EDIFACT))[0]
    assert d.type == "ORDERS"
    assert d.sender == Identifier("14", "4012345000009")
    if ack is not None:
        assert [i.ack for i in d.of(Severity.ERROR)] == ([ack] if ack else [])
        assert (d.order is None) == ack.startswith("UCM")  # a faulty message has no meaning
    if d.order is not None:
        assert (d.order.number, d.order.lines[0].quantity, d.order.lines[0].unit) == ("PO+1", Decimal(8), "PCE")


def test_released_characters_are_part_of_the_text():
    [d] = read(EDIFACT)
    assert d.parsed["segments"][1]["elements"] == ["220", "PO+1", "9"]
    assert d.parsed["segments"][3]["elements"][2] == ":::It's 5:1 bolt"


def test_xml_is_named_and_waits_and_broken_xml_has_a_line():
    [cxml] = read("<cXML><Header><From/></Header><Request><PunchOutSetupRequest/></Request></cXML>")
    assert (cxml.type, [c for c, _ in codes(cxml, Severity.HOLD)]) == (
        "PunchOutSetupRequest",
        ["type.unsupported", "partner.unknown"],
    )
    [broken] = read("<Order>\n<Line>\n</Order>")
    assert codes(broken) == [("xml.malformed", "line 3, column 3")]


def test_entities_are_refused_and_never_expanded():
    bomb = '<!DOCTYPE o [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><Order>&b;</Order>'
    [d] = read(bomb)
    assert codes(d) == [("xml.entity", "line 1")]
    [outside] = read('<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><Order>&a;</Order>')
    assert codes(outside) == [("xml.entity", "line 1")]


@pytest.mark.parametrize(
    ("raw", "format_", "code"),
    [
        (b"", Format.UNKNOWN, "file.empty"),
        (b"\r\n \x1a", Format.UNKNOWN, "file.empty"),
        (b"%PDF-1.7", Format.UNKNOWN, "file.unknown"),
        (b"Dear Sir or Madam, please send bolts.", Format.UNKNOWN, "file.unknown"),
        (b"\x00\x01\x02\x03", Format.UNKNOWN, "file.unknown"),
        (b"ST*850*0001~BEG*00*SA*1**20260101~SE*3*0001~", Format.X12, "x12.stray"),
        (b"ISA*00*too*few~", Format.X12, "x12.isa.broken"),
        (b"UNH+1+ORDERS:D:96A:UN'UNT+2+1'", Format.EDIFACT, "edifact.stray"),
    ],
)
def test_no_format_is_guessed(raw: bytes, format_: Format, code: str):
    assert sniff.sniff(raw)[0] is format_
    [d] = read(raw)
    assert [c for c, _ in codes(d)] == [code]


def test_a_partner_in_test_has_no_business_effect():
    partner = Profile(id="p", name="P", customer_id="C-0001", mode=Mode.TEST)
    [d] = read(json(), partner=partner)
    assert d.test


def test_a_profile_with_mistakes_says_them_all():
    with pytest.raises(PartnerError) as e:
        profiles.parse({"id": "x", "mode": "fast", "colour": "red", "identifiers": [1]}, "x.yaml")
    assert len(e.value.findings) == 5


def test_a_profile_survives_being_stored():
    [shipped] = profiles.shipped()
    assert profiles.parse(profiles.plain(shipped), "x") == shipped


def test_a_file_beyond_the_limit_is_refused_whole():
    [d] = read(b"ISA*" + b"x" * 100, max_bytes=50)
    assert [c for c, _ in codes(d)] == ["file.size"]
