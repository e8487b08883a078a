"""Is an application to become a customer whole and plausible: tax number, address, and who is known already.

A tax number is checked by the form of its country, and by its check digits where the country publishes how: Sweden (the
organisation number's Luhn digit, then 01), Germany (ISO 7064, MOD 11,10). Whether the number is registered is not known
here. A postal code is checked by its form alone.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_FORMS: Mapping[str, str] = {
    "SE": r"SE\d{10}01", "DE": r"DE\d{9}", "US": r"\d{2}-\d{7}", "GB": r"GB(\d{9}|\d{12})", "NO": r"(NO)?\d{9}(MVA)?",
    "DK": r"DK\d{8}", "FI": r"FI\d{8}", "NL": r"NL\d{9}B\d{2}", "AT": r"ATU\d{8}", "FR": r"FR[0-9A-Z]{2}\d{9}",
}  # fmt: skip
_OTHER = r"[A-Z]{0,2}[0-9A-Z-]{6,14}"
_POSTAL: Mapping[str, str] = {
    "SE": r"\d{3} ?\d{2}", "DE": r"\d{5}", "US": r"\d{5}(-\d{4})?", "NO": r"\d{4}", "DK": r"\d{4}", "FI": r"\d{5}",
    "GB": r"[A-Z]{1,2}\d[A-Z0-9]? ?\d[A-Z]{2}",
}  # fmt: skip


def check(application: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that speaks against it, and how its tax number is written.

    known: customers that a search by tax number and name found.
    Returns {problems: [{code, text}], codes, tax_id}; codes: duplicate, tax-id, address or same-name, each once.
    """
    address: Mapping[str, Any] = application.get("address") or {}
    country = str(address.get("country") or "").strip().upper()
    tax = re.sub(r"[\s.]", "", str(application.get("tax_id") or "")).upper()
    found: list[dict[str, str]] = []
    if (why := wrong_tax_id(tax, country)) is not None:
        found.append({"code": "tax-id", "text": why})
    for name in ("street", "city", "postal_code", "country"):
        if not str(address.get(name) or "").strip():
            found.append({"code": "address", "text": f"The address has no {name.replace('_', ' ')}"})
    form = _POSTAL.get(country)
    postal = str(address.get("postal_code") or "").strip().upper()
    if form and postal and not re.fullmatch(form, postal):
        found.append({"code": "address", "text": f"{postal} is no postal code of {country}"})
    for c in known:
        if re.sub(r"[\s.]", "", str(c["tax_id"])).upper() == tax:
            found.append({"code": "duplicate", "text": f"{c['customer_id']} {c['name']} has this tax number"})
        else:
            found.append({"code": "same-name", "text": f"{c['customer_id']} in {c['city']} has the same name"})
    codes = ", ".join(dict.fromkeys(p["code"] for p in found))
    return {"problems": found, "codes": codes, "tax_id": tax}


def wrong_tax_id(tax: str, country: str) -> str | None:
    """Why it cannot be a tax number of that country; None when it can."""
    if not re.fullmatch(_FORMS.get(country, _OTHER), tax):
        return f"{tax or 'Nothing'} has not the form of a tax number of {country or 'its country'}"
    if country == "SE" and _luhn(tax[2:12]) != 0:
        return f"The check digit of {tax} is wrong"
    if country == "DE" and _mod11(tax[2:10]) != int(tax[10]):
        return f"The check digit of {tax} is wrong"
    return None


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10


def _mod11(digits: str) -> int:
    product = 10
    for digit in digits:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10
