"""Decision tables: drafts, checking as one types, the trace of a decision, what a draft would change, publishing.

Checking, tracing and comparing store nothing, so whoever may read may do them. Documents come and go as JDM JSON.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from crossdock import exactjson
from crossdock.cases import decisiontables as tables
from crossdock.cases.decisiontables import Recorded
from crossdock.cases.editions import LIBRARY, version_text
from crossdock.errors import NotFound
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, FindingOut, Json, Time
from crossdock.policy import Action
from crossdock.rules.tracing import Trace

router = APIRouter(prefix="/api", tags=["decision tables"])
Editor = Annotated[Caller, allow(Action.DEFINITION_EDIT)]
Publisher = Annotated[Caller, allow(Action.DEFINITION_PUBLISH)]
Name = Annotated[str, Path(alias="rules", pattern=tables.NAME, description="The table's name")]


class TableSummary(Answer):
    """in_force: a version of the tenant's own, 0 the library's, null none yet. draft: the version being written."""

    name: str
    title: str
    rows: int
    in_force: int | None
    shipped: bool
    editable: bool
    draft: int | None
    draft_by: str | None
    activated_by: str | None
    activated_at: Time | None


class TableVersionSummary(Answer):
    """status: draft, ready (it was in force, and never changes) or discarded. authors: whoever saved it."""

    version: int
    status: str
    base: str
    note: str
    revision: int
    authors: list[str]
    saved_by: str
    saved_at: Time | None


class TableActivation(Answer):
    """instances: how many that have not ended decide by it."""

    version: int
    note: str
    activated_by: str
    activated_at: Time
    instances: int


class TableDetail(Answer):
    """four_eyes: why somebody else than its authors has to publish it; empty: they may."""

    name: str
    versions: list[TableVersionSummary]
    in_force: int | None
    history: list[TableActivation]
    editable: bool
    four_eyes: str


class CellRemark(FindingOut):
    """severity: error, warning or hint. node, row, column: identifiers in the document, "" where it is of more."""

    severity: str
    node: str
    row: str
    column: str


class TriedOut(Answer):
    """A test case. differences: empty when it passes."""

    name: str
    hit: list[str]
    output: Json
    differences: list[str]


class TableCheck(Answer):
    """ready: it may be published. why_not: what keeps it."""

    ready: bool
    remarks: list[CellRemark]
    tests: list[TriedOut]
    why_not: list[FindingOut]


class TableVersion(TableVersionSummary):
    """document: JDM. tests: its cases."""

    table: str
    document: Json
    tests: Json


class CellOut(Answer):
    """held: yes, no, any (the cell is empty) or wrong (it cannot be evaluated on this value). why: of wrong."""

    column: str
    text: str
    held: str
    why: str


class RowOut(Answer):
    """hit: it decided. matches: all its cells hold, whether or not a row above decided."""

    id: str
    description: str
    hit: bool
    matches: bool
    cells: list[CellOut]


class SeenOut(Answer):
    """One grid of the table. values: what the cells of each column were held against."""

    node: str
    values: dict[str, Json]
    rows: list[RowOut]


class TraceOut(Answer):
    """computed: what expressions added to the input before."""

    hit: list[str]
    output: Json
    tables: list[SeenOut]
    computed: dict[str, Json]

    @classmethod
    def of(cls, trace: Trace) -> "TraceOut":
        return cls(
            hit=[h.rule for h in trace.answer.hit], output=trace.answer.output, computed=dict(trace.computed),
            tables=[SeenOut.model_validate(s) for s in trace.tables],
        )  # fmt: skip


class RecordedOut(Answer):
    """One decision of a real order. version: that decided then."""

    id: str
    order: str
    instance: str
    at: Time
    version: str
    hit: list[str]
    input: Json


class Changed(Answer):
    output: str
    before: Json
    after: Json


class DiffersOut(Answer):
    order: str
    instance: str
    at: Time
    before: list[str]
    after: list[str]
    outputs: list[Changed]
    input: Json


class TableComparison(Answer):
    """of: how many decisions were decided again, by both. differing: those that come out otherwise."""

    of: int
    same: int
    against: str
    differing: list[DiffersOut]


class TableText(BaseModel):
    """A table in the making. tests: its cases, checked and run with it."""

    document: Any
    tests: Any = Field(default_factory=list)


class TableDraft(TableText):
    """revision: of the draft that was edited, 0 when there was none; left out, it is not compared."""

    note: str = Field(default="", max_length=tables.LONGEST_NOTE)
    revision: int | None = Field(default=None, ge=0)
    base: str = Field(default="", max_length=40)


class TableChosen(BaseModel):
    """A table: by its document, or a version that is stored (0: the library's)."""

    version: int = Field(default=LIBRARY, ge=0)
    document: Any = None


class TraceOf(TableChosen):
    input: Any


class CompareOf(TableChosen):
    decisions: int = Field(default=tables.MOST_RECORDED, ge=1, le=tables.MOST_RECORDED)


class TableWhy(BaseModel):
    note: str = Field(default="", max_length=tables.LONGEST_NOTE)


@router.get("/decision-tables", summary="Decision tables")
async def list_(caller: Reader) -> list[TableSummary]:
    """The library's and the tenant's own."""
    async with caller.transaction() as tx:
        return [TableSummary.model_validate(t) for t in await tables.every(tx, caller.tenant_id)]


@router.get("/decision-tables/{rules}", summary="One decision table: its versions, and what is in force")
async def one(name: Name, caller: Reader) -> TableDetail:
    async with caller.transaction() as tx:
        return await _detail(caller, tx, name)


async def _detail(caller: Caller, tx: Any, name: str) -> TableDetail:
    versions = await tables.versions(tx, caller.tenant_id, name)
    return TableDetail(
        name=name,
        versions=[TableVersionSummary.model_validate(v) for v in versions],
        in_force=await tables.in_force(tx, caller.tenant_id, name),
        history=[TableActivation.model_validate(h) for h in await tables.history(tx, caller.tenant_id, name)],
        editable=name not in tables.FIXED,
        four_eyes=tables.four_eyes(await tables.book(tx, caller.tenant_id), "decision-table", name),
    )


@router.get("/decision-tables/{rules}/versions/{number}", summary="One version of a decision table as it was written")
async def version(name: Name, number: int, caller: Reader) -> TableVersion:
    """Also what an export is: `document` and `tests` can be imported elsewhere as they are."""
    async with caller.transaction() as tx:
        return _version(await tables.get(tx, caller.tenant_id, name, number))


def _version(found: tables.Version) -> TableVersion:
    return TableVersion(
        table=found.table, version=found.version, status=found.status, base=found.base, note=found.note,
        revision=found.revision, authors=list(found.authors), saved_by=found.saved_by, saved_at=found.saved_at,
        document=found.document, tests=found.tests,
    )  # fmt: skip


@router.post("/decision-tables/{rules}/check", summary="Is a decision table right")
async def check(name: Name, body: TableText, caller: Reader) -> TableCheck:
    """Every cell is compiled, rows are compared, test cases are run. Stores nothing."""
    async with caller.transaction() as tx:
        around = await tables.book(tx, caller.tenant_id)
        force = await tables.in_force(tx, caller.tenant_id, name)
        before = (await tables.get(tx, caller.tenant_id, name, force)).document if force is not None else None
    document, tests = exactjson.plain(body.document), exactjson.plain(body.tests)
    found = await asyncio.to_thread(tables.check, around, name, document, tests, before)
    return TableCheck(
        ready=not found.why_not,
        remarks=[
            CellRemark(code=r.code, where=r.where, expected=r.expected, found=r.found, fix=r.fix,
                       severity=r.severity.value, node=r.node, row=r.row, column=r.column)
            for r in found.remarks
        ],
        tests=[TriedOut(name=t.name, hit=list(t.hit), output=t.output, differences=list(t.differences))
               for t in found.tried],
        why_not=[FindingOut.of(f) for f in found.why_not],
    )  # fmt: skip


async def _document(caller: Caller, tx: Any, name: str, body: TableChosen) -> Any:
    if body.document is not None:
        return exactjson.plain(body.document)
    return (await tables.get(tx, caller.tenant_id, name, body.version)).document


@router.post("/decision-tables/{rules}/trace", summary="How a decision table decides about one input")
async def trace(name: Name, body: TraceOf, caller: Reader) -> TraceOut:
    """The row that hit, and of every other row which cells held. Stores nothing."""
    async with caller.transaction() as tx:
        document = await _document(caller, tx, name, body)
        around = await tables.book(tx, caller.tenant_id)
    return TraceOut.of(await asyncio.to_thread(tables.trace, around, name, document, exactjson.plain(body.input)))


@router.get("/decision-tables/{rules}/decisions", summary="Decisions of real orders by a table")
async def decisions(
    name: Name, caller: Reader, order: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=tables.MOST_RECORDED)] = 50,
) -> list[RecordedOut]:  # fmt: skip
    """What processes asked it, newest orders first."""
    async with caller.transaction() as tx:
        await tables.versions(tx, caller.tenant_id, name)  # raises NotFound
        return [_recorded(r) for r in await tables.recorded(tx, caller.tenant_id, name, limit, order or None)]


def _recorded(r: Recorded) -> RecordedOut:
    return RecordedOut(
        id=r.id, order=r.order, instance=r.instance, at=r.at, version=r.version, hit=list(r.hit), input=r.input
    )


@router.post("/decision-tables/{rules}/compare", summary="What a changed decision table would change")
async def compare(name: Name, body: CompareOf, caller: Reader) -> TableComparison:
    """Decides the newest recorded decisions twice: by the version in force, and by this one. Stores nothing."""
    async with caller.transaction() as tx:
        document = await _document(caller, tx, name, body)
        force = await tables.in_force(tx, caller.tenant_id, name)
        if force is None:
            raise NotFound("No version of this table is in force, so there is nothing to compare with.")
        before = (await tables.get(tx, caller.tenant_id, name, force)).document
        around = await tables.book(tx, caller.tenant_id)
        found = await tables.recorded(tx, caller.tenant_id, name, body.decisions)
    differing = await asyncio.to_thread(tables.compare, around, name, before, document, found)
    return TableComparison(
        of=len(found), same=len(found) - len(differing), against=version_text(force) if force else "library",
        differing=[
            DiffersOut(
                order=d.recorded.order, instance=d.recorded.instance, at=d.recorded.at, before=list(d.before),
                after=list(d.after), input=d.recorded.input,
                outputs=[Changed(output=k, before=b, after=a) for k, (b, a) in d.outputs.items()],
            )
            for d in differing
        ],
    )  # fmt: skip


@router.put("/decision-tables/{rules}/draft", summary="Save a decision table's draft")
async def save(name: Name, body: TableDraft, caller: Editor) -> TableVersion:
    """It may be wrong still, and changes nothing until it is published. 409, saying who, when somebody else saved it
    meanwhile."""
    document, tests = exactjson.plain(body.document), exactjson.plain(body.tests)
    async with caller.transaction() as tx:
        now = await business_now(tx)
        return _version(await tables.save_draft(
            tx, caller.tenant_id, name, document, tests, caller.name, now, note=body.note, revision=body.revision,
            base=body.base,
        ))  # fmt: skip


@router.post("/decision-tables/{rules}/versions/{number}/publish", summary="Put a version of a decision table in force")
async def publish(name: Name, number: int, body: TableWhy, caller: Publisher) -> TableDetail:
    """For what begins from now on: a running process decides to its end by what it began with. Every test case must
    pass; where the table `publishing` asks for four eyes, its authors are refused. 0 goes back to the library's."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await tables.publish(tx, caller.tenant_id, name, number, caller.name, now, note=body.note)
        return await _detail(caller, tx, name)


@router.post("/decision-tables/{rules}/undo", summary="Put the version before in force again")
async def undo(name: Name, body: TableWhy, caller: Publisher) -> TableDetail:
    """Takes the last publication back, for what begins from now on."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await tables.step_back(tx, caller.tenant_id, name, caller.name, now, note=body.note)
        return await _detail(caller, tx, name)


@router.post("/decision-tables/{rules}/versions/{number}/discard", summary="Discard a draft of a decision table")
async def discard(name: Name, number: int, caller: Editor) -> None:
    async with caller.transaction() as tx:
        await tables.discard(tx, caller.tenant_id, name, number, caller.name)
