"""What people do over REST: exceptions, approvals, holds, orders; each once, and each in the audit trail."""

from typing import Any

from crossdock import exactjson
from crossdock.partners import intake
from crossdock.partners.profiles import Identifier, Profile


async def test_an_exception_is_taken_commented_snoozed_woken_and_resolved(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    case = f"/api/cases/{things.case}"
    assert (await cora.post(f"{case}/assign", {"owner": "cora"})).json["owner"] == "cora"
    assert [c["id"] for c in (await cora.get("/api/cases?status=open&owner=me")).json["items"]] == [things.case]
    assert (await cora.post(f"{case}/comment", {"text": "called them"})).json["comments"][0]["by"] == "cora"
    assert (await cora.post(f"{case}/snooze", {"until": "2001-01-01T00:00:00Z"})).status == 422
    assert (await cora.post(f"{case}/snooze", {"until": "2099-01-01T00:00:00Z"})).json["status"] == "snoozed"
    assert (await cora.post(f"{case}/reopen")).json["status"] == "open"
    refused = await cora.post(f"{case}/resolve", {"action": "go", "data": {"note": "y"}})
    assert refused.status == 422
    assert refused.json["findings"][0]["where"] == "/data/note"
    done = await cora.post(f"{case}/resolve", {"action": "go", "data": {"quantity": 2.5}, "note": "agreed"})
    assert (done.json["status"], done.json["data"]["quantity"]) == ("closed", exactjson.loads("2.5"))
    assert (await cora.post(f"{case}/resolve", {"action": "go"})).status == 409
    actions = [
        r["action"] for r in (await (await gateway.as_("ada", "norrland")).get("/api/audit?actor=cora")).json["items"]
    ]
    assert {"case.assign", "case.comment", "case.snooze", "case.resolve"} <= set(actions)


async def test_an_approval_binds_to_what_was_shown(gateway: Any) -> None:
    things = await gateway.things()
    app = await gateway.as_("app")
    path = f"/api/approvals/{things.approval}/decide"
    listed = (await app.get("/api/approvals?status=pending&mine=true")).json["items"][0]
    assert (listed["amount"], listed["can_decide"], listed["hash"]) == ("25.00", True, things.hash)
    changed = await app.post(path, {"outcome": "approved", "note": "", "hash": "0" * 64})
    assert changed.status == 409
    assert "not what you saw" in changed.json["detail"]
    assert (await app.post(path, {"outcome": "approved", "note": "ok", "hash": things.hash})).json[
        "status"
    ] == "approved"
    again = await app.post(path, {"outcome": "rejected", "note": "", "hash": things.hash})
    assert again.status == 409
    assert "approved by app already" in again.json["detail"]
    assert (await app.get("/api/approvals?status=pending")).json["total"] == 0


async def test_a_hold_is_released_by_the_role_it_asks_for(gateway: Any) -> None:
    ada, cora, app = await gateway.as_("ada", "norrland"), await gateway.as_("cora"), await gateway.as_("app")
    hold = {"scope": "customer", "key": "C-0001", "kind": "credit", "reason": "overdue", "release_role": "approver"}
    placed = (await ada.post("/api/holds", hold)).json
    assert (await cora.post(f"/api/holds/{placed['id']}/release", {"note": ""})).status == 403
    released = await app.post(f"/api/holds/{placed['id']}/release", {"note": "paid"})
    assert (released.json["status"], released.json["released_by"]) == ("released", "app")
    assert (await app.post(f"/api/holds/{placed['id']}/release", {"note": ""})).status == 409
    assert (await cora.get("/api/holds?status=active")).json["total"] == 0


async def test_an_order_is_cancelled_once_however_often_it_is_asked(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    path = f"/api/orders/{things.order}/cancel"
    first, second = await cora.post(path, {"reason": "not needed"}), await cora.post(path, {"reason": "really"})
    assert (first.status, first.json["status"], second.json["status"]) == (202, "accepted", "duplicate")
    events = (await cora.get("/api/events?type=crossdock.order.cancellation-requested")).json
    assert events["total"] == 1
    assert events["items"][0]["data"] == {"order": things.order, "reason": "not needed", "by": "cora"}
    assert (await cora.post("/api/orders/SO-999/cancel", {"reason": "x"})).status == 404


async def test_an_order_entered_by_hand_says_what_is_wrong_with_it(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    answer = await cora.post("/api/orders", {"customer_id": "C-1", "po": "7", "lines": [{"sku": "A", "quantity": "0"}]})
    assert answer.status == 201
    assert (answer.json["status"], answer.json["order"]) == ("rejected", None)
    assert answer.json["errors"][0]["where"] == "/lines/0/quantity"
    assert (await cora.get(f"/api/documents/{answer.json['document']}")).json["status"] == "rejected"
    assert (
        await cora.send("POST", "/api/orders", raw=b"{", headers={"Content-Type": "application/json"})
    ).status == 422


async def test_a_file_is_taken_in_and_a_held_document_released(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    raw = b'[{"customer_id": "C-9", "po": "A1", "lines": [{"sku": "NF-1", "quantity": 2, "unit_price": 2.5}]}]'
    taken = await cora.send("POST", "/api/intake?filename=orders.json", raw=raw)
    row = taken.json["documents"][0]
    assert (row["file"], row["status"], row["total"]) == ("orders.json", "held", "5.0"), "nobody knows this sender yet"
    assert (await cora.get("/api/documents?status=held")).json["total"] == 1
    shown = await cora.get(f"/api/documents/{row['document']}/raw")
    assert shown.body == raw
    assert shown.headers["content-disposition"].startswith("attachment")
    too_early = await cora.post(f"/api/documents/{row['document']}/release")
    assert too_early.status == 409, "what held it still stands"
    nine = Profile(id="nine", name="Nine AB", customer_id="C-9", identifiers=(Identifier("customer", "C-9"),))
    async with gateway.db.transaction("norrland") as tx:
        await intake.save_profile(tx, "norrland", nine)
    released = await cora.post(f"/api/documents/{row['document']}/release")
    assert released.status == 200, released.body
    assert released.json["order"].startswith("SO-")
    assert (await cora.post(f"/api/documents/{row['document']}/release")).status == 409


async def test_the_page_of_an_order_has_everything_around_it(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    order = (await cora.get(f"/api/orders/{things.order}")).json
    assert (order["status"], order["customer_id"], order["total"]) == ("in_case", "C-0007", "25.00")
    assert order["ship_to"]["city"] == "Umeå"
    assert [d["id"] for d in order["documents"]] == [things.document]
    assert [c["id"] for c in order["cases"]] == [things.case]
    assert [a["id"] for a in order["approvals"]] == [things.approval]
    assert [h["id"] for h in order["holds"]] == [things.hold]
    assert [i["id"] for i in order["instances"]] == [things.instance]
    titles = [i["title"] for i in order["timeline"]]
    assert titles[0] == "Received: order (manual)"
    assert {"Order received", "Exception opened", "Approval asked for"} <= set(titles)
    instance = (await cora.get(f"/api/instances/{things.instance}")).json
    assert instance["definition"] == "order-to-cash"
    incident = (await cora.get(f"/api/incidents/{things.incident}")).json
    assert [o["order"] for o in incident["orders"]] == [things.order]


async def test_several_holds_are_released_in_one_go_each_with_its_reason_within_role_and_limit(gateway: Any) -> None:
    ada, app = await gateway.as_("ada", "norrland"), await gateway.as_("app")

    async def place(**more: Any) -> str:
        given = {"scope": "partner", "key": "acme", "kind": "credit", "reason": "overdue", "release_role": "approver"}
        answer = await ada.post("/api/holds", {**given, **more})
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    within = await place(amount="5000", currency="EUR", evidence={"statement": "2026-02", "days": 45})
    above, admins = await place(amount="5000.01", currency="EUR"), await place(release_role="admin")
    free = await place(scope="site", key="north")
    assert (await app.post(f"/api/holds/{above}/release", {"note": "paid"})).json["detail"].endswith("than your limit.")
    items = [{"id": i, "note": f"because {n}"} for n, i in enumerate((within, above, admins, free))]
    assert (await app.post("/api/holds/release", {"items": [{"id": within, "note": ""}]})).status == 422
    done = {i["id"]: i for i in (await app.post("/api/holds/release", {"items": items})).json["items"]}
    assert {i: d["status"] for i, d in done.items() if d["why_not"] is None} == {within: "released", free: "released"}
    assert "5000.01 EUR" in done[above]["why_not"]
    assert "role admin" in done[admins]["why_not"]
    shown = (await app.get(f"/api/holds/{within}")).json
    assert (shown["note"], shown["evidence"]["statement"]) == ("because 0", "2026-02")
    records = (await ada.get("/api/audit?action=hold.released")).json["items"]
    assert sorted(r["detail"]["note"] for r in records) == ["because 0", "because 3"]
    assert (await ada.post("/api/holds", {"scope": "moon", "key": "1", "kind": "x", "reason": "y"})).status == 422


async def test_what_an_order_is_stopped_by_is_listed(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    placed = await cora.post(
        "/api/holds", {"scope": "order", "key": things.order, "kind": "quality", "reason": "look at it"}
    )
    await cora.post("/api/holds", {"scope": "order", "key": "SO-9", "kind": "quality", "reason": "another"})
    listed = (await cora.get(f"/api/holds?status=active&order={things.order}")).json
    assert [h["id"] for h in listed["items"]] == [placed.json["id"]]
