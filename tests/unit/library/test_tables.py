"""The shipped decision tables, each with its own cases beside it; every rule is hit by at least one case."""

from importlib.resources import files
from typing import Any

import pytest

from crossdock import exactjson
from crossdock.rules import Rulebook, load
from crossdock.rules.table import version_of

TABLES = files("crossdock.library").joinpath("tables")
NAMES = sorted(t.name[: -len(".tests.json")] for t in TABLES.iterdir() if t.name.endswith(".tests.json"))


def test_every_shipped_table_has_its_cases() -> None:
    shipped = {t.name for t in TABLES.iterdir() if t.name.endswith(".json") and not t.name.endswith(".tests.json")}
    assert shipped == {f"{name}.json" for name in NAMES}


def table(name: str):
    source = TABLES.joinpath(f"{name}.json").read_bytes()
    return load(name, version_of(source), source)


def cases(name: str) -> list[dict[str, Any]]:
    return exactjson.loads(TABLES.joinpath(f"{name}.tests.json").read_bytes())


@pytest.mark.parametrize(("name", "case"), [(n, c) for n in NAMES for c in cases(n)], ids=lambda v: str(v)[:60])
def test_the_table_decides_as_its_case_says(name: str, case: dict[str, Any]) -> None:
    answer = Rulebook([table(name)]).evaluate(name, case["input"])
    assert [h.rule for h in answer.hit] == case["hit"], answer.output
    for key, value in case.get("expect", {}).items():
        assert answer.output[key] == value


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_of_the_table_is_hit_by_a_case(name: str) -> None:
    hit = {rule for case in cases(name) for rule in case["hit"]}
    assert hit == set(table(name).rules)
