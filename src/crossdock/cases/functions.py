"""The catalogue functions by which workflows reach people and rules: what `call: approval@crossdock` does.

Those that ask somebody are Transactional: they write their row in the transaction of the advance and park the call.
Those that only compute are Immediate. Wrong arguments are a fault of the definition, and fail the call.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from crossdock import exactjson
from crossdock.cases import (
    approvals,
    asking,
    casework,
    common,
    deadlines,
    editions,
    holds,
    lookups,
    messages,
    pausing,
    quotes,
    register,
    shortages,
    sla,
    tables,
    throttle,
)
from crossdock.cases.common import Arguments, Misuse
from crossdock.cases.signatures import SIGNATURES, Signature
from crossdock.db import Tx
from crossdock.flow.facts import Error
from crossdock.flow.faults import CONFIGURATION, RUNTIME
from crossdock.flow.outcomes import Begun, Done, Failed, Immediate, Invocation, Parked, Transactional
from crossdock.rules import Rulebook, RulebookError, allocation, amendment, applications, credits, pricing, quoting

ROW_ADDED = casework.Offer(
    id=lookups.AGAIN, label="Look it up again", effect="The row is in the table now; the process goes on with it"
)
USE_ONCE = casework.Offer(
    id=lookups.USE, label="Use this once", effect="The process goes on with the values given here", needs_input=True
)
GIVE_UP = casework.Offer(id=lookups.GIVE_UP, label="Give up", effect="The look-up fails")


class Approval:
    """Asks those whom the table of approvals names to say yes or no to exactly what is shown."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            due = await deadlines.read(tx, call.tenant_id, a, call.now)
            kind, role, data = a.text("kind", "approval"), a.text("role", "approver"), a.json("data", {})
            about = {
                "kind": kind, "role": role, "amount": a.amount("amount"), "currency": a.text("currency", ""),
                "percent": _percent(data), "data": data,
            }  # fmt: skip
            request = approvals.Request(
                kind=kind,
                title=a.text("title"),
                data=data,
                role=role,
                order=a.text("order", call.business_key),
                customer_id=a.text("customer", ""),
                customer=a.text("customer_name", ""),
                amount=a.amount("amount"),
                currency=a.text("currency", ""),
                not_by=a.texts("not_by"),
                reason=a.text("reason", ""),
                rule=a.text("rule", ""),
                due_at=due.due_at,
                expires_at=await deadlines.expiry(tx, call.tenant_id, a, "expires_in", call.now),
                instance_id=call.instance_id,
                at=call.at,
                terms=await asking.terms(tx, call.tenant_id, self._rulebook, about, call.now),
            )
        except Misuse as e:
            return common.misused("approval", e)
        if given := await approvals.standing(tx, call.tenant_id, request, call.now):
            return Done(approvals.answer(given, stands=True))
        made = await approvals.request(tx, call.tenant_id, request, call.now)
        return Parked(f"approval/{made.approval_id}")


def _percent(data: Any) -> Any:
    """By how much it deviates, where what is shown says so: the shipped tables do."""
    found = cast("Mapping[str, Any]", data).get("percent") if isinstance(data, Mapping) else None
    return found if isinstance(found, int | Decimal) and not isinstance(found, bool) else None


class Case:
    """Opens a case; with `wait` its resolution is the answer."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            wait = a.flag("wait", True)
            due = await deadlines.read(tx, call.tenant_id, a, call.now)
            new = casework.New(
                kind=a.text("kind"),
                queue=a.text("queue"),
                title=a.text("title"),
                severity=a.text("severity", "medium"),
                reason=a.text("reason", ""),
                detail=a.text("detail", ""),
                order=a.text("order", call.business_key),
                site=a.text("site", ""),
                customer_id=a.text("customer", ""),
                customer=a.text("customer_name", ""),
                money=a.amount("money"),
                currency=a.text("currency", ""),
                evidence=a.json("evidence", {}),
                data=a.json("data"),
                editable=a.texts("editable"),
                actions=_offers(a.json("actions", [])),
                due_at=due.due_at,
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
    """Parks while an active hold applies; without `wait` it says at once whether one does."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            order = a.text("order", call.business_key)
            words = [holds.word("order", order)]
            words += [holds.word("customer", c) for c in [a.text("customer", "")] if c]
            words += [holds.word("item", i) for i in a.texts("items")]
            words += [holds.word("site", s) for s in a.texts("sites")]
            words += [holds.word("partner", p) for p in [a.text("partner", "")] if p]
            words += [holds.word("order", o) for o in a.texts("copy_of")]
            wait = a.flag("wait", True)
        except Misuse as e:
            return common.misused("hold", e)
        if not wait:
            return Done({"held": await holds.stands(tx, call.tenant_id, words)})
        standing = await holds.check(tx, call.tenant_id, call.instance_id, call.at, order, words, call.now)
        if standing:
            return Parked(f"hold/{standing[0].hold_id}")
        return Done({"held": False})


class Milestone:
    """Publishes crossdock.milestone.reached."""

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
    """Starts a clock beside the workflow, which goes on."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            key, order = a.text("key"), a.text("order", call.business_key)
            due = await deadlines.read(tx, call.tenant_id, a, call.now)
            share, before = a.amount("warn_at"), a.duration("warn_before")
            if due.due_at is None:
                raise Misuse("expected `due_in`, `due_on`, `by` or `business_days`, found none of them")
            if share is not None and not 0 <= share <= 1:
                raise Misuse(f"expected a share from 0 to 1 as `warn_at`, found {share}")
            due_at = await sla.start(
                tx,
                call.tenant_id,
                order,
                key,
                due,
                call.now,
                instance_id=call.instance_id,
                on_breach=a.mapping("on_breach"),
                warn_at=sla.WARN_AT if share is None else share,
                warn_before=before,
                pause_on_hold=a.flag("pause_on_hold", False),
            )
        except Misuse as e:
            return common.misused("sla-start", e)
        output = {"key": key, "due_at": due_at.isoformat()}
        if due.calendar is not None:
            return Done({**output, "calendar": due.calendar.name, "calendar_version": due.calendar.version})
        return Done(output)


class SlaStop:
    """Ends a clock, and closes the case of one that had broken."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            key, order = a.text("key"), a.text("order", call.business_key)
        except Misuse as e:
            return common.misused("sla-stop", e)
        return Done({"key": key, "kept": await sla.stop(tx, call.tenant_id, order, key, call.now)})


class SlaPause:
    """Lets a clock stand still."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            key, order = a.text("key"), a.text("order", call.business_key)
            reason = a.text("reason", "workflow")
        except Misuse as e:
            return common.misused("sla-pause", e)
        return Done({"key": key, "paused": await pausing.pause(tx, call.tenant_id, order, key, reason, call.now)})


class SlaResume:
    """Lets a clock go on."""

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            key, order = a.text("key"), a.text("order", call.business_key)
            reason = a.text("reason", "workflow")
        except Misuse as e:
            return common.misused("sla-resume", e)
        due_at = await pausing.resume(tx, call.tenant_id, order, key, reason, call.now)
        return Done({"key": key, "due_at": due_at and due_at.isoformat()})


class Throttle:
    """Goes on when its slot comes."""

    def locks(self, call: Invocation) -> list[int]:
        try:
            return [throttle.lock(call.tenant_id, _pace(Arguments(call.arguments)).key)]
        except Misuse:
            return []

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            pace = _pace(Arguments(call.arguments))
        except Misuse as e:
            return common.misused("throttle", e)
        slot = await throttle.ask(tx, call.tenant_id, call.instance_id, call.at, pace, call.now)
        if slot is None:
            detail = f"expected a slot of {pace.key!r} within {pace.max_wait}, found only later ones; nothing is spent"
            return Failed(Error(RUNTIME, 429, "Throttled", detail, extra={"code": "throttled"}))
        if slot.at > call.now:
            return Parked(f"throttle/{pace.key}")
        return Done(throttle.output(pace.key, call.now, slot.at))


def _pace(a: Arguments) -> throttle.Pace:
    limit, per = a.whole("limit", 1, throttle.MOST), a.duration("per")
    if limit is None or per is None:
        raise Misuse(f"expected `limit` and `per`, found no `{'per' if limit is not None else 'limit'}`")
    if per <= timedelta(0):
        raise Misuse("expected a duration above zero as `per`, found none")
    key = a.text("key")
    if len(key) > throttle.LONGEST_KEY:
        raise Misuse(f"expected a `key` of at most {throttle.LONGEST_KEY} characters, found {len(key)}")
    burst = a.whole("burst", 1, throttle.MOST)
    return throttle.Pace(key, limit, per, 1 if burst is None else burst, a.duration("max_wait"))


class Decision:
    """{decision, version?, input} → the table's result and `hit: [{rule, description}]`, `table`, `version`"""

    def __init__(self, tables: editions.Editions) -> None:
        self._tables = tables

    def evaluate(self, call: Invocation) -> Done | Failed:
        try:
            a = Arguments(call.arguments)
            book = self._tables.book(call.tenant_id, call.tables_at)
            answer = book.evaluate(a.text("decision"), a.json("input", {}), a.optional("version"))
        except Misuse as e:
            return common.misused("decision", e)
        except RulebookError as e:
            return Failed(Error(RUNTIME, 422, "The decision could not be made", str(e), extra={"code": e.code}))
        hit = [{"rule": h.rule, "description": h.description} for h in answer.hit]
        return Done({**answer.output, "table": answer.table, "version": answer.version, "hit": hit})


class Lookup:
    """Reads one row of a tenant's reference table."""

    def __init__(self, memory: tables.Memory) -> None:
        self._memory = memory

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        try:
            a = Arguments(call.arguments)
            name, given = a.text("table"), a.json("key")
            default = a.json("default")
            missing = a.word("missing", lookups.MISSING, lookups.DEFAULT if default is not None else lookups.FAIL)
            at = a.moment("as_of") or call.now
            edition = await tables.effective(tx, call.tenant_id, name, at, a.whole("edition", 1))
            if edition is None:
                detail = f"expected a reference table {name!r} in effect at {at.isoformat()}, found none"
                return Failed(Error(CONFIGURATION, 404, "No such table", f"{detail}: `crossdock lookup put`"))
            key = edition.key(given)
        except Misuse as e:
            return common.misused("lookup", e)
        row = await self._memory.row(tx, call.tenant_id, edition, key)
        if row is not None:
            return Done(lookups.found(edition.name, edition.version, row))
        if missing == lookups.DEFAULT:
            return Done(lookups.defaulted(edition.name, edition.version, default))
        if missing == lookups.FAIL:
            detail = f"expected a row {key} in table {name!r}, edition {edition.version}, found none"
            return Failed(Error(RUNTIME, 404, "Not found", detail, extra={"code": "lookup.missing"}))
        opened = await _ask_for_row(tx, call, edition, key, a.text("queue", "integration"))
        return Parked(f"case/{opened.case_id}")


async def _ask_for_row(tx: Tx, call: Invocation, edition: tables.Edition, key: str, queue: str) -> casework.Case:
    """The case that holds a look-up. Its data is the row that is missed, for a person to fill."""
    cells = dict(zip(edition.keys, exactjson.loads(key), strict=True))
    shown = ", ".join(f"{k} {v}" for k, v in cells.items())
    new = casework.New(
        kind="lookup-missing",
        queue=queue,
        title=f"Table {edition.name} has no row for {shown}",
        reason="A reference table has no row for what a process looks up",
        order=call.business_key,
        evidence={"table": edition.name, "edition": edition.version, "key": cells},
        data={column: cells.get(column) for column in edition.columns},
        editable=[f"/{column}" for column in edition.columns if column not in edition.keys],
        actions=(ROW_ADDED, USE_ONCE, GIVE_UP),
        instance_id=call.instance_id,
        at=call.at,
        answers=casework.Answers.LOOKUP,
    )
    return await casework.open_case(tx, call.tenant_id, new, call.now)


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


def catalogue(
    rulebook: Rulebook, templates: messages.Templates, address: str = "", own: editions.Editions | None = None
) -> Mapping[str, Immediate | Transactional]:
    """All functions of this package by name, each behind its signature; `compensate` is the engine's own.

    address: our own, for links in what customers are sent.
    own: the tables of tenants, without which the rulebook decides for all.
    """
    written: dict[str, Immediate | Transactional] = {
        "approval": Approval(rulebook),
        "case": Case(),
        "hold": Hold(),
        "milestone": Milestone(),
        "sla-start": SlaStart(),
        "sla-stop": SlaStop(),
        "sla-pause": SlaPause(),
        "sla-resume": SlaResume(),
        "throttle": Throttle(),
        "lookup": Lookup(tables.Memory()),
        "decision": Decision(own or editions.Editions(rulebook)),
        "message": Computed("message", lambda a: messages.compose(templates, a)),
        "price-lines": Computed("price-lines", lambda a: pricing.compare(a.json("stated", []), a.json("priced", []))),
        "agree-prices": Computed("agree-prices", lambda a: pricing.agree(a.json("lines", []), a.text("basis"))),
        "bill-lines": Computed(
            "bill-lines",
            lambda a: pricing.bill(a.json("lines", []), a.json("shipped", []), a.json("billed", [])),
        ),
        "allocate": Computed("allocate", _allocate),
        "weigh-change": Computed("weigh-change", _weigh),
        "check-application": Computed(
            "check-application", lambda a: applications.check(a.mapping("application") or {}, a.json("known", []))
        ),
        "quote-lines": Computed(
            "quote-lines", lambda a: quoting.lines(a.json("priced", []), a.amount("discount_percent") or Decimal(0))
        ),
        "quote-differences": Computed(
            "quote-differences", lambda a: quoting.differences(a.json("quoted", []), a.json("ordered", []))
        ),
        "customer-register": register.Register(),
        "quote-open": quotes.Open(address),
        "quote-answer": quotes.Take(),
        "quote-close": quotes.Close(),
        "shortage-wait": shortages.Wait(),
        "shortage-queue": shortages.Queue(),
        "shortage-assign": shortages.Assign(),
        "shortage-use": shortages.Use(),
        "shortage-leave": shortages.Leave(),
        "credit-claim": Computed(
            "credit-claim",
            lambda a: credits.creditable(a.json("invoices", []), a.json("credits", []), a.json("lines", [])),
        ),
        "credit-notes": Computed(
            "credit-notes",
            lambda a: credits.notes(a.json("invoices", []), a.json("credits", []), a.json("lines", [])),
        ),
    }
    return {name: checked(name, function) for name, function in written.items()}


def checked(name: str, function: Immediate | Transactional) -> Immediate | Transactional:
    """The function, given only arguments that fit its signature."""
    signature = SIGNATURES[name]
    return CheckedNow(signature, function) if isinstance(function, Immediate) else Checked(signature, function)


class CheckedNow:
    def __init__(self, signature: Signature, function: Immediate) -> None:
        self._signature = signature
        self._function = function

    def evaluate(self, call: Invocation) -> Done | Failed:
        return _wrong(self._signature, call) or self._function.evaluate(call)


class Checked:
    def __init__(self, signature: Signature, function: Transactional) -> None:
        self._signature = signature
        self._function = function

    async def start(self, tx: Tx, call: Invocation) -> Begun:
        return _wrong(self._signature, call) or await self._function.start(tx, call)


def _wrong(signature: Signature, call: Invocation) -> Failed | None:
    problems = signature.problems(call.arguments)
    return common.misused(signature.name, Misuse("; ".join(map(str, problems)))) if problems else None


def _weigh(a: Arguments) -> Any:
    order, change = a.mapping("order") or {}, a.mapping("change") or {}
    found = amendment.weigh(order, change, a.json("sequences", {}), a.text("closed", ""))
    return {**found, "changed": amendment.merge(a.json("before", []), found["changed"])}


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
