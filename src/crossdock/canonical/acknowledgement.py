"""What a partner says of documents we sent: readable or not (997, 999, TA1, CONTRL), and used or not (APERAK, 824)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from crossdock.canonical.parts import Dated, Party, Reference


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    PARTIAL = "partial"
    REJECTED = "rejected"
    RECEIVED = "received"  # it arrived; nothing is said of its content


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementFault:
    """place: of the element in its segment, counted from 1; X12 writes a component behind it (5:2)."""

    place: str
    component: str = ""
    reference: str = ""
    code: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFault:
    """position: of the segment in its set, the header being 1."""

    segment: str = ""
    position: int
    loop: str = ""
    code: str = ""
    elements: tuple[ElementFault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOutcome:
    """Of one transaction set or message."""

    type: str
    control: str
    outcome: Outcome | None = None
    outcome_code: str = ""
    codes: tuple[str, ...] = ()
    segments: tuple[SegmentFault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOutcome:
    function: str
    control: str
    version: str = ""
    outcome: Outcome | None = None
    outcome_code: str = ""
    included: int | None = None
    received: int | None = None
    accepted: int | None = None
    codes: tuple[str, ...] = ()
    sets: tuple[SetOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterchangeOutcome:
    control: str
    outcome: Outcome
    code: str = ""
    date: str = ""  # of the interchange, as TA1 repeats it
    time: str = ""
    segment: str = ""
    element: int = 0
    sender: str = ""
    receiver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionalAcknowledgement:
    """Of an interchange, of groups, or of messages that stand in no group."""

    interchanges: tuple[InterchangeOutcome, ...] = ()
    groups: tuple[GroupOutcome, ...] = ()
    sets: tuple[SetOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationError:
    """segment, position, element, reference and value: where in the document, when the partner says so (X12 TED)."""

    code: str
    texts: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    segment: str = ""
    position: int | None = None
    element: int | None = None
    reference: str = ""
    value: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOutcome:
    """What became of one document, or of one item of it. kind and number: what it is known by."""

    outcome: Outcome | None = None
    code: str = ""  # the partner's own, where several have the same meaning
    kind: str = ""
    number: str = ""
    sender: str = ""
    receiver: str = ""
    on: date | None = None
    group: str = ""  # control numbers and type of the set it came in
    control: str = ""
    type: str = ""
    version: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    errors: tuple[ApplicationError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationAcknowledgement:
    """Whether the partner's application could use a document (EDIFACT APERAK, X12 824)."""

    number: str
    kind: str = ""
    status: str = ""
    issued_on: date | None = None
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    parties: tuple[Party, ...] = ()
    notes: tuple[str, ...] = ()
    errors: tuple[ApplicationError, ...] = ()
    documents: tuple[DocumentOutcome, ...] = ()
