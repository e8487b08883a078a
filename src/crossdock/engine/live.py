"""One instance in a worker's hands: applies facts and outcomes in memory and gathers what to write.

`turn()` is synchronous and does no input or output. If the commit of its turn fails or is refused, the whole Live is
dropped and the instance is read again: memory never runs ahead of the database.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never, cast
from uuid import UUID

import msgspec
from msgspec.structs import replace

from crossdock import exactjson
from crossdock.engine import calls
from crossdock.engine.functions import COMPENSATE, Functions
from crossdock.engine.turn import (
    RETRY_TIMER,
    UNDO_SUFFIX,
    AttemptRow,
    CallChange,
    CallRow,
    CallState,
    Ended,
    Held,
    Mail,
    OpenCall,
    Over,
    Turn,
)
from crossdock.events import envelope
from crossdock.flow import interpreter, listening
from crossdock.flow import state as states
from crossdock.flow.facts import (
    Abandon,
    Call,
    CallCompleted,
    CallFailed,
    Cancel,
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    ClearTimer,
    Command,
    Complete,
    Emit,
    Error,
    EventReceived,
    Fact,
    Fail,
    Migrated,
    Restarted,
    Resumed,
    RunChild,
    SetTimer,
    Started,
    Subscribe,
    Suspended,
    TimerFired,
    Unsubscribe,
)
from crossdock.flow.faults import COMMUNICATION, CONFIGURATION, RUNTIME
from crossdock.flow.outcomes import (
    Absent,
    Done,
    Failed,
    Immediate,
    Invocation,
    Performed,
    Probed,
    Retry,
    Unknown,
)
from crossdock.flow.payloads import MOST, Payloads
from crossdock.flow.program import Program

FACTS: dict[str, type[Any]] = {
    t.__name__: t
    for t in (
        Started, CallCompleted, CallFailed, EventReceived, TimerFired, ChildCompleted, ChildFailed, CancelRequested,
        Suspended, Resumed, Restarted, Migrated,
    )
}  # fmt: skip
ATTEMPT = "Attempt"
# What a suspended instance still reads, before all that waits: what operators do.
OPERATORS = frozenset({"Suspended", "Resumed", "CancelRequested", "Restarted"})
FACTS_A_TURN = 1 << 20  # a loop over a long list may answer thousands of its own calls within one turn


class Answer(msgspec.Struct, frozen=True):
    """What came of performing or probing a call. `outage`: its system is known to be down."""

    at: str
    outcome: Performed | Probed
    probe: bool
    tried_at: datetime
    duration_ms: float
    outage: bool = False


@dataclass(slots=True)
class Live:
    tenant_id: str
    instance_id: UUID
    program: Program
    functions: Functions
    clock: Callable[[], datetime]
    revision: int
    state: states.State | None
    business_key: str
    traceparent: str
    parent: tuple[UUID, str] | None
    ended: bool
    over: Over | None = None  # how it ended
    stage: str = ""
    tables_at: int = 0
    suspended: bool = False
    taken_over: bool = False  # a call of it was sent by another worker, who may not know yet that it is ours
    calls: dict[str, OpenCall] = field(default_factory=dict[str, OpenCall])
    known_mail: set[int] = field(default_factory=set[int])
    mail: deque[Mail] = field(default_factory=deque[Mail])
    answers: deque[Answer] = field(default_factory=deque[Answer])
    in_flight: set[str] = field(default_factory=set[str])
    toggled: list[int] = field(
        default_factory=list[int]
    )  # operators' mail that was read: it counts once, come what may
    payloads: Payloads = field(default_factory=Payloads)
    instance_text: str = field(init=False)
    span_name: str = field(init=False)
    _turn: Turn = field(init=False)
    _seq: int = field(init=False, default=0)
    _facts: deque[Fact] = field(default_factory=deque[Fact])

    def __post_init__(self) -> None:
        self.instance_text, self.span_name = str(self.instance_id), f"advance {self.program.name}"

    def absorb(self, mail: list[Mail]) -> None:
        """Takes mail that it has not seen yet."""
        for m in mail:
            if m.fact_id not in self.known_mail:
                self.known_mail.add(m.fact_id)
                self.mail.append(m)

    @property
    def has_work(self) -> bool:
        return bool(self.answers) or any(map(self._reads, self.mail))

    def _reads(self, mail: Mail) -> bool:
        """While it is suspended, mail waits; only calls in doubt are looked up, which has no effect."""
        if not self.suspended or mail.kind in OPERATORS:
            return True
        call = self.calls.get(mail.body["at"]) if mail.kind == ATTEMPT else None
        return call is not None and call.state is CallState.UNKNOWN

    def _next_mail(self) -> Mail | None:
        if not self.suspended:
            return self.mail.popleft() if self.mail else None
        found = next(filter(self._reads, self.mail), None)
        if found is not None:
            self.mail.remove(found)
        return found

    def turn(self) -> Turn:
        """Applies all that is at hand. Raises FlowFault or a bug when the interpreter cannot."""
        self._turn = Turn(self.tenant_id, self.instance_id, self.revision, self.clock(), stage=self.stage)
        self._turn.business_key, self._turn.traceparent = self.business_key, self.traceparent
        self._turn.payloads = self.payloads
        self._seq = self.revision * FACTS_A_TURN  # history order: revision, then position within the turn
        while self.has_work:
            while (mail := self._next_mail()) is not None:
                self._read(mail)
            while self.answers:
                self._hear(self.answers.popleft())
        if self.state is not None and self._turn.history:
            self._turn.state = states.dump(self.state, self.payloads)
            self.stage = self.state.stage or self.stage
        self._turn.stage = self.stage
        self._turn.status = self._status()
        if self.ended and self._turn.ended is None:
            self._turn.over = self.over
        undoing = self.compensating is not None and not self.suspended
        self._turn.park = not self._turn.perform and not self.in_flight and not undoing
        self.revision += 1
        return self._turn

    def resume(self) -> None:
        """After a claim: a call that was sent by a worker that is gone may have had its effect.

        And one in doubt that nothing will bring back: its timer had fired, and the worker died before the probe's
        answer. (One that waits to be made again cannot be in that place: it is recorded as sent before it leaves.)
        """
        self.taken_over = any(call.state is CallState.SENT for call in self.calls.values())
        for call in self.calls.values():
            if call.state is CallState.SENT or (call.state is CallState.UNKNOWN and not call.waits):
                call.state = CallState.UNKNOWN
                self.mail.append(Mail(-1, ATTEMPT, {"at": call.invocation.at}))

    @property
    def compensating(self) -> OpenCall | None:
        """The compensate call under way, when nothing stands in its way: every abandoned call has its outcome."""
        found = next((c for c in self.calls.values() if c.invocation.function == COMPENSATE), None)
        if found is None or any(c is not found for c in self.calls.values() if c.abandoned or _is_undo(c)):
            return None
        return found

    def undo(self, of: str, function: str, arguments: Any) -> Turn:
        """A turn that records the compensating call of the effect at `of`, before it is performed."""
        turn = Turn(self.tenant_id, self.instance_id, self.revision, self.clock(), stage=self.stage)
        turn.business_key, turn.traceparent = self.business_key, self.traceparent
        turn.payloads = self.payloads
        turn.status = self._status()
        self._turn = turn
        self._begin_remote(of + UNDO_SUFFIX, function, arguments, None)
        turn.undone.append(of)
        self.revision += 1
        return turn

    # ── facts in ────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, mail: Mail) -> None:
        if mail.fact_id >= 0:
            self._turn.consumed.append(mail.fact_id)
        if mail.kind == ATTEMPT:
            self._try_again(mail.body["at"], canary=bool(mail.body.get("canary")))
            return
        fact = cast("Fact", msgspec.convert(mail.body, FACTS[mail.kind]))
        if isinstance(fact, CallCompleted) and (size := _size(fact.output)) > MOST:
            fact = CallFailed(fact.at, _too_large(fact.at, size), fact.now)
        if isinstance(fact, CallCompleted | CallFailed):
            self._close_parked(fact)
        if mail.kind in OPERATORS:
            self.toggled.append(mail.fact_id)
            self.suspended = isinstance(fact, Suspended) and not self.ended
            if isinstance(fact, Restarted):
                self.ended = False  # another life begins, which will have an end of its own
        if self.state is None and isinstance(fact, Suspended | Resumed):
            return  # it has not begun: Started waits in the mailbox
        self._apply(fact)

    def _apply(self, fact: Fact) -> None:
        self._facts.append(fact)
        while self._facts:
            fact = self._facts.popleft()
            if self.ended:
                continue
            step = interpreter.advance(self.program, self.state, fact)
            self.state = step.state
            self._seq += 1
            self._turn.history.append((self._seq, fact, exactjson.dumps(step.trace)))
            if isinstance(fact, EventReceived) and listening.unheard(step.trace):
                self._turn.unheard.append(fact.event)
            for command in step.commands:
                self._obey(command)

    def _close_parked(self, fact: CallCompleted | CallFailed) -> None:
        call = self.calls.get(fact.at)
        if call is None:
            return
        if isinstance(fact, CallCompleted):
            self._settle(call, CallState.DONE, output=fact.output)
        else:
            self._settle(call, CallState.FAILED, error=fact.error)

    # ── commands out ────────────────────────────────────────────────────────────────────────────────────────────

    def _obey(self, command: Command) -> None:
        turn = self._turn
        match command:
            case Call():
                self._call(command)
            case Subscribe(at, filters):
                turn.subscribe.append((at, filters))
            case Unsubscribe(at):
                turn.unsubscribe.append(at)
                turn.subscribe = [s for s in turn.subscribe if s[0] != at]
            case SetTimer(at, timer, due):
                turn.set_timers[at, timer] = due
                turn.clear_timers.discard((at, timer))
            case ClearTimer(at, timer):
                turn.set_timers.pop((at, timer), None)
                turn.clear_timers.add((at, timer))
            case Emit(at, event):
                turn.emits.append(self._event(at, event))
            case RunChild():
                turn.children.append(command)
            case Abandon(at):
                self._abandon(at)
            case Complete(output):
                self._end(Ended("completed", output))
            case Fail(error):
                self._end(Ended("faulted", error=error))
            case Cancel(reason):
                self._end(Ended("cancelled", output={"reason": reason}))
            case _:
                assert_never(command)

    def _event(self, at: str, event: Mapping[str, Any]) -> dict[str, Any]:
        made = envelope.make(
            str(event.get("type") or "crossdock.emitted"),
            subject=self.business_key,
            data=event.get("data"),
            now=self._turn.now,
            source=f"/crossdock/{self.program.name}",
            id=self.instance_text + at,
            traceparent=self.traceparent,
        )
        return {**made, **{k: v for k, v in event.items() if v is not None}}

    def _end(self, ended: Ended) -> None:
        self._turn.ended = ended
        self._turn.parent = self.parent
        self.ended = True
        text = exactjson.text
        self.over = Over(
            self._turn.now,
            text(ended.output) if ended.error is None else None,
            text(ended.error) if ended.error is not None else None,
        )
        for at in list(self.calls):
            self._abandon(at)

    def _call(self, command: Call) -> None:
        call = self._invocation(command.at, command.function, command.arguments, command.metadata)
        tenant_id, name = self.tenant_id, command.function
        undo = command.metadata.get("compensate")
        if name == COMPENSATE:
            self._park(call, undo)
        elif immediate := self.functions.immediate(tenant_id, name):
            self._evaluate(immediate, call)
        elif transactional := self.functions.transactional(tenant_id, name):
            self._park(call, undo)
            self._turn.begin.append((transactional, call))
        elif self.functions.remote(tenant_id, name):
            self._begin_remote(command.at, command.function, command.arguments, undo, command.metadata)
        else:
            known = ", ".join(sorted(self.functions.names(self.tenant_id))) or "none"
            error = Error(
                CONFIGURATION, 400, "Unknown function",
                f"expected one of {known}; found {command.function!r}", command.at.split("#")[0],
            )  # fmt: skip
            self._facts.append(CallFailed(command.at, error, self._turn.now))

    def _invocation(self, at: str, function: str, arguments: Any, metadata: Mapping[str, Any]) -> Invocation:
        return Invocation(
            tenant_id=self.tenant_id,
            instance_id=self.instance_id,
            at=at,
            key=self.instance_text + at,
            function=function,
            arguments=arguments,
            business_key=self.business_key,
            now=self._turn.now,
            metadata=metadata,
            traceparent=self.traceparent,
            tables_at=self.tables_at,
        )

    def _park(self, call: Invocation, undo: Mapping[str, Any] | None) -> None:
        self.calls[call.at] = OpenCall(call, "", CallState.PARKED, undo=undo)
        self._turn.new_calls.append(
            CallRow(call.at, call.function, "", call.arguments, undo, CallState.PARKED, self._turn.now)
        )

    def _evaluate(self, function: Immediate, call: Invocation) -> None:
        now = self._turn.now
        row = CallRow(call.at, call.function, "", call.arguments, None, CallState.DONE, now, now, 0.0)
        match function.evaluate(call):
            case Done(output):
                self._turn.new_calls.append(replace(row, output=output))
                self._facts.append(CallCompleted(call.at, output, now))
            case Failed(error=error):
                self._turn.new_calls.append(replace(row, state=CallState.FAILED, error=error))
                self._facts.append(CallFailed(call.at, error, now))

    def _begin_remote(
        self, at: str, function: str, arguments: Any, undo: Mapping[str, Any] | None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        call = self._invocation(at, function, arguments, metadata or {})
        remote = self.functions.remote(self.tenant_id, function)
        if remote is None:
            error = Error(CONFIGURATION, 400, "Unknown function", f"no connector performs {function}", at)
            self._turn.new_calls.append(
                CallRow(
                    at,
                    function,
                    "",
                    arguments,
                    None,
                    CallState.FAILED,
                    self._turn.now,
                    self._turn.now,
                    0.0,
                    None,
                    error,
                )
            )
            return
        opened = OpenCall(call, remote.system, CallState.SENT, undo=undo)
        self.calls[at] = opened
        self._turn.new_calls.append(
            CallRow(at, function, remote.system, arguments, undo, CallState.SENT, self._turn.now)
        )
        self._turn.perform.append(opened)
        self.in_flight.add(at)

    def _abandon(self, at: str) -> None:
        call = self.calls.get(at)
        if call is None:  # a child
            self._turn.withdrawn.append(at)
            return
        call.abandoned = True
        match call.state:
            case CallState.PARKED:
                self._turn.withdrawn.append(at)
                self._settle(call, CallState.FAILED, error=Error(RUNTIME, 499, "Withdrawn: no longer needed here"))
            case CallState.RETRY | CallState.OUTAGE:  # certainly without effect so far: never try again
                if call.state is CallState.OUTAGE:
                    self._turn.unheld.append((call.system, at))
                self._turn.clear_timers.add((at, RETRY_TIMER))
                self._settle(call, CallState.FAILED, error=Error(RUNTIME, 499, "Abandoned before it had an effect"))
            case _:
                self._change(call)

    # ── outcomes in ─────────────────────────────────────────────────────────────────────────────────────────────

    def _try_again(self, at: str, *, canary: bool) -> None:
        call = self.calls.get(at)
        if call is None or at in self.in_flight or call.state in (CallState.PARKED, CallState.ASKED):
            return
        before = call.invocation.metadata
        metadata = {**before, "canary": canary or call.state is CallState.OUTAGE or bool(before.get("canary"))}
        call.invocation = _at_attempt(call.invocation, call.invocation.attempt, metadata, self._turn.now)
        if call.state is not CallState.UNKNOWN:
            # Recorded before it leaves again: from here on a crash or an abandonment leaves its effect in doubt.
            call.state = CallState.SENT
            self._change(call)
        self._turn.perform.append(call)
        self.in_flight.add(at)

    def _hear(self, answer: Answer) -> None:
        """One row of the table in engine.calls."""
        self.in_flight.discard(answer.at)
        call = self.calls.get(answer.at)
        if call is None:
            return
        plain = isinstance(answer.outcome, Done) and not answer.probe and call.invocation.attempt == 1
        if not plain:
            word, detail = calls.describe(answer.outcome)
            self._turn.attempts.append(
                AttemptRow(
                    answer.at, call.invocation.attempt, word, answer.probe, detail, answer.tried_at, answer.duration_ms
                )
            )
        match answer.outcome:
            case Done(output) if (size := _size(output)) > MOST:
                self._recovered(call)
                self._failed(call, _too_large(call.invocation.at, size), answer.duration_ms)
            case Done(output):
                self._recovered(call)
                self._answered(call, output, answer.duration_ms)
            case Absent():
                self._recovered(call)
                self._absent(call)
            case Failed() as failed if calls.exhausted(failed, call.invocation.attempt):
                call.state = CallState.OUTAGE
                self._change(call)
                self._turn.held.append(Held(call.invocation, call.system, failed.error.detail or failed.error.title))
            case Failed(retry=Retry.LATER, retry_after=asked_for) if not call.abandoned:
                attempt = call.invocation.attempt
                call.state = CallState.RETRY
                call.invocation = _at_attempt(call.invocation, attempt + 1, call.invocation.metadata, self._turn.now)
                self._turn.set_timers[answer.at, RETRY_TIMER] = self._turn.now + calls.retry_delay(attempt, asked_for)
                self._change(call)
            case Failed(error=error):
                self._recovered(call)
                self._failed(call, error, answer.duration_ms)
            case Unknown(detail):
                self._doubt(call, detail, answer)
            case _:
                assert_never(answer.outcome)

    def _answered(self, call: OpenCall, output: Any, duration_ms: float) -> None:
        self._settle(call, CallState.DONE, output=output, duration_ms=duration_ms)
        if not _is_undo(call) and not call.abandoned:
            self._tell(CallCompleted(call.invocation.at, output, self._turn.now))

    def _failed(self, call: OpenCall, error: Error, duration_ms: float) -> None:
        self._settle(call, CallState.FAILED, error=error, duration_ms=duration_ms)
        if not _is_undo(call) and not call.abandoned:
            self._tell(CallFailed(call.invocation.at, error, self._turn.now))

    def _tell(self, fact: CallCompleted | CallFailed) -> None:
        """An outcome is recorded at once; a suspended workflow hears of it when it is resumed."""
        if self.suspended:
            self._turn.postponed.append(fact)
        else:
            self._apply(fact)

    def _absent(self, call: OpenCall) -> None:
        """The effect did not happen: the same call with the same key may be made again, unless nobody wants it."""
        if call.abandoned and not _is_undo(call):
            self._settle(call, CallState.FAILED, error=Error(RUNTIME, 499, "Abandoned; it had no effect"))
            return
        call.state = CallState.SENT
        call.probes = 0
        attempt = call.invocation.attempt + 1
        call.invocation = _at_attempt(call.invocation, attempt, call.invocation.metadata, self._turn.now)
        if self.suspended:  # it is made again when the instance is resumed: until then the timer's word waits
            call.state = CallState.RETRY
            self._turn.set_timers[call.invocation.at, RETRY_TIMER] = self._turn.now
            self._change(call)
            return
        self._change(call)
        self._turn.perform.append(call)
        self.in_flight.add(call.invocation.at)

    def _doubt(self, call: OpenCall, detail: str, answer: Answer) -> None:
        if answer.probe and not answer.outage:
            call.probes += 1
        if call.probes >= calls.MAX_PROBES:
            call.state = CallState.ASKED
            self._turn.asked.append(call)
        else:
            call.state = CallState.UNKNOWN
            if answer.outage:  # it waits with the incident, and is probed when the system is back
                self._turn.held.append(Held(call.invocation, call.system, detail))
            else:
                due = self._turn.now + calls.probe_delay(call.probes)
                self._turn.set_timers[call.invocation.at, RETRY_TIMER] = due
        self._change(call)

    def _recovered(self, call: OpenCall) -> None:
        if call.invocation.metadata.get("canary"):
            self._turn.unheld.append((call.system, call.invocation.at))
            self._turn.recovered.add(call.system)

    def _settle(
        self, call: OpenCall, state: CallState, *, output: Any = None, error: Error | None = None,
        duration_ms: float | None = None,
    ) -> None:  # fmt: skip
        call.state = state
        at = call.invocation.at
        self._turn.call_changes[at] = CallChange(
            at, state, call.invocation.attempt, call.abandoned, self._turn.now, duration_ms, output, error
        )
        del self.calls[at]

    def _change(self, call: OpenCall) -> None:
        at = call.invocation.at
        self._turn.call_changes[at] = CallChange(at, call.state, call.invocation.attempt, call.abandoned)

    def _status(self) -> str:
        if self._turn.ended:
            return self._turn.ended.status
        if self.suspended:
            return "suspended"
        return str(self.state.status) if self.ended and self.state is not None else "running"


def _size(output: Any) -> int:
    """As JSON, in bytes; none of what cannot be large is written out."""
    return len(exactjson.dumps(output)) if isinstance(output, dict | list | str) else 0


def _too_large(at: str, size: int) -> Error:
    detail = f"expected an answer of at most {MOST} bytes, found {size}; what was asked for may have been done"
    return Error(COMMUNICATION, 413, "Answer too large", detail, at.partition("#")[0])


def _is_undo(call: OpenCall) -> bool:
    return call.invocation.at.endswith(UNDO_SUFFIX)


def _at_attempt(call: Invocation, attempt: int, metadata: Mapping[str, Any], now: datetime) -> Invocation:
    return replace(call, attempt=attempt, metadata=metadata, now=now)
