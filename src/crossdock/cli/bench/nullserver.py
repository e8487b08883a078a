"""An HTTP server that does nothing: a fixed answer for each path, on connections that stay open.

It is the yardstick's other side: what is measured against it is the caller. It reads requests as whole bytes, knows no
encoding but Content-Length, and belongs on loopback alone.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias, cast

Respond: TypeAlias = Callable[[bytes, bytes, bytes], bytes]
"""(method, path with query, body) → the body of a 200."""

_END = b"\r\n\r\n"


class Null(asyncio.Protocol):
    """One connection. Requests that arrive together are answered together, in their order."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers: list[bytes] = []
        while (request := self._take()) is not None:
            body = self._respond(*request)
            answers.append(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
        if answers and self._transport is not None:
            self._transport.write(b"".join(answers))

    def _take(self) -> tuple[bytes, bytes, bytes] | None:
        end = self._buffer.find(_END)
        if end < 0:
            return None
        head = bytes(self._buffer[:end])
        at = head.lower().find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        whole = end + 4 + length
        if len(self._buffer) < whole:
            return None
        body = bytes(self._buffer[end + 4 : whole])
        del self._buffer[:whole]
        method, path, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
        return method, path, body


def nothing(_method: bytes, _path: bytes, _body: bytes) -> bytes:
    return b'{"ok": true}'


async def serve(respond: Respond, ready: Callable[[str], None]) -> None:
    """Serves on a free port of loopback until cancelled."""
    server = await asyncio.get_running_loop().create_server(lambda: Null(respond), "127.0.0.1", 0, backlog=512)
    ready(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        await server.serve_forever()
