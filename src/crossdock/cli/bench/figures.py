"""Numbers from repeats: medians, spread, percentiles, and the goals they are held against."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]


def summary(values: Sequence[float], digits: int = 1) -> Figures:
    """Median, least, most and all of the repeats. Empty for no values."""
    if not values:
        return {}
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
        "repeats": [round(v, digits) for v in values],
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed (nearest rank). nan for no values."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    rank = max(0, min(len(ordered) - 1, -(-int(share * len(ordered) * 1000) // 1000) - 1))
    return ordered[rank]


def latency(seconds: Sequence[float]) -> Figures:
    """In milliseconds."""
    if not seconds:
        return {"n": 0}
    return {
        "n": len(seconds),
        "p50_ms": round(percentile(seconds, 0.5) * 1000, 2),
        "p90_ms": round(percentile(seconds, 0.9) * 1000, 2),
        "p99_ms": round(percentile(seconds, 0.99) * 1000, 2),
        "max_ms": round(max(seconds) * 1000, 2),
    }


def ratio(of: Sequence[float], to: Sequence[float]) -> float | None:
    """Median of the ratios of each repeat to its own yardstick; None without both."""
    pairs = [a / b for a, b in zip(of, to, strict=False) if b]
    return round(statistics.median(pairs), 4) if pairs else None


# ── goals ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Goal:
    """figure: a key of the report's `ratios` or `headline`. at_least: whether more is better."""

    figure: str
    title: str
    firm: float
    extreme: float
    unit: str = ""
    at_least: bool = True

    def met(self, value: float) -> str:
        for word, bound in (("extreme", self.extreme), ("firm", self.firm)):
            if (value >= bound) if self.at_least else (value <= bound):
                return word
        return "no"


# What every report has, null where it was not measured.
RATIOS = (
    "six_steps_to_pgbench_c8",
    "six_steps_to_dbos",
    "six_steps_to_absurd",
    "expressions_to_libjq",
    "order_to_cash_to_http_only",
    "webhook3_to_http_only",
)

GOALS = (
    Goal("six_steps_to_pgbench_c8", "six durable HTTP steps, steps/s to pgbench commits with 8 clients", 0.5, 0.75),
    Goal("six_steps_to_dbos", "six null durable steps, workflows/s to DBOS", 25, 50),
    Goal("six_steps_to_absurd", "six null durable steps, workflows/s to Absurd", 8, 15),
    Goal("webhook3_per_s", "webhook, three durable calls, reply; 16 connections", 1500, 2500, "/s"),
    Goal("order_to_cash_to_http_only", "order-to-cash orders/s to its HTTP calls alone", 0.4, 0.6),
    Goal("half_load_p50_ms", "six durable steps at half load, p50", 25, 15, "ms", at_least=False),
    Goal("half_load_p99_ms", "six durable steps at half load, p99", 100, 50, "ms", at_least=False),
    Goal("expressions_to_libjq", "expressions of order-to-cash to libjq, the slowest of them", 20, 50),
    Goal("waiting_bytes_each", "waiting instance, all tables and indexes", 2000, 1500, "bytes", at_least=False),
    Goal("waiting_claim_p99_ms", "claim at the largest backlog, p99", 10, 5, "ms", at_least=False),
    Goal("waiting_wake_p50_ms", "event to committed turn, p50", 5, 2, "ms", at_least=False),
    Goal("waiting_wake_p99_ms", "event to committed turn, p99", 15, 10, "ms", at_least=False),
    Goal("worker_rss_mb", "memory of an engine process", 150, 80, "MB", at_least=False),
    Goal("claim_growth", "claim time, largest to smallest backlog", 1.5, 1.1, "x", at_least=False),
    Goal("soak_drift", "throughput over the soak, largest deviation from its median", 0.10, 0.03, "", at_least=False),
)


def against_goals(found: Mapping[str, float | None]) -> list[Figures]:
    rows: list[Figures] = []
    for goal in GOALS:
        value = found.get(goal.figure)
        rows.append(
            {
                "figure": goal.figure, "goal": goal.title, "firm": goal.firm, "extreme": goal.extreme,
                "unit": goal.unit, "found": value, "met": "not run" if value is None else goal.met(value),
            }
        )  # fmt: skip
    return rows
