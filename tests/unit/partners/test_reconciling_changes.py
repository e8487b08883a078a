"""A change of an order, line by line: what it asked, what became of it, and what the other documents are held to."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.unit.partners.test_reconciling import BILLS, DAY, TERMS, TODAY, billed, item, line, ordered, said, shipped

from crossdock.canonical.change import ChangeAction, ChangeLine, OrderChange
from crossdock.canonical.parts import Dated
from crossdock.canonical.response import LineStatus, OrderResponse, Outcome, ResponseLine, ResponseStatus
from crossdock.partners.reconciling import families, statements
from crossdock.partners.reconciling.matching import compare
from crossdock.partners.reconciling.model import Became, Comparison, Fate, Kind, Side, State, Statement, Units

ORDER = ordered((10, "2"), (4, "5"))


def change(*lines: ChangeLine, sequence: str = "1") -> Statement:
    made = OrderChange(order_number="4711", sequence=sequence, changed_on=DAY, lines=lines)
    found = statements.change(f"change/{sequence}", made)
    assert found is not None
    return found


def asks(n: int, quantity: Any, action: ChangeAction = ChangeAction.QUANTITY_DOWN, **more: Any) -> ChangeLine:
    return ChangeLine(
        number=str(n), action=action, items=item(n), unit="EA",
        quantity=None if quantity is None else Decimal(quantity), **more,
    )  # fmt: skip


def answered(status: ResponseStatus, *refused: int, lines: tuple[int, ...] = (1, 2), sequence: str = "1") -> Statement:
    made = OrderResponse(
        order_number="4711", status=status, sequence=sequence, changed_on=DAY,
        lines=tuple(
            ResponseLine(number=str(n), items=item(n), outcomes=(
                Outcome(status=LineStatus.REJECTED if n in refused else LineStatus.ACCEPTED),
            )) for n in lines
        ),
    )  # fmt: skip
    found = statements.response(f"answer/{sequence}", made)
    assert found is not None
    assert found.kind is Kind.ANSWER
    return found


def promised(*lines: tuple[int, Any]) -> Statement:
    return said(Kind.RESPONSE, "", [line(n, q, became=Became.ACCEPTED) for n, q in lines])


def looked(*documents: Statement, units: Units | None = None) -> Comparison:
    return compare(Side.SELLER, ORDER, documents, TERMS, TODAY, units)


def fates(found: Comparison) -> list[tuple[str, Fate, Any, Any]]:
    return [(c.line, c.fate, c.quantity_before, c.quantity_after) for c in found.changes]


def test_until_it_is_answered_the_order_is_as_it_was():
    found = looked(change(asks(1, 6)))
    assert fates(found) == [("1", Fate.ASKED, 10, 6)]
    assert [n.ordered for n in found.lines] == [10, 4]


def test_what_was_taken_is_what_the_other_documents_are_compared_with():
    agreed = (change(asks(1, 6)), answered(ResponseStatus.ACCEPTED))
    rest = promised((1, 6), (2, 4)), shipped("S1", (1, 6), (2, 4)), billed("I1", (1, 6, "2"), (2, 4, "5"))
    clear = looked(*agreed, *rest)
    assert (clear.state, [n.ordered for n in clear.lines]) == (State.CLEAR, [6, 4])
    more = looked(*agreed, shipped("S1", (1, 10), (2, 4)))
    assert [(d.code, d.expected, d.found) for d in more.differences] == [("shipped.more", "6", "10")]


def test_what_was_refused_changes_nothing():
    found = looked(change(asks(1, 6), asks(2, 1)), answered(ResponseStatus.CHANGED, 2))
    assert fates(found) == [("1", Fate.TAKEN, 10, 6), ("2", Fate.REFUSED, 4, 1)]
    assert [n.ordered for n in found.lines] == [6, 4]
    assert fates(looked(change(asks(1, 6)), answered(ResponseStatus.REJECTED))) == [("1", Fate.REFUSED, 10, 6)]


def test_prices_days_new_and_cancelled_lines():
    later = DAY + timedelta(30)
    found = looked(
        change(
            asks(1, None, ChangeAction.PRICE, unit_price=Decimal("1.50")), asks(2, None, ChangeAction.CANCEL),
            asks(3, 7, ChangeAction.ADD, unit_price=Decimal(1)),
        ),
        answered(ResponseStatus.ACCEPTED, lines=(1, 2, 3)),
    )  # fmt: skip
    assert [(n.line, n.ordered, n.price) for n in found.lines] == [("1", 10, Decimal("1.5")), ("2", 0, 5), ("3", 7, 1)]
    assert (found.changes[0].price_before, found.changes[0].price_after) == (2, Decimal("1.5"))
    wanted = (Dated(kind="delivery_requested", on=later),)
    moved = statements.change("c", OrderChange(order_number="4711", sequence="1", dates=wanted))
    assert moved is not None
    days = looked(moved, answered(ResponseStatus.ACCEPTED))
    assert [n.requested_on for n in days.lines] == [later, later]
    assert [(c.day_before, c.day_after) for c in days.changes] == [(DAY + timedelta(5), later)] * 2


def test_a_cancelled_line_that_reads_like_a_refused_one_is_taken_unless_it_says_why():
    made = OrderResponse(
        order_number="4711", status=ResponseStatus.CHANGED, sequence="1", notes=("Line 2: It has left",),
        lines=tuple(
            ResponseLine(number=n, action=ChangeAction.CANCEL, status=LineStatus.REJECTED) for n in ("1", "2")
        ),
    )  # fmt: skip
    assert statements.answer("a", made).refused == {"2"}


def test_a_response_that_promises_what_was_asked_has_taken_it():
    """A partner that wants no answer to its changes still gets one to its order."""
    found = looked(change(asks(1, 6), asks(2, None, ChangeAction.CANCEL)), promised((1, 6)))
    assert fates(found) == [("1", Fate.TAKEN, 10, 6), ("2", Fate.TAKEN, 4, 0)]
    assert fates(looked(change(asks(1, 6)), promised((1, 10)))) == [("1", Fate.ASKED, 10, 6)]


def test_a_change_in_another_unit_is_told_in_the_unit_ordered():
    units = Units()
    units.learn("1", "CS", Fraction(24))
    cases = ChangeLine(number="1", action=ChangeAction.QUANTITY_UP, items=item(1), unit="CS", quantity=Decimal(2))
    found = looked(change(cases), answered(ResponseStatus.ACCEPTED), units=units)
    assert fates(found) == [("1", Fate.TAKEN, 10, 48)]
    dozens = ChangeLine(number="1", action=ChangeAction.QUANTITY_UP, items=item(1), unit="DZN", quantity=Decimal(2))
    assert fates(looked(change(dozens), answered(ResponseStatus.ACCEPTED))) == [("1", Fate.TAKEN, 10, 24)]


def test_parts_of_an_order_add_up_to_it():
    one = looked(shipped("S1", (1, 10)), billed("I1", (1, 10, "2")))
    other = compare(Side.SELLER, ordered((3, "2")), [shipped("S2", (1, 4), on=BILLS)], TERMS, TODAY)
    whole = families.together([("SO-1-1", one), ("SO-1-2", other)])
    assert (whole.state, [(n.line, n.ordered, n.shipped, n.invoiced) for n in whole.lines]) == (
        State.DIFFERS, [("1", 13, 14, 10), ("2", 4, 0, 0)],
    )  # fmt: skip
    assert (whole.totals.ordered, whole.totals.shipped, whole.totals.invoiced) == (46, 28, 20)
    more = [d.text for d in whole.differences if d.code == "shipped.more"]
    assert more == ["SO-1-2: Line 1: 3 EA expected, 4 shipped."]
    assert whole.money == one.money + other.money
