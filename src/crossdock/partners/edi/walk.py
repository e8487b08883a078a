"""The walk of a set along its guide: a tree of loops, and every fault on the way.

For each segment the innermost open loop is asked first whether it may stand at or after the place reached; then the
loops around it, which closes those within. What stands too late is kept where it belongs and said to be out of order;
what the guide does not know is kept beside the tree. So nothing is lost, and nothing stops at the first fault.

A fault rejects the set when something was lost or cannot be trusted. A segment we do not know or that stands out of
order, a text shorter than the standard's minimum and an odd time lose nothing: they are notes, acknowledged as
accepted with errors.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from crossdock.partners.edi import elements
from crossdock.partners.edi.faults import Fault, Kind
from crossdock.partners.edi.guide import Guide, Item, Loop, Qualifiers, Tree
from crossdock.partners.model import Issue, error, note, shown

MAX_FAULTS = 200  # of one set: enough to see what is wrong, bounded for files that are nothing but wrong
MAX_DEPTH = 60  # of a tree of levels; HL trees of the trade have five


class Segment(Protocol):
    """What both syntaxes give. at: a component, both counted from 1; "" when absent."""

    @property
    def id(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def size(self) -> int: ...
    def at(self, element: int, component: int = 1) -> str: ...
    def parts(self, element: int) -> tuple[str, ...]: ...


@dataclass(slots=True)
class Node:
    """One instance of a loop. children: segments and loops in their order; below: nodes that name it their parent."""

    name: str
    children: "list[Segment | Node]" = field(default_factory=list["Segment | Node"])
    below: "list[Node]" = field(default_factory=list["Node"])

    def segments(self) -> Iterator[Segment]:
        """All segments in their order, those of inner loops and levels below included."""
        for child in self.children:
            if isinstance(child, Node):
                yield from child.segments()
            else:
                yield child
        for node in self.below:
            yield from node.segments()

    @property
    def first(self) -> Segment:
        child = self.children[0]
        return child.first if isinstance(child, Node) else child


@dataclass(slots=True)
class Walked:
    """root: the tree. unknown: segments that stand nowhere in the guide."""

    root: Node
    faults: list[Fault]
    unknown: list[Segment]


@dataclass(slots=True)
class _Open:
    loop: Loop
    node: Node
    place: int = 0
    counts: dict[int, int] = field(default_factory=dict[int, int])  # by id() of the item, or ~place of an `any`


@dataclass(slots=True)
class _Walk:
    guide: Guide
    syntax: elements.Syntax
    stack: list[_Open]
    faults: list[Fault] = field(default_factory=list[Fault])
    unknown: list[Segment] = field(default_factory=list[Segment])

    @property
    def full(self) -> bool:
        return len(self.faults) >= MAX_FAULTS


def walk(guide: Guide, segments: Sequence[Segment], syntax: elements.Syntax) -> Walked:
    """segments: from the set's header to its trailer. syntax: how faults name places and read numbers."""
    root = Node("")
    w = _Walk(guide, syntax, [_Open(guide.root, root)])
    for position, segment in enumerate(segments, 1):
        _segment(w, segment, position)
    last = segments[-1]
    closed = last.id in {"SE", "UNT"}
    while w.stack:
        top = w.stack.pop()
        # a set that is cut off lacks its trailer, which the envelope has said
        end = top.loop.items[-1].place
        _leave(w, top, last, len(segments), end + 1 if closed or w.stack else end)
    _trees(w, root)
    return Walked(root, w.faults[:MAX_FAULTS], w.unknown)


def _segment(w: _Walk, segment: Segment, position: int) -> None:
    found = _find(w, segment)
    if found is None:
        w.unknown.append(segment)
        w.faults.append(_unexpected(w, segment, position))
        return
    depth, item, late = found
    while len(w.stack) - 1 > depth:
        closed = w.stack.pop()
        _leave(w, closed, segment, position, closed.loop.items[-1].place + 1)
    top = w.stack[-1]
    if late:
        w.faults.append(_late(w, segment, position))
    elif item.place > top.place:
        _leave(w, top, segment, position, item.place)
        top.place = item.place
    count = top.counts[id(item)] = top.counts.get(id(item), 0) + 1
    if count == item.max + 1:
        w.faults.append(_repeated(w, item, segment, position))
    if item.loop is not None:
        node = Node(item.name)
        top.node.children.append(node)
        inner = _Open(item.loop, node, 0, {id(item.loop.items[0]): 1})
        node.children.append(segment)
        w.stack.append(inner)
    else:
        top.node.children.append(segment)
    if not w.full:
        w.faults += elements.check(item.rule, segment, position, _here(w), w.syntax)


def _find(w: _Walk, segment: Segment) -> tuple[int, Item, bool] | None:
    """(depth of the loop, item, whether it stands too late)."""
    spare: tuple[int, Item] | None = None
    for depth in range(len(w.stack) - 1, -1, -1):
        top = w.stack[depth]
        first = None
        for item in top.loop.index.get(segment.id, ()):
            if item.place < top.place or (item.when and not _matches(item.when, segment)):
                continue
            if top.counts.get(id(item), 0) < item.max:
                return depth, item, False
            # what opens a loop opens another one, and is not repeated in it
            first = first or (None if depth and item.place == 0 else item)
        # once too often here, unless a loop around it has room
        if first is not None and spare is None:
            spare = depth, first
    if spare is not None:
        return *spare, False
    for depth in range(len(w.stack) - 1, -1, -1):
        for item in w.stack[depth].loop.index.get(segment.id, ()):
            if not item.when or _matches(item.when, segment):
                # the header and a loop's first segment stand once: a second one is no late one
                if item.place == 0 and depth == 0:
                    return None
                if item.place == 0 and item.loop is None:
                    continue
                return depth, item, True
    return None


def _matches(when: Qualifiers, segment: Segment) -> bool:
    return all(segment.at(element, component) in values for element, component, values in when)


def _here(w: _Walk) -> str:
    """`Line 3: `, from the loops that are open."""
    for top in reversed(w.stack):
        if top.loop.label and top.node.children:
            return label(top.loop.label, top.node, top.node.first) + ": "
    return ""


def label(pattern: str, node: Node, first: Segment) -> str:
    """The guide's name for a loop, with elements of its first segment filled in."""
    return re.sub(r"\{(\d+)(?:\.(\d+))?\}", lambda m: first.at(int(m[1]), int(m[2] or 1)) or "?", pattern)


def _leave(w: _Walk, top: _Open, segment: Segment, position: int, until: int) -> None:
    """Names what is mandatory between the place reached and the next."""
    for item in top.loop.items:
        if not item.mandatory or not top.place <= item.place < until or top.counts.get(id(item), 0):
            continue
        shared = [i for i in top.loop.items if i.place == item.place]
        if len(shared) > 1 and any(top.counts.get(id(i), 0) for i in shared):
            continue
        top.counts[id(item)] = 1  # said once
        what = item.rule.name
        qualifier = "|".join(sorted(item.when[0][2])) if item.when else ""
        with_ = f" {qualifier}" if qualifier else ""
        w.faults.append(
            Fault(
                kind=Kind.MISSING,
                issue=error(
                    f"{w.syntax.name}.{item.id.lower()}.missing",
                    f"before {w.syntax.place(segment)}",
                    f"{item.id}{with_}, the {what}",
                    "no such segment",
                    f"Send {item.id}{with_} {_inside(top.loop)}.",
                    w.syntax.ack_segment(item.id, Kind.MISSING),
                ),
                segment=item.id,
                position=position,
            )
        )


def _inside(loop: Loop) -> str:
    return f"in each {loop.name}" if loop.name else "in the set"


def _repeated(w: _Walk, item: Item, segment: Segment, position: int) -> Fault:
    kind = Kind.LOOP_REPEATED if item.loop is not None else Kind.REPEATED
    return Fault(
        kind=kind,
        issue=error(
            f"{w.syntax.name}.{segment.id.lower()}.repeated",
            _here(w) + w.syntax.place(segment),
            f"{segment.id} at most {item.max} times",
            "one more",
            "Send it once." if item.max == 1 else "Leave out what is beyond.",
            w.syntax.ack_segment(segment.id, kind),
        ),
        segment=segment.id,
        position=position,
    )


def _late(w: _Walk, segment: Segment, position: int) -> Fault:
    issue = note(
        f"{w.syntax.name}.segment.order",
        _here(w) + w.syntax.place(segment),
        f"{segment.id} further up",
        shown(segment.id),
        "It is read as if it stood there.",
        w.syntax.ack_segment(segment.id, Kind.WRONG_ORDER),
    )
    return Fault(kind=Kind.WRONG_ORDER, issue=issue, segment=segment.id, position=position)


def _unexpected(w: _Walk, segment: Segment, position: int) -> Fault:
    if segment.id in w.guide.known:
        kind, text = Kind.UNEXPECTED, f"no {segment.id} here"
    elif re.fullmatch(r"[A-Z][A-Z0-9]{1,2}", segment.id):
        kind, text = Kind.NOT_IN_SET, f"a segment of the {w.guide.set}"
    else:
        kind, text = Kind.UNKNOWN, "a segment identifier"
    # a second header or a line after the totals may be a document cut together from two
    opens = segment.id in w.guide.root.index and any(i.mandatory or i.loop for i in w.guide.root.index[segment.id])
    lost = kind is Kind.UNKNOWN or opens
    issue: Issue = (error if lost else note)(
        f"{w.syntax.name}.segment.unexpected",
        _here(w) + w.syntax.place(segment),
        text,
        shown(segment.id),
        "Remove it." if lost else "It is kept and not read; leave it out, or agree on its meaning.",
        w.syntax.ack_segment(segment.id, kind),
    )
    return Fault(kind=kind, issue=issue, segment=segment.id[:3], position=position)


def _trees(w: _Walk, root: Node) -> None:
    """Moves each node of a tree loop below the one it names as its parent."""
    trees = {loop.name: loop.tree for loop in w.guide.root.loops() if loop.tree is not None}
    if not trees:
        return
    tops: list[Segment | Node] = []
    known: dict[str, tuple[Node, str, int]] = {}
    sums: dict[int, int] = {}
    for child in root.children:
        tree = trees.get(child.name) if isinstance(child, Node) else None
        if tree is None or not isinstance(child, Node):
            tops.append(child)
            continue
        first = child.first
        own, parent, level = first.at(tree.id), first.at(tree.parent), first.at(tree.level) if tree.level else ""
        under = known.get(parent) if parent else None
        if parent and under is None:
            w.faults.append(_tree(w, first, tree.parent, "a level that stands above it", parent, reject=True))
        elif own in known:
            w.faults.append(_tree(w, first, tree.id, "a number used once", own, reject=True))
        depth = 1 if under is None else under[2] + 1
        allowed = tree.parents.get(level)
        above = under[1] if under else ""
        if allowed is not None and above not in allowed:
            wanted = " or ".join(sorted(a or "the top" for a in allowed))
            w.faults.append(
                _tree(w, first, tree.level, f"{level} below {wanted}", f"{level} below {above or 'the top'}")
            )
        known.setdefault(own, (child, level, depth))
        if under is None or depth > MAX_DEPTH:
            tops.append(child)
        else:
            under[0].below.append(child)
            sums[id(under[0])] = sums.get(id(under[0]), 0) + 1
    root.children = tops
    for node, _, _ in known.values():
        _children(w, node, trees[node.name], sums)


def _children(w: _Walk, node: Node, tree: Tree, sums: dict[int, int]) -> None:
    said = node.first.at(tree.children) if tree.children else ""
    if said in {"0", "1"} and (said == "1") != (id(node) in sums):
        has = "levels below it" if id(node) in sums else "none below it"
        w.faults.append(_tree(w, node.first, tree.children, "1" if id(node) in sums else "0", f"{said}, with {has}"))


def _tree(w: _Walk, first: Segment, element: int, expected: str, found: str, *, reject: bool = False) -> Fault:
    speak = error if reject else note
    issue = speak(
        f"{w.syntax.name}.{first.id.lower()}{element:02d}.tree",
        w.syntax.place(first, element),
        expected,
        shown(found),
        "Number the levels so that each names one above it." if reject else "It is read as written.",
        w.syntax.ack_element(first.id, element, 0, "", Kind.CODE),
    )
    return Fault(
        kind=Kind.CODE,
        issue=issue,
        segment=first.id,
        position=max(1, first.index - w.syntax.start + 1),
        element=element,
        value=found[: elements.COPY_MAX],
    )
