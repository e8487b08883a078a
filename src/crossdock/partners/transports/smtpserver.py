"""Mail that is delivered to us by SMTP, by the mail server that stands before us.

A recipient is an address of a channel, or is refused. 250 is said once every attachment is committed; when one cannot
be stored, 451, and the server before us tries again, which brings nothing twice. It offers no relaying, no sign-in and
no encryption: it listens to that one server.
"""

import asyncio
import logging
import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session

from crossdock.db import PASSING, Database
from crossdock.errors import CrossdockError, SetupError
from crossdock.partners import intake
from crossdock.partners.model import MAX_BYTES
from crossdock.partners.transports import desk, mail, quarantine, store, taking
from crossdock.partners.transports.desk import Desk
from crossdock.partners.transports.model import Channel, Kind, Letters, PickedUp
from crossdock.partners.transports.settings import Smtp, read
from crossdock.partners.transports.store import SQL

log = logging.getLogger(__name__)

MOST_BYTES = int(MAX_BYTES * mail.OVERHEAD)
IDLE_S = 60.0
_SUBADDRESS = re.compile(r"\+[^@]*@")
MOST_RECIPIENTS = 10


class Served:
    """The server of one process, for all tenants."""

    def __init__(self, db: Database, people: Desk, letters: Letters | None = None) -> None:
        self._letters = letters
        self._db = db
        self._people = people
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[Any]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listens; returns the port. Raises SetupError when the address cannot be had."""
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            return SMTP(
                self, data_size_limit=MOST_BYTES, enable_SMTPUTF8=True, hostname="crossdock", ident="Crossdock",
                timeout=IDLE_S, command_call_limit=100, loop=loop,
            )  # fmt: skip

        try:
            self._server = await loop.create_server(protocol, host, port)
        except OSError as e:
            raise SetupError(f"Expected to listen on {host}:{port} for SMTP: {e.strerror or e}.") from e
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.idle()

    async def idle(self) -> None:
        while self._carrying:
            await asyncio.gather(*self._carrying, return_exceptions=True)

    # ── what aiosmtpd calls ──────────────────────────────────────────────────────────────────────────────────────

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return f"452 4.5.3 At most {MOST_RECIPIENTS} recipients"
        try:
            if not await self._channels([address]):
                return "550 5.1.1 No channel takes mail at this address"
        except PASSING:
            return "451 4.3.0 Not now; try again"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        try:
            return await self._delivered(raw, envelope.rcpt_tos)
        except (CrossdockError, *PASSING) as e:
            log.warning("a mail could not be stored: %s", e)
            return "451 4.3.0 It could not be stored now; try again"

    # ── ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _channels(self, addresses: Iterable[str]) -> list[Channel]:
        # name+detail@ is the mailbox name@ (RFC 5233): answers to people's mail come so
        wanted = {w for a in addresses for w in (a.lower(), _SUBADDRESS.sub("@", a.lower()))}
        found: list[Channel] = []
        for tenant_id in await self._db.tenant_ids():
            async with self._db.transaction(tenant_id) as tx:
                for channel in await store.of_kind(tx, tenant_id, Kind.SMTP):
                    settings: Smtp = read(channel)
                    if wanted & {r.lower() for r in settings.recipients}:
                        found.append(channel)
        return found

    async def _delivered(self, raw: bytes, recipients: list[str]) -> str:
        channels = await self._channels(recipients)
        if self._letters is not None:
            taken = [c for c in channels if await self._letters(c.tenant_id, raw, recipients)]
            channels = [c for c in channels if c not in taken]
        mails = [(c, await asyncio.to_thread(mail.read, raw, c, read(c))) for c in channels]
        for channel, found in mails:  # all of it or nothing
            for item in found.items:
                if reason := taking.refusal(channel, item):
                    await self._tell(channel, item, reason)
                    return f"554 5.6.0 {reason}"
        for channel, found in mails:
            for item in found.items:
                if (stranger := quarantine.of(channel, item)) is not None:
                    _, reason = await taking.set_aside(self._db, channel, item, stranger)
                    if reason:
                        return "452 4.3.1 Nothing more of unknown senders is taken now"
                    continue
                receipt_id = await taking.keep(self._db, channel, item)
                if receipt_id is not None:
                    self._carry_out(channel.tenant_id, receipt_id)
            async with self._db.transaction(channel.tenant_id) as tx:
                await tx.execute(SQL["worked"], channel.tenant_id, channel.id)
        return "250 2.0.0 Stored"

    async def _tell(self, channel: Channel, item: PickedUp, reason: str) -> None:
        """Only of partners: strangers could fill the queue."""
        if item.partner is None and channel.partner is None:
            return
        async with self._db.transaction(channel.tenant_id) as tx:
            now = await tx.fetchval("select crossdock.now()")
            await self._people.open(tx, channel.tenant_id, desk.refused(channel, item.name, reason), now)

    def _carry_out(self, tenant_id: str, receipt_id: UUID) -> None:
        task = asyncio.create_task(self._carried_out(tenant_id, receipt_id))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carried_out(self, tenant_id: str, receipt_id: UUID) -> None:
        try:
            await intake.carry_out(self._db, tenant_id, receipt_id)
        except (CrossdockError, *PASSING) as e:
            log.warning("a mail is stored and not yet carried out: %s", e)
