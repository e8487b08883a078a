"""A held document corrected and sent through again; what the correction teaches, once a person accepts it."""

from typing import Any

from crossdock.partners import intake
from crossdock.partners.profiles import Identifier, Profile

BOLTS = Profile(id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=(Identifier("ZZ", "BOLTS"),))


def purchase(control: int = 1, po: str = "4500012", quantity: str = "10", unit: str = "CT", item: str = "X-1") -> bytes:
    body = f"BEG*00*SA*{po}**20260101~N1*ST*Shop*92*0012~PO1*1*{quantity}*{unit}*12.5**BP*{item}~CTT*1~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*P*>~"
        f"GS*PO*BOLTS*NORRLAND*20260102*0900*{control}*X*004010~ST*850*0001~{body}SE*6*0001~"
        f"GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


async def taken(gateway: Any, raw: bytes, tenant: str = "norrland") -> Any:
    async with gateway.db.transaction(tenant) as tx:
        await intake.save_profile(tx, tenant, BOLTS)
    [done] = await intake.receive(gateway.db, tenant, raw, "o.edi", "test")
    return done


async def test_one_value_is_corrected_and_the_document_goes_through_with_its_history(gateway: Any) -> None:
    refused = await taken(gateway, purchase(quantity="0"))
    assert refused.status == "rejected"
    cora, vera = await gateway.as_("cora"), await gateway.as_("vera")
    path = f"/api/documents/{refused.document_id}"
    place = {"segment": "PO1", "index": 5, "element": 2}
    edits = {"edits": [{"place": place, "value": "10"}], "reason": "They meant ten; Ann on the phone"}
    seen = (await cora.post(f"{path}/correction", edits)).json
    assert (seen["result"]["status"], seen["document"], seen["edits"][0]["before"]) == ("accepted", None, "0")
    assert (await vera.get(path)).json["status"] == "rejected", "a preview changes nothing"
    assert (await vera.post(f"{path}/resubmit", edits)).status == 403
    assert (await cora.post(f"{path}/resubmit", {**edits, "reason": " "})).status == 422
    done = (await cora.post(f"{path}/resubmit", edits)).json
    assert (done["result"]["status"], done["canonical"]["lines"][0]["quantity"]) == ("accepted", 10)
    assert done["result"]["order"].startswith("SO-")
    original, corrected = (await vera.get(path)).json, (await vera.get(f"/api/documents/{done['document']}")).json
    assert (original["status"], corrected["corrects"]) == ("replaced", str(refused.document_id))
    assert (await vera.get(f"{path}/raw")).body == purchase(quantity="0"), "what came stays as it came"
    assert (await vera.get(f"/api/documents/{done['document']}/raw")).body == purchase(quantity="10")
    [edit] = (await vera.get(f"/api/documents/{done['document']}/edits")).json["edits"]
    assert (edit["edited_by"], edit["before"], edit["after"], edit["original"]) == (
        "cora", "0", "10", str(refused.document_id),
    )  # fmt: skip
    assert edit["reason"] == edits["reason"]
    assert (await vera.get(f"{path}/edits")).json["corrected_by"] == done["document"]
    assert (await cora.post(f"{path}/resubmit", edits)).status == 409, "it was corrected already"
    assert (await cora.post(f"{path}/release", {})).status == 409
    ada = await gateway.as_("ada", "norrland")
    assert "document.correct" in [e["action"] for e in (await ada.get("/api/audit")).json["items"]]


async def test_what_is_accepted_cannot_be_edited_nor_can_an_envelope(gateway: Any) -> None:
    fine, refused = await taken(gateway, purchase()), await taken(gateway, purchase(2, "PO-2", quantity="0"))
    cora = await gateway.as_("cora")
    edit = {"edits": [{"pointer": "/lines/0/quantity", "value": "11"}], "reason": "more"}
    assert (await cora.post(f"/api/documents/{fine.document_id}/resubmit", edit)).status == 409
    for place in ({"segment": "ISA", "index": 0, "element": 13}, {"segment": "PO1", "index": 99, "element": 2}, {}):
        body = {"edits": [{"place": place, "value": "1"}], "reason": "x"}
        assert (await cora.post(f"/api/documents/{refused.document_id}/resubmit", body)).status == 422, place
    body = {"edits": [{"place": {"segment": "PO1", "index": 5, "element": 2}, "value": "1*2"}], "reason": "x"}
    assert (await cora.post(f"/api/documents/{refused.document_id}/resubmit", body)).status == 422


async def test_a_correction_proposes_a_cross_reference_which_is_used_once_it_is_accepted(gateway: Any) -> None:
    refused = await taken(gateway, purchase(quantity="0"))
    cora = await gateway.as_("cora")
    edits = [
        {"place": {"segment": "PO1", "index": 5, "element": 2}, "value": "10"},
        {"pointer": "/lines/0/unit", "place": {"segment": "PO1", "index": 5, "element": 3}, "value": "CS"},
    ]
    body = {"edits": edits, "reason": "CT are our cases"}
    done = (await cora.post(f"/api/documents/{refused.document_id}/resubmit", body)).json
    assert done["result"]["status"] == "accepted"
    [proposal] = (await cora.get("/api/cross-reference-proposals")).json
    assert (proposal["kind"], proposal["theirs"], proposal["ours"], proposal["partner"]) == (
        "unit",
        "CT",
        "CS",
        "bolts",
    )
    [evidence] = proposal["evidence"]
    assert (evidence["by"], evidence["why"], evidence["document"]) == ("cora", "CT are our cases", done["document"])
    before = await taken(gateway, purchase(2, "PO-2"))
    assert (await cora.get(f"/api/documents/{before.document_id}")).json["canonical"]["lines"][0]["unit"] == "CT"
    assert (
        await (await gateway.as_("vera")).post(f"/api/cross-reference-proposals/{proposal['id']}/accept")
    ).status == 403
    assert (await cora.post(f"/api/cross-reference-proposals/{proposal['id']}/accept")).status == 204
    assert (await cora.post(f"/api/cross-reference-proposals/{proposal['id']}/reject")).status == 409
    after = await taken(gateway, purchase(3, "PO-3"))
    shown = (await cora.get(f"/api/documents/{after.document_id}")).json
    assert shown["canonical"]["lines"][0]["unit"] == "CS"
    assert "xref.applied" in [n["code"] for n in shown["notes"]]


async def test_entries_are_loaded_and_given_as_csv_and_used_for_items_and_places(gateway: Any) -> None:
    cora = await gateway.as_("cora")
    text = (
        "partner,kind,qualifier,theirs,ours\n"
        "bolts,sku,buyer,X-1,SKU-1\n"
        ",sku,buyer,X-1,SKU-OTHER\n"
        "bolts,ship_to,assigned_by_buyer,0012,ST-NORTH\n"
    )
    loaded = await cora.send("PUT", "/api/cross-references.csv", raw=text.encode())
    assert loaded.json == {"loaded": 3}
    given = (await cora.get("/api/cross-references.csv?partner=bolts")).body.decode()
    assert given.splitlines()[1:] == [
        "bolts,ship_to,assigned_by_buyer,0012,ST-NORTH,true,", "bolts,sku,buyer,X-1,SKU-1,true,",
    ]  # fmt: skip
    assert (await cora.send("PUT", "/api/cross-references.csv", raw=given.encode())).json == {"loaded": 2}
    done = await taken(gateway, purchase())
    canonical = (await cora.get(f"/api/documents/{done.document_id}")).json["canonical"]
    assert canonical["lines"][0]["items"] == [
        {"scheme": "supplier", "value": "SKU-1"}, {"scheme": "buyer", "value": "X-1"},
    ]  # fmt: skip
    [place] = canonical["parties"]
    assert (place["id"], place["scheme"]) == ("ST-NORTH", "assigned_by_seller")
    wrong = await cora.send("PUT", "/api/cross-references.csv", raw=b"kind,theirs,ours\nunit,A,B\nsku,,C\n")
    assert wrong.status == 422
    assert any(f["where"] == "line 3, theirs" for f in wrong.json["findings"])
    assert [r["theirs"] for r in (await cora.get("/api/cross-references?kind=unit")).json] == [], "all lines or none"
    gone = await cora.send("DELETE", "/api/cross-references?kind=sku&theirs=X-1&partner=bolts&qualifier=buyer")
    assert gone.status == 204
    again = await cora.send("DELETE", "/api/cross-references?kind=sku&theirs=X-1&partner=bolts&qualifier=buyer")
    assert again.status == 404


async def test_no_tenant_corrects_a_document_or_learns_from_another(gateway: Any) -> None:
    refused = await taken(gateway, purchase(quantity="0"))
    cora, carl = await gateway.as_("cora"), await gateway.as_("carl")
    body = {"edits": [{"place": {"segment": "PO1", "index": 5, "element": 2}, "value": "1"}], "reason": "x"}
    for way in ("correction", "resubmit"):
        assert (await carl.post(f"/api/documents/{refused.document_id}/{way}", body)).status == 404
    entry = {"partner": "bolts", "kind": "unit", "theirs": "CT", "ours": "CS"}
    assert (await cora.send("PUT", "/api/cross-references", entry)).status == 200
    assert (await carl.get("/api/cross-references")).json == []
    theirs = await taken(gateway, purchase(), "castell")
    assert (await carl.get(f"/api/documents/{theirs.document_id}")).json["canonical"]["lines"][0]["unit"] == "CT"
    both = {**body, "edits": [*body["edits"], {"pointer": "/lines/0/unit", "value": "CS",
            "place": {"segment": "PO1", "index": 5, "element": 3}}]}  # fmt: skip
    other = await taken(gateway, purchase(5, "PO-5", quantity="0", unit="BX"))
    assert (await cora.post(f"/api/documents/{other.document_id}/resubmit", both)).status == 200
    [proposal] = (await cora.get("/api/cross-reference-proposals")).json
    assert (await carl.post(f"/api/cross-reference-proposals/{proposal['id']}/accept")).status == 404
