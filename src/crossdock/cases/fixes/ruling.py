"""A row of a decision table as a fix: the table with it, how what waits would be decided, which decisions of late it
would change, and how it is taken back.

The row goes the way of any change of a table (cases.decisiontables): a draft of who asked, checked with its test cases,
published by who may, who is somebody else where the table `publishing` asks for four eyes. The first decision that the
row makes is kept as a test case, so that whoever changes the table next is told what the row is for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec

from crossdock import exactjson
from crossdock.cases import decisiontables
from crossdock.cases.editions import LIBRARY, version_text
from crossdock.cases.fixes.fix import DecisionRow
from crossdock.db import Tx, queries
from crossdock.engine import payloads
from crossdock.errors import Conflict, Finding, PartnerError
from crossdock.flow.payloads import NAMED, Payloads
from crossdock.rules import Rulebook, RulebookError, checking
from crossdock.rules.tracing import Tried

SQL = queries("crossdock.cases.fixes", "ruling.sql")
RECENT = 500  # decisions of late that are made anew
NAMED_OF_LATE = 20
PUBLISHER = "admin"  # whoever may publish (policy: definition.publish)
ABOUT = ("table", "version", "hit")  # of a decision's answer what is about it


@dataclass(frozen=True, slots=True)
class Question:
    """What an instance asked of a table the last time. output: what it was answered, {} when that failed."""

    at: str
    table: str
    input: Any
    hit: str
    output: Mapping[str, Any]


class Moved(msgspec.Struct, frozen=True):
    """A decision of late that would be another. before, after: the rows that hit."""

    order: str
    before: str
    after: str
    outputs: dict[str, list[Any]]


class OfLate(msgspec.Struct, frozen=True, kw_only=True):
    """of: decisions of late that were made anew. changed: how many would be others; moved: the newest of them.

    against: the version that the row would change. renewed: test cases that would say otherwise. four_eyes: why
    somebody else has to publish it, "" when nobody needs to.
    """

    of: int
    changed: int
    moved: list[Moved]
    against: int
    renewed: list[str]
    four_eyes: str


# ── what was asked ───────────────────────────────────────────────────────────────────────────────────────────────


async def asked(tx: Tx, tenant_id: str, instance_id: UUID, table: str) -> Question | None:
    """The last question to the table, or with "" to any table."""
    row = await tx.fetchrow(SQL["asked"], tenant_id, instance_id, table)
    if row is None:
        return None
    texts = (row["arguments"], row["output"])
    large = Payloads()
    if any(t is not None and NAMED.decode() in t for t in texts):
        large = await payloads.read(tx, tenant_id, instance_id, texts)
    given = cast("Mapping[str, Any]", large.value(row["arguments"]))
    answered: Any = large.value(row["output"]) if row["output"] else {}
    output: Mapping[str, Any] = cast("Mapping[str, Any]", answered) if isinstance(answered, dict) else {}
    hits = cast("Sequence[Mapping[str, Any]]", output.get("hit") or ())
    hit = ", ".join(str(h["rule"]) for h in hits)
    return Question(
        row["at"], str(given["decision"]), given.get("input"), hit, {k: v for k, v in output.items() if k not in ABOUT}
    )


@dataclass(frozen=True, slots=True)
class Ruled:
    """How a question is answered now. error: why it is not. changed: outputs, before and after."""

    hit: str
    error: str
    changed: Mapping[str, tuple[Any, Any]]

    @property
    def text(self) -> str:
        return ", ".join(f"{name} {_shown(was)} becomes {_shown(now)}" for name, (was, now) in self.changed.items())


def decide(book: Rulebook, question: Question) -> Ruled:
    try:
        answer = book.evaluate(question.table, question.input)
    except RulebookError as e:
        return Ruled("", str(e), {})
    names = sorted({*question.output, *answer.output})
    changed = {
        k: (question.output.get(k), answer.output.get(k))
        for k in names
        if question.output.get(k) != answer.output.get(k)
    }
    return Ruled(", ".join(h.rule for h in answer.hit), "", changed)


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "") else exactjson.text(value)[:60]


# ── the table with the row ───────────────────────────────────────────────────────────────────────────────────────


def with_row(document: Any, fix: DecisionRow) -> tuple[dict[str, Any], str]:
    """The document with the row, and the row's id. Raises PartnerError for columns and rows that are not there."""
    changed = cast("dict[str, Any]", exactjson.loads(exactjson.text(document)))
    place = fix.replaces or fix.above
    grids = [n["content"] for n in checking.table_nodes(changed)]
    grid = next((g for g in grids if any(r["_id"] == place for r in g["rules"])), None) if place else None
    if place and grid is None:
        where = "/fix/replaces" if fix.replaces else "/fix/above"
        rows = ", ".join(str(r["_id"]) for g in grids for r in g["rules"])
        raise PartnerError([Finding("fix.row", where, f"a row of {fix.table}: {rows}"[:500], place, "Name one of it.")])
    grid = grid or next(g for g in grids)
    columns = [str(c["id"]) for part in ("inputs", "outputs") for c in grid.get(part, [])]
    if unknown := sorted(set(fix.row) - {*columns, "_id", "_description"}):
        expected = f"columns of {fix.table}: {', '.join(columns)}"
        raise PartnerError([Finding("fix.column", "/fix/row", expected, ", ".join(unknown), "Name one of them.")])
    rules: list[dict[str, Any]] = grid["rules"]
    there = {str(r["_id"]) for g in grids for r in g["rules"]}
    ident = fix.replaces or next(i for n in range(1, len(there) + 2) if (i := f"fix-{n}") not in there)
    new = {"_id": ident, "_description": fix.row.get("_description", ""), **{c: fix.row.get(c, "") for c in columns}}
    at = next((n for n, r in enumerate(rules) if r["_id"] == place), 0)
    rules[at : at + 1 if fix.replaces else at] = [new]
    return changed, ident


async def make(
    tx: Tx, tenant_id: str, fix: DecisionRow, instances: Sequence[UUID], by: str, publisher: str, now: datetime,
    note: str, *, against: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Puts the table with the row in force. instances: the first of them whose decision the row makes is its test case.

    against: the version that was shown. Returns what takes it back. Raises PartnerError with all that keeps it from
    being published, Conflict for a draft or another version in force, Refused when somebody else must publish it.
    """
    before, document, tests, ident = await _changed(tx, tenant_id, fix, instances)
    if against is not None and before != against:
        raise Conflict(f"The table {fix.table} was changed since it was shown: {called(before)} is in force.")
    base = version_text(before) if before != LIBRARY else "library"
    draft = await decisiontables.save_draft(
        tx, tenant_id, fix.table, document, tests, by, now, note=note, revision=0, base=base
    )
    await decisiontables.publish(tx, tenant_id, fix.table, draft.version, publisher, now, note=note)
    return {"before": before, "version": draft.version, "row": ident}


async def _changed(
    tx: Tx, tenant_id: str, fix: DecisionRow, instances: Sequence[UUID]
) -> tuple[int, dict[str, Any], list[Any], str]:
    """(version in force, the document with the row, its test cases, the row's id)."""
    before = await decisiontables.in_force(tx, tenant_id, fix.table)
    if before is None:
        text = "`crossdock table list` names them."
        raise PartnerError([Finding("fix.table", "/fix/table", "a decision table in force", fix.table, text)])
    if any(v["status"] == "draft" for v in await decisiontables.versions(tx, tenant_id, fix.table)):
        raise Conflict(f"Somebody has a draft of the table {fix.table}: publish or discard it first.")
    found = await decisiontables.get(tx, tenant_id, fix.table, before)
    document, ident = with_row(found.document, fix)
    tests = list(cast("list[dict[str, Any]]", found.tests))  # of a version that was published: a list of cases
    around = await decisiontables.book(tx, tenant_id)
    checked = decisiontables.check(around, fix.table, document, tests)
    if checked.table is None:  # a cell that does not compile: told with its column
        errors = [r for r in checked.remarks if r.severity is checking.Severity.ERROR]
        raise PartnerError([Finding(r.code, f"/fix/row/{r.column}", r.expected, r.found, r.fix) for r in errors])
    if fix.tests == "renew" and checked.tried:
        tests = [_renewed(t, tried) if tried.differences else t for t, tried in zip(tests, checked.tried, strict=True)]
    book = decisiontables.around_with(around, checked.table)
    for instance in instances:
        question = await asked(tx, tenant_id, instance, fix.table)
        if question is not None and decide(book, question).hit == ident:
            answer = book.evaluate(fix.table, question.input)
            name = _unused(f"{ident}: {fix.row.get('_description') or 'as it was asked'}", tests)
            case = {"name": name, "input": question.input, "hit": [ident], "expect": dict(answer.output)}
            tests.append(case)
            break
    return before, document, tests, ident


def _renewed(test: dict[str, Any], tried: Tried) -> dict[str, Any]:
    """A test case that says what the table with the row answers."""
    wanted = cast("dict[str, Any]", test.get("expect") or {})
    expect = {k: tried.output[k] for k in wanted if k in tried.output}
    return {**test, "hit": list(tried.hit), **({"expect": expect} if "expect" in test else {})}


def _unused(name: str, tests: Sequence[Mapping[str, Any]]) -> str:
    there = {str(t.get("name")) for t in tests}
    return (
        name if name not in there else next(n for i in range(2, len(there) + 3) if (n := f"{name} ({i})") not in there)
    )


def called(version: int) -> str:
    return version_text(version) if version != LIBRARY else "the library's version"


# ── what it would change besides ─────────────────────────────────────────────────────────────────────────────────


async def of_late(tx: Tx, tenant_id: str, fix: DecisionRow, made: Mapping[str, Any]) -> OfLate:
    """made: as the row was put in force a moment ago, in a transaction that is rolled back."""
    before = await decisiontables.get(tx, tenant_id, fix.table, made["before"])
    after = await decisiontables.get(tx, tenant_id, fix.table, made["version"])
    around = await decisiontables.book(tx, tenant_id)
    recorded = await decisiontables.recorded(tx, tenant_id, fix.table, RECENT)
    differing = decisiontables.compare(around, fix.table, before.document, after.document, recorded)
    moved = [
        Moved(
            d.recorded.order, ", ".join(d.before), ", ".join(d.after),
            {k: [_shown(was), _shown(now)] for k, (was, now) in d.outputs.items()},
        )
        for d in differing[:NAMED_OF_LATE]
    ]  # fmt: skip
    both = zip(cast("list[dict[str, Any]]", before.tests), cast("list[dict[str, Any]]", after.tests), strict=False)
    renewed = [str(is_.get("name") or f"case {n}") for n, (was, is_) in enumerate(both, 1) if was != is_]
    return OfLate(
        of=len(recorded), changed=len(differing), moved=moved, against=made["before"], renewed=renewed,
        four_eyes=decisiontables.four_eyes(around, "decision-table", fix.table),
    )  # fmt: skip


async def take_back(
    tx: Tx, tenant_id: str, fix: DecisionRow, made: Mapping[str, Any], by: str, now: datetime
) -> str:  # fmt: skip
    """The version before is put in force again, while the one with the row still is."""
    current = await decisiontables.in_force(tx, tenant_id, fix.table)
    if current != made["version"]:
        return (
            f"The table {fix.table} was changed since ({called(current or LIBRARY)} is in force), and stays as it is."
        )
    note = f"takes back {called(made['version'])}: a fix is taken back"
    await decisiontables.publish(tx, tenant_id, fix.table, made["before"], by, now, note=note)
    return f"The row is out of the table {fix.table} again: {called(made['before'])} is in force."
