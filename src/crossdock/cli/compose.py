"""The composition root: the one place that builds what everything else is given."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from crossdock import audit, clock, embedded, exactjson, migrations
from crossdock.cases import calendars, casework, causes, checks, editions, letters, mailing, messages, programs, sla
from crossdock.cases import functions as people
from crossdock.cases.answers import Answers
from crossdock.cases.clusters import documents as clusters
from crossdock.cases.fixes import awaited
from crossdock.cases.fixes import jobs as fixes
from crossdock.cases.fixes.carrying import Desk as FixDesk
from crossdock.cases.hooks import People
from crossdock.cases.signatures import PROGRAMS
from crossdock.cli import connections, differences
from crossdock.cli.aside import Aside
from crossdock.cli.connections import Connections
from crossdock.cli.silence import ChannelDesk, Desk
from crossdock.connect import config, sandbox
from crossdock.connect.budget import Crew
from crossdock.connect.config import Secrets, SystemConfig
from crossdock.db import Database, Tx
from crossdock.engine import definitions, operations, retention, schedules
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.functions import Functions
from crossdock.engine.vault import Vault
from crossdock.engine.webcalls import WebCalls
from crossdock.engine.worker import Worker, living
from crossdock.errors import SetupError
from crossdock.events.inbox import business_now
from crossdock.flow import yaml12
from crossdock.flow.outcomes import Immediate, Transactional
from crossdock.outbound import Client, Guard
from crossdock.outbound.mail import Mailer
from crossdock.partners import intake
from crossdock.partners.agreements import expectations
from crossdock.partners.agreements import silence as absence
from crossdock.partners.model import MAX_BYTES
from crossdock.partners.reconciling import duty as reconciling
from crossdock.partners.sending import overdue
from crossdock.partners.sending.function import DocumentSend
from crossdock.partners.transports import running, smtpserver
from crossdock.partners.transports.opening import Opener
from crossdock.rules import Rulebook
from crossdock.rules import load as load_table
from crossdock.settings import Settings
from crossdock.tower import alerts, jeopardy, projection
from crossdock.tower.alerts import notices
from crossdock.tower.scorecard import reports

if TYPE_CHECKING:
    from crossdock.gateway.services import Services

LIBRARY = files("crossdock.library")
# The sandbox's one secret, from which all its keys derive; handed to child processes, never to the database.
SANDBOX_SECRET = "CROSSDOCK_SANDBOX_SECRET"
ALERTS_EVERY_S = 15.0
UPKEEP_EVERY_S = 60.0
RANK_EVERY_S = 5.0
CREW_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that is migrated, and how to let go of it."""

    db: Database
    located: embedded.Located

    async def close(self) -> None:
        await self.db.close()
        await self.located.close()


async def open_database(settings: Settings, on_progress: Callable[[str], None] | None = None) -> Opened:
    """Finds or starts the database, migrates it, opens a pool."""
    located = await embedded.locate(settings, on_progress)
    try:
        await migrations.migrate(located.admin_dsn, located.app_dsn)
        return Opened(await Database.open(located.app_dsn, max_size=settings.database_connections), located)
    except BaseException:
        await located.close()
        raise


def rulebook() -> Rulebook:
    """The shipped decision tables. Raises when a cell of one does not compile."""
    shipped = sorted(LIBRARY.joinpath("tables").iterdir(), key=lambda t: t.name)
    return Rulebook(
        [
            load_table(t.name.removesuffix(".json"), _version(t.read_bytes()), t.read_bytes())
            for t in shipped
            if t.name.endswith(".json") and not t.name.endswith(".tests.json")
        ]
    )


def catalogue(address: str = "", own: editions.Editions | None = None) -> Mapping[str, Immediate | Transactional]:
    """The catalogue functions, with the shipped tables and templates.

    address: our own, for links to customers. own: the tables of tenants.
    """
    written = people.checked("document-send", DocumentSend())
    return {**people.catalogue(rulebook(), messages.load(), address, own), "document-send": written}


def _version(table: bytes) -> str:
    return str(exactjson.loads(table)["metadata"]["version"])


async def publish_library(tx: Tx, tenant_id: str) -> list[definitions.Published]:
    """Publishes the shipped workflows for a tenant; a repeated call changes nothing."""
    shipped = LIBRARY.joinpath("workflows").iterdir()
    found = [w for w in shipped if w.name.endswith(".yaml") and not w.name.endswith(".test.yaml")]
    return [
        await definitions.publish(tx, tenant_id, w.read_text(encoding="utf-8"), w.name, check=checks.all_of)
        for w in sorted(found, key=lambda w: w.name)
    ]


async def put_site_calendars(tx: Tx, tenant_id: str, sites: Sequence[str]) -> None:
    """The shipped calendars of these sites; a site without one works around the clock."""
    now = await business_now(tx)
    for site in sites:
        shipped = LIBRARY.joinpath("calendars", f"site-{site}.yaml")
        if shipped.is_file():
            document = yaml12.read(shipped.read_bytes(), shipped.name).value
            await calendars.put(tx, tenant_id, document, "system:library", now)


# ── systems of record ───────────────────────────────────────────────────────────────────────────────────────────


async def connect_system(tx: Tx, system: SystemConfig) -> None:
    """Stores how a tenant reaches a system: references to secrets, never secrets."""
    await tx.execute(
        "insert into crossdock.system_connection (tenant_id, system, connector, base_url, secret_ref, settings) "
        "values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, system) do update "
        "set connector = excluded.connector, base_url = excluded.base_url, secret_ref = excluded.secret_ref, "
        "settings = excluded.settings",
        system.tenant, system.system, system.vendor, system.base_url, system.key, exactjson.text(system),
    )  # fmt: skip


async def systems(db: Database) -> list[SystemConfig]:
    tenants = await db.tenant_ids()
    async with db.transaction(*tenants) as tx:
        rows = await tx.fetch("select settings from crossdock.system_connection order by tenant_id, system")
    return [msgspec.convert(exactjson.loads(r["settings"]), SystemConfig, strict=False) for r in rows]


def secrets() -> Secrets:
    """Resolves references to secrets; the sandbox's from its one secret, when this process was given it."""
    shared = os.environ.get(SANDBOX_SECRET)
    return sandbox.secrets(shared, config.from_environment) if shared else config.from_environment


def client(settings: Settings, configs: list[SystemConfig]) -> Client:
    """The HTTP client for connectors. Internal addresses are reached only where the operator allowed it."""
    allow = sorted({_origin(c.base_url) for c in configs}) if settings.allow_internal_addresses else []
    return Client(allow)


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


# ── channels of partners ────────────────────────────────────────────────────────────────────────────────────────


def channel_opener(settings: Settings, http: Client, db: Database) -> Opener:
    vault = Vault(settings.workflow_secrets).of
    return Opener(settings.channel_folders, vault, http, _partners_guard(settings), db, Answers(db))


def _partners_guard(settings: Settings) -> Guard:
    """Tenants configure partners' addresses: internal ones are reached only where the operator allowed them."""
    return Guard(judge=lambda _: None) if settings.allow_internal_addresses else Guard()


def channel_client(settings: Settings) -> Client:
    minute = timedelta(seconds=60)
    return Client(guard=_partners_guard(settings), timeout=minute, read_timeout=minute, max_body=MAX_BYTES)


@asynccontextmanager
async def channel_means(settings: Settings, db: Database) -> AsyncGenerator[tuple[Opener, ChannelDesk]]:
    """What running a channel needs, for the command line."""
    async with channel_client(settings) as http:
        yield channel_opener(settings, http, db), ChannelDesk()


@asynccontextmanager
async def listeners(db: Database, settings: Settings, say: Callable[[str], None]) -> AsyncGenerator[None]:
    """What partners connect to beside HTTP, where the operator asks for it."""
    async with AsyncExitStack() as stack:
        if settings.sftp_port is not None:
            if settings.sftp_host_key is None:
                raise SetupError("CROSSDOCK_SFTP_PORT needs CROSSDOCK_SFTP_HOST_KEY, the file of the server's key.")
            try:
                from crossdock.partners.transports import sftpserver
            except ImportError:
                raise SetupError("Serving SFTP needs the package asyncssh: `pip install 'crossdock[sftp]'`.") from None
            sftp = sftpserver.Served(db, ChannelDesk())
            port = await sftp.start(settings.host, settings.sftp_port, settings.sftp_host_key)
            stack.push_async_callback(sftp.close)
            say(f"SFTP is served on port {port}")
        if settings.smtp_port is not None:
            smtp = smtpserver.Served(db, ChannelDesk(), Answers(db))
            port = await smtp.start(settings.host, settings.smtp_port)
            stack.push_async_callback(smtp.close)
            say(f"Mail is taken on port {port}")
        yield


def mailer(settings: Settings) -> Mailer:
    return Mailer(settings.smtp_url, settings.mail_from)


def mail(settings: Settings) -> tuple[Mailer, str]:
    """For the command line: how mail leaves, and our own address in it."""
    return mailer(settings), settings.address


# ── the gateway ─────────────────────────────────────────────────────────────────────────────────────────────────


async def gateway(db: Database, settings: Settings) -> "Services":
    from crossdock.gateway.services import Services  # here, so that a worker does without all that it brings

    resolve = secrets()

    read_at, known = 0.0, dict[tuple[str, str], SystemConfig]()

    async def webhook_secret(tenant_id: str, system: str) -> str:
        nonlocal read_at, known
        if not read_at or monotonic() - read_at > connections.LOOK_EVERY_S:  # a new system needs no restart
            known = {(c.tenant, c.system): c for c in await systems(db)}
            read_at = monotonic()
        config = known.get((tenant_id, system))
        return resolve(config.webhook_secret) if config and config.webhook_secret else ""

    vault = Vault(settings.workflow_secrets).of
    return Services(
        db=db,
        clock=clock.Clock(),
        settings=settings,
        webhook_secret=webhook_secret,
        vault=vault,
        desk=ChannelDesk(),
        open_channel=channel_opener(settings, channel_client(settings), db),
        mailer=mailer(settings),
    )


async def resume_intake(db: Database) -> None:
    """Finishes what was stored and not yet worked through when a process died."""
    for tenant_id in await db.tenant_ids():
        await intake.resume(db, tenant_id)


# ── the worker ──────────────────────────────────────────────────────────────────────────────────────────────────


class Held:
    """What a worker's owner closes after it."""

    def __init__(self, *parts: Any) -> None:
        self._parts = parts

    async def close(self) -> None:
        for part in self._parts:
            await part.close()


async def worker(db: Database, settings: Settings) -> tuple[Worker, Held]:
    """A worker with all functions, and what its owner closes."""
    http = client(settings, await systems(db))
    crew = Crew()
    links = connected(db, settings, crew)
    web = WebCalls(http.send)  # workflows of one's own may call HTTP; internal addresses stay guarded
    vault = Vault(settings.workflow_secrets)
    permitted = dict.fromkeys(PROGRAMS, programs.Programs(db))  # refuses what no policy of the tenant permits
    tables = editions.Editions(rulebook())
    functions = Functions(
        {**catalogue(settings.address, tables), "http": web, "openapi": web, **permitted},
        await links.changed() or {}, vault.of, tables,
    )  # fmt: skip
    time = clock.Clock()

    async def follow() -> None:
        await links.follow(functions.connect)

    counted_at = 0.0

    async def count_crew() -> None:
        nonlocal counted_at
        if monotonic() - counted_at >= CREW_EVERY_S:
            counted_at = monotonic()
            crew.size = await living(db)

    partners_http = channel_client(settings)
    channels = running.Crew(db, channel_opener(settings, partners_http, db), ChannelDesk())

    def named(tenant_id: str) -> Mapping[str, Any]:
        return vault.of(tenant_id)

    post = mailer(settings)
    messenger = notices.Messenger(http, named, post, settings.address)

    async def write() -> None:
        await _one_at_a_time(db, 0x0C0576, lambda: letters.run_due(db, post, settings.address, time.now()))

    async def correspond() -> None:
        await _one_at_a_time(db, 0x0C0577, lambda: mailing.run_due(db, settings.smtp_url, time.now()))

    async def report() -> None:
        await _one_at_a_time(db, 0x0C0580, lambda: reports.run_due(db, post, settings.address, time.now()))

    # what waits for mail servers and webhooks
    outside = [
        telling(db, messenger, time), Aside("writing to people", write), Aside("mail about cases", correspond),
        Aside("reports by mail", report),
    ]  # fmt: skip

    crew.size = await living(db) + 1  # this one counts itself in a moment
    made = Worker(
        db, functions, time, People(),
        [projection.project, jeopardy.observe, expectations.observe, causes.observe, awaited.observe],
        duties=[
            count_crew, follow, *duties(db, time, settings.retention), channels.duty, *outside,
        ],
    )  # fmt: skip
    return made, Held(*outside, channels, partners_http, links, http)


def connected(db: Database, settings: Settings, crew: Crew | None = None) -> Connections:
    """The systems of all tenants, as they are connected from time to time."""

    async def read() -> tuple[list[str], list[SystemConfig]]:
        return await db.tenant_ids(), await systems(db)

    return Connections(read, lambda configs: client(settings, configs), secrets(), crew)


def telling(db: Database, teller: notices.Teller, time: clock.Clock) -> Aside:
    """Alerts to those who asked for them: mail servers and webhooks answer when they like."""

    async def tell() -> None:
        await _one_at_a_time(db, 0x0C0569, lambda: notices.run_due(db, teller, time.now()))

    return Aside("telling alerts", tell)


def duties(db: Database, time: clock.Clock, keep: timedelta | None = None) -> list[Callable[[], Awaitable[object]]]:
    """What time alone brings about beside timers: promises broken, snoozes over, the audit trail sealed.

    keep: for how long ended instances and events are kept; None: for ever.
    """

    async def clocks() -> None:
        await _one_at_a_time(db, 0x0C0561, lambda: sla.run_due(db, time.now()))

    ranked_at = 0.0

    async def rank() -> None:
        nonlocal ranked_at
        if monotonic() - ranked_at >= RANK_EVERY_S:
            ranked_at = monotonic()
            await _one_at_a_time(db, 0x0C0574, lambda: casework.run_due(db, time.now()))

    async def seal() -> None:
        for row in await db.pool.fetch("select * from crossdock.unsealed_tenants() as tenant_id"):
            async with db.transaction(row["tenant_id"]) as tx:
                if await tx.fetchval("select pg_try_advisory_xact_lock($1)", 0x0C0562):
                    await audit.seal(tx, row["tenant_id"])

    looked_at = 0.0

    async def watch() -> None:
        nonlocal looked_at
        if monotonic() - looked_at < ALERTS_EVERY_S:
            return
        looked_at = monotonic()
        await _one_at_a_time(db, 0x0C0563, lambda: alerts.check_all(db, time.now()))

    kept_at = 0.0

    async def drop_old() -> None:
        if keep is not None:
            await retention.drop_old(db, time.now, keep, People())

    async def upkeep() -> None:
        nonlocal kept_at
        if kept_at and monotonic() - kept_at < UPKEEP_EVERY_S:
            return
        kept_at = monotonic()
        await retention.make_months(db)
        await _one_at_a_time(db, 0x0C0567, drop_old)

    async def silence() -> None:
        await _one_at_a_time(db, 0x0C0568, lambda: overdue.run_due(db, Desk(), time.now()))
        await _one_at_a_time(db, 0x0C0573, lambda: absence.run_due(db, Desk(), time.now()))

    async def reconcile() -> None:
        await _one_at_a_time(db, 0x0C0572, lambda: reconciling.run_due(db, differences.Desk(), time.now()))

    known = definitions.Programs(ProcessFallback())  # its child starts with the first expression that needs it

    learned_at = 0.0

    async def promises() -> None:
        nonlocal learned_at
        await _one_at_a_time(db, 0x0C0593, lambda: jeopardy.run_due(db, time.now()))
        if monotonic() - learned_at >= UPKEEP_EVERY_S:
            learned_at = monotonic()
            await _one_at_a_time(db, 0x0C0594, lambda: jeopardy.learn_due(db, time.now()))

    async def bulk() -> None:
        await operations.run_due(db, known, People())
        await fixes.run_due(db, FixDesk(known, People()))

    async def cluster() -> None:
        await _one_at_a_time(db, 0x0C0591, lambda: clusters.run_due(db, time.now()))

    return [
        clocks, rank, promises, silence, reconcile, cluster, seal, watch, lambda: schedules.start_due(db), bulk, upkeep,
    ]  # fmt: skip


async def _one_at_a_time(db: Database, lock: int, work: Callable[[], Awaitable[object]]) -> None:
    async with db.pool.acquire() as connection:
        if await connection.fetchval("select pg_try_advisory_lock($1)", lock):
            try:
                await work()
            finally:
                await connection.execute("select pg_advisory_unlock($1)", lock)


def data_directory(given: Path | None) -> Path | None:
    if given is not None and given.exists() and not given.is_dir():
        raise SetupError(f"Expected a directory for --data, found the file {given}.")
    return given
