"""Helpdesk: tickets, with the order as their external id.

Tickets come from two sides: the distributor's systems open them by the API, customers by the form on its pages. What a
customer writes is announced by webhook; an answer is a comment, and ends the ticket when it says that it is solved.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from .clock import whole_seconds
from .surroundings import Surroundings, fresh_id
from .wire import Call, Common, Dialect, LongText, Reference, Refused, Reply, Route, Text


def _error(refusal: Refused) -> object:
    detail = {"error": refusal.code, "description": refusal.text}
    return {
        "error": refusal.code,
        "description": refusal.text,
        "details": {} if refusal.target is None else {refusal.target: [detail]},
    }


DIALECT = Dialect(
    system="helpdesk",
    credential=lambda tenant, key: ("x-helpdesk-token", key),
    error=_error,
    codes={
        Common.UNAUTHENTICATED: "CouldNotAuthenticateYou",
        Common.NO_ROUTE: "InvalidEndpoint",
        Common.NO_METHOD: "MethodNotAllowed",
        Common.MALFORMED: "UnprocessableJson",
        Common.INVALID: "RecordInvalid",
        Common.TOO_LARGE: "RequestTooLarge",
        Common.TOO_SLOW: "RequestTimeout",
        Common.KEY_REUSED: "IdempotentRequestError",
        Common.THROTTLED: "APIRateLimitExceeded",
        Common.UNAVAILABLE: "ServiceUnavailable",
        Common.BROKEN: "InternalError",
    },
)

Priority = Literal["low", "normal", "high", "urgent"]


class CommentBody(msgspec.Struct):
    body: LongText


class NewTicket(msgspec.Struct):
    subject: Text
    comment: CommentBody
    external_id: Reference
    priority: Priority = "normal"
    tags: list[Reference] = []


class NewTicketRequest(msgspec.Struct):
    ticket: NewTicket


class Change(msgspec.Struct):
    status: Literal["new", "open", "solved"] | None = None
    priority: Priority | None = None
    comment: CommentBody | None = None


class ChangeRequest(msgspec.Struct):
    ticket: Change


class Comment(msgspec.Struct):
    body: str
    created_at: str


class FormItem(msgspec.Struct):
    """amount: what the customer wants off the line; 0 where it is about pieces."""

    pos: str
    pieces: int
    amount: Decimal = Decimal(0)


class Form(msgspec.Struct, omit_defaults=True):
    """What a customer filled in: what it is about, why, and which lines of the order or invoice."""

    kind: str
    reason: str
    items: list[FormItem]
    invoice_no: str = ""


class Ticket(msgspec.Struct):
    id: int
    subject: str
    description: str
    status: str
    priority: str
    external_id: str
    tags: list[str]
    created_at: str
    updated_at: str
    comments: list[Comment]
    form: Form | None = None


_new = msgspec.json.Decoder(NewTicketRequest)
_changes = msgspec.json.Decoder(ChangeRequest)


class Helpdesk:
    dialect = DIALECT

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._tickets: dict[str, Ticket] = {}
        self.routes = (
            Route("POST", "/api/v2/tickets", "createTicket", self.create),
            Route("GET", "/api/v2/tickets", "listTickets", self.find),
            Route("GET", "/api/v2/tickets/{id}", "getTicket", self.get),
            Route("PUT", "/api/v2/tickets/{id}", "updateTicket", self.update),
        )

    def create(self, call: Call) -> Reply:
        new = call.read(_new).ticket
        if not new.subject.strip():
            raise Refused(422, "BlankValue", "Subject: cannot be blank", "subject")
        ticket = self._open(new, None, call.now)
        self._around.ledger.write(
            call.now,
            "ticket",
            str(ticket.id),
            order=ticket.external_id,
            purpose=ticket.tags[0] if ticket.tags else "ticket",
            status="new",
            detail={"subject": ticket.subject, "priority": ticket.priority},
        )
        return Reply({"ticket": ticket}, 201)

    def hear(self, order: str, subject: str, body: str, form: Form, now: datetime) -> None:
        """A customer has sent the form."""
        new = NewTicket(subject, CommentBody(body), order, "normal", [form.kind])
        ticket = self._open(new, form, now)
        items: list[dict[str, object]] = [{"line": i.pos, "pieces": i.pieces, "amount": i.amount} for i in form.items]
        self._around.ledger.write(
            now,
            "request",
            str(ticket.id),
            order=order,
            purpose=form.kind,
            status="new",
            detail={"reason": form.reason, "items": items, "invoice": form.invoice_no},
        )
        event_id = fresh_id()
        event = {"id": event_id, "type": "ticket.created", "created_at": ticket.created_at, "ticket": ticket}
        self._around.announce(order, event_id, event, now)

    def _open(self, new: NewTicket, form: Form | None, now: datetime) -> Ticket:
        moment = whole_seconds(now)
        ticket = Ticket(
            id=1001 + len(self._tickets),
            subject=new.subject,
            description=new.comment.body,
            status="new",
            priority=new.priority,
            external_id=new.external_id,
            tags=list(new.tags),
            created_at=moment,
            updated_at=moment,
            comments=[Comment(new.comment.body, moment)],
            form=form,
        )
        self._tickets[str(ticket.id)] = ticket
        return ticket

    def find(self, call: Call) -> Reply:
        found = [ticket for ticket in self._tickets.values() if call.matches(external_id=ticket.external_id)]
        skip, top = call.window()
        return Reply({"tickets": found[skip : skip + top], "count": len(found)})

    def get(self, call: Call) -> Reply:
        return Reply({"ticket": self._known(call)})

    def update(self, call: Call) -> Reply:
        change = call.read(_changes).ticket
        ticket = self._known(call)
        moment = whole_seconds(call.now)
        ticket.status = change.status or ticket.status
        ticket.priority = change.priority or ticket.priority
        if change.comment is not None:
            ticket.comments.append(Comment(change.comment.body, moment))
        ticket.updated_at = moment
        for effect in ("ticket", "request"):
            self._around.ledger.progress(effect, str(ticket.id), ticket.status)
        return Reply({"ticket": ticket})

    def _known(self, call: Call) -> Ticket:
        number = call.arguments["id"]
        if number not in self._tickets:
            raise Refused(404, "RecordNotFound", f"Ticket {number} was not found")
        return self._tickets[number]
