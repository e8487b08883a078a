"""`crossdock instances`: find workflow instances and operate them, one or many, with a preview of what would come.

The operator of the machine acts as an administrator of the tenant, under the name given with --as. Every command shows
its preview and asks; `--preview` only shows, `--yes` does not ask. Durable: what was asked for goes on in the workers,
also when this program ends.
"""

import asyncio
import getpass
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from crossdock import exactjson
from crossdock import settings as environment
from crossdock.cases.hooks import People
from crossdock.cli import compose
from crossdock.db import Database
from crossdock.engine import operations
from crossdock.engine.definitions import Programs
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.operations import Command, Kind, Preview, Selection, jobs, reading
from crossdock.engine.operations.command import Repeat
from crossdock.errors import Conflict, SetupError
from crossdock.events.inbox import business_now

T = TypeVar("T")
POLL_S = 0.5
EXAMPLES = 5

WHERE = "definition=, version=, status=, stage=, order= (with *), task=, error=, older= (30m, 12h, 5d), id="
Tenant = Annotated[str, typer.Option(help="Tenant; needed when there are several")]
As = Annotated[str, typer.Option("--as", help="Your name, for the audit trail")]
Json = Annotated[bool, typer.Option("--json", help="JSON")]
Ids = Annotated[list[UUID] | None, typer.Argument(help="Instances; or choose them with --where", show_default=False)]
Where = Annotated[list[str] | None, typer.Option("--where", help=f"Repeatable: {WHERE}", show_default=False)]
Only = Annotated[bool, typer.Option("--preview", help="Show what would come of it, and do nothing")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask")]
Reason = Annotated[str, typer.Option(help="Why; the audit trail keeps it")]

_AGE = re.compile(r"^(\d+(?:\.\d+)?)([mhd])$")
_HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0}


def selection(where: Sequence[str], ids: Sequence[UUID] = ()) -> Selection:
    """Raises SetupError for a condition that is none."""
    found: dict[str, Any] = {"ids": list(ids)}
    names = {"definition": "definition", "version": "version", "status": "status", "stage": "stage", "order": "order",
             "task": "task", "error": "fingerprint", "q": "q"}  # fmt: skip
    for condition in where:
        name, equals, value = condition.partition("=")
        if name == "older" and (age := _AGE.match(value)):
            found["older_h"] = float(age[1]) * _HOURS[age[2]]
        elif name == "id" and equals:
            found["ids"] = [*found["ids"], _uuid(value)]
        elif name in names and value:
            found[names[name]] = value
        else:
            raise SetupError(f"Expected --where to be one of {WHERE}; found {condition!r}.")
    return Selection(**found)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise SetupError(f"Expected an instance's id, found {text!r}.") from None


def register(app: typer.Typer) -> None:
    app.add_typer(group(), name="instances")


def _with(tenant: str, work: Callable[[Database, str], Awaitable[T]]) -> T:
    async def whole() -> T:
        settings, _ = environment.read()
        opened = await compose.open_database(settings, lambda text: typer.echo(text, err=True))
        try:
            tenants = await opened.db.tenant_ids()
            chosen = tenant or (tenants[0] if len(tenants) == 1 else "")
            if chosen not in tenants:
                raise SetupError(f"Expected --tenant to be one of {', '.join(tenants) or 'none'}, found {tenant!r}.")
            return await work(opened.db, chosen)
        finally:
            await opened.close()

    return uvloop.run(whole())


# ── asking and doing ─────────────────────────────────────────────────────────────────────────────────────────────


def _operate(
    command: Command, ids: Sequence[UUID], where: Sequence[str], tenant: str, by: str, only: bool, yes: bool, json: bool
) -> None:
    """Previews, asks, does; waits for a job and shows its progress. Exit status 1 when something was not done."""
    chosen = selection(where, ids)
    who = by or getpass.getuser()
    with ProcessFallback() as library:
        known = Programs(library)

        async def look(db: Database, name: str) -> tuple[jobs.Job, list[Preview]]:
            async with db.transaction(name) as tx:
                return await operations.preview_many(tx, name, chosen, command, who, known)

        job, shown = _with(tenant, look)
    if json:
        typer.echo(exactjson.text({"job": job.job_id, "token": job.token, "instances": [described(p) for p in shown]}))
    else:
        _show(shown)
    if only:
        return
    if not job.counts["waiting"]:
        raise typer.Exit(1)
    if not yes and not typer.confirm(f"{command.kind.value} {job.counts['waiting']} instances?"):
        raise typer.Exit(1)

    async def ask(db: Database, name: str) -> None:
        async with db.transaction(name) as tx:
            await operations.apply(tx, name, job.job_id, job.token, who)

    _with(tenant, ask)
    ended = _follow(tenant, job, quiet=json)
    if json:
        typer.echo(exactjson.text({"job": ended.job_id, "status": ended.status, "counts": ended.counts}))
    else:
        typer.echo(", ".join(f"{n} {word}" for word, n in ended.counts.items() if n))
    if ended.counts["done"] < ended.total:
        raise typer.Exit(1)


def _follow(tenant: str, job: jobs.Job, *, quiet: bool) -> jobs.Job:
    """Runs the job here, as any worker may beside us, until it is done."""

    async def go_on(db: Database, name: str) -> jobs.Job:
        known = Programs()
        with Progress(console=Console(stderr=True), disable=quiet or not sys.stderr.isatty()) as bar:
            task = bar.add_task(job.command.kind.value, total=job.counts["waiting"])
            while True:
                settled = await operations.run_due(db, known, People())
                async with db.transaction(name) as tx:
                    now = await operations.get_job(tx, name, job.job_id)
                bar.update(task, completed=now.total - now.counts["waiting"] - now.counts["refused"])
                if now.status != "running":
                    return now
                if not settled:
                    await asyncio.sleep(POLL_S)

    return _with(tenant, go_on)


def described(p: Preview) -> dict[str, Any]:
    """A preview as JSON."""
    return {
        "instance": p.record.instance_id, "order": p.record.order, "definition": p.record.name,
        "version": p.record.version, "status": p.record.status, "refused": p.refused, "notices": p.notices,
        "outcome": p.outcome, "mark": p.mark, "lines": [msgspec.to_builtins(line) for line in p.lines],
    }  # fmt: skip


def _show(shown: Sequence[Preview]) -> None:
    """One instance in full; of many, what becomes of the calls by function, and the refusals by reason."""
    console = Console()
    if len(shown) == 1:
        p = shown[0]
        table = Table(
            "task", "function", "system", "state", "becomes", "why", "key", title=f"{p.record.name} {p.record.order}"
        )
        for line in p.lines:
            table.add_row(line.task, line.function, line.system, line.state, line.fate, line.why,
                          "a new one" if line.new_key else line.key)  # fmt: skip
        console.print(table if p.lines else "No call is touched.")
    else:
        fates = Counter((line.function or line.task, line.system, line.fate) for p in shown for line in p.lines)
        table = Table("function", "system", "becomes", "calls", title=f"{len(shown)} instances")
        for (function, system, fate), n in sorted(fates.items()):
            table.add_row(function, system, fate, str(n))
        console.print(table)
    for text, n in Counter(t for p in shown for t in p.notices).most_common(EXAMPLES):
        console.print(f"{n} × {text}" if len(shown) > 1 else text)
    for text, n in Counter(t for p in shown for t in p.refused).most_common(EXAMPLES):
        console.print(f"[red]Refused[/red] {n} × {text}")


# ── the commands ─────────────────────────────────────────────────────────────────────────────────────────────────


def group() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True, help="Workflow instances: find, suspend, resume, cancel, retry, restart, migrate."
    )

    @app.command("list")
    def _list(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        where: Where = None, limit: Annotated[int, typer.Option(help="How many at most")] = 50, tenant: Tenant = "",
        json: Json = False,
    ) -> None:  # fmt: skip
        """Instances, the newest first."""

        async def work(db: Database, name: str) -> list[reading.Found]:
            async with db.transaction(name) as tx:
                return await operations.select(tx, name, selection(where or ()), await business_now(tx), limit=limit)

        found = _with(tenant, work)
        if json:
            for one in found:
                typer.echo(exactjson.text(one))
            return
        table = Table("instance", "definition", "order", "status", "stage", "started", "error")
        for f in found:
            table.add_row(str(f.instance_id), f"{f.name} {f.version}", f.order, f.status, f.stage,
                          f"{f.started_at:%Y-%m-%d %H:%M}", f.fingerprint)  # fmt: skip
        Console().print(table if found else "Nothing here.")

    @app.command("show")
    def _show_one(instance: UUID, tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """One instance: its calls with their keys and states, and what it waits for."""

        async def work(db: Database, name: str) -> reading.Record:
            async with db.transaction(name) as tx:
                return await reading.read(tx, name, instance)

        r = _with(tenant, work)
        if json:
            plain = {
                "instance": r.instance_id, "definition": r.name, "version": r.version, "order": r.order,
                "status": r.status, "revision": r.revision, "error": r.error, "calls": r.calls, "waits": r.waits,
                "pending": r.pending,
            }  # fmt: skip
            typer.echo(exactjson.text(plain))
            return
        console = Console()
        console.print(f"{r.name} {r.version}, order {r.order or '(none)'}: {r.status}")
        if r.error:
            console.print(exactjson.text(r.error))
        table = Table("at", "function", "system", "state", "attempt", "key")
        for c in r.calls:
            table.add_row(c.at, c.function, c.system, c.state, str(c.attempt), c.key)
        console.print(table)
        for kind, at, detail, due in r.waits:
            console.print(f"waits for {kind} {detail} at {at}{f', due {due:%Y-%m-%d %H:%M}' if due else ''}")

    @app.command("suspend")
    def _suspend(  # pyright: ignore[reportUnusedFunction]
        ids: Ids = None, where: Where = None, reason: Reason = "", preview: Only = False, yes: Yes = False,
        tenant: Tenant = "", by: As = "", json: Json = False,
    ) -> None:  # fmt: skip
        """Let instances stand still from their next turn; calls under way finish and are recorded."""
        command = Command(kind=Kind.SUSPEND, reason=reason)
        _operate(command, ids or (), where or (), tenant, by, preview, yes, json)

    @app.command("resume")
    def _resume(  # pyright: ignore[reportUnusedFunction]
        ids: Ids = None, where: Where = None, preview: Only = False, yes: Yes = False, tenant: Tenant = "", by: As = "",
        json: Json = False,
    ) -> None:  # fmt: skip
        """Let suspended instances go on, with everything that came meanwhile, in its order."""
        _operate(Command(kind=Kind.RESUME), ids or (), where or (), tenant, by, preview, yes, json)

    @app.command("cancel")
    def _cancel(  # pyright: ignore[reportUnusedFunction]
        reason: Annotated[str, typer.Option(help="Why; the audit trail keeps it")],
        ids: Ids = None, where: Where = None,
        compensate: Annotated[bool, typer.Option(help="Undo first what was done, the last first")] = True,
        force: Annotated[bool, typer.Option("--force", help="Stop even while it is being undone")] = False,
        preview: Only = False, yes: Yes = False, tenant: Tenant = "", by: As = "", json: Json = False,
    ) -> None:  # fmt: skip
        """Stop instances; with --no-compensate their effects stand, and the preview lists them."""
        command = Command(kind=Kind.CANCEL, reason=reason, compensate=compensate, force=force)
        _operate(command, ids or (), where or (), tenant, by, preview, yes, json)

    @app.command("retry")
    def _retry(  # pyright: ignore[reportUnusedFunction]
        ids: Ids = None, where: Where = None,
        data: Annotated[str, typer.Option(help="Corrected input of the task that failed, as JSON")] = "",
        context: Annotated[str, typer.Option(help="Corrected context, as JSON")] = "",
        reason: Reason = "", preview: Only = False, yes: Yes = False, tenant: Tenant = "", by: As = "",
        json: Json = False,
    ) -> None:  # fmt: skip
        """Begin the failed task again; what succeeded is not made again."""
        command = Command(kind=Kind.RETRY, reason=reason, data=_value(data), context=_value(context))
        _operate(command, ids or (), where or (), tenant, by, preview, yes, json)

    @app.command("restart")
    def _restart(  # pyright: ignore[reportUnusedFunction]
        at: Annotated[str, typer.Option("--from", help="Task run, pointer or name of the task")], ids: Ids = None,
        where: Where = None,
        repeat: Annotated[
            list[str] | None, typer.Option(help="Task run whose effect is repeated; `all` for every one")
        ] = None,
        data: Annotated[str, typer.Option(help="Corrected input of that task, as JSON")] = "",
        context: Annotated[str, typer.Option(help="Corrected context, as JSON")] = "",
        reason: Reason = "", preview: Only = False, yes: Yes = False, tenant: Tenant = "", by: As = "",
        json: Json = False,
    ) -> None:  # fmt: skip
        """Go back to an earlier task; effects since are taken from the record unless --repeat names them."""
        runs = [r for r in repeat or () if r != "all"]
        how = Repeat.ALL if "all" in (repeat or ()) else Repeat.CHOSEN if runs else Repeat.NONE
        command = Command(
            kind=Kind.RESTART, at=at, reason=reason, data=_value(data), context=_value(context), repeat=how, runs=runs
        )
        _operate(command, ids or (), where or (), tenant, by, preview, yes, json)

    @app.command("migrate")
    def _migrate(  # pyright: ignore[reportUnusedFunction]
        to: Annotated[str, typer.Option(help="Published version")], ids: Ids = None, where: Where = None,
        position: Annotated[list[str] | None, typer.Option(help="OLD=NEW pointers of a task that was renamed")] = None,
        reason: Reason = "", preview: Only = False, yes: Yes = False, tenant: Tenant = "", by: As = "",
        json: Json = False,
    ) -> None:  # fmt: skip
        """Go on in another version, after a check that names what would break."""
        pairs = [p.partition("=") for p in position or ()]
        positions = {old: new for old, _, new in pairs}
        command = Command(kind=Kind.MIGRATE, version=to, positions=positions, reason=reason)
        _operate(command, ids or (), where or (), tenant, by, preview, yes, json)

    @app.command("jobs")
    def _jobs(  # pyright: ignore[reportUnusedFunction]
        cancel: Annotated[str, typer.Option(help="Cancel this job: no further instance is touched")] = "",
        tenant: Tenant = "", by: As = "", json: Json = False,
    ) -> None:  # fmt: skip
        """Bulk operations that were asked for, and how far they are."""

        async def work(db: Database, name: str) -> list[jobs.Job]:
            async with db.transaction(name) as tx:
                if cancel:
                    return [await operations.cancel_job(tx, name, _uuid(cancel), by or getpass.getuser())]
                return await operations.find_jobs(tx, name)

        for job in _with(tenant, work):
            counts = ", ".join(f"{n} {word}" for word, n in job.counts.items() if n)
            plain = {"job": job.job_id, "kind": job.command.kind, "status": job.status, "by": job.asked_by,
                     "counts": job.counts}  # fmt: skip
            typer.echo(
                exactjson.text(plain) if json else f"{job.job_id} {job.command.kind.value} {job.status}: {counts}"
            )

    return app


def _value(text: str) -> Any:
    if not text:
        return None
    try:
        return exactjson.loads(text)
    except exactjson.DecodeError as wrong:
        raise Conflict(f"Expected JSON, found {text[:80]!r}: {wrong}") from None
