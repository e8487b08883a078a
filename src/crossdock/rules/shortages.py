"""Who gets goods that came while several wait for them. Pure arithmetic: what is given, and what is left, is what came.

Ranks come from a decision table. Within a rank the earlier promise goes first, then who has waited longer, then the
lower order number, so the same goods and the same waiting give the same answer. Who takes no part of a line is passed
over while its whole line is not covered; what nobody else takes is offered to it all the same.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

LAST = 1_000_000  # the rank of whom the table was not asked about


def share(
    quantity: Decimal, waiting: Sequence[Mapping[str, Any]], ranks: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Divides what came.

    waiting: {order, line, quantity, promised_on, since} of those who wait, days and moments as ISO text or None.
    ranks: {order, line, rank, split}; the lowest rank comes first. split False: no part of a line.
    Returns {given: [{order, line, quantity, rank}], left}.
    """
    said = {(str(r["order"]), str(r["line"])): r for r in ranks}

    def rank(w: Mapping[str, Any]) -> int:
        return int(said.get(_key(w), {}).get("rank", LAST))

    def split(w: Mapping[str, Any]) -> bool:
        return bool(said.get(_key(w), {}).get("split", True))

    row = sorted(
        waiting,
        key=lambda w: (rank(w), str(w.get("promised_on") or "9999"), str(w["since"]), str(w["order"]), str(w["line"])),
    )
    left, given = Decimal(quantity), dict[tuple[str, str], Decimal]()
    for parts in (False, True):  # first those who take what there is, or whose whole line is covered
        for w in row:
            wanted = Decimal(w["quantity"]) - given.get(_key(w), Decimal(0))
            if wanted <= 0 or left <= 0 or (not parts and not split(w) and wanted > left):
                continue
            part = min(wanted, left)
            given[_key(w)] = given.get(_key(w), Decimal(0)) + part
            left -= part
    return {
        "given": [
            {"order": str(w["order"]), "line": str(w["line"]), "quantity": given[_key(w)], "rank": rank(w)}
            for w in row
            if _key(w) in given
        ],
        "left": left,
    }


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["order"]), str(row["line"])
