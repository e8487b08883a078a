"""Performs the `http` and `openapi` calls of workflows through the one HTTP client.

A transport error after the request may have left is an unknown outcome, unless the method has no effects; every other
error is the workflow's at once (flow.web.answer says why).
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from crossdock.flow import faults, web
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Done, Failed, Invocation, Performed, Probed, Unknown
from crossdock.outbound import Authenticator, Denied, Request, Response, Sent, TransportProblem

Send: TypeAlias = Callable[[Request], Awaitable[Response | TransportProblem]]

DOCUMENTS = 256  # OpenAPI documents kept parsed; an address in an expression may name any number


class WebCalls:
    """outcomes.Remote for the functions `http` and `openapi`."""

    def __init__(self, send: Send) -> None:
        self._authenticator = Authenticator(send)
        self._documents: dict[tuple[str, str], Any] = {}

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
            return web.request(call.arguments, call.key)
        document = call.arguments["document"]["endpoint"]
        fetched = web.request({"method": "get", "endpoint": document})
        known = (call.tenant_id, fetched.uri)  # what one tenant may read is not another's to see
        if known not in self._documents:
            answer = await self._send(call, fetched)
            if isinstance(answer, Failed | Unknown):
                return answer
            if answer.status != 200:
                error = Error(faults.COMMUNICATION, answer.status, f"No OpenAPI document at {web.shown(fetched.uri)}")
                return Failed(error)
            if len(self._documents) >= DOCUMENTS:  # the one that was fetched first makes room
                self._documents.pop(next(iter(self._documents)))
            self._documents[known] = web.parse_document(answer.body, fetched.uri)
        return web.operation(self._documents[known], fetched.uri, call.arguments, call.key)

    async def _exchange(self, call: Invocation, message: web.Message) -> Performed:
        answer = await self._send(call, message)
        if isinstance(answer, Failed | Unknown):
            return answer
        return web.answer(call.arguments, message, answer.status, answer.headers, answer.body)

    async def _send(self, call: Invocation, message: web.Message) -> Response | Failed | Unknown:
        request = Request(
            method=message.method,
            url=message.uri,
            headers=message.headers,
            body=message.body,
            traceparent=call.traceparent,
            labels={"tenant": call.tenant_id, "order": call.business_key},
        )
        answer = await self._authenticator.send(request, message.authentication, call.tenant_id)
        match answer:
            case Response():
                return answer
            case Denied(detail, supported):
                if not supported:
                    return Failed(faults.unsupported(detail).error)
                return Failed(Error(faults.AUTHENTICATION, 401, "Not authenticated", detail))
            case TransportProblem():
                return _problem(message, answer)


def _problem(message: web.Message, problem: TransportProblem) -> Failed | Unknown:
    detail = f"{message.method} {web.shown(message.uri)}: {problem.kind}: {problem.detail}"
    if problem.sent is Sent.NO or message.method in web.SAFE:
        return Failed(Error(faults.COMMUNICATION, 503, "No answer", detail))
    return Unknown(detail)
