"""XML: what kind of document it is, and where it is broken. No map reads XML yet, so it waits for a person.

Entities are never expanded and nothing is fetched: a document that declares entities is refused.
"""

import xml.parsers.expat
from typing import Any

from crossdock.partners.model import Context, Decoded, Format, Issue, error, hold, shown

MAX_NAMES = 400  # of the parsed tree kept for people


class _Entities(Exception):
    pass


def decode(raw: bytes, context: Context) -> list[Decoded]:
    names: list[tuple[int, str]] = []
    depth = 0
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")

    def start(name: str, _: Any) -> None:
        nonlocal depth
        depth += 1
        if len(names) < MAX_NAMES:
            names.append((depth, name.rsplit(" ", 1)[-1]))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def entity(*_: Any) -> None:
        raise _Entities

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = entity
    issue: Issue
    try:
        parser.Parse(raw, True)
    except _Entities:
        issue = error(
            "xml.entity",
            f"line {parser.CurrentLineNumber}",
            "no entity declarations",
            "<!ENTITY",
            "Write the text out; declared entities are refused.",
        )
    except xml.parsers.expat.ExpatError as e:
        what = xml.parsers.expat.ErrorString(e.code)
        where = f"line {e.lineno}, column {e.offset + 1}"
        issue = error("xml.malformed", where, "well-formed XML", what, "Send the whole document; it may be cut off.")
    except (ValueError, LookupError) as e:  # an encoding nobody knows
        issue = error("xml.encoding", "line 1", "UTF-8 or another known encoding", shown(e), "Send it as UTF-8.")
    else:
        kind = _kind(names)
        issue = hold(
            "type.unsupported",
            "line 1",
            "an order as X12 850, JSON, CSV or XLSX",
            f"XML {kind}",
            "XML documents are kept and not read yet; this one waits for a person.",
        )
    parsed = {"elements": [{"depth": d, "name": n[:200]} for d, n in names]}
    return [
        Decoded(index=0, format=Format.XML, type=_kind(names), partner=context.partner, issues=(issue,), parsed=parsed)
    ]


def _kind(names: list[tuple[int, str]]) -> str:
    """The root's name, or for cXML the request inside it."""
    if not names:
        return ""
    root = names[0][1]
    if root == "cXML":
        inside = [n for d, n in names if d == 3 and n not in {"From", "To", "Sender", "Status"}]
        return (inside[0] if inside else root)[:60]
    return root[:60]
