"""Cross-references that people teach: proposed, seen with what they would change, accepted, taken back."""

from typing import Any

from tests.integration.gateway.test_corrections import purchase, taken

from crossdock.cases import casework
from crossdock.events.inbox import business_now

T = "norrland"


async def in_case(gateway: Any, done: Any, item: str = "X-1", unit: str = "CT") -> casework.Case:
    """The order of an accepted document in an exception whose data may be corrected."""
    new = casework.New(
        kind="order-invalid", queue="order-desk", title=f"Order {done.order}: unknown item", order=done.order,
        data={"lines": [{"line": "1", "items": [{"scheme": "buyer", "value": item}], "quantity": 10, "unit": unit}]},
        editable=["/lines"], actions=(casework.Offer(id="resubmit", label="Check again", needs_input=True),),
    )  # fmt: skip
    async with gateway.db.transaction(T) as tx:
        return await casework.open_case(tx, T, new, await business_now(tx))


def lines(unit: str, *items: tuple[str, str]) -> dict[str, Any]:
    listed = [{"scheme": s, "value": v} for s, v in items]
    return {"lines": [{"line": "1", "items": listed, "quantity": 10, "unit": unit}]}


async def test_an_order_corrected_in_an_exception_proposes_what_its_partner_meant(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    case = await in_case(gateway, await taken(gateway, purchase()))
    data = lines("CS", ("supplier", "SKU-1"), ("buyer", "X-1"))
    body = {"action": "resubmit", "data": data, "note": "X-1 is our SKU-1; CT are cases"}
    done = await cora.post(f"/api/cases/{case.case_id}/resolve", body)
    assert done.status == 200, done.body
    assert "proposed that unit CT is our CS, sku X-1 is our SKU-1" in done.json["history"][-1]["what"]
    found = {p["kind"]: p for p in (await cora.get("/api/cross-reference-proposals")).json}
    item, unit = found["sku"], found["unit"]
    assert (item["partner"], item["qualifier"], item["theirs"], item["ours"]) == ("bolts", "buyer", "X-1", "SKU-1")
    assert (unit["theirs"], unit["ours"], unit["standing"]) == ("CT", "CS", None)
    [evidence] = item["evidence"]
    assert (evidence["number"], evidence["order"], evidence["by"]) == (case.number, case.order, "cora")
    assert evidence["why"] == "X-1 is our SKU-1; CT are cases"
    # nothing is read otherwise before somebody accepts it
    other = await taken(gateway, purchase(2, "PO-2"))
    assert (await cora.get(f"/api/documents/{other.document_id}")).json["canonical"]["lines"][0]["unit"] == "CT"
    # another coordinator's correction is further evidence for the same proposal
    again = await in_case(gateway, other)
    assert (await cora.post(f"/api/cases/{again.case_id}/resolve", body)).status == 200
    shown = (await cora.get(f"/api/cross-reference-proposals/{item['id']}")).json
    assert [e["number"] for e in shown["evidence"]] == [case.number, again.number]


async def test_an_exception_that_is_not_corrected_or_of_an_order_typed_in_here_proposes_nothing(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    case = await in_case(gateway, await taken(gateway, purchase()))
    same = {"action": "resubmit", "data": lines("CT", ("buyer", "X-1")), "note": "as it was"}
    assert (await cora.post(f"/api/cases/{case.case_id}/resolve", same)).status == 200
    typed = {"customer_id": "C-0007", "po": "P-9", "currency": "USD", "lines": [{"items": [{"scheme": "buyer",
             "value": "X-1"}], "quantity": "1", "unit": "CT"}]}  # fmt: skip
    placed = (await cora.post("/api/orders", typed)).json

    class Typed:
        order = placed["order"]

    other = await in_case(gateway, Typed)
    changed = {"action": "resubmit", "data": lines("CS", ("buyer", "X-1")), "note": "cases"}
    assert (await cora.post(f"/api/cases/{other.case_id}/resolve", changed)).status == 200
    assert (await cora.get("/api/cross-reference-proposals")).json == []


async def test_an_order_for_one_of_several_places_teaches_from_the_document_of_them_all(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    raw = purchase(61, "PO-61").decode()
    told = "".join(f"N1*ST*{place}*92*{place}~N3*Dock 5~N4*Umea**90325*SE~" for place in ("0012", "0013"))
    split = raw.replace("N1*ST*Shop*92*0012~", told).replace("~CTT", "~SDQ*CT*92*0012*4*0013*6~CTT")
    done = await taken(gateway, split.replace("SE*6*0001", "SE*12*0001").encode())
    assert done.status == "accepted", done.errors
    part = f"{done.order}-1"
    assert (await cora.get(f"/api/documents?order={part}")).json["total"] == 1, "it was divided"

    class Part:
        order = part

    case = await in_case(gateway, Part)
    body = {"action": "resubmit", "data": lines("CS", ("buyer", "X-1")), "note": "cases"}
    assert (await cora.post(f"/api/cases/{case.case_id}/resolve", body)).status == 200
    [proposal] = (await cora.get("/api/cross-reference-proposals")).json
    assert (proposal["theirs"], proposal["ours"], proposal["partner"]) == ("CT", "CS", "bolts")
    other = await in_case(gateway, Part)
    shown = (await cora.get(f"/api/cross-reference-proposals/{proposal['id']}")).json
    assert [c["number"] for c in shown["cases"]] == [other.number]


async def proposed(gateway: Any, unit: str = "CS") -> Any:
    cora = await gateway.as_("cora")
    case = await in_case(gateway, await taken(gateway, purchase(20 + len(unit), f"PO-{unit}")))
    body = {"action": "resubmit", "data": lines(unit, ("buyer", "X-1")), "note": "cases"}
    assert (await cora.post(f"/api/cases/{case.case_id}/resolve", body)).status == 200
    found = (await cora.get("/api/cross-reference-proposals")).json
    return next(p for p in found if p["ours"] == unit)


async def test_before_it_is_accepted_one_sees_what_waits_for_it(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    await taken(gateway, purchase(1, "PO-1"))
    held = await taken(gateway, purchase(2, "PO-1", quantity="11"))  # the same number with other content
    unlike = await taken(gateway, purchase(3, "PO-1", quantity="12", unit="EA"))
    assert (held.status, unlike.status) == ("held", "held")
    waits = await in_case(gateway, await taken(gateway, purchase(4, "PO-4")))
    proposal = await proposed(gateway)
    shown = (await cora.get(f"/api/cross-reference-proposals/{proposal['id']}")).json
    [document] = shown["waiting"]
    assert (document["document"], document["po"]) == (str(held.document_id), "PO-1")
    assert document["fields"] == [{"pointer": "/lines/0/unit", "before": "CT", "after": "CS"}]
    assert [c["number"] for c in shown["cases"]] == [waits.number]
    assert (await cora.post(f"/api/cross-reference-proposals/{proposal['id']}/accept")).status == 204
    assert (await cora.post(f"/api/documents/{held.document_id}/release")).status == 200
    released = (await cora.get(f"/api/documents/{held.document_id}")).json
    assert released["canonical"]["lines"][0]["unit"] == "CS", "as it was shown"
    theirs = await gateway.as_("carl")
    assert (await theirs.get(f"/api/cross-reference-proposals/{proposal['id']}")).status == 404


async def test_a_decision_is_taken_back_with_what_stood_before_it(gateway: Any) -> None:
    cora, vera = await gateway.as_("cora"), await gateway.as_("vera")
    before = {"partner": "bolts", "kind": "unit", "theirs": "CT", "ours": "BX", "note": "as we thought"}
    proposal = await proposed(gateway)
    assert (await cora.send("PUT", "/api/cross-references", before)).status == 200
    path = f"/api/cross-reference-proposals/{proposal['id']}"
    assert (await cora.get(path)).json["standing"] == "BX"
    assert (await cora.post(f"{path}/undo")).status == 409, "it is not decided"
    assert (await cora.post(f"{path}/accept")).status == 204
    assert (await vera.post(f"{path}/undo")).status == 403
    assert [r["ours"] for r in (await cora.get("/api/cross-references?kind=unit")).json] == ["CS"]
    assert (await cora.post(f"{path}/undo")).status == 204
    [entry] = (await cora.get("/api/cross-references?kind=unit")).json
    assert (entry["ours"], entry["note"], entry["written"]) == ("BX", "as we thought", True)
    shown = (await cora.get(path)).json
    assert (shown["state"], shown["decided_by"]) == ("proposed", None)
    for choice, state in (("reject", "rejected"), ("undo", "proposed"), ("accept", "accepted")):
        assert (await cora.post(f"{path}/{choice}")).status == 204
        assert (await cora.get(path)).json["state"] == state
    # somebody edits the entry: taking the acceptance back would undo the edit too
    assert (await cora.send("PUT", "/api/cross-references", {**before, "ours": "PK"})).status == 200
    refused = await cora.post(f"{path}/undo")
    assert (refused.status, "changed since by cora" in refused.json["detail"]) == (409, True)
    listed = (await cora.get("/api/cross-reference-proposals?state=any")).json
    assert [p["state"] for p in listed] == ["accepted"]


async def test_an_entry_that_nothing_stood_before_goes_when_its_acceptance_is_taken_back(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    path = f"/api/cross-reference-proposals/{(await proposed(gateway))['id']}"
    assert (await cora.post(f"{path}/accept")).status == 204
    assert (await cora.post(f"{path}/undo")).status == 204
    assert (await cora.get("/api/cross-references")).json == []
    kinds = [a["action"] for a in (await (await gateway.as_("ada", T)).get("/api/audit?limit=50")).json["items"]]
    assert {"cross-reference.accepted", "cross-reference.taken-back"} <= set(kinds)
