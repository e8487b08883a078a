"""The scorecard: figures of a period with what is behind them, as tables; what it is worth; reports by mail."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from crossdock import exactjson
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Money, Page, Time
from crossdock.gateway.paging import place, read_place
from crossdock.policy import Action
from crossdock.tower import scorecard
from crossdock.tower.scorecard import Measured, Period, Wanted, measure, reports, tables, value

router = APIRouter(prefix="/api", tags=["scorecard"])
Manager = Annotated[Caller, allow(Action.REFERENCE_MANAGE)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TABLE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
WORKBOOK: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX: {}}}}
USUAL_DAYS = 7
MOST_ROWS = 10_000


class Day(Answer):
    day: date
    value: Money


class Figure(Answer):
    """One figure of the period. low, high: its 95 % interval. population, known: how many it is about, and how many of
    those could be judged. small: too few to compare; before: the period before."""

    key: str
    label: str
    kind: str
    unit: str
    good: str
    of: str
    formula: str
    excluded: str
    clock: str
    value: Money | None
    low: Money | None
    high: Money | None
    before: Money | None
    change: Money | None
    target: Money | None
    own_target: bool
    met: bool | None
    population: int
    known: int
    completeness: Money | None
    small: bool
    series: list[Day]


class Card(Answer):
    """behind_s: seconds by which the figures lag behind the events."""

    since: date
    until: date
    time_zone: str
    as_of: Time
    behind_s: float
    items: list[Figure]


class Row(Answer):
    """hit: whether it counts for the share; null where that cannot be judged, or the figure is a median."""

    id: str
    order: str
    at: Time
    hit: bool | None
    amount: Money | None
    customer: str
    channel: str
    total: Money | None
    currency: str


class Target(BaseModel):
    """value null: no target."""

    model_config = ConfigDict(extra="forbid")

    value: Decimal | None


class Effort(Answer):
    orders: Money
    touches: Money
    exceptions: Money
    rework: Money
    breaches: Money
    delayed_money_days: Money
    escalations: Money
    upkeep: Money


class Line(Answer):
    """expected: at the baseline's rate. money: (expected − actual) × price, null without a baseline."""

    key: str
    label: str
    formula: str
    per: str
    actual: Money
    expected: Money | None
    saved: Money | None
    price: Money
    money: Money | None
    money_low: Money | None
    money_high: Money | None


class Basis(Answer):
    """version 0: the suggested ones, which nobody has confirmed."""

    body: Json
    version: int
    put_by: str
    put_at: Time | None


class Ledger(Answer):
    since: date
    until: date
    as_of: Time
    effort: Effort
    lines: list[Line]
    gross: Money | None
    gross_low: Money | None
    gross_high: Money | None
    cost: Money
    net: Money | None
    assumptions: Basis
    baseline: Basis | None


class Past(Answer):
    what: str
    version: int
    body: Json
    put_by: str
    put_at: Time


class NewBaseline(BaseModel):
    """Without effort, what is recorded of the period is measured."""

    model_config = ConfigDict(extra="forbid")

    since: date
    until: date
    effort: dict[str, Decimal] | None = None
    note: str = ""


class NewAssumptions(BaseModel):
    """As docs/scorecard.md lists them; those left out get the suggested value."""

    model_config = ConfigDict(extra="allow")


def wanted(
    caller: Reader,
    since: Annotated[date | None, Query(description="First day, in the tenant's time zone")] = None,
    until: Annotated[date | None, Query(description="The day after the last")] = None,
    channel: str | None = None,
    customer: str | None = None,
    site: str | None = None,
) -> Wanted:
    """Without days: the last seven that are over. Raises PartnerError."""
    return Wanted(
        tenant_id=caller.tenant_id, zone=caller.principal.time_zone,
        period=Period.given(since, until, caller.today(), USUAL_DAYS),
        channel=channel or None, customer=customer or None, site=site or None,
    )  # fmt: skip


Asked = Annotated[Wanted, Depends(wanted)]


OF_FIGURE = ("key", "label", "kind", "unit", "good", "of", "formula", "excluded", "clock")
OF_MEASURE = (
    "value", "low", "high", "before", "change", "target", "own_target", "met", "population", "known", "completeness",
    "small",
)  # fmt: skip


def _figure(m: Measured) -> Figure:
    told: dict[str, Any] = {k: getattr(m.figure, k) for k in OF_FIGURE}
    told |= {k: getattr(m, k) for k in OF_MEASURE}
    return Figure.model_validate({**told, "series": [{"day": d, "value": v} for d, v in m.series]})


@router.get("/scorecard", summary="Figures of a period")
async def card(caller: Reader, asked: Asked) -> Card:
    """Each with its uncertainty, completeness, target and the period before."""
    async with caller.transaction() as tx:
        found = await scorecard.card(tx, asked)
    return Card(
        since=asked.period.since, until=asked.period.until, time_zone=asked.zone, as_of=caller.clock.now(),
        behind_s=found.behind_s, items=[_figure(m) for m in found.measured],
    )  # fmt: skip


@router.get(
    "/scorecard.csv",
    summary="Figures as a table",
    response_class=Response,
    responses=TABLE,
)
async def card_csv(caller: Reader, asked: Asked) -> Response:
    async with caller.transaction() as tx:
        found = await scorecard.card(tx, asked)
    return _csv(tables.HEAD, tables.rows_of(found.measured), "scorecard", asked)


@router.get(
    "/scorecard.xlsx",
    summary="Figures as a workbook",
    response_class=Response,
    responses=WORKBOOK,
)
async def card_xlsx(caller: Reader, asked: Asked) -> Response:
    """With a sheet of days, and one that says what it is about."""
    async with caller.transaction() as tx:
        found = await scorecard.card(tx, asked)
    raw = tables.workbook(found, asked, caller.clock.now())
    return Response(raw, media_type=XLSX, headers=_named("scorecard", asked, "xlsx"))


@router.get("/scorecard/{key}", summary="What is behind a figure")
async def rows(
    key: str, caller: Reader, asked: Asked, limit: Annotated[int, Query(ge=1, le=500)] = 50, cursor: str | None = None
) -> Page[Row]:
    """What speaks against it first, then what could not be judged."""
    offset = read_place(cursor) or 0
    async with caller.transaction() as tx:
        found = await scorecard.behind(tx, asked, key, limit, offset)
    on = offset + len(found.rows)
    return Page[Row](
        items=[Row.model_validate(r, from_attributes=True) for r in found.rows], total=found.total,
        next=place(on) if found.rows and on < found.total else None,
    )  # fmt: skip


@router.get(
    "/scorecard/{key}/rows.csv", summary="What is behind a figure, as a table", response_class=Response,
    responses=TABLE,
)  # fmt: skip
async def rows_csv(key: str, caller: Reader, asked: Asked) -> Response:
    """Up to 10,000 rows."""
    async with caller.transaction() as tx:
        found = await scorecard.behind(tx, asked, key, MOST_ROWS, 0)
    return _csv(tables.ROW_HEAD, tables.rows_behind(found.rows), key, asked)


@router.put("/scorecard/{key}/target", status_code=204, summary="Set the target of a figure")
async def put_target(key: str, given: Target, caller: Manager) -> None:
    async with caller.transaction() as tx:
        await measure.put_target(tx, caller.tenant_id, key, given.value, caller.name, await business_now(tx))


# ── what it is worth ────────────────────────────────────────────────────────────────────────────────────────────


@router.get("/value", summary="What it is worth")
async def ledger(caller: Reader, asked: Asked) -> Ledger:
    """The period's work and trouble against the recorded baseline, at the entered prices. Of the whole tenant."""
    async with caller.transaction() as tx:
        made = await value.ledger(tx, asked)
    return Ledger.model_validate(
        {
            "since": asked.period.since, "until": asked.period.until, "as_of": caller.clock.now(),
            **{k: getattr(made, k) for k in ("gross", "gross_low", "gross_high", "cost", "net")},
            "effort": {k: getattr(made.effort, k) for k in value.Effort.__struct_fields__},
            "lines": [Line.model_validate(n, from_attributes=True) for n in made.lines],
            "assumptions": _basis(made.assumptions), "baseline": made.baseline and _basis(made.baseline),
        }
    )  # fmt: skip


def _basis(of: value.Basis) -> dict[str, Any]:
    return {"body": exactjson.plain(of.body), "version": of.version, "put_by": of.put_by, "put_at": of.put_at}


@router.get("/value/history", summary="Baselines and assumptions, newest first")
async def past(caller: Reader) -> Page[Past]:
    async with caller.transaction() as tx:
        found = await value.history(tx, caller.tenant_id)
    return Page[Past](items=[Past.model_validate(p) for p in found], total=len(found))


@router.get(
    "/value.csv",
    summary="The ledger as a table",
    response_class=Response,
    responses=TABLE,
)
async def ledger_csv(caller: Reader, asked: Asked) -> Response:
    async with caller.transaction() as tx:
        made = await value.ledger(tx, asked)
    head = tuple(Line.model_fields)
    return _csv(head, [tuple(getattr(n, k) for k in head) for n in made.lines], "value", asked)


@router.put("/value/assumptions", status_code=204, summary="Enter the prices")
async def put_assumptions(given: NewAssumptions, caller: Manager) -> None:
    """A new version; the earlier ones are kept."""
    async with caller.transaction() as tx:
        await value.put_assumptions(
            tx, caller.tenant_id, given.model_extra or {}, caller.name, await business_now(tx)
        )  # fmt: skip


@router.put("/value/baseline", status_code=204, summary="Record what it was before")
async def put_baseline(given: NewBaseline, caller: Manager) -> None:
    """Stated, or measured from what is recorded of the period. A new version; the earlier ones are kept."""
    period = Period(given.since, given.until)
    async with caller.transaction() as tx:
        now = await business_now(tx)
        if given.effort is None:
            asked = Wanted(tenant_id=caller.tenant_id, zone=caller.principal.time_zone, period=period)
            await value.measure_baseline(tx, asked, given.note, caller.name, now)
        else:
            stated = {"since": given.since, "until": given.until, "effort": given.effort, "note": given.note}
            await value.state_baseline(tx, caller.tenant_id, stated, caller.name, now)


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _csv(head: Sequence[str], rows: Sequence[Sequence[Any]], name: str, asked: Wanted) -> Response:
    # the mark tells a spreadsheet that it is UTF-8
    text = "\ufeff" + tables.as_csv(head, rows)
    return Response(text, media_type="text/csv; charset=utf-8", headers=_named(name, asked, "csv"))


def _named(name: str, asked: Wanted, kind: str) -> dict[str, str]:
    last = asked.period.until - timedelta(days=1)
    return {"Content-Disposition": f'attachment; filename="{name}-{asked.period.since}-to-{last}.{kind}"'}


# ── reports by mail ─────────────────────────────────────────────────────────────────────────────────────────────

Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]


class ReportDocument(BaseModel):
    """As docs/scorecard.md describes it, without the name, which the address says."""

    model_config = ConfigDict(extra="allow")


class Report(Answer):
    """error: why it was not sent when it was last tried."""

    name: str
    document: dict[str, Any]
    put_by: str
    put_at: Time
    next_at: Time
    sent_at: Time | None
    attempts: int
    error: str


@router.get("/reports", summary="Reports by mail")
async def list_reports(caller: Manager) -> Page[Report]:
    async with caller.transaction() as tx:
        found = await reports.every(tx, caller.tenant_id)
    return Page[Report](items=[Report.model_validate(r, from_attributes=True) for r in found], total=len(found))


@router.put("/reports/{name}", summary="Add or replace a report")
async def put_report(name: Name, given: ReportDocument, caller: Manager) -> Report:
    async with caller.transaction() as tx:
        document = {**(given.model_extra or {}), "name": name}
        made = await reports.put(tx, caller.tenant_id, document, caller.name, await business_now(tx))
    return Report.model_validate(made, from_attributes=True)


@router.delete("/reports/{name}", status_code=204, summary="Remove a report")
async def remove_report(name: Name, caller: Manager) -> None:
    async with caller.transaction() as tx:
        await reports.remove(tx, caller.tenant_id, name, caller.name)


@router.post("/reports/{name}/send", status_code=202, summary="Send a report now")
async def send_report(name: Name, caller: Manager) -> None:
    """With the next look of a worker, within seconds; its usual time stays."""
    async with caller.transaction() as tx:
        await reports.send_now(tx, caller.tenant_id, name, caller.name, await business_now(tx))
