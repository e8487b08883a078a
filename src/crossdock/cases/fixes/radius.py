"""How far a fix would reach: cases, money, customers, orders, and its effects by name; asked again where it is far.

Shown before anything is done, kept with the job, and part of what the token is the hash of. Whether a second person
must agree is said by the decision table `bulk-fix`.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from crossdock.cases.casework import Case
from crossdock.cases.fixes import ruling
from crossdock.cases.fixes.carrying import Effect
from crossdock.cases.fixes.ruling import OfLate
from crossdock.rules import Rulebook, load

TYPED_FROM = 25  # cases from which on their number is typed, so that nobody moves many by one key
NAMED = 10
TABLE = "bulk-fix"


class Counted(msgspec.Struct, frozen=True):
    """what: an effect, or why something is not done. lasting: it cannot be taken back."""

    what: str
    cases: int
    lasting: bool = False


class Radius(msgspec.Struct, frozen=True, kw_only=True):
    """Of the cases that would be solved, but for `outcomes`, `failing` and `blocked`. money: by currency.

    typed: the number of cases must be given to start it. approval: the role of the second person, "" for none.
    rule: of a row of a decision table, what it would change besides.
    """

    cases: int
    outcomes: dict[str, int]
    money: dict[str, Decimal]
    customers: int
    customers_named: list[str]
    orders: int
    effects: list[Counted]
    failing: list[Counted]
    blocked: list[Counted]
    typed: bool
    approval: str
    why_approval: str
    rule: OfLate | None = None


def of(kind: str, rows: Sequence[tuple[Case, str, str, Sequence[Effect]]], rule: OfLate | None = None) -> Radius:
    """rows: each case with its outcome, what is said of it, and its effects."""
    solved = [(case, effects) for case, outcome, _, effects in rows if outcome == "solved"]
    money: dict[str, Decimal] = {}
    for case, _ in solved:
        if case.money is not None:
            money[case.currency] = money.get(case.currency, Decimal(0)) + case.money
    customers = Counter(c.customer or c.customer_id for c, _ in solved if c.customer or c.customer_id)
    effects = Counter(e for _, listed in solved for e in listed)
    lasting = sum(n for e, n in effects.items() if e.lasting)
    role, why = second_person(kind, len(solved), max(money.values(), default=Decimal(0)), lasting)
    if rule is not None and rule.four_eyes:  # who publishes is asked, and whoever else would be agrees with that
        role, why = ruling.PUBLISHER, "; ".join(filter(None, (rule.four_eyes, why)))
    return Radius(
        cases=len(solved),
        outcomes=dict(Counter(outcome for _, outcome, _, _ in rows)),
        money=money,
        customers=len(customers),
        customers_named=[name for name, _ in customers.most_common(NAMED)],
        orders=len({c.order for c, _ in solved if c.order}),
        effects=[Counted(e.what, n, e.lasting) for e, n in effects.most_common()],
        failing=_reasons(rows, "fails"),
        blocked=_reasons(rows, "blocked"),
        typed=len(solved) >= TYPED_FROM,
        approval=role,
        why_approval=why,
        rule=rule,
    )


def _reasons(rows: Sequence[tuple[Case, str, str, Sequence[Effect]]], of_: str) -> list[Counted]:
    counts = Counter(text for _, outcome, text, _ in rows if outcome == of_)
    return [Counted(text, n) for text, n in counts.most_common(NAMED)]


@cache
def _book() -> Rulebook:
    source = files("crossdock.library").joinpath("tables", f"{TABLE}.json").read_bytes()
    return Rulebook([load(TABLE, "1", source)])


def second_person(kind: str, cases: int, money: Decimal, lasting: int) -> tuple[str, str]:
    """The role of the person who must agree, "" when nobody needs to, and why."""
    given: dict[str, Any] = {"kind": kind, "cases": cases, "money": money, "lasting": lasting}
    said = _book().evaluate(TABLE, given).output
    if said.get("decision") != "approve":
        return "", ""
    return str(said["role"]), str(said["why"])
