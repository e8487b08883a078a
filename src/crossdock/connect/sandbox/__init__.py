"""Connectors to the sandbox enterprise: nine systems, each with a vendor-like wire format of its own.

They know the sandbox by its published interface alone. `configs` and `secrets` give what a tenant's configuration
would hold for systems bought elsewhere.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable

from crossdock.connect.config import SystemConfig

SYSTEMS = ("erp", "wms", "carrier", "tax", "payment", "supplier", "helpdesk", "mail", "crm")
_API, _WEBHOOK = "sandbox-api:", "sandbox-webhook:"


def configs(base_url: str, tenants: Iterable[str]) -> list[SystemConfig]:
    """All systems of the sandbox at this address, for these tenants."""
    return [
        SystemConfig(
            tenant=tenant,
            system=system,
            vendor=f"sandbox.{system}",
            base_url=f"{base_url.rstrip('/')}/{tenant}/{system}",
            key=f"{_API}{tenant}:{system}",
            webhook_secret=f"{_WEBHOOK}{tenant}:{system}",
        )
        for tenant in tenants
        for system in SYSTEMS
    ]


def secrets(secret: str, otherwise: Callable[[str], str]) -> Callable[[str], str]:
    """Resolves the references of `configs` from the sandbox's one secret, and any other by `otherwise`."""

    def resolve(reference: str) -> str:
        for prefix, purpose in ((_API, "api"), (_WEBHOOK, "webhook")):
            if reference.startswith(prefix):
                message = f"{purpose}:{reference.removeprefix(prefix)}"
                return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
        return otherwise(reference)

    return resolve
