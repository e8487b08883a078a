"""Who has to say yes, and whether they have: the arithmetic of an approval by several people.

    ask       steps, one after the other or all at once; each wants `need` different people
    step      a role, or named people; `need` of them: any (1), k, or all
    vote      one person's yes, cast in a step, in their own right or for somebody who is away

A person votes once in an approval, and a right is used once: whoever votes for somebody uses up that person's own
vote. One refusal ends it. What an approval was given for stands while nothing of it changes by more than a tolerance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeGuard, cast

MOST_STEPS = 10
MOST_PEOPLE = 50


class Order(StrEnum):
    SEQUENCE = "sequence"
    PARALLEL = "parallel"


@dataclass(frozen=True, slots=True)
class Step:
    """people: none: everybody with the role. need: how many different ones."""

    role: str
    people: tuple[str, ...] = ()
    need: int = 1

    def plain(self) -> dict[str, Any]:
        return {"role": self.role, "people": list(self.people), "need": self.need}


@dataclass(frozen=True, slots=True)
class Vote:
    """step: the place of the step it counts in. right: whose right it is, the voter's own or that of who is away."""

    voter: str
    right: str
    step: int


@dataclass(frozen=True, slots=True)
class Difference:
    """where: a JSON pointer into {title, amount, data}."""

    where: str
    was: Any
    now: Any


def steps(given: Any, role: str) -> tuple[Step, ...]:
    """Reads [{role?, people?, need?}]; need is a number or "all". Raises ValueError saying what is wrong where.

    role: of a step that names none.
    """
    if (
        not isinstance(given, Sequence)
        or isinstance(given, str)
        or not 1 <= len(cast("Sequence[Any]", given)) <= MOST_STEPS
    ):
        raise ValueError(f"/steps: expected a list of 1 to {MOST_STEPS} steps, found {_shown(given)}")
    return tuple(_step(item, f"/steps/{n}", role) for n, item in enumerate(cast("Sequence[Any]", given)))


def _step(given: Any, where: str, role: str) -> Step:
    if not isinstance(given, Mapping):
        raise ValueError(f"{where}: expected {{role, people, need}}, found {_shown(given)}")
    item = cast("Mapping[str, Any]", given)
    if unknown := sorted(set(item) - {"role", "people", "need"}):
        raise ValueError(f"{where}/{unknown[0]}: expected role, people or need, found {unknown[0]}")
    named: Any = item.get("people") or []
    people = cast("list[Any]", named) if isinstance(named, list) else [None]
    if not all(isinstance(p, str) and p for p in people) or len(people) > MOST_PEOPLE:
        raise ValueError(f"{where}/people: expected at most {MOST_PEOPLE} names, found {_shown(named)}")
    unique = tuple(dict.fromkeys(cast("list[str]", people)))
    asked: Any = item.get("need", 1)
    need = len(unique) if asked == "all" else _whole(asked)
    if not 1 <= need <= (len(unique) or MOST_PEOPLE):
        most = f"{len(unique)}, or all" if unique else str(MOST_PEOPLE)
        raise ValueError(f"{where}/need: expected a number from 1 to {most}, found {_shown(asked)}")
    return Step(str(item.get("role") or role), unique, need)


def missing(wanted: Sequence[Step], cast_: Sequence[Vote], place: int) -> int:
    """How many votes a step still wants."""
    return max(0, wanted[place].need - sum(1 for v in cast_ if v.step == place))


def open_steps(wanted: Sequence[Step], order: Order, cast_: Sequence[Vote]) -> list[int]:
    """The places of the steps that can be voted in now; none when all have been given."""
    unfilled = [n for n in range(len(wanted)) if missing(wanted, cast_, n)]
    return unfilled[:1] if order is Order.SEQUENCE else unfilled


def spent(cast_: Sequence[Vote]) -> frozenset[str]:
    """Who cannot vote any more: who has voted, and whose right has been used for them."""
    return frozenset({v.voter for v in cast_} | {v.right for v in cast_})


def differences(was: Any, now: Any, tolerance_percent: Decimal, where: str = "") -> Iterator[Difference]:
    """What changed by more than the tolerance. A number may change by so many percent of what it was, up or down."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        before, after = cast("Mapping[str, Any]", was), cast("Mapping[str, Any]", now)
        for key in sorted(before.keys() | after.keys()):
            pointer = f"{where}/{key.replace('~', '~0').replace('/', '~1')}"
            yield from differences(before.get(key), after.get(key), tolerance_percent, pointer)
    elif isinstance(was, list) and isinstance(now, list):
        old, new = cast("list[Any]", was), cast("list[Any]", now)
        for place in range(max(len(old), len(new))):
            one = old[place] if place < len(old) else None
            other = new[place] if place < len(new) else None
            yield from differences(one, other, tolerance_percent, f"{where}/{place}")
    elif _number(was) and _number(now):
        if abs(now - was) * 100 > abs(was) * tolerance_percent:
            yield Difference(where or "/", was, now)
    elif isinstance(was, bool) != isinstance(now, bool) or was != now:  # true is no 1
        yield Difference(where or "/", was, now)


def _number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _whole(value: Any) -> int:
    return int(value) if _number(value) and value == int(value) else 0


def _shown(value: Any) -> str:
    return str(value)[:100]
