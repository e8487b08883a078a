"""Serving the sandbox: uvicorn with a protocol that lets a connection be dropped without an answer."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncGenerator, Callable, Generator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import Sandbox

log = logging.getLogger("crossdock_sandbox")


class DroppableProtocol(HttpToolsProtocol):
    """Hands the transport to the application, which ASGI itself keeps out of reach."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Stops quietly on SIGINT and SIGTERM where uvicorn would raise them once more."""

    on_started: Callable[[], None] = staticmethod(lambda: None)
    takes_signals = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        if self.takes_signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, self.stop)
        yield

    def stop(self) -> None:
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one."""
    bound = socket.create_server((host, port), backlog=1024)
    bound.setblocking(False)
    return bound


async def serve(
    sandbox: Sandbox, bound: socket.socket, on_started: Callable[[], None], *, takes_signals: bool = True
) -> None:
    """Serve until told to stop. A fault in the agenda ends the process: a world half advanced is no world."""
    server = _Server(
        uvicorn.Config(
            sandbox,
            http=DroppableProtocol,
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
        )
    )
    server.on_started, server.takes_signals = on_started, takes_signals
    keeper = asyncio.create_task(sandbox.agenda.keep())
    keeper.add_done_callback(lambda _: server.stop())
    try:
        await server.serve(sockets=[bound])
    finally:
        if keeper.done() and not keeper.cancelled():
            log.critical("The agenda failed", exc_info=keeper.exception())
        keeper.cancel()
        cut(server)
        await sandbox.courier.close()


def cut(server: uvicorn.Server) -> None:
    """Close what a stopped or cancelled server still holds open."""
    for listener in getattr(server, "servers", []):
        listener.close()
    for connection in list(server.server_state.connections):
        connection.transport.abort()


@contextlib.asynccontextmanager
async def running(sandbox: Sandbox, host: str = "127.0.0.1") -> AsyncGenerator[str]:
    """Serve within the running loop, for tests and embedders; gives the base address."""
    bound = listen(host, 0)
    started = asyncio.Event()
    task = asyncio.create_task(serve(sandbox, bound, started.set, takes_signals=False))
    try:
        await started.wait()
        yield f"http://{host}:{bound.getsockname()[1]}"
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        bound.close()
