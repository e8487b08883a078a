"""GS1 identifiers and their check digits.

More partners send wrong check digits than one would think, so a wrong one is a warning that an agreement may silence,
never a reason to refuse a document. GTINs are compared padded to fourteen digits.
"""

import re

GTIN_LENGTHS = frozenset({8, 12, 13, 14})
GLN_LENGTH = 13
SSCC_LENGTH = 18


def check_digit(digits: str) -> str:
    """The GS1 check digit of the digits before it: weights 3 and 1 from the right, modulo 10."""
    total = sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits)))
    return str(-total % 10)


def _valid(text: str) -> bool:
    return text.isascii() and text.isdigit() and check_digit(text[:-1]) == text[-1]


def gtin_fault(text: str) -> str:
    """What is wrong with a GTIN, or ""."""
    if not (text.isascii() and text.isdigit()) or len(text) not in GTIN_LENGTHS:
        return f"a GTIN has 8, 12, 13 or 14 digits, {text!r} has not"
    return "" if _valid(text) else f"the check digit of GTIN {text} should be {check_digit(text[:-1])}"


def gln_fault(text: str) -> str:
    if not (text.isascii() and text.isdigit()) or len(text) != GLN_LENGTH:
        return f"a GLN has 13 digits, {text!r} has not"
    return "" if _valid(text) else f"the check digit of GLN {text} should be {check_digit(text[:-1])}"


def sscc(text: str) -> str:
    """An SSCC without its application identifier (00), as printed on labels and sent by many."""
    digits = re.sub(r"[\s()]", "", text)
    return digits[2:] if len(digits) == SSCC_LENGTH + 2 and digits.startswith("00") else digits


def sscc_fault(text: str) -> str:
    digits = sscc(text)
    if not (digits.isascii() and digits.isdigit()) or len(digits) != SSCC_LENGTH:
        return f"an SSCC has 18 digits, {text!r} has not"
    return "" if _valid(digits) else f"the check digit of SSCC {digits} should be {check_digit(digits[:-1])}"


def same_gtin(one: str, other: str) -> bool:
    """UPC 12, EAN 13 and GTIN 14 of one article are the same number."""
    return one.zfill(14) == other.zfill(14) and one.isdigit() and other.isdigit()
