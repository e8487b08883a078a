"""Goods that came are divided once among the orders that wait, by their rank, and each of them is told."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.integration.gateway.conftest import Gateway

from crossdock import exactjson, ids
from crossdock.cases import shortages
from crossdock.events.inbox import business_now
from crossdock.flow.outcomes import Done, Failed, Invocation

INSTANCE = ids.new()


async def called(gateway: Gateway, function: Any, tenant: str = "norrland", **arguments: Any) -> Any:
    async with gateway.db.transaction(tenant) as tx:
        call = Invocation(
            tenant_id=tenant, instance_id=UUID(str(INSTANCE)), business_key="SO-1", at="/do/0", function="shortage",
            arguments=arguments, key=str(ids.new()), attempt=1, now=await business_now(tx),
        )  # fmt: skip
        return await function.start(tx, call)


async def waits(gateway: Gateway, order: str, quantity: int, tier: str = "B", day: str = "2099-01-12") -> None:
    line = {"line": "1", "sku": "N-1", "quantity": quantity}
    done = await called(
        gateway, shortages.Wait(), order=order, customer="C-1", tier=tier, promised_on=day, lines=[line]
    )
    assert isinstance(done, Done), done


async def arrives(gateway: Gateway, arrival: str, quantity: int, *ranked: str) -> Any:
    ranks = [{"order": o, "line": "1", "rank": n, "split": True} for n, o in enumerate(ranked)]
    done = await called(
        gateway, shortages.Assign(), arrival=arrival, sku="N-1", site="LUL", quantity=quantity, ranks=ranks
    )
    assert isinstance(done, Done), done
    return done.output


async def told(gateway: Gateway, kind: str) -> list[Any]:
    async with gateway.db.transaction("norrland") as tx:
        rows = await tx.fetch("select body from crossdock.event where type = $1 order by seq", f"crossdock.{kind}")
    return [exactjson.loads(r["body"])["data"] for r in rows]


async def queue(gateway: Gateway, tenant: str = "norrland") -> dict[str, Decimal]:
    done = await called(gateway, shortages.Queue(), tenant, sku="N-1")
    return {w["order"]: w["quantity"] for w in done.output["waiting"]}


async def test_what_came_goes_to_the_first_in_rank_and_each_order_is_told_once(gateway: Gateway) -> None:
    await waits(gateway, "SO-1", 6, "C")
    await waits(gateway, "SO-2", 4, "A")
    first = await arrives(gateway, "rcpt-1", 6, "SO-2", "SO-1")
    again = await arrives(gateway, "rcpt-1", 6, "SO-1", "SO-2")
    assert first == again
    assert [(g["order"], g["quantity"]) for g in first["given"]] == [("SO-2", 4), ("SO-1", 2)]
    assert [(t["order"], t["quantity"], t["arrival"]) for t in await told(gateway, "stock.assigned")] == [
        ("SO-2", 4, "rcpt-1"), ("SO-1", 2, "rcpt-1"),
    ]  # fmt: skip
    assert await queue(gateway) == {"SO-1": 4}
    assert await queue(gateway, "castell") == {}


async def test_more_of_a_line_is_waited_for_on_top_and_another_day_changes_only_the_day(gateway: Gateway) -> None:
    await waits(gateway, "SO-1", 6)
    await waits(gateway, "SO-1", 2)
    await called(gateway, shortages.Wait(), order="SO-1", promised_on="2001-01-01")
    (waiter,) = (await called(gateway, shortages.Queue(), sku="N-1")).output["waiting"]
    assert (waiter["quantity"], waiter["promised_on"], waiter["days_late"] > 0) == (8, "2001-01-01", True)


async def test_an_order_that_ends_gives_back_what_it_did_not_use(gateway: Gateway) -> None:
    await waits(gateway, "SO-1", 10)
    await arrives(gateway, "rcpt-1", 3, "SO-1")
    await arrives(gateway, "rcpt-2", 4, "SO-1")
    await called(gateway, shortages.Use(), order="SO-1", arrival="rcpt-1")
    for _ in range(2):
        await called(gateway, shortages.Leave(), order="SO-1")
    assert await queue(gateway) == {}
    (back,) = await told(gateway, "stock.arrived")
    assert (back["sku"], back["site"], back["quantity"]) == ("N-1", "LUL", 4)


async def test_goods_that_nobody_waits_for_are_left(gateway: Gateway) -> None:
    assert await arrives(gateway, "rcpt-1", 6) == {"given": [], "left": 6}
    wrong = await called(gateway, shortages.Assign(), arrival="rcpt-2", sku="N-1", site="LUL", quantity=0)
    assert isinstance(wrong, Failed)
