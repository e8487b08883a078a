"""Tax: a quote per order by destination, and nothing else. It records nothing, so its ledger stays empty.

Rates are the standard VAT rates of Europe and the base sales-tax rates of the American states, as simple as a
simulation may be: no exemptions, no reverse charge, no local surtax. Overseas there is none: exports are zero-rated.
"""

from base64 import b64encode
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from .surroundings import Surroundings
from .wire import CENT, Call, Common, Dialect, Reference, Refused, Reply, Route, Text, plain


def _error(refusal: Refused) -> object:
    detail = {"refersTo": refusal.target or "", "description": refusal.text}
    return {"error": {"code": refusal.code, "message": refusal.text, "details": [detail]}}


def _credential(tenant: str, key: str) -> tuple[str, str]:
    return "authorization", "Basic " + b64encode(f"{tenant}:{key}".encode()).decode()


DIALECT = Dialect(
    system="tax",
    credential=_credential,
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "AuthenticationException",
        Common.NO_ROUTE: "ResourceNotFoundError",
        Common.NO_METHOD: "MethodNotAllowedError",
        Common.MALFORMED: "InvalidJsonError",
        Common.INVALID: "ValueRequiredError",
        Common.TOO_LARGE: "RequestTooLargeError",
        Common.TOO_SLOW: "RequestTimeoutError",
        Common.KEY_REUSED: "IdempotencyConflictError",
        Common.THROTTLED: "RateLimitError",
        Common.UNAVAILABLE: "ServerUnreachableError",
        Common.BROKEN: "ServerError",
    },
)


class ShipTo(msgspec.Struct, rename="camel"):
    country: Text
    line1: Text = ""
    line2: Text = ""
    city: Text = ""
    region: Text = ""
    postal_code: Text = ""


class TaxLine(msgspec.Struct, rename="camel"):
    number: Reference
    amount: Decimal
    item_code: Text = ""


class QuoteRequest(msgspec.Struct, rename="camel"):
    code: Reference
    currency_code: Text
    ship_to: ShipTo
    lines: list[TaxLine]


_quotes = msgspec.json.Decoder(QuoteRequest)

VAT_PERCENT = (
    "AT 20 BE 21 BG 20 CH 8.1 CY 19 CZ 21 DE 19 DK 25 EE 24 ES 21 FI 25.5 FR 20 GB 20 GR 24 HR 25 HU 27 IE 23 IS 24 "
    "IT 22 LT 21 LU 17 LV 21 MT 18 NL 21 NO 25 PL 23 PT 23 RO 21 SE 25 SI 22 SK 23 CA 5 MX 16"
)
OVERSEAS = "AE AG AU BH BM BR HK IL JE JP KR LB NG SA SG TH ZA"
US_PERCENT = (
    "AK 0 AL 4 AR 6.5 AZ 5.6 CA 7.25 CO 2.9 CT 6.35 DC 6 DE 0 FL 6 GA 4 HI 4 IA 6 ID 6 IL 6.25 IN 7 KS 6.5 KY 6 LA 5 "
    "MA 6.25 MD 6 ME 5.5 MI 6 MN 6.875 MO 4.225 MS 7 MT 0 NC 4.75 ND 5 NE 5.5 NH 0 NJ 6.625 NM 4.875 NV 6.85 NY 4 "
    "OH 5.75 OK 4.5 OR 0 PA 6 RI 7 SC 6 SD 4.2 TN 7 TX 6.25 UT 4.85 VA 4.3 VT 6 WA 6.5 WI 5 WV 6 WY 4"
)


def _rates(text: str) -> dict[str, Decimal]:
    words = text.split()
    return {place: Decimal(percent) / 100 for place, percent in zip(words[::2], words[1::2], strict=True)}


COUNTRY_RATE = _rates(VAT_PERCENT) | dict.fromkeys(OVERSEAS.split(), Decimal(0))
STATE_RATE = _rates(US_PERCENT)


class Tax:
    dialect = DIALECT

    def __init__(self, around: Surroundings) -> None:
        self.routes = (Route("POST", "/api/v2/transactions/quote", "quoteTax", self.quote_tax),)

    def quote_tax(self, call: Call) -> Reply:
        request = call.read(_quotes)
        if not 1 <= len(request.lines) <= 1000:
            raise Refused(
                422, "InvalidLineCountError", f"Expected 1 to 1000 lines, found {len(request.lines)}", "lines"
            )
        rate = _rate(request.ship_to)
        lines: list[dict[str, object]] = []
        taxable = tax = Decimal("0.00")
        for place, line in enumerate(request.lines):
            amount = plain(line.amount, f"lines[{place}].amount")
            line_tax = (amount * rate).quantize(CENT, ROUND_HALF_UP)
            taxable, tax = taxable + amount, tax + line_tax
            lines.append({"lineNumber": line.number, "taxableAmount": amount, "rate": rate, "tax": line_tax})
        return Reply(
            {
                "code": request.code,
                "currencyCode": request.currency_code,
                "totalAmount": taxable,
                "totalTax": tax,
                "lines": lines,
            }
        )


def _rate(ship_to: ShipTo) -> Decimal:
    if ship_to.country == "US":
        if ship_to.region not in STATE_RATE:
            raise Refused(422, "InvalidAddressError", f"State {ship_to.region!r} is unknown", "shipTo.region")
        return STATE_RATE[ship_to.region]
    if ship_to.country not in COUNTRY_RATE:
        raise Refused(422, "InvalidAddressError", f"Country {ship_to.country!r} is unknown", "shipTo.country")
    return COUNTRY_RATE[ship_to.country]
