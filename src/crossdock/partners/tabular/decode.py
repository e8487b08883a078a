"""A table into orders: by the map of its partner, or the one map that fits."""

from collections.abc import Mapping

from crossdock.canonical.order import Purpose
from crossdock.partners import profiles
from crossdock.partners.jsonorder import change, other_customer
from crossdock.partners.lineage import InCell, Origin
from crossdock.partners.maps.editions import Book, ReadBy, read_by
from crossdock.partners.model import Context, Decoded, Format, Issue, error, hold, shown
from crossdock.partners.profiles import CUSTOMER, Identifier, Profile
from crossdock.partners.tabular import map as maps
from crossdock.partners.tabular import read
from crossdock.partners.tabular.map import Field, Header, Read, Row, TableMap


def decode(raw: bytes, context: Context, format_: Format) -> list[Decoded]:
    partner_id = context.partner.id if context.partner else ""
    available = {**(context.maps or maps.shipped()), **(context.book.tables(partner_id) if context.book else {})}
    known = {h for m in available.values() for h in m.headers}
    own = fixed_width(context)
    if own is not None and format_ is not Format.XLSX:
        table = read.fixed(raw, own.layout, own.line)
    elif format_ is Format.XLSX:
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
    by = _read_by(map_, context, partner_id)
    return [_decoded(i, o, context, format_, map_, head, table.what, by) for i, o in enumerate(orders)]


def _read_by(map_: TableMap, context: Context, partner_id: str) -> ReadBy | None:
    """None for a map that was given by itself, with no version."""
    try:
        found = (context.book or Book()).find(map_.id, partner_id)
    except KeyError:
        return None
    return read_by(found) if found.declared == map_ else None


def _trail(read_: Read, head: Header) -> tuple[Origin, ...]:
    """Of an order all of whose rows became lines; of a value that several rows repeat, the first."""
    order = read_.order
    if order is None or len(order.lines) != len(read_.rows):
        return ()
    found: list[Origin] = []

    def add(pointer: str, row: Row, column: Field) -> None:
        if column in row.cells and column in head.columns:
            found.append(Origin(pointer, InCell(row.number, head.names[column], head.columns[column])))

    for column, pointer in HEADER.items():
        row = next((r for r in read_.rows if column in r.cells), None)
        if row is not None:
            add(pointer, row, column)
    for place, (line, row) in enumerate(zip(order.lines, read_.rows, strict=True)):
        for column, name in LINE.items():
            add(f"/lines/{place}/{name}", row, column)
        for at, item in enumerate(line.items):
            column = next(f for f, s in maps.ITEMS.items() if s is item.scheme)
            add(f"/lines/{place}/items/{at}/value", row, column)
    return tuple(found)


HEADER = {
    Field.PO: "/number",
    Field.ORDERED_ON: "/ordered_on",
    Field.REQUESTED_ON: "/requested_on",
    Field.CANCEL_AFTER: "/cancel_after",
    Field.CURRENCY: "/currency",
    Field.NOTES: "/notes",
    Field.SHIP_TO_NAME: "/parties/0/address/name",
    Field.SHIP_TO_STREET: "/parties/0/address/lines/0",
    Field.SHIP_TO_CITY: "/parties/0/address/city",
    Field.SHIP_TO_REGION: "/parties/0/address/region",
    Field.SHIP_TO_POSTAL_CODE: "/parties/0/address/postal_code",
    Field.SHIP_TO_COUNTRY: "/parties/0/address/country",
}
LINE = {
    Field.LINE: "number",
    Field.QUANTITY: "quantity",
    Field.UNIT: "unit",
    Field.UNIT_PRICE: "unit_price",
    Field.DESCRIPTION: "description",
    Field.REQUESTED_ON: "requested_on",
}


def fixed_width(context: Context) -> TableMap | None:
    """The partner's map, where it declares the places of a text of fixed width."""
    available = context.maps or maps.shipped()
    own = available.get(context.partner.map) if context.partner is not None and context.partner.map else None
    return own if own is not None and own.layout else None


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
            return error(
                "map.header",
                "row 1",
                f"columns for {wanted} (map {own.id})",
                first,
                "Send these columns, or map those that came.",
            )
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
    index: int, read_: Read, context: Context, format_: Format, map_: TableMap, head: Header, what: str,
    by: ReadBy | None,
) -> Decoded:  # fmt: skip
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
        read_by=by,
        trail=_trail(read_, head) if context.trace else (),
        parsed={
            "read_as": what,
            "map": map_.id,
            "columns": {f.value: name for f, name in head.names.items()},
            "rows": [{"row": r.number, **{f.value: v[:500] for f, v in r.cells.items()}} for r in read_.rows[:2000]],
        },
    )
