"""Starting a process by hand: what may be started, its form, and the start itself.

A workflow offers itself by `metadata.crossdock.start`; its form is the schema of its own input, so there is no second
description to fall behind. A start is an event as any system's: stored once by its id, heard by the workflow that it
starts, on the audit trail under the name of who did it. A repeated Idempotency-Key finds the first one.

    start:
      title: Return goods          what people call it
      about: order                 what it is about, which the page offers a search for: order, customer, partner, none
      reference: { field: request, prefix: R }   made up when the form leaves it out
      action: workflow.run         what policy is asked for
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import jsonschema
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from crossdock import audit, exactjson, ids, telemetry
from crossdock.db import Tx, queries
from crossdock.engine.definitions import Programs
from crossdock.errors import Conflict, Finding, NotFound, PartnerError
from crossdock.events import envelope, inbox
from crossdock.flow import dataflow, jsonlike
from crossdock.flow.program import Program
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Json, Page
from crossdock.policy import Action, Allowed, Resource
from crossdock.policy import decide as policy_decides

router = APIRouter(prefix="/api/starts", tags=["starts"])
SQL = queries("crossdock.gateway", "starting.sql")

SOURCE = "/crossdock/start"
LAST = 5
MOST_FINDINGS = 30


@dataclass(frozen=True, slots=True)
class Offer:
    """A workflow that people may start. schema: of the event's data, as the workflow's own input has it."""

    type: str
    namespace: str
    name: str
    version: str
    title: str
    summary: str
    about: str
    action: Action
    reference: tuple[str, str] | None  # (field, prefix)
    schema: Mapping[str, Any] = field(repr=False)

    @property
    def shown(self) -> dict[str, Any]:
        """The schema without what a person does not fill in."""
        properties = {k: v for k, v in _mapping(self.schema.get("properties")).items() if not _ours(v)}
        required = [k for k in self.schema.get("required", ()) if k in properties]
        return {**self.schema, "properties": properties, "required": required}


class StartSummary(Answer):
    """about: order, customer, partner or none. may: whether the one who asks may start it."""

    namespace: str
    name: str
    version: str
    title: str
    summary: str
    about: str
    may: bool


class Choice(Answer):
    value: str
    label: str


class StartForm(StartSummary):
    """form: JSON Schema of what to send as the body. given: what is known of the thing it is about.

    choices: by field, values that are known. last: what the one who asks sent last, newest first.
    """

    form: Json
    given: Json
    choices: dict[str, list[Choice]]
    last: list[Json]


class Started(Answer):
    """new: false when this Idempotency-Key had started it before. reference: what people find it by."""

    instance: str
    event: str
    reference: str
    new: bool


@router.get("", summary="Processes that people may start")
async def list_(caller: Reader) -> Page[StartSummary]:
    async with caller.transaction() as tx:
        found = await offers(tx, caller.tenant_id)
    items = [_summary(caller, o) for o in found]
    return Page[StartSummary](items=items, total=len(items))


@router.get("/{namespace}/{name}", summary="The form of a process that people may start")
async def form(
    namespace: str, name: str, caller: Reader,
    about: Annotated[str, Query(max_length=100, description="The order it is about")] = "",
) -> StartForm:  # fmt: skip
    """With what is known of the order, and what the one who asks sent last."""
    async with caller.transaction() as tx:
        offer = await _one(tx, caller.tenant_id, namespace, name)
        given, choices = await _known(tx, caller.tenant_id, offer, about)
        rows = await tx.fetch(SQL["latest"], caller.tenant_id, offer.type, SOURCE, caller.name, LAST)
    fields = set(_mapping(offer.shown.get("properties")))
    last = [{k: v for k, v in exactjson.loads(r["body"])["data"].items() if k in fields} for r in rows]
    return StartForm(**_summary(caller, offer).model_dump(), form=offer.shown, given=given, choices=choices, last=last)


@router.post(
    "/{namespace}/{name}",
    status_code=201,
    summary="Start a process",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def start(
    namespace: str, name: str, request: Request, response: Response,
    caller: Annotated[Caller, allow(Action.WORKFLOW_RUN, by_thing=True)],
    idempotency_key: Annotated[str | None, Header(), Field(min_length=1, max_length=200)] = None,
) -> Started:  # fmt: skip
    """The body is what the process's form describes. Nothing is started when something of it is wrong."""
    data = _object(await request.body())
    async with caller.transaction() as tx:
        offer = await _one(tx, caller.tenant_id, namespace, name)
        caller.demand(offer.action, _resource(caller, offer))
        await caller.room()
        event_id = str(ids.derived(caller.tenant_id, SOURCE, offer.type, idempotency_key or str(ids.new())))
        reference = _refer(offer, data, event_id)
        if found := check(offer, data):
            raise PartnerError(found)
        subject = str(data.get("order") or reference)
        said = {**data, "entered_by": caller.name, "channel": "page" if caller.principal.kind != "key" else "api"}
        now = await inbox.business_now(tx)
        event = envelope.make(
            offer.type, subject=subject, data=exactjson.plain(said), now=now, source=SOURCE, id=event_id,
            traceparent=telemetry.traceparent(),
        )  # fmt: skip
        new = await inbox.receive(tx, caller.tenant_id, event) == "accepted"
        if new:
            detail = {"process": f"{namespace}/{name}", "event": event_id, "data": data}
            await audit.record(tx, caller.tenant_id, caller.name, "process.start", subject, detail)
        else:
            await _must_be_the_same(tx, caller.tenant_id, event_id, said)
            response.status_code = 200
    instance = ids.derived(caller.tenant_id, namespace, name, SOURCE, event_id)
    response.headers["Location"] = f"/api/instances/{instance}"
    return Started(instance=str(instance), event=event_id, reference=reference or subject, new=new)


# ── what is offered ─────────────────────────────────────────────────────────────────────────────────────────────────

_programs = Programs()  # published versions never change


async def offers(tx: Tx, tenant_id: str, namespace: str | None = None, name: str | None = None) -> list[Offer]:
    """The workflows of a tenant that offer themselves, each as an event starts it now."""
    rows = await tx.fetch(SQL["all"], tenant_id, namespace, name)
    found: list[Offer] = []
    for r in rows:
        program = await _programs.get(tx, tenant_id, r["namespace"], r["name"], r["version"])
        if (offer := offered(program, r["type"])) is not None:
            found.append(offer)
    return found


def offered(program: Program, type_: str) -> Offer | None:
    """None where it does not offer itself, or its input says nothing of the event's data."""
    document = _mapping(jsonlike.member(program.definition, "document"))
    said = _mapping(jsonlike.member(jsonlike.member(document.get("metadata"), "crossdock"), "start"))
    if not said:
        return None
    schema: Any = program.definition
    for step in ("input", "schema", "document", "items", "properties", "data"):
        schema = jsonlike.member(schema, step)
    if not _mapping(schema):
        return None
    reference = _mapping(said.get("reference"))
    return Offer(
        type=type_,
        namespace=program.namespace,
        name=program.name,
        version=program.version,
        title=str(said.get("title") or program.title),
        summary=str(document.get("summary") or ""),
        about=str(said.get("about") or "none"),
        action=Action(str(said.get("action") or Action.WORKFLOW_RUN.value)),
        reference=(str(reference["field"]), str(reference.get("prefix") or "R")) if reference else None,
        schema=_mapping(schema),
    )


async def _one(tx: Tx, tenant_id: str, namespace: str, name: str) -> Offer:
    found = await offers(tx, tenant_id, namespace, name)
    if not found:
        raise NotFound(f"No process {namespace}/{name} can be started by hand; GET /api/starts lists them")
    return found[0]


def _summary(caller: Caller, offer: Offer) -> StartSummary:
    return StartSummary(
        namespace=offer.namespace, name=offer.name, version=offer.version, title=offer.title, summary=offer.summary,
        about=offer.about,
        may=isinstance(policy_decides(caller.who, offer.action, _resource(caller, offer)), Allowed),
    )  # fmt: skip


def _resource(caller: Caller, offer: Offer) -> Resource:
    return Resource(kind="Process", tenant_id=caller.tenant_id, id=f"{offer.namespace}/{offer.name}")


def _mapping(value: Any) -> Mapping[str, Any]:
    return jsonlike.mapping(value) or {}


def _ours(schema: Any) -> bool:
    return jsonlike.member(schema, "readOnly") is True


async def _known(
    tx: Tx, tenant_id: str, offer: Offer, order: str
) -> tuple[dict[str, Any], dict[str, list[Choice]]]:  # fmt: skip
    """What is known of the order: values to begin with, and choices for fields that name a part of it."""
    if not order or offer.about != "order":
        return {}, {}
    row = await tx.fetchrow(SQL["order"], tenant_id, order)
    if row is None:
        raise NotFound(f"No order {order}")
    lines = [Choice(value=n["line"], label=_line(n)) for n in await tx.fetch(SQL["lines_of"], tenant_id, order)]
    invoices = [
        Choice(value=n["invoice"], label=f"{n['invoice']} · {n['total']} {row['currency']}")
        for n in await tx.fetch(SQL["invoices_of"], tenant_id, order)
        if n["invoice"]
    ]
    given: dict[str, Any] = {"order": order}
    if len(invoices) == 1 and "invoice" in _mapping(offer.schema.get("properties")):
        given["invoice"] = invoices[0].value
    return given, {"line": lines, "invoice": invoices}


def _line(n: Any) -> str:
    shipped = f"{n['shipped']:f}".rstrip("0").rstrip(".") if "." in f"{n['shipped']:f}" else f"{n['shipped']:f}"
    return f"{n['line']} · {n['sku']} {n['description']} · {shipped} shipped"


# ── what was sent ───────────────────────────────────────────────────────────────────────────────────────────────────


def check(offer: Offer, data: Mapping[str, Any]) -> list[Finding]:
    """Everything that is wrong with it, by JSON pointer."""
    properties = _mapping(offer.schema.get("properties"))
    known = f"Known: {', '.join(offer.shown['properties'])}."
    found = [
        Finding("start.unknown", f"/{k}", f"a field of {offer.name}", "another", known)
        for k in data
        if k not in properties or _ours(properties[k])
        if offer.reference is None or k != offer.reference[0]
    ]  # fmt: skip
    errors = dataflow.errors(offer.schema, data)
    return (found + [n for e in errors for n in _findings(e)])[:MOST_FINDINGS]


def _findings(error: jsonschema.ValidationError) -> Iterable[Finding]:
    path: Sequence[Any] = list(error.absolute_path)
    at = "/" + "/".join(str(p) for p in path) if path else ""
    schema: Mapping[str, Any] = _mapping(cast("Any", error).schema)
    if cast("Any", error).validator == "required":
        has = _mapping(cast("Any", error).instance)
        known = _mapping(schema.get("properties"))
        for name in schema.get("required", ()):
            if name not in has:
                title = jsonlike.member(known.get(name), "title") or name
                yield Finding("start.required", f"{at}/{name}", str(title), "nothing", "Fill it in.")
        return
    expected = schema.get("description") or schema.get("title") or error.message
    yield Finding(
        f"start.{cast('Any', error).validator}", at or "/", str(expected)[:200],
        exactjson.text(cast("Any", error).instance)[:80], error.message[:200],
    )  # fmt: skip


def _refer(offer: Offer, data: dict[str, Any], event_id: str) -> str:
    """The reference, made up from the event's own id where none was given: the same for the same key."""
    if offer.reference is None:
        return ""
    name, prefix = offer.reference
    if not data.get(name):
        data[name] = f"{prefix}-{event_id.replace('-', '')[:8].upper()}"
    return str(data[name])


async def _must_be_the_same(tx: Tx, tenant_id: str, event_id: str, said: Mapping[str, Any]) -> None:
    row = await tx.fetchrow(SQL["started"], tenant_id, SOURCE, event_id)
    before: Any = exactjson.loads(row["body"])["data"] if row is not None else None
    if exactjson.canonical(before) != exactjson.canonical(exactjson.plain(said)):
        raise Conflict("This Idempotency-Key started a process with other input. Use another key for another one.")


def _object(body: bytes) -> dict[str, Any]:
    """Read with exact numbers; what is empty was left out. Raises PartnerError."""
    try:
        value = exactjson.loads(body or b"{}")
    except exactjson.DecodeError as e:
        raise PartnerError([Finding("json.malformed", "/", "JSON", str(e)[:80], "Send the form as JSON")]) from e
    if not isinstance(value, dict):
        raise PartnerError([Finding("json.type", "/", "an object", type(value).__name__, "Send the form's fields")])
    return {str(k): v for k, v in cast("dict[str, Any]", value).items() if v is not None and v != ""}
