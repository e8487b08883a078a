"""A duty that waits for somebody outside holds up no other, is under way once, and ends with its worker."""

import asyncio

from crossdock.cli.aside import Aside


async def test_one_that_is_never_answered_holds_up_nothing_and_is_begun_once() -> None:
    begun, ended = 0, asyncio.Event()

    async def never() -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    clocks = 0
    aside = Aside("waiting", never)
    for _ in range(3):  # rounds of a worker
        await aside()
        await asyncio.sleep(0)
        clocks += 1
    assert (begun, clocks) == (1, 3)
    await aside.close()
    assert ended.is_set()


async def test_one_that_fails_is_tried_again() -> None:
    tries, done = 0, asyncio.Event()

    async def once() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError("away")
        done.set()

    aside = Aside("trying", once)
    async with asyncio.timeout(30):
        while not done.is_set():
            await aside()
            await asyncio.sleep(0)
    assert tries == 2
    await aside.close()


async def test_one_that_was_never_begun_is_closed() -> None:
    async def nothing() -> None: ...

    await Aside("resting", nothing).close()
