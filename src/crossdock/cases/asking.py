"""Who is asked, and when they hear of it again: the decision table `approvals`, a tenant's own or the shipped one.

The table is asked with what an approval is about, {kind, role, amount, currency, data}, and answers

    steps         [{role, people, need}], one after the other or all at once (`order`)
    due_in, remind_in, escalate_in, expire_in    durations, in open time of the first `calendar` that exists
    escalate_to   the role or the person who may decide too from then on
    tolerance     percent by which a number may change before what was approved has to be approved again
    stands_for    how long an approval given stands for the same thing asked once more
    mail          off; sign-in: a link that asks to sign in; link: one that does without

A table that is put is compiled whole, as every table is; what it answers is checked each time it is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, cast

from crossdock import audit, exactjson
from crossdock.cases import calendars, deadlines
from crossdock.cases.common import Misuse
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.flow import durations
from crossdock.policy import Role
from crossdock.rules import Rulebook, businesstime, load, votes
from crossdock.rules.evaluation import RulebookError
from crossdock.rules.table import version_of
from crossdock.rules.votes import Order, Step

SQL = queries("crossdock.cases", "asking.sql")

TABLE = "approvals"
ROLES = (Role.APPROVER, Role.ADMIN)  # who decides at all: policies.cedar
MAIL = ("off", "sign-in", "link")
STANDS_FOR = timedelta(days=30)
FIELDS = frozenset(
    {"steps", "order", "due_in", "remind_in", "escalate_in", "escalate_to", "expire_in", "calendar", "tolerance",
     "stands_for", "mail"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How one approval is asked. table: which version of which table said so, and by which rule."""

    steps: tuple[Step, ...]
    order: Order = Order.SEQUENCE
    due_at: datetime | None = None
    expires_at: datetime | None = None
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    escalate_to: str = ""
    tolerance: Decimal = Decimal(0)
    stands_for: timedelta = STANDS_FOR
    mail: Literal["off", "sign-in", "link"] = "off"
    table: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """version 0: the shipped table."""

    version: int
    document: Any
    note: str
    put_by: str
    put_at: datetime | None


class Wrong(Misuse):
    """The table answered what cannot be followed."""


async def terms(tx: Tx, tenant_id: str, usual: Rulebook, about: Mapping[str, Any], now: datetime) -> Terms:
    """about: {kind, role, amount, currency, data}. Raises Misuse naming the table and what is wrong with its answer."""
    row = await tx.fetchrow(SQL["latest"], tenant_id)
    book = usual if row is None else _book(row["document"])
    try:
        answer = book.evaluate(TABLE, about)
    except RulebookError as e:
        if row is None and e.code == "unknown-table":
            return Terms(steps=(Step(str(about["role"])),))
        raise Wrong(f"the table of approvals cannot be asked: {e}") from e
    version = f"{TABLE}/{row['version'] if row else f'shipped-{answer.version}'}"
    rule = answer.hit[0].rule if answer.hit else "none"
    try:
        return await _read(tx, tenant_id, answer.output, str(about["role"]), f"{version}/{rule}", now)
    except ValueError as e:
        raise Wrong(f"table {version}, rule {rule}: {e}") from e


async def _read(tx: Tx, tenant_id: str, given: Mapping[str, Any], role: str, table: str, now: datetime) -> Terms:
    if unknown := sorted(set(given) - FIELDS):
        raise ValueError(f"/{unknown[0]}: expected one of {', '.join(sorted(FIELDS))}")
    steps = votes.steps(given.get("steps") or [{}], role)
    for place, step in enumerate(steps):
        if step.role not in ROLES:
            raise ValueError(f"/steps/{place}/role: expected {' or '.join(ROLES)}, found {step.role!r}")
    wanted = _names(given.get("calendar"))
    calendar = await calendars.first(tx, tenant_id, wanted) if wanted else None

    def after(name: str) -> datetime | None:
        span = _span(given, name)
        try:
            return None if span is None else deadlines.later(calendar, now, span)
        except (businesstime.NeverOpen, businesstime.TooFar, OverflowError) as e:
            raise ValueError(f"/{name}: {e}") from e

    tolerance: Any = given.get("tolerance") or 0
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | Decimal) or not 0 <= tolerance <= 100:
        raise ValueError(f"/tolerance: expected percent from 0 to 100, found {tolerance!r}")
    return Terms(
        steps=steps,
        order=Order(_word(given, "order", tuple(Order), Order.SEQUENCE)),
        due_at=after("due_in"),
        expires_at=after("expire_in"),
        remind_at=after("remind_in"),
        escalate_at=after("escalate_in"),
        escalate_to=str(given.get("escalate_to") or ""),
        tolerance=Decimal(tolerance),
        stands_for=_span(given, "stands_for") or STANDS_FOR,
        mail=cast("Any", _word(given, "mail", MAIL, "off")),
        table=table,
    )


def _span(given: Mapping[str, Any], name: str) -> timedelta | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    span = durations.parse(value)
    if span is None or span <= timedelta(0):
        raise ValueError(f"/{name}: expected a duration such as PT4H, found {value!r}")
    return span


def _word(given: Mapping[str, Any], name: str, words: tuple[str, ...], default: str) -> str:
    value = given.get(name) or default
    if value not in words:
        raise ValueError(f"/{name}: expected {' or '.join(words)}, found {value!r}")
    return str(value)


def _names(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    names = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(n, str) and n for n in names):
        raise ValueError(f"/calendar: expected names of calendars, found {value!r}")
    return names


# ── the table itself ────────────────────────────────────────────────────────────────────────────────────────────


async def put(tx: Tx, tenant_id: str, document: Any, note: str, by: str, now: datetime) -> int:
    """Makes the document the tenant's table from now on; what is asked already stays as it was asked.

    Returns its version, the same as before for the same document. Raises PartnerError with everything wrong with it.
    """
    text = exactjson.text(document)
    _book(text)
    if unknown := sorted(_outputs(document) - FIELDS):
        finding = Finding(
            "approvals.output", "/nodes", f"outputs among {', '.join(sorted(FIELDS))}", ", ".join(unknown),
            "Name the output as one of them.",
        )  # fmt: skip
        raise PartnerError([finding])
    await tx.execute(SQL["one_at_a_time"], f"approval-table/{tenant_id}")
    before = await tx.fetchrow(SQL["latest"], tenant_id)
    if before is not None and before["document"] == text:
        return before["version"]
    version = 1 if before is None else before["version"] + 1
    await tx.execute(SQL["put"], tenant_id, version, text, note, by, now)
    await audit.record(tx, tenant_id, by, "approval-table.put", TABLE, {"version": version, "note": note})
    return version


async def current(tx: Tx, tenant_id: str) -> Stored:
    row = await tx.fetchrow(SQL["latest"], tenant_id)
    if row is None:
        return Stored(0, shipped().table(TABLE).document, "", "system:library", None)
    return Stored(row["version"], exactjson.loads(row["document"]), row["note"], row["put_by"], row["put_at"])


async def get(tx: Tx, tenant_id: str, version: int) -> Stored:
    row = await tx.fetchrow(SQL["version"], tenant_id, version)
    if row is None:
        raise NotFound(f"No version {version} of the table of approvals")
    return Stored(row["version"], exactjson.loads(row["document"]), row["note"], row["put_by"], row["put_at"])


async def preview(tx: Tx, tenant_id: str, document: Any, about: Mapping[str, Any], now: datetime) -> Terms:
    """What a table would ask, without anybody being asked. document: None: the one in force."""
    try:
        if document is None:
            return await terms(tx, tenant_id, shipped(), about, now)
        answer = _book(exactjson.text(document)).evaluate(TABLE, about)
        rule = answer.hit[0].rule if answer.hit else "none"
        return await _read(tx, tenant_id, answer.output, str(about["role"]), f"{TABLE}/preview/{rule}", now)
    except (RulebookError, ValueError, Misuse) as e:
        finding = Finding(
            "approvals.table", "/", "an answer that can be followed", str(e)[:300], "Correct the table, or the input."
        )
        raise PartnerError([finding]) from e


@cache
def shipped() -> Rulebook:
    """The table that comes with Crossdock, which decides for a tenant without one of its own."""
    source = files("crossdock.library").joinpath("tables", f"{TABLE}.json").read_bytes()
    return Rulebook([load(TABLE, version_of(source), source)])


def _outputs(document: Any) -> set[str]:
    return {
        str(column.get("field"))
        for node in document["nodes"]
        if node.get("type") == "decisionTableNode"
        for column in node["content"].get("outputs", [])
    }


@lru_cache(maxsize=64)
def _book(text: str) -> Rulebook:
    """Compiled once a process: the text is the key, so a tenant's new version is another."""
    source = text.encode()
    return Rulebook([load(TABLE, version_of(source), source)])
