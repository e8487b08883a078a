"""Seeded mistakes in the arguments of every catalogue function: found where they stand, in words, and nothing else."""

import importlib.util
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crossdock.cases import checks, functions, messages
from crossdock.cases.signatures import DOCUMENTS, PROGRAMS, SIGNATURES
from crossdock.engine.functions import COMPENSATE
from crossdock.flow import program, yaml12
from crossdock.rules import Rulebook

DOCS = Path(__file__).parents[3] / "docs"

HEAD = """document: { dsl: '1.0.3', namespace: test, name: example, version: '1.0.0' }
do:
  - step:
"""


def definition(task: str) -> str:
    return HEAD + "".join(f"      {line}\n" for line in task.rstrip().splitlines())


def found(task: str) -> list[tuple[str, str, str]]:
    """(line:column, expected, found) of each finding."""
    source = definition(task)
    loaded = program.load(source, "w.yaml")
    return [(f.where.removeprefix("w.yaml:"), f.expected, f.found) for f in checks.arguments(loaded, source)]


def call(name: str, **arguments: Any) -> list[tuple[str, str]]:
    return [(p.where, p.found) for p in SIGNATURES[name].problems(arguments)]


def test_every_function_has_a_signature_and_every_signature_a_function() -> None:
    catalogue = functions.catalogue(Rulebook([]), messages.load())
    assert {*catalogue, COMPENSATE, *PROGRAMS, *DOCUMENTS} == set(SIGNATURES)


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_the_example_of_every_function_is_right(name: str) -> None:
    assert found(SIGNATURES[name].example) == []


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_an_unknown_argument_of_any_function_is_found(name: str) -> None:
    if name in PROGRAMS:
        assert ("/nosuch", "'nosuch'") in call(name, nosuch=1)
        return
    [*_, last] = found(f"call: {name}@crossdock\nwith: {{ nosuch: 1 }}")
    others = [f for f in found(f"call: {name}@crossdock\nwith: {{ nosuch: 1 }}") if f[2] == "'nosuch'"]
    assert [o[:2] for o in others] == [("5:15", f"an argument of {name}")], last


@pytest.mark.parametrize("name", [n for n, s in SIGNATURES.items() if any(a.required for a in s.arguments)])
def test_each_missing_argument_of_any_function_is_found(name: str) -> None:
    must = {f"/{a.name}" for a in SIGNATURES[name].arguments if a.required}
    assert must <= {where for where, value in call(name) if value == "nothing"}


@pytest.mark.parametrize(
    ("name", "arguments", "where"),
    [
        ("approval", {"title": "t", "amount": "12"}, "/amount"),
        ("approval", {"title": {"of": 1}}, "/title"),
        ("approval", {"title": "t", "not_by": "ann"}, "/not_by"),
        ("approval", {"title": "t", "expires_in": "soon"}, "/expires_in"),
        ("approval", {"title": "t", "business_days": 1}, "/calendar"),
        ("case", {"kind": "k", "queue": "q", "title": "t", "severity": "severe"}, "/severity"),
        ("case", {"kind": "k", "queue": "q", "title": "t", "wait": "yes"}, "/wait"),
        ("case", {"kind": "k", "queue": "q", "title": "t", "actions": "close"}, "/actions"),
        ("case", {"kind": "k", "queue": "q", "title": "t", "due_on": "24.12.2026"}, "/due_on"),
        ("case", {"kind": "k", "queue": "q", "title": "t", "editable": [1]}, "/editable"),
        ("hold", {"items": "all"}, "/items"),
        ("milestone", {"name": ""}, "/name"),
        ("sla-start", {"key": "k"}, ""),
        ("sla-start", {"key": "k", "due_in": 4}, "/due_in"),
        ("sla-start", {"key": "k", "by": "cutoff", "calendar": "c"}, "/by"),
        ("sla-start", {"key": "k", "by": "cut-off"}, "/calendar"),
        ("sla-start", {"key": "k", "due_in": "PT1H", "warn_at": Decimal("1.5")}, "/warn_at"),
        ("sla-start", {"key": "k", "due_in": "PT1H", "on_breach": "case"}, "/on_breach"),
        ("sla-start", {"key": "k", "business_days": 0, "calendar": "c"}, "/business_days"),
        ("sla-start", {"key": "k", "business_days": Decimal("1.5"), "calendar": "c"}, "/business_days"),
        ("sla-start", {"key": "k", "due_in": "PT1H", "calendar": []}, "/calendar"),
        ("sla-start", {"key": "k", "due_in": "PT1H", "pause_on_hold": 1}, "/pause_on_hold"),
        ("decision", {"decision": "credit", "input": [1]}, "/input"),
        ("lookup", {"table": "t", "key": "k", "missing": "ignore"}, "/missing"),
        ("lookup", {"table": "t", "key": "k", "edition": "latest"}, "/edition"),
        ("lookup", {"table": "t", "key": "k", "as_of": "2026-12-24"}, "/as_of"),
        ("throttle", {"key": "k", "limit": 0, "per": "PT1M"}, "/limit"),
        ("throttle", {"key": "k", "limit": 10, "per": "a minute"}, "/per"),
        ("throttle", {"key": "k", "limit": True, "per": "PT1M"}, "/limit"),
        ("throttle", {"key": "k", "limit": 1, "per": "PT1M", "burst": -1}, "/burst"),
        ("message", {"moment": "shipped", "data": []}, "/data"),
        ("price-lines", {"stated": {}, "priced": []}, "/stated"),
        ("agree-prices", {"lines": "all", "basis": "contract"}, "/lines"),
        ("bill-lines", {"lines": [], "shipped": 1}, "/shipped"),
        ("allocate", {"strategy": "best"}, "/strategy"),
        ("allocate", {"strategy": "nearest", "sites_at_most": 0}, "/sites_at_most"),
        ("run.script", {"language": "perl", "code": "1"}, "/language"),
        ("run.script", {"language": "python"}, ""),
        ("run.shell", {"command": "ls", "arguments": {"a": 1}}, "/arguments"),
        ("run.shell", {"command": "ls", "return": "everything"}, "/return"),
        ("run.container", {"image": "x", "ports": [80]}, "/ports"),
    ],
)
def test_a_seeded_mistake_is_the_only_finding(name: str, arguments: dict[str, Any], where: str) -> None:
    [problem] = SIGNATURES[name].problems(arguments)
    assert problem.where == where
    assert problem.expected
    assert problem.found
    assert problem.fix


def test_what_an_expression_will_give_is_not_judged_before() -> None:
    assert call("throttle", key="${ .k }", limit="${ .n }", per="${ .per }", burst="${ .b }") == []
    assert SIGNATURES["case"].problems("${ .all }") == []
    assert call("throttle", key="k", limit="30", per="PT1M") == [("/limit", '"30"')]


def test_findings_name_line_and_column_in_functions_and_branches_too() -> None:
    source = """document: { dsl: '1.0.3', namespace: test, name: example, version: '1.0.0' }
use:
  functions:
    slow:
      call: throttle@crossdock
      with: { key: k, limit: 0, per: PT1M }
do:
  - both:
      fork:
        branches:
          - one: { call: slow }
          - two:
              call: case@crossdock
              with:
                kind: k
                queue: q
                titel: t
"""
    findings = checks.arguments(program.load(source, "w.yaml"), source)
    assert sorted((f.where, f.code) for f in findings) == [
        ("w.yaml:14:15", "function.arguments"),  # no title
        ("w.yaml:17:17", "function.arguments"),
        ("w.yaml:6:23", "function.arguments"),
    ]
    assert any("Did you mean 'title'?" in f.fix for f in findings)


@pytest.mark.parametrize(
    ("undo", "expected"),
    [
        ("{ function: case, arguments: { kind: k } }", [("8:25", "'case', which is done here")]),
        ("{ function: compensate@crossdock }", [("8:25", "'compensate', which is done here")]),
        ("{ function: run.shell, arguments: { comand: ls } }", [("8:59", "'comand'"), ("8:46", "nothing")]),
        ("{ function: erp.cancelSalesOrder, arguments: { sales_order: '${ .n }' } }", []),
        ("5", []),
    ],
)
def test_what_undoes_a_call_is_what_a_system_performs(undo: str, expected: list[tuple[str, str]]) -> None:
    task = "call: erp.createSalesOrder@crossdock\nwith: { order: SO-1 }\nmetadata:\n  crossdock:\n"
    task += f"    compensate: {undo}"
    assert [(where.partition(" ")[0], what) for where, _, what in found(task)] == expected


def test_shipped_workflows_have_no_findings() -> None:
    for path in sorted((DOCS.parent / "src/crossdock/library/workflows").glob("*.yaml")):
        if not path.name.endswith(".test.yaml"):
            source = path.read_text(encoding="utf-8")
            assert checks.arguments(program.load(source, path.name), source) == []


def test_the_page_of_functions_is_made_from_the_signatures() -> None:
    spec = importlib.util.spec_from_file_location("make_functions", DOCS / "make_functions.py")
    assert spec is not None
    assert spec.loader is not None
    making = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(making)
    assert (DOCS / "functions.md").read_text(encoding="utf-8") == making.page(), "run `python docs/make_functions.py`"


def test_the_shipped_calendars_are_right() -> None:
    from crossdock.rules import calendars

    folder = DOCS.parent / "src/crossdock/library/calendars"
    names = [calendars.read(yaml12.read(p.read_bytes(), p.name).value).name for p in sorted(folder.glob("*.yaml"))]
    assert names == [f"site/{p.stem.removeprefix('site-')}" for p in sorted(folder.glob("*.yaml"))]
