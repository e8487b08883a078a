"""Where reconciliation meets people: documents that disagree about an order are one case, which follows them.

Partners and cases do not know each other; the composition root brings them together here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crossdock.cases import casework
from crossdock.db import Tx
from crossdock.partners.reconciling import store
from crossdock.partners.reconciling.model import Comparison, Difference, Side

DUE = timedelta(days=1)
# Money that was asked for or paid, not only promised.
SERIOUS = ("invoiced.", "paid.", "received.", "credited.")


class Desk:
    """Cases of the queue `reconciliation`, one a chain."""

    async def open(
        self, tx: Tx, tenant_id: str, chain: Any, found: Sequence[Difference], compared: Comparison, now: datetime
    ) -> UUID:
        seller = chain["side"] == Side.SELLER
        whose = f"{chain['partner_id']}'s order {chain['po']}" if seller else f"our order {chain['po']}"
        what = found[0].text if len(found) == 1 else f"{len(found)} differences"
        documents = sorted({d for f in found for d in f.documents})
        new = casework.New(
            kind="documents-differ",
            queue="reconciliation",
            severity="high" if any(f.code.startswith(SERIOUS) for f in found) else "medium",
            title=f"The documents about {whose} disagree: {what}",
            reason=", ".join(dict.fromkeys(f.code for f in found)),
            detail="\n".join(f"{f.text} ({f.money} {chain['currency']})" for f in found),
            order=chain["order_no"] if seller else "",
            customer=chain["partner_id"],
            money=compared.money,
            currency=chain["currency"],
            evidence={"chain": str(chain["document_id"]), "differences": store.plain(found), "documents": documents},
            actions=(
                casework.Offer(id="accept", label="Accept as it is", effect="The case is closed; nothing is corrected"),
                casework.Offer(
                    id="claimed", label="Claimed", effect="A credit or correction was asked for; it clears the chain"
                ),
            ),
            key=f"chain/{chain['document_id']}",
            due_at=now + DUE,
        )
        return (await casework.open_case(tx, tenant_id, new, now)).case_id

    async def close(self, tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None:
        await casework.close_by_system(tx, tenant_id, case_id, what, now)
