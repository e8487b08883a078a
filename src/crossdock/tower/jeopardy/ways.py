"""What a plan is made of: the site's calendar, the carrier's and the customer's days, lead times, how long steps take.

Each comes from the tenant's own data where there is some, and from a stated assumption where there is none; `assumed`
says which, with versions, and is kept with the plan.

    site        calendar site/<site>, default, always; before it is allocated: the nearest site with a calendar
    carrier     calendar carrier/<service>, carrier; else Monday to Friday without the holidays of the site's country
    receiving   calendar customer/<id>; else Monday to Friday without the holidays of the country delivered to
    lead days   table `lead-time` (crossdock.cases.rulings)
    steps       learned from the site's own last orders where there are ENOUGH, else the table `step-time`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock import exactjson
from crossdock.cases import calendars, rulings
from crossdock.db import Tx, queries
from crossdock.flow import durations
from crossdock.rules import Rulebook, RulebookError, planning
from crossdock.rules.calendars import AROUND_THE_CLOCK, Calendar
from crossdock.rules.planning import CHAIN, Step, Way

SQL = queries("crossdock.tower.jeopardy", "jeopardy.sql")

ENOUGH = 20  # orders of a site: fewer say nothing about the next one
SITE, DEFAULT, CARRIER, CUSTOMER = "site/", "default", "carrier", "customer/"
HELD_UP = "held-up"
USUAL_LEAD_DAYS = 5  # where the table cannot decide
MOST_HELD_UP = 20
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lead:
    """Of the table `lead-time`: working days, the zone, the service that was reckoned with, the next faster one."""

    days: int
    zone: str
    service: str
    faster: str
    rule: str


@dataclass(frozen=True, slots=True)
class Given:
    """A way with where it comes from."""

    way: Way
    site: str  # also where it is assumed
    lead: Lead
    assumed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """A tenant's data for plans, read once a batch. usual: (step, site) → (samples, open seconds)."""

    calendars: Mapping[str, Calendar]
    zone: ZoneInfo
    currency: str
    book: Rulebook
    usual: Mapping[tuple[str, str], tuple[int, float]]
    _answers: dict[tuple[Any, ...], Any] = field(default_factory=dict[tuple[Any, ...], Any])

    @property
    def sites(self) -> list[str]:
        return sorted(name.removeprefix(SITE) for name in self.calendars if name.startswith(SITE))

    def first(self, *names: str) -> Calendar | None:
        return next((self.calendars[n] for n in names if n in self.calendars), None)

    def remembered(self, key: tuple[Any, ...], make: Any) -> Any:
        if key not in self._answers:
            self._answers[key] = make()
        return self._answers[key]


async def world(tx: Tx, tenant_id: str) -> World:
    stored = await calendars.every(tx, tenant_id)
    row = await tx.fetchrow(SQL["tenant"], tenant_id)
    assert row is not None, "the tenant is there"
    usual = {(r["stage"], r["site"]): (r["samples"], r["open_p50_s"]) for r in await tx.fetch(SQL["usual"], tenant_id)}
    by_name = {s.calendar.name: s.calendar for s in stored}
    return World(by_name, _zone(row["time_zone"]), row["currency"], await rulings.current(tx, tenant_id), usual)


def given(w: World, order: Any, site: str = "", service: str = "") -> Given:
    """The way of an order (a row of `due`). site, service: instead of the order's own."""
    place = cast("Mapping[str, Any]", exactjson.loads(order["ship_to"]) or {})
    country, region = str(place.get("country") or "").upper(), str(place.get("region") or "")
    own_site = site or order["site"]
    from_site = own_site or _nearest(w, country, region)
    at_site = w.first(SITE + from_site, DEFAULT) or AROUND_THE_CLOCK
    origin = (at_site.country.upper(), at_site.subdivision)
    asked = service or order["service"] or ""
    code = str(place.get("postal_code") or "")
    lead = lead_of(w, asked, from_site, origin, (country or origin[0], region, code))
    carrier = w.first(f"{CARRIER}/{lead.service}", CARRIER) or w.remembered(
        ("carrier", at_site.name), lambda: planning.weekdays(at_site.zone, "carrier", *origin)
    )
    receiving = w.first(CUSTOMER + str(order["customer_id"])) or w.remembered(
        ("receiving", country, region), lambda: planning.weekdays(w.zone, "receiving", country or origin[0], region)
    )
    takes: dict[Step, timedelta] = {}
    said: dict[str, str] = {}
    for step in (*CHAIN, Step.INVOICED):
        takes[step], said[step.value] = _takes(w, step.value, order, from_site)
    named = (at_site, carrier, receiving)
    assumed = {
        "site": from_site if own_site else f"{from_site or 'none'} (nearest: not allocated yet)",
        "calendars": [f"{c.name} v{c.version}" if c.version else f"{c.name} (assumed)" for c in named],
        "lead_time": {"days": lead.days, "zone": lead.zone, "service": lead.service, "rule": lead.rule},
        "steps": said,
    }  # fmt: skip
    return Given(Way(at_site, carrier, receiving, lead.days, takes), from_site, lead, assumed)


def lead_of(w: World, service: str, site: str, origin: tuple[str, str], to: tuple[str, str, str]) -> Lead:
    value = {
        "service": service, "site": site, "origin_country": origin[0], "origin_region": origin[1],
        "country": to[0], "region": to[1], "postal_code": to[2],
    }  # fmt: skip

    def ask() -> Lead:
        try:
            answer = w.book.evaluate(rulings.LEAD_TIME, value)
            out = answer.output
            days = min(max(int(out.get("days", USUAL_LEAD_DAYS)), 0), rulings.MOST_LEAD_DAYS)
            rule = answer.hit[0].description or answer.hit[0].rule if answer.hit else ""
            return Lead(
                days, str(out.get("zone") or ""), str(out.get("service") or service), str(out.get("faster") or ""), rule
            )
        except (RulebookError, TypeError, ValueError) as e:
            return Lead(USUAL_LEAD_DAYS, "", service, "", f"the table cannot decide: {e}"[:200])

    found: Lead = w.remembered(("lead", *value.values()), ask)
    return found


def held_up_days(w: World, order: Any) -> int:
    """Working days that trouble on the road is reckoned with."""
    return min(max(_asked(w, HELD_UP, order, "") // _DAY, 0), MOST_HELD_UP)


def _takes(w: World, step: str, order: Any, site: str) -> tuple[timedelta, str]:
    for where, words in ((site, f"at {site}"), ("", "everywhere")):
        samples, seconds = w.usual.get((step, where), (0, 0.0))
        if samples >= ENOUGH:
            return timedelta(seconds=round(seconds)), f"the middle of the last {samples} {words}"
    return _asked(w, step, order, site), "table step-time"


def _asked(w: World, step: str, order: Any, site: str) -> timedelta:
    value = {
        "step": step,
        "tier": order["tier"],
        "channel": order["channel"] or "",
        "site": site,
        "lines": order["lines"],
    }

    def ask() -> timedelta:
        try:
            within = durations.parse(w.book.evaluate(rulings.STEP_TIME, value).output.get("within"))
        except RulebookError:
            within = None
        return min(within or timedelta(0), timedelta(days=60))

    found: timedelta = w.remembered(("step", *value.values()), ask)
    return found


def _nearest(w: World, country: str, region: str) -> str:
    """Of the sites with a calendar: in the region, else in the country, else the first by name."""

    def near(site: str) -> tuple[int, str]:
        at = w.calendars[SITE + site]
        same = at.country.upper() == country
        return (0 if same and at.subdivision == region else 1 if same else 2, site)

    return min(w.sites, key=near, default="")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def local(moment: datetime, calendar: Calendar) -> datetime:
    return moment.astimezone(calendar.zone)
