"""Where a channel that speaks no HTTP may connect: judged by the same guard as every address a tenant configures.

The name is resolved once, every address of it judged, and the connection made to one that was judged.
"""

from crossdock.outbound import Guard, Refusal
from crossdock.partners.transports.model import ChannelTrouble


async def reach(guard: Guard, host: str, port: int) -> str:
    """The address to connect to. Raises ChannelTrouble when there is none, or an internal one that is not allowed."""
    bracketed = f"[{host}]" if ":" in host else host
    route = await guard.route(f"http://{bracketed}:{port}")
    if isinstance(route, Refusal):
        raise ChannelTrouble(route.detail)
    return route.addresses[0] if route.addresses else host
