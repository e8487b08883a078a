"""Who hears an event: the listeners it is delivered to, the workflows it starts, or nobody yet.

A listener asks for a type and, by business key, for the value of an expression on the event: the index key is
(type, path, value). An event is looked up under the value of every path that some definition uses for its type.
Listener and event lock their keys before they look for each other, so that whichever commits second finds the first.

Lock order everywhere: advisory keys ascending, then instance rows ascending.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crossdock import exactjson, ids
from crossdock.db import Tx, queries
from crossdock.flow import correlation as rules
from crossdock.flow.facts import EventFilter
from crossdock.flow.program import Program, Trigger

SQL = queries("crossdock.events", "events.sql")

ANY_TYPE = "*"
NO_PATH = ""
ANYBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Key:
    """What a listener is indexed under. path and value are empty for a listener without an expected value."""

    type: str
    path: str
    value: str

    def lock(self, tenant_id: str) -> int:
        digest = hashlib.blake2b("\x1f".join((tenant_id, self.type, self.path, self.value)).encode(), digest_size=8)
        return int.from_bytes(digest.digest(), signed=True)


def key_of(filter: EventFilter) -> Key:
    """The first correlation with an expected value decides; the others are checked on what that finds."""
    type_ = filter.type or ANY_TYPE
    for c in filter.correlations:
        if c.expect is not None:
            return Key(type_, c.path, _text(c.expect))
    return Key(type_, NO_PATH, "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else exactjson.text(value)


async def lock(tx: Tx, keys: Iterable[tuple[str, Key]]) -> None:
    """Takes the locks of (tenant, key) pairs until the end of the transaction."""
    wanted = sorted({key.lock(tenant_id) for tenant_id, key in keys})
    if wanted:
        await tx.execute(SQL["lock_keys"], wanted)


@dataclass(slots=True)
class Listening:
    """What a tenant's definitions do with events of a type: which they start, and by what they ask for them.

    triggers: (namespace, name, version), and what the event must be like where its type alone does not decide.
    paths: (type or '*', expression).
    """

    triggers: list[tuple[tuple[str, str, str], str | None]] = field(
        default_factory=list[tuple[tuple[str, str, str], str | None]]
    )
    paths: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


async def listening(tx: Tx, kinds: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Listening]:
    """For (tenant, event type) pairs; none for a pair that no definition cares about."""
    wanted = sorted(kinds)
    found: dict[tuple[str, str], Listening] = {}
    if wanted:
        for r in await tx.fetch(SQL["listening"], [t for t, _ in wanted], [type_ for _, type_ in wanted]):
            heard = found.setdefault((r["tenant_id"], r["type"]), Listening())
            if r["path"] is None:
                heard.triggers.append(((r["namespace"], r["name"], r["version"]), r["wanted"]))
            else:
                heard.paths.append((r["asked_as"], r["path"]))
    return found


async def correlate(
    tx: Tx, tenant_id: str, seq: int, event: Mapping[str, Any], now: datetime, wanted: Listening | None = None
) -> int:
    """Delivers a stored event to its listeners and starts what it triggers; keeps it when it finds neither.

    wanted: what `listening` found for its type, when the caller has asked already. Returns how many instances heard.
    """
    if wanted is None:
        kind = (tenant_id, str(event["type"]))
        wanted = (await listening(tx, [kind])).get(kind, Listening())
    started = await _start(tx, tenant_id, event, now, wanted)
    keys = _keys(event, wanted)
    if not keys:
        return started
    await lock(tx, ((tenant_id, k) for k in keys))
    columns = _columns(keys)
    heard = 0
    last: tuple[UUID, str] | None = None
    for row in await tx.fetch(SQL["listeners"], tenant_id, *columns):
        to = (row["instance_id"], row["at"])
        if to == last or not rules.matches(decode_filter(row["filter"]), event):
            continue
        last = to
        body = exactjson.text({"at": row["at"], "event": event, "now": now})
        heard += bool(await tx.fetchval(SQL["deliver"], tenant_id, row["instance_id"], "EventReceived", body))
    if not heard and not started:
        await tx.execute(SQL["keep_early"], tenant_id, *columns, seq, event["source"], event["id"], ANYBODY)
    return heard + started


async def correlate_all(
    tx: Tx,
    tenant_id: str,
    events: Sequence[tuple[int, Mapping[str, Any]]],
    *,
    now: datetime,
    wanted: Mapping[tuple[str, str], Listening],
) -> None:
    """`correlate` for many events of a tenant, each as (seq, event), in as many statements as for one.

    wanted: what `listening` found for their types.
    """
    keys: dict[int, list[Key]] = {}
    taken: set[int] = set()  # by somebody: started, or heard
    for n, (_, event) in enumerate(events):
        if found := wanted.get((tenant_id, str(event["type"]))):
            if await _start(tx, tenant_id, event, now, found):
                taken.add(n)
            if asked_by := _keys(event, found):
                keys[n] = asked_by
    if not keys:
        return
    await lock(tx, ((tenant_id, k) for of_one in keys.values() for k in of_one))
    rows = [(n, k) for n, of_one in keys.items() for k in of_one]
    heard: dict[tuple[int, UUID, str], str] = {}
    for row in await tx.fetch(
        SQL["listeners_of_all"], tenant_id, [n for n, _ in rows], *_columns([k for _, k in rows])
    ):
        n: int = row["n"]
        to, event = (n, row["instance_id"], row["at"]), events[n][1]
        if to not in heard and rules.matches(decode_filter(row["filter"]), event):
            heard[to] = exactjson.text({"at": row["at"], "event": event, "now": now})
    if heard:
        delivered = await tx.fetch(
            SQL["deliver_all"], tenant_id, [n for n, _, _ in heard], [i for _, i, _ in heard], list(heard.values())
        )
        taken.update(row["n"] for row in delivered if row["heard"])
    early = [(k, events[n][0], events[n][1]) for n, k in rows if n not in taken]
    if early:
        await tx.execute(
            SQL["keep_all_early"], tenant_id, *_columns([k for k, _, _ in early]), [seq for _, seq, _ in early],
            [e["source"] for _, _, e in early], [e["id"] for _, _, e in early], ANYBODY,
        )  # fmt: skip


async def put_back(tx: Tx, tenant_id: str, instance_id: UUID, event: Mapping[str, Any], now: datetime) -> None:
    """An event reached an instance whose listener had just closed: its next listener may still take it.

    Called after the subscriptions of the same turn are written, so that one that is open already hears it at once.
    """
    seq = await tx.fetchval(SQL["seq_of"], tenant_id, event["source"], event["id"])
    kind = (tenant_id, str(event["type"]))
    keys = _keys(event, (await listening(tx, [kind])).get(kind, Listening()))
    if not keys or seq is None:
        return
    columns = _columns(keys)
    for row in await tx.fetch(SQL["listeners"], tenant_id, *columns):
        if row["instance_id"] == instance_id and rules.matches(decode_filter(row["filter"]), event):
            body = exactjson.text({"at": row["at"], "event": event, "now": now})
            await tx.fetchval(SQL["deliver"], tenant_id, instance_id, "EventReceived", body)
            return
    await tx.execute(SQL["keep_early"], tenant_id, *columns, seq, event["source"], event["id"], instance_id)


def _keys(event: Mapping[str, Any], heard: Listening) -> list[Key]:
    """Every key that a listener for this event can have; none when no definition listens to its type."""
    if not heard.paths:
        return []
    keys = [Key(str(event["type"]), NO_PATH, ""), Key(ANY_TYPE, NO_PATH, "")]
    for type_, path in heard.paths:
        value = rules.path_value(path, event) if path else None
        if value is not None:
            keys.append(Key(type_, path, _text(value)))
    return keys


def _columns(keys: list[Key]) -> tuple[list[str], list[str], list[str]]:
    return [k.type for k in keys], [k.path for k in keys], [k.value for k in keys]


async def _start(tx: Tx, tenant_id: str, event: Mapping[str, Any], now: datetime, heard: Listening) -> int:
    started = 0
    for definition, wanted in heard.triggers:
        given = [event] if wanted is None else msgspec.convert(exactjson.loads(wanted), Trigger).start_input(event)
        if given is None:
            continue
        instance_id = ids.derived(tenant_id, definition[0], definition[1], str(event["source"]), str(event["id"]))
        key = str(event.get("subject") or "")
        begun = await start(
            tx, tenant_id, instance_id, definition, given, key, now, traceparent=str(event.get("traceparent") or "")
        )
        started += begun
    return started


async def start(
    tx: Tx,
    tenant_id: str,
    instance_id: UUID,
    definition: tuple[str, str, str],
    input: Any,
    business_key: str,
    now: datetime,
    *,
    parent: tuple[UUID, str] | None = None,
    traceparent: str = "",
    priority: int | None = None,
) -> bool:
    """Starts an instance, once: False when this identifier was started before.

    definition: (namespace, name, version). parent: who awaits it, and at which task run. traceparent: of what caused
    it; an instance that nobody traced so far begins a trace of its own. priority: 1 (most urgent) to 9; None: what its
    definition says.
    """
    namespace, name, version = definition
    parent_id, parent_at = parent or (None, None)
    row = await tx.fetchval(
        SQL["start_instance"], tenant_id, instance_id, namespace, name, version, business_key, parent_id, parent_at,
        traceparent or new_trace(instance_id), priority,
    )  # fmt: skip
    if row is None:
        return False
    body = exactjson.text({"input": input, "now": now, "instance_id": str(instance_id)})
    await tx.fetchval(SQL["deliver"], tenant_id, instance_id, "Started", body)
    return True


def new_trace(instance_id: UUID) -> str:
    """The trace that an instance begins which nobody traced so far, as a W3C traceparent."""
    return f"00-{instance_id.hex}-{instance_id.hex[16:]}-01"


def encode_trigger(p: Program) -> str | None:
    """What an event must be like to start this definition; None where its type alone decides."""
    return None if p.trigger is None else exactjson.text(p.trigger)


def encode_filter(filter: EventFilter) -> str:
    return exactjson.text(filter)


def decode_filter(stored: str) -> EventFilter:
    return msgspec.convert(exactjson.loads(stored), EventFilter)
