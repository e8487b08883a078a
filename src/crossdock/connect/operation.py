"""One role operation as the engine calls it: checked, gated, keyed, classified, and probed when unknown.

`perform` makes one attempt and never a second. `probe` only looks; it says Done when the effect is there, Absent when
it certainly is not, and Unknown when it cannot tell, also because the system does not answer.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from crossdock import exactjson, telemetry
from crossdock.connect import outcome, roles
from crossdock.connect.gate import Gate, NotSent, Why
from crossdock.connect.wire import Action, Ambiguous, Ask, Misfit, Vendor, finding
from crossdock.errors import Finding
from crossdock.flow import faults
from crossdock.flow.outcomes import Absent, Done, Failed, Invocation, Performed, Probed, Retry, Unknown
from crossdock.outbound import Request, Response, TransportProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One tenant's way to one system. key: gives the secret when it is needed, so that it is kept nowhere."""

    vendor: Vendor
    base_url: str
    key: Callable[[], str]
    gate: Gate
    timeout: timedelta
    timeouts: Mapping[str, timedelta] = field(default_factory=dict[str, timedelta])  # by operation


class Operation:
    """A Remote. links: by tenant; every tenant has its own address, key, budget and breaker."""

    def __init__(self, function: str, system: str, links: Mapping[str, Link]) -> None:
        self.function = function
        self._system = system
        self._role = roles.OPERATIONS[function]
        self._links = links

    @property
    def system(self) -> str:
        return self._system

    @property
    def safe(self) -> bool:
        """Whether it only reads."""
        return self._role.safe

    def available(self, tenant: str) -> bool:
        """False while this tenant's circuit is not closed: what cannot be told then may be told later."""
        link = self._links.get(tenant)
        return link is not None and link.gate.state == "closed"

    async def perform(self, call: Invocation) -> Performed:
        start = time.perf_counter()
        with self._bound(call):
            performed = await self._perform(call)
        telemetry.call_seconds.observe(time.perf_counter() - start, system=self._system, operation=self.function)
        telemetry.calls.add(system=self._system, operation=self.function, outcome=_word(performed))
        return performed

    async def probe(self, call: Invocation) -> Probed:
        with self._bound(call):
            probed = await self._probe(call)
        telemetry.calls.add(system=self._system, operation=self.function, outcome=f"probe_{_word(probed)}")
        return probed

    # ── performing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _perform(self, call: Invocation) -> Performed:
        link = self._links.get(call.tenant_id)
        if link is None:
            detail = f"Expected a connection to {self._system} for this tenant, found none. Add one to its systems."
            return Failed(outcome.error(faults.CONFIGURATION, 501, "Not connected", detail, system=self._system))
        arguments = roles.arguments(self.function, call.arguments)
        if isinstance(arguments, Finding):
            return outcome.invalid(arguments, system=self._system)
        action = link.vendor.actions[self.function]
        try:
            ask = action.ask(arguments)
        except Misfit as problem:
            code = f"{self.function}.arguments"
            found = finding(code, problem, f"{link.vendor.name} cannot express this.")
            return outcome.invalid(found, system=self._system)
        answer = await link.gate.send(self._request(call, link, ask, purpose="perform"))
        match answer:
            case NotSent():
                return self._not_sent(answer)
            case TransportProblem():
                return outcome.of_problem(answer, system=self._system, safe=self.safe)
            case Response():
                return self._read(arguments, link.vendor, action, answer)

    def _read(self, arguments: roles.Arguments, vendor: Vendor, action: Action, answer: Response) -> Performed:
        if outcome.verdict(answer.status) is not outcome.Verdict.DONE:
            refusal = vendor.refused(answer.body)
            return outcome.of_status(answer, refusal, system=self._system, safe=self.safe)
        try:
            return Done(_plain(action.read(arguments, answer.body)))
        except Misfit as problem:
            return outcome.malformed(str(problem), system=self._system, safe=self.safe)

    def _not_sent(self, held: NotSent) -> Failed:
        retry, status = (Retry.OUTAGE, 503) if held.why is Why.OPEN else (Retry.LATER, 429)
        title = f"{self._system} is {'down' if held.why is Why.OPEN else 'busy'}"
        error = outcome.error(faults.COMMUNICATION, status, title, held.detail, system=self._system)
        return Failed(error, retry, held.retry_in)

    # ── probing ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _probe(self, call: Invocation) -> Probed:
        if self.safe:
            return Absent()  # it has no effect that could be there
        link = self._links.get(call.tenant_id)
        if link is None:
            return Unknown(f"no connection to {self._system} for this tenant")
        arguments = roles.arguments(self.function, call.arguments)
        if isinstance(arguments, Finding):
            return Unknown(f"cannot look for the effect: {arguments}")
        action = link.vendor.actions[self.function]
        assert action.lookup is not None, f"{link.vendor.name}: {self.function} has an effect, hence a look-up"
        assert action.found is not None
        request = self._request(call, link, action.lookup(arguments), purpose="probe")
        answer = await link.gate.send(request)
        match answer:
            case NotSent():
                return Unknown(f"cannot look for the effect now: {answer.detail}")
            case TransportProblem():
                return Unknown(f"cannot look for the effect: {self._system}: {answer.kind}: {answer.detail}")
            case Response():
                return self._found(arguments, action, answer)

    def _found(self, arguments: roles.Arguments, action: Action, answer: Response) -> Probed:
        assert action.found is not None
        if answer.status in action.absent_when:
            return Absent()
        if outcome.verdict(answer.status) is not outcome.Verdict.DONE:
            return Unknown(f"cannot look for the effect: {self._system} answered {answer.status}")
        try:
            result = action.found(arguments, answer.body)
        except (Misfit, Ambiguous) as problem:
            return Unknown(f"{self._system}: {problem}")
        return Absent() if result is None else Done(_plain(result))

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _request(self, call: Invocation, link: Link, ask: Ask, *, purpose: str) -> Request:
        headers = {"Accept": "application/json"}
        content = ask.content()
        if content:
            headers["Content-Type"] = "application/json"
        if purpose == "perform" and not self.safe:
            # Also to a system that ignores it: its next version may not.
            headers["Idempotency-Key"] = idempotency_key(call.key)
        return Request(
            method=ask.method,
            url=ask.url(link.base_url),
            headers=headers,
            credentials=link.vendor.credentials(call.tenant_id, link.key()),
            body=content,
            timeout=link.timeouts.get(self.function, link.timeout),
            traceparent=call.traceparent,
            labels={
                "tenant": call.tenant_id,
                "instance": str(call.instance_id),
                "at": call.at,
                "order": call.business_key,
                "system": self._system,
                "function": self.function,
                "attempt": str(call.attempt),
                "purpose": purpose,
            },
        )

    def _bound(self, call: Invocation):
        return telemetry.bound(
            tenant=call.tenant_id, instance=str(call.instance_id), order=call.business_key, system=self._system
        )


def idempotency_key(key: str) -> str:
    """The call's key, or its hash where it would not pass as a header of 255 characters (task names are free text)."""
    if len(key) <= 255 and key.isascii() and key.isprintable():
        return key
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def _plain(result: roles.Result) -> object:
    return exactjson.plain(result)


def _word(of: Performed | Probed) -> str:
    match of:
        case Done():
            return "done"
        case Failed():
            return f"failed_{of.retry}"
        case Unknown():
            return "unknown"
        case Absent():
            return "absent"
