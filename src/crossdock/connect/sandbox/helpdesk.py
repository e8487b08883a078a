"""The sandbox's helpdesk: wrapped snake_case. Business identity of a ticket: order, subject and text."""

from typing import Any

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Ask, Refusal, Vendor, action, one, read

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
    actions={"helpdesk.openTicket": action(_ask, _read, _find, _found)},
    credentials=_credentials,
    refusal=_refusal,
)
