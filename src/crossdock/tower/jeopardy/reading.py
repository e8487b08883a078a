"""What the pages and programs read: the orders at risk, and one order's plan beside what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError
from crossdock.tower import cursors

SQL = queries("crossdock.tower.jeopardy", "jeopardy.sql")

LEVELS = ("critical", "high", "missed", "watch")
# Name → expression and type; none is ever null. The gravest first is the way in.
SORTS: Mapping[str, tuple[str, str]] = {
    "level": ("array_position(array['watch', 'missed', 'high', 'critical'], level)", "int"),
    "money": ("coalesce(money, 0)", "numeric"),
    "days_late": ("days_late", "int"),
    "promised_on": ("coalesce(promised_on, '9999-12-31'::date)", "date"),
    "expected_on": ("coalesce(expected_on, '9999-12-31'::date)", "date"),
    "customer": ("lower(customer)", "text"),
    "order": ("lpad(order_no, 40)", "text"),
    "since": ("coalesce(since, 'epoch'::timestamptz)", "timestamptz"),
}
DEFAULT_SORT = "-level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    level: str | None = None
    site: str | None = None
    customer: str | None = None
    partner: str | None = None
    channel: str | None = None
    type: str | None = None
    step: str | None = None
    q: str | None = None

    def conditions(self, values: list[Any]) -> str:
        """SQL that follows `where`; what it compares with is added to `values`."""
        said: list[str] = []

        def add(condition: str, value: Any) -> None:
            if value:
                values.append(value)
                said.append(condition.format(f"${len(values)}"))

        add("level = {}", self.level)
        add("{} = any (sites)", self.site)
        add("customer_id = {}", self.customer)
        add("partner_id = {}", self.partner)
        add("channel = {}", self.channel)
        add("order_type = {}", self.type)
        add("step = {}", self.step)
        add("(order_no ilike {0} or po ilike {0} or customer ilike {0} or reason ilike {0})", cursors.like(self.q))
        return " and ".join(said) or "true"


@dataclass(frozen=True, slots=True)
class Page:
    """money: by currency, of all that fit."""

    items: list[dict[str, Any]]
    next: str | None
    total: int
    money: dict[str, Decimal]


async def find(
    tx: Tx, tenant_id: str, wanted: Filter, *, sort: str = DEFAULT_SORT, limit: int = 50, cursor: str | None = None
) -> Page:
    """One page. Raises PartnerError for an unknown sort or a cursor that is not ours."""
    down, name = sort.startswith("-"), sort.removeprefix("-")
    if name not in SORTS:
        found = Finding("list.sort", "?sort", f"one of {', '.join(SORTS)}", sort[:40], "Choose one of these")
        raise PartnerError([found])
    expression, type_ = SORTS[name]
    values: list[Any] = [tenant_id]
    where = wanted.conditions(values)
    counted = await tx.fetch(
        f"{SQL['at_risk']} select currency, count(*) as n, coalesce(sum(money), 0) as money from r where {where}"
        " group by 1",
        *values,
    )
    way, beyond = ("desc", "<") if down else ("asc", ">")
    value, order = cursors.read(cursor, sort)
    values += [value, order, limit + 1]
    n = len(values)
    rows = await tx.fetch(
        f"{SQL['at_risk']} select *, ({expression})::text as sort_value from r where {where}"
        f" and (${n - 2}::text is null or ({expression}, order_no) {beyond} (${n - 2}::text::{type_}, ${n - 1}::text))"
        f" order by {expression} {way}, order_no {way} limit ${n}",
        *values,
    )
    shown = rows[:limit]
    after = cursors.make(sort, shown[-1]["sort_value"], shown[-1]["order_no"]) if len(rows) > limit else None
    total = sum(r["n"] for r in counted)
    return Page([_item(r) for r in shown], after, total, {r["currency"]: r["money"] for r in counted})


async def counts(tx: Tx, tenant_id: str) -> dict[str, Any]:
    """{levels: {level: orders}, money: {currency: amount}} of what is at risk and not over yet."""
    rows = await tx.fetch(SQL["counts"], tenant_id)
    levels = dict.fromkeys(LEVELS, 0)
    money: dict[str, Decimal] = {}
    for r in rows:
        levels[r["level"]] += r["orders"]
        if r["level"] in ("high", "critical"):
            money[r["currency"]] = money.get(r["currency"], Decimal(0)) + r["money"]
    return {"levels": levels, "money": money}


async def plan_of(tx: Tx, tenant_id: str, order: str) -> dict[str, Any]:
    """The plan of an order by version, beside what happened and what is expected. Raises NotFound."""
    actual = await tx.fetchrow(SQL["actual"], tenant_id, order)
    if actual is None:
        raise NotFound("No such order")
    risk = await tx.fetchrow(SQL["one"], tenant_id, order)
    versions = [
        {
            "version": p["version"], "made_at": p["made_at"], "why": p["why"], "promised_on": p["promised_on"],
            "site": p["site"], "service": p["service"], "lead_days": p["lead_days"],
            "steps": exactjson.loads(p["steps"]), "assumed": exactjson.loads(p["assumed"]),
        }
        for p in await tx.fetch(SQL["plans"], tenant_id, order)
    ]  # fmt: skip
    happened = {
        "validated": actual["validated_at"], "credit": actual["credit_cleared_at"], "released": actual["released_at"],
        "picked": actual["picked_at"] or actual["shipped_at"], "shipped": actual["shipped_at"],
        "delivered": actual["completed_at"], "invoiced": actual["invoiced_at"],
    }  # fmt: skip
    by = {s["step"]: s["by"] for s in versions[0]["steps"]} if versions else {}
    seen = "[]" if risk is None or risk["over"] else str(risk["expected"] or "[]")
    then = {s["step"]: s["at"] for s in exactjson.loads(seen)}
    return {
        "order": order, "promised_on": actual["promised_on"] or actual["requested_on"],
        "steps": [
            {"step": name, "planned": by.get(name), "actual": at, "expected": None if at else then.get(name)}
            for name, at in happened.items()
        ],
        "risk": None if risk is None else _risk(risk), "versions": versions,
    }  # fmt: skip


def _risk(row: Any) -> dict[str, Any]:
    return {
        "level": row["level"], "step": row["step"], "rule": row["rule"], "reason": row["reason"],
        "promised_on": row["promised_on"], "expected_on": None if row["over"] else row["expected_on"],
        "days_late": row["days_late"], "money": row["money"], "currency": row["currency"],
        "could": exactjson.loads(row["could"]), "since": row["since"], "looked_at": row["looked_at"],
        "case": None if row["case_id"] is None else str(row["case_id"]), "case_number": row["case_number"],
        "over": row["over"],
    }  # fmt: skip


def _item(row: Any) -> dict[str, Any]:
    return {
        "order": row["order_no"], "po": row["po"], "customer_id": row["customer_id"], "customer": row["customer"],
        "channel": row["channel"], "site": row["site"], "service": row["service"], "type": row["order_type"],
        "level": row["level"], "step": row["step"], "rule": row["rule"], "reason": row["reason"],
        "promised_on": row["promised_on"], "expected_on": row["expected_on"], "days_late": row["days_late"],
        "money": row["money"], "currency": row["currency"], "could": exactjson.loads(row["could"]),
        "since": row["since"], "case": None if row["case_id"] is None else str(row["case_id"]),
        "case_number": row["case_number"],
    }  # fmt: skip
