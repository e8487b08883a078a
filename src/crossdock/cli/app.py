"""All commands of `crossdock`, each loaded when it is asked for: a small one does not pay for what others need."""

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

# The modules whose register() adds each command, in the order in which --help lists them.
PLACES: Final = {
    "doctor": "crossdock.gateway.doctor",
    "demo": "crossdock.cli.running",
    "serve": "crossdock.cli.running",
    "worker": "crossdock.cli.running",
    "migrate": "crossdock.cli.setup",
    "tenant": "crossdock.cli.setup",
    "user": "crossdock.cli.setup",
    "approvals": "crossdock.cli.work",
    "cases": "crossdock.cli.work",
    "holds": "crossdock.cli.work",
    "clusters": "crossdock.cli.clusters",
    "order": "crossdock.cli.amending",
    "instances": "crossdock.cli.instances",
    "events": "crossdock.cli.events",
    "flow": "crossdock.cli.flow",
    "table": "crossdock.cli.tables",
    "calendar": "crossdock.cli.reference",
    "lookup": "crossdock.cli.reference",
    "programs": "crossdock.cli.reference",
    "intake": "crossdock.cli.trading",
    "edi": "crossdock.cli.trading",
    "map": "crossdock.cli.trading",
    "xref": "crossdock.cli.trading",
    "documents": "crossdock.cli.trading",
    "partner": "crossdock.cli.trading",
    "channel": "crossdock.cli.trading",
    "reconcile": "crossdock.cli.reconcile",
    "scorecard": "crossdock.cli.scorecard",
    "value": "crossdock.cli.scorecard",
    "report": "crossdock.cli.scorecard",
    "alerts": "crossdock.cli.alerting",
    "simulate": "crossdock.cli.simulate",
    "bench": "crossdock.cli.bench.command",
}


class Commands(TyperGroup):
    """Finds commands by PLACES. Its --help names them all, and so loads them all.

    Contexts and commands are of a class that typer does not publish.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        return list(PLACES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if (place := PLACES.get(cmd_name)) is None:
            return None
        found = typer.Typer()
        import_module(place).register(found)
        group = typer.main.get_group(found)
        return group.commands[cmd_name]


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def crossdock() -> None:
    """The open control layer for distribution operations."""


def main() -> None:
    """All commands; crossdock.cli.main says how their errors end."""
    app()
