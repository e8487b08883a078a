"""Calendars, reference tables and permitted programs from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from crossdock.cli.app import app
from crossdock.errors import NotFound, PartnerError, SetupError

CALENDAR = """name: site/north
time_zone: Europe/Stockholm
hours: { monday: ['08:00-17:00'] }
cutoffs: { ship: '15:00' }
"""
SKUS = 'theirs,sku,factor\nX1,A-1,0.10\nX2,"B, 2",12\n'


@pytest.fixture
def run(app_dsn: str, admin_dsn: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", app_dsn)
    monkeypatch.setenv("CROSSDOCK_DATABASE_ADMIN_URL", admin_dsn)

    def invoke(*arguments: str, stdin: str | None = None, tenant: str = "norrland") -> Result:
        return CliRunner().invoke(app, [*arguments, "--tenant", tenant], input=stdin)

    return invoke


def test_a_calendar_is_put_listed_and_shown(run, tmp_path: Path) -> None:
    file = tmp_path / "north.yaml"
    file.write_text(CALENDAR)
    put = run("calendar", "put", str(file), "--as", "ann")
    assert (put.exit_code, put.stdout) == (0, "site/north: version 1\n"), put.output
    assert run("calendar", "put", str(file)).stdout == "site/north: version 1, unchanged\n"
    [listed] = map(json.loads, run("calendar", "list", "--json").stdout.splitlines())
    assert (listed["name"], listed["version"], listed["put_by"]) == ("site/north", 1, "ann")
    shown = run("calendar", "show", "site/north").stdout
    again = tmp_path / "again.json"
    again.write_text(shown)
    assert run("calendar", "put", str(again)).stdout == "site/north: version 1, unchanged\n"
    assert run("calendar", "list", "--json", tenant="castell").stdout == ""
    assert isinstance(run("calendar", "show", "site/south").exception, NotFound)


def test_of_several_calendars_one_that_is_wrong_keeps_all_out(run, tmp_path: Path) -> None:
    right, wrong = tmp_path / "a.yaml", tmp_path / "b.yaml"
    right.write_text(CALENDAR)
    wrong.write_text(CALENDAR.replace("Stockholm", "Norrland"))
    refused = run("calendar", "put", str(right), str(wrong))
    assert isinstance(refused.exception, PartnerError)
    assert refused.exception.findings[0].where == "/time_zone"
    assert run("calendar", "list", "--json").stdout == ""


def test_a_table_goes_in_and_out_as_csv_digit_for_digit(run) -> None:
    put = run("lookup", "put", "-", "--table", "skus", "--key", "theirs", "--types", "factor:decimal", stdin=SKUS)
    assert put.stdout == "skus: edition 1, 2 rows\n", put.output
    assert run("lookup", "show", "skus").stdout == SKUS
    # keys and kinds of the edition before hold for the next file
    more = SKUS + "X3,C-3,1.000\n"
    later = run("lookup", "put", "-", "--table", "skus", "--from", "2999-01-01", stdin=more)
    assert later.stdout == "skus: edition 2, 3 rows\n", later.output
    assert run("lookup", "show", "skus").stdout == SKUS
    assert run("lookup", "show", "skus", "--edition", "2").stdout == more
    listed = [json.loads(line) for line in run("lookup", "list", "--json").stdout.splitlines()]
    assert [(x["edition"], x["rows"]) for x in listed] == [(2, 3), (1, 2)]
    wrong = run("lookup", "put", "-", "--table", "skus", stdin=SKUS + "X1,D,9\n")
    assert isinstance(wrong.exception, PartnerError)
    assert wrong.exception.findings[0].where == "line 4"
    assert isinstance(run("lookup", "put", "-", "--table", "t", "--types", "a:float", stdin=SKUS).exception, SetupError)


def test_programs_are_off_until_a_policy_is_put(run) -> None:
    assert run("programs", "show").stdout == "// Nothing is permitted.\n"
    text = 'permit (principal, action == Action::"run.shell", resource) when { principal.namespace == "ops" };\n'
    assert run("programs", "allow", "-", stdin=text).stdout == "Version 1 is in force.\n"
    assert run("programs", "show").stdout.strip() == text.strip()
    wrong = run("programs", "allow", "-", stdin="permit (principal, action, resource);")
    assert isinstance(wrong.exception, PartnerError)
    assert run("programs", "allow", "-", stdin="").stdout == "Version 2 is in force.\n"
    assert run("programs", "show").stdout == "// Nothing is permitted.\n"


def test_flow_validate_finds_wrong_arguments_of_catalogue_functions(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("""document: { dsl: '1.0.3', namespace: test, name: w, version: '1.0.0' }
do:
  - slot:
      call: throttle@crossdock
      with: { key: k, limit: none, per: PT1M }
""")
    found = CliRunner().invoke(app, ["flow", "validate", str(file)])
    assert found.exit_code == 2
    assert "w.yaml:5:" in found.stdout
    assert 'expected a whole number above zero, found "none"' in found.stdout
