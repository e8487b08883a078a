"""`call: document-send@crossdock`: a workflow tells the buyer what becomes of its order.

The document is written in the transaction of the advance, under the key of the call: a repeated call finds what the
first one wrote. An order that no trading partner sent in a format with answers has nobody to tell, and a partner whose
agreements do not name the document does not want it; neither is a fault.

What is told comes in one of two ways: as `state`, line by line in the unit ordered, or as `facts`, as the process
knows its order (telling.py makes the one of the other).
"""

from dataclasses import replace
from datetime import UTC, date
from typing import Any, TypeAlias, assert_never

import msgspec

from crossdock import exactjson
from crossdock.canonical.response import OrderResponse
from crossdock.db import Tx
from crossdock.errors import Finding, PartnerError
from crossdock.flow.facts import Error
from crossdock.flow.faults import VALIDATION
from crossdock.flow.outcomes import Begun, Done, Failed, Invocation
from crossdock.partners.maps.canonical import Canonical
from crossdock.partners.reconciling import store as chains
from crossdock.partners.sending import responses, store, telling
from crossdock.partners.sending.store import Kind, Ordered

State: TypeAlias = responses.Response | responses.Despatch | responses.Bill
Facts: TypeAlias = telling.Told | telling.Weighed | telling.Gone | telling.Due
STATES: dict[Kind, type[State]] = {
    Kind.RESPONSE: responses.Response,
    Kind.DESPATCH: responses.Despatch,
    Kind.INVOICE: responses.Bill,
}
FACTS: dict[Kind, type[Facts]] = {
    Kind.RESPONSE: telling.Told,
    Kind.CHANGE: telling.Weighed,
    Kind.DESPATCH: telling.Gone,
    Kind.INVOICE: telling.Due,
}


class DocumentSend:
    """{kind, state | facts, order?} → {sent, document, type, control, deadline} or {sent: false, reason}"""

    async def start(self, tx: Any, call: Invocation) -> Begun:
        given: dict[str, Any] = call.arguments
        order_no = str(given.get("order") or call.business_key)
        if (before := await store.by_key(tx, call.tenant_id, call.key)) is not None:
            return Done(_output(before["document"], before["type"], before["control"], before["deadline"]))
        to = await store.ordered(tx, call.tenant_id, order_no)
        if to is None:
            return Done({"sent": False, "reason": f"order {order_no} came from no partner whose format has answers"})
        now = call.now.astimezone(UTC)
        try:
            kind = _kind(given["kind"])
            if not await store.wanted(tx, call.tenant_id, to, kind):
                reason = f"{to.partner_id} wants no {store.type_of(to.syntax, kind)}"
                return Done({"sent": False, "reason": reason})
            to, state = await _told(tx, call.tenant_id, to, kind, given, now.date())
            content, number = (state, to.order_no) if isinstance(state, OrderResponse) else _content(to, state, call)
            sent = await store.send(
                *(tx, call.tenant_id, to, kind, content, number, now),
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


def _kind(word: object) -> Kind:
    if word in FACTS:
        return Kind(str(word))
    text = "Say one of them."
    raise PartnerError([Finding("document.kind", "kind", ", ".join(FACTS), str(word), text)])


async def _told(
    tx: Tx, tenant_id: str, to: Ordered, kind: Kind, given: dict[str, Any], today: date
) -> tuple[Ordered, State | OrderResponse]:
    """The order as its buyer wants it now, and what is told of it."""
    if "state" in given and kind in STATES:
        return to, msgspec.convert(exactjson.plain(given["state"]), STATES[kind], strict=False)
    facts = msgspec.convert(exactjson.plain(given.get("facts") or {}), FACTS[kind], strict=False)
    order = telling.as_changed(to.order, facts.changed)
    to = replace(to, order=order)
    pieces = [(a.line, a.quantity, a.pieces) for a in facts.agreed if a.unit != telling.BASE]
    await chains.learn_units(tx, tenant_id, to.document_id, pieces, telling.BASE)
    match facts:
        case telling.Told():
            return to, telling.response(order, facts, to.order_no)
        case telling.Weighed():
            words, xml = to.syntax != "edifact", to.syntax if to.syntax in store.UNACKNOWLEDGED else ""
            return to, telling.change(order, facts, to.order_no, today, words=words, xml=xml)
        case telling.Gone():
            return to, telling.despatch(facts, today)
        case telling.Due():
            return to, telling.bill(facts, today)
        case _:
            assert_never(facts)


def _content(to: Ordered, state: State, call: Invocation) -> tuple[Canonical, str]:
    """The canonical document, and the number people know it by."""
    edifact, now = to.syntax == "edifact", call.now.astimezone(UTC)
    xml = to.syntax if to.syntax in store.UNACKNOWLEDGED else ""
    match state:
        case responses.Response():
            named = msgspec.structs.replace(state, number=state.number or to.order_no)
            return responses.response(to.order, named, now.date(), words=not edifact, xml=xml), named.number
        case responses.Despatch():
            return responses.despatch(to.order, state, now, levels=not edifact, xml=xml), state.shipment
        case responses.Bill():
            kind = "state_and_local" if to.syntax == "x12" else "vat"
            return responses.invoice(to.order, state, tax_kind=kind, xml=xml), state.invoice
        case _:
            assert_never(state)
