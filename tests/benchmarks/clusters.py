"""What finding clusters costs beside many open cases, and one cluster of them.

python tests/benchmarks/clusters.py [how many]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from crossdock.cases.clusters import store
from crossdock.cli import compose
from crossdock.settings import Settings

CAUSES = 2_000
T = "t"

FILL = """
insert into crossdock.cases (tenant_id, case_id, number, kind, severity, title, queue, money, currency, opened_at,
  due_at, cause_key, cause)
select 't', gen_random_uuid(), 'EX-' || n, 'call-failed', 'high', 'Case ' || n, 'integration', n % 1000, 'EUR',
  crossdock.now() - n % 100000 * interval '1 s', crossdock.now() + n % 5000 * interval '1 min',
  left(md5((n % $2)::text), 16), '{"kind": "call-failed"}'
from generate_series(1, $1) n
"""


async def main(many: int) -> None:
    with tempfile.TemporaryDirectory(dir="/var/lib") as folder:
        Path(folder).chmod(0o755)
        opened = await compose.open_database(Settings(data=Path(folder) / "data"))
        try:
            async with opened.db.transaction(T) as tx:
                await tx.execute("insert into crossdock.tenant (tenant_id, name) values ($1, $1)", T)
                await tx.execute(FILL, many, CAUSES)
            took: dict[str, list[float]] = {"list": [], "one": []}
            async with opened.db.transaction(T) as tx:
                now = await tx.fetchval("select crossdock.now()")
                found = await store.find(tx, T, now)
                for _ in range(30):
                    began = time.perf_counter()
                    found = await store.find(tx, T, now)
                    took["list"].append((time.perf_counter() - began) * 1e3)
                    began = time.perf_counter()
                    await store.one(tx, T, found.items[0].key, now)
                    took["one"].append((time.perf_counter() - began) * 1e3)
            for what, ms in took.items():
                print(f"{what}: median {statistics.median(ms):.1f} ms, worst {max(ms):.1f} ms")
            print(f"{found.clusters} clusters of {found.cases} cases")
        finally:
            await opened.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
