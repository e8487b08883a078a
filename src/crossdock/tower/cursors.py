"""Where a page of a list ended: given out as a text that says nothing, and taken back for the same sort only."""

import base64
from typing import Any, cast

from crossdock import exactjson
from crossdock.errors import Finding, PartnerError


def make(sort: str, value: str, key: str) -> str:
    return base64.urlsafe_b64encode(exactjson.dumps([sort, value, key])).decode().rstrip("=")


def read(cursor: str | None, sort: str) -> tuple[str | None, str | None]:
    """Raises PartnerError for one that we did not give for this sort."""
    if not cursor:
        return None, None
    try:
        words = exactjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        given, value, key = cast("tuple[Any, Any, Any]", words)
    except (ValueError, TypeError, exactjson.DecodeError) as e:
        raise _foreign(cursor) from e
    if given != sort or not isinstance(value, str) or not isinstance(key, str):
        raise _foreign(cursor)
    return value, key


def like(text: str | None) -> str | None:
    """As a pattern of ilike that finds the text itself, anywhere."""
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _foreign(cursor: str) -> PartnerError:
    expected = "the `next` of an earlier page with the same sort"
    return PartnerError([Finding("list.cursor", "?cursor", expected, cursor[:40], "Start without one")])
