"""Maps that an agreement names: for its partner they come before what is in force for everybody.

A pinned version stays until the agreement says otherwise, whatever is made active meanwhile. It stands in the book of
maps under the name by which its document is read or written, so nothing that reads or writes knows of agreements.
"""

from collections.abc import Iterable

from crossdock.db import Tx
from crossdock.errors import NotFound
from crossdock.partners.agreements.terms import Agreement, Reading, Version
from crossdock.partners.maps import store as maps
from crossdock.partners.maps.editions import Book, Edition
from crossdock.partners.profiles import Profile


async def book(tx: Tx, tenant_id: str, partners: Iterable[Profile]) -> Book:
    """The tenant's maps in force, with what is agreed with these partners."""
    found = await maps.book(tx, tenant_id)
    pinned: dict[tuple[str, str], Edition] = {}
    for partner in partners:
        for a in partner.agreements:
            if a.map is not None:
                edition = await _edition(tx, tenant_id, found, a.map, partner.id)
                pinned[_usual(edition, a), partner.id] = edition
    return Book({**found.editions, **pinned}) if pinned else found


async def check(tx: Tx, tenant_id: str, partner: Profile, reading: Reading) -> None:
    """Says what is wrong with the maps that a file names."""
    found = await maps.book(tx, tenant_id)
    seen: dict[str, Version] = {}
    for n, a in enumerate(partner.agreements):
        at = f"/agreements/{n}/map"
        if a.map is None:
            continue
        if a.map.version and not (a.map.version.isascii() and a.map.version.isdigit() and len(a.map.version) < 10):
            reading.say("map", f"{at}/version", "a number, as `crossdock map` shows it", a.map.version, "Correct it.")
            continue
        try:
            edition = await _edition(tx, tenant_id, found, a.map, partner.id)
        except (NotFound, KeyError):
            named = f"{a.map.id} {a.map.version}".strip()
            reading.say("map", at, "a map of the library or of ours, in a version that there is", named, "Correct it.")
            continue
        if a.map.version and not await _is_ready(tx, tenant_id, a.map):
            fix = "Activate it first, or pin a version that is: a draft may still change."
            reading.say("map", f"{at}/version", "a version that is ready", f"{a.map.version}, a draft", fix)
        if edition.type != a.document:
            reading.say("map", at, f"a map of the {a.document}", f"{a.map.id}, of the {edition.type}", "Name another.")
        usual = _usual(edition, a)
        if seen.setdefault(usual, a.map) != a.map:
            fix = "Agree on one map for all versions of this document in both directions."
            reading.say("map", at, str(seen[usual].version or "the version in force"), a.map.version, fix)


async def _edition(tx: Tx, tenant_id: str, found: Book, named: Version, partner_id: str) -> Edition:
    """Raises NotFound or KeyError."""
    if not named.version:
        return found.find(named.id, partner_id)
    return await maps.edition(tx, tenant_id, named.id, int(named.version))


async def _is_ready(tx: Tx, tenant_id: str, named: Version) -> bool:
    listed = await maps.versions(tx, tenant_id, named.id)
    return any(v["version"] == int(named.version) and v["status"] == "ready" for v in listed)


def _usual(edition: Edition, a: Agreement) -> str:
    """The name under which a document's map is looked for."""
    return f"{edition.syntax}-{a.document.lower()}"
