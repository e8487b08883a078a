"""At which of our sites a case is: as whoever opens it says, else as its evidence says.

Pure. Evidence that names several sites names none; then the order's own records decide (routing.sql).
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

MAX_NAME = 60
PARTS = ("shipments", "reservations", "shipment", "reservation")  # members of evidence that are at a site each


def site_of(evidence: Any, data: Any = None) -> str:
    """ "" where nothing names exactly one."""
    for told in (evidence, data):
        found = {s for s in _sites(told) if s}
        if len(found) == 1:
            return found.pop()
    return ""


def _sites(told: Any) -> Iterator[str]:
    if not isinstance(told, Mapping):
        return
    given = cast("Mapping[str, Any]", told)
    if isinstance(given.get("site"), str):
        yield str(given["site"])[:MAX_NAME]
        return
    for part in PARTS:
        inner = given.get(part)
        for member in cast("list[Any]", inner) if isinstance(inner, list) else [inner]:
            if isinstance(member, Mapping):
                yield from _sites({"site": cast("Mapping[str, Any]", member).get("site")})
