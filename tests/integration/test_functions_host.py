"""Slots over several workers, and programs of workflows on the durable host: refused, permitted, limited."""

import asyncio
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import exactjson
from crossdock.cases import checks, messages, programs, sla
from crossdock.cases import functions as people
from crossdock.cases.hooks import People
from crossdock.cases.signatures import PROGRAMS
from crossdock.clock import Clock, set_to
from crossdock.db import Database
from crossdock.engine import definitions
from crossdock.engine.functions import Functions
from crossdock.engine.hooks import Crash, Point, never
from crossdock.engine.worker import Worker
from crossdock.errors import PartnerError
from crossdock.events import correlation
from crossdock.flow.outcomes import Invocation, Unknown
from crossdock.flow.program import DefinitionError
from crossdock.ids import new
from crossdock.rules import Rulebook

from .engine.conftest import Host

T = "norrland"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PERMIT = """permit (principal, action in [Action::"run.shell", Action::"run.script"], resource)
when { principal.namespace == "operations" };"""

THROTTLED = """document: { dsl: '1.0.3', namespace: operations, name: paced, version: '1.0.0' }
do:
  - slot: { call: throttle@crossdock, with: { key: labels, limit: 6, per: PT1M } }
"""


def program(task: str, namespace: str = "operations", name: str = "nightly") -> str:
    lines = "".join(f"      {line}\n" for line in task.strip().splitlines())
    return (
        f"document: {{ dsl: '1.0.3', namespace: {namespace}, name: {name}, version: '1.0.0' }}\ndo:\n  - step:\n{lines}"
    )


class House(Host):
    """A host with the catalogue, programs and people of the product."""

    def worker(self, functions: dict[str, Any] | None = None, crash: Crash = never) -> Worker:
        time = Clock()

        async def clocks() -> None:
            await sla.run_due(self.db, time.now())

        runner = programs.Programs(self.db, time_limit_s=2)
        every: dict[str, Any] = functions or {
            **people.catalogue(Rulebook([]), messages.load()), **dict.fromkeys(PROGRAMS, runner)
        }  # fmt: skip
        return Worker(self.db, Functions(every, {}), time, People(), duties=[clocks], crash=crash)

    async def permit(self, text: str) -> None:
        async with self.db.transaction(T) as tx:
            await programs.put(tx, T, text, "ann", MORNING)

    async def ran(self, task: str, given: Any = None, namespace: str = "operations") -> dict[str, Any]:
        """Publishes without asking what is permitted, so that the run has to; the ended instance."""
        instance = await self.start(await self.publish(program(task, namespace)), given)
        async with self.working():
            await self.until(lambda: self._ended(instance))
        return await self.instance(instance)

    async def _ended(self, instance: Any) -> bool:
        return (await self.instance(instance))["ended_at"] is not None


@pytest.fixture
async def house(database: Database) -> House:
    made = House(database)
    await made.at(MORNING)
    return made


# ── slots ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_three_workers_together_keep_the_pace_and_the_order_of_asking(house: House) -> None:
    definition = await house.publish(THROTTLED)
    count = 20
    async with house.db.transaction(T) as tx:
        for _ in range(count):
            assert await correlation.start(tx, T, new(), definition, {}, "SO-1", MORNING)
    async with house.working(3):
        for _ in range(40):
            await house.idle()
            due = await sla.next_due(house.db)
            if due is None:
                break
            await set_to(house.db.pool, due, 0)
            await house.until(lambda due=due: _later_than(house, due))
    rows = await house.rows("select output, ended_at from crossdock.instance where tenant_id = $1 order by ended_at", T)
    slots = sorted(datetime.fromisoformat(exactjson.loads(r["output"])["slot_at"]) for r in rows)
    assert slots == [MORNING + timedelta(seconds=10 * n) for n in range(count)], "no slot twice, none left out"
    for n in range(count - 6):
        assert slots[n + 6] - slots[n] >= timedelta(minutes=1), "at most six in any minute"
    asked = await house.rows(
        "select called_at, answered_at, output from crossdock.call where tenant_id = $1 order by answered_at", T
    )
    # nobody goes before its slot; who asked first in the database goes first
    for row in asked:
        assert row["answered_at"] >= datetime.fromisoformat(exactjson.loads(row["output"])["slot_at"])
    assert await house.rows("select 1 from crossdock.pace_wait where tenant_id = $1", T) == []


async def _later_than(house: House, due: datetime) -> bool:
    found = await sla.next_due(house.db)
    return found is None or found > due


# ── programs ─────────────────────────────────────────────────────────────────────────────────────────────────────

SHELL = "run: { shell: { command: 'echo hello' } }"


@pytest.mark.parametrize(
    "task",
    [SHELL, "run: { script: { language: python, code: 'print(1)' } }", "run: { container: { image: alpine } }"],
)
async def test_a_program_is_refused_at_publish_and_at_run_without_a_policy(house: House, task: str) -> None:
    async with house.db.transaction(T) as tx:
        with pytest.raises(DefinitionError) as refused:
            await definitions.publish(tx, T, program(task), "w.yaml", check=checks.all_of)
    [finding] = refused.value.findings
    assert (finding.where, finding.code) == ("w.yaml:3:5", "function.programs-off")
    assert "crossdock programs allow" in finding.fix
    ended = await house.ran(task)
    assert (ended["status"], ended["error"]["status"]) == ("faulted", 403)
    assert ended["error"]["type"].endswith("/configuration")
    assert "no policy of the tenant permits run." in ended["error"]["detail"]


async def test_what_a_policy_permits_is_published_and_runs(house: House) -> None:
    await house.permit(PERMIT)
    async with house.db.transaction(T) as tx:
        assert (await definitions.publish(tx, T, program(SHELL), "w.yaml", check=checks.all_of)).new
        with pytest.raises(DefinitionError):  # of another namespace
            await definitions.publish(tx, T, program(SHELL, "sales"), "w.yaml", check=checks.all_of)
    assert (await house.ran(SHELL))["output"] == "hello"
    assert (await house.ran(SHELL, namespace="sales"))["error"]["status"] == 403


async def test_a_permission_that_was_taken_back_holds_no_more_for_what_is_published(house: House) -> None:
    await house.permit(PERMIT)
    definition = await house.publish(program(SHELL))
    await house.permit("")
    instance = await house.start(definition, {})
    await house.run()
    assert (await house.instance(instance))["error"]["status"] == 403
    with pytest.raises(PartnerError):
        await house.permit("permit (principal, action, resource);")


async def test_a_shell_gets_its_arguments_and_input_and_nothing_of_ours(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDOCK_SECRET_OF_OURS", "s3cret")
    await house.permit(PERMIT)
    ended = await house.ran("""
run:
  shell:
    command: 'cat; echo "$1 $2 $WHO"; env | cut -d= -f1 | sort | tr "\\n" " "; ls -A'
    arguments: [ '${ .a }', two ]
    stdin: '${ . }'
    environment: { WHO: ann }
""", {"a": "one two"})  # fmt: skip
    assert ended["status"] == "completed", ended["error"]
    first, variables = ended["output"].split("\n")
    assert first == '{"a":"one two"}one two two ann'
    assert set(variables.split()) <= {"HOME", "LANG", "PATH", "PWD", "OLDPWD", "SHLVL", "TMPDIR", "WHO", "_"}


async def test_a_shell_cannot_read_the_environment_of_its_worker(house: House) -> None:
    await house.permit(PERMIT)
    ended = await house.ran(f"run: {{ shell: {{ command: 'cat /proc/{os.getpid()}/environ' }}, return: all }}")
    assert ended["output"]["code"] != 0
    assert ended["output"]["stdout"] == ""


async def test_what_a_program_puts_in_its_directory_is_not_taken_for_its_output(house: House) -> None:
    """Its output comes from what it wrote, not from a name that it may have pointed at a file of ours."""
    await house.permit(PERMIT)
    command = "for f in .stdout .stderr stdout out; do ln -sf /proc/self/environ $f; done; ls -A; echo said"
    ended = await house.ran(f"run: {{ shell: {{ command: '{command}' }}, return: all }}")
    assert ended["output"]["stdout"].splitlines()[-1] == "said"
    assert "PATH=" not in exactjson.text(ended["output"])


async def test_a_script_runs_in_python_with_its_arguments_and_input(house: House) -> None:
    await house.permit(PERMIT)
    ended = await house.ran("""
run:
  script:
    language: python
    arguments: [ '2' ]
    code: |
      import sys, json
      print(json.dumps({"double": 2 * int(sys.argv[1]), "in": sys.stdin.read()}))
    stdin: x
""")  # fmt: skip
    assert ended["status"] == "completed", ended["error"]
    assert ended["output"] == '{"double": 4, "in": "x"}'


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("echo oh no >&2; exit 3", 500, "exit status 3; oh no"),
        ("yes", 500, "expected at most 1000000 bytes"),
    ],
)
async def test_a_program_that_fails_or_writes_too_much_faults(
    house: House, command: str, status: int, said: str
) -> None:
    await house.permit(PERMIT)
    ended = await house.ran(f"run: {{ shell: {{ command: '{command}' }} }}")
    assert (ended["status"], ended["error"]["status"]) == ("faulted", status)
    assert said in ended["error"]["detail"]


LEAVES = """
import subprocess, sys
again = "import subprocess; print(subprocess.Popen(['sleep', '61'], start_new_session=True).pid)"
subprocess.run([sys.executable, "-c", again], start_new_session=True)
print(subprocess.Popen(["sleep", "62"], start_new_session=True).pid)
"""
FORKS = """
import os, time
while True:
    if os.fork() == 0:
        time.sleep(60)
"""


def script(code: str) -> str:
    lines = "".join(f"      {line}\n" for line in code.strip().splitlines())
    return f"run:\n  script:\n    language: python\n    code: |\n{lines}  return: all\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only its process group is found")
async def test_what_a_program_leaves_behind_ends_with_it_also_in_a_session_of_its_own(house: House) -> None:
    await house.permit(PERMIT)
    ended = await house.ran(script(LEAVES))
    pids = [int(line) for line in ended["output"]["stdout"].splitlines()]
    assert len(pids) == 2
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not keep these limits")
@pytest.mark.parametrize(("code", "said"), [("x = bytearray(2 << 30)", "MemoryError"), (FORKS, "BlockingIOError")])
async def test_a_program_gets_no_more_memory_or_processes_than_it_may_have(house: House, code: str, said: str) -> None:
    await house.permit(PERMIT)
    ended = await house.ran(script(code))
    assert ended["output"]["code"] == 1
    assert said in ended["output"]["stderr"]


async def test_a_program_that_is_killed_for_its_time_may_have_had_its_effect(house: House) -> None:
    await house.permit(PERMIT)
    runner = programs.Programs(house.db, time_limit_s=1)
    i = await house.start(await house.publish(program("set: { n: 1 }")), {})
    asked = Invocation(
        tenant_id=T, instance_id=i, at="/do/0/x#1", key="k", function="run.shell",
        arguments={"command": "setsid sleep 64 & sleep 64"}, now=MORNING,
    )  # fmt: skip
    outcome = await runner.perform(asked)
    assert isinstance(outcome, Unknown)
    assert "expected an end within 1 s" in outcome.detail


async def test_a_container_that_is_permitted_is_refused_with_the_reason(house: House) -> None:
    await house.permit('permit (principal, action == Action::"run.container", resource);')
    ended = await house.ran("run: { container: { image: alpine } }")
    assert (ended["status"], ended["error"]["status"]) == ("faulted", 501)
    assert "expected a container engine" in ended["error"]["detail"]


async def test_whether_a_program_ran_cannot_be_looked_up(house: House) -> None:
    await house.permit(PERMIT)
    runner = programs.Programs(house.db)

    asked = Invocation(
        tenant_id=T, instance_id=new(), at="/do/0/x#1", key="k", function="run.shell", arguments={}, now=MORNING
    )
    assert isinstance(await runner.probe(asked), Unknown)


async def test_a_program_whose_worker_dies_is_not_run_again_and_a_person_is_asked(house: House) -> None:
    """It ran, and its worker ended before anybody heard: who could say whether it may be run once more?"""
    await house.permit(PERMIT)
    place = Path(tempfile.mkdtemp(prefix="crossdock-program-"))
    place.chmod(0o777)  # where we are root, the program runs as nobody
    task = f"run: {{ shell: {{ command: 'echo ran >> {place}/log' }} }}"
    broken = False

    def crash(where: Point) -> None:
        nonlocal broken
        if where is Point.AFTER_EFFECT and not broken:
            broken = True
            raise RuntimeError("its worker dies")

    async def died() -> bool:
        return broken

    async def asked() -> bool:
        await house.later(minutes=1)  # looking it up is tried for a while
        return bool(await house.rows("select 1 from crossdock.cases where tenant_id = $1", T))

    try:
        instance = await house.start(await house.publish(program(task)), None)
        worker = house.worker(crash=crash)
        running = asyncio.create_task(worker.run())
        await house.until(died)
        worker.stop()
        await running
        async with house.working():
            await house.until(asked)
        assert (place / "log").read_text() == "ran\n"
        assert (await house.instance(instance))["status"] == "running", "it waits for what the person says"
    finally:
        shutil.rmtree(place)
