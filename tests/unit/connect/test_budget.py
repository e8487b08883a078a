"""How much of a system may be used."""

import asyncio

import pytest

from crossdock.connect.budget import Bucket, Budget, BudgetLimits


def test_a_burst_passes_and_then_calls_queue_at_the_rate() -> None:
    bucket = Bucket(per_second=10, burst=2)
    waits = [bucket.take(100.0, 1.0)[1] for _ in range(4)]
    assert waits == pytest.approx([0.0, 0.0, 0.1, 0.2])


def test_what_would_wait_too_long_takes_no_token() -> None:
    bucket = Bucket(per_second=1, burst=1)
    assert bucket.take(0.0, 0.5) == (True, 0.0)
    assert bucket.take(0.0, 0.5) == (False, pytest.approx(1.0))
    assert bucket.take(1.0, 0.5) == (True, pytest.approx(0.0))


def test_tokens_do_not_pile_up_beyond_the_burst() -> None:
    bucket = Bucket(per_second=10, burst=2)
    bucket.take(1.0, 0)
    assert [bucket.take(1000.0, 0)[0] for _ in range(3)] == [True, True, False]


def test_a_rest_that_the_system_asked_for_is_given() -> None:
    bucket = Bucket(per_second=100, burst=10)
    bucket.pause(0.0, 5.0)
    assert bucket.take(0.0, 1.0) == (False, 5.0)
    assert bucket.take(5.0, 1.0)[0]


async def test_no_more_than_so_many_at_once() -> None:
    budget = Budget(BudgetLimits(concurrency=1, max_wait_s=0.01), clock=lambda: 0.0)
    async with budget.turn() as first:
        assert first is None
        async with budget.turn() as second:
            assert second == 0.01
    async with budget.turn() as third:
        assert third is None


async def test_a_cancelled_call_gives_its_slot_back() -> None:
    budget = Budget(BudgetLimits(concurrency=1, max_wait_s=1), clock=lambda: 0.0)
    entered = asyncio.Event()

    async def use() -> None:
        async with budget.turn():
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await entered.wait()
    task.cancel()
    async with budget.turn() as mine:
        assert mine is None
