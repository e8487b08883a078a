"""The states of a document we sent, and what moves it: a table.

The first word of a partner counts. Readable is final: what comes after it is about the content, and other documents
tell it. A rejected document is said anew under another number (reissued), never again under its own.
"""

from collections.abc import Mapping
from enum import StrEnum

from crossdock.canonical.acknowledgement import Outcome


class State(StrEnum):
    WRITTEN = "written"  # stored under its numbers; offered to the partner
    SENT = "sent"  # the partner has it
    RECEIVED = "received"  # its interchange arrived; nothing is said of the document
    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    REJECTED = "rejected"
    OVERDUE = "overdue"  # nothing was said of it in time
    REPLACED = "replaced"  # said anew under another number


class Move(StrEnum):
    COLLECTED = "collected"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    REJECTED = "rejected"
    DEADLINE = "deadline"
    RETRIED = "retried"
    REPLAYED = "replayed"
    REISSUED = "reissued"


_ANSWERED = {
    Move.ACCEPTED: State.ACCEPTED,
    Move.ACCEPTED_WITH_ERRORS: State.ACCEPTED_WITH_ERRORS,
    Move.REJECTED: State.REJECTED,
}
_OPEN = {Move.DEADLINE: State.OVERDUE, Move.REISSUED: State.REPLACED, **_ANSWERED}

# A partner may answer before it says that it has collected.
MOVES: Mapping[State, Mapping[Move, State]] = {
    State.WRITTEN: {**_OPEN, Move.COLLECTED: State.SENT, Move.RECEIVED: State.RECEIVED},
    State.SENT: {**_OPEN, Move.RECEIVED: State.RECEIVED, Move.RETRIED: State.WRITTEN, Move.REPLAYED: State.WRITTEN},
    State.RECEIVED: {**_OPEN, Move.REPLAYED: State.WRITTEN},
    State.OVERDUE: {
        **_ANSWERED,
        Move.COLLECTED: State.SENT,
        Move.RECEIVED: State.RECEIVED,
        Move.RETRIED: State.WRITTEN,
        Move.REPLAYED: State.WRITTEN,
        Move.REISSUED: State.REPLACED,
    },
    State.ACCEPTED: {},
    State.ACCEPTED_WITH_ERRORS: {Move.REISSUED: State.REPLACED},
    State.REJECTED: {Move.REISSUED: State.REPLACED},
    State.REPLACED: {},
}

OF_OUTCOME: Mapping[Outcome, Move] = {
    Outcome.ACCEPTED: Move.ACCEPTED,
    Outcome.ACCEPTED_WITH_ERRORS: Move.ACCEPTED_WITH_ERRORS,
    Outcome.REJECTED: Move.REJECTED,
    Outcome.RECEIVED: Move.RECEIVED,
    Outcome.PARTIAL: Move.RECEIVED,  # of several, it does not say which
}


def after(state: State, move: Move) -> State | None:
    """Where it goes; None: it may not, or it changes nothing any more."""
    return MOVES[state].get(move)
