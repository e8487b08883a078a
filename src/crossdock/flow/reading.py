"""Reading the parts of a definition with a finding for everything that is not as the language wants it.

The shapes are data (below): which keys a construct may have and which it must. Nothing here stops at the first
problem; what could not be read is left out, and the caller goes on.
"""

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from crossdock.errors import Finding
from crossdock.flow import jsonlike
from crossdock.flow.dataflow import escape
from crossdock.flow.yaml12 import Source

Shape = tuple[frozenset[str], Mapping[str, str]]  # (required keys, allowed keys with the kind of their value)


def _shape(required: str, optional: str = "") -> Shape:
    """From `name:kind` words; kinds: text, int, bool, map, list, any, template (a text or a map)."""
    must = dict(word.split(":") for word in required.split())
    return frozenset(must), must | dict(word.split(":") for word in optional.split())


DEFINITION = _shape(
    "document:map do:list",
    "input:map use:map timeout:any output:map schedule:map evaluate:map",
)
DOCUMENT = _shape("dsl:text namespace:text name:text version:text", "title:text summary:text tags:map metadata:map")
USE = _shape(
    "",
    "authentications:map errors:map extensions:list functions:map retries:map secrets:list timeouts:map catalogs:map",
)
COMMON = _shape("", "if:text input:map output:map export:map timeout:any then:text metadata:map")
INPUT = _shape("", "schema:map from:template")
OUTPUT = _shape("", "schema:map as:template")
SCHEMA = _shape("", "format:text document:any resource:map")
TIMEOUT = _shape("after:any")
SCHEDULE = _shape("", "every:any cron:text after:any on:map read:text")
CLOCKWORK = _shape("", "timeZone:text misfire:text")
EVALUATE = _shape("", "language:text mode:text")

TASKS: Mapping[str, Shape] = {  # the first key that a task has says what it is
    "for": _shape("for:map do:list", "while:text"),
    "try": _shape("try:list catch:map"),
    "listen": _shape("listen:map", "foreach:map"),
    "fork": _shape("fork:map"),
    "switch": _shape("switch:list"),
    "set": _shape("set:template"),
    "raise": _shape("raise:map"),
    "emit": _shape("emit:map"),
    "wait": _shape("wait:any"),
    "run": _shape("run:map"),
    "call": _shape("call:text", "with:template"),
    "do": _shape("do:list"),
}

FOR = _shape("in:any", "each:text at:text")
FORK = _shape("branches:list", "compete:bool")
CASE = _shape("then:text", "when:text")
CATCH = _shape("", "errors:map as:text when:text exceptWhen:text retry:any do:list then:text")
CATCH_ERRORS = _shape("", "with:map")
ERROR_FILTER = _shape("", "type:text status:int instance:text title:text detail:text")
RETRY = _shape("", "when:text exceptWhen:text delay:any backoff:map limit:map jitter:map")
BACKOFF = _shape("", "constant:map exponential:map linear:map")
LIMIT = _shape("", "attempt:map duration:any")
ATTEMPT = _shape("", "count:int duration:any")
JITTER = _shape("from:any to:any")
RAISE = _shape("error:template")
ERROR = _shape("type:text status:any", "instance:text title:text detail:text")
EMIT = _shape("event:map")
LISTEN = _shape("to:map", "read:text")
STRATEGY = _shape("", "one:map any:list all:list until:template")
FILTER = _shape("with:map", "correlate:map")
CORRELATE = _shape("from:text", "expect:any")
FOREACH = _shape("", "item:text at:text do:list output:map export:map")
RUN = _shape("", "await:bool return:text container:map script:map shell:map workflow:map")
RUN_WORKFLOW = _shape("namespace:text name:text version:text", "input:template")
EXTENSION = _shape("extend:text", "when:text before:list after:list")
CATALOG = _shape("endpoint:template")
ENDPOINT = _shape("uri:text", "authentication:map")
RESOURCE = _shape("endpoint:template", "name:text")
POLICY = _shape("", "use:text basic:map bearer:map digest:map oauth2:map oidc:map")

ARGUMENTS: Mapping[str, Shape] = {  # `with` of the calls that the language itself defines
    "http": _shape(
        "method:text endpoint:template",
        "headers:template query:template body:any output:text redirect:bool",
    ),
    "openapi": _shape(
        "document:map operationId:text",
        "parameters:template authentication:map output:text redirect:bool",
    ),
    "asyncapi": _shape(
        "document:map",
        "channel:text operation:text server:map protocol:text message:map subscription:map authentication:map",
    ),
    "grpc": _shape("proto:map service:map method:text", "arguments:map authentication:map"),
    "a2a": _shape("method:text", "agentCard:map server:template parameters:template"),
    "mcp": _shape("method:text transport:map", "protocolVersion:text parameters:template timeout:any client:map"),
}
PROCESSES = {"container": "image", "script": "language", "shell": "command"}  # with the key each must have

_KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "int": (int,),
    "bool": (bool,),
    "map": (dict,),
    "list": (list,),
    "template": (str, dict),
}
_WORDS = {"text": "a text", "int": "a whole number", "bool": "true or false", "map": "a mapping", "list": "a list"}


class Problems:
    """The findings so far; places are JSON pointers into the source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = list(source.findings)

    def add(self, code: str, pointer: str, expected: str, found: str, fix: str) -> None:
        finding = Finding(code, self.source.where(pointer), expected, found, fix)
        if finding not in self.findings:  # a function used twice is compiled twice, and wrong once
            self.findings.append(finding)

    def map(self, value: Any, pointer: str, shape: Shape, name: str) -> dict[str, Any]:
        """The mapping with only the keys of its shape and values of the right kind; the rest becomes findings."""
        required, allowed = shape
        given = jsonlike.mapping(value)
        if given is None:
            self.add("flow.kind", pointer, f"a mapping for {name}", describe(value), "Write `key: value` lines below.")
            return {}
        result: dict[str, Any] = {}
        for key, item in given.items():
            here = f"{pointer}/{escape(key)}"
            kind = allowed.get(key)
            if kind is None:
                self.unknown("flow.unknown-key", here, f"a key of {name}", key, allowed)
            elif self.kind(item, here, kind, f"'{key}'"):
                result[key] = item
        for key in sorted(required - given.keys()):
            self.add("flow.missing-key", pointer, f"'{key}' in {name}", "none", f"Add `{key}:`.")
        return result

    def kind(self, value: Any, pointer: str, kind: str, name: str) -> bool:
        types = _KINDS.get(kind)
        if types is None:
            return True
        if isinstance(value, types) and not (isinstance(value, bool) and bool not in types):
            return True
        expected = _WORDS.get(kind, "a text or a mapping")
        fix = "Quote it." if str in types and value is not None and not isinstance(value, list) else "Correct it."
        self.add("flow.kind", pointer, f"{expected} for {name}", describe(value), fix)
        return False

    def unknown(self, code: str, pointer: str, expected: str, found: str, known: Collection[str]) -> None:
        """A finding for a name that nobody defined, with the nearest known one."""
        near = difflib.get_close_matches(found, known, n=1)
        choices = ", ".join(sorted(known)[:12]) or "none defined"
        fix = f"Did you mean '{near[0]}'?" if near else f"Known: {choices}."
        self.add(code, pointer, expected, f"'{found}'", fix)

    def word(self, value: Any, pointer: str, words: Collection[str]) -> None:
        if value is not None and value not in words:
            self.unknown("flow.word", pointer, f"one of {', '.join(words)}", str(value), words)


def describe(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return repr(value[:60])
        case _:
            return str(value)
