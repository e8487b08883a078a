"""A mailbox that is fetched over IMAP: each message is looked at, stored, and then moved or deleted.

The standard library's client, one command at a time in a thread. A message is moved only after each of its attachments
is committed; one that is found again brings nothing new.
"""

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar, cast

from crossdock.outbound import Guard
from crossdock.partners.transports import mail
from crossdock.partners.transports.hosts import reach
from crossdock.partners.transports.model import (
    Channel,
    ChannelTrouble,
    Fate,
    Inbound,
    Letters,
    Outbound,
    PickedUp,
    secret,
)
from crossdock.partners.transports.settings import Imap, read

Result = TypeVar("Result")
TIMEOUT_S = 30.0
MESSAGES = 100  # looked at in one run
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class _Plain(imaplib.IMAP4):
    """To an address that was judged, whatever its name resolves to by now."""

    def __init__(self, address: str, host: str, port: int) -> None:
        self._address = address
        super().__init__(host, port, TIMEOUT_S)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self._address, self.port), timeout)


class _Tls(_Plain):
    """The same with TLS from the first byte, for the host's name."""

    def __init__(self, address: str, host: str, port: int, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(address, host, port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._context.wrap_socket(super()._create_socket(timeout), server_hostname=self.host)


async def open_(
    channel: Channel, secrets: Mapping[str, Any], guard: Guard, letters: Letters | None = None
) -> "Mailbox":  # fmt: skip
    """Connects and logs in. letters: takes what answers a person's mail. Raises ChannelTrouble."""
    s: Imap = read(channel)
    address = await reach(guard, s.host, s.port)
    password = secret(secrets, s.password_secret, "password_secret")

    def connect() -> imaplib.IMAP4:
        context = ssl.create_default_context()
        if s.tls == "tls":
            client: imaplib.IMAP4 = _Tls(address, s.host, s.port, context)
        else:
            client = _Plain(address, s.host, s.port)
            if s.tls == "starttls":
                client.starttls(context)
        client.login(s.user, password)
        return client

    try:
        return Mailbox(channel, s, await asyncio.to_thread(connect), letters)
    except (OSError, imaplib.IMAP4.error, ssl.SSLError) as e:
        raise ChannelTrouble(f"{s.host}:{s.port}: {_said(e)}") from None


class Mailbox:
    def __init__(self, channel: Channel, s: Imap, client: imaplib.IMAP4, letters: Letters | None = None) -> None:
        self._letters = letters
        self._channel = channel
        self._s = s
        self._client = client
        self._fates: list[Fate] = []
        self.inbound: Inbound | None = self
        self.outbound: Outbound | None = None

    async def check(self) -> str:
        found = await self._do(self._messages)
        return f"{len(found)} messages lie in {self._s.mailbox}"

    async def close(self) -> None:
        def leave() -> None:
            try:
                self._client.logout()
            except (OSError, imaplib.IMAP4.error):
                self._client.shutdown()

        await asyncio.to_thread(leave)

    async def pick_up(self) -> AsyncIterator[PickedUp]:
        for uid in (await self._do(self._messages))[:MESSAGES]:
            size = await self._do(lambda uid=uid: self._size(uid))
            most = int(self._channel.max_bytes * mail.OVERHEAD) + 65_536
            if size > most:
                items = (PickedUp(key=f"uid/{uid}/{size}", name=f"message-{uid}", raw=None, size_bytes=size, at=uid),)
            else:
                raw = await self._do(lambda uid=uid: self._fetch(uid))
                if raw is None:
                    continue  # somebody took it away meanwhile
                if self._letters is not None and await self._letters(self._channel.tenant_id, raw, ()):
                    await self._do(lambda uid=uid: self._move(uid, self._s.done))
                    continue
                items = mail.read(raw, self._channel, self._s, uid).items
            self._fates = []
            for item in items:
                yield item
            if len(self._fates) == len(items):  # each is committed
                into = self._s.quarantine if Fate.REFUSED in self._fates else self._s.done
                await self._do(lambda uid=uid, into=into: self._move(uid, into))

    async def settle(self, item: PickedUp, fate: Fate) -> None:
        """The message goes when all of its items are settled (`pick_up`)."""
        self._fates.append(fate)

    # ── commands, each in a thread ───────────────────────────────────────────────────────────────────────────────

    async def _do(self, command: Callable[[], Result]) -> Result:
        try:
            return await asyncio.to_thread(command)
        except (OSError, imaplib.IMAP4.error) as e:
            raise ChannelTrouble(f"{self._s.host}: {_said(e)}") from e

    def _messages(self) -> list[str]:
        self._ok(self._client.select(_quoted(self._s.mailbox)), f"a mailbox {self._s.mailbox}")
        data = self._ok(self._client.uid("SEARCH", "UNDELETED"), "a search")
        return [n.decode() for n in (data[0] or b"").split()]

    def _size(self, uid: str) -> int:
        data = self._ok(self._client.uid("FETCH", uid, "(RFC822.SIZE)"), "a size")
        found = _SIZE.search(b" ".join(d for d in data if isinstance(d, bytes)))
        return int(found[1]) if found else 0

    def _fetch(self, uid: str) -> bytes | None:
        data = self._ok(self._client.uid("FETCH", uid, "(BODY.PEEK[])"), "a message")
        found: list[bytes] = [bytes(cast("tuple[bytes, bytes]", d)[1]) for d in data if isinstance(d, tuple)]
        return found[0] if found else None

    def _move(self, uid: str, into: str) -> None:
        if into:
            self._client.create(_quoted(into))  # no harm when it is there
            self._ok(self._client.uid("COPY", uid, _quoted(into)), f"to copy into {into}")
        self._ok(self._client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"), "to delete")
        if "UIDPLUS" in self._client.capabilities:
            self._ok(self._client.uid("EXPUNGE", uid), "to expunge")
        else:
            self._ok(self._client.expunge(), "to expunge")

    def _ok(self, answer: tuple[str, Any], what: str) -> list[Any]:
        if answer[0] != "OK":
            raise ChannelTrouble(f"{self._s.host}: expected {what}, found {answer[0]} {answer[1]!r}")
        return list(answer[1])


def _quoted(mailbox: str) -> str:
    return '"' + mailbox.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _said(e: BaseException) -> str:
    text = e.args[0] if e.args and isinstance(e.args[0], bytes) else str(e).encode()
    return f"{type(e).__name__}: {bytes(text).decode('utf-8', 'replace')}"[:300]
