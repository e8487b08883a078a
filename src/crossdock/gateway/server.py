"""Serving: a socket of our own, so that the port is known, and an end that does not wait for open streams."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator
from typing import Any

import uvicorn

from crossdock.errors import SetupError
from crossdock.gateway.app import create
from crossdock.gateway.services import Running, Services

GRACE_S = 5
BACKLOG = 1024


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, state: Running, on_ready: Callable[[], None], own_signals: bool) -> None:
        super().__init__(config)
        self._state = state
        self._on_ready = on_ready
        self._own_signals = own_signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.hub.stop()  # streams end at once; everything else gets its grace
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        if self._own_signals:
            with super().capture_signals():
                yield
        else:
            yield


async def serve(
    services: Services,
    host: str,
    port: int,
    on_ready: Callable[[str], None] | None = None,
    *,
    stop: asyncio.Event | None = None,
) -> None:
    """Serves until a signal comes or, when `stop` is given, until that is set; then signals are the caller's.

    on_ready: called with the address once requests are answered. port 0 takes any free one.
    Raises SetupError when the address cannot be had.
    """
    app = create(services)
    listening = _listen(host, port)
    address = services.settings.public_url or _url(listening)

    def ready() -> None:
        if on_ready is not None:
            on_ready(address)

    config = uvicorn.Config(
        app,
        log_config=None,  # the composition root says how logs are written
        access_log=False,  # every request is a span and a count
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=65,  # longer than what proxies keep open, so that they end connections and we do not
        lifespan="on",
        ws="none",
    )
    server = _Server(config, app.state.running, ready, stop is None)
    watch = asyncio.create_task(_exit_when(stop, server)) if stop is not None else None
    try:
        await server.serve([listening])
    except asyncio.CancelledError:
        server.should_exit = True
        if server.started:
            await server.shutdown([listening])
        raise
    finally:
        listening.close()
        if watch is not None:
            watch.cancel()


async def _exit_when(stop: asyncio.Event, server: Any) -> None:
    await stop.wait()
    server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as e:
        listening.close()
        raise SetupError(
            f"Expected to listen on {host}:{port}: {e.strerror}. Stop what listens there, or choose another port."
        ) from e
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
