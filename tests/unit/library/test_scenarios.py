"""The scenarios that ship beside the workflows: every one passes, and together they run every task."""

from importlib.resources import files

from typer.testing import CliRunner

from crossdock.cli.flow import app


def test_the_shipped_scenarios_pass_and_run_every_task() -> None:
    folder = files("crossdock.library").joinpath("workflows")
    done = CliRunner().invoke(app, ["test", str(folder), "--fail-under", "100"])
    assert done.exit_code == 0, done.stdout
    assert "order-to-cash.test.yaml" in done.stdout
    assert "backorder.test.yaml" in done.stdout
