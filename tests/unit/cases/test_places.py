"""At which site a case is, by what its evidence names."""

from typing import Any

import pytest

from crossdock.cases.places import site_of


@pytest.mark.parametrize(
    ("evidence", "site"),
    [
        ({"site": "ATL"}, "ATL"),
        ({"shipments": [{"shipment": "SH-1", "site": "ATL"}, {"shipment": "SH-2", "site": "ATL"}]}, "ATL"),
        ({"shipments": [{"site": "ATL"}, {"site": "RNO"}]}, ""),
        ({"reservation": {"site": "RNO"}}, "RNO"),
        ({"site": 7, "shipments": "x"}, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_evidence_that_names_one_site_says_where(evidence: Any, site: str) -> None:
    assert site_of(evidence) == site


def test_data_says_where_when_the_evidence_does_not() -> None:
    assert site_of({"error": "x"}, {"site": "ATL"}) == "ATL"
    assert site_of({"site": "RNO"}, {"site": "ATL"}) == "RNO"
