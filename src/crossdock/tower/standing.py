"""What stands in each stage of a process, and for how long: counted from one narrow row an open instance.

The rows are kept by the database itself (0039_board.sql, trigger follow_stage), so that a count costs what is open now
and nothing of what was ever done. How long it usually takes is learned (jeopardy.learning); how hot a stage is
compares the two.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crossdock.db import Tx, queries

SQL = queries("crossdock.tower", "standing.sql")

# Of nine in ten now ÷ nine in ten usually: below the first is cold (0), from the last on it is hottest (4).
HEAT = (0.5, 1.0, 1.5, 3.0)
ENOUGH = 5  # samples, below which nothing is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """None: all. process: None is the main one."""

    process: str | None = None
    version: str | None = None
    site: str | None = None
    customer: str | None = None
    partner: str | None = None
    channel: str | None = None
    type: str | None = None

    def conditions(self, values: list[Any]) -> str:
        """What is said of the order (v) and of the version (s); what it compares with is added to `values`."""
        said = ""
        for condition, value in (
            ("s.version = {}", self.version), ("{} = any (v.sites)", self.site), ("v.customer_id = {}", self.customer),
            ("v.partner_id = {}", self.partner), ("v.channel = {}", self.channel), ("v.order_type = {}", self.type),
        ):  # fmt: skip
            if value:
                values.append(value)
                said += " and " + condition.format(f"${len(values)}")
        return said


ALL = Filter()


@dataclass(frozen=True, slots=True)
class Dwell:
    """Seconds: of what stands there now, and of what went through lately. usual_*: None while too few did."""

    p50_s: float
    p90_s: float
    usual_p50_s: float | None
    usual_p90_s: float | None
    samples: int

    @property
    def heat(self) -> int | None:
        """0 (well within what is usual) to 4; None where nothing is usual yet."""
        if self.usual_p90_s is None:
            return None
        ratio = self.p90_s / max(self.usual_p90_s, 1.0)
        return sum(ratio >= bound for bound in HEAT)

    def view(self) -> dict[str, Any]:
        return {
            "p50_s": round(self.p50_s), "p90_s": round(self.p90_s),
            "usual_p50_s": None if self.usual_p50_s is None else round(self.usual_p50_s),
            "usual_p90_s": None if self.usual_p90_s is None else round(self.usual_p90_s),
            "samples": self.samples, "heat": self.heat,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """late: the promised day is over. at_risk: expected later than promised, and it is not over yet."""

    count: int
    late: int
    value: Decimal
    at_risk: int = 0
    dwell: Dwell | None = None


NOTHING = Standing(0, 0, Decimal(0))


async def stages(
    tx: Tx, tenant_id: str, process: str, of: Filter, now: datetime, today: date, ends: list[str], *, dwell: bool = True
) -> dict[str, Standing]:
    """By stage: open instances there. ends: stages in which those that ended in the last day count."""
    values: list[Any] = [tenant_id, process, now, today]
    conditions = of.conditions(values)
    if conditions:
        conditions = SQL["matching"].format(conditions=conditions)
    aged = SQL["aged"] if dwell else "null::float8[]"
    rows = await tx.fetch(SQL["standing"].format(aged=aged, conditions=conditions), *values)
    values = [tenant_id, process, now, today, ends]
    rows += await tx.fetch(SQL["ended"].format(conditions=of.conditions(values)), *values)
    usual = {r["stage"]: r for r in await tx.fetch(SQL["usual"], tenant_id, process)} if dwell else {}
    return {
        r["stage"]: Standing(r["count"], r["late"], r["value"], r["at_risk"], _dwell(r["aged"], usual.get(r["stage"])))
        for r in rows
    }


async def by_version(tx: Tx, tenant_id: str, today: date) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(process, version) → (open, late, at risk)."""
    rows = await tx.fetch(SQL["by_version"], tenant_id, today)
    return {(r["name"], r["version"]): (r["open"], r["late"], r["at_risk"]) for r in rows}


def _dwell(aged: list[float] | None, usual: Any) -> Dwell | None:
    if aged is None:
        return None
    if usual is None or usual["samples"] < ENOUGH:
        return Dwell(aged[0], aged[1], None, None, 0)
    return Dwell(aged[0], aged[1], usual["p50_s"], usual["p90_s"], usual["samples"])
