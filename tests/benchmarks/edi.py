"""Documents a second, one after the other, beside other people's readers, on the same bytes in the same run.

Each contender is timed in processor time, in turns, and its best round counts: what else the machine did is not its
doing. What they do for the document differs, and is said with each:

- 850, 39 segments: ours decodes, judges the envelope, walks the guide and gives the canonical order. pyx12 has no map
  of an 850: its reader cuts segments and counts trailers, and ours is measured so too. draftedi parses, then validates
  what it can without a specification.
- 270, 39 segments: pyx12 (`x12n_document`) walks and judges the type it was made for, which is the work of ours above;
  neither makes a canonical object of it.
- ORDERS: pydifact cuts segments; ours gives the canonical order.

Run: python tests/benchmarks/edi.py [--json FILE]
"""

import argparse
import importlib
import io
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossdock.partners import Context, decode
from crossdock.partners.x12 import envelope, tokens

ROUNDS = 7
ROUND_S = 0.25
ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260302*0900*U*00401*000000007*0*P*>~"


def x12(kind: str, function: str, rows: list[str]) -> str:
    body = [f"ST*{kind}*0001", *rows, f"SE*{len(rows) + 2}*0001"]
    head = [ISA.rstrip("~"), f"GS*{function}*SENDER*RECEIVER*20260302*0900*7*X*004010"]
    return "".join(f"{row}~" for row in [*head, *body, "GE*1*7", "IEA*1*000000007"])


LINES = range(1, 8)
ORDER = x12(
    "850",
    "PO",
    [
        "BEG*00*SA*4500012**20260302",
        "CUR*BY*USD",
        "REF*DP*038",
        "DTM*002*20260309",
        "N1*BY*Acme*92*0001",
        "N1*ST*Dock 5*92*0042",
        "N3*1 Dock Rd",
        "N4*ATHENS*GA*30603",
        *(row for n in LINES for row in (
            f"PO1*{n}*{n * 10}*EA*1.25**VP*NF-{n}*UP*012345678905", f"PID*F****Thing {n}", f"DTM*002*202603{n + 10}"
        )),
        "CTT*7*280",
        "AMT*TT*350.00",
        "N1*BT*Acme*92*0001",
        "N3*2 Main St",
    ],
)  # fmt: skip
SUBSCRIBERS = range(3, 9)
INQUIRY = x12(
    "270",
    "HS",
    [
        "BHT*0022*13*7*20260302*0900",
        "HL*1**20*1",
        "NM1*PR*2*PAYER*****PI*842610001",
        "HL*2*1*21*1",
        "NM1*1P*1*JONES*MARCUS****SV*0202034",
        *(row for n in SUBSCRIBERS for row in (
            f"HL*{n}*2*22*0", f"TRN*1*93175-{n}*9877281234", "NM1*IL*1*SMITH*ROBERT*B***MI*11122333301",
            *(["DMG*D8*19430519"] if n < 7 else []), "EQ*30",
        )),
    ],
).replace("*X*004010~", "*X*004010X092A1~")  # fmt: skip
EDIFACT = (
    "UNA:+.? 'UNB+UNOC:3+SENDER:ZZ+RECEIVER:ZZ+260302:0900+7'UNH+1+ORDERS:D:96A:UN'BGM+220+4500012+9'"
    "DTM+137:20260302:102'DTM+2:20260309:102'NAD+BY+0001::92'NAD+DP+0042::92++Dock 5+1 Dock Rd+ATHENS+GA+30603+US'"
    "CUX+2:USD:9'"
    + "".join(
        f"LIN+{n}++5012345678900:EN'PIA+5+NF-{n}:SA'QTY+21:{n * 10}:PCE'PRI+AAA:1.25'DTM+2:202603{n + 10}:102'"
        for n in LINES
    )
    + "UNS+S'CNT+2:7'UNT+45+1'UNZ+1+7'"
)


def ours(text: str) -> Callable[[], None]:
    raw, context = text.encode(), Context(adopt=True)

    def run() -> None:
        [d] = decode(raw, "f", context)
        if d.order is None and d.content is None:
            raise AssertionError(d.issues)

    run()
    return run


def our_envelope(text: str) -> Callable[[], None]:
    raw = text.encode()

    def run() -> None:
        for interchange in tokens.read(raw)[0]:
            envelope.check(interchange)

    return run


def pyx12_reader(text: str) -> Callable[[], None]:
    from pyx12.x12file import X12Reader

    def run() -> None:
        reader = X12Reader(io.StringIO(text, newline=""))
        for _ in reader:
            pass
        reader.cleanup()
        if reader.pop_errors():
            raise AssertionError("pyx12 finds faults")

    run()
    return run


def pyx12_walk(text: str) -> Callable[[], None]:
    params = importlib.import_module("pyx12.params").ParamsBase()
    document = importlib.import_module("pyx12.x12n_document").x12n_document
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)

    def run() -> None:
        if not document(params, io.StringIO(text, newline=""), None, None):
            raise AssertionError("pyx12 finds faults")

    run()
    return run


def draftedi(text: str) -> Callable[[], None]:
    library: Any = importlib.import_module("draftedi")
    raw = text.encode()

    def run() -> None:
        library.parse_edi_file(raw)
        library.validate_edi(text)

    run()
    return run


def pydifact(text: str) -> Callable[[], None]:
    library: Any = importlib.import_module("pydifact.segmentcollection")

    def run() -> None:
        for message in library.Interchange.from_str(text).get_messages():
            for _ in message.segments:
                pass

    run()
    return run


CONTENDERS: dict[str, tuple[Callable[[str], Callable[[], None]], str]] = {
    "850 to canonical": (ours, ORDER),
    "850 envelope only": (our_envelope, ORDER),
    "850 pyx12 reader": (pyx12_reader, ORDER),
    "850 draftedi": (draftedi, ORDER),
    "270 pyx12 walk": (pyx12_walk, INQUIRY),
    "ORDERS to canonical": (ours, EDIFACT),
    "ORDERS pydifact": (pydifact, EDIFACT),
}
RATIOS = {
    "850_to_pyx12_reader": ("850 to canonical", "850 pyx12 reader"),
    "850_envelope_to_pyx12_reader": ("850 envelope only", "850 pyx12 reader"),
    "850_to_draftedi": ("850 to canonical", "850 draftedi"),
    "850_to_pyx12_walk_of_270": ("850 to canonical", "270 pyx12 walk"),
    "orders_to_pydifact": ("ORDERS to canonical", "ORDERS pydifact"),
}


def per_s(run: Callable[[], None]) -> float:
    """Of one round of about ROUND_S of processor time."""
    done, began = 0, time.process_time()
    while (spent := time.process_time() - began) < ROUND_S:
        run()
        done += 1
    return done / spent


def measured() -> dict[str, Any]:
    runs: dict[str, Callable[[], None]] = {}
    not_run: dict[str, str] = {}
    for name, (make, text) in CONTENDERS.items():
        try:
            runs[name] = make(text)
        except ImportError as why:
            not_run[name] = str(why)
    best = dict.fromkeys(runs, 0.0)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            best[name] = max(best[name], per_s(run))
    ratios = {n: round(best[a] / best[b], 2) for n, (a, b) in RATIOS.items() if a in best and b in best}
    segments = {"850": ORDER.count("~"), "270": INQUIRY.count("~"), "ORDERS": EDIFACT.count("'") - 1}
    return {"documents_per_s": {n: round(v, 1) for n, v in best.items()}, "ratios": ratios, "segments": segments,
            "not_run": not_run}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    told = measured()
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1))
    for name, rate in told["documents_per_s"].items():
        print(f"{name:24} {rate:10.1f} documents/s")
    for name, ratio in told["ratios"].items():
        print(f"{name:32} {ratio:8.2f}")


if __name__ == "__main__":
    main()
