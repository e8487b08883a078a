"""What is looked at when a definition is published, beside the language itself: arguments of catalogue functions as far
as they are written out, and whether the tenant permits the programs it would run.
"""

from dataclasses import replace
from typing import Any

from crossdock import policy
from crossdock.cases import programs
from crossdock.cases.signatures import PROGRAMS, SIGNATURES, Problem
from crossdock.db import Tx
from crossdock.errors import Finding
from crossdock.flow import jsonlike, model, yaml12
from crossdock.flow.program import Program
from crossdock.policy import programs as permits

_WITH = {"run.shell": "/run/shell", "run.script": "/run/script", "run.container": "/run/container"}
_UNDO = "/metadata/crossdock/compensate"


def arguments(program: Program, source: str | bytes) -> list[Finding]:
    """What is wrong with the arguments of catalogue functions, with line and column."""
    places = yaml12.read(source, program.filename)
    found: list[Finding] = []
    for task in program.tasks:
        action = task.action
        if not isinstance(action, model.Call):
            continue
        here = _written(task.common.pointer)
        problems: list[tuple[str, Problem]] = []
        if (signature := SIGNATURES.get(action.function)) is not None:
            place = here + _WITH.get(action.function, "/with")
            problems += [(place, problem) for problem in signature.problems(action.arguments.source)]
        problems += [(f"{here}{_UNDO}", problem) for problem in _undoing(task.common.compensate)]
        for place, problem in problems:
            finding = Finding(
                "function.arguments", places.where(place + problem.where), problem.expected, problem.found, problem.fix
            )
            if finding not in found:
                found.append(finding)
    return found


def _undoing(written: Any) -> list[Problem]:
    """What is wrong with a `compensate` that names a catalogue function: only what a system performs can undo."""
    function = jsonlike.member(written, "function")
    name = function.split("@")[0].split(":")[0] if isinstance(function, str) else ""
    if (signature := SIGNATURES.get(name)) is None:
        return []  # an operation of a system, or nothing known: the linter says so
    if name not in PROGRAMS:
        fix = "Name an operation of a connected system, or undo it by tasks of the workflow."
        return [Problem("/function", "what a system performs", f"'{name}', which is done here", fix)]
    given = jsonlike.member(written, "arguments")
    problems = signature.problems({} if given is None else given)
    return [replace(problem, where=f"/arguments{problem.where}") for problem in problems]


def _written(pointer: str) -> str:
    """Where a task stands in the file: a function of use.functions is compiled below each of its calls."""
    _, called, below = pointer.rpartition("/call/")
    return f"/use/functions/{below}" if called else pointer


async def permitted(tx: Tx, tenant_id: str, program: Program, source: str | bytes) -> list[Finding]:
    """A finding for every task that would run a program which the tenant does not permit to this workflow."""
    wanted = [
        (_written(task.common.pointer), action.function)
        for task in program.tasks
        if isinstance(action := task.action, model.Call) and action.function in PROGRAMS
    ]
    if not wanted:
        return []
    places = yaml12.read(source, program.filename)
    current = await programs.current(tx, tenant_id)
    text = "" if current is None else current.text
    found: list[Finding] = []
    for pointer, function in wanted:
        kind = permits.Program(function)
        decided = permits.may_run(text, kind, tenant_id, program.namespace, program.name, program.version)
        if isinstance(decided, policy.Denied):
            fix = "Scripts, shells and containers are off by default: `crossdock programs allow FILE` permits them."
            expected = f"a policy that permits {function}"
            found.append(Finding("function.programs-off", places.where(pointer), expected, decided.reason, fix))
    return found


async def all_of(tx: Tx, tenant_id: str, program: Program, source: str | bytes) -> list[Finding]:
    """engine.definitions.Check: everything of this module."""
    return [*arguments(program, source), *await permitted(tx, tenant_id, program, source)]
