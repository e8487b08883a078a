"""The sandbox's payment service: snake_case, amounts as whole minor units, currencies in lower case.

Business identity of a request: invoice and order.
"""

from decimal import Decimal

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Ask, Misfit, Refusal, Vendor, action, one, plain, read

# ISO 4217 currencies whose minor unit is not a hundredth.
_WHOLE = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())  # noqa: SIM905
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def _exponent(currency: str) -> int:
    code = currency.upper()
    return 0 if code in _WHOLE else 3 if code in _THOUSANDTHS else 2


def to_minor(amount: Decimal, currency: str) -> int:
    """12.50 EUR is 1250. Raises Misfit where digits would be lost."""
    minor = amount.scaleb(_exponent(currency))
    if minor != minor.to_integral_value():
        raise Misfit("/amount", f"no more digits than {currency} has", plain(amount))
    return int(minor)


def from_minor(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-_exponent(currency))


class Request(msgspec.Struct, frozen=True):
    id: str
    amount: int
    currency: str
    invoice_ref: str
    order_ref: str
    status: str


class Requests(msgspec.Struct, frozen=True):
    data: tuple[Request, ...]


def _ask(a: roles.RequestPaymentArguments) -> Ask:
    body = {
        "amount": to_minor(a.amount, a.currency),
        "currency": a.currency.lower(),
        "customer_ref": a.customer_id,
        "invoice_ref": a.invoice,
        "order_ref": a.order,
        "due_date": a.due_on,
    }
    return Ask("POST", "/v1/payment_requests", body=body)


def _read(a: roles.RequestPaymentArguments, body: bytes) -> roles.PaymentRequest:
    request = read(Request, body)
    if request.amount != to_minor(a.amount, a.currency):
        raise Misfit("amount", str(to_minor(a.amount, a.currency)), str(request.amount))
    return roles.PaymentRequest(payment=request.id)


def _find(a: roles.RequestPaymentArguments) -> Ask:
    return Ask("GET", "/v1/payment_requests", {"invoice_ref": a.invoice, "order_ref": a.order})


def _found(a: roles.RequestPaymentArguments, body: bytes) -> roles.PaymentRequest | None:
    amount, currency = to_minor(a.amount, a.currency), a.currency.lower()
    same = [
        r for r in read(Requests, body).data if r.status != "cancelled" and (r.amount, r.currency) == (amount, currency)
    ]
    found = one(same, "payment requests")
    return roles.PaymentRequest(payment=found.id) if found else None


class _Error(msgspec.Struct, frozen=True):
    type: str = ""
    code: str | None = None
    message: str = ""
    param: str | None = None


class _Refused(msgspec.Struct, frozen=True):
    error: _Error


def _refusal(body: bytes) -> Refusal:
    e = read(_Refused, body).error
    return Refusal(e.code or e.type, e.message, e.param or "")


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


VENDOR = Vendor(
    name="sandbox.payment",
    system="payment",
    actions={"payment.request": action(_ask, _read, _find, _found)},
    credentials=_credentials,
    refusal=_refusal,
)
