"""A watched folder.

    FOLDER/order.edi                    → claimed as FOLDER/.taken/<mark>.order.edi, which no other process finds
    FOLDER/.taken/<mark>.order.edi      → FOLDER/done/… once it is stored, FOLDER/quarantine/… when it is refused
    FOLDER/out/855-acme-1.edi           ← written under a hidden name, flushed, renamed

A file that is being written is left alone: one whose name says so, and one that changed a moment ago. What a process
that died had claimed is picked up again. A file is known again by its name and content.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

from crossdock import ids
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
)
from crossdock.partners.transports.settings import Folder, read

UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
TAKEN, DONE, QUARANTINE, OUT = ".taken", "done", "quarantine", "out"


def place(base: Path | None, channel: Channel) -> Path:
    """The folder of a channel: below that of its tenant, whatever its settings say. Raises ChannelTrouble."""
    if base is None:
        raise ChannelTrouble(
            "Expected CROSSDOCK_CHANNEL_FOLDERS to name the directory of watched folders; it is unset."
        )
    settings: Folder = read(channel)
    root = (base / channel.tenant_id).resolve()
    found = (root / settings.path).resolve()
    if not found.is_relative_to(root):
        raise ChannelTrouble(f"Expected a path below {channel.tenant_id}'s own directory, found {settings.path!r}.")
    return found


class WatchedFolder:
    def __init__(self, base: Path | None, channel: Channel) -> None:
        self._channel = channel
        self._settings: Folder = read(channel)
        self._folder = place(base, channel)
        self.inbound: Inbound | None = self
        self.outbound: Outbound | None = self
        self.repeatable, self.receipt_within_s, self.unknown_repeats = True, LOST_AFTER_S, 0  # a name is one document

    async def check(self) -> str:
        def look() -> str:
            if not self._folder.is_dir():
                raise ChannelTrouble(f"Expected the directory {self._folder}, found none.")
            if not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
                raise ChannelTrouble(f"Expected to read and write {self._folder}; its rights do not allow it.")
            return f"{sum(1 for _ in self._files())} files wait in {self._folder}"

        return await asyncio.to_thread(look)

    async def close(self) -> None:
        return

    # ── in ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def pick_up(self) -> AsyncIterator[PickedUp]:
        try:
            for path in await asyncio.to_thread(self._claimable):
                try:
                    item = await asyncio.to_thread(self._claim, path)
                except FileNotFoundError:
                    continue  # whoever put it there has taken it back
                if item is not None:
                    yield item
        except OSError as e:
            raise ChannelTrouble(f"{self._folder}: {e.strerror or e}") from e

    def _claimable(self) -> list[Path]:
        for name in (TAKEN, DONE, QUARANTINE):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        # first what a process claimed that died; nobody else runs this channel now
        left = sorted(p for p in (self._folder / TAKEN).iterdir() if p.is_file() and not p.is_symlink())
        return [*left, *self._files()]

    def _files(self) -> list[Path]:
        """Oldest first."""
        found: list[tuple[int, Path]] = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                name = entry.name
                hidden = name.startswith(".") or name.lower().endswith(UNFINISHED)
                # a link could name any file of this machine
                if hidden or not fnmatch(name, self._settings.pattern) or not entry.is_file(follow_symlinks=False):
                    continue
                found.append((entry.stat(follow_symlinks=False).st_mtime_ns, Path(entry.path)))
        return [path for _, path in sorted(found)]

    def _claim(self, path: Path) -> PickedUp | None:
        name = path.name
        if path.parent.name == TAKEN:
            name = name.partition(".")[2] or name
            taken = path
        else:
            if time.time() - path.stat().st_mtime < self._settings.settle_s:
                return None  # somebody may still be writing
            taken = self._folder / TAKEN / f"{ids.new()}.{name}"
            path.rename(taken)  # atomic: of two processes one has it
        size = taken.stat().st_size
        raw = None
        if size <= self._channel.max_bytes:
            with taken.open("rb") as f:
                raw = f.read(self._channel.max_bytes + 1)
            size = len(raw)
        digest = hashlib.sha256(raw or b"").hexdigest()
        return PickedUp(key=f"{digest}/{name}", name=safe_name(name), raw=raw, size_bytes=size, at=taken)

    async def settle(self, item: PickedUp, fate: Fate) -> None:
        await asyncio.to_thread(self._settle, item.at, fate)

    def _settle(self, taken: Path, fate: Fate) -> None:
        into = self._folder / (QUARANTINE if fate is Fate.REFUSED else DONE)
        name = taken.name.partition(".")[2]
        target = into / name
        if target.exists():
            target = into / f"{taken.name.partition('.')[0]}.{name}"  # an earlier one is not overwritten
        with suppress(FileNotFoundError):
            taken.rename(target)
        _flush(into)

    # ── out ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def hand_over(self, parcel: Parcel) -> Handover:
        try:
            await asyncio.to_thread(self._put, parcel)
        except OSError as e:
            raise ChannelTrouble(f"{self._folder}: {e.strerror or e}") from e
        return Delivered(detail=f"{OUT}/{safe_name(parcel.filename)}")

    def _put(self, parcel: Parcel) -> None:
        out = self._folder / OUT
        out.mkdir(parents=True, exist_ok=True)
        name = safe_name(parcel.filename)
        hidden = out / f".{name}.part"
        with hidden.open("wb") as f:
            f.write(parcel.raw)
            f.flush()
            os.fsync(f.fileno())
        hidden.rename(out / name)
        _flush(out)


def _flush(directory: Path) -> None:
    """The rename itself is on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
