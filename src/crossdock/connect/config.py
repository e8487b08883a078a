"""How a tenant's systems are configured: data without secrets.

A key is a reference that is resolved when a request is made: `env:ERP_KEY` is an environment variable,
`file:/run/secrets/erp` the first line of a file. So a configuration may be shown, logged and stored as it is.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from crossdock.connect.breaker import BreakerLimits
from crossdock.connect.budget import BudgetLimits
from crossdock.errors import SetupError

Secrets = Callable[[str], str]
"""A reference to its secret. Raises SetupError."""


class SystemConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tenant's one system. system: the name that events, incidents and webhooks use. vendor: which connector."""

    tenant: str
    system: str
    vendor: str
    base_url: str
    key: str
    webhook_secret: str = ""  # "": this system sends none
    timeout_s: float = 5.0
    operation_timeout_s: dict[str, float] = {}  # msgspec copies a mutable default
    budget: BudgetLimits = BudgetLimits()
    breaker: BreakerLimits = BreakerLimits()

    def __post_init__(self) -> None:
        for reference in (self.key, self.webhook_secret):
            if reference and ":" not in reference:
                # Not shown: what stands here instead of a reference is probably the secret itself.
                raise ValueError(f"{self.tenant}/{self.system}: expected a secret's reference (env:NAME, file:PATH)")


def from_environment(reference: str) -> str:
    kind, _, name = reference.partition(":")
    match kind:
        case "env":
            value = os.environ.get(name, "")
        case "file":
            path = Path(name)
            value = path.read_text(encoding="utf-8").partition("\n")[0].strip() if path.is_file() else ""
        case _:
            raise SetupError(f"Expected a secret's reference of kind env or file, found kind {kind!r}.")
    if not value:
        raise SetupError(f"Expected a secret at {reference}, found none. Set it and call again.")
    return value
