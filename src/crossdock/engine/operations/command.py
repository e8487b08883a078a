"""What can be asked of an instance. A command is data: it is kept with a job, hashed with a preview, and audited."""

from enum import StrEnum
from typing import Any

import msgspec

from crossdock.errors import Finding, PartnerError
from crossdock.flow.restart import Edits


class Kind(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    RESTART = "restart"
    MIGRATE = "migrate"


class Repeat(StrEnum):
    """What becomes of effects behind a restart that are done: taken from the record, or made a second time."""

    NONE = "none"
    CHOSEN = "chosen"
    ALL = "all"


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """at: the task run to restart from, or a task's pointer or name for its last run (of a retry: what failed).

    compensate, force: of a cancellation. data, context: corrected data of a retry or restart. repeat, runs: which
    effects are repeated though they are done. version, positions: of a migration.
    """

    kind: Kind
    reason: str = ""
    compensate: bool = False
    force: bool = False
    at: str = ""
    data: Any = None
    context: Any = None
    repeat: Repeat = Repeat.NONE
    runs: list[str] = []
    version: str = ""
    positions: dict[str, str] = {}

    @property
    def edits(self) -> Edits:
        return Edits(input=self.data, context=self.context)

    @property
    def plans(self) -> bool:
        """Whether its preview folds the history of each instance."""
        return self.kind in (Kind.RETRY, Kind.RESTART, Kind.MIGRATE)

    @property
    def repairs(self) -> bool:
        """Whether it takes more than an operator's right: it may leave effects standing, double or orphan them."""
        hard = self.kind is Kind.CANCEL and not self.compensate
        again = self.repeat is not Repeat.NONE or self.context is not None
        return self.kind is Kind.MIGRATE or hard or (self.kind in (Kind.RETRY, Kind.RESTART) and again)


def check(command: Command) -> None:
    """Raises PartnerError with everything that is missing."""
    findings: list[Finding] = []

    def missing(where: str, expected: str, fix: str) -> None:
        findings.append(Finding(f"operation.{where}", f"/{where}", expected, "none", fix))

    if command.kind is Kind.RESTART and not command.at:
        missing("at", "the task to restart from", "Name a task run, a pointer or a task of the definition.")
    if command.kind is Kind.MIGRATE and not command.version:
        missing("version", "the version to migrate to", "Name a published version.")
    if command.kind is Kind.CANCEL and not command.reason:
        missing("reason", "why it is cancelled", "Say it in a few words: the audit trail keeps them.")
    if command.repeat is Repeat.CHOSEN and not command.runs:
        missing("runs", "the task runs to repeat", "Name them as the preview does, or repeat none or all.")
    if len(command.reason) > 2000:
        findings.append(Finding("operation.reason", "/reason", "at most 2000 characters", "more", "Shorten it."))
    if findings:
        raise PartnerError(findings)
