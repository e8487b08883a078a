"""The figures of the strip, each with its formula, clock and exclusions beside it.

Definitions are docs/kpi.md; a figure without data is None, never 0: no data is not failure. The change is against the
same figure seven business days before, and None when there were no orders then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crossdock.db import Tx, queries
from crossdock.tower import board

SQL = queries("crossdock.tower", "kpis.sql")

WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """value: exact decimal as text in `unit` (count, percent, hours), None without data. good: which way is better."""

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
    zone = str(await tx.fetchval(SQL["zone"], tenant_id) or "UTC")
    on = [board.today(now - n * WINDOW, zone) for n in range(3)]
    n = await tx.fetchrow(SQL["numbers"], tenant_id, now, now - WINDOW, zone, *on[:2])
    before = await tx.fetchrow(SQL["numbers"], tenant_id, now - WINDOW, now - 2 * WINDOW, zone, *on[1:])
    assert n is not None
    assert before is not None
    hours = await tx.fetch(SQL["series"], tenant_id, now)
    days = await tx.fetch(SQL["otif_days"], tenant_id, on[0], zone)
    risks = await tx.fetchrow(SQL["risks"], tenant_id)
    assert risks is not None

    def grown(name: str) -> str | None:
        return str(n[name] - before[name]) if before["ever"] else None

    otif, otif_before = percent(n["otif"], n["due"]), percent(before["otif"], before["due"])
    cycle, cycle_before = hours_of(n["cycle_s"]), hours_of(before["cycle_s"])
    touchless = percent(n["touchless"], n["invoiced"])
    return [
        Kpi(
            key="open_orders", label="Open orders", value=str(n["open_orders"]), unit="count", target=None, good="down",
            note=f"{n['received']} received in 7 days",
            formula="Orders received and neither closed, cancelled nor rejected, now.",
            series=[float(h["open_orders"]) for h in hours], delta=grown("open_orders"),
        ),
        Kpi(
            key="otif", label="OTIF, 7 days", value=otif, unit="percent", target="97.0", good="up",
            note=f"{n['due']} orders due",
            formula="Orders delivered in full by the day first promised (else requested) ÷ orders whose day was over "
            "in the window; cancelled and rejected orders excluded; no tolerance.",
            series=[_ratio(d["otif"], d["due"]) for d in days], delta=_difference(otif, otif_before),
        ),
        Kpi(
            key="cycle_time", label="Median release time", value=cycle, unit="hours", target="4.0", good="down",
            note="intake to warehouse release",
            formula="Median of release − receipt over orders released in the window, in elapsed hours of business "
            "time.",
            series=[float(h["cycle_s"]) / 3600 for h in hours if h["cycle_s"] is not None],
            delta=_difference(cycle, cycle_before),
        ),
        Kpi(
            key="touchless", label="Touchless orders", value=touchless, unit="percent", target="85.0", good="up",
            note=f"{n['invoiced']} orders invoiced",
            formula="Orders without a human write from receipt to first invoice ÷ orders first invoiced in the window. "
            "Entering an order by hand and releasing a held document are human writes.",
            series=[_ratio(h["touchless"], h["invoiced"]) for h in hours if h["invoiced"]],
            delta=_difference(touchless, percent(before["touchless"], before["invoiced"])),
        ),
        Kpi(
            key="exceptions", label="Open exceptions", value=str(n["open_cases"]), unit="count", target="0",
            good="down", note="snoozed ones included",
            formula="Cases opened and not closed, now; snoozed ones included.",
            series=[float(h["open_cases"]) for h in hours], delta=grown("open_cases"),
        ),
        Kpi(
            key="approvals", label="Approvals waiting", value=str(n["pending_approvals"]), unit="count", target="0",
            good="down", note="asked and not decided",
            formula="Approvals asked for and neither decided, expired nor void, now.",
            series=[float(h["pending_approvals"]) for h in hours], delta=grown("pending_approvals"),
        ),
        Kpi(
            key="at_risk", label="Promises at risk", value=str(risks["orders"]), unit="count", target="0", good="down",
            note=f"{risks['missed']} days missed",
            formula="Open orders that are expected later than promised, or of which no day can be named, while their "
            "promised day is not over.",
            series=[],
        ),
    ]  # fmt: skip


def percent(part: int, whole: int) -> str | None:
    return None if not whole else str((Decimal(part) * 100 / whole).quantize(Decimal("0.1")))


def hours_of(seconds: float | None) -> str | None:
    return None if seconds is None else str((Decimal(str(seconds)) / 3600).quantize(Decimal("0.01")))


def _difference(now: str | None, before: str | None) -> str | None:
    return None if now is None or before is None else str(Decimal(now) - Decimal(before))


def _ratio(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


async def throughput(tx: Tx, tenant_id: str, now: datetime, hours: int) -> list[dict[str, Any]]:
    """Orders received by hour and channel, oldest hour first: {at, x12, json, csv, manual, total}."""
    return [dict(r) for r in await tx.fetch(SQL["throughput"], tenant_id, now, hours)]
