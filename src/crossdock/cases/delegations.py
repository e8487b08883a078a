"""Who stands in for whom: a person who is away names another, from and until, up to an amount and for kinds.

Whoever stands in uses the giver's right with the giver's limit, never more; what the giver could not decide (four eyes,
the limit) nobody decides in their name. Nobody hands on what was handed to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from crossdock import audit, ids
from crossdock.cases import common
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError, Refused
from crossdock.policy import Principal, Role

SQL = queries("crossdock.cases", "delegations.sql")

LONGEST = timedelta(days=366)
TAKERS = (Role.COORDINATOR, Role.APPROVER, Role.ADMIN)
GIVERS = (Role.APPROVER, Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """giver_role, giver_limit: as they are now. limit: of the delegation alone."""

    delegation_id: UUID
    giver: str
    taker: str
    from_at: datetime
    until_at: datetime
    limit: Decimal | None
    kinds: tuple[str, ...]
    reason: str
    made_by: str
    made_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    giver_role: str | None
    giver_limit: Decimal | None

    def right(self, tenant_id: str) -> Principal | None:
        """The giver, as far as this reaches; None when there is nothing to give."""
        if self.giver_role not in list(Role):
            return None
        limits = [limit for limit in (self.limit, self.giver_limit) if limit is not None]
        return Principal(
            name=self.giver, role=Role(self.giver_role), tenant_id=tenant_id,
            approval_limit=min(limits, default=None),
        )  # fmt: skip

    def view(self, now: datetime) -> dict[str, Any]:
        over = self.ended_at is not None or self.until_at <= now
        return {
            "id": str(self.delegation_id), "giver": self.giver, "taker": self.taker, "from_at": self.from_at,
            "until_at": self.until_at, "limit": self.limit, "kinds": list(self.kinds), "reason": self.reason,
            "made_by": self.made_by, "made_at": self.made_at, "ended_at": self.ended_at, "ended_by": self.ended_by,
            "state": "over" if over else "active" if self.from_at <= now else "coming",
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may be asked. takers: who stands in for them now."""

    name: str
    display_name: str
    role: Role
    limit: Decimal | None
    takers: tuple[str, ...]

    def principal(self, tenant_id: str) -> Principal:
        return Principal(name=self.name, role=self.role, tenant_id=tenant_id, approval_limit=self.limit)


async def make(
    tx: Tx,
    tenant_id: str,
    giver: str,
    taker: str,
    from_at: datetime,
    until_at: datetime,
    by: Principal,
    now: datetime,
    *,
    limit: Decimal | None = None,
    kinds: Sequence[str] = (),
    reason: str = "",
) -> Delegation:
    """Raises Refused unless `by` is the giver or an administrator; PartnerError with everything that is wrong."""
    if by.name != giver and by.role is not Role.ADMIN:
        raise Refused("Only the person themselves, or an administrator, names somebody to stand in for them.")
    gives = await tx.fetchrow(SQL["member"], tenant_id, giver)
    takes = await tx.fetchrow(SQL["member"], tenant_id, taker)
    checks = (
        ("/giver", gives is not None and gives["role"] in GIVERS, "somebody who approves", giver),
        ("/taker", takes is not None and takes["role"] in TAKERS, "a coordinator, approver or administrator", taker),
        ("/taker", taker != giver, "another person", taker),
        ("/until_at", until_at > max(from_at, now), "a time after its beginning, and to come", until_at.isoformat()),
        ("/until_at", until_at - from_at <= LONGEST, "at most a year", until_at.isoformat()),
        ("/limit", limit is None or limit > 0, "an amount above zero, or none", str(limit)),
    )
    wrong = [Finding("delegation", w, e, f or "nothing", "Correct it.") for w, right, e, f in checks if not right]
    if wrong:
        raise PartnerError(wrong)
    ident = ids.new()
    named = [k for k in dict.fromkeys(k.strip() for k in kinds) if k]
    await tx.execute(SQL["make"], tenant_id, ident, giver, taker, from_at, until_at, limit, named, reason, by.name, now)
    detail = {"taker": taker, "from": from_at, "until": until_at, "limit": limit, "kinds": named, "reason": reason}
    await audit.record(tx, tenant_id, by.name, "delegation.make", giver, {**detail, "id": str(ident)})
    facts = {"giver": giver, "taker": taker, "from": from_at, "until": until_at, "by": by.name}
    await common.publish(tx, tenant_id, "delegation.made", "", now, facts)
    return next(d for d in await every(tx, tenant_id, now) if d.delegation_id == ident)


async def end(tx: Tx, tenant_id: str, delegation_id: UUID, by: Principal, now: datetime) -> None:
    """From now on; what was decided stays decided. Raises NotFound, Refused, Conflict."""
    row = await tx.fetchrow(SQL["locked"], tenant_id, delegation_id)
    if row is None:
        raise NotFound("No such delegation")
    if by.role is not Role.ADMIN and by.name != row["giver"]:
        raise Refused("Only the person themselves, or an administrator, ends it.")
    if row["ended_at"] is not None or row["until_at"] <= now:
        raise Conflict("It is over already")
    await tx.execute(SQL["end"], tenant_id, delegation_id, now, by.name)
    detail = {"taker": row["taker"], "id": str(delegation_id)}
    await audit.record(tx, tenant_id, by.name, "delegation.end", row["giver"], detail)


async def held(tx: Tx, tenant_id: str, taker: str, now: datetime) -> list[Delegation]:
    """By which somebody stands in for others now."""
    return [_delegation(row) for row in await tx.fetch(SQL["held"], tenant_id, taker, now)]


async def every(tx: Tx, tenant_id: str, now: datetime) -> list[Delegation]:
    return [_delegation(row) for row in await tx.fetch(SQL["every"], tenant_id, now)]


async def limit_of(tx: Tx, tenant_id: str, person: str) -> Decimal | None:
    """Up to which amount somebody may decide; None: no limit, or nobody of the tenant's people."""
    row = await tx.fetchrow(SQL["member"], tenant_id, person)
    return None if row is None else row["approval_limit"]


async def people(tx: Tx, tenant_id: str, now: datetime) -> list[Person]:
    return [
        Person(name=r["user_name"], display_name=r["display_name"], role=Role(r["role"]), limit=r["approval_limit"],
               takers=tuple(r["takers"]))
        for r in await tx.fetch(SQL["people"], tenant_id, now)
    ]  # fmt: skip


def _delegation(row: Any) -> Delegation:
    return Delegation(
        delegation_id=row["delegation_id"], giver=row["giver"], taker=row["taker"], from_at=row["from_at"],
        until_at=row["until_at"], limit=row["limit_amount"], kinds=tuple(row["kinds"]), reason=row["reason"],
        made_by=row["made_by"], made_at=row["made_at"], ended_at=row["ended_at"], ended_by=row["ended_by"],
        giver_role=row["role"], giver_limit=row["approval_limit"],
    )  # fmt: skip
