"""One message to all whom an outage keeps waiting: each customer gets a mail about its own orders, and no other's.

The mails belong to the case of the incident, where their answers come back to. A customer whose address is not known is
named, so that somebody calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import audit
from crossdock.cases import incidents, mailing, replies
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, PartnerError

SQL = queries("crossdock.cases", "outages.sql")
MOST = 1000  # customers


@dataclass(frozen=True, slots=True)
class Told:
    """left_out: customers without an address that mail can go to."""

    case_id: UUID
    written: int
    left_out: Sequence[str]


async def tell_customers(
    tx: Tx, tenant_id: str, incident_id: UUID, subject: str, body: str, by: str, now: datetime
) -> Told:  # fmt: skip
    """subject and body: as a reply template's; {orders} are the customer's own that wait. Raises Conflict for none."""
    replies.check(subject, body)
    incident, numbers = await incidents.get(tx, tenant_id, incident_id)
    rows: list[Any] = list(await tx.fetch(SQL["customers"], tenant_id, numbers, MOST))
    if not rows:
        raise Conflict(f"{incident.number} holds up no order of a known customer")
    case = await incidents.case_of(tx, tenant_id, incident_id, now)
    left_out: list[str] = []
    written = 0
    for row in rows:
        whose = str(row["customer"] or row["customer_id"])
        said, text = await replies.fill(
            tx, tenant_id, case, subject, body, by, orders="\n".join(row["orders"]), customer=whose
        )  # fmt: skip
        try:
            if not row["email"]:
                raise PartnerError([])
            await mailing.write(tx, tenant_id, case.case_id, [row["email"]], said, text, by, now)
            written += 1
        except PartnerError:
            left_out.append(whose)
    detail = {"customers": written, "left_out": left_out, "subject": subject}
    await audit.record(tx, tenant_id, by, "incident.tell", incident.number, detail)
    return Told(case.case_id, written, left_out)
