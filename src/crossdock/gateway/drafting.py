"""Workflows in the making: drafts saved as one writes, linted in place, drawn, played, compared and published.

Whoever may read may have a text looked at and compared; playing it and saving it is for those who write, publishing for
those whom policy lets. A workflow is named by its namespace and name.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from crossdock import exactjson
from crossdock.cases import decisiontables, drafting
from crossdock.cases.decisiontables import LONGEST_NOTE
from crossdock.engine.scenarios import watching
from crossdock.errors import Finding, PartnerError
from crossdock.events.inbox import business_now
from crossdock.flow import editing, faults
from crossdock.flow.program import DefinitionError
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.board import FlowEdge
from crossdock.gateway.instances import programs
from crossdock.gateway.models import Answer, FindingOut, Json, Time
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["workflows in the making"])
Editor = Annotated[Caller, allow(Action.DEFINITION_EDIT)]
Publisher = Annotated[Caller, allow(Action.DEFINITION_PUBLISH)]
Namespace = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
PLAY_S = 60.0  # the shipped order-to-cash plays its 25 scenarios in a few seconds


class WorkflowVersion(Answer):
    """running: how many instances have not ended on it."""

    version: str
    published_at: Time
    running: int


class WorkflowActivation(Answer):
    version: str
    note: str
    activated_by: str
    activated_at: Time


class WorkflowDraft(Answer):
    """revision 0: nothing is saved yet, and source is the newest version's text under its next number. versions: newest
    first; what begins from now on follows the first. four_eyes: why somebody else has to publish it, or nothing."""

    namespace: str
    name: str
    source: str
    scenarios: str
    base: str
    note: str
    revision: int
    authors: list[str]
    saved_by: str
    saved_at: Time | None
    versions: list[WorkflowVersion]
    history: list[WorkflowActivation]
    four_eyes: str


class DraftSummary(Answer):
    namespace: str
    name: str
    base: str
    revision: int
    saved_by: str
    saved_at: Time | None


class LintRemark(FindingOut):
    """line, column and length count in characters; line and column from 1."""

    severity: str
    line: int
    column: int
    length: int


class StageOut(Answer):
    """line, last_line: of its task in the text; null for starts and ends."""

    id: str
    label: str
    kind: str
    line: int | None
    last_line: int | None


class LookedAt(Answer):
    """ok: it could be published as far as the text goes. graph: empty while there are errors. scenarios: by name."""

    ok: bool
    remarks: list[LintRemark]
    nodes: list[StageOut]
    edges: list[FlowEdge]
    scenarios: list[str]
    findings: list[FindingOut]


class SeenTask(Answer):
    """One run of a task. kind: how it ended; task-started: it still waits. after: seconds since the start."""

    task: str
    pointer: str
    kind: str
    detail: str
    began_after: float
    ended_after: float | None
    input: Json
    output: Json
    context: Json


class SeenCall(Answer):
    function: str
    task: str
    after: float
    arguments: Json


class PlayedOut(Answer):
    """differences: what came otherwise than the scenario expects. stages: those it went through. took: seconds of the
    virtual clock. complete: all tasks are shown, with their data."""

    name: str
    status: str
    differences: list[str]
    stages: list[str]
    tasks: list[SeenTask]
    calls: list[SeenCall]
    events: list[Json]
    output: Json
    error: Json
    took: float
    complete: bool


class LineOut(Answer):
    """kind: same, gone, new, or skip for lines that are the same and left out."""

    kind: str
    before: int | None
    after: int | None
    text: str


class Difference(Answer):
    against: str
    lines: list[LineOut]


class WorkflowText(BaseModel):
    """source: YAML. scenarios: the file beside it."""

    source: str = Field(max_length=drafting.MOST_CHARACTERS)
    scenarios: str = Field(default="", max_length=drafting.MOST_CHARACTERS)


class SaveDraft(WorkflowText):
    """revision: of the draft that was edited, 0 when there was none; left out, it is not compared."""

    revision: int | None = Field(default=None, ge=0)
    base: str = Field(default="", max_length=60)
    note: str = Field(default="", max_length=LONGEST_NOTE)


class PlayIt(WorkflowText):
    """scenario: one of the file, by its name; else `input`, or the `event` that starts it, with the file's answers."""

    scenario: str = Field(default="", max_length=300)
    input: Any = None
    event: dict[str, Any] | None = None


class Against(BaseModel):
    """version: with which it is compared; empty: the newest."""

    source: str = Field(max_length=drafting.MOST_CHARACTERS)
    version: str = Field(default="", max_length=60)


class PublishIt(BaseModel):
    """revision: of the draft that was looked at."""

    revision: int = Field(ge=1)
    note: str = Field(default="", max_length=LONGEST_NOTE)


class TakeBack(BaseModel):
    note: str = Field(default="", max_length=LONGEST_NOTE)


@router.get("/workflow-schema", summary="The JSON Schema of workflow definitions")
async def schema(_: Reader) -> Json:
    """For completion and help in editors."""
    return editing.schema()


@router.get("/drafts", summary="Drafts of workflows")
async def list_(caller: Reader) -> list[DraftSummary]:
    async with caller.transaction() as tx:
        return [DraftSummary.model_validate(d) for d in await drafting.drafts(tx, caller.tenant_id)]


@router.get("/drafts/{namespace}/{name}", summary="A workflow's draft, or what one begins with")
async def one(namespace: Namespace, name: Name, caller: Reader) -> WorkflowDraft:
    async with caller.transaction() as tx:
        return await _shown(caller, tx, namespace, name)


async def _shown(caller: Caller, tx: Any, namespace: str, name: str) -> WorkflowDraft:
    key = (tx, caller.tenant_id, namespace, name)
    draft = await drafting.get(*key)
    book = await decisiontables.book(tx, caller.tenant_id)
    return WorkflowDraft(
        namespace=draft.namespace, name=draft.name, source=draft.source, scenarios=draft.scenarios, base=draft.base,
        note=draft.note, revision=draft.revision, authors=list(draft.authors), saved_by=draft.saved_by,
        saved_at=draft.saved_at,
        versions=[WorkflowVersion.model_validate(v) for v in await drafting.versions(*key)],
        history=[WorkflowActivation.model_validate(h) for h in await drafting.history(*key)],
        four_eyes=decisiontables.four_eyes(book, "workflow", name),
    )  # fmt: skip


@router.post("/drafts/check", summary="Is a workflow right, and how is it drawn")
async def check(body: WorkflowText, caller: Reader) -> LookedAt:
    """Everything the linter says, with line and column; the graph with the lines of each stage. Stores nothing."""
    found = await asyncio.to_thread(drafting.look, body.source, body.scenarios, programs.fallback)
    return LookedAt(
        ok=found.program is not None,
        remarks=[
            LintRemark(code=r.code, where=f"{r.line}:{r.column}", expected=r.expected, found=r.found, fix=r.fix,
                       severity=r.severity.value, line=r.line, column=r.column, length=r.length)
            for r in found.remarks
        ],
        nodes=[StageOut.model_validate(s) for s in found.stages],
        edges=[FlowEdge(id=f"{e.source}>{e.target}", source=e.source, target=e.target, label=e.label or None)
               for e in found.edges],
        scenarios=list(found.names),
        findings=[FindingOut.of(f) for f in found.findings],
    )  # fmt: skip


@router.post("/drafts/run", summary="Play a scenario of a workflow, with faked calls")
async def run(body: PlayIt, caller: Editor) -> PlayedOut:
    """In memory, on a virtual clock: no system is called, nothing is stored. Tables decide as they are in force."""
    async with caller.transaction() as tx:
        book = await decisiontables.book(tx, caller.tenant_id)
        others = await drafting.children(tx, caller.tenant_id, programs)
    found = await asyncio.to_thread(drafting.look, body.source, body.scenarios, programs.fallback)
    if found.program is None:
        raise PartnerError([Finding("workflow", "/source", "a definition without errors", "errors", "Mend it first")])
    loaded = watching.read(body.scenarios) if body.scenario else (
        watching.ad_hoc(body.scenarios, exactjson.plain(body.input), exactjson.plain(body.event)))  # fmt: skip
    name = body.scenario or watching.AD_HOC
    if name not in (s.name for s in loaded.file.scenarios):
        known = ", ".join(s.name for s in loaded.file.scenarios[:5]) or "none"
        raise PartnerError([Finding("workflow", "/scenario", f"one of {known}", name, "Choose one of the file")])
    functions = drafting.computing(book)
    watched = await _apart(watching.watch(loaded, name, found.program, functions, others))
    return _played(watched)


async def _apart(playing: Any) -> Any:
    """In a thread with a loop of its own: others are served meanwhile."""
    return await asyncio.wait_for(asyncio.to_thread(asyncio.run, playing), PLAY_S)


def _played(w: watching.Watched) -> PlayedOut:
    played = w.played
    return PlayedOut(
        name=w.name, status=played.status, differences=list(w.differences), stages=list(w.stages), output=played.output,
        error=faults.to_json(played.error) if played.error is not None else None, took=played.took.total_seconds(),
        events=list(played.events), complete=w.complete,
        tasks=[
            SeenTask(task=s.task, pointer=s.pointer, kind=s.kind, detail=s.detail, input=s.input, output=s.output,
                     context=s.context, began_after=s.began_after.total_seconds(),
                     ended_after=None if s.ended_after is None else s.ended_after.total_seconds())
            for s in w.seen
        ],
        calls=[SeenCall(function=c.function, task=c.task, after=c.after.total_seconds(), arguments=c.arguments)
               for c in w.calls],
    )  # fmt: skip


@router.post("/drafts/{namespace}/{name}/diff", summary="How a text differs from a published version")
async def diff(namespace: Namespace, name: Name, body: Against, caller: Reader) -> Difference:
    async with caller.transaction() as tx:
        newest = next(iter(await drafting.versions(tx, caller.tenant_id, namespace, name)), None)
        version = body.version or (newest.version if newest else "")
        before = await drafting.source_of(tx, caller.tenant_id, namespace, name, version) if version else ""
    lines = await asyncio.to_thread(drafting.difference, before, body.source)
    return Difference(against=version, lines=[LineOut.model_validate(line) for line in lines])


@router.put("/drafts/{namespace}/{name}", summary="Save a workflow's draft")
async def save(namespace: Namespace, name: Name, body: SaveDraft, caller: Editor) -> WorkflowDraft:
    """As one writes: it may be wrong still. 409, saying who, when somebody else saved it meanwhile."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await drafting.save(
            tx, caller.tenant_id, namespace, name, body.source, body.scenarios, caller.name, now, note=body.note,
            revision=body.revision, base=body.base,
        )  # fmt: skip
        return await _shown(caller, tx, namespace, name)


@router.post("/drafts/{namespace}/{name}/discard", summary="Discard a workflow's draft")
async def discard(namespace: Namespace, name: Name, caller: Editor) -> None:
    async with caller.transaction() as tx:
        await drafting.discard(tx, caller.tenant_id, namespace, name, caller.name)


@router.post("/drafts/{namespace}/{name}/publish", summary="Publish a workflow's draft as a new version")
async def publish(namespace: Namespace, name: Name, body: PublishIt, caller: Publisher) -> WorkflowDraft:
    """Its scenarios are played first, and all must pass. What begins from now on follows it; what runs stays on its
    version. Where the table `publishing` asks for four eyes, its authors are refused."""
    async with caller.transaction() as tx:
        draft = await drafting.get(tx, caller.tenant_id, namespace, name)
        book = await decisiontables.book(tx, caller.tenant_id)
        others = await drafting.children(tx, caller.tenant_id, programs)
    looked = await asyncio.to_thread(drafting.look, draft.source, draft.scenarios, programs.fallback)
    if looked.program is None or looked.findings:
        errors = [
            Finding(r.code, f"{r.line}:{r.column}", r.expected, r.found, r.fix)
            for r in looked.remarks if r.severity.value == "error"
        ]  # fmt: skip
        raise DefinitionError([*errors, *looked.findings])
    watched: list[watching.Watched] = []
    if draft.scenarios.strip():
        functions = drafting.computing(book)
        playing = drafting.play_all(watching.read(draft.scenarios), looked.program, functions, others)
        watched = await _apart(playing)
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await drafting.publish(
            tx, caller.tenant_id, draft, body.revision, watched, programs.fallback, caller.name, now, body.note
        )
        return await _shown(caller, tx, namespace, name)


@router.post("/drafts/{namespace}/{name}/take-back", summary="Go back to the version before, under a new number")
async def take_back(namespace: Namespace, name: Name, body: TakeBack, caller: Publisher) -> WorkflowDraft:
    """For what begins from now on."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await drafting.take_back(
            tx, caller.tenant_id, namespace, name, programs.fallback, caller.name, now, body.note
        )  # fmt: skip
        return await _shown(caller, tx, namespace, name)


@router.get("/drafts/{namespace}/{name}/scenarios", summary="The scenarios of a published version")
async def scenarios(
    namespace: Namespace, name: Name, caller: Reader, version: Annotated[str, Query(max_length=60)]
) -> Json:  # fmt: skip
    async with caller.transaction() as tx:
        source = await drafting.source_of(tx, caller.tenant_id, namespace, name, version)
        return await drafting.scenarios_of(tx, caller.tenant_id, namespace, name, version, source)
