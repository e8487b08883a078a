"""Text and JSON of strangers, as PostgreSQL can keep it."""

from crossdock import exactjson
from crossdock.partners.model import Decoded


def kept(value: str) -> str:
    """As PostgreSQL can keep it: it has no NUL, and no half of a surrogate pair."""
    return value.replace("\0", "\u2400").encode("utf-8", "replace").decode()


def kept_json(json: str) -> str:
    """As kept, for JSON."""
    return json.replace("\\u0000", "\\u2400")


def canonical(document: Decoded) -> str | None:
    said = document.order if document.order is not None else document.content
    return kept_json(exactjson.text(said)) if said is not None else None
