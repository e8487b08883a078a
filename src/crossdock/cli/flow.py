"""`crossdock flow`: run, check, lint, test and draw workflow definitions without a database.

Exit codes: 0 completed or nothing wrong; 1 the workflow faulted, was cancelled or waits for ever, the linter has
remarks, a scenario fails; 2 the definition or the input is wrong. Results go to stdout, everything else to stderr.
"""

import asyncio
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock import exactjson
from crossdock.cases import checks
from crossdock.cases.signatures import SIGNATURES
from crossdock.cli import flowtest
from crossdock.connect import roles
from crossdock.engine import memory, scenarios, webcalls
from crossdock.engine.fallback import ProcessFallback
from crossdock.engine.functions import COMPENSATE
from crossdock.errors import Finding, FlowFault
from crossdock.flow import editing, faults
from crossdock.flow import graph as drawing
from crossdock.flow import lint as linter
from crossdock.flow import program as programs
from crossdock.flow.outcomes import Invocation
from crossdock.flow.svg import svg
from crossdock.outbound import Client

app = typer.Typer(help="Run, check, lint, test and draw workflow definitions.", no_args_is_help=True)


def register(commands: typer.Typer) -> None:
    commands.add_typer(app, name="flow")


app.command("test")(flowtest.command)

WARNING = linter.Severity.WARNING
Definition = Annotated[Path, typer.Argument(help="A workflow definition (YAML or JSON).", exists=True, dir_okay=False)]


@app.command()
def run(
    file: Definition,
    given: Annotated[str, typer.Option("--input", help="The input: a JSON file, or - for standard input.")] = "",
    allow_http: Annotated[bool, typer.Option(help="Make http and openapi calls for real.")] = False,
    allow: Annotated[list[str] | None, typer.Option(help="An internal origin that may be called.")] = None,
    child: Annotated[list[Path] | None, typer.Option(help="A workflow that `run: workflow` may name.")] = None,
    event: Annotated[list[Path] | None, typer.Option(help="A CloudEvent (JSON) that arrives at the start.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a workflow in memory on a virtual clock: waits take no time."""
    with ProcessFallback() as library:
        try:
            program = _load(file, library)
            children = [_load(path, library) for path in child or []]
            data = _input(given)
            events = [exactjson.loads(path.read_bytes()) for path in event or []]
        except programs.DefinitionError as wrong:
            _print_findings(wrong.findings, as_json)
            raise typer.Exit(2) from None
        except (exactjson.DecodeError, OSError) as wrong:
            typer.echo(f"The input is not JSON: {wrong}", err=True)
            raise typer.Exit(2) from None
        result = asyncio.run(_run(program, children, data, events, allow_http, allow or []))
    if as_json:
        typer.echo(exactjson.text(result))
    else:
        typer.echo(f"{result['status']} after {len(result['steps'])} steps")
        shown = next((result[key] for key in ("output", "error", "waiting") if key in result), None)
        typer.echo(exactjson.text(shown))
    raise typer.Exit(0 if result["status"] == "completed" else 1)


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(help="Workflow definitions.", exists=True, dir_okay=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say everything that is wrong with definitions, with line and column."""
    with ProcessFallback() as library:  # never started: nothing is evaluated
        findings = [f for path in files for f in _wrong_with(path, library)]
    _print_findings(findings, as_json)
    if not as_json and not findings:
        typer.echo(f"{len(files)} valid")
    raise typer.Exit(2 if findings else 0)


def _wrong_with(path: Path, library: ProcessFallback) -> list[Finding]:
    """What is wrong with the language of a definition, or if nothing is, with the arguments of catalogue functions."""
    source = path.read_bytes()
    wrong = programs.validate(source, str(path), library)
    return wrong or checks.arguments(programs.load(source, str(path), library), source)


@app.command()
def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Workflow definitions.", exists=True, dir_okay=False)
    ] = None,
    fail_on: Annotated[linter.Severity, typer.Option(help="The least severity that makes it exit 1.")] = WARNING,
    codes: Annotated[bool, typer.Option("--codes", help="List what the linter can say.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the remarks as JSON.")] = False,
) -> None:
    """Say what is wrong with definitions and what will be regretted, with line and column.

    `# crossdock: ignore CODE` silences a warning or hint on its line, or on the next one when it stands alone.
    """
    if codes:
        rules = {code: {"severity": rule.severity, "about": rule.about} for code, rule in linter.RULES.items()}
        lines = [f"{rule.severity:8}{code:34}{rule.about}" for code, rule in linter.RULES.items()]
        typer.echo(exactjson.text(rules) if as_json else "\n".join(lines))
        return
    if not files:
        raise typer.BadParameter("Name at least one file.")
    known = frozenset(roles.OPERATIONS) | frozenset(SIGNATURES) | {COMPENSATE, "http", "openapi"}
    found: list[linter.Remark] = []
    with ProcessFallback() as library:  # never started: nothing is evaluated
        for path in files:
            text = path.read_bytes()
            remarks = linter.lint(text, str(path), known, library, _wrong_with(path, library))
            if remarks and not as_json:
                typer.echo(linter.shown(remarks, text.decode("utf-8-sig", "replace")) + "\n")
            found += remarks
    counts = {severity.value: sum(r.severity is severity for r in found) for severity in linter.Severity}
    if as_json:
        typer.echo(exactjson.text({"files": len(files), **counts, "remarks": found}))
    else:
        said = ", ".join(f"{n} {severity}{'s' if n != 1 else ''}" for severity, n in counts.items())
        typer.echo(f"{len(files)} {'file' if len(files) == 1 else 'files'}: {said}", err=bool(found))
    order = list(linter.Severity)
    raise typer.Exit(1 if any(order.index(r.severity) <= order.index(fail_on) for r in found) else 0)


class Drawing(StrEnum):
    MERMAID = "mermaid"
    SVG = "svg"


@app.command()
def graph(
    file: Definition,
    how: Annotated[Drawing, typer.Option("--format", help="A picture, or text that Mermaid draws.")] = Drawing.MERMAID,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print nodes and edges instead.")] = False,
) -> None:
    """Draw the stages of a definition and the ways between them."""
    try:
        with ProcessFallback() as library:
            program = _load(file, library)
    except programs.DefinitionError as wrong:
        _print_findings(wrong.findings, as_json)
        raise typer.Exit(2) from None
    drawn = drawing.graph(program)
    if as_json:
        text = exactjson.text(drawn) + "\n"
    else:
        text = svg(drawn, program.title) if how is Drawing.SVG else drawing.mermaid(drawn)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


class Schemas(StrEnum):
    WORKFLOW = "workflow"
    SCENARIOS = "scenarios"


@app.command()
def schema(
    of: Annotated[Schemas, typer.Argument(help="Of definitions, or of scenario files.")] = Schemas.WORKFLOW,
) -> None:
    """Print the JSON Schema that editors use; docs/schema has the same."""
    made = editing.schema() if of is Schemas.WORKFLOW else scenarios.schema()
    typer.echo(json.dumps(made, indent=1))


def _load(path: Path, library: ProcessFallback) -> programs.Program:
    return programs.load(path.read_bytes(), str(path), library)


def _input(given: str) -> Any:
    if not given:
        return None
    return exactjson.loads(sys.stdin.buffer.read() if given == "-" else Path(given).read_bytes())


async def _run(
    program: programs.Program,
    children: list[programs.Program],
    data: Any,
    events: list[Any],
    allow_http: bool,
    allow: list[str],
) -> dict[str, Any]:
    client = Client(allow=allow) if allow_http else None
    web = webcalls.WebCalls(client.send) if client is not None else None

    async def handle(call: Invocation) -> memory.Answer:
        if call.function in {"http", "openapi"}:
            if web is not None:
                return await web.perform(call)
            error = faults.unsupported("calls over HTTP; allow them with --allow-http").error
            return memory.Failed(error)
        return memory.unknown_function(call)

    host = memory.Memory(handle, programs=children)
    try:
        outcome = await host.run(program, data, events=events)
    except memory.Deadlock as deadlock:
        return {"status": "waiting", "waiting": deadlock.waiting, "detail": str(deadlock), "steps": host.steps}
    except FlowFault as fault:
        return {"status": "faulted", "error": {"title": str(fault)}, "steps": host.steps}
    finally:
        if client is not None:
            await client.close()
    result: dict[str, Any] = {"status": outcome.status.value}
    if outcome.error is not None:
        result["error"] = faults.to_json(outcome.error)
    else:
        result["output"] = outcome.output
    if outcome.events:
        result["events"] = outcome.events
    result["steps"] = outcome.steps
    return result


def _print_findings(findings: list[Finding], as_json: bool) -> None:
    if as_json:
        typer.echo(exactjson.text(findings))
        return
    for finding in findings:
        typer.echo(str(finding), err=False)
