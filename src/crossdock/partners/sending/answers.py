"""What partners say of what we sent: each 997, 999, TA1 and CONTRL finds its document and moves it.

A set is found by its group's and its own number, a message by its reference, an interchange by its control number;
always between the two identifiers that the answer itself names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import exactjson
from crossdock.canonical.acknowledgement import FunctionalAcknowledgement, InterchangeOutcome, Outcome, SetOutcome
from crossdock.db import Tx
from crossdock.partners.model import Decoded, Issue, note, shown
from crossdock.partners.sending.states import OF_OUTCOME, State, after
from crossdock.partners.sending.store import SQL

FINAL = {State.ACCEPTED, State.ACCEPTED_WITH_ERRORS}


@dataclass(frozen=True, slots=True)
class Said:
    """One statement. Empty numbers are not named by it. about: the part of the acknowledgement that says it."""

    outcome: Outcome
    about: object
    interchange: str = ""
    group: str = ""
    message: str = ""
    type: str = ""

    def __str__(self) -> str:
        named = (("interchange", self.interchange), ("group", self.group), (self.type or "set", self.message))
        return ", ".join(f"{n} {v}" for n, v in named if v)


def statements(told: FunctionalAcknowledgement) -> Iterator[Said]:
    """Sets before their interchange: a rejected one is told by the word that is nearest to it."""
    control = told.interchanges[0].control if told.interchanges else ""
    for group in told.groups:
        for s in group.sets:
            if s.outcome is not None:
                yield Said(s.outcome, s, group=group.control, message=s.control, type=s.type)
        if not group.sets and group.outcome is not None:
            yield Said(group.outcome, group, group=group.control)
    for s in told.sets:
        if s.outcome is not None:
            yield Said(s.outcome, s, interchange=control, message=s.control, type=s.type)
    for i in told.interchanges:
        yield Said(_of_interchange(i, told.sets), i, interchange=i.control)


def _of_interchange(told: InterchangeOutcome, sets: tuple[SetOutcome, ...]) -> Outcome:
    """TA1 A says that an interchange arrived whole, and nothing of its sets; so does a CONTRL that lists them."""
    if told.outcome is Outcome.REJECTED:
        return Outcome.REJECTED
    if told.sender and told.outcome is Outcome.ACCEPTED and not sets:  # UCI 7 without UCM: all of it
        return Outcome.ACCEPTED
    return Outcome.RECEIVED


async def take(tx: Tx, tenant_id: str, document: Decoded, answer: UUID, now: datetime) -> list[Issue]:
    """Moves what an accepted acknowledgement answers. Returns a note for each statement about nothing of ours."""
    told = document.content
    if not isinstance(told, FunctionalAcknowledgement):
        return []
    unknown: list[Issue] = []
    moved: set[UUID] = set()
    for said in statements(told):
        row = await _find(tx, tenant_id, document, said)
        if row is None:
            text = "Ask what they mean; nothing of ours bears these numbers."
            unknown.append(note("sending.unknown", "acknowledgement", "a document we sent", shown(str(said)), text))
        elif row["test"] != document.test:
            # ISA15 and UNB 0035 keep them apart: a test says nothing of what is real, and the other way round
            text = "Send it with the same usage indicator as the document that it answers."
            found = "a test" if document.test else "no test"
            real = "a test of ours" if row["test"] else "a document of ours"
            unknown.append(note("sending.test", "acknowledgement", f"one of {real}", f"{found}: {said}", text))
        elif row["document_id"] not in moved:
            moved.add(row["document_id"])
            await _move(tx, tenant_id, row, said, answer, now)
    return unknown


async def _find(tx: Tx, tenant_id: str, document: Decoded, said: Said) -> Any:
    numbers = [_number(n) for n in (said.interchange, said.group, said.message)]
    if any(n == -1 for n in numbers) or all(n is None for n in numbers):
        return None
    partner = document.partner.id if document.partner else None
    ours, theirs = str(document.receiver), str(document.sender)
    return await tx.fetchrow(SQL["answered"], tenant_id, ours, theirs, partner, *numbers, said.type or None)


def _number(text: str) -> int | None:
    """-1: no number we could have given."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 14 else -1


async def _move(tx: Tx, tenant_id: str, row: Any, said: Said, answer: UUID, now: datetime) -> None:
    then = after(State(row["state"]), OF_OUTCOME[said.outcome])
    await tx.execute(
        SQL["store_answer"],
        *(tenant_id, row["document_id"], answer, said.outcome, exactjson.text(said.about), then is not None, now),
    )
    if then is None:
        return
    attention: str | None = row["attention"]
    if then is State.REJECTED and not row["test"]:
        attention = "open"
    elif then in FINAL:
        attention = "close" if row["case_id"] is not None else None
    deadline = row["deadline"] if then is State.RECEIVED else None
    sent_at = row["sent_at"] or now
    await tx.execute(SQL["move"], tenant_id, row["document_id"], then, sent_at, now, deadline, row["tries"], attention)
