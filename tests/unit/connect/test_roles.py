"""The operations as a workflow calls them."""

from decimal import Decimal
from typing import Any

import pytest

from crossdock.connect import roles
from crossdock.connect.registry import UNDO, VENDORS
from crossdock.errors import Finding

RESERVE: dict[str, Any] = {"order": "SO-1", "site": "LUL", "lines": [{"line": "1", "sku": "N-1", "quantity": 5}]}


def test_arguments_become_typed_and_stay_exact() -> None:
    lines = [{"line": "1", "sku": "N-1", "quantity": Decimal("0.10"), "more": "is read past"}]
    a = roles.arguments("wms.reserve", {**RESERVE, "lines": lines})
    assert isinstance(a, roles.ReserveArguments)
    assert str(a.lines[0].quantity) == "0.10"
    assert a.purpose == "allocation"


@pytest.mark.parametrize(
    ("change", "where", "expected", "found"),
    [
        ({"site": None}, "/site", "str", "null"),
        ({"sit": "LUL"}, "/sit", "no such field", "one"),
        ({"lines": [{"line": "1", "sku": 7, "quantity": 1}]}, "/lines/0/sku", "str", "int 7"),
        ({"lines": [{"line": "1", "sku": "7"}]}, "/lines/0/quantity", "a value", "nothing"),
        ({"lines": [{"line": "1", "sku": "7", "quantity": "x"}]}, "/lines/0/quantity", "a valid decimal", '"x"'),
        ({"lines": "all"}, "/lines", "array", 'str "all"'),
    ],
)
def test_wrong_arguments_say_where_what_and_instead_of_what(
    change: dict[str, Any], where: str, expected: str, found: str
) -> None:
    finding = roles.arguments("wms.reserve", {**RESERVE, **change})
    assert isinstance(finding, Finding)
    assert (finding.where, finding.expected, finding.found) == (where, expected, found)


def test_arguments_that_are_no_object_are_told() -> None:
    finding = roles.arguments("wms.reserve", None)
    assert isinstance(finding, Finding)
    assert finding.where == "/"


def test_every_operation_has_a_connector_and_every_effect_a_look_up() -> None:
    actions = {name: action for vendor in VENDORS.values() for name, action in vendor.actions.items()}
    assert set(actions) == set(roles.OPERATIONS)
    for name, role in roles.OPERATIONS.items():
        assert (actions[name].lookup is None) == role.safe, name
        assert (actions[name].found is None) == role.safe, name


def test_every_undo_takes_the_reference_that_its_operation_gives() -> None:
    for name, undo in UNDO.items():
        role, reference = roles.OPERATIONS[name], roles.OPERATIONS[name].undo
        assert reference is not None
        assert reference.reference in role.result.__struct_fields__
        assert reference.reference in roles.OPERATIONS[undo].arguments.__struct_fields__


def test_an_undo_carries_the_reason_where_the_system_hears_one() -> None:
    output = {"sales_order": "0001", "x": 1}
    assert roles.undo("erp.createSalesOrder", output, "cancelled") == (
        "erp.cancelSalesOrder",
        {"sales_order": "0001", "reason": "cancelled"},
    )
    assert roles.undo("carrier.book", {"tracking": "1Z"}, "x") == ("carrier.cancelBooking", {"tracking": "1Z"})
    assert roles.undo("tax.quote", {}) is None
