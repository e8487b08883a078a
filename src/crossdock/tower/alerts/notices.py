"""Tells of alerts on a tenant's channels: mail, a webhook, a chat.

A message is queued in the transaction that fires or ends the alert, so none is lost. When the first of a channel is
due, all that wait there go together. What fired and was over before anybody was told is needless, and is not told.
Telling is at least once: a batch keeps its identifier when it is told again, and webhooks carry it (`webhook-id`,
https://www.standardwebhooks.com). A channel that cannot be reached is tried for a day, then its messages have failed,
which the pages show.
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from crossdock import audit, exactjson, ids
from crossdock.cases import calendars
from crossdock.db import Database, Tx, queries
from crossdock.errors import CrossdockError, NotFound, PartnerError
from crossdock.outbound import Client, Request, Response
from crossdock.outbound.mail import Mailer, NotSent
from crossdock.tower.alerts import documents
from crossdock.tower.alerts.documents import Channel, Means, Severity

SQL = queries("crossdock.tower.alerts", "notices.sql")
log = logging.getLogger(__name__)

ATTEMPTS = 12
FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=4)  # doubled each time: a day in all
TOLD_AT_ONCE = 100  # lines of one message; it says how many more there are
HTTP_S = timedelta(seconds=20)

Secrets: TypeAlias = Callable[[str], Mapping[str, Any]]
"""tenant → its secrets by name."""


class Untold(CrossdockError):
    """It could not be told now; the text says why, without secrets."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. what: fired or resolved."""

    what: str
    severity: Severity
    title: str
    detail: str
    link: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    name: str
    document: Any
    put_by: str
    put_at: datetime
    waiting: int
    failed: int
    told_at: datetime | None
    error: str


class Teller(Protocol):
    """Tells a batch on a channel. Raises Untold."""

    async def tell(self, tenant_id: str, channel: Channel, batch: UUID, notices: Sequence[Notice]) -> None: ...


# ── channels ────────────────────────────────────────────────────────────────────────────────────────────────────


async def put(tx: Tx, tenant_id: str, document: Any, by: str, now: datetime) -> Channel:
    """Adds or replaces the channel of that name. Raises PartnerError with everything that is wrong with it."""
    made = documents.channel(document)
    await tx.execute(SQL["put"], tenant_id, made.name, exactjson.text(document), by, now)
    await audit.record(tx, tenant_id, by, "alert-channel.put", made.name, {"document": document})
    return made


async def remove(tx: Tx, tenant_id: str, name: str, by: str) -> None:
    """With what waits there. Raises NotFound."""
    if await tx.fetchval(SQL["remove"], tenant_id, name) is None:
        raise NotFound(f"No alert channel {name!r}")
    await audit.record(tx, tenant_id, by, "alert-channel.remove", name, {})


async def every(tx: Tx, tenant_id: str) -> list[Stored]:
    return [
        Stored(r["name"], exactjson.loads(r["document"]), r["put_by"], r["put_at"], r["waiting"], r["failed"],
               r["told_at"], r["error"] or "")
        for r in await tx.fetch(SQL["all"], tenant_id)
    ]  # fmt: skip


async def one(tx: Tx, tenant_id: str, name: str) -> Channel:
    """Raises NotFound."""
    document = await tx.fetchval(SQL["one"], tenant_id, name)
    if document is None:
        raise NotFound(f"No alert channel {name!r}")
    return documents.channel(exactjson.loads(document))


# ── queueing ────────────────────────────────────────────────────────────────────────────────────────────────────


async def queue(
    tx: Tx, tenant_id: str, alert_id: UUID, what: str, kind: str, severity: Severity, now: datetime
) -> None:
    """Puts it on every channel that wants it. The end of what nobody was told of takes the beginning back instead."""
    heard = {r["channel"]: r["state"] for r in await tx.fetch(SQL["fired_on"], tenant_id, alert_id)}
    for row in await tx.fetch(SQL["channels"], tenant_id):
        try:
            channel = documents.channel(exactjson.loads(row["document"]))
        except PartnerError as e:
            log.warning("a channel of %s is not understood, and is told nothing: %s", tenant_id, e)
            continue
        if not channel.wants(kind, severity):
            continue
        if what == "resolved":
            if heard.get(channel.name) == "waiting":
                await tx.execute(SQL["needless"], tenant_id, channel.name, alert_id)
                continue
            if channel.name not in heard:
                continue
        hours = await calendars.first(tx, tenant_id, channel.hours) if channel.hours else None
        due = channel.due(severity, now, hours)
        await tx.execute(SQL["queue"], tenant_id, channel.name, alert_id, what, now, due)


async def test(tx: Tx, tenant_id: str, name: str, by: str, now: datetime) -> UUID:
    """Tells a test on one channel, the way of every message, whatever it wants to hear. Raises NotFound."""
    await one(tx, tenant_id, name)
    alert_id = ids.new()
    await tx.execute(
        SQL["test"], tenant_id, alert_id, f"A test of {name}", f"Asked for by {by}. Nothing is wrong.", now
    )
    await tx.execute(SQL["queue"], tenant_id, name, alert_id, "fired", now, now)
    await audit.record(tx, tenant_id, by, "alert-channel.test", name, {})
    return alert_id


# ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def run_due(db: Database, teller: Teller, now: datetime) -> int:
    """Tells what is due, of each tenant; returns how many messages were told."""
    told = 0
    for row in await db.pool.fetch("select * from crossdock.alerts_due($1) as tenant_id", now):
        tenant_id: str = row["tenant_id"]
        async with db.transaction(tenant_id) as tx:
            channels = [r["channel"] for r in await tx.fetch(SQL["due"], tenant_id, now)]
        for name in channels:
            # removed meanwhile, and what waited there with it; or no longer understood, and it waits for a better one
            with suppress(NotFound, PartnerError):
                told += await _tell(db, teller, tenant_id, name, now)
    return told


async def _tell(db: Database, teller: Teller, tenant_id: str, name: str, now: datetime) -> int:
    """All that waits on one channel, as one message. The batch is marked before it leaves, in a commit of its own."""
    async with db.transaction(tenant_id) as tx:
        rows = await tx.fetch(SQL["take"], tenant_id, name, ids.new())
        channel = await one(tx, tenant_id, name)
    told = 0
    for batch in dict.fromkeys(r["batch"] for r in rows):
        mine = [r for r in rows if r["batch"] == batch]
        error = ""
        try:
            await teller.tell(tenant_id, channel, batch, [_notice(r) for r in mine])
        except Untold as untold:
            error = str(untold)[:500]
            log.warning("alerts of %s cannot be told on %s: %s", tenant_id, name, error)
        except Exception as fault:
            # One channel's secret or address that nobody foresaw keeps no other tenant's alerts; it may hold a secret.
            error = f"it could not be told: {type(fault).__name__}"
            log.warning("alerts of %s cannot be told on %s: %s", tenant_id, name, error)
        async with db.transaction(tenant_id) as tx:
            if not error:
                await tx.execute(SQL["told"], tenant_id, batch, now)
                told += len(mine)
            else:
                attempts: int = mine[0]["attempts"] + 1
                later = now + min(LAST_RETRY, FIRST_RETRY * 2 ** (attempts - 1))
                state = "failed" if attempts >= ATTEMPTS else "waiting"
                await tx.execute(SQL["untold"], tenant_id, batch, state, attempts, later, error)
    return told


def _notice(row: Any) -> Notice:
    at = row["fired_at"] if row["what"] == "fired" else row["resolved_at"]
    return Notice(row["what"], Severity(row["severity"]), row["title"], row["detail"], row["link"], at)


# ── means ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Messenger:
    """What the operator provides. base: our own address."""

    client: Client
    secrets: Secrets
    mailer: Mailer
    base: str

    async def tell(self, tenant_id: str, channel: Channel, batch: UUID, notices: Sequence[Notice]) -> None:
        """Raises Untold."""
        match channel.means:
            case Means.MAIL:
                await self._mail(channel, batch, notices)
            case Means.WEBHOOK:
                await self._webhook(tenant_id, channel, batch, notices)
            case Means.CHAT:
                url = channel.url or self._secret(tenant_id, channel.secret)
                body = exactjson.dumps({"text": _text(notices, self.base, bold="*")})
                await self._post(url, body, {}, hidden=not channel.url)

    async def _mail(self, channel: Channel, batch: UUID, notices: Sequence[Notice]) -> None:
        mail = self.mailer.message(
            channel.to, _subject(notices), _text(notices, self.base), id=str(batch), at=max(n.at for n in notices)
        )
        try:
            await self.mailer.send(mail)
        except NotSent as error:
            raise Untold(str(error)) from error

    async def _webhook(self, tenant_id: str, channel: Channel, batch: UUID, notices: Sequence[Notice]) -> None:
        first = min(n.at for n in notices)
        told = [
            {"state": "firing" if n.what == "fired" else "resolved", "severity": n.severity, "title": n.title,
             "detail": n.detail, "link": self.base + n.link if n.link else None, "at": n.at}
            for n in notices
        ]  # fmt: skip
        body = exactjson.dumps({"type": "crossdock.alerts", "timestamp": first, "tenant": tenant_id, "alerts": told})
        headers = {"webhook-id": str(batch)}
        if channel.secret:
            headers |= signed(self._secret(tenant_id, channel.secret), str(batch), int(first.timestamp()), body)
        await self._post(channel.url, body, headers, hidden=False)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], *, hidden: bool) -> None:
        request = Request(
            method="POST", url=url, headers={"content-type": "application/json", **headers}, body=body, timeout=HTTP_S
        )
        answer = await self.client.send(request)
        if not isinstance(answer, Response):
            raise Untold("the address could not be reached" if hidden else f"{answer.kind}: {answer.detail}")
        if not 200 <= answer.status < 300:
            raise Untold(f"expected an answer 2xx, found {answer.status}")

    def _secret(self, tenant_id: str, name: str) -> str:
        try:
            return str(self.secrets(tenant_id)[name])
        except KeyError as error:
            raise Untold(f"expected the secret {name!r} of the tenant, found none") from error


def signed(secret: str, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks; a secret `whsec_…` is base64, any other is taken as it is."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def _subject(notices: Sequence[Notice]) -> str:
    fired = [n for n in notices if n.what == "fired"]
    first = (fired or list(notices))[0]
    mark = "Critical: " if any(n.severity is Severity.CRITICAL for n in fired) else ""
    ended = "" if fired else "Over: "
    more = f" (and {len(notices) - 1} more)" if len(notices) > 1 else ""
    return " ".join(f"[Crossdock] {mark}{ended}{first.title}{more}".split())


def _text(notices: Sequence[Notice], base: str, bold: str = "") -> str:
    lines: list[str] = []
    for n in notices[:TOLD_AT_ONCE]:
        word = "Over" if n.what == "resolved" else n.severity.value.capitalize()
        lines.append(f"{bold}{word}: {n.title}{bold}")
        lines += [part for part in (n.detail, base + n.link if n.link else "") if part]
        lines.append(f"{n.at:%Y-%m-%d %H:%M} UTC")
        lines.append("")
    if len(notices) > TOLD_AT_ONCE:
        lines.append(f"And {len(notices) - TOLD_AT_ONCE} more: {base}/incidents")
    return "\n".join(lines).rstrip() + "\n"
