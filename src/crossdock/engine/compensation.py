"""Undoing: completed effects of an instance that declare how, last first.

`metadata.crossdock.compensate: {function, arguments}` stands beside the action; its expressions see the action's
output as `$output`. An effect is marked undone with the record of its compensating call, before that call leaves.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias, cast
from uuid import UUID

from crossdock import exactjson
from crossdock.db import Tx, queries
from crossdock.engine import payloads
from crossdock.engine.turn import UNDO_SUFFIX
from crossdock.flow import jq

SQL = queries("crossdock.engine", "engine.sql")


@dataclass(frozen=True, slots=True)
class Undo:
    of: str
    function: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Report:
    """output: {undone: [{at, function}], failed: [{at, function, error}]}"""

    output: dict[str, list[dict[str, Any]]]


Step: TypeAlias = Undo | Report


async def next_step(tx: Tx, tenant_id: str, instance_id: UUID) -> Step:
    row = await tx.fetchrow(SQL["next_undo"], tenant_id, instance_id)
    if row is not None:
        large = await payloads.read(tx, tenant_id, instance_id, [row["output"]])
        undo, output = exactjson.loads(row["undo"]), large.value(row["output"])
        arguments = evaluate(undo.get("arguments", {}), output)
        return Undo(row["at"], undo["function"].split("@")[0].split(":")[0], arguments)
    undone: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for r in await tx.fetch(SQL["undo_report"], tenant_id, instance_id):
        at = r["at"].removesuffix(UNDO_SUFFIX)
        if r["state"] == "done":
            undone.append({"at": at, "function": r["function"]})
        else:
            error = exactjson.loads(r["error"]) if r["error"] else None
            failed.append({"at": at, "function": r["function"], "error": error})
    return Report({"undone": undone, "failed": failed})


def evaluate(template: Any, output: Any) -> Any:
    """The template with every `${ … }` replaced by its value; expressions see `.` and `$output` as the output."""
    match template:
        case str():
            source = jq.strip(template)
            return template if source is None else jq.compile(source).evaluate(output, {"output": output})
        case dict():
            members = cast("dict[str, Any]", template)  # JSON: keys are text
            return {k: evaluate(v, output) for k, v in members.items()}
        case list():
            return [evaluate(v, output) for v in cast("list[Any]", template)]
        case _:
            return template
