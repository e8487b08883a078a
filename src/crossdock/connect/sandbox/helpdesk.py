"""The sandbox's helpdesk: wrapped snake_case.

Business identity of a ticket: order, subject and text; of an answer: its ticket and its text, and whether it solves it.
"""

from typing import Any

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Ask, Refusal, Vendor, action, one, read, segment

_PRIORITIES = {"critical": "urgent", "high": "high", "medium": "normal", "low": "low"}


class Ticket(msgspec.Struct, frozen=True):
    id: int
    subject: str
    description: str


class Wrapped(msgspec.Struct, frozen=True):
    ticket: Ticket


class Tickets(msgspec.Struct, frozen=True):
    tickets: tuple[Ticket, ...]


def _ask(a: roles.OpenTicketArguments) -> Ask:
    ticket: dict[str, Any] = {
        "subject": a.subject,
        "comment": {"body": a.body},
        "priority": _PRIORITIES[a.severity],
        "external_id": a.order,
    }
    return Ask("POST", "/api/v2/tickets", body={"ticket": ticket})


def _read(a: roles.OpenTicketArguments, body: bytes) -> roles.Ticket:
    return roles.Ticket(ticket=str(read(Wrapped, body).ticket.id))


def _find(a: roles.OpenTicketArguments) -> Ask:
    return Ask("GET", "/api/v2/tickets", {"external_id": a.order})


def _found(a: roles.OpenTicketArguments, body: bytes) -> roles.Ticket | None:
    same = [t for t in read(Tickets, body).tickets if (t.subject, t.description) == (a.subject, a.body)]
    found = one(same, "tickets")
    return roles.Ticket(ticket=str(found.id)) if found else None


class Comment(msgspec.Struct, frozen=True):
    body: str


class Answered(msgspec.Struct, frozen=True):
    id: int
    status: str
    comments: tuple[Comment, ...]


class _Answered(msgspec.Struct, frozen=True):
    ticket: Answered


def _ask_answer(a: roles.AnswerTicketArguments) -> Ask:
    change: dict[str, Any] = {"comment": {"body": a.body}, "status": "solved" if a.solved else "open"}
    return Ask("PUT", f"/api/v2/tickets/{segment(a.ticket)}", body={"ticket": change})


def _read_answer(a: roles.AnswerTicketArguments, body: bytes) -> roles.Ticket:
    return roles.Ticket(ticket=str(read(_Answered, body).ticket.id))


def _find_answer(a: roles.AnswerTicketArguments) -> Ask:
    return Ask("GET", f"/api/v2/tickets/{segment(a.ticket)}")


def _found_answer(a: roles.AnswerTicketArguments, body: bytes) -> roles.Ticket | None:
    ticket = read(_Answered, body).ticket
    said = any(c.body == a.body for c in ticket.comments) and (ticket.status == "solved" or not a.solved)
    return roles.Ticket(ticket=str(ticket.id)) if said else None


class _Refused(msgspec.Struct, frozen=True):
    error: str = ""
    description: str = ""
    details: dict[str, Any] = {}  # msgspec copies a mutable default


def _refusal(body: bytes) -> Refusal:
    e = read(_Refused, body)
    return Refusal(e.error, e.description, ", ".join(e.details))


def _credentials(tenant: str, key: str) -> dict[str, str]:
    return {"X-Helpdesk-Token": key}


VENDOR = Vendor(
    name="sandbox.helpdesk",
    system="helpdesk",
    actions={
        "helpdesk.openTicket": action(_ask, _read, _find, _found),
        "helpdesk.answer": action(_ask_answer, _read_answer, _find_answer, _found_answer),
    },
    credentials=_credentials,
    refusal=_refusal,
)
