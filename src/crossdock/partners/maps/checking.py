"""A map as somebody wrote it: everything that is wrong with it, each with line, column and path.

`check` reads YAML, applies it to the map it differs from (`overlay`), and looks at every rule: is there such a segment,
element, table, field? What it lets pass can be used. The text is at fault, never we: a map that cannot be used for a
reason nobody thought of is a finding too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, cast, get_args, get_type_hints

from crossdock.errors import CrossdockError, Finding, PartnerError
from crossdock.flow import yaml12
from crossdock.partners.edi import guide as guides
from crossdock.partners.edi.guide import Guide
from crossdock.partners.maps import editions, overlay
from crossdock.partners.maps.canonical import OBJECTS
from crossdock.partners.maps.edi.language import SELECTOR
from crossdock.partners.maps.edi.language import Codec as EdiCodec
from crossdock.partners.maps.edi.language import Rule as EdiRule
from crossdock.partners.maps.editions import Edition, Language, shipped, shipped_data, shipped_ids
from crossdock.partners.maps.overlay import escape
from crossdock.partners.maps.paths import Path
from crossdock.partners.maps.xml.language import SYNTAXES, TARGET, parse_steps
from crossdock.partners.maps.xml.language import Codec as XmlCodec
from crossdock.partners.maps.xml.language import Rule as XmlRule
from crossdock.partners.tabular.map import TableMap

MAX_BYTES = 500_000
MAX_FINDINGS = 100
MAX_RULES = 20_000
MAX_DEPTH = 40  # loops in loops; no guide has a tenth of it
TOP = {
    Language.EDI: frozenset({"id", "name", "guide", "object", "tables", "rules"}),
    Language.XML: frozenset(
        {"id", "name", "syntax", "root", "namespace", "object", "currency", "tables", "parts", "rules"}
    ),
    Language.TABLE: frozenset(
        {"id", "name", "columns", "layout", "lines", "dates", "decimal", "defaults", "cancellation", "countries"}
    ),
}  # fmt: skip
EDI_BODY = frozenset({"each", "rules", "pairs", "set", "below", "always", "given", "read_only", "spread"})
XML_BODY = frozenset({"each", "rules", "use", "set", "has", "lacks", "least", "read_only"})
_ELEMENT = re.compile(r"\d{1,2}(\.\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Remark:
    """finding.where: `file:line:column path`. path: a JSON pointer in what was written."""

    finding: Finding
    line: int
    column: int
    path: str


@dataclass(frozen=True, slots=True)
class Checked:
    """declared: what it says, by itself; complete: with all it has from the library. Both None when it is wrong.

    over: the map it differs from.
    """

    id: str
    over: str
    declared: dict[str, Any] | None
    complete: dict[str, Any] | None
    remarks: tuple[Remark, ...]

    def edition(self, version: int) -> Edition:
        """Raises PartnerError with everything that is wrong."""
        if self.complete is None:
            raise PartnerError([r.finding for r in self.remarks])
        return editions.edition(self.id, version, self.complete)


def check(text: str, filename: str = "map.yaml", map_id: str = "") -> Checked:
    """map_id: the map it must be, where that is known."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        finding = Finding("map.size", filename, f"at most {MAX_BYTES} bytes", f"{len(text)}", "Leave out what repeats.")
        return Checked(map_id, "", None, None, (Remark(finding, 1, 1, ""),))
    source = yaml12.read(text, filename)
    if source.findings:
        return Checked(map_id, "", None, None, tuple(_remark(f) for f in source.findings))
    notes = _Notes(source)
    value: Any = source.value
    if not isinstance(value, dict):
        notes.say("", "an object with id, object and rules", _kind(value), "Write a map.")
        return Checked(map_id, "", None, None, notes.remarks())
    said = cast("dict[str, Any]", value)
    over = str(said.get("over") or "")
    data: dict[str, Any] = said
    if over:
        if over not in shipped_ids():
            notes.say("/over", "a map of the library", over, "`crossdock map list` names them.")
            return Checked(map_id, over, None, None, notes.remarks())
        done = overlay.apply(shipped_data(over), said)
        for f in done.findings:
            notes.say(f.where, f.expected, f.found, f.fix, f.code)
        data, notes.overlaid = done.data, done
    own = str(said.get("id") or over)
    data["id"] = own
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", own):
        notes.say("/id", "a name of a-z, 0-9 and -", own or "nothing", "Name the map.")
    elif map_id and own != map_id:
        notes.say("/id", map_id, own, "Save it under its own name, or correct the name.")
    if not notes.found:
        _check(notes, data)
    if notes.found:
        return Checked(own, over, None, None, notes.remarks())
    try:
        complete = editions.complete(data)
        editions.parse(complete)
    except PartnerError as e:
        for f in e.findings:
            notes.say(f.where.partition("#")[2], f.expected, f.found, f.fix, f.code)
    except (CrossdockError, KeyError, ValueError, TypeError, AttributeError, RecursionError, re.error) as e:
        notes.say("", "a map that can be used", str(e)[:200] or type(e).__name__, "Compare it with the library's.")
    else:
        return Checked(own, over, data, complete, ())
    return Checked(own, over, None, None, notes.remarks())


def _members(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _kind(value: Any) -> str:
    return type(value).__name__


_PLACE = re.compile(r":(\d+):(\d+)$")


def _remark(finding: Finding) -> Remark:
    """Of a text that is no YAML: its place is in `where`."""
    found = _PLACE.search(finding.where)
    return Remark(finding, int(found[1]) if found else 1, int(found[2]) if found else 1, "")


class _Notes:
    """Findings with places: pointers in the map become places in the text that was written."""

    def __init__(self, source: yaml12.Source) -> None:
        self.source = source
        self.overlaid: overlay.Applied | None = None
        self.found: list[Remark] = []

    def say(self, pointer: str, expected: str, found: Any, fix: str, code: str = "map.wrong") -> None:
        if len(self.found) >= MAX_FINDINGS:
            return
        path = pointer if code == "map.overlay" else self._written(pointer)
        at = path
        while at not in self.source.marks and at:
            at = at.rpartition("/")[0]
        line, column = self.source.marks.get(at, (1, 1))
        where = f"{self.source.filename}:{line}:{column} {path}".rstrip()
        self.found.append(Remark(Finding(code, where, expected, str(found)[:120], fix), line, column, path))

    def _written(self, pointer: str) -> str:
        """Where a part of the map stands in what was written; of an overlay, the change that made it so."""
        if self.overlaid is None:
            return pointer
        value: Any = self.overlaid.data
        came, rest = "/over", ""
        for step in pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict):
                value = cast("dict[str, Any]", value).get(name)
            elif isinstance(value, list) and name.isdigit():
                value = (cast("list[Any]", value)[int(name) :] or [None])[0]
            else:
                value = None
            rest += f"/{step}"
            if id(cast("object", value)) in self.overlaid.came_from:
                came, rest = self.overlaid.came_from[id(cast("object", value))], ""
        # a change of one rule marks `{key: body}` and the body: the key is none of what was written
        return f"{came}{rest}" if came != "/over" else pointer

    def remarks(self) -> tuple[Remark, ...]:
        return tuple(sorted(self.found, key=lambda r: (r.line, r.column)))


def _check(notes: _Notes, data: dict[str, Any]) -> None:
    if not any(k in data for k in ("guide", "syntax", "columns", "layout")):
        expected = "guide (X12, EDIFACT), syntax (UBL, cXML) or columns (a table), or over (another map)"
        notes.say("", expected, "none of them", "Say what it reads.")
        return
    kind = editions.language(data)
    for key in data:
        if key not in TOP[kind] and key != "over":
            notes.say(f"/{escape(key)}", f"one of {', '.join(sorted(TOP[kind]))}", key, "Remove it.")
    if kind is Language.TABLE:
        return  # its own reader tells everything
    if data.get("object") not in OBJECTS:
        notes.say("/object", f"one of {', '.join(sorted(OBJECTS))}", data.get("object"), "Say what it reads into.")
        return
    for name, table in _members(data.get("tables")).items():
        _table(notes, f"/tables/{escape(name)}", table)
    if not isinstance(data.get("rules"), list):
        notes.say("/rules", "a list of rules", _kind(data.get("rules")), "Say what is what.")
        return
    known = _names(str(data["object"]))
    if kind is Language.EDI:
        _check_edi(notes, data, known)
    else:
        _check_xml(notes, data, known)


def _table(notes: _Notes, pointer: str, table: Any) -> None:
    if not isinstance(table, dict):
        notes.say(pointer, "an object of words by code", _kind(table), "Write {CODE: word}.")
        return
    for code, word in cast("dict[str, Any]", table).items():
        if code != "by_length" and not isinstance(word, str):
            notes.say(f"{pointer}/{escape(code)}", "a word", word, "Quote it, if it looks like a number or a truth.")


# --- segments -------------------------------------------------------------------------------------------------------


def _check_edi(notes: _Notes, data: dict[str, Any], known: frozenset[str]) -> None:
    try:
        guide = guides.load(str(data["guide"]))
    except KeyError:
        notes.say("/guide", "a guide such as x12-855", data["guide"], "Name a guide of the library.")
        return
    own = _members(data.get("tables"))
    from_library = editions.shared(".")[guide.syntax]
    edi = _Edi(notes, guide, frozenset({*own, *map(str, from_library)}), known)
    edi.rules(cast("list[Any]", data["rules"]), "/rules", 0)


@dataclass(frozen=True, slots=True)
class _Edi:
    notes: _Notes
    guide: Guide
    tables: frozenset[str]
    known: frozenset[str]

    def rules(self, rules: list[Any], pointer: str, depth: int) -> None:
        for at, rule in enumerate(rules):
            here = f"{pointer}/{at}"
            if not isinstance(rule, dict) or len(cast("dict[str, Any]", rule)) != 1 or depth > MAX_DEPTH:
                self.notes.say(here, "a rule: a segment or loop and what its elements are", rule, "Correct it.")
                continue
            [(selector, body)] = cast("dict[str, Any]", rule).items()
            self.rule(selector, body, f"{here}/{escape(selector)}", depth)

    def rule(self, selector: str, body: Any, here: str, depth: int) -> None:
        found = SELECTOR.fullmatch(selector)
        if found is None or not isinstance(body, dict):
            self.notes.say(here, "a segment or loop such as REF or DTM[1=002], and an object", selector, "Correct it.")
            return
        said, name = cast("dict[str, Any]", body), found[1]
        inner = said.get("rules")
        if inner is not None:
            loops = [loop.name for loop in self.guide.root.loops()]
            if name not in loops:
                text = f"a loop of {self.guide.id}: {', '.join(dict.fromkeys(loops))}"
                self.notes.say(here, text, name, "Name a loop, or leave `rules` out.")
            elif isinstance(inner, list):
                self.rules(cast("list[Any]", inner), f"{here}/rules", depth + 1)
            else:
                self.notes.say(f"{here}/rules", "a list of rules", _kind(inner), "Write one entry for each.")
        elif name not in self.guide.known:
            text = f"a segment of {self.guide.id}: {', '.join(sorted(self.guide.known))}"
            self.notes.say(here, text, name, "Name a segment, or give the loop `rules`.")
            return
        for part in (found[2] or "").split():
            if re.fullmatch(r"\d{1,2}(\.\d{1,2})?=.+", part) is None:
                self.notes.say(here, "conditions such as [1=011] or [1=BY|ST]", part, "Correct the condition.")
        for key, value in said.items():
            at = f"{here}/{escape(key)}"
            if _ELEMENT.fullmatch(key):
                self.element(name, key, at)
                self.target(value, at)
            elif key not in EDI_BODY:
                self.notes.say(at, f"an element's number, or one of {', '.join(sorted(EDI_BODY))}", key, "Correct it.")
            elif key == "pairs":
                self.pairs(value, at)
            elif key == "spread":
                self.spread(value, at)
            elif key in {"each", "below"}:
                self.path(value, at)

    def element(self, segment: str, key: str, here: str) -> None:
        declared = self.guide.rules.get(segment)
        if declared is None or not declared.elements:
            return
        element, _, component = key.partition(".")
        if not 1 <= int(element) <= len(declared.elements):
            expected = f"an element of {segment}, 1 to {len(declared.elements)}"
            self.notes.say(here, expected, key, "Correct the number.")
            return
        parts = declared.elements[int(element) - 1].parts
        if component and not 1 <= int(component) <= max(len(parts), 1):
            self.notes.say(here, f"a component of {segment} {element}, 1 to {len(parts)}", key, "Correct the number.")

    def target(self, value: Any, here: str) -> None:
        if not isinstance(value, str):
            self.notes.say(here, 'a field such as "number" or "quantity|decimal"', value, "Quote it.")
            return
        if value.startswith("="):
            return
        where, _, how = value.partition("|")
        where = where.removesuffix("<")
        how, _, variant = how.partition("~")
        self.path(where, here)
        if variant:
            self.path(variant, here)
        if how and how not in set(EdiCodec) and how.rstrip("?-") not in self.tables:
            kinds = f"one of {', '.join(EdiCodec)}, or a table: {', '.join(sorted(self.tables))}"
            self.notes.say(here, kinds, how, "Correct it, or declare the table.")

    def pairs(self, value: Any, here: str) -> None:
        listed = cast("list[Any]", value) if isinstance(value, list) else None
        if listed is None:
            self.notes.say(here, "a list of {first, last, each}", _kind(value), "Correct it.")
            return
        for at, pair in enumerate(listed):
            said = _members(pair)
            wrong = set(said) - {"first", "last", "each", "qualifier", "value", "table", "rest"}
            numbers = all(
                isinstance(said.get(k), int) and 0 < cast("int", said.get(k)) < 100 for k in ("first", "last")
            )
            if wrong or not numbers or not isinstance(said.get("each"), str):
                text = "{first: 6, last: 25, each: items, table: item}"
                self.notes.say(f"{here}/{at}", text, str(pair)[:80], "Correct it.")
                continue
            self.path(said["each"], f"{here}/{at}/each")
            if "table" in said and said["table"] not in self.tables:
                expected = f"a table: {', '.join(sorted(self.tables))}"
                self.notes.say(f"{here}/{at}/table", expected, said["table"], "Declare it.")

    def spread(self, value: Any, here: str) -> None:
        said = _members(value)
        listed: Any = said.get("fields")
        numbers = all(isinstance(said.get(k), int) for k in ("first", "last"))
        if set(said) != {"first", "last", "fields"} or not numbers or not isinstance(listed, list) or not listed:
            text = '{first: 3, last: 22, fields: [place, "quantity|decimal"]}'
            self.notes.say(here, text, str(cast("object", value))[:80], "Correct it.")
            return
        for at, target in enumerate(cast("list[Any]", listed)):
            self.target(target, f"{here}/fields/{at}")

    def path(self, value: Any, here: str) -> None:
        _path(self.notes, value, here, self.known)


# --- elements -------------------------------------------------------------------------------------------------------


def _check_xml(notes: _Notes, data: dict[str, Any], known: frozenset[str]) -> None:
    syntax = data.get("syntax")
    if syntax not in SYNTAXES:
        notes.say("/syntax", f"one of {', '.join(SYNTAXES)}", syntax, "Say the syntax.")
        return
    if not isinstance(data.get("root"), str):
        notes.say("/root", "the name of the element it starts at", data.get("root"), "Name it.")
    common = editions.shared("xml")[syntax]
    tables = frozenset(map(str, {*common["tables"], *_members(data.get("tables"))}))
    parts = frozenset(map(str, {*common.get("parts", {}), *_members(data.get("parts"))}))
    checker = _Xml(notes, tables, parts, known)
    checker.rules(data["rules"], "/rules", 0)
    for name, rules in _members(data.get("parts")).items():
        checker.rules(rules, f"/parts/{escape(name)}", 0)
    if not notes.found and _size(data["rules"], {**common.get("parts", {}), **_members(data.get("parts"))}, {}) is None:
        expected = f"at most {MAX_RULES} rules, with parts that do not use themselves"
        notes.say("/parts", expected, "more, or a part within itself", "Use fewer parts.")


def _size(rules: Any, parts: Mapping[str, Any], known: dict[str, int | None]) -> int | None:
    """How many rules there are once every part is in its place; None: too many, or without end."""
    total = 0
    for rule in cast("list[dict[str, Any]]", rules):
        [(key, body)] = rule.items()
        said = _members(body)
        used: Any = body if key == "include" else said.get("use") if "rules" not in said else None
        name = None if used is None else str(used)
        inner: int | None = 0
        if name is not None:
            if name not in known:
                known[name] = None  # while it is counted: what uses itself has no end
                known[name] = _size(parts[name], parts, known)
            inner = known[name]
        elif "rules" in said:
            inner = _size(said["rules"], parts, known)
        total += 1 + (inner or 0)
        if inner is None or total > MAX_RULES:
            return None
    return total


@dataclass(frozen=True, slots=True)
class _Xml:
    notes: _Notes
    tables: frozenset[str]
    parts: frozenset[str]
    known: frozenset[str]

    def rules(self, rules: Any, pointer: str, depth: int) -> None:
        if not isinstance(rules, list) or depth > MAX_DEPTH:
            self.notes.say(pointer, "a list of rules", _kind(rules), "Write one entry for each.")
            return
        for at, rule in enumerate(cast("list[Any]", rules)):
            here = f"{pointer}/{at}"
            if not isinstance(rule, dict) or len(cast("dict[str, Any]", rule)) != 1:
                self.notes.say(here, "a rule: a path of elements and its field", rule, "Correct it.")
                continue
            [(key, body)] = cast("dict[str, Any]", rule).items()
            if key == "include":
                self.part(body, f"{here}/include")
                continue
            self.rule(key, body, f"{here}/{escape(key)}", depth)

    def part(self, name: Any, here: str) -> None:
        if name not in self.parts:
            self.notes.say(here, f"a part: {', '.join(sorted(self.parts))}", name, "Declare it under `parts`.")

    def rule(self, key: str, body: Any, here: str, depth: int) -> None:
        try:
            parse_steps(key)
        except CrossdockError as e:
            self.notes.say(here, "a path such as Party/PartyName or ID[@schemeID=0088]", str(e), "Correct it.")
        match body:
            case str():
                self.target(body, here)
            case [str() as own, beside] if isinstance(beside, dict):
                self.target(own, here)
                for attribute, target in _members(beside).items():
                    self.target(target, f"{here}/1/{escape(attribute)}")
            case dict():
                self.body(cast("dict[str, Any]", body), here, depth)
            case _:
                self.notes.say(here, 'a field such as "number!", or an object with rules', body, "Correct it.")

    def body(self, said: dict[str, Any], here: str, depth: int) -> None:
        for name in said.keys() - XML_BODY:
            self.notes.say(f"{here}/{escape(name)}", f"one of {', '.join(sorted(XML_BODY))}", name, "Correct it.")
        if "each" in said:
            _path(self.notes, said["each"], f"{here}/each", self.known)
        if "rules" in said:
            self.rules(said["rules"], f"{here}/rules", depth + 1)
        elif "use" in said:
            self.part(said["use"], f"{here}/use")
        else:
            self.notes.say(here, "rules, or use", "neither", "Say what it holds.")

    def target(self, value: Any, here: str) -> None:
        if isinstance(value, str) and value.startswith("="):
            return
        found = TARGET.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            self.notes.say(here, 'a field such as "number!" or "issued_on|date"', value, "Correct it.")
            return
        if not found["path"].startswith("$"):
            _path(self.notes, found["path"], here, self.known)
        if found["how"] and found["how"] not in set(XmlCodec) and found["how"] not in self.tables:
            kinds = f"one of {', '.join(XmlCodec)}, or a table: {', '.join(sorted(self.tables))}"
            self.notes.say(here, kinds, found["how"], "Correct it, or declare the table.")


# --- fields ---------------------------------------------------------------------------------------------------------


def _path(notes: _Notes, value: Any, here: str, known: frozenset[str]) -> None:
    steps_ = str(value).split(".") if isinstance(value, str) and value else []
    if not steps_:
        notes.say(here, "a field such as parties or address.name", value, "Name it.")
    for step in steps_:
        if step and not step.isdigit() and step not in known:
            expected = f"a field of the canonical document: {', '.join(sorted(known))}"
            notes.say(here, expected, step, "Correct the name.")
            return


@cache
def _names(object_: str) -> frozenset[str]:
    """Every field that the canonical document has at some depth, and those that the library's maps use on the way."""
    names: set[str] = set()
    _gather(OBJECTS[object_], names, set())
    for map_id in shipped_ids():
        edition = shipped(map_id)
        if edition.object == object_ and not isinstance(edition.declared, TableMap):
            names |= {s for p in _paths(edition.declared.rules) for s in p if isinstance(s, str)}
    return frozenset(names)


def _gather(type_: Any, names: set[str], seen: set[Any]) -> None:
    if is_dataclass(type_) and isinstance(type_, type):
        if type_ in seen:
            return
        seen.add(type_)
        names |= {f.name for f in fields(type_)}
        for inner in get_type_hints(type_).values():
            _gather(inner, names, seen)
    for inner in get_args(type_):
        _gather(inner, names, seen)


def _paths(rules: tuple[EdiRule, ...] | tuple[XmlRule, ...]) -> Iterator[Path]:
    for rule in rules:
        yield rule.each
        match rule:
            case EdiRule():
                yield rule.below
                for f in rule.fields:
                    yield from (f.path, f.variant)
                for p in rule.pairs:
                    yield from (p.each, p.rest, p.qualifier, p.value)
                for f in rule.spread.fields if rule.spread else ():
                    yield f.path
            case XmlRule():
                for f in (rule.field, *(f for _, f in rule.beside)):
                    if f is not None:
                        yield from (f.path, f.variant)
        yield from _paths(rule.rules or ())


def differences(checked: Checked) -> list[overlay.Difference]:
    """How a map that says only what differs, or one of the library's name, differs from the library's."""
    base = checked.over or (checked.id if checked.id in shipped_ids() else "")
    if not base or checked.declared is None:
        return []
    own: Mapping[str, Any] = {k: v for k, v in checked.declared.items() if k not in {"id", "over", "name"}}
    theirs = {k: v for k, v in shipped_data(base).items() if k not in {"id", "name"}}
    return overlay.differences(theirs, own)
