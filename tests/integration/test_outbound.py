"""The one HTTP client against servers that answer, hang, drop, lose, stream for ever and lie about their address."""

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from crossdock import telemetry
from crossdock.outbound import Client, Exchange, Guard, Kind, Request, Response, Sent, TransportProblem
from crossdock.outbound.guard import Address

QUICK = timedelta(seconds=0.25)


@dataclass
class Server:
    """A raw HTTP server whose path names its vice; it counts the requests that reached it."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list[bytes])
    never: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        await reader.readexactly(int(line.split(b":")[1]))
                if not await self.answer(head.split()[1].decode().strip("/"), head, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def answer(self, vice: str, head: bytes, writer: asyncio.StreamWriter) -> bool:
        """Returns whether the connection stays open."""
        match vice:
            case "echo":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nX-A: 1\r\nx-a: 2\r\n\r\n" % len(head) + head)
            case "hang":
                await self.never.wait()
            case "drop":
                return False
            case "reset":
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case "half":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
                await writer.drain()
                return False
            case "stall":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
                await self.never.wait()
            case "endless":
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                while True:
                    writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                    await writer.drain()
            case "drip":
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                while not self.never.is_set():
                    writer.write(b"1\r\nx\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.02)  # the vice itself: each read succeeds, the answer never ends
            case "bomb":
                body = gzip.compress(b"0" * 4_000_000)
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body
                )
            case "large":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")
            case "junk":
                writer.write(b"220 mail.example ESMTP\r\n\r\n")
                await writer.drain()
                return False
            case "redirect":
                writer.write(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n")
            case "429":
                writer.write(b"HTTP/1.1 429 No\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n")
            case _:
                raise AssertionError(vice)
        await writer.drain()
        return True


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    this = Server()
    listening = await asyncio.start_server(this.serve, "127.0.0.1", 0)
    this.port = listening.sockets[0].getsockname()[1]
    yield this
    this.never.set()
    listening.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with Client(
        [server.url("")], connect_timeout=QUICK, read_timeout=QUICK, timeout=2 * QUICK, max_body=1_000_000
    ) as this:
        yield this


async def problem(client: Client, url: str, method: str = "POST") -> TransportProblem:
    answer = await client.send(Request(method=method, url=url, body=b"{}"))
    assert isinstance(answer, TransportProblem)
    return answer


async def test_answers_come_with_status_headers_and_body(server: Server, client: Client) -> None:
    answer = await client.send(Request(method="GET", url=server.url("echo"), headers={"X-Test": "yes"}))
    assert isinstance(answer, Response)
    assert answer.status == 200
    assert answer.headers["x-a"] == "1, 2"
    assert b"X-Test: yes" in answer.body
    assert b"crossdock/" in answer.body


@pytest.mark.parametrize(
    ("vice", "kind", "sent"),
    [
        ("hang", Kind.TIMEOUT, Sent.UNKNOWN),
        ("drop", Kind.LOST, Sent.UNKNOWN),
        ("reset", Kind.LOST, Sent.UNKNOWN),
        ("half", Kind.LOST, Sent.YES),
        ("stall", Kind.TIMEOUT, Sent.YES),
        ("drip", Kind.TIMEOUT, Sent.YES),
        ("endless", Kind.TOO_LARGE, Sent.YES),
        ("bomb", Kind.TOO_LARGE, Sent.YES),
        ("large", Kind.TOO_LARGE, Sent.YES),
        ("junk", Kind.MALFORMED, Sent.YES),
    ],
)
async def test_each_vice_is_classified_and_nothing_is_sent_twice(
    server: Server, client: Client, vice: str, kind: Kind, sent: Sent
) -> None:
    for method in ("POST", "PUT", "GET"):
        server.heads.clear()
        found = await problem(client, server.url(vice), method)
        assert (found.kind, found.sent) == (kind, sent)
        assert len(server.heads) == 1


async def test_a_kept_connection_lost_before_the_next_answer_is_not_retried(server: Server, client: Client) -> None:
    assert isinstance(await client.send(Request(method="GET", url=server.url("echo"))), Response)
    found = await problem(client, server.url("drop"), "PUT")
    assert found.sent is Sent.UNKNOWN
    assert sum(head.startswith(b"PUT") for head in server.heads) == 1


async def test_no_connection_means_nothing_was_sent() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        origin = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with Client([origin]) as client:
            found = await problem(client, origin + "/")
    assert (found.kind, found.sent) == (Kind.CONNECTION, Sent.NO)
    assert "refused" in found.detail


async def test_a_name_that_does_not_resolve_means_nothing_was_sent() -> None:
    async with Client() as client:
        found = await problem(client, "http://nosuch.invalid/")
    assert (found.kind, found.sent) == (Kind.RESOLUTION, Sent.NO)


async def test_internal_addresses_are_refused_unless_their_origin_is_listed(server: Server) -> None:
    async with Client() as client:
        for url in (server.url("echo"), f"http://localhost:{server.port}/echo", f"http:///127.0.0.1:{server.port}/"):
            found = await problem(client, url)
            assert (found.kind, found.sent) == (Kind.REFUSED, Sent.NO)
    assert server.heads == []


async def test_a_redirect_is_an_answer_and_is_not_followed(server: Server, client: Client) -> None:
    answer = await client.send(Request(method="GET", url=server.url("redirect")))
    assert isinstance(answer, Response)
    assert answer.status == 302


async def test_a_header_with_a_line_break_is_not_sent(server: Server, client: Client) -> None:
    answer = await client.send(Request(method="GET", url=server.url("echo"), headers={"X-A": "1\r\nX-Admin: yes"}))
    assert isinstance(answer, TransportProblem)
    assert (answer.kind, answer.sent) == (Kind.INVALID, Sent.NO)
    assert server.heads == []


async def test_the_connection_goes_to_the_address_that_was_judged_even_if_the_name_moves(server: Server) -> None:
    asked: list[str] = []

    async def moving(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    # Judged as public here, so that a local server can play the public host.
    async with Client(guard=Guard(resolver=moving, judge=lambda address: None)) as client:
        for _ in range(3):
            answer = await client.send(Request(method="GET", url=f"http://shop.example:{server.port}/echo"))
            assert isinstance(answer, Response)
    assert asked == ["shop.example"]
    assert b"Host: shop.example" in server.heads[0]


async def test_after_a_refused_connection_the_hosts_next_address_is_tried(server: Server) -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async with Client(guard=Guard(resolver=two, judge=lambda address: None)) as client:
        url = f"http://shop.example:{server.port}/echo"
        assert (await problem(client, url)).sent is Sent.NO
        assert isinstance(await client.send(Request(method="GET", url=url)), Response)


async def test_oddly_written_urls_never_reuse_another_hosts_judgement(server: Server) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.9"] if host == "shop.example" else ["127.0.0.1"]

    def only_the_shop(address: Address) -> str | None:
        return None if str(address) == "127.0.0.9" else "internal"

    async with Client(guard=Guard(resolver=resolve, judge=only_the_shop), timeout=QUICK) as client:
        assert (await problem(client, "http:///shop.example:9/")).kind is Kind.CONNECTION
        for url in (f"http:///127.0.0.1:{server.port}/echo", f"http:\\\\inside.example:{server.port}/echo"):
            assert (await problem(client, url)).kind is Kind.REFUSED
    assert server.heads == []


async def test_the_recorder_gets_every_exchange_without_secrets(server: Server) -> None:
    kept: list[Exchange] = []
    async with Client([server.url("")], record=kept.append, timeout=QUICK) as client:
        headers = {"Authorization": "Bearer sesame-sesame"}
        labels = {"tenant": "acme", "system": "erp"}
        await client.send(Request(method="GET", url=server.url("echo"), headers=headers, labels=labels))
        await client.send(Request(method="POST", url=server.url("hang"), headers=headers, body=b'{"apiKey":"sesame"}'))
    assert "sesame" not in repr(kept)
    assert [k.status for k in kept] == [200, None]
    assert kept[0].labels["system"] == "erp"
    assert kept[1].problem is not None
    assert kept[1].duration >= QUICK


async def test_the_trace_goes_along(server: Server, client: Client) -> None:
    header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await client.send(Request(method="GET", url=server.url("echo"), traceparent=header))
    assert b"raceparent: 00-0af7651916cd43dd8448eb211c80319c-" in server.heads[0]
    with telemetry.span("order", header):
        await client.send(Request(method="GET", url=server.url("echo")))
    assert b"raceparent: 00-0af7651916cd43dd8448eb211c80319c-" in server.heads[1]


async def test_many_requests_share_few_connections(server: Server, client: Client) -> None:
    answers = await asyncio.gather(*[client.send(Request(method="GET", url=server.url("echo"))) for _ in range(200)])
    assert all(isinstance(a, Response) and a.status == 200 for a in answers)
