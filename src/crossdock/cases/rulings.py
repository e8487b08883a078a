"""The decision tables about cases: how urgent one is, whose it is, and within which time it must be ended; and those
about promises: what carriers and steps take, and when a promise at risk becomes a case (crossdock.tower.jeopardy).

Each is shipped (crossdock.library/tables) and a tenant may put its own in its place. A version is checked whole before
it counts and is never edited; a case keeps the rule that hit with its table and version. A table that cannot decide
about a case keeps no case from being opened: what stands in its place says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from crossdock import audit, exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.flow import durations
from crossdock.rules import Rulebook, load
from crossdock.rules.evaluation import Answer, RulebookError

SQL = queries("crossdock.cases", "rulings.sql")

PRIORITY, ASSIGNMENT, CLOCK = "case-priority", "case-assignment", "case-clock"
LEAD_TIME, STEP_TIME, JEOPARDY = "lead-time", "step-time", "jeopardy"
OF_CASES = (PRIORITY, ASSIGNMENT, CLOCK)
NAMES = (*OF_CASES, LEAD_TIME, STEP_TIME, JEOPARDY)
LEVELS = ("none", "watch", "high", "critical", "missed")
WAYS = ("round-robin", "least-loaded")
LIMIT_BYTES = 500_000
# Every input that a table may use, as an ordinary case has them: a new version must decide about it.
SAMPLE: Mapping[str, Any] = {
    "kind": "order-invalid", "queue": "order-desk", "severity": "medium", "reason": "", "tier": "", "customer": "",
    "site": "", "partner": "", "team": "order-desk", "money": None, "money_text": "", "hours_to_promise": None,
    "promise_text": "", "hours_to_due": None, "clock_text": "", "age_hours": 0, "age_text": "", "orders": 0,
    "reopened": 0,
}  # fmt: skip


# The same for the tables about promises: an ordinary order.
SAMPLES: Mapping[str, Mapping[str, Any]] = {
    LEAD_TIME: {
        "service": "", "site": "", "origin_country": "", "origin_region": "", "country": "", "region": "",
        "postal_code": "",
    },
    STEP_TIME: {"step": "picked", "tier": "", "channel": "", "site": "", "lines": 1},
    JEOPARDY: {
        "known": True, "breached": False, "days_late": 0, "hours_left": None, "money": None, "tier": "", "step": "",
        "channel": "",
    },
}  # fmt: skip
MOST_LEAD_DAYS = 120


@dataclass(frozen=True, slots=True)
class Ruled:
    """One table as it counts for a tenant. put_by "": the shipped one."""

    name: str
    version: str
    document: Any
    put_by: str
    put_at: datetime | None


async def current(tx: Tx, tenant_id: str) -> Rulebook:
    """The three tables of a tenant."""
    own = {r["name"]: (str(r["version"]), str(r["document"])) for r in await tx.fetch(SQL["current"], tenant_id)}
    return _book(tuple((name, *own.get(name, shipped(name))) for name in NAMES))


async def every(tx: Tx, tenant_id: str) -> list[Ruled]:
    own = {r["name"]: r for r in await tx.fetch(SQL["current"], tenant_id)}
    return [_ruled(name, own.get(name)) for name in NAMES]


async def get(tx: Tx, tenant_id: str, name: str) -> Ruled:
    """Raises NotFound."""
    _known(name)
    return next(r for r in await every(tx, tenant_id) if r.name == name)


async def put(tx: Tx, tenant_id: str, name: str, document: Any, by: str, now: datetime) -> Ruled:
    """Makes the document the next version of a table. Raises PartnerError with everything that is wrong with it."""
    _known(name)
    await tx.execute(SQL["one_at_a_time"], f"case-rules/{tenant_id}/{name}")
    version = int(await tx.fetchval(SQL["last"], tenant_id, name)) + 1
    text = _checked(name, str(version), document)
    await tx.execute(SQL["put"], tenant_id, name, version, text, by, now)
    await audit.record(tx, tenant_id, by, "case-rules.put", name, {"version": version})
    return Ruled(name, str(version), exactjson.loads(text), by, now)


def attempt(name: str, document: Any, value: Mapping[str, Any]) -> Answer:
    """What a document would decide, without storing it. Raises PartnerError; input that is not given is an ordinary
    case's.
    """
    _known(name)
    text = _checked(name, "draft", document)
    try:
        return Rulebook([load(name, "draft", text.encode())]).evaluate(name, {**sample(name), **value})
    except RulebookError as e:
        raise PartnerError([_finding(name, "input that the table takes", str(e), "Mend the input")]) from e


def sample(name: str) -> Mapping[str, Any]:
    """Every input that a table of this name may use."""
    return SAMPLES.get(name, SAMPLE)


def shipped(name: str) -> tuple[str, str]:
    text = files("crossdock.library").joinpath("tables", f"{name}.json").read_text(encoding="utf-8")
    return str(exactjson.loads(text)["metadata"]["version"]), text


def _ruled(name: str, row: Any) -> Ruled:
    if row is None:
        version, text = shipped(name)
        return Ruled(name, version, exactjson.loads(text), "", None)
    return Ruled(name, str(row["version"]), exactjson.loads(row["document"]), row["put_by"], row["put_at"])


def _known(name: str) -> None:
    if name not in NAMES:
        raise NotFound(f"No table {name!r} about cases; there are {', '.join(NAMES)}")


def _checked(name: str, version: str, document: Any) -> str:
    """The document as text with its version written in. Raises PartnerError."""
    if not isinstance(document, dict):
        raise PartnerError([_finding(name, "a decision table (JDM JSON)", type(document).__name__, "Send an object")])
    given = cast("dict[str, Any]", document)
    stated = cast("dict[str, Any]", given["metadata"]) if isinstance(given.get("metadata"), dict) else {}
    text = exactjson.text(given | {"metadata": {**stated, "name": name, "version": version}})
    if len(text) > LIMIT_BYTES:
        raise PartnerError([_finding(name, f"at most {LIMIT_BYTES} characters", str(len(text)), "Drop rules")])
    table = load(name, version, text.encode())
    try:
        answer = Rulebook([table]).evaluate(name, sample(name))
    except RulebookError as e:
        raise PartnerError([_finding(name, "an answer about an ordinary case", str(e), "Require only kind")]) from e
    if problems := _problems(name, answer.output):
        raise PartnerError([_finding(name, *problem) for problem in problems])
    return text


def _problems(name: str, output: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Of an answer: (expected, found, fix)."""
    match name:
        case "case-priority":
            rows: Any = output.get("result")
            if not isinstance(rows, list):
                return [("hit policy collect", "first", "Collect: all rows that hit are added up")]
            wrong = [r for r in cast("list[Any]", rows) if not _points(r)]
            return [("points (a number) and because (a text)", exactjson.text(r)[:200], "Mend the row") for r in wrong]
        case "case-assignment":
            if not isinstance(output.get("team"), str) or not output["team"]:
                return [("a team for every case", exactjson.text(output)[:200], "End with a row that always hits")]
            if output.get("how") not in WAYS:
                return [(" or ".join(WAYS), str(output.get("how")), "Say how the team's people share the work")]
            return []
        case "lead-time":
            days = output.get("days")
            if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= MOST_LEAD_DAYS:
                return [(f"working days from 0 to {MOST_LEAD_DAYS} as `days`", str(days), "Mend the row")]
            return []
        case "jeopardy":
            if output.get("level") not in LEVELS:
                return [(f"one of {', '.join(LEVELS)} as `level`", str(output.get("level")), "Mend the row")]
            return []
        case _:
            within = output.get("within")
            if within and durations.parse(within) is None:
                return [("a duration such as PT8H as `within`", str(within), "Mend the row")]
            return []


def _points(row: Any) -> bool:
    match row:
        case {"points": points, "because": str()}:
            return not isinstance(points, bool | str | None)
        case _:
            return False


def _finding(name: str, expected: str, found: str, fix: str) -> Finding:
    return Finding("case-rules", name, expected, found, fix)


@lru_cache(maxsize=256)
def _book(tables: tuple[tuple[str, str, str], ...]) -> Rulebook:
    """The same texts are compiled once a process, whoever's they are: a table holds nothing but its text."""
    return Rulebook([load(name, version, text.encode()) for name, version, text in tables])
