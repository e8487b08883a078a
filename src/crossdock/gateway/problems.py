"""The one table from our errors to HTTP: RFC 9457 problem details.

Only what the caller may know goes out. A bug's text stays in the log; the caller gets its trace id.
"""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from crossdock import telemetry
from crossdock.db import PASSING, Unavailable, why
from crossdock.errors import Conflict, CrossdockError, Finding, FlowFault, NotFound, PartnerError, Refused, SetupError

log = logging.getLogger(__name__)


class Unauthenticated(Refused):
    """Nobody is signed in, or not any more."""


class TooMany(Refused):
    """Too many attempts; `after` seconds until the next may be made."""

    def __init__(self, after: float) -> None:
        super().__init__("Too many attempts from this address. Wait a minute, then try again.")
        self.after = max(1, round(after))


class Overrun(CrossdockError):
    """So much work waits already that new work is refused for a while."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} or more instances wait for a worker. What you sent is not taken; send the same again later. "
            "Start more workers, or look in the tower for what holds them up."
        )
        self.after = OVERRUN_RETRY_S


STATUS: dict[type[CrossdockError], tuple[int, str]] = {
    PartnerError: (422, "What was sent is not right"),
    FlowFault: (422, "The workflow definition is not right"),
    Unauthenticated: (401, "Not signed in"),  # before Refused, of which it is a kind
    TooMany: (429, "Too many attempts"),
    Overrun: (429, "Too much work waits"),
    Refused: (403, "You may not do this"),
    NotFound: (404, "Not here"),
    Conflict: (409, "It has changed meanwhile"),
    SetupError: (503, "Not set up"),
}
MEDIA_TYPE = "application/problem+json"
# A database that was killed is back within a few seconds; one that is full or failing over is asked again just as well.
RETRY_AFTER_S = 3
OVERRUN_RETRY_S = 15


def problem(status: int, title: str, detail: str = "", findings: list[Finding] | None = None) -> JSONResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if findings:
        body["findings"] = [
            {"code": f.code, "where": f.where, "expected": f.expected, "found": f.found, "fix": f.fix} for f in findings
        ]
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every error leaves as a problem document."""
    app.add_exception_handler(CrossdockError, _ours)
    for kind in (Unavailable, *(k for k in PASSING if k is not OSError)):  # a file of ours that is missing is a bug
        app.add_exception_handler(kind, _unavailable)
    app.add_exception_handler(ConnectionError, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    status, title = next(((s, t) for kind, (s, t) in STATUS.items() if isinstance(error, kind)), (500, "Our fault"))
    if status == 500:
        return await _bug(request, error)
    answer = problem(status, title, str(error), error.findings if isinstance(error, PartnerError) else None)
    if isinstance(error, TooMany | Overrun):
        answer.headers["Retry-After"] = str(error.after)
    return answer


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    """The database is away, full or overrun: nothing was acknowledged, and the same again changes nothing."""
    reason = why(error)
    log.warning("%s %s: %s (%s)", request.method, _route(request), reason, error)
    whole = f"{reason[0].upper()}{reason[1:]}"
    detail = f"{whole}. What you sent is not acknowledged: send the same again in {RETRY_AFTER_S} s."
    answer = problem(503, "The database cannot be used now", detail)
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    findings = [
        Finding(
            code=f"request.{e['type']}",
            where="/" + "/".join(str(part) for part in e["loc"]),
            expected=str(e.get("msg", "")),
            found=_found(e),
            fix="Correct this field and send it again.",
        )
        for e in error.errors()
    ]
    return problem(422, "What was sent is not right", f"{len(findings)} fields are wrong", findings)


def _found(error: Any) -> str:
    """What was there. Never a whole body, which may hold a password beside the field that is missing."""
    if error["type"] == "missing":
        return "nothing"
    return "(not shown)" if error["loc"][-1] in ("password", "key") else repr(error.get("input"))[:120]


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, HTTPStatus(error.status_code).phrase, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _route(request: Request) -> str:
    """Not the address, which may be the link that a customer holds: logs have no secrets."""
    return str(getattr(request.scope.get("route"), "path", "an address without a route"))


async def _bug(request: Request, error: Exception) -> JSONResponse:
    trace = telemetry.traceparent() or "none"
    log.error("%s %s failed", request.method, _route(request), exc_info=error)
    return problem(500, "Our fault", f"It is logged under trace {trace}; nothing was changed.")
