"""Which operations there are for which tenant: configuration and connectors put together.

`operations` is what the engine calls: one Remote for each role operation that any tenant has a connector for. All
operations of one tenant's one system share a gate.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from crossdock.connect import roles
from crossdock.connect.budget import Crew
from crossdock.connect.config import Secrets, SystemConfig, from_environment
from crossdock.connect.gate import Gate, OnBreaker
from crossdock.connect.operation import Link, Operation
from crossdock.connect.sandbox import carrier, crm, erp, helpdesk, mail, payment, supplier, tax, wms
from crossdock.connect.wire import Vendor
from crossdock.errors import SetupError
from crossdock.outbound import Client

VENDORS: Mapping[str, Vendor] = {
    vendor.name: vendor
    for vendor in (
        erp.VENDOR,
        wms.VENDOR,
        carrier.VENDOR,
        tax.VENDOR,
        payment.VENDOR,
        supplier.VENDOR,
        helpdesk.VENDOR,
        crm.VENDOR,
        mail.VENDOR,
    )
}

UNDO: Mapping[str, str] = {
    name: role.undo.operation for name, role in roles.OPERATIONS.items() if role.undo is not None
}
"""Operation to the operation that compensates it; `roles.undo` gives its arguments."""


def operations(
    configs: Iterable[SystemConfig],
    client: Client,
    *,
    secrets: Secrets = from_environment,
    on_breaker: OnBreaker | None = None,
    crew: Crew | None = None,
) -> dict[str, Operation]:
    """By name (`erp.priceOrder`). crew: with how many workers the budgets are shared.

    Raises SetupError for an unknown vendor or two systems for one operation.
    """
    links: dict[str, dict[str, Link]] = {}
    systems: dict[str, str] = {}
    for config in configs:
        vendor = vendor_of(config)
        link = Link(
            vendor=vendor,
            base_url=config.base_url,
            key=_secret(secrets, config.key),
            gate=Gate(
                config.tenant,
                config.system,
                client,
                breaker=config.breaker,
                budget=config.budget,
                on_breaker=on_breaker,
                crew=crew,
            ),
            timeout=timedelta(seconds=config.timeout_s),
            timeouts={name: timedelta(seconds=s) for name, s in config.operation_timeout_s.items()},
        )
        for name in vendor.actions:
            if systems.setdefault(name, config.system) != config.system:
                raise SetupError(
                    f"Expected one system for {name}, found {systems[name]} and {config.system} ({config.tenant})."
                )
            if config.tenant in links.setdefault(name, {}):
                raise SetupError(f"Expected one {config.system} for tenant {config.tenant}, found two that do {name}.")
            links[name][config.tenant] = link
    return {name: Operation(name, systems[name], by_tenant) for name, by_tenant in sorted(links.items())}


def vendor_of(config: SystemConfig) -> Vendor:
    vendor = VENDORS.get(config.vendor)
    if vendor is None:
        raise SetupError(
            f"Expected one of {sorted(VENDORS)} as vendor of {config.tenant}/{config.system}, found {config.vendor!r}."
        )
    return vendor


def _secret(secrets: Secrets, reference: str):
    # Resolved at each request: a changed secret holds at once, and none lies about in an object.
    return lambda: secrets(reference)
