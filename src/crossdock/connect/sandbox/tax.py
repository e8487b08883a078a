"""The sandbox's tax engine: camelCase; a quote has no effect and leaves no trace."""

import base64
from decimal import Decimal

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Ask, Misfit, Refusal, Vendor, action, read


class Line(msgspec.Struct, frozen=True, rename="camel"):
    line_number: str
    rate: Decimal
    tax: Decimal


class Quote(msgspec.Struct, frozen=True, rename="camel"):
    total_tax: Decimal
    lines: tuple[Line, ...]


def _ask_quote(a: roles.TaxQuoteArguments) -> Ask:
    streets = (*a.ship_to.lines, "", "")
    body = {
        "code": a.order,
        "currencyCode": a.currency,
        "shipTo": {
            "line1": streets[0],
            "line2": streets[1],
            "city": a.ship_to.city,
            "region": a.ship_to.region,
            "postalCode": a.ship_to.postal_code,
            "country": a.ship_to.country,
        },
        "lines": [{"number": line.line, "itemCode": line.sku, "amount": line.amount} for line in a.lines],
    }
    return Ask("POST", "/api/v2/transactions/quote", body=body)


def _read_quote(a: roles.TaxQuoteArguments, body: bytes) -> roles.TaxQuote:
    quote = read(Quote, body)
    asked, taxed = sorted(line.line for line in a.lines), sorted(line.line_number for line in quote.lines)
    if asked != taxed:
        raise Misfit("lines", f"one for each of {asked}", str(taxed))
    if sum((line.tax for line in quote.lines), Decimal(0)) != quote.total_tax:
        raise Misfit("totalTax", "the sum of the lines' tax", str(quote.total_tax))
    return roles.TaxQuote(
        tax=quote.total_tax,
        lines=tuple(roles.TaxedLine(line=line.line_number, rate=line.rate, tax=line.tax) for line in quote.lines),
    )


class _Detail(msgspec.Struct, frozen=True, rename="camel"):
    refers_to: str = ""
    description: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""
    details: tuple[_Detail, ...] = ()


class _Refused(msgspec.Struct, frozen=True):
    error: _Error


def _refusal(body: bytes) -> Refusal:
    e = read(_Refused, body).error
    return Refusal(e.code, e.message, ", ".join(d.refers_to for d in e.details))


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{tenant}:{key}".encode()).decode()}


VENDOR = Vendor(
    name="sandbox.tax",
    system="tax",
    actions={"tax.quote": action(_ask_quote, _read_quote)},
    credentials=_credentials,
    refusal=_refusal,
)
