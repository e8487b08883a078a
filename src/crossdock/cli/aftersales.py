"""After the sale: what customers wrote, what came back, what was credited, balanced by business identity.

The terms of a return are written down here a second time, in plain Python and from the words of the policy, so that a
table, a workflow or a function that drifts from them shows. What a customer asked for is in the helpdesk's ledger, what
came back in the warehouse's, what was credited in the ERP's and in the store.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

Entry = Mapping[str, Any]
Effects = Mapping[str, Sequence[Entry]]
Say = Callable[[str], None]

RMA, CALLED_OFF = "rma", "rma-called-off"
NONE = Decimal(0)
CENT = Decimal("0.01")
OURS = ("damaged", "wrong-item")
LAST_DAY, EARLY_DAYS = 90, 30
CHEAP, LARGE = Decimal(25), Decimal(5000)
SMALL, GOODWILL, MUCH = Decimal(10), Decimal(100), Decimal(1000)  # of disputes
UNCLAIMED = Decimal(15)
PROOF = "POD-"  # what a credit or a claim for a proof of delivery is said to be for, before its tracking number
REGRET, LATE_REGRET, OPENED = 15, 25, 20  # per cent kept


@dataclass(frozen=True, slots=True)
class Terms:
    """refusable: a person could say no. keep: the goods stay. fee: per cent kept of what is as new."""

    refused: bool
    refusable: bool
    keep: bool
    fee: int


def compare(say: Say, name: str, tier: str, credited: Decimal, effects: Effects, ended: bool) -> None:
    """One order's letters, returns and credits. credited: as the store has it. ended: nothing goes on any more."""
    requests = {str(r["reference"]): r for r in effects.get("request", ())}
    remarked = {f"{PROOF}{e['reference']}" for e in effects.get("remark", ())}
    _each_note(say, name, credited, effects)
    _billed_enough(say, name, effects)
    for request in sorted({_request(e) for e in effects.get("credit-note", ())} - set(requests) - remarked):
        say(f"{name}: a credit for {request}, which nobody asked for")
    for request in sorted({_request(e) for e in effects.get("claim", ())} - remarked):
        say(f"{name}: a claim for {request}, on which no receiver remarked anything")
    for request in sorted(remarked) if ended else ():
        _remarked(say, f"{name} delivery {request}", request, effects)
    for number, letter in requests.items():
        if ended and letter.get("status") != "solved":
            say(f"{name}: request {number} of the customer has no answer")
        elif ended and letter["purpose"] == "dispute":
            _dispute(say, f"{name} dispute {number}", tier, letter, effects)
        elif ended:
            _return(say, f"{name} return {number}", tier, letter, effects)


def terms(reason: str, tier: str, amount: Decimal, days: int) -> Terms:
    early = days <= EARLY_DAYS
    if days > LAST_DAY:
        return Terms(True, True, False, 0)
    if reason in OURS:
        return Terms(False, amount > LARGE or not early, early and amount < CHEAP, 0)
    if not early:
        return Terms(False, True, False, LATE_REGRET)
    return Terms(False, amount > LARGE, False, 0 if tier == "A" and amount <= LARGE else REGRET)


def percent(reason: str, grade: str, fee: int, place: str) -> int:
    """Of its billed amount, what a piece of this grade is credited."""
    if reason in OURS:
        return 100
    match grade:
        case "as-new":
            return 100 - fee
        case "opened":
            return 100 - OPENED - fee
        case _:
            return 50 if place == "scrap" else 0  # spoilt: nothing, unless a person said a half


def _return(say: Say, name: str, tier: str, letter: Entry, effects: Effects) -> None:
    number = str(letter["reference"])
    asked = _of(effects, "request", number)
    wanted = {str(i["line"]): Decimal(str(i["pieces"])) for i in letter["detail"]["items"]}
    announced = _by_line(_of(effects, RMA, number))
    came = _by_line(_of(effects, "return-receipt", number))
    placed = _of(effects, "put-away", number)
    notes = [e for e in effects.get("credit-line", ()) if _request(e) == number]
    credited, amounts = _by_line(notes), _by_line(notes, "amount")
    for line in sorted({*announced, *came, *credited} | set(wanted)):
        if announced.get(line, NONE) > wanted.get(line, NONE):
            say(f"{name} line {line}: {announced[line]} announced, the customer wrote of {wanted.get(line, 0)}")
        if came.get(line, NONE) > announced.get(line, NONE):
            say(f"{name} line {line}: {came[line]} came back of {announced.get(line, 0)} announced")
        if credited.get(line, NONE) > wanted.get(line, NONE):
            say(f"{name} line {line}: {credited[line]} credited, the customer wrote of {wanted.get(line, 0)}")
    if _by_line(placed) != came:
        say(f"{name}: {came} came back, {_by_line(placed)} was put away")
    billed, worth = _billed(effects)
    claim = {n: min(q, billed.get(n, NONE)) for n, q in wanted.items()}
    amount = sum((worth[n] * q / billed[n] for n, q in claim.items() if billed.get(n)), NONE)
    reason = str(letter["detail"]["reason"])
    agreed = terms(reason, tier, amount, _days(asked, effects, wanted))
    contested = _contested(effects, number, wanted)
    near = contested or any(
        abs(amount - limit) <= CENT * len(wanted) for limit in (CHEAP, LARGE)
    )  # a cent may decide either way
    if agreed.refused and (announced or credited):
        say(f"{name}: was too late, and is credited all the same")
    excused = agreed.refusable or agreed.refused or near or _again(effects, wanted) or _of(effects, CALLED_OFF, number)
    if not announced and not credited and not excused:
        say(f"{name}: is within the terms, and was neither announced nor credited")
    if credited and not announced and not agreed.keep and not near:
        say(f"{name}: credited without its goods, which the terms want back")
    due, pieces, parts = _due(reason, agreed.fee, claim if not announced else {}, placed, billed, worth)
    if announced and credited != pieces:
        say(f"{name}: {_told(pieces)} to be credited by the terms, {_told(credited)} was")
    for line in sorted(set(amounts) | (set(due) if announced else set())):
        more = amounts.get(line, NONE) - due.get(line, NONE)
        if (abs(more) if not contested else more) > CENT * max(1, parts.get(line, 1)):
            say(f"{name} line {line}: credited {amounts.get(line, 0)}, {due.get(line, NONE):.2f} by the terms")


def _dispute(say: Say, name: str, tier: str, letter: Entry, effects: Effects) -> None:
    """What was said against an invoice: credited where the terms say so, or where a person could."""
    number, items = str(letter["reference"]), letter["detail"]["items"]
    billed, worth = _billed(effects)
    short = letter["detail"]["reason"] == "short"
    asked, given = NONE, NONE
    for item in items:
        line, pieces = str(item["line"]), Decimal(str(item["pieces"]))
        asked += worth[line] * pieces / billed[line] if short and billed.get(line) else Decimal(str(item["amount"]))
    for e in effects.get("credit-line", ()):
        given += Decimal(str(e["amount"])) if _request(e) == number else NONE
    open_to_people = asked > MUCH or (short and asked >= SMALL)  # nobody may have signed by then
    due = asked if asked < SMALL or (tier == "A" and asked <= GOODWILL) else NONE
    allowed = [due, *((NONE, asked / 2, asked) if open_to_people else ())]
    if _contested(effects, number, [str(i["line"]) for i in items]):
        fits = given <= asked + CENT
    else:
        fits = any(abs(given - option) <= 2 * CENT for option in allowed)
    near = short and any(abs(asked - limit) <= CENT for limit in (SMALL, GOODWILL, MUCH))
    if not fits and not near:
        say(f"{name}: {given} credited of {asked:.2f} in question; by the terms {due:.2f}")


def _remarked(say: Say, name: str, request: str, effects: Effects) -> None:
    """What a receiver remarked on the proof of delivery: credited by this parcel's invoice, and claimed."""
    tracking = request.removeprefix(PROOF)
    remarks = _by_line(e for e in effects.get("remark", ()) if e["reference"] == tracking)
    parcels = {str(e["reference"]) for e in effects.get("shipment", ()) if e["detail"].get("tracking") == tracking}
    lines = [e for e in effects.get("invoice-line", ()) if str(e["purpose"]) in parcels]
    billed, worth = _by_line(lines), _by_line(lines, "amount")
    notes = [e for e in effects.get("credit-line", ()) if _request(e) == request]
    credited, net = _by_line(notes), sum((Decimal(str(e["amount"])) for e in notes), NONE)
    due = {n: min(q, billed.get(n, NONE)) for n, q in remarks.items() if billed.get(n)}
    value = sum((worth[n] * q / billed[n] for n, q in due.items()), NONE)
    if not _contested(effects, request, remarks) and (credited != due or abs(net - value) > CENT * len(due)):
        say(f"{name}: {_told(credited)} credited at {net}, by the proof {_told(due)} at {value:.2f}")
    claims = sum((Decimal(str(e["amount"])) for e in effects.get("claim", ()) if _request(e) == request), NONE)
    if claims != (NONE if value < UNCLAIMED else net) and abs(value - UNCLAIMED) > CENT * len(due):
        say(f"{name}: {net} credited, {claims} claimed from the carrier")
    paid = sum((Decimal(str(e["amount"])) for e in effects.get("claim-payment", ()) if _request(e) == request), NONE)
    if paid > claims:
        say(f"{name}: the carrier paid {paid} on a claim of {claims}")


def _contested(effects: Effects, request: str, lines: Iterable[str]) -> bool:
    """Whether something else was credited on these lines, too: what is left of them then depends on who was first."""
    wanted = set(lines)
    return any(_request(e) != request and str(e["line"]) in wanted for e in effects.get("credit-line", ()))


def _due(
    reason: str, fee: int, kept: Mapping[str, Decimal], placed: Iterable[Entry], billed: Mapping[str, Decimal],
    worth: Mapping[str, Decimal],
) -> tuple[dict[str, Decimal], dict[str, Decimal], dict[str, int]]:  # fmt: skip
    """(line → money, line → pieces, line → how often it was rounded) that the terms give."""
    money: dict[str, Decimal] = defaultdict(Decimal)
    pieces: dict[str, Decimal] = defaultdict(Decimal)
    parts: dict[str, int] = defaultdict(int)
    graded = [
        (str(p["line"]), Decimal(str(p["quantity"])), percent(reason, p["detail"]["grade"], fee, p["detail"]["place"]))
        for p in placed
    ]
    for line, quantity, share in [*graded, *((n, q, 100) for n, q in kept.items())]:
        if share and billed.get(line):
            money[line] += worth[line] * quantity / billed[line] * share / 100
            pieces[line] += quantity
            parts[line] += 2
    return dict(money), dict(pieces), dict(parts)


def _each_note(say: Say, name: str, credited: Decimal, effects: Effects) -> None:
    nets: dict[str, Decimal] = defaultdict(Decimal)
    for e in effects.get("credit-line", ()):
        nets[str(e["reference"])] += Decimal(str(e["amount"]))
    total, tax = NONE, NONE
    for e in effects.get("credit-note", ()):
        amount, taxed = Decimal(str(e["amount"])), Decimal(str(e["detail"]["tax"]))
        total, tax = total + amount, tax + taxed
        if amount != nets.get(str(e["reference"]), NONE) + taxed:
            say(f"{name}: credit note {e['reference']} of {amount} is not its lines and its tax of {taxed}")
    if total != credited:
        say(f"{name}: the ERP credited {total}, the store says {credited}")
    charged = sum((Decimal(str(e["detail"].get("tax", 0))) for e in effects.get("invoice", ())), NONE)
    if tax > charged:
        say(f"{name}: tax of {tax} is credited, {charged} was charged")


def _billed_enough(say: Say, name: str, effects: Effects) -> None:
    billed, worth = _billed(effects)
    lines = effects.get("credit-line", ())
    for line, quantity in _by_line(lines).items():
        if quantity > billed.get(line, NONE):
            say(f"{name} line {line}: {quantity} credited of {billed.get(line, 0)} that were billed")
    for line, amount in _by_line(lines, "amount").items():
        if amount > worth.get(line, NONE):
            say(f"{name} line {line}: {amount} credited of {worth.get(line, 0)} that it was billed at")


def _billed(effects: Effects) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    lines = effects.get("invoice-line", ())
    return _by_line(lines), _by_line(lines, "amount")


def _again(effects: Effects, wanted: Mapping[str, Decimal]) -> bool:
    """Whether credits have left nothing of these lines that could be credited."""
    billed, credited = _billed(effects)[0], _by_line(effects.get("credit-line", ()))
    return all(credited.get(line, NONE) >= billed.get(line, NONE) for line in wanted)


def _days(asked: Sequence[Entry], effects: Effects, wanted: Iterable[str]) -> int:
    """From the first invoice of one of the lines to the letter."""
    lines = set(wanted)
    days = [_day(e) for e in effects.get("invoice-line", ()) if e["line"] in lines]
    return (_day(asked[0]) - min(days)).days if days and asked else 0


def _day(entry: Entry) -> date:
    return date.fromisoformat(str(entry["at"])[:10])


def _of(effects: Effects, effect: str, request: str) -> list[Entry]:
    return [e for e in effects.get(effect, ()) if _request(e) == request]


def _request(entry: Entry) -> str:
    """What an effect was for: the request itself, or what its purpose begins with."""
    return str(entry["reference"] if entry["effect"] == "request" else entry["purpose"]).partition("/")[0]


def _by_line(entries: Iterable[Entry], what: str = "quantity") -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for e in entries:
        totals[str(e["line"])] += Decimal(str(e[what]))
    return dict(totals)


def _told(pieces: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{q} of line {n}" for n, q in sorted(pieces.items())) or "nothing"
