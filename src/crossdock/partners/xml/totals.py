"""What the sums of a UBL invoice or order must make, by the rules' own names.

An invoice that says it follows EN 16931 (Peppol BIS Billing 3 does), or its forerunner CEN BII, is rejected where the
rules of the norm, whose severity is fatal, are broken. In any other UBL invoice the same disagreement is a note: nobody
promised those rules. BII counts the rounding into the amount with tax, EN 16931 into the amount to pay.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from crossdock.canonical.invoice import Invoice, InvoiceLine
from crossdock.partners.maps.xml import Reading
from crossdock.partners.model import Issue, error, note

EN16931 = "urn:cen.eu:en16931:2017"
BII = "urn:www.cenbii.eu:transaction:biicoretrdm"
CENT = Decimal("0.01")
SLACK = Decimal("0.02")  # PEPPOL-EN16931-R120 allows it for the rounding of a line
MAX_TAX_SLACK = Decimal(1)  # BR-CO-17, as its published test allows


def check(r: Reading, invoice: Invoice, customization: str) -> Iterator[Issue]:
    fatal = customization.startswith((EN16931, BII))
    for rule, pointer, expected, found, why in _differences(r, invoice, customization.startswith(BII)):
        where = r.where(pointer)
        code = f"ubl.{rule.lower()}"
        if fatal:
            text = f"Correct the amounts; rule {rule} of the norm asks for it."
            yield error(code, where, f"{expected:f}, {why}", f"{found:f}", text)
        else:
            text = "Both are kept; reconciliation compares them with the order and the goods."
            yield note(code, where, f"{expected:f}, {why}", f"{found:f}", text)
    if fatal and not invoice.currency:
        where = r.where("")
        yield error("ubl.br-05", where, "DocumentCurrencyCode", "none", "Say the currency; rule BR-05 asks for it.")


def _differences(r: Reading, invoice: Invoice, bii: bool) -> Iterator[tuple[str, str, Decimal, Decimal, str]]:
    """(rule, pointer of what is stated, what it should be, what it is, why)."""
    zero = Decimal(0)
    for place, line in enumerate(invoice.lines):
        amount = _line(line)
        if amount is not None and line.stated_amount is not None and abs(amount - line.stated_amount) > SLACK:
            why = "quantity × price / base quantity, with the line's charges and allowances"
            rounded = amount.quantize(CENT, ROUND_HALF_UP)
            yield "PEPPOL-EN16931-R120", f"/lines/{place}/stated_amount", rounded, line.stated_amount, why
    facts: dict[str, Decimal] = r.facts
    lines = sum((x.stated_amount for x in invoice.lines if x.stated_amount is not None), zero)
    stated = facts.get("lines")
    if stated is not None and stated != lines:
        yield "BR-CO-10", "$lines", lines, stated, "the sum of the lines"
    net = lines if stated is None else stated
    less = sum((-a.signed for a in invoice.adjustments if a.signed < 0), zero)
    more = sum((a.signed for a in invoice.adjustments if a.signed > 0), zero)
    for rule, name, parts in (("BR-CO-11", "allowances", less), ("BR-CO-12", "charges", more)):
        if name in facts and facts[name] != parts:
            yield rule, f"${name}", parts, facts[name], f"the sum of the document's {name}"
    less, more = facts.get("allowances", less), facts.get("charges", more)
    without = facts.get("without_tax")
    if without is not None and without != net - less + more:
        yield "BR-CO-13", "$without_tax", net - less + more, without, "lines less allowances plus charges"
    base = net - less + more if without is None else without
    taxes = [t.amount for t in invoice.taxes if t.amount is not None]
    if invoice.stated_tax is not None and taxes and invoice.stated_tax != sum(taxes, zero):
        yield "BR-CO-14", "/stated_tax", sum(taxes, zero), invoice.stated_tax, "the sum of the taxes"
    for place, tax in enumerate(invoice.taxes):
        if tax.amount is None or tax.basis is None or tax.percent is None:
            continue
        wanted = (tax.basis * tax.percent / 100).quantize(CENT, ROUND_HALF_UP)
        if abs(wanted - tax.amount) >= MAX_TAX_SLACK:
            yield "BR-CO-17", f"/taxes/{place}/amount", wanted, tax.amount, "the taxable amount × the rate"
    with_tax = facts.get("with_tax")
    tax_total = invoice.stated_tax if invoice.stated_tax is not None else zero
    rounding = invoice.rounding or zero
    wanted = base + tax_total + (rounding if bii else zero)
    if with_tax is not None and with_tax != wanted:
        yield "BR-CO-15", "$with_tax", wanted, with_tax, "the amount without tax plus the tax"
    payable = (wanted if with_tax is None else with_tax) - (invoice.prepaid or zero) + (zero if bii else rounding)
    if invoice.stated_total is not None and invoice.stated_total != payable:
        yield "BR-CO-16", "/stated_total", payable, invoice.stated_total, "with tax, less what is paid, plus rounding"


def _line(line: InvoiceLine) -> Decimal | None:
    """None where the line names no price or no quantity: then there is nothing to compare."""
    if line.quantity is None or line.unit_price is None or line.amount is None:
        return None
    return line.amount + sum((a.signed for a in line.adjustments), Decimal(0))
