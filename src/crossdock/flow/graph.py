"""A definition as people see it: stages, and the ways between them.

A stage is a task with `metadata.crossdock.stage`, wherever it stands; a definition that marks none shows its top
tasks. Ways are followed through everything that is not a stage, so that a switch between two stages becomes labels
on the edges. Where many ways meet in one switch and part again, it stays as a node of its own (kind `switch`):
ten ways in and ten out are twenty edges, not a hundred.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from crossdock.flow import model
from crossdock.flow.program import Program

START, DONE, FAILED, SWITCH = "start", "done", "failed", "switch"


@dataclass(frozen=True, slots=True)
class Node:
    """kind: the stage's own word, else its task's kind; start, done, failed for the ends, switch for a junction."""

    id: str
    label: str
    kind: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Edge:
    source: str
    target: str
    label: str = ""
    error: bool = False  # taken when an error was caught


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph(program: Program) -> Graph:
    """The stages of the program in the order of the file, with a start and the ends that are reached."""
    walk = _Walk(program)
    root = program.tasks[0].action
    assert isinstance(root, model.Do)
    walk.body(root.body, {(START, "", False)})
    walk.finish()
    edges = _merged(_contracted(walk.edges, set(walk.junctions)))
    named = {edge.source for edge in edges} | {edge.target for edge in edges}
    nodes = [Node(START, "Start", START, "")]
    nodes += walk.nodes(root.body)
    nodes += [node for name, node in walk.junctions.items() if name in named]
    nodes += [Node(end, end.capitalize(), end, "") for end in (DONE, FAILED) if end in named]
    return Graph(tuple(nodes), tuple(edges))


def _contracted(edges: list[Edge], junctions: set[str]) -> list[Edge]:
    """Without the junctions that save no edges: one way in, or one out, or two of each."""
    while True:
        for name in sorted(junctions):
            into = [e for e in edges if e.target == name and e.source != name]
            out = [e for e in edges if e.source == name and e.target != name]
            if len(into) * len(out) <= len(into) + len(out):
                edges = [e for e in edges if name not in {e.source, e.target}]
                edges += [Edge(i.source, o.target, o.label or i.label, i.error) for i in into for o in out]
                junctions.discard(name)
                break
        else:
            return edges


def _merged(edges: list[Edge]) -> list[Edge]:
    """One edge between two nodes, with all its labels; an error edge only where every way is one."""
    found: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        there = found.get((edge.source, edge.target))
        if there is not None:
            labels = [label for label in dict.fromkeys([*there.label.split(" / "), edge.label]) if label]
            edge = Edge(edge.source, edge.target, " / ".join(labels), there.error and edge.error)
        found[edge.source, edge.target] = edge
    return list(found.values())


_SHAPES = {START: ("([", "])"), DONE: ("([", "])"), FAILED: ("([", "])"), SWITCH: ("{", "}")}


def mermaid(drawn: Graph) -> str:
    """The graph as Mermaid flowchart text."""
    lines = ["flowchart LR"]
    names = {node.id: f"n{i}" for i, node in enumerate(drawn.nodes)}
    for node in drawn.nodes:
        opening, closing = _SHAPES.get(node.kind, ("[", "]"))
        lines.append(f"  {names[node.id]}{opening}{_quoted(node.label)}{closing}")
    for edge in drawn.edges:
        arrow = "-.->" if edge.error else "-->"
        label = f"|{_quoted(edge.label)}|" if edge.label else ""
        lines.append(f"  {names[edge.source]} {arrow}{label} {names[edge.target]}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;").replace("\n", " ") + '"'


_Exit = tuple[str, str, bool]  # node it comes from, label, whether an error led here
_Exits = set[_Exit]


class _Walk:
    """Follows the control flow. What leads to a task is a set of exits: the stages passed last, with a label."""

    def __init__(self, program: Program) -> None:
        self._tasks = program.tasks
        self.edges: list[Edge] = []
        self.junctions: dict[str, Node] = {}
        marked = {t.common.index for t in program.tasks[1:] if t.common.stage is not None}
        root = program.tasks[0].action
        top = root.body if isinstance(root, model.Do) else model.Body(model.NOTHING, 0)
        self.stages = marked or set(range(top.first, top.first + top.size))
        self._ends: _Exits = set()

    def nodes(self, body: model.Body) -> list[Node]:
        """The stages in the order of the file, each id once."""
        found: dict[str, Node] = {}
        for index in range(body.first, body.first + body.size):
            task = self._tasks[index]
            if index in self.stages:
                found.setdefault(self._id(task.common), self._node(task))
            for inner in _bodies(task.action):
                for node in self.nodes(inner):
                    found.setdefault(node.id, node)
        return list(found.values())

    def _node(self, task: model.Task) -> Node:
        common = task.common
        metadata: dict[str, Any] = common.metadata.source if common.metadata is not None else {}
        stage: dict[str, Any] = metadata.get("stage") or {}
        label = str(stage.get("label") or _words(common.name))
        kind = str(stage.get("kind") or type(task.action).__name__.lower())
        return Node(self._id(common), label, kind, common.pointer)

    def finish(self) -> None:
        self._link(self._ends, DONE)

    def body(self, body: model.Body, entering: _Exits) -> _Exits:
        """Follow a list of tasks; the exits of the list as a whole.

        A task may be entered again by a `then` that goes back: its exits grow until nothing new comes.
        """
        arriving: dict[int, _Exits] = {}
        leaving: _Exits = set()
        followed: dict[int, _Exits] = {}
        if not body.size:
            return entering
        arriving[body.first] = set(entering)
        pending = [body.first]
        while pending:
            index = min(pending)
            pending.remove(index)
            new = arriving[index] - followed.get(index, set())
            if index in followed and not new:
                continue
            followed[index] = followed.get(index, set()) | new

            def go(exits: _Exits, then: int, index: int = index) -> None:
                following = self._tasks[index].common.following
                target = following if then == model.CONTINUE else then
                if then == model.END:
                    self._ends |= exits
                elif then == model.EXIT or target == model.NOTHING:
                    leaving.update(exits)
                else:
                    if not exits <= arriving.setdefault(target, set()):
                        pending.append(target)
                    arriving[target] |= exits

            self._task(self._tasks[index], new, go)
        if body.first == 1:
            self._ends |= leaving
        return leaving

    def _task(self, task: model.Task, entering: _Exits, go: Callable[[_Exits, int], None]) -> None:
        common = task.common
        exits = entering
        if common.condition is not None:
            go(entering, model.CONTINUE)  # skipped
        if common.index in self.stages:
            self._link(entering, self._id(common))
            exits = {(self._id(common), "", False)}
        action = task.action
        match action:
            case model.Switch():
                junction = f"switch:{common.pointer}"
                self.junctions[junction] = Node(junction, _words(common.name), SWITCH, common.pointer)
                self._link(exits, junction)
                for case in action.cases:
                    go({(junction, case.name, False)}, case.then)
                if not any(case.when is None for case in action.cases):
                    go({(junction, "", False)}, common.then)
            case model.Raise():
                if "/try/" not in common.pointer:  # else it goes to the handler around it, which has its own edges
                    self._link(exits, FAILED)
            case model.Try():
                self._try(action, common, exits, go)
            case model.Fork():
                branches = range(action.branches.first, action.branches.first + action.branches.size)
                after: _Exits = set()
                for index in branches:
                    self._task(self._tasks[index], exits, lambda gone, _then: after.update(gone))
                go(after or exits, common.then)
            case model.Do() | model.For():
                after = self.body(action.body, exits)
                go(after, common.then)
            case model.Listen() if action.foreach is not None:
                go(self.body(action.foreach.body, exits) | exits, common.then)
            case _:
                go(exits, common.then)

    def _try(self, action: model.Try, common: model.Common, exits: _Exits, go: Callable[[_Exits, int], None]) -> None:
        go(self.body(action.body, exits), common.then)
        catch = action.catch
        if catch.body is None and catch.then is None:
            return
        inside = [i for i in sorted(self.stages) if self._within(i, f"{common.pointer}/try/")]
        failing = {(self._id(self._tasks[i].common), "", True) for i in inside}
        failing = failing or {(source, label, True) for source, label, _ in exits}
        if catch.body is not None:
            failing = self.body(catch.body, failing)
        go(failing, common.then if catch.then is None else catch.then)

    def _within(self, index: int, prefix: str) -> bool:
        return self._tasks[index].common.pointer.startswith(prefix)

    def _id(self, common: model.Common) -> str:
        return common.stage if common.stage is not None else common.name

    def _link(self, exits: Iterable[_Exit], target: str) -> None:
        for source, label, error in sorted(exits):
            self._edge(Edge(source, target, label, error))

    def _edge(self, edge: Edge) -> None:
        if edge not in self.edges and not (edge.source == edge.target and not edge.label):
            self.edges.append(edge)


def _bodies(action: model.Action) -> list[model.Body]:
    match action:
        case model.Do() | model.For():
            return [action.body]
        case model.Fork():
            return [action.branches]
        case model.Try():
            return [action.body, *([action.catch.body] if action.catch.body is not None else [])]
        case model.Listen() if action.foreach is not None:
            return [action.foreach.body]
        case _:
            return []


def _words(name: str) -> str:
    """`priceApproval` as `Price approval`."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in name).replace("_", " ").replace("-", " ").strip()
    return spaced[:1].upper() + spaced[1:]
