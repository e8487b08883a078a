"""Findings in the words of one partner: who asks for what is missing, and whom to ask for it.

Decoding says what is wrong with a document; only with its partner and guide can it be said whose rule that is. What the
sender must mend is addressed to the sender by name, what one of us decides stays as it is.

    Line 3: the buyer's item number, PO107, qualifier BP (segment 9 of the file, byte 411) is missing. ACME's guide v4
    asks for it on every line. Ask ACME to send it, or map ACME's VP 0042 to an item here.

    row 3, column 'sku' is missing: an item number. ACME's layout v4 asks for it. Ask ACME: fill it, or remove the row.
"""

import re
from dataclasses import replace

from crossdock.errors import Finding
from crossdock.partners.edi import guide as guides
from crossdock.partners.model import Decoded, Format, Issue, Severity

NAMES = {Format.X12: "X12", Format.EDIFACT: "EDIFACT"}
OURS = frozenset({Format.MANUAL, Format.UNKNOWN})  # nobody's whom we could ask
ABSENT = frozenset({"nothing", "none", "no such segment", "''"})
# What a guide asks of a segment or element, told by the last part of a code.
_ASKED = re.compile(r"(x12|edifact)\.[a-z0-9.]+\.(missing|condition)")
_SET = re.compile(r"(x12|edifact)\.[a-z0-9]+(\.\d+)?\.(long|short|code|beyond|repeated|date|time|components|exclusion)")
# The same of formats without a guide, whose map or schema asks.
_ASKED_PLAINLY = re.compile(r"(xml|json)\.missing|order\.po\.missing|order\.line\.(item|unit)|map\.header|ubl\.br-05")
_SET_PLAINLY = re.compile(
    r"(xml|json)\.(number|date|currency|type|pattern|word|value|unknown)|order\.line\.(quantity|price|number)"
    r"|order\.(date|currency|purpose|country|row\.differs)"
)
# Texts that tell what will be done, or already say whom to ask
_NO_REQUEST = ("Ask ", "It ", "Both ", "They ", "Nothing", "All ", "What ", "Decide ", "Agree ")


def sentence(finding: Finding) -> str:
    """One finding as people read it, without its code."""
    if finding.found in ABSENT:
        return f"{finding.where} is missing: {finding.expected}. {finding.fix}"
    return f"{finding.where}: expected {finding.expected}, found {finding.found}. {finding.fix}"


def named(document: Decoded) -> tuple[Issue, ...]:
    """The document's issues, with the partner and the guide by name."""
    if document.format in OURS:
        return document.issues
    return tuple(_named(i, document) if i.severity is not Severity.NOTE else i for i in document.issues)


def _named(issue: Issue, document: Decoded) -> Issue:
    sender = document.partner.name if document.partner else "the sender"
    fix = issue.finding.fix.replace("Ask the buyer", f"Ask {sender}").replace("Ask the sender", f"Ask {sender}")
    fix = fix.replace("the sender's", f"{sender}'s")
    if issue.severity is Severity.ERROR and fix and not fix.startswith(_NO_REQUEST):
        # an identifier at the start, such as PO107, stays as it is
        fix = f"Ask {sender}: {fix if fix[:2].isupper() else fix[0].lower() + fix[1:]}"
    code, plainly = issue.finding.code, document.format not in NAMES
    if (_ASKED_PLAINLY if plainly else _ASKED).fullmatch(code):
        fix = f"{asker(document)} asks for it. {fix}"
    elif (_SET_PLAINLY if plainly else _SET).fullmatch(code):
        fix = f"{asker(document)} sets this. {fix}"
    return replace(issue, finding=replace(issue.finding, fix=fix))


# What one of us might do instead is nothing to tell the partner.
_TO_THEM = (
    (re.compile(r"Ask {} to send it\b[^.]*\."), "Send it."),
    (re.compile(r"Ask {} for it\b[^.]*\."), "Send it."),
    (re.compile(r"Ask {} for the right number\b[^.]*\."), "Send the right number."),
    (re.compile(r"Ask {} whether a line is missing\b[^.]*\."), "Look whether a line is missing."),
    (re.compile(r"Ask {} to (?P<do>\w)"), ""),
    (re.compile(r"Ask {}: (?P<do>\w)"), ""),
)


def addressed(text: str, name: str) -> str:
    """The same words said to the partner itself: `Ask ACME: write a date of the calendar` is `Write a date …` there."""
    for pattern, instead in _TO_THEM:
        own = re.compile(pattern.pattern.replace("{}", f"(?:{re.escape(name)}|the sender|the buyer)"))
        text = own.sub(lambda m, instead=instead: instead or m["do"].upper(), text)
    return text


def asker(document: Decoded) -> str:
    """Whose rule it is: `ACME's guide v4` where the partner has its own, else `X12's 850`."""
    if document.format not in NAMES:
        return _asker_by_map(document)
    standard = f"{document.format.value}-{document.type.lower()}"
    guide_id = document.read_by.guide if document.read_by else standard
    if document.partner is None or guide_id == standard:
        return f"{NAMES[document.format]}'s {document.type or 'envelope'}"
    try:
        edition = guides.load(guide_id).edition
    except KeyError:
        edition = ""
    return f"{document.partner.name}'s guide {f'v{edition}' if edition else guide_id}"


def _asker_by_map(document: Decoded) -> str:
    """Of formats without guides: `ACME's layout v4`, `ACME's map v2`, else `UBL's Order`, or ours."""
    by = document.read_by
    match document.format:
        case Format.XML:
            what, usual = "map", f"{'cXML' if by and by.map.startswith('cxml-') else 'UBL'}'s {document.type}"
        case Format.CSV | Format.XLSX:
            what, usual = "layout", f"The layout {by.map}" if by else "The layout"
        case _:
            return "Our JSON order"
    if by is None or not by.version:
        return usual
    pinned = document.agreement.map if document.agreement else None
    partner = document.partner
    if partner is not None and by.map in {partner.map, pinned.id if pinned else ""}:
        return f"{partner.name}'s {what} v{by.version}"
    return f"Our {what} {by.map} v{by.version}"
