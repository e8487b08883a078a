"""XML that strangers sent, as a tree: nothing is expanded, nothing is fetched, nothing grows without bound.

Two readers look at it. expat runs first and stops at the first declaration of an entity, before anything could be
expanded; it also says where broken XML is broken, and counts depth and elements as it goes. Only then lxml builds the
tree, with entities, network, DTDs and huge trees off. A DOCTYPE that merely names a DTD is passed over: cXML has one,
and nobody fetches it.
"""

import re
import xml.parsers.expat
from dataclasses import dataclass
from typing import Any, TypeAlias

from lxml import etree

from crossdock.partners.model import Issue, error, shown

# lxml makes its elements itself and gives their type no public name
Element: TypeAlias = etree._Element  # pyright: ignore[reportPrivateUsage]

MAX_DEPTH = 100  # UBL reaches 15
MAX_ELEMENTS = 1_000_000
MAX_ATTRIBUTES = 200  # of one element
MAX_NAMES = 400  # of the parsed tree kept for people


@dataclass(frozen=True, slots=True)
class Tree:
    """root is None when an issue says why. names: depth and local name of the first elements."""

    root: Element | None
    names: tuple[tuple[int, str], ...]
    issue: Issue | None = None


class _Refused(Exception):
    def __init__(self, code: str, expected: str, found: str, fix: str) -> None:
        super().__init__(code)
        self.parts = (code, expected, found, fix)


def read(raw: bytes) -> Tree:
    """The tree of a document, or the one reason why there is none. Never raises for what was sent."""
    names: list[tuple[int, str]] = []
    issue = _gate(raw, names)
    if issue is not None:
        return Tree(None, tuple(names), issue)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=False,
    )
    try:
        return Tree(etree.fromstring(raw, parser), tuple(names))
    except etree.XMLSyntaxError as e:  # what libxml2 bounds and expat does not: a text of more than 10 MB
        where = f"line {e.lineno}, column {e.offset}"
        return Tree(None, tuple(names), _broken(where, e.msg or "something else"))


def local(element: Element) -> str:
    """The name without its namespace."""
    return etree.QName(element).localname


def kind(names: tuple[tuple[int, str], ...]) -> str:
    """The root's name, or for cXML the request, message or response inside it."""
    if not names:
        return ""
    root = names[0][1]
    if root == "cXML":
        seen = ""
        for depth, name in names:
            if depth == 2:
                seen = name
            elif depth == 3 and seen in {"Request", "Message", "Response"} and name != "Status":
                return name[:60]
        return (seen if seen == "Response" else root)[:60]
    return root[:60]


def _gate(raw: bytes, names: list[tuple[int, str]]) -> Issue | None:
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    depth = count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_DEPTH:
            raise _Refused("xml.deep", f"at most {MAX_DEPTH} elements in each other", "more", "Flatten the document.")
        if count > MAX_ELEMENTS:
            raise _Refused("xml.large", f"at most {MAX_ELEMENTS} elements", "more", "Send several documents.")
        if len(attributes) > MAX_ATTRIBUTES:
            raise _Refused("xml.attributes", f"at most {MAX_ATTRIBUTES} attributes", "more", "Send elements instead.")
        if len(names) < MAX_NAMES:
            names.append((depth, name.rsplit(" ", 1)[-1]))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def entity(*_: Any) -> None:
        fix = "Write the text out; declared entities are refused."
        raise _Refused("xml.entity", "no entity declarations", "<!ENTITY", fix)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(raw, True)
    except _Refused as e:
        code, expected, found, fix = e.parts
        return error(code, f"line {parser.CurrentLineNumber}", expected, found, fix)
    except xml.parsers.expat.ExpatError as e:
        return _broken(f"line {e.lineno}, column {e.offset + 1}", xml.parsers.expat.ErrorString(e.code))
    except (ValueError, LookupError) as e:  # an encoding nobody knows
        return error("xml.encoding", "line 1", "UTF-8 or another known encoding", shown(e), "Send it as UTF-8.")
    return None


def _broken(where: str, what: str) -> Issue:
    found = re.sub(r"\s+", " ", what)[:200]
    return error("xml.malformed", where, "well-formed XML", found, "Send the whole document; it may be cut off.")
