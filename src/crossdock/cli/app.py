"""All commands of `crossdock`."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from crossdock import exactjson, telemetry
from crossdock.cli import (
    alerting,
    amending,
    clusters,
    compose,
    events,
    flow,
    instances,
    reconcile,
    reference,
    scorecard,
    setup,
    simulate,
    tables,
    work,
    working,
)
from crossdock.cli import demo as demonstration
from crossdock.cli.bench import command as bench
from crossdock.db import Database
from crossdock.gateway import doctor, identity, server
from crossdock.partners import cli as intake
from crossdock.partners.transports import cli as channel
from crossdock.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
user = typer.Typer(no_args_is_help=True, help="People who may sign in.")
app.add_typer(user, name="user")
app.add_typer(flow.app, name="flow")
app.add_typer(tables.app, name="table")
app.command("doctor")(doctor.command)
app.command("bench")(bench.command)
work.register(app)
amending.register(app)
simulate.register(app)
instances.register(app)
clusters.register(app)
reference.register(app)
alerting.register(app)
scorecard.register(app)
events.register(app)
reconcile.register(app)
setup.register(app, user)


def main() -> None:
    """All commands; crossdock.cli.main says how their errors end."""
    app()


async def _with_database(do: Callable[[Database, Settings], Awaitable[Any]]) -> Any:
    settings = working.settings()
    opened = await compose.open_database(settings, working.say)
    try:
        return await do(opened.db, settings)
    finally:
        await opened.close()


class _OwnedDatabase(Database):
    """A database whose server is let go of with it."""

    release: Callable[[], Awaitable[object]]

    async def close(self) -> None:
        await super().close()
        await self.release()


async def _open_for_intake() -> Database:
    opened = await compose.open_database(working.settings(), working.say)
    owned = _OwnedDatabase(opened.db.pool, opened.db.dsn)
    owned.release = opened.located.close
    return owned


intake.register(app, _open_for_intake, lambda: compose.mail(working.settings()))
channel.register(app, _open_for_intake, lambda db: compose.channel_means(working.settings(), db))


@app.command()
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
    options = demonstration.Options(
        orders=orders, speed=speed, once=once, crash=crash, json=json, port=port, workers=workers, seed=seed,
        data=compose.data_directory(data) or working.settings().data, ready_file=ready_file,
    )  # fmt: skip
    logging.basicConfig(level=logging.WARNING)
    sys.exit(_run_until_signal(demonstration.run(options, Console(stderr=True)), interrupted=130 if once else 0))


def _run_until_signal(work: Any, *, interrupted: int) -> int:
    """Runs to the end, or until SIGINT or SIGTERM, after which everything is stopped in order.

    interrupted: the exit status then; a day that was meant to run to its end and did not has failed.
    """

    async def whole() -> int:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return interrupted

    return uvloop.run(whole())


@app.command()
def worker(
    ready_line: Annotated[bool, typer.Option("--ready-line", hidden=True)] = False,
) -> None:
    """Run one worker until SIGTERM."""
    working.run_worker(ready_line=ready_line)


@app.command()
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
        await compose.resume_intake(db)
        services = await compose.gateway(db, settings)
        async with compose.listeners(db, settings, working.say):
            await server.serve(services, host or settings.host, settings.port if port < 0 else port, ready)

    working.run_traced("gateway", True, do)  # every order's trace begins with its bytes, here


@app.command()
def migrate() -> None:
    """Bring the database to this version."""

    async def do(db: Database, settings: Settings) -> None:
        working.say("The database is at this version.")

    uvloop.run(_with_database(do))


@user.command("reset-password")
def reset_password(name: Annotated[str, typer.Argument(help="User name")]) -> None:
    """Give a user a new password, shown once; sessions end."""

    async def do(db: Database, settings: Settings) -> None:
        typer.echo(await identity.reset_password(db, name))

    uvloop.run(_with_database(do))
