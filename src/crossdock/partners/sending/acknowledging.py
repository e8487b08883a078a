"""Our own 997, 999, TA1 and CONTRL in the outbox, beside the business documents: offered, collected, sent once more.

They are written in the transaction that takes what they answer, one for each interchange. Nobody acknowledges an
acknowledgement, so none is ever overdue; and it is never said anew under other numbers: what it says is about numbers.
"""

from datetime import datetime
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx
from crossdock.partners.numbering import Taken
from crossdock.partners.sending.store import SQL

BY = "system:acknowledgement"


def key_of(receipt_id: UUID, interchange: int) -> str:
    """Under which the answer to one interchange of an arrival is found again."""
    return f"acknowledgement/{receipt_id}/{interchange}"


def key_of_refusal(document_id: UUID) -> str:
    """Under which the APERAK about one message is found again."""
    return f"refusal/{document_id}"


async def written(tx: Tx, tenant_id: str, key: str) -> bool:
    return await tx.fetchval(SQL["of_key"], tenant_id, key) is not None


async def offer(
    tx: Tx,
    tenant_id: str,
    document_id: UUID,
    key: str,
    now: datetime,
    *,
    partner_id: str,
    type: str,
    sender: str,
    receiver: str,
    taken: Taken,
    acknowledges: str,
    about: UUID,
    version: str,
    test: bool,
) -> None:
    """Offers a stored acknowledgement. acknowledges: the control number it answers; about: the first document there.

    version: of that document, by which the agreement about it is found.
    """
    message = taken.messages[0] if taken.messages else 0  # a TA1 has no set
    basis = exactjson.text({"basis": "none"})
    ssccs: list[str] = []
    await tx.execute(
        SQL["store"],
        *(tenant_id, document_id, key, partner_id, type, sender, receiver, taken.interchange, taken.group, message),
        *("", "", acknowledges, ssccs, test, about, None, now, None, version, basis),
    )
    await tx.execute(SQL["store_try"], tenant_id, document_id, 1, "first", BY, now)
