"""`crossdock flow test`: what a scenario file can say, what a failure looks like, what a CI server is given."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from crossdock.cli.flow import app

FLOW = """
document: { dsl: '1.0.3', namespace: d, name: t, version: '1.0.0' }
do:
  - ask:
      try:
        - look: { call: erp.customer@crossdock, with: { id: '${ .id }' } }
      catch:
        as: error
        retry: { delay: PT10S, limit: { attempt: { count: 2 } }, when: '${ $error.status == 503 }' }
        do:
          - failed: { set: { name: nobody }, then: exit }
  - decide:
      call: approval@crossdock
      with: { kind: price, title: '${ .name }', due_in: PT4H }
  - pay:
      listen:
        to: { one: { with: { type: paid }, correlate: { id: { from: .data.id, expect: '${ $workflow.input.id }' } } } }
      timeout: { after: P1D }
  - tell: { emit: { event: { with: { type: told, source: '/a', data: { paid: '${ .[0].amount }' } } } } }
  - done: { set: { amount: '${ .data.paid }' } }
"""
GOOD = """
calls:
  erp.customer: { answer: { name: '${ "customer \\(.id)" }' } }
scenarios:
  - name: straight
    input: { id: 7 }
    people: [ { approval: price, outcome: approved, after: PT2H } ]
    events: [ { after: PT5H, event: { type: paid, data: { id: 7, amount: 0.1 } } } ]
    expect:
      output: { amount: 0.1 }
      calls: [ { function: erp.customer, with: { id: 7 } }, { function: approval, with: { title: customer 7 } } ]
      emitted: [ { type: told, data: { paid: 0.1 } } ]
      path: [ look, decide, pay, tell ]
      notVisited: [ failed ]
      at: [ { after: PT3H, waiting: [ paid ] }, { after: PT1H, waiting: [ { kind: call, detail: approval } ] } ]
      takes: PT5H
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(FLOW)
    return tmp_path


def play(folder: Path, text: str, *arguments: str) -> Result:
    (folder / "flow.test.yaml").write_text(text)
    return CliRunner().invoke(app, ["test", str(folder), *arguments])


def scenario(text: str, answer: str = "{ answer: { name: Ann } }") -> str:
    return f"calls: {{ erp.customer: {answer} }}\nscenarios:\n  - name: one\n    input: {{ id: 7 }}\n" + "".join(
        f"    {line}\n" for line in text.splitlines()
    )


APPROVED = "people: [ { approval: price } ]\n"
PAID = "events: [ { after: PT5H, event: { type: paid, data: { id: 7, amount: 1 } } } ]\n"


def test_a_scenario_that_comes_as_expected_passes(folder: Path) -> None:
    done = play(folder, GOOD)
    assert done.exit_code == 0, done.stdout
    assert "ok    straight" in done.stdout
    assert done.stdout.endswith("1 scenarios, 0 failed\n")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("output: { amount: 0.1 }", "output: { amount: 0.2 }", "output.amount: expected 0.2, found 0.1"),
        ("output: { amount: 0.1 }", "output: { total: 1 }", "output.total: expected 1, found nothing of that name"),
        ("output: { amount: 0.1 }", "status: faulted", "status: expected faulted, found completed"),
        ("with: { id: 7 }", "with: { id: 8 }", "erp.customer.id: expected 8, found 7"),
        ("function: erp.customer", "function: erp.pay", 'expected erp.pay with {"id":7}, found none of that function'),
        ("type: told, data: { paid: 0.1 }", "type: said", "+ told"),
        ("paid: 0.1", "paid: 1", "emitted[0] told.data.paid: expected 1, found 0.1"),
        ("path: [ look, decide", "path: [ decide, look", "path: expected 'look' after 'decide', found pay, tell, done"),
        ("notVisited: [ failed ]", "notVisited: [ tell ]", "path: expected not to visit tell, found it"),
        ("takes: PT5H", "takes: PT6H", "takes: expected 6:00:00, found 5:00:00"),
        ("takes: PT5H", "takesAtMost: PT4H", "takes: expected at most 4:00:00, found 5:00:00"),
        ("waiting: [ paid ]", "waiting: [ approval ]", 'after PT3H: expected to wait for "approval", found event paid'),
        ("takes: PT5H", "asked: []", "+ price"),
        ("takes: PT5H", "notCalled: [ approval ]", "calls: expected no call of approval, found one"),
        ("{ id: 7, amount: 0.1 }", "{ id: 8, amount: 0.1 }", "status: expected completed, found faulted"),
        ("calls:\n  erp", "calls:\n  erp2", "The scenario has no answer for erp.customer: add it under `calls:`."),
        ("approval: price", "approval: credit", "Nobody asked for the decision about approval credit."),
    ],
)
def test_a_difference_is_told_in_its_words(folder: Path, right: str, wrong: str, said: str) -> None:
    assert right in GOOD
    done = play(folder, GOOD.replace(right, wrong))
    assert done.exit_code == 1, done.stdout
    assert "FAIL  straight" in done.stdout
    assert said in done.stdout


def test_answers_come_one_after_the_other_and_the_last_one_stays(folder: Path) -> None:
    twice = "[ { fail: { status: 503 } }, { unknown: lost }, { answer: { name: Ann } } ]"
    expected = "expect: { calls: [ { function: erp.customer, times: 3 } ], output: { amount: 1 } }"
    assert play(folder, scenario(APPROVED + PAID + expected, twice)).exit_code == 0


def test_a_call_may_fail_for_good_or_be_late(folder: Path) -> None:
    failing = scenario(APPROVED + PAID + "expect: { path: [ failed, decide ] }", "{ fail: { status: 400 } }")
    assert play(folder, failing).exit_code == 0
    late = scenario(
        APPROVED + "expect: { at: [ { after: PT1H, waiting: [ { detail: erp.customer } ] } ], status: faulted }",
        "{ answer: { name: Ann }, after: PT2H }",
    )
    done = play(folder, late)
    assert done.exit_code == 0, done.stdout


def test_what_never_comes_is_a_wait_that_can_be_expected(folder: Path) -> None:
    never = scenario("expect: { status: waiting }", "{ never: true }")
    assert play(folder, never).exit_code == 0
    done = play(folder, never.replace("waiting", "completed"))
    assert "found waiting: call erp.customer at /do/0/ask/try/0/look#1" in done.stdout


def test_a_time_out_is_jumped_to(folder: Path) -> None:
    text = scenario(APPROVED + "expect: { error: { status: 408 }, takes: P1D }")
    done = play(folder, text)
    assert done.exit_code == 0, done.stdout


def test_a_cancellation_from_outside(folder: Path) -> None:
    text = scenario(APPROVED + "cancelAfter: PT3H\nexpect: { status: cancelled, takes: PT3H }")
    assert play(folder, text).exit_code == 0


def test_an_answer_may_make_an_event_happen_later(folder: Path) -> None:
    answer = (
        "{ answer: { name: Ann, key: 5 }, events: [ { after: PT6H, event: { type: paid, "
        "data: { id: '${ .id }', amount: '${ $answer.key + ($calls[\"erp.customer\"] | length) }' } } } ] }"
    )
    assert play(folder, scenario(APPROVED + "expect: { output: { amount: 6 } }", answer)).exit_code == 0


def test_coverage_names_the_tasks_that_never_ran(folder: Path) -> None:
    done = play(folder, GOOD, "--coverage")
    assert "d/t: 85 % of 7 tasks ran\n  never: /do/0/ask/catch/do/0/failed" in done.stdout
    assert play(folder, GOOD, "--fail-under", "85").exit_code == 0
    assert play(folder, GOOD, "--fail-under", "86").exit_code == 1


def test_junit_and_json_tell_the_same(folder: Path) -> None:
    wrong = GOOD.replace("output: { amount: 0.1 }", "output: { amount: 0.2 }")
    done = play(folder, wrong, "--json", "--junit", str(folder / "junit.xml"))
    assert done.exit_code == 1
    (file,) = json.loads(done.stdout)["files"]
    assert file["scenarios"][0]["differences"] == ["output.amount: expected 0.2, found 0.1"]
    suite = ElementTree.parse(folder / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    failure = suite[0].find("failure")
    assert failure is not None
    assert failure.text == "output.amount: expected 0.2, found 0.1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenarios: [ { nam: x } ]", "flow.test.yaml:1:14: expected a scenario file, found Object"),
        ("scenarios: [ { name: x, expect: { at: [ { after: soon } ] } } ]", "1:43: expected a duration, found 'soon'."),
        ("calls: { f: { answer: 1, never: true } }\nscenarios: []", "expected one of answer, fail, unknown, never"),
        ("calls: { f: { answer: '${ $naw }' } }\nscenarios: []", "found $naw."),
        ("calls: { f: { answer: '${ .x + }' } }\nscenarios: []", "expected a jq expression"),
        ("scenarios: [ { name: x }, { name: x } ]", "expected a name of its own, found 'x'."),
        ("scenarios: [ { name: x, people: [ { by: ann } ] } ]", "expected one of approval, case, hold"),
        ("scenarios: [ { name: x, events: [ { event: { data: 1 } } ] } ]", "expected an event with a type"),
        ("definition: other.yaml\nscenarios: []", "other.yaml"),
    ],
)
def test_a_wrong_file_is_told_with_line_and_column(folder: Path, text: str, said: str) -> None:
    done = play(folder, text)
    assert done.exit_code == 2
    assert said in done.stdout


def test_a_skeleton_can_be_written_and_filled(folder: Path) -> None:
    cli = CliRunner()
    assert cli.invoke(app, ["test", "--init", str(folder / "flow.yaml")]).exit_code == 0
    text = (folder / "flow.test.yaml").read_text()
    assert "erp.customer: { answer: {} }" in text
    assert "type: paid" in text
    again = cli.invoke(app, ["test", "--init", str(folder / "flow.yaml")])
    assert again.exit_code == 2
    played = cli.invoke(app, ["test", str(folder / "flow.yaml")])
    assert played.exit_code == 1  # gaps are not filled yet; the file itself is right
    assert "FAIL" in played.stdout


def test_no_scenarios_at_all_is_said(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["test", str(tmp_path)]).exit_code == 2
