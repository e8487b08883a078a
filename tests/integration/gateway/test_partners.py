"""Partners over HTTP: their files, what they owe, and who may change what."""

from typing import Any

T = "norrland"
FILE: dict[str, Any] = {
    "name": "Bolts", "customer_id": "C-0007", "identifiers": [{"scheme": "ZZ", "value": "BOLTS"}],
    "agreements": [
        {
            "document": "850", "direction": "out",
            "expects": [{"document": "855", "within": "PT24H"}, {"document": "810"}],
        }
    ],
}  # fmt: skip


async def test_a_file_is_put_shown_and_taken_out(gateway: Any) -> None:
    admin, viewer = await gateway.key("admin"), await gateway.key("viewer")
    assert (await admin.send("PUT", "/api/partners/bolts?note=first", FILE)).json == {
        "id": "bolts", "version": 1, "changed": True,
    }  # fmt: skip
    shown = (await viewer.get("/api/partners/bolts")).json
    assert (shown["version"], shown["note"], shown["agreements"]) == (1, "first", ["850 out"])
    assert shown["file"]["agreements"][0]["expects"][0]["document"] == "855"
    again = await admin.send("PUT", "/api/partners/bolts?base=0", {**FILE, "name": "B"})
    assert again.status == 409
    one = {"document": "855", "direction": "in"}
    assert (await admin.send("PUT", "/api/partners/bolts/agreements", one)).json["version"] == 2
    assert (await admin.send("DELETE", "/api/partners/bolts/agreements/855/in")).json["version"] == 3
    assert (await admin.send("DELETE", "/api/partners/bolts/agreements/855/in")).status == 404
    assert [v["version"] for v in (await viewer.get("/api/partners/bolts/versions")).json] == [3, 2, 1]
    assert (await viewer.get("/api/partners/bolts?version=2")).json["agreements"] == ["855 in", "850 out"]
    assert "document: '850'" in (await viewer.get("/api/partners/bolts/file")).body.decode()
    assert [p["id"] for p in (await viewer.get("/api/partners")).json["items"]] == ["bolts"]
    told = (await admin.get("/api/audit?action=partner.put")).json
    assert (told["total"], told["items"][0]["actor"]) == (3, "key:admin-key")


async def test_what_is_wrong_is_named_with_its_place(gateway: Any) -> None:
    admin = await gateway.key("admin")
    wrong = await admin.send("PUT", "/api/partners/bolts", {**FILE, "mode": "fast", "colour": "red"})
    assert wrong.status == 422
    assert {f["where"] for f in wrong.json["findings"]} == {"partner#/mode", "partner#/colour"}
    assert (await admin.post("/api/partners/check", {**FILE, "id": "bolts"})).json == ["850 out"]


async def test_only_who_manages_partners_changes_them(gateway: Any) -> None:
    for role in ("viewer", "coordinator", "approver"):
        key = await gateway.key(role)
        assert (await key.send("PUT", "/api/partners/bolts", FILE)).status == 403
    partner = await gateway.key("partner", partner="C-0007")
    for path in ("/api/partners", "/api/partners/bolts", "/api/expectations"):
        assert (await partner.get(path)).status == 403, path


async def test_what_is_awaited_is_listed_and_ended_by_a_person(gateway: Any) -> None:
    admin, coordinator, viewer = [await gateway.key(r) for r in ("admin", "coordinator", "viewer")]
    await admin.send("PUT", "/api/partners/bolts", FILE)
    what = {"document": "850", "subject": "PO-1"}
    assert (await viewer.post("/api/partners/bolts/watch", what)).status == 403
    assert (await coordinator.post("/api/partners/nuts/watch", what)).status == 404
    assert (await coordinator.post("/api/partners/bolts/watch", what)).json == {"expected": 2}
    listed = (await viewer.get("/api/expectations?partner=bolts&state=open")).json
    assert {(e["document"], e["owed_by"], e["basis"]["basis"]) for e in listed} == {
        ("855", "them", "contract"), ("810", "them", "unknown"),
    }  # fmt: skip
    address = f"/api/expectations/{listed[0]['id']}"
    assert (await viewer.get(address)).json == listed[0]
    assert (await viewer.post(f"{address}/cancel", {"reason": "by telephone"})).status == 403
    assert (await coordinator.post(f"{address}/cancel", {"reason": "by telephone"})).json["state"] == "cancelled"
    assert (await coordinator.post(f"{address}/cancel", {"reason": "again"})).status == 409
    assert (await viewer.get("/api/expectations?state=gone")).status == 422
    assert (await viewer.get("/api/partners/bolts/habits")).json == []
