"""What a case comes from, read from its evidence: partner, rule, field, system, subject, and the words of the error.

Pure. Two cases with the same cause are one cluster, so it says neither too little nor too much: the words of an error
alone do not tell causes apart (two systems may refuse in the same words), and what differs from case to case (numbers,
identifiers, times) is taken out of them. `subject` is the one thing that a single fix could be about: an item number, a
code, the key of a table. Where there is none it is empty, and the fix is about the rule.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from crossdock import exactjson

MAX_TEXT = 300
MAX_NAMES = 8  # codes, lines, subjects that a cause names; a case with more is about itself

# The findings whose `found` is one value that an entry somewhere could give a meaning.
OF_ONE_VALUE = frozenset({"map.code", "partner.unknown", "type.unsupported", "agreement.none", "order.line.unit"})
ITEM_PROBLEMS = frozenset({"unknown_item", "unknown_unit"})

_VARIABLE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{20,}\b", re.IGNORECASE), "#"),
    (re.compile(r"https?://[^\s'\"]+"), "URL"),
    (re.compile(r"'[^']*'|\"[^\"]*\"|\u2018[^\u2019]*\u2019|\u201c[^\u201d]*\u201d"), "\u2026"),
    (re.compile(r"\b[0-9a-f]{12,}\b", re.IGNORECASE), "#"),
    (re.compile(r"[^\s,;:()\[\]]*\d[^\s,;:()\[\]]*"), "#"),
    (re.compile(r"\s+"), " "),
)
# Which segment, line or row of a file; element BAK02 is a place of every file of its type, and stays.
_PLACES = re.compile(r"(?<![\w-])\d+(?!\w)")
_ASIDE = re.compile(r"\s*\([^)]*#[^)]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """partner: whose data it is (a partner or a customer). error: the words without what differs from case to case."""

    kind: str
    partner: str = ""
    rule: str = ""
    field: str = ""
    system: str = ""
    subject: str = ""
    error: str = ""

    @property
    def key(self) -> str:
        """The same for the same cause in every process and version."""
        told = [self.kind, self.partner, self.rule, self.field, self.system, self.subject, self.error]
        return hashlib.sha256(exactjson.canonical(told)).hexdigest()[:16]


def words(text: str) -> str:
    """A text without what differs from one occurrence to the next."""
    for pattern, instead in _VARIABLE:
        text = pattern.sub(instead, text)
    return text.strip()[:MAX_TEXT]


def of(
    kind: str, *, customer: str = "", reason: str = "", detail: str = "", evidence: Any = None, data: Any = None
) -> Cause:
    """The cause of a case; of evidence of no shape known, its kind and the words of its reason.

    data: what a person may correct of it; an order's lines name the items there.
    """
    told = _mapping(evidence)
    if told.get("violations"):
        return _violations(kind, customer, told, data)
    if told.get("findings"):
        return _findings(kind, customer, told)
    if error := _mapping(told.get("error")):
        return _error(kind, error, told)
    if key := _mapping(told.get("key")):
        subject = " ".join(_text(v) for v in key.values())[:MAX_TEXT]
        return Cause(kind=kind, rule="lookup", field=_text(told.get("table")), subject=subject)
    if differences := _mappings(told.get("differences")):
        return Cause(kind=kind, partner=customer, rule=_joined(_text(d.get("code")) for d in differences))
    if told.get("function"):
        system, function = _text(told.get("system")), _text(told.get("function"))
        return Cause(kind=kind, system=system, field=function, error=words(detail))
    if rule := told.get("rule"):
        return Cause(kind=kind, partner=customer, rule=_hit(rule))
    if told.get("instance") and told.get("detail"):
        said, _, at = _text(told["detail"]).rpartition(" at /")
        return Cause(kind=kind, field=_task(at), error=words(said or at))
    return Cause(kind=kind, partner=customer, system=_text(told.get("system")), error=words(reason or detail))


def _violations(kind: str, customer: str, told: Mapping[str, Any], data: Any) -> Cause:
    """Of a decision table that judged an order line by line: which rules, on which items."""
    violations, lines = _mappings(told["violations"]), _mappings(told.get("lines"))
    wrong = {_text(n.get("line")): _text(n["problem"]) for n in lines if n.get("problem")}
    ordered = [(_text(n.get("line")), n) for n in _mappings(_mapping(data).get("lines"))]
    about = [_item(n, wrong[line]) for line, n in ordered if wrong.get(line) in ITEM_PROBLEMS]
    uncoded = [v for v in violations if not v.get("code")]
    return Cause(
        kind=kind, partner=customer, rule=_joined(_text(v.get("code")) for v in violations),
        field="" if not wrong else "line.unit" if set(wrong.values()) == {"unknown_unit"} else "line.item",
        subject=_joined(about), error=words(_joined(_text(v.get("text")) for v in uncoded)),
    )  # fmt: skip


def _item(line: Mapping[str, Any], problem: str) -> str:
    """The number that was ordered, as it came; the unit when that is what is wrong."""
    named = " ".join(_text(i.get("value")) for i in _mappings(line.get("items")))
    return f"{_text(line.get('unit'))} of {named}" if problem == "unknown_unit" else named


def _findings(kind: str, customer: str, told: Mapping[str, Any]) -> Cause:
    """Of a document: what its partner's type of document says, where, and the value that has no meaning."""
    listed = _mappings(told["findings"])
    coded = [f for f in listed if f.get("code") in OF_ONE_VALUE]
    return Cause(
        kind=kind, partner=_text(told.get("partner")) or customer, rule=_joined(_text(f.get("code")) for f in listed),
        field=_joined(_place(_text(f.get("where"))) for f in listed),
        system=" ".join(filter(None, (_text(told.get("format")), _text(told.get("type"))))),
        subject=_joined(_text(f.get("found")).strip("'") for f in coded),
        error="" if coded else _joined(words(_text(f.get("expected"))) for f in listed)[:MAX_TEXT],
    )  # fmt: skip


def _place(where: str) -> str:
    """Which element of every file of its type; where in this one is left out."""
    return _ASIDE.sub("", _PLACES.sub("#", where)).strip()


def _error(kind: str, error: Mapping[str, Any], told: Mapping[str, Any]) -> Cause:
    """Of a call that failed: which system refused it, at which task, with which code."""
    more = _mapping(error.get("extra")) or error
    code = _text(more.get("code")) or _text(error.get("type")).rpartition("/")[2]
    return Cause(
        kind=kind, system=_text(more.get("system")),
        field=_task(_text(error.get("instance"))) or _text(told.get("phase")),
        rule=f"{code} {_text(error.get('status'))}".strip(),
        error=words(f"{_text(error.get('title'))} {_text(error.get('detail'))}"),
    )  # fmt: skip


def _hit(rule: Any) -> str:
    """The row of a decision table that hit, or its decision."""
    told = _mapping(rule)
    rows = _mappings(told.get("hit"))
    return _text(rows[0].get("rule") if rows else told.get("decision") or rule)


def _task(pointer: str) -> str:
    """The task's name, whatever run of it: `/do/1/reserve#2` is `reserve`."""
    return pointer.partition("#")[0].rpartition("/")[2]


def _joined(names: Iterable[str]) -> str:
    """Each once, in an order that does not depend on theirs."""
    found = sorted({n for n in names if n})
    return ", ".join(found[:MAX_NAMES]) + (f" and {len(found) - MAX_NAMES} more" if len(found) > MAX_NAMES else "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, Any]", v) for v in listed if isinstance(v, Mapping)]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (value if isinstance(value, str) else exactjson.text(value))[:MAX_TEXT]
