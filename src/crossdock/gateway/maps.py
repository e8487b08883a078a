"""Maps: the library's and the tenant's own versions, checking and previewing a draft, what it would change, lineage.

Checking, previewing and comparing store nothing, so whoever may read may do them; a draft is saved and put in force by
those whom policy lets.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from crossdock import exactjson
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Anyone, Caller, Reader, allow
from crossdock.gateway.documents import profile_of
from crossdock.gateway.models import Answer, FindingOut, Json, Time
from crossdock.partners import documents, intake
from crossdock.partners.lineage import InCell, InElement, InMember, InSegment, Origin
from crossdock.partners.maps import checking, replaying, store
from crossdock.partners.maps.checking import Checked
from crossdock.partners.maps.editions import Edition
from crossdock.partners.model import Issue
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["maps"])
MAX_SOURCE = checking.MAX_BYTES
COMPARE_S = 20.0  # a request that takes longer is for the command line
Editor = Annotated[Caller, allow(Action.MAP_EDIT)]
Activator = Annotated[Caller, allow(Action.MAP_ACTIVATE)]


class InForce(Answer):
    """partner: whose documents; empty for all. version 0 is the library's."""

    partner: str = Field(validation_alias="partner_id")
    version: int
    activated_by: str
    activated_at: Time


class MapSummary(Answer):
    """syntax: x12, edifact, ubl, cxml or table. in_force: where a version of the tenant's own is, or was before 0."""

    id: str
    syntax: str
    type: str
    object: str
    guide: str | None
    directions: list[str]
    digest: str
    shipped: bool
    newest: int
    draft: int | None
    in_force: list[InForce]


class VersionSummary(Answer):
    """status: draft, ready (it was in force at least once, and never changes) or discarded. base: the library's map
    that it differs from. stale: that one has changed since; the version still means what it meant."""

    version: int
    status: str
    base: str
    digest: str
    note: str
    revision: int
    saved_by: str
    saved_at: Time | None
    stale: bool


class Activation(Answer):
    partner: str = Field(validation_alias="partner_id")
    version: int
    note: str
    activated_by: str
    activated_at: Time


class MapDetail(Answer):
    id: str
    versions: list[VersionSummary]
    in_force: list[InForce]
    history: list[Activation]


class DifferenceOut(Answer):
    """at: rules by their keys, from the outside in, then the element or part. null: not said."""

    at: str
    before: Json
    after: Json


class Remark(FindingOut):
    """Something wrong with a map. path: a JSON pointer in the text; line and column count from 1."""

    line: int
    column: int
    path: str


class MapCheck(Answer):
    """ok: it can be saved. over: the library's map it differs from, and `differences` how."""

    ok: bool
    id: str
    over: str
    syntax: str | None
    type: str | None
    object: str | None
    directions: list[str]
    digest: str | None
    remarks: list[Remark]
    differences: list[DifferenceOut]


class MapVersion(Answer):
    """One version as it was written, and how it differs from the library's."""

    map: str
    version: int
    status: str
    revision: int
    source: str
    check: MapCheck


class OriginOut(Answer):
    """Where a field came from. pointer: of the canonical document. where: in words. Only what fits the format is set:
    segment, index (from 0), offset, element, component; or path, attribute, line; or row, column, cell; or member."""

    pointer: str
    where: str
    segment: str | None = None
    index: int | None = None
    offset: int | None = None
    element: int | None = None
    component: int | None = None
    path: str | None = None
    attribute: str | None = None
    line: int | None = None
    row: int | None = None
    column: str | None = None
    cell: int | None = None
    member: str | None = None

    @classmethod
    def of(cls, origin: Origin) -> "OriginOut":
        place = origin.place
        base: dict[str, Any] = {"pointer": origin.pointer, "where": str(place)}
        match place:
            case InSegment():
                return cls(
                    **base, segment=place.segment, index=place.index, offset=place.offset, element=place.element,
                    component=place.component,
                )  # fmt: skip
            case InElement():
                return cls(**base, path=place.path, attribute=place.attribute or None, line=place.line)
            case InCell():
                return cls(**base, row=place.row, column=place.column, cell=place.cell)
            case InMember():
                return cls(**base, member=place.pointer)


class PreviewFinding(FindingOut):
    """severity: error (rejects), hold (a person decides) or note."""

    severity: str

    @classmethod
    def issue(cls, issue: Issue) -> "PreviewFinding":
        f = issue.finding
        return cls(code=f.code, where=f.where, expected=f.expected, found=f.found, fix=f.fix, severity=issue.severity)


class PreviewDocument(Answer):
    """One document of what was read. read_by: the map that read it, which is another for another type."""

    index: int
    type: str
    status: str
    read_by: str | None
    canonical: Json
    findings: list[PreviewFinding]
    lineage: list[OriginOut]


class MapPreview(Answer):
    """documents: of the direction in. text: of the direction out, without its envelope; findings: why there is none."""

    direction: str
    documents: list[PreviewDocument]
    text: str | None
    findings: list[FindingOut]


class FieldChange(Answer):
    """pointer: of the canonical document; of one we sent, `segment 4` or `line 4`."""

    pointer: str
    before: Json
    after: Json


class Differing(Answer):
    document: str
    direction: str
    type: str
    partner: str | None
    po: str | None
    received_at: Time
    fields: list[FieldChange]
    appeared: list[FindingOut]
    gone: list[FindingOut]


class Comparison(Answer):
    """replayed: how many were read; of: how many there are to read. complete: all of those within the time."""

    replayed: int
    of: int
    same: int
    complete: bool
    differing: list[Differing]


class Draft(BaseModel):
    """source: YAML. revision: of the draft that was edited, 0 when there was none; left out, it is not compared."""

    source: str = Field(max_length=MAX_SOURCE)
    note: str = Field(default="", max_length=2000)
    revision: int | None = Field(default=None, ge=0)


class Saved(Answer):
    map: str
    version: int


class Source(BaseModel):
    """map: the map it must be, if any."""

    source: str = Field(max_length=MAX_SOURCE)
    map: str = Field(default="", max_length=80)


class Chosen(BaseModel):
    """A map: by its text, or one that is stored (version 0: the library's)."""

    map: str = Field(default="", max_length=80)
    version: int = Field(default=0, ge=0)
    source: str | None = Field(default=None, max_length=MAX_SOURCE)


class PreviewOf(Chosen):
    """What to read or write: a stored document, or a text. direction `out` writes: the stored document's canonical
    form, or `canonical`. partner: the sender of a text."""

    direction: str = Field(default="in", pattern="^(in|out)$")
    document: UUID | None = None
    text: str | None = Field(default=None, max_length=replaying.MAX_PASTED)
    filename: str = Field(default="pasted", max_length=200)
    canonical: Any = None
    partner: str = Field(default="", max_length=80)


class CompareWith(Chosen):
    documents: int = Field(default=50, ge=1, le=500)
    partner: str = Field(default="", max_length=80)


class Whose(BaseModel):
    """partner: whose documents; empty for all."""

    partner: str = Field(default="", max_length=80)


class Activate(Whose):
    note: str = Field(default="", max_length=2000)


@router.get("/maps", summary="Maps")
async def list_(caller: Reader) -> list[MapSummary]:
    """The library's and the tenant's own."""
    async with caller.transaction() as tx:
        return [MapSummary.model_validate(m) for m in await store.every(tx, caller.tenant_id)]


@router.get("/maps/{map}", summary="One map: its versions, and what is in force")
async def one(map: str, caller: Reader) -> MapDetail:
    async with caller.transaction() as tx:
        return await _detail(caller, tx, map)


async def _detail(caller: Caller, tx: Any, map_id: str) -> MapDetail:
    versions = await store.versions(tx, caller.tenant_id, map_id)
    return MapDetail(
        id=map_id,
        versions=[VersionSummary.model_validate(v) for v in versions],
        in_force=[InForce.model_validate(a) for a in await store.in_force(tx, caller.tenant_id, map_id)],
        history=[Activation.model_validate(a) for a in await store.history(tx, caller.tenant_id, map_id)],
    )


@router.get("/maps/{map}/versions/{number}", summary="One version of a map as it was written")
async def version(map: str, number: int, caller: Reader) -> MapVersion:
    async with caller.transaction() as tx:
        source = await store.source(tx, caller.tenant_id, map, number)
        known = next(v for v in await store.versions(tx, caller.tenant_id, map) if v["version"] == number)
    checked = checking.check(source, f"{map}.yaml", map)
    return MapVersion(
        map=map, version=number, status=known["status"], revision=known["revision"], source=source,
        check=_checked(checked),
    )  # fmt: skip


@router.post("/maps/check", summary="Is a map right")
async def check(body: Source, caller: Reader) -> MapCheck:
    """Every fault with line, column and path. Stores nothing."""
    return _checked(checking.check(body.source, f"{body.map or 'map'}.yaml", body.map))


def _checked(checked: Checked) -> MapCheck:
    found = store.described(checked.edition(0)) if checked.complete is not None else None
    return MapCheck(
        ok=found is not None,
        id=checked.id,
        over=checked.over,
        syntax=found["syntax"] if found else None,
        type=found["type"] if found else None,
        object=found["object"] if found else None,
        directions=found["directions"] if found else [],
        digest=found["digest"] if found else None,
        remarks=[
            Remark(**FindingOut.of(r.finding).model_dump(), line=r.line, column=r.column, path=r.path)
            for r in checked.remarks
        ],
        differences=[DifferenceOut(at=d.at, before=d.before, after=d.after) for d in checking.differences(checked)],
    )


async def _chosen(caller: Caller, tx: Any, body: Chosen) -> Edition:
    if body.source is not None:
        return checking.check(body.source, f"{body.map or 'map'}.yaml", body.map).edition(0)
    return await store.edition(tx, caller.tenant_id, body.map, body.version)


@router.post("/maps/preview", summary="A document as a map reads or writes it")
async def preview(body: PreviewOf, caller: Reader) -> MapPreview:
    """Canonical form, findings and lineage; or the text that would be sent. Stores nothing, sends nothing."""
    row: Any = None
    async with caller.transaction() as tx:
        edition = await _chosen(caller, tx, body)
        if body.document is not None:
            row, context = await replaying.stored(tx, caller.tenant_id, body.document)
        else:
            context = await intake.context(tx, caller.tenant_id, body.partner or None, True)
    if body.direction == "out":
        canonical = body.canonical
        if row is not None and canonical is None:
            canonical = exactjson.loads(row["canonical"]) if row["canonical"] else None
        try:
            text = replaying.write(canonical, edition)
        except PartnerError as e:
            found = [FindingOut.of(f) for f in e.findings]
            return MapPreview(direction="out", documents=[], text=None, findings=found)
        return MapPreview(direction="out", documents=[], text=text, findings=[])
    if row is None and body.text is None:
        text = "Choose a stored document, or paste one."
        raise PartnerError([Finding("map.preview", "/document", "a document or a text", "neither", text)])
    raw = row["bytes"] if row is not None else (body.text or "").encode()
    filename = row["filename"] if row is not None else body.filename
    shown = await replaying.reading(raw, filename, context, edition)
    if row is not None and len(shown) > int(row["place"]):
        shown = [shown[int(row["place"])]]
    return MapPreview(
        direction="in", text=None, findings=[], documents=[_previewed(s) for s in shown[: replaying.MOST_SHOWN]]
    )


def _previewed(shown: replaying.Shown) -> PreviewDocument:
    d = shown.document
    by = d.read_by.map if d.read_by else None
    return PreviewDocument(
        index=d.index, type=d.type or d.format.value, status=shown.verdict.status.value, read_by=by,
        canonical=shown.canonical, findings=[PreviewFinding.issue(i) for i in shown.verdict.issues],
        lineage=[OriginOut.of(o) for o in shown.lineage],
    )  # fmt: skip


@router.post("/maps/compare", summary="What a changed map would change")
async def compare(body: CompareWith, caller: Reader) -> Comparison:
    """Reads the newest stored documents twice: by the maps in force, and with this one. Stores nothing."""
    services = caller.running.services
    async with caller.transaction() as tx:
        edition = await _chosen(caller, tx, body)
    differing: list[Differing] = []
    replayed = total = 0

    def started(count: int) -> None:
        nonlocal total
        total = count

    async for found in replaying.compare(
        services.db, caller.tenant_id, edition, documents=body.documents, partner=body.partner or None,
        seconds=COMPARE_S, started=started,
    ):  # fmt: skip
        replayed += 1
        if found.differs:
            differing.append(_differing(found))
    same = replayed - len(differing)
    return Comparison(replayed=replayed, of=total, same=same, complete=replayed >= total, differing=differing)


def _differing(found: replaying.Replayed) -> Differing:
    return Differing(
        document=str(found.document_id), direction=found.direction, type=found.type, partner=found.partner,
        po=found.po, received_at=found.received_at,
        fields=[FieldChange(pointer=c.pointer, before=c.before, after=c.after) for c in found.fields],
        appeared=[FindingOut.model_validate(f) for f in found.appeared],
        gone=[FindingOut.model_validate(f) for f in found.gone],
    )  # fmt: skip


@router.put("/maps/{map}/draft", summary="Save a map's draft")
async def save(map: str, body: Draft, caller: Editor) -> Saved:
    """Refused, with every fault, when it cannot be used. It changes nothing until it is activated."""
    checked = checking.check(body.source, f"{map}.yaml", map)
    async with caller.transaction() as tx:
        now = await business_now(tx)
        number = await store.save_draft(
            tx, caller.tenant_id, checked, body.source, caller.name, now, note=body.note, revision=body.revision
        )
    return Saved(map=map, version=number)


@router.post("/maps/{map}/versions/{number}/activate", summary="Put a version of a map in force")
async def activate(map: str, number: int, body: Activate, caller: Activator) -> MapDetail:
    """For one partner or for all; version 0 goes back to the library's, for one partner to what all have. A draft
    never changes from then on."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await store.activate(tx, caller.tenant_id, map, number, caller.name, now, partner=body.partner, note=body.note)
        return await _detail(caller, tx, map)


@router.post("/maps/{map}/undo", summary="Put what was in force before in force again")
async def undo(map: str, body: Whose, caller: Activator) -> MapDetail:
    """Takes the last activation back, for one partner or for all. 409 when nothing was put in force."""
    async with caller.transaction() as tx:
        now = await business_now(tx)
        await store.step_back(tx, caller.tenant_id, map, caller.name, now, partner=body.partner)
        return await _detail(caller, tx, map)


@router.post("/maps/{map}/versions/{number}/discard", summary="Discard a draft of a map")
async def discard(map: str, number: int, caller: Editor) -> MapDetail:
    async with caller.transaction() as tx:
        await store.discard(tx, caller.tenant_id, map, number, caller.name)
        return await _detail(caller, tx, map)


@router.get("/documents/{document}/lineage", summary="Where each field of a document came from")
async def trail(document: UUID, caller: Anyone) -> list[OriginOut]:
    """By the version of the map that read it then."""
    async with caller.transaction() as tx:
        mine = await profile_of(tx, caller)
        if mine is not None and (await documents.one(tx, caller.tenant_id, document))["partner"] != mine:
            raise NotFound("No such document.")
        return [OriginOut.of(o) for o in await replaying.lineage(tx, caller.tenant_id, document)]
