"""Samples beside a map: what it must read from a document, and write from a canonical one.

    maps/x12-855.yaml
    maps/x12-855.samples/accepted.in.edi      a document as it comes …
    maps/x12-855.samples/accepted.in.json     … and what is expected of it: canonical form, status, codes of findings
    maps/x12-855.samples/accepted.out.json    a canonical document …
    maps/x12-855.samples/accepted.out.txt     … and the segments, or the element, expected of it

A sample's expectation is written by `--update`, to be read and committed by a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import Any

from crossdock import exactjson
from crossdock.errors import Finding, PartnerError
from crossdock.partners.maps import replaying
from crossdock.partners.maps.editions import Edition
from crossdock.partners.maps.replaying import Change
from crossdock.partners.model import Context

MAX_SAMPLE = 8_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """One sample. findings: why it could not be run; differences: what came out otherwise. Neither: it passed."""

    name: str
    direction: str
    differences: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    updated: bool = False

    @property
    def passed(self) -> bool:
        return not self.differences and not self.findings

    def plain(self) -> dict[str, Any]:
        return {
            "sample": self.name,
            "direction": self.direction,
            "passed": self.passed,
            "updated": self.updated,
            "differences": [{"pointer": d.pointer, "expected": d.before, "found": d.after} for d in self.differences],
            "findings": [str(f) for f in self.findings],
        }


def folder(map_file: Path) -> Path:
    return map_file.with_suffix(".samples")


def library() -> list[Path]:
    """Where the library's maps lie, each with its samples."""
    root = Path(str(files("crossdock.library")))
    return [root.joinpath(*parts) for parts in (("partners", "maps"), ("maps",))]


def run(edition: Edition, where: Path, *, update: bool = False) -> Iterator[Result]:
    """Every sample of a map, in the order of their names."""
    for file in sorted(where.iterdir()) if where.is_dir() else ():
        name, _, rest = file.name.partition(".")
        if rest.startswith("in.") and not rest.endswith(".json"):
            yield _sample(edition, name, "in", file, where / f"{name}.in.json", update)
        elif rest == "out.json":
            yield _sample(edition, name, "out", file, where / f"{name}.out.txt", update)


def _sample(edition: Edition, name: str, direction: str, source: Path, expected: Path, update: bool) -> Result:
    try:
        raw = _bytes(source)
        found = _read(edition, raw, source.name) if direction == "in" else _write(edition, raw, source)
        if update:
            before = expected.read_bytes() if expected.is_file() else b""
            after = exactjson.indented(found) if direction == "in" else found.encode()
            expected.write_bytes(after)
            return Result(name, direction, updated=before != after)
        if not expected.is_file():
            text = "Write it, or have it written by --update and read it."
            return Result(name, direction, findings=(Finding("map.sample", str(expected), "a file", "none", text),))
        wanted = exactjson.loads(_bytes(expected)) if direction == "in" else _bytes(expected).decode()
    except PartnerError as e:
        return Result(name, direction, findings=tuple(e.findings))
    except (OSError, UnicodeDecodeError, exactjson.DecodeError) as e:
        text = "Correct the sample."
        return Result(name, direction, findings=(Finding("map.sample", str(source), "a sample", str(e)[:200], text),))
    if direction == "in":
        return Result(name, direction, differences=tuple(replaying.differences(wanted, found)))
    lines = zip_longest(str(wanted).splitlines(), str(found).splitlines())
    differ = (Change(f"line {n}", a, b) for n, (a, b) in enumerate(lines, 1) if a != b)
    return Result(name, direction, differences=tuple(differ)[: replaying.MAX_FIELDS])


def _bytes(path: Path) -> bytes:
    with path.open("rb") as f:
        raw = f.read(MAX_SAMPLE + 1)
    if len(raw) > MAX_SAMPLE:
        text = "Cut it down to what it shows."
        raise PartnerError([Finding("map.sample", str(path), f"at most {MAX_SAMPLE} bytes", "more", text)])
    return raw


def _read(edition: Edition, raw: bytes, filename: str) -> Any:
    """What is compared: exact numbers, and of findings the severity and code, for words may change."""
    shown = replaying.read(raw, filename, Context(adopt=True), edition)
    documents = [
        {
            "type": s.document.type,
            "status": s.verdict.status.value,
            "read_by": s.document.read_by.map if s.document.read_by else None,
            "findings": [f"{i.severity.value} {i.finding.code}" for i in s.verdict.issues],
            "canonical": s.canonical,
        }
        for s in shown
    ]
    return exactjson.plain({"documents": documents})


def _write(edition: Edition, raw: bytes, source: Path) -> Any:
    try:
        return replaying.write(exactjson.loads(raw), edition)
    except exactjson.DecodeError as e:
        finding = Finding("map.sample", str(source), "a canonical document as JSON", str(e), "Correct the sample.")
        raise PartnerError([finding]) from e
