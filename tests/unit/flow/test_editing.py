"""The published schemas: current, accepting what is right, refusing what is not."""

import json
import os
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from crossdock.cli.flow import app
from crossdock.engine import scenarios
from crossdock.flow import editing, yaml12

PUBLISHED = Path(__file__).parents[3] / "docs" / "schema"
HEAD = "document: { dsl: '1.0.3', namespace: d, name: t, version: '1.0.0' }\n"
WORKFLOW = Draft202012Validator(editing.schema())
SCENARIOS = Draft202012Validator(scenarios.schema())
LIBRARY = sorted(Path(str(files("crossdock.library"))).glob("workflows/*.yaml"))


def plain(value: Any) -> Any:
    """As an editor's reader of YAML gives it."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def refused(validator: Draft202012Validator, text: str | bytes) -> list[str]:
    value = plain(yaml12.read(text, "f").value)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(value)]


@pytest.mark.parametrize("of", ["workflow", "scenarios"])
def test_the_published_schema_is_current(of: str) -> None:
    printed = CliRunner().invoke(app, ["schema", of]).stdout
    published = PUBLISHED / f"{of}-{editing.VERSION}.json"
    assert published.read_text(encoding="utf-8") == printed, f"crossdock flow schema {of} > {published}"
    Draft202012Validator.check_schema(json.loads(printed))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_shipped_files_are_accepted(path: Path) -> None:
    assert refused(SCENARIOS if ".test." in path.name else WORKFLOW, path.read_bytes()) == []


def test_the_examples_of_the_specification_are_accepted() -> None:
    folder = os.environ.get("CROSSDOCK_DSL")
    if not folder:
        pytest.skip("NOT RUN: CROSSDOCK_DSL is not set")
    examples = sorted(Path(folder, "examples").glob("*.yaml"))
    assert examples
    assert {e.name: found for e in examples if (found := refused(WORKFLOW, e.read_bytes()))} == {}


RIGHT = [
    "{ set: { n: 1 } }",
    "{ set: '${ . }', then: end, if: .x }",
    "{ wait: PT5M }",
    "{ wait: { minutes: 5 } }",
    "{ wait: '${ .span }' }",
    "{ call: erp.customer@crossdock, with: { id: 1 }, timeout: PT5M }",
    "{ call: http, with: { method: get, endpoint: 'https://a.example/' } }",
    "{ for: { in: .xs, each: x }, do: [ { a: { set: { n: 1 } } } ] }",
    "{ fork: { compete: true, branches: [ { a: { wait: PT1S } } ] } }",
    "{ try: [], catch: { retry: { delay: PT1S, limit: { attempt: { count: 3 } } } } }",
    "{ listen: { to: { one: { with: { type: paid } } } } }",
    "{ raise: { error: late } }",
    "{ emit: { event: { with: { type: told } } } }",
    "{ run: { workflow: { namespace: d, name: c, version: '1' } } }",
    "{ switch: [ { a: { when: .x, then: end } }, { b: { then: continue } } ] }",
]
WRONG = [
    "{ set: 5 }",
    "{ sett: { n: 1 } }",
    "{ set: { n: 1 }, thn: end }",
    "{ set: { n: 1 }, then: 5 }",
    "{ wait: soon }",
    "{ wait: { minuts: 5 } }",
    "{ wait: {} }",
    "{ call: 5 }",
    "{ call: http }",
    "{ call: http, with: { method: get } }",
    "{ call: http, with: { method: get, endpoint: 'https://a.example/', quary: {} } }",
    "{ call: http, with: { method: get, endpoint: { url: 'https://a.example/' } } }",
    "{ for: { each: x }, do: [] }",
    "{ for: { in: .xs } }",
    "{ fork: { compete: 'yes', branches: [] } }",
    "{ fork: { branches: [ { a: { wiat: PT1S } } ] } }",
    "{ try: [] }",
    "{ try: [], catch: { retries: {} } }",
    "{ try: [], catch: { retry: { limit: { attempt: { count: three } } } } }",
    "{ try: [], catch: { retry: { backoff: { linear: {}, constant: {} } } } }",
    "{ listen: { to: { one: { with: { type: paid } }, any: [] } } }",
    "{ listen: { to: {} } }",
    "{ listen: { to: { one: { correlate: {} } } } }",
    "{ raise: { error: { type: x } } }",
    "{ emit: { event: { with: { subject: x } } } }",
    "{ run: { workflow: { name: c } } }",
    "{ run: { shell: {} } }",
    "{ switch: [ { a: { when: .x } } ] }",
    "{ switch: [ { a: { then: end }, b: { then: end } } ] }",
    "{ do: [ { a: { set: { n: 1 }, outptu: {} } } ] }",
    "{ set: { n: 1 }, export: .x }",
    "{ set: { n: 1 }, timeout: 5 }",
    "5",
    "{}",
]


@pytest.mark.parametrize("task", RIGHT)
def test_a_right_task_is_accepted(task: str) -> None:
    assert refused(WORKFLOW, f"{HEAD}do:\n  - t: {task}\n") == []


@pytest.mark.parametrize("task", WRONG)
def test_a_seeded_mistake_is_refused(task: str) -> None:
    assert refused(WORKFLOW, f"{HEAD}do:\n  - t: {task}\n")


@pytest.mark.parametrize(
    "text",
    [
        "do: []",
        "document: { dsl: '0.9', namespace: d, name: t, version: '1.0.0' }\ndo: []",
        "document: { dsl: '1.0.3', namespace: d, name: t, version: 1.0 }\ndo: []",
        HEAD + "do: {}",
        HEAD + "do: []\nschedul: {}",
        HEAD + "do: []\nuse: { retries: { r: { dealy: PT1S } } }",
        HEAD + "do: []\nuse: { functions: { f: { cal: x } } }",
        HEAD + "do: []\nuse: { authentications: { a: { basic: {}, bearer: {} } } }",
        HEAD + "do: []\nschedule: { on: { one: {} } }",
        HEAD + "do: []\ninput: { form: .x }",
        HEAD + "do: []\nevaluate: { language: cel }",
        HEAD + "do:\n  - a: { wait: PT1S }\n    b: { wait: PT1S }",
    ],
)
def test_a_wrong_definition_is_refused(text: str) -> None:
    assert refused(WORKFLOW, text)


@pytest.mark.parametrize(
    "text",
    [
        "scenario: []",
        "scenarios: [ {} ]",
        "scenarios: [ { name: x, expect: { outptu: 1 } } ]",
        "scenarios: [ { name: x, expect: { status: done } } ]",
        "scenarios: []\ncalls: { f: { anwser: 1 } }",
        "scenarios: [ { name: x, people: [ { approval: x, outcome: maybe } ] } ]",
    ],
)
def test_a_wrong_scenario_file_is_refused(text: str) -> None:
    assert refused(SCENARIOS, text)


def test_every_key_that_validation_knows_is_offered() -> None:
    from crossdock.flow import reading

    offered = json.dumps(editing.schema())
    for shape in (*reading.TASKS.values(), reading.DEFINITION, reading.USE, reading.RETRY, reading.STRATEGY):
        assert all(f'"{key}"' in offered for key in shape[1])
