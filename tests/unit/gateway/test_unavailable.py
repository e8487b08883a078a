"""A database that is away is a 503 that says when to come back, and nothing that only an operator may know."""

import json
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from crossdock.db import Unavailable
from crossdock.gateway import problems

SECRET = "base/16384/2619"


async def _get(error: Exception) -> tuple[int, dict[str, str], Any]:
    """Status, headers and problem of a request whose handler raises this."""
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def handler() -> None:  # pyright: ignore[reportUnusedFunction] - the decorator keeps it
        raise error

    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [],
        "scheme": "http", "server": ("test", 80), "client": ("test", 1), "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(sent[1]["body"])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (asyncpg.DiskFullError(f'could not extend file "{SECRET}"'), "disk is full"),
        (asyncpg.TooManyConnectionsError(f"too many connections for role {SECRET}"), "no more connections"),
        (asyncpg.CannotConnectNowError(f"the database system is starting up {SECRET}"), "starting"),
        (asyncpg.ReadOnlySQLTransactionError(f"cannot execute INSERT {SECRET}"), "fail-over"),
        (ConnectionRefusedError(111, SECRET), "cannot be reached"),
        (TimeoutError(SECRET), "in time"),
        (Unavailable("the database takes no more connections"), "no more connections"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_trouble_that_passes_is_a_503_with_a_time_to_come_back(error: Exception, words: str) -> None:
    status, headers, problem = await _get(error)
    assert (status, headers["content-type"]) == (503, problems.MEDIA_TYPE)
    assert int(headers["retry-after"]) > 0
    assert words in problem["detail"]
    assert "send the same again" in problem["detail"]
    assert SECRET not in json.dumps(problem)
