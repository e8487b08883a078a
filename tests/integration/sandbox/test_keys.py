"""Idempotency keys, which every system honours but one; and API keys, which every system demands."""

import pytest

from crossdock_sandbox.enterprise import SYSTEMS

EFFECTS = [
    ("/norrland/erp/api/SalesOrders", "erp", "sales-order", ("CustPO",)),
    ("/norrland/erp/api/Invoices", "erp", "invoice", ("DeliveryRef",)),
    ("/norrland/carrier/api/v2/shipments", "carrier", "booking", ("shipment", "reference", "purpose")),
    ("/norrland/payment/v1/payment_requests", "payment", "payment-request", ("due_date",)),
    ("/norrland/supplier/purchase-orders", "supplier", "purchase-order", ("purpose",)),
    ("/norrland/helpdesk/api/v2/tickets", "helpdesk", "ticket", ("ticket", "subject")),
    ("/norrland/mail/email", "mail", "message", ("Subject",)),
    ("/norrland/crm/v3/proposals", "crm", "proposal", ("revision",)),
]


@pytest.mark.parametrize(("path", "system", "effect", "changed"), EFFECTS)
async def test_a_repeated_key_gives_the_first_answer_and_one_effect(outside, bodies, path, system, effect, changed):
    first = await outside.call("POST", path, bodies[path], key="instance-1/7")
    again = await outside.call("POST", path, bodies[path], key="instance-1/7")
    assert first.status in (200, 201)
    assert (again.status, again.content) == (first.status, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await outside.ledger(system, "SO-1", effect)) == 1

    at = bodies[path]
    for name in changed[:-1]:
        at = at[name]
    at[changed[-1]] = "2027-01-01"
    other = await outside.call("POST", path, bodies[path], key="instance-1/7")
    assert other.status == 422
    assert len(await outside.ledger(system, "SO-1", effect)) == 1


@pytest.mark.parametrize(("path", "system", "effect", "changed"), EFFECTS)
async def test_another_key_is_another_effect_and_the_ledger_shows_it_doubled(
    outside, bodies, path, system, effect, changed
):
    await outside.good("POST", path, bodies[path], key="one")
    await outside.good("POST", path, bodies[path], key="two")
    entries = await outside.ledger(system, "SO-1", effect)
    identities = [(e["effect"], e["purpose"], e["order"], e["site"], e["line"], e["state"]) for e in entries]
    assert len(identities) == 2
    assert identities[0] == identities[1]
    assert entries[0]["reference"] != entries[1]["reference"]


async def test_the_wms_honours_no_key_and_a_look_up_tells(outside, bodies):
    path = "/norrland/wms/v1/reservations"
    first = await outside.good("POST", path, bodies[path], key="same")
    second = await outside.good("POST", path, bodies[path], key="same")
    assert first["reservation_no"] != second["reservation_no"]
    entries = await outside.ledger("wms", "SO-1", "reservation")
    assert [(e["site"], e["line"], e["quantity"], e["state"]) for e in entries] == [("UME", "1", 2, "active")] * 2
    found = await outside.good("GET", f"{path}?order_ref=SO-1&site_code=UME&purpose=allocation")
    assert [row["reservation_no"] for row in found["rows"]] == [first["reservation_no"], second["reservation_no"]]
    assert (await outside.good("GET", f"{path}?order_ref=SO-1&site_code=LUL"))["rows"] == []


async def test_a_refusal_is_not_remembered_under_its_key(outside, bodies):
    path = "/norrland/erp/api/SalesOrders"
    wrong = await outside.call("POST", path, bodies[path] | {"NetValue": "1"}, key="k")
    assert wrong.status == 422
    assert (await outside.call("POST", path, bodies[path], key="k")).status == 201


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_wrong_key_is_refused_in_the_systems_own_words(outside, system):
    wrong = {
        name: "wrong"
        for name in (
            "APIKey",
            "X-Wms-Token",
            "Authorization",
            "X-Portal-Key",
            "X-Helpdesk-Token",
            "X-Mail-Server-Token",
            "X-Crm-Session",
        )
    }
    routes = {
        "erp": "/api/Items",
        "wms": "/v1/shipments",
        "carrier": "/api/v2/shipments",
        "tax": "/api/v2/transactions/quote",
        "payment": "/v1/payment_requests",
        "supplier": "/suppliers",
        "helpdesk": "/api/v2/tickets",
        "mail": "/messages",
        "crm": "/v3/proposals",
    }
    method = "POST" if system == "tax" else "GET"
    answer = await outside.call(method, f"/norrland/{system}{routes[system]}", headers=wrong)
    assert answer.status == 401


@pytest.mark.parametrize("system", SYSTEMS)
async def test_unknown_places_and_bad_bodies_are_refused_in_the_systems_own_words(outside, bodies, system):
    assert (await outside.call("GET", f"/norrland/{system}/nothing/here")).status == 404
    paths = [path for path in bodies if path.startswith(f"/norrland/{system}/")]
    path = paths[0] if paths else "/norrland/tax/api/v2/transactions/quote"
    assert (await outside.call("PATCH", path)).status == 405
    assert (await outside.call("POST", path, b"{not json")).status == 400
    assert (await outside.call("POST", path, {})).status in (400, 422)
    assert (await outside.call("POST", path, b" " * (1 << 20) + b"{}")).status == 413


async def test_the_control_interface_needs_its_key_and_survives_nonsense(outside):
    for path in ("/_next", "/norrland/_seed", "/norrland/erp/_ledger", "/nowhere"):
        assert (await outside.raw("GET", path, None, {})).status == 401
    assert (await outside.raw("GET", "/_health", None, {})).content == {"ok": True}
    assert (await outside.raw("GET", "/erp/openapi.json", None, {})).content["openapi"] == "3.1.0"
    for method, path, body in (
        ("PUT", "/_clock", {"real_origin": "x"}),
        ("PUT", "/_clock", {"real_origin": "2026-01-01T00:00:00", "business_origin": "2026-01-01T00:00:00", "rate": 1}),
        (
            "PUT",
            "/_clock",
            {"real_origin": "2026-01-01T00:00:00Z", "business_origin": "9999-01-01T00:00:00Z", "rate": 1},
        ),
        ("POST", "/_faults", {"tenant": "norrland", "system": "pim", "kind": "down"}),
        ("POST", "/_faults", {"tenant": "norrland", "system": "erp", "kind": "gone"}),
        ("POST", "/_faults", {"tenant": "norrland", "system": "erp", "kind": "down", "rate": 2}),
        ("POST", "/_slip", {"tenant": "norrland", "supplier": "S-99", "days": 1}),
    ):
        with pytest.raises(AssertionError, match="400"):
            await outside.control(method, path, body)
