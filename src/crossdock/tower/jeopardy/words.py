"""Why an order is at risk, in one sentence to act on: what went wrong, what follows, what was promised."""

from datetime import date, datetime
from typing import Any

from crossdock.rules import planning
from crossdock.rules.planning import CHAIN, Forecast, Plan, Reached, Step
from crossdock.tower.jeopardy.ways import Given, local

DOING = {
    Step.VALIDATED: "checked and priced", Step.CREDIT: "cleared for credit", Step.RELEASED: "released",
    Step.PICKED: "picked", Step.SHIPPED: "handed over to the carrier",
}  # fmt: skip


def why(order: Any, given: Given, plan: Plan, seen: Forecast, reached: Reached, now: datetime) -> str:
    cause = _cause(order, given, plan, seen, reached, now)
    return f"{cause}: {_road(given, reached)}delivery is {day(seen.deliver_on)}, promised {day(plan.promised_on)}"


def unknown(order: Any, promised_on: date | None) -> str:
    lines, units = order["short_lines"], f"{order['short'].normalize():f}"
    waits = f"{units} of {lines} line{'s' if lines != 1 else ''} wait for stock that nobody has put a date to"
    return f"{waits}, promised {day(promised_on)}" if promised_on else waits


def breached(order: Any, promised_on: date, expected_on: date | None) -> str:
    then = f"; it is expected on {day(expected_on)}" if expected_on else ""
    return f"Promised {day(promised_on)}, and that day is over{then}"


def tight(given: Given, latest: datetime, step: Step) -> str:
    at = local(latest, given.way.site)
    return (
        f"Has to be {DOING[step]} by {at:%H:%M} on {day(at.date())} at {given.site or 'its site'} to arrive as promised"
    )


def day(value: date | None) -> str:
    return "an unknown day" if value is None else f"{value:%A} {value.day} {value:%B}"


def waiting_for(reached: Reached) -> Step:
    """The step that comes next."""
    done = [CHAIN.index(s) for s in reached.at if s in CHAIN]
    place = max(done, default=-1) + 1
    return CHAIN[place] if place < len(CHAIN) else Step.DELIVERED


def _cause(order: Any, given: Given, plan: Plan, seen: Forecast, reached: Reached, now: datetime) -> str:
    site, at = given.way.site, given.site or "its site"
    step = waiting_for(reached)
    cutoff = local(plan.by[Step.RELEASED], site)
    if step is Step.DELIVERED:
        if reached.held_up:
            since = local(order["held_up_at"], site)
            return f"The carrier has had trouble since {day(since.date())}"
        if reached.eta_on is not None:
            return "The carrier names a later day"
        left = local(reached.at[Step.SHIPPED], site).date()
        return f"Left {at} on {day(left)}, not by {day(plan.ship_on)}" if left > plan.ship_on else "Still on the road"
    if order["short"] > 0 and reached.stock_on is not None:
        return f"Waits for stock until {day(reached.stock_on)}"
    if step in (Step.PICKED, Step.SHIPPED):
        released = local(reached.at.get(Step.RELEASED, now), site)
        if planning.ship_day(site, released) > plan.ship_on:
            return f"Released {_moment(released, now)}, after the {cutoff:%H:%M} cut-off of {day(plan.ship_on)} at {at}"
        return f"Not {DOING[step]} at {at} in time to leave on {day(plan.ship_on)}"
    received = local(order["received_at"], site)
    if received > cutoff:
        return (
            f"Came in on {day(received.date())}, too late for the {cutoff:%H:%M} cut-off of {day(plan.ship_on)} at {at}"
        )
    if now > plan.by[Step.RELEASED]:
        same = local(now, site).date() == cutoff.date()
        return f"Missed {'today' if same else day(cutoff.date())}'s {cutoff:%H:%M} cut-off at {at}"
    expected = local(seen.at[Step.RELEASED], site)
    stands = f"Not {DOING[step]} yet; it can be released {_moment(expected, now)}"
    return f"{stands}, after the {cutoff:%H:%M} cut-off of {day(plan.ship_on)} at {at}"


def _road(given: Given, reached: Reached) -> str:
    if waiting_for(reached) is Step.DELIVERED:
        return ""
    n, lead = given.lead.days, given.lead
    zone = f" to zone {lead.zone}" if lead.zone else ""
    return f"carrier {lead.service} needs {n} working day{'s' if n != 1 else ''}{zone}, so "


def _moment(at: datetime, now: datetime) -> str:
    same = at.date() == now.astimezone(at.tzinfo).date()
    return f"{at:%H:%M}" if same else f"{at:%H:%M} on {day(at.date())}"
