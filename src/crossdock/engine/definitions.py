"""Published definitions: immutable once there, compiled once a process."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from crossdock.db import Tx, queries
from crossdock.engine import schedules
from crossdock.errors import Conflict, Finding, NotFound
from crossdock.events import correlation
from crossdock.flow import program
from crossdock.flow.jq import FallbackEvaluator
from crossdock.flow.program import Program

SQL = queries("crossdock.engine", "engine.sql")

MOST_COMPILED = 128  # programs; order-to-cash, the largest of ours, takes 4 MB
MOST_KEYS = 100_000  # (tenant, namespace, name, version): a few hundred bytes each
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Published:
    namespace: str
    name: str
    version: str
    new: bool


# What else is looked at before publishing: (tx, tenant, program, source) → findings.
Check: TypeAlias = Callable[[Tx, str, Program, str], Awaitable[list[Finding]]]


async def publish(
    tx: Tx,
    tenant_id: str,
    source: str,
    filename: str = "<definition>",
    fallback: FallbackEvaluator | None = None,
    check: Check | None = None,
) -> Published:
    """Publishes a definition for a tenant, makes it the one its event or time starts, and indexes what it listens to.

    Publishing the same text again changes nothing. Raises DefinitionError with every finding, or Conflict when this
    version was published with other content: instances pin their version, so a version is never edited.
    fallback: for definitions that may have expressions outside the compiled subset; without it they are findings.
    check: findings of its own, such as wrong arguments of catalogue functions, refuse the definition too.
    """
    p = program.load(source, filename, fallback)
    if check is not None and (findings := await check(tx, tenant_id, p, source)):
        raise program.DefinitionError(findings)
    digest = hashlib.sha256(source.encode()).hexdigest()
    key = (tenant_id, p.namespace, p.name, p.version)
    new = await tx.fetchval(SQL["publish"], *key, digest, source, p.priority) is not None
    if not new:
        there = await tx.fetchrow(SQL["definition"], *key)
        if there and there["hash"] != digest:
            raise Conflict(
                f"{p.namespace}/{p.name}:{p.version} is published already with other content; "
                "a published version is never edited: give it a new version"
            )
    await tx.execute(SQL["clear_triggers"], tenant_id, p.namespace, p.name)
    if p.trigger is not None:
        wanted = correlation.encode_trigger(p)
        for type_ in sorted({f.type or correlation.ANY_TYPE for f in p.trigger.filters} or {correlation.ANY_TYPE}):
            await tx.execute(SQL["set_trigger"], tenant_id, type_, p.namespace, p.name, p.version, wanted)
    await schedules.put(tx, tenant_id, p)
    # A type that is heard without correlation is indexed under no path; a filter without a type hears every type.
    paths = p.correlation_paths() | {(type_, correlation.NO_PATH) for type_ in p.event_types()}
    if p.hears_any_type():
        paths |= {("", correlation.NO_PATH)}
    for type_, path in sorted(paths):
        await tx.execute(SQL["add_path"], tenant_id, type_ or correlation.ANY_TYPE, path)
    return Published(p.namespace, p.name, p.version, new)


class Programs:
    """Compiled definitions of this process, by tenant and version; the same text is compiled once for all tenants.

    The least recently used are let go: a provider's workers meet every version of every tenant in time. Who lost its
    program compiles it again.
    """

    def __init__(
        self, fallback: FallbackEvaluator | None = None, *, most: int = MOST_COMPILED, most_keys: int = MOST_KEYS
    ) -> None:
        self.fallback = fallback
        self._hashes = Recent[tuple[str, str, str, str], str](most_keys)
        self._programs = Recent[str, Program](most)

    def known(self, tenant_id: str, namespace: str, name: str, version: str) -> Program | None:
        """What `get` would find without asking the database."""
        digest = self._hashes.get((tenant_id, namespace, name, version))
        return None if digest is None else self._programs.get(digest)

    async def get(self, tx: Tx, tenant_id: str, namespace: str, name: str, version: str) -> Program:
        found = self.known(tenant_id, namespace, name, version)
        if found is None:
            key = (tenant_id, namespace, name, version)
            row = await tx.fetchrow(SQL["definition"], *key)
            if row is None:
                raise NotFound(f"no definition {namespace}/{name}:{version} is published")
            digest: str = row["hash"]
            found = self._programs.get(digest) or program.load(row["source"], f"{name}:{version}", self.fallback)
            self.keep(*key, digest, found)
        return found

    def keep(self, tenant_id: str, namespace: str, name: str, version: str, digest: str, compiled: Program) -> None:
        """digest: of the definition's text."""
        self._programs.put(digest, compiled)
        self._hashes.put((tenant_id, namespace, name, version), digest)


class Recent(Generic[K, V]):
    """The `most` entries that were asked for last. functools.lru_cache cannot be asked without computing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)
