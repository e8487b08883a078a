"""Golden histories: what they hold, and how one is replayed.

A file is one recorded run: the definitions as they were published, and for each instance the facts it heard, the
commands that followed from each, and its stored state at some of them. Replaying applies the facts by today's
interpreter. Two things are asked: the same commands in the same order, and a state that equals the recorded one. At
each recorded state the replay goes on from those very bytes, as an instance does that waited through an upgrade.

Format 1, JSON (`.json`, or `.json.gz` from 64 kB):

    {"format": 1, "about": "…", "recorded_with": "0.1.0",
     "definitions": ["document: …"],
     "instances": [{"id": "…", "definition": "namespace/name:version",
                    "steps": [{"fact": ["Started", {…}], "commands": [["Call", {…}]], "state": "…"}]}]}

`state` is the stored form (flow.state.dump), where it was recorded; the last step always has it. Recorded values are
read into today's types before they are compared, so that a field which is new, with a default, is no difference.
A meaning that changes is one, and belongs into a new version of the language, not into this file.
"""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import msgspec

from crossdock import exactjson
from crossdock.flow import facts, interpreter
from crossdock.flow import program as programs
from crossdock.flow import state as states
from crossdock.flow.facts import Command, Fact
from crossdock.flow.program import Program

FORMAT = 1
FOLDER = Path(__file__).parent
PACKED_FROM = 64 * 1024
STATE_EVERY = 4  # a state at each fourth fact: enough to go on from in many places, and small enough to keep
History: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One instance as it was heard of: its definition by name, and its facts in order."""

    instance_id: str
    definition: str
    facts: Sequence[Fact]


def name_of(program: Program) -> str:
    return f"{program.namespace}/{program.name}:{program.version}"


def files() -> list[Path]:
    return sorted(p for p in FOLDER.iterdir() if p.name.endswith((".json", ".json.gz")))


def read(path: Path) -> History:
    data = path.read_bytes()
    history = exactjson.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    if history["format"] != FORMAT:
        raise ValueError(
            f"{path.name}: expected format {FORMAT}, found {history['format']}. Replay it with the build that wrote it."
        )
    return history


def write(name: str, history: History) -> Path:
    """Beside the others; bytes depend on the content alone, so that recording the same again changes nothing."""
    data = exactjson.dumps(history) + b"\n"
    if len(data) < PACKED_FROM:
        path = FOLDER / f"{name}.json"
        path.write_bytes(data)
    else:
        path = FOLDER / f"{name}.json.gz"
        path.write_bytes(gzip.compress(data, mtime=0))
    return path


def record(about: str, version: str, sources: Sequence[str], told: Iterable[Told]) -> History:
    """What today's interpreter makes of these facts; that it is right is for whoever records it to see."""
    compiled = _compiled(sources)
    instances: list[dict[str, Any]] = []
    for one in told:
        program, state, steps = compiled[one.definition], None, list[dict[str, Any]]()
        for n, fact in enumerate(one.facts):
            step = interpreter.advance(program, state, fact)
            state = step.state
            noted: dict[str, Any] = {"fact": _word(fact), "commands": [_word(c) for c in step.commands]}
            if n % STATE_EVERY == STATE_EVERY - 1 or n == len(one.facts) - 1:
                noted["state"] = states.dump(state).decode()
            steps.append(noted)
        instances.append({"id": one.instance_id, "definition": one.definition, "steps": steps})
    return {
        "format": FORMAT, "about": about, "recorded_with": version, "definitions": list(sources),
        "instances": instances,
    }  # fmt: skip


def differences(history: History) -> Iterator[str]:
    """In words, each place where today's build does not do what was recorded. Nothing: it does."""
    compiled = _compiled(history["definitions"])
    for one in history["instances"]:
        yield from _replayed(compiled[one["definition"]], one)


def _replayed(program: Program, one: dict[str, Any]) -> Iterator[str]:
    state: states.State | None = None
    for n, noted in enumerate(one["steps"], 1):
        kind = noted["fact"][0]
        where = f"{one['definition']} {one['id']}, fact {n} ({kind} at {noted['fact'][1].get('at', '-')})"
        step = interpreter.advance(program, state, fact_of(*noted["fact"]))
        expected, found = [_known(*c) for c in noted["commands"]], [_word(c) for c in step.commands]
        if expected != found:
            yield f"{where}: expected commands {exactjson.text(expected)}, found {exactjson.text(found)}"
        state = step.state
        if "state" in noted:
            recorded = states.load(noted["state"])
            if states.canonical(recorded) != states.canonical(state):
                was, now = states.canonical(recorded).decode(), states.canonical(state).decode()
                yield f"{where}: expected state {was}, found {now}"
            state = recorded


def fact_of(kind: str, body: Any) -> Fact:
    return cast("Fact", _read(kind, body))


def _compiled(sources: Sequence[str]) -> dict[str, Program]:
    found = [programs.load(source, "<recorded>") for source in sources]
    return {name_of(p): p for p in found}


def _word(value: Fact | Command) -> list[Any]:
    return [type(value).__name__, exactjson.plain(value)]


def _known(kind: str, body: Any) -> list[Any]:
    """A recorded command as today's build would write it."""
    return _word(cast("Command", _read(kind, body)))


def _read(kind: str, body: Any) -> Any:
    return msgspec.convert(body, getattr(facts, kind))
