"""Each system's own record of what it did, by business identity.

The ledger knows orders, sites, lines and purposes; it knows nobody's idempotency keys, workflow or message ids. A
doubled effect therefore shows as two active entries of one identity, and independent books can be balanced against it.
"""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

import msgspec


class Entry(msgspec.Struct, kw_only=True):
    seq: int
    at: datetime
    effect: str
    purpose: str
    order: str
    line: str | None = None
    site: str | None = None
    sku: str | None = None
    quantity: Decimal | int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    state: str = "active"
    status: str | None = None
    reference: str
    ended_at: datetime | None = None
    detail: dict[str, object] = {}


class Ledger:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._by_reference: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self._by_order: dict[str, list[Entry]] = defaultdict(list)

    def write(
        self,
        at: datetime,
        effect: str,
        reference: str,
        *,
        order: str,
        purpose: str,
        line: str | None = None,
        site: str | None = None,
        sku: str | None = None,
        quantity: Decimal | int | None = None,
        amount: Decimal | None = None,
        currency: str | None = None,
        status: str | None = None,
        detail: dict[str, object] | None = None,
    ) -> None:
        entry = Entry(
            seq=len(self.entries) + 1,
            at=at,
            effect=effect,
            purpose=purpose,
            order=order,
            line=line,
            site=site,
            sku=sku,
            quantity=quantity,
            amount=amount,
            currency=currency,
            status=status,
            reference=reference,
            detail=detail or {},
        )
        self.entries.append(entry)
        self._by_reference[effect, reference].append(entry)
        self._by_order[order].append(entry)

    def progress(self, effect: str, reference: str, status: str) -> None:
        for entry in self._by_reference[effect, reference]:
            entry.status = status

    def cancel(self, effect: str, reference: str, at: datetime) -> None:
        for entry in self._by_reference[effect, reference]:
            entry.state, entry.ended_at = "cancelled", at

    def of(self, order: str | None) -> list[Entry]:
        return self.entries if order is None else self._by_order.get(order, [])
