"""Which code answers which call: catalogue functions for every tenant, role operations per tenant.

The composition root registers them; the worker only resolves names.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import TypeAlias, cast

from crossdock.flow.outcomes import Immediate, Remote, Transactional

Function: TypeAlias = Immediate | Transactional | Remote

COMPENSATE = "compensate"  # the one function that is the host's own


class Kind(StrEnum):
    IMMEDIATE = "immediate"
    TRANSACTIONAL = "transactional"
    REMOTE = "remote"


@cache
def kind_of(function: type[Function]) -> Kind:
    """Which protocol a function's class satisfies, by its one characteristic method; asked once a class."""
    if hasattr(function, "evaluate"):
        return Kind.IMMEDIATE
    return Kind.TRANSACTIONAL if hasattr(function, "start") else Kind.REMOTE


class Functions:
    """Catalogue functions by name, and role operations by tenant and name."""

    def __init__(self, catalogue: Mapping[str, Function], operations: Mapping[str, Mapping[str, Remote]]) -> None:
        """operations: tenant → operation (`erp.priceOrder`) → the connector's implementation."""
        self._catalogue = dict(catalogue)
        self._operations = {tenant: dict(by_name) for tenant, by_name in operations.items()}

    def resolve(self, tenant_id: str, name: str) -> Function | None:
        return self._operations.get(tenant_id, {}).get(name) or self._catalogue.get(name)

    def immediate(self, tenant_id: str, name: str) -> Immediate | None:
        found = self.resolve(tenant_id, name)
        return cast("Immediate", found) if found is not None and kind_of(type(found)) is Kind.IMMEDIATE else None

    def transactional(self, tenant_id: str, name: str) -> Transactional | None:
        found = self.resolve(tenant_id, name)
        if found is None or kind_of(type(found)) is not Kind.TRANSACTIONAL:
            return None
        return cast("Transactional", found)

    def remote(self, tenant_id: str, name: str) -> Remote | None:
        found = self.resolve(tenant_id, name)
        return cast("Remote", found) if found is not None and kind_of(type(found)) is Kind.REMOTE else None

    def names(self, tenant_id: str) -> set[str]:
        return {*self._catalogue, *self._operations.get(tenant_id, {}), COMPENSATE}
