"""A scenario file to begin with: what a definition needs to be given, listed with gaps to fill."""

from collections.abc import Iterator

from crossdock.flow import model
from crossdock.flow.program import Program, literal_type

_PLAYED = frozenset(
    {
        "approval",
        "case",
        "hold",
        "milestone",
        "sla-start",
        "sla-stop",
        "sla-pause",
        "sla-resume",
        "throttle",
        "compensate",
    }
)
_COMPUTED = frozenset({"decision", "message", "price-lines", "agree-prices", "bill-lines", "allocate"})


def skeleton(program: Program, filename: str) -> str:
    """YAML text with one scenario, a fake for every function that is called, and the events that are listened to."""
    called = sorted(set(_functions(program)))
    lines = [
        f"# Scenarios of {program.title}. Run them: crossdock flow test {filename}",
        f"definition: {filename}",
        "calls: # what every scenario answers; a list gives one answer after the other",
        *[f"  {name}: {{ answer: {{}} }}" for name in called if name not in _PLAYED | _COMPUTED],
        "scenarios:",
        "  - name: The straight way",
    ]
    starts = [literal_type(f) for f in program.schedule.on.filters] if program.schedule.on is not None else []
    lines.append(f"    event: {{ type: {starts[0]}, data: {{}} }}" if starts and starts[0] else "    input: {}")
    if {"approval", "case"} & set(called):
        lines.append("    people: # decisions, each for the next one who is asked")
        lines += ["      - { approval: any, outcome: approved, after: PT1H }"] if "approval" in called else []
        lines += ["      - { case: any, action: retry, after: PT1H }"] if "case" in called else []
    heard = sorted(_events(program))
    if heard:
        lines.append("    events: # each some time after the start")
        lines += [f"      - {{ after: PT1H, event: {{ type: {kind}, data: {{}} }} }}" for kind in heard]
    first = program.tasks[1].common.name if len(program.tasks) > 1 else ""
    lines += ["    expect:", "      status: completed", f"      path: [ {first} ]"]
    return "\n".join(lines) + "\n"


def _functions(program: Program) -> Iterator[str]:
    for task in program.tasks:
        if isinstance(task.action, model.Call):
            yield task.action.function


def _events(program: Program) -> set[str]:
    started = {literal_type(f) for f in program.schedule.on.filters} if program.schedule.on is not None else set[str]()
    return set(program.event_types()) - started
