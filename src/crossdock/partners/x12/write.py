"""Segments into X12: delimiters that the text does not use, counts and control numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crossdock.errors import Finding, PartnerError
from crossdock.partners.profiles import Identifier
from crossdock.partners.x12.tokens import Delimiters

# X12 has no release character: what a text contains cannot delimit it. The first that is free is taken.
ELEMENTS, COMPONENTS, REPETITIONS, TERMINATORS = "*|^=`", ">:<\\", "^!{}", "~\n\x1c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Control numbers of one interchange with one group: ISA13, GS06, and ST02 of each set."""

    interchange: int
    group: int
    sets: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """application: GS02 and GS03, when they are not the interchange's identifiers."""

    sender: Identifier
    receiver: Identifier
    application: tuple[str, str] = ("", "")
    version: str = "004010"  # GS08; ISA12 follows from it
    test: bool = False
    acknowledge: bool = False  # ISA14: a TA1 is wanted


Row = Sequence[str]  # a segment: its name, then its elements


def delimiters(rows: Sequence[Row], version: str, *, preferred: Delimiters | None = None) -> Delimiters:
    """Raises PartnerError when the text leaves none free."""
    used = {c for row in rows for e in row for c in e}
    wanted = preferred or Delimiters("*", ">", "~", "^")
    chosen: list[str] = []
    for first, others in (
        (wanted.element, ELEMENTS),
        (wanted.segment, TERMINATORS),
        (wanted.component, COMPONENTS),
        (wanted.repetition or "^", REPETITIONS),
    ):
        free = next((c for c in first + others if c not in used and c not in chosen), None)
        if free is None:
            text = "Take these characters out of names and descriptions."
            raise PartnerError([Finding("x12.delimiters", "the text", f"one of {others!r} unused", "all used", text)])
        chosen.append(free)
    element, segment, component, repetition = chosen
    return Delimiters(element, component, segment, repetition if version >= "004020" else "")


def interchange(
    function: str,
    sets: Sequence[tuple[str, Sequence[Row]]],
    address: Address,
    numbers: Numbers,
    now: datetime,
    *,
    preferred: Delimiters | None = None,
) -> bytes:
    """ISA to IEA with one group. sets: type, and the segments between ST and SE."""
    findings = [f for name, value in _fields(address) if (f := _too_long(name, value)) is not None]
    if findings:
        raise PartnerError(findings)
    use = delimiters([row for _, rows in sets for row in rows], address.version, preferred=preferred)
    control, group = f"{numbers.interchange:09d}", str(numbers.group)
    release = address.version[:6]
    # ISA12 names the same release in five digits: 004010 is 00401
    isa_version = release[:5]
    sender, receiver = address.sender, address.receiver
    rows: list[Row] = [
        [
            *("ISA", "00", " " * 10, "00", " " * 10),
            *(
                f"{sender.scheme or 'ZZ':2}",
                f"{sender.value:15}",
                f"{receiver.scheme or 'ZZ':2}",
                f"{receiver.value:15}",
            ),
            *(f"{now:%y%m%d}", f"{now:%H%M}", use.repetition or "U", isa_version, control),
            *("1" if address.acknowledge else "0", "T" if address.test else "P", use.component),
        ],
        [
            *("GS", function, address.application[0] or sender.value, address.application[1] or receiver.value),
            *(f"{now:%Y%m%d}", f"{now:%H%M}", group, "X", address.version),
        ],
    ]
    for (kind, body), number in zip(sets, numbers.sets, strict=True):
        own = f"{number:04d}"
        rows += [["ST", kind, own], *body, ["SE", str(len(body) + 2), own]]
    rows += [["GE", str(len(sets)), group], ["IEA", "1", control]]
    return "".join(_segment(row, use) for row in rows).encode("utf-8")


def _fields(address: Address) -> list[tuple[str, str]]:
    return [("ISA06", address.sender.value), ("ISA08", address.receiver.value)]


def _too_long(name: str, value: str) -> Finding | None:
    if value and len(value) <= 15 and value.isprintable() and not set(value) & {"*", "~", ">"}:
        return None
    return Finding("x12.address", name, "1 to 15 characters", repr(value), "Correct the identifier of the partner.")


def _segment(row: Row, use: Delimiters) -> str:
    elements = list(row)
    while len(elements) > 1 and elements[-1] == "":
        elements.pop()
    return use.element.join(elements) + use.segment
