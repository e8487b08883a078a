"""The scorecard by mail: written down once as a document, sent at its hour, kept trying when the mail server is away.

Sending is at least once: the mail's identifier is made of tenant, report and period, so that one sent twice is known
for the same. A report never tells of another tenant: it is measured within its own tenant's transaction.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from crossdock import audit, exactjson
from crossdock.db import Database, Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.outbound.mail import File, Mailer, NotSent
from crossdock.tower.scorecard import tables
from crossdock.tower.scorecard.measure import Card, Measured, Period, Wanted, card

SQL = queries("crossdock.tower.scorecard", "reports.sql")
log = logging.getLogger(__name__)

ATTEMPTS = 12
FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=4)  # doubled each time: a day in all
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A report as docs/scorecard.md describes it. weekday: 1 is Monday; day: of the month; days: that it looks back."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,59}$")]
    to: Annotated[
        list[Annotated[str, msgspec.Meta(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$", max_length=254)]],
        msgspec.Meta(min_length=1, max_length=50),
    ]
    every: Every = Every.WEEK
    at: Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "07:00"
    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)] = 1
    day: Annotated[int, msgspec.Meta(ge=1, le=28)] = 1
    days: Annotated[int, msgspec.Meta(ge=1, le=400)] = 7
    channel: str | None = None
    customer: str | None = None
    site: str | None = None

    def next(self, after: datetime, zone: str) -> datetime:
        """The first time for it later than `after`."""
        here = after.astimezone(ZoneInfo(zone))
        hour, minute = (int(part) for part in self.at.split(":"))
        for ahead in range(40):
            day = here.date() + timedelta(days=ahead)
            moment = datetime.combine(day, time(hour, minute), ZoneInfo(zone))
            if moment > after and self._on(day):
                return moment
        raise AssertionError("every month has each day up to the 28th")

    def _on(self, day: date) -> bool:
        match self.every:
            case Every.DAY:
                return True
            case Every.WEEK:
                return day.isoweekday() == self.weekday
            case Every.MONTH:
                return day.day == self.day


@dataclass(frozen=True, slots=True)
class Stored:
    """error: why it was not sent when it was last tried."""

    name: str
    document: dict[str, Any]
    put_by: str
    put_at: datetime
    next_at: datetime
    sent_at: datetime | None
    attempts: int
    error: str


def read(given: Mapping[str, Any]) -> Document:
    """Raises PartnerError, which says where."""
    try:
        return msgspec.convert(dict(given), Document)
    except msgspec.ValidationError as wrong:
        said, _, where = str(wrong).partition(" - at `$")
        finding = Finding(
            "report.field", f"the report{where.rstrip('`')}", said, "something else", "Correct that field"
        )
        raise PartnerError([finding]) from wrong


async def put(tx: Tx, tenant_id: str, given: Mapping[str, Any], by: str, now: datetime) -> Stored:
    """Adds or replaces the report of that name. Raises PartnerError."""
    made = read(given)
    zone = await tx.fetchrow(SQL["zone"], tenant_id)
    assert zone is not None
    next_at = made.next(now, zone["time_zone"])
    await tx.execute(SQL["put"], tenant_id, made.name, exactjson.text(made), by, now, next_at)
    await audit.record(tx, tenant_id, by, "report.put", made.name, {"document": exactjson.plain(made)})
    return await one(tx, tenant_id, made.name)


async def remove(tx: Tx, tenant_id: str, name: str, by: str) -> None:
    """Raises NotFound."""
    if await tx.fetchval(SQL["remove"], tenant_id, name) is None:
        raise NotFound(f"No report {name!r}")
    await audit.record(tx, tenant_id, by, "report.remove", name, {})


async def send_now(tx: Tx, tenant_id: str, name: str, by: str, now: datetime) -> None:
    """With the next look of a worker. Raises NotFound."""
    if await tx.fetchval(SQL["now"], tenant_id, name, now) is None:
        raise NotFound(f"No report {name!r}")
    await audit.record(tx, tenant_id, by, "report.send", name, {})


async def every(tx: Tx, tenant_id: str) -> list[Stored]:
    return [_stored(r) for r in await tx.fetch(SQL["all"], tenant_id)]


async def one(tx: Tx, tenant_id: str, name: str) -> Stored:
    """Raises NotFound."""
    row = await tx.fetchrow(SQL["one"], tenant_id, name)
    if row is None:
        raise NotFound(f"No report {name!r}")
    return _stored(row)


def _stored(r: Any) -> Stored:
    return Stored(r["name"], exactjson.loads(r["document"]), r["put_by"], r["put_at"], r["next_at"], r["sent_at"],
                  r["attempts"], r["error"])  # fmt: skip


# ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def run_due(db: Database, mailer: Mailer, base: str, now: datetime) -> int:
    """Sends what is due, of each tenant; returns how many were sent. base: our own address."""
    sent = 0
    for row in await db.pool.fetch("select * from crossdock.reports_due($1) as tenant_id", now):
        tenant_id: str = row["tenant_id"]
        async with db.transaction(tenant_id) as tx:
            due = [r["name"] for r in await tx.fetch(SQL["due"], tenant_id, now)]
        for name in due:
            try:
                sent += await _send(db, mailer, base, tenant_id, name, now)
            except Exception as fault:
                # One that a later version no longer reads, or whose address no mail can bear, keeps no other waiting.
                error = f"it could not be written: {type(fault).__name__}: {fault}"[:500]
                log.warning("the report %s of %s was not sent: %s", name, tenant_id, error)
                async with db.transaction(tenant_id) as tx:
                    await tx.execute(
                        SQL["unsent"], tenant_id, name, ATTEMPTS, None, error, now + timedelta(days=1), now
                    )
    return sent


async def _send(db: Database, mailer: Mailer, base: str, tenant_id: str, name: str, now: datetime) -> bool:
    async with db.transaction(tenant_id) as tx:
        row = await tx.fetchrow(SQL["one"], tenant_id, name)
        tenant = await tx.fetchrow(SQL["zone"], tenant_id)
        if row is None or tenant is None:
            return False
        document = read(exactjson.loads(row["document"]))
        zone = tenant["time_zone"]
        period = Period.last(now.astimezone(ZoneInfo(zone)).date(), document.days)
        wanted = Wanted(
            tenant_id=tenant_id,
            zone=zone,
            period=period,
            channel=document.channel,
            customer=document.customer,
            site=document.site,
        )
        measured = await card(tx, wanted)
    mail = mailer.message(
        document.to,
        f"[Crossdock] {tenant['name']}: {name}, {period.since} to {period.until - timedelta(days=1)}",
        text(measured, wanted, f"{base}/figures?since={period.since}&until={period.until}"),
        id=f"{tenant_id}.{name}.{period.since}.{period.until}",
        at=now,
        files=[File(f"{name}-{period.since}.xlsx", XLSX, tables.workbook(measured, wanted, now))],
    )
    try:
        await mailer.send(mail)
    except NotSent as error:
        log.warning("the report %s of %s was not sent: %s", name, tenant_id, error)
        attempts: int = row["attempts"] + 1
        again = None if attempts >= ATTEMPTS else now + min(LAST_RETRY, FIRST_RETRY * 2 ** (attempts - 1))
        async with db.transaction(tenant_id) as tx:
            await tx.execute(
                SQL["unsent"], tenant_id, name, attempts, again, str(error)[:500], document.next(now, zone), now
            )
        return False
    async with db.transaction(tenant_id) as tx:
        await tx.execute(SQL["sent"], tenant_id, name, now, document.next(now, zone))
    return True


def text(of: Card, wanted: Wanted, link: str) -> str:
    """The figures for a mail: those that miss their target first."""
    last = wanted.period.until - timedelta(days=1)
    lines = [f"{wanted.period.since} to {last} ({wanted.zone}), against as many days before", ""]
    ordered = sorted(of.measured, key=lambda m: (m.met is not False, m.value is None))
    lines += [_line(m) for m in ordered]
    if of.behind_s > 60:
        lines += ["", f"These figures are {of.behind_s / 60:.0f} minutes behind."]
    return "\n".join([*lines, "", "What is counted, and what is behind each figure:", link, ""])


def _line(m: Measured) -> str:
    unit = {"percent": " %", "hours": " h", "days": " days"}[m.figure.unit]
    if m.value is None:
        return f"{m.figure.label}: no data"
    parts = [f"{m.figure.label}: {m.value}{unit}"]
    if m.change is not None:
        parts.append(f"{m.change:+}")
    if m.target is not None:
        parts.append(f"target {m.target}{unit}{'' if m.met else ', missed'}")
    parts.append(f"{m.known} {m.figure.of}" + (f", between {m.low} and {m.high}" if m.small else ""))
    return "; ".join(parts)
