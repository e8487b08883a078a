"""A partner's checklist, counted from what was agreed and what it showed."""

from hypothesis import given
from hypothesis import strategies as st

from crossdock.partners.agreements import checklist
from crossdock.partners.agreements.checklist import Shown
from crossdock.partners.agreements.terms import Agreement, Direction

ORDER = Agreement(document="850", direction=Direction.IN, version="004010", tests=2)
RESPONSE = Agreement(document="855", direction=Direction.OUT)


def test_each_document_says_what_is_left_to_do():
    one = Shown("850", "004010", b"1")
    other, older = Shown("850", "004010VICS", b"2"), Shown("850", "003050", b"3")
    listed = checklist.items((RESPONSE, ORDER), [one, one, older], {})
    assert [(i.key, i.done, i.needed, i.green) for i in listed] == [
        ("850 in 004010", 1, 2, False),  # the same bytes and another version do not count
        ("855 out", 0, 1, False),
    ]
    assert listed[0].hint == "Send 1 more 850 in version 004010 with other content."
    assert (
        checklist.items((ORDER,), [], {})[0].hint == "Send 2 850 in version 004010 as tests, each with other content."
    )
    done = checklist.items((RESPONSE, ORDER), [one, other], {"855": 1})
    assert checklist.green(done)
    assert [i.hint for i in done] == ["", ""]


def test_an_agreement_that_asks_for_no_tests_is_not_on_the_list_and_an_empty_list_proves_nothing():
    listed = checklist.items((Agreement(document="850", direction=Direction.IN, tests=0),), [], {})
    assert listed == []
    assert not checklist.green(listed)


@given(st.lists(st.sampled_from([b"1", b"2", b"3"])), st.integers(0, 3))
def test_more_never_makes_it_less_green(digests: list[bytes], acknowledged: int):
    shown = [Shown("850", "004010", d) for d in digests]
    before = checklist.items((ORDER, RESPONSE), shown, {"855": acknowledged})
    after = checklist.items((ORDER, RESPONSE), [*shown, Shown("850", "004010", b"4")], {"855": acknowledged + 1})
    assert all(a.done >= b.done and a.green >= b.green for a, b in zip(after, before, strict=True))
    assert checklist.green(before) == (len(set(digests)) >= 2 and acknowledged >= 1)
