"""What a batch of turns writes, in the columns that the database function write_turns takes.

One call carries it all: a statement for each table and batch would cost more in round trips than in rows. Detail rows
name their turn by its place in the batch, counted from 1, so tenant, instance and time travel once a turn. Large parts
of facts and calls are cut out on the way (engine.payloads), and are written beside.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from crossdock import exactjson
from crossdock.engine.turn import Turn
from crossdock.events import correlation, envelope
from crossdock.flow.facts import EventFilter
from crossdock.flow.outcomes import Sharing
from crossdock.flow.payloads import MOST, TooLarge

# How many columns each part has, in the order of the parameters of write_turns.
TURN, CONSUMED, HISTORY, UNSUBSCRIBED, SUBSCRIBED, CLEARED, TIMERS, CALLS, CHANGES, ATTEMPTS, EVENTS = (
    12, 2, 5, 2, 7, 3, 4, 11, 9, 8, 7
)  # fmt: skip
TURNS_FROM = 5  # parameters before the columns: worker, tenants, finish, keys
PARAMETERS = TURNS_FROM - 1 + (
    TURN + CONSUMED + HISTORY + UNSUBSCRIBED + SUBSCRIBED + CLEARED + TIMERS + CALLS + CHANGES + ATTEMPTS + EVENTS
)  # fmt: skip
WRITE = f"select * from crossdock.write_turns({', '.join(f'${n}' for n in range(1, PARAMETERS + 1))})"

Listener: TypeAlias = tuple[Turn, str, EventFilter]  # and the task that listens


def of(turns: Sequence[Turn]) -> tuple[list[Any], list[Listener]]:
    """The columns, and the listeners they open in the order of the subscription rows."""
    heads: list[tuple[Any, ...]] = []
    consumed: list[tuple[int, int]] = []
    history: list[tuple[Any, ...]] = []
    unsubscribed: list[tuple[int, str]] = []
    subscribed: list[tuple[Any, ...]] = []
    listeners: list[Listener] = []
    cleared: list[tuple[int, str, str]] = []
    timers: list[tuple[int, str, str, datetime]] = []
    calls: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    attempts: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    for n, t in enumerate(turns, 1):
        output, error = _end(t)
        text = exactjson.text if t.payloads is None else t.payloads.text
        heads.append(
            (t.tenant_id, t.instance_id, t.base_revision, t.state, t.status, t.stage, t.now, t.ended is not None,
             output, error, t.business_key, t.park)
        )  # fmt: skip
        for fact_id in t.consumed:
            consumed.append((n, fact_id))
        for seq, fact, trace in t.history:
            history.append((n, seq, type(fact).__name__, text(fact), trace.decode()))
        for at in t.unsubscribe:
            unsubscribed.append((n, at))
        for at, filters in t.subscribe:
            for ordinal, f in enumerate(filters):
                key = correlation.key_of(f)
                subscribed.append((n, at, ordinal, key.type, key.path, key.value, correlation.encode_filter(f)))
                listeners.append((t, at, f))
        for at, timer in t.clear_timers:
            cleared.append((n, at, timer))
        for (at, timer), due in t.set_timers.items():
            timers.append((n, at, timer, due))
        for c in t.new_calls:
            calls.append(
                (n, c.at, c.function, c.system, text(c.arguments), text(c.undo) if c.undo else None, c.state,
                 c.answered_at is not None, c.duration_ms, text(c.output) if c.state == "done" else None,
                 text(c.error) if c.error else None)
            )  # fmt: skip
        for d in t.call_changes.values():
            changes.append(
                (n, d.at, d.state, d.attempt, d.abandoned, d.answered_at is not None, d.duration_ms,
                 text(d.output) if d.state == "done" else None, text(d.error) if d.error else None)
            )  # fmt: skip
        for a in t.attempts:
            attempts.append(
                (n, a.at, a.attempt, a.outcome, a.probe, a.detail[:2000], a.tried_at, a.duration_ms)
            )  # fmt: skip
        for e in t.emits:
            events.append(
                (
                    n,
                    e["source"],
                    e["id"],
                    e["type"],
                    str(e.get("subject") or ""),
                    envelope.time_of(e, t.now),
                    _bounded(exactjson.text(e)),
                )
            )
    parts = (
        (heads, TURN), (consumed, CONSUMED), (history, HISTORY), (unsubscribed, UNSUBSCRIBED),
        (subscribed, SUBSCRIBED), (cleared, CLEARED), (timers, TIMERS), (calls, CALLS), (changes, CHANGES),
        (attempts, ATTEMPTS), (events, EVENTS),
    )  # fmt: skip
    return [column for rows, width in parts for column in _columns(rows, width)], listeners


def keys(turns: Iterable[Turn]) -> list[int]:
    """The advisory keys of the listeners that these turns open, and of what the functions they begin share with other
    instances: ascending, the order in which everybody locks."""
    locks: set[int] = set()
    for t in turns:
        for _, filters in t.subscribe:
            locks.update(correlation.key_of(f).lock(t.tenant_id) for f in filters)
        for function, call in t.begin:
            if isinstance(function, Sharing):
                locks.update(function.locks(call))
    return sorted(locks)


def _bounded(text: str) -> str:
    """What others read whole. Raises TooLarge."""
    if len(text) > MOST:
        raise TooLarge(f"Expected at most {MOST} bytes in one event or output, found {len(text)}.")
    return text


def _end(turn: Turn) -> tuple[str | None, str | None]:
    """The output or the error to store, as JSON."""
    text = exactjson.text
    if turn.ended is None:
        return None, text({"detail": turn.stuck}) if turn.stuck else None
    if turn.ended.error is not None:
        return None, text(turn.ended.error)
    return _bounded(text(turn.ended.output)), None


_NONE: dict[int, tuple[list[Any], ...]] = {}


def _columns(rows: Sequence[Sequence[Any]], width: int) -> Iterable[Any]:
    if rows:
        return zip(*rows, strict=True)
    return _NONE.setdefault(width, tuple([] for _ in range(width)))
