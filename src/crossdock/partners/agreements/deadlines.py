"""A window of an agreement made into a moment, with the calendar and the history of this tenant and partner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.partners import profiles
from crossdock.partners.agreements import terms, windows
from crossdock.partners.agreements.terms import Agreement, Day, Direction, Expected, Owes, Window
from crossdock.partners.agreements.windows import Basis, Learned
from crossdock.partners.profiles import Profile
from crossdock.rules import calendars
from crossdock.rules.calendars import AROUND_THE_CLOCK, Calendar

SQL = queries("crossdock.partners.agreements", "agreements.sql")
NO_DATES: Mapping[Day, date] = {}


@dataclass(frozen=True, slots=True)
class Due:
    """at None: nothing is due. basis: where that comes from, as it is stored and shown."""

    at: datetime | None
    basis: dict[str, Any]
    calendar: Calendar | None


async def profile_of(tx: Tx, tenant_id: str, partner_id: str) -> Profile | None:
    text: str | None = await tx.fetchval(SQL["profile"], tenant_id, partner_id)
    return None if text is None else profiles.of_text(text)


async def of_answer(
    tx: Tx, tenant_id: str, partner: Profile, e: Expected, cause: str, start: datetime, dates: Mapping[Day, date]
) -> Due:
    """When an expected answer is due."""
    calendar = await _calendar(tx, tenant_id, e.window, partner)
    learned: Learned | None = None
    # what we owe is agreed or nothing: our own habits are no promise
    if _may_learn(e.window, dates) and e.owed_by is Owes.THEM:
        kind = terms.kind_of(e.document)
        rows = await tx.fetch(SQL["intervals"], tenant_id, partner.id, kind, cause, windows.REMEMBERED)
        learned = windows.learn([r["took"] for r in rows])
    return _due(e.window, calendar, start, dates, learned)


async def of_acknowledgement(
    tx: Tx, tenant_id: str, partner_id: str, document: str, version: str | None, start: datetime
) -> Due | None:
    """By when a partner acknowledges what we send now. None: nothing is agreed about this document."""
    partner = await profile_of(tx, tenant_id, partner_id)
    agreed: Agreement | None = partner and partner.agreed(document, Direction.OUT, version)
    if partner is None or agreed is None:
        return None
    if agreed.acknowledged is None:
        return Due(None, {"basis": Basis.CONTRACT.value, "agreement": str(agreed), "never": True}, None)
    calendar = await _calendar(tx, tenant_id, agreed.acknowledged, partner)
    learned: Learned | None = None
    if agreed.acknowledged.learned:
        rows = await tx.fetch(SQL["acknowledged"], tenant_id, partner_id, document, windows.REMEMBERED)
        learned = windows.learn([windows.elapsed(calendar, r["sent_at"], r["answered_at"]) for r in rows])
    due = _due(agreed.acknowledged, calendar, start, NO_DATES, learned)
    return Due(due.at, {**due.basis, "agreement": str(agreed)}, calendar)


def _may_learn(window: Window, dates: Mapping[Day, date]) -> bool:
    return window.learned or (window.by is not None and window.by not in dates)


def _due(
    window: Window, calendar: Calendar | None, start: datetime, dates: Mapping[Day, date], learned: Learned | None
) -> Due:
    at, basis = windows.due(window, calendar, start, dates, learned)
    told: dict[str, Any] = {"basis": basis.value}
    if basis is Basis.CONTRACT:
        written = terms.plain_window(window)
        told |= {"window": written}
    if basis is Basis.LEARNED and learned is not None:
        told |= evidence(learned)
    if basis is Basis.UNKNOWN:
        told |= {"needed": windows.MINIMUM}
    if calendar is not None:
        told |= {"calendar": calendar.name, "calendar_version": calendar.version}
    return Due(at, told, calendar)


def evidence(learned: Learned) -> dict[str, Any]:
    """What a learned window rests on, in open hours."""
    return {
        "sample": learned.sample,
        "quantile": windows.QUANTILE,
        "median_hours": _hours(learned.median),
        "quantile_hours": _hours(learned.at),
        "window_hours": _hours(learned.window),
    }


def _hours(span: timedelta) -> float:
    return round(span.total_seconds() / 3600, 2)


async def _calendar(tx: Tx, tenant_id: str, window: Window, partner: Profile) -> Calendar | None:
    return await calendar(tx, tenant_id, window.calendar or partner.calendar)


async def calendar(tx: Tx, tenant_id: str, names: Sequence[str]) -> Calendar | None:
    """The first of the names that exists; None: plain time."""
    always = AROUND_THE_CLOCK.name
    known = list(names[: names.index(always)]) if always in names else list(names)
    row = await tx.fetchrow(SQL["calendar"], tenant_id, known) if known else None
    return None if row is None else _read(row["document"], row["version"])


async def calendar_version(tx: Tx, tenant_id: str, name: str | None, version: int | None) -> Calendar | None:
    """The one that an interval began on."""
    if name is None:
        return None
    text: str | None = await tx.fetchval(SQL["calendar_version"], tenant_id, name, version)
    return None if text is None else _read(text, version or 0)


@lru_cache(maxsize=512)
def _read(document: str, version: int) -> Calendar:
    return calendars.read(exactjson.loads(document), version)
