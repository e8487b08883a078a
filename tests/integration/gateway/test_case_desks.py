"""Teams and the tables about exceptions over REST: who may change them, and what an exception shows of them."""

import copy
from typing import Any


async def test_a_team_is_made_by_an_administrator_and_owns_what_comes(gateway: Any) -> None:
    ada, cora = await gateway.as_("ada", "norrland"), await gateway.as_("cora")
    body = {"title": "Order desk", "members": ["cora", "app"]}
    assert (await cora.send("PUT", "/api/case-teams/order-desk", body)).status == 403
    made = await ada.send("PUT", "/api/case-teams/order-desk", body)
    assert [m["user"] for m in made.json["members"]] == ["app", "cora"]
    wrong = await ada.send("PUT", "/api/case-teams/order-desk", {"members": ["vera"]})
    assert (wrong.status, wrong.json["findings"][0]["where"]) == (422, "/members/0")
    assert (await cora.post("/api/case-teams/away", {"until": None, "user": "app"})).status == 403
    assert (await ada.post("/api/case-teams/away", {"until": "2099-01-01T00:00:00Z", "user": "app"})).status == 204
    things = await gateway.things()
    shown = (await cora.get(f"/api/cases/{things.case}")).json
    assert (shown["team"], shown["owner"]) == ("order-desk", "cora")
    assert (shown["placed_by"]["table"], shown["placed_by"]["rule"]) == ("case-assignment", "usual")
    assert shown["priority"] == sum(w["points"] for w in shown["priority_why"]) > 0
    assert shown["clears"].startswith("the process no longer asks")
    assert shown["due_at"] is not None
    listed = (await cora.get("/api/cases?team=order-desk&owner=me&sort=-priority")).json
    assert [c["id"] for c in listed["items"]] == [things.case]
    team = (await cora.get("/api/case-teams")).json["items"][0]
    assert (team["open"], team["unowned"], [m["open"] for m in team["members"]]) == (1, 0, [0, 1])


async def test_a_table_is_tried_then_put_and_shown_with_who_put_it(gateway: Any) -> None:
    ada, cora = await gateway.as_("ada", "norrland"), await gateway.as_("cora")
    tables = {t["name"]: t for t in (await cora.get("/api/case-rules")).json["items"]}
    assert {t["put_by"] for t in tables.values()} == {""}
    document = copy.deepcopy(tables["case-priority"]["document"])
    document["nodes"][1]["content"]["rules"][0]["to_points"] = "7"
    tried = await cora.post(
        "/api/case-rules/case-priority/try", {"document": document, "input": {"severity": "critical"}}
    )  # fmt: skip
    assert tried.json["output"]["result"] == [{"points": 7, "because": "critical"}]
    assert [h["rule"] for h in tried.json["hit"]] == ["critical"]
    assert (await cora.send("PUT", "/api/case-rules/case-priority", {"document": document})).status == 403
    put = await ada.send("PUT", "/api/case-rules/case-priority", {"document": document})
    assert (put.json["version"], put.json["put_by"]) == ("2", "ada")
    document["nodes"][1]["content"]["rules"][0]["to_points"] = "7 +"
    refused = await ada.send("PUT", "/api/case-rules/case-priority", {"document": document})
    assert refused.status == 422
    assert "expression that compiles" in refused.json["findings"][0]["expected"]
    assert (await cora.post("/api/case-rules/nothing/try", {"document": {}})).status == 404
