"""Documents a second beside pyx12, draftedi and pydifact, on the same bytes in the same run.

tests/benchmarks/edi.py measures, in processor time, and says what each reader does for the document.
"""

from crossdock.cli.bench import peers
from crossdock.cli.bench.run import Run

SCRIPT = peers.ROOT / "tests" / "benchmarks" / "edi.py"
SHOWN = (
    "850 to canonical",
    "850 draftedi",
    "850 pyx12 reader",
    "270 pyx12 walk",
    "ORDERS to canonical",
    "ORDERS pydifact",
)


async def run(run: Run) -> None:
    if not SCRIPT.is_file():
        run.result.not_run["edi"] = f"{SCRIPT.name} is part of the source tree, and that is not here"
        return
    answer = run.lab.base / "edi.json"
    try:
        told = await run.watch("pyx12, draftedi, pydifact", peers.expressions(SCRIPT, answer))
    except peers.NotRun as why:
        run.result.not_run["edi"] = str(why)
        return
    rates: dict[str, float] = told["documents_per_s"]
    run.result.figures |= {"documents_per_s": rates, "segments": told["segments"]}
    run.result.ratios |= {f"edi_{name}": float(ratio) for name, ratio in told["ratios"].items()}
    run.result.not_run |= {f"edi, {name}": str(why) for name, why in told["not_run"].items()}
    bars = [[name, rates[name]] for name in SHOWN if name in rates]
    run.result.plots.append({"kind": "bars", "title": "Documents a second, one after the other", "bars": bars})
