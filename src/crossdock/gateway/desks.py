"""Who works on exceptions: teams and who is away, and the decision tables that place, time and rank a case."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, Field

from crossdock.cases import decisiontables, rulings, teams
from crossdock.errors import NotFound, Refused
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Page, Time
from crossdock.policy import Action, Role

router = APIRouter(prefix="/api", tags=["cases"])
Manager = Annotated[Caller, allow(Action.REFERENCE_MANAGE)]
Worker = Annotated[Caller, allow(Action.CASE_WORK)]
TeamName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
TableName = Annotated[str, Path(max_length=60)]


class Member(Answer):
    """open: cases of theirs, of all teams."""

    user: str
    away_until: Time | None
    open: int


class Team(Answer):
    """calendar: in whose open hours its clocks run. unowned: open cases that nobody owns."""

    team: str
    title: str
    calendar: str
    members: list[Member]
    open: int
    unowned: int


class TeamPut(BaseModel):
    title: str = Field(default="", max_length=100)
    calendar: str = Field(default="", max_length=100)
    members: list[str] = Field(max_length=teams.MOST)


class Away(BaseModel):
    """until: null, there again. user: somebody else, which an administrator may say."""

    until: AwareDatetime | None
    user: str | None = Field(default=None, max_length=80)


class Rules(Answer):
    """A decision table (JDM). put_by: empty, the shipped one."""

    name: str
    version: str
    document: Json
    put_by: str
    put_at: Time | None


class RulesPut(BaseModel):
    document: dict[str, Any]


class RulesTry(BaseModel):
    """input: what differs from an ordinary case."""

    document: dict[str, Any]
    input: dict[str, Any] = Field(default_factory=dict)


class RulesTried(Answer):
    output: Json
    hit: list[Json]


@router.get("/case-teams", summary="Teams that work on exceptions")
async def list_teams(caller: Reader) -> Page[Team]:
    async with caller.transaction() as tx:
        found = await teams.every(tx, caller.tenant_id)
    return Page[Team](items=[Team.model_validate(x, from_attributes=True) for x in found], total=len(found))


@router.put("/case-teams/{team}", summary="Make or change a team")
async def put_team(team: TeamName, given: TeamPut, caller: Manager) -> Team:
    """Its people need a role that may work on exceptions."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        made = await teams.put(
            tx, caller.tenant_id, team, given.title, given.calendar, given.members, caller.name, now
        )  # fmt: skip
    return Team.model_validate(made, from_attributes=True)


@router.delete("/case-teams/{team}", status_code=204, summary="Remove a team")
async def remove_team(team: TeamName, caller: Manager) -> None:
    """Its exceptions keep their owners; new ones go where the table says, or to anybody there."""
    async with caller.transaction() as tx:
        await teams.remove(tx, caller.tenant_id, team, caller.name)


@router.post("/case-teams/away", status_code=204, summary="Be away, or there again")
async def away(given: Away, caller: Worker) -> None:
    """Whoever is away is given no new exception."""
    user = given.user or caller.name
    if user != caller.name and caller.who.role is not Role.ADMIN:
        raise Refused("Only an administrator says of somebody else that they are away.")
    async with caller.transaction() as tx:
        await teams.away(tx, caller.tenant_id, user, given.until, caller.name)


@router.get("/case-rules", summary="Decision tables about exceptions")
async def list_rules(caller: Reader) -> Page[Rules]:
    """case-priority: how urgent. case-assignment: whose. case-clock: within which open time. lead-time, step-time and
    jeopardy: what carriers and steps take, and when a promise at risk becomes an exception (docs/jeopardy.md).
    """
    async with caller.transaction() as tx:
        found = await rulings.every(tx, caller.tenant_id)
    return Page[Rules](items=[Rules.model_validate(r, from_attributes=True) for r in found], total=len(found))


@router.put("/case-rules/{name}", summary="Put a new version of a decision table about exceptions")
async def put_rules(name: TableName, given: RulesPut, caller: Manager) -> Rules:
    """Checked cell by cell, and asked about an ordinary case, before it counts; a version is never edited."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        if name in rulings.NAMES:
            await decisiontables.adopt(tx, caller.tenant_id, name, given.document, "", caller.name, now)
        made = await rulings.put(tx, caller.tenant_id, name, given.document, caller.name, now)
    return Rules.model_validate(made, from_attributes=True)


@router.post("/case-rules/{name}/try", summary="What a decision table about exceptions would decide")
async def try_rules(name: TableName, given: RulesTry, caller: Reader) -> RulesTried:
    """Stores nothing."""
    if name not in rulings.NAMES:
        raise NotFound(f"No table {name!r} about exceptions")
    answer = rulings.attempt(name, given.document, given.input)
    return RulesTried(
        output=dict(answer.output), hit=[{"rule": h.rule, "because": h.description} for h in answer.hit]
    )  # fmt: skip
