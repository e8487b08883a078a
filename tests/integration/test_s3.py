"""S3 and HTTP channels over real connections: moto's server speaks S3; a small server of ours plays the partner."""

import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from tests.integration.channels import BOLTS, T, answered_order, declare, listed, order, rows, run

from crossdock.cli.silence import ChannelDesk
from crossdock.db import Database
from crossdock.outbound import Client, Guard
from crossdock.outbound import Request as Ask
from crossdock.partners import intake
from crossdock.partners.transports import handing, s3, taking
from crossdock.partners.transports.model import Channel, ChannelTrouble, Direction, Kind
from crossdock.partners.transports.opening import Opener

VAULT = {"id": "AKIAEXAMPLE", "key": "wJalrXUtnFEMI/EXAMPLEKEY", "auth": "Bearer s3cret"}


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


def test_a_signature_is_that_of_the_published_example() -> None:
    """AWS's own worked example of Signature Version 4 for S3: GET /test.txt with a range."""
    keys = s3.Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    given = s3.signed(
        "GET", "https://examplebucket.s3.amazonaws.com/test.txt", {}, {"Range": "bytes=0-9"}, b"", "us-east-1", keys,
        datetime(2013, 5, 24, tzinfo=UTC),
    )  # fmt: skip
    assert given["authorization"].endswith("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    assert "wJalr" not in repr(keys)


# ── S3 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Store:
    url: str
    http: Client
    db: Database

    @property
    def opener(self) -> Opener:
        return Opener(None, lambda _: VAULT, self.http, Guard(), self.db)

    def channel(self, **more: Any) -> Channel:
        settings = {
            "url": self.url, "bucket": "edi-norrland", "key_id_secret": "id", "key_secret": "key",
            "fetch_prefix": "from-acme/", "put_prefix": "to-acme/", **more,
        }  # fmt: skip
        return Channel(
            tenant_id=T, id="files", kind=Kind.S3, direction=Direction.BOTH, partner="bolts", settings=settings
        )  # fmt: skip

    async def raw(self, method: str, key: str, body: bytes = b"") -> Any:
        return await s3.Bucket(self.channel(), VAULT, self.http)._send(method, key, body=body, also={404})  # pyright: ignore[reportPrivateUsage]

    async def names(self) -> list[str]:
        return [k for k, _, _ in await s3.Bucket(self.channel(), VAULT, self.http)._list("", 1000)]  # pyright: ignore[reportPrivateUsage]


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
async def store(db: Database, moto_url: str) -> AsyncIterator[Store]:
    async with Client([moto_url]) as http:
        await http.send(Ask(method="POST", url=f"{moto_url}/moto-api/reset"))
        made = Store(moto_url, http, db)
        await made.raw("PUT", "")
        yield made


@pytest.mark.parametrize("done", ["", "done/"])
async def test_objects_are_taken_once_and_ours_are_put(store: Store, done: str) -> None:
    await declare(store.db, store.channel(done_prefix=done))
    await store.raw("PUT", "from-acme/order 1+ä.edi", order(7, "PO-7"))
    await store.raw("PUT", "other/not-ours.edi", order(8, "PO-8"))
    await answered_order(store.db)
    ran = await run(store.db, store.opener)
    assert (ran.trouble, ran.taken, ran.handed_over) == ("", 1, 3)
    names = await store.names()
    assert [n for n in names if n.startswith("done/")] == (["done/order 1+ä.edi"] if done else [])
    assert [n for n in names if n.startswith("from-acme/")] == []
    assert sorted(n.split("-")[1].split("/")[1] for n in names if n.startswith("to-acme/")) == ["855", "997", "997"]
    assert (await store.raw("GET", next(n for n in names if "855" in n))).body.startswith(b"ISA")
    assert await run(store.db, store.opener) == replace(ran, taken=0, handed_over=0)
    # the same object again is the same entity tag
    await store.raw("PUT", "from-acme/order 1+ä.edi", order(7, "PO-7"))
    assert (await run(store.db, store.opener)).repeated == 1
    assert {d["po"] for d in await listed(store.db)} == {"4500012", "PO-7"}


async def test_an_object_that_is_too_large_goes_aside_unread(store: Store) -> None:
    await declare(store.db, replace(store.channel(), max_bytes=50))
    await store.raw("PUT", "from-acme/big.edi", order())
    assert (await run(store.db, store.opener)).refused == 1
    assert await store.names() == ["quarantine/big.edi"]


async def test_a_death_between_storing_and_deleting_is_made_good(store: Store) -> None:
    channel = await declare(store.db, store.channel())
    await store.raw("PUT", "from-acme/order.edi", order())
    async for item in s3.Bucket(channel, VAULT, store.http).pick_up():
        assert await taking.keep(store.db, channel, item) is not None
        break
    assert (await run(store.db, store.opener)).repeated == 1
    assert await store.names() == []
    assert await intake.resume(store.db, T) == 1


async def test_a_bucket_that_is_not_there_is_trouble(store: Store) -> None:
    await declare(store.db, store.channel(bucket="not-there"))
    assert "404" in (await run(store.db, store.opener)).trouble


# ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Partner:
    """Answers what it is told to, and keeps what it got."""

    url: str = ""
    answers: list[int] = field(default_factory=list[int])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])


@pytest.fixture
def partner() -> Iterator[Partner]:
    made = Partner()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            status = made.answers.pop(0) if made.answers else 200
            if status == 0:  # stored, and then the line is cut
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def posting(partner: Partner, **more: Any) -> Channel:
    settings = {"url": f"{partner.url}/edi", "authorization_secret": "auth", **more}
    return Channel(
        tenant_id=T, id="files", kind=Kind.HTTP, direction=Direction.OUT, partner="bolts", settings=settings
    )  # fmt: skip


async def test_documents_are_posted_and_a_refusal_or_a_lost_answer_is_not_repeated(
    db: Database, partner: Partner
) -> None:
    await declare(db, posting(partner))
    for n in (1, 2):
        await answered_order(db, n, f"PO-{n}")
    partner.answers = [200, 200, 422, 0]
    async with Client([partner.url]) as http:
        opener = Opener(None, lambda _: VAULT, http, Guard(), db)
        assert (await run(db, opener)).handed_over == 4
        assert (await run(db, opener)).handed_over == 0
        states = [r["state"] for r in await rows(db, "select state from crossdock.delivery order by began_at")]
        assert states == ["delivered", "delivered", "refused", "unknown"]
        headers, body = partner.got[3]
        assert (headers["authorization"], headers["content-type"]) == (VAULT["auth"], "application/edi-x12")
        async with db.transaction(T) as tx:
            lost = await tx.fetchval("select document_id from crossdock.delivery where state = 'unknown'")
            await handing.again(tx, T, lost, "ada", ChannelDesk())
        assert (await run(db, opener)).handed_over == 1
    again = partner.got[4]
    assert (again[0]["x-document-id"], again[1]) == (headers["x-document-id"], body), "the same message"
    shown = str(await rows(db, "select detail from crossdock.delivery")) + str(
        await rows(db, "select * from crossdock.channel")
    )
    assert "s3cret" not in shown


async def test_where_the_partner_tells_repeated_ones_a_lost_one_goes_again_by_itself(
    db: Database, partner: Partner
) -> None:
    await declare(db, posting(partner, repeatable=True))
    await answered_order(db)
    partner.answers = [0, 503]
    async with Client([partner.url]) as http:
        opener = Opener(None, lambda _: VAULT, http, Guard(), db)
        assert "lost" in (await run(db, opener)).trouble
        assert "503" in (await run(db, opener)).trouble
        assert (await run(db, opener)).handed_over == 2
    identifiers = [h["x-document-id"] for h, _ in partner.got]
    assert identifiers[0] == identifiers[1] == identifiers[2]


async def test_an_internal_address_is_refused(db: Database, partner: Partner) -> None:
    channel = await declare(db, posting(partner))
    async with Client() as http:
        with pytest.raises(ChannelTrouble, match="this machine"):
            await (await Opener(None, lambda _: VAULT, http, Guard(), db)(channel)).check()
