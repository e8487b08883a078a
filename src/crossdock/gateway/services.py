"""What the gateway is given by the composition root, and what it keeps for itself while it runs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from fastapi import Request

from crossdock.clock import Clock
from crossdock.db import Database, Tx
from crossdock.gateway.identity import Keys
from crossdock.gateway.pressure import Pressure
from crossdock.gateway.together import Together
from crossdock.outbound.mail import Mailer
from crossdock.partners.transports.desk import Desk, Trouble
from crossdock.partners.transports.model import Secrets
from crossdock.partners.transports.running import Open
from crossdock.settings import Settings
from crossdock.tower.board import Drawings

if TYPE_CHECKING:
    from crossdock.gateway.limits import Attempts
    from crossdock.gateway.live import Hub
    from crossdock.gateway.runs import Ends, Starts

# (tenant, system) → the secret with which that system signs its webhooks; "" when it sends none.
WebhookSecret: TypeAlias = Callable[[str, str], Awaitable[str]]


async def no_webhooks(tenant_id: str, system: str) -> str:
    """No system signs anything, so nothing that claims to come from one is believed."""
    return ""


def no_secrets(tenant_id: str) -> Mapping[str, Any]:
    """A vault without a directory."""
    return {}


NO_MAIL = Mailer(None, None)


class NoDesk:
    """Nobody to tell: for routes that are only read."""

    async def open(self, tx: Tx, tenant_id: str, trouble: Trouble, now: datetime) -> UUID:
        return UUID(int=0)

    async def close(self, tx: Tx, tenant_id: str, case_id: UUID, what: str, now: datetime) -> None:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """vault: secrets of tenants' channels. desk: where channels' trouble is told.
    open_channel: how they are opened, to try one.

    process: the name under which this process's own metrics are known, so that they are not counted twice."""

    db: Database
    clock: Clock
    settings: Settings
    webhook_secret: WebhookSecret = no_webhooks
    vault: Secrets = no_secrets
    desk: Desk = field(default_factory=NoDesk)
    open_channel: Open | None = None
    mailer: Mailer = NO_MAIL
    process: str = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One gateway at work: what it was given, its live hub, the definitions it has drawn, its counts of attempts.

    strangers: of messages whose senders nobody knows, by address: how many of them are kept. together: the board's
    answers, which several pages share.
    """

    services: Services
    hub: "Hub"
    attempts: "Attempts"
    strangers: "Attempts"
    starts: "Starts"
    ends: "Ends"
    drawings: Drawings = field(default_factory=Drawings)
    pressure: Pressure = field(default_factory=Pressure)
    keys: Keys = field(default_factory=Keys)
    together: Together = field(default_factory=Together)


def running(request: Request) -> Running:
    return request.app.state.running
