"""Whose fault is it, may it be retried, what should they do?

Three kinds of trouble are raised; everything a business expects to happen (a refused credit, a short line) is a
return value instead. The gateway turns these into RFC 9457 problem details in one table, the CLI into one line.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with something given to us, in words its author can act on.

    code: a stable dotted word, such as `x12.se01.count`.
    where: segment/element/byte, JSON pointer, row/column, or file:line:column.
    """

    code: str
    where: str
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, found {self.found}. {self.fix} [{self.code}]"


class CrossdockError(Exception):
    """Base of all errors that Crossdock raises on purpose."""


class PartnerError(CrossdockError):
    """What a partner or user gave us is wrong; `findings` say everything that is, never only the first."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(str(f) for f in findings))
        self.findings = findings


class FlowFault(CrossdockError):
    """A workflow definition is wrong, or raised an error (RFC 9457 shape of the workflow language)."""


class SetupError(CrossdockError):
    """The installation is wrong: expected, found, and what the operator should do."""


class Refused(CrossdockError):
    """The caller may not do this. The text never tells whether the thing exists in another tenant."""


class NotFound(CrossdockError):
    """No such thing in this tenant."""


class Conflict(CrossdockError):
    """The thing has changed or was decided already; reading it again shows how."""


class CrossdockBug(CrossdockError):
    """We broke our own promise. Never caught except at the outermost edge, where it becomes a technical case."""
