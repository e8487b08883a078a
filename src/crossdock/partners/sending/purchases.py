"""Our own orders to suppliers: an 850, ORDERS, UBL Order or OrderRequest, by what was agreed with the partner.

It goes through the same outbox as what we answer customers, begins a chain, and everything the supplier then sends
about it is compared with it (docs/reconciliation.md).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from crossdock import ids
from crossdock.canonical.order import PurchaseOrder
from crossdock.db import Tx
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.partners.agreements import deadlines, terms
from crossdock.partners.agreements.terms import Direction
from crossdock.partners.profiles import CUSTOMER, Identifier, Mode, Profile
from crossdock.partners.sending import store
from crossdock.partners.sending.store import SQL, Kind, Ordered, Sent

SYNTAX = {"850": "x12", "ORDERS": "edifact", "Order": "ubl", "OrderRequest": "cxml"}


async def send(
    tx: Tx, tenant_id: str, partner_id: str, order: PurchaseOrder, now: datetime, *, key: str, by: str
) -> Sent:
    """Writes our order and offers it; a repeated key finds the first. In X12 where no agreement says otherwise.

    Raises NotFound for an unknown partner, PartnerError naming what its format cannot take.
    """
    if (before := await store.by_key(tx, tenant_id, key)) is not None:
        return Sent(
            document_id=UUID(before["document"]), type=before["type"], control=str(before["control"]),
            deadline=before["deadline"],
        )  # fmt: skip
    partner = await deadlines.profile_of(tx, tenant_id, partner_id)
    if partner is None:
        raise NotFound(f"No partner {partner_id!r}.")
    syntax, version = _agreed(partner)
    test = partner.mode is Mode.TEST
    theirs, ours = _ends(partner, await tx.fetchrow(SQL["addresses"], tenant_id, partner_id), test)
    to = Ordered(
        document_id=ids.new(),
        order_no=order.number,
        partner_id=partner_id,
        customer_id="",
        syntax=syntax,
        sender=theirs,
        receiver=ours or f"ZZ:{tenant_id.upper()}"[:18],
        version=store.version_of(syntax, version),
        test=test,
        order=order,
        fresh=True,
    )
    return await store.send(tx, tenant_id, to, Kind.ORDER, order, order.number, now, key=key, by=by)


def _agreed(partner: Profile) -> tuple[str, str]:
    """Syntax and version of the orders it reads."""
    for a in partner.agreements:
        if a.direction is Direction.OUT and terms.kind_of(a.document) is terms.Kind.ORDER and a.document in SYNTAX:
            return SYNTAX[a.document], a.version
    return "x12", ""


def _ends(partner: Profile, last: Any, test: bool) -> tuple[str, str]:
    """(it, we): as its profile says, else as the two last named each other; "" where nothing says who we are."""
    named = partner.test_identifiers if test else ()
    theirs = str(named[0]) if named else last["sender"] if last is not None else str(_identifier(partner))
    us = (partner.test_receivers if test else ()) or partner.ours
    return theirs, str(us[0]) if us else last["receiver"] if last is not None else ""


def _identifier(partner: Profile) -> Identifier:
    found = next((i for i in partner.identifiers if i.scheme != CUSTOMER), None)
    if found is None:
        text = "Give the partner the identifier under which it receives orders."
        where = f"partner {partner.id}"
        raise PartnerError([Finding("partner.identifier", where, "an identifier such as ZZ:ACME", "none", text)])
    return found
