"""Large parts of an instance's data, kept once and named by what they hold (a claim check).

A part whose JSON is longer than the limit is cut out of what is written, and `{"$payload": digest, "bytes": n}` stands
in its place: in the stored state, in facts of the history, in arguments and outputs of calls. The same part has the
same digest wherever it occurs, so an order of 5 MB that ten tasks hold and hand on is written once. A part may hold
smaller ones that are cut out of it in turn: what is added to a large document does not write the document again.

Data that happens to look like such a name is wrapped, `{"$payload": [that data]}`, and so comes back as it was: only
what was cut out here is ever put back, and only from the payloads of the same instance.

Who is cut out is remembered by identity, with the value itself: documents are never changed in place, and so a turn
neither encodes nor hashes again what it did not touch. No input or output happens here; the host stores `fresh`.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

import msgspec

from crossdock import exactjson
from crossdock.errors import CrossdockBug, CrossdockError

LIMIT = 64 * 1024  # shorter parts stay where they are: a row of their own would cost more than it saves
MOST = 32 * 1024 * 1024  # as large as the largest file that partners may send
MARK = "$payload"
NAMED = b'"$payload":'  # as JSON; within a text value the quotes would be escaped
_NAMED_TEXT = NAMED.decode()
# How far known parts are looked for, how far new ones are, and past which length a list is one part, not a container.
_KNOWN_DEPTH, _NEW_DEPTH, _ROWS = 3, 8, 4

Ref: TypeAlias = dict[str, Any]
_DIGEST = re.compile(rb'"\$payload":"([0-9a-f]{64})"')


class TooLarge(CrossdockError):
    """An instance's data have a part that is larger than anything here is meant to be."""


def named_in(text: bytes | str) -> set[str]:
    """Digests that this JSON names; also some that it only seems to name, which nobody has."""
    if not _names(text):
        return set()
    return {digest.decode() for digest in _DIGEST.findall(text.encode() if isinstance(text, str) else text)}


def _names(text: bytes | str) -> bool:
    return NAMED in text if isinstance(text, bytes) else _NAMED_TEXT in text


class Payloads:
    """The large parts of one instance, as whoever has it in hand knows them.

    bodies: by digest, as they are stored. fresh: of parts that were cut out and are not stored yet; the host writes
    them with what names them.
    """

    __slots__ = ("_bodies", "_known", "_older", "_parts", "_stored", "fresh", "limit", "most")

    def __init__(self, bodies: Mapping[str, bytes] | None = None, *, limit: int = LIMIT, most: int = MOST) -> None:
        self.limit, self.most = limit, most
        self.fresh: dict[str, bytes] = {}
        self._bodies = dict(bodies or {})
        self._stored = set(self._bodies)
        self._parts: dict[str, Any] = {}  # by digest: two names of one part give one value
        # By identity, with the value, so that no other can take its place in memory. Two generations: what the turn
        # before this one did not meet either is forgotten.
        self._known: dict[int, tuple[Any, Ref]] = {}
        self._older: dict[int, tuple[Any, Ref]] = {}

    @property
    def knows(self) -> bool:
        """Whether it knows a large part, and so whether looking for them pays before anything is encoded."""
        return bool(self._known or self._older)

    def turned(self) -> None:
        """The state was written: what it does not hold any more is let go with the turn after this one."""
        self._older, self._known = self._known, {}
        self._parts.clear()
        self._bodies.clear()

    # ── out: to what is stored ──────────────────────────────────────────────────────────────────────────────────

    def text(self, value: Any) -> str:
        """As exactjson.text, without its large parts. Raises TooLarge."""
        if not self.knows:
            data = exactjson.dumps(value)
            if len(data) <= self.limit and NAMED not in data:
                return data.decode()
        return exactjson.text(self.light(value))

    def light(self, value: Any) -> Any:
        """The value with names in place of its large parts; itself where it has none. Raises TooLarge."""
        return self._light(value, _NEW_DEPTH)[0]

    def _light(self, value: Any, depth: int) -> tuple[Any, int]:
        """And how many bytes the parts have that were cut out of it."""
        if (known := self._recall(value)) is not None:
            return known, known["bytes"]
        if not _holds(value):
            return value, 0
        thin, names, within = self._without_known(value, _KNOWN_DEPTH)
        data = exactjson.dumps(thin)
        if len(data) <= self.limit and data.count(NAMED) == names:
            return thin, within
        if type(value) is str:
            return self._cut(value, data, 0), len(data)
        lighter: Any
        if depth == 0 or _is_table(value):
            lighter, within = _wrapped(value) if NAMED in data else value, 0
        else:
            lighter, within = self._lighter(value, depth)
        data = exactjson.dumps(lighter)
        if len(data) <= self.limit:
            return lighter, within
        return self._cut(value, data, within), len(data) + within

    def _lighter(self, value: Any, depth: int) -> tuple[Any, int]:
        """Each of its members by itself."""
        within = 0
        made: list[tuple[Any, Any]] = []
        for name, child in _members(value):
            light, inside = self._light(child, depth - 1)
            within += inside
            made.append((name, light))
        if type(value) is list or type(value) is tuple:
            return [light for _, light in made], within
        members: dict[Any, Any] = dict(made)
        return ({MARK: [members]} if MARK in members else members), within

    def _without_known(self, value: Any, depth: int) -> tuple[Any, int, int]:
        """The value without parts that are known already, how many those are, and their bytes; nothing is encoded."""
        if depth == 0 or not self.knows or _is_table(value):
            return value, 0, 0
        names = within = 0
        result: Any = None
        for name, child in _members(value):
            if not _holds(child):
                continue
            if (known := self._recall(child)) is not None:
                thin, n, inside = known, 1, known["bytes"]
            else:
                thin, n, inside = self._without_known(child, depth - 1)
            if thin is not child:
                if result is None:
                    result = _copied(value)
                result[name] = thin
                names, within = names + n, within + inside
        return (value if result is None else result), names, within

    def _recall(self, value: Any) -> Ref | None:
        found = self._known.get(id(value))
        if found is None:
            found = self._older.get(id(value))
            if found is None:
                return None
            self._known[id(value)] = found
        return found[1]

    def _cut(self, value: Any, body: bytes, within: int) -> Ref:
        size = len(body) + within
        if size > self.most:
            raise TooLarge(
                f"Expected data of at most {self.most} bytes in one document of a workflow, found {size}. Keep it "
                "where it is, and hand on where that is."
            )
        digest = hashlib.blake2b(body, digest_size=32).hexdigest()
        if digest not in self._stored:
            self._stored.add(digest)
            self.fresh[digest] = body
        ref: Ref = {MARK: digest, "bytes": size}
        self._known[id(value)] = (value, ref)
        return ref

    # ── in: from what is stored ─────────────────────────────────────────────────────────────────────────────────

    def value(self, text: bytes | str) -> Any:
        """The inverse of `text`. Raises CrossdockBug when it names a part that is not here."""
        found = exactjson.loads(text)
        return self.whole(found) if _names(text) else found

    def whole(self, value: Any) -> Any:
        """The inverse of `light`; changes the containers that it is given."""
        if type(value) is dict:
            members = cast("dict[str, Any]", value)
            if (named := members.get(MARK)) is not None:
                if type(named) is str:
                    return self._part(named, members)
                members = cast("dict[str, Any]", named[0])
            for name, child in members.items():
                if type(child) is dict or type(child) is list:
                    members[name] = self.whole(child)
            return members
        if type(value) is list:
            items = cast("list[Any]", value)
            for n, child in enumerate(items):
                if type(child) is dict or type(child) is list:
                    items[n] = self.whole(child)
        return cast("Any", value)

    def _part(self, digest: str, ref: Ref) -> Any:
        if digest in self._parts:
            return self._parts[digest]
        body = self._bodies.get(digest)
        if body is None:
            raise CrossdockBug(f"the payload {digest} is named, and is not there")
        value = self._parts[digest] = self.value(body)
        self._known[id(value)] = (value, ref)
        return value


def outline(value: Any) -> Any:
    """For people: a stored value as it is, its large parts by name; only what was wrapped comes out again."""
    if type(value) is dict:
        members = cast("dict[str, Any]", value)
        named = members.get(MARK)
        if type(named) is list:
            return {k: outline(v) for k, v in cast("dict[str, Any]", named[0]).items()}
        return {k: outline(v) for k, v in members.items()}
    return [outline(v) for v in cast("list[Any]", value)] if type(value) is list else value


def _holds(value: Any) -> bool:
    """Whether it may be, or have, a large part."""
    return type(value) in (dict, list, str, tuple) or isinstance(value, msgspec.Struct)


def _is_table(value: Any) -> bool:
    """A long list: one part, whose rows are not looked at one by one."""
    return type(value) is list and len(cast("list[Any]", value)) > _ROWS


def _copied(value: Any) -> Any:
    if type(value) is list or type(value) is tuple:
        return list(cast("list[Any]", value))
    return dict(_members(value))


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    match value:
        case dict():
            return cast("dict[str, Any]", value).items()
        case list() | tuple():
            return enumerate(cast("list[Any]", value))
        case msgspec.Struct():
            return msgspec.structs.asdict(value).items()
        case _:
            return ()


def _wrapped(value: Any) -> Any:
    """All that looks like a name, wrapped; nothing is cut out."""
    if type(value) is list or type(value) is tuple:
        return [_wrapped(v) for v in cast("list[Any]", value)]
    if type(value) is dict or isinstance(value, msgspec.Struct):
        members = {k: _wrapped(v) for k, v in _members(value)}
        return {MARK: [members]} if MARK in members else members
    return value
