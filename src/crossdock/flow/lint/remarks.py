"""A remark says one thing about one place of a definition; the book collects those about one file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.errors import Finding
from crossdock.flow.lint.rules import RULES, Severity, severity
from crossdock.flow.yaml12 import Source

_IGNORE = re.compile(r"(?:^|\s)#\s*crossdock:\s*(?P<what>ignore|ignore-file)\s+(?P<codes>[\w.-]+(?:\s*,\s*[\w.-]+)*)")


@dataclass(frozen=True, slots=True)
class Remark:
    """line and column count from 1; length is that of the word to underline."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    length: int
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.severity}: expected {self.expected}, found {self.found}. {self.fix} [{self.code}]"


class Book:
    """The remarks about one file."""

    def __init__(self, source: Source, text: str) -> None:
        self.source = source
        self.lines = text.splitlines()
        self.remarks: list[Remark] = []

    def add(self, code: str, pointer: str, expected: str, found: str, fix: str, *, at: str = "") -> None:
        """A remark about the value at a JSON pointer; `at` is a word to look for from there on, such as a path."""
        _, line, column = self.source.where(pointer).rsplit(":", 2)
        place = self._find(int(line), int(column), at) if at else (int(line), int(column))
        self.put(code, *place, expected, found, fix, length=len(at) if at and place != (int(line), int(column)) else 0)

    def put(self, code: str, line: int, column: int, expected: str, found: str, fix: str, *, length: int = 0) -> None:
        length = length or self._word(line, column)
        remark = Remark(code, severity(code), self.source.filename, line, column, length, expected, found, fix)
        if remark not in self.remarks:
            self.remarks.append(remark)

    def take(self, findings: Sequence[Finding]) -> None:
        """What validation found."""
        for finding in findings:
            _, line, column = finding.where.rsplit(":", 2)
            self.put(finding.code, int(line), int(column), finding.expected, finding.found, finding.fix)

    def settled(self) -> list[Remark]:
        """All remarks in the order of the file, without those that a comment ignores."""
        ignores = list(_ignores(self.lines))
        used: set[tuple[int, str]] = set()
        kept: list[Remark] = []
        for remark in self.remarks:
            hushed = [
                (line, code)
                for line, aim, code in ignores
                if code == remark.code and aim in {0, remark.line} and remark.severity is not Severity.ERROR
            ]
            used.update(hushed)
            if not hushed:
                kept.append(remark)
        self.remarks = kept
        for line, _, code in ignores:
            if (line, code) in used:
                continue
            known = code in RULES
            found = f"nothing to ignore of {code}" if known else f"'{code}'"
            if known and severity(code) is Severity.ERROR:
                found = f"{code}, which is an error"
            column = self.lines[line - 1].find(code) + 1
            fix = "Remove the comment." if known else "See `crossdock flow lint --codes`; errors cannot be ignored."
            self.put("lint.unused-ignore", line, column, "a remark to ignore", found, fix, length=len(code))
        return sorted(self.remarks, key=lambda r: (r.line, r.column, r.code))

    def _find(self, line: int, column: int, word: str) -> tuple[int, int]:
        """Where the word stands, from a place on and a few lines further (a long text may be folded)."""
        for number in range(line, min(line + 12, len(self.lines) + 1)):
            found = self.lines[number - 1].find(word, column - 1 if number == line else 0)
            if found >= 0:
                return number, found + 1
        return line, column

    def _word(self, line: int, column: int) -> int:
        text = self.lines[line - 1][column - 1 :] if 0 < line <= len(self.lines) else ""
        word = re.match(r"[\w.$<-]+|\S+", text)
        return len(word[0]) if word else 1


def _ignores(lines: Sequence[str]) -> list[tuple[int, int, str]]:
    """(line of the comment, line it speaks of or 0 for the file, code) of every `# crossdock: ignore CODE`."""
    found: list[tuple[int, int, str]] = []
    for number, text in enumerate(lines, 1):
        comment = _IGNORE.search(text)
        if comment is None:
            continue
        aim = number
        if comment["what"] == "ignore-file":
            aim = 0
        elif not text[: comment.start()].strip():  # alone on its line: it speaks of the next line that is none
            following = (n for n in range(number + 1, len(lines) + 1) if lines[n - 1].strip()[:1] not in {"", "#"})
            aim = next(following, number)
        found += [(number, aim, code.strip()) for code in comment["codes"].split(",")]
    return found
