"""A table into orders: by the map of its partner, or the one map that fits."""

from collections.abc import Mapping

from crossdock.canonical.order import Purpose
from crossdock.partners import profiles
from crossdock.partners.jsonorder import change, other_customer
from crossdock.partners.model import Context, Decoded, Format, Issue, error, hold, shown
from crossdock.partners.profiles import CUSTOMER, Identifier, Profile
from crossdock.partners.tabular import map as maps
from crossdock.partners.tabular import read
from crossdock.partners.tabular.map import Header, Read, TableMap


def decode(raw: bytes, context: Context, format_: Format) -> list[Decoded]:
    available = context.maps or maps.shipped()
    known = {h for m in available.values() for h in m.headers}
    if format_ is Format.XLSX:
        table = read.workbook(raw)
    else:
        table = read.text(raw, lambda cells: sum(maps.normal(c) in known for c in cells))
    if isinstance(table, Issue):
        return [Decoded(index=0, format=format_, partner=context.partner, issues=(table,))]
    chosen = _choose(context.partner, available, table)
    shape = {"read_as": table.what, "rows": [[n, *(c[:200] for c in cells[:50])] for n, cells in table.rows[:200]]}
    if isinstance(chosen, Issue):
        return [Decoded(index=0, format=format_, type="table", partner=context.partner, issues=(chosen,), parsed=shape)]
    map_, head = chosen
    orders = maps.apply(
        map_, head, table.rows, (context.partner.currency if context.partner else "") or context.currency
    )
    if not orders:
        found = error("order.none", f"row {table.rows[head.at][0]}", "rows below the header", "none", "Add the lines.")
        return [Decoded(index=0, format=format_, type="order", partner=context.partner, issues=(found,), parsed=shape)]
    return [_decoded(i, o, context, format_, map_, head, table.what) for i, o in enumerate(orders)]


def _choose(
    partner: Profile | None, candidates: Mapping[str, TableMap], table: read.Table
) -> tuple[TableMap, Header] | Issue:
    first = shown(", ".join(table.rows[0][1])) if table.rows else "nothing"
    if partner is not None and partner.map:
        own = candidates.get(partner.map)
        if own is None:
            return hold("map.missing", "the partner", f"the map {partner.map}", "no such map", "Declare it.")
        head = maps.header(own, table.rows)
        if head is None:
            wanted = ", ".join(sorted(own.required))
            return error("map.header", "row 1", f"columns for {wanted} (map {own.id})", first, "Send these columns.")
        return own, head
    fits = maps.choose(candidates.values(), table.rows)
    if len(fits) == 1:
        return fits[0]
    if not fits:
        text = f"columns of a declared map ({', '.join(sorted(candidates))})"
        return hold("map.unknown", "row 1", text, first, "Declare a map for this table, or name its columns so.")
    both = ", ".join(m.id for m, _ in fits)
    return hold("map.ambiguous", "row 1", "columns that fit one map", f"{first} fits {both}", "Name the partner's map.")


def _decoded(
    index: int, read_: Read, context: Context, format_: Format, map_: TableMap, head: Header, what: str
) -> Decoded:
    partner, sender = context.partner, None
    if read_.customer:
        sender = Identifier(CUSTOMER, read_.customer)
        if partner is None:
            partner = profiles.find(context.profiles, sender)
        if partner is None and context.adopt:
            partner = profiles.adopted(sender)
    issues = list(read_.issues)
    customer_id, allowed = profiles.customer(partner, read_.customer)
    if not allowed:
        issues.append(other_customer(f"row {read_.rows[0].number}", partner, read_.customer))
    if read_.order is not None and read_.order.purpose in {Purpose.CHANGE, Purpose.DUPLICATE}:
        issues.append(change(f"row {read_.rows[0].number}"))
    return Decoded(
        index=index,
        format=format_,
        type="order",
        sender=sender,
        partner=partner,
        customer_id=customer_id,
        order=read_.order,
        issues=tuple(issues),
        parsed={
            "read_as": what,
            "map": map_.id,
            "columns": {f.value: name for f, name in head.names.items()},
            "rows": [{"row": r.number, **{f.value: v[:500] for f, v in r.cells.items()}} for r in read_.rows[:2000]],
        },
    )
