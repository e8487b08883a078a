"""The page for authors keeps its word: its examples run, its tables are complete."""

import re
from pathlib import Path

from typer.testing import CliRunner

from crossdock.cli.flow import app
from crossdock.engine.scenarios import files
from crossdock.flow.lint import RULES

PAGE = (Path(__file__).parents[3] / "docs" / "authoring.md").read_text(encoding="utf-8")
DEFINITION, SCENARIOS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_lint_clean_pass_and_run_every_task(tmp_path: Path) -> None:
    flow = tmp_path / "refill.yaml"
    flow.write_text(DEFINITION)
    (tmp_path / "refill.test.yaml").write_text(SCENARIOS)
    cli = CliRunner()
    linted = cli.invoke(app, ["lint", str(flow), "--fail-on", "hint"])
    assert linted.exit_code == 0, linted.stdout
    played = cli.invoke(app, ["test", str(flow), "--fail-under", "100"])
    assert played.exit_code == 0, played.stdout
    assert "stock/refill: 100 % of 5 tasks ran\n4 scenarios, 0 failed\n" in played.stdout


def test_a_seeded_mistake_is_shown_as_on_the_page(tmp_path: Path) -> None:
    flow = tmp_path / "refill.yaml"
    flow.write_text(DEFINITION.replace("then: approve }", "then: aprove }"))
    said = CliRunner().invoke(app, ["lint", str(flow)]).stdout.splitlines()
    assert said[0].endswith("error: flow.unknown-target")
    section = PAGE.partition("## Lint")[2]
    on_the_page = [line.removeprefix("    ") for line in section.splitlines() if line.startswith("    ")][:6]
    assert [line.replace(str(tmp_path) + "/", "") for line in said[:6]] == on_the_page


def test_every_code_is_told_with_its_severity() -> None:
    for code, rule in RULES.items():
        assert f"| `{code}` | {rule.severity} | {rule.about} |" in PAGE


def test_every_member_of_a_scenario_file_is_told() -> None:
    for part in (files.File, files.Scenario, files.Expect, files.Answer, files.Decision):
        for name in part.__struct_encode_fields__:
            assert f"`{name}`" in PAGE or f"`{name}:" in PAGE or re.search(rf"[ {{,(]{name}\b", PAGE), (part, name)
