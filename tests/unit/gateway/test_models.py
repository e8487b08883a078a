"""What leaves the house: money as text, numbers exact."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.gateway.models import Answer, Json, Money, Time, exact


class Sample(Answer):
    money: Money | None
    data: Json
    at: Time


def test_money_is_text_with_all_its_digits() -> None:
    sample = Sample(money=Decimal("1200.50"), data=None, at=datetime(2026, 1, 2, tzinfo=UTC))  # type: ignore[arg-type]
    assert sample.model_dump(mode="json") == {"money": "1200.50", "data": None, "at": "2026-01-02T00:00:00Z"}
    assert Sample(money=Decimal("1E+3"), data=None, at=datetime(2026, 1, 2, tzinfo=UTC)).money == "1000"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (Decimal("12.50"), 12.5),
        (Decimal("0.1"), 0.1),
        (Decimal("0.12345678901234567890"), "0.12345678901234567890"),
        (123456789012345678, 123456789012345678),
        ({"a": [Decimal("1.5"), None, True]}, {"a": [1.5, None, True]}),
    ],
)
def test_a_stored_number_stays_a_number_where_a_double_holds_it(given: object, written: object) -> None:
    assert exact(given) == written
