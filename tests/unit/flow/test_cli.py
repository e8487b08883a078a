"""`crossdock flow`: what it prints and how it exits."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossdock.cli.flow import app

HEAD = "document: { dsl: '1.0.3', namespace: d, name: t, version: '1.0.0' }\n"
cli = CliRunner()


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    return tmp_path / "flow.yaml"


def test_a_workflow_runs_to_its_end_without_waiting(flow: Path) -> None:
    flow.write_text(HEAD + "do:\n  - add: { set: { n: '${ .n + 0.1 }' } }\n  - pause: { wait: P30D }\n")
    done = cli.invoke(app, ["run", str(flow), "--input", "-", "--json"], input='{"n": 0.2}')
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert (result["status"], result["output"]) == ("completed", {"n": 0.3})
    assert [s["kind"] for s in result["steps"] if s["task"] == "pause"] == ["task-started", "task-completed"]


def test_a_fault_is_told_and_exits_1(flow: Path) -> None:
    flow.write_text(HEAD + "do:\n  - ask: { call: http, with: { method: get, endpoint: 'https://x.example/' } }\n")
    done = cli.invoke(app, ["run", str(flow), "--json"])
    assert done.exit_code == 1
    assert "--allow-http" in json.loads(done.stdout)["error"]["detail"]


def test_waiting_for_ever_is_told_and_exits_1(flow: Path) -> None:
    flow.write_text(HEAD + "do:\n  - hear: { listen: { to: { one: { with: { type: paid } } } } }\n")
    done = cli.invoke(app, ["run", str(flow), "--json"])
    assert done.exit_code == 1
    result = json.loads(done.stdout)
    assert result["status"] == "waiting"
    assert (result["waiting"][0]["kind"], result["waiting"][0]["detail"]) == ("event", "paid")


def test_an_event_can_be_given(flow: Path, tmp_path: Path) -> None:
    flow.write_text(HEAD + "do:\n  - hear: { listen: { to: { one: { with: { type: paid } } } } }\n")
    event = tmp_path / "event.json"
    event.write_text('{"specversion": "1.0", "id": "1", "source": "/t", "type": "paid", "data": 5}')
    done = cli.invoke(app, ["run", str(flow), "--json", "--event", str(event)])
    assert json.loads(done.stdout)["output"] == [5]


def test_a_wrong_definition_exits_2_with_file_line_and_column(flow: Path) -> None:
    flow.write_text(HEAD + "do:\n  - a: { wait: soon }\n")
    for command in (["run", str(flow)], ["validate", str(flow)], ["graph", str(flow)]):
        done = cli.invoke(app, command)
        assert done.exit_code == 2
        assert f"{flow}:3:10: expected a duration, found 'soon'." in done.stdout
    found = json.loads(cli.invoke(app, ["validate", "--json", str(flow)]).stdout)
    assert found[0]["code"] == "flow.duration"


def test_input_that_is_not_json_exits_2(flow: Path) -> None:
    flow.write_text(HEAD + "do: []\n")
    assert cli.invoke(app, ["run", str(flow), "--input", "-"], input="{").exit_code == 2


def test_the_graph_is_mermaid(flow: Path) -> None:
    flow.write_text(HEAD + "do:\n  - add: { set: { n: 1 } }\n")
    assert cli.invoke(app, ["graph", str(flow)]).stdout.startswith("flowchart LR\n")
