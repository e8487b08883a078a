"""Channels over REST: declared by an administrator, never leaking a secret, and what they bring in quarantine."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.channels import BOLTS, answered_order, declare, order

from crossdock.cli.silence import ChannelDesk
from crossdock.outbound import Client, Guard
from crossdock.partners import intake
from crossdock.partners.transports import certificates, quarantine, running, taking
from crossdock.partners.transports.model import Channel, Direction, Kind, PickedUp
from crossdock.partners.transports.opening import Opener

FOLDER: dict[str, Any] = {
    "kind": "folder", "direction": "both", "partner": "bolts", "settings": {"path": "bolts", "settle_s": 0}
}  # fmt: skip


@pytest.fixture
async def ada(gateway: Any) -> Any:
    async with gateway.db.transaction("norrland") as tx:
        await intake.save_profile(tx, "norrland", BOLTS)
    return await gateway.as_("ada", "norrland")


@pytest.fixture
async def opener(gateway: Any, tmp_path: Path) -> AsyncIterator[Opener]:
    async with Client() as http:
        yield Opener(tmp_path, lambda _: {}, http, Guard(), gateway.db)


async def test_a_channel_is_declared_run_and_switched_off(
    gateway: Any, ada: Any, opener: Opener, tmp_path: Path
) -> None:
    assert (await ada.send("PUT", "/api/channels/files", FOLDER)).status == 200
    folder = tmp_path / "norrland" / "bolts"
    folder.mkdir(parents=True)
    (folder / "order.edi").write_bytes(order())
    assert (await ada.post("/api/channels/files/run")).status == 202
    crew = running.Crew(gateway.db, opener, ChannelDesk())
    await crew.duty()
    await crew.idle()
    [shown] = (await ada.get("/api/channels")).json
    assert (shown["channel"], shown["failures"], shown["last_success_at"] is None) == ("files", 0, False)
    assert (await ada.get("/api/channels/files")).json == shown
    [arrival] = (await ada.get("/api/channel-arrivals?channel=files")).json
    assert (arrival["name"], arrival["outcome"], len(arrival["documents"])) == ("order.edi", "stored", 1)
    [sent] = (await ada.get("/api/deliveries?state=delivered")).json
    assert (sent["type"], sent["partner"]) == ("997", "bolts")
    assert (await ada.post("/api/channels/files/disable")).json["enabled"] is False
    assert (await ada.post("/api/channels/files/run")).status == 404
    assert (await ada.post("/api/channels/files/enable")).json["enabled"] is True
    told = [r["action"] for r in (await ada.get("/api/audit")).json["items"]]
    assert told[:3] == ["channel.enable", "channel.disable", "channel.set"]


async def test_only_an_administrator_manages_channels_and_a_partner_sees_none(gateway: Any, ada: Any) -> None:
    await ada.send("PUT", "/api/channels/files", FOLDER)
    carl = await gateway.as_("carl")
    assert (await carl.get("/api/channels")).json == []
    assert (await carl.get("/api/channels/files")).status == 404
    for role in ("viewer", "coordinator", "partner"):
        caller = await gateway.key(role, partner="C-0007" if role == "partner" else None)
        assert (await caller.get("/api/channels")).status == 403, role
        assert (await caller.send("PUT", "/api/channels/files", FOLDER)).status == 403, role
        assert (await caller.get("/api/channel-arrivals")).status == (403 if role == "partner" else 200), role


async def test_what_is_wrong_is_said(ada: Any) -> None:
    for body in (
        {**FOLDER, "settings": {"pth": "x"}},
        {**FOLDER, "partner": "nobody"},
        {**FOLDER, "kind": "carrier-pigeon"},
        {**FOLDER, "max_bytes": 10**12},
    ):
        assert (await ada.send("PUT", "/api/channels/files", body)).status == 422, body
    assert (await ada.send("PUT", "/api/channels/No Name", FOLDER)).status == 422


async def test_a_file_in_quarantine_is_looked_at_released_or_discarded(gateway: Any, ada: Any) -> None:
    channel = await declare(
        gateway.db,
        Channel(tenant_id="norrland", id="mail", kind=Kind.SMTP, direction=Direction.IN, partner=None,
                settings={"senders": {}, "recipients": ["edi@norrland.example"]}),
    )  # fmt: skip
    for n in (1, 2):
        item = PickedUp(
            key=f"m/{n}", name=f"{n}.edi", raw=order(n, f"PO-{n}"), size_bytes=1, at=None, sender="m@ex.net"
        )
        stranger = quarantine.of(channel, item)
        assert stranger is not None
        assert await taking.set_aside(gateway.db, channel, item, stranger) == (True, "")
    shown = (await ada.get("/api/quarantine?state=kept&q=EX.NET")).json
    second, first = (f"/api/quarantine/{i['id']}" for i in shown["items"])
    assert [i["name"] for i in shown["items"]] == ["2.edi", "1.edi"]
    assert shown["room"]["items"] == 2
    assert (await ada.get("/api/quarantine?q=nobody")).json["items"] == []
    detail = (await ada.get(first)).json
    assert detail["text"].startswith("ISA*00*")
    assert detail["reason"] == "mail does not know this sender."
    saved = await ada.get(f"{first}/raw")
    assert (saved.body, saved.headers["content-type"]) == (order(1, "PO-1"), "application/octet-stream")
    carl = await gateway.as_("carl")
    for path, body in ((f"{first}/release", {"partner": "bolts"}), (f"{first}/discard", {"reason": "x"})):
        assert (await carl.post(path, body)).status == 404, path
    viewer = await gateway.key("viewer")
    assert (await viewer.get(first)).status == 200
    assert (await viewer.post(f"{first}/discard", {"reason": "x"})).status == 403
    assert (await ada.post(f"{first}/release", {"partner": "nobody"})).status == 422
    assert (await ada.post(f"{first}/release", {})).status == 422
    [done] = (await ada.post(f"{first}/release", {"partner": "bolts"})).json["documents"]
    assert (done["status"], done["po"], done["partner"]) == ("accepted", "PO-1", "bolts")
    assert (await ada.post(f"{first}/release", {"partner": "bolts"})).status == 409
    gone = (await ada.post(f"{second}/discard", {"reason": "nobody we know"})).json
    assert (gone["state"], gone["note"]) == ("discarded", "nobody we know")
    assert (await ada.get(f"{second}/raw")).status == 404
    assert (await ada.get(second)).json["text"] is None
    audit = (await ada.get("/api/audit?limit=50")).json["items"]
    said = {a["action"] for a in audit}
    assert {"quarantine.released", "quarantine.discarded"} <= said


async def test_an_unknown_outcome_is_sent_again_by_a_person(gateway: Any, ada: Any) -> None:
    await declare(
        gateway.db,
        Channel(tenant_id="norrland", id="files", kind=Kind.HTTP, direction=Direction.OUT, partner="bolts",
                settings={"url": "https://bolts.example/edi"}),
    )  # fmt: skip
    document = await answered_order(gateway.db)
    async with gateway.db.transaction("norrland") as tx:
        await tx.execute(
            "insert into crossdock.delivery (tenant_id, document_id, number, channel_id, message_id, state) "
            "values ('norrland', $1, 1, 'files', 'm1', 'unknown')", document,
        )  # fmt: skip
    assert [d["state"] for d in (await ada.get("/api/deliveries")).json] == ["unknown"]
    carl = await gateway.as_("carl")
    assert (await carl.post(f"/api/deliveries/{document}/resend")).status == 404
    assert (await ada.post(f"/api/deliveries/{document}/resend")).json["message_id"] == "m1"
    assert [d["state"] for d in (await ada.get("/api/deliveries")).json] == ["failed"]
    assert (await ada.post("/api/deliveries/" + "0" * 8 + "-0000-0000-0000-000000000000/resend")).status == 404


async def test_certificates_are_added_listed_and_withdrawn(gateway: Any, ada: Any) -> None:
    _, pem = await asyncio.to_thread(certificates.self_signed, "Bolts", 400)
    added = await ada.post("/api/certificates", {"partner": "bolts", "pem": pem})
    assert added.status == 201
    [shown] = (await ada.get("/api/certificates")).json
    assert (shown["partner"], shown["subject"], shown["usable"]) == ("bolts", "CN=Bolts", True)
    assert "pem" not in shown
    assert (await ada.post("/api/certificates", {"pem": pem})).status == 422, "ours needs its key"
    path = f"/api/certificates/{added.json['fingerprint']}/withdraw"
    assert (await (await gateway.as_("carl")).post(path, {"partner": "bolts"})).status == 404
    assert (await ada.post(path, {"partner": "bolts"})).status == 200
    assert [c["usable"] for c in (await ada.get("/api/certificates")).json] == [False]


async def test_each_kind_says_what_it_wants_to_know(gateway: Any, ada: Any) -> None:
    found = {k["kind"]: k for k in (await ada.get("/api/channel-kinds")).json}
    assert set(found) == set(Kind)
    assert found["imap"]["directions"] == ["in"]
    assert found["as2"]["needs_partner"]
    folder = {s["key"]: s for s in found["folder"]["settings"]}
    assert folder["path"]["required"]
    assert folder["settle_s"]["entered"] == "number"
    assert folder["settle_s"]["most"] == 3600
    as2 = {s["key"]: s for s in found["as2"]["settings"]}
    assert as2["digest"]["choices"][0] == "sha256" == as2["digest"]["default"]
    assert {s["entered"] for k in found.values() for s in k["settings"]} == {
        "text", "whole", "number", "flag", "choice", "list", "pairs"
    }  # fmt: skip
    said = {"path": "x", **{s["key"]: s["default"] for s in folder.values() if not s["required"]}}
    body = {**FOLDER, "settings": said}
    assert (await ada.send("PUT", "/api/channels/as-described", body)).status == 200
    coordinator = await gateway.as_("cora", "norrland")
    assert (await coordinator.get("/api/channel-kinds")).status == 403
