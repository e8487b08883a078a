"""How much of a system may be used."""

import asyncio
import contextlib
import itertools

import pytest

from crossdock.connect.budget import Bucket, Budget, BudgetLimits, Crew


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


async def test_workers_share_a_budget_and_notice_each_other() -> None:
    """Six at once for all: alone all six, as one of three two; the third comes when the first goes."""
    crew = Crew()
    time = itertools.count(step=10)  # the rate is no matter here
    budget = Budget(BudgetLimits(concurrency=6, max_wait_s=0.01), clock=lambda: next(time), crew=crew)

    async def how_many() -> int:
        async with contextlib.AsyncExitStack() as stack:
            for n in range(10):
                if await stack.enter_async_context(budget.turn()) is not None:
                    return n
            return 10

    assert await how_many() == 6
    crew.size = 3
    assert await how_many() == 2
    crew.size = 100
    assert await how_many() == 1
    crew.size = 1
    assert await how_many() == 6


async def test_shares_of_the_rate_add_up_to_the_rate() -> None:
    limits = BudgetLimits(per_second=10, burst=4, max_wait_s=0)
    now = 0.0
    crew = Crew(2)
    team = [Budget(limits, clock=lambda: now, crew=crew) for _ in range(2)]
    passed = 0
    for second in range(11):
        now = float(second)
        for _ in range(100):
            for one in team:
                async with one.turn() as held:
                    passed += held is None
    assert passed == 4 + 10 * 4, "a burst at first, and each second what the burst lets through of ten"


async def test_who_waits_is_let_in_in_order_and_a_cancelled_one_leaves_the_queue() -> None:
    budget = Budget(BudgetLimits(concurrency=1, max_wait_s=5), clock=lambda: 0.0)
    order: list[str] = []

    async def use(name: str) -> None:
        async with budget.turn() as held:
            assert held is None
            order.append(name)

    async with budget.turn():
        tasks = [asyncio.create_task(use(name)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == ["a", "c"]
