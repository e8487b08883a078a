"""What systems tell us, as business events."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.connect.sandbox.webhooks import UNRECOGNISED, signature, translate
from crossdock.errors import PartnerError, Refused

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SECRET = "ab" * 32
# Events of their own beside another: one starts a process, the other is heard by one that goes on.
BESIDE = {
    "crossdock.supplier.delayed": ["crossdock.supplier.slipped"],
    "crossdock.stock.received": ["crossdock.stock.arrived"],
    "crossdock.tracking.exception": ["crossdock.shipment.held-up"],
}


def hear(system: str, body: Any, raw: bytes | None = None) -> dict[str, Any]:
    data = raw if raw is not None else json.dumps(body).encode()
    event, *others = translate("acme", system, {"X-SIGNATURE": signature(SECRET, data)}, data, secret=SECRET, now=NOW)
    assert [o["type"] for o in others] == BESIDE.get(event["type"], [])
    assert len({event["id"], *(o["id"] for o in others)}) == 1 + len(others)
    assert all(o["data"] | event["data"] == o["data"] for o in others)  # all of it, and perhaps more
    return event


SHIPPED = {
    "event_id": "e-1",
    "event_type": "shipment.shipped",
    "occurred_at": "2026-11-23T11:00:00Z",
    "order_ref": "SO-10001",
    "shipment_no": "L-000001",
    "site_code": "LUL",
    "tracking_no": "1ZN1",
    "lines": [{"line_ref": "1", "item_code": "N-10001", "qty": 48}],
}


def test_a_shipment_becomes_a_business_event() -> None:
    assert hear("wms", SHIPPED) == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "wms",
        "type": "crossdock.shipment.shipped",
        "subject": "SO-10001",
        "time": "2026-11-23T11:00:00+00:00",
        "datacontenttype": "application/json",
        "data": {
            "order": "SO-10001",
            "shipment": "L-000001",
            "site": "LUL",
            "tracking": "1ZN1",
            "lines": [{"line": "1", "sku": "N-10001", "quantity": 48}],
        },
    }


def test_a_labelled_shipment_names_its_packages() -> None:
    carton = {"sscc": "073500010000010004", "lines": [{"line_ref": "1", "qty": 48}]}
    assert hear("wms", SHIPPED | {"cartons": [carton]})["data"]["packages"] == [
        {"sscc": "073500010000010004", "lines": [{"line": "1", "quantity": 48}]}
    ]


def test_a_receipt_is_stock_received_and_an_event_of_its_own_that_it_arrived() -> None:
    receipt = {
        "event_id": "e-2", "event_type": "inventory.receipt", "occurred_at": "2026-11-23T11:00:00Z",
        "po_ref": "P-000001", "order_ref": "", "site_code": "LUL", "item_code": "N-1", "qty": 40,
    }  # fmt: skip
    event = hear("wms", receipt)
    assert event["type"] == "crossdock.stock.received"
    expected = {"order": "", "site": "LUL", "sku": "N-1", "quantity": 40, "supplier_order": "P-000001"}
    assert event["data"] == expected


@pytest.mark.parametrize(
    ("code", "kind"),
    [("DEP", "departed"), ("ITR", "in-transit"), ("EXC", "exception"), ("DLV", "delivered")],
)
def test_tracking(code: str, kind: str) -> None:
    mark = {
        "code": code, "description": "", "timestamp": "2026-11-23T10:00:00.000+01:00",
        "location": {"city": "Umeå", "countryCode": "SE"},
        "reason": {"code": "WEATHER", "text": "Snow"} if code == "EXC" else None,
        "proofOfDelivery": {"signedBy": "Ada", "signedAt": "2026-11-23T10:00:00.000+01:00"} if code == "DLV" else None,
    }  # fmt: skip
    reference = {"order": "SO-1", "facilityCode": "LUL"}
    event = hear(
        "carrier",
        {
            "notification": {"id": "n-1", "type": "TRACKING", "sentAt": "2026-11-23T09:00:00Z"},
            "tracking": {"number": "1ZN1", "reference": reference, "event": mark},
        },
    )
    assert event["type"] == f"crossdock.tracking.{kind}"
    assert event["time"] == "2026-11-23T09:00:00+00:00"
    assert event["data"]["at"] == "2026-11-23T09:00:00Z"
    assert event["data"]["location"] == "Umeå, SE"
    assert event["data"].get("reason") == ("Snow" if code == "EXC" else None)
    assert event["data"].get("signed_by") == ("Ada" if code == "DLV" else None)


def test_a_settled_payment_is_exact_in_major_units() -> None:
    event = hear(
        "payment",
        {
            "id": "evt_1", "object": "event", "type": "payment_request.settled", "created": 1763892000,
            "data": {
                "object": {"id": "pr_1", "invoice_ref": "90001", "order_ref": "SO-1", "amount": 12550},
                "payment": {"id": "py_1", "amount": 12550, "currency": "eur"},
            },
        },
    )  # fmt: skip
    assert event["type"] == "crossdock.payment.received"
    assert event["data"] == {
        "order": "SO-1", "invoice": "90001", "payment": "py_1", "amount": Decimal("125.50"), "currency": "EUR",
    }  # fmt: skip
    assert event["time"] == "2025-11-23T10:00:00+00:00"


@pytest.mark.parametrize("word", ["confirmed", "delayed", "shipped"])
def test_supplier_news(word: str) -> None:
    event = hear(
        "supplier",
        {
            "event-id": "s-1", "event": f"po-{word}", "occurred-at": "2026-11-23T09:00:00Z", "po-number": "P-000001",
            "buyer-reference": "SO-1", "supplier-code": "S-03", "expected-arrival": "2026-11-30",
            "reason": "Strike" if word == "delayed" else None,
        },
    )  # fmt: skip
    assert event["type"] == f"crossdock.supplier.{word}"
    assert event["data"]["promised_on"] == "2026-11-30"
    assert event["data"].get("reason") == ("Strike" if word == "delayed" else None)


@pytest.mark.parametrize(
    "body",
    [
        {**SHIPPED, "event_type": "shipment.weighed"},
        {**SHIPPED, "lines": "none"},
        {k: v for k, v in SHIPPED.items() if k != "order_ref"},
        {"unheard": "of"},
    ],
)
def test_what_is_not_known_is_reported_not_dropped(body: dict[str, Any]) -> None:
    event = hear("wms", body)
    assert event["type"] == UNRECOGNISED
    assert event["data"]["body"] == body
    assert event["data"]["system"] == "wms"
    assert event["id"] == hear("wms", body)["id"]


def test_a_system_without_translator_is_reported_too() -> None:
    assert hear("erp", {"a": 1})["type"] == UNRECOGNISED


@pytest.mark.parametrize("given_signature", ["", "sha256=", "sha256=" + "0" * 64, "ü", signature("other", b"{}")])
def test_only_the_right_signature_is_believed(given_signature: str) -> None:
    with pytest.raises(Refused):
        translate("acme", "wms", {"X-Signature": given_signature}, b"{}", secret=SECRET)


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(Refused):
        translate("acme", "wms", {"X-Signature": signature("", b"{}")}, b"{}", secret="")


def test_a_changed_byte_is_noticed() -> None:
    body = json.dumps(SHIPPED).encode()
    with pytest.raises(Refused):
        translate("acme", "wms", {"x-signature": signature(SECRET, body)}, body + b" ", secret=SECRET)


@given(st.sampled_from(["wms", "carrier", "payment", "supplier", "erp"]), st.binary(max_size=80))
def test_any_signed_bytes_give_an_event_or_an_error_that_says_why(system: str, body: bytes) -> None:
    with suppress(PartnerError):
        assert hear(system, None, body)["source"] == system


LETTER = {
    "id": "e-9",
    "type": "ticket.created",
    "created_at": "2026-11-23T11:00:00Z",
    "ticket": {
        "id": 1001, "subject": "Return", "description": "Too many", "external_id": "SO-1",
        "form": {"kind": "return", "reason": "unwanted", "items": [{"pos": "1", "pieces": 4}]},
    },
}  # fmt: skip


def test_a_customers_form_asks_for_a_return() -> None:
    event = hear("helpdesk", LETTER)
    assert (event["type"], event["subject"]) == ("crossdock.return.requested", "SO-1")
    assert event["data"] == {
        "order": "SO-1", "request": "1001", "channel": "helpdesk", "reason": "unwanted", "note": "Too many",
        "lines": [{"line": "1", "quantity": 4}],
    }  # fmt: skip


def test_a_ticket_without_a_form_that_we_know_is_reported_and_not_dropped() -> None:
    for form in (None, {"kind": "praise", "reason": "", "items": []}):
        told = hear("helpdesk", LETTER | {"ticket": LETTER["ticket"] | {"form": form}})  # type: ignore[operator]
        assert told["type"] == UNRECOGNISED


def test_graded_goods_of_a_return_are_told_by_line() -> None:
    body = {
        "event_id": "e-3", "event_type": "return.inspected", "occurred_at": "2026-11-23T11:00:00Z", "order_ref": "SO-1",
        "request_ref": "1001", "rma_no": "RMA-1", "site_code": "LUL",
        "graded": [{"line_ref": "1", "item_code": "A", "qty": 3, "grade": "opened"}],
    }  # fmt: skip
    event = hear("wms", body)
    assert event["type"] == "crossdock.return.inspected"
    assert event["data"]["lines"] == [{"line": "1", "sku": "A", "quantity": 3, "grade": "opened"}]
    assert (event["data"]["rma"], event["data"]["request"]) == ("RMA-1", "1001")


def test_a_remark_on_a_proof_of_delivery_is_an_event_of_its_own() -> None:
    mark = {
        "code": "DLV", "timestamp": "2026-11-23T11:00:00.000+00:00",
        "proofOfDelivery": {
            "signedBy": "A. Berg", "signedAt": "2026-11-23T11:00:00.000+00:00",
            "remarks": [{"noteLine": "1", "code": "MISSING", "pieces": 2}],
        },
    }  # fmt: skip
    body = {
        "notification": {"id": "n-1", "type": "TRACKING"},
        "tracking": {"number": "1Z", "reference": {"order": "SO-1"}, "event": mark},
    }
    data = json.dumps(body).encode()
    delivered, remarked = translate(
        "acme", "carrier", {"x-signature": signature(SECRET, data)}, data, secret=SECRET, now=NOW
    )
    assert (delivered["type"], delivered["id"]) == ("crossdock.tracking.delivered", "n-1")
    assert (remarked["type"], remarked["id"]) == ("crossdock.delivery.remarked", "n-1/remarks")
    assert remarked["data"]["remarks"] == [{"line": "1", "kind": "missing", "quantity": 2}]


def test_a_decided_claim_says_what_was_paid() -> None:
    claim = {
        "claimNumber": "FC1", "trackingNumber": "1Z", "reference": "POD-1Z", "order": "SO-1", "status": "PARTIAL",
        "paid": {"amount": 12.75, "currency": "EUR"}, "decidedAt": "2026-11-23T11:00:00.000+00:00", "reason": "Limited",
    }  # fmt: skip
    event = hear("carrier", {"notification": {"id": "n-2", "type": "CLAIM"}, "claim": claim})
    assert event["type"] == "crossdock.claim.decided"
    assert event["data"] == {
        "order": "SO-1", "claim": "FC1", "request": "POD-1Z", "tracking": "1Z", "outcome": "partly-paid",
        "paid": Decimal("12.75"), "currency": "EUR", "reason": "Limited",
    }  # fmt: skip
