"""The two hosts a scenario is played on, behind one face: what is asked, and what came of it.

`InMemory` is engine.memory; `Durable` is a real worker on PostgreSQL. Both see the same virtual time: nothing waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, cast
from uuid import UUID

import asyncpg
import msgspec

from crossdock import clock, exactjson, ids
from crossdock.clock import Clock
from crossdock.db import Database
from crossdock.engine import definitions, schedules
from crossdock.engine.functions import Function, Functions
from crossdock.engine.hooks import Silent
from crossdock.engine.live import FACTS
from crossdock.engine.memory import EPOCH, Answer, Deadlock, Event, Kept, Memory, Slow, unknown_function
from crossdock.engine.webcalls import WebCalls
from crossdock.engine.worker import Worker
from crossdock.events import correlation, inbox
from crossdock.flow import faults, interpreter, program
from crossdock.flow import state as states
from crossdock.flow.facts import Error, Fact
from crossdock.flow.outcomes import Begun, Done, Failed, Invocation, Parked, Performed, Probed, Unknown


@dataclass(slots=True)
class Asked:
    """A scenario's givens."""

    main: str = ""
    children: list[str] = field(default_factory=list[str])
    given: Any = None
    events: list[Event] = field(default_factory=list[Event])
    answers: dict[str, list[Answer]] = field(default_factory=dict[str, list[Answer]])
    cancel_after: timedelta | None = None
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    begins_at: datetime = EPOCH
    asleep: timedelta = timedelta()

    def answer(self, function: str) -> Answer | None:
        """The next planned answer; the last one is repeated."""
        plan = self.answers.get(function)
        if plan is None:
            return None
        return plan.pop(0) if len(plan) > 1 else plan[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """status: completed, faulted, cancelled, or waiting (for ever). tasks: (name, kind) of every trace, in order."""

    status: str
    output: Any = None
    error: Error | None = None
    tasks: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    events: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    calls: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    took: timedelta = timedelta()

    begun: list[Kept] = field(default_factory=list[Kept])  # by a schedule, in the order in which they began

    def started(self) -> list[str]:
        return [name for name, kind in self.tasks if kind == "task-started" and name]


class Host(Protocol):
    async def run(self, asked: Asked) -> Ran:
        """One instance, to its end."""
        ...

    async def keep(self, asked: Asked, lasts: timedelta) -> Ran:
        """Whatever the definition's schedule starts within this time."""
        ...


class InMemory:
    """Every state is written to bytes and restored before it is used again."""

    def __init__(self, web: WebCalls) -> None:
        self._web = web

    def _memory(self, asked: Asked) -> Memory:
        def handle(call: Invocation) -> Answer | Awaitable[Answer]:
            planned = asked.answer(call.function)
            if planned is not None:
                return planned
            return self._web.perform(call) if call.function in {"http", "openapi"} else unknown_function(call)

        children = [program.load(child, "child.yaml") for child in asked.children]
        return Memory(handle, programs=children, values=asked.values, start_at=asked.begins_at, check_states=True)

    async def keep(self, asked: Asked, lasts: timedelta) -> Ran:
        main = program.load(asked.main, "scenario.yaml")
        begun = await self._memory(asked).keep(main, lasts, asleep=asked.asleep, events=asked.events)
        return Ran(status="kept", begun=begun)

    async def run(self, asked: Asked) -> Ran:
        main = program.load(asked.main, "scenario.yaml")
        memory = self._memory(asked)
        try:
            outcome = await memory.run(main, asked.given, events=asked.events, cancel_after=asked.cancel_after)
        except Deadlock:
            return Ran(status="waiting", tasks=[(s.task, s.kind) for s in memory.steps])
        return Ran(
            status=outcome.status,
            output=outcome.output,
            error=outcome.error,
            tasks=[(s.task, s.kind) for s in outcome.steps],
            events=list(outcome.events),
            calls=[(c.function, c.arguments) for c in outcome.calls],
            took=outcome.ended_at - asked.begins_at,
        )


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Scene:
    """One scenario under way: a tenant of its own, and what is planned to happen at which time."""

    tenant_id: str
    asked: Asked
    agenda: list[tuple[datetime, int, Callable[[], Awaitable[None]]]] = field(
        default_factory=list[tuple[datetime, int, Callable[[], Awaitable[None]]]]
    )
    calls: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])

    def later(self, at: datetime, act: Callable[[], Awaitable[None]]) -> None:
        self.agenda.append((at, len(self.agenda), act))
        self.agenda.sort(key=lambda entry: entry[:2])


class _AtOnce:
    """outcomes.Remote: answers as the scenario planned."""

    system = "scenario"

    def __init__(self, scene: _Scene) -> None:
        self._scene = scene

    async def perform(self, call: Invocation) -> Performed:
        self._scene.calls.append((call.function, call.arguments))
        return cast("Performed", self._scene.asked.answer(call.function))

    async def probe(self, call: Invocation) -> Probed:
        return Unknown("a scenario has nothing to look up")


class _InTime:
    """outcomes.Transactional: parks, and answers when the scenario planned it."""

    def __init__(self, scene: _Scene, host: "Durable") -> None:
        self._scene = scene
        self._host = host

    async def start(self, tx: Any, call: Invocation) -> Begun:
        self._scene.calls.append((call.function, call.arguments))
        match self._scene.asked.answer(call.function):
            case Slow(outcome, takes):
                answer = cast("Done | Failed", outcome)
                self._scene.later(
                    call.now + takes,
                    lambda: self._host.answer(self._scene.tenant_id, call.instance_id, call.at, answer),
                )
                return Parked("scenario")
            case Done() | Failed() | Parked() as outcome:
                return outcome
            case other:
                raise AssertionError(f"a scenario cannot plan {other}")


class _Scripted(Functions):
    """The functions of the scene that is played; http and openapi are the real ones."""

    def __init__(self, web: WebCalls) -> None:
        super().__init__({"http": web, "openapi": web}, {}, secrets=self._secrets)
        self.scenes: dict[str, _Scene] = {}
        self.host: Durable | None = None

    def _secrets(self, tenant_id: str) -> Mapping[str, Any]:
        return self.scenes[tenant_id].asked.values

    def resolve(self, tenant_id: str, name: str) -> Function | None:
        scene = self.scenes.get(tenant_id)
        if scene is None or name not in scene.asked.answers:
            return super().resolve(tenant_id, name)
        slow = any(isinstance(a, Slow | Parked) for a in scene.asked.answers[name])
        assert self.host is not None
        return _InTime(scene, self.host) if slow else _AtOnce(scene)


class Durable:
    """One worker for all scenarios; each gets a tenant. The clock stands still and jumps when nothing is going on."""

    def __init__(self, db: Database, admin: "asyncpg.Connection[asyncpg.Record]", web: WebCalls) -> None:
        self._db = db
        self._admin = admin
        self._functions = _Scripted(web)
        self._functions.host = self
        self._clock = Clock()
        self._worker = Worker(db, self._functions, self._clock, Silent())
        self._task: asyncio.Task[None] | None = None
        self._scenes = 0

    async def __aenter__(self) -> "Durable":
        await self._set(EPOCH)
        self._task = asyncio.create_task(self._worker.run())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._task is not None
        self._worker.stop()
        await self._task

    async def run(self, asked: Asked) -> Ran:
        scene = await self._set_up(asked)
        root = ids.new()
        p = program.load(asked.main, "scenario.yaml")
        async with self._db.transaction(scene.tenant_id) as tx:
            definition = (p.namespace, p.name, p.version)
            assert await correlation.start(tx, scene.tenant_id, root, definition, asked.given, "", asked.begins_at)
        if asked.cancel_after is not None:
            scene.later(asked.begins_at + asked.cancel_after, lambda: self._cancel(scene.tenant_id, root))
        await self._play(scene, root)
        return await self._result(scene, root)

    async def keep(self, asked: Asked, lasts: timedelta) -> Ran:
        scene = await self._set_up(asked)
        end = asked.begins_at + lasts
        if asked.asleep:
            await self._set(asked.begins_at + asked.asleep)
        async with asyncio.timeout(30):
            while True:
                # Two workers look at the same time: what is due starts once all the same.
                await asyncio.gather(schedules.start_due(self._db), schedules.start_due(self._db))
                _, timer = await self._quiet(scene.tenant_id, None)
                async with self._db.transaction(scene.tenant_id) as tx:
                    # A schedule that waits for its instance learns of its end at the next look.
                    due = await tx.fetchval(
                        "select min(case when s.due_at is null then i.ended_at else s.due_at end) "
                        "from crossdock.schedule s left join crossdock.instance i on i.instance_id = s.running"
                    )
                moments = [m for m in (due, timer, *(a[0] for a in scene.agenda[:1])) if m is not None]
                if not moments or min(moments) > end:
                    break
                await self._set(max(min(moments), self._clock.now()))
                await self._say(scene)
        async with self._db.transaction(scene.tenant_id) as tx:
            rows = await tx.fetch("select started_at, status, output from crossdock.instance order by started_at")
            await tx.execute("delete from crossdock.schedule")
        begun = [
            Kept(r["started_at"], states.Status(r["status"]), exactjson.loads(r["output"]) if r["output"] else None)
            for r in rows
        ]
        return Ran(status="kept", begun=begun)

    async def _set_up(self, asked: Asked) -> _Scene:
        self._scenes += 1
        scene = _Scene(f"scene-{self._scenes}", asked)
        self._functions.scenes[scene.tenant_id] = scene
        await self._admin.execute("insert into crossdock.tenant (tenant_id, name) values ($1, $1)", scene.tenant_id)
        await self._set(asked.begins_at)
        async with self._db.transaction(scene.tenant_id) as tx:
            for source in (*asked.children, asked.main):
                await definitions.publish(tx, scene.tenant_id, source, "scenario.yaml")
        for item in asked.events:
            scene.later(asked.begins_at + item.after, lambda e=item.event: self._publish(scene.tenant_id, e))
        return scene

    async def answer(self, tenant_id: str, instance_id: UUID, at: str, outcome: Done | Failed) -> None:
        async with self._db.transaction(tenant_id) as tx:
            await inbox.answer(tx, tenant_id, instance_id, at, outcome)

    async def _publish(self, tenant_id: str, event: Mapping[str, Any]) -> None:
        async with self._db.transaction(tenant_id) as tx:
            await inbox.receive(tx, tenant_id, event)

    async def _cancel(self, tenant_id: str, root: UUID) -> None:
        body = exactjson.text({"reason": "cancelled from outside", "now": self._clock.now()})
        async with self._db.transaction(tenant_id) as tx:
            await tx.fetchval("select crossdock.deliver($1, $2, 'CancelRequested', $3)", tenant_id, root, body)

    async def _set(self, moment: datetime) -> None:
        # The worker's clock is set with the row: it would else hear of the jump a moment later.
        self._clock.origin = await clock.set_to(self._db.pool, moment, 0)

    async def _play(self, scene: _Scene, root: UUID) -> None:
        async with asyncio.timeout(30):
            while True:
                ended, due = await self._quiet(scene.tenant_id, root)
                moments = [scene.agenda[0][0]] if scene.agenda else []
                if due is not None:
                    moments.append(due)
                if ended or not moments:
                    return
                moment = max(min(moments), self._clock.now())
                await self._set(moment)
                await self._say(scene)

    async def _say(self, scene: _Scene) -> None:
        """What comes from outside at this moment."""
        while scene.agenda and scene.agenda[0][0] <= self._clock.now():
            await scene.agenda.pop(0)[2]()

    async def _quiet(self, tenant_id: str, root: UUID | None) -> tuple[bool, datetime | None]:
        """Waits until the tenant has nothing to do now; then: has it ended, and when is its next timer?"""
        while True:
            async with self._db.transaction(tenant_id) as tx:
                row = await tx.fetchrow(
                    "select exists (select from crossdock.ready) or exists (select from crossdock.lease) "
                    "or exists (select from crossdock.outbox) as busy, "
                    "(select min(due_at) from crossdock.timer) as due, crossdock.now() as now, "
                    "(select ended_at is not null from crossdock.instance where tenant_id = $1 and instance_id = $2) "
                    "as ended",
                    tenant_id,
                    root,
                )
            assert row is not None
            if not row["busy"] and (row["due"] is None or row["due"] > row["now"]):
                return row["ended"], row["due"]
            await asyncio.sleep(0.002)

    async def _result(self, scene: _Scene, root: UUID) -> Ran:
        async with self._db.transaction(scene.tenant_id) as tx:
            instances = {r["instance_id"]: r for r in await tx.fetch("select * from crossdock.instance")}
            history = await tx.fetch(
                "select instance_id, kind, fact, trace from crossdock.history order by xmin::text::bigint, seq"
            )
            events = [
                exactjson.loads(r["body"]) for r in await tx.fetch("select body from crossdock.event order by seq")
            ]
            sources = await tx.fetch("select namespace, name, version, source from crossdock.definition")
            kept = await tx.fetchval(
                "select concat((select string_agg(arguments::text, '') from crossdock.call), "
                "(select string_agg(fact::text, '') from crossdock.history), "
                "(select string_agg(encode(state, 'escape'), '') from crossdock.instance))"
            )
        for secret in scene.asked.values.values():
            # What is stored holds a mark; the value enters when the call is made.
            assert not isinstance(secret, str) or exactjson.text(secret)[1:-1] not in kept, "a secret was stored"
        programs = {(r["namespace"], r["name"], r["version"]): program.load(r["source"], r["name"]) for r in sources}
        tasks: list[tuple[str, str]] = []
        folded: dict[UUID, states.State | None] = {}
        for row in history:
            instance = instances[row["instance_id"]]
            its = programs[instance["namespace"], instance["name"], instance["version"]]
            for trace in exactjson.loads(row["trace"]):
                task = its.task(trace["at"])
                tasks.append((task.name if task else "", trace["kind"]))
            fact = cast("Fact", msgspec.convert(exactjson.loads(row["fact"]), FACTS[row["kind"]]))
            folded[row["instance_id"]] = interpreter.advance(its, folded.get(row["instance_id"]), fact).state
        for instance_id, state in folded.items():
            # The invariant: folding history gives the stored state.
            assert state is not None
            stored = states.load(instances[instance_id]["state"])
            assert states.canonical(state) == states.canonical(stored), f"history of {instance_id} folds differently"
        end = instances[root]
        given = {(e.event["source"], e.event["id"]) for e in scene.asked.events}
        return Ran(
            status="waiting" if end["ended_at"] is None else end["status"],
            output=exactjson.loads(end["output"]) if end["output"] else None,
            error=msgspec.convert(exactjson.loads(end["error"]), Error) if end["error"] else None,
            tasks=tasks,
            events=[e for e in events if (e["source"], e["id"]) not in given],
            calls=scene.calls,
            took=(end["ended_at"] or scene.asked.begins_at) - scene.asked.begins_at,
        )


def error_json(error: Error | None) -> dict[str, Any]:
    assert error is not None
    return faults.to_json(error)
