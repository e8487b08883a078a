"""Where a canonical document is shaped otherwise than its message: orders; despatch and receipt advice of EDIFACT."""

from decimal import Decimal
from itertools import groupby
from typing import Any

from crossdock.partners.maps.paths import Plain


def as_order(data: Plain) -> None:
    """The purchase order keeps its references by kind and its notes as one text."""
    references: dict[str, str] = {}
    for found in data.pop("references", ()):
        if found.get("value"):
            references.setdefault(found["kind"], found["value"])
    data["references"] = references
    if (notes := data.pop("notes", None)) is not None:
        data["notes"] = "\n".join(notes)

    for place, line in enumerate(data.setdefault("lines", []), 1):
        line.setdefault("number", str(place))
        line.setdefault("items", [])
        line.setdefault("quantity", Decimal(0))  # judged as none
        line.setdefault("unit", "PCE")  # EANCOM: without a unit, pieces are meant


def as_despatch(data: Plain) -> Plain:
    """The header of a DESADV is the shipment, a CPS group a package, and its lines are items in it."""

    def pack(unit: Plain) -> Plain:
        items = [{"level": "item", **line} for line in unit.pop("lines", [])]
        below = [pack(u) for u in unit.pop("units", [])]
        marks = [{"kind": "sscc", "value": unit.pop("sscc")}] if "sscc" in unit else []
        return {**unit, "marks": marks, "units": [*items, *below]}

    shipment: Plain = data.pop("shipment", {})
    units = [pack(u) for u in shipment.pop("units", [])]
    return {**data, "units": [{"level": "shipment", **shipment, "units": units}]}


def from_despatch(data: Plain) -> Plain:
    """The inverse. An order between shipment and package is said at its items; items in no package get one."""

    def pack(unit: Plain, order_number: str) -> Plain:
        own = {k: v for k, v in unit.items() if k not in {"units", "marks", "level"}}
        order_number = own.pop("order_number", order_number)
        lines, below = split(unit, order_number)
        for mark in unit.get("marks", []):
            if mark.get("kind") == "sscc":
                own.setdefault("sscc", mark["value"])
        return {**own, "level": "pack", "lines": lines, "units": below}

    def split(unit: Plain, order_number: str) -> tuple[list[Plain], list[Plain]]:
        lines: list[Plain] = []
        below: list[Plain] = []
        for child in unit.get("units", []):
            if child["level"] == "item":
                line = {k: v for k, v in child.items() if k != "level"}
                if order_number:
                    line.setdefault("order_number", order_number)
                lines.append(line)
            elif child["level"] == "order":
                own, packs = split(child, child.get("order_number", order_number))
                lines += own
                below += packs
            else:
                below.append(pack(child, order_number))
        return lines, below

    units: list[Plain] = data.pop("units", [])
    head = {k: v for u in units[:1] for k, v in u.items() if k not in {"units", "level"}}
    lines, below = split(units[0], "") if units else ([], [])
    if lines:
        below.insert(0, {"level": "pack", "lines": lines})
    return {**data, "shipment": {**head, "units": below}}


def as_receipt(data: Plain) -> Plain:
    """The lines of a RECADV lie in packages (CPS groups); of a package, a receipt keeps the SSCC with each line."""

    def lines(units: list[Plain]) -> list[Plain]:
        found: list[Plain] = []
        for unit in units:
            package = {"package": unit["sscc"]} if "sscc" in unit else {}
            found += [{**package, **line} for line in unit.get("lines", [])] + lines(unit.get("units", []))
        return found

    return {**data, "lines": lines(data.pop("units", []))}


def from_receipt(data: Plain) -> Plain:
    """The inverse: a package for each run of lines that lie in one."""
    lines: list[Plain] = data.pop("lines", [])
    units: list[Any] = []
    for package, inside in groupby(lines, lambda line: line.get("package", "")):
        own = [{k: v for k, v in line.items() if k != "package"} for line in inside]
        units.append({**({"sscc": package} if package else {}), "lines": own})
    return {**data, "units": units}
