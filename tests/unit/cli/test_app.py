"""Every command is where the table says, is explained, and does not load what only others need."""

import subprocess
import sys
from importlib import import_module

import typer
from typer.testing import CliRunner

from crossdock.cli.app import PLACES, app


def test_each_place_adds_the_commands_that_are_looked_for_there() -> None:
    added: list[str] = []
    for place in dict.fromkeys(PLACES.values()):
        found = typer.Typer()
        import_module(place).register(found)
        added += typer.main.get_group(found).commands
    assert sorted(added) == sorted(PLACES)


def test_help_names_and_explains_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"], terminal_width=200).stdout
    for name in PLACES:
        (line,) = [words for words in shown.splitlines() if name in words.split()[:2]]
        assert len(line.split()) > 4, line


def test_a_command_that_is_none_is_said_to_be_none() -> None:
    result = CliRunner().invoke(app, ["ordre"])
    assert result.exit_code == 2
    assert "No such command 'ordre'" in result.output


def test_checking_a_workflow_loads_no_gateway() -> None:
    """What a person waits for with each command; whoever adds an import at the top of a module finds out here."""
    asked = "import sys; from crossdock.cli.app import app; import crossdock.cli.flow; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "crossdock.flow.lint" in loaded
    assert not {"fastapi", "xlsxwriter", "crossdock.gateway", "crossdock.tower"} & set(loaded)
