"""What is kept of an exchange holds no secret."""

from crossdock.outbound import Request, Response, Sent
from crossdock.outbound.exchange import MAX_RECORDED, Kind, TransportProblem, readable, record, redact_url


def test_an_exchange_is_recorded_without_its_secrets() -> None:
    request = Request(
        method="POST",
        url="https://me:hunter2@erp.example/orders?api_key=hunter2&page=2",
        headers={"Authorization": "Bearer hunter2hunter2", "X-Api-Key": "hunter2", "Idempotency-Key": "i/1"},
        body=b'{"order":"SO-1","auth":{"password":"hunter2","clientSecret":"hunter2"},"total":10.10}',
    )
    answer = Response(status=200, headers={"set-cookie": "sid=hunter2"}, body=b"token=hunter2&x=1")
    kept = record(request, answer, 0.0, 0.25, "ab")
    assert "hunter2" not in repr(kept)
    assert kept.request_headers["Idempotency-Key"] == "i/1"
    assert kept.request_body["order"] == "SO-1"
    assert str(kept.request_body["total"]) == "10.10"
    assert kept.url == "https://erp.example/orders?api_key=%5Bredacted%5D&page=2"
    assert kept.duration.total_seconds() == 0.25


def test_credentials_are_kept_out_whatever_they_are_called_and_wherever_they_come_back() -> None:
    request = Request(
        method="GET", url="https://x/", credentials={"X-Portal-Key": "hunter2hunter2", "A": "Bearer sesame9"}
    )
    answer = Response(status=401, headers={}, body=b'{"error":"sesame9 is no key, nor is hunter2hunter2"}')
    kept = record(request, answer, 0, 0, "")
    assert "hunter2" not in repr(kept) + repr(request)
    assert "sesame9" not in repr(kept) + repr(request)
    assert set(kept.request_headers) == {"X-Portal-Key", "A"}


def test_a_problem_is_recorded_in_words() -> None:
    kept = record(Request(method="GET", url="http://x/"), TransportProblem(Kind.LOST, Sent.UNKNOWN, "gone"), 0, 0, "")
    assert kept.status is None
    assert kept.problem == "lost: gone"


def test_large_and_binary_bodies_are_cut() -> None:
    assert readable(b"\xff\xfe\x00") == "[3 bytes]"
    text = readable(b"a" * (MAX_RECORDED * 3))
    assert len(text) < MAX_RECORDED + 100
    assert readable(b"") is None


def test_urls_that_do_not_parse_are_still_redacted() -> None:
    assert "hunter2" not in redact_url("http://[me:hunter2@x")
