"""Any bytes into documents: `decode` never raises for what a partner sent.

Pure: it reads no database and no clock, so the same bytes and context give the same documents. What stands in the way
of an order is an issue of the document, never an exception.
"""

from dataclasses import replace
from typing import assert_never

from crossdock.partners import jsonorder, sniff, wording
from crossdock.partners.agreements import terms
from crossdock.partners.agreements.terms import CheckDigits, Direction, Environment
from crossdock.partners.edi import checks
from crossdock.partners.edifact import decode as edifact
from crossdock.partners.model import Context, Decoded, Format, Issue, Severity, error, hold, note, shown
from crossdock.partners.profiles import Mode, Profile, Unagreed
from crossdock.partners.tabular import decode as tabular
from crossdock.partners.x12 import decode as x12
from crossdock.partners.xml import decode as xml


def decode(raw: bytes, filename: str, context: Context) -> list[Decoded]:
    """All documents of a file, in order; at least one. filename is for people: it decides nothing."""
    if len(raw) > context.max_bytes:
        found = f"{len(raw)} bytes"
        issue = error("file.size", filename, f"at most {context.max_bytes} bytes", found, "Send several files.")
        return [Decoded(index=0, format=Format.UNKNOWN, partner=context.partner, issues=(issue,))]
    format_, what = (Format.MANUAL, "") if context.manual else sniff.sniff(raw)
    if format_ is Format.UNKNOWN and sniff.is_text(raw) and tabular.fixed_width(context) is not None:
        format_ = Format.CSV  # a text of fixed width looks like nothing; its partner's map says what it is
    match format_:
        case Format.X12:
            documents = x12.decode(raw, context)
        case Format.EDIFACT:
            documents = edifact.decode(raw, context)
        case Format.JSON | Format.MANUAL:
            documents = jsonorder.decode(raw, context)
        case Format.CSV | Format.XLSX:
            documents = tabular.decode(raw, context, format_)
        case Format.XML:
            documents = xml.decode(raw, context)
        case Format.UNKNOWN:
            documents = [_unknown(what, context)]
        case _:
            assert_never(format_)
    return [_agreed(d) for d in documents]


def _unknown(what: str, context: Context) -> Decoded:
    empty = what in {"an empty file", "blanks only"}
    code = "file.empty" if empty else "file.unknown"
    expected = "an order as X12, EDIFACT, UBL, cXML, JSON, CSV or XLSX"
    fix = "Send the file again; nothing arrived." if empty else "Send orders in one of these formats."
    issue = error(code, "the file", expected, what, fix)
    return Decoded(index=0, format=Format.UNKNOWN, partner=context.partner, issues=(issue,))


def _agreed(document: Decoded) -> Decoded:
    """Adds what the agreement with the partner says: who it is, and whether it is only a test."""
    issues: list[Issue] = []
    partner, test = document.partner, document.test
    if partner is not None and partner.mode is Mode.TEST and not test:
        test = True
        text = "This partner is in test: it was checked, and has no business effect."
        issues.append(note("partner.test", "the partner", "a partner in production", partner.id, text))
    if partner is not None:
        found = _settled(document, partner)
        test = test or any(i.finding.code.startswith("partner.test") for i in found)
        issues += found
    if document.test and document.format is Format.X12:
        text = "It was checked and answered; it has no business effect."
        issues.append(note("x12.isa15.test", "ISA15", "P, production", "'T', test", text))
    nothing_seen = document.type in {"", "table"} and document.order is None
    if partner is None and not nothing_seen:
        issues.append(_stranger(document))
    document = replace(document, issues=tuple(_digits(document)))
    return replace(document, test=test, issues=wording.named(document) + tuple(issues))


def _digits(document: Decoded) -> list[Issue]:
    """The document's issues; of wrong check digits, what the agreement with its partner makes of them."""
    issues = list(document.issues)
    if document.order is not None and document.format in {Format.CSV, Format.XLSX, Format.JSON}:
        issues += checks.digits(document.order, "the order")
    agreed = document.agreement.check_digits if document.agreement else None
    policy = agreed or (document.partner.check_digits if document.partner else CheckDigits.WARN)
    match policy:
        case CheckDigits.WARN:
            return issues
        case CheckDigits.OFF:
            return [i for i in issues if i.finding.code != checks.WRONG_DIGIT]
        case CheckDigits.HOLD:
            return [_held(i) if i.finding.code == checks.WRONG_DIGIT else i for i in issues]
        case _:
            assert_never(policy)


def _held(issue: Issue) -> Issue:
    text = "Ask the sender for the right number, or release it as it is written."
    return replace(issue, severity=Severity.HOLD, finding=replace(issue.finding, fix=text))


def _settled(document: Decoded, partner: Profile) -> list[Issue]:
    """What the agreements say: whose environment it is of, and whether it was agreed upon at all."""
    if not document.type or document.format in {Format.MANUAL, Format.UNKNOWN}:
        return []
    agreement = document.agreement
    text = "It was checked and answered; it has no business effect."
    if document.sender is not None and document.sender in partner.test_identifiers:
        found = f"{document.sender}, of its test environment"
        return [note("partner.test.sender", "the sender", "an identifier of production", found, text)]
    if document.receiver is not None and document.receiver in partner.test_receivers:
        found = f"{document.receiver}, of our test environment"
        return [note("partner.test.receiver", "the receiver", "an identifier of production", found, text)]
    if agreement is not None and agreement.environment is Environment.TEST:
        return [note("partner.test.agreement", "the agreement", "one in production", f"{agreement}, in test", text)]
    if agreement is not None or partner.unagreed is Unagreed.ACCEPT:
        return []
    inbound = [a for a in partner.agreements if a.direction is Direction.IN]
    if not inbound or terms.kind_of(document.type) is terms.Kind.ACKNOWLEDGEMENT:
        return []
    agreed = ", ".join(sorted({f"{a.document} {a.version}".strip() for a in inbound}))
    found = f"{document.type} {document.version}".strip()
    fix = f"Add it to the agreements with {partner.name}, or release this one."
    return [hold("agreement.none", "the document", f"one that was agreed: {agreed}", found, fix)]


def _stranger(document: Decoded) -> Issue:
    if document.sender is None:
        return hold(
            "partner.unknown",
            "the file",
            "a sender: a customer in the document, or a partner given with it",
            "neither",
            "Add a customer column or customer_id, or say the partner (--partner ID).",
        )
    names = {Format.X12: "ISA05:ISA06", Format.EDIFACT: "UNB 0007:0004", Format.XML: "the sender"}
    name = names.get(document.format, "the customer")
    return hold(
        "partner.unknown",
        name,
        "a sender among our partners",
        shown(str(document.sender)),
        f"Add the identifier {document.sender} to a partner, or adopt the sender (--adopt-partners).",
    )
