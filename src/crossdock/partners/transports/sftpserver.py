"""SFTP with us as the server: each login sees two folders of its own, which exist nowhere as files.

    /in     what is put here is a document of theirs: stored and committed before its close is acknowledged
    /out    what is to be fetched: a document of ours is delivered once it is removed (or moved) from here

A login is `TENANT.USER`. There is no shell, no forwarding, no path that leads anywhere else, since there are no paths.
An upload is held in memory, at most the channel's `max_bytes` and a few at once; one that breaks off is forgotten.
"""

import asyncio
import hashlib
import inspect
import logging
import stat
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncssh
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from crossdock.db import PASSING, Database
from crossdock.errors import CrossdockError, SetupError
from crossdock.partners import intake
from crossdock.partners.transports import desk, handing, store, taking
from crossdock.partners.transports.desk import Desk
from crossdock.partners.transports.folder import UNFINISHED
from crossdock.partners.transports.model import Channel, Delivered, Kind, PickedUp, safe_name
from crossdock.partners.transports.settings import SftpLogin, read
from crossdock.partners.transports.store import SQL

log = logging.getLogger(__name__)

IN, OUT = b"/in", b"/out"
LOGIN_S = 30
MOST_OPEN = 4  # files of one session at once: what bounds its memory
MOST_HELD = 16  # finished uploads under a temporary name, waiting to be renamed
FAILURES, FAILURES_WITHIN_S, ADDRESSES = 10, 60.0, 10_000
HASHER = PasswordHasher()
ASKED, BROKEN_OFF = "_process_close", "_cleanup"  # methods of asyncssh's SFTPServerHandler
# draft-ietf-secsh-filexfer-02, as version 3 of the protocol is known
FXF_WRITE, REGULAR, DIRECTORY = 0x00000002, 1, 2


@dataclass(slots=True)
class Upload:
    """A file on its way in. too_large: it went beyond the limit, and its bytes were let go."""

    name: str
    content: bytearray = field(default_factory=bytearray)
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    document_id: UUID
    number: int
    content: bytes


class Attempts:
    """Failed logins of each address; too many in a minute, and it is not let in to try."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def barred(self, address: str) -> bool:
        since = self._now() - FAILURES_WITHIN_S
        return sum(at > since for at in self._failed.get(address, [])) >= FAILURES

    def failed(self, address: str) -> None:
        since = self._now() - FAILURES_WITHIN_S
        recent = [at for at in self._failed.pop(address, []) if at > since]
        self._failed[address] = [*recent, self._now()][-FAILURES:]
        while len(self._failed) > ADDRESSES:
            self._failed.popitem(last=False)


async def login(db: Database, name: str) -> Channel | None:
    """The channel of `TENANT.USER`, where it is enabled."""
    tenant_id, _, user = name.partition(".")
    if not user or tenant_id not in await db.tenant_ids():
        return None
    async with db.transaction(tenant_id) as tx:
        for channel in await store.of_kind(tx, tenant_id, Kind.SFTP_LOGIN):
            settings: SftpLogin = read(channel)
            if settings.user == user:
                return channel
    return None


def hashed(password: str) -> str:
    """As a channel keeps a password."""
    return HASHER.hash(password)


_NOBODY = HASHER.hash("nobody has this password")  # so that an unknown name takes as long


class _Login(asyncssh.SSHServer):
    """One connection: who it is."""

    def __init__(self, served: "Served") -> None:
        self._served = served
        self._address = ""
        self.channel: Channel | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._address = str(conn.get_extra_info("peername", ("",))[0])
        if self._served.attempts.barred(self._address):
            conn.abort()

    async def begin_auth(self, username: str) -> bool:
        self.channel = await login(self._served.db, username)
        self._connection.set_extra_info(crossdock_channel=self.channel)
        return True  # also for an unknown name, so that nobody learns which there are

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if self.channel is None:
            return False
        settings: SftpLogin = read(self.channel)
        return any(asyncssh.import_public_key(k) == key for k in settings.keys)

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        settings: SftpLogin | None = read(self.channel) if self.channel is not None else None
        expected = settings.password_hash if settings is not None and settings.password_hash else _NOBODY

        def verified() -> bool:
            try:
                return HASHER.verify(expected, password)
            except (Argon2Error, InvalidHashError):
                return False

        good = await asyncio.to_thread(verified) and expected is not _NOBODY
        if not good:
            self._served.attempts.failed(self._address)
        return good


class _Folders(asyncssh.SFTPServer):
    """One session: two folders."""

    def __init__(self, chan: "asyncssh.SSHServerChannel[bytes]", served: "Served") -> None:
        super().__init__(chan)  # pyright: ignore[reportUnknownMemberType]
        found: Channel | None = chan.get_connection().get_extra_info("crossdock_channel")
        if found is None:
            raise asyncssh.SFTPPermissionDenied("not logged in")
        self._channel = found
        self._served = served
        self._open = 0
        self._held: dict[str, Upload] = {}

    # ── where ────────────────────────────────────────────────────────────────────────────────────────────────────

    def map_path(self, path: bytes) -> bytes:
        return path

    def reverse_map_path(self, path: bytes) -> bytes:
        return path

    def realpath(self, path: bytes) -> bytes:
        parts: list[bytes] = []
        for part in path.split(b"/"):
            if part == b"..":
                parts = parts[:-1]
            elif part not in (b"", b"."):
                parts.append(part)
        return b"/" + b"/".join(parts)

    def _split(self, path: bytes) -> tuple[bytes, str]:
        """(folder, name); name "" is the folder itself. Raises SFTPNoSuchFile for any other place."""
        whole = self.realpath(path)
        folder, _, name = whole.rpartition(b"/")
        if whole in (b"/", IN, OUT):
            return whole, ""
        if folder not in (IN, OUT):
            raise asyncssh.SFTPNoSuchFile("there are /in and /out")
        return folder, name.decode("utf-8", "replace")

    async def _offered(self) -> dict[str, Offered]:
        channel = self._channel
        async with self._served.db.transaction(channel.tenant_id) as tx:
            rows = await handing.waiting(tx, channel, 500)
        return {
            safe_name(r["filename"]): Offered(document_id=r["document_id"], number=r["tries"], content=r["bytes"])
            for r in rows
        }

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        folder, name = self._split(path)
        if not name:
            return _directory()
        if folder == OUT:
            found = (await self._offered()).get(name)
            if found is not None:
                return _file(len(found.content))
        elif name in self._held:
            return _file(len(self._held[name].content))
        raise asyncssh.SFTPNoSuchFile(name)

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return await self.stat(path)

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        match file_obj:
            case Upload(content=content) | Download(content=content):
                return _file(len(content))
            case _:
                raise asyncssh.SFTPInvalidHandle("no such file")

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Times and rights that clients set after an upload mean nothing here, and disturb nobody."""

    def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Likewise."""

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """Likewise."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        folder, name = self._split(path)
        if name:
            raise asyncssh.SFTPNotADirectory(name)
        entries: list[tuple[str, asyncssh.SFTPAttrs]] = [(".", _directory()), ("..", _directory())]
        if folder == b"/":
            entries += [("in", _directory()), ("out", _directory())]
        elif folder == OUT:
            entries += [(n, _file(len(o.content))) for n, o in (await self._offered()).items()]
        else:
            entries += [(n, _file(len(u.content))) for n, u in self._held.items()]
        for entry, attrs in entries:
            yield asyncssh.SFTPName(entry.encode(), attrs=attrs)

    # ── reading and writing ──────────────────────────────────────────────────────────────────────────────────────

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Coroutine[Any, Any, object]:
        return self._opened(path, bool(pflags & FXF_WRITE))

    async def _opened(self, path: bytes, write: bool) -> object:
        folder, name = self._split(path)
        if not name:
            raise asyncssh.SFTPFailure("a folder is not a file")
        if self._open >= MOST_OPEN:
            raise asyncssh.SFTPFailure(f"at most {MOST_OPEN} files at once")
        if not write:
            found = (await self._offered()).get(name) if folder == OUT else None
            if found is None:
                raise asyncssh.SFTPNoSuchFile(name)
            self._open += 1
            return Download(found.content)
        if folder != IN or not self._channel.takes:
            raise asyncssh.SFTPPermissionDenied("documents are put into /in")
        if len(self._held) >= MOST_HELD:
            raise asyncssh.SFTPFailure("too many files under temporary names; rename or remove them")
        self._open += 1
        return Upload(name)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if not isinstance(file_obj, Download):
            raise asyncssh.SFTPPermissionDenied("what is put here is not read back")
        return file_obj.content[offset : offset + size]

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if not isinstance(file_obj, Upload):
            raise asyncssh.SFTPPermissionDenied("this is not written")
        end = offset + len(data)
        if end > self._channel.max_bytes:
            file_obj.too_large = True
            file_obj.content.clear()
            raise asyncssh.SFTPQuotaExceeded(f"at most {self._channel.max_bytes} bytes")
        if end > len(file_obj.content):
            file_obj.content.extend(bytes(end - len(file_obj.content)))
        file_obj.content[offset:end] = data
        return len(data)

    def close(self, file_obj: object) -> Coroutine[Any, Any, None]:
        # asyncssh closes what a lost connection left open by this very method, and does not say so. Only a close that
        # the client asked for tells that its file is whole, so the caller is asked for its name; should asyncssh name
        # it otherwise one day, nothing is stored and the client hears that.
        frame = inspect.currentframe()
        caller = frame.f_back.f_code.co_name if frame is not None and frame.f_back is not None else ""
        return self._closed(file_obj, caller)

    async def _closed(self, file_obj: object, caller: str) -> None:
        self._open -= 1
        if not isinstance(file_obj, Upload):
            return
        if caller == BROKEN_OFF:
            log.info("an upload to %s broke off; nothing of it is kept", self._channel.id)
            return
        if caller != ASKED:
            raise asyncssh.SFTPFailure("it cannot be told whether the file is whole; it was not stored")
        if file_obj.too_large:
            await self._refuse(file_obj, f"Expected at most {self._channel.max_bytes} bytes, found more.")
        elif _unfinished(file_obj.name):
            self._held[file_obj.name] = file_obj  # until it gets its name
        else:
            await self._store(file_obj)

    async def _store(self, upload: Upload) -> None:
        """Committed when this returns; whatever goes wrong, the client hears that it was not stored."""
        raw = bytes(upload.content)
        item = PickedUp(
            key=f"{hashlib.sha256(raw).hexdigest()}/{upload.name}",
            name=safe_name(upload.name),
            raw=raw,
            size_bytes=len(raw),
            at=None,
            sender=self._channel.partner or "",
            partner=self._channel.partner,
        )
        if reason := taking.refusal(self._channel, item):
            await self._refuse(upload, reason)
        try:
            receipt_id = await taking.keep(self._served.db, self._channel, item)
            async with self._served.db.transaction(self._channel.tenant_id) as tx:
                await tx.execute(SQL["worked"], self._channel.tenant_id, self._channel.id)
        except (CrossdockError, *PASSING) as e:
            log.warning("an upload to %s could not be stored: %s", self._channel.id, e)
            raise asyncssh.SFTPFailure("it could not be stored now; send it again") from None
        if receipt_id is not None:
            self._served.carry_out(self._channel.tenant_id, receipt_id)

    async def _refuse(self, upload: Upload, reason: str) -> None:
        async with self._served.db.transaction(self._channel.tenant_id) as tx:
            trouble = desk.refused(self._channel, safe_name(upload.name), reason)
            now = await tx.fetchval("select crossdock.now()")
            await self._served.people.open(tx, self._channel.tenant_id, trouble, now)
        raise asyncssh.SFTPFailure(reason)

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        folder, name = self._split(oldpath)
        to_folder, to_name = self._split(newpath)
        if folder == IN and to_folder == IN and to_name:
            upload = self._held.pop(name, None)
            if upload is None:
                raise asyncssh.SFTPNoSuchFile(name)
            upload.name = to_name
            if _unfinished(to_name):
                self._held[to_name] = upload
            else:
                await self._store(upload)
            return
        if folder == OUT:
            await self._fetched(name)  # moved out of the way: fetched
            return
        raise asyncssh.SFTPPermissionDenied("documents stay in their folder")

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self.rename(oldpath, newpath)

    async def remove(self, path: bytes) -> None:
        folder, name = self._split(path)
        if folder == OUT and name:
            await self._fetched(name)
        elif self._held.pop(name, None) is None:
            raise asyncssh.SFTPNoSuchFile(name)

    async def _fetched(self, name: str) -> None:
        found = (await self._offered()).get(name)
        if found is None:
            raise asyncssh.SFTPNoSuchFile(name)
        channel = self._channel
        async with self._served.db.transaction(channel.tenant_id) as tx:
            at = (channel.tenant_id, found.document_id, found.number)
            await tx.fetchrow(SQL["begin"], *at, channel.id, f"{found.document_id}/{found.number}", True)
            done = Delivered(detail=f"fetched from /out as {name}")
            await handing.settle(tx, channel, found.document_id, found.number, done, self._served.people)

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        raise asyncssh.SFTPPermissionDenied("there are /in and /out")

    def rmdir(self, path: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("there are /in and /out")

    def readlink(self, path: bytes) -> bytes:
        raise asyncssh.SFTPOpUnsupported("there are no links")

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("there are no links")

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("there are no links")

    def statvfs(self, path: bytes) -> Any:
        raise asyncssh.SFTPOpUnsupported("there is no disk")

    def fstatvfs(self, file_obj: object) -> Any:
        raise asyncssh.SFTPOpUnsupported("there is no disk")

    def fsync(self, file_obj: object) -> None:
        """What counts is the close."""


def _unfinished(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def _directory() -> asyncssh.SFTPAttrs:
    return asyncssh.SFTPAttrs(type=DIRECTORY, permissions=stat.S_IFDIR | 0o700, size=0)


def _file(size: int) -> asyncssh.SFTPAttrs:
    return asyncssh.SFTPAttrs(type=REGULAR, permissions=stat.S_IFREG | 0o600, size=size)


class Served:
    """The server of one process, for all tenants."""

    def __init__(self, db: Database, people: Desk) -> None:
        self.db = db
        self.people = people
        self.attempts = Attempts()
        self._carrying: set[asyncio.Task[Any]] = set()
        self._acceptor: asyncssh.SSHAcceptor | None = None

    async def start(self, host: str, port: int, host_key: Path) -> int:
        """Listens; returns the port. Raises SetupError when the key or the address cannot be had."""
        try:
            key = asyncssh.read_private_key(host_key)
        except (OSError, asyncssh.KeyImportError) as e:
            how = "`ssh-keygen -t ed25519 -N '' -f FILE` makes one"
            text = f"Expected the private key of the SFTP server in {host_key} ({e}); {how}."
            raise SetupError(text) from e
        try:
            self._acceptor = await asyncssh.listen(
                host,
                port,
                server_factory=lambda: _Login(self),
                server_host_keys=[key],
                sftp_factory=self._folders,
                allow_scp=False,
                agent_forwarding=False,
                x11_forwarding=False,
                allow_pty=False,
                line_editor=False,
                encoding=None,
                config=None,
                login_timeout=LOGIN_S,
                keepalive_interval=30,
                sftp_version=3,
                server_version="Crossdock",
            )
        except OSError as e:
            raise SetupError(f"Expected to listen on {host}:{port} for SFTP: {e.strerror or e}.") from e
        return int(self._acceptor.get_port())

    def _folders(self, chan: "asyncssh.SSHServerChannel[bytes]") -> _Folders:
        return _Folders(chan, self)

    def carry_out(self, tenant_id: str, receipt_id: UUID) -> None:
        """After the client has its answer; a death before the end leaves it to `intake.resume`."""
        task = asyncio.create_task(self._carried_out(tenant_id, receipt_id))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carried_out(self, tenant_id: str, receipt_id: UUID) -> None:
        try:
            await intake.carry_out(self.db, tenant_id, receipt_id)
        except (CrossdockError, *PASSING) as e:
            log.warning("an upload is stored and not yet carried out: %s", e)

    async def idle(self) -> None:
        while self._carrying:
            await asyncio.gather(*self._carrying, return_exceptions=True)

    async def close(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
        await self.idle()
