"""Returns at the warehouse: announced, arrived, looked at, and put where they belong.

Like the rest of the WMS it honours no idempotency key: a repeated announcement expects the goods twice, which a look-up
by order and request tells. Goods that were announced come by themselves, a few days later, though not always all of
them and now and then never. Each piece is looked at and graded; where it goes is for the caller to say.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from .clock import Appointment, whole_seconds, working_day
from .surroundings import Surroundings, fresh_id
from .wire import Call, Numbering, Pieces, Reference, Refused, Reply, Route, Text

NEVER_SHARE = 0.06
SHORT_SHARE = 0.08
GRADES = ("as-new", "opened", "damaged")
# By the reason of the return: how many of a hundred are as new, and how many were opened; the rest is damaged.
GRADED = {"damaged": (10, 20), "wrong-item": (96, 2), "unwanted": (78, 14)}

Place = Literal["restock", "refurbish", "scrap", "send-back"]
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class ExpectedLine(msgspec.Struct):
    line_ref: Reference
    item_code: Text
    qty: Pieces


class ReturnRequest(msgspec.Struct):
    order_ref: Reference
    request_ref: Reference
    site_code: Text
    reason_code: Text
    lines: list[ExpectedLine]


class GradedLine(msgspec.Struct):
    line_ref: str
    item_code: str
    qty: int
    grade: str


class Return(msgspec.Struct, kw_only=True):
    rma_no: str
    order_ref: str
    request_ref: str
    site_code: str
    reason_code: str
    state: str
    created_at: str
    lines: list[ExpectedLine]
    graded: list[GradedLine] = []
    put_away: list["PutLine"] = []


class PutLine(msgspec.Struct):
    line_ref: Reference
    item_code: Text
    qty: Count
    grade: Text
    place: Place


class PutAway(msgspec.Struct):
    lines: list[PutLine]


_requests = msgspec.json.Decoder(ReturnRequest)
_places = msgspec.json.Decoder(PutAway)


class Returns:
    """sites: where there is a warehouse. restock: told (item, site, pieces) when goods can be sold again."""

    def __init__(self, around: Surroundings, sites: Collection[str], restock: Callable[[str, str, int], None]) -> None:
        self._around = around
        self._sites = sites
        self._restock = restock
        self._returns: dict[str, Return] = {}
        self._returns_of: dict[str, list[Return]] = {}
        self._coming: dict[str, Appointment] = {}
        self._numbers = Numbering("RMA-", 6)
        self.routes = (
            Route("POST", "/v1/returns", "createReturn", self.create),
            Route("GET", "/v1/returns", "findReturns", self.find),
            Route("GET", "/v1/returns/{rma_no}", "getReturn", self.get),
            Route("POST", "/v1/returns/{rma_no}/cancel", "cancelReturn", self.cancel),
            Route("POST", "/v1/returns/{rma_no}/put-away", "putAway", self.put_away),
        )

    def create(self, call: Call) -> Reply:
        request = call.read(_requests)
        if request.site_code not in self._sites:
            raise Refused(404, "E4041", f"Site {request.site_code} is unknown", "site_code")
        if not 1 <= len(request.lines) <= 1000:
            raise Refused(422, "E4224", f"Expected 1 to 1000 lines, found {len(request.lines)}", "lines")
        known = {item.sku for item in self._around.distributor.items}
        for place, line in enumerate(request.lines):
            if line.item_code not in known:
                raise Refused(422, "E4221", f"Item {line.item_code} is unknown", f"lines[{place}].item_code")
        made = Return(
            rma_no=self._numbers.next(),
            order_ref=request.order_ref,
            request_ref=request.request_ref,
            site_code=request.site_code,
            reason_code=request.reason_code,
            state="expected",
            created_at=whole_seconds(call.now),
            lines=request.lines,
        )
        self._returns[made.rma_no] = made
        self._returns_of.setdefault(made.order_ref, []).append(made)
        for line in made.lines:
            self._book(call.now, made, "rma", line.line_ref, line.item_code, line.qty, "expected")
        chance, identity = self._around.chance, (made.order_ref, made.request_ref)
        if chance.share(*identity, "never") >= NEVER_SHARE:
            there = working_day(call.now + chance.minutes(2 * 1440, 6 * 1440, *identity, "road"))
            self._coming[made.rma_no] = self._around.agenda.at(there, lambda at: self._arrive(made, at))
        return Reply(made, 201)

    def find(self, call: Call) -> Reply:
        order = call.query.get("order_ref")
        among = self._returns.values() if order is None else self._returns_of.get(order, ())
        rows = [r for r in among if call.matches(request_ref=r.request_ref)]
        skip, top = call.window()
        return Reply({"rows": rows[skip : skip + top]})

    def get(self, call: Call) -> Reply:
        return Reply(self._known(call))

    def cancel(self, call: Call) -> Reply:
        made = self._known(call)
        if made.state not in ("expected", "cancelled"):
            raise Refused(409, "E4094", f"Goods of {made.rma_no} have arrived")
        if made.state == "expected":
            made.state = "cancelled"
            if (coming := self._coming.pop(made.rma_no, None)) is not None:
                coming.cancel()
            self._around.ledger.cancel("rma", made.rma_no, call.now)
            self._around.ledger.progress("rma", made.rma_no, "cancelled")
        return Reply(made)

    def put_away(self, call: Call) -> Reply:
        made, lines = self._known(call), call.read(_places).lines
        if made.state != "inspected":
            raise Refused(409, "E4095", f"Return {made.rma_no} is {made.state}, not inspected")
        if _counted([(n.line_ref, n.item_code, n.grade, n.qty) for n in lines]) != _counted(
            [(n.line_ref, n.item_code, n.grade, n.qty) for n in made.graded]
        ):
            raise Refused(422, "E4225", "Every piece that was graded is put somewhere, once", "lines")
        made.state, made.put_away = "put-away", lines
        self._around.ledger.progress("rma", made.rma_no, "put-away")
        for n in lines:
            detail: dict[str, object] = {"grade": n.grade, "place": n.place}
            self._book(call.now, made, "put-away", n.line_ref, n.item_code, n.qty, n.place, n.grade, detail)
            if n.place == "restock":
                self._restock(n.item_code, made.site_code, n.qty)
        return Reply(made)

    # Progress in business time

    def _arrive(self, made: Return, now: datetime) -> None:
        del self._coming[made.rma_no]
        made.state = "arrived"
        self._around.ledger.progress("rma", made.rma_no, "arrived")
        self._tell(made, "return.arrived", now)
        looking = self._around.chance.minutes(90, 26 * 60, made.order_ref, made.request_ref, "look")
        self._around.agenda.at(working_day(now + looking), lambda at: self._inspect(made, at))

    def _inspect(self, made: Return, now: datetime) -> None:
        made.graded = [part for line in made.lines for part in self._graded(made, line)]
        made.state = "inspected"
        self._around.ledger.progress("rma", made.rma_no, "inspected")
        for n in made.graded:
            detail: dict[str, object] = {"grade": n.grade, "reason": made.reason_code, "request": made.request_ref}
            self._book(now, made, "return-receipt", n.line_ref, n.item_code, n.qty, n.grade, n.grade, detail)
        self._tell(made, "return.inspected", now)

    def _graded(self, made: Return, line: ExpectedLine) -> list[GradedLine]:
        chance, identity = self._around.chance, (made.order_ref, made.request_ref, line.line_ref)
        count = line.qty
        if count > 1 and chance.share(*identity, "short") < SHORT_SHARE:
            count -= 1
        as_new, opened = GRADED.get(made.reason_code, GRADED["unwanted"])
        parts = dict.fromkeys(GRADES, 0)
        # The lot is of one kind, but for a piece of a large one that is worse than the others.
        draw = chance.whole(0, 99, *identity, "grade")
        lot = "as-new" if draw < as_new else "opened" if draw < as_new + opened else "damaged"
        parts[lot] = count
        if lot != "damaged" and count > 4 and chance.share(*identity, "one") < 0.3:
            parts[lot], parts["damaged"] = count - 1, 1
        return [GradedLine(line.line_ref, line.item_code, qty, grade) for grade, qty in parts.items() if qty]

    # Helpers

    def _tell(self, made: Return, kind: str, now: datetime) -> None:
        event_id = fresh_id()
        event = {
            "event_id": event_id,
            "event_type": kind,
            "occurred_at": whole_seconds(now),
            "order_ref": made.order_ref,
            "request_ref": made.request_ref,
            "rma_no": made.rma_no,
            "site_code": made.site_code,
            "graded": made.graded,
        }
        self._around.announce(made.order_ref, event_id, event, now)

    def _book(
        self, at: datetime, made: Return, effect: str, line: str, item: str, quantity: int, status: str,
        grade: str = "", detail: dict[str, object] | None = None,
    ) -> None:  # fmt: skip
        purpose = f"{made.request_ref}/{grade}" if grade else made.request_ref
        self._around.ledger.write(
            at, effect, made.rma_no, order=made.order_ref, purpose=purpose, line=line, site=made.site_code, sku=item,
            quantity=quantity, status=status, detail=detail,
        )  # fmt: skip

    def _known(self, call: Call) -> Return:
        number = call.arguments["rma_no"]
        if number not in self._returns:
            raise Refused(404, "E4044", f"Return {number} is unknown")
        return self._returns[number]


def _counted(parts: list[tuple[str, str, str, int]]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for line, item, grade, quantity in parts:
        found[line, item, grade] = found.get((line, item, grade), 0) + quantity
    return found
