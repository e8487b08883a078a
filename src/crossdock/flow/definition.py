"""From a parsed file to compiled tasks: the structure of a definition, read construct by construct.

Indexes are given per list before its tasks are read, so that siblings are neighbours and `then` resolves to a number.
All references (functions, errors, retries, timeouts, authentications, secrets) are resolved here; none is left for
run time.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossdock.flow import durations, jq, jsonlike, listeners, model, reading
from crossdock.flow import secrets as marks
from crossdock.flow.dataflow import STANDARD, Compiler, Fallback, Schema, Template, constant, escape
from crossdock.flow.dataflow import schema as compile_schema
from crossdock.flow.reading import Problems, describe

_DEEPEST = 40  # lists within lists; the interpreter recurses once per level
_PROTOCOLS = ("http", "openapi", "asyncapi", "grpc", "a2a", "mcp")
# What `extend` may say, and the kind of task that it is here.
_EXTENDS = {
    "all": "", "call": "call", "composite": "do", "emit": "emit", "for": "for", "listen": "listen", "raise": "raise",
    "run": "run", "set": "set", "switch": "switch", "try": "try", "wait": "wait",
}  # fmt: skip
_OUR_CATALOGUES = ("crossdock", "default")
_CATALOGUED = re.compile(r"^(?P<name>[A-Za-z][\w.-]*?)(?::(?P<version>[\w.+-]+))?@(?P<catalog>[\w-]+)$")
_SECRET = re.compile(r"\$secrets\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*\"([^\"]+)\"\s*\])")
_DIRECTIVES = {"continue": model.CONTINUE, "exit": model.EXIT, "end": model.END}
_IDENTIFIER = re.compile(r"^[A-Za-z_]\w*$")


class Reader:
    """Compiles the tasks of one definition. `tasks[0]` is the workflow itself."""

    def __init__(self, problems: Problems, raw: Mapping[str, Any], fallback: Fallback) -> None:
        self.problems = problems
        self.compiler = Compiler(self._expression_problem, fallback)
        self.tasks: list[model.Task | None] = [None]
        self.uses: dict[str, Any] = {}
        use = raw.get("use")
        if use is not None:
            self.uses = problems.map(use, "/use", reading.USE, "use")
        self.scope: frozenset[str] = frozenset()
        self._calling: tuple[str, ...] = ()  # functions being compiled, to refuse a cycle
        self._secrets: tuple[str, ...] = ()
        self._extensions: list[tuple[str, dict[str, Any], str]] = []  # name, what it says, where
        self._extending = False  # extensions do not extend their own tasks
        self._authenticating: set[str] = set()  # secrets of the authentication policies of the task being compiled

    # ── the workflow ─────────────────────────────────────────────────────────────────────────────────────────────

    def workflow(self, raw: Mapping[str, Any]) -> None:
        """Compile the root: the workflow seen as a task that owns the top list."""
        self._check_uses()
        body = self.body(raw.get("do"), "/do")
        common = self._common({**raw, "metadata": None, "if": None, "then": None}, "", 0, model.NOTHING, "", {})
        self.tasks[0] = model.Task(common, model.Do(body))

    def _check_uses(self) -> None:
        """Each reusable part on its own, so that an unused one is checked too."""
        for name, value in self._use("errors").items():
            self._error(value, f"/use/errors/{escape(name)}")
        for name, value in self._use("retries").items():
            self._retry(value, f"/use/retries/{escape(name)}")
        for name, value in self._use("timeouts").items():
            self._timeout(value, f"/use/timeouts/{escape(name)}")
        for name, value in self._use("catalogs").items():
            self.problems.map(value, f"/use/catalogs/{escape(name)}", reading.CATALOG, "a catalogue")
        for name, value in self._use("authentications").items():
            self._policy(value, f"/use/authentications/{escape(name)}", named=True)
        for i, item in enumerate(self.uses.get("extensions") or []):
            for name, value in (jsonlike.mapping(item) or {}).items():
                here = f"/use/extensions/{i}/{escape(name)}"
                part = self.problems.map(value, here, reading.EXTENSION, "an extension")
                self.problems.word(part.get("extend"), f"{here}/extend", tuple(_EXTENDS))
                self._extensions.append((name, part, here))

    def functions(self) -> None:
        """Compile the functions that nobody calls, for their findings; their tasks are dropped."""
        kept = len(self.tasks)
        for name, value in self._use("functions").items():
            self._function_body(name, value, f"/use/functions/{escape(name)}", "")
        for _, part, here in self._extensions:
            self._extension(part, here)
        del self.tasks[kept:]

    def _use(self, section: str) -> dict[str, Any]:
        return self.uses.get(section) or {}

    def _names(self, section: str) -> list[str]:
        return [str(name) for name in jsonlike.sequence(self.uses.get(section)) or []]

    def secrets(self) -> list[str]:
        """Names in use.secrets."""
        return self._names("secrets")

    # ── lists and tasks ──────────────────────────────────────────────────────────────────────────────────────────

    def body(self, items: Any, pointer: str, names: Sequence[str] = (), branches: bool = False) -> model.Body:
        """Compile a list of tasks; `names` are the variables its tasks see beside the standard ones."""
        listed = jsonlike.sequence(items)
        if listed is None:
            if items is not None:
                self.problems.add("flow.kind", pointer, "a list of tasks", describe(items), "Write `- name:` entries.")
            return model.Body(model.NOTHING, 0)
        entries: list[tuple[str, Any, str]] = []
        seen: dict[str, str] = {}
        for i, item in enumerate(listed):
            here = f"{pointer}/{i}"
            entry = jsonlike.mapping(item)
            if entry is None or len(entry) != 1:
                fix = "Write one task per entry: `- name:` and below it, indented further, what it does."
                self.problems.add("flow.task-entry", here, "one named task", describe(item), fix)
                continue
            name, task = next(iter(entry.items()))
            here = f"{here}/{escape(name)}"
            if name in seen:
                fix = "Give each task of a list its own name; `then` could not tell them apart."
                self.problems.add("flow.duplicate-task", here, "a new task name", f"'{name}' again", fix)
            seen[name] = here
            entries.append((name, task, here))
        first = len(self.tasks)
        if pointer.count("/") > 3 * _DEEPEST:
            fix = "Move a part into its own workflow and run it."
            self.problems.add("flow.depth", pointer, f"at most {_DEEPEST} levels", "more", fix)
            return model.Body(model.NOTHING, 0)
        self.tasks.extend([None] * len(entries))
        targets = {} if branches else {name: first + i for i, (name, _, _) in enumerate(entries)}
        outer, self.scope = self.scope, self.scope | frozenset(names)
        for i, (name, task, here) in enumerate(entries):
            following = model.NOTHING if branches or i + 1 == len(entries) else first + i + 1
            self.tasks[first + i] = self._task(task, here, first + i, following, name, targets)
        self.scope = outer
        return model.Body(first, len(entries))

    def _task(
        self, raw: Any, pointer: str, index: int, following: int, name: str, targets: Mapping[str, int]
    ) -> model.Task:
        kind = next((k for k in reading.TASKS if isinstance(raw, dict) and k in raw), None)
        if kind is None:
            expected = f"a task ({', '.join(sorted(reading.TASKS))})"
            self.problems.add("flow.task-kind", pointer, expected, describe(raw), "Say what the task does.")
            kind, raw = "do", dict[str, Any](do=[])
        required, allowed = reading.TASKS[kind]
        shape = (required, {**reading.COMMON[1], **allowed})
        task = self.problems.map(raw, pointer, shape, f"a {kind} task")
        outer_secrets = self._secrets
        self._secrets = tuple(sorted({*self._secrets, *_secrets_of(task.get("input")), *_secrets_of(task.get("with"))}))
        self._check_secrets(pointer)
        common = self._common(task, pointer, index, following, name, targets)
        outer_authenticating, self._authenticating = self._authenticating, set()
        action = self._action(kind, task, pointer, targets)
        if isinstance(action, model.Call) and self._authenticating:
            common = replace(common, secrets=tuple(sorted({*common.secrets, *self._authenticating})))
        self._authenticating = outer_authenticating
        self._secrets = outer_secrets
        if common.compensate is not None and kind != "call":
            fix = "Put it beside the call whose output it needs."
            self.problems.add(
                "flow.compensate", f"{pointer}/metadata/crossdock/compensate", "a call", f"a {kind} task", fix
            )
        whole = model.Task(replace(common, keeps=_keeps(common, action)), action)
        around = [e for e in self._extensions if _EXTENDS.get(str(e[1].get("extend")), "-") in {"", kind}]
        return self._extended(whole, around) if around and not self._extending else whole

    def _extended(self, task: model.Task, around: Sequence[tuple[str, dict[str, Any], str]]) -> model.Task:
        """The task split in two: outside what holds for it with its extensions, inside what it does."""
        common, inner = task.common, len(self.tasks)
        self.tasks.append(
            model.Task(
                model.Common(
                    index=inner,
                    pointer=f"{common.pointer}/extended",
                    origin=common.pointer,
                    name=common.name,
                    timeout=common.timeout,
                    metadata=common.metadata,
                    compensate=common.compensate,
                    scoped=common.scoped,
                    definition=common.definition,
                    secrets=common.secrets,
                    keeps=common.keeps,
                ),
                task.action,
            )
        )
        said = len(self.problems.findings)
        self._extending = True
        extensions = tuple(
            self._extension(part, f"{common.pointer}/extensions/{escape(name)}") for name, part, _ in around
        )
        self._extending = False
        del self.problems.findings[said:]  # `functions` says once, at the extension, what is wrong there
        outside = replace(common, timeout=None, compensate=None, keeps=True)
        return model.Task(outside, model.Extended(extensions, inner))

    def _extension(self, part: Mapping[str, Any], pointer: str) -> model.Extension:
        outer_scope, self.scope = self.scope, frozenset()
        outer_extending, self._extending = self._extending, True
        found = model.Extension(
            self.optional(part.get("when"), f"{pointer}/when"),
            self.body(part.get("before"), f"{pointer}/before"),
            self.body(part.get("after"), f"{pointer}/after"),
        )
        self.scope, self._extending = outer_scope, outer_extending
        return found

    def _common(
        self,
        task: Mapping[str, Any],
        pointer: str,
        index: int,
        following: int,
        name: str,
        targets: Mapping[str, int],
    ) -> model.Common:
        taken = self.in_out(task.get("input"), f"{pointer}/input", reading.INPUT, "from")
        given = self.in_out(task.get("output"), f"{pointer}/output", reading.OUTPUT, "as")
        exported = self.in_out(task.get("export"), f"{pointer}/export", reading.OUTPUT, "as")
        metadata, compensate, stage = self._metadata(task.get("metadata"), f"{pointer}/metadata/crossdock", name)
        return model.Common(
            index=index,
            pointer=pointer,
            name=name,
            following=following,
            then=self._then(task.get("then"), f"{pointer}/then", targets),
            condition=self.optional(task.get("if"), f"{pointer}/if"),
            input_schema=taken[0],
            input_from=taken[1],
            output_schema=given[0],
            output_as=given[1],
            export_schema=exported[0],
            export_as=exported[1],
            timeout=self._timeout(task.get("timeout"), f"{pointer}/timeout"),
            metadata=metadata,
            compensate=compensate,
            stage=stage,
            scoped=bool(self.scope),
            definition=dict(task) if index else {},
            secrets=self._secrets,
        )

    def _metadata(self, metadata: Any, pointer: str, name: str) -> tuple[Template | None, Any, str | None]:
        ours = jsonlike.mapping(jsonlike.member(metadata, "crossdock"))
        if not ours:
            return None, None, None
        words = dict(ours)
        compensate = words.pop("compensate", None)
        stage = words.get("stage")
        stage_id = None
        if (described := jsonlike.mapping(stage)) is not None:
            stage_id = str(described.get("id") or name)
            words["stage"] = {"id": stage_id, **described}
        elif isinstance(stage, str):
            stage_id = stage
            words["stage"] = {"id": stage}
        template = self.compiler.template(words, pointer) if words else None
        if template is not None:
            self.check(template, pointer)
        return template, compensate, stage_id

    def in_out(self, raw: Any, pointer: str, shape: reading.Shape, key: str) -> tuple[Schema | None, Template | None]:
        if raw is None:
            return None, None
        part = self.problems.map(raw, pointer, shape, pointer.rpartition("/")[2])
        template = None
        if part.get(key) is not None:
            template = self.compiler.shape(part[key], f"{pointer}/{key}")
            self.check(template, f"{pointer}/{key}")
        return self._schema(part.get("schema"), f"{pointer}/schema"), template

    def _schema(self, raw: Any, pointer: str) -> Schema | None:
        if raw is None:
            return None
        part = self.problems.map(raw, pointer, reading.SCHEMA, "a schema")
        if str(part.get("format", "json")).partition(":")[0] != "json":
            self.problems.word(part["format"], f"{pointer}/format", ("json",))
        if "document" not in part:
            found = "a resource" if "resource" in part else "none"
            fix = "Write the schema inline: nothing is fetched while a workflow runs."
            self.problems.add("flow.schema", pointer, "an inline `document`", found, fix)
            return None
        compiled = compile_schema(part["document"])
        if isinstance(compiled, str):
            self.problems.add("flow.schema", f"{pointer}/document", "a JSON Schema", compiled, "Correct the schema.")
            return None
        return compiled

    def _then(self, raw: Any, pointer: str, targets: Mapping[str, int]) -> int:
        if raw is None:
            return model.CONTINUE
        if raw in _DIRECTIVES:
            return _DIRECTIVES[raw]
        if raw in targets:
            return targets[raw]
        # "Flow directives may only redirect to tasks declared within their own scope."
        self.problems.unknown(
            "flow.unknown-target", pointer, "a task of the same list", str(raw), [*targets, *_DIRECTIVES]
        )
        return model.CONTINUE

    # ── small parts ──────────────────────────────────────────────────────────────────────────────────────────────

    def optional(self, source: Any, pointer: str) -> Template | None:
        return None if source is None else self.expression(source, pointer)

    def expression(self, source: Any, pointer: str, extra: Sequence[str] = ()) -> Template:
        template = self.compiler.expression(source, pointer)
        self.check(template, pointer, extra)
        return template

    def template(self, value: Any, pointer: str) -> Template:
        template = self.compiler.template(value, pointer)
        self.check(template, pointer)
        return template

    def check(self, template: Template, pointer: str, extra: Sequence[str] = ()) -> None:
        """Every variable an expression reads is one it can see."""
        if "secrets" in template.needs and not _secrets_of(template.source):
            fix = "Name the secret, so that it is known which one this task may use."
            self.problems.add("flow.secret", pointer, "$secrets.NAME", describe(template.source), fix)
        known = {*STANDARD, *self.scope, *extra}
        shown = {f"${name}" for name in known}
        for place, needs in self.compiler.read_since():
            for name in sorted(needs - known):
                self.problems.unknown("flow.unknown-variable", place, "a variable in scope", f"${name}", shown)

    def duration(self, value: Any, pointer: str) -> Template | None:
        if value is None:
            return None
        template = self.template(value, pointer)
        if template.constant and durations.parse(value) is None:
            fix = f"Write for example `{{ minutes: 5 }}` or PT5M; units: {', '.join(durations.UNITS)}."
            self.problems.add("flow.duration", pointer, "a duration", describe(value), fix)
            return None
        return template

    def _timeout(self, raw: Any, pointer: str) -> Template | None:
        if raw is None:
            return None
        if isinstance(raw, str):
            named = self._use("timeouts")
            if raw not in named:
                self.problems.unknown("flow.unknown-timeout", pointer, "a timeout of use.timeouts", raw, named)
                return None
            return (
                self._timeout(named[raw], f"/use/timeouts/{escape(raw)}") if not isinstance(named[raw], str) else None
            )
        part = self.problems.map(raw, pointer, reading.TIMEOUT, "a timeout")
        return self.duration(part.get("after"), f"{pointer}/after")

    def _expression_problem(self, pointer: str, source: str, message: str) -> None:
        fix = "Correct the expression."
        if source.startswith("{") and '"' not in source and ":" not in source:
            fix = "An object construction needs `key: value` or a field name that exists."
        self.problems.add("flow.expression", pointer, "a jq expression", f"{source[:80]!r} ({message[:160]})", fix)

    # ── actions ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _action(self, kind: str, task: Mapping[str, Any], pointer: str, targets: Mapping[str, int]) -> model.Action:
        match kind:
            case "do":
                return model.Do(self.body(task.get("do"), f"{pointer}/do"))
            case "set":
                return model.Set(self._set(task.get("set"), f"{pointer}/set"))
            case "switch":
                return self._switch(task.get("switch") or [], f"{pointer}/switch", targets)
            case "for":
                return self._for(task, pointer)
            case "fork":
                fork = (
                    self.problems.map(task["fork"], f"{pointer}/fork", reading.FORK, "fork") if "fork" in task else {}
                )
                branches = self.body(fork.get("branches"), f"{pointer}/fork/branches", branches=True)
                return model.Fork(branches, fork.get("compete") is True)
            case "try":
                return self._try(task, pointer, targets)
            case "raise":
                return model.Raise(self._raised(task.get("raise"), f"{pointer}/raise"))
            case "emit":
                return model.Emit(self._emit(task.get("emit"), f"{pointer}/emit"))
            case "wait":
                return model.Wait(self.duration(task.get("wait"), f"{pointer}/wait") or constant("PT0S"))
            case "listen":
                return listeners.listen(self, task, pointer)
            case "run":
                return self._run(task.get("run"), f"{pointer}/run")
            case _:
                return self._call(task, pointer)

    def _set(self, raw: Any, pointer: str) -> Template:
        if isinstance(raw, str) and jq.strip(raw) is None:
            self.problems.add(
                "flow.set", pointer, "a mapping or ${ expression }", describe(raw), "Write `name: value`."
            )
        return self.template(raw, pointer)

    def _switch(self, raw: list[Any], pointer: str, targets: Mapping[str, int]) -> model.Switch:
        cases: list[model.Case] = []
        defaults = 0
        for i, item in enumerate(raw):
            entry = jsonlike.mapping(item)
            if entry is None or len(entry) != 1:
                self.problems.add("flow.case", f"{pointer}/{i}", "one named case", describe(item), "Write `- name:`.")
                continue
            name, case = next(iter(entry.items()))
            here = f"{pointer}/{i}/{escape(name)}"
            part = self.problems.map(case, here, reading.CASE, "a case")
            when = self.optional(part.get("when"), f"{here}/when")
            defaults += when is None
            cases.append(model.Case(name, when, self._then(part.get("then"), f"{here}/then", targets)))
        if defaults > 1:
            # "There can be only one default case, all others MUST set a condition."
            self.problems.add(
                "flow.case", pointer, "one case without `when`", str(defaults), "Give the others a `when`."
            )
        # The default is taken when no other matches, wherever it stands.
        return model.Switch(tuple(sorted(cases, key=lambda case: case.when is None)))

    def _for(self, task: Mapping[str, Any], pointer: str) -> model.For:
        part = self.problems.map(task.get("for"), f"{pointer}/for", reading.FOR, "for")
        each, at = str(part.get("each", "item")), str(part.get("at", "index"))
        self.names((each, at), f"{pointer}/for")
        source = part.get("in")
        if jsonlike.sequence(source) is not None:
            items = self.template(source, f"{pointer}/for/in")
        elif isinstance(source, str):
            items = self.expression(source, f"{pointer}/for/in")
        else:
            items = constant([])
            if source is not None:
                self.problems.add(
                    "flow.kind", f"{pointer}/for/in", "an expression or a list", describe(source), "Correct it."
                )
        condition = None
        if (text := task.get("while")) is not None:
            condition = self.expression(text, f"{pointer}/while", (each, at))
        return model.For(each, at, items, condition, self.body(task.get("do"), f"{pointer}/do", (each, at)))

    def names(self, names: Sequence[str], pointer: str) -> None:
        for name in names:
            if not _IDENTIFIER.match(name) or name in STANDARD:
                fix = "Use letters, digits and _; not a standard variable."
                self.problems.add("flow.name", pointer, "a name for a variable", repr(name), fix)

    def _try(self, task: Mapping[str, Any], pointer: str, targets: Mapping[str, int]) -> model.Try:
        body = self.body(task.get("try"), f"{pointer}/try")
        here = f"{pointer}/catch"
        part = self.problems.map(task.get("catch"), here, reading.CATCH, "catch")
        errors = self.problems.map(part.get("errors", {}), f"{here}/errors", reading.CATCH_ERRORS, "errors")
        matching = self.problems.map(
            errors.get("with", {}), f"{here}/errors/with", reading.ERROR_FILTER, "an error filter"
        )
        name = str(part.get("as", "error"))
        self.names((name,), here)
        conditions = {
            key: self.expression(part[key], f"{here}/{key}", (name,)) for key in ("when", "exceptWhen") if key in part
        }
        retry = None
        if (policy := part.get("retry")) is not None:
            outer, self.scope = self.scope, self.scope | {name}
            retry = self._retry(policy, f"{here}/retry")
            self.scope = outer
        handler = self.body(part["do"], f"{here}/do", (name,)) if "do" in part else None
        then = self._then(part["then"], f"{here}/then", targets) if "then" in part else None
        catch = model.Catch(matching, name, conditions.get("when"), conditions.get("exceptWhen"), retry, handler, then)
        return model.Try(body, catch)

    def _retry(self, raw: Any, pointer: str) -> model.Retry | None:
        if isinstance(raw, str):
            named = self._use("retries")
            if raw not in named or isinstance(named[raw], str):
                self.problems.unknown("flow.unknown-retry", pointer, "a policy of use.retries", raw, named)
                return None
            return self._retry(named[raw], f"/use/retries/{escape(raw)}")
        part = self.problems.map(raw, pointer, reading.RETRY, "a retry policy")
        limit = self.problems.map(part.get("limit", {}), f"{pointer}/limit", reading.LIMIT, "limit")
        attempt = self.problems.map(limit.get("attempt", {}), f"{pointer}/limit/attempt", reading.ATTEMPT, "attempt")
        jitter = None
        if "jitter" in part:
            span = self.problems.map(part["jitter"], f"{pointer}/jitter", reading.JITTER, "jitter")
            low = self.duration(span.get("from"), f"{pointer}/jitter/from")
            high = self.duration(span.get("to"), f"{pointer}/jitter/to")
            jitter = (low, high) if low is not None and high is not None else None
        extra = ("error",)
        when, except_when = part.get("when"), part.get("exceptWhen")
        return model.Retry(
            when=None if when is None else self.expression(when, f"{pointer}/when", extra),
            except_when=None if except_when is None else self.expression(except_when, f"{pointer}/exceptWhen", extra),
            delay=self.duration(part.get("delay"), f"{pointer}/delay"),
            backoff=self._backoff(part.get("backoff", {}), f"{pointer}/backoff"),
            attempts=attempt.get("count"),
            attempt_duration=self.duration(attempt.get("duration"), f"{pointer}/limit/attempt/duration"),
            duration=self.duration(limit.get("duration"), f"{pointer}/limit/duration"),
            jitter=jitter,
        )

    def _backoff(self, raw: Any, pointer: str) -> model.Backoff:
        part = self.problems.map(raw, pointer, reading.BACKOFF, "backoff")
        if len(part) > 1:
            self.problems.add("flow.backoff", pointer, "one kind of backoff", " and ".join(part), "Keep one.")
        for kind, options in part.items():
            factor = options.get("factor", 2)
            usable = isinstance(factor, int | float) or hasattr(factor, "as_tuple")
            ceiling = self.duration(options.get("max"), f"{pointer}/{kind}/max")
            return model.Backoff(kind, float(factor) if usable else 2.0, ceiling)
        return model.Backoff("constant")

    def _raised(self, raw: Any, pointer: str) -> Template:
        part = self.problems.map(raw, pointer, reading.RAISE, "raise")
        error = part.get("error")
        if isinstance(error, str):
            named = self._use("errors")
            if error not in named:
                self.problems.unknown("flow.unknown-error", f"{pointer}/error", "an error of use.errors", error, named)
                return constant({})
            return self._error(named[error], f"/use/errors/{escape(error)}")
        return self._error(error, f"{pointer}/error") if error is not None else constant({})

    def _error(self, raw: Any, pointer: str) -> Template:
        part = self.problems.map(raw, pointer, reading.ERROR, "an error")
        status = part.get("status")
        if status is not None and not isinstance(status, int) and jq.strip(str(status)) is None:
            self.problems.add(
                "flow.kind", f"{pointer}/status", "a whole number", describe(status), "Write an HTTP status."
            )
        return self.template(part, pointer)

    def _emit(self, raw: Any, pointer: str) -> Template:
        part = self.problems.map(raw, pointer, reading.EMIT, "emit")
        event = part.get("event", {})
        attributes = event.get("with")
        if not isinstance(attributes, dict) or "type" not in attributes:
            fix = "Add `with:` and below it `type:`."
            self.problems.add("flow.missing-key", f"{pointer}/event", "'with.type' of the event", "none", fix)
            return constant({})
        for key in event.keys() - {"with"}:
            self.problems.unknown("flow.unknown-key", f"{pointer}/event/{key}", "a key of event", key, ["with"])
        return self.template(attributes, f"{pointer}/event/with")

    def _run(self, raw: Any, pointer: str) -> model.Action:
        part = self.problems.map(raw, pointer, reading.RUN, "run")
        awaited = part.get("await", True)
        self.problems.word(part.get("return"), f"{pointer}/return", ("stdout", "stderr", "code", "all", "none"))
        kinds = [key for key in ("workflow", *reading.PROCESSES) if key in part]
        if len(kinds) != 1:
            expected = f"one of workflow, {', '.join(reading.PROCESSES)}"
            self.problems.add("flow.run", pointer, expected, " and ".join(kinds) or "none", "Say what to run.")
            return model.Unsupported("run")
        if kinds[0] != "workflow":
            process = part[kinds[0]]
            if reading.PROCESSES[kinds[0]] not in process:
                missing = f"'{reading.PROCESSES[kinds[0]]}' in {kinds[0]}"
                self.problems.add("flow.missing-key", f"{pointer}/{kinds[0]}", missing, "none", "Add it.")
            if not awaited:
                return model.Unsupported(f"run {kinds[0]} with await: false")
            # An effect like any other: the host decides whether this workflow may, and refuses where nobody said so.
            given = {**process, "return": part.get("return", "stdout")}
            return model.Call(f"run.{kinds[0]}", self.template(given, f"{pointer}/{kinds[0]}"))
        child = self.problems.map(part["workflow"], f"{pointer}/workflow", reading.RUN_WORKFLOW, "workflow")
        given = child.get("input")
        return model.RunWorkflow(
            str(child.get("namespace", "")),
            str(child.get("name", "")),
            str(child.get("version", "")),
            None if given is None else self.template(given, f"{pointer}/workflow/input"),
            awaited,
        )

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _call(self, task: Mapping[str, Any], pointer: str) -> model.Action:
        name = str(task.get("call", ""))
        given = task.get("with")
        here = f"{pointer}/with"
        if name in _PROTOCOLS:
            return self._protocol(name, given, pointer, here)
        if isinstance(given, str) and jq.strip(given) is None:
            self.problems.add(
                "flow.kind", here, "a mapping or ${ expression }", describe(given), "Write `name: value`."
            )
        arguments = constant({}) if given is None else self.template(given, here)
        functions = self._use("functions")
        if name in functions:
            return model.Use(arguments, self._function_body(name, functions[name], f"{pointer}/call", here))
        if "://" in name:
            return model.Unsupported(f"call {name}: functions are not fetched while a workflow runs")
        if (found := _CATALOGUED.match(name)) is not None:
            catalogues = self._use("catalogs")
            if found["catalog"] in _OUR_CATALOGUES:
                return model.Call(found["name"], arguments)
            if found["catalog"] in catalogues:
                return model.Unsupported(f"call {name}: only the catalogue 'crossdock' is served")
            known = [*catalogues, *_OUR_CATALOGUES]
            self.problems.unknown("flow.unknown-catalogue", f"{pointer}/call", "a catalogue", found["catalog"], known)
            return model.Call(found["name"], arguments)
        known = [*functions, *_PROTOCOLS]
        expected = "a protocol, a function of use.functions, or name:version@catalogue"
        self.problems.unknown("flow.unknown-function", f"{pointer}/call", expected, name, known)
        return model.Call(name or "none", arguments)

    def _protocol(self, name: str, given: Any, pointer: str, here: str) -> model.Action:
        if not isinstance(given, dict):
            found = describe(given)
            self.problems.add(
                "flow.missing-key", pointer, f"'with' with the arguments of {name}", found, "Add `with:`."
            )
            return model.Unsupported(f"call {name}")
        part = self.problems.map(given, here, reading.ARGUMENTS[name], f"the arguments of {name}")
        self.problems.word(part.get("output"), f"{here}/output", ("raw", "content", "response"))
        if name not in {"http", "openapi"}:
            return model.Unsupported(f"call {name}")
        for key in ("headers", "query", "parameters"):
            if isinstance(part.get(key), str) and jq.strip(part[key]) is None:
                found = describe(part[key])
                self.problems.add("flow.kind", f"{here}/{key}", "a mapping or ${ expression }", found, "Correct it.")
        if name == "http":
            if "endpoint" in part:
                part["endpoint"] = self._endpoint(part["endpoint"], f"{here}/endpoint")
            return model.Call("http", self.template(part, here), uri=True)
        if "document" in part:
            document = self.problems.map(part["document"], f"{here}/document", reading.RESOURCE, "document")
            if "endpoint" in document:
                document["endpoint"] = self._endpoint(document["endpoint"], f"{here}/document/endpoint")
            part["document"] = document
        if "authentication" in part:
            part["authentication"] = self._policy(part["authentication"], f"{here}/authentication")
        return model.Call("openapi", self.template(part, here))

    def _endpoint(self, raw: Any, pointer: str) -> dict[str, Any]:
        """Both spellings as `{ uri, authentication? }`."""
        if isinstance(raw, str):
            return {"uri": raw}
        part = self.problems.map(raw, pointer, reading.ENDPOINT, "endpoint")
        if "authentication" in part:
            part["authentication"] = self._policy(part["authentication"], f"{pointer}/authentication")
        return part

    def _policy(self, raw: Any, pointer: str, named: bool = False) -> dict[str, Any]:
        """An authentication policy with its reference resolved; secrets stay names for the host to fill in."""
        part = self.problems.map(raw, pointer, reading.POLICY, "an authentication policy")
        if "use" in part:
            policies = self._use("authentications")
            if named or part["use"] not in policies:
                expected = "an authentication of use.authentications"
                self.problems.unknown("flow.unknown-authentication", f"{pointer}/use", expected, part["use"], policies)
                return {}
            return self._policy(policies[part["use"]], f"/use/authentications/{escape(part['use'])}", named=True)
        if len(part) != 1:
            found = " and ".join(part) or "none"
            expected = "one scheme: basic, bearer, digest, oauth2, oidc"
            self.problems.add("flow.authentication", pointer, expected, found, "Keep one.")
        for scheme, options in part.items():
            secret = options.get("use")
            if secret is not None and secret not in (self._names("secrets")):
                known = [str(s) for s in self._names("secrets")]
                self.problems.unknown(
                    "flow.unknown-secret", f"{pointer}/{scheme}/use", "a secret of use.secrets", str(secret), known
                )
            elif secret is not None:
                part[scheme] = marks.mark(str(secret))  # the host puts the whole of the settings here
                self._authenticating.add(str(secret))
        self._authenticating |= _secrets_of(part)
        return part

    def _function_body(self, name: str, raw: Any, pointer: str, arguments_pointer: str) -> model.Body:
        """The function's task compiled for this call: it sees its arguments as input, not the caller's variables."""
        if name in self._calling:
            cycle = " → ".join((*self._calling, name))
            self.problems.add("flow.function-cycle", pointer, "functions that end", cycle, "Break the cycle.")
            return model.Body(model.NOTHING, 0)
        said = len(self.problems.findings)
        outer_scope, self.scope = self.scope, frozenset()
        outer_calling, self._calling = self._calling, (*self._calling, name)
        index = len(self.tasks)
        self.tasks.append(None)
        here = f"{pointer}/{escape(name)}" if arguments_pointer else pointer
        self.tasks[index] = self._task(raw, here, index, model.NOTHING, name, {})
        self._calling, self.scope = outer_calling, outer_scope
        if arguments_pointer:
            # `functions` says once, at the definition, what is wrong there; only a cycle needs the caller to be seen.
            late = self.problems.findings[said:]
            self.problems.findings[said:] = [f for f in late if f.code == "flow.function-cycle"]
        return model.Body(index, 1)

    def _check_secrets(self, pointer: str) -> None:
        declared = self._names("secrets")
        for name in self._secrets:
            if name not in declared:
                self.problems.unknown("flow.unknown-secret", pointer, "a secret of use.secrets", name, declared)


def _keeps(common: model.Common, action: model.Action) -> bool:
    """Whether the input is read again after the start: then it must stay in the state."""
    later = [common.output_as, common.export_as]
    match action:
        case model.Try() | model.Wait():
            return True
        case model.For():
            later.append(action.condition)
        case model.Listen():
            filters = [*action.to.filters, *(action.until_events.filters if action.until_events else ())]
            later += [action.until, *(f.data for f in filters)]
            if action.foreach is not None:
                later += [action.foreach.output_as, action.foreach.export_as]
        case _:
            pass
    if isinstance(action, model.Use) and common.metadata is not None and not common.metadata.constant:
        return True  # it is evaluated on the input, for the call that stands for the function
    return any(template is not None and template.needs & {"input", "task"} for template in later)


def _secrets_of(value: Any) -> set[str]:
    """Names after `$secrets` in the expressions of a value."""
    if isinstance(value, str):
        return {a or b for a, b in _SECRET.findall(value)}
    parts = (jsonlike.mapping(value) or {}).values() or jsonlike.sequence(value) or ()
    return set[str]().union(*(_secrets_of(part) for part in parts))
