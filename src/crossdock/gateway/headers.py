"""What every answer carries: what a browser may do with it, and how it is seen in traces and metrics."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossdock import telemetry
from crossdock.clock import Stopwatch

# The pages load everything from here; their style library writes style attributes, and the graph's layout runs in a
# worker.
CONTENT = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY = {
    "Content-Security-Policy": CONTENT,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
STRICT_TRANSPORT = "max-age=31536000"


class Headers:
    """secure: browsers reach us by https, and are told to go on doing so."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = SECURITY | ({"Strict-Transport-Security": STRICT_TRANSPORT} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own = not scope["path"].startswith(("/api/", "/hooks/", "/metrics"))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if not own:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


class Observed:
    """One span and one count a request, by route and not by address, so that numbers do not fill the memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/livez", "/readyz") or scope["path"].startswith("/assets/"):
            await self._app(scope, receive, send)
            return
        status = 500
        watch = Stopwatch()
        given = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"traceparent"), None)

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with telemetry.span(f"{scope['method']} {_area(scope['path'])}", given, method=scope["method"]) as span:
            try:
                await self._app(scope, receive, seen)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    telemetry.mark_failed(span, f"{status}")
                telemetry.requests.add(route=route, status=str(status))
                if route != "/api/stream":  # a stream lasts as long as somebody looks
                    telemetry.request_seconds.observe(watch.elapsed.total_seconds(), route=route)


def _area(path: str) -> str:
    """The first two parts of an address: enough for a span's name, and bounded. Who has a shared link's is let in."""
    return "/shared" if path.startswith("/shared/") else "/" + "/".join(path.split("/")[1:3])
