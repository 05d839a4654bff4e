"""A time limit for a whole call: each wait on its sockets ends at the call's deadline.

A time-out for each read is not enough: a peer that sends one byte a second, in headers or body, could hold a call
without end.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

_deadline_s: ContextVar[float | None] = ContextVar("deadline_s", default=None)
Monotonic = Callable[[], float]


@contextmanager
def deadline(at_s: float) -> Iterator[None]:
    """In this block, each network wait of this thread ends at ``at_s`` (process time, seconds) at the latest."""
    token = _deadline_s.set(at_s)
    try:
        yield
    finally:
        _deadline_s.reset(token)


def _left(timeout: float | None, monotonic: Monotonic, late: type[Exception]) -> float | None:
    at_s = _deadline_s.get()
    if at_s is None:
        return timeout
    left = at_s - monotonic()
    if left <= 0:
        raise late("the time of the whole call is over")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, monotonic: Monotonic) -> None:
        self._inner = inner
        self._monotonic = monotonic

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, self._monotonic, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, self._monotonic, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, self._monotonic, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._monotonic)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """A network backend for ``httpcore`` whose connections obey ``deadline``. ``monotonic`` gives process time, s."""

    def __init__(self, monotonic: Monotonic) -> None:
        self._inner = httpcore.SyncBackend()
        self._monotonic = monotonic

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect, as ``httpcore.NetworkBackend`` says. Raises ``httpcore.ConnectTimeout`` at the deadline."""
        left = _left(timeout, self._monotonic, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options), self._monotonic)
