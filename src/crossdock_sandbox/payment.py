"""Payment provider: a request per invoice, which the customer pays in full around its due date.

Speaks snake_case with amounts in minor units and times in epoch seconds. A settlement is announced by webhook and
reaches the enterprise's bank account, which clears the invoice in the ERP.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from .clock import Appointment
from .surroundings import Surroundings, fresh_id
from .wire import Call, Common, Dialect, Numbering, Reference, Refused, Reply, Route, Text
from .world import CURRENCIES


def _kind(refusal: Refused) -> str:
    match refusal.status:
        case 401:
            return "authentication_error"
        case 429:
            return "rate_limit_error"
        case status if status >= 500:
            return "api_error"
        case _:
            return "idempotency_error" if refusal.code == "idempotency_key_in_use" else "invalid_request_error"


def _error(refusal: Refused) -> object:
    error = {"type": _kind(refusal), "code": refusal.code, "message": refusal.text}
    if refusal.target is not None:
        error["param"] = refusal.target
    return {"error": error}


DIALECT = Dialect(
    system="payment",
    credential=lambda tenant, key: ("authorization", f"Bearer {key}"),
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "api_key_invalid",
        Common.NO_ROUTE: "url_invalid",
        Common.NO_METHOD: "method_not_allowed",
        Common.MALFORMED: "body_invalid",
        Common.INVALID: "parameter_invalid",
        Common.TOO_LARGE: "body_too_large",
        Common.TOO_SLOW: "request_timeout",
        Common.KEY_REUSED: "idempotency_key_in_use",
        Common.THROTTLED: "rate_limit",
        Common.UNAVAILABLE: "service_unavailable",
        Common.BROKEN: "internal_error",
    },
    invalid_status=400,
)


class NewRequest(msgspec.Struct):
    amount: Annotated[int, msgspec.Meta(ge=1, le=10**14)]
    currency: Text
    customer_ref: Text
    invoice_ref: Reference
    order_ref: Reference
    due_date: date


class Request(msgspec.Struct, kw_only=True):
    id: str
    object: str = "payment_request"
    amount: int
    amount_received: int = 0
    currency: str
    customer_ref: str
    invoice_ref: str
    order_ref: str
    due_date: str
    status: str = "open"
    created: int
    settled_at: int | None = None


_requests = msgspec.json.Decoder(NewRequest)

# ISO 4217 minor units; only what the distributors trade in.
MINOR_DIGITS = {currency.lower(): 2 for currency in CURRENCIES}


class Payment:
    """receive: told (invoice, amount, currency, time) when money has arrived."""

    dialect = DIALECT

    def __init__(self, around: Surroundings, receive: Callable[[str, Decimal, str, datetime], None]) -> None:
        self._around = around
        self._receive = receive
        self._customers = {customer.customer_id: customer for customer in around.distributor.customers}
        self._requests: dict[str, Request] = {}
        self._requests_of: dict[str, list[Request]] = {}
        self._due: dict[str, Appointment] = {}
        self._numbers = Numbering("pr_", 10)
        self._payment_numbers = Numbering("py_", 10)
        self.routes = (
            Route("POST", "/v1/payment_requests", "createPaymentRequest", self.create),
            Route("GET", "/v1/payment_requests", "listPaymentRequests", self.find),
            Route("GET", "/v1/payment_requests/{id}", "getPaymentRequest", self.get),
            Route("POST", "/v1/payment_requests/{id}/cancel", "cancelPaymentRequest", self.cancel),
        )

    def create(self, call: Call) -> Reply:
        new = call.read(_requests)
        customer = self._customers.get(new.customer_ref)
        if customer is None:
            raise Refused(400, "parameter_invalid", f"No such customer: {new.customer_ref}", "customer_ref")
        if new.currency not in MINOR_DIGITS:
            raise Refused(400, "parameter_invalid", f"Currency {new.currency!r} is not supported", "currency")
        if not 2000 <= new.due_date.year <= 2999:
            raise Refused(400, "parameter_invalid", "The due date is out of range", "due_date")
        request = Request(
            id=self._numbers.next(),
            amount=new.amount,
            currency=new.currency,
            customer_ref=new.customer_ref,
            invoice_ref=new.invoice_ref,
            order_ref=new.order_ref,
            due_date=new.due_date.isoformat(),
            created=int(call.now.timestamp()),
        )
        self._requests[request.id] = request
        self._requests_of.setdefault(request.invoice_ref, []).append(request)
        self._around.ledger.write(
            call.now,
            "payment-request",
            request.id,
            order=request.order_ref,
            purpose=request.invoice_ref,
            amount=_major(request),
            currency=request.currency.upper(),
            status="open",
            detail={"customer": request.customer_ref},
        )
        chance = self._around.chance
        days = min(12, max(-5, customer.pay_days_after_due + chance.whole(-1, 2, request.order_ref, "days")))
        payday = datetime(new.due_date.year, new.due_date.month, new.due_date.day, 8, tzinfo=UTC) + timedelta(days=days)
        payday += chance.minutes(0, 7 * 60, request.order_ref, "hour")
        earliest = call.now + timedelta(hours=1)
        self._due[request.id] = self._around.agenda.at(max(payday, earliest), lambda at: self._settle(request, at))
        return Reply(request, 201)

    def find(self, call: Call) -> Reply:
        invoice = call.query.get("invoice_ref")
        among = self._requests.values() if invoice is None else self._requests_of.get(invoice, ())
        found = [request for request in among if call.matches(order_ref=request.order_ref)]
        skip, top = call.window()
        return Reply({"object": "list", "data": found[skip : skip + top]})

    def get(self, call: Call) -> Reply:
        return Reply(self._known(call))

    def cancel(self, call: Call) -> Reply:
        request = self._known(call)
        if request.status == "settled":
            raise Refused(409, "payment_request_settled", f"{request.id} has been paid and cannot be cancelled")
        if request.status == "open":
            request.status = "cancelled"
            self._due.pop(request.id).cancel()
            self._around.ledger.cancel("payment-request", request.id, call.now)
            self._around.ledger.progress("payment-request", request.id, "cancelled")
        return Reply(request)

    def _settle(self, request: Request, now: datetime) -> None:
        del self._due[request.id]
        request.status, request.amount_received = "settled", request.amount
        request.settled_at = int(now.timestamp())
        number = self._payment_numbers.next()
        amount, currency = _major(request), request.currency.upper()
        self._around.ledger.progress("payment-request", request.id, "settled")
        self._around.ledger.write(
            now,
            "payment",
            number,
            order=request.order_ref,
            purpose=request.invoice_ref,
            amount=amount,
            currency=currency,
            status="settled",
            detail={"payment_request": request.id},
        )
        self._receive(request.invoice_ref, amount, currency, now)
        event_id = f"evt_{fresh_id()}"
        payment = {"id": number, "amount": request.amount, "currency": request.currency}
        event = {
            "id": event_id,
            "object": "event",
            "type": "payment_request.settled",
            "created": request.settled_at,
            "data": {"object": request, "payment": payment},
        }
        self._around.announce(request.order_ref, event_id, event, now)

    def _known(self, call: Call) -> Request:
        number = call.arguments["id"]
        if number not in self._requests:
            raise Refused(404, "resource_missing", f"No such payment_request: {number}", "id")
        return self._requests[number]


def _major(request: Request) -> Decimal:
    return Decimal(request.amount).scaleb(-MINOR_DIGITS[request.currency])
