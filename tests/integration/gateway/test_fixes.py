"""One fix for many exceptions over REST: previewed, done, stopped, taken back; and no effect is made twice."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.integration.gateway.test_corrections import BOLTS

from crossdock.cases import casework
from crossdock.cases.clusters import documents
from crossdock.cases.fixes import jobs
from crossdock.cases.fixes.carrying import Desk
from crossdock.cases.fixes.suggesting import PRECEDENTS
from crossdock.cases.hooks import People
from crossdock.engine.definitions import Programs
from crossdock.events import inbox
from crossdock.partners import intake

T = "norrland"
DESK = Desk(Programs(), People())


def response(control: int, po: str, status: str = "ZZ") -> bytes:
    """An 855 whose line bears a status that no map of the library knows."""
    body = f"BAK*00*AC*{po}*20260101~PO1*1*10*EA*12.5**BP*X-1~ACK*{status}*10*EA~CTT*1~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*P*>~"
        f"GS*PR*BOLTS*NORRLAND*20260102*0900*{control}*X*004010~ST*855*0001~{body}SE*6*0001~"
        f"GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


async def held(gateway: Any, count: int, make: Any = response, start: int = 1) -> list[str]:
    """Documents that wait for a person, and their cases."""
    async with gateway.db.transaction(T) as tx:
        await intake.save_profile(tx, T, BOLTS)
    found: list[str] = []
    for n in range(start, start + count):
        [done] = await intake.receive(gateway.db, T, make(n, f"PO-{n}"), f"{n}.edi", "test")
        assert done.status in ("held", "rejected"), done
        found.append(str(done.document_id))
    await documents.run_due(gateway.db, gateway.clock.now())
    return found


async def run(gateway: Any) -> None:
    while await jobs.run_due(gateway.db, DESK):
        pass


async def cluster_of(browser: Any, **wanted: Any) -> Any:
    found = (await browser.get("/api/clusters")).json["items"]
    return next(c for c in found if all(c[k] == v for k, v in wanted.items()))


async def statuses(gateway: Any, ids: list[str]) -> set[str]:
    async with gateway.db.transaction(T) as tx:
        rows = await tx.fetch(
            "select status from crossdock.document where tenant_id = $1 and document_id = any ($2::uuid[])", T, ids
        )
    return {r["status"] for r in rows}


async def test_forty_documents_are_cleared_by_one_entry_of_a_map_and_the_entry_is_taken_back(gateway: Any) -> None:
    waiting = await held(gateway, 40)
    ada = await gateway.as_("ada", T)
    found = await cluster_of(ada, kind="inbound-held")
    assert (found["cases"], found["cause"]["subject"], found["cause"]["partner"]) == (40, "ZZ", "bolts")
    offer = (await ada.get(f"/api/clusters/{found['key']}/offers")).json[0]
    assert offer["fix"] == {
        "map": "x12-855", "table": "line_status", "code": "ZZ", "meaning": "", "partner": "bolts",
    }  # fmt: skip
    assert "accepted" in offer["choices"]["meaning"]
    fix = {"kind": offer["kind"], **offer["fix"], "meaning": "accepted"}
    path = f"/api/clusters/{found['key']}/fixes"

    other = (await ada.post(path, {"fix": {**fix, "code": "YY"}, "reason": "wrong code"})).json
    assert other["radius"]["outcomes"] == {"fails": 40}, "the preview is the map tried on each document"
    assert (await ada.post(f"/api/fixes/{other['id']}/start", {"token": other["token"]})).status == 409

    seen = (await ada.post(path, {"fix": fix, "reason": "Ann: ZZ is theirs for accepted"})).json
    assert (seen["radius"]["cases"], seen["radius"]["outcomes"], seen["radius"]["typed"]) == (40, {"solved": 40}, True)
    assert await statuses(gateway, waiting) == {"held"}, "a preview changes nothing"
    assert (await ada.get("/api/maps/x12-855")).json["in_force"] == []
    start = f"/api/fixes/{seen['id']}/start"
    assert (await ada.post(start, {"token": seen["token"]})).status == 422, "the number is to be typed"
    assert (await ada.post(start, {"token": "0" * 64, "typed": 40})).status == 409
    cora = await gateway.as_("cora")
    assert (await cora.post(start, {"token": seen["token"], "typed": 40})).status == 403, "who may not change a map"
    assert (await ada.post(start, {"token": seen["token"], "typed": 40})).status == 202
    await run(gateway)
    done = (await ada.get(f"/api/fixes/{seen['id']}")).json
    assert (done["status"], done["counts"]["done"]) == ("done", 40)
    assert await statuses(gateway, waiting) == {"accepted"}
    assert (await ada.get("/api/cases?status=open")).json["total"] == 0
    [later] = await intake.receive(gateway.db, T, response(900, "PO-900"), "later.edi", "test")
    assert later.status == "accepted", "what comes from now on needs nobody"

    assert (await ada.post(f"/api/fixes/{seen['id']}/undo", {"reason": "ZZ means refused"})).status == 202
    await run(gateway)
    back = (await ada.get(f"/api/fixes/{seen['id']}")).json
    assert (back["status"], back["counts"]["undone"], back["undone_by"]) == ("undone", 40, "ada")
    [again] = await intake.receive(gateway.db, T, response(901, "PO-901"), "again.edi", "test")
    assert again.status == "held", "the entry is withdrawn"
    assert (await ada.get("/api/cases?status=open")).json["total"] == 40
    audited = {e["action"] for e in (await ada.get("/api/audit?limit=500")).json["items"]}
    assert {"fix.case", "fix.undo", "map.activate"} <= audited
    once_more = (await ada.post(path, {"fix": fix, "reason": "again"})).json
    assert once_more["radius"]["outcomes"] == {"blocked": 40}, "what was carried out is not carried out twice"
    assert "twice" in once_more["radius"]["blocked"][0]["what"]


def invalid(n: int, instance: Any, item: str = "X-1", **more: Any) -> casework.New:
    lines = [{"line": "1", "items": [{"scheme": "buyer", "value": item}], "quantity": Decimal(n + 1), "unit": "EA"}]
    violation = {"code": "unknown-item", "text": "The item is not in the catalogue", "lines": ["1"]}
    return casework.New(
        kind="order-invalid", queue="order-desk", title=f"SO-{n}: not in the catalogue", order=f"SO-{n}",
        customer_id="C-0007", customer="Bolts & Co", money=Decimal("100.00"), currency="EUR",
        evidence={"violations": [violation], "lines": [{"line": "1", "sku": None, "problem": "unknown_item"}]},
        data={"lines": lines}, editable=["/lines"], instance_id=instance, at=f"/do/fix#{n}",
        actions=(casework.Offer(id="resubmit", label="Check again"), casework.Offer(id="reject", label="Reject")),
        answers=casework.Answers.WORKFLOW, **more,
    )  # fmt: skip


async def refused(gateway: Any, count: int) -> Any:
    """Cases of orders that a process checked and refused, each holding a call of it."""
    things = await gateway.things()
    async with gateway.db.transaction(T) as tx:
        now = await inbox.business_now(tx)
        for n in range(count):
            await casework.open_case(tx, T, invalid(n, things.instance), now)
    return things


async def answered(gateway: Any) -> list[str]:
    """The task runs that were answered, each as often as it was."""
    async with gateway.db.transaction(T) as tx:
        rows = await tx.fetch(
            "select body ->> 'at' as at from crossdock.fact where tenant_id = $1 and kind = 'CallCompleted' "
            "union all select fact ->> 'at' from crossdock.history where tenant_id = $1 and kind = 'CallCompleted'", T
        )  # fmt: skip
    return [r["at"] for r in rows if r["at"].startswith("/do/fix")]


async def test_forty_orders_are_cleared_by_one_cross_reference(gateway: Any) -> None:
    await refused(gateway, 40)
    cora = await gateway.as_("cora")
    found = await cluster_of(cora, kind="order-invalid")
    assert (found["cases"], found["cause"]["subject"], found["money"]) == (40, "X-1", {"EUR": "4000.00"})
    offer = (await cora.get(f"/api/clusters/{found['key']}/offers")).json[0]
    assert offer["fix"] == {"entry": "sku", "theirs": "X-1", "ours": "", "qualifier": "buyer"}
    fix = {"kind": "cross-reference", "partner": "", **offer["fix"], "ours": "NF-1"}
    asked = {"fix": fix, "reason": "Their X-1 is our NF-1"}
    seen = (await cora.post(f"/api/clusters/{found['key']}/fixes", asked)).json
    radius = seen["radius"]
    assert (radius["cases"], radius["money"], radius["customers_named"]) == (40, {"EUR": "4000.00"}, ["Bolts & Co"])
    assert radius["effects"] == [{"what": "A process is answered: Check again", "cases": 40, "lasting": True}]
    assert (await answered(gateway), (await cora.get("/api/cross-references")).json) == ([], [])
    await cora.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"], "typed": 40})
    await run(gateway)
    done = (await cora.get(f"/api/fixes/{seen['id']}")).json
    assert (done["status"], done["counts"]["done"]) == ("done", 40)
    assert sorted(await answered(gateway)) == sorted(f"/do/fix#{n}" for n in range(40)), "each once"
    async with gateway.db.transaction(T) as tx:
        body = await tx.fetchval("select body::text from crossdock.fact where body ->> 'at' = '/do/fix#7'")
    assert '"value":"NF-1"' in body.replace(" ", "")
    [entry] = (await cora.get("/api/cross-references")).json
    assert (entry["theirs"], entry["ours"], entry["note"]) == ("X-1", "NF-1", "Their X-1 is our NF-1")

    await cora.post(f"/api/fixes/{seen['id']}/undo", {"reason": "it was NF-2"})
    await run(gateway)
    back = (await cora.get(f"/api/fixes/{seen['id']}")).json
    assert (back["status"], back["counts"]["stands"]) == ("undone", 40), "a process that went on is not called back"
    assert (await cora.get("/api/cross-references")).json == []
    left = (await cora.get("/api/cases?status=open&kind=fix-undone")).json
    assert left["total"] == 40, "each says what stands"


async def test_what_would_be_wrong_still_is_told_of_each_and_a_changed_case_is_skipped(gateway: Any) -> None:
    await refused(gateway, 3)
    async with gateway.db.transaction(T) as tx:
        now = await inbox.business_now(tx)
        await casework.open_case(tx, T, invalid(3, None), now)
        await tx.execute(
            "update crossdock.cases set evidence = jsonb_set(evidence, '{violations,1}', "
            """'{"code": "ship-to", "text": "No place to deliver to", "lines": []}') where order_no = 'SO-1'"""
        )
    cora = await gateway.as_("cora")
    found = await cluster_of(cora, kind="order-invalid")
    fix = {"kind": "substitute", "item": "X-1", "by": "NF-1"}
    seen = (await cora.post(f"/api/clusters/{found['key']}/fixes", {"fix": fix, "reason": "same thread"})).json
    assert seen["radius"]["outcomes"] == {"solved": 3, "fails": 1}
    assert seen["radius"]["failing"][0]["what"] == "It would be refused again: No place to deliver to"
    items = (await cora.get(f"/api/fixes/{seen['id']}/cases")).json
    assert {i["order"]: i["outcome"] for i in items}["SO-1"] == "fails"
    changed = next(i for i in items if i["order"] == "SO-2")
    await cora.post(f"/api/cases/{changed['case']}/comment", {"text": "I am on it"})
    await cora.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})
    await run(gateway)
    done = (await cora.get(f"/api/fixes/{seen['id']}")).json
    assert {k: n for k, n in done["counts"].items() if n} == {"left": 1, "done": 2, "skipped": 1}
    assert (await cora.get(f"/api/cases/{changed['case']}")).json["status"] == "open"
    carl = await gateway.as_("carl")
    assert (await carl.get(f"/api/fixes/{seen['id']}")).status == 404


async def order_of_its_own(tx: Any, number: str, like: Any) -> Any:
    """A process of this order, beside the one that `things` made."""
    return await tx.fetchval(
        "insert into crossdock.instance (tenant_id, instance_id, namespace, name, version, business_key)"
        " select tenant_id, gen_random_uuid(), namespace, name, version, $3 from crossdock.instance"
        " where tenant_id = $1 and instance_id = $2 returning instance_id", T, like, number,
    )  # fmt: skip


async def test_what_a_wrong_fix_set_going_is_called_back_until_it_is_released(gateway: Any) -> None:
    things = await gateway.things()
    async with gateway.db.transaction(T) as tx:
        now = await inbox.business_now(tx)
        running = [await order_of_its_own(tx, f"SO-{n}", things.instance) for n in range(4)]
        for n, instance in enumerate(running):
            await casework.open_case(tx, T, invalid(n, instance), now)
    cora = await gateway.as_("cora")
    found = await cluster_of(cora, kind="order-invalid")
    fix = {"kind": "cross-reference", "partner": "", "entry": "sku", "theirs": "X-1", "ours": "NF-1",
           "qualifier": "buyer"}  # fmt: skip
    seen = (await cora.post(f"/api/clusters/{found['key']}/fixes", {"fix": fix, "reason": "X-1 is NF-1"})).json
    await cora.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})
    await run(gateway)
    async with gateway.db.transaction(T) as tx:
        await tx.execute(
            "insert into crossdock.call (tenant_id, instance_id, at, function, system, arguments, state, called_at)"
            " values ($1, $2, '/do/release#0', 'wms.release', 'wms', '{}', 'done', crossdock.now())", T, running[1],
        )  # fmt: skip
        await tx.execute(
            "update crossdock.instance set status = 'completed', ended_at = crossdock.now() where instance_id = $1",
            running[2],
        )
    path = f"/api/fixes/{seen['id']}/undo"
    shown = (await cora.get(path)).json
    assert shown["counts"] == {"called-back": 2, "stands": 2}
    said = {i["order"]: i["text"] for i in shown["items"]}
    assert "cannot be taken back because SO-1 was released" in said["SO-1"]
    assert "cannot be taken back because SO-2 has ended" in said["SO-2"]
    assert (await cora.get(f"{path}?call_back=false")).json["counts"] == {"stands": 4}
    vera = await gateway.as_("vera")
    assert (await vera.post(path, {"reason": "wrong"})).status == 403

    await cora.post(path, {"reason": "it was NF-2"})
    await run(gateway)
    back = (await cora.get(f"/api/fixes/{seen['id']}")).json
    assert (back["status"], back["counts"]["called-back"], back["counts"]["stands"]) == ("undone", 2, 2)
    async with gateway.db.transaction(T) as tx:
        asked = await tx.fetch(
            "select subject from crossdock.event where tenant_id = $1"
            " and type = 'crossdock.order.cancellation-requested' order by 1", T
        )  # fmt: skip
        backed = await tx.fetchval(
            "select count(*) from crossdock.audit where action = 'fix.back' and tenant_id = $1", T
        )
    assert [r["subject"] for r in asked] == ["SO-0", "SO-3"], "those not released are cancelled, and no other"
    assert backed == 4
    left = (await cora.get("/api/cases?status=open&kind=fix-undone&limit=10")).json["items"]
    assert len(left) == 4, "each is somebody's, until it is said what is to become of it"


async def test_those_that_stand_alone_are_answered_as_suggested_by_one_who_has_looked(gateway: Any) -> None:
    things = await gateway.things()
    async with gateway.db.transaction(T) as tx:
        now = await inbox.business_now(tx)
        for sku in ("NF-77001", "NF-92834", "NF-92835"):
            await tx.execute(
                "insert into crossdock.catalogue_item (tenant_id, sku, description, unit, body) "
                "values ($1, $2, 'Bolt', 'EA', '{}')", T, sku
            )  # fmt: skip
        for n, number in enumerate(["NF-7700", "NF-9283", "NF-7701", "ZZ-1"]):
            await casework.open_case(tx, T, invalid(n, things.instance, number), now)
    cora = await gateway.as_("cora")
    listed = (await cora.get("/api/suggestions")).json
    assert {s["case"]["order"]: s["what"] for s in listed} == {
        "SO-0": ["line 1: NF-77001 Bolt for NF-7700"],
        "SO-2": ["line 1: NF-77001 Bolt for NF-7701"],
    }, "two numbers are equally close to NF-9283, none to ZZ-1"
    carl = await gateway.as_("carl")
    assert (await carl.get("/api/suggestions")).json == [], "another tenant's"
    answers = {s["case"]["id"]: s["data"] for s in listed}
    for data in answers.values():
        data["lines"][0]["unit_price"] = Decimal("12.50")
    vera = await gateway.as_("vera")
    asked = {"answers": answers, "reason": "As they say"}
    assert (await vera.post("/api/suggestions/fixes", asked)).status == 403
    assert (await cora.post("/api/suggestions/fixes", {"answers": {}, "reason": "none"})).status == 422

    first, second = answers
    odd = {"answers": {first: answers[first], second: {"customer_id": "C-1"}}, "reason": "what may not be changed"}
    seen = (await cora.post("/api/suggestions/fixes", odd)).json
    assert seen["radius"]["outcomes"] == {"solved": 1, "fails": 1}

    seen = (await cora.post("/api/suggestions/fixes", asked)).json
    assert (seen["kind"], seen["radius"]["outcomes"]) == ("each-its-own", {"solved": 2})
    assert await answered(gateway) == [], "a preview changes nothing"
    assert (await cora.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})).status == 202
    await run(gateway)
    assert sorted(await answered(gateway)) == ["/do/fix#0", "/do/fix#2"], "each once, the others not"
    async with gateway.db.transaction(T) as tx:
        body = await tx.fetchval("select body::text from crossdock.fact where body ->> 'at' = '/do/fix#0'")
    assert '"value":"NF-77001"' in body.replace(" ", "")
    assert '"unit_price":12.5}' in body.replace(" ", ""), "a number stays the number that it was"
    assert (await cora.get("/api/suggestions")).json == []


async def test_a_question_is_answered_by_precedent_when_somebody_has_looked(gateway: Any) -> None:
    things = await gateway.things()
    asked = ("contract", "stated", "reject")
    question = casework.New(
        kind="price-deviation", queue="order-desk", title="Below contract", actions=tuple(
            casework.Offer(id=a, label=a.title()) for a in asked
        ), instance_id=things.instance, answers=casework.Answers.WORKFLOW,
    )  # fmt: skip
    async with gateway.db.transaction(T) as tx:
        now = await inbox.business_now(tx)
        for n in range(PRECEDENTS + 2):
            one = replace(question, order=f"SO-{n}", customer_id=f"C-{n}", at=f"/do/fix#{n}")
            case = await casework.open_case(tx, T, one, now)
            if n < PRECEDENTS:
                await casework.resolve(tx, T, case.case_id, "contract", "cora", now)
    cora = await gateway.as_("cora")
    listed = [s for s in (await cora.get("/api/suggestions")).json if s["case"]["kind"] == "price-deviation"]
    assert [(s["action"], s["what"], s["data"]) for s in listed] == [("contract", ["Contract"], {})] * 2
    assert listed[0]["why"] == ["the last 10 of this kind that people answered were all answered so"]
    first, second = (s["case"]["id"] for s in listed)
    ended = {"actions": {first: "contract", second: "reject"}, "reason": "They say so"}
    seen = (await cora.post("/api/suggestions/fixes", ended)).json
    assert seen["radius"]["outcomes"] == {"solved": 1, "blocked": 1}, "an order is not ended in a list"
    seen = (await cora.post("/api/suggestions/fixes", {"actions": {first: "contract"}, "reason": "They say so"})).json
    await cora.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})
    await run(gateway)
    assert (await cora.get(f"/api/cases/{first}")).json["resolution"] == "contract"
    assert (await cora.get(f"/api/cases/{second}")).json["status"] == "open"


async def test_a_case_that_another_fix_has_still_to_do_is_not_asked_for_twice(gateway: Any) -> None:
    await refused(gateway, 7)
    ada = await gateway.as_("ada", T)
    found = await cluster_of(ada, kind="order-invalid")
    path = f"/api/clusters/{found['key']}/fixes"
    asked = {"fix": {"kind": "cancel"}, "reason": "Not for this season"}
    seen = (await ada.post(path, asked)).json
    told = (await ada.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})).json
    assert told["status"] == "asked", "more than five cancellations need a second person"
    listed = await cluster_of(ada, kind="order-invalid")
    alike = (await ada.get(f"/api/clusters/{found['key']}")).json
    assert (listed["under_way"], alike["under_way"], found["under_way"]) == (7, 7, 0), "so that nobody asks once more"
    again = (await ada.post(path, asked)).json
    assert again["radius"]["outcomes"] == {"blocked": 7}
    assert again["radius"]["blocked"][0]["what"] == "ada's fix (cancel) of it waits for a second person"
    await ada.post(f"/api/fixes/{seen['id']}/cancel")
    assert (await ada.post(path, asked)).json["radius"]["outcomes"] == {"solved": 7}, "it is given up"
