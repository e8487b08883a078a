"""SFTP with us as the client: fetch by renaming, put under a temporary name and rename.

    FETCH_FROM/order.edi   → FETCH_FROM/.taken-<mark>.order.edi → stored → DONE/… or deleted (refused: QUARANTINE/…)
    PUT_INTO/.855.edi.part → PUT_INTO/855.edi

Only the host keys of the channel are believed. No configuration, agent or key of this machine's account is used.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from typing import Any

import asyncssh

from crossdock import ids
from crossdock.outbound import Guard
from crossdock.partners.transports.folder import UNFINISHED
from crossdock.partners.transports.hosts import reach
from crossdock.partners.transports.model import (
    LOST_AFTER_S,
    Channel,
    ChannelTrouble,
    Delivered,
    Fate,
    Handover,
    Inbound,
    Outbound,
    Parcel,
    PickedUp,
    safe_name,
    secret,
)
from crossdock.partners.transports.settings import Sftp, read

CONNECT_S, LOGIN_S, KEEPALIVE_S = 15, 20, 15
MARK = ".taken-"
REGULAR = 1  # SSH_FILEXFER_TYPE_REGULAR


async def open_(channel: Channel, secrets: Mapping[str, Any], guard: Guard) -> "SftpClient":
    """Connects and logs in. Raises ChannelTrouble."""
    s: Sftp = read(channel)
    address = await reach(guard, s.host, s.port)
    try:
        trusted = [asyncssh.import_public_key(k) for k in s.host_keys]
        keys = [asyncssh.import_private_key(secret(secrets, s.key_secret, "key_secret"))] if s.key_secret else None
    except (asyncssh.KeyImportError, ValueError) as e:
        raise ChannelTrouble(f"A key of the channel cannot be read: {e}.") from None
    try:
        connection = await asyncssh.connect(
            address,
            s.port,
            config=None,
            username=s.user,
            client_keys=keys,
            password=secret(secrets, s.password_secret, "password_secret") if s.password_secret else None,
            known_hosts=(trusted, [], []),
            agent_path=None,
            connect_timeout=CONNECT_S,
            login_timeout=LOGIN_S,
            keepalive_interval=KEEPALIVE_S,
        )
    except asyncssh.HostKeyNotVerifiable:
        text = f"Expected {s.host} to have one of the channel's host keys, found another: it may not be the partner."
        raise ChannelTrouble(text) from None
    except asyncssh.PermissionDenied:
        raise ChannelTrouble(f"{s.host} does not let {s.user} in with what the channel has.") from None
    except (OSError, asyncssh.Error) as e:
        raise ChannelTrouble(f"{s.host}:{s.port}: {type(e).__name__}: {e}") from e
    try:
        return SftpClient(channel, s, connection, await connection.start_sftp_client())
    except (OSError, asyncssh.Error) as e:
        connection.abort()
        raise ChannelTrouble(f"{s.host} serves no SFTP: {e}") from e


class SftpClient:
    def __init__(
        self, channel: Channel, s: Sftp, connection: asyncssh.SSHClientConnection, sftp: asyncssh.SFTPClient
    ) -> None:
        self._channel = channel
        self._s = s
        self._connection = connection
        self._sftp = sftp
        self.inbound: Inbound | None = self
        self.outbound: Outbound | None = self
        self.repeatable, self.receipt_within_s, self.unknown_repeats = True, LOST_AFTER_S, 0  # a name is one document

    async def check(self) -> str:
        found: list[str] = []
        try:
            if self._channel.takes:
                waiting = await self._waiting()
                found.append(f"{len(waiting)} files wait in {self._s.fetch_from}")
            if self._channel.hands_over:
                if not await self._sftp.isdir(self._s.put_into):
                    raise ChannelTrouble(f"Expected the folder {self._s.put_into} over there, found none.")
                found.append(f"{self._s.put_into} is there")
        except (OSError, asyncssh.Error) as e:
            raise _trouble(self._s, e) from e
        return "; ".join(found)

    async def close(self) -> None:
        self._sftp.exit()
        self._connection.close()
        with suppress(OSError, asyncssh.Error):
            await self._connection.wait_closed()

    # ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def pick_up(self) -> AsyncIterator[PickedUp]:
        try:
            for name in await self._waiting():
                item = await self._claim(name)
                if item is not None:
                    yield item
        except (OSError, asyncssh.Error) as e:
            raise _trouble(self._s, e) from e

    async def _waiting(self) -> list[str]:
        """Oldest first; before them what a run of ours had claimed that died."""
        left: list[str] = []
        found: list[tuple[int, str]] = []
        for entry in await self._sftp.readdir(self._s.fetch_from):
            name = str(entry.filename)
            if entry.attrs.type != REGULAR:
                continue
            if name.startswith(MARK):
                left.append(name)
            elif not name.startswith(".") and not name.lower().endswith(UNFINISHED) and fnmatch(name, self._s.pattern):
                found.append((entry.attrs.mtime or 0, name))
        return [*sorted(left), *(n for _, n in sorted(found))]

    async def _claim(self, name: str) -> PickedUp | None:
        folder = self._s.fetch_from.rstrip("/")
        taken = name if name.startswith(MARK) else f"{MARK}{ids.new()}.{name}"
        plain = taken.removeprefix(MARK).partition(".")[2]
        try:
            if taken != name:
                await self._sftp.rename(f"{folder}/{name}", f"{folder}/{taken}")
            before = await self._sftp.stat(f"{folder}/{taken}")
        except asyncssh.SFTPNoSuchFile:
            return None  # its sender, or another reader, was faster
        size = before.size or 0
        raw: bytes | None = None
        if size <= self._channel.max_bytes:
            async with self._sftp.open(f"{folder}/{taken}", "rb") as f:
                content: Any = await f.read(self._channel.max_bytes + 1)
            raw = bytes(content)
            after = await self._sftp.stat(f"{folder}/{taken}")
            if (after.size, after.mtime) != (before.size, before.mtime) or len(raw) != size:
                # it is still being written under our name for it: given back until a later run
                await self._sftp.rename(f"{folder}/{taken}", f"{folder}/{plain}")
                return None
        digest = hashlib.sha256(raw or b"").hexdigest()
        key = f"{digest if raw is not None else size}/{plain}"
        return PickedUp(key=key, name=safe_name(plain), raw=raw, size_bytes=size, at=taken)

    async def settle(self, item: PickedUp, fate: Fate) -> None:
        folder, taken = self._s.fetch_from.rstrip("/"), str(item.at)
        into = self._s.quarantine if fate is Fate.REFUSED else self._s.done
        try:
            if not into:
                await self._sftp.remove(f"{folder}/{taken}")
                return
            await self._sftp.makedirs(into, exist_ok=True)
            plain = taken.removeprefix(MARK).partition(".")[2]
            target = f"{into.rstrip('/')}/{plain}"
            if await self._sftp.exists(target):  # an earlier one is not overwritten
                target = f"{into.rstrip('/')}/{taken.removeprefix(MARK)}"
            await self._sftp.rename(f"{folder}/{taken}", target)
        except asyncssh.SFTPNoSuchFile:
            return
        except (OSError, asyncssh.Error) as e:
            raise _trouble(self._s, e) from e

    # ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def hand_over(self, parcel: Parcel) -> Handover:
        name, folder = safe_name(parcel.filename), self._s.put_into.rstrip("/")
        hidden, target = f"{folder}/.{name}.part", f"{folder}/{name}"
        try:
            async with self._sftp.open(hidden, "wb") as f:
                await f.write(parcel.raw)
            written = await self._sftp.stat(hidden)
            if written.size != len(parcel.raw):
                raise ChannelTrouble(f"Expected {len(parcel.raw)} bytes in {hidden}, found {written.size}.")
            try:
                await self._sftp.posix_rename(hidden, target)
            except asyncssh.SFTPOpUnsupported:
                with suppress(asyncssh.SFTPNoSuchFile):
                    await self._sftp.remove(target)
                await self._sftp.rename(hidden, target)
        except (OSError, asyncssh.Error) as e:
            raise _trouble(self._s, e) from e
        return Delivered(detail=target)


def _trouble(s: Sftp, e: Exception) -> ChannelTrouble:
    return ChannelTrouble(f"{s.host}: {type(e).__name__}: {e}")
