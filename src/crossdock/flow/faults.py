"""Errors of the workflow language: the standard types, what two spellings of a type have in common, and raising.

The specification has had two hosts and two paths for the same error types; authors and the conformance kit use all of
them. Comparison goes through `normal`; reports keep the author's spelling.
"""

from functools import lru_cache
from typing import Any

from crossdock.errors import FlowFault
from crossdock.flow import jsonlike
from crossdock.flow.facts import Error

_BASE = "https://open-workflow-specification.org/spec/1.0.0/errors/"

CONFIGURATION = _BASE + "configuration"
VALIDATION = _BASE + "validation"
EXPRESSION = _BASE + "expression"
AUTHENTICATION = _BASE + "authentication"
AUTHORIZATION = _BASE + "authorization"
TIMEOUT = _BASE + "timeout"
COMMUNICATION = _BASE + "communication"
RUNTIME = _BASE + "runtime"

_HOSTS = ("serverlessworkflow.io", "open-workflow-specification.org")
_PATHS = ("/spec/1.0.0/errors/", "/dsl/errors/types/", "/errors/types/", "/errors/")


class Raised(FlowFault):
    """An error on its way up through the running tasks. Never leaves `advance`."""

    def __init__(self, error: Error) -> None:
        super().__init__(f"{error.type} ({error.status}): {error.detail or error.title}")
        self.error = error


@lru_cache(maxsize=512)
def normal(type_uri: str) -> str:
    """The same word for every spelling of a standard error type; any other type unchanged.

    `https://serverlessworkflow.io/spec/1.0.0/errors/timeout` and
    `https://open-workflow-specification.org/dsl/errors/types/timeout` both give `std:timeout`.
    """
    scheme, separator, rest = type_uri.partition("://")
    if not separator or scheme not in {"http", "https"}:
        return type_uri
    host, slash, path = rest.partition("/")
    if host.removeprefix("www.") not in _HOSTS:
        return type_uri
    for prefix in _PATHS:
        name = (slash + path).removeprefix(prefix)
        if name != slash + path and name and "/" not in name:
            return f"std:{name}"
    return type_uri


def fault(type_uri: str, status: int, title: str, detail: str = "") -> Raised:
    return Raised(Error(type=type_uri, status=status, title=title, detail=detail))


def expression(detail: str) -> Raised:
    # "When the evaluation of an expression fails, runtimes must raise an error with type …/expression, status 400."
    return fault(EXPRESSION, 400, "Expression failed", detail)


def validation(detail: str) -> Raised:
    return fault(VALIDATION, 400, "Validation failed", detail)


def timeout(detail: str) -> Error:
    return Error(type=TIMEOUT, status=408, title="Timed out", detail=detail)


def unsupported(what: str) -> Raised:
    # 501: the definition is right, this runtime does not do it by policy (docs/language.md).
    return fault(CONFIGURATION, 501, "Not supported", what)


def to_json(error: Error) -> dict[str, Any]:
    """The error as expressions and reports see it: only what is set, extra members last."""
    result: dict[str, Any] = {"type": error.type, "status": error.status}
    if error.title:
        result["title"] = error.title
    if error.detail:
        result["detail"] = error.detail
    if error.instance:
        result["instance"] = error.instance
    for key, value in error.extra.items():
        result.setdefault(key, value)
    return result


def from_json(value: Any) -> Error:
    """The inverse of `to_json`, tolerant of what an expression may have produced."""
    given = jsonlike.mapping(value)
    if given is None:
        return Error(type=RUNTIME, status=500, title="Malformed error", detail=str(value)[:200])
    members = dict(given)
    status = members.pop("status", 500)
    return Error(
        type=str(members.pop("type", RUNTIME)),
        status=status if isinstance(status, int) else 500,
        title=str(members.pop("title", "") or ""),
        detail=str(members.pop("detail", "") or ""),
        instance=str(members.pop("instance", "") or ""),
        extra=members,
    )
