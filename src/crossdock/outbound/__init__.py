"""The one way out over HTTP: pooled, time-limited, size-limited, guarded against internal addresses, recorded.

    client = Client(allow=["http://127.0.0.1:9001"])
    answer = await client.send(Request(method="GET", url="https://example.com/"))

An answer is a Response or a TransportProblem; a problem says whether the request may have been acted upon.
"""

from crossdock.outbound.authentication import Authenticator, Denied
from crossdock.outbound.client import Client
from crossdock.outbound.exchange import Exchange, Kind, Request, Response, Sent, TransportProblem
from crossdock.outbound.guard import Guard, Refusal

__all__ = [
    "Authenticator",
    "Client",
    "Denied",
    "Exchange",
    "Guard",
    "Kind",
    "Refusal",
    "Request",
    "Response",
    "Sent",
    "TransportProblem",
]
