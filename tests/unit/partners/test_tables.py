"""Tables as they come: dialects, encodings, decimal signs, and texts of fixed width."""

from decimal import Decimal

import pytest

from crossdock.errors import PartnerError
from crossdock.partners import Context, Severity, decode
from crossdock.partners.model import Decoded
from crossdock.partners.profiles import Profile
from crossdock.partners.tabular import map as maps

AUTO = maps.parse({**{"id": "auto", "decimal": "auto", "defaults": {"unit": "EA"}}, "columns": {
    "po": {"headers": ["PO"], "required": True}, "customer": ["Customer"], "sku": ["SKU"],
    "quantity": ["Qty"], "unit_price": ["Price"], "description": ["Text"],
}}, "auto")  # fmt: skip
LAYOUT = {
    "id": "wide", "decimal": ".", "rows": "^D", "defaults": {"unit": "EA", "currency": "EUR"},
    "layout": {"po": "2-9", "sku": "10-17", "quantity": "18-23", "unit_price": "24-31", "description": "32-60"},
}  # fmt: skip
WIDE = maps.parse(LAYOUT, "wide")


def read(raw: bytes, map_: maps.TableMap = AUTO, partner: str = "") -> Decoded:
    profile = Profile(id="p", name="P", customer_id="C-1", map=partner) if partner else None
    [d] = decode(raw, "f", Context(maps={map_.id: map_}, partner=profile, adopt=True, currency="EUR"))
    return d


def priced(d: Decoded) -> list[tuple[Decimal, Decimal | None]]:
    assert d.order is not None, d.issues
    return [(line.quantity, line.unit_price) for line in d.order.lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_told_by_the_content(encoding: str, delimiter: str) -> None:
    rows = ["PO,Customer,SKU,Qty,Price,Text", "P1,C1,A,2,1.50,Größe", "P1,C1,B,1,12.25,Tür"]
    d = read("\r\n".join(rows).replace(",", delimiter).encode(encoding))
    assert priced(d) == [(2, Decimal("1.50")), (1, Decimal("12.25"))]
    assert d.order is not None
    assert [line.description for line in d.order.lines] == ["Größe", "Tür"]


def test_cells_in_single_quotes_may_hold_the_delimiter() -> None:
    raw = b"PO,Customer,SKU,Qty,Price,Text\n'P1','C1','A',2,1.5,'one, two'\n'P1','C1','B',2,1.5,'three'\n"
    d = read(raw)
    assert d.order is not None
    assert [line.description for line in d.order.lines] == ["one, two", "three"]


@pytest.mark.parametrize(
    ("price", "meant"),
    [("1,50", "1.50"), ("1.234,50", "1234.50"), ("1,234.50", "1234.50"), ("1.234.567", "1234567"), ("0,5", "0.5")],
)
def test_the_decimal_sign_is_read_off_the_numbers(price: str, meant: str) -> None:
    assert priced(read(f"PO;Customer;SKU;Qty;Price\nP1;C1;A;2;{price}\nP1;C1;B;3;7\n".encode()))[0][1] == Decimal(meant)


def test_numbers_that_read_both_ways_are_nobodys_guess() -> None:
    d = read(b"PO;Customer;SKU;Qty;Price\nP1;C1;A;2;1,234\nP1;C1;B;3;7\n")
    assert "order.line.price" in {i.finding.code for i in d.of(Severity.ERROR)}


TEXT = (
    "H2026-03-02 ORDERS\r\n"
    "DP-1     NF-1    000012  001.25Thing one\r\n"
    "DP-1     NF-2         3   10.00Tür, blau\r\n"
    "T000002\r\n\x1a"
)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_text_of_fixed_width_is_read_by_its_partners_layout(encoding: str) -> None:
    d = read(TEXT.encode(encoding), WIDE, "wide")
    assert priced(d) == [(12, Decimal("1.25")), (3, Decimal("10.00"))]
    assert d.order is not None
    assert d.order.number == "P-1"
    assert [line.description for line in d.order.lines] == ["Thing one", "Tür, blau"]


def test_what_is_wrong_in_a_text_of_fixed_width_names_its_row() -> None:
    d = read(TEXT.replace("000012", "  none").encode(), WIDE, "wide")
    [fault] = d.of(Severity.ERROR)
    assert fault.finding.where == "row 2, column 'quantity'"


def test_without_a_layout_such_a_text_is_nothing_we_know() -> None:
    [d] = decode(b"D001 NF-1 12\nX\n", "f", Context(maps={"auto": AUTO}))
    assert d.type == ""


def test_a_layout_with_places_that_cannot_be_is_refused_by_name() -> None:
    with pytest.raises(PartnerError) as e:
        maps.parse({**LAYOUT, "layout": {**LAYOUT["layout"], "quantity": "9-3", "colour": "1-2"}}, "wide")
    assert {f.where for f in e.value.findings} >= {"wide#/layout/quantity", "wide#/layout/colour"}
