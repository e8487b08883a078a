"""What runs, and will be regretted: endless retries, errors that disappear, listeners that hear everybody's events,
questions to people that nobody is reminded of, secrets in clear, parts that nothing uses."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from crossdock.flow import faults, jq, jsonlike, reading
from crossdock.flow.dataflow import escape
from crossdock.flow.lint import tasks
from crossdock.flow.lint.remarks import Book
from crossdock.flow.lint.tasks import Seen

# What the calls of these kinds do cannot be told from the definition: they may raise any error.
_MAY_RAISE_ANYTHING = frozenset({"call", "run"})
_ASKS_PEOPLE = {"approval": False, "case": True}  # whether `wait: false` makes it no question
_PASSWORDS = ("password", "token", "secret", "assertion")
_CATALOGUED = re.compile(r"^(?P<name>[A-Za-z][\w.-]*?)(?::[\w.+-]+)?@(?P<catalog>[\w-]+)$")
# What the language's own parts may raise: expressions, schemas, time-outs.
_STANDARD = frozenset(
    faults.normal(kind)
    for kind in (
        faults.CONFIGURATION, faults.VALIDATION, faults.EXPRESSION, faults.AUTHENTICATION, faults.AUTHORIZATION,
        faults.TIMEOUT, faults.COMMUNICATION, faults.RUNTIME,
    )
)  # fmt: skip
_SECRET = re.compile(r"\$secrets\b")
_UNSUPPORTED_CALLS = frozenset({"asyncapi", "grpc", "a2a", "mcp"})


def check(book: Book, definition: Mapping[str, Any], functions: Collection[str] | None) -> None:
    use = jsonlike.mapping(definition.get("use")) or {}
    for task, deadline in _with_deadlines(definition):
        match task.kind:
            case "try":
                _catch(book, task, use)
            case "listen":
                _listen(book, task)
            case "call":
                _call(book, task, deadline, functions)
            case "run":
                _run(book, task)
            case _:
                pass
    for name, policy in (jsonlike.mapping(use.get("retries")) or {}).items():
        _retry(book, policy, f"/use/retries/{escape(name)}")
    _passwords(book, definition, "")
    _unused(book, definition, use)


def _with_deadlines(definition: Mapping[str, Any]) -> Iterator[tuple[Seen, bool]]:
    """Every task, and whether it or something around it has a time-out."""

    def below(task: Seen, deadline: bool) -> Iterator[tuple[Seen, bool]]:
        deadline = deadline or "timeout" in task.raw
        yield task, deadline
        for body in tasks.bodies(task):
            for inner in body.tasks:
                yield from below(inner, deadline)

    for root in tasks.roots(definition):
        for task in root.tasks:
            yield from below(task, "timeout" in definition and root.pointer == "/do")


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _retry(book: Book, policy: Any, pointer: str) -> None:
    given = jsonlike.mapping(policy)
    if given is None:
        return  # a name: looked at where it is defined
    limit = jsonlike.mapping(given.get("limit")) or {}
    if "duration" not in limit and "count" not in (jsonlike.mapping(limit.get("attempt")) or {}):
        fix = "Add `limit: { attempt: { count: 5 } }` or `limit: { duration: PT10M }`."
        book.add("flow.retry-without-limit", pointer, "a limit of attempts or time", "none", fix)


def _catch(book: Book, task: Seen, use: Mapping[str, Any]) -> None:
    catch = jsonlike.mapping(task.raw.get("catch"))
    if catch is None:
        return
    here = f"{task.pointer}/catch"
    if "retry" in catch:
        _retry(book, catch["retry"], f"{here}/retry")
    elif "do" not in catch and "then" not in catch:
        fix = "Handle the error with `do:` or `retry:`; as it is, nobody ever hears of it."
        book.add("flow.swallowed-error", here, "what is done about the error", "nothing", fix)
    why = _catches_nothing(task, catch, use)
    if why:
        fix = "Correct what it is to catch, or remove the try."
        book.add("flow.catches-nothing", here, "a catch that some error can reach", why, fix)


def _catches_nothing(task: Seen, catch: Mapping[str, Any], use: Mapping[str, Any]) -> str:
    """Why no error can reach the catch, or "" when one may."""
    body = tasks.bodies(task)[0]
    if not body.tasks:
        return "a try without tasks"
    wanted = jsonlike.mapping(jsonlike.member(catch.get("errors"), "with")) or {}
    status, kind = wanted.get("status"), wanted.get("type")
    if isinstance(status, int) and not isinstance(status, bool) and not 100 <= status <= 599:
        return f"status {status}"
    within = [inner for outer in body.tasks for inner in tasks.below(outer)]
    if not isinstance(kind, str) or any(inner.kind in _MAY_RAISE_ANYTHING for inner in within):
        return ""
    raised: set[str] = set()
    for inner in within:
        if inner.kind == "raise":
            error = jsonlike.member(inner.raw["raise"], "error")
            if isinstance(error, str):
                error = jsonlike.member(use.get("errors"), error)
            its = jsonlike.member(error, "type")
            if not isinstance(its, str) or jq.strip(its) is not None:
                return ""
            raised.add(faults.normal(its))
    found = faults.normal(kind)
    return "" if found in _STANDARD or found in raised else f"errors of type {kind}, which its tasks do not raise"


# ── events and people ────────────────────────────────────────────────────────────────────────────────────────────


def _listen(book: Book, task: Seen) -> None:
    to = jsonlike.mapping(jsonlike.member(task.raw.get("listen"), "to")) or {}
    filters = [("one", to["one"])] if "one" in to else []
    for kind in ("any", "all"):
        filters += [(f"{kind}/{i}", item) for i, item in enumerate(jsonlike.sequence(to.get(kind)) or [])]
    for place, item in filters:
        wanted = jsonlike.mapping(jsonlike.member(item, "with")) or {}
        if not jsonlike.member(item, "correlate") and not wanted.keys() & {"data", "subject", "id"}:
            fix = "Add `correlate:` with a key of this instance, such as its order number."
            kind = str(wanted.get("type", "any event"))
            book.add(
                "flow.listen-uncorrelated",
                f"{task.pointer}/listen/to/{place}",
                "a correlation with this instance",
                f"'{kind}' of every instance",
                fix,
            )


def _call(book: Book, task: Seen, deadline: bool, functions: Collection[str] | None) -> None:
    name = str(task.raw["call"])
    given = jsonlike.mapping(task.raw.get("with")) or {}
    if name in ("http", "openapi"):
        _secret_addresses(book, f"{task.pointer}/with", given)
    if name in _UNSUPPORTED_CALLS or "://" in name:
        fix = "Reach the system through a connector; see docs/language.md."
        book.add("flow.unsupported", f"{task.pointer}/call", "a call that is made here", f"'{name}'", fix)
        return
    found = _CATALOGUED.match(name)
    if found is None:
        return
    if found["catalog"] not in {"crossdock", "default"}:
        fix = "Only the catalogue 'crossdock' is served."
        book.add("flow.unsupported", f"{task.pointer}/call", "a function of the catalogue", f"'{name}'", fix)
        return
    function = found["name"]
    if functions is not None and function not in functions:
        fix = _nearest(function, functions)
        book.add("flow.unknown-catalogue-function", f"{task.pointer}/call", "a catalogue function", f"'{name}'", fix)
    if function in _ASKS_PEOPLE and isinstance(task.raw.get("with"), dict) and not deadline:
        asks = not _ASKS_PEOPLE[function] or given.get("wait") is not False
        if asks and not given.keys() & {"due_in", "due_on", "expires_in"}:
            fix = "Add `due_in: PT4H` (reminds and escalates), or a `timeout` (gives up)."
            book.add("flow.no-deadline", task.pointer, "a time by which the person is to decide", "none", fix)


def _secret_addresses(book: Book, pointer: str, given: Mapping[str, Any]) -> None:
    """What stands in an address is written to logs on the way; a header is not."""
    endpoint = given.get("endpoint")
    places = {"endpoint": endpoint} if isinstance(endpoint, str) else {}
    if (uri := jsonlike.member(endpoint, "uri")) is not None:
        places["endpoint/uri"] = uri
    query = given.get("query")
    if isinstance(query, str):
        places["query"] = query
    for key, value in (jsonlike.mapping(query) or {}).items():
        places[f"query/{escape(key)}"] = value
    for place, value in places.items():
        if any(_SECRET.search(text) for text in _texts(value) if jq.strip(text) is not None):
            fix = "Send it as a header, or name it under `authentication`; then change the secret."
            book.add("flow.secret-in-address", f"{pointer}/{place}", "an address without secrets", "one with", fix)


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(sorted(known))}."


def _run(book: Book, task: Seen) -> None:
    for process in reading.PROCESSES:
        if jsonlike.member(task.raw["run"], process) is not None:
            fix = "Reach the system through a connector; see docs/language.md."
            place = f"{task.pointer}/run/{process}"
            book.add("flow.unsupported", place, "what is run here: workflow", f"'{process}'", fix)


# ── the whole ────────────────────────────────────────────────────────────────────────────────────────────────────


def _passwords(book: Book, value: Any, pointer: str) -> None:
    members = jsonlike.mapping(value)
    if members is None:
        for i, item in enumerate(jsonlike.sequence(value) or []):
            _passwords(book, item, f"{pointer}/{i}")
        return
    for key, item in members.items():
        here = f"{pointer}/{escape(key)}"
        _passwords(book, item, here)
        if key not in {"basic", "bearer", "digest", "oauth2", "oidc", "client"} or "authentication" not in pointer:
            continue
        for name in _PASSWORDS:
            word = jsonlike.member(item, name)
            if isinstance(word, str) and jq.strip(word) is None:
                fix = f"Write `{name}: '${{ $secrets.NAME }}'` and declare NAME in use.secrets; then change the {name}."
                book.add("flow.literal-password", f"{here}/{name}", "a secret", f"a {name} for all to read", fix)


def _unused(book: Book, definition: Mapping[str, Any], use: Mapping[str, Any]) -> None:
    said = set(_texts(definition))
    whole = "\n".join(said)
    for section in ("functions", "errors", "retries", "timeouts", "authentications", "catalogs"):
        for name in jsonlike.mapping(use.get(section)) or {}:
            used = name in said or (section == "catalogs" and f"@{name}" in whole)
            if not used:
                _tell_unused(book, f"/use/{section}/{escape(name)}", section, name)
    for i, name in enumerate(jsonlike.sequence(use.get("secrets")) or []):
        read = re.search(rf"\$secrets\s*(?:\.\s*|\[\s*\"){re.escape(str(name))}\b", whole)
        if read is None and name not in set(_texts({**definition, "use": {**use, "secrets": None}})):
            _tell_unused(book, f"/use/secrets/{i}", "secrets", str(name))


def _tell_unused(book: Book, pointer: str, section: str, name: str) -> None:
    book.add("flow.unused-part", pointer, f"a part of use.{section} that is used", f"'{name}'", "Use it or remove it.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    parts = (jsonlike.mapping(value) or {}).values() or jsonlike.sequence(value) or ()
    for part in parts:
        yield from _texts(part)
