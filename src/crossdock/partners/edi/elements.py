"""The check of one segment's elements against its rule: presence, type, length, codes, dates, conditions."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from crossdock.partners.edi.faults import Fault, Kind
from crossdock.partners.edi.guide import Data, Rule
from crossdock.partners.model import Issue, error, note, shown

if TYPE_CHECKING:
    from crossdock.partners.edi.walk import Segment

COPY_MAX = 99  # AK404 holds 1 to 99 characters
LONGEST = 5000  # of an element nobody declared
Speak: TypeAlias = Callable[..., Issue]

_TIME = re.compile(r"([01]\d|2[0-3])[0-5]\d([0-5]\d\d{0,2})?", re.ASCII)
_DECIMAL = re.compile(r"-?(\d+\.?\d*|\.\d+)", re.ASCII)
_EITHER = re.compile(r"-?(\d+[.,]?\d*|[.,]\d+)", re.ASCII)
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_FORGOTTEN = re.compile(r"[\r\n]\s*([A-Z][A-Z0-9]{1,2})$")


@dataclass(frozen=True, slots=True)
class Syntax:
    """How one syntax names places and codes. start: index of the set's first segment in the file."""

    name: str
    place: Callable[..., str]
    label: Callable[[str, int, int], str]  # BEG05, DTM 1.2
    ack_segment: Callable[[str, Kind], str]
    ack_element: Callable[[str, int, int, str, Kind], str]
    start: int = 0
    component: str = ""  # X12: what may follow it in a coded or numeric element is not looked at
    decimal: re.Pattern[str] = _DECIMAL


X12_NUMBER, EDIFACT_NUMBER = _DECIMAL, _EITHER


def check(rule: Rule, segment: "Segment", position: int, here: str, syntax: Syntax) -> list[Fault]:
    found: list[Fault] = []

    def add(kind: Kind, at: int, component: int, expected: str, got: str, fix: str, *, accept: bool = False) -> None:
        element = rule.elements[at - 1] if at <= len(rule.elements) else None
        part = element.parts[component - 1] if element and 0 < component <= len(element.parts) else None
        reference = part.reference if part else element.reference if element else ""
        name = part.name if part else element.name if element else ""
        named = syntax.label(segment.id, at, component if element is not None and element.composite else 0)
        found.append(
            Fault(
                kind=kind,
                issue=(note if accept else error)(
                    f"{syntax.name}.{named.lower().replace(' ', '')}.{_WORDS[kind]}",
                    here
                    + (f"{name}, " if name else "")
                    + syntax.place(segment, at, component if named.count(".") else 0),
                    expected,
                    got,
                    fix,
                    syntax.ack_element(segment.id, at, component, reference, kind),
                ),
                segment=segment.id,
                position=position,
                element=at,
                component=component if element is not None and element.composite else 0,
                reference=reference,
                value="".join(c for c in segment.at(at, component or 1)[:COPY_MAX] if c.isprintable()),
            )
        )

    declared, size = rule.elements, segment.size
    if size == 0:
        add(
            Kind.ELEMENT_MISSING,
            1,
            0,
            f"{segment.id} with its elements",
            "an empty segment",
            "Fill it or leave it out.",
        )
        return found
    cells = [segment.parts(at) for at in range(1, size + 1)]
    filled = {at for at, parts in enumerate(cells, 1) if any(parts)}
    for at in range(1, max(max(filled, default=0), rule.needed) + 1):
        parts = cells[at - 1] if at <= size else ()
        if at > len(declared):
            if declared:
                add(
                    Kind.BEYOND,
                    at,
                    0,
                    f"at most {len(declared)} elements",
                    shown(segment.at(at)),
                    "Remove what is beyond.",
                )
                break
            if any(len(p) > LONGEST for p in parts):
                add(Kind.LONG, at, 0, f"at most {LONGEST} characters", shown(segment.at(at)), "Shorten it.")
            continue
        element = declared[at - 1]
        if at not in filled:
            if element.mandatory:
                add(
                    Kind.ELEMENT_MISSING, at, 0, f"the {element.name}", "nothing",
                    f"Fill {syntax.label(segment.id, at, 0)}.",
                )  # fmt: skip
            continue
        if element.composite and len(parts) > len(element.parts) and any(parts[len(element.parts) :]):
            add(
                Kind.COMPONENTS, at, len(element.parts) + 1, f"at most {len(element.parts)} components",
                shown(":".join(parts)), "Remove what is beyond.", accept=True,
            )  # fmt: skip
        for component, part in enumerate(element.parts, 1):
            value = parts[component - 1] if component <= len(parts) else ""
            if not value:
                if part.mandatory and element.composite:
                    add(
                        Kind.ELEMENT_MISSING, at, component, f"the {part.name}", "nothing",
                        f"Fill {syntax.label(segment.id, at, component)}.",
                    )  # fmt: skip
                continue
            if not value.isprintable():
                if (forgotten := _FORGOTTEN.search(value[-200:])) is not None:
                    add(
                        Kind.CHARACTER, at, component, "the segment terminator at the end of the line",
                        f"{forgotten[1]} directly after it",
                        f"End the segment before {forgotten[1]}; what follows cannot be read.",
                    )  # fmt: skip
                    return found
                if any(c < " " or c == "\x7f" for c in value):
                    add(
                        Kind.CHARACTER,
                        at,
                        component,
                        "printable characters",
                        shown(value),
                        "Remove control characters.",
                    )
                    continue
            if syntax.component and part.type != "AN" and syntax.component in value:
                value = value.split(syntax.component, 1)[0]
            _value(part, value, segment, at, component if element.composite else 0, add, syntax)
    for letter, positions in rule.conditions:
        _condition(letter, positions, rule, segment, filled, add, syntax)
    if len(found) < 2:
        return found
    # two conditions may ask for the same element
    return list({(f.element, f.component, f.kind): f for f in reversed(found)}.values())[::-1]


_WORDS = {
    Kind.ELEMENT_MISSING: "missing",
    Kind.CONDITION: "condition",
    Kind.BEYOND: "beyond",
    Kind.SHORT: "short",
    Kind.LONG: "long",
    Kind.CHARACTER: "character",
    Kind.CODE: "code",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.EXCLUSION: "exclusion",
    Kind.REPETITIONS: "repetitions",
    Kind.COMPONENTS: "components",
}


def _value(
    part: Data, value: str, segment: "Segment", at: int, component: int, add: Callable[..., None], syntax: Syntax
) -> None:
    """Type first: a quantity that is no number is not also too long."""
    match part.type:
        case "AN" | "ID" | "an" | "a":
            length = len(value)
            if length > part.max:
                name = syntax.label(segment.id, at, component)
                add(Kind.LONG, at, component, f"at most {part.max} characters", shown(value), f"Shorten {name}.")
            elif length < part.min:
                name = syntax.label(segment.id, at, component)
                text = f"at least {part.min} characters"
                soft = part.type in {"AN", "an"}
                add(Kind.SHORT, at, component, text, shown(value), f"Complete {name}.", accept=soft)
            elif part.codes and value not in part.codes:
                name = syntax.label(segment.id, at, component)
                some = ", ".join(sorted(part.codes)[:12])
                text = f"one of {some}" if len(part.codes) <= 12 else f"a code of data element {part.reference}"
                add(Kind.CODE, at, component, text, shown(value), f"Correct {name}.")
        case "DT":
            if as_date(value) is None:
                name = syntax.label(segment.id, at, component)
                add(
                    Kind.DATE,
                    at,
                    component,
                    "a date as CCYYMMDD",
                    shown(value),
                    f"Write a date of the calendar in {name}.",
                )
        case "TM":
            if not _TIME.fullmatch(value):
                name = syntax.label(segment.id, at, component)
                add(Kind.TIME, at, component, "a time as HHMM", shown(value), f"Correct {name}.", accept=True)
        case _:
            whole = part.type in {"N0", "N2"}
            if not (_WHOLE if whole else syntax.decimal).fullmatch(value):
                name = syntax.label(segment.id, at, component)
                add(Kind.CHARACTER, at, component, "a number", shown(value), f"Write {name} with digits only.")
            elif len(value) > part.max and sum(c.isdigit() for c in value) > part.max:  # sign and point do not count
                name = syntax.label(segment.id, at, component)
                add(Kind.LONG, at, component, f"at most {part.max} digits", shown(value), f"Shorten {name}.")


def _condition(
    letter: str,
    positions: tuple[int, ...],
    rule: Rule,
    segment: "Segment",
    present: set[int],
    add: Callable[..., None],
    syntax: Syntax,
) -> None:
    """present: positions that are filled."""
    first = positions[0]
    filled = [p for p in positions if p in present]
    if (not filled and letter != "R") or (len(filled) == len(positions) and letter != "E"):
        return
    missing = [p for p in positions if p not in present]

    def named(wanted: list[int], joined: str = " and ") -> str:
        return joined.join(f"{syntax.label(segment.id, p, 0)} ({rule.elements[p - 1].name})" for p in wanted)

    match letter:
        case "P" if filled and missing:
            pass
        case "C" if first in filled and missing:
            pass
        case "R" if not filled:
            few = len(positions) <= 3
            text = named(list(positions), " or ") if few else f"{named([first])} or a later one"
            if few or not any(p - 1 in present for p in positions):  # else P says which one
                add(Kind.CONDITION, first, 0, text, "none", "Fill at least one.")
            return
        case "E" if len(filled) > 1:
            text = f"only one of {named(list(positions), ', ')}"
            add(Kind.EXCLUSION, filled[1], 0, text, named(filled), "Leave all but one empty.")
            return
        case "L" if first in filled and len(filled) == 1:
            pass
        case _:
            return
    # a mandatory element that is missing has been said already
    wanted = [p for p in missing if not rule.elements[p - 1].mandatory or letter != "P"]
    if wanted:
        beside = f"{named(filled[:1])} {shown(segment.at(filled[0]))}"
        add(Kind.CONDITION, wanted[0], 0, f"{named(wanted)} beside {beside}", "nothing", "Fill both or neither.")


def as_date(text: str) -> date | None:
    """CCYYMMDD, or YYMMDD of releases before 004010 (00 to 49 are of this century)."""
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) == 6:
        text = ("20" if text < "50" else "19") + text
    if len(text) != 8:
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
