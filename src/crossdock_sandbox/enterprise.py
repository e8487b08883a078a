"""One distributor's systems, joined where real ones are joined by trucks and banks rather than by messages.

Goods handed over by the warehouse move at the carrier; goods arriving from a supplier are in the warehouse's stock;
money collected clears the invoice; customers who got goods write to the helpdesk. Everything else has to be told, over
HTTP, by whoever coordinates the systems.
"""

from functools import partial
from typing import Protocol

from .buyers import Buyers
from .carrier import Carrier
from .chance import Chance
from .clock import Agenda
from .crm import Crm
from .customers import Bill, Customers, Parcel
from .erp import Erp, Invoice
from .helpdesk import Helpdesk
from .ledger import Ledger
from .mail import Mail
from .payment import Payment
from .supplier import SupplierPortal
from .surroundings import Surroundings
from .tax import Tax
from .webhooks import Courier
from .wire import Dialect, Route
from .wms import Wms
from .world import Distributor


class System(Protocol):
    @property
    def dialect(self) -> Dialect: ...

    @property
    def routes(self) -> tuple[Route, ...]: ...


SYSTEMS = ("erp", "wms", "carrier", "tax", "payment", "supplier", "helpdesk", "mail", "crm")


class Enterprise:
    def __init__(self, distributor: Distributor, agenda: Agenda, courier: Courier) -> None:
        self.distributor = distributor
        self.ledgers = {system: Ledger() for system in SYSTEMS}
        chance = Chance(distributor.seed, distributor.tenant)

        def around(system: str) -> Surroundings:
            return Surroundings(system, self.distributor, agenda, chance, self.ledgers[system], courier)

        erp, carrier = Erp(around("erp")), Carrier(around("carrier"))
        # The warehouse and the supplier portal know each other: expected dates one way, receipts the other.
        wms = Wms(around("wms"), carrier.hand_over)
        self.portal = SupplierPortal(around("supplier"), wms.receive)
        wms.expected_on = self.portal.expected_on
        helpdesk = Helpdesk(around("helpdesk"))
        self.customers = Customers(around("helpdesk"), helpdesk, partial(_parcel, wms))
        carrier.signs = self.customers.signs
        carrier.delivered = self.customers.delivered
        erp.billed = lambda invoice, now: self.customers.billed(_bill(invoice), now)
        crm = Crm(around("crm"))
        self.buyers = Buyers(around("crm"), crm)
        systems: tuple[System, ...] = (
            erp,
            wms,
            carrier,
            Tax(around("tax")),
            Payment(around("payment"), erp.receive),
            self.portal,
            helpdesk,
            Mail(around("mail")),
            crm,
        )
        self.systems = {system.dialect.system: system for system in systems}


def _parcel(wms: Wms, tracking: str) -> Parcel | None:
    shipment = wms.shipped_with(tracking)
    return shipment and Parcel(shipment.order_ref, [(line.line_ref, line.qty) for line in shipment.lines])


def _bill(invoice: Invoice) -> Bill:
    lines = [(i.pos, int(i.qty), i.net_value) for i in invoice.items if i.qty >= 1]
    return Bill(invoice.inv_doc, invoice.ext_ref, invoice.delivery_ref, lines)
