"""Partner documents written by others: every 850 is accepted or rejected for a reason its sender can act on.

Reads the folder CROSSDOCK_CORPUS names; NOT RUN where it is unset. What each malformed file must yield is read from the
manifest beside it.
"""

import io
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from crossdock.partners import Context, Decoded, Severity, Status, decode
from crossdock.partners.deciding import Known, Verdict, decide
from crossdock.partners.edifact import contrl
from crossdock.partners.x12 import acknowledge, envelope, tokens

FOLDER = os.environ.get("CROSSDOCK_CORPUS", "")
CORPUS = Path(FOLDER) if FOLDER else None
pytestmark = pytest.mark.skipif(CORPUS is None, reason="NOT RUN: CROSSDOCK_CORPUS is unset")

# Why files of the corpus are rejected: read one by one, each is a fault of the file that its sender can correct.
REJECTED_850 = {
    "emb_apimeister_x12-types___850_test.rs_7.edi": {"x12.se01.count"},  # says 28 segments, has 29
    "emb_indice-co_EDI.Net__ParseTests.cs_8.edi": {"x12.iea02.control", "x12.beg.missing", "x12.po1.missing"},
    "emb_indice-co_EDI.Net__ParseTests.cs_9.edi": {"x12.iea02.control", "x12.beg.missing", "x12.po1.missing"},
    "indice-co_EDI.Net__x12.810.mandatory-conditions.edi": {"x12.iea02.control", "x12.beg.missing", "x12.po1.missing"},
    "indice-co_EDI.Net__x12.850.edi": {"x12.iea02.control"},  # ISA13 55, IEA02 1
    "indice-co_EDI.Net__x12.850.issue135.edi": {"x12.dtm02.character", "x12.st02.duplicate"},
    "indice-co_EDI.Net__x12.850a.edi": {"x12.iea02.control", "x12.n402.long"},
    "indice-co_EDI.Net__x12.Issue101.edi": {"x12.iea02.control", "x12.beg.missing", "x12.po1.missing"},
    "olmelabs_EdiEngine__850.SyntaxNotes.ERR.edi": {"x12.po107.condition", "x12.po406.condition"},
}


def files(folder: str) -> Iterator[Path]:
    assert CORPUS is not None
    yield from sorted(p for p in (CORPUS / folder).rglob("*") if p.is_file())


def judge(path: Path) -> list[Verdict]:
    return decide(decode(path.read_bytes(), path.name, Context(adopt=True)), Known())


def codes(v: Verdict, severity: Severity = Severity.ERROR) -> set[str]:
    return {i.finding.code for i in v.issues if i.severity is severity}


def answer(d: Decoded) -> str:
    if d.acknowledgement is None:
        return ""
    if isinstance(d.acknowledgement, contrl.Contrl):
        return contrl.write(d.acknowledgement, 1, 1, datetime(2026, 1, 1)).decode()
    return acknowledge.write(d.acknowledgement, acknowledge.Numbers(1, 1), datetime(2026, 1, 1))


def test_every_850_is_accepted_or_rejected_for_a_reason_its_sender_can_act_on(
    record_property: Callable[[str, object], None],
):
    verdicts = [(p.name, v) for p in files("x12") for v in judge(p) if v.document.type == "850"]
    for name, v in verdicts:
        expected = Status.REJECTED if name in REJECTED_850 else Status.ACCEPTED
        if name == "ahuggins-nhs_node-x12__850_fat.edi" and v.document.index == 1:
            expected = Status.DUPLICATE  # the file holds the same interchange twice
        assert v.status is expected, (name, v.issues)
        if v.status is Status.ACCEPTED:
            assert v.document.order is not None
            assert v.document.order.lines
        for issue in v.errors:
            f = issue.finding
            assert f.where, name
            assert f.expected, name
            assert f.found, name
            assert f.fix.endswith("."), name
    for name, wanted in REJECTED_850.items():
        assert wanted <= set().union(*(codes(v) for n, v in verdicts if n == name)), name
    accepted = sum(v.status is Status.ACCEPTED for _, v in verdicts)
    record_property("corpus", f"{len(verdicts)} documents of type 850, {accepted} accepted")


def test_stated_totals_of_accepted_orders_agree_with_their_lines():
    for path in files("x12/850"):
        for v in judge(path):
            order = v.document.order
            if v.status is Status.ACCEPTED and order is not None and order.stated_total is not None:
                # one file states the total of another order, and is noted
                assert (order.stated_total == order.total) != ("order.total" in codes(v, Severity.NOTE))


def test_no_document_is_lost_and_what_is_accepted_was_read(record_property: Callable[[str, object], None]):
    assert CORPUS is not None
    count = 0
    for path in files("."):
        if path.suffix in {".tsv", ".md"}:
            continue
        verdicts = judge(path)
        assert verdicts, path
        for v in verdicts:
            count += 1
            read = v.document.order is not None or v.document.content is not None
            assert read or v.status in {Status.HELD, Status.REJECTED}, (path, v.issues)
            assert v.status is Status.ACCEPTED or v.errors, path
    record_property("corpus", f"{count} documents")


def manifest() -> dict[str, str]:
    if CORPUS is None:
        return {}
    lines = (CORPUS / "malformed" / "MANIFEST.tsv").read_text().splitlines()[1:]
    return {name: expected for name, _, expected in (line.split("\t") for line in lines)}


@pytest.mark.parametrize(("name", "expected"), manifest().items(), ids=str)
def test_malformed_files_yield_what_the_manifest_says(name: str, expected: str):
    assert CORPUS is not None
    verdicts = judge(CORPUS / "malformed" / name)
    first = verdicts[0]
    errors = [i for v in verdicts for i in v.issues if i.severity is Severity.ERROR]
    acks = {i.ack for i in errors}
    text = answer(verdicts[-1].document)
    edifact = first.document.format == "edifact"
    match expected.split(" (", maxsplit=1)[0]:
        case "accept" | "accept both" | "accept+warn" | "accept+warn or TA1 R 006":
            assert errors == []
            # both interchanges are good; the second repeats the order of the first
            again = {Status.DUPLICATE} if "both" in expected else set[Status]()
            assert {v.status for v in verdicts} == {Status.ACCEPTED} | again
            if "warn" in expected:
                assert codes(first, Severity.NOTE) & {"x12.leading", "x12.isa.width"}
            if "both" in expected:
                assert len(verdicts) == 2
            if not edifact:
                assert "AK5*A~AK9*A*1*1*1~" in text
        case "first accepted, second held as duplicate":
            assert [v.status for v in verdicts] == [Status.ACCEPTED, Status.DUPLICATE]
            assert "TA1 R 025" in {i.ack for i in verdicts[1].issues}
        case "test route, no business effect":
            assert (first.status, first.effect, first.document.test) == (Status.ACCEPTED, None, True)
            assert "x12.isa15.test" in codes(first, Severity.NOTE)
        case "second set AK5 R 23":
            assert [v.status for v in verdicts] == [Status.ACCEPTED, Status.REJECTED]
            assert "AK5*A~" in text
            assert "AK5*R*23~" in text
        case "clear error":
            assert codes(first) == {"file.empty"}
        case "sniffed as CSV":
            assert first.document.format == "csv"
        case "bounded error":
            assert first.status is Status.REJECTED
            assert all(len(str(i.finding)) < 600 for i in errors)
        case "clear XML error with line":
            assert codes(first) == {"xml.malformed"}
            assert re.search(r"line \d+", first.errors[0].finding.where)
        case wanted if "CONTRL" in wanted:
            level, code = re.findall(r"(UC[IM]) 4, (?:0085 )?(\S+)", wanted)[0]
            assert f"{level} 4 {code}" in acks
            assert first.status is Status.REJECTED
        case wanted:
            assert first.status is Status.REJECTED
            for part in wanted.split("; "):
                level, *rest = part.split()
                if level == "AK3":
                    assert re.search(rf"AK3\*{rest[0]}\*\d+\*\*{rest[1]}~", text)
                elif level == "AK4":
                    assert "AK4*" + "*".join(rest) in text
                else:
                    outcome, code = rest
                    assert re.search(rf"{level}\*{outcome}(\*\d+\*\d+\*\d+)?\*{code}~", text), text


# pyx12 counts and compares the same trailers; its words for them, and ours
ENVELOPE = {
    ("isa", "001"): "x12.iea02.control",
    ("isa", "021"): "x12.iea01.count",
    ("gs", "4"): "x12.ge02.control",
    ("gs", "5"): "x12.ge01.count",
    ("st", "3"): "x12.se02.control",
    ("st", "4"): "x12.se01.count",
    ("st", "23"): "x12.st02.duplicate",
}


def test_envelope_verdicts_agree_with_pyx12(record_property: Callable[[str, object], None]):
    """An oracle by other people. It reads only ISA segments of the standard's width; those files are compared."""
    from pyx12.errors import X12Error
    from pyx12.x12file import X12Reader

    compared = 0
    for path in [*files("x12"), *files("malformed")]:
        raw = path.read_bytes()
        if not raw.startswith(b"ISA") or not raw.isascii():
            continue
        theirs: set[str] = set()
        try:
            reader = X12Reader(io.StringIO(raw.decode(), newline=""))
            for _ in reader:
                pass
            reader.cleanup()
            theirs |= {ENVELOPE[e[0], e[1]] for e in reader.pop_errors() if (e[0], e[1]) in ENVELOPE}
        except (X12Error, AttributeError, ValueError, IndexError, TypeError):
            continue
        interchanges = tokens.read(raw)[0]
        if any(i.delimiters.component == "" for i in interchanges):
            continue  # ISA16 left out: pyx12 takes the line end after it for the terminator
        ours: set[str] = set()
        for judged in map(envelope.check, interchanges):
            faults = list(judged.faults)
            for g in judged.groups:
                faults += g.faults
                for one in g.sets:
                    faults += one.faults
            ours |= {f.issue.finding.code for f in faults} & set(ENVELOPE.values())
        compared += 1
        assert ours == theirs, path.name
    record_property("corpus", f"{compared} files judged as pyx12 judges them")
    assert compared > 20
