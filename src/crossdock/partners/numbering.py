"""Control numbers of what we send: without gaps, for each pair of partners, direction and level.

A number is taken in the transaction that stores the document bearing it. If that fails, the number was never given; if
it commits, the next one follows. So a partner that checks our numbers for gaps finds none, and one that finds a gap has
lost a document. Levels are always taken in one order, so that two senders cannot wait for each other.
"""

from dataclasses import dataclass
from enum import StrEnum

from crossdock.db import Tx, queries

SQL = queries("crossdock.partners", "numbering.sql")
LAST = 999_999_999  # ISA13, GS06 and ST02 have nine digits at most; after it comes 1 again


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Level(StrEnum):
    INTERCHANGE = "interchange"
    GROUP = "group"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Taken:
    """group 0: the syntax has none here."""

    interchange: int
    group: int
    messages: tuple[int, ...]


async def take(tx: Tx, tenant_id: str, sender: str, receiver: str, *, messages: int, group: bool = True) -> Taken:
    """Numbers for one interchange of ours with so many sets or messages."""

    async def next_of(level: Level, count: int) -> int:
        last: int = await tx.fetchval(SQL["take"], tenant_id, sender, receiver, Direction.OUT, level, count)
        return last

    interchange = await next_of(Level.INTERCHANGE, 1)
    grouped = await next_of(Level.GROUP, 1) if group else 0
    last = await next_of(Level.MESSAGE, messages) if messages else 0
    own = tuple(_wrapped(n) for n in range(last - messages + 1, last + 1))
    return Taken(_wrapped(interchange), _wrapped(grouped) if group else 0, own)


def _wrapped(number: int) -> int:
    return (number - 1) % LAST + 1
