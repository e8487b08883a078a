"""Many instances like one: copies of its rows in every table, under identifiers and business keys of their own.

Starting a million instances one by one would measure the starting. An original is started, and parked where that is
wanted, by the product; what it then is in the database is copied with its identifier and its business key replaced
wherever they stand, so a copy is a row for row equal that wakes, runs and ends as any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crossdock.errors import SetupError

CHUNK = 50_000

_TABLES = """
select c.relname as table, array_agg(a.attname::text order by a.attnum) as columns,
       array_agg(format_type(a.atttypid, null) order by a.attnum) as types
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where n.nspname = 'crossdock' and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0
  and not a.attisdropped and a.attidentity = '' and a.attgenerated = ''
  and exists (select from pg_attribute x where x.attrelid = c.oid and x.attname = 'instance_id' and not x.attisdropped)
group by c.relname order by (c.relname = 'instance') desc, c.relname"""

# Version 7, so that the copies lie in the indexes as born one after the other.
_NAMES = """
create temp table bench_copy on commit drop as
select o.tenant_id, o.instance_id as old_id, o.key as old_key,
       (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid as new_id,
       'B-' || lpad(($4 + n)::text, 9, '0') as new_key
from generate_series($5::bigint, $6::bigint) n,
     lateral (select md5(random()::text || n::text) as h) r,
     lateral (select x.* from unnest($1::text[], $2::uuid[], $3::text[]) with ordinality
              as x (tenant_id, instance_id, key, place)
              where x.place = 1 + n % array_length($1::text[], 1)) o"""


@dataclass(frozen=True, slots=True)
class Original:
    """key: its business key, which its data may hold as well; `B-` and nine digits."""

    tenant: str
    instance_id: UUID
    key: str


async def multiply(admin: Any, originals: Sequence[Original], copies: int, numbered_from: int) -> list[Original]:
    """So many copies, taking the originals in turn. admin: a connection that sees all tenants.

    Raises SetupError when the stored state does not show its identifier: its copies would then claim to be it.
    """
    made: list[Original] = []
    if copies <= 0:
        return made
    tables = await admin.fetch(_TABLES)
    tenants, instances = [o.tenant for o in originals], [o.instance_id for o in originals]
    await _check(admin, originals[0])
    for first in range(1, copies + 1, CHUNK):
        last = min(copies, first + CHUNK - 1)
        async with admin.transaction():
            await admin.execute("set local synchronous_commit = off")
            await admin.execute(_NAMES, tenants, instances, [o.key for o in originals], numbered_from, first, last)
            await admin.execute("analyze bench_copy")
            for table in tables:
                columns, types = table["columns"], table["types"]
                values = ", ".join(_value(c, t) for c, t in zip(columns, types, strict=True))
                names = ", ".join(f'"{c}"' for c in columns)
                await admin.execute(
                    f'insert into crossdock."{table["table"]}" ({names}) select {values} from bench_copy m'
                    f' join crossdock."{table["table"]}" x'
                    " on x.tenant_id = m.tenant_id and x.instance_id = m.old_id"
                )
            made += [Original(*r) for r in await admin.fetch("select tenant_id, new_id, new_key from bench_copy")]
    return made


def _value(column: str, type_: str) -> str:
    quoted = f'x."{column}"'
    if column == "instance_id":
        return "m.new_id"
    renamed = "replace(replace(%s, m.old_id::text, m.new_id::text), m.old_key, m.new_key)"
    match type_:
        case "text":
            return renamed % quoted
        case "json" | "jsonb":
            return renamed % f"{quoted}::text" + f"::{type_}"
        case "bytea":
            text = renamed % f"convert_from({quoted}, 'UTF8')"
            return f"convert_to({text}, 'UTF8')"
        case _:
            return quoted


async def _check(admin: Any, original: Original) -> None:
    state = await admin.fetchval(
        "select state from crossdock.instance where tenant_id = $1 and instance_id = $2",
        original.tenant, original.instance_id,
    )  # fmt: skip
    if state is not None and str(original.instance_id).encode() not in state:
        raise SetupError("Expected an instance's stored state to be JSON that names it, found another form.")
