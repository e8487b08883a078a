"""A tenant's own maps: drafts that may be written anew, versions that never change, and which of them are in force.

    draft → ready (by its first activation)      draft → discarded

Activating appends a row; the last row of a map and partner counts, the others are its history. Version 0 is the
library's, so going back to it is an activation like any other. The database refuses to change what was ever active.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from crossdock import audit, exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.partners.maps import editions
from crossdock.partners.maps.checking import Checked
from crossdock.partners.maps.editions import Book, Edition, shipped, shipped_ids, shipped_source

SQL = queries("crossdock.partners.maps", "store.sql")


@lru_cache(maxsize=512)
def _edition(map_id: str, version: int, digest: str, complete: str) -> Edition:
    return Edition(map_id, version, digest, editions.parse(exactjson.loads(complete)))


async def book(tx: Tx, tenant_id: str) -> Book:
    """The tenant's editions in force."""
    rows = await tx.fetch(SQL["active"], tenant_id)
    return Book(
        {(r["map_id"], r["partner_id"]): _edition(r["map_id"], r["version"], r["digest"], r["complete"]) for r in rows}
    )


async def edition(tx: Tx, tenant_id: str, map_id: str, version: int) -> Edition:
    """Any version, whatever its state. Raises NotFound."""
    if version == 0 and map_id in shipped_ids():
        return shipped(map_id)
    row = await tx.fetchrow(SQL["version"], tenant_id, map_id, version)
    if row is None:
        raise NotFound("No such version of a map.")
    return _edition(map_id, version, row["digest"], row["complete"])


async def save_draft(
    tx: Tx, tenant_id: str, checked: Checked, source: str, by: str, now: datetime, *, note: str = "",
    revision: int | None = None,
) -> int:  # fmt: skip
    """Writes the map's draft, or begins one; returns its version.

    revision: of the draft that was edited (0: there was none); Conflict when it is another by now. Raises PartnerError
    with everything that is wrong with the map.
    """
    completed = checked.edition(0)
    if checked.complete is None:  # `edition` has raised
        raise PartnerError([r.finding for r in checked.remarks])
    await tx.execute(SQL["lock"], tenant_id, checked.id)
    draft = await tx.fetchrow(SQL["draft"], tenant_id, checked.id)
    if revision is not None and revision != (draft["revision"] if draft else 0):
        raise Conflict("Somebody else has saved the draft meanwhile. Read it again, then make your change once more.")
    base = checked.over or (checked.id if checked.id in shipped_ids() else "")
    values = (
        *(base, shipped(base).digest if base else "", source, exactjson.text(checked.complete), completed.digest),
        *(note[:2000], by, now),
    )
    if draft is not None:
        version = int(draft["version"])
        await tx.execute(SQL["save"], tenant_id, checked.id, version, *values)
    else:
        version = int(await tx.fetchval(SQL["last"], tenant_id, checked.id)) + 1
        await tx.execute(SQL["insert"], tenant_id, checked.id, version, *values)
    detail = {"version": version, "digest": completed.digest, "note": note[:2000]}
    await audit.record(tx, tenant_id, by, "map.save", checked.id, detail)
    return version


async def activate(
    tx: Tx, tenant_id: str, map_id: str, version: int, by: str, now: datetime, *, partner: str = "", note: str = ""
) -> None:
    """Puts a version in force, for one partner or for all.

    Version 0 goes back to the library's, for one partner to what all have.
    """
    await tx.execute(SQL["lock"], tenant_id, map_id)
    if partner and await tx.fetchval(SQL["partner"], tenant_id, partner) is None:
        finding = Finding("map.partner", "/partner", "one of our partners", partner[:80], "Add the partner first.")
        raise PartnerError([finding])
    if version == 0:
        if map_id not in shipped_ids():
            raise NotFound("The library has no such map.")
        digest = shipped(map_id).digest
    else:
        row = await tx.fetchrow(SQL["version"], tenant_id, map_id, version)
        if row is None:
            raise NotFound("No such version of a map.")
        if row["status"] == "discarded":
            raise Conflict(f"Version {version} was discarded.")
        if row["status"] == "draft":
            await tx.execute(SQL["become"], tenant_id, map_id, version, "ready")
        digest = row["digest"]
    await tx.execute(SQL["activate"], tenant_id, map_id, partner, version, note[:2000], by, now)
    detail = {"version": version, "digest": digest, "partner": partner or None, "note": note[:2000]}
    await audit.record(tx, tenant_id, by, "map.activate", map_id, detail)


async def step_back(tx: Tx, tenant_id: str, map_id: str, by: str, now: datetime, *, partner: str = "") -> int:
    """Takes the last activation back: what was in force before it is so again. Returns its version.

    That is an activation like any other, so a second one takes this one back. Where nothing was before, version 0 is:
    the library's, or for one partner what all have. Raises Conflict when nothing was ever put in force.
    """
    await tx.execute(SQL["lock"], tenant_id, map_id)
    rows = await tx.fetch(SQL["last_two"], tenant_id, map_id, partner)
    if not rows:
        raise Conflict("No version of this map was put in force here; there is nothing to take back.")
    version = int(rows[1]["version"]) if len(rows) > 1 else 0
    note = f"takes back version {rows[0]['version']}"
    await activate(tx, tenant_id, map_id, version, by, now, partner=partner, note=note)
    return version


async def discard(tx: Tx, tenant_id: str, map_id: str, version: int, by: str) -> None:
    await tx.execute(SQL["lock"], tenant_id, map_id)
    row = await tx.fetchrow(SQL["version"], tenant_id, map_id, version)
    if row is None:
        raise NotFound("No such version of a map.")
    if row["status"] != "draft":
        raise Conflict(f"Version {version} is {row['status']}, not a draft.")
    await tx.execute(SQL["become"], tenant_id, map_id, version, "discarded")
    await audit.record(tx, tenant_id, by, "map.discard", map_id, {"version": version})


# ── to read ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def every(tx: Tx, tenant_id: str) -> list[dict[str, Any]]:
    """The library's maps and the tenant's own, each with what is in force and its draft."""
    own: dict[str, list[Any]] = {}
    for row in await tx.fetch(SQL["versions"], tenant_id, None):
        own.setdefault(row["map_id"], []).append(row)
    active: dict[str, list[dict[str, Any]]] = {}
    for row in await tx.fetch(SQL["in_force"], tenant_id):
        active.setdefault(row["map_id"], []).append(dict(row))
    found: list[dict[str, Any]] = []
    for map_id in sorted({*shipped_ids(), *own}):
        versions = own.get(map_id, [])
        if map_id in shipped_ids():
            one = shipped(map_id)
        else:
            one = await edition(tx, tenant_id, map_id, versions[0]["version"])
        draft = next((v["version"] for v in versions if v["status"] == "draft"), None)
        newest = versions[0]["version"] if versions else 0
        known = {**described(one), "in_force": active.get(map_id, []), "draft": draft, "newest": newest}
        found.append({**known, "shipped": map_id in shipped_ids()})
    return found


def described(one: Edition) -> dict[str, Any]:
    writes = one.language is not editions.Language.TABLE
    return {
        "id": one.id, "syntax": one.syntax, "type": one.type, "object": one.object, "guide": one.guide or None,
        "directions": ["in", "out"] if writes else ["in"], "digest": one.digest, "language": one.language.value,
    }  # fmt: skip


async def versions(tx: Tx, tenant_id: str, map_id: str) -> list[dict[str, Any]]:
    """Newest first; version 0, the library's, last."""
    rows = await tx.fetch(SQL["versions"], tenant_id, map_id)
    found = [{**dict(r), "stale": bool(r["base"]) and r["base_digest"] != _shipped_digest(r["base"])} for r in rows]
    if map_id in shipped_ids():
        nothing: Mapping[str, Any] = {
            "map_id": map_id, "version": 0, "status": "ready", "base": "", "base_digest": "", "note": "",
            "revision": 1, "saved_by": "the library", "saved_at": None, "stale": False,
        }  # fmt: skip
        found.append({**nothing, "digest": shipped(map_id).digest})
    if not found:
        raise NotFound("No such map.")
    return found


def _shipped_digest(map_id: str) -> str:
    return shipped(map_id).digest if map_id in shipped_ids() else ""


async def history(tx: Tx, tenant_id: str, map_id: str) -> list[dict[str, Any]]:
    return [dict(r) for r in await tx.fetch(SQL["history"], tenant_id, map_id)]


async def in_force(tx: Tx, tenant_id: str, map_id: str) -> list[dict[str, Any]]:
    return [dict(r) for r in await tx.fetch(SQL["in_force"], tenant_id) if r["map_id"] == map_id]


async def source(tx: Tx, tenant_id: str, map_id: str, version: int) -> str:
    """As it was written. Raises NotFound."""
    if version == 0:
        try:
            return shipped_source(map_id)
        except KeyError:
            raise NotFound("No such map.") from None
    row = await tx.fetchrow(SQL["version"], tenant_id, map_id, version)
    if row is None:
        raise NotFound("No such version of a map.")
    return row["source"]
