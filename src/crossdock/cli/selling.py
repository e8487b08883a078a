"""Before the sale: what was asked, offered and accepted, and who became a customer, balanced by business identity.

What customers asked for and answered is in the CRM's ledger, what was offered in the ERP's. The prices of an offer and
the terms of a discount are worked out here a second time, in plain Python, from the seed data and the words of the
table, so that a table, a workflow or a function that drifts from them shows. An accepted quote is an order of the
manifest: the balance of orders follows it to its last payment at exactly the prices that were agreed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from crossdock.cli.day import Line, Order

Entry = Mapping[str, Any]
Ledgers = Mapping[tuple[str, str], Sequence[Entry]]
Say = Callable[[str], None]

CENT = Decimal("0.01")
TENTH = Decimal("0.1")
QUOTES, APPLICATIONS = ("sales", "quote-to-order"), ("onboarding", "customer-onboarding")
# Effects that belong to a quote or an application and not to an order.
BEFORE = ("inquiry", "wish", "proposal", "quotation-line", "application", "customer", "account")
DEEPEST, FLOOR, THIN, LARGE = 20, 2, 10, Decimal(50_000)  # per cent off, per cent margin, per cent margin, money
FREELY = {"A": 8, "B": 5}  # per cent off that nobody is asked for
FREELY_OTHERS = 3
WITHOUT_PAPERS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Process:
    """One process as the store has it. key: the number of the quote or application; outcome: None while it goes on."""

    tenant: str
    name: str
    key: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Quote:
    """What the store says is open to be accepted, or was answered."""

    tenant: str
    quote: str
    revision: int
    state: str
    total: Decimal
    po: str | None
    order: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One revision of what a customer asked for. discount: per cent off its own prices."""

    customer: str
    discount: int
    items: tuple[tuple[str, str, int], ...]  # (item, unit, count) by position


def asked(ledgers: Ledgers) -> dict[tuple[str, str], dict[int, Asked]]:
    """(tenant, inquiry) → revision → what was asked for."""
    found: dict[tuple[str, str], dict[int, Asked]] = defaultdict(dict)
    for tenant, e in _of(ledgers, "crm", "inquiry", "wish"):
        detail = e["detail"]
        items = tuple((str(i["sku"]), str(i["unit"]), int(i["count"])) for i in detail["items"])
        revision = 1 if e["effect"] == "inquiry" else int(e["purpose"].removeprefix("revision "))
        found[tenant, str(e["order"])][revision] = Asked(str(detail["customer"]), int(detail["discount"]), items)
    return found


def orders(seeds: Mapping[str, Mapping[str, Any]], ledgers: Ledgers) -> list[Order]:
    """The orders that customers made of their quotes: the revision that they accepted, at its prices."""
    wanted, found = asked(ledgers), list[Order]()
    for tenant, e in _of(ledgers, "crm", "proposal"):
        request = wanted.get((tenant, str(e["order"])), {}).get(_revision(e))
        if e.get("status") != "accepted" or request is None:
            continue
        seed = seeds[tenant]
        customer = _customer(seed, request.customer)
        found.append(
            Order(
                tenant=tenant, customer=request.customer, po=f"PO-{e['order']}", currency=str(seed["currency"]),
                channel="quote", lines=_lines(seed, request), requested_on="", ship_to=customer["ship_to"],
                tier=customer["tier"],
            )
        )  # fmt: skip
    return found


def compare(
    say: Say, seeds: Mapping[str, Mapping[str, Any]], ledgers: Ledgers, processes: Iterable[Process],
    quotes: Iterable[Quote],
) -> tuple[int, int]:  # fmt: skip
    """Says what disagrees. Returns (lost, mispriced)."""
    by_key: dict[tuple[str, str, str], list[Process]] = defaultdict(list)
    for p in processes:
        by_key[p.tenant, p.name, p.key].append(p)
    rows = {(q.tenant, q.quote): q for q in quotes}
    wanted = asked(ledgers)
    lost = mispriced = 0
    for (tenant, name), revisions in sorted(wanted.items()):
        mine = by_key.get((tenant, QUOTES[1], name), [])
        lost += _one_process(say, f"{tenant} quote {name}", mine)
        if mine:
            mispriced += _quote(say, tenant, name, seeds[tenant], revisions, mine[0], rows.get((tenant, name)), ledgers)
    for tenant, e in _of(ledgers, "erp", "quotation-line"):
        if (tenant, str(e["order"]).rpartition("/")[0]) not in wanted:
            say(f"{tenant} {e['order']}: the ERP keeps a quotation that nobody asked for")
    return lost + _applications(say, ledgers, by_key), mispriced


def references(ledgers: Ledgers) -> set[tuple[str, str]]:
    """(tenant, number) of every quote and application: what systems wrote down of them is no order's."""
    found = {(tenant, str(e["order"])) for tenant, e in _of(ledgers, "crm", "inquiry", "application")}
    return found | {(tenant, str(e["order"])) for tenant, e in _of(ledgers, "erp", "quotation-line", "customer")}


def _quote(
    say: Say, tenant: str, quote: str, seed: Mapping[str, Any], revisions: Mapping[int, Asked], process: Process,
    row: Quote | None, ledgers: Ledgers,
) -> int:  # fmt: skip
    name, mispriced = f"{tenant} quote {quote}", 0
    offered: dict[int, dict[str, Entry]] = defaultdict(dict)
    for t, e in _of(ledgers, "erp", "quotation-line"):
        key, _, revision = str(e["order"]).rpartition("/")
        if (t, key) == (tenant, quote):
            offered[int(revision)][str(e["line"])] = e
    for revision, lines in sorted(offered.items()):
        if revision not in revisions:
            say(f"{name}: revision {revision} was offered, and nobody asked for it")
            continue
        mispriced += _prices(say, f"{name} revision {revision}", _lines(seed, revisions[revision]), lines)
    proposals = [e for t, e in _of(ledgers, "crm", "proposal") if (t, e["order"]) == (tenant, quote)]
    for e in proposals:
        total = sum((Decimal(str(x["amount"])) for x in offered.get(_revision(e), {}).values()), Decimal(0))
        if Decimal(str(e["amount"])) != total:
            say(f"{name}: proposed over {e['amount']}, the ERP's quotation is over {total}")
    accepted = any(e.get("status") == "accepted" for e in proposals)
    if accepted != (process.outcome == "ordered"):
        say(f"{name}: {'' if accepted else 'not '}accepted, and the process says {process.outcome}")
    if row is not None and (row.state == "ordered") != accepted:
        say(f"{name}: {'' if accepted else 'not '}accepted, and the store says {row.state}")
    if accepted and (row is None or row.order is None):
        say(f"{name}: accepted, and no order was made of it")
    last = revisions[max(offered, default=1)] if max(offered, default=1) in revisions else revisions[1]
    verdict = terms(seed, last)
    if verdict == "refuse" and offered.get(len(revisions)):
        say(f"{name}: {last.discount} % off may be given by nobody, and was offered")
    if verdict == "give" and process.outcome == "refused" and len(revisions) == 1:
        say(f"{name}: {last.discount} % off needs nobody's word, and was refused")
    return mispriced


def terms(seed: Mapping[str, Any], request: Asked) -> str:
    """What the terms of discounts say: give, approve or refuse."""
    total = cost = Decimal(0)
    for n, (sku, _, _) in zip(_lines(seed, request), request.items, strict=True):
        total += _cents(n.contract * n.quantity)
        cost += _cents(Decimal(_item(seed, sku)["cost"]) * n.base_quantity)
    margin = ((total - cost) * 100 / total).quantize(TENTH, ROUND_HALF_UP) if total else Decimal(0)
    if margin < FLOOR or request.discount > DEEPEST:
        return "refuse"
    if margin < THIN or total > LARGE:
        return "approve"
    free = FREELY.get(_customer(seed, request.customer)["tier"], FREELY_OTHERS)
    return "give" if request.discount <= free else "approve"


def _prices(say: Say, name: str, wanted: Sequence[Line], offered: Mapping[str, Entry]) -> int:
    wrong = 0
    for n in wanted:
        e = offered.get(n.line)
        if e is None:
            say(f"{name} line {n.line}: asked for, and not offered")
            continue
        due = _cents(n.contract * n.quantity)
        if Decimal(str(e["quantity"])) != n.quantity or str(e["sku"]) != n.sku:
            say(f"{name} line {n.line}: {n.quantity} of {n.sku} asked for, {e['quantity']} of {e['sku']} offered")
        elif Decimal(str(e["amount"])) != due:
            wrong += 1
            say(f"{name} line {n.line}: offered at {e['amount']}, by the terms {due}")
    for line in sorted(set(offered) - {n.line for n in wanted}):
        say(f"{name} line {line}: offered, and nobody asked for it")
    return wrong


def _applications(say: Say, ledgers: Ledgers, by_key: Mapping[tuple[str, str, str], list[Process]]) -> int:
    lost = 0
    sent = {(tenant, str(e["reference"])): e for tenant, e in _of(ledgers, "crm", "application")}
    made: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    accounts: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for effect, system, into in (("customer", "erp", made), ("account", "crm", accounts)):
        for tenant, e in _of(ledgers, system, effect):
            into[tenant, str(e["order"])].append(e)
    for (tenant, number), e in sorted(sent.items()):
        name, mine = f"{tenant} application {number}", by_key.get((tenant, APPLICATIONS[1], number), [])
        lost += _one_process(say, name, mine)
        outcome, erp, crm = mine[0].outcome if mine else None, made[tenant, number], accounts[tenant, number]
        if outcome == "created":
            if len(erp) != 1 or [str(a["purpose"]) for a in crm] != [str(c["reference"]) for c in erp]:
                say(f"{name}: created, with {len(erp)} customers in the ERP and {len(crm)} accounts in the CRM")
            limit, wish = sum(Decimal(str(c["amount"])) for c in erp), Decimal(str(e["detail"]["limit"]))
            if limit not in (wish, min(wish, WITHOUT_PAPERS)):
                say(f"{name}: asked for credit of {wish}, has {limit}")
        elif outcome != "by-hand" and (erp or crm):
            say(f"{name}: {outcome}, and is a customer all the same: {[str(x['reference']) for x in (*erp, *crm)]}")
    for tenant, number in sorted({*made, *accounts} - set(sent)):
        if made[tenant, number] or accounts[tenant, number]:
            say(f"{tenant} application {number}: a customer was made, and nobody had applied")
    taxes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for tenant, e in _of(ledgers, "erp", "customer"):
        taxes[tenant, str(e["purpose"])].append(str(e["reference"]))
    for (tenant, tax), numbers in sorted(taxes.items()):
        if len(numbers) > 1:
            say(f"{tenant}: {' and '.join(numbers)} have the tax number {tax}")
    return lost


def _one_process(say: Say, name: str, mine: Sequence[Process]) -> int:
    """Exactly one process took it up, and came to an end. Returns how many are lost."""
    if not mine:
        say(f"{name}: asked for, and no process took it up")
    elif len(mine) > 1:
        say(f"{name}: asked for once, {len(mine)} processes took it up")
    elif mine[0].outcome is None:
        say(f"{name}: nothing became of it")
    return not mine


def _lines(seed: Mapping[str, Any], request: Asked) -> tuple[Line, ...]:
    """As offered: the customer's own price of the unit less the discount, to the cent."""
    customer = _customer(seed, request.customer)
    found: list[Line] = []
    for place, (sku, unit, count) in enumerate(request.items, 1):
        item = _item(seed, sku)
        pieces = int(item["units"][unit])
        own = Decimal(customer["contract_prices"].get(sku) or item["tier_prices"][customer["tier"]]) * pieces
        price = _cents(own * (100 - request.discount) / 100)
        found.append(
            Line(
                line=str(place), sku=sku, gtin=item["gtin"], customer_item=None, unit=unit, quantity=count,
                base_quantity=count * pieces, stated=price, contract=price,
            )
        )  # fmt: skip
    return tuple(found)


def _item(seed: Mapping[str, Any], sku: str) -> Mapping[str, Any]:
    return next(i for i in seed["items"] if i["sku"] == sku)


def _customer(seed: Mapping[str, Any], number: str) -> Mapping[str, Any]:
    return next(c for c in seed["customers"] if c["customer_id"] == number)


def _revision(proposal: Entry) -> int:
    return int(str(proposal["purpose"]).removeprefix("revision "))


def _of(ledgers: Ledgers, system: str, *effects: str) -> Iterable[tuple[str, Entry]]:
    """(tenant, entry) of what holds."""
    for (tenant, where), entries in ledgers.items():
        if where == system:
            yield from ((tenant, e) for e in entries if e["effect"] in effects and e["state"] == "active")


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
