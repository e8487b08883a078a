"""Channels and what went through them, in the database. Every change by a person is audited."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, NotFound
from crossdock.partners import intake
from crossdock.partners.agreements import deadlines
from crossdock.partners.model import MAX_BYTES
from crossdock.partners.transports.model import NAME, Channel, Direction, Kind, wrong
from crossdock.partners.transports.settings import check

SQL = queries("crossdock.partners.transports", "transports.sql")


async def add(tx: Tx, channel: Channel, by: str) -> None:
    """Declares a channel, or replaces what was declared under its name. Raises PartnerError naming what is wrong."""
    if not NAME.match(channel.id):
        raise wrong("channel", "a name of a-z, 0-9 and -, at most 40", channel.id, "Choose another name.")
    if not 0 < channel.max_bytes <= MAX_BYTES:
        raise wrong("max_bytes", f"1 to {MAX_BYTES}", channel.max_bytes, "Documents beyond it are not read.")
    if not 1 <= channel.every_s <= 86400:
        raise wrong("every_s", "1 to 86400 seconds", channel.every_s, "Choose how often to look.")
    check(channel)
    if channel.partner is not None:
        await intake.context(tx, channel.tenant_id, channel.partner, False)  # raises when there is none
    elif channel.direction is not Direction.IN:
        raise wrong("partner", "a partner, for a way out", None, "Say whose documents go this way.")
    await _still_carries(tx, channel)
    await _only_usual_way_out(tx, channel)
    await tx.execute(
        SQL["add"],
        *(channel.tenant_id, channel.id, channel.kind, channel.direction, channel.partner),
        *(exactjson.text(dict(channel.settings)), channel.every_s, channel.max_bytes, channel.usual),
    )
    detail = {
        "kind": channel.kind, "direction": channel.direction, "partner": channel.partner, "usual": channel.usual,
    }  # fmt: skip
    await audit.record(tx, channel.tenant_id, by, "channel.set", channel.id, detail)


async def _only_usual_way_out(tx: Tx, channel: Channel) -> None:
    if not channel.hands_over or not channel.usual:
        return
    for other in await find(tx, channel.tenant_id, channel.partner):
        if other.id != channel.id and other.enabled and other.hands_over and other.usual:
            raise Conflict(
                f"{channel.partner} gets its documents by {other.id} already; disable that one first, or declare this "
                "one for what agreements send by it (usual: false)."
            )


async def _still_carries(tx: Tx, channel: Channel) -> None:
    """What an agreement sends by a channel would wait for ever if it became another's, or one way only."""
    row = await tx.fetchrow(SQL["one"], channel.tenant_id, channel.id)
    before = None if row is None else row["partner_id"]
    if before is None or (before == channel.partner and channel.hands_over):
        return
    partner = await deadlines.profile_of(tx, channel.tenant_id, before)
    named = [str(a) for a in partner.agreements if a.channel == channel.id] if partner is not None else []
    if named:
        raise Conflict(f"{before} gets {', '.join(named)} by {channel.id}; change the agreement first.")


async def enable(tx: Tx, tenant_id: str, channel_id: str, on: bool, by: str) -> None:
    if on:
        await _only_usual_way_out(tx, replace(await one(tx, tenant_id, channel_id), enabled=True))
    if not await tx.fetchval(SQL["enable"], tenant_id, channel_id, on):
        raise NotFound("No such channel.")
    await audit.record(tx, tenant_id, by, "channel.enable" if on else "channel.disable", channel_id, {})


async def run_soon(tx: Tx, tenant_id: str, channel_id: str) -> None:
    """Its next run is now, in whichever process gets to it. Raises NotFound, also for one that is disabled."""
    if not await tx.fetchval(SQL["soon"], tenant_id, channel_id):
        raise NotFound("No such channel, or it is disabled.")


async def find(tx: Tx, tenant_id: str, partner: str | None = None) -> list[Channel]:
    return [channel(r) for r in await tx.fetch(SQL["list"], tenant_id, partner)]


async def of_kind(tx: Tx, tenant_id: str, kind: Kind) -> list[Channel]:
    """Those that are enabled."""
    return [channel(r) for r in await tx.fetch(SQL["of_kind"], tenant_id, kind)]


async def one(tx: Tx, tenant_id: str, channel_id: str) -> Channel:
    row = await tx.fetchrow(SQL["one"], tenant_id, channel_id)
    if row is None:
        raise NotFound("No such channel.")
    return channel(row)


def channel(row: Any) -> Channel:
    return Channel(
        tenant_id=row["tenant_id"],
        id=row["channel_id"],
        kind=Kind(row["kind"]),
        direction=Direction(row["direction"]),
        partner=row["partner_id"],
        settings=exactjson.loads(row["settings"]),
        enabled=row["enabled"],
        usual=row["usual"],
        every_s=row["every_s"],
        max_bytes=row["max_bytes"],
        failures=row["failures"],
        case_id=row["case_id"],
        last_success_at=row["last_success_at"],
        last_failure_at=row["last_failure_at"],
        last_failure=row["last_failure"],
    )


def shown(c: Channel) -> dict[str, Any]:
    """As the command line and REST give it."""
    return {
        "channel": c.id,
        "kind": c.kind.value,
        "direction": c.direction.value,
        "partner": c.partner,
        "enabled": c.enabled,
        "usual": c.usual,
        "every_s": c.every_s,
        "max_bytes": c.max_bytes,
        "settings": dict(c.settings),
        "failures": c.failures,
        "last_success_at": c.last_success_at,
        "last_failure_at": c.last_failure_at,
        "last_failure": c.last_failure,
        "case": str(c.case_id) if c.case_id else None,
    }


# ── what came and what went ─────────────────────────────────────────────────────────────────────────────────────────


async def arrivals(tx: Tx, tenant_id: str, channel_id: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Newest first, with the documents that were found in each."""
    rows = await tx.fetch(SQL["arrivals"], tenant_id, channel_id, limit)
    return [
        {
            **{k: r[k] for k in ("outcome", "name", "sender", "size_bytes", "reason", "stored_at")},
            "channel": r["channel_id"],
            "documents": list(r["documents"] or []),
        }
        for r in rows
    ]


async def deliveries(
    tx: Tx, tenant_id: str, channel_id: str | None = None, state: str | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    rows = await tx.fetch(SQL["deliveries"], tenant_id, channel_id, state, limit)
    kept = ("number", "message_id", "state", "attempts", "detail", "mic", "began_at", "ended_at", "type", "filename")
    return [
        {
            "document": str(r["document_id"]),
            "channel": r["channel_id"],
            "partner": r["partner_id"],
            **{k: r[k] for k in kept},
        }
        for r in rows
    ]


async def claim(
    tx: Tx, tenant_id: str, channel_id: str, lease_s: float, *, by_hand: bool
) -> tuple[Channel, UUID] | None:
    """The channel for one run of ours, or None: it is run elsewhere, or disabled. by_hand: also a disabled one."""
    owner = ids.new()
    row = await tx.fetchrow(SQL["claim"], tenant_id, channel_id, owner, lease_s, by_hand)
    return None if row is None else (channel(row), owner)
