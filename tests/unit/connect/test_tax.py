"""The answer of the tax service is checked before anybody bills by it."""

from decimal import Decimal
from typing import Any

import pytest

from crossdock import exactjson
from crossdock.connect import roles
from crossdock.connect.sandbox import tax
from crossdock.connect.wire import Misfit

ASKED = roles.arguments(
    "tax.quote",
    {
        "order": "SO-1", "currency": "EUR", "ship_to": {"country": "DE"},
        "lines": [{"line": n, "sku": "A", "amount": Decimal("10.05")} for n in ("1", "2")],
    },
)  # fmt: skip


def read(total: str, **taxes: str) -> Any:
    lines = [{"lineNumber": n[1:], "rate": Decimal("0.19"), "tax": Decimal(t)} for n, t in taxes.items()]
    body = exactjson.dumps({"totalTax": Decimal(total), "lines": lines})
    return tax.VENDOR.actions["tax.quote"].read(ASKED, body)


def test_a_quote_is_read_exactly() -> None:
    assert read("3.82", l1="1.91", l2="1.91").tax == Decimal("3.82")


def test_a_tax_that_is_not_the_sum_of_its_lines_is_refused() -> None:
    with pytest.raises(Misfit):
        read("3.81", l1="1.91", l2="1.91")


def test_a_tax_of_other_lines_is_refused() -> None:
    with pytest.raises(Misfit):
        read("1.91", l1="1.91")
