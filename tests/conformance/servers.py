"""Local stand-ins for the two public services that the conformance kit calls, over real HTTP."""

import base64
import json
import threading
from collections.abc import Iterator
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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        segments = url.path.strip("/").split("/")
        match segments:
            case ["v2", "swagger.json"]:
                self._answer(200, SWAGGER)
            case ["v2", "pet", "findByStatus"]:
                wanted = parse_qs(url.query).get("status", [""])[0]
                self._answer(200, [pet for pet in PETS if pet["status"] == wanted])
            case ["v2", "pet", number] if number in {"1", "2"}:
                self._answer(200, PETS[int(number) - 1])
            case ["basic-auth", user, password]:
                expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
                allowed = self.headers.get("Authorization") == expected
                self._answer(200 if allowed else 401, {"authenticated": allowed, "user": user})
            case _:
                self._answer(404, {"message": "not found"})

    def _answer(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The origin of a server for all of them, on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
