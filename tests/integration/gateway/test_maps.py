"""Maps over HTTP: checked, previewed, compared, saved, put in force; and nothing of them for another tenant."""

from typing import Any

from crossdock.partners import intake
from crossdock.partners.profiles import Identifier, Profile

BOLTS = Profile(id="bolts", name="Bolts & Co", customer_id="C-0007", identifiers=(Identifier("ZZ", "BOLTS"),))
OVERLAY = """over: x12-850
change:
  - at: PO1 > PO1
    with: {3: "unit", 4: null}
"""


def purchase(control: int = 1, po: str = "4500012") -> bytes:
    body = f"BEG*00*SA*{po}**20260101~PO1*1*10*EA*12.5**VP*SKU-1~CTT*1~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*P*>~"
        f"GS*PO*BOLTS*NORRLAND*20260102*0900*{control}*X*004010~ST*850*0001~{body}SE*5*0001~"
        f"GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


async def received(gateway: Any, tenant: str = "norrland", count: int = 1) -> list[str]:
    async with gateway.db.transaction(tenant) as tx:
        await intake.save_profile(tx, tenant, BOLTS)
    documents: list[str] = []
    for n in range(1, count + 1):
        [done] = await intake.receive(gateway.db, tenant, purchase(n, f"45000{n}"), "o.edi", "test")
        assert done.status == "accepted", done
        documents.append(str(done.document_id))
    return documents


async def test_a_map_is_checked_with_line_column_and_path(gateway: Any) -> None:
    vera = await gateway.as_("vera")
    right = (await vera.post("/api/maps/check", {"source": OVERLAY, "map": "x12-850"})).json
    assert right["ok"], right
    assert right["directions"] == ["in", "out"]
    assert [(d["at"], d["before"], d["after"]) for d in right["differences"]] == [
        ("PO1 > PO1 > 4", "unit_price|decimal", None)
    ]
    wrong = (await vera.post("/api/maps/check", {"source": OVERLAY.replace('"unit"', '"unti"')})).json
    assert not wrong["ok"]
    [remark] = wrong["remarks"]
    assert (remark["line"], remark["column"], remark["path"]) == (4, 12, "/change/0/with/3")
    broken = (await vera.post("/api/maps/check", {"source": "a: [1"})).json
    assert broken["remarks"][0]["code"] == "yaml.syntax"


async def test_a_draft_is_previewed_on_a_stored_document_with_findings_and_lineage(gateway: Any) -> None:
    [document] = await received(gateway)
    vera = await gateway.as_("vera")
    asked = {"source": OVERLAY, "map": "x12-850", "document": document}
    seen = (await vera.post("/api/maps/preview", asked)).json
    [shown] = seen["documents"]
    [line] = shown["canonical"]["lines"]
    assert (shown["status"], shown["read_by"], line.get("unit_price")) == ("accepted", "x12-850", None)
    quantity = next(o for o in shown["lineage"] if o["pointer"] == "/lines/0/quantity")
    assert (quantity["segment"], quantity["element"], quantity["index"]) == ("PO1", 2, 4)
    assert purchase(1, "450001")[quantity["offset"] :].startswith(b"PO1*1*10")
    before = (await vera.post("/api/maps/preview", {"map": "x12-850", "document": document})).json
    assert before["documents"][0]["canonical"]["lines"][0]["unit_price"] == 12.5


async def test_a_pasted_text_and_the_direction_out_are_previewed(gateway: Any) -> None:
    [document] = await received(gateway)
    vera = await gateway.as_("vera")
    text = purchase(7).decode()
    pasted = (await vera.post("/api/maps/preview", {"map": "x12-850", "text": text})).json
    assert pasted["documents"][0]["canonical"]["number"] == "4500012"
    out = {"map": "x12-850", "direction": "out", "document": document}
    assert "PO1*1*10*EA*12.5**VP*SKU-1~" in (await vera.post("/api/maps/preview", out)).json["text"].splitlines()
    changed = (await vera.post("/api/maps/preview", {**out, "source": OVERLAY})).json
    assert "PO1*1*10*EA***VP*SKU-1~" in changed["text"].splitlines()
    wrong = (await vera.post("/api/maps/preview", {**out, "canonical": {"number": 1}})).json
    assert wrong["text"] is None
    assert wrong["findings"][0]["code"] == "map.source"
    assert (await vera.post("/api/maps/preview", {"map": "x12-850"})).status == 422


async def test_a_comparison_lists_the_documents_that_a_draft_reads_otherwise(gateway: Any) -> None:
    documents = await received(gateway, count=3)
    vera = await gateway.as_("vera")
    found = (await vera.post("/api/maps/compare", {"source": OVERLAY, "map": "x12-850", "documents": 2})).json
    assert (found["replayed"], found["of"], found["same"], found["complete"]) == (2, 2, 0, True)
    assert {d["document"] for d in found["differing"]} == set(documents[1:])
    assert found["differing"][0]["fields"] == [{"pointer": "/lines/0/unit_price", "before": 12.5, "after": None}]
    same = (await vera.post("/api/maps/compare", {"map": "x12-850", "documents": 50})).json
    assert (same["replayed"], same["same"], same["differing"]) == (3, 3, [])


async def test_a_draft_is_saved_activated_and_never_changed_again(gateway: Any) -> None:
    [first] = await received(gateway)
    cora, ada = await gateway.as_("cora"), await gateway.as_("ada", "norrland")
    vera = await gateway.as_("vera")
    draft = {"source": OVERLAY, "note": "no prices", "revision": 0}
    assert (await vera.send("PUT", "/api/maps/x12-850/draft", draft)).status == 403
    assert (await cora.send("PUT", "/api/maps/x12-850/draft", draft)).json == {"map": "x12-850", "version": 1}
    assert (await cora.send("PUT", "/api/maps/x12-850/draft", draft)).status == 409, "somebody saved it meanwhile"
    assert (await cora.send("PUT", "/api/maps/x12-850/draft", {**draft, "source": "id: x"})).status == 422
    assert (await cora.post("/api/maps/x12-850/versions/1/activate", {})).status == 403
    active = (await ada.post("/api/maps/x12-850/versions/1/activate", {"partner": "bolts", "note": "agreed"})).json
    assert [(a["partner"], a["version"]) for a in active["in_force"]] == [("bolts", 1)]
    assert [v["status"] for v in active["versions"]] == ["ready", "ready"]
    [done] = await intake.receive(gateway.db, "norrland", purchase(9, "45-9"), "o.edi", "test")
    shown = (await vera.get(f"/api/documents/{done.document_id}")).json
    assert (shown["read_by"]["map"], shown["read_by"]["version"]) == ("x12-850", 1)
    assert shown["read_by"]["guide"] == "x12-850"
    assert shown["canonical"]["lines"][0].get("unit_price") is None
    assert (await vera.get(f"/api/documents/{first}")).json["read_by"]["version"] == 0
    again = (await cora.send("PUT", "/api/maps/x12-850/draft", {"source": OVERLAY})).json
    assert again["version"] == 2, "what was in force is never written over"
    assert (await cora.post("/api/maps/x12-850/versions/1/discard", {})).status == 409
    assert (await cora.post("/api/maps/x12-850/versions/2/discard", {})).status == 200
    back = (await ada.post("/api/maps/x12-850/versions/0/activate", {"partner": "bolts"})).json
    assert [(h["version"], h["partner"]) for h in back["history"]] == [(0, "bolts"), (1, "bolts")]
    actions = [e["action"] for e in (await ada.get("/api/audit")).json["items"]]
    assert {"map.save", "map.activate", "map.discard"} <= set(actions)
    # what it read then is told by the version that read it
    trail = (await vera.get(f"/api/documents/{done.document_id}/lineage")).json
    assert next(o for o in trail if o["pointer"] == "/number")["where"].startswith("BEG03")


async def test_the_last_activation_is_taken_back_for_whom_it_was_made(gateway: Any) -> None:
    await received(gateway)
    ada, cora = await gateway.as_("ada", "norrland"), await gateway.as_("cora")

    def in_force(answer: Any) -> dict[str, int]:
        assert answer.status == 200, answer.body
        return {a["partner"]: a["version"] for a in answer.json["in_force"]}

    assert (await ada.post("/api/maps/x12-850/undo", {})).status == 409, "nothing was put in force"
    for note in ("first", "second"):
        assert (await cora.send("PUT", "/api/maps/x12-850/draft", {"source": OVERLAY, "note": note})).status == 200
        number = 1 if note == "first" else 2
        assert (await ada.post(f"/api/maps/x12-850/versions/{number}/activate", {})).status == 200
    assert in_force(await ada.post("/api/maps/x12-850/versions/2/activate", {"partner": "bolts"})) == {
        "": 2, "bolts": 2,
    }  # fmt: skip
    assert (await cora.post("/api/maps/x12-850/undo", {})).status == 403
    assert in_force(await ada.post("/api/maps/x12-850/undo", {})) == {"": 1, "bolts": 2}
    assert in_force(await ada.post("/api/maps/x12-850/undo", {"partner": "bolts"})) == {"": 1, "bolts": 0}
    [done] = await intake.receive(gateway.db, "norrland", purchase(9, "45-9"), "o.edi", "test")
    assert (await cora.get(f"/api/documents/{done.document_id}")).json["read_by"]["version"] == 1, "as for all"
    again = await ada.post("/api/maps/x12-850/undo", {})
    assert in_force(again)[""] == 2, "taking back is taken back the same way"
    assert again.json["history"][0]["note"] == "takes back version 1"
    assert (await (await gateway.as_("carl")).post("/api/maps/x12-850/undo", {})).status in {403, 409}


async def test_no_tenant_reads_uses_or_changes_a_map_of_another(gateway: Any) -> None:
    [document] = await received(gateway)
    ada, carl = await gateway.as_("ada", "norrland"), await gateway.as_("carl")
    own = "over: x12-850\nid: x12-850\n" + OVERLAY.removeprefix("over: x12-850\n")
    assert (await ada.send("PUT", "/api/maps/x12-850/draft", {"source": own})).status == 200
    assert (await ada.post("/api/maps/x12-850/versions/1/activate", {})).status == 200
    assert (await carl.get("/api/maps/x12-850/versions/1")).status == 404
    assert (await carl.post("/api/maps/x12-850/versions/1/activate", {})).status == 404
    assert (await carl.post("/api/maps/x12-850/versions/1/discard", {})).status == 404
    assert (await carl.post("/api/maps/preview", {"map": "x12-850", "document": document})).status == 404
    assert (await carl.post("/api/maps/preview", {"map": "x12-850", "version": 1, "text": "x"})).status == 404
    assert (await carl.post("/api/maps/compare", {"map": "x12-850"})).json["replayed"] == 0
    assert (await carl.get("/api/maps/x12-850")).json["in_force"] == []
    [theirs] = await received(gateway, "castell")
    canonical = (await carl.get(f"/api/documents/{theirs}")).json["canonical"]
    assert canonical["lines"][0]["unit_price"] == 12.5, "the library's map reads for them"
