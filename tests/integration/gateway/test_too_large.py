"""A body that is too large is answered over a real socket, also to whoever sends it all before reading."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

MB = 1024 * 1024
BLOCK = b" " * MB


async def blocks(count: int, *, chunked: bool) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK
    if chunked:
        yield b"0\r\n\r\n"


async def sent(url: str, headers: list[str], body: AsyncIterator[bytes]) -> tuple[int, dict[str, str]]:
    """Sends all of it, and only then reads: the status and the headers of the answer."""
    at = urlsplit(url)
    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        lines = ["POST /api/holds HTTP/1.1", f"Host: {at.netloc}", "Content-Type: application/json", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async for block in body:
            writer.write(block)
            await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        rest = await reader.read()  # to the end: the connection is closed
        assert b"At most" in rest or b"at most" in rest
        writer.close()
    return int(head[0].split()[1]), {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:])}


@pytest.mark.parametrize("chunked", [False, True])
async def test_thirty_megabytes_are_read_to_the_end_and_answered(gateway: Any, chunked: bool) -> None:
    key = await gateway.key("coordinator")
    how = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {30 * MB}"
    authorization = f"Authorization: Bearer {key.key}"
    status, headers = await sent(gateway.base, [authorization, how], blocks(30, chunked=chunked))
    assert (status, headers["connection"]) == (413, "close")


async def test_who_asks_first_is_answered_before_a_byte_is_sent(gateway: Any) -> None:
    headers = [f"Content-Length: {30 * MB}", "Expect: 100-continue"]
    status, _ = await sent(gateway.base, headers, blocks(0, chunked=False))
    assert status == 413
