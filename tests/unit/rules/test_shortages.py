"""What came goes to those who wait by rank; nothing is made up and nothing is lost."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.shortages import share


def waiter(order: str, quantity: int, promised: str | None = "2026-01-12", since: str = "2026-01-05") -> dict[str, Any]:
    return {"order": order, "line": "1", "quantity": quantity, "promised_on": promised, "since": since}


def rank(order: str, place: int, split: bool = True) -> dict[str, Any]:
    return {"order": order, "line": "1", "rank": place, "split": split}


def given_to(quantity: int, waiting: list[dict[str, Any]], ranks: list[dict[str, Any]]) -> dict[str, int]:
    return {g["order"]: int(g["quantity"]) for g in share(Decimal(quantity), waiting, ranks)["given"]}


def test_the_lowest_rank_is_served_first_and_the_next_gets_the_rest() -> None:
    waiting = [waiter("C", 6), waiter("A", 4)]
    assert given_to(6, waiting, [rank("C", 7), rank("A", 3)]) == {"A": 4, "C": 2}


def test_within_a_rank_the_earlier_promise_then_the_longer_wait_goes_first() -> None:
    waiting = [waiter("A", 5), waiter("B", 5, promised="2026-01-10"), waiter("C", 5, since="2026-01-01")]
    same = [rank(o, 3) for o in "ABC"]
    assert list(given_to(7, waiting, same).items()) == [("B", 5), ("C", 2)]


def test_who_takes_no_part_is_passed_over_for_who_does_and_gets_what_is_left_all_the_same() -> None:
    waiting = [waiter("A", 10), waiter("B", 4)]
    ranks = [rank("A", 1, split=False), rank("B", 2)]
    assert given_to(6, waiting, ranks) == {"A": 2, "B": 4}
    assert given_to(10, waiting, ranks) == {"A": 10}
    assert given_to(3, waiting, ranks) == {"B": 3}


def test_who_began_to_wait_after_the_table_was_asked_comes_last() -> None:
    assert given_to(5, [waiter("NEW", 5), waiter("A", 5)], [rank("A", 9)]) == {"A": 5}


def test_goods_that_nobody_waits_for_are_left() -> None:
    assert share(Decimal(5), [], []) == {"given": [], "left": Decimal(5)}


waiters = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 4), st.booleans()), max_size=6)


@given(st.integers(1, 60), waiters)
def test_what_is_given_and_left_is_what_came_and_nobody_gets_more_than_it_wants(
    quantity: int, row: list[tuple[int, int, bool]]
) -> None:
    waiting = [waiter(f"O{n}", wanted) for n, (wanted, _, _) in enumerate(row)]
    ranks = [rank(f"O{n}", place, split) for n, (_, place, split) in enumerate(row)]
    done = share(Decimal(quantity), waiting, ranks)
    assert sum((g["quantity"] for g in done["given"]), Decimal(0)) + done["left"] == quantity
    assert all(0 < g["quantity"] <= row[int(g["order"][1:])][0] for g in done["given"])
    assert done["left"] == max(0, quantity - sum(wanted for wanted, _, _ in row))
