"""Compiled definitions: the least recently used are let go, and compiled again when they are wanted."""

from typing import Any

import pytest

from crossdock.engine import definitions
from crossdock.engine.definitions import Programs, Recent
from crossdock.errors import NotFound

SOURCE = """
document: { dsl: '1.0.3', namespace: unit, name: %s, version: '1.0.0' }
do: [ { done: { set: { by: %s } } } ]
"""


class Published:
    """As much of a transaction as Programs asks. asked: names that were read, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetchrow(
        self, sql: str, tenant_id: str, namespace: str, name: str, version: str
    ) -> dict[str, str] | None:
        assert sql == definitions.SQL["definition"]
        self.asked.append(f"{tenant_id} {name}")
        return None if name == "none" else {"hash": f"hash of {name}", "source": SOURCE % (name, name)}


async def get(programs: Programs, tx: Any, tenant_id: str, name: str) -> str:
    return (await programs.get(tx, tenant_id, "unit", name, "1.0.0")).name


async def test_the_least_recently_used_program_is_let_go_and_compiled_again() -> None:
    programs, tx = Programs(most=2), Published()
    for name in ("a", "b", "a", "c"):  # c takes the room of b, for a was asked for since
        assert await get(programs, tx, "t", name) == name
    assert tx.asked == ["t a", "t b", "t c"]
    assert programs.known("t", "unit", "b", "1.0.0") is None
    assert programs.known("t", "unit", "a", "1.0.0") is not None
    assert await get(programs, tx, "t", "b") == "b"
    assert tx.asked == ["t a", "t b", "t c", "t b"]


async def test_tenants_share_what_is_compiled_and_not_what_they_may_see() -> None:
    programs, tx = Programs(), Published()
    await get(programs, tx, "t", "a")
    assert programs.known("u", "unit", "a", "1.0.0") is None
    await get(programs, tx, "u", "a")
    assert tx.asked == ["t a", "u a"]
    assert programs.known("t", "unit", "a", "1.0.0") is programs.known("u", "unit", "a", "1.0.0")
    with pytest.raises(NotFound):
        await get(programs, tx, "t", "none")


def test_recent_holds_no_more_than_it_may() -> None:
    kept = Recent[int, int](3)
    for n in range(10):
        kept.put(n, n)
    assert len(kept) == 3
    assert [kept.get(n) for n in range(10)] == [None] * 7 + [7, 8, 9]
