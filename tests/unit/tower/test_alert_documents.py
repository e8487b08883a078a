"""Alert rules and channels as people write them, and the arithmetic behind them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.errors import PartnerError
from crossdock.rules import calendars
from crossdock.tower.alerts import documents
from crossdock.tower.alerts.documents import Burn, Channel, Means, Objective, Severity, Threshold

OFFICE = calendars.read(
    {
        "name": "office",
        "time_zone": "Europe/Stockholm",
        "hours": {"monday": ["08:00-17:00"], "tuesday": ["08:00-17:00"]},
    }
)
BURN = {"objective": "released_within", "within": "PT4H", "target": 95}


def rule(**watch: Any) -> dict[str, Any]:
    return {"name": "late", "watch": watch}


def test_a_threshold_is_read_with_its_unit_less_limit() -> None:
    found = documents.rule({**rule(kpi="cycle_time", above=8, **{"for": "PT15M"}), "severity": "critical"})
    assert found.watch == Threshold("cycle_time", Decimal(8), None, timedelta(minutes=15))
    assert (found.title, found.severity) == ("late", Severity.CRITICAL)


def test_an_objective_has_windows_of_its_own_or_the_usual_ones() -> None:
    usual = documents.rule(rule(**BURN)).watch
    hour = timedelta(hours=1)
    expected = Burn(Objective.RELEASED_WITHIN, 4 * hour, Decimal(95), Decimal(1), 24 * hour, 2 * hour)
    assert usual == expected
    own = documents.rule(rule(**BURN, burn=Decimal("14.4"), long="PT1H", short="PT5M")).watch
    assert isinstance(own, Burn)
    assert (own.burn, own.long, own.short) == (Decimal("14.4"), hour, timedelta(minutes=5))


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"name": "late"}, {"/watch", "/watch/kpi"}),
        (rule(kpi="profit", above=1), {"/watch/kpi"}),
        (rule(kpi="otif"), {"/watch"}),
        (rule(kpi="otif", above=1, below=2), {"/watch"}),
        (rule(kpi="otif", below="a lot"), {"/watch/below"}),
        (rule(kpi="otif", below=True), {"/watch/below"}),
        (rule(kpi="otif", below=97, **{"for": "soon"}), {"/watch/for"}),
        (rule(**{**BURN, "target": 100}), {"/watch/target"}),
        (rule(**{**BURN, "within": None}), {"/watch/within"}),
        (rule(**BURN, long="PT1H", short="PT2H"), {"/watch/short"}),
        (rule(objective="delivered_by_promise", within="PT1H", target=97), {"/watch/within"}),
        ({**rule(kpi="otif", below=97), "name": "No Good", "sevrity": "critical"}, {"/name", "/sevrity"}),
        ([], {"/", "/name", "/watch", "/watch/kpi"}),
    ],
)
def test_a_wrong_rule_is_refused_with_each_place(document: Any, where: set[str]) -> None:
    with pytest.raises(PartnerError) as refused:
        documents.rule(document)
    assert where <= {f.where for f in refused.value.findings}
    assert all(f.expected and f.found and f.fix for f in refused.value.findings)


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"means": "pigeon"}, "/means"),
        ({"means": "mail", "to": ["nobody"]}, "/to"),
        ({"means": "mail", "to": ["a@b.example\nBcc: c@d.example"]}, "/to"),
        ({"means": "mail", "to": ["ada@example.com"], "secret": "x"}, "/url"),
        ({"means": "webhook", "url": "ftp://x"}, "/url"),
        ({"means": "chat"}, "/secret"),
        ({"means": "chat", "url": "https://x", "secret": "y"}, "/secret"),
        ({"means": "chat", "secret": "../../etc/passwd"}, "/secret"),
        ({"means": "chat", "secret": "room", "group": "P3D"}, "/group"),
        ({"means": "chat", "secret": "room", "kinds": [1]}, "/kinds"),
    ],
)
def test_a_wrong_channel_is_refused_with_its_place(document: Any, where: str) -> None:
    with pytest.raises(PartnerError) as refused:
        documents.channel({"name": "desk", **document})
    assert where in {f.where for f in refused.value.findings}


@given(judged=st.integers(0, 10_000), target=st.integers(1, 99), data=st.data())
def test_a_burn_rate_of_one_uses_up_just_what_the_target_allows(judged: int, target: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, judged))
    burn = Burn(Objective.RELEASED_WITHIN, timedelta(hours=1), Decimal(target), Decimal(1), timedelta(1), timedelta(1))
    rate = burn.rate(judged, bad)
    share_good = Decimal(judged - bad) / judged if judged else Decimal(1)
    assert (rate > 1) == (share_good * 100 < target)
    assert (rate == 0) == (bad == 0)


def channel(**more: Any) -> Channel:
    return documents.channel({"name": "desk", "means": "chat", "secret": "room", **more})


def test_what_is_critical_is_told_at_once_and_the_rest_in_company_and_in_hours() -> None:
    made = channel(group="PT10M", hours="office")
    assert made.means is Means.CHAT
    noon = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)  # a Monday
    evening, weekend = noon + timedelta(hours=10), noon + timedelta(days=4)
    assert made.due(Severity.CRITICAL, evening, OFFICE) == evening
    assert made.due(Severity.WARNING, noon, OFFICE) == noon + timedelta(minutes=10)
    assert made.due(Severity.WARNING, evening, OFFICE) == datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
    assert made.due(Severity.WARNING, weekend, OFFICE) == datetime(2026, 3, 9, 7, 0, tzinfo=UTC)
    assert made.due(Severity.WARNING, weekend, None) == weekend + timedelta(minutes=10)


def test_a_channel_hears_what_it_asked_for() -> None:
    loud = channel(severity="critical", kinds=["flow", "rule"])
    assert loud.wants("flow", Severity.CRITICAL)
    assert not loud.wants("flow", Severity.WARNING)
    assert not loud.wants("outbox", Severity.CRITICAL)
    assert channel().wants("outbox", Severity.WARNING)
