"""Which seeds were run already, on exactly this source: a file with a line for each, appended when it is done.

A run that was interrupted goes on where it stopped, and its totals are those of all its parts. What another source did
says nothing about this one: its lines stay in the file, and are not counted.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from crossdock import exactjson
from crossdock.engine.simulation.world import Report
from crossdock.errors import SetupError

SUFFIXES = {".py", ".sql"}


def fingerprint() -> str:
    """Of all code and SQL of Crossdock, by name and content."""
    root = Path(str(files("crossdock")))
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in SUFFIXES):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@dataclass(slots=True)
class Ledger:
    """source, instances and crash_points say which runs are the same; done has their reports by seed."""

    path: Path
    source: str
    instances: int
    crash_points: int
    done: dict[int, Report] = field(default_factory=dict[int, Report])

    @classmethod
    def read(cls, path: Path, instances: int, crash_points: int) -> "Ledger":
        """Raises SetupError for a file that is no ledger. A last line that was cut off is left out, and run again."""
        ledger = cls(path, fingerprint(), instances, crash_points)
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        for n, line in enumerate(lines):
            try:
                row = json.loads(line) if line else None
                if row is not None and ledger._same(row):
                    report = Report(**row["report"])
                    report.deaths, report.faults = Counter(report.deaths), Counter(report.faults)
                    ledger.done[report.seed] = report
            except (ValueError, KeyError, TypeError) as wrong:
                if n == len(lines) - 1:
                    break
                raise SetupError(f"Expected a ledger of simulations in {path}, found {line[:60]!r}.") from wrong
        return ledger

    def _same(self, row: dict[str, Any]) -> bool:
        key = (row["source"], row["instances"], row["crash_points"])
        return key == (self.source, self.instances, self.crash_points)

    def add(self, report: Report) -> None:
        self.done[report.seed] = report
        row = {
            "source": self.source, "instances": self.instances, "crash_points": self.crash_points, "report": report,
        }  # fmt: skip
        with self.path.open("ab+") as file:
            file.seek(0)
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)  # what was cut off when a run was interrupted
            file.write(exactjson.dumps(row) + b"\n")
