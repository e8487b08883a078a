"""The CloudEvents 1.0 envelope, as the JSON object that is stored and matched."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crossdock import ids
from crossdock.errors import Finding, PartnerError

SOURCE = "/crossdock"


def make(
    type: str,
    *,
    subject: str,
    data: Any,
    now: datetime,
    source: str = SOURCE,
    id: str | None = None,
    traceparent: str = "",
) -> dict[str, Any]:
    """subject: the order number or other business key. id: give one when the same event may be made twice."""
    event = {
        "specversion": "1.0",
        "id": id or str(ids.new()),
        "source": source,
        "type": type,
        "subject": subject,
        "time": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
    if traceparent:
        event["traceparent"] = traceparent
    return event


def check(event: Mapping[str, Any]) -> None:
    """Raises PartnerError naming every attribute that CloudEvents 1.0 requires and this event lacks or misspells."""
    findings = [
        Finding("cloudevent.attribute", f"/{name}", "a non-empty string", repr(event.get(name))[:80], f"Send `{name}`.")
        for name in ("id", "source", "type")
        if not isinstance(event.get(name), str) or not event[name]
    ]
    if event.get("specversion") != "1.0":
        findings.append(
            Finding("cloudevent.specversion", "/specversion", "1.0", repr(event.get("specversion"))[:80], "Send 1.0.")
        )
    try:
        time_of(event, datetime.now(UTC))
    except ValueError:
        findings.append(
            Finding("cloudevent.time", "/time", "an RFC 3339 timestamp", repr(event.get("time"))[:80], "Correct it.")
        )
    if findings:
        raise PartnerError(findings)


def time_of(event: Mapping[str, Any], default: datetime) -> datetime:
    """When it happened, by its sender's clock; aware. Raises ValueError when it is no timestamp."""
    written = event.get("time")
    if written is None:
        return default
    if not isinstance(written, str):
        raise ValueError(written)
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
