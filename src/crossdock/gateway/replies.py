"""Reply templates in their languages, tried on a real exception; and from where mails about exceptions are written."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from crossdock.cases import casework, mailing, replies
from crossdock.errors import NotFound
from crossdock.events.inbox import business_now
from crossdock.gateway.access import Caller, Reader, allow
from crossdock.gateway.models import Answer, Page, Time
from crossdock.policy import Action

router = APIRouter(prefix="/api", tags=["cases"])
Manager = Annotated[Caller, allow(Action.REFERENCE_MANAGE)]
TemplateName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Language = Annotated[str, Query(max_length=2, pattern="^([a-z]{2})?$", description="Two letters (ISO 639-1)")]


class TemplatePut(BaseModel):
    """{fact} stands for a fact of the exception; see docs/cases.md. language: another than the template's own."""

    title: str = Field(default="", max_length=100)
    language: str = Field(default="", max_length=2)
    subject: str = Field(max_length=300)
    body: str = Field(max_length=mailing.BODY_CHARACTERS)


class TemplateText(Answer):
    language: str
    subject: str
    body: str


class Template(Answer):
    """language: of its own text; others: what it says in other languages."""

    name: str
    title: str
    language: str
    subject: str
    body: str
    put_by: str
    put_at: Time
    others: list[TemplateText]


class TemplateTry(BaseModel):
    """language: how amounts and days are written; empty: as the exception's customer reads."""

    subject: str = Field(max_length=300)
    body: str = Field(max_length=mailing.BODY_CHARACTERS)
    language: str = Field(default="", max_length=2)


class Filled(Answer):
    subject: str
    body: str
    language: str


class DeskPut(BaseModel):
    address: str = Field(max_length=320)
    name: str = Field(default="", max_length=100)


class MailDesk(Answer):
    address: str
    name: str


@router.get("/case-templates", summary="Reply templates")
async def list_templates(caller: Reader) -> Page[Template]:
    async with caller.transaction() as tx:
        found = await replies.every(tx, caller.tenant_id)
    return Page[Template](items=[Template.model_validate(r, from_attributes=True) for r in found], total=len(found))


@router.get("/case-template-facts", summary="What a reply template may name")
async def facts(caller: Reader) -> dict[str, str]:
    """Each name with what it stands for."""
    return replies.FACTS


@router.put("/case-templates/{template}", summary="Put a reply template")
async def put_template(template: TemplateName, given: TemplatePut, caller: Manager) -> Template:
    """In its own language, or in another beside it."""
    async with caller.transaction() as tx:
        made = await replies.put(
            tx, caller.tenant_id, template, given.title, given.subject, given.body, caller.name, await business_now(tx),
            language=given.language,
        )  # fmt: skip
    return Template.model_validate(made, from_attributes=True)


@router.delete("/case-templates/{template}", status_code=204, summary="Remove a reply template")
async def remove_template(template: TemplateName, caller: Manager, language: Language = "") -> None:
    """With all its languages, or one of the others."""
    async with caller.transaction() as tx:
        await replies.remove(tx, caller.tenant_id, template, caller.name, language=language)


@router.get("/cases/{case}/replies/{template}", summary="A reply template with the facts of an exception")
async def fill(case: UUID, template: TemplateName, caller: Reader, language: Language = "") -> Filled:
    """In the language that is asked for, else in the customer's, else in the template's own."""
    async with caller.transaction() as tx:
        found = await casework.get(tx, caller.tenant_id, case)
        reply = await replies.get(tx, caller.tenant_id, template)
        text = reply.text(language or await replies.language_of(tx, caller.tenant_id, found.customer_id))
        subject, body = await replies.fill(
            tx, caller.tenant_id, found, text.subject, text.body, caller.name, language=text.language
        )
    return Filled(subject=subject, body=body, language=text.language)


@router.post("/cases/{case}/replies/try", summary="A text with the facts of an exception, before it is a template")
async def try_template(case: UUID, given: TemplateTry, caller: Reader) -> Filled:
    """Stores nothing. 422 for a name that no exception has."""
    async with caller.transaction() as tx:
        found = await casework.get(tx, caller.tenant_id, case)
        replies.check(given.subject, given.body)
        language = given.language or await replies.language_of(tx, caller.tenant_id, found.customer_id) or "en"
        subject, body = await replies.fill(
            tx, caller.tenant_id, found, given.subject, given.body, caller.name, language=language
        )
    return Filled(subject=subject, body=body, language=language)


@router.get("/case-mail", summary="From where mails about exceptions are written")
async def mail_desk(caller: Reader) -> MailDesk | None:
    async with caller.transaction() as tx:
        try:
            found = await mailing.desk(tx, caller.tenant_id)
        except NotFound:
            return None
    return MailDesk(address=found.address, name=found.name)


@router.put("/case-mail", summary="Say from where mails about exceptions are written")
async def put_mail_desk(given: DeskPut, caller: Manager) -> MailDesk:
    """An address whose mailbox a channel of the tenant reads; its server must deliver address+detail there too."""
    async with caller.transaction() as tx:
        made = await mailing.put_desk(
            tx, caller.tenant_id, given.address, given.name, caller.name, await business_now(tx)
        )  # fmt: skip
    return MailDesk(address=made.address, name=made.name)
