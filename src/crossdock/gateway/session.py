"""Signing in and out, and in which tenant one works. Only signing in is open."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from crossdock import exactjson
from crossdock.errors import Refused
from crossdock.gateway import identity
from crossdock.gateway.access import COOKIE, HEADER, Anyone
from crossdock.gateway.models import Answer
from crossdock.gateway.services import Running, running

router = APIRouter(prefix="/api/session", tags=["session"])

BRAND = {"name": "", "color": "#2f5fd0"}


class SignIn(BaseModel):
    user: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=1, max_length=1000)
    tenant: str | None = Field(default=None, max_length=40, description="Where to work; else the first of one's own")


class Chosen(BaseModel):
    tenant: str = Field(max_length=40)


class TenantRef(Answer):
    id: str
    name: str
    role: str


class Brand(Answer):
    name: str
    color: str


class Session(Answer):
    """Who is signed in, in which tenant, as what."""

    user: str
    name: str
    tenant: str
    tenants: list[TenantRef]
    role: str
    time_zone: str
    brand: Brand


@router.post("", status_code=204, summary="Sign in")
async def sign_in(given: SignIn, request: Request, state: Annotated[Running, Depends(running)]) -> Response:
    """Sets the session cookie. After ten wrong passwords the account is locked for a minute."""
    if request.headers.get(HEADER) != "1":
        # another site's form cannot send it, so nobody is signed in as somebody else without knowing
        raise Refused(f"Signing in needs the header {HEADER}: 1.")
    state.attempts.take(request.client.host if request.client else "")
    services = state.services
    token = await identity.sign_in(
        services.db, given.user, given.password, services.settings.session_lifetime, given.tenant
    )
    return _with_cookie(state, token)


@router.get("", summary="Who is signed in")
async def session(caller: Anyone) -> Session:
    p = caller.principal
    async with caller.transaction() as tx:
        about = await tx.fetchrow(identity.SQL["about_tenant"], p.tenant_id)
    settings: dict[str, Any] = exactjson.loads(about["settings"]) if about else {}
    brand: dict[str, Any] = settings.get("brand") or {}
    name = about["name"] if about else p.tenant_id
    if p.kind == "key":
        theirs = [TenantRef(id=p.tenant_id, name=name, role=p.role)]
    else:
        found = await identity.memberships(caller.running.services.db, p.name)
        theirs = [TenantRef(id=m.tenant_id, name=m.tenant_name, role=m.role) for m in found]
    return Session(
        user=p.name,
        name=p.display_name,
        tenant=p.tenant_id,
        tenants=theirs,
        role=p.role,
        time_zone=about["time_zone"] if about else "UTC",
        brand=Brand(name=str(brand.get("name") or name), color=str(brand.get("color") or BRAND["color"])),
    )


@router.delete("", status_code=204, summary="Sign out")
async def sign_out(caller: Anyone) -> Response:
    await identity.close_session(caller.running.services.db, caller.token)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.post("/tenant", status_code=204, summary="Work in another tenant")
async def switch(chosen: Chosen, caller: Anyone) -> Response:
    """Opens a session in a tenant that the user belongs to, and ends the one before."""
    if caller.principal.kind != "user":
        raise Refused("A key belongs to one tenant.")
    services = caller.running.services
    token = await identity.open_session(services.db, caller.name, services.settings.session_lifetime, chosen.tenant)
    await identity.close_session(services.db, caller.token)
    return _with_cookie(caller.running, token)


def _with_cookie(state: Running, token: str) -> Response:
    settings = state.services.settings
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(settings.session_lifetime.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=(settings.public_url or "").startswith("https://"),
    )
    return answer
