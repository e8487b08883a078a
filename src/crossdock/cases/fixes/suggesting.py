"""What an order that was refused most likely meant, said with its reason, so that a person can say yes to many at once.

A cluster has one fix for all its cases; cases that stand alone have none in common, and most of a day's clicks go into
them. For each the corrected data are suggested where everything that is wrong with the order has one likely answer by
the records alone: an item number that only one known number is close to, a date that is over, a place that is missing.
One violation without such an answer, and nothing is suggested. A question that has nothing to correct is answered by
precedent: where people have answered all of its kind of late in the same way, that is suggested.

Nothing is ever done by itself: what a person ticks becomes a fix (`EachItsOwn`) with a preview, progress and a way back
like every other.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from rapidfuzz import process
from rapidfuzz.distance import OSA

from crossdock import exactjson
from crossdock.cases import casework, common
from crossdock.cases.casework import Case
from crossdock.cases.fixes.carrying import AWAY, SQL, Shape, shape
from crossdock.cases.fixes.ordered import SUPPLIER
from crossdock.db import Tx
from crossdock.events.inbox import business_now

MOST = 200  # cases looked at in one go
MOST_ITEMS = 50_000  # of the catalogue that are compared; whoever has not seen all cannot say that no other is close
CLOSE = 2  # edits between a number as it came and the one that is meant
HEAD = 3  # characters at the start that are right: what a person gets wrong is further behind
SHORTEST = 5  # of a number: below it everything is close to everything
ALIKE = str.maketrans({"O": "0", "I": "1"})  # letters that are read and written for digits
# How likely a slip is, the likeliest first; what is edited otherwise comes behind, by how much.
LOOKS, BEHIND, TWICE, EDITED = 0, 1, 2, 3
PRECEDENTS, PRECEDENT_DAYS = 10, 90  # answers of one kind, all alike, that make a precedent; how old they may be
# What a customer pays beside the list price: who states a price far from it means another item.
CHEAPEST, DEAREST = Decimal("0.5"), Decimal("1.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """units: in which it is sold, with the pieces in each. list_price: of a piece."""

    sku: str
    description: str
    gtin: str
    units: Mapping[str, Decimal]
    list_price: Decimal | None = None


class Catalogue:
    """Items by how their numbers begin, and by GTIN: of a large catalogue few are compared with one number."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._by_head: dict[str, tuple[list[str], list[Item]]] = {}
        self._by_gtin: dict[str, list[Item]] = {}
        for item in items:
            bare = _read(item.sku)
            numbers, them = self._by_head.setdefault(bare[:HEAD], ([], []))
            numbers.append(bare)
            them.append(item)
            if item.gtin:
                self._by_gtin.setdefault(item.gtin, []).append(item)

    def with_gtin(self, gtin: str) -> Sequence[Item]:
        return self._by_gtin.get(gtin, ())

    def near(self, written: str) -> Iterable[tuple[int, Item]]:
        """(how unlikely the slip is, item) of those at most CLOSE edits away."""
        bare = _read(written)
        numbers, items = self._by_head.get(bare[:HEAD], ([], []))
        found = process.extract(bare, numbers, scorer=OSA.distance, score_cutoff=CLOSE, limit=None)
        for number, distance, at in found:
            yield _slip(written, bare, number, items[at].sku, int(distance)), items[at]


def _slip(written: str, bare: str, number: str, sku: str, edits: int) -> int:
    """How one who means `sku` comes to write what was written. bare, number: both without what nobody agrees on."""
    if not edits:
        return LOOKS
    behind = written[len(sku) :]
    if written.upper().startswith(sku.upper()) and not behind[:1].isdigit():
        return BEHIND  # a whole number, and a revision or position behind it
    if edits == 1 and any(bare[:n] + bare[n + 1 :] == number for n in range(1, len(bare)) if bare[n] == bare[n - 1]):
        return TWICE
    return EDITED + (min(1, edits) if bare.startswith(number) else edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the records say that a suggestion may rest on. ordered: how often this customer has ordered each item."""

    items: Catalogue = field(default_factory=Catalogue)
    ship_to: Mapping[str, Any] | None = None
    ordered: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """data: the members of the case's data as they would be. action: by which it is answered; "" is checked again, as
    corrected. what: in words. why: what it rests on."""

    case: Case
    data: dict[str, Any]
    action: str = ""
    what: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    members: dict[str, Any]
    what: str
    why: str


async def alone(tx: Tx, tenant_id: str, *, limit: int = MOST) -> list[Suggestion]:
    """Of the open cases that share their cause with no other, what is suggested; due first comes first."""
    rows = await tx.fetch(SQL["alone"], tenant_id, min(limit, MOST))
    every = [c for c in map(casework.case_of, rows) if shape(c) is Shape.PROCESS]
    cases = [c for c in every if wrong_with(c)]
    asked = [c for c in every if not wrong_with(c) and not c.editable]
    numbers = sorted({number for c in cases for _, number in _unknown(c)})
    # the database keeps numbers as they are: those that are only read so are asked for by each way to write them
    bare = sorted({(h, len(b)) for n in numbers if (b := _read(n)) for h in _ways(b[:HEAD])})
    items = [
        _item(r)
        for r in await tx.fetch(
            SQL["items_like"], tenant_id, [head for head, _ in bare], [n for _, n in bare], numbers, MOST_ITEMS + 1
        )
    ] if numbers else []  # fmt: skip
    customers = sorted({c.customer_id for c in cases})
    places = {r["customer_id"]: r["body"] for r in await tx.fetch(SQL["places_of_customers"], tenant_id, customers)}
    before: dict[str, dict[str, int]] = {}
    for r in await tx.fetch(SQL["ordered_before"], tenant_id, customers, [i.sku for i in items]):
        before.setdefault(r["customer_id"], {})[r["sku"]] = r["n"]
    known = [
        Known(
            ship_to=_mapping(exactjson.loads(places.get(c.customer_id) or "{}")).get("ship_to"),
            ordered=before.get(c.customer_id),
        )
        for c in cases
    ]
    corrected = await asyncio.to_thread(_all, cases, known, items if len(items) <= MOST_ITEMS else [])
    usual = await _usual(tx, tenant_id, {c.kind for c in asked})
    return [*corrected, *(s for c in asked if (s := by_precedent(c, usual.get(c.kind, ()))) is not None)]


async def _usual(tx: Tx, tenant_id: str, kinds: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """How people have answered cases of these kinds, the last first."""
    since = await business_now(tx) - timedelta(days=PRECEDENT_DAYS)
    found: dict[str, list[str]] = {}
    for row in await tx.fetch(SQL["answered_by_people"], tenant_id, sorted(kinds), since, common.SYSTEM):
        found.setdefault(row["kind"], []).append(row["resolution"])
    return found


def _all(cases: Sequence[Case], known: Sequence[Known], items: Sequence[Item]) -> list[Suggestion]:
    """In a thread: many thousand numbers are compared, and others' requests go on meanwhile."""
    catalogue = Catalogue(items)
    found = [suggest(c, replace(k, items=catalogue)) for c, k in zip(cases, known, strict=True)]
    return [s for s in found if s is not None]


def _item(row: Any) -> Item:
    body = _mapping(exactjson.loads(row["body"]))
    units = {unit: Decimal(str(pieces)) for unit, pieces in _mapping(body.get("units")).items()}
    return Item(
        sku=row["sku"], description=row["description"], gtin=str(body.get("gtin") or ""),
        units=units or {str(row["unit"]): Decimal(1)}, list_price=row["list_price"],
    )  # fmt: skip


# ── pure ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def wrong_with(case: Case) -> list[str]:
    """The codes of what the order was refused for."""
    return [str(v.get("code")) for v in _mappings(_mapping(case.evidence).get("violations"))]


def suggest(case: Case, known: Known) -> Suggestion | None:
    """One answer to everything that is wrong, or None."""
    if "resubmit" not in {str(a["id"]) for a in case.actions}:
        return None
    answers: list[_Answer] = []
    for code in dict.fromkeys(wrong_with(case)):
        match code:
            case "unknown-item":
                answer = _items(case, known)
            case "date-past":
                answer = _date(case)
            case "ship-to":
                answer = _place(known)
            case _:
                answer = None
        if answer is None:
            return None
        answers.append(answer)
    data = {name: value for a in answers for name, value in a.members.items()}
    if not data or any(not _may(case, name) for name in data):
        return None
    return Suggestion(case=case, data=data, what=tuple(a.what for a in answers), why=tuple(a.why for a in answers))


def by_precedent(case: Case, answered: Sequence[str]) -> Suggestion | None:
    """answered: how people have answered its kind, the last first. An end of the order is never suggested."""
    last = answered[:PRECEDENTS]
    offered = {str(a["id"]): a for a in case.actions}
    if len(last) < PRECEDENTS or len(set(last)) > 1 or last[0] in AWAY or last[0] not in offered:
        return None
    if offered[last[0]].get("needs_input"):
        return None
    label = str(offered[last[0]].get("label") or last[0])
    why = f"the last {PRECEDENTS} of this kind that people answered were all answered so"
    return Suggestion(case=case, data={}, action=last[0], what=(label,), why=(why,))


def _items(case: Case, known: Known) -> _Answer | None:
    lines = _mappings(_mapping(case.data).get("lines"))
    wrong = {line for line, _ in _unknown(case)}
    after: list[dict[str, Any]] = []
    whats: list[str] = []
    whys: list[str] = []
    for line in lines:
        name = str(line.get("line"))
        if name not in wrong:
            after.append(dict(line))
            continue
        found = _meant(line, known)
        if found is None:
            return None
        item, number, why = found
        others = [i for i in _mappings(line.get("items")) if i.get("scheme") != SUPPLIER]
        after.append({**line, "items": [{"scheme": SUPPLIER, "value": item.sku}, *others]})
        whats.append(f"line {name}: {item.sku} {item.description} for {number}")
        whys.append(why)
    return _Answer({"lines": after}, "; ".join(whats), "; ".join(whys)) if whats else None


def _meant(line: Mapping[str, Any], known: Known) -> tuple[Item, str, str] | None:
    """The one item that a line can mean, the number as it came, and why."""
    named = [(str(i.get("scheme")), str(i.get("value"))) for i in _mappings(line.get("items"))]
    for scheme, value in named:
        same = [i for i in known.items.with_gtin(value) if scheme == "gtin" and _fits(line, i)]
        if len(same) == 1:
            return same[0], value, f"its GTIN is {value}"
    for _, value in named:
        if len(_read(value)) < SHORTEST:
            continue
        near = [(slip, i) for slip, i in known.items.near(value) if _fits(line, i)]
        likeliest = min((slip for slip, _ in near), default=0)
        close = [i for slip, i in near if slip == likeliest]
        exact = [i for i in close if len(close) > 1 and _at_its_price(line, i)]
        if len(close) != 1 and len(exact) != 1:
            continue
        item = exact[0] if exact else close[0]
        times = (known.ordered or {}).get(item.sku, 0)
        said = "its price fits" if line.get("unit_price") is not None and item.list_price else "it is sold in this unit"
        before = f"; this customer has ordered it {times} times" if times else ""
        if exact:
            return item, value, f"of the numbers as close to {value}, it alone has exactly the price stated{before}"
        return item, value, f"no other number that begins so is as close to {value}, and {said}{before}"
    return None


def _at_its_price(line: Mapping[str, Any], item: Item) -> bool:
    """Stated to the cent as it is listed."""
    stated, pieces = line.get("unit_price"), item.units.get(str(line.get("unit") or ""))
    if not isinstance(stated, int | Decimal) or item.list_price is None or pieces is None:
        return False
    return stated == item.list_price * pieces


def _fits(line: Mapping[str, Any], item: Item) -> bool:
    """Sold in the line's unit, at a price like that which it states."""
    unit, stated = str(line.get("unit") or ""), line.get("unit_price")
    pieces = item.units.get(unit) if unit else Decimal(1)
    if pieces is None:
        return False
    if not isinstance(stated, int | Decimal) or not item.list_price or not pieces:
        return True
    return CHEAPEST <= stated / (item.list_price * pieces) <= DEAREST


def _bare(number: str) -> str:
    """Letters and digits alone: where hyphens and spaces stand, nobody agrees."""
    return "".join(c for c in number.upper() if c.isascii() and c.isalnum())


def _ways(head: str) -> list[str]:
    """A beginning as it may be written: K10 also as KI0, K1O and KIO."""
    ways = [""]
    for c in head:
        ways = [w + other for w in ways for other in {"0": "0O", "1": "1I"}.get(c, c)]
    return ways


def _read(number: str) -> str:
    """As it is read: a letter that looks like a digit is one, in every number alike."""
    return _bare(number).translate(ALIKE)


def _date(case: Case) -> _Answer:
    over = _mapping(case.data).get("requested_on")
    return _Answer(
        {"requested_on": None}, f"as soon as possible instead of {over}", "the day that was asked for is over"
    )


def _place(known: Known) -> _Answer | None:
    place = known.ship_to
    if not place or not place.get("city") or not place.get("country"):
        return None
    where = f"{place.get('postal_code', '')} {place['city']}".strip()
    return _Answer({"ship_to": dict(place)}, f"to {where}", "it is the customer's own address; the order names none")


def _unknown(case: Case) -> Iterable[tuple[str, str]]:
    """(line, number as it came) of the lines whose item nobody knows."""
    told = _mappings(_mapping(case.evidence).get("lines"))
    wrong = {str(n.get("line")) for n in told if n.get("problem") == "unknown_item"}
    for line in _mappings(_mapping(case.data).get("lines")):
        if str(line.get("line")) in wrong:
            for item in _mappings(line.get("items")):
                yield str(line.get("line")), str(item.get("value"))


def _may(case: Case, member: str) -> bool:
    return any(p == f"/{member}" for p in case.editable)


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, Any]", v) for v in listed if isinstance(v, Mapping)]
