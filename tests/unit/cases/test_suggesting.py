"""What is suggested for an order that was refused, and above all what is not."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crossdock.cases.casework import Case
from crossdock.cases.fixes.suggesting import PRECEDENTS, Catalogue, Item, Known, by_precedent, suggest

BALL, VALVE = (
    Item(
        sku="K-20118",
        description="Ball valve",
        gtin="00614141201181",
        units={"EA": Decimal(1), "CS": Decimal(12)},
        list_price=Decimal(10),
    ),
    Item(sku="K-20931", description="Gate valve", gtin="00614141209316", units={"EA": Decimal(1)}),
)
HERE = {"name": "Bolts", "lines": ["Hamngatan 1"], "city": "Umeå", "postal_code": "90326", "country": "SE"}


def refused(
    *codes: str, number: str = "K-2018", unit: str = "EA", scheme: str = "supplier", price: Decimal | None = None
) -> Case:
    first = {"line": "1", "items": [{"scheme": scheme, "value": number}], "quantity": 3, "unit": unit}
    lines: list[dict[str, Any]] = [
        {**first, "unit_price": price} if price else first,
        {"line": "2", "items": [{"scheme": "supplier", "value": "K-20931"}], "quantity": 1, "unit": "EA"},
    ]
    problem = "unknown_item" if "unknown-item" in codes else None
    evidence = {
        "violations": [{"code": c, "text": c, "lines": ["1"]} for c in codes],
        "lines": [{"line": "1", "problem": problem}, {"line": "2", "problem": None}],
    }
    told: dict[str, Any] = {
        **dict.fromkeys(f.name for f in fields(Case)), "evidence": evidence,
        "data": {"lines": lines, "requested_on": "2016-03-09", "ship_to": None},
        "editable": ["/lines", "/requested_on", "/ship_to"], "actions": [{"id": "resubmit", "label": "Check again"}],
    }  # fmt: skip
    return Case(**told)


def test_a_number_that_one_item_alone_is_close_to_is_taken_for_it() -> None:
    found = suggest(refused("unknown-item"), Known(items=Catalogue([BALL, VALVE]), ordered={"K-20118": 4}))
    assert found is not None
    assert found.data["lines"][0]["items"] == [{"scheme": "supplier", "value": "K-20118"}]
    assert found.data["lines"][1]["items"] == [{"scheme": "supplier", "value": "K-20931"}], "the others stay"
    assert found.what == ("line 1: K-20118 Ball valve for K-2018",)
    close = "no other number that begins so is as close to K-2018, and it is sold in this unit"
    assert found.why == (f"{close}; this customer has ordered it 4 times",)


def test_a_number_between_two_items_is_left_to_people() -> None:
    near = Item(sku="K-20185", description="Another", gtin="", units={"EA": Decimal(1)})
    assert suggest(refused("unknown-item"), Known(items=Catalogue([BALL, near]))) is None


def test_hyphens_blanks_and_what_is_written_behind_do_not_matter() -> None:
    near = Item(sku="K-20117", description="Another", gtin="", units={"EA": Decimal(1)})
    for number in ("k 20118", "K20118", "K-20118-B", "K-20118X7"):
        found = suggest(refused("unknown-item", number=number), Known(items=Catalogue([BALL, near])))
        assert found is not None, number
        assert found.data["lines"][0]["items"][0]["value"] == "K-20118", number


def test_a_price_far_from_the_lists_means_another_item() -> None:
    near = Item(sku="K-20185", description="Another", gtin="", units={"EA": Decimal(1)}, list_price=Decimal(90))
    known = Known(items=Catalogue([BALL, near]))
    found = suggest(refused("unknown-item", price=Decimal(9)), known)
    assert found is not None
    assert found.what == ("line 1: K-20118 Ball valve for K-2018",)
    assert found.why == ("no other number that begins so is as close to K-2018, and its price fits",)
    assert suggest(refused("unknown-item", price=Decimal(40)), known) is None, "no price is like that"
    assert suggest(refused("unknown-item", price=Decimal(108), unit="CS"), known) is not None, "twelve in a case"


def test_an_item_that_is_not_sold_in_the_unit_is_not_meant() -> None:
    assert suggest(refused("unknown-item", unit="BG"), Known(items=Catalogue([BALL]))) is None
    assert suggest(refused("unknown-item", number="K-20118X", unit="CS"), Known(items=Catalogue([BALL]))) is not None


def test_short_numbers_are_close_to_everything_and_mean_nothing() -> None:
    short = Item(sku="A1", description="", gtin="", units={"EA": Decimal(1)})
    assert suggest(refused("unknown-item", number="A2"), Known(items=Catalogue([short]))) is None


def test_a_gtin_says_it_exactly() -> None:
    found = suggest(refused("unknown-item", number=VALVE.gtin, scheme="gtin"), Known(items=Catalogue([BALL, VALVE])))
    assert found is not None
    assert found.why == (f"its GTIN is {VALVE.gtin}",)
    assert found.data["lines"][0]["items"][-1] == {"scheme": "gtin", "value": VALVE.gtin}, "what came is kept"


def test_a_day_that_is_over_and_a_place_that_is_missing() -> None:
    found = suggest(refused("date-past", "ship-to"), Known(ship_to=HERE))
    assert found is not None
    assert found.data == {"requested_on": None, "ship_to": HERE}
    assert found.what == ("as soon as possible instead of 2016-03-09", "to 90326 Umeå")
    assert suggest(refused("ship-to"), Known()) is None, "whose own address nobody knows"


def test_one_thing_that_nobody_can_know_leaves_the_whole_order_to_people() -> None:
    for code in ("margin", "currency", "quantity-zero", "total", "unknown-unit"):
        assert suggest(refused("date-past", code), Known(ship_to=HERE, items=Catalogue([BALL]))) is None, code


def test_what_may_not_be_changed_is_not_suggested() -> None:
    one = refused("date-past")
    assert suggest(replace(one, editable=["/lines"]), Known()) is None
    assert suggest(replace(one, actions=[{"id": "reject", "label": "Reject"}]), Known()) is None


WORDS = st.text(alphabet="ABCK0123456789-", min_size=1, max_size=10)


@given(WORDS, st.lists(WORDS, max_size=8, unique=True))
def test_never_one_of_two_that_are_equally_close(number: str, skus: list[str]) -> None:
    items = [Item(sku=s, description="", gtin="", units={"EA": Decimal(1)}) for s in skus]
    found = suggest(refused("unknown-item", number=number), Known(items=Catalogue(items)))
    if found is not None:
        [chosen] = [i["value"] for i in found.data["lines"][0]["items"]]
        head = number.replace("-", "")[:3]  # what begins otherwise is not looked at
        others = [_distance(number, s) for s in skus if s != chosen and s.replace("-", "").startswith(head)]
        assert _distance(number, chosen) < min(others, default=99)


def _distance(one: str, other: str) -> int:
    """Edits between two numbers without hyphens, neighbours that changed places being one: the plain way."""
    a, b = one.replace("-", ""), other.replace("-", "")
    if a.startswith(b):
        return min(1, len(a) - len(b)) if len(a) - len(b) <= 2 else 3
    d = [[i + j if not i * j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            d[i][j] = min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d[i][j] = min(d[i][j], d[i - 2][j - 2] + 1)
    return d[-1][-1]


def numbers(*skus: str, price: Decimal | None = None) -> Known:
    return Known(
        items=Catalogue(
            Item(sku=s, description="Item", gtin="", units={"EA": Decimal(1)}, list_price=price and price + n)
            for n, s in enumerate(skus)
        )
    )


def meant(number: str, known: Known, price: Decimal | None = None) -> str | None:
    found = suggest(refused("unknown-item", number=number, price=price), known)
    return found and found.data["lines"][0]["items"][0]["value"]


def test_the_likeliest_slip_decides_between_numbers_that_are_as_many_edits_away() -> None:
    assert meant("K-2O212", numbers("K-20212", "K-21212")) == "K-20212", "a letter that looks like a digit"
    assert meant("K-20205-3", numbers("K-20205", "K-20203")) == "K-20205", "a position behind a whole number"
    assert meant("K-202053", numbers("K-20205", "K-20203")) is None, "or a digit too many somewhere"
    assert meant("K-200068", numbers("K-20068", "K-20006")) == "K-20068", "a key struck twice"


def test_of_numbers_equally_close_the_one_at_exactly_the_price_stated_is_meant() -> None:
    known = numbers("K-20111", "K-20112", "K-20113", price=Decimal(20))
    assert meant("K-2011", known, Decimal(21)) == "K-20112"
    assert meant("K-2011", known, Decimal("20.50")) is None, "near is not exactly"
    assert meant("K-2011", known) is None
    told = suggest(refused("unknown-item", number="K-2011", price=Decimal(21)), known)
    assert told is not None
    assert told.why == ("of the numbers as close to K-2011, it alone has exactly the price stated",)


def question(*actions: str) -> Case:
    offered = [{"id": a, "label": a.title()} for a in actions]
    return replace(refused(), kind="price-deviation", evidence={}, data=None, editable=[], actions=offered)


def test_a_question_is_answered_as_people_have_answered_all_of_its_kind_of_late() -> None:
    found = by_precedent(question("contract", "stated", "reject"), ["contract"] * PRECEDENTS + ["stated"])
    assert found is not None
    assert (found.action, found.data, found.what) == ("contract", {}, ("Contract",))


def test_no_precedent_is_made_of_few_answers_or_of_answers_that_differ_or_of_an_end() -> None:
    one = question("contract", "stated", "reject")
    assert by_precedent(one, ["contract"] * (PRECEDENTS - 1)) is None
    assert by_precedent(one, ["contract"] * (PRECEDENTS - 1) + ["stated"]) is None
    assert by_precedent(one, ["reject"] * PRECEDENTS) is None, "an order is never ended by habit"
    assert by_precedent(question("stated"), ["contract"] * PRECEDENTS) is None, "it does not offer it"
