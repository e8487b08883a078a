"""Which fixes fit a cluster, filled in with what its cause says, so that a person has to say the rest only."""

from dataclasses import dataclass, field
from typing import Any, cast

from crossdock.cases import decisiontables
from crossdock.cases.casework import Case
from crossdock.cases.clusters.cause import Cause
from crossdock.cases.fixes import lasting, ruling
from crossdock.cases.fixes.carrying import AGAIN, AWAY, SQL, WITHOUT, Shape, shape
from crossdock.db import Tx
from crossdock.partners.maps import store as maps
from crossdock.rules import checking

PRICES = ("stated", "contract")


@dataclass(frozen=True, slots=True)
class Offer:
    """fix: filled in as far as the cause tells. choices: by member, what it may be; empty: any text."""

    kind: str
    fix: dict[str, Any]
    choices: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


async def of(tx: Tx, tenant_id: str, cause: Cause, sample: Case) -> list[Offer]:
    """The most particular first. sample: one of the cluster's cases."""
    actions = {str(a["id"]) for a in sample.actions}
    found: list[Offer] = []
    match shape(sample):
        case Shape.DOCUMENT:
            found += await _codes(tx, tenant_id, sample)
            found += [_reference("unit"), Offer("retry", {}), Offer("retry-with", {"data": {}}), Offer("skip", {})]
        case Shape.PROCESS:
            if cause.field.startswith("line."):
                found += _items(sample)
            found += [Offer("accept-price", {"basis": PRICES[0]}, {"basis": list(PRICES)})] * (actions >= set(PRICES))
            found += await _row(tx, tenant_id, sample)
            found += [Offer("retry", {})] * bool(actions & set(AGAIN))
            found += [Offer("retry-with", {"data": {}})] * bool(sample.editable)
            found += [Offer("skip", {})] * bool(actions & set(WITHOUT))
            found += [Offer("cancel", {})] * bool(actions & set(AWAY))
        case Shape.LOOKUP:
            table, cells = _evidence(sample, "table"), _evidence(sample, "key")
            row = {**_dict(sample.data), **_dict(cells)}
            found += [Offer("table-row", {"table": table, "row": row}), Offer("retry", {})]
            found += [Offer("retry-with", {"data": row})]
        case Shape.INSTANCE:
            found += [
                Offer("retry", {}), Offer("retry-with", {"data": {}}), Offer("restart", {"task": cause.field}),
                Offer("re-source", {"task": "availability"}), *await _row(tx, tenant_id, sample), Offer("cancel", {}),
                Offer("skip", {}),
            ]  # fmt: skip
        case Shape.DOUBT:
            pass
        case Shape.OTHER:
            found += [Offer("skip", {})] * bool(actions & set(WITHOUT)) + [Offer("cancel", {})] * bool(sample.order)
    if sample.order:
        system = cause.system or ""
        found.append(Offer("hand-over", {"system": system, "event": "crossdock.order.changed", "within_h": 24}))
    if partner := await _partner(tx, tenant_id, sample):
        found = [Offer(o.kind, {"partner": partner, **o.fix}, o.choices) if o.kind in LASTING else o for o in found]
    return found


async def _row(tx: Tx, tenant_id: str, sample: Case) -> list[Offer]:
    """The row that decided last, to be made another: above it, or instead where all rows that match are taken."""
    if sample.instance_id is None:
        return []
    question = await ruling.asked(tx, tenant_id, sample.instance_id, "")
    version = None if question is None else await decisiontables.in_force(tx, tenant_id, question.table)
    if question is None or version is None or question.table in decisiontables.FIXED:
        return []
    first = question.hit.partition(", ")[0]
    for node in checking.table_nodes((await decisiontables.get(tx, tenant_id, question.table, version)).document):
        for row in node["content"]["rules"]:
            if row["_id"] == first:
                cells = {str(k): str(v) for k, v in row.items() if k != "_id"}
                every = node["content"].get("hitPolicy") == "collect"
                where = {"above": "", "replaces": first} if every else {"above": first, "replaces": ""}
                said = {"table": question.table, "row": cells, **where, "tests": TESTS[0]}
                rows = [str(r["_id"]) for r in node["content"]["rules"]]
                return [Offer("decision-row", said, {"above": rows, "replaces": rows, "tests": list(TESTS)})]
    return []


TESTS = ("keep", "renew")
LASTING = ("cross-reference", "map-entry")


async def _partner(tx: Tx, tenant_id: str, sample: Case) -> str:
    """Whose words they are: an entry of one partner's names changes nothing for the others."""
    if shape(sample) is Shape.DOCUMENT:
        return str(_evidence(sample, "partner") or "")
    return str(await tx.fetchval(SQL["sender_of_order"], tenant_id, sample.order) or "") if sample.order else ""


def _reference(entry: str, theirs: str = "", qualifier: str = "") -> Offer:
    given = {"entry": entry, "theirs": theirs, "ours": "", "qualifier": qualifier}
    return Offer("cross-reference", given, {"entry": ["sku", "unit", "ship_to"]})


def _items(sample: Case) -> list[Offer]:
    """The first line that has a problem: its number as the partner gave it, and what the catalogue has instead."""
    wrong = {
        str(n.get("line")): n for n in _dicts(_evidence(sample, "lines")) if n.get("problem")
    }  # fmt: skip
    for line in _dicts(_dict(sample.data).get("lines")):
        about = wrong.get(str(line.get("line")))
        if about is None:
            continue
        if about.get("problem") == "unknown_unit":
            return [_reference("unit", str(line.get("unit") or ""))]
        items = _dicts(line.get("items"))
        if not items:
            continue
        item = items[-1]
        instead = [str(s) for s in cast("list[Any]", about.get("substitutes") or [])]
        given = {"item": str(item.get("value")), "by": instead[0] if instead else ""}
        return [
            _reference("sku", str(item.get("value")), str(item.get("scheme"))),
            Offer("substitute", given, {"by": instead} if instead else {}),
        ]
    return []


async def _codes(tx: Tx, tenant_id: str, sample: Case) -> list[Offer]:
    """The map and table of a code without a meaning, told by the codes that the finding says it knows."""
    partner, map_id = str(_evidence(sample, "partner") or ""), str(_evidence(sample, "map") or "")
    codes = [f for f in _dicts(_evidence(sample, "findings")) if f.get("code") == "map.code"]
    if not codes or not map_id:
        return []
    try:
        tables = lasting.tables_of((await maps.book(tx, tenant_id)).find(map_id, partner))
    except KeyError:
        return []
    known = str(codes[0].get("expected")).rpartition(": ")[2]
    named = [name for name, words in tables.items() if ", ".join(sorted(words)[:30]) == known]
    meanings = sorted({w for name in named for w in tables[name].values()})
    given = {"map": map_id, "table": named[0] if named else "", "code": str(codes[0].get("found")).strip("'"),
             "meaning": ""}  # fmt: skip
    return [Offer("map-entry", given, {"table": named or sorted(tables), "meaning": meanings})]


def _evidence(sample: Case, name: str) -> Any:
    return _dict(sample.evidence).get(name)


def _dict(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", v) for v in listed if isinstance(v, dict)]
