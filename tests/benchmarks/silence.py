"""What watching costs: a look for silence beside 100,000 answers that are awaited, and from a closing window to a case.

python tests/benchmarks/silence.py [how many]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from crossdock.cli import compose
from crossdock.cli.silence import Desk
from crossdock.partners.agreements import silence
from crossdock.settings import Settings

TENANTS = 20
DUE = 200

FILL = """
insert into crossdock.expectation (tenant_id, expectation_id, partner_id, owed_by, kind, document, subject, order_no,
  cause, opened_at, due_at, basis, state)
select 't' || n % $2, gen_random_uuid(), 'p' || n % 50, 'them', 'response', '855', 'PO-' || n, '', '850',
  crossdock.now(), crossdock.now() + case when n <= $3 then interval '-1 s' else interval '30 days' end,
  '{"basis": "contract"}', 'open'
from generate_series(1, $1) n
"""


async def main(many: int) -> None:
    with tempfile.TemporaryDirectory(dir="/var/lib") as folder:
        Path(folder).chmod(0o755)
        opened = await compose.open_database(Settings(data=Path(folder) / "data"))
        try:
            db, tenants = opened.db, [f"t{n}" for n in range(TENANTS)]
            async with db.transaction(*tenants) as tx:
                for tenant in tenants:
                    await tx.execute("insert into crossdock.tenant (tenant_id, name) values ($1, $1)", tenant)
                await tx.execute(FILL, many, TENANTS, DUE)
            async with db.transaction() as tx:
                now = await tx.fetchval("select crossdock.now()")
            began = time.perf_counter()
            opened_cases = await silence.run_due(db, Desk(), now)
            took = time.perf_counter() - began
            each_ms = took / opened_cases * 1e3
            print(f"{opened_cases} of {many} due in {TENANTS} tenants: {took:.2f} s, {each_ms:.1f} ms a case")
            looks: list[float] = []
            for _ in range(200):
                began = time.perf_counter()
                found = await silence.run_due(db, Desk(), now + timedelta(seconds=1))
                looks.append((time.perf_counter() - began) * 1e3)
                if found:
                    raise AssertionError("expected nothing to be due")
            print(f"a look that finds nothing: median {statistics.median(looks):.1f} ms, worst {max(looks):.1f} ms")
        finally:
            await opened.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
