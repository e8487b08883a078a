"""The customers' side before a sale: who asks for a quote, what they answer, and who wants to become a customer.

Nobody asks unless told to: a season of asking is set from outside, by how many and until when. Who asks, for what, with
which discount in mind, and what becomes of a proposal follows from the number of the inquiry, so a run of the same
season has the same inquiries and answers. A customer that is pleased with at most what it had in mind accepts; one that
gets less than half of it asks once more; some never answer.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from .crm import Answer, Application, Crm, Inquiry, Proposal, Wish
from .prospects import tax_number
from .surroundings import Surroundings

NAMES = ("Fjord", "Granite", "Harbour", "Juniper", "Lantern", "Meridian", "Northgate", "Orchard", "Pinewood", "Quarry")
TRADES = ("Supply", "Works", "Builders", "Maintenance", "Stores")


class Season(msgspec.Struct, forbid_unknown_fields=True, rename={"since": "from"}):
    """inquiries and applications are spread evenly between `from` and `until`."""

    tenant: str
    since: datetime
    until: datetime
    inquiries: int = 0
    applications: int = 0


class Buyers:
    def __init__(self, around: Surroundings, crm: Crm) -> None:
        self._around = around
        self._crm = crm
        self._asked: dict[str, Inquiry] = {}
        self._applied = 0
        crm.proposed = self.proposed

    def season(self, wanted: Season) -> int:
        """Returns how many will ask or apply."""
        length = max(timedelta(0), wanted.until - wanted.since)
        for n in range(wanted.inquiries):
            inquiry = self._inquiry(len(self._asked) + 1)
            self._asked[inquiry.id] = inquiry
            at = wanted.since + length * (n + 1) / (wanted.inquiries + 1)
            self._around.agenda.at(at, lambda now, inquiry=inquiry: self._crm.inquire(inquiry, now))
        for n in range(wanted.applications):
            self._applied += 1
            application = self._application(self._applied)
            at = wanted.since + length * (n + 1) / (wanted.applications + 1)
            self._around.agenda.at(at, lambda now, of=application: self._crm.apply(of, now))
        return wanted.inquiries + wanted.applications

    def _inquiry(self, number: int) -> Inquiry:
        chance, world = self._around.chance, self._around.distributor
        name = f"RFQ-{number:05d}"
        good = [c for c in world.customers if not c.on_hold and not c.low_credit and not c.opening_overdue]
        customer = chance.pick(good, name, "customer")
        wishes: list[Wish] = []
        for place in range(1, 1 + chance.whole(1, 4, name, "lines")):
            item = chance.pick(world.items, name, str(place), "item")
            count = chance.whole(2, 20, name, str(place), "count")
            wishes.append(Wish(str(place), item.sku, count, item.sales_unit))
        return Inquiry(
            id=name,
            customer_number=customer.customer_id,
            currency_code=customer.currency,
            email=customer.email,
            positions=wishes,
            discount_wish=chance.pick((0, 0, 3, 5, 8, 12, 25), name, "discount"),
            remark="",
        )

    def proposed(self, proposal: Proposal, now: datetime) -> None:
        inquiry = self._asked.get(proposal.inquiry)
        if inquiry is None:
            return
        chance, name = self._around.chance, inquiry.id
        identity = (name, str(proposal.revision))
        mood = chance.share(name, "mood")
        later = now + chance.minutes(120, 3 * 1440, *identity, "answers")
        if mood < 0.12:
            return  # never answers
        if mood < 0.24:
            answer = Answer(inquiry=name, revision=proposal.revision, answer="declined", remark="Bought elsewhere")
        elif mood < 0.36 and proposal.revision == 1:
            fewer = [Wish(w.position, w.product, max(1, w.count // 2), w.packaging) for w in inquiry.positions]
            answer = Answer(
                inquiry=name, revision=1, answer="revise", positions=fewer, discount_wish=inquiry.discount_wish,
                remark="We need fewer",
            )  # fmt: skip
        else:
            order = f"PO-{name}"
            answer = Answer(inquiry=name, revision=proposal.revision, answer="accepted", purchase_order=order)
        self._around.agenda.at(later, lambda at: self._crm.answer(answer, at))

    def _application(self, number: int) -> Application:
        """One in five has the tax number of a customer, one in five a wrong one."""
        chance, world, name = self._around.chance, self._around.distributor, f"AP-{number:05d}"
        like = chance.pick(world.customers, name, "like")
        kind = chance.whole(0, 4, name, "kind")
        model = like if kind == 0 else msgspec.structs.replace(like, customer_id=name)
        tax = tax_number(chance, model)
        if kind == 1:
            tax = tax[:-1] if tax[-1:].isdigit() else tax
        place = like.ship_to
        return Application(
            id=name,
            company=f"{chance.pick(NAMES, name, 'name')} {chance.pick(TRADES, name, 'trade')} {number}",
            tax_number=tax,
            email=f"office@applicant{number}.example",
            language=like.language,
            street=place.lines[0],
            city=place.city,
            postal_code=place.postal_code,
            country=place.country,
            wanted_limit=int(Decimal(chance.pick((2_000, 8_000, 20_000, 60_000), name, "limit"))),
        )
