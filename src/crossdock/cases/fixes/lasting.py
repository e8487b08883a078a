"""What a fix changes once for all: a cross-reference, a code in a map, a row of a reference table or a decision
table; and how it is taken back.

It is taken back only while it still is what the fix made of it: what somebody changed since is theirs. A map that
somebody has a draft of is left alone, since a draft may be saved over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import yaml

from crossdock.cases import tables
from crossdock.cases.fixes import ruling
from crossdock.cases.fixes.fix import CrossReference, DecisionRow, Fix, MapEntry, TableRow
from crossdock.db import Tx
from crossdock.errors import Conflict, Finding, PartnerError
from crossdock.flow import yaml12
from crossdock.partners.crossref import store as crossref
from crossdock.partners.crossref.translate import Entry, Kind
from crossdock.partners.edi.guide import Guide
from crossdock.partners.maps import checking, editions
from crossdock.partners.maps import store as maps
from crossdock.partners.maps.tables import Table
from crossdock.rules import reference


async def make(
    tx: Tx, tenant_id: str, fix: Fix, by: str, now: datetime, note: str, *, instances: Sequence[UUID] = (),
    publisher: str = "", against: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Makes it; returns what takes it back, {} when nothing lasting is changed.

    instances, publisher, against: of a row of a decision table, see `ruling.make`.
    Raises PartnerError for an entry that is wrong, Conflict for a map or a decision table with a draft.
    """
    match fix:
        case CrossReference():
            entry = crossref.checked(fix.entry, fix.qualifier, fix.theirs, fix.ours, where="/fix/")
            before = await _entry(tx, tenant_id, fix)
            await crossref.put(tx, tenant_id, fix.partner, entry, by, now, note)
            return {"before": before}
        case MapEntry():
            return await _map_entry(tx, tenant_id, fix, by, now, note)
        case TableRow():
            edition = await tables.get(tx, tenant_id, fix.table, now)
            rows = [dict(r) for r in await tables.rows_of(tx, tenant_id, edition)]
            version, _ = await tables.put(tx, tenant_id, _table(edition, [*rows, fix.row]), by, now)
            return {"version": version}
        case DecisionRow():
            return await ruling.make(
                tx, tenant_id, fix, instances, by, publisher or by, now, note, against=against
            )  # fmt: skip
        case _:
            return {}


async def take_back(tx: Tx, tenant_id: str, fix: Fix, made: dict[str, Any], by: str, now: datetime) -> str:
    """Says what came of it: what was changed since stays as it is."""
    match fix:
        case CrossReference():
            found = await _entry(tx, tenant_id, fix)
            if found is None or found["ours"] != fix.ours:
                return "The cross-reference was changed since, and stays as it is."
            if made["before"] is None:
                await crossref.remove(tx, tenant_id, fix.partner, fix.entry, fix.qualifier, fix.theirs, by)
                return "The cross-reference is withdrawn."
            b = made["before"]
            entry = Entry(Kind(fix.entry), fix.qualifier, fix.theirs, b["ours"], b["written"])
            await crossref.put(tx, tenant_id, fix.partner, entry, by, now, b["note"])
            return f"The cross-reference means {b['ours']} again."
        case MapEntry():
            in_force = (await maps.book(tx, tenant_id)).find(fix.map, fix.partner).version
            if in_force != made["version"]:
                return f"Version {in_force} of the map was put in force since, and stays."
            note = "A fix is taken back"
            await maps.activate(tx, tenant_id, fix.map, made["before"], by, now, partner=fix.partner, note=note)
            return f"Version {made['before']} of the map is in force again."
        case TableRow():
            edition = await tables.get(tx, tenant_id, fix.table, now)
            key = {k: fix.row.get(k) for k in edition.keys}
            rows = [dict(r) for r in await tables.rows_of(tx, tenant_id, edition)]
            kept = [r for r in rows if {k: r.get(k) for k in edition.keys} != key]
            if len(kept) == len(rows):
                return "The row was taken out since."
            version, _ = await tables.put(tx, tenant_id, _table(edition, kept), by, now)
            return f"The row is taken out again: edition {version}."
        case DecisionRow():
            return await ruling.take_back(tx, tenant_id, fix, made, by, now)
        case _:
            return ""


async def _entry(tx: Tx, tenant_id: str, fix: CrossReference) -> dict[str, Any] | None:
    found = await crossref.page(tx, tenant_id, partner=fix.partner, kind=fix.entry, q=fix.theirs, limit=1000)
    same = (r for r in found if r["theirs"] == fix.theirs.strip() and r["qualifier"] == fix.qualifier)
    return next(({n: r[n] for n in ("ours", "written", "note")} for r in same), None)


def _table(edition: tables.Edition, rows: list[dict[str, Any]]) -> reference.Table:
    """Raises PartnerError when the row does not fit, or its key is there already."""
    columns = {name: kind.value for name, kind in edition.columns.items()}
    return reference.read({"name": edition.name, "keys": list(edition.keys), "columns": columns, "rows": rows})


async def _map_entry(
    tx: Tx, tenant_id: str, fix: MapEntry, by: str, now: datetime, note: str
) -> dict[str, Any]:  # fmt: skip
    try:
        known = (await maps.book(tx, tenant_id)).find(fix.map, fix.partner)
    except KeyError:
        finding = Finding("fix.map", "/fix/map", "a map", fix.map, "`crossdock map list` names them.")
        raise PartnerError([finding]) from None
    if any(v["status"] == "draft" for v in await maps.versions(tx, tenant_id, fix.map)):
        raise Conflict(f"Somebody has a draft of the map {fix.map}: put it in force or discard it first.")
    written = overlaid(await maps.source(tx, tenant_id, fix.map, known.version), known.version, fix)
    checked = checking.check(written, f"{fix.map}.yaml", fix.map)
    version = await maps.save_draft(tx, tenant_id, checked, written, by, now, note=note)
    await maps.activate(tx, tenant_id, fix.map, version, by, now, partner=fix.partner, note=note)
    return {"before": known.version, "version": version}


def overlaid(source: str, version: int, fix: MapEntry) -> str:
    """A map's text with one more code. version 0 is the library's: one that differs from it is begun."""
    said: Any = {"over": fix.map} if version == 0 else yaml12.read(source, fix.map).value
    tables_: dict[str, Any] = dict(said.get("tables") or {})
    tables_[fix.table] = {**(tables_.get(fix.table) or {}), fix.code: fix.meaning}
    return yaml.safe_dump({**said, "tables": tables_}, sort_keys=False, allow_unicode=True)


def tables_of(edition: editions.Edition) -> dict[str, dict[str, str]]:
    """The tables that a map reads codes by: what each code means."""
    return {t.name: dict(t.words) for t in _tables(edition.declared)}


def _tables(part: Any) -> Iterator[Table]:
    if isinstance(part, Table):
        yield part
    elif isinstance(part, tuple | list):
        for inner in cast("Sequence[Any]", part):
            yield from _tables(inner)
    elif is_dataclass(part) and not isinstance(part, (type, Guide)):
        for f in fields(part):
            yield from _tables(getattr(part, f.name))
