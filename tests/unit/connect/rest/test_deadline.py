"""A time limit for a whole call: a peer that sends a byte a second cannot hold it."""

import socket
from collections.abc import Iterator

import httpcore
import pytest

from hub.connect.rest.deadline import DeadlineBackend, deadline
from tests.clocks import HandClock


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """A server's socket that accepts and says nothing by itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def stream(peer: socket.socket, clock: HandClock) -> Iterator[tuple[httpcore.NetworkStream, socket.socket]]:
    backend = DeadlineBackend(clock.monotonic_s)
    stream = backend.connect_tcp("127.0.0.1", peer.getsockname()[1], timeout=5)
    accepted, _ = peer.accept()
    yield stream, accepted
    stream.close()
    accepted.close()


Pair = tuple[httpcore.NetworkStream, socket.socket]


def test_without_a_deadline_the_time_out_of_the_read_counts(stream: Pair) -> None:
    ours, theirs = stream
    theirs.sendall(b"a")
    assert ours.read(1, timeout=5) == b"a"
    with pytest.raises(httpcore.ReadTimeout):
        ours.read(1, timeout=0.05)


def test_each_byte_uses_up_the_time_of_the_whole_call(stream: Pair, clock: HandClock) -> None:
    ours, theirs = stream
    theirs.sendall(b"abc")
    with deadline(clock.monotonic_s() + 2.5):
        for wanted in (b"a", b"b", b"c"):
            assert ours.read(1, timeout=60) == wanted
            clock.pass_s(1.0)
        with pytest.raises(httpcore.ReadTimeout, match="the whole call is over"):
            ours.read(1, timeout=60)
        with pytest.raises(httpcore.WriteTimeout):
            ours.write(b"x", timeout=60)


def test_a_wait_is_as_long_as_what_is_left(stream: Pair, clock: HandClock) -> None:
    ours, _ = stream
    with deadline(clock.monotonic_s() + 0.05), pytest.raises(httpcore.ReadTimeout):
        ours.read(1, timeout=60)


def test_a_connection_is_not_tried_after_the_deadline(peer: socket.socket, clock: HandClock) -> None:
    backend = DeadlineBackend(clock.monotonic_s)
    with deadline(clock.monotonic_s()), pytest.raises(httpcore.ConnectTimeout):
        backend.connect_tcp("127.0.0.1", peer.getsockname()[1], timeout=5)


def test_a_deadline_ends_with_its_block_also_after_an_error(stream: Pair, clock: HandClock) -> None:
    ours, theirs = stream
    with pytest.raises(ValueError, match="x"), deadline(clock.monotonic_s() - 1):
        raise ValueError("x")
    theirs.sendall(b"a")
    assert ours.read(1, timeout=5) == b"a"
