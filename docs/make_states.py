"""Writes docs/states.md from the tables in the code: `python docs/make_states.py`. A test compares the two."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from crossdock.cases import approvals, casework, holds
from crossdock.engine import states
from crossdock.engine.turn import CallState
from crossdock.partners.agreements import expectations

PAGE = Path(__file__).with_name("states.md")

HEAD = """# States

Drawn from the tables in the code by `docs/make_states.py`; edit those, then run it.
"""

Word = TypeVar("Word", bound=StrEnum)
Edges = list[tuple[str, str, str]]  # from, by what, to

# Holds end of themselves or by a person; that is all, so they have no table of their own.
HOLD: Edges = [("active", "released", "released"), ("active", "its time is over", "expired")]


def call() -> str:
    begun: Edges = [
        ("[*]", "made", "sent"),
        ("[*]", "waits for a person", "parked"),
        ("[*]", "no such function", "failed"),
    ]
    return _section(
        "A call to a system or a function",
        "One row of `crossdock.call`. Until it is done or failed its instance cares for it, even when abandoned.",
        begun + _edges(states.CALL), CallState, ("done", "failed"),
    )  # fmt: skip


def instance() -> str:
    return _section(
        "An instance of a workflow",
        "One row of `crossdock.instance`. What has ended hears nothing more; one that failed may be taken up again.",
        [("[*]", "started", "running"), *_edges(states.INSTANCE)], states.InstanceStatus,
        ("completed", "faulted", "cancelled"),
    )  # fmt: skip


def case() -> str:
    return _section(
        "A case (exception)",
        "Comments may be added in every state; an action that is not drawn is refused as a conflict.",
        [("[*]", "opened", "open"), *_edges(casework.TRANSITIONS)], casework.Status, ("closed",),
    )  # fmt: skip


def approval() -> str:
    words = {"approved": "approve", "rejected": "reject", "expired": "its time is over", "void": "withdrawn"}
    edges = [
        (a.value, words[b.value], b.value)
        for a, to in approvals.TRANSITIONS.items()
        for b in approvals.Status
        if b in to
    ]
    ends = tuple(s.value for s, to in approvals.TRANSITIONS.items() if not to)
    text = "A decision binds to the hash of what was shown; it is made once."
    return _section("An approval", text, [("[*]", "requested", "pending"), *edges], approvals.Status, ends)


def hold() -> str:
    text = "An order waits as long as one active hold names it, its customer, one of its items or its site."
    return _section("A hold", text, [("[*]", "placed", "active"), *HOLD], holds.Status, ("released", "expired"))


def expectation() -> str:
    edges = [(a.value, by.value, b.value) for a, moves in expectations.MOVES.items() for by, b in moves.items()]
    ends = tuple(s.value for s, moves in expectations.MOVES.items() if not moves)
    text = "An answer that a partner owes us, or we owe it. One that is fulfilled after it was overdue is late."
    opened = ("[*]", "its cause", "open")
    return _section("An expectation", text, [opened, *edges], expectations.State, ends)


def _edges(table: "Mapping[tuple[Word, str], Word]") -> Edges:
    return [(a.value, by, b.value) for (a, by), b in table.items()]


def _section(title: str, text: str, edges: Edges, words: type[StrEnum], ends: tuple[str, ...]) -> str:
    """A paragraph, a diagram, and the same as a table. Raises when an edge names a state that does not exist."""
    known = {w.value for w in words} | {"[*]"}
    named = {x for a, _, b in edges for x in (a, b)}
    if named - known or known - named:
        raise ValueError(f"{title}: expected the states {sorted(known)}, found {sorted(named)}")
    drawn = [f"    {a} --> {b}: {by.replace(':', ' -')}" for a, by, b in edges] + [f"    {e} --> [*]" for e in ends]
    rows = [f"| {'(new)' if a == '[*]' else a} | {by} | {b} |" for a, by, b in edges]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *drawn, "```"])
    table = "\n".join(["| from | by | to |", "|---|---|---|", *rows])
    return f"## {title}\n\n{text}\n\n{diagram}\n\n{table}\n"


def page() -> str:
    return "\n".join([HEAD, instance(), call(), case(), approval(), hold(), expectation()])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
