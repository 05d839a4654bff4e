"""A TCP proxy before one broker, which knows just enough of Kafka's framing to act on a named kind of request.

A frame is its length and then, in a request, api key, version and correlation id; an answer begins with the correlation
id. Everything else goes through as it came.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

API = {
    "Produce": 0,
    "Fetch": 1,
    "OffsetFetch": 9,
    "FindCoordinator": 10,
    "JoinGroup": 11,
    "Heartbeat": 12,
    "SyncGroup": 14,
    "InitProducerId": 22,
    "AddPartitionsToTxn": 24,
    "AddOffsetsToTxn": 25,
    "EndTxn": 26,
    "TxnOffsetCommit": 28,
}


@dataclass
class Rule:
    """What to do with the next ``count`` requests of one kind.

    drop: the broker acts, its answer is lost, the connection stays. cut: closed before the broker hears of it.
    reset: the broker acts, the connection is reset instead of the answer. delay: the answer comes ``delay_s`` late.
    blackhole: neither this nor anything later on the connection gets through, either way.
    """

    request: str
    action: str
    count: int = 1
    delay_s: float = 0.0
    met: int = field(default=0, compare=False)


@dataclass
class _Link:
    """One client's connection, and what is to be done with the answers that are still to come."""

    client: socket.socket
    broker: socket.socket
    answers: dict[int, Rule] = field(default_factory=dict)
    deaf: bool = False

    def close(self, reset: bool = False) -> None:
        for one in (self.client, self.broker):
            with contextlib.suppress(OSError):
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                one.close()


class Proxy:
    """Listens on ``port`` and forwards to ``behind``; faults are put before it with ``expect``."""

    def __init__(self, port: int, behind: int) -> None:
        self._behind = behind
        self._rules: list[Rule] = []
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._spawn(self._accept)

    def expect(self, rule: Rule) -> Rule:
        """Act on what comes from now on; ``rule.met`` counts how often it did."""
        with self._lock:
            self._rules.append(rule)
        return rule

    def forget(self) -> None:
        """No more faults; what is deaf or delayed is cut."""
        with self._lock:
            self._rules.clear()
            deaf = [link for link in self._links if link.deaf]
        for link in deaf:
            link.close()

    def cut_all(self) -> None:
        """Close every connection, in the middle of whatever it does."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.close(reset=True)

    def close(self) -> None:
        self._listener.close()
        self.cut_all()

    def _spawn(self, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, daemon=True, name="proxy").start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(("127.0.0.1", self._behind), timeout=5)
            except OSError:  # the broker is down: so is its proxy
                client.close()
                continue
            broker.settimeout(None)
            for one in (client, broker):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, broker)
            with self._lock:
                self._links.append(link)
            self._spawn(self._requests, link)
            self._spawn(self._answers, link)

    def _requests(self, link: _Link) -> None:
        for frame in _frames(link.client):
            rule = self._rule(struct.unpack_from(">h", frame, 4)[0])
            if rule:
                if rule.action == "cut":
                    break
                link.deaf |= rule.action == "blackhole"
                link.answers[struct.unpack_from(">i", frame, 8)[0]] = rule
            if not link.deaf and not _sent(link.broker, frame):
                break
        self._end(link)

    def _answers(self, link: _Link) -> None:
        for frame in _frames(link.broker):
            rule = link.answers.pop(struct.unpack_from(">i", frame, 4)[0], None)
            if rule and rule.action == "reset":
                link.close(reset=True)
                break
            if rule and rule.action == "delay":
                time.sleep(rule.delay_s)
            if link.deaf or (rule and rule.action == "drop"):
                continue
            if not _sent(link.client, frame):
                break
        self._end(link)

    def _rule(self, api_key: int) -> Rule | None:
        with self._lock:
            for rule in self._rules:
                if API[rule.request] == api_key and rule.met < rule.count:
                    rule.met += 1
                    return rule
        return None

    def _end(self, link: _Link) -> None:
        link.close()
        with self._lock:
            if link in self._links:
                self._links.remove(link)


def _frames(source: socket.socket) -> Iterator[bytes]:
    """Whole frames with their length, until the other side is gone."""
    while (head := _exactly(source, 4)) and (body := _exactly(source, struct.unpack(">i", head)[0])):
        yield head + body


def _exactly(source: socket.socket, count: int) -> bytes:
    """``count`` bytes, or none when the connection ends before."""
    found = bytearray()
    while len(found) < count:
        try:
            piece = source.recv(min(count - len(found), 1 << 16))
        except OSError:
            return b""
        if not piece:
            return b""
        found += piece
    return bytes(found)


def _sent(target: socket.socket, frame: bytes) -> bool:
    try:
        target.sendall(frame)
    except OSError:
        return False
    return True
