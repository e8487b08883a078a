"""A partner's file, kept by version: profile and agreements are put, shown and taken out as one document.

The current version is also the profile by which intake reads; both are written together. A partner that came about
otherwise (adopted from an unknown sender) has version 0 until somebody puts its file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import yaml

from crossdock import audit, exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.flow import yaml12
from crossdock.partners import profiles
from crossdock.partners.agreements import deadlines, pins, terms
from crossdock.partners.agreements.deadlines import SQL
from crossdock.partners.agreements.terms import Agreement, Direction
from crossdock.partners.edi import guide
from crossdock.partners.profiles import ANY, Profile
from crossdock.rules.calendars import AROUND_THE_CLOCK

INTAKE = queries("crossdock.partners", "intake.sql")
LIMIT_BYTES = 200_000
_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")


@dataclass(frozen=True, slots=True)
class Stored:
    """version 0: nobody has put it. put_by and put_at are those of the version."""

    profile: Profile
    version: int
    note: str = ""
    put_by: str = ""
    put_at: datetime | None = None


async def get(tx: Tx, tenant_id: str, partner_id: str, version: int | None = None) -> Stored:
    """The current version, or one. Raises NotFound."""
    row = await tx.fetchrow(SQL["latest"], tenant_id, partner_id, version)
    current = await deadlines.profile_of(tx, tenant_id, partner_id) if not version else None
    if not version and current is None:
        raise NotFound(f"No partner {partner_id!r}.")
    if row is None:
        if version or current is None:
            raise NotFound(f"No version {version} of partner {partner_id!r}.")
        return Stored(current, 0)
    profile = current or profiles.of_text(row["document"])
    return Stored(profile, row["version"], row["note"], row["put_by"], row["put_at"])


async def versions(tx: Tx, tenant_id: str, partner_id: str) -> list[dict[str, Any]]:
    return [dict(r) for r in await tx.fetch(SQL["versions"], tenant_id, partner_id)]


async def every(tx: Tx, tenant_id: str) -> list[tuple[Stored, datetime | None]]:
    """All partners with the time of their last document."""
    rows = await tx.fetch(SQL["all"], tenant_id)
    return [(Stored(profiles.of_text(r["profile"]), r["version"] or 0), r["last_document_at"]) for r in rows]


async def around(tx: Tx, tenant_id: str, partner_id: str) -> dict[str, list[dict[str, Any]]]:
    """What the transports hold of a partner: certificates with their ends, and channels."""
    certificates = await tx.fetch(SQL["certificates"], tenant_id, partner_id)
    channels = await tx.fetch(SQL["transports"], tenant_id, partner_id)
    return {"certificates": [dict(r) for r in certificates], "transports": [dict(r) for r in channels]}


async def put(
    tx: Tx,
    tenant_id: str,
    document: Mapping[str, Any],
    by: str,
    now: datetime,
    *,
    note: str = "",
    base: int | None = None,
    where: str = "partner",
) -> tuple[Stored, bool]:
    """Makes the document the current version of its partner's file; False when it was already.

    base: the version that was changed; Conflict when another one is current by now. Raises PartnerError with
    everything that is wrong with it.
    """
    profile = profiles.parse(document, where)
    await tx.execute(SQL["one_at_a_time"], f"partners/{tenant_id}")
    await _check(tx, tenant_id, profile, where)
    written = exactjson.text(profiles.plain(profile))
    try:
        before = await get(tx, tenant_id, profile.id)
    except NotFound:
        before = None
    current = before.version if before is not None else 0
    if base is not None and base != current:
        raise Conflict(f"Version {current} of partner {profile.id!r} is current by now, not {base}. Read it again.")
    if before is not None and current and before.profile == profile:
        return before, False
    stored = Stored(profile, current + 1, note, by, now)
    await tx.execute(SQL["put"], tenant_id, profile.id, stored.version, written, note, by, now)
    await tx.execute(INTAKE["save_profile"], tenant_id, profile.id, written)
    detail = {"version": stored.version, "note": note, "document": profiles.plain(profile)}
    await audit.record(tx, tenant_id, by, "partner.put", profile.id, detail)
    return stored, True


async def put_agreement(
    tx: Tx, tenant_id: str, partner_id: str, document: Mapping[str, Any], by: str, now: datetime, *, note: str = ""
) -> tuple[Stored, bool]:
    """Adds one agreement to a partner's file, or replaces the one of its document, direction and version."""
    reading = terms.Reading(partner_id)
    read = terms.agreement(reading, dict(document), "/agreement")
    if reading.findings:
        raise PartnerError(reading.findings)
    before = (await get(tx, tenant_id, partner_id)).profile
    kept = (*(a for a in before.agreements if a.key != read.key), read)
    return await _changed(tx, tenant_id, before, kept, by, now, note or f"agreement {read}")


async def drop_agreement(
    tx: Tx, tenant_id: str, partner_id: str, key: tuple[str, str, str], by: str, now: datetime
) -> Stored:
    """Raises NotFound when there is none of this document, direction and version."""
    before = (await get(tx, tenant_id, partner_id)).profile
    kept = tuple(a for a in before.agreements if a.key != key)
    if len(kept) == len(before.agreements):
        known = ", ".join(map(str, before.agreements)) or "none"
        raise NotFound(f"No agreement {' '.join(k for k in key if k)} with {partner_id}; there are: {known}.")
    return (await _changed(tx, tenant_id, before, kept, by, now, f"without {' '.join(k for k in key if k)}"))[0]


async def _changed(
    tx: Tx, tenant_id: str, before: Profile, kept: tuple[Agreement, ...], by: str, now: datetime, note: str
) -> tuple[Stored, bool]:
    ordered = tuple(sorted(kept, key=lambda a: (a.direction, a.key)))
    return await put(tx, tenant_id, profiles.plain(replace(before, agreements=ordered)), by, now, note=note)


# ── as text ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Dumper(yaml.SafeDumper):
    """Quotes what looks like a number to some reader of YAML: 850, 004019, 1e3."""


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = "'" if re.match(r"[-+.\d]", value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)  # pyright: ignore[reportUnknownMemberType]


def _number(dumper: _Dumper, value: Decimal) -> yaml.ScalarNode:
    text = f"{value:f}"  # its own digits, such as 2.50 of a tolerance
    tag = "tag:yaml.org,2002:float" if "." in text else "tag:yaml.org,2002:int"
    return dumper.represent_scalar(tag, text)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _number)


def exported(profile: Profile) -> str:
    """The file as YAML; `imported` reads it back."""
    return yaml.dump(profiles.plain(profile), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def imported(raw: bytes, name: str) -> Mapping[str, Any]:
    """A file of YAML or JSON. Raises PartnerError when it is neither."""
    if len(raw) > LIMIT_BYTES:
        raise PartnerError(
            [Finding("partner.size", name, f"at most {LIMIT_BYTES} bytes", str(len(raw)), "Shorten it.")]
        )
    value = yaml12.read(raw, name).value
    if not isinstance(value, dict):
        raise PartnerError([Finding("partner.shape", name, "an object", terms.shown(value), "Write a partner's file.")])
    return cast("Mapping[str, Any]", value)


# ── what needs the tenant's other data ──────────────────────────────────────────────────────────────────────────────


async def _check(tx: Tx, tenant_id: str, profile: Profile, where: str) -> None:
    found = terms.Reading(where)
    if not _ID.match(profile.id):
        found.say("id", "/id", "letters, digits and ._-, at most 60", profile.id, "Choose a shorter, plain one.")
    if len(exactjson.text(profiles.plain(profile))) > LIMIT_BYTES:
        found.say("size", "", f"at most {LIMIT_BYTES} characters", "more", "Shorten it.")
    for row in await tx.fetch(SQL["all"], tenant_id):
        if row["partner_id"] == profile.id:
            continue
        other = profiles.of_text(row["profile"])
        for n, mine in enumerate((*profile.identifiers, *profile.test_identifiers)):
            if mine in other.identifiers or mine in other.test_identifiers:
                at = f"/identifiers/{n}"
                found.say("identifier.taken", at, "one of its own", f"{mine}, which is {other.id}", "Correct one.")
        if profile.customer_id not in {ANY, ""} and other.customer_id == profile.customer_id:
            text = f"{profile.customer_id}, which is {other.id}"
            found.say("customer.taken", "/customer_id", "a customer of its own", text, "Correct one.")
    for name, at in _calendars(profile):
        if name != AROUND_THE_CLOCK.name and await deadlines.calendar(tx, tenant_id, (name,)) is None:
            found.say("calendar", at, "a calendar of the tenant", name, "Put the calendar first, or name another.")
    for n, a in enumerate(profile.agreements):
        if a.guide:
            _guide(found, a, f"/agreements/{n}/guide")
    await _channels(tx, tenant_id, profile, found)
    await pins.check(tx, tenant_id, profile, found)
    if found.findings:
        raise PartnerError(found.findings)


async def _channels(tx: Tx, tenant_id: str, profile: Profile, found: terms.Reading) -> None:
    """A document leaves by a channel that is there, goes out, and is this partner's."""
    named = {a.channel for a in profile.agreements if a.channel}
    known = {r["channel_id"]: r for r in await tx.fetch(SQL["channels"], tenant_id, sorted(named))} if named else {}
    for n, a in enumerate(profile.agreements):
        if not a.channel:
            continue
        at, channel = f"/agreements/{n}/channel", known.get(a.channel)
        if channel is None:
            found.say("channel", at, "a channel of the tenant", a.channel, "Declare it first, or name another.")
        elif channel["partner_id"] != profile.id:
            whose = channel["partner_id"] or "nobody in particular"
            found.say("channel", at, f"a channel of {profile.id}", f"{a.channel}, of {whose}", "Name another.")
        elif channel["direction"] == Direction.IN:
            fix = "Declare it for both directions, or name another."
            found.say("channel", at, "a channel on which we send", f"{a.channel}, which only receives", fix)


def _calendars(profile: Profile) -> list[tuple[str, str]]:
    listed = [(name, "/calendar") for name in profile.calendar]
    for n, a in enumerate(profile.agreements):
        given = [(a.acknowledged, "acknowledged")] if a.acknowledged is not None else []
        given += [(e.window, f"expects/{m}") for m, e in enumerate(a.expects)]
        listed += [(name, f"/agreements/{n}/{at}/calendar") for w, at in given for name in w.calendar]
    return listed


def _guide(found: terms.Reading, a: Agreement, at: str) -> None:
    try:
        named = guide.load(a.guide)
    except KeyError:
        found.say("guide", at, "a guide of the library, such as x12-850", a.guide, "Correct its name.")
        return
    if named.set != a.document:
        found.say("guide", at, f"a guide of the {a.document}", f"{a.guide}, of the {named.set}", "Name another.")
