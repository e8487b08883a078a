"""The audit trail: who did what to which thing, written in the transaction that did it.

`seal` chains the rows that committed since, each hash over the hash before it and the row; `verify` recomputes the
chain and reports what does not fit, and how many rows are not sealed yet. Rows cannot be changed or deleted by the
role the processes work as; the chain shows it when somebody else did.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crossdock import exactjson
from crossdock.db import Tx

FIRST = "0" * 64  # what the first row of a tenant is chained to
BATCH = 1000
_COLUMNS = "seq, at, actor, action, object_id, detail, link, hash"


@dataclass(frozen=True, slots=True)
class Entry:
    """link: its place in the chain, None while it is not sealed."""

    seq: int
    at: datetime
    actor: str
    action: str
    object_id: str
    detail: Any
    link: int | None
    hash: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """broken_at: the first link that does not fit, None when the chain is whole. unsealed: rows behind its end."""

    sealed: int
    unsealed: int
    broken_at: int | None
    head: str


async def record(tx: Tx, tenant_id: str, actor: str, action: str, object_id: str, detail: Mapping[str, Any]) -> None:
    """actor: a user's name, `policy:…`, `system:…` or `workflow:…`. object_id: a number people know (EX-1001)."""
    await tx.execute(
        "insert into crossdock.audit (tenant_id, actor, action, object_id, detail) values ($1, $2, $3, $4, $5)",
        tenant_id, actor, action, object_id, exactjson.text(detail),
    )  # fmt: skip


async def entries(
    tx: Tx,
    tenant_id: str,
    *,
    object_id: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """The newest first; `before` is the seq of the last one of the page before."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from crossdock.audit where tenant_id = $1 and ($2::text is null or object_id = $2)"
        " and ($3::text is null or actor = $3) and ($4::text is null or action = $4)"
        " and ($5::bigint is null or seq < $5) order by seq desc limit $6",
        tenant_id, object_id, actor, action, before, limit,
    )  # fmt: skip
    return [_entry(row) for row in rows]


async def seal(tx: Tx, tenant_id: str) -> int:
    """Chains what committed since the last time; returns how many rows."""
    # One sealer at a time for each tenant: two would give the same link to different rows.
    await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 4711))", f"audit/{tenant_id}")
    last = await tx.fetchrow(
        "select link, hash from crossdock.audit where tenant_id = $1 and link is not null order by link desc limit 1",
        tenant_id,
    )
    link, before = (last["link"], last["hash"]) if last else (0, FIRST)
    rows = await tx.fetch(
        f"select {_COLUMNS} from crossdock.audit where tenant_id = $1 and link is null order by seq limit {BATCH}",
        tenant_id,
    )
    sealed: list[tuple[str, int, int, str]] = []
    for row in rows:
        link, before = link + 1, _hash(before, _entry(row))
        sealed.append((tenant_id, row["seq"], link, before))
    if sealed:
        await tx.execute(
            "update crossdock.audit a set link = s.link, hash = s.hash"
            " from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) as s (tenant_id, seq, link, hash)"
            " where a.tenant_id = s.tenant_id and a.seq = s.seq",
            *(list(column) for column in zip(*sealed, strict=True)),
        )
    return len(sealed)


async def verify(tx: Tx, tenant_id: str) -> Report:
    """Recomputes the chain from its first link."""
    before, expected, broken = FIRST, 0, None
    async for row in tx.cursor(
        f"select {_COLUMNS} from crossdock.audit where tenant_id = $1 and link is not null order by link", tenant_id
    ):
        expected += 1
        entry = _entry(row)
        before = _hash(before, entry)
        if entry.link != expected or entry.hash != before:
            broken = expected
            break
    unsealed: int = await tx.fetchval(
        "select count(*) from crossdock.audit where tenant_id = $1 and link is null", tenant_id
    )
    return Report(expected if broken is None else broken - 1, unsealed, broken, before)


def _hash(before: str, entry: Entry) -> str:
    at = entry.at.astimezone(UTC).isoformat()
    row = [entry.seq, at, entry.actor, entry.action, entry.object_id, entry.detail]
    return hashlib.sha256(before.encode() + exactjson.canonical(row)).hexdigest()


def _entry(row: Any) -> Entry:
    return Entry(
        row["seq"], row["at"], row["actor"], row["action"], row["object_id"], exactjson.loads(row["detail"]),
        row["link"], row["hash"],
    )  # fmt: skip
