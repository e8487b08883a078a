"""A partner's way to production as a list, made from what was agreed. Pure.

Each document that the partner sends is shown so many times, each one another, taken without an error; each that we send
is acknowledged by the partner so many times, without an error. Nothing else stands on it: a partner can finish it by
itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crossdock.partners.agreements.terms import Agreement, Direction


@dataclass(frozen=True, slots=True)
class Shown:
    """A test document of the partner that was taken without an error. digest: of its bytes."""

    type: str
    version: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """key: document, direction and version. hint: what to do next; "" once it is green."""

    key: str
    title: str
    needed: int
    done: int
    hint: str

    @property
    def green(self) -> bool:
        return self.done >= self.needed


def items(agreements: Iterable[Agreement], shown: Iterable[Shown], acknowledged: Mapping[str, int]) -> list[Item]:
    """acknowledged: how many of our test documents the partner accepted, by type."""
    seen = list(shown)
    return [
        _shown(a, seen) if a.direction is Direction.IN else _acknowledged(a, acknowledged)
        for a in sorted(agreements, key=lambda a: (a.direction.value, a.key))
        if a.tests > 0
    ]


def green(listed: Iterable[Item]) -> bool:
    """An empty list proves nothing."""
    found = list(listed)
    return bool(found) and all(i.green for i in found)


def _shown(a: Agreement, seen: Iterable[Shown]) -> Item:
    done = len({s.digest for s in seen if s.type == a.document and s.version.startswith(a.version)})
    name = a.document + (f" in version {a.version}" if a.version else "")
    left = a.tests - done
    what = f"{left} more {name}" if done else f"{left} {name} as {'tests' if left > 1 else 'a test'}"
    hint = f"Send {what}{', each' if left > 1 else ''}{' with other content' if done or left > 1 else ''}."
    return Item(
        key=str(a), title=f"{name}: {_count(a.tests, 'test document')} taken without an error", needed=a.tests,
        done=done, hint=hint if left > 0 else "",
    )  # fmt: skip


def _acknowledged(a: Agreement, acknowledged: Mapping[str, int]) -> Item:
    done = acknowledged.get(a.document, 0)
    hint = f"Ask for samples, read the {a.document} and return an acknowledgement that accepts it."
    return Item(
        key=str(a), title=f"{a.document}: {_count(a.tests, 'document')} of ours acknowledged without an error",
        needed=a.tests, done=done, hint=hint if done < a.tests else "",
    )  # fmt: skip


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("s" if n != 1 else "")
