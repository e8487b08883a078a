"""The agreement about a document says by which channel it leaves; what it does not say goes the usual way."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.integration.channels import BOLTS, T, answered_order, declare, order, rows, run

from crossdock import exactjson, ids
from crossdock.db import Database
from crossdock.errors import Conflict, PartnerError
from crossdock.flow.outcomes import Done, Invocation
from crossdock.outbound import Client, Guard
from crossdock.partners import intake, profiles
from crossdock.partners.agreements import store as agreements
from crossdock.partners.sending.function import DocumentSend
from crossdock.partners.transports import store
from crossdock.partners.transports.model import Channel, Direction, Handover, Kind, Parcel, Pending
from crossdock.partners.transports.opening import Opener

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
async def db(database: Database) -> Database:
    async with database.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    return database


@pytest.fixture
async def opener(db: Database, tmp_path: Path) -> AsyncIterator[Opener]:
    async with Client() as http:
        yield Opener(tmp_path, lambda _: {}, http, Guard(), db)


def folder(name: str, **more: Any) -> Channel:
    fields: dict[str, Any] = {"direction": Direction.BOTH, "partner": "bolts", **more}
    return Channel(tenant_id=T, id=name, kind=Kind.FOLDER, settings={"path": name, "settle_s": 0}, **fields)


async def agree(db: Database, *agreed: Mapping[str, Any]) -> None:
    async with db.transaction(T) as tx:
        file = {**profiles.plain(BOLTS), "agreements": list(agreed)}
        await agreements.put(tx, T, file, "test", NOW)


async def told(db: Database, order_no: str, kind: str, about: dict[str, Any]) -> UUID:
    asked = Invocation(
        tenant_id=T, instance_id=ids.new(), at="/do/0/tell", key=f"{ids.new()}/do/0/tell", function="document-send",
        arguments={"kind": kind, "state": about}, business_key=order_no, now=NOW,
    )  # fmt: skip
    async with db.transaction(T) as tx:
        done = await DocumentSend().start(tx, asked)
    assert isinstance(done, Done), done
    return UUID(done.output["document"])


def left(tmp_path: Path, name: str) -> list[str]:
    """The set types of what was put there."""
    there = tmp_path / T / name / "out"
    if not there.exists():
        return []
    return sorted(p.read_bytes().split(b"~ST*")[1][:3].decode() for p in there.iterdir())


async def test_two_document_types_leave_over_two_channels(db: Database, opener: Opener, tmp_path: Path) -> None:
    await declare(db, folder("files"))
    await declare(db, folder("notices", usual=False))
    await agree(
        db,
        {"document": "850", "direction": "in"},
        {"document": "855", "direction": "out"},
        {"document": "856", "direction": "out", "channel": "notices"},
    )
    document = await answered_order(db)
    [row] = await rows(db, f"select order_no from crossdock.sending where document_id = '{document}'")
    shipped = {"shipment": "S-1", "shipped_on": "2026-03-02", "lines": [{"line": "1", "quantity": 10}]}
    await told(db, row["order_no"], "despatch", shipped)

    assert (await run(db, opener, "notices")).handed_over == 1
    assert (left(tmp_path, "notices"), left(tmp_path, "files")) == (["856"], [])
    assert (await run(db, opener, "files")).handed_over == 2
    assert (left(tmp_path, "notices"), left(tmp_path, "files")) == (["856"], ["855", "997"])
    assert (await run(db, opener, "files")).handed_over == 0
    sent = await rows(db, "select d.type, v.channel_id from crossdock.delivery v join crossdock.document d "
                      "using (tenant_id, document_id) order by d.type")  # fmt: skip
    assert [(r["type"], r["channel_id"]) for r in sent] == [("855", "files"), ("856", "notices"), ("997", "files")]


async def test_our_acknowledgement_leaves_by_what_the_agreement_about_their_document_names(
    db: Database, opener: Opener, tmp_path: Path
) -> None:
    await declare(db, folder("files"))
    await declare(db, folder("receipts", usual=False))
    await agree(
        db,
        {"document": "850", "direction": "in", "version": "004010", "channel": "receipts"},
        {"document": "850", "direction": "in"},
    )
    await intake.receive(db, T, order(), "order.edi", "test", partner="bolts")
    assert (await run(db, opener, "files")).handed_over == 0
    assert (await run(db, opener, "receipts")).handed_over == 1
    assert left(tmp_path, "receipts") == ["997"]


async def test_the_most_exact_agreement_decides_also_by_its_silence(
    db: Database, opener: Opener, tmp_path: Path
) -> None:
    await declare(db, folder("files"))
    await declare(db, folder("other", usual=False))
    await agree(
        db,
        {"document": "850", "direction": "in", "acknowledgement": "none"},
        {"document": "855", "direction": "out", "channel": "other"},
        {"document": "855", "direction": "out", "version": "0040"},
    )
    await answered_order(db)
    assert (await run(db, opener, "other")).handed_over == 0
    assert (await run(db, opener, "files")).handed_over == 1
    assert left(tmp_path, "files") == ["855"]


async def test_what_waits_for_one_channel_does_not_hold_up_another(
    db: Database, opener: Opener, tmp_path: Path
) -> None:
    """More than one run takes wait for a channel that is suspended; the other's document is behind all of them."""
    await declare(db, folder("files"))
    await declare(db, folder("other", usual=False))
    await agree(
        db,
        {"document": "850", "direction": "in", "acknowledgement": "none"},
        {"document": "855", "direction": "out", "channel": "other"},
        {"document": "856", "direction": "out"},
    )
    documents = [await answered_order(db, n, f"PO-{n}") for n in range(1, 23)]
    [row] = await rows(db, f"select order_no from crossdock.sending where document_id = '{documents[-1]}'")
    shipped = {"shipment": "S-1", "shipped_on": "2026-03-02", "lines": [{"line": "1", "quantity": 10}]}
    await told(db, row["order_no"], "despatch", shipped)
    assert (await run(db, opener, "files")).handed_over == 1
    assert left(tmp_path, "files") == ["856"]
    # the agreement changes its mind: what waits goes the usual way from now on
    await agree(db, {"document": "850", "direction": "in"}, {"document": "855", "direction": "out"})
    assert (await run(db, opener, "files")).handed_over == 20
    assert (await run(db, opener, "files")).handed_over == 2


async def test_what_is_under_way_on_one_channel_is_not_taken_up_by_another(db: Database, opener: Opener) -> None:
    """Sent, and its receipt not here yet, when the agreement changes: sent once all the same."""
    await declare(db, folder("files"))
    slow = folder("slow", usual=False)
    await declare(db, slow)
    await agree(
        db,
        {"document": "850", "direction": "in", "acknowledgement": "none"},
        {"document": "855", "direction": "out", "channel": "slow"},
    )
    await answered_order(db)

    class Waits:
        inbound, repeatable, receipt_within_s, unknown_repeats = None, False, 3600.0, 0
        sent = 0

        @property
        def outbound(self) -> "Waits":
            return self

        async def hand_over(self, parcel: Parcel) -> Handover:
            self.sent += 1
            return Pending(detail="its receipt comes later", mic="x")

        async def check(self) -> str:
            return ""

        async def close(self) -> None: ...

    waits = Waits()

    async def opened(_: Channel) -> Any:
        return waits

    assert (await run(db, opened, "slow")).handed_over == 1
    await agree(
        db,
        {"document": "850", "direction": "in", "acknowledgement": "none"},
        {"document": "855", "direction": "out"},
    )
    assert (await run(db, opener, "files")).handed_over == 0
    assert waits.sent == 1


# ── what is agreed is checked ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("named", "says"),
    [("nowhere", "a channel of the tenant"), ("inbox", "only receives"), ("nuts-files", "of nuts"), (7, "a text")],
)
async def test_an_agreement_names_a_channel_that_can_send(db: Database, named: Any, says: str) -> None:
    async with db.transaction(T) as tx:
        nuts = {"id": "nuts", "name": "Nuts", "customer_id": "C-1", "identifiers": [{"scheme": "ZZ", "value": "NUTS"}]}
        await agreements.put(tx, T, nuts, "test", NOW)
    await declare(db, folder("inbox", direction=Direction.IN))
    await declare(db, folder("nuts-files", partner="nuts"))
    with pytest.raises(PartnerError, match=says) as refused:
        await agree(db, {"document": "855", "direction": "out", "channel": named})
    assert [f.where for f in refused.value.findings] == ["partner#/agreements/0/channel"]


async def test_a_channel_that_an_agreement_names_stays_one_that_can_send(db: Database) -> None:
    await declare(db, folder("files"))
    await declare(db, folder("notices", usual=False))
    await agree(db, {"document": "856", "direction": "out", "channel": "notices"})
    with pytest.raises(Conflict, match="856 out by notices"):
        await declare(db, folder("notices", direction=Direction.IN))
    await declare(db, folder("notices", usual=False, every_s=60))


async def test_a_partner_has_one_usual_way_out_and_others_beside_it(db: Database) -> None:
    await declare(db, folder("files"))
    await declare(db, folder("second", usual=False))
    with pytest.raises(Conflict, match="files already"):
        await declare(db, folder("second"))
    async with db.transaction(T) as tx:
        await store.enable(tx, T, "files", False, "test")
    await declare(db, folder("second"))
    async with db.transaction(T) as tx:
        with pytest.raises(Conflict, match="second already"):
            await store.enable(tx, T, "files", True, "test")


async def test_the_channel_is_written_and_read_back(db: Database) -> None:
    await declare(db, folder("files"))
    await agree(db, {"document": "855", "direction": "out", "channel": "files"})
    async with db.transaction(T) as tx:
        stored = await agreements.get(tx, T, "bolts")
    assert stored.profile.agreements[0].channel == "files"
    text = agreements.exported(stored.profile)
    assert profiles.parse(agreements.imported(text.encode(), "bolts.yaml"), "bolts.yaml") == stored.profile
    assert exactjson.loads(exactjson.text(profiles.plain(stored.profile)))["agreements"][0]["channel"] == "files"
