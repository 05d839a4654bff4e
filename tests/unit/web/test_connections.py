"""Connections that say nothing, or little, take the API from no one: time limits, bounds, and a reserve for /health."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Request

from hub.clock import SystemClock
from hub.web import connections
from hub.web.api.app import create
from hub.web.bodies import body_of
from hub.web.connections import Listener, Loop, Phase, protocol

PATIENCE_S = 20.0


def application(gate: asyncio.Event) -> FastAPI:
    routes = APIRouter()

    @routes.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/slow")
    async def slow() -> dict[str, str]:
        await gate.wait()
        return {}

    @routes.get("/large")
    async def large() -> str:
        return "x" * 40_000_000

    @routes.post("/body")
    async def body(request: Request) -> int:
        return len(await body_of(request))

    return create(SystemClock(), routes)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds and limits that a test can wait for."""
    for name, value in (
        ("CONNECTIONS_MAX", 12),
        ("PEER_CONNECTIONS_MAX", 8),
        ("RESERVE_MAX", 3),
        ("HEAD_WITHIN_S", 1.5),
        ("BODY_WITHIN_S", 1.5),
        ("ANSWER_READ_WITHIN_S", 1.5),
    ):
        monkeypatch.setattr(connections, name, value)


@pytest.fixture
def made(small: None) -> Any:
    """The protocol of the server, with all its connections as its only argument."""
    return protocol()


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def in_use(made: Any) -> int:
    return sum(one.phase is Phase.ANSWER for one in list(made.args[0].open))


@pytest.fixture
def port(made: Any) -> Iterator[int]:
    listening, gate = Listener("127.0.0.1", 0), asyncio.Event()
    server = uvicorn.Server(uvicorn.Config(application(gate), http=made, ws="none", log_config=None))

    def run() -> None:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(server.serve(sockets=[listening]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = server.force_exit = True
    thread.join(5)
    listening.close()


def get(port: int, path: str = "/health") -> int:
    return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S).status_code


def ended(one: socket.socket) -> bytes:
    """What the server said until it closed the connection."""
    one.settimeout(PATIENCE_S)
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while part := one.recv(65_536):
            said += part
    return said


HALF_A_HEAD = b"GET /health HTTP/1.1\r\nHost: h\r\nX: "
HALF_A_BODY = b"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{"


@pytest.mark.parametrize("sent", [b"", HALF_A_HEAD, HALF_A_BODY], ids=["nothing", "half a head", "half a body"])
def test_slow_connections_are_closed_and_take_health_from_no_one(port: int, sent: bytes) -> None:
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    try:
        for one in held:
            with contextlib.suppress(OSError):
                one.sendall(sent)
        assert get(port) == 200
        began_s = time.monotonic()
        said = [ended(one) for one in held]
        assert time.monotonic() - began_s < 15
        assert get(port) == 200
    finally:
        for one in held:
            one.close()
    assert not sent or any(b"408" in one for one in said)


def test_single_bytes_do_not_extend_the_limit(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: h\r\nX: ")
        deadline_s = time.monotonic() + PATIENCE_S
        with pytest.raises(OSError):
            while time.monotonic() < deadline_s:
                one.sendall(b"x")
                time.sleep(0.2)


def test_the_head_after_an_answer_has_a_limit_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"200 OK" in one.recv(65_536)
        one.sendall(b"GET /he")
        assert b"408" in ended(one)


def test_a_peer_that_does_not_read_its_answer_is_cut_off(port: int, made: Any) -> None:
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        until(lambda: in_use(made) == 1)
        until(lambda: not made.args[0].open)
        assert len(ended(one)) < 40_000_000


def test_health_answers_while_every_connection_is_in_use(port: int) -> None:
    busy = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
    for one in busy:
        one.sendall(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
    deadline_s = time.monotonic() + PATIENCE_S
    while (status := get(port, "/slow")) != 503:
        assert time.monotonic() < deadline_s, status
    assert get(port) == 200
    for one in busy:
        one.close()


def test_more_connections_than_the_reserve_are_closed_at_once(port: int, made: Any) -> None:
    busy = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
    for one in busy:
        one.sendall(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
    until(lambda: in_use(made) == 8)
    more = [socket.create_connection(("127.0.0.1", port)) for _ in range(10)]
    assert sum(ended(one) == b"" for one in more) == 10
    for one in busy + more:
        one.close()
    assert get(port) == 200


def test_the_listener_bounds_what_no_protocol_knows_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Listener, "count_max", 2)
    listening = Listener("127.0.0.1", 0)
    callers = [socket.create_connection(listening.getsockname()) for _ in range(4)]
    first, _ = listening.accept()
    listening.accept()
    with pytest.raises(ConnectionAbortedError):
        listening.accept()
    first.close()
    first.close()
    assert listening.accept()[0].fileno() >= 0
    for one in (*callers, listening):
        one.close()


def raw(port: int, text: bytes) -> tuple[int, dict[str, str], bytes]:
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(text)
        head, _, body = ended(one).partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


def test_head_is_answered_like_get_without_the_body(port: int) -> None:
    status, headers, body = raw(port, b"HEAD /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize(("line", "expected"), [(b"GET /body", 405), (b"GET /none", 404), (b"TRACE /health", 405)])
def test_what_is_no_route_is_a_problem_document(port: int, line: bytes, expected: int) -> None:
    status, headers, body = raw(port, line + b" HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n")
    found: Any = json.loads(body)
    assert (status, headers["content-type"], found["status"]) == (expected, "application/problem+json", expected)
    assert headers["x-content-type-options"] == "nosniff" and "frame-ancestors" in headers["content-security-policy"]


def test_a_slash_at_the_end_leads_to_no_other_host(port: int) -> None:
    status, headers, _ = raw(port, b"GET /health/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert status == 404 and "location" not in headers
