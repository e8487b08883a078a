"""Where a page of a list by number ended."""

from crossdock.errors import Finding, PartnerError


def place(seq: int) -> str:
    return str(seq)


def read_place(cursor: str | None) -> int | None:
    """Raises PartnerError for a cursor that we did not give."""
    if not cursor:
        return None
    if not (cursor.isdigit() and len(cursor) < 19):
        raise PartnerError(
            [Finding("list.cursor", "?cursor", "the `next` of an earlier page", cursor[:40], "Start without one")]
        )
    return int(cursor)
