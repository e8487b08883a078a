"""UBL and cXML as strangers send them: safe, judged by the rules they promise, and answered."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from lxml import etree

from crossdock.canonical.change import OrderChange
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.invoice import Invoice, InvoiceKind
from crossdock.canonical.order import PartyRole, Purpose
from crossdock.partners import Context, Decoded, Severity, Status, decode
from crossdock.partners.deciding import Known, Verdict, decide
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.xml import cxml, safe

CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"


def ubl(root: str, inside: str) -> str:
    space = f"urn:oasis:names:specification:ubl:schema:xsd:{root}-2"
    return f'<{root} xmlns="{space}" xmlns:cac="{CAC}" xmlns:c="{CBC}">\n{inside}\n</{root}>'


def party(role: str, number: str) -> str:
    return (
        f'<cac:{role}><cac:Party><c:EndpointID schemeID="0088">{number}</c:EndpointID>'
        f"<cac:PartyName><c:Name>{role}</c:Name></cac:PartyName></cac:Party></cac:{role}>"
    )


def order(quantity: str = "12", price: str = "6.95", basis: str = "", currency: str = "EUR") -> str:
    base = f'<c:BaseQuantity unitCode="C62">{basis}</c:BaseQuantity>' if basis else ""
    return ubl(
        "Order",
        f"""<c:ID>PO-7</c:ID><c:IssueDate>2026-01-02</c:IssueDate>
<c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode>
{party("BuyerCustomerParty", "7300010000001")}{party("SellerSupplierParty", "7302347231110")}
<cac:OrderLine><cac:LineItem>
<c:ID>1</c:ID>
<c:Quantity unitCode="C62">{quantity}</c:Quantity>
<cac:Price><c:PriceAmount currencyID="{currency}">{price}</c:PriceAmount>{base}</cac:Price>
<cac:Item><c:Name>Widget</c:Name>
<cac:SellersItemIdentification><c:ID>SKU-1</c:ID></cac:SellersItemIdentification></cac:Item>
</cac:LineItem></cac:OrderLine>""",
    )


def invoice(*, custom: str = BILLING, line: str = "20.00", lines: str = "20.00", tax: str = "4.00", pay: str = "24.00"):
    return ubl(
        "Invoice",
        f"""<c:CustomizationID>{custom}</c:CustomizationID><c:ID>I-1</c:ID><c:IssueDate>2026-01-02</c:IssueDate>
<c:InvoiceTypeCode>380</c:InvoiceTypeCode><c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode>
{party("AccountingSupplierParty", "1")}{party("AccountingCustomerParty", "2")}
<cac:TaxTotal><c:TaxAmount currencyID="EUR">{tax}</c:TaxAmount></cac:TaxTotal>
<cac:TaxTotal><c:TaxAmount currencyID="SEK">44.00</c:TaxAmount></cac:TaxTotal>
<cac:LegalMonetaryTotal><c:LineExtensionAmount currencyID="EUR">{lines}</c:LineExtensionAmount>
<c:TaxExclusiveAmount currencyID="EUR">20.00</c:TaxExclusiveAmount>
<c:PayableAmount currencyID="EUR">{pay}</c:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine><c:ID>1</c:ID><c:InvoicedQuantity unitCode="C62">200</c:InvoicedQuantity>
<c:LineExtensionAmount currencyID="EUR">{line}</c:LineExtensionAmount>
<cac:Price><c:PriceAmount currencyID="EUR">10.00</c:PriceAmount>
<c:BaseQuantity unitCode="C62">100</c:BaseQuantity></cac:Price></cac:InvoiceLine>""",
    )


def message(request: str, payload: str = "p-1@them", mode: str = "production") -> str:
    credential = '<Credential domain="NetworkID"><Identity>AN01</Identity></Credential>'
    secret = credential.replace("</Credential>", "<SharedSecret>open sesame</SharedSecret></Credential>")
    return (
        '<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">\n'
        f'<cXML payloadID="{payload}" timestamp="2026-01-02T03:04:05Z"><Header><From>{credential}</From>'
        f"<To>{credential}</To><Sender>{secret}</Sender></Header>"
        f'<Request deploymentMode="{mode}">{request}</Request></cXML>'
    )


def order_request(quantity: str = "2", kind: str = "new") -> str:
    return (
        f'<OrderRequest><OrderRequestHeader orderID="PO-9" orderDate="2026-01-02T03:04:05-08:00" type="{kind}">'
        '<Total><Money currency="USD">3.00</Money></Total>'
        '<BillTo><Address isoCountryCode="US" addressID="B1"><Name>Acme</Name></Address></BillTo>'
        f'</OrderRequestHeader><ItemOut quantity="{quantity}" lineNumber="1"><ItemID><SupplierPartID>S-1'
        '</SupplierPartID></ItemID><ItemDetail><UnitPrice><Money currency="USD">1.50</Money></UnitPrice>'
        "<Description>Pen</Description><UnitOfMeasure>EA</UnitOfMeasure></ItemDetail></ItemOut></OrderRequest>"
    )


def read(text: str | bytes, **context) -> Decoded:
    raw = text.encode() if isinstance(text, str) else text
    [found] = decode(raw, "a.xml", Context(**{"adopt": True, **context}))
    return found


def faults(d: Decoded, severity: Severity = Severity.ERROR) -> list[tuple[str, str]]:
    return [(i.finding.code, i.finding.where) for i in d.of(severity)]


def judged(*texts: str) -> list[Verdict]:
    known = Known()
    return [decide([read(t)], known)[0] for t in texts]


# --- safety


def test_a_bomb_is_refused_before_anything_is_expanded():
    names = [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)]
    bomb = f'<!DOCTYPE o [<!ENTITY a0 "ha">{"".join(names)}]>\n<Order at="&a9;">&a9;</Order>'
    assert faults(read(bomb)) == [("xml.entity", "line 1")]


@pytest.mark.parametrize(
    "inside",
    ['<!ENTITY x SYSTEM "file:///etc/passwd">', '<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;'],
)
def test_outside_entities_are_refused_and_never_fetched(inside: str):
    assert faults(read(f"<!DOCTYPE o [{inside}]>\n<Order>&x;</Order>"))[0][0] == "xml.entity"


def test_a_named_dtd_is_passed_over():
    assert read(message(order_request())).order is not None


def test_depth_and_attributes_are_bounded():
    assert faults(read("<a>" * 5000 + "</a>" * 5000)) == [("xml.deep", "line 1")]
    many = " ".join(f'a{n}="1"' for n in range(500))
    assert faults(read(f"<Order {many}/>")) == [("xml.attributes", "line 1")]


def test_the_tree_itself_has_no_entities_either():
    tree = safe.read(b"<a>&amp;<!-- c --><?pi x?><b/></a>")
    assert tree.root is not None
    assert etree.tostring(tree.root) == b"<a>&amp;<b/></a>"


def test_a_secret_is_in_nothing_that_was_read():
    for text in (message(order_request()), message("<Unheard/>"), message(order_request("none"))):
        assert "open sesame" not in repr(read(text))


# --- UBL


def test_a_ubl_order_becomes_an_order():
    [v] = judged(order())
    d = v.document
    assert (v.status, str(d.sender)) == (Status.ACCEPTED, "0088:7300010000001")
    assert d.order is not None
    [line] = d.order.lines
    assert (d.order.number, d.order.total, d.order.currency) == ("PO-7", Decimal("83.40"), "EUR")
    assert (line.unit, line.items[0].value, line.description) == ("C62", "SKU-1", "Widget")
    assert [p.role for p in d.order.parties] == [PartyRole.BUYER, PartyRole.SUPPLIER]


def test_a_price_for_a_hundred_is_told_for_one_or_held():
    exact = read(order(price="125", basis="100")).order
    assert exact is not None
    assert exact.lines[0].unit_price == Decimal("1.25")
    endless = read(order(price="1", basis="3"))
    assert faults(endless, Severity.HOLD) == [
        ("order.line.price_basis", "line 8, /Order/OrderLine/LineItem/Price/BaseQuantity")
    ]


def test_faults_name_line_and_path():
    broken = order(quantity="a dozen", currency="USD").replace("<c:ID>PO-7</c:ID>", "")
    assert faults(read(broken)) == [
        ("xml.missing", "line 1, /Order/ID"),
        ("xml.number", "line 7, /Order/OrderLine/LineItem/Quantity"),
        ("xml.currency", "line 8, /Order/OrderLine/LineItem/Price/PriceAmount/@currencyID"),
    ]


def test_the_namespace_counts_and_the_prefix_does_not():
    other = order().replace("CommonBasicComponents-2", "SomethingElse-2")
    assert "xml.missing" in {c for c, _ in faults(read(other))}
    assert read("<Order><ID>1</ID></Order>").order is None
    assert faults(read("<Order><ID>1</ID></Order>"), Severity.HOLD)[0][0] == "type.unsupported"


def test_a_right_invoice_has_no_faults_and_the_tax_currency_is_left_alone():
    d = read(invoice())
    assert d.issues == ()
    assert isinstance(d.content, Invoice)
    assert (d.content.stated_tax, d.content.lines[0].amount) == (Decimal("4.00"), Decimal("20"))


@pytest.mark.parametrize(
    ("wrong", "rules"),
    [
        ({"line": "21.00", "lines": "21.00"}, {"ubl.peppol-en16931-r120", "ubl.br-co-13"}),
        ({"lines": "21.00"}, {"ubl.br-co-10", "ubl.br-co-13"}),
        ({"pay": "25.00"}, {"ubl.br-co-16"}),
        ({"tax": "5.00"}, {"ubl.br-co-16"}),
    ],
)
def test_sums_that_disagree_reject_where_the_rules_were_promised_and_are_noted_elsewhere(wrong, rules):
    promised, other = read(invoice(**wrong)), read(invoice(**wrong, custom="own"))
    assert {c for c, _ in faults(promised)} == rules
    assert promised.content is None
    assert {c for c, _ in faults(other, Severity.NOTE)} == rules
    assert other.content is not None


def test_a_line_may_be_two_cents_off():
    assert faults(read(invoice(line="20.02", lines="20.02"))) == [
        ("ubl.br-co-13", "line 8, /Invoice/LegalMonetaryTotal/TaxExclusiveAmount")
    ]


def order_change(*lines: tuple[str, str, str], basis: str = "") -> str:
    base = f'<c:BaseQuantity unitCode="C62">{basis}</c:BaseQuantity>' if basis else ""
    price = f'<cac:Price><c:PriceAmount currencyID="EUR">5</c:PriceAmount>{base}</cac:Price>'
    inside = ""
    for number, quantity, code in lines:
        status = f"<c:LineStatusCode>{code}</c:LineStatusCode>" if code else ""
        inside += (
            f'<cac:OrderLine><cac:LineItem><c:ID>{number}</c:ID>{status}<c:Quantity unitCode="C62">{quantity}'
            f"</c:Quantity>{price}<cac:Item><c:Name>Widget</c:Name></cac:Item></cac:LineItem></cac:OrderLine>"
        )
    return ubl(
        "OrderChange",
        "<c:ID>CH-1</c:ID><c:IssueDate>2026-01-03</c:IssueDate><c:SequenceNumberID>2</c:SequenceNumberID>"
        "<c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode><cac:OrderReference><c:ID>PO-7</c:ID></cac:OrderReference>"
        f"{party('BuyerCustomerParty', '7300010000001')}{party('SellerSupplierParty', '7302347231110')}{inside}",
    )


def test_a_ubl_order_change_names_its_order_its_sequence_and_what_becomes_of_each_line():
    d = read(order_change(("1", "5", "3"), ("2", "6", "2"), ("3", "1", "1"), ("4", "9", "4")))
    change = d.content
    assert isinstance(change, OrderChange)
    assert (str(d.sender), d.po, change.sequence, change.purpose) == ("0088:7300010000001", "PO-7", "2", "change")
    assert [(n.action.value, n.new_quantity, n.new_price) for n in change.lines] == [
        ("change", 5, 5), ("cancel", 0, None), ("add", 1, 5), ("none", None, None),
    ]  # fmt: skip


def test_a_ubl_order_change_without_codes_is_the_whole_order():
    change = read(order_change(("1", "5", ""), ("2", "6", ""), basis="2")).content
    assert isinstance(change, OrderChange)
    assert (change.whole, [(n.action.value, n.new_price) for n in change.lines]) == (
        True, [("replace", Decimal("2.5"))] * 2,
    )  # fmt: skip


def test_a_code_of_a_line_that_no_change_has_waits_for_a_person():
    assert faults(read(order_change(("1", "5", "77"))), Severity.HOLD) == [
        ("map.code", "line 2, /OrderChange/OrderLine/LineItem/LineStatusCode"),
    ]  # fmt: skip


def test_a_ubl_order_change_without_lines_cancels_nothing():
    assert [code for code, _ in faults(read(order_change()))] == ["xml.missing"]


# --- cXML


def test_an_order_request_becomes_an_order_and_its_sender_is_told_by_credential():
    acme = Profile(id="acme", name="Acme", customer_id="C-1", identifiers=(Identifier("networkid", "AN01"),))
    d = read(message(order_request()), adopt=False, profiles=(acme,))
    assert (d.type, d.partner, d.customer_id, d.issues) == ("OrderRequest", acme, "C-1", ())
    assert d.order is not None
    assert (d.order.number, str(d.order.ordered_on), d.order.total) == ("PO-9", "2026-01-02", Decimal("3.00"))


def test_a_message_sent_again_is_a_duplicate_and_a_used_payload_id_is_held():
    first, again, other = judged(
        message(order_request()), message(order_request()), message(order_request().replace("PO-9", "PO-10"))
    )
    assert [v.status for v in (first, again, other)] == [Status.ACCEPTED, Status.DUPLICATE, Status.HELD]
    assert [i.finding.code for i in other.errors] == ["cxml.payloadid.reused"]


def test_a_test_message_has_no_effect_and_a_deletion_names_its_order():
    test = read(message(order_request(), mode="test"))
    assert test.test
    assert ("cxml.test", "line 2, /cXML/Request/OrderRequest") in faults(test, Severity.NOTE)
    gone = read(message(order_request(kind="delete"))).order
    assert gone is not None
    assert gone.purpose is Purpose.CANCELLATION


def test_amounts_of_a_credit_memo_lose_their_sign():
    memo = (
        '<InvoiceDetailRequest><InvoiceDetailRequestHeader invoiceID="C-1" purpose="creditMemo" '
        'invoiceDate="2026-01-02"/><InvoiceDetailOrder><InvoiceDetailOrderInfo><OrderReference orderID="PO-9"/>'
        '</InvoiceDetailOrderInfo><InvoiceDetailItem invoiceLineNumber="1" quantity="-2"><UnitOfMeasure>EA'
        '</UnitOfMeasure><UnitPrice><Money currency="USD">1.50</Money></UnitPrice><SubtotalAmount>'
        '<Money currency="USD">-3.00</Money></SubtotalAmount></InvoiceDetailItem></InvoiceDetailOrder>'
        '<InvoiceDetailSummary><NetAmount><Money currency="USD">-3.00</Money></NetAmount></InvoiceDetailSummary>'
        "</InvoiceDetailRequest>"
    )
    d = read(message(memo))
    assert isinstance(d.content, Invoice)
    found = d.content
    assert (found.kind, found.due, found.stated_total) == (InvoiceKind.CREDIT_NOTE, Decimal("3.00"), Decimal("3.00"))
    assert d.issues == ()


def test_a_ship_notice_without_items_names_its_order():
    notice = (
        '<ShipNoticeRequest><ShipNoticeHeader shipmentID="S-1" noticeDate="2026-01-02"/><ShipNoticePortion>'
        '<OrderReference orderID="PO-9"/></ShipNoticePortion></ShipNoticeRequest>'
    )
    content = read(message(notice)).content
    assert isinstance(content, DespatchAdvice)
    assert [u.order_number for u in content.walk()] == ["", "PO-9"]


@pytest.mark.parametrize(
    ("text", "code"), [(message(order_request()), 200), (message(order_request("0")), 406), (message("<Odd/>"), 202)]
)
def test_a_request_is_answered_with_the_code_of_what_became_of_it(text: str, code: int):
    [v] = judged(text)
    found, raw = cxml.answer(v.status, v.issues, "a-1@us", datetime(2026, 1, 2, tzinfo=UTC))
    root = etree.fromstring(raw)
    status = root.find("Response/Status")
    assert status is not None
    assert (found, status.get("code")) == (code, str(code))
    assert bool(status.text) == (code != 200)
