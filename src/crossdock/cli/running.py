"""What keeps running until it is told to stop: the demo's day, a worker, the gateway."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from crossdock import exactjson, telemetry
from crossdock.cli import compose, setup, working
from crossdock.cli.signals import until_signal
from crossdock.db import Database
from crossdock.settings import Settings


def register(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(worker)
    app.command()(serve)


def demo(
    orders: Annotated[int, typer.Option(min=1, help="Orders of the day")] = 500,
    speed: Annotated[float, typer.Option(min=0, help="Business seconds per second; 0 jumps to the evening")] = 120,
    once: Annotated[
        bool, typer.Option("--once", help="Run to the last payment without a person, then balance")
    ] = False,
    crash: Annotated[bool, typer.Option("--crash", help="Kill a worker by SIGKILL in the middle")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the result here")] = None,
    port: Annotated[int, typer.Option(help="Of the control tower; 0 takes a free one")] = 8080,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes")] = 2,
    seed: Annotated[int, typer.Option(help="Another seed is another day")] = 7,
    data: Annotated[Path | None, typer.Option(help="Directory of the embedded database")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write address, user and password here when ready")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page")] = False,
) -> None:
    """A distributor's bad day on this machine, end to end."""
    from crossdock.cli import demo as demonstration  # much that a gateway does without

    options = demonstration.Options(
        orders=orders, speed=speed, once=once, crash=crash, json=json, port=port, workers=workers, seed=seed,
        data=compose.data_directory(data) or working.settings().data, ready_file=ready_file,
    )  # fmt: skip
    logging.basicConfig(level=logging.WARNING)
    # a day that was meant to run to its end and did not has failed
    sys.exit(uvloop.run(until_signal(demonstration.run(options, Console(stderr=True)), 130 if once else 0)))


def worker(
    ready_line: Annotated[bool, typer.Option("--ready-line", hidden=True)] = False,
) -> None:
    """Run one worker until SIGTERM."""
    working.run_worker(ready_line=ready_line)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; default CROSSDOCK_HOST")] = "",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one; default CROSSDOCK_PORT")] = -1,
    ready_line: Annotated[bool, typer.Option("--ready-line", hidden=True)] = False,
) -> None:
    """Serve REST, webhooks and the control tower until SIGTERM."""
    telemetry.log_json(level=working.settings().log_level.upper())

    async def do(db: Database, settings: Settings) -> None:
        def ready(address: str) -> None:
            if ready_line:
                print(exactjson.text({"url": address}), flush=True)
            else:
                working.say(f"Crossdock is at {address}")

        if first := await setup.first_start(db):
            working.say(
                f"Sign in as {first.name} with {first.password} (shown this once; `crossdock user reset-password`)"
            )
        from crossdock.gateway import server

        await compose.resume_intake(db)
        services = await compose.gateway(db, settings)
        async with compose.listeners(db, settings, working.say):
            await server.serve(services, host or settings.host, settings.port if port < 0 else port, ready)

    working.run_traced("gateway", True, do)  # every order's trace begins with its bytes, here
