"""What people entered for customers, beside the letters that customers wrote themselves.

A return or a dispute that comes by telephone is in no form of the helpdesk's: its evidence is what was entered, which
the feeder writes down, and the ticket that was opened for it. Joined, they are a letter as any other, and the balance
holds it against goods and money by the same terms.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Entry = Mapping[str, Any]
Ledgers = Mapping[tuple[str, str], Sequence[Entry]]
HELPDESK, TICKET, LETTER = "helpdesk", "ticket", "request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """reference: what the start was given. kind: return or dispute. Pieces of one line, or an amount off it."""

    tenant: str
    order: str
    reference: str
    kind: str
    reason: str
    line: str
    pieces: int = 0
    amount: Decimal = Decimal(0)


def letters(
    say: Callable[[str], None], entered: Iterable[Entered], ledgers: Ledgers
) -> dict[tuple[str, str], list[Entry]]:
    """The ledgers, with a letter in the helpdesk's for each ticket that was opened for what people entered."""
    joined: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for key, entries in ledgers.items():
        joined[key] = list(entries)
    for e in entered:
        name = f"{e.tenant} {e.order} {e.kind} {e.reference}"
        tickets = [t for t in joined[e.tenant, HELPDESK] if t["effect"] == TICKET and _is_of(t, e)]
        if len(tickets) != 1:
            say(f"{name}: entered once, {len(tickets)} tickets were opened for it")
        for ticket in tickets[:1]:
            item = {"line": e.line, "pieces": e.pieces, "amount": e.amount}
            detail = {"reason": e.reason, "items": [item], "invoice": ""}
            joined[e.tenant, HELPDESK].append({**ticket, "effect": LETTER, "purpose": e.kind, "detail": detail})
    return dict(joined)


def _is_of(ticket: Entry, e: Entered) -> bool:
    words = str(ticket["detail"].get("subject", "")).replace(",", " ").split()
    return ticket["order"] == e.order and e.reference in words
