"""Every expression of order-to-cash beside libjq (`jq`) and `jaq-rs`, each on the data that it sees.

tests/benchmarks/expressions.py measures; the ratio to each library is that of the expression that does worst.
"""

import statistics
from collections.abc import Mapping
from typing import Any, cast

from crossdock.cli.bench import peers
from crossdock.cli.bench.run import Run

SCRIPT = peers.ROOT / "tests" / "benchmarks" / "expressions.py"
LIBRARIES = {"libjq": "libjq_values", "jaq": "jaq_values"}  # values in, values out, as the engine calls them
SHOWN = 12


async def run(run: Run) -> None:
    if not SCRIPT.is_file():
        run.result.not_run["expressions"] = f"{SCRIPT.name} is part of the source tree, and that is not here"
        return
    answer = run.lab.base / "expressions.json"
    try:
        told = await run.watch("expressions, libjq, jaq", peers.expressions(SCRIPT, answer))
    except peers.NotRun as why:
        run.result.not_run["expressions"] = str(why)
        return
    rows = cast("list[Mapping[str, Any]]", told["expressions"])
    run.result.figures |= {"summary": told["summary"], "expressions": rows}
    for name, column in LIBRARIES.items():
        ratios = [float(r["ratios"][column]) for r in rows if column in r["ratios"]]
        if not ratios:
            run.result.not_run[f"expressions beside {name}"] = "the library is not installed"
            continue
        run.result.ratios[f"expressions_to_{name}"] = round(min(ratios), 2)
        run.result.ratios[f"expressions_to_{name}_median"] = round(statistics.median(ratios), 2)
    worst = sorted(rows, key=lambda r: r["ratios"][LIBRARIES["libjq"]])[:SHOWN]
    bars = [[str(r["expression"])[:34], r["ratios"][LIBRARIES["libjq"]]] for r in worst]
    title = f"The {len(worst)} of {len(rows)} expressions that gain least: times as fast as libjq"
    run.result.plots.append({"kind": "bars", "title": title, "bars": bars})
