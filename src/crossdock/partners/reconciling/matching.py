"""The comparison of an order with every document about it. Pure: no clock but the day it is given.

Quantities are added up by line before they are compared, so it is all one in how many shipments or invoices goods come.
What is *too much* is a difference at once. What is *too little* is one when the rest is due: a later document has named
the shipment, or its time is over. Credit notes pay back what was billed too much; what they pay back is no difference
any more. One cause is one difference: a short receipt that was billed in full is not told again as an invoice.

Reference of prices: for a customer's order what we promised, where we did; for ours what we ordered.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from crossdock.canonical.identifiers import same_gtin
from crossdock.canonical.order import ItemId, ItemScheme
from crossdock.partners.reconciling.model import (
    Became,
    Comparison,
    Difference,
    Fate,
    Kind,
    LineChain,
    LineChange,
    Paid,
    Said,
    Side,
    State,
    Statement,
    Terms,
    Totals,
    Units,
    cents,
    shown,
)

NONE = Fraction(0)
CENT = Fraction(1, 100)


@dataclass(slots=True)
class _Part:
    """A part of a line in one document, in the ordered unit."""

    statement: Statement
    quantity: Fraction
    said: Said
    amount: Fraction = NONE
    price: Fraction = NONE  # per ordered unit
    converted: bool = False  # its unit is not the ordered one
    on: date | None = None


@dataclass(slots=True)
class _Line:
    number: str
    items: tuple[ItemId, ...]
    unit: str
    ordered: Fraction
    price: Fraction | None
    on: date | None
    ordered_by: list[str]
    response: str = ""
    accepted: Fraction | None = None
    backordered: Fraction = NONE
    refused: Fraction = NONE
    promised_price: Fraction | None = None
    promised_on: date | None = None
    backorder_on: date | None = None
    shipped: list[_Part] = field(default_factory=list[_Part])
    received: list[_Part] = field(default_factory=list[_Part])
    invoiced: list[_Part] = field(default_factory=list[_Part])
    credited: list[_Part] = field(default_factory=list[_Part])
    told: list[Difference] = field(default_factory=list[Difference])

    @property
    def promised(self) -> Fraction | None:
        return None if self.accepted is None else self.accepted + self.backordered

    @property
    def expected(self) -> Fraction:
        """What is to come: as promised, else as ordered."""
        return self.ordered if self.promised is None else self.promised


@dataclass(slots=True)
class _Asked:
    """What a change asks of one line, and what became of it."""

    by: Statement
    said: Said
    fate: Fate = Fate.ASKED
    line: _Line | None = None
    quantity: Fraction | None = None  # before
    price: Fraction | None = None
    on: date | None = None

    def before(self, line: _Line | None) -> None:
        self.line = line
        if line is not None:
            self.quantity, self.price, self.on = line.ordered, line.price, line.on


def compare(
    side: Side,
    order: Statement,
    statements: Sequence[Statement],
    terms: Terms,
    today: date,
    units: Units | None = None,
) -> Comparison:
    """statements: in the order in which they came, the order itself not among them.

    Raises nothing: what cannot be compared is a difference of its own.
    """
    chain = _Chain(side, order, terms, today, units or Units())
    for statement in _latest(statements):
        chain.hear(statement)
    return chain.result()


def _latest(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Of documents with one kind and number, the last; at the place of the first."""
    last: dict[tuple[Kind, str], Statement] = {}
    for s in statements:
        last[s.kind, s.number or s.document] = s
    return iter(last.values())


_Where: TypeAlias = Callable[[_Line], list[_Part]]


class _Chain:
    def __init__(self, side: Side, order: Statement, terms: Terms, today: date, units: Units) -> None:
        self.side, self.order, self.terms, self.today, self.units = side, order, terms, today, units
        self.lines: dict[str, _Line] = {}
        self.differences: list[Difference] = []
        self.invoices: dict[str, Statement] = {}
        self.credits: list[Statement] = []
        self.payments: list[tuple[Statement, Paid]] = []
        self.receipts: set[str] = set()  # shipments that a receipt is about
        self.bills: set[str] = set()
        self.later: list[date] = []
        self.asked: list[_Asked] = []
        for said in order.lines:
            self._add_line(said, order)

    def _add_line(self, said: Said, by: Statement) -> _Line:
        line = _Line(
            number=said.line,
            items=said.items,
            unit=said.unit,
            ordered=_fraction(said.quantity),
            price=_optional(said.price),
            on=said.on,
            ordered_by=[by.document],
        )
        self.lines[line.number] = line
        return line

    # ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def hear(self, s: Statement) -> None:
        if s.currency and self.order.currency and s.currency != self.order.currency and s.kind is not Kind.RECEIPT:
            text = f"{_name(s)} is in {s.currency}, the order in {self.order.currency}."
            total = _fraction(s.total)
            self._differ("currency", "", self.order.currency, s.currency, total, (s,), text)
        match s.kind:
            case Kind.ORDER:
                return
            case Kind.CHANGE:
                self._ask(s)
            case Kind.ANSWER:
                self._answered(s)
            case Kind.RESPONSE:
                self._responded(s)
            case Kind.DESPATCH:
                self._add(s, lambda line: line.shipped)
            case Kind.RECEIPT:
                self.receipts |= s.about
                self._add(s, lambda line: line.received)
            case Kind.INVOICE:
                self.bills |= s.about
                self.invoices[s.number] = s
                self._add(s, lambda line: line.invoiced)
            case Kind.CREDIT:
                self.credits.append(s)
                self._add(s, lambda line: line.credited)
            case Kind.REMITTANCE:
                self.payments += [(s, p) for p in s.paid]

    def _ask(self, s: Statement) -> None:
        """A change asks; the order is as it was until the answer takes it, or a response promises what it asks."""
        named: set[str] = set()
        for said in s.lines:
            line = self._line(said)
            named.add(line.number if line is not None else said.line)
            self.asked.append(_Asked(s, said))
        if s.wanted_on is not None:
            rest = [n for n in self.lines.values() if n.number not in named]
            self.asked += [_Asked(s, Said(line=n.number, items=n.items, on=s.wanted_on)) for n in rest]

    def _answered(self, s: Statement) -> None:
        for ask in self.asked:
            if ask.fate is Fate.ASKED and ask.by.number == s.number:
                self._settle(ask, Fate.REFUSED if ask.said.line in s.refused else Fate.TAKEN)

    def _settle(self, ask: _Asked, fate: Fate) -> None:
        """What a change says of a line, from now on; what was promised before was promised of something else."""
        line, said = self._line(ask.said), ask.said
        ask.before(line)
        ask.fate = fate
        if fate is not Fate.TAKEN:
            return
        if line is None:
            ask.line = self._add_line(said, ask.by)
            return
        factor = self._factor(line, said) or Fraction(1)
        line.ordered_by.append(ask.by.document)
        if said.quantity is not None:
            line.ordered = _fraction(said.quantity) * factor
        if said.price is not None:
            line.price = _fraction(said.price) / factor
        line.on = said.on or line.on
        line.accepted = line.promised_price = line.promised_on = line.backorder_on = None
        line.backordered = line.refused = NONE

    def _taken_by(self, s: Statement) -> None:
        """A response of the order that adds up to what a change asks has taken it, whether it was answered or not."""
        totals: dict[str, Fraction] = {}
        for said in s.lines:
            line = self._line(said) if said.quantity is not None else None
            if line is not None and (factor := self._factor(line, said)) is not None:
                totals[line.number] = totals.get(line.number, NONE) + _fraction(said.quantity) * factor
        for ask in self.asked:
            line = self._line(ask.said)
            if ask.fate is Fate.ASKED and line is not None and ask.said.quantity is not None:
                factor = self._factor(line, ask.said)
                wanted = None if factor is None else _fraction(ask.said.quantity) * factor
                if wanted != line.ordered and totals.get(line.number) == wanted:
                    for other in self.asked:
                        if other.by is ask.by and other.fate is Fate.ASKED:
                            self._settle(other, Fate.TAKEN)

    def _responded(self, s: Statement) -> None:
        self._taken_by(s)
        by_line: dict[str, list[tuple[_Line, Said, Fraction]]] = {}
        for said in s.lines:
            if (found := self._part(s, said)) is not None:
                line, part = found
                by_line.setdefault(line.number, []).append((line, said, part.quantity))
        for parts in by_line.values():
            line = parts[0][0]
            line.response, line.accepted = s.document, NONE
            line.backordered, line.refused = NONE, NONE
            for _, said, quantity in parts:
                match said.became:
                    case Became.BACKORDERED:
                        line.backordered += quantity
                        line.backorder_on = said.on or line.backorder_on
                    case Became.REFUSED:
                        line.refused += quantity
                    case Became.ACCEPTED | None:
                        line.accepted += quantity
                        line.promised_on = said.on or line.promised_on
                if said.price is not None and (factor := self._factor(line, said)) is not None:
                    line.promised_price = _fraction(said.price) / factor
                line.items += tuple(i for i in said.items if i not in line.items)  # a substitute is known from now on

    def _add(self, s: Statement, where: _Where) -> None:
        for said in s.lines:
            if (found := self._part(s, said)) is not None:
                where(found[0]).append(found[1])

    def _part(self, s: Statement, said: Said) -> tuple[_Line, _Part] | None:
        line = self._line(said)
        if line is None:
            named = said.line or ", ".join(i.value for i in said.items) or "without a number"
            text = f"{_name(s)} has a line that the order does not have."
            self._differ("line.unknown", said.line, "a line of the order", named, _amount(said), (s,), text)
            return None
        factor = self._factor(line, said)
        if factor is None:
            text = f"{_name(s)} counts in {said.unit}; how many {line.unit} that is was not agreed."
            self._differ("unit.unknown", line.number, line.unit, said.unit, _amount(said), (s,), text)
            return None
        quantity, amount = _fraction(said.quantity) * factor, _amount(said)
        price = _fraction(said.price) / factor if said.price is not None else amount / quantity if quantity else NONE
        return line, _Part(s, quantity, said, amount, price, factor != 1, said.on or s.on)

    def _factor(self, line: _Line, said: Said) -> Fraction | None:
        return self.units.of(line.number, line.unit, said.unit)

    def _line(self, said: Said) -> _Line | None:
        """By its item, else by its number: partners number their own lines, and name our items."""
        meant = [n for n in self.lines.values() if _overlap(n.items, said.items)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            return next((n for n in meant if n.number == said.line), meant[0])
        named = self.lines.get(said.line)
        if named is None and said.line:
            bare = said.line.lstrip("0")
            named = next((n for n in self.lines.values() if n.number.lstrip("0") == bare), None)
        if named is None or not _comparable(named.items, said.items) or said.became is not None:
            return named
        return None  # the number of a line, and the item of none

    # ── finding ─────────────────────────────────────────────────────────────────────────────────────────────────

    def result(self) -> Comparison:
        for line in self.lines.values():
            self._promise(line)
            self._shipment(line)
            self._bill(line)
        self._charges()
        self._payments()
        found = tuple(sorted(self.differences, key=lambda d: (d.told, d.line, d.code)))
        real = [d for d in found if not d.told]
        state = State.DIFFERS if real else State.CLEAR if self._complete() else State.OPEN
        lines = tuple(self._chain(line, found) for line in self.lines.values())
        upcoming = [d for d in self.later if d > self.today]
        again_on = min(upcoming, default=None)
        return Comparison(
            state=state,
            lines=lines,
            totals=self._totals(),
            differences=found,
            again_on=again_on,
            changes=tuple(self._change(a) for a in self.asked),
        )

    def _change(self, ask: _Asked) -> LineChange:
        if ask.fate is Fate.ASKED:
            ask.before(self._line(ask.said))
        said, line = ask.said, ask.line
        factor = (self._factor(line, said) if line is not None else None) or Fraction(1)
        return LineChange(
            document=ask.by.document,
            sequence=ask.by.number,
            line=line.number if line is not None else said.line,
            fate=ask.fate,
            quantity_before=_shown(ask.quantity) if said.quantity is not None else None,
            quantity_after=None if said.quantity is None else shown(_fraction(said.quantity) * factor),
            price_before=_shown(ask.price) if said.price is not None else None,
            price_after=None if said.price is None else shown(_fraction(said.price) / factor),
            day_before=ask.on if said.on is not None else None,
            day_after=said.on,
        )

    def _promise(self, line: _Line) -> None:
        if line.accepted is None or line.promised is None:
            return
        ours = self.side is Side.SELLER  # our own word, given knowingly
        documents = (*line.ordered_by, line.response)
        price, promised = line.price or line.promised_price or NONE, line.promised
        if self._apart(promised, line.ordered):
            text = f"Line {line.number}: {_q(line.ordered)} {line.unit} ordered, {_q(promised)} promised."
            money = abs(line.ordered - promised) * price
            self._add_difference(
                "promised.quantity", line, _q(line.ordered), _q(promised), money, documents, text, ours
            )
        if (
            line.price is not None and line.promised_price is not None
            and self._dearer(line.promised_price, line.price)
        ):  # fmt: skip
            text = f"Line {line.number}: ordered at {_q(line.price)}, promised at {_q(line.promised_price)}."
            money = abs(line.promised_price - line.price) * promised
            shown_price = _q(line.price), _q(line.promised_price)
            self._add_difference("promised.price", line, *shown_price, money, documents, text, ours)
        if line.on is not None and line.promised_on is not None and line.promised_on > line.on + self._days:
            text = f"Line {line.number}: wanted on {line.on}, promised for {line.promised_on}."
            said = str(line.on), str(line.promised_on)
            self._add_difference("promised.date", line, *said, line.accepted * price, documents, text, ours)

    def _shipment(self, line: _Line) -> None:
        shipped = _sum(line.shipped)
        price = self._reference(line) or NONE
        sources = tuple(
            dict.fromkeys((*line.ordered_by[-1:], line.response, *(p.statement.document for p in line.shipped)))
        )
        if self._more(shipped, line.expected):
            text = f"Line {line.number}: {_q(line.expected)} {line.unit} expected, {_q(shipped)} shipped."
            money = (shipped - line.expected) * price
            self._add_difference("shipped.more", line, _q(line.expected), _q(shipped), money, sources, text)
        due, late = NONE, NONE
        left: list[tuple[date | None, Fraction]] = _by_day(line.shipped)
        worst: date | None = None
        for quantity, by in self._schedule(line):
            open_ = quantity
            while open_ > 0 and left:
                at, there = left[0]
                taken = min(open_, there)
                if by is not None and at is not None and at > by + self._days:
                    late, worst = late + taken, max(worst or at, at)
                open_ -= taken
                left[:1] = [(at, there - taken)] if there > taken else []
            if by is None:
                continue
            if self.today > by + self._days:
                due += quantity
            elif open_ > 0:
                self.later.append(by + self._days + timedelta(1))
        if late > 0:
            text = f"Line {line.number}: {_q(late)} {line.unit} left after the day promised."
            wanted = str(self._schedule(line)[0][1])
            self._add_difference("shipped.date", line, wanted, str(worst), late * price, sources, text)
        if self._more(due, shipped, of=line.expected):
            text = f"Line {line.number}: {_q(due)} {line.unit} were due, {_q(shipped)} have left."
            self._add_difference("shipped.less", line, _q(due), _q(shipped), (due - shipped) * price, sources, text)

    def _schedule(self, line: _Line) -> list[tuple[Fraction, date | None]]:
        if line.accepted is None:
            return [(line.ordered, line.on)]
        return [(line.accepted, line.promised_on or line.on), (line.backordered, line.backorder_on)]

    def _bill(self, line: _Line) -> None:
        """Receipts and invoices against what left, and credits against what was billed too much."""
        shipped, received, invoiced = _sum(line.shipped), _sum(line.received), _sum(line.invoiced)
        price = self._reference(line)
        credit = sum((p.amount for p in line.credited), NONE)
        base = shipped if self.terms.despatches or line.shipped else line.expected
        over: list[Difference] = []

        wrong = [p for p in line.invoiced if price is not None and self._mispriced(p, price)]
        if price is not None and wrong:
            surplus = sum((p.quantity * (p.price - price) for p in wrong), NONE)
            documents = (*line.ordered_by[-1:], line.response, *(p.statement.document for p in wrong))
            found = ", ".join(dict.fromkeys(_q(p.price) for p in wrong))
            text = f"Line {line.number}: agreed at {_q(price)} a {line.unit}, invoiced at {found}."
            if surplus > 0:
                over.append(_difference("invoiced.price", line, _q(price), found, surplus, documents, text))
            else:  # billed too cheap: a loss of the seller
                kept = self.side is Side.BUYER
                self._add_difference("invoiced.price", line, _q(price), found, -surplus, documents, text, kept)

        documents = tuple(
            p.statement.document for p in (*line.shipped, *line.invoiced)
        ) or (self.order.document,)  # fmt: skip
        each = price if price is not None else _average(line.invoiced)
        if self._more(invoiced, base):
            text = f"Line {line.number}: {_q(base)} {line.unit} shipped, {_q(invoiced)} invoiced."
            over.append(
                _difference("invoiced.more", line, _q(base), _q(invoiced), (invoiced - base) * each, documents, text)
            )
        billable = self._settled(line.shipped, self.bills, self.terms.invoice_days, True)
        returned = sum((p.quantity for p in line.credited), NONE)
        if self._more(billable, invoiced, of=shipped) and not returned:
            text = f"Line {line.number}: {_q(billable)} {line.unit} shipped, {_q(invoiced)} invoiced."
            kept = self.side is Side.BUYER
            money = (billable - invoiced) * each
            self._add_difference("invoiced.less", line, _q(billable), _q(invoiced), money, documents, text, kept)

        documents = tuple(p.statement.document for p in (*line.shipped, *line.received, *line.invoiced))
        if self._more(received, shipped) and line.shipped:
            text = f"Line {line.number}: {_q(shipped)} {line.unit} shipped, {_q(received)} received."
            money = (received - shipped) * each
            self._add_difference("received.more", line, _q(shipped), _q(received), money, documents, text)
        counted = self._settled(line.shipped, self.receipts, self.terms.receipt_days, self.terms.receipts)
        # what was billed as received costs nobody anything, whatever was shipped
        short = min(counted, invoiced) - received if line.invoiced else counted - received
        if short > 0 and self._more(counted, received, of=shipped):
            text = f"Line {line.number}: {_q(counted)} {line.unit} shipped, {_q(received)} received."
            over.append(_difference("received.less", line, _q(counted), _q(received), short * each, documents, text))

        for difference in over:
            covered = min(credit, _fraction(difference.money))
            credit -= covered
            rest = _fraction(difference.money) - covered
            if rest > 0:
                self._keep(replace(difference, money=cents(rest)))
        if credit >= CENT and line.credited:
            text = f"Line {line.number}: {cents(credit)} more was credited than was billed too much."
            documents = tuple(p.statement.document for p in (*line.invoiced, *line.credited))
            kept = self.side is Side.BUYER
            self._add_difference("credited.more", line, "0", str(cents(credit)), credit, documents, text, kept)

    def _settled(self, shipped: Iterable[_Part], named: set[str], days: int, waits: bool) -> Fraction:
        """Of what left, what the next document should have told: it names the shipment, or its time is over."""
        total = NONE
        for p in shipped:
            by = p.on + timedelta(days) if p.on is not None and waits else None
            if p.statement.number in named or (by is not None and self.today > by):
                total += p.quantity
            elif by is not None:
                self.later.append(by + timedelta(1))
        return total

    def _charges(self) -> None:
        """Freight and the like that a supplier adds to what we ordered; ours are told by our own invoice."""
        for s in self.invoices.values():
            if self.side is Side.BUYER and s.charges > max(self.terms.amount, Decimal(0)):
                text = f"{_name(s)} charges {s.charges} that the order does not name."
                self._differ("invoiced.charge", "", "0", str(s.charges), _fraction(s.charges), (self.order, s), text)

    def _payments(self) -> None:
        paid: dict[str, list[tuple[Statement, Paid]]] = {}
        for s, p in self.payments:
            paid.setdefault(p.invoice, []).append((s, p))
        for number, parts in paid.items():
            bill = self.invoices.get(number)
            if bill is None or bill.total is None:
                continue
            back = sum((c.total or Decimal(0) for c in self.credits if number in c.about), Decimal(0))
            due = bill.total - back
            got = sum((p.amount + p.discount for _, p in parts), Decimal(0))
            if abs(due - got) <= self.terms.amount:
                continue
            reasons = "; ".join(dict.fromkeys(r for _, p in parts for r in p.reasons))
            text = f"Invoice {number} is over {due}, {got} was paid." + (f" They say: {reasons}." if reasons else "")
            code = "paid.less" if got < due else "paid.more"
            documents = (bill, *(s for s, _ in parts))
            self._differ(code, "", str(due), str(got), abs(_fraction(due - got)), documents, text)

    # ── tolerances ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _days(self) -> timedelta:
        return timedelta(self.terms.days)

    def _more(self, found: Fraction, expected: Fraction, *, of: Fraction | None = None) -> bool:
        slack = _fraction(self.terms.quantity_percent) / 100 * (expected if of is None else of)
        return found - expected > slack

    def _apart(self, found: Fraction, expected: Fraction) -> bool:
        return abs(found - expected) > _fraction(self.terms.quantity_percent) / 100 * expected

    def _dearer(self, found: Fraction, expected: Fraction) -> bool:
        return abs(found - expected) > _fraction(self.terms.price_percent) / 100 * expected

    def _mispriced(self, part: _Part, price: Fraction) -> bool:
        """Less than a cent of a part is rounding where its price was converted, or has more digits than a cent."""
        if part.quantity == 0 or not self._dearer(part.price, price):
            return False
        fine = part.converted or (price * 100).denominator != 1 or _digits(part.said.price) > 2
        return abs(part.quantity * (part.price - price)) >= CENT if fine else True

    def _reference(self, line: _Line) -> Fraction | None:
        if self.side is Side.SELLER and line.promised_price is not None:
            return line.promised_price
        return line.price if line.price is not None else line.promised_price

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _differ(
        self, code: str, line: str, expected: str, found: str, money: Fraction, by: Sequence[Statement], text: str
    ) -> None:
        documents = tuple(dict.fromkeys(s.document for s in by))
        self._keep(
            Difference(
                code=code, line=line, expected=expected, found=found, money=cents(abs(money)), documents=documents,
                text=text,
            )
        )  # fmt: skip

    def _add_difference(
        self,
        code: str,
        line: _Line,
        expected: str,
        found: str,
        money: Fraction,
        documents: Sequence[str],
        text: str,
        told: bool = False,
    ) -> None:
        self._keep(replace(_difference(code, line, expected, found, money, documents, text), told=told))

    def _keep(self, difference: Difference) -> None:
        if difference.money > 0 and difference.money < self.terms.amount:
            return
        self.differences.append(difference)

    def _complete(self) -> bool:
        return all(
            _sum(n.shipped) >= n.expected and _sum(n.invoiced) >= _sum(n.shipped) for n in self.lines.values()
        ) and bool(self.invoices)  # fmt: skip

    def _chain(self, n: _Line, found: Sequence[Difference]) -> LineChain:
        answered = n.accepted is not None
        days = [p.on for p in n.shipped if p.on is not None]
        return LineChain(
            line=n.number,
            items=n.items,
            unit=n.unit,
            ordered=shown(n.ordered),
            price=None if n.price is None else shown(n.price),
            requested_on=n.on,
            promised=shown(n.accepted) if n.accepted is not None else None,
            backordered=shown(n.backordered) if answered else None,
            refused=shown(n.refused) if answered else None,
            promised_price=None if n.promised_price is None else shown(n.promised_price),
            promised_on=n.promised_on,
            shipped=shown(_sum(n.shipped)),
            shipped_on=max(days, default=None),
            received=shown(_sum(n.received)) if n.received or self.receipts else None,
            invoiced=shown(_sum(n.invoiced)),
            invoiced_amount=cents(sum((p.amount for p in n.invoiced), NONE)),
            credited_amount=cents(sum((p.amount for p in n.credited), NONE)),
            differences=tuple(dict.fromkeys(d.code for d in found if d.line == n.number)),
        )

    def _totals(self) -> Totals:
        prices = {n.number: self._reference(n) for n in self.lines.values()}
        known = all(p is not None for p in prices.values())

        def worth(quantity: Fraction, n: _Line) -> Fraction:
            return quantity * (prices[n.number] or NONE)

        lines = list(self.lines.values())
        invoiced = sum((p.amount for n in lines for p in n.invoiced), NONE)
        credited = sum((p.amount for n in lines for p in n.credited), NONE)
        return Totals(
            ordered=cents(sum((worth(n.ordered, n) for n in lines), NONE)) if known else None,
            shipped=cents(sum((worth(_sum(n.shipped), n) for n in lines), NONE)) if known else None,
            invoiced=cents(invoiced),
            credited=cents(credited),
            billed=sum((s.total or Decimal(0) for s in self.invoices.values()), Decimal(0)),
            paid=sum((p.amount for _, p in self.payments if p.invoice in self.invoices), Decimal(0)),
        )


def _difference(
    code: str, line: _Line, expected: str, found: str, money: Fraction, documents: Sequence[str], text: str
) -> Difference:
    named = tuple(dict.fromkeys(d for d in documents if d))
    return Difference(
        code=code, line=line.number, expected=expected, found=found, money=cents(abs(money)), documents=named, text=text
    )


def _overlap(ours: Sequence[ItemId], theirs: Sequence[ItemId]) -> bool:
    return any(_same_item(a, b) for a in ours for b in theirs)


def _same_item(a: ItemId, b: ItemId) -> bool:
    if a.scheme is not b.scheme:
        return False
    return same_gtin(a.value, b.value) if a.scheme is ItemScheme.GTIN else a.value == b.value


def _comparable(ours: Sequence[ItemId], theirs: Sequence[ItemId]) -> bool:
    return bool({i.scheme for i in ours} & {i.scheme for i in theirs})


def _by_day(parts: Sequence[_Part]) -> list[tuple[date | None, Fraction]]:
    return [(p.on, p.quantity) for p in sorted(parts, key=lambda p: (p.on is None, p.on or date.max))]


def _sum(parts: Iterable[_Part]) -> Fraction:
    return sum((p.quantity for p in parts), NONE)


def _average(parts: Sequence[_Part]) -> Fraction:
    quantity = _sum(parts)
    return sum((p.amount for p in parts), NONE) / quantity if quantity else NONE


def _amount(said: Said) -> Fraction:
    if said.amount is not None:
        return _fraction(said.amount)
    return _fraction(said.quantity) * _fraction(said.price)


def _digits(price: Decimal | None) -> int:
    exponent = price.normalize().as_tuple().exponent if price is not None else 0
    return -exponent if isinstance(exponent, int) else 0


def _fraction(value: Decimal | None) -> Fraction:
    return NONE if value is None else Fraction(value)


def _optional(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def _shown(value: Fraction | None) -> Decimal | None:
    return None if value is None else shown(value)


def _q(value: Fraction) -> str:
    return f"{shown(value):f}"


def _name(s: Statement) -> str:
    return f"{s.kind.value.capitalize()} {s.number}"
