"""A declared guide: which segments and elements a transaction set may hold, and the check of a set against it.

The check yields the segment and element errors of the 997 (AK3, AK4) with words for people. A fault rejects the set
when something was lost or cannot be trusted; a segment we do not know, or a text shorter than the standard's minimum,
loses nothing, so it is noted and acknowledged as accepted with errors (AK5 E).
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from crossdock.partners.model import error, note, shown
from crossdock.partners.x12.envelope import Fault, Level, Set, place
from crossdock.partners.x12.tokens import Segment, missing_terminator

MAX_FAULTS = 200  # of one set: enough to see what is wrong, bounded for files that are nothing but wrong
COPY_MAX = 99  # AK404 holds 1 to 99 characters


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a segment: data element number, type, lengths, and the word we use for it."""

    reference: str
    type: str
    min: int
    max: int
    mandatory: bool
    name: str
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """A segment as the guide declares it. conditions: (letter, positions), such as ("P", (6, 7))."""

    name: str
    elements: tuple[Element, ...] = ()
    conditions: tuple[tuple[str, tuple[int, ...]], ...] = ()
    needed: int = 0  # position of the last mandatory element


@dataclass(frozen=True, slots=True)
class Usage:
    mandatory: bool
    max: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    id: str
    set: str
    function: str
    versions: re.Pattern[str]
    areas: dict[str, dict[str, Usage]]
    opens: dict[str, str]
    segments: dict[str, Rule]
    means: dict[str, Any]


@cache
def load(guide_id: str) -> Guide:
    """A guide of the library by its name; KeyError when there is none of that name."""
    file = files("crossdock.library").joinpath("partners", "guides", f"{guide_id}.yaml")
    if not re.fullmatch(r"[a-z0-9-]+", guide_id) or not file.is_file():
        raise KeyError(guide_id)
    return parse(yaml.safe_load(file.read_text(encoding="utf-8")))


def parse(data: dict[str, Any]) -> Guide:
    return Guide(
        id=data["id"],
        set=data["set"],
        function=data["function"],
        versions=re.compile(data["versions"]),
        areas={
            area: {s: Usage(u.get("use") == "M", u.get("max")) for s, u in segments.items()}
            for area, segments in data["areas"].items()
        },
        opens=data["opens"],
        segments={s: _rule(r) for s, r in data["segments"].items()},
        means=data["means"],
    )


def _rule(data: dict[str, Any]) -> Rule:
    codes = data.get("codes", {})
    elements: list[Element] = []
    for position, line in enumerate(data.get("elements", ()), 1):
        reference, kind, least, most, use, name = line.split(" ", 5)
        allowed = frozenset(codes.get(position, ()))
        elements.append(Element(reference, kind, int(least), int(most), use == "M", name, allowed))
    conditions = tuple(
        (c[0], tuple(int(c[i : i + 2]) for i in range(1, len(c), 2))) for c in data.get("conditions", ())
    )
    needed = max((i for i, e in enumerate(elements, 1) if e.mandatory), default=0)
    return Rule(data["name"], tuple(elements), conditions, needed)


def supports(guide: Guide, version: str) -> bool:
    """GS08: six digits of release, then an industry's suffix such as VICS."""
    return guide.versions.match(version) is not None


def check(guide: Guide, s: Set, component: str) -> list[Fault]:
    """Every segment and element fault of one set, in order."""
    faults: list[Fault] = []
    area, seen, line = "heading", dict[tuple[str, str], int](), ""
    for position, segment in enumerate(s.segments, 1):
        if len(faults) >= MAX_FAULTS:
            break
        opened = guide.opens.get(segment.id)
        if opened and opened != area and not (area == "summary" and opened == "detail"):
            if opened == "detail" or area == "heading":
                faults += _missing(guide, area, seen, segment, position)
            if opened == "summary" and area == "heading":
                faults += _missing(guide, "detail", seen, segment, position)
            area = opened
        if segment.id == "PO1":
            line = segment.at(1) or str(seen.get((area, "PO1"), 0) + 1)
        here = f"Line {line}: " if line and area == "detail" else ""
        usage = guide.areas[area].get(segment.id)
        if usage is None:
            faults.append(_unexpected(guide, area, segment, position, here))
            continue
        count = seen[area, segment.id] = seen.get((area, segment.id), 0) + 1
        if usage.max is not None and count == usage.max + 1:
            faults.append(
                _segment(
                    "5",
                    segment,
                    position,
                    error(
                        f"x12.{segment.id.lower()}.repeated",
                        here + place(segment),
                        f"{segment.id} at most {usage.max} times",
                        "one more",
                        "Send it once.",
                        f"AK3 {segment.id} 5",
                    ),
                )
            )
        faults += _elements(guide.segments.get(segment.id, _FREE), segment, position, here, component)
    if s.se is None and area != "summary":
        last = s.segments[-1]
        for a in ("heading", "detail") if area == "heading" else ("detail",):
            faults += _missing(guide, a, seen, last, len(s.segments))
    return faults[:MAX_FAULTS]


_FREE = Rule("")


def _missing(guide: Guide, area: str, seen: dict[tuple[str, str], int], segment: Segment, position: int) -> list[Fault]:
    found: list[Fault] = []
    for name, usage in guide.areas[area].items():
        if usage.mandatory and (area, name) not in seen:
            what = guide.segments[name].name if name in guide.segments else name
            issue = error(
                f"x12.{name.lower()}.missing",
                f"before {place(segment)}",
                f"{name}, the {what}",
                "no such segment",
                f"Send {name} in the {area} of the set.",
                f"AK3 {name} 3",
            )
            found.append(Fault(level=Level.SEGMENT, code="3", issue=issue, segment=name, position=position))
    return found


def _unexpected(guide: Guide, area: str, segment: Segment, position: int, here: str) -> Fault:
    elsewhere = any(segment.id in segments for segments in guide.areas.values())
    code = "2" if elsewhere else "6" if re.fullmatch(r"[A-Z][A-Z0-9]{1,2}", segment.id) else "1"
    text = {"2": f"no {segment.id} in the {area}", "6": f"a segment of the {guide.set}", "1": "a segment identifier"}
    # a line after the totals may be an order cut together from two: what was counted is not what is here
    speak = error if segment.id in {"PO1", "BEG"} or code == "1" else note
    return _segment(
        code,
        segment,
        position,
        speak(
            "x12.segment.unexpected",
            here + place(segment),
            text[code],
            shown(segment.id),
            "Move it, or leave it out; we have not read it.",
            f"AK3 {segment.id[:3]} {code}",
        ),
    )


def _segment(code: str, segment: Segment, position: int, issue: Any) -> Fault:
    return Fault(level=Level.SEGMENT, code=code, issue=issue, segment=segment.id[:3], position=position)


def _elements(rule: Rule, segment: Segment, position: int, here: str, component: str) -> list[Fault]:
    found: list[Fault] = []

    def add(code: str, at: int, expected: str, got: str, fix: str, *, accept: bool = False) -> None:
        element = rule.elements[at - 1] if at <= len(rule.elements) else None
        reference = element.reference if element else ""
        ack = " ".join(p for p in ("AK4", str(at), reference, code) if p)
        where = here + (f"{element.name}, " if element else "") + place(segment, at)
        speak = note if accept else error
        name = f"x12.{segment.id.lower()}{at:02d}.{_WORDS[code]}"
        value = segment.at(at)
        found.append(
            Fault(
                level=Level.ELEMENT,
                code=code,
                issue=speak(name, where, expected, got, fix, ack),
                segment=segment.id,
                position=position,
                element=at,
                reference=reference,
                copy="".join(c for c in value[:COPY_MAX] if c.isprintable()),
            )
        )

    if not segment.elements:
        add("1", 1, f"{segment.id} with its elements", "an empty segment", "Fill it or leave it out.")
        return found
    last = len(segment.elements)
    while last and not segment.at(last):
        last -= 1
    for at in range(1, max(last, rule.needed) + 1):
        value = segment.at(at)
        element = rule.elements[at - 1] if at <= len(rule.elements) else None
        if not value:
            if element is not None and element.mandatory:
                add("1", at, f"the {element.name}", "nothing", f"Fill {segment.id}{at:02d}.")
        elif not value.isprintable() and (forgotten := missing_terminator(value)):
            add(
                "6",
                at,
                "the segment terminator at the end of the line",
                f"{forgotten} directly after it",
                f"End the segment before {forgotten}; what follows cannot be read.",
            )
            return found
        elif rule.elements and element is None and segment.id != "ST":
            add("3", at, f"at most {len(rule.elements)} elements", shown(value), "Remove what is beyond.")
            break
        elif element is None and not rule.elements and len(value) > 5000:
            add("5", at, "at most 5000 characters", shown(value), "Shorten it.")
        elif not value.isprintable() and any(c < " " or c == "\x7f" for c in value):
            add("6", at, "printable characters", shown(value), "Remove control characters.")
        elif element is not None:
            first = value.split(component)[0] if component and element.type != "AN" else value
            _value(element, first, segment, at, add)
    for letter, positions in rule.conditions:
        _condition(letter, positions, rule, segment, add)
    # two conditions may ask for the same element
    return list({(f.element, f.code): f for f in reversed(found)}.values())[::-1]


_WORDS = {
    "1": "missing",
    "2": "condition",
    "3": "beyond",
    "4": "short",
    "5": "long",
    "6": "character",
    "7": "code",
    "8": "date",
    "9": "time",
}


def _value(element: Element, value: str, segment: Segment, at: int, add: Any) -> None:
    """Type first: a quantity that is no number is not also too long."""
    name = f"{segment.id}{at:02d}"
    match element.type:
        case "DT":
            if as_date(value) is None:
                add("8", at, "a date as CCYYMMDD", shown(value), f"Write a date of the calendar in {name}.")
        case "TM":
            if not re.fullmatch(r"([01]\d|2[0-3])[0-5]\d([0-5]\d\d{0,2})?", value, re.ASCII):
                add("9", at, "a time as HHMM", shown(value), f"Correct {name}.", accept=True)
        case "R" | "N0" | "N2":
            pattern = r"-?(\d+\.?\d*|\.\d+)" if element.type == "R" else r"-?\d+"
            if not re.fullmatch(pattern, value, re.ASCII):
                add("6", at, "a number", shown(value), f"Write {name} with digits only.")
            elif sum(c.isdigit() for c in value) > element.max:  # sign and point do not count
                add("5", at, f"at most {element.max} digits", shown(value), f"Shorten {name}.")
        case _:
            if len(value) > element.max:
                add("5", at, f"at most {element.max} characters", shown(value), f"Shorten {name}.")
            elif len(value) < element.min:
                text = f"at least {element.min} characters"
                add("4", at, text, shown(value), f"Complete {name}.", accept=element.type == "AN")
            elif element.codes and value not in element.codes:
                add("7", at, f"a code of data element {element.reference}", shown(value), f"Correct {name}.")


def _condition(letter: str, positions: tuple[int, ...], rule: Rule, segment: Segment, add: Any) -> None:
    first, last = positions[0], len(segment.elements)
    if first > last and letter != "R":
        return  # all of them stand beyond the end of the segment
    filled = [p for p in positions if segment.at(p)]
    missing = [p for p in positions if p not in filled]

    def named(wanted: list[int], joined: str = " and ") -> str:
        return joined.join(f"{segment.id}{p:02d} ({rule.elements[p - 1].name})" for p in wanted)

    match letter:
        case "P" if filled and missing:
            pass
        case "C" if first in filled and missing:
            pass
        case "R" if not filled:
            few = len(positions) <= 3
            text = named(list(positions), " or ") if few else f"{named([first])} or a later one"
            if not any(segment.at(p - 1) for p in positions) or few:  # else P says which one
                add("2", first, text, "none", "Fill at least one.")
            return
        case "L" if first in filled and len(filled) == 1:
            pass
        case _:
            return
    # a mandatory element that is missing has been said already
    wanted = [p for p in missing if not rule.elements[p - 1].mandatory or letter != "P"]
    if wanted:
        beside = f"{named(filled[:1])} {shown(segment.at(filled[0]))}"
        add("2", wanted[0], f"{named(wanted)} beside {beside}", "nothing", "Fill both or neither.")


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
