"""`crossdock flow lint`: for each thing it can say, a definition that earns it and one that does not."""

import json
import os
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossdock.cli.flow import app
from crossdock.flow import lint as linter
from crossdock.flow.lint import RULES, Severity, lint
from crossdock.flow.lint.rules import severity

HEAD = "document: { dsl: '1.0.3', namespace: d, name: t, version: '1.0.0' }\n"
FUNCTIONS = ("approval", "case", "erp.customer")
INPUT = """input:
  schema:
    document:
      type: object
      required: [ id ]
      properties:
        order: { type: object, additionalProperties: false, properties: { total: { type: number } } }
        lines: { type: array, items: { type: object, properties: { sku: { type: string } } } }
"""
LOOP = "- a: { set: { n: 1 } }\n- b: { %s }\n- c: { set: { n: 2 } }"


def do(tasks: str) -> str:
    return "do:\n" + "".join(f"  {line}\n" for line in tasks.splitlines())


def call(arguments: str, function: str = "case") -> str:
    return do(f"- ask:\n    call: {function}@crossdock\n    with: {{ {arguments} }}")


def caught(catch: str, tried: str = "- x: { call: erp.customer@crossdock }") -> str:
    return do(f"- t:\n    try:\n      {tried}\n    catch: {{ {catch} }}")


def login(scheme: str) -> str:
    return do(
        "- get:\n    call: http\n    with:\n      method: get\n      endpoint:\n        uri: https://a.example/\n"
        f"        authentication: {{ {scheme} }}"
    )


def hear(wanted: str) -> str:
    return do(f"- hear:\n    listen:\n      to:\n        one: {{ {wanted} }}")


def undone(undo: str, function: str = "erp.customer") -> str:
    return do(f"- ask:\n    call: {function}@crossdock\n    metadata:\n      crossdock:\n        compensate: {undo}")


# code: (what earns the remark, what does not)
SEEDED: dict[str, tuple[str, str]] = {
    "flow.endless-loop": (do(LOOP % "set: { n: 1 }, then: a"), do(LOOP % "set: { n: 1 }, then: c")),
    "flow.unbounded-loop": (do("- a: { wait: PT1H, then: a }"), do("- a: { wait: PT1H, then: end }")),
    "flow.busy-loop": (
        do("- a: { set: '${ . + 1 }' }\n- b:\n    switch:\n      - on: { when: '${ . < 9 }', then: a }\n"
           "      - off: { then: exit }"),
        do("- a: { wait: PT1S }\n- b:\n    switch:\n      - on: { when: '${ . < 9 }', then: a }\n"
           "      - off: { then: exit }"),
    ),
    "flow.unreachable-task": (
        do("- a: { set: { n: 1 }, then: c }\n- b: { set: { n: 2 } }\n- c: { set: { n: 3 } }"),
        do("- a: { set: { n: 1 }, if: '${ .x }', then: c }\n- b: { set: { n: 2 } }\n- c: { set: { n: 3 } }"),
    ),
    "flow.unused-then": (
        do("- a:\n    switch:\n      - x: { when: '${ .x }', then: exit }\n      - y: { then: exit }\n    then: end"),
        do("- a:\n    switch:\n      - x: { when: '${ .x }', then: exit }\n    then: end"),
    ),
    "flow.duplicate-case": (
        do("- a:\n    switch:\n      - x: { when: '${ .x }', then: exit }\n      - y: { when: '${  .x }', then: end }\n"
           "      - z: { then: end }"),
        do("- a:\n    switch:\n      - x: { when: '${ .x }', then: exit }\n      - y: { when: '${ .y }', then: end }\n"
           "      - z: { then: end }"),
    ),
    "flow.switch-without-default": (
        do("- a:\n    switch:\n      - x: { when: '${ .x }', then: exit }"),
        do("- a:\n    switch:\n      - x: { when: '${ .x }', then: exit }\n      - z: { then: end }"),
    ),
    "flow.retry-without-limit": (
        caught("retry: { delay: PT1S }"), caught("retry: { delay: PT1S, limit: { attempt: { count: 3 } } }")),
    "flow.swallowed-error": (caught("as: error"), caught("as: error, then: end")),
    "flow.catches-nothing": (
        caught("errors: { with: { type: https://a.example/sold-out } }, do: []",
               "- x: { raise: { error: { type: https://a.example/late, status: 409 } } }"),
        caught("errors: { with: { type: https://a.example/sold-out } }, do: []",
               "- x: { raise: { error: { type: https://a.example/sold-out, status: 409 } } }"),
    ),
    "flow.listen-uncorrelated": (
        hear("with: { type: paid }"),
        hear("with: { type: paid }, correlate: { order: { from: .data.order, expect: '${ .id }' } }"),
    ),
    "flow.no-deadline": (
        call("kind: x, queue: desk, title: Look, wait: true"), call("kind: x, queue: d, title: L, due_in: PT4H")),
    "flow.literal-password": (
        login("basic: { username: ann, password: hunter2 }"),
        "use: { secrets: [ erp ] }\n" + login("basic: { username: ann, password: '${ $secrets.erp.password }' }"),
    ),
    "flow.secret-in-address": (
        "use: { secrets: [ erp ] }\n"
        + do("- get:\n    call: http\n    with:\n      method: get\n      endpoint: https://a.example/\n"
             "      query: { key: '${ $secrets.erp.key }' }"),
        "use: { secrets: [ erp ] }\n"
        + do("- get:\n    call: http\n    with:\n      method: get\n      endpoint: https://a.example/\n"
             "      headers: { X-Key: '${ $secrets.erp.key }' }"),
    ),
    "flow.unsupported": (
        do("- a: { run: { shell: { command: ls } } }"), do("- a: { call: erp.customer@crossdock }")),
    "flow.unknown-catalogue-function": (
        do("- a: { call: erp.custmer@crossdock }"), do("- a: { call: erp.customer@crossdock }")),
    "flow.unused-part": (
        "use: { errors: { late: { type: https://a.example/late, status: 409 } } }\n" + do("- a: { set: { n: 1 } }"),
        "use: { errors: { late: { type: https://a.example/late, status: 409 } } }\n"
        + do("- a: { raise: { error: late } }"),
    ),
    "flow.assignment-as-condition": (
        do("- a: { if: '${ .n = 1 }', wait: PT1S }"), do("- a: { if: '${ .n == 1 }', wait: PT1S }")),
    "flow.constant-condition": (do("- a: { if: '${ 1 == 1 }', wait: PT1S }"), do("- a: { if: .n, wait: PT1S }")),
    "flow.fallback-expression": (do("- a: { set: '${ .x | sin }' }"), do("- a: { set: '${ .x | sqrt }' }")),
    "flow.partial-expression": (
        do("- a: { set: { t: 'Dear ${ .name }!' } }"), do("- a: { set: { t: '${ \"Dear \\(.name)!\" }' } }")),
    "flow.forbidden-input-field": (
        INPUT + do("- a: { set: { t: '${ .order.totl }' } }"), INPUT + do("- a: { set: { t: '${ .order.total }' } }")),
    "flow.undeclared-input-field": (
        INPUT + do("- a: { set: '${ .lines | map(.skuu) }' }"), INPUT + do("- a: { set: '${ .lines | map(.sku) }' }")),
    "yaml.boolean-word": (do("- a: { set: { gift: yes } }"), do("- a: { set: { gift: 'yes', on: true } }")),
    "yaml.octal-number": (do("- a: { set: { code: 0755 } }"), do("- a: { set: { code: '0755', n: 10 } }")),
    "yaml.sexagesimal": (do("- a: { set: { at: 12:30 } }"), do("- a: { set: { at: '12:30' } }")),
    "yaml.underscore-number": (do("- a: { set: { n: 1_000 } }"), do("- a: { set: { n: 1000, name: a_1 } }")),
    "yaml.merge-key": (
        do("- a: { set: { x: &x { n: 1 } } }\n- b: { set: { <<: *x } }"),
        do("- a: { set: { x: &x { n: 1 } } }\n- b: { set: *x }"),
    ),
    "yaml.invisible-character": (do("- a: { set: { t: 'a\u00a0b' } }"), do("- a: { set: { t: 'a b' } }")),
    "lint.unused-ignore": (
        do("- a: { set: { n: 1 } } # crossdock: ignore yaml.boolean-word"),
        do("- a: { set: { n: yes } } # crossdock: ignore yaml.boolean-word"),
    ),
    # what validation says
    "flow.unknown-key": (do("- a: { set: { n: 1 }, thn: end }"), do("- a: { set: { n: 1 }, then: end }")),
    "flow.unknown-target": (do("- a: { set: { n: 1 }, then: bb }\n- b: { wait: PT1S }"),
                            do("- a: { set: { n: 1 }, then: b }\n- b: { wait: PT1S }")),
    "flow.unknown-function": (do("- a: { call: tel }"), do("- a: { call: erp.customer@crossdock }")),
    "flow.unknown-variable": (do("- a: { set: '${ $contxt.n }' }"), do("- a: { set: '${ $context.n }' }")),
    "flow.expression": (do("- a: { set: '${ .n + }' }"), do("- a: { set: '${ .n + 1 }' }")),
    "flow.duplicate-task": (do("- a: { wait: PT1S }\n- a: { wait: PT1S }"), do("- a: { wait: PT1S }")),
    "flow.missing-key": (do("- a: { for: { each: x }, do: [] }"), do("- a: { for: { each: x, in: .xs }, do: [] }")),
    "flow.kind": (do("- a: { call: 5 }"), do("- a: { call: erp.customer@crossdock }")),
    "flow.duration": (do("- a: { wait: soon }"), do("- a: { wait: PT5M }")),
    "flow.unknown-retry": (caught("retry: often"), caught("retry: { limit: { attempt: { count: 1 } } }")),
    "flow.unknown-error": (do("- a: { raise: { error: late } }"),
                           do("- a: { raise: { error: { type: https://a.example/x, status: 400 } } }")),
    "flow.unknown-timeout": (do("- a: { wait: PT1S, timeout: short }"), do("- a: { wait: PT1S }")),
    "flow.unknown-secret": (call("kind: '${ $secrets.erp }', due_in: PT1H"),
                            "use: { secrets: [ erp ] }\n" + call("kind: '${ $secrets.erp }', due_in: PT1H")),
    "yaml.duplicate-key": (do("- a: { set: { n: 1, n: 2 } }"), do("- a: { set: { n: 1, m: 2 } }")),
    "yaml.expression-unquoted": (do("- a: { set: ${ { n: .x } } }"), do("- a: { set: '${ { n: .x } }' }")),
    "yaml.expression-cut": (do("- a:\n    set: ${ .x # the x }"), do("- a:\n    set: ${ .x }")),
    "yaml.syntax": ("do:\n\t- a: { wait: PT1S }\n", do("- a: { wait: PT1S }")),
}  # fmt: skip


def said(text: str) -> list[linter.Remark]:
    return lint(HEAD + text, "t.yaml", FUNCTIONS, _Library())


class _Library:
    def evaluate_all(self, *_: object) -> list[object]:
        raise AssertionError("the linter evaluates nothing")


@pytest.mark.parametrize("code", SEEDED)
def test_a_seeded_mistake_earns_its_remark_and_the_corrected_definition_none(code: str) -> None:
    bad, good = SEEDED[code]
    found = [remark for remark in said(bad) if remark.code == code]
    assert len(found) == 1, [str(r) for r in said(bad)]
    assert found[0].severity is severity(code)
    assert found[0].expected
    assert found[0].fix
    assert [r for r in said(good) if r.code == code] == []
    assert [str(r) for r in said(good) if r.severity is Severity.ERROR] == []


def test_every_rule_is_shown_at_work() -> None:
    assert RULES.keys() <= SEEDED.keys()


GOOD_UNDO = "{ function: erp.customer, arguments: { order: '${ $output.order }', site: '${ .site }' } }"


@pytest.mark.parametrize(
    ("undo", "code", "found"),
    [
        ("{ function: erp.custmer }", "flow.unknown-catalogue-function", "'erp.custmer'"),
        ("{ function: erp.custmer:1.0@crossdock }", "flow.unknown-catalogue-function", "'erp.custmer:1.0@crossdock'"),
        ("{ function: erp.customer@elsewhere }", "flow.unsupported", "'erp.customer@elsewhere'"),
        ("{ function: '${ .function }' }", "flow.compensate", "'${ .function }'"),
        ("{ function: 5 }", "flow.compensate", "5"),
        ("erp.customer", "flow.compensate", "'erp.customer'"),
        ("{ arguments: { order: 1 } }", "flow.missing-key", "none"),
        ("{ function: erp.customer, then: end }", "flow.unknown-key", "'then'"),
        ("{ function: erp.customer, with: { order: 1 } }", "flow.unknown-key", "'with'"),
        ("{ function: erp.customer, argumnts: { order: 1 } }", "flow.unknown-key", "'argumnts'"),
        ("{ function: erp.customer, arguments: [ 1 ] }", "flow.kind", "a list"),
        ("{ function: erp.customer, arguments: { n: [ '${ .n + }' ] } }", "flow.expression", ""),
        ("{ function: erp.customer, arguments: { n: '${ .n' } }", "flow.expression", ""),
        ("{ function: erp.customer, arguments: { n: '${ .n | sin }' } }", "flow.expression", ""),
        ("{ function: erp.customer, arguments: { n: '${ $context.n }' } }", "flow.unknown-variable", "$context"),
        ("{ function: erp.customer, arguments: '${ $input }' }", "flow.unknown-variable", "$input"),
        ("{ function: erp.customer, arguments: { t: 'Dear ${ .name }!' } }", "flow.partial-expression", ""),
    ],
)
def test_what_undoes_a_call_is_looked_at_as_any_task(undo: str, code: str, found: str) -> None:
    (remark,) = said(undone(undo))
    assert (remark.code, remark.severity) == (code, severity(code))
    assert found in remark.found
    assert remark.fix
    assert said(undone(GOOD_UNDO)) == []


def test_what_undoes_a_call_is_looked_at_wherever_the_call_stands() -> None:
    undo = "metadata: { crossdock: { compensate: { function: erp.custmer } } }"
    deep = caught(f"do: [ {{ ask: {{ call: erp.customer@crossdock, {undo} }} }} ]")
    assert [r.code for r in said(deep)] == ["flow.unknown-catalogue-function"]


def test_a_function_of_the_definition_undoes_nothing() -> None:
    ours = "use: { functions: { back: { call: erp.customer@crossdock } } }\n"
    (remark,) = [r for r in said(ours + undone("{ function: back }")) if r.code == "flow.unknown-catalogue-function"]
    assert "no task runs when undoing" in remark.fix


def test_without_a_catalogue_what_undoes_a_call_may_have_any_name() -> None:
    assert lint(HEAD + undone("{ function: any.name }"), "t.yaml", None) == []


def test_a_remark_points_at_the_misspelled_field() -> None:
    (remark,) = said(INPUT + do("- a: { set: { t: '${ .order.totl }' } }"))
    line = (HEAD + INPUT + do("- a: { set: { t: '${ .order.totl }' } }")).splitlines()[remark.line - 1]
    assert line[remark.column - 1 :].startswith("totl")
    assert remark.length == 4
    assert remark.fix == "Did you mean 'total'?"


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (".order | .totl", ["totl"]),
        ("{ a: .order.total, b: .lines[0].skuu }", ["skuu"]),
        ("[.lines[] | select(.skuu == 1) | .sku]", ["skuu"]),
        (".missing // .order.total", ["missing"]),
        (".id.anything.goes", []),
        ("$workflow.input.order.totl", ["totl"]),
        ("$context.order.totl", ["totl"]),
        ("{ a: .order } | .b", ["b"]),
        (".lines | length", []),
        (".lines as $l | $l[0].skuu", ["skuu"]),
        (".order.total.cents", ["cents"]),
        ("if .order.total > 1 then .nope else .lines end", ["nope"]),
    ],
)
def test_paths_are_followed_through_expressions(expression: str, names: list[str]) -> None:
    remarks = said(INPUT + do(f"- a: {{ set: '${{ {expression} }}' }}"))
    assert [r.found.split("'")[1] for r in remarks if r.code.endswith("-input-field")] == names


def test_nothing_is_said_of_a_task_that_may_receive_something_else() -> None:
    again = do(
        "- a: { set: '${ .nope }' }\n- b:\n    switch:\n      - x: { when: .y, then: a }\n      - z: { then: end }"
    )
    assert not [r for r in said(INPUT + again) if r.code.endswith("-input-field")]
    second = do("- a: { set: { nope: 1 } }\n- b: { set: '${ .nope }' }")
    assert not [r for r in said(INPUT + second) if r.code.endswith("-input-field")]


def test_after_an_export_nothing_is_known_of_the_context() -> None:
    text = do("- a: { set: { n: 1 }, export: { as: '${ . }' } }\n- b: { set: '${ $context.n }' }")
    assert said(INPUT + text) == []


def test_input_from_is_followed() -> None:
    given = INPUT + "  from: .order\n" + do("- a: { set: '${ .totl }' }")
    assert [r.code for r in said(given)] == ["flow.forbidden-input-field"]


# comments that ignore


@pytest.mark.parametrize(
    "text",
    [
        "- a: { set: { n: yes } } # crossdock: ignore yaml.boolean-word",
        "# crossdock: ignore yaml.boolean-word\n\n- a: { set: { n: yes } }",
        "- a: { set: { n: yes } }\n# crossdock: ignore-file yaml.boolean-word, yaml.octal-number\n"
        "- b: { set: { n: 07 } }",
    ],
)
def test_a_comment_silences_its_line_the_next_or_the_file(text: str) -> None:
    assert said(do(text)) == []


def test_an_error_cannot_be_ignored() -> None:
    remarks = said(do("- a: { wait: soon } # crossdock: ignore flow.duration"))
    assert [r.code for r in remarks] == ["flow.duration", "lint.unused-ignore"]


def test_another_lines_remark_stays() -> None:
    remarks = said(do("- a: { set: { n: yes } } # crossdock: ignore yaml.boolean-word\n- b: { set: { n: no } }"))
    assert [(r.code, r.line) for r in remarks] == [("yaml.boolean-word", 4)]


def test_all_that_is_wrong_is_said_at_once() -> None:
    codes = {r.code for r in said(do("- a: { wait: soon, then: end }\n- b: { set: { n: yes }, thn: end }"))}
    assert codes == {"flow.duration", "flow.unreachable-task", "flow.unknown-key", "yaml.boolean-word"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "- 1",
        "{",
        "do: 5",
        "do:\n  - a: 5\n",
        "use: 5\ndo: [ 5, { a: { switch: 5 } } ]",
        "do:\n  - a: { try: 5, catch: 5 }\n",
        "do:\n  - a: { call: 5, with: 5 }\n",
        "do:\n  - a: { fork: 5 }\n  - b: { listen: 5 }\n  - c: { run: 5 }\n  - d: { raise: 5 }\n",
    ],
)
def test_any_text_gives_remarks_and_never_a_failure(text: str) -> None:
    assert lint(text, "t.yaml", FUNCTIONS)


# shipped and published definitions


SHIPPED = files("crossdock.library").joinpath("workflows")


@pytest.mark.parametrize(
    "name", sorted(w.name for w in SHIPPED.iterdir() if w.name.endswith(".yaml") and ".test." not in w.name)
)
def test_shipped_workflows_lint_clean(name: str) -> None:
    done = CliRunner().invoke(app, ["lint", str(SHIPPED.joinpath(name)), "--fail-on", "hint"])
    assert done.exit_code == 0, done.output


def test_no_example_of_the_specification_is_called_an_error() -> None:
    folder = os.environ.get("CROSSDOCK_DSL")
    if not folder:
        pytest.skip("NOT RUN: CROSSDOCK_DSL is not set")
    examples = sorted(Path(folder, "examples").glob("*.yaml"))
    assert examples
    wrong = [str(r) for e in examples for r in lint(e.read_bytes(), e.name) if r.severity is Severity.ERROR]
    assert wrong == []


# the command


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    return tmp_path / "flow.yaml"


def test_text_shows_the_line_and_a_caret(flow: Path) -> None:
    flow.write_text(HEAD + do("- pause: { wait: soon }"))
    done = CliRunner().invoke(app, ["lint", str(flow)])
    assert done.exit_code == 1
    assert done.stdout == (
        f"{flow}:3:14: error: flow.duration\n"
        "  expected a duration, found 'soon'\n"
        "    |\n"
        "  3 |   - pause: { wait: soon }\n"
        "    |              ^^^^\n"
        "  fix: Write for example `{ minutes: 5 }` or PT5M; units: days, hours, minutes, seconds, milliseconds.\n\n"
    )


def test_json_is_stable(flow: Path) -> None:
    flow.write_text(HEAD + do("- a: { set: { n: yes } }"))
    done = CliRunner().invoke(app, ["lint", str(flow), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "files": 1, "error": 0, "warning": 1, "hint": 0,
        "remarks": [{
            "code": "yaml.boolean-word", "severity": "warning", "file": str(flow), "line": 3, "column": 20, "length": 3,
            "expected": "a value that all readers agree on", "found": "yes, unquoted",
            "fix": "Write true or false, or quote the word: 'yes'.",
        }],
    }  # fmt: skip


@pytest.mark.parametrize(("fail_on", "status"), [("error", 0), ("warning", 1), ("hint", 1)])
def test_the_least_severity_that_fails_can_be_chosen(flow: Path, fail_on: str, status: int) -> None:
    flow.write_text(HEAD + do("- a: { set: { n: yes } }"))
    assert CliRunner().invoke(app, ["lint", str(flow), "--fail-on", fail_on]).exit_code == status


def test_all_rules_can_be_listed() -> None:
    listed = CliRunner().invoke(app, ["lint", "--codes"]).stdout
    assert all(code in listed for code in RULES)


def test_an_expression_that_is_never_closed_is_an_error_where_it_stands() -> None:
    source = HEAD + do('- a:\n    set:\n      n: 1\n      total: "${ .a | "\n- b: { set: { t: "say ${ or {" } }')
    [remark] = [r for r in lint(source, "x.yaml") if r.severity is Severity.ERROR]
    assert (remark.code, remark.line, remark.column) == ("flow.expression", 6, 9)
    assert "closing } is missing" in str(remark)
