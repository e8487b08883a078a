"""An independent trading partner (mock-edi) answers what we send, and its 997 finds the document.

It plays a seller, so it refuses the documents of one; that refusal is what is shown: told by its own 997, it makes our
document rejected and opens one case.
"""

from datetime import UTC, datetime
from typing import Any

from mockedi.testing import Mock

from crossdock import ids
from crossdock.cli.silence import Desk
from crossdock.db import Database
from crossdock.flow.outcomes import Done, Invocation
from crossdock.partners import documents, intake
from crossdock.partners.profiles import Identifier, Profile
from crossdock.partners.sending import overdue, store
from crossdock.partners.sending.function import DocumentSend

T = "norrland"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ORDER = (
    f"ISA*00*{'':10}*00*{'':10}*ZZ*{'MOCKEDI':15}*ZZ*{'ACME':15}*261123*0900*U*00401*000000901*0*P*>~"
    "GS*PO*MOCKEDI*ACME*20261123*0900*901*X*004010~ST*850*0001~BEG*00*SA*4500012**20261120~"
    "PO1*1*10*EA*12.5**VP*WIDGET-001~CTT*1~SE*5*0001~GE*1*901~IEA*1*000000901~"
)


async def test_the_997_of_an_independent_partner_moves_our_document(database: Database) -> None:
    mock_edi = Profile(id="mock", name="Mock", customer_id="C-1", identifiers=(Identifier("ZZ", "MOCKEDI"),))
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, mock_edi)
    [order] = await intake.receive(database, T, ORDER.encode(), "order.edi", "test")
    async with database.transaction(T) as tx:
        call = Invocation(
            tenant_id=T, instance_id=ids.new(), at="/do/0", key="k/do/0", function="document-send", now=NOW,
            arguments={"kind": "response", "state": {"lines": [{"line": "1", "accepted": 10}]}},
            business_key=order.order or "",
        )  # fmt: skip
        done = await DocumentSend().start(tx, call)
        assert isinstance(done, Done)
        raw, _, _ = await documents.raw(tx, T, done.output["document"])
    with Mock.start() as mock:
        partner: Any = mock
        said = partner.send(raw)
        # every segment was read; what is refused is who sends it
        [read] = said["transactionSets"]
        assert read["findings"] == ["an 855 is a document the seller sends, not one it receives"]
        partner.settle()
        [message] = partner.mailbox()
    # it marks all that it writes as a test, and a test says nothing of a real document
    [untold] = await intake.receive(database, T, message["payload"].encode(), "997.edi", "test")
    assert [n["code"] for n in untold.notes] == ["x12.isa15.test", "sending.test"]
    real = message["payload"].replace("*0*T*", "*0*P*", 1)
    [answer] = await intake.receive(database, T, real.encode(), "997.edi", "test")
    assert (answer.type, answer.status, answer.errors) == ("997", "accepted", ())
    assert await overdue.run_due(database, Desk(), NOW) == 1
    async with database.transaction(T) as tx:
        sent = await store.one(tx, T, done.output["document"])
    assert (sent["state"], [a["outcome"] for a in sent["answers"]]) == ("rejected", ["rejected"])
    assert sent["case"] is not None
