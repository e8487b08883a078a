"""What an effect is known by to the system that is asked for it."""

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from msgspec.structs import replace

from crossdock.connect import sandbox
from crossdock.connect.registry import operations
from crossdock.flow.outcomes import Invocation
from crossdock.outbound import Client, Request, Response

CALL = Invocation(
    tenant_id="norrland",
    instance_id=UUID(int=7),
    at="/do/0/cancel",
    key="7/do/0/cancel",
    function="wms.cancelReservation",
    arguments={"reservation": "R-1"},
    now=datetime(2026, 3, 2, tzinfo=UTC),
)


class Ears:
    """A system that is busy, and remembers what it was asked."""

    def __init__(self) -> None:
        self.heard: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.heard.append(request)
        return Response(status=503, headers={}, body=b"")


async def keys(*calls: Invocation) -> list[str | None]:
    ears = Ears()
    remotes = operations(
        sandbox.configs("http://127.0.0.1:1", ["norrland"]), cast(Client, ears), secrets=lambda _: "secret"
    )
    for call in calls:
        await cast(Any, remotes[call.function]).perform(call)
    return [request.headers.get("Idempotency-Key") for request in ears.heard]


async def test_a_call_that_is_made_again_has_the_same_key() -> None:
    first, again = await keys(CALL, replace(CALL, attempt=2))
    assert first == again == CALL.key


async def test_another_call_has_another_key() -> None:
    first, other = await keys(CALL, replace(CALL, at="/do/1/cancel", key="7/do/1/cancel"))
    assert first != other


async def test_what_only_reads_needs_none() -> None:
    assert await keys(replace(CALL, function="erp.customer", arguments={"customer_id": "C-1"})) == [None]
