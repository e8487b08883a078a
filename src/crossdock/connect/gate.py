"""The one way to one tenant's one system: breaker first, then budget, then the wire.

All operations of that system share the gate, so that what one of them learns (it is down, it asks for a rest) holds
for all.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from crossdock import telemetry
from crossdock.connect import outcome
from crossdock.connect.breaker import Breaker, BreakerLimits, Held, Pass, Signal, State
from crossdock.connect.budget import Budget, BudgetLimits, Crew
from crossdock.outbound import Client, Request, Response, TransportProblem

log = logging.getLogger(__name__)

OnBreaker = Callable[[str, str, State, str], None]
"""tenant, system, new state, why. Called within the event loop: hand over, do not wait."""


class Why(StrEnum):
    OPEN = "open"  # the circuit is open
    BUSY = "busy"  # over the budget


@dataclass(frozen=True, slots=True)
class NotSent:
    """Held back by us: nothing went out."""

    why: Why
    retry_in: timedelta
    detail: str


class Gate:
    def __init__(
        self,
        tenant: str,
        system: str,
        client: Client,
        *,
        breaker: BreakerLimits,
        budget: BudgetLimits,
        on_breaker: OnBreaker | None = None,
        clock: Callable[[], float] = time.monotonic,
        crew: Crew | None = None,
    ) -> None:
        self.tenant, self.system = tenant, system
        self._client = client
        self._breaker = Breaker(breaker)
        self._budget = Budget(budget, clock, crew)
        self._on_breaker = on_breaker
        self._clock = clock
        self._last_failure = ""

    @property
    def state(self) -> State:
        return self._breaker.state

    async def send(self, request: Request) -> Response | TransportProblem | NotSent:
        held = self._breaker.holding(self._clock())
        if held is not None:
            return self._held(held)
        async with self._budget.turn() as come_back_in_s:
            if come_back_in_s is not None:
                detail = f"the budget of {self.system} is used up"
                return NotSent(Why.BUSY, timedelta(seconds=come_back_in_s), detail)
            # Admission comes last: a canary that then waited for its turn would hold everyone else back.
            before = self._breaker.state
            admitted = self._breaker.admit(self._clock())
            if isinstance(admitted, Held):
                return self._held(admitted)
            if self._breaker.state is not before:
                self._tell("one call is let through to see whether it is back")
            return await self._send(request, admitted)

    def _held(self, held: Held) -> NotSent:
        detail = f"{self.system} is down: {self._last_failure}"
        return NotSent(Why.OPEN, timedelta(seconds=held.retry_in_s), detail)

    async def _send(self, request: Request, admitted: Pass) -> Response | TransportProblem:
        signal = Signal.ABANDONED
        try:
            answer = await self._client.send(request)
            failed = outcome.system_failed(answer)
            signal = Signal.FAILED if failed else Signal.SUCCEEDED
            if failed:
                self._last_failure = (
                    f"it answered {answer.status}"
                    if isinstance(answer, Response)
                    else f"{answer.kind}, {telemetry.redact_text(answer.detail)}"
                )
        finally:  # also when cancelled: a canary that never reports would keep the circuit half-open for ever
            if self._breaker.report(admitted, signal, self._clock()):
                self._tell(self._last_failure if self._breaker.state is State.OPEN else "it answers again")
        if isinstance(answer, Response) and answer.status in (429, 503):
            rest = outcome.retry_after(answer)
            if rest is not None:
                self._budget.pause(rest.total_seconds())
        return answer

    def _tell(self, detail: str) -> None:
        state = self._breaker.state
        telemetry.breaker_changes.add(system=self.system, state=state)
        log.warning("circuit %s", state, extra={"tenant": self.tenant, "system": self.system, "detail": detail})
        if self._on_breaker is not None:
            self._on_breaker(self.tenant, self.system, state, detail)
