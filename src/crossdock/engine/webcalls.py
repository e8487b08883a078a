"""Performs the `http` and `openapi` calls of workflows through the one HTTP client.

A transport error after the request may have left is an unknown outcome, unless the method has no effects.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from crossdock.flow import faults, web
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Done, Failed, Invocation, Performed, Probed, Retry, Unknown
from crossdock.outbound import Request, Response, Sent, TransportProblem

Send: TypeAlias = Callable[[Request], Awaitable[Response | TransportProblem]]


class WebCalls:
    """outcomes.Remote for the functions `http` and `openapi`. secrets: values by name."""

    def __init__(self, send: Send, secrets: Mapping[str, Any] | None = None) -> None:
        self._send = send
        self._secrets = secrets or {}
        self._documents: dict[str, Any] = {}

    @property
    def system(self) -> str:
        return "web"

    async def perform(self, call: Invocation) -> Performed:
        try:
            message = await self._message(call)
        except faults.Raised as raised:
            return Failed(raised.error)
        if isinstance(message, Failed | Unknown):
            return message
        return await self._exchange(call, message)

    async def probe(self, call: Invocation) -> Probed:
        """A call without effects is simply made again; of any other nothing can be found out here."""
        try:
            message = await self._message(call)
        except faults.Raised as raised:
            return Unknown(raised.error.detail)
        if isinstance(message, web.Message) and message.method in web.SAFE:
            outcome = await self._exchange(call, message)
            return outcome if isinstance(outcome, Done) else Unknown("it did not answer")
        return Unknown("the effect of this HTTP call cannot be looked up")

    async def _message(self, call: Invocation) -> web.Message | Failed | Unknown:
        if call.function == "http":
            return web.request(call.arguments, self._secrets, call.key)
        document = call.arguments["document"]["endpoint"]
        fetched = web.request({"method": "get", "endpoint": document}, self._secrets)
        if fetched.uri not in self._documents:
            answer = await self._send(Request(method="GET", url=fetched.uri, headers=fetched.headers))
            if isinstance(answer, TransportProblem):
                return _problem(fetched, answer)
            if answer.status != 200:
                error = Error(faults.COMMUNICATION, answer.status, f"No OpenAPI document at {fetched.uri}")
                return Failed(error, Retry.LATER if answer.status >= 500 else Retry.NEVER)
            self._documents[fetched.uri] = web.parse_document(answer.body, fetched.uri)
        return web.operation(self._documents[fetched.uri], fetched.uri, call.arguments, self._secrets, call.key)

    async def _exchange(self, call: Invocation, message: web.Message) -> Performed:
        labels = {"tenant": call.tenant_id, "order": call.business_key}
        answer = await self._send(
            Request(
                method=message.method,
                url=message.uri,
                headers=message.headers,
                body=message.body,
                traceparent=call.traceparent,
                labels=labels,
            )
        )
        if isinstance(answer, TransportProblem):
            return _problem(message, answer)
        return web.answer(call.arguments, message, answer.status, answer.headers, answer.body)


def _problem(message: web.Message, problem: TransportProblem) -> Failed | Unknown:
    detail = f"{message.method} {message.uri}: {problem.kind}: {problem.detail}"
    if problem.sent is Sent.NO or message.method in web.SAFE:
        return Failed(Error(faults.COMMUNICATION, 503, "No answer", detail), Retry.LATER)
    return Unknown(detail)
