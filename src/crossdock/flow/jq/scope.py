"""What names mean while an expression is compiled, and how a called function finds its arguments.

Each binding gets a key of its own, so that an inner `$x` never hides the outer one at run time: an environment can be
handed down a call unchanged and still hold everything the callee may see. A key has a `:` in it, which no author's
variable can have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from crossdock.flow.jq import syntax
from crossdock.flow.jq.limits import Env
from crossdock.flow.jq.streams import Run
from crossdock.flow.jq.syntax import Node


@dataclass(frozen=True, slots=True)
class Parameter:
    """`name` or `$name` in a function's head: an expression that runs where the caller wrote it.

    One written `$name` is also a variable with the value of its first run.
    """

    key: str


@dataclass(slots=True)
class Defined:
    """A function that the expression or the prelude defines; its runs are compiled when first called for."""

    function: syntax.Function
    scope: "Scope"
    name: str = ""
    values: Run | None = None
    paths: Run | None = None
    frames: int = 1
    keys: tuple[str, ...] = ()


@dataclass(slots=True)
class Argument:
    """An expression handed to a function, with the environment of the place where it was written."""

    node: Node
    scope: "Scope"
    values: Run
    env: Env
    frames: int
    paths: Run | None = None


Meaning: TypeAlias = Parameter | Defined


@dataclass(frozen=True, slots=True)
class Scope:
    functions: Mapping[tuple[str, int], Meaning] = field(default_factory=dict[tuple[str, int], Meaning])
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def with_variable(self, name: str, key: str) -> "Scope":
        return replace(self, variables={**self.variables, name: key})

    def with_label(self, name: str, key: str) -> "Scope":
        return replace(self, labels={**self.labels, name: key})

    def with_function(self, name: str, arity: int, meaning: Meaning) -> "Scope":
        return replace(self, functions={**self.functions, (name, arity): meaning})
