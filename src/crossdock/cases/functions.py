"""The catalogue functions by which workflows reach people and rules: what `call: approval@crossdock` does.

Those that ask somebody are Transactional: they write their row in the transaction of the advance and park the call.
Those that only compute are Immediate. Wrong arguments are a fault of the definition, and fail the call.
"""

from collections.abc import Callable, Mapping
from typing import Any

from crossdock.cases import approvals, casework, common, holds, messages, sla
from crossdock.cases.common import Arguments, Misuse
from crossdock.db import Tx
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Begun, Done, Failed, Immediate, Invocation, Parked, Transactional
from crossdock.rules import Rulebook, RulebookError, allocation, pricing

RUNTIME = "https://serverlessworkflow.io/spec/1.0.0/errors/runtime"


class Approval:
    """{title, role, data, kind?, amount?, currency?, customer?, not_by?, reason?, rule?, due_in?, expires_in?}
    → {outcome: approved|rejected|expired, by, note, at, approval}"""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            expires_in = a.duration("expires_in")
            request = approvals.Request(
                kind=a.text("kind", "approval"),
                title=a.text("title"),
                data=a.json("data", {}),
                role=a.text("role", "approver"),
                order=a.text("order", call.business_key),
                customer_id=a.text("customer", ""),
                customer=a.text("customer_name", ""),
                amount=a.amount("amount"),
                currency=a.text("currency", ""),
                not_by=a.texts("not_by"),
                reason=a.text("reason", ""),
                rule=a.text("rule", ""),
                due_at=a.deadline(call.now),
                expires_at=None if expires_in is None else call.now + expires_in,
                instance_id=call.instance_id,
                at=call.at,
            )
        except Misuse as e:
            return common.misused("approval", e)
        made = await approvals.request(tx, call.tenant_id, request, call.now)
        return Parked(f"approval/{made.approval_id}")


class Case:
    """{kind, queue, title, wait, severity?, reason?, evidence?, data?, editable?, actions?, money?, currency?,
    customer?, due_in?, key?} → wait: {action, data, note, by}; else at once {case, number}"""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            wait = a.flag("wait", True)
            new = casework.New(
                kind=a.text("kind"),
                queue=a.text("queue"),
                title=a.text("title"),
                severity=a.text("severity", "medium"),
                reason=a.text("reason", ""),
                detail=a.text("detail", ""),
                order=a.text("order", call.business_key),
                customer_id=a.text("customer", ""),
                customer=a.text("customer_name", ""),
                money=a.amount("money"),
                currency=a.text("currency", ""),
                evidence=a.json("evidence", {}),
                data=a.json("data"),
                editable=a.texts("editable"),
                actions=_offers(a.json("actions", [])),
                due_at=a.deadline(call.now),
                key=None if wait else a.optional("key"),
                instance_id=call.instance_id,
                at=call.at,
                answers=casework.Answers.WORKFLOW if wait else None,
            )
        except Misuse as e:
            return common.misused("case", e)
        opened = await casework.open_case(tx, call.tenant_id, new, call.now)
        if wait:
            return Parked(f"case/{opened.case_id}")
        return Done({"case": str(opened.case_id), "number": opened.number})


class Hold:
    """{order?, customer?, items?, sites?}: parks while an active hold applies → {held, released_by?, note?}"""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            order = a.text("order", call.business_key)
            words = [holds.word("order", order)]
            words += [holds.word("customer", c) for c in [a.text("customer", "")] if c]
            words += [holds.word("item", i) for i in a.texts("items")]
            words += [holds.word("site", s) for s in a.texts("sites")]
        except Misuse as e:
            return common.misused("hold", e)
        standing = await holds.check(tx, call.tenant_id, call.instance_id, call.at, order, words, call.now)
        if standing:
            return Parked(f"hold/{standing[0].hold_id}")
        return Done({"held": False})


class Milestone:
    """{name, data?} → {name, at}; published as crossdock.milestone.reached"""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            facts = {"name": a.text("name"), "at": call.now, "data": a.json("data", {})}
            order = a.text("order", call.business_key)
        except Misuse as e:
            return common.misused("milestone", e)
        await common.publish(tx, call.tenant_id, "milestone.reached", order, call.now, facts)
        return Done({"name": facts["name"], "at": call.now.isoformat()})


class SlaStart:
    """{key, due_in | due_on+grace, warn_at?, on_breach?} → {key, due_at}. due_on wins where both are given."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            key, due_at, share = a.text("key"), a.deadline(call.now), a.amount("warn_at")
            if due_at is None:
                raise Misuse("expected `due_in` or `due_on`, found neither")
        except Misuse as e:
            return common.misused("sla-start", e)
        await sla.start(
            tx,
            call.tenant_id,
            a.text("order", call.business_key),
            key,
            due_at,
            call.now,
            instance_id=call.instance_id,
            on_breach=a.json("on_breach"),
            warn_at=sla.WARN_AT if share is None else share,
        )
        return Done({"key": key, "due_at": due_at.isoformat()})


class SlaStop:
    """{key} → {key, kept: true | false | null when no such clock ran}"""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            key, order = a.text("key"), a.text("order", call.business_key)
        except Misuse as e:
            return common.misused("sla-stop", e)
        return Done({"key": key, "kept": await sla.stop(tx, call.tenant_id, order, key, call.now)})


class Decision:
    """{decision, version?, input} → the table's result and `hit: [{rule, description}]`, `table`, `version`"""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook

    def evaluate(self, call: Invocation) -> Done | Failed:
        try:
            a = Arguments(call.arguments)
            answer = self._rulebook.evaluate(a.text("decision"), a.json("input", {}), a.optional("version"))
        except Misuse as e:
            return common.misused("decision", e)
        except RulebookError as e:
            return Failed(Error(RUNTIME, 422, "The decision could not be made", str(e), extra={"code": e.code}))
        hit = [{"rule": h.rule, "description": h.description} for h in answer.hit]
        return Done({**answer.output, "table": answer.table, "version": answer.version, "hit": hit})


class Computed:
    """A pure function of named arguments."""

    def __init__(self, name: str, compute: Callable[[Arguments], Any]) -> None:
        self._name = name
        self._compute = compute

    def evaluate(self, call: Invocation) -> Done | Failed:
        try:
            return Done(self._compute(Arguments(call.arguments)))
        except Misuse as e:
            return common.misused(self._name, e)
        except (KeyError, TypeError, ValueError, ArithmeticError) as e:
            # What it was given has not the shape it needs: the definition's fault, said with the member that is wrong.
            return common.misused(self._name, Misuse(f"{type(e).__name__}: {e}"))


def catalogue(rulebook: Rulebook, templates: messages.Templates) -> Mapping[str, Immediate | Transactional]:
    """All functions of this package by name; `compensate` is the engine's own."""
    return {
        "approval": Approval(),
        "case": Case(),
        "hold": Hold(),
        "milestone": Milestone(),
        "sla-start": SlaStart(),
        "sla-stop": SlaStop(),
        "decision": Decision(rulebook),
        "message": Computed("message", lambda a: messages.compose(templates, a)),
        "price-lines": Computed("price-lines", lambda a: pricing.compare(a.json("stated", []), a.json("priced", []))),
        "agree-prices": Computed("agree-prices", lambda a: pricing.agree(a.json("lines", []), a.text("basis"))),
        "bill-lines": Computed(
            "bill-lines",
            lambda a: pricing.bill(a.json("lines", []), a.json("shipped", []), a.json("billed", [])),
        ),
        "allocate": Computed("allocate", _allocate),
    }


def _allocate(a: Arguments) -> Any:
    most = a.amount("sites_at_most")
    return allocation.allocate(
        allocation.Strategy(a.text("strategy")),
        a.json("lines", []),
        a.json("availability", []),
        a.json("rates", []),
        sites_at_most=99 if most is None else int(most),
        split_lines=a.flag("split_lines", True),
        weights=a.json("weights", []),
    )


def _offers(given: Any) -> tuple[casework.Offer, ...]:
    offers: list[casework.Offer] = []
    for item in given:
        match item:
            case str():
                offers.append(casework.Offer(id=item, label=item.capitalize()))
            case {"id": str(ident), **rest}:
                label, effect = str(rest.get("label") or ident), str(rest.get("effect") or "")
                offers.append(
                    casework.Offer(id=ident, label=label, effect=effect, needs_input=bool(rest.get("needs_input")))
                )
            case _:
                raise Misuse(f"expected actions as texts or {{id, label}}, found {item!r}")
    return tuple(offers) or (casework.CLOSE,)
