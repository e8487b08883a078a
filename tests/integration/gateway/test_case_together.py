"""People at exceptions together, over REST: links, merges, who is there, files, and shifts handed over."""

from typing import Any
from uuid import UUID

from crossdock.cases import casework
from crossdock.events.inbox import business_now


async def opened(gateway: Any, title: str, **more: Any) -> str:
    async with gateway.db.transaction("norrland") as tx:
        said: dict[str, Any] = {"kind": "shipment-late", "queue": "logistics", "title": title, **more}
        case = await casework.open_case(tx, "norrland", casework.New(**said), await business_now(tx))
    return str(case.case_id)


async def test_a_merge_keeps_both_evidences_and_can_be_undone(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    one = await opened(gateway, "late", order="SO-1", key="late", evidence={"carrier": "DHL"})
    two = await opened(gateway, "late too", order="SO-1", key="late-2", evidence={"carrier": "GLS"})
    await cora.post(f"/api/cases/{one}/comment", {"text": "called them"})
    kept = (await cora.post(f"/api/cases/{one}/merge", {"into": two})).json
    assert (kept["id"], kept["status"], kept["evidence"]) == (two, "open", {"carrier": "GLS"})
    assert [(m["evidence"], m["comments"][0]["text"]) for m in kept["merged"]] == [({"carrier": "DHL"}, "called them")]
    gone = (await cora.get(f"/api/cases/{one}")).json
    assert (gone["status"], gone["resolution"], gone["merged_into"]) == ("closed", "merged", two)
    assert (await cora.post(f"/api/cases/{one}/reopen")).status == 409, "the merge is undone, not the closing"
    assert await opened(gateway, "late", order="SO-1", key="late") == two, "the same trouble finds the survivor"
    back = (await cora.post(f"/api/cases/{one}/unmerge")).json
    assert (back["status"], back["merged_into"]) == ("open", None)
    assert (await cora.get(f"/api/cases/{two}")).json["merged"] == []
    assert (await cora.post(f"/api/cases/{one}/unmerge")).status == 409
    await cora.post(f"/api/cases/{two}/resolve", {"action": "close"})
    assert (await cora.post(f"/api/cases/{one}/merge", {"into": two})).status == 409, "nothing into a closed one"
    assert (await cora.post(f"/api/cases/{one}/merge", {"into": one})).status == 422


async def test_what_a_process_waits_for_is_not_merged_away(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    other = await opened(gateway, "another")
    async with gateway.db.transaction("norrland") as tx:
        await tx.execute(
            "update crossdock.cases set answers = 'workflow', instance_id = $2, at = '/x' where case_id = $1",
            UUID(things.case), UUID(things.instance),
        )  # fmt: skip
    refused = await cora.post(f"/api/cases/{things.case}/merge", {"into": other})
    assert refused.status == 409
    assert "A process waits" in refused.json["detail"]
    assert (await cora.post(f"/api/cases/{other}/merge", {"into": things.case})).status == 200


async def test_an_order_counts_its_open_exceptions_through_a_merge_and_back(gateway: Any) -> None:
    things = await gateway.things()
    cora = await gateway.as_("cora")
    other = await opened(gateway, "another", order=things.order)

    async def count() -> int:
        await gateway.hand_on()
        return (await cora.get(f"/api/orders/{things.order}")).json["open_cases"]

    assert await count() == 2
    await cora.post(f"/api/cases/{other}/merge", {"into": things.case})
    assert await count() == 1
    await cora.post(f"/api/cases/{other}/unmerge")
    assert await count() == 2


async def test_two_exceptions_are_linked_once_and_each_shows_the_other(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    one, two = await opened(gateway, "one"), await opened(gateway, "two")
    for _ in range(2):
        assert (await cora.post(f"/api/cases/{one}/links", {"other": two, "note": "same truck"})).status == 200
    shown = (await cora.get(f"/api/cases/{two}")).json["linked"]
    assert [(x["id"], x["note"], x["by"]) for x in shown] == [(one, "same truck", "cora")]
    assert (await cora.send("DELETE", f"/api/cases/{two}/links/{one}")).json["linked"] == []
    assert (await cora.send("DELETE", f"/api/cases/{two}/links/{one}")).status == 404


async def test_one_sees_who_else_is_at_an_exception(gateway: Any) -> None:
    cora, app = await gateway.as_("cora"), await gateway.as_("app")
    case = await opened(gateway, "one")
    assert (await cora.post(f"/api/cases/{case}/presence", {})).json == []
    there = (await app.post(f"/api/cases/{case}/presence", {"doing": "edits"})).json
    assert there == [{"user": "cora", "doing": "looks"}]
    assert (await cora.post(f"/api/cases/{case}/presence", {})).json == [{"user": "app", "doing": "edits"}]
    await app.post(f"/api/cases/{case}/presence", {"doing": None})
    assert (await cora.get(f"/api/cases/{case}")).json["present"] == [{"user": "cora", "doing": "looks"}]


async def test_a_shift_is_handed_over_with_notes_and_seen(gateway: Any) -> None:
    cora, app, vera = await gateway.as_("cora"), await gateway.as_("app"), await gateway.as_("vera")
    mine = [await opened(gateway, f"case {n}") for n in range(3)]
    for case in mine:
        await cora.post(f"/api/cases/{case}/assign", {"owner": "cora"})
    other = await opened(gateway, "not mine")
    body = {"to_owner": "app", "note": "DHL calls at eight", "cases": mine[:2]}
    assert (await cora.post("/api/handovers", {**body, "cases": [other]})).status == 409
    assert (await cora.post("/api/handovers", {**body, "to_owner": "vera"})).status == 422, "a viewer works on nothing"
    assert (await cora.post("/api/handovers", {**body, "to_team": "desk"})).status == 422
    given = await cora.post("/api/handovers", {**body, "notes": [{"case": mine[0], "note": "waits for the driver"}]})
    assert given.status == 201
    assert sorted(c["note"] for c in given.json["cases"]) == ["", "waits for the driver"]
    listed = (await app.get("/api/handovers")).json["items"]
    assert [(h["number"], h["given_by"], h["note"], h["seen_at"]) for h in listed] == [
        (given.json["number"], "cora", "DHL calls at eight", None)
    ]
    assert {c["owner"] for c in listed[0]["cases"]} == {"app"}
    assert (await vera.get("/api/handovers")).json["items"] == []
    assert (await cora.get("/api/cases?owner=me")).json["total"] == 1
    assert (await cora.post(f"/api/handovers/{given.json['id']}/seen")).status == 409
    assert (await app.post(f"/api/handovers/{given.json['id']}/seen")).json["seen_by"] == "app"
    all_of_it = (await cora.post("/api/handovers", {"to_owner": "app"})).json
    assert [c["id"] for c in all_of_it["cases"]] == [mine[2]]
    assert (await cora.post("/api/handovers", {"to_owner": "app"})).status == 422, "nothing is left to hand over"
    ada = await gateway.as_("ada", "norrland")
    actions = [r["action"] for r in (await ada.get("/api/audit?actor=cora")).json["items"]]
    assert actions.count("case.hand-over") == 3
    assert "shift.hand-over" in actions


async def test_a_shift_given_to_a_team_is_shared_among_who_is_there(gateway: Any) -> None:
    ada, cora = await gateway.as_("ada", "norrland"), await gateway.as_("cora")
    await ada.send("PUT", "/api/case-teams/night", {"members": ["ada", "app"]})
    for n in range(4):
        case = await opened(gateway, f"case {n}")
        await cora.post(f"/api/cases/{case}/assign", {"owner": "cora"})
    given = (await cora.post("/api/handovers", {"to_team": "night"})).json
    assert sorted(c["owner"] for c in given["cases"]) == ["ada", "ada", "app", "app"]
    assert len((await ada.get("/api/handovers")).json["items"]) == 1
    assert (await ada.get("/api/cases?team=night")).json["total"] == 4


async def test_a_file_is_what_its_bytes_say_and_is_only_ever_saved(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    case = await opened(gateway, "one")
    path = f"/api/cases/{case}/files"

    async def add(name: str, raw: bytes) -> Any:
        return await cora.send("POST", f"{path}?filename={name}", raw=raw)

    pdf = (await add("..%2F..%2Finvoice.pdf", b"%PDF-1.7 \0 not much")).json
    page = (await add("photo.png", b"<html><script>alert(1)</script>")).json
    text = (await add("note.txt", "Grüße".encode())).json
    assert [(f["name"], f["media_type"]) for f in (pdf, page, text)] == [
        ("invoice.pdf", "application/pdf"), ("photo.png", "application/octet-stream"), ("note.txt", "text/plain"),
    ]  # fmt: skip
    got = await cora.get(f"{path}/{page['id']}")
    assert got.body == b"<html><script>alert(1)</script>"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert (await add("empty", b"")).status == 422
    assert (await add("big", bytes(10_000_001))).status in (413, 422)
    other = await opened(gateway, "two")
    assert (await cora.get(f"/api/cases/{other}/files/{pdf['id']}")).status == 404, "asked through another case"
    await cora.post(f"/api/cases/{case}/merge", {"into": other})
    assert (await cora.get(f"/api/cases/{other}/files/{pdf['id']}")).status == 200, "a survivor has its files"
    await cora.post(f"/api/cases/{case}/unmerge")
    assert (await cora.send("DELETE", f"{path}/{pdf['id']}")).status == 204
    assert (await cora.get(f"{path}/{pdf['id']}")).status == 404
    carl = await gateway.as_("carl")
    assert (await carl.get(f"{path}/{text['id']}")).status == 404


async def test_a_template_is_checked_and_filled_with_the_exceptions_facts(gateway: Any) -> None:
    ada, cora = await gateway.as_("ada", "norrland"), await gateway.as_("cora")
    things = await gateway.things()
    template = {
        "title": "Delay",
        "subject": "Your order {po}",
        "body": "Dear {customer},\nPromised: {promised_on}\n\n{me}",
    }
    assert (await cora.send("PUT", "/api/case-templates/delay", template)).status == 403
    wrong = await ada.send("PUT", "/api/case-templates/delay", {**template, "body": "{custmer} {order}"})
    assert [f["found"] for f in wrong.json["findings"]] == ["{custmer}"]
    assert (await ada.send("PUT", "/api/case-templates/delay", template)).json["put_by"] == "ada"
    filled = (await cora.get(f"/api/cases/{things.case}/replies/delay")).json
    assert filled == {  # nothing is promised yet: the line is left out
        "subject": "Your order PO-SECRET-77",
        "body": "Dear Secret Bolts AB,\n\ncora\n",
        "language": "en",
    }
    assert (await cora.get("/api/case-templates")).json["items"][0]["name"] == "delay"
    swedish = {"language": "sv", "subject": "Er order {po}", "body": "Hej {customer},\n\n{me}"}
    both = (await ada.send("PUT", "/api/case-templates/delay", swedish)).json
    assert (both["language"], both["title"], [o["language"] for o in both["others"]]) == ("en", "Delay", ["sv"])
    there = f"/api/cases/{things.case}/replies/delay"
    assert (await cora.get(f"{there}?language=sv")).json["subject"] == "Er order PO-SECRET-77"
    assert (await cora.get(f"{there}?language=fr")).json["language"] == "en", "it has no French"
    path = f"/api/cases/{things.case}/replies/try"
    tried = (await cora.post(path, {"subject": "{order}", "body": "{customer}", "language": "sv"})).json
    assert tried["subject"] == things.order
    assert (await cora.post(path, {"subject": "{ordr}", "body": "x"})).status == 422
    assert (await ada.send("DELETE", "/api/case-templates/delay?language=de")).status == 404
    assert (await ada.send("DELETE", "/api/case-templates/delay?language=sv")).status == 204
    assert (await ada.send("DELETE", "/api/case-templates/delay")).status == 204
    assert (await cora.get(f"/api/cases/{things.case}/replies/delay")).status == 404


async def test_one_message_tells_each_customer_of_its_own_orders_that_an_outage_holds_up(gateway: Any) -> None:
    things = await gateway.things()
    ada, cora, vera = await gateway.as_("ada", "norrland"), await gateway.as_("cora"), await gateway.as_("vera")
    await ada.send("PUT", "/api/case-mail", {"address": "service@norrland.example"})
    path = f"/api/incidents/{things.incident}/message"
    said = {"subject": "Your orders wait", "body": "Dear {customer},\nthe carrier is down. These wait:\n{orders}\n"}
    assert (await vera.post(path, said)).status == 403
    assert (await cora.post(path, {**said, "body": "{everybody}"})).status == 422
    missed = (await cora.post(f"{path}/preview", said)).json
    assert (missed["left_out"], missed["letters"][0]["to"]) == (["C-0007"], ""), "nobody knows where to write to"
    async with gateway.db.transaction("norrland") as tx:
        await tx.execute(
            "insert into crossdock.catalogue_customer (tenant_id, customer_id, name, tier, body)"
            " values ('norrland', 'C-0007', 'Bolts', 'B', '{\"email\": \"buyer@bolts.example\"}')"
        )
    old = await cora.post(path, {**said, "token": missed["token"]})
    assert old.status == 409, "it is not what was shown"
    shown = (await cora.post(f"{path}/preview", said)).json
    assert [(x["to"], x["orders"]) for x in shown["letters"]] == [("buyer@bolts.example", [things.order])]
    assert (shown["sent_at"], (await cora.get(f"{path}s")).json) == (None, [])
    told = (await cora.post(path, {**said, "token": shown["token"]})).json
    again = (await cora.post(path, {**said, "token": shown["token"]})).json
    assert (told["told"], told["left_out"], again) == (["Bolts"], [], told), "once"
    assert (await cora.get(f"{path}s")).json == [told]
    assert (await cora.post(f"{path}/preview", said)).json["sent_at"] == told["at"]
    [mail] = (await cora.get(f"/api/cases/{told['case']}")).json["messages"]
    assert mail["to"] == ["buyer@bolts.example"]
    assert mail["body"] == f"Dear Bolts,\nthe carrier is down. These wait:\n{things.order}\n"
    shown = (await cora.get(f"/api/incidents/{things.incident}")).json
    assert [(o["order"], o["currency"], o["promised_on"]) for o in shown["orders"]] == [(things.order, "EUR", None)]
