"""Published definitions: immutable once there, compiled once a process."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from crossdock.db import Tx, queries
from crossdock.engine import schedules
from crossdock.errors import Conflict, Finding, NotFound
from crossdock.events import correlation
from crossdock.flow import program
from crossdock.flow.jq import FallbackEvaluator
from crossdock.flow.program import Program

SQL = queries("crossdock.engine", "engine.sql")


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
    """Compiled definitions of this process, by tenant and version; the same text is compiled once for all tenants."""

    def __init__(self, fallback: FallbackEvaluator | None = None) -> None:
        self.fallback = fallback
        self._by_key: dict[tuple[str, str, str, str], Program] = {}
        self._by_hash: dict[str, Program] = {}

    def known(self, tenant_id: str, namespace: str, name: str, version: str) -> Program | None:
        """What `get` would find without asking the database."""
        return self._by_key.get((tenant_id, namespace, name, version))

    async def get(self, tx: Tx, tenant_id: str, namespace: str, name: str, version: str) -> Program:
        key = (tenant_id, namespace, name, version)
        found = self._by_key.get(key)
        if found is None:
            row = await tx.fetchrow(SQL["definition"], *key)
            if row is None:
                raise NotFound(f"no definition {namespace}/{name}:{version} is published")
            found = self._by_hash.get(row["hash"]) or program.load(row["source"], f"{name}:{version}", self.fallback)
            self._by_hash[row["hash"]] = found
            self._by_key[key] = found
        return found
