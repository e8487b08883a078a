"""Back-pressure: when more of a tenant's work waits than its workers will do for a while, new work must wait too.

What is refused was not acknowledged, so its sender keeps it and sends it again. What ends work that waits (answers of
systems, decisions of people) is never refused.
"""

import time
from dataclasses import dataclass, field

from crossdock.db import Database
from crossdock.gateway.problems import Overrun

FRESH_S = 1.0  # so long one count serves


@dataclass(slots=True)
class Pressure:
    """How many instances of each tenant waited for a worker when they were last counted."""

    counted: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])

    async def check(self, db: Database, tenant_id: str, most: int) -> None:
        """Raises Overrun when `most` or more wait. Counts at most once a second for each tenant, and no further."""
        at, waiting = self.counted.get(tenant_id, (0.0, 0))
        if time.monotonic() - at > FRESH_S or not at:
            waiting = await db.pool.fetchval("select crossdock.backlog($1, $2)", tenant_id, most)
            self.counted[tenant_id] = (time.monotonic(), waiting)
        if waiting >= most:
            raise Overrun(most)
