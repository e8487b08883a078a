"""One message to all whom an outage keeps waiting: each gets a mail about its own orders, and no other's.

It is shown before it is sent, with every mail that would leave; the token is the hash of all that is shown, and what
was sent under it is not sent again. The mails belong to the case of the incident, where their answers come back to.
Whoever has no known address is named, so that somebody calls.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson
from crossdock.cases import incidents, mailing, replies
from crossdock.cases.casework import Case
from crossdock.db import Tx, queries
from crossdock.errors import Conflict

SQL = queries("crossdock.cases", "outages.sql")
MOST = 1000  # customers


class _Back(Exception):
    """Rolls back what was only tried."""


class Audience(StrEnum):
    """partners: who sent the orders, at the first contact of theirs that has an address."""

    CUSTOMERS = "customers"
    PARTNERS = "partners"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """to "": no address is known, and nothing is sent."""

    name: str
    to: str
    orders: Sequence[str]
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """sent_at: when exactly this was sent already."""

    token: str
    letters: Sequence[Letter]
    sent_at: datetime | None = None

    @property
    def left_out(self) -> list[str]:
        return [x.name for x in self.letters if not x.to]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """told, left_out: names; those left out have no address that mail can go to."""

    token: str
    case_id: UUID
    subject: str
    body: str
    audience: str
    told: Sequence[str]
    left_out: Sequence[str]
    by: str
    at: datetime


async def preview(
    tx: Tx, tenant_id: str, incident_id: UUID, subject: str, body: str, by: str, now: datetime, audience: Audience
) -> Shown:
    """Every mail that would leave. subject and body: as a reply template's; {orders} are the reader's own that wait.

    Raises Conflict for an incident that holds up nobody.
    """
    letters: list[Letter] = []
    try:
        async with tx.transaction():  # nothing is opened by looking
            letters += (await _letters(tx, tenant_id, incident_id, subject, body, by, now, audience))[1]
            raise _Back
    except _Back:
        pass
    token = _token(subject, body, audience, letters)
    row = await tx.fetchrow(SQL["one"], tenant_id, incident_id, token)
    return Shown(token=token, letters=letters, sent_at=None if row is None else row["sent_at"])


async def tell(
    tx: Tx, tenant_id: str, incident_id: UUID, subject: str, body: str, by: str, now: datetime, audience: Audience,
    token: str,
) -> Told:  # fmt: skip
    """Writes what was shown under this token, once. Raises Conflict when it would be something else by now."""
    if (row := await tx.fetchrow(SQL["one"], tenant_id, incident_id, token)) is not None:
        return _told(row)
    case, letters = await _letters(tx, tenant_id, incident_id, subject, body, by, now, audience)
    if _token(subject, body, audience, letters) != token:
        raise Conflict("It is not what was shown: other orders wait by now, or the text is another. Look at it again.")
    reached = [x for x in letters if x.to]
    told, left_out = [x.name for x in reached], [x.name for x in letters if not x.to]
    first = await tx.fetchval(
        SQL["remember"], tenant_id, incident_id, token, case.case_id, subject, body, audience.value,
        exactjson.text(told), exactjson.text(left_out), by, now,
    )  # fmt: skip
    if first:  # else somebody sent it in this very moment
        for x in reached:
            await mailing.write(tx, tenant_id, case.case_id, [x.to], x.subject, x.body, by, now)
        number = (await incidents.get(tx, tenant_id, incident_id))[0].number
        detail = {"told": len(told), "left_out": left_out, "subject": subject, "audience": audience.value}
        await audit.record(tx, tenant_id, by, "incident.tell", number, detail)
    return _told(await tx.fetchrow(SQL["one"], tenant_id, incident_id, token))


async def sent(tx: Tx, tenant_id: str, incident_id: UUID) -> list[Told]:
    """The newest first. Raises NotFound."""
    await incidents.get(tx, tenant_id, incident_id)
    return [_told(r) for r in await tx.fetch(SQL["all"], tenant_id, incident_id)]


def _told(row: Any) -> Told:
    return Told(
        token=row["token"], case_id=row["case_id"], subject=row["subject"], body=row["body"], audience=row["audience"],
        told=exactjson.loads(row["told"]), left_out=exactjson.loads(row["left_out"]), by=row["sent_by"],
        at=row["sent_at"],
    )  # fmt: skip


def _token(subject: str, body: str, audience: Audience, letters: Sequence[Letter]) -> str:
    readers = [[x.name, x.to, list(x.orders)] for x in letters]
    return hashlib.sha256(exactjson.canonical([subject, body, audience.value, readers])).hexdigest()


async def _letters(
    tx: Tx, tenant_id: str, incident_id: UUID, subject: str, body: str, by: str, now: datetime, audience: Audience
) -> tuple[Case, list[Letter]]:
    replies.check(subject, body)
    incident, numbers = await incidents.get(tx, tenant_id, incident_id)
    rows: list[Any] = list(await tx.fetch(SQL["waiting"], tenant_id, numbers, MOST))
    if not rows:
        raise Conflict(f"{incident.number} holds up no order of a known customer")
    case = await incidents.case_of(tx, tenant_id, incident_id, now)
    letters: list[Letter] = []
    for name, to, language, orders in _readers(rows, audience):
        said, text = await replies.fill(
            tx, tenant_id, case, subject, body, by, orders="\n".join(orders), customer=name, language=language or "en"
        )  # fmt: skip
        letters.append(Letter(name=name, to=to, orders=orders, subject=said, body=text))
    return case, letters


def _readers(rows: Sequence[Any], audience: Audience) -> list[tuple[str, str, str, list[str]]]:
    """(name, address, language, orders) of each; who is both customer and partner reads one mail."""
    found: dict[tuple[str, str], tuple[str, str, str, list[str]]] = {}

    def add(kind: str, ident: str, name: str, to: str, language: str, orders: Sequence[str]) -> None:
        address = to if mailing.is_address(to) else ""
        key = ("to", address.lower()) if address else (kind, ident)
        if key in found:
            known = found[key]
            found[key] = (*known[:3], sorted({*known[3], *orders}))
        else:
            found[key] = (name, address, language, sorted(orders))

    for r in rows:
        if audience is not Audience.PARTNERS:
            customer = str(r["customer"] or r["customer_id"])
            add("customer", str(r["customer_id"]), customer, str(r["email"]), str(r["language"]), r["orders"])
        if audience is not Audience.CUSTOMERS and r["partner_id"]:
            partner = str(r["partner"] or r["partner_id"])
            add("partner", str(r["partner_id"]), partner, str(r["partner_email"]), "", r["orders"])
    return list(found.values())
