"""The plan of an order: by when each step has to be done so that its promise is kept, and when each is to be expected.

    validated → credit → released → picked → shipped → delivered
                                                 └──→ invoiced

`plan` counts backwards from the promised day, `forecast` forwards from now, over the same `Way`: the site's hours and
its cut-off for shipping, the carrier's working days, the days on which the customer takes goods in, and how long each
step takes in open hours. The two meet: what starts by `latest` arrives by the promised day, what starts later does
not (tests/unit/rules/test_planning.py checks it, and both against a second implementation that counts by minutes).

Pure: no clock, no database. A day that is reached is a date of its own, never read from a moment: a day that ends at
midnight ends at a moment that belongs to the next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import holidays

from crossdock.rules import businesstime
from crossdock.rules.businesstime import NeverOpen
from crossdock.rules.calendars import MINUTES_A_DAY, Calendar

SHIP = "ship"  # the cut-off: what is released later leaves a business day later
_ZERO = timedelta(0)
_DAY = timedelta(days=1)
_WEEK = (((0, MINUTES_A_DAY),),) * 5 + ((), ())


class Step(StrEnum):
    """In their order; the value is what the database and the pages call it."""

    VALIDATED = "validated"
    CREDIT = "credit"
    RELEASED = "released"
    PICKED = "picked"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    INVOICED = "invoiced"


CHAIN = (Step.VALIDATED, Step.CREDIT, Step.RELEASED, Step.PICKED, Step.SHIPPED)
LAST_DAY = date(9000, 1, 1)  # nothing is planned beyond


@dataclass(frozen=True, slots=True)
class Way:
    """By which an order goes. lead_days: working days of the carrier from the day of shipping to that of arrival.

    takes: open time of the site from the step before, for each of CHAIN and for `invoiced`; zero for none.
    """

    site: Calendar
    carrier: Calendar
    receiving: Calendar
    lead_days: int
    takes: Mapping[Step, timedelta]

    def to(self, step: Step) -> timedelta:
        return self.takes.get(step, _ZERO)


@dataclass(frozen=True, slots=True)
class Plan:
    """ship_on: the last day of shipping. deliver_on: the last day of receiving, on or before the promised one."""

    promised_on: date
    ship_on: date
    deliver_on: date
    by: Mapping[Step, datetime]

    def latest(self, way: Way, reached: "Reached") -> datetime:
        """The last moment at which it may be as far as it is, and the promise is kept still. What waits for stock, or
        for a carrier that names another day, may have no such moment to come: see `forecast`.
        """
        match _next(reached):
            case None:
                return self.by[Step.DELIVERED]
            case step:
                moment = self.by[step]
                if step in (Step.PICKED, Step.SHIPPED):
                    # Released in time, the cut-off binds no more; only picking and packing have to end.
                    moment = _earlier(way.site, self.by[Step.SHIPPED], way.to(Step.SHIPPED))
                    if step is Step.PICKED:
                        moment = _earlier(way.site, moment, way.to(Step.PICKED))
                    return moment
                return _earlier(way.site, moment, way.to(step))


@dataclass(frozen=True, slots=True)
class Reached:
    """How far it is. at: of the steps that were reached. stock_on: not released before; eta_on: as the carrier says.

    held_up: working days that the carrier's trouble is reckoned with beyond the day that is expected without it.
    """

    at: Mapping[Step, datetime] = field(default_factory=dict[Step, datetime])
    stock_on: date | None = None
    eta_on: date | None = None
    held_up: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """at: of what has not happened yet. ship_on, deliver_on: the days of these."""

    at: Mapping[Step, datetime]
    ship_on: date
    deliver_on: date


def plan(way: Way, promised_on: date) -> Plan:
    """Backwards from the promised day. Raises NeverOpen where a calendar does not open before it."""
    arrive = businesstime.previous_business_day(way.receiving, promised_on)
    leave = businesstime.business_days_after(way.carrier, arrive, -way.lead_days) if way.lead_days else (
        businesstime.previous_business_day(way.carrier, arrive)
    )  # fmt: skip
    ship_on = businesstime.previous_business_day(way.site, leave)
    shipped = businesstime.closing(way.site, ship_on)
    picked = _earlier(way.site, shipped, way.to(Step.SHIPPED))
    released = min(cutoff(way.site, ship_on), _earlier(way.site, picked, way.to(Step.PICKED)))
    credit = _earlier(way.site, released, way.to(Step.RELEASED))
    validated = _earlier(way.site, credit, way.to(Step.CREDIT))
    by = {
        Step.VALIDATED: validated, Step.CREDIT: credit, Step.RELEASED: released, Step.PICKED: picked,
        Step.SHIPPED: shipped, Step.DELIVERED: businesstime.closing(way.receiving, arrive),
        Step.INVOICED: _later(way.site, shipped, way.to(Step.INVOICED)),
    }  # fmt: skip
    return Plan(promised_on, ship_on, arrive, by)


def forecast(way: Way, reached: Reached, now: datetime) -> Forecast:
    """Forwards from now. Raises NeverOpen."""
    at: dict[Step, datetime] = {}
    moment = now
    following = _next(reached)
    if following in (Step.VALIDATED, Step.CREDIT, Step.RELEASED) and reached.stock_on is not None:
        moment = max(moment, _opening(way.site, reached.stock_on))
    released = reached.at.get(Step.RELEASED)
    for step in CHAIN[CHAIN.index(following) :] if following is not None else ():
        moment = _later(way.site, moment, way.to(step))
        at[step] = moment
        if step is Step.RELEASED:
            released = moment
    if following is None:
        shipped = reached.at[Step.SHIPPED]
        ship_on = way.site.local_day(shipped)
    else:
        assert released is not None, "it is reached, or just was forecast"
        ship_on = max(_closes_after(way.site, moment), ship_day(way.site, released))
        shipped = at[Step.SHIPPED] = businesstime.closing(way.site, ship_on)
    deliver_on = _delivery(way, reached, ship_on, now)
    at[Step.DELIVERED] = businesstime.closing(way.receiving, deliver_on)
    if Step.INVOICED not in reached.at:
        at[Step.INVOICED] = _later(way.site, max(shipped, now), way.to(Step.INVOICED))
    return Forecast(at, ship_on, deliver_on)


def ship_day(site: Calendar, released: datetime) -> date:
    """The day on which what is released at a moment is shipped."""
    day = businesstime.next_business_day(site, site.local_day(released))
    if released > cutoff(site, day):
        day = businesstime.next_business_day(site, day + _DAY)
    return day


def cutoff(site: Calendar, day: date) -> datetime:
    """Until when what is released is shipped on a business day; where the calendar names none, its closing."""
    try:
        return businesstime.cutoff_on(site, day, SHIP)
    except KeyError:
        return businesstime.closing(site, day)


def weekdays(zone: ZoneInfo, name: str, country: str = "", subdivision: str = "") -> Calendar:
    """Monday to Friday around the clock, without a country's holidays: what is assumed where nobody has said more."""
    known = holidays.list_supported_countries(include_aliases=False)
    country = country.upper()
    if country not in known:
        country = subdivision = ""
    elif subdivision not in known[country]:
        subdivision = ""
    return Calendar(name, name, zone, _WEEK, country=country, subdivision=subdivision)


def faster(way: Way, lead_days: int) -> Way:
    return replace(way, lead_days=lead_days)


# ── within ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _next(reached: Reached) -> Step | None:
    """The step of the chain that comes next; None once it is shipped. What was reached implies what is before it."""
    done = [CHAIN.index(s) for s in reached.at if s in CHAIN]
    place = max(done, default=-1) + 1
    return CHAIN[place] if place < len(CHAIN) else None


def _delivery(way: Way, reached: Reached, ship_on: date, now: datetime) -> date:
    if reached.eta_on is not None and _next(reached) is None:
        day = reached.eta_on  # the carrier has it, and knows better than any table
    else:
        day = businesstime.business_days_after(way.carrier, ship_on, way.lead_days)
    today = way.receiving.local_day(now)
    if _next(reached) is None and reached.held_up:
        day = businesstime.business_days_after(way.carrier, max(day, today), reached.held_up)
    return max(businesstime.next_business_day(way.receiving, day), _closes_after(way.receiving, now))


def _closes_after(calendar: Calendar, moment: datetime) -> date:
    """The business day that a moment is in, else the next one. Hours may reach into the next day."""
    day = businesstime.next_business_day(calendar, calendar.local_day(moment) - _DAY)
    while businesstime.closing(calendar, day) < moment:
        day = businesstime.next_business_day(calendar, day + _DAY)
    return day


def _later(calendar: Calendar, moment: datetime, span: timedelta) -> datetime:
    return moment if span <= _ZERO else businesstime.add(calendar, moment, span)


def _earlier(calendar: Calendar, moment: datetime, span: timedelta) -> datetime:
    return moment if span <= _ZERO else businesstime.before(calendar, moment, span)


def _opening(calendar: Calendar, day: date) -> datetime:
    if day > LAST_DAY:
        raise NeverOpen(calendar, calendar.moment(LAST_DAY, 0))
    return calendar.spans(businesstime.next_business_day(calendar, day))[0][0]
