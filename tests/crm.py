"""A connection system over HTTP whose answers a test chooses. It does not deduplicate, and counts what takes effect."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Raw = tuple[int, Mapping[str, str], bytes]
HANG_UP = "hang up"
"""Instead of an answer: the connection is closed."""
DRIP = "drip"
"""Instead of an answer: its head, and then one byte after another, for ten seconds."""
TIME = "2026-11-26T12:00:00.000+08:00"


def answer(value: Any, status: int = 200, **headers: str) -> Raw:
    """A JSON answer."""
    named = {name.replace("_", "-"): said for name, said in headers.items()}
    return status, {"content-type": "application/json", **named}, json.dumps(value).encode()


@dataclass(frozen=True)
class Effect:
    """One push that took effect."""

    what: str
    number: str
    key: str
    receipt: str


@dataclass
class Crm:
    """The system. ``on_push(crm, what, number, key, body)`` and ``on_find(crm, what, number, key)`` return the answer,
    ``HANG_UP``, or ``None`` for the ordinary one."""

    on_push: Callable[..., Any] = lambda *_: None
    on_find: Callable[..., Any] = lambda *_: None
    effects: list[Effect] = field(default_factory=list)
    pushes: list[str] = field(default_factory=list)
    """The key of every push, in order."""
    questions: list[str] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def commit(self, what: str, number: str, key: str) -> Raw:
        """Let a push take effect; the ordinary answer."""
        with self._lock:
            one = Effect(what, number, key, f"N{len(self.effects) + 1}")
            self.effects.append(one)
        return answer({_number(what): one.receipt, "receivedAt": TIME}, 201)

    def items(self, what: str, number: str) -> list[dict[str, str]]:
        """What is there of an application."""
        return [
            {_number(what): one.receipt, "idempotencyKey": one.key, "receivedAt": TIME}
            for one in list(self.effects)
            if (one.what, one.number) == (what, number)
        ]

    def doubled(self) -> list[str]:
        """The keys of pieces that took effect twice."""
        keys = [one.key for one in self.effects]
        return sorted({key for key in keys if keys.count(key) > 1})

    def _push(self, what: str, number: str, key: str, body: Any) -> Any:
        self.pushes.append(key)
        return self.on_push(self, what, number, key, body) or self.commit(what, number, key)

    def _find(self, what: str, number: str, key: str) -> Any:
        self.questions.append(key)
        return self.on_find(self, what, number, key) or answer({"items": self.items(what, number)})

    def handle(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        """The answer to one call."""
        parts, query = urlsplit(target).path.split("/"), parse_qs(urlsplit(target).query)
        what = "evidence" if parts[-1] == "evidence" else "application"
        if method == "POST":
            sent = json.loads(body)
            number = parts[-2] if what == "evidence" else sent["externalAppNo"]
            return self._push(what, number, headers["idempotency-key"], sent)
        number = parts[-2] if what == "evidence" else query["externalAppNo"][0]
        return self._find(what, number, query.get("key", [""])[0])


def _number(what: str) -> str:
    return "receiptNo" if what == "evidence" else "appNo"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def serving(crm: Crm) -> Iterator[Crm]:
    """Serve ``crm`` at a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            said = crm.handle(self.command, self.path, self.headers, body)
            if said == DRIP:
                self._drip()
                return
            if said == HANG_UP:
                self.close_connection = True
                return
            try:
                self._answer(*said)
            except OSError:  # the hub has given up
                self.close_connection = True

        def _drip(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-slow: ")
                for _ in range(100):
                    self.wfile.write(b"a")
                    time.sleep(0.1)

        def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing is written."""

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    crm.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield crm
    finally:
        server.shutdown()
        server.server_close()
