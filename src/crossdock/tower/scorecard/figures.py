"""The figures of the scorecard: what each counts, in words and in which statement of figures.sql."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from crossdock.errors import NotFound


class Kind(StrEnum):
    SHARE = "share"  # hits ÷ those that can be judged, in percent
    MEDIAN = "median"  # of amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """unit: percent, hours or days. good: which way is better. of: what is counted. target: if a tenant names none."""

    key: str
    label: str
    kind: Kind
    unit: str
    good: str
    of: str
    formula: str
    excluded: str
    clock: str
    target: Decimal | None = None
    from_orders: bool = True  # its rows come from `orders` of figures.sql


ALL: tuple[Figure, ...] = (
    Figure(
        key="otif", label="On time, in full", kind=Kind.SHARE, unit="percent", good="up", of="orders due",
        formula="Orders delivered in full by the day first promised (else requested) ÷ orders whose day was over in "
        "the period. In full: each line shipped in its ordered quantity.",
        excluded="Cancelled and rejected orders. Delivered orders without any day cannot be judged.",
        clock="the due day, in the tenant's time zone", target=Decimal(97),
    ),
    Figure(
        key="perfect", label="Perfect orders", kind=Kind.SHARE, unit="percent", good="up", of="orders due",
        formula="Orders on time and in full, undamaged, and without any exception ÷ orders whose day was over in the "
        "period.",
        excluded="Cancelled and rejected orders. Delivered orders without any day cannot be judged.",
        clock="the due day, in the tenant's time zone", target=Decimal(90),
    ),
    Figure(
        key="touchless", label="Touchless orders", kind=Kind.SHARE, unit="percent", good="up", of="orders invoiced",
        formula="Orders without a human write from receipt to first invoice ÷ orders first invoiced in the period.",
        excluded="None. What a policy, the program or a key does is no touch.",
        clock="the first invoice", target=Decimal(85),
    ),
    Figure(
        key="exceptions", label="Exception rate", kind=Kind.SHARE, unit="percent", good="down", of="orders received",
        formula="Orders with at least one exception so far ÷ orders received in the period.",
        excluded="None. Orders of the last days may still get one.", clock="receipt", target=Decimal(10),
    ),
    Figure(
        key="promises", label="Clocks kept", kind=Kind.SHARE, unit="percent", good="up", of="clocks that ended",
        formula="Service clocks stopped in time ÷ clocks that were stopped or ran out in the period.",
        excluded="Clocks that run or are paused.", clock="the stop, else the moment it ran out", target=Decimal(98),
        from_orders=False,
    ),
    Figure(
        key="release_time", label="Receipt to release", kind=Kind.MEDIAN, unit="hours", good="down",
        of="orders released",
        formula="Median of release to the warehouse − receipt, over orders released in the period.",
        excluded="None. Elapsed hours of business time; waiting for people counts.", clock="the first release",
        target=Decimal(4),
    ),
    Figure(
        key="delivery_time", label="Receipt to delivery", kind=Kind.MEDIAN, unit="days", good="down",
        of="orders delivered",
        formula="Median of complete delivery − receipt, over orders delivered completely in the period.",
        excluded="Orders with anything left to deliver.", clock="the last delivery",
    ),
    Figure(
        key="backorders", label="Backorder rate", kind=Kind.SHARE, unit="percent", good="down", of="orders allocated",
        formula="Orders of which something was ever on backorder ÷ orders first allocated or backordered in the "
        "period.",
        excluded="None.", clock="the first allocation or backorder", target=Decimal(8),
    ),
    Figure(
        key="lost", label="Cancelled or rejected", kind=Kind.SHARE, unit="percent", good="down", of="orders ended",
        formula="Orders that ended cancelled or rejected ÷ orders that ended in the period.",
        excluded="Open orders.", clock="the end",
    ),
    Figure(
        key="late_invoices", label="Late invoices", kind=Kind.SHARE, unit="percent", good="down", of="orders shipped",
        formula="Orders first invoiced more than 24 hours after their first shipment, or not yet ÷ orders first "
        "shipped in the period.",
        excluded="Orders shipped less than 24 hours ago and not invoiced cannot be judged.", clock="the first shipment",
        target=Decimal(5),
    ),
    Figure(
        key="cash_time", label="Invoice to payment", kind=Kind.MEDIAN, unit="days", good="down", of="orders paid",
        formula="Median of last payment − first invoice, over orders paid in full in the period.",
        excluded="Orders with anything left to pay.", clock="the last payment",
    ),
    Figure(
        key="case_time", label="Exception to solution", kind=Kind.MEDIAN, unit="hours", good="down",
        of="exceptions closed",
        formula="Median of closing − opening, over exceptions closed in the period.",
        excluded="Open and sleeping ones.", clock="the closing", target=Decimal(4), from_orders=False,
    ),
    Figure(
        key="first_fix", label="Solved at the first go", kind=Kind.SHARE, unit="percent", good="up",
        of="exceptions solved",
        formula="Exceptions solved by one action, not reopened, and not followed within 7 days by another of the same "
        "kind about the same order ÷ exceptions solved in the period.",
        excluded="Those that closed by themselves or were merged. Those of the last days may still come back.",
        clock="the last closing", target=Decimal(80), from_orders=False,
    ),
    Figure(
        key="approval_time", label="Wait for approval", kind=Kind.MEDIAN, unit="hours", good="down",
        of="approvals decided",
        formula="Median of decision − request, over approvals decided in the period.",
        excluded="Expired and void ones.", clock="the decision", target=Decimal(2), from_orders=False,
    ),
    Figure(
        key="documents", label="Documents rejected", kind=Kind.SHARE, unit="percent", good="down",
        of="documents received",
        formula="Documents rejected ÷ documents received in the period.",
        excluded="Documents marked as test.", clock="receipt", target=Decimal(2), from_orders=False,
    ),
)  # fmt: skip
_BY_KEY = {f.key: f for f in ALL}


def named(key: str) -> Figure:
    """Raises NotFound."""
    if (found := _BY_KEY.get(key)) is None:
        raise NotFound(f"No figure {key!r}; there are {', '.join(_BY_KEY)}")
    return found
