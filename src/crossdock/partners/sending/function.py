"""`call: document-send@crossdock`: a workflow tells the buyer what becomes of its order.

The document is written in the transaction of the advance, under the key of the call: a repeated call finds what the
first one wrote. An order that no trading partner sent in X12 or EDIFACT has nobody to tell, which is no fault.
"""

from datetime import UTC
from typing import Any, TypeAlias, assert_never

import msgspec

from crossdock import exactjson
from crossdock.errors import PartnerError
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Begun, Done, Failed, Invocation
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.sending import responses, store
from crossdock.partners.sending.store import Kind, Ordered

VALIDATION = "https://serverlessworkflow.io/spec/1.0.0/errors/validation"
State: TypeAlias = responses.Response | responses.Despatch | responses.Bill
STATES: dict[Kind, type[State]] = {
    Kind.RESPONSE: responses.Response,
    Kind.DESPATCH: responses.Despatch,
    Kind.INVOICE: responses.Bill,
}


class DocumentSend:
    """{kind, state, order?} → {sent, document, type, control, deadline} or {sent: false, reason}"""

    async def start(self, tx: Any, call: Invocation) -> Begun:
        given: dict[str, Any] = call.arguments
        order_no = str(given.get("order") or call.business_key)
        if (before := await store.by_key(tx, call.tenant_id, call.key)) is not None:
            return Done(_output(before["document"], before["type"], before["control"], before["deadline"]))
        to = await store.ordered(tx, call.tenant_id, order_no)
        if to is None:
            return Done({"sent": False, "reason": f"order {order_no} came from no partner who reads X12 or EDIFACT"})
        try:
            kind = Kind(given["kind"])
            state = msgspec.convert(exactjson.plain(given["state"]), STATES[kind], strict=False)
            content, number = _content(to, state, call)
            sent = await store.send(
                *(tx, call.tenant_id, to, kind, content, number, call.now.astimezone(UTC)),
                key=call.key,
                by=f"workflow:{call.instance_id}",
            )
        except (PartnerError, msgspec.ValidationError) as e:
            error = Error(VALIDATION, 400, "The document cannot be written", str(e), extra={"code": "document.refused"})
            return Failed(error)
        return Done(_output(str(sent.document_id), sent.type, int(sent.control), sent.deadline))


def _output(document: str, type_: str, control: int, deadline: Any) -> dict[str, Any]:
    due = deadline.isoformat() if deadline is not None else None
    return {"sent": True, "document": document, "type": type_, "control": control, "deadline": due}


def _content(to: Ordered, state: State, call: Invocation) -> tuple[Canonical, str]:
    """The canonical document, and the number people know it by."""
    x12, now = to.syntax == "x12", call.now.astimezone(UTC)
    match state:
        case responses.Response():
            named = msgspec.structs.replace(state, number=state.number or to.order_no)
            return responses.response(to.order, named, now.date(), words=x12), named.number
        case responses.Despatch():
            return responses.despatch(to.order, state, now, levels=x12), state.shipment
        case responses.Bill():
            kind = "state_and_local" if x12 else "vat"
            return responses.invoice(to.order, state, tax_kind=kind), state.invoice
        case _:
            assert_never(state)
