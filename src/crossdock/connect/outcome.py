"""What can be concluded from what was seen: the one table from answers and transport problems to outcomes.

The rule behind every row: Failed is said only when there certainly was no effect, Done only when there was; all else is
Unknown. An operation that only reads has no effect, so what would be Unknown may simply be tried again.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, assert_never

from crossdock.connect.wire import Refusal
from crossdock.errors import Finding
from crossdock.flow import faults
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Failed, Retry, Unknown
from crossdock.outbound import Kind, Response, Sent, TransportProblem


class Verdict(StrEnum):
    DONE = "done"
    REFUSED = "refused"  # no effect, and none if repeated
    LATER = "later"  # no effect, may be repeated
    UNKNOWN = "unknown"


# RFC 9110 unless noted. Statuses not listed go by their hundreds.
BY_STATUS = {
    408: Verdict.UNKNOWN,  # "did not receive a complete request": a gateway may say so of a backend that did
    421: Verdict.LATER,  # misdirected: this connection, not this request
    423: Verdict.LATER,  # locked (RFC 4918)
    425: Verdict.LATER,  # too early (RFC 8470)
    429: Verdict.LATER,  # too many requests (RFC 6585)
    500: Verdict.UNKNOWN,
    501: Verdict.REFUSED,
    502: Verdict.UNKNOWN,
    503: Verdict.LATER,  # "currently unable to handle the request": not handled
    504: Verdict.UNKNOWN,
    505: Verdict.REFUSED,
}
BY_HUNDREDS = {2: Verdict.DONE, 3: Verdict.REFUSED, 4: Verdict.REFUSED, 5: Verdict.UNKNOWN}

MAX_RETRY_AFTER = timedelta(hours=1)  # a mistyped header must not park an order for years


def verdict(status: int) -> Verdict:
    return BY_STATUS.get(status) or BY_HUNDREDS.get(status // 100, Verdict.UNKNOWN)


def system_failed(answer: Response | TransportProblem) -> bool:
    """Whether this tells of a system that does not work; what the breaker counts. A refusal is a working system."""
    if isinstance(answer, Response):
        return answer.status in (500, 502, 503, 504)
    return answer.kind not in (Kind.REFUSED, Kind.INVALID, Kind.CLOSED)


def of_problem(problem: TransportProblem, *, system: str, safe: bool) -> Failed | Unknown:
    detail = f"{problem.kind}: {problem.detail}"
    match problem.sent:
        case Sent.NO:
            if problem.kind in (Kind.REFUSED, Kind.INVALID):
                return Failed(error(faults.CONFIGURATION, 400, f"{system} cannot be called", detail, system=system))
            return Failed(
                error(faults.COMMUNICATION, 503, f"{system} cannot be reached", detail, system=system), Retry.LATER
            )
        case Sent.YES | Sent.UNKNOWN:
            if safe:
                status = 504 if problem.kind is Kind.TIMEOUT else 502
                return Failed(
                    error(faults.COMMUNICATION, status, f"{system} did not answer", detail, system=system), Retry.LATER
                )
            return Unknown(f"{system}: {detail}")
    assert_never(problem.sent)


def of_status(answer: Response, refusal: Refusal, *, system: str, safe: bool) -> Failed | Unknown:
    """For an answer whose verdict is not DONE."""
    kind = verdict(answer.status)
    detail = f"{refusal.message} [{refusal.code}]" + (f" at {refusal.where}" if refusal.where else "")
    if kind is Verdict.UNKNOWN and not safe:
        return Unknown(f"{system} answered {answer.status}: {detail}")
    later = kind in (Verdict.LATER, Verdict.UNKNOWN)
    return Failed(
        error(
            _type(answer.status),
            answer.status,
            f"{system} is not ready" if later else f"{system} refused",
            detail,
            system=system,
            code=refusal.code,
        ),
        Retry.LATER if later else Retry.NEVER,
        retry_after(answer) if later else None,
    )


def error(type_uri: str, status: int, title: str, detail: str, **extra: Any) -> Error:
    return Error(type=type_uri, status=status, title=title, detail=detail, extra=extra)


def invalid(found: Finding, *, system: str) -> Failed:
    """Bad arguments: the definition's fault, told before anything is sent."""
    where = {"where": found.where, "expected": found.expected, "found": found.found}
    return Failed(
        error(faults.VALIDATION, 400, "Arguments do not fit the operation", str(found), system=system, **where)
    )


def malformed(detail: str, *, system: str, safe: bool) -> Failed | Unknown:
    """A success that cannot be read: the effect is probably there, so only reading operations may fail."""
    if not safe:
        return Unknown(f"{system} gave a malformed answer: {detail}")
    return Failed(error(faults.COMMUNICATION, 502, "Malformed answer", detail, system=system, code="malformed-answer"))


def retry_after(answer: Response, now: datetime | None = None) -> timedelta | None:
    """RFC 9110 10.2.3: seconds or a date."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isdigit():
        return min(timedelta(seconds=min(int(value), 10**6)), MAX_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - (now or datetime.now(UTC)), timedelta(0)), MAX_RETRY_AFTER)


def _type(status: int) -> str:
    match status:
        case 401:
            return faults.AUTHENTICATION
        case 403:
            return faults.AUTHORIZATION
        case 408 | 504:
            return faults.TIMEOUT
        case _:
            return faults.COMMUNICATION
