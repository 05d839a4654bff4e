"""A broker that is not there is told in seconds, whichever way it is not there."""

import socket
import time
from collections.abc import Iterator

import pytest

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.logs import open_admin, open_log
from hub.settings import KafkaSettings

PATIENCE_S = 10.0


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that accepts and never says a word, as a frozen broker does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(params=["127.0.0.1:1", "nowhere.invalid:9092", "silent"])
def dead(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("silent") if request.param == "silent" else request.param


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_a_dead_address_is_unavailable_in_seconds(dead: str, protocol: str) -> None:
    began_s = time.monotonic()
    log = open_log(f"kafka://{dead}?security_protocol={protocol}", SystemClock())
    with pytest.raises(Unavailable, match=f"no broker answers at {dead} by {protocol}"):
        log.topics()
    assert time.monotonic() - began_s < PATIENCE_S
    log.close()


def test_every_way_in_knocks_first() -> None:
    log = open_log("kafka://127.0.0.1:1", SystemClock())
    for call in (
        log.topics,
        lambda: log.bounds("t"),
        lambda: log.writer("w"),
        lambda: log.join("g", ["t"], "m"),
        lambda: open_admin("kafka://127.0.0.1:1", KafkaSettings()),
    ):
        began_s = time.monotonic()
        with pytest.raises(Unavailable):
            call()
        assert time.monotonic() - began_s < 1.0
    log.close()
