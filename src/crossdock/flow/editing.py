"""The JSON Schema of definitions, for editors: completion, help and red lines while one writes.

Made from the very shapes that validation reads by (`reading`), so that the two cannot disagree about a key. It says
what a schema can say; targets of `then`, names, expressions and types inside them are the linter's.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from crossdock.flow import reading
from crossdock.flow.listeners import READ

Schema: TypeAlias = dict[str, Any]

VERSION: Final = "1.0"
_EXPRESSION: Final = r"^\s*\$\{[\s\S]*\}\s*$"
_ISO: Final = r"^\s*P(?!$)(\d+(\.\d+)?Y)?(\d+(\.\d+)?M)?(\d+(\.\d+)?W)?(\d+(\.\d+)?D)?(T(?=\d).*)?$"
_TYPES: Final[Mapping[str, Schema]] = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "map": {"type": "object"},
    "list": {"type": "array"},
    "template": {"type": ["string", "object"]},
    "any": {},
}
_ABOUT: Final[Mapping[str, str]] = {
    "for": "Does a list of tasks for each item of a list; an iteration's input is the one before's output.",
    "try": "Does a list of tasks; `catch` says what happens when one fails.",
    "listen": "Waits for events: one, any, or all of several.",
    "fork": "Does tasks beside each other; with `compete: true` the first one to complete wins.",
    "switch": "Goes on at the first case whose `when` holds.",
    "set": "Replaces the data by this value.",
    "raise": "Fails with an error.",
    "emit": "Publishes an event.",
    "wait": "Waits for some time: PT5M or { minutes: 5 }.",
    "run": "Starts another workflow.",
    "call": "Calls a function: name@crossdock, a function of use.functions, http, openapi.",
    "do": "Does a list of tasks, one after the other.",
    "then": "Where to go on: a task of the same list, continue, exit (leave the list) or end (the workflow).",
    "if": "The task is skipped unless this holds.",
    "export": "Makes `as` the new $context.",
    "timeout": "After this time the task fails with a time-out.",
    "correlate": "Which events belong to this instance.",
    "compete": "The first branch to complete wins; the others are cancelled.",
    "metadata": "crossdock.stage marks a stage of the flow board, crossdock.compensate says how a call is undone.",
    "catch": "Which errors are caught, and what is done about them.",
    "retry": "How often and when it is tried again.",
    "schedule": "What starts an instance by itself.",
    "use": "Parts to refer to by name.",
    "secrets": "Names of secrets; expressions name them as $secrets.NAME.",
}


def schema() -> Schema:
    """The schema as published in docs/schema/workflow-1.0.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://crossdock.dev/schema/workflow-{VERSION}.json",
        "title": "Crossdock workflow definition",
        "description": "Open Workflow Specification DSL 1.0, as Crossdock runs it.",
        **_shaped(
            reading.DEFINITION,
            document=_ref("document"),
            do=_ref("tasks"),
            input=_ref("input"),
            output=_ref("output"),
            use=_ref("use"),
            timeout=_ref("timeout"),
            schedule=_ref("schedule"),
            evaluate=_shaped(reading.EVALUATE, language=_word("jq"), mode=_word("strict", "loose")),
        ),
        "$defs": {**_values(), **_structure(), **_tasks(), **_events(), **_errors()},
    }


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shaped(shape: reading.Shape, **known: Schema) -> Schema:
    """An object with the keys of a shape and no others; `known` says more about some (a trailing _ is dropped)."""
    required, allowed = shape
    more = {name.rstrip("_"): part for name, part in known.items()}
    properties = {key: _about(key, more.get(key) or dict(_TYPES[kind])) for key, kind in allowed.items()}
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": sorted(required)} if required else made


def _about(key: str, part: Schema) -> Schema:
    return {**part, "description": _ABOUT[key]} if key in _ABOUT and "description" not in part else part


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _word(*words: str) -> Schema:
    return {"enum": list(words)}


def _named(part: Schema) -> Schema:
    return {"type": "object", "additionalProperties": part}


def _one_named(part: Schema) -> Schema:
    """`- name: …`"""
    return {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": part}


def _or_name(part: Schema, of: str) -> Schema:
    return {"anyOf": [{"type": "string", "description": f"The name of one in use.{of}."}, part]}


# ── definitions ──────────────────────────────────────────────────────────────────────────────────────────────────


def _values() -> Schema:
    units = ("days", "hours", "minutes", "seconds", "milliseconds")
    amounts = {unit: {"type": ["number", "string"]} for unit in units}
    texts = [{"pattern": _ISO}, {"pattern": _EXPRESSION}]
    return {
        "expression": {"type": "string", "description": "A jq expression, with or without ${ }."},
        "duration": {
            "description": "PT5M, { minutes: 5 }, or an expression.",
            "anyOf": [
                {"type": "string", "anyOf": texts},
                {"type": "object", "properties": amounts, "additionalProperties": False, "minProperties": 1},
            ],
        },
        "schema": _shaped(reading.SCHEMA, format={"type": "string", "pattern": "^json"}),
        "input": _shaped(reading.INPUT, schema=_ref("schema")),
        "output": _shaped(reading.OUTPUT, schema=_ref("schema")),
        "timeout": _or_name(_shaped(reading.TIMEOUT, after=_ref("duration")), "timeouts"),
        "authentication": {
            **_shaped(reading.POLICY),
            "minProperties": 1,
            "maxProperties": 1,
            "description": "One scheme, or `use: NAME` of use.authentications.",
        },
        "endpoint": {"anyOf": [{"type": "string"}, _shaped(reading.ENDPOINT, authentication=_ref("authentication"))]},
    }


def _structure() -> Schema:
    return {
        "document": _shaped(
            reading.DOCUMENT,
            dsl={"type": "string", "pattern": r"^1\.0\.", "description": "The version of the language: '1.0.3'."},
            version={"type": "string", "description": "Of this definition: '1.0.0'. Quote it."},
        ),
        "use": _shaped(
            reading.USE,
            authentications=_named(_ref("authentication")),
            errors=_named(_ref("error")),
            extensions={"type": "array", "items": _one_named(_ref("extension"))},
            functions=_named(_ref("task")),
            retries=_named(_ref("retry")),
            secrets={"type": "array", "items": {"type": "string"}},
            timeouts=_named(_ref("timeout")),
            catalogs=_named(_shaped(reading.CATALOG)),
        ),
        "extension": _shaped(reading.EXTENSION, when=_ref("expression"), before=_ref("tasks"), after=_ref("tasks")),
        "schedule": _shaped(
            reading.SCHEDULE,
            every=_ref("duration"),
            after=_ref("duration"),
            on=_ref("strategy"),
            read=_word(*READ),
        ),
    }


def _tasks() -> Schema:
    """A task is what its first telling key says: each kind holds where no earlier one does."""
    kinds = list(reading.TASKS)
    rules: list[Schema] = []
    for i, kind in enumerate(kinds):
        only: Schema = {"required": [kind]}
        if earlier := [{"required": [other]} for other in kinds[:i]]:
            only["not"] = {"anyOf": earlier}
        rules.append({"if": only, "then": _ref(f"{kind}Task")})
    telling = [{"required": [kind]} for kind in kinds]
    return {
        "tasks": {"type": "array", "items": _one_named(_ref("task"))},
        "task": {"type": "object", "anyOf": telling, "allOf": rules},
        **{f"{kind}Task": _task(kind) for kind in kinds},
        "case": _shaped(reading.CASE, when=_ref("expression")),
    }


def _task(kind: str) -> Schema:
    required, allowed = reading.TASKS[kind]
    shape = (required, {**allowed, **reading.COMMON[1]})
    common = {
        "if_": _ref("expression"),
        "input": _ref("input"),
        "output": _ref("output"),
        "export": _ref("output"),
        "timeout": _ref("timeout"),
    }
    own: dict[str, Schema]
    match kind:
        case "for":
            loop = _shaped(reading.FOR, in_={"type": ["string", "array"]})
            own = {"for_": loop, "do": _ref("tasks"), "while_": _ref("expression")}
        case "try":
            own = {"try_": _ref("tasks"), "catch": _ref("catch")}
        case "listen":
            own = {
                "listen": _shaped(reading.LISTEN, to=_ref("strategy"), read=_word(*READ)),
                "foreach": _ref("foreach"),
            }
        case "fork":
            own = {"fork": _shaped(reading.FORK, branches=_ref("tasks"))}
        case "switch":
            own = {"switch": {"type": "array", "items": _one_named(_ref("case"))}}
        case "raise":
            own = {"raise_": _shaped(reading.RAISE, error=_or_name(_ref("error"), "errors"))}
        case "emit":
            own = {"emit": _shaped(reading.EMIT, event=_ref("event"))}
        case "wait":
            own = {"wait": _ref("duration")}
        case "run":
            workflow = _shaped(reading.RUN_WORKFLOW)
            processes = {name: {"type": "object", "required": [key]} for name, key in reading.PROCESSES.items()}
            own = {"run": _shaped(reading.RUN, workflow=workflow, **processes)}
        case "call":
            return {**_shaped(shape, **common), "allOf": [_arguments(name) for name in reading.ARGUMENTS]}
        case "do":
            own = {"do": _ref("tasks")}
        case _:
            own = {}
    return _shaped(shape, **common, **own)


def _arguments(name: str) -> Schema:
    """`with` of the calls that the language itself defines."""
    known = {"endpoint": _ref("endpoint")} if name == "http" else {"authentication": _ref("authentication")}
    if "output" in reading.ARGUMENTS[name][1]:
        known["output"] = _word("raw", "content", "response")
    arguments = _shaped(reading.ARGUMENTS[name], **known)
    return {
        "if": {"properties": {"call": {"const": name}}, "required": ["call"]},
        "then": {"properties": {"with": arguments}, "required": ["with"]},
    }


def _events() -> Schema:
    strategy = _shaped(
        reading.STRATEGY,
        one=_ref("filter"),
        any={"type": "array", "items": _ref("filter")},
        all={"type": "array", "items": _ref("filter"), "minItems": 1},
    )
    attributes: Schema = {"type": "object", "properties": {"type": {"type": "string"}}}
    return {
        "strategy": {**strategy, "oneOf": [{"required": [kind]} for kind in ("one", "any", "all")]},
        "filter": _shaped(
            reading.FILTER,
            with_={**attributes, "minProperties": 1, "description": "Attributes the event must have."},
            correlate=_named(_shaped(reading.CORRELATE, from_=_ref("expression"))),
        ),
        "foreach": _shaped(reading.FOREACH, do=_ref("tasks"), output=_ref("output"), export=_ref("output")),
        "event": {
            "type": "object",
            "properties": {"with": {**attributes, "required": ["type"]}},
            "required": ["with"],
            "additionalProperties": False,
        },
    }


def _errors() -> Schema:
    limit = _shaped(
        reading.LIMIT, attempt=_shaped(reading.ATTEMPT, duration=_ref("duration")), duration=_ref("duration")
    )
    return {
        "catch": _shaped(
            reading.CATCH,
            errors=_shaped(reading.CATCH_ERRORS, with_=_shaped(reading.ERROR_FILTER)),
            when=_ref("expression"),
            exceptWhen=_ref("expression"),
            retry=_or_name(_ref("retry"), "retries"),
            do=_ref("tasks"),
        ),
        "retry": _shaped(
            reading.RETRY,
            when=_ref("expression"),
            exceptWhen=_ref("expression"),
            delay=_ref("duration"),
            backoff={**_shaped(reading.BACKOFF), "maxProperties": 1},
            limit=limit,
            jitter=_shaped(reading.JITTER, from_=_ref("duration"), to=_ref("duration")),
        ),
        "error": _shaped(reading.ERROR, status={"type": ["integer", "string"]}),
    }
