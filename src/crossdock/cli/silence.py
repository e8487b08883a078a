"""Where partners' silence meets people: a document of ours that is overdue or rejected is one case, closed by itself;
and so is a channel that does not work.

Partners and cases do not know each other; the composition root brings them together here.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock.cases import casework
from crossdock.db import Tx
from crossdock.partners.sending.states import State
from crossdock.partners.transports.desk import Trouble

REISSUE = "Reissue it when the partner could not use it, replay it when it was lost; a late answer closes this case"

MISSING = "Ask for it; when it comes this case closes itself. Cancel the expectation when it is not awaited any more"
OWED = "Send it, or tell the partner; when it is sent this case closes itself"


class Desk:
    """Cases of the queue `partners`."""

    async def open(self, tx: Tx, tenant_id: str, document: dict[str, Any], now: datetime) -> UUID:
        rejected = document["state"] == State.REJECTED
        named = f"{document['type']} {document['number']} to {document['partner']} (number {document['control']})"
        said = "was rejected" if rejected else "has not been acknowledged in time"
        new = casework.New(
            kind="document-rejected" if rejected else "document-overdue",
            queue="partners",
            severity="high" if rejected else "medium",
            title=f"{named} {said}",
            reason="The partner's system refused it" if rejected else "Nothing was heard of it",
            detail=REISSUE,
            order=document["order"],
            evidence={k: document[k] for k in ("document", "po", "deadline", "sent_at", "tries", "answers")},
            key=f"sending/{document['document']}",
        )
        return (await casework.open_case(tx, tenant_id, new, now)).case_id

    async def missing(self, tx: Tx, tenant_id: str, awaited: dict[str, Any], now: datetime) -> UUID:
        """An answer that a partner owes, or that we owe it."""
        ours = awaited["owed_by"] == "us"
        about = awaited["order_no"] or awaited["subject"]
        who = f"We owe {awaited['partner_id']}" if ours else f"{awaited['partner_id']} owes us"
        learned = awaited["basis"].get("basis") == "learned"
        new = casework.New(
            kind="answer-owed" if ours else "answer-missing",
            queue="partners",
            severity="high" if ours else "medium",
            title=f"{who} the {awaited['document']} for {about}",
            reason="It takes longer than this partner usually does" if learned else "The time that was agreed is over",
            detail=OWED if ours else MISSING,
            order=awaited["order_no"],
            evidence={k: awaited[k] for k in ("id", "subject", "cause", "cause_id", "opened_at", "due_at", "basis")},
            key=f"expectation/{awaited['id']}",
        )
        return (await casework.open_case(tx, tenant_id, new, now)).case_id

    async def close(self, tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None:
        await casework.close_by_system(tx, tenant_id, case_id, what, now)


class ChannelDesk:
    """The same for what channels run into."""

    async def open(self, tx: Tx, tenant_id: str, trouble: Trouble, now: datetime) -> UUID:
        new = casework.New(
            kind=trouble.kind,
            queue="partners",
            severity=trouble.severity,
            title=trouble.title,
            reason=trouble.reason,
            detail=trouble.detail,
            evidence=trouble.evidence,
            key=trouble.key,
        )
        return (await casework.open_case(tx, tenant_id, new, now)).case_id

    async def close(self, tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None:
        await casework.close_by_system(tx, tenant_id, case_id, what, now)
