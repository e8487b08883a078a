"""Each kind of fault does what it says, where and when it is told to, and no more."""

import time
from datetime import timedelta

import pytest
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError, RequestTimeoutError

PATH = "/norrland/wms/v1/reservations"


async def fault(outside, kind, **more):
    order = {"tenant": "norrland", "system": "wms", "kind": kind, **more}
    return await outside.control("POST", "/_faults", order)


async def reservations(outside):
    return len(await outside.ledger("wms", "SO-1", "reservation"))


async def test_down_drops_the_connection_and_does_nothing(outside, bodies):
    placed = await fault(outside, "down")
    with pytest.raises(PyreqwestError):
        await outside.call("POST", PATH, bodies[PATH])
    assert await reservations(outside) == 0
    assert (await outside.call("GET", "/castell/wms/v1/shipments")).status == 200  # another tenant is not concerned
    await outside.control("DELETE", f"/_faults/{placed['id']}")
    assert (await outside.call("POST", PATH, bodies[PATH])).status == 201


async def test_a_lost_response_comes_after_the_effect(outside, bodies):
    await fault(outside, "lost-response", count=1, operation="createReservation")
    with pytest.raises(PyreqwestError):
        await outside.call("POST", PATH, bodies[PATH])
    assert await reservations(outside) == 1
    (row,) = (await outside.good("GET", f"{PATH}?order_ref=SO-1"))["rows"]
    assert row["state"] == "held"
    assert (await outside.control("GET", "/_faults"))["faults"][0]["hits"] == 1
    assert (await outside.call("POST", PATH, bodies[PATH])).status == 201  # its count is used up


async def test_error_refuses_in_the_systems_words_and_does_nothing(outside, bodies):
    await fault(outside, "error", count=1)
    answer = await outside.call("POST", PATH, bodies[PATH])
    assert (answer.status, answer.content["error_code"]) == (503, "E5030")
    assert await reservations(outside) == 0


async def test_throttle_says_when_to_come_back(outside, bodies):
    await fault(outside, "throttle", count=1, delay_s=2.5)
    answer = await outside.call("POST", PATH, bodies[PATH])
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert await reservations(outside) == 0


async def test_slow_answers_after_the_callers_patience_but_has_taken_effect(outside, bodies):
    await fault(outside, "slow", count=1, delay_s=30)
    impatient = ClientBuilder().timeout(timedelta(milliseconds=300)).no_proxy().build()
    patient, outside._client = outside._client, impatient
    with pytest.raises(RequestTimeoutError):
        await outside.call("POST", PATH, bodies[PATH])
    outside._client = patient
    assert await reservations(outside) == 1
    await fault(outside, "slow", count=1, delay_s=0.05)
    started = time.monotonic()
    assert (await outside.call("POST", PATH, bodies[PATH])).status == 201
    assert time.monotonic() - started >= 0.05


async def test_a_fault_aimed_at_one_operation_leaves_the_others_alone(outside, bodies):
    await fault(outside, "error", operation="createShipment")
    assert (await outside.call("POST", PATH, bodies[PATH])).status == 201
    assert (await outside.call("POST", "/norrland/wms/v1/shipments", {})).status == 503


async def test_a_rate_hits_about_that_share_of_the_calls(outside):
    await fault(outside, "error", rate=0.3)
    statuses = [(await outside.call("GET", "/norrland/wms/v1/shipments")).status for _ in range(200)]
    assert 30 <= statuses.count(503) <= 90
    assert set(statuses) == {200, 503}


async def test_faults_keep_business_hours(outside):
    await fault(outside, "error", **{"from": "2026-11-23T10:00:00Z", "until": "2026-11-23T14:00:00Z"})

    async def status():
        return (await outside.call("GET", "/norrland/wms/v1/shipments")).status

    assert await status() == 200
    await outside.set_time("2026-11-23T10:00:00Z")
    assert await status() == 503
    await outside.set_time("2026-11-23T13:59:59Z")
    assert await status() == 503
    await outside.set_time("2026-11-23T14:00:00Z")
    assert await status() == 200


async def released(outside, bodies):
    reservation = await outside.good("POST", PATH, bodies[PATH])
    return await outside.good(
        "POST",
        "/norrland/wms/v1/shipments",
        {
            "order_ref": "SO-1",
            "reservation_no": reservation["reservation_no"],
            "site_code": "UME",
            "consignee": {"name": "x", "country_code": "SE"},
            "service_code": "GROUND",
            "tracking_no": "none",
        },
    )


async def to_next_event(outside):
    await outside.set_time((await outside.control("GET", "/_next"))["next_at"])
    await outside.settle()


async def test_a_duplicate_webhook_has_the_same_id_and_bytes(outside, bodies):
    await fault(outside, "duplicate-webhook", count=1)
    await released(outside, bodies)
    await outside.advance(hours=8)
    assert outside.hooks.kinds() == ["shipment.picked", "shipment.picked", "shipment.packed", "shipment.shipped"]
    first, second = outside.hooks.received[:2]
    assert (first.body, first.headers["x-event-id"]) == (second.body, second.headers["x-event-id"])


async def test_a_reordered_webhook_comes_after_its_successor(outside, bodies):
    await fault(outside, "reorder-webhook", count=1)
    await released(outside, bodies)
    await outside.advance(hours=8)
    assert outside.hooks.kinds() == ["shipment.packed", "shipment.picked", "shipment.shipped"]


async def test_a_reordered_webhook_without_successor_comes_after_six_hours(outside, bodies):
    await released(outside, bodies)
    await to_next_event(outside)
    await to_next_event(outside)
    await fault(outside, "reorder-webhook", count=1)
    await to_next_event(outside)
    assert outside.hooks.kinds() == ["shipment.picked", "shipment.packed"]
    assert (await outside.control("GET", "/_webhooks"))["waiting"] == 1
    assert (await outside.control("GET", "/_next"))["next_at"] is not None
    await outside.advance(hours=6)
    assert outside.hooks.kinds()[-1] == "shipment.shipped"


async def test_webhooks_of_a_system_that_is_down_come_when_it_is_up_again(outside, bodies):
    await released(outside, bodies)
    await fault(outside, "down", **{"until": "2026-11-23T18:00:00Z"})
    await outside.advance(hours=8)
    assert outside.hooks.received == []
    assert (await outside.control("GET", "/_next"))["waiting"] == 3
    await outside.set_time("2026-11-23T18:00:00Z")
    await outside.settle()
    assert outside.hooks.kinds() == ["shipment.picked", "shipment.packed", "shipment.shipped"]


async def test_lifting_a_fault_sends_what_waited(outside, bodies):
    await released(outside, bodies)
    await fault(outside, "down")
    await outside.advance(hours=8)
    await outside.control("DELETE", "/_faults?tenant=norrland&system=wms")
    await outside.settle()
    assert len(outside.hooks.received) == 3


async def test_an_untaken_webhook_is_repeated_in_place_until_taken(outside, bodies):
    outside.hooks.statuses = [500, 409]
    await released(outside, bodies)
    await outside.advance(hours=8)
    attempts = [(received.kind, received.headers["x-attempt"]) for received in outside.hooks.received]
    assert attempts == [
        ("shipment.picked", "1"),
        ("shipment.picked", "2"),
        ("shipment.picked", "3"),
        ("shipment.packed", "1"),
        ("shipment.shipped", "1"),
    ]


async def test_a_webhook_nobody_takes_is_parked_and_can_be_sent_again(outside, bodies):
    outside.hooks.statuses = [500] * 12  # more than the half second of this sandbox's patience allows for
    await released(outside, bodies)
    await outside.advance(minutes=121)
    parked = (await outside.control("GET", "/_webhooks"))["parked"]
    assert parked[0]["last_error"] == "HTTP 500"
    assert parked[0]["body"]["event_type"] == "shipment.picked"
    outside.hooks.statuses = []
    outside.hooks.received.clear()
    assert (await outside.control("POST", "/_webhooks/redeliver"))["queued"] == len(parked)
    await outside.settle()
    assert "shipment.picked" in outside.hooks.kinds()


async def test_one_orders_trouble_does_not_hold_up_another(outside, bodies):
    outside.hooks.statuses = [500]
    for order in ("SO-1", "SO-2", "SO-3"):
        bodies[PATH]["order_ref"] = order
        reservation = await outside.good("POST", PATH, bodies[PATH])
        await outside.good(
            "POST",
            "/norrland/wms/v1/shipments",
            {
                "order_ref": order,
                "reservation_no": reservation["reservation_no"],
                "site_code": "UME",
                "consignee": {"name": "x", "country_code": "SE"},
                "service_code": "GROUND",
                "tracking_no": "none",
            },
        )
    await outside.advance(days=1)
    by_order: dict[str, list[str]] = {}
    for received in outside.hooks.received:
        by_order.setdefault(received.event["order_ref"], []).append(received.kind)
    for kinds in by_order.values():
        assert list(dict.fromkeys(kinds)) == ["shipment.picked", "shipment.packed", "shipment.shipped"]
    assert sum(map(len, by_order.values())) == 10
