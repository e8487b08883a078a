"""What a scenario expected beside what came of it: differences in words."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from crossdock import exactjson
from crossdock.engine.scenarios import files
from crossdock.engine.scenarios.stage import Made, Played, Snapshot, is_given
from crossdock.flow import durations, faults, jsonlike

_MOST_SHOWN = 40


def differences(expect: files.Expect, played: Played) -> list[str]:
    """Empty when everything came as expected."""
    found = list(played.trouble)
    wanted = expect.status or ("faulted" if is_given(expect.error) else "completed")
    if played.status != wanted:
        found.append(f"status: expected {wanted}, found {played.status}{_why(played)}")
    if is_given(expect.output):
        found += compared(expect.output, played.output, "output")
    if is_given(expect.error):
        error = None if played.error is None else faults.to_json(played.error)
        found += compared(expect.error, error, "error")
    if expect.emitted is not None:
        found += _events(expect.emitted, played.events)
    if expect.calls is not None:
        found += _calls(expect.calls, played.calls)
    called = {made.function for made in played.calls}
    found += [f"calls: expected no call of {name}, found one" for name in expect.not_called if name in called]
    if expect.path is not None:
        found += _subsequence(expect.path, played.path, "path")
    found += [f"path: expected not to visit {name}, found it" for name in expect.not_visited if name in played.path]
    if expect.asked is not None and list(played.asked) != expect.asked:
        found += _lists(expect.asked, played.asked, "asked")
    for moment, seen in zip(expect.at, played.moments, strict=True):
        found += _moment(moment, seen or played.last)
    found += _time(expect, played.took)
    return found


def _why(played: Played) -> str:
    if played.error is not None:
        return f": {played.error.title}. {played.error.detail} (at {played.error.instance})"
    if played.status == "waiting" and played.last is not None:
        return ": " + "; ".join(f"{w.kind} {w.detail} at {w.at}" for w in played.last.waiting)
    return ""


def _time(expect: files.Expect, took: timedelta) -> list[str]:
    found: list[str] = []
    exact, most = durations.parse(expect.takes), durations.parse(expect.takes_at_most)
    if exact is not None and took != exact:
        found.append(f"takes: expected {exact}, found {took}")
    if most is not None and took > most:
        found.append(f"takes: expected at most {most}, found {took}")
    return found


def _moment(moment: files.Moment, seen: Snapshot | None) -> list[str]:
    here = f"after {moment.after}"
    if seen is None:
        return [f"{here}: expected an instance, found none"]
    found: list[str] = []
    if seen.status != moment.status:
        found.append(f"{here}: expected status {moment.status}, found {seen.status}")
    if moment.stage is not None and seen.stage != moment.stage:
        found.append(f"{here}: expected stage {moment.stage}, found {seen.stage}")
    if moment.waiting is not None:
        waiting = [{"kind": w.kind.value, "detail": w.detail, "at": w.at} for w in seen.waiting]
        for item in moment.waiting:
            if not any(_meets(item, w) for w in waiting):
                said = "; ".join(f"{w['kind']} {w['detail']} at {w['at']}" for w in waiting) or "nothing"
                found.append(f"{here}: expected to wait for {_text(item)}, found {said}")
    if is_given(moment.context):
        found += compared(moment.context, seen.context, f"{here}: context")
    return found


def _meets(wanted: Any, waiting: Mapping[str, Any]) -> bool:
    if isinstance(wanted, str):  # a kind, an event type or a function
        return wanted == waiting["kind"] or wanted in str(waiting["detail"]).replace(",", " ").split()
    return not compared(wanted, waiting, "")


def _events(wanted: Sequence[Any], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """All of them, in order: a type, or members of the event."""
    pairs = list(zip(wanted, found, strict=False))
    if len(wanted) == len(found) and all(_is_event(w, f) for w, f in pairs):
        return []
    types = [w if isinstance(w, str) else str(jsonlike.member(w, "type")) for w in wanted]
    there = [str(f.get("type")) for f in found]
    if types != there:
        return _lists(types, there, "emitted")
    return [
        line
        for i, (w, f) in enumerate(pairs)
        if not isinstance(w, str)
        for line in compared(w, f, f"emitted[{i}] {f.get('type')}")
    ]


def _is_event(wanted: Any, found: Mapping[str, Any]) -> bool:
    return found.get("type") == wanted if isinstance(wanted, str) else not compared(wanted, found, "")


def _calls(wanted: Sequence[str | files.Called], made: Sequence[Made]) -> list[str]:
    """In this order; others may stand between. With `times`, how many in all."""
    found: list[str] = []
    at = 0
    for item in wanted:
        called = files.Called(item) if isinstance(item, str) else item
        if called.times is not None:
            number = sum(_is_call(called, call) for call in made)
            if number != called.times:
                found.append(f"calls: expected {called.times} of {_call(called)}, found {number}")
            continue
        place = next((i for i in range(at, len(made)) if _is_call(called, made[i])), None)
        if place is not None:
            at = place + 1
            continue
        same = [call for call in made if call.function == called.function]
        if not same:
            found.append(f"calls: expected {_call(called)}, found none of that function")
        elif any(_is_call(called, call) for call in made):
            before = made[at - 1].function
            found.append(f"calls: expected {_call(called)} after {before}, found it before")
        else:
            found.append(f"calls: expected {_call(called)}, found")
            found += [
                f"  {line}" for call in same[:3] for line in compared(called.given, call.arguments, call.function)
            ]
    return found


def _call(called: files.Called) -> str:
    return called.function + (f" with {_text(called.given)}" if is_given(called.given) else "")


def _is_call(wanted: files.Called, made: Made) -> bool:
    if wanted.function != made.function:
        return False
    return not is_given(wanted.given) or not compared(wanted.given, made.arguments, "")


def _subsequence(wanted: Sequence[str], found: Sequence[str], what: str) -> list[str]:
    at = 0
    for i, name in enumerate(wanted):
        place = next((j for j in range(at, len(found)) if found[j] == name), None)
        if place is None:
            after = f" after '{wanted[i - 1]}'" if i else ""
            rest = ", ".join(found[at : at + 12]) or "nothing"
            return [f"{what}: expected '{name}'{after}, found {rest}{' …' if len(found) > at + 12 else ''}"]
        at = place + 1
    return []


def _lists(wanted: Sequence[str], found: Sequence[str], what: str) -> list[str]:
    """A diff: - expected and missing, + found and not expected."""
    lines = [line for line in difflib.ndiff(list(wanted), list(found)) if not line.startswith("?")]
    return [f"{what}: (- expected, + found)", *(f"  {line}" for line in lines[:_MOST_SHOWN])]


def compared(wanted: Any, found: Any, place: str) -> list[str]:
    """Differences between a value and what was expected of it; objects may have more members than wanted."""
    members = jsonlike.mapping(wanted)
    if members is not None:
        there = jsonlike.mapping(found)
        if there is None:
            return [f"{place}: expected an object, found {_text(found)}"]
        lines: list[str] = []
        for name, value in members.items():
            if name not in there:
                lines.append(f"{place}.{name}: expected {_text(value)}, found nothing of that name")
            else:
                lines += compared(value, there[name], f"{place}.{name}")
        return lines
    items = jsonlike.sequence(wanted)
    if items is not None:
        there = jsonlike.sequence(found)
        if there is None:
            return [f"{place}: expected a list, found {_text(found)}"]
        lines = [
            line for i, (w, f) in enumerate(zip(items, there, strict=False)) for line in compared(w, f, f"{place}[{i}]")
        ]
        if len(items) != len(there):
            lines.append(f"{place}: expected {len(items)} items, found {len(there)}: {_text(found)}")
        return lines
    same = wanted == found and isinstance(wanted, bool) == isinstance(found, bool)
    return [] if same else [f"{place}: expected {_text(wanted)}, found {_text(found)}"]


def _text(value: Any) -> str:
    text = exactjson.text(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
