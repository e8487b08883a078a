"""YAML 1.2 (core schema) with the place of every value, so that every finding can name line and column.

PyYAML reads YAML 1.1, in which `on:` is the boolean true and `schedule.on` is lost; here only true/false, null and
numbers are special. Fractions become Decimal, a repeated key is a finding, and the two traps every author of
expressions falls into (an unquoted `${ { a: b } }`, a colon inside an unquoted text) are explained, not only refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from crossdock.errors import Finding

# A definition is written by hand: far above any real one, far below what aliases can expand to (billion laughs).
_MOST_NODES = 100_000
_MOST_BYTES = 2_000_000
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed file: its value, the (line, column) of every value by JSON pointer, and what was wrong."""

    filename: str
    value: Any
    marks: Mapping[str, tuple[int, int]]
    findings: tuple[Finding, ...]

    def where(self, pointer: str) -> str:
        """`file:line:column` of the value at `pointer`, or of the nearest parent that the file has."""
        while pointer not in self.marks and pointer:
            pointer = pointer.rpartition("/")[0]
        line, column = self.marks.get(pointer, (1, 1))
        return f"{self.filename}:{line}:{column}"


def read(text: str | bytes, filename: str) -> Source:
    """Parse one YAML or JSON document. Never raises for what the text holds: see `findings`."""
    if len(text) > _MOST_BYTES:
        size = Finding(
            "yaml.size", f"{filename}:1:1", f"at most {_MOST_BYTES} bytes", f"{len(text)}", "Split the file."
        )
        return Source(filename, None, {}, (size,))
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()  # pyright: ignore[reportUnknownMemberType]
    except UnicodeDecodeError as error:
        bad = Finding("yaml.encoding", f"{filename}:1:1", "UTF-8", f"byte {error.start}", "Save the file as UTF-8.")
        return Source(filename, None, {}, (bad,))
    except yaml.YAMLError as error:
        return Source(filename, None, {}, (_explain(error, str(text), filename),))
    except RecursionError:
        deep = Finding("yaml.depth", f"{filename}:1:1", "a sane depth", "endless nesting", "Nest less deeply.")
        return Source(filename, None, {}, (deep,))
    builder = _Builder(filename)
    value = builder.build(node, "", 0) if node is not None else None
    return Source(filename, value, builder.marks, tuple(builder.findings))


class _Loader(yaml.SafeLoader):
    """SafeLoader that resolves plain scalars by the YAML 1.2 core schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  PyYAML keeps its table in a class attribute


_TAG = "tag:yaml.org,2002:"
_CORE: tuple[tuple[str, str, str], ...] = (  # YAML 1.2.2, 10.3.2: tag resolution of the core schema
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
)
for _name, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(  # pyright: ignore[reportUnknownMemberType]
        _TAG + _name, re.compile(_pattern), [*_first, *([""] if _name == "null" else [])]
    )


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")  # RFC 6901


class _Builder:
    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.marks: dict[str, tuple[int, int]] = {}
        self.findings: list[Finding] = []
        self._nodes = 0
        self._full = False

    def build(self, node: yaml.Node, pointer: str, depth: int) -> Any:
        self.marks[pointer] = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._nodes += 1
        if self._nodes > _MOST_NODES or depth > _DEEPEST:
            if not self._full:
                self._full = True
                limits = f"at most {_MOST_NODES} values, {_DEEPEST} deep"
                self._find("yaml.size", node, limits, "more (aliases?)", "Split the file.")
            return None
        match node:
            case yaml.MappingNode():
                return self._mapping(node, pointer, depth)
            case yaml.SequenceNode():
                items: list[Any] = node.value
                return [self.build(item, f"{pointer}/{i}", depth + 1) for i, item in enumerate(items)]
            case yaml.ScalarNode():
                return self._scalar(node)
            case _:
                return None

    def _mapping(self, node: yaml.MappingNode, pointer: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        for key_node, value_node in pairs:
            if not isinstance(key_node, yaml.ScalarNode):
                fix = "Write a name, or quote the expression: '${ { a: b } }'."
                self._find("yaml.key", key_node, "a name as key", "a list or mapping", fix)
                continue
            key = str(key_node.value)
            here = f"{pointer}/{_escape(key)}"
            if key in result:
                self._find("yaml.duplicate-key", key_node, "each key once", f"'{key}' again", "Remove or rename one.")
                continue
            result[key] = self.build(value_node, here, depth + 1)
            # Findings about an entry point at its key: that is where the author looks.
            self.marks[here] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        return result

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = str(node.value)
        match node.tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                base = {"0o": 8, "0x": 16}.get(text[:2], 10)
                return self._number(node, text, lambda: int(text[2:] if base != 10 else text, base))
            case "float":
                return self._number(node, text, lambda: Decimal(text))
            case "str" | "!":
                if node.style is None and text.startswith("${") and not text.rstrip().endswith("}"):
                    fix = "Quote the expression: '${ … }'. ' #' starts a comment in an unquoted text."
                    self._find("yaml.expression-cut", node, "an expression that ends with }", repr(text), fix)
                return text
            case tag:
                self._find("yaml.tag", node, "plain YAML", f"the tag {tag}", "Remove the tag.")
                return text

    def _number(self, node: yaml.ScalarNode, text: str, parse: Any) -> Any:
        try:
            number = parse()
        except (ValueError, ArithmeticError):
            number = None
        if number is None or (isinstance(number, Decimal) and not number.is_finite()):
            self._find("yaml.number", node, "a finite number", text, "Write a number, or quote the text.")
            return None
        return number

    def _find(self, code: str, node: yaml.Node, expected: str, found: str, fix: str) -> None:
        where = f"{self.filename}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        self.findings.append(Finding(code, where, expected, found, fix))


_UNQUOTED = re.compile(r"(?:^|[:\[{,-])\s*(\$\{)")


def _explain(error: yaml.YAMLError, text: str, filename: str) -> Finding:
    """One finding for what PyYAML refused, with the cure when it is one of the known traps."""
    mark: yaml.Mark | None = getattr(error, "problem_mark", None)
    if mark is None:
        return Finding("yaml.syntax", f"{filename}:1:1", "YAML 1.2", str(error).splitlines()[0], "Correct the text.")
    lines: list[str] = text.splitlines()
    problem = str(getattr(error, "problem", "") or "not YAML")
    # The parser may notice on the line after the culprit; look one back.
    for number in (mark.line, mark.line - 1):
        if 0 <= number < len(lines) and (hit := _UNQUOTED.search(lines[number])):
            return Finding(
                "yaml.expression-unquoted",
                f"{filename}:{number + 1}:{hit.start(1) + 1}",
                "an expression in quotes",
                lines[number].strip()[:80],
                "Braces and ': ' mean something in YAML. Put single quotes around it: '${ … }'.",
            )
    fix = "Check indentation and quotes near this place."
    if "mapping values" in problem:
        fix = "A text that holds ': ' must be quoted."
    elif "\\t" in problem or "tab" in problem:
        fix = "Indent with spaces, not tabs."
    return Finding("yaml.syntax", f"{filename}:{mark.line + 1}:{mark.column + 1}", "YAML 1.2", problem, fix)
