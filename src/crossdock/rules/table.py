"""A decision table as published: a JDM document of which every cell has been compiled once.

zen-engine takes a broken cell (`<< 5`) for one that never matches, and loads function nodes that can reach the
network. So nothing is published before every column, cell, expression and switch compiles, every node is of a kind
we allow, and the request node says by JSON Schema which inputs must be there.

Cells are compiled rather than given to zen's `validate_unary_expression`, which in 2.1.3 refuses `> 5`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import jsonschema
import zen
from jsonschema.exceptions import SchemaError

from crossdock import exactjson
from crossdock.errors import Finding, PartnerError

SOURCE_LIMIT_BYTES = 1_000_000  # a table of a thousand rules is about 300 kB
HIT_POLICIES = ("first", "collect")


@dataclass(frozen=True, slots=True)
class Table:
    """One version of one table. `source` is the JDM text as published, never edited afterwards."""

    name: str
    version: str
    source: bytes
    required: tuple[str, ...] = ()  # top-level inputs without which it is not evaluated
    references: frozenset[str] = frozenset()  # other tables its decision nodes call
    rules: Mapping[str, str] = field(default_factory=dict[str, str])  # rule id → description
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any])  # of the input

    @property
    def document(self) -> dict[str, Any]:
        return exactjson.loads(self.source)


def load(name: str, version: str, source: bytes) -> Table:
    """The table, or PartnerError with every finding. version must be what the document's metadata says, if it does."""
    if len(source) > SOURCE_LIMIT_BYTES:
        raise PartnerError([_finding("size", "/", f"at most {SOURCE_LIMIT_BYTES} bytes", str(len(source)), "Split it")])
    try:
        document = exactjson.loads(source)
    except (exactjson.DecodeError, UnicodeDecodeError) as e:
        raise PartnerError([_finding("json", "/", "a JSON document", str(e), "Save it as JDM JSON")]) from e
    if not isinstance(document, dict):
        raise PartnerError([_finding("json", "/", "an object", type(document).__name__, "Save it as JDM JSON")])
    reader = _Reader(cast("dict[str, Any]", document))
    reader.read()
    stated = str(reader.mapping(document.get("metadata")).get("version", version))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if stated != version:
        reader.say("version", "/metadata/version", version, stated, "Publish it under the version it states")
    if reader.findings:
        raise PartnerError(reader.findings)
    return Table(
        name=name,
        version=version,
        source=source,
        required=tuple(reader.schema.get("required", ())),
        references=frozenset(reader.references),
        rules=reader.rules,
        schema=reader.schema,
    )


def version_of(source: bytes) -> str:
    """What a document's own metadata says its version is; "1" if it says nothing."""
    document = exactjson.loads(source)
    return str(document.get("metadata", {}).get("version", "1"))


class _Reader:
    """Walks one document once, and collects findings instead of stopping at the first."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.findings: list[Finding] = []
        self.references: set[str] = set()
        self.rules: dict[str, str] = {}
        self.schema: dict[str, Any] = {}

    def say(self, code: str, where: str, expected: str, found: str, fix: str) -> None:
        self.findings.append(_finding(code, where, expected, found, fix))

    def mapping(self, value: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

    def objects(self, value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, item in enumerate(cast("list[Any]", value) if isinstance(value, list) else []):
            if isinstance(item, dict):
                yield index, cast("dict[str, Any]", item)

    def read(self) -> None:
        kinds: dict[str, int] = {}
        ids: set[str] = set()
        for index, node in self.objects(self.document.get("nodes")):
            where = f"/nodes/{index}"
            kind, ident = str(node.get("type")), str(node.get("id"))
            kinds[kind] = kinds.get(kind, 0) + 1
            if ident in ids:
                self.say("node-id", f"{where}/id", "an id of its own", ident, "Give each node another id")
            ids.add(ident)
            content = self.mapping(node.get("content"))
            match kind:
                case "inputNode":
                    self._input(content, f"{where}/content")
                case "outputNode":
                    pass
                case "decisionTableNode":
                    self._table(content, f"{where}/content")
                case "expressionNode":
                    for i, row in self.objects(content.get("expressions")):
                        at = f"{where}/content/expressions/{i}/value"
                        self._compile(zen.compile_expression, row.get("value"), at)
                case "switchNode":
                    for i, row in self.objects(content.get("statements")):
                        if row.get("condition"):
                            at = f"{where}/content/statements/{i}/condition"
                            self._compile(zen.compile_expression, row.get("condition"), at)
                case "decisionNode":
                    self.references.add(str(content.get("key", "")))
                case _:
                    self.say(
                        "node-kind",
                        f"{where}/type",
                        "a table, expression, switch or decision node",
                        kind,
                        "Function nodes can reach the network and are not published; use an expression node",
                    )
        for kind in ("inputNode", "outputNode"):
            if kinds.get(kind, 0) != 1:
                self.say("nodes", "/nodes", f"one {kind}", str(kinds.get(kind, 0)), f"Keep one {kind}")
        for index, edge in self.objects(self.document.get("edges")):
            for end in ("sourceId", "targetId"):
                if edge.get(end) not in ids:
                    self.say("edge", f"/edges/{index}/{end}", "the id of a node", str(edge.get(end)), "Reconnect it")

    def _input(self, content: dict[str, Any], where: str) -> None:
        text = content.get("schema")
        try:
            schema = exactjson.loads(text) if isinstance(text, str) else None
            if not isinstance(schema, dict):
                raise TypeError("no schema")
            jsonschema.Draft202012Validator.check_schema(cast("dict[str, Any]", schema))
        except (exactjson.DecodeError, TypeError, SchemaError) as e:
            fix = "State the inputs as JSON Schema text with `required`: a missing input could reach the catch-all rule"
            self.say("schema", f"{where}/schema", "a JSON Schema", str(e).split("\n")[0], fix)
            return
        self.schema = cast("dict[str, Any]", schema)
        if not self.schema.get("required"):
            fix = "Name the inputs it cannot do without"
            self.say("schema", f"{where}/schema", "`required` with at least one input", "none", fix)

    def _table(self, content: dict[str, Any], where: str) -> None:
        if content.get("hitPolicy") not in HIT_POLICIES:
            found = str(content.get("hitPolicy"))
            self.say("hit-policy", f"{where}/hitPolicy", " or ".join(HIT_POLICIES), found, "Choose one")
        inputs = {str(c.get("id")): c for _, c in self.objects(content.get("inputs"))}
        outputs = {str(c.get("id")): c for _, c in self.objects(content.get("outputs"))}
        for shared in sorted(set(inputs) & set(outputs)):
            # The cells of a rule are keyed by column: one column would read the other's cell.
            self.say("column-id", f"{where}/outputs", "an id of its own", shared, "Rename one of the two columns")
        for index, column in self.objects(content.get("inputs")):
            if column.get("field"):
                self._compile(zen.compile_expression, column["field"], f"{where}/inputs/{index}/field")
        for index, column in self.objects(content.get("outputs")):
            if not column.get("field"):
                self.say("column", f"{where}/outputs/{index}/field", "a name", "none", "Name the output")
        for index, rule in self.objects(content.get("rules")):
            at, ident = f"{where}/rules/{index}", str(rule.get("_id", ""))
            if not ident or ident in self.rules:
                fix = "Give each rule an id: the audit trail names it"
                self.say("rule-id", f"{at}/_id", "an id of its own", ident or "none", fix)
            self.rules[ident] = str(rule.get("_description", ""))
            for key, cell in rule.items():
                if key.startswith("_") or cell is None or not str(cell).strip():
                    continue
                if key in outputs:
                    self._compile(zen.compile_expression, cell, f"{at}/{key}")
                elif key not in inputs:
                    self.say("cell", f"{at}/{key}", "a column of the table", key, "Remove the cell or add the column")
                elif inputs[key].get("field"):
                    self._compile(zen.compile_unary_expression, cell, f"{at}/{key}")
                else:
                    self._compile(zen.compile_expression, cell, f"{at}/{key}")

    def _compile(self, compiler: Callable[[str], object], text: object, where: str) -> None:
        if not isinstance(text, str):
            self.say("cell", where, "an expression as text", repr(text), "Write it as text")
            return
        try:
            compiler(text)
        except RuntimeError as e:
            # The first line is zen's JSON; the stack behind it tells its author nothing.
            reason = str(e).split("\n", 1)[0]
            found = f"{text!r}: {reason}"
            self.say("cell", where, "an expression that compiles", found, "It would never match; mend it")


def _finding(code: str, where: str, expected: str, found: str, fix: str) -> Finding:
    return Finding(code=f"rules.{code}", where=where, expected=expected, found=found, fix=fix)
