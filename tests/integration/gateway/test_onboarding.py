"""A partner comes in by a link, shows its documents, sees its own errors, and goes live when its checklist is green."""

from datetime import timedelta
from typing import Any

import pytest

from crossdock.clock import set_to

T = "norrland"
SECRET = "correct horse battery"
FILE: dict[str, Any] = {
    "name": "Bolts", "customer_id": "C-0007", "mode": "test", "identifiers": [{"scheme": "ZZ", "value": "BOLTS"}],
    "agreements": [
        {"document": "850", "direction": "in", "version": "004010", "tests": 2},
        {"document": "855", "direction": "out"},
    ],
}  # fmt: skip


def interchange(body: str, kind: str, function: str, control: int, usage: str) -> bytes:
    sets = f"ST*{kind}*0001~{body}SE*{body.count('~') + 2}*0001~"
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BOLTS':15}*ZZ*{'NORRLAND':15}*260102*0900*U*00401*{control:09d}*0*{usage}*>~"
        f"GS*{function}*BOLTS*NORRLAND*20260102*0900*{control}*X*004010~{sets}GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


def order(control: int, po: str, usage: str = "T", quantity: str = "10") -> bytes:
    body = f"BEG*00*SA*{po}**20260101~PO1*1*{quantity}*EA*12.5**VP*SKU-1~CTT*1~"
    return interchange(body, "850", "PO", control, usage)


def accepted(control: int, group: int, set_: int, usage: str = "T") -> bytes:
    body = f"AK1*PR*{group}~AK2*855*{set_:04d}~AK5*A~AK9*A*1*1*1~"
    return interchange(body, "997", "FA", control, usage)


async def put(gateway: Any, **changed: Any) -> Any:
    admin = await gateway.key("admin")
    assert (await admin.send("PUT", "/api/partners/bolts", {**FILE, **changed})).status == 200
    return admin


async def invite(admin: Any, partner: str = "bolts") -> str:
    made = await admin.post(f"/api/partners/{partner}/invitations", {"email": "edi@bolts.example"})
    assert made.status == 201, made.body
    assert made.json["link"].endswith(f"/invitation#{made.json['token']}")
    return made.json["token"]


async def accept(gateway: Any, token: str, user: str = "edi@bolts.example") -> Any:
    given = {"token": token, "user": user, "name": "Ann", "password": SECRET}
    return await gateway.browser().post("/api/invitation/accept", given)


async def joined(gateway: Any, **changed: Any) -> Any:
    """The partner's own account, signed in."""
    assert (await accept(gateway, await invite(await put(gateway, **changed)))).status == 201
    return await gateway.browser().sign_in("edi@bolts.example", SECRET)


async def take(browser: Any, raw: bytes) -> dict[str, Any]:
    answer = await browser.post("/api/intake", raw=raw)
    assert answer.status == 200, answer.body
    return answer.json["documents"][0]


async def state(browser: Any) -> dict[str, Any]:
    return (await browser.get("/api/partner/certification")).json


async def all_green(mine: Any) -> None:
    """Everything that the agreement asks to see."""
    first = (await take(mine, order(1, "P-1")))["document"]
    await take(mine, order(2, "P-2"))
    written = (await mine.post("/api/partner/certification/samples", {"document": first})).json
    assert [(s["type"], s["test"]) for s in written] == [("855", True)]
    raw = (await mine.get(f"/api/documents/{written[0]['document']}/raw")).body.decode()
    assert "*T*" in raw.split("~")[0]
    await take(mine, accepted(3, *numbers(raw)))


def numbers(raw: str) -> tuple[int, int]:
    """Group and set, as an acknowledgement names them."""
    return int(raw.split("~GS*")[1].split("*")[5]), int(raw.split("~ST*855*")[1].split("~", maxsplit=1)[0])


async def test_a_partner_goes_from_a_link_to_production(gateway: Any) -> None:
    mine = await joined(gateway)
    admin = await gateway.key("admin")
    wrong = await take(mine, order(9, "P-9", quantity="x"))
    assert wrong["status"] == "rejected"
    shown = await state(mine)
    assert (shown["state"], shown["green"]) == ("testing", False)
    assert [(i["key"], i["needed"], i["done"]) for i in shown["items"]] == [("850 in 004010", 2, 0), ("855 out", 1, 0)]
    [document] = shown["documents"]
    assert "found 'x'" in " ".join(document["errors"])
    assert "AK5*R" in document["acknowledgements"][0]["text"]
    refused = await admin.post("/api/partners/bolts/certification/approve")
    assert (refused.status, "0 of 2" in refused.json["detail"]) == (409, True)

    await all_green(mine)
    shown = await state(mine)
    assert (shown["state"], shown["green"], [i["hint"] for i in shown["items"]]) == ("ready", True, ["", ""])
    # still in test: even a document that says production has no effect
    assert (await take(mine, order(4, "P-4", "P")))["order"] is None
    assert (await mine.post("/api/partners/bolts/certification/approve")).status == 403
    assert (await admin.post("/api/partners/bolts/certification/approve")).json["state"] == "live"
    assert (await admin.post("/api/partners/bolts/certification/approve")).status == 409
    assert (await state(mine))["approved_by"] == "key:admin-key"
    assert (await take(mine, order(5, "P-5", "P")))["order"] == "SO-10001"
    assert (await take(mine, order(6, "P-6", "T")))["order"] is None
    detail = (await admin.get("/api/partners/bolts")).json
    assert (detail["mode"], detail["version"], detail["note"]) == ("production", 2, "its checklist is green")
    told = [a["action"] for a in (await admin.get("/api/audit?object=bolts")).json["items"]]
    assert told == ["partner.live", "partner.put", "partner.ready", "partner.joined", "partner.invite", "partner.put"]


async def test_where_it_is_agreed_a_partner_goes_live_by_itself(gateway: Any) -> None:
    mine = await joined(gateway, go_live="automatic")
    await all_green(mine)
    shown = await state(mine)
    assert (shown["state"], shown["approved_by"]) == ("live", "system:certification")
    assert (await take(mine, order(5, "P-5", "P")))["order"] == "SO-10001"


async def test_the_same_document_twice_counts_once(gateway: Any) -> None:
    mine = await joined(gateway)
    for _ in range(2):
        await take(mine, order(1, "P-1"))
    assert (await state(mine))["items"][0]["done"] == 1


async def test_samples_are_written_once_and_only_of_ones_own_test_orders(gateway: Any) -> None:
    mine = await joined(gateway)
    ordered, bad = await take(mine, order(1, "P-1")), await take(mine, order(2, "P-2", quantity="x"))
    address = "/api/partner/certification/samples"
    first = (await mine.post(address, {"document": ordered["document"]})).json
    assert (await mine.post(address, {"document": ordered["document"]})).json == first
    assert (await mine.post(address, {"document": bad["document"]})).status == 409
    admin = await gateway.key("admin")
    assert (await admin.post(address, {"document": ordered["document"]})).status == 403
    await admin.send(
        "PUT", "/api/partners/nuts", {**FILE, "customer_id": "C-8", "identifiers": [{"scheme": "ZZ", "value": "NUTS"}]}
    )
    other = await gateway.key("partner", partner="C-8")
    assert (await other.post(address, {"document": ordered["document"]})).status == 404
    assert (await other.get("/api/partner/certification")).status == 404  # nobody has invited it
    for path in ("/api/partners/bolts/certification", "/api/partners/bolts/invitations"):
        assert (await mine.get(path)).status == 403


async def test_a_sample_in_edifact_is_due_by_the_agreement_of_its_directory(gateway: Any) -> None:
    agreed = [
        {"document": "ORDERS", "direction": "in", "version": "D:01B"},
        {"document": "ORDRSP", "direction": "out", "version": "D:96A", "acknowledged": "PT2H"},
    ]
    mine = await joined(gateway, agreements=agreed)
    lines = "LIN+1++SKU-1:SA'QTY+21:10:PCE'PRI+AAA:1.25'UNS+S'UNT+9+1'UNZ+1+R1'"
    raw = (
        "UNB+UNOC:3+BOLTS:ZZ+NORRLAND:ZZ+260101:1200+R1++++++1'UNH+1+ORDERS:D:01B:UN'BGM+220+PO-E+9'"
        f"DTM+137:20260101:102'CUX+2:EUR:9'{lines}"
    )
    ordered = await take(mine, raw.encode())
    assert ordered["status"] == "accepted", ordered["errors"]
    address = "/api/partner/certification/samples"
    [sample] = (await mine.post(address, {"document": ordered["document"]})).json
    assert (sample["type"], sample["basis"]["agreement"], sample["basis"]["window"]) == (
        "ORDRSP", "ORDRSP out D:96A", {"within": "PT2H"},
    )  # fmt: skip


async def test_a_link_works_once_and_says_what_it_is_for(gateway: Any) -> None:
    admin = await put(gateway)
    token = await invite(admin)
    shown = (await gateway.browser().post("/api/invitation/look", {"token": token})).json
    assert (shown["tenant"], shown["partner_name"], shown["email"]) == (T, "Bolts", "edi@bolts.example")
    assert (await accept(gateway, token)).status == 201
    assert (await accept(gateway, token, "again@bolts.example")).status == 403
    assert (await gateway.browser().post("/api/invitation/look", {"token": token})).status == 403
    listed = (await admin.get("/api/partners/bolts/invitations")).json
    assert [(i["state"], i["used_by"]) for i in listed] == [("used", "edi@bolts.example")]
    assert token not in str(listed)
    async with gateway.db.transaction(T) as tx:
        kept = await tx.fetchval("select encode(token_hash, 'escape') from crossdock.partner_invitation")
    assert token.split(".")[2] not in kept


@pytest.mark.parametrize("wrong", ["expired", "withdrawn", "newer", "longer", "tenant", "secret", "nothing"])
async def test_a_link_that_is_not_good_any_more_lets_nobody_in(gateway: Any, wrong: str) -> None:
    admin = await put(gateway)
    token = await invite(admin)
    tenant, ends, secret = token.split(".")
    match wrong:
        case "expired":
            async with gateway.db.transaction(T) as tx:
                now = await tx.fetchval("select crossdock.now()")
            await set_to(gateway.db.pool, now + timedelta(days=7, minutes=1), 1)
        case "withdrawn":
            [one] = (await admin.get("/api/partners/bolts/invitations")).json
            assert (await admin.send("DELETE", f"/api/partners/bolts/invitations/{one['id']}")).status == 204
        case "newer":
            await invite(admin)
        case "longer":
            token = f"{tenant}.{int(ends) + 86400}.{secret}"
        case "tenant":
            token = f"castell.{ends}.{secret}"
        case "secret":
            token = f"{tenant}.{ends}.{secret[:-1]}"
        case _:
            token = "..'"
    answer = await accept(gateway, token)
    assert answer.status == 403
    assert "not valid" in answer.json["detail"]
    async with gateway.db.transaction(T) as tx:
        assert await tx.fetchval("select count(*) from crossdock.membership where role = 'partner'") == 0


async def test_a_name_that_somebody_has_is_not_given_the_role_and_leaves_the_link_good(gateway: Any) -> None:
    token = await invite(await put(gateway))
    assert (await accept(gateway, token, "vera")).status == 409
    assert (await (await gateway.as_("vera")).get("/api/session")).json["role"] == "viewer"
    assert (await accept(gateway, token)).status == 201


async def test_only_who_manages_partners_invites(gateway: Any) -> None:
    await put(gateway)
    for role in ("viewer", "coordinator", "approver"):
        assert (await (await gateway.key(role)).post("/api/partners/bolts/invitations", {})).status == 403
    carl = await gateway.as_("carl")
    assert (await carl.post("/api/partners/bolts/invitations", {})).status == 404
    assert (await carl.get("/api/partners/bolts/certification")).status == 404
    assert (await carl.get("/api/partner/certification")).json is None


async def test_a_test_acknowledgement_says_nothing_of_what_is_real(gateway: Any) -> None:
    mine = await joined(gateway)
    first = (await take(mine, order(1, "P-1")))["document"]
    [sample] = (await mine.post("/api/partner/certification/samples", {"document": first})).json
    admin = await gateway.key("admin")
    await admin.send("PUT", "/api/partners/bolts", {**FILE, "mode": "production"})
    raw = (await mine.get(f"/api/documents/{sample['document']}/raw")).body.decode()
    got = await take(mine, accepted(7, *numbers(raw), "P"))
    assert [n["code"] for n in got["notes"]] == ["sending.test"]
    assert (await admin.get(f"/api/sent-documents/{sample['document']}")).json["state"] == "written"
