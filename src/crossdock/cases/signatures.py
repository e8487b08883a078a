"""What each catalogue function takes and gives: one table for the check at publish, the check at run, and the page.

`Signature.problems` looks at arguments as they are written or as they came out of expressions; what an expression will
give is not known at publish, and is looked at when it is there. docs/functions.md is made of this table.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, assert_never, cast

from crossdock import exactjson
from crossdock.flow import durations, jq

LONGEST_TEXT = 20_000


class Kind(StrEnum):
    TEXT = "text"
    TEXTS = "texts"
    NAMES = "names"
    NUMBER = "number"
    SHARE = "share"
    WHOLE = "whole"
    FLAG = "flag"
    DURATION = "duration"
    DATE = "date"
    MOMENT = "moment"
    WORD = "word"
    OBJECT = "object"
    LIST = "list"
    ANY = "any"


EXPECTED: Mapping[Kind, str] = {
    Kind.TEXT: "a text",
    Kind.TEXTS: "a list of texts",
    Kind.NAMES: "a text or a list of texts",
    Kind.NUMBER: "a number",
    Kind.SHARE: "a number from 0 to 1",
    Kind.WHOLE: "a whole number above zero",
    Kind.FLAG: "true or false",
    Kind.DURATION: "a duration such as PT4H",
    Kind.DATE: "a date such as 2026-12-24",
    Kind.MOMENT: "a time with its zone such as 2026-12-24T08:00:00Z",
    Kind.OBJECT: "an object",
    Kind.LIST: "a list",
    Kind.ANY: "any value",
}


@dataclass(frozen=True, slots=True)
class Argument:
    """doc: what it means, in a sentence. default: in words, when it is not given."""

    name: str
    kind: Kind
    doc: str
    required: bool = False
    default: str = ""
    words: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        return " or ".join(self.words) if self.kind is Kind.WORD else EXPECTED[self.kind]


@dataclass(frozen=True, slots=True)
class Problem:
    """where: a pointer below `with`; empty for the arguments as a whole."""

    where: str
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"expected {self.expected} as `{self.where.lstrip('/') or 'with'}`, found {self.found}. {self.fix}"


@dataclass(frozen=True, slots=True)
class Signature:
    """one_of: of these names at least one must be given. needs: who is given needs the other. example: a task."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    output: str
    errors: tuple[str, ...]
    example: str
    one_of: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    notes: str = ""

    def problems(self, given: Any) -> list[Problem]:
        """Everything that is wrong; what is an expression still is taken to be right."""
        if _dynamic(given):
            return []
        if not isinstance(given, Mapping):
            return [Problem("", f"the arguments of {self.name} by name", _shown(given), "Write `name: value` lines.")]
        arguments = cast("Mapping[str, Any]", given)
        by_name = {a.name: a for a in self.arguments}
        found: list[Problem] = []
        for name, value in arguments.items():
            known = by_name.get(name)
            if known is None:
                near = difflib.get_close_matches(str(name), by_name, n=1)
                fix = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(by_name) or 'none'}."
                found.append(Problem(f"/{name}", f"an argument of {self.name}", f"'{name}'", fix))
            elif value is not None and not _dynamic(value) and not fits(known, value):
                found.append(Problem(f"/{name}", known.expected, _shown(value), f"{known.doc}."))
        missing = {n for n in by_name if arguments.get(n) is None or arguments.get(n) == ""}
        for argument in self.arguments:
            if argument.required and argument.name in missing:
                found.append(Problem(f"/{argument.name}", argument.expected, "nothing", f"{argument.doc}."))
        if self.one_of and missing >= set(self.one_of):
            names = " or ".join(self.one_of)
            found.append(Problem("", f"{names} of {self.name}", "none of them", "Give one."))
        for name, other in self.needs:
            if name not in missing and other in missing:
                found.append(Problem(f"/{other}", f"`{other}` beside `{name}`", "nothing", by_name[other].doc + "."))
        return found


def fits(argument: Argument, value: Any) -> bool:
    match argument.kind:
        case Kind.TEXT:
            scalar = isinstance(value, str | int | Decimal | bool)
            return scalar and len(str(value)) <= LONGEST_TEXT
        case Kind.TEXTS:
            return _all_texts(value)
        case Kind.NAMES:
            return isinstance(value, str) or (_all_texts(value) and bool(value))
        case Kind.NUMBER:
            return _number(value)
        case Kind.SHARE:
            return _number(value) and 0 <= value <= 1
        case Kind.WHOLE:
            return _number(value) and value == int(value) and value >= 1
        case Kind.FLAG:
            return isinstance(value, bool)
        case Kind.DURATION:
            return value == "" or durations.parse(value) is not None
        case Kind.DATE:
            return value == "" or _is_date(value)
        case Kind.MOMENT:
            return value == "" or _is_moment(value)
        case Kind.WORD:
            return value == "" or value in argument.words
        case Kind.OBJECT:
            return isinstance(value, Mapping)
        case Kind.LIST:
            return isinstance(value, list | tuple)
        case Kind.ANY:
            return True
        case _:
            assert_never(argument.kind)


def _dynamic(value: Any) -> bool:
    return isinstance(value, str) and jq.strip(value) is not None


def _number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _all_texts(value: Any) -> bool:
    # null stands for what is not there: [ann, null] is a list of one
    return isinstance(value, list | tuple) and all(
        v is None or isinstance(v, str) for v in cast("Sequence[Any]", value)
    )


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value[:10]))
    except ValueError:
        return False


def _is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _shown(value: Any) -> str:
    text = exactjson.text(value)
    return text if len(text) <= 100 else text[:100] + "…"


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────


def _a(name: str, kind: Kind, doc: str, default: str = "", words: tuple[str, ...] = ()) -> Argument:
    return Argument(name, kind, doc, False, default, words)


def _must(name: str, kind: Kind, doc: str, words: tuple[str, ...] = ()) -> Argument:
    return Argument(name, kind, doc, True, "", words)


K = Kind
_ORDER = _a("order", K.TEXT, "Order number", "the instance's business key")
_CUSTOMER = (_a("customer", K.TEXT, "Customer number"), _a("customer_name", K.TEXT, "The customer's name"))
_CALENDAR = _a("calendar", K.NAMES, "Calendar to count on; of a list, the first that exists", "plain time")
_DEADLINE = (
    _a("due_in", K.DURATION, "Time from now until it is due; on a calendar, open time"),
    _a("due_on", K.DATE, "Due at the end of that day; on a calendar, when that or the next business day closes"),
    _a("grace", K.DURATION, "Added to due_on"),
    _CALENDAR,
    _a("by", K.WORD, "Due at the calendar's next cut-off", words=("cut-off",)),
    _a("cutoff", K.TEXT, "Which cut-off of the calendar", "order"),
    _a("business_days", K.WHOLE, "Due when the n-th business day closes, counted from the day that the cut-off says"),
)
_ON_CALENDAR = (("by", "calendar"), ("business_days", "calendar"), ("cutoff", "calendar"))
_VALIDATION = (
    "`validation` 400: an argument is missing, unknown or of another kind; "
    "a calendar that is not there, never opens, or lacks the cut-off"
)
_PROGRAM = (
    _a("stdin", K.ANY, "Given on standard input; what is no text, as JSON"),
    _a("arguments", K.LIST, "Arguments after the program"),
    _a("environment", K.OBJECT, "Its variables; none of ours are inherited"),
    _a("return", K.WORD, "What the task gives; set beside the program, as in the language", "stdout",
       ("stdout", "stderr", "code", "all", "none")),
)  # fmt: skip
_PROGRAM_ERRORS = (
    "`configuration` 403: no policy of the tenant permits it to this workflow (`crossdock programs allow`)",
    "`runtime` 500: it ended with another status than 0 (not with `return: code` or `all`), or wrote over 1 MB",
)

SIGNATURES: Mapping[str, Signature] = {
    s.name: s
    for s in (
        Signature(
            "approval",
            "Those whom the table of approvals names say yes or no to exactly what is shown; the workflow waits.",
            (
                _must("title", K.TEXT, "What is asked, in a sentence"),
                _a("kind", K.TEXT, "Kind of approval, by which lists and policies sort it", "approval"),
                _a("role", K.TEXT, "Who may decide, where the table does not name others", "approver"),
                _a("data", K.ANY, "Everything the decider should see; the approval binds to its hash", "{}"),
                _a("amount", K.NUMBER, "Money it is about; limits are checked against it"),
                _a("currency", K.TEXT, "Its currency"),
                _ORDER,
                *_CUSTOMER,
                _a("not_by", K.TEXTS, "Who must not decide (four eyes)"),
                _a("reason", K.TEXT, "Why it is asked"),
                _a("rule", K.TEXT, "The rule that asks"),
                *_DEADLINE,
                _a("expires_in", K.DURATION, "Ends undecided after that time; on a calendar, open time", "never"),
            ),
            "`{outcome: approved | rejected | expired, by, note, at, approval, votes: [{by, for, outcome, at}]}`; "
            "at once, with `stands: true`, where it was approved before and nothing changed by more than the tolerance",
            (_VALIDATION,),
            """call: approval@crossdock
with:
  title: Release order 4711 although the credit limit is exceeded
  role: approver
  amount: 1200.50
  currency: EUR
  calendar: [ site/north, default, always ]
  due_in: PT4H
  expires_in: PT16H
""",
            needs=_ON_CALENDAR,
        ),
        Signature(
            "case",
            "Opens a case for people. With `wait` its resolution is the answer; without, the workflow goes on.",
            (
                _must("kind", K.TEXT, "Kind of exception"),
                _must("queue", K.TEXT, "Whose work it is"),
                _must("title", K.TEXT, "What is wrong, in a sentence"),
                _a("wait", K.FLAG, "Whether the workflow waits for the resolution", "true"),
                _a("severity", K.WORD, "How bad it is", "medium", ("critical", "high", "medium", "low")),
                _a("reason", K.TEXT, "Why it was opened"),
                _a("detail", K.TEXT, "More about it"),
                _a("site", K.TEXT, "Which of our sites it is at", "as the evidence or the order says"),
                _ORDER,
                *_CUSTOMER,
                _a("money", K.NUMBER, "Money at risk"),
                _a("currency", K.TEXT, "Its currency"),
                _a("evidence", K.ANY, "What a person needs to see", "{}"),
                _a("data", K.ANY, "What a person may correct, as far as `editable` says"),
                _a("editable", K.TEXTS, "JSON pointers into data that may be changed"),
                _a("actions", K.LIST, "Ways out: texts or {id, label, effect, needs_input}", "close"),
                *_DEADLINE,
                _a("key", K.TEXT, "Without wait: opened once while open under this key"),
            ),
            "with wait `{action, data, note, by}`; without, at once `{case, number}`",
            (_VALIDATION,),
            """call: case@crossdock
with:
  kind: address-unclear
  queue: order-desk
  title: The ship-to address names no street
  calendar: [ default, always ]
  due_in: PT4H
  data: { street: null }
  editable: [ /street ]
  actions: [ { id: resubmit, label: Check again, needs_input: true }, { id: reject, label: Reject the order } ]
""",
            needs=_ON_CALENDAR,
        ),
        Signature(
            "hold",
            "Waits while an active hold applies to the order, its customer, partner, items or sites.",
            (
                _ORDER,
                *_CUSTOMER,
                _a("items", K.TEXTS, "Items of the order"),
                _a("sites", K.TEXTS, "Sites that serve it"),
                _a("partner", K.TEXT, "Trading partner that it came from"),
                _a("copy_of", K.TEXTS, "Orders that it is a copy or a part of: what holds them holds it"),
                _a("wait", K.FLAG, "Whether the workflow waits for the last hold to go", "true"),
            ),
            "`{held: false}` at once, or `{held: true, released_by, note}` when the last hold is gone; without `wait` "
            "at once `{held}`",
            (_VALIDATION,),
            "call: hold@crossdock\nwith: { customer: C-1, items: [ A-1, B-2 ], sites: [ north ] }\n",
        ),
        Signature(
            "milestone",
            "Tells that something was reached: the event crossdock.milestone.reached.",
            (_must("name", K.TEXT, "What was reached"), _a("data", K.ANY, "More about it", "{}"), _ORDER),
            "`{name, at}`",
            (_VALIDATION,),
            "call: milestone@crossdock\nwith: { name: released, data: { shipments: 2 } }\n",
        ),
        Signature(
            "sla-start",
            "Starts a clock beside the workflow, which goes on: it warns, then breaks, each once.",
            (
                _must("key", K.TEXT, "Names the clock within its order; the same key starts it anew"),
                *_DEADLINE,
                _a("warn_at", K.SHARE, "Warns after that share of the way (business time on a calendar)", "0.75"),
                _a("warn_before", K.DURATION, "Warns that long before it is due instead"),
                _a("pause_on_hold", K.FLAG, "Stands still while the order is on hold", "false"),
                _a("on_breach", K.OBJECT, "Case to open: {kind, queue, severity, title, money, currency, customer}"),
                _ORDER,
            ),
            "`{key, due_at}`, and on a calendar `calendar`, `calendar_version`",
            (_VALIDATION,),
            """call: sla-start@crossdock
with:
  key: ship/1
  calendar: [ site/north, default, always ]
  business_days: 2
  cutoff: order
  warn_before: PT3H
  pause_on_hold: true
  on_breach: { kind: shipment-late, queue: logistics, severity: high, title: Order 4711 has not left }
""",
            one_of=("due_in", "due_on", "by", "business_days"),
            needs=_ON_CALENDAR,
            notes=(
                "Events: crossdock.sla.warned, breached, paused, resumed. "
                "A clock ends with its instance, however that ends."
            ),
        ),
        Signature(
            "sla-stop",
            "Ends a clock; the case of one that had broken is closed.",
            (_must("key", K.TEXT, "The clock"), _ORDER),
            "`{key, kept: true | false | null}`; null when no such clock ran",
            (_VALIDATION,),
            "call: sla-stop@crossdock\nwith: { key: ship/1 }\n",
        ),
        Signature(
            "sla-pause",
            "Lets a clock stand still, for a reason; several reasons may hold it.",
            (_must("key", K.TEXT, "The clock"), _a("reason", K.TEXT, "Which resume ends it", "workflow"), _ORDER),
            "`{key, paused: true | false | null}`; false when it had broken, null when no such clock runs",
            (_VALIDATION,),
            "call: sla-pause@crossdock\nwith: { key: ship/1, reason: the customer asked us to wait }\n",
        ),
        Signature(
            "sla-resume",
            "Takes one reason away; with the last, the clock goes on with the (business) time that was left.",
            (_must("key", K.TEXT, "The clock"), _a("reason", K.TEXT, "The reason that ends", "workflow"), _ORDER),
            "`{key, due_at}`; due_at is null while another reason holds it, or nothing was paused",
            (_VALIDATION,),
            "call: sla-resume@crossdock\nwith: { key: ship/1, reason: the customer asked us to wait }\n",
        ),
        Signature(
            "decision",
            "Asks a decision table.",
            (
                _must("decision", K.TEXT, "The table"),
                _a("input", K.OBJECT, "What it decides on", "{}"),
                _a("version", K.TEXT, "A version of the table", "the one published last"),
            ),
            "the table's result, and `hit: [{rule, description}]`, `table`, `version`",
            (_VALIDATION, "`runtime` 422: no such table, an input it cannot use, or no rule for it"),
            "call: decision@crossdock\nwith: { decision: credit, input: { tier: A, total: 100 } }\n",
        ),
        Signature(
            "compensate",
            "Undoes what the instance did and can undo, last first, after unknown outcomes are known.",
            (_a("reason", K.TEXT, "Why, for the record"),),
            "`{undone: [{at, function}], failed: [{at, function, error}]}`",
            (),
            "call: compensate@crossdock\nwith: { reason: The customer cancelled }\n",
            notes="What undoes an effect stands beside its call: `metadata.crossdock.compensate`.",
        ),
        Signature(
            "lookup",
            "Reads one row of a reference table of the tenant (`crossdock lookup put`).",
            (
                _must("table", K.TEXT, "The table"),
                _must("key", K.ANY, "The key's value, or {column: value} where several columns make it"),
                _a(
                    "missing",
                    K.WORD,
                    "What happens without such a row",
                    "default where one is given, else fail",
                    ("fail", "case", "default"),
                ),
                _a("default", K.ANY, "The value without such a row"),
                _a("edition", K.WHOLE, "One edition of the table", "the one in effect"),
                _a("as_of", K.MOMENT, "The edition in effect then", "now"),
                _a("queue", K.TEXT, "Whose case it becomes with missing: case", "integration"),
            ),
            "`{found, value, table, edition}`; value is the row, or the default",
            (
                _VALIDATION,
                "`configuration` 404: no such table is in effect",
                "`runtime` 404: no such row, with missing: fail, or a person gave up",
            ),
            """call: lookup@crossdock
with:
  table: customer-skus
  key: { customer: C-1, their_sku: '${ .sku }' }
  missing: case
""",
        ),
        Signature(
            "throttle",
            "Waits for a slot: at most `limit` per `per` under one key, over all workers, in the order of asking.",
            (
                _must("key", K.TEXT, "What is paced, within the tenant"),
                _must("limit", K.WHOLE, "How many"),
                _must("per", K.DURATION, "Per how long, in business time"),
                _a("burst", K.WHOLE, "How many may go together after a quiet time", "1"),
                _a("max_wait", K.DURATION, "Fails rather than wait longer; nothing is spent then", "no limit"),
            ),
            "`{key, slot_at, waited_ms}`",
            (_VALIDATION, "`runtime` 429: the next slot is further away than max_wait"),
            "call: throttle@crossdock\nwith: { key: labels, limit: 30, per: PT1M, burst: 5, max_wait: PT10M }\n",
        ),
        Signature(
            "message",
            "Writes a message to a customer in their language, from a template.",
            (
                _must("moment", K.TEXT, "Which template: confirmed, shipped, delivered, …"),
                _a("language", K.TEXT, "Language of the customer", "en"),
                _a("notify", K.ANY, "Moments the customer wants to hear of, or all or none", "all"),
                _a("data", K.OBJECT, "What the template names", "{}"),
            ),
            "`{wanted, moment, language, subject, body}`",
            (_VALIDATION,),
            "call: message@crossdock\nwith: { moment: shipped, language: de, data: { order: SO-1, customer: ACME } }\n",
        ),
        Signature(
            "price-lines",
            "Compares the prices an order states with those of the contract.",
            (
                _must("stated", K.LIST, "Lines of the order"),
                _must("priced", K.LIST, "Lines of erp.priceOrder"),
            ),
            "`{lines, stated_total, contract_total, weight_kg}`",
            (_VALIDATION,),
            "call: price-lines@crossdock\nwith: { stated: '${ .order.lines }', priced: '${ .lines }' }\n",
        ),
        Signature(
            "agree-prices",
            "Fixes the prices that hold: of the contract, or the lower of stated and contract.",
            (
                _must("lines", K.LIST, "Lines of price-lines"),
                _must("basis", K.TEXT, "contract or stated"),
            ),
            "`{lines, total}`",
            (_VALIDATION,),
            "call: agree-prices@crossdock\nwith: { lines: '${ .lines }', basis: contract }\n",
        ),
        Signature(
            "bill-lines",
            "What a shipment bills: each line's share of its agreed amount.",
            (
                _must("lines", K.LIST, "Lines as agreed"),
                _must("shipped", K.LIST, "What was shipped, in base units"),
                _a("billed", K.LIST, "Lines of earlier invoices", "none"),
            ),
            "`{lines, net}`",
            (_VALIDATION,),
            "call: bill-lines@crossdock\nwith: { lines: '${ .agreed }', shipped: '${ .shipped }', billed: [] }\n",
        ),
        Signature(
            "allocate",
            "Divides order lines over sites.",
            (
                _must("strategy", K.WORD, "How sites are chosen", ("one-site", "nearest", "cheapest")),
                _a("lines", K.LIST, "{line, sku, quantity} in base units", "none"),
                _a("availability", K.LIST, "{sku, site, available}", "none"),
                _a("rates", K.LIST, "{site, price, transit_days}", "none"),
                _a("sites_at_most", K.WHOLE, "After so many sites the rest is short", "99"),
                _a("split_lines", K.FLAG, "Whether one line may come from several sites", "true"),
                _a("weights", K.LIST, "{line, base_quantity, weight_kg}", "none"),
            ),
            "`{sites: [{site, weight_kg, lines}], short}`",
            (_VALIDATION,),
            "call: allocate@crossdock\nwith: { strategy: nearest, lines: '${ .lines }', availability: '${ .at }' }\n",
        ),
        Signature(
            "weigh-change",
            "Weighs a buyer's change against its order, line by line.",
            (
                _must("order", K.OBJECT, "The order as it is: {lines, ship_to, requested_on}"),
                _must("change", K.OBJECT, "{sequence, whole, lines: [{line, action, …}], ship_to, requested_on}"),
                _a("sequences", K.OBJECT, "line → sequence of the last change taken", "none"),
                _a("before", K.LIST, "What earlier changes changed", "none"),
                _a("closed", K.TEXT, "Why nothing can be changed any more, such as `handed-over`", "nothing"),
            ),
            "`{accepted, cancels, order, verdicts: [{line, accepted, code, reason}], changed, sequences}`",
            (_VALIDATION,),
            "call: weigh-change@crossdock\nwith: { order: '${ .order }', change: '${ .change }' }\n",
        ),
        Signature(
            "check-application",
            "What speaks against an application to become a customer: tax number, address, who is known already.",
            (
                _must("application", K.OBJECT, "{tax_id, address: {street, city, postal_code, country}}"),
                _must("known", K.LIST, "Customers of erp.findCustomers"),
            ),
            "`{problems: [{code, text}], codes, tax_id}`; code is duplicate, tax-id, address or same-name",
            (_VALIDATION,),
            "call: check-application@crossdock\nwith: { application: '${ $context }', known: '${ .customers }' }\n",
        ),
        Signature(
            "customer-register",
            "Lets a new customer be found here: in look-ups, and by the numbers other systems have for it.",
            (
                _must("customer", K.TEXT, "Customer number"),
                _must("name", K.TEXT, "Its name"),
                _a("tier", K.TEXT, "Its tier", "C"),
                _a("currency", K.TEXT, "What it trades in", "the tenant's"),
                _a("address", K.OBJECT, "Where it is"),
                _a("application", K.TEXT, "What it was made for"),
                _a("account", K.TEXT, "Its account in the CRM"),
            ),
            "`{customer}`",
            (_VALIDATION,),
            "call: customer-register@crossdock\nwith: { customer: C-9001, name: Fjord Supply, account: AC-000001 }\n",
        ),
        Signature(
            "quote-lines",
            "Prices a quote: the customer's own prices less a discount, with what is earned on it.",
            (
                _must("priced", K.LIST, "Lines of erp.priceOrder"),
                _a("discount_percent", K.NUMBER, "Per cent off the customer's own prices", "0"),
            ),
            "`{lines: [{line, sku, description, quantity, unit, base_price, unit_price, amount}], "
            "problems: [{line, problem}], total, before, cost, margin_percent}`",
            (_VALIDATION,),
            "call: quote-lines@crossdock\nwith: { priced: '${ .lines }', discount_percent: 5 }\n",
        ),
        Signature(
            "quote-differences",
            "What a customer's order says otherwise than the quote that it names.",
            (_must("quoted", K.LIST, "Lines of the quote"), _must("ordered", K.LIST, "Lines of the order")),
            "`{differences: [{line, what: missing | added | quantity | unit | price, quoted, ordered}]}`",
            (_VALIDATION,),
            "call: quote-differences@crossdock\n"
            "with: { quoted: '${ $context.offer.lines }', ordered: '${ $context.purchase.lines }' }\n",
        ),
        Signature(
            "quote-open",
            "Lets a revision of a quote be accepted, and makes the customer's link; the one before falls.",
            (
                _must("quote", K.TEXT, "Its number, which the customer names"),
                _must("revision", K.WHOLE, "1, 2, …"),
                _must("customer", K.TEXT, "Customer number"),
                _a("customer_name", K.TEXT, "The customer's name"),
                _must("currency", K.TEXT, "Its currency"),
                _must("total", K.NUMBER, "What it comes to"),
                _must("lines", K.LIST, "Lines of quote-lines"),
                _must("valid_until", K.MOMENT, "Until when it may be accepted"),
                _a("discount_percent", K.NUMBER, "The discount that it holds", "0"),
            ),
            "`{quote, revision, link, valid_until}`",
            (_VALIDATION, "`validation` 409: it was answered, or is another process's"),
            """call: quote-open@crossdock
with:
  quote: Q-1
  revision: 1
  customer: C-1
  currency: EUR
  total: 120.50
  lines: '${ $context.offer.lines }'
  valid_until: '2026-12-24T16:00:00Z'
""",
        ),
        Signature(
            "quote-answer",
            "Takes an answer to an open quote, once; asked again, tells what was taken.",
            (
                _must("quote", K.TEXT, "Its number"),
                _must("revision", K.WHOLE, "The revision that was answered"),
                _must("answer", K.WORD, "What it is", words=("accepted", "declined", "revise")),
                _a("po", K.TEXT, "The customer's order number", "the quote's number"),
                _a("by", K.TEXT, "Who answered", "customer"),
                _a("note", K.TEXT, "What was said"),
            ),
            "`{state, taken, order, po, purchase}`; taken is false for an answer that came too late or to an earlier "
            "revision; purchase is the customer's own order, where that accepted it",
            (_VALIDATION, "`validation` 404: there is no such quote"),
            "call: quote-answer@crossdock\nwith: { quote: Q-1, revision: 1, answer: accepted, po: 4500017 }\n",
        ),
        Signature(
            "quote-close",
            "Ends a quote that nobody answered, or that is taken back.",
            (
                _must("quote", K.TEXT, "Its number"),
                _must("state", K.WORD, "How it ends", words=("expired", "withdrawn")),
                _a("note", K.TEXT, "Why"),
            ),
            "`{state}` as it is now: one that was answered meanwhile stays so",
            (_VALIDATION,),
            "call: quote-close@crossdock\nwith: { quote: Q-1, state: expired }\n",
        ),
        Signature(
            "shortage-wait",
            "Lets lines of an order wait for goods; called again, for more of them or with another day promised.",
            (
                _must("order", K.TEXT, "Order number"),
                _a("lines", K.LIST, "{line, sku, quantity} in base units, on top of what waits already", "none"),
                _a("customer", K.TEXT, "Customer number"),
                _a("tier", K.TEXT, "Its tier"),
                _a("promised_on", K.TEXT, "The day that was promised"),
            ),
            "`{order, waiting}`",
            (_VALIDATION,),
            "call: shortage-wait@crossdock\n"
            "with: { order: SO-1, tier: A, lines: [ { line: '1', sku: A, quantity: 6 } ] }\n",
        ),
        Signature(
            "shortage-queue",
            "Who waits for an item, longest first.",
            (_must("sku", K.TEXT, "Item"),),
            "`{waiting: [{order, line, quantity, customer, tier, promised_on, since, days_late, waiting_days}]}`",
            (_VALIDATION,),
            "call: shortage-queue@crossdock\nwith: { sku: N-10001 }\n",
        ),
        Signature(
            "shortage-assign",
            "Divides goods that came among those who wait, once, and tells each order by crossdock.stock.assigned.",
            (
                _must("arrival", K.TEXT, "What names the arrival: the same again changes nothing"),
                _must("sku", K.TEXT, "Item"),
                _must("site", K.TEXT, "Where it came"),
                _must("quantity", K.NUMBER, "How much, in base units"),
                _a(
                    "ranks",
                    K.LIST,
                    "{order, line, rank, split}: the lowest rank first; split false takes no part",
                    "none",
                ),
            ),
            "`{given: [{order, line, quantity, rank}], left}`",
            (_VALIDATION,),
            "call: shortage-assign@crossdock\n"
            "with: { arrival: PO-1/A, sku: A, site: north, quantity: 6, ranks: '${ $context.ranks }' }\n",
        ),
        Signature(
            "shortage-use",
            "Says that what an order was given of an arrival has left with a shipment.",
            (_must("order", K.TEXT, "Order number"), _must("arrival", K.TEXT, "The arrival")),
            "`{order}`",
            (_VALIDATION,),
            "call: shortage-use@crossdock\nwith: { order: SO-1, arrival: PO-1/A }\n",
        ),
        Signature(
            "shortage-leave",
            "An order waits no more; what it was given and did not use comes as crossdock.stock.arrived to the next.",
            (_must("order", K.TEXT, "Order number"),),
            "`{given_back: [{sku, site, quantity}]}`",
            (_VALIDATION,),
            "call: shortage-leave@crossdock\nwith: { order: SO-1 }\n",
        ),
        Signature(
            "credit-claim",
            "What of some lines of an order was billed and not yet credited.",
            (
                _must("invoices", K.LIST, "Of erp.billing"),
                _a("credits", K.LIST, "Of erp.billing", "none"),
                _must("lines", K.LIST, "{line, quantity} in base units"),
            ),
            "`{lines: [{line, sku, quantity, amount}], refused: [{line, quantity}], amount, currency, customer_id, "
            "shipment, invoiced_on}`",
            (_VALIDATION,),
            "call: credit-claim@crossdock\nwith: { invoices: '${ .invoices }', credits: '${ .credits }', "
            "lines: '${ $context.lines }' }\n",
        ),
        Signature(
            "credit-notes",
            "The credit notes, one an invoice, for pieces of what was billed, each at a percentage of its amount.",
            (
                _must("invoices", K.LIST, "Of erp.billing"),
                _a("credits", K.LIST, "Of erp.billing, without those that this is to repeat", "none"),
                _must(
                    "lines",
                    K.LIST,
                    "{line, quantity, percent}, or {line, amount, percent} for money alone; a line may be there often",
                ),
            ),
            "`{notes: [{invoice, currency, lines: [{line, sku, quantity, amount}], net, tax, total}], total}`",
            (_VALIDATION,),
            "call: credit-notes@crossdock\nwith:\n  invoices: '${ .invoices }'\n"
            "  lines: [ { line: '1', quantity: 3, percent: 85 } ]\n",
        ),
        Signature(
            "document-send",
            "Tells the buyer what becomes of its order, in X12, EDIFACT, UBL or cXML as it came: 855, 856 or 810.",
            (
                _must("kind", K.WORD, "What is told", ("response", "change", "despatch", "invoice")),
                _a("state", K.OBJECT, "What is so, line by line in the unit ordered; see docs/sending.md"),
                _a("facts", K.OBJECT, "The same as the process has it, in base units; see docs/sending.md"),
                _ORDER,
            ),
            "`{sent: true, document, type, control, deadline}`, or `{sent: false, reason}` when nobody reads it",
            ("`validation` 400: the lines do not add up, or the partner's format cannot take it",),
            """call: document-send@crossdock
with:
  kind: response
  state: { lines: [ { line: '1', accepted: 6, backordered: 4, backorder_on: 2026-12-24 } ] }
""",
            one_of=("state", "facts"),
        ),
        Signature(
            "run.shell",
            "Runs a command of /bin/sh. Off, unless a policy of the tenant permits it.",
            (_must("command", K.TEXT, "The command"), *_PROGRAM),
            "what `return` says: the text of a stream, the status, all of `{code, stdout, stderr}`, or null",
            _PROGRAM_ERRORS,
            "run:\n  shell: { command: 'echo \"$1\"', arguments: [ hello ] }\n  return: stdout\n",
        ),
        Signature(
            "run.script",
            "Runs a script in Python, or in JavaScript where node is installed. Off, unless a policy permits it.",
            (
                _must("language", K.WORD, "The script's language", ("python", "js")),
                _a("code", K.TEXT, "The script"),
                _a("source", K.ANY, "Refused: scripts are not fetched while a workflow runs"),
                *_PROGRAM,
            ),
            "as run.shell",
            _PROGRAM_ERRORS,
            "run:\n  script: { language: python, code: 'print(40 + 2)' }\n",
            one_of=("code", "source"),
        ),
        Signature(
            "run.container",
            "Refused: no container engine comes with this installation.",
            (
                _must("image", K.TEXT, "The image"),
                _a("name", K.TEXT, "Name of the container"),
                _a("command", K.TEXT, "The command"),
                _a("ports", K.OBJECT, "Ports"),
                _a("volumes", K.OBJECT, "Volumes"),
                _a("pullPolicy", K.TEXT, "When to pull"),
                _a("lifetime", K.OBJECT, "When to clean up"),
                *_PROGRAM,
            ),
            "nothing",
            (_PROGRAM_ERRORS[0], "`configuration` 501: containers are not run; call a service or run a script"),
            "run:\n  container: { image: alpine }\n",
        ),
    )
}
PROGRAMS = ("run.shell", "run.script", "run.container")
DOCUMENTS = ("document-send",)  # written where partners are
