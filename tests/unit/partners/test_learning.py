"""Which cross-references a corrected order suggests."""

from decimal import Decimal
from typing import Any

import pytest

from crossdock.canonical.order import ItemId, ItemScheme, OrderLine, Party, PartyRole, PurchaseOrder
from crossdock.partners.crossref import learning
from crossdock.partners.crossref.translate import Entry, Kind


def written(*items: tuple[str, str], unit: str = "CT", place: tuple[str, str] = ("assigned_by_buyer", "0012")) -> Any:
    return PurchaseOrder(
        number="4500012",
        currency="USD",
        parties=(Party(role=PartyRole.SHIP_TO, scheme=place[0], id=place[1]),),
        lines=(
            OrderLine(
                number="1",
                items=tuple(ItemId(scheme=ItemScheme(s), value=v) for s, v in items),
                quantity=Decimal(10),
                unit=unit,
            ),
        ),
    )


def order(*items: tuple[str, str], unit: str = "CT", line: str = "1", **more: Any) -> dict[str, Any]:
    listed = [{"scheme": s, "value": v} for s, v in items]
    return {"lines": [{"line": line, "items": listed, "quantity": 10, "unit": unit}], **more}


def suggested(of: PurchaseOrder, before: Any, after: Any) -> list[Entry]:
    return [s.entry for s in learning.of_order(of, before, after)]


def sku(scheme: str, theirs: str, ours: str) -> Entry:
    return Entry(Kind.SKU, scheme, theirs, ours)


def test_a_number_of_ours_put_beside_theirs_belongs_to_theirs() -> None:
    theirs = ("buyer", "X-1")
    assert suggested(written(theirs), order(theirs), order(("supplier", "SKU-1"), theirs)) == [
        sku("buyer", "X-1", "SKU-1")
    ]
    assert suggested(written(theirs), order(theirs), order(("supplier", "SKU-1"))) == [sku("buyer", "X-1", "SKU-1")]


def test_a_wrong_number_of_ours_is_corrected_as_one_of_ours() -> None:
    given = (("supplier", "OLD"), ("buyer", "X-1"))
    assert suggested(written(*given), order(*given), order(("supplier", "NEW"), ("buyer", "X-1"))) == [
        sku("supplier", "OLD", "NEW")
    ]


def test_theirs_is_what_the_partner_wrote_and_not_what_an_entry_made_of_it() -> None:
    before = order(("supplier", "SKU-1"), ("buyer", "X-1"), unit="CS")  # by entries that stood then
    after = order(("supplier", "SKU-2"), ("buyer", "X-1"), unit="EA")
    assert suggested(written(("buyer", "X-1"), unit="CT"), before, after) == [
        Entry(Kind.UNIT, "", "CT", "EA"), sku("buyer", "X-1", "SKU-2"),
    ]  # fmt: skip


def test_a_correction_back_to_what_the_partner_wrote_suggests_nothing() -> None:
    before, after = order(("buyer", "X-1"), unit="CS"), order(("buyer", "X-1"), unit="CT")
    assert suggested(written(("buyer", "X-1"), unit="CT"), before, after) == []


def test_the_number_of_a_place_is_learned_unless_it_is_ours() -> None:
    before, after = order(ship_to_id="0012"), order(ship_to_id="ST-NORTH")
    assert suggested(written(), before, after) == [Entry(Kind.SHIP_TO, "assigned_by_buyer", "0012", "ST-NORTH")]
    assert suggested(written(place=("assigned_by_seller", "0012")), before, after) == []


@pytest.mark.parametrize(
    "after",
    [
        order(("buyer", "X-1")),
        order(("buyer", "X-1"), line="2", unit="EA"),  # a line that the partner did not write
        {**order(("buyer", "X-1")), "requested_on": None},
        {"lines": []},
        {"lines": "none"},
        {"lines": [None, {"line": 1, "items": [7, {"scheme": "other", "value": 1}], "unit": "CT"}]},
        None,
    ],
)
def test_what_is_no_name_of_a_thing_teaches_nothing(after: Any) -> None:
    assert suggested(written(("buyer", "X-1")), order(("buyer", "X-1")), after) == []
