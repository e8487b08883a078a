"""Workflows in the making: drafts that are saved as one writes, checked by the linter, played on scenarios with faked
calls, and published under a new version number. A published version is never edited: instances run on theirs to the
end.

Taking back publishes the text of the version before under a new number, so that what starts next follows it again and
the order of versions stays the order in which they counted.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from crossdock import audit
from crossdock.cases import checks, decisiontables, messages
from crossdock.cases import functions as people
from crossdock.cases.decisiontables import LONGEST_NOTE
from crossdock.cases.signatures import SIGNATURES
from crossdock.connect import roles
from crossdock.db import Tx, queries
from crossdock.engine import definitions
from crossdock.engine.definitions import Programs
from crossdock.engine.functions import COMPENSATE
from crossdock.engine.scenarios import watching
from crossdock.engine.scenarios.files import Loaded
from crossdock.errors import Conflict, Finding, NotFound, PartnerError, Refused
from crossdock.flow import graph as drawing
from crossdock.flow import lint as linter
from crossdock.flow import program as programs
from crossdock.flow import yaml12
from crossdock.flow.jq import FallbackEvaluator
from crossdock.flow.outcomes import Immediate
from crossdock.flow.program import DefinitionError, Program
from crossdock.rules import Rulebook

SQL = queries("crossdock.cases", "drafting.sql")

_NUMBER = re.compile(r"""^(version['"]?\s*:\s*)(['"]?)[0-9A-Za-z.+-]+\2""")
MOST_CHARACTERS = 400_000
MOST_SCENARIOS = 200
CONTEXT_LINES = 3
_FUNCTIONS = frozenset(roles.OPERATIONS) | frozenset(SIGNATURES) | {COMPENSATE, "http", "openapi"}


@dataclass(frozen=True, slots=True)
class Version:
    version: str
    published_at: datetime
    running: int


@dataclass(frozen=True, slots=True)
class Draft:
    """revision 0: nothing is saved yet; source is then the newest version's text under its next number."""

    namespace: str
    name: str
    source: str
    scenarios: str
    base: str
    note: str
    revision: int
    authors: tuple[str, ...]
    saved_by: str
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A node of the graph, with the lines of the text that are its task."""

    id: str
    label: str
    kind: str
    line: int | None
    last_line: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """program: None while there are errors. names: of the scenarios; findings: what is wrong with their file."""

    remarks: tuple[linter.Remark, ...]
    program: Program | None
    stages: tuple[Stage, ...]
    edges: tuple[drawing.Edge, ...]
    names: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """kind: same, gone, new, or skip for lines that are the same and left out. Numbers count from 1."""

    kind: str
    before: int | None
    after: int | None
    text: str


# ── to read ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def get(tx: Tx, tenant_id: str, namespace: str, name: str) -> Draft:
    """The draft, or what one begins with. Raises NotFound when there is neither draft nor published version."""
    row = next(iter(await tx.fetch(SQL["drafts"], tenant_id, namespace, name)), None)
    if row is not None:
        return _draft(row)
    there = await tx.fetch(SQL["versions"], tenant_id, namespace, name)
    if not there:
        raise NotFound("No such workflow.")
    newest = there[0]
    number = following([r["version"] for r in there])
    tests = await scenarios_of(tx, tenant_id, namespace, name, newest["version"], newest["source"])
    source = renumbered(newest["source"], number)
    return Draft(namespace, name, source, tests, newest["version"], "", 0, (), "", None)


async def drafts(tx: Tx, tenant_id: str) -> list[Draft]:
    return [_draft(r) for r in await tx.fetch(SQL["drafts"], tenant_id, None, None)]


async def versions(tx: Tx, tenant_id: str, namespace: str, name: str) -> list[Version]:
    """Newest first: new instances begin with the first of them."""
    rows = await tx.fetch(SQL["versions"], tenant_id, namespace, name)
    return [Version(r["version"], r["published_at"], r["running"]) for r in rows]


async def history(tx: Tx, tenant_id: str, namespace: str, name: str) -> list[Mapping[str, Any]]:
    return [dict(r) for r in await tx.fetch(SQL["history"], tenant_id, namespace, name)]


async def source_of(tx: Tx, tenant_id: str, namespace: str, name: str, version: str) -> str:
    """As it was published. Raises NotFound."""
    row = await tx.fetchrow(definitions.SQL["definition"], tenant_id, namespace, name, version)
    if row is None:
        raise NotFound("No such version of a workflow.")
    return row["source"]


async def scenarios_of(tx: Tx, tenant_id: str, namespace: str, name: str, version: str, source: str) -> str:
    """Those published with the version, or the library's for a shipped one; empty where there are none."""
    stored = await tx.fetchval(SQL["scenarios"], tenant_id, namespace, name, version)
    if stored is not None:
        return stored
    folder = files("crossdock.library").joinpath("workflows")
    shipped, beside = folder.joinpath(f"{name}.yaml"), folder.joinpath(f"{name}.test.yaml")
    if shipped.is_file() and beside.is_file() and shipped.read_text(encoding="utf-8") == source:
        return beside.read_text(encoding="utf-8")
    return ""


async def children(tx: Tx, tenant_id: str, known: Programs) -> list[Program]:
    rows = await tx.fetch(SQL["newest"], tenant_id)
    return [await known.get(tx, tenant_id, r["namespace"], r["name"], r["version"]) for r in rows]


def _draft(row: Any) -> Draft:
    return Draft(
        row["namespace"], row["name"], row["source"], row["scenarios"], row["base"], row["note"], row["revision"],
        tuple(row["authors"]), row["saved_by"], row["saved_at"],
    )  # fmt: skip


# ── to check and to try ─────────────────────────────────────────────────────────────────────────────────────────


def look(source: str, tests: str, fallback: FallbackEvaluator | None) -> Looked:
    """Everything the linter says, and the graph as far as the text can be read."""
    wrong = programs.validate(source, "draft", fallback)
    program: Program | None = None
    if not wrong:
        program = programs.load(source, "draft", fallback)
        wrong = checks.arguments(program, source)
    remarks = tuple(linter.lint(source, "draft", _FUNCTIONS, fallback, wrong))
    if any(r.severity is linter.Severity.ERROR for r in remarks):
        program = None
    stages: tuple[Stage, ...] = ()
    edges: tuple[drawing.Edge, ...] = ()
    if program is not None:
        drawn = drawing.graph(program)
        stages, edges = tuple(_placed(drawn, source)), drawn.edges
    names: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    if tests.strip():
        try:
            names = tuple(s.name for s in watching.read(tests).file.scenarios)
        except DefinitionError as e:
            findings = tuple(e.findings)
    return Looked(remarks, program, stages, edges, names, findings)


def _placed(drawn: drawing.Graph, source: str) -> list[Stage]:
    read, lines = yaml12.read(source, "draft"), source.splitlines()
    found: list[Stage] = []
    for node in drawn.nodes:
        if not node.pointer:
            found.append(Stage(node.id, node.label, node.kind, None, None))
            continue
        line, column = (int(p) for p in read.where(node.pointer).rsplit(":", 2)[1:])
        found.append(Stage(node.id, node.label, node.kind, line, _last_line(lines, line, column)))
    return found


def _last_line(lines: Sequence[str], first: int, column: int) -> int:
    """Of the block whose key stands there: until something stands further to the left."""
    last = first
    for number in range(first + 1, len(lines) + 1):
        text = lines[number - 1]
        if not text.strip():
            continue
        if len(text) - len(text.lstrip()) < column - 1:
            break
        last = number
    return last


def computing(book: Rulebook) -> Mapping[str, Immediate]:
    """What computes for real while a scenario is played: by the tables as they are in force."""
    every = people.catalogue(book, messages.load())
    return {name: function for name, function in every.items() if isinstance(function, Immediate)}


async def play_all(
    loaded: Loaded, program: Program, functions: Mapping[str, Immediate], others: Sequence[Program]
) -> list[watching.Watched]:
    return [
        await watching.watch(loaded, s.name, program, functions, others) for s in loaded.file.scenarios[:MOST_SCENARIOS]
    ]


def difference(before: str, after: str) -> list[Line]:
    old, new = before.splitlines(), after.splitlines()
    found: list[Line] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        if found or group[0][1] > 0:
            found.append(Line("skip", None, None, ""))
        for tag, a, b, c, d in group:
            if tag == "equal":
                found += [Line("same", a + n + 1, c + n + 1, text) for n, text in enumerate(old[a:b])]
                continue
            found += [Line("gone", a + n + 1, None, text) for n, text in enumerate(old[a:b])]
            found += [Line("new", None, c + n + 1, text) for n, text in enumerate(new[c:d])]
    return found


# ── to write ────────────────────────────────────────────────────────────────────────────────────────────────────


async def save(
    tx: Tx, tenant_id: str, namespace: str, name: str, source: str, tests: str, by: str, now: datetime, *,
    note: str = "", revision: int | None = None, base: str = "",
) -> Draft:  # fmt: skip
    """It may be wrong: it is saved as one writes. Conflict, with who changed it, when the revision is another."""
    if len(source) > MOST_CHARACTERS or len(tests) > MOST_CHARACTERS:
        found = f"{max(len(source), len(tests))}"
        raise PartnerError([_finding("/source", f"at most {MOST_CHARACTERS} characters", found, "Split the workflow")])
    await tx.execute(SQL["lock"], tenant_id, namespace, name)
    row = next(iter(await tx.fetch(SQL["drafts"], tenant_id, namespace, name)), None)
    if revision is not None and revision != (row["revision"] if row else 0):
        who = f"{row['saved_by']} saved it" if row else "it was published or discarded"
        raise Conflict(f"The draft has changed meanwhile: {who}. Read it again, then make your change once more.")
    await tx.execute(SQL["save"], tenant_id, namespace, name, source, tests, base, note[:LONGEST_NOTE], by, now)
    if row is None or row["saved_by"] != by:  # it is saved every few seconds: the trail says who, not how often
        await audit.record(tx, tenant_id, by, "definition.save", f"{namespace}/{name}", {"base": base})
    return await get(tx, tenant_id, namespace, name)


async def discard(tx: Tx, tenant_id: str, namespace: str, name: str, by: str) -> None:
    await tx.execute(SQL["lock"], tenant_id, namespace, name)
    if await tx.fetchval(SQL["discard"], tenant_id, namespace, name) is None:
        raise NotFound("There is no draft of this workflow.")
    await audit.record(tx, tenant_id, by, "definition.discard", f"{namespace}/{name}", {})


async def publish(
    tx: Tx, tenant_id: str, draft: Draft, revision: int, watched: Sequence[watching.Watched],
    fallback: FallbackEvaluator | None, by: str, now: datetime, note: str,
) -> str:  # fmt: skip
    """Publishes the draft as it was played. revision: that was looked at.

    Raises DefinitionError, PartnerError with the scenarios that fail, Refused when somebody else must
    do it, Conflict when the draft has changed since or the number is taken.
    """
    if not watched:
        raise PartnerError([_finding("/scenarios", "at least one scenario", "none", "Add one: it says what it is for")])
    failing = [w.name for w in watched if w.differences]
    if failing:
        said = f"{len(failing)} fail: {', '.join(failing[:5])}"
        raise PartnerError(
            [_finding("/scenarios", "every scenario to pass", said, "Mend the workflow, or the scenario")]
        )
    key = (tenant_id, draft.namespace, draft.name)
    await tx.execute(SQL["lock"], *key)
    current = await get(tx, *key)
    if not draft.revision or not (current.revision == draft.revision == revision):
        raise Conflict("The draft has changed since its scenarios were played. Look at it again, then publish it.")
    eyes = decisiontables.four_eyes(await decisiontables.book(tx, tenant_id), "workflow", draft.name)
    if eyes and by in draft.authors:
        raise Refused(f"Somebody else has to publish it: {eyes}. It was written by {', '.join(draft.authors)}.")
    program = programs.load(draft.source, "draft", fallback)
    if (program.namespace, program.name) != (draft.namespace, draft.name):
        found = f"{program.namespace}/{program.name}"
        raise PartnerError([_finding("/document", f"{draft.namespace}/{draft.name}", found, "Name it as before")])
    if any(v.version == program.version for v in await versions(tx, *key)):
        number = following([v.version for v in await versions(tx, *key)])
        raise Conflict(f"Version {program.version} is published already: give it a new number, such as {number}.")
    await _put(tx, tenant_id, draft.source, draft.scenarios, fallback, by, now, note)
    await tx.execute(SQL["discard"], *key)
    return program.version


async def take_back(
    tx: Tx,
    tenant_id: str,
    namespace: str,
    name: str,
    fallback: FallbackEvaluator | None,
    by: str,
    now: datetime,
    note: str,
) -> str:
    """Publishes the version before the newest once more, under a new number. Returns the number."""
    await tx.execute(SQL["lock"], tenant_id, namespace, name)
    rows = await tx.fetch(SQL["versions"], tenant_id, namespace, name)
    if len(rows) < 2:
        raise Conflict("No other version of this workflow was published before; there is nothing to go back to.")
    newest, before = rows[0], rows[1]
    number = following([r["version"] for r in rows])
    tests = await scenarios_of(tx, tenant_id, namespace, name, before["version"], before["source"])
    said = f"takes back {newest['version']}: as {before['version']}" + (f". {note}" if note else "")
    await _put(tx, tenant_id, renumbered(before["source"], number), tests, fallback, by, now, said)
    return number


async def _put(
    tx: Tx,
    tenant_id: str,
    source: str,
    tests: str,
    fallback: FallbackEvaluator | None,
    by: str,
    now: datetime,
    note: str,
) -> None:
    made = await definitions.publish(tx, tenant_id, source, "draft", fallback, checks.all_of)
    await tx.execute(SQL["keep_scenarios"], tenant_id, made.namespace, made.name, made.version, tests)
    await tx.execute(SQL["activate"], tenant_id, made.namespace, made.name, made.version, note[:LONGEST_NOTE], by, now)
    detail = {"version": made.version, "note": note[:LONGEST_NOTE]}
    await audit.record(tx, tenant_id, by, "definition.publish", f"{made.namespace}/{made.name}", detail)


# ── version numbers ─────────────────────────────────────────────────────────────────────────────────────────────


def following(known: Sequence[str]) -> str:
    """A number above all: the last part of the highest one counted up."""
    parsed = [tuple(int(p) for p in v.split(".")) for v in known if re.fullmatch(r"\d+(\.\d+)*", v)]
    if not parsed:
        return "1.0.0"
    *head, last = max(parsed)
    return ".".join(str(p) for p in (*head, last + 1))


def renumbered(source: str, version: str) -> str:
    """The text with another version number, and nothing else changed."""
    place = yaml12.read(source, "draft").where("/document/version")
    line, column = (int(p) for p in place.rsplit(":", 2)[1:])
    lines = source.splitlines(keepends=True)
    text = lines[line - 1]
    # where it stands is where its key does
    lines[line - 1] = text[: column - 1] + _NUMBER.sub(rf"\g<1>'{version}'", text[column - 1 :], count=1)
    return "".join(lines)


def _finding(where: str, expected: str, found: str, fix: str) -> Finding:
    return Finding("workflow", where, expected, found, fix)
