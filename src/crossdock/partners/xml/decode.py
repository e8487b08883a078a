"""An XML file into documents. What no map reads waits for a person."""

from crossdock.partners.model import Context, Decoded, Format, hold
from crossdock.partners.xml import safe


def decode(raw: bytes, context: Context) -> list[Decoded]:
    tree = safe.read(raw)
    kind = safe.kind(tree.names)
    issue = tree.issue or hold(
        "type.unsupported",
        "line 1",
        "an order as X12 850, JSON, CSV or XLSX",
        f"XML {kind}",
        "XML documents are kept and not read yet; this one waits for a person.",
    )
    parsed = {"elements": [{"depth": d, "name": n[:200]} for d, n in tree.names]}
    return [Decoded(index=0, format=Format.XML, type=kind, partner=context.partner, issues=(issue,), parsed=parsed)]
