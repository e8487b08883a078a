"""Which code answers which call: catalogue functions for every tenant, role operations per tenant.

The composition root registers them; the worker only resolves names.
"""

from collections.abc import Mapping
from typing import TypeAlias

from crossdock.flow.outcomes import Immediate, Remote, Transactional

Function: TypeAlias = Immediate | Transactional | Remote

COMPENSATE = "compensate"  # the one function that is the host's own


class Functions:
    """Catalogue functions by name, and role operations by tenant and name."""

    def __init__(self, catalogue: Mapping[str, Function], operations: Mapping[str, Mapping[str, Remote]]) -> None:
        """operations: tenant → operation (`erp.priceOrder`) → the connector's implementation."""
        self._catalogue = dict(catalogue)
        self._operations = {tenant: dict(by_name) for tenant, by_name in operations.items()}

    def resolve(self, tenant_id: str, name: str) -> Function | None:
        return self._operations.get(tenant_id, {}).get(name) or self._catalogue.get(name)

    def remote(self, tenant_id: str, name: str) -> Remote | None:
        found = self.resolve(tenant_id, name)
        return found if isinstance(found, Remote) else None

    def names(self, tenant_id: str) -> set[str]:
        return {*self._catalogue, *self._operations.get(tenant_id, {}), COMPENSATE}
