"""Finding things across orders, cases, approvals, documents and customers; and the look-up copies of master data."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.tower import numbers

SQL = queries("crossdock.tower", "search.sql")


def _patterns(text: str | None) -> tuple[str | None, str | None]:
    """(anywhere, at the start), as ilike takes them; both None without a text."""
    if not text or not text.strip():
        return None, None
    plain = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%", f"{plain}%"


async def everything(tx: Tx, tenant_id: str, text: str, own: str | None = None) -> list[dict[str, Any]]:
    """[{kind, id, title, subtitle, link}], what begins with the text first. own: only this customer's orders."""
    anywhere, start = _patterns(text)
    if anywhere is None:
        return []
    begins = (text or "").strip().upper()
    rows = await tx.fetch(SQL["everything"], tenant_id, anywhere, start, own, begins, numbers.compared(begins))
    # an order that is found by two of its numbers is one hit
    found = {(r["kind"], r["id"]): dict(r) for r in sorted(rows, key=lambda r: bool(r["starts"]))}
    return sorted(found.values(), key=lambda r: not r["starts"])


async def customers(tx: Tx, tenant_id: str, text: str | None, limit: int) -> tuple[list[dict[str, Any]], int]:
    rows, total = await _looked_up(tx, "customers", tenant_id, text, limit)
    return [{**r, "ship_to": exactjson.loads(r["ship_to"]) if r["ship_to"] else None} for r in rows], total


async def items(tx: Tx, tenant_id: str, text: str | None, limit: int) -> tuple[list[dict[str, Any]], int]:
    return await _looked_up(tx, "items", tenant_id, text, limit)


async def _looked_up(
    tx: Tx, name: str, tenant_id: str, text: str | None, limit: int
) -> tuple[list[dict[str, Any]], int]:
    rows = await tx.fetch(SQL[name], tenant_id, *_patterns(text), limit)
    return [dict(r) for r in rows], rows[0]["total"] if rows else 0


async def save_customers(tx: Tx, tenant_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Refreshes the look-up copy. Each row has customer_id, name and tier; the rest is kept as it is."""
    await tx.executemany(
        SQL["save_customer"],
        [(tenant_id, r["customer_id"], r["name"], str(r.get("tier") or ""), exactjson.text(r)) for r in rows],
    )


async def save_items(tx: Tx, tenant_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Refreshes the look-up copy. Each row has sku, description, unit and list_price; the rest is kept as it is."""
    await tx.executemany(
        SQL["save_item"],
        [
            (tenant_id, r["sku"], r["description"], r["unit"],
             None if r.get("list_price") is None else Decimal(str(r["list_price"])), exactjson.text(r))
            for r in rows
        ],
    )  # fmt: skip
