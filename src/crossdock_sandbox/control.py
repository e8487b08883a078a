"""The handles behind the scenery: clock, faults, slips, webhooks, seed and ledgers, for whoever runs the simulation.

Every path begins with an underscore below the root, the tenant or the system, needs the control key, and speaks plain
snake_case. The OpenAPI documents of the systems and /_health are open.
"""

import hmac
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Annotated

import msgspec
import yaml

from .buyers import Season
from .clock import Agenda, iso
from .customers import Habits
from .enterprise import SYSTEMS, Enterprise
from .faults import Faults, Moment, Order
from .webhooks import Courier
from .wire import Refused, decoded, exact_numbers, exact_strings


class ClockSetting(msgspec.Struct):
    real_origin: Moment
    business_origin: Moment
    rate: Annotated[float, msgspec.Meta(ge=0, le=10_000_000)]


class SlipOrder(msgspec.Struct):
    tenant: str
    supplier: str
    days: Annotated[int, msgspec.Meta(ge=0, le=365)]
    reason: Annotated[str, msgspec.Meta(max_length=400)] = "Supplier is behind schedule"


_clock_settings = msgspec.json.Decoder(ClockSetting)
_slips = msgspec.json.Decoder(SlipOrder)
_faults = msgspec.json.Decoder(Order)
_habits = msgspec.json.Decoder(Habits)
_seasons = msgspec.json.Decoder(Season)

Query = Mapping[str, str]
Answer = tuple[int, object]


class Control:
    def __init__(
        self,
        agenda: Agenda,
        faults: Faults,
        courier: Courier,
        enterprises: Mapping[str, Enterprise],
        key: bytes,
    ) -> None:
        self._agenda = agenda
        self._faults = faults
        self._courier = courier
        self._enterprises = enterprises
        self._key = key
        self._handlers: dict[tuple[str, str], Callable[[Query, bytes], Answer]] = {
            ("GET", "/_clock"): self._clock,
            ("PUT", "/_clock"): self._set_clock,
            ("GET", "/_next"): self._next,
            ("GET", "/_webhooks"): self._webhooks,
            ("POST", "/_webhooks/redeliver"): lambda query, body: (200, {"queued": self._courier.redeliver()}),
            ("GET", "/_faults"): lambda query, body: (200, {"faults": self._faults.listed()}),
            ("POST", "/_faults"): self._place_fault,
            ("DELETE", "/_faults"): self._lift_faults,
            ("GET", "/_slip"): self._list_slips,
            ("POST", "/_slip"): self._slip,
            ("GET", "/_habits"): self._list_habits,
            ("POST", "/_habits"): self._set_habits,
            ("POST", "/_season"): self._season,
        }

    def answer(
        self, method: str, path: str, query: Query, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[int, bytes]:
        """Status and JSON body. Raises nothing that a request could bring about."""
        if path == "/_health":
            return 200, b'{"ok":true}'
        parts = path.split("/")[1:]
        if len(parts) == 2 and parts[0] in SYSTEMS and parts[1] == "openapi.json":
            return 200, openapi(parts[0])
        if not hmac.compare_digest(headers.get(b"x-sandbox-control", b""), self._key):
            return 401, exact_numbers({"error": "The header X-Sandbox-Control does not hold the control key"})
        try:
            status, content = self._dispatch(method, path, parts, query, body)
        except Refused as refusal:
            where = f" at {refusal.target}" if refusal.target else ""
            return 400, exact_numbers({"error": f"{refusal.text}{where}"})
        encode = exact_strings if parts[-1] == "_seed" else exact_numbers
        return status, b"" if content is None else encode(content)

    def _dispatch(self, method: str, path: str, parts: list[str], query: Query, body: bytes) -> Answer:
        handler = self._handlers.get((method, path))
        if handler is not None:
            return handler(query, body)
        match (method, parts):
            case ("DELETE", ["_faults", fault]):
                gone = self._faults.lift(id=fault)
                self._courier.resume(self._agenda.clock.now())
                return (204, None) if gone else (404, {"error": f"There is no fault {fault}"})
            case ("GET", [tenant, "_seed"]) if tenant in self._enterprises:
                return 200, self._enterprises[tenant].distributor
            case ("GET", [tenant, system, "_ledger"]) if tenant in self._enterprises and system in SYSTEMS:
                self._agenda.run_due()
                return 200, {"entries": self._enterprises[tenant].ledgers[system].of(query.get("order"))}
            case _:
                return 404, {"error": f"There is no {method} {path}"}

    # Time

    def _clock(self, query: Query, body: bytes) -> Answer:
        clock = self._agenda.clock
        return 200, {
            "now": iso(clock.now()),
            "real_origin": iso(clock.real_origin),
            "business_origin": iso(clock.business_origin),
            "rate": clock.rate,
        }

    def _set_clock(self, query: Query, body: bytes) -> Answer:
        setting = decoded(body, _clock_settings)
        if not (2000 <= setting.business_origin.year <= 2200 and 2000 <= setting.real_origin.year <= 2200):
            raise Refused(400, "range", "Origins lie between the years 2000 and 2200")
        self._agenda.clock.set(setting.real_origin, setting.business_origin, setting.rate)
        self._agenda.clock_changed()
        return self._clock(query, body)

    def _next(self, query: Query, body: bytes) -> Answer:
        now, next_at = self._agenda.clock.now(), self._agenda.next_at
        return 200, {
            "now": iso(now),
            "next_at": None if next_at is None else iso(next_at),
            "busy": self._courier.in_flight > 0 or (next_at is not None and next_at <= now),
            "pending": self._agenda.pending,
            "in_flight": self._courier.in_flight,
            "waiting": self._courier.waiting,
            "parked": len(self._courier.parked),
        }

    def _webhooks(self, query: Query, body: bytes) -> Answer:
        parked = [
            {
                "event_id": delivery.event_id,
                "tenant": delivery.tenant,
                "system": delivery.system,
                "attempts": delivery.attempts,
                "last_error": delivery.last_error,
                "body": msgspec.Raw(delivery.body),
            }
            for delivery in self._courier.parked
        ]
        return 200, {
            "sent": self._courier.sent,
            "attempts": self._courier.attempts,
            "in_flight": self._courier.in_flight,
            "waiting": self._courier.waiting,
            "parked": parked,
        }

    # Trouble

    def _place_fault(self, query: Query, body: bytes) -> Answer:
        order = decoded(body, _faults)
        if order.tenant not in self._enterprises or order.system not in SYSTEMS:
            raise Refused(400, "place", f"There is no {order.tenant}/{order.system}")
        if not 0 <= order.rate <= 1 or (order.count is not None and order.count < 1):
            raise Refused(400, "rate", "rate is 0 to 1 and count at least 1")
        if order.delay_s is not None and not 0 <= order.delay_s <= 3600:
            raise Refused(400, "delay_s", "delay_s is 0 to 3600 seconds")
        fault = self._faults.place(order)
        if fault.until is not None:
            self._agenda.at(fault.until, self._courier.resume)
        return 201, fault

    def _lift_faults(self, query: Query, body: bytes) -> Answer:
        self._faults.lift(tenant=query.get("tenant"), system=query.get("system"))
        self._courier.resume(self._agenda.clock.now())
        return 204, None

    def _slip(self, query: Query, body: bytes) -> Answer:
        order = decoded(body, _slips)
        if order.tenant not in self._enterprises:
            raise Refused(400, "tenant", f"There is no tenant {order.tenant}")
        self._agenda.run_due()
        portal = self._enterprises[order.tenant].portal
        concerned = portal.slip(order.supplier, order.days, order.reason, self._agenda.clock.now())
        return 200, {"supplier": order.supplier, "days": order.days, "orders": concerned}

    def _set_habits(self, query: Query, body: bytes) -> Answer:
        habits = decoded(body, _habits)
        if habits.tenant not in self._enterprises:
            raise Refused(400, "tenant", f"There is no tenant {habits.tenant}")
        for name in msgspec.structs.fields(Habits):
            share = getattr(habits, name.name)
            if isinstance(share, float) and not 0 <= share <= 1:
                raise Refused(400, name.name, f"Expected a share from 0 to 1 as {name.name}, found {share}")
        self._enterprises[habits.tenant].customers.habits = habits
        return 200, habits

    def _season(self, query: Query, body: bytes) -> Answer:
        season = decoded(body, _seasons)
        if season.tenant not in self._enterprises:
            raise Refused(400, "tenant", f"There is no tenant {season.tenant}")
        if not (0 <= season.inquiries <= 10_000 and 0 <= season.applications <= 10_000):
            raise Refused(400, "inquiries", "Expected 0 to 10000 inquiries and applications")
        if season.since.tzinfo is None or season.until.tzinfo is None:
            raise Refused(400, "from", "Expected times with their zone")
        return 201, {"tenant": season.tenant, "planned": self._enterprises[season.tenant].buyers.season(season)}

    def _list_habits(self, query: Query, body: bytes) -> Answer:
        return 200, {"habits": [enterprise.customers.habits for enterprise in self._enterprises.values()]}

    def _list_slips(self, query: Query, body: bytes) -> Answer:
        slips = [
            {"tenant": tenant, "supplier": supplier, "days": slip.days, "reason": slip.reason}
            for tenant, enterprise in self._enterprises.items()
            for supplier, slip in enterprise.portal.slips().items()
        ]
        return 200, {"slips": slips}


@cache
def openapi(system: str) -> bytes:
    """The hand-written OpenAPI document of a system, as JSON."""
    text = resources.files("crossdock_sandbox").joinpath("openapi", f"{system}.yaml").read_text("utf-8")
    return exact_numbers(yaml.safe_load(text))
