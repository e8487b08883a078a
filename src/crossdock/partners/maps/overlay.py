"""A map that says only how it differs from another: which fields are read or written otherwise.

    over: x12-855                                  # the map it differs from; its own id is the same
    tables: {line_status: {ZZ: accepted}}          # by table and code; null takes one out
    change:
      - at: PO1 > PO1                              # rules by their keys, from the outside in; `REF #2` is the second
        with: {3: "unit", 4: null}                 # what the rule says otherwise; null takes a part out
      - {at: REF, remove: true}
      - {at: PO1 > PID, after: [{MSG: {each: notes, 1: "."}}]}     # also `before`
      - {at: "", append: [{CTP: {...}}]}           # at the end of the map, or of a loop

A map of a table differs by its keys: `columns: {quantity: {headers: [menge]}}`. What a change cannot be applied to is
a finding at its place; everything else of the base stays, and `differences` lists what does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from crossdock.errors import Finding

SEPARATOR = " > "
KEYS = frozenset({"id", "over", "name", "change"})
PARTS = frozenset({"at", "with", "remove", "before", "after", "append"})


@dataclass(slots=True)
class Applied:
    """data: base and changes as one map. came_from: the pointer in the overlay of each part that is not the base's,
    by the part's identity; `kept` keeps the parts alive for as long."""

    data: dict[str, Any]
    findings: list[Finding] = field(default_factory=list[Finding])
    came_from: dict[int, str] = field(default_factory=dict[int, str])
    kept: list[Any] = field(default_factory=list[Any])

    def say(self, where: str, expected: str, found: object, fix: str) -> None:
        self.findings.append(Finding("map.overlay", where, expected, str(found)[:120], fix))

    def mark(self, part: Any, pointer: str) -> Any:
        self.came_from[id(part)] = pointer
        self.kept.append(part)
        return part


def apply(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> Applied:
    """Findings' `where` are pointers in the overlay."""
    done = Applied(_copy(base))
    for key, said in overlay.items():
        if key in KEYS:
            continue
        if key not in base and key not in {"tables", "parts", "defaults", "countries", "cancellation", "decimal"}:
            done.say(f"/{key}", f"one of {', '.join(sorted({*base, *KEYS, 'tables'}))}", key, "Remove it.")
        elif key == "rules":
            done.say("/rules", "`change`, in a map that differs from another", "rules", "Write them under `change`.")
        else:
            done.data[key] = _merged(done, done.data.get(key), said, f"/{key}", 2 if key == "tables" else 1)
    changes = overlay.get("change", [])
    if not isinstance(changes, list):
        done.say("/change", "a list of changes", type(changes).__name__, "Write one entry for each rule.")
        return done
    for at, change in enumerate(cast("list[Any]", changes)):
        if not isinstance(change, dict):
            done.say(f"/change/{at}", "`at` and what to change there", type(change).__name__, "Correct it.")
            continue
        _change(done, cast("dict[str, Any]", change), f"/change/{at}")
    return done


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _copy(v) for k, v in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_copy(v) for v in cast("list[Any]", value)]
    return value


def _merged(done: Applied, before: Any, said: Any, pointer: str, depth: int) -> Any:
    """Objects by their members, down to a depth; anything else as a whole."""
    if depth == 0 or not isinstance(before, dict) or not isinstance(said, dict):
        return done.mark(said, pointer) if isinstance(said, dict | list) else said
    merged = dict(cast("dict[str, Any]", before))
    for key, value in cast("dict[str, Any]", said).items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(done, merged.get(key), value, f"{pointer}/{escape(key)}", depth - 1)
    return done.mark(merged, pointer)


def _change(done: Applied, change: dict[str, Any], pointer: str) -> None:
    for key in change:
        if key not in PARTS:
            done.say(f"{pointer}/{key}", f"one of {', '.join(sorted(PARTS))}", key, "Remove it.")
    path = [p for p in str(change.get("at") or "").split(SEPARATOR) if p]
    rules: Any = done.data.get("rules")
    if not isinstance(rules, list):
        done.say(pointer, "a map of rules", "a map of a table", "Say the keys that differ, such as `columns`.")
        return
    found = _find(done, cast("list[Any]", rules), path, f"{pointer}/at")
    if found is None:
        return
    listed, place, body = found
    new = change.get("append")
    if new is not None:
        inner = (
            listed if place is None else cast("dict[str, Any]", body).get("rules") if isinstance(body, dict) else None
        )
        if not isinstance(inner, list):
            done.say(f"{pointer}/append", "a loop, or the map itself", change.get("at"), "Use `after`.")
            return
        cast("list[Any]", inner).extend(_new(done, new, f"{pointer}/append"))
    if place is None:
        return
    if "with" in change:
        key = next(iter(listed[place]))
        listed[place] = done.mark({key: _merged(done, body, change["with"], f"{pointer}/with", 1)}, f"{pointer}/with")
    before, after = (_new(done, change.get(k) or [], f"{pointer}/{k}") for k in ("before", "after"))
    kept = [] if change.get("remove") is True else [listed[place]]
    listed[place : place + 1] = [*before, *kept, *after]


def _new(done: Applied, rules: Any, pointer: str) -> list[Any]:
    if not isinstance(rules, list):
        done.say(pointer, "a list of rules", type(rules).__name__, "Write one entry for each rule.")
        return []
    return [done.mark(_copy(r), f"{pointer}/{i}") for i, r in enumerate(cast("list[Any]", rules))]


def _find(done: Applied, rules: list[Any], path: list[str], where: str) -> tuple[list[Any], int | None, Any] | None:
    """The list and place of a rule, and its body; place None is the whole map."""
    listed, place, body = rules, None, None
    for depth, step in enumerate(path):
        if depth:
            inner = cast("dict[str, Any]", body).get("rules") if isinstance(body, dict) else None
            if not isinstance(inner, list):
                done.say(where, "a rule that has rules", SEPARATOR.join(path[:depth]), "Correct the path.")
                return None
            listed = cast("list[Any]", inner)
        name, _, number = step.partition(" #")
        same = [i for i, r in enumerate(listed) if next(iter(r), None) == name]
        wanted = int(number) - 1 if number.isdigit() else 0
        if wanted >= len(same) or wanted < 0:
            known = ", ".join(dict.fromkeys(str(next(iter(r), "")) for r in listed))
            done.say(where, f"one of {known}", step, "Name a rule of the map it differs from.")
            return None
        place = same[wanted]
        body = listed[place][name]
    return listed, place, body


# --- what differs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a map that says something else; None where it is not said. at: rules by their keys, then the part."""

    at: str
    before: Any
    after: Any


def differences(before: Any, after: Any, at: str = "", *, limit: int = 500) -> list[Difference]:
    """Of two maps, part by part; rules are told apart by their keys."""
    found: list[Difference] = []
    _differ(before, after, at, found, limit)
    return found


def _differ(before: Any, after: Any, at: str, found: list[Difference], limit: int) -> None:
    if before == after or len(found) >= limit:
        return
    one, two = _parts(before), _parts(after)
    if one is None or two is None:
        found.append(Difference(at, before, after))
        return
    for key in dict.fromkeys([*one, *two]):
        _differ(one.get(key), two.get(key), f"{at}{SEPARATOR}{key}" if at else key, found, limit)


def _parts(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        said = cast("dict[str, Any]", value)
        rules = said.get("rules")
        rest = {k: v for k, v in said.items() if k != "rules"}
        return {**rest, **(_parts(rules) or {})} if rules is not None else rest
    if isinstance(value, list):
        listed = cast("list[Any]", value)
        if not all(isinstance(r, dict) and len(cast("dict[str, Any]", r)) == 1 for r in listed):
            return None
        named: dict[str, Any] = {}
        for rule in cast("list[dict[str, Any]]", listed):
            [(key, body)] = rule.items()
            name, number = key, 1
            while name in named:
                number += 1
                name = f"{key} #{number}"
            named[name] = body
        return named
    return None


def escape(key: str) -> str:
    """As RFC 6901 writes it in a pointer."""
    return key.replace("~", "~0").replace("/", "~1")
