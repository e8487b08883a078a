"""Which code answers which call: catalogue functions for every tenant, role operations per tenant.

The composition root registers them; the worker only resolves names. Secrets enter here too, at the moment of a call:
what the state, the history and the call's row hold is a mark.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Protocol, TypeAlias, assert_never, cast

import msgspec
from msgspec.structs import replace

from crossdock import exactjson
from crossdock.db import Tx
from crossdock.flow import faults
from crossdock.flow import secrets as marks
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import (
    Absent,
    Done,
    Failed,
    Immediate,
    Invocation,
    Performed,
    Probed,
    Remote,
    Transactional,
    Unknown,
)

Function: TypeAlias = Immediate | Transactional | Remote
Secrets: TypeAlias = Callable[[str], Mapping[str, Any]]  # a tenant's secrets by name

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


class Tables(Protocol):
    """The decision tables that instances are pinned to, read before the turn that may ask them."""

    def known(self, tenant_id: str, tables_at: int) -> bool: ...
    async def learn(self, tx: Tx, tenant_id: str) -> None: ...


class NoTables:
    """For hosts without decision tables, or with nobody's own."""

    def known(self, tenant_id: str, tables_at: int) -> bool:
        return True

    async def learn(self, tx: Tx, tenant_id: str) -> None: ...


class Functions:
    """Catalogue functions by name, and role operations by tenant and name."""

    def __init__(
        self,
        catalogue: Mapping[str, Function],
        operations: Mapping[str, Mapping[str, Remote]],
        secrets: Secrets = lambda _tenant: {},
        tables: Tables | None = None,
    ) -> None:
        """operations: tenant → operation (`erp.priceOrder`) → the connector's implementation."""
        self._secrets = secrets
        self.tables: Tables = tables or NoTables()
        self._catalogue = dict(catalogue)
        self.connect(operations)

    def connect(self, operations: Mapping[str, Mapping[str, Remote]]) -> None:
        """From now on these are the role operations; a call that was begun ends with what it began with."""
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

    def filled(self, call: Invocation, names: Collection[str]) -> Invocation | Failed:
        """The call with its secrets in place: those that its task names, and no others."""
        if not names:
            return call
        try:
            return replace(call, arguments=marks.fill(call.arguments, names, self._secrets(call.tenant_id)))
        except KeyError as missing:
            # "If a workflow attempts to access a secret … which does not exist, runtimes must raise an error" …, 403
            detail = f"No secret {missing} is available to this tenant."
            return Failed(Error(faults.AUTHORIZATION, 403, "Unknown secret", detail))

    def hidden(self, call: Invocation, names: Collection[str], outcome: Performed | Probed) -> Performed | Probed:
        """The outcome with no secret of its call in what it says of a failure: people read that.

        An answer is the system's data and stays as it came, as what it echoes may be a word like any other.
        """
        if not names:
            return outcome
        values = self._secrets(call.tenant_id)
        match outcome:
            case Failed(error=error):
                plain = marks.hide(exactjson.plain(error), names, values)
                return replace(outcome, error=msgspec.convert(plain, Error))
            case Unknown(detail):
                return Unknown(marks.hide(detail, names, values))
            case Done() | Absent():
                return outcome
            case _:
                assert_never(outcome)

    def names(self, tenant_id: str) -> set[str]:
        return {*self._catalogue, *self._operations.get(tenant_id, {}), COMPENSATE}
