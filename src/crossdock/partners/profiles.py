"""Trading partners: who sends, under which identifiers, and what we agreed with them.

A profile is data. Shipped examples lie in library/partners/*.yaml; a tenant's own are rows of crossdock.partner. An
identifier is a scheme and a value: for X12 the ISA qualifier (`ZZ:ACME`), for EDIFACT the UNB qualifier, and `customer`
for formats that name their customer directly (JSON, CSV).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from crossdock.errors import Finding, PartnerError

CUSTOMER = "customer"
ANY = "*"


class Mode(StrEnum):
    PRODUCTION = "production"
    TEST = "test"  # every document is checked and answered, and none has business effect
    TRIAL = "trial"  # adopted from an unknown sender; works like production, and says so in lists


class Duplicates(StrEnum):
    """What becomes of a purchase-order number that this customer has used before."""

    COMPARE = "compare"  # same content: duplicate; other content: held
    HOLD = "hold"  # always a person
    DROP = "drop"  # always a duplicate: the first one counts


@dataclass(frozen=True, slots=True)
class Identifier:
    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}" if self.scheme else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One partner. customer_id: its customer number in the ERP; ANY when its documents name the customer."""

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


def find(profiles: Iterable[Profile], sender: Identifier) -> Profile | None:
    """The partner with this identifier; for `customer` identifiers its customer number serves too."""
    found = None
    for profile in profiles:
        if sender in profile.identifiers:
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
    """As a JSON object; `parse` reads it back."""
    return {**asdict(profile), "identifiers": [asdict(i) for i in profile.identifiers]}


def parse(data: Mapping[str, Any], where: str) -> Profile:
    """Raises PartnerError naming each key that is missing, unknown or wrong."""
    findings: list[Finding] = []
    known = set(Profile.__dataclass_fields__)
    for key in sorted(set(data) - known):
        findings.append(
            Finding("partner.key", f"{where}#/{key}", f"one of {', '.join(sorted(known))}", key, "Remove it.")
        )
    for key in ("id", "name", "customer_id"):
        if not isinstance(data.get(key), str) or not data[key]:
            findings.append(
                Finding("partner.missing", f"{where}#/{key}", "a text", repr(data.get(key))[:40], "Add it.")
            )
    values: dict[str, Any] = {k: data[k] for k in data if k in known}
    try:
        values["identifiers"] = tuple(
            Identifier(str(i["scheme"]), str(i["value"])) for i in data.get("identifiers", ())
        )
    except (TypeError, KeyError):
        findings.append(
            Finding(
                "partner.identifiers",
                f"{where}#/identifiers",
                "a list of {scheme, value}",
                "something else",
                "Correct it.",
            )
        )
    words: tuple[tuple[str, type[StrEnum]], ...] = (("mode", Mode), ("duplicates", Duplicates))
    for key, kind in words:
        if key in data:
            try:
                values[key] = kind(data[key])
            except ValueError:
                choices = ", ".join(kind)
                findings.append(
                    Finding("partner.word", f"{where}#/{key}", f"one of {choices}", repr(data[key])[:40], "Correct it.")
                )
    if data.get("acknowledgement", "997") not in {"997", "999"}:
        found = repr(data["acknowledgement"])[:40]
        findings.append(
            Finding("partner.word", f"{where}#/acknowledgement", "997 or 999, as text", found, "Correct it.")
        )
    if findings:
        raise PartnerError(findings)
    return Profile(**values)


@cache
def shipped() -> tuple[Profile, ...]:
    """The example partners of the library, by which `--partner` may be tried without a database."""
    folder = files("crossdock.library").joinpath("partners")
    return tuple(
        parse(yaml.safe_load(f.read_text(encoding="utf-8")), f.name)
        for f in sorted(folder.iterdir(), key=lambda f: f.name)
        if f.name.endswith(".yaml")
    )
