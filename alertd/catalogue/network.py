"""The network as a catalogue's fetch sees it: every connection goes to an address that was resolved once and judged.

The name is resolved here and the connection made to that very literal, so a name that changes its address between check
and use (DNS rebinding) gains nothing. TLS still verifies the name.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from functools import cache

import httpcore2
import httpx2

from alertd.catalogue.guard import is_public
from alertd.errors import BlockedAddressError, FetchError


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to public addresses and allowed ports alone.

    Args:
        allow_private: connect to any address.
        ports: that may be connected to; None is any.
    """

    def __init__(self, *, allow_private: bool, ports: frozenset[int] | None) -> None:
        self._allow_private = allow_private
        self._ports = ports
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, judge, connect to the first address that answers.

        Raises:
            BlockedAddressError: the port is not allowed, or none of the addresses is public.
            FetchError: the name does not resolve.
        """
        if self._ports is not None and port not in self._ports:
            raise BlockedAddressError(
                f"port {port} of {host} is not allowed: a feed is fetched from 80, 443 or the port written in its URL"
            )
        failure: Exception | None = None
        for address in await self._addresses(host, port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or FetchError(f"{host} has no address")

    async def sleep(self, seconds: float) -> None:
        """Wait, as the pool asks for between its attempts."""
        await self._inner.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError(f"{host} does not resolve: {error}") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        allowed = [each for each in addresses if self._allow_private or is_public(each)]
        if addresses and not allowed:
            raise BlockedAddressError(
                f"{host} is at {', '.join(addresses[:3])}, which is not a public address; set allow_private = true for"
                " a catalogue on your own network"
            )
        return allowed


def guarded_transport(
    *, allow_private: bool, ports: frozenset[int] | None, trust: ssl.SSLContext | None = None
) -> httpx2.AsyncHTTPTransport:
    """A transport over `GuardedNetwork`; an explicit transport also ignores proxies of the environment.

    Args:
        allow_private: connect to any address.
        ports: that may be connected to; None is any.
        trust: whom TLS trusts; None is the system's authorities.
    """
    transport = httpx2.AsyncHTTPTransport(verify=trust or _system_trust(), trust_env=False)
    # httpx2 has no public argument for the network; a test proves that this one is really asked
    transport._pool = httpcore2.AsyncConnectionPool(  # noqa: SLF001
        ssl_context=trust or _system_trust(),
        max_connections=2,
        max_keepalive_connections=0,
        network_backend=GuardedNetwork(allow_private=allow_private, ports=ports),
    )
    return transport


@cache
def _system_trust() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=True)
