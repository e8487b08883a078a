"""`crossdock clusters`: exceptions by cause, and fixes of all that share one.

The operator of the machine acts as an administrator of the tenant, under the name given with --as. A fix is previewed
and asked about; `--preview` only shows, `--yes` does not ask. What was asked for goes on in the workers, also when this
program ends.
"""

import getpass
from typing import Annotated, Any
from uuid import UUID

import typer

from crossdock import exactjson
from crossdock.cases.clusters import store
from crossdock.cases.fixes import fix as fixes
from crossdock.cases.fixes import jobs, offers
from crossdock.cases.fixes.carrying import Desk
from crossdock.cases.hooks import People
from crossdock.cli.work import As, Json, Tenant, in_tenant, show
from crossdock.db import Tx
from crossdock.engine.definitions import Programs
from crossdock.engine.fallback import ProcessFallback
from crossdock.errors import SetupError
from crossdock.events.inbox import business_now

Reason = Annotated[str, typer.Option(help="Why; the audit trail keeps it")]


def register(app: typer.Typer) -> None:
    app.add_typer(group(), name="clusters")


def shown(found: store.Cluster) -> dict[str, Any]:
    """One line: what it comes from, how many, what is at risk, whose clock runs out first."""
    c = found.cause
    about = " ".join(filter(None, (c.partner, c.system, c.field, c.rule, c.subject)))
    money = ", ".join(f"{amount:f} {currency}".strip() for currency, amount in sorted(found.money.items()))
    return {
        **exactjson.plain(found), "money": money, "about": about or c.error, "due": found.due_at, "kind": found.kind,
    }  # fmt: skip


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Exceptions by cause, and fixes of all that share one.")

    @app.command("list")
    def _list(  # pyright: ignore[reportUnusedFunction] - typer keeps it
        alone: Annotated[bool, typer.Option("--alone", help="Those that share their cause with no other")] = False,
        kind: Annotated[str, typer.Option(help="Of one kind only")] = "",
        tenant: Tenant = "", json: Json = False,
    ) -> None:  # fmt: skip
        """The largest first."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            now = await business_now(tx)
            found = await store.find(tx, chosen, now, kind=kind or None, alone=alone, limit=500)
            return [shown(c) for c in found.items]

        show(in_tenant(tenant, work), ["key", "cases", "kind", "about", "money", "due"], json)

    @app.command("show")
    def _show(key: str, tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """The open exceptions of one cause, the most urgent first."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            now = await business_now(tx)
            return [exactjson.plain(c.summary(now)) for c in await store.members(tx, chosen, key, limit=1000)]

        show(in_tenant(tenant, work), ["number", "severity", "title", "order", "owner", "due_at", "id"], json)

    @app.command("offers")
    def _offers(key: str, tenant: Tenant = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Fixes that fit a cause, filled in with what it says; one JSON object a line, as `fix` takes them."""

        async def work(tx: Tx, chosen: str) -> list[offers.Offer]:
            found = await store.one(tx, chosen, key, await business_now(tx))
            return await offers.of(tx, chosen, found.cause, (await store.members(tx, chosen, key, limit=1))[0])

        for offer in in_tenant(tenant, work):
            typer.echo(exactjson.text({"kind": offer.kind, **offer.fix}))

    @app.command("fix")
    def _fix(  # pyright: ignore[reportUnusedFunction]
        key: str,
        fix: Annotated[str, typer.Argument(help="The fix as JSON, as `offers` gives it, completed")],
        reason: Reason,
        only: Annotated[bool, typer.Option("--preview", help="Show what would come of it, and do nothing")] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
        tenant: Tenant = "", by: As = "", json: Json = False,
    ) -> None:  # fmt: skip
        """Do one fix to all open exceptions of a cause. Exit status 1 when it would solve none."""
        wanted, who = fixes.read(_read(fix)), by or getpass.getuser()
        with ProcessFallback() as library:
            desk = Desk(Programs(library), People())

            async def look(tx: Tx, chosen: str) -> tuple[jobs.Job, list[jobs.Item]]:
                job = await jobs.preview(tx, chosen, desk, key, wanted, who, reason)
                return job, await jobs.items(tx, chosen, job.fix_id, limit=jobs.MOST)

            job, items = in_tenant(tenant, look)
        _told(job, items, json)
        if only:
            return
        if not job.radius.cases:
            raise typer.Exit(1)
        typed = job.radius.cases
        if not yes and job.radius.typed:
            typed = typer.prompt("Type how many cases it changes", type=int)
        elif not yes and not typer.confirm(f"Fix {job.radius.cases} cases?"):
            raise typer.Exit(1)

        async def ask(tx: Tx, chosen: str) -> jobs.Job:
            return await jobs.start(tx, chosen, job.fix_id, job.token, who, typed=typed)

        typer.echo(f"{job.fix_id} {in_tenant(tenant, ask).status}")

    @app.command("fixes")
    def _fixes(tenant: Tenant = "", json: Json = False) -> None:  # pyright: ignore[reportUnusedFunction]
        """Fixes that were asked for, the newest first."""

        async def work(tx: Tx, chosen: str) -> list[dict[str, Any]]:
            return [_row(j) for j in await jobs.newest(tx, chosen)]

        show(in_tenant(tenant, work), ["id", "kind", "status", "cases", "done", "reason", "by", "detail"], json)

    @app.command("undo")
    def _undo(fix: UUID, reason: Reason, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Take a fix back: what it changed once for all, then its exceptions, as far as that is possible."""

        async def work(tx: Tx, chosen: str) -> jobs.Job:
            return await jobs.undo(tx, chosen, fix, by or getpass.getuser(), reason)

        typer.echo(f"{fix} {in_tenant(tenant, work).status}")

    @app.command("stop")
    def _stop(fix: UUID, tenant: Tenant = "", by: As = "") -> None:  # pyright: ignore[reportUnusedFunction]
        """Touch no further exception; what was done stays done."""

        async def work(tx: Tx, chosen: str) -> jobs.Job:
            return await jobs.cancel(tx, chosen, fix, by or getpass.getuser())

        typer.echo(f"{fix} {in_tenant(tenant, work).status}")

    return app


def _read(text: str) -> Any:
    try:
        return exactjson.loads(text)
    except exactjson.DecodeError as wrong:
        raise SetupError(f"Expected a fix as JSON, found {text[:60]!r}: {wrong}") from None


def _row(job: jobs.Job) -> dict[str, Any]:
    return {
        "id": str(job.fix_id), "kind": fixes.kind(job.fix), "status": job.status, "cases": job.radius.cases,
        "done": job.counts["done"], "reason": job.reason, "by": job.asked_by, "detail": job.detail,
        "cluster": job.cause_key,
    }  # fmt: skip


def _told(job: jobs.Job, items: list[jobs.Item], as_json: bool) -> None:
    """How far it reaches, then each case with what would become of it."""
    if as_json:
        rows = [{"case": i.number, "outcome": i.outcome, "detail": i.detail} for i in items]
        typer.echo(exactjson.text({"fix": job.fix_id, "token": job.token, "radius": job.radius, "cases": rows}))
        return
    r = job.radius
    money = ", ".join(f"{amount:f} {currency}".strip() for currency, amount in sorted(r.money.items())) or "no money"
    typer.echo(f"{', '.join(f'{n} {word}' for word, n in r.outcomes.items())}; {money}; {r.customers} customers")
    for title, listed in (
        ("Cannot be taken back", [e for e in r.effects if e.lasting]), ("Blocked", r.blocked), ("Fails", r.failing),
    ):  # fmt: skip
        for one in listed:
            typer.echo(f"  {title}: {one.cases} x {one.what}")
    if r.approval:
        typer.echo(f"  A second person decides ({r.approval}): {r.why_approval}")
    show(
        [{"case": i.number, "order": i.order, "would be": i.outcome, "how": i.detail} for i in items[:20]],
        ["case", "order", "would be", "how"], False,
    )  # fmt: skip
