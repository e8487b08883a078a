"""Who comes in, and whether they may: one declaration a route, one question to policy a request.

A route that declares nothing is not served: `undeclared` finds it, and the app refuses to start. A cookie is only
believed for a change together with a header that no page of another site can send.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from crossdock import clock, policy
from crossdock.db import Tx
from crossdock.errors import Refused
from crossdock.gateway import identity
from crossdock.gateway.problems import Unauthenticated
from crossdock.gateway.services import Running, running
from crossdock.policy import Action, Allowed, Denied, Resource, Role
from crossdock.tower.board import today

COOKIE = "crossdock_session"
HEADER = "X-Crossdock"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What needs nobody signed in: signing in itself, an invitation or a link that one holds, whether we live, and
# the pages, which hold no data.
OPEN = frozenset(
    {
        ("POST", "/api/session"),
        ("POST", "/api/invitation/look"),
        ("POST", "/api/invitation/accept"),
        ("POST", "/api/approval-link/look"),
        ("POST", "/api/approval-link/decide"),
        ("POST", "/api/quote-link/look"),
        ("POST", "/api/quote-link/answer"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/shared/{token}"),
        ("GET", "/shared/{token}/invoice/{number}"),
        ("GET", "/shared/{token}/packing/{number}"),
        ("GET", "/{path:path}"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and the means to answer. `who` is what policy is asked about."""

    principal: identity.Principal
    who: policy.Principal
    running: Running
    token: str

    async def room(self) -> None:
        """Raises problems.Overrun when the tenant has too much work waiting to take more."""
        services = self.running.services
        await self.running.pressure.check(services.db, self.tenant_id, services.settings.max_backlog)

    @property
    def tenant_id(self) -> str:
        return self.principal.tenant_id

    @property
    def name(self) -> str:
        """As the audit trail shows it."""
        return self.principal.name

    @property
    def own(self) -> str | None:
        """A partner sees nothing but this customer's; None: one of us, who sees all of the tenant's."""
        return (self.principal.partner_id or "") if self.who.role is Role.PARTNER else None

    @property
    def clock(self) -> clock.Clock:
        return self.running.services.clock

    def today(self) -> Any:
        return today(self.clock.now(), self.principal.time_zone)

    def demand(self, action: Action, resource: Resource) -> None:
        """Raises Refused unless policy permits it."""
        match policy.decide(self.who, action, resource):
            case Allowed():
                pass
            case Denied():
                raise Refused(f"The role {self.who.role.value} may not do this ({action.value}).")

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Tx]:
        async with self.running.services.db.transaction(self.tenant_id) as tx:
            yield tx


@dataclass(frozen=True, slots=True)
class Gate:
    """What a route needs. partners: open to them, for what is theirs. by_thing: the handler asks policy about it.

    Even `by_thing` lets nobody in who is not signed in.
    """

    action: Action
    partners: bool = False
    by_thing: bool = False

    async def __call__(self, request: Request) -> Caller:
        caller = await authenticated(request)
        if not self.by_thing:
            # an empty partner_id would match nothing, which is what an unfinished account should see
            whose = caller.principal.partner_id if self.partners else None
            caller.demand(self.action, Resource(kind="Route", tenant_id=caller.tenant_id, partner_id=whose))
        return caller


@dataclass(frozen=True, slots=True)
class Signed:
    """A route that believes its caller's signature over the bytes; the handler checks it."""

    async def __call__(self) -> None:
        return


def allow(action: Action, *, partners: bool = False, by_thing: bool = False) -> Any:
    """The dependency that every route has: it yields the Caller, or refuses."""
    return Depends(Gate(action, partners, by_thing))


Reader = Annotated[Caller, allow(Action.READ)]
Anyone = Annotated[Caller, allow(Action.READ, partners=True)]


async def authenticated(request: Request) -> Caller:
    """By key or by cookie. Raises Unauthenticated; Refused for a change without the header."""
    state = running(request)
    db = state.services.db
    given = request.headers.get("authorization", "")
    if given:
        scheme, _, token = given.partition(" ")
        found = await state.keys.holder(db, token.strip()) if scheme.lower() == "bearer" else None
    else:
        token = request.cookies.get(COOKIE, "")
        found = await identity.by_session(db, token) if token else None
        if found is not None and request.method not in SAFE and request.headers.get(HEADER) != "1":
            raise Refused(f"A change made with a session needs the header {HEADER}: 1.")
    if found is None:
        raise Unauthenticated("Sign in, or send a key as Authorization: Bearer tenant.key.")
    who = policy.Principal(
        name=found.name,
        role=Role(found.role),
        tenant_id=found.tenant_id,
        partner_id=found.partner_id,
        approval_limit=found.approval_limit,
    )
    return Caller(principal=found, who=who, running=state, token=token.strip())


# ── what the routes declare ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Declared:
    """One route with the gate it declares; None: none."""

    method: str
    path: str
    gate: Gate | Signed | None
    summary: str

    @property
    def open(self) -> bool:
        return (self.method, self.path) in OPEN


def declared(routes: Sequence[BaseRoute]) -> list[Declared]:
    """Every route that is served, in the order in which they are tried."""
    return [
        Declared(
            method,
            context.path or "?",
            _gate(getattr(context, "dependant", None)),
            str(getattr(context, "summary", "")),
        )
        for context in iter_route_contexts(routes)
        for method in sorted(context.methods or {"*"})
    ]


def undeclared(routes: Sequence[BaseRoute]) -> list[str]:
    """Every route that neither declares what it needs nor is one of the open ones."""
    return [f"{r.method} {r.path}" for r in declared(routes) if r.gate is None and not r.open]


def _gate(dependant: Dependant | None) -> Gate | Signed | None:
    """Wherever in its dependencies it stands."""
    pending = list(dependant.dependencies) if dependant is not None else []
    while pending:
        found = pending.pop()
        if isinstance(found.call, Gate | Signed):
            return found.call
        pending += found.dependencies
    return None
