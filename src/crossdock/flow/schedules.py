"""When a definition starts by itself: every, cron, after. Pure: hosts keep the due time and bring the clock.

    first(schedule, published_at)           when the first instance starts
    due(schedule, due_at, now)              which starts are due by now, and when the next one is

A time that passed while nobody worked is missed; `misfire` says what then happens:

    once (unless said otherwise)    one start, for the latest missed time
    skip                            none
    all                             one for each, oldest first, at most MOST_AT_ONCE at a time

`every` keeps its grid (publication + n × span), whenever its instances really start. `after` counts from the end of
the previous instance, so that nothing can be missed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crossdock.flow import cron, model

GRACE = timedelta(minutes=1)  # not missed yet: workers look at the clock a few times a second, and may be restarted
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Due:
    """starts: scheduled times whose instances start now. next_at: None when there is no other."""

    starts: tuple[datetime, ...]
    next_at: datetime | None


def first(schedule: model.Schedule, published_at: datetime) -> datetime | None:
    """`every` and `cron` begin with their next time; `after` at once, since there is no instance to wait for."""
    if schedule.after is not None:
        return published_at
    return following(schedule, published_at, published_at)


def following(schedule: model.Schedule, due_at: datetime, after: datetime) -> datetime | None:
    """The first time of the schedule after `after`; due_at: one of its times."""
    if schedule.every is not None:
        return due_at + schedule.every * ((after - due_at) // schedule.every + 1)
    if schedule.cron is not None:
        return cron.following(schedule.cron, after, cron.zone(schedule.time_zone))
    return None


def due(schedule: model.Schedule, due_at: datetime, now: datetime) -> Due:
    if due_at > now:
        return Due((), due_at)
    if schedule.after is not None:
        return Due((due_at,), None)
    match schedule.misfire:
        case "all":
            times: list[datetime] = []
            at: datetime | None = due_at
            while at is not None and at <= now and len(times) < MOST_AT_ONCE:
                times.append(at)
                at = following(schedule, at, at)
            return Due(tuple(times), at)
        case "skip":
            latest = _latest(schedule, due_at, now)
            return Due((latest,) if now - latest <= GRACE else (), following(schedule, latest, now))
        case _:
            latest = _latest(schedule, due_at, now)
            return Due((latest,), following(schedule, latest, now))


def _latest(schedule: model.Schedule, due_at: datetime, now: datetime) -> datetime:
    """The last time of the schedule that is not after `now`; due_at is one that is not."""
    if schedule.every is not None:
        return due_at + schedule.every * ((now - due_at) // schedule.every)
    # cron looks forward only: halve the span between a time that is over and now until nothing lies between
    low, span = due_at, now - due_at
    while span >= timedelta(minutes=1):
        span /= 2
        found = following(schedule, low, low + span)
        if found is not None and found <= now:
            low, span = found, now - found
    found = following(schedule, low, low)
    while found is not None and found <= now:
        low, found = found, following(schedule, found, found)
    return low


def start_input(schedule: model.Schedule, at: datetime) -> dict[str, Any]:
    """What an instance that time started is given: when it was to start, which may be earlier than it does."""
    kind = "cron" if schedule.cron is not None else "every" if schedule.every is not None else "after"
    return {"schedule": {"kind": kind, "at": at.isoformat().replace("+00:00", "Z")}}
