"""The numbers, the plots and the null server of `crossdock bench`."""

import asyncio
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from crossdock.cli.bench import enterprise, figures, machine, nullserver, report
from crossdock.cli.bench.suites import ONLY_WHEN_ASKED, SUITES


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([1.0], 0.99, 1.0),
        ([float(n) for n in range(1, 101)], 0.5, 50.0),
        ([float(n) for n in range(100, 0, -1)], 0.99, 99.0),
        ([1.0, 2.0, 3.0], 1.0, 3.0),
        ([1.0, 2.0, 3.0], 0.0, 1.0),
    ],
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[float], share: float, expected: float
) -> None:
    assert figures.percentile(values, share) == expected


def test_a_ratio_pairs_each_repeat_with_the_yardstick_of_its_own_minute() -> None:
    assert figures.ratio([100.0, 10.0, 1.0], [200.0, 20.0, 2.0]) == 0.5
    assert figures.ratio([3.0], []) is None


def test_a_goal_is_met_in_its_own_direction_and_at_its_bound() -> None:
    goals = {g["figure"]: g for g in figures.against_goals({"six_steps_to_dbos": 25, "half_load_p99_ms": 100.1})}
    assert goals["six_steps_to_dbos"]["met"] == "firm"
    assert goals["half_load_p99_ms"]["met"] == "no"
    assert goals["waiting_bytes_each"]["met"] == "not run"
    assert all(g.firm <= g.extreme if g.at_least else g.firm >= g.extreme for g in figures.GOALS)


def test_shares_of_the_machine_are_shares() -> None:
    seen = machine.Watch().stop()
    assert 0 <= seen["others_share"] <= 1
    assert machine.tree_seconds() > 0


def test_every_suite_that_is_asked_for_alone_exists() -> None:
    assert set(SUITES) > ONLY_WHEN_ASKED


def test_a_report_is_a_file_with_its_plots_and_page_beside(tmp_path: Path) -> None:
    plots: list[dict[str, Any]] = [
        {"kind": "bars", "title": "a < b & c", "bars": [["one <x>", 3], ["none", 0]]},
        {"kind": "lines", "title": "over time", "x": "s", "lines": {"rate": [[0, 1], [1, 0.5]]}},
        {"kind": "lines", "title": "nothing", "lines": {"": []}},
    ]
    found: dict[str, Any] = {
        "machine": machine.facts(), "size": "quick", "reliable": False, "unreliable_because": ["<busy>"], "ratios": {},
        "goals": figures.against_goals({"six_steps_to_dbos": 30}), "not_run": {"absurd": "no <network>"},
        "suites": {
            "a": {"status": "ok", "figures": {}, "plots": plots}, "b": {"status": "failed", "error": "<e>", "plots": []}
        },
    }  # fmt: skip
    page = report.write(found, tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    for name in written["suites"]["a"]["plots"]:
        assert ET.parse(tmp_path / name).getroot().tag.endswith("svg")
    text = page.read_text()
    assert "<busy>" not in text
    assert "NOT RUN: no &lt;network&gt;" in text
    assert text.count("<svg") == 3


class _Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.sent = b""

    def write(self, data: Any) -> None:
        self.sent += bytes(data)


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_the_null_server_answers_each_request_once_however_its_bytes_arrive(piece: int) -> None:
    asked: list[tuple[bytes, bytes, bytes]] = []

    def respond(method: bytes, path: bytes, body: bytes) -> bytes:
        asked.append((method, path, body))
        return b"{}"

    wire = _Wire()
    server = nullserver.Null(respond)
    server.connection_made(wire)
    raw = b"POST /a?b=1 HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nhello" + b"GET /c HTTP/1.1\r\nHost: x\r\n\r\n"
    for at in range(0, len(raw), piece):
        server.data_received(raw[at : at + piece])
    assert asked == [(b"POST", b"/a?b=1", b"hello"), (b"GET", b"/c", b"")]
    assert wire.sent.count(b"HTTP/1.1 200 OK") == 2


def test_null_systems_keep_what_they_were_asked_until_it_is_read() -> None:
    body = json.dumps({"order_ref": "SO-7", "reservation_no": "R-SO-7", "tracking_no": "T-SO-7"}).encode()
    answer = json.loads(enterprise.respond(b"POST", b"/wms/v1/shipments", body))
    assert answer["shipment_no"] == "S-SO-7"
    assert json.loads(enterprise.respond(b"GET", b"/_seen", b"")) == [["POST", "/wms/v1/shipments", body.decode()]]
    assert json.loads(enterprise.respond(b"GET", b"/_seen", b"")) == []
