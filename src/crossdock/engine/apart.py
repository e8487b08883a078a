"""Work that is done for each tenant in turn: what fails for one keeps no other waiting.

A row that cannot be worked on (it cannot be read, a constraint refuses what comes of it) is left where it lies, is said
in the log with its tenant, and is tried again in the next round. Trouble of the database is nobody's: it ends it.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager

from crossdock import telemetry
from crossdock.db import PASSING

log = logging.getLogger(__name__)


@contextmanager
def guarded(tenant_id: str, what: str) -> Generator[None]:
    """Around work for one tenant, its transaction or savepoint included. what: names it in the log."""
    with telemetry.bound(tenant=tenant_id):
        try:
            yield
        except PASSING:
            raise
        except Exception:
            log.exception("%s of tenant %s failed; the others go on, and it is tried again", what, tenant_id)
