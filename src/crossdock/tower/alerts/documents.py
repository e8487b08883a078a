"""Alert rules and the channels that tell of alerts, as documents; and the arithmetic of burn rates.

A rule watches a figure of the board or an objective. A figure (`kpi`) fires when it stands beyond its limit for so
long. An objective says which share of orders must be good; it fires when the errors that it allows are used up `burn`
times as fast as they may be, over a long window and a short one together: the long one says that it matters, the short
one that it is still going on (https://sre.google/workbook/alerting-on-slos/, multiwindow, multi-burn-rate).

A channel says where to tell, from which severity on, how long to wait for company, and a business calendar outside of
which only what is critical is told; the rest is kept for the morning.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar, cast

from crossdock.errors import Finding, PartnerError
from crossdock.flow import durations
from crossdock.rules import businesstime
from crossdock.rules.calendars import Calendar

KPIS = ("open_orders", "otif", "cycle_time", "touchless", "exceptions", "approvals", "at_risk")
MOST_FOR = timedelta(days=7)
MOST_WINDOW = timedelta(days=31)
MOST_GROUP = timedelta(hours=24)
MOST_RECIPIENTS = 50
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,59}$")
_MAIL = re.compile(r"^[^\s@<>,;\"\\]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}$")
_SECRET = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")


class Severity(StrEnum):
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Objective(StrEnum):
    """Which orders are good. Judged orders: those whose limit passed within the window, or that were good sooner."""

    RELEASED_WITHIN = "released_within"  # released to the warehouse so long after they were received
    DELIVERED_BY_PROMISE = "delivered_by_promise"  # delivered, with nothing left to ship, by the end of that day


@dataclass(frozen=True, slots=True)
class Threshold:
    """Exactly one of above and below. lasting: for how long before it is told."""

    kpi: str
    above: Decimal | None
    below: Decimal | None
    lasting: timedelta

    def beyond(self, value: Decimal | None) -> bool:
        """No data is not failure."""
        if value is None:
            return False
        return value > self.above if self.above is not None else value < cast("Decimal", self.below)


@dataclass(frozen=True, slots=True)
class Burn:
    """target: percent of orders that must be good. burn: how often as fast the errors allowed may be used up."""

    objective: Objective
    within: timedelta
    target: Decimal
    burn: Decimal
    long: timedelta
    short: timedelta

    def rate(self, judged: int, bad: int) -> Decimal:
        """1: errors come just as fast as the target allows. 0 where nothing was judged."""
        return Decimal(0) if not judged else Decimal(bad) * 100 / judged / (100 - self.target)


Watch: TypeAlias = Threshold | Burn


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    title: str
    severity: Severity
    watch: Watch


class Means(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"
    CHAT = "chat"  # an incoming webhook that takes {"text": …}: Slack, Mattermost, Google Chat, Teams workflows


@dataclass(frozen=True, slots=True)
class Channel:
    """url, to: where; secret: the name of the secret that signs a webhook, or that holds a chat's address."""

    name: str
    means: Means
    url: str
    to: tuple[str, ...]
    secret: str
    severity: Severity
    kinds: tuple[str, ...]  # of alerts; none: all
    group: timedelta
    hours: tuple[str, ...]  # names of calendars, the first that exists counts; none: at any time

    def wants(self, kind: str, severity: Severity) -> bool:
        return severity.rank >= self.severity.rank and (not self.kinds or kind in self.kinds)

    def due(self, severity: Severity, now: datetime, hours: Calendar | None) -> datetime:
        """When a message that is queued now is told, together with whatever else waits by then."""
        if severity is Severity.CRITICAL:
            return now
        soon = now + self.group
        if hours is None or businesstime.is_open(hours, soon):
            return soon
        return businesstime.add(hours, soon, timedelta(0))  # the next opening


def rule(document: Any) -> Rule:
    """Raises PartnerError with everything that is wrong."""
    read = _Reader("alert-rule")
    given = read.members(document, "", ("name", "title", "severity", "watch"))
    name = read.name(given.get("name"))
    watch = read.watch(given.get("watch"))
    title = read.text(given.get("title"), "/title", 120) or name
    severity = read.word(given.get("severity", "warning"), "/severity", Severity, Severity.WARNING)
    read.done()
    assert watch is not None
    return Rule(name, title, severity, watch)


def channel(document: Any) -> Channel:
    """Raises PartnerError with everything that is wrong."""
    read = _Reader("alert-channel")
    members = ("name", "means", "url", "to", "secret", "severity", "kinds", "group", "hours")
    given = read.members(document, "", members)
    means: Means | None = read.word(given.get("means"), "/means", Means, None)
    url, to, secret = str(given.get("url") or ""), read.texts(given.get("to"), "/to"), str(given.get("secret") or "")
    if secret and not _SECRET.match(secret):
        read.say("/secret", "the name of a secret", secret, "Name a file of the tenant's secrets.")
    match means:
        case Means.MAIL:
            if not to or len(to) > MOST_RECIPIENTS or not all(map(_MAIL.match, to)):
                shown = ", ".join(to)[:100] or "none"
                read.say("/to", f"1 to {MOST_RECIPIENTS} mail addresses", shown, "Write the addresses.")
            if url or secret:
                read.say("/url", "nothing for mail", url or secret, "The operator names the mail server.")
        case Means.WEBHOOK:
            if not url.startswith("https://") and not url.startswith("http://"):
                read.say("/url", "an address such as https://host/path", url, "Write where to post.")
        case Means.CHAT:
            # the address of a chat's incoming webhook is a secret by itself
            if bool(url) == bool(secret):
                shown = "both" if url else "neither"
                read.say("/secret", "url or secret", shown, "Name the secret that holds the address, or the url.")
        case None:
            pass
    if means is not Means.MAIL and to:
        read.say("/to", "nothing but for mail", ", ".join(to)[:100], "Remove it.")
    made = Channel(
        name=read.name(given.get("name")), means=means or Means.MAIL, url=url, to=to, secret=secret,
        severity=read.word(given.get("severity", "warning"), "/severity", Severity, Severity.WARNING),
        kinds=read.texts(given.get("kinds"), "/kinds"),
        group=read.span(given.get("group", "PT1M"), "/group", MOST_GROUP, least=timedelta(0)),
        hours=read.texts(given.get("hours"), "/hours"),
    )  # fmt: skip
    read.done()
    return made


_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(slots=True)
class _Reader:
    code: str
    findings: list[Finding] = field(default_factory=list[Finding])

    def say(self, where: str, expected: str, found: Any, fix: str) -> None:
        shown = "nothing" if found is None or found == "" else str(found)[:100]
        self.findings.append(Finding(self.code, where or "/", expected, shown, fix))

    def done(self) -> None:
        if self.findings:
            raise PartnerError(self.findings)

    def members(self, value: Any, where: str, allowed: Sequence[str]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.say(where, "an object", type(value).__name__, f"Write an object with {', '.join(allowed)}.")
            return {}
        given = {str(k): v for k, v in cast("Mapping[Any, Any]", value).items()}
        for key in sorted(given.keys() - set(allowed)):
            self.say(f"{where}/{key}", f"one of {', '.join(allowed)}", key, "Remove it or correct its name.")
        return given

    def name(self, value: Any) -> str:
        if isinstance(value, str) and _NAME.match(value):
            return value
        self.say("/name", "a name of a-z, 0-9 and -, at most 60", value, "Name it, such as release-late.")
        return ""

    def text(self, value: Any, where: str, most: int) -> str:
        if value is None:
            return ""
        if isinstance(value, str) and 0 < len(value) <= most:
            return value
        self.say(where, f"a text of 1 to {most} characters", value, "Shorten or remove it.")
        return ""

    def texts(self, value: Any, where: str) -> tuple[str, ...]:
        given: Any = [value] if isinstance(value, str) else [] if value is None else value
        items = cast("list[Any]", given) if isinstance(given, list) else [None]
        texts = [i for i in items if isinstance(i, str) and 0 < len(i) <= 200]
        if len(texts) == len(items):
            return tuple(texts)
        self.say(where, "a text or a list of texts", value, "Write a list.")
        return ()

    def word(self, value: Any, where: str, words: type[_Word], default: Any) -> Any:
        known = [w.value for w in words]
        if value in known:
            return words(value)
        self.say(where, f"one of {', '.join(known)}", value, "Choose one of them.")
        return default

    def number(self, value: Any, where: str, least: int, most: int | None) -> Decimal:
        try:
            found = Decimal(str(value)) if isinstance(value, int | Decimal | str) else None
        except InvalidOperation:
            found = None
        limit = f"of at least {least}" + (f" and below {most}" if most is not None else "")
        if found is None or isinstance(value, bool) or not found.is_finite() or found < least:
            self.say(where, f"a number {limit}", value, "Write a number.")
            return Decimal(least)
        if most is not None and found >= most:
            self.say(where, f"a number {limit}", value, "Write a smaller one.")
        return found

    def span(self, value: Any, where: str, most: timedelta, least: timedelta = timedelta(seconds=1)) -> timedelta:
        found = durations.parse(value)
        if found is None or not least <= found <= most:
            longest = f"{most // timedelta(hours=1)} h"
            self.say(where, f"a duration such as PT15M, at most {longest}", value, "Write an ISO 8601 duration.")
            return least
        return found

    def watch(self, value: Any) -> Watch | None:
        if isinstance(value, Mapping) and "objective" in value:
            return self.burn(self.members(
                cast("Any", value), "/watch", ("objective", "within", "target", "burn", "long", "short")
            ))  # fmt: skip
        given = self.members(value, "/watch", ("kpi", "above", "below", "for"))
        if given.get("kpi") not in KPIS:
            self.say(
                "/watch/kpi", f"one of {', '.join(KPIS)}, or an objective", given.get("kpi"), "Choose one of them."
            )
        if ("above" in given) == ("below" in given):
            shown = "both" if "above" in given else "neither"
            self.say("/watch", "either above or below", shown, "Write the limit that matters.")
        limits = {w: self.number(given[w], f"/watch/{w}", 0, None) for w in ("above", "below") if w in given}
        lasting = self.span(given.get("for", "PT0S"), "/watch/for", MOST_FOR, least=timedelta(0))
        return Threshold(str(given.get("kpi")), limits.get("above"), limits.get("below"), lasting)

    def burn(self, given: Mapping[str, Any]) -> Burn:
        objective = self.word(given.get("objective"), "/watch/objective", Objective, Objective.RELEASED_WITHIN)
        within = timedelta(0)
        if objective is Objective.RELEASED_WITHIN:
            within = self.span(given.get("within"), "/watch/within", MOST_WINDOW)
        elif "within" in given:
            self.say("/watch/within", "nothing", given["within"], "The promise of each order is its limit.")
        long = self.span(given.get("long", "PT24H"), "/watch/long", MOST_WINDOW)
        short = self.span(given.get("short", "PT2H"), "/watch/short", MOST_WINDOW)
        if short > long:
            self.say("/watch/short", "a window no longer than the long one", given.get("short"), "Exchange them.")
        return Burn(
            objective, within, self.number(given.get("target"), "/watch/target", 0, 100),
            self.number(given.get("burn", 1), "/watch/burn", 0, None), long, short,
        )  # fmt: skip
