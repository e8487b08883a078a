"""What can be asked: a closed union. A fix is data; it is kept with its job, hashed with its preview, and audited."""

from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

from crossdock.errors import Finding, PartnerError
from crossdock.partners.crossref import store as crossref

MAX_TEXT = 200
MOST_ANSWERS = 200
OPTIONAL = ("partner", "qualifier", "above", "replaces")


class _Fix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Told by its kind."""


class CrossReference(_Fix, frozen=True, tag="cross-reference"):
    """What a partner ('' is all of them) calls otherwise than we, entered once; then each case is tried again.

    entry: what it is: sku, unit or ship_to. qualifier: as in docs/maps.md#cross-references.
    """

    partner: str
    entry: str
    theirs: str
    ours: str
    qualifier: str = ""


class MapEntry(_Fix, frozen=True, tag="map-entry"):
    """A code that a map has no meaning for, entered in one of its tables for a partner; then each is read again."""

    map: str
    table: str
    code: str
    meaning: str
    partner: str = ""


class TableRow(_Fix, frozen=True, tag="table-row"):
    """A row that a reference table misses, entered once; then each look-up is made again."""

    table: str
    row: dict[str, Any]


class DecisionRow(_Fix, frozen=True, tag="decision-row"):
    """A row of a decision table, in force from now on; what waits because of that table is decided anew by it.

    row: its cells by the ids of the columns, as the grid shows them, and `_description`; a column left out is empty.
    above: the row it stands above; "" is the first. replaces: the row that it takes the place of, instead.
    tests: of the table's test cases those that it decides otherwise keep it from being published, or say so from now.
    """

    table: str
    row: dict[str, str]
    above: str = ""
    replaces: str = ""
    tests: Literal["keep", "renew"] = "keep"


class Retry(_Fix, frozen=True, tag="retry"):
    """From what failed: a document is read again, a process makes its step again, what was done is not done twice."""


class RetryWith(_Fix, frozen=True, tag="retry-with"):
    """The same, with corrected data: members of a case's data, the failed task's input, or values of a document by
    their pointers."""

    data: dict[str, Any]


class EachItsOwn(_Fix, frozen=True, tag="each-its-own"):
    """Each case with an answer of its own, as somebody said yes to them.

    answers: by its id, the members of its data (or a document's values by their pointers) that are corrected. actions:
    by its id, the action that it is answered by, where it is not simply tried again.
    """

    answers: dict[str, dict[str, Any]]
    actions: dict[str, str] = {}

    @property
    def cases(self) -> set[str]:
        return {*self.answers, *self.actions}


class Restart(_Fix, frozen=True, tag="restart"):
    """From an earlier task; effects since are taken from the record, never made again."""

    task: str


class Substitute(_Fix, frozen=True, tag="substitute"):
    """Another item of ours instead of the one ordered."""

    item: str
    by: str


class ReSource(_Fix, frozen=True, tag="re-source"):
    """Decide anew which sites deliver, from what they have now. task: where the workflow does so."""

    task: str = "availability"


class AcceptPrice(_Fix, frozen=True, tag="accept-price"):
    """Go on at the price that was stated, or at the contract's."""

    basis: Literal["stated", "contract"]


class Skip(_Fix, frozen=True, tag="skip"):
    """Go on without it, or close the case: somebody has seen to it, or nobody needs to."""


class Cancel(_Fix, frozen=True, tag="cancel"):
    """Cancel the order; what was done for it is undone, the last first."""


class HandOver(_Fix, frozen=True, tag="hand-over"):
    """Somebody mends it in the system of record; the case waits for that system's event about its order, then goes on.

    event: its type. within_h: after so many hours without it, the case comes back.
    """

    system: str
    event: str
    within_h: float = 24


Fix: TypeAlias = (
    CrossReference
    | MapEntry
    | TableRow
    | DecisionRow
    | Retry
    | RetryWith
    | EachItsOwn
    | Restart
    | Substitute
    | ReSource
    | AcceptPrice
    | Skip
    | Cancel
    | HandOver
)


def read(data: Any) -> Fix:
    """Raises PartnerError saying what is wrong with it."""
    try:
        found: Fix = msgspec.convert(data, Fix)
    except msgspec.ValidationError as wrong:
        text = "See docs/fixing.md for what each kind of fix says."
        raise PartnerError([Finding("fix.wrong", "/fix", "a fix", str(wrong)[:200], text)]) from None
    check(found)
    return found


def plain(fix: Fix) -> dict[str, Any]:
    """As JSON that is kept and shown; numbers stay numbers, exactly."""
    return msgspec.to_builtins(fix, builtin_types=(Decimal,))


def kind(fix: Fix) -> str:
    return str(plain(fix)["kind"])


def check(fix: Fix) -> None:
    """Raises PartnerError with everything that is missing or wrong in itself."""
    findings: list[Finding] = []
    for name, value in plain(fix).items():
        if not isinstance(value, str):
            continue
        if not value.strip() and name not in OPTIONAL:
            findings.append(Finding("fix.missing", f"/fix/{name}", "a text", "nothing", "Say it."))
        if len(value) > MAX_TEXT or not value.isprintable():
            expected = f"printable, at most {MAX_TEXT} characters"
            findings.append(Finding("fix.text", f"/fix/{name}", expected, value[:40], "Correct it."))
    match fix:
        case CrossReference():
            crossref.checked(fix.entry, fix.qualifier, fix.theirs, fix.ours, where="/fix/")
        case HandOver() if not 0 < fix.within_h <= 24 * 90:
            findings.append(Finding("fix.time", "/fix/within_h", "up to 90 days", str(fix.within_h), "Correct it."))
        case DecisionRow() if fix.above and fix.replaces:
            found, text = "both", "Say one of them."
            findings.append(Finding("fix.place", "/fix/above", "a row above which it stands, or one", found, text))
        case RetryWith() | TableRow() | DecisionRow() if not (fix.data if isinstance(fix, RetryWith) else fix.row):
            findings.append(Finding("fix.data", "/fix", "what is to be corrected", "nothing", "Name at least one."))
        case EachItsOwn() if not 0 < len(fix.cases) <= MOST_ANSWERS or not all(
            fix.answers.get(c) or fix.actions.get(c) for c in fix.cases
        ):
            expected = f"1 to {MOST_ANSWERS} cases, each with what is to be corrected, or an action"
            findings.append(Finding("fix.answers", "/fix/answers", expected, str(len(fix.cases)), "Name them."))
        case _:
            pass
    if findings:
        raise PartnerError(findings)
