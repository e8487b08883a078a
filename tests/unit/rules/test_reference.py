"""Reference tables: read whole or refused with every mistake, and written as CSV without losing a digit."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.errors import PartnerError
from crossdock.rules import reference
from crossdock.rules.reference import Kind

KINDS = {"sku": Kind.TEXT, "factor": Kind.DECIMAL, "packs": Kind.INTEGER, "live": Kind.BOOLEAN, "since": Kind.DATE}


def places(wrong: Any) -> list[str]:
    with pytest.raises(PartnerError) as refused:
        reference.read(wrong)
    return [f.where for f in refused.value.findings]


def test_csv_with_kinds_gives_exact_values() -> None:
    text = 'sku,factor,packs,live,since\r\nA-1,0.10,012,true,2026-02-28\r\n"B, 2",,9007199254740993,false,\r\n'
    table = reference.read_csv(text, "skus", ["sku"], KINDS)
    assert list(table.rows.values()) == [
        {"sku": "A-1", "factor": Decimal("0.10"), "packs": 12, "live": True, "since": "2026-02-28"},
        {"sku": "B, 2", "factor": None, "packs": 9007199254740993, "live": False, "since": None},
    ]
    assert str(table.rows['["A-1"]']["factor"]) == "0.10"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"name": "SKU table"}, ["/name"]),
        ({"keys": []}, ["/keys"]),
        ({"keys": ["ean"]}, ["/keys"]),
        ({"keys": ["factor"]}, ["/keys"]),
        ({"columns": {"sku": "varchar"}}, ["/columns/sku"]),
        ({"rows": {}}, ["/rows"]),
        ({"rows": [["A"]]}, ["/rows/0"]),
        ({"rows": [{"sku": "A", "price": 1}]}, ["/rows/0/price"]),
        ({"rows": [{"sku": "A", "factor": "1,5"}]}, ["/rows/0/factor"]),
        ({"rows": [{"sku": "A", "factor": "NaN"}]}, ["/rows/0/factor"]),
        ({"rows": [{"sku": "A", "factor": 1.5}]}, ["/rows/0/factor"]),
        ({"rows": [{"sku": ""}]}, ["/rows/0/sku"]),
        ({"rows": [{"sku": "A"}, {"sku": " A"}]}, ["/rows/1"]),
        ({"rows": [{"sku": "A" * 600}]}, ["/rows/0"]),
        ({"rows": [{"sku": "A", "factor": "x"}, {"sku": None}]}, ["/rows/0/factor", "/rows/1/sku"]),
        ({"effective_from": "2026-01-01"}, ["/effective_from"]),
        ({"valid": True}, ["/valid"]),
    ],
)
def test_a_wrong_table_is_refused_with_every_place(change: dict[str, Any], where: list[str]) -> None:
    right = {"name": "skus", "keys": ["sku"], "columns": {"sku": "text", "factor": "decimal"}, "rows": []}
    assert places(right | change) == where


@pytest.mark.parametrize(
    ("text", "where"),
    [("sku,sku\nA,B\n", "line 1"), ("sku,factor\nA\n", "line 2"), ("sku,factor\nA,1\nB,one\n", "line 3/factor"),
     ('sku,factor\n"A,1\n', "line 1"), ("ean,factor\nA,1\n", "line 1")],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_line(text: str, where: str) -> None:
    with pytest.raises(PartnerError) as refused:
        reference.read_csv(text, "skus", ["sku"], {"sku": Kind.TEXT, "factor": Kind.DECIMAL})
    assert refused.value.findings[0].where == where


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).map(str.strip).filter(bool)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)


@given(st.dictionaries(CELLS, st.tuples(NUMBERS, st.integers(-(10**18), 10**18), st.booleans()), max_size=8))
def test_what_is_written_is_read_again(rows: dict[str, tuple[Decimal, int, bool]]) -> None:
    kinds = {"sku": Kind.TEXT, "factor": Kind.DECIMAL, "packs": Kind.INTEGER, "live": Kind.BOOLEAN}
    given_rows = [{"sku": k, "factor": f, "packs": p, "live": live} for k, (f, p, live) in rows.items()]
    table = reference.read({"name": "t", "keys": "sku", "columns": {k: v.value for k, v in kinds.items()},
                            "rows": given_rows})  # fmt: skip
    again = reference.read_csv(reference.write_csv(kinds, table.rows.values()), "t", ["sku"], kinds)
    assert again.rows == table.rows
    assert again.hash == table.hash
