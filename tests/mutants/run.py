"""Seeded bugs: each mutant of the catalogue is put into a copy of Crossdock, and the tests it names must fail.

    python tests/mutants/run.py [--only NAME …] [--json FILE] [--check] [--docs]

A mutant is caught when every test named for it fails by an assertion (or by the exceptions that the mutant states).
It survives when one of them passes. It is broken when anything else happens: the code moved, the copy could not be
imported, a test did not begin, or came to nothing within its time; broken is as bad as survived. First the same tests
run on the code as it is, and must pass. Exit status 0: all caught. --check and --docs run nothing: the first finds
mutants whose place in the code is gone, the second writes the table of docs/mutants.md.

The checkout is not touched. Every mutant is a directory of its own on PYTHONPATH, so it holds for subprocesses, too.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import witness
from catalogue import MUTANTS, Mutant

from crossdock import embedded

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
PAGE = ROOT / "docs" / "mutants.md"
AT_ONCE = 2
WITHIN_S = 120  # a mutant's tests take seconds; what stands still is not caught by that
FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "200"}
# gateway/static: the built pages, which no mutant changes and no test of a mutant asks for
LEFT_OUT = shutil.ignore_patterns("static", "static.new")


class Verdict(StrEnum):
    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Result:
    mutant: str
    verdict: Verdict
    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """tests: as the witness saw them; None when pytest wrote nothing. code: where `crossdock` was imported from."""

    tests: list[dict[str, Any]] | None
    code: str
    tail: str
    seconds: float


def misplaced(mutant: Mutant, source: Path) -> str:
    """Why the mutant cannot be put in; empty when it can."""
    path = source / mutant.file
    if not path.is_file():
        return f"the code moved, renew this mutant: there is no {mutant.file}"
    count = path.read_text(encoding="utf-8").count(mutant.text)
    if count != 1:
        return f"the code moved, renew this mutant: its text occurs {count} times in {mutant.file}, not once"
    if mutant.replacement == mutant.text:
        return "it changes nothing"
    gone = [t for t in mutant.tests if not there(*t.split("::"))]
    return f"the tests moved, renew this mutant: there is no {', '.join(gone)}" if gone else ""


def there(file: str, name: str) -> bool:
    path = ROOT / file
    return path.is_file() and f"def {name}(" in path.read_text(encoding="utf-8")


def put_in(mutant: Mutant, source: Path, into: Path) -> None:
    shutil.copytree(source, into, ignore=LEFT_OUT)
    path = into / mutant.file
    path.write_text(path.read_text(encoding="utf-8").replace(mutant.text, mutant.replacement), encoding="utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()


async def run(tests: Sequence[str], source: Path, scratch: Path, database_url: str) -> Ran:
    """The tests, on the code in `source`."""
    seen = Path(tempfile.mkdtemp(dir=scratch)) / "seen.json"
    within_s = WITHIN_S + 10 * len(tests)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(source), str(Path(__file__).parent))),
        "PYTHONDONTWRITEBYTECODE": "1",  # the tests' own stay as they are
        "HYPOTHESIS_STORAGE_DIRECTORY": str(scratch / "hypothesis"),
        "CROSSDOCK_TEST_DATABASE_URL": database_url,
        "TMPDIR": str(scratch),  # the suite's lock lies there: other runs on this machine are not waited for
        witness.FILE: str(seen),
    }
    command = [sys.executable, "-P", "-m", "pytest", "-p", "witness", "-p", "no:cacheprovider", "--tb=line", *tests]
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(within_s):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return Ran(None, "", f"not done within {within_s} s", time.monotonic() - began)
    found = json.loads(seen.read_text()) if seen.exists() else {"tests": None, "code": ""}
    tail = output.decode(errors="replace").strip()[-1000:]
    return Ran(found["tests"], found["code"], tail, time.monotonic() - began)


def of(test: str, ran: Ran) -> list[dict[str, Any]]:
    """What became of a test as it is named: of all its parameters, when it has some."""
    return [t for t in ran.tests or () if t["id"] == test or t["id"].startswith(f"{test}[")]


def judged(mutant: Mutant, ran: Ran, source: Path) -> tuple[Verdict, str]:
    if ran.tests is None:
        return Verdict.BROKEN, f"pytest told nothing: {ran.tail}"
    if ran.code != str(source / "crossdock"):
        return Verdict.BROKEN, f"the tests ran on {ran.code}"
    said: list[str] = []
    for test in mutant.tests:
        name = test.split("::")[-1]
        outcomes = of(test, ran)
        if not outcomes:
            return Verdict.BROKEN, f"{name} did not run: {ran.tail}"
        failed = [t for t in outcomes if t["outcome"] == "failed"]
        if not failed:
            left = {t["outcome"] for t in outcomes}
            return Verdict.SURVIVED if left == {"passed"} else Verdict.BROKEN, f"{name}: {', '.join(sorted(left))}"
        told = [t for t in failed if t["phase"] == "call" and set(mutant.by) & set(t["raised"])]
        if not told:
            t = failed[0]
            return Verdict.BROKEN, f"{name} failed in {t['phase']} by {t['raised'][:1]}: {t['said']}"
        said.append(told[0]["said"])
    return Verdict.CAUGHT, said[0]


async def one(mutant: Mutant, original: Path, scratch: Path, database_url: str) -> Result:
    if why := misplaced(mutant, original):
        return Result(mutant.name, Verdict.BROKEN, why, 0.0)
    source = scratch / mutant.name
    put_in(mutant, original, source)
    ran = await run(mutant.tests, source, scratch, database_url)
    verdict, why = judged(mutant, ran, source)
    shutil.rmtree(source)
    return Result(mutant.name, verdict, why, round(ran.seconds, 1))


async def unmutated(tests: list[str], original: Path, scratch: Path, database_url: str) -> dict[str, str]:
    """For each test that does not pass on the code as it is: why."""
    parts = [part for n in range(AT_ONCE) if (part := tests[n::AT_ONCE])]
    wrong: dict[str, str] = {}
    for part, ran in zip(
        parts, await asyncio.gather(*(run(p, original, scratch, database_url) for p in parts)), strict=True
    ):
        for test in part:
            outcomes = {t["outcome"] for t in of(test, ran)}
            if outcomes != {"passed"}:
                wrong[test] = ", ".join(sorted(outcomes)) or "did not run"
        if any(wrong.get(test) == "did not run" for test in part):
            print(ran.tail)
    return wrong


async def whole(mutants: list[Mutant]) -> list[Result]:
    scratch = Path(tempfile.mkdtemp(prefix="crossdock-mutants-"))
    scratch.chmod(0o755)  # the database runs as an account of its own, which must be able to walk here
    gate = asyncio.Semaphore(AT_ONCE)
    results: list[Result] = []
    server = await embedded.ensure(scratch / "data", options=FAST)
    try:
        url = server.admin_dsn_of("postgres")
        original = scratch / "unmutated"
        shutil.copytree(SOURCE, original, ignore=LEFT_OUT)  # whoever edits the checkout meanwhile changes nothing here
        # pytest refuses all tests when it does not know one: those of a mutant that is told about anyway are left out
        tests = sorted({t for m in mutants if not misplaced(m, original) for t in m.tests})
        began = time.monotonic()
        wrong = await unmutated(tests, original, scratch, url)
        print(f"unmutated: {len(tests) - len(wrong)} of {len(tests)} tests pass, {time.monotonic() - began:.0f} s")
        for test, why in wrong.items():
            print(f"  {test}: {why}")

        async def guarded(mutant: Mutant) -> None:
            bad = [t for t in mutant.tests if t in wrong]
            async with gate:
                if bad:
                    result = Result(mutant.name, Verdict.BROKEN, f"does not pass unmutated: {bad[0]}", 0.0)
                else:
                    result = await one(mutant, original, scratch, url)
            results.append(result)
            why = result.why.splitlines()[0][:110] if result.verdict is Verdict.CAUGHT else result.why
            print(f"{result.verdict:8}  {result.mutant:30} {result.seconds:5.1f} s  {why}")

        async with asyncio.TaskGroup() as group:
            for mutant in mutants:
                group.create_task(guarded(mutant))
    finally:
        await server.release()
        shutil.rmtree(scratch, ignore_errors=True)
    return results


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────────

MARKS = ("<!-- mutants -->", "<!-- end of mutants -->")


def table() -> str:
    rows = ["| bug | what it would do | where it is put | the tests that catch it |", "|---|---|---|---|"]
    for m in MUTANTS:
        names = "; ".join(f"`{t.split('::')[0].removeprefix('tests/')}` {t.split('::')[-1]}" for t in m.tests)
        rows.append(f"| {m.name} | {m.means} | `{m.file.removeprefix('crossdock/')}` | {names} |")
    return "\n".join(rows)


def drawn(page: str) -> str:
    before, rest = page.split(MARKS[0])
    return f"{before}{MARKS[0]}\n{table()}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"


def check() -> list[str]:
    """What is wrong with the catalogue, without running anything."""
    wrong = [f"{m.name}: {why}" for m in MUTANTS if (why := misplaced(m, SOURCE))]
    doubled = {m.name for m in MUTANTS if sum(n.name == m.name for n in MUTANTS) > 1}
    wrong += [f"{name}: the name is used twice" for name in sorted(doubled)]
    page = PAGE.read_text(encoding="utf-8")
    if drawn(page) != page:
        wrong.append(f"docs/{PAGE.name} is not the catalogue: run tests/mutants/run.py --docs")
    return wrong


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[m.name for m in MUTANTS], help="these mutants")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts here")
    parser.add_argument("--check", action="store_true", help="only look whether every mutant still has its place")
    parser.add_argument("--docs", action="store_true", help="only write the table of docs/mutants.md")
    asked = parser.parse_args()
    if asked.docs:
        PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    wrong = check()
    for line in wrong:
        print(line)
    if asked.check:
        return 1 if wrong else 0
    began = time.monotonic()
    results = asyncio.run(whole([m for m in MUTANTS if not asked.only or m.name in asked.only]))
    count = {v: sum(r.verdict is v for r in results) for v in Verdict}
    took = round(time.monotonic() - began)
    print(f"mutants: {', '.join(f'{n} {v.lower()}' for v, n in count.items())}; {took} s")
    if asked.json:
        plain: dict[str, Any] = {"seconds": took, **{v.lower(): n for v, n in count.items()}}
        plain["mutants"] = [asdict(r) for r in sorted(results, key=lambda r: r.mutant)]
        asked.json.write_text(json.dumps(plain, indent=2) + "\n")
    return 1 if wrong or count[Verdict.CAUGHT] < len(results) else 0


if __name__ == "__main__":
    sys.exit(main())
