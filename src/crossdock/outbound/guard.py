"""Which addresses a request may go to.

Addresses that a tenant configures must not reach our own network: its database, its metadata service, its neighbours.
A host name is resolved here, every address it has is judged, and the connection is pinned to one that was judged, so
that a name server which answers differently the second time (DNS rebinding) gains nothing. Origins that the operator
lists are exempt; nobody else can add one.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from pyreqwest.http import Url

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]
"""host and port to addresses, most preferred first. Raises OSError when there are none."""

# Public by registry, internal by use.
_FORBIDDEN = (
    (ip_network("168.63.129.16/32"), "a cloud's internal service"),  # Azure's wire server
    (ip_network("192.88.99.0/24"), "a relay (6to4)"),
)
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request does not go out. `temporary`: the name did not resolve, which may pass."""

    detail: str
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request may go. addresses: to pin the connection to, empty when the host is exempt or an address."""

    origin: str
    host: str
    port: int
    addresses: tuple[str, ...] = ()


async def system_resolver(host: str, port: int) -> list[str]:
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


def internal(address: Address) -> str | None:
    """Why this address is not for requests to the outside, or None. Judges an embedded IPv4 address as itself."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return internal(inner)
    for network, what in _FORBIDDEN:
        if address.version == network.version and address in network:
            return what
    if address.is_loopback:
        return "this machine"
    if address.is_link_local:
        return "a link-local or metadata address"
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return "not one host's address"
    if not address.is_global:
        return "a private address"
    return None


class Guard:
    """allow: origins (`http://127.0.0.1:9001`) that may be reached wherever they are."""

    def __init__(
        self,
        allow: Sequence[str] = (),
        *,
        resolver: Resolver = system_resolver,
        judge: Callable[[Address], str | None] = internal,
        resolve_s: float = 5.0,
    ) -> None:
        self.allowed = frozenset(Url(origin).origin_ascii for origin in allow)
        self._resolve = resolver
        self._judge = judge
        self._resolve_s = resolve_s

    async def route(self, url: str) -> Route | Refusal:
        """Where the request may go. The URL is parsed by the library that will connect: no two readings of one host."""
        try:
            target = Url(url)
        except ValueError as problem:
            return Refusal(f"expected an http or https URL, found one that does not parse ({problem})")
        host, port = target.host_str, target.port_or_known_default
        if target.scheme not in ("http", "https") or not host or port is None:
            return Refusal(f"expected an http or https URL with a host, found scheme {target.scheme!r}")
        if target.username or target.password:
            return Refusal("expected no user or password in the URL: send an authorization header")
        route = Route(target.origin_ascii, host, port)
        if route.origin in self.allowed:
            return route
        literal = _literal(host)
        if literal is not None:
            return self._check(route, [literal]) or route
        try:
            async with asyncio.timeout(self._resolve_s):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError) as problem:  # TimeoutError is an OSError
            return Refusal(f"{host}: the name did not resolve ({problem or 'time-out'})", temporary=True)
        addresses = [ip_address(a.partition("%")[0]) for a in found]
        if not addresses:
            return Refusal(f"{host}: the name has no address", temporary=True)
        return self._check(route, addresses) or Route(route.origin, host, port, tuple(map(str, addresses)))

    def _check(self, route: Route, addresses: Sequence[Address]) -> Refusal | None:
        # One internal address among public ones suffices to refuse: an honest host has no such mixture.
        for address in addresses:
            why = self._judge(address)
            if why is not None:
                return Refusal(
                    f"{route.origin} leads to {address}, {why}; an operator may list this origin in outbound.allow"
                )
        return None


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
