"""What the gateway is given by the composition root, and what it keeps for itself while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from fastapi import Request

from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.gateway.identity import Keys
from crossdock.gateway.pressure import Pressure
from crossdock.settings import Settings
from crossdock.tower.board import Drawings

if TYPE_CHECKING:
    from crossdock.gateway.limits import Attempts
    from crossdock.gateway.live import Hub
    from crossdock.gateway.runs import Ends, Starts

# (tenant, system) → the secret with which that system signs its webhooks; "" when it sends none.
WebhookSecret: TypeAlias = Callable[[str, str], str]


def no_webhooks(tenant_id: str, system: str) -> str:
    """No system signs anything, so nothing that claims to come from one is believed."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """process: the name under which this process's own metrics are known, so that they are not counted twice."""

    db: Database
    clock: Clock
    settings: Settings
    webhook_secret: WebhookSecret = no_webhooks
    process: str = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One gateway at work: what it was given, its live hub, the definitions it has drawn, its counts of attempts."""

    services: Services
    hub: "Hub"
    attempts: "Attempts"
    starts: "Starts"
    ends: "Ends"
    drawings: Drawings = field(default_factory=Drawings)
    pressure: Pressure = field(default_factory=Pressure)
    keys: Keys = field(default_factory=Keys)


def running(request: Request) -> Running:
    return request.app.state.running
