"""The canonical documents that maps make and write, and their plain form: dicts without what is empty."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeAlias, cast

from crossdock.canonical import (
    acknowledgement,
    change,
    despatch,
    invoice,
    order,
    receipt,
    remittance,
    response,
    stock,
    transport,
)

Canonical: TypeAlias = (
    order.PurchaseOrder
    | response.OrderResponse
    | change.OrderChange
    | despatch.DespatchAdvice
    | invoice.Invoice
    | stock.InventoryReport
    | stock.WarehouseOrder
    | stock.WarehouseShipAdvice
    | remittance.RemittanceAdvice
    | receipt.ReceiptAdvice
    | transport.TransportStatus
    | transport.LoadTender
    | transport.TenderResponse
    | transport.FreightInvoice
    | acknowledgement.FunctionalAcknowledgement
    | acknowledgement.ApplicationAcknowledgement
)
OBJECTS: dict[str, type[Canonical]] = {
    t.__name__: t
    for t in (
        order.PurchaseOrder,
        response.OrderResponse,
        change.OrderChange,
        despatch.DespatchAdvice,
        invoice.Invoice,
        stock.InventoryReport,
        stock.WarehouseOrder,
        stock.WarehouseShipAdvice,
        remittance.RemittanceAdvice,
        receipt.ReceiptAdvice,
        transport.TransportStatus,
        transport.LoadTender,
        transport.TenderResponse,
        transport.FreightInvoice,
        acknowledgement.FunctionalAcknowledgement,
        acknowledgement.ApplicationAcknowledgement,
    )
}


def plain(value: Any) -> Any:
    """As reading makes it: dicts without what is empty, decimals and dates as they are."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {k: v for k, v in found.items() if v is not None and v not in ("", [], {})}
    if isinstance(value, tuple | list):
        return [plain(v) for v in cast(Sequence[Any], value)]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, dict):
        return dict(cast(dict[str, Any], value))
    return value
