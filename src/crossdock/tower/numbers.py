"""The numbers by which people remember an order: of its shipments, parcels, packages, invoices and credits.

Read from events as they are projected, so that an order is found by what stands on a parcel also where no partner was
ever sent a document about it. What a barcode scanner adds to a number is taken off before it is compared.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

SPAN = 200  # what nobody types is no number
MOST = 5000  # of one event


def keys(type_: str, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(kind, value) of every number that an event bears, each once. type_ without the prefix of ours."""
    return sorted(set(_found(type_, data)))[:MOST]


def compared(value: str) -> str:
    """As it is compared: in capitals without blanks, an SSCC without its application identifier (00)."""
    plain = re.sub(r"\s+", "", value).upper()
    if re.fullmatch(r"(\(00\)|00)[0-9]{18}", plain):
        return plain[-18:]
    return plain


def _found(type_: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    match type_:
        case "order.released":
            for part in _rows(data.get("shipments")):
                yield from _of(part, "shipment", "tracking")
        case "backorder.released" | "order.shipped" | "shipment.packed" | "shipment.shipped":
            yield from _of(data, "shipment", "tracking", "bol")
            for package in _rows(data.get("packages")):
                yield from _of(package, "sscc", "tracking")
        case "order.invoiced":
            yield from _of(data, "invoice")
        case "return.credited" | "dispute.credited" | "delivery.credited":
            yield from _of(data, "rma")
            for credit in _rows(data.get("credits")):
                yield from _of(credit, "credit")
        case _:
            return


def _of(data: Mapping[str, Any], *kinds: str) -> Iterator[tuple[str, str]]:
    for kind in kinds:
        value = data.get(kind)
        if isinstance(value, str) and 0 < len(compared(value)) <= SPAN:
            yield kind, compared(value)


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [r for r in cast("list[Any]", value) if isinstance(r, dict)] if isinstance(value, list) else []
