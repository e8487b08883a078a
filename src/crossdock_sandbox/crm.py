"""CRM: inquiries of customers, the proposals they get, applications of those who want to become customers, accounts.

What customers do on its pages is announced by webhook: they ask for a quote, they answer a proposal, they apply. An
answer names the revision that it answers. Speaks camelCase below an envelope `data`; money is {value, currencyCode}.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from .clock import whole_seconds
from .surroundings import Surroundings, fresh_id
from .wire import Call, Common, Dialect, Numbering, Reference, Refused, Reply, Route, Text


def _error(refusal: Refused) -> object:
    fault: dict[str, object] = {"faultCode": refusal.code, "explanation": refusal.text}
    return {"fault": fault if refusal.target is None else {**fault, "field": refusal.target}}


DIALECT = Dialect(
    system="crm",
    credential=lambda tenant, key: ("x-crm-session", key),
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "SESSION_INVALID",
        Common.NO_ROUTE: "RESOURCE_UNKNOWN",
        Common.NO_METHOD: "VERB_UNKNOWN",
        Common.MALFORMED: "CONTENT_UNREADABLE",
        Common.INVALID: "FIELD_INVALID",
        Common.TOO_LARGE: "CONTENT_TOO_LARGE",
        Common.TOO_SLOW: "CONTENT_TOO_SLOW",
        Common.KEY_REUSED: "REQUEST_ID_REUSED",
        Common.THROTTLED: "LIMIT_EXCEEDED",
        Common.UNAVAILABLE: "MAINTENANCE",
        Common.BROKEN: "UNEXPECTED",
    },
)


class Money(msgspec.Struct, rename="camel"):
    value: Text
    currency_code: Text


class Position(msgspec.Struct, rename="camel"):
    position: Reference
    product: Text
    count: Text
    packaging: Text
    price: Money


class ProposalRequest(msgspec.Struct, rename="camel"):
    inquiry: Reference
    revision: int
    customer_number: Text
    total: Money
    valid_through: Text
    positions: list[Position]


class Proposal(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    inquiry: str
    revision: int
    customer_number: str
    total: Money
    valid_through: str
    positions: list[Position]
    made_at: str


class AccountRequest(msgspec.Struct, rename="camel"):
    external_reference: Reference
    customer_number: Text
    name: Text
    email: Text = ""


class Account(msgspec.Struct, rename="camel"):
    id: str
    external_reference: str
    customer_number: str
    name: str
    email: str


class Wish(msgspec.Struct, rename="camel"):
    position: str
    product: str
    count: int
    packaging: str


class Inquiry(msgspec.Struct, rename="camel", kw_only=True):
    """What a customer asks a price for; discountWish in per cent off its own prices."""

    id: str
    customer_number: str
    currency_code: str
    email: str
    positions: list[Wish]
    discount_wish: int
    remark: str


class Answer(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    inquiry: str
    revision: int
    answer: Literal["accepted", "declined", "revise"]
    purchase_order: str = ""
    positions: list[Wish] = []
    discount_wish: int = 0
    remark: str = ""


class Application(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    company: str
    tax_number: str
    email: str
    language: str
    street: str
    city: str
    postal_code: str
    country: str
    wanted_limit: int


_proposals = msgspec.json.Decoder(ProposalRequest)
_accounts = msgspec.json.Decoder(AccountRequest)


class Crm:
    """proposed: told of each proposal, as its customer is."""

    dialect = DIALECT

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._proposals: list[Proposal] = []
        self._accounts: dict[str, Account] = {}
        self._numbers, self._account_numbers = Numbering("PR-", 6), Numbering("AC-", 6)
        self.proposed: Callable[[Proposal, datetime], None] = lambda proposal, now: None
        self.routes = (
            Route("POST", "/v3/proposals", "createProposal", self.propose),
            Route("GET", "/v3/proposals", "findProposals", self.find),
            Route("POST", "/v3/accounts", "createAccount", self.create_account),
            Route("GET", "/v3/accounts", "findAccounts", self.find_accounts),
        )

    def propose(self, call: Call) -> Reply:
        request = call.read(_proposals)
        if not request.positions:
            raise Refused(422, "POSITIONS_MISSING", "A proposal has at least one position", "positions")
        made = Proposal(
            id=self._numbers.next(),
            inquiry=request.inquiry,
            revision=request.revision,
            customer_number=request.customer_number,
            total=request.total,
            valid_through=request.valid_through,
            positions=request.positions,
            made_at=whole_seconds(call.now),
        )
        self._proposals.append(made)
        self._around.ledger.write(
            call.now,
            "proposal",
            made.id,
            order=made.inquiry,
            purpose=f"revision {made.revision}",
            amount=_amount(made.total),
            currency=made.total.currency_code,
            status="open",
        )
        self.proposed(made, call.now)
        return Reply({"data": made}, 201)

    def find(self, call: Call) -> Reply:
        return Reply({"data": [p for p in self._proposals if call.matches(inquiry=p.inquiry)]})

    def create_account(self, call: Call) -> Reply:
        request = call.read(_accounts)
        made = Account(
            self._account_numbers.next(), request.external_reference, request.customer_number, request.name,
            request.email,
        )  # fmt: skip
        self._accounts[made.id] = made
        self._around.ledger.write(
            call.now, "account", made.id, order=made.external_reference, purpose=made.customer_number
        )
        return Reply({"data": made}, 201)

    def find_accounts(self, call: Call) -> Reply:
        found = [a for a in self._accounts.values() if call.matches(externalReference=a.external_reference)]
        return Reply({"data": found})

    # What customers do on its pages

    def inquire(self, inquiry: Inquiry, now: datetime) -> None:
        self._around.ledger.write(
            now, "inquiry", inquiry.id, order=inquiry.id, purpose="inquiry", status="asked",
            detail=_wished(inquiry.customer_number, inquiry.positions, inquiry.discount_wish),
        )  # fmt: skip
        self._announce(inquiry.id, "inquiry.created", inquiry, now)

    def answer(self, answer: Answer, now: datetime) -> None:
        """On the page of the proposal; nobody can answer what is not there."""
        wanted = (answer.inquiry, answer.revision)
        found = next((p for p in self._proposals if (p.inquiry, p.revision) == wanted), None)
        if found is None:
            return
        self._around.ledger.progress("proposal", found.id, answer.answer)
        self._around.ledger.progress("inquiry", answer.inquiry, answer.answer)
        if answer.positions:
            self._around.ledger.write(
                now, "wish", answer.inquiry, order=answer.inquiry, purpose=f"revision {answer.revision + 1}",
                detail=_wished(found.customer_number, answer.positions, answer.discount_wish),
            )  # fmt: skip
        self._announce(answer.inquiry, "proposal.answered", answer, now)

    def apply(self, application: Application, now: datetime) -> None:
        self._around.ledger.write(
            now, "application", application.id, order=application.id, purpose=application.tax_number,
            detail={"company": application.company, "limit": application.wanted_limit},
        )  # fmt: skip
        self._announce(application.id, "application.submitted", application, now)

    def _announce(self, subject: str, topic: str, data: object, now: datetime) -> None:
        event_id = fresh_id()
        event = {"eventId": event_id, "topic": topic, "occurredAt": whole_seconds(now), "data": data}
        self._around.announce(subject, event_id, event, now)


def _wished(customer: str, positions: list[Wish], discount: int) -> dict[str, object]:
    items = [{"sku": w.product, "count": w.count, "unit": w.packaging} for w in positions]
    return {"customer": customer, "items": items, "discount": discount}


def _amount(money: Money) -> Decimal:
    try:
        return Decimal(money.value)
    except InvalidOperation:
        raise Refused(422, "FIELD_INVALID", f"Expected an amount, found {money.value}", "total.value") from None
