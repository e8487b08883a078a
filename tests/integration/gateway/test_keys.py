"""How long a key is believed that was seen a moment ago."""

from crossdock.db import Database
from crossdock.gateway import identity

TENANT = "norrland"


async def test_a_revoked_key_is_believed_for_the_stated_time_and_no_longer(database: Database) -> None:
    token = await identity.add_key(database, TENANT, "partner", "coordinator")
    seconds = 100.0
    keys = identity.Keys(lambda: seconds)
    first = await keys.holder(database, token)
    assert first is not None
    assert first.name == "key:partner"
    async with database.transaction(TENANT) as tx:
        await tx.execute("update crossdock.api_key set revoked_at = now() where name = 'partner'")
    seconds += identity.KEY_S - 0.01
    assert await keys.holder(database, token) == first
    seconds += 0.02
    assert await keys.holder(database, token) is None


async def test_what_nobody_holds_is_asked_again_and_another_tenants_name_gives_nothing(database: Database) -> None:
    keys = identity.Keys()
    token = await identity.add_key(database, TENANT, "mine", "viewer")
    secret = token.partition(".")[2]
    assert await keys.holder(database, f"castell.{secret}") is None
    assert (await keys.holder(database, token)) is not None
    assert await keys.holder(database, f"castell.{secret}") is None
    assert await keys.holder(database, "no key at all") is None
