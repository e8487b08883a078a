"""Large parts of an instance's data in the table `payload`: written with the turn that names them, read by name.

flow.payloads says what is cut out and what stands in its place. Whoever reads a state, a fact or a call of an instance
that may name payloads reads them here first, and puts them back with what it gets; within the tenant and the instance,
whatever a name says.
"""

from collections.abc import Iterable
from uuid import UUID

from crossdock.db import Tx, queries
from crossdock.flow.payloads import LIMIT, MOST, NAMED, Payloads, TooLarge, named_in, outline

__all__ = ["LIMIT", "MOST", "NAMED", "Payloads", "TooLarge", "keep", "named_in", "one", "outline", "read"]

SQL = queries("crossdock.engine", "payloads.sql")


async def read(tx: Tx, tenant_id: str, instance_id: UUID, texts: Iterable[bytes | str | None]) -> Payloads:
    """What these stored texts of one instance name, and what that names in turn."""
    wanted = set[str]().union(*(named_in(text) for text in texts if text))
    bodies: dict[str, bytes] = {}
    while wanted:
        digests = [bytes.fromhex(digest) for digest in sorted(wanted)]
        found = {r["digest"].hex(): r["body"] for r in await tx.fetch(SQL["named"], tenant_id, instance_id, digests)}
        bodies |= found
        wanted = set[str]().union(*(named_in(body) for body in found.values())) - bodies.keys()
    return Payloads(bodies)


async def one(tx: Tx, tenant_id: str, instance_id: UUID, digest: str) -> bytes | None:
    """One payload of one instance, as it is stored; None where it has none of this name."""
    rows = await tx.fetch(SQL["named"], tenant_id, instance_id, [bytes.fromhex(digest)])
    return rows[0]["body"] if rows else None


async def keep(tx: Tx, of: Iterable[tuple[str, UUID, Payloads]]) -> None:
    """Writes what was cut out of these instances and is not stored yet."""
    rows = [
        (tenant_id, instance_id, bytes.fromhex(digest), body)
        for tenant_id, instance_id, payloads in of
        for digest, body in payloads.fresh.items()
    ]
    if rows:
        await tx.execute(SQL["keep"], *(list(column) for column in zip(*rows, strict=True)))
