"""The systems of record as they are connected now: a tenant or a system that is new needs no restart.

A process looks every few seconds whether tenants or connections have changed. If so it connects all of them anew; calls
that are under way end on what they began with. What cannot be connected (a secret that is not there, an unknown vendor)
leaves everything as it was, and says so once.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import TypeAlias

from crossdock.connect import registry
from crossdock.connect.budget import Crew
from crossdock.connect.config import Secrets, SystemConfig
from crossdock.errors import SetupError
from crossdock.flow.outcomes import Remote
from crossdock.outbound import Client

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0

# The tenants, and how their systems are reached.
Read: TypeAlias = Callable[[], Awaitable[tuple[Sequence[str], Sequence[SystemConfig]]]]
Operations: TypeAlias = Mapping[str, Mapping[str, Remote]]


class Connections:
    """open: a client that may reach these systems."""

    def __init__(
        self, read: Read, open_: Callable[[list[SystemConfig]], Client], secrets: Secrets, crew: Crew | None = None
    ) -> None:
        self._read = read
        self._open = open_
        self._secrets = secrets
        self._crew = crew
        self._seen: tuple[tuple[str, ...], tuple[SystemConfig, ...]] | None = None
        self._clients: list[Client] = []
        self._looked_at = 0.0

    async def changed(self) -> Operations | None:
        """By tenant and name, when it is not what it was. Raises SetupError, and then not again for the same."""
        self._looked_at = monotonic()
        tenants, configs = await self._read()
        seen = (tuple(tenants), tuple(configs))
        if seen == self._seen:
            return None
        self._seen = seen
        http = self._open(list(configs))
        self._clients.append(http)
        by_name = registry.operations(configs, http, secrets=self._secrets, crew=self._crew)
        return {t: {name: op for name, op in by_name.items() if op.available(t)} for t in tenants}

    async def follow(self, connect: Callable[[Operations], None]) -> None:
        """A duty: looks now and then, and connects what has changed."""
        if monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        try:
            found = await self.changed()
        except SetupError as e:
            log.error("tenants or systems have changed and cannot be connected; all stays as it was: %s", e)
            return
        if found is not None:
            log.info("connected anew: %s", ", ".join(sorted(found)))
            connect(found)

    async def close(self) -> None:
        for http in self._clients:
            await http.close()
