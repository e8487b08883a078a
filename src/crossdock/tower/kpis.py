"""The figures of the strip, each with its formula, clock and exclusions beside it.

Definitions are docs/kpi.md; a figure without data is None, never 0: no data is not failure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crossdock.db import Tx, queries

SQL = queries("crossdock.tower", "kpis.sql")

WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """value: exact decimal as text in `unit` (count, percent, hours), or None without data. good: which way is better."""

    key: str
    label: str
    value: str | None
    unit: str
    target: str | None
    good: str
    note: str
    formula: str
    series: list[float]
    delta: str | None = None


async def strip(tx: Tx, tenant_id: str, now: datetime) -> list[Kpi]:
    """The KPI strip of the board, over the last seven business days."""
    n = await tx.fetchrow(SQL["numbers"], tenant_id, now, now - WINDOW)
    assert n is not None
    hours = await tx.fetch(SQL["series"], tenant_id, now)
    return [
        Kpi(
            key="open_orders", label="Open orders", value=str(n["open_orders"]), unit="count", target=None, good="down",
            note=f"{n['received']} received in 7 days",
            formula="Orders received and neither closed, cancelled nor rejected, now.",
            series=[float(h["open_orders"]) for h in hours],
        ),
        Kpi(
            key="otif", label="OTIF, 7 days", value=percent(n["otif"], n["due"]), unit="percent", target="97.0", good="up",
            note=f"{n['due']} orders due",
            formula="Orders delivered by the promised (else requested) day and in full ÷ orders due in the window; "
            "cancelled and rejected orders excluded; tolerance none.",
            series=[],
        ),
        Kpi(
            key="cycle_time", label="Median release time", value=hours_of(n["cycle_s"]), unit="hours", target="4.0", good="down",
            note="intake to warehouse release",
            formula="Median of release − receipt over orders released in the window, in elapsed hours of business time.",
            series=[float(h["cycle_s"] or 0) / 3600 for h in hours],
        ),
        Kpi(
            key="touchless", label="Touchless orders", value=percent(n["touchless"], n["invoiced"]), unit="percent",
            target="85.0", good="up", note=f"{n['invoiced']} orders invoiced",
            formula="Orders without a human write from receipt to invoice ÷ orders invoiced in the window.",
            series=[_ratio(h["touchless"], h["invoiced"]) for h in hours],
        ),
        Kpi(
            key="exceptions", label="Open exceptions", value=str(n["open_cases"]), unit="count", target="0", good="down",
            note="cases of open orders", formula="Cases open now, snoozed ones included.", series=[],
        ),
        Kpi(
            key="approvals", label="Approvals waiting", value=str(n["pending_approvals"]), unit="count", target="0",
            good="down", note="asked and not decided", formula="Approvals asked for and neither decided nor void.", series=[],
        ),
    ]  # fmt: skip


def percent(part: int, whole: int) -> str | None:
    return None if not whole else str((Decimal(part) * 100 / whole).quantize(Decimal("0.1")))


def hours_of(seconds: float | None) -> str | None:
    return None if seconds is None else str((Decimal(str(seconds)) / 3600).quantize(Decimal("0.01")))


def _ratio(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


async def throughput(tx: Tx, tenant_id: str, now: datetime, hours: int) -> list[dict[str, Any]]:
    """Orders received by hour and channel, oldest hour first."""
    return [dict(r) for r in await tx.fetch(SQL["throughput"], tenant_id, now, hours)]


async def stages(tx: Tx, tenant_id: str, now: datetime) -> dict[tuple[str, str], tuple[int, int, Decimal]]:
    """(definition name, stage) → (open orders, late ones, their value)."""
    rows = await tx.fetch(SQL["stages"], tenant_id, now)
    return {(r["name"], r["stage"]): (r["count"], r["late"], r["value"]) for r in rows}
