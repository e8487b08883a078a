"""Telling the outside what happened: signed webhooks, retried until taken, in the order things happened.

Each event has one id for good. Events of one order form a lane and are delivered one after the other, across systems;
lanes run side by side. A delivery that finds no taker within the give-up time is parked, visible and redeliverable,
so nothing is dropped in silence. While a system suffers an outage its events wait, as its own senders are down too.
"""

import asyncio
import hashlib
import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from .clock import Agenda, Appointment
from .faults import Faults, Kind
from .wire import exact_numbers

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
ATTEMPT_TIMEOUT_S = 10.0
AT_ONCE = 32
# A held-back event whose successor never comes is sent after this much business time.
REORDER_PATIENCE = timedelta(hours=6)


@dataclass(slots=True)
class Delivery:
    tenant: str
    system: str
    order: str
    event_id: str
    body: bytes
    attempts: int = field(default=0)
    last_error: str = field(default="")


class Courier:
    """hooks_url: address with {tenant} and {system} in it, or None to send nothing.
    secret_of: the webhook secret of (tenant, system).
    """

    def __init__(
        self,
        agenda: Agenda,
        faults: Faults,
        hooks_url: str | None,
        secret_of: Callable[[str, str], str],
        give_up_s: float = 900.0,
    ) -> None:
        self._agenda = agenda
        self._faults = faults
        self._hooks_url = hooks_url
        self._secret_of = secret_of
        self._give_up_s = give_up_s
        self._client: Client | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._lanes: dict[tuple[str, str], deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._out: dict[tuple[str, str], list[Delivery]] = {}  # waiting for an outage to end
        self._swapped: dict[tuple[str, str, str], tuple[Delivery, Appointment]] = {}
        self.parked: list[Delivery] = []
        self.in_flight = 0
        self.sent = 0
        self.attempts = 0

    @property
    def waiting(self) -> int:
        return sum(map(len, self._out.values())) + len(self._swapped)

    def emit(self, tenant: str, system: str, order: str, event_id: str, event: object, now: datetime) -> None:
        """Send an event of `system` about `order`; returns at once."""
        delivery = Delivery(tenant, system, order, event_id, exact_numbers(event))
        if self._faults.outage(tenant, system, now):
            self._out.setdefault((tenant, system), []).append(delivery)
            return
        place = (tenant, system, order)
        held = self._swapped.pop(place, None)
        if held is None and self._faults.strike(tenant, system, (Kind.REORDER_WEBHOOK,), "webhook", now):
            timer = self._agenda.at(now + REORDER_PATIENCE, lambda _: self._release(place))
            self._swapped[place] = (delivery, timer)
            return
        self._queue(delivery)
        if held is not None:
            held[1].cancel()
            self._queue(held[0])
        if self._faults.strike(tenant, system, (Kind.DUPLICATE_WEBHOOK,), "webhook", now):
            self._queue(Delivery(tenant, system, order, event_id, delivery.body))

    def resume(self, now: datetime) -> None:
        """Send what waited for outages that have ended."""
        for tenant, system in [place for place in self._out if not self._faults.outage(*place, now)]:
            for delivery in self._out.pop((tenant, system)):
                self._queue(delivery)

    def redeliver(self) -> int:
        parked, self.parked = self.parked, []
        for delivery in parked:
            self._queue(delivery)
        return len(parked)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    def _release(self, place: tuple[str, str, str]) -> None:
        held = self._swapped.pop(place, None)
        if held is not None:
            self._queue(held[0])

    def _queue(self, delivery: Delivery) -> None:
        if self._hooks_url is None:
            self.sent += 1
            return
        self.in_flight += 1
        lane = (delivery.tenant, delivery.order or delivery.event_id)
        if lane in self._lanes:
            self._lanes[lane].append(delivery)
            return
        self._lanes[lane] = deque([delivery])
        task = asyncio.get_running_loop().create_task(self._drive(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drive(self, lane: tuple[str, str]) -> None:
        deliveries = self._lanes[lane]
        while deliveries:
            await self._deliver(deliveries[0])
            deliveries.popleft()
            self.in_flight -= 1
        del self._lanes[lane]  # no await since the test for emptiness, so nothing can have joined the lane

    async def _deliver(self, delivery: Delivery) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._give_up_s
        pause_s = FIRST_PAUSE_S
        delivery.attempts = 0
        while True:
            delivery.attempts += 1
            async with self._slots:
                delivery.last_error = await self._attempt(delivery)
            if not delivery.last_error:
                self.sent += 1
                return
            if loop.time() + pause_s > give_up_at:
                self.parked.append(delivery)
                return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _attempt(self, delivery: Delivery) -> str:
        """Why it was not taken, or "" when it was."""
        self.attempts += 1
        tenant, system = delivery.tenant, delivery.system
        url = (self._hooks_url or "").replace("{tenant}", tenant).replace("{system}", system)
        headers = {
            "content-type": "application/json",
            "x-signature": "sha256=" + sign(self._secret_of(tenant, system), delivery.body),
            "x-event-id": delivery.event_id,
            "x-attempt": str(delivery.attempts),
        }
        if self._client is None:
            self._client = (
                ClientBuilder()
                .timeout(timedelta(seconds=ATTEMPT_TIMEOUT_S))
                .no_proxy()
                .follow_redirects(False)
                .runtime_multithreaded(False)
                .build()
            )
        try:
            response = await self._client.post(url).headers(headers).body_bytes(delivery.body).build().send()
        except PyreqwestError as error:
            return f"{type(error).__name__}: {error}"[:300]
        return "" if 200 <= response.status < 300 else f"HTTP {response.status}"


def sign(secret: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of the exact bytes sent."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
