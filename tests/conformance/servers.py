"""Local stand-ins for the services that the conformance kit and the examples call, over real HTTP.

One server plays them all; the header X-Original-Host says which is meant. What asks for credentials checks them.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PETS = [{"id": i, "name": name, "status": "available"} for i, name in ((1, "Rex"), (2, "Milou"))]
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Petstore", "version": "1"},
    "host": "petstore.swagger.io",
    "basePath": "/v2",
    "schemes": ["https", "http"],
    "paths": {
        "/pet/findByStatus": {
            "get": {
                "operationId": "findPetsByStatus",
                "parameters": [{"name": "status", "in": "query", "required": True, "type": "string"}],
            }
        },
        "/pet/{petId}": {
            "get": {
                "operationId": "getPetById",
                "parameters": [{"name": "petId", "in": "path", "required": True, "type": "integer"}],
            }
        },
    },
}


USER, PASSWORD = "crossdock", "correct horse"
CLIENT, SECRET = "workflow-runtime", "client secret/äöü"
NONCE, REALM = "dcd98b7102dd2f0e8b11d0f600bfb0c093", "dock & yard"
PLANET = "https://swapi.dev/api/planets/1/"
ORDERS: dict[str, Any] = {
    "openapi": "3.0.0",
    "paths": {
        "/readings": {"post": {"operationId": "logreading", "responses": {}}},
        "/report": {"get": {"operationId": "produceReport", "responses": {}}},
    },
}
ACCEPTS = {  # public hosts of the specification's examples that only take note of what they are sent
    "fake-chat-api.com", "virtual-wf-powered-race.com", "example.com", "hospital.example.com",
    "superbet-casinos.com", "fake-booking-agency.com", "fake.com", "fake-hospital.com", "fake.log.collector.com",
}  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        segments = url.path.strip("/").split("/")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        host = self.headers.get("X-Original-Host", "")
        match host, self.command, segments:
            case "petstore.swagger.io" | "httpbin.org", _, _:
                self._public(segments, query)
            case "swapi.dev", "GET", ["api", "people"]:
                self._answer(200, {"count": 1, "results": [{"name": "Luke Skywalker"}], "query": query})
            case "swapi.dev", "GET", ["api", "people", _]:
                self._answer(200, {"name": "Luke Skywalker", "homeworld": PLANET})
            case "swapi.dev", "GET", ["api", "planets", "1"]:
                self._answer(200, {"name": "Tatooine"})
            case "myorg.io", "GET", ["ordersservices.json"]:
                self._answer(200, ORDERS)
            case "myorg.io", _, _:
                self._answer(200, {"noted": True})
            case "external-service.example.com", _, _:
                self._answer(503, {"message": "down for maintenance"})
            case "api.example", _, ["digest", algorithm, qop]:
                self._digest(algorithm, qop)
            case "api.example", _, ["token"]:
                self._bearer()
            case "api.example", _, ["echo"]:
                self._answer(200, {"method": self.command, "query": query, "body": self._json()})
            case "id.example" | "keycloak", "POST", [*_, "token"]:
                self._token(host)
            case "id.example" | "keycloak", "GET", [*path, ".well-known", "openid-configuration"]:
                issuer = f"http://{host}/{'/'.join(path)}"
                stated = "https://somebody-else.example" if "liar" in path else issuer
                self._answer(200, {"issuer": stated, "token_endpoint": f"{issuer}/protocol/token"})
            case _ if host in ACCEPTS:
                self._answer(200, {"noted": self._json()})
            case _:
                self._answer(404, {"message": f"no {self.command} {url.path} of {host}"})

    def _public(self, segments: list[str], query: Mapping[str, str]) -> None:
        match segments:
            case ["v2", "swagger.json"]:
                self._answer(200, SWAGGER)
            case ["v2", "pet", "findByStatus"]:
                self._answer(200, [pet for pet in PETS if pet["status"] == query.get("status", "")])
            case ["v2", "pet", number] if number in {"1", "2"}:
                self._answer(200, PETS[int(number) - 1])
            case ["basic-auth", user, password]:
                expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
                allowed = self.headers.get("Authorization") == expected
                self._answer(200 if allowed else 401, {"authenticated": allowed, "user": user})
            case _:
                self._answer(404, {"message": "not found"})

    # ── credentials that are checked ─────────────────────────────────────────────────────────────────────────────

    def _digest(self, algorithm: str, qop: str) -> None:
        """RFC 7616 from the server's side; qop "none" is RFC 2069. A second algorithm is offered beside it."""
        offered = "" if qop == "none" else f', qop="{qop}"'
        challenge = f'Digest realm="{REALM}"{offered}, nonce="{NONCE}", opaque="5ccc069c", algorithm={algorithm}'
        given = {
            m[1]: m[2] if m[2] is not None else m[3] for m in _PAIRS.finditer(self.headers.get("Authorization", ""))
        }

        def h(data: bytes) -> str:
            return hashlib.new(algorithm.removesuffix("-sess").replace("-", ""), data).hexdigest()

        secret = h(f"{USER}:{REALM}:{PASSWORD}".encode())
        if algorithm.endswith("-sess"):
            secret = h(f"{secret}:{NONCE}:{given.get('cnonce')}".encode())
        what = f"{self.command}:{self.path}" + (f":{h(self._body)}" if qop == "auth-int" else "")
        middle = f"{NONCE}:" if qop == "none" else f"{NONCE}:{given.get('nc')}:{given.get('cnonce')}:{qop}:"
        expected = h(f"{secret}:{middle}{h(what.encode())}".encode())
        if given.get("username") == USER and given.get("response") == expected and given.get("opaque") == "5ccc069c":
            self._answer(200, {"user": USER, "count": given.get("nc", "")})
        else:
            self._answer(401, {"message": "who are you?"}, {"WWW-Authenticate": f'Basic realm="x", {challenge}'})

    def _bearer(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        issued = self.server.issued.pop(token, None)  # type: ignore[attr-defined]
        if issued is None:
            self._answer(401, {"message": "no such token, or used up"})
            return
        if issued["uses"] > 1:
            self.server.issued[token] = {**issued, "uses": issued["uses"] - 1}  # type: ignore[attr-defined]
        self._answer(200, {k: v for k, v in issued.items() if k != "uses"})

    def _token(self, host: str) -> None:
        """A token endpoint: who asks is checked by the method they chose; the token lasts for three uses."""
        if self.headers.get("Content-Type") == "application/json":
            form = self._json()
        else:
            form = {name: values[0] for name, values in parse_qs(self._body.decode()).items()}
        pair = f"{CLIENT}:client%20secret%2F%C3%A4%C3%B6%C3%BC"
        by = {
            "basic": self.headers.get("Authorization") == "Basic " + base64.b64encode(pair.encode()).decode(),
            "post": (form.get("client_id"), form.get("client_secret"))
            in {(CLIENT, SECRET), ("workflow-runtime-id", "workflow-runtime-secret")},
            "jwt": _assertion_holds(str(form.get("client_assertion", "")), f"http://{host}{self.path}"),
        }
        method = next((name for name, holds in by.items() if holds), None)
        person = form.get("grant_type") != "password" or (form.get("username"), form.get("password")) == (
            USER,
            PASSWORD,
        )
        if method is None or not person:
            self._answer(401, {"error": "invalid_client", "error_description": "who are you?"})
            return
        payload = _b64(json.dumps({"iss": f"http://{host}/issuer", "jti": secrets.token_hex(8)}).encode())
        token = f"{_b64(b'{}')}.{payload}.{_b64(b'unsigned')}"
        asked = {k: form[k] for k in ("grant_type", "scope", "audience", "subject_token") if k in form}
        self.server.issued[token] = {"by": method, "uses": 3, **asked}  # type: ignore[attr-defined]
        self._answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def _json(self) -> Any:
        return json.loads(self._body) if self._body else None

    def _answer(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


_PAIRS = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))')


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _assertion_holds(assertion: str, audience: str) -> bool:
    head, _, signature = assertion.rpartition(".")
    if _b64(hmac.digest(SECRET.encode(), head.encode(), "sha256")) != signature:
        return False
    claims = json.loads(base64.urlsafe_b64decode(head.partition(".")[2] + "=="))
    return (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, audience)


@contextmanager
def serving() -> Iterator[str]:
    """The origin of a server for all of them, on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.issued = {}  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
