"""What an operator does to a running instance, in one transaction and with an audit record.

Resuming gives a suspended instance back to the workers with every fact it had; cancelling asks the workflow to stop,
which it may answer by compensating.
"""

from uuid import UUID

from crossdock import audit, exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, NotFound
from crossdock.events.inbox import business_now

SQL = queries("crossdock.engine", "operations.sql")


async def resume(tx: Tx, tenant_id: str, instance_id: UUID, by: str) -> None:
    """Raises NotFound, or Conflict when it is not suspended."""
    status = await _status(tx, tenant_id, instance_id)
    if status != "suspended":
        raise Conflict(f"expected a suspended instance, found one that is {status}")
    await tx.execute(SQL["resume"], tenant_id, instance_id)
    await audit.record(tx, tenant_id, by, "instance.resumed", str(instance_id), {})


async def cancel(tx: Tx, tenant_id: str, instance_id: UUID, by: str, reason: str) -> None:
    """Raises NotFound, or Conflict when it has ended."""
    status = await _status(tx, tenant_id, instance_id)
    if status not in ("running", "suspended"):
        raise Conflict(f"expected an instance that has not ended, found one that is {status}")
    body = exactjson.text({"reason": reason, "now": await business_now(tx)})
    await tx.fetchval("select crossdock.deliver($1, $2, 'CancelRequested', $3)", tenant_id, instance_id, body)
    if status == "suspended":
        await tx.execute(SQL["resume"], tenant_id, instance_id)
    await audit.record(tx, tenant_id, by, "instance.cancelled", str(instance_id), {"reason": reason})


async def _status(tx: Tx, tenant_id: str, instance_id: UUID) -> str:
    status = await tx.fetchval(SQL["status"], tenant_id, instance_id)
    if status is None:
        raise NotFound("no such instance")
    return str(status)
