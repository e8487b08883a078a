"""The scenarios that ship beside the workflows: every one passes, and together they run every task."""

from importlib.resources import files

from typer.testing import CliRunner

from crossdock.cli.flow import app


def test_the_shipped_scenarios_pass_and_run_every_task() -> None:
    folder = files("crossdock.library").joinpath("workflows")
    done = CliRunner().invoke(app, ["test", str(folder), "--fail-under", "100"])
    assert done.exit_code == 0, done.stdout
    shipped = {w.name for w in folder.iterdir() if w.name.endswith(".yaml")}
    for name in shipped - {n for n in shipped if n.endswith(".test.yaml")}:
        assert name.replace(".yaml", ".test.yaml") in shipped
        assert name.replace(".yaml", ".test.yaml") in done.stdout
