"""Our EDIFACT guides beside another implementation's message tables: order, repetition and what must be there.

CROSSDOCK_MESSAGE_SPECS names the folder `messages` of the npm package `edifact` (Apache-2.0), unpacked anywhere; none
of it is kept here. It has INVRPT, which no corpus and no counterparty of ours speaks, and four of the first wave. It
has neither IFTSTA nor RECADV, nor anything of X12.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock.partners.edi import guide
from crossdock.partners.edi.guide import Item

SPECS = os.environ.get("CROSSDOCK_MESSAGE_SPECS")
if not SPECS:
    pytest.skip("message specs: NOT RUN, CROSSDOCK_MESSAGE_SPECS is not set", allow_module_level=True)


def ours(items: list[Item], at: str = "") -> Iterator[tuple[str, tuple[bool, int]]]:
    """Segments by their path of groups, each group named by the segment that opens it."""
    for item in items:
        if item.loop is None:
            yield f"{at}{item.id}", (item.mandatory, item.max)
            continue
        here = f"{at}{item.loop.items[0].id}/"
        yield here, (item.mandatory, item.max)
        yield from ours(item.loop.items, here)


def theirs(rows: list[dict[str, Any]], at: str = "") -> Iterator[tuple[str, tuple[bool, int]]]:
    for row in rows:
        said = (bool(row["mandatory"]), int(row["repetition"]))
        if isinstance(row["content"], str):
            yield f"{at}{row['content']}", said
            continue
        here = f"{at}{row['content'][0]['content']}/"
        yield here, said
        yield from theirs(row["content"], here)


# What an independent table says otherwise of INVRPT, and why we keep ours: a package is marked (PCI), not paid (PAI).
KEPT = {"INVRPT": {"CPS/PAC/PAI"}, "APERAK": set[str]()}

# A later INVOIC has the equipment before the packages, an earlier one after them: ours is the earlier.
MOVED = {"INVOIC": "EQD/"}


@pytest.mark.parametrize("message", sorted(KEPT))
def test_a_guide_allows_and_asks_for_the_same_as_the_other_implementation(message: str):
    mine, other = dict(_ours(message)), dict(_theirs(message))
    assert {p for p, said in other.items() if mine.get(p) != said} == KEPT[message]


@pytest.mark.parametrize("message", ["APERAK", "DESADV", "INVOIC", "INVRPT", "ORDERS"])
def test_segments_stand_in_the_same_order(message: str):
    """Theirs is a later directory, which has more segments; those that both have follow each other alike."""
    mine, other = [p for p, _ in _ours(message)], [p for p, _ in _theirs(message)]
    shared = [
        p for p in mine if mine.count(p) == 1 and other.count(p) == 1 and not p.startswith(MOVED.get(message, "-"))
    ]
    assert len(shared) > 15
    assert shared == [p for p in other if p in set(shared)]


def _ours(message: str) -> list[tuple[str, tuple[bool, int]]]:
    return list(ours(guide.load(f"edifact-{message.lower()}").root.items))


def _theirs(message: str) -> list[tuple[str, tuple[bool, int]]]:
    return list(theirs(json.loads((Path(str(SPECS)) / f"{message}.json").read_text(encoding="utf-8"))))
