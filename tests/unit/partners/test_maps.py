"""Maps both ways: what is written reads back as the same document, to the last digit."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings

from crossdock.partners import Context, Severity, decode
from crossdock.partners.edi import outbound
from crossdock.partners.maps import edi as maps
from crossdock.partners.maps.edi.language import Rule
from crossdock.partners.maps.paths import Path
from crossdock.partners.profiles import Identifier
from crossdock.partners.x12.write import Address, Numbers

from . import trade

HERE = Address(sender=Identifier("ZZ", "CROSSDOCK"), receiver=Identifier("14", "4012345000009"))
NOW = datetime(2026, 3, 4, 5, 6)
KINDS = {
    "x12-850": trade.orders("x12"),
    "x12-855": trade.responses("x12"),
    "x12-856": trade.despatches("x12"),
    "x12-810": trade.invoices("x12"),
    "x12-860": trade.changes("x12"),
    "x12-865": trade.responses("x12").map(trade.answered),
    "x12-943": trade.TRANSFERS,
    "x12-861": trade.receiving(),
    "x12-944": trade.receipts("x12"),
    "x12-204": trade.TENDERS,
    "x12-990": trade.ANSWERS,
    "x12-210": trade.FREIGHT,
    "x12-214": trade.statuses("x12"),
    "x12-824": trade.ADVICES,
    "x12-846": trade.INVENTORIES,
    "x12-940": trade.WAREHOUSE_ORDERS,
    "x12-945": trade.WAREHOUSE_ADVICES,
    "x12-820": trade.REMITTANCES,
    "edifact-orders": trade.orders("edifact"),
    "edifact-ordrsp": trade.responses("edifact"),
    "edifact-desadv": trade.despatches("edifact"),
    "edifact-ordchg": trade.changes("edifact"),
    "edifact-recadv": trade.receipts("edifact"),
    "edifact-invrpt": trade.stocks(),
    "edifact-iftsta": trade.statuses("edifact"),
    "edifact-invoic": trade.invoices("edifact"),
}
MAPS = [*KINDS, "x12-997", "x12-999", "edifact-contrl", "edifact-aperak"]


def written(map_id: str, content: maps.Canonical) -> bytes:
    document = outbound.document(map_id, content)
    if map_id.startswith("x12"):
        return outbound.x12([document], HERE, Numbers(interchange=7, group=8, sets=(9,)), NOW)
    return outbound.edifact_interchange([document], HERE, 7, [9], NOW)


def numbers(value: object) -> list[Decimal]:
    if isinstance(value, Decimal):
        return [value]
    if isinstance(value, tuple):
        return [n for v in value for n in numbers(v)]
    if is_dataclass(value):
        return [n for f in fields(value) for n in numbers(getattr(value, f.name))]
    return []


@pytest.mark.parametrize("map_id", KINDS)
def test_what_is_written_reads_back_as_the_same_document(map_id: str):
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(KINDS[map_id])
    def check(content: maps.Canonical) -> None:
        raw = written(map_id, content)
        [d] = decode(raw, "f", Context(adopt=True, currency="XXX"))
        assert d.of(Severity.ERROR) == (), raw
        read = d.order if d.order is not None else d.content
        assert read is not None
        assert read == content, raw
        assert numbers(read) == numbers(content)
        # and once more: the same bytes
        assert written(map_id, read) == raw

    check()


def names(path: Path, object_type: object) -> object:
    """The type at a path; fails when a name on the way is none of its fields."""
    for step in path:
        if step == ".":
            return object_type
        if isinstance(step, int):
            object_type = get_args(object_type)[0]
            continue
        inner = [t for t in (object_type, *get_args(object_type)) if is_dataclass(t)]
        assert inner, (path, step, object_type)
        hints = get_type_hints(inner[0])
        assert step in hints, (path, step)
        object_type = hints[step]
    return object_type


@pytest.mark.parametrize("map_id", MAPS)
def test_a_map_names_only_fields_that_exist(map_id: str):
    declared = maps.load(map_id)

    def check(rules: tuple[Rule, ...], object_type: object) -> None:
        for rule in rules:
            inner = object_type
            if rule.each:
                listed = names(rule.each, object_type)
                inner = get_args(listed)[0]
            for f in rule.fields:
                if f.constant is None:
                    names(f.path, inner)
                    if f.variant:
                        names(f.variant, inner)
            for pairs in rule.pairs:
                names(pairs.each, inner)
                if pairs.rest:
                    names(pairs.rest, inner)
            for f in rule.spread.fields if rule.spread else ():
                names(f.path, inner)
            check(rule.rules or (), inner)

    if map_id in {"edifact-desadv", "edifact-recadv"}:
        pytest.skip("its header and packages are put together by code; the property test covers it")
    if declared.object.__name__ == "PurchaseOrder":
        pytest.skip("references and notes are lists on the way; the property test covers it")
    check(declared.rules, declared.object)
