"""Identifiers: UUIDv7, so that keys sort by time of birth and B-tree inserts stay at the right-hand edge."""

import os
import time
import uuid


def new() -> uuid.UUID:
    """A fresh UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits."""
    ms = time.time_ns() // 1_000_000
    value = (ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | (0x7 << 76)
    return uuid.UUID(int=value & ~(0x3 << 62) | (0x2 << 62))


NAMESPACE = uuid.UUID("6f1c1d52-5b8e-5a55-9a43-0c5b0f6d2a10")


def derived(*parts: str) -> uuid.UUID:
    """The same UUIDv5 for the same parts: how a repeated fact finds the row it already made."""
    return uuid.uuid5(NAMESPACE, "\x1f".join(parts))
