"""What may be concluded from what was seen."""

from datetime import UTC, datetime, timedelta

import pytest

from crossdock.connect import outcome
from crossdock.connect.operation import idempotency_key
from crossdock.connect.outcome import Verdict
from crossdock.connect.wire import Refusal
from crossdock.flow.outcomes import Failed, Retry, Unknown
from crossdock.outbound import Kind, Response, Sent, TransportProblem


def answer(status: int, **headers: str) -> Response:
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=b"")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DONE), (201, Verdict.DONE), (202, Verdict.DONE), (204, Verdict.DONE),
        (301, Verdict.REFUSED), (302, Verdict.REFUSED),
        (400, Verdict.REFUSED), (401, Verdict.REFUSED), (404, Verdict.REFUSED), (409, Verdict.REFUSED),
        (422, Verdict.REFUSED), (418, Verdict.REFUSED), (408, Verdict.UNKNOWN),
        (423, Verdict.LATER), (425, Verdict.LATER), (429, Verdict.LATER), (503, Verdict.LATER),
        (500, Verdict.UNKNOWN), (502, Verdict.UNKNOWN), (504, Verdict.UNKNOWN), (599, Verdict.UNKNOWN),
        (501, Verdict.REFUSED), (100, Verdict.UNKNOWN), (999, Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_the_table_of_statuses(status: int, verdict: Verdict) -> None:
    assert outcome.verdict(status) is verdict


@pytest.mark.parametrize("status", range(300, 600))
def test_an_effect_is_denied_only_by_statuses_that_exclude_it(status: int) -> None:
    found = outcome.of_status(answer(status), Refusal("c", "m"), system="erp", safe=False)
    may_have_happened = status in (408, 500, 502, 504) or status > 505
    assert isinstance(found, Unknown) == may_have_happened


@pytest.mark.parametrize("status", range(300, 600))
def test_what_only_reads_is_never_unknown(status: int) -> None:
    found = outcome.of_status(answer(status), Refusal("c", "m"), system="erp", safe=True)
    assert isinstance(found, Failed)
    assert (found.retry is Retry.LATER) == (outcome.verdict(status) in (Verdict.LATER, Verdict.UNKNOWN))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("sent", [Sent.YES, Sent.UNKNOWN])
def test_every_transport_error_after_which_something_may_have_been_sent_is_unknown(kind: Kind, sent: Sent) -> None:
    problem = TransportProblem(kind, sent, "x")
    assert isinstance(outcome.of_problem(problem, system="erp", safe=False), Unknown)
    read = outcome.of_problem(problem, system="erp", safe=True)
    assert isinstance(read, Failed)
    assert read.retry is Retry.LATER


def test_what_certainly_was_not_sent_may_be_sent_later_unless_we_refused_it_ourselves() -> None:
    later = outcome.of_problem(TransportProblem(Kind.CONNECTION, Sent.NO, "x"), system="erp", safe=False)
    never = outcome.of_problem(TransportProblem(Kind.REFUSED, Sent.NO, "x"), system="erp", safe=False)
    assert isinstance(later, Failed)
    assert isinstance(never, Failed)
    assert (later.retry, never.retry) == (Retry.LATER, Retry.NEVER)


def test_a_success_that_cannot_be_read_may_have_had_its_effect() -> None:
    assert isinstance(outcome.malformed("x", system="erp", safe=False), Unknown)
    read = outcome.malformed("x", system="erp", safe=True)
    assert isinstance(read, Failed)
    assert read.error.extra["code"] == "malformed-answer"


def test_a_refusal_says_what_the_vendor_said() -> None:
    found = outcome.of_status(answer(422), Refusal("M3/305", "No such item", "Items/1"), system="erp", safe=False)
    assert isinstance(found, Failed)
    assert (found.error.status, found.error.detail) == (422, "No such item [M3/305] at Items/1")
    assert found.error.extra == {"system": "erp", "code": "M3/305"}


def test_retry_after_in_seconds_and_as_a_date() -> None:
    now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert outcome.retry_after(answer(429, retry_after="7")) == timedelta(seconds=7)
    assert outcome.retry_after(answer(503, retry_after="Mon, 23 Nov 2026 10:00:09 GMT"), now) == timedelta(seconds=9)
    assert outcome.retry_after(answer(503, retry_after="Mon, 23 Nov 2026 09:00:09 GMT"), now) == timedelta(0)
    assert outcome.retry_after(answer(429, retry_after="99999999999999")) == outcome.MAX_RETRY_AFTER
    assert outcome.retry_after(answer(429, retry_after="soon")) is None
    assert outcome.retry_after(answer(429)) is None


def test_a_refusal_tells_of_a_working_system() -> None:
    assert not outcome.system_failed(answer(404))
    assert not outcome.system_failed(answer(429))
    assert outcome.system_failed(answer(503))
    assert outcome.system_failed(TransportProblem(Kind.LOST, Sent.UNKNOWN, ""))
    assert not outcome.system_failed(TransportProblem(Kind.REFUSED, Sent.NO, ""))  # our guard, not their fault


def test_a_key_that_is_no_header_is_hashed() -> None:
    assert idempotency_key("7f3/do/1/price#1") == "7f3/do/1/price#1"
    assert idempotency_key("7f3/do/prüfen").startswith("sha256:")
    assert len(idempotency_key("x" * 1000)) < 255
    assert idempotency_key("a\nb") != idempotency_key("a\nc")
