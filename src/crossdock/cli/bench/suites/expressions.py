"""Expressions beside libjq (`jq`) and `jaq-rs`: what tests/benchmarks/expressions.py says, with the peers in reach."""

from typing import Any, cast

from crossdock.cli.bench import peers
from crossdock.cli.bench.run import Run

SCRIPT = peers.ROOT / "tests" / "benchmarks" / "expressions.py"


async def run(run: Run) -> None:
    if not SCRIPT.is_file():
        run.result.not_run["expressions"] = f"{SCRIPT.name} is not there: it is part of the source tree"
        return
    arguments = ["--json", "-"] + (["--quick"] if run.size.name == "quick" else [])
    try:
        told = await run.watch("expressions, jq, jaq", peers.expressions(SCRIPT, *arguments))
    except peers.NotRun as why:
        run.result.not_run["expressions"] = str(why)
        return
    run.result.figures |= told
    ratios = cast("dict[str, Any]", told.get("ratios") or {})
    for name, value in ratios.items():
        if isinstance(value, int | float):
            run.result.ratios[name] = float(value)
