"""The shapes a parsed expression can have: one closed union, `Node`.

Sugar is kept only where evaluation differs; `..` is a call of `recurse`, `.a.b` is an Index of an Index.
"""

from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from typing import Any, TypeAlias, cast


@dataclass(frozen=True, slots=True)
class Identity:
    """`.`"""


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Index:
    """`target[key]`; the key is computed from the outer input, not from the target. `optional` is a direct `?`."""

    target: "Node"
    key: "Node"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    target: "Node"
    start: "Node | None"
    end: "Node | None"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """`target[]`"""

    target: "Node"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Pipe:
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Comma:
    """`a, b, c`: flat, so that a long list is not a deep tree."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Negate:
    body: "Node"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """op: + - * / %"""

    op: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Compare:
    """op: == != < <= > >="""

    op: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class And:
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Or:
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Alternative:
    """`left // right`"""

    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Assign:
    """op: = |= += -= *= /= %= //="""

    op: str
    paths: "Node"
    value: "Node"


@dataclass(frozen=True, slots=True)
class If:
    condition: "Node"
    then: "Node"
    otherwise: "Node | None"


@dataclass(frozen=True, slots=True)
class Try:
    body: "Node"
    handler: "Node | None"


@dataclass(frozen=True, slots=True)
class VariablePattern:
    name: str


@dataclass(frozen=True, slots=True)
class ArrayPattern:
    items: "tuple[Pattern, ...]"


@dataclass(frozen=True, slots=True)
class ObjectPattern:
    """entries: (key, variable bound to the value under that key, pattern for that value)"""

    entries: "tuple[tuple[Node, str | None, Pattern | None], ...]"


Pattern: TypeAlias = VariablePattern | ArrayPattern | ObjectPattern


@dataclass(frozen=True, slots=True)
class Bind:
    """`source as pattern | body`; several patterns are the alternatives of `?//`."""

    source: "Node"
    patterns: tuple[Pattern, ...]
    body: "Node"


@dataclass(frozen=True, slots=True)
class Reduce:
    source: "Node"
    patterns: tuple[Pattern, ...]
    start: "Node"
    update: "Node"


@dataclass(frozen=True, slots=True)
class Foreach:
    source: "Node"
    patterns: tuple[Pattern, ...]
    start: "Node"
    update: "Node"
    extract: "Node | None"


@dataclass(frozen=True, slots=True)
class Label:
    name: str
    body: "Node"


@dataclass(frozen=True, slots=True)
class Break:
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Function:
    """A parameter written `$name` is a value; without the sign it is an expression called by name."""

    name: str
    parameters: tuple[str, ...]
    body: "Node"


@dataclass(frozen=True, slots=True)
class Define:
    function: Function
    body: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: "tuple[Node, ...]"
    offset: int


@dataclass(frozen=True, slots=True)
class ArrayOf:
    body: "Node | None"


@dataclass(frozen=True, slots=True)
class ObjectOf:
    entries: "tuple[tuple[Node, Node], ...]"


@dataclass(frozen=True, slots=True)
class Text:
    """A string with interpolations; each interpolated value goes through the format."""

    format: str
    parts: "tuple[str | Node, ...]"


@dataclass(frozen=True, slots=True)
class Format:
    """`@name` alone"""

    name: str


Node: TypeAlias = (
    Identity
    | Literal
    | Variable
    | Index
    | Slice
    | Each
    | Pipe
    | Comma
    | Negate
    | Arithmetic
    | Compare
    | And
    | Or
    | Alternative
    | Assign
    | If
    | Try
    | Bind
    | Reduce
    | Foreach
    | Label
    | Break
    | Define
    | Call
    | ArrayOf
    | ObjectOf
    | Text
    | Format
)


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly below."""
    for slot in node.__slots__:
        yield from _nodes(getattr(node, slot))


def _nodes(part: Any) -> Iterator[Node]:
    if isinstance(part, tuple):
        for item in cast(tuple[Any, ...], part):
            yield from _nodes(item)
    elif is_dataclass(part):
        yield cast(Node, part)


def height(tree: Node) -> int:
    """Nodes on the longest way down; counted level by level, so that no tree is too deep for it."""
    levels = 0
    level = [tree]
    while level:
        levels += 1
        level = [below for node in level for below in parts(node)]
    return levels


def bound(patterns: tuple[Pattern, ...]) -> frozenset[str]:
    """Names of the variables that patterns bind."""
    found: set[str] = set()
    waiting: list[Pattern] = list(patterns)
    while waiting:
        match waiting.pop():
            case VariablePattern(name):
                found.add(name)
            case ArrayPattern(items):
                waiting.extend(items)
            case ObjectPattern(entries):
                found.update(name for _, name, _ in entries if name is not None)
                waiting.extend(inner for _, _, inner in entries if inner is not None)
    return frozenset(found)
