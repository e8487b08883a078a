"""What tests of channels share: a partner, its orders, an answer of ours to one, and a look into the tables."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crossdock import ids
from crossdock.cli.silence import ChannelDesk
from crossdock.db import Database
from crossdock.flow.outcomes import Done, Invocation
from crossdock.partners import documents, intake
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.sending.function import DocumentSend
from crossdock.partners.transports import running, store
from crossdock.partners.transports.model import Channel

T = "norrland"
BOLTS = Profile(id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=(Identifier("ZZ", "BOLTS"),))


def order(control: int = 1, po: str = "4500012", lines: int = 1) -> bytes:
    body = "".join(f"PO1*{n}*10*EA*12.5**VP*SKU-{n}~" for n in range(1, lines + 1))
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*P*>~"
        f"GS*PO*BOLTS*NORRLAND*20260102*0900*{control}*X*004010~ST*850*0001~BEG*00*SA*{po}**20260101~"
        f"{body}CTT*{lines}~SE*{4 + lines}*0001~GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


async def declare(db: Database, channel: Channel) -> Channel:
    async with db.transaction(channel.tenant_id) as tx:
        await store.add(tx, channel, "test")
        return await store.one(tx, channel.tenant_id, channel.id)


async def run(db: Database, opener: running.Open, name: str = "files", tenant: str = T) -> running.Ran:
    ran = await running.run(db, tenant, name, opener, ChannelDesk(), by_hand=True)
    assert ran is not None
    return ran


async def listed(db: Database, tenant: str = T, direction: str = "in") -> list[dict[str, Any]]:
    async with db.transaction(tenant) as tx:
        return (await documents.page(tx, tenant, direction=direction))["items"]


async def rows(db: Database, query: str, tenant: str = T) -> list[Any]:
    async with db.transaction(tenant) as tx:
        return list(await tx.fetch(query))


async def answered_order(db: Database, control: int = 1, po: str = "4500012") -> UUID:
    """An order of bolts came some other way; its 855 waits in the outbox."""
    [got] = await intake.receive(db, T, order(control, po), "order.edi", "test", partner="bolts")
    assert got.status == "accepted", got.errors
    asked = Invocation(
        tenant_id=T, instance_id=ids.new(), at="/do/0/tell", key=f"{ids.new()}/do/0/tell", function="document-send",
        arguments={"kind": "response", "state": {"lines": [{"line": "1", "accepted": 10}]}},
        business_key=got.order or "", now=datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
    )  # fmt: skip
    async with db.transaction(T) as tx:
        done = await DocumentSend().start(tx, asked)
    assert isinstance(done, Done)
    return UUID(done.output["document"])
