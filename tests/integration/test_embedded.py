"""The embedded server through its bad days: kills, stale files, two at once, root and ordinary users."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncpg
import psutil
import pytest

from crossdock import embedded
from crossdock.embedded import places as at
from crossdock.embedded import server as life
from crossdock.embedded.locks import exclusive
from crossdock.errors import SetupError
from crossdock.settings import Settings

# Quick, and yet safe against kill -9: only a loss of power needs fsync.
QUICK = {"fsync": "off", "shared_buffers": "32MB"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: needs root")


@pytest.fixture(scope="module")
def copied() -> Iterator[Path]:
    """Root's copy of the binaries, made once for all tests but those about copying."""
    top = Path(tempfile.mkdtemp(prefix="crossdock-launch-"))
    top.chmod(0o755)
    if os.geteuid() == 0:
        at.binaries(at.Places(top, at.Account("", 0, 0)))
    yield top
    shutil.rmtree(top, ignore_errors=True)


@pytest.fixture
def base(copied: Path) -> Iterator[Path]:
    """A directory that every account can walk to, unlike pytest's own."""
    top = Path(tempfile.mkdtemp(prefix="crossdock-launch-"))
    top.chmod(0o755)
    base = top / "data"
    at.makedirs(base)
    for binaries in copied.glob("binaries-*"):
        (base / binaries.name).symlink_to(binaries)
    yield base
    if base.is_dir() and (base / "cluster").exists():
        asyncio.run(embedded.stop_if_unused(base))
    shutil.rmtree(top, ignore_errors=True)


@pytest.fixture
async def server(base: Path) -> AsyncIterator[embedded.Server]:
    async with embedded.running(base, options=QUICK) as started:
        yield started


async def run_sql(dsn: str, *statements: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


def kill(server: embedded.Server) -> None:
    """SIGKILL to the postmaster, and wait until it is gone."""
    process = psutil.Process(server.pid)
    process.kill()
    process.wait()


def at_lock(base: Path) -> AbstractAsyncContextManager[None]:
    return exclusive(base / "start.lock")


def gone(pid: object) -> bool:
    """Dead, though perhaps not yet collected where process 1 collects nobody."""
    try:
        return psutil.Process(int(str(pid))).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def launcher(base: Path, then: str) -> "subprocess.Popen[str]":
    """Another process that ensures a server, says its pid, and then does as told."""
    script = f"""
        import asyncio, json, os, signal, sys
        from pathlib import Path
        from crossdock import embedded
        async def main():
            server = await embedded.ensure(Path(sys.argv[1]), options={QUICK!r})
            print(json.dumps({{"pid": server.pid, "started": server.started_here}}), flush=True)
            {then}
        asyncio.run(main())
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(base)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


def said(process: "subprocess.Popen[str]") -> dict[str, object]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


# --- a good day -----------------------------------------------------------------------------------------------------


async def test_data_outlives_a_clean_stop(base: Path):
    async with embedded.running(base, options=QUICK) as server:
        await run_sql(server.admin_dsn, "create table kept (n int)", "insert into kept values (7)", "select 1")
        pid = server.pid
        assert pid is not None
    assert gone(pid)
    async with embedded.running(base, options=QUICK) as server:
        assert server.started_here
        assert await run_sql(server.admin_dsn, "select n from kept") == 7


async def test_nobody_reaches_the_server_without_its_password(server: embedded.Server):
    assert psutil.Process(server.pid).net_connections("inet") == []
    assert stat.S_IMODE(server.socket_directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.places.cluster.stat().st_mode) == 0o700
    for secret in (server.places.superuser_password, server.places.login_password):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    for user in ("postgres", "crossdock_login"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(user=user, password="guess", host=str(server.socket_directory), database="postgres")


async def test_the_application_login_is_powerless_until_it_takes_its_role(server: embedded.Server):
    row = "select rolsuper or rolcreatedb or rolcreaterole or rolbypassrls or rolinherit from pg_roles where rolname = "
    assert await run_sql(server.app_dsn("postgres"), row + "current_user") is False
    assert await run_sql(server.app_dsn("postgres"), "set role crossdock_app", "select current_user") == "crossdock_app"


async def test_settings_locate_the_embedded_server_and_its_database(base: Path):
    located = await embedded.locate(Settings(data=base))
    try:
        assert await run_sql(located.app_dsn, "select current_database()") == "crossdock"
        assert await run_sql(located.admin_dsn, "select rolsuper from pg_roles where rolname = current_user") is True
    finally:
        assert await located.close()


async def test_settings_locate_a_real_server_and_leave_it_running():
    settings = Settings(database_url="postgresql://app@db/x", database_admin_url="postgresql://owner@db/x")
    located = await embedded.locate(settings)
    assert (located.admin_dsn, located.app_dsn) == ("postgresql://owner@db/x", "postgresql://app@db/x")
    await located.close()


# --- killed ---------------------------------------------------------------------------------------------------------


async def test_a_committed_row_survives_kill_9_of_the_server(server: embedded.Server, base: Path):
    await run_sql(server.admin_dsn, "create table kept (n int)", "insert into kept values (7)", "select 1")
    kill(server)
    async with embedded.running(base, options=QUICK) as again:
        assert again.started_here
        assert await run_sql(again.admin_dsn, "select n from kept") == 7


async def test_a_server_that_is_kept_running_comes_back_by_itself(base: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded, "LOOK_AFTER_S", 0.01)
    restarted = asyncio.Event()
    async with embedded.running(base, lambda _: restarted.set(), options=QUICK) as server:
        restarted.clear()
        keeper = asyncio.create_task(server.keep_running())
        kill(server)
        await restarted.wait()
        async with at_lock(base):  # held by the keeper until the new server answers
            assert await run_sql(server.admin_dsn, "select 1") == 1
        keeper.cancel()
    assert not life.alive(server.places)


async def test_a_second_interrupt_does_not_cut_the_stop_short(base: Path):
    async def use() -> None:
        async with embedded.running(base, options=QUICK) as server:
            started.set_result(server)
            await asyncio.Event().wait()

    started: asyncio.Future[embedded.Server] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(use())
    server = await started
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not life.alive(server.places)


async def test_a_backend_that_outlives_its_killed_server_is_waited_for(
    server: embedded.Server, base: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(life, "ORPHANS_MAY_FINISH_S", 0.2)
    connection = await asyncpg.connect(server.admin_dsn)
    backend = psutil.Process(connection.get_server_pid())
    busy = asyncio.create_task(connection.execute("select count(*) from generate_series(1, 1000000000)"))
    for _ in range(3):  # sent, and begun
        await run_sql(server.admin_dsn, "select 1")
    kill(server)
    async with embedded.running(base, options=QUICK) as again:
        assert gone(backend.pid)
        assert again.started_here
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await busy


async def test_the_server_outlives_kill_9_of_its_launcher_and_is_joined(base: Path):
    process = launcher(base, then="os.kill(os.getpid(), signal.SIGKILL)")
    pid = said(process)["pid"]
    assert process.wait() == -signal.SIGKILL
    async with embedded.running(base, options=QUICK) as joined:
        assert joined.pid == pid
        assert not joined.started_here
        assert await run_sql(joined.admin_dsn, "select 1") == 1
    assert gone(pid), "the last one out stops the server, whoever started it"


async def test_an_initialisation_that_was_killed_is_begun_anew(base: Path):
    half = base / "cluster.new-abc"
    (half / "data").mkdir(parents=True)
    (half / "data" / "PG_VERSION").write_text("18\n")
    async with embedded.running(base, options=QUICK) as server:
        assert await run_sql(server.admin_dsn, "select 1") == 1
    assert not half.exists()


@pytest.mark.parametrize("owner", ["same account", "other account"])
async def test_a_stale_pid_file_whose_number_was_reused_does_not_matter(base: Path, owner: str):
    async with embedded.running(base, options=QUICK) as server:
        places, sockets = server.places, server.socket_directory
        lines = places.pid_file.read_text().splitlines()
        kill(server)
    uid = places.account.uid if owner == "same account" else os.geteuid()
    other = subprocess.Popen(["/bin/sleep", "1000"], user=uid if os.geteuid() == 0 else None)
    try:
        lines[0] = str(other.pid)
        for stale in (places.pid_file, sockets / f".s.PGSQL.{at.PORT}.lock"):
            stale.write_text("\n".join(lines) + "\n")
            if os.geteuid() == 0:
                os.chown(stale, places.account.uid, places.account.gid)
        async with embedded.running(base, options=QUICK) as again:
            assert await run_sql(again.admin_dsn, "select 1") == 1
        assert other.poll() is None, "a process that merely has the number is left alone"
    finally:
        other.kill()
        other.wait()


async def test_recovery_is_waited_for_without_a_limit_and_told_of(
    server: embedded.Server, base: Path, monkeypatch: pytest.MonkeyPatch
):
    await run_sql(
        server.admin_dsn,
        "create table much as select n, repeat('x', 100) as t from generate_series(1, 400000) n",
        "select 1",
    )
    kill(server)
    monkeypatch.setattr(life, "REPORT_EVERY_S", 0.05)
    told: list[str] = []
    recovering = asyncio.Event()

    def progress(message: str) -> None:
        told.append(message)
        recovering.set()

    start = asyncio.create_task(embedded.ensure(base, options=QUICK, on_progress=progress))
    replaying = await _the_replaying_process(base)
    replaying.suspend()  # recovery takes as long as we like
    await recovering.wait()
    assert not start.done()
    replaying.resume()
    again = await start
    assert await run_sql(again.admin_dsn, "select count(*) from much") == 400000
    assert "Waiting for the database" in told[0]
    await again.release()


async def _the_replaying_process(base: Path) -> psutil.Process:
    while True:
        for process in psutil.process_iter():
            try:
                if process.name() == "postgres" and Path(process.cwd()) == base / "cluster" / "data":
                    for child in process.children():
                        if "startup" in " ".join(child.cmdline()):
                            return child
            except psutil.Error:
                continue
        await asyncio.sleep(0)


# --- several at once ------------------------------------------------------------------------------------------------


async def test_two_launchers_at_once_share_one_server(base: Path):
    both = [launcher(base, then="sys.stdin.read(); await server.release()") for _ in range(2)]
    answers = await asyncio.gather(*(asyncio.to_thread(said, p) for p in both))
    assert answers[0]["pid"] == answers[1]["pid"]
    assert sorted(bool(a["started"]) for a in answers) == [False, True]
    starter = both[0] if answers[0]["started"] else both[1]
    other = both[1] if starter is both[0] else both[0]
    starter.communicate()  # end of input: it releases
    pid = int(str(answers[0]["pid"]))
    assert psutil.Process(pid).name() == "postgres", "the one that only joined still uses it"
    other.communicate()
    assert gone(pid)


async def test_a_process_that_joins_and_leaves_does_not_stop_the_server(server: embedded.Server, base: Path):
    async with embedded.running(base) as joined:
        assert not joined.started_here
    assert await run_sql(server.admin_dsn, "select 1") == 1
    assert not await embedded.stop_if_unused(base)


async def test_joining_finishes_what_a_killed_starter_left_undone(server: embedded.Server, base: Path):
    await run_sql(server.admin_dsn, "drop role crossdock_login", "select 1")
    async with embedded.running(base) as joined:
        assert await run_sql(joined.app_dsn("postgres"), "select current_user") == "crossdock_login"


# --- cannot be ------------------------------------------------------------------------------------------------------


async def test_a_server_that_cannot_start_says_its_last_words(base: Path):
    with pytest.raises(SetupError, match=r"did not start(?s:.)*invalid value for parameter"):
        await embedded.ensure(base, options=QUICK | {"wal_buffers": "many"})
    async with embedded.running(base, options=QUICK) as server:  # and can be started once that is repaired
        assert await run_sql(server.admin_dsn, "select 1") == 1


async def test_data_of_another_major_version_is_not_touched(base: Path):
    async with embedded.running(base, options=QUICK) as server:
        version = server.places.data / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(SetupError, match="written by PostgreSQL 15, the installed server is 18"):
        await embedded.ensure(base)


async def test_a_long_path_gets_its_socket_elsewhere(base: Path):
    deep = base / ("long" * 20) / ("longer" * 10)
    async with embedded.running(deep, options=QUICK) as server:
        assert deep not in server.socket_directory.parents
        assert stat.S_IMODE(server.socket_directory.stat().st_mode) == 0o700
        assert await run_sql(server.admin_dsn, "select 1") == 1
    shutil.rmtree(server.socket_directory)


async def test_somebody_elses_directory_is_no_place_for_the_socket(base: Path):
    places = at.find(base)
    (base / "open").mkdir()
    (base / "open").chmod(0o777)
    with pytest.raises(SetupError, match="with mode 0700"):
        at.private_directory(base / "open", places.account)
    (base / "link").symlink_to("/tmp")
    with pytest.raises(SetupError, match="with mode 0700"):
        at.private_directory(base / "link", places.account)


async def test_a_file_in_place_of_the_data_directory_is_an_error_naming_the_option(base: Path):
    (base / "file").write_text("")
    with pytest.raises(SetupError, match="--data"):
        await embedded.ensure(base / "file")


# --- root and others ------------------------------------------------------------------------------------------------


@as_root
async def test_root_runs_the_server_as_an_unprivileged_account_from_a_copy(base: Path):
    async with embedded.running(base / "new" / "place", options=QUICK) as server:
        process = psutil.Process(server.pid)
        assert process.uids().effective == server.places.account.uid != 0
        assert Path(process.exe()).is_relative_to(server.places.base / f"binaries-{at.wheel_version()}")
        assert {p.stat().st_uid for p in (*server.places.base.rglob("binaries-*/**"), server.places.base)} == {0}


@as_root
async def test_a_directory_that_the_account_cannot_walk_is_an_error_and_keeps_its_mode(base: Path):
    base.chmod(0o700)
    with pytest.raises(SetupError, match=r"cannot walk through .* --data"):
        await embedded.ensure(base / "inside")
    assert stat.S_IMODE(base.stat().st_mode) == 0o700


@as_root
async def test_an_account_that_is_root_or_unknown_is_refused(base: Path):
    with pytest.raises(SetupError, match="which is root"):
        await embedded.ensure(base, account="root")
    with pytest.raises(SetupError, match="there is no account"):
        await embedded.ensure(base, account="no-such-account")


@as_root
def test_an_ordinary_user_runs_the_server_as_herself_and_root_may_join(base: Path):
    nobody = pwd.getpwnam("nobody")
    home = base.parent / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    try:
        at.must_be_walkable(Path(embedded.__file__).parent, at.Account("nobody", nobody.pw_uid, nobody.pw_gid))
    except SetupError:
        pytest.skip("NOT RUN: this checkout cannot be read by ordinary users")

    async def start() -> dict[str, object]:
        server = await embedded.ensure(options=QUICK)
        answer = await run_sql(server.app_dsn("postgres"), "select 1")
        return {"base": str(server.places.base), "pid": server.pid, "answer": answer}

    found = _as_user(nobody, home, start)
    data = home / ".local" / "share" / "crossdock"
    assert found["base"] == str(data)
    assert found["answer"] == 1
    owners = {p.lstat().st_uid for p in data.rglob("*")}
    assert owners == {nobody.pw_uid}
    assert not list(data.glob("binaries-*"))

    async def join() -> None:
        async with embedded.running(data) as joined:
            assert joined.pid == found["pid"]
            assert joined.places.account.name == "nobody"
        assert {p.lstat().st_uid for p in data.glob("*.lock")} == {nobody.pw_uid}

    asyncio.run(join())
    assert gone(found["pid"])


def _as_user(
    user: pwd.struct_passwd, home: Path, work: Callable[[], Awaitable[dict[str, object]]]
) -> dict[str, object]:
    """Runs in a forked child: a fresh interpreter may be unreadable to the user (one below /root is)."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            os.environ["HOME"] = str(home)
            os.environ.pop("XDG_DATA_HOME", None)
            os.chdir("/")
            result = json.dumps(asyncio.new_event_loop().run_until_complete(work()))
        except BaseException as e:  # the parent reports it
            result = json.dumps({"error": repr(e)})
        os.write(write, result.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        result = json.loads(pipe.read())
    os.waitpid(child, 0)
    assert "error" not in result, result["error"]
    return result
