"""Units of measure, and one quantity in another unit, exactly.

A document keeps the unit its author wrote: an X12 code (element 355) or one of UN/ECE Recommendation 20. Both name the
same thing in different letters (EA, PCE, C62), so they are compared by what they mean. Units of one dimension convert
by a fixed factor. How many pieces are in a case is said by the item, never by the unit: `packs` tells it. What does
not come out in decimal digits (a piece as a fraction of a gross) is no quantity that could be ordered, and is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

MAX_PLACES = 12  # digits behind the point; what needs more is a third or a seventh of something


@dataclass(frozen=True, slots=True)
class Unit:
    """dimension: what it counts or measures. factor: how many of the dimension's base one is."""

    dimension: str
    factor: Fraction


def _units(dimension: str, factors: Mapping[str, str]) -> dict[str, Unit]:
    return {code: Unit(dimension, Fraction(factor)) for codes, factor in factors.items() for code in codes.split()}


# Sources: X12 data element 355 (004010) and UN/ECE Recommendation 20; the factors of pounds, feet and gallons are the
# international definitions.
UNITS: Mapping[str, Unit] = {
    **_units("count", {"EA PCE PC PCS C62 H87 UN ST": "1", "PR NPR": "2", "DZ DZN": "12", "GS GRO": "144",
                       "HU CEN": "100", "TH MIL": "1000"}),
    **_units("mass", {"KG KGM": "1", "GR GRM": "1/1000", "LB LBR": "0.45359237", "OZ ONZ": "0.028349523125",
                      "TN STN": "907.18474", "MP TNE": "1000"}),
    **_units("length", {"MR MTR": "1", "CM CMT": "1/100", "MM MMT": "1/1000", "FT FOT": "0.3048", "IN INH": "0.0254",
                        "YD YRD": "0.9144"}),
    **_units("volume", {"LT LTR": "1", "ML MLT": "1/1000", "GA GLL": "3.785411784", "CR MTQ": "1000",
                        "CF FTQ": "28.316846592"}),
}  # fmt: skip


# Packages that hold what the item says, by what they are: how many pieces that is, no table knows.
PACKAGES: Mapping[str, str] = {"CAS": "CS", "CT": "CS"}


def meaning(code: str) -> str:
    """One code for all that mean the same: EA for PCE and C62. What we do not know means itself."""
    name = code.strip().upper()
    return _FIRST[UNITS[name]] if name in UNITS else PACKAGES.get(name, name)


def same(one: str, other: str) -> bool:
    """EA of one standard is PCE of the other; codes we do not know are equal when their letters are."""
    return meaning(one) == meaning(other)


def factor(unit: str, to: str) -> Fraction | None:
    """How many of the other unit one is; None when they measure different things, or we do not know them."""
    source, target = UNITS.get(meaning(unit)), UNITS.get(meaning(to))
    if source is None or target is None or source.dimension != target.dimension:
        return None
    return source.factor / target.factor


_FIRST: Mapping[Unit, str] = {unit: code for code, unit in reversed(UNITS.items())}


def convert(quantity: Decimal, unit: str, to: str, packs: Mapping[str, Decimal] | None = None) -> Decimal | None:
    """The same quantity in another unit; None when nobody can say how many that is, or it has no end in digits.

    packs: of this item, how many pieces a unit such as CA holds.
    """
    if same(unit, to):
        return quantity
    source, target = _known(unit, packs or {}), _known(to, packs or {})
    if source is None or target is None or source.dimension != target.dimension:
        return None
    return _decimal(Fraction(quantity) * source.factor / target.factor)


def _known(code: str, packs: Mapping[str, Decimal]) -> Unit | None:
    """What the item says of a unit comes first: a dozen of it may be thirteen."""
    pieces = packs.get(code) or packs.get(code.upper())
    if pieces is not None and pieces > 0:
        return Unit("count", Fraction(pieces))
    return UNITS.get(code.upper())


def _decimal(value: Fraction) -> Decimal | None:
    scaled = value * 10**MAX_PLACES
    if scaled.denominator != 1:
        return None
    # of the integer, so that no context rounds it
    digits = str(abs(scaled.numerator)).rjust(MAX_PLACES + 1, "0")
    text = f"{digits[:-MAX_PLACES]}.{digits[-MAX_PLACES:]}".rstrip("0").rstrip(".")
    return Decimal(f"-{text}" if value < 0 else text)
