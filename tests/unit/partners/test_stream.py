"""Interchanges of any size: the same faults as the whole-file reader, in bounded memory."""

import io
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.partners import Context, decode
from crossdock.partners.edi import stream

HEAD = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260102*0900*U*00401*000000007*0*P*>~"
INVOICE = "BIG*20260102*I-{n}**PO-{n}~N1*ST*Dock 5*92*N1~IT1*1*16*CA*12.34**UP*002840022222~TDS*19744~CTT*1~"


def invoices(count: int, *, wrong: int = 0) -> str:
    sets = ""
    for n in range(1, count + 1):
        body = INVOICE.format(n=n)
        segments = body.count("~") + 2 + (n == wrong)
        sets += f"ST*810*{n:04d}~{body}SE*{segments}*{n:04d}~"
    return f"{HEAD}GS*IN*S*R*20260102*0900*7*X*004010~{sets}GE*{count}*7~IEA*1*000000007~"


EDIFACT = (
    "UNA:+.? 'UNB+UNOC:3+A:14+B:14+260101:1200+R1'UNH+1+INVOIC:D:96A:UN'BGM+380+I?'1+9'DTM+137:20260101:102'"
    "LIN+1++4012345678901:EN'QTY+47:3:PCE'MOA+203:30'PRI+AAA:10'UNS+S'MOA+77:30'UNT+10+1'UNZ+1+R1'"
)


def small(text: bytes, block: int) -> list[stream.Streamed]:
    """Read in tiny blocks, so that every terminator is met at the end of one."""
    source = io.BytesIO(text)
    return list(stream.read(lambda _: source.read(block)))


@pytest.mark.parametrize("text", [invoices(3), invoices(2, wrong=2), EDIFACT, "\ufeff\r\n" + invoices(1)])
@given(block=st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_blocks_of_any_size_give_the_same_documents(text: str, block: int):
    raw = text.encode()
    whole = decode(raw, "f", Context(adopt=True))
    got = small(raw, block)
    sets = [g for g in got if g.type]
    assert [(g.type, g.control) for g in sets] == [(d.type, d.set_control) for d in whole]
    assert [g.content for g in sets] == [d.content for d in whole]
    ours = {i.finding.code for g in got for i in g.issues}
    assert ours == {i.finding.code for d in whole for i in d.issues} - {"x12.leading"}
    for g in sets:
        assert raw[g.offset :].startswith((b"ST", b"UNH"))


def test_faults_of_the_trailers_follow_the_sets():
    text = invoices(3).replace("GE*3", "GE*9").replace("IEA*1", "IEA*2")
    last = small(text.encode(), 64)[-1]
    assert [i.finding.code for i in last.issues] == ["x12.ge01.count", "x12.iea01.count"]


def test_a_number_used_again_is_told_however_far_apart():
    text = invoices(400).replace("ST*810*0400", "ST*810*0003").replace("*0400~GE", "*0003~GE")
    sets = [g for g in small(text.encode(), 4096) if g.issues and g.type]
    assert ["x12.st02.duplicate" in {i.finding.code for i in g.issues} for g in sets][-1]


def test_a_set_beyond_the_limit_is_counted_and_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "MAX_SET", 5)
    first = small(invoices(1).encode(), 100)[0]
    assert (first.size, [i.finding.code for i in first.issues]) == (7, ["x12.set.size"])


def test_a_missing_terminator_ends_the_reading_with_its_place(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "MAX_SEGMENT", 2000)
    got = small((HEAD + "GS*IN*S" + "X" * 10_000).encode(), 100)
    assert got[0].issues[0].finding.code == "x12.segment.size"
    assert got[0].issues[0].finding.where == f"byte {len(HEAD)}"


# The peak of this process' own memory. Not ru_maxrss: Linux counts in it what the process was before exec, which is as
# large as the one that started it: a worker with a thousand tests behind it.
MEASURE = """
import sys
from pathlib import Path
from crossdock.partners.edi import stream
head, one, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
def blocks():
    yield (head + "GS*IN*S*R*20260102*0900*7*X*004010~").encode()
    n = written = 0
    while written < size:
        part = b""
        while len(part) < 60_000:
            n += 1
            body = one.replace("{n}", str(n))
            part += f"ST*810*{n:09d}~{body}SE*{body.count('~') + 2}*{n:09d}~".encode()
        written += len(part)
        yield part
    yield f"GE*{n}*7~IEA*1*000000007~".encode()
source = blocks()
count = faults = 0
for got in stream.read(lambda _: next(source, b"")):
    count += bool(got.type)
    faults += sum(i.severity == "error" for i in got.issues)
peak_kb = next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmHWM:"))
print(count, faults, peak_kb // 1024)
"""


def peak_mb(size: int) -> tuple[int, int, int]:
    """(sets read, faults, peak memory in MB) of a process of its own."""
    line = subprocess.run(
        [sys.executable, "-c", MEASURE, HEAD, INVOICE, str(size)], capture_output=True, text=True, check=True
    ).stdout
    count, faults, peak = map(int, line.split())
    return count, faults, peak


def test_memory_does_not_grow_with_the_interchange():
    few, many = peak_mb(200_000), peak_mb(2_000_000)
    assert many[0] > 5 * few[0]
    assert (few[1], many[1]) == (0, 0)
    assert many[2] - few[2] < 12


def test_what_started_the_reading_does_not_count_as_its_memory():
    ballast = bytearray(200_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])  # touched, so that it is memory and no promise
    assert peak_mb(1)[2] < 120


@pytest.mark.slow
def test_a_hundred_megabytes_stream_in_bounded_memory(record_property: Callable[[str, object], None]):
    size = int(os.environ.get("CROSSDOCK_STREAM_BYTES", "100000000"))
    count, faults, peak = peak_mb(size)
    record_property("stream", f"{count} sets of {size} bytes, peak {peak} MB")
    assert faults == 0
    assert peak < 120
