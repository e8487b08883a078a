"""Mail both ways of coming: fetched from a real IMAP server (pymap), and delivered to us by SMTP (smtplib)."""

import asyncio
import imaplib
import smtplib
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.channels import BOLTS, T, declare, listed, order, rows, run

from crossdock.cli.silence import ChannelDesk
from crossdock.db import Database, Unavailable
from crossdock.outbound import Client, Guard
from crossdock.partners import intake
from crossdock.partners.transports import imap, mail, quarantine, releasing, smtpserver, taking
from crossdock.partners.transports.model import Channel, Direction, Kind
from crossdock.partners.transports.opening import Opener
from crossdock.partners.transports.settings import Smtp

SENDERS = {"orders@bolts.example": "bolts"}
TO = "edi@norrland.example"


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


def written(
    *files: tuple[str, bytes], sender: str = "Orders <orders@bolts.example>", identifier: str = "<m1@bolts.example>",
    **headers: str,
) -> EmailMessage:  # fmt: skip
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"], message["Message-ID"] = sender, TO, "Our order", identifier
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Please find our order attached.")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def channel(kind: Kind, **settings: Any) -> Channel:
    return Channel(
        tenant_id=T, id="files", kind=kind, direction=Direction.IN, partner=None,
        settings={"senders": SENDERS, **settings}, max_bytes=100_000,
    )  # fmt: skip


# ── what a mail brings ──────────────────────────────────────────────────────────────────────────────────────────────


def read(message: EmailMessage, **more: Any) -> mail.Mail:
    settings = Smtp(senders={**SENDERS, "@acme.example": "acme"}, recipients=(TO,), **more)
    return mail.read(message.as_bytes(), channel(Kind.SMTP, recipients=[TO]), settings)


def test_attachments_are_documents_and_text_pictures_and_signatures_are_not():
    message = written(("a.edi", order()), ("b.csv", b"x"))
    message.add_attachment(b"GIF", maintype="image", subtype="gif", disposition="inline")
    message.add_attachment(b"sig", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    found = read(message)
    assert [(i.name, i.raw) for i in found.items] == [("a.edi", order()), ("b.csv", b"x")]
    assert {i.partner for i in found.items} == {"bolts"}
    assert len({i.key for i in found.items}) == 2


def test_a_sender_is_known_by_address_or_by_its_whole_domain():
    assert read(written(("a", b"x"), sender="Anybody@ACME.example")).partner == "acme"
    for sender in (
        "mallory@bolts.example",
        "orders@bolts.example.evil",
        "a@x, orders@bolts.example",
        "orders@acme.example.x",
    ):
        assert read(written(("a", b"x"), sender=sender)).partner is None, sender


@pytest.mark.parametrize(
    ("results", "partner"),
    [
        ("mx.norrland.example; spf=pass; dmarc=pass header.from=bolts.example", "bolts"),
        ("mx.norrland.example; dmarc=fail", None),
        ("mx.evil.example; dmarc=pass", None),
        ("", None),
    ],
)
def test_where_a_server_is_named_only_what_passed_there_is_believed(results: str, partner: str | None):
    headers = {"Authentication_Results": results} if results else {}
    assert read(written(("a", b"x"), **headers), authenticated_by="mx.norrland.example").partner == partner


def test_a_mail_without_a_document_says_so_and_one_that_is_too_large_is_not_kept():
    [item] = read(written()).items
    assert "without one" in item.problem
    [item] = read(written(("big", bytes(100_001)))).items
    assert (item.raw, item.size_bytes) == (None, 100_001)


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_mail_of_some_kind(raw: bytes):
    settings = Smtp(senders=SENDERS, recipients=(TO,))
    for head in (b"", b"From: orders@bolts.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"):
        assert mail.read(head + raw, channel(Kind.SMTP, recipients=[TO]), settings).items


# ── SMTP ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Taking:
    served: smtpserver.Served
    port: int

    async def send(self, message: EmailMessage, to: str = TO) -> Any:
        def deliver() -> Any:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
                return client.send_message(message, "bounce@bolts.example", [to])

        return await asyncio.to_thread(deliver)


@pytest.fixture
async def smtp(db: Database) -> AsyncIterator[Taking]:
    await declare(db, channel(Kind.SMTP, recipients=[TO]))
    served = smtpserver.Served(db, ChannelDesk())
    yield Taking(served, await served.start("127.0.0.1", 0))
    await served.close()


async def test_a_mail_is_answered_after_its_attachments_are_stored_and_taken_once(smtp: Taking, db: Database) -> None:
    message = written(("one.edi", order(1, "PO-1")), ("two.edi", order(2, "PO-2")))
    await smtp.send(message)
    assert len(await rows(db, "select 1 from crossdock.receipt")) == 2
    await smtp.send(message)  # as a server does that did not hear our 250
    await smtp.served.idle()
    assert sorted((d["po"], d["status"], d["partner"]) for d in await listed(db)) == [
        ("PO-1", "accepted", "bolts"),
        ("PO-2", "accepted", "bolts"),
    ]


async def test_a_stranger_is_quarantined_and_released(smtp: Taking, db: Database) -> None:
    message = written(("order.edi", order()), sender="mallory@example.net")
    await smtp.send(message)
    await smtp.send(message)  # as a server does that did not hear our 250
    await smtp.served.idle()
    assert await listed(db) == []
    async with db.transaction(T) as tx:
        [kept] = await quarantine.page(tx, T)
    assert (kept["sender"], kept["channel"], kept["way"]) == ("mallory@example.net", "files", "smtp")
    [done] = await releasing.release(db, T, UUID(kept["id"]), "bolts", "ada", lambda _: {})
    assert (done.status, done.po) == ("accepted", "4500012")


async def test_a_server_is_told_to_wait_when_strangers_have_no_room(
    smtp: Taking, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_ITEMS", 1)
    await smtp.send(written(("one.edi", order(1)), sender="mallory@example.net"))
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await smtp.send(written(("two.edi", order(2)), sender="mallory@example.net"))
    assert refused.value.smtp_code == 452
    await smtp.send(written(("mine.edi", order(3))))
    await smtp.served.idle()
    assert [d["partner"] for d in await listed(db)] == ["bolts"], "a partner's mail is taken all the same"


async def test_what_cannot_be_taken_is_refused_at_the_door(smtp: Taking, db: Database) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await smtp.send(written(("a", order())), "anybody@else.example")
    for message in (written(), written(("good.edi", order()), ("big", bytes(100_001)))):
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await smtp.send(message)
        assert refused.value.smtp_code == 554
    assert await rows(db, "select 1 from crossdock.receipt") == [], "all of a mail or nothing"
    told = await rows(db, "select 1 from crossdock.cases where kind = 'file-refused'")
    assert len(told) == 2


class Away(Database):
    """A database that is gone at the moment of one transaction."""

    gone_at = 0

    def transaction(self, *tenants: str) -> Any:
        self.gone_at -= 1
        if self.gone_at == 0:
            raise Unavailable("the database cannot be reached")
        return super().transaction(*tenants)


@pytest.mark.parametrize("gone_at", range(1, 7))
async def test_when_the_database_is_away_the_sender_is_told_to_try_again(db: Database, gone_at: int) -> None:
    """At the recipient, at the lookup, at storing, or after it: never 250 for what is not there, and nothing twice."""
    await declare(db, channel(Kind.SMTP, recipients=[TO]))
    message, away = written(("a.edi", order())), Away(db.pool, db.dsn)
    served = smtpserver.Served(away, ChannelDesk())
    at_the_door = Taking(served, await served.start("127.0.0.1", 0))
    away.gone_at = gone_at
    with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused)) as refused:
        await at_the_door.send(message)
    assert "451" in str(refused.value)
    await at_the_door.send(message)
    await served.close()
    assert [d["status"] for d in await listed(db)] == ["accepted"]
    assert len(await rows(db, "select 1 from crossdock.receipt")) == 1


# ── IMAP ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Remote:
    port: int
    opener: Opener

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, 20)
        client.login("edi", "hunter2")
        return client

    def put(self, *messages: EmailMessage) -> None:
        client = self.client()
        for message in messages:
            assert client.append("INBOX", "", "", message.as_bytes())[0] == "OK"
        client.logout()

    def count(self, mailbox: str) -> int:
        client = self.client()
        answer = client.select(mailbox)
        client.logout()
        return int(answer[1][0] or 0) if answer[0] == "OK" else 0

    def channel(self, **more: Any) -> Channel:
        return channel(
            Kind.IMAP, host="127.0.0.1", port=self.port, user="edi", password_secret="mailbox", tls="none", **more
        )  # fmt: skip


@pytest.fixture
async def remote(db: Database) -> AsyncIterator[Remote]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from pymap.main import main; main()", "--host", "127.0.0.1", "--port", str(port),
        "--no-tls", "--no-service", "admin", "--no-service", "managesieve", "dict", "--demo-data", "--demo-user", "edi",
        "--demo-password", "hunter2",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with Client() as http:
        made = Remote(port, Opener(None, lambda _: {"mailbox": "hunter2"}, http, Guard(judge=lambda _: None), db))
        for _ in range(600):
            try:
                client = await asyncio.to_thread(made.client)
                break
            except OSError:
                assert process.returncode is None
                await asyncio.sleep(0.05)  # until it listens: it says so nowhere
        else:
            pytest.fail("the mail server does not listen")
        client.select("INBOX")
        client.store("1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.logout()
        yield made
    process.terminate()
    await process.wait()


@pytest.mark.parametrize("done", ["", "Done"])
async def test_a_mailbox_is_emptied_once_and_what_is_no_document_goes_aside(
    remote: Remote, db: Database, done: str
) -> None:
    await declare(db, remote.channel(done=done))
    await asyncio.to_thread(
        remote.put,
        written(("one.edi", order(1, "PO-1")), ("two.edi", order(2, "PO-2"))),
        written(identifier="<m2@bolts.example>"),
        written(("three.edi", order(3, "PO-3")), sender="mallory@example.net", identifier="<m3@x>"),
    )
    ran = await run(db, remote.opener)
    assert (ran.trouble, ran.taken, ran.refused) == ("", 3, 1)
    assert sorted((str(d["po"]), d["status"]) for d in await listed(db)) == [
        ("PO-1", "accepted"), ("PO-2", "accepted"),
    ]  # fmt: skip
    async with db.transaction(T) as tx:
        assert [k["sender"] for k in await quarantine.page(tx, T)] == ["mallory@example.net"]
    assert await asyncio.to_thread(remote.count, "INBOX") == 0
    assert await asyncio.to_thread(remote.count, "Quarantine") == 1
    assert await asyncio.to_thread(remote.count, "Done") == (2 if done else 0)
    assert (await run(db, remote.opener)).taken == 0


async def test_a_death_between_storing_and_moving_a_message_is_made_good(remote: Remote, db: Database) -> None:
    made = await declare(db, remote.channel())
    await asyncio.to_thread(remote.put, written(("one.edi", order(1, "PO-1")), ("two.edi", order(2, "PO-2"))))
    mailbox = await imap.open_(made, remote.opener.secrets(T), remote.opener.guard)
    async for item in mailbox.pick_up():
        assert await taking.keep(db, made, item) is not None
        break  # of two attachments one is stored, and here the process dies
    await mailbox.close()
    ran = await run(db, remote.opener)
    assert (ran.trouble, ran.taken, ran.repeated) == ("", 1, 1)
    assert await asyncio.to_thread(remote.count, "INBOX") == 0
    await intake.resume(db, T)
    assert sorted(d["po"] for d in await listed(db)) == ["PO-1", "PO-2"]


async def test_a_wrong_password_is_trouble_and_is_not_shown(remote: Remote, db: Database) -> None:
    await declare(db, remote.channel())
    wrong = Opener(None, lambda _: {"mailbox": "wr0ng-secret"}, remote.opener.http, remote.opener.guard, db)
    trouble = (await run(db, wrong)).trouble
    assert "127.0.0.1" in trouble
    assert "wr0ng" not in trouble
    nothing = Opener(None, lambda _: {}, remote.opener.http, remote.opener.guard, db)
    assert "'mailbox'" in (await run(db, nothing)).trouble
