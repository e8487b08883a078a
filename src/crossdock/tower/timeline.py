"""What happened to one order, from all the places that remember it, in the order in which it happened.

Documents, events, calls with their attempts, decisions with the rule that hit, messages, and what people did. Nothing
is stored for it: each place keeps its own truth, and this puts them side by side.

A long story is read in pages, the newest first. A page ends between two moments: each place gives whole moments, and
the page is as long as all of them are complete, so that pages neither repeat nor lose anything.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from crossdock import exactjson, telemetry
from crossdock.db import Tx, queries
from crossdock.flow.payloads import LIMIT

SQL = queries("crossdock.tower", "timeline.sql")

PREFIX = "crossdock."
FOR_PARTNERS = frozenset({"document", "event", "message", "money"})
PAGE = 300  # moments of each place in one page: more than nearly every order has in all
MESSAGE = "notification.send"
DECISION = "decision"

# Events of these areas are items of their own kind; all others are plain events.
KINDS = {"case": "case", "approval": "approval", "hold": "hold", "milestone": "task", "payment": "money"}
MONEY = frozenset(
    {"order.priced", "order.invoiced", "order.paid", "return.credited", "dispute.credited", "delivery.credited"}
)
TITLES = {
    "order.received": "Order received", "order.validated": "Validated", "order.priced": "Priced",
    "order.credit-cleared": "Credit cleared", "order.allocated": "Goods reserved",
    "order.backordered": "Partly on backorder", "order.released": "Released to the warehouse",
    "order.shipped": "Shipped", "order.invoiced": "Invoiced", "order.delivered": "Delivered",
    "order.paid": "Paid", "order.cancelled": "Cancelled", "order.rejected": "Rejected", "order.closed": "Closed",
    "order.cancellation-requested": "Cancellation requested", "shipment.picked": "Picked",
    "shipment.packed": "Packed", "shipment.shipped": "Handed to the carrier", "tracking.departed": "Departed",
    "tracking.in-transit": "In transit", "tracking.exception": "The carrier reports a problem",
    "tracking.delivered": "Delivered by the carrier", "payment.received": "Payment received",
    "supplier.confirmed": "The supplier confirms", "supplier.delayed": "The supplier is late",
    "supplier.shipped": "The supplier shipped", "stock.received": "Goods received in stock",
    "stock.assigned": "Goods were given to this order", "backorder.promised": "The rest is promised for a day",
    "backorder.released": "Backorder released", "backorder.closed": "Backorder over",
    "backorder.cancel": "Backorder called off", "case.opened": "Exception opened",
    "case.resolved": "Exception resolved", "case.reopened": "Exception reopened",
    "case.withdrawn": "Exception closed by itself",
    "case.merged": "Exception merged into another",
    "case.unmerged": "Exception stands for itself again",
    "case.overdue": "Exception past its clock",
    "case.cleared": "Exception's cause is gone",
    "case.answered": "Exception answered by mail",
    "case.written": "Mail about the exception",
    "approval.requested": "Approval asked for", "approval.decided": "Approval decided",
    "approval.withdrawn": "Approval no longer needed", "approval.voted": "One approver said yes",
    "approval.stands": "An approval given before stands", "approval.reminded": "Reminded of an approval",
    "approval.escalated": "Approval escalated", "hold.placed": "Hold placed", "hold.released": "Hold released",
    "return.requested": "The customer wants to return goods", "return.approved": "Return accepted",
    "return.refused": "Return refused", "return.arrived": "Returned goods arrived",
    "return.inspected": "Returned goods inspected", "return.credited": "Return credited",
    "return.not-credited": "Return not credited", "return.expired": "Return never sent",
    "dispute.raised": "The customer disputes an invoice", "dispute.credited": "Dispute credited",
    "dispute.refused": "Dispute refused", "delivery.remarked": "The receiver remarked something",
    "delivery.credited": "Delivery credited", "claim.decided": "The carrier decided a claim",
    "claim.closed": "Freight claim closed", "shipment.held-up": "The parcel is held up",
    "shipment.cleared": "The parcel goes on", "supplier.slipped": "The supplier slips",
    "supplier.replaced": "Bought elsewhere",
    "promise.at-risk": "The promise is at risk", "promise.recovered": "The promise can be kept again",
    "milestone.reached": "Milestone", "sla.warned": "A promise is close to its end",
    "sla.breached": "A promise was broken",
}  # fmt: skip
# Of an event's facts, those that tell it in one line, in this order.
FACTS = (
    "number", "title", "name", "shipment", "site", "tracking", "invoice", "payment", "supplier_order", "sku",
    "quantity", "location", "outcome", "action", "reason", "note", "promised_on", "due_on", "signed_by", "key", "by",
)  # fmt: skip
STATUS = {
    "tracking.exception": "failed", "case.opened": "open", "case.resolved": "resolved", "approval.requested": "pending",
    "order.cancelled": "cancelled", "order.rejected": "rejected", "order.closed": "closed", "hold.placed": "active",
    "hold.released": "released", "sla.breached": "failed",
}  # fmt: skip
TOUCHES = {
    "case.assign": "Exception assigned", "case.snooze": "Exception snoozed", "case.comment": "Comment",
    "case.wake": "Exception back from its snooze", "order.cancel": "Cancellation asked for",
    "order.share": "A link was made for the customer", "order.unshare": "A link of the customer was ended",
    "document.release": "Document released",
}  # fmt: skip

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """items: the timeline. calls, decisions, messages: the same facts in full. All of them oldest first.

    earlier: what happened before this moment is on the next page; None: nothing did.
    """

    items: list[Item]
    calls: list[Item]
    decisions: list[Item]
    messages: list[Item]
    earlier: datetime | None


async def read(
    tx: Tx, tenant_id: str, order: str, papers: Sequence[Mapping[str, Any]], *, before: datetime | None = None,
    limit: int = PAGE,
) -> Told:  # fmt: skip
    """The newest page, or the one before a moment. papers: the order's documents as partners.documents sums them up."""
    events = await tx.fetch(SQL["events"], tenant_id, order, before, limit)
    called = await tx.fetch(SQL["calls"], tenant_id, order, before, limit)
    touched = await tx.fetch(SQL["touches"], tenant_id, order, before, limit)
    # a place that gave less than was asked for is complete; of the others, the one that reaches back least decides
    ends: list[datetime] = [
        rows[-1][at] for rows, at in ((events, "time"), (called, "called_at"), (touched, "at")) if len(rows) >= limit
    ]
    since = max(ends, default=None)

    def shown(at: datetime) -> bool:
        return (since is None or at >= since) and (before is None or at < before)

    calls: list[Item] = []
    decisions: list[Item] = []
    messages: list[Item] = []
    items = [_document(p) for p in papers if shown(p["received_at"])]
    items += [_event(row) for row in sorted(events, key=_seq) if shown(row["time"])]
    for row in sorted(called, key=_asked):
        if not shown(row["called_at"]):
            continue
        if row["function"] == DECISION:
            decision = _decision(row)
            decisions.append(decision)
            items.append(_decided(decision))
            continue
        calls += _attempts(row)
        if row["function"] == MESSAGE:
            message = _message(row)
            messages.append(message)
            items.append(_written(message))
        else:
            items.append(_called(row))
    items += [_touch(row) for row in sorted(touched, key=_seq) if shown(row["at"])]
    items.sort(key=lambda i: cast("datetime", i["at"]))
    return Told(items, calls, decisions, messages, since)


def _seq(row: Any) -> int:
    return row["seq"]


def _asked(row: Any) -> tuple[datetime, bool, datetime | None, str]:
    """As they were asked; of one moment, those that wait for an answer last."""
    answered: datetime | None = row["answered_at"]
    return row["called_at"], answered is None, answered or row["called_at"], row["at"]


def item(
    at: datetime, kind: str, title: str, detail: str = "", *, status: str = "", ref: str = "", data: Any = None
) -> Item:
    return {
        "at": at, "kind": kind, "title": title, "detail": detail or None, "status": status or None, "ref": ref or None,
        "data": data,
    }  # fmt: skip


def _document(paper: Mapping[str, Any]) -> Item:
    inbound = paper["direction"] == "in"
    what = f"{paper['type']} ({paper['format']})" if paper["type"] != paper["format"] else str(paper["type"])
    detail = " · ".join(str(p) for p in (paper["filename"], paper["partner"]) if p)
    title = f"{'Received' if inbound else 'Sent'}: {what}"
    return item(paper["received_at"], "document", title, detail, status=paper["status"], ref=paper["id"])


def _event(row: Any) -> Item:
    body = exactjson.loads(row["body"])
    given = body.get("data")
    data = cast("Item", given) if isinstance(given, dict) else {}
    if len(row["body"]) > LIMIT:  # a page is for reading: what is large is said to be, and is had by its own address
        data = {name: value for name, value in data.items() if not isinstance(value, dict | list)}
        data["bytes"] = len(row["body"])
    type_ = str(row["type"]).removeprefix(PREFIX)
    area = type_.partition(".")[0]
    kind = "money" if type_ in MONEY else KINDS.get(area, "event")
    ref = str(data.get("case") or data.get("approval") or "") if area in ("case", "approval") else ""
    status = str(data.get("outcome") or "") if type_ == "approval.decided" else STATUS.get(type_, "")
    title = TITLES.get(type_) or words(type_)
    return item(row["time"], kind, title, _facts(data), status=status, ref=ref, data=telemetry.redact(data))


def _facts(data: Mapping[str, Any]) -> str:
    said = [str(data[f]) for f in FACTS if isinstance(data.get(f), str | int) and data[f] not in ("", True, False)]
    amount = data.get("total", data.get("amount"))
    if amount is not None and not isinstance(amount, dict | list):
        said.append(f"{amount} {data.get('currency') or ''}".strip())
    return " · ".join(said)


def words(type_: str) -> str:
    """`order.credit-cleared` as `Order credit cleared`."""
    return re.sub(r"[._-]+", " ", type_).strip().capitalize()


def _attempts(row: Any) -> list[Item]:
    """One item for each attempt and each look-up after a lost answer; the last one is what came of the call."""
    key = f"{row['instance_id']}{row['at']}"
    request = telemetry.redact(_json(row["arguments"]))
    tried: list[Item] = [
        {
            "at": row["called_at"], "function": row["function"] + (" (look-up)" if a["probe"] else ""),
            "system": row["system"], "attempt": a["attempt"], "outcome": a["outcome"],
            "started_at": datetime.fromisoformat(a["tried_at"]), "duration_ms": a["duration_ms"], "key": key,
            "error": a["detail"] or None, "request": request, "response": None,
        }
        for a in _list(_json(row["attempts"]))
    ]  # fmt: skip
    error = _json(row["error"])
    settled = row["state"] in ("done", "failed")
    if settled and tried and tried[-1]["outcome"] == row["state"]:
        tried[-1]["response"] = telemetry.redact(_json(row["output"]) if row["state"] == "done" else error)
        return tried
    last: Item = {
        "at": row["called_at"], "function": row["function"], "system": row["system"], "attempt": row["attempt"],
        "outcome": row["state"], "started_at": row["called_at"], "duration_ms": row["duration_ms"], "key": key,
        "error": _why(error), "request": request, "response": telemetry.redact(_json(row["output"]) or error),
    }  # fmt: skip
    return [*tried, last]


def _called(row: Any) -> Item:
    attempts = len(_list(_json(row["attempts"])))
    why = _why(_json(row["error"])) if row["state"] == "failed" else None
    detail = " · ".join(p for p in (row["system"], f"{attempts} attempts noted" if attempts else "", why or "") if p)
    title = f"{row['function']} undone" if str(row["at"]).endswith("~undo") else str(row["function"])
    return item(row["called_at"], "call", title, detail, status=row["state"])


def _decision(row: Any) -> Item:
    arguments = _object(row["arguments"])
    output = _object(row["output"])
    hit = _list(output.pop("hit", None))
    table = str(output.pop("table", None) or arguments.get("decision") or "")
    version = str(output.pop("version", None) or "")
    shown = output if row["state"] == "done" else _json(row["error"])
    return {
        "at": row["called_at"], "table": table, "version": version,
        "hit": [{"rule": str(h.get("rule") or ""), "description": str(h.get("description") or "")} for h in hit],
        "input": arguments.get("input"), "output": shown,
    }  # fmt: skip


def _decided(decision: Mapping[str, Any]) -> Item:
    hit = "; ".join(h["description"] or h["rule"] for h in decision["hit"])
    data = {"hit": decision["hit"], "output": decision["output"]}
    return item(decision["at"], "decision", f"Decided by {decision['table']}", hit, data=data)


def _message(row: Any) -> Item:
    given = _object(row["arguments"])
    said = {k: str(given.get(k) or "") for k in ("to", "moment", "subject", "body")}
    return {"at": row["called_at"], **said, "status": row["state"]}


def _written(message: Mapping[str, Any]) -> Item:
    detail = f"{message['subject']} · {message['to']}"
    title = f"Customer told: {words(str(message['moment'])).lower()}"
    return item(message["at"], "message", title, detail, status=message["status"])


def _touch(row: Any) -> Item:
    detail = _object(row["detail"])
    said = detail.get("what") or detail.get("reason") or detail.get("note") or ""
    kind = "case" if row["action"].startswith("case.") else "task"
    line = " · ".join(str(p) for p in (row["object_id"], said, row["actor"]) if p)
    return item(row["at"], kind, TOUCHES[row["action"]], line)


def _json(stored: str | None) -> Any:
    return None if stored is None else exactjson.loads(stored)


def _object(stored: str | None) -> Item:
    """The stored members; none where it holds something else."""
    value = _json(stored)
    return cast("Item", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Item]:
    return cast("list[Item]", value) if isinstance(value, list) else []


def _why(error: Any) -> str | None:
    if not isinstance(error, dict):
        return None
    known = cast("Item", error)
    return ": ".join(str(known[k]) for k in ("title", "detail") if known.get(k)) or None
