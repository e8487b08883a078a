"""`python -m crossdock_sandbox`: one process with all systems of the seeded tenants, and of those told by files."""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from .app import Sandbox
from .clock import Clock
from .enterprise import SYSTEMS
from .server import listen, serve
from .world import Distributor, read


def main() -> None:
    parser = argparse.ArgumentParser(prog="crossdock_sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--secret", default=os.environ.get("CROSSDOCK_SANDBOX_SECRET"))
    parser.add_argument("--hooks-url", default=None, help="address for webhooks, with {tenant} and {system}")
    parser.add_argument("--give-up-s", type=float, default=900.0, help="real seconds before a webhook is parked")
    parser.add_argument("--business-origin", type=datetime.fromisoformat, default=None, help="business time at start")
    parser.add_argument("--rate", type=float, default=1.0, help="business seconds per real second; 0 freezes time")
    parser.add_argument("--world", type=Path, action="append", default=[], help="a distributor as JSON, as _seed shows")
    options = parser.parse_args()
    if not options.secret:
        parser.error("expected --secret or CROSSDOCK_SANDBOX_SECRET")
    origin: datetime | None = options.business_origin
    if origin is not None and origin.tzinfo is None:
        origin = origin.replace(tzinfo=UTC)

    worlds: list[Distributor] = []
    for file in options.world:
        try:
            worlds.append(read(file.read_bytes()))
        except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
            parser.error(f"--world {file}: {error}")

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    sandbox = Sandbox(
        secret=options.secret,
        seed=options.seed,
        clock=Clock(origin, options.rate),
        hooks_url=options.hooks_url,
        give_up_s=options.give_up_s,
        worlds=worlds,
    )
    # The world is built once and stays: keep the collector off it.
    gc.collect()
    gc.freeze()
    bound = listen(options.host, options.port)
    port = bound.getsockname()[1]
    ready = {
        "ready": True,
        "base_url": f"http://{options.host}:{port}",
        "port": port,
        "pid": os.getpid(),
        "tenants": list(sandbox.enterprises),
        "systems": list(SYSTEMS),
    }
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sandbox, bound, lambda: print(json.dumps(ready), flush=True)))  # noqa: T201


if __name__ == "__main__":
    main()
