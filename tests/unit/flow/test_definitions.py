"""What an author hears about a definition: everything that is wrong, where, and what to do."""

import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.errors import Finding, FlowFault
from crossdock.flow import cron, faults, program, secrets, yaml12
from crossdock.flow.facts import EventFilter

HEAD = "document: { dsl: '1.0.3', namespace: d, name: t, version: '1.0.0' }\n"


def findings(text: str) -> list[Finding]:
    return program.validate(HEAD + text, "flow.yaml")


def only(text: str) -> Finding:
    found = findings(text)
    assert len(found) == 1, [str(f) for f in found]
    return found[0]


def test_all_findings_come_at_once_in_the_order_of_the_file() -> None:
    found = findings(
        """do:
  - a: { set: { n: '${ .n + }' }, then: bb }
  - b: { wait: 1 day }
  - b: { call: prise }
  - c: { raise: { error: nope } }
"""
    )
    assert [f.code for f in found] == [
        "flow.expression",
        "flow.unknown-target",
        "flow.duration",
        "flow.duplicate-task",
        "flow.unknown-function",
        "flow.unknown-error",
    ]
    assert found[1].where == "flow.yaml:3:35"
    assert found[1].fix == "Did you mean 'b'?"


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("do:\n  - a: { set: { n: 1 }, thn: end }", "flow.unknown-key", "3:25"),
        ("do:\n  - a: { call: http, with: { method: get } }", "flow.missing-key", "3:22"),
        ("do:\n  - a:\n      - b: 1", "flow.task-kind", "3:5"),
        ("do:\n  - a: { set: { n: 1 } }\n    b: { set: { n: 1 } }", "flow.task-entry", "3:5"),
        ("do:\n  - a: { set: { n: '${ $foo }' } }", "flow.unknown-variable", "3:17"),
        (
            "do:\n  - a: { set: { n: '${ $secrets.key }' }, input: { from: '$secrets.key' } }",
            "flow.unknown-secret",
            "3:5",
        ),
        ("do:\n  - a: { call: x@nowhere }", "flow.unknown-catalogue", "3:10"),
        ("do:\n  - a: { wait: PT1S, timeout: short }", "flow.unknown-timeout", "3:22"),
        ("do:\n  - a: { try: [], catch: { retry: often } }", "flow.unknown-retry", "3:28"),
        (
            "do:\n  - a: { do: [ { b: { set: { n: 1 }, then: c } } ] }\n  - c: { set: { n: 1 } }",
            "flow.unknown-target",
            "3:38",
        ),
        ("do:\n  - a: { switch: [ { x: { then: end } }, { y: { then: end } } ] }", "flow.case", "3:10"),
        ("do:\n  - a: { listen: { to: { one: { with: { type: x } }, any: [] } } }", "flow.listen", "3:20"),
        ("do:\n  - a: { for: { each: input, in: '.' }, do: [] }", "flow.name", "3:10"),
        ("do: []\nschedule: { cron: 61 * * * * }", "flow.cron", "3:13"),
        ("do: []\nschedule: { every: PT0S }", "flow.duration", "3:13"),
        ("do: []\ninput: { schema: { document: { type: objekt } } }", "flow.schema", "3:20"),
        ("do: []\nuse: { functions: { f: { call: g }, g: { call: f } } }", "flow.function-cycle", "3:26"),
        ("do:\n  - a: { run: { workflow: { namespace: d, name: c } } }", "flow.missing-key", "3:17"),
    ],
)
def test_each_mistake_is_found_at_its_place(text: str, code: str, where: str) -> None:
    found = findings(text)
    assert (code, f"flow.yaml:{where}") in [(f.code, f.where) for f in found], [str(f) for f in found]


@pytest.mark.parametrize(
    "line",
    ["as: ${ { a: b } }", 'as: ${ "Order: \\(.n)" }', "as: { x: ${ .n } }"],
)
def test_an_unquoted_expression_is_explained(line: str) -> None:
    found = only(f"do:\n  - a:\n      set: {{ n: 1 }}\n      output:\n        {line}\n")
    assert found.code == "yaml.expression-unquoted"
    assert found.where.startswith("flow.yaml:6:")
    assert "single quotes" in found.fix


def test_an_expression_cut_by_a_comment_is_explained() -> None:
    assert (
        only("do:\n  - a: { set: { n: 1 } }\n  - b:\n      if: ${ .n # one }\n      set: { n: 2 }\n").code
        == "yaml.expression-cut"
    )


def test_on_and_no_are_words_and_fractions_are_exact() -> None:
    source = yaml12.read("on: no\nprice: 0.10\nbig: 340123450000000018\nhex: 0x10\nnothing: ~", "f")
    assert source.value == {"on": "no", "price": Decimal("0.10"), "big": 340123450000000018, "hex": 16, "nothing": None}
    assert source.findings == ()


def test_a_repeated_key_is_found_where_it_is_repeated() -> None:
    assert [f.where for f in yaml12.read("a: 1\nb: 2\na: 3", "f").findings] == ["f:3:1"]


def test_aliases_that_multiply_are_refused() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
    assert "yaml.size" in [f.code for f in yaml12.read(bomb, "f").findings]


@given(st.one_of(st.binary(max_size=60), st.text("ab: -{}[]&*!|>'\"#%@,\n\t$", max_size=60).map(str.encode)))
def test_any_bytes_give_findings_or_a_program(data: bytes) -> None:
    assert program.validate(data, "f") or program.load(data, "f")


_keys = st.sampled_from(
    ["do", "document", "use", "try", "catch", "call", "with", "listen", "to", "one", "set", "then", "a"]
)
_structures = st.recursive(
    st.sampled_from([None, 1, "x", "${ . }", True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=15,
)


@given(_structures)
def test_any_structure_gives_findings_or_a_program(value: Any) -> None:
    document = {"document": {"dsl": "1.0.3", "namespace": "d", "name": "t", "version": "1.0.0"}, "do": [{"a": value}]}
    text = json.dumps(document)
    assert program.validate(text, "f") or program.load(text, "f")


def test_load_raises_with_every_finding() -> None:
    with pytest.raises(program.DefinitionError) as raised:
        program.load(HEAD + "do:\n  - a: { wait: x }\n  - b: { wait: y }\n", "f")
    assert len(raised.value.findings) == 2
    assert isinstance(raised.value, FlowFault)


# ── what a host asks of a program ────────────────────────────────────────────────────────────────────────────────

STARTED_BY_EVENT = (
    HEAD
    + """
schedule:
  on:
    any:
      - with: { type: order.received, data: '${ .total > 10 }' }
      - with: { type: order.copied }
do:
  - await:
      listen:
        to:
          any: [ { with: { type: shipped }, correlate: { order: { from: '${ .data.order }', expect: SO-1 } } } ]
          until: { one: { with: { type: closed } } }
"""
)


def test_events_and_correlation_paths_are_told_for_the_index() -> None:
    loaded = program.load(STARTED_BY_EVENT, "f")
    assert loaded.event_types() == {"order.received", "order.copied", "shipped", "closed"}
    assert loaded.correlation_paths() == {("shipped", ".data.order")}
    assert loaded.trigger is not None
    assert loaded.trigger.filters == (EventFilter({"type": "order.received"}), EventFilter({"type": "order.copied"}))


def test_an_event_starts_an_instance_only_when_it_passes_the_filter() -> None:
    loaded = program.load(STARTED_BY_EVENT, "f")
    big = {"type": "order.received", "data": {"total": 11}}
    assert loaded.starts(big)
    assert loaded.start_input(big) == [big]
    assert not loaded.starts({"type": "order.received", "data": {"total": 9}})
    assert not loaded.starts({"type": "shipped"})
    assert loaded.starts({"type": "order.copied"})


def test_the_four_spellings_of_an_error_type_are_one() -> None:
    spelled = [
        f"https://{host}{path}timeout"
        for host in ("serverlessworkflow.io", "open-workflow-specification.org")
        for path in ("/spec/1.0.0/errors/", "/dsl/errors/types/", "/errors/types/")
    ]
    assert {faults.normal(s) for s in spelled} == {"std:timeout"}
    assert faults.normal("https://acme.example/errors/timeout") == "https://acme.example/errors/timeout"


def test_the_code_spells_error_types_in_one_place() -> None:
    root = Path(faults.__file__).parents[1]
    spelling = re.compile(r"(serverlessworkflow\.io|open-workflow-specification\.org)/(spec|dsl|errors)")
    elsewhere = [p.name for p in root.rglob("*.py") if p.name != "faults.py" and spelling.search(p.read_text())]
    assert elsewhere == []
    assert faults.RUNTIME == "https://open-workflow-specification.org/spec/1.0.0/errors/runtime"


def test_a_secret_is_filled_in_only_for_the_task_that_names_it() -> None:
    arguments = {"a": f"Bearer {secrets.mark('mine')}", "b": [secrets.mark("other")]}
    filled = secrets.fill(arguments, ("mine",), {"mine": "x", "other": "stolen"})
    assert filled == {"a": "Bearer x", "b": [secrets.mark("other")]}


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("*/15 * * * *", "2026-01-05T08:01:30+00:00", "2026-01-05T08:15:00+00:00"),
        ("0 6 * * mon-fri", "2026-01-09T06:00:00+00:00", "2026-01-12T06:00:00+00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00+00:00", "2028-02-29T00:00:00+00:00"),
        ("0 0 13 * 5", "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"),
        ("@daily", "2026-12-31T23:59:59+00:00", "2027-01-01T00:00:00+00:00"),
    ],
)
def test_cron_tells_the_next_time(text: str, after: str, expected: str) -> None:
    assert cron.following(text, datetime.fromisoformat(after)) == datetime.fromisoformat(expected)


def test_a_cron_that_never_comes_is_refused() -> None:
    assert "never comes" in (cron.problem("0 0 31 2 *") or "")
