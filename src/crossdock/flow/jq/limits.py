"""How much work one evaluation may do.

Every loop charges the evaluation's `Meter` before it runs, and so does every walk through a whole value (comparison,
sorting, writing JSON), because a value of many shared parts can be small in memory and huge to walk. Simple paths
and arithmetic cannot loop and carry no meter at all.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from crossdock.flow.jq.faults import LimitExceeded

Env: TypeAlias = Mapping[str, Any]
"""Variables by name, and beside them what the evaluation itself keeps under names no author can write."""

METER: Final = "#meter"
FRAMES: Final = "#frames"

STEPS: Final = 1_000_000  # about a second of small closures on one core
WALK_NODES: Final = 1_000_000  # parts of one value that may be compared, sorted or written
LENGTH: Final = 1_000_000  # elements of one array
CHARACTERS: Final = 16_000_000  # of one string; a document is refused long before that
DIGITS: Final = 4_000  # of one integer: Python refuses to print more than 4,300
VALUE_DEPTH: Final = 200  # nested arrays and objects in one value
CALL_FRAMES: Final = 500  # of Python's 1,000, leaving the rest to the caller and to walks through values
FAR: Final = 64  # frames down, from which on each output pays for each call it comes out of
SYNTAX_DEPTH: Final = 120  # nested constructs in one expression; each costs at most one frame per evaluation
NESTING: Final = 60  # brackets within brackets; each costs the parser six frames
SOURCE_CHARACTERS: Final = 64_000
PATTERN_CHARACTERS: Final = 1_000  # of one regular expression

INTEGER_BOUND: Final = 10**DIGITS


class Meter:
    """Counts down the steps one evaluation has left. Every evaluation with a loop makes one, so that costs little."""

    left: int = STEPS

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise LimitExceeded(f"Expected at most {STEPS:,} steps, found more: bound the loop or split the expression")


def meter_of(env: Env) -> Meter:
    """The evaluation's meter, or a fresh one where the expression has no loops."""
    return env.get(METER) or Meter()


def too_long(what: str, limit: int) -> LimitExceeded:
    return LimitExceeded(f"Expected {what} of at most {limit:,}, found more")


def too_deep() -> LimitExceeded:
    return LimitExceeded("Expected at most 200 nested levels, found more: the recursion or the value is too deep")
