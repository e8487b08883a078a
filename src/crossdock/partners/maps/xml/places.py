"""Where an element stands, as people are told."""

from crossdock.partners.xml.safe import Element


def local(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def bare(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def place(element: Element, attribute: str = "", below: str = "") -> str:
    """`line 12, /Invoice/InvoiceLine[2]/ID`: as XPath writes it, without prefixes."""
    at = path(element) + (f"/@{attribute}" if attribute else "")
    return f"line {element.sourceline or 1}, {at}{'/' + below if below else ''}"


def path(element: Element) -> str:
    steps: list[str] = []
    at: Element | None = element
    while at is not None:
        parent = at.getparent()
        name = local(at)
        if parent is not None:
            same = [c for c in parent.iterchildren() if c.tag == at.tag]
            if len(same) > 1:
                name += f"[{same.index(at) + 1}]"
        steps.append(name)
        at = parent
    return "/" + "/".join(reversed(steps))
