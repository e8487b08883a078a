"""Counts the figures of a period, each with what it comes from: how many, how sure, how complete, how fresh.

A share has Wilson's interval (Wilson 1927, JASA 22), a median that of the binomial ranks: at 95 %, and as wide as few
orders make it. Without data a figure is None, never 0.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

from crossdock.db import Tx, queries
from crossdock.errors import Finding, PartnerError
from crossdock.tower.scorecard import figures
from crossdock.tower.scorecard.figures import ALL, Figure, Kind

ROWS = queries("crossdock.tower.scorecard", "figures.sql")
SQL = queries("crossdock.tower.scorecard", "measure.sql")

LONGEST_DAYS = 400
FIRST_YEAR, LAST_YEAR = 1970, 2999  # so that a day before or after is a day as well
SMALL = 30  # below it, one order more or less moves a figure by points
Z = 1.96
PLACES = {"percent": Decimal("0.1"), "hours": Decimal("0.01"), "days": Decimal("0.01")}


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the tenant's time zone; until is not included."""

    since: date
    until: date

    def __post_init__(self) -> None:
        for day in (self.since, self.until):
            _within_time(day)
        if not 0 < (self.until - self.since).days <= LONGEST_DAYS:
            raise PartnerError(
                [
                    Finding(
                        "period.length", "?since and ?until",
                        f"from 1 to {LONGEST_DAYS} days, the first day before the last",
                        f"{self.since} to {self.until}", "Choose a shorter period, or exchange the days",
                    )
                ]
            )  # fmt: skip

    @classmethod
    def given(cls, since: date | None, until: date | None, today: date, days: int) -> "Period":
        """What was not given follows from the other; neither: the last days that are over. Raises PartnerError."""
        for day in (since, until):
            if day is not None:
                _within_time(day)
        end = until or (since + timedelta(days=days) if since else today)
        return cls(since or end - timedelta(days=days), end)

    @classmethod
    def last(cls, today: date, days: int) -> "Period":
        """The days that are over."""
        return cls(today - timedelta(days=days), today)

    def before(self) -> "Period":
        """As many days just before."""
        return Period(self.since - (self.until - self.since), self.since)


def _within_time(day: date) -> None:
    """Raises PartnerError."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        expected = f"a day of the years {FIRST_YEAR} to {LAST_YEAR}"
        raise PartnerError([Finding("period.day", "?since and ?until", expected, str(day), "Correct the year")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Of which orders: None means all. today: the tenant's, since what has not happened yet is no data."""

    tenant_id: str
    zone: str
    period: Period
    channel: str | None = None
    customer: str | None = None
    site: str | None = None

    def parameters(self, period: Period) -> tuple[Any, ...]:
        zone = ZoneInfo(self.zone)
        since, until = (datetime.combine(d, time(), zone) for d in (period.since, period.until))
        return self.tenant_id, since, until, self.zone, self.channel, self.customer, self.site


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A figure of a period. value, low, high, before, target: in its unit. population: all it is about; known: those of
    them that could be judged. small: so few that the interval says more than the value. series: (day, value)."""

    figure: Figure
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    population: int
    known: int
    hits: int | None
    before: Decimal | None
    target: Decimal | None
    own_target: bool
    series: list[tuple[date, Decimal]]

    @property
    def small(self) -> bool:
        return 0 < self.known < SMALL

    @property
    def completeness(self) -> Decimal | None:
        """Percent of those it is about that could be judged."""
        return _percent(self.known, self.population)

    @property
    def change(self) -> Decimal | None:
        return None if self.value is None or self.before is None else self.value - self.before

    @property
    def met(self) -> bool | None:
        """Whether it meets its target."""
        if self.value is None or self.target is None:
            return None
        return self.value >= self.target if self.figure.good == "up" else self.value <= self.target


@dataclass(frozen=True, slots=True)
class Card:
    """behind_s: seconds by which the figures lag behind what has happened; 0: nothing is on its way."""

    measured: list[Measured]
    behind_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """One of those behind a figure. hit: whether it counts, None where that cannot be judged."""

    id: str
    order: str
    at: datetime
    hit: bool | None
    amount: Decimal | None
    customer: str
    channel: str
    total: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Behind:
    rows: list[Row]
    total: int


async def card(tx: Tx, wanted: Wanted) -> Card:
    """All figures of the period, each beside the period before."""
    targets = {r["key"]: r["value"] for r in await tx.fetch(SQL["targets"], wanted.tenant_id)}
    measured = [await _one(tx, wanted, f, targets) for f in ALL]
    age = await tx.fetchval(SQL["age"], wanted.tenant_id)
    return Card(measured, 0.0 if age is None else max(0.0, float(age)))


async def _one(tx: Tx, wanted: Wanted, figure: Figure, targets: dict[str, Decimal | None]) -> Measured:
    value, low, high, population, known, hits = await _count(tx, wanted, figure, wanted.period)
    before = (await _count(tx, wanted, figure, wanted.period.before()))[0]
    days = await tx.fetch(_statement(f"{figure.kind}_days", figure), *wanted.parameters(wanted.period))
    if figure.kind is Kind.SHARE:
        series = [(d["day"], v) for d in days if (v := _percent(d["hits"], d["known"])) is not None]
    else:
        series = [(d["day"], _rounded(Decimal(str(d["value"])), figure)) for d in days]
    return Measured(
        figure=figure, value=value, low=low, high=high, population=population, known=known, hits=hits, before=before,
        target=targets.get(figure.key, figure.target), own_target=figure.key in targets, series=series,
    )  # fmt: skip


async def _count(
    tx: Tx, wanted: Wanted, figure: Figure, period: Period
) -> tuple[Decimal | None, Decimal | None, Decimal | None, int, int, int | None]:
    """Value, its interval, population, known, hits."""
    row = await tx.fetchrow(_statement(figure.kind, figure), *wanted.parameters(period))
    assert row is not None
    population, known = row["population"], row["known"]
    if figure.kind is Kind.SHARE:
        value = _percent(row["hits"], known)
        low, high = wilson(row["hits"], known) if known else (None, None)
        return value, low, high, population, known, row["hits"]
    if not known:
        return None, None, None, population, 0, None
    value, low, high = (_rounded(row[k], figure) for k in ("value", "low", "high"))
    return value, low, high, population, known, None


def _statement(what: str, figure: Figure) -> str:
    """Both parts are our own files: nothing that a caller says is in it."""
    rows = ROWS[figure.key]
    if figure.from_orders:
        rows = ROWS["orders"] + "\n" + rows
    return SQL[what].replace("{rows}", rows)


async def behind(tx: Tx, wanted: Wanted, key: str, limit: int, offset: int) -> Behind:
    """Those a figure is made of, the worst first. Raises NotFound for a figure that is none."""
    figure = figures.named(key)
    good = None if figure.kind is Kind.MEDIAN else figure.good == "up"
    found = await tx.fetch(
        _statement("behind", figure), *wanted.parameters(wanted.period), good, limit, offset
    )  # fmt: skip
    rows = [
        Row(r["id"], r["order_no"] or "", r["at"], r["hit"],
            None if r["amount"] is None else _rounded(r["amount"], figure),
            r["customer"] or r["customer_id"] or "", r["channel"] or "", r["total"], r["currency"] or "")
        for r in found
    ]  # fmt: skip
    return Behind(rows, found[0]["total_rows"] if found else 0)


async def put_target(tx: Tx, tenant_id: str, key: str, value: Decimal | None, by: str, now: datetime) -> None:
    """None: this figure has no target here. Raises NotFound, PartnerError."""
    figure = figures.named(key)
    most = Decimal(100) if figure.unit == "percent" else Decimal(10_000)
    if value is not None and not (value.is_finite() and 0 <= value <= most):
        raise PartnerError(
            [
                Finding(
                    "target.value", f"the target of {figure.label}", f"a number from 0 to {most} ({figure.unit})",
                    str(value), "Choose one in that range, or none",
                )
            ]
        )  # fmt: skip
    await tx.execute(SQL["put_target"], tenant_id, key, value, by, now)


def wilson(hits: int, n: int) -> tuple[Decimal, Decimal]:
    """The 95 % interval of a share, in percent. n > 0."""
    p, z2 = hits / n, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return tuple(Decimal(str(100 * v)).quantize(PLACES["percent"]) for v in (low, high))  # pyright: ignore[reportReturnType]


def _percent(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) * 100 / whole).quantize(PLACES["percent"]) if whole else None


def _rounded(value: Decimal, figure: Figure) -> Decimal:
    return value.quantize(PLACES.get(figure.unit, Decimal("0.01")))
