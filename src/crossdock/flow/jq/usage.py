"""What an expression reads, told from its text alone: for checks at publish and for drawing data flow.

Best effort: a path is followed through fields, pipes and `[]`, and ends where a key is computed.
"""

from dataclasses import dataclass

from crossdock.flow.jq import syntax
from crossdock.flow.jq.syntax import Node


@dataclass(frozen=True, slots=True)
class Usage:
    variables: frozenset[str]
    fields: frozenset[str]


def read_by(tree: Node) -> Usage:
    reader = _Reader()
    reader.read(tree, "", frozenset())
    return Usage(frozenset(reader.variables), frozenset(reader.paths))


class _Reader:
    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.paths: set[str] = set()

    def read(self, node: Node, base: str | None, bound: frozenset[str]) -> str | None:
        """Notes what the node reads from an input at `base`; gives where its own output lies, if that is told."""
        match node:
            case syntax.Identity():
                return base
            case syntax.Variable(name):
                if name in bound:
                    return None
                self.variables.add(name)
                return f"${name}"
            case syntax.Index(target, key, _):
                under = self.read(target, base, bound)
                if isinstance(key, syntax.Literal) and isinstance(key.value, str) and under is not None:
                    path = f"{under}.{key.value}"
                    self.paths.discard(under)
                    self.paths.add(path)
                    return path
                self.read(key, base, bound)
                return None
            case syntax.Each(target, _):
                under = self.read(target, base, bound)
                return f"{under}[]" if under is not None else None
            case syntax.Pipe(left, right):
                return self.read(right, self.read(left, base, bound), bound)
            case syntax.Call("select", (condition,), _):
                self.read(condition, base, bound)
                return base
            case syntax.Call("map", (body,), _):
                self.read(body, f"{base}[]" if base is not None else None, bound)
                return None
            case syntax.Bind(source, patterns, body):
                self.read(source, base, bound)
                return self.read(body, base, bound | syntax.bound(patterns))
            case syntax.Reduce(source, patterns, start, update):
                self.read(source, base, bound)
                self.read(start, base, bound)
                self.read(update, None, bound | syntax.bound(patterns))
                return None
            case syntax.Foreach(source, patterns, start, update, extract):
                self.read(source, base, bound)
                self.read(start, base, bound)
                for part in (update, extract):
                    if part is not None:
                        self.read(part, None, bound | syntax.bound(patterns))
                return None
            case syntax.Define(function, body):
                names = frozenset(name[1:] for name in function.parameters if name.startswith("$"))
                self.read(function.body, None, bound | names)
                return self.read(body, base, bound)
            case _:
                for part in syntax.parts(node):
                    self.read(part, base, bound)
                return None
