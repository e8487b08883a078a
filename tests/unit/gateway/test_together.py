"""Callers who ask the same at once share an answer, and none gets one that was begun before it asked."""

import asyncio

import pytest

from crossdock.errors import NotFound
from crossdock.gateway.together import Together


class Counting:
    """Works an answer out when it is let, and says what was true when it began."""

    def __init__(self) -> None:
        self.truth = 0
        self.begun = 0
        self.began = asyncio.Event()
        self.let = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        seen = self.truth
        self.began.set()
        await self.let.wait()
        return seen


async def test_who_asks_while_one_is_worked_out_gets_the_next_and_shares_it() -> None:
    together, work = Together(), Counting()
    first = asyncio.create_task(together.ask("q", work))
    await work.began.wait()
    work.truth = 1  # a change of the callers that ask now
    later = [asyncio.create_task(together.ask("q", work)) for _ in range(100)]
    await asyncio.sleep(0)
    work.let.set()
    assert await first == 0
    assert await asyncio.gather(*later) == [1] * 100
    assert work.begun == 2


async def test_other_questions_do_not_wait_and_nothing_is_kept() -> None:
    together, slow, quick = Together(), Counting(), Counting()
    quick.let.set()
    waiting = asyncio.create_task(together.ask(("flow", "norrland"), slow))
    await slow.began.wait()
    assert await together.ask(("flow", "lakeside"), quick) == 0
    quick.truth = 5
    assert await together.ask(("flow", "lakeside"), quick) == 5, "an answer is not kept"
    slow.let.set()
    assert await waiting == 0


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    together, work = Together(), Counting()
    gone = asyncio.create_task(together.ask("q", work))
    stays = asyncio.create_task(together.ask("q", work))
    await work.began.wait()
    gone.cancel()
    work.let.set()
    assert await stays == 0
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_what_is_raised_is_heard_by_each_and_the_next_begins_anew() -> None:
    together, work = Together(), Counting()
    work.let.set()

    async def fails() -> int:
        raise NotFound("No process")

    asked = await asyncio.gather(*(together.ask("q", fails) for _ in range(3)), return_exceptions=True)
    assert [type(a) for a in asked] == [NotFound] * 3
    assert await together.ask("q", work) == 0
