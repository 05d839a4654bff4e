"""The connections of the API: each has time limits, and there are bounds for all of them and for those of one peer.

A connection waits for a request's head, then for its body, then for the answer. The limits hold for a whole head or
body, so that single bytes do not extend them. Where there are too many connections, the one that has waited longest is
closed. Where all of them are in use, a few more are accepted that may only ask ``/health``.
"""

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterable
from enum import Enum
from functools import partial
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.web.problems import problem

CONNECTIONS_MAX: Final = 200
PEER_CONNECTIONS_MAX: Final = 100
"""Of one address (IPv6: of one network of 64 bits)."""
RESERVE_MAX: Final = 20
"""Connections beyond these bounds, for ``/health``."""
HANDSHAKES_MAX: Final = 80
"""Connections whose TLS handshake has not ended, when all others are in use."""
HEAD_BYTES_MAX: Final = 16 * 1024
"""Request line and headers; more of them is not read."""
HEAD_WITHIN_S: Final = 10.0
BODY_WITHIN_S: Final = 20.0
ANSWER_READ_WITHIN_S: Final = 30.0
"""For the peer to read an answer that does not fit into the buffers."""
HANDSHAKE_WITHIN_S: Final = 10.0
CLOSE_WITHIN_S: Final = 1.0
BEYOND: Final = "beyond"
"""Key of ``scope["state"]``: the connection is one of the reserve."""


class Phase(Enum):
    """What a connection waits for: the peer's head or body, or the hub's answer."""

    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"


def peer_of(host: str) -> str:
    """The peer that an address is counted for.

    >>> peer_of("192.0.2.7"), peer_of("2001:db8::1:2"), peer_of("::ffff:192.0.2.7"), peer_of("testclient")
    ('192.0.2.7', '2001:db8::', '192.0.2.7', 'testclient')
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.IPv6Network((int(address) >> 64 << 64, 64)).network_address)
    return str(address)


class Connections:
    """All open connections of one server. Used in its event loop only."""

    def __init__(self) -> None:
        self.open: dict[Connection, None] = {}
        """In the order in which they came."""

    def add(self, new: "Connection") -> bool:
        """Count a connection. False when there is no place for it. The connection that has waited longest makes place;
        one for which no other made place is ``beyond``."""
        same = [one for one in self.open if one.peer == new.peer]
        if len(same) >= PEER_CONNECTIONS_MAX:
            new.beyond = not _end_longest(same)
        elif len(self.open) >= CONNECTIONS_MAX:
            new.beyond = not _end_longest(self.open)
        if new.beyond and sum(one.beyond for one in self.open) >= RESERVE_MAX:
            return False
        self.open[new] = None
        return True

    def discard(self, one: "Connection") -> None:
        """Forget a connection."""
        self.open.pop(one, None)


def _end_longest(found: Iterable["Connection"]) -> bool:
    waiting = [one for one in found if one.phase is not Phase.ANSWER]
    if not waiting:
        return False
    # A peer that sends nothing before one that sends slowly.
    min(waiting, key=lambda one: (one.phase is Phase.BODY, one.since_s)).end()
    return True


class Connection(H11Protocol):
    """One connection: uvicorn's, with time limits."""

    def __init__(self, registry: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._registry = registry
        self._limit: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._heard = False
        self.peer = ""
        self.phase = Phase.ANSWER
        self.since_s = 0.0
        self.beyond = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, and wait for a head. A connection too many is closed at once."""
        super().connection_made(transport)
        self.peer = peer_of(self.client[0]) if self.client else ""
        if not self._registry.add(self):
            transport.abort()
            return
        self.app_state = {**self.app_state, BEYOND: self.beyond}
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._registry.discard(self)
        for timer in (self._limit, self._reading):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Part of a head or of a body."""
        self._heard = True
        super().data_received(data)
        self._look()

    def send_400_response(self, msg: str) -> None:
        """400 for what is no HTTP; nothing where an answer has begun."""
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.abort()

    def on_response_complete(self) -> None:
        """Wait for the next head."""
        self._heard = False
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """The peer does not read."""
        super().pause_writing()
        self._reading = self.loop.call_later(ANSWER_READ_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer reads again."""
        if self._reading is not None:
            self._reading.cancel()
        super().resume_writing()

    def end(self) -> None:
        """Close it. A peer that does not take the last bytes has ``CLOSE_WITHIN_S`` seconds."""
        self._registry.discard(self)
        self.transport.close()
        self.loop.call_later(CLOSE_WITHIN_S, self.transport.abort)

    def _look(self) -> None:
        """Begin the time limit of a new phase. A phase that continues keeps its limit."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            phase = Phase.HEAD
        else:
            phase = Phase.BODY if cycle.more_body else Phase.ANSWER
        if phase is self.phase:
            return
        self.phase, self.since_s = phase, self.loop.time()
        if self._limit is not None:
            self._limit.cancel()
        within_s = {Phase.HEAD: HEAD_WITHIN_S, Phase.BODY: BODY_WITHIN_S}.get(phase)
        self._limit = None if within_s is None else self.loop.call_later(within_s, self._too_late)

    def _too_late(self) -> None:
        """408 where a request has begun and has no answer yet (RFC 9110 15.5.9)."""
        cycle = self.cycle
        unanswered = cycle is None or cycle.response_complete or not cycle.response_started
        if self._heard and unanswered and not self.transport.is_closing():
            self.transport.write(_TIMEOUT)
        self.end()


_TIMEOUT_BODY: Final = bytes(problem("REQUEST_TIMEOUT").body)
_TIMEOUT: Final = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_TIMEOUT_BODY), _TIMEOUT_BODY)
)


def protocol() -> Any:
    """The protocol of a new server, to be called by uvicorn for each connection."""
    return partial(Connection, Connections())


class Loop(asyncio.SelectorEventLoop):
    """An event loop that ends TLS handshakes after ``HANDSHAKE_WITHIN_S`` seconds."""

    async def create_server(self, *args: Any, **kwargs: Any) -> asyncio.Server:
        """As in the base class."""
        if isinstance(kwargs.get("ssl"), ssl.SSLContext):
            kwargs["ssl_handshake_timeout"] = HANDSHAKE_WITHIN_S
        return await super().create_server(*args, **kwargs)


class _Accepted(socket.socket):
    """An accepted connection, counted by its listener until it is closed."""

    listener: "Listener | None" = None

    def close(self) -> None:
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.closed()
        super().close()


class Listener(socket.socket):
    """A listening socket that accepts a bounded number of connections. Those in a TLS handshake, which no protocol
    knows yet, are counted too."""

    count_max = CONNECTIONS_MAX + RESERVE_MAX + HANDSHAKES_MAX

    def __init__(self, host: str, port: int) -> None:
        """Listen. Raises ``OSError``."""
        super().__init__(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._count, self._guard = 0, threading.Lock()
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Accepted sockets inherit this option. Head and body are two writes: without it each answer waits 40 ms.
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.bind((host, port))
            self.listen(128)
        except BaseException:
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection. Raises ``ConnectionAbortedError``, which an event loop passes over, when there are too
        many."""
        plain, address = super().accept()
        one = _Accepted(plain.family, plain.type, plain.proto, plain.detach())
        with self._guard:
            if self._count >= self.count_max:
                one.close()
                raise ConnectionAbortedError("too many connections")
            self._count += 1
        one.listener = self
        return one, address

    def closed(self) -> None:
        """One of its connections was closed."""
        with self._guard:
            self._count -= 1
