"""A row of a decision table as a fix: proposed from what waits, seen on each, agreed by a second person, in force; what
waited decides anew by it and goes on; and the row is taken back."""

import asyncio
import copy
from decimal import Decimal
from typing import Any

from tests.integration.gateway.test_decision_tables import grid, published, second, working, written
from tests.integration.gateway.test_fixes import DESK, T, cluster_of, run

from crossdock import exactjson
from crossdock.cases.fixes import jobs
from crossdock.engine import definitions

# A process as order-to-cash decides about prices: the table, a person where it says so, and what both are told.
PRICE = """
document:
  dsl: '1.0.3'
  namespace: test
  name: price
  version: '1.0.0'
do:
  - begin: {set: '${ . }', export: {as: '${ . }'}}
  - rule:
      call: decision@crossdock
      with: {decision: price-tolerance, input: '${ $context.asked }'}
      export: {as: '${ $context + {rule: .} }'}
  - route:
      switch:
        - ask: {when: '${ $context.rule.decision == "ask" }', then: ask}
        - on: {then: priced}
  - ask:
      call: case@crossdock
      with:
        kind: price-deviation
        queue: order-desk
        wait: true
        title: '${ "Order \\($context.order) is below contract" }'
        reason: The stated price is not accepted
        money: '${ $context.asked.contract_total }'
        currency: EUR
        actions:
          - {id: contract, label: Contract price agreed}
          - {id: reject, label: Reject the order}
      export: {as: '${ $context + {person: .action} }'}
  - priced:
      emit:
        event:
          with:
            source: test
            type: test.priced
            subject: '${ $context.order }'
            data: '${ {basis: $context.rule.basis} }'
output:
  as: '${ $context | {version: .rule.version, hit: .rule.hit[0].rule, basis: .rule.basis, person} }'
"""
NEW = {
    "_description": "Tier B agreed on up to 20 % this autumn", "tier": "'B'", "stated": "true", "percent": "<= 20",
    "to_decision": "'accept'", "to_basis": "'stated'", "to_percent": "percent", "to_below": "below",
}  # fmt: skip


async def until(found: Any) -> Any:
    for _ in range(1500):
        if (value := await found()) is not None:
            return value
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


async def begin(gateway: Any, key: Any, order: str, tier: str = "B", stated: str = "820") -> str:
    """A process that asked price-tolerance and waits for a person with its case."""
    asked = {"tier": tier, "contract_total": Decimal(1000), "stated_total": Decimal(stated)}
    began = await key.post(
        f"/api/workflows/test/price/run?wait=0&business_key={order}", {"order": order, "asked": asked}
    )
    instance: str = began.json["id"]

    async def waits() -> Any:
        async with gateway.db.transaction(T) as tx:
            return await tx.fetchval(
                "select c.number from crossdock.cases c where c.instance_id = $1 and c.status <> 'closed'"
                " and not exists (select from crossdock.lease l where l.instance_id = $1)", instance,
            )  # fmt: skip

    await until(waits)
    return instance


async def ended(key: Any, instance: str) -> Any:
    async def over() -> Any:
        shown = (await key.get(f"/api/instances/{instance}")).json
        return shown if shown["status"] not in ("running", "suspended") else None

    return (await until(over))["output"]


async def settled(gateway: Any, browser: Any, fix: str) -> Any:
    async def over() -> Any:
        await run(gateway)
        shown = (await browser.get(f"/api/fixes/{fix}")).json
        return None if shown["status"] in ("running", "undoing") else shown

    return await until(over)


async def priced(gateway: Any) -> list[str]:
    async with gateway.db.transaction(T) as tx:
        rows = await tx.fetch("select subject from crossdock.event where tenant_id = $1 and type = 'test.priced'", T)
    return sorted(r["subject"] for r in rows)


async def ready(gateway: Any) -> tuple[Any, Any]:
    key = await gateway.key("coordinator")
    async with gateway.db.transaction(T) as tx:
        await definitions.publish(tx, T, PRICE)
    return key, await gateway.as_("ada", T)


async def test_a_row_that_a_second_person_agrees_to_decides_what_waits_and_is_taken_back(gateway: Any) -> None:
    things = await gateway.things()
    key, ada = await ready(gateway)
    eva, cora = await second(gateway), await gateway.as_("cora")
    async with working(gateway):
        helped = [await begin(gateway, key, f"SO-9{n}") for n in range(3)]
        other = await begin(gateway, key, "SO-99", tier="C")
        async with gateway.db.transaction(T) as tx:  # a decision of late that the row would change
            asked = {"tier": "B", "contract_total": 100, "stated_total": 88}
            await tx.execute(
                "insert into crossdock.call (tenant_id, instance_id, at, function, arguments, state, called_at, output)"
                " values ($1, $2, '/do/9/priceRule#1', 'decision', $3, 'done', crossdock.now(), $4)", T,
                things.instance, exactjson.text({"decision": "price-tolerance", "input": asked}),
                '{"version": "1", "hit": [{"rule": "approve", "description": ""}]}',
            )  # fmt: skip
        found = await cluster_of(cora, kind="price-deviation")
        assert found["cases"] == 4
        offer = next(
            o for o in (await cora.get(f"/api/clusters/{found['key']}/offers")).json if o["kind"] == "decision-row"
        )
        assert (offer["fix"]["table"], offer["fix"]["above"]) == ("price-tolerance", "refuse")
        assert offer["fix"]["row"]["percent"] == "> 15", "it begins as the row that decided"

        path = f"/api/clusters/{found['key']}/fixes"
        fix = {"kind": "decision-row", "table": "price-tolerance", "row": NEW, "above": "approve", "tests": "renew"}

        def with_(**changes: Any) -> Any:
            return {"fix": {**fix, **changes}, "reason": "agreed with tier B"}

        kept = await cora.post(path, with_(tests="keep"))
        assert (kept.status, kept.json["findings"][0]["where"]) == (422, "/tests"), "a test case says otherwise"
        broken = await cora.post(path, with_(row={**NEW, "percent": ">> 20"}))
        assert [f["where"] for f in broken.json["findings"]] == ["/fix/row/percent"]
        strange = await cora.post(path, with_(row={**NEW, "colour": "'red'"}))
        assert (strange.status, strange.json["findings"][0]["found"]) == (422, "colour")
        nowhere = await cora.post(path, with_(above="nobody"))
        assert (nowhere.status, nowhere.json["findings"][0]["where"]) == (422, "/fix/above")

        seen = (await cora.post(path, with_())).json
        assert "radius" in seen, seen
        radius = seen["radius"]
        assert (radius["outcomes"], radius["approval"]) == ({"solved": 3, "fails": 1}, "admin")
        assert radius["failing"][0]["what"] == "price-tolerance would answer the same, by its row refuse"
        rule = radius["rule"]
        assert (rule["of"], rule["changed"], rule["against"]) == (1, 1, 0)
        assert (rule["moved"][0]["order"], rule["moved"][0]["before"], rule["moved"][0]["after"]) == (
            things.order, "approve", "fix-1",
        )  # fmt: skip
        assert rule["renewed"], "test cases that say otherwise from then on are named"
        items = (await cora.get(f"/api/fixes/{seen['id']}/cases")).json
        how = next(i for i in items if i["outcome"] == "solved")["detail"]
        assert 'decision "ask" becomes "accept"' in how
        assert 'basis "contract" becomes "stated"' in how
        table = (await ada.get("/api/decision-tables/price-tolerance")).json
        assert (table["in_force"], [v["version"] for v in table["versions"]]) == (0, [0]), "a preview leaves nothing"
        assert (await cora.get("/api/cases?status=open&kind=price-deviation")).json["total"] == 4

        asked_ = await cora.post(f"/api/fixes/{seen['id']}/start", {"token": seen["token"]})
        assert (asked_.status, asked_.json["status"]) == (202, "asked")
        await run(gateway)
        assert (await ada.get("/api/decision-tables/price-tolerance")).json["in_force"] == 0, "nobody has agreed yet"
        approval = (await eva.get(f"/api/approvals/{asked_.json['approval']}")).json
        vote = {"hash": approval["hash"], "outcome": "approved", "note": "looked at"}
        refused = await cora.post(f"/api/approvals/{asked_.json['approval']}/decide", vote)
        assert refused.status == 403, "not who asked"
        answer = await eva.post(f"/api/approvals/{asked_.json['approval']}/decide", vote)
        assert answer.status == 200, answer.body
        done = await settled(gateway, cora, seen["id"])
        assert (done["status"], done["counts"]["done"], done["counts"]["left"]) == ("done", 3, 1), done
        table = (await ada.get("/api/decision-tables/price-tolerance")).json
        assert (table["in_force"], table["history"][0]["activated_by"]) == (1, "eva")
        assert table["versions"][0]["authors"] == ["cora"]
        tests = (await ada.get("/api/decision-tables/price-tolerance/versions/1")).json["tests"]
        assert (tests[-1]["hit"], tests[-1]["input"]["stated_total"]) == (["fix-1"], 820), "it is kept as a test case"
        for instance in helped:
            told = await ended(key, instance)
            assert told == {"version": "own-1", "hit": "fix-1", "basis": "stated", "person": None}
        assert await priced(gateway) == ["SO-90", "SO-91", "SO-92"], "each goes on once, and nobody else"
        left = (await cora.get("/api/cases?status=open&kind=price-deviation")).json
        assert [c["order"] for c in left["items"]] == ["SO-99"]
        async with gateway.db.transaction(T) as tx:
            pinned = await tx.fetchval("select tables_at from crossdock.instance where instance_id = $1", other)
        assert pinned == 0, "what the row does not help keeps the tables that it began with"
        audited = (await ada.get(f"/api/audit?object={helped[0]}")).json["items"]
        [restart] = [e for e in audited if e["action"] == "instance.restart"]
        assert (restart["actor"], restart["detail"]["tables_at"]) == ("cora", 1)

        assert (await cora.post(f"/api/fixes/{seen['id']}/undo", {"reason": "too much"})).status == 403
        back = await eva.post(f"/api/fixes/{seen['id']}/undo", {"reason": "too much"})
        assert back.status == 202, back.body
        undone = await settled(gateway, cora, seen["id"])
        assert (undone["status"], undone["counts"]["stands"]) == ("undone", 3), "processes that ended are not undone"
        assert "the library's version is in force" in undone["detail"]
        items = (await cora.get(f"/api/fixes/{seen['id']}/cases?status=stands")).json
        assert all("has ended" in i["detail"] for i in items), items[0]["detail"]
        table = (await ada.get("/api/decision-tables/price-tolerance")).json
        assert (table["in_force"], table["history"][0]["activated_by"]) == (0, "eva")
        assert (await cora.get("/api/cases?status=open&kind=fix-undone")).json["total"] == 3, "each says what stands"
        late = await begin(gateway, key, "SO-100")
    async with gateway.db.transaction(T) as tx:
        assert await tx.fetchval("select status from crossdock.instance where instance_id = $1", late) == "running"


async def test_a_row_is_not_put_over_what_somebody_else_does_to_the_table(gateway: Any) -> None:
    key, ada = await ready(gateway)
    eva, cora = await second(gateway), await gateway.as_("cora")
    async with working(gateway):
        await begin(gateway, key, "SO-1")
    found = await written(ada, "price-tolerance")
    # tables about money need nobody else here, so that who starts it publishes it
    alone = await written(ada, "publishing")
    document = copy.deepcopy(alone["document"])
    for row in grid(document)["rules"]:
        row["to_eyes"] = "1"
    tests = [{k: v for k, v in t.items() if k != "expect"} for t in alone["tests"]]
    saved = (
        await ada.send("PUT", "/api/decision-tables/publishing/draft", {"document": document, "tests": tests})
    ).json
    assert (await eva.post(f"/api/decision-tables/publishing/versions/{saved['version']}/publish", {})).status == 200

    [case] = (await cora.get("/api/cases?status=open&kind=price-deviation")).json["items"]
    async with gateway.db.transaction(T) as tx:
        cause = await tx.fetchval("select cause_key from crossdock.cases where case_id = $1::uuid", case["id"])
    path = f"/api/clusters/{cause}/fixes"
    fix = {"kind": "decision-row", "table": "price-tolerance", "row": NEW, "above": "approve", "tests": "renew"}
    body = {"fix": fix, "reason": "agreed"}
    seen = (await cora.post(path, body)).json
    assert seen["radius"]["approval"] == ""
    start = {"token": seen["token"]}
    assert (await cora.post(f"/api/fixes/{seen['id']}/start", start)).status == 403, "who may not publish"

    draft = await ada.send(
        "PUT", "/api/decision-tables/price-tolerance/draft", {"document": found["document"], "tests": found["tests"]}
    )
    blocked = await ada.post(path, body)
    assert (blocked.status, "draft" in blocked.json["detail"]) == (409, True)
    version = draft.json["version"]
    assert (await ada.post(f"/api/decision-tables/price-tolerance/versions/{version}/publish", {})).status == 200
    assert (await ada.post(f"/api/fixes/{seen['id']}/start", start)).status == 202
    await run(gateway)
    stopped = (await ada.get(f"/api/fixes/{seen['id']}")).json
    assert stopped["status"] == "stopped"
    assert "was changed since it was shown: own-1 is in force" in stopped["detail"]

    again = (await ada.post(path, {**body, "reason": "once more"})).json
    assert again["radius"]["rule"]["against"] == 1 or again["radius"]["outcomes"] == {"blocked": 1}
    await ada.post(f"/api/fixes/{seen['id']}/cancel")
    again = (await ada.post(path, body)).json
    assert (again["radius"]["cases"], again["radius"]["rule"]["against"]) == (1, 1)
    assert (await ada.post(f"/api/fixes/{again['id']}/start", {"token": again["token"]})).status == 202
    while await jobs.run_due(gateway.db, DESK):
        pass
    assert (await ada.get(f"/api/fixes/{again['id']}")).json["counts"]["done"] == 1

    newer = await published(ada, "price-tolerance", found["document"], found["tests"])
    assert (await ada.post(f"/api/fixes/{again['id']}/undo", {"reason": "no"})).status == 202
    await run(gateway)
    shown = (await ada.get(f"/api/fixes/{again['id']}")).json
    assert "was changed since" in shown["detail"]
    assert (await ada.get("/api/decision-tables/price-tolerance")).json["in_force"] == newer, "theirs stays"
