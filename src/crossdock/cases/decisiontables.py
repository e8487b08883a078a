"""A tenant's own decision tables: drafts that may be written anew, versions that never change, and which of them is in
force.

    draft → ready (when it is published)      draft → discarded

Publishing appends an activation; the last one of a table counts for instances that begin from then on, and those that
run decide to their end by what they began with (cases.editions). Version 0 is the library's. A draft may be wrong, what
is published is not: every cell compiles, every test case passes, and where the table `publishing` asks for four eyes,
somebody publishes who has not written it.

Tables that people's work is given by (`approvals`, `case-*`) are asked of their own stores, so publishing one of them
puts it there too; `bulk-fix` guards fixes in every tenant alike and is only shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, cast

from crossdock import audit, exactjson
from crossdock.cases import asking, rulings
from crossdock.cases.editions import LIBRARY, SQL, Editions, compiled, version_text
from crossdock.db import Tx
from crossdock.engine import payloads
from crossdock.errors import Conflict, Finding, NotFound, PartnerError, Refused
from crossdock.flow.payloads import NAMED, Payloads
from crossdock.rules import Rulebook, Table, checking, load, tracing
from crossdock.rules.evaluation import RulebookError
from crossdock.rules.table import SOURCE_LIMIT_BYTES, version_of

FIXED = ("bulk-fix",)
PUBLISHING = "publishing"
NAME = r"^[a-z][a-z0-9-]{0,62}$"
MOST_TESTS = 500
MOST_RECORDED = 500
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Version:
    """document and tests: as they were written. version 0: the library's."""

    table: str
    version: int
    status: str
    document: Any
    tests: Any
    base: str
    note: str
    revision: int
    authors: tuple[str, ...]
    saved_by: str
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Checked:
    """ready: it may be published as far as the table itself goes; `why_not` says what keeps it."""

    remarks: tuple[checking.Remark, ...]
    tried: tuple[tracing.Tried, ...]
    table: Table | None
    why_not: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision as it was made."""

    id: str
    order: str
    instance: str
    at: datetime
    version: str
    hit: tuple[str, ...]
    input: Any


@dataclass(frozen=True, slots=True)
class Differs:
    """Before and after: rows that hit, and outputs that differ, or why there is none."""

    recorded: Recorded
    before: tuple[str, ...]
    after: tuple[str, ...]
    outputs: Mapping[str, tuple[Any, Any]]


# ── the library's ───────────────────────────────────────────────────────────────────────────────────────────────


@cache
def shipped() -> Mapping[str, tuple[str, str]]:
    """Text and test cases by name."""
    folder = files("crossdock.library").joinpath("tables")
    found: dict[str, tuple[str, str]] = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".json") and not entry.name.endswith(".tests.json"):
            name = entry.name.removesuffix(".json")
            tests = folder.joinpath(f"{name}.tests.json").read_text(encoding="utf-8")
            found[name] = (entry.read_text(encoding="utf-8"), tests)
    return found


@cache
def library() -> Rulebook:
    sources = {name: text.encode() for name, (text, _) in shipped().items()}
    return Rulebook([load(name, version_of(source), source) for name, source in sources.items()])


def _library_version(name: str) -> Version:
    text, tests = shipped()[name]
    return Version(name, LIBRARY, "ready", exactjson.loads(text), exactjson.loads(tests), "", "", 1, (), "", None)


# ── to read ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def every(tx: Tx, tenant_id: str) -> list[dict[str, Any]]:
    """Each table with what is in force and its draft."""
    active = {r["table_name"]: r for r in await tx.fetch(SQL["in_force"], tenant_id)}
    versions: dict[str, list[Any]] = {}
    for row in await tx.fetch(SQL["versions"], tenant_id, None):
        versions.setdefault(row["table_name"], []).append(row)
    found: list[dict[str, Any]] = []
    for name in sorted({*shipped(), *versions}):
        now = active.get(name)
        force = int(now["version"]) if now is not None else (LIBRARY if name in shipped() else None)
        current: Any = (await get(tx, tenant_id, name, force)).document if force is not None else {}
        draft = next((v for v in versions.get(name, []) if v["status"] == "draft"), None)
        found.append({
            "name": name, "title": _title(current), "in_force": force, "shipped": name in shipped(),
            "editable": name not in FIXED, "draft": draft and draft["version"], "draft_by": draft and draft["saved_by"],
            "rows": _rows(current), "activated_by": now and now["activated_by"],
            "activated_at": now and now["activated_at"],
        })  # fmt: skip
    return found


async def get(tx: Tx, tenant_id: str, name: str, version: int) -> Version:
    """Raises NotFound."""
    if version == LIBRARY and name in shipped():
        return _library_version(name)
    row = await tx.fetchrow(SQL["version"], tenant_id, name, version)
    if row is None:
        raise NotFound("No such version of a decision table.")
    return Version(
        name, row["version"], row["status"], exactjson.loads(row["document"]), exactjson.loads(row["tests"]),
        row["base"], row["note"], row["revision"], tuple(row["authors"]), row["saved_by"], row["saved_at"],
    )  # fmt: skip


async def versions(tx: Tx, tenant_id: str, name: str) -> list[dict[str, Any]]:
    """Newest first, the library's last. Raises NotFound."""
    found = [dict(r) for r in await tx.fetch(SQL["versions"], tenant_id, name)]
    if name in shipped():
        found.append({
            "version": LIBRARY, "status": "ready", "base": "", "note": "", "revision": 1, "authors": [],
            "saved_by": "the library", "saved_at": None,
        })  # fmt: skip
    if not found:
        raise NotFound("No such decision table.")
    return found


async def history(tx: Tx, tenant_id: str, name: str) -> list[dict[str, Any]]:
    """Activations, newest first, each with how many running instances decide by it."""
    acts = [dict(r) for r in await tx.fetch(SQL["history"], tenant_id, name)]
    pinned = {int(r["tables_at"]): int(r["instances"]) for r in await tx.fetch(SQL["running"], tenant_id)}
    upper: int | None = None
    for act in acts:
        until = upper
        act["instances"] = sum(n for at, n in pinned.items() if at >= act["number"] and (until is None or at < until))
        upper = act["number"]
    return acts


async def in_force(tx: Tx, tenant_id: str, name: str) -> int | None:
    """None: nothing is, for a table of the tenant's own that was never published."""
    rows = await tx.fetch(SQL["in_force"], tenant_id)
    found = next((int(r["version"]) for r in rows if r["table_name"] == name), None)
    return found if found is not None else (LIBRARY if name in shipped() else None)


async def book(tx: Tx, tenant_id: str) -> Rulebook:
    """All tables as they are in force now."""
    known = Editions(library())
    await known.learn(tx, tenant_id)
    last = await tx.fetchval(SQL["last_number"], tenant_id)
    return known.book(tenant_id, last)


# ── to check and to try ─────────────────────────────────────────────────────────────────────────────────────────


def check(around: Rulebook, name: str, document: Any, tests: Any, before: Any = None) -> Checked:
    """around: the other tables, for one that asks them. before: the document in force, whose outputs are read."""
    found = checking.check(name, document)
    remarks = list(found.remarks)
    why: list[Finding] = []
    errors = sum(r.severity is checking.Severity.ERROR for r in remarks)
    if errors:
        why.append(
            _finding("/document", "a table of which every cell compiles", f"{errors} errors", "Mend what is named")
        )
    tried: list[tracing.Tried] = []
    cases = _cases(tests)
    if cases is None:
        why.append(_finding("/tests", f"at most {MOST_TESTS} cases {{name, input, hit, expect}}", "something else",
                            "Write the test cases as a list of objects"))  # fmt: skip
    if found.table is not None:
        if before is not None and (gone := sorted(_outputs(before) - _outputs(document))):
            remarks.append(checking.Remark(
                checking.Severity.WARNING, "rules.output-gone", "/nodes", "", "", "",
                "the outputs of the version in force", f"no output {', '.join(gone)}",
                "Processes may read it: keep the column, or change them first",
            ))  # fmt: skip
        try:
            tried = tracing.trials(around_with(around, found.table), found.table, cases or [])
        except PartnerError as e:  # it asks a table that is not there
            why += e.findings
        if cases is not None and not cases:
            why.append(_finding("/tests", "at least one test case", "none", "Add one: it says what the table is for"))
        if failed := [t.name for t in tried if t.differences]:
            why.append(_finding("/tests", "every test case to pass", f"{len(failed)} fail: {', '.join(failed[:5])}",
                                "Mend the table, or what the case expects"))  # fmt: skip
    return Checked(tuple(remarks), tuple(tried), found.table, tuple(why))


def _cases(tests: Any) -> list[Mapping[str, Any]] | None:
    if not isinstance(tests, list):
        return None
    listed = cast("list[Any]", tests)
    if len(listed) > MOST_TESTS or not all(isinstance(c, dict) for c in listed):
        return None
    cases = cast("list[Mapping[str, Any]]", listed)
    return cases if all(isinstance(c.get("expect", {}), dict) for c in cases) else None


def around_with(around: Rulebook, table: Table) -> Rulebook:
    """All tables, with this one in place of the one of its name."""
    return Rulebook([*(t for t in around.tables() if t.name != table.name), table])


def trace(around: Rulebook, name: str, document: Any, value: Any) -> tracing.Trace:
    """Raises PartnerError when the table, or the input, is wrong."""
    found = checking.check(name, document)
    if found.table is None:
        first = next(r for r in found.remarks)
        where = "/".join(p for p in (first.node, first.row, first.column) if p) or first.where
        raise PartnerError([Finding(first.code, where, first.expected, first.found, first.fix)])
    try:
        return tracing.trace(around_with(around, found.table), name, value)
    except RulebookError as e:
        raise PartnerError([_finding("/input", "an input that the table takes", str(e), "Mend the input")]) from e


async def recorded(tx: Tx, tenant_id: str, name: str, limit: int, order: str | None = None) -> list[Recorded]:
    """What processes asked of the table, newest orders first."""
    found: list[Recorded] = []
    for row in await tx.fetch(SQL["recorded"], tenant_id, name, order, min(limit, MOST_RECORDED)):
        texts = (row["arguments"], row["output"])
        large = Payloads()
        if any(t is not None and NAMED.decode() in t for t in texts):
            large = await payloads.read(tx, tenant_id, row["instance_id"], texts)
        given = cast("Mapping[str, Any]", large.value(row["arguments"]))
        output: Any = large.value(row["output"]) if row["output"] else {}
        known: Mapping[str, Any] = cast("Mapping[str, Any]", output) if isinstance(output, dict) else {}
        hit = tuple(str(h["rule"]) for h in cast("Sequence[Mapping[str, Any]]", known.get("hit") or ()))
        found.append(Recorded(
            f"{row['instance_id']}{row['at']}", row["order_no"], str(row["instance_id"]), row["called_at"],
            str(known.get("version") or ""), hit, given.get("input"),
        ))  # fmt: skip
    return found


def compare(around: Rulebook, name: str, before: Any, after: Any, of: Sequence[Recorded]) -> list[Differs]:
    """Those that the two documents decide differently; both decide anew. Raises PartnerError for a broken document."""
    tables = [checking.check(name, d) for d in (before, after)]
    for found in tables:
        if found.table is None:
            raise PartnerError([_finding("/document", "a table without errors", "errors", "Mend it first")])
    books = [around_with(around, t.table) for t in tables if t.table is not None]
    differing: list[Differs] = []
    for one in of:
        (hit1, out1), (hit2, out2) = (_decided(b, name, one.input) for b in books)
        if hit1 == hit2 and out1 == out2:
            continue
        outputs = {k: (out1.get(k), out2.get(k)) for k in sorted({*out1, *out2}) if out1.get(k) != out2.get(k)}
        differing.append(Differs(one, hit1, hit2, outputs))
    return differing


def _decided(book: Rulebook, name: str, value: Any) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    try:
        answer = book.evaluate(name, value)
    except RulebookError as e:
        return (), {"error": str(e)}
    return tuple(h.rule for h in answer.hit), answer.output


# ── to write ────────────────────────────────────────────────────────────────────────────────────────────────────


async def save_draft(
    tx: Tx, tenant_id: str, name: str, document: Any, tests: Any, by: str, now: datetime, *, note: str = "",
    revision: int | None = None, base: str = "",
) -> Version:  # fmt: skip
    """Writes the table's draft, or begins one. It may be wrong; a table and its cases are JSON all the same.

    revision: of the draft that was edited (0: there was none); Conflict, with who changed it, when it is another.
    """
    _editable(name)
    text, cases = exactjson.text(checking.stamped(document, name, checking.DRAFT)), exactjson.text(tests)
    if not isinstance(document, dict):
        raise PartnerError(
            [_finding("/document", "a decision table (JDM JSON)", type(document).__name__, "Send an object")]
        )
    if len(text) > SOURCE_LIMIT_BYTES or len(cases) > SOURCE_LIMIT_BYTES:
        raise PartnerError([_finding("/document", f"at most {SOURCE_LIMIT_BYTES} bytes", str(len(text)), "Split it")])
    await tx.execute(SQL["lock"], tenant_id)
    draft = await tx.fetchrow(SQL["draft"], tenant_id, name)
    if revision is not None and revision != (draft["revision"] if draft else 0):
        who = f"{draft['saved_by']} saved it" if draft else "it was published or discarded"
        raise Conflict(f"The draft has changed meanwhile: {who}. Read it again, then make your change once more.")
    if draft is not None:
        version = int(draft["version"])
        await tx.execute(SQL["save"], tenant_id, name, version, text, cases, note[:LONGEST_NOTE], by, now)
    else:
        version = int(await tx.fetchval(SQL["last"], tenant_id, name)) + 1
        await tx.execute(SQL["insert"], tenant_id, name, version, text, cases, base, note[:LONGEST_NOTE], by, now)
    await audit.record(tx, tenant_id, by, "table.save", name, {"version": version, "note": note[:LONGEST_NOTE]})
    return await get(tx, tenant_id, name, version)


async def publish(tx: Tx, tenant_id: str, name: str, version: int, by: str, now: datetime, *, note: str = "") -> None:
    """Puts a version in force for what begins from now on. Raises PartnerError with all that is wrong with it, Refused
    when somebody else must do it."""
    _editable(name)
    await tx.execute(SQL["lock"], tenant_id)
    chosen = await get(tx, tenant_id, name, version)
    if chosen.status == "discarded":
        raise Conflict(f"Version {version} was discarded.")
    around = await book(tx, tenant_id)
    if version != LIBRARY:
        why = list(check(around, name, chosen.document, chosen.tests).why_not)
        if why:
            raise PartnerError(why)
        if chosen.status == "draft" and (eyes := four_eyes(around, "decision-table", name)) and by in chosen.authors:
            raise Refused(f"Somebody else has to publish it: {eyes}. It was written by {', '.join(chosen.authors)}.")
        compiled(name, version, exactjson.text(chosen.document))
    await _own_store(tx, tenant_id, chosen, note, by, now)
    if chosen.status == "draft":
        await tx.execute(SQL["become"], tenant_id, name, version, "ready")
    await _activated(tx, tenant_id, name, version, note, by, now)


async def step_back(tx: Tx, tenant_id: str, name: str, by: str, now: datetime, *, note: str = "") -> int:
    """Takes the last activation back; that is an activation like any other. Returns the version in force."""
    _editable(name)
    await tx.execute(SQL["lock"], tenant_id)
    acts = await tx.fetch(SQL["history"], tenant_id, name)
    if not acts or (len(acts) == 1 and name not in shipped()):
        raise Conflict("No other version of this table was in force before; there is nothing to go back to.")
    version = int(acts[1]["version"]) if len(acts) > 1 else LIBRARY
    said = f"takes back {_called(int(acts[0]['version']))}" + (f": {note}" if note else "")
    await _own_store(tx, tenant_id, await get(tx, tenant_id, name, version), said, by, now)
    await _activated(tx, tenant_id, name, version, said, by, now)
    return version


async def discard(tx: Tx, tenant_id: str, name: str, version: int, by: str) -> None:
    await tx.execute(SQL["lock"], tenant_id)
    chosen = await get(tx, tenant_id, name, version)
    if chosen.status != "draft":
        raise Conflict(f"Version {version} is {chosen.status}, not a draft.")
    await tx.execute(SQL["become"], tenant_id, name, version, "discarded")
    await audit.record(tx, tenant_id, by, "table.discard", name, {"version": version})


async def adopt(tx: Tx, tenant_id: str, name: str, document: Any, note: str, by: str, now: datetime) -> None:
    """Keeps in the history what was put straight into the store of a table about people's work."""
    await tx.execute(SQL["lock"], tenant_id)
    current = await in_force(tx, tenant_id, name)
    tests: Any = []
    if current is not None:
        there = await get(tx, tenant_id, name, current)
        tests = there.tests
        if _plain(there.document) == _plain(document):
            return
    version = int(await tx.fetchval(SQL["last"], tenant_id, name)) + 1
    text = exactjson.text(checking.stamped(document, name, checking.DRAFT))
    await tx.execute(
        SQL["insert"], tenant_id, name, version, text, exactjson.text(tests), "", note[:LONGEST_NOTE], by, now
    )
    await tx.execute(SQL["become"], tenant_id, name, version, "ready")
    await _activated(tx, tenant_id, name, version, note, by, now)


def four_eyes(around: Rulebook, kind: str, name: str) -> str:
    """Why somebody else than its authors must publish it; "" when they may. The table `publishing` says so."""
    try:
        answer = around.evaluate(PUBLISHING, {"kind": kind, "name": name})
    except RulebookError as e:
        return f"the table {PUBLISHING!r} cannot be asked ({e})"
    return str(answer.output.get("because") or "policy") if answer.output.get("eyes") != 1 else ""


async def _activated(tx: Tx, tenant_id: str, name: str, version: int, note: str, by: str, now: datetime) -> None:
    number = await tx.fetchval(SQL["activate"], tenant_id, name, version, note[:LONGEST_NOTE], by, now)
    detail = {"version": _called(version), "note": note[:LONGEST_NOTE], "number": number}
    await audit.record(tx, tenant_id, by, "table.publish", name, detail)


async def _own_store(tx: Tx, tenant_id: str, chosen: Version, note: str, by: str, now: datetime) -> None:
    if chosen.table == asking.TABLE:
        await asking.put(tx, tenant_id, chosen.document, note, by, now)
    elif chosen.table in rulings.NAMES:
        await rulings.put(tx, tenant_id, chosen.table, chosen.document, by, now)


def _called(version: int) -> str:
    return version_text(version) if version != LIBRARY else "the library's"


def _editable(name: str) -> None:
    if name in FIXED:
        raise Conflict(f"The table {name!r} guards every tenant alike and is not edited.")


def _plain(document: Any) -> Any:
    return checking.stamped(document, "", "")


def _title(document: Any) -> str:
    stated = document.get("metadata") if isinstance(document, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return str(cast("Mapping[str, Any]", stated).get("title") or "") if isinstance(stated, dict) else ""


def _rows(document: Any) -> int:
    return sum(len(n["content"].get("rules", [])) for n in checking.table_nodes(document)) if document else 0


def _outputs(document: Any) -> set[str]:
    return {str(c.get("field")) for n in checking.table_nodes(document) for c in n["content"].get("outputs", [])}


def _finding(where: str, expected: str, found: str, fix: str) -> Finding:
    return Finding("table", where, expected, found, fix)
