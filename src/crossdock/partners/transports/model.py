"""What a channel is, what it picks up and what it hands over; and the two protocols that every transport keeps.

A transport moves bytes and knows no database. What it picks up is whole, and stays where it was, under a name that
says that it is taken, until `settle` is told that it is stored. What it hands over is there whole or not at all; where
that cannot be known, it says so.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from crossdock.errors import CrossdockError, Finding, PartnerError

NAME = re.compile(r"^[a-z][a-z0-9-]{0,39}$")
NAME_CHARACTERS = 200  # of a remote name that is kept and shown
# A process that died while it was sending: by now its run is over (running.RUN_S), whatever it was doing.
LOST_AFTER_S = 180.0


class Kind(StrEnum):
    FOLDER = "folder"
    SFTP = "sftp"  # we are the client
    SFTP_LOGIN = "sftp-login"  # the partner is, and logs in to our server
    AS2 = "as2"
    IMAP = "imap"  # we fetch a mailbox
    SMTP = "smtp"  # mail is delivered to us
    S3 = "s3"
    HTTP = "http"  # we post; what is posted to us comes by the interface (POST /api/intake)


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to one partner, or from several. settings: of its kind, with names of secrets.

    usual: on the way out it carries everything that no agreement sends by another channel; else only what an agreement
    sends by it.
    """

    tenant_id: str
    id: str
    kind: Kind
    direction: Direction
    partner: str | None
    settings: Mapping[str, Any] = field(repr=False)
    enabled: bool = True
    usual: bool = True
    every_s: int = 30
    max_bytes: int = 32 * 1024 * 1024
    failures: int = 0
    case_id: UUID | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_failure: str = ""

    @property
    def label(self) -> str:
        """As documents show how they came and went."""
        return f"{self.kind.value}:{self.id}"

    @property
    def takes(self) -> bool:
        return self.direction is not Direction.OUT

    @property
    def hands_over(self) -> bool:
        return self.direction is not Direction.IN and self.partner is not None


class ChannelTrouble(CrossdockError):
    """The other side, or the way there, does not work now: expected, found. The next run tries again."""


# ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedUp:
    """Something whole that came. key: by which its transport knows it again. at: where it lies now, for `settle`.

    raw is None when it is larger than the channel allows: it was not read, and is refused.
    sender: as the transport knows it; partner: whose that is, None when nobody's. problem: why it is no document.
    """

    key: str
    name: str
    raw: bytes | None
    size_bytes: int
    at: Any
    sender: str = ""
    partner: str | None = None
    problem: str = ""


class Fate(StrEnum):
    STORED = "stored"
    REPEATED = "repeated"  # it was stored before
    REFUSED = "refused"  # too large, or empty: set aside where its sender can see it


class Inbound(Protocol):
    def pick_up(self) -> AsyncIterator[PickedUp]:
        """Claims and reads, one after the other. Raises ChannelTrouble."""
        ...

    async def settle(self, item: PickedUp, fate: Fate) -> None:
        """Only now is it moved away, deleted or marked. Called after the commit; a repeated call is harmless."""
        ...


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A document to hand over. message_id: the same when it is tried again; media_type: of its format."""

    document_id: UUID
    number: int
    filename: str
    raw: bytes = field(repr=False)
    media_type: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    detail: str = ""
    mic: str = ""
    receipt: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Sent, and its receipt comes later by another way (asynchronous MDN)."""

    detail: str = ""
    mic: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Certainly not delivered; it may be tried again."""

    detail: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The other side has it and does not want it; trying again helps nobody."""

    detail: str
    receipt: bytes | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have arrived. A person, or the same message under the same identifier, finds out."""

    detail: str


Handover: TypeAlias = Delivered | Pending | Failed | Rejected | Unknown


class Outbound(Protocol):
    repeatable: bool
    """Whether handing over the same document twice leaves one, by its name. Else a lost try is unknown."""

    receipt_within_s: float
    """After this, a try of which nothing is known is unknown."""

    unknown_repeats: int
    """How often one of which nothing is known is sent again by itself, under its own identifier."""

    async def hand_over(self, parcel: Parcel) -> Handover:
        """Raises ChannelTrouble when the other side cannot be reached: then nothing was handed over."""
        ...


class Transport(Protocol):
    """An open channel. inbound, outbound: None for the way it does not go."""

    inbound: Inbound | None
    outbound: Outbound | None

    async def check(self) -> str:
        """Looks whether it would work, and moves nothing. Returns what it found, raises ChannelTrouble."""
        ...

    async def close(self) -> None: ...


Secrets: TypeAlias = Callable[[str], Mapping[str, Any]]
"""Tenant → its secrets by name."""

Letters: TypeAlias = Callable[[str, bytes, Sequence[str]], Awaitable[bool]]
"""(tenant, a whole mail, recipients of its envelope) → whether it answers what a person wrote. Then it is stored there,
and is no document."""


def secret(secrets: Mapping[str, Any], name: str, where: str) -> str:
    """Raises ChannelTrouble that names the missing secret, and never shows one."""
    try:
        found = secrets[name]
    except KeyError:
        raise ChannelTrouble(f"Expected a secret named {name!r} ({where}), found none in the vault.") from None
    return str(found)


def wrong(where: str, expected: str, found: object, fix: str) -> PartnerError:
    return PartnerError([Finding("channel.settings", where, expected, repr(found)[:80], fix)])


def safe_name(name: str) -> str:
    """A remote name as a file name of ours: no path, nothing hidden, nothing that cannot be printed."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c if c.isprintable() and c not in ':*?"<>|' else "_" for c in last).strip().lstrip(".")
    return kept[:NAME_CHARACTERS] or "unnamed"
