"""What people hear of channels: one case for each trouble, closed by itself when the trouble is over.

The partners know no cases; who runs this says how one is opened and closed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from crossdock.db import Tx
from crossdock.partners.transports.model import Channel

TELL_AFTER_FAILURES = 3  # in a row: one lost connection is nobody's work


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """key: one case for each, while it is open."""

    kind: str
    key: str
    severity: str
    title: str
    reason: str
    detail: str
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])


class Desk(Protocol):
    """Where people work."""

    async def open(self, tx: Tx, tenant_id: str, trouble: Trouble, now: datetime) -> UUID: ...

    async def close(self, tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None: ...


def failing(channel: Channel, failures: int, why: str) -> Trouble:
    whose = f" of {channel.partner}" if channel.partner else ""
    return Trouble(
        kind="channel-failing",
        key=f"channel/{channel.id}",
        severity="high",
        title=f"The channel {channel.id} ({channel.kind.value}){whose} does not work",
        reason=why,
        detail="It is tried again by itself, and this case closes when it works; `crossdock channel test` looks closer",
        evidence={"channel": channel.id, "failures": failures},
    )


def refused(channel: Channel, name: str, why: str) -> Trouble:
    return Trouble(
        kind="file-refused",
        key=f"channel/{channel.id}/refused/{name}",
        severity="medium",
        title=f"{channel.id}: {name} was not taken",
        reason=why,
        detail="It was set aside where it came from and is not kept here; its sender must send it otherwise",
        evidence={"channel": channel.id, "name": name},
    )


def undelivered(channel: Channel, document_id: UUID, state: str, why: str) -> Trouble:
    unknown = state == "unknown"
    return Trouble(
        kind="delivery-unknown" if unknown else "delivery-refused",
        key=f"delivery/{document_id}",
        severity="high",
        title=f"{channel.partner} {'may not have got' if unknown else 'refused'} a document of ours by {channel.id}",
        reason=why,
        detail="Ask the partner. `crossdock channel resend` sends the same message under the same identifier, which a "
        "receiver that has it tells apart; `documents replay` sends it as a new one",
        evidence={"channel": channel.id, "document": str(document_id)},
    )


def expiring(whose: str, fingerprint: str, subject: str, not_after: datetime) -> Trouble:
    return Trouble(
        kind="certificate-expiring",
        key=f"certificate/{whose}/{fingerprint}",
        severity="high",
        title=f"A certificate of {whose or 'ours'} ends on {not_after:%Y-%m-%d}",
        reason=f"{subject} is not replaced by another yet",
        detail="Add the new one beside it with `crossdock channel certificate add`; both hold until the old one ends",
        evidence={"partner": whose, "fingerprint": fingerprint, "not_after": not_after},
    )
