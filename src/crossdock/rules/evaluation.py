"""Evaluates published tables, and says which rule hit.

One engine holds all tables (a static loader evaluates in about 20 µs; asking for a decision by name would compile
it again each time). Inputs are bounded in size, because a nested map over thousands of lines can burn seconds, and
checked against the table's own schema first: what is missing is named, and never falls through to the catch-all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import jsonschema
import zen
from jsonschema.exceptions import ValidationError

from crossdock import exactjson
from crossdock.errors import Finding, PartnerError
from crossdock.rules.numbers import LostDigits, inward, outward
from crossdock.rules.table import Table

INPUT_LIMIT_BYTES = 256_000  # an order of 500 priced lines is about 150 kB
DEPTH_LIMIT = 5  # decisions calling decisions


class RulebookError(Exception):
    """The table could not be evaluated on this input; `code` is stable, the text says what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Hit:
    rule: str
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    table: str
    version: str
    output: Mapping[str, Any]
    hit: tuple[Hit, ...]


class Rulebook:
    """All published versions of all tables; asked without a version, the one published last answers."""

    def __init__(self, tables: Iterable[Table]) -> None:
        """tables: in order of publication. Raises PartnerError if one refers to a table that is not there."""
        self._tables: dict[str, dict[str, Table]] = {}
        content: dict[str, dict[str, Any]] = {}
        for table in tables:
            versions = self._tables.setdefault(table.name, {})
            versions[table.version] = table
            document = outward(table.document)
            content[f"{table.name}@{table.version}"] = document
            content[table.name] = document  # what a decision node refers to
        missing = [
            Finding("rules.reference", f"{t.name}@{t.version}", "a published table", name, "Publish that table first")
            for versions in self._tables.values()
            for t in versions.values()
            for name in sorted(t.references - set(content))
        ]
        if missing:
            raise PartnerError(missing)
        self._validators = {
            f"{t.name}@{t.version}": jsonschema.Draft202012Validator(dict(t.schema))
            for versions in self._tables.values()
            for t in versions.values()
        }
        self._engine = zen.ZenEngine({"loader": {"type": "static", "content": content}})

    def tables(self) -> list[Table]:
        return [t for versions in self._tables.values() for t in versions.values()]

    def table(self, name: str, version: str | None = None) -> Table:
        versions = self._tables.get(name)
        if not versions:
            raise RulebookError("unknown-table", f"No decision table {name!r}; there are {sorted(self._tables)}")
        if version is None:
            return list(versions.values())[-1]
        if version not in versions:
            raise RulebookError("unknown-version", f"Table {name!r} has versions {list(versions)}, not {version!r}")
        return versions[version]

    def evaluate(self, name: str, value: Any, version: str | None = None) -> Answer:
        """value: the JSON input with exact numbers. Raises RulebookError."""
        return self.traced(name, value, version)[0]

    def traced(self, name: str, value: Any, version: str | None = None) -> tuple[Answer, Mapping[str, Any]]:
        """The answer, and what each node of the document saw and gave, by its id. Raises RulebookError."""
        table = self.table(name, version)
        key = f"{table.name}@{table.version}"
        size = len(exactjson.dumps(value))
        if size > INPUT_LIMIT_BYTES:
            detail = f"{key}: input has {size} bytes, at most {INPUT_LIMIT_BYTES} are evaluated"
            raise RulebookError("input-size", detail)
        try:
            context = outward(value)
        except (LostDigits, TypeError) as e:
            raise RulebookError("input-number", f"{key}: input {e}") from e
        errors = cast("Iterable[ValidationError]", self._validators[key].iter_errors(context))  # pyright: ignore[reportUnknownMemberType]
        wrong = [f"/{'/'.join(str(p) for p in e.absolute_path)}: {e.message}" for e in errors]
        if wrong:
            raise RulebookError("input", f"{key}: " + "; ".join(wrong[:5]))
        try:
            # zen's own annotations leave the type of its documents open
            evaluate = cast("Callable[..., dict[str, Any]]", self._engine.evaluate)  # pyright: ignore[reportUnknownMemberType]
            response = evaluate(key, context, {"trace": True, "max_depth": DEPTH_LIMIT})
        except RuntimeError as e:
            raise RulebookError("evaluation", f"{key}: {str(e).split(chr(10), 1)[0]}") from e
        try:
            output = inward(response["result"])
        except LostDigits as e:
            raise RulebookError("output-number", f"{key}: output {e}; round it in the table") from e
        if not isinstance(output, dict):
            output = {"result": output}
        steps = cast("Mapping[str, Any]", response["trace"])
        answer = Answer(table.name, table.version, cast("dict[str, Any]", output), tuple(_hits(steps)))
        return answer, steps


def _hits(trace: Mapping[str, Any]) -> list[Hit]:
    """The rules that hit, in the order of evaluation, through nested decisions too."""
    hits: list[Hit] = []
    for node in sorted(trace.values(), key=lambda n: n.get("order", 0)):
        data = node.get("traceData")
        rows = cast("list[Any]", data) if isinstance(data, list) else [data]
        for row in rows:
            match row:
                case {"rule": {"_id": str(ident), **rest}}:
                    hits.append(Hit(ident, str(rest.get("_description", ""))))
                case {"trace": inner}:
                    hits.extend(_hits(cast("dict[str, Any]", inner)))
                case dict() if row and all(isinstance(v, dict) and "performance" in v for v in row.values()):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
                    hits.extend(_hits(cast("dict[str, Any]", row)))
                case _:
                    pass
    return hits
