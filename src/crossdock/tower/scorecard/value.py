"""What it is worth: the work and trouble of a period, held against what was recorded before, at prices anybody can see.

Nothing here is estimated in secret. The effort of the period is measured from orders, events, clocks and the audit
trail; what it would have been comes from a baseline that a person recorded (measured from an earlier period, or stated
with its source); what a minute or a breach costs are assumptions that a person entered. Each version of both is kept.
Counts carry the 95 % interval of a Poisson count, money follows from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import sqrt
from typing import Annotated, Any

import msgspec

from crossdock import audit, exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Finding, PartnerError
from crossdock.tower.scorecard.measure import Period, Wanted

SQL = queries("crossdock.tower.scorecard", "value.sql")

MOST = Decimal(1_000_000_000_000)
CENT = Decimal("0.01")
DAYS_A_YEAR, DAYS_A_MONTH = Decimal(365), Decimal("30.4")


def _checked(of: msgspec.Struct, what: str) -> None:
    """Raises PartnerError for an amount that is none."""
    for name in of.__struct_fields__:
        amount = getattr(of, name)
        if isinstance(amount, Decimal) and not (amount.is_finite() and 0 <= amount <= MOST):
            raise PartnerError(
                [Finding("value.field", f"{what}.{name}", f"a number from 0 to {MOST}", str(amount), "Correct it")]
            )


class Assumptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Prices. minutes_*: of a person's work for one of them. monthly_cost: what Crossdock itself costs."""

    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "USD"
    cost_per_hour: Decimal = Decimal(45)
    minutes_per_touch: Decimal = Decimal(4)
    minutes_per_exception: Decimal = Decimal(12)
    minutes_per_rework: Decimal = Decimal(15)
    minutes_per_escalation: Decimal = Decimal(20)
    minutes_per_upkeep: Decimal = Decimal(45)
    cost_per_breach: Decimal = Decimal(35)
    interest_percent: Decimal = Decimal(8)
    monthly_cost: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        _checked(self, "the assumptions")


class Effort(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Work and trouble of a period. delayed_money_days: money × days by which invoices left later than a day after
    shipment."""

    orders: Decimal
    touches: Decimal
    exceptions: Decimal
    rework: Decimal
    breaches: Decimal
    delayed_money_days: Decimal
    escalations: Decimal
    upkeep: Decimal

    def __post_init__(self) -> None:
        _checked(self, "the effort")


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What it was before. source: measured here, or stated by a person; note: where stated figures come from."""

    since: date
    until: date
    effort: Effort
    source: str = "stated"
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """version 0: nobody has entered any yet."""

    body: Any
    version: int
    put_by: str
    put_at: datetime | None


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the ledger. price: money for one of them, from the assumptions; per: what the baseline
    is scaled by."""

    key: str
    label: str
    per: str
    price: Callable[[Assumptions], Decimal]
    formula: str
    counted: bool = True


def _minutes(minutes: Decimal, a: Assumptions) -> Decimal:
    return minutes * a.cost_per_hour / 60


LEDGER = (
    Kind("touches", "Touches", "order", lambda a: _minutes(a.minutes_per_touch, a),
         "Human writes about orders received in the period × minutes per touch × cost per hour"),
    Kind("exceptions", "Orders with an exception", "order", lambda a: _minutes(a.minutes_per_exception, a),
         "Orders received in the period with any exception × minutes per exception × cost per hour"),
    Kind("rework", "Rework", "order", lambda a: _minutes(a.minutes_per_rework, a),
         "Exceptions reopened, documents corrected, instances operated on × minutes per rework × cost per hour"),
    Kind("breaches", "Broken promises", "order", lambda a: a.cost_per_breach,
         "Service clocks that ran out in the period × cost per breach"),
    Kind("delayed_money_days", "Delayed invoices", "order", lambda a: a.interest_percent / 100 / DAYS_A_YEAR,
         "Money invoiced in the currency of the prices × days beyond one day after shipment × interest a year ÷ 365",
         counted=False),
    Kind("escalations", "Escalations", "order", lambda a: _minutes(a.minutes_per_escalation, a),
         "Exceptions and approvals handed up × minutes per escalation × cost per hour"),
    Kind("upkeep", "Upkeep of connections", "day", lambda a: _minutes(a.minutes_per_upkeep, a),
         "Changes to maps, partners, channels, certificates and tables, and events handed on again × minutes per "
         "change × cost per hour"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """expected: by the baseline's rate; saved: expected − actual; money with its interval. None without a baseline."""

    key: str
    label: str
    formula: str
    per: str
    actual: Decimal
    expected: Decimal | None
    saved: Decimal | None
    price: Decimal
    money: Decimal | None
    money_low: Decimal | None
    money_high: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    period: Period
    effort: Effort
    lines: list[Line]
    gross: Decimal | None
    gross_low: Decimal | None
    gross_high: Decimal | None
    cost: Decimal
    net: Decimal | None
    assumptions: Basis
    baseline: Basis | None


async def effort(tx: Tx, wanted: Wanted, period: Period, currency: str) -> Effort:
    """Of the whole tenant; money only in that currency."""
    row = await tx.fetchrow(SQL["effort"], *wanted.parameters(period)[:3], currency)
    assert row is not None
    return Effort(**{f: Decimal(str(row[f])) for f in Effort.__struct_fields__})


async def ledger(tx: Tx, wanted: Wanted) -> Ledger:
    """The period against the baseline, at the assumptions' prices."""
    assumptions = await _basis(tx, wanted.tenant_id, "assumptions", Assumptions)
    prices: Assumptions = assumptions.body if assumptions else Assumptions()
    seen = await effort(tx, wanted, wanted.period, prices.currency)
    baseline = await _basis(tx, wanted.tenant_id, "baseline", Baseline)
    return reckon(
        wanted.period, seen, assumptions or Basis(prices, 0, "", None), baseline
    )  # fmt: skip


def reckon(period: Period, seen: Effort, assumptions: Basis, baseline: Basis | None) -> Ledger:
    """The arithmetic alone."""
    prices: Assumptions = assumptions.body
    days = Decimal((period.until - period.since).days)
    lines = [_line(kind, seen, prices, baseline, days) for kind in LEDGER]
    gross = _sum(line.money for line in lines)
    # independent counts: their variances add, so the interval of the sum is narrower than the sum of intervals
    spread = Decimal(str(sqrt(sum(float((line.money_high - line.money) ** 2) for line in lines
                                  if line.money is not None and line.money_high is not None))))  # fmt: skip
    cost = (prices.monthly_cost * days / DAYS_A_MONTH).quantize(CENT)
    return Ledger(
        period=period, effort=seen, lines=lines, gross=gross,
        gross_low=None if gross is None else (gross - spread).quantize(CENT),
        gross_high=None if gross is None else (gross + spread).quantize(CENT),
        cost=cost, net=None if gross is None else gross - cost, assumptions=assumptions, baseline=baseline,
    )  # fmt: skip


def _sum(amounts: Any) -> Decimal | None:
    known = [a for a in amounts if a is not None]
    return sum(known, Decimal(0)) if known else None


def _line(kind: Kind, seen: Effort, prices: Assumptions, baseline: Basis | None, days: Decimal) -> Line:
    actual: Decimal = getattr(seen, kind.key)
    price = kind.price(prices)
    expected = saved = money = low = high = None
    if baseline is not None:
        was: Baseline = baseline.body
        size = was.effort.orders if kind.per == "order" else Decimal((was.until - was.since).days)
        now = seen.orders if kind.per == "order" else days
        if size:
            expected = getattr(was.effort, kind.key) * now / size
            saved = expected - actual
            money = (saved * price).quantize(CENT)
            half = (Decimal(str(1.96 * sqrt(float(actual)))) * price).quantize(CENT) if kind.counted else Decimal(0)
            low, high = money - half, money + half
            expected, saved = expected.quantize(CENT), saved.quantize(CENT)
    return Line(
        key=kind.key, label=kind.label, formula=kind.formula, per=kind.per, actual=actual, expected=expected,
        saved=saved, price=price.quantize(Decimal("0.0001")), money=money, money_low=low, money_high=high,
    )  # fmt: skip


# ── what a person enters ────────────────────────────────────────────────────────────────────────────────────────


async def _basis(tx: Tx, tenant_id: str, what: str, type_: Any) -> Basis | None:
    row = await tx.fetchrow(SQL["basis"], tenant_id, what)
    if row is None:
        return None
    return Basis(msgspec.convert(exactjson.loads(row["body"]), type_, strict=False), row["version"], row["put_by"],
                 row["put_at"])  # fmt: skip


async def history(tx: Tx, tenant_id: str) -> list[dict[str, Any]]:
    """Every baseline and every set of assumptions, newest first."""
    rows = await tx.fetch(SQL["history"], tenant_id)
    return [{**dict(r), "body": exactjson.loads(r["body"])} for r in rows]


async def put_assumptions(tx: Tx, tenant_id: str, given: Mapping[str, Any], by: str, now: datetime) -> int:
    """Returns its version. Raises PartnerError."""
    return await _put(tx, tenant_id, "assumptions", _read(given, Assumptions, "the assumptions"), by, now)


async def state_baseline(tx: Tx, tenant_id: str, given: Mapping[str, Any], by: str, now: datetime) -> int:
    """A baseline whose figures a person states. Raises PartnerError."""
    made: Baseline = _read({**given, "source": "stated"}, Baseline, "the baseline")
    Period(made.since, made.until)
    if not made.effort.orders:
        raise PartnerError(
            [Finding("value.orders", "effort.orders", "how many orders there were, at least 1", "0",
                     "Enter the orders of the same period; everything is scaled by them")]
        )  # fmt: skip
    return await _put(tx, tenant_id, "baseline", made, by, now)


async def measure_baseline(tx: Tx, wanted: Wanted, note: str, by: str, now: datetime) -> int:
    """A baseline from what is recorded of the period. Raises PartnerError when it has no orders."""
    assumptions = await _basis(tx, wanted.tenant_id, "assumptions", Assumptions)
    prices: Assumptions = assumptions.body if assumptions else Assumptions()
    seen = await effort(tx, wanted, wanted.period, prices.currency)
    if not seen.orders:
        raise PartnerError(
            [Finding("value.empty", "the period", "a period in which orders came in", f"none from "
                     f"{wanted.period.since} to {wanted.period.until}", "Choose another period, or state the figures")]
        )  # fmt: skip
    made = Baseline(
        since=wanted.period.since, until=wanted.period.until, effort=seen, source="measured", note=note[:2000]
    )
    return await _put(tx, wanted.tenant_id, "baseline", made, by, now)


def _read(given: Mapping[str, Any], type_: Any, what: str) -> Any:
    try:
        return msgspec.convert(dict(given), type_, strict=False)
    except msgspec.ValidationError as wrong:
        text = str(wrong)
        said, _, where = text.partition(" - at `$")
        raise PartnerError(
            [Finding("value.field", f"{what}{where.rstrip('`')}", said, "something else", "Correct that field")]
        ) from wrong


async def _put(tx: Tx, tenant_id: str, what: str, made: Any, by: str, now: datetime) -> int:
    body = exactjson.text(made)
    await tx.execute(SQL["lock"], f"value {tenant_id}")
    version = await tx.fetchval(SQL["put"], tenant_id, what, body, by, now)
    await audit.record(tx, tenant_id, by, f"value.{what}", str(version), {"body": exactjson.loads(body)})
    return version
