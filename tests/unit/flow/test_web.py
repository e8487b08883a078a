"""http and openapi calls as messages: arguments to request, response to output."""

from typing import Any

import pytest

from crossdock.flow import faults, web
from crossdock.flow.outcomes import Done, Failed, Retry

OPENAPI3: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "/api/{stage}", "variables": {"stage": {"default": "v1"}}}],
    "components": {"parameters": {"tenant": {"name": "X-Tenant", "in": "header", "required": True}}},
    "paths": {
        "/orders/{order}/lines": {
            "parameters": [{"name": "order", "in": "path", "required": True}],
            "post": {
                "operationId": "addLine",
                "parameters": [{"$ref": "#/components/parameters/tenant"}, {"name": "dry", "in": "query"}],
                "requestBody": {},
            },
        }
    },
}


def test_an_http_call_becomes_a_request_with_an_idempotency_key() -> None:
    arguments = {
        "method": "post",
        "endpoint": {"uri": "https://x.example/a", "authentication": {"basic": {"username": "u", "password": "p"}}},
        "query": {"n": 1, "tag": ["a", "b"]},
        "body": {"total": 5},
    }
    message = web.request(arguments, "i/do/0/a#1")
    assert (message.method, message.uri) == ("POST", "https://x.example/a?n=1&tag=a&tag=b")
    assert message.body == b'{"total":5}'
    assert message.headers["Idempotency-Key"] == "i/do/0/a#1"
    assert "Authorization" not in message.headers  # outbound authenticates
    assert message.authentication == {"basic": {"username": "u", "password": "p"}}
    assert message.headers["Content-Type"] == "application/json"


def test_a_call_without_effects_carries_no_key() -> None:
    message = web.request({"method": "get", "endpoint": {"uri": "https://x.example/a"}}, "key")
    assert "Idempotency-Key" not in message.headers


def test_an_openapi_3_operation_gives_each_parameter_its_place() -> None:
    given = {"order": "SO/1", "X-Tenant": "norrland", "dry": True, "body": {"sku": "A"}}
    arguments = {"operationId": "addLine", "parameters": given}
    message = web.operation(OPENAPI3, "https://x.example/openapi.json", arguments)
    assert message.uri == "https://x.example/api/v1/orders/SO%2F1/lines?dry=true"
    assert message.headers["X-Tenant"] == "norrland"
    assert message.body == b'{"sku":"A"}'


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        ({"operationId": "missing"}, "Unknown operation"),
        ({"operationId": "addLine", "parameters": {"order": "1"}}, "Missing parameter"),
    ],
)
def test_what_makes_no_request_is_a_clear_fault(arguments: Any, title: str) -> None:
    with pytest.raises(faults.Raised) as raised:
        web.operation(OPENAPI3, "https://x.example/openapi.json", arguments)
    assert raised.value.error.title == title


@pytest.mark.parametrize(
    "status",
    [404, 503, 429, 302],
)
def test_a_status_out_of_range_is_a_communication_error_that_only_the_workflow_retries(status: int) -> None:
    sent = web.Message("GET", "https://x.example/a")
    outcome = web.answer({}, sent, status, {}, b"no")
    assert isinstance(outcome, Failed)
    assert (outcome.error.status, outcome.error.type, outcome.retry) == (status, faults.COMMUNICATION, Retry.NEVER)


def test_a_redirect_may_be_accepted_and_outputs_have_their_shapes() -> None:
    sent = web.Message("GET", "https://x.example/a", {"authorization": "Bearer t"}, authentication={"bearer": {}})
    headers = {"content-type": "application/problem+json; charset=utf-8"}
    assert web.answer({"redirect": True}, sent, 302, {}, b"") == Done(None)
    assert web.answer({}, sent, 200, headers, b'{"n":0.10}') == Done({"n": web.exactjson.loads("0.10")})
    assert web.answer({"output": "raw"}, sent, 200, headers, b"abc") == Done("YWJj")
    shaped = web.answer({"output": "response"}, sent, 200, headers, b"1")
    assert isinstance(shaped, Done)
    assert shaped.output["request"]["headers"] == {"authorization": "***", "Authorization": "***"}
    assert (shaped.output["statusCode"], shaped.output["content"]) == (200, 1)
