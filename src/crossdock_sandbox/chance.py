"""Chance that does not depend on the order of events.

A draw is a hash of the seed and of *what* is being decided (a tenant, an order, a purpose), never the next number of a
stream: two runs that handle the same orders in another sequence pick, ship and pay them at the same moments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chance:
    seed: int
    tenant: str

    def share(self, *identity: str) -> float:
        """A number in [0, 1), the same for the same identity."""
        text = "\x1f".join((str(self.seed), self.tenant, *identity))
        return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest()) / (1 << 56)

    def whole(self, low: int, high: int, *identity: str) -> int:
        """An integer in [low, high]."""
        return low + int(self.share(*identity) * (high - low + 1))

    def minutes(self, low: int, high: int, *identity: str) -> timedelta:
        """A duration of low..high minutes, to the second."""
        return timedelta(seconds=self.whole(low * 60, high * 60, *identity))

    def pick(self, options: Sequence[T], *identity: str) -> T:
        return options[self.whole(0, len(options) - 1, *identity)]
