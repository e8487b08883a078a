"""A line that is delivered to places of its own, or in parts: what UBL's Delivery and cXML's ShipTo say of it.

The maps read each delivery of a line as one of its `splits`, with an address where it has one. Here they become what
X12's SDQ says: how much goes to which numbered place, and when. A delivery that names neither place nor quantity says
when for all of the line; one that names no place goes to the order's own ship-to. Where all lines go to one place, that
place is the order's own and nothing is split.

A place that lines tell apart needs a number, since a place is known by it in every later document; without one the
order is held. So is a line that one place wants on several days (judged by `canonical.splitting.several_days`): a line
of an order has one day.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.partners.maps.paths import Plain
from crossdock.partners.maps.xml import Reading
from crossdock.partners.model import hold

SHIP_TO = "ship_to"
REQUESTED = "delivery_requested"


@dataclass(frozen=True, slots=True)
class _Place:
    id: str = ""
    scheme: str = ""
    words: str = ""  # the address, to be compared by
    address: Plain = field(default_factory=dict[str, Any], compare=False)

    @property
    def named(self) -> bool:
        return bool(self.id or self.words)

    def same(self, other: "_Place") -> bool:
        """By number."""
        return (self.id, self.scheme) == (other.id, other.scheme)

    def party(self) -> Plain:
        said = {"id": self.id, "scheme": self.scheme, "address": self.address}
        return {"role": SHIP_TO, **{k: v for k, v in said.items() if v}}


def settle(r: Reading, data: Plain) -> None:
    """The deliveries of the lines as canonical splits, their addresses as parties. data: an order's or a change's."""
    lines: list[Plain] = data.get("lines", [])
    parties: list[Plain] = data.setdefault("parties", [])
    found = [_parts(line) for line in lines]
    own = next((_place(p, "id") for p in parties if p.get("role") == SHIP_TO), None)
    everywhere = {_place(d) for parts in found for d in parts}
    if own is None and len(everywhere) == 1 and all(found) and next(iter(everywhere)).named:
        [own] = everywhere
        parties.append(own.party())
    for at, (line, parts) in enumerate(zip(lines, found, strict=True)):
        if parts:
            _split(r, line, at, parts, own, parties)
        elif own is None and any(p.named for p in everywhere):
            _hold(r, at, line, "a place, as other lines have, or a ship-to of the whole order", "none")


def tell(data: Plain) -> None:
    """The inverse, for UBL, whose order has one place of its own: the addresses of the others stand in their lines."""
    parties: list[Plain] = data.get("parties", [])
    others = [p for p in parties if p.get("role") == SHIP_TO][1:]
    for line in data.get("lines", ()):
        for split in line.get("splits", ()):
            known = (p for p in others if _place(p, "id").same(_place(split)))
            if (party := next(known, None)) is not None and "address" in party:
                split["address"] = party["address"]
    told = [_place(s) for line in data.get("lines", ()) for s in line.get("splits", ())]
    data["parties"] = [p for p in parties if p not in others or not any(_place(p, "id").same(t) for t in told)]


def _place(data: Plain, number: str = SHIP_TO) -> _Place:
    address: Plain = {k: v for k, v in data.get("address", {}).items() if v}
    words = "; ".join(f"{k} {v}" for k, v in sorted(address.items()))
    return _Place(data.get(number, ""), data.get("scheme", ""), words, address)


def _parts(line: Plain) -> list[Plain]:
    """What the line says of each of its parts; its own day where one holds for all of it."""
    given: list[Plain] = line.pop("splits", [])
    parts = [d for d in given if _place(d).named or "quantity" in d]
    if any("quantity" in d for d in parts):  # one that only says where, beside others that only say how much
        where = [d for d in parts if "quantity" not in d]
        parts = [d for d in parts if "quantity" in d]
        if len(where) == 1 and not any(_place(d).named for d in parts):
            about = {k: v for k, v in where[0].items() if k in {SHIP_TO, "scheme", "address"}}
            parts = [{**about, **d} for d in parts]
        else:
            parts += where
    days = {d.get("requested_on") for d in parts}
    whole = next((d["requested_on"] for d in given if d not in parts and "requested_on" in d), None)
    if whole is not None or len(days) == 1:
        _ask(line, whole or next(iter(days)))
    elif len(days) > 1:
        _ask(line, None)
    return parts


def _ask(line: Plain, on: date | None) -> None:
    """When all of the line is wanted; None: its parts say."""
    if "dates" in line:
        line["dates"] = [d for d in line["dates"] if d.get("kind") != REQUESTED]
        if on is not None:
            line["dates"].insert(0, {"kind": REQUESTED, "on": on})
    elif on is None:
        line.pop("requested_on", None)


def _split(r: Reading, line: Plain, at: int, parts: list[Plain], own: _Place | None, parties: list[Plain]) -> None:
    splits: list[Plain] = []
    for part in parts:
        place = _known(_place(part), own, parties)
        if place.named and not place.id and place != own:
            _hold(r, at, line, "a number of the place (its ID)", "an address alone")
        amount = part.get("quantity", line.get("quantity", Decimal(0)) if len(parts) == 1 else Decimal(0))
        said = {SHIP_TO: place.id, "scheme": place.scheme, "quantity": amount, "unit": part.get("unit", "")}
        said["requested_on"] = part.get("requested_on")
        splits.append({k: v for k, v in said.items() if v is not None})
        known = {(p.get("id", ""), p.get("scheme", "")) for p in parties if p.get("role") == SHIP_TO}
        if place.id and place.words and (place.id, place.scheme) not in known:
            parties.append(place.party())
    [first, *others] = splits
    here = own or _Place()
    alone = not others and (first[SHIP_TO], first["scheme"]) == (here.id, here.scheme)
    if not alone or first["quantity"] != line.get("quantity", first["quantity"]):
        line["splits"] = splits


def _known(place: _Place, own: _Place | None, parties: list[Plain]) -> _Place:
    """The order's own where none is named; a place that is told by its address alone, by the number that it has."""
    if not place.named:
        return own or place
    if place.id:
        return place
    others = (_place(p, "id") for p in parties if p.get("role") == SHIP_TO)
    return next((o for o in others if o.words == place.words), place)


def _hold(r: Reading, at: int, line: Plain, expected: str, found: str) -> None:
    where = f"Line {line.get('number', at + 1)}: {r.where(f'/lines/{at}/number')}"
    text = "Ask the sender to number its places; then the order is divided by them."
    r.report(hold("order.split.place", where, expected, found, text))
