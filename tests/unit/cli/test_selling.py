"""Quotes, applications and what people entered balance against what was asked for; each seeded fault is found."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crossdock.cli import balance, byhand, day, selling

from .conftest import MORNING, TENANT, Records, close, dispute, money

QUOTE, REVISED, DEEP, APPLIED, REFUSED = "RFQ-00001", "RFQ-00002", "RFQ-00003", "AP-00001", "AP-00002"


@dataclass
class Before:
    """What a morning of asking leaves behind: an order, a refusal, a revision that is declined, two applications."""

    seeds: dict[str, dict[str, Any]]
    records: Records = field(default_factory=Records)
    processes: list[selling.Process] = field(default_factory=list)
    quotes: list[selling.Quote] = field(default_factory=list)

    def compare(self) -> balance.Report:
        self.records.manifest = selling.orders(self.seeds, self.records.ledgers)
        report = self.records.compare()
        report.lost, report.mispriced = (
            a + b
            for a, b in zip(
                (report.lost, report.mispriced),
                selling.compare(report.say, self.seeds, self.records.ledgers, self.processes, self.quotes),
                strict=True,
            )
        )
        return report

    def outcome(self, key: str, outcome: str | None) -> None:
        self.processes = [replace(p, outcome=outcome) if p.key == key else p for p in self.processes]


def wished(seed: dict[str, Any], count: int, discount: int) -> dict[str, Any]:
    customer, item = seed["customers"][0], seed["items"][0]
    rows = [{"sku": item["sku"], "unit": item["sales_unit"], "count": count}]
    return {"customer": customer["customer_id"], "items": rows, "discount": discount}


def offered(before: Before, quote: str, revision: int, count: int, discount: int, status: str) -> Decimal:
    seed, r = before.seeds[TENANT], before.records
    customer, item = seed["customers"][0], seed["items"][0]
    each = Decimal(customer["contract_prices"].get(item["sku"]) or item["tier_prices"][customer["tier"]])
    total = money(each * int(item["units"][item["sales_unit"]]) * (100 - discount) / 100) * count
    words = {"amount": total, "currency": seed["currency"]}
    line = {"line": "1", "sku": item["sku"], "quantity": count, "purpose": customer["customer_id"]}
    r.write(TENANT, "erp", "quotation-line", f"2{quote}{revision}", order=f"{quote}/{revision}", **line, **words)
    said = {"order": quote, "purpose": f"revision {revision}", "status": status}
    r.write(TENANT, "crm", "proposal", f"PR-{quote}-{revision}", **said, **words)
    return total


@pytest.fixture
def before(seeds: dict[str, dict[str, Any]]) -> Before:
    made = Before(seeds)
    seed, r = seeds[TENANT], made.records

    def ask(quote: str, discount: int, effect: str = "inquiry", count: int = 4, purpose: str = "inquiry") -> None:
        detail = wished(seed, count, discount)
        r.write(TENANT, "crm", effect, quote, order=quote, purpose=purpose, detail=detail)

    ask(QUOTE, 3)
    total = offered(made, QUOTE, 1, 4, 3, "accepted")
    made.quotes.append(selling.Quote(TENANT, QUOTE, 1, "ordered", total, f"PO-{QUOTE}", "SO-Q"))
    ask(REVISED, 3)
    offered(made, REVISED, 1, 4, 3, "revise")
    ask(REVISED, 3, "wish", 2, "revision 2")
    total = offered(made, REVISED, 2, 2, 3, "declined")
    made.quotes.append(selling.Quote(TENANT, REVISED, 2, "declined", total, None, None))
    ask(DEEP, 25)
    for quote, outcome in ((QUOTE, "ordered"), (REVISED, "declined"), (DEEP, "refused")):
        made.processes.append(selling.Process(TENANT, "quote-to-order", quote, outcome))
    for n, (application, outcome) in enumerate(((APPLIED, "created"), (REFUSED, "refused"))):
        detail = {"company": "Fjord Supply", "limit": 20_000}
        r.write(TENANT, "crm", "application", application, order=application, purpose=f"SE{n}", detail=detail)
        made.processes.append(selling.Process(TENANT, "customer-onboarding", application, outcome))
    words = {"order": APPLIED, "amount": Decimal(20_000), "currency": seed["currency"]}
    r.write(TENANT, "erp", "customer", "C-9001", purpose="SE0", **words)
    r.write(TENANT, "crm", "account", "AC-1", order=APPLIED, purpose="C-9001")
    (order,) = selling.orders(seeds, r.ledgers)
    close(r, order, "SO-Q")
    return made


def test_a_morning_of_asking_balances(before: Before) -> None:
    report = before.compare()
    assert report.findings == []
    (order,) = selling.orders(before.seeds, before.records.ledgers)
    assert (order.po, order.lines[0].quantity, order.channel) == (f"PO-{QUOTE}", 4, "quote")


def first(b: Before, effect: str, key: str) -> dict[str, Any]:
    return next(e for e in b.records.entries(effect) if e["order"].partition("/")[0] == key)


def gone(effect: str, order: str) -> Callable[[Before], None]:
    return lambda b: b.records.remove(first(b, effect, order))


def doubled(effect: str, order: str) -> Callable[[Before], None]:
    return lambda b: b.records.double(first(b, effect, order))


def changed(effect: str, order: str, /, **words: Any) -> Callable[[Before], None]:
    return lambda b: first(b, effect, order).update(words)


def ended(key: str, outcome: str | None) -> Callable[[Before], None]:
    return lambda b: b.outcome(key, outcome)


def without_process(key: str) -> Callable[[Before], None]:
    def do(b: Before) -> None:
        b.processes = [p for p in b.processes if p.key != key]

    return do


def two_processes(b: Before) -> None:
    b.processes.append(b.processes[0])


def not_ordered(b: Before) -> None:
    b.quotes = [replace(q, state="expired", order=None) for q in b.quotes]


def two_orders(b: Before) -> None:
    b.records.stored.append(replace(b.records.stored[0], order="SO-Q2"))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (without_process(QUOTE), (QUOTE, "no process took it up")),
        (two_processes, (QUOTE, "2 processes")),
        (ended(QUOTE, None), (QUOTE, "nothing became of it")),
        (ended(QUOTE, "expired"), (QUOTE, "accepted, and the process says expired")),
        (ended(REVISED, "ordered"), (REVISED, "not accepted, and the process says ordered")),
        (not_ordered, (QUOTE, "no order was made of it")),
        (two_orders, ("sent once, stored as",)),
        (lambda b: b.records.stored.clear(), (QUOTE, "not in the store")),
        (gone("quotation-line", QUOTE), (QUOTE, "the ERP's quotation is over 0")),
        (doubled("quotation-line", QUOTE), ("2 active quotation-line",)),
        (doubled("proposal", QUOTE), ("2 active proposal",)),
        (changed("quotation-line", QUOTE, amount=Decimal("1.00")), (QUOTE, "offered at 1.00")),
        (changed("quotation-line", QUOTE, quantity=5), (QUOTE, "5 of")),
        (changed("proposal", QUOTE, amount=Decimal("1.00")), (QUOTE, "proposed over 1.00")),
        (changed("inquiry", QUOTE, order="RFQ-9"), (QUOTE, "nobody asked for")),
        (gone("wish", REVISED), (REVISED, "revision 2", "nobody asked for it")),
        (lambda b: offered(b, DEEP, 1, 4, 25, "open"), (DEEP, "may be given by nobody")),
        (ended(DEEP, "ordered"), (DEEP, "not accepted")),
        (without_process(APPLIED), (APPLIED, "no process took it up")),
        (ended(APPLIED, None), (APPLIED, "nothing became of it")),
        (gone("customer", APPLIED), (APPLIED, "0 customers in the ERP")),
        (gone("account", APPLIED), (APPLIED, "0 accounts in the CRM")),
        (doubled("customer", APPLIED), ("2 active customer",)),
        (doubled("account", APPLIED), ("2 active account",)),
        (changed("customer", APPLIED, amount=Decimal(99)), (APPLIED, "has 99")),
        (ended(APPLIED, "refused"), (APPLIED, "is a customer all the same")),
        (ended(REFUSED, "created"), (REFUSED, "0 customers")),
        (gone("application", APPLIED), (APPLIED, "nobody had applied")),
    ],
)
def test_each_fault_is_found(before: Before, fault: Callable[[Before], None], words: tuple[str, ...]) -> None:
    assert before.compare().balanced
    fault(before)
    findings = before.compare().findings
    assert any(all(w in f for w in words) for f in findings), findings


def test_an_order_billed_at_another_price_than_was_agreed_is_found(before: Before) -> None:
    line = before.records.entries("invoice-line", "SO-Q")[0]
    line["amount"] += Decimal("0.40")
    report = before.compare()
    assert report.mispriced == 1
    assert any("line 1: billed" in f for f in report.findings), report.findings


def test_what_is_lost_or_offered_at_another_price_is_counted(before: Before) -> None:
    without_process(QUOTE)(before)
    changed("quotation-line", REVISED, amount=Decimal("1.00"))(before)
    report = before.compare()
    assert (report.lost, report.mispriced) == (1, 1)


@pytest.mark.parametrize(
    ("discount", "verdict"), [(0, "give"), (25, "refuse"), (20, "approve")]
)  # fmt: skip
def test_terms_of_a_discount(seeds: dict[str, dict[str, Any]], discount: int, verdict: str) -> None:
    seed = seeds[TENANT]
    item = max(seed["items"], key=lambda i: Decimal(i["list_price"]) / Decimal(i["cost"]))
    customer = min(seed["customers"], key=lambda c: (item["sku"] in c["contract_prices"], c["tier"] != "C"))
    asked = selling.Asked(customer["customer_id"], discount, ((item["sku"], item["base_unit"], 2),))
    assert selling.terms(seed, asked) == verdict


# ── entered by hand ─────────────────────────────────────────────────────────────────────────────────────────────


def entered(records: Records) -> byhand.Entered:
    """A dispute of 7.50 that came by telephone and was credited, in place of the customer's own letter."""
    dispute(records, "SO-0", Decimal("7.50"), Decimal("7.50"))
    (letter,) = records.entries("request", "SO-0")
    letter.update(effect="ticket", purpose="ticket", detail={"subject": "Invoice I-1, D-0C81"})
    return byhand.Entered(
        tenant=TENANT, order="SO-0", reference="D-0C81", kind="dispute", reason="price",
        line=records.manifest[0].lines[0].line, amount=Decimal("7.50"),
    )  # fmt: skip


def joined(records: Records, what: byhand.Entered) -> list[str]:
    said: list[str] = []
    ledgers = byhand.letters(said.append, [what], {k: list(v) for k, v in records.ledgers.items()})
    return [*said, *balance.compare(records.manifest, records.stored, ledgers).findings]


def test_what_was_entered_is_a_letter_like_any_other(records: Records) -> None:
    what = entered(records)
    assert joined(records, what) == []
    assert any("which nobody asked for" in f for f in records.compare().findings)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda r: r.remove(r.entries("ticket", "SO-0")[0]), "0 tickets"),
        (lambda r: r.double(r.entries("ticket", "SO-0")[0]), "2 tickets"),
        (lambda r: r.entries("ticket", "SO-0")[0].update(status="open"), "has no answer"),
    ],
)
def test_a_request_that_became_nothing_is_found(records: Records, fault: Callable[[Records], None], words: str) -> None:
    what = entered(records)
    fault(records)
    assert any(words in f for f in joined(records, what))


def test_a_request_that_was_not_credited_by_the_terms_is_found(records: Records) -> None:
    what = replace(entered(records), amount=Decimal("9.00"))
    assert any("by the terms" in f for f in joined(records, what))


def test_the_day_asks_applies_and_telephones(seeds: dict[str, dict[str, Any]]) -> None:
    made = day.make(seeds, 60, MORNING, 7)
    assert {s.tenant for s in made.seasons} == set(seeds)
    assert all(s.inquiries >= 3 and s.applications >= 2 and s.start < s.until for s in made.seasons)
    assert {(s.kind, s.reason) for s in made.starts} == {
        ("return", "unwanted"), ("dispute", "price"), ("return", "damaged"), ("dispute", "short"),
    }  # fmt: skip
    assert all(s.at > MORNING + timedelta(days=7) and not s.order.cancelled for s in made.starts)
