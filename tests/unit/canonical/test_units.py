"""Quantities in other units, to the last digit or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.units import UNITS, convert, same


@pytest.mark.parametrize(
    ("quantity", "unit", "to", "expected"),
    [
        ("3", "DZ", "EA", "36"),
        ("36", "PCE", "DZN", "3"),
        ("1.5", "KG", "GRM", "1500"),
        ("2", "LB", "KGM", "0.90718474"),
        ("12", "EA", "PCE", "12"),
        ("10", "FT", "MTR", "3.048"),
        ("1", "EA", "GS", None),  # a 144th has no end
        ("1", "KG", "EA", None),
        ("1", "CA", "EA", None),  # nobody said how many
        ("7", "XX", "XX", "7"),
    ],
)
def test_a_quantity_in_another_unit(quantity: str, unit: str, to: str, expected: str | None) -> None:
    assert convert(Decimal(quantity), unit, to) == (None if expected is None else Decimal(expected))


def test_the_item_says_how_many_a_case_holds() -> None:
    packs = {"CA": Decimal(24), "DZ": Decimal(13)}
    assert convert(Decimal(2), "CA", "EA", packs) == 48
    assert convert(Decimal(36), "EA", "CA", packs) == Decimal("1.5")
    assert convert(Decimal(1), "DZ", "EA", packs) == 13


def test_codes_of_both_standards_name_one_unit() -> None:
    assert same("EA", "c62")
    assert not same("EA", "DZ")
    assert same("ZZZ", "zzz")


@given(st.decimals("-1000000000000000", "1000000000000000", places=6), st.sampled_from(sorted(UNITS)), st.data())
def test_there_and_back_is_the_same_quantity(quantity: Decimal, unit: str, data: st.DataObject) -> None:
    to = data.draw(st.sampled_from([c for c in sorted(UNITS) if UNITS[c].dimension == UNITS[unit].dimension]))
    there = convert(quantity, unit, to)
    if there is not None:
        assert convert(there, to, unit) == quantity
