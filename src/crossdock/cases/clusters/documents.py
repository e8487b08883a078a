"""Inbound documents that are held or rejected become cases, and cease to be when the document goes through.

The database notes each document whose fate changes, whoever changed it; `look` turns the notes into cases. A note and
what is made of it are one transaction, so nothing is lost and no document has two cases. Test documents are their
sender's business until it is certified, and make none.
"""

from datetime import datetime, timedelta
from typing import Any

from crossdock.cases import casework, common
from crossdock.cases.casework import Offer
from crossdock.cases.clusters import store
from crossdock.cases.clusters.store import SQL
from crossdock.db import Database, Tx

HELD, REJECTED = "inbound-held", "inbound-rejected"
KINDS = {"held": HELD, "rejected": REJECTED}
BATCH = 200
DUE = timedelta(hours=4)
SETTLED = Offer(
    id="settled", label="Settled with the partner", effect="The case is closed; the document stays as it is"
)


async def run_due(db: Database, now: datetime) -> int:
    """Opens and closes cases of documents, and tells the causes of cases that have none; returns how many it did."""
    done = 0
    for tenant_id in await store.tenants_due(db):
        async with db.transaction(tenant_id) as tx:
            done += await look(tx, tenant_id, now)
            done += await store.tell(tx, tenant_id)
    return done


async def look(tx: Tx, tenant_id: str, now: datetime, *, most: int = BATCH) -> int:
    """Looks at documents whose fate has changed; returns at how many."""
    rows = await tx.fetch(SQL["troubled"], tenant_id, most)
    for row in rows:
        key = f"document/{row['document_id']}"
        order = row["order_no"] or ""
        if row["status"] in KINDS and not row["test"]:
            await casework.open_case(tx, tenant_id, _case(row, key, now), now)
            continue
        # a held document has no order number; one that was carried out has, its case does not
        for named in dict.fromkeys(("", order)):
            open_: Any = await tx.fetchval(SQL["case_of_document"], tenant_id, named, key)
            if open_ is not None:
                told = f"closed: the document is {row['status']}" if row["status"] else "closed: it was read anew"
                await casework.close_by_system(tx, tenant_id, open_, told, now)
    await tx.execute(SQL["looked_at"], tenant_id, [r["document_id"] for r in rows])
    return len(rows)


def _case(row: Any, key: str, now: datetime) -> casework.New:
    findings: list[dict[str, str]] = common.json_of(row["errors"])
    first: dict[str, str] = findings[0] if findings else {}
    who = row["partner"] or row["partner_id"] or "an unknown sender"
    what = f"{row['type']} {row['po']}".strip() if row["po"] else f"{row['type']} {row['filename']}".strip()
    does = "waits for a person" if row["status"] == "held" else "was rejected"
    said = f"{first.get('code', '')}: {first.get('found', '')}".strip(": ")
    return casework.New(
        kind=KINDS[row["status"]],
        queue="partners",
        severity="medium" if row["status"] == "held" else "low",
        title=f"{what} of {who} {does}: {said}" if said else f"{what} of {who} {does}",
        reason=first.get("fix", ""),
        detail="\n".join(f"{f['where']}: expected {f['expected']}, found {f['found']}" for f in findings[:20]),
        customer_id=row["customer_id"] or "",
        customer=who,
        money=row["total"],
        currency=row["currency"] or "",
        evidence={
            "document": str(row["document_id"]), "partner": row["partner_id"] or "", "format": row["format"],
            "type": row["type"], "po": row["po"] or "", "map": row["map"] or "", "findings": findings,
        },
        actions=(SETTLED,),
        key=key,
        due_at=now + DUE,
    )  # fmt: skip
