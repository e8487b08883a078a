"""Nothing a caller can write into a body makes a handler do anything but answer or refuse."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock_sandbox.app import Sandbox
from crossdock_sandbox.clock import Clock
from crossdock_sandbox.wire import Call, Refused

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SANDBOX = Sandbox(secret="bad input", seed=7, clock=Clock(NOW, rate=0))

GOOD: dict[str, dict[str, object]] = {
    "simulatePrices": {
        "CustNo": "C-0001",
        "Curr": "EUR",
        "Items": [{"Pos": "1", "Idents": [{"Typ": "MATNO", "Val": "N-10001"}], "Qty": "2", "UoM": "EA"}],
    },
    "createSalesOrder": {
        "ExtRef": "SO-1",
        "CustNo": "C-0001",
        "Curr": "EUR",
        "Items": [{"Pos": "1", "MatNo": "N-10001", "Qty": "2", "UoM": "EA", "NetPrice": "1.5", "NetValue": "3"}],
        "NetValue": "3",
    },
    "createInvoice": {
        "ExtRef": "SO-1",
        "DeliveryRef": "L-1",
        "CustNo": "C-0001",
        "Curr": "EUR",
        "PayTermDays": 30,
        "Items": [{"Pos": "1", "MatNo": "N-10001", "Qty": "2", "NetPrice": "1.5", "NetValue": "3"}],
        "NetValue": "3",
        "TaxValue": "1",
        "GrossValue": "4",
    },
    "createReturn": {
        "order_ref": "SO-1",
        "request_ref": "1001",
        "site_code": "UME",
        "reason_code": "unwanted",
        "lines": [{"line_ref": "1", "item_code": "N-10001", "qty": 1}],
    },
    "queryStock": {"item_codes": ["N-10001"]},
    "createReservation": {
        "order_ref": "SO-1",
        "site_code": "UME",
        "lines": [{"line_ref": "1", "item_code": "N-10001", "qty": 2}],
    },
    "quoteRates": {
        "shipment": {
            "origin": {"facilityCode": "UME"},
            "destination": {"countryCode": "SE", "streetLines": ["x"]},
            "weight": {"value": 1.5, "unit": "KG"},
        }
    },
    "bookShipment": {
        "shipment": {
            "reference": {"order": "SO-1", "facilityCode": "UME"},
            "serviceCode": "GROUND",
            "destination": {"countryCode": "SE", "streetLines": ["x"], "contactName": "^XA~"},
            "weight": {"value": 1.5, "unit": "KG"},
        }
    },
    "quoteTax": {
        "code": "SO-1",
        "currencyCode": "EUR",
        "shipTo": {"country": "SE"},
        "lines": [{"number": "1", "amount": 10.25}],
    },
    "createPaymentRequest": {
        "amount": 300,
        "currency": "eur",
        "customer_ref": "C-0001",
        "invoice_ref": "I",
        "order_ref": "SO-1",
        "due_date": "2026-12-23",
    },
    "placeOrder": {"buyer-reference": "SO-1", "items": [{"line": "1", "part-number": "N-10001", "quantity": 3}]},
    "createTicket": {"ticket": {"subject": "s", "comment": {"body": "b"}, "external_id": "SO-1", "tags": ["t"]}},
    "sendEmail": {"To": "a@b.cd", "Subject": "s", "TextBody": "t", "Tag": "shipped", "Metadata": {"order": "SO-1"}},
}
ROUTES = {
    route.operation: (system, route)
    for system in SANDBOX.enterprises["norrland"].systems.values()
    for route in system.routes
    if route.operation in GOOD
}

ODD = st.one_of(
    st.sampled_from(
        [
            "",
            "NaN",
            "-Infinity",
            "1e999999999",
            "0E-999999999",
            "-1",
            "\x00",
            "\ud83d\ude00",
            "1" * 400,
            "0001-01-01",
            "9999-12-31",
        ]
    ),
    st.sampled_from([None, True, 0, -1, 1.5, 10**30, -(10**400), 1e308, 5e-324, [], {}, [[]], [None]]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=4,
    ),
)


def places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def replaced(node: object, path: tuple[str | int, ...], value: object) -> object:
    if not path:
        return value
    changed = copy.deepcopy(node)
    at = changed
    for key in path[:-1]:
        at = at[key]  # type: ignore[index]
    at[path[-1]] = value  # type: ignore[index]
    return changed


def answer(operation: str, body: bytes) -> int:
    system, route = ROUTES[operation]
    try:
        reply = route.handle(Call({}, {}, body, NOW))
    except Refused as refusal:
        status, content = system.dialect.refusal(refusal)
        json.loads(content)
        return status
    json.loads(system.dialect.encode(reply.content))
    return reply.status


@pytest.mark.parametrize("operation", GOOD)
def test_the_good_body_is_good(operation: str) -> None:
    assert answer(operation, json.dumps(GOOD[operation]).encode()) in (200, 201)


@pytest.mark.parametrize("operation", GOOD)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_odd_value_anywhere_is_answered_or_refused(operation: str, data: st.DataObject) -> None:
    good = GOOD[operation]
    where = data.draw(st.sampled_from(list(places(good))))
    body = json.dumps(replaced(good, where, data.draw(ODD))).encode()
    assert answer(operation, body) in (200, 201, 400, 404, 422)


@pytest.mark.parametrize("operation", GOOD)
@settings(max_examples=25, deadline=None)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_refused(operation: str, body: bytes) -> None:
    assert answer(operation, body) in (400, 422)


def test_deep_nesting_is_refused() -> None:
    for operation in GOOD:
        assert answer(operation, b'{"Items":' + b"[" * 50_000) in (400, 422)
