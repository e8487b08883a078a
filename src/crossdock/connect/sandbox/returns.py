"""Returns at the sandbox's WMS, which honours no idempotency keys: what we announced is found by order and request."""

from collections.abc import Mapping

import msgspec

from crossdock.connect import roles
from crossdock.connect.wire import Action, Ask, Misfit, action, one, read, segment, whole


class Line(msgspec.Struct, frozen=True):
    line_ref: str
    item_code: str
    qty: int


class Placed(msgspec.Struct, frozen=True):
    line_ref: str
    item_code: str
    qty: int
    grade: str
    place: str


class Return(msgspec.Struct, frozen=True):
    rma_no: str
    request_ref: str
    state: str
    lines: tuple[Line, ...]
    put_away: tuple[Placed, ...] = ()


class Returns(msgspec.Struct, frozen=True):
    rows: tuple[Return, ...]


def _ask_expect(a: roles.ExpectReturnArguments) -> Ask:
    lines = [
        {"line_ref": n.line, "item_code": n.sku, "qty": whole(n.quantity, f"/lines/{place}/quantity")}
        for place, n in enumerate(a.lines)
    ]
    body = {
        "order_ref": a.order,
        "request_ref": a.request,
        "site_code": a.site,
        "reason_code": a.reason,
        "lines": lines,
    }
    return Ask("POST", "/v1/returns", body=body)


def _read_expect(a: roles.ExpectReturnArguments, body: bytes) -> roles.ExpectedReturn:
    return roles.ExpectedReturn(rma=read(Return, body).rma_no)


def _find_expect(a: roles.ExpectReturnArguments) -> Ask:
    return Ask("GET", "/v1/returns", {"order_ref": a.order, "request_ref": a.request})


def _found_expect(a: roles.ExpectReturnArguments, body: bytes) -> roles.ExpectedReturn | None:
    wanted = sorted((n.line, n.sku, n.quantity) for n in a.lines)
    same = [
        row
        for row in read(Returns, body).rows
        if row.state != "cancelled" and sorted((n.line_ref, n.item_code, n.qty) for n in row.lines) == wanted
    ]
    found = one(same, "returns")
    return roles.ExpectedReturn(rma=found.rma_no) if found else None


def _ask_cancel(a: roles.CancelReturnArguments) -> Ask:
    return Ask("POST", f"/v1/returns/{segment(a.rma)}/cancel")


def _read_cancel(a: roles.CancelReturnArguments, body: bytes) -> roles.Cancelled:
    row = read(Return, body)
    if row.state != "cancelled":
        raise Misfit("state", "cancelled", row.state)
    return roles.Cancelled(cancelled=row.rma_no)


def _find_one(a: roles.CancelReturnArguments | roles.PutAwayArguments) -> Ask:
    return Ask("GET", f"/v1/returns/{segment(a.rma)}")


def _found_cancel(a: roles.CancelReturnArguments, body: bytes) -> roles.Cancelled | None:
    row = read(Return, body)
    return roles.Cancelled(cancelled=row.rma_no) if row.state == "cancelled" else None


def _ask_put_away(a: roles.PutAwayArguments) -> Ask:
    lines = [
        {
            "line_ref": n.line,
            "item_code": n.sku,
            "qty": whole(n.quantity, f"/lines/{place}/quantity"),
            "grade": n.grade,
            "place": n.place,
        }
        for place, n in enumerate(a.lines)
    ]
    return Ask("POST", f"/v1/returns/{segment(a.rma)}/put-away", body={"lines": lines})


def _read_put_away(a: roles.PutAwayArguments, body: bytes) -> roles.ExpectedReturn:
    return roles.ExpectedReturn(rma=read(Return, body).rma_no)


def _found_put_away(a: roles.PutAwayArguments, body: bytes) -> roles.ExpectedReturn | None:
    """A return is put away once and whole, so the state alone tells."""
    row = read(Return, body)
    return roles.ExpectedReturn(rma=row.rma_no) if row.state == "put-away" else None


ACTIONS: Mapping[str, Action] = {
    "wms.expectReturn": action(_ask_expect, _read_expect, _find_expect, _found_expect),
    "wms.cancelReturn": action(_ask_cancel, _read_cancel, _find_one, _found_cancel),
    "wms.putAway": action(_ask_put_away, _read_put_away, _find_one, _found_put_away),
}
