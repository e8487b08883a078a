"""What a simulated system stands in: its tenant's world, business time, chance, its ledger, its way outside."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from .chance import Chance
from .clock import Agenda
from .ledger import Ledger
from .webhooks import Courier
from .world import Distributor


@dataclass(frozen=True, slots=True)
class Surroundings:
    system: str
    distributor: Distributor
    agenda: Agenda
    chance: Chance
    ledger: Ledger
    courier: Courier

    def announce(self, order: str, event_id: str, event: object, now: datetime) -> None:
        self.courier.emit(self.distributor.tenant, self.system, order, event_id, event, now)


def fresh_id() -> str:
    """An id nobody has had before, not in an earlier run of the same seed either: receivers drop known ids."""
    return uuid.uuid4().hex
