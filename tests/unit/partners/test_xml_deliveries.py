"""Lines of UBL and cXML that go to places of their own, or in parts: what becomes of them, and what is held."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.unit.partners.test_xml import faults, message, order, order_change, order_request, read

from crossdock.canonical import splitting
from crossdock.canonical.change import OrderChange
from crossdock.canonical.order import Address, OrderLine, Party, PartyRole, PurchaseOrder, Split
from crossdock.errors import PartnerError
from crossdock.partners import Severity
from crossdock.partners.xml import write


def delivery(quantity: str = "", place: str = "", day: str = "", city: str = "", unit: str = "C62") -> str:
    parts = [f'<c:Quantity unitCode="{unit}">{quantity}</c:Quantity>'] if quantity else []
    number = f'<c:ID schemeID="0088">{place}</c:ID>' if place else ""
    address = f"<cac:Address><c:CityName>{city}</c:CityName></cac:Address>" if city else ""
    parts += [f"<cac:DeliveryLocation>{number}{address}</cac:DeliveryLocation>"] if number or address else []
    period = f"<cac:RequestedDeliveryPeriod><c:StartDate>{day}</c:StartDate></cac:RequestedDeliveryPeriod>"
    parts += [period] if day else []
    return f"<cac:Delivery>{''.join(parts)}</cac:Delivery>"


def delivered(*deliveries: str, header: str = "", lines: str = "") -> str:
    """The order of 12 with one line, delivered so."""
    text = order().replace("\n<cac:Price>", "".join(deliveries) + "\n<cac:Price>")
    return text.replace("<cac:OrderLine>", f"{header}<cac:OrderLine>", 1).replace(
        "</cac:OrderLine>", f"</cac:OrderLine>{lines}"
    )


def taken(text: str) -> PurchaseOrder:
    d = read(text)
    assert d.order is not None, d.issues
    assert d.of(Severity.HOLD) == ()
    return d.order


def held(text: str) -> list[str]:
    return [code for code, _ in faults(read(text), Severity.HOLD)]


def splits(line: OrderLine) -> list[tuple[str, Decimal]]:
    return [(s.ship_to, s.quantity) for s in line.splits]


TWO = (delivery("8", "4000001", "2026-03-01", "Lyon"), delivery("4", "4000002", "2026-03-05", "Turin"))
ANOTHER = order().partition("<cac:OrderLine>")[2].partition("</cac:OrderLine>")[0].replace("<c:ID>1<", "<c:ID>2<")
UNSPLIT = f"<cac:OrderLine>{ANOTHER}</cac:OrderLine>"


def test_a_line_to_two_places_is_two_orders_each_with_its_address_and_its_day():
    first, second = splitting.divide(taken(delivered(*TWO)))
    told = [
        (p.lines[0].quantity, p.lines[0].requested_on, place.id, place.scheme, place.address.city)
        for p in (first, second)
        if (place := p.party(PartyRole.SHIP_TO)) is not None
    ]
    assert told == [
        (8, date(2026, 3, 1), "4000001", "gln", "Lyon"), (4, date(2026, 3, 5), "4000002", "gln", "Turin"),
    ]  # fmt: skip


def test_the_order_goes_to_the_one_place_that_all_its_lines_name():
    found = taken(delivered(delivery("12", "4000001", city="Lyon")))
    assert splitting.divide(found) == (found,)
    place = found.party(PartyRole.SHIP_TO)
    assert place is not None
    assert (place.id, place.address.city, found.lines[0].splits) == ("4000001", "Lyon", ())


def test_a_place_without_a_number_does_where_there_is_no_other():
    place = taken(delivered(delivery(city="Lyon"))).party(PartyRole.SHIP_TO)
    assert place is not None
    assert place.address.city == "Lyon"


def test_a_part_that_names_no_place_goes_to_the_orders_own():
    found = taken(delivered(delivery("5"), delivery("7", "4000002", city="Turin"), header=delivery("", "4000001")))
    assert splits(found.lines[0]) == [("4000001", 5), ("4000002", 7)]


def test_a_place_is_known_by_its_address_where_the_order_has_numbered_it():
    header = delivery("", "4000001", city="Lyon")
    found = taken(delivered(delivery("5", city="Lyon"), delivery("7", "4000002", city="Turin"), header=header))
    assert splits(found.lines[0]) == [("4000001", 5), ("4000002", 7)]


def test_a_delivery_that_only_says_when_speaks_of_the_whole_line():
    found = taken(
        delivered(delivery(day="2026-03-09"), delivery("8", "1", city="Lyon"), delivery("4", "2", city="Bari"))
    )
    assert found.lines[0].requested_on == date(2026, 3, 9)
    assert {p.lines[0].requested_on for p in splitting.divide(found)} == {date(2026, 3, 9)}


def test_parts_on_one_day_are_the_line():
    found = taken(delivered(delivery("5", day="2026-03-01"), delivery("7", day="2026-03-01")))
    assert (found.lines[0].requested_on, found.lines[0].quantity) == (date(2026, 3, 1), 12)
    assert len(splitting.divide(found)) == 1


@pytest.mark.parametrize(
    ("deliveries", "code"),
    [
        ((delivery("5", "1"), delivery("6", "2")), "order.line.splits"),
        ((delivery("", "1"), delivery("", "2")), "order.line.splits"),
        ((delivery("5", "1", unit="KGM"), delivery("7", "2")), "order.line.splits"),
        ((delivery("5", day="2026-03-01"), delivery("7", day="2026-03-02")), "order.line.schedules"),
        ((delivery("5", "1", "2026-03-01"), delivery("7", "1", "2026-03-02")), "order.line.schedules"),
        ((delivery("5", city="Lyon"), delivery("7", city="Bari")), "order.split.place"),
    ],
)
def test_what_cannot_be_told_apart_waits_for_a_person(deliveries: tuple[str, ...], code: str):
    assert code in held(delivered(*deliveries))


def test_a_line_without_a_place_beside_lines_that_have_one_is_held():
    assert held(delivered(*TWO, lines=UNSPLIT)) == ["order.split.place"]
    own = delivery("", "4000009", city="Nice")
    found = splitting.divide(taken(delivered(*TWO, header=own, lines=UNSPLIT)))
    assert [[n.number for n in p.lines] for p in found] == [["1"], ["1"], ["2"]]


def test_a_change_says_what_goes_where_and_when():
    text = order_change(("1", "12", "3")).replace("<cac:Price>", "".join(TWO) + "<cac:Price>")
    change = read(text).content
    assert isinstance(change, OrderChange)
    [line] = change.lines
    assert (line.new_day, [(s.ship_to, s.quantity, s.requested_on) for s in line.splits]) == (
        None, [("4000001", 8, date(2026, 3, 1)), ("4000002", 4, date(2026, 3, 5))],
    )  # fmt: skip
    family = splitting.divide(taken(delivered(*TWO)))
    assert splitting.undivided(change, family) == ("", "")
    shares = [splitting.share(change, p, family) for p in family]
    assert [(s.lines[0].quantity, s.lines[0].new_day) for s in shares if s is not None] == [
        (8, date(2026, 3, 1)), (4, date(2026, 3, 5)),
    ]  # fmt: skip


def test_what_is_written_of_a_split_line_reads_as_it_was():
    before = taken(delivered(*TWO, header=delivery("", "4000009", city="Nice")))
    written = write.document("ubl-order", before)
    assert taken(write.ubl(written).decode()) == before
    assert written.left_out == ()
    deliveries = list(written.element.iter("{*}Delivery"))
    assert [[e.text for e in d.iter("{*}CityName")] for d in deliveries] == [["Nice"], ["Lyon"], ["Turin"]]


def test_a_cxml_line_with_a_ship_to_of_its_own_goes_there():
    place = '<ShipTo><Address addressID="S-2" isoCountryCode="US"><Name>Dock</Name></Address></ShipTo></ItemOut>'
    found = taken(message(order_request().replace("</ItemOut>", place)))
    own = found.party(PartyRole.SHIP_TO)
    assert own is not None
    assert (own.id, own.address.name, found.lines[0].splits) == ("S-2", "Dock", ())


def test_cxml_has_no_way_to_say_several_places_of_one_line():
    to_be_billed = Party(role=PartyRole.BILL_TO, id="B1", address=Address(name="Acme"))
    found = taken(delivered(*TWO))
    found = replace(found, stated_total=Decimal("83.40"), parties=(*found.parties, to_be_billed))
    with pytest.raises(PartnerError, match="/lines/0/splits/0/quantity"):
        write.document("cxml-orderrequest", found)


def test_days_of_one_place_are_told_apart_from_days_of_several():
    line = OrderLine(number="1", items=(), quantity=Decimal(2), unit="EA", requested_on=date(2026, 3, 1))
    two = tuple(
        Split(ship_to=p, quantity=Decimal(1), requested_on=d) for p, d in (("1", None), ("2", date(2026, 4, 1)))
    )
    assert splitting.several_days(OrderLine(number="1", items=(), quantity=Decimal(2), unit="EA", splits=two)) == ()
    same = tuple(Split(ship_to="1", quantity=Decimal(1), requested_on=d) for d in (None, date(2026, 4, 1)))
    found = OrderLine(number="1", items=(), quantity=Decimal(2), unit="EA", requested_on=line.requested_on, splits=same)
    assert splitting.several_days(found) == (date(2026, 3, 1), date(2026, 4, 1))
