"""Agreements as data: what two partners settled about one document, in one direction, in one version.

An agreement names the guide and the map by which the document is read, what a repeated number means, the
acknowledgement and its time, and which answers are then owed by whom and by when. The most exact one counts: of those
that fit a document, the one with the longest version. Pure, and every fault of what was written is named at once.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, cast

from crossdock.errors import Finding
from crossdock.flow import durations

LONGEST = timedelta(days=366)  # a window beyond a year watches nothing
MOST_AGREEMENTS, MOST_EXPECTED, MOST_TESTS = 200, 20, 50
POD = "POD"
WRITTEN = "D:96A:UN"  # the EDIFACT directory that we write: the oldest that nearly every partner reads
SHIPMENT = "shipment"  # no document: that goods left is what proof of delivery is expected of


class Direction(StrEnum):
    IN = "in"  # the partner sends it to us
    OUT = "out"


class Environment(StrEnum):
    PRODUCTION = "production"
    TEST = "test"  # checked and answered, and without business effect


class Duplicates(StrEnum):
    """What becomes of a purchase-order number that this customer has used before."""

    COMPARE = "compare"  # same content: duplicate; other content: held
    HOLD = "hold"  # always a person
    DROP = "drop"  # always a duplicate: the first one counts


class CheckDigits(StrEnum):
    """What becomes of a document that names a GTIN, GLN or SSCC with a wrong check digit."""

    OFF = "off"  # nothing is said
    WARN = "warn"  # said, and used as written
    HOLD = "hold"  # a person decides


class Owes(StrEnum):
    THEM = "them"
    US = "us"


class Day(StrEnum):
    """A date that a document states, by which an answer to it may be due."""

    REQUESTED = "requested_on"
    SHIP_NOT_BEFORE = "ship_not_before"
    CANCEL_AFTER = "cancel_after"
    PROMISED = "promised_on"


class Kind(StrEnum):
    """What a document is for, in whatever syntax: an ORDRSP is the answer that an 855 is."""

    ORDER = "order"
    CHANGE = "change"
    RESPONSE = "response"
    DESPATCH = "despatch"
    RECEIPT = "receipt"
    INVOICE = "invoice"
    REMITTANCE = "remittance"
    DELIVERY = "delivery"  # proof of delivery: an event
    ACKNOWLEDGEMENT = "acknowledgement"
    OTHER = "other"


KINDS: Mapping[Kind, frozenset[str]] = {
    Kind.ORDER: frozenset({"850", "ORDERS", "Order", "OrderRequest", "order"}),
    Kind.CHANGE: frozenset({"860", "865", "ORDCHG", "OrderChange", "OrderCancellation"}),
    Kind.RESPONSE: frozenset({"855", "ORDRSP", "OrderResponse", "OrderResponseSimple", "ConfirmationRequest"}),
    Kind.DESPATCH: frozenset({"856", "DESADV", "DespatchAdvice", "ShipNoticeRequest"}),
    Kind.RECEIPT: frozenset({"861", "RECADV", "944"}),
    Kind.INVOICE: frozenset({"810", "INVOIC", "Invoice", "CreditNote", "InvoiceDetailRequest"}),
    Kind.REMITTANCE: frozenset({"820", "REMADV"}),
    Kind.DELIVERY: frozenset({POD}),
    Kind.ACKNOWLEDGEMENT: frozenset({"997", "999", "TA1", "CONTRL", "APERAK", "824"}),
}
_KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}


def kind_of(document: str) -> Kind:
    return _KIND_OF.get(document, Kind.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How long something may take. None of the first three: learned from what the partner did before.

    within: open time of the calendar. business_days: to the closing of that business day. by: to the end of a date
    that the document states, `before` earlier. calendar: names of which the first that exists counts; empty: the
    partner's own, else plain time.
    """

    within: timedelta | None = None
    business_days: int | None = None
    by: Day | None = None
    before: timedelta = timedelta()
    calendar: tuple[str, ...] = ()

    @property
    def learned(self) -> bool:
        return self.within is None and self.business_days is None and self.by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An answer that is owed once the document is there. document: a type such as 855, or POD."""

    document: str
    owed_by: Owes
    window: Window = Window()


@dataclass(frozen=True, slots=True)
class Version:
    """A map, or anything else kept by id and version; "" is the one that is current."""

    id: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One document in one direction and version. version "": each.

    acknowledgement, of what they send: the one we answer with; None: as the profile says, "none": none. acknowledged,
    of what we send: the time they have; None: never. tests: documents of it that a partner shows before it is live.
    refusals, of what they send: APERAK tells of content that cannot be used.
    channel: by which it leaves, or our acknowledgement of what they send; "": the partner's usual one. check_digits,
    of what they send; None: as the profile says.
    """

    document: str
    direction: Direction
    version: str = ""
    guide: str = ""
    map: Version | None = None
    duplicates: Duplicates | None = None
    acknowledgement: str | None = None
    acknowledged: Window | None = Window(within=timedelta(hours=24))
    environment: Environment = Environment.PRODUCTION
    expects: tuple[Expected, ...] = ()
    tests: int = 1
    channel: str = ""
    check_digits: CheckDigits | None = None
    refusals: str = ""

    def __str__(self) -> str:
        return f"{self.document} {self.direction.value}" + (f" {self.version}" if self.version else "")

    @property
    def key(self) -> tuple[str, str, str]:
        return self.document, self.direction.value, self.version


def of(
    agreements: Iterable[Agreement], document: str, direction: Direction, version: str | None = None
) -> Agreement | None:
    """The most exact agreement about a document. version None: it is not known, so any version fits."""
    fitting = [
        a
        for a in agreements
        if a.document == document
        and a.direction is direction
        and (version is None or not a.version or version.startswith(a.version))
    ]
    return max(fitting, key=lambda a: len(a.version) if version is not None else -len(a.version), default=None)


# ── written and read ────────────────────────────────────────────────────────────────────────────────────────────────

AGREEMENT_KEYS = (
    "document", "direction", "version", "guide", "map", "duplicates", "acknowledgement", "acknowledged", "environment",
    "expects", "tests", "channel", "check_digits", "refusals",
)  # fmt: skip
WINDOW_KEYS = ("within", "business_days", "by", "before", "calendar")
ACKNOWLEDGEMENTS = ("997", "999", "CONTRL", "none")
REFUSALS = ("APERAK",)
EDIFACT = re.compile(r"[A-Z]{6}")  # how its messages are called
NEVER, LEARNED = "never", "learned"


def plain(a: Agreement) -> dict[str, Any]:
    """As it is written; what is as usual is left out."""
    found: dict[str, Any] = {"document": a.document, "direction": a.direction.value}
    optional = {
        "version": a.version, "guide": a.guide, "acknowledgement": a.acknowledgement, "channel": a.channel,
        "refusals": a.refusals,
    }  # fmt: skip
    found |= {k: v for k, v in optional.items() if v}
    if a.map is not None:
        found["map"] = {"id": a.map.id, "version": a.map.version}
    if a.duplicates is not None:
        found["duplicates"] = a.duplicates.value
    if a.check_digits is not None:
        found["check_digits"] = a.check_digits.value
    if a.direction is Direction.OUT:
        found["acknowledged"] = NEVER if a.acknowledged is None else plain_window(a.acknowledged)
    if a.environment is not Environment.PRODUCTION:
        found["environment"] = a.environment.value
    if a.expects:
        found["expects"] = [_plain_expected(e) for e in a.expects]
    if a.tests != 1:
        found["tests"] = a.tests
    return found


def _plain_expected(e: Expected) -> dict[str, Any]:
    window = plain_window(e.window)
    return {"document": e.document, "owed_by": e.owed_by.value} | (window if isinstance(window, dict) else {})


def plain_window(w: Window) -> dict[str, Any] | str:
    found: dict[str, Any] = {}
    if w.within is not None:
        found["within"] = iso(w.within)
    if w.business_days is not None:
        found["business_days"] = w.business_days
    if w.by is not None:
        found["by"] = w.by.value
    if w.before:
        found["before"] = iso(w.before)
    if w.calendar:
        found["calendar"] = list(w.calendar)
    return found or LEARNED


def iso(span: timedelta) -> str:
    """As ISO 8601 in hours, which business time is counted in: two days are PT48H."""
    seconds = int(span.total_seconds())
    parts = ((seconds // 3600, "H"), (seconds // 60 % 60, "M"), (seconds % 60, "S"))
    return "PT" + ("".join(f"{n}{unit}" for n, unit in parts if n) or "0S")


class Reading:
    """Collects what is wrong with a file, so that its author sees everything at once."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._shapeless: set[str] = set()  # where no object stands: what is missing from it is not said again
        self.findings: list[Finding] = []

    def say(self, code: str, pointer: str, expected: str, found: object, fix: str) -> None:
        self.findings.append(Finding(f"partner.{code}", f"{self._file}#{pointer}", expected, shown(found), fix))

    def members(self, value: Any, pointer: str, allowed: Sequence[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.say("shape", pointer, f"an object with {', '.join(allowed)}", value, "Write an object.")
            self._shapeless.add(pointer)
            return {}
        given = cast("dict[Any, Any]", value)
        for key in given:
            if key not in allowed:
                self.say("key", f"{pointer}/{key}", f"one of {', '.join(allowed)}", key, "Remove it, or correct it.")
        return {str(k): v for k, v in given.items()}

    def items(self, value: Any, pointer: str, most: int) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.say("shape", pointer, "a list", value, "Write a list.")
            return []
        given = cast("list[Any]", value)
        if len(given) > most:
            self.say("many", pointer, f"at most {most}", len(given), "Leave some out.")
        return given[:most]

    def text(self, given: Mapping[str, Any], key: str, pointer: str, *, needed: bool = False) -> str:
        value = given.get(key)
        if value is None or value == "":
            if needed and pointer not in self._shapeless:
                self.say("missing", f"{pointer}/{key}", "a text", value, "Add it.")
            return ""
        if not isinstance(value, str):
            # YAML reads 850 and 004010 as numbers, and the second would lose its zeros
            self.say("text", f"{pointer}/{key}", "a text", value, f"Write it in quotes: '{value}'.")
            return ""
        return value

    def word(self, given: Mapping[str, Any], key: str, pointer: str, kind: type[StrEnum]) -> Any:
        if given.get(key) is None:
            return None
        try:
            return kind(given[key])
        except ValueError:
            self.say("word", f"{pointer}/{key}", f"one of {', '.join(kind)}", given[key], "Correct it.")
            return None

    def span(self, given: Mapping[str, Any], key: str, pointer: str) -> timedelta | None:
        if given.get(key) is None:
            return None
        found = durations.parse(given[key])
        if found is None or found > LONGEST:
            expected = f"a duration such as PT24H or P2D, up to {LONGEST.days} days"
            self.say("duration", f"{pointer}/{key}", expected, given[key], "Correct it.")
        return found

    def whole(self, given: Mapping[str, Any], key: str, pointer: str, least: int, most: int) -> int | None:
        value = given.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.say("number", f"{pointer}/{key}", f"a whole number from {least} to {most}", value, "Correct it.")
            return None
        return value


def shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:60]


def agreements(reading: Reading, value: Any, pointer: str) -> tuple[Agreement, ...]:
    found: list[Agreement] = []
    for n, item in enumerate(reading.items(value, pointer, MOST_AGREEMENTS)):
        read = agreement(reading, item, f"{pointer}/{n}")
        if any(read.key == other.key for other in found):
            fix = "Keep one of them, or give them versions."
            reading.say("twice", f"{pointer}/{n}", "each document, direction and version once", str(read), fix)
        found.append(read)
    return tuple(found)


def agreement(reading: Reading, value: Any, at: str) -> Agreement:
    given = reading.members(value, at, AGREEMENT_KEYS)
    document = reading.text(given, "document", at, needed=True)
    if given and "direction" not in given:
        reading.say("missing", f"{at}/direction", "in (they send it) or out (we do)", None, "Add it.")
    direction = reading.word(given, "direction", at, Direction) or Direction.IN
    if document in KINDS[Kind.ACKNOWLEDGEMENT]:
        fix = "Say with the document it answers: `acknowledgement` or `acknowledged`."
        reading.say("document", f"{at}/document", "a document that is no acknowledgement", document, fix)
    acknowledgement = reading.text(given, "acknowledgement", at) or None
    if acknowledgement is not None and acknowledgement not in ACKNOWLEDGEMENTS:
        reading.say(
            "word", f"{at}/acknowledgement", f"one of {', '.join(ACKNOWLEDGEMENTS)}", acknowledgement, "Correct it."
        )
    wrong = {Direction.IN: "acknowledged", Direction.OUT: "acknowledgement"}[direction]
    if given.get(wrong) is not None:
        fix = "`acknowledgement` is ours, of what they send; `acknowledged` theirs, of what we send."
        reading.say("direction", f"{at}/{wrong}", "none in this direction", given[wrong], fix)
    check_digits = reading.word(given, "check_digits", at, CheckDigits)
    if direction is Direction.OUT and check_digits is not None:
        fix = "What we send has the check digits of what we were sent."
        reading.say("direction", f"{at}/check_digits", "none in this direction", check_digits.value, fix)
    refusals = reading.text(given, "refusals", at)
    if refusals and (refusals not in REFUSALS or direction is Direction.OUT or not EDIFACT.fullmatch(document)):
        fix = "An APERAK answers an EDIFACT message that they send; leave it out elsewhere."
        reading.say("word", f"{at}/refusals", "APERAK, of a message such as ORDERS that they send", refusals, fix)
    version = reading.text(given, "version", at)
    if direction is Direction.OUT and EDIFACT.fullmatch(document) and not WRITTEN.startswith(version):
        fix = "Its segments are those of that directory; leave the version out, or name this one."
        reading.say("version", f"{at}/version", f"{WRITTEN}, the directory that we write", version, fix)
    tests = reading.whole(given, "tests", at, 0, MOST_TESTS)
    expects = reading.items(given.get("expects"), f"{at}/expects", MOST_EXPECTED)
    return Agreement(
        document=document,
        direction=direction,
        version=version,
        guide=reading.text(given, "guide", at),
        map=_map(reading, given.get("map"), f"{at}/map"),
        duplicates=reading.word(given, "duplicates", at, Duplicates),
        acknowledgement=acknowledgement,
        acknowledged=_acknowledged(reading, given, f"{at}/acknowledged"),
        environment=reading.word(given, "environment", at, Environment) or Environment.PRODUCTION,
        expects=tuple(_expected(reading, e, f"{at}/expects/{n}", direction) for n, e in enumerate(expects)),
        tests=1 if tests is None else tests,
        channel=reading.text(given, "channel", at),
        check_digits=check_digits,
        refusals=refusals,
    )


def _map(reading: Reading, value: Any, at: str) -> Version | None:
    if value is None:
        return None
    given = reading.members({"id": value} if isinstance(value, str) else value, at, ("id", "version"))
    return Version(reading.text(given, "id", at, needed=True), reading.text(given, "version", at))


def _acknowledged(reading: Reading, given: Mapping[str, Any], at: str) -> Window | None:
    value = given.get("acknowledged")
    if value == NEVER:
        return None
    if value is None:
        return Window(within=timedelta(hours=24))
    if value == LEARNED:
        return Window()
    if isinstance(value, str):
        value = {"within": value}
    read = reading.members(value, at, ("within", "business_days", "calendar"))
    return window(reading, read, at)


def _expected(reading: Reading, value: Any, at: str, direction: Direction) -> Expected:
    given = reading.members(value, at, ("document", "owed_by", "learned", *WINDOW_KEYS))
    # an answer goes the other way
    usual = Owes.US if direction is Direction.IN else Owes.THEM
    document = reading.text(given, "document", at, needed=True)
    usual = Owes.THEM if document == POD else usual
    if document in KINDS[Kind.ACKNOWLEDGEMENT]:
        fix = "Give the time for it as `acknowledged` of the document."
        reading.say("document", f"{at}/document", "a business document, or POD", document, fix)
    return Expected(
        document=document,
        owed_by=reading.word(given, "owed_by", at, Owes) or usual,
        window=window(reading, given, at),
    )


def window(reading: Reading, given: Mapping[str, Any], at: str) -> Window:
    """`learned: true` says in words what a window without a time means anyway."""
    calendar = given.get("calendar")
    names = reading.items([calendar] if isinstance(calendar, str) else calendar, f"{at}/calendar", 10)
    for name in names:
        if not isinstance(name, str) or not name:
            reading.say("calendar", f"{at}/calendar", "names of calendars", name, "Correct it.")
    times = [k for k in ("within", "business_days", "by") if given.get(k) is not None]
    learned = given.get("learned")
    if learned is not None and learned is not True:
        reading.say("learned", f"{at}/learned", "true, or nothing", learned, "Remove it.")
    if len(times) + (learned is True) > 1:
        found = " and ".join([*times, *(["learned"] if learned else [])])
        reading.say("window", at, "one of within, business_days, by, learned", found, "Keep one of them.")
    before = reading.span(given, "before", at)
    if before is not None and given.get("by") is None:
        reading.say("window", f"{at}/before", "`by` beside it", "none", "Say before which date.")
    return Window(
        within=reading.span(given, "within", at),
        business_days=reading.whole(given, "business_days", at, 0, 366),
        by=reading.word(given, "by", at, Day),
        before=before or timedelta(),
        calendar=tuple(str(n) for n in names),
    )
