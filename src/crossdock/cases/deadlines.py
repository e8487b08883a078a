"""When something is due: what `due_in`, `due_on`, `by` and `business_days` of our functions mean, with a calendar and
without.

    due_on + grace          the end of that day (UTC); on a calendar: when that day closes, or the next business day
    by: cut-off             the next cut-off of the calendar, named by `cutoff`
    business_days           the closing of the n-th business day after the one it counts to (`cutoff` decides which)
    due_in                  a duration from now; on a calendar: open time only

The first of these that is given counts, in this order.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from crossdock.cases import calendars
from crossdock.cases.common import Arguments, Misuse
from crossdock.db import Tx
from crossdock.rules import businesstime
from crossdock.rules.calendars import Calendar

CUT_OFF = "cut-off"
USUAL_CUTOFF = "order"
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Deadline:
    """calendar: what it was counted on, None for plain time."""

    due_at: datetime | None
    calendar: Calendar | None = None

    def warn_at(self, now: datetime, share: float, before: timedelta | None) -> datetime:
        """A share of the way there, or that much (business) time before; never in the past."""
        assert self.due_at is not None, "asked only of what is due"
        whole = elapsed(self.calendar, now, self.due_at)
        after = max(_ZERO, whole - before) if before is not None else whole * share
        return min(later(self.calendar, now, after), self.due_at) if after > _ZERO else now


async def read(tx: Tx, tenant_id: str, a: Arguments, now: datetime) -> Deadline:
    """Raises Misuse for arguments that cannot be right, and for a calendar that is not there or never opens."""
    calendar = await named(tx, tenant_id, a)
    try:
        return Deadline(_due_at(a, calendar, now), calendar)
    except (businesstime.NeverOpen, businesstime.TooFar) as e:
        raise Misuse(str(e)) from e
    except OverflowError as e:
        raise Misuse("expected a deadline within the years of the calendar, found one beyond 9999") from e


async def named(tx: Tx, tenant_id: str, a: Arguments) -> Calendar | None:
    """The calendar of `calendar`: a name, or a list of which the first that exists counts."""
    wanted = a.names("calendar")
    if not wanted:
        return None
    found = await calendars.first(tx, tenant_id, wanted)
    if found is None:
        raise Misuse(f"expected `calendar` to name a calendar of the tenant, found {', '.join(map(repr, wanted))}")
    return found


async def expiry(tx: Tx, tenant_id: str, a: Arguments, name: str, now: datetime) -> datetime | None:
    """A duration from now, in open time where a calendar is given."""
    span = a.duration(name)
    if span is None:
        return None
    try:
        return later(await named(tx, tenant_id, a), now, span)
    except (businesstime.NeverOpen, businesstime.TooFar, OverflowError) as e:
        raise Misuse(str(e)) from e


def later(calendar: Calendar | None, now: datetime, span: timedelta) -> datetime:
    return now + span if calendar is None else businesstime.add(calendar, now, span)


def elapsed(calendar: Calendar | None, start: datetime, end: datetime) -> timedelta:
    return end - start if calendar is None else businesstime.between(calendar, start, end)


def _due_at(a: Arguments, calendar: Calendar | None, now: datetime) -> datetime | None:
    cutoff = a.optional("cutoff")
    days = a.whole("business_days")
    by = a.word("by", (CUT_OFF,))
    if calendar is None:
        for name, given in (("by", by), ("business_days", days), ("cutoff", cutoff)):
            if given is not None:
                raise Misuse(f"expected `calendar` beside `{name}`, found none")
    if due_on := a.optional("due_on"):
        return _on(a, calendar, due_on)
    if calendar is not None and by is not None:
        return _cut(calendar, now, cutoff or USUAL_CUTOFF)
    if calendar is not None and days is not None:
        if cutoff is not None:
            _cut(calendar, now, cutoff)
        return businesstime.due_after_days(calendar, now, days, cutoff)
    span = a.duration("due_in")
    return None if span is None else later(calendar, now, span)


def _on(a: Arguments, calendar: Calendar | None, due_on: str) -> datetime:
    try:
        day = date.fromisoformat(due_on[:10])
    except ValueError as e:
        raise Misuse(f"expected a date as `due_on`, found {due_on!r}") from e
    if calendar is None:
        end = datetime.combine(day, time.min, UTC) + timedelta(days=1)
    else:
        end = businesstime.closing(calendar, businesstime.next_business_day(calendar, day))
    grace = a.duration("grace")
    return later(calendar, end, grace) if grace else end


def _cut(calendar: Calendar, now: datetime, name: str) -> datetime:
    try:
        return businesstime.next_cutoff(calendar, now, name)
    except KeyError as e:
        known = ", ".join(sorted(calendar.cutoffs)) or "none"
        raise Misuse(f"expected a cut-off of calendar {calendar.name!r} ({known}), found {name!r}") from e
