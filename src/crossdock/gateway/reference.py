"""What workflows refer to: business calendars and reference tables, kept by version; putting one is in the audit trail.

Every version stays: a promise can be recomputed on the calendar it was made on, a look-up on the edition that answered.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import HTTPException

from crossdock import exactjson
from crossdock.cases import calendars, tables
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Limit, Time
from crossdock.policy import Action
from crossdock.rules import reference

router = APIRouter(prefix="/api", tags=["reference"])
Manager = Annotated[Caller, allow(Action.REFERENCE_MANAGE)]
BODY: dict[str, Any] = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
Version = Annotated[int | None, Query(ge=1, description="An earlier one")]


class CalendarOut(Answer):
    """document: as it was put, and as PUT takes it."""

    name: str
    version: int
    title: str
    time_zone: str
    put_by: str
    put_at: Time
    document: Json


class Put(Answer):
    """changed: whether this is a new version; the same content again is none."""

    name: str
    version: int
    changed: bool


class Edition(Answer):
    """columns: the kind of each. rows: how many."""

    table: str
    version: int
    columns: dict[str, str]
    keys: list[str]
    effective_from: Time
    rows: int
    put_by: str
    put_at: Time


class Rows(Answer):
    """Exact numbers as text where a double does not hold their digits. left: rows after these."""

    table: str
    version: int
    items: list[Json]
    left: int


@router.get("/calendars", summary="Business calendars")
async def calendars_(
    caller: Reader, name: Annotated[str | None, Query(max_length=200)] = None, versions: bool = False
) -> list[CalendarOut]:
    """Current versions; with `name` and `versions` all of that one, newest first."""
    async with caller.transaction() as tx:
        if name is not None and versions:
            found = await calendars.versions(tx, caller.tenant_id, name)
        else:
            found = [s for s in await calendars.every(tx, caller.tenant_id) if name in (None, s.calendar.name)]
    return [
        CalendarOut(
            name=s.calendar.name, version=s.calendar.version, title=s.calendar.title, time_zone=s.calendar.zone.key,
            put_by=s.put_by, put_at=s.put_at, document=s.document,
        )
        for s in found
    ]  # fmt: skip


@router.put(
    "/calendars", summary="Put a calendar", openapi_extra={"requestBody": {"content": {"application/json": {}}}}
)
async def put_calendar(request: Request, caller: Manager) -> Put:
    """Makes the document the current version of the calendar that it names. All that is wrong with it is named."""
    document = _document(await request.body())
    async with caller.transaction() as tx:
        put, changed = await calendars.put(tx, caller.tenant_id, document, caller.name, await business_now(tx))
    return Put(name=put.name, version=put.version, changed=changed)


@router.get("/reference-tables", summary="Reference tables")
async def tables_(caller: Reader, name: Annotated[str | None, Query(max_length=200)] = None) -> list[Edition]:
    """All editions, the newest of each table first."""
    async with caller.transaction() as tx:
        found = [x for x in await tables.every(tx, caller.tenant_id) if name in (None, x.edition.name)]
    return [
        Edition(
            table=x.edition.name, version=x.edition.version, columns=dict(x.edition.columns),
            keys=list(x.edition.keys), effective_from=x.edition.effective_from, rows=x.edition.rows, put_by=x.put_by,
            put_at=x.put_at,
        )
        for x in found
    ]  # fmt: skip


@router.get("/reference-tables/{table}/rows", summary="Rows of a reference table")
async def rows(
    table: str, caller: Reader, version: Version = None, offset: Annotated[int, Query(ge=0)] = 0, limit: Limit = 200
) -> Rows:
    """Of the edition in effect, or the one asked for; by key."""
    async with caller.transaction() as tx:
        edition = await tables.get(tx, caller.tenant_id, table, await business_now(tx), version)
        found = await tables.some_rows(tx, caller.tenant_id, edition, offset, limit)
    left = max(0, edition.rows - offset - len(found))
    return Rows(table=edition.name, version=edition.version, items=list(found), left=left)


@router.put(
    "/reference-tables",
    summary="Put a reference table",
    openapi_extra=BODY,
)
async def put_table(request: Request, caller: Manager) -> Put:
    """Publishes an edition: `{name, keys, columns, rows, effective_from?}`. All that is wrong with it is named."""
    table = reference.read(_document(await request.body()))
    async with caller.transaction() as tx:
        version, changed = await tables.put(tx, caller.tenant_id, table, caller.name, await business_now(tx))
    return Put(name=table.name, version=version, changed=changed)


def _document(body: bytes) -> Any:
    """With every digit of its numbers, which the framework's own reading would lose."""
    try:
        return exactjson.loads(body)
    except exactjson.DecodeError as wrong:
        raise HTTPException(422, f"Expected JSON, found something else: {wrong}.") from wrong
