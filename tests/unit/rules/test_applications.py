"""What speaks against an application: each reason is told, and nothing is said against a right one."""

import pytest

from crossdock.rules import applications

HERE = {"street": "Hamngatan 1", "city": "Luleå", "postal_code": "972 31", "country": "se"}


@pytest.mark.parametrize(
    ("country", "tax"), [("SE", "SE556012579001"), ("DE", "DE136695976"), ("US", "12-3456789"), ("XX", "AB123456")]
)
def test_a_right_tax_number_is_right(country: str, tax: str) -> None:
    assert applications.wrong_tax_id(tax, country) is None


@pytest.mark.parametrize(
    ("country", "tax"),
    [("SE", "SE556012579101"), ("SE", "SE5560125790"), ("DE", "DE136695977"), ("US", "123456789"), ("XX", "")],
)
def test_a_wrong_tax_number_is_told(country: str, tax: str) -> None:
    assert applications.wrong_tax_id(tax, country)


def test_a_right_application_has_nothing_against_it_and_its_number_is_written_plainly() -> None:
    found = applications.check({"tax_id": " se 556012.579001", "address": HERE}, [])
    assert found == {"problems": [], "codes": "", "tax_id": "SE556012579001"}


def test_everything_that_is_wrong_is_told_at_once() -> None:
    known = [{"customer_id": "C-1", "name": "A", "tax_id": "SE1", "city": "Umeå"},
             {"customer_id": "C-2", "name": "B", "tax_id": "SE 2", "city": "Umeå"}]  # fmt: skip
    found = applications.check({"tax_id": "SE2", "address": {**HERE, "street": " ", "postal_code": "1"}}, known)
    assert found["codes"] == "tax-id, address, same-name, duplicate"
    assert len(found["problems"]) == 5
