"""Trading partners: who sends, under which identifiers, and what we agreed with them.

A profile is data. Shipped examples lie in library/partners/*.yaml; a tenant's own are rows of crossdock.partner. An
identifier is a scheme and a value: for X12 the ISA qualifier (`ZZ:ACME`), for EDIFACT the UNB qualifier, and `customer`
for formats that name their customer directly (JSON, CSV). One that belongs to the test environment marks what it sends,
or what is sent to it, as a test: such documents never touch what is real.

The profile holds its agreements (partners/agreements/terms); partners/agreements/store keeps each version of the whole.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from crossdock import exactjson
from crossdock.canonical.order import Address, Party, PartyRole
from crossdock.errors import PartnerError
from crossdock.partners.agreements import terms
from crossdock.partners.agreements.terms import Agreement, CheckDigits, Direction, Duplicates, Environment, Reading
from crossdock.partners.numbers import amount
from crossdock.partners.reconciling.model import Terms

__all__ = ["Channel", "Contact", "Duplicates", "Identifier", "Mode", "Profile", "find", "parse", "plain"]

CUSTOMER = "customer"
ANY = "*"


class Mode(StrEnum):
    PRODUCTION = "production"
    TEST = "test"  # every document is checked and answered, and none has business effect
    TRIAL = "trial"  # adopted from an unknown sender; works like production, and says so in lists


class Unagreed(StrEnum):
    """What becomes of a document that no agreement names, once there are agreements about what a partner sends."""

    HOLD = "hold"
    ACCEPT = "accept"


class GoLive(StrEnum):
    APPROVAL = "approval"  # one of us says so when the checklist is green
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Identifier:
    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}" if self.scheme else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    name: str
    role: str = ""  # edi, orders, shipping, invoices, …
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """How documents travel, by the name under which the transport is set up. address: for people to read."""

    kind: str
    name: str = ""
    environment: Environment = Environment.PRODUCTION
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One partner. customer_id: its customer number in the ERP; ANY when its documents name the customer.

    test_identifiers: its own, and test_receivers: ours, of the test environment. ours: who we are to it.
    calendar: on which its times are counted, unless a window names another. places: where its goods go, by the numbers
    under which its orders name them. shared_secret: the name, in the vault, of what its cXML messages must show. shop:
    the start page of its punch-outs. check_digits: of documents whose agreement does not say.
    """

    id: str
    name: str
    customer_id: str
    identifiers: tuple[Identifier, ...] = ()
    currency: str = ""  # for documents that name none; "" means the tenant's own
    guide: str = "x12-850"
    map: str = ""  # the declared map of its tables; "" means: the one map whose columns fit
    duplicates: Duplicates = Duplicates.COMPARE
    mode: Mode = Mode.PRODUCTION
    acknowledge: bool = True  # answer X12 with a 997 or 999, EDIFACT with a CONTRL
    acknowledgement: Literal["997", "999"] = "997"  # which of them, for X12 from 005010 on
    test_identifiers: tuple[Identifier, ...] = ()
    ours: tuple[Identifier, ...] = ()
    test_receivers: tuple[Identifier, ...] = ()
    contacts: tuple[Contact, ...] = ()
    channels: tuple[Channel, ...] = ()
    calendar: tuple[str, ...] = ()
    places: tuple[Party, ...] = ()
    tolerances: Terms | None = None  # what reconciliation overlooks; None: nothing (docs/reconciliation.md)
    agreements: tuple[Agreement, ...] = ()
    unagreed: Unagreed = Unagreed.HOLD
    go_live: GoLive = GoLive.APPROVAL
    shared_secret: str = ""
    shop: str = ""
    check_digits: CheckDigits = CheckDigits.WARN

    def agreed(self, document: str, direction: Direction, version: str | None = None) -> Agreement | None:
        return terms.of(self.agreements, document, direction, version)


def find(profiles: Iterable[Profile], sender: Identifier) -> Profile | None:
    """The partner with this identifier; for `customer` identifiers its customer number serves too."""
    found = None
    for profile in profiles:
        if sender in profile.identifiers or sender in profile.test_identifiers:
            return profile
        if sender.scheme == CUSTOMER and profile.customer_id == sender.value:
            found = found or profile
    return found


def customer(profile: Profile | None, named: str) -> tuple[str, bool]:
    """Whose order it is, and whether the sender may order for the customer its document names ("" names none)."""
    if profile is None:
        return named, True
    if profile.customer_id == ANY:
        return named, bool(named)
    return profile.customer_id, named in {"", profile.customer_id}


def adopted(sender: Identifier, currency: str = "") -> Profile:
    """A trial partner for a sender nobody has declared."""
    slug = re.sub(r"[^a-z0-9]+", "-", str(sender).lower()).strip("-")[:60] or "unnamed"
    customer_id = sender.value if sender.scheme == CUSTOMER else slug
    return Profile(
        id=slug, name=str(sender), customer_id=customer_id, identifiers=(sender,), currency=currency, mode=Mode.TRIAL
    )


def plain(profile: Profile) -> dict[str, Any]:
    """As a JSON object; `parse` reads it back. What is empty is left out."""
    found = {k: v for k, v in asdict(profile).items() if v not in ((), "") or k in {"id", "name", "customer_id"}}
    for key, tests in (("identifiers", "test_identifiers"), ("ours", "test_receivers")):
        real, test = getattr(profile, key), getattr(profile, tests)
        listed = [asdict(i) for i in real] + [{**asdict(i), "environment": Environment.TEST.value} for i in test]
        found.pop(tests, None)
        if listed or key == "identifiers":
            found[key] = listed
    for key in ("contacts", "channels"):
        if key in found:
            found[key] = [{k: str(v) for k, v in asdict(x).items() if v} for x in getattr(profile, key)]
    if profile.agreements:
        found["agreements"] = [terms.plain(a) for a in profile.agreements]
    found.pop("tolerances", None)
    if profile.tolerances is not None:
        found["tolerances"] = _plain_tolerances(profile.tolerances)
    if profile.places:
        found["places"] = [_plain_place(p) for p in profile.places]
    if profile.calendar:
        found["calendar"] = list(profile.calendar)
    return {k: v.value if isinstance(v, StrEnum) else v for k, v in found.items()}


def _plain_tolerances(agreed: Terms) -> dict[str, Any]:
    usual = asdict(Terms())
    return {k: v for k, v in asdict(agreed).items() if v != usual[k]}


def _plain_place(place: Party) -> dict[str, Any]:
    found: dict[str, Any] = {"id": place.id, "scheme": place.scheme, **asdict(place.address)}
    found["lines"] = list(place.address.lines)
    return {k: v for k, v in found.items() if v}


@lru_cache(maxsize=4096)
def of_text(text: str) -> Profile:
    """A stored profile. The same text is read once a process, whoever's it is."""
    return parse(exactjson.loads(text), "partner")


KEYS = tuple(k for k in Profile.__dataclass_fields__ if k not in {"test_identifiers", "test_receivers"})


def parse(data: Mapping[str, Any], where: str) -> Profile:
    """Raises PartnerError naming each key that is missing, unknown or wrong."""
    reading = Reading(where)
    given = reading.members(dict(data), "", KEYS)
    texts = {k: reading.text(given, k, "", needed=k in {"id", "name", "customer_id"}) for k in _TEXTS}
    acknowledgement = given.get("acknowledgement", "997")
    if acknowledgement not in {"997", "999"}:
        reading.say("word", "/acknowledgement", "997 or 999, as text", acknowledgement, "Correct it.")
    acknowledge = given.get("acknowledge", True)
    if not isinstance(acknowledge, bool):
        reading.say("flag", "/acknowledge", "true or false", acknowledge, "Correct it.")
    identifiers, test_identifiers = _identifiers(reading, given.get("identifiers"), "/identifiers")
    ours, test_receivers = _identifiers(reading, given.get("ours"), "/ours")
    calendar: Any = given.get("calendar")
    names = reading.items([calendar] if isinstance(calendar, str) else calendar, "/calendar", 10)
    read: dict[str, Any] = {
        "identifiers": identifiers,
        "test_identifiers": test_identifiers,
        "ours": ours,
        "test_receivers": test_receivers,
        "contacts": tuple(
            _contact(reading, c, n) for n, c in enumerate(reading.items(given.get("contacts"), "/contacts", 50))
        ),
        "channels": tuple(
            _channel(reading, c, n) for n, c in enumerate(reading.items(given.get("channels"), "/channels", 20))
        ),
        "calendar": tuple(str(n) for n in names),
        "places": _places(reading, given.get("places")),
        "tolerances": _tolerances(reading, given.get("tolerances")),
        "agreements": terms.agreements(reading, given.get("agreements"), "/agreements"),
    }
    words = {k: reading.word(given, k, "", kind) for k, kind in _WORDS.items()}
    if texts["shared_secret"] and not _SECRET.fullmatch(texts["shared_secret"]):
        # what is no name may be the secret itself, so it is not repeated
        fix = "Lay the secret down in the vault, and write its name here."
        reading.say("secret", "/shared_secret", "the name of a secret in the vault", "another text", fix)
    if texts["shop"] and not _PAGE.fullmatch(texts["shop"]):
        reading.say("shop", "/shop", "an address such as https://shop.example/punchout", texts["shop"], "Correct it.")
    if reading.findings:
        raise PartnerError(reading.findings)
    read |= {k: v for k, v in (texts | words).items() if v not in (None, "")}
    return Profile(**read, acknowledge=acknowledge, acknowledgement=acknowledgement)


_TEXTS = ("id", "name", "customer_id", "currency", "guide", "map", "shared_secret", "shop")
_WORDS: Mapping[str, type[StrEnum]] = {
    "mode": Mode, "duplicates": Duplicates, "unagreed": Unagreed, "go_live": GoLive, "check_digits": CheckDigits,
}  # fmt: skip
_SECRET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_PAGE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[!-~]{0,400})?")


def _identifiers(reading: Reading, value: Any, at: str) -> tuple[tuple[Identifier, ...], tuple[Identifier, ...]]:
    """Those of production, and those of the test environment."""
    found: dict[Environment, list[Identifier]] = {e: [] for e in Environment}
    for n, item in enumerate(reading.items(value, at, 100)):
        here = f"{at}/{n}"
        given = reading.members(item, here, ("scheme", "value", "environment"))
        # the scheme may be empty: EDIFACT's qualifier is optional
        one = Identifier(reading.text(given, "scheme", here), reading.text(given, "value", here, needed=True))
        if any(one in of for of in found.values()):
            reading.say("twice", here, "each identifier once", str(one), "Remove one of them.")
        found[reading.word(given, "environment", here, Environment) or Environment.PRODUCTION].append(one)
    return tuple(found[Environment.PRODUCTION]), tuple(found[Environment.TEST])


def _contact(reading: Reading, value: Any, n: int) -> Contact:
    at = f"/contacts/{n}"
    given = reading.members(value, at, ("name", "role", "email", "phone"))
    email = reading.text(given, "email", at)
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        reading.say("email", f"{at}/email", "an address with one @", email, "Correct it.")
    return Contact(
        name=reading.text(given, "name", at, needed=True), role=reading.text(given, "role", at),
        email=email, phone=reading.text(given, "phone", at),
    )  # fmt: skip


MOST_PERCENT, MOST_AMOUNT, MOST_DAYS = 100, 1_000_000_000, 366


def _tolerances(reading: Reading, value: Any) -> Terms | None:
    if value is None:
        return None
    usual = asdict(Terms())
    given = reading.members(value, "/tolerances", tuple(usual))
    found: dict[str, Any] = {}
    for key, was in usual.items():
        at = f"/tolerances/{key}"
        said = given.get(key)
        if said is None:
            continue
        if isinstance(was, bool):
            if not isinstance(said, bool):
                reading.say("flag", at, "true or false", said, "Correct it.")
            found[key] = said
        elif isinstance(was, Decimal):
            most = MOST_PERCENT if key.endswith("_percent") else MOST_AMOUNT
            number = None if isinstance(said, bool) else amount(str(said))
            if number is None or not 0 <= number <= most:
                reading.say("number", at, f"a number from 0 to {most}", said, "Correct it.")
            found[key] = number
        else:
            found[key] = reading.whole(given, key, "/tolerances", 0, MOST_DAYS)
    return None if reading.findings else Terms(**found)


MOST_PLACES = 20_000
PLACE_KEYS = ("id", "scheme", "name", "lines", "city", "region", "postal_code", "country")


def _places(reading: Reading, value: Any) -> tuple[Party, ...]:
    """scheme: whose number the id is (gln, assigned_by_buyer, …); without one it is whoever's."""
    found: dict[tuple[str, str], Party] = {}
    for n, item in enumerate(reading.items(value, "/places", MOST_PLACES)):
        at = f"/places/{n}"
        given = reading.members(item, at, PLACE_KEYS)
        lines = reading.items(given.get("lines"), f"{at}/lines", 4)
        words = {
            k: reading.text(given, k, at, needed=k in {"id", "city", "country"}) for k in PLACE_KEYS if k != "lines"
        }
        if words["country"] and not re.fullmatch("[A-Z]{2}", words["country"]):
            reading.say("country", f"{at}/country", "two letters of ISO 3166", words["country"], "Correct it.")
        for line in lines:
            if not isinstance(line, str):
                reading.say("text", f"{at}/lines", "texts", line, f"Write it in quotes: '{line}'.")
        key = words.pop("id"), words.pop("scheme")
        if key in found:
            reading.say("twice", at, "each place once", key[0], "Remove one of them.")
        address = Address(**words, lines=tuple(str(line) for line in lines))
        found[key] = Party(role=PartyRole.SHIP_TO, id=key[0], scheme=key[1], address=address)
    return tuple(found.values())


CHANNELS = ("http", "sftp", "sftp-login", "as2", "imap", "smtp", "folder", "s3", "van")


def _channel(reading: Reading, value: Any, n: int) -> Channel:
    at = f"/channels/{n}"
    given = reading.members(value, at, ("kind", "name", "environment", "address"))
    kind = reading.text(given, "kind", at, needed=True)
    if kind and kind not in CHANNELS:
        reading.say("word", f"{at}/kind", f"one of {', '.join(CHANNELS)}", kind, "Correct it.")
    environment = reading.word(given, "environment", at, Environment) or Environment.PRODUCTION
    return Channel(
        kind=kind, name=reading.text(given, "name", at), environment=environment,
        address=reading.text(given, "address", at),
    )  # fmt: skip


@cache
def shipped() -> tuple[Profile, ...]:
    """The example partners of the library, by which `--partner` may be tried without a database."""
    folder = files("crossdock.library").joinpath("partners")
    return tuple(
        parse(yaml.safe_load(f.read_text(encoding="utf-8")), f.name)
        for f in sorted(folder.iterdir(), key=lambda f: f.name)
        if f.name.endswith(".yaml")
    )
