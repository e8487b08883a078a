"""Logs, traces and metrics: what they carry, and what they never carry."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from crossdock import telemetry
from crossdock.telemetry import Counter, Histogram, SpanRow

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@contextmanager
def logged() -> Iterator[Callable[[], list[dict[str, object]]]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(telemetry.JsonFormatter())
    logger = logging.getLogger("test")
    logger.handlers[:], logger.propagate = [handler], False
    logger.setLevel("DEBUG")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.handlers.clear()


def test_a_log_line_carries_tenant_instance_and_trace() -> None:
    with logged() as lines, telemetry.bound(tenant="acme", instance="7f3"), telemetry.span("call", PARENT):
        with telemetry.bound(order="SO-1"):
            logging.getLogger("test").info("called %s", "erp", extra={"system": "erp"})
        logging.getLogger("test").warning("after")
    first, second = lines()
    assert first["message"] == "called erp"
    assert (first["tenant"], first["instance"], first["order"], first["system"]) == ("acme", "7f3", "SO-1", "erp")
    assert first["trace"] == "0af7651916cd43dd8448eb211c80319c"
    assert "order" not in second


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer sesame-sesame",
        "authorization=Basic c2VzYW1lOnNlc2FtZQ==sesame",
        '{"password": "sesame"}',
        "{'api_key': 'sesame', 'x': 1}",
        "apikey=sesame&page=2",
        "postgresql://user:sesame@db/crossdock",
        "client_secret: sesame",
        "-----BEGIN PRIVATE KEY-----\nsesame\n-----END PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzZXNhbWUifQ.sesame-signature",
        "https://tower.example/quote#castell.Q-17.sesameSESAMEsesame_-x",
        "https://tower.example/approve#castell.Q-17.sesameSESAMEsesame_-x",
        "GET /shared/castell.sesameSESAMEsesame_-x/invoice/1",
    ],
)
def test_no_secret_reaches_the_log(text: str) -> None:
    with logged() as lines:
        logger = logging.getLogger("test")
        logger.info("found %s", text)
        logger.info("found", extra={"seen": text, "headers": {"X-Api-Key": "sesame", "deep": [{"token": "sesame"}]}})
        try:
            raise RuntimeError(text)
        except RuntimeError:
            logger.exception("failed")
    assert "sesame" not in json.dumps(lines())


def test_ordinary_words_stay_readable() -> None:
    kept = {"author": "x", "tokens_used": 7, "monkey": "y", "signed_by": "Ada", "design": "z", "key": "inst/do/0#1"}
    assert telemetry.redact(kept) == kept
    for text in ("the basic idea of a bearer bond", "see /quote and /shared/drive/plan", "/orders/SO-1#shared"):
        assert telemetry.redact_text(text) == text


def test_an_extra_that_is_no_json_does_not_lose_the_line() -> None:
    with logged() as lines:
        logging.getLogger("test").info("odd", extra={"thing": object()})
    assert lines()[0]["message"] == "odd"


def test_a_span_joins_the_given_trace_and_reaches_the_store() -> None:
    stored: list[SpanRow] = []
    stop = telemetry.trace_to("crossdock-test", sink=stored.extend)
    with telemetry.span("intake", PARENT, system="erp", password="sesame", nothing=None):
        header = telemetry.traceparent()
        with telemetry.span("call"):
            inner = telemetry.traceparent()
    stop()
    assert telemetry.trace_id(header) == telemetry.trace_id(inner) == "0af7651916cd43dd8448eb211c80319c"
    call, intake = stored
    assert intake.parent_id == "b7ad6b7169203331"
    assert call.parent_id == intake.span_id
    assert intake.attributes == {"system": "erp", "password": telemetry.REDACTED}


def test_outside_any_span_there_is_no_trace() -> None:
    assert telemetry.traceparent() == ""
    assert telemetry.trace_id() == ""


def test_series_of_several_processes_add_up() -> None:
    counted = Counter("test_things", "Things", ("kind",))
    took = Histogram("test_seconds", "Time", buckets=(1, 5))
    counted.add(kind='a "b"')
    took.observe(3)
    one = telemetry.snapshot()
    text = telemetry.exposition([one, one])
    assert 'test_things_total{kind="a \\"b\\""} 2' in text
    assert 'test_seconds_bucket{le="5.0"} 2' in text
    assert "# TYPE test_things_total counter" in text
    assert "_created" not in text


def test_a_label_fed_with_data_ends_in_other() -> None:
    counted = Counter("test_many", "Many", ("order",))
    for n in range(telemetry.MAX_LABEL_VALUES + 50):
        counted.add(order=str(n))
    text = telemetry.exposition([telemetry.snapshot()])
    assert text.count("test_many_total{") == telemetry.MAX_LABEL_VALUES + 1
    assert 'test_many_total{order="other"} 50' in text


def test_no_series_has_a_tenant_label() -> None:
    with pytest.raises(ValueError, match="tenant"):
        Counter("test_tenant", "No", ("tenant",))
