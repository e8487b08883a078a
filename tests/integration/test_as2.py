"""AS2 over real HTTP: two tenants of one gateway are each other's partner, each with its own keys and records."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.integration.channels import BOLTS, T, answered_order, declare, listed, order, rows, run

from crossdock import outbound
from crossdock.cli.silence import ChannelDesk
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.errors import Conflict, PartnerError
from crossdock.gateway import limits
from crossdock.gateway.server import serve
from crossdock.gateway.services import Services
from crossdock.outbound import Client, Guard, Request, Response, TransportProblem
from crossdock.partners import intake
from crossdock.partners.intake import DocumentResult
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.sending import store as sending
from crossdock.partners.transports import certificates, handing, quarantine, releasing, running, store
from crossdock.partners.transports.as2 import message, receipt, receiving
from crossdock.partners.transports.model import Channel, Direction, Kind
from crossdock.partners.transports.opening import Opener
from crossdock.settings import Settings

OTHER = "castell"
SELLER = Profile(id="norrland", name="Norrland", customer_id="S-1", identifiers=(Identifier("ZZ", "NORRLAND"),))


@dataclass
class Ends:
    """norrland's channel `as2` leads to castell, castell's to norrland."""

    db: Database
    base: str
    http: Client
    vault: dict[str, dict[str, str]]
    keys: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def opener(self) -> Opener:
        return Opener(None, lambda tenant: self.vault[tenant], self.http, Guard(), self.db)

    async def channel(self, tenant: str, **settings: Any) -> Channel:
        other = OTHER if tenant == T else T
        given = {"our_id": tenant, "their_id": other, "url": f"{self.base}/as2/{other}", **settings}
        return await declare(
            self.db,
            Channel(tenant_id=tenant, id="as2", kind=Kind.AS2, direction=Direction.BOTH,
                    partner="bolts" if tenant == T else "norrland", settings=given),
        )  # fmt: skip

    async def certify(self, tenant: str, name: str = "key") -> str:
        """A certificate for a tenant, known to both."""
        key, pem = await asyncio.to_thread(certificates.self_signed, f"{tenant} {name}", 90)
        self.vault[tenant][name] = key
        async with self.db.transaction(tenant) as tx:
            await certificates.add(tx, tenant, "", pem, "test", key_secret=name, secrets=self.vault[tenant])
        other, partner = (OTHER, "norrland") if tenant == T else (T, "bolts")
        async with self.db.transaction(other) as tx:
            return await certificates.add(tx, other, partner, pem, "test")


@pytest.fixture
async def ends(database: Database) -> AsyncIterator[Ends]:
    for tenant, profile in ((T, BOLTS), (OTHER, SELLER)):
        async with database.transaction(tenant) as tx:
            await intake.save_profile(tx, tenant, profile)
    vault: dict[str, dict[str, str]] = {T: {}, OTHER: {}}
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    services = Services(
        db=database, clock=Clock(), settings=Settings(), vault=lambda tenant: vault[tenant], desk=ChannelDesk()
    )  # fmt: skip
    serving = asyncio.create_task(serve(services, "127.0.0.1", 0, address.set_result, stop=stop))
    base = await address
    async with Client([base], timeout=timedelta(seconds=20)) as http:
        made = Ends(database, base, http, vault)
        await made.certify(T)
        await made.certify(OTHER)
        yield made
    stop.set()
    await serving


async def delivery(db: Database, document: UUID) -> dict[str, Any]:
    async with db.transaction(T) as tx:
        return next(d for d in await store.deliveries(tx, T) if d["document"] == str(document))


async def state(db: Database, document: UUID) -> str:
    async with db.transaction(T) as tx:
        return (await sending.one(tx, T, document))["state"]


async def carried_out(ends: Ends, number: int) -> list[dict[str, Any]]:
    """What came to the other end, once it is carried out: that follows the receipt."""
    async with asyncio.timeout(30):
        while len(found := await listed(ends.db, OTHER)) < number:
            await asyncio.sleep(0)
    return found


@pytest.mark.parametrize("mdn", ["sync", "async"])
@pytest.mark.parametrize("compress", [False, True])
async def test_a_document_arrives_and_its_signed_receipt_settles_it(ends: Ends, mdn: str, compress: bool) -> None:
    await ends.channel(T, mdn=mdn, compress=compress, mdn_url=f"{ends.base}/as2/{T}")
    await ends.channel(OTHER)
    document = await answered_order(ends.db)
    ran = await run(ends.db, ends.opener, "as2")
    assert (ran.trouble, ran.handed_over) == ("", 2), "the 855 and the 997 of its order"
    if mdn == "async":
        assert (await delivery(ends.db, document))["state"] == "sending"
        assert (await run(ends.db, ends.opener, "as2", OTHER)).trouble == ""  # its receipts go by themselves
    done = await delivery(ends.db, document)
    assert (done["state"], done["channel"], done["detail"]) == (
        "delivered", "as2", "automatic-action/MDN-sent-automatically; processed"
    )  # fmt: skip
    assert await state(ends.db, document) == "sent"
    found = await carried_out(ends, 2)
    assert sorted(d["type"] for d in found) == ["855", "997"]
    assert {d["partner"] for d in found} == {"norrland"}
    # sent once: nothing is left to do on either side
    assert (await run(ends.db, ends.opener, "as2")).handed_over == 0
    assert len(await listed(ends.db, OTHER)) == 2
    [kept] = await rows(ends.db, f"select receipt from crossdock.delivery where document_id = '{document}'")
    assert b"disposition-notification" in kept["receipt"]


def built(ends: Ends, known: message.Station, raw: bytes, identifier: str) -> tuple[dict[str, str], bytes, str]:
    out = message.write(known, raw, "application/edi-x12", "order.edi", identifier)
    return dict(out.headers), out.body, out.mic


async def post(ends: Ends, headers: Mapping[str, str], body: bytes, tenant: str = T) -> Response:
    answer = await ends.http.send(
        Request(method="POST", url=f"{ends.base}/as2/{tenant}", headers=headers, body=body)
    )  # fmt: skip
    assert isinstance(answer, Response), answer
    return answer


async def sender(ends: Ends) -> message.Station:
    """castell's own view of the way to norrland."""
    async with ends.db.transaction(OTHER) as tx:
        channel = await store.one(tx, OTHER, "as2")
        return await receiving.station(tx, channel, lambda tenant: ends.vault[tenant])


async def test_the_same_message_id_is_stored_once_and_answered_with_the_same_receipt(ends: Ends) -> None:
    await ends.channel(T)
    await ends.channel(OTHER)
    known = await sender(ends)
    headers, body, mic = built(ends, known, order(), "m-1@castell")
    first = await post(ends, headers, body)
    again = await post(ends, headers, body)
    assert first.status == again.status == 200
    assert again.body == first.body
    assert again.headers["message-id"] == first.headers["message-id"]
    found = receipt.read(known, first.headers, first.body)
    assert (found.signed, found.about, found.mic) == (True, "m-1@castell", mic)
    await intake.resume(ends.db, T)  # or waits for the one that the gateway began
    [document] = await listed(ends.db)
    assert (document["status"], document["partner"], document["po"]) == ("accepted", "bolts", "4500012")


async def test_many_copies_at_once_are_stored_once(ends: Ends) -> None:
    await ends.channel(T)
    await ends.channel(OTHER)
    known = await sender(ends)
    headers, body, _ = built(ends, known, order(), "m-1@castell")
    answers = await asyncio.gather(*(post(ends, headers, body) for _ in range(8)))
    assert {a.status for a in answers} == {200}
    assert len({a.body for a in answers}) == 1
    assert len(await rows(ends.db, "select 1 from crossdock.receipt")) == 1


@pytest.mark.parametrize(
    ("wrong", "modifier"),
    [
        ("signer", "authentication-failed"),
        ("plain", "insufficient-message-security"),
        ("recipient", "decryption-failed"),
        ("size", "unexpected-processing-error"),
    ],
)
async def test_what_is_refused_is_told_so_and_set_aside_unread(ends: Ends, wrong: str, modifier: str) -> None:
    channel = await ends.channel(T)
    if wrong == "size":
        await declare(ends.db, replace(channel, max_bytes=100))
    await ends.channel(OTHER)
    known = await sender(ends)
    forged = known
    other = (await asyncio.to_thread(certificates.self_signed, "mallory", 9))[1]
    match wrong:
        case "signer":
            key, pem = await asyncio.to_thread(certificates.self_signed, "mallory", 9)
            forged = replace(
                known, own=(receiving.cms.Identity(certificates.load(pem), receiving.cms.private_key(key)),)
            )
        case "plain":
            forged = replace(known, settings=receiving.read(replace(channel, settings={
                "our_id": OTHER, "their_id": T, "url": ends.base, "sign": False, "encrypt": False})))  # fmt: skip
        case "recipient":
            forged = replace(known, theirs=(certificates.load(other),))
        case _:
            pass
    headers, body, _ = built(ends, forged, order(), "m-1@castell")
    answer = await post(ends, headers, body)
    found = receipt.read(known, answer.headers, answer.body)
    assert found.disposition.endswith(f"processed/error: {modifier}")
    [aside] = await kept(ends, T)
    assert aside["reason"].startswith("It was refused: ")
    assert await rows(ends.db, "select 1 from crossdock.receipt") == []
    assert await rows(ends.db, "select 1 from crossdock.arrival") == []
    assert len(await rows(ends.db, "select 1 from crossdock.cases where kind = 'file-refused'")) == 1
    if wrong == "signer":  # the same message, rightly signed, is welcome
        headers, body, _ = built(ends, known, order(), "m-1@castell")
        assert receipt.read(known, (a := await post(ends, headers, body)).headers, a.body).disposition.endswith(
            "processed"
        )


async def test_strangers_and_other_tenants_are_told_nothing(ends: Ends) -> None:
    await ends.channel(T)
    await ends.channel(OTHER)
    known = await sender(ends)
    headers, body, _ = built(ends, known, order(), "m-1@castell")
    stranger = await post(ends, {**headers, "AS2-From": "MALLORY"}, body)
    assert b"unknown-trading-relationship" in stranger.body
    assert (await post(ends, headers, body, "nowhere")).status == 404
    wrong_way = await post(ends, headers, body, OTHER)  # castell has no channel from castell
    assert b"unknown-trading-relationship" in wrong_way.body
    assert (await post(ends, {"Content-Type": "text/plain"}, b"hello")).status == 400
    for tenant in (T, OTHER):
        assert await rows(ends.db, "select 1 from crossdock.receipt", tenant) == []


async def kept(ends: Ends, tenant: str = T) -> list[dict[str, Any]]:
    async with ends.db.transaction(tenant) as tx:
        return await quarantine.page(tx, tenant, state=quarantine.State.KEPT)


async def test_a_strangers_message_is_kept_as_it_is_and_taken_in_once_its_sender_is_known(ends: Ends) -> None:
    await ends.channel(OTHER)  # castell sends; norrland has no channel from it yet
    known = await sender(ends)
    headers, body, mic = built(ends, known, order(), "m-1@castell")
    first = await post(ends, headers, body)
    again = await post(ends, headers, body)
    assert b"unknown-trading-relationship" in first.body
    assert b"unknown-trading-relationship" in again.body
    assert await listed(ends.db) == []
    [item] = await kept(ends)
    assert (item["sender"], item["receiver"], item["way"], item["times"]) == (OTHER, T, "as2", 2)
    assert item["reason"] == "No AS2 channel goes between these two ends."
    assert await kept(ends, OTHER) == []

    async def release(partner: str = "") -> list[DocumentResult]:
        vault = lambda tenant: ends.vault[tenant]  # noqa: E731
        return await releasing.release(ends.db, T, UUID(item["id"]), partner, "ada", vault)

    with pytest.raises(Conflict, match="No AS2 channel that is enabled"):
        await release("bolts")
    async with ends.db.transaction(T) as tx:  # its certificate is withdrawn: nobody vouches for the message
        [theirs] = [h for h in await certificates.held(tx, T) if h.plain()["partner"] == "bolts"]
        await certificates.withdraw(tx, T, "bolts", theirs.plain()["fingerprint"], "test")
    await ends.channel(T)
    with pytest.raises(Conflict, match="cannot be believed yet"):
        await release()
    await ends.certify(OTHER, "newer")
    with pytest.raises(Conflict, match="cannot be believed yet"):
        await release()  # signed with another one
    async with ends.db.transaction(T) as tx:
        await tx.execute("update crossdock.certificate set withdrawn_at = null where fingerprint = $1",
                         theirs.plain()["fingerprint"])  # fmt: skip
    with pytest.raises(Conflict, match="signed by bolts, not by acme"):
        await release("acme")
    [done] = await release()
    assert (done.status, done.partner, done.po) == ("accepted", "bolts", "4500012")
    with pytest.raises(Conflict, match="released by ada already"):
        await release()
    assert await kept(ends) == []
    # the partner, which was refused, sends the same message again: it hears what it would have heard
    after = await post(ends, headers, body)
    assert receipt.read(known, after.headers, after.body).disposition.endswith("processed")
    assert mic in after.body.decode("utf-8", "replace")
    assert len(await listed(ends.db)) == 1


async def test_a_suspended_channels_messages_wait_in_quarantine(ends: Ends) -> None:
    await ends.channel(T)
    await ends.channel(OTHER)
    known = await sender(ends)
    async with ends.db.transaction(T) as tx:
        await store.enable(tx, T, "as2", False, "test")
    await post(ends, *built(ends, known, order(), "m-1@castell")[:2])
    [item] = await kept(ends)
    assert (item["channel"], item["reason"]) == ("as2", "The channel as2 is disabled.")


async def test_strangers_cannot_fill_the_disk(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is kept or not, each is answered alike."""
    stranger = {"AS2-From": "MALLORY", "AS2-To": T, "Content-Type": "application/edi-x12",
                "Disposition-Notification-To": "x"}  # fmt: skip

    async def send(n: int, body: bytes) -> bytes:
        answer = await post(ends, {**stranger, "Message-ID": f"<m-{n}@mallory>"}, body)
        assert answer.status == 200
        assert b"error: unknown-trading-relationship" in answer.body
        assert f"<m-{n}@mallory>".encode() in answer.body
        return answer.body

    monkeypatch.setattr(quarantine, "MOST_OF_ONE", 1000)
    await send(1, b"x" * 1001)
    assert await kept(ends) == []
    monkeypatch.setattr(quarantine, "MOST_BYTES", 2500)
    for n in range(2, 5):
        await send(n, b"x" * 1000)
    assert len(await kept(ends)) == 2
    monkeypatch.setattr(quarantine, "MOST_ITEMS", 3)
    for n in range(5, 8):
        await send(n, b"y")
    assert len(await kept(ends)) == 3
    async with ends.db.transaction(T) as tx:  # room is made by people only
        await quarantine.discard(tx, T, UUID((await quarantine.page(tx, T))[0]["id"]), "junk", "ada")
    await send(8, b"z")
    assert len(await kept(ends)) == 3


async def test_one_address_cannot_use_up_the_quarantine(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.Attempts, "allows", lambda self, address: False)  # pyright: ignore[reportUnknownLambdaType]
    headers = {"AS2-From": "MALLORY", "AS2-To": T, "Content-Type": "text/plain", "Message-ID": "<1@mallory>",
               "Disposition-Notification-To": "x"}  # fmt: skip
    assert b"unknown-trading-relationship" in (await post(ends, headers, b"x")).body
    assert await kept(ends) == []


async def test_a_lost_answer_is_a_question_and_the_same_message_settles_it(ends: Ends) -> None:
    """The partner stores it, and its answer is lost: unknown, one case, nothing sent again by itself; the retry bears
    the same Message-ID, so the partner answers what it answered."""
    await ends.channel(T)
    await ends.channel(OTHER)
    document = await answered_order(ends.db)

    class Losing(Client):
        lost = 0

        async def send(self, request: Request) -> Response | TransportProblem:
            answer = await ends.http.send(request)
            Losing.lost += 1
            assert isinstance(answer, Response)
            return TransportProblem(outbound.Kind.LOST, outbound.Sent.UNKNOWN, "the connection ended")

    async with Losing() as losing:
        await run(ends.db, replace(ends.opener, http=losing), "as2")
        assert (await delivery(ends.db, document))["state"] == "unknown"
        await run(ends.db, replace(ends.opener, http=losing), "as2")
        assert Losing.lost == 2, "the 855 and the 997, once each"
    told = await rows(ends.db, "select status from crossdock.cases where kind = 'delivery-unknown'")
    assert [r["status"] for r in told] == ["open", "open"]
    assert await state(ends.db, document) == "written", "nobody says that the partner has it"
    first = (await delivery(ends.db, document))["message_id"]
    async with ends.db.transaction(T) as tx:
        await handing.again(tx, T, document, "ada", ChannelDesk())
    await run(ends.db, ends.opener, "as2")
    settled = await delivery(ends.db, document)
    assert (settled["state"], settled["message_id"], settled["attempts"]) == ("delivered", first, 2)
    assert sorted(d["type"] for d in await carried_out(ends, 2)) == ["855", "997"], "stored once each over there"
    assert await state(ends.db, document) == "sent"
    async with ends.db.transaction(T) as tx:
        with pytest.raises(Conflict, match="delivered"):
            await handing.again(tx, T, document, "ada", ChannelDesk())


async def test_a_replay_is_a_new_message_with_the_same_bytes(ends: Ends) -> None:
    await ends.channel(T)
    await ends.channel(OTHER)
    document = await answered_order(ends.db)
    await run(ends.db, ends.opener, "as2")
    first = await delivery(ends.db, document)
    async with ends.db.transaction(T) as tx:
        await sending.again(tx, T, document, "replay", "ada", await tx.fetchval("select crossdock.now()"))
    await run(ends.db, ends.opener, "as2")
    second = await delivery(ends.db, document)
    assert (second["number"], second["state"]) == (2, "delivered")
    assert second["message_id"] != first["message_id"]
    copies = [d for d in await carried_out(ends, 3) if d["type"] == "855"]
    assert sorted(d["status"] for d in copies) == ["accepted", "duplicate"]


async def test_a_refusal_by_the_partner_is_a_case_and_is_not_sent_again(ends: Ends) -> None:
    await ends.channel(T, sign=False)  # castell asks for a signature
    await ends.channel(OTHER)
    document = await answered_order(ends.db)
    await run(ends.db, ends.opener, "as2")
    refused = await delivery(ends.db, document)
    assert (refused["state"], "authentication-failed" in refused["detail"]) == ("refused", True)
    assert (await run(ends.db, ends.opener, "as2")).handed_over == 0
    told = await rows(ends.db, "select kind from crossdock.cases where kind = 'delivery-refused'")
    assert len(told) == 2


async def test_a_partner_that_is_down_gets_it_later(ends: Ends) -> None:
    await ends.channel(T, url="http://127.0.0.1:9/as2/castell")
    await ends.channel(OTHER)
    document = await answered_order(ends.db)
    async with Client(["http://127.0.0.1:9"]) as http:
        assert "connection" in (await run(ends.db, replace(ends.opener, http=http), "as2")).trouble
    assert await rows(ends.db, "select 1 from crossdock.delivery where state <> 'failed'") == []
    await ends.channel(T)
    await run(ends.db, ends.opener, "as2")
    assert (await delivery(ends.db, document))["state"] == "delivered"


# ── certificates ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_keys_roll_over_without_a_gap(ends: Ends) -> None:
    await ends.channel(T)
    await ends.channel(OTHER)
    known = await sender(ends)
    old = built(ends, known, order(1, "PO-OLD"), "m-1@castell")
    new_print = await ends.certify(OTHER, "key-2")
    assert (await sender(ends)).own[0].certificate != known.own[0].certificate, "the newest signs"
    new = built(ends, await sender(ends), order(2, "PO-NEW"), "m-2@castell")
    for headers, body, _ in (old, new):
        assert receipt.read(known, (a := await post(ends, headers, body)).headers, a.body).disposition.endswith(
            "processed"
        )
    async with ends.db.transaction(T) as tx:
        await certificates.withdraw(tx, T, "bolts", new_print, "ada")
    headers, body, _ = built(ends, await sender(ends), order(3, "PO-3"), "m-3@castell")
    assert b"authentication-failed" in (await post(ends, headers, body)).body


async def test_people_hear_of_a_certificate_that_ends_soon_unless_another_takes_over(ends: Ends) -> None:
    _, pem = await asyncio.to_thread(certificates.self_signed, "short", 10)
    async with ends.db.transaction(OTHER) as tx:  # norrland's key lasts 90 days beside it
        await certificates.add(tx, OTHER, "norrland", pem, "test")
    assert await running.warn_of_expiry(ends.db, ChannelDesk()) == 0
    async with ends.db.transaction(OTHER) as tx:
        [long] = [h for h in await certificates.held(tx, OTHER, "norrland") if "norrland" in h.plain()["subject"]]
        await certificates.withdraw(tx, OTHER, "norrland", long.fingerprint, "test")
    assert await running.warn_of_expiry(ends.db, ChannelDesk()) == 1
    assert await running.warn_of_expiry(ends.db, ChannelDesk()) == 0, "once"
    [case] = await rows(ends.db, "select title from crossdock.cases where kind = 'certificate-expiring'", OTHER)
    assert "norrland" in case["title"]


async def test_a_certificate_is_checked_and_no_key_is_stored(ends: Ends) -> None:
    key, pem = await asyncio.to_thread(certificates.self_signed, "x", 9)
    async with ends.db.transaction(T) as tx:
        for partner, text, more in (
            ("bolts", "no certificate", {}),
            ("nobody", pem, {}),
            ("", pem, {}),
            ("", pem, {"key_secret": "missing", "secrets": {}}),
            ("", pem, {"key_secret": "key", "secrets": ends.vault[T]}),  # of another certificate
        ):
            with pytest.raises(PartnerError):
                await certificates.add(tx, T, partner, text, "test", **more)
    stored = await rows(ends.db, "select certificate::text as text from crossdock.certificate")
    assert not any("PRIVATE" in r["text"] for r in stored)
    assert "PRIVATE" in key
