"""The arithmetic of approvals by several people, and of what changed since."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules import votes
from crossdock.rules.votes import Order, Step, Vote

PEOPLE = ["ada", "bo", "cy", "di", "eva"]


def test_steps_are_read_with_any_all_and_some_of_them() -> None:
    found = votes.steps(
        [{}, {"role": "admin", "need": 2}, {"people": ["ada", "bo", "ada"], "need": "all"}, {"people": ["cy"]}],
        "approver",
    )
    assert found == (
        Step("approver"), Step("admin", (), 2), Step("approver", ("ada", "bo"), 2), Step("approver", ("cy",), 1)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ([], "/steps"), ("approver", "/steps"), ([1], "/steps/0"), ([{"rolle": "admin"}], "/steps/0/rolle"),
        ([{"people": "ada"}], "/steps/0/people"), ([{"people": [""]}], "/steps/0/people"),
        ([{}, {"need": 0}], "/steps/1/need"), ([{"people": ["ada"], "need": 2}], "/steps/0/need"),
        ([{"need": "all"}], "/steps/0/need"), ([{"need": Decimal("1.5")}], "/steps/0/need"),
        ([{"need": True}], "/steps/0/need"),
    ],
)  # fmt: skip
def test_steps_that_nobody_could_follow_are_refused_by_name(wrong: Any, where: str) -> None:
    with pytest.raises(ValueError, match=f"^{where}:"):
        votes.steps(wrong, "approver")


def test_steps_in_sequence_open_one_after_the_other_and_in_parallel_all_at_once() -> None:
    wanted = (Step("approver", (), 2), Step("admin"))
    one = [Vote("ada", "ada", 0)]
    assert votes.open_steps(wanted, Order.SEQUENCE, []) == [0]
    assert votes.open_steps(wanted, Order.SEQUENCE, one) == [0]
    assert votes.open_steps(wanted, Order.SEQUENCE, [*one, Vote("bo", "bo", 0)]) == [1]
    assert votes.open_steps(wanted, Order.PARALLEL, one) == [0, 1]
    assert votes.open_steps(wanted, Order.PARALLEL, [*one, Vote("cy", "cy", 1)]) == [0]


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.sampled_from(Order),
    st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)), max_size=15),
)
def test_nobody_counts_twice_however_they_try(needs: list[int], order: Order, tries: list[tuple[str, str]]) -> None:
    """Whoever votes for whomever in whatever order: it is complete only with as many people and rights as it needs."""
    wanted, cast = tuple(Step("approver", (), n) for n in needs), list[Vote]()
    for voter, right in tries:
        open_ = votes.open_steps(wanted, order, cast)
        if open_ and not {voter, right} & votes.spent(cast):
            cast.append(Vote(voter, right, open_[0]))
    assert len({v.voter for v in cast}) == len({v.right for v in cast}) == len(cast) <= sum(needs)
    assert not {v.voter for v in cast if v.voter != v.right} & {v.right for v in cast if v.voter != v.right}
    assert (votes.open_steps(wanted, order, cast) == []) == (len(cast) == sum(needs))
    for place, need in enumerate(needs):
        assert sum(1 for v in cast if v.step == place) + votes.missing(wanted, cast, place) == need


@pytest.mark.parametrize(
    ("was", "now", "tolerance", "where"),
    [
        ({"a": 100}, {"a": 102}, 2, []), ({"a": 100}, {"a": Decimal("102.01")}, 2, ["/a"]),
        ({"a": 100}, {"a": 98}, 2, []), ({"a": 100}, {"a": 97}, 2, ["/a"]), ({"a": 0}, {"a": 1}, 50, ["/a"]),
        ({"a": "x"}, {"a": "y"}, 50, ["/a"]), ({"a": True}, {"a": 1}, 50, ["/a"]), ({"a": 1}, {}, 50, ["/a"]),
        ({"l": [1, {"b": 2}]}, {"l": [1, {"b": 3}, 4]}, 0, ["/l/1/b", "/l/2"]),
        ({"a/b": "x", "c~": 1}, {"a/b": "y", "c~": 2}, 0, ["/a~1b", "/c~0"]), (1, 2, 0, ["/"]),
    ],
)  # fmt: skip
def test_only_what_changed_beyond_the_tolerance_is_told(was: Any, now: Any, tolerance: int, where: list[str]) -> None:
    assert [d.where for d in votes.differences(was, now, Decimal(tolerance))] == where


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.decimals(-1000, 1000, places=2) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_without_tolerance_only_the_same_is_the_same(one: Any, other: Any) -> None:
    def plain(value: Any) -> Any:  # true is no 1, in Python it is
        match value:
            case bool():
                return str(value)
            case dict():
                # what is not there is as good as null: a member that nobody gave
                return {k: plain(v) for k, v in value.items() if v is not None}
            case list():
                return [plain(v) for v in value]
            case _:
                return value

    same = not list(votes.differences(one, other, Decimal(0)))
    assert list(votes.differences(one, one, Decimal(0))) == []
    if plain(one) == plain(other):
        assert same
