"""Mail about cases, out by a real SMTP server and in by ours: threads, signed addresses, answers, what is no answer."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.channels import BOLTS, T, declare, listed, order

from crossdock.cases import answers, casework, files, linking, mailing
from crossdock.cases.answers import Answers
from crossdock.cases.casework import Status
from crossdock.cases.mailing import Desk
from crossdock.cli.silence import ChannelDesk
from crossdock.db import Database
from crossdock.errors import PartnerError
from crossdock.partners import intake
from crossdock.partners.transports import smtpserver
from crossdock.partners.transports.model import Channel, Direction, Kind

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OURS = "service@norrland.example"
THEM = "buyer@bolts.example"


@dataclass
class Outside:
    """Everybody else's mail server. code: what it says to a mail."""

    code: str = "250 OK"
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    url: str = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        if self.code.startswith("250") and isinstance(content, bytes):
            read: Any = message_from_bytes(content, policy=policy.default)
            self.mails.append(read)
        return self.code


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    made = Outside()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(made, hostname="outside", loop=loop), "127.0.0.1", 0)
    made.url = f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield made
    listening.close()


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
        await mailing.put_desk(tx, T, OURS, "Norrland order desk", "ada", NOW)
    return database


@dataclass
class Inside:
    """Our own SMTP server, which takes documents and answers alike."""

    served: smtpserver.Served
    port: int

    async def deliver(self, message: EmailMessage, to: str) -> Any:
        def send() -> Any:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
                return client.send_message(message, "bounce@bolts.example", [to])

        return await asyncio.to_thread(send)


@pytest.fixture
async def inside(db: Database) -> AsyncIterator[Inside]:
    settings: dict[str, Any] = {"senders": {THEM: "bolts"}, "recipients": [OURS]}
    made = Channel(
        tenant_id=T, id="mail", kind=Kind.SMTP, direction=Direction.IN, partner=None, settings=settings,
        max_bytes=100_000,
    )  # fmt: skip
    await declare(db, made)
    served = smtpserver.Served(db, ChannelDesk(), Answers(db))
    yield Inside(served, await served.start("127.0.0.1", 0))
    await served.close()


async def opened(db: Database, **more: Any) -> UUID:
    async with db.transaction(T) as tx:
        said: dict[str, Any] = {"kind": "shipment-late", "queue": "logistics", "title": "late", "order": "SO-1", **more}
        return (await casework.open_case(tx, T, casework.New(**said), NOW)).case_id


async def write(db: Database, case_id: UUID, body: str = "Where is it?", **more: Any) -> mailing.Message:
    at = more.pop("at", NOW)
    async with db.transaction(T) as tx:
        return await mailing.write(tx, T, case_id, [THEM], "Your order", body, "cora", at, **more)


async def case(db: Database, case_id: UUID) -> casework.Case:
    async with db.transaction(T) as tx:
        return await casework.get(tx, T, case_id)


async def thread(db: Database, case_id: UUID) -> list[mailing.Message]:
    async with db.transaction(T) as tx:
        return await mailing.thread(tx, T, case_id)


def answer(*, to: str, identifier: str = "<a1@bolts.example>", body: str = "Tomorrow.", **headers: str) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"], message["Message-ID"] = THEM, to, "Re: Your order", identifier
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message


async def test_a_mail_leaves_with_its_thread_and_an_address_for_answers(db: Database, outside: Outside) -> None:
    case_id = await opened(db)
    async with db.transaction(T) as tx:
        file = await files.add(tx, T, case_id, "proof.pdf", b"%PDF-1.7 proof", "cora", NOW)
    first = await write(db, case_id, attach=[file.file_id])
    second = await write(db, case_id, "And now?", at=NOW + timedelta(minutes=1))
    assert await mailing.run_due(db, outside.url, NOW + timedelta(minutes=2)) == 2
    assert await mailing.run_due(db, outside.url, NOW + timedelta(hours=2)) == 0, "sent once"
    one, two = outside.mails
    assert (one["From"], one["To"], one["Message-ID"]) == (f"Norrland order desk <{OURS}>", THEM, f"<{first.ref}>")
    assert (two["In-Reply-To"], two["References"]) == (f"<{first.ref}>", f"<{first.ref}>")
    assert str(one["Reply-To"]).startswith("service+ex-1001.")
    attached = [(part.get_filename(), part.get_payload(decode=True)) for part in one.iter_attachments()]
    assert attached == [("proof.pdf", b"%PDF-1.7 proof")]
    assert [m.state for m in await thread(db, case_id)] == ["sent", "sent"]
    assert second.ref != first.ref


async def test_an_answer_lands_on_its_case_with_what_is_attached_and_never_in_the_intake(
    db: Database, outside: Outside, inside: Inside
) -> None:
    case_id = await opened(db)
    await write(db, case_id)
    await mailing.run_due(db, outside.url, NOW)
    to = str(outside.mails[0]["Reply-To"])
    message = answer(to=to)
    message.add_attachment(order(), maintype="application", subtype="edi-x12", filename="order.edi")
    for _ in range(2):  # delivered twice: by a server that did not hear us the first time
        await inside.deliver(message, to)
    await inside.served.idle()
    found = await thread(db, case_id)
    assert [(m.direction, m.sender, m.body) for m in found][1:] == [("in", THEM, "Tomorrow.")]
    async with db.transaction(T) as tx:
        [kept] = await files.of_case(tx, T, case_id)
        assert (kept.name, kept.message_id) == ("order.edi", found[1].message_id)
        assert await tx.fetchval("select count(*) from crossdock.document where tenant_id = $1", T) == 0
        assert await tx.fetchval("select count(*) from crossdock.receipt where tenant_id = $1", T) == 0
    assert f"{THEM} answered" in (await case(db, case_id)).history[-1]["what"]


async def test_an_answer_without_our_address_is_known_by_the_mail_it_answers(
    db: Database, outside: Outside, inside: Inside
) -> None:
    case_id = await opened(db)
    sent = await write(db, case_id)
    await inside.deliver(answer(to=OURS, In_Reply_To=f"<{sent.ref}>"), OURS)
    assert [m.direction for m in await thread(db, case_id)] == ["out", "in"]


async def test_what_answers_nothing_of_ours_goes_the_way_of_documents(db: Database, inside: Inside) -> None:
    case_id = await opened(db)
    async with db.transaction(T) as tx:
        desk = await mailing.desk(tx, T)
    forged = desk.answers_at("EX-1001").replace("ex-1001", "ex-1002")
    message = answer(to=forged, In_Reply_To="<nobody@knows.example>")
    message.add_attachment(order(), maintype="application", subtype="octet-stream", filename="order.edi")
    await inside.deliver(message, forged)
    await inside.served.idle()
    assert await thread(db, case_id) == []
    assert [d["po"] for d in await listed(db)] == ["4500012"], "an order as ever, by the mailbox behind the plus sign"


async def test_an_answer_wakes_what_sleeps_and_opens_what_was_closed(db: Database) -> None:
    take = Answers(db)
    asleep, closed, answered, told = [await opened(db, order=f"SO-{n}") for n in range(4)]
    async with db.transaction(T) as tx:
        await casework.snooze(tx, T, asleep, NOW + timedelta(days=400000), "cora", NOW)
        for done in (closed, told):
            await casework.resolve(tx, T, done, "close", "cora", NOW)
        await casework.resolve(tx, T, answered, "close", "cora", NOW)
        await tx.execute("update crossdock.cases set answers = 'workflow' where case_id = $1", answered)
        desk = await mailing.desk(tx, T)
    for n, case_id in enumerate((asleep, closed, answered)):
        to = desk.answers_at((await case(db, case_id)).number)
        assert await take(T, answer(to=to, identifier=f"<{n}@x.example>").as_bytes())
    assert (await case(db, asleep)).status is Status.OPEN
    assert ((await case(db, closed)).status, (await case(db, closed)).reopened) == (Status.OPEN, 1)
    assert (await case(db, answered)).status is Status.CLOSED
    async with db.transaction(T) as tx:
        [late] = (await casework.find(tx, T, casework.Filter(kind="late-answer"))).items
        assert [x["id"] for x in await linking.linked(tx, T, late.case_id)] == [answered]
    to = desk.answers_at((await case(db, told)).number)
    machine = answer(to=to, identifier="<out@x.example>", Auto_Submitted="auto-replied", body="I am away.")
    assert await take(T, machine.as_bytes())
    assert (await case(db, told)).status is Status.CLOSED, "nobody wrote it"
    assert [m.body for m in await thread(db, told)] == ["I am away."]


async def test_an_answer_to_what_was_merged_lands_on_the_survivor(db: Database) -> None:
    one, two = await opened(db, order="SO-1"), await opened(db, order="SO-2")
    async with db.transaction(T) as tx:
        to = (await mailing.desk(tx, T)).answers_at((await casework.get(tx, T, one)).number)
        await linking.merge(tx, T, one, two, "cora", NOW)
    assert await Answers(db)(T, answer(to=to).as_bytes())
    assert [m.body for m in await thread(db, two)] == ["Tomorrow."]


async def test_a_mail_that_is_not_taken_is_tried_again_and_refused_for_good_says_so(
    db: Database, outside: Outside
) -> None:
    case_id = await opened(db)
    sent = await write(db, case_id)
    outside.code = "451 later"
    assert await mailing.run_due(db, outside.url, NOW) == 0
    assert await mailing.run_due(db, outside.url, NOW + timedelta(seconds=30)) == 0
    [waiting] = await thread(db, case_id)
    assert (waiting.state, waiting.error) == ("waiting", "the mail server answered 451")
    outside.code = "250 OK"
    assert await mailing.run_due(db, outside.url, NOW + timedelta(minutes=2)) == 1
    assert outside.mails[0]["Message-ID"] == f"<{sent.ref}>", "the same mail"
    refused = await write(db, case_id, at=NOW + timedelta(hours=1))
    outside.code = "554 no"
    await mailing.run_due(db, outside.url, NOW + timedelta(hours=1))
    assert [m.state for m in await thread(db, case_id)] == ["sent", "failed"]
    assert "was not sent" in (await case(db, case_id)).history[-1]["what"]
    async with db.transaction(T) as tx:
        await mailing.again(tx, T, case_id, refused.message_id, "cora", NOW + timedelta(hours=2))
    outside.code = "250 OK"
    assert await mailing.run_due(db, outside.url, NOW + timedelta(hours=2)) == 1


@pytest.mark.parametrize("to", ["", "nobody", "a@b.example\nBcc: x@y.example", "a b@c.example", "@x.example"])
async def test_an_address_that_is_none_is_refused(db: Database, to: str) -> None:
    case_id = await opened(db)
    async with db.transaction(T) as tx:
        with pytest.raises(PartnerError) as refused:
            await mailing.write(tx, T, case_id, [to], "x", "y", "cora", NOW)
    assert refused.value.findings[0].where == "/to"


def test_only_we_can_make_an_address_for_answers() -> None:
    desk, other = Desk(OURS, "", b"k" * 32), Desk(OURS, "", b"j" * 32)
    made = desk.answers_at("EX-1001")
    assert desk.signed(made.upper()) == "EX-1001"
    assert other.signed(made) is None
    for wrong in (OURS, made.replace("1001", "1002"), made.replace("norrland", "castell"), "x", "+@", "service+@x"):
        assert desk.signed(wrong) is None, wrong


def test_a_mail_of_html_alone_is_read_as_its_words() -> None:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = THEM
    message.set_content(
        "<style>p{}</style><p>Tomorrow &amp; <b>free</b></p><script>x</script><p>Ann</p>", subtype="html"
    )
    assert answers.read(message.as_bytes()).body == "Tomorrow & free\nAnn"


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_letter_of_some_kind(raw: bytes) -> None:
    head = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    for letter in (answers.read(raw), answers.read(head + raw)):
        assert letter.ref
        assert "\0" not in letter.body + letter.subject + letter.sender + letter.ref
