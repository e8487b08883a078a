"""Which tasks of a definition the scenarios ran. A function's tasks count once, however many call it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from crossdock.flow import model
from crossdock.flow.program import Program


@dataclass(frozen=True, slots=True)
class Covered:
    """missed: pointers in the order of the file."""

    definition: str
    tasks: int
    visited: int
    missed: tuple[str, ...]

    @property
    def percent(self) -> int:
        return 100 if not self.tasks else self.visited * 100 // self.tasks


def covered(program: Program, visited: Collection[tuple[str, str]]) -> Covered:
    name = f"{program.namespace}/{program.name}"
    functions = _functions(program)
    ran = {_written(pointer, functions) for where, pointer in visited if where == name}
    every = dict.fromkeys(_written(task.common.pointer, functions) for task in program.tasks[1:])
    missed = tuple(pointer for pointer in every if pointer not in ran)
    return Covered(name, len(every), len(every) - len(missed), missed)


def _functions(program: Program) -> list[tuple[str, str]]:
    """(where a function's tasks stand below a call, where they are written), the innermost first."""
    found: list[tuple[str, str]] = []
    for task in program.tasks:
        if isinstance(task.action, model.Use):
            prefix = program.tasks[task.action.body.first].common.pointer
            found.append((prefix, f"/use/functions/{prefix.rpartition('/')[2]}"))
    return sorted(found, key=lambda pair: -len(pair[0]))


def _written(pointer: str, functions: list[tuple[str, str]]) -> str:
    for prefix, place in functions:
        if pointer == prefix or pointer.startswith(prefix + "/"):
            return place + pointer.removeprefix(prefix)
    return pointer


def merged(found: Iterable[Covered]) -> list[Covered]:
    """One per definition: what was missed is what none of them ran."""
    by_name: dict[str, Covered] = {}
    for covered in found:
        other = by_name.get(covered.definition, covered)
        missed = tuple(pointer for pointer in covered.missed if pointer in other.missed)
        by_name[covered.definition] = Covered(covered.definition, covered.tasks, covered.tasks - len(missed), missed)
    return list(by_name.values())
