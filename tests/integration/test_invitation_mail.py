"""The link of an invitation by mail: to the partner's contact, once it is committed, and again as a new one."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from tests.integration.channels import BOLTS, T, rows

from crossdock.db import Database
from crossdock.errors import Conflict, NotFound, PartnerError, Refused
from crossdock.events.inbox import business_now
from crossdock.outbound.mail import Mailer
from crossdock.partners import profiles
from crossdock.partners.agreements import invitations, mailing, store

BASE = "https://crossdock.example"


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Any]] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return self.answer

    def token(self) -> str:
        """In the last mail."""
        found = re.search(rf"{BASE}/invitation#(\S+)", self.mails[-1][1].get_content())
        assert found is not None
        return found[1]


@pytest.fixture
async def db(database: Database) -> Database:
    contacts = [
        {"name": "Olga", "role": "orders", "email": "orders@bolts.example"},
        {"name": "Ann", "role": "edi", "email": "edi@bolts.example"},
    ]
    async with database.transaction(T) as tx:
        file = {**profiles.plain(BOLTS), "contacts": contacts, "mode": "test"}
        await store.put(tx, T, file, "test", await business_now(tx))
    return database


@pytest.fixture
async def box() -> AsyncIterator[tuple[Mailbox, Mailer]]:
    made = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(made), "127.0.0.1", 0)
    async with server:
        yield made, Mailer(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", "crossdock@norrland.example")


async def listed(db: Database) -> list[dict[str, Any]]:
    async with db.transaction(T) as tx:
        return await invitations.every(tx, T, "bolts", await business_now(tx))


async def good(db: Database, token: str) -> bool:
    async with db.transaction(T) as tx:
        try:
            await invitations.read(tx, token, await business_now(tx))
        except Refused:
            return False
        return True


async def test_the_contact_for_edi_gets_the_link(db: Database, box: tuple[Mailbox, Mailer]) -> None:
    mailbox, mailer = box
    done = await mailing.invite(db, T, "bolts", "ada", mailer, BASE)
    assert (done.to, done.error) == ("edi@bolts.example", "")
    [(to, mail)] = mailbox.mails
    assert to == ["edi@bolts.example"]
    assert mail["Subject"] == "Norrland Fasteners invites Bolts & Co to exchange documents"
    assert mail["From"] == "crossdock@norrland.example"
    text = mail.get_content()
    assert "Hello Ann," in text
    assert f"before {done.invited.expires_at:%Y-%m-%d %H:%M} UTC" in text
    assert mailbox.token() == done.invited.token
    assert await good(db, mailbox.token())
    [one] = await listed(db)
    assert (one["email"], one["state"], one["mail_error"]) == ("edi@bolts.example", "open", "")
    assert one["mailed_at"] is not None
    said = await rows(db, "select action, actor, detail::text as detail from crossdock.audit order by seq")
    mailed = [r for r in said if r["action"] == "partner.invitation-mailed"]
    assert [r["actor"] for r in mailed] == ["ada"]
    assert not any(done.invited.token.split(".")[2] in r["detail"] for r in said), "no trail holds the link"


async def test_what_is_sent_again_is_a_new_link_and_ends_the_old_one(db: Database, box: tuple[Mailbox, Mailer]) -> None:
    mailbox, mailer = box
    first = await mailing.invite(db, T, "bolts", "ada", mailer, BASE, email="ann@bolts.example", language="sv")
    before = mailbox.token()
    again = await mailing.again(db, T, "bolts", first.invited.invitation_id, "eve", mailer, BASE)
    assert [to for to, _ in mailbox.mails] == [["ann@bolts.example"]] * 2
    assert mailbox.mails[1][1]["Subject"] == "Norrland Fasteners bjuder in Bolts & Co att utbyta dokument"
    assert (await good(db, before), await good(db, mailbox.token())) == (False, True)
    assert mailbox.token() == again.invited.token
    async with db.transaction(T) as tx:
        await invitations.redeem(tx, mailbox.token(), "ann@bolts.example", await business_now(tx))
    with pytest.raises(Conflict, match="was used by ann@bolts"):
        await mailing.again(db, T, "bolts", again.invited.invitation_id, "eve", mailer, BASE)
    with pytest.raises(NotFound):
        await mailing.again(db, T, "nuts", again.invited.invitation_id, "eve", mailer, BASE)
    with pytest.raises(NotFound):
        await mailing.again(db, "castell", "bolts", again.invited.invitation_id, "eve", mailer, BASE)


async def test_a_link_by_mail_expires(db: Database, box: tuple[Mailbox, Mailer]) -> None:
    mailbox, mailer = box
    done = await mailing.invite(db, T, "bolts", "ada", mailer, BASE, lasts=timedelta(days=1))
    async with db.transaction(T) as tx:
        with pytest.raises(Refused, match="has expired"):
            await invitations.read(tx, mailbox.token(), done.invited.expires_at)


async def test_a_mail_that_did_not_leave_is_shown_and_can_be_sent_again(
    db: Database, box: tuple[Mailbox, Mailer]
) -> None:
    mailbox, mailer = box
    mailbox.answer = "451 4.3.0 Not now"
    done = await mailing.invite(db, T, "bolts", "ada", mailer, BASE)
    assert "the mail server answered 451" in done.error
    assert await good(db, done.invited.token), "who asked is shown the link and may send it otherwise"
    [one] = await listed(db)
    assert (one["state"], one["mail_error"]) == ("open", done.error)
    mailbox.answer = "250 OK"
    assert (await mailing.again(db, T, "bolts", one["invitation_id"], "ada", mailer, BASE)).error == ""
    nothing = await mailing.invite(db, T, "bolts", "ada", Mailer(None, None), BASE)
    assert "CROSSDOCK_SMTP_URL" in nothing.error


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "ann@bolts.example, eve@example.com", "x@y\r\nBcc: e@x.example"])
async def test_an_address_that_is_none_is_refused(db: Database, box: tuple[Mailbox, Mailer], email: str) -> None:
    mailbox, mailer = box
    with pytest.raises(PartnerError, match="a mail address"):
        await mailing.invite(db, T, "bolts", "ada", mailer, BASE, email=email)
    assert mailbox.mails == []
    assert await listed(db) == []


async def test_a_partner_without_a_contact_is_invited_by_its_address_only(
    db: Database, box: tuple[Mailbox, Mailer]
) -> None:
    _, mailer = box
    async with db.transaction(T) as tx:
        await store.put(tx, T, profiles.plain(BOLTS), "test", await business_now(tx))
    with pytest.raises(PartnerError, match="add a contact"):
        await mailing.invite(db, T, "bolts", "ada", mailer, BASE)
    assert (await mailing.invite(db, T, "bolts", "ada", mailer, BASE, send=False)).to == ""


def test_what_a_mail_says_is_text_in_every_language() -> None:
    facts = {"tenant": "A\r\nBcc: x@y", "partner": "{link}", "inviter": "ada", "greeting": " Ann", "until": "then",
             "link": "https://x/#t"}  # fmt: skip
    for language in mailing.LANGUAGES:
        subject, body = mailing.written(facts, language)
        assert "\n" not in subject
        assert "\r" not in subject + body
        assert "{link}" in subject, "a name is no template"
        assert "https://x/#t" in body
        assert "Ann," in body
