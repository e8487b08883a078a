"""What can be wrong with a segment or element, and the code that each acknowledgement has for it.

Sources: X12 data elements 720 (AK304) and 723 (AK403) of 004010; 620 (IK304) and 621 (IK403) of 005010 (999);
EDIFACT data element 0085 of ISO 9735-10 (service code directory D40001 and its versions 3 and 4).
"""

from dataclasses import dataclass
from enum import StrEnum

from crossdock.partners.model import Issue, Severity


class Kind(StrEnum):
    # of a segment
    UNKNOWN = "unknown"  # no segment identifier at all
    UNEXPECTED = "unexpected"  # of this set, but not at this place
    MISSING = "missing"
    LOOP_REPEATED = "loop_repeated"
    REPEATED = "repeated"
    NOT_IN_SET = "not_in_set"
    WRONG_ORDER = "wrong_order"
    # of an element
    ELEMENT_MISSING = "element_missing"
    CONDITION = "condition"
    BEYOND = "beyond"
    SHORT = "short"
    LONG = "long"
    CHARACTER = "character"
    CODE = "code"
    DATE = "date"
    TIME = "time"
    EXCLUSION = "exclusion"
    REPETITIONS = "repetitions"
    COMPONENTS = "components"


SEGMENT_KINDS = frozenset(
    {
        Kind.UNKNOWN,
        Kind.UNEXPECTED,
        Kind.MISSING,
        Kind.LOOP_REPEATED,
        Kind.REPEATED,
        Kind.NOT_IN_SET,
        Kind.WRONG_ORDER,
    }
)


@dataclass(frozen=True, slots=True)
class Codes:
    """ak: AK304 or AK403 of a 997. ik: IK304 or IK403 of a 999. contrl: 0085 in UCS or UCD."""

    ak: str
    ik: str
    contrl: str


CODES: dict[Kind, Codes] = {
    Kind.UNKNOWN: Codes("1", "1", "15"),
    Kind.UNEXPECTED: Codes("2", "2", "15"),
    Kind.MISSING: Codes("3", "3", "13"),
    Kind.LOOP_REPEATED: Codes("4", "4", "36"),
    Kind.REPEATED: Codes("5", "5", "35"),
    Kind.NOT_IN_SET: Codes("6", "6", "15"),
    Kind.WRONG_ORDER: Codes("7", "7", "15"),
    Kind.ELEMENT_MISSING: Codes("1", "1", "13"),
    # 0085 has a code of its own for a violated dependency only since syntax version 4
    Kind.CONDITION: Codes("2", "2", "13"),
    Kind.BEYOND: Codes("3", "3", "16"),
    Kind.SHORT: Codes("4", "4", "40"),
    Kind.LONG: Codes("5", "5", "39"),
    Kind.CHARACTER: Codes("6", "6", "37"),
    Kind.CODE: Codes("7", "7", "12"),
    Kind.DATE: Codes("8", "8", "12"),
    Kind.TIME: Codes("9", "9", "12"),
    Kind.EXCLUSION: Codes("10", "10", "15"),
    # 723 knows neither repetitions nor components: both are too many data elements
    Kind.REPETITIONS: Codes("3", "12", "16"),
    Kind.COMPONENTS: Codes("3", "13", "16"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a set. position: of the segment, the header being 1. element 0: the segment itself.

    value: what was found, bounded, as the acknowledgement repeats it.
    """

    kind: Kind
    issue: Issue
    segment: str
    position: int
    element: int = 0
    component: int = 0
    reference: str = ""
    value: str = ""

    @property
    def rejects(self) -> bool:
        return self.issue.severity is Severity.ERROR
