"""Events reach whoever is meant once: from the outbox to what they start, and early ones to whoever asks first."""

import pytest

from crossdock.events import outbox

from .conftest import TENANT, Host

HEAR = """
document: {dsl: '1.0.3', namespace: test, name: hear, version: '1.0.0'}
do:
  - hear:
      listen:
        to:
          one:
            with: {type: test.paid}
            correlate: {order: {from: '${ .data.order }', expect: '${ .order }'}}
"""
ON_DECIDED = """
document: {dsl: '1.0.3', namespace: test, name: on-decided, version: '1.0.0'}
schedule: {on: {one: {with: {type: test.decided}}}}
do:
  - one: {set: {done: true}}
"""
DECIDED = {"type": "test.decided", "subject": "SO-1", "id": "d-1", "source": "/test", "data": {"by": "ann"}}


async def begun(host: Host) -> int:
    """How many workflows the event started, once everything is handed on."""
    await host.run()
    return len(await host.rows("select 1 from crossdock.instance where name = 'on-decided'"))


async def test_what_is_published_with_a_commit_is_handed_on_once(host: Host) -> None:
    await host.publish(ON_DECIDED)
    for _ in range(2):  # a repeated word changes nothing
        async with host.db.transaction(TENANT) as tx:
            await outbox.publish(tx, TENANT, DECIDED)
    assert await begun(host) == 1


async def test_what_was_rolled_back_was_never_published(host: Host) -> None:
    await host.publish(ON_DECIDED)

    async def fail() -> None:
        async with host.db.transaction(TENANT) as tx:
            await outbox.publish(tx, TENANT, DECIDED)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await begun(host) == 0


async def test_an_early_event_that_one_order_took_is_not_given_to_the_next(host: Host) -> None:
    definition = await host.publish(HEAR)
    assert await host.send("test.paid", {"order": "SO-7"}) == "accepted"
    statuses: list[str] = []
    for _ in range(2):
        i = await host.start(definition, {"order": "SO-7"}, "SO-7")
        await host.run()
        statuses.append((await host.instance(i))["status"])
    assert statuses == ["completed", "running"]
